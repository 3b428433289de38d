/* SPDX-License-Identifier: MIT */
/*
 * logs_reopen_find - the deleted files that were below the configured directories
 *
 * Runs in a child of the executor, as root.  A file without a name has no directory any more: all there is to go by
 * is the path that /proc still shows, held against the configured directories without links, and the file system,
 * which has to be that of the directory.  With mounts of its own, any process can give a file of that file system
 * such a path.  So nothing is done to a file or to its holder because of it; see logs_reopen_plan.c.
 *
 * Owns a descriptor for each configured directory.  Fails when /proc cannot be read, or when what was asked for lies
 * elsewhere.  Limits: LOGS_REOPEN_PLACES_MAX directories; those of deleted_files.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "logs/logs_reopen.h"

struct query {
        const struct logs_reopen_files *files;
        const char *root, *only;
};

static bool lies_below(const char *path, const char *directory) {
        size_t length = strlen(directory);

        if (length == 1)
                return path[0] == '/';
        return strncmp(path, directory, length) == 0 && (path[length] == '/' || path[length] == '\0');
}

/* As people know it: without the root in front. */
static const char *plain(const char *root, const char *path) {
        return lies_below(path, root) ? path + strlen(root) : path;
}

static bool wants(const char *path, void *data) {
        const struct query *query = data;
        bool below = false;

        for (size_t i = 0; i < query->files->n_places; i++)
                below |= lies_below(path, query->files->places[i].path);
        return below &&
                (!*query->only || lies_below(path, query->only) ||
                        lies_below(plain(query->root, path), query->only));
}

/* A directory that is not there has no logs. */
static void add_place(struct logs_reopen_files *files, const char *root, const char *configured) {
        struct logs_reopen_place *place = &files->places[files->n_places];
        char path[LOGS_PATH_MAX + 64];
        struct stat status;
        ssize_t length;
        int fd;

        snprintf(path, sizeof(path), "%s%s", root, configured);
        fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0)
                return;
        snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
        length = readlink(path, place->path, sizeof(place->path) - 1);
        if (length <= 0 || length == (ssize_t)sizeof(place->path) - 1 || fstat(fd, &status) < 0) {
                close(fd);
                return;
        }
        place->path[length] = '\0';
        place->fd = fd;
        place->device = status.st_dev;
        files->n_places++;
}

static bool is_configured(
        const char *const *directories, const struct logs_reopen_files *files, const char *only) {
        bool known = false;

        for (; *directories; directories++)
                known |= lies_below(only, *directories);
        for (size_t i = 0; i < files->n_places; i++)
                known |= lies_below(only, files->places[i].path);
        return known && !strstr(only, "/../");
}

int logs_reopen_find(const struct sg_action *action, const char *only, struct logs_reopen_files *ret_files) {
        const char *const *directories = action->options[LOGS_OPTION_DIRECTORIES].list;
        const char *root = action->host->root;
        struct query query = {.files = ret_files, .root = root, .only = only};
        dev_t devices[LOGS_REOPEN_PLACES_MAX];

        *ret_files = (struct logs_reopen_files){.n_places = 0};
        for (const char *const *path = directories; *path; path++)
                if (ret_files->n_places < LOGS_REOPEN_PLACES_MAX)
                        add_place(ret_files, root, *path);
        if (*only && !is_configured(directories, ret_files, only))
                return -EINVAL;
        for (size_t i = 0; i < ret_files->n_places; i++)
                devices[i] = ret_files->places[i].device;
        if (ret_files->n_places == 0)
                return -ENOENT;
        return deleted_files_find(&(struct deleted_files_query){.root = root,
                                          .devices = devices,
                                          .n_devices = ret_files->n_places,
                                          .wants = wants,
                                          .data = &query},
                &ret_files->deleted);
}

void logs_reopen_deinit(struct logs_reopen_files *files) {
        for (size_t i = 0; i < files->n_places; i++)
                close(files->places[i].fd);
        deleted_files_deinit(&files->deleted);
        files->n_places = 0;
}
