/* SPDX-License-Identifier: MIT */
/*
 * logs_trim - logs.trim: the middle of a live log goes, its beginning and its newest part stay
 *
 * Runs in a child of the executor, as root.  The last resort of all that makes room: a live log cannot be rotated,
 * copied or compressed on a disk that is full, but a range can be taken out of it in place, without any space and
 * under those who write to it.  How the night began and what is newest stays; a line says what was in between.
 *
 * Which log and which range was chosen in the watcher (logs_select.c), which also counted what goes.  Here every number
 * is held against the file (logs_cut.c, logs_trim_range.c), and the place against what is configured and trusted
 * (logs_trim_file.c).  The text goes into the manifest as it came, printable and in lines.
 *
 * How old lines in the middle are is known only to who reads them, and those are hostile bytes: unless nothing at all
 * was written since the floor, the log counts as younger than it.  When somebody writes at an offset of his own, or
 * may, nothing is moved (logs_trim_writers.c).
 *
 * Owns two descriptors.  Fails with the errno value of the cut; nothing was changed then.
 */
#include "logs/logs_trim.h"
#include "common/space_gain.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MIB ((double)(1 << 20))
#define SHOWN_MAX 96

static const struct sg_option args[] = {
        [LOGS_TRIM_ARG_PATH] = {.name = "path",
                .type = SG_TYPE_TEXT,
                .fallback = "",
                .doc = "The live log. Empty: the one with the most to give on the fullest file system with "
                       "configured directories."},
        [LOGS_TRIM_ARG_HEAD] = {.name = "head",
                .type = SG_TYPE_SIZE,
                .fallback = "16M",
                .doc = "How much of its beginning stays, at least.",
                .min = 1048576,
                .max = 1099511627776},
        [LOGS_TRIM_ARG_TAIL] = {.name = "tail",
                .type = SG_TYPE_SIZE,
                .fallback = "64M",
                .doc = "How much of its newest part stays, at least.",
                .min = 1048576,
                .max = 1099511627776},
        {0},
};

/* One trim, from the selection on. */
struct trim {
        struct logs_cut cut;
        struct logs_trim_file file;
        struct logs_trim_writers writers;
        char shown[SHOWN_MAX]; /* the path in printable ASCII */
};

static uint64_t change_usec(const struct stat *status) {
        const struct timespec *mtime = &status->st_mtim, *ctime = &status->st_ctim;
        time_t newest = mtime->tv_sec > ctime->tv_sec ? mtime->tv_sec : ctime->tv_sec;

        return newest < 0 ? 0 : ((uint64_t)newest + 1) * 1000000;
}

static const char *refuse_now(const struct sg_action *action, const struct trim *trim) {
        enum sg_pressure pressure = action->host->pressure(action, trim->cut.path);

        if (pressure != SG_PRESSURE_HIGH && pressure != SG_PRESSURE_CRITICAL)
                return "not needed: its file system is not known to be above the level of disk-space-high";
        if (change_usec(&trim->file.status) < action->floor_usec)
                return NULL;
        if (pressure != SG_PRESSURE_CRITICAL)
                return "it may have lines younger than the floor, and its file system is not critical";
        return action->gentler_spent ? NULL
                                     : "it may have lines younger than the floor, and gentler steps are left";
}

/* NULL: it can be cut.  Otherwise why not; close the file in any case. */
static const char *prepare(const struct sg_action *action, int access, struct trim *trim) {
        const char *asked = action->args[LOGS_TRIM_ARG_PATH].text, *why;

        trim->file = (struct logs_trim_file){.directory = -1, .fd = -1};
        snprintf(trim->shown, sizeof(trim->shown), "the log");
        if (logs_cut_read(action->selection_fd, &trim->cut) < 0)
                return "what was chosen cannot be believed";
        logs_name_escape(trim->cut.path, trim->shown, sizeof(trim->shown));
        if (*asked && strcmp(asked, trim->cut.path) != 0)
                return "it is not the one that was asked for";
        why = logs_trim_file_open(action, trim->cut.path, access, &trim->file);
        if (!why)
                why = logs_cut_refuse(&trim->cut, &trim->file.status, action->args[LOGS_TRIM_ARG_HEAD].bytes,
                        action->args[LOGS_TRIM_ARG_TAIL].bytes);
        if (!why)
                why = refuse_now(action, trim);
        if (!why)
                why = logs_trim_range_refuse(trim->file.fd, &trim->cut);
        if (!why && logs_trim_writers_look(action->host->root, &trim->file.status, &trim->writers) < 0)
                why = "nobody can say who writes to it";
        return why;
}

/* In printable lines, as logs_cut_read() made sure. */
static void put_on_record(const struct sg_action *action, struct trim *trim) {
        const struct logs_cut *cut = &trim->cut;
        char *rest = trim->cut.text, *line;

        action->host->manifest(action, "%.1f MiB out of %s: bytes %llu to %llu of %llu",
                (double)(cut->text_end - cut->text_begin) / MIB, trim->shown,
                (unsigned long long)cut->text_begin, (unsigned long long)cut->text_end,
                (unsigned long long)cut->size);
        action->host->manifest(action, "%s%llu lines, from %s to %s", cut->is_estimate ? "about " : "",
                (unsigned long long)cut->lines, *cut->first ? cut->first : "an unknown time",
                *cut->last ? cut->last : "an unknown time");
        while ((line = strsep(&rest, "\n")))
                if (*line)
                        action->host->manifest(action, "%s", line);
}

/* Adds to the sentence of the outcome what still fits. */
__attribute__((format(printf, 2, 3))) static void add(struct sg_outcome *outcome, const char *format, ...) {
        size_t used = strlen(outcome->text);
        va_list arguments;

        va_start(arguments, format);
        vsnprintf(outcome->text + used, sizeof(outcome->text) - used, format, arguments);
        va_end(arguments);
}

static enum sg_verdict check(const struct sg_action *action, struct sg_outcome *ret_outcome) {
        struct trim trim;
        const char *why = prepare(action, O_RDONLY, &trim);

        logs_trim_file_close(&trim.file);
        if (why) {
                add(ret_outcome, "%s: %s", trim.shown, why);
                return SG_VERDICT_REFUSED;
        }
        put_on_record(action, &trim);
        add(ret_outcome, "%.1f MiB go in the middle of %s",
                (double)(trim.cut.cut_end - trim.cut.cut_begin) / MIB, trim.shown);
        if (trim.writers.n_elsewhere > 0)
                add(ret_outcome, ", as a hole: %s does not append", trim.writers.elsewhere);
        else if (!logs_trim_writers_append(&trim.writers))
                add(ret_outcome, ", as a hole: not every process shows what it has open");
        return SG_VERDICT_GO;
}

static uint64_t clock_usec(void) {
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC, &now);
        return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static void tell(const struct trim *trim, const struct logs_trim_result *result, uint64_t took_usec,
        const struct space_gained *gained, struct sg_outcome *outcome) {
        outcome->count = 1;
        outcome->freed_bytes = gained->bytes;
        add(outcome, "%.1f MiB are %s %s in %.2f s, %.1f MiB are free again",
                (double)(trim->cut.cut_end - trim->cut.cut_begin) / MIB,
                result->has_hole ? "a hole in the middle of" : "cut out of", trim->shown,
                (double)took_usec / 1e6, (double)gained->bytes / MIB);
        if (gained->for_others < gained->bytes)
                add(outcome, ", %.1f of them for others than root", (double)gained->for_others / MIB);
        if (!result->is_marked)
                add(outcome, "; there was no room for the marker");
}

/* Nothing can be done about it any more, so it is told. */
static void tell_who_came(
        const struct sg_action *action, const struct trim *trim, struct sg_outcome *outcome) {
        struct logs_trim_writers now;

        if (logs_trim_writers_look(action->host->root, &trim->file.status, &now) < 0 || now.n_elsewhere == 0)
                return;
        action->host->log(action, SG_LEVEL_WARNING,
                "%s opened %s meanwhile and does not append: zeros may follow", now.elsewhere, trim->shown);
        add(outcome, "; %s came meanwhile and does not append", now.elsewhere);
}

static int cut(const struct sg_action *action, struct trim *trim, struct sg_outcome *outcome) {
        bool may_collapse = logs_trim_writers_append(&trim->writers) &&
                logs_trim_range_can_collapse(trim->file.directory, trim->file.fd);
        struct logs_trim_result result;
        uint64_t began_usec, took_usec;
        struct space_gain gain = {.n = 0};
        struct space_gained gained;
        int r;

        if (!logs_trim_file_is_named(&trim->file) || space_gain_add(&gain, trim->file.fd) < 0) {
                add(outcome, "%s: it was renamed or removed just now", trim->shown);
                return -ESTALE;
        }
        began_usec = clock_usec();
        r = logs_trim_range_cut(trim->file.fd, &trim->cut, may_collapse, &result);
        took_usec = clock_usec() - began_usec;
        if (r < 0) {
                add(outcome, "%s: %s", trim->shown,
                        r == -EPERM            ? "it is protected (chattr +a or +i)"
                                : r == -ESTALE ? "somebody made it shorter just now"
                                               : strerror(-r));
                return r;
        }
        gained = space_gain_end(&gain, trim->cut.cut_end - trim->cut.cut_begin);
        tell(trim, &result, took_usec, &gained, outcome);
        if (!result.has_hole)
                tell_who_came(action, trim, outcome);
        return 0;
}

static int run(const struct sg_action *action, struct sg_outcome *ret_outcome) {
        struct trim trim;
        const char *why = prepare(action, O_RDWR, &trim);
        int r = -ESTALE;

        if (why)
                add(ret_outcome, "%s: %s", trim.shown, why);
        else
                r = cut(action, &trim, ret_outcome);
        logs_trim_file_close(&trim.file);
        return r;
}

const struct sg_verb logs_trim = {
        .name = "logs.trim",
        .summary = "Cut the middle out of a live log in place",
        .risk = SG_RISK_LOSSY,
        .args = args,
        .deadline_usec = UINT64_C(60000000),
        .cooldown_usec = UINT64_C(5000000),
        .budget_count = 12,
        .budget_window_usec = UINT64_C(86400000000),
        .selector = "logs",
        .check = check,
        .run = run,
};
