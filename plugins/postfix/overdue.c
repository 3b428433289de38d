/* SPDX-License-Identifier: MIT */
/*
 * overdue - how many messages would be returned to their senders if mail lived shorter
 *
 * Runs in a child of the executor; among the bytes of queue files in the process of owner_reader.c.  Postfix bounces
 * at its next failed try what is older than a lifetime, so before one is lowered again all messages are looked at:
 * those on hold as well, since they are tried when somebody releases them.  What would reach that age before it is
 * tried once more counts, too.  A message that cannot be read counts as one that may be that old.
 *
 * Messages move between the queues meanwhile, and one that moves into a queue that was read already from one that was
 * not is seen nowhere.  So when there are none, all of it is read once more: between two tries there are minutes, and
 * no message escapes twice in seconds.
 *
 * Owns nothing between the calls.  Fails with a negative errno value and the sentence.
 * Limits: READ_SECONDS for all of it; mail of local users that was not picked up yet has its life before it.
 */
#include "postfix/overdue.h"

#include <errno.h>
#include <string.h>

#include "postfix/main_cf.h"
#include "postfix/owner_reader.h"

#define READ_SECONDS 150u
#define SCANS 2u
/* Where mail lives for minutes only, the time of a try is no measure. */
#define MARGIN_SHARE 8u

/* The order of a retry; the other way round they are passed by what was not delivered. */
static const char *const queues[] = {"hold", "deferred", "incoming", "active"};

int overdue_lifetimes(const char *main_cf, struct overdue_lifetimes *ret_lifetimes) {
        struct overdue_lifetimes lifetimes;
        uint64_t scan, backoff, least;

        if (!main_cf_lifetimes(main_cf, &lifetimes.mail_seconds, &lifetimes.bounce_seconds) ||
                !main_cf_time(main_cf, "queue_run_delay", 's', "300s", &scan) ||
                !main_cf_time(main_cf, "maximal_backoff_time", 's', "4000s", &backoff))
                return -EINVAL;
        least = (lifetimes.bounce_seconds < lifetimes.mail_seconds ? lifetimes.bounce_seconds
                                                                   : lifetimes.mail_seconds) /
                MARGIN_SHARE;
        lifetimes.margin_seconds = backoff + SCANS * scan;
        if (lifetimes.margin_seconds > least)
                lifetimes.margin_seconds = least;
        *ret_lifetimes = lifetimes;
        return 0;
}

struct pass {
        const struct overdue_lifetimes *lifetimes;
        uint64_t now;
        struct owner_reader *reader; /* from here on only in its process */
        const struct mail_dir *queue;
        struct overdue found;
};

static void judge(struct pass *pass, const struct queue_file *file) {
        const struct overdue_lifetimes *lifetimes = pass->lifetimes;
        const uint64_t end = file->create_seconds +
                (file->null_sender ? lifetimes->bounce_seconds : lifetimes->mail_seconds);

        if (file->recipients_left == 0)
                return;
        if (end <= pass->now && file->null_sender)
                pass->found.bounces++;
        else if (end <= pass->now)
                pass->found.mail++;
        else
                pass->found.soon += end < pass->now + lifetimes->margin_seconds;
}

static int look_at(const char *path, const struct stat *status, void *data) {
        struct pass *pass = data;
        struct mail_file file;
        int r;

        if (owner_reader_is_late(pass->reader))
                return -ETIME;
        r = mail_dir_open_file(pass->queue, path, status->st_ino, &file);
        if (r == MAIL_GONE)
                return 0;
        if (r != 0) {
                pass->found.unread++;
                return 0;
        }
        r = owner_reader_read(pass->reader, &file, NULL, NULL);
        if (r == QUEUE_FILE_DONE)
                judge(pass, &pass->reader->file.file);
        else if (r != QUEUE_FILE_MORE)
                pass->found.unread++;
        mail_file_close(&file);
        return r == QUEUE_FILE_MORE ? -ETIME : 0;
}

static int count_linked(const char *path, const struct stat *status, void *data) {
        struct pass *pass = data;

        (void)path;
        (void)status;
        pass->found.unread++;
        return 0;
}

static int read_queues(struct pass *pass) {
        pass->found = (struct overdue){.mail = 0};
        for (size_t i = 0; i < sizeof(queues) / sizeof(queues[0]); i++) {
                struct mail_dir queue;
                int r = mail_dir_open_beside(&pass->reader->dir, queues[i], &queue);

                if (r < 0)
                        return r;
                pass->queue = &queue;
                r = mail_dir_walk(&queue, look_at, pass);
                if (r >= 0)
                        r = mail_dir_walk_linked(&queue, count_linked, pass);
                mail_dir_close(&queue);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int read_all(struct owner_reader *reader, void *data, void *ret_answer) {
        struct pass *pass = data;
        struct overdue *overdue = ret_answer;
        int r;

        pass->reader = reader;
        r = read_queues(pass);
        if (r >= 0 && overdue_total(&pass->found) == 0)
                r = read_queues(pass);
        *overdue = pass->found;
        return r;
}

int overdue_count(const struct sg_action *action, const char *instance,
        const struct overdue_lifetimes *lifetimes, struct overdue *ret_overdue, struct sg_outcome *outcome) {
        struct pass pass = {.lifetimes = lifetimes, .now = (uint64_t)order_wall_clock()};
        struct mail_dir deferred;
        int r = order_queue(action, instance, "deferred", &deferred, outcome);

        if (r < 0)
                return r;
        r = owner_reader_ask(&deferred, READ_SECONDS, -1, read_all, &pass, ret_overdue, sizeof(*ret_overdue));
        mail_dir_close(&deferred);
        if (r == -ETIME)
                return order_refuse(outcome, r,
                        "not all messages could be read in %us, so some may be too old for it", READ_SECONDS);
        if (r < 0)
                return order_refuse(outcome, r, "the queues could not be read: %s", strerror(-r));
        return 0;
}

uint64_t overdue_total(const struct overdue *overdue) {
        return overdue->mail + overdue->bounces + overdue->soon + overdue->unread;
}
