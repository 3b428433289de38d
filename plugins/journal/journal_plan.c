/* SPDX-License-Identifier: MIT */
/*
 * journal_plan - which journal files may go, and what size and age that is to journalctl
 *
 * Runs in a child of the executor.  Pure.  journalctl removes whole archived files, oldest first, until all
 * files together are no larger than its target, and those that begin before its cutoff; it knows nothing of our
 * floor.  So the target is raised to what must stay: everything from the first protected file on.  Between this
 * plan and the act the journal grows, by steps of GROWTH_BYTES for each file that is being written, and a target
 * without that allowance would make journalctl remove a protected file instead.
 *
 * By age a file goes when it ends before the limit, while journalctl asks when it begins.  So the cutoff is where
 * the first file begins that stays, less an allowance for the time until journalctl asks the clock.
 *
 * With the floor lifted nothing is protected, not even what is being written, which rotation turns into the
 * youngest archived files.  Otherwise nothing is rotated: it would archive only what has to stay.  Nor is it for
 * age: what is being written is not old.
 *
 * Owns nothing.  Limits: the time of change stands for the last entry of a file.
 */
#include "journal/journal.h"

#define GROWTH_BYTES (UINT64_C(8) << 20)
#define CLOCK_ALLOWANCE_USEC (UINT64_C(300) * 1000000) /* more than the deadline of the verb */

static bool is_protected(const struct journal_file *file, const struct journal_limits *limits) {
        return !limits->floor_lifted && (!file->archived || file->mtime_usec >= limits->floor_usec);
}

/* How many of the oldest files go until no more than `target` bytes of `total` are left. */
static size_t count_going(const struct journal_file files[], size_t n, uint64_t total, uint64_t target) {
        size_t going = 0;

        while (going < n && total > target) {
                total -= files[going].bytes < total ? files[going].bytes : total;
                going++;
        }
        return going;
}

/* How many of the oldest files end before the limit, and are told from the next one by where they begin. */
static size_t count_aged(const struct journal_file files[], size_t n, size_t first_staying,
        uint64_t since_usec, uint64_t *ret_cutoff_usec) {
        size_t aged = 0;

        while (aged < first_staying && files[aged].archived && files[aged].mtime_usec < since_usec)
                aged++;
        *ret_cutoff_usec = since_usec;
        if (aged < n && files[aged].head_usec < since_usec)
                *ret_cutoff_usec = files[aged].head_usec;
        *ret_cutoff_usec -= *ret_cutoff_usec > CLOCK_ALLOWANCE_USEC ? CLOCK_ALLOWANCE_USEC : *ret_cutoff_usec;
        while (aged > 0 && files[aged - 1].head_usec >= *ret_cutoff_usec)
                aged--;
        return aged;
}

static uint64_t sum(const struct journal_file files[], size_t from, size_t to) {
        uint64_t bytes = 0;

        for (size_t i = from; i < to; i++)
                bytes += files[i].bytes;
        return bytes;
}

enum sg_verdict journal_plan_make(const struct journal_file files[], size_t n,
        const struct journal_limits *limits, struct journal_plan *ret_plan) {
        struct journal_plan plan = {.total_bytes = sum(files, 0, n)};
        uint64_t allowance = 0, target, cutoff, staying;
        size_t first_staying = n, aged, surely;
        bool wanted;

        for (size_t i = 0; i < n; i++) {
                bool staying_file = is_protected(&files[i], limits);

                plan.n_archived += files[i].archived;
                plan.n_protected += files[i].archived && staying_file;
                allowance += files[i].archived ? 0 : GROWTH_BYTES;
                if (staying_file && first_staying == n)
                        first_staying = i;
        }
        if (allowance == 0)
                allowance = GROWTH_BYTES;
        staying = sum(files, first_staying, n);
        target = staying > 0 && staying + allowance > limits->keep_bytes ? staying + allowance
                                                                         : limits->keep_bytes;
        surely = count_going(files, first_staying, plan.total_bytes, target);
        aged = count_aged(files, n, first_staying, limits->since_usec, &cutoff);
        plan.left_bytes = plan.total_bytes;
        if (plan.total_bytes > limits->keep_bytes && surely > 0) {
                plan.target_bytes = plan.left_bytes = target;
                plan.rotate = limits->floor_lifted;
                plan.n_going = count_going(files, first_staying, plan.total_bytes + allowance, target);
        }
        if (aged > 0) {
                plan.cutoff_usec = cutoff;
                if (plan.n_going < aged)
                        plan.n_going = aged;
                if (plan.left_bytes > sum(files, aged, n))
                        plan.left_bytes = sum(files, aged, n);
        }
        *ret_plan = plan;

        if (plan.n_going > 0)
                return SG_VERDICT_GO;
        wanted = plan.total_bytes > limits->keep_bytes ||
                (n > 0 && files[0].archived && files[0].mtime_usec < limits->since_usec);
        return wanted ? SG_VERDICT_REFUSED : SG_VERDICT_NOTHING;
}
