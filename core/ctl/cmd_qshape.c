/* SPDX-License-Identifier: MIT */
/*
 * cmd_qshape - domains by age, with the options and columns of qshape(1)
 *
 * Runs in: spoolguardctl.  Asks the daemon, which has followed the queue all the time, for the whole table: nothing
 * of the queue is read, so there is nothing to wait for and -N means nothing.  Rows that only the printed form knows
 * (parent domains, the top of them on a terminal) are made here (qshape.c).
 *
 * Fails: exit 1 when the queue cannot be told (yet), or one of that name does not exist, 2 for wrong usage, 3 when
 * the daemon does not answer.
 *
 * Limits: the name of an instance is looked up by postconf(1), and without one it is the last component of its
 * configuration directory.
 */
#include <dbus/dbus.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"
#include "ctl/client.h"
#include "ctl/print.h"
#include "ctl/qshape.h"
#include "ctl/tool.h"

#define WIDTH_MIN 80u /* of the original, whatever it is told */
#define DEFAULT_CONFIG "/etc/postfix"
#define POSTCONF_MSEC 5000
/* The daemon gives up after 20 s, and says so. */
#define TIMEOUT_MSEC 25000

struct request {
        bool by_sender, linear, parents;
        unsigned buckets, minutes, min_below, width, top, batch;
        uint64_t since_usec;  /* 0: whenever it came in */
        const char *instance; /* NULL: all */
        char found[64];       /* by -c */
        char queues[512];     /* as the daemon wants them */
};

/* Options with a number: where it goes, and its range. */
struct number_option {
        char letter;
        unsigned *value, min, max;
};

static bool parse_number(const char *text, const struct number_option *option) {
        char *end;

        errno = 0;
        unsigned long number = strtoul(text, &end, 10);

        if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 || number < option->min ||
                number > option->max)
                return false;
        *option->value = (unsigned)number;
        return true;
}

/* As the daemon calls it: by its multi_instance_name, or else by its directory. */
static bool find_instance(const char *directory, char *name, size_t size) {
        const char *const postconf[] = {"postconf", "-c", directory, "-h", "multi_instance_name", NULL};
        char path[256], answer[256];
        size_t length = strlen(directory);

        if (!text_copy(path, sizeof(path), directory))
                return false;
        while (length > 1 && path[length - 1] == '/')
                path[--length] = '\0';
        if (strcmp(path, DEFAULT_CONFIG) == 0)
                return text_copy(name, size, "-");
        if (tool_run(postconf, POSTCONF_MSEC, answer, sizeof(answer)) == 0) {
                answer[strcspn(answer, "\n")] = '\0';
                if (answer[0] && text_copy(name, size, answer))
                        return true;
        }
        const char *last = strrchr(path, '/');

        return text_copy(name, size, last ? last + 1 : path) && name[0] && text_is_clean(name);
}

static int parse_queues(int argc, char **argv, struct request *request) {
        for (int i = optind; i < argc; i++) {
                size_t used = strlen(request->queues);

                if (!dbus_validate_utf8(argv[i], NULL) ||
                        !text_copy(request->queues + used, sizeof(request->queues) - used, argv[i]) ||
                        !text_copy(request->queues + used + strlen(argv[i]),
                                sizeof(request->queues) - used - strlen(argv[i]), i + 1 < argc ? " " : ""))
                        return ctl_usage(&command_qshape, "'%s' is no queue", argv[i]);
        }
        return CTL_GOOD;
}

static int parse(int argc, char **argv, struct request *request) {
        static const struct option options[] = {{"instance", required_argument, NULL, 'i'},
                {"newer-than", required_argument, NULL, 'a'}, {0}};
        const struct number_option numbers[] = {
                {'b', &request->buckets, 1, 64},
                {'t', &request->minutes, 1, 1000000},
                {'m', &request->min_below, 1, 1000000},
                {'w', &request->width, 1, 10000},
                {'n', &request->top, 0, 10000},
                {'N', &request->batch, 0, 1000000000},
        };

        opterr = 0;
        for (int option; (option = getopt_long(argc, argv, ":spm:b:t:lw:N:n:c:", options, NULL)) != -1;) {
                const struct number_option *number = NULL;

                for (size_t i = 0; i < ELEMENTSOF(numbers); i++)
                        if (numbers[i].letter == option)
                                number = &numbers[i];
                if (number && !parse_number(optarg, number))
                        return ctl_usage(&command_qshape, "-%c takes a number from %u to %u, not '%s'",
                                option, number->min, number->max, optarg);
                if (option == ':')
                        return ctl_usage(&command_qshape, "%s needs a value", argv[optind - 1]);
                if (option == '?')
                        return ctl_unknown_option(&command_qshape, argv);
                if (option == 'c' && !find_instance(optarg, request->found, sizeof(request->found)))
                        return ctl_usage(&command_qshape, "'%s' is no configuration directory", optarg);
                request->by_sender |= option == 's';
                request->parents |= option == 'p';
                request->linear |= option == 'l';
                if (option == 'a') {
                        uint64_t age_usec, now_usec = clock_realtime_usec();

                        if (ctl_take_age(&command_qshape, "--newer-than", optarg, &age_usec) != CTL_GOOD)
                                return CTL_USAGE;
                        request->since_usec =
                                now_usec > age_usec + USEC_PER_SEC ? now_usec - age_usec : USEC_PER_SEC;
                }
                if (option == 'i' || option == 'c')
                        request->instance = option == 'i' ? optarg : request->found;
        }
        return parse_queues(argc, argv, request);
}

static enum ctl_exit ask(const struct request *request, json_t **ret_reply, struct problem *problem) {
        const struct client_option options[] = {
                {"sender", DBUS_TYPE_BOOLEAN, {.number = request->by_sender}},
                {"linear", DBUS_TYPE_BOOLEAN, {.number = request->linear}},
                {"buckets", DBUS_TYPE_UINT32, {.number = request->buckets}},
                {"minutes", DBUS_TYPE_UINT32, {.number = request->minutes}},
                {"instance", request->instance ? DBUS_TYPE_STRING : DBUS_TYPE_INVALID,
                        {.text = request->instance}},
                {"arrived_since_usec", request->since_usec ? DBUS_TYPE_UINT64 : DBUS_TYPE_INVALID,
                        {.number = request->since_usec}},
                {0},
        };
        const char *queues = request->queues;
        dbus_uint32_t limit = 0;
        struct client *client = NULL;
        enum ctl_exit exit = client_new(&client, problem);

        if (exit == CTL_GOOD)
                exit = client_ask(client, "QueueShape", TIMEOUT_MSEC, options, ret_reply, problem,
                        DBUS_TYPE_STRING, &queues, DBUS_TYPE_UINT32, &limit, DBUS_TYPE_INVALID);
        client_free(client);
        return exit;
}

static json_t *queue_names(const struct request *request) {
        json_t *names = json_array();
        char text[sizeof(request->queues)], *rest = NULL;

        text_copy(text, sizeof(text), request->queues[0] ? request->queues : "incoming active");
        for (char *name = strtok_r(text, " ,", &rest); name; name = strtok_r(NULL, " ,", &rest))
                json_array_append_new(names, json_string(name));
        return names;
}

static void show(const struct ctl *ctl, const struct request *request, const struct qshape *shape) {
        if (!ctl->json) {
                qshape_print(shape, request->width > WIDTH_MIN ? request->width : WIDTH_MIN,
                        isatty(STDOUT_FILENO) ? request->top : 0, stdout);
                return;
        }
        json_t *json = qshape_json(shape);

        json_object_set_new(json, "queues", queue_names(request));
        json_object_set_new(
                json, "instance", request->instance ? json_string(request->instance) : json_null());
        json_object_set_new(json, "by", json_string(request->by_sender ? "sender" : "recipient"));
        json_object_set_new(json, "since_usec",
                request->since_usec ? json_integer((json_int_t)request->since_usec) : json_null());
        print_json_consume(json);
}

static int run(const struct ctl *ctl, int argc, char **argv) {
        struct request request = {.buckets = 10, .minutes = 5, .min_below = 5, .width = WIDTH_MIN, .top = 20};
        struct problem problem = {""};
        struct qshape shape = {0};
        json_t *reply = NULL;
        int status = parse(argc, argv, &request);

        if (status != CTL_GOOD)
                return status;
        enum ctl_exit exit = ask(&request, &reply, &problem);

        if (exit != CTL_GOOD)
                return ctl_fail(exit, "%s", problem.text);
        int r = qshape_init(
                &shape, json_array_get(reply, 0), request.buckets, request.minutes, request.linear);

        json_decref(reply);
        if (r == 0 && request.parents)
                r = qshape_add_parents(&shape, request.min_below);
        if (r == 0) {
                qshape_sort(&shape);
                show(ctl, &request, &shape);
        }
        qshape_deinit(&shape);
        if (r < 0)
                return ctl_fail(
                        CTL_TROUBLE, r == -ENOMEM ? "no memory" : "the daemon's table has another shape");
        return CTL_GOOD;
}

const struct ctl_command command_qshape = {
        .name = "qshape",
        .arguments = "[-s] [-p] [-m N] [-b N] [-t N] [-l] [-w N] [-n N]\n"
                     "         [-c DIR | --instance NAME] [--newer-than AGE] [--json] [QUEUE...]",
        .summary = "For whom mail waits and how long, as qshape(1), at once",
        .help = "Columns, widths and order are those of Postfix's qshape(1); the queues are\n"
                "incoming and active, or those that are named.  The daemon knows the answer: no\n"
                "queue file is read.\n"
                "  -s           messages by the domain of their sender, not recipients by theirs\n"
                "  -p           also sums of parent domains (.example.com) with ...\n"
                "  -m N         ... at least so many subdomains in the table (5)\n"
                "  -b N         so many buckets of age (10)\n"
                "  -t N         minutes of the first bucket (5)\n"
                "  -l           each bucket as wide as the first, not twice the one before\n"
                "  -w N         width of the table (80, also at least), names are cut to fit\n"
                "  -n N         on a terminal only so many domains (20; 0: all)\n"
                "  -N N         nothing: there are no results in between\n"
                "  -c DIR       only of the instance of Postfix with this configuration directory\n"
                "      --instance NAME\n"
                "               the same by its name in the labels of readings\n"
                "      --newer-than AGE\n"
                "               only mail that came in within the last 90s, 15m, 24h or 7d\n"
                "               and is still here; what was delivered is not counted\n"
                "\n"
                "Exit status: 0 shown; 1 the queue cannot be told, or there is none of that\n"
                "name; 3 the daemon does not answer.\n",
        .has_options = true,
        .run = run,
};
