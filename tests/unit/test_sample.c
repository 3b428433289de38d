/* SPDX-License-Identifier: MIT */
/* test_sample - the tutorial does what it says */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "spoolguard/plugin.h"
#include "support/sensor_bench.h"
#include "support/verb_bench.h"

static void the_sensor_publishes_the_configured_value(void **state) {
        const struct sg_value options[] = {{.type = SG_TYPE_NUMBER, .number = 7}};
        struct sensor_bench bench;
        void *sensor = NULL;

        (void)state;
        sensor_bench_init(&bench, "");
        assert_int_equal(sg_plugin.sensors[0]->create(&bench.services, options, &sensor), 0);
        sensor_bench_run(&bench, 100000);
        assert_true(sensor_bench_find(&bench, "sample_value", "")->value == 7);
        assert_int_equal(bench.wakeups, 1);
        sg_plugin.sensors[0]->destroy(sensor);
        sensor_bench_deinit(&bench);
}

static void the_verb_touches_nothing_and_says_so(void **state) {
        struct verb_bench bench;

        (void)state;
        verb_bench_init(&bench, "", NULL, NULL);
        assert_int_equal(verb_bench_check(&bench, sg_plugin.verbs[0]), SG_VERDICT_GO);
        assert_int_equal(verb_bench_act(&bench, sg_plugin.verbs[0]), 0);
        assert_string_equal(bench.outcome.text, "nothing was touched");
        assert_int_equal(bench.n_tools, 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_sensor_publishes_the_configured_value),
                cmocka_unit_test(the_verb_touches_nothing_and_says_so),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
