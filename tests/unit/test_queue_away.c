/* SPDX-License-Identifier: MIT */
/* test_queue_away - a spool or a queue that is not there, or not what it seems, is missing and not empty */
#include "queue_support.h"

static void without_postfix_there_is_no_sensor_and_no_reading(void **state) {
        static const char *const spools[] = {"/var/spool/postfix-out", NULL};
        struct relay *relay = *state;
        void *sensor;

        relay->options[POSTFIX_OPTION_SPOOLS].list = spools;
        sensor_bench_init(&relay->bench, relay->scratch.path);
        assert_int_equal(postfix_queue.create(&relay->bench.services, relay->options, &sensor), -ENOTSUP);
        assert_int_equal(relay->bench.n, 0);
        sensor_bench_deinit(&relay->bench);
}

static void a_spool_that_comes_late_is_found(void **state) {
        struct relay *relay = *state;
        char away[256];

        snprintf(away, sizeof(away), "%s/elsewhere", relay->scratch.path);
        assert_int_equal(rename(relay->spool.path, away), 0);
        relay_start(relay);
        relay_expect(relay, "queue_messages", "-,deferred", -1);
        assert_int_equal(rename(away, relay->spool.path), 0);
        relay_expect(relay, "queue_messages", "-,deferred", 0);
}

static void a_view_that_is_another_directory_is_not_the_spool(void **state) {
        struct relay *relay = *state;

        scratch_mkdir(&relay->scratch, "run/spoolguard/view/var/spool/postfix/incoming");
        relay_add(relay, "incoming", "bob@example.test");
        relay_start(relay);
        relay_expect_as_found(relay);
        relay_expect(relay, "queue_messages", "-,incoming", 1);
}

static void a_spool_that_vanishes_is_missing_and_comes_back(void **state) {
        struct relay *relay = *state;
        char away[256];

        relay_add(relay, "deferred", "bob@example.test");
        relay_start(relay);
        relay_expect(relay, "queue_nexthop_messages", "-,example.test", 1);
        snprintf(away, sizeof(away), "%s/elsewhere", relay->scratch.path);
        assert_int_equal(rename(relay->spool.path, away), 0);
        relay_expect(relay, "queue_messages", "-,deferred", -1);
        relay_expect(relay, "queue_nexthop_messages", "-,example.test", -1);
        assert_int_equal(rename(away, relay->spool.path), 0);
        relay_add(relay, "deferred", "bob@example.test");
        relay_expect(relay, "queue_nexthop_messages", "-,example.test", 2);
        relay_expect_as_found(relay);
}

/* Its package makes a spool below the mount point, too. */
static void a_spool_whose_file_system_is_not_mounted_is_missing(void **state) {
        static const char unit[] = "run/systemd/generator/var-spool-postfix.mount";
        struct relay *relay = *state;

        relay_add(relay, "deferred", "bob@example.test");
        scratch_write(&relay->scratch, unit, "[Mount]\nWhere=/var/spool/postfix\n");
        relay_start(relay);
        relay_expect(relay, "queue_messages", "-,deferred", -1);
        relay_settle(relay);
        assert_float_equal(relay_value(relay, "queue_messages", "-,deferred"), -1, 0);
        assert_non_null(sensor_bench_trouble(&relay->bench, "-: mount"));
        assert_int_equal(unlink(scratch_path(&relay->scratch, unit)), 0);
        relay_expect(relay, "queue_messages", "-,deferred", 1);
        assert_null(sensor_bench_trouble(&relay->bench, "-: mount"));
}

static void a_queue_that_is_removed_is_missing_and_the_others_go_on(void **state) {
        struct relay *relay = *state;
        char away[256], hold[256];

        relay_add(relay, "hold", "bob@example.test");
        relay_add(relay, "deferred", "bob@example.test");
        relay_start(relay);
        relay_expect(relay, "queue_messages", "-,hold", 1);
        snprintf(away, sizeof(away), "%s/elsewhere", relay->scratch.path);
        snprintf(hold, sizeof(hold), "%s/hold", relay->spool.path);
        assert_int_equal(rename(hold, away), 0);
        relay_expect(relay, "queue_messages", "-,hold", -1);
        assert_float_equal(relay_value(relay, "queue_messages", "-,deferred"), 1, 0);
        assert_int_equal(rename(away, hold), 0);
        relay_expect(relay, "queue_messages", "-,hold", 1);
        relay_expect_as_found(relay);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, relay_setup, relay_teardown)
        const struct CMUnitTest tests[] = {
                TEST(without_postfix_there_is_no_sensor_and_no_reading),
                TEST(a_spool_that_comes_late_is_found),
                TEST(a_view_that_is_another_directory_is_not_the_spool),
                TEST(a_spool_that_vanishes_is_missing_and_comes_back),
                TEST(a_spool_whose_file_system_is_not_mounted_is_missing),
                TEST(a_queue_that_is_removed_is_missing_and_the_others_go_on),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
