/* SPDX-License-Identifier: MIT */
/* process - what /proc says about a process, and which ones another one started */
#ifndef POSTFIX_PROCESS_H
#define POSTFIX_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct process {
        char name[16];
        pid_t pid, parent;
        uint64_t start_ticks; /* since boot: tells it from a later process with its number */
};

/* `root` is put in front of /proc.  False: it is gone, or not to be seen. */
bool process_read(const char *root, pid_t pid, struct process *ret_process);
/*
 * Calls `each` for the children of a process, the first `max` of them; as many as that were looked at, or a negative
 * errno value: -ENOENT when the process is gone or the kernel does not tell.
 */
ssize_t process_children(const char *root, pid_t parent, size_t max,
        void (*each)(const struct process *child, void *data), void *data);
/* The first bytes of a short file, ended by NUL, links not followed; their number or a negative errno value. */
ssize_t process_text(const char *path, char *text, size_t size);
/* CLOCK_REALTIME in seconds when it was started, as the clock is set now. */
int64_t process_started(const struct process *process);

#endif
