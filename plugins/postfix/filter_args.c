/* SPDX-License-Identifier: MIT */
/*
 * filter_args - the arguments by which a verb chooses messages
 *
 * Runs in the watcher, where the selector of the sensor `queue` reads them, and in children of the executor, where
 * the verb refuses what could be meant for everything.  Pure.
 *
 * Owns nothing: texts belong to the arguments.  Cannot fail.
 * Limits: a description is cut to the room there is.
 */
#include "postfix/filter_args.h"

#include <stdio.h>
#include <string.h>

static const char *set_or_null(const char *text) {
        return text[0] != '\0' ? text : NULL;
}

struct sg_queue_filter filter_args_read(const struct sg_value *args, const char *queue) {
        return (struct sg_queue_filter){
                .instance = args[FILTER_ARG_INSTANCE].text,
                .queue = queue,
                .domain = set_or_null(args[FILTER_ARG_DOMAIN].text),
                .sender = set_or_null(args[FILTER_ARG_SENDER].text),
                .reason = set_or_null(args[FILTER_ARG_REASON].text),
                .nexthop = set_or_null(args[FILTER_ARG_NEXTHOP].text),
                .older_than_usec = args[FILTER_ARG_OLDER_THAN].usec,
        };
}

const char *filter_args_requeue_from(const struct sg_value *args) {
        return args[REQUEUE_ARG_LEASE].number > 0 ? "hold" : "deferred";
}

bool filter_args_choose(const struct sg_queue_filter *filter) {
        return filter->domain || filter->sender || filter->reason || filter->nexthop ||
                filter->older_than_usec > 0;
}

void filter_args_describe(const struct sg_queue_filter *filter, char *text, size_t size) {
        const bool is_bounce = filter->sender && strcmp(filter->sender, "<>") == 0;
        const struct {
                const char *before, *value;
        } parts[] = {
                {is_bounce ? "without a sender" : "from ", is_bounce ? "" : filter->sender},
                {"for ", filter->domain},
                {"deferred for ", filter->reason},
                {"that wait for ", filter->nexthop},
                {"not young any more", filter->older_than_usec > 0 ? "" : NULL},
        };
        size_t used = 0;

        text[0] = '\0';
        for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
                if (!parts[i].value || used >= size)
                        continue;
                snprintf(text + used, size - used, "%s%s%.60s", used > 0 ? ", " : "", parts[i].before,
                        parts[i].value);
                used = strlen(text);
        }
}
