/* SPDX-License-Identifier: MIT */
/* test_journal_plan - which journal files may go by name, size and age, and that no younger one does */
#include "journal_support.h"

#include "base/cleanup.h"

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
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
