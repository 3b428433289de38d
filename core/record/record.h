/* SPDX-License-Identifier: MIT */
/*
 * record - the format of the recorder file: a ring of numbered, checksummed text slots
 *
 * Written by the executor alone (executor/recorder.h); read by it at start, by the watcher for Export(), and by
 * spoolguardctl when no daemon answers.  The file is preallocated and overwritten in place, so it can neither
 * grow nor fail for want of space.  A slot is RECORD_SLOT_SIZE bytes, readable with less(1):
 *
 *      SG1 00000000000000000042 9a3c01fe time=1766620867123456 event=action-intent action="7" ...\n
 *
 * padded with blanks before the newline; number (decimal, from 1, grows for ever), CRC-32 of the number and of
 * everything behind the checksum up to the padding.  Number N has its place in slot (N - 1) % RECORD_SLOTS.  A
 * slot that does not check, or is in another one's place, is torn or foreign: it is counted and skipped.
 * Values are quoted, with \" \\ \n \xNN escaped.
 */
#ifndef RECORD_RECORD_H
#define RECORD_RECORD_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define RECORD_SLOT_SIZE 1024u
#define RECORD_SLOTS 4096u
#define RECORD_FIELDS_MAX 24u

struct record_field {
        const char *name, *value;
};

struct record {
        uint64_t number, time_usec;                    /* CLOCK_REALTIME */
        struct record_field fields[RECORD_FIELDS_MAX]; /* [0] is always "event" */
        size_t n_fields;
        char text[RECORD_SLOT_SIZE]; /* what the fields point into, so a record is not to be copied */
};

/* CRC-32 (IEEE), `seed` 0 or the sum so far. */
uint32_t record_sum(uint32_t seed, const void *bytes, size_t size);

/* Formats a slot; values that do not fit are cut, the event and numbers never.  0 or -EMSGSIZE. */
int record_format(uint64_t number, uint64_t time_usec, const struct record_field *fields, size_t n_fields,
        char slot[static RECORD_SLOT_SIZE]);
/* -EBADMSG: torn, foreign or empty. */
int record_parse(const char slot[static RECORD_SLOT_SIZE], struct record *ret_record);
const char *record_get(const struct record *record, const char *name);     /* "" when absent */
uint64_t record_get_number(const struct record *record, const char *name); /* 0 when absent or no number */

/*
 * Every good record in the order of its number.  `visit` returns nonzero to stop (returned).  *ret_bad counts
 * slots that are neither good nor never written (all blanks or zeros).
 */
int record_read(int fd, int (*visit)(const struct record *record, void *data), void *data, size_t *ret_bad);

/*
 * Events (`event=`) and their fields; incident, action, run are numbers from the executor:
 *   started version; stopped reason; config-loaded generation; config-refused text; playbook-broken playbook text
 *   incident-opened incident title condition since escalated reopened (the last three: one closed just now);
 *   incident-note incident kind text; incident-closed incident text
 *   run-begun run playbook incident observe by_hand by_root dry; run-refused playbook verdict until text;
 *   run-ended run playbook result acted text
 *   action-intent action run incident playbook verb risk args; manifest action text;
 *   action-outcome action status freed count text; action-would-have (as intent) dry text;
 *   action-denied run incident playbook verb status by dry text repeated (by: check, admission, or child when it
 *   broke);
 *   action-unknown action verb playbook incident
 *   lease-taken lease action incident playbook verb args until_clear reason count expires limit;
 *   lease-renewed lease incident playbook verb args count expires text (once a slice, and after it had lapsed);
 *   lease-lapsed, lease-overruled (as renewed);
 *   lease-ended lease action incident playbook verb args reason status count text (reason: cleared, returned, limit,
 *   lapsed, or failed when it was not taken well);
 *   lease-undo-failed (as renewed; the first time, more are tried);
 *   lease-forgotten (as ended, by root's word and not undone)
 *   escalated incident condition reason text notify held; notified incident status text; mode mode who;
 *   maintenance until who
 *   watcher-restarted reason activity what; quarantined playbook source text; unquarantined playbook
 *   clock-stepped direction by at_start, at (forward or back, in microseconds; at: said again by a checkpoint)
 *   tally kind name runs would_have last crashes quarantined source uses (a summary, written again before the
 *   ring forgets what it stands for; so are mode, maintenance and incident-opened, the latter with since,
 *   escalated)
 */

#endif
