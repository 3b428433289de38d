/* SPDX-License-Identifier: MIT */
/* verb_bench - the host of a verb under test: chosen pressure, a tool that is a function, kept manifest */
#ifndef SUPPORT_VERB_BENCH_H
#define SUPPORT_VERB_BENCH_H

#include "spoolguard/action.h"

#define VERB_BENCH_LEASES 8

struct verb_bench {
        struct sg_action action; /* first */
        struct sg_action_host services;
        enum sg_pressure pressure;
        char manifest[64][256];
        unsigned n_manifest, n_tools;
        char command[512];       /* of the last tool, joined with spaces */
        const char *const *argv; /* the same as it was given, while the tool runs */
        /* What the tool does; NULL: it succeeds and does nothing. */
        int (*tool)(struct verb_bench *bench, char *output, size_t size);
        const void *tool_data;
        int (*filter)(struct verb_bench *bench, int in_fd, int out_fd); /* NULL: it copies */
        const char *program_problem; /* with every program; NULL: all are root's alone */
        /* Leases that are not over, of any verb; the numbers ascend.  `verb` NULL ends them. */
        struct {
                uint64_t number;
                const char *verb, *name, *value;
        } leases[VERB_BENCH_LEASES + 1];
        struct sg_outcome outcome;
};

void verb_bench_init(struct verb_bench *bench, const char *root, const struct sg_value *args,
        const struct sg_value *options);
/* The outcome lands in bench->outcome. */
enum sg_verdict verb_bench_check(struct verb_bench *bench, const struct sg_verb *verb);
int verb_bench_act(struct verb_bench *bench, const struct sg_verb *verb);
int verb_bench_undo(struct verb_bench *bench, const struct sg_verb *verb);

#endif
