/* SPDX-License-Identifier: MIT */
/* senders - whose mail came in since the open incident began, as far as it is still in the queues */
#ifndef CTL_SENDERS_H
#define CTL_SENDERS_H

#include <jansson.h>

#include "ctl/client.h"

/*
 * {"incident", "since_usec", "messages", "senders": [{"sender", "messages"}]}, the largest first, SENDERS_TOP at most;
 * NULL: no incident is open, or the queue cannot be told.  `incidents` as of client_objects().
 */
#define SENDERS_TOP 5u
json_t *senders_fetch(struct client *client, const json_t *incidents);
/* From the rows of QueueShape; NULL: they are none. */
json_t *senders_json(const json_t *incident, const json_t *rows);
/* A heading and a table; nothing for NULL. */
void senders_print(const struct ctl *ctl, const json_t *senders);

#endif
