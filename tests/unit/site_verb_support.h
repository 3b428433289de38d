/* SPDX-License-Identifier: MIT */
/* site_verb_support - a verb with one argument that the site must have allowed by a list, on the bench */
#ifndef UNIT_SITE_VERB_SUPPORT_H
#define UNIT_SITE_VERB_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>

#include "support/scratch.h"
#include "support/verb_bench.h"

#define SECOND UINT64_C(1000000)

/* The order of the options of `command` and `service`. */
enum { SITE_ALLOWS, SITE_TIME, SITE_OPTIONS };

struct site_verb {
        struct verb_bench bench; /* first: the tools get a pointer to it */
        struct scratch scratch;
        const struct sg_verb *verb;
        struct sg_value argument[1], options[SITE_OPTIONS];
};

static inline void site_verb_init(struct site_verb *site, const struct sg_verb *verb, const char *argument,
        const char *const *allowed, uint64_t usec) {
        scratch_init(&site->scratch);
        site->verb = verb;
        site->argument[0] = (struct sg_value){.type = SG_TYPE_TEXT, .text = argument};
        site->options[SITE_ALLOWS] = (struct sg_value){.type = SG_TYPE_LIST, .list = allowed};
        site->options[SITE_TIME] = (struct sg_value){.type = SG_TYPE_DURATION, .usec = usec};
        verb_bench_init(&site->bench, site->scratch.path, site->argument, site->options);
}

static inline enum sg_verdict site_check(struct site_verb *site) {
        return verb_bench_check(&site->bench, site->verb);
}

static inline int site_act(struct site_verb *site) {
        return verb_bench_act(&site->bench, site->verb);
}

/* The text of its last outcome. */
static inline const char *site_text(const struct site_verb *site) {
        return site->bench.outcome.text;
}

static inline void assert_refused(struct site_verb *site, const char *argument, const char *text) {
        site->argument[0].text = argument;
        assert_int_equal(site_check(site), SG_VERDICT_REFUSED);
        assert_string_equal(site_text(site), text);
        assert_int_equal(site_act(site), -EPERM);
        assert_int_equal(site->bench.n_tools, 0);
}

/* Of a fixture that begins with a site_verb. */
static inline int tear_down(void **state) {
        struct site_verb *site = *state;

        scratch_deinit(&site->scratch);
        free(site);
        return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif
