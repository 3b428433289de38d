/* SPDX-License-Identifier: MIT */
/* fuzz_lines - any bytes, read as a Lua source: every line that is found is one of the source */
#include <stdlib.h>

#include "fuzz.h"
#include "loader/loader_lines.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        struct loader_lines lines;
        unsigned last = 1;

        for (size_t i = 0; i < size; i++)
                last += data[i] == '\n';
        if (loader_lines_init(&lines, (const char *)data, size) < 0)
                abort();
        for (size_t i = 0; i < lines.n; i++)
                if (lines.items[i].line < 1 || lines.items[i].line > last)
                        abort();
        loader_lines_deinit(&lines);
        return 0;
}
