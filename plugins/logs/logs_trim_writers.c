/* SPDX-License-Identifier: MIT */
/*
 * logs_trim_writers - does everybody who writes to a log append?
 *
 * Runs in children of the executor, as root with CAP_SYS_PTRACE.  A writer with O_APPEND goes on at the new end of a
 * log out of which a range was taken.  One that keeps an offset of its own goes on where the end was, and the
 * file has its old size again, with zeros in between: under such a writer nothing may move.  The flags are the
 * kernel's (open_files.c); whoever hides what it has open may be such a writer.
 *
 * Owns nothing.  Fails when nobody can say who writes.  Limits: those of open_files.c; a log that is written to through
 * a mapping alone is not known.
 */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "common/open_files.h"
#include "logs/logs_trim.h"

struct search {
        const char *root;
        struct logs_trim_writers *writers;
};

static int on_file(const struct open_file *file, void *data) {
        const struct search *search = data;
        struct logs_trim_writers *writers = search->writers;
        struct open_files_owner owner;

        if (file->pid == getpid() || !open_files_writes(file))
                return 0;
        writers->n++;
        if (file->flags_known && (file->flags & O_APPEND))
                return 0;
        if (writers->n_elsewhere++ == 0 && open_files_owner(search->root, file->pid, &owner))
                snprintf(
                        writers->elsewhere, sizeof(writers->elsewhere), "%s (pid %d)", owner.comm, file->pid);
        return 0;
}

int logs_trim_writers_look(
        const char *root, const struct stat *status, struct logs_trim_writers *ret_writers) {
        const struct open_files_id id = {.device = status->st_dev, .inode = status->st_ino};
        struct search search = {.root = root, .writers = ret_writers};
        struct open_files_seen seen = {0};
        int r;

        *ret_writers = (struct logs_trim_writers){.elsewhere = "a process"};
        r = open_files_walk(
                &(struct open_files_filter){.root = root, .ids = &id, .n_ids = 1}, on_file, &search, &seen);
        ret_writers->n_hidden = seen.hidden;
        return r < 0 ? r : 0;
}

bool logs_trim_writers_append(const struct logs_trim_writers *writers) {
        return writers->n_elsewhere == 0 && writers->n_hidden == 0;
}
