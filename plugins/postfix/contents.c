/* SPDX-License-Identifier: MIT */
/*
 * contents - whether selected messages are what was asked for, by what stands in them
 *
 * Runs in a child of the executor; among the bytes of queue files in the process of owner_reader.c.  A selection
 * comes from the process that reads hostile bytes, so by itself it is a list of anybody's mail.  Before any of it is
 * moved, sender, recipients that are left, arrival and lifetime are read from the files once more, by a process that
 * has nothing of the watcher's, and from the log of the deferral why it was deferred.  The answer is a byte for each
 * message, which can let pass no more than was selected.
 *
 * What is to be taken in again may not have been delivered already, nor live for ever by being taken in again and
 * again: when it arrived is kept then, unlike the lifetime that Postfix counts.
 *
 * Where a message would go next is in no file: of a filter by next hop the selection's word is taken, within the
 * budget of the verb, and for hold beside a sender or domain that is looked at.
 *
 * Owns the answers until they are the order's.  Fails with a negative errno value and the sentence.
 * Limits: what cannot be read in the time there is, is left for the next round; what changes afterwards is for
 * the verb to notice.
 */
#include "postfix/contents.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "postfix/defer_log.h"
#include "postfix/defer_verdict.h"
#include "postfix/owner_reader.h"
#include "postfix/queue_names.h"

#define SECOND_USEC 1000000u

/* What the reader is given, and what he knows of the message at hand. */
struct pass {
        const struct selection *selection;
        const struct contents_wanted *wanted;
        uint64_t now;
        char domain[QUEUE_DOMAIN_MAX], sender[QUEUE_DOMAIN_MAX]; /* of the filter, in lower case */
        uint64_t inside, outside; /* recipients, by the domain that is wanted */

        struct reason_site reasons;
        struct mail_dir logs; /* in the reader only, as the text */
        char *log_text;       /* NULL: logs do not matter */
};

/* False: no domain is that long. */
static bool to_lower(const char *text, char lower[static QUEUE_DOMAIN_MAX]) {
        size_t n = strlen(text);

        for (size_t i = 0; i <= n && n < QUEUE_DOMAIN_MAX; i++)
                lower[i] = (char)tolower((unsigned char)text[i]);
        return n < QUEUE_DOMAIN_MAX;
}

static bool is_in(const char *address, const char *wanted) {
        char domain[QUEUE_DOMAIN_MAX];

        queue_file_domain(address, domain);
        return address[0] != '\0' && strcmp(domain, wanted) == 0;
}

static void on_recipient(const char *address, uint64_t offset, void *data) {
        struct pass *pass = data;

        (void)offset;
        if (is_in(address, pass->domain))
                pass->inside++;
        else
                pass->outside++;
}

bool contents_is_null_sender(const char *sender) {
        return strcmp(sender, "<>") == 0 || strcmp(sender, QUEUE_NULL_SENDER) == 0;
}

static bool fits_sender(const struct pass *pass, const struct queue_file *file) {
        const char *wanted = pass->wanted->filter->sender;

        if (!wanted)
                return true;
        if (contents_is_null_sender(wanted))
                return file->null_sender;
        return file->has_sender && is_in(file->sender, pass->sender);
}

static bool fits_age(const struct pass *pass, const struct queue_file *file) {
        const uint64_t older_than_usec = pass->wanted->filter->older_than_usec;

        return older_than_usec == 0 || file->arrival_seconds + older_than_usec / SECOND_USEC <= pass->now;
}

static bool fits_domain(const struct pass *pass) {
        return !pass->wanted->filter->domain ||
                (pass->inside > 0 && (pass->outside == 0 || !pass->wanted->only_domain));
}

static int judge(const struct pass *pass, const struct queue_file *file) {
        const struct contents_wanted *wanted = pass->wanted;

        if (!fits_sender(pass, file) || !fits_age(pass, file) || !fits_domain(pass))
                return MAIL_CHANGED;
        if (wanted->hold_lifetimes &&
                !hold_rules_may_hold(
                        wanted->hold_lifetimes, file->create_seconds, file->null_sender, pass->now))
                return ORDER_AGED;
        if (wanted->requeue_lifetimes &&
                hold_rules_end(wanted->requeue_lifetimes, file->arrival_seconds, file->null_sender) <
                        pass->now)
                return MAIL_CHANGED;
        return 0;
}

/* 0, without a log as well; or a negative errno value. */
static int read_log(struct pass *pass, const char *id, bool at_filter, struct defer_verdict *ret_verdict) {
        int fd = mail_dir_open_log(&pass->logs, id);
        ssize_t n;

        *ret_verdict = (struct defer_verdict){.class = REASON_NONE};
        if (fd < 0)
                return fd == -ENOENT ? 0 : fd;
        n = pread(fd, pass->log_text, DEFER_LOG_MAX, 0);
        if (n >= 0)
                defer_verdict_read(&pass->reasons, pass->log_text, (size_t)n, n == DEFER_LOG_MAX, at_filter,
                        ret_verdict);
        close(fd);
        return n < 0 ? -EIO : 0;
}

static int judge_log(struct pass *pass, const char *id, bool at_filter) {
        const struct contents_wanted *wanted = pass->wanted;
        struct defer_verdict verdict;

        if (!pass->log_text)
                return 0;
        /* What cannot be read may say anything. */
        if (read_log(pass, id, at_filter, &verdict) < 0 ||
                (wanted->filter->reason && strcmp(wanted->filter->reason, reason_name(verdict.class)) != 0) ||
                (wanted->requeue_lifetimes && verdict.duplicate_risk))
                return MAIL_CHANGED;
        return 0;
}

static int look_at(struct owner_reader *reader, struct pass *pass, const struct selection_entry *entry) {
        struct mail_file message;
        int r = mail_dir_find(&reader->dir, entry->id, entry->inode, &message);

        if (r != 0)
                return r < 0 ? ORDER_UNREAD : MAIL_CHANGED;
        pass->inside = pass->outside = 0;
        r = owner_reader_read(reader, &message, pass->wanted->filter->domain ? on_recipient : NULL, pass);
        mail_file_close(&message);
        if (r == QUEUE_FILE_DONE) {
                r = judge(pass, &reader->file.file);
                return r != 0 ? r : judge_log(pass, entry->id, reader->file.file.has_filter);
        }
        return r == QUEUE_FILE_MORE || r < 0 ? ORDER_UNREAD : MAIL_CHANGED;
}

static int open_logs(struct pass *pass, const struct mail_dir *queue) {
        int r;

        if (!pass->wanted->filter->reason && !pass->wanted->requeue_lifetimes)
                return 0;
        r = mail_dir_open_beside(queue, "defer", &pass->logs);
        if (r < 0)
                return r;
        pass->log_text = malloc(DEFER_LOG_MAX);
        if (pass->log_text)
                return 0;
        mail_dir_close(&pass->logs);
        return -ENOMEM;
}

static void close_logs(struct pass *pass) {
        if (pass->log_text)
                mail_dir_close(&pass->logs);
        free(pass->log_text);
        pass->log_text = NULL;
}

static int read_all(struct owner_reader *reader, void *data, void *ret_answer) {
        struct pass *pass = data;
        uint8_t *answers = ret_answer;
        int r = open_logs(pass, &reader->dir);

        if (r < 0)
                return r;
        for (size_t i = 0; i < pass->selection->n; i++)
                answers[i] = owner_reader_is_late(reader)
                        ? (uint8_t)ORDER_UNREAD
                        : (uint8_t)look_at(reader, pass, &pass->selection->entries[i]);
        close_logs(pass);
        return 0;
}

/* A byte that no reader of ours would write lets nothing pass. */
static int16_t answer_of(uint8_t byte) {
        return byte == 0 || byte == ORDER_AGED || byte == ORDER_UNREAD ? byte : MAIL_CHANGED;
}

static int ask(struct order *order, struct pass *pass) {
        const size_t n = order->selection.n;
        uint8_t *bytes = malloc(n);
        int16_t *answers = calloc(n, sizeof(*answers));
        int r = -ENOMEM;

        if (bytes && answers)
                r = owner_reader_ask(&order->dir, pass->wanted->read_seconds, -1, read_all, pass, bytes, n);
        for (size_t i = 0; i < n && r >= 0; i++)
                answers[i] = answer_of(bytes[i]);
        free(bytes);
        if (r < 0) {
                free(answers);
                return r;
        }
        free(order->answers);
        order->answers = answers;
        return 0;
}

int contents_check(struct order *order, const struct contents_wanted *wanted, struct sg_outcome *outcome) {
        const struct sg_queue_filter *filter = wanted->filter;
        struct pass pass = {
                .selection = &order->selection, .wanted = wanted, .now = (uint64_t)order_wall_clock()};
        const char *bad;
        int r = 0;

        if ((filter->domain && !to_lower(filter->domain, pass.domain)) ||
                (filter->sender && !to_lower(filter->sender, pass.sender)))
                r = -EINVAL;
        /* A row that nobody understands the sensor complains of, and does without. */
        else if (wanted->reasons && reason_site_init(&pass.reasons, wanted->reasons, &bad) == -ENOMEM)
                r = -ENOMEM;
        if (r >= 0)
                r = ask(order, &pass);
        reason_site_deinit(&pass.reasons);
        if (r < 0)
                return order_refuse(outcome, r, "the messages could not be read: %s", strerror(-r));
        return 0;
}
