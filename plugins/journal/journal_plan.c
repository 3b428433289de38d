/* SPDX-License-Identifier: MIT */
/*
 * journal_plan - which journal files may go, and what size that is to journalctl
 *
 * Runs in a child of the executor.  Pure.  journalctl removes whole archived files, oldest first, until all
 * files together are no larger than its target; it knows nothing of our floor.  So the target is raised to what
 * must stay: everything from the first protected file on.  Between this plan and the act the journal grows, by
 * steps of GROWTH_BYTES for each file that is being written, and a target without that allowance would make
 * journalctl remove a protected file instead.
 *
 * With the floor lifted nothing is protected, not even what is being written, which rotation turns into the
 * youngest archived files.  Otherwise nothing is rotated: it would archive only what has to stay.
 *
 * Owns nothing.  Limits: the time of change stands for the last entry of a file.
 */
#include "journal/journal.h"

#define GROWTH_BYTES (UINT64_C(8) << 20)

static bool is_protected(const struct journal_file *file, uint64_t floor_usec, bool floor_lifted) {
        return !floor_lifted && (!file->archived || file->mtime_usec >= floor_usec);
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

enum sg_verdict journal_plan_make(const struct journal_file files[], size_t n, uint64_t keep_bytes,
        uint64_t floor_usec, bool floor_lifted, struct journal_plan *ret_plan) {
        struct journal_plan plan = {.rotate = floor_lifted};
        uint64_t staying = 0, allowance = 0;
        size_t first_staying = n;

        for (size_t i = 0; i < n; i++) {
                bool staying_file = is_protected(&files[i], floor_usec, floor_lifted);

                plan.total_bytes += files[i].bytes;
                plan.n_archived += files[i].archived;
                plan.n_protected += files[i].archived && staying_file;
                allowance += files[i].archived ? 0 : GROWTH_BYTES;
                if (staying_file && first_staying == n)
                        first_staying = i;
                if (first_staying < n)
                        staying += files[i].bytes;
        }
        if (allowance == 0)
                allowance = GROWTH_BYTES;
        plan.target_bytes = keep_bytes;
        if (staying > 0 && staying + allowance > keep_bytes)
                plan.target_bytes = staying + allowance;
        plan.n_going = count_going(files, first_staying, plan.total_bytes + allowance, plan.target_bytes);
        *ret_plan = plan;

        if (plan.total_bytes <= keep_bytes)
                return SG_VERDICT_NOTHING;
        if (count_going(files, first_staying, plan.total_bytes, plan.target_bytes) == 0)
                return SG_VERDICT_REFUSED;
        return SG_VERDICT_GO;
}
