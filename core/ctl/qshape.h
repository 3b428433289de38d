/* SPDX-License-Identifier: MIT */
/* qshape - a table of domains by age, as qshape(1) of Postfix prints it */
#ifndef CTL_QSHAPE_H
#define CTL_QSHAPE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct qshape_row {
        const char *domain;
        uint64_t *counts; /* the total, then one per bucket */
};

struct qshape {
        unsigned buckets, minutes;
        bool linear;
        struct qshape_row *rows; /* the first is TOTAL */
        size_t n_rows;
};

/* From the rows of QueueShape.  0, -EINVAL when they are none, or -ENOMEM; call qshape_deinit() in either case. */
int qshape_init(struct qshape *shape, const json_t *rows, unsigned buckets, unsigned minutes, bool linear);
void qshape_deinit(struct qshape *shape);

/*
 * Adds ".example.com" for all of example.com's subdomains where at least `min_below` of them stand in the table,
 * counting each ".sub.example.com" as one.  Top level domains are no parents.  0 or -ENOMEM.
 */
int qshape_add_parents(struct qshape *shape, size_t min_below);
/* TOTAL, then by total, the shorter name first; what is left over ("*") last. */
void qshape_sort(struct qshape *shape);

/* `width` as that of a terminal: longer names are cut in front; `top` domains (0: all). */
void qshape_print(const struct qshape *shape, size_t width, size_t top, FILE *out);
/* {"limits_minutes": [...], "total": {...}, "domains": [{"domain", "total", "counts"}]} */
json_t *qshape_json(const struct qshape *shape);

#endif
