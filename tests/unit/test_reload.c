/* SPDX-License-Identifier: MIT */
/* test_reload - what of a new configuration comes into force, and what is kept for the next start */
#include "executor_support.h"

#include <sys/stat.h>

#include "executor/last_good.h"
#include "executor/reload.h"

#define BROKEN                                             \
        "spoolguard-config 1\nmode\tt\tenforce\n"          \
        "playbooks.vacuum.failed\tt\tvacuum.lua:3: boom\n" \
        "playbooks.vacuum.file\tt\tvacuum.lua\nend\n"

static void a_playbook_that_broke_is_kept_as_it_was_and_named(void **state) {
        struct config *last = config_of("mode\tt\tobserve\nplaybooks.vacuum.file\tt\tvacuum.lua\n"
                                        "playbooks.vacuum.source\tt\t-- good\n");
        struct config *config, *raw;
        struct problem problem;
        char *text;
        size_t size;
        (void)state;

        assert_int_equal(
                reload_merge(last, BROKEN, strlen(BROKEN), &config, &text, &size, &raw, &problem), 0);
        assert_int_equal(config->mode, CONFIG_MODE_ENFORCE);
        assert_null(config_playbook(config, "vacuum")->failed);
        assert_string_equal(config_playbook(config, "vacuum")->source, "-- good");
        assert_string_equal(config_playbook(raw, "vacuum")->failed, "vacuum.lua:3: boom");
        config_free(config);
        config_free(raw);
        /* What was kept comes into force again from its own text. */
        assert_int_equal(config_new(text, size, &config, &problem), 0);
        config_free(config);
        config_free(last);
        free(text);
}

static void without_a_predecessor_a_broken_playbook_stays_broken(void **state) {
        struct config *config, *raw;
        struct problem problem;
        char *text;
        size_t size;
        (void)state;

        assert_int_equal(
                reload_merge(NULL, BROKEN, strlen(BROKEN), &config, &text, &size, &raw, &problem), 0);
        assert_non_null(config_playbook(config, "vacuum")->failed);
        config_free(config);
        config_free(raw);
        free(text);
}

static void the_same_file_again_changes_nothing(void **state) {
        struct config *config, *raw, *again;
        struct problem problem;
        char *text, *second;
        size_t size, second_size;
        (void)state;

        assert_int_equal(
                reload_merge(NULL, BROKEN, strlen(BROKEN), &config, &text, &size, &raw, &problem), 0);
        config_free(raw);
        assert_int_equal(
                reload_merge(config, BROKEN, strlen(BROKEN), &again, &second, &second_size, &raw, &problem),
                0);
        assert_true(reload_is_same(text, size, second, second_size));
        assert_false(reload_is_same(text, size, second, second_size - 1));
        second[size / 2] ^= 1;
        assert_false(reload_is_same(text, size, second, second_size));
        config_free(raw);
        config_free(again);
        config_free(config);
        free(text);
        free(second);
}

static void nonsense_is_refused(void **state) {
        struct config *config, *raw;
        struct problem problem;
        char *text;
        size_t size;
        (void)state;

        assert_true(reload_merge(NULL, "nonsense", 8, &config, &text, &size, &raw, &problem) < 0);
        assert_int_not_equal(problem.text[0], '\0');
}

static void the_last_good_one_is_stored_as_a_whole_or_not(void **state) {
        char path[PATH_MAX], file[PATH_MAX + 32], *text;
        size_t size;
        struct stat st;
        (void)state;

        scratch_new(path);
        assert_true(last_good_read(path, &text, &size) < 0);
        assert_int_equal(last_good_store(path, "first", 5), 0);
        assert_int_equal(last_good_store(path, "second", 6), 0);
        assert_int_equal(last_good_read(path, &text, &size), 0);
        assert_int_equal(size, 6);
        assert_string_equal(text, "second");
        free(text);
        snprintf(file, sizeof(file), "%s/config.good", path);
        assert_int_equal(stat(file, &st), 0);
        assert_int_equal(st.st_mode & 0137, 0);
        assert_int_equal(truncate(file, CONFIG_TEXT_MAX + 1), 0);
        assert_true(last_good_read(path, &text, &size) < 0);
        scratch_free(path);
        assert_true(last_good_store(path, "x", 1) < 0);
}

static void on_reloaded(struct reload *reload, struct reload_result *result, void *data) {
        struct reload_result *seen = data;
        *seen = *result;
        *result = (struct reload_result){.text = NULL};
        reload_free(reload);
        stop_waiting();
}

/* The loader of this test is this test, which knows no such role and says nothing that could be taken. */
static void a_loader_that_does_not_answer_is_a_refused_configuration(void **state) {
        const struct loader_paths paths = {.etc = "/none", .share = "/none", .plugin_dir = "/none"};
        struct loop *loop = real_loop();
        struct reload_result seen = {.text = NULL};
        struct reload *reload;
        (void)state;

        assert_int_equal(reload_new(loop, &paths, on_reloaded, &seen, &reload), 0);
        wait_until_stopped(loop, 50);
        assert_null(seen.text);
        assert_non_null(seen.problems);
        reload_result_deinit(&seen);
        loop_free(loop);
}

int main(int argc, char *argv[]) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_playbook_that_broke_is_kept_as_it_was_and_named),
                cmocka_unit_test(without_a_predecessor_a_broken_playbook_stays_broken),
                cmocka_unit_test(the_same_file_again_changes_nothing),
                cmocka_unit_test(nonsense_is_refused),
                cmocka_unit_test(the_last_good_one_is_stored_as_a_whole_or_not),
                cmocka_unit_test(a_loader_that_does_not_answer_is_a_refused_configuration),
        };
        if (argc > 1 && strcmp(argv[1], "--role=loader") == 0)
                return 3;
        return cmocka_run_group_tests(tests, NULL, NULL);
}
