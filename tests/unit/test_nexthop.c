/* SPDX-License-Identifier: MIT */
/* test_nexthop - the next hop of a domain, from the texts of main.cf, of master.cf and of the transport table */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "postfix/nexthop.h"

static void expect_hop_by(const char *main_cf, const char *master_cf, const char *transport,
        const char *domain, const char *expected) {
        struct nexthop_routes routes, moved;
        char hop[NEXTHOP_MAX];

        assert_int_equal(nexthop_routes_init(&routes, main_cf, master_cf, transport), 0);
        moved = routes;
        memset(&routes, 0x55, sizeof(routes));
        nexthop_of(&moved, domain, hop);
        assert_string_equal(hop, expected);
        nexthop_routes_deinit(&moved);
}

static void expect_hop(const char *main_cf, const char *transport, const char *domain, const char *expected) {
        expect_hop_by(main_cf, NULL, transport, domain, expected);
}

static void mail_goes_to_its_domain_or_to_the_relayhost(void **state) {
        (void)state;
        expect_hop(NULL, NULL, "example.test", "example.test");
        expect_hop("relayhost =\n", NULL, "example.test", "example.test");
        expect_hop("relayhost = [Mail.Example.com]:587\n", NULL, "example.test", "[mail.example.com]:587");
        expect_hop("relayhost = $mydomain\nmydomain = up.test\n", NULL, "example.test", "up.test");
}

static void several_next_hops_are_told_with_a_comma_between(void **state) {
        static const char table[] =
                "one.test smtp:[10.0.0.1], [10.0.0.2]:26 \ntwo.test smtp:[10.0.0.1] # why\n";

        (void)state;
        expect_hop("relayhost = [A.test]:587,  b.test\n", NULL, "example.test", "[a.test]:587,b.test");
        expect_hop("relayhost =\n  [a.test]\n  [b.test]\n", NULL, "example.test", "[a.test],[b.test]");
        expect_hop(
                "default_transport = smtp:[a.test], [b.test]\n", NULL, "example.test", "[a.test],[b.test]");
        expect_hop(NULL, table, "one.test", "[10.0.0.1],[10.0.0.2]:26");
        expect_hop(NULL, table, "two.test", "[10.0.0.1],#,why");
        /* But not when whoever sent the mail has it so. */
        expect_hop(NULL, NULL, "one.test,[10.0.0.9]", "");
        expect_hop(NULL, "* smtp:\n", "one.test [10.0.0.9]", "");
}

/* As trivial-rewrite does: what a transport names as its next hop goes before relayhost. */
static void a_transport_with_a_next_hop_of_its_own_goes_before_relayhost(void **state) {
        const char *gateway = "mydestination =\nrelayhost = up.test\nrelay_domains = in.test, Branch.Test\n"
                              "relay_transport = relay:[10.0.0.9]:26\n";

        (void)state;
        expect_hop("default_transport = smtp:[Smart.Test]:587\n", NULL, "example.test", "[smart.test]:587");
        expect_hop("relayhost = up.test\ndefault_transport = smtp:[smart.test]\n", NULL, "example.test",
                "[smart.test]");
        expect_hop("relayhost = up.test\ndefault_transport = slow\n", NULL, "example.test", "up.test");
        expect_hop("relayhost = up.test\ndefault_transport = slow:\n", NULL, "example.test", "up.test");
        expect_hop(
                "relayhost = up.test\ndefault_transport = error:no mail leaves\n", NULL, "example.test", "");
        expect_hop(
                "default_transport = smtp:$mydomain\nmydomain = up.test\n", NULL, "example.test", "up.test");
        expect_hop(gateway, NULL, "in.test", "[10.0.0.9]:26");
        expect_hop(gateway, NULL, "below.branch.test", "[10.0.0.9]:26");
        expect_hop(gateway, NULL, "ain.test", "up.test");
        expect_hop(gateway, NULL, "example.test", "up.test");
        expect_hop(gateway, "in.test smtp:\n", "in.test", "in.test");
        expect_hop(
                "mydestination = here.test\ndefault_transport = smtp:[smart.test]\n", NULL, "here.test", "");
}

static void what_the_sender_decides_is_not_known(void **state) {
        static const struct {
                const char *main_cf, *setting;
        } cases[] = {
                {"", NULL},
                {"sender_dependent_relayhost_maps =\n", NULL},
                {"sender_dependent_relayhost_maps = hash:/etc/postfix/sasl\n",
                        "sender_dependent_relayhost_maps"},
                {"sender_dependent_default_transport_maps = pcre:/x\n",
                        "sender_dependent_default_transport_maps"},
                {"relay_domains = hash:/etc/postfix/relay\n", NULL},
                {"relay_domains = hash:/etc/postfix/relay\nrelayhost = up.test\n", NULL},
                {"relay_domains = hash:/etc/postfix/relay\nrelay_transport = relay:[in.test]\n",
                        "relay_domains"},
                {"relay_domains = /etc/postfix/relay\ndefault_transport = smtp:[up.test]\n", "relay_domains"},
                {"relay_domains = in.test\nrelay_transport = relay:[in.test]\n", NULL},
        };

        (void)state;
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                const char *setting = nexthop_unknowable(cases[i].main_cf, NULL);

                assert_int_equal(setting != NULL, cases[i].setting != NULL);
                if (setting)
                        assert_string_equal(setting, cases[i].setting);
        }
}

/* For Postfix they go before the domains of the recipients, which would be blamed in their stead. */
static void relays_that_are_not_understood_are_not_taken_for_none(void **state) {
        char relays[NEXTHOP_MAX] = "", main_cf[3 * NEXTHOP_MAX];

        (void)state;
        while (strlen(relays) + 40 < sizeof(relays))
                strcat(relays, "[out-1.mail.branch.example.test]:587, ");
        snprintf(main_cf, sizeof(main_cf), "relayhost = %s\n", relays);
        assert_null(nexthop_unknowable(main_cf, NULL));
        snprintf(main_cf, sizeof(main_cf), "relayhost = %s [out-2.mail.branch.example.test]:587\n", relays);
        assert_string_equal(nexthop_unknowable(main_cf, NULL), "relayhost");
        snprintf(main_cf, sizeof(main_cf),
                "default_transport = smtp:%s [out-2.mail.branch.example.test]:587\n", relays);
        assert_string_equal(nexthop_unknowable(main_cf, NULL), "default_transport");
        snprintf(main_cf, sizeof(main_cf),
                "relay_transport = relay:%s [out-2.mail.branch.example.test]:587\n", relays);
        assert_string_equal(nexthop_unknowable(main_cf, NULL), "relay_transport");
        assert_string_equal(nexthop_unknowable("relayhost = ${up?[$up]:587}\n", NULL), "relayhost");
        assert_null(nexthop_unknowable("relayhost = [up.test]\ndefault_transport = smtp\n", NULL));
        snprintf(main_cf, sizeof(main_cf), "default_transport = error:%s%s\n", relays, relays);
        assert_null(nexthop_unknowable(main_cf, NULL));
        assert_string_equal(
                nexthop_unknowable("relay_domains = ${in?$in}\nrelay_transport = relay:[in.test]\n", NULL),
                "relay_domains");
}

static const char master[] =
        "# service type\n"
        "smtp      inet  n  -  y  -  -  smtpd\n"
        "smtp      unix  -  -  y  -  -  smtp\n"
        "relay     unix  -  -  y  -  -  smtp\n"
        "        -o syslog_name=postfix/$service_name -o smtp_fallback_relay=\n"
        "lmtp      unix  -  -  y  -  -  lmtp\n"
        "slow      unix  -  -  y  -  2  smtp -o { smtp_fallback_relay = [c.test]:26, d.test } -v\n"
        "odd       unix  -  -  y  -  -  smtp -osmtp_fallback_relay=$mine\n"
        "plain     unix  -  -  y  -  -  smtp -o x_smtp_fallback_relay=[e.test] -o a={b}\n"
        "mailman   unix  -  n  n  -  -  pipe flags=FR user=list argv=/x smtp_fallback_relay=[e.test]\n";

/* What nobody else takes goes there, so mail waits only when that is dead, too. */
static void a_fallback_relay_is_the_last_of_the_next_hops(void **state) {
        const char *main_cf = "smtp_fallback_relay = [A.test]:26, b.test\nrelayhost = up.test\n"
                              "relay_domains = in.test\nmydestination = here.test\n";
        const char *table = "one.test slow:[10.0.0.1]\ntwo.test odd:\nthree.test lmtp:[10.0.0.3]:24\n"
                            "four.test plain:\nfive.test :[10.0.0.5]\nsix.test lost:[10.0.0.6]\nin.test :\n";

        (void)state;
        expect_hop(main_cf, NULL, "example.test", "up.test,[a.test]:26,b.test");
        expect_hop("fallback_relay = [a.test]\n", NULL, "example.test", "example.test,[a.test]");
        expect_hop(main_cf, NULL, "here.test", "");
        expect_hop_by(main_cf, master, NULL, "example.test", "up.test,[a.test]:26,b.test");
        expect_hop_by(main_cf, master, NULL, "in.test", "up.test");
        expect_hop_by(main_cf, master, table, "in.test", "up.test");
        expect_hop_by(main_cf, master, table, "one.test", "[10.0.0.1],[c.test]:26,d.test");
        expect_hop_by(main_cf, master, table, "two.test", "");
        expect_hop_by(main_cf, master, table, "three.test", "[10.0.0.3]:24");
        expect_hop_by(main_cf, master, table, "four.test", "four.test,[a.test]:26,b.test");
        expect_hop_by(main_cf, master, table, "five.test", "[10.0.0.5],[a.test]:26,b.test");
        expect_hop_by(main_cf, master, table, "six.test", "[10.0.0.6],[a.test]:26,b.test");
        /* Who is tried cannot be known. */
        expect_hop_by("smtp_fallback_relay = ${x?[y.test]}\n", master, table, "example.test", "");
        expect_hop_by("smtp_fallback_relay = ${x?[y.test]}\n", master, table, "one.test",
                "[10.0.0.1],[c.test]:26,d.test");
        expect_hop_by("smtp_fallback_relay =\n", master, table, "example.test", "example.test");
        expect_hop_by(
                "lmtp_fallback_relay = [f.test]\n", master, table, "three.test", "[10.0.0.3]:24,[f.test]:24");
        /* Which domains are relayed cannot be known, and it makes a difference now. */
        main_cf = "smtp_fallback_relay = [a.test]\nrelay_domains = hash:/x\n";
        assert_null(nexthop_unknowable(main_cf, NULL));
        assert_string_equal(nexthop_unknowable(main_cf, master), "relay_domains");
}

/* As lmtp(8) says: port 24, and no mail exchanges. */
static void lmtp_has_a_port_of_its_own(void **state) {
        const char *table =
                "a.test lmtp:[10.0.0.3]\nb.test lmtp:Box.test\nc.test lmtp:inet:box.test:2003\nd.test lmtp:\n"
                "e.test lmtp:unix:private/box\nf.test lmtp:[10.0.0.3]:26, [2001:db8::3]\ng.test "
                "mine:box.test\n"
                "h.test lmtp:a.box.test:24,unix:private/box\n";
        const char *mine = "mine unix - - n - - lmtp\n", *port = "lmtp_tcp_port = 2024\n";
        char large[300] = "l.test lmtp:";

        (void)state;
        expect_hop(NULL, table, "a.test", "[10.0.0.3]:24");
        expect_hop(NULL, table, "b.test", "[box.test]:24");
        expect_hop(NULL, table, "c.test", "[box.test]:2003");
        expect_hop(NULL, table, "d.test", "[d.test]:24");
        expect_hop(NULL, table, "e.test", "unix:private/box");
        expect_hop(NULL, table, "f.test", "[10.0.0.3]:26,[2001:db8::3]:24");
        expect_hop(NULL, table, "h.test", "[a.box.test]:24,unix:private/box");
        expect_hop_by(port, mine, table, "g.test", "[box.test]:2024");
        expect_hop_by("", mine, table, "a.test", "[10.0.0.3]:24");
        memset(large + strlen(large), 'x', 253);
        expect_hop(NULL, large, "l.test", "");
}

static void a_word_for_a_program_is_no_next_hop(void **state) {
        const char *table = "lists.test mailman:\nmore.test mailman:lists\nx.lists.test smtp:\n";

        (void)state;
        expect_hop_by("", master, table, "lists.test", "");
        expect_hop_by("", master, table, "more.test", "");
        expect_hop_by("", master, table, "x.lists.test", "x.lists.test");
        expect_hop_by("default_transport = mailman\n", master, NULL, "example.test", "");
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

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(mail_goes_to_its_domain_or_to_the_relayhost),
                cmocka_unit_test(several_next_hops_are_told_with_a_comma_between),
                cmocka_unit_test(a_transport_with_a_next_hop_of_its_own_goes_before_relayhost),
                cmocka_unit_test(what_the_sender_decides_is_not_known),
                cmocka_unit_test(relays_that_are_not_understood_are_not_taken_for_none),
                cmocka_unit_test(a_fallback_relay_is_the_last_of_the_next_hops),
                cmocka_unit_test(lmtp_has_a_port_of_its_own),
                cmocka_unit_test(a_word_for_a_program_is_no_next_hop),
                cmocka_unit_test(local_mail_has_no_next_hop),
                cmocka_unit_test(the_transport_table_has_the_first_word),
                cmocka_unit_test(the_table_is_found_behind_its_type),
                cmocka_unit_test(a_table_that_is_not_made_from_a_text_is_not_read_as_one),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
