/* SPDX-License-Identifier: MIT */
/*
 * logs_rotate_plan - what rotating a log once more would push out
 *
 * Runs in children of the executor.  Pure: decides over names and times that logs_rotate_find.c and logs_rotate.c
 * found.  logrotate keeps so many rotated logs and removes what comes behind: among numbers what would get a higher
 * one, among dates the oldest.  Whatever it may be that a rotation removes is counted as removed, whether or not
 * logrotate would pass over an empty log.
 *
 * That a log was rotated in this incident is seen by what rotation leaves: a rotated log that was still written to
 * since the incident began, or a live log that was not there before.  Rotating it again would bring nothing and
 * push out another old one.
 *
 * Owns nothing.  Limits: a live log whose time of birth is not known, and that nobody wrote to since the incident
 * began, shows neither when it is renamed.
 */
#include <stdlib.h>
#include <string.h>

#include "logs/logs_rotate.h"

#define DAY_USEC UINT64_C(86400000000)

unsigned logs_rotate_plan_number(const char *name, const struct logs_name *parsed) {
        const char *mark = name + parsed->base_length;
        size_t digits = strspn(mark + 1, "0123456789");

        return mark[0] == '.' && digits <= 5 ? (unsigned)strtoul(mark + 1, NULL, 10) : 0;
}

/* One log's beside each other, the newest dates first. */
static int compare_log_and_age(const void *a, const void *b) {
        const struct logs_rotate_old *left = a, *right = b;

        if (left->log != right->log)
                return left->log < right->log ? -1 : 1;
        return left->mtime_usec > right->mtime_usec ? -1 : left->mtime_usec < right->mtime_usec;
}

/* Those that go, the oldest of them first; then the others. */
static int compare_pushed_and_age(const void *a, const void *b) {
        const struct logs_rotate_old *left = a, *right = b;

        if (left->pushed != right->pushed)
                return left->pushed ? -1 : 1;
        return left->mtime_usec < right->mtime_usec ? -1 : left->mtime_usec > right->mtime_usec;
}

static bool is_pushed(const struct logs_rotate_how *how, const struct logs_rotate_old *old, int n_newer_dates,
        uint64_t now_usec) {
        if (how->max_days > 0 && old->mtime_usec + how->max_days * DAY_USEC < now_usec)
                return true;
        if (how->keep < 0)
                return false;
        /* The one that comes takes a place, too. */
        return old->number > 0 ? old->number >= (unsigned)how->keep : n_newer_dates + 1 >= how->keep;
}

size_t logs_rotate_plan_pushed(
        const struct logs_rotate_log logs[], struct logs_rotate_old olds[], size_t n, uint64_t now_usec) {
        size_t n_pushed = 0;
        int n_dates = 0;

        if (n > 1)
                qsort(olds, n, sizeof(*olds), compare_log_and_age);
        for (size_t i = 0; i < n; i++) {
                if (i > 0 && olds[i].log != olds[i - 1].log)
                        n_dates = 0;
                olds[i].pushed = is_pushed(&logs[olds[i].log].how, &olds[i], n_dates, now_usec);
                n_pushed += olds[i].pushed;
                n_dates += olds[i].number == 0;
        }
        if (n > 1)
                qsort(olds, n, sizeof(*olds), compare_pushed_and_age);
        return n_pushed;
}

bool logs_rotate_plan_was_rotated(const struct logs_rotate_log logs[], size_t log,
        const struct logs_rotate_old olds[], size_t n, uint64_t since_usec) {
        bool has_old = false, is_new = logs[log].birth_usec >= since_usec && logs[log].birth_usec > 0;

        for (size_t i = 0; i < n; i++) {
                if (olds[i].log != log)
                        continue;
                has_old = true;
                if (olds[i].mtime_usec >= since_usec)
                        return true;
        }
        return has_old && is_new;
}

uint64_t logs_rotate_plan_room(const struct logs_rotate_log *log) {
        uint64_t size = (uint64_t)log->status.st_size;

        if (log->how.copies)
                return size;
        return log->how.compress && !log->how.delay_compress ? size / 4 : 0;
}
