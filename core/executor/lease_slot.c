/* SPDX-License-Identifier: MIT */
/*
 * lease_slot - a lease as the record that stands in a slot, in both directions
 *
 * Runs in: executor.  Pure.  A slot is a record of the event "lease" with the place that it belongs to, so that one
 * which was copied to another place counts as nothing.
 *
 * Fails: see lease_slot.h.  Limits: a text that says why, or what came of it, is cut to what the slot has room for.
 */
#include "executor/lease_slot.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"

/* One truth for both directions; what must not be cut stands before what may be. */
#define NUMBER(member) \
        { .name = #member, .offset = offsetof(struct lease, member) }
#define TEXT(member)                                                       \
        {                                                                  \
                .name = #member, .offset = offsetof(struct lease, member), \
                .size = sizeof(((struct lease *)NULL)->member)             \
        }
static const struct {
        const char *name;
        size_t offset;
        size_t size; /* of a text; 0: a number */
} fields[] = {
        NUMBER(id),
        NUMBER(incident),
        NUMBER(action),
        NUMBER(count),
        NUMBER(since_usec),
        NUMBER(expires_usec),
        NUMBER(limit_usec),
        NUMBER(slice_usec),
        TEXT(why),
        TEXT(verb),
        TEXT(args),
        TEXT(owner),
        TEXT(until_clear),
        TEXT(reason),
        TEXT(text),
};

static enum wire_lease_state state_of(const char *name) {
        for (unsigned state = WIRE_LEASE_TAKING; state <= WIRE_LEASE_ENDED; state++)
                if (strcmp(name, wire_lease_state_name((enum wire_lease_state)state)) == 0)
                        return (enum wire_lease_state)state;
        return 0;
}

int lease_slot_parse(const char slot[static RECORD_SLOT_SIZE], unsigned place, struct lease *ret_lease,
        uint64_t *ret_number) {
        struct record record;

        if (record_parse(slot, &record) < 0 || strcmp(record_get(&record, "event"), "lease") != 0 ||
                record_get_number(&record, "place") != place)
                return -EBADMSG;
        memset(ret_lease, 0, sizeof(*ret_lease));
        for (size_t i = 0; i < ELEMENTSOF(fields); i++) {
                char *member = (char *)ret_lease + fields[i].offset;
                uint64_t number = record_get_number(&record, fields[i].name);

                if (fields[i].size > 0)
                        text_copy(member, fields[i].size, record_get(&record, fields[i].name));
                else
                        memcpy(member, &number, sizeof(number));
        }
        ret_lease->state = state_of(record_get(&record, "state"));
        *ret_number = record.number;
        return ret_lease->id != 0 && ret_lease->state != 0 ? 0 : -EBADMSG;
}

int lease_slot_format(const struct lease *lease, unsigned place, uint64_t number, uint64_t now_usec,
        char slot[static RECORD_SLOT_SIZE]) {
        struct record_field record[ELEMENTSOF(fields) + 3];
        char numbers[ELEMENTSOF(fields)][24], place_text[24];
        struct lease again;
        size_t n = 0;
        int r;

        snprintf(place_text, sizeof(place_text), "%u", place);
        record[n++] = (struct record_field){"event", "lease"};
        record[n++] = (struct record_field){"place", place_text};
        record[n++] = (struct record_field){"state", wire_lease_state_name(lease->state)};
        for (size_t i = 0; i < ELEMENTSOF(fields); i++) {
                const char *member = (const char *)lease + fields[i].offset;
                uint64_t value;

                record[n] = (struct record_field){fields[i].name, member};
                if (fields[i].size == 0) {
                        memcpy(&value, member, sizeof(value));
                        snprintf(numbers[i], sizeof(numbers[i]), "%llu", (unsigned long long)value);
                        record[n].value = numbers[i];
                }
                n++;
        }
        r = record_format(number, now_usec, record, n, slot);
        if (r == 0)
                r = lease_slot_parse(slot, place, &again, &number);
        if (r < 0)
                return r;
        return strcmp(again.verb, lease->verb) == 0 && strcmp(again.args, lease->args) == 0 &&
                        strcmp(again.owner, lease->owner) == 0 &&
                        strcmp(again.until_clear, lease->until_clear) == 0
                ? 0
                : -EMSGSIZE;
}

bool lease_slot_is_same(const struct lease *a, const struct lease *b) {
        for (size_t i = 0; i < ELEMENTSOF(fields); i++) {
                const char *left = (const char *)a + fields[i].offset;
                const char *right = (const char *)b + fields[i].offset;

                if (fields[i].size == 0 ? memcmp(left, right, sizeof(uint64_t)) != 0
                                        : strcmp(left, right) != 0)
                        return false;
        }
        return a->state == b->state;
}
