/* SPDX-License-Identifier: MIT */
/*
 * test_bus_path - names in object paths
 *
 * The expected texts are what sd_bus_path_encode(3) of libsystemd 252 makes of the same names.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <dbus/dbus.h>

#include "watcher/bus/bus_path.h"

static void names_are_escaped_as_sd_bus_does(void **state) {
        static const struct {
                const char *name, *leaf;
        } cases[] = {
                {"", "_"},
                {"disk-space-high", "disk_2dspace_2dhigh"},
                {"disk-space-high_/var/log", "disk_2dspace_2dhigh_5f_2fvar_2flog"},
                {"7up7", "_37up7"},
                {"a.b c", "a_2eb_20c"},
                {"\xc3\xa4", "_c3_a4"},
                {"x\ny", "x_0ay"},
        };
        char leaf[BUS_LEAF_MAX];

        (void)state;
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                bus_path_encode(cases[i].name, leaf);
                assert_string_equal(leaf, cases[i].leaf);
        }
}

static void the_longest_hostile_name_makes_a_valid_path(void **state) {
        char name[2 * CONDITION_NAME_MAX], leaf[BUS_LEAF_MAX], path[BUS_PATH_MAX];

        (void)state;
        memset(name, '\xff', sizeof(name) - 1);
        name[sizeof(name) - 1] = '\0';
        bus_path_encode(name, leaf);
        bus_path_make("condition", leaf, path);
        assert_true(dbus_validate_path(path, NULL));
        assert_true(strlen(leaf) < BUS_LEAF_MAX);
}

static void two_names_never_share_a_path(void **state) {
        char a[BUS_LEAF_MAX], b[BUS_LEAF_MAX];

        (void)state;
        bus_path_encode("a_2fb", a);
        bus_path_encode("a/b", b);
        assert_string_not_equal(a, b);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(names_are_escaped_as_sd_bus_does),
                cmocka_unit_test(the_longest_hostile_name_makes_a_valid_path),
                cmocka_unit_test(two_names_never_share_a_path),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
