/* SPDX-License-Identifier: MIT */
/*
 * spool - a Postfix spool for tests: queue files and defer logs as Postfix 3.7 writes them
 *
 * A program that uses it links the parsers of plugins/postfix as well: the hash directories come from there.
 */
#ifndef SUPPORT_SPOOL_H
#define SUPPORT_SPOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define SPOOL_DIRECTORY "var/spool/postfix" /* below the root */
#define SPOOL_ID_MAX 256
#define SPOOL_RECIPIENTS_MAX 8
#define SPOOL_ARRIVAL UINT64_C(1766509200) /* of messages that name none: 2025-12-23 17:00 UTC */

struct spool {
        char path[128];      /* root/var/spool/postfix */
        unsigned hash_depth; /* of deferred and defer: 1; change it before anything is added */
        unsigned serial;
};

struct spool_recipient {
        const char *address;  /* NULL ends the list */
        const char *original; /* NULL: as address */
        bool done;            /* delivered or bounced already */
};

/* All zero but `queue` and a recipient is an ordinary message. */
struct spool_message {
        const char *queue;        /* maildrop, incoming, active, deferred, hold or corrupt; NULL: deferred */
        const char *id;           /* NULL: made from its inode as Postfix does */
        bool long_id;             /* ... with enable_long_queue_ids */
        uint64_t arrival_seconds; /* 0: SPOOL_ARRIVAL */
        uint64_t create_seconds;  /* 0: as arrival */
        const char *sender;       /* NULL: alice@example.test; "": a bounce */
        struct spool_recipient recipients[SPOOL_RECIPIENTS_MAX];
        unsigned more_recipients; /* so many more, uN@more_domain */
        const char *more_domain;
        const char *filter;           /* NULL: no content filter */
        size_t body_bytes;            /* 0: 200 */
        uint64_t next_retry_seconds;  /* mtime; 0: as it was written */
        mode_t mode;                  /* 0: what Postfix gives a complete one */
        const char *milter_sender;    /* NULL: no milter; a sender that a milter put behind the end */
        const char *milter_recipient; /* NULL: none; one that a milter added behind the end */
        bool unfinished;              /* cleanup is still writing: no sizes, no end, mode 0600 */
};

struct spool_file {
        char queue[16];
        char id[SPOOL_ID_MAX];
        uint64_t inode;
        uint64_t size_bytes;                    /* what `postqueue -p` says */
        uint64_t offsets[SPOOL_RECIPIENTS_MAX]; /* of recipients[] */
        uint64_t milter_offset;                 /* of milter_recipient */
};

/* A failure ends the program: it says nothing about the code under test. */
void spool_init(struct spool *spool, const char *root);
/* The queue directory itself; what is missing below it is made. */
void spool_open(struct spool *spool, const char *path);
/* ret_file: may be NULL.  The file appears below its name complete, but in maildrop and incoming, as Postfix has it. */
void spool_add(struct spool *spool, const struct spool_message *message, struct spool_file *ret_file);
/* As Postfix moves it; the hash directory is made when it is missing. */
void spool_move(struct spool *spool, struct spool_file *file, const char *queue);
void spool_remove(struct spool *spool, const struct spool_file *file);
/* recipients[i] was delivered. */
void spool_done(struct spool *spool, const struct spool_file *file, size_t i);
void spool_set_retry(struct spool *spool, const struct spool_file *file, uint64_t seconds);
/* Absolute path of a message, or of its defer log with queue "defer"; valid until the next call but three. */
const char *spool_path(const struct spool *spool, const char *queue, const char *id);

/* One entry of a defer log. */
struct spool_deferral {
        const char *recipient;
        uint64_t offset;        /* 0: no such line */
        const char *status;     /* NULL: 4.4.1 */
        const char *mta;        /* NULL: none replied */
        const char *diagnostic; /* NULL: none */
        const char *reason;     /* NULL: connect to mx.example.test[192.0.2.1]:25: Connection timed out */
};

/* Appends to defer/ID, which appears with the first entry. */
void spool_defer(struct spool *spool, const char *id, const struct spool_deferral *deferral);
/* Appends so many empty lines to defer/ID, which say nothing. */
void spool_defer_nothing(struct spool *spool, const char *id, size_t lines);

/* The bytes alone; the caller frees them.  ret_file gets sizes and offsets, no id and no inode. */
unsigned char *spool_encode(
        const struct spool_message *message, size_t *ret_size, struct spool_file *ret_file);
/* Appends one record, as Postfix encodes it, to a buffer that has room for `size` + 4 more bytes. */
size_t spool_encode_record(unsigned char *target, char type, const void *bytes, size_t size);

#endif
