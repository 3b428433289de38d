/* SPDX-License-Identifier: MIT */
/*
 * logs_writers - who still writes to a log that was rotated away
 *
 * Runs in children of the executor, as root with CAP_SYS_PTRACE.  A daemon that was not yet told to reopen its
 * log writes on to the renamed file; its lines would be lost with the inode.  What open_files.c finds among the
 * descriptors of all processes is compared by device and inode, whatever the path is that it was opened by.
 *
 * Owns nothing.  Fails when /proc cannot be read at all, and then nothing may be touched.  Limits: a process
 * that ends or hides meanwhile is passed over, and so is one that maps a log without having it open.
 */
#include <errno.h>
#include <stdlib.h>

#include "common/open_files.h"
#include "logs/logs.h"

struct search {
        struct logs_file *files;
        size_t n;
};

static int on_file(const struct open_file *file, void *data) {
        const struct search *search = data;

        /* All names of one inode. */
        for (size_t i = 0; open_files_writes(file) && i < search->n; i++)
                if (search->files[i].status.st_ino == file->id.inode &&
                        search->files[i].status.st_dev == file->id.device)
                        search->files[i].written = true;
        return 0;
}

int logs_writers_mark(const char *root, struct logs_file files[], size_t n) {
        struct search search = {.files = files, .n = n};
        struct open_files_id *ids;
        int r;

        if (n == 0)
                return 0;
        ids = calloc(n, sizeof(*ids));
        if (!ids)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++) {
                files[i].written = false;
                ids[i] = (struct open_files_id){
                        .device = files[i].status.st_dev, .inode = files[i].status.st_ino};
        }
        r = open_files_walk(
                &(struct open_files_filter){.root = root, .ids = ids, .n_ids = n}, on_file, &search, NULL);
        free(ids);
        return r;
}
