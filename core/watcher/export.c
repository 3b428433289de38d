/* SPDX-License-Identifier: MIT */
/*
 * export - a copy of the recorder for whoever asks over D-Bus
 *
 * Runs in: watcher.  The caller gets a sealed memory file instead of the recorder's own descriptor, so that a
 * slow or hostile reader sees one consistent state and holds nothing open.  The executor writes slots whole and
 * checksummed; one caught half written is left out.
 *
 * Limits: at most RECORD_SLOTS lines, 4 MiB; nothing is kept between calls.
 */
#include "watcher/export.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "record/record.h"

static int write_slot(const struct record *record, void *data) {
        int *fd = data;
        char slot[RECORD_SLOT_SIZE];
        int r = record_format(record->number, record->time_usec, record->fields, record->n_fields, slot);
        if (r < 0)
                return 0;
        /* The padding carries nothing. */
        size_t length = RECORD_SLOT_SIZE - 1;
        while (length > 0 && slot[length - 1] == ' ')
                length--;
        slot[length++] = '\n';
        return write(*fd, slot, length) == (ssize_t)length ? 0 : -EIO;
}

static int open_recorder(const char *directory) {
        char path[256];
        text_format(path, sizeof path, "%s/recorder", directory);
        return open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
}

int export_recorder(const char *state_dir, const char *run_dir) {
        /* Where there is a mirror it has all that the disk has, and what the disk did not take. */
        _cleanup_close_ int ring = open_recorder(run_dir);
        if (ring < 0)
                ring = open_recorder(state_dir);
        if (ring < 0)
                return -errno;
        _cleanup_close_ int copy = memfd_create("spoolguard-export", MFD_CLOEXEC | MFD_ALLOW_SEALING);
        if (copy < 0)
                return -errno;
        size_t bad;
        int r = record_read(ring, write_slot, &copy, &bad);
        if (r < 0)
                return r;
        if (lseek(copy, 0, SEEK_SET) < 0 ||
                fcntl(copy, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) < 0)
                return -errno;
        return take_fd(&copy);
}
