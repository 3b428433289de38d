/* SPDX-License-Identifier: MIT */
/*
 * loader_value - a raw Lua value as the written form of a configuration value
 *
 * Runs in the loader.  Pure.  Says which Lua types a value of each kind may be written with, and has the text
 * checked and made canonical by the row, so that `lasting = "60s"` and `lasting = "1m"` are stored the same.
 * A number is not accepted where a unit belongs ("deadline = 5" says nothing), except a size in bytes and 0.
 *
 * Owns nothing.  Fails with -EINVAL and what is allowed.  Limits: those of option.c.
 */
#include "loader/loader_value.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"

/* The raw types (loader_table.h) that are taken for a type. */
static const char *const accepted[] = {
        [SG_TYPE_TEXT] = "s",
        [SG_TYPE_BOOL] = "b",
        [SG_TYPE_NUMBER] = "n",
        [SG_TYPE_RATIO] = "n",
        [SG_TYPE_DURATION] = "sn",
        [SG_TYPE_SIZE] = "sn",
        [SG_TYPE_LIST] = "lse",
};

void loader_value_describe(const char *raw, char *text, size_t size) {
        static const struct {
                char type;
                const char *before, *after;
        } forms[] = {
                {'n', "the number ", ""},
                {'s', "the text \"", "\""},
                {'b', "", ""},
                {'f', "a function", ""},
                {'l', "the list ", ""},
                {'e', "an empty table", ""},
        };
        char shown[64];

        text_escape(shown, sizeof(shown), raw + 2);
        for (size_t i = 0; i < ELEMENTSOF(forms); i++)
                if (forms[i].type == raw[0])
                        text_format(text, size, "%s%s%s", forms[i].before, shown, forms[i].after);
}

int loader_value(const struct config_field *field, const char *where, const char *raw,
        char text[static OPTION_TEXT_MAX], struct problem *problem) {
        const char *types = accepted[field->rule.type], *written = raw + 2;
        char item[OPTION_TEXT_MAX], described[96];
        struct sg_value value;
        int r;

        if (!strchr(types, raw[0])) {
                loader_value_describe(raw, described, sizeof(described));
                return problem_set(problem, "%s must be a %s (%s), not %s", where,
                        option_type_name(field->rule.type), option_type_help(field->rule.type), described);
        }
        if (field->rule.type == SG_TYPE_LIST && raw[0] == 's') {
                if (!option_list_join(&written, 1, item, sizeof(item)))
                        return problem_set(problem, "%s is too long", where);
                written = item;
        }
        r = config_field_check(field, where, written, &value, problem);
        if (r < 0)
                return r;
        option_format(&value, text, OPTION_TEXT_MAX);
        option_value_deinit(&value);
        return 0;
}
