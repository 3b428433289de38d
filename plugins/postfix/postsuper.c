/* SPDX-License-Identifier: MIT */
/*
 * postsuper - Postfix's own tool, given lists of messages to move
 *
 * Runs in a child of the executor, as root, since the tool insists on it.  IDs go to its stdin, one a line, always
 * together with the one queue it may look into: left to itself it would also take messages that are being delivered.
 * It writes a line to the mail log for each, so the list is cut into batches, and what was asked for ends soon when
 * time is up.  The tool is only ever asked to stop, never killed: a batch that is cut short is one that moved fewer.
 *
 * Its exit status says little: it is 0 when it found nothing, and 1 after good work when a log file cannot be opened.
 * What it did is therefore for the caller to look at; here the numbers of its summaries are added up and what it
 * complained of is kept.
 *
 * Owns the list and the buffer while it runs.  Fails with the report's error, and stops at the first batch that
 * failed.  Limits: one process for POSTSUPER_BATCH messages.
 */
#include "postfix/postsuper.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "postfix/queue_id.h"

#define POSTSUPER_BATCH ((size_t)1000)
#define LINE_MAX_BYTES ((size_t)160) /* of what it says about one message */

static const struct {
        const char *option, *summary;
} summaries[] = {{"-h", "Placed on hold: "}, {"-H", "Released from hold: "}, {"-r", "Requeued: "}};

static uint64_t count_moved(const char *option, const char *output) {
        uint64_t moved = 0;

        for (size_t i = 0; i < sizeof(summaries) / sizeof(summaries[0]); i++) {
                const char *found = strcmp(summaries[i].option, option) == 0
                        ? strstr(output, summaries[i].summary)
                        : NULL;

                if (found)
                        moved += strtoull(found + strlen(summaries[i].summary), NULL, 10);
        }
        return moved;
}

/* The IDs, one a line, in a memfd that is at its start; or a negative errno value. */
static int write_list(const char *const *ids, size_t n) {
        int r = 0, fd = memfd_create("messages", MFD_CLOEXEC), copy = fd < 0 ? -1 : dup(fd);
        FILE *list = copy < 0 ? NULL : fdopen(copy, "w");

        if (!list)
                r = -errno;
        for (size_t i = 0; list && i < n; i++)
                fprintf(list, "%s\n", ids[i]);
        if (list && (fclose(list) != 0 || lseek(fd, 0, SEEK_SET) < 0))
                r = errno ? -errno : -EIO;
        else if (!list && copy >= 0)
                close(copy);
        if (r < 0 && fd >= 0)
                close(fd);
        return r < 0 ? r : fd;
}

/* The line that says what it failed at, or the first one when none does. */
static void keep_complaint(const char *output, struct postsuper_report *report) {
        const char *found = strstr(output, "fatal: ");

        if (!found)
                found = strstr(output, "error: ");
        if (!found)
                found = output;
        snprintf(report->text, sizeof(report->text), "%.*s", (int)strcspn(found, "\n"), found);
}

static void run_batch(const struct sg_action *action, const struct postsuper_order *order,
        const char *const *ids, size_t n, char *output, size_t size, struct postsuper_report *report) {
        const char *argv[] = {
                "/usr/sbin/postsuper", "-c", order->config, order->option, "-", order->queue, NULL};
        int r, list = write_list(ids, n), nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);

        if (list < 0 || nowhere < 0)
                report->error = list < 0 ? list : -EMFILE;
        else {
                r = action->host->filter(action, argv, list, nowhere, output, size);
                report->moved += count_moved(order->option, output);
                if (r > 0)
                        keep_complaint(output, report);
                report->error = r > 0 ? -EIO : r;
        }
        if (list >= 0)
                close(list);
        if (nowhere >= 0)
                close(nowhere);
}

void postsuper_run(const struct sg_action *action, const struct postsuper_order *order,
        struct postsuper_report *ret_report) {
        const struct timespec pause = {.tv_sec = (time_t)(order->pause_usec / 1000000),
                .tv_nsec = (long)(order->pause_usec % 1000000 * 1000)};
        struct postsuper_report report = {.error = 0};
        size_t size = POSTSUPER_BATCH * LINE_MAX_BYTES, n;
        char *output = malloc(size);

        if (!output)
                report.error = -ENOMEM;
        for (size_t i = 0; i < order->n && report.error == 0; i += n) {
                n = order->n - i < POSTSUPER_BATCH ? order->n - i : POSTSUPER_BATCH;
                if (i > 0 && order->pause_usec > 0)
                        nanosleep(&pause, NULL);
                run_batch(action, order, order->ids + i, n, output, size, &report);
        }
        free(output);
        if (report.error < 0 && report.text[0] == '\0')
                snprintf(report.text, sizeof(report.text), "%s", strerror(-report.error));
        *ret_report = report;
}
