/* SPDX-License-Identifier: MIT */
/* book - write down an event once: recorder, ledger and journal all learn of it */
#ifndef EXECUTOR_BOOK_H
#define EXECUTOR_BOOK_H

#include "base/loop.h"
#include "executor/ledger.h"
#include "executor/recorder.h"

#define BOOK_STEP_MIN (10 * USEC_PER_MINUTE)

struct book_entry {
        struct record_field fields[RECORD_FIELDS_MAX];
        size_t n;
        char numbers[RECORD_FIELDS_MAX][24];
};

/* The texts must live until book_write(). */
struct book_entry book_entry_new(const char *event);
void book_text(struct book_entry *entry, const char *name, const char *value);
void book_number(struct book_entry *entry, const char *name, uint64_t value);
void book_flag(struct book_entry *entry, const char *name, bool value); /* "yes" or "no" */

struct book;
/* Opens the recorder and adds up what is in it. */
int book_new(struct loop *loop, const char *state_dir, const char *run_dir, const char *group,
        struct book **ret_book);
struct book *book_free(struct book *book);

/*
 * To be called before anything is decided from times: a realtime clock that was set by more than
 * BOOK_STEP_MIN, found by comparing it with the clock that nobody sets, is written down, and what is in the
 * ledger moves with it.  By how much it was; 0: it was not.
 */
int64_t book_watch_clock(struct book *book);

struct ledger *book_ledger(struct book *book);
const struct recorder *book_recorder(const struct book *book);
/* As state_file_mend(), for the recorder. */
bool book_mend(struct book *book);
/*
 * 0: recorded, and on disk if the kind of event is durable.  Negative: recorded nowhere; ledger and journal
 * know of it all the same.  1: over the hourly limit of its kind, so it is not in the recorder.
 */
int book_write(struct book *book, struct book_entry *entry);

#endif
