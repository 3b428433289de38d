/* SPDX-License-Identifier: MIT */
/*
 * back_by - when people are next back: "Mon 08:00" every week, or "2026-12-28 08:00" once, in local time
 *
 * Pure but for the time zone of the process.
 */
#ifndef BASE_BACK_BY_H
#define BASE_BACK_BY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/* From Friday morning, when what Monday finds can still be prevented. */
#define BACK_BY_WEEKEND_USEC UINT64_C(259200000000)

struct back_by {
        bool weekly;
        int weekday;          /* of a weekly one, from 0 for Sunday */
        int year, month, day; /* of a date, from 1 */
        int hour, minute;
};

/* -EINVAL with what is wrong and what is allowed; `where` names the value in it. */
int back_by_parse(const char *where, const char *text, struct back_by *ret, struct problem *problem);
/*
 * The next such moment behind `realtime_usec`; 0: there is none, because the date has passed.  A time of the hour that
 * the clock goes through twice is the second one, and one that it leaves out is as long after the gap as it would
 * have been after its beginning.
 */
uint64_t back_by_next(const struct back_by *back_by, uint64_t realtime_usec);
/*
 * The same if nobody may be there until then: before a date that is always so, before a day of every week it is the
 * weekend, BACK_BY_WEEKEND_USEC.  0: somebody is there, or there is no such moment.
 */
uint64_t back_by_alone_until(const struct back_by *back_by, uint64_t realtime_usec);

#endif
