/* SPDX-License-Identifier: MIT */
/*
 * set_overruled - whether what a lease of postfix.set has made of its settings is so still
 *
 * Runs in a child of the executor, as root.  An admin, or a tool that keeps main.cf for many hosts, may write another
 * value, or the old one, while the lease stands.  His word stays; but a lifetime that is shorter again returns mail
 * to its senders, and somebody has to know that in time: which setting, what it is now, what the lease had set, and
 * how many messages are so old.
 *
 * Owns nothing.  Fails with the sentence.
 * Limits: what main.cf says, Postfix has when it is reloaded, which may be later.  Messages that cannot be counted
 * are not told.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "postfix/main_cf.h"
#include "postfix/main_cf_change.h"
#include "postfix/overdue.h"
#include "postfix/set.h"

static void say_value(const char *main_cf, const char *name, struct sg_outcome *outcome) {
        char value[MAIN_CF_VALUE_MAX];

        if (main_cf_value(main_cf, name, value, sizeof(value)))
                order_say(outcome, "%.16s", value);
        else
                order_say(outcome, "not set");
}

/* "maximal_queue_lifetime is not set, where lease 7 had set 28d" */
static void say_changed(const struct set *set, const char *name, const char *after, bool is_first,
        struct sg_outcome *outcome) {
        if (is_first)
                order_say(outcome, "somebody else has changed main.cf, and his word stays: %s is ", name);
        else
                order_say(outcome, ", %s is ", name);
        say_value(set->file.text, name, outcome);
        if (is_first)
                order_say(outcome, ", where lease %llu had set ", (unsigned long long)set->action->lease);
        else
                order_say(outcome, ", not ");
        say_value(after, name, outcome);
}

/* Only where mail lives shorter than by the lease. */
static void say_overdue(const struct set *set, const char *after, struct sg_outcome *outcome) {
        struct overdue_lifetimes now, then;
        struct sg_outcome ignored = {.count = 0};
        struct overdue overdue;
        char number[ORDER_NUMBER_MAX];

        if (overdue_lifetimes(set->file.text, &now) < 0 || overdue_lifetimes(after, &then) < 0 ||
                (now.mail_seconds >= then.mail_seconds && now.bounce_seconds >= then.bounce_seconds) ||
                overdue_count(set->action, set->instance, &now, &overdue, &ignored) < 0)
                return;
        if (overdue.mail + overdue.bounces > 0)
                order_say(outcome,
                        "; %s messages are too old for that, and return to their senders when they are tried",
                        order_number(overdue.mail + overdue.bounces, number));
        else
                order_say(outcome, "; no message is too old for that yet");
        if (overdue.soon + overdue.unread > 0)
                order_say(outcome, ", %s more soon", order_number(overdue.soon + overdue.unread, number));
}

static int compare(const struct set *set, const char *before, const char *after, struct sg_outcome *outcome) {
        outcome->text[0] = '\0';
        for (size_t i = 0; i < set->settings.n; i++) {
                const char *name = set->settings.all[i].name;

                if (main_cf_change_is_same(before, after, name) ||
                        main_cf_change_is_same(set->file.text, after, name))
                        continue;
                say_changed(set, name, after, !outcome->is_overruled, outcome);
                outcome->is_overruled = true;
        }
        if (!outcome->is_overruled)
                return 0;
        say_overdue(set, after, outcome);
        return -EPERM;
}

int set_check_done(const struct set *set, const struct set_record *record, struct sg_outcome *outcome) {
        char *before = NULL, *after = NULL;
        int r = main_cf_file_read(record->directory, SET_RECORD_AFTER, &after);

        if (r >= 0)
                r = main_cf_file_read(record->directory, SET_RECORD_BEFORE, &before);
        if (r < 0)
                order_refuse(outcome, r, "%.180s cannot be read: %s", record->path, strerror(-r));
        else
                r = compare(set, before, after, outcome);
        free(before);
        free(after);
        return r;
}
