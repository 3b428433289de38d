/* SPDX-License-Identifier: MIT */
/*
 * option - turn written values into typed ones and back, by the table that says what is allowed
 *
 * Runs in the loader, the watcher and the executor.  Pure: no I/O, no globals but const tables.  The executor
 * parses arguments that the watcher chose with this file, so a text is bounded before anything looks at it,
 * numbers are checked for overflow, and what is not exactly one value of the type is refused.
 *
 * Owns nothing; the texts and lists inside the values it makes belong to the caller, who releases them with
 * option_value_deinit() or option_values_free().  A list is one allocation.
 *
 * Fails with -EINVAL and a problem that says what is allowed, or -ENOMEM.  Limits: OPTION_TEXT_MAX bytes of
 * written form, OPTION_LIST_MAX items; numbers are read in the C locale, the programs never set another.
 */
#include "config/option.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"

#define NAMES_MAX 64

struct unit {
        const char *name;
        uint64_t factor;
};

/* Longest name first where one is the beginning of another; the largest first for option_format(). */
static const struct unit duration_units[] = {
        {"d", USEC_PER_DAY},
        {"h", USEC_PER_HOUR},
        {"ms", USEC_PER_MSEC},
        {"m", USEC_PER_MINUTE},
        {"us", 1},
        {"s", USEC_PER_SEC},
};
static const struct unit duration_written[] = {
        {"d", USEC_PER_DAY},
        {"h", USEC_PER_HOUR},
        {"m", USEC_PER_MINUTE},
        {"s", USEC_PER_SEC},
        {"ms", USEC_PER_MSEC},
        {"us", 1},
};
static const struct unit size_units[] = {
        {"T", UINT64_C(1) << 40},
        {"G", UINT64_C(1) << 30},
        {"M", UINT64_C(1) << 20},
        {"K", UINT64_C(1) << 10},
};

typedef int (*parse_fn)(
        const struct sg_option *row, const char *text, struct sg_value *value, struct problem *problem);

static bool bounded(const struct sg_option *row) {
        return row->min != 0 || row->max != 0;
}

static int check_range(const struct sg_option *row, double number, const char *text, const char *unit,
        struct problem *problem) {
        if (bounded(row) && (number < row->min || number > row->max))
                return problem_set(problem, "%s = %s is out of range: from %.15g to %.15g%s are allowed",
                        row->name, text, row->min, row->max, unit);
        return 0;
}

static int refuse(const struct sg_option *row, const char *text, struct problem *problem) {
        char shown[128];

        text_escape(shown, sizeof(shown), text);
        return problem_set(problem, "%s = \"%s\" is not a %s: write %s", row->name, shown,
                option_type_name(row->type), option_type_help(row->type));
}

static int parse_text(
        const struct sg_option *row, const char *text, struct sg_value *value, struct problem *problem) {
        if (!text_is_clean(text))
                return refuse(row, text, problem);
        value->text = strdup(text);
        return value->text ? 0 : -ENOMEM;
}

static int parse_bool(
        const struct sg_option *row, const char *text, struct sg_value *value, struct problem *problem) {
        value->boolean = strcmp(text, "true") == 0;
        return value->boolean || strcmp(text, "false") == 0 ? 0 : refuse(row, text, problem);
}

static int parse_number(
        const struct sg_option *row, const char *text, struct sg_value *value, struct problem *problem) {
        char *end;
        int r;

        /* strtod() alone would also take "inf", "nan", hexadecimal and leading space. */
        if (*text == '\0' || text[strspn(text, "0123456789+-.eE")] != '\0')
                return refuse(row, text, problem);
        value->number = strtod(text, &end);
        if (*end != '\0' || !isfinite(value->number))
                return refuse(row, text, problem);
        r = check_range(row, value->number, text, "", problem);
        if (r < 0)
                return r;
        if (row->type == SG_TYPE_RATIO && (value->number < 0 || value->number > 1))
                return refuse(row, text, problem);
        return 0;
}

/* Digits at *text, which moves behind them; false: none, or more than fit. */
static bool take_digits(const char **text, uint64_t *ret_number) {
        uint64_t number = 0;
        const char *p = *text;

        for (; *p >= '0' && *p <= '9'; p++)
                if (__builtin_mul_overflow(number, UINT64_C(10), &number) ||
                        __builtin_add_overflow(number, (uint64_t)(*p - '0'), &number))
                        return false;
        if (p == *text)
                return false;
        *text = p;
        *ret_number = number;
        return true;
}

static const struct unit *take_unit(const char **text, const struct unit units[], size_t n) {
        for (size_t i = 0; i < n; i++)
                if (strncmp(*text, units[i].name, strlen(units[i].name)) == 0) {
                        *text += strlen(units[i].name);
                        return &units[i];
                }
        return NULL;
}

static int parse_duration(
        const struct sg_option *row, const char *text, struct sg_value *value, struct problem *problem) {
        const char *p = text;
        uint64_t total = 0;

        while (strcmp(text, "0") != 0) {
                const struct unit *unit;
                uint64_t number, part;

                if (!take_digits(&p, &number))
                        return refuse(row, text, problem);
                unit = take_unit(&p, duration_units, ELEMENTSOF(duration_units));
                if (!unit || __builtin_mul_overflow(number, unit->factor, &part) ||
                        __builtin_add_overflow(total, part, &total) || total == USEC_NEVER)
                        return refuse(row, text, problem);
                if (*p == '\0')
                        break;
        }
        value->usec = total;
        return check_range(row, (double)total / (double)USEC_PER_SEC, text, " seconds", problem);
}

static int parse_size(
        const struct sg_option *row, const char *text, struct sg_value *value, struct problem *problem) {
        const struct unit *unit;
        const char *p = text;
        uint64_t number;

        if (!take_digits(&p, &number))
                return refuse(row, text, problem);
        unit = take_unit(&p, size_units, ELEMENTSOF(size_units));
        if (*p != '\0' || (unit && __builtin_mul_overflow(number, unit->factor, &number)))
                return refuse(row, text, problem);
        value->bytes = number;
        return check_range(row, (double)number, text, " bytes", problem);
}

static int parse_list(
        const struct sg_option *row, const char *text, struct sg_value *value, struct problem *problem) {
        size_t n = 0, length = strlen(text);
        const char **list;
        char *out;

        if (!text_is_clean(text))
                return refuse(row, text, problem);
        list = calloc(1, (OPTION_LIST_MAX + 1) * sizeof(*list) + length + 1);
        if (!list)
                return -ENOMEM;
        out = (char *)(list + OPTION_LIST_MAX + 1);

        while (length > 0) {
                if (n == OPTION_LIST_MAX) {
                        free(list);
                        return problem_set(problem, "%s has more than %d items", row->name, OPTION_LIST_MAX);
                }
                while (*text == ' ')
                        text++;
                list[n++] = out;
                for (; *text != '\0' && *text != ','; text++) {
                        if (*text == '\\' && text[1] != '\0')
                                text++;
                        *out++ = *text;
                }
                *out++ = '\0';
                if (*list[n - 1] == '\0') {
                        free(list);
                        return problem_set(problem, "%s has an empty item", row->name);
                }
                if (*text == '\0')
                        break;
                text++;
        }
        value->list = list;
        return 0;
}

static const struct {
        const char *name, *help;
        parse_fn parse;
} types[] = {
        [SG_TYPE_TEXT] = {"text", "text without control characters", parse_text},
        [SG_TYPE_BOOL] = {"boolean", "true or false", parse_bool},
        [SG_TYPE_NUMBER] = {"number", "a number such as 12 or 0.5", parse_number},
        [SG_TYPE_RATIO] = {"ratio", "a number from 0 to 1, such as 0.85", parse_number},
        [SG_TYPE_DURATION] = {"duration", "90s, 15m, 24h, 7d or 1h30m", parse_duration},
        [SG_TYPE_SIZE] = {"size", "200M, 1G or a number of bytes", parse_size},
        [SG_TYPE_LIST] = {"list", "a list of texts", parse_list},
};

static bool type_known(enum sg_type type) {
        return (size_t)type < ELEMENTSOF(types) && types[type].parse;
}

size_t option_count(const struct sg_option *table) {
        size_t n = 0;

        while (table && table[n].name)
                n++;
        return n;
}

ptrdiff_t option_find(const struct sg_option *table, const char *name) {
        for (size_t i = 0; table && table[i].name; i++)
                if (strcmp(table[i].name, name) == 0)
                        return (ptrdiff_t)i;
        return -1;
}

const char *option_type_name(enum sg_type type) {
        return type_known(type) ? types[type].name : "unknown type";
}

const char *option_type_help(enum sg_type type) {
        return type_known(type) ? types[type].help : "nothing";
}

int option_parse(
        const struct sg_option *row, const char *text, struct sg_value *ret_value, struct problem *problem) {
        struct sg_value value = {.type = row->type};
        int r;

        if (!type_known(row->type))
                return problem_set(problem, "%s has a type that this spoolguard does not know", row->name);
        if (strnlen(text, OPTION_TEXT_MAX) == OPTION_TEXT_MAX)
                return problem_set(problem, "%s is longer than %d bytes in its written form", row->name,
                        OPTION_TEXT_MAX - 1);
        r = types[row->type].parse(row, text, &value, problem);
        if (r < 0)
                return r;
        *ret_value = value;
        return 0;
}

void option_value_deinit(struct sg_value *value) {
        if (value->type == SG_TYPE_TEXT)
                free((void *)(uintptr_t)value->text);
        else if (value->type == SG_TYPE_LIST)
                free((void *)(uintptr_t)value->list);
        *value = (struct sg_value){.type = SG_TYPE_BOOL};
}

static int refuse_unknown(const struct sg_option *table, const char *name, struct problem *problem) {
        const char *names[NAMES_MAX], *nearest;
        char shown[128];
        size_t n = 0;

        for (; table && table[n].name && n < NAMES_MAX; n++)
                names[n] = table[n].name;
        text_escape(shown, sizeof(shown), name);
        nearest = text_nearest(name, names, n);
        if (nearest)
                return problem_set(problem, "\"%s\" is not known here; did you mean \"%s\"?", shown, nearest);
        return problem_set(problem, "\"%s\" is not known here", shown);
}

int option_values_new(const struct sg_option *table, const struct option_pair *pairs, size_t n_pairs,
        struct sg_value **ret_values, struct problem *problem) {
        size_t n = option_count(table);
        struct sg_value *values;
        int r = 0;

        for (size_t i = 0; i < n_pairs; i++)
                if (option_find(table, pairs[i].name) < 0)
                        return refuse_unknown(table, pairs[i].name, problem);

        values = calloc(n + 1, sizeof(*values));
        if (!values)
                return -ENOMEM;
        for (size_t i = 0; i < n && r >= 0; i++) {
                const char *text = table[i].fallback;

                for (size_t j = 0; j < n_pairs; j++)
                        if (strcmp(pairs[j].name, table[i].name) == 0)
                                text = pairs[j].text;
                r = text ? option_parse(&table[i], text, &values[i], problem)
                         : problem_set(problem, "\"%s\" must be given: %s", table[i].name,
                                   option_type_help(table[i].type));
        }
        if (r < 0) {
                option_values_free(table, values);
                return r;
        }
        *ret_values = values;
        return 0;
}

struct sg_value *option_values_free(const struct sg_option *table, struct sg_value *values) {
        for (size_t i = 0; values && i < option_count(table); i++)
                option_value_deinit(&values[i]);
        free(values);
        return NULL;
}

/* The shortest form that reads back as the same double. */
static void format_number(double number, char *text, size_t size) {
        for (int precision = 15; precision <= 17; precision++) {
                text_format(text, size, "%.*g", precision, number);
                if (strtod(text, NULL) == number)
                        return;
        }
}

static void format_duration(uint64_t usec, char *text, size_t size) {
        size_t used = 0;

        if (usec == 0)
                text_copy(text, size, "0s");
        for (size_t i = 0; i < ELEMENTSOF(duration_written) && used < size; i++) {
                uint64_t count = usec / duration_written[i].factor;

                if (count == 0)
                        continue;
                usec %= duration_written[i].factor;
                text_format(text + used, size - used, "%" PRIu64 "%s", count, duration_written[i].name);
                used += strlen(text + used);
        }
}

static void format_size(uint64_t bytes, char *text, size_t size) {
        for (size_t i = 0; bytes > 0 && i < ELEMENTSOF(size_units); i++)
                if (bytes % size_units[i].factor == 0) {
                        text_format(text, size, "%" PRIu64 "%s", bytes / size_units[i].factor,
                                size_units[i].name);
                        return;
                }
        text_format(text, size, "%" PRIu64, bytes);
}

bool option_list_join(const char *const items[], size_t n_items, char *text, size_t size) {
        size_t used = 0;

        for (size_t i = 0; i < n_items; i++) {
                for (const char *p = items[i]; *p; p++) {
                        if (used + 3 > size)
                                return false;
                        if (*p == ',' || *p == '\\' || (*p == ' ' && p == items[i]))
                                text[used++] = '\\';
                        text[used++] = *p;
                }
                if (i + 1 < n_items) {
                        if (used + 2 > size)
                                return false;
                        text[used++] = ',';
                }
        }
        text[used] = '\0';
        return true;
}

void option_format(const struct sg_value *value, char *text, size_t size) {
        size_t n = 0;

        switch (value->type) {
        case SG_TYPE_TEXT: text_copy(text, size, value->text); break;
        case SG_TYPE_BOOL: text_copy(text, size, value->boolean ? "true" : "false"); break;
        case SG_TYPE_NUMBER:
        case SG_TYPE_RATIO: format_number(value->number, text, size); break;
        case SG_TYPE_DURATION: format_duration(value->usec, text, size); break;
        case SG_TYPE_SIZE: format_size(value->bytes, text, size); break;
        case SG_TYPE_LIST:
                while (value->list[n])
                        n++;
                if (!option_list_join(value->list, n, text, size))
                        text_copy(text, size, "");
                break;
        }
}
