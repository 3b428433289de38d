/* SPDX-License-Identifier: MIT */
/*
 * view - conditions, playbooks and lists of incidents as people read them
 *
 * Runs in: spoolguardctl.  Tables over the properties that the daemon publishes, for the commands that show the
 * same things: status, explain and incidents.  Nothing is worked out here that the daemon does not say.
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
                "PLAYBOOK", "MODE", "STATE", "RUNS", "OBSERVED", "LAST RUN", "", NULL};
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

void view_incidents(const struct ctl *ctl, const json_t *incidents) {
        static const char *const headers[] = {
                "INCIDENT", "STATE", "OPENED", "CLOSED", "ACTIONS", "TITLE", NULL};
        struct print_table *table = print_table_new(headers);
        const json_t *incident;
        size_t i;

        json_array_foreach((json_t *)incidents, i, incident) {
                uint64_t closed = client_u64(incident, "ClosedUSec");
                const char *diagnosis = client_text(incident, "Diagnosis");
                char id[32], opened_text[PRINT_VALUE_MAX], closed_text[PRINT_VALUE_MAX], actions[32];
                char about[1024];
                const char *cells[] = {
                        id,
                        client_bool(incident, "Escalated") ? "escalated"
                                : closed                   ? "closed"
                                                           : "active",
                        print_time(client_u64(incident, "SinceUSec"), opened_text),
                        print_time(closed, closed_text),
                        actions,
                        about,
                };

                text_format(id, sizeof(id), "%" PRIu64, client_u64(incident, "Id"));
                text_format(about, sizeof(about), "%s%s%s", client_text(incident, "Title"),
                        diagnosis[0] ? ": " : "", diagnosis);
                text_format(actions, sizeof(actions), "%zu",
                        json_array_size(json_object_get(incident, "Actions")));
                print_table_row(table, cells);
        }
        print_table_consume(ctl, table);
}
