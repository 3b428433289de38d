/* SPDX-License-Identifier: MIT */
/* service_rules - which units may be restarted at all, and in which states */
#ifndef SERVICE_SERVICE_RULES_H
#define SERVICE_SERVICE_RULES_H

#include <stdbool.h>
#include <stddef.h>

#include "service/service_state.h"

/* Each returns true, or false with the reason in `why`. */

/* It is one of the configured ones, the name of a service, and none that is never restarted. */
bool service_rules_allow(const char *const *units, const char *unit, char *why, size_t size);
/* By what systemd says of it: there, up or failed, and nothing that is never restarted hangs on it. */
bool service_rules_fit(const char *unit, const struct service_state *state, char *why, size_t size);

#endif
