/* SPDX-License-Identifier: MIT */
/*
 * preflight_daemon - checks of spoolguard itself: configuration, plugins, bus, notify command, ballast, Landlock
 *
 * Runs in: spoolguardctl.  The configuration is judged by spoolguardd --check, which goes the same way as start
 * and reload; the rest is looked at here or asked of the running daemon.
 *
 * Limits: that the notify command is there and may be run is checked, not that its message arrives.
 */
#include <dbus/dbus.h>
#include <errno.h>
#include <linux/landlock.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "ctl/client.h"
#include "ctl/preflight.h"
#include "ctl/tool.h"
#include "plugin/plugin.h"

/* The daemon gives its loader 30 s. */
#define CHECK_MSEC 35000

void preflight_configuration(const struct ctl *ctl, struct preflight_finding *finding) {
        const char *const installed[] = {ctl->daemon, "--check", NULL};
        const char *const elsewhere[] = {ctl->daemon, "--check", "--unprivileged", "--etc", ctl->etc_dir,
                "--plugins", ctl->plugin_dir, "--state", ctl->state_dir, "--run", ctl->run_dir, NULL};
        char output[4096];
        int status = tool_run(ctl->elsewhere ? elsewhere : installed, CHECK_MSEC, output, sizeof(output));

        /* Files that were left out come first, a line each; the verdict is the last line. */
        size_t first = strcspn(output, "\n");
        bool left_out = output[first] == '\n' && output[first + 1] != '\0';

        output[first] = '\0';
        if (status == 0)
                preflight_say(
                        finding, left_out ? PREFLIGHT_WARN : PREFLIGHT_OK, "%s", output[0] ? output : "good");
        else if (status < 0)
                preflight_say(
                        finding, PREFLIGHT_FAIL, "%s cannot be run: %s", ctl->daemon, strerror(-status));
        else if (geteuid() != 0 && !ctl->elsewhere)
                preflight_say(
                        finding, PREFLIGHT_WARN, "not looked at: only root can run spoolguardd --check");
        else
                preflight_say(
                        finding, PREFLIGHT_FAIL, "%s", output[0] ? output : "spoolguardd --check failed");
}

void preflight_plugins(const struct ctl *ctl, struct preflight_finding *finding) {
        struct plugin_list *plugins = NULL;
        const struct plugin *refused = NULL;
        int r = plugin_list_new(ctl->plugin_dir, &plugins);

        if (r < 0) {
                preflight_say(
                        finding, PREFLIGHT_FAIL, "%s cannot be read: %s", ctl->plugin_dir, strerror(-r));
                return;
        }
        for (size_t i = 0; i < plugins->n && !refused; i++)
                if (!plugins->plugins[i].sg)
                        refused = &plugins->plugins[i];
        if (refused)
                preflight_say(finding, PREFLIGHT_FAIL, "%s", refused->refused.text);
        else if (plugins->n == 0)
                preflight_say(finding, PREFLIGHT_FAIL, "there is none in %s", ctl->plugin_dir);
        else
                preflight_say(finding, PREFLIGHT_OK, "%zu in %s", plugins->n, ctl->plugin_dir);
        plugin_list_free(plugins);
}

/* What the daemon says of itself: files that it left out, what it does not see, and what it may do. */
static void judge_manager(const json_t *manager, struct preflight_finding *finding) {
        const char *state = client_text(manager, "State"), *mode = client_text(manager, "Mode");
        const json_t *left_out;
        size_t i;

        json_array_foreach(json_object_get(manager, "Problems"), i, left_out) {
                preflight_also(
                        finding, PREFLIGHT_WARN, "it runs without a file: %s", json_string_value(left_out));
        }
        if (strcmp(state, "ok") != 0)
                preflight_also(finding, PREFLIGHT_WARN, "it runs, but its state is %s: %s", state,
                        client_text(manager, "StateText"));
        if (strcmp(mode, "enforce") != 0)
                preflight_also(
                        finding, PREFLIGHT_WARN, "it runs in mode %s: it will watch, and do nothing", mode);
        preflight_also(finding, PREFLIGHT_OK, "it runs, mode %s", mode);
}

void preflight_bus(const struct ctl *ctl, struct preflight_finding *finding) {
        struct problem problem = {""};
        struct client *client = NULL;
        json_t *manager = NULL;
        enum ctl_exit exit = client_new(&client, &problem);

        (void)ctl;
        if (exit == CTL_GOOD)
                exit = client_properties(
                        client, CLIENT_ROOT, CLIENT_INTERFACE("Manager"), &manager, &problem);
        if (exit == CTL_GOOD)
                judge_manager(manager, finding);
        else
                preflight_say(finding, PREFLIGHT_FAIL, "%s", problem.text);
        json_decref(manager);
        client_free(client);
}

bool preflight_setting(const char *key, char *value, size_t size) {
        struct problem problem = {""};
        struct client *client = NULL;
        json_t *reply = NULL;
        const json_t *row;
        enum ctl_exit exit = client_new(&client, &problem);
        size_t i;

        value[0] = '\0';
        if (exit == CTL_GOOD)
                exit = client_call(client, CLIENT_INTERFACE("Manager"), "GetConfig", CLIENT_TIMEOUT_MSEC,
                        &reply, &problem, DBUS_TYPE_INVALID);
        json_array_foreach(json_array_get(reply, 0), i, row) {
                if (strcmp(json_string_value(json_array_get(row, 0)), key) == 0)
                        text_copy(value, size, json_string_value(json_array_get(row, 1)));
        }
        json_decref(reply);
        client_free(client);
        return exit == CTL_GOOD;
}

void preflight_notify(const struct ctl *ctl, struct preflight_finding *finding) {
        char program[512];
        bool asked = preflight_setting("notify.command", program, sizeof(program));

        (void)ctl;
        program[strcspn(program, ",")] = '\0';
        if (!asked)
                preflight_say(finding, PREFLIGHT_WARN, "not looked at: the daemon cannot be asked");
        else if (!program[0])
                preflight_say(finding, PREFLIGHT_WARN,
                        "nobody will be told: notify.command is not set, an escalation is only in the "
                        "journal");
        else if (access(program, X_OK) < 0)
                preflight_say(finding, PREFLIGHT_FAIL, "%s cannot be run: %s", program, strerror(errno));
        else
                preflight_say(finding, PREFLIGHT_OK, "%s", program);
}

void preflight_ballast(const struct ctl *ctl, struct preflight_finding *finding) {
        char wanted[64], path[512];
        struct stat status;
        bool asked = preflight_setting("plugins.disk.ballast", wanted, sizeof(wanted));

        text_format(path, sizeof(path), "%s/ballast", ctl->state_dir);
        if (!asked)
                preflight_say(finding, PREFLIGHT_WARN, "not looked at: the daemon cannot be asked");
        else if (!wanted[0] || strcmp(wanted, "0") == 0)
                preflight_say(finding, PREFLIGHT_OK, "none is wanted (plugins.disk.ballast)");
        else if (stat(path, &status) == 0)
                preflight_say(
                        finding, PREFLIGHT_OK, "%s, to be given back when its file system is full", path);
        else if (errno == EACCES)
                preflight_say(
                        finding, PREFLIGHT_WARN, "not looked at: only root can read %s", ctl->state_dir);
        else
                preflight_say(
                        finding, PREFLIGHT_WARN, "none is set aside yet: spoolguardctl run rebuild-ballast");
}

void preflight_landlock(const struct ctl *ctl, struct preflight_finding *finding) {
        long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

        (void)ctl;
        if (abi >= 1)
                preflight_say(finding, PREFLIGHT_OK, "ABI %ld", abi);
        else
                preflight_say(finding, PREFLIGHT_WARN,
                        "the kernel has no Landlock: what the watcher may read is not bounded by path");
}
