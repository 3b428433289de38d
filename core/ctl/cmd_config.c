/* SPDX-License-Identifier: MIT */
/*
 * cmd_config - the configuration in force, and where each value comes from
 *
 * Runs in: spoolguardctl.  Asks the daemon, not the files: what counts is what is in force, and a file that was
 * edited since is not.  Texts of playbooks and arguments of the notify command are not published.
 *
 * Fails: exit 1 when nothing begins with the given words, 3 when nobody answers.
 */
#include <dbus/dbus.h>
#include <string.h>

#include "ctl/client.h"
#include "ctl/print.h"

static bool is_below(const char *key, const char *prefix) {
        size_t length = strlen(prefix);

        return strncmp(key, prefix, length) == 0 &&
                (length == 0 || key[length] == '\0' || key[length] == '.' || prefix[length - 1] == '.');
}

static int show(const struct ctl *ctl, const json_t *entries, const char *prefix) {
        static const char *const headers[] = {"KEY", "VALUE", "FROM", NULL};
        struct print_table *table = print_table_new(headers);
        json_t *list = json_array();
        const json_t *row;
        size_t i;

        json_array_foreach((json_t *)entries, i, row) {
                const char *cells[] = {json_string_value(json_array_get(row, 0)),
                        json_string_value(json_array_get(row, 1)), json_string_value(json_array_get(row, 2))};

                if (!is_below(cells[0], prefix))
                        continue;
                print_table_row(table, cells);
                json_t *json = json_object();

                json_object_set_new(json, "key", json_string(cells[0]));
                json_object_set_new(json, "value", json_string(cells[1]));
                json_object_set_new(json, "origin", json_string(cells[2]));
                json_array_append_new(list, json);
        }
        size_t n = json_array_size(list);

        if (ctl->json)
                print_json_consume(list);
        else
                json_decref(list);
        if (ctl->json || n == 0)
                print_table_free(table);
        else
                print_table_consume(ctl, table);
        return n > 0 ? CTL_GOOD : ctl_fail(CTL_TROUBLE, "no setting begins with '%s'", prefix);
}

static int run(const struct ctl *ctl, int argc, char **argv) {
        struct problem problem = {""};
        struct client *client = NULL;
        json_t *reply = NULL;

        if (argc > 2)
                return ctl_usage(&command_config, "unexpected argument '%s'", argv[2]);
        enum ctl_exit exit = client_new(&client, &problem);

        if (exit == CTL_GOOD)
                exit = client_call(client, CLIENT_INTERFACE("Manager"), "GetConfig", CLIENT_TIMEOUT_MSEC,
                        &reply, &problem, DBUS_TYPE_INVALID);
        int status = exit == CTL_GOOD ? show(ctl, json_array_get(reply, 0), argc == 2 ? argv[1] : "")
                                      : ctl_fail(exit, "%s", problem.text);

        json_decref(reply);
        client_free(client);
        return status;
}

const struct ctl_command command_config = {
        .name = "config",
        .arguments = "[KEY] [--json]",
        .summary = "The configuration in force, and where each value comes from",
        .help = "Each value with its origin: \"built-in\", or file and line.  With KEY\n"
                "(\"conditions\", \"playbooks.vacuum-journal\") only what is below it.  What the\n"
                "files say now, if they were changed since: spoolguardd --check.\n",
        .run = run,
};
