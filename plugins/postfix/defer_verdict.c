/* SPDX-License-Identifier: MIT */
/*
 * defer_verdict - what the log of a message's deferral says about all of it
 *
 * Runs in the watcher, for what it shows and selects, and in the process of owner_reader.c, which looks once more
 * before anything is moved: both have to come to the same verdict, or a selection by reason would be refused.  A log
 * has an entry for each recipient; the message has one class, and may have reached somebody if any of them may.
 *
 * Since a message that was sent twice cannot be called back, what was not read counts as a risk: the rest of a log
 * that is cut, and a line in the middle of which it ends.  So does what a site calls by another name.
 *
 * Owns nothing and cannot fail.
 * Limits: those of defer_log.c; a log of some 800 recipients is longer than is read.
 */
#include "postfix/defer_verdict.h"

#include <stdio.h>

#include "postfix/defer_log.h"

struct pass {
        const struct reason_site *site;
        struct defer_verdict *verdict;
};

static bool is_risk(const struct pass *pass, const struct defer_entry *entry, enum reason_class class) {
        struct reason ours;

        if (class == REASON_DUPLICATE_RISK || !pass->site || pass->site->n == 0)
                return class == REASON_DUPLICATE_RISK;
        reason_classify(entry->reason, entry->status, entry->diagnostic, &ours);
        return ours.class == REASON_DUPLICATE_RISK;
}

/* Nobody answered for a message only if nobody answered for any of its recipients. */
static void on_entry(const struct defer_entry *entry, void *data) {
        const struct pass *pass = data;
        struct defer_verdict *verdict = pass->verdict;
        struct reason reason;
        bool risk;

        reason_site_classify(pass->site, entry->reason, entry->status, entry->diagnostic, &reason);
        risk = is_risk(pass, entry, reason.class);
        if (!verdict->any || (reason_is_dead(verdict->class) && !reason_is_dead(reason.class)) ||
                (!verdict->duplicate_risk && risk)) {
                verdict->class = reason.class;
                snprintf(verdict->status, sizeof(verdict->status), "%s", entry->status);
                snprintf(verdict->said, sizeof(verdict->said), "%s", reason.reply ? reason.reply : "");
        }
        verdict->duplicate_risk |= risk;
        verdict->any = true;
}

void defer_verdict_read(const struct reason_site *site, const char *bytes, size_t size, bool is_cut,
        bool at_filter, struct defer_verdict *ret_verdict) {
        struct pass pass = {.site = site, .verdict = ret_verdict};

        *ret_verdict = (struct defer_verdict){.class = REASON_NONE};
        defer_log_parse(bytes, size, is_cut, on_entry, &pass);
        ret_verdict->duplicate_risk |= is_cut || (size > 0 && bytes[size - 1] != '\n');
        if (at_filter)
                ret_verdict->class = reason_at_filter(ret_verdict->class);
}
