/* SPDX-License-Identifier: MIT */
/*
 * logs_rotate_find - which file of the host's logrotate configuration names a log
 *
 * Runs in children of the executor, as root.  Reads /etc/logrotate.conf and the files that it includes, in its
 * order, and finds the first whose stanzas name the log; with it come all other logs that this file names, for they
 * are rotated together.  What logrotate is to be given then is the main file without its other includes: a setting
 * such as `rotate 4` that stands there holds for the included ones, and without it logrotate would keep nothing.
 *
 * Files must be root's and writable by nobody else, or logrotate would not read them either.  A log is a regular
 * file, not a link.  What is not understood makes all of it unusable: a guess would delete logs.
 *
 * Owns what it returns.  Fails with a sentence in `why`.  Limits: FILE_MAX bytes a file, FILES_MAX files,
 * LOGS_ROTATE_LOGS_MAX logs in one of them; included files that include others or that change the defaults of those
 * behind them are not understood.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "logs/logs_rotate.h"

#define MAIN_FILE "/etc/logrotate.conf"
#define FILE_MAX (256 << 10)
#define FILES_MAX 256

struct logs_list {
        struct logs_rotate_log *items;
        size_t n, allocated;
};

struct finding {
        const struct sg_action *action;
        const char *path; /* of the log; NULL: the largest */
        char *why;
        size_t why_size;
        struct logs_rotate_found *found;
        uint64_t most_bytes;                   /* of the largest up to now */
        bool defaults_changed, behind_changes; /* the latter: of the found one */
        size_t n_files;
        size_t main_include; /* where in the main file the found one is included; SIZE_MAX: it is the main file */
};

static int refuse(struct finding *finding, int r, const char *path, const char *problem) {
        char said[140];

        snprintf(finding->why, finding->why_size, "%s %s", logs_name_escape(path, said, sizeof(said)),
                problem);
        return r;
}

static int read_file(struct finding *finding, const char *path, char **ret_text, size_t *ret_size) {
        char full[LOGS_PATH_MAX];
        struct stat status;
        char *text = NULL;
        ssize_t n = -1;
        int fd;

        snprintf(full, sizeof(full), "%s%s", finding->action->host->root, path);
        fd = open(full, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        if (fd < 0)
                return refuse(finding, errno == ENOENT ? -ENOENT : -errno, path, "cannot be read");
        if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_uid == geteuid() &&
                !(status.st_mode & (S_IWGRP | S_IWOTH)) && status.st_size < FILE_MAX) {
                text = malloc((size_t)status.st_size + 1);
                n = text ? pread(fd, text, (size_t)status.st_size + 1, 0) : -1;
        }
        close(fd);
        if (n < 0 || n != status.st_size) {
                free(text);
                return refuse(finding, -EPERM, path, "is not a small file that root alone can write");
        }
        *ret_text = text;
        *ret_size = (size_t)n;
        return 0;
}

static uint64_t birth_usec(const char *full) {
        struct statx status;

        return statx(AT_FDCWD, full, AT_SYMLINK_NOFOLLOW, STATX_BTIME, &status) == 0 &&
                        (status.stx_mask & STATX_BTIME) && status.stx_btime.tv_sec > 0
                ? (uint64_t)status.stx_btime.tv_sec * 1000000 + status.stx_btime.tv_nsec / 1000
                : 0;
}

static int add_log(
        struct logs_list *list, const char *full, const char *path, const struct logs_rotate_how *how) {
        struct logs_rotate_log *log;
        struct stat status;

        if (lstat(full, &status) < 0 || !S_ISREG(status.st_mode) || strlen(path) >= sizeof(log->path))
                return 0;
        if (list->n == LOGS_ROTATE_LOGS_MAX)
                return -E2BIG;
        if (list->n == list->allocated) {
                size_t allocated = list->allocated ? 2 * list->allocated : 16;
                struct logs_rotate_log *more = realloc(list->items, allocated * sizeof(*more));

                if (!more)
                        return -ENOMEM;
                list->items = more;
                list->allocated = allocated;
        }
        log = &list->items[list->n++];
        *log = (struct logs_rotate_log){.how = *how, .status = status, .birth_usec = birth_usec(full)};
        snprintf(log->path, sizeof(log->path), "%s", path);
        return 0;
}

static int add_pattern(
        const char *root, const char *pattern, const struct logs_rotate_how *how, struct logs_list *list) {
        char full[LOGS_PATH_MAX + 128];
        glob_t names;
        int r = 0;

        if (snprintf(full, sizeof(full), "%s%s", root, pattern) >= (int)sizeof(full))
                return -ENAMETOOLONG;
        if (glob(full, GLOB_NOSORT, NULL, &names) == 0)
                for (size_t i = 0; r == 0 && i < names.gl_pathc; i++)
                        r = add_log(list, names.gl_pathv[i], names.gl_pathv[i] + strlen(root), how);
        globfree(&names);
        return r;
}

static int add_stanza(const char *root, const struct logs_rotate_item *item, struct logs_list *list) {
        const char *text = item->text;
        size_t length = item->length;
        char pattern[LOGS_PATH_MAX];
        int r;

        while ((r = logs_rotate_conf_name(&text, &length, pattern)) > 0) {
                r = add_pattern(root, pattern, &item->how, list);
                if (r < 0)
                        return r;
        }
        return r;
}

static int compare_path(const void *a, const void *b) {
        const struct logs_rotate_log *left = a, *right = b;

        return strcmp(left->path, right->path);
}

static bool is_below(const char *const *directories, const char *path) {
        for (; *directories; directories++) {
                size_t length = strlen(*directories);

                while (length > 0 && (*directories)[length - 1] == '/')
                        length--;
                if (strncmp(path, *directories, length) == 0 && path[length] == '/')
                        return true;
        }
        return false;
}

static bool is_under_pressure(const struct sg_action *action, const char *path) {
        enum sg_pressure pressure = action->host->pressure(action, path);

        return pressure == SG_PRESSURE_HIGH || pressure == SG_PRESSURE_CRITICAL;
}

/* The one that is looked for, or the largest so far where room is wanted; `n`: there is none. */
static size_t choose(struct finding *finding, const struct logs_list *list) {
        const char *const *directories = finding->action->options[LOGS_OPTION_DIRECTORIES].list;
        size_t chosen = list->n;

        for (size_t i = 0; i < list->n; i++) {
                const struct logs_rotate_log *log = &list->items[i];
                uint64_t bytes = (uint64_t)log->status.st_blocks * 512;

                if (!is_below(directories, log->path))
                        continue;
                if (finding->path ? strcmp(log->path, finding->path) == 0
                                  : bytes > finding->most_bytes &&
                                        is_under_pressure(finding->action, log->path)) {
                        finding->most_bytes = bytes;
                        chosen = i;
                }
        }
        return chosen;
}

/* Takes `list`. */
static void offer(struct finding *finding, struct logs_list *list, const char *source, size_t main_include) {
        struct logs_rotate_found *found = finding->found;
        size_t chosen;

        if (list->n > 1)
                qsort(list->items, list->n, sizeof(*list->items), compare_path);
        chosen = choose(finding, list);
        if (chosen == list->n || (finding->path && found->logs)) {
                free(list->items);
                return;
        }
        free(found->logs);
        found->logs = list->items;
        found->n_logs = list->n;
        found->chosen = chosen;
        snprintf(found->source, sizeof(found->source), "%s", source);
        finding->main_include = main_include;
        finding->behind_changes = finding->defaults_changed;
}

static const char *problem_of(int r) {
        return r == -E2BIG ? "names too many logs" : "is a configuration that is not understood here";
}

static int read_included(struct finding *finding, const char *path, const struct logs_rotate_how *defaults,
        size_t main_include) {
        struct logs_rotate_conf conf = {.defaults = *defaults};
        struct logs_list list = {.n = 0};
        struct logs_rotate_item item;
        bool changes = false;
        char *text = NULL;
        int r;

        if (++finding->n_files > FILES_MAX)
                return refuse(finding, -E2BIG, path, "is one of too many files");
        r = read_file(finding, path, &text, &conf.size);
        if (r < 0)
                return r;
        conf.text = text;
        while ((r = logs_rotate_conf_next(&conf, &item)) == 0 && item.type != LOGS_ROTATE_END) {
                changes |= item.type == LOGS_ROTATE_DEFAULT;
                if (item.type == LOGS_ROTATE_STANZA)
                        r = add_stanza(finding->action->host->root, &item, &list);
                else if (item.type == LOGS_ROTATE_INCLUDE)
                        r = -EINVAL;
                if (r < 0)
                        break;
        }
        free(text);
        if (r < 0) {
                free(list.items);
                return refuse(finding, r, path, problem_of(r));
        }
        offer(finding, &list, path, main_include);
        finding->defaults_changed |= changes;
        return 0;
}

static int compare_names(const struct dirent **a, const struct dirent **b) {
        return strcmp((*a)->d_name, (*b)->d_name);
}

static int is_wanted(const struct dirent *entry) {
        return !logs_rotate_conf_is_taboo(entry->d_name);
}

static int read_directory(struct finding *finding, const char *directory, const char *full,
        const struct logs_rotate_how *defaults, size_t main_include) {
        struct dirent **entries;
        int n = scandir(full, &entries, is_wanted, compare_names), r = 0;

        if (n < 0)
                return refuse(finding, -errno, directory, "cannot be read");
        for (int i = 0; i < n; i++) {
                char path[LOGS_PATH_MAX], file[LOGS_PATH_MAX];
                struct stat status;

                snprintf(path, sizeof(path), "%.700s/%s", directory, entries[i]->d_name);
                snprintf(file, sizeof(file), "%.700s/%s", full, entries[i]->d_name);
                if (r == 0 && stat(file, &status) == 0 && S_ISREG(status.st_mode))
                        r = read_included(finding, path, defaults, main_include);
                free(entries[i]);
        }
        free(entries);
        return r;
}

static int read_include(struct finding *finding, const struct logs_rotate_item *item) {
        char path[LOGS_PATH_MAX], full[LOGS_PATH_MAX + 128];
        struct stat status;

        if (item->length == 0 || item->length > 600 || item->text[0] != '/')
                return refuse(finding, -EINVAL, MAIN_FILE, "includes something that is not understood here");
        snprintf(path, sizeof(path), "%.*s", (int)item->length, item->text);
        snprintf(full, sizeof(full), "%.100s%s", finding->action->host->root, path);
        if (stat(full, &status) < 0)
                return refuse(finding, -errno, path, "is included and cannot be read");
        return S_ISDIR(status.st_mode) ? read_directory(finding, path, full, &item->how, item->begin)
                                       : read_included(finding, path, &item->how, item->begin);
}

/* The main file, but of its includes only the one of the found file, and of its stanzas none beside that. */
static int write_conf(struct finding *finding, const char *text, size_t size) {
        struct logs_rotate_conf conf = {.text = text, .size = size};
        struct logs_rotate_found *found = finding->found;
        struct logs_rotate_item item;
        FILE *stream = open_memstream(&found->conf, &found->conf_size);
        int r;

        if (!stream)
                return -ENOMEM;
        while ((r = logs_rotate_conf_next(&conf, &item)) == 0 && item.type != LOGS_ROTATE_END) {
                bool main_file = finding->main_include == SIZE_MAX;

                if (item.type == LOGS_ROTATE_DEFAULT || (item.type == LOGS_ROTATE_STANZA && main_file))
                        fprintf(stream, "%.*s\n", (int)(item.end - item.begin), text + item.begin);
                else if (item.type == LOGS_ROTATE_INCLUDE && item.begin == finding->main_include)
                        fprintf(stream, "include %s\n", found->source);
        }
        return fclose(stream) == 0 ? r : -ENOMEM;
}

static int find(struct finding *finding, const char *text, size_t size) {
        struct logs_rotate_conf conf = {.text = text, .size = size};
        struct logs_list list = {.n = 0};
        struct logs_rotate_item item;
        int r;

        while ((r = logs_rotate_conf_next(&conf, &item)) == 0 && item.type != LOGS_ROTATE_END) {
                if (item.type == LOGS_ROTATE_INCLUDE)
                        r = read_include(finding, &item);
                else if (item.type == LOGS_ROTATE_STANZA)
                        r = add_stanza(finding->action->host->root, &item, &list);
                if (r < 0)
                        break;
        }
        if (r < 0) {
                free(list.items);
                return finding->why[0] ? r : refuse(finding, r, MAIN_FILE, problem_of(r));
        }
        offer(finding, &list, MAIN_FILE, SIZE_MAX);
        if (!finding->found->logs)
                return finding->path
                        ? refuse(finding, -ESRCH, finding->path,
                                  "is not named by the configuration of logrotate")
                        : refuse(finding, -ESRCH, "no file system above the level of disk-space-high",
                                  "has a log that the configuration of logrotate names");
        if (finding->behind_changes)
                return refuse(finding, -EINVAL, finding->found->source,
                        "is read after an included file that changes the defaults");
        return write_conf(finding, text, size);
}

int logs_rotate_find(const struct sg_action *action, const char *path, struct logs_rotate_found *ret_found,
        char *why, size_t size) {
        struct finding finding = {.action = action,
                .path = path && *path ? path : NULL,
                .why = why,
                .why_size = size,
                .found = ret_found};
        size_t text_size = 0;
        char *text = NULL;
        int r;

        *ret_found = (struct logs_rotate_found){.conf = NULL};
        why[0] = '\0';
        r = read_file(&finding, MAIN_FILE, &text, &text_size);
        if (r < 0)
                return r;
        r = find(&finding, text, text_size);
        free(text);
        if (r < 0)
                logs_rotate_found_deinit(ret_found);
        return r;
}

void logs_rotate_found_deinit(struct logs_rotate_found *found) {
        free(found->conf);
        free(found->logs);
        *found = (struct logs_rotate_found){.conf = NULL};
}
