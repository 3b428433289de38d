/* SPDX-License-Identifier: MIT */
/* test_plugin - which shared objects are opened, and in what words the others are refused */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "config/config.h"
#include "config/option.h"
#include "plugin/plugin_open.h"
#include "support/scratch.h"

struct fixture {
        struct scratch scratch;
        struct plugin_list *list;
};

static int setup(void **state) {
        struct fixture *fixture = calloc(1, sizeof(*fixture));

        scratch_init(&fixture->scratch);
        *state = fixture;
        return 0;
}

static int teardown(void **state) {
        struct fixture *fixture = *state;

        plugin_list_free(fixture->list);
        scratch_deinit(&fixture->scratch);
        free(fixture);
        return 0;
}

/* A file as an installation would leave it. */
static void install(const struct fixture *fixture, const char *directory, const char *file, const char *as) {
        const char *target = scratch_path(&fixture->scratch, as);
        char path[512], bytes[65536];
        FILE *from, *to;
        size_t n;

        snprintf(path, sizeof(path), "%s/%s", directory, file);
        from = fopen(path, "re");
        to = fopen(target, "we");
        assert_non_null(from);
        assert_non_null(to);
        while ((n = fread(bytes, 1, sizeof(bytes), from)) > 0)
                assert_int_equal(fwrite(bytes, 1, n, to), n);
        fclose(from);
        fclose(to);
        assert_int_equal(chmod(target, 0644), 0);
}

static const struct plugin *open_all(struct fixture *fixture, const char *name) {
        fixture->list = plugin_list_free(fixture->list);
        assert_int_equal(plugin_list_new_owned(fixture->scratch.path, geteuid(), &fixture->list), 0);
        for (size_t i = 0; i < fixture->list->n; i++)
                if (strcmp(fixture->list->plugins[i].name, name) == 0)
                        return &fixture->list->plugins[i];
        return NULL;
}

static void expect_refused(const struct fixture *fixture, const struct plugin *plugin, const char *reason) {
        char expected[512];

        assert_non_null(plugin);
        assert_null(plugin->sg);
        snprintf(expected, sizeof(expected), "plugin %s/%s.so refused: %s", fixture->scratch.path,
                plugin->name, reason);
        if (strncmp(plugin->refused.text, expected, strlen(expected)) != 0)
                fail_msg("\"%s\" is not \"%s\"", plugin->refused.text, expected);
}

static void the_sample_is_opened_and_found_by_its_names(void **state) {
        struct fixture *fixture = *state;
        const struct sg_plugin *owner = NULL;
        const struct sg_verb *verb;

        install(fixture, PLUGIN_DIR, "sample.so", "sample.so");
        install(fixture, PLUGIN_DIR, "disk.so", "disk.so");
        assert_non_null(open_all(fixture, "sample")->sg);
        assert_int_equal(fixture->list->n, 2);
        assert_string_equal(fixture->list->plugins[0].name, "disk");
        assert_string_equal(plugin_find(fixture->list, "sample")->name, "sample");
        assert_null(plugin_find(fixture->list, "postfix"));
        verb = plugin_verb(fixture->list, "sample.touch_nothing", &owner);
        assert_non_null(verb);
        assert_ptr_equal(owner, plugin_find(fixture->list, "sample"));
        assert_string_equal(plugin_risk_name(verb->risk), "probe");
        assert_null(plugin_verb(fixture->list, "sample.none", NULL));
        assert_string_equal(plugin_risk_name((enum sg_risk)99), "unknown");
}

static void opening_again_finds_the_same_and_no_other(void **state) {
        struct fixture *fixture = *state;
        const struct sg_plugin *first;

        install(fixture, PLUGIN_DIR, "sample.so", "sample.so");
        first = open_all(fixture, "sample")->sg;
        /* Descriptor numbers come back here; the names they make must not lead to the plugin before. */
        install(fixture, PLUGIN_DIR, "journal.so", "journal.so");
        install(fixture, PLUGIN_DIR, "disk.so", "disk.so");
        assert_ptr_equal(open_all(fixture, "sample")->sg, first);
        assert_string_equal(plugin_find(fixture->list, "journal")->name, "journal");
        assert_string_equal(plugin_find(fixture->list, "disk")->name, "disk");
}

static void a_directory_that_does_not_exist_has_no_plugins(void **state) {
        struct fixture *fixture = *state;

        assert_int_equal(plugin_list_new("/nonexistent/plugins", &fixture->list), 0);
        assert_int_equal(fixture->list->n, 0);
}

static void bad_plugins_are_refused_in_one_line_each_and_harm_no_other(void **state) {
        static const struct {
                const char *name, *reason;
        } cases[] = {
                {"wrong_abi",
                        "built for ABI 7, this spoolguard has ABI 6: rebuild it against spoolguard-dev"},
                {"wrong_size", "its descriptor has 8 bytes instead of"},
                {"no_symbol", "it exports no symbol sg_plugin"},
                {"wrong_name", "it calls itself \"postfix\""},
                {"foreign_verb", "the verb \"journal.vacuum\" is not named foreign_verb.something"},
                {"bad_default", "the default of an option is not valid: level = \"85%\" is not a ratio"},
        };
        struct fixture *fixture = *state;
        char file[64];

        install(fixture, PLUGIN_DIR, "sample.so", "sample.so");
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                snprintf(file, sizeof(file), "%s.so", cases[i].name);
                install(fixture, BAD_PLUGIN_DIR, file, file);
        }
        scratch_write(&fixture->scratch, "text.so", "this is no shared object\n");
        scratch_write(&fixture->scratch, "README", "no plugin\n");
        for (size_t i = 0; i < ELEMENTSOF(cases); i++)
                expect_refused(fixture, open_all(fixture, cases[i].name), cases[i].reason);
        expect_refused(fixture, open_all(fixture, "text"), "");
        assert_non_null(plugin_find(fixture->list, "sample"));
        assert_int_equal(fixture->list->n, ELEMENTSOF(cases) + 2);
}

static void who_else_could_write_it_keeps_a_plugin_out(void **state) {
        struct fixture *fixture = *state;
        const char *sample = scratch_path(&fixture->scratch, "sample.so");

        install(fixture, PLUGIN_DIR, "sample.so", "sample.so");
        assert_int_equal(chmod(sample, 0664), 0);
        expect_refused(fixture, open_all(fixture, "sample"), "it can be written by others than its owner");
        assert_int_equal(chmod(sample, 0646), 0);
        expect_refused(fixture, open_all(fixture, "sample"), "it can be written by others than its owner");
        assert_int_equal(chmod(sample, 0644), 0);
        assert_non_null(open_all(fixture, "sample")->sg);

        assert_int_equal(chmod(fixture->scratch.path, 0777), 0);
        expect_refused(fixture, open_all(fixture, "sample"),
                "its directory can be written by others than its owner");
        assert_int_equal(chmod(fixture->scratch.path, 0755), 0);

        fixture->list = plugin_list_free(fixture->list);
        assert_int_equal(plugin_list_new_owned(fixture->scratch.path, geteuid() + 1, &fixture->list), 0);
        expect_refused(
                fixture, &fixture->list->plugins[0], "its directory does not belong to the right user");
}

static void owner_and_mode_are_judged_as_documented(void **state) {
        (void)state;
        assert_null(plugin_open_distrust(0, S_IFREG | 0755, 0));
        assert_string_equal(plugin_open_distrust(1000, S_IFREG | 0644, 0), "does not belong to root");
        assert_string_equal(
                plugin_open_distrust(0, S_IFREG | 0664, 0), "can be written by others than its owner");
        assert_string_equal(
                plugin_open_distrust(0, S_IFREG | 0646, 0), "can be written by others than its owner");
}

static void links_and_other_kinds_of_files_are_not_followed(void **state) {
        struct fixture *fixture = *state;

        install(fixture, PLUGIN_DIR, "sample.so", "real");
        assert_int_equal(symlink(scratch_path(&fixture->scratch, "real"),
                                 scratch_path(&fixture->scratch, "sample.so")),
                0);
        expect_refused(fixture, open_all(fixture, "sample"), "it is a symbolic link");
        scratch_mkdir(&fixture->scratch, "folder.so");
        expect_refused(fixture, open_all(fixture, "folder"), "it is not a regular file");
        assert_int_equal(mkfifo(scratch_path(&fixture->scratch, "fifo.so"), 0644), 0);
        expect_refused(fixture, open_all(fixture, "fifo"), "it is not a regular file");
        scratch_write(&fixture->scratch, "Big-Name.so", "");
        expect_refused(fixture, open_all(fixture, "Big-Name"), "its name is not of small letters");
}

static void options_come_from_the_configuration_and_the_table(void **state) {
        static const char text[] = "spoolguard-config 1\nplugins.sample.value\tf:1\t7\n"
                                   "plugins.samples.value\tf:1\t8\nend\n";
        static const char wrong[] = "spoolguard-config 1\nplugins.sample.value\tf:1\t1001\nend\n";
        struct fixture *fixture = *state;
        const struct sg_plugin *sample;
        struct config *config;
        struct sg_value *values;
        struct problem problem;

        install(fixture, PLUGIN_DIR, "sample.so", "sample.so");
        sample = open_all(fixture, "sample")->sg;
        assert_int_equal(config_new(text, strlen(text), &config, &problem), 0);
        assert_int_equal(plugin_options(sample, config, &values, &problem), 0);
        assert_true(values[0].number == 7);
        option_values_free(sample->options, values);
        config_free(config);

        assert_int_equal(config_new(wrong, strlen(wrong), &config, &problem), 0);
        assert_int_equal(plugin_options(sample, config, &values, &problem), -EINVAL);
        assert_non_null(strstr(problem.text, "value = 1001 is out of range"));
        config_free(config);
}

static void every_bundled_plugin_documents_what_it_has(void **state) {
        struct fixture *fixture = *state;

        assert_int_equal(plugin_list_new_owned(PLUGIN_DIR, geteuid(), &fixture->list), 0);
        assert_int_equal(fixture->list->n, 9);
        for (size_t i = 0; i < fixture->list->n; i++) {
                const struct sg_plugin *plugin = fixture->list->plugins[i].sg;

                if (!plugin) {
                        fail_msg("%s", fixture->list->plugins[i].refused.text);
                        return;
                }
                assert_true(plugin->summary && *plugin->summary && plugin->version);
                for (const struct sg_option *row = plugin->options; row && row->name; row++)
                        assert_true(row->doc && *row->doc);
                for (size_t j = 0; plugin->verbs && plugin->verbs[j]; j++) {
                        assert_true(plugin->verbs[j]->summary && plugin->verbs[j]->budget_count > 0);
                        for (const struct sg_option *row = plugin->verbs[j]->args; row && row->name; row++)
                                assert_true(row->doc && *row->doc);
                }
                for (size_t j = 0; plugin->sensors && plugin->sensors[j]; j++)
                        for (const struct sg_reading *row = plugin->sensors[j]->readings; row->name; row++)
                                assert_true(row->doc && *row->doc);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(the_sample_is_opened_and_found_by_its_names, setup, teardown),
                cmocka_unit_test_setup_teardown(opening_again_finds_the_same_and_no_other, setup, teardown),
                cmocka_unit_test_setup_teardown(
                        a_directory_that_does_not_exist_has_no_plugins, setup, teardown),
                cmocka_unit_test_setup_teardown(
                        bad_plugins_are_refused_in_one_line_each_and_harm_no_other, setup, teardown),
                cmocka_unit_test_setup_teardown(who_else_could_write_it_keeps_a_plugin_out, setup, teardown),
                cmocka_unit_test_setup_teardown(owner_and_mode_are_judged_as_documented, setup, teardown),
                cmocka_unit_test_setup_teardown(
                        links_and_other_kinds_of_files_are_not_followed, setup, teardown),
                cmocka_unit_test_setup_teardown(
                        options_come_from_the_configuration_and_the_table, setup, teardown),
                cmocka_unit_test_setup_teardown(every_bundled_plugin_documents_what_it_has, setup, teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
