/* SPDX-License-Identifier: MIT */
/*
 * cmd_plugins - the plugins in use, and with --describe all that they say of themselves
 *
 * Runs in: spoolguardctl.  The list is the daemon's.  --describe opens the shared objects here, with the checks
 * of owner and mode that the daemon makes, and prints their tables: options, sensors with readings, verbs with
 * arguments, risk and budget.  It needs no daemon.
 *
 * Fails: exit 1 when a plugin was refused, or when there is none of the given name.
 */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "config/option.h"
#include "ctl/client.h"
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

static json_t *describe_json(const struct sg_plugin *plugin) {
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

static void describe_text(const struct ctl *ctl, const struct sg_plugin *plugin) {
        char cooldown[TEXT_QUANTITY_MAX], window[TEXT_QUANTITY_MAX], deadline[TEXT_QUANTITY_MAX],
                heading[256];

        text_format(heading, sizeof(heading), "Plugin %s %s", plugin->name, plugin->version);
        print_heading(ctl, heading);
        print_text("%s\n", plugin->summary);
        if (option_count(plugin->options) > 0)
                print_text("\nOptions, plugins.%s in the configuration:\n", plugin->name);
        describe_options(ctl, plugin->options);
        for (size_t i = 0; plugin->sensors && plugin->sensors[i]; i++) {
                static const char *const headers[] = {"READING", "LABELS", "", NULL};
                struct print_table *rows = print_table_new(headers);

                print_text("\nSensor %s: %s\n", plugin->sensors[i]->name, plugin->sensors[i]->summary);
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

                print_text("\nVerb %s (%s): %s\n", verb->name, plugin_risk_name(verb->risk), verb->summary);
                print_text("  at most %u in %s, %s between two, %s for each\n", verb->budget_count,
                        text_duration(verb->budget_window_usec, window),
                        text_duration(verb->cooldown_usec, cooldown),
                        text_duration(verb->deadline_usec, deadline));
                describe_options(ctl, verb->args);
        }
}

static int describe(const struct ctl *ctl, const char *name) {
        struct plugin_list *plugins = NULL;
        json_t *list = json_array();
        int status = CTL_GOOD;
        size_t n = 0;
        int r = plugin_list_new(ctl->plugin_dir, &plugins);

        if (r < 0) {
                json_decref(list);
                return ctl_fail(CTL_TROUBLE, "%s cannot be read: %s", ctl->plugin_dir, strerror(-r));
        }
        for (size_t i = 0; i < plugins->n; i++) {
                const struct plugin *plugin = &plugins->plugins[i];

                if (name && strcmp(plugin->name, name) != 0)
                        continue;
                n++;
                if (!plugin->sg)
                        status = ctl_fail(
                                CTL_TROUBLE, "plugin %s is refused: %s", plugin->name, plugin->refused.text);
                else if (ctl->json)
                        json_array_append_new(list, describe_json(plugin->sg));
                else
                        describe_text(ctl, plugin->sg);
        }
        if (ctl->json)
                print_json_consume(list);
        else
                json_decref(list);
        plugin_list_free(plugins);
        if (name && n == 0)
                return ctl_fail(CTL_TROUBLE, "there is no plugin '%s' in %s", name, ctl->plugin_dir);
        return status;
}

static int show(const struct ctl *ctl, const json_t *plugins, const char *name) {
        static const char *const headers[] = {"PLUGIN", "VERSION", "STATE", "", NULL};
        struct print_table *table = print_table_new(headers);
        json_t *list = json_array();
        const json_t *plugin;
        size_t i;
        int status = CTL_GOOD;

        json_array_foreach((json_t *)plugins, i, plugin) {
                const char *refused = client_text(plugin, "refused");
                const char *cells[] = {client_text(plugin, "name"), client_text(plugin, "version"),
                        refused[0] ? "refused" : "ok", refused[0] ? refused : client_text(plugin, "summary")};

                if (name && strcmp(cells[0], name) != 0)
                        continue;
                if (refused[0])
                        status = CTL_TROUBLE;
                print_table_row(table, cells);
                json_array_append(list, (json_t *)plugin);
        }
        if (name && json_array_size(list) == 0)
                status = ctl_fail(CTL_TROUBLE, "the daemon has no plugin '%s'", name);
        if (ctl->json) {
                print_json_consume(list);
                print_table_free(table);
        } else {
                json_decref(list);
                print_table_consume(ctl, table);
        }
        return status;
}

static int run(const struct ctl *ctl, int argc, char **argv) {
        static const struct option options[] = {{"describe", no_argument, NULL, 'd'}, {0}};
        struct problem problem = {""};
        struct client *client = NULL;
        json_t *manager = NULL;
        bool describes = false;

        opterr = 0;
        for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
                if (option != 'd')
                        return ctl_usage(&command_plugins, "unknown option '%s'", argv[optind - 1]);
                describes = true;
        }
        if (argc - optind > 1)
                return ctl_usage(&command_plugins, "unexpected argument '%s'", argv[optind + 1]);
        const char *name = optind < argc ? argv[optind] : NULL;

        if (describes)
                return describe(ctl, name);
        enum ctl_exit exit = client_new(&client, &problem);

        if (exit == CTL_GOOD)
                exit = client_properties(
                        client, CLIENT_ROOT, CLIENT_INTERFACE("Manager"), &manager, &problem);
        int status = exit == CTL_GOOD ? show(ctl, json_object_get(manager, "Plugins"), name)
                                      : ctl_fail(exit, "%s", problem.text);

        json_decref(manager);
        client_free(client);
        return status;
}

const struct ctl_command command_plugins = {
        .name = "plugins",
        .arguments = "[NAME] [--describe] [--json]",
        .summary = "The plugins, and with --describe their options, sensors and verbs",
        .help = "Without --describe: what the daemon has loaded, and why it refused what it did not.\n"
                "With it the plugins are opened here, and need no daemon: every option with type and "
                "default,\n"
                "every reading with its labels, every verb with risk, budget and arguments.\n",
        .run = run,
};
