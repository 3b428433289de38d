/* SPDX-License-Identifier: MIT */
/*
 * queue_sensor - the sensor `queue`: the spool of every instance of Postfix, followed
 *
 * Runs in the watcher.  The descriptor of the sensor, and the list of its spools; everything about one spool is
 * in queue_spool.c.  Which instances there are, and what must be readable for them, is found in main.cf files of root
 * (instance.c), once for the confinement and once more behind it.  One that cannot be used is a trouble of its own.
 *
 * Owns the spools and what they have in common.  Fails with -ENOTSUP where there is no Postfix: neither a queue
 * directory nor a configuration of one.  A spool whose instance is configured may come later.
 * Limits: POSTFIX_INSTANCES_MAX spools, which share the room for messages and, in equal parts, that for names, so that
 * senders of many domains cannot take more memory where there are more instances; one that is found no more is
 * followed until the watcher starts anew.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "postfix/instance_reads.h"
#include "postfix/main_cf.h"
#include "postfix/queue_questions.h"
#include "postfix/queue_select.h"
#include "postfix/queue_spool.h"
#include "postfix/text_file.h"

struct queue_sensor {
        const struct sg_host *host;
        struct queue_spool *spools[POSTFIX_INSTANCES_MAX + 1]; /* ended by NULL */
        struct queue_questions *questions;
        struct queue_selects *selects;
        struct reason_site reasons;
        struct queue_common common;
};

static void queue_destroy(void *data) {
        struct queue_sensor *sensor = data;

        if (!sensor)
                return;
        queue_questions_free(sensor->questions);
        queue_selects_free(sensor->selects);
        for (struct queue_spool **spool = sensor->spools; *spool; spool++)
                queue_spool_free(*spool);
        reason_site_deinit(&sensor->reasons);
        free(sensor);
}

/* Whether there is a Postfix that has this spool, or will have it. */
static bool is_expected(const struct queue_spool *spool) {
        return access(spool->path, F_OK) == 0 || access(spool->config, F_OK) == 0;
}

static void say_trouble(const struct sg_host *host, const char *what, const char *why) {
        host->log(host, SG_LEVEL_WARNING, "%s", why);
        host->trouble(host, what, why);
}

static int add_spools(struct queue_sensor *sensor, const char *const *configured) {
        const struct sg_host *host = sensor->host;
        struct postfix_instances found;
        bool is_expected_any = false;
        size_t n = 0;

        postfix_instances_find(host->root, configured, &found);
        sensor->common.n_spools = (uint32_t)found.n;
        for (size_t i = 0; i < found.n; i++) {
                const struct postfix_instance *instance = &found.rows[i];
                int r;

                if (instance->problem[0] != '\0')
                        say_trouble(host, instance->name, instance->problem);
                if (instance->spool[0] == '\0')
                        continue;
                r = queue_spool_new(host, instance, &sensor->common, &sensor->spools[n]);
                if (r < 0)
                        return r;
                is_expected_any |= is_expected(sensor->spools[n++]);
        }
        return is_expected_any ? 0 : -ENOTSUP;
}

static int queue_create(const struct sg_host *host, const struct sg_value *options, void **ret_sensor) {
        struct queue_sensor *sensor = calloc(1, sizeof(*sensor));
        const char *bad;
        char why[160];
        int r;

        if (!sensor)
                return -ENOMEM;
        sensor->host = host;
        sensor->common = (struct queue_common){
                .reasons = &sensor->reasons,
                .messages_max = (uint32_t)options[POSTFIX_OPTION_MESSAGES_MAX].number,
                .cliff_seconds = (uint64_t)(options[POSTFIX_OPTION_CLIFF_HOURS].number * 3600),
        };
        r = reason_site_init(&sensor->reasons, options + POSTFIX_OPTION_REASONS, &bad);
        if (r == -EINVAL) {
                snprintf(why, sizeof(why),
                        "a text for reasons has a %% that means nothing, and is left out: \"%.80s\"", bad);
                say_trouble(host, "reasons", why);
                r = 0;
        }
        if (r >= 0)
                r = add_spools(sensor, options[POSTFIX_OPTION_SPOOLS].list);
        if (r >= 0)
                r = queue_questions_new(host, sensor->spools, &sensor->questions);
        if (r >= 0)
                r = queue_selects_new(host, &sensor->selects);
        if (r < 0) {
                queue_destroy(sensor);
                return r;
        }
        *ret_sensor = sensor;
        return 0;
}

/* main.cf and master.cf, and the transport table that is named there. */
static int add_routes(
        const char *root, const struct postfix_instance *instance, sg_reads_fn add, void *data) {
        char path[PATH_MAX + POSTFIX_PATH_MAX], full[2 * sizeof(path)], *main_cf;
        int r = instance_reads_config(root, instance, "main.cf", add, data);

        if (r >= 0)
                r = instance_reads_config(root, instance, "master.cf", add, data);
        snprintf(full, sizeof(full), "%s%s/main.cf", root, instance->config);
        if (r < 0 || instance->config[0] == '\0' || text_file_read(full, MAIN_CF_MAX, true, &main_cf) < 0)
                return r;
        if (nexthop_transport_file(main_cf, path, sizeof(path)) && path[0] != '\0')
                r = instance_reads_file(root, path, add, data);
        free(main_cf);
        return r;
}

static int queue_reads_more(const char *root, const struct sg_value *options, sg_reads_fn add, void *data) {
        struct postfix_instances found;
        int r = 0;

        postfix_instances_find(root, options[POSTFIX_OPTION_SPOOLS].list, &found);
        for (size_t i = 0; i < found.n && r >= 0; i++) {
                r = add_routes(root, &found.rows[i], add, data);
                if (r >= 0)
                        r = instance_reads_spool(&found.rows[i], add, data);
        }
        return r;
}

static int queue_choose(void *data, const char *verb, const struct sg_value *args, int fd,
        sg_selected_fn *done, void *done_data) {
        _Static_assert((int)POSTPONE_ARG_INSTANCE == (int)RETRY_ARG_INSTANCE, "one row for both verbs");
        struct queue_sensor *sensor = data;

        for (struct queue_spool **spool = sensor->spools; *spool; spool++)
                if (strcmp((*spool)->instance, args[POSTPONE_ARG_INSTANCE].text) == 0)
                        return queue_select(sensor->selects, *spool, verb, args, fd, done, done_data);
        return -EAGAIN;
}

static int queue_shape(
        void *data, const struct sg_queue_shape *shape, sg_queue_shape_done *done, void *done_data) {
        struct queue_sensor *sensor = data;

        return queue_questions_shape(sensor->questions, shape, done, done_data);
}

static int queue_messages(void *data, const struct sg_queue_filter *filter, uint64_t cursor, unsigned max,
        sg_queue_message_each *each, void *each_data, uint64_t *ret_cursor) {
        struct queue_sensor *sensor = data;

        return queue_questions_list(sensor->questions, filter, cursor, max, each, each_data, ret_cursor);
}

static const struct sg_queue_questions queue_questions = {.shape = queue_shape, .list = queue_messages};

const struct sg_sensor postfix_queue = {
        .name = "queue",
        .summary = "Messages in the queues of Postfix: where they go, why they wait, how long",
        .readings = queue_readings,
        .reads = (const char *const[]){"/etc/postfix/main.cf", "/etc/postfix/master.cf",
                "/etc/postfix/transport", NULL},
        .reads_more = queue_reads_more,
        .create = queue_create,
        .destroy = queue_destroy,
        .select = queue_choose,
        .questions = &queue_questions,
};
