/* SPDX-License-Identifier: MIT */
/* queue_json - what the readings say of the mail queues, as one object */
#ifndef CTL_QUEUE_JSON_H
#define CTL_QUEUE_JSON_H

#include <jansson.h>

/*
 * {"queues": [{instance, queue, messages, bytes, oldest_seconds}],
 *  "nexthops": [{instance, nexthop, messages, dead_messages, relay, relay_up_ratio, lease}],
 *  "reasons": [{instance, reason, messages}], "unreadable": [{instance, messages}]}
 *
 * Queues in the order in which mail goes through them, the others largest first.  A value that is missing is null.
 * relay: "up", "down", "partly", "refuses", "unknown", or null when nobody had a reason to try; lease: that which
 * postpones its mail, as {id, state, expires}, or null.
 */
json_t *queue_json(const json_t *readings, const json_t *leases);

#endif
