/* SPDX-License-Identifier: MIT */
/*
 * lease_store - places of two slots each, written in turn
 *
 * Runs in: executor.  Owns the file of leases (state_file.c) and the leases themselves, in memory.  Every write
 * goes to the slot that does not count, and is on disk when it returns; it then counts by its higher number.
 *
 * When the disk breaks, all places are written to the mirror on tmpfs at once, also those that are over, whatever
 * it could copy from the disk: so at the next start with a good disk the mirror knows better about every lease it
 * speaks of, and the others are taken as the disk has them.
 *
 * The next number is one more than the highest in the file, where a number is only ever overwritten by a higher
 * one.  A file that begins on the mirror cannot know what the disk has: it counts from the seconds of the clock,
 * beyond what any disk got to.
 *
 * Fails: a write is negative when neither place takes it; the lease stays as it is in memory.
 * Limits: LEASE_MAX leases; a lease whose verb, arguments, owner and condition do not fit in one slot is refused.
 */
#include "executor/lease_store.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "executor/lease_slot.h"

#define HALVES 2u
#define FILE_SIZE ((off_t)LEASE_MAX * HALVES * RECORD_SLOT_SIZE)

struct place {
        struct lease lease;
        uint64_t number; /* of the slot that counts; 0: never written */
        bool half;       /* where it is */
};

struct lease_store {
        struct state_file file;
        uint64_t next_number; /* of slots */
        uint64_t next_id;     /* of leases */
        struct place places[LEASE_MAX];
};

static off_t offset_of(unsigned place, bool half) {
        return (off_t)(place * HALVES + half) * RECORD_SLOT_SIZE;
}

/* Every slot of a file; *ret_bad counts those that are neither good nor never written. */
static int read_places(int fd, struct place places[static LEASE_MAX], size_t *ret_good, size_t *ret_bad) {
        static const char never[RECORD_SLOT_SIZE];
        char slot[RECORD_SLOT_SIZE];

        memset(places, 0, LEASE_MAX * sizeof(places[0]));
        for (unsigned i = 0; i < LEASE_MAX * HALVES; i++) {
                struct place *place = &places[i / HALVES], found = {.half = i % HALVES};
                ssize_t n = pread(fd, slot, sizeof(slot), offset_of(i / HALVES, i % HALVES != 0));

                if (n < 0)
                        return -errno;
                if (n < (ssize_t)sizeof(slot))
                        break;
                if (lease_slot_parse(slot, i / HALVES, &found.lease, &found.number) < 0) {
                        *ret_bad += memcmp(slot, never, sizeof(slot)) != 0;
                        continue;
                }
                (*ret_good)++;
                if (found.number > place->number)
                        *place = found;
        }
        return 0;
}

static int count(int fd, size_t *ret_good, size_t *ret_bad) {
        _cleanup_free_ struct place *places = calloc(LEASE_MAX, sizeof(*places));

        return places ? read_places(fd, places, ret_good, ret_bad) : -ENOMEM;
}

static uint64_t next_slot_number(const struct place places[static LEASE_MAX]) {
        uint64_t next = 1;

        for (unsigned i = 0; i < LEASE_MAX; i++)
                if (places[i].number >= next)
                        next = places[i].number + 1;
        return next;
}

static bool is_over(const struct lease *lease) {
        return lease->id == 0 || lease->state == WIRE_LEASE_ENDED;
}

/* Where this lease is, or else a place that is free. */
static struct place *place_for(struct place places[static LEASE_MAX], uint64_t id) {
        struct place *free_one = NULL;

        for (unsigned i = 0; i < LEASE_MAX; i++) {
                if (places[i].lease.id == id)
                        return &places[i];
                if (is_over(&places[i].lease) && (!free_one || places[i].lease.id < free_one->lease.id))
                        free_one = &places[i];
        }
        return free_one;
}

/* The slot of a place that does not count, and its text; `ret_half` counts when it is written. */
static int prepare(const struct place *place, unsigned index, uint64_t number, const struct lease *lease,
        uint64_t time_usec, char slot[static RECORD_SLOT_SIZE], bool *ret_half, off_t *ret_offset) {
        *ret_half = place->number && !place->half;
        *ret_offset = offset_of(index, *ret_half);
        return lease_slot_format(lease, index, number, time_usec, slot);
}

static int put(int fd, struct place places[static LEASE_MAX], struct place *place, uint64_t number,
        const struct lease *lease) {
        char slot[RECORD_SLOT_SIZE];
        off_t offset;
        bool half;
        int r = prepare(
                place, (unsigned)(place - places), number, lease, lease->since_usec, slot, &half, &offset);

        if (r == 0)
                r = state_file_put(fd, offset, slot, sizeof(slot));
        if (r == 0)
                *place = (struct place){.lease = *lease, .number = number, .half = half};
        return r;
}

static int carry(int to, int from) {
        _cleanup_free_ struct place *ours = calloc(LEASE_MAX, sizeof(*ours));
        _cleanup_free_ struct place *theirs = calloc(LEASE_MAX, sizeof(*theirs));
        size_t good, bad;
        uint64_t number;
        int r;

        if (!ours || !theirs)
                return -ENOMEM;
        r = read_places(to, ours, &good, &bad);
        if (r == 0)
                r = read_places(from, theirs, &good, &bad);
        number = next_slot_number(ours);
        for (unsigned i = 0; i < LEASE_MAX && r == 0; i++) {
                struct place *place;

                if (theirs[i].number == 0)
                        continue;
                place = place_for(ours, theirs[i].lease.id);
                /* Without a place it is left to lapse by itself, as it would without us. */
                if (place && !lease_slot_is_same(&place->lease, &theirs[i].lease))
                        r = put(to, ours, place, number++, &theirs[i].lease);
        }
        return r;
}

/* One half of a place, if it differs. */
static int copy_half(int to, int from, unsigned place, bool half) {
        char ours[RECORD_SLOT_SIZE], theirs[RECORD_SLOT_SIZE];
        off_t at = offset_of(place, half);

        if (pread(from, theirs, sizeof(theirs), at) != (ssize_t)sizeof(theirs))
                return -EIO;
        if (pread(to, ours, sizeof(ours), at) == (ssize_t)sizeof(ours) &&
                memcmp(ours, theirs, sizeof(ours)) == 0)
                return 0;
        return state_file_put(to, at, theirs, sizeof(theirs));
}

/* First the halves that do not count on disk: torn, they leave what was there before. */
static int catch_up(int to, int from) {
        _cleanup_free_ struct place *ours = calloc(LEASE_MAX, sizeof(*ours));
        size_t good, bad;
        int r = ours ? read_places(to, ours, &good, &bad) : -ENOMEM;

        for (unsigned pass = 0; pass < HALVES && r == 0; pass++) {
                for (unsigned i = 0; i < LEASE_MAX && r == 0; i++)
                        r = copy_half(to, from, i, ours[i].half == (pass == 1));
                if (r == 0 && fdatasync(to) < 0)
                        r = -errno;
        }
        return r;
}

static const struct state_file_kind kind = {.name = "leases",
        .title = "the list of leases",
        .nowhere = "no lease can be kept",
        .size = FILE_SIZE,
        .count = count,
        .carry = carry,
        .catch_up = catch_up};

int lease_store_new(const char *state_dir, const char *run_dir, const char *group, uint64_t now_usec,
        struct lease_store **ret_store) {
        struct lease_store *store = calloc(1, sizeof(*store));
        size_t good = 0, bad = 0;
        int fd;

        if (!store)
                return -ENOMEM;
        state_file_init(&store->file, &kind, state_dir, run_dir, group);
        fd = state_file_fd(&store->file);
        if (fd >= 0 && read_places(fd, store->places, &good, &bad) < 0)
                memset(store->places, 0, sizeof(store->places));
        store->next_number = next_slot_number(store->places);
        store->next_id = store->file.durable >= 0 ? 1 : now_usec / USEC_PER_SEC;
        for (unsigned i = 0; i < LEASE_MAX; i++) {
                const struct lease *lease = &store->places[i].lease;

                if (lease->id >= store->next_id)
                        store->next_id = lease->id + 1;
        }
        *ret_store = store;
        return 0;
}

struct lease_store *lease_store_free(struct lease_store *store) {
        if (store)
                state_file_deinit(&store->file);
        free(store);
        return NULL;
}

enum state_place lease_store_place(const struct lease_store *store) {
        return store->file.place;
}

const char *lease_store_trouble(const struct lease_store *store) {
        return store->file.trouble;
}

struct lease *lease_store_at(struct lease_store *store, unsigned i) {
        return &store->places[i].lease;
}

struct lease *lease_store_find(struct lease_store *store, uint64_t id) {
        for (unsigned i = 0; i < LEASE_MAX; i++)
                if (id != 0 && store->places[i].lease.id == id && !is_over(&store->places[i].lease))
                        return &store->places[i].lease;
        return NULL;
}

uint64_t lease_store_after(const struct lease_store *store, uint64_t after, const char *verb,
        const char *name, const char *value) {
        uint64_t next = 0;

        for (unsigned i = 0; i < LEASE_MAX; i++) {
                const struct lease *lease = &store->places[i].lease;

                if (lease->id > after && (next == 0 || lease->id < next) &&
                        lease_is_of(lease, verb, name, value))
                        next = lease->id;
        }
        return next;
}

unsigned lease_store_count(struct lease_store *store) {
        unsigned n = 0;

        for (unsigned i = 0; i < LEASE_MAX; i++)
                n += !is_over(&store->places[i].lease);
        return n;
}

uint64_t lease_store_next(const struct lease_store *store) {
        return store->next_id;
}

/* 0: a place never used; 1: of a lease that is over; 2: of one that is still to be known. */
static unsigned worth(const struct lease *lease, uint64_t open_incident) {
        if (lease->id == 0)
                return 0;
        return lease_is_returned(lease, open_incident) || lease_is_worn(lease, lease->limit_usec) ? 2 : 1;
}

struct lease *lease_store_add(struct lease_store *store, const struct lease *lease, uint64_t open_incident) {
        struct lease *best = NULL;

        for (unsigned i = 0; i < LEASE_MAX; i++) {
                struct lease *other = &store->places[i].lease;

                if (is_over(other) && (!best || worth(other, open_incident) < worth(best, open_incident)))
                        best = other;
        }
        if (!best)
                return NULL;
        *best = *lease;
        best->id = store->next_id++;
        return best;
}

static struct place *place_of(struct lease_store *store, const struct lease *lease) {
        unsigned i = 0;

        while (&store->places[i].lease != lease)
                i++;
        return &store->places[i];
}

static int write_place(struct lease_store *store, struct place *place, uint64_t now_usec) {
        char slot[RECORD_SLOT_SIZE];
        off_t offset;
        bool half;
        int r = prepare(place, (unsigned)(place - store->places), store->next_number, &place->lease, now_usec,
                slot, &half, &offset);

        if (r == 0)
                r = state_file_write(&store->file, offset, slot, sizeof(slot), true);
        if (r < 0)
                return r;
        place->number = store->next_number++;
        place->half = half;
        return 0;
}

int lease_store_write(struct lease_store *store, const struct lease *lease, uint64_t now_usec) {
        enum state_place before = store->file.place;
        int r = write_place(store, place_of(store, lease), now_usec);

        if (store->file.place == before || store->file.place == STATE_NOWHERE)
                return r;
        for (unsigned i = 0; i < LEASE_MAX && r == 0; i++)
                if (store->places[i].number != 0)
                        r = write_place(store, &store->places[i], now_usec);
        return r;
}

bool lease_store_mend(struct lease_store *store) {
        return state_file_mend(&store->file);
}

void lease_store_drop(struct lease *lease) {
        memset(lease, 0, sizeof(*lease));
}
