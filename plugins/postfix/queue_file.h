/* SPDX-License-Identifier: MIT */
/*
 * queue_file - read the envelope of a queue file, a bounded piece at a time
 *
 * Runs in: watcher, and the process of owner_reader.c.  The bytes are hostile, and Postfix may be writing them.
 * Nothing is locked and nothing is allocated; a reader is used again for the next file.
 */
#ifndef POSTFIX_QUEUE_FILE_H
#define POSTFIX_QUEUE_FILE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define QUEUE_FILE_ADDRESS_MAX 512  /* longer addresses are cut in front: the domain is kept */
#define QUEUE_FILE_JUMPS_MAX 20000u /* pointer records followed in one file */
#define QUEUE_FILE_BUFFER 4096u
#define QUEUE_FILE_READ_MAX (32u << 20)   /* bytes read of one file, twice if read twice */
#define QUEUE_FILE_RECORDS_MAX (1u << 23) /* records seen in one file, twice if seen twice */

enum queue_file_state {
        QUEUE_FILE_MORE = 1, /* call again */
        QUEUE_FILE_DONE,
        QUEUE_FILE_UNFINISHED, /* Postfix has not finished writing it */
        QUEUE_FILE_BAD,        /* not a queue file, or one that lies: what was read so far must not be used */
};

struct queue_file {
        uint64_t arrival_seconds; /* T record */
        uint64_t create_seconds;  /* create_time attribute: the lifetime clock; else as arrival */
        uint64_t size_bytes; /* as `postqueue -p` says it: data_size of the C record; maildrop: file size */
        bool has_sender, null_sender;
        char sender[QUEUE_FILE_ADDRESS_MAX];
        bool has_filter; /* L record: goes to a content filter */
        char filter[QUEUE_FILE_ADDRESS_MAX];
        uint32_t recipients_left, recipients_done; /* R; D and / */
        const char *bad;                           /* why QUEUE_FILE_BAD */
};

/* Called for each recipient that is still to do, in the order of the file. `offset`: of its record. */
typedef void (*queue_file_recipient_fn)(const char *address, uint64_t offset, void *data);

struct queue_file_reader {
        struct queue_file file; /* the result */
        int fd;                 /* the caller's */
        uint64_t file_size, offset, bytes_read;
        uint32_t jumps;
        bool maildrop;
        queue_file_recipient_fn on_recipient; /* may be NULL */
        void *data;
        /* Private to queue_file.c. */
        uint64_t buffer_offset, data_size;
        uint32_t buffered, records, stage;
        int state;
        unsigned char buffer[QUEUE_FILE_BUFFER];
};

void queue_file_reader_init(struct queue_file_reader *reader, int fd, uint64_t file_size, bool maildrop,
        queue_file_recipient_fn on_recipient, void *data);
/* Reads about `max_bytes` more; enum queue_file_state, or negative errno from the disk. */
int queue_file_reader_step(struct queue_file_reader *reader, uint32_t max_bytes);

/*
 * The domain as qshape has it: behind the last @, the local part when there is none, in lower case, each two dots
 * made one, one dot at each end removed but the last of all; at most 255 bytes.  "" of "bob@".
 */
#define QUEUE_DOMAIN_MAX 256
void queue_file_domain(const char *address, char ret_domain[static QUEUE_DOMAIN_MAX]);

#endif
