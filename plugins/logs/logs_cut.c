/* SPDX-License-Identifier: MIT */
/*
 * logs_cut - which range of a live log may go, how it is handed over, and the marker that stays in its place
 *
 * Runs in the watcher, which chooses and writes it into the selection, and in the child of the executor that has to
 * cut: that one believes nothing of it.  Every number is held against the file as it is now and against what the
 * arguments say has to stay, every text has to end and to be printable.
 *
 * The range is aligned to LOGS_CUT_ALIGN whatever the block size is: on ext4 with clusters or on a real-time xfs the
 * block is not enough.  Text means no control characters but tabs and ends of lines: what has others is a table of
 * records such as wtmp, and a marker would break it.
 *
 * Owns nothing.  Pure but for read and write.  Fails with -EBADMSG for what cannot be one of ours.
 */
#include "logs/logs_cut.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/write_all.h"

#define MARKER "... spoolguard cut "

static const char magic[8] = "sg-cut1";

bool logs_cut_range(uint64_t size, uint64_t head, uint64_t tail, struct logs_cut *cut) {
        const uint64_t most = UINT64_C(1) << 60;

        if (size > most || head > most || tail > most || size < tail + LOGS_CUT_SEAM_MAX)
                return false;
        cut->cut_begin = (head + LOGS_CUT_SEAM_MAX + LOGS_CUT_ALIGN - 1) / LOGS_CUT_ALIGN * LOGS_CUT_ALIGN;
        cut->cut_end = (size - tail - LOGS_CUT_SEAM_MAX) / LOGS_CUT_ALIGN * LOGS_CUT_ALIGN;
        return cut->cut_end >= cut->cut_begin + LOGS_CUT_LEAST;
}

bool logs_cut_is_text(const char *bytes, size_t n) {
        for (size_t i = 0; i < n; i++) {
                unsigned char c = (unsigned char)bytes[i];

                if ((c < 0x20 && c != '\t' && c != '\n') || c == 0x7f)
                        return false;
        }
        return true;
}

ssize_t logs_cut_marker_begin(const char *bytes, size_t n) {
        const char *end;

        if (n < LOGS_CUT_MARKER_MIN)
                return -1;
        end = memrchr(bytes, '\n', n - LOGS_CUT_MARKER_MIN);
        return end && logs_cut_is_text(end, (size_t)(bytes + n - end)) ? end + 1 - bytes : -1;
}

ssize_t logs_cut_marker_end(const char *bytes, size_t n) {
        const char *end = memchr(bytes, '\n', n);

        return end && logs_cut_is_text(bytes, (size_t)(end - bytes)) ? end + 1 - bytes : -1;
}

bool logs_cut_is_marker(const char *bytes, size_t n) {
        return n >= strlen(MARKER) && memcmp(bytes, MARKER, strlen(MARKER)) == 0;
}

int logs_cut_write(const struct logs_cut *cut, int fd) {
        struct logs_cut written = *cut;

        memcpy(written.magic, magic, sizeof(magic));
        return write_all(fd, &written, sizeof(written));
}

static bool is_printable(const char *text, size_t size, bool lines) {
        const char *end = memchr(text, '\0', size);

        for (const char *c = text; end && c < end; c++)
                if ((*c < 0x20 || *c > 0x7e) && !(lines && *c == '\n'))
                        return false;
        return end;
}

int logs_cut_read(int fd, struct logs_cut *ret_cut) {
        struct stat status;

        if (fstat(fd, &status) < 0)
                return -errno;
        if (status.st_size != (off_t)sizeof(*ret_cut) ||
                pread(fd, ret_cut, sizeof(*ret_cut), 0) != (ssize_t)sizeof(*ret_cut) ||
                memcmp(ret_cut->magic, magic, sizeof(magic)) != 0 ||
                !memchr(ret_cut->path, '\0', sizeof(ret_cut->path)) || ret_cut->path[0] != '/' ||
                ret_cut->is_estimate > 1 || !is_printable(ret_cut->first, sizeof(ret_cut->first), false) ||
                !is_printable(ret_cut->last, sizeof(ret_cut->last), false) ||
                !is_printable(ret_cut->text, sizeof(ret_cut->text), true))
                return -EBADMSG;
        return 0;
}

/* Ascending, aligned, and the seams no longer than they may be. */
static bool is_in_order(const struct logs_cut *cut) {
        return cut->text_begin <= cut->cut_begin && cut->cut_begin < cut->cut_end &&
                cut->cut_end < cut->text_end && cut->text_end <= cut->size &&
                cut->cut_begin % LOGS_CUT_ALIGN == 0 && cut->cut_end % LOGS_CUT_ALIGN == 0 &&
                cut->cut_end - cut->cut_begin >= LOGS_CUT_LEAST &&
                cut->cut_begin - cut->text_begin >= LOGS_CUT_MARKER_MIN &&
                cut->cut_begin - cut->text_begin <= LOGS_CUT_SEAM_MAX &&
                cut->text_end - cut->cut_end <= LOGS_CUT_SEAM_MAX;
}

const char *logs_cut_refuse(
        const struct logs_cut *cut, const struct stat *status, uint64_t head, uint64_t tail) {
        if (!S_ISREG(status->st_mode))
                return "it is not a regular file";
        if (status->st_nlink != 1)
                return "it has several names";
        if (status->st_dev != cut->device || status->st_ino != cut->inode)
                return "it is another file than the one that was looked at";
        if (status->st_size < 0 || (uint64_t)status->st_size < cut->size)
                return "it became shorter since it was looked at";
        if (!is_in_order(cut))
                return "the range that was chosen cannot be right";
        if (cut->text_begin < head || cut->size - cut->text_end < tail)
                return "the range that was chosen leaves less than was asked for";
        return NULL;
}

void logs_cut_mark(const struct logs_cut *cut, bool has_hole, char *before, char *after) {
        size_t n_before = cut->cut_begin - cut->text_begin, n_after = cut->text_end - cut->cut_end;
        char words[LOGS_CUT_MARKER_MIN];
        int length;

        length = snprintf(words, sizeof(words), MARKER "%llu bytes, %s%llu lines%s%s%s%s ...",
                (unsigned long long)(cut->text_end - cut->text_begin), cut->is_estimate ? "about " : "",
                (unsigned long long)cut->lines, *cut->first ? ", " : "", cut->first, *cut->last ? " to " : "",
                cut->last);
        memset(before, ' ', n_before);
        memset(after, ' ', n_after);
        memcpy(before, words, (size_t)length);
        if (has_hole)
                before[n_before - 1] = '\n';
        after[n_after - 1] = '\n';
}
