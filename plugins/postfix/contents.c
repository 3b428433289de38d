/* SPDX-License-Identifier: MIT */
/*
 * contents - whether selected messages are what was asked for, by what stands in them
 *
 * Runs in a child of the executor; among the bytes of queue files in the process of owner_reader.c.  A selection
 * comes from the process that reads hostile bytes, so by itself it is a list of anybody's mail.  Before any of it is
 * moved, sender, recipients that are left, arrival and lifetime are read from the files once more, by a process that
 * has nothing of the watcher's.  Its answer is a byte for each message, which can let pass no more than was selected.
 *
 * Why a message was deferred and where it would go next is not in its file: of a filter by reason or next hop the
 * selection's word is taken, within the budget of the verb, and for hold beside a sender or domain that is looked at.
 *
 * Owns the answers until they are the order's.  Fails with a negative errno value and the sentence.
 * Limits: what cannot be read in the time there is, is left for the next round.
 */
#include "postfix/contents.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

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

static bool fits_sender(const struct pass *pass, const struct queue_file *file) {
        const char *wanted = pass->wanted->filter->sender;

        if (!wanted)
                return true;
        if (strcmp(wanted, "<>") == 0 || strcmp(wanted, QUEUE_NULL_SENDER) == 0)
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
        if (!fits_sender(pass, file) || !fits_age(pass, file) || !fits_domain(pass))
                return MAIL_CHANGED;
        if (pass->wanted->lifetimes &&
                !hold_rules_may_hold(
                        pass->wanted->lifetimes, file->create_seconds, file->null_sender, pass->now))
                return ORDER_AGED;
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
        if (r == QUEUE_FILE_DONE)
                return judge(pass, &reader->file.file);
        return r == QUEUE_FILE_MORE || r < 0 ? ORDER_UNREAD : MAIL_CHANGED;
}

static int read_all(struct owner_reader *reader, void *data, void *ret_answer) {
        struct pass *pass = data;
        uint8_t *answers = ret_answer;

        for (size_t i = 0; i < pass->selection->n; i++)
                answers[i] = owner_reader_is_late(reader)
                        ? (uint8_t)ORDER_UNREAD
                        : (uint8_t)look_at(reader, pass, &pass->selection->entries[i]);
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
        int r = -EINVAL;

        if ((!filter->domain || to_lower(filter->domain, pass.domain)) &&
                (!filter->sender || to_lower(filter->sender, pass.sender)))
                r = ask(order, &pass);
        if (r < 0)
                return order_refuse(outcome, r, "the messages could not be read: %s", strerror(-r));
        return 0;
}
