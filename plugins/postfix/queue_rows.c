/* SPDX-License-Identifier: MIT */
/*
 * queue_rows - the rows of an answer: which domains it has, and what is counted for each
 *
 * Runs in the watcher, as part of the sensor `queue`.  The rows are chosen by the live totals before anything is
 * counted, so that an answer of a hundred rows costs as much for a million domains as it must: one look at each
 * total, and no text but for the few that are equal in everything else.
 *
 * Owns the rows of one answer and their counts; the texts are the names of a spool, which the caller keeps.  Fails
 * for want of memory.
 * Limits: SG_QUEUE_ROWS_MAX rows, and one for the rest; over several spools, each domain is looked up in each.
 */
#include "postfix/queue_rows.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Rows that may be in the answer: the best of them, whenever there are twice as many as are wanted. */
struct choice {
        struct queue_row *rows;
        size_t n, wanted;
        bool is_full; /* rows[wanted - 1] was the last of the best */
        struct queue_row last;
        bool has_dropped;
        uint64_t random;
};

static int compare(const void *a, const void *b) {
        const struct queue_row *left = a, *right = b;

        if (left->entry.total != right->entry.total)
                return left->entry.total > right->entry.total ? -1 : 1;
        if (left->entry.length != right->entry.length)
                return left->entry.length < right->entry.length ? -1 : 1;
        if (left->entry.prefix != right->entry.prefix)
                return left->entry.prefix < right->entry.prefix ? -1 : 1;
        return strcmp(left->spool->places.domains.rows[left->entry.name].text,
                right->spool->places.domains.rows[right->entry.name].text);
}

static void swap(struct queue_row *left, struct queue_row *right) {
        struct queue_row kept = *left;

        *left = *right;
        *right = kept;
}

/* Moves the k best to the front, the last of them to rows[k - 1]; no two are equal. */
static void part(struct choice *choice, size_t k) {
        struct queue_row *rows = choice->rows;
        size_t begin = 0, end = choice->n;

        while (end - begin > 1) {
                size_t middle = begin;

                /* Who chooses the names, and with them the order they come in, cannot know it. */
                choice->random = choice->random * UINT64_C(6364136223846793005) + 1;
                swap(&rows[begin + (choice->random >> 33) % (end - begin)], &rows[end - 1]);
                for (size_t i = begin; i < end - 1; i++)
                        if (compare(&rows[i], &rows[end - 1]) < 0)
                                swap(&rows[i], &rows[middle++]);
                swap(&rows[middle], &rows[end - 1]);
                if (middle == k - 1)
                        return;
                if (middle < k - 1)
                        begin = middle + 1;
                else
                        end = middle;
        }
}

static void keep_best(struct choice *choice) {
        if (choice->n <= choice->wanted)
                return;
        part(choice, choice->wanted);
        choice->n = choice->wanted;
        choice->last = choice->rows[choice->n - 1];
        choice->is_full = choice->has_dropped = true;
}

static void offer(struct choice *choice, const struct queue_row *row) {
        if (choice->is_full && compare(row, &choice->last) > 0)
                return;
        choice->rows[choice->n++] = *row;
        if (choice->n == 2 * choice->wanted)
                keep_best(choice);
}

bool queue_rows_name(const struct queue_row *row, const struct queue_spool *spool, uint32_t *ret_name) {
        const char *text;

        *ret_name = row->entry.name;
        if (spool == row->spool)
                return true;
        text = row->spool->places.domains.rows[row->entry.name].text;
        *ret_name = queue_names_find(&spool->places.domains, text);
        return *ret_name != QUEUE_NAME_NONE || text[0] == '\0';
}

static const struct queue_shape_entry *find(
        const struct queue_question *question, const struct queue_spool *spool, int queue, uint32_t name) {
        return question->queues[queue] ? queue_shape_find(&spool->shape.tables[question->kind][queue], name)
                                       : NULL;
}

/* Adds what the other queues and spools have; false: it was met there before. */
static bool complete(
        const struct queue_question *question, size_t at_spool, int at_queue, struct queue_row *row) {
        bool is_behind = false;
        uint32_t name;

        for (size_t i = 0; i < question->n_spools; i++) {
                bool has_name = queue_rows_name(row, question->spools[i], &name);

                for (int queue = 0; queue < QUEUES; queue++) {
                        const struct queue_shape_entry *entry =
                                has_name ? find(question, question->spools[i], queue, name) : NULL;

                        if (i == at_spool && queue == at_queue)
                                is_behind = true;
                        else if (entry && !is_behind)
                                return false;
                        else if (entry)
                                row->entry.total += entry->total;
                }
        }
        return true;
}

/* Of a part of the messages the live totals do not say who has most: then all that there is room for are chosen. */
static uint32_t wanted_rows(const struct queue_question *question) {
        return question->since > 0 ? SG_QUEUE_ROWS_MAX : question->limit;
}

size_t queue_rows_most(const struct queue_question *question) {
        uint32_t wanted = wanted_rows(question);
        size_t n = 0;

        for (size_t i = 0; i < question->n_spools; i++)
                for (int queue = 0; queue < QUEUES; queue++)
                        if (question->queues[queue])
                                n += question->spools[i]->shape.tables[question->kind][queue].n;
        return n < wanted ? n : wanted;
}

static int choose(struct choice *choice, const struct queue_question *question) {
        choice->wanted = wanted_rows(question);
        choice->random = question->n_spools > 0 ? question->spools[0]->places.domains.seed : 0;
        choice->rows = malloc(2 * (queue_rows_most(question) + 1) * sizeof(*choice->rows));
        if (!choice->rows)
                return -ENOMEM;
        for (size_t i = 0; i < question->n_spools; i++)
                for (int queue = 0; queue < QUEUES; queue++) {
                        struct queue_spool *spool = question->spools[i];
                        const struct queue_shape_table *table = &spool->shape.tables[question->kind][queue];

                        for (uint32_t j = 0; question->queues[queue] && j < table->n; j++) {
                                struct queue_row row = {.entry = table->entries[j], .spool = spool};

                                if (complete(question, i, queue, &row))
                                        offer(choice, &row);
                        }
                }
        keep_best(choice);
        qsort(choice->rows, choice->n, sizeof(*choice->rows), compare);
        return 0;
}

int queue_rows_init(struct queue_rows *rows, const struct queue_question *question) {
        struct choice choice = {0};
        int r = choose(&choice, question);

        if (r < 0)
                return r;
        *rows = (struct queue_rows){
                .rows = choice.rows,
                .n = choice.n,
                .has_others = choice.has_dropped && wanted_rows(question) == SG_QUEUE_ROWS_MAX,
                .n_said = question->since > 0 ? question->limit : choice.n + 1,
                .width = question->buckets.n + 1,
        };
        rows->counts = calloc((rows->n + 2) * rows->width, sizeof(*rows->counts));
        if (rows->counts)
                return 0;
        queue_rows_deinit(rows);
        return -ENOMEM;
}

void queue_rows_deinit(struct queue_rows *rows) {
        free(rows->rows);
        free(rows->counts);
        *rows = (struct queue_rows){0};
}

uint32_t *queue_rows_counts(const struct queue_rows *rows, size_t i) {
        return rows->counts + i * rows->width;
}

bool queue_rows_fit(const struct queue_question *question) {
        uint64_t total = 0;

        for (size_t i = 0; i < question->n_spools; i++)
                for (int queue = 0; queue < QUEUES; queue++)
                        if (question->queues[queue])
                                total += question->spools[i]->shape.tables[question->kind][queue].total;
        return total <= UINT32_MAX;
}

void queue_rows_add(uint32_t *counted, uint32_t count) {
        if (__builtin_add_overflow(*counted, count, counted))
                *counted = UINT32_MAX;
}

static void add_ages(uint32_t *counts, unsigned width, uint64_t total, const uint32_t *ages) {
        counts[0] += (uint32_t)total;
        for (unsigned i = 0; i < QUEUE_SHAPE_BUCKETS; i++)
                counts[i + 1 < width ? i + 1 : width - 1] += ages[i];
}

static void count_row(struct queue_rows *rows, const struct queue_question *question, size_t i) {
        uint32_t *counts = queue_rows_counts(rows, i + 1), name;

        for (size_t j = 0; j < question->n_spools; j++) {
                const struct queue_spool *spool = question->spools[j];

                if (!queue_rows_name(&rows->rows[i], spool, &name))
                        continue;
                for (int queue = 0; queue < QUEUES; queue++) {
                        const struct queue_shape_entry *entry = find(question, spool, queue, name);

                        if (entry)
                                add_ages(counts, rows->width, entry->total,
                                        queue_shape_ages_of(
                                                &spool->shape.tables[question->kind][queue], entry));
                }
        }
}

void queue_rows_count(struct queue_rows *rows, const struct queue_question *question) {
        uint32_t *total = queue_rows_counts(rows, 0), *others = queue_rows_counts(rows, rows->n + 1);

        for (size_t i = 0; i < question->n_spools; i++)
                for (int queue = 0; queue < QUEUES; queue++) {
                        const struct queue_shape_table *table =
                                &question->spools[i]->shape.tables[question->kind][queue];

                        if (question->queues[queue])
                                add_ages(total, rows->width, table->total, table->total_ages);
                }
        memcpy(others, total, rows->width * sizeof(*others));
        for (size_t i = 0; i < rows->n; i++) {
                count_row(rows, question, i);
                for (unsigned j = 0; j < rows->width; j++)
                        others[j] -= queue_rows_counts(rows, i + 1)[j];
        }
}

static int compare_said(const void *a, const void *b) {
        const struct sg_queue_shape_row *left = a, *right = b;
        size_t left_length, right_length;

        if (left->counts[0] != right->counts[0])
                return left->counts[0] > right->counts[0] ? -1 : 1;
        left_length = strlen(left->domain);
        right_length = strlen(right->domain);
        if (left_length != right_length)
                return left_length < right_length ? -1 : 1;
        return strcmp(left->domain, right->domain);
}

/* They nearly always are: another count than that of the choice takes a long time to be made. */
static bool are_sorted(const struct sg_queue_shape_row *said, size_t n) {
        for (size_t i = 1; i < n; i++)
                if (compare_said(&said[i - 1], &said[i]) > 0)
                        return false;
        return true;
}

/* More names than a spool keeps are "*" as well: one row for both. */
static size_t add_others(const struct queue_rows *rows, struct sg_queue_shape_row *said, size_t n) {
        uint32_t *others = queue_rows_counts(rows, rows->n + 1);

        if (!rows->has_others || others[0] == 0)
                return n;
        for (size_t i = 1; i < n; i++)
                if (strcmp(said[i].domain, "*") == 0) {
                        for (unsigned j = 0; j < rows->width; j++)
                                queue_rows_add(&others[j], said[i].counts[j]);
                        said[i].counts = others;
                        return n;
                }
        said[n] = (struct sg_queue_shape_row){.domain = "*", .counts = others};
        return n + 1;
}

int queue_rows_say(const struct queue_rows *rows, sg_queue_shape_done *done, void *data) {
        struct sg_queue_shape_row *said = malloc((rows->n + 2) * sizeof(*said));
        size_t n = 0;

        if (!said)
                return -ENOMEM;
        said[n++] = (struct sg_queue_shape_row){.domain = "TOTAL", .counts = queue_rows_counts(rows, 0)};
        for (size_t i = 0; i < rows->n; i++) {
                const struct queue_row *row = &rows->rows[i];
                const uint32_t *counts = queue_rows_counts(rows, i + 1);

                /* Where counting takes its time, the last of a domain may leave meanwhile. */
                if (counts[0] > 0)
                        said[n++] = (struct sg_queue_shape_row){
                                .domain = row->spool->places.domains.rows[row->entry.name].text,
                                .counts = counts};
        }
        n = add_others(rows, said, n);
        if (!are_sorted(said + 1, n - 1))
                qsort(said + 1, n - 1, sizeof(*said), compare_said);
        done(0, said, n <= rows->n_said ? n : rows->n_said + 1, data);
        free(said);
        return 0;
}
