/* SPDX-License-Identifier: MIT */
/* recorder - the file of record/record.h as its only writer sees it: open, append, sync, where it is */
#ifndef EXECUTOR_RECORDER_H
#define EXECUTOR_RECORDER_H

#include <stdbool.h>

#include "executor/state_file.h"
#include "record/record.h"

struct recorder;

/*
 * `group` may read the file (NULL: nobody).  A disk that is full or broken is no failure, see recorder_place();
 * only a lack of memory is.
 */
int recorder_new(
        const char *state_dir, const char *run_dir, const char *group, struct recorder **ret_recorder);
struct recorder *recorder_free(struct recorder *recorder);

/* STATE_NOWHERE: only probes and freeing verbs may run. */
enum state_place recorder_place(const struct recorder *recorder);
const char *recorder_trouble(const struct recorder *recorder); /* one sentence, or "" */

/* As record_read(); nothing when nowhere. */
int recorder_read(const struct recorder *recorder, int (*visit)(const struct record *record, void *data),
        void *data, size_t *ret_bad);
/*
 * Writes a slot made by record_format() to the place of its number.  `sync`: return only when it is on disk.
 * A negative result means that it is recorded nowhere.
 */
int recorder_append(
        struct recorder *recorder, uint64_t number, const char slot[static RECORD_SLOT_SIZE], bool sync);
/* As state_file_mend(). */
bool recorder_mend(struct recorder *recorder);

#endif
