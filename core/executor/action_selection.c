/* SPDX-License-Identifier: MIT */
/*
 * action_selection - accept a sealed memfd, and nothing else, as what a verb shall act on
 *
 * Runs in: executor.  Owns nothing.  The descriptor comes from the process that reads hostile bytes.  The seals
 * make sure that what the verb checked is what it acts on, and that reading it cannot fail or wait: a pipe, a
 * file on a hung file system or a memfd that shrinks would do that to a child of root.
 *
 * The watcher still has its own descriptor, and with it the offset that both share, so the file is opened anew.
 *
 * Fails: with one sentence for the denial.  Limits: SG_SELECTION_MAX bytes; what is in it is for the verb to doubt.
 */
#include "executor/action_selection.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "spoolguard/action.h"

#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

const char *action_selection_open(int fd, int *ret_fd) {
        char path[64];
        struct stat st;
        int seals;

        if (fd < 0)
                return "no selection came with it";
        seals = fcntl(fd, F_GET_SEALS);
        if (seals < 0 || (seals & SEALS) != SEALS || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
                return "the selection is not a sealed memory file";
        if (st.st_size < 1)
                return "the selection is empty";
        if (st.st_size > (off_t)SG_SELECTION_MAX)
                return "the selection is too large";
        snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
        *ret_fd = open(path, O_RDONLY | O_CLOEXEC);
        return *ret_fd < 0 ? "the selection cannot be opened" : NULL;
}
