/* SPDX-License-Identifier: MIT */
/*
 * logs_who_look - which logs grow at this moment: all of them are looked at twice
 *
 * Runs in children of the executor.  Walks the log directories as the sensor does (logs_walk.c), but without
 * watching them: no link is followed, no other file system entered, no file opened.  That others than root can
 * write to a directory is no reason to pass it over, since only names and sizes are taken from it, and what fills
 * the disk may well be there.
 *
 * A file is what its inode is, not its name, so that a rotation in between is no growth; a new one counts when it
 * was also born in between.  Growing is by size, of a sparse file by its blocks.
 *
 * Owns what was seen by the first look.  Fails for want of memory, and when none of the directories can be looked at.
 * Limits: LOGS_FILES_MAX files, LOGS_DIRECTORIES_MAX directories, WALK_USEC for each look; beyond that `cut`.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <time.h>

#include "logs/logs_sensor.h"
#include "logs/logs_who.h"

#define ROOTS_MAX 32
#define WALK_USEC UINT64_C(4000000)
#define SECOND_USEC UINT64_C(1000000)

struct logs_who_look {
        struct logs_root roots[ROOTS_MAX];
        size_t n_roots;
        struct logs_walk walk;
        struct logs_table seen; /* by the first look */
        bool cut;
        uint64_t began_usec;
        uint64_t born_after_usec; /* of those that are new; by the clock that file systems go by */
        struct logs_who *who;     /* NULL: it is the first look */
};

static uint64_t clock_usec(clockid_t clock) {
        struct timespec now;

        clock_gettime(clock, &now);
        return (uint64_t)now.tv_sec * SECOND_USEC + (uint64_t)now.tv_nsec / 1000;
}

/* Directories that are configured one below the other show the same file twice. */
static uint32_t first_root_of(const struct logs_who_look *look, uint64_t device) {
        uint32_t i = 0;

        while (i + 1 < look->n_roots && look->roots[i].device != device)
                i++;
        return i;
}

static struct logs_entry identify(const struct logs_who_look *look, const struct statx *status) {
        return (struct logs_entry){
                .identity = {.inode = status->stx_ino,
                        .birth_usec = (uint64_t)status->stx_btime.tv_sec * SECOND_USEC +
                                status->stx_btime.tv_nsec / 1000,
                        .root = first_root_of(look, makedev(status->stx_dev_major, status->stx_dev_minor))},
                .size = logs_growth_size(status),
        };
}

/* Puts it among the fastest, which has a place left or loses its last one. */
static struct logs_grown *make_place(struct logs_who *who, uint64_t bytes) {
        size_t at = who->n_files;

        while (at > 0 && who->files[at - 1].bytes < bytes)
                at--;
        if (at == who->top)
                return NULL;
        if (who->n_files < who->top)
                who->n_files++;
        memmove(&who->files[at + 1], &who->files[at], (who->n_files - 1 - at) * sizeof(who->files[0]));
        who->files[at] = (struct logs_grown){.bytes = bytes};
        return &who->files[at];
}

static void note_growth(const struct logs_who_look *look, const struct logs_directory *directory,
        const char *name, const struct statx *status, uint64_t bytes) {
        struct logs_who *who = look->who;
        struct logs_grown *grown;

        who->n_growing++;
        who->bytes += bytes;
        grown = make_place(who, bytes);
        if (!grown)
                return;
        snprintf(grown->path, sizeof(grown->path), "%s/%s%s%s", look->roots[directory->root].label,
                directory->relative, *directory->relative ? "/" : "", name);
        grown->id = (struct open_files_id){
                .device = makedev(status->stx_dev_major, status->stx_dev_minor), .inode = status->stx_ino};
}

static void on_file(size_t directory, int fd, const char *name, const struct statx *status, void *data) {
        struct logs_who_look *look = data;
        struct logs_entry now = identify(look, status), *before = logs_table_find(&look->seen, &now.identity);
        uint64_t grown = 0;
        (void)fd;

        if (!look->who) {
                look->cut |= !before && !logs_table_insert(&look->seen, &now);
                return;
        }
        if (!before && (status->stx_mask & STATX_BTIME) && now.identity.birth_usec >= look->born_after_usec) {
                grown = now.size;
                now.size = 0;
                before = logs_table_insert(&look->seen, &now);
        } else if (before && now.size > before->size)
                grown = now.size - before->size;
        if (before) /* whichever name of it comes next */
                before->size = UINT64_MAX;
        if (grown > 0)
                note_growth(look, &look->walk.directories.items[directory], name, status, grown);
}

/* 0 or -ENOMEM. */
static int walk(struct logs_who_look *look) {
        uint64_t end_usec = clock_usec(CLOCK_MONOTONIC) + WALK_USEC;
        int r = logs_walk_begin(&look->walk, look->roots, look->n_roots);
        bool more = r == 0;

        while (more && clock_usec(CLOCK_MONOTONIC) < end_usec)
                more = logs_walk_turn(&look->walk, -1, look->roots, on_file, look);
        look->cut |= more || look->walk.incomplete;
        if (look->walk.directories.n == 0 && r == 0)
                r = -ENOENT;
        logs_walk_deinit(&look->walk);
        return r;
}

int logs_who_look_new(const char *root, const char *const *directories, struct logs_who_look **ret_look) {
        struct logs_who_look *look = calloc(1, sizeof(*look));
        int r;

        if (!look)
                return -ENOMEM;
        for (; *directories && look->n_roots < ROOTS_MAX; directories++) {
                struct logs_root *place = &look->roots[look->n_roots++];

                snprintf(place->path, sizeof(place->path), "%s%s", root, *directories);
                place->label = *directories;
        }
        look->born_after_usec = clock_usec(CLOCK_REALTIME_COARSE);
        look->began_usec = clock_usec(CLOCK_MONOTONIC);
        r = walk(look);
        if (r < 0) {
                logs_who_look_free(look);
                return r;
        }
        *ret_look = look;
        return 0;
}

int logs_who_look_again(struct logs_who_look *look, size_t top, struct logs_who *ret_who) {
        int r;

        *ret_who = (struct logs_who){.top = top < LOGS_WHO_TOP_MAX ? top : LOGS_WHO_TOP_MAX};
        look->who = ret_who;
        /* Each file is looked at after about as long in both walks: their beginnings are what counts. */
        ret_who->usec = clock_usec(CLOCK_MONOTONIC) - look->began_usec;
        r = walk(look);
        ret_who->cut = look->cut;
        return r;
}

struct logs_who_look *logs_who_look_free(struct logs_who_look *look) {
        if (!look)
                return NULL;
        logs_table_deinit(&look->seen);
        free(look);
        return NULL;
}
