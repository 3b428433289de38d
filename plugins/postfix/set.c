/* SPDX-License-Identifier: MIT */
/*
 * set - postfix.set: give a few parameters of main.cf other values, until the lease ends
 *
 * Runs in a child of the executor, as root.  Which parameters, and what they may be, setting.c says.  postconf makes
 * the new text where Postfix does not see it (set_edit.c); owner, mode, attributes, comments and a link to the file
 * are kept, and the old file is put away beside it, to come back as it was (set_record.c).  Who is editing main.cf
 * at the moment is left alone: nothing is done then.
 *
 * Several settings are one reload, behind which a queue manager must live; else the old file is put back at once.
 * The lease has no slices, since the setting stays when nobody is left to take it back, and may: it ends, at its limit
 * at the latest, and undo() is as careful (set_undo.c).  An instance has one such lease at a time, so that "before" has
 * one meaning.
 *
 * Cut short in between, the lease is in force and Postfix perhaps has read nothing of it.  Done once more it goes on
 * from there: the record beside the file says what is left to do.
 *
 * Owns nothing between the calls.  Fails with the sentence, and has changed nothing then or taken it back.
 * Limits: a few KiB are written beside main.cf whatever its file system looks like, all of it before anything is
 * replaced; without room nothing happens.  What a service's own line in master.cf overrides is refused for the queue
 * manager, which alone reads these parameters.
 */
#include "postfix/set.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "postfix/main_cf.h"
#include "postfix/main_cf_change.h"
#include "postfix/main_cf_editor.h"
#include "postfix/reload.h"

#define SECOND UINT64_C(1000000)
#define MINUTE (60 * SECOND)
#define DAY (1440 * MINUTE)

static const struct sg_option args[] = {
        [SET_ARG_INSTANCE] = {.name = "instance",
                .type = SG_TYPE_TEXT,
                .fallback = "-",
                .doc = "The Postfix instance, as postmulti names it; \"-\" is the default one."},
        [SET_ARG_SETTINGS] = {.name = "settings",
                .type = SG_TYPE_LIST,
                .doc = "What to set, such as \"maximal_queue_lifetime = 28d\": maximal_queue_lifetime and "
                       "bounce_queue_lifetime, which are never made shorter, minimal_backoff_time, "
                       "maximal_backoff_time, queue_run_delay. Several are one reload."},
        {0},
};

/* 0, or -EINVAL with the reason in outcome->text. */
static int read_settings(
        const struct sg_action *action, struct settings *ret_settings, struct sg_outcome *outcome) {
        char why[SETTING_WHY_MAX];
        int r = settings_parse(action->args[SET_ARG_SETTINGS].list, ret_settings, why);

        return r < 0 ? order_refuse(outcome, r, "%s", why) : 0;
}

/* 0, or -EEXIST: another lease has changed settings of this instance. */
static int check_alone(const struct set *set, struct sg_outcome *outcome) {
        const struct sg_action_host *host = set->action->host;
        const char *verb = postfix_set.name;
        uint64_t other = 0;

        while ((other = host->next_lease(set->action, verb, "instance", set->instance, other)) != 0)
                if (other != set->action->lease)
                        return order_refuse(outcome, -EEXIST,
                                "lease %llu has changed settings of instance %.60s already",
                                (unsigned long long)other, set->instance);
        return 0;
}

/* Its action was told to go before: what lies beside main.cf with its number is its own. */
static bool is_known(const struct set *set) {
        const struct sg_action_host *host = set->action->host;
        const uint64_t lease = set->action->lease;

        return lease != 0 &&
                host->next_lease(set->action, postfix_set.name, "instance", set->instance, lease - 1) ==
                lease;
}

/* "maximal_queue_lifetime = 28d (before: not set), bounce_queue_lifetime is longer already" */
static void describe(const struct set *set, const char *how, struct sg_outcome *outcome) {
        outcome->text[0] = '\0';
        for (size_t i = 0; i < set->settings.n; i++) {
                const struct setting *setting = &set->settings.all[i];
                char value[MAIN_CF_VALUE_MAX];

                if (i > 0)
                        order_say(outcome, ", ");
                if (setting->answer != SETTING_CHANGE)
                        order_say(outcome, "%s is %s already", setting->name,
                                setting->answer == SETTING_SAME ? setting->value : "longer");
                else if (main_cf_value(set->file.text, setting->name, value, sizeof(value)))
                        order_say(outcome, "%s%s = %s (before: %.30s)", how, setting->name, setting->value,
                                value);
                else
                        order_say(outcome, "%s%s = %s (before: not set)", how, setting->name, setting->value);
        }
        outcome->count = settings_changes(&set->settings);
}

/* The numbers start over when our state was purged, and what has such a number is not of this lease. */
static int check_leftover(const struct set *set, struct sg_outcome *outcome) {
        struct stat status;
        char name[SET_RECORD_NAME_MAX];

        set_record_name(&set->file, set->action->lease, name);
        if (fstatat(set->file.directory, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
                return errno == ENOENT ? 0
                                       : order_refuse(outcome, -errno, "%.180s cannot be looked at: %s", name,
                                                 strerror(errno));
        return order_refuse(outcome, -EEXIST,
                "%.120s/%.60s is left of an older lease of that number: it is for somebody to look at "
                "how-to-undo in it, and to remove it",
                set->file.directory_path, name);
}

/* 0 when there is something to be done, 1 when it is so already, or a negative errno value with the reason. */
static int judge(struct set *set, struct sg_outcome *outcome) {
        char why[SETTING_WHY_MAX];
        struct set_record record;
        int r;

        if (!is_known(set)) {
                r = check_leftover(set, outcome);
                if (r < 0)
                        return r;
        }
        r = set_record_open(&set->file, set->action->lease, &record);
        if (r >= 0) {
                bool is_done = set_record_look(&set->file, &record) != SET_RECORD_NOTHING;

                if (is_done)
                        r = set_check_done(set, &record, outcome);
                set->is_in_place = is_done && !set_record_is_read(&record);
                set_record_close(&record);
                if (r < 0)
                        return r;
                if (set->is_in_place)
                        return order_refuse(outcome, 0,
                                "Postfix would read what this lease has set, and was not seen to");
                if (is_done)
                        return order_refuse(outcome, 1, "the settings are in force by this lease");
        }
        r = settings_judge(&set->settings, set->file.text, why);
        if (r < 0)
                return order_refuse(outcome, r, "%s", why);
        describe(set, "would set ", outcome);
        return settings_changes(&set->settings) == 0;
}

/* As judge(), with all that check() and run() look at. */
static int prepare(struct set *set, struct sg_outcome *outcome) {
        char who[MAIN_CF_EDITOR_WHO_MAX];
        int r = judge(set, outcome);

        if (r != 0)
                return r;
        if (set->is_in_place)
                return reload_check(set->action, set->instance, outcome);
        r = main_cf_file_check(&set->file, outcome);
        if (r >= 0 && main_cf_editor_find(set->file.directory, set->file.name, who))
                r = order_refuse(outcome, -EBUSY, "%.60s is not touched: %s", set->file.name, who);
        if (r >= 0)
                r = reload_check_read(set->action, set->instance, outcome);
        return r;
}

/* Read again behind it: whoever had it may have written something else. */
static int lock(struct set *set, struct sg_outcome *outcome) {
        struct main_cf_file again;
        int r = main_cf_editor_lock(set->file.config);

        if (r == -EBUSY)
                return order_refuse(outcome, r, "postconf is changing main.cf at this moment");
        if (r < 0)
                return order_refuse(outcome, r, "main.cf cannot be locked: %s", strerror(-r));
        set->lock = r;
        r = main_cf_file_open(set->action, set->instance, &again, outcome);
        if (r < 0)
                return r;
        main_cf_file_close(&set->file);
        set->file = again;
        return 0;
}

static void unlock(struct set *set) {
        main_cf_editor_unlock(set->file.config, set->lock);
        set->lock = -1;
}

static void end(struct set *set) {
        unlock(set);
        main_cf_file_close(&set->file);
}

/* With main.cf open when it returns 0, and locked if asked for. */
static int begin(
        const struct sg_action *action, bool is_locked, struct set *ret_set, struct sg_outcome *outcome) {
        struct set set = {.action = action, .instance = action->args[SET_ARG_INSTANCE].text, .lock = -1};
        int r = read_settings(action, &set.settings, outcome);

        if (r >= 0)
                r = check_alone(&set, outcome);
        if (r >= 0)
                r = main_cf_file_open(action, set.instance, &set.file, outcome);
        if (r < 0)
                return r;
        if (is_locked)
                r = lock(&set, outcome);
        if (r < 0) {
                end(&set);
                return r;
        }
        *ret_set = set;
        return 0;
}

static enum sg_verdict check(const struct sg_action *action, struct sg_outcome *ret_outcome) {
        struct set set;
        int r = begin(action, false, &set, ret_outcome);

        if (r < 0)
                return SG_VERDICT_REFUSED;
        r = prepare(&set, ret_outcome);
        end(&set);
        if (r < 0)
                return SG_VERDICT_REFUSED;
        return r > 0 ? SG_VERDICT_NOTHING : SG_VERDICT_GO;
}

/* What Postfix's log says of it, as far as the journal has it. */
static void say_log(const struct set *set, struct sg_outcome *outcome) {
        char unit[160], output[512] = "";
        const char *argv[] = {"/usr/bin/journalctl", unit, "--quiet", "--no-pager", "--output=cat",
                "--since=-2min", "--lines=1", "--grep=fatal: ", NULL};

        snprintf(unit, sizeof(unit), "--unit=postfix@%.63s.service", set->instance);
        if (set->action->host->tool(set->action, argv, output, sizeof(output)) != 0)
                return;
        output[strcspn(output, "\n")] = '\0';
        order_say(outcome, "; its log: %.80s", output);
}

/*
 * Mail stands still meanwhile, so nothing else has to wait for it; but when it was in place before, a queue manager may
 * have lived with it, and mail may be that old.
 */
static int fail(struct set *set, int error, struct sg_outcome *outcome) {
        struct sg_outcome undone = {.count = 0};
        int r;

        say_log(set, outcome);
        r = set_take_back(set->action, &set->settings, !set->is_in_place, &undone);
        order_say(outcome, "; %s: %.100s", r < 0 ? "it could not be taken back" : "taken back", undone.text);
        return error;
}

/* When it cannot be kept, the worst is one more reload. */
static void note_read(const struct set *set) {
        struct set_record record;

        if (set_record_open(&set->file, set->action->lease, &record) < 0)
                return;
        (void)set_record_write(&record, SET_RECORD_READ, "Postfix has read the new main.cf.\n");
        set_record_close(&record);
}

/* Nobody waits for postconf's lock while Postfix reads. */
static int reload(struct set *set, struct sg_outcome *outcome) {
        struct sg_outcome reloaded = {.count = 0};
        int r;

        unlock(set);
        r = reload_do(set->action, set->instance, &reloaded);
        if (r < 0) {
                *outcome = reloaded;
                return fail(set, r, outcome);
        }
        note_read(set);
        if (set->is_in_place) {
                outcome->count = set->settings.n;
                return order_refuse(
                        outcome, 0, "the settings were in main.cf already; %.100s", reloaded.text);
        }
        describe(set, "", outcome);
        order_say(outcome, "; %.100s", reloaded.text);
        return 0;
}

static int run(const struct sg_action *action, struct sg_outcome *ret_outcome) {
        struct set set;
        int r;

        if (action->lease == 0)
                return order_refuse(
                        ret_outcome, -EINVAL, "there is no lease by which it could be taken back");
        r = begin(action, true, &set, ret_outcome);
        if (r < 0)
                return r;
        r = prepare(&set, ret_outcome);
        if (r == 0) {
                if (!set.is_in_place)
                        r = set_change(&set, ret_outcome);
                if (r >= 0)
                        r = reload(&set, ret_outcome);
        }
        end(&set);
        return r < 0 ? r : 0;
}

static int undo(const struct sg_action *action, struct sg_outcome *ret_outcome) {
        struct settings settings;
        int r;

        if (action->lease == 0)
                return order_refuse(ret_outcome, -EINVAL, "there is no lease that could be taken back");
        r = read_settings(action, &settings, ret_outcome);
        return r < 0 ? r : set_take_back(action, &settings, false, ret_outcome);
}

const struct sg_verb postfix_set = {
        .name = "postfix.set",
        .summary = "Give parameters of main.cf, above all how long mail lives, other values until the lease "
                   "ends",
        .risk = SG_RISK_REVERSIBLE,
        .args = args,
        .deadline_usec = 10 * MINUTE,
        .cooldown_usec = 1 * MINUTE,
        .budget_count = 6,
        .budget_window_usec = 1 * DAY,
        /* Longer than any holiday; by then somebody should have made up his mind. */
        .lease_max_usec = 30 * DAY,
        .check = check,
        .run = run,
        .undo = undo,
};
