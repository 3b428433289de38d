/* SPDX-License-Identifier: MIT */
/*
 * record_read - every good record of a recorder file, in the order of its number
 *
 * Runs in: executor at start, watcher for Export(), spoolguardctl without a daemon.  Reads with pread(2), so a
 * writer may be at work at the same time: a slot that is overwritten between the two passes is found by its
 * number and left out, as if the ring had turned a moment earlier.
 *
 * Fails with the error of the first read that fails; torn and foreign slots are counted, not an error.
 * Limits: looks at RECORD_SLOTS slots, whatever the size of the file.
 */
#include "record/record.h"

#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"

struct place {
        uint64_t number;
        uint32_t slot;
};

static bool never_written(const char *slot) {
        for (size_t i = 0; i < RECORD_SLOT_SIZE; i++)
                if (slot[i] != '\0' && slot[i] != ' ' && slot[i] != '\n')
                        return false;
        return true;
}

static int by_number(const void *a, const void *b) {
        const struct place *left = a, *right = b;
        return (left->number > right->number) - (left->number < right->number);
}

/* 1: read; 0: behind the end of the file. */
static int read_slot(int fd, uint32_t index, char slot[static RECORD_SLOT_SIZE]) {
        ssize_t n;

        do
                n = pread(fd, slot, RECORD_SLOT_SIZE, (off_t)index * RECORD_SLOT_SIZE);
        while (n < 0 && errno == EINTR);
        if (n < 0)
                return -errno;
        return n == RECORD_SLOT_SIZE;
}

int record_read(int fd, int (*visit)(const struct record *record, void *data), void *data, size_t *ret_bad) {
        _cleanup_free_ struct place *places = calloc(RECORD_SLOTS, sizeof(*places));
        _cleanup_free_ struct record *record = malloc(sizeof(*record));
        char slot[RECORD_SLOT_SIZE];
        size_t n_places = 0, bad = 0;
        int r;

        if (!places || !record)
                return -ENOMEM;
        for (uint32_t i = 0; i < RECORD_SLOTS; i++) {
                r = read_slot(fd, i, slot);
                if (r < 0)
                        return r;
                if (r == 0)
                        break;
                if (record_parse(slot, record) == 0 && (record->number - 1) % RECORD_SLOTS == i)
                        places[n_places++] = (struct place){.number = record->number, .slot = i};
                else if (!never_written(slot))
                        bad++;
        }
        if (ret_bad)
                *ret_bad = bad;

        qsort(places, n_places, sizeof(*places), by_number);
        for (size_t i = 0; i < n_places; i++) {
                r = read_slot(fd, places[i].slot, slot);
                if (r < 0)
                        return r;
                if (r == 0 || record_parse(slot, record) < 0 || record->number != places[i].number)
                        continue;
                r = visit(record, data);
                if (r != 0)
                        return r;
        }
        return 0;
}
