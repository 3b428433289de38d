/* SPDX-License-Identifier: MIT */
/*
 * logs_trim_range - take a range out of the middle of a live log, in place
 *
 * Runs in children of the executor, as root.  FALLOC_FL_COLLAPSE_RANGE takes the blocks out and moves the rest up,
 * which costs metadata only and no space (measured: also with 45,000 extents and not one block free), and who appends
 * goes on at the new end.  Where that cannot be (btrfs, tmpfs, or a writer that keeps an offset of its own)
 * FALLOC_FL_PUNCH_HOLE leaves zeros that need no space.
 *
 * Whether a file system can collapse is tried on a file without a name.  On a full xfs there is no room for one
 * (measured); then the log itself is asked about a range far behind its end: EINVAL is that of one who could,
 * EOPNOTSUPP that of one who cannot, and nothing is changed by either.
 *
 * The marker is written over what is left of the torn lines, which needs no room on ext4 and xfs.  It comes before the
 * collapse, for two halves of two lines that stand side by side would be a line that nobody wrote; if we end between
 * the two, the marker says too much and nothing is lost but those two lines.  On a full btrfs there is no room for it
 * but the one that a punch makes, so there it comes behind.
 *
 * Owns the bytes of the seams.  Fails with the errno value of the last way that was tried.  Limits: btrfs gives back
 * an extent of up to 128 MiB only as a whole (measured: 128 of 205 MiB of a log that was written at once).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "logs/logs_trim.h"

#define FAR_BEHIND (UINT64_C(1) << 30)

struct seam {
        size_t n_before, n_after;
        char before[LOGS_CUT_SEAM_MAX], after[LOGS_CUT_SEAM_MAX]; /* as they are */
        char marked_before[LOGS_CUT_SEAM_MAX], marked_after[LOGS_CUT_SEAM_MAX];
};

static bool read_seam(int fd, const struct logs_cut *cut, struct seam *seam) {
        seam->n_before = cut->cut_begin - cut->text_begin;
        seam->n_after = cut->text_end - cut->cut_end;
        return pread(fd, seam->before, seam->n_before, (off_t)cut->text_begin) == (ssize_t)seam->n_before &&
                pread(fd, seam->after, seam->n_after, (off_t)cut->cut_end) == (ssize_t)seam->n_after;
}

const char *logs_trim_range_refuse(int fd, const struct logs_cut *cut) {
        struct seam *seam = malloc(sizeof(*seam));
        const char *why = "it cannot be read";
        char end_of_line = '\0';

        if (seam && read_seam(fd, cut, seam) && pread(fd, &end_of_line, 1, (off_t)cut->text_begin - 1) == 1) {
                if (!logs_cut_is_text(seam->before, seam->n_before) ||
                        !logs_cut_is_text(seam->after, seam->n_after))
                        why = "it is not a log of lines of text";
                else if (end_of_line != '\n' || seam->after[seam->n_after - 1] != '\n')
                        why = "no line ends where it would be cut";
                else
                        why = NULL;
        }
        free(seam);
        return why;
}

static int change(int fd, int mode, uint64_t begin, uint64_t length) {
        int r;

        do
                r = fallocate(fd, mode, (off_t)begin, (off_t)length);
        while (r < 0 && errno == EINTR);
        return r < 0 ? -errno : 0;
}

bool logs_trim_range_can_collapse(int directory, int fd) {
        int scratch = openat(directory, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
        struct stat status;
        bool can = false;

        if (scratch >= 0 && ftruncate(scratch, 3 * (off_t)LOGS_CUT_ALIGN) == 0)
                can = change(scratch, FALLOC_FL_COLLAPSE_RANGE, LOGS_CUT_ALIGN, LOGS_CUT_ALIGN) == 0;
        else if (fstat(fd, &status) == 0)
                can = change(fd, FALLOC_FL_COLLAPSE_RANGE,
                              ((uint64_t)status.st_size / LOGS_CUT_ALIGN) * LOGS_CUT_ALIGN + FAR_BEHIND,
                              LOGS_CUT_ALIGN) == -EINVAL;
        if (scratch >= 0)
                close(scratch);
        return can;
}

static int write_at(int fd, const char *bytes, size_t n, uint64_t offset) {
        while (n > 0) {
                ssize_t written = pwrite(fd, bytes, n, (off_t)offset);

                if (written < 0 && errno == EINTR)
                        continue;
                if (written <= 0)
                        return written < 0 ? -errno : -EIO;
                bytes += written;
                n -= (size_t)written;
                offset += (uint64_t)written;
        }
        return 0;
}

static int write_seam(int fd, const struct logs_cut *cut, const char *before, const char *after) {
        struct stat status;
        int r;

        /* Somebody emptied it just now (`copytruncate`): what is written behind the end makes a gap of zeros. */
        if (fstat(fd, &status) < 0 || (uint64_t)status.st_size < cut->text_end)
                return -ESTALE;
        r = write_at(fd, before, cut->cut_begin - cut->text_begin, cut->text_begin);
        return r < 0 ? r : write_at(fd, after, cut->text_end - cut->cut_end, cut->cut_end);
}

static int collapse(int fd, const struct logs_cut *cut, struct seam *seam) {
        const unsigned wait =
                SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER;
        int r;

        logs_cut_mark(cut, false, seam->marked_before, seam->marked_after);
        r = write_seam(fd, cut, seam->marked_before, seam->marked_after);
        /* The kernel writes out what it moves; after a power failure the marker is to be there, too. */
        if (r == 0)
                sync_file_range(fd, (off_t)cut->text_begin, (off_t)seam->n_before, wait);
        if (r == 0)
                r = change(fd, FALLOC_FL_COLLAPSE_RANGE, cut->cut_begin, cut->cut_end - cut->cut_begin);
        if (r < 0)
                write_seam(fd, cut, seam->before, seam->after);
        return r;
}

/* Marked before where there is room for it, so that no hole is without a word if we end here; otherwise behind it. */
static int punch(int fd, const struct logs_cut *cut, struct seam *seam, bool *ret_is_marked) {
        int r;

        logs_cut_mark(cut, true, seam->marked_before, seam->marked_after);
        r = write_seam(fd, cut, seam->marked_before, seam->marked_after);
        if (r == -ESTALE)
                return r;
        *ret_is_marked = r == 0;
        if (!*ret_is_marked)
                write_seam(fd, cut, seam->before, seam->after);
        r = change(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, cut->cut_begin,
                cut->cut_end - cut->cut_begin);
        if (r < 0) {
                write_seam(fd, cut, seam->before, seam->after);
                return r;
        }
        if (!*ret_is_marked)
                *ret_is_marked = write_seam(fd, cut, seam->marked_before, seam->marked_after) == 0;
        if (!*ret_is_marked && syncfs(fd) == 0)
                *ret_is_marked = write_seam(fd, cut, seam->marked_before, seam->marked_after) == 0;
        return 0;
}

int logs_trim_range_cut(
        int fd, const struct logs_cut *cut, bool may_collapse, struct logs_trim_result *ret_result) {
        struct seam *seam = malloc(sizeof(*seam));
        int r = -EOPNOTSUPP;

        *ret_result = (struct logs_trim_result){.has_hole = false};
        if (!seam)
                return -ENOMEM;
        if (!read_seam(fd, cut, seam)) {
                free(seam);
                return -EIO;
        }
        if (may_collapse)
                r = collapse(fd, cut, seam);
        ret_result->is_marked = r == 0;
        if (r < 0 && r != -EPERM && r != -ESTALE) {
                r = punch(fd, cut, seam, &ret_result->is_marked);
                ret_result->has_hole = r == 0;
        }
        free(seam);
        return r;
}
