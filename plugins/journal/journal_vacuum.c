/* SPDX-License-Identifier: MIT */
/*
 * journal_vacuum - journal.vacuum: let the systemd journals of this machine shrink to a size and an age
 *
 * Runs in a child of the executor, as root.  check() reads names, sizes and times, and refuses when the file
 * system is not under pressure, whatever the process that asked believes; it lists every file that may go.
 * run() lets journalctl do the work, directory by directory: without --directory= it would shrink the volatile
 * journal in /run as well, which is memory and gives no disk back (tried with systemd 252: only that directory is
 * touched, and no journald is needed).  Each journal, that of the machine and that of each namespace, is judged by
 * itself, as journald has limits for each.
 *
 * What is younger than the floor stays, unless the file system is critical and everything gentler had its turn.
 * Then what is being written is archived first; a journald that does not answer must not stop the rest, so after a
 * failure it is done without.  journalctl needs no free space for any of this.
 *
 * Owns nothing between the two calls: run() plans again, because the journal went on.
 * Fails with -EIO and what journalctl said, or with what the host's tool() returned.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <time.h>

#include "common/space_gain.h"
#include "journal/journal.h"

#define MIB ((double)(1 << 20))
#define USEC_PER_SEC UINT64_C(1000000)

enum { ARG_KEEP, ARG_OLDER_THAN };

/* 0 would switch a limit of journalctl off, and it keeps at least one file of 8 MiB whatever it is told. */
static const struct sg_option args[] = {
        [ARG_KEEP] = {.name = "keep",
                .type = SG_TYPE_SIZE,
                .fallback = "200M",
                .doc = "How much of each journal stays, at most a tenth of its file system; what is younger "
                       "than the floor stays in any case.",
                .min = 8388608,
                .max = 1099511627776},
        [ARG_OLDER_THAN] = {.name = "older_than",
                .type = SG_TYPE_DURATION,
                .fallback = "36500d",
                .doc = "What ended so long ago goes as well, even if the journal is small; as it stands, no "
                       "journal is that old.",
                .min = 60,
                .max = 3153600000},
        {0},
};

/* One journal, and what is to become of it. */
struct part {
        struct journal_file *files;
        size_t n;
        struct journal_plan plan;
        enum sg_verdict verdict;
};

/* All that both halves of the verb find out. */
struct situation {
        struct journal_place places[JOURNAL_PLACES_MAX];
        struct part parts[JOURNAL_PLACES_MAX];
        size_t n;
};

static void situation_deinit(struct situation *situation) {
        for (size_t i = 0; i < situation->n; i++)
                free(situation->parts[i].files);
        journal_places_close(situation->places, situation->n);
}

static const char *format_time(uint64_t usec, char text[static 32]) {
        time_t seconds = (time_t)(usec / 1000000);
        struct tm local;

        if (!localtime_r(&seconds, &local) || strftime(text, 32, "%Y-%m-%d %H:%M", &local) == 0)
                snprintf(text, 32, "?");
        return text;
}

static void explain_protected(
        const struct sg_action *action, const struct journal_plan *plan, struct sg_outcome *outcome) {
        char floor[32];

        format_time(action->floor_usec, floor);
        if (plan->n_archived == 0)
                snprintf(outcome->text, sizeof(outcome->text),
                        "there are no archived files, and what is being written is younger than the floor %s",
                        floor);
        else if (plan->n_protected == plan->n_archived)
                snprintf(outcome->text, sizeof(outcome->text),
                        "all %zu archived files are younger than the floor %s", plan->n_archived, floor);
        else
                snprintf(outcome->text, sizeof(outcome->text),
                        "%zu of %zu archived files are younger than the floor %s, and the older ones are no "
                        "more than "
                        "the journal may grow meanwhile",
                        plan->n_protected, plan->n_archived, floor);
}

static enum sg_verdict judge_pressure(
        enum sg_pressure pressure, const struct journal_place *place, struct sg_outcome *outcome) {
        if (pressure == SG_PRESSURE_HIGH || pressure == SG_PRESSURE_CRITICAL)
                return SG_VERDICT_GO;
        snprintf(outcome->text, sizeof(outcome->text),
                pressure == SG_PRESSURE_NONE
                        ? "not needed: the file system of %s/%.150s is below the level of disk-space-high"
                        : "how full the file system of %s/%.150s is cannot be measured",
                JOURNAL_DIR, place->name);
        return SG_VERDICT_REFUSED;
}

/*
 * What the caller wants to keep, but no more than a tenth of the file system, which is journald's own default
 * for SystemMaxUse: a size made for a large disk must not make the verb useless on a small one.
 */
static uint64_t limit_keep(int directory, uint64_t keep_bytes) {
        const uint64_t least = (uint64_t)args[ARG_KEEP].min;
        struct statvfs fs;
        uint64_t tenth;

        if (fstatvfs(directory, &fs) < 0)
                return keep_bytes;
        tenth = (uint64_t)fs.f_blocks * fs.f_frsize / 10;
        if (tenth < least)
                tenth = least;
        return keep_bytes < tenth ? keep_bytes : tenth;
}

static uint64_t now_usec(void) {
        struct timespec now;

        clock_gettime(CLOCK_REALTIME, &now);
        return (uint64_t)now.tv_sec * USEC_PER_SEC + (uint64_t)now.tv_nsec / 1000;
}

static enum sg_verdict look_at(const struct sg_action *action, const struct journal_place *place,
        struct part *part, struct sg_outcome *outcome) {
        uint64_t age = action->args[ARG_OLDER_THAN].usec, now = now_usec();
        struct journal_limits limits = {
                .floor_usec = action->floor_usec, .since_usec = now > age ? now - age : 0};
        enum sg_pressure pressure;
        enum sg_verdict verdict;
        char path[512];
        int r = journal_files_read(place->directory, &part->files, &part->n);

        if (r < 0) {
                snprintf(outcome->text, sizeof(outcome->text), "the journal in %.180s cannot be read: %s",
                        place->name, strerror(-r));
                return SG_VERDICT_REFUSED;
        }
        if (part->n == 0) {
                snprintf(outcome->text, sizeof(outcome->text), "the persistent journal has no files");
                return SG_VERDICT_NOTHING;
        }
        snprintf(path, sizeof(path), JOURNAL_DIR "/%s", place->name);
        pressure = action->host->pressure(action, path);
        verdict = judge_pressure(pressure, place, outcome);
        if (verdict != SG_VERDICT_GO)
                return verdict;
        limits.keep_bytes = limit_keep(place->directory, action->args[ARG_KEEP].bytes);
        limits.floor_lifted = action->gentler_spent && pressure == SG_PRESSURE_CRITICAL;
        verdict = journal_plan_make(part->files, part->n, &limits, &part->plan);
        if (verdict == SG_VERDICT_NOTHING)
                snprintf(outcome->text, sizeof(outcome->text),
                        "the journal has %.1f MiB, no more than is kept",
                        (double)part->plan.total_bytes / MIB);
        if (verdict == SG_VERDICT_REFUSED)
                explain_protected(action, &part->plan, outcome);
        return verdict;
}

/* One that can shrink is enough; else a reason against one of them is said before that there is nothing to do. */
static enum sg_verdict look(
        const struct sg_action *action, struct situation *ret_situation, struct sg_outcome *outcome) {
        enum sg_verdict verdict = SG_VERDICT_NOTHING;
        int r;

        *ret_situation = (struct situation){.n = 0};
        r = journal_places_open(action->host->root, ret_situation->places, &ret_situation->n);
        if (r == -ENOENT) {
                snprintf(outcome->text, sizeof(outcome->text),
                        "there is no persistent journal: its logs are in memory");
                return SG_VERDICT_NOTHING;
        }
        if (r < 0) {
                snprintf(outcome->text, sizeof(outcome->text),
                        "the journal of this machine cannot be read: %s", strerror(-r));
                return SG_VERDICT_REFUSED;
        }
        for (size_t i = 0; i < ret_situation->n; i++) {
                struct part *part = &ret_situation->parts[i];
                struct sg_outcome one = {.count = 0};

                part->verdict = look_at(action, &ret_situation->places[i], part, &one);
                if (i > 0 && (part->verdict == SG_VERDICT_NOTHING || verdict == SG_VERDICT_GO))
                        continue;
                if (part->verdict != SG_VERDICT_REFUSED || verdict != SG_VERDICT_REFUSED)
                        memcpy(outcome->text, one.text, sizeof(outcome->text));
                verdict = part->verdict;
        }
        return verdict;
}

static void list_going(
        const struct sg_action *action, const struct journal_place *place, const struct part *part) {
        const char *name = journal_place_namespace(place);
        char from[32], to[32];

        for (size_t i = 0; i < part->plan.n_going; i++)
                action->host->manifest(action, "%s journal %s%s%s, %.1f MiB, from %s to %s",
                        part->files[i].archived ? "archived" : "current", name, *name ? "/" : "",
                        part->files[i].name, (double)part->files[i].bytes / MIB,
                        format_time(part->files[i].head_usec, from),
                        format_time(part->files[i].mtime_usec, to));
}

static enum sg_verdict check(const struct sg_action *action, struct sg_outcome *ret_outcome) {
        struct situation situation;
        enum sg_verdict verdict = look(action, &situation, ret_outcome);
        uint64_t total = 0, left = 0;
        size_t going = 0, journals = 0;

        for (size_t i = 0; i < situation.n; i++) {
                const struct part *part = &situation.parts[i];

                if (part->verdict != SG_VERDICT_GO)
                        continue;
                list_going(action, &situation.places[i], part);
                total += part->plan.total_bytes;
                left += part->plan.left_bytes;
                going += part->plan.n_going;
                journals++;
        }
        if (verdict == SG_VERDICT_GO)
                snprintf(ret_outcome->text, sizeof(ret_outcome->text),
                        "the journal of %.1f MiB shrinks to %.1f MiB: at most %zu files go%s",
                        (double)total / MIB, (double)left / MIB, going,
                        journals > 1 ? ", of several namespaces" : "");
        situation_deinit(&situation);
        return verdict;
}

/* Rotation gives files another name, so those that are gone are found by their inodes. */
static uint64_t count_gone(const struct journal_place *place, const struct part *part, uint64_t *gone_bytes) {
        struct journal_file *left = NULL;
        uint64_t gone = 0;
        size_t n = 0;

        if (journal_files_read(place->directory, &left, &n) < 0)
                return 0;
        for (size_t i = 0; i < part->n; i++) {
                bool there = false;

                for (size_t j = 0; j < n && !there; j++)
                        there = left[j].inode == part->files[i].inode;
                gone += !there;
                *gone_bytes += there ? 0 : part->files[i].bytes;
        }
        free(left);
        return gone;
}

static int call_journalctl(const struct sg_action *action, const struct journal_place *place, bool rotate,
        const char *limit, struct sg_outcome *outcome) {
        char directory[512], name[300], output[1024] = "";
        const char *argv[6] = {"/usr/bin/journalctl", directory};
        size_t n = 2;
        int r;

        snprintf(directory, sizeof(directory), "--directory=" JOURNAL_DIR "/%s", place->name);
        snprintf(name, sizeof(name), "--namespace=%s", journal_place_namespace(place));
        if (*journal_place_namespace(place))
                argv[n++] = name;
        if (rotate)
                argv[n++] = "--rotate";
        argv[n] = limit;
        r = action->host->tool(action, argv, output, sizeof(output));
        if (r == 0)
                return 0;
        output[strcspn(output, "\n")] = '\0';
        snprintf(outcome->text, sizeof(outcome->text), "journalctl failed (%d): %.160s", r, output);
        return r < 0 ? r : -EIO;
}

static int vacuum(const struct sg_action *action, const struct journal_place *place,
        const struct journal_plan *plan, struct sg_outcome *outcome) {
        uint64_t now = now_usec();
        char limit[64];
        int r = 0;

        if (plan->cutoff_usec != 0 && plan->cutoff_usec < now) {
                snprintf(limit, sizeof(limit), "--vacuum-time=%lluus",
                        (unsigned long long)(now - plan->cutoff_usec));
                r = call_journalctl(action, place, false, limit, outcome);
        }
        if (r < 0 || plan->target_bytes == 0)
                return r;
        snprintf(limit, sizeof(limit), "--vacuum-size=%llu", (unsigned long long)plan->target_bytes);
        r = call_journalctl(action, place, plan->rotate, limit, outcome);
        return r == -EIO && plan->rotate ? call_journalctl(action, place, false, limit, outcome) : r;
}

static void report(
        const struct situation *situation, const struct space_gain *gain, struct sg_outcome *outcome) {
        struct space_gained gained;
        uint64_t gone_bytes = 0;

        for (size_t i = 0; i < situation->n; i++)
                if (situation->parts[i].verdict == SG_VERDICT_GO)
                        outcome->count +=
                                count_gone(&situation->places[i], &situation->parts[i], &gone_bytes);
        gained = space_gain_end(gain, gone_bytes);
        outcome->freed_bytes = gained.bytes;
        snprintf(outcome->text, sizeof(outcome->text),
                "%llu journal files are gone, %.1f MiB are free again, %.1f MiB for others than root",
                (unsigned long long)outcome->count, (double)gained.bytes / MIB,
                (double)gained.for_others / MIB);
}

/* What fails with one journal does not keep the others from it; what was gained before counts. */
static int run(const struct sg_action *action, struct sg_outcome *ret_outcome) {
        struct situation situation;
        struct space_gain gain = {.n = 0};
        int r = 0;

        if (look(action, &situation, ret_outcome) != SG_VERDICT_GO) {
                situation_deinit(&situation);
                return 0;
        }
        for (size_t i = 0; r == 0 && i < situation.n; i++)
                r = space_gain_add(&gain, situation.places[i].directory);
        if (r >= 0) {
                struct sg_outcome failed = {.count = 0};
                int error = 0;

                for (size_t i = 0; i < situation.n; i++)
                        if (situation.parts[i].verdict == SG_VERDICT_GO) {
                                r = vacuum(action, &situation.places[i], &situation.parts[i].plan, &failed);
                                error = r < 0 ? r : error;
                        }
                r = error;
                report(&situation, &gain, ret_outcome);
                if (r < 0)
                        memcpy(ret_outcome->text, failed.text, sizeof(failed.text));
        }
        situation_deinit(&situation);
        return r;
}

const struct sg_verb journal_vacuum = {
        .name = "journal.vacuum",
        .summary = "Remove the oldest files of the systemd journals until they have a given size and age",
        .risk = SG_RISK_LOSSY,
        .args = args,
        .deadline_usec = UINT64_C(120000000),
        .cooldown_usec = UINT64_C(300000000),
        .budget_count = 6,
        .budget_window_usec = UINT64_C(86400000000),
        .check = check,
        .run = run,
};
