/* SPDX-License-Identifier: MIT */
/*
 * order - what a verb was told to act on: a spool, and messages below its deferred/
 *
 * Runs in a child of the executor.  The instance is looked up among the spools of the configuration and the
 * selection is read as a stranger's words; whatever does not hold is said in a sentence for the record, the
 * same for all verbs of this plugin.  The next hop only names the order to people, but an order without one
 * could be meant for everything, so it is refused.
 *
 * Owns, in struct order, the open directory (and with it the mail owner's identity) and the mapped selection;
 * order_close() lets go of both.  Fails with a negative errno value and the sentence.
 * Limits: none of its own; those of the selection and of deferred/ apply.
 */
#include "postfix/order.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

__attribute__((format(printf, 3, 4))) static int refuse(
        struct sg_outcome *outcome, int error, const char *format, ...) {
        va_list arguments;

        va_start(arguments, format);
        vsnprintf(outcome->text, sizeof(outcome->text), format, arguments);
        va_end(arguments);
        return error;
}

int order_spool(const struct sg_action *action, const char *instance, char ret_spool[static ORDER_PATH_MAX],
        struct sg_outcome *outcome) {
        const char *spool = postfix_spool_of(action->options[POSTFIX_OPTION_SPOOLS].list, instance);

        if (!spool)
                return refuse(outcome, -ENOENT, "no configured spool belongs to a Postfix instance \"%.60s\"",
                        instance);
        if (snprintf(ret_spool, ORDER_PATH_MAX, "%s%s", action->host->root, spool) >= ORDER_PATH_MAX)
                return refuse(outcome, -ENOENT, "the path of the spool of \"%.60s\" is too long", instance);
        return 0;
}

void order_config(const char *instance, char ret_directory[static ORDER_PATH_MAX]) {
        snprintf(ret_directory, ORDER_PATH_MAX, "/etc/%s", strcmp(instance, "-") == 0 ? "postfix" : instance);
}

int order_deferred(const struct sg_action *action, const char *instance, struct deferred *ret_deferred,
        struct sg_outcome *outcome) {
        char spool[ORDER_PATH_MAX];
        int r = order_spool(action, instance, spool, outcome);

        if (r < 0)
                return r;
        r = deferred_open(spool, ret_deferred);
        if (r == -EPERM)
                return refuse(
                        outcome, r, "%.180s/deferred does not belong to an unprivileged mail owner", spool);
        if (r < 0)
                return refuse(outcome, r, "%.180s/deferred cannot be used: %s", spool, strerror(-r));
        return 0;
}

static int open_selection(
        const struct sg_action *action, struct selection *ret_selection, struct sg_outcome *outcome) {
        int r;

        if (action->selection_fd < 0)
                return refuse(outcome, -EBADMSG, "there is no selection of messages");
        r = selection_open(action->selection_fd, ret_selection);
        if (r == -ENODATA)
                return refuse(outcome, r, "the selection of messages is empty");
        if (r == -EBADMSG)
                return refuse(
                        outcome, r, "the selection of messages is malformed; nothing in it is believed");
        if (r < 0)
                return refuse(outcome, r, "the selection of messages cannot be read: %s", strerror(-r));
        return 0;
}

int order_open(const struct sg_action *action, const char *instance, const char *nexthop,
        struct order *ret_order, struct sg_outcome *outcome) {
        struct order order;
        int r;

        if (nexthop[0] == '\0')
                return refuse(outcome, -EINVAL, "no next hop is named, and that never means all of them");
        r = open_selection(action, &order.selection, outcome);
        if (r < 0)
                return r;
        r = order_deferred(action, instance, &order.deferred, outcome);
        if (r < 0) {
                selection_close(&order.selection);
                return r;
        }
        *ret_order = order;
        return 0;
}

void order_close(struct order *order) {
        deferred_close(&order->deferred);
        selection_close(&order->selection);
}

static void tally_add(struct tally *tally, int answer) {
        switch (answer) {
        case 0: tally->done++; break;
        case DEFERRED_GONE: tally->gone++; break;
        case DEFERRED_CHANGED: tally->changed++; break;
        case ORDER_WAITS: tally->waiting++; break;
        default:
                tally->failed++;
                if (tally->error == 0)
                        tally->error = answer;
        }
}

void order_each(struct order *order, order_fn fn, void *data, struct tally *ret_tally) {
        struct tally tally = {.selected = order->selection.n};

        for (size_t i = 0; i < order->selection.n; i++) {
                const struct selection_entry *entry = &order->selection.entries[i];
                struct deferred_message message;
                int r = deferred_find(&order->deferred, entry->id, entry->inode, &message);

                if (r == 0) {
                        r = fn(order, entry->id, &message, data);
                        deferred_message_close(&message);
                }
                tally_add(&tally, r);
        }
        *ret_tally = tally;
}

time_t order_wall_clock(void) {
        struct timespec now;

        clock_gettime(CLOCK_REALTIME, &now);
        return now.tv_sec;
}

const char *order_number(uint64_t number, char text[static ORDER_NUMBER_MAX]) {
        char digits[ORDER_NUMBER_MAX];
        size_t n = (size_t)snprintf(digits, sizeof(digits), "%llu", (unsigned long long)number), out = 0;

        for (size_t i = 0; i < n; i++) {
                if (i > 0 && (n - i) % 3 == 0)
                        text[out++] = ',';
                text[out++] = digits[i];
        }
        text[out] = '\0';
        return text;
}

void tally_describe(const struct tally *tally, const char *done, char text[static SG_TEXT_MAX]) {
        const struct {
                uint64_t n;
                const char *what;
        } rest[] = {
                {tally->waiting, "wait longer anyway"},
                {tally->gone, "left the deferred queue meanwhile"},
                {tally->changed, "not as they were chosen and left alone"},
                {tally->failed, "failed"},
        };
        char a[ORDER_NUMBER_MAX], b[ORDER_NUMBER_MAX];
        int used = snprintf(text, SG_TEXT_MAX, "%s of %s %s", order_number(tally->done, a),
                order_number(tally->selected, b), done);

        for (size_t i = 0; i < sizeof(rest) / sizeof(rest[0]); i++)
                if (rest[i].n > 0 && used < SG_TEXT_MAX)
                        used += snprintf(text + used, (size_t)(SG_TEXT_MAX - used), ", %s %s",
                                order_number(rest[i].n, a), rest[i].what);
        if (tally->failed > 0 && used < SG_TEXT_MAX)
                snprintf(text + used, (size_t)(SG_TEXT_MAX - used), ": %s", strerror(-tally->error));
}
