/* SPDX-License-Identifier: MIT */
/* ctl_support - spoolguardctl run as people run it, against a served bus, and what it printed */
#ifndef TESTS_CTL_SUPPORT_H
#define TESTS_CTL_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ctl/tool.h"
#include "support/served_bus.h"

#define TIMEOUT_MSEC 20000
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
#define TEST_EMPTY(name) cmocka_unit_test_setup_teardown(name, setup_empty, teardown)
#define CTL(...) run_ctl((const char *const[]){SPOOLGUARDCTL, __VA_ARGS__, NULL})

static char output[1 << 20];

struct fixture {
        struct served_bus served;
        char scratch[64];
};

static inline int run_ctl(const char *const argv[]) {
        return tool_run(argv, TIMEOUT_MSEC, output, sizeof(output));
}

static inline void assert_says(const char *text) {
        if (!strstr(output, text))
                fail_msg("not found: '%s' in:\n%s", text, output);
}

static inline void assert_silent_about(const char *text) {
        if (strstr(output, text))
                fail_msg("found: '%s' in:\n%s", text, output);
}

static inline int make_scratch(struct fixture *fixture) {
        strcpy(fixture->scratch, "/tmp/test-ctl-XXXXXX");
        if (!mkdtemp(fixture->scratch))
                return -1;
        setenv("DBUS_SYSTEM_BUS_ADDRESS", fixture->served.address, 1);
        return 0;
}

static inline int setup(void **state) {
        static struct fixture fixture;

        *state = &fixture;
        return served_bus_setup(&fixture.served, true) < 0 ? -1 : make_scratch(&fixture);
}

/* The plugin of the queues answers, too. */
static inline int setup_queue(void **state) {
        struct fixture *fixture;

        if (setup(state) < 0)
                return -1;
        fixture = *state;
        served_bus_play(&fixture->served, SCENE_QUEUE_PLUGIN);
        return 0;
}

static inline int setup_empty(void **state) {
        static struct fixture fixture;

        *state = &fixture;
        return served_bus_setup_empty(&fixture.served) < 0 ? -1 : make_scratch(&fixture);
}

static inline int teardown(void **state) {
        struct fixture *fixture = *state;
        const char *const remove[] = {"rm", "-r", fixture->scratch, NULL};

        tool_run(remove, TIMEOUT_MSEC, output, sizeof(output));
        return served_bus_teardown(&fixture->served);
}

static inline void write_file(
        const struct fixture *fixture, const char *name, mode_t mode, const void *bytes, size_t size) {
        char path[128];

        snprintf(path, sizeof(path), "%s/%s", fixture->scratch, name);
        int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);

        assert_true(fd >= 0);
        assert_int_equal(write(fd, bytes, size), size);
        fchmod(fd, mode);
        close(fd);
}

#endif
