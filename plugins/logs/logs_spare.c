/* SPDX-License-Identifier: MIT */
/*
 * logs_spare - where a compressed log is kept while there is no room for it beside its log
 *
 * Runs in children of the executor, as root.  A disk that is full has no room for a copy, but another one may.  So
 * the copy is made in the configured spare directory, proved there and brought to disk; then its log goes, which
 * makes room, and the copy comes back under the name that logrotate looks for.  A spare directory must be root's
 * alone, not a link, on another file system, and that file system must be known not to be under pressure.
 *
 * Killed in between, nothing is lost, and the next turn sets right what it finds:
 *   - a copy and its log: the log has the time and the size that the copy tells, and the copy goes;
 *   - a copy alone: it comes back, and if logrotate has given its number to another log meanwhile, to the first
 *     free one behind it, where logrotate would have moved it;
 *   - a copy here and one beside the other logs: the latter is proved and ends like this one, and this one goes.
 * What fits none of them, or a place that is not searched any more, goes on waiting and is named in the log.
 *
 * Owns the directory's descriptor.  Fails copy by copy, and says why in the log.  Limits: WAITING_MAX copies,
 * SHIFTS_MAX rotations in between.
 */
#include "logs/logs_spare.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "logs/logs_copy.h"

#define WAITING_MAX 64
#define SHIFTS_MAX 16
#define SUFFIX ".gz"

struct waiting {
        const struct sg_action *action;
        int spare, fd, directory;
        const char *name; /* in the spare directory */
        struct stat status;
        struct logs_copy_end end;
};

static int why_not(const struct logs_spare *spare, struct stat *status) {
        if (spare->fd < 0)
                return -errno;
        if (fstat(spare->fd, status) < 0)
                return -errno;
        return status->st_uid == geteuid() && !(status->st_mode & (S_IWGRP | S_IWOTH)) ? 0 : -EPERM;
}

void logs_spare_open(const struct sg_action *action, struct logs_spare *ret_spare) {
        const char *configured = action->options[LOGS_OPTION_SPARE_DIRECTORY].text;
        struct stat status = {.st_dev = 0};
        char path[LOGS_PATH_MAX];
        int r;

        *ret_spare = (struct logs_spare){.fd = -1};
        if (configured[0] != '/')
                return;
        snprintf(ret_spare->path, sizeof(ret_spare->path), "%s", configured);
        snprintf(path, sizeof(path), "%s%s", action->host->root, configured);
        ret_spare->fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        r = why_not(ret_spare, &status);
        if (r == 0) {
                ret_spare->device = status.st_dev;
                return;
        }
        action->host->log(action, SG_LEVEL_WARNING, "the spare directory %s cannot be used: %s", configured,
                r == -EPERM ? "others than root can write there" : strerror(-r));
        logs_spare_close(ret_spare);
}

void logs_spare_close(struct logs_spare *spare) {
        if (spare->fd >= 0)
                close(spare->fd);
        spare->fd = -1;
}

static uint64_t available_bytes(int directory) {
        struct statvfs fs;

        return fstatvfs(directory, &fs) == 0 ? (uint64_t)fs.f_bavail * fs.f_frsize : 0;
}

uint64_t logs_spare_room(
        const struct sg_action *action, const struct logs_spare *spare, const struct logs_file *file) {
        if (spare->fd < 0 || spare->device == file->status.st_dev ||
                action->host->pressure(action, spare->path) != SG_PRESSURE_NONE)
                return 0;
        return logs_fitness_spare_room((uint64_t)file->status.st_size, available_bytes(spare->fd));
}

/* Calls `fn` for the names of copies; they are gathered first, because it takes some away. */
static size_t list_waiting(const struct logs_spare *spare, char (*names)[LOGS_NAME_MAX]) {
        int fd = spare->fd < 0 ? -1 : openat(spare->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        DIR *stream = fd < 0 ? NULL : fdopendir(fd);
        char path[LOGS_PATH_MAX];
        struct dirent *entry;
        size_t n = 0;

        if (!stream && fd >= 0)
                close(fd);
        while (stream && n < WAITING_MAX && (entry = readdir(stream)))
                if (logs_spare_parse(entry->d_name, path) == 0)
                        snprintf(names[n++], LOGS_NAME_MAX, "%s", entry->d_name);
        if (stream)
                closedir(stream);
        return n;
}

/* Where it belongs: a place that was found to be safe, and the rest of the path, with the suffix. */
static int find_place(const struct logs_rotated *rotated, const char *name, size_t *ret_place,
        char ret_base[static LOGS_NAME_MAX]) {
        char path[LOGS_PATH_MAX], *slash;
        struct logs_name parsed;

        if (logs_spare_parse(name, path) < 0)
                return -EINVAL;
        slash = strrchr(path, '/');
        *slash = '\0';
        snprintf(ret_base, LOGS_NAME_MAX, "%s", slash + 1);
        if (strlen(ret_base) <= strlen(SUFFIX) ||
                strcmp(ret_base + strlen(ret_base) - strlen(SUFFIX), SUFFIX) != 0 ||
                !logs_name_parse(ret_base, &parsed))
                return -EINVAL;
        for (size_t i = 0; i < rotated->n_places; i++)
                if (strcmp(rotated->places[i].path, path) == 0) {
                        *ret_place = i;
                        return 0;
                }
        return -ENOENT;
}

size_t logs_spare_waiting(const struct logs_spare *spare, const struct logs_rotated *rotated) {
        char names[WAITING_MAX][LOGS_NAME_MAX], base[LOGS_NAME_MAX];
        size_t n = list_waiting(spare, names), n_placed = 0, place;

        for (size_t i = 0; i < n; i++)
                n_placed += find_place(rotated, names[i], &place, base) == 0;
        return n_placed;
}

static bool same_time(const struct stat *a, const struct stat *b) {
        return a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* What lies under a name where this copy might belong. */
enum slot { SLOT_FREE, SLOT_TAKEN, SLOT_OURS };

static enum slot look_at_compressed(const struct waiting *waiting, const char *name) {
        struct logs_copy_end end;
        struct stat status;
        enum slot slot = SLOT_TAKEN;
        int fd = openat(waiting->directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

        if (fd < 0)
                return errno == ENOENT ? SLOT_FREE : SLOT_TAKEN;
        if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && same_time(&status, &waiting->status) &&
                logs_copy_prove(waiting->action, fd, &end) == 0 && end.crc == waiting->end.crc &&
                end.size == waiting->end.size)
                slot = SLOT_OURS;
        close(fd);
        return slot;
}

static enum slot look_at_slot(const struct waiting *waiting, const char *stem) {
        static const char *const others[] = {".xz", ".zst", ".bz2"};
        char name[LOGS_NAME_MAX + 8];
        struct stat status;
        enum slot slot;

        if (fstatat(waiting->directory, stem, &status, AT_SYMLINK_NOFOLLOW) == 0)
                return S_ISREG(status.st_mode) && same_time(&status, &waiting->status) &&
                                (uint32_t)status.st_size == waiting->end.size
                        ? SLOT_OURS
                        : SLOT_TAKEN;
        snprintf(name, sizeof(name), "%s" SUFFIX, stem);
        slot = errno == ENOENT ? look_at_compressed(waiting, name) : SLOT_TAKEN;
        for (size_t i = 0; slot == SLOT_FREE && i < sizeof(others) / sizeof(others[0]); i++) {
                snprintf(name, sizeof(name), "%s%s", stem, others[i]);
                if (fstatat(waiting->directory, name, &status, AT_SYMLINK_NOFOLLOW) == 0 || errno != ENOENT)
                        slot = SLOT_TAKEN;
        }
        return slot;
}

/* "mail.log.3" for "mail.log.2"; false: its mark is no number, or the last one. */
static bool next_stem(char stem[static LOGS_NAME_MAX]) {
        char *dot = strrchr(stem, '.');
        size_t digits = dot ? strspn(dot + 1, "0123456789") : 0;

        if (digits == 0 || digits > 4 || dot[1 + digits] != '\0')
                return false;
        snprintf(dot + 1, LOGS_NAME_MAX - (size_t)(dot + 1 - stem), "%ld", strtol(dot + 1, NULL, 10) + 1);
        return true;
}

static int copy_bytes(int from, int to) {
        off_t at = 0;
        char buffer[65536];
        ssize_t n;

        while ((n = pread(from, buffer, sizeof(buffer), at)) > 0)
                for (ssize_t done = 0, written; done < n; done += written, at += written) {
                        written = write(to, buffer + done, (size_t)(n - done));
                        if (written <= 0)
                                return written < 0 ? -errno : -EIO;
                }
        return n < 0 ? -errno : 0;
}

static int put_beside(const struct waiting *waiting, const char *stem) {
        struct logs_copy_end end;
        char name[LOGS_NAME_MAX + 8];
        int copy, r;

        /* Not down to the last byte: mail comes first. */
        if (available_bytes(waiting->directory) / 2 < (uint64_t)waiting->status.st_size)
                return -ENOSPC;
        copy = logs_copy_open(waiting->directory);
        if (copy < 0)
                return copy;
        snprintf(name, sizeof(name), "%s" SUFFIX, stem);
        r = copy_bytes(waiting->fd, copy);
        if (r == 0)
                r = logs_copy_prove(waiting->action, copy, &end);
        if (r == 0 && (end.crc != waiting->end.crc || end.size != waiting->end.size))
                r = -EIO;
        if (r == 0)
                r = logs_copy_dress(waiting->fd, copy, &waiting->status);
        if (r == 0)
                r = logs_copy_name(copy, waiting->directory, name);
        close(copy);
        return r;
}

static int find_slot_and_put(const struct waiting *waiting, const char *base) {
        char stem[LOGS_NAME_MAX];
        int n_shifts = 0;

        snprintf(stem, sizeof(stem), "%.*s", (int)(strlen(base) - strlen(SUFFIX)), base);
        do {
                enum slot slot = look_at_slot(waiting, stem);

                if (slot == SLOT_OURS)
                        return 0;
                if (slot == SLOT_FREE)
                        return put_beside(waiting, stem);
        } while (++n_shifts < SHIFTS_MAX && next_stem(stem));
        return -EEXIST;
}

static int return_one(const struct sg_action *action, const struct logs_spare *spare,
        const struct logs_rotated *rotated, const char *name, uint64_t *ret_bytes) {
        struct waiting waiting = {.action = action, .spare = spare->fd, .name = name, .fd = -1};
        char base[LOGS_NAME_MAX];
        size_t place;
        int r = find_place(rotated, name, &place, base);

        *ret_bytes = 0;
        if (r < 0)
                return r;
        waiting.directory = rotated->places[place].fd;
        waiting.fd = openat(spare->fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        if (waiting.fd < 0)
                return -errno;
        if (fstat(waiting.fd, &waiting.status) < 0)
                r = -errno;
        else if (!S_ISREG(waiting.status.st_mode) || waiting.status.st_nlink != 1)
                r = -EINVAL;
        if (r == 0)
                r = logs_copy_prove(action, waiting.fd, &waiting.end);
        if (r == 0)
                r = find_slot_and_put(&waiting, base);
        if (r == 0 && (unlinkat(spare->fd, name, 0) < 0 || fsync(spare->fd) < 0))
                r = -errno;
        if (r == 0)
                *ret_bytes = (uint64_t)waiting.status.st_blocks * 512;
        close(waiting.fd);
        return r;
}

struct logs_spare_count logs_spare_return(
        const struct sg_action *action, const struct logs_spare *spare, const struct logs_rotated *rotated) {
        char names[WAITING_MAX][LOGS_NAME_MAX], said[4 * LOGS_NAME_MAX];
        struct logs_spare_count count = {.n_waiting = list_waiting(spare, names)};

        for (size_t i = 0; i < count.n_waiting; i++) {
                uint64_t bytes;
                int r = return_one(action, spare, rotated, names[i], &bytes);

                if (r == 0) {
                        count.n_back++;
                        count.bytes += bytes;
                        continue;
                }
                action->host->log(action, SG_LEVEL_WARNING, "%s goes on waiting in %s: %s",
                        logs_name_escape(names[i], said, sizeof(said)), spare->path, strerror(-r));
        }
        return count;
}
