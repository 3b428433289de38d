/* SPDX-License-Identifier: MIT */
/*
 * set_edit - main.cf with other settings, made by postconf where Postfix does not see it
 *
 * Runs in a child of the executor, as root.  postconf knows the form of main.cf better than we do, but leaves a file
 * of root's with mode 0644, puts one in the place of a link, and heeds nobody who edits beside it.  So it is given a
 * copy in a directory of its own, and what it makes of that is read again: the settings must be as they were asked
 * for, and every other line as it was, or nothing of it is used.  Behind a last line without an end postconf goes on in
 * that line, so the copy gets one.
 *
 * Owns nothing.  Fails with a negative errno value and the sentence; postconf is asked to stop, never killed.
 * Limits: those of main_cf_file.c.
 */
#include "postfix/set_edit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "postfix/main_cf.h"
#include "postfix/main_cf_change.h"

#define ARGUMENTS_BEFORE 4u

/* Settings that are made twice, say, it warns of before anything else. */
const char *set_edit_complaint(char *output) {
        char *complaint = strstr(output, "fatal: ");

        if (!complaint)
                complaint = output;
        complaint[strcspn(complaint, "\n")] = '\0';
        return complaint;
}

/* `option` is -e for what gets a value and -X for what shall have none. */
static int run_postconf(const struct sg_action *action, const struct set_record *record,
        const struct set_edit *edit, const char *option, struct sg_outcome *outcome) {
        const char *argv[ARGUMENTS_BEFORE + SETTINGS_MAX + 1] = {
                "/usr/sbin/postconf", "-c", record->path, option};
        char *assignments[SETTINGS_MAX] = {NULL}, output[4096] = "";
        const bool sets = strcmp(option, "-e") == 0;
        size_t n = ARGUMENTS_BEFORE;
        int r = 0;

        for (size_t i = 0; i < edit->n && r >= 0; i++) {
                if (sets != (edit->values[i] != NULL))
                        continue;
                if (sets && asprintf(&assignments[i], "%s = %s", edit->names[i], edit->values[i]) < 0)
                        r = -ENOMEM;
                argv[n++] = sets ? assignments[i] : edit->names[i];
        }
        if (r >= 0 && n > ARGUMENTS_BEFORE)
                r = action->host->tool(action, argv, output, sizeof(output));
        for (size_t i = 0; i < SETTINGS_MAX; i++)
                free(assignments[i]);
        if (r != 0)
                return order_refuse(outcome, r < 0 ? r : -EIO, "postconf %s failed (%d): %.160s", option, r,
                        set_edit_complaint(output));
        return 0;
}

static bool is_as_asked(const char *text, const struct set_edit *edit) {
        for (size_t i = 0; i < edit->n; i++) {
                char value[MAIN_CF_VALUE_MAX];

                if (!edit->values[i] && main_cf_times_set(text, edit->names[i]) > 0)
                        return false;
                if (edit->values[i] &&
                        (!main_cf_value(text, edit->names[i], value, sizeof(value)) ||
                                strcmp(value, edit->values[i]) != 0))
                        return false;
        }
        return true;
}

/* As the file is that it is to replace, and on disk. */
static int dress(
        const struct main_cf_file *file, const struct set_record *record, struct sg_outcome *outcome) {
        int r,
                fd = openat(
                        record->directory, SET_RECORD_WORK, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

        r = fd < 0 ? -errno : main_cf_file_dress(file, fd);
        if (r >= 0 && fsync(fd) < 0)
                r = -errno;
        if (fd >= 0)
                close(fd);
        if (r < 0)
                return order_refuse(outcome, r,
                        "a copy of %.120s/%.60s cannot get its owner, mode and attributes: %s",
                        file->directory_path, file->name, strerror(-r));
        return 0;
}

/* What postconf is given. */
static int write_copy(const struct set_record *record, const char *text) {
        const size_t length = strlen(text);
        char *ended = NULL;
        int r;

        if (length == 0 || text[length - 1] == '\n')
                return set_record_write(record, SET_RECORD_WORK, text);
        if (asprintf(&ended, "%s\n", text) < 0)
                return -ENOMEM;
        r = set_record_write(record, SET_RECORD_WORK, ended);
        free(ended);
        return r;
}

int set_edit_make(const struct sg_action *action, const struct main_cf_file *file,
        const struct set_record *record, const struct set_edit *edit, char **ret_text,
        struct sg_outcome *outcome) {
        char *text = NULL;
        int r = write_copy(record, file->text);

        if (r < 0)
                return order_refuse(outcome, r, "%.180s cannot be written: %s", record->path, strerror(-r));
        r = run_postconf(action, record, edit, "-e", outcome);
        if (r >= 0)
                r = run_postconf(action, record, edit, "-X", outcome);
        if (r < 0)
                return r;
        r = main_cf_file_read(record->directory, SET_RECORD_WORK, &text);
        if (r < 0)
                return order_refuse(
                        outcome, r, "what postconf made of main.cf cannot be read: %s", strerror(-r));
        if (!is_as_asked(text, edit) || !main_cf_change_is_confined(file->text, text, edit->names, edit->n))
                r = order_refuse(outcome, -EBADMSG,
                        "postconf made something else of main.cf than it was asked for; nothing was changed");
        else
                r = dress(file, record, outcome);
        if (r < 0) {
                free(text);
                return r;
        }
        *ret_text = text;
        return 0;
}
