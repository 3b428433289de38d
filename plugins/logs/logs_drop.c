/* SPDX-License-Identifier: MIT */
/*
 * logs_drop - logs.drop_rotated: delete the oldest rotated logs until some space is back
 *
 * Runs in a child of the executor, as root.  Destroys log data, so it comes after everything gentler, keeps to
 * the floor, and lists in check() what would go: size, time of the last line, path.  Never a live log, nothing
 * whose name is not that of a rotated one, nothing that somebody still writes to (logs_name.c, logs_rotated.c,
 * logs_fitness.c say what that means).
 *
 * The target is counted in blocks on disk; what is reported as freed is what statvfs() says.
 *
 * Owns nothing between the two calls: run() plans again, and looks at every file again before it goes.  Fails
 * with the errno value of the first file that could not be removed, when none could.
 */
#include <errno.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/vfs.h>
#include <time.h>

#include "common/space_gain.h"
#include "logs/logs.h"

#define MIB ((double)(1 << 20))

enum { ARG_DIRECTORY, ARG_TARGET, ARG_PATH };

static const struct sg_option args[] = {
        [ARG_DIRECTORY] = {.name = "directory",
                .type = SG_TYPE_TEXT,
                .fallback = "",
                .doc = "Only below this one, which is one of the configured directories or lies below one. "
                       "Empty: all of them."},
        [ARG_TARGET] = {.name = "target",
                .type = SG_TYPE_SIZE,
                .doc = "How much to give back; the file that reaches it is the last to go.",
                .min = 4096,
                .max = 1099511627776},
        [ARG_PATH] = {.name = "path",
                .type = SG_TYPE_TEXT,
                .fallback = "",
                .doc = "Only on the file system of this path. Empty: wherever the level of disk-space-high "
                       "is "
                       "passed."},
        {0},
};

static const char *format_time(const struct logs_file *file, char text[static 32]) {
        struct tm local;

        if (!localtime_r(&file->status.st_mtim.tv_sec, &local) ||
                strftime(text, 32, "%Y-%m-%d %H:%M", &local) == 0)
                snprintf(text, 32, "?");
        return text;
}

static void explain(const struct logs_drop_plan *plan, enum sg_verdict verdict, bool has_path,
        struct sg_outcome *outcome) {
        if (verdict == SG_VERDICT_GO)
                snprintf(outcome->text, sizeof(outcome->text),
                        "the %zu oldest of %zu rotated logs go, %.1f MiB on disk", plan->n_going,
                        plan->n_rotated, (double)plan->going_bytes / MIB);
        else if (plan->in_vain)
                snprintf(outcome->text, sizeof(outcome->text),
                        "%zu of %zu rotated logs could go, but %.1f MiB are far from what is wanted and "
                        "would be "
                        "lost in vain",
                        plan->n_going, plan->n_rotated, (double)plan->going_bytes / MIB);
        else if (plan->n_protected > 0)
                snprintf(outcome->text, sizeof(outcome->text),
                        "%zu of %zu rotated logs could go, but all of them are younger than the floor",
                        plan->n_protected, plan->n_rotated);
        else if (plan->n_without_pressure > 0)
                snprintf(outcome->text, sizeof(outcome->text),
                        "not needed: no file system with rotated logs is known to be above the level of "
                        "disk-space-high");
        else if (plan->n_rotated > 0)
                snprintf(outcome->text, sizeof(outcome->text),
                        "%zu rotated logs, all of them in use, immutable, known by several names or empty",
                        plan->n_rotated);
        else
                snprintf(outcome->text, sizeof(outcome->text), "there are no rotated logs%s",
                        has_path ? " on that file system" : "");
}

/* Subvolumes of btrfs have device numbers of their own, and share all space of their file system. */
static bool shares_space(
        const struct stat *file, const struct statfs *its, dev_t device, const struct statfs *fs) {
        return file->st_dev == device ||
                (its->f_type == BTRFS_SUPER_MAGIC && fs->f_type == BTRFS_SUPER_MAGIC &&
                        its->f_blocks == fs->f_blocks && its->f_bsize == fs->f_bsize);
}

/* Leaves those whose space is that of the path; an empty one leaves all. */
static int keep_file_system(const struct sg_action *action, const char *path, struct logs_rotated *rotated) {
        char full[LOGS_PATH_MAX];
        struct stat status;
        struct statfs fs;
        size_t n = 0;

        if (!*path)
                return 0;
        snprintf(full, sizeof(full), "%s%s", action->host->root, path);
        if (path[0] != '/' || stat(full, &status) < 0 || statfs(full, &fs) < 0)
                return path[0] != '/' ? -EINVAL : -errno;
        for (size_t i = 0; i < rotated->n_files; i++) {
                const struct logs_file file = rotated->files[i];
                struct statfs its;

                if (fstatfs(rotated->places[file.place].fd, &its) == 0 &&
                        shares_space(&file.status, &its, status.st_dev, &fs))
                        rotated->files[n++] = file;
        }
        rotated->n_files = n;
        return 0;
}

/* Deinitialise `ret_rotated` whatever the verdict. */
static enum sg_verdict plan_drop(const struct sg_action *action, struct logs_rotated *ret_rotated,
        struct logs_drop_plan *ret_plan, struct sg_outcome *outcome) {
        enum sg_verdict verdict;
        int r = logs_rotated_find(action, action->args[ARG_DIRECTORY].text, ret_rotated);

        *ret_plan = (struct logs_drop_plan){0};
        if (r < 0) {
                snprintf(outcome->text, sizeof(outcome->text), "%s: %s",
                        r == -EINVAL ? "not one of the configured directories"
                                     : "the rotated logs cannot be searched safely",
                        strerror(-r));
                return SG_VERDICT_REFUSED;
        }
        r = keep_file_system(action, action->args[ARG_PATH].text, ret_rotated);
        if (r < 0) {
                snprintf(outcome->text, sizeof(outcome->text), "%.120s cannot be looked at: %s",
                        action->args[ARG_PATH].text, strerror(-r));
                return SG_VERDICT_REFUSED;
        }
        verdict = logs_fitness_plan_drop(ret_rotated, action->args[ARG_TARGET].bytes, action->floor_usec,
                action->gentler_spent, ret_plan);
        explain(ret_plan, verdict, action->args[ARG_PATH].text[0] != '\0', outcome);
        return verdict;
}

static enum sg_verdict check(const struct sg_action *action, struct sg_outcome *ret_outcome) {
        struct logs_rotated rotated;
        struct logs_drop_plan plan;
        enum sg_verdict verdict = plan_drop(action, &rotated, &plan, ret_outcome);
        char when[32], directory[LOGS_PATH_MAX], name[4 * LOGS_NAME_MAX];

        for (size_t i = 0; verdict == SG_VERDICT_GO && i < plan.n_going; i++) {
                const struct logs_file *file = &rotated.files[i];

                action->host->manifest(action, "%.1f MiB, last written %s, %s/%s",
                        (double)logs_rotated_disk_bytes(file) / MIB, format_time(file, when),
                        logs_name_escape(rotated.places[file->place].path, directory, sizeof(directory)),
                        logs_name_escape(file->name, name, sizeof(name)));
        }
        logs_rotated_deinit(&rotated);
        return verdict;
}

static int drop(const struct sg_action *action, const struct logs_rotated *rotated,
        const struct logs_drop_plan *plan, struct sg_outcome *outcome) {
        struct space_gain gain = {.n = 0};
        uint64_t gone_bytes = 0;
        int first_error = 0;

        for (size_t i = 0; i < plan->n_going; i++)
                (void)space_gain_add(&gain, rotated->places[rotated->files[i].place].fd);
        for (size_t i = 0; i < plan->n_going; i++) {
                const struct logs_file *file = &rotated->files[i];
                char name[80];
                int r = logs_rotated_unchanged(rotated, file) ? 0 : -ESTALE;

                if (r == 0)
                        r = logs_rotated_remove(rotated, file);
                if (r < 0) {
                        action->host->log(action, SG_LEVEL_WARNING, "%s stays: %s",
                                logs_name_escape(file->name, name, sizeof(name)), strerror(-r));
                        first_error = first_error ? first_error : r;
                        continue;
                }
                outcome->count++;
                gone_bytes += logs_rotated_disk_bytes(file);
        }
        outcome->freed_bytes = space_gain_end(&gain, gone_bytes).bytes;
        snprintf(outcome->text, sizeof(outcome->text),
                "%llu of %zu rotated logs are gone, %.1f MiB are free again",
                (unsigned long long)outcome->count, plan->n_going, (double)outcome->freed_bytes / MIB);
        return outcome->count > 0 ? 0 : first_error;
}

static int run(const struct sg_action *action, struct sg_outcome *ret_outcome) {
        struct logs_rotated rotated;
        struct logs_drop_plan plan;
        int r = 0;

        if (plan_drop(action, &rotated, &plan, ret_outcome) == SG_VERDICT_GO)
                r = drop(action, &rotated, &plan, ret_outcome);
        logs_rotated_deinit(&rotated);
        return r;
}

const struct sg_verb logs_drop_rotated = {
        .name = "logs.drop_rotated",
        .summary = "Delete the oldest rotated logs until a given amount of space is back",
        .risk = SG_RISK_LOSSY,
        .args = args,
        .deadline_usec = UINT64_C(60000000),
        /* One run may need several: drop-rotated-logs.lua, which has a budget of its own. */
        .budget_count = 24,
        .budget_window_usec = UINT64_C(86400000000),
        .check = check,
        .run = run,
};
