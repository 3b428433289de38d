/* SPDX-License-Identifier: MIT */
/*
 * preflight_allowed - checks of the allow-lists: could what playbooks may run and restart be run and restarted?
 *
 * Runs in: spoolguardctl.  A remedy that was misspelt, or whose program anybody may write, is refused by its verb, and
 * that would first be seen in the night when it is needed.  So each entry of such a list is put to the check() of that
 * verb (preflight_verb.c).
 *
 * Fails: warns when the daemon cannot be asked for the list, and where only root may look.
 * Limits: what a unit is up to, and what would be restarted with it, only systemd knows, and only the verb asks it.
 * While a command runs, the verb refuses all of them, and so this check fails.
 */
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "config/option.h"
#include "ctl/preflight.h"

#define SETTING_MAX 8192

static void judge_each(const struct sg_verb *verb, const struct preflight_host *where,
        const struct preflight_allowed *allowed, const struct sg_value *options, size_t list,
        struct preflight_finding *finding) {
        for (const char *const *item = options[list].list; *item; item++) {
                struct sg_outcome outcome;
                char name[OPTION_TEXT_MAX];
                const struct sg_value argument = {.type = SG_TYPE_TEXT, .text = name};

                text_format(name, sizeof(name), "%.*s", (int)strcspn(*item, allowed->name_end), *item);
                if (preflight_ask(verb, where, options, &argument, &outcome) == SG_VERDICT_REFUSED)
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
