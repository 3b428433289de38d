/* SPDX-License-Identifier: MIT */
/*
 * state_file - what recorder and leases have in common: a file that a full disk cannot take away
 *
 * Runs in: executor.  Owns STATE/NAME, preallocated once with posix_fallocate(3) and overwritten in place for
 * ever, so it neither grows nor fails on a disk that is full later; and RUN/NAME on tmpfs, its mirror.
 *
 * Where the file system copies on write, an overwrite needs room like any other write.  There the mirror is kept
 * from the start and written first.  Elsewhere it is made when a write fails, from what can be read.  Either way
 * it has everything, so whoever finds a mirror reads that.  While the disk takes nothing, the mirror alone is
 * written and `trouble` says so.  state_file_mend() tries with a slot that stays as it is; when that works, what
 * the disk missed is written there in order, and then the disk counts again.  The same is done at a start that
 * finds a mirror, after whatever end.
 *
 * When the file cannot even be opened (full at the first start, read-only), the mirror begins empty; what is in
 * it is carried over at the next start that finds the disk well.
 *
 * Fails: a write is negative when neither place takes it.
 * Limits: where nothing copies on write, what was not synced when the disk broke may be lost with its pages.
 */
#include "executor/state_file.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/text.h"
#include "executor/state_file_open.h"
#include "record/record.h"

static int put_synced(int fd, off_t at, const void *bytes, size_t size, bool sync) {
        int r = state_file_put(fd, at, bytes, size);

        return r == 0 && sync && fdatasync(fd) < 0 ? -errno : r;
}

/* A mirror must not take the place of what it mirrors. */
static bool are_apart(const char *state_dir, const char *run_dir) {
        struct stat state, run;

        return stat(state_dir, &state) < 0 || stat(run_dir, &run) < 0 || state.st_dev != run.st_dev ||
                state.st_ino != run.st_ino;
}

static void drop(int *fd) {
        if (*fd >= 0)
                close(take_fd(fd));
}

/* A mirror that is not written any more must not be taken for one that has everything. */
static void drop_mirror(struct state_file *file) {
        char path[PATH_MAX + 64];

        drop(&file->mirror);
        text_format(path, sizeof(path), "%s/%s", file->run_dir, file->kind->name);
        unlink(path);
}

static void go_nowhere(struct state_file *file, const char *why) {
        drop(&file->mirror);
        file->place = STATE_NOWHERE;
        text_format(file->trouble, sizeof(file->trouble), "%s: %s", file->kind->nowhere, why);
        log_error("%s: %s", file->kind->name, file->trouble);
}

static void go_volatile(struct state_file *file, const char *what, int error) {
        file->place = STATE_VOLATILE;
        text_format(file->trouble, sizeof(file->trouble), "%s is kept in %s, where a reboot loses it: %s: %s",
                file->kind->title, file->run_dir, what, strerror(-error));
        log_error("%s: %s", file->kind->name, file->trouble);
}

/* The disk takes no more writes; the mirror is made now if there was no need of one before. */
static void leave_disk(struct state_file *file, const char *what, int error) {
        char why[256];
        int r = 0;

        if (!file->apart)
                r = error;
        else if (file->mirror < 0)
                r = file->durable >= 0
                        ? state_file_create(
                                  file->kind, file->group, file->run_dir, file->durable, -1, &file->mirror)
                        : state_file_open_or_create(file->kind, file->group, file->run_dir, &file->mirror);
        if (r == 0) {
                go_volatile(file, what, error);
                return;
        }
        text_format(why, sizeof(why), "%s: %s, %s: %s", what, strerror(-error), file->run_dir, strerror(-r));
        go_nowhere(file, why);
}

/* What an earlier start left on tmpfs. */
static int find_mirror(const struct state_file *file) {
        int fd;

        return file->apart && state_file_open(file->kind, file->run_dir, &fd) == 0 ? fd : -1;
}

static void writing(const struct state_file *file, char what[static 64]) {
        text_format(what, 64, "writing %s", file->kind->title);
}

static void make_mirror(struct state_file *file) {
        int r = state_file_create(file->kind, file->group, file->run_dir, file->durable, -1, &file->mirror);

        if (r < 0)
                log_warning("%s: no mirror can be kept in %s, a full disk will stop it: %s", file->kind->name,
                        file->run_dir, strerror(-r));
}

/*
 * After a write that did not reach the disk the kernel still shows its pages, as clean ones: they would pass for
 * written.  What is compared with must be what the disk has.
 */
static void forget_pages(int fd) {
        posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
}

/* The disk has a file of ours: what is in the mirror belongs there, and it decides whether a new one is needed. */
static void begin_durable(struct state_file *file) {
        _cleanup_close_ int left = find_mirror(file);
        char what[64];
        int r = 0;

        file->place = STATE_DURABLE;
        file->copies = file->apart && state_file_copies_on_write(file->durable);
        if (left >= 0) {
                forget_pages(file->durable);
                r = file->kind->carry(file->durable, left);
        }
        if (r == 0 && left >= 0 && fdatasync(file->durable) < 0)
                r = -errno;
        if (r == 0 && file->copies) {
                make_mirror(file);
                return;
        }
        if (r == 0) {
                if (left >= 0)
                        drop_mirror(file);
                return;
        }
        /* A reader, and the next start, must find both what is on disk and what is not. */
        if (state_file_create(file->kind, file->group, file->run_dir, file->durable, left, &file->mirror) < 0)
                file->mirror = take_fd(&left);
        writing(file, what);
        go_volatile(file, what, r);
}

void state_file_init(struct state_file *file, const struct state_file_kind *kind, const char *state_dir,
        const char *run_dir, const char *group) {
        const struct group *entry = group ? getgrnam(group) : NULL;
        int r;

        *file = (struct state_file){.kind = kind,
                .durable = -1,
                .mirror = -1,
                .group = entry ? entry->gr_gid : (gid_t)-1,
                .apart = are_apart(state_dir, run_dir)};
        text_copy(file->run_dir, sizeof(file->run_dir), run_dir);
        r = state_file_open_or_create(kind, file->group, state_dir, &file->durable);
        if (r < 0)
                leave_disk(file, state_dir, r);
        else
                begin_durable(file);
}

void state_file_deinit(struct state_file *file) {
        drop(&file->durable);
        drop(&file->mirror);
}

int state_file_fd(const struct state_file *file) {
        switch (file->place) {
        case STATE_DURABLE: return file->durable;
        case STATE_VOLATILE: return file->mirror;
        case STATE_NOWHERE: break;
        }
        return -1;
}

int state_file_write(struct state_file *file, off_t at, const void *bytes, size_t size, bool sync) {
        char what[64];
        int r = -EIO;

        if (file->place == STATE_DURABLE) {
                if (file->mirror >= 0 && state_file_put(file->mirror, at, bytes, size) < 0)
                        drop_mirror(file);
                r = put_synced(file->durable, at, bytes, size, sync);
                if (r == 0)
                        return 0;
                writing(file, what);
                leave_disk(file, what, r);
        }
        if (file->place == STATE_VOLATILE) {
                r = put_synced(file->mirror, at, bytes, size, sync);
                if (r < 0)
                        go_nowhere(file, strerror(-r));
        }
        return r;
}

/* Written again as it is, a slot costs nothing and shows whether any write would be taken. */
static int try_disk(const struct state_file *file) {
        char slot[RECORD_SLOT_SIZE];

        if (pread(file->durable, slot, sizeof(slot), 0) != (ssize_t)sizeof(slot))
                return -EIO;
        return put_synced(file->durable, 0, slot, sizeof(slot), true);
}

bool state_file_mend(struct state_file *file) {
        bool lost = file->place == STATE_NOWHERE;
        int r;

        if (file->place == STATE_DURABLE || file->durable < 0)
                return false;
        forget_pages(file->durable);
        r = try_disk(file);
        if (r == 0 && file->mirror >= 0)
                r = file->kind->catch_up(file->durable, file->mirror);
        if (r == 0 && fdatasync(file->durable) < 0)
                r = -errno;
        if (r < 0)
                return false;
        file->place = STATE_DURABLE;
        file->trouble[0] = '\0';
        if (!file->copies)
                drop_mirror(file);
        else if (file->mirror < 0)
                make_mirror(file);
        log_notice("%s: %s is on disk again%s", file->kind->name, file->kind->title,
                lost ? ", without what neither place took" : ", nothing is missing");
        return true;
}
