/* SPDX-License-Identifier: MIT */
/*
 * verb_relay - a spool, a selection and a Postfix that does not deliver, for tests of plugin postfix
 *
 * Runs in tests.  The files are real, and so are the processes: one that calls itself master has a child that
 * calls itself qmgr, and replaces it when it is told to through a pipe.  It ends with the test, since the
 * pipe ends then.
 *
 * Owns the scratch directory, the selection and the processes.  What fails here ends the program: it says
 * nothing about the code under test.
 */
#include "support/verb_relay.h"

#include <err.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "postfix/postfix.h"
#include "postfix/selection.h"
#include "support/postfix_options.h"

#define MAIL_OWNER 61234 /* nobody's */

void verb_relay_own(const struct verb_relay *relay, const char *path) {
        if (geteuid() == 0 && lchown(path, relay->owner, relay->owner) < 0)
                err(2, "%s", path);
}

static const struct verb_relay *owning;

static int own_one(const char *path, const struct stat *status, int type, struct FTW *ftw) {
        (void)status;
        (void)type;
        (void)ftw;
        verb_relay_own(owning, path);
        return 0;
}

static void own_deferred(const struct verb_relay *relay) {
        static const char *const queues[] = {"deferred", "hold", "defer"};
        char path[256];

        owning = relay;
        for (size_t i = 0; i < sizeof(queues) / sizeof(queues[0]); i++) {
                snprintf(path, sizeof(path), "%s/%s", relay->spool.path, queues[i]);
                nftw(path, own_one, 16, FTW_PHYS);
        }
}

void verb_relay_init(struct verb_relay *relay) {
        *relay = (struct verb_relay){.spools = {"/" SPOOL_DIRECTORY, NULL}, .orders = -1, .answers = -1};
        scratch_init(&relay->scratch);
        spool_init(&relay->spool, relay->scratch.path);
        relay->owner = geteuid() == 0 ? MAIL_OWNER : geteuid();
        if (symlink("/proc", scratch_path(&relay->scratch, "proc")) < 0)
                err(2, "proc");
        relay->args[0] = (struct sg_value){.type = SG_TYPE_TEXT, .text = "-"};
        relay->args[1] = (struct sg_value){.type = SG_TYPE_TEXT, .text = "example.test"};
        postfix_options_init(relay->options, relay->spools);
        verb_bench_init(&relay->bench, relay->scratch.path, relay->args, relay->options);
        own_deferred(relay);
}

void verb_relay_deinit(struct verb_relay *relay) {
        verb_relay_stop(relay);
        verb_relay_take_selection(relay, -1);
        scratch_deinit(&relay->scratch);
}

struct spool_file *verb_relay_add(struct verb_relay *relay, uint64_t next_retry_seconds) {
        struct spool_file *file = &relay->files[relay->n];
        const struct spool_message message = {
                .next_retry_seconds = next_retry_seconds, .recipients = {{.address = "bob@example.test"}}};

        if (relay->n++ == VERB_RELAY_MESSAGES)
                errx(2, "more than %d messages", VERB_RELAY_MESSAGES);
        spool_add(&relay->spool, &message, file);
        own_deferred(relay);
        return file;
}

void verb_relay_take_selection(struct verb_relay *relay, int fd) {
        if (relay->bench.action.selection_fd >= 0)
                close(relay->bench.action.selection_fd);
        relay->bench.action.selection_fd = fd;
}

void verb_relay_select(struct verb_relay *relay, size_t first, size_t n) {
        struct selection_writer writer;
        int fd = memfd_create("selection", MFD_CLOEXEC | MFD_ALLOW_SEALING);

        if (fd < 0)
                err(2, "memfd");
        selection_writer_init(&writer, fd);
        for (size_t i = first; i < first + n; i++)
                selection_add(&writer, relay->files[i].id, relay->files[i].inode);
        if (selection_finish(&writer) != (ssize_t)n ||
                fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0)
                errx(2, "the selection cannot be written");
        verb_relay_take_selection(relay, fd);
}

struct stat verb_relay_stat(const struct verb_relay *relay, const struct spool_file *file) {
        const char *path = spool_path(&relay->spool, file->queue, file->id);
        struct stat status;

        if (lstat(path, &status) < 0)
                err(2, "%s", path);
        return status;
}

time_t verb_relay_now(void) {
        struct timespec now;

        clock_gettime(CLOCK_REALTIME, &now);
        return now.tv_sec;
}

void verb_relay_set_time(
        const struct verb_relay *relay, const struct spool_file *file, time_t seconds, long nsec) {
        const struct timespec time = {seconds, nsec};
        const char *path = spool_path(&relay->spool, file->queue, file->id);

        if (utimensat(AT_FDCWD, path, (const struct timespec[]){time, time}, 0) < 0)
                err(2, "%s", path);
}

/* Returns when it has its name. */
static pid_t fork_qmgr(void) {
        int ready[2];
        char byte;
        pid_t pid;

        if (pipe2(ready, O_CLOEXEC) < 0)
                err(2, "pipe");
        pid = fork();
        if (pid == 0) {
                prctl(PR_SET_NAME, "qmgr");
                prctl(PR_SET_PDEATHSIG, SIGKILL);
                close(ready[1]);
                for (;;)
                        pause();
        }
        close(ready[1]);
        if (read(ready[0], &byte, 1) != 0)
                err(2, "qmgr");
        close(ready[0]);
        return pid;
}

/* 'n': a new queue manager; 'e': it ends; each order is answered by a byte. */
__attribute__((noreturn)) static void be_master(int orders, int answers) {
        pid_t qmgr = fork_qmgr();
        char order = 's';

        prctl(PR_SET_NAME, "master");
        do {
                if (order != 's' && qmgr > 0) {
                        kill(qmgr, SIGKILL);
                        waitpid(qmgr, NULL, 0);
                        qmgr = 0;
                }
                if (order == 'n')
                        qmgr = fork_qmgr();
                if (write(answers, "", 1) != 1)
                        break;
        } while (read(orders, &order, 1) == 1);
        if (qmgr > 0)
                kill(qmgr, SIGKILL);
        _exit(0);
}

static void tell(const struct verb_relay *relay, char order) {
        char answer;

        if (write(relay->orders, &order, 1) != 1 || read(relay->answers, &answer, 1) != 1)
                err(2, "master");
}

void verb_relay_start(struct verb_relay *relay) {
        int orders[2], answers[2];
        char text[64], answer;

        if (pipe2(orders, O_CLOEXEC) < 0 || pipe2(answers, O_CLOEXEC) < 0)
                err(2, "pipe");
        relay->master = fork();
        if (relay->master < 0)
                err(2, "fork");
        if (relay->master == 0) {
                close(orders[1]);
                close(answers[0]);
                be_master(orders[0], answers[1]);
        }
        close(orders[0]);
        close(answers[1]);
        relay->orders = orders[1];
        relay->answers = answers[0];
        if (read(relay->answers, &answer, 1) != 1)
                err(2, "master");
        snprintf(text, sizeof(text), "%32d\n", (int)relay->master);
        scratch_write(&relay->scratch, SPOOL_DIRECTORY "/pid/master.pid", text);
}

void verb_relay_stop(struct verb_relay *relay) {
        if (relay->master == 0)
                return;
        close(relay->orders);
        close(relay->answers);
        waitpid(relay->master, NULL, 0);
        relay->master = 0;
}

void verb_relay_new_qmgr(struct verb_relay *relay) {
        tell(relay, 'n');
}

void verb_relay_end_qmgr(struct verb_relay *relay) {
        tell(relay, 'e');
}
