/* SPDX-License-Identifier: MIT */
/* test_defer_verdict - one class of several recipients, and a risk wherever somebody may have got the message */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "postfix/defer_verdict.h"

#define ENTRY(reason) "\n<a@x.test>: " reason "\nrecipient=a@x.test\nstatus=4.4.1\nreason=" reason "\n\n"
#define TIMEOUT "connect to mx.x.test[192.0.2.1]:25: Connection timed out"
#define LOCAL "unable to create directory"
#define RISK                                                                                                 \
        "conversation with mx.x.test[192.0.2.1] timed out while sending end of data -- message may be sent " \
        "more than once"

static struct defer_verdict read_text(
        const struct reason_site *site, const char *text, bool is_cut, bool at_filter) {
        struct defer_verdict verdict;

        defer_verdict_read(site, text, strlen(text), is_cut, at_filter, &verdict);
        return verdict;
}

static void an_empty_log_says_nothing(void **state) {
        struct defer_verdict verdict = read_text(NULL, "", false, false);

        (void)state;
        assert_int_equal(verdict.class, REASON_NONE);
        assert_false(verdict.any || verdict.duplicate_risk);
        assert_string_equal(verdict.status, "");
}

static void an_answer_for_one_recipient_is_more_than_none_for_the_others(void **state) {
        (void)state;
        assert_int_equal(read_text(NULL, ENTRY(TIMEOUT) ENTRY(LOCAL), false, false).class, REASON_OTHER);
        assert_int_equal(read_text(NULL, ENTRY(LOCAL) ENTRY(TIMEOUT), false, false).class, REASON_OTHER);
        assert_int_equal(read_text(NULL, ENTRY(TIMEOUT) ENTRY(TIMEOUT), false, false).class, REASON_TIMEOUT);
        assert_int_equal(read_text(NULL, ENTRY(TIMEOUT), false, true).class, REASON_FILTER_DEAD);
}

static void one_recipient_who_may_have_it_is_a_risk_for_all(void **state) {
        static const char *const logs[] = {ENTRY(RISK) ENTRY(TIMEOUT) ENTRY(LOCAL),
                ENTRY(TIMEOUT) ENTRY(RISK) ENTRY(TIMEOUT), ENTRY(LOCAL) ENTRY(LOCAL) ENTRY(RISK)};

        (void)state;
        for (size_t i = 0; i < sizeof(logs) / sizeof(logs[0]); i++) {
                struct defer_verdict verdict = read_text(NULL, logs[i], false, false);

                assert_true(verdict.duplicate_risk);
                assert_int_equal(verdict.class, REASON_DUPLICATE_RISK);
        }
        assert_false(read_text(NULL, ENTRY(TIMEOUT) ENTRY(LOCAL), false, false).duplicate_risk);
}

static void what_was_not_read_to_its_end_is_a_risk(void **state) {
        struct defer_verdict verdict = read_text(NULL, ENTRY(TIMEOUT), true, false);

        (void)state;
        assert_true(verdict.any && verdict.duplicate_risk);
        assert_int_equal(verdict.class, REASON_TIMEOUT);
        verdict = read_text(NULL, ENTRY(TIMEOUT) "\n<b@x.test>: conversation wi", false, false);
        assert_true(verdict.duplicate_risk);
        assert_int_equal(verdict.class, REASON_TIMEOUT);
}

static void a_row_of_the_site_names_a_risk_and_takes_none_away(void **state) {
        struct reason_site_row rows[] = {{"conversation with %H timed out", REASON_TIMEOUT},
                {"unable to create", REASON_DUPLICATE_RISK}};
        const struct reason_site site = {.rows = rows, .n = 2};
        struct defer_verdict verdict = read_text(&site, ENTRY(TIMEOUT) ENTRY(RISK), false, false);

        (void)state;
        assert_true(verdict.duplicate_risk);
        assert_int_equal(verdict.class, REASON_TIMEOUT);
        verdict = read_text(&site, ENTRY(LOCAL), false, false);
        assert_true(verdict.duplicate_risk);
        assert_int_equal(verdict.class, REASON_DUPLICATE_RISK);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(an_empty_log_says_nothing),
                cmocka_unit_test(an_answer_for_one_recipient_is_more_than_none_for_the_others),
                cmocka_unit_test(one_recipient_who_may_have_it_is_a_risk_for_all),
                cmocka_unit_test(what_was_not_read_to_its_end_is_a_risk),
                cmocka_unit_test(a_row_of_the_site_names_a_risk_and_takes_none_away),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
