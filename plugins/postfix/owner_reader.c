/* SPDX-License-Identifier: MIT */
/*
 * owner_reader - read queue files in a process that has become the mail owner for good
 *
 * Runs in a child of the executor, and in a process of its own below that.  Queue files were written by strangers,
 * so whoever reads them may be turned against us by them.  He is therefore a process that can do no more than
 * Postfix may, that has nothing open but the queue and the way to answer, and whose answer is bytes of a size that
 * is known before: what they say is for the caller to believe as little as he does the watcher.
 *
 * It is to stop by itself when its time is over, with what it has; one that does not is ended.
 *
 * Owns that process and its pipe; both are gone when owner_reader_ask() returns.  Fails with a negative errno value.
 * Limits: a disk that does not answer at all holds up its end, and with it us, until the action's deadline.
 */
#include "postfix/owner_reader.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/write_all.h"

/* So much it may be late: a part of the time to read, and some seconds for a busy host. */
#define GRACE_SHARE 4
#define GRACE_SECONDS 5
#define PIECE (64u << 10)
#define FIRST_FD 3 /* behind stdin, stdout and stderr */

static time_t monotonic_seconds(void) {
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC, &now);
        return now.tv_sec;
}

bool owner_reader_is_late(const struct owner_reader *reader) {
        return monotonic_seconds() >= reader->until;
}

int owner_reader_read(struct owner_reader *reader, const struct mail_file *message,
        queue_file_recipient_fn on_recipient, void *data) {
        int state;

        queue_file_reader_init(
                &reader->file, message->fd, (uint64_t)message->status.st_size, false, on_recipient, data);
        do
                state = queue_file_reader_step(&reader->file, PIECE);
        while (state == QUEUE_FILE_MORE && !owner_reader_is_late(reader));
        return state;
}

static int compare_fds(const void *a, const void *b) {
        return *(const int *)a - *(const int *)b;
}

/* The executor's end of the action is among the others: whoever could write to it would say what was done. */
static int close_others(int a, int b, int c) {
        int keep[] = {a, b, c}, from = FIRST_FD;

        qsort(keep, sizeof(keep) / sizeof(keep[0]), sizeof(keep[0]), compare_fds);
        for (size_t i = 0; i < sizeof(keep) / sizeof(keep[0]); i++) {
                if (keep[i] < from)
                        continue;
                if (keep[i] > from && close_range((unsigned)from, (unsigned)keep[i] - 1, 0) < 0)
                        return -errno;
                from = keep[i] + 1;
        }
        return close_range((unsigned)from, ~0u, 0) < 0 ? -errno : 0;
}

/* What one reader is to do, and where its answer goes. */
struct question {
        owner_reader_fn fn;
        void *data, *answer;
        size_t size;
        int answer_fd;
        pid_t parent;
};

static int answer(struct owner_reader *reader, const struct question *question) {
        int r = mail_dir_stay_owner(&reader->dir);

        if (r >= 0)
                r = close_others(reader->dir.directory, reader->extra_fd, question->answer_fd);
        if (r < 0)
                return r;
        /* Not before: a change of identity takes it back. */
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != question->parent)
                return -EINTR;
        r = question->fn(reader, question->data, question->answer);
        return r < 0 ? r : write_all(question->answer_fd, question->answer, question->size);
}

/* All of it, or -EIO; -ETIME when it is not there by then. */
static int read_answer(int fd, time_t deadline, void *ret_answer, size_t size) {
        char *at = ret_answer;

        while (size > 0) {
                time_t left = deadline - monotonic_seconds();
                struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
                int ready = poll(&poll_fd, 1, left > 0 ? (int)left * 1000 : 0);
                ssize_t n = 0;

                if (ready == 0)
                        return -ETIME;
                if (ready > 0)
                        n = read(fd, at, size);
                if ((ready < 0 || n < 0) && errno != EINTR)
                        return -errno;
                if (ready > 0 && n == 0)
                        return -EIO;
                if (ready > 0 && n > 0) {
                        at += n;
                        size -= (size_t)n;
                }
        }
        return 0;
}

/* Its exit status is an errno value; without one it was ended. */
static int await(pid_t pid) {
        int status;

        while (waitpid(pid, &status, 0) < 0)
                if (errno != EINTR)
                        return -errno;
        return WIFEXITED(status) ? -WEXITSTATUS(status) : -EIO;
}

int owner_reader_ask(const struct mail_dir *dir, unsigned read_seconds, int extra_fd, owner_reader_fn fn,
        void *data, void *ret_answer, size_t size) {
        const time_t until = monotonic_seconds() + (time_t)read_seconds;
        const time_t deadline = until + (time_t)(read_seconds / GRACE_SHARE) + GRACE_SECONDS;
        struct question question = {
                .fn = fn, .data = data, .answer = ret_answer, .size = size, .parent = getpid()};
        int r, ended, pipes[2];
        pid_t pid;

        if (pipe2(pipes, O_CLOEXEC) < 0)
                return -errno;
        pid = fork();
        if (pid == 0) {
                struct owner_reader reader = {.dir = *dir, .until = until, .extra_fd = extra_fd};

                question.answer_fd = pipes[1];
                _exit(-answer(&reader, &question));
        }
        r = pid < 0 ? -errno : 0;
        close(pipes[1]);
        if (pid > 0) {
                r = read_answer(pipes[0], deadline, ret_answer, size);
                /* Whatever it may still be up to; one that has ended does not mind. */
                kill(pid, SIGKILL);
                ended = await(pid);
                if (r == -EIO && ended < 0)
                        r = ended;
        }
        close(pipes[0]);
        return r;
}
