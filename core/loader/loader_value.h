/* SPDX-License-Identifier: MIT */
/* loader_value - a raw Lua value as the written form of a configuration value */
#ifndef LOADER_LOADER_VALUE_H
#define LOADER_LOADER_VALUE_H

#include "config/config_schema.h"
#include "config/option.h"

/*
 * `raw` as in loader_table.h; the written form lands in `text`.  -EINVAL: the Lua type does not fit, or the
 * value is not allowed; the problem names `where` and what is.
 */
int loader_value(const struct config_field *field, const char *where, const char *raw,
        char text[static OPTION_TEXT_MAX], struct problem *problem);

/* A raw value for people: `the text "85%"`, `the number 5`, `a table`. */
void loader_value_describe(const char *raw, char *text, size_t size);

#endif
