/* SPDX-License-Identifier: MIT */
/*
 * loader_file - bounded reading of the site's files
 *
 * Runs in the loader.  Reads whole regular files and lists *.lua of a directory in byte order, the order in
 * which conf.d is merged.  A FIFO or device in place of a file is refused instead of waited for; symbolic
 * links are followed, because a site may well keep its configuration elsewhere.
 *
 * Owns nothing; the caller frees what it gets.  Fails with -EINVAL and a problem that names the path, also for
 * a file that exists but may not be read: to run without a file that was meant to be read would be worse.
 * Limits: the caller's size limit; files that change while they are read are read as they come.
 */
#include "loader/loader_file.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"

static int refuse(const char *path, struct problem *problem) {
        return problem_set(problem, "%s:1: cannot be read: %s", path, strerror(errno));
}

int loader_file_read(
        const char *path, size_t max, char **ret_text, size_t *ret_size, struct problem *problem) {
        _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
        _cleanup_free_ char *text = NULL;
        struct stat status;
        size_t used = 0;

        if (fd < 0)
                return errno == ENOENT ? LOADER_FILE_E_NONE : refuse(path, problem);
        if (fstat(fd, &status) < 0)
                return refuse(path, problem);
        if (!S_ISREG(status.st_mode))
                return problem_set(problem, "%s:1: is not a regular file", path);
        text = malloc(max + 2);
        if (!text)
                return -ENOMEM;
        while (used <= max) {
                ssize_t n = read(fd, text + used, max + 1 - used);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return refuse(path, problem);
                if (n == 0)
                        break;
                used += (size_t)n;
        }
        if (used > max)
                return problem_set(problem, "%s:1: is larger than %zu bytes", path, max);
        if (memchr(text, '\0', used))
                return problem_set(problem, "%s:1: is not text: it has a NUL byte", path);
        text[used] = '\0';
        *ret_text = take(text);
        *ret_size = used;
        return 0;
}

static int is_lua(const struct dirent *entry) {
        const char *dot = strrchr(entry->d_name, '.');

        return entry->d_name[0] != '.' && dot && strcmp(dot, ".lua") == 0;
}

static int compare_bytes(const struct dirent **a, const struct dirent **b) {
        return strcmp((*a)->d_name, (*b)->d_name);
}

int loader_file_list(const char *directory, char ***ret_names, size_t *ret_n, struct problem *problem) {
        struct dirent **entries;
        char **names;
        int n, r = 0;

        n = scandir(directory, &entries, is_lua, compare_bytes);
        if (n < 0 && errno != ENOENT)
                return refuse(directory, problem);
        if (n < 0) {
                *ret_names = NULL;
                *ret_n = 0;
                return 0;
        }
        names = calloc((size_t)n + 1, sizeof(*names));
        for (int i = 0; i < n; i++) {
                if (names)
                        names[i] = strdup(entries[i]->d_name);
                if (!names || !names[i])
                        r = -ENOMEM;
                free(entries[i]);
        }
        free(entries);
        if (r < 0 || !names) {
                loader_file_list_free(names, (size_t)n);
                return -ENOMEM;
        }
        *ret_names = names;
        *ret_n = (size_t)n;
        return 0;
}

char **loader_file_list_free(char **names, size_t n) {
        for (size_t i = 0; names && i < n; i++)
                free(names[i]);
        free(names);
        return NULL;
}
