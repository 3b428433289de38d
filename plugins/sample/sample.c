/* SPDX-License-Identifier: MIT */
/*
 * sample - the smallest plugin that has everything: the tutorial
 *
 * The sensor runs in the watcher and publishes a constant every ten seconds; the verb runs in a child of the
 * executor and touches nothing.  README.md walks through this file from the top.
 *
 * Owns one struct per sensor and its timer; there are no globals but const tables.  The sensor fails only at
 * creation, the verb not at all.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <spoolguard/plugin.h>

#define EVERY_USEC UINT64_C(10000000)

/* The order of the option table, and so of the values that sensor and verb are handed. */
enum { OPTION_VALUE };

static const struct sg_option options[] = {
        [OPTION_VALUE] = {.name = "value",
                .type = SG_TYPE_NUMBER,
                .fallback = "42",
                .doc = "The number that is published.",
                .min = 0,
                .max = 1000},
        {0},
};

static const struct sg_reading readings[] = {
        {"sample_value", {NULL}, "Always the configured value."},
        {0},
};

struct sample {
        const struct sg_host *host;
        double value;
        struct sg_timer *timer;
};

static void on_timer(struct sg_timer *timer, void *data) {
        struct sample *sample = data;

        sample->host->publish(sample->host, "sample_value", NULL, 0, sample->value);
        sample->host->timer_arm(timer, EVERY_USEC);
}

static int sample_create(const struct sg_host *host, const struct sg_value *values, void **ret_sensor) {
        struct sample *sample = calloc(1, sizeof(*sample));
        int r;

        if (!sample)
                return -ENOMEM;
        sample->host = host;
        sample->value = values[OPTION_VALUE].number;
        r = host->timer_new(host, "sample: publish", 0, on_timer, sample, &sample->timer);
        if (r < 0) {
                free(sample);
                return r;
        }
        *ret_sensor = sample;
        return 0;
}

static void sample_destroy(void *sensor) {
        struct sample *sample = sensor;

        sample->host->timer_free(sample->timer);
        free(sample);
}

static const struct sg_sensor sample_sensor = {
        .name = "sample",
        .summary = "A constant",
        .readings = readings,
        .create = sample_create,
        .destroy = sample_destroy,
};

static enum sg_verdict touch_nothing_check(const struct sg_action *action, struct sg_outcome *ret_outcome) {
        (void)action;
        snprintf(ret_outcome->text, sizeof(ret_outcome->text), "nothing would be touched");
        return SG_VERDICT_GO;
}

static int touch_nothing_run(const struct sg_action *action, struct sg_outcome *ret_outcome) {
        (void)action;
        snprintf(ret_outcome->text, sizeof(ret_outcome->text), "nothing was touched");
        return 0;
}

static const struct sg_verb touch_nothing = {
        .name = "sample.touch_nothing",
        .summary = "Does nothing, and says so",
        .risk = SG_RISK_PROBE,
        .deadline_usec = UINT64_C(5000000),
        .budget_count = 1000,
        .budget_window_usec = UINT64_C(86400000000),
        .check = touch_nothing_check,
        .run = touch_nothing_run,
};

SG_PLUGIN_EXPORT const struct sg_plugin sg_plugin = {
        SG_PLUGIN_HEADER,
        .name = "sample",
        .version = "1",
        .summary = "The tutorial: a constant and a verb that does nothing",
        .options = options,
        .sensors = (const struct sg_sensor *const[]){&sample_sensor, NULL},
        .verbs = (const struct sg_verb *const[]){&touch_nothing, NULL},
};
