/* SPDX-License-Identifier: MIT */
/*
 * journal_vacuum - journal.vacuum: let the systemd journal shrink to a size
 *
 * Runs in a child of the executor, as root.  check() reads names, sizes and times, and refuses when the file
 * system is not under pressure, whatever the process that asked believes; it lists every file that may go.
 * run() lets journalctl do the work, since journald has to know, and measures with statvfs() what it brought.
 *
 * What is younger than the floor stays, unless the file system is critical and everything gentler had its turn.
 * journalctl needs no free space for this.  The volatile journal in /run is vacuumed to the same size by it.
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
#include <unistd.h>

#include "journal/journal.h"

#define MIB ((double)(1 << 20))
#define SETTLE_ROUNDS 20 /* of 100 ms: the space of a removed file may come back a little later */

enum { ARG_KEEP };

/* 0 would switch journald's limit off, and it keeps at least one file of 8 MiB whatever it is told. */
static const struct sg_option args[] = {
        [ARG_KEEP] = {.name = "keep",
                .type = SG_TYPE_SIZE,
                .fallback = "200M",
                .doc = "How much of the journal stays, at most a tenth of its file system; what is younger "
                       "than "
                       "the floor stays in any case.",
                .min = 8388608,
                .max = 1099511627776},
        {0},
};

/* All that both halves of the verb find out; files is the caller's to free, directory to close. */
struct situation {
        int directory;
        struct journal_file *files;
        size_t n;
        struct journal_plan plan;
};

static void situation_deinit(struct situation *situation) {
        free(situation->files);
        if (situation->directory >= 0)
                close(situation->directory);
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

static enum sg_verdict judge_pressure(enum sg_pressure pressure, struct sg_outcome *outcome) {
        if (pressure == SG_PRESSURE_HIGH || pressure == SG_PRESSURE_CRITICAL)
                return SG_VERDICT_GO;
        snprintf(outcome->text, sizeof(outcome->text), "%s",
                pressure == SG_PRESSURE_NONE ? "not needed: the file system of " JOURNAL_DIR
                                               " is below the level of disk-space-high"
                                             : "how full the file system of " JOURNAL_DIR
                                               " is cannot be measured");
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

static enum sg_verdict look(
        const struct sg_action *action, struct situation *ret_situation, struct sg_outcome *outcome) {
        enum sg_pressure pressure;
        enum sg_verdict verdict;
        int r;

        *ret_situation = (struct situation){.directory = journal_files_open(action->host->root)};
        if (ret_situation->directory == -ENOENT) {
                snprintf(outcome->text, sizeof(outcome->text),
                        "there is no persistent journal: its logs are in memory");
                return SG_VERDICT_NOTHING;
        }
        r = ret_situation->directory;
        if (r >= 0)
                r = journal_files_read(ret_situation->directory, &ret_situation->files, &ret_situation->n);
        if (r < 0) {
                snprintf(outcome->text, sizeof(outcome->text),
                        "the journal of this machine cannot be read: %s", strerror(-r));
                return SG_VERDICT_REFUSED;
        }
        if (ret_situation->n == 0) {
                snprintf(outcome->text, sizeof(outcome->text), "the persistent journal has no files");
                return SG_VERDICT_NOTHING;
        }
        pressure = action->host->pressure(action, JOURNAL_DIR);
        verdict = judge_pressure(pressure, outcome);
        if (verdict != SG_VERDICT_GO)
                return verdict;
        verdict = journal_plan_make(ret_situation->files, ret_situation->n,
                limit_keep(ret_situation->directory, action->args[ARG_KEEP].bytes), action->floor_usec,
                action->gentler_spent && pressure == SG_PRESSURE_CRITICAL, &ret_situation->plan);
        if (verdict == SG_VERDICT_NOTHING)
                snprintf(outcome->text, sizeof(outcome->text),
                        "the journal has %.1f MiB, no more than is kept",
                        (double)ret_situation->plan.total_bytes / MIB);
        if (verdict == SG_VERDICT_REFUSED)
                explain_protected(action, &ret_situation->plan, outcome);
        return verdict;
}

static enum sg_verdict check(const struct sg_action *action, struct sg_outcome *ret_outcome) {
        struct situation situation;
        enum sg_verdict verdict = look(action, &situation, ret_outcome);
        char from[32], to[32];

        for (size_t i = 0; verdict == SG_VERDICT_GO && i < situation.plan.n_going; i++)
                action->host->manifest(action, "%s journal %s, %.1f MiB, from %s to %s",
                        situation.files[i].archived ? "archived" : "current", situation.files[i].name,
                        (double)situation.files[i].bytes / MIB,
                        format_time(situation.files[i].head_usec, from),
                        format_time(situation.files[i].mtime_usec, to));
        if (verdict == SG_VERDICT_GO)
                snprintf(ret_outcome->text, sizeof(ret_outcome->text),
                        "the journal of %.1f MiB shrinks to %.1f MiB: at most %zu files go",
                        (double)situation.plan.total_bytes / MIB, (double)situation.plan.target_bytes / MIB,
                        situation.plan.n_going);
        situation_deinit(&situation);
        return verdict;
}

/* Rotation gives files another name, so those that are gone are found by their inodes. */
static uint64_t count_gone(const struct situation *situation) {
        struct journal_file *left = NULL;
        uint64_t gone = 0;
        size_t n = 0;

        if (journal_files_read(situation->directory, &left, &n) < 0)
                return 0;
        for (size_t i = 0; i < situation->n; i++) {
                bool there = false;

                for (size_t j = 0; j < n && !there; j++)
                        there = left[j].inode == situation->files[i].inode;
                gone += !there;
        }
        free(left);
        return gone;
}

static uint64_t measure_gain(int directory, const struct statvfs *before, unsigned rounds) {
        const struct timespec pause = {.tv_nsec = 100000000};
        struct statvfs after;

        for (unsigned i = 0; i < rounds; i++) {
                if (fstatvfs(directory, &after) < 0)
                        return 0;
                if (after.f_bfree > before->f_bfree)
                        return (uint64_t)(after.f_bfree - before->f_bfree) * before->f_frsize;
                nanosleep(&pause, NULL);
        }
        return 0;
}

static int vacuum(
        const struct sg_action *action, const struct situation *situation, struct sg_outcome *outcome) {
        char size[64], output[1024] = "";
        const char *argv[4] = {"/usr/bin/journalctl"};
        size_t n = 1;
        int r;

        snprintf(size, sizeof(size), "--vacuum-size=%llu", (unsigned long long)situation->plan.target_bytes);
        if (situation->plan.rotate)
                argv[n++] = "--rotate";
        argv[n] = size;
        r = action->host->tool(action, argv, output, sizeof(output));
        if (r == 0)
                return 0;
        output[strcspn(output, "\n")] = '\0';
        snprintf(outcome->text, sizeof(outcome->text), "journalctl failed (%d): %.160s", r, output);
        return r < 0 ? r : -EIO;
}

static int run(const struct sg_action *action, struct sg_outcome *ret_outcome) {
        struct situation situation;
        struct statvfs before;
        int r = 0;

        if (look(action, &situation, ret_outcome) != SG_VERDICT_GO) {
                situation_deinit(&situation);
                return 0;
        }
        if (fstatvfs(situation.directory, &before) < 0)
                r = -errno;
        if (r >= 0)
                r = vacuum(action, &situation, ret_outcome);
        if (r >= 0) {
                ret_outcome->count = count_gone(&situation);
                ret_outcome->freed_bytes = measure_gain(
                        situation.directory, &before, ret_outcome->count > 0 ? SETTLE_ROUNDS : 1);
                snprintf(ret_outcome->text, sizeof(ret_outcome->text),
                        "%llu journal files are gone, %.1f MiB are free again",
                        (unsigned long long)ret_outcome->count, (double)ret_outcome->freed_bytes / MIB);
        }
        situation_deinit(&situation);
        return r;
}

const struct sg_verb journal_vacuum = {
        .name = "journal.vacuum",
        .summary = "Remove the oldest files of the systemd journal until it has a given size",
        .risk = SG_RISK_LOSSY,
        .args = args,
        .deadline_usec = UINT64_C(120000000),
        .cooldown_usec = UINT64_C(300000000),
        .budget_count = 6,
        .budget_window_usec = UINT64_C(86400000000),
        .check = check,
        .run = run,
};
