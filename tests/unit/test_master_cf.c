/* SPDX-License-Identifier: MIT */
/* test_master_cf - which services that ask name servers are in the chroot, by master.cf */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "postfix/master_cf.h"

static struct master_cf_chroots read_text(const char *text, bool default_chroot) {
        struct master_cf_chroots chroots;

        master_cf_read(text, default_chroot, &chroots);
        return chroots;
}

static void each_service_says_whether_it_is_in_the_chroot(void **state) {
        const struct master_cf_chroots chroots =
                read_text("# service type  private unpriv  chroot  wakeup  maxproc command + args\n"
                          "smtp      inet  n       -       y       -       -       smtpd\n"
                          "qmgr      unix  n       -       n       300     1       qmgr\n"
                          "smtp      unix  -       -       y       -       -       smtp\n"
                          "relay     unix  -       -       n       -       -       smtp\n"
                          "        -o syslog_name=postfix/$service_name\n"
                          "lmtp      unix  -       -       -       -       -       lmtp\n"
                          "uucp      unix  -       n       n       -       -       pipe\n"
                          "  flags=Fqhu user=uucp argv=uux -r -n -z -a$sender - $nexthop!rmail smtp\n",
                        false);

        (void)state;
        assert_true(chroots.inside[MASTER_CF_SMTPD] && !chroots.outside[MASTER_CF_SMTPD]);
        assert_true(chroots.inside[MASTER_CF_SMTP] && chroots.outside[MASTER_CF_SMTP]);
        assert_true(!chroots.inside[MASTER_CF_LMTP] && chroots.outside[MASTER_CF_LMTP]);
        assert_false(chroots.inside[MASTER_CF_DNSBLOG] || chroots.outside[MASTER_CF_DNSBLOG]);
}

static void a_service_may_go_on_behind_comments_and_blank_lines(void **state) {
        const struct master_cf_chroots chroots = read_text("smtp unix - -\n"
                                                           "# not the end of it\n"
                                                           "\n"
                                                           "   y - - smtp\n"
                                                           "smtp inet n - n - 1\n",
                false);

        (void)state;
        assert_true(chroots.inside[MASTER_CF_SMTP]);
        assert_false(chroots.inside[MASTER_CF_SMTPD] || chroots.outside[MASTER_CF_SMTPD]);
}

static void a_dash_is_what_the_compatibility_level_makes_of_it(void **state) {
        (void)state;
        assert_true(read_text("smtp unix - - - - - smtp\n", true).inside[MASTER_CF_SMTP]);
        assert_true(read_text("smtp unix - - - - - smtp", false).outside[MASTER_CF_SMTP]);
        assert_true(master_cf_default_chroot(""));
        assert_true(master_cf_default_chroot("compatibility_level = 0\n"));
        assert_false(master_cf_default_chroot("compatibility_level = 3.6\n"));
}

static void a_line_of_any_length_ends_nothing_else(void **state) {
        static char text[4096];

        (void)state;
        memset(text, 'a', 3000);
        strcpy(text + 3000, "\nsmtp unix - - y - - smtp\n");
        assert_true(read_text(text, false).inside[MASTER_CF_SMTP]);
        memset(text, ' ', 3000);
        assert_false(read_text(text, false).outside[MASTER_CF_SMTP]);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(each_service_says_whether_it_is_in_the_chroot),
                cmocka_unit_test(a_service_may_go_on_behind_comments_and_blank_lines),
                cmocka_unit_test(a_dash_is_what_the_compatibility_level_makes_of_it),
                cmocka_unit_test(a_line_of_any_length_ends_nothing_else),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
