/* SPDX-License-Identifier: MIT */
/*
 * test_schedule - the table of cases is the rules
 *
 * Conditions are written as letters, playbooks by their triggers; every case says who starts, or who is told, or
 * when to ask again.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "engine/schedule.h"

#define MINUTE USEC_PER_MINUTE
#define NOW (2000 * MINUTE)

enum { HIGH, CRITICAL, OTHER };
enum { BALLAST, REBUILD, VACUUM };

static const struct config_playbook configs[] = {
        [BALLAST] = {.name = "ballast", .any = {"critical"}},
        [REBUILD] = {.name = "rebuild", .cleared = {"critical"}},
        [VACUUM] = {.name = "vacuum", .any = {"high", "critical"}, .after = {"ballast", "not-installed"}},
};

#define TRIPPED(n_edge, minutes) \
        { .tripped = true, .active = true, .tripped_edge = (n_edge), .since_usec = NOW - (minutes)*MINUTE }
#define TOLD(n_edge, minutes)                                              \
        {                                                                  \
                .tripped = true, .active = true, .tripped_edge = (n_edge), \
                .since_usec = NOW - (minutes)*MINUTE, .told = true         \
        }
#define NOTICE(n_edge, minutes)                                                                          \
        {                                                                                                \
                .tripped = true, .active = true, .tripped_edge = (n_edge), .level = CONFIG_LEVEL_NOTICE, \
                .since_usec = NOW - (minutes)*MINUTE                                                     \
        }
#define TURN(result, n_edge) \
        { .outcome = (result), .edge = (n_edge) }

static const struct config_playbook ballast_at_high = {.name = "ballast", .any = {"high", "critical"}};

static const struct row {
        const char *what;
        struct schedule_condition conditions[3];
        struct schedule_turn turns[3];
        bool running, escalated, gentler_at_high;
        uint64_t called_minutes;              /* ago, when escalated */
        unsigned busy, unusable, never_again; /* bits */
        int start, condition;                 /* -1: nobody */
        const char *escalate;
        uint64_t again_usec; /* 0: never */
} rows[] = {
        {.what = "nothing is tripped: nothing happens", .start = -1},
        {.what = "high starts vacuum",
                .conditions = {[HIGH] = TRIPPED(1, 0)},
                .start = VACUUM,
                .condition = HIGH},
        {.what = "critical starts ballast before vacuum, which waits for it",
                .conditions = {[HIGH] = TRIPPED(1, 0), [CRITICAL] = TRIPPED(2, 0)},
                .start = BALLAST,
                .condition = CRITICAL},
        {.what = "a running run keeps all others waiting, and nobody is told",
                .conditions = {[CRITICAL] = TRIPPED(2, 60)},
                .running = true,
                .start = -1},
        {.what = "after ballast had its turn, vacuum is for the critical one",
                .conditions = {[HIGH] = TRIPPED(1, 0), [CRITICAL] = TRIPPED(2, 0)},
                .turns = {[BALLAST] = {.outcome = SCHEDULE_USELESS, .edge = 2, .no_use = 1 << CRITICAL}},
                .start = VACUUM,
                .condition = CRITICAL},
        {.what = "a refused turn at high is followed by another when critical trips",
                .conditions = {[HIGH] = TRIPPED(1, 1), [CRITICAL] = TRIPPED(2, 0)},
                .turns = {[BALLAST] = TURN(SCHEDULE_DONE, 2), [VACUUM] = TURN(SCHEDULE_IDLE, 1)},
                .start = VACUUM,
                .condition = CRITICAL},
        {.what = "a refused turn at high alone tells nobody, however long",
                .conditions = {[HIGH] = TRIPPED(1, 600)},
                .turns = {[VACUUM] = TURN(SCHEDULE_IDLE, 1)},
                .start = -1},
        {.what = "unless nothing critical would start it again: then it is told like one that did not help",
                .conditions = {[HIGH] = TRIPPED(1, 15)},
                .turns = {[VACUUM] = TURN(SCHEDULE_IDLE, 1)},
                .never_again = 1 << VACUUM,
                .start = -1,
                .escalate = "refused"},
        {.what = "what did not help is not repeated for its condition when that trips again",
                .conditions = {[HIGH] = TRIPPED(3, 1)},
                .turns = {[VACUUM] = {.outcome = SCHEDULE_USELESS, .edge = 1, .no_use = 1 << HIGH}},
                .start = -1,
                .again_usec = NOW + 14 * MINUTE},
        {.what = "while nothing is critical, a gentler one that cools down is waited for",
                .conditions = {[HIGH] = TRIPPED(3, 1)},
                .turns = {[BALLAST] = {.hold = SCHEDULE_COOLDOWN, .until_usec = NOW + 9 * MINUTE}},
                .gentler_at_high = true,
                .start = -1,
                .again_usec = NOW + 9 * MINUTE},
        {.what = "at critical it is not",
                .conditions = {[CRITICAL] = TRIPPED(3, 1)},
                .turns = {[BALLAST] = {.hold = SCHEDULE_COOLDOWN, .until_usec = NOW + 9 * MINUTE}},
                .gentler_at_high = true,
                .start = VACUUM,
                .condition = CRITICAL},
        {.what = "what helped may run again when the condition trips again",
                .conditions = {[HIGH] = TRIPPED(3, 0)},
                .turns = {[VACUUM] = TURN(SCHEDULE_HELPED, 1)},
                .start = VACUUM,
                .condition = HIGH},
        {.what = "what says it helped is not repeated while nothing changes",
                .conditions = {[HIGH] = TRIPPED(1, 1)},
                .turns = {[VACUUM] = TURN(SCHEDULE_HELPED, 1)},
                .start = -1,
                .again_usec = NOW + 14 * MINUTE},
        {.what = "critical with every turn taken in vain: told at once",
                .conditions = {[HIGH] = TRIPPED(1, 1), [CRITICAL] = TRIPPED(2, 0)},
                .turns = {[BALLAST] = {.outcome = SCHEDULE_USELESS, .edge = 2, .no_use = 1 << CRITICAL},
                        [VACUUM] = {.outcome = SCHEDULE_USELESS, .edge = 2, .no_use = 1 << CRITICAL}},
                .start = -1,
                .escalate = "not-cleared",
                .again_usec = NOW + 14 * MINUTE},
        {.what = "a warning that joins what was told is not told, however long",
                .conditions = {[HIGH] = TRIPPED(1, 600)},
                .turns = {[VACUUM] = TURN(SCHEDULE_USELESS, 1)},
                .escalated = true,
                .start = -1},
        {.what = "a warning that tripped half a day after people were told is told",
                .conditions = {[HIGH] = TRIPPED(1, 20)},
                .turns = {[VACUUM] = TURN(SCHEDULE_USELESS, 1)},
                .escalated = true,
                .called_minutes = 741,
                .start = -1,
                .escalate = "not-cleared"},
        {.what = "a critical one that was not told yet is, although another one was",
                .conditions = {[CRITICAL] = TRIPPED(2, 0), [OTHER] = TOLD(1, 90)},
                .turns = {[BALLAST] = TURN(SCHEDULE_DONE, 2), [VACUUM] = TURN(SCHEDULE_DONE, 2)},
                .escalated = true,
                .start = -1,
                .escalate = "not-cleared"},
        {.what = "told once only",
                .conditions = {[CRITICAL] = TOLD(2, 90)},
                .turns = {[BALLAST] = TURN(SCHEDULE_DONE, 2), [VACUUM] = TURN(SCHEDULE_DONE, 2)},
                .escalated = true,
                .start = -1},
        {.what = "critical and all refused: told that they were",
                .conditions = {[CRITICAL] = TRIPPED(2, 0)},
                .turns = {[BALLAST] = TURN(SCHEDULE_IDLE, 2), [VACUUM] = TURN(SCHEDULE_IDLE, 2)},
                .start = -1,
                .escalate = "refused"},
        {.what = "critical and only errors in Lua: told that",
                .conditions = {[CRITICAL] = TRIPPED(2, 0)},
                .turns = {[BALLAST] = TURN(SCHEDULE_IDLE, 2), [VACUUM] = TURN(SCHEDULE_FAILED, 2)},
                .start = -1,
                .escalate = "error"},
        {.what = "a warning with everything tried is told after 15 minutes",
                .conditions = {[HIGH] = TRIPPED(1, 15)},
                .turns = {[VACUUM] = {.outcome = SCHEDULE_USELESS, .edge = 1, .no_use = 1 << HIGH}},
                .start = -1,
                .escalate = "not-cleared"},
        {.what = "a warning nobody has a playbook for, too",
                .conditions = {[OTHER] = TRIPPED(1, 15)},
                .start = -1,
                .escalate = "no-playbook"},
        {.what = "quarantined playbooks are none",
                .conditions = {[CRITICAL] = TRIPPED(1, 0)},
                .unusable = 1 << BALLAST | 1 << VACUUM,
                .start = -1,
                .escalate = "no-playbook"},
        {.what = "while cooling down it is asked again then, and nobody is told at high",
                .conditions = {[HIGH] = TRIPPED(3, 60)},
                .turns = {[VACUUM] = {.outcome = SCHEDULE_HELPED,
                                  .edge = 1,
                                  .hold = SCHEDULE_COOLDOWN,
                                  .until_usec = NOW + 7 * MINUTE}},
                .start = -1,
                .again_usec = NOW + 7 * MINUTE},
        {.what = "a cool-down that is over holds nothing",
                .conditions = {[HIGH] = TRIPPED(3, 60)},
                .turns = {[VACUUM] = {.outcome = SCHEDULE_HELPED,
                                  .edge = 1,
                                  .hold = SCHEDULE_COOLDOWN,
                                  .until_usec = NOW}},
                .start = VACUUM,
                .condition = HIGH},
        {.what = "critical waits five minutes for a cool-down of one that helped before",
                .conditions = {[CRITICAL] = TRIPPED(3, 1)},
                .turns = {[BALLAST] = TURN(SCHEDULE_IDLE, 3),
                        [VACUUM] = {.outcome = SCHEDULE_HELPED,
                                .edge = 1,
                                .hold = SCHEDULE_COOLDOWN,
                                .until_usec = NOW + 9 * MINUTE}},
                .start = -1,
                .again_usec = NOW + 4 * MINUTE},
        {.what = "and no longer, also when nobody here knows what that one did",
                .conditions = {[CRITICAL] = TRIPPED(3, 5)},
                .turns = {[BALLAST] = TURN(SCHEDULE_IDLE, 3),
                        [VACUUM] = {.hold = SCHEDULE_COOLDOWN, .until_usec = NOW + 9 * MINUTE}},
                .start = -1,
                .escalate = "not-cleared",
                .again_usec = NOW + 9 * MINUTE},
        {.what = "and not at all for one that did not help",
                .conditions = {[CRITICAL] = TRIPPED(3, 1)},
                .turns = {[BALLAST] = TURN(SCHEDULE_IDLE, 3),
                        [VACUUM] = {.outcome = SCHEDULE_USELESS,
                                .edge = 1,
                                .hold = SCHEDULE_COOLDOWN,
                                .until_usec = NOW + 9 * MINUTE}},
                .start = -1,
                .escalate = "not-cleared",
                .again_usec = NOW + 9 * MINUTE},
        {.what = "a spent budget is told at once, also at high",
                .conditions = {[HIGH] = TRIPPED(3, 0)},
                .turns = {[VACUUM] = {.outcome = SCHEDULE_HELPED,
                                  .edge = 1,
                                  .hold = SCHEDULE_SPENT,
                                  .until_usec = NOW + 90 * MINUTE}},
                .start = -1,
                .escalate = "spent",
                .again_usec = NOW + 90 * MINUTE},
        {.what = "in a maintenance a person is there",
                .conditions = {[CRITICAL] = TRIPPED(1, 60)},
                .turns = {[BALLAST] = {.hold = SCHEDULE_MAINTENANCE, .until_usec = NOW + MINUTE},
                        [VACUUM] = {.hold = SCHEDULE_MAINTENANCE, .until_usec = NOW + MINUTE}},
                .start = -1,
                .again_usec = NOW + MINUTE},
        {.what = "observed is not repeated, and told when it lasts",
                .conditions = {[CRITICAL] = TRIPPED(3, 10)},
                .turns = {[BALLAST] = TURN(SCHEDULE_OBSERVED, 1), [VACUUM] = TURN(SCHEDULE_OBSERVED, 1)},
                .start = -1,
                .again_usec = NOW + 5 * MINUTE},
        {.what = "nothing is started for what is unknown, and nobody told at first",
                .conditions =
                        {[HIGH] = {.tripped = true, .unknown = true, .tripped_edge = 1, .since_usec = NOW}},
                .start = -1,
                .again_usec = NOW + 15 * MINUTE},
        {.what = "nor for what is clearing already",
                .conditions = {[CRITICAL] = {.tripped = true, .tripped_edge = 1}},
                .start = -1},
        {.what = "a clear edge starts who waits for it",
                .conditions = {[CRITICAL] = {.tripped_edge = 1, .cleared_edge = 2}},
                .start = REBUILD,
                .condition = CRITICAL},
        {.what = "once",
                .conditions = {[CRITICAL] = {.tripped_edge = 1, .cleared_edge = 2}},
                .turns = {[REBUILD] = TURN(SCHEDULE_DONE, 2)},
                .start = -1},
        {.what = "a clear edge that a run did not answer yet has its own",
                .conditions = {[CRITICAL] = {.tripped_edge = 1, .cleared_edge = 4}},
                .turns = {[REBUILD] = TURN(SCHEDULE_HELPED, 3)},
                .start = REBUILD,
                .condition = CRITICAL},
        {.what = "a notice that nothing helps against calls nobody, however long",
                .conditions = {[OTHER] = NOTICE(1, 6000)},
                .start = -1},
        {.what = "nor does one that is unknown",
                .conditions = {[OTHER] = {.tripped = true,
                                       .unknown = true,
                                       .level = CONFIG_LEVEL_NOTICE,
                                       .tripped_edge = 1,
                                       .since_usec = NOW - 6000 * MINUTE}},
                .start = -1},
        {.what = "but it starts who waits for it",
                .conditions = {[HIGH] = NOTICE(1, 0)},
                .start = VACUUM,
                .condition = HIGH},
        {.what = "and a spent budget is no reason either",
                .conditions = {[HIGH] = NOTICE(3, 0)},
                .turns = {[VACUUM] = {.outcome = SCHEDULE_HELPED,
                                  .edge = 1,
                                  .hold = SCHEDULE_SPENT,
                                  .until_usec = NOW + 90 * MINUTE}},
                .start = -1,
                .again_usec = NOW + 90 * MINUTE},
        {.what = "a run by hand of the same playbook is waited for",
                .conditions = {[HIGH] = TRIPPED(1, 90)},
                .busy = 1 << VACUUM,
                .start = -1},
};

static void every_case_of_the_table_holds(void **state) {
        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                const struct row *row = &rows[i];
                struct schedule_condition conditions[3];
                struct schedule_playbook playbooks[3];
                struct schedule_decision decision;

                memcpy(conditions, row->conditions, sizeof(conditions));
                conditions[HIGH].name = "high_/var/log";
                conditions[CRITICAL].name = "critical_/var/log";
                conditions[OTHER].name = "other";
                conditions[CRITICAL].level = CONFIG_LEVEL_CRITICAL;
                for (size_t k = 0; k < 3; k++)
                        playbooks[k] = (struct schedule_playbook){
                                .config =
                                        k == BALLAST && row->gentler_at_high ? &ballast_at_high : &configs[k],
                                .usable = !(row->unusable & 1u << k),
                                .busy = row->busy & 1u << k,
                                .later = !(row->never_again & 1u << k),
                                .turn = row->turns[k],
                        };
                schedule_decide(&(struct schedule_input){.now_usec = NOW,
                                        .conditions = conditions,
                                        .n_conditions = 3,
                                        .playbooks = playbooks,
                                        .n_playbooks = 3,
                                        .running = row->running,
                                        .escalated = row->escalated,
                                        .called_usec = NOW - row->called_minutes * MINUTE},
                        &decision);
                int start = decision.start ? (int)decision.playbook : -1;
                if (start != row->start || (start >= 0 && decision.condition != (size_t)row->condition))
                        fail_msg("%s: starts %d for %zu", row->what, start, decision.condition);
                if ((decision.escalate != NULL) != (row->escalate != NULL) ||
                        (row->escalate && strcmp(row->escalate, decision.escalate) != 0))
                        fail_msg("%s: tells %s", row->what, decision.escalate ? decision.escalate : "nobody");
                uint64_t again_usec = row->again_usec ? row->again_usec : USEC_NEVER;
                if (decision.again_usec != again_usec)
                        fail_msg("%s: again in %lld", row->what, (long long)(decision.again_usec - NOW));
        }
}

static void a_circle_of_after_is_broken(void **state) {
        static const struct config_playbook circle[] = {
                {.name = "a", .any = {"x"}, .after = {"b"}},
                {.name = "b", .any = {"x"}, .after = {"a"}},
        };
        const struct schedule_condition x = {.name = "x", .tripped = true, .active = true, .tripped_edge = 1};
        const struct schedule_playbook playbooks[] = {
                {.config = &circle[0], .usable = true}, {.config = &circle[1], .usable = true}};
        struct schedule_decision decision;

        (void)state;
        schedule_decide(
                &(struct schedule_input){
                        .conditions = &x, .n_conditions = 1, .playbooks = playbooks, .n_playbooks = 2},
                &decision);
        assert_true(decision.start);
        assert_int_equal(decision.playbook, 0);
}

static void all_needs_every_one_of_its_names(void **state) {
        static const struct config_playbook config = {.name = "both", .all = {"x", "y"}};
        struct schedule_condition conditions[] = {
                {.name = "x_1", .tripped = true, .active = true, .tripped_edge = 1}, {.name = "y_1"}};
        const struct schedule_playbook playbook = {.config = &config, .usable = true};
        const struct schedule_input input = {
                .conditions = conditions, .n_conditions = 2, .playbooks = &playbook, .n_playbooks = 1};
        struct schedule_decision decision;

        (void)state;
        schedule_decide(&input, &decision);
        assert_false(decision.start);
        conditions[1] = (struct schedule_condition){
                .name = "y_1", .tripped = true, .active = true, .tripped_edge = 2};
        schedule_decide(&input, &decision);
        assert_true(decision.start);
}

/* down_a, down_b and loud, beside "pause", which wants one of each. */
static void both_lists_need_all_of_the_one_and_one_of_the_other(void **state) {
        static const struct config_playbook config = {
                .name = "pause", .all = {"down"}, .any = {"loud", "full"}};
        enum { A, B, LOUD };
        static const struct {
                const char *what;
                struct schedule_condition conditions[3];
                struct schedule_turn turn;
                int about; /* -1: not started */
        } cases[] = {
                {.what = "nothing", .about = -1},
                {.what = "only one of all", .conditions = {[A] = TRIPPED(1, 0)}, .about = -1},
                {.what = "only one of any", .conditions = {[LOUD] = TRIPPED(1, 0)}, .about = -1},
                {.what = "both", .conditions = {[A] = TRIPPED(1, 0), [LOUD] = TRIPPED(2, 0)}, .about = A},
                {.what = "whichever came first",
                        .conditions = {[A] = TRIPPED(2, 0), [LOUD] = TRIPPED(1, 0)},
                        .about = A},
                {.what = "the newest of all",
                        .conditions = {[A] = TRIPPED(1, 0), [B] = TRIPPED(3, 0), [LOUD] = TRIPPED(2, 0)},
                        .about = B},
                {.what = "whatever the place",
                        .conditions = {[A] = TRIPPED(3, 0), [B] = TRIPPED(1, 0), [LOUD] = TRIPPED(2, 0)},
                        .about = A},
                {.what = "not again without news",
                        .conditions = {[A] = TRIPPED(1, 0), [LOUD] = TRIPPED(2, 0)},
                        .turn = TURN(SCHEDULE_HELPED, 2),
                        .about = -1},
                {.what = "again when any has a newer edge",
                        .conditions = {[A] = TRIPPED(1, 0), [LOUD] = TRIPPED(4, 0)},
                        .turn = TURN(SCHEDULE_HELPED, 2),
                        .about = A},
                {.what = "again when all has a newer edge",
                        .conditions = {[A] = TRIPPED(1, 0), [B] = TRIPPED(3, 0), [LOUD] = TRIPPED(2, 0)},
                        .turn = TURN(SCHEDULE_HELPED, 2),
                        .about = B},
                {.what = "not for what it was no use for",
                        .conditions = {[A] = TRIPPED(1, 0), [LOUD] = TRIPPED(4, 0)},
                        .turn = {.outcome = SCHEDULE_USELESS, .edge = 2, .no_use = 1 << A},
                        .about = -1},
                {.what = "not while the one of any is clearing",
                        .conditions = {[A] = TRIPPED(1, 0), [LOUD] = {.tripped = true, .tripped_edge = 2}},
                        .about = -1},
                {.what = "not for one that is unknown",
                        .conditions = {[A] = {.tripped = true, .unknown = true, .tripped_edge = 1},
                                [LOUD] = TRIPPED(2, 0)},
                        .about = -1},
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                struct schedule_condition conditions[3];
                const struct schedule_playbook playbook = {
                        .config = &config, .usable = true, .turn = cases[i].turn};
                struct schedule_decision decision;

                memcpy(conditions, cases[i].conditions, sizeof(conditions));
                conditions[A].name = "down_a";
                conditions[B].name = "down_b";
                conditions[LOUD].name = "loud";
                schedule_decide(&(struct schedule_input){.now_usec = NOW,
                                        .conditions = conditions,
                                        .n_conditions = 3,
                                        .playbooks = &playbook,
                                        .n_playbooks = 1},
                        &decision);
                int about = decision.start ? (int)decision.condition : -1;
                if (about != cases[i].about)
                        fail_msg("%s: about %d, not %d", cases[i].what, about, cases[i].about);
        }
}

static void one_that_waits_for_something_else_is_no_help(void **state) {
        static const struct config_playbook config = {.name = "pause", .all = {"down"}, .any = {"loud"}};
        const struct schedule_condition loud = {.name = "loud",
                .tripped = true,
                .active = true,
                .tripped_edge = 1,
                .since_usec = NOW - 15 * MINUTE};
        const struct schedule_playbook playbook = {.config = &config, .usable = true};
        struct schedule_decision decision;

        (void)state;
        schedule_decide(&(struct schedule_input){.now_usec = NOW,
                                .conditions = &loud,
                                .n_conditions = 1,
                                .playbooks = &playbook,
                                .n_playbooks = 1},
                &decision);
        assert_string_equal(decision.escalate, "no-playbook");
}

static void of_several_that_cleared_the_oldest_goes_first_also_before_a_critical_one(void **state) {
        static const struct config_playbook config = {.name = "flush", .cleared = {"down"}};
        const struct schedule_condition conditions[] = {
                {.name = "down_a", .tripped_edge = 1, .cleared_edge = 4, .level = CONFIG_LEVEL_CRITICAL},
                {.name = "down_b", .tripped_edge = 2, .cleared_edge = 3}};
        const struct schedule_playbook playbook = {.config = &config, .usable = true};
        struct schedule_decision decision;

        (void)state;
        schedule_decide(&(struct schedule_input){.conditions = conditions,
                                .n_conditions = 2,
                                .playbooks = &playbook,
                                .n_playbooks = 1},
                &decision);
        assert_true(decision.start);
        assert_int_equal(decision.condition, 1);
}

static void who_will_answer_a_clearing_is_known_while_it_has_to_wait(void **state) {
        static const struct config_playbook config = {.name = "flush", .cleared = {"down"}};
        const struct schedule_condition cleared = {.name = "down_a", .tripped_edge = 1, .cleared_edge = 2};
        const struct schedule_condition tripped = {
                .name = "down_a", .tripped = true, .active = true, .tripped_edge = 3, .cleared_edge = 2};
        struct schedule_playbook playbook = {.config = &config, .usable = true};

        (void)state;
        assert_true(schedule_will_answer_clear(&playbook, &cleared, 0, NOW));
        assert_false(schedule_will_answer_clear(&playbook, &tripped, 0, NOW));
        playbook.turn = (struct schedule_turn){.hold = SCHEDULE_COOLDOWN, .until_usec = NOW + 1};
        assert_true(schedule_will_answer_clear(&playbook, &cleared, 0, NOW));
        playbook.turn.hold = SCHEDULE_SPENT;
        playbook.turn.until_usec = NOW + 60 * MINUTE;
        assert_true(schedule_will_answer_clear(&playbook, &cleared, 0, NOW));
        playbook.turn.until_usec++;
        assert_false(schedule_will_answer_clear(&playbook, &cleared, 0, NOW));
        playbook.turn.hold = SCHEDULE_MAINTENANCE;
        assert_false(schedule_will_answer_clear(&playbook, &cleared, 0, NOW));
        playbook.turn = (struct schedule_turn)TURN(SCHEDULE_DONE, 2);
        assert_false(schedule_will_answer_clear(&playbook, &cleared, 0, NOW));
        playbook.turn = (struct schedule_turn){0};
        playbook.usable = false;
        assert_false(schedule_will_answer_clear(&playbook, &cleared, 0, NOW));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(every_case_of_the_table_holds),
                cmocka_unit_test(a_circle_of_after_is_broken),
                cmocka_unit_test(all_needs_every_one_of_its_names),
                cmocka_unit_test(both_lists_need_all_of_the_one_and_one_of_the_other),
                cmocka_unit_test(one_that_waits_for_something_else_is_no_help),
                cmocka_unit_test(of_several_that_cleared_the_oldest_goes_first_also_before_a_critical_one),
                cmocka_unit_test(who_will_answer_a_clearing_is_known_while_it_has_to_wait),
        };

        return cmocka_run_group_tests_name("schedule", tests, NULL, NULL);
}
