/* SPDX-License-Identifier: MIT */
/* test_journal_vacuum - what journalctl is told, where and how often, and what is said of it when it is done */
#include "journal_support.h"

#include <errno.h>
#include <sys/mount.h>
#include <time.h>

#include "base/cleanup.h"
#include "support/verb_bench.h"

#define JOURNALCTL "/usr/bin/journalctl --directory=/var/log/journal/" MACHINE

struct fixture {
        struct scratch scratch;
        struct verb_bench bench;
        struct sg_value args[2];
        unsigned remove; /* how many of the oldest files the tool takes away */
};

static int setup(void **state) {
        struct fixture *fixture = calloc(1, sizeof(*fixture));

        make_journal(&fixture->scratch);
        fixture->args[0] = (struct sg_value){.type = SG_TYPE_SIZE, .bytes = 8 * MIB};
        fixture->args[1] = (struct sg_value){.type = SG_TYPE_DURATION, .usec = UINT64_C(36500) * 24 * HOUR};
        verb_bench_init(&fixture->bench, fixture->scratch.path, fixture->args, NULL);
        fixture->bench.action.floor_usec = FLOOR;
        *state = fixture;
        return 0;
}

static int teardown(void **state) {
        struct fixture *fixture = *state;

        scratch_deinit(&fixture->scratch);
        free(fixture);
        return 0;
}

static int journalctl(struct verb_bench *bench, char *output, size_t size) {
        const struct fixture *fixture = bench->tool_data;

        snprintf(output, size, "Vacuuming done\n");
        for (unsigned i = 0; i < fixture->remove; i++)
                unlink(scratch_path(&fixture->scratch, journal_name((int)i)));
        return 0;
}

static int failing_journalctl(struct verb_bench *bench, char *output, size_t size) {
        (void)bench;
        snprintf(output, size, "Failed to connect: no such file\nmore\n");
        return 1;
}

static void a_check_lists_what_may_go_and_runs_no_tool(void **state) {
        struct fixture *fixture = *state;

        /* Of 40 MiB the one in use stays, and 8 MiB that it may grow: 24 MiB may go at once, 32 if it grows. */
        assert_int_equal(verb_bench_check(&fixture->bench, &journal_vacuum), SG_VERDICT_GO);
        assert_int_equal(fixture->bench.n_manifest, 4);
        assert_int_equal(fixture->bench.n_tools, 0);
        assert_non_null(strstr(fixture->bench.manifest[0], "archived journal system@"));
        assert_non_null(strstr(fixture->bench.manifest[0], "8.0 MiB, from "));
        assert_non_null(strstr(fixture->bench.outcome.text, "the journal of 40.0 MiB shrinks to 16.0 MiB"));
}

static void the_gain_is_what_was_measured_and_the_count_what_is_gone(void **state) {
        struct fixture *fixture = *state;

        fixture->bench.tool = journalctl;
        fixture->bench.tool_data = fixture;
        fixture->remove = 3;
        assert_int_equal(verb_bench_act(&fixture->bench, &journal_vacuum), 0);
        assert_string_equal(fixture->bench.command, JOURNALCTL " --vacuum-size=16777216");
        assert_int_equal(fixture->bench.outcome.count, 3);
        assert_true(fixture->bench.outcome.freed_bytes > 8 * MIB);
        assert_non_null(strstr(fixture->bench.outcome.text, "3 journal files are gone, "));
        assert_non_null(strstr(fixture->bench.outcome.text, " MiB for others than root"));
}

static void a_vacuum_without_effect_reports_none(void **state) {
        struct fixture *fixture = *state;

        assert_int_equal(verb_bench_act(&fixture->bench, &journal_vacuum), 0);
        assert_int_equal(fixture->bench.n_tools, 1);
        assert_int_equal(fixture->bench.outcome.count, 0);
        assert_non_null(strstr(fixture->bench.outcome.text, "0 journal files are gone"));
}

static void what_journalctl_complains_of_is_the_reason(void **state) {
        struct fixture *fixture = *state;

        fixture->bench.tool = failing_journalctl;
        assert_int_equal(verb_bench_act(&fixture->bench, &journal_vacuum), -EIO);
        assert_string_equal(
                fixture->bench.outcome.text, "journalctl failed (1): Failed to connect: no such file");
}

static void without_pressure_it_is_refused(void **state) {
        struct fixture *fixture = *state;

        fixture->bench.pressure = SG_PRESSURE_NONE;
        assert_int_equal(verb_bench_check(&fixture->bench, &journal_vacuum), SG_VERDICT_REFUSED);
        assert_non_null(strstr(fixture->bench.outcome.text, "not needed: "));
        fixture->bench.pressure = SG_PRESSURE_UNKNOWN;
        assert_int_equal(verb_bench_check(&fixture->bench, &journal_vacuum), SG_VERDICT_REFUSED);
        assert_int_equal(verb_bench_act(&fixture->bench, &journal_vacuum), 0);
        assert_int_equal(fixture->bench.n_tools, 0);
}

static void the_floor_is_lifted_only_when_critical_and_all_gentler_is_spent(void **state) {
        static const struct {
                bool spent;
                enum sg_pressure pressure;
                enum sg_verdict verdict;
        } cases[] = {
                {false, SG_PRESSURE_HIGH, SG_VERDICT_REFUSED},
                {true, SG_PRESSURE_HIGH, SG_VERDICT_REFUSED},
                {false, SG_PRESSURE_CRITICAL, SG_VERDICT_REFUSED},
                {true, SG_PRESSURE_CRITICAL, SG_VERDICT_GO},
        };
        struct fixture *fixture = *state;

        fixture->bench.action.floor_usec = FLOOR - 24 * HOUR; /* all files are younger */
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                fixture->bench.action.gentler_spent = cases[i].spent;
                fixture->bench.pressure = cases[i].pressure;
                assert_int_equal(verb_bench_check(&fixture->bench, &journal_vacuum), cases[i].verdict);
                if (cases[i].verdict == SG_VERDICT_REFUSED)
                        assert_non_null(strstr(fixture->bench.outcome.text,
                                "all 4 archived files are younger than the floor 2025-12-2"));
        }
        assert_int_equal(fixture->bench.n_manifest, 5);
        assert_non_null(strstr(fixture->bench.manifest[4], "current journal system.journal"));
        assert_int_equal(verb_bench_act(&fixture->bench, &journal_vacuum), 0);
        assert_string_equal(fixture->bench.command, JOURNALCTL " --rotate --vacuum-size=8388608");
}

static void a_rotated_file_is_not_counted_as_gone(void **state) {
        struct fixture *fixture = *state;

        /* What rotation does, seen from outside: another name for the same inode. */
        fixture->bench.action.gentler_spent = true;
        fixture->bench.pressure = SG_PRESSURE_CRITICAL;
        fixture->bench.tool = journalctl;
        fixture->bench.tool_data = fixture;
        fixture->remove = 1;
        assert_int_equal(
                rename(scratch_path(&fixture->scratch, journal_name(1)),
                        scratch_path(&fixture->scratch, "var/log/journal/" MACHINE "/user-7.journal")),
                0);
        assert_int_equal(verb_bench_act(&fixture->bench, &journal_vacuum), 0);
        assert_int_equal(fixture->bench.outcome.count, 1);
}

static void without_a_persistent_journal_there_is_nothing_to_do(void **state) {
        struct fixture *fixture = *state;
        struct scratch empty;

        scratch_init(&empty);
        fixture->bench.services.root = empty.path;
        assert_int_equal(verb_bench_check(&fixture->bench, &journal_vacuum), SG_VERDICT_NOTHING);
        scratch_mkdir(&empty, "var/log/journal");
        assert_int_equal(
                verb_bench_check(&fixture->bench, &journal_vacuum), SG_VERDICT_REFUSED); /* no machine-id */
        scratch_write(&empty, "etc/machine-id", MACHINE "\n");
        assert_int_equal(verb_bench_check(&fixture->bench, &journal_vacuum), SG_VERDICT_NOTHING);
        scratch_mkdir(&empty, "var/log/journal/" MACHINE);
        assert_int_equal(verb_bench_check(&fixture->bench, &journal_vacuum), SG_VERDICT_NOTHING);
        scratch_deinit(&empty);
}

static int note_command(struct verb_bench *bench, char *output, size_t size) {
        char *commands = (char *)bench->tool_data;

        (void)output, (void)size;
        strcat(commands, bench->command);
        strcat(commands, "\n");
        return 0;
}

static void each_namespace_is_shrunk_in_its_own_directory_and_no_other(void **state) {
        struct fixture *fixture = *state;
        char commands[2048] = "";
        unsigned named = 0;

        fill_journal(&fixture->scratch, MACHINE ".mail");
        /* Another machine's, one with a name for all, and a link to somewhere else. */
        fill_journal(&fixture->scratch, "ffffffffffffffffffffffffffffffff");
        fill_journal(&fixture->scratch, MACHINE ".*");
        assert_int_equal(symlink("/var/log/journal/" MACHINE,
                                 scratch_path(&fixture->scratch, "var/log/journal/" MACHINE ".link")),
                0);
        fixture->bench.tool = note_command;
        fixture->bench.tool_data = commands;
        assert_int_equal(verb_bench_check(&fixture->bench, &journal_vacuum), SG_VERDICT_GO);
        assert_int_equal(fixture->bench.n_manifest, 8);
        for (unsigned i = 0; i < 8; i++)
                named += strstr(fixture->bench.manifest[i], "archived journal mail/system@") != NULL;
        assert_int_equal(named, 4);
        assert_non_null(strstr(fixture->bench.outcome.text, "the journal of 80.0 MiB shrinks to 32.0 MiB"));
        assert_int_equal(verb_bench_act(&fixture->bench, &journal_vacuum), 0);
        assert_string_equal(commands,
                JOURNALCTL " --vacuum-size=16777216\n" JOURNALCTL
                           ".mail --namespace=mail --vacuum-size=16777216\n");
}

static void a_namespace_alone_is_enough(void **state) {
        struct fixture *fixture = *state;

        fill_journal(&fixture->scratch, MACHINE ".mail");
        for (int i = 0; i < 4; i++)
                unlink(scratch_path(&fixture->scratch, journal_name(i)));
        assert_int_equal(verb_bench_check(&fixture->bench, &journal_vacuum), SG_VERDICT_GO);
        assert_int_equal(verb_bench_act(&fixture->bench, &journal_vacuum), 0);
        assert_int_equal(fixture->bench.n_tools, 1);
        assert_string_equal(
                fixture->bench.command, JOURNALCTL ".mail --namespace=mail --vacuum-size=16777216");
}

static void by_age_journalctl_is_told_how_long_ago(void **state) {
        struct fixture *fixture = *state;
        unsigned long long usec = 0, now = (unsigned long long)time(NULL) * SEC;

        /* The second of the files ended two and a half hours before the floor. */
        fixture->args[0].bytes = 100 * MIB;
        fixture->args[1].usec = now - FLOOR + 2 * HOUR;
        assert_int_equal(verb_bench_check(&fixture->bench, &journal_vacuum), SG_VERDICT_GO);
        assert_int_equal(fixture->bench.n_manifest, 2);
        assert_int_equal(verb_bench_act(&fixture->bench, &journal_vacuum), 0);
        assert_int_equal(sscanf(fixture->bench.command, JOURNALCTL " --vacuum-time=%lluus", &usec), 1);
        /* Between where the second and the third begin. */
        assert_in_range(now - usec, FLOOR - 3 * HOUR + 1, FLOOR - 2 * HOUR - 120 * SEC);
}

static int journalctl_without_journald(struct verb_bench *bench, char *output, size_t size) {
        snprintf(output, size, "Failed to connect to /run/systemd/journal/io.systemd.journal\n");
        return strstr(bench->command, "--rotate") ? 1 : 0;
}

static void a_journald_that_does_not_answer_does_not_stop_the_rest(void **state) {
        struct fixture *fixture = *state;

        fixture->bench.action.gentler_spent = true;
        fixture->bench.pressure = SG_PRESSURE_CRITICAL;
        fixture->bench.tool = journalctl_without_journald;
        assert_int_equal(verb_bench_act(&fixture->bench, &journal_vacuum), 0);
        assert_int_equal(fixture->bench.n_tools, 2);
        assert_string_equal(fixture->bench.command, JOURNALCTL " --vacuum-size=8388608");
}

static void a_journal_in_run_is_memory(void **state) {
        struct fixture *fixture = *state;
        struct scratch scratch;
        uint64_t bytes = 0;

        scratch_init(&scratch);
        scratch_write(&scratch, "etc/machine-id", MACHINE "\n");
        scratch_mkdir(&scratch, "run/log/journal/" MACHINE);
        scratch_mkdir(&scratch, "var/log");
        scratch_fill(&scratch, "run/log/journal/" MACHINE "/system.journal", 8 * MIB);
        fixture->bench.services.root = scratch.path;
        assert_int_equal(journal_places_total(scratch.path, &bytes), -ENOENT);
        assert_int_equal(verb_bench_check(&fixture->bench, &journal_vacuum), SG_VERDICT_NOTHING);
        assert_string_equal(
                fixture->bench.outcome.text, "there is no persistent journal: its logs are in memory");

        /* A persistent directory that somebody put there: only where /run is a memory file system is that one. */
        assert_int_equal(symlink("../../run/log/journal", scratch_path(&scratch, "var/log/journal")), 0);
        if (geteuid() == 0 && mount("none", scratch_path(&scratch, "run"), "tmpfs", 0, "size=1M") == 0) {
                scratch_mkdir(&scratch, "run/log/journal/" MACHINE);
                scratch_fill(&scratch, "run/log/journal/" MACHINE "/system.journal", 65536);
                assert_int_equal(journal_places_total(scratch.path, &bytes), -ENOENT);
                assert_int_equal(verb_bench_check(&fixture->bench, &journal_vacuum), SG_VERDICT_NOTHING);
                assert_int_equal(umount2(scratch_path(&scratch, "run"), 0), 0);
        }
        assert_int_equal(journal_places_total(scratch.path, &bytes), 0);
        assert_true(bytes >= 8 * MIB);
        scratch_deinit(&scratch);
}

static void a_zero_that_switches_the_limit_off_is_out_of_range(void **state) {
        (void)state;
        assert_true(journal_vacuum.args[0].min == 8.0 * 1024 * 1024);
        assert_true(journal_vacuum.args[0].max > journal_vacuum.args[0].min);
        assert_string_equal(journal_vacuum.args[0].fallback, "200M");
        assert_string_equal(journal_vacuum.args[1].name, "older_than");
        assert_true(journal_vacuum.args[1].min >= 60);
}

#define WITH_FIXTURE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                WITH_FIXTURE(a_check_lists_what_may_go_and_runs_no_tool),
                WITH_FIXTURE(the_gain_is_what_was_measured_and_the_count_what_is_gone),
                WITH_FIXTURE(a_vacuum_without_effect_reports_none),
                WITH_FIXTURE(what_journalctl_complains_of_is_the_reason),
                WITH_FIXTURE(without_pressure_it_is_refused),
                WITH_FIXTURE(the_floor_is_lifted_only_when_critical_and_all_gentler_is_spent),
                WITH_FIXTURE(a_rotated_file_is_not_counted_as_gone),
                WITH_FIXTURE(without_a_persistent_journal_there_is_nothing_to_do),
                WITH_FIXTURE(each_namespace_is_shrunk_in_its_own_directory_and_no_other),
                WITH_FIXTURE(a_namespace_alone_is_enough),
                WITH_FIXTURE(by_age_journalctl_is_told_how_long_ago),
                WITH_FIXTURE(a_journald_that_does_not_answer_does_not_stop_the_rest),
                WITH_FIXTURE(a_journal_in_run_is_memory),
                cmocka_unit_test(a_zero_that_switches_the_limit_off_is_out_of_range),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
