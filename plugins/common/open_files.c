/* SPDX-License-Identifier: MIT */
/*
 * open_files - who has which file open, as /proc/PID/fd says
 *
 * Runs in children of the executor, as root with CAP_SYS_PTRACE.  Of each descriptor its link is read first, which
 * touches nothing but /proc; then, where only certain files are wanted, the inode in /proc/PID/fdinfo.  Only what is
 * still of interest then is followed, because a file of a dead network file system does not answer.
 *
 * What a link shows is no proof of anything: with mounts of its own a process can give a file any path.  Device,
 * inode, links and blocks are the kernel's.  So is the unit: it is the first part of the control group's path that
 * is no slice.  What comes behind that is made by whom the unit delegates to, a container's "rsyslog.service" or a
 * user's, and is none of ours.
 *
 * Owns nothing.  Fails when /proc cannot be read at all; a process that does not let us look is counted.  Limits: a
 * user with more than FILES_OF_USER_MAX open files hides the rest of them, and would else hold us up for minutes; a
 * file that is mapped but not open is not seen, for to follow those links takes CAP_SYS_ADMIN, nor is one that is
 * open in a thread with descriptors of its own, or in a message under way between two sockets.
 */
#include "common/open_files.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DELETED " (deleted)"
/* Files that one user's processes may have open, beside root's; with dup() a million costs him 8 MiB, and us seconds. */
#define FILES_OF_USER_MAX ((size_t)1 << 18)

struct user {
        uid_t uid;
        size_t n_files;
};

struct walk {
        const struct open_files_filter *filter;
        struct open_files_id *sorted; /* the filter's, by inode */
        int (*on_file)(const struct open_file *file, void *data);
        void *data;
        struct open_files_seen seen;
        struct user *users;
        size_t n_users;
};

static int compare_ids(const void *a, const void *b) {
        const struct open_files_id *left = a, *right = b;

        if (left->inode != right->inode)
                return left->inode < right->inode ? -1 : 1;
        return (left->device > right->device) - (left->device < right->device);
}

static int compare_inode(const void *key, const void *item) {
        ino_t inode = *(const ino_t *)key, other = ((const struct open_files_id *)item)->inode;

        return (inode > other) - (inode < other);
}

static bool read_text(int directory, const char *name, char *text, size_t size) {
        int fd = openat(directory, name, O_RDONLY | O_CLOEXEC);
        size_t used = 0;
        ssize_t n;

        text[0] = '\0';
        if (fd < 0)
                return false;
        while (used + 1 < size && (n = read(fd, text + used, size - 1 - used)) > 0)
                used += (size_t)n;
        close(fd);
        text[used] = '\0';
        return used > 0;
}

/* The value of a line "name:\tvalue" of fdinfo. */
static bool read_field(const char *text, const char *name, int base, unsigned long long *ret_value) {
        size_t length = strlen(name);
        char *end;

        for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n')
                if (strncmp(line, name, length) == 0) {
                        *ret_value = strtoull(line + length, &end, base);
                        return end != line + length;
                }
        return false;
}

static bool is_wanted_device(const struct open_files_filter *filter, dev_t device) {
        for (size_t i = 0; i < filter->n_devices; i++)
                if (filter->devices[i] == device)
                        return true;
        return filter->n_devices == 0;
}

/* Only what fdinfo says surely to be another file is passed over. */
static bool may_be_wanted(const struct walk *walk, const char *info) {
        unsigned long long value;
        ino_t inode;

        if (!walk->sorted || !read_field(info, "ino:", 10, &value))
                return true;
        inode = (ino_t)value;
        return bsearch(&inode, walk->sorted, walk->filter->n_ids, sizeof(*walk->sorted), compare_inode);
}

static bool is_wanted(const struct walk *walk, const struct stat *status) {
        const struct open_files_filter *filter = walk->filter;
        struct open_files_id id = {.device = status->st_dev, .inode = status->st_ino};

        return S_ISREG(status->st_mode) && (!filter->deleted || status->st_nlink == 0) &&
                is_wanted_device(filter, id.device) &&
                (!walk->sorted || bsearch(&id, walk->sorted, filter->n_ids, sizeof(id), compare_ids));
}

/* Takes " (deleted)" off.  A name may end so as well: whether it is gone is for the number of links to say. */
static bool cut_deleted(char *path) {
        size_t length = strlen(path), tail = strlen(DELETED);

        if (length <= tail || strcmp(path + length - tail, DELETED) != 0)
                return false;
        path[length - tail] = '\0';
        return true;
}

static int look_at(struct walk *walk, pid_t pid, int process, int descriptors, const char *number) {
        const struct open_files_filter *filter = walk->filter;
        char path[PATH_MAX + sizeof(DELETED)], name[64], info[512];
        ssize_t length = readlinkat(descriptors, number, path, sizeof(path) - 1);
        struct open_file file;
        struct stat status;
        unsigned long long flags = 0;
        bool cut;

        /* "socket:[7]" and the like are no files. */
        if (length <= 0 || path[0] != '/')
                return 0;
        path[length] = '\0';
        cut = cut_deleted(path);
        if ((filter->deleted && !cut) || (filter->wants && !filter->wants(path, walk->data)))
                return 0;
        snprintf(name, sizeof(name), "fdinfo/%.20s", number);
        read_text(process, name, info, sizeof(info));
        if (!may_be_wanted(walk, info) || fstatat(descriptors, number, &status, 0) < 0 ||
                !is_wanted(walk, &status))
                return 0;
        if (cut && status.st_nlink > 0)
                path[strlen(path)] = DELETED[0];
        file = (struct open_file){.pid = pid,
                .fd = (int)strtol(number, NULL, 10),
                .id = {.device = status.st_dev, .inode = status.st_ino},
                .links = status.st_nlink,
                .size = (uint64_t)status.st_size,
                .held_bytes = (uint64_t)status.st_blocks * 512,
                .deleted = status.st_nlink == 0,
                .flags_known = read_field(info, "flags:", 8, &flags),
                .flags = (unsigned)flags,
                .path = path};
        return walk->on_file(&file, walk->data);
}

/* NULL: root, who is not counted, or memory is short. */
static struct user *find_user(struct walk *walk, int process) {
        struct stat status;
        struct user *more;

        if (fstat(process, &status) < 0 || status.st_uid == 0)
                return NULL;
        for (size_t i = 0; i < walk->n_users; i++)
                if (walk->users[i].uid == status.st_uid)
                        return &walk->users[i];
        more = reallocarray(walk->users, walk->n_users + 1, sizeof(*more));
        if (!more)
                return NULL;
        walk->users = more;
        walk->users[walk->n_users] = (struct user){.uid = status.st_uid};
        return &walk->users[walk->n_users++];
}

/* The descriptors of one process, or of one thread.  `ret_n`: how many there are. */
static int look_through(struct walk *walk, pid_t pid, int process, size_t *ret_n, bool *ret_hidden) {
        int fd = openat(process, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;
        DIR *descriptors = fd >= 0 ? fdopendir(fd) : NULL;
        struct user *user = find_user(walk, process);
        struct dirent *entry;

        *ret_n = 0;
        *ret_hidden = !descriptors && errno != ENOENT && errno != ESRCH;
        if (!descriptors && fd >= 0)
                close(fd);
        while (descriptors && r == 0 && (entry = readdir(descriptors)))
                if (isdigit((unsigned char)entry->d_name[0])) {
                        ++*ret_n;
                        if (user && ++user->n_files > FILES_OF_USER_MAX) {
                                *ret_hidden = true;
                                break;
                        }
                        r = look_at(walk, pid, process, fd, entry->d_name);
                }
        if (descriptors)
                closedir(descriptors);
        return r;
}

/* When the first thread of a process has ended, its list is empty while the others go on with their files. */
static int look_through_threads(struct walk *walk, pid_t pid, int process, bool *ret_hidden) {
        int fd = openat(process, "task", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;
        DIR *threads = fd >= 0 ? fdopendir(fd) : NULL;
        struct dirent *entry;
        size_t n = 0;

        if (!threads && fd >= 0)
                close(fd);
        while (threads && r == 0 && n == 0 && (entry = readdir(threads))) {
                int thread = isdigit((unsigned char)entry->d_name[0])
                        ? openat(fd, entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
                        : -1;

                if (thread < 0)
                        continue;
                r = look_through(walk, pid, thread, &n, ret_hidden);
                close(thread);
        }
        if (threads)
                closedir(threads);
        return r;
}

static int look_at_process(struct walk *walk, int processes, const char *number) {
        int process = openat(processes, number, O_RDONLY | O_DIRECTORY | O_CLOEXEC), r;
        pid_t pid = (pid_t)strtol(number, NULL, 10);
        bool hidden;
        size_t n;

        if (process < 0)
                return 0;
        r = look_through(walk, pid, process, &n, &hidden);
        if (r == 0 && n == 0 && !hidden)
                r = look_through_threads(walk, pid, process, &hidden);
        close(process);
        walk->seen.processes += !hidden;
        walk->seen.hidden += hidden;
        return r;
}

int open_files_walk(const struct open_files_filter *filter,
        int (*on_file)(const struct open_file *file, void *data), void *data,
        struct open_files_seen *ret_seen) {
        struct walk walk = {.filter = filter, .on_file = on_file, .data = data};
        struct dirent *entry;
        char path[PATH_MAX];
        DIR *processes;
        int r = 0;

        if (ret_seen)
                *ret_seen = walk.seen;
        snprintf(path, sizeof(path), "%s/proc", filter->root);
        processes = opendir(path);
        if (!processes)
                return -errno;
        if (filter->n_ids > 0) {
                walk.sorted = calloc(filter->n_ids, sizeof(*walk.sorted));
                if (!walk.sorted) {
                        closedir(processes);
                        return -ENOMEM;
                }
                memcpy(walk.sorted, filter->ids, filter->n_ids * sizeof(*walk.sorted));
                qsort(walk.sorted, filter->n_ids, sizeof(*walk.sorted), compare_ids);
        }
        while (r == 0 && (entry = readdir(processes)))
                if (isdigit((unsigned char)entry->d_name[0]))
                        r = look_at_process(&walk, dirfd(processes), entry->d_name);
        free(walk.sorted);
        free(walk.users);
        closedir(processes);
        if (ret_seen)
                *ret_seen = walk.seen;
        /* Not even ourselves: nothing is mounted there. */
        return r == 0 && walk.seen.processes == 0 ? -ENOENT : r;
}

bool open_files_writes(const struct open_file *file) {
        return !file->flags_known || (file->flags & O_ACCMODE) != O_RDONLY;
}

/* The suffixes of what a manager can have processes in. */
static bool is_unit_name(const char *name, size_t length) {
        static const char *const suffixes[] = {".service", ".scope", ".socket", ".mount", ".swap"};

        for (size_t i = 0; i < length; i++)
                if (!isalnum((unsigned char)name[i]) && !strchr(":-_.\\@", name[i]))
                        return false;
        for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
                size_t tail = strlen(suffixes[i]);

                if (length > tail && strncmp(name + length - tail, suffixes[i], tail) == 0)
                        return true;
        }
        return false;
}

static bool is_slice(const char *name, size_t length) {
        return length > strlen(".slice") && strncmp(name + length - strlen(".slice"), ".slice", 6) == 0;
}

/* The path of the hierarchy that systemd keeps: of a line "0::/..." or, on older hosts, "1:name=systemd:/...". */
static const char *find_path(const char *cgroup) {
        const char *unified = NULL;

        for (const char *line = cgroup; *line; line += strcspn(line, "\n"), line += *line == '\n') {
                const char *controllers = line + strspn(line, "0123456789");

                if (strncmp(controllers, ":name=systemd:/", strlen(":name=systemd:/")) == 0)
                        return controllers + strlen(":name=systemd:");
                if (strncmp(line, "0::/", strlen("0::/")) == 0)
                        unified = line + strlen("0::");
        }
        return unified;
}

void open_files_unit(const char *cgroup, char *unit, size_t size) {
        const char *path = find_path(cgroup);

        unit[0] = '\0';
        while (path && *path == '/') {
                size_t length = strcspn(++path, "/\n");

                if (!is_slice(path, length)) {
                        if (length < size && is_unit_name(path, length))
                                snprintf(unit, size, "%.*s", (int)length, path);
                        return;
                }
                path += length;
        }
}

bool open_files_owner(const char *root, pid_t pid, struct open_files_owner *ret_owner) {
        char path[PATH_MAX], text[4096];

        *ret_owner = (struct open_files_owner){.comm = ""};
        snprintf(path, sizeof(path), "%s/proc/%d/comm", root, (int)pid);
        if (!read_text(AT_FDCWD, path, text, sizeof(text)))
                return false;
        text[strcspn(text, "\n")] = '\0';
        for (size_t i = 0; text[i] && i + 1 < sizeof(ret_owner->comm); i++)
                ret_owner->comm[i] = (char)(isprint((unsigned char)text[i]) ? text[i] : '?');
        snprintf(path, sizeof(path), "%s/proc/%d/cgroup", root, (int)pid);
        if (read_text(AT_FDCWD, path, text, sizeof(text)))
                open_files_unit(text, ret_owner->unit, sizeof(ret_owner->unit));
        return true;
}
