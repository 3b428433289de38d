/* SPDX-License-Identifier: MIT */
/*
 * plugin_describe - all that a plugin says of itself, for people and as JSON
 *
 * Runs in: spoolguardctl.  Walks the const tables of a plugin that has been opened and checked: options, sensors
 * with readings, verbs with arguments, risk and budget.
 *
 * Limits: at most four labels of a reading, as in the plugin API.
 */
#include "ctl/plugin_describe.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "config/option.h"
#include "ctl/print.h"
#include "plugin/plugin.h"

static json_t *options_json(const struct sg_option *table) {
        json_t *list = json_array();

        for (size_t i = 0; i < option_count(table); i++) {
                json_t *json = json_object();

                json_object_set_new(json, "name", json_string(table[i].name));
                json_object_set_new(json, "type", json_string(option_type_name(table[i].type)));
                json_object_set_new(
                        json, "default", table[i].fallback ? json_string(table[i].fallback) : json_null());
                json_object_set_new(json, "doc", json_string(table[i].doc ? table[i].doc : ""));
                json_array_append_new(list, json);
        }
        return list;
}

json_t *plugin_describe_json(const struct sg_plugin *plugin) {
        json_t *json = json_object(), *sensors = json_array(), *verbs = json_array();

        for (size_t i = 0; plugin->sensors && plugin->sensors[i]; i++) {
                const struct sg_sensor *sensor = plugin->sensors[i];
                json_t *readings = json_array(), *one = json_object();

                for (const struct sg_reading *row = sensor->readings; row && row->name; row++) {
                        json_t *reading = json_object(), *labels = json_array();

                        for (size_t k = 0; k < 4 && row->labels[k]; k++)
                                json_array_append_new(labels, json_string(row->labels[k]));
                        json_object_set_new(reading, "name", json_string(row->name));
                        json_object_set_new(reading, "labels", labels);
                        json_object_set_new(reading, "doc", json_string(row->doc ? row->doc : ""));
                        json_array_append_new(readings, reading);
                }
                json_object_set_new(one, "name", json_string(sensor->name));
                json_object_set_new(one, "summary", json_string(sensor->summary));
                json_object_set_new(one, "readings", readings);
                json_array_append_new(sensors, one);
        }
        for (size_t i = 0; plugin->verbs && plugin->verbs[i]; i++) {
                const struct sg_verb *verb = plugin->verbs[i];
                json_t *one = json_object();

                json_object_set_new(one, "name", json_string(verb->name));
                json_object_set_new(one, "summary", json_string(verb->summary));
                json_object_set_new(one, "risk", json_string(plugin_risk_name(verb->risk)));
                json_object_set_new(one, "budget_count", json_integer(verb->budget_count));
                json_object_set_new(
                        one, "budget_window_usec", json_integer((json_int_t)verb->budget_window_usec));
                json_object_set_new(one, "cooldown_usec", json_integer((json_int_t)verb->cooldown_usec));
                json_object_set_new(one, "deadline_usec", json_integer((json_int_t)verb->deadline_usec));
                json_object_set_new(one, "args", options_json(verb->args));
                json_array_append_new(verbs, one);
        }
        json_object_set_new(json, "name", json_string(plugin->name));
        json_object_set_new(json, "version", json_string(plugin->version));
        json_object_set_new(json, "summary", json_string(plugin->summary));
        json_object_set_new(json, "options", options_json(plugin->options));
        json_object_set_new(json, "sensors", sensors);
        json_object_set_new(json, "verbs", verbs);
        return json;
}

static void describe_options(const struct ctl *ctl, const struct sg_option *table) {
        static const char *const headers[] = {"NAME", "TYPE", "DEFAULT", "", NULL};
        struct print_table *rows = print_table_new(headers);

        for (size_t i = 0; i < option_count(table); i++) {
                const char *cells[] = {table[i].name, option_type_name(table[i].type),
                        table[i].fallback ? table[i].fallback : "(must be given)",
                        table[i].doc ? table[i].doc : ""};

                print_table_row(rows, cells);
        }
        if (option_count(table) > 0)
                print_table_consume(ctl, rows);
        else
                print_table_free(rows);
}

void plugin_describe_text(const struct ctl *ctl, const struct sg_plugin *plugin) {
        char cooldown[TEXT_QUANTITY_MAX], window[TEXT_QUANTITY_MAX], deadline[TEXT_QUANTITY_MAX],
                heading[256];

        text_format(heading, sizeof(heading), "Plugin %s %s", plugin->name, plugin->version);
        print_heading(ctl, heading);
        print_wrapped(0, 2, plugin->summary);
        if (option_count(plugin->options) > 0)
                print_text("\nOptions, plugins.%s in the configuration:\n", plugin->name);
        describe_options(ctl, plugin->options);
        for (size_t i = 0; plugin->sensors && plugin->sensors[i]; i++) {
                static const char *const headers[] = {"READING", "LABELS", "", NULL};
                struct print_table *rows = print_table_new(headers);

                text_format(heading, sizeof(heading), "Sensor %s: %s", plugin->sensors[i]->name,
                        plugin->sensors[i]->summary);
                putchar('\n');
                print_wrapped(0, 2, heading);
                for (const struct sg_reading *row = plugin->sensors[i]->readings; row && row->name; row++) {
                        char labels[160] = "";

                        for (size_t k = 0; k < 4 && row->labels[k]; k++)
                                text_format(labels + strlen(labels), sizeof(labels) - strlen(labels), "%s%s",
                                        k ? "," : "", row->labels[k]);
                        const char *cells[] = {row->name, labels, row->doc ? row->doc : ""};

                        print_table_row(rows, cells);
                }
                print_table_consume(ctl, rows);
        }
        for (size_t i = 0; plugin->verbs && plugin->verbs[i]; i++) {
                const struct sg_verb *verb = plugin->verbs[i];

                text_format(heading, sizeof(heading), "Verb %s (%s): %s", verb->name,
                        plugin_risk_name(verb->risk), verb->summary);
                putchar('\n');
                print_wrapped(0, 2, heading);
                print_text("  at most %u in %s, %s between two, %s for each\n", verb->budget_count,
                        text_duration(verb->budget_window_usec, window),
                        text_duration(verb->cooldown_usec, cooldown),
                        text_duration(verb->deadline_usec, deadline));
                describe_options(ctl, verb->args);
        }
}
