/* SPDX-License-Identifier: MIT */
/* test_ctl_log - `spoolguardctl log`: what it takes, how it shows it, and what it does without a daemon */
#include "ctl_support.h"

#include "record/record.h"

static void log_escapes_what_the_record_quotes(void **state) {
        (void)state;
        assert_int_equal(CTL("log"), 0);
        assert_says("action-intent");
        assert_says("freed=1G");
        assert_says("kept 200M\\x1b[31m");
        assert_silent_about("\x1b");
        assert_int_equal(CTL("log", "-n", "1"), 0);
        assert_silent_about("action-intent");
}

static void log_of_an_incident_has_the_outcomes_of_its_actions(void **state) {
        (void)state;
        assert_int_equal(CTL("log", "--incident", "7"), 0);
        assert_says("action-outcome");
        assert_int_equal(CTL("log", "--incident", "8"), 0);
        assert_string_equal(output, "");
}

static void log_of_an_incident_has_the_manifest_that_came_before(void **state) {
        static const struct record_field manifest[] = {
                {"event", "manifest"}, {"action", "5"}, {"text", "old.journal"}};
        static const struct record_field intent[] = {
                {"event", "action-intent"}, {"action", "5"}, {"run", "0"}, {"incident", "9"}};
        struct fixture *fixture = *state;
        char slots[2 * RECORD_SLOT_SIZE];

        assert_return_code(record_format(1, UINT64_C(1766620901000000), manifest, 3, slots), 0);
        assert_return_code(
                record_format(2, UINT64_C(1766620901000000), intent, 4, slots + RECORD_SLOT_SIZE), 0);
        write_file(fixture, "recorder", 0600, slots, sizeof(slots));
        assert_int_equal(CTL("--state", fixture->scratch, "log", "--incident", "9"), 3);
        assert_says("old.journal");
        assert_says("action-intent action=5 incident=9");
        assert_silent_about("run=0");
}

static void log_follows_and_says_nothing_twice(void **state) {
        (void)state;
        assert_int_equal(
                run_ctl((const char *const[]){"timeout", "3", SPOOLGUARDCTL, "log", "-f", NULL}), 124);
        char *first = strstr(output, "action-outcome");

        assert_non_null(first);
        assert_null(strstr(first + 1, "action-outcome"));
}

static void log_lines_of_a_text_cannot_pass_for_records(void **state) {
        static const struct record_field fields[] = {
                {"event", "config-refused"}, {"text", "a.lua:1: no\n2026-12-24 23:00:00  started\n"}};
        struct fixture *fixture = *state;
        char slot[RECORD_SLOT_SIZE];

        assert_return_code(record_format(1, UINT64_C(1766620901000000), fields, 2, slot), 0);
        write_file(fixture, "recorder", 0600, slot, sizeof(slot));
        assert_int_equal(CTL("--state", fixture->scratch, "log"), 3);
        assert_says(
                "\n                     a.lua:1: no\n                     2026-12-24 23:00:00  started\n");
        assert_silent_about("started\n\n");
}

static void log_as_json_is_one_object_a_line(void **state) {
        size_t n = 0;

        (void)state;
        assert_int_equal(CTL("log", "--json", "-n", "4096"), 0);
        for (char *at = NULL, *line = strtok_r(output, "\n", &at); line; line = strtok_r(NULL, "\n", &at)) {
                json_t *json = json_loads(line, 0, NULL);

                assert_true(json_is_string(json_object_get(json, "event")));
                assert_true(json_is_integer(json_object_get(json, "number")));
                json_decref(json);
                n++;
        }
        assert_int_equal(n, 2);
}

static void log_reads_the_file_when_nobody_answers_and_says_so(void **state) {
        static const struct record_field fields[] = {{"event", "started"}, {"version", "0.1.0"}};
        struct fixture *fixture = *state;
        char slot[RECORD_SLOT_SIZE];

        assert_int_equal(CTL("--state", fixture->scratch, "log"), 3);
        assert_says("cannot be read: No such file");
        assert_return_code(record_format(1, UINT64_C(1766620901000000), fields, 2, slot), 0);
        write_file(fixture, "recorder", 0600, slot, sizeof(slot));
        assert_int_equal(CTL("--state", fixture->scratch, "log"), 3);
        assert_says("this is what the file");
        assert_says("started");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(log_escapes_what_the_record_quotes),
                TEST(log_of_an_incident_has_the_outcomes_of_its_actions),
                TEST(log_follows_and_says_nothing_twice),
                TEST_EMPTY(log_of_an_incident_has_the_manifest_that_came_before),
                TEST_EMPTY(log_lines_of_a_text_cannot_pass_for_records),
                TEST(log_as_json_is_one_object_a_line),
                TEST_EMPTY(log_reads_the_file_when_nobody_answers_and_says_so),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
