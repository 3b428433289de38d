/* SPDX-License-Identifier: MIT */
/*
 * sensor - code of a plugin that watches one thing and publishes readings
 *
 * A sensor is created once per load of the configuration, after the watcher gave up its power, and destroyed
 * before the next one is created.  It holds no globals: everything hangs off the pointer that create() returns.
 */
#ifndef SPOOLGUARD_SENSOR_H
#define SPOOLGUARD_SENSOR_H

#include <spoolguard/host.h>
#include <spoolguard/queue.h>
#include <spoolguard/value.h>
#include <sys/types.h>

/* A reading the sensor may publish; tables end with a row without a name. */
struct sg_reading {
        const char *name;      /* Prometheus style: base unit last, `_total` for counters */
        const char *labels[4]; /* names, ended by NULL */
        const char *doc;
};

/* `path`: absolute, without the host's root.  0 or a negative errno value, to be returned. */
typedef int (*sg_reads_fn)(const char *path, void *data);

/*
 * `n`: things that were chosen; 0: there is nothing to act on, and nothing is asked; negative errno: the selection
 * cannot be made now, which must not be taken for "nothing".
 */
typedef void sg_selected_fn(ssize_t n, void *data);

struct sg_sensor {
        const char *name;
        const char *summary;
        const struct sg_reading *readings;

        /*
         * Directories and files this sensor reads, ended by NULL; a list option of the plugin is named as
         * "@option".  The watcher can read nothing else.  Paths that do not exist are no error.
         */
        const char *const *reads;
        /*
         * NULL, or: tells `add` what it reads besides, as far as files say it that only root can write; it must not
         * look at any other.  Called before the watcher gave up its power, and now and then after that: when there is
         * something that was not told before, the watcher starts anew to be able to read it.  0 or a negative
         * errno value.
         */
        int (*reads_more)(const char *root, const struct sg_value *options, sg_reads_fn add, void *data);

        /*
         * `options` is one value per row of the plugin's option table.  Return 0 and set *ret_sensor, or a
         * negative errno value: -ENOTSUP means "not on this machine" and is said quietly, anything else
         * degrades the daemon and is shown by `spoolguardctl status`.
         */
        int (*create)(const struct sg_host *host, const struct sg_value *options, void **ret_sensor);
        void (*destroy)(void *sensor);

        /*
         * NULL, or: choose what a verb of this plugin that names this sensor as its selector shall act on, and
         * write it to `fd`, an empty memfd that the host seals afterwards and hands to the verb (struct sg_action,
         * selection_fd).  The format is the plugin's own, of at most SG_SELECTION_MAX bytes.  `verb` is its whole
         * name ("plugin.verb"), `args` one value per row of its table.  Called for every action of the verb and
         * for each renewal of a lease, so it may choose fewer things than before: only those that need it now.
         * Returns 0 and calls `done` once, before it returns or in another turn of the loop, with -ECANCELED when
         * it is destroyed before; until then `args` and `fd` stay as they are.  Or returns a negative errno value,
         * and `done` is not called.
         */
        int (*select)(void *sensor, const char *verb, const struct sg_value *args, int fd,
                sg_selected_fn *done, void *data);

        const struct sg_queue_questions *questions; /* NULL: it cannot be asked */
};

#endif
