/* SPDX-License-Identifier: MIT */
/*
 * test_relay_verdict - what probes mean, how soon there is another one, and what is said of it
 *
 * Pure functions, case by case: an address and a next hop (relay_verdict), the pace (relay_pace), what mail calls for
 * (relay_need), and the sentences (relay_sentence).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "relay/relay_need.h"
#include "relay/relay_pace.h"
#include "relay/relay_sentence.h"
#include "relay/relay_verdict.h"

#define SEC UINT64_C(1000000)

static const struct relay_manner mail_port = {.port = 25};
static const struct relay_manner own_port = {.port = 2525};
static const struct relay_manner filter = {.port = 10024, .is_filter = true};

static const struct smtp_probe_limits usual = {.connect_usec = 5 * SEC, .reply_usec = 10 * SEC};

static void note_slow(struct relay_seen *seen, const struct relay_manner *manner,
        enum smtp_probe_outcome outcome, uint64_t began_seconds, uint64_t seconds) {
        const struct smtp_probe_result result = {.outcome = outcome, .greeted = outcome == SMTP_PROBE_SPEAKS};

        relay_verdict_note(
                seen, manner, &usual, &result, began_seconds * SEC, (began_seconds + seconds) * SEC);
}

static void note(struct relay_seen *seen, const struct relay_manner *manner, enum smtp_probe_outcome outcome,
        uint64_t seconds) {
        note_slow(seen, manner, outcome, seconds, 0);
}

/* After it has failed in that way for a minute, having been up before or not. */
static enum relay_state state_after(
        const struct relay_manner *manner, bool was_up, enum smtp_probe_outcome outcome) {
        struct relay_seen seen = {.state = RELAY_UNKNOWN};

        if (was_up)
                note(&seen, manner, SMTP_PROBE_SPEAKS, 40);
        note(&seen, manner, outcome, 100);
        note(&seen, manner, outcome, 160);
        return seen.state;
}

static void each_outcome_has_its_state(void **state) {
        static const struct {
                enum smtp_probe_outcome outcome;
                enum relay_state expected;
        } cases[] = {
                {SMTP_PROBE_UNTOLD, RELAY_UNKNOWN},
                {SMTP_PROBE_SPEAKS, RELAY_UP},
                {SMTP_PROBE_REFUSES, RELAY_REFUSING},
                {SMTP_PROBE_TIMED_OUT, RELAY_DOWN},
                {SMTP_PROBE_REFUSED, RELAY_DOWN},
                {SMTP_PROBE_UNREACHABLE, RELAY_DOWN},
                {SMTP_PROBE_NO_ROUTE, RELAY_UNROUTED},
                {SMTP_PROBE_CLOSED, RELAY_DOWN},
                {SMTP_PROBE_SILENT, RELAY_DOWN},
                {SMTP_PROBE_NOT_SMTP, RELAY_DOWN},
        };

        (void)state;
        assert_int_equal(ELEMENTSOF(cases), SMTP_PROBE_OUTCOMES);
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                assert_int_equal(state_after(&mail_port, false, cases[i].outcome), cases[i].expected);
                assert_int_equal(state_after(&mail_port, true, cases[i].outcome), cases[i].expected);
        }
}

static void silence_of_what_may_be_busy_or_wait_for_tls_says_nothing(void **state) {
        (void)state;
        assert_int_equal(state_after(&own_port, false, SMTP_PROBE_SILENT), RELAY_UNKNOWN);
        assert_int_equal(state_after(&own_port, true, SMTP_PROBE_SILENT), RELAY_DOWN);
        assert_int_equal(state_after(&filter, false, SMTP_PROBE_SILENT), RELAY_UNKNOWN);
        assert_int_equal(state_after(&filter, true, SMTP_PROBE_SILENT), RELAY_UNKNOWN);
        assert_int_equal(state_after(&filter, true, SMTP_PROBE_REFUSED), RELAY_DOWN);
}

static void one_failure_is_not_enough_and_one_success_is(void **state) {
        struct relay_seen seen = {.state = RELAY_UNKNOWN};

        (void)state;
        note(&seen, &mail_port, SMTP_PROBE_SPEAKS, 10);
        note(&seen, &mail_port, SMTP_PROBE_REFUSED, 20);
        assert_int_equal(seen.state, RELAY_UP);
        assert_true(seen.doubted);
        assert_int_equal(relay_verdict_again_usec(&seen), 25 * SEC);
        note(&seen, &mail_port, SMTP_PROBE_REFUSED, 24);
        assert_int_equal(seen.state, RELAY_UP);
        /* A service that was started anew. */
        note(&seen, &mail_port, SMTP_PROBE_SPEAKS, 25);
        assert_false(seen.doubted);
        note(&seen, &mail_port, SMTP_PROBE_TIMED_OUT, 26);
        assert_int_equal(seen.state, RELAY_UP);
        note(&seen, &mail_port, SMTP_PROBE_REFUSED, 31);
        assert_int_equal(seen.state, RELAY_DOWN);
        note(&seen, &mail_port, SMTP_PROBE_REFUSES, 32);
        assert_int_equal(seen.state, RELAY_REFUSING);
        note(&seen, &mail_port, SMTP_PROBE_SPEAKS, 33);
        assert_int_equal(seen.state, RELAY_UP);
}

static void a_probe_that_waited_for_long_enough_needs_no_second_one(void **state) {
        struct relay_seen seen = {.state = RELAY_UP};

        (void)state;
        note_slow(&seen, &mail_port, SMTP_PROBE_TIMED_OUT, 10, 5);
        assert_int_equal(seen.state, RELAY_DOWN);
}

static uint64_t patience_seconds(const struct relay_seen *seen) {
        return relay_verdict_limits(seen, &usual).reply_usec / SEC;
}

static void one_that_was_silent_is_given_more_time_until_it_is_quick(void **state) {
        struct relay_seen seen = {.state = RELAY_UP};

        (void)state;
        assert_int_equal(patience_seconds(&seen), 10);
        note_slow(&seen, &mail_port, SMTP_PROBE_SILENT, 0, 10);
        assert_int_equal(seen.state, RELAY_DOWN);
        assert_int_equal(patience_seconds(&seen), 30);
        assert_int_equal(relay_verdict_limits(&seen, &usual).connect_usec, 5 * SEC);
        note_slow(&seen, &mail_port, SMTP_PROBE_TIMED_OUT, 20, 5);
        assert_int_equal(patience_seconds(&seen), 30);
        note_slow(&seen, &mail_port, SMTP_PROBE_SPEAKS, 30, 20);
        assert_int_equal(seen.state, RELAY_UP);
        relay_verdict_forget(&seen);
        assert_int_equal(seen.state, RELAY_UNKNOWN);
        assert_int_equal(patience_seconds(&seen), 30);
        note_slow(&seen, &mail_port, SMTP_PROBE_SPEAKS, 60, 2);
        assert_int_equal(patience_seconds(&seen), 10);
        /* A filter at work is not slow for that. */
        note_slow(&seen, &filter, SMTP_PROBE_SILENT, 90, 10);
        assert_int_equal(patience_seconds(&seen), 10);
}

static void the_share_is_said_only_when_it_is_known(void **state) {
        static const struct {
                struct relay_tally tally;
                enum relay_word word;
                double ratio;
        } cases[] = {
                {{.n = {[RELAY_UP] = 2}}, RELAY_SAY, 1},
                {{.n = {[RELAY_UP] = 1, [RELAY_DOWN] = 3}}, RELAY_SAY, 0.25},
                {{.n = {[RELAY_UP] = 1, [RELAY_REFUSING] = 1}}, RELAY_SAY, 0.5},
                /* The first answer, and no IPv6 on this host. */
                {{.n = {[RELAY_UP] = 1, [RELAY_UNKNOWN] = 3}}, RELAY_SAY, 1},
                {{.n = {[RELAY_UP] = 1, [RELAY_UNROUTED] = 1}}, RELAY_SAY, 1},
                {{.n = {[RELAY_UP] = 1}, .is_incomplete = true}, RELAY_SAY, 1},
                {{.n = {[RELAY_UP] = 1}, .link = "eth0"}, RELAY_SAY, 1},

                {{.n = {[RELAY_DOWN] = 2}}, RELAY_SAY, 0},
                {{.n = {[RELAY_DOWN] = 1, [RELAY_UNROUTED] = 1}}, RELAY_SAY, 0},
                {{.n = {[RELAY_UNROUTED] = 1}}, RELAY_SAY, 0},

                /* Neither dead nor recovered. */
                {{.n = {[RELAY_REFUSING] = 1}}, RELAY_MISS, 0},
                {{.n = {[RELAY_REFUSING] = 1, [RELAY_DOWN] = 3}}, RELAY_MISS, 0},
                {{.n = {[RELAY_REFUSING] = 1, [RELAY_UNKNOWN] = 1}}, RELAY_MISS, 0},

                {{.n = {[RELAY_DOWN] = 1}, .is_incomplete = true}, RELAY_MISS, 0},
                {{.n = {[RELAY_DOWN] = 1}, .link = "eth0"}, RELAY_MISS, 0},
                {{.n = {[RELAY_UNROUTED] = 1}, .link = "eth0"}, RELAY_MISS, 0},
                {{.n = {[RELAY_DOWN] = 1}, .is_delivered = true}, RELAY_MISS, 0},
                {{.n = {[RELAY_DOWN] = 8}, .is_cut = true}, RELAY_MISS, 0},
                {{.n = {[RELAY_DOWN] = 1}, .is_elsewhere = true}, RELAY_MISS, 0},
                {{.n = {[RELAY_UP] = 1, [RELAY_DOWN] = 1}, .is_cut = true, .is_elsewhere = true}, RELAY_SAY,
                        0.5},
                {{.n = {[RELAY_DOWN] = 8}, .doubted = 8, .is_cut = true}, RELAY_KEEP, 0},

                {{.n = {[RELAY_DOWN] = 1, [RELAY_UNKNOWN] = 1}}, RELAY_KEEP, 0},
                {{.n = {[RELAY_DOWN] = 1, [RELAY_UNKNOWN] = 1}, .is_round_over = true}, RELAY_MISS, 0},
                {{.n = {[RELAY_UNKNOWN] = 1}, .doubted = 1, .is_round_over = true}, RELAY_KEEP, 0},
                {{.n = {[RELAY_DOWN] = 2}, .doubted = 1, .is_round_over = true}, RELAY_KEEP, 0},
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                double ratio = -1;
                const char *why = NULL;

                assert_int_equal(relay_verdict_ratio(&cases[i].tally, &ratio, &why), cases[i].word);
                if (cases[i].word == RELAY_SAY)
                        assert_true(ratio >= cases[i].ratio && ratio <= cases[i].ratio);
                assert_true((why != NULL) == (cases[i].word == RELAY_MISS));
        }
}

static void nobody_is_asked_more_often_than_was_promised(void **state) {
        static const struct {
                struct relay_pace pace;
                unsigned seconds;
        } cases[] = {
                {{RELAY_MOOD_DOWN, false, true, 0, 0}, 10},
                {{RELAY_MOOD_DOWN, false, true, 599 * SEC, 10 * SEC}, 10},
                {{RELAY_MOOD_DOWN, false, true, 600 * SEC, 10 * SEC}, 20},
                {{RELAY_MOOD_DOWN, false, true, 700 * SEC, 40 * SEC}, 60},
                {{RELAY_MOOD_DOWN, false, true, 7000 * SEC, 60 * SEC}, 60},
                {{RELAY_MOOD_PART, false, true, 0, 0}, 10},
                {{RELAY_MOOD_PART, false, false, 7000 * SEC, 60 * SEC}, 60},
                {{RELAY_MOOD_UNCLEAR, false, true, 0, 0}, 10},
                {{RELAY_MOOD_REFUSING, false, true, 0, 0}, 30},
                {{RELAY_MOOD_REFUSING, false, true, 7000 * SEC, 60 * SEC}, 60},
                {{RELAY_MOOD_UP, false, true, 0, 0}, 10},
                {{RELAY_MOOD_UP, false, true, 10 * SEC, 10 * SEC}, 20},
                {{RELAY_MOOD_UP, false, true, 7000 * SEC, 300 * SEC}, 300},
                {{RELAY_MOOD_UP, false, false, 0, 0}, 60},
                {{RELAY_MOOD_UP, false, false, 7000 * SEC, 800 * SEC}, 900},
                /* A filter has few processes; a port where nothing listens has none to be taken. */
                {{RELAY_MOOD_UP, true, true, 0, 0}, 30},
                {{RELAY_MOOD_UNCLEAR, true, true, 0, 0}, 30},
                {{RELAY_MOOD_DOWN, true, true, 0, 0}, 10},
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++)
                assert_int_equal(relay_pace_wait_usec(&cases[i].pace, 10 * SEC), cases[i].seconds * SEC);
        /* The site's own interval, above all of these. */
        assert_int_equal(relay_pace_wait_usec(&cases[0].pace, 3600 * SEC), 3600 * SEC);
        assert_int_equal(relay_pace_wait_usec(&cases[3].pace, 3600 * SEC), 3600 * SEC);
        assert_int_equal(relay_pace_least_usec(10 * SEC, false), 10 * SEC);
        assert_int_equal(relay_pace_least_usec(10 * SEC, true), 30 * SEC);
}

/* Looks each 2.5 s, with so much under way and delivered in a second; the level after the last one. */
static enum relay_need_level level_after(double underway, double per_second, int looks) {
        struct relay_need need = {.level = RELAY_NEED_NONE};

        for (int i = 0; i < looks; i++) {
                const struct relay_mail mail = {.underway = underway, .delivered = i * 2.5 * per_second};

                relay_need_look(&need, &mail, 5, (uint64_t)(i + 1) * 2500000);
        }
        return need.level;
}

static void a_crowd_that_does_not_move_is_urgent_and_one_that_does_is_not(void **state) {
        (void)state;
        assert_int_equal(level_after(4, 0, 10), RELAY_NEED_NONE);
        assert_int_equal(level_after(5, 0, 1), RELAY_NEED_CALM);
        assert_int_equal(level_after(5, 0, 3), RELAY_NEED_URGENT);
        assert_int_equal(level_after(20, 100, 10), RELAY_NEED_CALM);
        assert_int_equal(level_after(20, 1, 10), RELAY_NEED_URGENT);
        assert_int_equal(level_after(2000, 300, 10), RELAY_NEED_CALM);
}

static void mail_that_nobody_answered_for_is_urgent_at_once_and_other_mail_is_not(void **state) {
        const struct relay_mail dead = {.deferred = 5, .dead = 5}, full = {.deferred = 5};
        struct relay_need need = {.level = RELAY_NEED_NONE};

        (void)state;
        relay_need_look(&need, &full, 5, 10 * SEC);
        assert_int_equal(need.level, RELAY_NEED_CALM);
        relay_need_look(&need, &dead, 5, 20 * SEC);
        assert_int_equal(need.level, RELAY_NEED_URGENT);
        assert_true(need.is_news);
}

static void news_is_what_begins_or_doubles(void **state) {
        static const struct {
                double dead;
                bool is_news;
        } cases[] = {{5, true}, {6, false}, {10, false}, {11, true}, {22, false}, {23, true}, {0, false},
                {5, true}};
        struct relay_need need = {.level = RELAY_NEED_NONE};

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                const struct relay_mail mail = {.deferred = cases[i].dead, .dead = cases[i].dead};

                relay_need_look(&need, &mail, 5, (i + 1) * SEC);
                assert_int_equal(need.is_news, cases[i].is_news);
        }
}

static void what_is_missing_neither_begins_nor_ends_a_need(void **state) {
        const struct relay_mail unknown = {.is_unknown = true}, dead = {.dead = 5, .deferred = 5};
        struct relay_need need = {.level = RELAY_NEED_NONE};

        (void)state;
        relay_need_look(&need, &unknown, 5, 1 * SEC);
        assert_int_equal(need.level, RELAY_NEED_NONE);
        relay_need_look(&need, &dead, 5, 2 * SEC);
        relay_need_look(&need, &unknown, 5, 3 * SEC);
        assert_int_equal(need.level, RELAY_NEED_URGENT);
        assert_false(need.is_news);
}

static void one_message_that_others_pass_by_is_enough_to_look_but_not_to_hurry(void **state) {
        struct relay_need need = {.level = RELAY_NEED_NONE};
        struct relay_mail mail = {.underway = 1, .late = 1, .delivered = 10};

        (void)state;
        relay_need_look(&need, &mail, 5, 1 * SEC);
        assert_int_equal(need.level, RELAY_NEED_NONE);
        mail.delivered = 11;
        relay_need_look(&need, &mail, 5, 4 * SEC);
        assert_int_equal(need.level, RELAY_NEED_CALM);
        assert_true(need.is_overtaken);
        assert_false(need.is_news);
        /* Nothing passes by any more: it is merely alone. */
        relay_need_look(&need, &mail, 5, 40 * SEC);
        assert_int_equal(need.level, RELAY_NEED_NONE);
}

static void a_few_that_are_late_are_a_crowd(void **state) {
        struct relay_need few = {.level = RELAY_NEED_NONE}, two = {.level = RELAY_NEED_NONE};

        (void)state;
        for (uint64_t i = 1; i <= 3; i++) {
                relay_need_look(&few, &(struct relay_mail){.underway = 4, .late = 3}, 5, i * 2500000);
                relay_need_look(&two, &(struct relay_mail){.underway = 4, .late = 2}, 5, i * 2500000);
        }
        assert_int_equal(few.level, RELAY_NEED_URGENT);
        assert_int_equal(two.level, RELAY_NEED_NONE);
}

static void a_counter_that_begins_anew_is_no_delivery(void **state) {
        struct relay_need need = {.level = RELAY_NEED_NONE};
        struct relay_mail mail = {.underway = 10, .delivered = 100};

        (void)state;
        relay_need_look(&need, &mail, 5, 1 * SEC);
        mail.delivered = 3;
        relay_need_look(&need, &mail, 5, 2 * SEC);
        assert_int_equal(need.moved_usec, 0);
        mail.delivered = 4;
        relay_need_look(&need, &mail, 5, 3 * SEC);
        assert_int_equal(need.moved_usec, 3 * SEC);
}

static void sentences_name_who_and_what_is_left(void **state) {
        static const struct relay_sentence_address all[] = {
                {"192.0.2.66", RELAY_DOWN, "connection timed out"},
                {"192.0.2.67", RELAY_DOWN, "connection refused"},
                {"2001:db8::66", RELAY_UNROUTED, "network is unreachable"},
        };
        static const struct relay_sentence_address some[] = {
                {"192.0.2.66", RELAY_DOWN, "connection timed out"},
                {"192.0.2.5", RELAY_UP, ""},
                {"192.0.2.67", RELAY_REFUSING, "answers 421 to the connection"},
        };
        struct relay_sentence sentence = {
                .nexthop = "[relay.example]:25", .messages = 120, .addresses = all, .n = 3};
        char text[SG_SENTENCE_MAX + 1];

        (void)state;
        relay_sentence_dead(&sentence, text);
        assert_string_equal(text,
                "no address of [relay.example]:25 speaks SMTP: 192.0.2.66 connection timed out, 192.0.2.67 "
                "connection refused; 120 messages wait for it");
        sentence.messages = 1;
        sentence.is_filter = true;
        sentence.addresses = all + 2;
        sentence.n = 1;
        relay_sentence_dead(&sentence, text);
        assert_string_equal(text,
                "no address of the filter [relay.example]:25 speaks SMTP: 2001:db8::66 network is "
                "unreachable; 1 message waits for it");
        sentence = (struct relay_sentence){.nexthop = "mx.example", .addresses = some, .n = 2};
        relay_sentence_part(&sentence, text);
        assert_string_equal(text,
                "1 of 2 addresses of mx.example is dead: 192.0.2.66 connection timed out; mail goes by "
                "192.0.2.5");
        sentence.n = 3;
        relay_sentence_part(&sentence, text);
        assert_string_equal(text,
                "2 of 3 addresses of mx.example take no mail: 192.0.2.66 connection timed out, 192.0.2.67 "
                "answers 421 to the connection; mail goes by 192.0.2.5");
}

static void a_server_that_refuses_is_named_with_what_it_answers(void **state) {
        static const struct relay_sentence_address one = {
                "192.0.2.67", RELAY_REFUSING, "answers 421 to the connection"};
        const struct relay_sentence sentence = {
                .nexthop = "mx.example", .messages = 43, .addresses = &one, .n = 1};
        char text[SG_SENTENCE_MAX + 1];

        (void)state;
        relay_sentence_refusing(&sentence, text);
        assert_string_equal(text,
                "mx.example refuses mail: 192.0.2.67 answers 421 to the connection; 43 messages wait for it");
}

static void of_many_next_hops_none_is_named_in_part(void **state) {
        static const struct relay_sentence_address one = {"192.0.2.66", RELAY_DOWN, "connection refused"};
        struct relay_sentence sentence = {
                .nexthop = "[out-1.mail.example.test]:587,[out-2.mail.example.test]:587,"
                           "[out-3.mail.example.test]:587",
                .addresses = &one,
                .n = 1};
        char text[SG_SENTENCE_MAX + 1];

        (void)state;
        relay_sentence_dead(&sentence, text);
        assert_string_equal(text,
                "no address of [out-1.mail.example.test]:587,[out-2.mail.example.test]:587,... speaks SMTP: "
                "192.0.2.66 connection refused");
        sentence.nexthop = "[out-1.mail.example.test]:587,[out-2.mail.example.test]:587,[out3.example.test]";
        relay_sentence_dead(&sentence, text);
        assert_string_equal(text,
                "no address of [out-1.mail.example.test]:587,[out-2.mail.example.test]:587,"
                "[out3.example.test] speaks SMTP: 192.0.2.66 connection refused");
}

static void of_many_addresses_those_are_told_that_there_is_room_for(void **state) {
        struct relay_sentence_address many[8];
        char name[256], text[SG_SENTENCE_MAX + 1];
        struct relay_sentence sentence = {.nexthop = name, .messages = 1e9, .addresses = many, .n = 8};

        (void)state;
        memset(name, 'x', sizeof(name) - 1);
        name[sizeof(name) - 1] = '\0';
        for (size_t i = 0; i < ELEMENTSOF(many); i++)
                many[i] = (struct relay_sentence_address){"2001:db8:1111:2222:3333:4444:5555:6666",
                        RELAY_DOWN, "accepts connections but does not greet"};
        relay_sentence_dead(&sentence, text);
        assert_true(strlen(text) <= SG_SENTENCE_MAX);
        assert_non_null(strstr(text, "speaks SMTP: 2001:db8"));
        assert_non_null(strstr(text, ", and 7 more; 1000000000 messages wait for it"));
        many[7].state = RELAY_UP;
        relay_sentence_part(&sentence, text);
        assert_true(strlen(text) <= SG_SENTENCE_MAX);
        assert_non_null(strstr(text, "; mail goes by 2001:db8:1111:2222:3333:4444:5555:6666"));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(each_outcome_has_its_state),
                cmocka_unit_test(silence_of_what_may_be_busy_or_wait_for_tls_says_nothing),
                cmocka_unit_test(one_failure_is_not_enough_and_one_success_is),
                cmocka_unit_test(a_probe_that_waited_for_long_enough_needs_no_second_one),
                cmocka_unit_test(one_that_was_silent_is_given_more_time_until_it_is_quick),
                cmocka_unit_test(the_share_is_said_only_when_it_is_known),
                cmocka_unit_test(nobody_is_asked_more_often_than_was_promised),
                cmocka_unit_test(a_crowd_that_does_not_move_is_urgent_and_one_that_does_is_not),
                cmocka_unit_test(mail_that_nobody_answered_for_is_urgent_at_once_and_other_mail_is_not),
                cmocka_unit_test(news_is_what_begins_or_doubles),
                cmocka_unit_test(what_is_missing_neither_begins_nor_ends_a_need),
                cmocka_unit_test(one_message_that_others_pass_by_is_enough_to_look_but_not_to_hurry),
                cmocka_unit_test(a_few_that_are_late_are_a_crowd),
                cmocka_unit_test(a_counter_that_begins_anew_is_no_delivery),
                cmocka_unit_test(sentences_name_who_and_what_is_left),
                cmocka_unit_test(a_server_that_refuses_is_named_with_what_it_answers),
                cmocka_unit_test(of_many_next_hops_none_is_named_in_part),
                cmocka_unit_test(of_many_addresses_those_are_told_that_there_is_room_for),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
