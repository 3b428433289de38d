/* SPDX-License-Identifier: MIT */
/*
 * cmd_log - the record of decisions and actions
 *
 * Runs in: spoolguardctl.  Reads the whole record (log_source.c), takes what is asked for, and prints it.  With
 * --follow it asks again whenever the daemon signals something, and every FOLLOW_MSEC, for what has a higher
 * number than the last; a daemon that goes away is waited for.
 *
 * Fails: exit 3 when the daemon did not answer, also if its file could be read; exit 1 when there is no record.
 *
 * Limits: following costs the daemon a copy of its record each time.  What was overwritten between two looks, more
 * than RECORD_SLOTS records, is not shown.
 */
#include <dbus/dbus.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "ctl/client.h"
#include "ctl/log_print.h"
#include "ctl/log_source.h"

#define DEFAULT_LINES 50
#define LINES_MAX RECORD_SLOTS
#define FOLLOW_MSEC 2000
#define SETTLE_MSEC 100 /* signals come in crowds */

struct numbers {
        uint64_t list[RECORD_SLOTS];
        size_t n;
};

/* Of one incident; of what began before a look, later looks know, too. */
struct incident {
        uint64_t id; /* 0: all */
        struct numbers actions, runs;
};

struct request {
        size_t lines;
        bool follow;
        struct incident incident;
};

static bool holds(const struct numbers *numbers, uint64_t number) {
        for (size_t i = 0; i < numbers->n; i++)
                if (numbers->list[i] == number)
                        return true;
        return false;
}

static void add(struct numbers *numbers, uint64_t number) {
        if (number != 0 && numbers->n < RECORD_SLOTS && !holds(numbers, number))
                numbers->list[numbers->n++] = number;
}

/* Outcomes and manifests name only their action, and ends only their run: whose they are is said elsewhere. */
static void learn(struct incident *incident, const struct log *log) {
        for (size_t i = 0; incident->id != 0 && i < log_count(log); i++) {
                const struct record *record = log_at(log, i);

                if (record_get_number(record, "incident") != incident->id)
                        continue;
                add(&incident->actions, record_get_number(record, "action"));
                add(&incident->runs, record_get_number(record, "run"));
        }
}

static bool is_of(const struct incident *incident, const struct record *record) {
        return incident->id == 0 || record_get_number(record, "incident") == incident->id ||
                holds(&incident->actions, record_get_number(record, "action")) ||
                holds(&incident->runs, record_get_number(record, "run"));
}

/* The newest `lines` of what is asked for; forgets them then. */
static void show(const struct ctl *ctl, struct request *request, struct log *log) {
        size_t wanted = 0, n = log_count(log);

        learn(&request->incident, log);
        for (size_t i = 0; i < n; i++)
                wanted += is_of(&request->incident, log_at(log, i));
        for (size_t i = 0; i < n; i++) {
                const struct record *record = log_at(log, i);

                log->after = record->number;
                if (!is_of(&request->incident, record) || wanted-- > request->lines)
                        continue;
                if (ctl->json)
                        log_print_json(record);
                else
                        log_print_text(record);
        }
        fflush(stdout);
        if (log->bad > 0 && !request->follow)
                fprintf(stderr, "spoolguardctl: %zu slots of the record are torn or foreign\n", log->bad);
        log_clear(log);
}

static void await_signal(struct client *client) {
        enum ctl_exit exit = CTL_GOOD;
        json_t *arguments = NULL;

        if (client_signal(client, FOLLOW_MSEC, &arguments, &exit) || exit != CTL_GOOD)
                poll(NULL, 0, SETTLE_MSEC);
        json_decref(arguments);
}

/* Until somebody stops it. */
static void follow(const struct ctl *ctl, struct client *client, struct request *request, struct log *log) {
        struct problem problem = {""};
        bool away = false;

        request->lines = LINES_MAX;
        while (!ferror(stdout)) {
                await_signal(client);
                enum ctl_exit exit = log_read_daemon(client, log, &problem);

                /* A new record, begun because the old one was lost. */
                if (exit == CTL_GOOD && log->newest < log->after) {
                        log->after = 0;
                        exit = log_read_daemon(client, log, &problem);
                }
                if (exit == CTL_GOOD)
                        show(ctl, request, log);
                else if (!away)
                        ctl_fail(exit, "%s; waiting for it", problem.text);
                away = exit != CTL_GOOD;
                if (away)
                        poll(NULL, 0, FOLLOW_MSEC);
        }
}

static enum ctl_exit log_command(const struct ctl *ctl, struct request *request, struct log *log) {
        struct problem problem = {""};
        struct client *client = NULL;
        enum ctl_exit exit = client_new(&client, &problem);

        /* Before the first look: nothing falls between the two. */
        if (exit == CTL_GOOD && request->follow)
                exit = client_listen(client, &problem);
        if (exit == CTL_GOOD)
                exit = log_read_daemon(client, log, &problem);
        bool answered = exit == CTL_GOOD;

        if (!answered)
                exit = log_read_file(ctl, log, &problem);
        show(ctl, request, log);
        if (answered && request->follow)
                follow(ctl, client, request, log);
        client_free(client);
        return exit;
}

static bool parse_number(const char *text, uint64_t max, uint64_t *ret_number) {
        char *end;

        errno = 0;
        *ret_number = strtoull(text, &end, 10);
        return text[0] >= '0' && text[0] <= '9' && *end == '\0' && errno == 0 && *ret_number > 0 &&
                *ret_number <= max;
}

static int parse(int argc, char **argv, struct request *request) {
        static const struct option options[] = {{"lines", required_argument, NULL, 'n'},
                {"incident", required_argument, NULL, 'i'}, {"follow", no_argument, NULL, 'f'}, {0}};
        uint64_t number;

        opterr = 0;
        for (int option; (option = getopt_long(argc, argv, ":n:f", options, NULL)) != -1;) {
                if (option == 'f')
                        request->follow = true;
                else if (option == 'n' && parse_number(optarg, LINES_MAX, &number))
                        request->lines = (size_t)number;
                else if (option == 'i' && parse_number(optarg, UINT64_MAX, &number))
                        request->incident.id = number;
                else if (option == 'n')
                        return ctl_usage(
                                &command_log, "-n takes a number from 1 to %u, not '%s'", LINES_MAX, optarg);
                else if (option == 'i')
                        return ctl_usage(&command_log, "'%s' is no number of an incident", optarg);
                else if (option == ':')
                        return ctl_usage(&command_log, "%s needs a number", argv[optind - 1]);
                else
                        return ctl_unknown_option(&command_log, argv);
        }
        if (optind < argc)
                return ctl_usage(&command_log, "unexpected argument '%s'", argv[optind]);
        return CTL_GOOD;
}

static int run(const struct ctl *ctl, int argc, char **argv) {
        static struct request request = {.lines = DEFAULT_LINES};
        struct log log;
        int status = parse(argc, argv, &request);

        if (status != CTL_GOOD)
                return status;
        if (log_init(&log, RECORD_SLOTS) < 0)
                return ctl_fail(CTL_TROUBLE, "no memory");
        status = log_command(ctl, &request, &log);
        log_deinit(&log);
        return status;
}

const struct ctl_command command_log = {
        .name = "log",
        .arguments = "[-n LINES] [--incident NUMBER] [--follow] [--json]",
        .summary = "The record of decisions and actions, oldest first",
        .help = "The last 50 entries, or as many as -n says (at most 4096, which is all there\n"
                "can be).\n"
                "  -n, --lines N       so many\n"
                "      --incident N    only those of one incident\n"
                "  -f, --follow        then wait for more, and print it as it comes\n"
                "      --json          one object a line, with every field\n"
                "\n"
                "When the daemon does not answer, the file is read instead by whoever may read\n"
                "it (root); this is said on stderr, and the exit status is 3.\n",
        .has_options = true,
        .run = run,
};
