/* SPDX-License-Identifier: MIT */
/*
 * logs_rotated - the rotated logs that root may touch without being tricked
 *
 * Runs in children of the executor, as root.  Walks the configured directories and three levels below them,
 * by descriptors and without following links; a configured directory itself may be a link, that is its admin's
 * business.  Every directory on the way must belong to us and be writable by nobody else, but for the groups of
 * the log daemons (root, adm, syslog: Debian's and Ubuntu's /var/log): whoever can write to a directory can put
 * another file in the place of the one that was looked at.  Others are passed over with everything below them.
 * Other file systems are not entered.
 *
 * What is found is a name, an inode and its numbers; before something is done to it, it is looked at again.
 *
 * Owns a descriptor for each directory with something in it.  Fails when memory does, when the one directory asked
 * for is none of the configured, and when nobody can say who writes (logs_writers.c).
 * Limits: PLACES_MAX directories, FILES_MAX files.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "logs/logs.h"

#define PLACES_MAX 256
#define FILES_MAX (128 << 10)

struct search {
        const struct sg_action *action;
        struct logs_rotated *rotated;
        gid_t trusted_groups[8];
        size_t n_trusted;
        size_t allocated;
        /* Beside each place: how deep it is, and the file system it must be on. */
        unsigned depths[PLACES_MAX];
        dev_t devices[PLACES_MAX];
};

uint64_t logs_rotated_mtime_usec(const struct logs_file *file) {
        const struct timespec *time = &file->status.st_mtim;

        return time->tv_sec < 0 ? 0 : (uint64_t)time->tv_sec * 1000000 + (uint64_t)time->tv_nsec / 1000;
}

uint64_t logs_rotated_disk_bytes(const struct logs_file *file) {
        return (uint64_t)file->status.st_blocks * 512;
}

static void find_trusted_groups(struct search *search) {
        static const char *const names[] = {"adm", "syslog"};
        const size_t most = sizeof(search->trusted_groups) / sizeof(search->trusted_groups[0]);
        char path[LOGS_PATH_MAX];
        struct group *group;
        FILE *stream;

        search->trusted_groups[search->n_trusted++] = 0;
        snprintf(path, sizeof(path), "%s/etc/group", search->action->host->root);
        stream = fopen(path, "re");
        while (stream && search->n_trusted < most && (group = fgetgrent(stream)))
                for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
                        if (strcmp(group->gr_name, names[i]) == 0 && search->n_trusted < most)
                                search->trusted_groups[search->n_trusted++] = group->gr_gid;
        if (stream)
                fclose(stream);
}

static bool is_trusted(const struct search *search, const struct stat *directory) {
        bool group_is = !(directory->st_mode & S_IWGRP);

        for (size_t i = 0; i < search->n_trusted; i++)
                group_is |= directory->st_gid == search->trusted_groups[i];
        return directory->st_uid == geteuid() && !(directory->st_mode & S_IWOTH) && group_is;
}

static bool is_journal(const char *path) {
        size_t length = strlen(LOGS_JOURNAL_DIR);

        return strncmp(path, LOGS_JOURNAL_DIR, length) == 0 && (path[length] == '\0' || path[length] == '/');
}

/* Takes `fd`. */
static int add_place(struct search *search, int fd, const char *parent, const char *name, unsigned depth,
        const dev_t *device) {
        struct logs_rotated *rotated = search->rotated;
        struct logs_place *place = &rotated->places[rotated->n_places];
        struct stat status;
        int length, r = 0;

        if (fstat(fd, &status) < 0)
                r = -errno;
        else if (!is_trusted(search, &status))
                r = -EPERM;
        else if (device && status.st_dev != *device)
                r = -EXDEV;
        else if (rotated->n_places == PLACES_MAX) {
                rotated->cut = true;
                r = -E2BIG;
        }
        for (size_t i = 0; r == 0 && i < rotated->n_places; i++) {
                struct stat other;

                if (fstat(rotated->places[i].fd, &other) == 0 && other.st_ino == status.st_ino &&
                        other.st_dev == status.st_dev)
                        r = -EEXIST; /* configured twice, or one below the other */
        }
        if (r == 0) {
                length = snprintf(place->path, sizeof(place->path), "%s%s%s", parent, *name ? "/" : "", name);
                r = length >= (int)sizeof(place->path) ? -ENAMETOOLONG
                        : is_journal(place->path)      ? -EEXIST
                                                       : 0;
        }
        if (r < 0) {
                close(fd);
                return r;
        }
        place->fd = fd;
        place->pressure = search->action->host->pressure(search->action, place->path);
        search->depths[rotated->n_places] = depth;
        search->devices[rotated->n_places] = status.st_dev;
        rotated->n_places++;
        return 0;
}

static bool is_immutable(int directory, const char *name) {
        int fd = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        unsigned flags = 0;
        bool known;

        if (fd < 0)
                return true;
        known = ioctl(fd, FS_IOC_GETFLAGS, &flags) == 0;
        close(fd);
        return known && (flags & (FS_IMMUTABLE_FL | FS_APPEND_FL));
}

static int add_file(struct search *search, size_t place, const char *name, const struct stat *status,
        const struct logs_name *parsed) {
        struct logs_rotated *rotated = search->rotated;
        struct logs_file *file;

        if (rotated->n_files == FILES_MAX) {
                rotated->cut = true;
                return 0;
        }
        if (rotated->n_files == search->allocated) {
                size_t allocated = search->allocated ? 2 * search->allocated : 32;
                struct logs_file *more = realloc(rotated->files, allocated * sizeof(*more));

                if (!more)
                        return -ENOMEM;
                rotated->files = more;
                search->allocated = allocated;
        }
        file = &rotated->files[rotated->n_files++];
        *file = (struct logs_file){.place = place, .status = *status, .compressed = parsed->compressed};
        snprintf(file->name, sizeof(file->name), "%s", name);
        file->immutable = is_immutable(rotated->places[place].fd, name);
        return 0;
}

static int open_directory(int parent, const char *name) {
        return openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static int look_at(struct search *search, size_t place, const char *name) {
        int directory = search->rotated->places[place].fd;
        struct logs_name parsed;
        struct stat status;

        if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
                fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
                return 0;
        if (S_ISREG(status.st_mode))
                return status.st_size > 0 && logs_name_is_rotated(directory, name, &parsed)
                        ? add_file(search, place, name, &status, &parsed)
                        : 0;
        if (S_ISDIR(status.st_mode) && search->depths[place] < LOGS_DEPTH_MAX) {
                int fd = open_directory(directory, name);

                /* Whatever speaks against it is a reason to pass it over. */
                if (fd >= 0)
                        add_place(search, fd, search->rotated->places[place].path, name,
                                search->depths[place] + 1, &search->devices[place]);
        }
        return 0;
}

static int read_place(struct search *search, size_t place) {
        int fd = open_directory(search->rotated->places[place].fd, "."), r = 0;
        DIR *stream = fd >= 0 ? fdopendir(fd) : NULL;
        struct dirent *entry;

        if (!stream && fd >= 0)
                close(fd);
        while (stream && r == 0 && (entry = readdir(stream)))
                r = look_at(search, place, entry->d_name);
        if (stream)
                closedir(stream);
        return r;
}

/* The rest of `only` behind the configured directory that it lies below; NULL: it does not. */
static const char *rest_below(const char *configured, const char *only) {
        size_t length = strlen(configured);

        while (length > 1 && configured[length - 1] == '/')
                length--;
        if (strncmp(only, configured, length) != 0 || (only[length] != '\0' && only[length] != '/'))
                return NULL;
        return only + length;
}

/* Step by step from the configured directory, each of them trusted.  Takes `fd`. */
static int add_below(struct search *search, int fd, const char *only, const char *rest) {
        unsigned depth = 0;

        for (;;) {
                char step[LOGS_NAME_MAX];
                struct stat status;
                size_t length;
                int next;

                rest += strspn(rest, "/");
                length = strcspn(rest, "/");
                if (length == 0)
                        return add_place(search, fd, only, "", depth, NULL);
                snprintf(step, sizeof(step), "%.*s", (int)length, rest);
                next = -1;
                if (length < sizeof(step) && strcmp(step, ".") != 0 && strcmp(step, "..") != 0 &&
                        depth < LOGS_DEPTH_MAX && fstat(fd, &status) == 0 && is_trusted(search, &status))
                        next = open_directory(fd, step);
                close(fd);
                if (next < 0)
                        return -EPERM;
                fd = next;
                rest += length;
                depth++;
        }
}

static int add_configured(struct search *search, const char *configured, const char *only) {
        const char *rest = only ? rest_below(configured, only) : "";
        char path[LOGS_PATH_MAX];
        int fd;

        if (!rest || (only && strstr(only, "//")))
                return -EINVAL;
        snprintf(path, sizeof(path), "%s%s", search->action->host->root, configured);
        fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        return only ? add_below(search, fd, only, rest) : add_place(search, fd, configured, "", 0, NULL);
}

static int search_all(struct search *search, const char *only) {
        const char *const *configured = search->action->options[LOGS_OPTION_DIRECTORIES].list;
        struct logs_rotated *rotated = search->rotated;
        int r, why = only ? -EINVAL : 0;

        for (; *configured; configured++) {
                r = add_configured(search, *configured, only);
                if (r == -EPERM)
                        search->action->host->log(search->action, SG_LEVEL_WARNING,
                                "%s is left alone: others than root can write there", *configured);
                why = only && r != -EINVAL ? r : why;
        }
        if (only && rotated->n_places == 0)
                return why;
        /* The list is its own queue: what is found below goes to its end. */
        for (size_t i = 0; i < rotated->n_places; i++) {
                r = read_place(search, i);
                if (r < 0)
                        return r;
        }
        return logs_writers_mark(search->action->host->root, rotated->files, rotated->n_files);
}

int logs_rotated_find(
        const struct sg_action *action, const char *only_directory, struct logs_rotated *ret_rotated) {
        struct search search = {.action = action, .rotated = ret_rotated};
        int r;

        *ret_rotated = (struct logs_rotated){.places = calloc(PLACES_MAX, sizeof(struct logs_place))};
        if (!ret_rotated->places)
                return -ENOMEM;
        find_trusted_groups(&search);
        r = search_all(&search, only_directory && *only_directory ? only_directory : NULL);
        if (ret_rotated->cut)
                action->host->log(action, SG_LEVEL_WARNING,
                        "there are more than %u directories or %u rotated logs: the rest is left alone",
                        PLACES_MAX, FILES_MAX);
        return r;
}

int logs_rotated_open_directory(const struct sg_action *action, const char *directory) {
        const char *const *configured = action->options[LOGS_OPTION_DIRECTORIES].list;
        struct logs_place *place = calloc(1, sizeof(*place));
        struct logs_rotated found = {.places = place};
        struct search search = {.action = action, .rotated = &found};
        int r = place ? -EINVAL : -ENOMEM;

        if (!place)
                return r;
        find_trusted_groups(&search);
        for (; *configured && found.n_places == 0; configured++) {
                int why = add_configured(&search, *configured, directory);

                r = why != -EINVAL ? why : r;
        }
        if (found.n_places > 0)
                r = place->fd;
        free(place);
        return r;
}

void logs_rotated_deinit(struct logs_rotated *rotated) {
        for (size_t i = 0; i < rotated->n_places; i++)
                close(rotated->places[i].fd);
        free(rotated->places);
        free(rotated->files);
        *rotated = (struct logs_rotated){0};
}

bool logs_rotated_unchanged(const struct logs_rotated *rotated, const struct logs_file *file) {
        const struct stat *before = &file->status;
        struct stat now;

        return fstatat(rotated->places[file->place].fd, file->name, &now, AT_SYMLINK_NOFOLLOW) == 0 &&
                S_ISREG(now.st_mode) && now.st_ino == before->st_ino && now.st_dev == before->st_dev &&
                now.st_size == before->st_size && now.st_nlink == 1 &&
                now.st_mtim.tv_sec == before->st_mtim.tv_sec &&
                now.st_mtim.tv_nsec == before->st_mtim.tv_nsec;
}

int logs_rotated_remove(const struct logs_rotated *rotated, const struct logs_file *file) {
        int directory = rotated->places[file->place].fd;

        if (unlinkat(directory, file->name, 0) < 0)
                return -errno;
        fsync(directory);
        return 0;
}
