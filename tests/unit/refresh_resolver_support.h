/* SPDX-License-Identifier: MIT */
/* refresh_resolver_support - a host with a resolv.conf, a chroot with a copy, and a Postfix that exists in /proc alone */
#ifndef UNIT_REFRESH_RESOLVER_SUPPORT_H
#define UNIT_REFRESH_RESOLVER_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "postfix/postfix.h"
#include "support/verb_relay.h"

#define COPIES SPOOL_DIRECTORY "/etc/"
#define OLD_SERVERS "# by hand\nnameserver 10.255.255.53\nnameserver 127.0.0.1\n"
#define NEW_SERVERS "nameserver 127.0.0.1\n"

enum { MASTER = 100, QMGR, SMTP, NEW_QMGR };

/* `age` in seconds. */
static inline void be_process(struct verb_relay *relay, int pid, const char *name, int parent, time_t age) {
        struct timespec up;
        char path[64], text[256];

        clock_gettime(CLOCK_BOOTTIME, &up);
        assert_true(up.tv_sec > age);
        snprintf(path, sizeof(path), "proc/%d/stat", pid);
        snprintf(text, sizeof(text), "%d (%s) S %d 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 1 0 %ld 0 0\n", pid, name,
                parent, (up.tv_sec - age) * sysconf(_SC_CLK_TCK));
        scratch_write(&relay->scratch, path, text);
}

/* Its children: a queue manager, and an smtp unless it is so young that it does not matter. */
static inline void run_postfix(struct verb_relay *relay, int qmgr, time_t age) {
        char children[64];

        be_process(relay, 1, "systemd", 0, 60);
        be_process(relay, MASTER, "master", 1, 60);
        be_process(relay, qmgr, "qmgr", MASTER, age);
        be_process(relay, SMTP, "smtp", MASTER, age);
        snprintf(children, sizeof(children), "%d %d ", qmgr, SMTP);
        scratch_write(&relay->scratch, "proc/100/task/100/children", children);
        scratch_write(
                &relay->scratch, SPOOL_DIRECTORY "/pid/master.pid", "                             100\n");
}

static inline void set_age(const struct verb_relay *relay, const char *name, time_t age) {
        const struct timespec time = {.tv_sec = verb_relay_now() - age};

        assert_return_code(utimensat(AT_FDCWD, scratch_path(&relay->scratch, name),
                                   (const struct timespec[]){time, time}, AT_SYMLINK_NOFOLLOW),
                errno);
}

static inline void write_aged(
        const struct verb_relay *relay, const char *name, const char *text, time_t age) {
        scratch_write(&relay->scratch, name, text);
        set_age(relay, name, age);
}

static inline void use_chroot(const struct verb_relay *relay, bool chroot) {
        char text[128];

        snprintf(text, sizeof(text), "qmgr unix n - n 300 1 qmgr\nsmtp unix - - %c - - smtp\n",
                chroot ? 'y' : 'n');
        write_aged(relay, "etc/postfix/master.cf", text, 90);
}

/*
 * Postfix was started a minute ago and copied the files; half a minute later resolv.conf was corrected, and hosts
 * never was.
 */
static inline int setup(void **state) {
        struct verb_relay *relay = malloc(sizeof(*relay));

        if (!relay)
                return -1;
        verb_relay_init(relay);
        unlink(scratch_path(&relay->scratch, "proc"));
        run_postfix(relay, QMGR, 60);
        write_aged(relay, "etc/postfix/main.cf", "compatibility_level = 3.6\n", 90);
        use_chroot(relay, true);
        write_aged(relay, "etc/hosts", "127.0.0.1 localhost\n", 90);
        write_aged(relay, COPIES "hosts", "127.0.0.1 localhost\n", 60);
        write_aged(relay, "etc/resolv.conf", NEW_SERVERS, 30);
        write_aged(relay, COPIES "resolv.conf", OLD_SERVERS, 60);
        *state = relay;
        return 0;
}

static inline int teardown(void **state) {
        verb_relay_deinit(*state);
        free(*state);
        return 0;
}

static inline int reloads(struct verb_bench *bench, char *output, size_t size) {
        struct verb_relay *relay = (struct verb_relay *)bench;

        (void)output;
        (void)size;
        unlink(scratch_path(&relay->scratch, "proc/101/stat"));
        run_postfix(relay, NEW_QMGR, 0);
        return 0;
}

static inline int fails(struct verb_bench *bench, char *output, size_t size) {
        (void)bench;
        snprintf(output, size, "Failed to reload postfix@-.service: Unit not found.\n");
        return 5;
}

static inline void assert_file(const struct verb_relay *relay, const char *name, const char *text) {
        char found[256] = "";
        int fd = open(scratch_path(&relay->scratch, name), O_RDONLY | O_CLOEXEC);

        assert_return_code(fd, errno);
        assert_true(read(fd, found, sizeof(found) - 1) >= 0);
        close(fd);
        assert_string_equal(found, text);
}

static inline struct stat stat_of(const struct verb_relay *relay, const char *name) {
        struct stat status;

        assert_return_code(lstat(scratch_path(&relay->scratch, name), &status), errno);
        return status;
}

static inline bool is_there(const struct verb_relay *relay, const char *name) {
        struct stat status;

        return lstat(scratch_path(&relay->scratch, name), &status) == 0;
}

static inline void assert_says(const struct verb_relay *relay, const char *part) {
        if (!strstr(relay->bench.outcome.text, part))
                fail_msg("\"%s\" does not say \"%s\"", relay->bench.outcome.text, part);
}

#endif
