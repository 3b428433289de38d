/* SPDX-License-Identifier: MIT */
/*
 * queue_file_support - a queue file read to its end, from the bytes of tests/support/spool or of records by hand
 *
 * What the reader found is in `reader`, the recipients that it told of are in `heard`.
 */
#ifndef UNIT_QUEUE_FILE_SUPPORT_H
#define UNIT_QUEUE_FILE_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sys/mman.h>
#include <unistd.h>

#include "postfix/queue_file.h"
#include "support/spool.h"

#define KEPT 8

struct heard {
        size_t n;
        uint64_t offsets[KEPT];
        char addresses[KEPT][QUEUE_FILE_ADDRESS_MAX];
};

static inline void hear(const char *address, uint64_t offset, void *data) {
        struct heard *heard = data;

        if (heard->n < KEPT) {
                heard->offsets[heard->n] = offset;
                snprintf(heard->addresses[heard->n], sizeof(heard->addresses[0]), "%s", address);
        }
        heard->n++;
}

static struct heard heard;
static struct queue_file_reader reader;

/* To the end, `step` bytes at a time. */
static inline int read_fd(int fd, uint64_t size, bool maildrop, uint32_t step) {
        int state;

        heard.n = 0;
        queue_file_reader_init(&reader, fd, size, maildrop, hear, &heard);
        for (unsigned i = 0; (state = queue_file_reader_step(&reader, step)) == QUEUE_FILE_MORE; i++)
                assert_true(i < QUEUE_FILE_RECORDS_MAX);
        /* What was said once stays said. */
        if (state > 0)
                assert_int_equal(queue_file_reader_step(&reader, step), state);
        return state;
}

static inline int read_bytes(const void *bytes, size_t size, bool maildrop, uint32_t step) {
        int fd = memfd_create("queue-file", MFD_CLOEXEC), state;

        assert_true(fd >= 0);
        assert_int_equal(write(fd, bytes, size), size);
        state = read_fd(fd, size, maildrop, step);
        close(fd);
        return state;
}

static inline bool is_maildrop(const struct spool_message *message) {
        return message->queue && strcmp(message->queue, "maildrop") == 0;
}

static inline int read_message(const struct spool_message *message, struct spool_file *ret_file) {
        size_t size;
        unsigned char *bytes = spool_encode(message, &size, ret_file);
        int state = read_bytes(bytes, size, is_maildrop(message), 4096);

        free(bytes);
        return state;
}

/* A file made by hand: records one behind the other. */
struct hand {
        unsigned char bytes[64 << 10];
        size_t size;
};

static inline void hand_add(struct hand *hand, char type, const char *text) {
        hand->size += spool_encode_record(hand->bytes + hand->size, type, text, strlen(text));
}

static inline void hand_add_sizes(struct hand *hand, long data_size) {
        char text[96];

        snprintf(text, sizeof(text), "%15ld %15d %15d %15d %15d %15d", data_size, 1, 1, 0, 1, 0);
        hand_add(hand, 'C', text);
}

static inline void hand_add_pointer(struct hand *hand, size_t target) {
        char text[24];

        snprintf(text, sizeof(text), "%15zu", target);
        hand_add(hand, 'p', text);
}

static inline void hand_start(struct hand *hand) {
        hand->size = 0;
        hand_add_sizes(hand, 0);
        hand_add(hand, 'T', "1766509200 1");
}

static inline void hand_end(struct hand *hand) {
        hand_add(hand, 'M', "");
        hand_add(hand, 'X', "");
        hand_add(hand, 'E', "");
}

static inline int hand_read(const struct hand *hand) {
        return read_bytes(hand->bytes, hand->size, false, 4096);
}

#endif
