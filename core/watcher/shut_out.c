/* SPDX-License-Identifier: MIT */
/*
 * shut_out - notice that a path the sensors declared can no longer be opened by a confined watcher
 *
 * Runs in: watcher.  Landlock allows a file, not a name.  Most tools replace a file when they change it, postconf and
 * `sed -i` among them, and some files appear only later: what then has the declared name is shut to this process
 * for the rest of its life, and it would go on by what the old file said.  Only a new watcher can read it, so the
 * answer to such a path is to end in a quiet moment and be started again.
 *
 * Whether a path is shut is asked by opening it, now and then and not at every change.  One refusal may be a file in
 * the middle of being replaced, and who writes it once may write it again: two in a row count, of a file that stayed as
 * it is in between; a few more where somebody goes on writing.  What was refused already at the first look has another
 * cause, which a new process would find again, until it was open once: then the cause is gone.
 *
 * Owns the paths.  Fails at creation only for want of memory.
 */
#include "watcher/shut_out.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "watcher/sensor_host.h"

#define ENOUGH 6 /* refusals in a row, whatever becomes of the file in between */

struct door {
        bool always;      /* refused from the start, and ever since */
        unsigned refused; /* looks in a row */
        struct stat seen; /* at the last of them */
};

struct shut_out {
        char **paths;
        size_t n;
        struct door doors[];
};

static bool is_refused(const char *path) {
        int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

        if (fd >= 0)
                close(fd);
        return fd < 0 && errno == EACCES;
}

static bool is_the_same(const struct stat *a, const struct stat *b) {
        return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_ctim.tv_sec == b->st_ctim.tv_sec &&
                a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

static bool is_shut(struct door *door, const char *path) {
        struct stat before = door->seen;

        if (!is_refused(path)) {
                door->always = false;
                door->refused = 0;
                return false;
        }
        if (door->always)
                return false;
        /* What cannot even be looked at is refused all the same. */
        if (stat(path, &door->seen) < 0)
                door->seen = (struct stat){0};
        door->refused++;
        return door->refused >= ENOUGH || (door->refused > 1 && is_the_same(&door->seen, &before));
}

int shut_out_new_consume(char **paths, size_t n, struct shut_out **ret_shut_out) {
        struct shut_out *shut_out = calloc(1, sizeof(*shut_out) + n * sizeof(shut_out->doors[0]));

        if (!shut_out) {
                sensor_host_reads_free(paths, n);
                return -ENOMEM;
        }
        shut_out->paths = paths;
        shut_out->n = n;
        for (size_t i = 0; i < n; i++)
                shut_out->doors[i].always = is_refused(paths[i]);
        *ret_shut_out = shut_out;
        return 0;
}

struct shut_out *shut_out_free(struct shut_out *shut_out) {
        if (shut_out)
                sensor_host_reads_free(shut_out->paths, shut_out->n);
        free(shut_out);
        return NULL;
}

const char *shut_out_look(struct shut_out *shut_out) {
        const char *found = NULL;

        for (size_t i = 0; i < shut_out->n; i++)
                if (is_shut(&shut_out->doors[i], shut_out->paths[i]))
                        found = shut_out->paths[i];
        return found;
}

bool shut_out_knows(const struct shut_out *shut_out, const char *path) {
        for (size_t i = 0; i < shut_out->n; i++)
                if (strcmp(shut_out->paths[i], path) == 0)
                        return true;
        return false;
}
