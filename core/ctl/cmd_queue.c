/* SPDX-License-Identifier: MIT */
/*
 * cmd_queue - what lies in the queues, where it wants to go, and why it does not
 *
 * Runs in: spoolguardctl.  From the readings that the daemon has anyway: asking costs the queue nothing, however large
 * it is.  For each Postfix instance the six queues, the next hops with the state of their relays and what is postponed,
 * and the reasons of deferrals, and while an incident is open who sent what came in since (senders.c); single messages
 * are listed by queue_messages.c.  What cannot be seen is "?", never 0.
 *
 * Fails: exit 1 when no sensor follows a queue, 3 when the daemon does not answer or its newest reading is old.
 *
 * Limits: people are shown the ROWS_MAX largest next hops and reasons; --json has as many as the daemon.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "ctl/client.h"
#include "ctl/print.h"
#include "ctl/queue_json.h"
#include "ctl/queue_messages.h"
#include "ctl/readings.h"
#include "ctl/senders.h"
#include "ctl/view.h"

#define ROWS_MAX 15

/* One table about an instance: a heading, and how a row becomes cells. */
struct section {
        const char *name, *heading;
        bool all; /* also rows without a message */
        const char *headers[PRINT_COLUMNS_MAX];
        void (*add)(struct print_table *table, const json_t *row);
};

static const char *value_of(
        const json_t *row, const char *member, const char *unit, char text[static PRINT_VALUE_MAX]) {
        double value = client_double(row, member);

        return isnan(value) ? "?" : print_value(unit, value, text);
}

static void add_queue(struct print_table *table, const json_t *row) {
        char messages[PRINT_VALUE_MAX], bytes[PRINT_VALUE_MAX], oldest[PRINT_VALUE_MAX];
        bool is_empty = json_is_integer(json_object_get(row, "messages")) && client_u64(row, "messages") == 0;
        const char *cells[] = {
                client_text(row, "queue"),
                value_of(row, "messages", "", messages),
                value_of(row, "bytes", "_bytes", bytes),
                is_empty ? "-" : value_of(row, "oldest_seconds", "_seconds", oldest),
        };

        print_table_row(table, cells);
}

static const char *relay_of(const json_t *row, char text[static PRINT_VALUE_MAX]) {
        const char *relay = client_text(row, "relay");

        if (strcmp(relay, "partly") == 0)
                text_format(text, PRINT_VALUE_MAX, "%.0f%% up", 100 * client_double(row, "relay_up_ratio"));
        else
                text_copy(text, PRINT_VALUE_MAX,
                        !relay[0]                               ? "-"
                                : strcmp(relay, "unknown") == 0 ? "?"
                                                                : relay);
        return text;
}

static void lease_of(const json_t *row, char *text, size_t size) {
        const json_t *lease = json_object_get(row, "lease");
        const char *state = client_text(lease, "state");
        char time[PRINT_VALUE_MAX];

        text[0] = '\0';
        if (json_is_null(lease))
                return;
        if (strcmp(state, "in-force") == 0)
                text_format(text, size, "until %s, lease %" PRIu64,
                        print_time(client_u64(lease, "expires"), time), client_u64(lease, "id"));
        else
                text_format(text, size, "lease %" PRIu64 " is %s", client_u64(lease, "id"),
                        view_lease_state(state));
}

static void add_nexthop(struct print_table *table, const json_t *row) {
        char messages[PRINT_VALUE_MAX], dead[PRINT_VALUE_MAX], relay[PRINT_VALUE_MAX], lease[256];
        const char *cells[] = {
                client_text(row, "nexthop"),
                value_of(row, "messages", "", messages),
                value_of(row, "dead_messages", "", dead),
                relay_of(row, relay),
                lease,
        };

        lease_of(row, lease, sizeof(lease));
        print_table_row(table, cells);
}

static void add_reason(struct print_table *table, const json_t *row) {
        char messages[PRINT_VALUE_MAX];
        const char *cells[] = {client_text(row, "reason"), value_of(row, "messages", "", messages)};

        print_table_row(table, cells);
}

static const struct section sections[] = {
        {"queues", NULL, true, {"QUEUE", ">MESSAGES", ">SIZE", ">OLDEST"}, add_queue},
        {"nexthops", "Next hops of deferred mail", false,
                {"NEXT HOP", ">MESSAGES", ">DEAD", "RELAY", "POSTPONED"}, add_nexthop},
        {"reasons", "Why mail is deferred", false, {"REASON", ">MESSAGES"}, add_reason},
};

static bool is_of(const json_t *row, const char *instance) {
        return strcmp(client_text(row, "instance"), instance) == 0;
}

/* Next hops and reasons are remembered for a while when nothing waits there any more. */
static bool is_worth_a_line(const struct section *section, const json_t *row) {
        return section->all || fpclassify(client_double(row, "messages")) != FP_ZERO ||
                json_is_object(json_object_get(row, "lease"));
}

static void print_section(
        const struct ctl *ctl, const struct section *section, const json_t *queue, const char *instance) {
        struct print_table *table = print_table_new(section->headers);
        const json_t *row;
        size_t i, n = 0;

        json_array_foreach(json_object_get(queue, section->name), i, row) {
                if (is_of(row, instance) && is_worth_a_line(section, row) && ++n <= ROWS_MAX)
                        section->add(table, row);
        }
        if (n == 0) {
                print_table_free(table);
                return;
        }
        if (section->heading)
                print_heading(ctl, section->heading);
        print_table_consume(ctl, table);
        if (n > ROWS_MAX)
                print_text("  and %zu more; --json has all\n", n - ROWS_MAX);
}

static void print_unreadable(const json_t *queue, const char *instance) {
        char number[PRINT_VALUE_MAX], text[256];
        const json_t *row;
        size_t i;

        json_array_foreach(json_object_get(queue, "unreadable"), i, row) {
                if (!is_of(row, instance) || fpclassify(client_double(row, "messages")) == FP_ZERO)
                        continue;
                text_format(text, sizeof(text),
                        "%s queue files cannot be read: they are in the first table, and in no other.",
                        value_of(row, "messages", "", number));
                putchar('\n');
                print_wrapped(0, 0, text);
        }
}

/* Names of all instances, once each, in order. */
static json_t *instances_of(const json_t *queue) {
        json_t *names = json_object(), *row;
        size_t i;

        for (size_t k = 0; k < ELEMENTSOF(sections); k++)
                json_array_foreach(json_object_get(queue, sections[k].name), i, row) {
                        json_object_set_new(names, client_text(row, "instance"), json_true());
                }
        return names;
}

static void print_as_text(const struct ctl *ctl, const json_t *queue) {
        json_t *instances = instances_of(queue), *unused;
        const char *instance;

        json_object_foreach(instances, instance, unused) {
                char heading[512];

                text_format(heading, sizeof(heading), "Instance %s", instance);
                if (json_object_size(instances) > 1)
                        print_heading(ctl, heading);
                for (size_t k = 0; k < ELEMENTSOF(sections); k++)
                        print_section(ctl, &sections[k], queue, instance);
                print_unreadable(queue, instance);
        }
        json_decref(instances);
}

static int show(
        const struct ctl *ctl, const struct readings *readings, const json_t *leases, const json_t *senders) {
        json_t *queue = queue_json(readings->rows, leases);
        bool is_blind = json_array_size(json_object_get(queue, "queues")) == 0;
        char age[TEXT_QUANTITY_MAX];

        if (ctl->json) {
                json_object_set_new(queue, "stale", json_boolean(readings->stale));
                json_object_set_new(
                        queue, "since_incident", senders ? json_incref((json_t *)senders) : json_null());
                print_json_consume(json_incref(queue));
        } else if (!is_blind) {
                print_as_text(ctl, queue);
                senders_print(ctl, senders);
        }
        json_decref(queue);
        if (is_blind)
                return ctl_fail(CTL_TROUBLE,
                        "no mail queue is known: the daemon has just begun to look, or no plugin follows "
                        "one; "
                        "see spoolguardctl plugins, and spoolguardctl status");
        if (readings->stale)
                return ctl_fail(CTL_UNREACHABLE,
                        "this is old: no reading is younger than %s; see journalctl -u spoolguard",
                        text_duration(readings->age_usec, age));
        return CTL_GOOD;
}

static int run(const struct ctl *ctl, int argc, char **argv) {
        struct readings readings = {.rows = NULL};
        struct problem problem = {""};
        struct client *client = NULL;
        json_t *leases = NULL, *incidents = NULL, *senders = NULL;

        if (argc > 1)
                return queue_messages(argc, argv);
        enum ctl_exit exit = client_new(&client, &problem);

        if (exit == CTL_GOOD)
                exit = readings_fetch(client, &readings, &problem);
        if (exit == CTL_GOOD)
                exit = client_objects(client, "lease", &leases, &problem);
        if (exit == CTL_GOOD)
                exit = client_objects(client, "incident", &incidents, &problem);
        if (exit == CTL_GOOD)
                senders = senders_fetch(client, incidents);
        int status =
                exit == CTL_GOOD ? show(ctl, &readings, leases, senders) : ctl_fail(exit, "%s", problem.text);

        json_decref(senders);
        json_decref(incidents);
        json_decref(leases);
        readings_deinit(&readings);
        client_free(client);
        return status;
}

const struct ctl_command command_queue = {
        .name = "queue",
        .arguments = "[--json] | queue --messages [FILTER...]",
        .summary = "What is in the queues, where it wants to go, why it waits",
        .help = "For each Postfix instance: messages, size and oldest message of the six queues;\n"
                "the next hops of deferred mail; and why mail is deferred.  Largest first.  Of a\n"
                "next hop: the number of messages for which nobody answered (DEAD), whether its\n"
                "relays speak SMTP (-: nobody had a reason to try), and until when mail for it\n"
                "is postponed.  ? stands for what cannot be seen.  Asking costs the queue\n"
                "nothing, however large it is.\n"
                "\n"
                "While an incident is open also the five domains that sent most of what came in\n"
                "since it began and is still in the queues; what was delivered meanwhile is not\n"
                "counted.\n"
                "\n"
                "With --messages instead every message as one line of JSON, in no order; null\n"
                "stands for what is not known.  A message is listed when it passes all of\n"
                "  --instance NAME   --queue QUEUE   --nexthop HOP   --reason CLASS\n"
                "  --domain DOMAIN      with a recipient there that is still to do\n"
                "  --sender DOMAIN      from there; \"<>\": without a sender\n"
                "  --older-than AGE     which came in longer ago than 90s, 15m, 24h or 7d\n"
                "Reasons are dns, timeout, refused, unreachable, lost, tls, greylist, quota,\n"
                "policy, remote, filter, transport, paused, local, duplicate-risk, other, and\n"
                "none.\n"
                "\n"
                "Exit status: 0 shown; 1 no plugin follows a queue, or there is no queue,\n"
                "instance or reason of that name; 3 the daemon does not answer, or its newest\n"
                "reading is older than five minutes.\n",
        .has_options = true,
        .run = run,
};
