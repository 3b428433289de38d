/* SPDX-License-Identifier: MIT */
/*
 * fuzz_log_lines - any bytes as a log: counted, summed up in printable words, and as a range with its marker
 *
 * The first byte says how the rest is cut into reads.  Lines that are counted are those that a plain count finds; the
 * text can go through the executor's door; a marker takes exactly the bytes of the seams and ends a line.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"
#include "logs/logs_cut.h"
#include "logs/logs_summary.h"

static void insist(bool holds) {
        if (!holds)
                abort();
}

static uint64_t count_lines(const char *bytes, size_t n) {
        uint64_t lines = 0;

        for (size_t i = 0; i < n; i++)
                lines += bytes[i] == '\n';
        return lines;
}

static void sum_up(const char *bytes, size_t n, size_t step, struct logs_cut *cut) {
        static struct logs_summary summary;
        uint64_t statuses = 0;

        summary = (struct logs_summary){0};
        for (size_t i = 0; i < n; i += step)
                logs_summary_add(&summary, bytes + i, n - i < step ? n - i : step, i / step % 2 == 0);
        insist(summary.lines == count_lines(bytes, n) && summary.line_bytes == n);
        for (size_t i = 0; i < LOGS_SUMMARY_STATUSES; i++)
                statuses += summary.statuses[i];
        insist(statuses <= summary.lines && summary.relays.n <= LOGS_SUMMARY_NAMES);
        cut->lines = logs_summary_text(&summary, n, cut->text, sizeof(cut->text));
        insist(cut->lines == summary.lines);
        logs_summary_stamp(bytes, n, cut->first, sizeof(cut->first));
        logs_summary_stamp(bytes + n / 2, n - n / 2, cut->last, sizeof(cut->last));
}

static void hand_over(const struct logs_cut *cut) {
        int fd = memfd_create("selection", MFD_CLOEXEC);
        struct logs_cut read;

        insist(fd >= 0 && logs_cut_write(cut, fd) == 0 && logs_cut_read(fd, &read) == 0);
        insist(read.lines == cut->lines && strcmp(read.text, cut->text) == 0 &&
                strcmp(read.first, cut->first) == 0);
        close(fd);
}

static void mark(const char *bytes, size_t n, struct logs_cut *cut) {
        static char before[LOGS_CUT_SEAM_MAX], after[LOGS_CUT_SEAM_MAX];
        size_t middle = n / 2 < LOGS_CUT_SEAM_MAX ? n / 2 : LOGS_CUT_SEAM_MAX;
        size_t behind = n - middle < LOGS_CUT_SEAM_MAX ? n - middle : LOGS_CUT_SEAM_MAX;
        ssize_t begin = logs_cut_marker_begin(bytes, middle),
                end = logs_cut_marker_end(bytes + middle, behind);

        if (begin < 0 || end < 0)
                return;
        insist(begin > 0 && bytes[begin - 1] == '\n' && middle - (size_t)begin >= LOGS_CUT_MARKER_MIN);
        insist(end > 0 && (size_t)end <= behind && bytes[middle + (size_t)end - 1] == '\n');
        cut->text_begin = 8 * LOGS_CUT_ALIGN - (middle - (size_t)begin);
        cut->cut_begin = 8 * LOGS_CUT_ALIGN;
        cut->cut_end = 16 * LOGS_CUT_ALIGN;
        cut->text_end = 16 * LOGS_CUT_ALIGN + (size_t)end;
        for (int has_hole = 0; has_hole < 2; has_hole++) {
                size_t n_before = middle - (size_t)begin, n_after = (size_t)end;

                logs_cut_mark(cut, has_hole, before, after);
                insist(logs_cut_is_text(before, n_before) && logs_cut_is_text(after, n_after));
                insist(memcmp(before, "... spoolguard cut ", 19) == 0 && after[n_after - 1] == '\n');
                insist(count_lines(before, n_before) == (uint64_t)has_hole &&
                        count_lines(after, n_after) == 1);
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        struct logs_cut cut = {.path = "/var/log/mail.log"};
        char *bytes;

        if (size < 2)
                return 0;
        /* A copy of exactly that size, so that a read behind its end is seen. */
        bytes = malloc(size - 1);
        insist(bytes);
        memcpy(bytes, data + 1, size - 1);
        sum_up(bytes, size - 1, (size_t)data[0] * 16 + 1, &cut);
        hand_over(&cut);
        mark(bytes, size - 1, &cut);
        free(bytes);
        return 0;
}
