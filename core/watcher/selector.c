/* SPDX-License-Identifier: MIT */
/*
 * selector - what a verb shall act on, chosen by a sensor of its plugin, as a sealed memory file
 *
 * Runs in: watcher.  The sensor knows what is there ("the messages of this next hop"); the verb, in another process
 * with more power, gets the list as a descriptor.  It is sealed, so that what the executor checks is what the verb
 * reads, and it needs no disk.  Arguments are parsed by the verb's own table, as the executor will do it again.
 * A sensor may take several turns of the loop to choose.
 *
 * Owns the memory file, and the arguments, until the sensor is done: then the file goes to the caller, or away when
 * it is empty or could not be made whole.
 * Fails: -ENOENT for a verb that does not exist, -EINVAL for arguments that it does not take, -ENODEV when the
 * sensor does not run, -EFBIG over SG_SELECTION_MAX, and what the sensor says.
 */
#include "watcher/selector.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "config/option.h"

struct selecting {
        const struct sg_verb *verb;
        struct sg_value *args;
        int fd;
        selector_done *done;
        void *data;
};

static int seal(int fd) {
        struct stat status;

        if (fstat(fd, &status) < 0)
                return -errno;
        if (status.st_size > (off_t)SG_SELECTION_MAX)
                return -EFBIG;
        if (lseek(fd, 0, SEEK_SET) < 0 ||
                fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) < 0)
                return -errno;
        return 0;
}

static void selecting_free(struct selecting *selecting) {
        if (selecting->fd >= 0)
                close(selecting->fd);
        option_values_free(selecting->verb->args, selecting->args);
        free(selecting);
}

static void on_selected(ssize_t n, void *data) {
        struct selecting *selecting = data;
        int r = n > 0 ? seal(selecting->fd) : 0;

        if (r < 0)
                n = r;
        selecting->done(n, n > 0 ? take_fd(&selecting->fd) : -1, selecting->data);
        selecting_free(selecting);
}

static int select_by(struct sensor_host *sensors, const struct sg_plugin *plugin, const struct sg_verb *verb,
        struct sg_value *args_consumed, selector_done *done, void *data) {
        struct selecting *selecting = calloc(1, sizeof(*selecting));
        int r = -ENOMEM;

        if (!selecting) {
                option_values_free(verb->args, args_consumed);
                return r;
        }
        *selecting = (struct selecting){.verb = verb, .args = args_consumed, .done = done, .data = data};
        selecting->fd = memfd_create("spoolguard-selection", MFD_CLOEXEC | MFD_ALLOW_SEALING);
        if (selecting->fd < 0)
                r = -errno;
        else
                r = sensor_host_select(
                        sensors, plugin, verb, selecting->args, selecting->fd, on_selected, selecting);
        if (r < 0)
                selecting_free(selecting);
        return r;
}

int selector_run(struct sensor_host *sensors, const struct plugin_list *plugins, const char *verb,
        const struct wire_pair *args, size_t n_args, selector_done *done, void *data) {
        struct option_pair pairs[WIRE_PAIRS_MAX];
        const struct sg_plugin *plugin;
        struct sg_value *values = NULL;
        struct problem problem = {""};

        const struct sg_verb *row = plugin_verb(plugins, verb, &plugin);
        if (!row)
                return -ENOENT;
        if (!row->selector) {
                done(1, -1, data);
                return 0;
        }
        if (n_args > ELEMENTSOF(pairs))
                return -EINVAL;
        for (size_t i = 0; i < n_args; i++)
                pairs[i] = (struct option_pair){.name = args[i].name, .text = args[i].text};
        int r = option_values_new(row->args, pairs, n_args, &values, &problem);
        if (r < 0) {
                log_warning("%s: %s", verb, problem.text);
                return r;
        }
        return select_by(sensors, plugin, row, values, done, data);
}
