/* SPDX-License-Identifier: MIT */
/*
 * log_print - one record as people read it, and as JSON
 *
 * Runs in: spoolguardctl.  People get time, event and fields in a line and the sentence below it; fields that say
 * nothing ("no", 0, an incident that is none) are left out.  Every line of a record but its first is indented:
 * what it quotes cannot pass for a record of its own.  JSON has every field as it is.
 */
#include "ctl/log_print.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "ctl/print.h"

#define TIME_WIDTH 21 /* "2026-12-24 23:01:07  " */

/* Numbers that nobody reads as they are.  "by" may also be a word: who asked. */
static const struct {
        const char *name;
        const char *(*print)(uint64_t number, char text[static TEXT_QUANTITY_MAX]);
} quantities[] = {
        {"freed", text_size},
        {"found", text_size},
        {"until", text_time},
        {"expires", text_time},
        {"limit", text_time},
        {"since", text_time},
        {"at", text_time},
        {"by", text_time},
};

static bool is_sentence(const char *name) {
        return strcmp(name, "text") == 0 || strcmp(name, "title") == 0;
}

/* Only what was decided; most flags and counts are not set, and a quarter of a line of them hides the rest. */
static bool says_nothing(const char *value) {
        return value[0] == '\0' || strcmp(value, "0") == 0 || strcmp(value, "no") == 0;
}

static void add_field(
        const struct record *record, const struct record_field *field, char *line, size_t size) {
        char quantity[TEXT_QUANTITY_MAX];
        const char *value = field->value;
        size_t used = strlen(line);

        if (says_nothing(value) || is_sentence(field->name))
                return;
        for (size_t i = 0; i < ELEMENTSOF(quantities); i++)
                if (strcmp(field->name, quantities[i].name) == 0 &&
                        record_get_number(record, field->name) != 0)
                        value = quantities[i].print(record_get_number(record, field->name), quantity);
        text_format(line + used, size - used, " %s=%s", field->name, value);
}

static void print_sentence(const char *text) {
        char copy[RECORD_SLOT_SIZE];
        char *rest = copy;

        text_copy(copy, sizeof(copy), text);
        for (char *line; (line = strsep(&rest, "\n"));) {
                if (line[0] == '\0')
                        continue;
                printf("%*s", TIME_WIDTH, "");
                print_wrapped(TIME_WIDTH, TIME_WIDTH + 2, line);
        }
}

void log_print_text(const struct record *record) {
        char time[TEXT_QUANTITY_MAX], line[2 * RECORD_SLOT_SIZE] = "";

        for (size_t i = 0; i < record->n_fields; i++)
                if (i == 0)
                        text_copy(line, sizeof(line), record->fields[i].value);
                else
                        add_field(record, &record->fields[i], line, sizeof(line));
        text_time(record->time_usec, time);
        fputs(time, stdout);
        printf("%*s", (int)(TIME_WIDTH - strlen(time)), "");
        print_wrapped(TIME_WIDTH, TIME_WIDTH + 2, line);
        for (size_t i = 1; i < record->n_fields; i++)
                if (is_sentence(record->fields[i].name))
                        print_sentence(record->fields[i].value);
}

void log_print_json(const struct record *record) {
        json_t *json = json_object();

        json_object_set_new(json, "number", json_integer((json_int_t)record->number));
        json_object_set_new(json, "time_usec", json_integer((json_int_t)record->time_usec));
        for (size_t i = 0; i < record->n_fields; i++) {
                char clean[2 * RECORD_SLOT_SIZE];

                text_escape(clean, sizeof(clean), record->fields[i].value);
                json_object_set_new(json, record->fields[i].name, json_string(clean));
        }
        json_dumpf(json, stdout, JSON_COMPACT | JSON_ENSURE_ASCII);
        fputc('\n', stdout);
        json_decref(json);
}
