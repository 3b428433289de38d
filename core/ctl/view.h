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
/* What an open incident is seen in the light of: arrays as above; NULL is an empty one. */
struct view_around {
        const json_t *conditions, *playbooks, *runs, *leases;
};

/* Title, since when, diagnosis; how it stands and what is next, or how it ended; actions.  view_incident.c */
void view_incident(const struct ctl *ctl, const json_t *incident, const struct view_around *around);
/* A table of all; everything about one; "postfix.postpone nexthop=example.test, 2,034 messages, until X clears". */
void view_leases(const struct ctl *ctl, const json_t *leases);
void view_lease(const struct ctl *ctl, const json_t *lease);
void view_lease_line(const json_t *lease, char *text, size_t size);
/* "in force", "being taken back" */
const char *view_lease_state(const char *state);
/* "cooldown until 23:15:00 (in 12m)" */
void view_until(const json_t *playbook, char *text, size_t size);
/* "a, b" */
void view_join(const json_t *texts, char *text, size_t size);

#endif
