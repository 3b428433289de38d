/* SPDX-License-Identifier: MIT */
/* test_filter_wait - a filter that is stuck, one that is slow, and a crowd that goes away by itself */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "postfix/filter_wait.h"

#define TRIPS 300 /* filter-stuck */

static const struct {
        const char *story;
        struct filter_wait wait;
        double least, most;
} cases[] = {
        {"nothing waits", {.watched_seconds = 300, .probe = FILTER_PROBE_FAILED, .quiet_seconds = 300}, 0, 0},
        {"1,346 messages before two processes, hours old",
                {.underway = 1346,
                        .oldest_seconds = 19200,
                        .watched_seconds = 300,
                        .left = 20,
                        .quiet_seconds = 10},
                19200, 19200},
        {"a newsletter of 2,000 that drains at three a second",
                {.underway = 2000, .oldest_seconds = 400, .watched_seconds = 130, .left = 390}, 0, 0},
        {"... and at one a second, with ten minutes behind it",
                {.underway = 1400, .oldest_seconds = 600, .watched_seconds = 300, .left = 300}, 0, 0},
        {"it stopped a minute ago",
                {.underway = 50, .oldest_seconds = 61, .watched_seconds = 61, .quiet_seconds = 61}, 61, 61},
        {"it stopped six minutes ago",
                {.underway = 50, .oldest_seconds = 360, .watched_seconds = 300, .quiet_seconds = 360}, 360,
                360},
        {"old mail was just let go from hold",
                {.underway = 100, .oldest_seconds = 200000, .watched_seconds = 20, .quiet_seconds = 20}, 20,
                20},
        {"... and the filter works on it",
                {.underway = 100, .oldest_seconds = 200000, .watched_seconds = 90, .left = 30}, 0, 0},
        {"one message that the filter cannot stomach",
                {.underway = 1, .oldest_seconds = 5000, .watched_seconds = 300, .quiet_seconds = 300}, 0, 0},
        {"it says nothing any more",
                {.underway = 5,
                        .oldest_seconds = 15,
                        .watched_seconds = 15,
                        .quiet_seconds = 15,
                        .probe = FILTER_PROBE_FAILED},
                315, 315},
        {"... for a moment, as while it is started anew",
                {.underway = 5,
                        .oldest_seconds = 14,
                        .watched_seconds = 14,
                        .quiet_seconds = 14.9,
                        .probe = FILTER_PROBE_FAILED},
                14, 14},
        {"... of which one message is enough to tell",
                {.underway = 1,
                        .oldest_seconds = 15,
                        .watched_seconds = 15,
                        .quiet_seconds = 15,
                        .probe = FILTER_PROBE_FAILED},
                315, 315},
        {"its processes are busy with large mail, and nobody answers the probe",
                {.underway = 30,
                        .oldest_seconds = 200,
                        .watched_seconds = 300,
                        .left = 20,
                        .quiet_seconds = 40,
                        .turn_seconds = 15,
                        .probe = FILTER_PROBE_FAILED},
                0, 0},
        {"... but that long none of its messages takes",
                {.underway = 30,
                        .oldest_seconds = 200,
                        .watched_seconds = 300,
                        .left = 20,
                        .quiet_seconds = 75,
                        .turn_seconds = 15,
                        .probe = FILTER_PROBE_FAILED},
                500, 500},
        {"it took one each second, and stopped",
                {.underway = 20,
                        .oldest_seconds = 15,
                        .watched_seconds = 15,
                        .left = 0,
                        .quiet_seconds = 15,
                        .turn_seconds = 1},
                315, 315},
        {"... or pauses",
                {.underway = 20,
                        .oldest_seconds = 14,
                        .watched_seconds = 14,
                        .quiet_seconds = 14.9,
                        .turn_seconds = 1},
                14, 14},
        {"... or Postfix was stopped: it answers its probe",
                {.underway = 20,
                        .oldest_seconds = 21,
                        .watched_seconds = 21,
                        .quiet_seconds = 21.9,
                        .turn_seconds = 1,
                        .probe = FILTER_PROBE_ANSWERED},
                21, 21},
        {"... but not for that long",
                {.underway = 20,
                        .oldest_seconds = 22,
                        .watched_seconds = 22,
                        .quiet_seconds = 22,
                        .turn_seconds = 1,
                        .probe = FILTER_PROBE_ANSWERED},
                322, 322},
        {"it took one in five seconds, and takes its time over this one",
                {.underway = 20,
                        .oldest_seconds = 40,
                        .watched_seconds = 40,
                        .quiet_seconds = 40,
                        .turn_seconds = 5},
                40, 40},
        {"two messages wait while it pauses",
                {.underway = 2,
                        .oldest_seconds = 40,
                        .watched_seconds = 40,
                        .quiet_seconds = 40,
                        .turn_seconds = 1},
                0, 0},
        {"five came back when it was restarted, and it is well now",
                {.deferred = 5,
                        .oldest_seconds = 700,
                        .watched_seconds = 300,
                        .probe = FILTER_PROBE_ANSWERED},
                0, 0},
        {"... and came back once more",
                {.deferred = 5,
                        .came_back = 5,
                        .oldest_seconds = 1000,
                        .watched_seconds = 300,
                        .probe = FILTER_PROBE_ANSWERED},
                1000, 1000},
        {"... and nobody asks how it is", {.deferred = 5, .oldest_seconds = 700, .watched_seconds = 300}, 700,
                700},
};

static void only_a_crowd_that_does_not_go_away_waits(void **state) {
        (void)state;
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                double seconds = filter_wait_decide(&cases[i].wait);

                if (seconds < cases[i].least || seconds > cases[i].most)
                        print_message("%s: %g\n", cases[i].story, seconds);
                assert_true(seconds >= cases[i].least && seconds <= cases[i].most);
        }
}

static void a_filter_that_stops_is_known_within_half_a_minute_by_its_probe_and_else_when_mail_is_late(
        void **state) {
        struct filter_wait wait = {.underway = 20, .probe = FILTER_PROBE_FAILED};
        unsigned seconds = 0;

        (void)state;
        while (filter_wait_decide(&wait) <= TRIPS) {
                wait.oldest_seconds = wait.watched_seconds = ++seconds;
                wait.quiet_seconds = seconds;
        }
        assert_in_range(seconds, 5, 20);
        wait.probe = FILTER_PROBE_UNTOLD;
        while (filter_wait_decide(&wait) <= TRIPS) {
                wait.oldest_seconds = ++seconds;
                wait.quiet_seconds = seconds;
                wait.watched_seconds =
                        seconds < FILTER_WAIT_WINDOW_SECONDS ? seconds : FILTER_WAIT_WINDOW_SECONDS;
        }
        assert_int_equal(seconds, TRIPS + 1);
}

/* Looked at then, and a moment before: nobody has to guess when. */
static void when_silence_will_be_too_long_is_known(void **state) {
        static const struct filter_wait rows[] = {
                {.underway = 20, .turn_seconds = 1, .quiet_seconds = 3},
                {.underway = 20, .turn_seconds = 4, .quiet_seconds = 3},
                {.underway = 20, .turn_seconds = 1, .quiet_seconds = 3, .probe = FILTER_PROBE_ANSWERED},
                {.underway = 1, .turn_seconds = 1, .probe = FILTER_PROBE_FAILED},
                {.underway = 1, .quiet_seconds = 14.5, .probe = FILTER_PROBE_FAILED},
        };
        static const struct filter_wait never[] = {
                {.underway = 0, .turn_seconds = 1, .probe = FILTER_PROBE_FAILED},
                {.underway = 2, .turn_seconds = 1, .quiet_seconds = 3},
                {.underway = 20, .quiet_seconds = 3},
                {.underway = 20, .turn_seconds = 1, .quiet_seconds = 15},
        };

        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct filter_wait wait = rows[i];
                double again = filter_wait_again(&wait);

                assert_true(again > 0 && again < 100);
                wait.quiet_seconds += again - 0.001;
                assert_true(filter_wait_decide(&wait) < TRIPS);
                wait.quiet_seconds += 0.002;
                assert_true(filter_wait_decide(&wait) >= TRIPS);
        }
        for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++)
                assert_true(isinf(filter_wait_again(&never[i])));
}

#define BURST 2000u
#define PROCESSES_MAX 20

/*
 * A newsletter before a filter that works at it: processes that take so long for a message, more or less, and all of
 * them begin at once.
 */
static void no_burst_trips_it_while_a_filter_works(void **state) {
        static const struct {
                unsigned processes;
                double least, most; /* seconds for a message */
        } filters[] = {
                {2, 0.1, 0.1}, {2, 0.5, 4}, {1, 0.2, 2}, {5, 1, 14}, {10, 10, 10}, {10, 2, 30}, {20, 14, 14}};

        (void)state;
        for (size_t i = 0; i < sizeof(filters) / sizeof(filters[0]); i++) {
                double ends[PROCESSES_MAX] = {0}, first = 0, last = 0;
                unsigned left = 0, seed = 1;

                for (unsigned tenths = 0; left < BURST; tenths++) {
                        double now = tenths / 10.0;
                        struct filter_wait wait = {.underway = BURST - left,
                                .oldest_seconds = (uint64_t)now,
                                .watched_seconds = (uint64_t)now,
                                .left = left,
                                .quiet_seconds = now - last};

                        /* Of the whole time, where the sensor has the last minutes. */
                        if (left >= 5)
                                wait.turn_seconds = (last - first) / left;
                        assert_true(filter_wait_decide(&wait) < TRIPS);
                        for (unsigned j = 0; j < filters[i].processes; j++) {
                                if (ends[j] > now)
                                        continue;
                                if (ends[j] > 0) {
                                        left++;
                                        last = now;
                                        first = first > 0 ? first : now;
                                }
                                seed = seed * 1103515245u + 12345u;
                                ends[j] = now + filters[i].least +
                                        (filters[i].most - filters[i].least) * (seed >> 16) / 65536;
                        }
                }
        }
}

/* The first one of each row is told, the other way round as well. */
static void of_two_instances_the_worst_is_told_and_a_missing_one_is_not_well(void **state) {
        static const struct {
                double worse, better;
        } rows[] = {{700, 400}, {400, 0}, {50, 0}, {NAN, 0}, {NAN, 299}, {300, NAN}};

        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                assert_true(filter_wait_is_worse(rows[i].worse, rows[i].better));
                assert_false(filter_wait_is_worse(rows[i].better, rows[i].worse));
        }
        assert_false(filter_wait_is_worse((double)NAN, (double)NAN));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(only_a_crowd_that_does_not_go_away_waits),
                cmocka_unit_test(
                        a_filter_that_stops_is_known_within_half_a_minute_by_its_probe_and_else_when_mail_is_late),
                cmocka_unit_test(when_silence_will_be_too_long_is_known),
                cmocka_unit_test(no_burst_trips_it_while_a_filter_works),
                cmocka_unit_test(of_two_instances_the_worst_is_told_and_a_missing_one_is_not_well),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
