/* SPDX-License-Identifier: MIT */
/*
 * logs_reopen_say - what people read about deleted logs
 *
 * Runs in a child of the executor.  Pure.  Names and paths come from deleted_files.c in printable ASCII.  The end has
 * both gains: what root has more of, and what Postfix has, which on a file system that was full to its reserve is
 * less.  What stays is said last, with who keeps it.
 *
 * Owns nothing, cannot fail.  Limits: what does not fit is cut at its end.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "logs/logs_reopen.h"

struct sentence {
        char *text;
        size_t size;
};

__attribute__((format(printf, 2, 3))) static void add(
        const struct sentence *sentence, const char *format, ...) {
        size_t used = strlen(sentence->text);
        va_list arguments;

        va_start(arguments, format);
        vsnprintf(sentence->text + used, sentence->size - used, format, arguments);
        va_end(arguments);
}

static void add_units(const struct sentence *sentence, const struct logs_reopen_plan *plan, bool asked) {
        bool any = false;

        for (size_t i = 0; i < plan->n_units; i++)
                if (plan->units[i].asked == asked) {
                        add(sentence, "%s%s", any ? ", " : "", plan->units[i].name);
                        any = true;
                }
}

static void add_foreign(const struct sentence *sentence, const struct logs_reopen_plan *plan) {
        const struct deleted_holder *holder = plan->foreign_holder;
        char size[DELETED_SIZE_MAX];

        add(sentence, "%s (%s, pid %d) holds %s of %s: its own way to reopen is not known",
                holder->owner.unit[0] ? holder->owner.unit : "a process of no unit", holder->owner.comm,
                (int)holder->pid, deleted_files_size(plan->foreign->held_bytes, size), plan->foreign->path);
}

void logs_reopen_say_foreign(const struct logs_reopen_plan *plan, char *text, size_t size) {
        text[0] = '\0';
        if (plan->foreign)
                add_foreign(&(struct sentence){text, size}, plan);
}

void logs_reopen_say_plan(const struct logs_reopen_plan *plan, char *text, size_t size) {
        const struct sentence sentence = {text, size};
        char bytes[DELETED_SIZE_MAX];

        text[0] = '\0';
        add_units(&sentence, plan, false);
        add(&sentence, " would be asked to reopen: %zu deleted log%s, %s; the largest is %s", plan->n_files,
                plan->n_files == 1 ? "" : "s", deleted_files_size(plan->held_bytes, bytes),
                plan->largest->path);
}

void logs_reopen_say_end(const struct logs_reopen_end *end, char *text, size_t size) {
        const struct sentence sentence = {text, size};
        char gone[DELETED_SIZE_MAX], bytes[DELETED_SIZE_MAX], available[DELETED_SIZE_MAX], file[512];

        text[0] = '\0';
        add_units(&sentence, end->plan, true);
        if (end->n_gone > 0)
                add(&sentence,
                        " reopened: %zu of %zu deleted log%s let go, %s; free space grew by %s, for other "
                        "users "
                        "than root by %s",
                        end->n_gone, end->n_files, end->n_files == 1 ? "" : "s",
                        deleted_files_size(end->gone_bytes, gone),
                        deleted_files_size(end->gained.bytes, bytes),
                        deleted_files_size(end->gained.for_others, available));
        else
                add(&sentence, " was asked to reopen, but no deleted log was let go in time");
        if (end->still->largest)
                add(&sentence, "; still open: %s",
                        deleted_files_say(end->still->largest, file, sizeof(file)));
        if (end->still->foreign && end->still->foreign != end->still->largest) {
                add(&sentence, "; ");
                add_foreign(&sentence, end->still);
        }
}
