/* SPDX-License-Identifier: MIT */
/*
 * process - what /proc says about a process, and which ones another one started
 *
 * Runs in children of the executor, which see the Postfix of a spool through it, and in the watcher, which reads
 * without a pause what may be a long list: there the kernel's own list of children is used, and only the first ones
 * of it, instead of a look at every process of the host.
 *
 * Owns nothing.  Fails by saying that there is no such process.
 * Limits: a name is what the process calls itself, so who asks knows its parent.  The list of children needs a
 * kernel with CONFIG_PROC_CHILDREN, and what is started while it is read may be left out.
 */
#include "postfix/process.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PATH_SIZE 600
#define LIST_SIZE 16384

ssize_t process_text(const char *path, char *text, size_t size) {
        int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
        size_t used = 0;
        ssize_t n = 1;

        if (fd < 0)
                return -errno;
        while (n > 0 && used + 1 < size) {
                n = read(fd, text + used, size - 1 - used);
                if (n > 0)
                        used += (size_t)n;
        }
        if (n < 0)
                n = -errno;
        close(fd);
        text[used] = '\0';
        return n < 0 ? n : (ssize_t)used;
}

/* "17 (qmgr) S 16 ...", where the name may hold blanks and parentheses of its own. */
bool process_read(const char *root, pid_t pid, struct process *ret_process) {
        struct process process = {.pid = pid};
        unsigned long long start;
        char path[PATH_SIZE], text[1024], *from, *to;
        int parent;

        snprintf(path, sizeof(path), "%s/proc/%d/stat", root, (int)pid);
        if (process_text(path, text, sizeof(text)) <= 0)
                return false;
        from = strchr(text, '(');
        to = strrchr(text, ')');
        if (!from || !to || to < from)
                return false;
        *to = '\0';
        snprintf(process.name, sizeof(process.name), "%s", from + 1);
        if (sscanf(to + 1, " %*c %d %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %llu",
                    &parent, &start) != 2)
                return false;
        process.parent = parent;
        process.start_ticks = start;
        *ret_process = process;
        return true;
}

ssize_t process_children(const char *root, pid_t parent, size_t max,
        void (*each)(const struct process *child, void *data), void *data) {
        char path[PATH_SIZE], list[LIST_SIZE], *rest = NULL, *last;
        ssize_t looked = 0, n;

        snprintf(path, sizeof(path), "%s/proc/%d/task/%d/children", root, (int)parent, (int)parent);
        n = process_text(path, list, sizeof(list));
        if (n < 0)
                return n;
        /* The last number of a list that was cut may be half of one. */
        last = strrchr(list, ' ');
        if ((size_t)n == sizeof(list) - 1 && last)
                *last = '\0';
        for (char *word = strtok_r(list, " \n", &rest); word && (size_t)looked < max;
                word = strtok_r(NULL, " \n", &rest), looked++) {
                struct process child;

                if (process_read(root, (pid_t)strtol(word, NULL, 10), &child) && child.parent == parent)
                        each(&child, data);
        }
        return looked;
}

static int64_t seconds_of(clockid_t clock) {
        struct timespec now;

        clock_gettime(clock, &now);
        return now.tv_sec;
}

int64_t process_started(const struct process *process) {
        uint64_t ticks_per_second = (uint64_t)sysconf(_SC_CLK_TCK);

        return seconds_of(CLOCK_REALTIME) - seconds_of(CLOCK_BOOTTIME) +
                (int64_t)(process->start_ticks / ticks_per_second);
}
