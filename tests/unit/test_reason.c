/* SPDX-License-Identifier: MIT */
/* test_reason - what Postfix wrote chooses the class, and no name of a host or reply of a server imitates another */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "postfix/reason.h"

#define MX "mx.example.test[192.0.2.1]"
#define DNS "Host or domain name not found. Name service error for name=mx.example.test type="
#define RCPT " (in reply to RCPT TO command)"
#define TWICE "sending end of data -- message may be sent more than once"

struct example {
        const char *text, *status, *diagnostic;
        enum reason_class class;
};

static void check(const struct example *examples, size_t n) {
        for (size_t i = 0; i < n; i++) {
                const struct example *example = &examples[i];
                char suspended[1024];
                struct reason reason;

                reason_classify(example->text, example->status, example->diagnostic, &reason);
                if (reason.class != example->class)
                        fail_msg("%s: %s, not %s", example->text, reason_name(reason.class),
                                reason_name(example->class));
                assert_false(reason.suspended);

                /* The same of one that Postfix did not try, which has no diagnostic. */
                snprintf(suspended, sizeof(suspended), "delivery temporarily suspended: %s", example->text);
                reason_classify(suspended, example->status, "", &reason);
                if (reason.class != example->class)
                        fail_msg("%s: %s, not %s", suspended, reason_name(reason.class),
                                reason_name(example->class));
                assert_true(reason.suspended);
        }
}

static void texts_that_postfix_was_seen_to_write_have_their_class(void **state) {
        static const struct example examples[] = {
                {"connect to " MX ":25: Connection refused", "4.4.1", "", REASON_REFUSED},
                {"connect to " MX ":25: Connection timed out", "4.4.1", "", REASON_TIMEOUT},
                {"connect to " MX ":25: Network is unreachable", "4.4.1", "", REASON_UNREACHABLE},
                {"connect to " MX ":25: No route to host", "4.4.1", "", REASON_UNREACHABLE},
                {"connect to mx.example.test[2001:db8::1]:25: Connection timed out", "4.4.1", "",
                        REASON_TIMEOUT},
                {"connect to 192.0.2.1[192.0.2.1]:10024: Connection refused", "4.4.1", "", REASON_REFUSED},
                {DNS "MX: Host not found, try again", "4.4.3", "", REASON_DNS},
                {DNS "A: Host not found", "4.3.5", "", REASON_DNS},
                {DNS "AAAA: Host found but no data record of requested type", "4.3.5", "", REASON_DNS},
                {"Name service error for x_y: invalid host or domain name", "4.4.3", "", REASON_DNS},
                {"Name service initialization failure", "4.4.3", "", REASON_DNS},
                {"unable to look up host mx.example.test: Temporary failure in name resolution", "4.4.4", "",
                        REASON_DNS},
                {"mx.example.test: host not found", "4.3.0", "", REASON_DNS},
                {"unable to find primary relay for example.test", "4.4.4", "", REASON_DNS},
                {"mail for example.test loops back to myself", "4.3.5", "", REASON_DNS},
                {"Domain example.test does not accept mail (nullMX)", "4.1.0", "", REASON_DNS},
                {"host " MX " refused to talk to me: 554 5.7.1 no", "4.0.0", "554 5.7.1 no", REASON_REMOTE},
                {"host " MX " refused to talk to me: 421 4.7.0 later", "4.7.0", "421 4.7.0 later",
                        REASON_POLICY},
                {"host " MX " refused to talk to me: 421 4.3.2 going down", "4.3.2", "421 4.3.2 going down",
                        REASON_REMOTE},
                {"host " MX " said: 451 4.3.0 lookup failed (in reply to MAIL FROM command)", "4.3.0",
                        "451 4.3.0 lookup failed", REASON_REMOTE},
                {"host " MX " said: 451 4.3.0 failed (in reply to end of DATA command)", "4.3.0",
                        "451 4.3.0 failed", REASON_REMOTE},
                {"Protocol error: host " MX " said: 250 hm? (in reply to DATA command)", "4.5.0", "250 hm?",
                        REASON_REMOTE},
                {"host " MX " said: 450 4.2.0 <b@example.test>: Greylisted, see http://x" RCPT, "4.2.0",
                        "450 4.2.0 <b@example.test>: Greylisted, see http://x", REASON_GREYLIST},
                {"host " MX " said: 451 4.7.1 Please try again later" RCPT, "4.7.1",
                        "451 4.7.1 Please try again later", REASON_GREYLIST},
                {"host " MX " said: 451 4.3.5 graylisted" RCPT, "4.3.5", "451 4.3.5 graylisted",
                        REASON_GREYLIST},
                {"host " MX " said: 452 4.2.2 The mailbox is over its limit" RCPT, "4.2.2",
                        "452 4.2.2 The mailbox is over its limit", REASON_QUOTA},
                {"host " MX " said: 452 4.0.0 Mailbox full" RCPT, "4.0.0", "452 4.0.0 Mailbox full",
                        REASON_QUOTA},
                {"host " MX " said: 452 4.3.1 Insufficient system storage, quota" RCPT, "4.3.1",
                        "452 4.3.1 Insufficient system storage, quota", REASON_REMOTE},
                {"host " MX " said: 421 4.7.28 rate limited" RCPT, "4.7.28", "421 4.7.28 rate limited",
                        REASON_POLICY},
                {"host " MX " said: 450 4.0.0 Too many connections (in reply to MAIL FROM command)", "4.0.0",
                        "450 4.0.0 Too many connections", REASON_POLICY},
                {"host " MX " said: 452 4.5.3 recipients" RCPT, "4.5.3", "452 4.5.3 recipients",
                        REASON_POLICY},
                {"conversation with " MX " timed out while receiving the initial server greeting", "4.4.2",
                        "", REASON_LOST},
                {"lost connection with " MX " while receiving the initial server greeting", "4.4.2", "",
                        REASON_LOST},
                {"lost connection with " MX " while sending message body", "4.4.2", "", REASON_LOST},
                {"lost connection with " MX " while " TWICE, "4.4.2", "", REASON_DUPLICATE_RISK},
                {"conversation with " MX " timed out while " TWICE, "4.4.2", "", REASON_DUPLICATE_RISK},
                {"TLS is required, but was not offered by host " MX, "4.7.4", "", REASON_TLS},
                {"TLS is required, but host " MX " refused to start TLS: 454 no", "4.7.0", "", REASON_TLS},
                {"TLS is required, but our TLS engine is unavailable", "4.7.5", "", REASON_TLS},
                {"Cannot start TLS: handshake failure", "4.7.5", "", REASON_TLS},
                {"Server certificate not verified", "4.7.5", "", REASON_TLS},
                {"Server certificate not trusted", "4.7.5", "", REASON_TLS},
                {"client TLS configuration problem", "4.7.5", "", REASON_TLS},
                {"TLSA lookup error for mx.example.test:25", "4.7.5", "", REASON_TLS},
                {"SASL authentication failed; server " MX " said: 535 no", "4.7.8", "535 no", REASON_LOCAL},
                {"SASL [CACHED] authentication failed; server " MX " said: 535 no", "4.7.8", "535 no",
                        REASON_LOCAL},
                {"mail transport unavailable", "4.3.0", "", REASON_TRANSPORT},
                {"unknown mail transport error", "4.3.0", "", REASON_TRANSPORT},
                {"connect to relay.example.test[private/dovecot-lmtp]: No such file or directory", "4.4.1",
                        "", REASON_TRANSPORT},
                {"deferred transport", "4.3.2", "", REASON_PAUSED},
                {"address resolver failure", "4.3.0", "", REASON_LOCAL},
                {"Too many address verification requests", "4.3.2", "", REASON_LOCAL},
                {"message is administratively expired", "4.7.0", "", REASON_OTHER},
                {"local data error while talking to " MX, "4.3.0", "", REASON_LOCAL},
                {"mail system configuration error", "4.3.5", "", REASON_LOCAL},
                {"alias database unavailable", "4.3.0", "", REASON_LOCAL},
                {"Temporary lookup error", "4.3.0", "", REASON_LOCAL},
                {"server unavailable or unable to receive mail", "4.3.0", "", REASON_LOCAL},
                {"all network protocols are disabled", "4.4.4", "", REASON_LOCAL},
                {"temporary failure. Command output: quota exceeded", "4.3.0", "", REASON_LOCAL},
                {"Command died with signal 9: \"/usr/bin/filter\"", "4.3.0", "", REASON_LOCAL},
                {"something that no Postfix wrote", "4.0.0", "", REASON_OTHER},
        };

        (void)state;
        check(examples, sizeof(examples) / sizeof(examples[0]));
}

/* A name in DNS, a reply or a domain in an address, chosen to look like another reason. */
static void a_stranger_chooses_no_class(void **state) {
        static const struct example examples[] = {
                {"host " MX " said: 450 4.2.0 connect to " MX ":25: Connection timed out", "4.2.0",
                        "450 4.2.0 connect to " MX ":25: Connection timed out", REASON_REMOTE},
                {"host " MX " said: 450 4.2.0 x " TWICE, "4.2.0", "450 4.2.0 x " TWICE, REASON_REMOTE},
                {"host " MX " said: 450 4.1.1 deferred transport", "4.1.1", "450 4.1.1 deferred transport",
                        REASON_REMOTE},
                {"connect to " MX ":25: Connection refused" MX ":25: Connection timed out", "4.4.1", "",
                        REASON_OTHER},
                {"connect to x" MX ":25: Connection refused ", "4.4.1", "", REASON_OTHER},
                {"connect to a b[192.0.2.1]:25: Connection refused", "4.4.1", "", REASON_OTHER},
                {"connect to [192.0.2.1]:25: Connection refused", "4.4.1", "", REASON_OTHER},
                {"connect to mx[]:25: Connection refused", "4.4.1", "", REASON_OTHER},
                {"connect to mx[192.0.2.1]:: Connection refused", "4.4.1", "", REASON_OTHER},
                {"connect to mx[192.0.2.1]:0: Connection refused", "4.4.1", "", REASON_OTHER},
                {"connect to mx[192.0.2.1]:65536: Connection refused", "4.4.1", "", REASON_OTHER},
                {"connect to mx[192.0.2.1]:2500000: Connection refused", "4.4.1", "", REASON_OTHER},
                {"connect to mx\033[192.0.2.1]:25: Connection refused", "4.4.1", "", REASON_OTHER},
                {" connect to " MX ":25: Connection refused", "4.4.1", "", REASON_OTHER},
                {"a mail transport unavailable", "4.3.0", "", REASON_OTHER},
                {"mail transport unavailable to you", "4.3.0", "", REASON_OTHER},
                {"Connection refused", "4.4.1", "", REASON_OTHER},
                {"greylisted, try again later" RCPT, "4.7.1", "450 4.7.1 greylisted", REASON_OTHER},
                {"lost connection with " MX " while sending message body " TWICE, "4.4.2", "", REASON_LOST},
                /* Not in reply to RCPT TO, though the server says it is. */
                {"host " MX " said: 450 4.2.0 greylisted" RCPT " (in reply to end of DATA command)", "4.2.0",
                        "450 4.2.0 greylisted" RCPT, REASON_REMOTE},
                /* Words without the code, and the code without words. */
                {"host " MX " said: 250 greylisted" RCPT, "4.2.0", "250 greylisted", REASON_REMOTE},
                {"host " MX " said: 450 4.2.0 no" RCPT, "4.2.0", "450 4.2.0 no", REASON_REMOTE},
                {"host " MX " said: 45 greylisted" RCPT, "4.2.0", "45 greylisted", REASON_REMOTE},
                {"host " MX " said: 4500 greylisted" RCPT, "4.2.0", "4500 greylisted", REASON_REMOTE},
        };

        (void)state;
        check(examples, sizeof(examples) / sizeof(examples[0]));
}

static void only_one_prefix_is_cut_off(void **state) {
        struct reason reason;

        (void)state;
        reason_classify("delivery temporarily suspended: delivery temporarily suspended: deferred transport",
                "4.3.2", "", &reason);
        assert_int_equal(reason.class, REASON_OTHER);
        assert_true(reason.suspended);
}

static void it_is_said_whom_postfix_tried(void **state) {
        static const struct {
                const char *text, *host, *address;
                unsigned port;
        } cases[] = {
                {"connect to " MX ":25: Connection timed out", "mx.example.test", "192.0.2.1", 25},
                {"delivery temporarily suspended: connect to " MX ":2525: Connection refused",
                        "mx.example.test", "192.0.2.1", 2525},
                {"connect to mx.example.test[2001:db8::1]:65535: No route to host", "mx.example.test",
                        "2001:db8::1", 65535},
                {"connect to " MX ":25: Something new", "mx.example.test", "192.0.2.1", 25},
                {"lost connection with " MX " while sending message body", "mx.example.test", "192.0.2.1", 0},
                {"host " MX " said: 450 no", "mx.example.test", "192.0.2.1", 0},
                {"connect to mx[1.2.3.4] :25: Connection timed out", "", "", 0},
                {DNS "A: Host not found, try again", "", "", 0},
                {"deferred transport", "", "", 0},
        };
        char text[512];
        struct reason reason;

        (void)state;
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                reason_classify(cases[i].text, "4.4.1", "", &reason);
                assert_string_equal(reason.host, cases[i].host);
                assert_string_equal(reason.address, cases[i].address);
                assert_int_equal(reason.port, cases[i].port);
        }
        /* Longer than there is room for. */
        snprintf(text, sizeof(text), "connect to %0300d[192.0.2.1]:25: Connection refused", 1);
        reason_classify(text, "4.4.1", "", &reason);
        assert_int_equal(reason.class, REASON_OTHER);
        assert_string_equal(reason.host, "");
}

static void without_a_text_there_is_no_reason(void **state) {
        struct reason reason;

        (void)state;
        reason_classify("", "4.0.0", "", &reason);
        assert_int_equal(reason.class, REASON_NONE);
        /* The prefix alone is a text. */
        reason_classify("delivery temporarily suspended: ", "4.0.0", "", &reason);
        assert_int_equal(reason.class, REASON_OTHER);
}

static void every_class_has_a_name_of_its_own(void **state) {
        (void)state;
        for (unsigned i = 0; i < REASON_CLASSES; i++) {
                assert_non_null(reason_name(i));
                for (unsigned j = 0; j < i && i != REASON_FILTER_DEAD; j++)
                        assert_string_not_equal(reason_name(i), reason_name(j));
        }
        assert_string_equal(reason_name(REASON_CLASSES), "other");
        assert_string_equal(reason_name(REASON_DUPLICATE_RISK), "duplicate-risk");
}

static void dead_is_where_nobody_answered(void **state) {
        (void)state;
        for (unsigned i = 0; i < REASON_CLASSES; i++)
                assert_int_equal(reason_is_dead(i),
                        i == REASON_TIMEOUT || i == REASON_REFUSED || i == REASON_UNREACHABLE ||
                                i == REASON_FILTER_DEAD);
}

/* People type them: behind --reason, with the help of the manual or of the shell. */
static void manual_and_completion_name_every_class(void **state) {
        static const char *const files[] = {"man/spoolguardctl.1", "spoolguardctl.bash"};

        (void)state;
        for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
                static char text[65536];
                char path[512];

                snprintf(path, sizeof(path), "%s/%s", PACKAGING_DIR, files[i]);
                FILE *file = fopen(path, "re");

                assert_non_null(file);
                text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
                fclose(file);
                for (unsigned class = 0; class < REASON_CLASSES; class ++)
                        if (!strstr(text, reason_name((enum reason_class) class)))
                                fail_msg("%s does not name '%s'", path,
                                        reason_name((enum reason_class) class));
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(texts_that_postfix_was_seen_to_write_have_their_class),
                cmocka_unit_test(a_stranger_chooses_no_class),
                cmocka_unit_test(only_one_prefix_is_cut_off),
                cmocka_unit_test(it_is_said_whom_postfix_tried),
                cmocka_unit_test(without_a_text_there_is_no_reason),
                cmocka_unit_test(every_class_has_a_name_of_its_own),
                cmocka_unit_test(manual_and_completion_name_every_class),
                cmocka_unit_test(dead_is_where_nobody_answered),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
