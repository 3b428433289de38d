/* SPDX-License-Identifier: MIT */
/* test_condition - the pure step: each test is a story of (second, value) and the state after it */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "engine/condition.h"

struct step {
        unsigned second;
        double value;
        enum condition_state state;
        enum condition_edge edge;
};

static const struct config_condition full = {
        .name = "disk-space-high",
        .reading = "disk_used_ratio",
        .trip = 0.85,
        .clear = 0.80,
        .lasting_usec = 5 * USEC_PER_SEC,
        .clear_lasting_usec = 10 * USEC_PER_SEC,
        .enabled = true,
};
static const struct config_condition soon = {
        .name = "disk-full-soon",
        .reading = "disk_full_seconds",
        .below = true,
        .trip = 3600,
        .clear = 7200,
        .enabled = true,
};

static void tell(const struct config_condition *config, const struct step *steps, size_t n) {
        struct condition condition = {.config = config, .state = CONDITION_UNKNOWN, .value = NAN};
        uint64_t again_usec;

        for (size_t i = 0; i < n; i++) {
                enum condition_edge edge = condition_step(
                        &condition, steps[i].value, steps[i].second * USEC_PER_SEC, &again_usec);
                if (condition.state != steps[i].state || edge != steps[i].edge)
                        fail_msg("step %zu: state %s, edge %d", i, condition_state_name(condition.state),
                                edge);
                if (condition.state == CONDITION_PENDING || condition.state == CONDITION_CLEARING)
                        assert_true(again_usec > steps[i].second * USEC_PER_SEC && again_usec != USEC_NEVER);
                else
                        assert_true(again_usec == USEC_NEVER);
        }
}

#define TELL(config, ...) \
        tell(config, (const struct step[]){__VA_ARGS__}, ELEMENTSOF(((const struct step[]){__VA_ARGS__})))

static void trips_only_after_lasting_without_a_break(void **state) {
        (void)state;
        TELL(&full, {0, 0.90, CONDITION_PENDING, CONDITION_EDGE_NONE},
                {4, 0.90, CONDITION_PENDING, CONDITION_EDGE_NONE},
                {4, 0.84, CONDITION_OK, CONDITION_EDGE_NONE},
                {5, 0.85, CONDITION_PENDING, CONDITION_EDGE_NONE},
                {9, 0.99, CONDITION_PENDING, CONDITION_EDGE_NONE},
                {10, 0.85, CONDITION_ACTIVE, CONDITION_EDGE_TRIPPED},
                {11, 0.85, CONDITION_ACTIVE, CONDITION_EDGE_NONE});
}

static void flutter_between_the_levels_stays_tripped(void **state) {
        (void)state;
        TELL(&full, {0, 0.90, CONDITION_PENDING, CONDITION_EDGE_NONE},
                {5, 0.90, CONDITION_ACTIVE, CONDITION_EDGE_TRIPPED},
                {6, 0.84, CONDITION_ACTIVE, CONDITION_EDGE_NONE},
                {7, 0.86, CONDITION_ACTIVE, CONDITION_EDGE_NONE},
                {8, 0.80, CONDITION_ACTIVE, CONDITION_EDGE_NONE},
                {9, 0.81, CONDITION_ACTIVE, CONDITION_EDGE_NONE});
}

static void flutter_below_clear_level_stays_tripped(void **state) {
        (void)state;
        TELL(&full, {0, 0.90, CONDITION_PENDING, CONDITION_EDGE_NONE},
                {5, 0.90, CONDITION_ACTIVE, CONDITION_EDGE_TRIPPED},
                {6, 0.79, CONDITION_CLEARING, CONDITION_EDGE_NONE},
                {15, 0.81, CONDITION_ACTIVE, CONDITION_EDGE_NONE},
                {16, 0.70, CONDITION_CLEARING, CONDITION_EDGE_NONE},
                {25, 0.70, CONDITION_CLEARING, CONDITION_EDGE_NONE},
                {26, 0.70, CONDITION_OK, CONDITION_EDGE_CLEARED});
}

static void missing_never_trips(void **state) {
        (void)state;
        TELL(&full, {0, 0.90, CONDITION_PENDING, CONDITION_EDGE_NONE},
                {1, NAN, CONDITION_UNKNOWN, CONDITION_EDGE_NONE},
                {9, NAN, CONDITION_UNKNOWN, CONDITION_EDGE_NONE},
                {10, 0.90, CONDITION_PENDING, CONDITION_EDGE_NONE},
                {15, 0.90, CONDITION_ACTIVE, CONDITION_EDGE_TRIPPED});
}

static void missing_never_clears(void **state) {
        (void)state;
        TELL(&full, {0, 0.90, CONDITION_PENDING, CONDITION_EDGE_NONE},
                {5, 0.90, CONDITION_ACTIVE, CONDITION_EDGE_TRIPPED},
                {6, 0.5, CONDITION_CLEARING, CONDITION_EDGE_NONE},
                {7, NAN, CONDITION_UNKNOWN, CONDITION_EDGE_NONE},
                {99, NAN, CONDITION_UNKNOWN, CONDITION_EDGE_NONE},
                {100, 0.5, CONDITION_CLEARING, CONDITION_EDGE_NONE},
                {110, 0.5, CONDITION_OK, CONDITION_EDGE_CLEARED});
}

static void below_is_the_mirror_image_and_infinity_is_good(void **state) {
        (void)state;
        TELL(&soon, {0, INFINITY, CONDITION_OK, CONDITION_EDGE_NONE},
                {1, 3600, CONDITION_ACTIVE, CONDITION_EDGE_TRIPPED},
                {2, 7200, CONDITION_ACTIVE, CONDITION_EDGE_NONE},
                {3, INFINITY, CONDITION_OK, CONDITION_EDGE_CLEARED},
                {4, 0, CONDITION_ACTIVE, CONDITION_EDGE_TRIPPED});
}

static void plain_name_stands_for_its_objects_and_for_nothing_longer(void **state) {
        (void)state;
        assert_true(condition_is_named("disk-space-high_/var", "disk-space-high"));
        assert_true(condition_is_named("disk-space-high_/var", "disk-space-high_/var"));
        assert_true(condition_is_named("disk-space-high", "disk-space-high"));
        assert_false(condition_is_named("disk-space-highest", "disk-space-high"));
        assert_false(condition_is_named("disk-space-high", "disk-space-high_/var"));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(trips_only_after_lasting_without_a_break),
                cmocka_unit_test(flutter_between_the_levels_stays_tripped),
                cmocka_unit_test(flutter_below_clear_level_stays_tripped),
                cmocka_unit_test(missing_never_trips),
                cmocka_unit_test(missing_never_clears),
                cmocka_unit_test(below_is_the_mirror_image_and_infinity_is_good),
                cmocka_unit_test(plain_name_stands_for_its_objects_and_for_nothing_longer),
        };

        return cmocka_run_group_tests_name("condition", tests, NULL, NULL);
}
