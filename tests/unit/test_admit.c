/* SPDX-License-Identifier: MIT */
/* test_admit - the table of cases that is the specification of admit.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "executor/admit.h"

#define NOW (UINT64_C(1766620800) * USEC_PER_SEC)

static const struct budget_uses just_now = {.uses = {{.at_usec = NOW - USEC_PER_MINUTE}}, .n = 1};
static const struct budget_uses twice_today = {
        .uses = {{.at_usec = NOW - 3 * USEC_PER_HOUR}, {.at_usec = NOW - 2 * USEC_PER_HOUR}}, .n = 2};
static const struct budget_uses observed_now = {
        .uses = {{.at_usec = NOW - USEC_PER_MINUTE, .observed = true}}, .n = 1};

static const struct budget_uses begun_thrice = {
        .uses = {{.at_usec = NOW - 3 * USEC_PER_HOUR}, {.at_usec = NOW - 2 * USEC_PER_HOUR},
                {.at_usec = NOW - 2 * USEC_PER_HOUR}},
        .n = 3};

static const struct admit_run good_run = {
        .rules = {.host_mode = CONFIG_MODE_ENFORCE, .playbook_mode = CONFIG_MODE_ENFORCE, .now_usec = NOW},
        .known = true,
        .incident = 7,
        .open_incident = 7,
        .limit = {.count = 2, .window_usec = USEC_PER_DAY, .cooldown_usec = 15 * USEC_PER_MINUTE},
        .attempts = {.count = 3, .window_usec = USEC_PER_DAY},
};

static const struct {
        const char *name;
        struct admit_run change; /* see run_case() */
        enum config_mode host, playbook;
        enum wire_verdict verdict;
        bool observe;
        uint64_t until;
} run_cases[] = {
        {.name = "a run of the open incident goes", .verdict = WIRE_GO},
        {.name = "host in observe", .host = CONFIG_MODE_OBSERVE, .verdict = WIRE_GO, .observe = true},
        {.name = "playbook in observe", .playbook = CONFIG_MODE_OBSERVE, .verdict = WIRE_GO, .observe = true},
        {.name = "too many runs at once", .change = {.table_full = true}, .verdict = WIRE_REFUSED},
        {.name = "broken file", .change = {.failed = "x.lua:3: boom"}, .verdict = WIRE_OFF},
        {.name = "quarantine", .change = {.rules = {.quarantined = true}}, .verdict = WIRE_QUARANTINED},
        {.name = "another incident", .change = {.incident = 6}, .verdict = WIRE_REFUSED},
        {.name = "twice at once", .change = {.is_running = true}, .verdict = WIRE_REFUSED},
        {.name = "maintenance",
                .change = {.rules = {.maintenance_until_usec = NOW + 5}},
                .verdict = WIRE_MAINTENANCE,
                .until = NOW + 5},
        {.name = "maintenance that is over",
                .change = {.rules = {.maintenance_until_usec = NOW}},
                .verdict = WIRE_GO},
        {.name = "maintenance does not hold a dry run",
                .change = {.dry = true, .rules = {.maintenance_until_usec = NOW + 5}},
                .verdict = WIRE_GO,
                .observe = true},
        {.name = "cool-down",
                .change = {.acted = &just_now},
                .verdict = WIRE_COOLDOWN,
                .until = NOW + 14 * USEC_PER_MINUTE},
        {.name = "cool-down by hand",
                .change = {.acted = &just_now, .by_hand = true},
                .verdict = WIRE_COOLDOWN,
                .until = NOW + 14 * USEC_PER_MINUTE},
        {.name = "root passes the cool-down",
                .change = {.acted = &just_now, .by_hand = true, .asked_by_root = true},
                .verdict = WIRE_GO},
        {.name = "budget",
                .change = {.acted = &twice_today},
                .verdict = WIRE_SPENT,
                .until = NOW + 21 * USEC_PER_HOUR},
        {.name = "root does not pass the budget",
                .change = {.acted = &twice_today, .by_hand = true, .asked_by_root = true},
                .verdict = WIRE_SPENT,
                .until = NOW + 21 * USEC_PER_HOUR},
        {.name = "begun too often, acted or not",
                .change = {.begun = &begun_thrice},
                .verdict = WIRE_SPENT,
                .until = NOW + 21 * USEC_PER_HOUR},
        {.name = "begun too often, and root asks",
                .change = {.begun = &begun_thrice, .by_hand = true, .asked_by_root = true},
                .verdict = WIRE_GO},
        {.name = "begun too often does not hold a dry run",
                .change = {.begun = &begun_thrice, .dry = true},
                .verdict = WIRE_GO,
                .observe = true},
        {.name = "a dry run passes the budget",
                .change = {.acted = &twice_today, .dry = true},
                .verdict = WIRE_GO,
                .observe = true},
        {.name = "what was observed does not hold what is enforced",
                .change = {.acted = &observed_now},
                .verdict = WIRE_GO},
        {.name = "what was observed holds what is observed",
                .change = {.acted = &observed_now},
                .host = CONFIG_MODE_OBSERVE,
                .verdict = WIRE_COOLDOWN,
                .observe = true,
                .until = NOW + 14 * USEC_PER_MINUTE},
        {.name = "off", .playbook = (enum config_mode) - 1, .verdict = WIRE_OFF, .observe = true},
};

/* Lays what a case changes over the good facts; zero means unchanged. */
static struct admit_run run_of(size_t i) {
        struct admit_run run = good_run;
        const struct admit_run *change = &run_cases[i].change;

        if (run_cases[i].host)
                run.rules.host_mode = run_cases[i].host;
        if (run_cases[i].playbook)
                run.rules.playbook_mode = run_cases[i].playbook == (enum config_mode) - 1
                        ? CONFIG_MODE_OFF
                        : run_cases[i].playbook;
        run.rules.quarantined = change->rules.quarantined;
        run.rules.maintenance_until_usec = change->rules.maintenance_until_usec;
        run.failed = change->failed;
        run.by_hand = change->by_hand;
        run.dry = change->dry;
        run.asked_by_root = change->asked_by_root;
        run.is_running = change->is_running;
        run.table_full = change->table_full;
        run.acted = change->acted;
        run.begun = change->begun;
        if (change->incident)
                run.incident = change->incident;
        return run;
}

static void every_case_of_a_run_is_decided_as_the_table_says(void **state) {
        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(run_cases); i++) {
                struct admit_run run = run_of(i);
                struct admit_answer answer;

                admit_run(&run, &answer);
                if (answer.verdict != run_cases[i].verdict || answer.until_usec != run_cases[i].until ||
                        (answer.verdict == WIRE_GO && answer.observe != run_cases[i].observe))
                        fail_msg("%s: verdict %d observe %d until %llu (%s)", run_cases[i].name,
                                (int)answer.verdict, answer.observe, (unsigned long long)answer.until_usec,
                                answer.text);
                assert_true(answer.verdict == WIRE_GO || answer.text[0]);
        }
}

static void an_unknown_playbook_is_refused(void **state) {
        struct admit_run run = good_run;
        struct admit_answer answer;
        (void)state;
        run.known = false;
        admit_run(&run, &answer);
        assert_int_equal(answer.verdict, WIRE_REFUSED);
}

static void a_run_without_an_incident_must_be_by_hand(void **state) {
        struct admit_run run = good_run;
        struct admit_answer answer;
        (void)state;
        run.incident = 0;
        admit_run(&run, &answer);
        assert_int_equal(answer.verdict, WIRE_REFUSED);
        run.by_hand = true;
        admit_run(&run, &answer);
        assert_int_equal(answer.verdict, WIRE_GO);
}

static struct sg_verb verb(enum sg_risk risk) {
        return (struct sg_verb){.name = "test.verb",
                .risk = risk,
                .budget_count = 1,
                .budget_window_usec = USEC_PER_DAY,
                .cooldown_usec = 5 * USEC_PER_MINUTE};
}

static const struct admit_action good_action = {
        .rules = {.host_mode = CONFIG_MODE_ENFORCE, .playbook_mode = CONFIG_MODE_ENFORCE, .now_usec = NOW},
        .run_exists = true,
        .named = true,
        .ends = true,
        .recordable = true,
};

#define DECIDE(verb_, ...)                                 \
        ({                                                 \
                struct admit_action action_ = good_action; \
                struct admit_answer answer_;               \
                struct sg_verb the_verb_ = (verb_);        \
                action_.verb = &the_verb_;                 \
                __VA_ARGS__;                               \
                admit_action(&action_, &answer_);          \
                answer_;                                   \
        })

static void every_risk_but_destructive_may_be_done_in_enforce(void **state) {
        (void)state;
        for (unsigned risk = SG_RISK_PROBE; risk <= SG_RISK_LOSSY; risk++) {
                struct admit_answer answer = DECIDE(verb((enum sg_risk)risk), (void)0);
                assert_int_equal(answer.verdict, WIRE_GO);
                assert_false(answer.observe);
        }
        assert_int_equal(DECIDE(verb(SG_RISK_DESTRUCTIVE), (void)0).verdict, WIRE_REFUSED);
        assert_int_equal(DECIDE(verb((enum sg_risk)99), (void)0).verdict, WIRE_REFUSED);
        assert_int_equal(DECIDE(verb((enum sg_risk)0), (void)0).verdict, WIRE_REFUSED);
}

static void an_action_needs_a_run_a_verb_and_sound_arguments(void **state) {
        (void)state;
        assert_int_equal(DECIDE(verb(SG_RISK_FREEING), action_.run_exists = false).verdict, WIRE_REFUSED);
        assert_int_equal(DECIDE(verb(SG_RISK_FREEING), action_.verb = NULL).verdict, WIRE_REFUSED);
        assert_int_equal(DECIDE(verb(SG_RISK_FREEING), action_.named = false).verdict, WIRE_REFUSED);
        assert_int_equal(DECIDE(verb(SG_RISK_FREEING), action_.bad_args = "no").verdict, WIRE_REFUSED);
        assert_int_equal(DECIDE(verb(SG_RISK_FREEING), action_.run_is_acting = true).verdict, WIRE_REFUSED);
        assert_int_equal(
                DECIDE(verb(SG_RISK_FREEING), action_.requests = WIRE_ACTIONS_PER_RUN).verdict, WIRE_REFUSED);
        assert_int_equal(
                DECIDE(verb(SG_RISK_FREEING), action_.requests = WIRE_ACTIONS_PER_RUN - 1).verdict, WIRE_GO);
        assert_int_equal(
                DECIDE(verb(SG_RISK_FREEING), action_.children = ADMIT_CHILDREN).verdict, WIRE_REFUSED);
}

static void a_selection_that_cannot_be_used_is_a_denial(void **state) {
        struct admit_answer answer;
        (void)state;
        answer = DECIDE(verb(SG_RISK_FREEING), action_.bad_selection = "no selection came with it");
        assert_int_equal(answer.verdict, WIRE_REFUSED);
        assert_string_equal(answer.text, "no selection came with it");
}

static void a_reversible_change_needs_an_end_and_a_lease(void **state) {
        static const struct {
                enum admit_lease lease;
                enum wire_verdict verdict;
                const char *text; /* part of it */
        } cases[] = {
                {ADMIT_LEASE_NEW, WIRE_GO, ""},
                {ADMIT_LEASE_RENEWED, WIRE_GO, ""},
                {ADMIT_LEASE_AT_WORK, WIRE_REFUSED, "at this moment"},
                {ADMIT_LEASE_ENDING, WIRE_REFUSED, "being undone"},
                {ADMIT_LEASE_RETURNED, WIRE_REFUSED, "an admin returned it"},
                {ADMIT_LEASE_WORN, WIRE_REFUSED, "rests"},
                {ADMIT_LEASE_FULL, WIRE_REFUSED, "as many leases"},
                {ADMIT_LEASE_TOO_LONG, WIRE_REFUSED, "too long"},
        };
        struct admit_answer answer;
        (void)state;

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                answer = DECIDE(verb(SG_RISK_REVERSIBLE), action_.lease = cases[i].lease);
                assert_int_equal(answer.verdict, cases[i].verdict);
                assert_non_null(strstr(answer.text, cases[i].text));
                /* Other verbs have no lease, whatever the facts say. */
                assert_int_equal(
                        DECIDE(verb(SG_RISK_FREEING), action_.lease = cases[i].lease).verdict, WIRE_GO);
        }
        answer = DECIDE(verb(SG_RISK_REVERSIBLE), action_.ends = false);
        assert_int_equal(answer.verdict, WIRE_REFUSED);
        assert_non_null(strstr(answer.text, "until_clear"));
        assert_int_equal(DECIDE(verb(SG_RISK_FREEING), action_.ends = false).verdict, WIRE_GO);
}

static void a_mode_lowered_anywhere_makes_it_an_observation(void **state) {
        (void)state;
        assert_true(DECIDE(verb(SG_RISK_LOSSY), action_.rules.host_mode = CONFIG_MODE_OBSERVE).observe);
        assert_true(DECIDE(verb(SG_RISK_LOSSY), action_.rules.playbook_mode = CONFIG_MODE_OBSERVE).observe);
        assert_true(DECIDE(verb(SG_RISK_LOSSY), action_.run_observe = true).observe);
        assert_true(DECIDE(verb(SG_RISK_LOSSY), action_.dry = true).observe);
        assert_int_equal(
                DECIDE(verb(SG_RISK_LOSSY), action_.rules.playbook_mode = CONFIG_MODE_OFF).verdict, WIRE_OFF);
        assert_int_equal(
                DECIDE(verb(SG_RISK_LOSSY), action_.rules.quarantined = true).verdict, WIRE_QUARANTINED);
}

static void only_a_probe_passes_maintenance(void **state) {
        (void)state;
        assert_int_equal(
                DECIDE(verb(SG_RISK_FREEING), action_.rules.maintenance_until_usec = NOW + 1).verdict,
                WIRE_MAINTENANCE);
        assert_int_equal(
                DECIDE(verb(SG_RISK_PROBE), action_.rules.maintenance_until_usec = NOW + 1).verdict, WIRE_GO);
}

static void an_unknown_outcome_is_not_repeated_unasked(void **state) {
        (void)state;
        assert_int_equal(DECIDE(verb(SG_RISK_FREEING), action_.is_unknown = true).verdict, WIRE_REFUSED);
        assert_int_equal(
                DECIDE(verb(SG_RISK_FREEING), action_.is_unknown = true, action_.asked_by_root = true)
                        .verdict,
                WIRE_GO);
}

static void without_a_record_only_what_loses_nothing_is_done(void **state) {
        (void)state;
        assert_int_equal(DECIDE(verb(SG_RISK_PROBE), action_.recordable = false).verdict, WIRE_GO);
        assert_int_equal(DECIDE(verb(SG_RISK_FREEING), action_.recordable = false).verdict, WIRE_GO);
        assert_int_equal(DECIDE(verb(SG_RISK_REVERSIBLE), action_.recordable = false).verdict, WIRE_REFUSED);
        assert_int_equal(DECIDE(verb(SG_RISK_LOSSY), action_.recordable = false).verdict, WIRE_REFUSED);
}

static void a_verb_has_a_budget_and_a_cool_down_of_its_own(void **state) {
        struct admit_answer answer;
        struct sg_verb twice = verb(SG_RISK_LOSSY);
        (void)state;
        assert_int_equal(DECIDE(verb(SG_RISK_LOSSY), action_.uses = &just_now).verdict, WIRE_SPENT);
        twice.budget_count = 2;
        answer = DECIDE(twice, action_.uses = &just_now);
        assert_int_equal(answer.verdict, WIRE_COOLDOWN);
        assert_int_equal(answer.until_usec, NOW + 4 * USEC_PER_MINUTE);
        assert_int_equal(DECIDE(verb(SG_RISK_LOSSY), action_.uses = &observed_now).verdict, WIRE_GO);
}

static void observe_and_enforce_decide_alike(void **state) {
        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(run_cases); i++) {
                struct admit_run enforce = run_of(i), observe = run_of(i);
                struct admit_answer a, b;

                if (run_cases[i].host || run_cases[i].playbook || enforce.acted == &observed_now)
                        continue;
                observe.rules.host_mode = CONFIG_MODE_OBSERVE;
                admit_run(&enforce, &a);
                admit_run(&observe, &b);
                assert_int_equal(a.verdict, b.verdict);
                assert_int_equal(a.until_usec, b.until_usec);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(every_case_of_a_run_is_decided_as_the_table_says),
                cmocka_unit_test(an_unknown_playbook_is_refused),
                cmocka_unit_test(a_run_without_an_incident_must_be_by_hand),
                cmocka_unit_test(every_risk_but_destructive_may_be_done_in_enforce),
                cmocka_unit_test(an_action_needs_a_run_a_verb_and_sound_arguments),
                cmocka_unit_test(a_selection_that_cannot_be_used_is_a_denial),
                cmocka_unit_test(a_reversible_change_needs_an_end_and_a_lease),
                cmocka_unit_test(a_mode_lowered_anywhere_makes_it_an_observation),
                cmocka_unit_test(only_a_probe_passes_maintenance),
                cmocka_unit_test(an_unknown_outcome_is_not_repeated_unasked),
                cmocka_unit_test(without_a_record_only_what_loses_nothing_is_done),
                cmocka_unit_test(a_verb_has_a_budget_and_a_cool_down_of_its_own),
                cmocka_unit_test(observe_and_enforce_decide_alike),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
