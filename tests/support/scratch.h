/* SPDX-License-Identifier: MIT */
/* scratch - a temporary directory with files, gone with the test */
#ifndef SUPPORT_SCRATCH_H
#define SUPPORT_SCRATCH_H

#include <stddef.h>

struct scratch {
        char path[64];
};

/* Ends the program when it cannot be made: no test can go on without. */
void scratch_init(struct scratch *scratch);
void scratch_deinit(struct scratch *scratch);
/* Writes a file below it, with the directories on the way (mode 0755). */
void scratch_write(const struct scratch *scratch, const char *name, const char *text);
/* A file of so many bytes that are really on disk. */
void scratch_fill(const struct scratch *scratch, const char *name, size_t bytes);
void scratch_mkdir(const struct scratch *scratch, const char *name);
/* Its path followed by `name`; valid until the next call but three. */
const char *scratch_path(const struct scratch *scratch, const char *name);

#endif
