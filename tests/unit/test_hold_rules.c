/* SPDX-License-Identifier: MIT */
/* test_hold_rules - which domains are ours by main.cf, how long mail lives, and which held files are ours */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>

#include "base/cleanup.h"
#include "postfix/hold_mark.h"
#include "postfix/hold_rules.h"
#include "postfix/retry_time.h"

static void a_domain_is_ours_when_a_list_has_it_or_may_have_it(void **state) {
        static const struct {
                const char *main_cf, *domain;
                enum hold_domain answer;
                const char *parameter;
        } cases[] = {
                {"", "example.test", HOLD_DOMAIN_ELSEWHERE, NULL},
                {"", "root", HOLD_DOMAIN_OURS, "myorigin"},
                {"mydestination = a.test, b.test\n", "B.Test", HOLD_DOMAIN_OURS, "mydestination"},
                {"mydestination = a.test\n", "xa.test", HOLD_DOMAIN_ELSEWHERE, NULL},
                {"mydestination = a.test\n", "test", HOLD_DOMAIN_OURS, "myorigin"},
                {"mydestination = a.test\n", "sub.a.test", HOLD_DOMAIN_OURS, "mydestination"},
                {"relay_domains = .a.test\n", "sub.a.test", HOLD_DOMAIN_OURS, "relay_domains"},
                {"mydomain = a.test\nrelay_domains = $mydomain\n", "a.test", HOLD_DOMAIN_OURS,
                        "relay_domains"},
                {"relay_domains = /etc/relay\n", "a.test", HOLD_DOMAIN_UNKNOWN, "relay_domains"},
                {"relay_domains = /etc/relay\nvirtual_mailbox_domains = a.test\n", "a.test", HOLD_DOMAIN_OURS,
                        "virtual_mailbox_domains"},
                {"relay_domains = hash:/x, a.test\n", "a.test", HOLD_DOMAIN_OURS, "relay_domains"},
                {"relay_domains = !b.test, test.\n", "b.test", HOLD_DOMAIN_UNKNOWN, "relay_domains"},
                {"virtual_alias_maps = hash:/etc/virtual\n", "a.test", HOLD_DOMAIN_UNKNOWN,
                        "virtual_alias_domains"},
                {"relay_domains = /etc/relay\nvirtual_mailbox_domains = hash:/x\n", "a.test",
                        HOLD_DOMAIN_UNKNOWN, "relay_domains"},
                {"x = 1\nmydestination = ${x?a.test}\n", "a.test", HOLD_DOMAIN_UNKNOWN, "mydestination"},
                {"relay_domains = ${x:a.test}, b.test\n", "b.test", HOLD_DOMAIN_OURS, "relay_domains"},
                {"", "[192.0.2.1]", HOLD_DOMAIN_UNKNOWN, "inet_interfaces"},
                {"virtual_alias_maps = hash:/etc/virtual\nvirtual_alias_domains =\n", "a.test",
                        HOLD_DOMAIN_ELSEWHERE, NULL},
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                const char *parameter;

                print_message("%s: %s", cases[i].domain, cases[i].main_cf);
                assert_int_equal(
                        hold_rules_domain(cases[i].main_cf, cases[i].domain, &parameter), cases[i].answer);
                if (cases[i].parameter)
                        assert_string_equal(parameter, cases[i].parameter);
                else
                        assert_null(parameter);
        }
}

static void lifetimes_are_those_of_the_queue_manager(void **state) {
        struct hold_lifetimes lifetimes;

        (void)state;
        assert_int_equal(hold_rules_lifetimes("", &lifetimes), 0);
        assert_int_equal(lifetimes.mail_seconds, 5 * 86400);
        assert_int_equal(lifetimes.bounce_seconds, 5 * 86400);
        assert_int_equal(
                hold_rules_lifetimes("maximal_queue_lifetime = 3\nbounce_queue_lifetime = 36h\n", &lifetimes),
                0);
        assert_int_equal(lifetimes.mail_seconds, 3 * 86400);
        assert_int_equal(lifetimes.bounce_seconds, 36 * 3600);
        assert_int_equal(hold_rules_lifetimes("maximal_queue_lifetime = 1d\n", &lifetimes), 0);
        assert_int_equal(lifetimes.bounce_seconds, 86400);
        assert_int_equal(hold_rules_lifetimes("bounce_queue_lifetime = for ever\n", &lifetimes), -EINVAL);
        assert_int_equal(hold_rules_lifetimes("queue_run_delay = soon\n", &lifetimes), -EINVAL);
}

static void the_margin_is_two_scans_and_never_less_than_a_quarter_of_an_hour(void **state) {
        static const struct {
                const char *main_cf;
                uint64_t seconds;
        } cases[] = {
                {"", 900},
                {"queue_run_delay = 451\n", 902},
                {"queue_run_delay = 60s\n", 900},
                {"queue_run_delay = 1h\n", 7200},
        };
        struct hold_lifetimes lifetimes;

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                assert_int_equal(hold_rules_lifetimes(cases[i].main_cf, &lifetimes), 0);
                assert_int_equal(lifetimes.margin_seconds, cases[i].seconds);
        }
}

static void held_is_only_what_has_half_its_life_before_it(void **state) {
        const struct hold_lifetimes lifetimes = {
                .mail_seconds = UINT64_C(432000), .bounce_seconds = 86400, .margin_seconds = 900};
        const struct hold_lifetimes brief = {
                .mail_seconds = 1800, .bounce_seconds = 0, .margin_seconds = 900};
        const uint64_t now = 1766600000, lead = 900 + HOLD_DEADLINE_SECONDS;

        (void)state;
        assert_int_equal(hold_rules_end(&lifetimes, now, true), now + 86400);
        assert_int_equal(hold_rules_end(&lifetimes, now, false), now + UINT64_C(432000));
        assert_int_equal(hold_rules_last_release(&lifetimes, now), now - lead);
        assert_int_equal(hold_rules_last_release(&lifetimes, 0), 0);
        assert_true(hold_rules_may_hold(&lifetimes, now - 43200 + lead + 1, true, now));
        assert_false(hold_rules_may_hold(&lifetimes, now - 43200 + lead, true, now));
        assert_true(hold_rules_may_hold(&lifetimes, now - 43200, false, now));
        assert_false(hold_rules_may_hold(&brief, now, false, now));
        assert_false(hold_rules_may_hold(&brief, now, true, now));
}

static void a_held_file_is_ours_by_mark_and_time_of_its_last_change(void **state) {
        static const struct {
                uint64_t lease;
                time_t changed; /* from the second of the mark */
                enum hold_mark after, before;
        } cases[] = {
                {7, 0, HOLD_MARK_OURS, HOLD_MARK_OURS},
                {7, 2, HOLD_MARK_OURS, HOLD_MARK_OURS},
                {7, -2, HOLD_MARK_OURS, HOLD_MARK_OURS},
                {7, 3, HOLD_MARK_TOUCHED, HOLD_MARK_OURS},
                {7, -3, HOLD_MARK_TOUCHED, HOLD_MARK_TOUCHED},
                {7, 600, HOLD_MARK_TOUCHED, HOLD_MARK_OURS},
                {7, 601, HOLD_MARK_TOUCHED, HOLD_MARK_TOUCHED},
                {8, 0, HOLD_MARK_NONE, HOLD_MARK_NONE},
        };
        const time_t now = 1766600000;

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                struct stat status = {.st_mtim = hold_mark_after(cases[i].lease, now),
                        .st_ctim = {.tv_sec = now + cases[i].changed}};

                assert_int_equal(hold_mark_of(7, &status), cases[i].after);
                status.st_mtim = hold_mark_before(cases[i].lease, now);
                assert_int_equal(hold_mark_of(7, &status), cases[i].before);
        }
        assert_int_equal(hold_mark_of(7, &(struct stat){.st_mtim = {.tv_sec = now}}), HOLD_MARK_NONE);
}

static void what_was_changed_in_place_is_ours_until_something_gets_into_hold(void **state) {
        static const struct {
                time_t changed, directory; /* from the second of the mark */
                bool is_unmoved;
        } cases[] = {
                {0, 0, true},
                {100, -50, true},
                {100, 2, true},
                {100, 3, false},
                {-1, 0, false},
        };
        const time_t now = 1766600000;

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                const struct stat file = {.st_mtim = hold_mark_after(7, now),
                                          .st_ctim = {.tv_sec = now + cases[i].changed}},
                                  directory = {.st_mtim = {.tv_sec = now + cases[i].directory}};

                assert_int_equal(hold_mark_is_unmoved(&file, &directory), cases[i].is_unmoved);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_domain_is_ours_when_a_list_has_it_or_may_have_it),
                cmocka_unit_test(lifetimes_are_those_of_the_queue_manager),
                cmocka_unit_test(the_margin_is_two_scans_and_never_less_than_a_quarter_of_an_hour),
                cmocka_unit_test(held_is_only_what_has_half_its_life_before_it),
                cmocka_unit_test(a_held_file_is_ours_by_mark_and_time_of_its_last_change),
                cmocka_unit_test(what_was_changed_in_place_is_ours_until_something_gets_into_hold),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
