/* SPDX-License-Identifier: MIT */
/*
 * retry_wish - somebody else's wish that mail waits stands
 *
 * Runs in a child of the executor.  While defer_transports names what such mail could go by, nothing is tried:
 * postqueue -i would go past it, and a scan would only bring each message back with another reason.  A message that
 * waits longer than Postfix or we would let it was given that time by a person or a tool, and keeps it.
 *
 * Owns nothing.  Fails with -EBUSY when such mail is paused, and when that cannot be known.
 */
#include "postfix/retry_wish.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "postfix/main_cf.h"
#include "postfix/master_cf.h"
#include "postfix/order.h"
#include "postfix/text_file.h"
#include "postfix/transport_pause.h"

#define LONGEST_BACKOFF_SECONDS \
        4000                   /* Postfix's default of maximal_backoff_time; longer than a slice of ours */
#define CLOCK_SLACK_SECONDS 60 /* between a time that was set and the moment in which it was */

/* The texts that say what is paused and how long mail waits. */
struct settings {
        char *main_cf, *master_cf; /* master_cf NULL: not known */
};

static void settings_free(struct settings *settings) {
        free(settings->main_cf);
        free(settings->master_cf);
}

static int settings_read(const struct sg_action *action, const char *instance, struct settings *ret_settings,
        struct sg_outcome *outcome) {
        char config[ORDER_PATH_MAX], path[2 * ORDER_PATH_MAX];
        int r = order_main_cf(action, instance, &ret_settings->main_cf, outcome);

        ret_settings->master_cf = NULL;
        if (r < 0)
                return r;
        order_config(action, instance, config);
        snprintf(path, sizeof(path), "%s%s/master.cf", action->host->root, config);
        if (text_file_read(path, MASTER_CF_MAX, true, &ret_settings->master_cf) < 0)
                ret_settings->master_cf = NULL;
        return 0;
}

static int refuse_paused(
        const struct settings *settings, const char *defer_transports, struct sg_outcome *outcome) {
        char name[TRANSPORT_NAME_MAX];

        if (!transport_pause_find(defer_transports, settings->master_cf, name))
                return 0;
        return order_refuse(outcome, -EBUSY,
                "defer_transports names %s: somebody wants such mail to wait, and it does", name);
}

int retry_wish_as_written(const struct sg_action *action, const char *instance, time_t *ret_longest_wait,
        struct sg_outcome *outcome) {
        struct settings settings;
        char value[MAIN_CF_VALUE_MAX];
        uint64_t backoff = 0;
        int r = settings_read(action, instance, &settings, outcome);

        if (r < 0)
                return r;
        if (main_cf_expanded(settings.main_cf, "defer_transports", "", value, sizeof(value)))
                r = refuse_paused(&settings, value, outcome);
        else
                r = order_refuse(outcome, -EBUSY, "it is not known which transports somebody paused");
        /* An admin in a hurry may have made it shorter since these messages were deferred. */
        if (!main_cf_time(settings.main_cf, "maximal_backoff_time", 's', "", &backoff))
                backoff = 0;
        settings_free(&settings);
        *ret_longest_wait = backoff > LONGEST_BACKOFF_SECONDS ? (time_t)backoff : LONGEST_BACKOFF_SECONDS;
        return r;
}

/* A file says when its times were changed last; only the time of the next try can lie ahead of that. */
bool retry_wish_is_for(time_t longest_wait, const struct stat *status) {
        return status->st_mtim.tv_sec > status->st_ctim.tv_sec + longest_wait + CLOCK_SLACK_SECONDS;
}

int retry_wish_as_it_is(const struct sg_action *action, const char *instance, const char *config,
        struct sg_outcome *outcome) {
        const char *argv[] = {"/usr/sbin/postconf", "-c", config, "-hx", "defer_transports", NULL};
        char output[8192] = "", *rest = output, *line;
        struct settings settings;
        int r = settings_read(action, instance, &settings, outcome);

        if (r < 0)
                return r;
        /* Behind what fills the buffer, warnings as a rule, the value was dropped. */
        if (action->host->tool(action, argv, output, sizeof(output)) != 0 ||
                strlen(output) == sizeof(output) - 1)
                r = order_refuse(outcome, -EBUSY, "it is not known which transports somebody paused");
        while (r == 0 && (line = strsep(&rest, "\n"))) {
                bool is_warning = strncmp(line, "postconf: ", 10) == 0 ||
                        strncmp(line, "/usr/sbin/postconf: ", 20) == 0;

                if (!is_warning)
                        r = refuse_paused(&settings, line, outcome);
        }
        settings_free(&settings);
        return r;
}
