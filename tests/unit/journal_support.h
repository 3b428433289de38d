/* SPDX-License-Identifier: MIT */
/* journal_support - a persistent journal of five files, an hour apart, the last of them in use */
#ifndef UNIT_JOURNAL_SUPPORT_H
#define UNIT_JOURNAL_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "journal/journal.h"
#include "support/scratch.h"

#define MIB (UINT64_C(1) << 20)
#define SEC UINT64_C(1000000)
#define HOUR (3600 * SEC)
#define MACHINE "0123456789abcdef0123456789abcdef"
#define FLOOR (UINT64_C(1766509200) * SEC)

/* In a directory below /var/log/journal; valid until the next call. */
static inline const char *journal_name_in(const char *directory, int i) {
        static char name[192];

        if (i == 4)
                snprintf(name, sizeof(name), "var/log/journal/%s/system.journal", directory);
        else
                snprintf(name, sizeof(name), "var/log/journal/%s/system@" MACHINE "-%016x-%016llx.journal",
                        directory, i, (unsigned long long)(FLOOR + (uint64_t)i * HOUR - 4 * HOUR));
        return name;
}

static inline const char *journal_name(int i) {
        return journal_name_in(MACHINE, i);
}

/* Four archived files of half an hour each, the last ends half an hour before the floor; one in use. */
static inline void fill_journal(const struct scratch *scratch, const char *directory) {
        for (int i = 0; i < 5; i++) {
                uint64_t end = FLOOR + (uint64_t)i * HOUR - 4 * HOUR + HOUR / 2;
                const struct timespec times[2] = {
                        {.tv_sec = (time_t)(end / SEC)}, {.tv_sec = (time_t)(end / SEC)}};
                const char *name = journal_name_in(directory, i);

                scratch_fill(scratch, name, 8 * MIB);
                assert_int_equal(utimensat(AT_FDCWD, scratch_path(scratch, name), times, 0), 0);
        }
}

/* This machine's, in a scratch that is made for it. */
static inline void make_journal(struct scratch *scratch) {
        scratch_init(scratch);
        scratch_write(scratch, "etc/machine-id", MACHINE "\n");
        fill_journal(scratch, MACHINE);
}

#endif
