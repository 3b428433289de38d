/* SPDX-License-Identifier: MIT */
/*
 * logs_who_say - the sentence about the logs that grow and about who writes them
 *
 * Runs in children of the executor.  Pure.  Names of files, processes and units come from strangers: they are told
 * in printable ASCII and cut.  A file is told whole or not at all, and what was left out is said at the end with
 * its share, so that the figures always add up.
 *
 * Owns nothing.  Cannot fail.  Limits: the end of a long path is what is shown of it.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "logs/logs_who.h"

#define PATH_SHOWN 96u
#define FILE_TEXT_MAX 384
#define TAIL_ROOM 56 /* for the share of those that are not named */

static const char *rate(uint64_t bytes, uint64_t usec, char text[static 32]) {
        double per_second = usec > 0 ? (double)bytes * 1e6 / (double)usec : 0;

        if (per_second < 1024)
                snprintf(text, 32, "%.0f bytes/s", per_second);
        else if (per_second < 1024 * 1024)
                snprintf(text, 32, "%.1f KiB/s", per_second / 1024);
        else
                snprintf(text, 32, "%.1f MiB/s", per_second / 1024 / 1024);
        return text;
}

__attribute__((format(printf, 3, 4))) static void append(char *text, size_t size, const char *format, ...) {
        size_t used = strlen(text);
        va_list arguments;

        va_start(arguments, format);
        vsnprintf(text + used, size - used, format, arguments);
        va_end(arguments);
}

static void say_writers(const struct logs_who *who, const struct logs_grown *file, char *text, size_t size) {
        if (file->n_writers == 0)
                append(text, size, ", %s",
                        who->hidden ? "by whom cannot be seen" : "and nobody has it open now");
        for (size_t i = 0; i < file->n_writers; i++) {
                const struct logs_writer *writer = &file->writers[i];
                char name[40];

                append(text, size, "%s%s (%s%spid %d", i == 0 ? ", written by " : ", ",
                        logs_name_escape(writer->owner.comm, name, sizeof(name)), writer->owner.unit,
                        writer->owner.unit[0] ? ", " : "", (int)writer->pid);
                if (writer->n > 1)
                        append(text, size, " and %u more", writer->n - 1);
                append(text, size, ")");
        }
        if (file->n_others > 0)
                append(text, size, " and %u others", file->n_others);
}

void logs_who_say_file(const struct logs_who *who, size_t i, char *text, size_t size) {
        const struct logs_grown *file = &who->files[i];
        size_t length = strlen(file->path);
        bool is_long = length > PATH_SHOWN;
        char path[PATH_SHOWN + 32], per_second[32];

        logs_name_escape(is_long ? file->path + length - PATH_SHOWN : file->path, path, sizeof(path));
        snprintf(text, size, "%s%s %sby %s", is_long ? "..." : "", path, i == 0 ? "grows " : "",
                rate(file->bytes, who->usec, per_second));
        say_writers(who, file, text, size);
}

void logs_who_say(const struct logs_who *who, char *text, size_t size) {
        const size_t room = size - TAIL_ROOM;
        char one[FILE_TEXT_MAX], per_second[32];
        uint64_t left_bytes = who->bytes;
        size_t n = 0;

        snprintf(text, size, "%s", who->cut ? "of the logs that could be looked at, " : "");
        if (who->n_growing == 0) {
                append(text, size, "none has grown within %.1f s", (double)who->usec / 1e6);
                return;
        }
        for (; n < who->n_files; n++) {
                logs_who_say_file(who, n, one, sizeof(one));
                /* The first one is told in any case, and a long tale of its writers is cut. */
                if (n > 0 && strlen(text) + strlen("; ") + strlen(one) > room)
                        break;
                append(text, room, "%s%s", n > 0 ? "; " : "", one);
                left_bytes -= who->files[n].bytes;
        }
        if (n < who->n_growing)
                append(text, size, "; %zu more by %s", who->n_growing - n,
                        rate(left_bytes, who->usec, per_second));
}
