/* SPDX-License-Identifier: MIT */
/*
 * holder_support - a process that has a file open, and what a /proc of our own says of it
 *
 * The descriptors are real: fd and fdinfo of the scratch's proc lead to those of the kernel.  Name, unit and signals
 * are what the test writes down.
 */
#ifndef UNIT_HOLDER_SUPPORT_H
#define UNIT_HOLDER_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/scratch.h"

#define MIB ((size_t)1 << 20)

struct holder {
        pid_t pid;
        int talk; /* a byte: let go; its end: die */
};

/* Returns when it has the file open. */
static inline struct holder holder_new(const char *path, int flags) {
        int ask[2], answer[2];
        struct holder holder;
        char byte;

        assert_int_equal(pipe2(ask, O_CLOEXEC), 0);
        assert_int_equal(pipe2(answer, O_CLOEXEC), 0);
        holder.pid = fork();
        assert_true(holder.pid >= 0);
        if (holder.pid == 0) {
                int fd = open(path, flags | O_CLOEXEC);

                close(ask[1]);
                if (fd < 0 || write(answer[1], "x", 1) != 1)
                        _exit(1);
                if (read(ask[0], &byte, 1) == 1)
                        close(fd);
                while (read(ask[0], &byte, 1) > 0)
                        ;
                _exit(0);
        }
        close(ask[0]);
        close(answer[1]);
        assert_int_equal(read(answer[0], &byte, 1), 1);
        close(answer[0]);
        holder.talk = ask[1];
        return holder;
}

static inline void holder_let_go(const struct holder *holder) {
        assert_int_equal(write(holder->talk, "x", 1), 1);
}

static inline void holder_free(const struct holder *holder) {
        close(holder->talk);
        kill(holder->pid, SIGKILL);
        waitpid(holder->pid, NULL, 0);
}

static inline void proc_link(const struct scratch *scratch, pid_t pid, const char *what) {
        char name[64], target[64];

        snprintf(name, sizeof(name), "proc/%d/%s", (int)pid, what);
        snprintf(target, sizeof(target), "/proc/%d/%s", (int)pid, what);
        assert_int_equal(symlink(target, scratch_path(scratch, name)), 0);
}

static inline void proc_write(const struct scratch *scratch, pid_t pid, const char *what, const char *text) {
        char name[64];

        snprintf(name, sizeof(name), "proc/%d/%s", (int)pid, what);
        scratch_write(scratch, name, text);
}

/* From here on the scratch's /proc shows the process. */
static inline void holder_show(
        const struct scratch *scratch, const struct holder *holder, const char *comm, const char *cgroup) {
        char text[256];

        snprintf(text, sizeof(text), "%s\n", comm);
        proc_write(scratch, holder->pid, "comm", text);
        snprintf(text, sizeof(text), "0::%s\n", cgroup);
        proc_write(scratch, holder->pid, "cgroup", text);
        proc_link(scratch, holder->pid, "fd");
        proc_link(scratch, holder->pid, "fdinfo");
}

/* Deleted as soon as it is held, and shown. */
static inline struct holder hold_deleted(
        const struct scratch *scratch, const char *name, size_t bytes, const char *comm, const char *cgroup) {
        struct holder holder;

        scratch_fill(scratch, name, bytes);
        holder = holder_new(scratch_path(scratch, name), O_WRONLY | O_APPEND);
        assert_int_equal(unlink(scratch_path(scratch, name)), 0);
        holder_show(scratch, &holder, comm, cgroup);
        return holder;
}

/* Made with an empty /var/log, and a /proc that shows one process without files. */
static inline void holder_scratch_init(struct scratch *scratch) {
        scratch_init(scratch);
        scratch_mkdir(scratch, "var/log");
        scratch_mkdir(scratch, "proc/1");
        scratch_mkdir(scratch, "proc/1/fd");
}

#endif
