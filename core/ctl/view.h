/* SPDX-License-Identifier: MIT */
/* view - conditions, playbooks, incidents and actions as people read them; used by several commands */
#ifndef CTL_VIEW_H
#define CTL_VIEW_H

#include <jansson.h>

#include "ctl/ctl.h"

/* Arrays of properties as of client_objects(). */
void view_conditions(const struct ctl *ctl, const json_t *conditions);
void view_playbooks(const struct ctl *ctl, const json_t *playbooks);
void view_incidents(const struct ctl *ctl, const json_t *incidents);
/* Entries of an incident's Actions. */
void view_actions(const struct ctl *ctl, const json_t *actions);
/* Title, diagnosis, since when, conditions, actions. */
void view_incident(const struct ctl *ctl, const json_t *incident);
/* "cooldown until 23:15:00 (in 12m)" */
void view_until(const json_t *playbook, char *text, size_t size);
/* "a, b" */
void view_join(const json_t *texts, char *text, size_t size);

#endif
