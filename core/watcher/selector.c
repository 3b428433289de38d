/* SPDX-License-Identifier: MIT */
/*
 * selector - what a verb shall act on, chosen by a sensor of its plugin, as a sealed memory file
 *
 * Runs in: watcher.  The sensor knows what is there ("the messages of this next hop"); the verb, in another process
 * with more power, gets the list as a descriptor.  It is sealed, so that what the executor checks is what the verb
 * reads, and it needs no disk.  Arguments are parsed by the verb's own table, as the executor will do it again.
 *
 * Owns nothing: the memory file goes to the caller, and away when it is empty or could not be made whole.
 * Fails: -ENOENT for a verb that does not exist, -EINVAL for arguments that it does not take, -ENODEV when the
 * sensor does not run, -EFBIG over SG_SELECTION_MAX, and what the sensor says.
 */
#include "watcher/selector.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "config/option.h"

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

static ssize_t select_by(struct sensor_host *sensors, const struct sg_plugin *plugin,
        const struct sg_verb *verb, const struct sg_value *args, int *ret_fd) {
        _cleanup_close_ int fd = memfd_create("spoolguard-selection", MFD_CLOEXEC | MFD_ALLOW_SEALING);
        if (fd < 0)
                return -errno;
        ssize_t n = sensor_host_select(sensors, plugin, verb, args, fd);
        if (n <= 0)
                return n;
        int r = seal(fd);
        if (r < 0)
                return r;
        *ret_fd = take_fd(&fd);
        return n;
}

ssize_t selector_run(struct sensor_host *sensors, const struct plugin_list *plugins, const char *verb,
        const struct wire_pair *args, size_t n_args, int *ret_fd) {
        struct option_pair pairs[WIRE_PAIRS_MAX];
        const struct sg_plugin *plugin;
        struct sg_value *values = NULL;
        struct problem problem = {""};

        *ret_fd = -1;
        const struct sg_verb *row = plugin_verb(plugins, verb, &plugin);
        if (!row)
                return -ENOENT;
        if (!row->selector)
                return 1;
        if (n_args > ELEMENTSOF(pairs))
                return -EINVAL;
        for (size_t i = 0; i < n_args; i++)
                pairs[i] = (struct option_pair){.name = args[i].name, .text = args[i].text};
        int r = option_values_new(row->args, pairs, n_args, &values, &problem);
        if (r < 0) {
                log_warning("%s: %s", verb, problem.text);
                return r;
        }
        ssize_t n = select_by(sensors, plugin, row, values, ret_fd);
        option_values_free(row->args, values);
        return n;
}
