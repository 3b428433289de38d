/* SPDX-License-Identifier: MIT */
/*
 * condition_list - one condition for every configured test and every label set on the board
 *
 * Runs in the watcher and in simulations.  Owns the conditions and one timer, armed for the condition that has to
 * be looked at next.  The board's listener only marks what to look at; the step, the edges and the news are all
 * made in one deferred call, so that no callback runs inside board_set() and ten values published in one turn of
 * the loop are judged by the last of them.
 *
 * A label set that is withdrawn takes its condition along; that is no clear edge.
 *
 * Fails with -ENOMEM only at birth.  When later there is no memory for a new condition this is logged, and the
 * next value of the same reading tries again.
 * Limits: names longer than CONDITION_NAME_MAX are cut and may then be ambiguous for people.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "engine/condition.h"

struct entry {
        struct condition condition;
        uint64_t again_usec;
        uint32_t edition; /* of what its reading has to say */
        bool added, dirty, gone;
};

struct condition_list {
        struct loop *loop;
        const struct config *config;
        struct board *board;
        const struct condition_ops *ops;
        void *data;
        struct loop_timer *timer;
        struct loop_defer *defer;
        struct entry **entries; /* sorted by configuration row, then labels */
        size_t n, size;
};

static int compare(const struct entry *entry, const struct config_condition *config,
        const struct reading_label *labels, size_t n_labels) {
        const struct condition *condition = &entry->condition;

        if (condition->config != config)
                return condition->config < config ? -1 : 1;
        if (condition->n_labels != n_labels)
                return condition->n_labels < n_labels ? -1 : 1;
        for (size_t i = 0; i < n_labels; i++) {
                int order = strcmp(condition->labels[i].value, labels[i].value);
                if (order != 0)
                        return order;
        }
        return 0;
}

static bool search(const struct condition_list *list, const struct config_condition *config,
        const struct reading *reading, size_t *ret_i) {
        size_t low = 0, high = list->n;

        while (low < high) {
                size_t middle = low + (high - low) / 2;
                int order = compare(list->entries[middle], config, reading->labels, reading->n_labels);

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

static bool applies(const struct config_condition *config, const struct reading *reading) {
        if (!config->enabled || strcmp(config->reading, reading->name) != 0)
                return false;
        for (size_t i = 0; i < ELEMENTSOF(config->labels) && config->labels[i].name; i++) {
                bool found = false;

                for (size_t k = 0; k < reading->n_labels; k++)
                        found |= strcmp(reading->labels[k].name, config->labels[i].name) == 0 &&
                                strcmp(reading->labels[k].value, config->labels[i].value) == 0;
                if (!found)
                        return false;
        }
        return true;
}

static void name_it(struct condition *condition) {
        text_copy(condition->name, sizeof(condition->name), condition->config->name);
        for (size_t i = 0; i < condition->n_labels; i++) {
                size_t used = strlen(condition->name);
                text_format(condition->name + used, sizeof(condition->name) - used, "_%s",
                        condition->labels[i].value);
        }
}

static struct entry *add(struct condition_list *list, size_t at, const struct config_condition *config,
        const struct reading *reading) {
        if (list->n == list->size) {
                size_t size = list->size ? 2 * list->size : 32;
                struct entry **entries = reallocarray(list->entries, size, sizeof(struct entry *));
                if (!entries)
                        return NULL;
                list->entries = entries;
                list->size = size;
        }
        struct entry *entry = calloc(1, sizeof(*entry));
        if (!entry)
                return NULL;
        entry->condition.config = config;
        memcpy(entry->condition.labels, reading->labels, sizeof(reading->labels));
        entry->condition.n_labels = reading->n_labels;
        entry->condition.state = CONDITION_UNKNOWN;
        entry->condition.value = NAN;
        entry->condition.since_usec = loop_realtime(list->loop);
        entry->again_usec = USEC_NEVER;
        entry->added = true;
        name_it(&entry->condition);
        memmove(list->entries + at + 1, list->entries + at, (list->n - at) * sizeof(struct entry *));
        list->entries[at] = entry;
        list->n++;
        return entry;
}

static void on_reading(const struct reading *reading, bool gone, void *data) {
        struct condition_list *list = data;

        for (size_t i = 0; i < list->config->n_conditions; i++) {
                const struct config_condition *config = &list->config->conditions[i];
                struct entry *entry;
                size_t at;

                if (!applies(config, reading))
                        continue;
                if (search(list, config, reading, &at))
                        entry = list->entries[at];
                else if (gone)
                        continue;
                else
                        entry = add(list, at, config, reading);
                if (!entry) {
                        log_error("%s: no memory for another label set", config->name);
                        continue;
                }
                entry->dirty = true;
                entry->gone = gone;
                loop_defer_arm(list->defer);
        }
}

static void step(struct condition_list *list, struct entry *entry) {
        struct condition *condition = &entry->condition;
        enum condition_state before = condition->state;
        double value_before = condition->value;
        uint32_t edition_before = entry->edition;
        bool added = entry->added;
        const struct reading *reading =
                board_find(list->board, condition->config->reading, condition->labels, condition->n_labels);
        double value = reading && !reading->missing ? reading->value : NAN;

        entry->dirty = entry->added = false;
        entry->edition = reading ? reading->edition : 0;
        enum condition_edge edge = condition_step(condition, value, loop_now(list->loop), &entry->again_usec);
        if (condition->state != before)
                condition->since_usec = loop_realtime(list->loop);

        bool same_value = value == value_before || (isnan(value) && isnan(value_before));
        if (added || condition->state != before || !same_value || entry->edition != edition_before)
                list->ops->on_changed(condition, added, false, list->data);
        if (edge != CONDITION_EDGE_NONE)
                list->ops->on_edge(condition, edge, list->data);
}

static void remove_gone(struct condition_list *list) {
        for (size_t i = 0; i < list->n;) {
                struct entry *entry = list->entries[i];

                if (!entry->gone) {
                        i++;
                        continue;
                }
                list->n--;
                memmove(list->entries + i, list->entries + i + 1, (list->n - i) * sizeof(struct entry *));
                if (!entry->added)
                        list->ops->on_changed(&entry->condition, false, true, list->data);
                free(entry);
        }
}

static void look(struct condition_list *list) {
        uint64_t now_usec = loop_now(list->loop), next_usec = USEC_NEVER;

        remove_gone(list);
        for (size_t i = 0; i < list->n; i++) {
                struct entry *entry = list->entries[i];

                if (entry->dirty || entry->again_usec <= now_usec)
                        step(list, entry);
                if (entry->again_usec < next_usec)
                        next_usec = entry->again_usec;
        }
        loop_timer_arm(list->timer, next_usec);
}

static void on_defer(struct loop_defer *defer, void *data) {
        (void)defer;
        look(data);
}

static void on_timer(struct loop_timer *timer, void *data) {
        (void)timer;
        look(data);
}

int condition_list_new(struct loop *loop, const struct config *config, struct board *board,
        const struct condition_ops *ops, void *data, struct condition_list **ret_list) {
        struct condition_list *list = calloc(1, sizeof(*list));
        int r;

        if (!list)
                return -ENOMEM;
        *list = (struct condition_list){
                .loop = loop, .config = config, .board = board, .ops = ops, .data = data};
        r = loop_timer_new(loop, "conditions", USEC_NEVER, on_timer, list, &list->timer);
        if (r >= 0)
                r = loop_defer_new(loop, "conditions", on_defer, list, &list->defer);
        if (r < 0) {
                condition_list_free(list);
                return r;
        }
        board_listen(board, on_reading, list);
        for (size_t i = 0; board_at(board, i); i++)
                on_reading(board_at(board, i), false, list);
        *ret_list = list;
        return 0;
}

struct condition_list *condition_list_free(struct condition_list *list) {
        if (!list)
                return NULL;
        board_listen(list->board, NULL, NULL);
        loop_timer_free(list->timer);
        loop_defer_free(list->defer);
        for (size_t i = 0; i < list->n; i++)
                free(list->entries[i]);
        free(list->entries);
        free(list);
        return NULL;
}

const struct condition *condition_at(const struct condition_list *list, size_t i) {
        return i < list->n ? &list->entries[i]->condition : NULL;
}

const struct condition *condition_find(const struct condition_list *list, const char *name) {
        for (size_t i = 0; i < list->n; i++)
                if (strcmp(list->entries[i]->condition.name, name) == 0)
                        return &list->entries[i]->condition;
        return NULL;
}
