/* SPDX-License-Identifier: MIT */
/* logs_verbs_support - the verbs of plugin logs on a /var/log of their own, with a real gzip */
#ifndef UNIT_LOGS_VERBS_SUPPORT_H
#define UNIT_LOGS_VERBS_SUPPORT_H

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
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "logs/logs.h"
#include "support/scratch.h"
#include "support/verb_bench.h"

#define MIB ((size_t)1 << 20)
#define DAY ((time_t)86400)
#define SEC UINT64_C(1000000)

struct fixture {
        struct scratch scratch;
        struct verb_bench bench;
        struct sg_value options[4], args[3];
};

static struct fixture *current;

static inline int real_gzip(struct verb_bench *bench, int in_fd, int out_fd) {
        pid_t pid = fork();
        int status;

        if (pid == 0) {
                dup2(in_fd, STDIN_FILENO);
                dup2(out_fd, STDOUT_FILENO);
                execl("/usr/bin/gzip", "gzip", bench->command + sizeof("/usr/bin/gzip"), (char *)NULL);
                _exit(127);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        return WIFEXITED(status) ? WEXITSTATUS(status) : -ECANCELED;
}

static inline const char *in_log(const char *name) {
        char path[LOGS_NAME_MAX + 16];

        snprintf(path, sizeof(path), "var/log/%s", name);
        return scratch_path(&current->scratch, path);
}

static inline void age(const char *name, time_t seconds) {
        struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = time(NULL) - seconds}};

        assert_int_equal(utimensat(AT_FDCWD, in_log(name), times, AT_SYMLINK_NOFOLLOW), 0);
}

/* Lines as of a mail log, so that gzip has something to gain. */
static inline void make_log(const char *name, size_t bytes, time_t seconds_old) {
        FILE *stream = fopen(in_log(name), "we");

        assert_non_null(stream);
        for (unsigned i = 0; (size_t)ftell(stream) < bytes; i++)
                fprintf(stream, "Dec 24 03:%02u:%02u relay postfix/smtp[%u]: %08X: status=deferred\n",
                        i / 60 % 60, i % 60, 1000 + i % 50, i * 2654435761U);
        fflush(stream);
        fsync(fileno(stream));
        fclose(stream);
        assert_int_equal(chmod(in_log(name), 0640), 0);
        age(name, seconds_old);
}

static inline bool exists(const char *name) {
        struct stat status;

        return lstat(in_log(name), &status) == 0;
}

static inline int setup(void **state) {
        static const char *const directories[] = {"/var/log", NULL};
        struct fixture *fixture = calloc(1, sizeof(*fixture));

        current = *state = fixture;
        scratch_init(&fixture->scratch);
        scratch_write(&fixture->scratch, "etc/group", "root:x:0:\nadm:x:4:\nsyslog:x:104:\nstaff:x:50:\n");
        scratch_mkdir(&fixture->scratch, "var/log");
        assert_int_equal(symlink("/proc", scratch_path(&fixture->scratch, "proc")), 0);
        make_log("mail.log", MIB, 0);
        fixture->options[LOGS_OPTION_DIRECTORIES] =
                (struct sg_value){.type = SG_TYPE_LIST, .list = directories};
        fixture->options[LOGS_OPTION_SPARE_DIRECTORY] = (struct sg_value){.type = SG_TYPE_TEXT, .text = ""};
        fixture->options[LOGS_OPTION_REOPEN_UNITS] =
                (struct sg_value){.type = SG_TYPE_LIST, .list = directories + 1};
        fixture->args[0] = (struct sg_value){.type = SG_TYPE_TEXT, .text = ""};
        fixture->args[1] = (struct sg_value){.type = SG_TYPE_SIZE, .bytes = MIB};
        fixture->args[2] = (struct sg_value){.type = SG_TYPE_TEXT, .text = ""};
        verb_bench_init(&fixture->bench, fixture->scratch.path, fixture->args, fixture->options);
        fixture->bench.filter = real_gzip;
        fixture->bench.action.floor_usec = (uint64_t)(time(NULL) - DAY) * SEC;
        return 0;
}

static inline int teardown(void **state) {
        struct fixture *fixture = *state;

        scratch_deinit(&fixture->scratch);
        free(fixture);
        return 0;
}

static inline enum sg_verdict check(struct fixture *fixture, const struct sg_verb *verb) {
        return verb_bench_check(&fixture->bench, verb);
}

static inline int act(struct fixture *fixture, const struct sg_verb *verb) {
        return verb_bench_act(&fixture->bench, verb);
}

static inline int shell(const char *command) {
        // NOLINTNEXTLINE(cert-env33-c)
        return system(command);
}

#define WITH_FIXTURE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

#endif
