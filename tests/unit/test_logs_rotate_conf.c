/* SPDX-License-Identifier: MIT */
/* test_logs_rotate_conf - what is read out of logrotate's configuration, and what a rotation would push out */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>

#include "base/cleanup.h"
#include "logs/logs_rotate.h"

static struct logs_rotate_conf conf_of(const char *text) {
        return (struct logs_rotate_conf){.text = text, .size = strlen(text)};
}

static void a_stanza_has_the_defaults_before_it_and_its_own_settings(void **state) {
        struct logs_rotate_conf conf =
                conf_of("# comment with { and include /etc/x\n"
                        "weekly\nrotate 4\ncompress\ndateext\n"
                        "include /etc/logrotate.d\n"
                        "/var/log/a.log /var/log/b.log\n{\n"
                        "\trotate = 7\n\tnocompress # not a comment\n\tmaxage 30\n"
                        "\tpostrotate\n\t\trotate 1; } endscript\n\t{\n  endscript\n}\n"
                        "rotate -1 \n/var/log/c.log { copytruncate\n delaycompress }");
        struct logs_rotate_item item;
        const enum logs_rotate_item_type types[] = {LOGS_ROTATE_DEFAULT, LOGS_ROTATE_DEFAULT,
                LOGS_ROTATE_DEFAULT, LOGS_ROTATE_DEFAULT, LOGS_ROTATE_INCLUDE};

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(types); i++) {
                assert_int_equal(logs_rotate_conf_next(&conf, &item), 0);
                assert_int_equal(item.type, types[i]);
        }
        assert_int_equal(item.length, strlen("/etc/logrotate.d"));
        assert_memory_equal(item.text, "/etc/logrotate.d", item.length);
        assert_int_equal(item.how.keep, 4);
        assert_int_equal(logs_rotate_conf_next(&conf, &item), 0);
        assert_int_equal(item.type, LOGS_ROTATE_STANZA);
        assert_int_equal(item.how.keep, 7);
        assert_int_equal(item.how.max_days, 30);
        assert_false(item.how.compress);
        assert_memory_equal(conf.text + item.begin, "/var/log/a.log", 14);
        assert_memory_equal(conf.text + item.end - 1, "}\nrotate", 8);
        assert_int_equal(logs_rotate_conf_next(&conf, &item), 0);
        assert_int_equal(item.type, LOGS_ROTATE_DEFAULT);
        /* On one line with its last setting, the brace is no end. */
        assert_int_equal(logs_rotate_conf_next(&conf, &item), -EINVAL);
}

static void what_is_not_understood_is_said(void **state) {
        static const char *const texts[] = {"/var/log/a.log\n", "/var/log/a.log {\n rotate 4\n", "}\n",
                "{\n}\n", "/a {\n /b {\n }\n}\n", "rotate x\n", "rotate -2\n", "rotate 123456789\n",
                "rotate\n", "/a {\n postrotate\n x\n}\n", "/a {\n include /b\n}\n", "/a # {\n}\n",
                "*.log {\n}\n", "/a {\n 4\n}\n", "~/a {\n}\n", "\xff\n"};
        struct logs_rotate_item item;

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(texts); i++) {
                struct logs_rotate_conf conf = conf_of(texts[i]);

                print_message("%zu\n", i);
                assert_int_equal(logs_rotate_conf_next(&conf, &item), -EINVAL);
        }
}

static void names_may_be_quoted_and_escaped(void **state) {
        const char *text = " /var/log/*.log \"/var/log/two words\"\n'/var/log/\\x' /var/log/a\\ b\t";
        static const char *const names[] = {
                "/var/log/*.log", "/var/log/two words", "/var/log/x", "/var/log/a b"};
        static const char *const wrong[] = {"\"/var/log", "var/log", "/a\\", "\"\"", "~/x"};
        size_t length = strlen(text);
        char name[LOGS_PATH_MAX];
        static char longest[2 * LOGS_PATH_MAX];

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                assert_int_equal(logs_rotate_conf_name(&text, &length, name), 1);
                assert_string_equal(name, names[i]);
        }
        assert_int_equal(logs_rotate_conf_name(&text, &length, name), 0);
        for (size_t i = 0; i < ELEMENTSOF(wrong); i++) {
                text = wrong[i];
                length = strlen(text);
                assert_int_equal(logs_rotate_conf_name(&text, &length, name), -EINVAL);
        }
        memset(longest, '/', sizeof(longest) - 1);
        text = longest;
        length = strlen(text);
        assert_int_equal(logs_rotate_conf_name(&text, &length, name), -EINVAL);
}

static void what_a_package_left_behind_is_not_read(void **state) {
        (void)state;
        assert_true(logs_rotate_conf_is_taboo("rsyslog.dpkg-old"));
        assert_true(logs_rotate_conf_is_taboo("rsyslog~"));
        assert_true(logs_rotate_conf_is_taboo(".."));
        assert_false(logs_rotate_conf_is_taboo("rsyslog"));
        assert_false(logs_rotate_conf_is_taboo("a.bak.d"));
}

#define DAY UINT64_C(86400000000)
#define NOW (1000 * DAY)

static void what_comes_behind_the_last_place_is_pushed_out(void **state) {
        static const struct {
                struct logs_rotate_how how;
                unsigned numbers[4];
                uint64_t days[4];
                size_t n_pushed;
                uint64_t oldest_days;
        } cases[] = {
                {{.keep = 4}, {1, 2, 3, 4}, {1, 2, 3, 4}, 1, 4},
                {{.keep = 5}, {1, 2, 3, 4}, {1, 2, 3, 4}, 0, 0},
                {{.keep = 2}, {4, 1, 3, 2}, {4, 1, 3, 2}, 3, 4},
                {{.keep = -1}, {1, 2, 3, 90000}, {1, 2, 3, 4}, 0, 0},
                {{.keep = 4}, {0, 0, 0, 0}, {9, 7, 8, 6}, 1, 9},
                {{.keep = 1}, {0, 0, 0, 0}, {9, 7, 8, 6}, 4, 9},
                {{.keep = 5}, {0, 0, 0, 0}, {9, 7, 8, 6}, 0, 0},
                {{.keep = 3}, {0, 0, 1, 2}, {9, 7, 8, 6}, 0, 0},
                {{.keep = 2}, {0, 0, 1, 2}, {9, 7, 8, 6}, 2, 9},
                {{.keep = -1, .max_days = 7}, {1, 2, 3, 4}, {6, 7, 8, 9}, 2, 9},
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                /* The first log has nothing to do with it. */
                struct logs_rotate_log logs[2] = {{.how.keep = 1}, {.how = cases[i].how}};
                struct logs_rotate_old olds[4] = {0};

                print_message("%zu\n", i);
                for (size_t k = 0; k < ELEMENTSOF(olds); k++)
                        olds[k] = (struct logs_rotate_old){.log = 1,
                                .number = cases[i].numbers[k],
                                .mtime_usec = NOW - cases[i].days[k] * DAY};
                assert_int_equal(logs_rotate_plan_pushed(logs, olds, 4, NOW), cases[i].n_pushed);
                if (cases[i].n_pushed > 0)
                        assert_int_equal(NOW - olds[0].mtime_usec, cases[i].oldest_days * DAY);
        }
        assert_int_equal(logs_rotate_plan_pushed(NULL, NULL, 0, NOW), 0);
}

static void a_rotation_in_this_incident_is_seen(void **state) {
        static const struct {
                uint64_t birth, mtime;
                size_t log;
                bool rotated;
        } cases[] = {
                {NOW - DAY, NOW - DAY, 0, false}, {NOW - DAY, NOW + 5, 0, true},
                {NOW + 5, NOW - DAY, 0, true}, {0, NOW - DAY, 0, false},
                {NOW + 5, NOW + 5, 1, false}, /* another log's; this one is new */
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                struct logs_rotate_log logs[2] = {{.birth_usec = cases[i].birth}};
                struct logs_rotate_old old = {.log = cases[i].log, .mtime_usec = cases[i].mtime};

                assert_int_equal(logs_rotate_plan_was_rotated(logs, 0, &old, 1, NOW), cases[i].rotated);
        }
}

static void a_name_has_a_number_or_a_date(void **state) {
        static const struct {
                const char *name;
                unsigned number;
        } cases[] = {{"mail.log.1", 1}, {"mail.log.12.gz", 12}, {"mail.log-20261224", 0},
                {"mail.log.20261224-134500", 0}, {"mail.log-20261224-1798070400.gz", 0}};
        struct logs_name parsed;

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                assert_true(logs_name_parse(cases[i].name, &parsed));
                assert_int_equal(logs_rotate_plan_number(cases[i].name, &parsed), cases[i].number);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_stanza_has_the_defaults_before_it_and_its_own_settings),
                cmocka_unit_test(what_is_not_understood_is_said),
                cmocka_unit_test(names_may_be_quoted_and_escaped),
                cmocka_unit_test(what_a_package_left_behind_is_not_read),
                cmocka_unit_test(what_comes_behind_the_last_place_is_pushed_out),
                cmocka_unit_test(a_rotation_in_this_incident_is_seen),
                cmocka_unit_test(a_name_has_a_number_or_a_date),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
