/* SPDX-License-Identifier: MIT */
/*
 * preflight_main_cf - checks the main.cf of each instance: is it read as Postfix reads it, believed, and replaceable?
 *
 * Runs in: spoolguardctl.  Postfix opens main.cf before it gives anything up; the daemon looks from a sandbox, believes
 * only what root alone can write, reads no more than so much of it, and may have to put another file in its place.  A
 * file that is good for Postfix can be shut to us, and then we would go by other settings than it does.
 *
 * Fails: warns when the file cannot be looked at.
 * Limits: what the unit hides is known as it is shipped, without drop-ins.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "ctl/preflight.h"

#define BYTES_MAX (256u << 10) /* that plugin postfix reads */

/* What the unit shuts out of the daemon's view: ProtectHome= and PrivateTmp=. */
static bool is_hidden(const char *path) {
        static const char *const places[] = {"/home/", "/root/", "/run/user/", "/tmp/", "/var/tmp/"};

        for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
                if (strncmp(path, places[i], strlen(places[i])) == 0)
                        return true;
        return false;
}

/* What of it the daemon does not see, so that it goes by other settings than Postfix. */
static void judge_sight(const struct preflight_main_cf *file, struct preflight_finding *finding) {
        if (is_hidden(file->real))
                preflight_also(finding, PREFLIGHT_WARN,
                        "%s leads to %s, which spoolguard.service cannot see: its settings are not known; "
                        "better a file in the same directory",
                        file->path, file->real);
        if (file->status.st_size > BYTES_MAX)
                preflight_also(finding, PREFLIGHT_WARN,
                        "%s has more than %u KiB: what is behind them is not known, and postfix.set refuses "
                        "to change it; better a shorter one",
                        file->path, BYTES_MAX >> 10);
        if (file->has_nul)
                preflight_also(finding, PREFLIGHT_WARN,
                        "%s has a NUL byte: what is behind it is not known, and postfix.set refuses to "
                        "change it; better plain text",
                        file->path);
}

static void judge_owner(const struct preflight_main_cf *file, struct preflight_finding *finding) {
        if (file->status.st_uid != 0)
                preflight_also(finding, PREFLIGHT_WARN,
                        "%s belongs to uid %u: it is not believed, and postfix.set refuses to change it; "
                        "better root",
                        file->path, file->status.st_uid);
        else if (file->status.st_mode & (S_IWGRP | S_IWOTH))
                preflight_also(finding, PREFLIGHT_WARN,
                        "%s has mode %04o: others than root can write it, so it is not believed, and "
                        "postfix.set refuses to change it; better 0644",
                        file->path, file->status.st_mode & 07777);
}

void preflight_judge_main_cf(const struct preflight_main_cf *file, struct preflight_finding *finding) {
        if (!S_ISREG(file->status.st_mode)) {
                preflight_also(finding, PREFLIGHT_FAIL, "%s is not a file", file->path);
                return;
        }
        judge_owner(file, finding);
        judge_sight(file, finding);
        if (file->is_mount)
                preflight_also(finding, PREFLIGHT_WARN,
                        "%s is a mount of its own: no other file can take its place, so postfix.set refuses "
                        "to change it; better mount its directory",
                        file->path);
        if (file->is_link)
                preflight_also(finding, PREFLIGHT_WARN,
                        "%s is a symbolic link: postfix.set keeps it, but postconf -e puts a file in its "
                        "place and the two go separate ways; better a file",
                        file->path);
        preflight_also(finding, PREFLIGHT_OK, "%s is a file that only root can write", file->path);
}

/* In as much of it as is read at all. */
static bool has_nul(const char *path) {
        _cleanup_close_ int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        char bytes[8192];
        size_t left = BYTES_MAX;
        ssize_t n;

        while (left > 0 && fd >= 0 &&
                (n = read(fd, bytes, left < sizeof(bytes) ? left : sizeof(bytes))) > 0) {
                if (memchr(bytes, '\0', (size_t)n))
                        return true;
                left -= (size_t)n;
        }
        return false;
}

static void look_at_main_cf(const struct postconf *postconf, const struct preflight_absence *absence,
        struct preflight_finding *finding) {
        char path[POSTCONF_PATH_MAX + 16];
        struct preflight_main_cf file = {.path = path};
        _cleanup_free_ char *real = NULL;
        struct stat link;
        struct statx mounted;

        (void)absence;
        text_format(path, sizeof(path), "%s/main.cf", postconf->config);
        real = realpath(path, NULL);
        if (!real || lstat(path, &link) < 0 || stat(path, &file.status) < 0 ||
                statx(AT_FDCWD, path, 0, 0, &mounted) < 0) {
                preflight_also(finding, PREFLIGHT_WARN, "not looked at: %s: %s", path, strerror(errno));
                return;
        }
        file.real = real;
        file.is_link = S_ISLNK(link.st_mode);
        file.is_mount = mounted.stx_attributes & STATX_ATTR_MOUNT_ROOT;
        file.has_nul = S_ISREG(file.status.st_mode) && has_nul(path);
        preflight_judge_main_cf(&file, finding);
}

void preflight_main_cf(const struct ctl *ctl, struct preflight_finding *finding) {
        (void)ctl;
        preflight_each_instance(look_at_main_cf, NULL, finding);
}
