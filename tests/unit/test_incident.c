/* SPDX-License-Identifier: MIT */
/* test_incident - sentences with figures, and what an incident keeps */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/text.h"
#include "engine/incident.h"

static void disk_is_diagnosed_with_share_and_what_is_left(void **state) {
        static const struct config_condition config = {
                .name = "disk-space-critical", .reading = "disk_used_ratio"};
        struct condition condition = {
                .config = &config, .labels = {{"path", "/var/log"}}, .n_labels = 1, .value = 0.953};
        char text[WIRE_TEXT_MAX];
        struct board *board;
        struct loop *loop;

        (void)state;
        assert_int_equal(loop_new_sim(0, &loop), 0);
        assert_int_equal(board_new(loop, &board), 0);
        incident_diagnose(&condition, board, text);
        assert_string_equal(text, "/var/log is 95.3 % used");
        board_set(board, "disk_available_bytes", condition.labels, 1, 12.5 * 1024 * 1024);
        incident_diagnose(&condition, board, text);
        assert_string_equal(text, "/var/log is 95.3 % used, 12.5M available");
        board_set(board, "log_growth_bytes_per_second", condition.labels, 1, 1.25 * 1024 * 1024);
        incident_diagnose(&condition, board, text);
        assert_string_equal(text, "/var/log is 95.3 % used, 12.5M available; logs grow by 1.2M a second");
        board_remove(board, "log_growth_bytes_per_second", condition.labels, 1);
        board_missing(board, "disk_available_bytes", condition.labels, 1, "x");
        incident_diagnose(&condition, board, text);
        assert_string_equal(text, "/var/log is 95.3 % used");
        incident_title(&condition, text);
        assert_string_equal(text, "disk-space-critical on /var/log");
        board_free(board);
        loop_free(loop);
}

static void next_hop_is_diagnosed_with_the_mail_that_waits_for_it(void **state) {
        static const struct config_condition config = {.name = "next-hop-down", .reading = "relay_up_ratio"};
        static const struct reading_label here[] = {{"instance", "-"}, {"nexthop", "a.test"}};
        static const struct reading_label there[] = {{"instance", "out"}, {"nexthop", "a.test"}};
        static const struct reading_label other[] = {{"instance", "-"}, {"nexthop", "b.test"}};
        struct condition condition = {
                .config = &config, .labels = {{"nexthop", "a.test"}}, .n_labels = 1, .value = 0};
        char text[WIRE_TEXT_MAX];
        struct board *board;
        struct loop *loop;

        (void)state;
        assert_int_equal(loop_new_sim(0, &loop), 0);
        assert_int_equal(board_new(loop, &board), 0);
        incident_diagnose(&condition, board, text);
        assert_string_equal(text, "a.test speaks SMTP at none of its addresses");
        board_set(board, "queue_nexthop_messages", here, 2, 1990);
        board_set(board, "queue_nexthop_messages", there, 2, 10);
        board_set(board, "queue_nexthop_messages", other, 2, 500);
        incident_diagnose(&condition, board, text);
        assert_string_equal(text, "a.test speaks SMTP at none of its addresses, 2000 messages are deferred");
        condition.value = 0.5;
        board_missing(board, "queue_nexthop_messages", there, 2, "x");
        incident_diagnose(&condition, board, text);
        assert_string_equal(text, "a.test has 50.0 % of its addresses answering");
        board_free(board);
        loop_free(loop);
}

static void reading_is_diagnosed_by_its_phrase_or_the_unit_in_its_name(void **state) {
        static const struct {
                const char *reading;
                double value, trip;
                const char *text;
        } cases[] = {
                {"site_spool_bytes", 1.5 * 1024 * 1024, 1024 * 1024,
                        "site_spool_bytes of a is 1.5M, the level is 1M"},
                {"disk_full_seconds", 600, 1800, "a will be full in 10m"},
                {"disk_full_seconds", 0, 1800, "a is full"},
                {"disk_read_only", 1, 1, "a can only be read"},
                {"disk_read_only", 0, 1, "a can be written"},
                {"network_link_up", 0, 0, "a has no link"},
                {"dns_server_seconds", 2, 1, "a takes 2s to answer as a name server"},
                {"filter_wait_seconds", 600, 300, "a keeps mail waiting for 10m"},
                {"nexthop_refused_ratio", 0.95, 0.9, "a puts off 95.0 % of the mail it is offered"},
                {"resolver_stale", 1, 1, "a asks other name servers than resolv.conf names now"},
                {"site_lag_seconds", 90, 60, "site_lag_seconds of a is 1m 30s, the level is 1m"},
                {"site_error_ratio", 0.25, 0.1, "site_error_ratio of a is 25.0 %, the level is 10.0 %"},
                {"site_things", 12, 10, "site_things of a is 12, the level is 10"},
                {"site_things", -1e300, 10, "site_things of a is -1e+300, the level is 10"},
                {"site_spool_bytes", 1e300, 1, "site_spool_bytes of a is 1e+300, the level is 1B"},
        };
        char text[WIRE_TEXT_MAX];

        (void)state;
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                struct config_condition config = {
                        .name = "x", .reading = cases[i].reading, .trip = cases[i].trip};
                struct condition condition = {.config = &config,
                        .labels = {{"which", "a"}},
                        .n_labels = 1,
                        .value = cases[i].value};

                incident_diagnose(&condition, NULL, text);
                assert_string_equal(text, cases[i].text);
        }
}

static void the_newest_actions_are_kept(void **state) {
        struct incident *incident = calloc(1, sizeof(*incident));

        (void)state;
        assert_non_null(incident);
        for (uint64_t i = 1; i <= INCIDENT_ACTIONS_MAX + 5; i++)
                incident_add_action(incident)->action = i;
        assert_int_equal(incident->n_actions, INCIDENT_ACTIONS_MAX);
        assert_null(incident_find_action(incident, 5));
        assert_int_equal(incident_find_action(incident, 6)->action, 6);
        free(incident);
}

static void conditions_are_gathered_once_and_bounded(void **state) {
        struct incident *incident = calloc(1, sizeof(*incident));
        char name[32];

        (void)state;
        assert_non_null(incident);
        for (int i = 0; i < INCIDENT_CONDITIONS_MAX; i++) {
                text_format(name, sizeof(name), "c%d", i);
                assert_int_equal(incident_gather(incident, name), i);
        }
        assert_int_equal(incident_gather(incident, "c7"), 7);
        assert_int_equal(incident_gather(incident, "another"), -1);
        free(incident);
}

static void summary_says_how_long_and_how_much(void **state) {
        struct incident *incident = calloc(1, sizeof(*incident));
        char text[WIRE_TEXT_MAX];

        (void)state;
        assert_non_null(incident);
        incident->since_usec = USEC_PER_HOUR;
        incident_summary(incident, USEC_PER_HOUR + 192 * USEC_PER_SEC, text);
        assert_string_equal(text, "over after 3m 12s without an action");
        *incident_add_action(incident) =
                (struct incident_action){.status = WIRE_DONE, .freed_bytes = 180u << 20};
        *incident_add_action(incident) = (struct incident_action){.status = WIRE_NOTHING};
        incident_summary(incident, USEC_PER_HOUR + 192 * USEC_PER_SEC, text);
        assert_string_equal(text, "over after 3m 12s: 1 action freed 180M");
        free(incident);
}

/* What an incident began with is counted, also when a hundred steps of its end have taken the place of it. */
static void summary_counts_what_is_not_kept_any_more(void **state) {
        struct incident *incident = calloc(1, sizeof(*incident));
        char text[WIRE_TEXT_MAX];

        (void)state;
        assert_non_null(incident);
        *incident_add_action(incident) =
                (struct incident_action){.status = WIRE_DONE, .freed_bytes = 180u << 20};
        for (int i = 0; i < 300; i++)
                incident_add_action(incident)->status = WIRE_DONE;
        assert_true(incident->earlier.n == 301 - INCIDENT_ACTIONS_MAX);
        incident_summary(incident, 192 * USEC_PER_SEC, text);
        assert_string_equal(text, "over after 3m 12s: 301 actions freed 180M");
        free(incident);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(disk_is_diagnosed_with_share_and_what_is_left),
                cmocka_unit_test(next_hop_is_diagnosed_with_the_mail_that_waits_for_it),
                cmocka_unit_test(reading_is_diagnosed_by_its_phrase_or_the_unit_in_its_name),
                cmocka_unit_test(the_newest_actions_are_kept),
                cmocka_unit_test(conditions_are_gathered_once_and_bounded),
                cmocka_unit_test(summary_says_how_long_and_how_much),
                cmocka_unit_test(summary_counts_what_is_not_kept_any_more),
        };

        return cmocka_run_group_tests_name("incident", tests, NULL, NULL);
}
