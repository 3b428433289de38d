/* SPDX-License-Identifier: MIT */
/* sensor_host_support - the sensors of a plugin that is a table in the test, in an engine that sends to nobody */
#ifndef TESTS_SENSOR_HOST_SUPPORT_H
#define TESTS_SENSOR_HOST_SUPPORT_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "watcher/sensor_host.h"

struct fixture {
        struct loop *loop;
        struct board *board;
        struct engine *engine;
        struct sensor_host *host;
};

static inline int send_nothing(const struct wire_message *message, void *data) {
        (void)message, (void)data;
        return 0;
}

/* The loop is the fixture's from here on. */
static inline int begin(
        void **state, struct loop *loop, const struct plugin_list *plugins, const struct config *config) {
        static const struct engine_ops ops = {.send = send_nothing};
        struct fixture *fixture = calloc(1, sizeof(*fixture));

        if (!fixture)
                return -1;
        fixture->loop = loop;
        *state = fixture;
        return board_new(loop, &fixture->board) < 0 ||
                        engine_new(loop, config, fixture->board, &ops, NULL, &fixture->engine) < 0 ||
                        sensor_host_new(loop, "", plugins, config, fixture->engine, fixture->board, NULL,
                                &fixture->host) < 0
                ? -1
                : 0;
}

static inline int teardown(void **state) {
        struct fixture *fixture = *state;

        sensor_host_free(fixture->host);
        engine_free(fixture->engine);
        board_free(fixture->board);
        loop_free(fixture->loop);
        free(fixture);
        return 0;
}

#endif
