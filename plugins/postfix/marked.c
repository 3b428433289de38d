/* SPDX-License-Identifier: MIT */
/*
 * marked - deferred messages that a lease made wait, found by its mark
 *
 * Runs in a child of the executor, as the mail owner.  The marks in the files are the list: whatever became of the
 * process that set them, they are found.  A time in the past is none of ours any more, marked or not: the message was
 * due, and Postfix has it.  What is returned gets a time within the next minutes, never a later one than it had.
 *
 * Owns nothing.  Fails with what deferred/ could not be read for; single messages that could not be changed are
 * counted.  Limits: those of retry_time.c and mail_dir.c.
 */
#include "postfix/marked.h"

#include <string.h>

#include "postfix/retry_time.h"

struct pass {
        const struct mail_dir *deferred;
        uint32_t mark;
        time_t now;
        struct marked marked;
};

static bool is_ours(const struct pass *pass, const struct stat *status) {
        return (uint64_t)status->st_mtim.tv_nsec == pass->mark && status->st_mtim.tv_sec > pass->now;
}

static int count_one(const char *path, const struct stat *status, void *data) {
        struct pass *pass = data;

        (void)path;
        pass->marked.n += is_ours(pass, status);
        return 0;
}

static int return_one(const char *path, const struct stat *status, void *data) {
        struct pass *pass = data;
        const char *slash = strrchr(path, '/');
        struct mail_file message;
        int r;

        if (!is_ours(pass, status))
                return 0;
        r = mail_dir_open_file(pass->deferred, path, status->st_ino, &message);
        if (r == 0) {
                /* Postfix or a person may have had a word on it since the directory was read. */
                if (is_ours(pass, &message.status)) {
                        const struct timespec next = {
                                .tv_sec = retry_time_returned(
                                        pass->now, slash ? slash + 1 : path, message.status.st_mtim.tv_sec)};

                        r = mail_dir_set_time(pass->deferred, &message, next);
                        pass->marked.n += r == 0;
                }
                mail_file_close(&message);
        }
        if (r < 0 && pass->marked.failed++ == 0)
                pass->marked.error = r;
        return 0;
}

static int walk(const struct mail_dir *deferred, uint64_t lease, time_t now, mail_dir_fn fn,
        struct marked *ret_marked) {
        struct pass pass = {.deferred = deferred, .mark = retry_time_mark(lease), .now = now};
        int r = mail_dir_walk(deferred, fn, &pass);

        *ret_marked = pass.marked;
        return r;
}

int marked_count(const struct mail_dir *deferred, uint64_t lease, time_t now, struct marked *ret_marked) {
        return walk(deferred, lease, now, count_one, ret_marked);
}

int marked_return(const struct mail_dir *deferred, uint64_t lease, time_t now, struct marked *ret_marked) {
        return walk(deferred, lease, now, return_one, ret_marked);
}
