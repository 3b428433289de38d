/* SPDX-License-Identifier: MIT */
/* queue_names - domains and next hops as small numbers, with what is counted under each */
#ifndef POSTFIX_QUEUE_NAMES_H
#define POSTFIX_QUEUE_NAMES_H

#include <stddef.h>
#include <stdint.h>

#define QUEUE_NAMES_MAX 131072u
#define QUEUE_NAME_BYTES 256u

/* Names that are always there. */
enum {
        QUEUE_NAME_NONE,   /* "": no domain, or delivered on this machine */
        QUEUE_NAME_OTHERS, /* "*": more names than are kept, or one that must not be acted on */
        QUEUE_NAME_NULL,   /* QUEUE_NULL_SENDER: an empty address */
};
#define QUEUE_NULL_SENDER "MAILER-DAEMON" /* as qshape has it; no domain is, for they are in lower case */

struct queue_name {
        char *text; /* NULL: a free row */
        uint32_t refs, next, hash;
        uint32_t messages, dead, due, stranded, underway, active, late, cliff; /* of the last census */
        uint32_t senders; /* messages from there, likewise */
        uint16_t at;      /* queue_places: where it is in the draft, if it is there */
        /* Counted as it happens, as long as the name is known; the second line of what was chosen for a retry. */
        uint64_t delivered, deferred;
        uint64_t retry_delivered, retry_deferred, retry_put_off, retry_bounced;
};

struct queue_names {
        struct queue_name *rows;
        uint32_t n_rows, first_free;
        uint32_t n_rows_max;
        uint32_t *buckets;
        uint64_t seed;
};

int queue_names_init(struct queue_names *names);
void queue_names_deinit(struct queue_names *names);
/* Its number, with one reference more; QUEUE_NAME_OTHERS when no more can be kept. */
uint32_t queue_names_take(struct queue_names *names, const char *text);
void queue_names_hold(struct queue_names *names, uint32_t number);
void queue_names_drop(struct queue_names *names, uint32_t number);
/* 0 (QUEUE_NAME_NONE) when it is not known. */
uint32_t queue_names_find(const struct queue_names *names, const char *text);

#endif
