/* SPDX-License-Identifier: MIT */
/* test_nexthop - main.cf and the transport table as text, and the next hop of a domain */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "postfix/main_cf.h"
#include "postfix/nexthop.h"

static void expect_setting(const char *text, const char *name, const char *expected) {
        char value[64];
        bool found = main_cf_value(text, name, value, sizeof(value));

        assert_int_equal(found, expected != NULL);
        assert_string_equal(value, expected ? expected : "");
}

static void the_last_setting_wins_and_lines_go_on(void **state) {
        (void)state;
        expect_setting("a = 1\na = 2\n", "a", "2");
        expect_setting("a=1", "a", "1");
        expect_setting("ab = 1\n", "a", NULL);
        expect_setting("#a = 1\n  # a = 2\n", "a", NULL);
        expect_setting("a = 1,\n\t2\n# no end\n\n   3  \nb = 4\n", "a", "1, 2 3");
        expect_setting("b = 4\n  5\na =\n  1\r\n", "a", "1");
        expect_setting("a = \n", "a", "");
        expect_setting("", "a", NULL);
        expect_setting("  1\n", "a", NULL);
}

static void what_does_not_fit_is_not_known(void **state) {
        char text[256];

        (void)state;
        memset(text, 'x', sizeof(text));
        memcpy(text, "a = ", 4);
        memcpy(text + sizeof(text) - 2, "\n", 2);
        expect_setting(text, "a", NULL);
}

static void names_are_replaced_one_level_deep(void **state) {
        const char *text = "mydomain = example.test\nmyhostname=mx.${mydomain}\n"
                           "a = $mydomain, x.$(mydomain) ${mydomain}y $unknown. $\n";
        char value[128];

        (void)state;
        assert_true(main_cf_expanded(text, "a", "", value, sizeof(value)));
        assert_string_equal(value, "example.test, x.example.test example.testy . ");
        assert_true(main_cf_expanded(text, "b", "c.$mydomain", value, sizeof(value)));
        assert_string_equal(value, "c.example.test");
        assert_false(main_cf_expanded(text, "b", "$mydomain$mydomain", value, 20));
        assert_string_equal(value, "");
}

static void the_domain_follows_from_the_host_name(void **state) {
        char value[128];

        (void)state;
        assert_true(main_cf_expanded(
                "myhostname = mx.here.test\n", "x", "$mydomain $myorigin", value, sizeof(value)));
        assert_string_equal(value, "here.test mx.here.test");
}

static void expect_hop(const char *main_cf, const char *transport, const char *domain, const char *expected) {
        struct nexthop_routes routes;
        char hop[NEXTHOP_MAX];

        assert_int_equal(nexthop_routes_init(&routes, main_cf, transport), 0);
        nexthop_of(&routes, domain, hop);
        assert_string_equal(hop, expected);
        nexthop_routes_deinit(&routes);
}

static void mail_goes_to_its_domain_or_to_the_relayhost(void **state) {
        (void)state;
        expect_hop(NULL, NULL, "example.test", "example.test");
        expect_hop("relayhost =\n", NULL, "example.test", "example.test");
        expect_hop("relayhost = [Mail.Example.com]:587\n", NULL, "example.test", "[mail.example.com]:587");
        expect_hop("relayhost = $mydomain\nmydomain = up.test\n", NULL, "example.test", "up.test");
}

static void local_mail_has_no_next_hop(void **state) {
        const char *main_cf =
                "relayhost = up.test\nmyhostname = mx.here.test\nvirtual_mailbox_domains = v.test, "
                "hash:/etc/postfix/virtual\n";

        (void)state;
        expect_hop(main_cf, NULL, "", "");
        expect_hop(main_cf, NULL, "mx.here.test", "");
        expect_hop(main_cf, NULL, "localhost.here.test", "");
        expect_hop(main_cf, NULL, "here.test", "up.test");
        expect_hop(main_cf, NULL, "v.test", "");
        expect_hop("mydestination = Here.Test /etc/postfix/more\n", NULL, "here.test", "");
}

static void the_transport_table_has_the_first_word(void **state) {
        const char *table = "# a comment : x\n"
                            "one.test   smtp:[10.0.0.1]:2525\n"
                            ".two.test  relay:Two-Hub.test\n"
                            "x.two.test :\n"
                            "three.test smtp:\n"
                            "four.test  error:gone away\n"
                            "five.test  :[10.0.0.5]\n"
                            "u@six.test smtp:six.hub\n"
                            "here.test  smtp:inside.test\n"
                            "broken\n"
                            "six.test   no-colon\n";

        (void)state;
        expect_hop("relayhost=up.test\n", table, "one.test", "[10.0.0.1]:2525");
        expect_hop("relayhost=up.test\n", table, "two.test", "up.test");
        expect_hop("relayhost=up.test\n", table, "a.b.two.test", "two-hub.test");
        expect_hop("relayhost=up.test\n", table, "x.two.test", "up.test");
        expect_hop("relayhost=up.test\n", table, "three.test", "three.test");
        expect_hop("relayhost=up.test\n", table, "four.test", "");
        expect_hop("relayhost=up.test\n", table, "five.test", "[10.0.0.5]");
        expect_hop("relayhost=up.test\n", table, "six.test", "up.test");
        expect_hop("mydestination=here.test\n", table, "here.test", "inside.test");
        expect_hop("mydestination=here.test\n", "*  smtp:out.test\nhere.test local:\n", "here.test", "");
        expect_hop(
                "mydestination=here.test\n", "*  smtp:out.test\nhere.test local:\n", "far.test", "out.test");
}

static void the_table_is_found_behind_its_type(void **state) {
        char path[64];

        (void)state;
        assert_true(nexthop_transport_file(
                "transport_maps = hash:/etc/postfix/transport, pcre:/x\n", path, sizeof(path)));
        assert_string_equal(path, "/etc/postfix/transport");
        assert_true(nexthop_transport_file("transport_maps = proxy:lmdb:/x\n", path, sizeof(path)));
        assert_string_equal(path, "/x");
        assert_true(nexthop_transport_file("", path, sizeof(path)));
        assert_string_equal(path, "");
}

static void a_table_that_is_not_made_from_a_text_is_not_read_as_one(void **state) {
        static const char *const tables[] = {
                "ldap:x", "pcre:/etc/postfix/transport", "mysql:/etc/postfix/sql.cf"};
        char main_cf[128], path[64];

        (void)state;
        for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
                snprintf(main_cf, sizeof(main_cf), "transport_maps = %s\n", tables[i]);
                assert_false(nexthop_transport_file(main_cf, path, sizeof(path)));
                assert_string_equal(path, "");
        }
}

static void times_are_as_postfix_writes_them(void **state) {
        static const struct {
                const char *value;
                uint64_t seconds; /* UINT64_MAX: not known */
        } cases[] = {
                {"5d", 432000},
                {"5", 432000},
                {"0", 0},
                {"90m", 5400},
                {"2W", 1209600},
                {"30s", 30},
                {"4h", 14400},
                {"", 432000},
                {"$never_set", 432000},
                {"$other", 3600},
                {"100d", 8640000},
                {"101d", UINT64_MAX},
                {"99999999999999999999d", UINT64_MAX},
                {"5 d", UINT64_MAX},
                {"5dd", UINT64_MAX},
                {"5x", UINT64_MAX},
                {"-5d", UINT64_MAX},
                {"five", UINT64_MAX},
        };
        char main_cf[128];
        uint64_t seconds;

        (void)state;
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                snprintf(main_cf, sizeof(main_cf), "other = 1h\nlife = %s\n", cases[i].value);
                assert_int_equal(
                        main_cf_time(main_cf, "life", 'd', "5d", &seconds), cases[i].seconds != UINT64_MAX);
                if (cases[i].seconds != UINT64_MAX)
                        assert_int_equal(seconds, cases[i].seconds);
        }
        assert_true(main_cf_time("", "life", 'd', "5d", &seconds));
        assert_int_equal(seconds, 432000);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_last_setting_wins_and_lines_go_on),
                cmocka_unit_test(what_does_not_fit_is_not_known),
                cmocka_unit_test(names_are_replaced_one_level_deep),
                cmocka_unit_test(the_domain_follows_from_the_host_name),
                cmocka_unit_test(mail_goes_to_its_domain_or_to_the_relayhost),
                cmocka_unit_test(local_mail_has_no_next_hop),
                cmocka_unit_test(the_transport_table_has_the_first_word),
                cmocka_unit_test(the_table_is_found_behind_its_type),
                cmocka_unit_test(a_table_that_is_not_made_from_a_text_is_not_read_as_one),
                cmocka_unit_test(times_are_as_postfix_writes_them),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
