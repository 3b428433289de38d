/* SPDX-License-Identifier: MIT */
/*
 * cmd_log - the record of decisions and actions
 *
 * Runs in: spoolguardctl.  The daemon hands out a copy of its record; when it does not answer, whoever may read
 * the file reads that, and is told so.  Both have the format of record/record.h, the copy without the padding.
 *
 * Owns: the newest -n records in memory.  Fails: exit 3 when the daemon did not answer, also if the file could
 * be read; exit 1 when there is no record at all.  Torn or foreign slots are skipped and counted.
 */
#include <dbus/dbus.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "ctl/client.h"
#include "ctl/print.h"
#include "record/record.h"

#define DEFAULT_LINES 50
#define LINES_MAX RECORD_SLOTS

struct log {
        struct record *kept;                                /* ring of `limit` */
        size_t limit, n;                                    /* n: all that matched */
        uint64_t incident;                                  /* 0: all */
        uint64_t actions[RECORD_SLOTS], runs[RECORD_SLOTS]; /* of that incident */
        size_t n_actions, n_runs;
        size_t bad;
};

static bool holds(const uint64_t *numbers, size_t n, uint64_t number) {
        for (size_t i = 0; i < n; i++)
                if (numbers[i] == number)
                        return true;
        return false;
}

/* Outcomes name only their action, and ends only their run: which are whose was said when they began. */
static bool is_of_incident(struct log *log, const struct record *record) {
        uint64_t action = record_get_number(record, "action"), run = record_get_number(record, "run");

        if (log->incident == 0)
                return true;
        if (record_get_number(record, "incident") == log->incident) {
                if (action != 0 && log->n_actions < RECORD_SLOTS)
                        log->actions[log->n_actions++] = action;
                if (run != 0 && log->n_runs < RECORD_SLOTS)
                        log->runs[log->n_runs++] = run;
                return true;
        }
        return holds(log->actions, log->n_actions, action) || holds(log->runs, log->n_runs, run);
}

/* Names and values point into the record's own text, all but the fixed name of the first field. */
static const char *follow_text(const struct record *from, const struct record *to, const char *pointer) {
        bool inside = pointer >= from->text && pointer < from->text + sizeof(from->text);

        return inside ? to->text + (pointer - from->text) : pointer;
}

static int keep(const struct record *record, void *data) {
        struct log *log = data;

        if (!is_of_incident(log, record))
                return 0;
        struct record *place = &log->kept[log->n++ % log->limit];

        *place = *record;
        for (size_t i = 0; i < place->n_fields; i++) {
                place->fields[i].name = follow_text(record, place, record->fields[i].name);
                place->fields[i].value = follow_text(record, place, record->fields[i].value);
        }
        return 0;
}

static void print_record(const struct record *record) {
        char time[TEXT_QUANTITY_MAX], size[TEXT_QUANTITY_MAX];
        const char *text = "";

        print_text("%s  %-18s", text_time(record->time_usec, time), record_get(record, "event"));
        for (size_t i = 1; i < record->n_fields; i++) {
                const char *name = record->fields[i].name, *value = record->fields[i].value;

                if (strcmp(name, "text") == 0 || strcmp(name, "title") == 0)
                        text = value;
                else if (strcmp(name, "freed") == 0)
                        print_text(" freed=%s", text_size(record_get_number(record, name), size));
                else if (strcmp(name, "until") == 0 && record_get_number(record, name) > 0)
                        print_text(" until=%s", text_time(record_get_number(record, name), time));
                else if (value[0])
                        print_text(" %s=%s", name, value);
        }
        print_text("%s%s\n", text[0] ? "  " : "", text);
}

/* One object a line: a record is a stream, and tools read it as one. */
static void print_record_json(const struct record *record) {
        json_t *json = json_object();

        json_object_set_new(json, "number", json_integer((json_int_t)record->number));
        json_object_set_new(json, "time_usec", json_integer((json_int_t)record->time_usec));
        for (size_t i = 0; i < record->n_fields; i++) {
                char clean[2 * RECORD_SLOT_SIZE];

                text_escape(clean, sizeof(clean), record->fields[i].value);
                json_object_set_new(json, record->fields[i].name, json_string(clean));
        }
        json_dumpf(json, stdout, JSON_COMPACT | JSON_ENSURE_ASCII);
        fputc('\n', stdout);
        json_decref(json);
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

static enum ctl_exit read_daemon(struct log *log, struct problem *problem) {
        struct client *client = NULL;
        json_t *reply = NULL;
        enum ctl_exit exit = client_new(&client, problem);

        if (exit == CTL_GOOD)
                exit = client_call(client, CLIENT_INTERFACE("Manager"), "Export", CLIENT_TIMEOUT_MSEC, &reply,
                        problem, DBUS_TYPE_INVALID);
        if (exit == CTL_GOOD)
                read_copy((int)json_integer_value(json_array_get(reply, 0)), log);
        json_decref(reply);
        client_free(client);
        return exit;
}

static enum ctl_exit read_file(const struct ctl *ctl, struct log *log, const struct problem *problem) {
        char path[512];

        text_format(path, sizeof(path), "%s/recorder", ctl->state_dir);
        _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);

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

static bool parse_number(const char *text, uint64_t max, uint64_t *ret_number) {
        char *end;

        errno = 0;
        *ret_number = strtoull(text, &end, 10);
        return text[0] >= '0' && text[0] <= '9' && *end == '\0' && errno == 0 && *ret_number <= max;
}

static int run(const struct ctl *ctl, int argc, char **argv) {
        static const struct option options[] = {
                {"lines", required_argument, NULL, 'n'}, {"incident", required_argument, NULL, 'i'}, {0}};
        struct problem problem = {""};
        static struct log log = {.limit = DEFAULT_LINES};
        uint64_t number;

        opterr = 0;
        for (int option; (option = getopt_long(argc, argv, "n:", options, NULL)) != -1;) {
                if (option == 'n' && parse_number(optarg, LINES_MAX, &number) && number > 0)
                        log.limit = (size_t)number;
                else if (option == 'i' && parse_number(optarg, UINT64_MAX, &number) && number > 0)
                        log.incident = number;
                else if (option == 'n')
                        return ctl_usage(
                                &command_log, "-n takes a number from 1 to %u, not '%s'", LINES_MAX, optarg);
                else if (option == 'i')
                        return ctl_usage(&command_log, "'%s' is no number of an incident", optarg);
                else
                        return ctl_usage(&command_log, "unknown option '%s'", argv[optind - 1]);
        }
        if (optind < argc)
                return ctl_usage(&command_log, "unexpected argument '%s'", argv[optind]);

        log.kept = calloc(log.limit, sizeof(*log.kept));
        if (!log.kept)
                return ctl_fail(CTL_TROUBLE, "no memory");
        enum ctl_exit exit = read_daemon(&log, &problem);

        if (exit != CTL_GOOD)
                exit = read_file(ctl, &log, &problem);
        for (size_t i = log.n > log.limit ? log.n - log.limit : 0; i < log.n; i++) {
                const struct record *record = &log.kept[i % log.limit];

                if (ctl->json)
                        print_record_json(record);
                else
                        print_record(record);
        }
        if (log.bad > 0)
                fprintf(stderr, "spoolguardctl: %zu slots of the record are torn or foreign\n", log.bad);
        free(log.kept);
        return exit;
}

const struct ctl_command command_log = {
        .name = "log",
        .arguments = "[-n LINES] [--incident NUMBER] [--json]",
        .summary = "The record of decisions and actions, oldest first",
        .help = "The last 50 entries, or as many as -n says (at most 4096, which is all there can be).\n"
                "  -n, --lines N       so many\n"
                "      --incident N    only those of one incident\n"
                "      --json          one object a line\n"
                "\n"
                "When the daemon does not answer, the file is read instead by whoever may read it (root); "
                "this\n"
                "is said on stderr, and the exit status is 3.\n",
        .run = run,
};
