/* SPDX-License-Identifier: MIT */
/*
 * logs_compress - logs.compress: what logrotate would compress tomorrow is compressed now
 *
 * Runs in a child of the executor, as root.  Rotated logs that lie there as plain text (delaycompress) go
 * through gzip, the largest first, and are replaced by NAME.gz with the same owner, mode, access list and times:
 * what logrotate itself makes, and with `compress` in its configuration carries on and later removes.  Without
 * it, logrotate no longer counts the file, and it stays until somebody removes it.
 *
 * The copy gets its name, never over an existing one, when it is proved to be complete and on disk
 * (logs_copy.c), and the log did not change meanwhile; only then the log goes.  A log that somebody writes to, that
 * changed a moment ago, or that was renamed under us stays as it is.  For each log there must be room for a quarter
 * of it; the copy never becomes larger than half of it or than the free space.  Where that is missing, the copy is
 * made on another file system and comes back when its log is gone (logs_spare.c); where that is missing, too, a
 * smaller log is next.
 *
 * Owns the descriptors of one log at a time.  Fails with the first error when no log could be compressed; what
 * does not fit into TURN_USEC is left for the next time.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "common/space_gain.h"
#include "logs/logs_copy.h"
#include "logs/logs_spare.h"

#define MIB ((double)(1 << 20))
#define DEADLINE_USEC UINT64_C(120000000)
#define TURN_USEC UINT64_C(105000000) /* leaves time to finish a copy */
#define GUESSED_BYTES_PER_USEC 40.0   /* until it was measured */
#define NICE 10

enum { ARG_DIRECTORY };

static const struct sg_option args[] = {
        [ARG_DIRECTORY] = {.name = "directory",
                .type = SG_TYPE_TEXT,
                .fallback = "",
                .doc = "Only below this one, which is one of the configured directories or lies below one. "
                       "Empty: all of them."},
        {0},
};

static uint64_t clock_usec(clockid_t clock) {
        struct timespec now;

        clock_gettime(clock, &now);
        return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static int compare_size(const void *a, const void *b) {
        uint64_t left = logs_rotated_disk_bytes(a), right = logs_rotated_disk_bytes(b);

        return left > right ? -1 : left < right;
}

/* Sorts those that may be compressed to the front, the largest first; returns how many, and their bytes. */
static size_t sort_fit(struct logs_rotated *rotated, uint64_t *ret_bytes) {
        uint64_t now_usec = clock_usec(CLOCK_REALTIME);
        size_t n = 0;

        *ret_bytes = 0;
        for (size_t i = 0; i < rotated->n_files; i++) {
                const struct logs_file file = rotated->files[i];

                if (logs_fitness_compress(&file, now_usec))
                        continue;
                *ret_bytes += logs_rotated_disk_bytes(&file);
                rotated->files[i] = rotated->files[n];
                rotated->files[n++] = file;
        }
        if (n > 1)
                qsort(rotated->files, n, sizeof(*rotated->files), compare_size);
        return n;
}

/* Deinitialise `ret_rotated` whatever the verdict. */
static enum sg_verdict look(const struct sg_action *action, const struct logs_spare *spare,
        struct logs_rotated *ret_rotated, size_t *ret_n, struct sg_outcome *outcome) {
        int r = logs_rotated_find(action, action->args[ARG_DIRECTORY].text, ret_rotated);
        size_t n_waiting;
        uint64_t bytes;

        *ret_n = 0;
        if (r < 0) {
                snprintf(outcome->text, sizeof(outcome->text), "%s: %s",
                        r == -EINVAL ? "not one of the configured directories"
                                     : "the rotated logs cannot be searched safely",
                        strerror(-r));
                return SG_VERDICT_REFUSED;
        }
        *ret_n = sort_fit(ret_rotated, &bytes);
        n_waiting = logs_spare_waiting(spare, ret_rotated);
        if (*ret_n == 0 && n_waiting == 0) {
                snprintf(outcome->text, sizeof(outcome->text),
                        "none of %zu rotated logs is there to be compressed", ret_rotated->n_files);
                return SG_VERDICT_NOTHING;
        }
        snprintf(outcome->text, sizeof(outcome->text),
                "%zu rotated logs are not compressed, %.1f MiB on disk; %zu compressed ones wait for room",
                *ret_n, (double)bytes / MIB, n_waiting);
        return SG_VERDICT_GO;
}

static enum sg_verdict check(const struct sg_action *action, struct sg_outcome *ret_outcome) {
        struct logs_rotated rotated;
        struct logs_spare spare;
        enum sg_verdict verdict;
        size_t n;

        logs_spare_open(action, &spare);
        verdict = look(action, &spare, &rotated, &n, ret_outcome);
        logs_spare_close(&spare);
        logs_rotated_deinit(&rotated);
        return verdict;
}

/* Where a copy is made: beside its log, or where it waits for room there. */
struct target {
        int directory;
        const char *name;
        uint64_t room;
        struct stat made; /* the copy, when it has its name */
};

/* A copy of all of it, on disk, under its name; ret_bytes: what it takes there. */
static int make_copy(const struct sg_action *action, struct logs_rotated *rotated, struct logs_file *file,
        struct target *target, uint64_t *ret_bytes) {
        int directory = rotated->places[file->place].fd, log, copy = -1, r = 0;
        struct logs_copy_end end;
        struct stat status;

        log = openat(directory, file->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        if (log < 0)
                return -errno;
        if (fstat(log, &status) < 0 || status.st_ino != file->status.st_ino ||
                status.st_dev != file->status.st_dev || !logs_rotated_unchanged(rotated, file))
                r = -ESTALE;
        if (r == 0)
                r = copy = logs_copy_open(target->directory);
        if (r >= 0)
                r = logs_copy_compress(action, log, copy, target->room);
        if (r == 0)
                r = logs_copy_prove(action, copy, &end);
        if (r == 0 && end.size != (uint32_t)file->status.st_size)
                r = -EIO;
        if (r == 0)
                r = logs_copy_dress(log, copy, &file->status);
        /* Its writer may have come back while gzip was at work. */
        if (r == 0)
                r = logs_writers_mark(action->host->root, file, 1);
        if (r == 0 && (file->written || !logs_rotated_unchanged(rotated, file)))
                r = -ESTALE;
        if (r == 0)
                r = fstat(copy, &target->made) < 0 ? -errno
                                                   : logs_copy_name(copy, target->directory, target->name);
        if (r == 0)
                *ret_bytes = (uint64_t)target->made.st_blocks * 512;
        if (copy >= 0)
                close(copy);
        close(log);
        return r;
}

/* logrotate may have given the copy another number meanwhile, and its name to a log that nobody else has. */
static void take_back(const struct target *target) {
        struct stat now;

        if (fstatat(target->directory, target->name, &now, AT_SYMLINK_NOFOLLOW) == 0 &&
                now.st_ino == target->made.st_ino && now.st_dev == target->made.st_dev)
                unlinkat(target->directory, target->name, 0);
}

/* The copy is complete, so its log may go; when it cannot, the copy goes again. */
static int replace(
        struct logs_rotated *rotated, struct logs_file *file, const struct target *target, uint64_t *gained) {
        struct space_gain gain = {.n = 0};
        int r = -ESTALE;

        /* Measured for each: others write for as long as it takes to compress them all. */
        (void)space_gain_add(&gain, rotated->places[file->place].fd);
        if (logs_rotated_unchanged(rotated, file))
                r = logs_rotated_remove(rotated, file);
        if (r == 0)
                *gained = space_gain_end(&gain, logs_rotated_disk_bytes(file)).bytes;
        else
                take_back(target);
        return r;
}

/* -ENOSPC: there is no room for it, or it ran out on the way. */
static int compress_beside(const struct sg_action *action, struct logs_rotated *rotated,
        struct logs_file *file, const char *name, uint64_t *ret_freed_bytes) {
        uint64_t size = (uint64_t)file->status.st_size, copy_bytes = 0, gained = 0;
        struct target target = {.directory = rotated->places[file->place].fd, .name = name};
        struct statvfs fs;
        int r;

        if (fstatvfs(target.directory, &fs) == 0)
                target.room = logs_fitness_room(size, (uint64_t)fs.f_bavail * fs.f_frsize);
        if (target.room == 0)
                return -ENOSPC;
        r = make_copy(action, rotated, file, &target, &copy_bytes);
        if ((r == -EIO || r == -ECANCELED) && target.room < size / 2)
                return -ENOSPC;
        if (r == 0)
                r = replace(rotated, file, &target, &gained);
        *ret_freed_bytes = gained > copy_bytes ? gained - copy_bytes : 0;
        return r;
}

/* By way of the spare directory.  What does not come back at once waits there, and is not lost. */
static int compress_elsewhere(const struct sg_action *action, struct logs_rotated *rotated,
        const struct logs_spare *spare, struct logs_file *file, const char *name, uint64_t *ret_freed_bytes) {
        uint64_t copy_bytes = 0, gained = 0;
        struct target target = {.directory = spare->fd, .room = logs_spare_room(action, spare, file)};
        struct logs_spare_count back;
        char waiting[LOGS_NAME_MAX];
        int r = target.room > 0 ? logs_spare_name(rotated->places[file->place].path, name, waiting) : -ENOSPC;

        if (r < 0)
                return r;
        target.name = waiting;
        r = make_copy(action, rotated, file, &target, &copy_bytes);
        if (r == 0)
                r = replace(rotated, file, &target, &gained);
        if (r < 0)
                return r;
        back = logs_spare_return(action, spare, rotated);
        *ret_freed_bytes = gained > back.bytes ? gained - back.bytes : 0;
        return 0;
}

/*
 * Whoever compressed it was stopped before the log could go: there are both, and the log is what is too much.  As
 * gzip leaves it, such a copy has the time of its log, and tells its size.
 */
static int finish_earlier(const struct sg_action *action, struct logs_rotated *rotated,
        struct logs_file *file, const char *name, uint64_t *ret_freed_bytes) {
        const struct timespec *time = &file->status.st_mtim;
        struct space_gain gain = {.n = 0};
        struct logs_copy_end end;
        struct stat status;
        int directory = rotated->places[file->place].fd, r = -EEXIST;
        int copy = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

        if (copy < 0)
                return -errno;
        if (fstat(copy, &status) == 0 && S_ISREG(status.st_mode) && status.st_nlink == 1 &&
                status.st_uid == file->status.st_uid && status.st_mtim.tv_sec == time->tv_sec &&
                status.st_mtim.tv_nsec == time->tv_nsec && logs_copy_prove(action, copy, &end) == 0 &&
                end.size == (uint32_t)file->status.st_size)
                r = logs_writers_mark(action->host->root, file, 1);
        close(copy);
        if (r == 0 && (file->written || !logs_rotated_unchanged(rotated, file)))
                r = -ESTALE;
        if (r < 0)
                return r;
        (void)space_gain_add(&gain, directory);
        r = logs_rotated_remove(rotated, file);
        if (r == 0)
                *ret_freed_bytes = space_gain_end(&gain, logs_rotated_disk_bytes(file)).bytes;
        return r;
}

static int compress(const struct sg_action *action, struct logs_rotated *rotated,
        const struct logs_spare *spare, struct logs_file *file, uint64_t *ret_freed_bytes) {
        char name[LOGS_NAME_MAX + sizeof(".gz")];
        struct stat status;
        int r;

        snprintf(name, sizeof(name), "%s.gz", file->name);
        if (fstatat(rotated->places[file->place].fd, name, &status, AT_SYMLINK_NOFOLLOW) == 0)
                return finish_earlier(action, rotated, file, name, ret_freed_bytes);
        if (errno != ENOENT)
                return -errno;
        r = compress_beside(action, rotated, file, name, ret_freed_bytes);
        return r == -ENOSPC ? compress_elsewhere(action, rotated, spare, file, name, ret_freed_bytes) : r;
}

struct turn {
        uint64_t started_usec;
        double bytes, usec; /* what went through gzip, in which time */
        size_t n_failed;
        int first_error;
};

static uint64_t left_usec(const struct turn *turn) {
        uint64_t gone = clock_usec(CLOCK_MONOTONIC) - turn->started_usec;

        return gone < TURN_USEC ? TURN_USEC - gone : 0;
}

static void note_failure(
        const struct sg_action *action, struct turn *turn, const struct logs_file *file, int r) {
        char name[128];

        turn->n_failed++;
        turn->first_error = turn->first_error ? turn->first_error : r;
        action->host->log(action, SG_LEVEL_WARNING, "%s stays as it is: %s",
                logs_name_escape(file->name, name, sizeof(name)), strerror(-r));
}

static int take_turn(const struct sg_action *action, struct logs_rotated *rotated,
        const struct logs_spare *spare, struct logs_file *file, struct turn *turn,
        struct sg_outcome *outcome) {
        uint64_t freed = 0, begin_usec = clock_usec(CLOCK_MONOTONIC);
        int r = compress(action, rotated, spare, file, &freed);

        if (r < 0) {
                note_failure(action, turn, file, r);
                return r;
        }
        turn->bytes += (double)file->status.st_size;
        turn->usec += (double)(clock_usec(CLOCK_MONOTONIC) - begin_usec);
        outcome->count++;
        outcome->freed_bytes += freed;
        return 0;
}

static int compress_all(const struct sg_action *action, struct logs_rotated *rotated,
        const struct logs_spare *spare, size_t n, struct sg_outcome *outcome) {
        struct turn turn = {.started_usec = clock_usec(CLOCK_MONOTONIC)};
        struct logs_spare_count back = logs_spare_return(action, spare, rotated);
        bool *tried = calloc(n + 1, sizeof(*tried));
        size_t i;
        int r = 0;

        if (!tried)
                return -ENOMEM;
        while (r != -ETIME &&
                (i = logs_fitness_pick(rotated->files, tried, n,
                         turn.usec > 0 ? turn.bytes / turn.usec : GUESSED_BYTES_PER_USEC, left_usec(&turn))) <
                        n) {
                tried[i] = true;
                r = take_turn(action, rotated, spare, &rotated->files[i], &turn, outcome);
        }
        /* All of them are larger than what was guessed to fit: the smallest is tried, or they never had a turn. */
        if (outcome->count == 0 && turn.n_failed == 0 && n > 0 && left_usec(&turn) > TURN_USEC / 2)
                take_turn(action, rotated, spare, &rotated->files[n - 1], &turn, outcome);
        free(tried);
        snprintf(outcome->text, sizeof(outcome->text),
                "%llu rotated logs are compressed, %.1f MiB are free again; %zu stay as they are (%s), %zu "
                "are left for the next time; %zu that waited are back, %zu wait in %.60s",
                (unsigned long long)outcome->count, (double)outcome->freed_bytes / MIB, turn.n_failed,
                turn.first_error ? strerror(-turn.first_error) : "none failed",
                n - (size_t)outcome->count - turn.n_failed, back.n_back, logs_spare_waiting(spare, rotated),
                spare->fd >= 0 ? spare->path : "no directory");
        return outcome->count + back.n_back > 0 ? 0 : turn.first_error;
}

static int run(const struct sg_action *action, struct sg_outcome *ret_outcome) {
        struct logs_rotated rotated;
        struct logs_spare spare;
        int r = 0;
        size_t n;

        /* The mail that still flows comes first; gzip inherits it. */
        setpriority(PRIO_PROCESS, 0, NICE);
        logs_spare_open(action, &spare);
        if (look(action, &spare, &rotated, &n, ret_outcome) == SG_VERDICT_GO)
                r = compress_all(action, &rotated, &spare, n, ret_outcome);
        logs_spare_close(&spare);
        logs_rotated_deinit(&rotated);
        return r;
}

const struct sg_verb logs_compress = {
        .name = "logs.compress",
        .summary = "Compress rotated logs that are not compressed yet",
        .risk = SG_RISK_FREEING,
        .args = args,
        .deadline_usec = DEADLINE_USEC,
        .cooldown_usec = UINT64_C(5000000),
        .budget_count = 24,
        .budget_window_usec = UINT64_C(86400000000),
        .check = check,
        .run = run,
};
