/* SPDX-License-Identifier: MIT */
/*
 * preflight_postfix - checks of Postfix: settings that are harmless on most days and cost mail in a long outage
 *
 * Runs in: spoolguardctl.  Each check asks postconf about every instance that is enabled (postconf.c) and gives what
 * it said to a judge, a pure function, which names the file, the parameter, its value and what would be better.  Of
 * what the judges say of all instances the worst is kept.
 *
 * Fails: warns when Postfix's tools cannot be run and when there is no Postfix.
 * Limits: settings of master.cf are seen where one service alone decides; numbers are judged by what a long outage
 * does to them, and an admin may have reasons of his own.
 */
#include <string.h>

#include "base/back_by.h"
#include "base/clock.h"
#include "base/text.h"
#include "ctl/preflight.h"

#define LONG_BACKOFF_SECONDS UINT64_C(14400)
#define LIFETIME_MOST_DAYS 100 /* that Postfix takes */

/* "/etc/postfix/main.cf: delay_warning_time = 4h", and when main.cf does not say so "(the default)". */
static const char *cite(const struct postconf_setting *setting, const char *name, char *text, size_t size) {
        text_format(text, size, "%s: %s = %.80s%s", setting->file, name, setting->value,
                setting->is_set ? "" : " (the default)");
        return text;
}

#define CITE_MAX 480

/* False: it was said that it cannot be judged. */
static bool take_time(const struct postconf *postconf, const char *service, const char *name, char unit,
        uint64_t *ret_seconds, char cited[static CITE_MAX], struct preflight_finding *finding) {
        struct postconf_setting setting;

        if (!postconf_setting(postconf, service, name, &setting)) {
                preflight_also(
                        finding, PREFLIGHT_WARN, "%s: postconf does not tell %s", postconf->config, name);
                return false;
        }
        cite(&setting, name, cited, CITE_MAX);
        if (postconf_time(setting.value, unit, ret_seconds))
                return true;
        preflight_also(
                finding, PREFLIGHT_WARN, "%s: this is no time, and Postfix may not start with it", cited);
        return false;
}

void preflight_judge_delay_warning(const struct postconf *postconf, const struct preflight_absence *absence,
        struct preflight_finding *finding) {
        struct postconf_setting relayed;
        char cited[CITE_MAX];
        uint64_t seconds;

        (void)absence;
        if (!take_time(postconf, "cleanup", "delay_warning_time", 'h', &seconds, cited, finding))
                return;
        if (seconds > 0 && preflight_relays(postconf, &relayed))
                preflight_also(finding, PREFLIGHT_WARN,
                        "%s: this is a backup MX (relay_domains = %.80s), and while the other server is down "
                        "every sender is told so, by a new message each; better 0h",
                        cited, relayed.value);
        else if (seconds > 0)
                preflight_also(
                        finding, PREFLIGHT_OK, "%s, and relay_domains are not set: no backup MX", cited);
        else
                preflight_also(finding, PREFLIGHT_OK, "%s", cited);
}

void preflight_judge_lifetime(const struct postconf *postconf, const struct preflight_absence *absence,
        struct preflight_finding *finding) {
        static const struct {
                const char *name, *fate;
        } lifetimes[] = {
                {"maximal_queue_lifetime", "mail that gets stuck is returned to its senders"},
                {"bounce_queue_lifetime", "a bounce that gets stuck is dropped"},
        };
        /* Whole days, and one for the repair. */
        uint64_t seconds, days = absence->seconds / 86400 + 2;
        char needed[TEXT_QUANTITY_MAX], better[TEXT_QUANTITY_MAX], cited[CITE_MAX];

        text_duration(absence->seconds * USEC_PER_SEC, needed);
        text_duration((days < LIFETIME_MOST_DAYS ? days : LIFETIME_MOST_DAYS) * USEC_PER_DAY, better);
        for (size_t i = 0; i < sizeof(lifetimes) / sizeof(lifetimes[0]); i++) {
                if (!take_time(postconf, "qmgr", lifetimes[i].name, 'd', &seconds, cited, finding))
                        continue;
                if (seconds < absence->seconds)
                        preflight_also(finding, PREFLIGHT_WARN,
                                "%s: %s before people are back, which may take %s (%s); better at least %s",
                                cited, lifetimes[i].fate, needed, absence->until, better);
                else
                        preflight_also(finding, PREFLIGHT_OK, "%s, longer than %s (%s)", cited, needed,
                                absence->until);
        }
}

void preflight_judge_retries(const struct postconf *postconf, const struct preflight_absence *absence,
        struct preflight_finding *finding) {
        uint64_t least, most, run, life;
        char least_cited[CITE_MAX], most_cited[CITE_MAX], run_cited[CITE_MAX], life_cited[CITE_MAX];

        (void)absence;
        if (!take_time(postconf, "qmgr", "minimal_backoff_time", 's', &least, least_cited, finding) ||
                !take_time(postconf, "qmgr", "maximal_backoff_time", 's', &most, most_cited, finding) ||
                !take_time(postconf, "qmgr", "queue_run_delay", 's', &run, run_cited, finding) ||
                !take_time(postconf, "qmgr", "maximal_queue_lifetime", 'd', &life, life_cited, finding))
                return;
        if (run > least)
                preflight_also(finding, PREFLIGHT_WARN,
                        "%s is more than minimal_backoff_time: mail waits longer than it should; better at "
                        "most %llus",
                        run_cited, (unsigned long long)least);
        if (most < least)
                preflight_also(finding, PREFLIGHT_WARN,
                        "%s is less than minimal_backoff_time: Postfix does not slow down for a server that "
                        "is down; better at least %llus",
                        most_cited, (unsigned long long)least);
        if (life > 0 && most >= life)
                preflight_also(finding, PREFLIGHT_WARN,
                        "%s is not less than maximal_queue_lifetime: mail is given up before it is tried "
                        "again; better 4000s",
                        most_cited);
        else if (most > LONG_BACKOFF_SECONDS)
                preflight_also(finding, PREFLIGHT_WARN,
                        "%s: mail waits so long after an outage is over; better 1h", most_cited);
        preflight_also(finding, PREFLIGHT_OK, "%s, %llus to %llus between tries", run_cited,
                (unsigned long long)least, (unsigned long long)most);
}

void preflight_each_instance(preflight_judge_fn judge, const struct preflight_absence *absence,
        struct preflight_finding *finding) {
        struct postconf_instance rows[POSTCONF_INSTANCES_MAX];
        char why[256] = "";
        int n = postconf_instances(rows, why, sizeof(why));

        if (n < 0)
                preflight_say(finding, PREFLIGHT_WARN, "not looked at: %s", why);
        for (int i = 0; i < n; i++) {
                struct postconf postconf;

                if (postconf_read(&rows[i], &postconf, why, sizeof(why)) < 0)
                        preflight_also(finding, PREFLIGHT_WARN, "%s: not looked at: %s", rows[i].config, why);
                else
                        judge(&postconf, absence, finding);
        }
}

void preflight_mail_domains(const struct ctl *ctl, struct preflight_finding *finding) {
        (void)ctl;
        preflight_each_instance(preflight_judge_domains, NULL, finding);
}

void preflight_delay_warning(const struct ctl *ctl, struct preflight_finding *finding) {
        (void)ctl;
        preflight_each_instance(preflight_judge_delay_warning, NULL, finding);
}

void preflight_lifetime(const struct ctl *ctl, struct preflight_finding *finding) {
        struct preflight_absence absence = {
                .seconds = BACK_BY_WEEKEND_USEC / USEC_PER_SEC, .until = "a weekend"};
        uint64_t now_usec = clock_realtime_usec(), back_usec = 0;
        struct problem problem;
        struct back_by back_by;
        char setting[64];

        (void)ctl;
        if (!preflight_setting("back_by", setting, sizeof(setting))) {
                preflight_say(finding, PREFLIGHT_WARN,
                        "not looked at: the daemon cannot be asked when people are back");
                return;
        }
        if (back_by_parse("back_by", setting, &back_by, &problem) == 0)
                back_usec = back_by_alone_until(&back_by, now_usec);
        if (back_usec > now_usec + absence.seconds * USEC_PER_SEC) {
                absence.seconds = (back_usec - now_usec) / USEC_PER_SEC;
                text_format(absence.until, sizeof(absence.until), "until %s", setting);
        }
        preflight_each_instance(preflight_judge_lifetime, &absence, finding);
}

void preflight_retries(const struct ctl *ctl, struct preflight_finding *finding) {
        (void)ctl;
        preflight_each_instance(preflight_judge_retries, NULL, finding);
}
