/* SPDX-License-Identifier: MIT */
/* test_desk_probe - verbs that only look, where everything else would only have been done */
#include "desk_support.h"

static const struct wire_action_finished *probe_once(struct fixture *fixture, bool dry, uint64_t *ret_run) {
        assert_int_equal(
                begin_run(fixture, "vacuum", dry ? 0 : open_incident(fixture), dry, ret_run), WIRE_GO);
        return act(fixture, *ret_run, "test.probe", NULL);
}

static void what_a_probe_finds_is_told_and_on_record(void **state) {
        struct fixture *fixture = *state;
        const struct wire_action_finished *finished;
        const struct ledger *ledger = book_ledger(fixture->book);
        uint64_t run;

        hello(fixture);
        finished = probe_once(fixture, false, &run);
        assert_int_equal(finished->status, WIRE_DONE);
        assert_true(finished->found_bytes == UINT64_C(5) << 30);
        assert_int_equal(finished->freed_bytes, 0);
        assert_int_equal(finished->count, 3);
        assert_int_equal(recorded(fixture, "action-outcome"), 1);
        assert_true(ledger->actions[ledger->n_actions - 1].found_bytes == UINT64_C(5) << 30);
}

static void a_run_that_did_no_more_than_probe_has_spent_nothing(void **state) {
        struct fixture *fixture = *state;
        const struct ledger_playbook *playbook;
        uint64_t run;

        hello(fixture);
        probe_once(fixture, false, &run);
        end_run(fixture, run);
        playbook = ledger_playbook(book_ledger(fixture->book), "vacuum");
        assert_int_equal(playbook->acted.n, 0);
        assert_int_equal(ledger_verb(book_ledger(fixture->book), "test.probe")->uses.n, 1);
}

static void in_observe_a_probe_looks_all_the_same(void **state) {
        struct fixture *fixture = *state;
        const struct ledger_verb *verb;
        uint64_t run;

        configure(fixture, observe);
        hello(fixture);
        assert_int_equal(probe_once(fixture, false, &run)->status, WIRE_DONE);
        assert_false(fixture->got[1].action_started.observe);
        assert_int_equal(marks(), 1);
        assert_int_equal(act(fixture, run, "test.vacuum", NULL)->status, WIRE_WOULD_HAVE);
        assert_int_equal(marks(), 1);
        verb = ledger_verb(book_ledger(fixture->book), "test.probe");
        assert_int_equal(verb->uses.n, 1);
        assert_true(verb->uses.uses[0].observed);
        /* Its budget is kept there, too. */
        assert_int_equal(act(fixture, run, "test.probe", NULL)->status, WIRE_DONE);
        assert_int_equal(act(fixture, run, "test.probe", NULL)->status, WIRE_DENIED);
        assert_int_equal(marks(), 2);
}

static void in_a_dry_run_a_probe_looks_and_costs_nothing(void **state) {
        struct fixture *fixture = *state;
        uint64_t run;

        hello(fixture);
        assert_int_equal(probe_once(fixture, true, &run)->status, WIRE_DONE);
        assert_int_equal(marks(), 1);
        assert_int_equal(ledger_verb(book_ledger(fixture->book), "test.probe")->uses.n, 0);
        assert_int_equal(act(fixture, run, "test.vacuum", NULL)->status, WIRE_WOULD_HAVE);
}

static void a_probe_that_was_cut_short_is_asked_again(void **state) {
        struct fixture *fixture = *state;
        uint64_t run, incident;

        hello(fixture);
        incident = open_incident(fixture);
        assert_int_equal(begin_run(fixture, "vacuum", incident, false, &run), WIRE_GO);
        for (unsigned i = 0; i < 2; i++) {
                static const char *const verbs_cut[] = {"test.probe", "test.vacuum"};
                static const char *const risks[] = {"probe", "lossy"};
                struct book_entry intent = book_entry_new("action-intent");
                struct book_entry unknown = book_entry_new("action-unknown");

                book_number(&intent, "action", 70 + i);
                book_number(&intent, "run", run);
                book_number(&intent, "incident", incident);
                book_text(&intent, "verb", verbs_cut[i]);
                book_text(&intent, "risk", risks[i]);
                assert_true(book_write(fixture->book, &intent) >= 0);
                book_number(&unknown, "action", 70 + i);
                book_number(&unknown, "incident", incident);
                book_text(&unknown, "verb", verbs_cut[i]);
                assert_true(book_write(fixture->book, &unknown) >= 0);
        }
        assert_int_equal(act(fixture, run, "test.vacuum", NULL)->status, WIRE_DENIED);
        assert_int_equal(act(fixture, run, "test.probe", NULL)->status, WIRE_DONE);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(what_a_probe_finds_is_told_and_on_record),
                TEST(a_run_that_did_no_more_than_probe_has_spent_nothing),
                TEST(in_observe_a_probe_looks_all_the_same),
                TEST(in_a_dry_run_a_probe_looks_and_costs_nothing),
                TEST(a_probe_that_was_cut_short_is_asked_again),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
