/* SPDX-License-Identifier: MIT */
/* service - the parts of the plugin */
#ifndef SERVICE_SERVICE_H
#define SERVICE_SERVICE_H

#include <spoolguard/plugin.h>

/* The order of the plugin's options. */
enum { SERVICE_OPTION_UNITS, SERVICE_OPTION_SETTLE, SERVICE_OPTIONS };

/* Of the arguments of service.restart. */
enum { SERVICE_ARG_UNIT };

extern const struct sg_verb service_restart;

#endif
