/* SPDX-License-Identifier: MIT */
/* test_journal_sensor - how large the journal is, how much it grew, and that it went away */
#include "journal_support.h"

#include "base/clock.h"
#include "support/sensor_bench.h"

static int setup(void **state) {
        struct scratch *scratch = calloc(1, sizeof(*scratch));

        make_journal(scratch);
        *state = scratch;
        return 0;
}

static int teardown(void **state) {
        scratch_deinit(*state);
        free(*state);
        return 0;
}

static void the_sensor_adds_up_blocks_and_hears_of_changes(void **state) {
        const struct scratch *scratch = *state;
        const struct bench_reading *reading;
        struct sensor_bench bench;
        void *sensor = NULL;
        double before;

        sensor_bench_init(&bench, scratch->path);
        assert_int_equal(journal_sensor.create(&bench.services, NULL, &sensor), 0);
        reading = sensor_bench_find(&bench, "journal_bytes", "/var/log/journal");
        assert_non_null(reading);
        before = reading->value;
        assert_true(before >= 40.0 * (double)MIB && before < 41.0 * (double)MIB);

        for (int i = 0; i < 100; i++)
                scratch_fill(scratch, "var/log/journal/" MACHINE "/user-1.journal", 1 * MIB);
        sensor_bench_run(&bench, 3 * SEC / 2);
        assert_true(reading->value >= before + (double)MIB);
        assert_in_range(reading->times, 2, 3);
        assert_true(bench.wakeups <= 4);
        journal_sensor.destroy(sensor);
        sensor_bench_deinit(&bench);
}

static uint64_t ahead_usec;

static uint64_t now_ahead(const struct sg_host *host) {
        (void)host;
        return clock_monotonic_usec() + ahead_usec;
}

static void how_much_it_grew_is_known_after_a_minute(void **state) {
        const struct scratch *scratch = *state;
        const struct bench_reading *growth, *bytes;
        struct sensor_bench bench;
        void *sensor = NULL;
        double before;

        ahead_usec = 0;
        sensor_bench_init(&bench, scratch->path);
        bench.services.now_usec = now_ahead;
        assert_int_equal(journal_sensor.create(&bench.services, NULL, &sensor), 0);
        growth = sensor_bench_find(&bench, "journal_growth_bytes", "/var/log/journal");
        bytes = sensor_bench_find(&bench, "journal_bytes", "/var/log/journal");
        assert_true(growth->missing);
        before = bytes->value;
        ahead_usec = 90 * SEC;
        scratch_fill(scratch, "var/log/journal/" MACHINE "/user-1.journal", 3 * MIB);
        sensor_bench_run(&bench, 3 * SEC / 2);
        assert_false(growth->missing);
        assert_true(growth->value >= 3.0 * (double)MIB);
        assert_true(growth->value >= bytes->value - before && growth->value <= bytes->value - before);
        journal_sensor.destroy(sensor);
        sensor_bench_deinit(&bench);
}

static void a_journal_that_goes_away_is_withdrawn(void **state) {
        struct scratch scratch;
        struct sensor_bench bench;
        void *sensor = NULL;

        (void)state;
        scratch_init(&scratch);
        scratch_mkdir(&scratch, "var/log/journal/" MACHINE);
        sensor_bench_init(&bench, scratch.path);
        assert_int_equal(journal_sensor.create(&bench.services, NULL, &sensor), 0);
        assert_true(sensor_bench_find(&bench, "journal_bytes", "/var/log/journal")->value == 0);
        rmdir(scratch_path(&scratch, "var/log/journal/" MACHINE));
        rmdir(scratch_path(&scratch, "var/log/journal"));
        sensor_bench_run(&bench, 3 * SEC / 2);
        assert_true(sensor_bench_find(&bench, "journal_bytes", "/var/log/journal")->withdrawn);
        assert_true(sensor_bench_find(&bench, "journal_growth_bytes", "/var/log/journal")->withdrawn);
        journal_sensor.destroy(sensor);
        sensor_bench_deinit(&bench);
        scratch_deinit(&scratch);
}

#define WITH_FIXTURE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                WITH_FIXTURE(the_sensor_adds_up_blocks_and_hears_of_changes),
                WITH_FIXTURE(how_much_it_grew_is_known_after_a_minute),
                cmocka_unit_test(a_journal_that_goes_away_is_withdrawn),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
