/* SPDX-License-Identifier: MIT */
/*
 * preflight_disk - checks of file systems: room for logs and mail, root's reserve, our own state
 *
 * Runs in: spoolguardctl.  Measures with statvfs() what df shows.  A state directory on the file system of the
 * logs still works, because all of it is allocated beforehand, but a mail relay is easier to help when
 * its parts do not fill each other's disk.
 *
 * Limits: the paths are those of a Debian relay; other ones are the configuration's.
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "base/text.h"
#include "ctl/preflight.h"
#include "record/record.h"

#define LOGS "/var/log"
#define SPOOL "/var/spool/postfix"
#define ROOM_RATIO 0.85

static void check_space(const char *path, struct preflight_finding *finding) {
        char size[TEXT_QUANTITY_MAX], available[TEXT_QUANTITY_MAX];
        struct statvfs fs;

        if (statvfs(path, &fs) < 0) {
                preflight_say(finding, PREFLIGHT_WARN, "%s cannot be measured: %s", path, strerror(errno));
                return;
        }
        uint64_t used = fs.f_blocks - fs.f_bfree;
        double total = (double)(used + fs.f_bavail), ratio = total > 0 ? (double)used / total : 1;
        double inodes = fs.f_files > 0 ? 1 - (double)fs.f_favail / (double)fs.f_files : 0;

        text_size(fs.f_blocks * fs.f_frsize, size);
        text_size(fs.f_bavail * fs.f_frsize, available);
        if (inodes >= ROOM_RATIO)
                preflight_say(
                        finding, PREFLIGHT_WARN, "%s: %.0f%% of the inodes are in use", path, inodes * 100);
        else
                preflight_say(finding, ratio >= ROOM_RATIO ? PREFLIGHT_WARN : PREFLIGHT_OK,
                        "%s: %s, %.0f%% used, %s available", path, size, ratio * 100, available);
}

void preflight_log_space(const struct ctl *ctl, struct preflight_finding *finding) {
        (void)ctl;
        check_space(LOGS, finding);
}

void preflight_spool_space(const struct ctl *ctl, struct preflight_finding *finding) {
        (void)ctl;
        check_space(SPOOL, finding);
}

void preflight_reserve(const struct ctl *ctl, struct preflight_finding *finding) {
        char reserve[TEXT_QUANTITY_MAX];
        struct statvfs fs;

        (void)ctl;
        if (statvfs(LOGS, &fs) < 0)
                preflight_say(finding, PREFLIGHT_WARN, "%s cannot be measured: %s", LOGS, strerror(errno));
        else if (fs.f_bfree <= fs.f_bavail)
                preflight_say(finding, PREFLIGHT_WARN,
                        "%s keeps no blocks for root: whoever logs can fill it to the last", LOGS);
        else
                preflight_say(finding, PREFLIGHT_OK, "%s keeps %s for root", LOGS,
                        text_size((fs.f_bfree - fs.f_bavail) * fs.f_frsize, reserve));
}

void preflight_state_place(const struct ctl *ctl, struct preflight_finding *finding) {
        struct stat state, logs;

        if (stat(ctl->state_dir, &state) < 0)
                preflight_say(finding, PREFLIGHT_FAIL, "%s: %s", ctl->state_dir, strerror(errno));
        else if (stat(LOGS, &logs) == 0 && state.st_dev == logs.st_dev)
                preflight_say(
                        finding, PREFLIGHT_WARN, "%s is on the file system of %s", ctl->state_dir, LOGS);
        else
                preflight_say(
                        finding, PREFLIGHT_OK, "%s is not on the file system of the logs", ctl->state_dir);
}

void preflight_recorder(const struct ctl *ctl, struct preflight_finding *finding) {
        const uint64_t whole = (uint64_t)RECORD_SLOTS * RECORD_SLOT_SIZE;
        char path[512];
        struct stat status;

        text_format(path, sizeof(path), "%s/recorder", ctl->state_dir);
        if (stat(path, &status) < 0 && errno == EACCES)
                preflight_say(
                        finding, PREFLIGHT_WARN, "not looked at: only root can read %s", ctl->state_dir);
        else if (stat(path, &status) < 0)
                preflight_say(finding, PREFLIGHT_FAIL, "%s: %s", path, strerror(errno));
        else if (!S_ISREG(status.st_mode) || (uint64_t)status.st_size < whole)
                preflight_say(finding, PREFLIGHT_FAIL, "%s is not a whole record", path);
        else if ((uint64_t)status.st_blocks * 512 < whole)
                preflight_say(finding, PREFLIGHT_WARN,
                        "%s is not allocated beforehand: a full disk can stop it", path);
        else
                preflight_say(finding, PREFLIGHT_OK, "%s, allocated", path);
}
