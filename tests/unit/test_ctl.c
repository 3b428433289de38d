/* SPDX-License-Identifier: MIT */
/*
 * test_ctl - the program itself, run as people run it, against a served bus
 *
 * Every test starts the real spoolguardctl with DBUS_SYSTEM_BUS_ADDRESS pointing at a private bus, and looks at
 * its exit status and at what it printed on both outputs.
 */
#include "ctl_support.h"

#include "base/clock.h"
#include "ctl_control.h"

static void status_of_a_healthy_relay_is_good(void **state) {
        (void)state;
        assert_int_equal(CTL("status"), 0);
        assert_says("ok: nothing is wrong\n");
        assert_says("mode enforce");
        assert_says("disk-space-high_/var/log");
        assert_says("42.0%");
        assert_says("vacuum-journal");
        assert_says("broken.lua:3");
        /* Not a terminal. */
        assert_silent_about("\x1b");
        assert_int_equal(run_ctl((const char *const[]){SPOOLGUARDCTL, NULL}), 0);
        assert_says("ok: nothing is wrong\n");
}

static void status_during_an_incident_shows_it_and_exits_1(void **state) {
        struct fixture *fixture = *state;

        served_bus_play(&fixture->served, SCENE_TRIP);
        assert_int_equal(CTL("status"), 1);
        assert_says("incident: disk-space-high on /var/log");
        assert_says("Incident 7");
        assert_says("the journal holds 1.2G of it");
        assert_says("journal.vacuum keep=200M");
        assert_says("running");
}

static void status_tells_how_it_stands_and_what_is_next(void **state) {
        struct fixture *fixture = *state;

        served_bus_play(&fixture->served, SCENE_TRIP);
        assert_int_equal(CTL("status"), 1);
        assert_says("now       disk-space-high_/var/log is active: 91.0%, clear at or below 80.0%");
        assert_says(
                "next      nothing: no playbook has anything to do now; it closes when its conditions are "
                "clear, or a person is called\n");
        served_bus_play(&fixture->served, SCENE_ESCALATE);
        assert_int_equal(CTL("status"), 1);
        assert_says("(a person was called)");
        assert_says("next      a person has to look");
}

static void assert_fits_a_terminal(void) {
        for (char *at = NULL, *line = strtok_r(output, "\n", &at); line; line = strtok_r(NULL, "\n", &at))
                if (strlen(line) > 80)
                        fail_msg("%zu columns: %s", strlen(line), line);
}

static void status_fits_a_terminal(void **state) {
        struct fixture *fixture = *state;

        served_bus_play(&fixture->served, SCENE_TRIP);
        setenv("COLUMNS", "80", 1);
        assert_int_equal(CTL("status"), 1);
        assert_fits_a_terminal();
        assert_int_equal(CTL("explain", "disk-space-high"), 0);
        unsetenv("COLUMNS");
        assert_fits_a_terminal();
}

static void status_as_json_has_names_that_stay(void **state) {
        struct fixture *fixture = *state;
        json_t *json;

        served_bus_play(&fixture->served, SCENE_TRIP);
        assert_int_equal(CTL("--json", "status"), 1);
        json = json_loads(output, 0, NULL);
        assert_non_null(json);
        assert_string_equal(json_string_value(json_object_get(json, "state")), "incident");
        assert_true(json_is_integer(json_object_get(json, "maintenance_until_usec")));
        assert_int_equal(json_integer_value(json_object_get(json_object_get(json, "incident"), "id")), 7);
        assert_int_equal(json_array_size(json_object_get(json, "conditions")), 1);
        assert_string_equal(json_string_value(json_object_get(
                                    json_array_get(json_object_get(json, "playbooks"), 0), "state")),
                "idle");
        json_decref(json);
}

static void a_daemon_that_sees_nothing_any_more_is_stale(void **state) {
        struct fixture *fixture = *state;

        served_bus_play(&fixture->served, SCENE_BLIND);
        int status = CTL("status");

        /* On a host that has been up for less than that, nothing can be old. */
        assert_int_equal(status, clock_monotonic_usec() > 5 * USEC_PER_MINUTE ? 3 : 0);
        if (status == 3)
                assert_says("stale: no reading is younger than");
}

static void without_a_daemon_every_question_exits_3(void **state) {
        static const char *const questions[][3] = {{"status"}, {"explain", "x"}, {"incidents"}, {"run", "x"},
                {"mode"}, {"mode", "observe"}, {"maintenance", "1h"}, {"config"}, {"plugins"}, {"reload"},
                {"queue"}, {"leases"}, {"return", "3"}};

        (void)state;
        for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++) {
                const char *const argv[] = {SPOOLGUARDCTL, questions[i][0], questions[i][1], NULL};

                assert_int_equal(run_ctl(argv), 3);
                assert_says("spoolguardd is not running");
        }
}

static void without_a_bus_it_says_so(void **state) {
        struct fixture *fixture = *state;

        (void)fixture;
        setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nonexistent/bus", 1);
        assert_int_equal(CTL("status"), 3);
        assert_says("there is no D-Bus system bus");
}

static void explain_tells_levels_next_step_and_origin(void **state) {
        (void)state;
        assert_int_equal(CTL("explain", "disk-space-high"), 0);
        assert_says("disk-space-high_/var/log: condition, warning");
        assert_says("  reading   disk_used_ratio = 42.0%\n            42 of 100 blocks are in use\n");
        assert_says("trips     at or above 85.0%");
        assert_says("playbooks vacuum-journal");
        assert_says("beyond the trip level for 5s");
        assert_says("built-in");
        assert_int_equal(CTL("explain", "vacuum-journal"), 0);
        assert_says("4 runs in 1d, 15m between two");
        assert_silent_about("\n\n\n");
}

static void explain_without_a_name_is_the_newest_incident(void **state) {
        struct fixture *fixture = *state;

        assert_int_equal(CTL("explain"), 0);
        assert_says("There was no incident.");
        served_bus_play(&fixture->served, SCENE_TRIP);
        assert_int_equal(CTL("explain"), 0);
        assert_says("Incident 7: disk-space-high on /var/log");
        assert_says("  diagnosis /var/log is 91% full, the journal holds 1.2G of it\n");
        served_bus_play(&fixture->served, SCENE_HEAL);
        assert_int_equal(CTL("explain"), 0);
        assert_says("  diagnosis /var/log is 91% full, the journal holds 1.2G of it\n");
        assert_int_equal(CTL("explain", "--json"), 0);
        json_t *json = json_loads(output, 0, NULL);
        assert_int_equal(json_integer_value(json_object_get(json_array_get(json, 0), "id")), 7);
        json_decref(json);
}

static void explain_of_an_unknown_name_offers_the_nearest(void **state) {
        (void)state;
        assert_int_equal(CTL("explain", "vacum-journal"), 1);
        assert_says("did you mean 'vacuum-journal'?");
}

static void incidents_are_listed_and_shown(void **state) {
        struct fixture *fixture = *state;

        assert_int_equal(CTL("incidents"), 0);
        assert_says("There was no incident.");
        served_bus_play(&fixture->served, SCENE_TRIP);
        served_bus_play(&fixture->served, SCENE_HEAL);
        assert_int_equal(CTL("incidents"), 0);
        assert_says("closed");
        assert_says("disk-space-high on /var/log: /var/log is 91% full, the journal holds 1.2G of it");
        assert_int_equal(CTL("incidents", "7"), 0);
        assert_says("done journal.vacuum keep=200M, action 1 of vacuum-journal, freed 1G");
        assert_int_equal(CTL("incidents", "8"), 1);
        assert_int_equal(CTL("incidents", "seven"), 2);
        assert_int_equal(CTL("incidents", "7", "--json"), 0);
        json_t *json = json_loads(output, 0, NULL);

        assert_int_equal(json_array_size(json_object_get(json, "actions")), 1);
        json_decref(json);
}

static void run_follows_a_playbook_to_its_end(void **state) {
        struct fixture *fixture = *state;

        served_bus_play(&fixture->served, SCENE_ANSWERS_BY_ITSELF);
        assert_int_equal(CTL("run", "vacuum-journal"), 0);
        assert_says("journal.vacuum keep=200M: done, freed 3M");
        assert_says("vacuum-journal: cleared");
        assert_int_equal(CTL("run", "--dry-run", "vacuum-journal"), 0);
        assert_says("would-have");
        assert_int_equal(CTL("run", "vacuum-journal", "--json"), 0);
        json_t *json = json_loads(output, 0, NULL);

        assert_string_equal(json_string_value(json_object_get(json, "result")), "cleared");
        json_decref(json);
}

static void run_of_what_is_not_there_or_not_allowed_exits_1(void **state) {
        struct fixture *fixture = *state;

        assert_int_equal(CTL("run", "vacuum-jurnal"), 1);
        assert_says("there is no playbook 'vacuum-jurnal'");
        served_bus_play(&fixture->served, SCENE_RUNS_NOT_ALLOWED);
        assert_int_equal(CTL("run", "vacuum-journal"), 1);
        assert_says("it is running already");
}

static void mode_and_maintenance_are_shown_and_lowered(void **state) {
        struct fixture *fixture = *state;

        served_bus_play(&fixture->served, SCENE_ANSWERS_BY_ITSELF);
        assert_int_equal(CTL("mode"), 0);
        assert_string_equal(output, "enforce\n");
        assert_int_equal(CTL("mode", "observe", "--json"), 0);
        assert_string_equal(output, "{\n  \"mode\": \"observe\"\n}\n");
        assert_int_equal(CTL("mode"), 0);
        assert_string_equal(output, "observe\n");
        assert_int_equal(CTL("maintenance"), 0);
        assert_string_equal(output, "no maintenance\n");
        assert_int_equal(CTL("maintenance", "30m"), 0);
        assert_says("maintenance until");
        assert_int_equal(CTL("maintenance", "off"), 0);
        assert_string_equal(output, "no maintenance\n");
        assert_int_equal(CTL("reload"), 0);
        assert_says("is in force, but for what was left out:\n  ");
        assert_says("broken.lua:3");
}

static void nonsense_is_wrong_usage_and_asks_nobody(void **state) {
        static const char *const nonsense[][4] = {{"maintenance", "soon"}, {"mode", "off"}, {"run"},
                {"explain", "a", "b"}, {"log", "-n", "0"}, {"log", "-n", "99999"}, {"log", "-n", "x"},
                {"log", "--folow"}, {"log", "-n"}, {"log", "--incident", "0"}, {"unquarantine"},
                {"unquarantine", "-x"}, {"status", "now"}, {"config", "a", "b"}, {"plugins", "a", "b"},
                {"--nonsense"}, {"status", "-H"}, {"-H", "-oProxyCommand=id", "status"}, {"reload", "now"},
                {"preflight", "now"}, {"queue", "deferred"}, {"leases", "3"}, {"return"}, {"return", "0"},
                {"return", "three"}, {"return", "-3"}, {"return", "lease/"}, {"return", "3", "4"},
                {"return", "99999999999999999999"}, {"return", "--forget"}, {"return", "3", "--anyway"},
                {"return", "3", "--forger"}, {"explain", "--jsn"}, {"explain", "-x"}, {"config", "--nosuch"},
                {"incidents", "-1"}, {"leases", "--all"}, {"mode", "-x"}, {"maintenance", "-1h"}};

        (void)state;
        for (size_t i = 0; i < sizeof(nonsense) / sizeof(nonsense[0]); i++) {
                const char *const argv[] = {
                        SPOOLGUARDCTL, nonsense[i][0], nonsense[i][1], nonsense[i][2], NULL};

                if (run_ctl(argv) != 2)
                        fail_msg("%s %s: %s", nonsense[i][0], nonsense[i][1], output);
        }
}

static void a_word_behind_two_dashes_is_no_option(void **state) {
        (void)state;
        assert_int_equal(CTL("explain", "--", "vacuum-journal"), 0);
        assert_int_equal(CTL("explain", "--", "--all"), 1);
        assert_says("nothing is named '--all'");
}

static void a_word_that_is_no_text_is_told_and_not_sent(void **state) {
        (void)state;
        assert_int_equal(CTL("run", "\xff\xfe"), 1);
        assert_says("no text that D-Bus can carry");
}

static void nothing_is_printed_into_a_socket_when_stdout_is_closed(void **state) {
        static const char *const commands[] = {"log", "config", "status", "explain"};

        (void)state;
        for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
                const char *const argv[] = {
                        "sh", "-c", "exec \"$0\" \"$1\" >&-", SPOOLGUARDCTL, commands[i], NULL};

                assert_int_equal(run_ctl(argv), 1);
                assert_string_equal(output, "spoolguardctl: what was asked for cannot be written\n");
        }
}

static void a_mistyped_command_gets_the_nearest(void **state) {
        (void)state;
        assert_int_equal(CTL("incidnets"), 2);
        assert_says("did you mean 'incidents'?");
        assert_int_equal(CTL("\x1b[2J"), 2);
        assert_says("\\x1b[2J");
}

static void every_command_has_its_help(void **state) {
        static const char *const commands[] = {"status", "explain", "log", "incidents", "run", "mode",
                "maintenance", "unquarantine", "reload", "config", "plugins", "preflight", "queue", "leases",
                "return", "qshape"};

        (void)state;
        assert_int_equal(CTL("--help"), 0);
        for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
                assert_says(commands[i]);
        for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
                char usage[64];

                assert_int_equal(CTL("help", commands[i]), 0);
                assert_int_equal(CTL(commands[i], "--help"), 0);
                snprintf(usage, sizeof(usage), "usage: spoolguardctl %s", commands[i]);
                assert_says(usage);
                assert_fits_a_terminal();
        }
        assert_int_equal(CTL("--help"), 0);
        assert_fits_a_terminal();
}

static void tables_are_lines_for_tools_and_wrapped_for_people(void **state) {
        (void)state;
        assert_int_equal(CTL("plugins"), 1);
        assert_says("refused  stranger.so can be written by others than its owner\n");
        setenv("COLUMNS", "60", 1);
        assert_int_equal(CTL("plugins"), 1);
        assert_says("refused  stranger.so can be written by\n                              others than its "
                    "owner\n");
        setenv("COLUMNS", "40", 1);
        assert_int_equal(CTL("plugins"), 1);
        assert_says("refused\n      stranger.so can be written by\n      others than its owner\n");
        unsetenv("COLUMNS");
}

static void config_shows_origins_and_what_is_below_a_key(void **state) {
        (void)state;
        assert_int_equal(CTL("config"), 0);
        assert_says("/etc/spoolguard/spoolguard.lua:3");
        assert_silent_about("hunter2");
        assert_int_equal(CTL("config", "conditions"), 0);
        assert_says("conditions.disk-space-high.trip");
        assert_silent_about("notify");
        assert_int_equal(CTL("config", "cond"), 1);
        assert_silent_about("VALUE");
}

static void refused_plugins_are_shown_with_the_reason(void **state) {
        (void)state;
        assert_int_equal(CTL("plugins"), 1);
        assert_says("journal");
        assert_says("stranger.so can be written by others");
        assert_int_equal(CTL("plugins", "journal"), 0);
        assert_int_equal(CTL("plugins", "jurnal"), 1);
        assert_string_equal(output, "spoolguardctl: there is no plugin 'jurnal', did you mean 'journal'?\n");
}

static void describe_needs_no_daemon(void **state) {
        struct fixture *fixture = *state;

        assert_int_equal(CTL("--plugins", fixture->scratch, "plugins", "--describe", "sample"), 1);
        assert_says("there is no plugin 'sample'");
#ifdef PLUGIN_DIR
        /* Built here, so it is root's only where root built it. */
        struct stat built;

        assert_return_code(stat(PLUGIN_DIR "/sample.so", &built), errno);
        int status = CTL("--plugins", PLUGIN_DIR, "plugins", "--describe", "sample");

        assert_int_equal(status, built.st_uid == 0 ? 0 : 1);
        assert_says(built.st_uid == 0 ? "Verb sample." : "does not belong to root");
#endif
}

static void preflight_looks_at_everything_and_fails_without_a_daemon(void **state) {
        static const char script[] = "#!/bin/sh\necho \"spoolguard.lua:3: unknown key 'mod'\" >&2; exit 1\n";
        struct fixture *fixture = *state;
        char daemon[128];

        write_file(fixture, "spoolguardd", 0755, script, sizeof(script) - 1);
        snprintf(daemon, sizeof(daemon), "%s/spoolguardd", fixture->scratch);
        assert_int_equal(CTL("--daemon", daemon, "--state", fixture->scratch, "--json", "preflight"), 1);
        json_t *json = json_loads(output, 0, NULL), *row;
        size_t i;

        assert_int_equal(json_array_size(json), 24);
        json_array_foreach(json, i, row) {
                const char *name = json_string_value(json_object_get(row, "name"));
                const char *level = json_string_value(json_object_get(row, "level"));
                const char *text = json_string_value(json_object_get(row, "text"));

                assert_true(text[0] != '\0');
                if (strcmp(name, "configuration") == 0) {
                        assert_string_equal(level, "fail");
                        assert_string_equal(text, "spoolguard.lua:3: unknown key 'mod'");
                }
                if (strcmp(name, "daemon") == 0 || strcmp(name, "recorder") == 0)
                        assert_string_equal(level, "fail");
                if (strcmp(name, "notify") == 0)
                        assert_string_equal(level, "warn");
        }
        json_decref(json);
}

static void preflight_warns_of_what_was_left_out(void **state) {
        static const char script[] =
                "#!/bin/sh\necho 'broken.lua:3: left out'; echo 'The configuration is good'\n";
        struct fixture *fixture = *state;
        char daemon[128];

        write_file(fixture, "spoolguardd", 0755, script, sizeof(script) - 1);
        snprintf(daemon, sizeof(daemon), "%s/spoolguardd", fixture->scratch);
        CTL("--daemon", daemon, "preflight");
        assert_says("configuration   warn  broken.lua:3: left out\n");
}

static void preflight_warns_of_a_daemon_that_does_not_say_it_is_ok(void **state) {
        struct fixture *fixture = *state;

        CTL("preflight");
        assert_says("daemon          warn  it runs without a file: /etc/spoolguard/playbooks/broken.lua:3: ");
        assert_silent_about("its state is");
        served_bus_play(&fixture->served, SCENE_TRIP);
        CTL("preflight");
        assert_says("; it runs, but its state is incident: disk-space-high on /var/log");
}

static void another_host_is_asked_over_ssh_with_the_same_words(void **state) {
        static const char script[] = "#!/bin/sh\nfor a; do echo \"[$a]\"; done\n";
        struct fixture *fixture = *state;
        const char *now = getenv("PATH");
        char path[512], *old = strdup(now ? now : "/usr/bin:/bin");

        write_file(fixture, "ssh", 0755, script, sizeof(script) - 1);
        snprintf(path, sizeof(path), "%s:%s", fixture->scratch, old);
        setenv("PATH", path, 1);
        assert_int_equal(CTL("-H", "root@relay", "log", "-n", "3", "--json", "it's"), 0);
        assert_string_equal(
                output, "[--]\n[root@relay]\n[spoolguardctl 'log' '-n' '3' '--json' 'it'\\''s']\n");
        setenv("PATH", old, 1);
        free(old);
}

static void enforce_is_asked_of_the_executor_itself(void **state) {
        struct fixture *fixture = *state;

        assert_int_equal(CTL("--run", fixture->scratch, "mode", "enforce"), 3);
        assert_says("spoolguardd is not running");
        pid_t pid = answer_once(fixture, true, "mode", "enforce", "mode is enforce");

        assert_int_equal(CTL("--run", fixture->scratch, "mode", "enforce"), 0);
        assert_string_equal(output, "mode is enforce\n");
        waitpid(pid, NULL, 0);
        pid = answer_once(fixture, false, "mode", "enforce", "");
        assert_int_equal(CTL("--run", fixture->scratch, "mode", "enforce"), 1);
        assert_says("is not spoolguardd");
        waitpid(pid, NULL, 0);
}

static void unquarantine_is_asked_of_the_executor_itself(void **state) {
        struct fixture *fixture = *state;

        assert_int_equal(CTL("--run", fixture->scratch, "unquarantine", "hello"), 3);
        pid_t pid = answer_once(fixture, true, "unquarantine", "hello", "it is out of quarantine");

        assert_int_equal(CTL("--run", fixture->scratch, "unquarantine", "hello", "--json"), 0);
        assert_says("\"playbook\": \"hello\"");
        waitpid(pid, NULL, 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(status_of_a_healthy_relay_is_good),
                TEST(status_during_an_incident_shows_it_and_exits_1),
                TEST(status_tells_how_it_stands_and_what_is_next),
                TEST(status_fits_a_terminal),
                TEST(status_as_json_has_names_that_stay),
                TEST(a_daemon_that_sees_nothing_any_more_is_stale),
                TEST_EMPTY(without_a_daemon_every_question_exits_3),
                TEST_EMPTY(without_a_bus_it_says_so),
                TEST(explain_tells_levels_next_step_and_origin),
                TEST(explain_without_a_name_is_the_newest_incident),
                TEST(explain_of_an_unknown_name_offers_the_nearest),
                TEST(incidents_are_listed_and_shown),
                TEST(run_follows_a_playbook_to_its_end),
                TEST(run_of_what_is_not_there_or_not_allowed_exits_1),
                TEST(mode_and_maintenance_are_shown_and_lowered),
                TEST_EMPTY(nonsense_is_wrong_usage_and_asks_nobody),
                TEST(a_word_behind_two_dashes_is_no_option),
                TEST(a_word_that_is_no_text_is_told_and_not_sent),
                TEST(nothing_is_printed_into_a_socket_when_stdout_is_closed),
                TEST_EMPTY(a_mistyped_command_gets_the_nearest),
                TEST_EMPTY(every_command_has_its_help),
                TEST(tables_are_lines_for_tools_and_wrapped_for_people),
                TEST(config_shows_origins_and_what_is_below_a_key),
                TEST(refused_plugins_are_shown_with_the_reason),
                TEST_EMPTY(describe_needs_no_daemon),
                TEST_EMPTY(preflight_looks_at_everything_and_fails_without_a_daemon),
                TEST_EMPTY(preflight_warns_of_what_was_left_out),
                TEST(preflight_warns_of_a_daemon_that_does_not_say_it_is_ok),
                TEST_EMPTY(another_host_is_asked_over_ssh_with_the_same_words),
                TEST_EMPTY(enforce_is_asked_of_the_executor_itself),
                TEST_EMPTY(unquarantine_is_asked_of_the_executor_itself),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
