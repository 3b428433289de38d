/* SPDX-License-Identifier: MIT */
/*
 * lease - the rules of leases, over plain data
 *
 * Runs in: executor.  Pure: no I/O and no clock, so that the table in test_lease.c is the specification.
 *
 * A lease lapses when its slice is over; what it changed does so by itself at about the same time, because that
 * is how reversible verbs are made.  Lapsed for one more slice it ends.  At its limit it ends whatever speaks for
 * it.  None of this is judged in the first slice after a start of the executor: whoever renews it was not there
 * either, and must have a chance to.  What reached its limit is not taken again for as long as it was in force, or
 * the limit would be none.
 *
 * Limits: verb, arguments, owner and condition of a lease must fit in one slot of the file, so that it can be
 * undone from there; reason and text are for people and are cut.
 */
#include "executor/lease.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"

#define UNDO_WAIT_MIN USEC_PER_MINUTE
#define UNDO_WAIT_MAX (30 * USEC_PER_MINUTE)

static bool is_alive(const struct lease *lease) {
        return lease->id != 0 &&
                (lease->state == WIRE_LEASE_TAKING || lease->state == WIRE_LEASE_IN_FORCE ||
                        lease->state == WIRE_LEASE_LAPSED || lease->state == WIRE_LEASE_OVERRULED);
}

static uint64_t later(uint64_t a, uint64_t b) {
        return a > b ? a : b;
}

static uint64_t lapse_usec(const struct lease *lease, uint64_t started_usec) {
        return lease->slice_usec == 0 || lease->expires_usec == 0
                ? UINT64_MAX
                : later(lease->expires_usec, started_usec + lease->slice_usec);
}

static uint64_t limit_usec(const struct lease *lease, uint64_t started_usec) {
        return lease->limit_usec == 0 ? UINT64_MAX
                                      : later(lease->limit_usec, started_usec + lease->slice_usec);
}

enum lease_due lease_due(const struct lease *lease, uint64_t started_usec, uint64_t now_usec) {
        uint64_t lapse = lapse_usec(lease, started_usec);

        if (!is_alive(lease))
                return LEASE_DUE_NOTHING;
        if (now_usec >= limit_usec(lease, started_usec))
                return LEASE_DUE_END_LIMIT;
        if (lapse == UINT64_MAX || now_usec < lapse)
                return LEASE_DUE_NOTHING;
        if (now_usec - lapse >= lease->slice_usec)
                return LEASE_DUE_END_LAPSED;
        return lease->state == WIRE_LEASE_LAPSED ? LEASE_DUE_NOTHING : LEASE_DUE_LAPSE;
}

uint64_t lease_due_usec(const struct lease *lease, uint64_t started_usec) {
        uint64_t lapse = lapse_usec(lease, started_usec), limit = limit_usec(lease, started_usec);

        if (!is_alive(lease))
                return UINT64_MAX;
        if (lapse != UINT64_MAX && lease->state == WIRE_LEASE_LAPSED)
                lapse += lease->slice_usec;
        return lapse < limit ? lapse : limit;
}

void lease_take(struct lease *lease, uint64_t slice_usec, uint64_t max_usec, uint64_t now_usec) {
        lease->state = WIRE_LEASE_TAKING;
        lease->slice_usec = slice_usec;
        lease->since_usec = now_usec;
        lease->expires_usec = slice_usec ? now_usec + slice_usec : 0;
        lease->limit_usec = max_usec ? now_usec + max_usec : 0;
}

void lease_hold(struct lease *lease, uint64_t count, uint64_t now_usec) {
        lease->state = WIRE_LEASE_IN_FORCE;
        lease->count = count;
        lease->expires_usec = lease->slice_usec ? now_usec + lease->slice_usec : 0;
}

void lease_limit(struct lease *lease, uint64_t until_usec) {
        if (until_usec != 0 && (lease->limit_usec == 0 || until_usec < lease->limit_usec))
                lease->limit_usec = later(until_usec, lease->since_usec + 1);
}

bool lease_end(struct lease *lease, const char *why) {
        bool overrules = lease->state == WIRE_LEASE_ENDING && strcmp(why, "returned") == 0 &&
                strcmp(lease->why, "returned") != 0;

        if (!is_alive(lease) && !overrules)
                return false;
        lease->state = WIRE_LEASE_ENDING;
        TEXT_COPY(lease->why, why);
        return true;
}

bool lease_is_returned(const struct lease *lease, uint64_t incident) {
        return incident != 0 && lease->incident == incident && strcmp(lease->why, "returned") == 0 &&
                (lease->state == WIRE_LEASE_ENDING || lease->state == WIRE_LEASE_ENDED);
}

bool lease_is_worn(const struct lease *lease, uint64_t now_usec) {
        return strcmp(lease->why, "limit") == 0 && lease->limit_usec > lease->since_usec &&
                now_usec < lease->limit_usec + (lease->limit_usec - lease->since_usec);
}

bool lease_has_passed(const struct lease *lease, uint64_t now_usec) {
        return lease->slice_usec != 0 && now_usec >= lease->expires_usec &&
                now_usec - lease->expires_usec >= lease->slice_usec;
}

/* Without slices there is nothing to keep alive, and to do it once more would be an action without admission. */
bool lease_may_renew(const struct lease *lease, uint64_t monotonic_usec) {
        return is_alive(lease) && lease->slice_usec != 0 &&
                (lease->renewed_usec == 0 || monotonic_usec - lease->renewed_usec >= LEASE_RENEW_MIN);
}

/* One that lapses is done again all the time, and what stands in the way of that is said then. */
bool lease_may_look(const struct lease *lease, uint64_t monotonic_usec) {
        const uint64_t pause = lease->state == WIRE_LEASE_OVERRULED ? LEASE_LOOK_OVERRULED : LEASE_LOOK;

        return (lease->state == WIRE_LEASE_IN_FORCE || lease->state == WIRE_LEASE_OVERRULED) &&
                lease->slice_usec == 0 &&
                (lease->looked_usec == 0 || monotonic_usec - lease->looked_usec >= pause);
}

enum lease_seen lease_seen(const struct lease *lease, enum wire_status status, bool is_overruled) {
        if (lease->state == WIRE_LEASE_IN_FORCE && status == WIRE_DENIED && is_overruled)
                return LEASE_SEEN_OVERRULED;
        if (lease->state == WIRE_LEASE_OVERRULED && status == WIRE_DENIED && is_overruled)
                return LEASE_SEEN_STILL_OVERRULED;
        if (lease->state == WIRE_LEASE_OVERRULED && status == WIRE_NOTHING)
                return LEASE_SEEN_IN_FORCE;
        return LEASE_SEEN_NOTHING;
}

bool lease_goes_before(const struct lease *lease, const struct lease *other, uint64_t monotonic_usec) {
        return lease != other && is_alive(lease) && lease->passed_over_usec != 0 &&
                monotonic_usec - lease->passed_over_usec < LEASE_TURN &&
                lease->renewed_usec < other->renewed_usec;
}

uint64_t lease_undo_wait(unsigned failures) {
        uint64_t wait = UNDO_WAIT_MIN;

        while (failures-- > 1 && wait < UNDO_WAIT_MAX)
                wait *= 2;
        return wait < UNDO_WAIT_MAX ? wait : UNDO_WAIT_MAX;
}

void lease_move(struct lease *lease, int64_t by_usec) {
        uint64_t *const times[] = {&lease->since_usec, &lease->expires_usec, &lease->limit_usec};

        for (size_t i = 0; i < ELEMENTSOF(times); i++)
                if (*times[i] != 0)
                        *times[i] += (uint64_t)by_usec;
}

void lease_know_again(struct lease *lease, uint64_t now_usec) {
        uint64_t held = lease->slice_usec != 0 && lease->expires_usec > lease->slice_usec
                ? lease->expires_usec - lease->slice_usec
                : lease->since_usec;

        if (held > now_usec)
                lease_move(lease, (int64_t)(now_usec - held));
}

bool lease_is_of(const struct lease *lease, const char *verb, const char *name, const char *value) {
        const size_t name_length = strlen(name), value_length = strlen(value);

        if (lease->id == 0 || lease->action == 0 || lease->state == WIRE_LEASE_ENDED ||
                strcmp(lease->verb, verb) != 0)
                return false;
        for (const char *line = lease->args; *line;) {
                size_t length = strcspn(line, "\n");

                if (length == name_length + 1 + value_length && strncmp(line, name, name_length) == 0 &&
                        line[name_length] == '=' && strncmp(line + name_length + 1, value, value_length) == 0)
                        return true;
                line += length + (line[length] == '\n');
        }
        return false;
}

/* "name=value" lines to pairs; what has no place in them is left out. */
static uint8_t to_pairs(const char *args, struct wire_pair pairs[static WIRE_PAIRS_MAX]) {
        uint8_t n = 0;

        while (*args && n < WIRE_PAIRS_MAX) {
                size_t line = strcspn(args, "\n"), name = strcspn(args, "=");

                if (name < line && name < sizeof(pairs[n].name)) {
                        memcpy(pairs[n].name, args, name);
                        pairs[n].name[name] = '\0';
                        text_format(pairs[n].text, sizeof(pairs[n].text), "%.*s", (int)(line - name - 1),
                                args + name + 1);
                        n++;
                }
                args += line + (args[line] == '\n');
        }
        return n;
}

void lease_message(const struct lease *lease, struct wire_message *ret_message) {
        struct wire_lease *told = &ret_message->lease;

        memset(ret_message, 0, sizeof(*ret_message));
        ret_message->type = WIRE_LEASE;
        told->lease = lease->id;
        told->incident = lease->incident;
        told->count = lease->count;
        told->since_usec = lease->since_usec;
        told->expires_usec = lease->expires_usec;
        told->limit_usec = lease->limit_usec;
        told->state = (uint32_t)lease->state;
        told->n_args = to_pairs(lease->args, told->args);
        TEXT_COPY(told->verb, lease->verb);
        TEXT_COPY(told->owner, lease->owner);
        TEXT_COPY(told->until_clear, lease->until_clear);
        TEXT_COPY(told->reason, lease->reason);
        TEXT_COPY(told->text, lease->text);
}
