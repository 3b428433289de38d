/* SPDX-License-Identifier: MIT */
/*
 * preflight_allowed - checks of the allow-lists: could what playbooks may run and restart be run and restarted?
 *
 * Runs in: spoolguardctl.  A remedy that was misspelt, or whose program anybody may write, is refused by its verb, and
 * that would first be seen in the night when it is needed.  So each entry of such a list is put to the check() of that
 * verb, the same code that the executor calls, with the plugin opened as `plugins --describe` opens it.  check() changes
 * nothing and starts nothing; here it gets no tool, no lease and nothing to write to either.
 *
 * Fails: warns when the daemon cannot be asked for the list, and where only root may look.
 * Limits: what a unit is up to, and what would be restarted with it, only systemd knows, and only the verb asks it.
 * While a command runs, the verb refuses all of them, and so this check fails.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/program.h"
#include "base/text.h"
#include "config/option.h"
#include "ctl/preflight.h"

#define SETTING_MAX 8192

struct hosted {
        struct sg_action action; /* first: verbs hold a pointer to it */
        uid_t owner;
};

static void host_log(const struct sg_action *action, enum sg_level level, const char *format, ...)
        __attribute__((format(printf, 3, 4)));
static void host_manifest(const struct sg_action *action, const char *format, ...)
        __attribute__((format(printf, 2, 3)));

static void host_log(const struct sg_action *action, enum sg_level level, const char *format, ...) {
        (void)action;
        (void)level;
        (void)format;
}

static void host_manifest(const struct sg_action *action, const char *format, ...) {
        (void)action;
        (void)format;
}

static enum sg_pressure host_pressure(const struct sg_action *action, const char *path) {
        (void)action;
        (void)path;
        return SG_PRESSURE_UNKNOWN;
}

static int host_tool(const struct sg_action *action, const char *const argv[], char *output, size_t size) {
        (void)action;
        (void)argv;
        if (size > 0)
                output[0] = '\0';
        return -EPERM;
}

static int host_filter(const struct sg_action *action, const char *const argv[], int in_fd, int out_fd,
        char *output, size_t size) {
        (void)in_fd;
        (void)out_fd;
        return host_tool(action, argv, output, size);
}

static uint64_t host_next_lease(const struct sg_action *action, const char *verb, const char *name,
        const char *value, uint64_t after) {
        (void)action;
        (void)verb;
        (void)name;
        (void)value;
        (void)after;
        return 0;
}

static int host_program(const struct sg_action *action, const char *path, char *why, size_t size) {
        struct problem problem = {""};
        int r = program_check(action->host->root, path, ((const struct hosted *)action)->owner, &problem);

        if (size > 0)
                text_abridge(why, size, problem.text);
        return r;
}

static enum sg_verdict ask(const struct sg_verb *verb, const struct preflight_host *where,
        const struct sg_value *options, const char *name, struct sg_outcome *outcome) {
        const struct sg_action_host host = {.size = sizeof(host),
                .root = where->root,
                .log = host_log,
                .manifest = host_manifest,
                .pressure = host_pressure,
                .tool = host_tool,
                .filter = host_filter,
                .next_lease = host_next_lease,
                .program = host_program};
        const struct sg_value argument = {.type = SG_TYPE_TEXT, .text = name};
        const struct hosted hosted = {
                .action = {.host = &host, .args = &argument, .options = options, .selection_fd = -1},
                .owner = where->owner};

        *outcome = (struct sg_outcome){.count = 0};
        return verb->check(&hosted.action, outcome);
}

static void judge_each(const struct sg_verb *verb, const struct preflight_host *where,
        const struct preflight_allowed *allowed, const struct sg_value *options, size_t list,
        struct preflight_finding *finding) {
        for (const char *const *item = options[list].list; *item; item++) {
                struct sg_outcome outcome;
                char name[OPTION_TEXT_MAX];

                text_format(name, sizeof(name), "%.*s", (int)strcspn(*item, allowed->name_end), *item);
                if (ask(verb, where, options, name, &outcome) == SG_VERDICT_REFUSED)
                        preflight_also(finding, where->sees_all ? PREFLIGHT_FAIL : PREFLIGHT_WARN, "%s",
                                outcome.text);
                else
                        preflight_also(finding, PREFLIGHT_OK, "%s", outcome.text);
        }
        if (!finding->text[0])
                preflight_say(finding, PREFLIGHT_OK, "%s are allowed: plugins.%s.%s is empty", allowed->none,
                        allowed->plugin, allowed->option);
}

void preflight_judge_allowed(const struct plugin_list *plugins, const struct preflight_host *where,
        const struct preflight_allowed *allowed, const char *text, struct preflight_finding *finding) {
        const struct option_pair pair = {.name = allowed->option, .text = text};
        const struct sg_plugin *plugin = NULL;
        const struct sg_verb *verb = plugin_verb(plugins, allowed->verb, &plugin);
        struct problem problem = {""};
        struct sg_value *options;

        if (!verb || option_count(verb->args) != 1 || option_find(plugin->options, allowed->option) < 0)
                preflight_say(finding, PREFLIGHT_WARN, "not looked at: there is no verb %s in the plugins",
                        allowed->verb);
        else if (option_values_new(plugin->options, &pair, 1, &options, &problem) < 0)
                preflight_say(finding, PREFLIGHT_FAIL, "plugins.%s.%s: %s", allowed->plugin, allowed->option,
                        problem.text);
        else {
                judge_each(verb, where, allowed, options,
                        (size_t)option_find(plugin->options, allowed->option), finding);
                option_values_free(plugin->options, options);
        }
}

static void look(
        const struct ctl *ctl, const struct preflight_allowed *allowed, struct preflight_finding *finding) {
        const struct preflight_host here = {.root = "", .owner = 0, .sees_all = geteuid() == 0};
        struct plugin_list *plugins = NULL;
        char key[128], text[SETTING_MAX];

        text_format(key, sizeof(key), "plugins.%s.%s", allowed->plugin, allowed->option);
        if (!preflight_setting(key, text, sizeof(text))) {
                preflight_say(finding, PREFLIGHT_WARN, "not looked at: the daemon cannot be asked");
                return;
        }
        if (plugin_list_new(ctl->plugin_dir, &plugins) < 0) {
                preflight_say(finding, PREFLIGHT_WARN, "not looked at: %s cannot be read", ctl->plugin_dir);
                return;
        }
        preflight_judge_allowed(plugins, &here, allowed, text, finding);
        plugin_list_free(plugins);
}

const struct preflight_allowed preflight_allowed_commands = {
        .plugin = "command",
        .option = "commands",
        .verb = "command.run",
        .name_end = ":",
        .none = "no commands",
};

const struct preflight_allowed preflight_allowed_units = {
        .plugin = "service",
        .option = "units",
        .verb = "service.restart",
        .name_end = "",
        .none = "no restarts",
};

void preflight_commands(const struct ctl *ctl, struct preflight_finding *finding) {
        look(ctl, &preflight_allowed_commands, finding);
}

void preflight_units(const struct ctl *ctl, struct preflight_finding *finding) {
        look(ctl, &preflight_allowed_units, finding);
}
