/* SPDX-License-Identifier: MIT */
/* test_defer_log - every whole entry is read once, no half one, and no byte of a remote server ends a line */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "postfix/defer_log.h"
#include "support/scratch.h"
#include "support/spool.h"

#define KEPT 4

struct heard {
        size_t n;
        struct defer_entry entries[KEPT];
};

static void keep(const struct defer_entry *entry, void *data) {
        struct heard *heard = data;

        if (heard->n < KEPT)
                heard->entries[heard->n] = *entry;
        heard->n++;
}

/* Parses a block of exactly this size, so that a sanitizer sees one byte too far. */
static void parse(const char *text, size_t size, bool is_cut, struct heard *ret_heard) {
        char *exact = malloc(size ? size : 1);
        size_t n;

        assert_non_null(exact);
        memcpy(exact, text, size);
        ret_heard->n = 0;
        n = defer_log_parse(exact, size, is_cut, keep, ret_heard);
        assert_int_equal(n, ret_heard->n);
        free(exact);
}

static void parse_text(const char *text, struct heard *ret_heard) {
        parse(text, strlen(text), false, ret_heard);
}

static void what_postfix_writes_is_read(void **state) {
        static struct heard heard;
        struct scratch scratch;
        struct spool spool;
        char text[4096];
        FILE *stream;
        size_t n;

        (void)state;
        scratch_init(&scratch);
        spool_init(&spool, scratch.path);
        spool_defer(
                &spool, "D3028A8", &(struct spool_deferral){.recipient = "bob@example.test", .offset = 684});
        spool_defer(&spool, "D3028A8",
                &(struct spool_deferral){
                        .recipient = "carol@example.test",
                        .offset = 755,
                        .status = "4.2.2",
                        .mta = "mx2.example.test",
                        .diagnostic = "452 4.2.2 Over quota = full",
                        .reason = "host mx2.example.test[192.0.2.2] said: 452 4.2.2 Over quota = full "
                                  "(in reply to RCPT TO command)",
                });
        stream = fopen(spool_path(&spool, "defer", "D3028A8"), "re");
        assert_non_null(stream);
        n = fread(text, 1, sizeof(text), stream);
        fclose(stream);
        scratch_deinit(&scratch);

        parse(text, n, false, &heard);
        assert_int_equal(heard.n, 2);
        assert_string_equal(heard.entries[0].recipient, "bob@example.test");
        assert_int_equal(heard.entries[0].offset, 684);
        assert_string_equal(heard.entries[0].status, "4.4.1");
        assert_string_equal(heard.entries[0].mta, "");
        assert_string_equal(heard.entries[0].diagnostic, "");
        assert_string_equal(
                heard.entries[0].reason, "connect to mx.example.test[192.0.2.1]:25: Connection timed out");
        assert_string_equal(heard.entries[1].recipient, "carol@example.test");
        assert_int_equal(heard.entries[1].offset, 755);
        assert_string_equal(heard.entries[1].status, "4.2.2");
        assert_string_equal(heard.entries[1].mta, "mx2.example.test");
        /* At the first = only. */
        assert_string_equal(heard.entries[1].diagnostic, "452 4.2.2 Over quota = full");

        /* Cut anywhere, no entry is there in part. */
        for (size_t size = 0; size < n; size++)
                for (int is_cut = 0; is_cut < 2; is_cut++) {
                        parse(text, size, is_cut, &heard);
                        assert_true(heard.n <= 2);
                        if (heard.n > 0)
                                assert_int_equal(heard.entries[0].offset, 684);
                        if (heard.n > 1) {
                                assert_int_equal(heard.entries[1].offset, 755);
                                assert_true(strstr(heard.entries[1].reason, "RCPT TO command)") != NULL);
                        }
                }
}

static void the_old_form_alone_is_an_entry(void **state) {
        static struct heard heard;

        (void)state;
        parse_text("\n<bob@example.test>: connect: a >: b\n\n", &heard);
        assert_int_equal(heard.n, 1);
        assert_string_equal(heard.entries[0].recipient, "bob@example.test");
        assert_string_equal(heard.entries[0].reason, "connect: a >: b");
        assert_string_equal(heard.entries[0].status, "4.0.0");
        assert_int_equal(heard.entries[0].offset, 0);
}

static void nothing_is_left_over_from_the_entry_before(void **state) {
        static struct heard heard;

        (void)state;
        parse_text("recipient=a@x\noffset=7\nstatus=4.2.2\nmta_mname=m\ndiag_text=d\nreason=r\n\n"
                   "recipient=b@x\nreason=s\n\n",
                &heard);
        assert_int_equal(heard.n, 2);
        assert_string_equal(heard.entries[1].recipient, "b@x");
        assert_int_equal(heard.entries[1].offset, 0);
        assert_string_equal(heard.entries[1].status, "4.0.0");
        assert_string_equal(heard.entries[1].mta, "");
        assert_string_equal(heard.entries[1].diagnostic, "");
}

static void an_entry_without_recipient_or_reason_is_left_out(void **state) {
        static struct heard heard;

        (void)state;
        parse_text("\nrecipient=a@x\noffset=7\n\nreason=r\n\n\n\n= \n\xff\xff\n<a@x> r\n<>\n\n", &heard);
        assert_int_equal(heard.n, 0);
        parse_text("", &heard);
        assert_int_equal(heard.n, 0);
}

static void the_last_entry_is_left_out_when_more_is_behind(void **state) {
        static const char text[] = "\nrecipient=a@x\nreason=r\n\n\nrecipient=b@x\nreason=s\n";
        static struct heard heard;

        (void)state;
        parse(text, strlen(text), true, &heard);
        assert_int_equal(heard.n, 1);
        parse(text, strlen(text), false, &heard);
        assert_int_equal(heard.n, 2);
        /* Postfix is still writing it. */
        parse(text, strlen(text) - 1, false, &heard);
        assert_int_equal(heard.n, 1);
}

static void an_offset_that_is_none_is_not_said(void **state) {
        static const char *const offsets[] = {"", "-1", "0x10", "7 ", "99999999999999999999999", "1e3"};
        static struct heard heard;

        (void)state;
        for (size_t i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++) {
                char text[128];

                snprintf(text, sizeof(text), "recipient=a@x\noffset=%s\nreason=r\n\n", offsets[i]);
                parse_text(text, &heard);
                assert_int_equal(heard.n, 1);
                assert_int_equal(heard.entries[0].offset, 0);
        }
}

static void control_bytes_become_question_marks(void **state) {
        static const char text[] = "recipient=a\033[2J\0b@x\nreason=r\r\x7f\xc3\xa4\n\n";
        static struct heard heard;

        (void)state;
        parse(text, sizeof(text) - 1, false, &heard);
        assert_int_equal(heard.n, 1);
        assert_string_equal(heard.entries[0].recipient, "a?[2J?b@x");
        assert_string_equal(heard.entries[0].reason, "r??\xc3\xa4");
}

static void long_values_are_cut_at_a_character(void **state) {
        static struct heard heard;
        static char text[3 * DEFER_LOG_TEXT_MAX];
        int head = snprintf(text, sizeof(text), "recipient=a@x\nreason=x");

        (void)state;
        for (size_t i = 0; i < DEFER_LOG_TEXT_MAX; i++)
                memcpy(text + head + 2 * i, "\xc3\xa4", 2);
        memcpy(text + head + 2 * DEFER_LOG_TEXT_MAX, "\n\n", 3);
        parse_text(text, &heard);
        assert_int_equal(heard.n, 1);
        /* x and whole characters of two bytes: 1,023 bytes. */
        assert_int_equal(strlen(heard.entries[0].reason), DEFER_LOG_TEXT_MAX - 1);
        text[head - 1] = '\xc3';
        memmove(text + head + 1, text + head, strlen(text + head) + 1);
        text[head] = '\xa4';
        parse_text(text, &heard);
        assert_int_equal(strlen(heard.entries[0].reason), DEFER_LOG_TEXT_MAX - 2);
}

static void a_remote_text_with_names_of_lines_stays_a_text(void **state) {
        static struct heard heard;

        (void)state;
        parse_text("recipient=a@x\nstatus=4.7.1\n"
                   "reason=host h[1.2.3.4] said: 450 status=4.2.2 reason=quota offset=5\n\n",
                &heard);
        assert_int_equal(heard.n, 1);
        assert_string_equal(heard.entries[0].status, "4.7.1");
        assert_int_equal(heard.entries[0].offset, 0);
        assert_string_equal(
                heard.entries[0].reason, "host h[1.2.3.4] said: 450 status=4.2.2 reason=quota offset=5");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(what_postfix_writes_is_read),
                cmocka_unit_test(the_old_form_alone_is_an_entry),
                cmocka_unit_test(nothing_is_left_over_from_the_entry_before),
                cmocka_unit_test(an_entry_without_recipient_or_reason_is_left_out),
                cmocka_unit_test(the_last_entry_is_left_out_when_more_is_behind),
                cmocka_unit_test(an_offset_that_is_none_is_not_said),
                cmocka_unit_test(control_bytes_become_question_marks),
                cmocka_unit_test(long_values_are_cut_at_a_character),
                cmocka_unit_test(a_remote_text_with_names_of_lines_stays_a_text),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
