/* SPDX-License-Identifier: MIT */
/* event - what each record is to the journal: MESSAGE_ID, level, sentence; and to the ring: how many, how sure */
#ifndef EXECUTOR_EVENT_H
#define EXECUTOR_EVENT_H

#include <stdbool.h>

#include "base/log.h"
#include "record/record.h"

struct event_kind {
        const char *event;
        const char *message_id; /* NULL: not told to the journal */
        enum log_level level;
        bool durable;             /* on disk before anything follows from it */
        unsigned burst, per_hour; /* what the watcher can cause may fill the ring only so fast; 0: no limit */
        const char *sentence;     /* {field} stands for its value */
};

#define EVENT_KINDS_MAX 40u
const struct event_kind *event_kind(const char *event, unsigned *ret_index); /* NULL: no such */
/* The sentence with its fields filled in. */
void event_sentence(const struct event_kind *kind, const struct record *record, char *text, size_t size);
/*
 * One structured entry; on stderr instead where no journal runs.  Never waits: what a journal that hangs does not
 * take is lost, and the next entry it takes says how many were.
 */
void event_send(const struct event_kind *kind, const struct record *record);
/* To the journal at another socket than the system's. */
void event_send_to(const char *path, const struct event_kind *kind, const struct record *record);

#endif
