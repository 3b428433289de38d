/* SPDX-License-Identifier: MIT */
/* test_sensor_reads - what the sensors declare, and what they find when they are asked, is what will be readable */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "watcher/sensor_host.h"
#include "watcher/shut_out.h"

static const char *further; /* what a file says today; NULL: it fails */

static int more(const char *root, const struct sg_value *options, sg_reads_fn add, void *data) {
        assert_string_equal(root, "/root");
        assert_string_equal(options[0].list[0], "/a");
        return further ? add(further, data) : -EIO;
}

static const struct sg_sensor sensor = {
        .name = "things", .reads = (const char *const[]){"@paths", "/declared", NULL}, .reads_more = more};
static const struct sg_plugin plugin = {SG_PLUGIN_HEADER, .name = "test",
        .options =
                (const struct sg_option[]){
                        {.name = "paths", .type = SG_TYPE_LIST, .fallback = "/a,relative"}, {.name = NULL}},
        .sensors = (const struct sg_sensor *const[]){&sensor, NULL}};
static struct plugin plugin_row = {.sg = &plugin, .name = "test"};
static const struct plugin_list plugins = {.plugins = &plugin_row, .n = 1};
static const struct config config = {.n_entries = 0};

static void all_of_them_are_below_the_root_and_none_is_relative(void **state) {
        char **paths;
        size_t n;

        (void)state;
        further = "/etc/found/main.cf";
        assert_int_equal(sensor_host_reads("/root", &plugins, &config, &paths, &n), 0);
        assert_int_equal(n, 3);
        assert_string_equal(paths[0], "/root/a");
        assert_string_equal(paths[1], "/root/declared");
        assert_string_equal(paths[2], "/root/etc/found/main.cf");
        sensor_host_reads_free(paths, n);
}

static void what_was_not_there_at_first_is_known_as_new(void **state) {
        struct shut_out *shut_out;
        char **paths;
        size_t n;

        (void)state;
        further = "/etc/found/main.cf";
        assert_int_equal(sensor_host_reads("/root", &plugins, &config, &paths, &n), 0);
        assert_int_equal(shut_out_new_consume(paths, n, &shut_out), 0);
        assert_true(shut_out_knows(shut_out, "/root/etc/found/main.cf"));
        assert_false(shut_out_knows(shut_out, "/root/etc/other/main.cf"));
        assert_false(shut_out_knows(shut_out, "/root/etc"));
        shut_out_free(shut_out);
}

static void a_sensor_that_cannot_tell_fails_the_list(void **state) {
        char **paths;
        size_t n;

        (void)state;
        further = NULL;
        assert_int_equal(sensor_host_reads("/root", &plugins, &config, &paths, &n), -EIO);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(all_of_them_are_below_the_root_and_none_is_relative),
                cmocka_unit_test(what_was_not_there_at_first_is_known_as_new),
                cmocka_unit_test(a_sensor_that_cannot_tell_fails_the_list),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
