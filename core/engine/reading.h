/* SPDX-License-Identifier: MIT */
/*
 * reading - the board of readings: the newest value of every name and label set, missing ones included
 *
 * Runs in: watcher and simulation.  Pure but for the loop's clock.  A reading is never removed by age: a sensor
 * that can no longer measure says so with board_missing(), and only a thing that no longer exists is removed.
 * Names and label values were checked and escaped by the sensor host.
 */
#ifndef ENGINE_READING_H
#define ENGINE_READING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/loop.h"

#define READING_LABELS_MAX 4
#define READING_SETS_MAX 4096 /* label sets of one name */

struct reading_label {
        char name[32];
        char value[256];
};

struct reading {
        char name[64];
        struct reading_label labels[READING_LABELS_MAX];
        size_t n_labels;
        bool missing;
        double value;     /* NaN when missing */
        uint64_t at_usec; /* monotonic: last publish */
        uint32_t edition; /* goes up with every other text */
        char text[256];   /* why it is missing; else the sensor's sentence about the value, or "" */
};

struct board;
/* Called from board_set() and friends; the listener must not change the board. `gone`: removed right after. */
typedef void (*board_fn)(const struct reading *reading, bool gone, void *data);

int board_new(struct loop *loop, struct board **ret_board);
struct board *board_free(struct board *board);
void board_listen(struct board *board, board_fn fn, void *data); /* one listener */

int board_set(struct board *board, const char *name, const struct reading_label *labels, size_t n_labels,
        double value);
/* With one sentence for people, which stays until the next word on the label set. */
int board_set_told(struct board *board, const char *name, const struct reading_label *labels, size_t n_labels,
        double value, const char *sentence);
int board_missing(struct board *board, const char *name, const struct reading_label *labels, size_t n_labels,
        const char *why);
int board_remove(struct board *board, const char *name, const struct reading_label *labels, size_t n_labels);
/* NULL: no such label set (which is not the same as missing, and is treated as such). */
const struct reading *board_find(
        const struct board *board, const char *name, const struct reading_label *labels, size_t n_labels);
/* In order of name, then labels; i from 0 until NULL. */
const struct reading *board_at(const struct board *board, size_t i);

#endif
