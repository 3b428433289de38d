/* SPDX-License-Identifier: MIT */
/* test_command - a site's command is run as it is configured, by its name alone, and never two at once */
#include "site_verb_support.h"

#include <sys/stat.h>
#include <time.h>

#include "command/command.h"
#include "command/command_list.h"

#define PROPERTIES                                                                                    \
        "/usr/bin/systemd-run --wait --pipe --collect --quiet --no-ask-password --service-type=exec " \
        "--unit=spoolguard-command.service --description=flush-scanner, run by spoolguard "           \
        "--property=RuntimeMaxSec=60000000us --property=TimeoutStopSec=10 -- "

_Static_assert((int)COMMAND_OPTION_COMMANDS == SITE_ALLOWS && (int)COMMAND_OPTION_DEADLINE == SITE_TIME &&
                (int)COMMAND_OPTIONS == SITE_OPTIONS,
        "the order of the options");

static const char *const commands[] = {"flush-scanner: /usr/local/sbin/flush-scanner --all   -v",
        "more:/usr/local/sbin/more-filters", "shell: /bin/sh -c 'rm -rf $HOME'", "twice: /bin/true",
        "twice: /bin/false", "empty:  ", "no name here", "relative: true", NULL};

struct fixture {
        struct site_verb site; /* first: the tools get a pointer to it */
        uint64_t took_usec;
        const char *said;
        int status;
};

/* The clock moves only while the tool runs. */
int __wrap_clock_gettime(clockid_t clock, struct timespec *now);

static uint64_t passed_usec;

int __wrap_clock_gettime(clockid_t clock, struct timespec *now) {
        (void)clock;
        now->tv_sec = (time_t)(passed_usec / SECOND);
        now->tv_nsec = (long)(passed_usec % SECOND * 1000);
        return 0;
}

static int tool(struct verb_bench *bench, char *output, size_t size) {
        const struct fixture *fixture = (const struct fixture *)bench;

        passed_usec += fixture->took_usec;
        snprintf(output, size, "%s", fixture->said);
        return fixture->status;
}

static int set_up(void **state) {
        struct fixture *fixture = calloc(1, sizeof(*fixture));

        site_verb_init(&fixture->site, &command_run, "flush-scanner", commands, 60 * SECOND);
        scratch_write(&fixture->site.scratch, "usr/bin/systemd-run", "");
        assert_int_equal(chmod(scratch_path(&fixture->site.scratch, "usr/bin/systemd-run"), 0755), 0);
        fixture->site.bench.tool = tool;
        fixture->took_usec = 2 * SECOND;
        fixture->said = "";
        *state = fixture;
        return 0;
}

static void it_runs_word_for_word_in_a_unit_of_its_own(void **state) {
        struct fixture *fixture = *state;

        fixture->said = "looking\nflushed 12 messages\n";
        assert_int_equal(site_check(&fixture->site), SG_VERDICT_GO);
        assert_string_equal(site_text(&fixture->site),
                "flush-scanner would run: /usr/local/sbin/flush-scanner --all   -v");
        assert_int_equal(fixture->site.bench.n_tools, 0);
        assert_int_equal(site_act(&fixture->site), 0);
        assert_string_equal(fixture->site.bench.command, PROPERTIES "/usr/local/sbin/flush-scanner --all -v");
        assert_string_equal(
                site_text(&fixture->site), "flush-scanner went well after 2.0 s: flushed 12 messages");
        assert_int_equal(fixture->site.bench.outcome.count, 1);
}

static void the_blank_behind_the_name_is_not_needed(void **state) {
        struct fixture *fixture = *state;

        fixture->site.argument[0].text = "more";
        assert_int_equal(site_act(&fixture->site), 0);
        assert_non_null(strstr(fixture->site.bench.command, " -- /usr/local/sbin/more-filters"));
}

static void a_name_that_is_not_allowed_is_refused_with_those_that_are(void **state) {
        static const char *const names[] = {"flush", "flush-scanner ", "/bin/true", "flush-scanner --all"};
        struct fixture *fixture = *state;
        char text[256];

        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
                snprintf(text, sizeof(text),
                        "there is no command \"%s\" in plugins.command.commands, but: flush-scanner, more, "
                        "shell, "
                        "twice, twice, empty, relative",
                        names[i]);
                assert_refused(&fixture->site, names[i], text);
        }
        fixture->site.options[SITE_ALLOWS].list = (const char *const[]){NULL};
        assert_refused(&fixture->site, "x", "there is no command \"x\" in plugins.command.commands");
        assert_refused(&fixture->site, "", "there is no command \"\" in plugins.command.commands");
}

static void what_is_meant_for_a_shell_is_refused(void **state) {
        static const char letters[] = "\"'`\\$;&|<>()*?~#";
        const char *list[] = {NULL, NULL};
        char entry[64], text[128];
        struct fixture *fixture = *state;

        assert_refused(&fixture->site, "shell",
                "command \"shell\" has a ', and there is no shell: what needs one belongs into a script");
        fixture->site.options[SITE_ALLOWS].list = list;
        for (const char *letter = letters; *letter; letter++) {
                snprintf(entry, sizeof(entry), "x: /bin/true a%cb", *letter);
                snprintf(text, sizeof(text),
                        "command \"x\" has a %c, and there is no shell: what needs one belongs into a script",
                        *letter);
                list[0] = entry;
                assert_refused(&fixture->site, "x", text);
        }
}

static void an_entry_that_can_be_read_in_two_ways_is_refused(void **state) {
        const char *list[] = {NULL, NULL};
        struct fixture *fixture = *state;
        char entry[600];

        assert_refused(
                &fixture->site, "twice", "there are two commands \"twice\" in plugins.command.commands");
        assert_refused(&fixture->site, "empty", "command \"empty\" names no program");
        fixture->site.options[SITE_ALLOWS].list = list;
        list[0] = entry;
        strcpy(entry, "x: /bin/true");
        for (int i = 0; i < COMMAND_WORDS_MAX; i++)
                strcat(entry, " a");
        assert_refused(&fixture->site, "x", "command \"x\" has more than 32 words");
        entry[strlen(entry) - 2] = '\0';
        assert_int_equal(site_act(&fixture->site), 0);
        assert_non_null(strstr(fixture->site.bench.command, " a a a"));
        fixture->site.bench.n_tools = 0;
        snprintf(entry, sizeof(entry), "x: /%0550d", 0);
        assert_refused(&fixture->site, "x", "command \"x\" is too long");
}

static void a_program_that_is_not_roots_alone_is_not_run(void **state) {
        struct fixture *fixture = *state;

        fixture->site.bench.program_problem = "others than root can write /usr/local/sbin/flush-scanner";
        assert_refused(&fixture->site, "flush-scanner",
                "command \"flush-scanner\": others than root can write /usr/local/sbin/flush-scanner");
}

static void there_is_one_at_a_time(void **state) {
        struct fixture *fixture = *state;

        scratch_write(&fixture->site.scratch, "run/systemd/transient/spoolguard-command.service", "[Unit]\n");
        assert_refused(&fixture->site, "flush-scanner",
                "a command is still running, in the unit spoolguard-command.service: one at a time");
}

static void without_systemd_nothing_is_run(void **state) {
        struct fixture *fixture = *state;

        assert_int_equal(remove(scratch_path(&fixture->site.scratch, "usr/bin/systemd-run")), 0);
        assert_refused(&fixture->site, "flush-scanner", "this host has no /usr/bin/systemd-run");
}

static void how_it_failed_is_told(void **state) {
        static const struct {
                int status, returns;
                uint64_t took_usec;
                const char *said, *text;
        } cases[] = {
                {3, -EIO, SECOND / 2, "cannot connect\n",
                        "flush-scanner failed with exit status 3 after 0.5 s: cannot connect"},
                {1, -EIO, SECOND / 2, "", "flush-scanner failed with exit status 1 after 0.5 s"},
                {255, -EIO, SECOND / 2, "\n \n",
                        "flush-scanner failed: a signal, or exit status 255 after 0.5 s"},
                {1, -ETIME, 60 * SECOND, "going on\n",
                        "flush-scanner was ended at its deadline of 60 s, after 60.0 s: going on"},
                {255, -ETIME, 70 * SECOND, "",
                        "flush-scanner was ended at its deadline of 60 s, after 70.0 s"},
                {-ETIME, -ETIME, 3 * SECOND, "",
                        "flush-scanner is left to systemd in spoolguard-command.service after 3.0 s"},
                {-ENOMEM, -ENOMEM, 0, "",
                        "flush-scanner could not be run: Cannot allocate memory after 0.0 s"},
        };
        struct fixture *fixture = *state;

        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                fixture->status = cases[i].status;
                fixture->took_usec = cases[i].took_usec;
                fixture->said = cases[i].said;
                assert_int_equal(site_act(&fixture->site), cases[i].returns);
                assert_string_equal(site_text(&fixture->site), cases[i].text);
                assert_int_equal(fixture->site.bench.outcome.count, 0);
        }
}

static void of_much_output_a_whole_line_is_told_and_no_more_than_fits(void **state) {
        struct fixture *fixture = *state;
        char said[8192] = "";

        /* The tool gives 4095 bytes: the line that ends there is not whole. */
        for (int i = 0; i < 400; i++)
                snprintf(said + strlen(said), sizeof(said) - strlen(said), "line %03d of them\n", i);
        fixture->said = said;
        assert_int_equal(site_act(&fixture->site), 0);
        assert_string_equal(
                site_text(&fixture->site), "flush-scanner went well after 2.0 s: line 239 of them");

        memset(said, 'x', sizeof(said) - 1);
        said[sizeof(said) - 1] = '\0';
        assert_int_equal(site_act(&fixture->site), 0);
        assert_int_equal(strlen(strchr(site_text(&fixture->site), ':')), 2 + 120);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(it_runs_word_for_word_in_a_unit_of_its_own),
                TEST(the_blank_behind_the_name_is_not_needed),
                TEST(a_name_that_is_not_allowed_is_refused_with_those_that_are),
                TEST(what_is_meant_for_a_shell_is_refused),
                TEST(an_entry_that_can_be_read_in_two_ways_is_refused),
                TEST(a_program_that_is_not_roots_alone_is_not_run),
                TEST(there_is_one_at_a_time),
                TEST(without_systemd_nothing_is_run),
                TEST(how_it_failed_is_told),
                TEST(of_much_output_a_whole_line_is_told_and_no_more_than_fits),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
