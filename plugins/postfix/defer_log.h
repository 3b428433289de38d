/* SPDX-License-Identifier: MIT */
/* defer_log - parse Postfix's defer/ID: why each recipient was deferred */
#ifndef POSTFIX_DEFER_LOG_H
#define POSTFIX_DEFER_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DEFER_LOG_MAX (256u << 10) /* of a log is read at most that much; defer_verdict.c on the rest */
#define DEFER_LOG_TEXT_MAX 1024    /* of each value; more is cut */

struct defer_entry {
        char recipient[DEFER_LOG_TEXT_MAX];
        uint64_t offset; /* of the recipient's record in the queue file: the key to join by; 0: not said */
        char status[32]; /* "4.4.1"; "4.0.0" when not said */
        char mta[256];   /* name of the remote MTA that replied, or "" */
        char diagnostic[DEFER_LOG_TEXT_MAX]; /* what the remote said, or "" */
        char reason[DEFER_LOG_TEXT_MAX];
};

typedef void (*defer_log_fn)(const struct defer_entry *entry, void *data);

/*
 * Calls `fn` for each complete entry.  `is_cut`: there is more behind `bytes`, so the last entry may not be whole
 * and is left out.  Returns the number of entries.
 */
size_t defer_log_parse(const char *bytes, size_t size, bool is_cut, defer_log_fn fn, void *data);

#endif
