/* SPDX-License-Identifier: MIT */
/*
 * action - verbs: what a plugin can do to the host
 *
 * Called in: a child of the executor, as root inside the unit's sandbox, one child per action, with a deadline
 * after which it gets SIGTERM and then SIGKILL.  Verb code may block.  It never trusts its arguments beyond
 * their type and range: they were chosen in the process that reads hostile bytes.
 *
 * check() measures and decides; it changes nothing and starts nothing, because it is all that runs in mode
 * observe.  What it says through manifest() is on disk before run() is called.
 *
 * A verb of SG_RISK_PROBE changes nothing in run() either, so that is called in observe and in dry runs, too:
 * there is nothing that would only have been done.  Its check() refuses what cannot be looked at, and leaves the
 * looking, which may take its time, to run().  A run of a playbook that did no more than probe has not acted.
 */
#ifndef SPOOLGUARD_ACTION_H
#define SPOOLGUARD_ACTION_H

#include <spoolguard/host.h>
#include <spoolguard/value.h>

enum sg_risk {
        SG_RISK_PROBE = 1,   /* reads what only root may */
        SG_RISK_FREEING,     /* gives space back, loses nothing */
        SG_RISK_REVERSIBLE,  /* has an undo */
        SG_RISK_DISRUPTIVE,  /* reload or restart of a service */
        SG_RISK_LOSSY,       /* destroys log data */
        SG_RISK_DESTRUCTIVE, /* deletes mail: refused by this version of the executor */
};

/* How full the file system of a path is, against the levels of disk-space-high and disk-space-critical. */
enum sg_pressure {
        SG_PRESSURE_UNKNOWN = 0,
        SG_PRESSURE_NONE,
        SG_PRESSURE_HIGH,
        SG_PRESSURE_CRITICAL,
};

enum sg_verdict {
        SG_VERDICT_GO = 1,
        SG_VERDICT_NOTHING, /* nothing there to act on; not a failure */
        SG_VERDICT_REFUSED, /* a precondition does not hold */
};

#define SG_TEXT_MAX 256

struct sg_outcome {
        uint64_t freed_bytes;   /* measured with statvfs, never taken from a target */
        uint64_t found_bytes;   /* SG_RISK_PROBE: bytes of what it found */
        uint64_t count;         /* things changed; SG_RISK_PROBE: found */
        char text[SG_TEXT_MAX]; /* one sentence for the record */
        /* CLOCK_REALTIME: what a reversible verb did is to be undone by then; 0: no need */
        uint64_t until_usec;
        /*
         * Only in undo(), with a negative value returned: what was changed is not there any more, as far as could be
         * looked.  That ends no lease; but root may have one forgotten then without insisting.
         */
        bool is_gone;
        /*
         * Only in check(), refused, for a lease in force that does not lapse: somebody else has made something else of
         * what it changed, and that stays; `text` says what it is now.  The executor asks once a minute, and tells
         * people.
         */
        bool is_overruled;
};

struct sg_action;

/* Services for a verb.  `size` as in struct sg_host. */
struct sg_action_host {
        uint32_t size;
        const char *root;
        void (*log)(const struct sg_action *action, enum sg_level level, const char *format, ...)
                __attribute__((format(printf, 3, 4)));
        /*
         * One line of the list of what a lossy verb is about to destroy ("archived journal X, 8.0 MiB, from ..
         * to ..").  Only in check(); at most 512 lines, the rest is summed up by the host.
         */
        void (*manifest)(const struct sg_action *action, const char *format, ...)
                __attribute__((format(printf, 2, 3)));
        /* Measured now, by a statvfs of this process and the levels of the executor. */
        enum sg_pressure (*pressure)(const struct sg_action *action, const char *path);
        /*
         * Run a tool with a clean environment and wait for it.  Returns its exit status (0-255), or a negative
         * errno value (-ETIME: stopped at the action's deadline; -ECANCELED: a signal ended it; -EPERM: called in
         * check(); -EINVAL: argv[0] is no absolute path).  `argv` ends with NULL.  Up to size-1 bytes of what it
         * printed on stdout and stderr land in `output` (always ended by NUL).  Only in run() and undo().
         */
        int (*tool)(const struct sg_action *action, const char *const argv[], char *output, size_t size);
        /*
         * The same for a filter such as gzip: it reads `in_fd` and writes `out_fd`, both stay the caller's;
         * `output` gets what it says on stderr.  -EBADF: one of them is negative.
         */
        int (*filter)(const struct sg_action *action, const char *const argv[], int in_fd, int out_fd,
                char *output, size_t size);
        /*
         * The lowest number above `after` of a lease of `verb` that has this value as its argument `name`, as it is
         * written, and is not over: taken, or ended with something left to undo.  0: there is none.  By the executor's
         * record when the action began, whatever the watcher says; 0 and then each answer as `after` go through all.
         */
        uint64_t (*next_lease)(const struct sg_action *action, const char *verb, const char *name,
                const char *value, uint64_t after);
        /*
         * Whether a program that the configuration names is root's alone: an absolute path of a regular, executable
         * file that, like every directory on the way to it, belongs to root and that nobody else can write.  0, or
         * -EINVAL with the reason, which names the path, in `why`.
         */
        int (*program)(const struct sg_action *action, const char *path, char *why, size_t size);
};

struct sg_action {
        const struct sg_action_host *host;
        const struct sg_value *args;    /* one per row of the verb's table */
        const struct sg_value *options; /* one per row of the plugin's option table */

        /* CLOCK_REALTIME when the executor first heard of the incident; now, for an action by hand. */
        uint64_t incident_since_usec;
        /*
         * CLOCK_REALTIME: a lossy verb leaves alone what is younger than this (24 h before the incident),
         * unless gentler_spent *and* pressure() of the file system in question is SG_PRESSURE_CRITICAL.
         */
        uint64_t floor_usec;
        bool gentler_spent; /* every gentler verb that can still come had its turn in this incident */

        /*
         * What the verb's selector chose: a sealed memfd at offset 0, or -1 for a verb without one and in undo().
         * It was written in the process that reads hostile bytes: every entry is to be checked as if a stranger
         * had written it.  The executor has made sure of the seals and of 1 to SG_SELECTION_MAX bytes, of nothing else.
         */
        int selection_fd;
        /*
         * Reversible verbs: the number of the lease that this change belongs to, never used twice on this host;
         * what is changed is marked with it where that is possible, so that undo() finds it again.  0: none.
         */
        uint64_t lease;
};

#define SG_SELECTION_MAX (256u << 20) /* bytes */

struct sg_verb {
        const char *name; /* "plugin.verb" */
        const char *summary;
        enum sg_risk risk;
        const struct sg_option *args; /* table ended by a row without a name; NULL: no arguments */

        uint64_t deadline_usec;      /* for check() and run() together */
        uint64_t cooldown_usec;      /* least time between two executed actions */
        unsigned budget_count;       /* at most this many executed actions ... */
        uint64_t budget_window_usec; /* ... in this time */

        /*
         * Path of the file system on which the verb may need room, or NULL.  When that is critical, the
         * executor refuses the verb.  One for which it depends on the arguments, or on how the host is set up,
         * has NULL here and refuses by itself: check() asks pressure() first.
         */
        const char *needs_space_on;

        /*
         * Only for SG_RISK_REVERSIBLE.  How long what run() did lasts unless it is done again: the executor calls
         * check() and run() again for the same lease, once or twice a minute and with a new selection, while the
         * evidence stands.  0: until undo().
         */
        uint64_t slice_usec;
        /* Longest life of a lease, renewed or not; after that it is undone, and people are told.  0: none. */
        uint64_t lease_max_usec;

        /* Name of a sensor of the same plugin whose select() chooses what to act on; NULL: none. */
        const char *selector;

        enum sg_verdict (*check)(const struct sg_action *action, struct sg_outcome *ret_outcome);
        /* 0, or a negative errno value with the reason in ret_outcome->text. */
        int (*run)(const struct sg_action *action, struct sg_outcome *ret_outcome);
        /*
         * Only for SG_RISK_REVERSIBLE: take back what carries the lease's number.  It needs no watcher, may be
         * called again, and after a run() that was cut short.  It has the verb's deadline, at least five minutes.
         * Returns as run() does; after a negative value it is tried again later, until root has the lease forgotten.
         */
        int (*undo)(const struct sg_action *action, struct sg_outcome *ret_outcome);
};

#endif
