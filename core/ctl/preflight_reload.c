/* SPDX-License-Identifier: MIT */
/*
 * preflight_reload - checks each instance of Postfix: would postfix.reload reload it tonight?
 *
 * Runs in: spoolguardctl.  What somebody wrote to main.cf or master.cf and did not have read is his to put in force, so
 * as long as it is unread nothing that ends with a reload is done: no resolver is refreshed and no lifetime raised.
 * The same goes for an instance whose main.cf we cannot use.  Both are known beforehand, from the verb's own check.
 *
 * Fails: warns when the daemon cannot be asked for its spools, and where only root may look.
 * Limits: instances that are enabled.
 */
#include <unistd.h>

#include "base/text.h"
#include "config/option.h"
#include "ctl/preflight.h"

#define PLUGIN_OPTION "spools"
#define VERB "postfix.reload"
#define VERB_ARGUMENT "instance"
#define SETTING_MAX 8192

void preflight_judge_reload(const struct plugin_list *plugins, const struct preflight_host *where,
        const char *spools, const struct postconf_instance *instances, size_t n,
        struct preflight_finding *finding) {
        const struct option_pair pair = {.name = PLUGIN_OPTION, .text = spools};
        const struct sg_plugin *plugin = NULL;
        const struct sg_verb *verb = plugin_verb(plugins, VERB, &plugin);
        struct problem problem = {""};
        struct sg_value *options;

        if (!verb || option_count(verb->args) != 1 || option_find(verb->args, VERB_ARGUMENT) != 0 ||
                option_find(plugin->options, PLUGIN_OPTION) < 0) {
                preflight_say(
                        finding, PREFLIGHT_WARN, "not looked at: there is no verb " VERB " in the plugins");
                return;
        }
        if (option_values_new(plugin->options, &pair, 1, &options, &problem) < 0) {
                preflight_say(finding, PREFLIGHT_FAIL, "plugins.postfix." PLUGIN_OPTION ": %s", problem.text);
                return;
        }
        for (size_t i = 0; i < n; i++) {
                const struct sg_value instance = {.type = SG_TYPE_TEXT, .text = instances[i].name};
                struct sg_outcome outcome;

                if (preflight_ask(verb, where, options, &instance, &outcome) == SG_VERDICT_REFUSED)
                        preflight_also(finding, PREFLIGHT_WARN, "instance %s: no reload would be made: %s",
                                instances[i].name, outcome.text);
                else
                        preflight_also(
                                finding, PREFLIGHT_OK, "instance %s has read its files", instances[i].name);
        }
        option_values_free(plugin->options, options);
}

void preflight_reload(const struct ctl *ctl, struct preflight_finding *finding) {
        const struct preflight_host here = {.root = "", .owner = 0, .sees_all = true};
        struct postconf_instance rows[POSTCONF_INSTANCES_MAX];
        struct plugin_list *plugins = NULL;
        char spools[SETTING_MAX], why[256] = "";
        int n = postconf_instances(rows, why, sizeof(why));

        if (n < 0)
                preflight_say(finding, PREFLIGHT_WARN, "not looked at: %s", why);
        else if (geteuid() != 0)
                preflight_say(finding, PREFLIGHT_WARN,
                        "not looked at: only root can see which process is Postfix's queue manager");
        else if (!preflight_setting("plugins.postfix." PLUGIN_OPTION, spools, sizeof(spools)))
                preflight_say(finding, PREFLIGHT_WARN, "not looked at: the daemon cannot be asked");
        else if (plugin_list_new(ctl->plugin_dir, &plugins) < 0)
                preflight_say(finding, PREFLIGHT_WARN, "not looked at: %s cannot be read", ctl->plugin_dir);
        else
                preflight_judge_reload(plugins, &here, spools, rows, (size_t)n, finding);
        plugin_list_free(plugins);
}
