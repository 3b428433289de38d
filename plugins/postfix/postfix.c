/* SPDX-License-Identifier: MIT */
/*
 * postfix - what is in the queues of Postfix, and letting it wait, retry and reload
 *
 * The descriptor of the plugin.  Its sensor runs in the watcher and reads queue files and logs of deferrals,
 * which strangers wrote; it also selects the messages that a verb shall act on.  The verbs run in children of
 * the executor and believe nothing of a selection that they have not seen themselves.  No verb deletes mail,
 * and none touches what an admin put on hold.
 *
 * Owns nothing.  Links nothing but the C library.
 */
#include "postfix/postfix.h"

static const struct sg_option options[] = {
        [POSTFIX_OPTION_SPOOLS] = {.name = "spools",
                .type = SG_TYPE_LIST,
                .fallback = "/var/spool/postfix",
                .doc = "Queue directories that are watched and may be acted on, one for each Postfix "
                       "instance. /var/spool/postfix is the instance \"-\"; any other is called as the last "
                       "part of its path, and so is its configuration directory below /etc. Next hops are "
                       "known "
                       "for the instance \"-\" only; mail of the others is counted and never acted on."},
        {0},
};

static const struct sg_sensor *const sensors[] = {&postfix_queue, NULL};
static const struct sg_verb *const verbs[] = {&postfix_postpone, &postfix_retry, &postfix_reload, NULL};

SG_PLUGIN_EXPORT const struct sg_plugin sg_plugin = {
        SG_PLUGIN_HEADER,
        .name = "postfix",
        .version = "1",
        .summary = "Messages in Postfix's queues, and when they are tried",
        .options = options,
        .sensors = sensors,
        .verbs = verbs,
};
