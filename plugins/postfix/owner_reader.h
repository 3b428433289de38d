/* SPDX-License-Identifier: MIT */
/* owner_reader - read queue files in a process that has become the mail owner for good */
#ifndef POSTFIX_OWNER_READER_H
#define POSTFIX_OWNER_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "postfix/mail_dir.h"
#include "postfix/queue_file.h"

/* What the process of the reader is given; `dir` is the queue that was open, and belongs to nobody else now. */
struct owner_reader {
        struct mail_dir dir;
        time_t until; /* CLOCK_MONOTONIC in seconds */
        int extra_fd; /* the caller's, open in the reader, too; -1: none */
        struct queue_file_reader file;
};

/*
 * Runs in that process, until about reader->until, and leaves its answer in `ret_answer`.  0, or a negative errno
 * value, and then there is no answer.
 */
typedef int (*owner_reader_fn)(struct owner_reader *reader, void *data, void *ret_answer);

/*
 * Runs `fn` as the mail owner; `data` it has as a copy.  What comes back may be any `size` bytes.  0, or a negative
 * errno value: that of `fn`, -EIO when there was no answer, -ETIME when it did not come long after its time.
 */
int owner_reader_ask(const struct mail_dir *dir, unsigned read_seconds, int extra_fd, owner_reader_fn fn,
        void *data, void *ret_answer, size_t size);

/* For `fn`. */
bool owner_reader_is_late(const struct owner_reader *reader);
/* Reads reader->file to its end.  QUEUE_FILE_MORE: the time was over; else as queue_file_reader_step(). */
int owner_reader_read(struct owner_reader *reader, const struct mail_file *message,
        queue_file_recipient_fn on_recipient, void *data);

#endif
