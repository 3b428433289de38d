/* SPDX-License-Identifier: MIT */
/*
 * cmd_plugins - the plugins in use, and with --describe all that they say of themselves
 *
 * Runs in: spoolguardctl.  The list is the daemon's.  --describe opens the shared objects here, with the checks
 * of owner and mode that the daemon makes, and prints their tables (plugin_describe.c).  It needs no daemon.
 *
 * Fails: exit 1 when a plugin was refused, or when there is none of the given name, with the nearest one.
 */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "ctl/client.h"
#include "ctl/plugin_describe.h"
#include "ctl/print.h"
#include "plugin/plugin.h"

#define NAMES_MAX 64

/* The plugins that there are, for whoever names another one. */
struct names {
        const char *list[NAMES_MAX];
        size_t n;
};

static void note_name(struct names *names, const char *name) {
        if (names->n < NAMES_MAX)
                names->list[names->n++] = name;
}

static int no_plugin(const char *name, const struct names *names) {
        const char *near = text_nearest(name, names->list, names->n);

        return ctl_fail(CTL_TROUBLE, "there is no plugin '%s'%s%s%s", name, near ? ", did you mean '" : "",
                near ? near : "", near ? "'?" : "");
}

static int describe(const struct ctl *ctl, const char *name) {
        struct plugin_list *plugins = NULL;
        struct names names = {.n = 0};
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

                note_name(&names, plugin->name);
                if (name && strcmp(plugin->name, name) != 0)
                        continue;
                n++;
                if (!plugin->sg)
                        status = ctl_fail(
                                CTL_TROUBLE, "plugin %s is refused: %s", plugin->name, plugin->refused.text);
                else if (ctl->json)
                        json_array_append_new(list, plugin_describe_json(plugin->sg));
                else
                        plugin_describe_text(ctl, plugin->sg);
        }
        if (ctl->json)
                print_json_consume(list);
        else
                json_decref(list);
        if (name && n == 0)
                status = no_plugin(name, &names);
        plugin_list_free(plugins);
        return status;
}

static int show(const struct ctl *ctl, const json_t *plugins, const char *name) {
        static const char *const headers[] = {"PLUGIN", "VERSION", "STATE", "", NULL};
        struct print_table *table = print_table_new(headers);
        struct names names = {.n = 0};
        json_t *list = json_array();
        const json_t *plugin;
        size_t i;
        int status = CTL_GOOD;

        json_array_foreach((json_t *)plugins, i, plugin) {
                const char *refused = client_text(plugin, "refused");
                const char *cells[] = {client_text(plugin, "name"), client_text(plugin, "version"),
                        refused[0] ? "refused" : "ok", refused[0] ? refused : client_text(plugin, "summary")};

                note_name(&names, cells[0]);
                if (name && strcmp(cells[0], name) != 0)
                        continue;
                if (refused[0])
                        status = CTL_TROUBLE;
                print_table_row(table, cells);
                json_array_append(list, (json_t *)plugin);
        }
        bool is_none = name && json_array_size(list) == 0;

        if (ctl->json)
                print_json_consume(list);
        else
                json_decref(list);
        if (ctl->json || is_none)
                print_table_free(table);
        else
                print_table_consume(ctl, table);
        return is_none ? no_plugin(name, &names) : status;
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
                        return ctl_unknown_option(&command_plugins, argv);
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
        .summary = "The plugins; with --describe their options, sensors and verbs",
        .help = "Without --describe: what the daemon has loaded, and why it refused what it did\n"
                "not.  With it the plugins are opened here, and need no daemon: every option\n"
                "with type and default, every reading with its labels, every verb with risk,\n"
                "budget and arguments.\n",
        .has_options = true,
        .run = run,
};
