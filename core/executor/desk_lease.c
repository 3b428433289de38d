/* SPDX-License-Identifier: MIT */
/*
 * desk_lease - leases are taken, lapse, and end
 *
 * Runs in: executor.  The leases are lease_store.c's, the rules lease.c's; here they meet actions, messages and
 * time.  An action of a reversible verb takes a lease, which is on disk before the intent is, or renews the one
 * that the same verb with the same arguments has already.  When it did not go well, what it left is undone at
 * once.
 *
 * A lease ends by an admin's word, by the watcher's, by its limit, or a slice after it lapsed.  Ending is always
 * possible: in observe, in maintenance, and by a watcher that lies, because it only takes back what we did.
 * "Ending" on disk is the intent of the undo: after a crash it is undone again, which verbs promise to bear.
 *
 * Fails: a lease that can be kept nowhere is not taken; one that cannot be written later goes on in memory.
 * Limits: LEASE_MAX leases.
 */
#include "executor/desk_parts.h"

#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "executor/desk_lease.h"

/* Looked at so often at least, because the clock may be set. */
#define LOOK_USEC USEC_PER_MINUTE

static const char unknown_text[] =
        "unknown: spoolguard or the host ended while it was taken; evidence will renew or end it";

void desk_lease_keep(struct desk *desk, const struct lease *lease) {
        struct wire_message message;
        int r = lease_store_write(desk->leases, lease, loop_realtime(desk->loop));

        if (r < 0)
                log_error("lease %llu cannot be written, so a restart will not know how it stands: %s",
                        (unsigned long long)lease->id, strerror(-r));
        lease_message(lease, &message);
        desk_send(desk, &message);
        desk->ops->changed(desk->data);
}

void desk_lease_record(struct desk *desk, const char *event, const struct lease *lease) {
        struct book_entry entry = book_entry_new(event);
        char args[LEASE_ARGS_MAX];
        bool taken = strcmp(event, "lease-taken") == 0,
             ended = strcmp(event, "lease-ended") == 0 || strcmp(event, "lease-forgotten") == 0;

        TEXT_COPY(args, lease->args);
        for (char *at = args; (at = strchr(at, '\n'));)
                *at = ' ';
        book_number(&entry, "lease", lease->id);
        book_number(&entry, "incident", lease->incident);
        book_number(&entry, "action", lease->action);
        book_text(&entry, "playbook", lease->owner);
        book_text(&entry, "verb", lease->verb);
        book_text(&entry, "args", args);
        book_number(&entry, "count", lease->count);
        book_number(&entry, "expires", lease->expires_usec);
        if (taken) {
                book_number(&entry, "limit", lease->limit_usec);
                book_text(&entry, "until_clear", lease->until_clear);
                book_text(&entry, "reason", lease->reason);
        }
        if (ended) {
                book_text(&entry, "reason", lease->why);
                book_text(&entry, "status", lease->failures == 0 ? "done" : "failed");
        }
        book_text(&entry, "text", lease->text);
        book_write(desk->book, &entry);
}

static struct lease *same_lease(struct desk *desk, const char *verb, const char *args) {
        for (unsigned i = 0; i < LEASE_MAX; i++) {
                struct lease *lease = lease_store_at(desk->leases, i);

                if (lease->id != 0 && lease->state != WIRE_LEASE_ENDED && strcmp(lease->verb, verb) == 0 &&
                        strcmp(lease->args, args) == 0)
                        return lease;
        }
        return NULL;
}

/* What one that is over or ending has to say against the same again. */
static enum admit_lease last_word(struct desk *desk, const char *verb, const char *args, uint64_t incident) {
        enum admit_lease word = ADMIT_LEASE_NEW;

        for (unsigned i = 0; i < LEASE_MAX; i++) {
                const struct lease *lease = lease_store_at(desk->leases, i);

                if (strcmp(lease->verb, verb) != 0 || strcmp(lease->args, args) != 0)
                        continue;
                if (lease_is_returned(lease, incident))
                        return ADMIT_LEASE_RETURNED;
                if (lease->state == WIRE_LEASE_ENDED && lease_is_worn(lease, loop_realtime(desk->loop)))
                        word = ADMIT_LEASE_WORN;
        }
        return word;
}

enum admit_lease desk_lease_standing(
        struct desk *desk, const struct sg_verb *verb, const struct sg_value *args, uint64_t incident) {
        char text[LEASE_ARGS_MAX];
        const struct lease *lease;
        enum admit_lease word;

        if (!desk_write_args(verb, args, "\n", text, sizeof(text)))
                return ADMIT_LEASE_TOO_LONG;
        word = last_word(desk, verb->name, text, incident);
        if (word != ADMIT_LEASE_NEW)
                return word;
        lease = same_lease(desk, verb->name, text);
        if (!lease)
                return lease_store_count(desk->leases) < LEASE_MAX ? ADMIT_LEASE_NEW : ADMIT_LEASE_FULL;
        if (lease->state == WIRE_LEASE_ENDING)
                return ADMIT_LEASE_ENDING;
        return desk_lease_works_on(desk, lease->id) ? ADMIT_LEASE_AT_WORK : ADMIT_LEASE_RENEWED;
}

void desk_lease_begin(struct desk_action *action, const struct wire_action_request *request) {
        struct action_plan *plan = &action->job.plan;
        struct desk *desk = action->desk;
        struct lease fresh = {.incident = action->incident}, *lease;

        TEXT_COPY(fresh.verb, plan->verb->name);
        TEXT_COPY(fresh.owner, action->playbook);
        TEXT_COPY(fresh.until_clear, request->until_clear);
        TEXT_COPY(fresh.reason, request->reason);
        desk_write_args(plan->verb, plan->args, "\n", fresh.args, sizeof(fresh.args));
        lease = same_lease(desk, fresh.verb, fresh.args);
        if (!lease && !plan->check_only) {
                lease_take(&fresh, plan->verb->slice_usec, plan->verb->lease_max_usec,
                        loop_realtime(desk->loop));
                lease = lease_store_add(desk->leases, &fresh, desk->ledger->incident.id);
                action->takes_lease = true;
        }
        if (lease && !plan->check_only)
                action->lease = lease->id;
        /* A check alone is told the number that it would have. */
        plan->lease = lease ? lease->id : lease_store_next(desk->leases);
}

const char *desk_lease_go(struct desk_action *action) {
        struct desk *desk = action->desk;
        struct lease *lease = lease_store_find(desk->leases, action->lease);
        struct wire_message message;
        int r;

        if (action->lease == 0)
                return NULL;
        if (!lease || lease->state == WIRE_LEASE_ENDING)
                return "its lease was ended meanwhile";
        if (!action->takes_lease)
                return NULL;
        lease->action = action->action;
        lease_take(
                lease, lease->slice_usec, action->job.plan.verb->lease_max_usec, loop_realtime(desk->loop));
        r = lease_store_write(desk->leases, lease, loop_realtime(desk->loop));
        if (r < 0) {
                lease->action = 0;
                return r == -EMSGSIZE ? "its arguments are too long to be kept with its lease"
                                      : "its lease cannot be kept anywhere, so it is not done";
        }
        lease_message(lease, &message);
        desk_send(desk, &message);
        return NULL;
}

void desk_lease_renewed(struct desk *desk, struct lease *lease, const struct sg_outcome *outcome) {
        uint64_t now = loop_now(desk->loop);
        bool lapsed = lease->state == WIRE_LEASE_LAPSED;

        TEXT_COPY(lease->text, outcome->text);
        if (lease->state == WIRE_LEASE_ENDING)
                return;
        lease_hold(lease, outcome->count, loop_realtime(desk->loop));
        lease_limit(lease, outcome->until_usec);
        /* Not a record for each renewal: there are one or two a minute. */
        if (lapsed || lease->recorded_usec == 0 || now - lease->recorded_usec >= lease->slice_usec) {
                lease->recorded_usec = now;
                desk_lease_record(desk, "lease-renewed", lease);
        }
        desk_lease_keep(desk, lease);
}

static void taken(struct desk *desk, struct lease *lease, const struct sg_outcome *outcome) {
        TEXT_COPY(lease->text, outcome->text);
        lease->recorded_usec = loop_now(desk->loop);
        if (lease->state != WIRE_LEASE_ENDING)
                lease_hold(lease, outcome->count, loop_realtime(desk->loop));
        lease_limit(lease, outcome->until_usec);
        lease->count = outcome->count;
        desk_lease_record(desk, "lease-taken", lease);
        desk_lease_keep(desk, lease);
}

void desk_lease_outcome(
        struct desk_action *action, bool went, enum wire_status status, const struct sg_outcome *outcome) {
        struct desk *desk = action->desk;
        struct lease *lease = lease_store_find(desk->leases, action->lease);

        if (!lease)
                return;
        if (!went && !action->takes_lease)
                return;
        if (!went && lease->action == 0)
                lease_store_drop(lease);
        else if (!went) {
                /* It was written, and then the intent could not be. */
                lease->state = WIRE_LEASE_ENDED;
                desk_lease_keep(desk, lease);
        } else if (status != WIRE_DONE) {
                TEXT_COPY(lease->text, outcome->text);
                if (action->takes_lease && lease_end(lease, "failed"))
                        desk_lease_keep(desk, lease);
        } else if (action->takes_lease)
                taken(desk, lease, outcome);
        else
                desk_lease_renewed(desk, lease, outcome);
}

bool desk_lease_covers(struct desk *desk, uint64_t action, const char *verb) {
        for (unsigned i = 0; i < LEASE_MAX; i++) {
                const struct lease *lease = lease_store_at(desk->leases, i);

                /* A lease is on disk before its intent: a crash in between leaves the action's number to another. */
                if (lease->id != 0 && lease->action == action && lease->state != WIRE_LEASE_ENDED &&
                        strcmp(lease->verb, verb) == 0)
                        return true;
        }
        return false;
}

/* One that has no action yet was never told to go: nothing is known of it outside. */
void desk_tell_leases(struct desk *desk) {
        for (unsigned i = 0; i < LEASE_MAX; i++) {
                const struct lease *lease = lease_store_at(desk->leases, i);
                struct wire_message message;

                if (lease->id == 0 || lease->action == 0 || lease->state == WIRE_LEASE_ENDED)
                        continue;
                lease_message(lease, &message);
                desk_send(desk, &message);
        }
}

void desk_recover_leases(struct desk *desk) {
        for (unsigned i = 0; i < LEASE_MAX; i++) {
                struct lease *lease = lease_store_at(desk->leases, i);

                if (lease->id == 0 || lease->state == WIRE_LEASE_ENDED)
                        continue;
                lease_know_again(lease, desk->started_usec);
                if (lease->state == WIRE_LEASE_TAKING) {
                        lease->state = WIRE_LEASE_IN_FORCE;
                        TEXT_COPY(lease->text, unknown_text);
                }
                log_notice("lease %llu (%s) of playbook %s is known again: %s", (unsigned long long)lease->id,
                        lease->verb, lease->owner, wire_lease_state_name(lease->state));
        }
        desk_look_at_leases(desk);
}

void desk_move_leases(struct desk *desk, int64_t by_usec) {
        desk->started_usec += (uint64_t)by_usec;
        for (unsigned i = 0; i < LEASE_MAX; i++) {
                struct lease *lease = lease_store_at(desk->leases, i);

                if (lease->id == 0 || lease->action == 0 || lease->state == WIRE_LEASE_ENDED)
                        continue;
                lease_move(lease, by_usec);
                desk_lease_keep(desk, lease);
        }
}

static bool end(struct desk *desk, struct lease *lease, const char *why) {
        if (!lease_end(lease, why))
                return false;
        desk_lease_keep(desk, lease);
        return true;
}

static void end_at_limit(struct desk *desk, struct lease *lease) {
        char text[512], duration[TEXT_QUANTITY_MAX];

        text_format(text, sizeof(text),
                "Lease %llu (%s, %s) was in force for %s and %s has not cleared.\nWhat it changed is "
                "taken back now.",
                (unsigned long long)lease->id, lease->verb, lease->reason,
                text_duration(lease->limit_usec - lease->since_usec, duration), lease->until_clear);
        if (end(desk, lease, "limit"))
                desk_escalate(desk, lease->incident == desk->ledger->incident.id ? lease->incident : 0,
                        "lease-expired", lease->until_clear, text);
}

static void do_what_is_due(struct desk *desk, struct lease *lease) {
        switch (lease_due(lease, desk->started_usec, loop_realtime(desk->loop))) {
        case LEASE_DUE_NOTHING: return;
        case LEASE_DUE_LAPSE:
                lease->state = WIRE_LEASE_LAPSED;
                desk_lease_record(desk, "lease-lapsed", lease);
                desk_lease_keep(desk, lease);
                return;
        case LEASE_DUE_END_LAPSED: end(desk, lease, "lapsed"); return;
        case LEASE_DUE_END_LIMIT: end_at_limit(desk, lease); return;
        }
}

/* CLOCK_MONOTONIC; looked at only while there is a lease. */
static uint64_t next_look(struct desk *desk) {
        uint64_t now = loop_now(desk->loop), real = loop_realtime(desk->loop), next = USEC_NEVER;

        for (unsigned i = 0; i < LEASE_MAX; i++) {
                const struct lease *lease = lease_store_at(desk->leases, i);
                uint64_t due = lease_due_usec(lease, desk->started_usec), at = now + LOOK_USEC;

                if (lease->id == 0 || lease->state == WIRE_LEASE_ENDED)
                        continue;
                if (due != UINT64_MAX && due < real + LOOK_USEC)
                        at = now + (due > real ? due - real : 0);
                if (lease->state == WIRE_LEASE_ENDING && lease->undo_after_usec > now &&
                        lease->undo_after_usec < at)
                        at = lease->undo_after_usec;
                if (at < next)
                        next = at;
        }
        return next;
}

void desk_look_at_leases(struct desk *desk) {
        if (!desk->config)
                return;
        desk_watch_clock(desk);
        for (unsigned i = 0; i < LEASE_MAX; i++) {
                struct lease *lease = lease_store_at(desk->leases, i);

                /* What an action or a renewal is at work for is judged when that is over. */
                if (lease->id != 0 && !desk_lease_works_on(desk, lease->id))
                        do_what_is_due(desk, lease);
        }
        for (unsigned i = 0; i < LEASE_MAX; i++) {
                struct lease *lease = lease_store_at(desk->leases, i);

                if (lease->id == 0 || desk_lease_works_on(desk, lease->id))
                        continue;
                if (lease->state == WIRE_LEASE_ENDING)
                        desk_lease_undo(desk, lease);
                else
                        desk_lease_look(desk, lease);
        }
        loop_timer_arm(desk->lease_timer, next_look(desk));
}

void desk_on_lease_end(struct desk *desk, const struct wire_message *message) {
        struct lease *lease = lease_store_find(desk->leases, message->lease_end.lease);

        if (!lease || lease->action == 0) {
                desk_stray(desk, "lease", message->lease_end.lease);
                return;
        }
        if (lease->state != WIRE_LEASE_ENDING)
                TEXT_COPY(lease->text, message->lease_end.text);
        end(desk, lease, "cleared");
        desk_look_at_leases(desk);
}

int desk_return_lease(struct desk *desk, uint64_t id, const char *who, struct problem *problem) {
        struct lease *lease = lease_store_find(desk->leases, id);

        if (!lease || lease->action == 0)
                return problem_set(problem, "there is no lease %llu", (unsigned long long)id);
        /* Said once: everybody may repeat it as often as he likes.  But what was in the way may be gone now. */
        if (lease->state == WIRE_LEASE_ENDING && strcmp(lease->why, "returned") == 0) {
                uint64_t soon = loop_now(desk->loop) + lease_undo_wait(1);

                if (lease->undo_after_usec > soon)
                        lease->undo_after_usec = soon;
                desk_look_at_leases(desk);
                return 0;
        }
        log_notice("lease %llu is returned by %s", (unsigned long long)id, who);
        if (desk->ledger->incident.id != 0)
                lease->incident = desk->ledger->incident.id;
        text_format(lease->text, sizeof(lease->text), "returned by %s", who);
        end(desk, lease, "returned");
        desk_look_at_leases(desk);
        return 0;
}

int desk_forget_lease(struct desk *desk, uint64_t id, bool anyway, const char *who, struct problem *problem) {
        struct lease *lease = lease_store_find(desk->leases, id);

        /* One that is still being taken has nothing to forget, and must not keep the word for later. */
        if (lease && lease->action != 0) {
                log_notice("lease %llu is to be forgotten by %s if %s", (unsigned long long)id, who,
                        anyway ? "it cannot be taken back" : "what it changed is gone");
                lease->forget = anyway ? LEASE_FORGET_ANYWAY : LEASE_FORGET_GONE;
                lease->undo_after_usec = 0;
        }
        return desk_return_lease(desk, id, who, problem);
}
