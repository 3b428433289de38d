/* SPDX-License-Identifier: MIT */
/*
 * logs_rotate - logs.rotate: let logrotate rotate a log now, in the way the host has configured it
 *
 * Runs in a child of the executor, as root.  Frees nothing by itself: a live log cannot be compressed, a rotated one
 * can.  The whole file of the configuration that names the log is forced (logs_rotate_find.c), so its scripts tell
 * the daemons to reopen their logs as on any night, and all logs of that file are rotated with it.
 *
 * A rotation pushes old logs out.  So check() lists those, and refuses when one of them is younger than the floor,
 * when the log was rotated in this incident already, when nobody can say what would go, and when logrotate needs
 * room that is not there: for its state, or to copy or compress what it rotates.
 *
 * logrotate runs in a unit of its own, by systemd and outside of our sandbox, and is never stopped by us: when the
 * time is up, it goes on.  Its unit's name is always the same, so a second one cannot begin meanwhile.
 *
 * Owns CONF_NAME in the runtime directory while logrotate reads it.  Fails with -EIO and what systemd-run said,
 * -ETIME, and -ENOENT when logrotate was content but the log is still the same.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/write_all.h"
#include "logs/logs_rotate.h"

#define LOGROTATE "/usr/sbin/logrotate"
#define SYSTEMD_RUN "/usr/bin/systemd-run"
#define STATE_DIR "/var/lib/logrotate"
#define RUNTIME_DIR "/run/spoolguard"
#define CONF_NAME "logrotate.conf"
#define UNIT "spoolguard-logrotate"
#define LEAST_BYTES (1 << 20)
#define SECOND UINT64_C(1000000)
#define MIB ((double)(1 << 20))

static const char unit_option[] = "--unit=" UNIT;
static const char conf_path[] = RUNTIME_DIR "/" CONF_NAME;

enum { ARG_LOG };

static const struct sg_option args[] = {
        [ARG_LOG] = {.name = "log",
                .type = SG_TYPE_TEXT,
                .fallback = "",
                .doc = "The log to rotate, below one of the configured directories and named in the "
                       "configuration of logrotate. Empty: the largest one that is."},
        {0},
};

struct rotation {
        struct logs_rotate_found found;
        struct logs_rotate_olds olds;
        size_t n_pushed;
};

static void rotation_deinit(struct rotation *rotation) {
        logs_rotate_found_deinit(&rotation->found);
        logs_rotate_olds_deinit(&rotation->olds);
}

static bool is_there(const struct sg_action *action, const char *path, struct sg_outcome *outcome) {
        char full[LOGS_PATH_MAX];

        snprintf(full, sizeof(full), "%s%s", action->host->root, path);
        if (access(full, X_OK) == 0)
                return true;
        snprintf(outcome->text, sizeof(outcome->text), "this host has no %s", path);
        return false;
}

/* NULL: it may be rotated, and it is known where its rotated logs are and how many stay. */
static const char *why_not(const struct logs_rotate_log *log) {
        if (log->how.unusual)
                return log->how.unusual;
        return log->how.keep == 0 ? "rotate 0" : NULL;
}

static enum sg_verdict judge(
        const struct sg_action *action, struct rotation *rotation, struct sg_outcome *outcome) {
        const struct logs_rotate_found *found = &rotation->found;
        const struct logs_rotate_log *log = &found->logs[found->chosen];
        char said[LOGS_ROTATE_SAID_MAX], source[LOGS_ROTATE_SAID_MAX];
        uint64_t youngest_usec = 0;
        struct timespec now;

        logs_name_escape(log->path, said, sizeof(said));
        logs_name_escape(found->source, source, sizeof(source));
        if (logs_rotate_plan_was_rotated(found->logs, found->chosen, rotation->olds.items, rotation->olds.n,
                    action->incident_since_usec)) {
                snprintf(outcome->text, sizeof(outcome->text),
                        "%s was rotated in this incident already; again, it would only push out old logs",
                        said);
                return SG_VERDICT_REFUSED;
        }
        clock_gettime(CLOCK_REALTIME, &now);
        rotation->n_pushed = logs_rotate_plan_pushed(
                found->logs, rotation->olds.items, rotation->olds.n, (uint64_t)now.tv_sec * SECOND);
        for (size_t i = 0; i < rotation->n_pushed; i++)
                if (rotation->olds.items[i].mtime_usec > youngest_usec)
                        youngest_usec = rotation->olds.items[i].mtime_usec;
        if (rotation->n_pushed > 0 && youngest_usec >= action->floor_usec) {
                snprintf(outcome->text, sizeof(outcome->text),
                        "rotating the logs of %s would push out %zu old ones, and not all of them are older "
                        "than "
                        "the floor",
                        source, rotation->n_pushed);
                return SG_VERDICT_REFUSED;
        }
        snprintf(outcome->text, sizeof(outcome->text),
                "%s, %.1f MiB, would be rotated, and with it %zu more of %s; %zu old ones would be pushed "
                "out",
                said, (double)log->status.st_blocks * 512 / MIB, found->n_logs - 1, source,
                rotation->n_pushed);
        return SG_VERDICT_GO;
}

/* Deinitialise `ret_rotation` whatever the verdict. */
static enum sg_verdict look(
        const struct sg_action *action, struct rotation *ret_rotation, struct sg_outcome *outcome) {
        struct logs_rotate_found *found = &ret_rotation->found;
        char said[LOGS_ROTATE_SAID_MAX], source[LOGS_ROTATE_SAID_MAX];
        const struct logs_rotate_log *log;

        *ret_rotation = (struct rotation){.n_pushed = 0};
        if (!is_there(action, LOGROTATE, outcome) || !is_there(action, SYSTEMD_RUN, outcome))
                return SG_VERDICT_REFUSED;
        if (logs_rotate_find(
                    action, action->args[ARG_LOG].text, found, outcome->text, sizeof(outcome->text)) < 0)
                return SG_VERDICT_REFUSED;
        for (size_t i = 0; i < found->n_logs; i++)
                if (why_not(&found->logs[i])) {
                        snprintf(outcome->text, sizeof(outcome->text),
                                "%s rotates %s with `%s`: what would be left is not certain",
                                logs_name_escape(found->source, source, sizeof(source)),
                                logs_name_escape(found->logs[i].path, said, sizeof(said)),
                                why_not(&found->logs[i]));
                        return SG_VERDICT_REFUSED;
                }
        log = &found->logs[found->chosen];
        if (log->status.st_blocks * 512 < LEAST_BYTES) {
                snprintf(outcome->text, sizeof(outcome->text),
                        "%s is too small to be rotated before its time",
                        logs_name_escape(log->path, said, sizeof(said)));
                return SG_VERDICT_NOTHING;
        }
        if (logs_rotate_olds_find(action, found, &ret_rotation->olds, outcome->text, sizeof(outcome->text)) <
                0)
                return SG_VERDICT_REFUSED;
        return judge(action, ret_rotation, outcome);
}

static enum sg_verdict check(const struct sg_action *action, struct sg_outcome *ret_outcome) {
        struct rotation rotation;
        enum sg_verdict verdict = look(action, &rotation, ret_outcome);
        char directory[LOGS_PATH_MAX], where[LOGS_ROTATE_SAID_MAX], name[4 * LOGS_NAME_MAX];

        for (size_t i = 0; verdict == SG_VERDICT_GO && i < rotation.n_pushed; i++) {
                const struct logs_rotate_old *old = &rotation.olds.items[i];

                logs_rotate_directory(rotation.found.logs[old->log].path, directory);
                action->host->manifest(action, "%.1f MiB, pushed out: %s/%s", (double)old->disk_bytes / MIB,
                        logs_name_escape(directory, where, sizeof(where)),
                        logs_name_escape(old->name, name, sizeof(name)));
        }
        rotation_deinit(&rotation);
        return verdict;
}

static int write_conf(int directory, const struct logs_rotate_found *found) {
        int fd, r;

        if (unlinkat(directory, CONF_NAME, 0) < 0 && errno != ENOENT)
                return -errno;
        fd = openat(directory, CONF_NAME, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if (fd < 0)
                return -errno;
        r = write_all(fd, found->conf, found->conf_size);
        close(fd);
        return r;
}

static int run_logrotate(
        const struct sg_action *action, const struct logs_rotate_found *found, struct sg_outcome *outcome) {
        static const char *const argv[] = {SYSTEMD_RUN, "--wait", "--collect", "--quiet", unit_option,
                "--property=Nice=10", "--", LOGROTATE, "--force", conf_path, NULL};
        int directory, r;
        char path[LOGS_PATH_MAX], output[256] = "", said[LOGS_ROTATE_SAID_MAX], source[LOGS_ROTATE_SAID_MAX];

        snprintf(path, sizeof(path), "%s" RUNTIME_DIR, action->host->root);
        directory = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (directory < 0)
                return -errno;
        r = write_conf(directory, found);
        if (r == 0) {
                r = action->host->tool(action, argv, output, sizeof(output));
                output[strcspn(output, "\n")] = '\0';
                if (r == -ETIME)
                        snprintf(outcome->text, sizeof(outcome->text),
                                "logrotate is not done yet, and goes on by itself: journalctl -u " UNIT);
                else if (r != 0)
                        snprintf(outcome->text, sizeof(outcome->text),
                                "logrotate could not rotate all of %s (%d), see journalctl -u " UNIT " %s",
                                logs_name_escape(found->source, source, sizeof(source)), r,
                                logs_name_escape(output, said, sizeof(said)));
                /* One that goes on has read it long ago. */
                unlinkat(directory, CONF_NAME, 0);
        }
        close(directory);
        return r > 0 ? -EIO : r;
}

static bool is_rotated(const struct sg_action *action, const struct logs_rotate_log *log) {
        char full[LOGS_PATH_MAX + 128];
        struct stat now;

        snprintf(full, sizeof(full), "%.100s%s", action->host->root, log->path);
        if (lstat(full, &now) < 0)
                return errno == ENOENT;
        return now.st_ino != log->status.st_ino || now.st_size < log->status.st_size;
}

static int rotate(
        const struct sg_action *action, const struct logs_rotate_found *found, struct sg_outcome *outcome) {
        const struct logs_rotate_log *log = &found->logs[found->chosen];
        int r = run_logrotate(action, found, outcome);
        char said[LOGS_ROTATE_SAID_MAX], source[LOGS_ROTATE_SAID_MAX];

        logs_name_escape(log->path, said, sizeof(said));
        logs_name_escape(found->source, source, sizeof(source));
        for (size_t i = 0; i < found->n_logs; i++)
                outcome->count += is_rotated(action, &found->logs[i]);
        /* What else stands in that file may have gone wrong. */
        if (is_rotated(action, log)) {
                snprintf(outcome->text, sizeof(outcome->text),
                        "%s was rotated%s, and with it %llu more of %s", said,
                        r == -EIO ? " (but see journalctl -u " UNIT ")" : "",
                        (unsigned long long)outcome->count - 1, source);
                return r == -EIO ? 0 : r;
        }
        if (r == 0)
                snprintf(outcome->text, sizeof(outcome->text),
                        "logrotate was content, but %s was not rotated: see journalctl -u " UNIT, said);
        return r < 0 ? r : -ENOENT;
}

static int run(const struct sg_action *action, struct sg_outcome *ret_outcome) {
        struct rotation rotation;
        int r = 0;

        if (look(action, &rotation, ret_outcome) == SG_VERDICT_GO)
                r = rotate(action, &rotation.found, ret_outcome);
        rotation_deinit(&rotation);
        return r;
}

const struct sg_verb logs_rotate = {
        .name = "logs.rotate",
        .summary = "Let logrotate rotate a log before its time",
        .risk = SG_RISK_DISRUPTIVE,
        .args = args,
        .deadline_usec = 300 * SECOND,
        .cooldown_usec = 60 * SECOND,
        .budget_count = 4,
        .budget_window_usec = 86400 * SECOND,
        .needs_space_on = STATE_DIR,
        .check = check,
        .run = run,
};
