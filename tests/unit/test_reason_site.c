/* SPDX-License-Identifier: MIT */
/* test_reason_site - rows of a site come first, and no remote server gets through them to another class */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "postfix/reason_site.h"

#define MX "mx.example.test[192.0.2.1]"

struct fixture {
        struct sg_value lists[REASON_SITE_CLASSES];
        struct reason_site site;
};

static const char *const nothing[] = {NULL};

static int fixture_setup(void **state) {
        struct fixture *fixture = calloc(1, sizeof(*fixture));

        if (!fixture)
                return -1;
        for (size_t i = 0; i < REASON_SITE_CLASSES; i++)
                fixture->lists[i] = (struct sg_value){.type = SG_TYPE_LIST, .list = nothing};
        *state = fixture;
        return 0;
}

static int fixture_teardown(void **state) {
        struct fixture *fixture = *state;

        reason_site_deinit(&fixture->site);
        free(fixture);
        return 0;
}

static void give(struct fixture *fixture, enum reason_class class, const char *const *texts) {
        for (size_t i = 0; i < REASON_SITE_CLASSES; i++)
                if (reason_site_classes[i] == class)
                        fixture->lists[i].list = texts;
}

static void start(struct fixture *fixture) {
        const char *bad;

        assert_int_equal(reason_site_init(&fixture->site, fixture->lists, &bad), 0);
        assert_null(bad);
}

static void expect(struct fixture *fixture, const char *text, enum reason_class class) {
        struct reason reason;

        reason_site_classify(&fixture->site, text, "4.4.1", "", &reason);
        if (reason.class != class)
                fail_msg("%s: %s, not %s", text, reason_name(reason.class), reason_name(class));
}

static void every_class_that_a_site_can_add_to_is_there_once(void **state) {
        unsigned seen[REASON_CLASSES] = {0};

        (void)state;
        for (size_t i = 0; i < REASON_SITE_CLASSES; i++)
                seen[reason_site_classes[i]]++;
        for (int class = 0; class < REASON_CLASSES; class ++)
                assert_int_equal(seen[class],
                        class != REASON_NONE && class != REASON_PAUSED && class != REASON_FILTER_DEAD);
}

static void without_rows_ours_decide(void **state) {
        struct fixture *fixture = *state;
        struct reason reason;

        start(fixture);
        expect(fixture, "mail transport unavailable", REASON_TRANSPORT);
        reason_site_classify(NULL, "mail transport unavailable", "4.3.0", "", &reason);
        assert_int_equal(reason.class, REASON_TRANSPORT);
}

static void a_row_of_the_site_comes_before_ours_and_the_longest_decides(void **state) {
        static const char *const local[] = {"mail transport", "archive: ", NULL};
        static const char *const timeout[] = {"archive: busy %P", "100%% full$", NULL};
        struct fixture *fixture = *state;

        give(fixture, REASON_LOCAL, local);
        give(fixture, REASON_TIMEOUT, timeout);
        start(fixture);
        expect(fixture, "mail transport unavailable", REASON_LOCAL);
        expect(fixture, "delivery temporarily suspended: mail transport unavailable", REASON_LOCAL);
        expect(fixture, "archive: closed", REASON_LOCAL);
        expect(fixture, "archive: busy :25", REASON_TIMEOUT);
        expect(fixture, "100% full", REASON_TIMEOUT);
        expect(fixture, "100% full of it", REASON_OTHER);
        expect(fixture, "my archive: closed", REASON_OTHER);
}

static void whom_postfix_tried_is_known_as_before(void **state) {
        static const char *const filter[] = {"connect to %H:10024: ", NULL};
        struct fixture *fixture = *state;
        struct reason reason;

        give(fixture, REASON_FILTER, filter);
        start(fixture);
        reason_site_classify(&fixture->site,
                "delivery temporarily suspended: connect to f[127.0.0.1]:10024: Connection refused", "4.4.1",
                "", &reason);
        assert_int_equal(reason.class, REASON_FILTER);
        assert_true(reason.suspended);
        assert_string_equal(reason.address, "127.0.0.1");
        assert_int_equal(reason.port, 10024);
}

static void words_of_a_remote_server_choose_no_class_but_a_kind_of_answer(void **state) {
        static const char *const timeout[] = {
                "host %H said: 450 tarpit", "temporary failure. Command output: hm", NULL};
        static const char *const policy[] = {
                "host %H said: 450 mx7", "host %H refused to talk to me: 554", NULL};
        struct fixture *fixture = *state;

        give(fixture, REASON_TIMEOUT, timeout);
        give(fixture, REASON_POLICY, policy);
        start(fixture);
        expect(fixture, "host " MX " said: 450 mx7 has had enough (in reply to RCPT TO command)",
                REASON_POLICY);
        expect(fixture, "host " MX " refused to talk to me: 554 go away", REASON_POLICY);
        expect(fixture, "host " MX " said: 450 tarpit", REASON_REMOTE);
        expect(fixture, "temporary failure. Command output: hm", REASON_LOCAL);
        expect(fixture, "host evil[192.0.2.9] said: 450 host " MX " said: 450 mx7", REASON_REMOTE);
}

static void a_pattern_that_cannot_be_understood_is_named_and_the_others_hold(void **state) {
        static const char *const local[] = {"a %x", "b %", "c", NULL};
        struct fixture *fixture = *state;
        const char *bad;

        give(fixture, REASON_LOCAL, local);
        assert_int_equal(reason_site_init(&fixture->site, fixture->lists, &bad), -EINVAL);
        assert_string_equal(bad, "a %x");
        assert_int_equal(fixture->site.n, 1);
        expect(fixture, "c it", REASON_LOCAL);
}

static void on_the_way_to_a_content_filter_it_is_the_filter(void **state) {
        static const enum reason_class own[] = {
                REASON_NONE, REASON_PAUSED, REASON_LOCAL, REASON_DUPLICATE_RISK, REASON_OTHER};

        (void)state;
        assert_int_equal(reason_at_filter(REASON_REFUSED), REASON_FILTER_DEAD);
        assert_int_equal(reason_at_filter(REASON_TIMEOUT), REASON_FILTER_DEAD);
        assert_int_equal(reason_at_filter(REASON_LOST), REASON_FILTER);
        assert_int_equal(reason_at_filter(REASON_REMOTE), REASON_FILTER);
        for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
                assert_int_equal(reason_at_filter(own[i]), own[i]);
        assert_string_equal(reason_name(REASON_FILTER), "filter");
        assert_string_equal(reason_name(REASON_FILTER_DEAD), "filter");
        assert_true(reason_is_dead(REASON_FILTER_DEAD));
        assert_false(reason_is_dead(REASON_FILTER));
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
        const struct CMUnitTest tests[] = {
                TEST(every_class_that_a_site_can_add_to_is_there_once),
                TEST(without_rows_ours_decide),
                TEST(a_row_of_the_site_comes_before_ours_and_the_longest_decides),
                TEST(whom_postfix_tried_is_known_as_before),
                TEST(words_of_a_remote_server_choose_no_class_but_a_kind_of_answer),
                TEST(a_pattern_that_cannot_be_understood_is_named_and_the_others_hold),
                TEST(on_the_way_to_a_content_filter_it_is_the_filter),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
