/* SPDX-License-Identifier: MIT */
/*
 * ledger_clock - what the clock being set means for the times in the ledger
 *
 * Runs in: executor.  Pure, as ledger_apply.c: it learns of a step from its record.  What was used keeps its age, so
 * that a clock which is set spends no budget and brings none back, and the steps forward are kept, since the
 * time stamps of files do not move with them.
 *
 * Limits: LEDGER_STEPS_MAX steps; when there are more the oldest is forgotten.
 */
#include "executor/ledger_fold.h"

uint64_t ledger_floor(const struct ledger *ledger, uint64_t since_usec) {
        uint64_t floor_usec = since_usec > LEDGER_FLOOR ? since_usec - LEDGER_FLOOR : 0;

        for (size_t i = ledger->n_steps; i-- > 0;) {
                uint64_t at = ledger->steps[i].at_usec, by = ledger->steps[i].by_usec;
                if (floor_usec < at && at <= since_usec)
                        floor_usec = floor_usec > by ? floor_usec - by : 0;
        }
        return floor_usec;
}

static uint64_t latest_use(const struct budget_uses *uses, uint64_t latest) {
        for (size_t i = 0; i < uses->n; i++)
                latest = uses->uses[i].at_usec > latest ? uses->uses[i].at_usec : latest;
        return latest;
}

uint64_t ledger_latest_usec(const struct ledger *ledger) {
        uint64_t latest = ledger->last_usec;

        if (ledger->incident.since_usec > latest)
                latest = ledger->incident.since_usec;
        for (size_t i = 0; i < ledger->n_playbooks; i++)
                latest = latest_use(
                        &ledger->playbooks[i].begun, latest_use(&ledger->playbooks[i].acted, latest));
        for (size_t i = 0; i < ledger->n_verbs; i++)
                latest = latest_use(&ledger->verbs[i].uses, latest);
        return latest;
}

static void add_step(struct ledger *ledger, uint64_t at_usec, uint64_t by_usec) {
        if (ledger->n_steps == LEDGER_STEPS_MAX)
                ledger_drop(ledger->steps, &ledger->n_steps, 0, sizeof(ledger->steps[0]));
        ledger->steps[ledger->n_steps].at_usec = at_usec;
        ledger->steps[ledger->n_steps++].by_usec = by_usec;
}

static void set_back(uint64_t *at_usec, uint64_t by_usec, uint64_t now_usec) {
        *at_usec = *at_usec > by_usec ? *at_usec - by_usec : 0;
        if (*at_usec > now_usec)
                *at_usec = now_usec;
}

static void move_uses(struct budget_uses *uses, bool forward, uint64_t by_usec, uint64_t now_usec) {
        budget_move(uses, forward, by_usec);
        budget_cap(uses, now_usec);
}

/*
 * The clock was set while we ran: what was used keeps its age.  Found at a start, `by` is only the least it can
 * be, and whatever lies in the future counts as of now.  `at` is there when a checkpoint says it once more.
 */
void ledger_on_clock_stepped(struct ledger *ledger, const struct record *record) {
        bool forward = strcmp(record_get(record, "direction"), "forward") == 0;
        uint64_t at = record_get_number(record, "at"), by = record_get_number(record, "by");
        uint64_t now = record->time_usec, moved = ledger_says_yes(record, "at_start") ? 0 : by;

        if (at != 0) {
                for (size_t i = 0; i < ledger->n_steps; i++)
                        if (ledger->steps[i].at_usec == at)
                                return;
                add_step(ledger, at, by);
                return;
        }
        for (size_t i = 0; i < ledger->n_playbooks; i++) {
                move_uses(&ledger->playbooks[i].acted, forward, moved, now);
                move_uses(&ledger->playbooks[i].begun, forward, moved, now);
        }
        for (size_t i = 0; i < ledger->n_verbs; i++)
                move_uses(&ledger->verbs[i].uses, forward, moved, now);
        if (forward) {
                add_step(ledger, now, by);
                return;
        }
        for (size_t i = 0; i < ledger->n_steps; i++)
                set_back(&ledger->steps[i].at_usec, moved, now);
        for (size_t i = 0; i < ledger->n_escalations; i++)
                set_back(&ledger->escalations[i].at_usec, moved, now);
        set_back(&ledger->incident.since_usec, moved, now);
}
