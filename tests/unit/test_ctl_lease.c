/* SPDX-License-Identifier: MIT */
/*
 * test_ctl_lease - leases, return, and what other commands say of a lease
 *
 * The real spoolguardctl against a served bus; where the bus has nobody, against a control socket.
 */
#include "ctl_control.h"

#include "base/clock.h"
#include "ctl/control_client.h"

#define LINE "postfix.postpone nexthop=example.test, 2,034 messages, until next-hop-down_example.test clears"

static void without_leases_a_sentence_says_so(void **state) {
        (void)state;
        assert_int_equal(CTL("leases"), 0);
        assert_string_equal(output, "There is no lease: nothing is held back or changed.\n");
        assert_int_equal(CTL("leases", "--json"), 0);
        assert_string_equal(output, "{\n  \"leases\": []\n}\n");
        assert_int_equal(CTL("status"), 0);
        assert_silent_about("lease");
}

static void leases_says_what_why_and_until_when(void **state) {
        struct fixture *fixture = *state;

        served_bus_play(&fixture->served, SCENE_LEASE_COMES);
        assert_int_equal(CTL("leases"), 0);
        assert_says("   3  in-force  postfix.postpone  2,034  3m ");
        assert_says(" in 13m ");
        assert_says("nexthop=example.test, until next-hop-down_example.test clears, at the latest 2");
        assert_says(
                "; by pause-deferred: no address of example.test answers, and its retries fill /var/log\n");
        assert_silent_about("instance=-");
}

static void leases_as_json_has_the_names_of_the_contract(void **state) {
        struct fixture *fixture = *state;
        uint64_t now = clock_realtime_usec();
        json_t *json, *lease;

        served_bus_play(&fixture->served, SCENE_LEASE_COMES);
        assert_int_equal(CTL("leases", "--json"), 0);
        json = json_loads(output, 0, NULL);
        lease = json_array_get(json_object_get(json, "leases"), 0);
        assert_int_equal(json_integer_value(json_object_get(lease, "id")), 3);
        assert_string_equal(json_string_value(json_object_get(lease, "verb")), "postfix.postpone");
        assert_int_equal(json_integer_value(json_object_get(lease, "count")), 2034);
        assert_true(json_is_string(json_object_get(lease, "reason")));
        assert_true(json_integer_value(json_object_get(lease, "since")) < (json_int_t)now);
        assert_true(json_integer_value(json_object_get(lease, "expires")) > (json_int_t)now);
        assert_string_equal(
                json_string_value(json_object_get(json_object_get(lease, "arguments"), "nexthop")),
                "example.test");
        json_decref(json);
}

static void every_lease_output_fits_a_terminal(void **state) {
        static const char *const commands[][2] = {
                {"leases"}, {"explain", "lease/3"}, {"status"}, {"incidents", "7"}};
        struct fixture *fixture = *state;

        served_bus_play(&fixture->served, SCENE_TRIP);
        served_bus_play(&fixture->served, SCENE_LEASE_COMES);
        setenv("COLUMNS", "80", 1);
        for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
                const char *const argv[] = {SPOOLGUARDCTL, commands[i][0], commands[i][1], NULL};

                run_ctl(argv);
                assert_says("next-hop-down_example.test");
                for (char *at = NULL, *line = strtok_r(output, "\n", &at); line;
                        line = strtok_r(NULL, "\n", &at))
                        if (strlen(line) > 80)
                                fail_msg("%zu columns: %s", strlen(line), line);
        }
        unsetenv("COLUMNS");
}

static void status_and_explain_mention_a_lease(void **state) {
        struct fixture *fixture = *state;
        json_t *json;

        served_bus_play(&fixture->served, SCENE_TRIP);
        served_bus_play(&fixture->served, SCENE_LEASE_COMES);
        assert_int_equal(CTL("status"), 1);
        assert_says("\n1 lease: " LINE "\n");
        assert_says("next      lease 3 is in force; it ends when next-hop-down_example.test clears\n");
        assert_int_equal(CTL("explain", "lease/3"), 0);
        assert_says("\nlease 3: postfix.postpone nexthop=example.test\n");
        assert_says("ends      when next-hop-down_example.test has cleared\n");
        assert_says("unless it is renewed\n");
        assert_says("playbook pause-deferred, in incident 7\n");
        assert_int_equal(CTL("status", "--json"), 1);
        json = json_loads(output, 0, NULL);
        assert_int_equal(json_array_size(json_object_get(json, "leases")), 1);
        json_decref(json);
}

static void a_condition_names_the_leases_that_wait_for_it(void **state) {
        struct fixture *fixture = *state;

        served_bus_play(&fixture->served, SCENE_NEXT_HOP_DOWN);
        assert_int_equal(CTL("explain", "next-hop-down_example.test"), 0);
        assert_says("next-hop-down_example.test: condition, notice\n");
        assert_says("trips     at or below 0.0%\n");
        assert_says("playbooks none: it is worth knowing, and nobody is called\n");
        assert_silent_about("lease");
        served_bus_play(&fixture->served, SCENE_LEASE_COMES);
        assert_int_equal(CTL("explain", "next-hop-down"), 0);
        assert_says("  holds     lease 3: " LINE "\n");
}

static void a_lapsed_lease_is_called_one(void **state) {
        struct fixture *fixture = *state;

        served_bus_play(&fixture->served, SCENE_LEASE_COMES);
        served_bus_play(&fixture->served, SCENE_LEASE_LAPSES);
        assert_int_equal(CTL("leases"), 0);
        assert_says("   3  lapsed ");
        assert_int_equal(CTL("status"), 0);
        assert_says(LINE ", now lapsed\n");
        assert_int_equal(CTL("explain", "3"), 0);
        assert_says("Nobody renewed it in time");
}

static void a_lease_that_never_lapses_is_not_said_to(void **state) {
        struct fixture *fixture = *state;

        served_bus_play(&fixture->served, SCENE_LEASE_COMES);
        assert_int_equal(CTL("explain", "3"), 0);
        assert_says("Were spoolguard gone, it would lapse by itself.");
        served_bus_play(&fixture->served, SCENE_LEASE_LASTS);
        assert_int_equal(CTL("explain", "3"), 0);
        assert_says("It does not lapse by itself.  Were spoolguard gone, what it changed would stay so.");
        assert_silent_about("would lapse");
        assert_silent_about("unless it is renewed");
}

static void arguments_that_say_nothing_are_left_out(void **state) {
        struct fixture *fixture = *state;

        served_bus_play(&fixture->served, SCENE_LEASE_COMES);
        served_bus_play(&fixture->served, SCENE_LEASE_LASTS);
        assert_int_equal(CTL("leases"), 0);
        assert_says("  -       sender=<>, until next-hop-down_example.test clears");
        assert_int_equal(CTL("status"), 0);
        assert_says("\n1 lease: postfix.hold sender=<>, 2,034 messages, until ");
}

static void a_returned_lease_says_what_happens_next(void **state) {
        struct fixture *fixture = *state;

        served_bus_play(&fixture->served, SCENE_LEASE_COMES);
        served_bus_play(&fixture->served, SCENE_ANSWERS_BY_ITSELF);
        assert_int_equal(CTL("return", "3"), 0);
        assert_string_equal(
                output, "lease 3: the 2,034 postponed messages are retried over the next 5 minutes\n");
        assert_int_equal(CTL("status"), 0);
        assert_says("1 lease: postfix.postpone nexthop=example.test, 2,034 messages, now being taken back\n");
        assert_int_equal(CTL("return", "lease/3", "--json"), 0);
        json_t *json = json_loads(output, 0, NULL);

        assert_int_equal(json_integer_value(json_object_get(json, "id")), 3);
        assert_true(json_is_string(json_object_get(json, "text")));
        json_decref(json);
}

static void one_that_has_to_stay_for_now_says_why(void **state) {
        struct fixture *fixture = *state;

        served_bus_play(&fixture->served, SCENE_LEASE_COMES);
        served_bus_play(&fixture->served, SCENE_LEASE_LASTS);
        served_bus_play(&fixture->served, SCENE_ANSWERS_BY_ITSELF);
        assert_int_equal(CTL("return", "3"), 1);
        assert_says("lease 3 is not over yet, it is tried again: 100 messages would be returned to their "
                    "senders");
        assert_int_equal(CTL("leases"), 0);
        assert_says("; 100 messages would be returned to their senders\n");
}

static void to_forget_one_is_asked_of_the_executor_alone(void **state) {
        struct fixture *fixture = *state;

        served_bus_play(&fixture->served, SCENE_LEASE_COMES);
        served_bus_play(&fixture->served, SCENE_ANSWERS_BY_ITSELF);
        assert_int_equal(CTL("--run", fixture->scratch, "return", "--forget", "3"), 3);
        assert_says("whether lease 3 is forgotten is not known: spoolguardd is not running");
        assert_int_equal(CTL("leases"), 0);
        assert_silent_about("ending");
        if (geteuid() != 0)
                skip();
        pid_t pid = answer_once(fixture, true, "forget", "3", "forgotten by root and not taken back: gone");

        assert_int_equal(CTL("--run", fixture->scratch, "return", "--forget", "lease/3"), 0);
        assert_string_equal(output, "lease 3: forgotten by root and not taken back: gone\n");
        waitpid(pid, NULL, 0);
        pid = answer_once(
                fixture, true, "forget", "yes", "forgotten by root and not taken back: it is stuck");
        assert_int_equal(CTL("--run", fixture->scratch, "return", "3", "--forget", "--anyway"), 0);
        assert_says("it is stuck");
        waitpid(pid, NULL, 0);
        /* Without that word another one is asked. */
        pid = answer_once(fixture, true, "forget", "yes", "");
        assert_int_equal(CTL("--run", fixture->scratch, "return", "3", "--forget"), 1);
        assert_says("lease 3 is not forgotten: what was that?");
        waitpid(pid, NULL, 0);
}

static void who_has_not_answered_in_time_may_still_forget_it(void **state) {
        struct fixture *fixture = *state;
        const struct ctl ctl = {.run_dir = fixture->scratch};
        const struct wire_control_request request = {
                .command = "forget", .args = {{.name = "lease", .text = "3"}}, .n_args = 1};
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        struct problem problem = {""};
        int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

        snprintf(address.sun_path, sizeof(address.sun_path), "%s/control", fixture->scratch);
        unlink(address.sun_path);
        assert_return_code(bind(fd, (struct sockaddr *)&address, sizeof(address)), errno);
        assert_return_code(listen(fd, 1), errno);
        assert_int_equal(control_client_ask(&ctl, &request, 1000, &problem), CTL_UNREACHABLE);
        assert_string_equal(problem.text, "the executor has not answered within 1 s, and may still do it");
        close(fd);
}

static void a_lease_that_is_not_there_cannot_be_returned(void **state) {
        struct fixture *fixture = *state;

        assert_int_equal(CTL("--run", fixture->scratch, "return", "9"), 1);
        assert_says("there is no lease /org/spoolguard1/lease/9");
}

/* Orders that root may give to the executor when nobody is on the bus; others are told that. */
static void root_is_heard_without_a_bus(void **state) {
        static const struct {
                const char *argv[3], *command, *argument, *words, *says;
        } cases[] = {
                {{"return", "3"}, "return", "3", "the 2 postponed messages are retried at once",
                        "lease 3: the 2 postponed messages are retried at once\n"},
                {{"maintenance", "1h"}, "maintenance", "3600000000", "maintenance has begun",
                        "maintenance until "},
                {{"maintenance", "off"}, "maintenance", "0", "maintenance is over", "no maintenance\n"},
                {{"mode", "observe"}, "mode", "observe", "mode is observe", "mode is observe\n"},
        };
        struct fixture *fixture = *state;

        if (geteuid() != 0)
                skip();
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                const char *const argv[] = {
                        SPOOLGUARDCTL, "--run", fixture->scratch, cases[i].argv[0], cases[i].argv[1], NULL};
                pid_t pid = answer_once(fixture, true, cases[i].command, cases[i].argument, cases[i].words);

                assert_int_equal(run_ctl(argv), 0);
                assert_says(cases[i].says);
                waitpid(pid, NULL, 0);
        }
}

static void root_has_the_last_word_where_the_bus_refuses(void **state) {
        struct fixture *fixture = *state;

        if (geteuid() != 0)
                skip();
        pid_t pid = answer_once(fixture, true, "return", "9", "it is taken back");

        assert_int_equal(CTL("--run", fixture->scratch, "return", "9"), 0);
        assert_string_equal(output, "lease 9: it is taken back\n");
        waitpid(pid, NULL, 0);
        pid = answer_once(fixture, true, "return", "8", "");
        assert_int_equal(CTL("--run", fixture->scratch, "return", "9"), 1);
        assert_says("what was that?");
        waitpid(pid, NULL, 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(without_leases_a_sentence_says_so),
                TEST(leases_says_what_why_and_until_when),
                TEST(leases_as_json_has_the_names_of_the_contract),
                TEST(every_lease_output_fits_a_terminal),
                TEST(status_and_explain_mention_a_lease),
                TEST(a_condition_names_the_leases_that_wait_for_it),
                TEST(a_lapsed_lease_is_called_one),
                TEST(a_lease_that_never_lapses_is_not_said_to),
                TEST(arguments_that_say_nothing_are_left_out),
                TEST(a_returned_lease_says_what_happens_next),
                TEST(one_that_has_to_stay_for_now_says_why),
                TEST(to_forget_one_is_asked_of_the_executor_alone),
                TEST(who_has_not_answered_in_time_may_still_forget_it),
                TEST(a_lease_that_is_not_there_cannot_be_returned),
                TEST_EMPTY(root_is_heard_without_a_bus),
                TEST(root_has_the_last_word_where_the_bus_refuses),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
