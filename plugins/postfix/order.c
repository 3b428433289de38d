/* SPDX-License-Identifier: MIT */
/*
 * order - what a verb was told to act on: a spool, and messages of one of its queues
 *
 * Runs in a child of the executor.  The instance is looked up in the main.cf files of this host (instance.c) and the
 * selection is read as a stranger's words; whatever does not hold is said in a sentence for the record, the
 * same for all verbs of this plugin.  For postpone and retry the next hop only names the order to people, but an order
 * without one could be meant for everything, so it is refused.
 *
 * Owns, in struct order, the open directory (and with it the mail owner's identity) and the mapped selection;
 * order_close() lets go of both.  Fails with a negative errno value and the sentence.
 * Limits: none of its own; those of the selection and of mail_dir.c apply.
 */
#include "postfix/order.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

#include "postfix/main_cf.h"
#include "postfix/spool_mount.h"
#include "postfix/text_file.h"

int order_refuse(struct sg_outcome *outcome, int error, const char *format, ...) {
        va_list arguments;

        va_start(arguments, format);
        vsnprintf(outcome->text, sizeof(outcome->text), format, arguments);
        va_end(arguments);
        return error;
}

void order_say(struct sg_outcome *outcome, const char *format, ...) {
        size_t used = strlen(outcome->text);
        va_list arguments;

        va_start(arguments, format);
        vsnprintf(outcome->text + used, sizeof(outcome->text) - used, format, arguments);
        va_end(arguments);
}

/* False: there is none of that name that can be used. */
static bool find_instance(
        const struct sg_action *action, const char *name, struct postfix_instance *ret_instance) {
        struct postfix_instances found;
        const struct postfix_instance *instance;

        postfix_instances_find(action->host->root, action->options[POSTFIX_OPTION_SPOOLS].list, &found);
        instance = postfix_instances_named(&found, name);
        if (instance)
                *ret_instance = *instance;
        return instance != NULL;
}

int order_spool(const struct sg_action *action, const char *instance, char ret_spool[static ORDER_PATH_MAX],
        struct sg_outcome *outcome) {
        char why[SPOOL_MOUNT_WHY_MAX];
        struct postfix_instance found;

        if (!find_instance(action, instance, &found))
                return order_refuse(outcome, -ENOENT,
                        "no configured spool belongs to a Postfix instance \"%.60s\"", instance);
        if (spool_mount_is_missing(action->host->root, found.spool, why))
                return order_refuse(outcome, -ENODEV, "%.200s", why);
        if (snprintf(ret_spool, ORDER_PATH_MAX, "%s%s", action->host->root, found.spool) >= ORDER_PATH_MAX)
                return order_refuse(
                        outcome, -ENOENT, "the path of the spool of \"%.60s\" is too long", instance);
        return 0;
}

void order_config(
        const struct sg_action *action, const char *instance, char ret_directory[static ORDER_PATH_MAX]) {
        struct postfix_instance found = {.config = ""};

        find_instance(action, instance, &found);
        snprintf(ret_directory, ORDER_PATH_MAX, "%s", found.config);
}

int order_room(const struct sg_action *action, const char *instance, struct sg_outcome *outcome) {
        struct postfix_instance found;

        if (!find_instance(action, instance, &found) ||
                action->host->pressure(action, found.spool) != SG_PRESSURE_CRITICAL)
                return 0;
        return order_refuse(
                outcome, -ENOSPC, "it may need space on %.180s, which is critically full", found.spool);
}

int order_queue(const struct sg_action *action, const char *instance, const char *queue,
        struct mail_dir *ret_dir, struct sg_outcome *outcome) {
        char spool[ORDER_PATH_MAX];
        int r = order_spool(action, instance, spool, outcome);
        struct statvfs status;

        if (r < 0)
                return r;
        if (statvfs(spool, &status) == 0 && status.f_flag & ST_RDONLY)
                return order_refuse(outcome, -EROFS,
                        "%.120s is read-only: a fault of the disk, or the unit has no ReadWritePaths= for it",
                        spool);
        r = mail_dir_open(spool, queue, ret_dir);
        if (r == -EPERM)
                return order_refuse(
                        outcome, r, "%.180s/%s does not belong to an unprivileged mail owner", spool, queue);
        if (r < 0)
                return order_refuse(outcome, r, "%.180s/%s cannot be used: %s", spool, queue, strerror(-r));
        return 0;
}

static int open_selection(
        const struct sg_action *action, struct selection *ret_selection, struct sg_outcome *outcome) {
        int r;

        if (action->selection_fd < 0)
                return order_refuse(outcome, -EBADMSG, "there is no selection of messages");
        r = selection_open(action->selection_fd, ret_selection);
        if (r == -ENODATA)
                return order_refuse(outcome, r, "the selection of messages is empty");
        if (r == -EBADMSG)
                return order_refuse(
                        outcome, r, "the selection of messages is malformed; nothing in it is believed");
        if (r < 0)
                return order_refuse(outcome, r, "the selection of messages cannot be read: %s", strerror(-r));
        return 0;
}

int order_open_queue(const struct sg_action *action, const char *instance, const char *queue,
        struct order *ret_order, struct sg_outcome *outcome) {
        struct order order = {.answers = NULL};
        int r = open_selection(action, &order.selection, outcome);

        if (r < 0)
                return r;
        r = order_queue(action, instance, queue, &order.dir, outcome);
        if (r < 0) {
                selection_close(&order.selection);
                return r;
        }
        *ret_order = order;
        return 0;
}

int order_open(const struct sg_action *action, const char *instance, const char *nexthop,
        struct order *ret_order, struct sg_outcome *outcome) {
        if (nexthop[0] == '\0')
                return order_refuse(
                        outcome, -EINVAL, "no next hop is named, and that never means all of them");
        return order_open_queue(action, instance, "deferred", ret_order, outcome);
}

void order_close(struct order *order) {
        mail_dir_close(&order->dir);
        selection_close(&order->selection);
        free(order->answers);
        order->answers = NULL;
}

void tally_add(struct tally *tally, int answer) {
        switch (answer) {
        case 0: tally->done++; break;
        case MAIL_GONE: tally->gone++; break;
        case MAIL_CHANGED: tally->changed++; break;
        case ORDER_WAITS: tally->waiting++; break;
        case ORDER_AGED: tally->aged++; break;
        case ORDER_UNREAD: tally->unread++; break;
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
                struct mail_file message;
                int r = mail_dir_find(&order->dir, entry->id, entry->inode, &message);

                if (r == 0) {
                        r = order->answers ? order->answers[i] : 0;
                        if (r == 0)
                                r = fn(order, entry->id, &message, data);
                        mail_file_close(&message);
                }
                if (order->answers)
                        order->answers[i] = (int16_t)r;
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
                {tally->tried, "being tried at this moment"},
                {tally->vanished, "gone: delivered, bounced or deleted"},
                {tally->stayed, "not moved"},
                {tally->changed, "not as they were chosen and left alone"},
                {tally->aged, "would expire too soon"},
                {tally->unread, "not read for want of time"},
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

int order_main_cf(
        const struct sg_action *action, const char *instance, char **ret_text, struct sg_outcome *outcome) {
        char config[ORDER_PATH_MAX], path[2 * ORDER_PATH_MAX];
        int r;

        order_config(action, instance, config);
        snprintf(path, sizeof(path), "%s%s/main.cf", action->host->root, config);
        r = text_file_read(path, MAIN_CF_MAX, true, ret_text);
        if (r < 0)
                return order_refuse(outcome, r, "%.120s cannot be read: %s", path, strerror(-r));
        return 0;
}
