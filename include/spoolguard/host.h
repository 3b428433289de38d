/* SPDX-License-Identifier: MIT */
/*
 * host - what spoolguard lends to a sensor
 *
 * Called in: the watcher (unprivileged, CAP_DAC_READ_SEARCH, read-only by Landlock, no new unix sockets, no
 * exec).  Everything runs on one thread and one event loop; no callback may block, and a callback may remove
 * any timer or fd, its own included.  All durations are microseconds of CLOCK_MONOTONIC.
 *
 * Functions return 0 or a negative errno value.
 */
#ifndef SPOOLGUARD_HOST_H
#define SPOOLGUARD_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum sg_level {
        SG_LEVEL_ERROR,   /* this sensor cannot do its work */
        SG_LEVEL_WARNING, /* degraded: it goes on with less */
        SG_LEVEL_INFO,
        SG_LEVEL_DEBUG,
};

/* Ready conditions of a watched file descriptor, or-ed together. */
enum sg_ready {
        SG_READY_IN = 1 << 0,
        SG_READY_OUT = 1 << 1,
        SG_READY_HANGUP = 1 << 2, /* reported even if not asked for */
        /*
         * What poll(2) calls POLLPRI: a change of /proc/self/mountinfo, of a sysfs attribute, a threshold of
         * /proc/pressure.  Each is told once and needs no reading; most are told with SG_READY_HANGUP beside.
         */
        SG_READY_PRIORITY = 1 << 3,
};

struct sg_label {
        const char *name;  /* [a-z_]+, at most 31 bytes */
        const char *value; /* UTF-8 text, at most 255 bytes; control characters are escaped by the host */
};

#define SG_SENTENCE_MAX 255 /* bytes of a sentence for people */

struct sg_host;
struct sg_timer;
struct sg_watch;

typedef void (*sg_timer_fn)(struct sg_timer *timer, void *data);
typedef void (*sg_watch_fn)(struct sg_watch *watch, int fd, unsigned ready, void *data);

/* `labels` and their texts are valid during the call; `value` is NaN when the reading is missing. */
typedef void (*sg_reading_fn)(const struct sg_label *labels, size_t n_labels, double value, void *data);

/*
 * A table of services.  `size` is sizeof(struct sg_host) as the host was built: a plugin that wants a service
 * added later compares it with offsetof() before use.
 */
struct sg_host {
        uint32_t size;

        /* Prefix of every absolute path ("" on a real host; a temporary directory in tests). */
        const char *root;

        /* One line for the journal, printf style, no newline. */
        void (*log)(const struct sg_host *host, enum sg_level level, const char *format, ...)
                __attribute__((format(printf, 3, 4)));

        /* Goes on within a callback, so that one with much to do can see when to let others have their turn. */
        uint64_t (*now_usec)(const struct sg_host *host);

        /*
         * Publish the value of a reading the sensor declared.  Labels must be the declared ones, in that
         * order.  NaN is refused with -EINVAL: use missing().
         * -ENOENT: not a declared reading.  -E2BIG: more than 4096 label sets.
         */
        int (*publish)(const struct sg_host *host, const char *reading, const struct sg_label *labels,
                size_t n_labels, double value);
        /*
         * As publish(), with one sentence for people that gives the evidence: "name server 10.0.0.53 does not
         * answer (0 of 20), 127.0.0.1 does".  It is the Diagnosis of an incident that a condition on this reading
         * leads.  UTF-8, copied, control characters are escaped, cut at SG_SENTENCE_MAX bytes.  It stays until the
         * next word on the label set; publish() and missing() forget it.
         */
        int (*publish_told)(const struct sg_host *host, const char *reading, const struct sg_label *labels,
                size_t n_labels, double value, const char *sentence);
        /* The thing exists but could not be measured.  Conditions on it become `unknown`, never `ok`. */
        int (*missing)(const struct sg_host *host, const char *reading, const struct sg_label *labels,
                size_t n_labels, const char *why);
        /* The thing no longer exists (a file system was unmounted by its admin).  Forget the label set. */
        int (*withdraw)(const struct sg_host *host, const char *reading, const struct sg_label *labels,
                size_t n_labels);

        /* A one-shot timer; arm it again with timer_arm().  `name` is shown to people and is copied. */
        int (*timer_new)(const struct sg_host *host, const char *name, uint64_t delay_usec, sg_timer_fn fn,
                void *data, struct sg_timer **ret_timer);
        void (*timer_arm)(struct sg_timer *timer, uint64_t delay_usec);
        /* NULL is fine; returns NULL. */
        struct sg_timer *(*timer_free)(struct sg_timer *timer);

        /* Watch a file descriptor; it stays the caller's, who removes the watch before closing it. */
        int (*watch_new)(const struct sg_host *host, const char *name, int fd, unsigned ready, sg_watch_fn fn,
                void *data, struct sg_watch **ret_watch);
        /* NULL is fine; returns NULL. */
        struct sg_watch *(*watch_free)(struct sg_watch *watch);

        /*
         * Tell the supervisor which hostile thing is about to be parsed (a file name).  If the process dies or
         * hangs before the next call, that name is skipped by the restarted watcher.  NULL: nothing.
         * Returns false when `what` did so before: skip it and count it as unreadable.
         */
        bool (*parsing)(const struct sg_host *host, const char *what);

        /*
         * Call `fn` for every label set of a reading, whichever sensor published it; never, when nobody did.  `fn`
         * must not publish.  Values are as of now, so a sensor that builds on another one asks again on a timer of
         * its own.
         */
        void (*each_reading)(const struct sg_host *host, const char *reading, sg_reading_fn fn, void *data);

        /*
         * The sensor goes on with less, and `why` says so: the daemon is degraded, and shows it, until the same `what`
         * is told with NULL.  `what` is a short name for it, different for each instance of a thing.
         */
        void (*trouble)(const struct sg_host *host, const char *what, const char *why);

        /*
         * CLOCK_REALTIME when people are back who may be away now, by `back_by` of the configuration: before a day of
         * every week they are for the three days of a weekend.  0: they are there, or nobody knows.
         */
        uint64_t (*back_by_usec)(const struct sg_host *host);
};

#endif
