/* SPDX-License-Identifier: MIT */
/* test_instance - which instances of Postfix are found, and what a broken one does to the others */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>
#include <unistd.h>

#include "postfix/instance.h"
#include "support/scratch.h"

struct host {
        struct scratch scratch;
        struct postfix_instances found;
};

static int host_setup(void **state) {
        struct host *host = calloc(1, sizeof(*host));

        if (!host)
                return -1;
        scratch_init(&host->scratch);
        *state = host;
        return 0;
}

static int host_teardown(void **state) {
        struct host *host = *state;

        scratch_deinit(&host->scratch);
        free(host);
        return 0;
}

static void write_main_cf(struct host *host, const char *directory, const char *text) {
        char name[128];

        snprintf(name, sizeof(name), "etc/%s/main.cf", directory);
        scratch_write(&host->scratch, name, text);
}

static void find(struct host *host) {
        static const char *const none[] = {NULL};

        postfix_instances_find(host->scratch.path, none, &host->found);
}

static void expect(
        const struct host *host, size_t i, const char *name, const char *config, const char *spool) {
        const struct postfix_instance *row = &host->found.rows[i];

        assert_true(i < host->found.n);
        assert_string_equal(row->name, name);
        assert_string_equal(row->config, config);
        assert_string_equal(row->spool, spool);
        assert_int_equal(row->problem[0] != '\0', spool[0] == '\0');
}

static void without_a_main_cf_there_is_the_default_one(void **state) {
        struct host *host = *state;

        find(host);
        assert_int_equal(host->found.n, 1);
        expect(host, 0, "-", "/etc/postfix", "/var/spool/postfix");
}

/* As it looks from the sandbox of the unit, where /root and /home are empty. */
static void a_main_cf_behind_a_link_that_leads_nowhere_is_told(void **state) {
        struct host *host = *state;

        scratch_write(&host->scratch, "etc/postfix/master.cf", "");
        assert_int_equal(
                symlink("/root/main.cf-is-not-here", scratch_path(&host->scratch, "etc/postfix/main.cf")), 0);
        find(host);
        assert_int_equal(host->found.n, 1);
        assert_string_equal(host->found.rows[0].spool, "/var/spool/postfix");
        assert_string_equal(host->found.rows[0].problem,
                "/etc/postfix/main.cf cannot be read: No such file or directory");
}

static void a_main_cf_that_is_cut_is_told(void **state) {
        static char text[(256u << 10) + 64];
        static const char setting[] = "queue_directory = /srv/queue\n";
        struct host *host = *state;

        memset(text, '#', 256u << 10);
        for (size_t i = 0; setting[i]; i++)
                text[i] = setting[i];
        write_main_cf(host, "postfix", text);
        find(host);
        expect(host, 0, "-", "/etc/postfix", "/srv/queue");
        text[256u << 10] = '#';
        write_main_cf(host, "postfix", text);
        find(host);
        assert_string_equal(host->found.rows[0].spool, "/srv/queue");
        assert_string_equal(host->found.rows[0].problem,
                "/etc/postfix/main.cf has more than 256 KiB: what is behind them is not read");
}

static void enabled_ones_are_found_by_the_main_cf_of_the_default_one(void **state) {
        struct host *host = *state;

        write_main_cf(host, "postfix",
                "multi_instance_wrapper = ${command_directory}/postmulti -p --\n"
                "multi_instance_directories = /etc/postfix-out,\n  /etc/postfix-in/ /etc/postfix-off\n");
        write_main_cf(host, "postfix-out",
                "multi_instance_name = postfix-bulk\nmulti_instance_enable = yes\n"
                "queue_directory = /srv/mail/postfix-out/\n");
        write_main_cf(
                host, "postfix-in", "multi_instance_enable=YES\nqueue_directory=/var/spool/postfix-in\n");
        write_main_cf(host, "postfix-off",
                "multi_instance_enable = no\nqueue_directory = /var/spool/postfix-off\n");
        find(host);
        assert_int_equal(host->found.n, 3);
        expect(host, 0, "-", "/etc/postfix", "/var/spool/postfix");
        expect(host, 1, "postfix-bulk", "/etc/postfix-out", "/srv/mail/postfix-out");
        expect(host, 2, "postfix-in", "/etc/postfix-in", "/var/spool/postfix-in");
        assert_ptr_equal(postfix_instances_named(&host->found, "postfix-bulk"), &host->found.rows[1]);
        assert_null(postfix_instances_named(&host->found, "postfix-off"));
        assert_null(postfix_instances_named(&host->found, "../postfix-in"));
        assert_null(postfix_instances_named(&host->found, ""));
}

static void the_default_one_may_have_its_queues_elsewhere(void **state) {
        struct host *host = *state;

        write_main_cf(host, "postfix", "queue_directory = /srv/queue\n");
        find(host);
        expect(host, 0, "-", "/etc/postfix", "/srv/queue");
        write_main_cf(host, "postfix", "queue_directory = /\n");
        find(host);
        assert_string_equal(host->found.rows[0].spool, "/var/spool/postfix");
        assert_non_null(strstr(host->found.rows[0].problem, "queue_directory"));
}

static void a_broken_one_is_told_and_harms_no_other(void **state) {
        static const struct {
                const char *text, *problem;
        } cases[] = {
                {"multi_instance_enable = yes\n", "no usable queue_directory"},
                {"multi_instance_enable = yes\nqueue_directory = /var/spool/../../etc\n",
                        "no usable queue_directory"},
                {"multi_instance_enable = yes\nqueue_directory = /var/spool/postfix\n", "another instance"},
                {"multi_instance_enable = yes\nmulti_instance_name = postfix-good\n"
                 "queue_directory = /var/spool/postfix-x\n",
                        "another instance"},
        };
        struct host *host = *state;

        write_main_cf(host, "postfix", "multi_instance_directories = /etc/postfix-good /etc/postfix-bad\n");
        write_main_cf(host, "postfix-good",
                "multi_instance_enable = yes\nqueue_directory = /var/spool/postfix-good\n");
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                write_main_cf(host, "postfix-bad", cases[i].text);
                find(host);
                assert_int_equal(host->found.n, 3);
                expect(host, 0, "-", "/etc/postfix", "/var/spool/postfix");
                expect(host, 1, "postfix-good", "/etc/postfix-good", "/var/spool/postfix-good");
                assert_string_equal(host->found.rows[2].spool, "");
                assert_non_null(strstr(host->found.rows[2].problem, cases[i].problem));
        }
}

static void one_without_a_main_cf_and_a_name_that_is_no_path_are_told(void **state) {
        struct host *host = *state;

        write_main_cf(host, "postfix", "multi_instance_directories = /etc/postfix-gone etc/postfix-in\n");
        find(host);
        assert_int_equal(host->found.n, 3);
        expect(host, 1, "postfix-gone", "/etc/postfix-gone", "");
        assert_non_null(strstr(host->found.rows[1].problem, "cannot be read"));
        expect(host, 2, "?", "", "");
}

static void what_others_than_root_can_write_is_not_believed(void **state) {
        struct host *host = *state;

        write_main_cf(host, "postfix", "multi_instance_directories = /etc/postfix-out\n");
        write_main_cf(host, "postfix-out", "multi_instance_enable = yes\nqueue_directory = /var/spool/out\n");
        assert_int_equal(chmod(scratch_path(&host->scratch, "etc/postfix-out/main.cf"), 0664), 0);
        find(host);
        expect(host, 1, "postfix-out", "/etc/postfix-out", "");
        assert_int_equal(chmod(scratch_path(&host->scratch, "etc/postfix/main.cf"), 0646), 0);
        find(host);
        assert_int_equal(host->found.n, 1);
        assert_string_equal(host->found.rows[0].spool, "/var/spool/postfix");
        assert_non_null(strstr(host->found.rows[0].problem, "by others than root"));
}

static void configured_spools_are_those_and_no_others(void **state) {
        const char *const spools[] = {
                "/var/spool/postfix-out/", "/var/spool/postfix-off", "/srv/lone", "relative", NULL};
        struct host *host = *state;

        write_main_cf(host, "postfix", "multi_instance_directories = /etc/postfix-out /etc/postfix-off\n");
        write_main_cf(host, "postfix-out",
                "multi_instance_name = out\nmulti_instance_enable = yes\nqueue_directory = "
                "/var/spool/postfix-out\n");
        write_main_cf(host, "postfix-off", "queue_directory = /var/spool/postfix-off\n");
        postfix_instances_find(host->scratch.path, spools, &host->found);
        assert_int_equal(host->found.n, 4);
        expect(host, 0, "out", "/etc/postfix-out", "/var/spool/postfix-out");
        expect(host, 1, "postfix-off", "/etc/postfix-off", "/var/spool/postfix-off");
        expect(host, 2, "lone", "/etc/lone", "/srv/lone");
        assert_string_equal(host->found.rows[3].spool, "");
        assert_non_null(strstr(host->found.rows[3].problem, "relative"));
}

static void only_one_without_a_main_cf_anywhere_is_gone(void **state) {
        struct host *host = *state;
        const char *root = host->scratch.path;

        assert_true(postfix_instance_is_gone(root, "-"));
        assert_true(postfix_instance_is_gone(root, "postfix-out"));
        write_main_cf(host, "postfix",
                "multi_instance_directories = /etc/postfix-out /etc/elsewhere /etc/gone /etc/off\n");
        write_main_cf(host, "elsewhere",
                "multi_instance_name = postfix-named\nqueue_directory = /var/spool/elsewhere\n");
        write_main_cf(host, "off", "queue_directory = /var/spool/off\n");
        assert_false(postfix_instance_is_gone(root, "-"));
        assert_false(postfix_instance_is_gone(root, "off"));
        assert_true(postfix_instance_is_gone(root, "gone"));
        assert_true(postfix_instance_is_gone(root, "postfix-out"));
        assert_false(postfix_instance_is_gone(root, "postfix-named"));
        /* What one that cannot be read is called is not known. */
        assert_int_equal(chmod(scratch_path(&host->scratch, "etc/elsewhere/main.cf"), 0666), 0);
        assert_false(postfix_instance_is_gone(root, "gone"));
        /* At its usual place, although nobody names it any more. */
        write_main_cf(host, "postfix-out", "");
        write_main_cf(host, "postfix", "");
        assert_false(postfix_instance_is_gone(root, "postfix-out"));
        assert_true(postfix_instance_is_gone(root, "gone"));
        assert_int_equal(chmod(scratch_path(&host->scratch, "etc/postfix/main.cf"), 0666), 0);
        assert_false(postfix_instance_is_gone(root, "gone"));
}

static void no_more_than_can_be_followed_are_found(void **state) {
        char list[2048] = "multi_instance_directories =";
        struct host *host = *state;

        for (unsigned i = 0; i < POSTFIX_INSTANCES_MAX + 8; i++) {
                char name[32], text[128];

                snprintf(name, sizeof(name), "postfix-%u", i);
                snprintf(text, sizeof(text), "multi_instance_enable = yes\nqueue_directory = /var/spool/%s\n",
                        name);
                write_main_cf(host, name, text);
                snprintf(list + strlen(list), sizeof(list) - strlen(list), " /etc/%s", name);
        }
        write_main_cf(host, "postfix", strcat(list, "\n"));
        find(host);
        assert_int_equal(host->found.n, POSTFIX_INSTANCES_MAX);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, host_setup, host_teardown)
        const struct CMUnitTest tests[] = {
                TEST(without_a_main_cf_there_is_the_default_one),
                TEST(a_main_cf_behind_a_link_that_leads_nowhere_is_told),
                TEST(a_main_cf_that_is_cut_is_told),
                TEST(enabled_ones_are_found_by_the_main_cf_of_the_default_one),
                TEST(the_default_one_may_have_its_queues_elsewhere),
                TEST(a_broken_one_is_told_and_harms_no_other),
                TEST(one_without_a_main_cf_and_a_name_that_is_no_path_are_told),
                TEST(what_others_than_root_can_write_is_not_believed),
                TEST(configured_spools_are_those_and_no_others),
                TEST(only_one_without_a_main_cf_anywhere_is_gone),
                TEST(no_more_than_can_be_followed_are_found),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
