/* SPDX-License-Identifier: MIT */
/*
 * queue_sensor - the sensor `queue`: every configured spool of Postfix, followed
 *
 * Runs in the watcher.  The descriptor of the sensor, and the list of its spools; everything about one spool is
 * in queue_spool.c.
 *
 * Owns the spools.  Fails with -ENOTSUP where there is no Postfix: neither a queue directory nor a configuration
 * of one.  A spool whose instance is configured may come later.
 * Limits: 32 spools, as many as a list option has.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "postfix/queue_spool.h"

struct queue_sensor {
        struct queue_spool **spools; /* ended by NULL */
};

static void queue_destroy(void *data) {
        struct queue_sensor *sensor = data;

        if (!sensor)
                return;
        for (struct queue_spool **spool = sensor->spools; spool && *spool; spool++)
                queue_spool_free(*spool);
        free(sensor->spools);
        free(sensor);
}

/* Whether there is a Postfix that has this spool, or will have it. */
static bool is_expected(const struct queue_spool *spool) {
        return access(spool->path, F_OK) == 0 || access(spool->config, F_OK) == 0;
}

static int queue_create(const struct sg_host *host, const struct sg_value *options, void **ret_sensor) {
        const char *const *paths = options[POSTFIX_OPTION_SPOOLS].list;
        struct queue_sensor *sensor = calloc(1, sizeof(*sensor));
        bool any = false;
        size_t n = 0;
        int r = 0;

        if (!sensor)
                return -ENOMEM;
        while (paths[n])
                n++;
        sensor->spools = calloc(n + 1, sizeof(struct queue_spool *));
        if (!sensor->spools)
                r = -ENOMEM;
        for (size_t i = 0; i < n && r >= 0; i++) {
                r = queue_spool_new(host, paths[i], QUEUE_MESSAGES_MAX, &sensor->spools[i]);
                any |= r >= 0 && is_expected(sensor->spools[i]);
        }
        if (r >= 0 && !any)
                r = -ENOTSUP;
        if (r < 0) {
                queue_destroy(sensor);
                return r;
        }
        *ret_sensor = sensor;
        return 0;
}

static ssize_t queue_choose(void *data, const char *verb, const struct sg_value *args, int fd) {
        _Static_assert((int)POSTPONE_ARG_INSTANCE == (int)RETRY_ARG_INSTANCE, "one row for both verbs");
        struct queue_sensor *sensor = data;

        for (struct queue_spool **spool = sensor->spools; *spool; spool++)
                if (strcmp((*spool)->instance, args[POSTPONE_ARG_INSTANCE].text) == 0)
                        return queue_select(*spool, verb, args, fd);
        return -EAGAIN;
}

const struct sg_sensor postfix_queue = {
        .name = "queue",
        .summary = "Messages in the queues of Postfix: where they go, why they wait, how long",
        .readings = queue_readings,
        .reads = (const char *const[]){"@spools", "/etc/postfix/main.cf", "/etc/postfix/transport", NULL},
        .create = queue_create,
        .destroy = queue_destroy,
        .select = queue_choose,
};
