/* SPDX-License-Identifier: MIT */
/*
 * set_change - put a main.cf with other settings in the place of the old one
 *
 * Runs in a child of the executor, as root.  Everything is on disk before anything is replaced: the new file, a copy
 * of it, the words by which people take it back, and the second name of the old one.  The exchange of names is the one
 * step that counts; behind it nothing can fail that would have to be taken back.
 *
 * Owns nothing between the calls.  Fails with the sentence and leaves nothing behind then.
 * Limits: a line of master.cf that overrides a parameter is seen only for the queue manager, which alone reads those
 * that may be set.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "postfix/main_cf.h"
#include "postfix/set.h"
#include "postfix/set_edit.h"

/* A line of master.cf that has the last word for the queue manager. */
static int check_overrides(const struct set *set, struct sg_outcome *outcome) {
        char config[ORDER_PATH_MAX], output[8192] = "", *rest = NULL;
        const char *argv[] = {"/usr/sbin/postconf", "-c", config, "-P", NULL};
        int r;

        order_config(set->action, set->instance, config);
        r = set->action->host->tool(set->action, argv, output, sizeof(output));
        if (r != 0)
                return order_refuse(outcome, r < 0 ? r : -EIO, "postconf -P failed (%d): %.160s", r,
                        set_edit_complaint(output));
        /* The rest was dropped, and with it perhaps the line that matters. */
        if (strlen(output) == sizeof(output) - 1)
                return order_refuse(outcome, -E2BIG,
                        "postconf -P says more than %zu KiB, so what master.cf overrides is not known",
                        sizeof(output) >> 10);
        for (char *line = strtok_r(output, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
                const char *name = strrchr(line, '/');

                for (size_t i = 0; i < set->settings.n && name && strncmp(line, "qmgr/", 5) == 0; i++) {
                        const size_t length = strlen(set->settings.all[i].name);

                        if (strncmp(name + 1, set->settings.all[i].name, length) == 0 &&
                                name[1 + length] == ' ')
                                return order_refuse(outcome, -EPERM,
                                        "master.cf has the last word, with %.120s: main.cf would change "
                                        "nothing",
                                        line);
                }
        }
        return 0;
}

static int make_text(struct set *set, struct sg_outcome *outcome) {
        struct set_edit edit = {.n = 0};
        char *text = NULL;
        int r;

        for (size_t i = 0; i < set->settings.n; i++)
                if (set->settings.all[i].answer == SETTING_CHANGE) {
                        edit.names[edit.n] = set->settings.all[i].name;
                        edit.values[edit.n++] = set->settings.all[i].value;
                }
        r = set_edit_make(set->action, &set->file, &set->record, &edit, &text, outcome);
        if (r < 0)
                return r;
        r = set_record_write(&set->record, SET_RECORD_AFTER, text);
        free(text);
        if (r < 0)
                return order_refuse(
                        outcome, r, "%.180s cannot be written: %s", set->record.path, strerror(-r));
        return 0;
}

/* For whoever finds it, and perhaps no spoolguard any more. */
static int write_how_to_undo(const struct set *set) {
        char config[ORDER_PATH_MAX], *text = NULL;
        size_t size = 0;
        FILE *stream = open_memstream(&text, &size);
        int r = -ENOMEM;

        if (!stream)
                return r;
        order_config(set->action, set->instance, config);
        fprintf(stream,
                "# Lease %llu of spoolguard has changed %s/%s; `spoolguardctl return %llu` takes it back.\n"
                "# Without spoolguard, when no message is there that the old lifetime would return:\n"
                "cd %s\n"
                "cmp %s %s/" SET_RECORD_AFTER " && mv %s/" SET_RECORD_BEFORE " %s || {\n",
                (unsigned long long)set->action->lease, set->file.directory_path, set->file.name,
                (unsigned long long)set->action->lease, set->file.directory_path, set->file.name,
                set->record.name, set->record.name, set->file.name);
        for (size_t i = 0; i < set->settings.n; i++) {
                const struct setting *setting = &set->settings.all[i];
                char value[MAIN_CF_VALUE_MAX];

                if (setting->answer != SETTING_CHANGE)
                        continue;
                if (main_cf_value(set->file.text, setting->name, value, sizeof(value)))
                        fprintf(stream, "  postconf -c %s -e '%s = %s'\n", config, setting->name, value);
                else
                        fprintf(stream, "  postconf -c %s -X %s\n", config, setting->name);
        }
        fprintf(stream, "}\npostfix -c %s reload\nrm -r %s\n", config, set->record.name);
        if (fclose(stream) == 0)
                r = set_record_write(&set->record, SET_RECORD_HOW_TO_UNDO, text);
        free(text);
        return r;
}

/* The old file gets its second name before it loses the first one. */
static int put_in_place(struct set *set, struct sg_outcome *outcome) {
        const struct main_cf_file *file = &set->file;
        int r = write_how_to_undo(set);

        if (r >= 0 && linkat(file->directory, file->name, set->record.directory, SET_RECORD_BEFORE, 0) < 0)
                r = -errno;
        if (r >= 0)
                r = main_cf_file_exchange(file, set->record.directory, SET_RECORD_WORK);
        if (r == -EBUSY)
                return order_refuse(outcome, r, "somebody else has changed %.120s/%.60s at this moment",
                        file->directory_path, file->name);
        if (r < 0)
                return order_refuse(outcome, r, "%.120s/%.60s cannot be replaced: %s", file->directory_path,
                        file->name, strerror(-r));
        unlinkat(set->record.directory, SET_RECORD_WORK, 0);
        return 0;
}

int set_change(struct set *set, struct sg_outcome *outcome) {
        int r = check_overrides(set, outcome);

        if (r < 0)
                return r;
        r = set_record_make(&set->file, set->action->lease, &set->record);

        if (r < 0)
                return order_refuse(outcome, r, "%.180s cannot be made: %s", set->record.path, strerror(-r));
        r = make_text(set, outcome);
        if (r >= 0)
                r = put_in_place(set, outcome);
        if (r < 0)
                set_record_remove(&set->file, &set->record);
        set_record_close(&set->record);
        return r;
}
