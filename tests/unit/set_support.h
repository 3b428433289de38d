/* SPDX-License-Identifier: MIT */
/*
 * set_support - a main.cf, a postconf that edits as the real one does, and reloads that are counted
 *
 * Programs that use it are linked with --wrap for the functions of reload.h, since a reload takes seconds to be judged
 * and test_reload_verb does that; for renameat2, so that somebody can be faster; and for faccessat, as nothing is
 * read-only for root.
 */
#ifndef UNIT_SET_SUPPORT_H
#define UNIT_SET_SUPPORT_H

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

#include "base/cleanup.h"
#include "postfix/reload.h"
#include "postfix/set.h"
#include "support/verb_relay.h"

#define LEASE 7
#define MAIN_CF "etc/postfix/main.cf"
#define RECORD MAIN_CF ".spoolguard-7"
#define DAY ((time_t)86400)

static const char ordinary[] = "# see postconf(5)\n"
                               "myhostname = mx.example.test\n"
                               "\n"
                               "smtpd_banner = $myhostname ESMTP\n"
                               "# the relay\n"
                               "relayhost =\n"
                               "\t[192.0.2.25]:25\n"
                               "inet_interfaces = all";

struct set_relay {
        struct verb_relay relay; /* first */
        struct sg_value args[2];
        const char *settings[4];

        /* What this postconf does otherwise than the real one. */
        int status;
        const char *complaint;
        bool spoils, ignores;
        const char *overrides;                    /* what -P says */
        void (*meanwhile)(struct set_relay *set); /* what happens just behind its work */

        void (*at_exchange)(struct set_relay *set); /* what happens just before names are exchanged, once */

        int access_error; /* of the directory of main.cf; 0: it can be written */
        unsigned n_reloads;
        int check_result, reload_results[4];
        const char *unread; /* what Postfix has not read yet; NULL: nothing */
        void (*at_reload)(struct set_relay *set);
};

static struct set_relay *set_under_test;

int __wrap_reload_check(const struct sg_action *action, const char *instance, struct sg_outcome *outcome);
int __wrap_reload_check_read(
        const struct sg_action *action, const char *instance, struct sg_outcome *outcome);
int __wrap_reload_do(const struct sg_action *action, const char *instance, struct sg_outcome *outcome);

int __wrap_reload_check(const struct sg_action *action, const char *instance, struct sg_outcome *outcome) {
        (void)action;
        (void)instance;
        if (set_under_test->check_result < 0)
                snprintf(outcome->text, sizeof(outcome->text), "Postfix is not running");
        return set_under_test->check_result;
}

int __wrap_reload_check_read(
        const struct sg_action *action, const char *instance, struct sg_outcome *outcome) {
        if (set_under_test->unread) {
                snprintf(outcome->text, sizeof(outcome->text), "%s", set_under_test->unread);
                return -EPERM;
        }
        return __wrap_reload_check(action, instance, outcome);
}

int __wrap_reload_do(const struct sg_action *action, const char *instance, struct sg_outcome *outcome) {
        (void)action;
        (void)instance;
        assert_true(set_under_test->n_reloads < ELEMENTSOF(set_under_test->reload_results));
        if (set_under_test->at_reload)
                set_under_test->at_reload(set_under_test);
        snprintf(outcome->text, sizeof(outcome->text), "reloaded");
        return set_under_test->reload_results[set_under_test->n_reloads++];
}

int __wrap_faccessat(int fd, const char *path, int mode, int flags);
int __real_faccessat(int fd, const char *path, int mode, int flags);

int __wrap_faccessat(int fd, const char *path, int mode, int flags) {
        errno = set_under_test->access_error;
        return errno != 0 ? -1 : __real_faccessat(fd, path, mode, flags);
}

int __wrap_renameat2(int old_fd, const char *old, int new_fd, const char *new, unsigned flags);
int __real_renameat2(int old_fd, const char *old, int new_fd, const char *new, unsigned flags);

int __wrap_renameat2(int old_fd, const char *old, int new_fd, const char *new, unsigned flags) {
        void (*meanwhile)(struct set_relay * set) = set_under_test->at_exchange;

        set_under_test->at_exchange = NULL;
        if (meanwhile)
                meanwhile(set_under_test);
        return __real_renameat2(old_fd, old, new_fd, new, flags);
}

/* All of a file below the scratch directory, for the caller to free; NULL: there is none. */
static inline char *set_read(const struct set_relay *set, const char *name) {
        FILE *stream = fopen(scratch_path(&set->relay.scratch, name), "r");
        char *text = calloc(1, 65536);

        assert_non_null(text);
        if (!stream) {
                free(text);
                return NULL;
        }
        assert_true(fread(text, 1, 65535, stream) < 65535);
        fclose(stream);
        return text;
}

static inline void set_expect(const struct set_relay *set, const char *name, const char *text) {
        char *is = set_read(set, name);

        assert_non_null(is);
        assert_string_equal(is, text);
        free(is);
}

static inline void set_expect_text(struct set_relay *set, const char *part) {
        if (!strstr(set->relay.bench.outcome.text, part))
                fail_msg("'%s' is not in '%s'", part, set->relay.bench.outcome.text);
}

static inline bool set_is_there(const struct set_relay *set, const char *name) {
        struct stat status;

        return lstat(scratch_path(&set->relay.scratch, name), &status) == 0;
}

static inline struct stat set_stat(const struct set_relay *set, const char *name) {
        struct stat status;

        assert_int_equal(lstat(scratch_path(&set->relay.scratch, name), &status), 0);
        return status;
}

/* As an admin does with an editor that writes a new file. */
static inline void set_replace(const struct set_relay *set, const char *text) {
        char from[256];

        scratch_write(&set->relay.scratch, "etc/postfix/edited", text);
        snprintf(from, sizeof(from), "%s", scratch_path(&set->relay.scratch, "etc/postfix/edited"));
        assert_int_equal(rename(from, scratch_path(&set->relay.scratch, MAIN_CF)), 0);
}

/*
 * The lines but those that set the parameter; its continuation lines go, comments stay.  A last line that has no end
 * gets none, and what is added goes on in it: so does postconf (3.7).
 */
static inline void postconf_drop(const char *text, const char *name, char *target) {
        const size_t length = strlen(name);
        bool dropping = false;

        while (*text) {
                size_t line = strcspn(text, "\n");

                if (*text != ' ' && *text != '\t' && *text != '#' && line > 0)
                        dropping = strncmp(text, name, length) == 0 && strchr(" \t=", text[length]);
                if (!dropping || *text == '#' || line == 0) {
                        memcpy(target, text, line);
                        target += line;
                        if (text[line] == '\n')
                                *target++ = '\n';
                }
                text += line + (text[line] == '\n');
        }
        *target = '\0';
}

/* One change: where the parameter was set, or at the end. */
static inline void postconf_edit(
        struct set_relay *set, const char *directory, const char *change, bool sets) {
        char path[512], name[64], *text, *result = calloc(2, 65536);
        FILE *stream;

        assert_non_null(result);
        snprintf(path, sizeof(path), "%s/main.cf", directory);
        snprintf(name, sizeof(name), "%.*s", (int)strcspn(change, " ="), change);
        text = set_read(set, path + strlen(set->relay.scratch.path) + 1);
        assert_non_null(text);
        postconf_drop(text, name, result);
        free(text);
        if (sets && !set->ignores) {
                strcat(result, change);
                strcat(result, "\n");
        }
        if (set->spoils)
                strcat(result, "mynetworks = 0.0.0.0/0\n");
        assert_int_equal(unlink(path), 0);
        stream = fopen(path, "w");
        assert_non_null(stream);
        fputs(result, stream);
        fclose(stream);
        chmod(path, 0644);
        free(result);
}

static inline int postconf(struct verb_bench *bench, char *output, size_t size) {
        struct set_relay *set = (struct set_relay *)bench;
        const char *const *argv = bench->argv;

        if (strcmp(argv[0], "/usr/bin/journalctl") == 0) {
                snprintf(output, size, "postfix/qmgr[1]: fatal: bad value\n");
                return 0;
        }
        assert_string_equal(argv[0], "/usr/sbin/postconf");
        assert_string_equal(argv[1], "-c");
        if (strcmp(argv[3], "-P") == 0) {
                snprintf(output, size, "%s", set->overrides ? set->overrides : "");
                return 0;
        }
        if (set->status != 0) {
                snprintf(output, size, "%s\n", set->complaint);
                return set->status;
        }
        for (size_t i = 4; argv[i]; i++)
                postconf_edit(set, argv[2], argv[i], strcmp(argv[3], "-e") == 0);
        if (set->meanwhile)
                set->meanwhile(set);
        return 0;
}

static inline int setup(void **state) {
        static const char *const queues[] = {"maildrop", "incoming", "active"};
        struct set_relay *set = calloc(1, sizeof(*set));

        if (!set)
                return -1;
        verb_relay_init(&set->relay);
        for (size_t i = 0; i < ELEMENTSOF(queues); i++) {
                char path[256];

                snprintf(path, sizeof(path), "%s/%s", set->relay.spool.path, queues[i]);
                verb_relay_own(&set->relay, path);
        }
        scratch_write(&set->relay.scratch, MAIN_CF, ordinary);
        set->settings[0] = "maximal_queue_lifetime = 28d";
        set->args[SET_ARG_INSTANCE] = (struct sg_value){.type = SG_TYPE_TEXT, .text = "-"};
        set->args[SET_ARG_SETTINGS] = (struct sg_value){.type = SG_TYPE_LIST, .list = set->settings};
        set->relay.bench.action.args = set->args;
        set->relay.bench.action.lease = LEASE;
        set->relay.bench.leases[0].number = LEASE;
        set->relay.bench.leases[0].verb = "postfix.set";
        set->relay.bench.leases[0].name = "instance";
        set->relay.bench.leases[0].value = "-";
        set->relay.bench.tool = postconf;
        set_under_test = set;
        *state = set;
        return 0;
}

static inline int teardown(void **state) {
        struct set_relay *set = *state;

        verb_relay_deinit(&set->relay);
        free(set);
        return 0;
}

static inline int set_act(struct set_relay *set) {
        return verb_bench_act(&set->relay.bench, &postfix_set);
}

static inline int set_undo(struct set_relay *set) {
        return verb_bench_undo(&set->relay.bench, &postfix_set);
}

/* A message of that age in a queue, with one recipient left. */
static inline struct spool_file *set_add(
        struct set_relay *set, const char *queue, time_t age, bool is_bounce) {
        const uint64_t made = (uint64_t)(time(NULL) - age);
        struct verb_relay *relay = &set->relay;
        struct spool_file *file = &relay->files[relay->n++];
        char directory[256];

        assert_true(relay->n <= VERB_RELAY_MESSAGES);
        spool_add(&relay->spool,
                &(struct spool_message){.queue = queue,
                        .sender = is_bounce ? "" : "alice@example.test",
                        .arrival_seconds = made,
                        .create_seconds = made,
                        .recipients = {{.address = "bob@example.test"}}},
                file);
        snprintf(directory, sizeof(directory), "%s", spool_path(&relay->spool, queue, file->id));
        verb_relay_own(relay, directory);
        *strrchr(directory, '/') = '\0';
        verb_relay_own(relay, directory);
        return file;
}

#define WITH_SET(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

#endif
