/* SPDX-License-Identifier: MIT */
/*
 * qshape - a table of domains by age, as qshape(1) of Postfix prints it
 *
 * Runs in: spoolguardctl.  Scripts cut these columns at fixed places, so widths, heads and cut names follow the original
 * to the byte; only the order of equal rows, which it leaves to chance, is settled.  Parent domains are added up here,
 * from all rows, since only whoever prints the table wants them.
 *
 * Owns: all rows and names, in one block each.  Names are other people's: they are escaped once, on their way in.
 * Fails: -EINVAL for a reply that is no table of this many buckets, -ENOMEM.
 *
 * Limits: what the daemon left over ("*") has no part in parents.
 */
#include "ctl/qshape.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

#define DOMAIN_WIDTH_MIN 18
#define HEAD_MAX 32
#define NAME_MAX_BYTES 1024
#define REST "*"

/* One row in one parent, by way of its child there: "a.b.example.com" is in ".example.com" by ".b.example.com". */
struct descent {
        const char *parent, *child;
        const struct qshape_row *row;
};

static int add_row(struct qshape *shape, const char *domain) {
        struct qshape_row *row = &shape->rows[shape->n_rows];

        *row = (struct qshape_row){
                .domain = strdup(domain), .counts = calloc(1 + (size_t)shape->buckets, sizeof(*row->counts))};
        shape->n_rows++;
        return row->domain && row->counts ? 0 : -ENOMEM;
}

static int read_row(struct qshape *shape, const json_t *json) {
        const char *domain = json_string_value(json_array_get(json, 0));
        const json_t *counts = json_array_get(json, 1);
        char name[NAME_MAX_BYTES];

        if (!domain || json_array_size(counts) != 1 + (size_t)shape->buckets)
                return -EINVAL;
        text_escape(name, sizeof(name), domain);
        int r = add_row(shape, name);

        for (size_t i = 0; r == 0 && i <= shape->buckets; i++)
                shape->rows[shape->n_rows - 1].counts[i] =
                        (uint64_t)json_integer_value(json_array_get(counts, i));
        return r;
}

int qshape_init(struct qshape *shape, const json_t *rows, unsigned buckets, unsigned minutes, bool linear) {
        size_t n = json_array_size(rows);
        int r = n > 0 ? 0 : -EINVAL;

        *shape = (struct qshape){.buckets = buckets, .minutes = minutes, .linear = linear};
        if (r == 0) {
                shape->rows = calloc(n, sizeof(*shape->rows));
                r = shape->rows ? 0 : -ENOMEM;
        }
        for (size_t i = 0; r == 0 && i < n; i++)
                r = read_row(shape, json_array_get(rows, i));
        return r;
}

void qshape_deinit(struct qshape *shape) {
        for (size_t i = 0; i < shape->n_rows; i++) {
                free((char *)(uintptr_t)shape->rows[i].domain);
                free(shape->rows[i].counts);
        }
        free(shape->rows);
        *shape = (struct qshape){0};
}

/* The parent is a part of the name, from a dot on; NULL: there is none, or it is a top level domain. */
static const char *parent_of(const char *domain) {
        const char *label = domain[0] == '.' ? domain + 1 : domain;
        const char *dot = strchr(label, '.');

        return dot && dot > label && strchr(dot + 1, '.') ? dot : NULL;
}

static size_t descend(const struct qshape *shape, struct descent *descents) {
        size_t n = 0;

        for (size_t i = 1; i < shape->n_rows; i++) {
                const char *child = shape->rows[i].domain;

                for (const char *parent; (parent = parent_of(child)); child = parent) {
                        if (descents)
                                descents[n] = (struct descent){parent, child, &shape->rows[i]};
                        n++;
                }
        }
        return n;
}

static int compare_descents(const void *a, const void *b) {
        const struct descent *left = a, *right = b;
        int order = strcmp(left->parent, right->parent);

        return order != 0 ? order : strcmp(left->child, right->child);
}

/* All descents of one parent stand together: their number, and of how many children they are. */
static size_t family(const struct descent *descents, size_t n, size_t *ret_children) {
        size_t i = 1;

        *ret_children = 1;
        for (; i < n && strcmp(descents[i].parent, descents[0].parent) == 0; i++)
                *ret_children += strcmp(descents[i].child, descents[i - 1].child) != 0;
        return i;
}

static int add_parent(struct qshape *shape, const struct descent *descents, size_t n) {
        int r = add_row(shape, descents[0].parent);

        for (size_t i = 0; r == 0 && i < n; i++)
                for (size_t k = 0; k <= shape->buckets; k++)
                        shape->rows[shape->n_rows - 1].counts[k] += descents[i].row->counts[k];
        return r;
}

int qshape_add_parents(struct qshape *shape, size_t min_below) {
        size_t n = descend(shape, NULL), n_parents = 0, children;
        struct descent *descents = calloc(n + 1, sizeof(*descents));
        /* A copy: descents point into the rows that are there now. */
        struct qshape_row *rows = shape->rows;
        int r = descents ? 0 : -ENOMEM;

        if (r == 0) {
                descend(shape, descents);
                qsort(descents, n, sizeof(*descents), compare_descents);
                for (size_t i = 0; i < n; i += family(&descents[i], n - i, &children))
                        n_parents++;
                rows = calloc(shape->n_rows + n_parents, sizeof(*rows));
                r = rows ? 0 : -ENOMEM;
        }
        if (r == 0) {
                struct qshape_row *old = shape->rows;

                memcpy(rows, old, shape->n_rows * sizeof(*rows));
                shape->rows = rows;
                for (size_t i = 0, size; r == 0 && i < n; i += size) {
                        size = family(&descents[i], n - i, &children);
                        if (children >= min_below)
                                r = add_parent(shape, &descents[i], size);
                }
                free(old);
        }
        free(descents);
        return r;
}

static int rank(const struct qshape_row *row) {
        return strcmp(row->domain, REST) == 0;
}

static int compare_rows(const void *a, const void *b) {
        const struct qshape_row *left = a, *right = b;
        size_t left_length = strlen(left->domain), right_length = strlen(right->domain);

        if (rank(left) != rank(right))
                return rank(left) - rank(right);
        if (left->counts[0] != right->counts[0])
                return left->counts[0] > right->counts[0] ? -1 : 1;
        if (left_length != right_length)
                return left_length < right_length ? -1 : 1;
        return strcmp(left->domain, right->domain);
}

void qshape_sort(struct qshape *shape) {
        qsort(shape->rows + 1, shape->n_rows - 1, sizeof(*shape->rows), compare_rows);
}

/* Where bucket `i` ends, in minutes.  With 64 buckets it is more than an integer holds. */
static double limit_of(const struct qshape *shape, unsigned i) {
        double limit = shape->minutes;

        if (shape->linear)
                return limit * i;
        for (unsigned k = 1; k < i; k++)
                limit *= 2;
        return i == 0 ? 0 : limit;
}

/* The original counts in whole numbers as long as 64 bits hold them, and prints 15 digits from there on. */
static void format_head(const struct qshape *shape, unsigned i, char head[static HEAD_MAX]) {
        bool is_last = i == shape->buckets;
        double limit = limit_of(shape, is_last ? i - 1 : i);

        if (i == 0)
                text_copy(head, HEAD_MAX, "T");
        else if (limit < 0x1p64)
                text_format(head, HEAD_MAX, "%.0f%s", limit, is_last ? "+" : "");
        else
                text_format(head, HEAD_MAX, "%.15g%s", limit, is_last ? "+" : "");
}

static size_t column_width(const struct qshape *shape, unsigned i) {
        char head[HEAD_MAX];
        int total = snprintf(NULL, 0, "%" PRIu64, shape->rows[0].counts[i]);

        format_head(shape, i, head);
        size_t width = strlen(head) > (size_t)total ? strlen(head) : (size_t)total;

        return width > 2 ? width + 1 : 3;
}

static void print_name(const char *name, size_t width, FILE *out) {
        size_t length = strlen(name);
        const char *mark = name[0] == '.' ? ".+" : "+";

        if (length <= width) {
                fprintf(out, "%*s", (int)width, name);
                return;
        }
        const char *end = name + length - (width - strlen(mark));

        /* Half a character may be what moves the cursor of a terminal. */
        while (((unsigned char)*end & 0xc0) == 0x80)
                end++;
        fprintf(out, "%*s%s", (int)(width - strlen(end)), mark, end);
}

void qshape_print(const struct qshape *shape, size_t width, size_t top, FILE *out) {
        size_t columns = 0, n = top > 0 && top + 1 < shape->n_rows ? top + 1 : shape->n_rows;

        for (unsigned i = 0; i <= shape->buckets; i++)
                columns += column_width(shape, i);
        width = width > columns + DOMAIN_WIDTH_MIN ? width - columns : DOMAIN_WIDTH_MIN;
        print_name("", width, out);
        for (unsigned i = 0; i <= shape->buckets; i++) {
                char head[HEAD_MAX];

                format_head(shape, i, head);
                fprintf(out, "%*s", (int)column_width(shape, i), head);
        }
        fputc('\n', out);
        for (size_t row = 0; row < n; row++) {
                print_name(shape->rows[row].domain, width, out);
                for (unsigned i = 0; i <= shape->buckets; i++)
                        fprintf(out, "%*" PRIu64, (int)column_width(shape, i), shape->rows[row].counts[i]);
                fputc('\n', out);
        }
}

static json_t *row_json(const struct qshape *shape, const struct qshape_row *row) {
        json_t *counts = json_array();

        for (unsigned i = 1; i <= shape->buckets; i++)
                json_array_append_new(counts, json_integer((json_int_t)row->counts[i]));
        return json_pack("{s:s, s:I, s:o}", "domain", row->domain, "total", (json_int_t)row->counts[0],
                "counts", counts);
}

json_t *qshape_json(const struct qshape *shape) {
        json_t *limits = json_array(), *domains = json_array();

        for (unsigned i = 1; i < shape->buckets; i++) {
                double limit = limit_of(shape, i);

                json_array_append_new(
                        limits, limit < 0x1p63 ? json_integer((json_int_t)limit) : json_real(limit));
        }
        for (size_t i = 1; i < shape->n_rows; i++)
                json_array_append_new(domains, row_json(shape, &shape->rows[i]));
        return json_pack("{s:o, s:o, s:o}", "limits_minutes", limits, "total",
                row_json(shape, &shape->rows[0]), "domains", domains);
}
