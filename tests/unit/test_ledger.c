/* SPDX-License-Identifier: MIT */
/* test_ledger - what the records add up to, live and after a restart */
#include "executor_support.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "executor/book.h"
#include "executor/event.h"

#define CHRISTMAS (UINT64_C(1766620800) * USEC_PER_SEC)

struct fixture {
        char path[PATH_MAX];
        struct loop *loop;
        struct book *book;
        struct ledger *ledger;
};

static void open_book(struct fixture *fixture) {
        assert_int_equal(book_new(fixture->loop, fixture->path, fixture->path, NULL, &fixture->book), 0);
        fixture->ledger = book_ledger(fixture->book);
}

/* As a crash would: nothing is said to anybody. */
static void reopen(struct fixture *fixture) {
        book_free(fixture->book);
        open_book(fixture);
}

static int set_up(void **state) {
        struct fixture *fixture = calloc(1, sizeof(*fixture));
        scratch_new(fixture->path);
        assert_int_equal(loop_new_sim(CHRISTMAS, &fixture->loop), 0);
        open_book(fixture);
        *state = fixture;
        return 0;
}

static int tear_down(void **state) {
        struct fixture *fixture = *state;
        book_free(fixture->book);
        loop_free(fixture->loop);
        scratch_free(fixture->path);
        free(fixture);
        return 0;
}

/* name, value, name, value, ..., NULL */
static void note(struct fixture *fixture, const char *event, ...) {
        struct book_entry entry = book_entry_new(event);
        const char *name;
        va_list list;

        va_start(list, event);
        while ((name = va_arg(list, const char *)))
                book_text(&entry, name, va_arg(list, const char *));
        va_end(list);
        assert_true(book_write(fixture->book, &entry) >= 0);
}

static void open_incident(struct fixture *fixture, const char *id) {
        note(fixture, "incident-opened", "incident", id, "title", "disk-space-high on /var/log", "condition",
                "disk-space-high_/var/log", NULL);
}

static void an_open_incident_is_found_again(void **state) {
        struct fixture *fixture = *state;
        open_incident(fixture, "7");
        reopen(fixture);
        assert_int_equal(fixture->ledger->incident.id, 7);
        assert_int_equal(fixture->ledger->incident.since_usec, CHRISTMAS);
        assert_string_equal(fixture->ledger->incident.title, "disk-space-high on /var/log");
        assert_int_equal(fixture->ledger->next_incident, 8);
        note(fixture, "incident-closed", "incident", "7", "text", "over", NULL);
        reopen(fixture);
        assert_int_equal(fixture->ledger->incident.id, 0);
        assert_int_equal(fixture->ledger->n_past, 1);
        assert_int_equal(fixture->ledger->next_incident, 8);
}

static void an_intent_without_outcome_is_found_and_once_unknown_not_again(void **state) {
        struct fixture *fixture = *state;
        open_incident(fixture, "1");
        note(fixture, "action-intent", "action", "5", "incident", "1", "verb", "journal.vacuum", "args",
                "keep=200M", NULL);
        reopen(fixture);
        assert_int_equal(fixture->ledger->n_intents, 1);
        assert_int_equal(fixture->ledger->intents[0].action, 5);
        assert_false(ledger_is_unknown(fixture->ledger, 1, "journal.vacuum"));
        note(fixture, "action-unknown", "action", "5", "incident", "1", "verb", "journal.vacuum", NULL);
        reopen(fixture);
        assert_int_equal(fixture->ledger->n_intents, 0);
        assert_true(ledger_is_unknown(fixture->ledger, 1, "journal.vacuum"));
        assert_false(ledger_is_unknown(fixture->ledger, 2, "journal.vacuum"));
        assert_int_equal(fixture->ledger->actions[0].status, WIRE_UNKNOWN);
        assert_string_equal(fixture->ledger->actions[0].args, "keep=200M");
        /* It may have been done, so it counts. */
        assert_int_equal(ledger_verb(fixture->ledger, "journal.vacuum")->uses.n, 1);
}

static void only_what_was_done_counts_for_a_verb(void **state) {
        static const struct {
                const char *status;
                size_t uses;
        } cases[] = {{"done", 1}, {"nothing", 0}, {"denied", 0}, {"failed", 1}, {"timed-out", 1}};
        struct fixture *fixture = *state;

        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                char verb[32];
                const struct ledger_verb *past;
                snprintf(verb, sizeof(verb), "test.verb%zu", i);
                note(fixture, "action-outcome", "action", "9", "verb", verb, "status", cases[i].status, NULL);
                past = ledger_verb(fixture->ledger, verb);
                assert_int_equal(past ? past->uses.n : 0, cases[i].uses);
        }
}

static void a_run_that_did_not_act_costs_its_playbook_nothing(void **state) {
        struct fixture *fixture = *state;
        const struct ledger_playbook *playbook;

        note(fixture, "run-begun", "run", "1", "playbook", "vacuum", "observe", "no", NULL);
        note(fixture, "run-ended", "run", "1", "playbook", "vacuum", "acted", "no", NULL);
        playbook = ledger_playbook(fixture->ledger, "vacuum");
        assert_int_equal(playbook->runs, 1);
        assert_int_equal(playbook->acted.n, 0);
        note(fixture, "run-begun", "run", "2", "playbook", "vacuum", "observe", "yes", NULL);
        note(fixture, "run-ended", "run", "2", "playbook", "vacuum", "acted", "observed", NULL);
        assert_int_equal(playbook->would_have_run, 1);
        assert_int_equal(playbook->acted.n, 1);
        assert_true(playbook->acted.uses[0].observed);
        assert_int_equal(fixture->ledger->n_runs, 0);
        assert_int_equal(fixture->ledger->next_run, 3);
}

static void an_action_marks_its_run_as_acting_already_with_the_intent(void **state) {
        struct fixture *fixture = *state;
        note(fixture, "run-begun", "run", "3", "playbook", "vacuum", NULL);
        note(fixture, "action-intent", "action", "1", "run", "3", "verb", "journal.vacuum", NULL);
        reopen(fixture);
        assert_int_equal(fixture->ledger->n_runs, 1);
        assert_true(fixture->ledger->runs[0].acted);
}

static void verbs_had_their_turn_only_in_the_open_incident(void **state) {
        struct fixture *fixture = *state;
        open_incident(fixture, "1");
        note(fixture, "action-denied", "incident", "1", "verb", "disk.free_ballast", "status", "nothing",
                "by", "check", NULL);
        assert_true(ledger_had_turn(fixture->ledger, "disk.free_ballast"));
        assert_false(ledger_had_turn(fixture->ledger, "logs.compress"));
        note(fixture, "incident-closed", "incident", "1", NULL);
        open_incident(fixture, "2");
        assert_false(ledger_had_turn(fixture->ledger, "disk.free_ballast"));
        note(fixture, "action-denied", "incident", "1", "verb", "disk.free_ballast", "by", "check", NULL);
        assert_false(ledger_had_turn(fixture->ledger, "disk.free_ballast"));
}

static void a_reopened_incident_has_its_turns_back(void **state) {
        struct fixture *fixture = *state;
        open_incident(fixture, "1");
        note(fixture, "action-denied", "incident", "1", "verb", "logs.compress", "by", "check", NULL);
        note(fixture, "incident-closed", "incident", "1", NULL);
        open_incident(fixture, "1");
        assert_true(ledger_had_turn(fixture->ledger, "logs.compress"));
        note(fixture, "action-denied", "incident", "1", "verb", "logs.rotate", "by", "check", NULL);
        reopen(fixture);
        assert_true(ledger_had_turn(fixture->ledger, "logs.compress"));
        assert_true(ledger_had_turn(fixture->ledger, "logs.rotate"));
        note(fixture, "incident-closed", "incident", "1", NULL);
        open_incident(fixture, "2");
        note(fixture, "incident-closed", "incident", "2", NULL);
        open_incident(fixture, "1");
        assert_false(ledger_had_turn(fixture->ledger, "logs.compress"));
}

static void neither_a_refusal_of_ours_nor_a_dry_run_is_a_turn(void **state) {
        struct fixture *fixture = *state;
        open_incident(fixture, "1");
        note(fixture, "action-denied", "incident", "1", "verb", "x.y", "by", "admission", NULL);
        note(fixture, "action-denied", "incident", "1", "verb", "x.y", "by", "child", NULL);
        note(fixture, "action-denied", "incident", "1", "verb", "x.y", NULL);
        note(fixture, "action-denied", "incident", "1", "verb", "x.y", "by", "check", "dry", "yes", NULL);
        note(fixture, "run-begun", "run", "3", "incident", "1", "playbook", "p", "dry", "yes", NULL);
        note(fixture, "action-would-have", "incident", "1", "run", "3", "verb", "x.y", NULL);
        note(fixture, "action-would-have", "incident", "1", "run", "99", "verb", "x.y", "dry", "yes", NULL);
        assert_false(ledger_had_turn(fixture->ledger, "x.y"));
        note(fixture, "run-begun", "run", "4", "incident", "1", "playbook", "p", "observe", "yes", NULL);
        note(fixture, "action-would-have", "incident", "1", "run", "4", "verb", "x.y", NULL);
        assert_true(ledger_had_turn(fixture->ledger, "x.y"));
}

static void use(struct fixture *fixture) {
        note(fixture, "run-ended", "run", "1", "playbook", "vacuum", "acted", "yes", NULL);
        note(fixture, "action-outcome", "action", "4", "verb", "x.y", "status", "done", NULL);
}

/* Now and after a restart. */
static void assert_used_at(struct fixture *fixture, uint64_t at_usec) {
        for (int i = 0; i < 2; i++) {
                assert_int_equal(ledger_playbook(fixture->ledger, "vacuum")->acted.uses[0].at_usec, at_usec);
                assert_int_equal(ledger_verb(fixture->ledger, "x.y")->uses.uses[0].at_usec, at_usec);
                reopen(fixture);
        }
}

static void uses_keep_their_age_when_the_clock_is_set(void **state) {
        struct fixture *fixture = *state;
        use(fixture);
        loop_sim_advance(fixture->loop, USEC_PER_HOUR);
        assert_false(book_watch_clock(fixture->book));
        loop_sim_set_realtime(fixture->loop, CHRISTMAS + USEC_PER_HOUR + 9 * USEC_PER_MINUTE);
        assert_false(book_watch_clock(fixture->book));
        loop_sim_set_realtime(fixture->loop, CHRISTMAS + USEC_PER_HOUR);
        assert_false(book_watch_clock(fixture->book));
        loop_sim_set_realtime(fixture->loop, CHRISTMAS + 3 * USEC_PER_DAY);
        assert_true(book_watch_clock(fixture->book));
        assert_false(book_watch_clock(fixture->book));
        /* To the microsecond, but for the time between two looks at the real clocks. */
        assert_in_range(ledger_verb(fixture->ledger, "x.y")->uses.uses[0].at_usec,
                CHRISTMAS + 3 * USEC_PER_DAY - USEC_PER_HOUR - USEC_PER_SEC,
                CHRISTMAS + 3 * USEC_PER_DAY - USEC_PER_HOUR + USEC_PER_SEC);
        assert_used_at(fixture, ledger_verb(fixture->ledger, "x.y")->uses.uses[0].at_usec);
        loop_sim_set_realtime(fixture->loop, CHRISTMAS + USEC_PER_HOUR);
        assert_true(book_watch_clock(fixture->book));
        assert_in_range(ledger_verb(fixture->ledger, "x.y")->uses.uses[0].at_usec, CHRISTMAS - USEC_PER_SEC,
                CHRISTMAS + USEC_PER_SEC);
}

static void a_clock_found_set_back_at_a_start_makes_uses_of_now_once(void **state) {
        struct fixture *fixture = *state;
        loop_sim_set_realtime(fixture->loop, CHRISTMAS + 30 * USEC_PER_DAY);
        book_watch_clock(fixture->book);
        use(fixture);
        loop_sim_set_realtime(fixture->loop, CHRISTMAS);
        reopen(fixture);
        assert_used_at(fixture, CHRISTMAS);
        loop_sim_advance(fixture->loop, USEC_PER_HOUR);
        assert_used_at(fixture, CHRISTMAS);
}

static void the_floor_goes_below_a_step_forward_and_for_a_day_only(void **state) {
        const uint64_t late = CHRISTMAS + 3 * USEC_PER_DAY;
        struct fixture *fixture = *state;
        const struct ledger *ledger = fixture->ledger;

        assert_int_equal(ledger_floor(ledger, late), late - USEC_PER_DAY);
        loop_sim_set_realtime(fixture->loop, late);
        book_watch_clock(fixture->book);
        /* A file of ten minutes before the step looks three days old and is not. */
        for (int i = 0; i < 2; i++) {
                assert_in_range(ledger_floor(ledger, late + USEC_PER_HOUR),
                        CHRISTMAS - 23 * USEC_PER_HOUR - USEC_PER_SEC,
                        CHRISTMAS - 23 * USEC_PER_HOUR + USEC_PER_SEC);
                /* The ring turns, and it is still known. */
                for (unsigned k = 0; k < RECORD_SLOTS + 100; k++)
                        note(fixture, "manifest", "action", "4", "text", "a line", NULL);
                reopen(fixture);
                ledger = fixture->ledger;
        }
        assert_int_equal(ledger->n_steps, 1);
        assert_int_equal(ledger_floor(ledger, late + USEC_PER_DAY), late);
        /* An incident older than the step has its beginning by the clock of then. */
        assert_int_equal(ledger_floor(ledger, CHRISTMAS), CHRISTMAS - USEC_PER_DAY);
}

static void an_open_incident_moves_back_with_the_clock(void **state) {
        struct fixture *fixture = *state;
        open_incident(fixture, "1");
        loop_sim_set_realtime(fixture->loop, CHRISTMAS - 3 * USEC_PER_DAY);
        book_watch_clock(fixture->book);
        assert_in_range(fixture->ledger->incident.since_usec, CHRISTMAS - 3 * USEC_PER_DAY - USEC_PER_SEC,
                CHRISTMAS - 3 * USEC_PER_DAY);
        reopen(fixture);
        assert_in_range(fixture->ledger->incident.since_usec, CHRISTMAS - 3 * USEC_PER_DAY - USEC_PER_SEC,
                CHRISTMAS - 3 * USEC_PER_DAY);
}

static size_t take_datagram(int fd, char *text, size_t size) {
        ssize_t n = recv(fd, text, size - 1, MSG_DONTWAIT);
        text[n > 0 ? n : 0] = '\0';
        for (ssize_t i = 0; i < n; i++)
                text[i] = text[i] ? text[i] : '@';
        return n > 0 ? (size_t)n : 0;
}

static void a_journal_that_hangs_is_not_waited_for_and_hears_what_it_missed(void **state) {
        const struct record_field fields[] = {
                {"event", "action-outcome"}, {"action", "7"}, {"status", "done"}, {"text", "a\nb"}};
        struct fixture *fixture = *state;
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        char slot[RECORD_SLOT_SIZE], text[8192], path[PATH_MAX + 16];
        int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        const struct event_kind *kind = event_kind("action-outcome", NULL);
        struct record record;
        unsigned heard = 0;

        snprintf(path, sizeof(path), "%s/journal", fixture->path);
        assert_true(strlen(path) < sizeof(address.sun_path));
        strcpy(address.sun_path, path);
        assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
        assert_int_equal(record_format(1, 1, fields, 4, slot), 0);
        assert_int_equal(record_parse(slot, &record), 0);
        alarm(20);
        for (unsigned i = 0; i < 5000; i++)
                event_send_to(path, kind, &record);
        alarm(0);
        while (take_datagram(fd, text, sizeof(text)) > 0) {
                assert_non_null(strstr(text, "\nSPOOLGUARD_ACTION=7\n"));
                assert_non_null(strstr(text, "\nSPOOLGUARD_REASON\n\3@@@@@@@a\nb\n"));
                assert_null(strstr(text, "SPOOLGUARD_LOST"));
                heard++;
        }
        assert_in_range(heard, 1, 4999);
        event_send_to(path, kind, &record);
        assert_true(take_datagram(fd, text, sizeof(text)) > 0);
        snprintf(slot, sizeof(slot), "(%u entries before it were lost)\n", 5000 - heard);
        assert_non_null(strstr(text, slot));
        event_send_to(path, kind, &record);
        assert_true(take_datagram(fd, text, sizeof(text)) > 0);
        assert_null(strstr(text, "lost"));
        close(fd);
}

static void observe_survives_a_restart_and_enforce_does_not(void **state) {
        struct fixture *fixture = *state;
        note(fixture, "mode", "mode", "observe", "who", "bus", NULL);
        reopen(fixture);
        assert_int_equal(fixture->ledger->mode_override, CONFIG_MODE_OBSERVE);
        note(fixture, "mode", "mode", "enforce", "who", "root", NULL);
        assert_int_equal(fixture->ledger->mode_override, CONFIG_MODE_ENFORCE);
        reopen(fixture);
        assert_int_equal(fixture->ledger->mode_override, CONFIG_MODE_OFF);
        note(fixture, "maintenance", "until", "1766620900000000", NULL);
        reopen(fixture);
        assert_int_equal(fixture->ledger->maintenance_until_usec, UINT64_C(1766620900000000));
}

static void crashes_in_lua_are_counted_and_forgiven_with_the_quarantine(void **state) {
        struct fixture *fixture = *state;
        note(fixture, "watcher-restarted", "activity", "lua", "what", "evil", NULL);
        note(fixture, "watcher-restarted", "activity", "parsing", "what", "evil", NULL);
        note(fixture, "watcher-restarted", "activity", "none", "what", "evil", NULL);
        reopen(fixture);
        assert_int_equal(ledger_playbook(fixture->ledger, "evil")->crashes, 1);
        note(fixture, "quarantined", "playbook", "evil", "source", "77", NULL);
        reopen(fixture);
        assert_true(ledger_playbook(fixture->ledger, "evil")->quarantined);
        assert_int_equal(ledger_playbook(fixture->ledger, "evil")->quarantined_source, 77);
        note(fixture, "unquarantined", "playbook", "evil", NULL);
        assert_false(ledger_playbook(fixture->ledger, "evil")->quarantined);
        assert_int_equal(ledger_playbook(fixture->ledger, "evil")->crashes, 0);
}

static void what_must_not_be_forgotten_survives_the_turning_of_the_ring(void **state) {
        struct fixture *fixture = *state;
        const struct ledger_playbook *playbook;

        open_incident(fixture, "7");
        note(fixture, "escalated", "incident", "7", "reason", "spent", NULL);
        note(fixture, "mode", "mode", "observe", NULL);
        note(fixture, "maintenance", "until", "1999999999000000", NULL);
        for (int i = 0; i < 3; i++)
                note(fixture, "run-ended", "run", "1", "playbook", "vacuum", "acted", "yes", NULL);
        note(fixture, "quarantined", "playbook", "evil", "source", "5", NULL);
        note(fixture, "action-outcome", "action", "4", "verb", "journal.vacuum", "status", "done", NULL);
        for (unsigned i = 0; i < 2 * RECORD_SLOTS; i++)
                note(fixture, "manifest", "action", "4", "text", "a line", NULL);
        reopen(fixture);

        assert_int_equal(fixture->ledger->incident.id, 7);
        assert_int_equal(fixture->ledger->incident.since_usec, CHRISTMAS);
        assert_true(fixture->ledger->incident.escalated);
        assert_int_equal(fixture->ledger->mode_override, CONFIG_MODE_OBSERVE);
        assert_int_equal(fixture->ledger->maintenance_until_usec, UINT64_C(1999999999000000));
        playbook = ledger_playbook(fixture->ledger, "vacuum");
        assert_int_equal(playbook->acted.n, 3);
        assert_int_equal(playbook->acted.uses[0].at_usec, CHRISTMAS);
        assert_true(ledger_playbook(fixture->ledger, "evil")->quarantined);
        assert_int_equal(ledger_verb(fixture->ledger, "journal.vacuum")->uses.n, 1);
}

static void a_flood_of_notes_does_not_wash_out_the_ring(void **state) {
        struct fixture *fixture = *state;
        uint64_t before = fixture->ledger->next_number;
        open_incident(fixture, "1");
        for (int i = 0; i < 100000; i++)
                note(fixture, "incident-note", "incident", "1", "kind", "note", "text", "again", NULL);
        assert_in_range(fixture->ledger->next_number - before, 2, 200);
}

static void numbers_go_on_behind_the_highest(void **state) {
        struct fixture *fixture = *state;
        uint64_t next;
        note(fixture, "action-intent", "action", "41", "verb", "x.y", NULL);
        next = fixture->ledger->next_number;
        reopen(fixture);
        assert_int_equal(fixture->ledger->next_action, 42);
        assert_int_equal(fixture->ledger->next_number, next);
}

static void act(struct fixture *fixture, const char *verb, const char *event) {
        note(fixture, "action-intent", "action", "5", "incident", "1", "verb", verb, NULL);
        note(fixture, event, "action", "5", "incident", "1", "verb", verb, "status", "done", NULL);
}

/* A queue is brought back in hundreds of actions, and none of them says how the one ended that was cut off. */
static void what_is_unknown_stays_so_behind_many_others(void **state) {
        struct fixture *fixture = *state;

        open_incident(fixture, "1");
        act(fixture, "journal.vacuum", "action-unknown");
        for (unsigned i = 0; i < 2 * LEDGER_ACTIONS_MAX; i++)
                act(fixture, "postfix.retry", "action-outcome");
        assert_int_equal(fixture->ledger->n_actions, LEDGER_ACTIONS_MAX);
        assert_true(ledger_is_unknown(fixture->ledger, 1, "journal.vacuum"));
        reopen(fixture);
        assert_true(ledger_is_unknown(fixture->ledger, 1, "journal.vacuum"));
        act(fixture, "journal.vacuum", "action-outcome");
        for (unsigned i = 0; i < 2 * LEDGER_ACTIONS_MAX; i++) {
                act(fixture, "postfix.retry", "action-outcome");
                assert_false(ledger_is_unknown(fixture->ledger, 1, "journal.vacuum"));
        }
}

static void lists_that_are_full_forget_their_oldest(void **state) {
        struct fixture *fixture = *state;
        struct ledger *ledger = fixture->ledger;
        char name[32];

        for (unsigned i = 0; i < 3 * LEDGER_PLAYBOOKS_MAX; i++) {
                snprintf(name, sizeof(name), "%u", i + 1);
                note(fixture, "run-begun", "run", name, "playbook", name, NULL);
                note(fixture, "action-intent", "action", name, "run", name, "verb", name, NULL);
                note(fixture, "escalated", "incident", "0", "reason", name, NULL);
                if (i % 2)
                        note(fixture, "action-outcome", "action", name, "verb", name, "status", "done", NULL);
                note(fixture, "incident-opened", "incident", name, "title", name, NULL);
        }
        assert_int_equal(ledger->n_playbooks, LEDGER_PLAYBOOKS_MAX);
        assert_int_equal(ledger->n_verbs, LEDGER_VERBS_MAX);
        assert_int_equal(ledger->n_runs, LEDGER_RUNS_MAX);
        assert_int_equal(ledger->n_past, LEDGER_INCIDENTS_MAX);
        assert_int_equal(ledger->n_intents, LEDGER_INTENTS_MAX - 1); /* the last one has its outcome */
        assert_int_equal(ledger->n_actions, LEDGER_ACTIONS_MAX);
        assert_int_equal(ledger->n_escalations, LEDGER_ESCALATIONS_MAX);
        assert_non_null(ledger_playbook(ledger, name));
        assert_non_null(ledger_run(ledger, UINT64_C(3) * LEDGER_PLAYBOOKS_MAX));
        assert_int_not_equal(ledger_escalated_usec(ledger, name, ""), 0);
        assert_int_equal(ledger_escalated_usec(ledger, "1", ""), 0);
}

static void a_sentence_takes_its_words_from_the_record(void **state) {
        const struct record_field fields[] = {{"event", "action-outcome"}, {"action", "7"},
                {"verb", "journal.vacuum"}, {"status", "done"}, {"text", "a\nb"}};
        char slot[RECORD_SLOT_SIZE], text[200];
        struct record record;
        (void)state;

        assert_int_equal(record_format(1, 1, fields, 5, slot), 0);
        assert_int_equal(record_parse(slot, &record), 0);
        event_sentence(event_kind("action-outcome", NULL), &record, text, sizeof(text));
        assert_string_equal(text, "action 7 ended: journal.vacuum: done: a b");
        event_sentence(event_kind("action-outcome", NULL), &record, text, 10);
        assert_string_equal(text, "action 7 ");
        assert_null(event_kind("no-such-event", NULL));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(an_open_incident_is_found_again),
                TEST(an_intent_without_outcome_is_found_and_once_unknown_not_again),
                TEST(what_is_unknown_stays_so_behind_many_others),
                TEST(only_what_was_done_counts_for_a_verb),
                TEST(a_run_that_did_not_act_costs_its_playbook_nothing),
                TEST(an_action_marks_its_run_as_acting_already_with_the_intent),
                TEST(verbs_had_their_turn_only_in_the_open_incident),
                TEST(a_reopened_incident_has_its_turns_back),
                TEST(neither_a_refusal_of_ours_nor_a_dry_run_is_a_turn),
                TEST(uses_keep_their_age_when_the_clock_is_set),
                TEST(a_clock_found_set_back_at_a_start_makes_uses_of_now_once),
                TEST(the_floor_goes_below_a_step_forward_and_for_a_day_only),
                TEST(an_open_incident_moves_back_with_the_clock),
                TEST(a_journal_that_hangs_is_not_waited_for_and_hears_what_it_missed),
                TEST(observe_survives_a_restart_and_enforce_does_not),
                TEST(crashes_in_lua_are_counted_and_forgiven_with_the_quarantine),
                TEST(what_must_not_be_forgotten_survives_the_turning_of_the_ring),
                TEST(a_flood_of_notes_does_not_wash_out_the_ring),
                TEST(numbers_go_on_behind_the_highest),
                TEST(lists_that_are_full_forget_their_oldest),
                cmocka_unit_test(a_sentence_takes_its_words_from_the_record),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
