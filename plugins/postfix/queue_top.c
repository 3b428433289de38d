/* SPDX-License-Identifier: MIT */
/*
 * queue_top - the few names that most of something belongs to
 *
 * Runs in the watcher, as part of the sensor `queue`.  Pure.  How many names there are is up to strangers, and a sum
 * for each is too much for a sentence that names one or two of them.  So a few are counted, and a new one takes the
 * place of the smallest together with its count (the algorithm is called Space-Saving): a name that has a sixteenth
 * of everything cannot be missed, and how much of a count may be somebody else's is known.
 *
 * Owns nothing.  Cannot fail.
 * Limits: QUEUE_TOP_NAMES; of many that are alike none is told.
 */
#include "postfix/queue_top.h"

#include <stdlib.h>

void queue_top_count(struct queue_top *top, uint32_t number) {
        size_t smallest = 0;

        for (size_t i = 0; i < top->n; i++) {
                if (top->rows[i].number == number) {
                        top->rows[i].count++;
                        return;
                }
                if (top->rows[i].count < top->rows[smallest].count)
                        smallest = i;
        }
        if (top->n < QUEUE_TOP_NAMES) {
                top->rows[top->n++] = (struct queue_top_row){.number = number, .count = 1};
                return;
        }
        top->rows[smallest].number = number;
        top->rows[smallest].error = top->rows[smallest].count++;
}

static int compare(const void *a, const void *b) {
        const struct queue_top_row *left = a, *right = b;

        if (left->count != right->count)
                return left->count > right->count ? -1 : 1;
        return (left->number > right->number) - (left->number < right->number);
}

void queue_top_finish(struct queue_top *top) {
        for (size_t i = top->n; i-- > 0;) {
                top->rows[i].count -= top->rows[i].error;
                if (top->rows[i].count == 0)
                        top->rows[i] = top->rows[--top->n];
        }
        qsort(top->rows, top->n, sizeof(top->rows[0]), compare);
}
