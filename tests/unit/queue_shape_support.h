/* SPDX-License-Identifier: MIT */
/*
 * queue_shape_support - what qshape would print, from the files of a spool, and what the sensor answers
 *
 * The model shares no code with the plugin: it reads the records, cuts the domains and finds the buckets by itself, in
 * the ways of qshape.pl.
 */
#ifndef UNIT_QUEUE_SHAPE_SUPPORT_H
#define UNIT_QUEUE_SHAPE_SUPPORT_H

#include <math.h>
#include <spoolguard/queue.h>

#include "queue_support.h"

#define SHAPE_ROWS 2048
#define SHAPE_WIDTH (SG_QUEUE_BUCKETS_MAX + 1)
#define SHAPE_ADDRESSES 2048

struct shape_row {
        char domain[256];
        uint32_t counts[SHAPE_WIDTH];
};

struct shape_table {
        int error, n_answers;
        unsigned buckets;
        size_t n;
        struct shape_row rows[SHAPE_ROWS];
};

/* The default question about one queue, to be changed by the test. */
#define SHAPE_QUESTION(...)             \
        ((const struct sg_queue_shape){ \
                .queues = (const char *const[]){__VA_ARGS__, NULL}, .buckets = 10, .bucket_minutes = 5})

/* For a question with as many buckets as table->buckets. */
static inline void shape_on_answer(
        int error, const struct sg_queue_shape_row *rows, size_t n_rows, void *data) {
        struct shape_table *table = data;

        table->n_answers++;
        table->error = error;
        table->n = n_rows;
        assert_true(n_rows <= SHAPE_ROWS);
        for (size_t i = 0; i < n_rows; i++) {
                snprintf(table->rows[i].domain, sizeof(table->rows[i].domain), "%s", rows[i].domain);
                memcpy(table->rows[i].counts, rows[i].counts,
                        (table->buckets + 1) * sizeof(rows[i].counts[0]));
        }
}

/* As qshape.pl does it, one substitution after the other. */
static inline void shape_domain(const char *address, char *ret_domain) {
        char text[1024];
        const char *at;
        size_t n = 0;

        snprintf(text, sizeof(text), "%s", address[0] ? address : "MAILER-DAEMON");
        for (char *c = text; address[0] && *c; c++)
                if (*c >= 'A' && *c <= 'Z')
                        *c = (char)(*c - 'A' + 'a');
        at = strrchr(text, '@');
        at = at ? at + 1 : text;
        for (size_t i = 0; at[i]; i++) {
                ret_domain[n++] = at[i];
                if (at[i] == '.' && at[i + 1] == '.')
                        i++;
        }
        ret_domain[n] = '\0';
        /* The last character of all is never taken. */
        if (n > 1 && ret_domain[0] == '.')
                memmove(ret_domain, ret_domain + 1, n--);
        if (n > 1 && ret_domain[n - 1] == '.')
                ret_domain[n - 1] = '\0';
}

static inline unsigned shape_bucket(const struct sg_queue_shape *shape, int64_t now, int64_t arrival) {
        double m = (double)(now - arrival) / (60.0 * shape->bucket_minutes);
        unsigned bucket;

        if (m < 1)
                return 1;
        bucket = shape->linear ? (unsigned)(m + 1) : 2 + (unsigned)(log(m) / log(2) + 1e-9);
        return bucket < shape->buckets ? bucket : shape->buckets;
}

static inline void shape_count(struct shape_table *table, const char *domain, unsigned bucket) {
        size_t i = 0;

        while (i < table->n && strcmp(table->rows[i].domain, domain) != 0)
                i++;
        assert_true(i < SHAPE_ROWS);
        if (i == table->n) {
                memset(&table->rows[i], 0, sizeof(table->rows[i]));
                snprintf(table->rows[i].domain, sizeof(table->rows[i].domain), "%.255s", domain);
                table->n++;
        }
        table->rows[i].counts[0]++;
        table->rows[i].counts[bucket]++;
}

struct shape_envelope {
        char sender[1024], recipients[SHAPE_ADDRESSES][1024];
        bool has_sender, has_end;
        int64_t arrival; /* 0: none */
        size_t n;
};

static inline void shape_read(const char *path, struct shape_envelope *envelope) {
        static unsigned char bytes[1 << 20];
        int fd = open(path, O_RDONLY);
        ssize_t size = fd < 0 ? 0 : read(fd, bytes, sizeof(bytes) - 1);
        size_t content = 0;

        if (fd >= 0)
                close(fd);
        envelope->has_sender = envelope->has_end = false;
        envelope->arrival = 0;
        envelope->n = 0;
        for (size_t at = 0; at + 1 < (size_t)size && !envelope->has_end;) {
                unsigned char type = bytes[at++];
                size_t length = 0;
                char text[1024];

                for (unsigned shift = 0; at < (size_t)size; shift += 7) {
                        length |= (size_t)(bytes[at] & 0x7f) << shift;
                        if (!(bytes[at++] & 0x80))
                                break;
                }
                if (at + length > (size_t)size)
                        break;
                snprintf(text, sizeof(text), "%.*s", (int)length, (const char *)bytes + at);
                at += length;
                if (type == 'C')
                        content = (size_t)strtol(text, NULL, 10);
                if (type == 'T')
                        envelope->arrival = strtol(text, NULL, 10);
                if (type == 'S') {
                        snprintf(envelope->sender, sizeof(envelope->sender), "%s", text);
                        envelope->has_sender = true;
                }
                if (type == 'R' && envelope->n < SHAPE_ADDRESSES)
                        snprintf(envelope->recipients[envelope->n++], 1024, "%s", text);
                if (type == 'p' && strtol(text, NULL, 10) > 0)
                        at = (size_t)strtol(text, NULL, 10);
                if (type == 'M')
                        at += content;
                envelope->has_end = type == 'E';
        }
}

static struct {
        const struct sg_queue_shape *shape;
        struct shape_table *table;
        int64_t now;
} shape_model;

static inline int shape_on_file(const char *path, const struct stat *status, int type, struct FTW *where) {
        static struct shape_envelope envelope;
        char domain[1024];
        unsigned bucket;

        (void)where;
        if (type != FTW_F || !S_ISREG(status->st_mode) || (status->st_mode & 0700) != 0700)
                return 0;
        shape_read(path, &envelope);
        if (!envelope.has_end || !envelope.has_sender || !envelope.arrival || envelope.n == 0)
                return 0;
        if (envelope.arrival < (int64_t)(shape_model.shape->arrived_since_usec / 1000000))
                return 0;
        bucket = shape_bucket(shape_model.shape, shape_model.now, envelope.arrival);
        for (size_t i = 0; i < (shape_model.shape->by_sender ? 1 : envelope.n); i++) {
                shape_count(shape_model.table, "TOTAL", bucket);
                shape_domain(shape_model.shape->by_sender ? envelope.sender : envelope.recipients[i], domain);
                shape_count(shape_model.table, domain, bucket);
        }
        return 0;
}

static inline int shape_compare(const void *a, const void *b) {
        const struct shape_row *left = a, *right = b;
        size_t left_length = strlen(left->domain), right_length = strlen(right->domain);

        if (left->counts[0] != right->counts[0])
                return left->counts[0] > right->counts[0] ? -1 : 1;
        if (left_length != right_length)
                return left_length < right_length ? -1 : 1;
        return strcmp(left->domain, right->domain);
}

/* Of the stopped spool; adds to the table. */
static inline void shape_expected(const struct spool *spool, const struct sg_queue_shape *shape, int64_t now,
        struct shape_table *table) {
        char path[256];

        shape_model.shape = shape;
        shape_model.table = table;
        shape_model.now = now;
        if (table->n == 0) {
                memset(&table->rows[0], 0, sizeof(table->rows[0]));
                strcpy(table->rows[table->n++].domain, "TOTAL");
        }
        for (const char *const *queue = shape->queues; *queue; queue++) {
                snprintf(path, sizeof(path), "%s/%s", spool->path, *queue);
                nftw(path, shape_on_file, 16, FTW_PHYS);
        }
        qsort(table->rows + 1, table->n - 1, sizeof(table->rows[0]), shape_compare);
}

static inline void shape_print(const char *what, const struct shape_table *table, unsigned buckets) {
        printf("%s\n", what);
        for (size_t i = 0; i < table->n; i++) {
                printf("%30s", table->rows[i].domain);
                for (unsigned j = 0; j <= buckets; j++)
                        printf(" %u", table->rows[i].counts[j]);
                printf("\n");
        }
}

static inline bool shape_equal(
        const struct shape_table *left, const struct shape_table *right, unsigned buckets) {
        if (left->n != right->n)
                return false;
        for (size_t i = 0; i < left->n; i++)
                if (strcmp(left->rows[i].domain, right->rows[i].domain) != 0 ||
                        memcmp(left->rows[i].counts, right->rows[i].counts,
                                (buckets + 1) * sizeof(left->rows[i].counts[0])) != 0)
                        return false;
        return true;
}

#endif
