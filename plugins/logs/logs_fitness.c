/* SPDX-License-Identifier: MIT */
/*
 * logs_fitness - which rotated logs may be compressed, and which may be dropped
 *
 * Runs in children of the executor.  Pure: decides over what logs_rotated.c and logs_writers.c found.  Both
 * verbs leave alone what somebody still writes to, what has a second name elsewhere and what an admin made
 * immutable.  A sparse file is not compressed: reading its holes takes long and brings nothing.
 *
 * Dropping goes by age, the oldest first, until the target is reached; what is younger than the floor stays,
 * unless its own file system is critical and everything gentler had its turn.  A file system without pressure
 * gives nothing, whatever the process that asked believes.
 *
 * Owns nothing.  Limits: LOGS_DROP_MAX files go at once, so that each is named in the manifest.
 */
#include <stdlib.h>

#include "logs/logs.h"

#define COMPRESS_LEAST_BYTES 4096
#define QUIET_USEC UINT64_C(5000000)

static bool is_fit(const struct logs_file *file) {
        return file->status.st_nlink == 1 && !file->immutable && !file->written;
}

const char *logs_fitness_compress(const struct logs_file *file, uint64_t now_usec) {
        uint64_t size = (uint64_t)file->status.st_size, disk = logs_rotated_disk_bytes(file);

        if (file->compressed)
                return "compressed already";
        if (size < COMPRESS_LEAST_BYTES || disk < COMPRESS_LEAST_BYTES)
                return "too small";
        if (size / 2 > disk)
                return "sparse";
        if (logs_rotated_mtime_usec(file) + QUIET_USEC > now_usec)
                return "changed a moment ago";
        if (file->written)
                return "open for writing";
        if (file->status.st_nlink != 1)
                return "known by several names";
        return file->immutable ? "immutable" : NULL;
}

uint64_t logs_fitness_room(uint64_t size, uint64_t available) {
        if (available < size / 4)
                return 0;
        return size / 2 < available ? size / 2 : available;
}

uint64_t logs_fitness_spare_room(uint64_t size, uint64_t available) {
        /* At most half of what is free there. */
        return size <= available ? size / 2 : 0;
}

size_t logs_fitness_pick(const struct logs_file files[], const bool tried[], size_t n, double bytes_per_usec,
        uint64_t left_usec) {
        for (size_t i = 0; i < n; i++)
                if (!tried[i] && (double)files[i].status.st_size <= bytes_per_usec * (double)left_usec)
                        return i;
        return n;
}

static bool is_protected(
        const struct logs_file *file, enum sg_pressure pressure, uint64_t floor_usec, bool gentler_spent) {
        return logs_rotated_mtime_usec(file) >= floor_usec &&
                !(gentler_spent && pressure == SG_PRESSURE_CRITICAL);
}

static int compare_age(const void *a, const void *b) {
        const struct logs_file *left = a, *right = b;
        uint64_t left_usec = logs_rotated_mtime_usec(left), right_usec = logs_rotated_mtime_usec(right);

        return left_usec < right_usec ? -1 : left_usec > right_usec;
}

enum sg_verdict logs_fitness_plan_drop(struct logs_rotated *rotated, uint64_t target_bytes,
        uint64_t floor_usec, bool gentler_spent, struct logs_drop_plan *ret_plan) {
        struct logs_drop_plan plan = {.n_rotated = rotated->n_files};
        size_t n_candidates = 0;

        for (size_t i = 0; i < rotated->n_files; i++) {
                const struct logs_file file = rotated->files[i];
                enum sg_pressure pressure = rotated->places[file.place].pressure;

                if (pressure != SG_PRESSURE_HIGH && pressure != SG_PRESSURE_CRITICAL)
                        plan.n_without_pressure++;
                else if (!is_fit(&file) || logs_rotated_disk_bytes(&file) == 0)
                        plan.n_unfit++;
                else if (is_protected(&file, pressure, floor_usec, gentler_spent))
                        plan.n_protected++;
                else {
                        rotated->files[i] = rotated->files[n_candidates];
                        rotated->files[n_candidates++] = file;
                }
        }
        if (n_candidates > 1)
                qsort(rotated->files, n_candidates, sizeof(*rotated->files), compare_age);
        while (plan.n_going < n_candidates && plan.n_going < LOGS_DROP_MAX && plan.going_bytes < target_bytes)
                plan.going_bytes += logs_rotated_disk_bytes(&rotated->files[plan.n_going++]);
        plan.in_vain = plan.n_going > 0 && plan.going_bytes < target_bytes / 4;
        for (size_t i = 0; i < plan.n_going; i++)
                plan.in_vain &= rotated->places[rotated->files[i].place].pressure != SG_PRESSURE_CRITICAL;
        *ret_plan = plan;

        if (plan.n_going > 0)
                return plan.in_vain ? SG_VERDICT_REFUSED : SG_VERDICT_GO;
        return plan.n_protected + plan.n_without_pressure > 0 ? SG_VERDICT_REFUSED : SG_VERDICT_NOTHING;
}
