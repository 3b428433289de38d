/* SPDX-License-Identifier: MIT */
/*
 * setting - which parameters of Postfix postfix.set may change, and to what
 *
 * Runs in a child of the executor, as root.  Pure functions over texts.  postconf takes any value of any name, and
 * what the queue manager cannot read ends it and stops the mail, so the values are held here against Postfix's own
 * syntax, against bounds, and against each other.  The list is short on purpose: only what is harmless when nobody
 * is left to take it back, so nothing that stops, limits or opens anything, and nothing with text in it.
 *
 * A lifetime is only ever made longer: a shorter one returns mail to its senders.
 *
 * Owns nothing.  Fails with a sentence that says what would be allowed.
 * Limits: a master.cf that overrides a parameter is not seen here.
 */
#include "postfix/setting.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "postfix/main_cf.h"

#define MINUTE UINT64_C(60)
#define DAY UINT64_C(86400)
#define DIGITS_MAX 9u

enum { MAIL_LIFETIME, BOUNCE_LIFETIME, LEAST_BACKOFF, MOST_BACKOFF, RUN_DELAY };

/* The unit of a number without one and the default are Postfix's. */
static const struct row {
        const char *name;
        char unit;
        const char *fallback;
        uint64_t min, max;
        bool is_lifetime;
} rows[SETTINGS_MAX] = {
        [MAIL_LIFETIME] = {"maximal_queue_lifetime", 'd', "5d", 0, 100 * DAY, true},
        [BOUNCE_LIFETIME] = {"bounce_queue_lifetime", 'd', "5d", 0, 100 * DAY, true},
        [LEAST_BACKOFF] = {"minimal_backoff_time", 's', "300s", MINUTE, DAY, false},
        [MOST_BACKOFF] = {"maximal_backoff_time", 's', "4000s", MINUTE, 2 * DAY, false},
        [RUN_DELAY] = {"queue_run_delay", 's', "300s", 10, 60 * MINUTE, false},
};

/* Beyond these Postfix corrects or ignores one of the two, or tries mail too seldom to get rid of it in time. */
static const struct {
        size_t lesser, greater;
} relations[] = {
        {LEAST_BACKOFF, MOST_BACKOFF},
        {RUN_DELAY, LEAST_BACKOFF},
        {MOST_BACKOFF, MAIL_LIFETIME},
        {BOUNCE_LIFETIME, MAIL_LIFETIME},
};

static const struct row *row_named(const char *name, size_t length) {
        for (size_t i = 0; i < SETTINGS_MAX; i++)
                if (strlen(rows[i].name) == length && strncmp(rows[i].name, name, length) == 0)
                        return &rows[i];
        return NULL;
}

static bool unit_seconds(char unit, uint64_t *ret_seconds) {
        static const struct {
                char unit;
                uint64_t seconds;
        } units[] = {{'s', 1}, {'m', MINUTE}, {'h', 60 * MINUTE}, {'d', DAY}, {'w', 7 * DAY}};

        for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
                if (units[i].unit == unit) {
                        *ret_seconds = units[i].seconds;
                        return true;
                }
        return false;
}

/* A number of digits and at most one letter behind it: no sign, blank, expansion or control character. */
static bool parse_time(const char *text, char unit, uint64_t *ret_seconds) {
        const size_t digits = strspn(text, "0123456789");
        uint64_t factor;

        if (digits == 0 || digits > DIGITS_MAX || (text[digits] != '\0' && text[digits + 1] != '\0') ||
                !unit_seconds(text[digits] ? text[digits] : unit, &factor))
                return false;
        *ret_seconds = strtoul(text, NULL, 10) * factor;
        return true;
}

static int refuse_name(const char *name, int length, char why[static SETTING_WHY_MAX]) {
        size_t used = (size_t)snprintf(why, SETTING_WHY_MAX,
                "%.*s is none of those that may be set:", length > 40 ? 40 : length, name);

        for (size_t i = 0; i < SETTINGS_MAX && used < SETTING_WHY_MAX; i++)
                used += (size_t)snprintf(
                        why + used, SETTING_WHY_MAX - used, "%s %s", i ? "," : "", rows[i].name);
        return -EINVAL;
}

static int parse_one(const char *text, struct settings *settings, char why[static SETTING_WHY_MAX]) {
        const size_t length = strcspn(text, " =");
        const struct row *row = row_named(text, length);
        const char *value = text + length + strspn(text + length, " ");
        struct setting *setting = &settings->all[settings->n];

        if (!row)
                return refuse_name(text, (int)length, why);
        for (size_t i = 0; i < settings->n; i++)
                if (settings->all[i].name == row->name) {
                        snprintf(why, SETTING_WHY_MAX, "%s is named twice", row->name);
                        return -EINVAL;
                }
        if (*value != '=') {
                snprintf(why, SETTING_WHY_MAX, "%s has no value: it is written as \"%s = %s\"", row->name,
                        row->name, row->fallback);
                return -EINVAL;
        }
        value += 1 + strspn(value + 1, " ");
        *setting = (struct setting){.name = row->name};
        if (!parse_time(value, row->unit, &setting->seconds) || setting->seconds < row->min ||
                setting->seconds > row->max) {
                snprintf(why, SETTING_WHY_MAX,
                        "%s = %.40s is refused: a time from %llus to %llus is wanted, such as 90s, 15m, 4h, "
                        "5d "
                        "or 4w",
                        row->name, value, (unsigned long long)row->min, (unsigned long long)row->max);
                return -EINVAL;
        }
        snprintf(setting->value, sizeof(setting->value), "%s", value);
        settings->n++;
        return 0;
}

int settings_parse(
        const char *const *texts, struct settings *ret_settings, char ret_why[static SETTING_WHY_MAX]) {
        struct settings settings = {.n = 0};

        if (!*texts) {
                snprintf(ret_why, SETTING_WHY_MAX, "no setting is named");
                return -EINVAL;
        }
        /* More than there is room for are refused: one of them is named twice, or may not be set. */
        for (; *texts; texts++) {
                int r = parse_one(*texts, &settings, ret_why);

                if (r < 0)
                        return r;
        }
        *ret_settings = settings;
        return 0;
}

/* What main.cf says, or the default. */
static int read_present(
        const struct row *row, const char *main_cf, uint64_t *ret_seconds, char why[static SETTING_WHY_MAX]) {
        char value[MAIN_CF_VALUE_MAX];
        const bool is_set = main_cf_times_set(main_cf, row->name) > 0;

        if ((!is_set || main_cf_value(main_cf, row->name, value, sizeof(value))) &&
                main_cf_time(main_cf, row->name, row->unit, row->fallback, ret_seconds))
                return 0;
        snprintf(why, SETTING_WHY_MAX, "what main.cf says of %s is not understood", row->name);
        return -EINVAL;
}

static enum setting_answer judge_one(const struct row *row, uint64_t wanted, uint64_t present) {
        if (wanted == present)
                return SETTING_SAME;
        return row->is_lifetime && wanted < present ? SETTING_LONGER : SETTING_CHANGE;
}

/* Only of what changes: how an admin's own values go together is his affair. */
static int check_relations(const uint64_t seconds[static SETTINGS_MAX],
        const bool changes[static SETTINGS_MAX], char why[static SETTING_WHY_MAX]) {
        for (size_t i = 0; i < sizeof(relations) / sizeof(relations[0]); i++) {
                const size_t lesser = relations[i].lesser, greater = relations[i].greater;

                if ((!changes[lesser] && !changes[greater]) || seconds[lesser] <= seconds[greater])
                        continue;
                /* A lifetime that becomes longer makes nothing worse between the two. */
                if (changes[greater] && !changes[lesser] && rows[greater].is_lifetime)
                        continue;
                snprintf(why, SETTING_WHY_MAX, "%s would be %llus, more than %s with %llus",
                        rows[lesser].name, (unsigned long long)seconds[lesser], rows[greater].name,
                        (unsigned long long)seconds[greater]);
                return -ERANGE;
        }
        return 0;
}

int settings_judge(struct settings *settings, const char *main_cf, char ret_why[static SETTING_WHY_MAX]) {
        bool changes[SETTINGS_MAX] = {false};
        uint64_t seconds[SETTINGS_MAX];

        for (size_t i = 0; i < SETTINGS_MAX; i++) {
                int r = read_present(&rows[i], main_cf, &seconds[i], ret_why);

                if (r < 0)
                        return r;
        }
        for (size_t i = 0; i < settings->n; i++) {
                struct setting *setting = &settings->all[i];
                const struct row *row = row_named(setting->name, strlen(setting->name));
                const size_t at = (size_t)(row - rows);

                setting->answer = judge_one(row, setting->seconds, seconds[at]);
                changes[at] = setting->answer == SETTING_CHANGE;
                if (changes[at])
                        seconds[at] = setting->seconds;
        }
        return check_relations(seconds, changes, ret_why);
}

size_t settings_changes(const struct settings *settings) {
        size_t n = 0;

        for (size_t i = 0; i < settings->n; i++)
                n += settings->all[i].answer == SETTING_CHANGE;
        return n;
}
