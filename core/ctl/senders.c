/* SPDX-License-Identifier: MIT */
/*
 * senders - whose mail came in since the open incident began, as far as it is still in the queues
 *
 * Runs in: spoolguardctl.  When a queue grows at night the first question is who sends.  The daemon is asked for the
 * domains of senders (QueueShape), of messages that arrived when the incident began or later.  Mail that came in
 * and was delivered meanwhile is in no queue any more, and no figure here knows of it: the heading says so.
 *
 * Fails: without an answer there is nothing to show, which is no reason not to show the rest.
 *
 * Limits: domains, as everywhere on the bus, never addresses.
 */
#include "ctl/senders.h"

#include <dbus/dbus.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "ctl/print.h"

/* A question that takes longer is not worth waiting for: the rest of the answer is there already. */
#define TIMEOUT_MSEC 3000

static const json_t *open_one(const json_t *incidents) {
        const json_t *incident;
        size_t i;

        json_array_foreach((json_t *)incidents, i, incident) {
                if (client_u64(incident, "ClosedUSec") == 0 && client_u64(incident, "SinceUSec") > 0)
                        return incident;
        }
        return NULL;
}

static json_t *count_of(const json_t *row) {
        json_t *total = json_array_get(json_array_get(row, 1), 0);

        return json_is_integer(total) ? json_incref(total) : NULL;
}

json_t *senders_json(const json_t *incident, const json_t *rows) {
        json_t *total = count_of(json_array_get(rows, 0)), *list, *row;
        size_t i;

        if (!total)
                return NULL;
        list = json_array();
        json_array_foreach((json_t *)rows, i, row) {
                json_t *count = i > 0 && i <= SENDERS_TOP ? count_of(row) : NULL;

                if (count)
                        json_array_append_new(list,
                                json_pack("{s:O, s:o}", "sender", json_array_get(row, 0), "messages", count));
        }
        return json_pack("{s:I, s:I, s:o, s:o}", "incident", (json_int_t)client_u64(incident, "Id"),
                "since_usec", (json_int_t)client_u64(incident, "SinceUSec"), "messages", total, "senders",
                list);
}

json_t *senders_fetch(struct client *client, const json_t *incidents) {
        const json_t *incident = open_one(incidents);
        const struct client_option options[] = {
                {"sender", DBUS_TYPE_BOOLEAN, {.number = true}},
                {"buckets", DBUS_TYPE_UINT32, {.number = 1}},
                {"arrived_since_usec", DBUS_TYPE_UINT64, {.number = client_u64(incident, "SinceUSec")}},
                {0},
        };
        const char *queues = "incoming active deferred hold";
        dbus_uint32_t limit = SENDERS_TOP;
        struct problem problem;
        json_t *reply = NULL, *senders = NULL;

        if (incident &&
                client_ask(client, "QueueShape", TIMEOUT_MSEC, options, &reply, &problem, DBUS_TYPE_STRING,
                        &queues, DBUS_TYPE_UINT32, &limit, DBUS_TYPE_INVALID) == CTL_GOOD)
                senders = senders_json(incident, json_array_get(reply, 0));
        json_decref(reply);
        return senders;
}

void senders_print(const struct ctl *ctl, const json_t *senders) {
        static const char *const headers[] = {"SENDER", ">MESSAGES", NULL};
        const json_t *list = json_object_get(senders, "senders"), *row;
        uint64_t left = client_u64(senders, "messages");
        char text[256], time[PRINT_VALUE_MAX], count[PRINT_VALUE_MAX];
        struct print_table *table;
        size_t i;

        if (json_array_size(list) == 0)
                return;
        text_format(text, sizeof(text),
                "Who sent what came in since %s, when incident %" PRIu64 " began, and is still here",
                print_time(client_u64(senders, "since_usec"), time), client_u64(senders, "incident"));
        print_heading(ctl, text);
        table = print_table_new(headers);
        json_array_foreach((json_t *)list, i, row) {
                uint64_t messages = client_u64(row, "messages");
                const char *cells[] = {client_text(row, "sender"), print_count(messages, count)};

                print_table_row(table, cells);
                left -= messages < left ? messages : left;
        }
        print_table_consume(ctl, table);
        if (left > 0)
                print_text("  and %s of others\n", print_count(left, count));
}
