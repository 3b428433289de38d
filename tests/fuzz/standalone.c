/* SPDX-License-Identifier: MIT */
/*
 * standalone - replay a corpus without libFuzzer
 *
 * Linked to a driver instead of libFuzzer and run by every test run: an input that once broke something stays
 * fixed, with any compiler.  Each file named on the command line is given to the driver once, in a block of
 * exactly its size, so that a sanitizer sees one byte too far.
 *
 * Fails: exit 1 for a file that cannot be read, and for no files at all, because a test of nothing must not be
 * green; the driver itself aborts.
 * Limits: files up to 16 MiB.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "fuzz.h"

#define INPUT_MAX (16u << 20)

static int replay(const char *path) {
        _cleanup_fclose_ FILE *file = fopen(path, "rb");
        _cleanup_free_ uint8_t *input = NULL;
        _cleanup_free_ uint8_t *exact = NULL;
        size_t size;

        if (!file)
                return -errno;
        input = malloc(INPUT_MAX);
        if (!input)
                return -ENOMEM;
        size = fread(input, 1, INPUT_MAX, file);
        if (ferror(file))
                return -EIO;
        exact = malloc(size ? size : 1);
        if (!exact)
                return -ENOMEM;
        memcpy(exact, input, size);
        LLVMFuzzerTestOneInput(exact, size);
        return 0;
}

int main(int argc, char *argv[]) {
        if (argc < 2) {
                fprintf(stderr, "usage: %s FILE...\n", argv[0]);
                return 1;
        }
        for (int i = 1; i < argc; i++) {
                int r = replay(argv[i]);

                if (r < 0) {
                        fprintf(stderr, "%s: %s\n", argv[i], strerror(-r));
                        return 1;
                }
        }
        printf("%d inputs replayed\n", argc - 1);
        return 0;
}
