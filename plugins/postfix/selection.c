/* SPDX-License-Identifier: MIT */
/*
 * selection - which messages a verb shall act on: from the selector in the watcher to the verb, in a memfd
 *
 * The writer runs in the watcher, below the sensor "queue": it fills an empty memfd from its start, and the host
 * seals that.  The reader runs in a child of the executor, as root, and believes nothing: it maps only a file
 * that can neither shrink nor change any more, whose size is exactly that of the entries it announces, and in
 * which every entry is a legal name.
 *
 * Owns: the mapping between selection_open() and selection_close(); the file descriptors are the caller's.
 * Fails: the writer remembers the first error until selection_finish(); the reader refuses the whole selection.
 * Limits: SELECTION_MAX messages; a legal name that Postfix itself would not make may be too long for an entry,
 * and such a message is not selected.
 */
#include "postfix/selection.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/write_all.h"

#define MAGIC UINT64_C(0x316c65732d67730a) /* raised with every change of the format */
#define SEALS (F_SEAL_WRITE | F_SEAL_SHRINK)

struct header {
        uint64_t magic;
        uint64_t n;
};

void selection_writer_init(struct selection_writer *writer, int fd) {
        *writer = (struct selection_writer){.fd = fd};
        /* Room for the header, which can be filled only at the end; an unfinished one is no selection. */
        writer->error = write_all(fd, &(struct header){.magic = 0}, sizeof(struct header));
}

static void flush(struct selection_writer *writer) {
        if (writer->error == 0 && writer->buffered > 0)
                writer->error =
                        write_all(writer->fd, writer->buffer, writer->buffered * sizeof(writer->buffer[0]));
        writer->buffered = 0;
}

void selection_add(struct selection_writer *writer, const char *id, uint64_t inode) {
        struct selection_entry *entry;
        size_t length = strnlen(id, QUEUE_ID_MAX);

        if (length >= QUEUE_ID_MAX || !queue_id_is_legal(id))
                return;
        if (writer->n >= SELECTION_MAX) {
                writer->error = writer->error ? writer->error : -E2BIG;
                return;
        }
        entry = &writer->buffer[writer->buffered++];
        *entry = (struct selection_entry){.inode = inode};
        memcpy(entry->id, id, length);
        writer->n++;
        if (writer->buffered == sizeof(writer->buffer) / sizeof(writer->buffer[0]))
                flush(writer);
}

ssize_t selection_finish(struct selection_writer *writer) {
        struct header header = {.magic = MAGIC, .n = writer->n};

        flush(writer);
        if (writer->error == 0 && pwrite(writer->fd, &header, sizeof(header), 0) != (ssize_t)sizeof(header))
                writer->error = errno ? -errno : -EIO;
        return writer->error ? writer->error : (ssize_t)writer->n;
}

static bool entry_is_good(const struct selection_entry *entry) {
        return memchr(entry->id, '\0', sizeof(entry->id)) && queue_id_is_legal(entry->id);
}

static bool entries_are_good(const struct selection *selection) {
        for (size_t i = 0; i < selection->n; i++)
                if (!entry_is_good(&selection->entries[i]))
                        return false;
        return true;
}

int selection_open(int fd, struct selection *ret_selection) {
        struct selection selection = {.n = 0};
        const struct header *header;
        struct stat status;
        int seals;

        /* Without the seals the file could be cut below our feet, which is SIGBUS, or changed behind our back. */
        seals = fcntl(fd, F_GET_SEALS);
        if (seals < 0 || (seals & SEALS) != SEALS)
                return -EBADMSG;
        if (fstat(fd, &status) < 0)
                return -errno;
        if (status.st_size < (off_t)sizeof(*header) ||
                (uint64_t)status.st_size > sizeof(*header) + SELECTION_MAX * sizeof(selection.entries[0]))
                return -EBADMSG;
        selection.made = status.st_mtim;
        selection.map_size = (size_t)status.st_size;
        selection.map = mmap(NULL, selection.map_size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (selection.map == MAP_FAILED)
                return -errno;
        header = selection.map;
        selection.entries = (const struct selection_entry *)(header + 1);
        selection.n = (selection.map_size - sizeof(*header)) / sizeof(selection.entries[0]);
        if (header->magic != MAGIC || header->n != selection.n ||
                selection.map_size != sizeof(*header) + selection.n * sizeof(selection.entries[0]) ||
                !entries_are_good(&selection)) {
                selection_close(&selection);
                return -EBADMSG;
        }
        if (selection.n == 0) {
                selection_close(&selection);
                return -ENODATA;
        }
        *ret_selection = selection;
        return 0;
}

void selection_close(struct selection *selection) {
        if (selection->map)
                munmap(selection->map, selection->map_size);
        *selection = (struct selection){.n = 0};
}
