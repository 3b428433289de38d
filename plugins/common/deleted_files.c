/* SPDX-License-Identifier: MIT */
/*
 * deleted_files - files that were deleted while somebody had them open, and who that is
 *
 * Runs in children of the executor, as root with CAP_SYS_PTRACE.  Gathers by inode what open_files.c finds by
 * descriptor.  Such a file takes its space until the last of those who hold it lets go, and no ls or du shows it.
 * Size and inode are the kernel's; the path is what the holder makes of it, and is for people.
 *
 * Owns the list.  Fails when /proc cannot be read at all, or memory is short.  Limits: the FILES_MAX largest files
 * and DELETED_HOLDERS_MAX holders of each, those who write before those who read, so that nobody hides one behind
 * many; those of open_files.c.
 */
#include "common/deleted_files.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILES_MAX 1024

struct gathering {
        const struct deleted_files_query *query;
        struct deleted_files *files;
        size_t allocated;
};

/* The end of a path tells files apart, and is kept. */
static void write_path(const char *path, char text[static DELETED_PATH_MAX]) {
        size_t length = strlen(path), skipped = 0, used = 0;

        if (length >= DELETED_PATH_MAX) {
                skipped = length - (DELETED_PATH_MAX - 1 - strlen("..."));
                used = strlen(strcpy(text, "..."));
        }
        for (path += skipped; *path; path++)
                text[used++] = (char)(isgraph((unsigned char)*path) ? *path : '?');
        text[used] = '\0';
}

static struct deleted_file *find_file(struct deleted_files *files, const struct open_files_id *id) {
        for (size_t i = 0; i < files->n; i++)
                if (files->files[i].id.inode == id->inode && files->files[i].id.device == id->device)
                        return &files->files[i];
        return NULL;
}

static struct deleted_file *find_smallest(struct deleted_files *files) {
        struct deleted_file *smallest = &files->files[0];

        for (size_t i = 1; i < files->n; i++)
                if (files->files[i].held_bytes < smallest->held_bytes)
                        smallest = &files->files[i];
        return smallest;
}

/* Room for one more; NULL in `ret_file`: there is none for one so small. */
static int make_room(struct gathering *gathering, uint64_t bytes, struct deleted_file **ret_file) {
        struct deleted_files *files = gathering->files;
        struct deleted_file *more;
        size_t allocated;

        *ret_file = NULL;
        if (files->n == FILES_MAX) {
                files->cut = true;
                more = find_smallest(files);
                if (more->held_bytes >= bytes)
                        return 0;
                files->held_bytes -= more->held_bytes;
                *ret_file = more;
                return 0;
        }
        if (files->n == gathering->allocated) {
                allocated = gathering->allocated ? 2 * gathering->allocated : 16;
                more = realloc(files->files, allocated * sizeof(*more));
                if (!more)
                        return -ENOMEM;
                files->files = more;
                gathering->allocated = allocated;
        }
        *ret_file = &files->files[files->n++];
        return 0;
}

static int add_file(
        struct gathering *gathering, const struct open_file *open, struct deleted_file **ret_file) {
        int r = make_room(gathering, open->held_bytes, ret_file);

        if (r < 0 || !*ret_file)
                return r;
        **ret_file = (struct deleted_file){.id = open->id, .held_bytes = open->held_bytes};
        gathering->files->held_bytes += open->held_bytes;
        write_path(open->path, (*ret_file)->path);
        return 0;
}

static struct deleted_holder *find_holder(struct deleted_file *file, pid_t pid) {
        for (size_t i = 0; i < file->n_holders; i++)
                if (file->holders[i].pid == pid)
                        return &file->holders[i];
        return NULL;
}

/* A place among those that are named; NULL: there is none left. */
static struct deleted_holder *find_place(struct deleted_file *file, bool writes) {
        if (file->n_holders < DELETED_HOLDERS_MAX)
                return &file->holders[file->n_holders++];
        for (size_t i = 0; writes && i < file->n_holders; i++)
                if (!file->holders[i].writes)
                        return &file->holders[i];
        return NULL;
}

static void add_holder(const char *root, struct deleted_file *file, const struct open_file *open) {
        struct deleted_holder *holder = find_holder(file, open->pid);
        struct open_files_owner owner;

        if (holder) {
                holder->writes |= open_files_writes(open);
                return;
        }
        if (!open_files_owner(root, open->pid, &owner))
                return;
        /* The descriptors of one process come one after the other. */
        file->n_processes += file->latest != open->pid;
        file->latest = open->pid;
        holder = find_place(file, open_files_writes(open));
        if (holder)
                *holder = (struct deleted_holder){
                        .pid = open->pid, .writes = open_files_writes(open), .owner = owner};
}

static int on_file(const struct open_file *open, void *data) {
        struct gathering *gathering = data;
        struct deleted_file *file;
        int r;

        if (open->held_bytes == 0 || open->held_bytes < gathering->query->min_bytes)
                return 0;
        file = find_file(gathering->files, &open->id);
        if (!file) {
                r = add_file(gathering, open, &file);
                if (r < 0 || !file)
                        return r;
        }
        add_holder(gathering->query->root, file, open);
        return 0;
}

static bool wants(const char *path, void *data) {
        const struct deleted_files_query *query = ((const struct gathering *)data)->query;

        return !query->wants || query->wants(path, query->data);
}

static int compare(const void *a, const void *b) {
        const struct deleted_file *left = a, *right = b;

        if (left->held_bytes != right->held_bytes)
                return left->held_bytes > right->held_bytes ? -1 : 1;
        return strcmp(left->path, right->path);
}

int deleted_files_find(const struct deleted_files_query *query, struct deleted_files *ret_files) {
        const struct open_files_filter filter = {.root = query->root,
                .deleted = true,
                .devices = query->devices,
                .n_devices = query->n_devices,
                .wants = wants};
        struct gathering gathering = {.query = query, .files = ret_files};
        struct open_files_seen seen;
        int r;

        *ret_files = (struct deleted_files){0};
        r = open_files_walk(&filter, on_file, &gathering, &seen);
        ret_files->hidden = seen.hidden;
        if (ret_files->n > 0)
                qsort(ret_files->files, ret_files->n, sizeof(*ret_files->files), compare);
        return r;
}

void deleted_files_deinit(struct deleted_files *files) {
        free(files->files);
        *files = (struct deleted_files){0};
}

const char *deleted_files_size(uint64_t bytes, char text[static DELETED_SIZE_MAX]) {
        static const char units[] = "KMGT";
        double size = (double)bytes / 1024;
        size_t i = 0;

        while (size >= 1023.95 && units[i + 1]) {
                size /= 1024;
                i++;
        }
        snprintf(text, DELETED_SIZE_MAX, "%.1f %ciB", size, units[i]);
        return text;
}

const char *deleted_files_say(const struct deleted_file *file, char *text, size_t size) {
        const struct deleted_holder *holder = file->n_holders > 0 ? &file->holders[0] : NULL;
        char bytes[DELETED_SIZE_MAX], more[32] = "";

        deleted_files_size(file->held_bytes, bytes);
        if (file->n_processes > 1)
                snprintf(more, sizeof(more), " and %zu more", file->n_processes - 1);
        if (!holder)
                snprintf(text, size, "%s %s", bytes, file->path);
        else
                snprintf(text, size, "%s %s by %s (%s%spid %d)%s", bytes, file->path, holder->owner.comm,
                        holder->owner.unit, holder->owner.unit[0] ? ", " : "", (int)holder->pid, more);
        return text;
}
