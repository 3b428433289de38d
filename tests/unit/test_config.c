/* SPDX-License-Identifier: MIT */
/* test_config - the text form as executor and watcher read it: what a hostile loader could write, too */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "config/conditions.h"
#include "config/config.h"
#include "config/config_text.h"

#define BEGIN "spoolguard-config 1\n"
#define END "end\n"
#define GOOD_PLAYBOOK                               \
        "playbooks.try.any\tf:1\tone,two\n"         \
        "playbooks.try.cooldown\tf:1\t1m\n"         \
        "playbooks.try.file\tf:1\t/p/try.lua\n"     \
        "playbooks.try.mode\tf:1\tobserve\n"        \
        "playbooks.try.options.keep\tf:1\ts:200M\n" \
        "playbooks.try.runs\tf:1\t2\n"              \
        "playbooks.try.source\tf:1\treturn playbook {\\n\\tname = \"try\" }\n"

static struct config *read_good(const char *text) {
        struct config *config = NULL;
        struct problem problem = {0};

        if (config_new(text, strlen(text), &config, &problem) < 0)
                fail_msg("%s", problem.text);
        return config;
}

static void read_bad(const char *text, const char *reason) {
        struct config *config = NULL;
        struct problem problem = {0};

        if (config_new(text, strlen(text), &config, &problem) != -EINVAL)
                fail_msg("taken: %s", text);
        if (!strstr(problem.text, reason))
                fail_msg("\"%s\" does not say \"%s\"", problem.text, reason);
}

static void an_empty_configuration_has_the_defaults(void **state) {
        struct config *config = read_good(BEGIN END);

        (void)state;
        assert_int_equal(config->mode, CONFIG_MODE_ENFORCE);
        assert_null(config->notify_command[0]);
        assert_int_equal(config->notify_deadline_usec, 30 * USEC_PER_SEC);
        assert_true(config->back_by.weekly && config->back_by.weekday == 1 && config->back_by.hour == 8);
        assert_int_equal(config->n_conditions, 0);
        assert_int_equal(config->n_playbooks, 0);
        assert_string_equal(config->prelude, "");
        assert_null(config->problems[0]);
        assert_null(config_find(config, "mode"));
        assert_null(config_free(config));
        assert_null(config_free(NULL));
}

static void values_land_in_their_fields(void **state) {
        struct config *config = read_good(
                BEGIN "back_by\tf:9\t2026-12-28 08:00\n"
                      "conditions.low.cause\tf:3\t80\n"
                      "conditions.low.clear\tf:3\t20\n"
                      "conditions.low.labels.path\tf:4\t/var/log\n"
                      "conditions.low.lasting\tf:2\t1m30s\n"
                      "conditions.low.level\tf:2\tcritical\n"
                      "conditions.low.reading\tf:2\tdisk_available_bytes\n"
                      "conditions.low.trip\tf:2\t10\n"
                      "conditions.low.when\tf:2\tbelow\n"
                      "mode\tf:1\tobserve\n"
                      "notify.command\tf:1\t/usr/bin/logger,-t,spool\\\\,guard\n"
                      "notify.deadline\tf:1\t10s\n" GOOD_PLAYBOOK "prelude\tf:1\t-- two\\n-- lines\\\\n\n"
                      "problem.001\tf:1\tx.lua:3: wrong\n" END);
        const struct config_condition *low = config_condition(config, "low");
        const struct config_playbook *try = config_playbook(config, "try");

        (void)state;
        assert_int_equal(config->mode, CONFIG_MODE_OBSERVE);
        assert_string_equal(config->notify_command[2], "spool,guard");
        assert_null(config->notify_command[3]);
        assert_int_equal(config->notify_deadline_usec, 10 * USEC_PER_SEC);
        assert_true(low->below);
        assert_int_equal(low->cause, 80);
        assert_false(config->back_by.weekly);
        assert_int_equal(config->back_by.day, 28);
        assert_int_equal(low->level, CONFIG_LEVEL_CRITICAL);
        assert_true(low->enabled);
        assert_true(low->trip == 10 && low->clear == 20);
        assert_int_equal(low->lasting_usec, 90 * USEC_PER_SEC);
        assert_int_equal(low->clear_lasting_usec, 5 * USEC_PER_SEC);
        assert_string_equal(low->labels[0].name, "path");
        assert_string_equal(low->labels[0].value, "/var/log");
        assert_null(low->labels[1].name);
        assert_string_equal(try->any[1], "two");
        assert_null(try->any[2]);
        assert_null(try->all[0]);
        assert_int_equal(try->runs, 2);
        assert_int_equal(try->per_usec, USEC_PER_DAY);
        assert_int_equal(try->cooldown_usec, USEC_PER_MINUTE);
        assert_int_equal(try->mode, CONFIG_MODE_OBSERVE);
        assert_string_equal(try->source, "return playbook {\n\tname = \"try\" }");
        assert_string_equal(try->options[0].name, "keep");
        assert_string_equal(try->options[0].value, "s:200M");
        assert_int_equal(try->n_options, 1);
        assert_string_equal(config->prelude, "-- two\n-- lines\\n");
        assert_string_equal(config->problems[0], "x.lua:3: wrong");
        assert_string_equal(config_find(config, "mode")->origin, "f:1");
        assert_null(config_condition(config, "high"));
        assert_null(config_playbook(config, "other"));
        config_free(config);
}

static void builtin_conditions_are_sound(void **state) {
        static const char *const by_cause[] = {"link-down", "resolver-slow", "resolver-cut-off",
                "resolver-stale", "filter-stuck", "next-hop-down", "next-hop-refuses", "next-hop-degraded",
                "relay-refuses", "mail-flood", "name-server-down"};
        static const char *const harmless[] = {
                "name-server-down", "name-server-slow", "queue-large", "queue-old", "log-volume-high"};
        struct config_entries entries = CONFIG_ENTRIES_NULL;
        const struct config_condition *critical, *slow;
        struct config *config;
        char *text;
        size_t size;

        (void)state;
        assert_int_equal(conditions_builtin(&entries), 0);
        assert_int_equal(config_text_write(&entries, &text, &size), 0);
        config = read_good(text);
        assert_true(config->n_conditions >= 4);
        critical = config_condition(config, "disk-space-critical");
        assert_true(
                critical->trip == 0.95 && critical->clear == 0.9 && critical->level == CONFIG_LEVEL_CRITICAL);
        assert_int_equal(critical->lasting_usec, 0);
        critical = config_condition(config, "disk-read-only");
        assert_string_equal(critical->reading, "disk_read_only");
        /* 0 is below the clear level, not at it: at it nothing clears. */
        assert_true(critical->trip == 1 && critical->clear > 0 && critical->clear < 1 && !critical->below &&
                critical->level == CONFIG_LEVEL_CRITICAL);
        critical = config_condition(config, "deleted-open-large");
        assert_string_equal(critical->reading, "deleted_open_bytes");
        assert_true(critical->trip == 100.0 * 1048576 && critical->clear == 10.0 * 1048576 &&
                critical->level == CONFIG_LEVEL_WARNING);
        /* One dead server of two costs that with `options rotate`; one that takes 2 s wakes nobody. */
        slow = config_condition(config, "resolver-slow");
        assert_true(slow->trip < 2.5 && slow->clear > 2 && slow->clear < slow->trip);
        /* What explains what, from the link to the one address that is dead. */
        for (size_t i = 0; i + 1 < ELEMENTSOF(by_cause); i++)
                assert_true(config_condition(config, by_cause[i])->cause >
                        config_condition(config, by_cause[i + 1])->cause);
        assert_int_equal(config_condition(config, "disk-space-high")->cause,
                config_condition(config, "next-hop-down")->cause);
        for (size_t i = 0; i < ELEMENTSOF(harmless); i++) {
                assert_int_equal(config_condition(config, harmless[i])->cause, 0);
                assert_int_equal(config_condition(config, harmless[i])->level, CONFIG_LEVEL_NOTICE);
        }
        config_free(config);
        config_entries_deinit(&entries);
        free(text);
}

static void a_text_that_is_cut_off_anywhere_is_refused(void **state) {
        static const char whole[] = BEGIN "mode\tf:1\tobserve\nprelude\tf:1\ta\\nb\n" END;
        struct config *config;

        (void)state;
        config_free(read_good(whole));
        for (size_t size = 0; size < sizeof(whole) - 1; size++) {
                char *copy =
                        malloc(size + 1); /* of the exact size: reading past it is found by a sanitizer */
                struct problem problem;

                memcpy(copy, whole, size);
                assert_int_equal(config_new(copy, size, &config, &problem), -EINVAL);
                free(copy);
        }
}

static void bad_texts_are_refused_with_a_reason(void **state) {
        static const struct {
                const char *text, *reason;
        } cases[] = {
                {"", "does not begin"},
                {"spoolguard-config 2\n" END, "does not begin"},
                {BEGIN "mode\tf:1\tobserve\n", "does not end"},
                {BEGIN "mode\tf:1\tobserve" END, "does not end"},
                {BEGIN "mode\tobserve\n" END, "not three fields"},
                {BEGIN "mode\tf:1\ta\\x\n" END, "not three fields"},
                {BEGIN "mode\tf:1\ta\\\n" END, "not three fields"},
                {BEGIN "prelude\tf:1\ta\tb\n" END, "not three fields"},
                {BEGIN "mo de\tf:1\tx\n" END, "the key"},
                {BEGIN "prelude\tf:1\tx\nmode\tf:1\tobserve\n" END, "not in order"},
                {BEGIN "mode\tf:1\tobserve\nmode\tf:1\tobserve\n" END, "not in order"},
                {BEGIN "mood\tf:1\tobserve\n" END, "unknown key mood"},
                {BEGIN "mode\tf\x01\tobserve\n" END, "mode"},
                {BEGIN "mode\tf:1\toff\n" END, "allowed are \"enforce\", \"observe\""},
                {BEGIN "notify.command\tf:1\tmail,root\n" END, "absolute path"},
                {BEGIN "notify.deadline\tf:1\t1d\n" END, "out of range"},
                {BEGIN "back_by\tf:1\tsoon\n" END, "back_by = \"soon\": allowed are"},
                {BEGIN "conditions.x.cause\tf:1\t101\n" END, "out of range: from 0 to 100"},
                {BEGIN "conditions.x.cause\tf:1\t0.5\n" END, "must be a whole number"},
                {BEGIN "conditions.x.trip\tf:1\t1\n" END, "f:1: there is no condition \"x\""},
                {BEGIN "conditions.x.reading\tf:1\ta\nconditions.x.trip\tf:1\t1\nconditions.x.up\tf:"
                       "1\t1\n" END,
                        "unknown key conditions.x.up"},
                {BEGIN "conditions.X.trip\tf:1\t1\n" END, "unknown key"},
                {BEGIN "conditions.x.clear\tf:7\t0.9\nconditions.x.reading\tf:1\ta\nconditions.x.trip\tf:"
                       "1\t0.8\n" END,
                        "f:7: conditions.x.clear = 0.9 is on the wrong side of trip = 0.8"},
                {BEGIN "conditions.x.clear\tf:1\t1\nconditions.x.reading\tf:1\ta\nconditions.x.trip\tf:1\t2\n"
                       "conditions.x.when\tf:1\tbelow\n" END,
                        "wrong side"},
                {BEGIN "conditions.x.reading\tf:1\ta_ratio\nconditions.x.trip\tf:4\t1.5\n" END,
                        "f:4: conditions.x.trip = 1.5 is no level of a_ratio"},
                {BEGIN "conditions.x.clear\tf:2\t-0.1\nconditions.x.reading\tf:1\ta_ratio\nconditions.x."
                       "trip\tf:1\t0.5\n" END,
                        "f:2: conditions.x.clear = -0.1 is no level of a_ratio"},
                {BEGIN "playbooks.x.file\tf:1\tx\n" END, "not both"},
                {BEGIN "playbooks.x.failed\tf:1\tx\nplaybooks.x.file\tf:1\tx\nplaybooks.x.source\tf:"
                       "1\tx\n" END,
                        "not both"},
                {BEGIN "playbooks.x.file\tf:1\tx\nplaybooks.x.options.a\tf:1\tz:1\n" END, "no valid option"},
                {BEGIN "playbooks.x.file\tf:1\tx\nplaybooks.x.options.a\tf:1\tn:one\n" END,
                        "no valid option"},
                {BEGIN "playbooks.x.file\tf:1\tx\nplaybooks.x.runs\tf:1\t1.5\n" END, "whole number"},
                {BEGIN "playbooks.x.file\tf:1\tx\nplaybooks.x.runs\tf:1\t-1\n" END, "out of range"},
                {BEGIN "playbooks.x.any\tf:1\ta,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q\n" END, "more than 16"},
                {BEGIN "problem.001\tf:1\ta\\nb\n" END, "problem.001"},
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++)
                read_bad(cases[i].text, cases[i].reason);
}

static void too_many_of_anything_is_refused(void **state) {
        char *text = malloc(1 << 20);
        size_t used = (size_t)sprintf(text, BEGIN);

        (void)state;
        for (int i = 0; i <= CONFIG_CONDITIONS_MAX; i++)
                used += (size_t)sprintf(text + used,
                        "conditions.c%03d.reading\tf:1\ta\nconditions.c%03d.trip\tf:1\t1\n", i, i);
        strcpy(text + used, END);
        read_bad(text, "more than 64 conditions");

        used = (size_t)sprintf(text, BEGIN);
        for (int i = 0; i <= CONFIG_PLAYBOOKS_MAX; i++)
                used += (size_t)sprintf(
                        text + used, "playbooks.p%03d.file\tf:1\ta\nplaybooks.p%03d.source\tf:1\tb\n", i, i);
        strcpy(text + used, END);
        read_bad(text, "more than 64 playbooks");
        free(text);
}

static void nul_bytes_and_giant_texts_are_refused(void **state) {
        static const char nul[] = BEGIN "mode\tf:1\tob\0serve\n" END;
        struct config *config;
        struct problem problem;
        char *giant = malloc(CONFIG_TEXT_MAX + 1);

        (void)state;
        assert_int_equal(config_new(nul, sizeof(nul) - 1, &config, &problem), -EINVAL);
        memset(giant, 'x', CONFIG_TEXT_MAX + 1);
        assert_int_equal(config_new(giant, CONFIG_TEXT_MAX + 1, &config, &problem), -EINVAL);
        free(giant);
}

static void entries_with_any_text_read_back_as_written(void **state) {
        struct config_entries entries = CONFIG_ENTRIES_NULL, again = CONFIG_ENTRIES_NULL;
        char value[256], *text;
        struct problem problem;
        size_t size;

        (void)state;
        for (int i = 0; i < 255; i++)
                value[i] = (char)(i + 1);
        value[255] = '\0';
        assert_int_equal(config_entries_set(&entries, "b", "f:1", value), 0);
        assert_int_equal(config_entries_set(&entries, "a", "f:2", "old"), 0);
        assert_int_equal(config_entries_set(&entries, "a", "f:3", "new"), 0);
        assert_int_equal(config_entries_set(&entries, "bad key", "f:3", ""), -EINVAL);
        assert_int_equal(config_text_write(&entries, &text, &size), 0);
        assert_int_equal(config_text_read(text, size, &again, &problem), 0);
        assert_int_equal(again.n, 2);
        assert_string_equal(again.items[0].value, "new");
        assert_string_equal(again.items[0].origin, "f:3");
        assert_string_equal(again.items[1].value, value);
        config_entries_deinit(&entries);
        config_entries_deinit(&again);
        free(text);
}

static void a_reload_keeps_a_playbook_that_was_good_and_its_new_problem(void **state) {
        static const char next[] = BEGIN "mode\tf:1\tobserve\n"
                                         "playbooks.gone.failed\tf:1\tgone.lua:1: broken\n"
                                         "playbooks.gone.file\tf:1\t/p/gone.lua\n"
                                         "playbooks.try.failed\tf:1\ttry.lua:3: broken\n"
                                         "playbooks.try.file\tf:1\t/p/try.lua\n"
                                         "problem.001\tf:1\ttry.lua:3: broken\n" END;
        struct config *last = read_good(BEGIN GOOD_PLAYBOOK END), *config;
        struct problem problem;
        size_t size;
        char *text;

        (void)state;
        assert_int_equal(config_keep_good_playbooks(last, next, strlen(next), &text, &size, &problem), 0);
        config_free(last);
        config = read_good(text);
        assert_int_equal(config->mode, CONFIG_MODE_OBSERVE);
        assert_null(config_playbook(config, "try")->failed);
        assert_string_equal(config_playbook(config, "try")->options[0].value, "s:200M");
        assert_string_equal(config_playbook(config, "gone")->failed, "gone.lua:1: broken");
        assert_string_equal(config->problems[0], "try.lua:3: broken");
        config_free(config);
        free(text);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(an_empty_configuration_has_the_defaults),
                cmocka_unit_test(values_land_in_their_fields),
                cmocka_unit_test(builtin_conditions_are_sound),
                cmocka_unit_test(a_text_that_is_cut_off_anywhere_is_refused),
                cmocka_unit_test(bad_texts_are_refused_with_a_reason),
                cmocka_unit_test(too_many_of_anything_is_refused),
                cmocka_unit_test(nul_bytes_and_giant_texts_are_refused),
                cmocka_unit_test(entries_with_any_text_read_back_as_written),
                cmocka_unit_test(a_reload_keeps_a_playbook_that_was_good_and_its_new_problem),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
