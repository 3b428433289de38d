/* SPDX-License-Identifier: MIT */
/*
 * master - is the Postfix of a spool alive, and which process is its queue manager
 *
 * Runs in a child of the executor, as root, and in the watcher.  master leaves its number in pid/master.pid of the
 * spool and keeps a lock on that file.  The lock is not tested: to test it is to hold it for a moment, in which
 * Postfix could not start.  What is looked at instead is whether that process is called master, and for signs of life,
 * its child.
 *
 * A queue manager that dies of a bad setting is started again by master every minute and dies again, so a new
 * one counts only after it has stayed for a while.
 *
 * Owns nothing.  Fails by saying "not there".  Limits: a stale number that was given to the master of another
 * instance looks like this one's.  What is waited for is counted in pauses between two looks, so a busy host, where a
 * look takes its time, gives a new queue manager longer than was asked for.
 */
#include "postfix/master.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "postfix/process.h"

#define USEC UINT64_C(1000000)
#define POLL_USEC (USEC / 10)

bool master_find(const char *root, const char *spool, pid_t *ret_master) {
        struct process process;
        char path[700], text[64]; /* Postfix pads it to 32 digits */
        long pid;

        snprintf(path, sizeof(path), "%s/pid/master.pid", spool);
        if (process_text(path, text, sizeof(text)) <= 0)
                return false;
        pid = strtol(text, NULL, 10);
        if (pid <= 1 || pid > INT32_MAX || !process_read(root, (pid_t)pid, &process) ||
                strcmp(process.name, "master") != 0)
                return false;
        *ret_master = (pid_t)pid;
        return true;
}

bool master_is_qmgr(const char *name) {
        return strcmp(name, "qmgr") == 0 || strcmp(name, "oqmgr") == 0;
}

bool master_find_qmgr(const char *root, pid_t master, struct master_process *ret_qmgr) {
        struct dirent *entry;
        bool found = false;
        char path[600];
        DIR *stream;

        snprintf(path, sizeof(path), "%s/proc", root);
        stream = opendir(path);
        if (!stream)
                return false;
        while ((entry = readdir(stream))) {
                struct process process;

                if (!isdigit((unsigned char)entry->d_name[0]) ||
                        !process_read(root, (pid_t)strtol(entry->d_name, NULL, 10), &process) ||
                        process.parent != master || !master_is_qmgr(process.name) ||
                        (found && process.start_ticks < ret_qmgr->start_ticks))
                        continue;
                found = true;
                *ret_qmgr = (struct master_process){process.pid, process.start_ticks};
        }
        closedir(stream);
        return found;
}

static bool same(const struct master_process *a, const struct master_process *b) {
        return a->pid == b->pid && a->start_ticks == b->start_ticks;
}

int master_await_qmgr(const char *root, const char *spool, const struct master_process *before,
        uint64_t settle_usec, uint64_t limit_usec) {
        const struct timespec pause = {.tv_nsec = POLL_USEC * 1000};
        struct master_process seen = *before, now;
        uint64_t stayed_usec = 0;
        bool running = false;
        pid_t master;

        for (uint64_t waited_usec = 0; waited_usec <= limit_usec; waited_usec += POLL_USEC) {
                running = master_find(root, spool, &master);
                if (running && master_find_qmgr(root, master, &now) && !same(&now, before)) {
                        stayed_usec = same(&now, &seen) ? stayed_usec + POLL_USEC : 0;
                        seen = now;
                        if (stayed_usec >= settle_usec)
                                return 0;
                } else
                        seen = *before;
                nanosleep(&pause, NULL);
        }
        return running ? -ETIME : -ESRCH;
}
