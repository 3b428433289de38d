/* SPDX-License-Identifier: MIT */
/* test_queue_filters - mail that waits before a content filter, whom it is for, and a crowd that drains */
#include <time.h>

#include "queue_time_support.h"

#define FILTER "smtp-amavis:[127.0.0.1]:10024"
#define HOP "[127.0.0.1]:10024"

static struct spool_file add_to(struct spool *spool, const char *queue, const char *sender,
        const char *recipient, uint64_t age_seconds) {
        struct spool_file file;

        spool_add(spool,
                &(struct spool_message){.queue = queue,
                        .filter = FILTER,
                        .sender = sender,
                        .arrival_seconds = (uint64_t)time(NULL) - age_seconds,
                        .recipients = {{.address = recipient}}},
                &file);
        return file;
}

static struct spool_file add(struct relay *relay, const char *queue, const char *sender,
        const char *recipient, uint64_t age_seconds) {
        return add_to(&relay->spool, queue, sender, recipient, age_seconds);
}

static double wait_of(const struct relay *relay) {
        return relay_value(relay, "filter_wait_seconds", HOP);
}

static void a_crowd_that_does_not_move_waits_as_long_as_its_oldest(void **state) {
        struct relay *relay = *state;

        for (int i = 0; i < 30; i++)
                add(relay, i < 20 ? "active" : "incoming", i < 25 ? "x@spam.test" : "a@well.test",
                        i < 28 ? "bob@lab.test" : "bob@other.test", 400 - (unsigned)i);
        add(relay, "hold", "x@spam.test", "bob@lab.test", 90000);
        relay_start_by_hand(relay);
        relay_look(relay);
        /* Nobody knows the pace yet. */
        assert_in_range((long)wait_of(relay), 0, 60);
        relay_pass(relay, 70);
        assert_in_range((long)wait_of(relay), 400, 500);
        assert_string_equal(relay_sentence(relay, "filter_wait_seconds", HOP),
                "30 messages wait for the filter [127.0.0.1]:10024, the oldest for 6 min; 28 are for "
                "lab.test, 25 are "
                "from spam.test; active 20, incoming 10");
}

static void a_crowd_that_drains_does_not_wait(void **state) {
        struct relay *relay = *state;
        struct spool_file files[40];

        for (int i = 0; i < 40; i++)
                files[i] = add(relay, "active", "news@well.test", "bob@lab.test", 400);
        relay_start_by_hand(relay);
        relay_look(relay);
        for (int i = 0; i < 8; i++)
                spool_remove(&relay->spool, &files[i]);
        relay_look(relay);
        relay_pass(relay, 70);
        relay_await(relay, "filter_wait_seconds", HOP, 0);
        assert_string_equal(relay_sentence(relay, "filter_wait_seconds", HOP), "");
        /* Then it stops, which shows when five minutes are over without one. */
        relay_pass(relay, 330);
        assert_in_range((long)wait_of(relay), 400, 500);
}

static void a_filter_whose_probe_fails_is_known_before_mail_is_late(void **state) {
        const struct sg_label label = {"nexthop", HOP};
        struct relay *relay = *state;

        for (int i = 0; i < 3; i++)
                add(relay, "active", "a@well.test", "bob@lab.test", 5);
        relay_start_by_hand(relay);
        relay_look(relay);
        sensor_bench_feed(&relay->bench, "relay_up_ratio", &label, 1, 0);
        relay_pass(relay, 15);
        assert_in_range((long)wait_of(relay), 301, 400);
        assert_non_null(
                strstr(relay_sentence(relay, "filter_wait_seconds", HOP), ", which does not speak SMTP;"));
        sensor_bench_feed(&relay->bench, "relay_up_ratio", &label, 1, 1);
        relay_pass(relay, 1);
        assert_in_range((long)wait_of(relay), 0, 60);
}

/* Mail that passes at once is looked at once a second, where there is a filter. */
static void a_filter_that_stops_is_known_by_the_pace_that_it_had(void **state) {
        struct relay *relay = *state;
        struct spool_file file;

        scratch_write(&relay->scratch, "etc/postfix/main.cf", "content_filter = " FILTER "\n");
        relay_start_by_hand(relay);
        for (int i = 0; i < 10; i++) {
                file = add(relay, "active", "a@well.test", "bob@lab.test", 0);
                sensor_bench_run(&relay->bench, STEP_REAL_USEC);
                spool_remove(&relay->spool, &file);
                relay_pass(relay, 1);
        }
        for (int i = 0; i < 4; i++)
                add(relay, "active", "a@well.test", "bob@lab.test", 0);
        relay_await(relay, "queue_messages", "-,active", 4);
        relay_look(relay);
        assert_in_range((long)wait_of(relay), 0, 17);
        relay_pass(relay, 20);
        relay_look(relay);
        assert_in_range((long)wait_of(relay), 300, 400);
}

/* A queue in which nothing happens makes no event. */
static void a_filter_that_stops_is_known_as_soon_when_no_more_mail_comes(void **state) {
        struct relay *relay = *state;
        struct spool_file file;

        scratch_write(&relay->scratch, "etc/postfix/main.cf", "content_filter = " FILTER "\n");
        relay_start(relay);
        relay_settle(relay);
        for (int i = 0; i < 20; i++) {
                file = add(relay, "active", "a@well.test", "bob@lab.test", 0);
                sensor_bench_run(&relay->bench, SECOND_USEC);
                spool_remove(&relay->spool, &file);
                sensor_bench_run(&relay->bench, SECOND_USEC / 10);
        }
        for (int i = 0; i < 4; i++)
                add(relay, "active", "a@well.test", "bob@lab.test", 0);
        sensor_bench_run(&relay->bench, 10 * SECOND_USEC);
        assert_in_range((long)wait_of(relay), 0, 17);
        sensor_bench_run(&relay->bench, 6 * SECOND_USEC);
        assert_in_range((long)wait_of(relay), 300, 400);
}

static void mail_that_came_back_because_of_the_filter_waits_for_it_and_other_mail_does_not(void **state) {
        static const char *const reasons[] = {"connect to 127.0.0.1[127.0.0.1]:10024: Connection refused",
                "host 127.0.0.1[127.0.0.1] said: 451 4.5.0 no scanner (in reply to end of DATA command)",
                "mail transport unavailable", "cannot update mailbox /var/mail/bob", "deferred transport"};
        struct relay *relay = *state;

        for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
                for (int j = 0; j < 2; j++) {
                        struct spool_file file = add(relay, "deferred", "a@well.test", "bob@lab.test", 500);

                        spool_defer(&relay->spool, file.id,
                                &(struct spool_deferral){.recipient = "bob@lab.test", .reason = reasons[i]});
                }
        relay_start_by_hand(relay);
        relay_look(relay);
        relay_pass(relay, 70);
        assert_in_range((long)wait_of(relay), 500, 600);
        assert_non_null(
                strstr(relay_sentence(relay, "filter_wait_seconds", HOP), "6 messages wait for the filter "));
        assert_non_null(strstr(
                relay_sentence(relay, "filter_wait_seconds", HOP), "active 0, incoming 0, deferred 6"));
}

static void a_filter_without_mail_is_forgotten_after_a_while(void **state) {
        struct relay *relay = *state;
        struct spool_file file = add(relay, "active", "a@well.test", "bob@lab.test", 5);

        relay_start_by_hand(relay);
        relay_await(relay, "filter_wait_seconds", HOP, 0);
        spool_remove(&relay->spool, &file);
        relay_look(relay);
        relay_await(relay, "filter_wait_seconds", HOP, 0);
        relay_pass(relay, 601);
        relay_await(relay, "filter_wait_seconds", HOP, -2);
}

static void without_its_spool_nothing_is_known_of_a_filter(void **state) {
        struct relay *relay = *state;
        char gone[160];

        add(relay, "active", "a@well.test", "bob@lab.test", 5);
        relay_start_by_hand(relay);
        relay_await(relay, "filter_wait_seconds", HOP, 0);
        snprintf(gone, sizeof(gone), "%s.gone", relay->spool.path);
        assert_int_equal(rename(relay->spool.path, gone), 0);
        relay_await(relay, "filter_wait_seconds", HOP, -1);
        assert_int_equal(rename(gone, relay->spool.path), 0);
        relay_await(relay, "filter_wait_seconds", HOP, 0);
}

/* The one instance passes its mail through it, that of the other is stuck. */
static void an_instance_that_is_well_does_not_hide_another_that_is_stuck_at_the_same_filter(void **state) {
        struct relay *relay = *state;
        struct spool_file files[30], well;
        struct spool out;

        relay_add_instance(relay, &out, "");
        well = add(relay, "active", "a@well.test", "bob@lab.test", 5);
        for (int i = 0; i < 30; i++)
                files[i] = add_to(&out, "active", "x@spam.test", "bob@lab.test", 400);
        relay_start_by_hand(relay);
        relay_look(relay);
        relay_pass(relay, 70);
        assert_in_range((long)wait_of(relay), 400, 500);
        assert_non_null(strstr(relay_sentence(relay, "filter_wait_seconds", HOP),
                "30 messages of " RELAY_OUT " wait for the filter " HOP ", the oldest for "));
        /* Each of them says something now, in whatever order. */
        for (int i = 0; i < 6; i++) {
                spool_remove(&relay->spool, &well);
                relay_pass(relay, 3);
                assert_in_range((long)wait_of(relay), 400, 600);
                well = add(relay, "active", "a@well.test", "bob@lab.test", 5);
                relay_pass(relay, 3);
                assert_in_range((long)wait_of(relay), 400, 600);
        }
        for (int i = 0; i < 30; i++)
                spool_remove(&out, &files[i]);
        relay_await(relay, "filter_wait_seconds", HOP, 0);
        assert_string_equal(relay_sentence(relay, "filter_wait_seconds", HOP), "");
        /* What has no mail for it any more takes no word of the other along. */
        relay_pass(relay, 650);
        relay_await(relay, "filter_wait_seconds", HOP, 0);
        spool_remove(&relay->spool, &well);
        relay_pass(relay, 650);
        relay_await(relay, "filter_wait_seconds", HOP, -2);
}

static void an_instance_without_its_spool_leaves_it_open_whether_its_filter_is_well(void **state) {
        struct relay *relay = *state;
        struct spool out;
        char gone[160];

        relay_add_instance(relay, &out, "");
        add(relay, "active", "a@well.test", "bob@lab.test", 5);
        add_to(&out, "active", "a@well.test", "bob@lab.test", 5);
        relay_start_by_hand(relay);
        relay_await(relay, "filter_wait_seconds", HOP, 0);
        relay_look(relay);
        snprintf(gone, sizeof(gone), "%s.gone", out.path);
        assert_int_equal(rename(out.path, gone), 0);
        relay_await(relay, "filter_wait_seconds", HOP, -1);
        relay_pass(relay, 30);
        assert_float_equal(wait_of(relay), -1, 0);
        /* What the other one sees is bad, whatever this one would say. */
        for (int i = 0; i < 30; i++)
                add(relay, "active", "x@spam.test", "bob@lab.test", 400);
        relay_look(relay);
        relay_pass(relay, 70);
        assert_in_range((long)wait_of(relay), 400, 500);
        assert_int_equal(rename(gone, out.path), 0);
        relay_pass(relay, 30);
        assert_in_range((long)wait_of(relay), 400, 600);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(
                        a_crowd_that_does_not_move_waits_as_long_as_its_oldest, relay_setup, relay_teardown),
                cmocka_unit_test_setup_teardown(
                        a_crowd_that_drains_does_not_wait, relay_setup, relay_teardown),
                cmocka_unit_test_setup_teardown(
                        a_filter_whose_probe_fails_is_known_before_mail_is_late, relay_setup, relay_teardown),
                cmocka_unit_test_setup_teardown(
                        a_filter_that_stops_is_known_by_the_pace_that_it_had, relay_setup, relay_teardown),
                cmocka_unit_test_setup_teardown(a_filter_that_stops_is_known_as_soon_when_no_more_mail_comes,
                        relay_setup_leaping, relay_teardown),
                cmocka_unit_test_setup_teardown(
                        mail_that_came_back_because_of_the_filter_waits_for_it_and_other_mail_does_not,
                        relay_setup, relay_teardown),
                cmocka_unit_test_setup_teardown(
                        a_filter_without_mail_is_forgotten_after_a_while, relay_setup, relay_teardown),
                cmocka_unit_test_setup_teardown(
                        without_its_spool_nothing_is_known_of_a_filter, relay_setup, relay_teardown),
                cmocka_unit_test_setup_teardown(
                        an_instance_that_is_well_does_not_hide_another_that_is_stuck_at_the_same_filter,
                        relay_setup, relay_teardown),
                cmocka_unit_test_setup_teardown(
                        an_instance_without_its_spool_leaves_it_open_whether_its_filter_is_well, relay_setup,
                        relay_teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
