/* SPDX-License-Identifier: MIT */
/*
 * fake_queue - the questions of spoolguard/queue.h, answered from tables
 *
 * Linked into tests instead of a plugin.  Nothing is counted: the rows are what the header says, and bucket k of a row
 * has k messages, so that a test sees when they are mixed up.
 */
#include "support/fake_queue.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define TEN(text) text text text text text text text text text text
#define MANY_ROWS 10000u
#define MANY_MESSAGES 2500u

static const struct {
        const char *name;
        int error;
        bool afterwards;
} failures[] = {
        {"nosuch", -EINVAL, false},
        {"unread", -EAGAIN, false},
        {"toolate", -EAGAIN, true},
        {"busy", -EBUSY, false},
        {"broken", -EIO, false},
};

static const char *const domains[] = {"TOTAL", "example.org", "a.example.com", "b.example.com",
        "c.example.com", "d.example.com", "mx.e.example.com",
        "a-name-that-is-too-long-for-its-column.example.net", "local"};

static void tell(
        unsigned buckets, const char *const names[], size_t n, sg_queue_shape_done *done, void *data) {
        static struct sg_queue_shape_row rows[MANY_ROWS + 1];
        static uint32_t counts[1 + SG_QUEUE_BUCKETS_MAX];

        counts[0] = 0;
        for (uint32_t i = 1; i <= buckets; i++)
                counts[0] += counts[i] = i;
        for (size_t i = 0; i < n; i++)
                rows[i] = (struct sg_queue_shape_row){.domain = names[i], .counts = counts};
        done(0, rows, n, data);
}

static void tell_many(unsigned buckets, sg_queue_shape_done *done, void *data) {
        static char texts[MANY_ROWS + 1][32];
        static const char *names[MANY_ROWS + 1];

        for (size_t i = 0; i <= MANY_ROWS; i++) {
                snprintf(texts[i], sizeof(texts[i]), "domain-%zu.example.com", i);
                names[i] = i == 0 ? "TOTAL" : texts[i];
        }
        tell(buckets, names, MANY_ROWS + 1, done, data);
}

static void echo(const struct sg_queue_shape *shape, sg_queue_shape_done *done, void *data) {
        char text[512] = "";
        const char *name = text;

        for (size_t i = 0; shape->queues[i]; i++) {
                size_t used = strlen(text);

                snprintf(text + used, sizeof(text) - used, "%s ", shape->queues[i]);
        }
        size_t used = strlen(text);

        snprintf(text + used, sizeof(text) - used, "of %s, %s, %s, %u buckets of %u, limit %" PRIu32,
                shape->instance ? shape->instance : "all", shape->by_sender ? "senders" : "recipients",
                shape->linear ? "linear" : "doubling", shape->buckets, shape->bucket_minutes, shape->limit);
        used = strlen(text);
        if (shape->arrived_since_usec > 0)
                snprintf(text + used, sizeof(text) - used, ", since %" PRIu64, shape->arrived_since_usec);
        tell(shape->buckets, &name, 1, done, data);
}

int fake_queue_shape(
        struct fake_queue *queue, const struct sg_queue_shape *shape, sg_queue_shape_done *done, void *data) {
        static const char *const hostile[] = {"TOTAL", "\xff\xfe", "a\x1b[2Jb.example", "tab\there",
                "moc.\xe2\x80\xae"
                "elpmaxe",
                "\xc2\x9b"
                "31m",
                "quote\".back\\slash", TEN(TEN("abcdefghi."))};
        const char *how = shape->queues[0];

        if (shape->instance && strcmp(shape->instance, "nosuch") == 0)
                return -ENOENT;
        for (size_t i = 0; i < COUNT(failures); i++) {
                if (strcmp(failures[i].name, how) != 0)
                        continue;
                if (!failures[i].afterwards)
                        return failures[i].error;
                done(failures[i].error, NULL, 0, data);
                return 0;
        }
        if (strcmp(how, "later") == 0) {
                queue->owed[queue->n_owed].done = done;
                queue->owed[queue->n_owed].data = data;
                queue->owed[queue->n_owed++].buckets = shape->buckets;
        } else if (strcmp(how, "echo") == 0) {
                echo(shape, done, data);
        } else if (strcmp(how, "hostile") == 0) {
                tell(shape->buckets, hostile, COUNT(hostile), done, data);
        } else if (strcmp(how, "many") == 0) {
                tell_many(shape->buckets, done, data);
        } else {
                tell(shape->buckets, domains, COUNT(domains), done, data);
        }
        return 0;
}

void fake_queue_answer(struct fake_queue *queue, int error) {
        size_t n = queue->n_owed;

        queue->n_owed = 0;
        for (size_t i = 0; i < n; i++) {
                if (error < 0)
                        queue->owed[i].done(error, NULL, 0, queue->owed[i].data);
                else
                        tell(queue->owed[i].buckets, domains, COUNT(domains), queue->owed[i].done,
                                queue->owed[i].data);
        }
}

static const struct sg_queue_message full = {
        .instance = "-",
        .queue = "deferred",
        .id = "3F2A91C04D",
        .arrival = 1766620800,
        .created = 1766617200,
        .retry = 1766624400,
        .size_bytes = 4321,
        .recipients = 3,
        .sender = "<>",
        .domains = (const char *const[]){"a.example.com", "b.example.com", NULL},
        .nexthops = (const char *const[]){"[mx.example.com]:25", NULL},
        .reason = "timeout",
        .status = "4.4.1",
        .complete = true,
        .postponed = true,
        .duplicate_risk = true,
};

static const struct sg_queue_message unknown = {.instance = "-", .queue = "incoming", .id = "4abcDEFghiJz"};

static void echo_filter(const struct sg_queue_filter *filter, sg_queue_message_each *each, void *data) {
        char text[512];

        snprintf(text, sizeof(text), "of %s, to %s, from %s, %s, by %s, older than %" PRIu64,
                filter->instance ? filter->instance : "all", filter->domain ? filter->domain : "all",
                filter->sender ? filter->sender : "all", filter->reason ? filter->reason : "for all reasons",
                filter->nexthop ? filter->nexthop : "all", filter->older_than_usec);
        each(&(struct sg_queue_message){.instance = "-", .queue = "echo", .id = text}, data);
}

static uint64_t list_many(uint64_t cursor, unsigned max, sg_queue_message_each *each, void *data) {
        char id[32];

        for (; max > 0 && cursor < MANY_MESSAGES; max--) {
                struct sg_queue_message message = full;

                snprintf(id, sizeof(id), "M%04" PRIu64, cursor++);
                message.id = id;
                each(&message, data);
        }
        return cursor < MANY_MESSAGES ? cursor : 0;
}

int fake_queue_list(struct fake_queue *queue, const struct sg_queue_filter *filter, uint64_t cursor,
        unsigned max, sg_queue_message_each *each, void *data, uint64_t *ret_cursor) {
        const char *how = filter->queue ? filter->queue : "";

        (void)queue;
        if (filter->instance && strcmp(filter->instance, "nosuch") == 0)
                return -ENOENT;
        if (filter->reason && strcmp(filter->reason, "nosuch") == 0)
                return -EDOM;
        for (size_t i = 0; i < COUNT(failures); i++)
                if (strcmp(failures[i].name, how) == 0)
                        return failures[i].error;
        *ret_cursor = 0;
        if (strcmp(how, "echo") == 0) {
                echo_filter(filter, each, data);
        } else if (strcmp(how, "hostile") == 0) {
                struct sg_queue_message message = full;

                message.domains = (const char *const[]){"a\x1b[2J", "\xff", "\xe2\x80\xaez", NULL};
                message.sender = "new\nline\"\\";
                each(&message, data);
        } else if (strcmp(how, "many") == 0) {
                *ret_cursor = list_many(cursor, max, each, data);
        } else {
                each(&full, data);
                each(&unknown, data);
        }
        return 0;
}
