/* SPDX-License-Identifier: MIT */
/*
 * view - conditions, playbooks, incidents and actions as people read them
 *
 * Runs in: spoolguardctl.  Tables over the properties that the daemon publishes, for the commands that show the
 * same things: status, explain, incidents and run.  Nothing is worked out here that the daemon does not say.
 *
 * Limits: a list of names is cut at the width of its buffer.
 */
#include "ctl/view.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "ctl/client.h"
#include "ctl/print.h"

void view_join(const json_t *texts, char *text, size_t size) {
        size_t i, used = 0;
        const json_t *item;

        text[0] = '\0';
        json_array_foreach((json_t *)texts, i, item) {
                text_format(text + used, size - used, "%s%s", i ? ", " : "", json_string_value(item));
                used += strlen(text + used);
        }
}

void view_conditions(const struct ctl *ctl, const json_t *conditions) {
        static const char *const headers[] = {
                "CONDITION", "STATE", "VALUE", "TRIPS", "CLEARS", "SINCE", NULL};
        struct print_table *table = print_table_new(headers);
        const json_t *condition;
        size_t i;

        json_array_foreach((json_t *)conditions, i, condition) {
                const char *reading = client_text(condition, "Reading");
                char value[PRINT_VALUE_MAX], trip[PRINT_VALUE_MAX], clear[PRINT_VALUE_MAX];
                char since[PRINT_VALUE_MAX];
                const char *cells[] = {
                        client_text(condition, "Name"),
                        client_text(condition, "State"),
                        print_value(reading, client_double(condition, "Value"), value),
                        print_value(reading, client_double(condition, "TripLevel"), trip),
                        print_value(reading, client_double(condition, "ClearLevel"), clear),
                        print_distance(client_u64(condition, "SinceUSec"), since),
                };

                print_table_row(table, cells);
        }
        print_table_consume(ctl, table);
}

void view_until(const json_t *playbook, char *text, size_t size) {
        const char *state = client_text(playbook, "State");
        uint64_t until = client_u64(playbook, "UntilUSec");
        char time[PRINT_VALUE_MAX], distance[PRINT_VALUE_MAX];

        if (until != 0 && (strcmp(state, "cooldown") == 0 || strcmp(state, "spent") == 0))
                text_format(text, size, "until %s (%s)", print_time(until, time),
                        print_distance(until, distance));
        else
                text_copy(text, size, client_text(playbook, "Failed"));
}

void view_playbooks(const struct ctl *ctl, const json_t *playbooks) {
        static const char *const headers[] = {
                "PLAYBOOK", "MODE", "STATE", "RUNS", "WOULD HAVE RUN", "LAST RUN", "", NULL};
        struct print_table *table = print_table_new(headers);
        const json_t *playbook;
        size_t i;

        json_array_foreach((json_t *)playbooks, i, playbook) {
                char runs[32], would[32], last[PRINT_VALUE_MAX], until[256];
                const char *cells[] = {
                        client_text(playbook, "Name"),
                        client_text(playbook, "Mode"),
                        client_text(playbook, "State"),
                        runs,
                        would,
                        print_distance(client_u64(playbook, "LastRunUSec"), last),
                        until,
                };

                text_format(runs, sizeof(runs), "%" PRIu64, client_u64(playbook, "Runs"));
                text_format(would, sizeof(would), "%" PRIu64, client_u64(playbook, "WouldHaveRun"));
                view_until(playbook, until, sizeof(until));
                print_table_row(table, cells);
        }
        print_table_consume(ctl, table);
}

void view_actions(const struct ctl *ctl, const json_t *actions) {
        static const char *const headers[] = {
                "ACTION", "AT", "PLAYBOOK", "VERB", "STATUS", "FREED", "RESULT", NULL};
        struct print_table *table = print_table_new(headers);
        const json_t *action;
        size_t i;

        json_array_foreach((json_t *)actions, i, action) {
                const char *args = client_text(action, "args");
                uint64_t freed = client_u64(action, "freed_bytes");
                uint64_t at = client_u64(action, "started_usec");
                char id[32], time[PRINT_VALUE_MAX], verb[400], size[TEXT_QUANTITY_MAX];
                const char *cells[] = {
                        id,
                        print_time(at ? at : client_u64(action, "finished_usec"), time),
                        client_text(action, "playbook"),
                        verb,
                        client_text(action, "status"),
                        freed ? text_size(freed, size) : "-",
                        client_text(action, "text"),
                };

                text_format(id, sizeof(id), "%" PRIu64, client_u64(action, "action"));
                text_format(
                        verb, sizeof(verb), "%s%s%s", client_text(action, "verb"), args[0] ? " " : "", args);
                print_table_row(table, cells);
        }
        print_table_consume(ctl, table);
}

void view_incidents(const struct ctl *ctl, const json_t *incidents) {
        static const char *const headers[] = {
                "INCIDENT", "STATE", "OPENED", "CLOSED", "ACTIONS", "TITLE", NULL};
        struct print_table *table = print_table_new(headers);
        const json_t *incident;
        size_t i;

        json_array_foreach((json_t *)incidents, i, incident) {
                uint64_t closed = client_u64(incident, "ClosedUSec");
                char id[32], opened_text[PRINT_VALUE_MAX], closed_text[PRINT_VALUE_MAX], actions[32];
                const char *cells[] = {
                        id,
                        client_bool(incident, "Escalated") ? "escalated"
                                : closed                   ? "closed"
                                                           : "active",
                        print_time(client_u64(incident, "SinceUSec"), opened_text),
                        print_time(closed, closed_text),
                        actions,
                        client_text(incident, "Title"),
                };

                text_format(id, sizeof(id), "%" PRIu64, client_u64(incident, "Id"));
                text_format(actions, sizeof(actions), "%zu",
                        json_array_size(json_object_get(incident, "Actions")));
                print_table_row(table, cells);
        }
        print_table_consume(ctl, table);
}

void view_incident(const struct ctl *ctl, const json_t *incident) {
        uint64_t since = client_u64(incident, "SinceUSec"), closed = client_u64(incident, "ClosedUSec");
        char time[PRINT_VALUE_MAX], distance[PRINT_VALUE_MAX], names[4096], heading[64];
        const json_t *actions = json_object_get(incident, "Actions");

        text_format(heading, sizeof(heading), "Incident %" PRIu64 "%s", client_u64(incident, "Id"),
                client_bool(incident, "Escalated") ? " (a person was called)" : "");
        print_heading(ctl, heading);
        print_text("  %s\n", client_text(incident, "Title"));
        if (client_text(incident, "Diagnosis")[0])
                print_text("  %s\n", client_text(incident, "Diagnosis"));
        print_text("  opened %s (%s)\n", print_time(since, time), print_distance(since, distance));
        if (closed)
                print_text("  closed %s, after %s\n", print_time(closed, time),
                        text_duration(closed > since ? closed - since : 0, distance));
        view_join(json_object_get(incident, "Conditions"), names, sizeof(names));
        print_text("  conditions: %s\n", names);
        if (json_array_size(actions) > 0)
                view_actions(ctl, actions);
        else
                print_text("  nothing was done\n");
}
