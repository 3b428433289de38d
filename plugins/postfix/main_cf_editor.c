/* SPDX-License-Identifier: MIT */
/*
 * main_cf_editor - whether somebody else is editing a file, and keeping postconf from it
 *
 * Runs in a child of the executor, as root, in a directory that only root can write.  An editor that has read a file
 * will write it as he read it, and what was changed meanwhile is gone.  Most leave a sign beside the file while they
 * have it open: vi and nano a swap file with their process in its head, Emacs a link that leads to "user@host.process".
 * A sign whose process is gone is of an editor that crashed, and counts as none: it may lie there for years, and after
 * a power failure its number is soon another's.
 *
 * postconf takes a lock on "main.cf.tmp", into which it writes; so do we for as long as we edit, and it waits.
 *
 * Owns nothing but the lock's descriptor, which is the caller's.  Fails by saying that there is nobody, or that the
 * lock cannot be had.  Limits: editors that leave no such sign, such as ed, are noticed when they write, not before;
 * nor are those that were open when the clock was set forward.
 */
#include "postfix/main_cf_editor.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "postfix/process.h"

#define NAME_SIZE (NAME_MAX + 16)
#define LOCK_NAME "main.cf.tmp"
#define LOCK_WAIT_MSEC 2000u /* an edit takes milliseconds */
#define LOCK_POLL_MSEC 20u
#define CLOCK_SLACK 2 /* seconds, between the clock of files and that of processes */

/* The head of a swap file: both editors have it alike. */
enum { SWAP_PID = 24, SWAP_USER = 28, SWAP_HOST = 68, SWAP_SIZE = 108, SWAP_TEXT_MAX = 40 };

/* Letters of a name, what else there is left out; it comes from a file or a link. */
static void copy_name(char *target, size_t size, const char *bytes, size_t length) {
        size_t used = 0;

        for (size_t i = 0; i < length && bytes[i] != '\0' && used + 1 < size; i++)
                if (isalnum((unsigned char)bytes[i]) || strchr("._-", bytes[i]))
                        target[used++] = bytes[i];
        target[used] = '\0';
}

/* One of another host cannot be asked.  Who began after the sign was written has only got the number. */
static bool is_gone(const char *host, pid_t pid, const struct stat *sign) {
        struct process process;
        char here[256] = "";

        gethostname(here, sizeof(here) - 1);
        if (strncmp(host, here, strlen(host)) != 0 || pid <= 0)
                return false;
        if (kill(pid, 0) < 0 && errno == ESRCH)
                return true;
        return process_read("", pid, &process) &&
                process_started(&process) > sign->st_mtim.tv_sec + CLOCK_SLACK;
}

static bool is_swapped(int directory, const char *sign, char who[static MAIN_CF_EDITOR_WHO_MAX]) {
        char user[SWAP_TEXT_MAX + 1], host[SWAP_TEXT_MAX + 1], head[SWAP_SIZE];
        int fd = openat(directory, sign, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
        const unsigned char *number = (const unsigned char *)head + SWAP_PID;
        struct stat status;
        ssize_t n;
        pid_t pid;

        if (fd < 0)
                return false;
        n = fstat(fd, &status) < 0 ? -1 : pread(fd, head, sizeof(head), 0);
        close(fd);
        if (n != (ssize_t)sizeof(head) || head[0] != 'b' || head[1] != '0') {
                snprintf(who, MAIN_CF_EDITOR_WHO_MAX, "an editor has left %.80s beside it", sign);
                return true;
        }
        pid = (pid_t)((uint32_t)number[0] | (uint32_t)number[1] << 8 | (uint32_t)number[2] << 16 |
                (uint32_t)number[3] << 24);
        copy_name(user, sizeof(user), head + SWAP_USER, SWAP_TEXT_MAX);
        copy_name(host, sizeof(host), head + SWAP_HOST, SWAP_TEXT_MAX);
        if (is_gone(host, pid, &status))
                return false;
        snprintf(who, MAIN_CF_EDITOR_WHO_MAX, "%s has it open in an editor (process %d, %.60s)", user,
                (int)pid, sign);
        return true;
}

/* "user@host.process", perhaps with ":boot time" behind it. */
static bool is_linked(int directory, const char *sign, char who[static MAIN_CF_EDITOR_WHO_MAX]) {
        char target[256], user[64], host[128];
        ssize_t n = readlinkat(directory, sign, target, sizeof(target) - 1);
        const char *at, *dot;
        struct stat status;
        pid_t pid;

        if (n < 0 || fstatat(directory, sign, &status, AT_SYMLINK_NOFOLLOW) < 0)
                return false;
        target[n] = '\0';
        at = strchr(target, '@');
        dot = at ? strrchr(at, '.') : NULL;
        if (!dot) {
                snprintf(who, MAIN_CF_EDITOR_WHO_MAX, "an editor has left %.80s beside it", sign);
                return true;
        }
        pid = (pid_t)strtol(dot + 1, NULL, 10);
        copy_name(user, sizeof(user), target, (size_t)(at - target));
        copy_name(host, sizeof(host), at + 1, (size_t)(dot - at - 1));
        if (is_gone(host, pid, &status))
                return false;
        snprintf(who, MAIN_CF_EDITOR_WHO_MAX, "%s has it open in Emacs (process %d)", user, (int)pid);
        return true;
}

static const struct {
        const char *before, *after;
        bool (*is_there)(int directory, const char *sign, char who[static MAIN_CF_EDITOR_WHO_MAX]);
} signs[] = {
        {".", ".swp", is_swapped},
        {".", ".swo", is_swapped}, /* of the second one */
        {".#", "", is_linked},
};

bool main_cf_editor_find(int directory, const char *name, char ret_who[static MAIN_CF_EDITOR_WHO_MAX]) {
        for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++) {
                char sign[NAME_SIZE];

                snprintf(sign, sizeof(sign), "%s%.*s%s", signs[i].before, NAME_MAX, name, signs[i].after);
                if (signs[i].is_there(directory, sign, ret_who))
                        return true;
        }
        return false;
}

static int try_lock(int config) {
        struct stat held, present;
        int r, fd;

        fd = openat(config, LOCK_NAME, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
        if (fd < 0)
                return -errno;
        if (flock(fd, LOCK_EX | LOCK_NB) < 0)
                r = errno == EWOULDBLOCK ? -EBUSY : -errno;
        /* Who held it a moment ago has renamed it to main.cf. */
        else if (fstat(fd, &held) < 0 || fstatat(config, LOCK_NAME, &present, AT_SYMLINK_NOFOLLOW) < 0 ||
                held.st_ino != present.st_ino)
                r = -EBUSY;
        else
                return fd;
        close(fd);
        return r;
}

int main_cf_editor_lock(int config) {
        const struct timespec pause = {.tv_nsec = LOCK_POLL_MSEC * 1000000L};
        int r = try_lock(config);

        for (unsigned waited = 0; r == -EBUSY && waited < LOCK_WAIT_MSEC; waited += LOCK_POLL_MSEC) {
                nanosleep(&pause, NULL);
                r = try_lock(config);
        }
        return r;
}

void main_cf_editor_unlock(int config, int lock) {
        if (lock < 0)
                return;
        /* Who waits for it sees that it is gone, and makes his own. */
        unlinkat(config, LOCK_NAME, 0);
        close(lock);
}
