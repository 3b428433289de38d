/* SPDX-License-Identifier: MIT */
/* set_edit - main.cf with other settings, made by postconf where Postfix does not see it */
#ifndef POSTFIX_SET_EDIT_H
#define POSTFIX_SET_EDIT_H

#include "postfix/set_record.h"
#include "postfix/setting.h"

/* What is to be changed; `values` NULL: the parameter is not to be set at all. */
struct set_edit {
        const char *names[SETTINGS_MAX], *values[SETTINGS_MAX];
        size_t n;
};

/*
 * Makes SET_RECORD_WORK of the file's text, with its owner and mode, on disk; `ret_text` is what stands in it
 * (malloc).  0, or a negative errno value with the reason in outcome->text: -EBADMSG, postconf changed more than it
 * was told to.
 */
int set_edit_make(const struct sg_action *action, const struct main_cf_file *file,
        const struct set_record *record, const struct set_edit *edit, char **ret_text,
        struct sg_outcome *outcome);

/* The line of a tool's output that says what it failed at, or else the first one, as a text of its own. */
const char *set_edit_complaint(char *output);

#endif
