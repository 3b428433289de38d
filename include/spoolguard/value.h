/* SPDX-License-Identifier: MIT */
/*
 * value - the typed values that cross the border between spoolguard and a plugin
 *
 * A plugin states what it accepts as a table of struct sg_option, ended by a row without a name.  The host
 * parses, checks and fills in defaults from that table, and hands back one struct sg_value per row *in the
 * order of the table*: index the values with the same enum that indexes the rows.  The same table makes the
 * error messages, `spoolguardctl plugins --describe` and the reference page, so write `doc` for a postmaster.
 *
 * Ownership: values and everything they point to belong to the host and live as long as the object that
 * received them (a sensor: until destroy() returns; a verb: until the call returns).
 */
#ifndef SPOOLGUARD_VALUE_H
#define SPOOLGUARD_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum sg_type {
        SG_TYPE_TEXT = 1, /* UTF-8 without control characters, at most 511 bytes */
        SG_TYPE_BOOL,     /* true, false */
        SG_TYPE_NUMBER,   /* a finite double */
        SG_TYPE_RATIO,    /* a double from 0 to 1 */
        SG_TYPE_DURATION, /* microseconds; written "250ms", "90s", "15m", "24h", "7d", "1h30m" */
        SG_TYPE_SIZE,     /* bytes; written "200M", "1G" (powers of 1024) or a plain number of bytes */
        SG_TYPE_LIST,     /* texts; at most 32 of them */
};

struct sg_value {
        enum sg_type type;
        union {
                const char *text;
                bool boolean;
                double number;           /* SG_TYPE_NUMBER and SG_TYPE_RATIO */
                uint64_t usec;           /* SG_TYPE_DURATION */
                uint64_t bytes;          /* SG_TYPE_SIZE */
                const char *const *list; /* ended by NULL, never NULL itself */
        };
};

/*
 * One option of a plugin, or one argument of a verb.  `min` and `max` bound numbers, durations (in seconds)
 * and sizes (in bytes); both 0 means: whatever the type allows.  `fallback` is the default in the written
 * form ("200M"; a list is comma separated, "" is the empty list); NULL means that a value must be given.
 */
struct sg_option {
        const char *name;
        enum sg_type type;
        const char *fallback;
        const char *doc;
        double min;
        double max;
};

#endif
