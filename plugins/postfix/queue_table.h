/* SPDX-License-Identifier: MIT */
/* queue_table - every message of a spool, by its ID */
#ifndef POSTFIX_QUEUE_TABLE_H
#define POSTFIX_QUEUE_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "postfix/queue_id.h"

#define QUEUE_MESSAGES_MAX 2000000u
#define QUEUE_SIZE_MAX ((UINT64_C(1) << 40) - 1)
#define QUEUE_GENERATIONS 15u
#define QUEUE_NUMBER_MASK ((1u << 20) - 1) /* of places and names */

enum queue {
        QUEUE_MAILDROP,
        QUEUE_INCOMING,
        QUEUE_ACTIVE,
        QUEUE_DEFERRED,
        QUEUE_HOLD,
        QUEUE_CORRUPT,
        QUEUES,
};

enum queue_status_class { QUEUE_STATUS_NONE, QUEUE_STATUS_2, QUEUE_STATUS_4, QUEUE_STATUS_5 };
enum queue_message_state { QUEUE_MESSAGE_UNREAD, QUEUE_MESSAGE_READ, QUEUE_MESSAGE_UNREADABLE };

/* What is to be done about a message; bits of queue_message.jobs, and the rings of work. */
enum queue_job {
        QUEUE_JOB_FIND,
        QUEUE_JOB_LOOK,
        QUEUE_JOB_READ_DEFERRED,
        QUEUE_JOB_READ,
        QUEUE_JOB_REASON,
        QUEUE_JOBS,
};
#define QUEUE_JOBS_ALL ((1u << QUEUE_JOBS) - 1)

struct queue_message {
        struct queue_id id;
        uint64_t size_bytes : 40;
        uint64_t left : 17;  /* recipients; its place knows when there are more than QUEUE_LEFT_MAX */
        uint64_t bucket : 4; /* of queue_shape, by its age; 0: not counted there */
        uint64_t used : 1;
        uint64_t has_inode : 1;          /* looked at; queue_table_inode() says which */
        uint64_t is_restored : 1;        /* its inode is not that of its ID */
        uint32_t arrival, create, retry; /* CLOCK_REALTIME in seconds; 0: not known */
        uint32_t place : 20;             /* queue_places: its recipients */
        uint32_t status_subject : 10;
        uint32_t has_sender : 1;
        uint32_t changed : 1; /* its recipients, since they were read */
        uint32_t sender : 20; /* name of its domain */
        uint32_t status_detail : 10;
        uint32_t status_class : 2; /* of the DSN status of its deferral; enum queue_status_class */
        unsigned queue : 3;
        unsigned depth : 3; /* of the hash directory it lies in */
        unsigned state : 2;
        unsigned reason : 5;
        unsigned jobs : 5;
        unsigned generation : 4; /* of the scan that saw it last */
        unsigned complete : 1;
        unsigned null_sender : 1;
        unsigned duplicate_risk : 1;
        unsigned postponed : 1;
        unsigned moving : 1; /* left its queue, and was not seen to arrive */
        unsigned fresh : 1;  /* came in since the start, and is not counted as arrived yet */
        unsigned bounced : 1;
        unsigned returned : 1; /* to deferred: who is left is to be read, and then its reason */
        unsigned tried : 1;    /* ... and it came from active: to be counted for its next hops */
        unsigned asked : 1;    /* chosen for a retry, and not back from it: not to be postponed meanwhile */
};
_Static_assert(sizeof(struct queue_message) <= 48, "with its share of the index, 64 bytes per message");

struct queue_table {
        struct queue_chunk **chunks;
        uint32_t n_chunks, roomy; /* no chunk before `roomy` has a free slot */
        uint32_t n, max;
        struct queue_segment *segments;
};

int queue_table_init(struct queue_table *table, uint32_t max);
void queue_table_deinit(struct queue_table *table);
struct queue_message *queue_table_find(const struct queue_table *table, const struct queue_id *id);
/* It must not be there.  NULL: the table is full. */
struct queue_message *queue_table_add(
        struct queue_table *table, const struct queue_id *id, uint32_t *ret_number);
void queue_table_remove(struct queue_table *table, struct queue_message *message);
/* Numbers stay as long as the message does; NULL: nothing is there.  All are below queue_table_end(). */
struct queue_message *queue_table_at(const struct queue_table *table, uint32_t number);
uint32_t queue_table_number(const struct queue_table *table, const struct queue_message *message);
/* 0: not looked at. */
uint64_t queue_table_inode(const struct queue_table *table, const struct queue_message *message);
/* -ENOMEM: it is not kept, and the message counts as not looked at. */
int queue_table_set_inode(struct queue_table *table, struct queue_message *message, uint64_t inode);
uint32_t queue_table_end(const struct queue_table *table);

#endif
