/* SPDX-License-Identifier: MIT */
/*
 * held - what a lease holds, and what would become of it
 *
 * Runs in a child of the executor, and in a process of its own below that.  Whether a held message is overdue, or has
 * a recipient left, stands in the file, and that was written by strangers.  So it is read by a process that has
 * become the mail owner for good: whatever a file does to it, it can do no more than Postfix may.  What it finds
 * comes back as numbers and as a list of IDs, which is then believed as little as one from the watcher.
 *
 * What was changed where it lies would be taken for an admin's as soon as anything else is moved, ours included, so
 * it is marked anew before that.
 *
 * Owns that process and its pipe.  Fails with a negative errno value; -EIO when the process ended without an answer.
 * Limits: SELECTION_MAX messages are listed, and what can be read in the time that is given; the rest is counted, and
 * has its turn at the next call.
 */
#include "postfix/held.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "postfix/order.h"
#include "postfix/queue_file.h"
#include "postfix/selection.h"

#define GRACE_SECONDS 30u /* beyond the time to read, for a disk that does not answer */
#define PIECE (64u << 10)

/* Between a release and the end of the first try. */
#define MARGIN_SECONDS 900u

struct look {
        const struct mail_dir *hold;
        const struct hold_lifetimes *lifetimes;
        struct selection_writer *list; /* NULL: none is wanted */
        uint64_t lease, now;
        unsigned read_seconds;
        time_t read_until; /* CLOCK_MONOTONIC */
        struct held held;
        struct queue_file_reader reader;
};

static bool read_message(struct look *look, int fd, uint64_t size) {
        int state;

        queue_file_reader_init(&look->reader, fd, size, false, NULL, NULL);
        do
                state = queue_file_reader_step(&look->reader, PIECE);
        while (state == QUEUE_FILE_MORE);
        return state == QUEUE_FILE_DONE;
}

/* Whether it would bounce: not known of one that cannot be read, and Postfix will not get that far with it. */
static bool judge(struct look *look, int fd, uint64_t size) {
        const struct queue_file *file = &look->reader.file;
        uint64_t end;

        if (!read_message(look, fd, size)) {
                look->held.unread++;
                return false;
        }
        if (file->recipients_left == 0) {
                look->held.ghosts++;
                return false;
        }
        end = file->create_seconds +
                (file->null_sender ? look->lifetimes->bounce_seconds : look->lifetimes->mail_seconds);
        if (end > look->held.expires)
                look->held.expires = end;
        return end < look->now + MARGIN_SECONDS;
}

static time_t monotonic_seconds(void) {
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC, &now);
        return now.tv_sec;
}

enum hold_mark held_mark(const struct mail_dir *hold, uint64_t lease, const struct stat *status) {
        enum hold_mark mark = hold_mark_of(lease, status);
        struct stat directory;

        if (mark == HOLD_MARK_TOUCHED && fstat(hold->directory, &directory) == 0 &&
                hold_mark_is_unmoved(status, &directory))
                return HOLD_MARK_OURS;
        return mark;
}

static int read_one(struct look *look, const char *path, struct mail_file *file) {
        const char *slash = strrchr(path, '/');
        bool overdue = judge(look, file->fd, (uint64_t)file->status.st_size);
        int r = 0;

        look->held.ours++;
        look->held.overdue += overdue;
        if (hold_mark_of(look->lease, &file->status) != HOLD_MARK_OURS)
                r = mail_dir_set_time(look->hold, file, hold_mark_after(look->lease, order_wall_clock()));
        if (r == 0 && !overdue && look->list)
                selection_add(look->list, slash ? slash + 1 : path, file->status.st_ino);
        return r < 0 ? r : 0;
}

static int look_at(const char *path, const struct stat *status, void *data) {
        struct look *look = data;
        struct mail_file file;
        int r;

        switch (held_mark(look->hold, look->lease, status)) {
        case HOLD_MARK_NONE: return 0;
        case HOLD_MARK_TOUCHED: look->held.touched++; return 0;
        case HOLD_MARK_OURS: break;
        }
        if ((look->list && look->list->n >= SELECTION_MAX) || monotonic_seconds() >= look->read_until) {
                look->held.ours++;
                look->held.later++;
                return 0;
        }
        r = mail_dir_open_file(look->hold, path, status->st_ino, &file);
        if (r != 0)
                return r < 0 ? r : 0;
        if (held_mark(look->hold, look->lease, &file.status) == HOLD_MARK_OURS)
                r = read_one(look, path, &file);
        mail_file_close(&file);
        return r;
}

/* Numbers through the pipe, the list in its memfd; as the mail owner, for good. */
static int read_all(struct look *look, struct mail_dir *hold, int list_fd, int answer_fd) {
        struct selection_writer list;
        int r = mail_dir_stay_owner(hold);

        if (r < 0)
                return r;
        if (list_fd >= 0) {
                selection_writer_init(&list, list_fd);
                look->list = &list;
        }
        r = mail_dir_walk(look->hold, look_at, look);
        if (r >= 0 && look->list && selection_finish(&list) < 0)
                r = -EIO;
        if (r < 0)
                return r;
        return write(answer_fd, &look->held, sizeof(look->held)) == (ssize_t)sizeof(look->held) ? 0 : -EPIPE;
}

__attribute__((noreturn)) static void be_the_reader(
        struct look *look, pid_t parent, int list_fd, int answer_fd) {
        struct mail_dir hold = *look->hold;

        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent)
                _exit(EINTR);
        signal(SIGALRM, SIG_DFL);
        alarm(look->read_seconds + GRACE_SECONDS);
        look->read_until = monotonic_seconds() + (time_t)look->read_seconds;
        look->hold = &hold;
        _exit(-read_all(look, &hold, list_fd, answer_fd));
}

/* The exit status is an errno value. */
static int await(pid_t pid) {
        int status;

        while (waitpid(pid, &status, 0) < 0)
                if (errno != EINTR)
                        return -errno;
        if (!WIFEXITED(status))
                return -EIO;
        return -WEXITSTATUS(status);
}

static int ask(struct look *look, int list_fd, struct held *ret_held) {
        pid_t pid, parent = getpid();
        int pipes[2], r;

        if (pipe2(pipes, O_CLOEXEC) < 0)
                return -errno;
        pid = fork();
        if (pid == 0)
                be_the_reader(look, parent, list_fd, pipes[1]);
        r = pid < 0 ? -errno : 0;
        close(pipes[1]);
        /* Less than a pipe holds, so it never waits for us to read. */
        if (pid > 0)
                r = await(pid);
        if (r >= 0 && read(pipes[0], ret_held, sizeof(*ret_held)) != (ssize_t)sizeof(*ret_held))
                r = -EIO;
        close(pipes[0]);
        return r;
}

int held_look(const struct mail_dir *hold, uint64_t lease, const struct hold_lifetimes *lifetimes,
        unsigned read_seconds, int list_fd, struct held *ret_held) {
        struct look look = {.hold = hold,
                .lifetimes = lifetimes,
                .lease = lease,
                .now = (uint64_t)order_wall_clock(),
                .read_seconds = read_seconds};
        struct held held;
        int r;

        r = ask(&look, list_fd, &held);
        if (r >= 0 && list_fd >= 0 &&
                fcntl(list_fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) < 0)
                r = -errno;
        if (r >= 0)
                *ret_held = held;
        return r;
}
