/* SPDX-License-Identifier: MIT */
/*
 * log_source - the record, as the daemon hands it out or as the file holds it
 *
 * Runs in: spoolguardctl.  The daemon hands out a copy of its record; when it does not answer, whoever may read
 * the file reads that, and is told so.  Both have the format of record/record.h, the copy without the padding.
 *
 * Owns: the newest `limit` records in memory.  Fails: CTL_UNREACHABLE when the daemon did not answer, also if the
 * file could be read; CTL_TROUBLE when there is no record at all.  Torn or foreign slots are skipped and counted.
 */
#include "ctl/log_source.h"

#include <dbus/dbus.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"

int log_init(struct log *log, size_t limit) {
        *log = (struct log){.kept = calloc(limit, sizeof(*log->kept)), .limit = limit};
        return log->kept ? 0 : -ENOMEM;
}

void log_deinit(struct log *log) {
        free(log->kept);
        *log = (struct log){0};
}

void log_clear(struct log *log) {
        log->n = 0;
        log->bad = 0;
}

size_t log_count(const struct log *log) {
        return log->n < log->limit ? log->n : log->limit;
}

const struct record *log_at(const struct log *log, size_t i) {
        return &log->kept[(log->n - log_count(log) + i) % log->limit];
}

/* Names and values point into the record's own text, all but the fixed name of the first field. */
static const char *follow_text(const struct record *from, const struct record *to, const char *pointer) {
        bool inside = pointer >= from->text && pointer < from->text + sizeof(from->text);

        return inside ? to->text + (pointer - from->text) : pointer;
}

static int keep(const struct record *record, void *data) {
        struct log *log = data;

        log->newest = record->number;
        if (record->number <= log->after)
                return 0;
        struct record *place = &log->kept[log->n++ % log->limit];

        *place = *record;
        for (size_t i = 0; i < place->n_fields; i++) {
                place->fields[i].name = follow_text(record, place, record->fields[i].name);
                place->fields[i].value = follow_text(record, place, record->fields[i].value);
        }
        return 0;
}

/* The copy: slots without padding, one a line. */
static int read_copy(int fd, struct log *log) {
        _cleanup_fclose_ FILE *file = fdopen(fd, "r");
        char line[RECORD_SLOT_SIZE + 2], slot[RECORD_SLOT_SIZE];
        struct record record;

        if (!file) {
                close(fd);
                return -errno;
        }
        while (fgets(line, sizeof(line), file)) {
                size_t length = strcspn(line, "\n");

                if (length >= RECORD_SLOT_SIZE) {
                        log->bad++;
                        continue;
                }
                memset(slot, ' ', sizeof(slot));
                memcpy(slot, line, length);
                slot[RECORD_SLOT_SIZE - 1] = '\n';
                if (record_parse(slot, &record) < 0)
                        log->bad++;
                else
                        keep(&record, log);
        }
        return 0;
}

enum ctl_exit log_read_daemon(struct client *client, struct log *log, struct problem *problem) {
        json_t *reply = NULL;
        enum ctl_exit exit = client_call(client, CLIENT_INTERFACE("Manager"), "Export", CLIENT_TIMEOUT_MSEC,
                &reply, problem, DBUS_TYPE_INVALID);

        if (exit == CTL_GOOD)
                read_copy((int)json_integer_value(json_array_get(reply, 0)), log);
        json_decref(reply);
        return exit;
}

enum ctl_exit log_read_file(const struct ctl *ctl, struct log *log, const struct problem *problem) {
        char path[512];

        /* Where there is a mirror it has all that the disk has, and what the disk did not take. */
        text_format(path, sizeof(path), "%s/recorder", ctl->run_dir);
        _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);

        if (fd < 0) {
                text_format(path, sizeof(path), "%s/recorder", ctl->state_dir);
                fd = open(path, O_RDONLY | O_CLOEXEC);
        }
        if (fd < 0)
                return (enum ctl_exit)ctl_fail(CTL_UNREACHABLE, "%s\nand %s cannot be read: %s",
                        problem->text, path, strerror(errno));
        int r = record_read(fd, keep, log, &log->bad);

        if (r < 0)
                return (enum ctl_exit)ctl_fail(
                        CTL_TROUBLE, "%s\nand %s cannot be read: %s", problem->text, path, strerror(-r));
        return (enum ctl_exit)ctl_fail(
                CTL_UNREACHABLE, "%s; this is what the file %s holds", problem->text, path);
}
