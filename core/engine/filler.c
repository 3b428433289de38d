/* SPDX-License-Identifier: MIT */
/*
 * filler - what fills a file system: logs, the mail queue, the journal, or something else
 *
 * Runs in the watcher and in simulations.  Pure.  How fast each of them grows is held against how fast the file system
 * does, by the forecast of when it is full.  What lies on another file system has no part in it, and what cannot be
 * seen is never called innocent.  The growth of logs is the mean of a minute, that of queue and journal of ten, so in
 * the first seconds of a flood they look small: it is called something else only when they would not have half of it
 * even if all that they grew by had come in just now.
 *
 * Cannot fail.  Limits: shares too small to matter are left out.  All queues are taken to lie where Postfix has them.
 */
#include "engine/filler.h"

#include <math.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"

#define JOURNAL_PLACE "/var/log/journal"
#define QUEUE_PLACE "/var/spool/postfix"
#define TEN_MINUTES 600.0
#define LEAST_PER_SECOND 100.0 /* this fills a disk within no weekend */
#define LEAST_SHARE 0.02
#define JUST_NOW 3.0 /* seconds: no condition trips on less */

/* A site's plugin may publish anything. */
static uint64_t whole(double bytes) {
        return bytes > 0 && bytes < 1e18 ? (uint64_t)bytes : 0;
}

static const char *path_of(const struct reading *reading) {
        for (size_t i = 0; i < reading->n_labels; i++)
                if (strcmp(reading->labels[i].name, "path") == 0)
                        return reading->labels[i].value;
        return "";
}

/* Is it the directory, or below it? */
static bool holds(const char *directory, const char *path) {
        size_t length = strlen(directory);

        if (length == 0)
                return false;
        return strcmp(directory, "/") == 0 ||
                (strncmp(path, directory, length) == 0 && (path[length] == '/' || path[length] == '\0'));
}

/* The file system that a path lies on, by what is known of them; NULL: none of these. */
static const char *file_system_of(const struct board *board, const char *path) {
        const struct reading *reading;
        const char *found = NULL;

        for (size_t i = 0; (reading = board_at(board, i)); i++)
                if (strcmp(reading->name, "disk_available_bytes") == 0 && holds(path_of(reading), path) &&
                        (!found || strlen(path_of(reading)) > strlen(found)))
                        found = path_of(reading);
        return found;
}

static bool is_below_another(const struct board *board, const struct reading *log) {
        const struct reading *reading;

        for (size_t i = 0; (reading = board_at(board, i)); i++)
                if (reading != log && strcmp(reading->name, log->name) == 0 &&
                        holds(path_of(reading), path_of(log)))
                        return true;
        return false;
}

/* Directories have the sum of the files in them. */
static void measure_logs(const struct board *board, const char *path, struct filler *filler) {
        struct filler_part *logs = &filler->parts[FILLER_LOGS];
        const struct reading *reading;
        double most = 0;

        for (size_t i = 0; (reading = board_at(board, i)); i++) {
                const char *place;

                if (strcmp(reading->name, "log_growth_bytes_per_second") != 0)
                        continue;
                place = file_system_of(board, path_of(reading));
                if (is_below_another(board, reading)) {
                        if (place && strcmp(place, path) == 0 && !reading->missing && reading->value > most) {
                                most = reading->value;
                                filler->log = path_of(reading);
                        }
                        continue;
                }
                if (!place || (reading->missing && strcmp(place, path) == 0)) {
                        *logs = (struct filler_part){.known = false};
                        return;
                }
                logs->known = true;
                if (strcmp(place, path) == 0)
                        logs->per_second += reading->value;
        }
        if (most < logs->per_second / 2 || most <= 0)
                filler->log = NULL;
}

/* The sum of all rows of a reading that tells the growth of ten minutes; what became smaller grows by nothing. */
static void measure_rows(const struct board *board, const char *name, const char *place, const char *path,
        struct filler_part *ret_part) {
        const char *file_system = file_system_of(board, place);
        const struct reading *reading;
        struct filler_part part = {.known = false};

        *ret_part = (struct filler_part){.known = file_system && strcmp(file_system, path) != 0};
        if (!file_system || ret_part->known)
                return;
        for (size_t i = 0; (reading = board_at(board, i)); i++) {
                if (strcmp(reading->name, name) != 0)
                        continue;
                if (reading->missing)
                        return;
                part.known = true;
                part.per_second += reading->value / TEN_MINUTES;
        }
        part.per_second = fmax(part.per_second, 0);
        *ret_part = part;
}

static double value_of(const struct board *board, const char *name, const char *path) {
        struct reading_label label = {.name = "path"};
        const struct reading *reading;

        text_copy(label.value, sizeof(label.value), path);
        reading = board_find(board, name, &label, 1);
        return reading && !reading->missing ? reading->value : NAN;
}

void filler_measure(const struct board *board, const char *path, struct filler *ret_filler) {
        double available = value_of(board, "disk_available_bytes", path),
               seconds = value_of(board, "disk_full_seconds", path);

        *ret_filler = (struct filler){.per_second = 0};
        if (isfinite(available) && isfinite(seconds) && seconds > 0)
                ret_filler->per_second = available / seconds;
        measure_logs(board, path, ret_filler);
        measure_rows(board, "journal_growth_bytes", JOURNAL_PLACE, path, &ret_filler->parts[FILLER_JOURNAL]);
        measure_rows(board, "queue_growth_bytes", QUEUE_PLACE, path, &ret_filler->parts[FILLER_QUEUE]);
}

/* "logs, journal and queue": those that are known. */
static void name_known(const struct filler *filler, char text[static 64]) {
        static const char *const names[FILLERS] = {"logs", "journal", "queue"};
        size_t left = 0, n = 0;

        text[0] = '\0';
        for (int kind = 0; kind < FILLERS; kind++)
                left += filler->parts[kind].known;
        for (int kind = 0; kind < FILLERS; kind++) {
                size_t used = strlen(text);

                if (!filler->parts[kind].known)
                        continue;
                text_format(text + used, 64 - used, "%s%s",
                        n == 0             ? ""
                                : left > 1 ? ", "
                                           : " and ",
                        names[kind]);
                n++;
                left--;
        }
}

/* Bytes a second, if all of it had come in just now. */
static double at_most(const struct filler *filler) {
        static const double windows[FILLERS] = {
                [FILLER_LOGS] = 60, [FILLER_JOURNAL] = TEN_MINUTES, [FILLER_QUEUE] = TEN_MINUTES};
        double bytes = 0;

        for (int kind = 0; kind < FILLERS; kind++)
                bytes += filler->parts[kind].per_second * windows[kind];
        return bytes / JUST_NOW;
}

static void say_part(const struct filler *filler, enum filler_kind kind, char *text, size_t size) {
        double per_second = filler->parts[kind].per_second;
        char quantity[TEXT_QUANTITY_MAX];

        if (kind == FILLER_LOGS)
                text_format(text, size, "logs grow by %s a second%s%s",
                        text_size(whole(per_second), quantity), filler->log ? ", mostly " : "",
                        filler->log ? filler->log : "");
        else
                text_format(text, size, "the %s grew by %s in ten minutes",
                        kind == FILLER_QUEUE ? "queue" : "journal",
                        text_size(whole(per_second * TEN_MINUTES), quantity));
}

void filler_say(const struct filler *filler, char *text, size_t size) {
        double least = fmax(LEAST_PER_SECOND, filler->per_second * LEAST_SHARE), rest = filler->per_second;
        bool said[FILLERS] = {false};
        char names[64], quantity[TEXT_QUANTITY_MAX];
        size_t used = 0;

        text[0] = '\0';
        for (int kind = 0; kind < FILLERS; kind++)
                rest -= filler->parts[kind].per_second;
        if (rest > filler->per_second / 2 && rest >= LEAST_PER_SECOND) {
                bool is_else = at_most(filler) < filler->per_second / 2;

                name_known(filler, names);
                text_size(whole(is_else ? rest : filler->per_second), quantity);
                if (is_else && names[0])
                        text_format(text, size, "something else than %s fills it by %s a second", names,
                                quantity);
                else
                        text_format(text, size, "it fills by %s a second", quantity);
        }
        /* The largest first. */
        for (int round = 0; round < FILLERS; round++) {
                int best = FILLERS;

                for (int kind = 0; kind < FILLERS; kind++)
                        if (!said[kind] && filler->parts[kind].per_second >= least &&
                                (best == FILLERS ||
                                        filler->parts[kind].per_second > filler->parts[best].per_second))
                                best = kind;
                if (best == FILLERS)
                        return;
                said[best] = true;
                used = strlen(text);
                text_copy(text + used, size - used, used > 0 ? ", " : "");
                used = strlen(text);
                say_part(filler, (enum filler_kind)best, text + used, size - used);
        }
}
