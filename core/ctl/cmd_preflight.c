/* SPDX-License-Identifier: MIT */
/*
 * cmd_preflight - what on this host would punish a night alone
 *
 * Runs in: spoolguardctl.  A table of checks, each a function that looks and changes nothing; what they found is
 * printed, worst words first to the eye by colour, and counted.  A check that cannot look (no right to, no
 * daemon to ask) says so and warns: not looked at is not fine.
 *
 * Fails: exit 1 when a check failed; warnings alone are exit 0.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "ctl/preflight.h"
#include "ctl/print.h"

static const struct {
        const char *name;
        preflight_fn look;
} checks[] = {
        {"configuration", preflight_configuration},
        {"plugins", preflight_plugins},
        {"daemon", preflight_bus},
        {"notify", preflight_notify},
        {"commands", preflight_commands},
        {"services", preflight_units},
        {"log space", preflight_log_space},
        {"spool space", preflight_spool_space},
        {"root reserve", preflight_reserve},
        {"state", preflight_state_place},
        {"recorder", preflight_recorder},
        {"ballast", preflight_ballast},
        {"journal", preflight_journal_kept},
        {"journal limits", preflight_journal_limits},
        {"mail domains", preflight_mail_domains},
        {"delay warning", preflight_delay_warning},
        {"mail lifetime", preflight_lifetime},
        {"mail retries", preflight_retries},
        {"main.cf", preflight_main_cf},
        {"reload", preflight_reload},
        {"leftovers", preflight_leftovers},
        {"name servers", preflight_name_servers},
        {"chroot", preflight_chroot_names},
        {"landlock", preflight_landlock},
};

static const char *const level_names[] = {
        [PREFLIGHT_OK] = "ok",
        [PREFLIGHT_WARN] = "warn",
        [PREFLIGHT_FAIL] = "fail",
};

void preflight_say(struct preflight_finding *finding, enum preflight_level level, const char *format, ...) {
        va_list arguments;

        finding->level = level;
        va_start(arguments, format);
        vsnprintf(finding->text, sizeof(finding->text), format, arguments);
        va_end(arguments);
}

void preflight_also(struct preflight_finding *finding, enum preflight_level level, const char *format, ...) {
        bool is_worse = level > finding->level || !finding->text[0];
        size_t used = is_worse ? 0 : strlen(finding->text);
        va_list arguments;

        if (level < finding->level)
                return;
        finding->level = level;
        if (used > 0)
                text_format(finding->text + used, sizeof(finding->text) - used, "; ");
        used = used > 0 ? strlen(finding->text) : 0;
        va_start(arguments, format);
        vsnprintf(finding->text + used, sizeof(finding->text) - used, format, arguments);
        va_end(arguments);
}

static int run(const struct ctl *ctl, int argc, char **argv) {
        static const char *const headers[] = {"CHECK", "IS", "FINDING", NULL};
        struct print_table *table = print_table_new(headers);
        json_t *list = json_array();
        size_t counts[ELEMENTSOF(level_names)] = {0};

        if (argc > 1) {
                json_decref(list);
                print_table_free(table);
                return ctl_usage(&command_preflight, "unexpected argument '%s'", argv[1]);
        }
        for (size_t i = 0; i < ELEMENTSOF(checks); i++) {
                struct preflight_finding finding = {.level = PREFLIGHT_OK};

                checks[i].look(ctl, &finding);
                counts[finding.level]++;
                const char *cells[] = {checks[i].name, level_names[finding.level], finding.text};
                json_t *json = json_object();

                print_table_row(table, cells);
                json_object_set_new(json, "name", json_string(checks[i].name));
                json_object_set_new(json, "level", json_string(level_names[finding.level]));
                json_object_set_new(json, "text", json_string(finding.text));
                json_array_append_new(list, json);
        }
        if (ctl->json) {
                print_json_consume(list);
                print_table_free(table);
        } else {
                json_decref(list);
                print_table_consume(ctl, table);
                print_text("\n%zu good, %zu to think about, %zu to do something about\n",
                        counts[PREFLIGHT_OK], counts[PREFLIGHT_WARN], counts[PREFLIGHT_FAIL]);
        }
        return counts[PREFLIGHT_FAIL] > 0 ? CTL_TROUBLE : CTL_GOOD;
}

const struct ctl_command command_preflight = {
        .name = "preflight",
        .arguments = "[--json]",
        .summary = "Check this host for what a night alone would punish",
        .help = "Is the configuration good, are the plugins, does the daemon answer and see all\n"
                "it should, will somebody be told?  Could what playbooks may run and restart be\n"
                "run and restarted, and Postfix be reloaded?  Is there room, is there a reserve\n"
                "for root, is the journal kept and bounded?  Which settings of Postfix and of\n"
                "the resolver would cost mail in a long outage, is each main.cf one that we can\n"
                "read, and was a setting left changed by a lease that nobody knows any more?\n"
                "\n"
                "Changes nothing.  Some checks need root; without it they warn that they could\n"
                "not look.\n"
                "\n"
                "Exit status: 0 nothing failed (there may be warnings); 1 something did.\n",
        .run = run,
};
