/* SPDX-License-Identifier: MIT */
/* test_loader_lines - keys of Lua tables find their lines, and odd sources do no harm */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "loader/loader_lines.h"

static unsigned line_of(const char *source, const char *path) {
        struct loader_lines lines;
        unsigned line;

        assert_int_equal(loader_lines_init(&lines, source, strlen(source)), 0);
        line = loader_lines_find(&lines, path);
        loader_lines_deinit(&lines);
        return line;
}

static const char config[] = "-- return { mode = 'comment' }\n"
                             "--[==[ return {\n"
                             " mode = 1 } ]] ]==]\n"
                             "return {\n"
                             "  mode = \"observe\",\n"
                             "  notify = { command = { \"/bin/x\", \"a = b\" },\n"
                             "             deadline = \"5s\" },\n"
                             "  [\"conditions\"] = {\n"
                             "    ['disk-space-high'] = {\n"
                             "      trip = 0.8; clear = 0.7\n"
                             "    },\n"
                             "  },\n"
                             "  text = [[ mode = 2,\n"
                             "  mode = 3 ]],\n"
                             "  last = 1 == 2,\n"
                             "}\n";

static void keys_of_nested_tables_have_their_lines(void **state) {
        static const struct {
                const char *path;
                unsigned line;
        } cases[] = {
                {"mode", 5},
                {"notify", 6},
                {"notify.command", 6},
                {"notify.deadline", 7},
                {"conditions.disk-space-high", 9},
                {"conditions.disk-space-high.trip", 10},
                {"conditions.disk-space-high.clear", 10},
                {"text", 13},
                {"last", 15},
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++)
                assert_int_equal(line_of(config, cases[i].path), cases[i].line);
}

static void an_unknown_key_has_the_line_of_the_table_it_is_in(void **state) {
        (void)state;
        assert_int_equal(line_of(config, "conditions.disk-space-high.other"), 9);
        assert_int_equal(line_of(config, "notify.x.y"), 6);
        assert_int_equal(line_of(config, "nothing"), 1);
        assert_int_equal(line_of("local t = {} t.mode = 1 return t", "mode"), 1);
}

static void what_is_inside_functions_is_no_key(void **state) {
        static const char playbook[] = "local function f(a)\n"
                                       "  if a then cooldown = 1 end\n"
                                       "end\n"
                                       "return playbook {\n"
                                       "  name = \"x\",\n"
                                       "  run = function(incident, options)\n"
                                       "    local a, cooldown = 1, 2\n"
                                       "    act(\"v\", { cooldown = 3 })\n"
                                       "    for i = 1, 2 do while false do end end\n"
                                       "    repeat a, name = 1, 2 until true\n"
                                       "  end,\n"
                                       "  cooldown = \"1m\",\n"
                                       "}\n";

        (void)state;
        assert_int_equal(line_of(playbook, "name"), 5);
        assert_int_equal(line_of(playbook, "run"), 6);
        assert_int_equal(line_of(playbook, "cooldown"), 12);
}

static void the_last_of_two_keys_counts(void **state) {
        (void)state;
        assert_int_equal(line_of("return {\na = 1,\na = 2,\n}", "a"), 3);
}

static void items_of_lists_have_no_path(void **state) {
        (void)state;
        assert_int_equal(line_of("return { x = {\n { name = 1 },\n},\n name = 2 }", "name"), 4);
}

static void comments_alone_are_blank(void **state) {
        static const struct {
                const char *text;
                bool blank;
        } cases[] = {
                {"", true}, {" \n\t", true}, {"-- x\n--[[ y\n]]", true}, {"return", false}, {"[[x]]", false}};

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                struct loader_lines lines;

                assert_int_equal(loader_lines_init(&lines, cases[i].text, strlen(cases[i].text)), 0);
                assert_int_equal(lines.blank, cases[i].blank);
                loader_lines_deinit(&lines);
        }
}

/* Copies of the exact size, so that a sanitizer sees one byte too far. */
static void any_beginning_of_a_source_is_read_within_bounds(void **state) {
        static const char nasty[] =
                "return {{{{[==[ ]=] \"\\\" '\\\\' --[[ ]] }}}}} [\"a\"] = {[ 'b' ] = 1, end until } ] [=";

        (void)state;
        for (size_t size = 0; size <= sizeof(nasty) - 1; size++) {
                char *copy = malloc(size + 1);
                struct loader_lines lines;

                memcpy(copy, nasty, size);
                copy = realloc(copy, size ? size : 1);
                assert_int_equal(loader_lines_init(&lines, copy, size), 0);
                loader_lines_deinit(&lines);
                free(copy);
        }
}

static void thousands_of_brackets_do_not_count_beyond_the_limit(void **state) {
        char *deep = malloc(20001);

        (void)state;
        memset(deep, '{', 10000);
        memset(deep + 10000, '}', 10000);
        deep[20000] = '\0';
        assert_int_equal(line_of(deep, "a"), 1);
        free(deep);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(keys_of_nested_tables_have_their_lines),
                cmocka_unit_test(an_unknown_key_has_the_line_of_the_table_it_is_in),
                cmocka_unit_test(what_is_inside_functions_is_no_key),
                cmocka_unit_test(the_last_of_two_keys_counts),
                cmocka_unit_test(items_of_lists_have_no_path),
                cmocka_unit_test(comments_alone_are_blank),
                cmocka_unit_test(any_beginning_of_a_source_is_read_within_bounds),
                cmocka_unit_test(thousands_of_brackets_do_not_count_beyond_the_limit),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
