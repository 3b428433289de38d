/* SPDX-License-Identifier: MIT */
/*
 * postfix - what is in the queues of Postfix, and letting it wait, be retried, be held or be taken in anew
 *
 * The descriptor of the plugin.  Its sensors run in the watcher.  `queue` reads queue files and logs of deferrals,
 * which strangers wrote; it also selects the messages that a verb shall act on.  `resolver` looks at the processes of
 * Postfix and the files that they look names up by.  The verbs run in children of
 * the executor and believe nothing of a selection that they have not seen themselves.  No verb deletes mail,
 * and none touches what an admin put on hold.
 *
 * Owns nothing.  Links nothing but the C library.
 */
#include "postfix/postfix.h"
#include "postfix/queue_table.h"

/* Beginnings of texts, by the class that they shall have; in the order of reason_site_classes. */
#define REASON(row, class)                                                                            \
        [POSTFIX_OPTION_REASONS + (row)] = {.name = "reason_" class,                                  \
                .type = SG_TYPE_LIST,                                                                 \
                .fallback = "",                                                                       \
                .doc = "Texts of deferrals, from their beginning, that are counted as " class         \
                ". %H stands for HOST[ADDRESS], %P for :PORT, %U for HOST[path of a socket], %N for " \
                "a name, %% for a percent sign, $ at the end for the end of the text. The longest "   \
                "that fits decides, before the built-in ones. What a remote server says can only be " \
                "greylist, quota, policy or remote."}

static const struct sg_option options[] = {
        [POSTFIX_OPTION_SPOOLS] = {.name = "spools",
                .type = SG_TYPE_LIST,
                .fallback = "",
                .doc = "Queue directories that are watched and may be acted on. Empty: that of "
                       "/etc/postfix/main.cf and those of all enabled instances that it names in "
                       "multi_instance_directories. One that no main.cf names is called as the last part of "
                       "its path, and so is its configuration directory below /etc. Each instance has the "
                       "label that postmulti calls it by; \"-\" is the default one."},
        [POSTFIX_OPTION_MESSAGES_MAX] = {.name = "messages_max",
                .type = SG_TYPE_NUMBER,
                .fallback = "2000000",
                .min = 1000,
                .max = QUEUE_MESSAGES_MAX,
                .doc = "Messages of all instances together that are kept in memory, 64 bytes each. Beyond it "
                       "the daemon is degraded: a queue has its number of messages, counted once a minute, "
                       "and "
                       "nothing is known about them or done to them."},
        [POSTFIX_OPTION_CLIFF_HOURS] = {.name = "cliff_hours",
                .type = SG_TYPE_NUMBER,
                .fallback = "24",
                .min = 1,
                .max = 2400,
                .doc = "bounce_cliff_messages counts the messages that Postfix would give up within so many "
                       "hours, while people are there or it is not known when they are back (back_by)."},
        REASON(0, "dns"),
        REASON(1, "timeout"),
        REASON(2, "refused"),
        REASON(3, "unreachable"),
        REASON(4, "lost"),
        REASON(5, "tls"),
        REASON(6, "greylist"),
        REASON(7, "quota"),
        REASON(8, "policy"),
        REASON(9, "remote"),
        REASON(10, "filter"),
        REASON(11, "transport"),
        REASON(12, "local"),
        REASON(13, "duplicate_risk"),
        REASON(14, "other"),
        {0},
};
_Static_assert(sizeof(options) / sizeof(options[0]) == POSTFIX_OPTIONS + 1, "a row for each option");

static const struct sg_sensor *const sensors[] = {&postfix_queue, &postfix_resolver, NULL};
static const struct sg_verb *const verbs[] = {&postfix_postpone, &postfix_retry, &postfix_reload,
        &postfix_refresh_resolver, &postfix_hold, &postfix_release, &postfix_requeue, &postfix_set, NULL};

SG_PLUGIN_EXPORT const struct sg_plugin sg_plugin = {
        SG_PLUGIN_HEADER,
        .name = "postfix",
        .version = "1",
        .summary = "Messages in Postfix's queues, when they are tried, and which are held",
        .options = options,
        .sensors = sensors,
        .verbs = verbs,
};
