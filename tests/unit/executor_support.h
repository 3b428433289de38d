/* SPDX-License-Identifier: MIT */
/* executor_support - what the executor's tests share: a scratch directory, a configuration, a plugin of verbs */
#ifndef TESTS_EXECUTOR_SUPPORT_H
#define TESTS_EXECUTOR_SUPPORT_H

#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <ftw.h>

#include "base/clock.h"
#include "base/loop.h"
#include "config/config.h"

static inline void scratch_new(char path[static PATH_MAX]) {
        strcpy(path, "/tmp/spoolguard-test-XXXXXX");
        assert_non_null(mkdtemp(path));
}

static inline int scratch_remove_one(const char *path, const struct stat *st, int type, struct FTW *at) {
        (void)st, (void)type, (void)at;
        return remove(path);
}

static inline void scratch_free(const char *path) {
        nftw(path, scratch_remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* Lines "key\torigin\tvalue", sorted. */
static inline struct config *config_of(const char *lines) {
        char text[8192];
        struct config *config = NULL;
        struct problem problem = {.text = ""};
        int size = snprintf(text, sizeof(text), "spoolguard-config 1\n%send\n", lines);

        if (config_new(text, (size_t)size, &config, &problem) < 0)
                fail_msg("%s", problem.text);
        return config;
}

static inline struct loop *real_loop(void) {
        struct loop *loop;

        assert_int_equal(loop_new_sdevent(&loop), 0);
        return loop;
}

/* What callbacks say when the test has seen what it waits for. */
static bool test_is_over;

static inline void stop_waiting(void) {
        test_is_over = true;
}

/* Until stop_waiting(); the test fails after so many seconds. */
static inline void wait_until_stopped(struct loop *loop, uint64_t seconds) {
        uint64_t end = clock_monotonic_usec() + seconds * USEC_PER_SEC;

        for (test_is_over = false; !test_is_over;) {
                assert_int_equal(loop_step(loop, 100 * USEC_PER_MSEC), 0);
                assert_true(clock_monotonic_usec() < end);
        }
}

/* Runs the loop for a while, whatever happens. */
static inline void run_for(struct loop *loop, uint64_t usec) {
        uint64_t end = clock_monotonic_usec() + usec;

        while (clock_monotonic_usec() < end)
                assert_int_equal(loop_step(loop, 10 * USEC_PER_MSEC), 0);
}

#endif
