/* SPDX-License-Identifier: MIT */
/* test_config_schema - the way from a key as people write it to its place */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "config/config_schema.h"

static void paths_lead_to_flat_keys(void **state) {
        static const struct {
                const char *path, *key, *name, *leaf;
        } cases[] = {
                {"mode", "mode", "", "mode"},
                {"notify.deadline", "notify.deadline", "", "deadline"},
                {"conditions.a-b.trip", "conditions.a-b.trip", "a-b", "trip"},
                {"conditions.a.labels.path", "conditions.a.labels.path", "a", "path"},
                {"plugins.disk.paths", "plugins.disk.paths", "disk", "paths"},
                {"playbooks.x.budget.runs", "playbooks.x.runs", "x", "runs"},
                {"playbooks.x.options.keep", "playbooks.x.options.keep", "x", "keep"},
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                struct config_place place;
                struct problem problem = {0};

                if (config_place(config_schema, cases[i].path, &place, &problem) != 0)
                        fail_msg("%s: %s", cases[i].path, problem.text);
                assert_string_equal(place.key, cases[i].key);
                assert_string_equal(place.name, cases[i].name);
                assert_string_equal(place.leaf, cases[i].leaf);
        }
}

static void tables_are_told_from_values(void **state) {
        static const char *const paths[] = {"notify", "conditions", "conditions.a", "conditions.a.labels",
                "plugins", "plugins.disk", "playbooks.x.budget", "playbooks.x.options"};

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(paths); i++) {
                struct config_place place;

                if (config_place(config_schema, paths[i], &place, NULL) != CONFIG_PLACE_TABLE)
                        fail_msg("%s is no table", paths[i]);
        }
}

static void unknown_keys_name_the_nearest(void **state) {
        static const struct {
                const char *path, *problem;
        } cases[] = {
                {"mood", "unknown key mood; did you mean \"mode\"?"},
                {"conditions.a.tirp", "unknown key conditions.a.tirp; did you mean \"trip\"?"},
                {"playbooks.a.budget.run", "unknown key playbooks.a.budget.run; did you mean \"runs\"?"},
                {"zebra", "unknown key zebra"},
                {"mode.x", "mode.x: \"mode\" is not a table"},
                {"conditions.Big.trip", "conditions.Big.trip: names have small letters"},
                {"playbooks.a.options.b.c", "playbooks.a.options.b.c: \"b\" is not a table"},
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                struct config_place place;
                struct problem problem = {0};

                assert_int_equal(config_place(config_schema, cases[i].path, &place, &problem), -EINVAL);
                if (strncmp(problem.text, cases[i].problem, strlen(cases[i].problem)) != 0)
                        fail_msg("\"%s\" is not \"%s\"", problem.text, cases[i].problem);
        }
}

static void check_rows(const struct config_field *table) {
        for (; table->rule.name; table++) {
                struct sg_value value;

                assert_non_null(table->rule.doc);
                if (table->kind == CONFIG_KIND_FIELD && table->rule.fallback) {
                        assert_int_equal(config_field_check(
                                                 table, table->rule.name, table->rule.fallback, &value, NULL),
                                0);
                        if (value.type == SG_TYPE_TEXT)
                                free((void *)(uintptr_t)value.text);
                        if (value.type == SG_TYPE_LIST)
                                free((void *)(uintptr_t)value.list);
                }
                if (table->fields)
                        check_rows(table->fields);
        }
}

static void every_row_has_a_doc_and_a_default_it_accepts(void **state) {
        (void)state;
        check_rows(config_schema);
        check_rows(config_playbook_fields);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(paths_lead_to_flat_keys),
                cmocka_unit_test(tables_are_told_from_values),
                cmocka_unit_test(unknown_keys_name_the_nearest),
                cmocka_unit_test(every_row_has_a_doc_and_a_default_it_accepts),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
