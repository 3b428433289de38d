/* SPDX-License-Identifier: MIT */
/*
 * reading - the board: one row for every name and label set that a sensor ever published
 *
 * Runs in the watcher and in simulations.  Owns its rows: a sorted array of pointers, so that a lookup is a binary
 * search and a row keeps its address until it is removed.  The one listener hears of every change after it is on
 * the board, and of a removal just before it.
 *
 * Fails with -E2BIG when a name has READING_SETS_MAX label sets (a stranger who invents domains must not eat the
 * memory of the daemon), -EINVAL for a NaN, which is what board_missing() is for, and -ENOMEM.
 * Limits: labels are compared in the order given, so a sensor must always name them in the same order.
 */
#include "engine/reading.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"

struct board {
        struct loop *loop;
        struct reading **rows;
        size_t n, size;
        board_fn listener;
        void *data;
};

static int compare(
        const struct reading *row, const char *name, const struct reading_label *labels, size_t n_labels) {
        int order = strcmp(row->name, name);

        for (size_t i = 0; order == 0 && i < row->n_labels && i < n_labels; i++) {
                order = strcmp(row->labels[i].name, labels[i].name);
                if (order == 0)
                        order = strcmp(row->labels[i].value, labels[i].value);
        }
        if (order == 0)
                order = (row->n_labels > n_labels) - (row->n_labels < n_labels);
        return order;
}

/* Where the row is, or where it would have to be. */
static bool search(const struct board *board, const char *name, const struct reading_label *labels,
        size_t n_labels, size_t *ret_i) {
        size_t low = 0, high = board->n;

        while (low < high) {
                size_t middle = low + (high - low) / 2;
                int order = compare(board->rows[middle], name, labels, n_labels);

                if (order == 0) {
                        *ret_i = middle;
                        return true;
                }
                if (order < 0)
                        low = middle + 1;
                else
                        high = middle;
        }
        *ret_i = low;
        return false;
}

int board_new(struct loop *loop, struct board **ret_board) {
        struct board *board = calloc(1, sizeof(*board));

        if (!board)
                return -ENOMEM;
        board->loop = loop;
        *ret_board = board;
        return 0;
}

struct board *board_free(struct board *board) {
        if (!board)
                return NULL;
        for (size_t i = 0; i < board->n; i++)
                free(board->rows[i]);
        free(board->rows);
        free(board);
        return NULL;
}

void board_listen(struct board *board, board_fn fn, void *data) {
        board->listener = fn;
        board->data = data;
}

static size_t count_sets(const struct board *board, const char *name, size_t at) {
        size_t first = at, end = at;

        while (first > 0 && strcmp(board->rows[first - 1]->name, name) == 0)
                first--;
        while (end < board->n && strcmp(board->rows[end]->name, name) == 0)
                end++;
        return end - first;
}

static int insert(struct board *board, size_t at, const char *name, const struct reading_label *labels,
        size_t n_labels) {
        if (count_sets(board, name, at) >= READING_SETS_MAX)
                return -E2BIG;
        if (board->n == board->size) {
                size_t size = board->size ? 2 * board->size : 32;
                struct reading **rows = reallocarray(board->rows, size, sizeof(struct reading *));
                if (!rows)
                        return -ENOMEM;
                board->rows = rows;
                board->size = size;
        }
        struct reading *row = calloc(1, sizeof(*row));
        if (!row)
                return -ENOMEM;
        text_copy(row->name, sizeof(row->name), name);
        if (n_labels > 0)
                memcpy(row->labels, labels, n_labels * sizeof(*labels));
        row->n_labels = n_labels;
        memmove(board->rows + at + 1, board->rows + at, (board->n - at) * sizeof(struct reading *));
        board->rows[at] = row;
        board->n++;
        return 0;
}

static int put(struct board *board, const char *name, const struct reading_label *labels, size_t n_labels,
        double value, bool missing, const char *text) {
        char shown[sizeof(board->rows[0]->text)];
        size_t at;

        if (n_labels > READING_LABELS_MAX || strlen(name) >= sizeof(board->rows[0]->name))
                return -EINVAL;
        if (!search(board, name, labels, n_labels, &at)) {
                int r = insert(board, at, name, labels, n_labels);
                if (r < 0)
                        return r;
        }
        struct reading *row = board->rows[at];
        row->missing = missing;
        row->value = value;
        row->at_usec = loop_now(board->loop);
        text_abridge(shown, sizeof(shown), text ? text : "");
        if (strcmp(shown, row->text) != 0) {
                text_copy(row->text, sizeof(row->text), shown);
                row->edition++;
        }
        if (board->listener)
                board->listener(row, false, board->data);
        return 0;
}

int board_set(struct board *board, const char *name, const struct reading_label *labels, size_t n_labels,
        double value) {
        return board_set_told(board, name, labels, n_labels, value, NULL);
}

int board_set_told(struct board *board, const char *name, const struct reading_label *labels, size_t n_labels,
        double value, const char *sentence) {
        if (isnan(value))
                return -EINVAL;
        return put(board, name, labels, n_labels, value, false, sentence);
}

int board_missing(struct board *board, const char *name, const struct reading_label *labels, size_t n_labels,
        const char *why) {
        return put(board, name, labels, n_labels, NAN, true, why);
}

int board_remove(struct board *board, const char *name, const struct reading_label *labels, size_t n_labels) {
        size_t at;

        if (!search(board, name, labels, n_labels, &at))
                return -ENOENT;
        _cleanup_free_ struct reading *row = board->rows[at];
        if (board->listener)
                board->listener(row, true, board->data);
        memmove(board->rows + at, board->rows + at + 1, (board->n - at - 1) * sizeof(struct reading *));
        board->n--;
        return 0;
}

const struct reading *board_find(
        const struct board *board, const char *name, const struct reading_label *labels, size_t n_labels) {
        size_t at;

        return search(board, name, labels, n_labels, &at) ? board->rows[at] : NULL;
}

const struct reading *board_at(const struct board *board, size_t i) {
        return i < board->n ? board->rows[i] : NULL;
}
