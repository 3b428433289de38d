/* SPDX-License-Identifier: MIT */
/* test_transport_pause - whose wish to let mail wait counts for mail that leaves this host */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "postfix/transport_pause.h"

static const char master_cf[] = "# service type private unpriv chroot wakeup maxproc command\n"
                                "smtp      inet  n - y - - smtpd\n"
                                "smtp      unix  - - y - - smtp\n"
                                "relay     unix  - - y - - smtp\n"
                                "  -o syslog_name=postfix/$service_name\n"
                                "local     unix  - n n - - local\n"
                                "lmtp      unix  - - y - -\n"
                                "# a comment within\n"
                                "\tlmtp -o x=y\n"
                                "uucp      unix  - n n - - pipe\n"
                                "  flags=Fqhu user=uucp argv=uux\n"
                                "mailman   unix  - n n - -\n"
                                "\n"
                                "  pipe argv=/usr/lib/mailman\n"
                                "slow      unix  - - n - - smtp # not a comment\n"
                                "short     unix  - -\n"
                                "both      unix  - - n - - pipe\n"
                                "both      unix  - - n - - smtp";

static void only_what_speaks_to_other_hosts_counts(void **state) {
        static const struct {
                const char *value, *named; /* NULL: nothing is paused */
        } cases[] = {
                {"", NULL},
                {" \t\r\n, ", NULL},
                {"smtp", "smtp"},
                {"local", NULL},
                {"uucp", NULL},
                {"mailman", NULL},
                {"uucp, local", NULL},
                {"uucp relay", "relay"},
                {"local,lmtp", "lmtp"},
                {"slow", "slow"},
                /* Not known for harmless. */
                {"short", "short"},
                {"both", "both"},
                {"unheard-of", "unheard-of"},
                {"smt", "smt"},
                {"smtpd", "smtpd"},
                {"-o", "-o"},
                {"#", "#"},
        };

        (void)state;
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                char name[TRANSPORT_NAME_MAX] = "";

                print_message("\"%s\"\n", cases[i].value);
                assert_int_equal(
                        transport_pause_find(cases[i].value, master_cf, name), cases[i].named != NULL);
                if (cases[i].named)
                        assert_string_equal(name, cases[i].named);
        }
}

static void without_master_cf_every_name_counts(void **state) {
        char name[TRANSPORT_NAME_MAX];

        (void)state;
        assert_true(transport_pause_find("uucp", NULL, name));
        assert_true(transport_pause_find("uucp", "", name));
        assert_false(transport_pause_find("", NULL, name));
}

static void a_name_without_end_is_cut_where_it_is_told(void **state) {
        char value[512], name[TRANSPORT_NAME_MAX];

        (void)state;
        memset(value, 'x', sizeof(value) - 1);
        value[sizeof(value) - 1] = '\0';
        assert_true(transport_pause_find(value, master_cf, name));
        assert_int_equal(strlen(name), TRANSPORT_NAME_MAX - 1);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(only_what_speaks_to_other_hosts_counts),
                cmocka_unit_test(without_master_cf_every_name_counts),
                cmocka_unit_test(a_name_without_end_is_cut_where_it_is_told),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
