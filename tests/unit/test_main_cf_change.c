/* SPDX-License-Identifier: MIT */
/* test_main_cf_change - what differs between two texts of main.cf is found, and nothing else */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "postfix/main_cf_change.h"

static const char *const names[] = {"alpha", "beta"};

static void values_are_compared_as_they_are_written(void **state) {
        (void)state;
        assert_true(main_cf_change_is_same("", "beta = 1\n", "alpha"));
        assert_true(main_cf_change_is_same("alpha = 1 \n", "beta = 2\nalpha=1\n", "alpha"));
        assert_true(main_cf_change_is_same("alpha = 1,\n 2\n", "alpha = 1, 2\n", "alpha"));
        assert_true(main_cf_change_is_same("alpha = 1\nalpha = 2\n", "alpha = 2\n", "alpha"));
        assert_false(main_cf_change_is_same("", "alpha =\n", "alpha"));
        assert_false(main_cf_change_is_same("alpha = 1d\n", "alpha = 24h\n", "alpha"));
        assert_false(main_cf_change_is_same("alpha = $beta\n", "alpha = 1\nbeta = 1\n", "alpha"));
}

static void another_line_that_differs_is_seen(void **state) {
        static const struct {
                const char *a, *b;
                bool is_confined;
        } cases[] = {
                {"", "", true},
                {"gamma = 1\n", "gamma = 1\nalpha = 2\n", true},
                {"gamma = 1", "gamma = 1\nalpha = 2\n", true},
                {"gamma = 1", "gamma = 1\n", true},
                {"alpha = 1\ngamma = 1\nbeta = 2\n", "gamma = 1\n", true},
                {"alpha = 1,\n  2\n# word\n  3\ngamma = 1\n", "alpha = 4\n# word\ngamma = 1\n", true},
                {"gamma = 1,\n  2\n", "gamma = 1,\n  2\nbeta = 1\n", true},
                {"gamma = 1,\n  2\n", "gamma = 1,\nbeta = 1\n  2\n", false},
                {"gamma = 1\n", "gamma = 2\n", false},
                {"gamma = 1\n", "alpha = 1\n", false},
                {"gamma = 1\n", "gamma = 1\ndelta = 1\n", false},
                {"gamma = 1\ndelta = 1\n", "delta = 1\ngamma = 1\n", false},
                {"# word\n", "# words\n", false},
                {"# word\ngamma = 1\n", "gamma = 1\n", false},
                {"\ngamma = 1\n", "gamma = 1\n", false},
                {"gamma = 1 \n", "gamma = 1\n", false},
                {"alphabet = 1\n", "alphabet = 2\n", false},
                {"gamma = 1\n", "gamma = 1\n alpha = 1\n", false},
        };
        (void)state;

        for (size_t i = 0; i < ELEMENTSOF(cases); i++)
                if (main_cf_change_is_confined(cases[i].a, cases[i].b, names, ELEMENTSOF(names)) !=
                        cases[i].is_confined)
                        fail_msg("'%s' and '%s'", cases[i].a, cases[i].b);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(values_are_compared_as_they_are_written),
                cmocka_unit_test(another_line_that_differs_is_seen),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
