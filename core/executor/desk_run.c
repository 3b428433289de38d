/* SPDX-License-Identifier: MIT */
/*
 * desk_run - runs of playbooks begin and end
 *
 * Runs in: executor.  A run is a licence: actions are done for runs that were admitted and have not ended, and
 * for nobody else.  Whether a run acted, and so uses up its playbook's budget and starts its cool-down, is what
 * we did for it, not what its end message says.
 *
 * Limits: DESK_RUNS_PER_HOUR, which no honest watcher comes near, keeps a mad one from filling the ring; and a
 * playbook begins at most ATTEMPTS_PER_RUN times as often as it may act, so that one which brings the watcher
 * down before it acts comes to rest as well.
 */
#include "executor/desk_parts.h"

#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"

#define DESK_RUNS_BURST 40u
#define DESK_RUNS_PER_HOUR 120u
#define BUDGET_DEFAULT_RUNS 4u
#define ATTEMPTS_PER_RUN 3u
#define ATTEMPTS_MIN 6u

static bool use_ticket(struct desk *desk, const char *playbook) {
        for (size_t i = 0; i < DESK_TICKETS_MAX; i++)
                if (strcmp(desk->tickets[i].playbook, playbook) == 0 &&
                        desk->tickets[i].until_usec > loop_now(desk->loop)) {
                        desk->tickets[i].until_usec = 0;
                        return true;
                }
        return false;
}

static bool is_running(const struct desk *desk, const char *playbook) {
        for (size_t i = 0; i < desk->ledger->n_runs; i++)
                if (strcmp(desk->ledger->runs[i].playbook, playbook) == 0)
                        return true;
        return false;
}

struct budget_limit desk_limit(const struct config_playbook *playbook) {
        return (struct budget_limit){.count = playbook->runs ? playbook->runs : BUDGET_DEFAULT_RUNS,
                .window_usec = playbook->per_usec ? playbook->per_usec : USEC_PER_DAY,
                .cooldown_usec = playbook->cooldown_usec};
}

struct budget_limit desk_attempts(const struct config_playbook *playbook) {
        struct budget_limit limit = desk_limit(playbook);
        unsigned runs = limit.count < BUDGET_USES_MAX ? limit.count : BUDGET_USES_MAX;

        limit.count = runs * ATTEMPTS_PER_RUN > ATTEMPTS_MIN ? runs * ATTEMPTS_PER_RUN : ATTEMPTS_MIN;
        limit.count = limit.count < BUDGET_USES_MAX ? limit.count : BUDGET_USES_MAX;
        limit.cooldown_usec = 0;
        return limit;
}

static void decide(struct desk *desk, const struct wire_run_begin *begin, bool by_root,
        struct admit_answer *ret_answer) {
        const struct config_playbook *playbook = config_playbook(desk->config, begin->playbook);
        const struct ledger_playbook *past = ledger_playbook(desk->ledger, begin->playbook);
        struct admit_run run = {.known = playbook != NULL,
                .failed = playbook ? playbook->failed : NULL,
                .by_hand = begin->by_hand,
                .dry = begin->dry,
                .asked_by_root = by_root,
                .incident = begin->incident,
                .open_incident = desk->ledger->incident.id,
                .is_running = is_running(desk, begin->playbook),
                .table_full = desk->closed || desk->ledger->n_runs >= LEDGER_RUNS_MAX ||
                        !allowance_take(
                                &desk->runs, DESK_RUNS_BURST, DESK_RUNS_PER_HOUR, loop_now(desk->loop)),
                .acted = past ? &past->acted : NULL,
                .begun = past ? &past->begun : NULL};

        desk_facts(desk, playbook, &run.rules);
        if (playbook) {
                run.limit = desk_limit(playbook);
                run.attempts = desk_attempts(playbook);
        }
        admit_run(&run, ret_answer);
}

static void record_begun(struct desk *desk, const struct wire_run_begin *begin, bool observe, bool by_root) {
        struct book_entry entry = book_entry_new("run-begun");

        book_number(&entry, "run", desk->ledger->next_run);
        book_text(&entry, "playbook", begin->playbook);
        book_number(&entry, "incident", begin->incident);
        book_flag(&entry, "observe", observe);
        book_flag(&entry, "by_hand", begin->by_hand);
        book_flag(&entry, "by_root", by_root);
        book_flag(&entry, "dry", begin->dry);
        book_write(desk->book, &entry);
}

static void record_refused(
        struct desk *desk, const struct wire_run_begin *begin, const struct admit_answer *answer) {
        struct book_entry entry = book_entry_new("run-refused");
        const char *verdict = wire_verdict_name(answer->verdict);
        uint64_t repeated;

        /* Not by the sentence: "another 12m" is another one every minute. */
        if (!desk_denial_is_news(desk, begin->playbook, verdict, "", &repeated))
                return;
        log_info("a run of playbook %s is refused: %s", begin->playbook, answer->text);
        book_text(&entry, "playbook", begin->playbook);
        book_number(&entry, "incident", begin->incident);
        book_text(&entry, "verdict", verdict);
        book_number(&entry, "until", answer->until_usec);
        book_text(&entry, "text", answer->text);
        book_number(&entry, "repeated", repeated);
        book_write(desk->book, &entry);
}

void desk_on_run_begin(struct desk *desk, const struct wire_message *message) {
        const struct wire_run_begin *begin = &message->run_begin;
        struct wire_message reply = {.type = WIRE_RUN_REPLY, .run_reply.serial = begin->serial};
        bool by_root = begin->by_hand && use_ticket(desk, begin->playbook);
        struct admit_answer answer;

        decide(desk, begin, by_root, &answer);
        reply.run_reply.verdict = answer.verdict;
        reply.run_reply.until_usec = answer.until_usec;
        reply.run_reply.observe = answer.observe;
        TEXT_COPY(reply.run_reply.text, answer.text);
        if (answer.verdict == WIRE_GO) {
                reply.run_reply.run = desk->ledger->next_run;
                record_begun(desk, begin, answer.observe, by_root);
        } else
                record_refused(desk, begin, &answer);
        desk_send(desk, &reply);
        desk_tell_playbook(desk, begin->playbook);
}

void desk_end_run(struct desk *desk, const struct ledger_run *run, const char *result, const char *text) {
        struct book_entry entry = book_entry_new("run-ended");
        const struct ledger_run ended = *run; /* leaves the ledger in here */

        book_number(&entry, "run", ended.id);
        book_text(&entry, "playbook", ended.playbook);
        book_number(&entry, "incident", ended.incident);
        book_text(&entry, "result", result);
        book_text(&entry, "acted", ended.acted ? "yes" : ended.would_have_acted ? "observed" : "no");
        book_text(&entry, "text", text);
        book_write(desk->book, &entry);
        desk_tell_playbook(desk, ended.playbook);
}

void desk_on_run_end(struct desk *desk, const struct wire_message *message) {
        const struct wire_run_end *end = &message->run_end;
        const struct ledger_run *run = ledger_run(desk->ledger, end->run);

        if (!run) {
                desk_stray(desk, "run", end->run);
                return;
        }
        if (end->crashed) {
                struct book_entry entry = book_entry_new("playbook-broken");
                book_text(&entry, "playbook", run->playbook);
                book_number(&entry, "run", run->id);
                book_text(&entry, "text", end->text);
                book_write(desk->book, &entry);
        }
        desk_end_run(desk, run, end->result, end->text);
}

int desk_run_by_root(struct desk *desk, const char *playbook, bool dry, struct problem *problem) {
        struct wire_message message = {.type = WIRE_RUN_PLAYBOOK, .run_playbook.dry = dry};
        uint64_t now = loop_now(desk->loop);
        size_t i = 0;

        if (!config_playbook(desk->config, playbook))
                return problem_set(problem, "there is no playbook %s", playbook);
        if (!desk->greeted)
                return problem_set(problem, "the watcher is not running at this moment; try again");
        while (i < DESK_TICKETS_MAX && desk->tickets[i].until_usec > now)
                i++;
        if (i == DESK_TICKETS_MAX)
                return problem_set(problem, "too many runs are waiting already");
        TEXT_COPY(desk->tickets[i].playbook, playbook);
        desk->tickets[i].until_usec = dry ? 0 : now + DESK_TICKET_LIFE;
        TEXT_COPY(message.run_playbook.playbook, playbook);
        desk_send(desk, &message);
        return 0;
}
