/* SPDX-License-Identifier: MIT */
/* setting - which parameters of Postfix postfix.set may change, and to what */
#ifndef POSTFIX_SETTING_H
#define POSTFIX_SETTING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SETTINGS_MAX 5u /* one of each */
#define SETTING_VALUE_MAX 16
#define SETTING_WHY_MAX 240

enum setting_answer {
        SETTING_CHANGE = 1,
        SETTING_SAME,   /* it is so already */
        SETTING_LONGER, /* a lifetime that is longer already, and never made shorter */
};

struct setting {
        const char *name;              /* the table's */
        char value[SETTING_VALUE_MAX]; /* as it was written: "28d" */
        uint64_t seconds;
        enum setting_answer answer; /* of settings_judge() */
};

struct settings {
        struct setting all[SETTINGS_MAX];
        size_t n;
};

/* From texts such as "maximal_queue_lifetime = 28d", ended by NULL.  0, or -EINVAL with what is wrong with which. */
int settings_parse(
        const char *const *texts, struct settings *ret_settings, char ret_why[static SETTING_WHY_MAX]);

/*
 * What is to be done about each, with this main.cf.  0 or a negative errno value with the reason: -EINVAL, what
 * main.cf says is not understood; -ERANGE, the values would not go together.
 */
int settings_judge(struct settings *settings, const char *main_cf, char ret_why[static SETTING_WHY_MAX]);

/* How many of them are to be changed. */
size_t settings_changes(const struct settings *settings);

#endif
