/* SPDX-License-Identifier: MIT */
/*
 * verb_bench - the host of a verb under test: chosen pressure, a tool that is a function, kept manifest
 *
 * Runs in tests.  Holds verbs to their contract: the manifest only in check(), tools only in run(), one
 * sentence as outcome.
 */
#include "support/verb_bench.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static bool checking;

static struct verb_bench *bench_of(const struct sg_action *action) {
        return (struct verb_bench *)(uintptr_t)action;
}

static __attribute__((format(printf, 3, 4))) void bench_log(
        const struct sg_action *action, enum sg_level level, const char *format, ...) {
        (void)action;
        (void)level;
        (void)format;
}

static __attribute__((format(printf, 2, 3))) void bench_manifest(
        const struct sg_action *action, const char *format, ...) {
        struct verb_bench *bench = bench_of(action);
        va_list arguments;

        assert_true(checking);
        assert_true(bench->n_manifest < 64);
        va_start(arguments, format);
        vsnprintf(bench->manifest[bench->n_manifest++], sizeof(bench->manifest[0]), format, arguments);
        va_end(arguments);
}

static enum sg_pressure bench_pressure(const struct sg_action *action, const char *path) {
        assert_int_equal(path[0], '/');
        return bench_of(action)->pressure;
}

static int bench_tool(const struct sg_action *action, const char *const argv[], char *output, size_t size) {
        struct verb_bench *bench = bench_of(action);

        assert_false(checking);
        bench->n_tools++;
        bench->argv = argv;
        bench->command[0] = '\0';
        for (size_t i = 0; argv[i]; i++) {
                size_t used = strlen(bench->command);

                snprintf(bench->command + used, sizeof(bench->command) - used, "%s%s", i ? " " : "", argv[i]);
        }
        if (output)
                output[0] = '\0';
        return bench->tool ? bench->tool(bench, output, size) : 0;
}

static int bench_filter(const struct sg_action *action, const char *const argv[], int in_fd, int out_fd,
        char *output, size_t size) {
        struct verb_bench *bench = bench_of(action);
        char buffer[4096];
        ssize_t n;

        bench_tool(action, argv, output, size);
        if (bench->filter)
                return bench->filter(bench, in_fd, out_fd);
        while ((n = read(in_fd, buffer, sizeof(buffer))) > 0)
                assert_int_equal(write(out_fd, buffer, (size_t)n), n);
        return 0;
}

static uint64_t bench_next_lease(const struct sg_action *action, const char *verb, const char *name,
        const char *value, uint64_t after) {
        const struct verb_bench *bench = bench_of(action);

        for (size_t i = 0; bench->leases[i].verb; i++)
                if (bench->leases[i].number > after && strcmp(bench->leases[i].verb, verb) == 0 &&
                        strcmp(bench->leases[i].name, name) == 0 &&
                        strcmp(bench->leases[i].value, value) == 0)
                        return bench->leases[i].number;
        return 0;
}

static int bench_program(const struct sg_action *action, const char *path, char *why, size_t size) {
        const char *problem = bench_of(action)->program_problem;

        (void)path;
        snprintf(why, size, "%s", problem ? problem : "");
        return problem ? -EINVAL : 0;
}

void verb_bench_init(struct verb_bench *bench, const char *root, const struct sg_value *args,
        const struct sg_value *options) {
        *bench = (struct verb_bench){
                .pressure = SG_PRESSURE_HIGH,
                .services =
                        {
                                .size = sizeof(struct sg_action_host),
                                .root = root,
                                .log = bench_log,
                                .manifest = bench_manifest,
                                .pressure = bench_pressure,
                                .tool = bench_tool,
                                .filter = bench_filter,
                                .next_lease = bench_next_lease,
                                .program = bench_program,
                        },
                .action = {.args = args, .options = options, .selection_fd = -1},
        };
        bench->action.host = &bench->services;
}

enum sg_verdict verb_bench_check(struct verb_bench *bench, const struct sg_verb *verb) {
        enum sg_verdict verdict;

        bench->outcome = (struct sg_outcome){0};
        bench->n_manifest = 0;
        checking = true;
        verdict = verb->check(&bench->action, &bench->outcome);
        checking = false;
        assert_true(bench->outcome.text[0] != '\0');
        return verdict;
}

int verb_bench_act(struct verb_bench *bench, const struct sg_verb *verb) {
        bench->outcome = (struct sg_outcome){0};
        return verb->run(&bench->action, &bench->outcome);
}

int verb_bench_undo(struct verb_bench *bench, const struct sg_verb *verb) {
        bench->outcome = (struct sg_outcome){0};
        return verb->undo(&bench->action, &bench->outcome);
}
