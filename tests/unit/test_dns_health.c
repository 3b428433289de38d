/* SPDX-License-Identifier: MIT */
/* test_dns_health - dead, slow, lossy and useless name servers are told apart, and asked no more than needed */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/nameser.h>

#include "base/cleanup.h"
#include "dns/dns_health.h"

#define MS UINT64_C(1000)
#define SEC UINT64_C(1000000)
#define TURN (50 * MS)

static const struct dns_health_pace pace = {.interval_usec = 5 * SEC, .patience_usec = 6 * SEC};

/* A name server and those who ask it, on a clock of their own. */
struct story {
        struct dns_window root, mail;
        struct dns_health health;
        uint64_t now_usec;
        bool idle, dead;
        uint64_t takes_usec; /* more than the patience: its answers come when nobody waits any more */
        unsigned lost_in;    /* one in so many is lost; 0: none */
        uint64_t random;
        struct {
                unsigned number;
                uint64_t asked_usec, at_usec; /* at_usec: 0: never */
        } open[16];
        size_t n_open;
};

static bool is_lost(struct story *story) {
        story->random = story->random * UINT64_C(6364136223846793005) + 1;
        return story->dead || (story->lost_in > 0 && (story->random >> 33) % story->lost_in == 0);
}

static void begin(struct story *story) {
        *story = (struct story){.now_usec = 1000 * SEC, .takes_usec = 2 * MS, .random = 1};
}

static void turn(struct story *story) {
        for (size_t i = 0; i < story->n_open;) {
                uint64_t asked_usec = story->open[i].asked_usec, at_usec = story->open[i].at_usec;
                bool answered = at_usec && at_usec <= story->now_usec;
                struct dns_sample end = {.asked_usec = asked_usec,
                        .took_usec = at_usec - asked_usec,
                        .outcome = answered ? DNS_TOLD : DNS_SILENT};

                if (!answered && story->now_usec - asked_usec < pace.patience_usec) {
                        i++;
                        continue;
                }
                dns_window_end(&story->root, story->open[i].number, &end);
                story->open[i] = story->open[--story->n_open];
        }
        dns_health_judge(&story->health, &story->root, &story->mail, &pace, story->now_usec);
        if (dns_health_wait_usec(&story->health, &story->root, &pace, story->idle, story->now_usec) == 0) {
                assert_true(story->n_open < 8); /* as many as dns_server.c has places for, of each kind */
                story->open[story->n_open].number = dns_window_ask(&story->root, story->now_usec);
                story->open[story->n_open].asked_usec = story->now_usec;
                story->open[story->n_open++].at_usec =
                        is_lost(story) ? 0 : story->now_usec + story->takes_usec;
        }
        story->now_usec += TURN;
}

static void go_on(struct story *story, uint64_t usec) {
        for (uint64_t end_usec = story->now_usec + usec; story->now_usec < end_usec;)
                turn(story);
}

/* Seconds until the server is in that state. */
static double until(struct story *story, enum dns_health_state state) {
        uint64_t begin_usec = story->now_usec;

        while (story->health.state != state && story->now_usec - begin_usec < 600 * SEC)
                turn(story);
        assert_int_equal(story->health.state, state);
        return (double)(story->now_usec - begin_usec) / 1e6;
}

static void a_dead_server_is_down_within_twelve_seconds_and_back_within_six(void **state) {
        struct story story;

        (void)state;
        for (uint64_t phase = 0; phase < 5 * SEC; phase += 250 * MS) {
                begin(&story);
                go_on(&story, 30 * SEC + phase);
                assert_int_equal(story.health.state, DNS_HEALTH_UP);
                story.dead = true;
                assert_true(until(&story, DNS_HEALTH_DOWN) <= 12);
                assert_true(dns_health_row(&story.root, &pace, story.now_usec).n >= 4);
                go_on(&story, 300 * SEC);
                assert_int_equal(dns_health_row(&story.root, &pace, story.now_usec).n, DNS_WINDOW);
                story.dead = false;
                assert_true(until(&story, DNS_HEALTH_UP) <= 6);
        }
}

static void one_that_was_dead_from_the_beginning_is_down_as_soon(void **state) {
        struct story story;

        (void)state;
        begin(&story);
        story.dead = true;
        assert_true(until(&story, DNS_HEALTH_DOWN) <= 7);
        assert_int_equal(story.health.since_usec, 1000 * SEC);
}

static void one_that_is_slow_is_never_down_and_soon_known_to_be_slow(void **state) {
        static const uint64_t takes[] = {300 * MS, 1000 * MS, 2000 * MS, 4000 * MS, 5500 * MS};
        struct story story;

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(takes); i++) {
                uint64_t begin_usec;

                begin(&story);
                go_on(&story, 42 * SEC);
                story.takes_usec = takes[i];
                begin_usec = story.now_usec;
                while (dns_window_took_usec(&story.root) < takes[i]) {
                        turn(&story);
                        assert_int_equal(story.health.state, DNS_HEALTH_UP);
                }
                assert_true(story.now_usec - begin_usec <= 15 * SEC);
                for (int n = 0; n < 20000; n++) {
                        turn(&story);
                        assert_int_equal(story.health.state, DNS_HEALTH_UP);
                }
                /* And is not asked more for it. */
                assert_true(story.root.asked <= 20 + 20000 * TURN / (5 * SEC) + 20);
        }
}

static void one_whose_answers_nobody_waits_for_is_down(void **state) {
        struct story story;

        (void)state;
        begin(&story);
        go_on(&story, 60 * SEC);
        story.takes_usec = 7 * SEC;
        (void)until(&story, DNS_HEALTH_DOWN);
}

static void lost_packets_are_no_death(void **state) {
        static const struct {
                unsigned lost_in;
                double least, most; /* of the loss that is seen, on average */
        } cases[] = {{50, 0.01, 0.03}, {10, 0.07, 0.13}};
        struct story story;

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                double loss = 0;
                unsigned n = 0;

                begin(&story);
                story.lost_in = cases[i].lost_in;
                while (story.root.asked < 20000) {
                        struct dns_count count;

                        turn(&story);
                        assert_int_not_equal(story.health.state, DNS_HEALTH_DOWN);
                        count = dns_window_count(&story.root);
                        if (count.ended > 0 && ++n)
                                loss += 1 - (double)count.answered / count.ended;
                }
                assert_true(loss / n >= cases[i].least && loss / n <= cases[i].most);
        }
}

static void nobody_is_asked_often_without_need(void **state) {
        struct story story;

        (void)state;
        begin(&story);
        go_on(&story, 3600 * SEC);
        assert_in_range(story.root.asked, 719, 722); /* every five seconds */
        begin(&story);
        story.idle = true;
        go_on(&story, 3600 * SEC);
        assert_in_range(story.root.asked, 12, 13); /* every five minutes */
        begin(&story);
        story.dead = true;
        go_on(&story, 3600 * SEC);
        assert_in_range(story.root.asked, 715, 735);
        begin(&story);
        story.idle = story.dead = true;
        go_on(&story, 3600 * SEC);
        assert_in_range(story.root.asked, 115, 135);
}

static void answers_count_in_whatever_order_they_come_and_once(void **state) {
        struct dns_window window = {0};
        struct dns_sample end = {.asked_usec = 1, .took_usec = 5 * MS, .outcome = DNS_TOLD};
        unsigned first = dns_window_ask(&window, 1), second = dns_window_ask(&window, 2);
        struct dns_count count;

        (void)state;
        dns_window_end(&window, second, &end);
        end.took_usec = 9 * MS;
        dns_window_end(&window, first, &end);
        dns_window_end(&window, first, &end);
        count = dns_window_count(&window);
        assert_int_equal(count.ended, 2);
        assert_int_equal(count.answered, 2);
        assert_int_equal(dns_window_took_usec(&window), 9 * MS);

        /* Of one that twenty have followed nothing is left but that it came. */
        for (unsigned i = 0; i < DNS_WINDOW; i++)
                (void)dns_window_ask(&window, 10 + i);
        end.asked_usec = 40;
        dns_window_end(&window, first, &end);
        assert_int_equal(dns_window_count(&window).ended, 0);
        assert_int_equal(window.answered_usec, 40 + 9 * MS);
}

static void a_question_that_did_not_leave_counts_nowhere(void **state) {
        struct dns_window window = {0};
        struct dns_sample end = {.asked_usec = 1, .outcome = DNS_UNSENT};

        (void)state;
        for (unsigned i = 0; i < 10; i++)
                dns_window_end(&window, dns_window_ask(&window, 1), &end);
        assert_int_equal(dns_window_count(&window).ended, 0);
        assert_int_equal(dns_window_row(&window, 100 * SEC, 1).n, 0);
        assert_int_equal(dns_window_took_usec(&window), 0);
}

static void say(struct dns_window *window, enum dns_outcome outcome, unsigned code, unsigned times,
        uint64_t now_usec) {
        const struct dns_sample end = {
                .asked_usec = now_usec, .took_usec = MS, .outcome = outcome, .code = code};

        while (times-- > 0)
                dns_window_end(window, dns_window_ask(window, now_usec), &end);
}

static void one_that_drops_questions_for_the_root_is_led_by_names_at_the_usual_pace(void **state) {
        struct dns_health health = {.state = DNS_HEALTH_UNKNOWN};
        struct dns_window root = {0}, mail = {0}, refused;
        uint64_t now_usec = 1000 * SEC;
        const struct dns_window *lead;

        (void)state;
        assert_false(dns_health_is_wordless(&root, &pace, now_usec));
        say(&root, DNS_SILENT, 0, 4, now_usec);
        now_usec += 6 * SEC;
        assert_true(dns_health_is_wordless(&root, &pace, now_usec));
        assert_ptr_equal(dns_health_lead(&root, &mail, &pace, now_usec), &root);
        /* That it tried in vain is no sign of use; that it does not know the world is none to the contrary. */
        say(&mail, DNS_ERROR, ns_r_servfail, 4, now_usec);
        assert_ptr_equal(dns_health_lead(&root, &mail, &pace, now_usec), &root);
        refused = mail;
        say(&refused, DNS_ERROR, ns_r_refused, 1, now_usec);
        assert_ptr_equal(dns_health_lead(&root, &refused, &pace, now_usec), &refused);
        say(&mail, DNS_TOLD, 0, 1, now_usec);
        lead = dns_health_lead(&root, &mail, &pace, now_usec);
        assert_ptr_equal(lead, &mail);
        dns_health_judge(&health, &root, &mail, &pace, now_usec);
        assert_int_equal(health.state, DNS_HEALTH_UP);
        assert_int_equal(dns_health_wait_usec(&health, lead, &pace, false, now_usec), 5 * SEC);

        say(&mail, DNS_SILENT, 0, 4, now_usec);
        dns_health_judge(&health, &root, &mail, &pace, now_usec);
        assert_int_equal(health.state, DNS_HEALTH_UP);
        dns_health_judge(&health, &root, &mail, &pace, now_usec + 7 * SEC);
        assert_int_equal(health.state, DNS_HEALTH_DOWN);

        /* With the first word about the root, it is the root that counts. */
        say(&root, DNS_TOLD, 0, 1, now_usec + 8 * SEC);
        assert_ptr_equal(dns_health_lead(&root, &mail, &pace, now_usec + 9 * SEC), &root);
        dns_health_judge(&health, &root, &mail, &pace, now_usec + 9 * SEC);
        assert_int_equal(health.state, DNS_HEALTH_UP);
        say(&root, DNS_SILENT, 0, 4, now_usec + 10 * SEC);
        say(&mail, DNS_TOLD, 0, 4, now_usec + 15 * SEC);
        dns_health_judge(&health, &root, &mail, &pace, now_usec + 17 * SEC);
        assert_int_equal(health.state, DNS_HEALTH_DOWN);
}

static void errors_make_useless_only_whom_the_root_and_all_mail_accuse(void **state) {
        static const struct {
                bool told_before, others_tell;
                unsigned code, root_errors, mail_errors;
                bool mail_told_last, suspect, useless;
        } cases[] = {
                {false, false, ns_r_servfail, 3, 4, false, true, true},
                {false, false, ns_r_servfail, 2, 4, false, false, false},
                {false, false, ns_r_servfail, 3, 3, false, true, false},
                {false, false, ns_r_servfail, 3, 8, true, true, false},
                /* One that knows its own zones only refuses the root all its life. */
                {false, false, ns_r_refused, 20, 0, false, false, false},
                {true, false, ns_r_refused, 3, 4, false, true, true},
                {false, true, ns_r_refused, 3, 4, false, true, true},
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                struct dns_window root = {0}, mail = {0};
                struct dns_health health = {0};

                if (cases[i].told_before)
                        say(&root, DNS_TOLD, 0, 1, SEC);
                dns_health_judge(&health, &root, &mail, &pace, SEC);
                say(&root, DNS_ERROR, cases[i].code, cases[i].root_errors, 2 * SEC);
                assert_int_equal(
                        dns_health_is_suspect(&health, &root, cases[i].others_tell), cases[i].suspect);
                say(&mail, DNS_ERROR, cases[i].code, cases[i].mail_errors, 2 * SEC);
                if (cases[i].mail_told_last)
                        say(&mail, DNS_TOLD, 0, 1, 3 * SEC);
                dns_health_judge(&health, &root, &mail, &pace, 3 * SEC);
                assert_int_equal(health.state, cases[i].useless ? DNS_HEALTH_USELESS : DNS_HEALTH_UP);
                /* One word about the root is enough. */
                say(&root, DNS_TOLD, 0, 1, 4 * SEC);
                dns_health_judge(&health, &root, &mail, &pace, 4 * SEC);
                assert_int_equal(health.state, DNS_HEALTH_UP);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_dead_server_is_down_within_twelve_seconds_and_back_within_six),
                cmocka_unit_test(one_that_was_dead_from_the_beginning_is_down_as_soon),
                cmocka_unit_test(one_that_is_slow_is_never_down_and_soon_known_to_be_slow),
                cmocka_unit_test(one_whose_answers_nobody_waits_for_is_down),
                cmocka_unit_test(lost_packets_are_no_death),
                cmocka_unit_test(nobody_is_asked_often_without_need),
                cmocka_unit_test(answers_count_in_whatever_order_they_come_and_once),
                cmocka_unit_test(a_question_that_did_not_leave_counts_nowhere),
                cmocka_unit_test(one_that_drops_questions_for_the_root_is_led_by_names_at_the_usual_pace),
                cmocka_unit_test(errors_make_useless_only_whom_the_root_and_all_mail_accuse),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
