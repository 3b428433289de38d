/* SPDX-License-Identifier: MIT */
/*
 * recorder - the durable file of every decision and action
 *
 * Runs in: executor.  Owns the file "recorder", a state_file.c of RECORD_SLOTS slots; where it is kept when its
 * disk is full or broken is decided there.  What had to be kept on tmpfs is carried over record by record, each
 * to the place of its number unless the disk has that number, or a higher one, there.
 *
 * Fails: recorder_append() is negative when neither place takes the slot.
 * Limits: those of a state_file.c.
 */
#include "executor/recorder.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"

#define FILE_SIZE ((off_t)RECORD_SLOTS * RECORD_SLOT_SIZE)

struct recorder {
        struct state_file file;
};

static off_t place_of(uint64_t number) {
        return (off_t)((number - 1) % RECORD_SLOTS) * RECORD_SLOT_SIZE;
}

static int count_one(const struct record *record, void *data) {
        size_t *n = data;
        (void)record;
        (*n)++;
        return 0;
}

static int count(int fd, size_t *ret_good, size_t *ret_bad) {
        return record_read(fd, count_one, ret_good, ret_bad);
}

struct carry {
        int fd, error;
};

/* The number of the record in this place, 0: there is none that is good. */
static uint64_t number_at(int fd, off_t at) {
        char slot[RECORD_SLOT_SIZE];
        struct record record;

        if (pread(fd, slot, sizeof(slot), at) != (ssize_t)sizeof(slot) || record_parse(slot, &record) < 0)
                return 0;
        return record.number;
}

static int carry_one(const struct record *record, void *data) {
        struct carry *carry = data;
        off_t at = place_of(record->number);
        char slot[RECORD_SLOT_SIZE];

        if (number_at(carry->fd, at) >= record->number)
                return 0;
        carry->error =
                record_format(record->number, record->time_usec, record->fields, record->n_fields, slot);
        if (carry->error == 0)
                carry->error = state_file_put(carry->fd, at, slot, sizeof(slot));
        return carry->error < 0;
}

/* In the order of the numbers, so that a disk that takes only some of it has no gap. */
static int carry(int to, int from) {
        struct carry carry = {.fd = to};
        int r = record_read(from, carry_one, &carry, NULL);

        return carry.error < 0 ? carry.error : r;
}

static const struct state_file_kind kind = {.name = "recorder",
        .title = "the record",
        .nowhere = "nothing can be recorded",
        .size = FILE_SIZE,
        .count = count,
        .carry = carry,
        .catch_up = carry};

int recorder_new(
        const char *state_dir, const char *run_dir, const char *group, struct recorder **ret_recorder) {
        struct recorder *recorder = calloc(1, sizeof(*recorder));

        if (!recorder)
                return -ENOMEM;
        state_file_init(&recorder->file, &kind, state_dir, run_dir, group);
        *ret_recorder = recorder;
        return 0;
}

struct recorder *recorder_free(struct recorder *recorder) {
        if (recorder)
                state_file_deinit(&recorder->file);
        free(recorder);
        return NULL;
}

enum state_place recorder_place(const struct recorder *recorder) {
        return recorder->file.place;
}

const char *recorder_trouble(const struct recorder *recorder) {
        return recorder->file.trouble;
}

int recorder_read(const struct recorder *recorder, int (*visit)(const struct record *record, void *data),
        void *data, size_t *ret_bad) {
        int fd = state_file_fd(&recorder->file);

        return fd < 0 ? 0 : record_read(fd, visit, data, ret_bad);
}

int recorder_append(
        struct recorder *recorder, uint64_t number, const char slot[static RECORD_SLOT_SIZE], bool sync) {
        return state_file_write(&recorder->file, place_of(number), slot, RECORD_SLOT_SIZE, sync);
}

bool recorder_mend(struct recorder *recorder) {
        return state_file_mend(&recorder->file);
}
