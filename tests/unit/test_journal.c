/* SPDX-License-Identifier: MIT */
/* test_journal - which journal files may go, that no younger one does, and what is said when none can */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "journal/journal.h"
#include "support/scratch.h"
#include "support/sensor_bench.h"
#include "support/verb_bench.h"

#define MIB (UINT64_C(1) << 20)
#define SEC UINT64_C(1000000)
#define HOUR (3600 * SEC)
#define MACHINE "0123456789abcdef0123456789abcdef"
#define JOURNALCTL "/usr/bin/journalctl --directory=/var/log/journal/" MACHINE
#define FLOOR (UINT64_C(1766509200) * SEC)

static void names_say_what_a_file_is(void **state) {
        static const struct {
                const char *name;
                bool journal, archived;
                uint64_t head_usec;
        } cases[] = {
                {"system.journal", true, false, 0},
                {"user-1000.journal", true, false, 0},
                {"system@" MACHINE "-0000000000000001-000646bdfd6a3fc9.journal", true, true, 0x646bdfd6a3fc9},
                {"user-1000@000646bdfd6a3fc9-0123456789abcdef.journal~", true, true, 0x646bdfd6a3fc9},
                {"system@short.journal", true, true, 0},
                {"system@.journal", true, true, 0},
                {"system@" MACHINE "-0000000000000001-000646bdfd6a3fc9x.journal", true, true, 0},
                {"system.journal.bak", false, false, 0},
                {".journal", false, false, 0},
                {"fss", false, false, 0},
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                bool archived = false;
                uint64_t head_usec = 0;

                assert_int_equal(journal_files_parse(cases[i].name, &archived, &head_usec), cases[i].journal);
                assert_int_equal(archived, cases[i].archived);
                assert_int_equal(head_usec, cases[i].head_usec);
        }
}

static enum sg_verdict plan_of(const struct journal_file files[], size_t n, uint64_t keep_bytes,
        uint64_t floor_usec, bool floor_lifted, struct journal_plan *ret_plan) {
        const struct journal_limits limits = {
                .keep_bytes = keep_bytes, .floor_usec = floor_usec, .floor_lifted = floor_lifted};

        return journal_plan_make(files, n, &limits, ret_plan);
}

/* Eight archived files of 8 MiB, one for every hour up to the floor and beyond it, and the one in use. */
static void fill_files(struct journal_file files[static 9], int first_after_floor) {
        for (int i = 0; i < 9; i++)
                files[i] = (struct journal_file){.bytes = 8 * MIB,
                        .archived = i < 8,
                        .head_usec = FLOOR + (uint64_t)(i - first_after_floor) * HOUR - HOUR,
                        .mtime_usec = FLOOR + (uint64_t)(i - first_after_floor) * HOUR};
}

static void the_oldest_go_until_the_rest_has_the_size_to_keep(void **state) {
        struct journal_file files[9];
        struct journal_plan plan;

        (void)state;
        fill_files(files, 8); /* all archived ones are older than the floor */
        assert_int_equal(plan_of(files, 9, 32 * MIB, FLOOR, false, &plan), SG_VERDICT_GO);
        assert_int_equal(plan.total_bytes, 72 * MIB);
        assert_int_equal(plan.target_bytes, 32 * MIB);
        assert_false(plan.rotate);
        /* Five by today's sizes; the one in use may grow by a step meanwhile. */
        assert_int_equal(plan.n_going, 6);
}

static void the_target_never_reaches_into_what_the_floor_protects(void **state) {
        (void)state;
        for (int after = 0; after <= 8; after++)
                for (uint64_t keep = 8 * MIB; keep <= 80 * MIB; keep += 4 * MIB) {
                        struct journal_file files[9];
                        struct journal_plan plan;
                        uint64_t left, grown;
                        int gone = 0;

                        fill_files(files, after);
                        if (plan_of(files, 9, keep, FLOOR, false, &plan) != SG_VERDICT_GO)
                                continue;
                        /* What journalctl would do with that target after the journal has grown by a step. */
                        for (grown = 0; grown <= 8 * MIB; grown += 8 * MIB) {
                                gone = 0;
                                for (left = plan.total_bytes + grown; left > plan.target_bytes && gone < 8;
                                        gone++)
                                        left -= files[gone].bytes;
                                assert_true(gone <= after);
                                assert_true((size_t)gone <= plan.n_going);
                        }
                }
}

static void nothing_goes_when_all_is_protected_or_small_enough(void **state) {
        struct journal_file files[9];
        struct journal_plan plan;

        (void)state;
        fill_files(files, 0);
        assert_int_equal(plan_of(files, 9, 32 * MIB, FLOOR, false, &plan), SG_VERDICT_REFUSED);
        assert_int_equal(plan.n_archived, 8);
        assert_int_equal(plan.n_protected, 8);
        assert_int_equal(plan_of(files, 9, 72 * MIB, FLOOR, false, &plan), SG_VERDICT_NOTHING);
        assert_int_equal(plan_of(files, 0, 8 * MIB, FLOOR, false, &plan), SG_VERDICT_NOTHING);
        /* Only what is in use: it goes nowhere without a rotation. */
        assert_int_equal(plan_of(files + 8, 1, 1 * MIB, FLOOR + 99 * HOUR, false, &plan), SG_VERDICT_REFUSED);
}

static void a_lifted_floor_protects_nothing_and_rotates(void **state) {
        struct journal_file files[9];
        struct journal_plan plan;

        (void)state;
        fill_files(files, 0);
        assert_int_equal(plan_of(files, 9, 8 * MIB, FLOOR, true, &plan), SG_VERDICT_GO);
        assert_true(plan.rotate);
        assert_int_equal(plan.target_bytes, 8 * MIB);
        assert_int_equal(plan.n_going, 9);
}

/* What journalctl would make of a cutoff: oldest first, those that begin before it. */
static size_t aged_out(const struct journal_file files[], size_t n, uint64_t cutoff_usec) {
        size_t gone = 0;

        while (gone < n && files[gone].archived && files[gone].head_usec < cutoff_usec)
                gone++;
        return gone;
}

static void by_age_only_what_ended_before_the_limit_goes(void **state) {
        struct journal_file files[9];
        struct journal_plan plan;

        (void)state;
        fill_files(files, 8); /* file i ends 8 - i hours before the floor */
        for (int hours = 0; hours <= 9; hours++) {
                struct journal_limits limits = {.keep_bytes = 100 * MIB,
                        .floor_usec = FLOOR,
                        .since_usec = FLOOR - (uint64_t)hours * HOUR + HOUR / 2};
                enum sg_verdict verdict = journal_plan_make(files, 9, &limits, &plan);
                size_t expected = hours == 0 ? 8 : hours > 8 ? 0 : (size_t)(9 - hours);

                assert_int_equal(plan.n_going, expected);
                assert_int_equal(verdict, expected ? SG_VERDICT_GO : SG_VERDICT_NOTHING);
                assert_int_equal(plan.target_bytes, 0);
                assert_false(plan.rotate);
                assert_int_equal(plan.cutoff_usec != 0, expected > 0);
                /* Asked at once, and when all of the deadline has gone by. */
                if (expected > 0) {
                        assert_int_equal(aged_out(files, 9, plan.cutoff_usec), expected);
                        assert_int_equal(aged_out(files, 9, plan.cutoff_usec + 120 * SEC), expected);
                }
                assert_int_equal(plan.left_bytes, (9 - expected) * 8 * MIB);
        }
}

static void the_floor_holds_against_age(void **state) {
        struct journal_file files[9];
        struct journal_plan plan;
        struct journal_limits limits = {
                .keep_bytes = 100 * MIB, .floor_usec = FLOOR, .since_usec = FLOOR + 99 * HOUR};

        (void)state;
        for (int after = 0; after <= 8; after++) {
                fill_files(files, after);
                assert_int_equal(journal_plan_make(files, 9, &limits, &plan),
                        after > 0 ? SG_VERDICT_GO : SG_VERDICT_REFUSED);
                assert_int_equal(plan.n_going, after);
                assert_true(after == 0 || aged_out(files, 9, plan.cutoff_usec + 120 * SEC) <= (size_t)after);
        }
}

static void what_begins_too_soon_before_the_next_stays(void **state) {
        struct journal_file files[9];
        struct journal_plan plan;
        struct journal_limits limits = {
                .keep_bytes = 100 * MIB, .floor_usec = FLOOR, .since_usec = FLOOR - HOUR / 2};

        (void)state;
        fill_files(files, 8);
        /* A minute-long file, and the next one is not old enough: no cutoff is safely in between. */
        files[3].head_usec = files[4].head_usec - 60 * SEC;
        limits.since_usec = files[3].mtime_usec + 1;
        assert_int_equal(journal_plan_make(files, 9, &limits, &plan), SG_VERDICT_GO);
        assert_int_equal(plan.n_going, 3);
        assert_int_equal(aged_out(files, 9, plan.cutoff_usec + 120 * SEC), 3);
}

static void age_and_size_take_whichever_is_more(void **state) {
        struct journal_file files[9];
        struct journal_plan plan;
        struct journal_limits limits = {
                .keep_bytes = 32 * MIB, .floor_usec = FLOOR, .since_usec = FLOOR - HOUR / 2};

        (void)state;
        fill_files(files, 8);
        assert_int_equal(journal_plan_make(files, 9, &limits, &plan), SG_VERDICT_GO);
        assert_int_equal(plan.target_bytes, 32 * MIB);
        assert_int_equal(plan.n_going, 8);
        assert_int_equal(plan.left_bytes, 8 * MIB);
        limits.since_usec = FLOOR - 6 * HOUR - HOUR / 2;
        assert_int_equal(journal_plan_make(files, 9, &limits, &plan), SG_VERDICT_GO);
        assert_int_equal(plan.n_going, 6);
        assert_int_equal(plan.left_bytes, 32 * MIB);
        assert_true(plan.cutoff_usec != 0);
}

struct fixture {
        struct scratch scratch;
        struct verb_bench bench;
        struct sg_value args[2];
        unsigned remove; /* how many of the oldest files the tool takes away */
};

static const char *journal_name(int i) {
        static char name[160];

        if (i == 4)
                return "var/log/journal/" MACHINE "/system.journal";
        snprintf(name, sizeof(name), "var/log/journal/" MACHINE "/system@" MACHINE "-%016x-%016llx.journal",
                i, (unsigned long long)(FLOOR + (uint64_t)i * HOUR - 4 * HOUR));
        return name;
}

/* Four archived files, each an hour long, the last of which ends an hour before `age` relative to the floor. */
static int setup(void **state) {
        struct fixture *fixture = calloc(1, sizeof(*fixture));

        scratch_init(&fixture->scratch);
        scratch_write(&fixture->scratch, "etc/machine-id", MACHINE "\n");
        for (int i = 0; i < 5; i++) {
                uint64_t end = FLOOR + (uint64_t)i * HOUR - 4 * HOUR + HOUR / 2;
                const struct timespec times[2] = {
                        {.tv_sec = (time_t)(end / SEC)}, {.tv_sec = (time_t)(end / SEC)}};

                scratch_fill(&fixture->scratch, journal_name(i), 8 * MIB);
                assert_int_equal(
                        utimensat(AT_FDCWD, scratch_path(&fixture->scratch, journal_name(i)), times, 0), 0);
        }
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

static void add_namespace(struct fixture *fixture, const char *name) {
        for (int i = 0; i < 5; i++) {
                uint64_t end = FLOOR + (uint64_t)i * HOUR - 4 * HOUR + HOUR / 2;
                const struct timespec times[2] = {
                        {.tv_sec = (time_t)(end / SEC)}, {.tv_sec = (time_t)(end / SEC)}};
                char path[512];

                snprintf(
                        path, sizeof(path), "var/log/journal/%s/%s", name, strrchr(journal_name(i), '/') + 1);
                scratch_fill(&fixture->scratch, path, 8 * MIB);
                assert_int_equal(utimensat(AT_FDCWD, scratch_path(&fixture->scratch, path), times, 0), 0);
        }
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

        add_namespace(fixture, MACHINE ".mail");
        /* Another machine's, one with a name for all, and a link to somewhere else. */
        add_namespace(fixture, "ffffffffffffffffffffffffffffffff");
        add_namespace(fixture, MACHINE ".*");
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

        add_namespace(fixture, MACHINE ".mail");
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

static void the_sensor_adds_up_blocks_and_hears_of_changes(void **state) {
        struct fixture *fixture = *state;
        const struct bench_reading *reading;
        struct sensor_bench bench;
        void *sensor = NULL;
        double before;

        sensor_bench_init(&bench, fixture->scratch.path);
        assert_int_equal(journal_sensor.create(&bench.services, NULL, &sensor), 0);
        reading = sensor_bench_find(&bench, "journal_bytes", "/var/log/journal");
        assert_non_null(reading);
        before = reading->value;
        assert_true(before >= 40.0 * (double)MIB && before < 41.0 * (double)MIB);

        for (int i = 0; i < 100; i++)
                scratch_fill(&fixture->scratch, "var/log/journal/" MACHINE "/user-1.journal", 1 * MIB);
        sensor_bench_run(&bench, 3 * SEC / 2);
        assert_true(reading->value >= before + (double)MIB);
        assert_in_range(reading->times, 2, 3);
        assert_true(bench.wakeups <= 4);
        journal_sensor.destroy(sensor);
        sensor_bench_deinit(&bench);
}

static uint64_t ahead_usec;

static uint64_t now_ahead(const struct sg_host *host) {
        (void)host;
        return clock_monotonic_usec() + ahead_usec;
}

static void how_much_it_grew_is_known_after_a_minute(void **state) {
        struct fixture *fixture = *state;
        const struct bench_reading *growth, *bytes;
        struct sensor_bench bench;
        void *sensor = NULL;
        double before;

        ahead_usec = 0;
        sensor_bench_init(&bench, fixture->scratch.path);
        bench.services.now_usec = now_ahead;
        assert_int_equal(journal_sensor.create(&bench.services, NULL, &sensor), 0);
        growth = sensor_bench_find(&bench, "journal_growth_bytes", "/var/log/journal");
        bytes = sensor_bench_find(&bench, "journal_bytes", "/var/log/journal");
        assert_true(growth->missing);
        before = bytes->value;
        ahead_usec = 90 * SEC;
        scratch_fill(&fixture->scratch, "var/log/journal/" MACHINE "/user-1.journal", 3 * MIB);
        sensor_bench_run(&bench, 3 * SEC / 2);
        assert_false(growth->missing);
        assert_true(growth->value >= 3.0 * (double)MIB);
        assert_true(growth->value >= bytes->value - before && growth->value <= bytes->value - before);
        journal_sensor.destroy(sensor);
        sensor_bench_deinit(&bench);
}

static void a_journal_that_goes_away_is_withdrawn(void **state) {
        struct scratch scratch;
        struct sensor_bench bench;
        void *sensor = NULL;

        (void)state;
        scratch_init(&scratch);
        scratch_mkdir(&scratch, "var/log/journal/" MACHINE);
        sensor_bench_init(&bench, scratch.path);
        assert_int_equal(journal_sensor.create(&bench.services, NULL, &sensor), 0);
        assert_true(sensor_bench_find(&bench, "journal_bytes", "/var/log/journal")->value == 0);
        rmdir(scratch_path(&scratch, "var/log/journal/" MACHINE));
        rmdir(scratch_path(&scratch, "var/log/journal"));
        sensor_bench_run(&bench, 3 * SEC / 2);
        assert_true(sensor_bench_find(&bench, "journal_bytes", "/var/log/journal")->withdrawn);
        assert_true(sensor_bench_find(&bench, "journal_growth_bytes", "/var/log/journal")->withdrawn);
        journal_sensor.destroy(sensor);
        sensor_bench_deinit(&bench);
        scratch_deinit(&scratch);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(names_say_what_a_file_is),
                cmocka_unit_test(the_oldest_go_until_the_rest_has_the_size_to_keep),
                cmocka_unit_test(the_target_never_reaches_into_what_the_floor_protects),
                cmocka_unit_test(nothing_goes_when_all_is_protected_or_small_enough),
                cmocka_unit_test(a_lifted_floor_protects_nothing_and_rotates),
                cmocka_unit_test(by_age_only_what_ended_before_the_limit_goes),
                cmocka_unit_test(the_floor_holds_against_age),
                cmocka_unit_test(what_begins_too_soon_before_the_next_stays),
                cmocka_unit_test(age_and_size_take_whichever_is_more),
                cmocka_unit_test_setup_teardown(
                        each_namespace_is_shrunk_in_its_own_directory_and_no_other, setup, teardown),
                cmocka_unit_test_setup_teardown(a_namespace_alone_is_enough, setup, teardown),
                cmocka_unit_test_setup_teardown(by_age_journalctl_is_told_how_long_ago, setup, teardown),
                cmocka_unit_test_setup_teardown(
                        a_journald_that_does_not_answer_does_not_stop_the_rest, setup, teardown),
                cmocka_unit_test_setup_teardown(a_journal_in_run_is_memory, setup, teardown),
                cmocka_unit_test_setup_teardown(a_check_lists_what_may_go_and_runs_no_tool, setup, teardown),
                cmocka_unit_test_setup_teardown(
                        the_gain_is_what_was_measured_and_the_count_what_is_gone, setup, teardown),
                cmocka_unit_test_setup_teardown(a_vacuum_without_effect_reports_none, setup, teardown),
                cmocka_unit_test_setup_teardown(what_journalctl_complains_of_is_the_reason, setup, teardown),
                cmocka_unit_test_setup_teardown(without_pressure_it_is_refused, setup, teardown),
                cmocka_unit_test_setup_teardown(
                        the_floor_is_lifted_only_when_critical_and_all_gentler_is_spent, setup, teardown),
                cmocka_unit_test_setup_teardown(a_rotated_file_is_not_counted_as_gone, setup, teardown),
                cmocka_unit_test_setup_teardown(
                        without_a_persistent_journal_there_is_nothing_to_do, setup, teardown),
                cmocka_unit_test_setup_teardown(how_much_it_grew_is_known_after_a_minute, setup, teardown),
                cmocka_unit_test(a_zero_that_switches_the_limit_off_is_out_of_range),
                cmocka_unit_test_setup_teardown(
                        the_sensor_adds_up_blocks_and_hears_of_changes, setup, teardown),
                cmocka_unit_test(a_journal_that_goes_away_is_withdrawn),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
