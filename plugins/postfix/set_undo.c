/* SPDX-License-Identifier: MIT */
/*
 * set_undo - take back what a lease of postfix.set has changed
 *
 * Runs in a child of the executor, as root.  As long as main.cf is still what we made of it, the very file that was
 * there before takes its place again.  When somebody has edited it since, only our settings go back, one by one, and
 * what he made of one of them stays: his word wins.
 *
 * A lifetime is not lowered while a message is there that would be returned to its sender for it, which is looked at
 * before and once more when the old file is in place, since the queue manager reads it only at the reload behind.
 * Until then it is refused, with the number, and tried again by the executor for as long as it takes: a lifetime that
 * is too long harms nobody.  When the old file is in place and could not be read, because a reload failed or we were
 * cut short, and such mail is there by the time of the next try, ours takes its place once more: whoever started or
 * reloaded Postfix meanwhile would return that mail without knowing of it.
 *
 * Nor is it taken back while main.cf or master.cf was written and not read by Postfix yet, as the reload would put that
 * in force as well (reload.c): what we set harms nobody until whoever wrote it is finished.
 *
 * When main.cf is not there, and no other that may be of the instance, that is said with how to have it forgotten.
 *
 * Owns nothing between the calls.  Fails with a negative errno value and the sentence.
 * Limits: those of main_cf_file.c and overdue.c.  An instance that was moved out of /etc and taken from the list counts
 * as gone.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "postfix/main_cf.h"
#include "postfix/main_cf_change.h"
#include "postfix/main_cf_editor.h"
#include "postfix/overdue.h"
#include "postfix/reload.h"
#include "postfix/set.h"
#include "postfix/set_edit.h"

struct undo {
        const struct sg_action *action;
        const char *instance;
        const struct settings *settings;
        bool at_once;

        struct main_cf_file file;
        struct set_record record;
        char *before, *after;
        char old_values[SETTINGS_MAX][MAIN_CF_VALUE_MAX];
        struct set_edit ours;          /* still as we set them, with what they were */
        const char *his[SETTINGS_MAX]; /* changed by somebody else since */
        size_t n_his;
        bool is_whole; /* main.cf is what we made of it, to the byte */
};

/* Which of the settings are still ours to take back. */
static void sort_settings(struct undo *undo) {
        for (size_t i = 0; i < undo->settings->n; i++) {
                const char *name = undo->settings->all[i].name;
                char *old = undo->old_values[undo->ours.n];

                if (main_cf_change_is_same(undo->before, undo->after, name))
                        continue;
                if (!main_cf_change_is_same(undo->file.text, undo->after, name)) {
                        if (!main_cf_change_is_same(undo->file.text, undo->before, name))
                                undo->his[undo->n_his++] = name;
                        continue;
                }
                undo->ours.names[undo->ours.n] = name;
                undo->ours.values[undo->ours.n++] =
                        main_cf_value(undo->before, name, old, MAIN_CF_VALUE_MAX) ? old : NULL;
        }
}

static int read_record(struct undo *undo, struct sg_outcome *outcome) {
        struct stat status;
        int r = main_cf_file_read(undo->record.directory, SET_RECORD_BEFORE, &undo->before);

        if (r >= 0)
                r = main_cf_file_read(undo->record.directory, SET_RECORD_AFTER, &undo->after);
        if (r >= 0 && fstatat(undo->record.directory, SET_RECORD_BEFORE, &status, AT_SYMLINK_NOFOLLOW) < 0)
                r = -errno;
        if (r < 0)
                return order_refuse(outcome, r, "what main.cf was before cannot be read in %.120s: %s",
                        undo->record.path, strerror(-r));
        undo->is_whole = strcmp(undo->file.text, undo->after) == 0 &&
                undo->file.status.st_mode == status.st_mode && undo->file.status.st_uid == status.st_uid &&
                undo->file.status.st_gid == status.st_gid;
        sort_settings(undo);
        return 0;
}

static const char *lifetime_text(const char *main_cf, const char *name, char text[static MAIN_CF_VALUE_MAX]) {
        if (!main_cf_expanded(main_cf, name, "5d", text, MAIN_CF_VALUE_MAX) || text[0] == '\0')
                snprintf(text, MAIN_CF_VALUE_MAX, "5d");
        return text;
}

/* `stays`: what is not done for their sake. */
static int refuse_overdue(
        const struct overdue *overdue, const char *target, const char *stays, struct sg_outcome *outcome) {
        char value[MAIN_CF_VALUE_MAX], number[ORDER_NUMBER_MAX];
        const char *between = "";

        outcome->text[0] = '\0';
        if (overdue->mail > 0) {
                order_say(outcome, "%s messages are older than %.16s", order_number(overdue->mail, number),
                        lifetime_text(target, "maximal_queue_lifetime", value));
                between = ", ";
        }
        if (overdue->bounces > 0) {
                order_say(outcome, "%s%s bounces are older than %.16s", between,
                        order_number(overdue->bounces, number),
                        lifetime_text(target, "bounce_queue_lifetime", value));
                between = ", ";
        }
        if (overdue->soon > 0) {
                order_say(outcome, "%s%s messages will be too old before they are tried again", between,
                        order_number(overdue->soon, number));
                between = ", ";
        }
        if (overdue->unread > 0)
                order_say(outcome, "%s%s messages cannot be read and may be too old", between,
                        order_number(overdue->unread, number));
        order_say(outcome, ": they would be returned to their senders, so %s until they are gone", stays);
        outcome->count = overdue_total(overdue);
        return -EAGAIN;
}

/* 0 when no message would be returned by the lifetimes of `target`; -EAGAIN when some would; else as overdue_count(). */
static int check_mail(const struct undo *undo, const struct overdue_lifetimes *lifetimes, const char *target,
        const char *stays, struct sg_outcome *outcome) {
        struct overdue overdue;
        int r = overdue_count(undo->action, undo->instance, lifetimes, &overdue, outcome);

        if (r >= 0 && overdue_total(&overdue) > 0)
                r = refuse_overdue(&overdue, target, stays, outcome);
        return r;
}

/* The same, when it lowers one of them. */
static int check_target(const struct undo *undo, const char *target, struct sg_outcome *outcome) {
        struct overdue_lifetimes now, then;

        if (undo->at_once)
                return 0;
        if (overdue_lifetimes(undo->file.text, &now) < 0 || overdue_lifetimes(target, &then) < 0)
                return order_refuse(outcome, -EINVAL, "how long mail lives is not known from main.cf");
        if (then.mail_seconds >= now.mail_seconds && then.bounce_seconds >= now.bounce_seconds)
                return 0;
        return check_mail(undo, &then, target, "the lifetime stays", outcome);
}

/* Before a queue manager reads it that may have longer ones: from before we were cut short, perhaps. */
static int check_reload(const struct undo *undo, const char *stays, struct sg_outcome *outcome) {
        struct overdue_lifetimes lifetimes;

        if (undo->at_once)
                return 0;
        if (overdue_lifetimes(undo->file.text, &lifetimes) < 0)
                return order_refuse(outcome, -EINVAL, "how long mail lives is not known from main.cf");
        return check_mail(undo, &lifetimes, undo->file.text, stays, outcome);
}

static int refuse_busy(const struct undo *undo, int error, struct sg_outcome *outcome) {
        if (error == -EBUSY)
                return order_refuse(outcome, error, "somebody else is changing %.120s/%.60s at this moment",
                        undo->file.directory_path, undo->file.name);
        return order_refuse(outcome, error, "%.120s/%.60s cannot be replaced: %s", undo->file.directory_path,
                undo->file.name, strerror(-error));
}

/* The old one was put in place, and then a message was found after all. */
static int put_back(
        struct undo *undo, const char *name, const char *target, int reason, struct sg_outcome *outcome) {
        const struct sg_outcome why = *outcome;
        struct main_cf_file present;
        int r = main_cf_file_open(undo->action, undo->instance, &present, outcome);

        if (r < 0)
                return r;
        r = strcmp(present.text, target) == 0 ? main_cf_file_exchange(&present, undo->record.directory, name)
                                              : -EBUSY;
        main_cf_file_close(&present);
        if (r < 0)
                return refuse_busy(undo, r, outcome);
        *outcome = why;
        return reason;
}

/* `name` in the record takes the place of main.cf, and stays if still nothing speaks against it. */
static int put_in_place(struct undo *undo, const char *name, const char *target, struct sg_outcome *outcome) {
        int r = main_cf_file_exchange(&undo->file, undo->record.directory, name);

        if (r < 0)
                return refuse_busy(undo, r, outcome);
        r = check_target(undo, target, outcome);
        if (r < 0)
                return put_back(undo, name, target, r, outcome);
        if (renameat(undo->record.directory, name, undo->record.directory, SET_RECORD_RESTORED) < 0)
                return refuse_busy(undo, -errno, outcome);
        return 0;
}

/* Nobody else writes main.cf behind it, as far as that can be told; at once, `ret_lock` may be negative. */
static int be_alone(const struct undo *undo, int *ret_lock, struct sg_outcome *outcome) {
        char who[MAIN_CF_EDITOR_WHO_MAX];

        *ret_lock = -1;
        if (!undo->at_once && main_cf_editor_find(undo->file.directory, undo->file.name, who))
                return order_refuse(outcome, -EBUSY, "%.60s is not touched: %s", undo->file.name, who);
        *ret_lock = main_cf_editor_lock(undo->file.config);
        return *ret_lock < 0 && !undo->at_once ? refuse_busy(undo, *ret_lock, outcome) : 0;
}

static int put_in_place_alone(
        struct undo *undo, const char *name, const char *target, struct sg_outcome *outcome) {
        int lock = -1, r = main_cf_file_check(&undo->file, outcome);

        if (r >= 0)
                r = be_alone(undo, &lock, outcome);
        if (r < 0)
                return r;
        r = put_in_place(undo, name, target, outcome);
        main_cf_editor_unlock(undo->file.config, lock);
        return r;
}

static int restore(struct undo *undo, struct sg_outcome *outcome) {
        const char *name = undo->is_whole ? SET_RECORD_BEFORE : SET_RECORD_WORK, *target = undo->before;
        char *edited = NULL;
        int r = 0;

        if (!undo->is_whole) {
                r = set_edit_make(undo->action, &undo->file, &undo->record, &undo->ours, &edited, outcome);
                target = edited;
        }
        if (r >= 0)
                r = check_target(undo, target, outcome);
        if (r >= 0)
                r = put_in_place_alone(undo, name, target, outcome);
        free(edited);
        return r;
}

/* "maximal_queue_lifetime is not set any more", "maximal_queue_lifetime = 7d again" */
static void describe(const struct undo *undo, struct sg_outcome *outcome) {
        outcome->text[0] = '\0';
        for (size_t i = 0; i < undo->ours.n; i++) {
                if (undo->ours.values[i])
                        order_say(outcome, "%s%s = %.20s again", i ? ", " : "", undo->ours.names[i],
                                undo->ours.values[i]);
                else
                        order_say(outcome, "%s%s is not set any more", i ? ", " : "", undo->ours.names[i]);
        }
        for (size_t i = 0; i < undo->n_his; i++)
                order_say(outcome, "%s%s was changed by somebody else since and stays",
                        i + undo->ours.n > 0 ? ", " : "", undo->his[i]);
        if (undo->ours.n + undo->n_his == 0)
                order_say(outcome, "the settings are as they were before");
        outcome->count = undo->ours.n;
}

/*
 * 0, or -EPERM: our reload would put in force what somebody else has written since, finished or not.  Asked before
 * anything is replaced, and only once our own file was read, which else would be taken for such an edit.
 */
static int check_his(const struct undo *undo, struct sg_outcome *outcome) {
        struct sg_outcome unread = {.count = 0};

        if (undo->at_once || !set_record_is_read(&undo->record) ||
                reload_check_read(undo->action, undo->instance, &unread) != -EPERM)
                return 0;
        *outcome = unread;
        return -EPERM;
}

/* One that is down reads it when it starts. */
static int have_it_read(struct undo *undo, struct sg_outcome *outcome) {
        struct sg_outcome reload = {.count = 0};
        int r = reload_check(undo->action, undo->instance, &reload);

        if (r >= 0)
                r = reload_do(undo->action, undo->instance, &reload);
        order_say(outcome, "; %.120s", reload.text);
        /* A queue manager that could not live is started by master again and again, and reads it then. */
        return r == -ESRCH || undo->at_once ? 0 : r;
}

/* Nobody has written main.cf since it took the place of `name`, and nothing but the settings differs between them. */
static bool is_as_we_left_it(const struct undo *undo, const char *name) {
        const struct timespec *written = &undo->file.status.st_mtim, *named;
        const char *names[SETTINGS_MAX];
        struct stat status;
        char *text = NULL;
        bool is_confined;

        for (size_t i = 0; i < undo->settings->n; i++)
                names[i] = undo->settings->all[i].name;
        if (fstatat(undo->record.directory, name, &status, AT_SYMLINK_NOFOLLOW) < 0 ||
                main_cf_file_read(undo->record.directory, name, &text) < 0)
                return false;
        is_confined = main_cf_change_is_confined(undo->file.text, text, names, undo->settings->n);
        free(text);
        named = &status.st_ctim;
        return is_confined &&
                (written->tv_sec < named->tv_sec ||
                        (written->tv_sec == named->tv_sec && written->tv_nsec <= named->tv_nsec));
}

static bool is_in_record(const struct undo *undo, const char *name) {
        return faccessat(undo->record.directory, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* What had been taken back is in force once more, as if nobody had begun with it: 0 or a negative errno value. */
static int set_again(struct undo *undo) {
        const bool is_restored = is_in_record(undo, SET_RECORD_RESTORED);
        const char *name = is_restored ? SET_RECORD_RESTORED : SET_RECORD_BEFORE, *place = SET_RECORD_BEFORE;
        struct sg_outcome ignored = {.count = 0};
        int lock = -1, r;

        /* The very file that was there is main.cf now and comes back here; else it still lies here. */
        if (is_restored && is_in_record(undo, SET_RECORD_BEFORE))
                place = SET_RECORD_WORK;
        if (!is_as_we_left_it(undo, name))
                return -EBUSY;
        r = be_alone(undo, &lock, &ignored);
        if (r < 0)
                return r;
        /* The name goes first: cut short behind it, it is known from the two texts how far we came. */
        if (is_restored && renameat(undo->record.directory, name, undo->record.directory, place) < 0)
                r = -errno;
        else
                r = main_cf_file_exchange(&undo->file, undo->record.directory, place);
        main_cf_editor_unlock(undo->file.config, lock);
        return r;
}

static int take_back(struct undo *undo, struct sg_outcome *outcome) {
        int r, state = set_record_look(&undo->file, &undo->record);

        if (state < 0)
                return order_refuse(
                        outcome, state, "%.180s cannot be read: %s", undo->record.path, strerror(-state));
        if (state == SET_RECORD_NOTHING) {
                order_refuse(outcome, 0, "nothing had been changed");
                return 0;
        }
        r = state == SET_RECORD_IN_FORCE ? read_record(undo, outcome) : 0;
        if (r >= 0 && state == SET_RECORD_IN_FORCE && (undo->ours.n > 0 || undo->n_his == 0))
                r = check_his(undo, outcome);
        if (r >= 0 && undo->ours.n > 0)
                r = restore(undo, outcome);
        else if (r >= 0 && undo->n_his == 0)
                /* Taken back by us it comes again, below; put back by somebody else it is his. */
                r = check_reload(undo,
                        state == SET_RECORD_UNREAD ? "the lifetime stays" : "Postfix is not reloaded",
                        outcome);
        if (r < 0 && state == SET_RECORD_UNREAD && set_again(undo) < 0)
                order_say(outcome, "; but %.60s has the old one already, and a reload would return them",
                        undo->file.name);
        if (r < 0)
                return r;
        describe(undo, outcome);
        return undo->ours.n > 0 || undo->n_his == 0 ? have_it_read(undo, outcome) : 0;
}

/* Without its main.cf no try will ever be better than this one; whether that is so for good a person knows. */
static void say_gone(const struct sg_action *action, struct sg_outcome *outcome) {
        const char *instance = action->args[SET_ARG_INSTANCE].text, *root = action->host->root;
        char path[ORDER_PATH_MAX];

        if (!postfix_instance_is_gone(root, instance))
                return;
        outcome->is_gone = !set_record_find(root, action->lease, path);
        if (outcome->is_gone)
                order_refuse(outcome, 0,
                        "no main.cf of Postfix instance \"%.60s\" is there any more; if that is for good, "
                        "`spoolguardctl return --forget %llu` ends the lease",
                        instance, (unsigned long long)action->lease);
        else
                order_say(outcome,
                        "; but %.100s is there: put back what it belongs to, or `spoolguardctl return "
                        "--forget --anyway %llu`",
                        path, (unsigned long long)action->lease);
}

int set_take_back(const struct sg_action *action, const struct settings *settings, bool at_once,
        struct sg_outcome *outcome) {
        const char *instance = action->args[SET_ARG_INSTANCE].text;
        struct undo *undo = calloc(1, sizeof(*undo));
        int r;

        if (!undo)
                return order_refuse(outcome, -ENOMEM, "out of memory");
        undo->action = action;
        undo->instance = instance;
        undo->settings = settings;
        undo->at_once = at_once;
        r = main_cf_file_open(action, instance, &undo->file, outcome);
        if (r < 0) {
                say_gone(action, outcome);
                free(undo);
                return r;
        }
        r = set_record_open(&undo->file, action->lease, &undo->record);
        if (r == -ENOENT)
                r = order_refuse(outcome, 0,
                        "nothing of it is on record beside %.120s/%.60s, so nothing is taken back",
                        undo->file.directory_path, undo->file.name);
        else if (r < 0)
                order_refuse(outcome, r, "its record beside %.120s/%.60s cannot be used: %s",
                        undo->file.directory_path, undo->file.name, strerror(-r));
        else {
                r = take_back(undo, outcome);
                if (r >= 0)
                        set_record_remove(&undo->file, &undo->record);
                set_record_close(&undo->record);
        }
        main_cf_file_close(&undo->file);
        free(undo->before);
        free(undo->after);
        free(undo);
        return r;
}
