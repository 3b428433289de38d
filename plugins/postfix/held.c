/* SPDX-License-Identifier: MIT */
/*
 * held - what a lease holds, and what would become of it
 *
 * Runs in a child of the executor; among the bytes of queue files in the process of owner_reader.c.  Whether a held
 * message is overdue, or has a recipient left, stands in the file, and that was written by strangers.  What their
 * reader finds comes back as numbers and as a list of IDs, which is then believed as little as one from the watcher.
 *
 * What was changed where it lies would be taken for an admin's as soon as anything else is moved, ours included, so
 * it is marked anew before that.
 *
 * Owns nothing between the calls.  Fails with a negative errno value; -EIO when the reader ended without an answer.
 * Limits: SELECTION_MAX messages are listed, and what can be read in the time that is given; the rest is counted, and
 * has its turn at the next call.
 */
#include "postfix/held.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "postfix/order.h"
#include "postfix/owner_reader.h"
#include "postfix/selection.h"

struct look {
        const struct hold_lifetimes *lifetimes;
        uint64_t lease, now;
        struct owner_reader *reader;   /* from here on only in its process */
        struct selection_writer *list; /* NULL: none is wanted */
        struct held *held;
};

enum judgement { HELD_DUE, HELD_OVERDUE, HELD_LATER };

/* Whether it would bounce: not known of one that cannot be read, and Postfix will not get that far with it. */
static enum judgement judge(struct look *look, const struct mail_file *message) {
        const struct queue_file *file = &look->reader->file.file;
        uint64_t end;

        switch (owner_reader_read(look->reader, message, NULL, NULL)) {
        case QUEUE_FILE_DONE: break;
        case QUEUE_FILE_MORE: return HELD_LATER;
        default: look->held->unread++; return HELD_DUE;
        }
        if (file->recipients_left == 0) {
                look->held->ghosts++;
                return HELD_DUE;
        }
        end = hold_rules_end(look->lifetimes, file->create_seconds, file->null_sender);
        if (end > look->held->expires)
                look->held->expires = end;
        if (look->held->expires_first == 0 || end < look->held->expires_first)
                look->held->expires_first = end;
        return end < look->now + look->lifetimes->margin_seconds ? HELD_OVERDUE : HELD_DUE;
}

enum hold_mark held_mark(const struct mail_dir *hold, uint64_t lease, const struct stat *status) {
        enum hold_mark mark = hold_mark_of(lease, status);
        struct stat directory;

        if (mark == HOLD_MARK_TOUCHED && fstat(hold->directory, &directory) == 0 &&
                hold_mark_is_unmoved(status, &directory))
                return HOLD_MARK_OURS;
        return mark;
}

/* One that cannot be marked anew, since somebody made it immutable, say, does not keep the others. */
static void read_one(struct look *look, const char *path, struct mail_file *file) {
        const char *slash = strrchr(path, '/');
        enum judgement judgement = judge(look, file);
        int r = 0;

        if (hold_mark_of(look->lease, &file->status) != HOLD_MARK_OURS)
                r = mail_dir_set_time(
                        &look->reader->dir, file, hold_mark_after(look->lease, order_wall_clock()));
        if (r < 0) {
                look->held->touched++;
                return;
        }
        look->held->ours++;
        look->held->overdue += judgement == HELD_OVERDUE;
        look->held->later += judgement == HELD_LATER;
        if (r == 0 && judgement == HELD_DUE && look->list)
                selection_add(look->list, slash ? slash + 1 : path, file->status.st_ino);
}

static int look_at(const char *path, const struct stat *status, void *data) {
        struct look *look = data;
        const struct mail_dir *hold = &look->reader->dir;
        struct mail_file file;
        int r;

        switch (held_mark(hold, look->lease, status)) {
        case HOLD_MARK_NONE: return 0;
        case HOLD_MARK_TOUCHED: look->held->touched++; return 0;
        case HOLD_MARK_OURS: break;
        }
        if ((look->list && look->list->n >= SELECTION_MAX) || owner_reader_is_late(look->reader)) {
                look->held->ours++;
                look->held->later++;
                return 0;
        }
        r = mail_dir_open_file(hold, path, status->st_ino, &file);
        if (r < 0) {
                look->held->ours++;
                look->held->later++;
        }
        if (r != 0)
                return 0;
        if (held_mark(hold, look->lease, &file.status) == HOLD_MARK_OURS)
                read_one(look, path, &file);
        mail_file_close(&file);
        return 0;
}

/* Numbers are the answer, the list goes to its memfd. */
static int read_all(struct owner_reader *reader, void *data, void *ret_answer) {
        struct selection_writer list;
        struct look *look = data;
        int r;

        look->reader = reader;
        look->held = ret_answer;
        if (reader->extra_fd >= 0) {
                selection_writer_init(&list, reader->extra_fd);
                look->list = &list;
        }
        r = mail_dir_walk(&reader->dir, look_at, look);
        if (r >= 0 && look->list && selection_finish(&list) < 0)
                r = -EIO;
        return r;
}

int held_look(const struct mail_dir *hold, uint64_t lease, const struct hold_lifetimes *lifetimes,
        unsigned read_seconds, int list_fd, struct held *ret_held) {
        struct look look = {.lifetimes = lifetimes, .lease = lease, .now = (uint64_t)order_wall_clock()};
        struct held held = {.ours = 0};
        int r;

        r = owner_reader_ask(hold, read_seconds, list_fd, read_all, &look, &held, sizeof(held));
        if (r >= 0 && list_fd >= 0 &&
                fcntl(list_fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) < 0)
                r = -errno;
        if (r >= 0)
                *ret_held = held;
        return r;
}
