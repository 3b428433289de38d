/* SPDX-License-Identifier: MIT */
/* hold_support - a spool, a lease and a postsuper that renames as the real one does, or worse */
#ifndef UNIT_HOLD_SUPPORT_H
#define UNIT_HOLD_SUPPORT_H

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
#include "postfix/filter_args.h"
#include "postfix/hold_mark.h"
#include "postfix/order.h"
#include "postfix/postfix.h"
#include "postfix/retry_time.h"
#include "support/verb_relay.h"

#define LEASE 7
#define OLD_RETRY 1766509200
#define DAY ((time_t)86400)

struct hold_relay {
        struct verb_relay relay; /* first */
        struct sg_value args[FILTER_ARGS + 1];

        /* What this postsuper does otherwise than the real one. */
        size_t moves_at_most;
        int status;                                 /* what it ends with after its work */
        const char *complaint;                      /* and says then */
        const char *lies;                           /* its summary instead of the true one */
        struct spool_file *also;                    /* moved without being asked for */
        void (*meanwhile)(struct hold_relay *hold); /* what happens just before its work */

        char commands[8][512];
        unsigned n_calls, n_asked;
        char *output;
        size_t output_size;
};

static inline const char *goal_of(const char *command) {
        return strstr(command, " -h ") ? "hold" : strstr(command, " -H ") ? "deferred" : "maildrop";
}

static inline bool hold_move(
        struct hold_relay *hold, struct spool_file *file, const char *from, const char *to) {
        char directory[256];

        if (strcmp(file->queue, from) != 0 ||
                access(spool_path(&hold->relay.spool, from, file->id), F_OK) != 0)
                return false;
        spool_move(&hold->relay.spool, file, to);
        /* A hash directory that was made for it is the mail owner's. */
        snprintf(directory, sizeof(directory), "%s", spool_path(&hold->relay.spool, to, file->id));
        *strrchr(directory, '/') = '\0';
        verb_relay_own(&hold->relay, directory);
        return true;
}

static inline int postsuper_starts(struct verb_bench *bench, char *output, size_t size) {
        struct hold_relay *hold = (struct hold_relay *)bench;

        assert_true(hold->n_calls < ELEMENTSOF(hold->commands));
        assert_int_equal(geteuid(), getuid());
        snprintf(hold->commands[hold->n_calls++], sizeof(hold->commands[0]), "%s", bench->command);
        hold->output = output;
        hold->output_size = size;
        return 0;
}

static inline int postsuper_works(struct verb_bench *bench, int in_fd, int out_fd) {
        static const char *const summaries[][2] = {
                {"hold", "Placed on hold"}, {"deferred", "Released from hold"}, {"maildrop", "Requeued"}};
        struct hold_relay *hold = (struct hold_relay *)bench;
        const char *from = strrchr(bench->command, ' ') + 1, *to = goal_of(bench->command);
        FILE *list = fdopen(dup(in_fd), "r");
        char line[128];
        size_t moved = 0;

        (void)out_fd;
        if (hold->meanwhile)
                hold->meanwhile(hold);
        while (fgets(line, sizeof(line), list)) {
                assert_non_null(strchr(line, '\n'));
                *strchr(line, '\n') = '\0';
                hold->n_asked++;
                for (size_t i = 0; i < hold->relay.n && moved < hold->moves_at_most; i++)
                        moved += strcmp(hold->relay.files[i].id, line) == 0 &&
                                hold_move(hold, &hold->relay.files[i], from, to);
        }
        fclose(list);
        if (hold->also)
                hold_move(hold, hold->also, hold->also->queue, to);
        for (size_t i = 0; i < ELEMENTSOF(summaries); i++)
                if (strcmp(summaries[i][0], to) == 0 && moved > 0)
                        snprintf(hold->output, hold->output_size, "postsuper: %s: %zu messages\n%s",
                                summaries[i][1], moved, hold->complaint ? hold->complaint : "");
                else if (moved == 0)
                        snprintf(hold->output, hold->output_size, "%s",
                                hold->complaint ? hold->complaint : "");
        if (hold->lies)
                snprintf(hold->output, hold->output_size, "%s", hold->lies);
        return hold->status;
}

static inline void hold_arg(struct hold_relay *hold, int row, const char *text) {
        hold->args[row] = (struct sg_value){.type = SG_TYPE_TEXT, .text = text};
}

/* That the executor knows; those before it have lower numbers. */
static inline void hold_lease(struct hold_relay *hold, size_t i, uint64_t number, const char *instance) {
        hold->relay.bench.leases[i].number = number;
        hold->relay.bench.leases[i].verb = "postfix.hold";
        hold->relay.bench.leases[i].name = "instance";
        hold->relay.bench.leases[i].value = instance;
}

static inline int setup(void **state) {
        static const char *const queues[] = {"maildrop", "incoming", "active"};
        struct hold_relay *hold = calloc(1, sizeof(*hold));

        if (!hold)
                return -1;
        verb_relay_init(&hold->relay);
        for (size_t i = 0; i < ELEMENTSOF(queues); i++) {
                char path[256];

                snprintf(path, sizeof(path), "%s/%s", hold->relay.spool.path, queues[i]);
                verb_relay_own(&hold->relay, path);
        }
        scratch_write(&hold->relay.scratch, "etc/postfix/main.cf", "mydestination = here.test, localhost\n");
        for (int row = 0; row < FILTER_ARGS; row++)
                hold_arg(hold, row, "");
        hold_arg(hold, FILTER_ARG_INSTANCE, "-");
        hold_arg(hold, FILTER_ARG_SENDER, "<>");
        hold->args[FILTER_ARG_OLDER_THAN] = (struct sg_value){.type = SG_TYPE_DURATION};
        hold->args[REQUEUE_ARG_LEASE] = (struct sg_value){.type = SG_TYPE_NUMBER};
        hold->moves_at_most = SIZE_MAX;
        hold->relay.bench.action.args = hold->args;
        hold->relay.bench.action.lease = LEASE;
        hold_lease(hold, 0, LEASE, "-");
        hold->relay.bench.tool = postsuper_starts;
        hold->relay.bench.filter = postsuper_works;
        *state = hold;
        return 0;
}

static inline int teardown(void **state) {
        struct hold_relay *hold = *state;

        verb_relay_deinit(&hold->relay);
        free(hold);
        return 0;
}

static inline struct spool_file *add_message(struct hold_relay *hold, const struct spool_message *message) {
        struct verb_relay *relay = &hold->relay;
        struct spool_file *file = &relay->files[relay->n++];
        char directory[256];

        assert_true(relay->n <= VERB_RELAY_MESSAGES);
        spool_add(&relay->spool, message, file);
        snprintf(directory, sizeof(directory), "%s", spool_path(&relay->spool, "deferred", file->id));
        verb_relay_own(relay, directory);
        *strrchr(directory, '/') = '\0';
        verb_relay_own(relay, directory);
        return file;
}

/* A bounce in deferred/, or other mail, that was made so long ago. */
static inline struct spool_file *add_of_age(struct hold_relay *hold, time_t age, bool is_bounce) {
        const uint64_t made = (uint64_t)(time(NULL) - age);

        return add_message(hold,
                &(struct spool_message){.sender = is_bounce ? "" : "mallory@flood.test",
                        .arrival_seconds = made,
                        .create_seconds = made,
                        .next_retry_seconds = OLD_RETRY,
                        .recipients = {{.address = "bob@example.test"}}});
}

/* So many young bounces more, which are the selection. */
static inline void add(struct hold_relay *hold, size_t n) {
        for (size_t i = 0; i < n; i++)
                add_of_age(hold, 3600, true);
        verb_relay_select(&hold->relay, hold->relay.n - n, n);
}

static inline struct stat stat_of(struct hold_relay *hold, size_t i) {
        return verb_relay_stat(&hold->relay, &hold->relay.files[i]);
}

static inline bool is_in(struct hold_relay *hold, size_t i, const char *queue) {
        struct stat status;

        return lstat(spool_path(&hold->relay.spool, queue, hold->relay.files[i].id), &status) == 0;
}

static inline bool is_as_it_was(struct hold_relay *hold, size_t i) {
        struct stat status = stat_of(hold, i);

        return is_in(hold, i, "deferred") && status.st_mtim.tv_sec == OLD_RETRY &&
                status.st_mtim.tv_nsec == 0;
}

static inline void expect_text(struct hold_relay *hold, const char *text) {
        assert_string_equal(hold->relay.bench.outcome.text, text);
}

/* Without when the last one expires, which is another time each time. */
static inline void expect_held(struct hold_relay *hold, const char *text) {
        char *end = strstr(hold->relay.bench.outcome.text, "; the last expires by ");

        if (end)
                *end = '\0';
        expect_text(hold, text);
}

#define WITH_HOLD(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

#endif
