/* SPDX-License-Identifier: MIT */
/* fuzz_selection - any bytes, sealed and read as a selection: all of it is true, or none of it is taken */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"
#include "postfix/selection.h"

static void insist(bool holds) {
        if (!holds)
                abort();
}

/* What was read, written again, is the same bytes. */
static void check(const struct selection *selection, const uint8_t *data, size_t size) {
        struct selection_writer writer;
        int fd = memfd_create("again", MFD_CLOEXEC);
        uint8_t *again = malloc(size);

        insist(fd >= 0 && again && selection->n > 0 && selection->n <= SELECTION_MAX);
        selection_writer_init(&writer, fd);
        for (size_t i = 0; i < selection->n; i++) {
                const struct selection_entry *entry = &selection->entries[i];

                insist(strnlen(entry->id, sizeof(entry->id)) < sizeof(entry->id) &&
                        queue_id_is_legal(entry->id));
                selection_add(&writer, entry->id, entry->inode);
        }
        insist(selection_finish(&writer) == (ssize_t)selection->n);
        insist(pread(fd, again, size, 0) == (ssize_t)size && lseek(fd, 0, SEEK_END) == (off_t)size);
        /* Behind the end of an ID may be anything, and nobody looks there. */
        for (size_t i = 0; i < size; i++)
                insist(again[i] == data[i] || again[i] == '\0');
        free(again);
        close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        static const int seals[] = {F_SEAL_WRITE | F_SEAL_SHRINK, F_SEAL_WRITE, F_SEAL_SHRINK, 0};
        int fd = memfd_create("selection", MFD_CLOEXEC | MFD_ALLOW_SEALING);

        insist(fd >= 0 && write(fd, data, size) == (ssize_t)size);
        for (size_t i = sizeof(seals) / sizeof(seals[0]); i-- > 0;) {
                struct selection selection;
                int copy = i == 0 ? fd : memfd_create("copy", MFD_CLOEXEC | MFD_ALLOW_SEALING);

                insist(copy >= 0 && (copy == fd || write(copy, data, size) == (ssize_t)size));
                insist(fcntl(copy, F_ADD_SEALS, seals[i]) == 0);
                int r = selection_open(copy, &selection);

                insist(r <= 0 && (i == 0 || r < 0));
                if (r == 0) {
                        check(&selection, data, size);
                        selection_close(&selection);
                }
                close(copy);
        }
        return 0;
}
