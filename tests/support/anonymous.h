/* SPDX-License-Identifier: MIT */
/* anonymous - memory of this process that no file stands behind, as the kernel counts it: malloc() and mmap() alike */
#ifndef SUPPORT_ANONYMOUS_H
#define SUPPORT_ANONYMOUS_H

#include <stdio.h>
#include <stdlib.h>

static inline size_t anonymous_bytes(void) {
        FILE *file = fopen("/proc/self/smaps_rollup", "re");
        size_t kilobytes = 0;
        char line[128];

        if (!file)
                abort();
        while (kilobytes == 0 && fgets(line, sizeof(line), file))
                sscanf(line, "Anonymous: %zu kB", &kilobytes);
        fclose(file);
        return 1024 * kilobytes;
}

#endif
