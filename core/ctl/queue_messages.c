/* SPDX-License-Identifier: MIT */
/*
 * queue_messages - `queue --messages`: one JSON object a line for each message
 *
 * Runs in: spoolguardctl.  Messages come page by page and are printed as they come, so a million of them need no
 * memory here, and whoever reads the first lines need not wait for the last.  Every line has all members; what is not
 * known is null.
 *
 * Fails: exit 2 for a filter that is none, 3 when the daemon does not answer; exit 1 when it cannot tell, and when it
 * was replaced on the way: the new one does not know where the old one stood.
 *
 * Limits: what comes, goes or moves while the pages are read may be told or not, or in both places.
 */
#include "ctl/queue_messages.h"

#include <ctype.h>
#include <dbus/dbus.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "config/option.h"
#include "ctl/client.h"

#define PAGE_MAX 1000

enum { INSTANCE, QUEUE, DOMAIN, SENDER, REASON, NEXTHOP, OLDER_THAN, FILTERS };

struct request {
        bool messages;
        struct client_option filters[FILTERS + 1];
        char domain[512], sender[512];
};

static const struct {
        const char *name, *key;
} members[] = {
        {"instance", "Instance"},
        {"queue", "Queue"},
        {"id", "Id"},
        {"arrival_usec", "ArrivalUSec"},
        {"created_usec", "CreatedUSec"},
        {"retry_usec", "RetryUSec"},
        {"size_bytes", "SizeBytes"},
        {"recipients", "Recipients"},
        {"sender", "Sender"},
        {"domains", "Domains"},
        {"nexthops", "NextHops"},
        {"reason", "Reason"},
        {"status", "Status"},
        {"complete", "Complete"},
        {"postponed", "Postponed"},
        {"duplicate_risk", "DuplicateRisk"},
};

/* As the daemon keeps them.  What qshape calls MAILER-DAEMON is no sender at all. */
static int take_domain(const char *text, char *domain, size_t size) {
        if (strchr(text, '@'))
                return ctl_usage(&command_queue, "messages are known by domains: not '%s' but '%s'", text,
                        strrchr(text, '@') + 1);
        text_copy(domain, size, strcmp(text, "MAILER-DAEMON") == 0 ? "<>" : text);
        for (; *domain; domain++)
                *domain = (char)tolower((unsigned char)*domain);
        return CTL_GOOD;
}

static int take_filter(struct request *request, int filter, const char *text) {
        struct client_option *option = &request->filters[filter];

        if (!text[0] || !dbus_validate_utf8(text, NULL))
                return ctl_usage(&command_queue, "'%s' is nothing to look for", text);
        option->type = DBUS_TYPE_STRING;
        option->value.text = text;
        switch (filter) {
        case OLDER_THAN:
                option->type = DBUS_TYPE_UINT64;
                return ctl_take_age(&command_queue, "--older-than", text, &option->value.number);
        case DOMAIN:
                option->value.text = request->domain;
                return take_domain(text, request->domain, sizeof(request->domain));
        case SENDER:
                option->value.text = request->sender;
                return take_domain(text, request->sender, sizeof(request->sender));
        default: return CTL_GOOD;
        }
}

static int parse(int argc, char **argv, struct request *request) {
        static const struct option options[] = {{"messages", no_argument, NULL, 'm'},
                {"instance", required_argument, NULL, INSTANCE}, {"queue", required_argument, NULL, QUEUE},
                {"domain", required_argument, NULL, DOMAIN}, {"sender", required_argument, NULL, SENDER},
                {"reason", required_argument, NULL, REASON}, {"nexthop", required_argument, NULL, NEXTHOP},
                {"older-than", required_argument, NULL, OLDER_THAN}, {0}};
        int status = CTL_GOOD;

        opterr = 0;
        for (int option;
                status == CTL_GOOD && (option = getopt_long(argc, argv, ":", options, NULL)) != -1;) {
                if (option == 'm')
                        request->messages = true;
                else if (option == ':')
                        status = ctl_usage(&command_queue, "%s needs a value", argv[optind - 1]);
                else if (option == '?')
                        status = ctl_unknown_option(&command_queue, argv);
                else
                        status = take_filter(request, option, optarg);
        }
        if (status == CTL_GOOD && optind < argc)
                status = ctl_usage(&command_queue, "unexpected argument '%s'", argv[optind]);
        if (status == CTL_GOOD && !request->messages)
                status = ctl_usage(&command_queue, "%s goes with --messages", argv[1]);
        return status;
}

static void print_message(const json_t *message) {
        json_t *line = json_object();

        for (size_t i = 0; i < ELEMENTSOF(members); i++) {
                json_t *value = json_object_get(message, members[i].key);

                json_object_set_new(line, members[i].name, value ? json_incref(value) : json_null());
        }
        json_dumpf(line, stdout, JSON_COMPACT | JSON_ENSURE_ASCII);
        fputc('\n', stdout);
        json_decref(line);
}

static enum ctl_exit print_page(struct client *client, const struct client_option *filters, uint64_t *cursor,
        struct problem *problem) {
        dbus_uint64_t from = *cursor;
        dbus_uint32_t max = PAGE_MAX;
        json_t *reply = NULL, *message;
        size_t i;
        enum ctl_exit exit = client_ask(client, "QueueMessages", CLIENT_TIMEOUT_MSEC, filters, &reply,
                problem, DBUS_TYPE_UINT64, &from, DBUS_TYPE_UINT32, &max, DBUS_TYPE_INVALID);

        if (exit == CTL_GOOD && client_was_replaced(client)) {
                problem_set(problem,
                        "spoolguardd was restarted meanwhile; these are not all messages, ask again");
                exit = CTL_TROUBLE;
        }
        if (exit == CTL_GOOD) {
                *cursor = (uint64_t)json_integer_value(json_array_get(reply, 0));
                json_array_foreach(json_array_get(reply, 1), i, message) {
                        print_message(message);
                }
        }
        json_decref(reply);
        return exit;
}

int queue_messages(int argc, char **argv) {
        struct request request = {
                .filters = {{.key = "instance"}, {.key = "queue"}, {.key = "domain"}, {.key = "sender"},
                        {.key = "reason"}, {.key = "nexthop"}, {.key = "older_than_usec"}}};
        struct problem problem = {""};
        struct client *client = NULL;
        uint64_t cursor = 0;
        int status = parse(argc, argv, &request);

        if (status != CTL_GOOD)
                return status;
        enum ctl_exit exit = client_new(&client, &problem);

        do {
                if (exit == CTL_GOOD)
                        exit = print_page(client, request.filters, &cursor, &problem);
        } while (exit == CTL_GOOD && cursor != 0 && !ferror(stdout));
        client_free(client);
        return exit == CTL_GOOD ? CTL_GOOD : ctl_fail(exit, "%s", problem.text);
}
