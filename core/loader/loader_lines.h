/* SPDX-License-Identifier: MIT */
/* loader_lines - on which line of a Lua file a key of its table is written */
#ifndef LOADER_LOADER_LINES_H
#define LOADER_LOADER_LINES_H

#include <stdbool.h>
#include <stddef.h>

struct loader_line {
        char *path; /* "playbooks.x.budget" */
        unsigned line;
};

struct loader_lines {
        struct loader_line *items;
        size_t n, allocated;
        bool blank; /* nothing but comments and space */
};

int loader_lines_init(struct loader_lines *lines, const char *text, size_t size);
void loader_lines_deinit(struct loader_lines *lines);
/* Of the key, else of the table it is in, else 1. */
unsigned loader_lines_find(const struct loader_lines *lines, const char *path);

#endif
