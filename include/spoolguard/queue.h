/* SPDX-License-Identifier: MIT */
/*
 * queue - what a sensor that follows a mail queue can be asked about it
 *
 * Asked in the watcher, on the event loop, for the D-Bus methods QueueShape and QueueMessages.  What the questions
 * mean is Postfix's: queues by the names of their directories, ages as in qshape(1), and a message is known by its
 * queue ID.  Senders and recipients are known by their domains only.
 */
#ifndef SPOOLGUARD_QUEUE_H
#define SPOOLGUARD_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SG_QUEUE_BUCKETS_MAX 64u
#define SG_QUEUE_ROWS_MAX 10000u /* of one answer; the rest is one row "*" */

/* One table of domains by age.  Texts are valid during the call; the sensor copies what it keeps. */
struct sg_queue_shape {
        const char *instance;      /* as in the label of the readings; NULL: all instances together */
        const char *const *queues; /* ended by NULL; at least one */
        bool by_sender;            /* messages by the domain of their sender; else recipients by theirs */
        bool linear;               /* all buckets are as wide as the first; else each ends at twice the age */
        unsigned buckets;          /* 1 to SG_QUEUE_BUCKETS_MAX; the last one has no end */
        unsigned bucket_minutes;   /* width of the first, at least 1 */
        uint32_t limit;            /* rows without the first; 0: SG_QUEUE_ROWS_MAX, which is also the most */
        /*
         * CLOCK_REALTIME: only messages that came in then or later and are still there; 0: all.  Only then `limit` is
         * about rows that were counted first; the one for the rest, "*", may be among them.
         */
        uint64_t arrived_since_usec;
};

/*
 * `counts` has the total and then one number per bucket.  A null sender is "MAILER-DAEMON", an address without a
 * domain its local part, in lower case as all are.
 */
struct sg_queue_shape_row {
        const char *domain;
        const uint32_t *counts;
};

/*
 * The answer: `error` 0 and the rows, the first one "TOTAL", the others by their total, largest first; or a
 * negative errno value and none: -EAGAIN when not everything was read yet, -ENOMEM, -ECANCELED when the sensor goes.
 */
typedef void sg_queue_shape_done(int error, const struct sg_queue_shape_row *rows, size_t n_rows, void *data);

/* All that are set must hold; NULL and 0 are not set. */
struct sg_queue_filter {
        const char *instance, *queue;
        const char *domain; /* of a recipient still to do */
        const char *sender; /* domain of the sender; "<>": none */
        const char *reason; /* as in the label of queue_reason_messages */
        const char *nexthop;
        uint64_t older_than_usec; /* by its arrival */
};

/* One message.  Texts are valid during the call.  Times are CLOCK_REALTIME in seconds, 0: not known. */
struct sg_queue_message {
        const char *instance, *queue, *id;
        uint64_t arrival, created,
                retry; /* created: the clock of its lifetime; retry: deferred messages only */
        uint64_t size_bytes;
        uint32_t recipients; /* still to do */
        const char *sender;  /* domain; "<>": none; NULL: not read, or not readable */
        const char *const *domains, *const *nexthops; /* ended by NULL */
        const char *reason, *status; /* why it is deferred, and the DSN status ("4.4.1"); NULL: not known */
        bool complete;               /* Postfix takes it for a whole message */
        bool postponed;              /* by spoolguard */
        bool duplicate_risk;         /* the last attempt may have delivered it */
};
typedef void sg_queue_message_each(const struct sg_queue_message *message, void *data);

/* The questions; a sensor that can be asked has both. */
struct sg_queue_questions {
        /*
         * Returns 0 and calls `done` once, before it returns or later; or a negative errno value, and `done` is not
         * called: -EINVAL for a queue that Postfix has not, -ENOENT for an unknown instance, -EBUSY when too many
         * answers are under way.
         */
        int (*shape)(void *sensor, const struct sg_queue_shape *shape, sg_queue_shape_done *done, void *data);
        /*
         * Calls `each` for messages that pass the filter, `max` at most, and looks at a bounded number of others.
         * `cursor` is 0 at first, then what the call before set *ret_cursor to; that is 0 again when all were seen.
         * A message that stays in the queue meanwhile is told once; one that comes in may be told or not.  0, or
         * -EINVAL, -ENOENT as above, -EDOM for a reason that there is not, -EAGAIN as for `done`,
         * and with a reason until all reasons were read.
         */
        int (*list)(void *sensor, const struct sg_queue_filter *filter, uint64_t cursor, unsigned max,
                sg_queue_message_each *each, void *data, uint64_t *ret_cursor);
};

#endif
