/* SPDX-License-Identifier: MIT */
/*
 * next_hop_list - ask the board of readings where mail is waiting for
 *
 * Used in the watcher by the plugins dns and relay, on timers of their own.  Sums a reading of the plugin postfix
 * over its instances by the label `nexthop`, and puts the largest in front.  A missing number is kept as such: it
 * is no evidence that the mail is gone.
 *
 * Owns the rows until next_hop_list_deinit().  Fails: -ENOMEM, with what fitted until then.
 * Limits: as many rows as the host keeps label sets (4096), which are sorted twice; asked for every few seconds,
 * not for every event.
 */
#include "common/next_hop_list.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct collecting {
        struct next_hop_list *list;
        size_t room;
        int error;
};

static void collect(const struct sg_label *labels, size_t n_labels, double value, void *data) {
        struct collecting *collecting = data;
        struct next_hop_list *list = collecting->list;
        struct next_hop_count *row;
        const char *text = NULL;

        for (size_t i = 0; i < n_labels; i++)
                if (strcmp(labels[i].name, "nexthop") == 0)
                        text = labels[i].value;
        if (!text || !text[0] || collecting->error)
                return;
        if (list->n == collecting->room) {
                size_t room = collecting->room ? collecting->room * 2 : 64;

                row = reallocarray(list->rows, room, sizeof(*row));
                if (!row) {
                        collecting->error = -ENOMEM;
                        return;
                }
                list->rows = row;
                collecting->room = room;
        }
        row = &list->rows[list->n++];
        snprintf(row->text, sizeof(row->text), "%s", text);
        row->unknown = isnan(value);
        row->messages = row->unknown ? 0 : value;
}

static int by_text(const void *a, const void *b) {
        const struct next_hop_count *x = a, *y = b;

        return strcmp(x->text, y->text);
}

static int by_messages(const void *a, const void *b) {
        const struct next_hop_count *x = a, *y = b;
        int order = (x->messages < y->messages) - (x->messages > y->messages);

        return order ? order : strcmp(x->text, y->text);
}

static void merge_equal(struct next_hop_list *list) {
        size_t n = 0;

        for (size_t i = 0; i < list->n; i++) {
                struct next_hop_count *row = &list->rows[i];

                if (n > 0 && strcmp(list->rows[n - 1].text, row->text) == 0) {
                        list->rows[n - 1].messages += row->messages;
                        list->rows[n - 1].unknown |= row->unknown;
                } else {
                        list->rows[n++] = *row;
                }
        }
        list->n = n;
}

int next_hop_list_init(struct next_hop_list *list, const struct sg_host *host, const char *reading) {
        struct collecting collecting = {.list = list};

        *list = (struct next_hop_list){0};
        host->each_reading(host, reading, collect, &collecting);
        if (list->n > 0) {
                qsort(list->rows, list->n, sizeof(list->rows[0]), by_text);
                merge_equal(list);
                qsort(list->rows, list->n, sizeof(list->rows[0]), by_messages);
        }
        return collecting.error;
}

void next_hop_list_deinit(struct next_hop_list *list) {
        free(list->rows);
        *list = (struct next_hop_list){0};
}

const struct next_hop_count *next_hop_list_find(const struct next_hop_list *list, const char *text) {
        for (size_t i = 0; i < list->n; i++)
                if (strcmp(list->rows[i].text, text) == 0)
                        return &list->rows[i];
        return NULL;
}
