/* SPDX-License-Identifier: MIT */
/* test_dns_lookup - next hops are understood and resolved as Postfix does, and silence is not taken for a no */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/nameser.h>

#include "base/cleanup.h"
#include "common/host_lookup.h"
#include "support/name_server.h"
#include "support/net_sandbox.h"
#include "support/scratch.h"

#define MS UINT64_C(1000)

static const struct name_record records[] = {
        {"example.test", ns_t_mx, "mx2.example.test", 20},
        {"example.test", ns_t_mx, "mx1.example.test", 10},
        {"mx1.example.test", ns_t_a, "192.0.2.25", 0},
        {"mx1.example.test", ns_t_aaaa, "2001:db8::25", 0},
        {"mx2.example.test", ns_t_a, "192.0.2.26", 0},
        {"mx2.example.test", ns_t_a, "192.0.2.25", 0},
        {"plain.test", ns_t_a, "192.0.2.7", 0},
        {"null.test", ns_t_mx, ".", 0},
        {"null.test", ns_t_a, "192.0.2.8", 0},
        {"nowhere.test", ns_t_mx, "gone.example.test", 10},
        {"odd.test", ns_t_mx, "bad\\ name.test", 10},
        {"odd.test", ns_t_mx, "mx2.example.test", 20},
        {"itself.test", ns_t_a, "127.0.0.1", 0},
        {"backup.test", ns_t_mx, "mx1.example.test", 10},
        {"backup.test", ns_t_mx, "itself.test", 20},
        {"backup.test", ns_t_mx, "mx2.example.test", 30},
        {"equal.test", ns_t_mx, "mx1.example.test", 10},
        {"equal.test", ns_t_mx, "mx2.example.test", 20},
        {"equal.test", ns_t_mx, "itself.test", 20},
        {"best.test", ns_t_mx, "itself.test", 10},
        {"best.test", ns_t_mx, "mx1.example.test", 20},
        {0},
};

struct fixture {
        struct scratch scratch;
        struct sensor_bench bench;
        struct name_server server;
        struct resolver resolver;
        unsigned times;
        struct host_lookup_result result;
};

static void fixture_init(struct fixture *fixture) {
        *fixture = (struct fixture){0};
        scratch_init(&fixture->scratch);
        scratch_write(&fixture->scratch, "etc/resolv.conf",
                "nameserver 127.0.0.53\noptions timeout:1 attempts:1\n");
        sensor_bench_init(&fixture->bench, fixture->scratch.path);
        name_server_init(&fixture->server, &fixture->bench, "127.0.0.53", records);
        resolver_init(&fixture->resolver, &fixture->bench.services);
        assert_true(resolver_refresh(&fixture->resolver));
}

static void fixture_deinit(struct fixture *fixture) {
        name_server_deinit(&fixture->server);
        sensor_bench_deinit(&fixture->bench);
        scratch_deinit(&fixture->scratch);
}

static void on_result(const struct host_lookup_result *result, void *data) {
        struct fixture *fixture = data;

        fixture->times++;
        fixture->result = *result;
}

/* The addresses with ' ' between, or why there are none. */
static const char *look_up_with(struct fixture *fixture, const char *nexthop, bool six) {
        static char text[512];
        struct host_lookup *lookup;
        struct next_hop hop;

        assert_true(next_hop_parse(nexthop, &hop));
        fixture->times = 0;
        assert_int_equal(host_lookup_new(&fixture->resolver, &hop, six, on_result, fixture, &lookup), 0);
        for (int i = 0; fixture->times == 0 && i < 500; i++)
                sensor_bench_run(&fixture->bench, 5 * MS);
        assert_int_equal(fixture->times, 1);
        host_lookup_free(lookup);
        text[0] = '\0';
        for (size_t i = 0; i < fixture->result.n_addresses; i++) {
                char address[NET_ADDRESS_TEXT];

                net_address_print(&fixture->result.addresses[i].address, address);
                snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s", i ? " " : "", address);
        }
        return fixture->result.outcome == HOST_LOOKUP_FOUND ? text : fixture->result.why;
}

static const char *look_up(struct fixture *fixture, const char *nexthop) {
        return look_up_with(fixture, nexthop, true);
}

static void the_documented_forms_of_a_next_hop_are_understood(void **state) {
        static const struct {
                const char *text, *host;
                bool mx, literal;
                uint16_t port;
        } cases[] = {
                {"example.test", "example.test", true, false, 25},
                {"example.test.", "example.test", true, false, 25},
                {"example.test:587", "example.test", true, false, 587},
                {"example.test:submission", "example.test", true, false, 587},
                {"[mail.example.test]", "mail.example.test", false, false, 25},
                {"[mail.example.test]:2525", "mail.example.test", false, false, 2525},
                {"[192.0.2.1]:465", "", false, true, 465},
                {"[ipv6:2001:db8::1]", "", false, true, 25},
                {"[IPv6:2001:db8::1]:smtp", "", false, true, 25},
                {"[2001:db8::1]", "", false, true, 25},
        };
        struct next_hop hop;

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                assert_true(next_hop_parse(cases[i].text, &hop));
                assert_string_equal(hop.host, cases[i].host);
                assert_int_equal(hop.literal, cases[i].literal);
                assert_int_equal(hop.mx, cases[i].mx);
                assert_int_equal(hop.port, cases[i].port);
        }
        assert_true(next_hop_parse("[192.0.2.1]:smtps", &hop));
        assert_true(next_hop_is_wrapped(&hop));
}

static void several_next_hops_are_understood_when_each_of_them_is(void **state) {
        static const struct {
                const char *text;
                size_t n;
        } cases[] = {
                {"example.test", 1},
                {"[a.test]:587,b.test", 2},
                {"[192.0.2.1],[192.0.2.1]:26,[2001:db8::1],a", 4},
                {"a,b,c,d,e", 0},
                {"", 0},
                {",", 0},
                {"a,", 0},
                {",a", 0},
                {"a,,b", 0},
                {"a, b", 0},
                {"a,unix:/run/lmtp", 0},
        };
        struct next_hop hops[NEXT_HOPS_MAX];

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++)
                assert_int_equal(next_hop_parse_list(cases[i].text, hops), cases[i].n);
        assert_int_equal(next_hop_parse_list("[a.test]:587,b.test", hops), 2);
        assert_string_equal(hops[0].host, "a.test");
        assert_int_equal(hops[0].port, 587);
        assert_false(hops[0].mx);
        assert_string_equal(hops[1].host, "b.test");
        assert_int_equal(hops[1].port, 25);
        assert_true(hops[1].mx);
}

static void what_is_not_a_next_hop_never_reaches_the_network(void **state) {
        static const char *const texts[] = {"", "[", "[]", "]", ":25", "[a", "[a]b", "[a]:", "a:", "a:0",
                "a:65536", "a:-1", "a:25x", "a:what", "a b", "a\\x00b", "a..b", "unix:/run/dovecot/lmtp",
                "/run/lmtp", "a,b", "[fe80::1%eth0]", "m\xc3\xbcnchen.test", "$(id)", "a\nb", "."};
        struct next_hop hop;

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(texts); i++)
                assert_false(next_hop_parse(texts[i], &hop));
}

static void exchanges_come_by_preference_and_each_address_once(void **state) {
        struct fixture fixture;

        (void)state;
        fixture_init(&fixture);
        assert_string_equal(look_up(&fixture, "example.test"), "192.0.2.25 2001:db8::25 192.0.2.26");
        assert_false(fixture.result.incomplete);
        assert_string_equal(fixture.result.addresses[0].name, "mx1.example.test");
        assert_string_equal(look_up_with(&fixture, "example.test", false), "192.0.2.25 192.0.2.26");
        fixture_deinit(&fixture);
}

#define MANY ((size_t)100)

/* So many mail exchanges, with the worst in front, or turned round by `turn`; and one name with so many addresses. */
static void fill_many(struct name_record ret_records[static 3 * MANY + 1], size_t turn, size_t equal) {
        static char names[MANY][32], addresses[MANY][32], others[MANY][32];

        for (size_t i = 0; i < MANY; i++) {
                size_t k = (i + turn) % MANY;

                snprintf(names[i], sizeof(names[i]), "mx%02zu.test", i);
                snprintf(addresses[i], sizeof(addresses[i]), "192.0.2.%zu", i + 1);
                snprintf(others[i], sizeof(others[i]), "198.51.100.%zu", i + 1);
                ret_records[k] = (struct name_record){
                        "many.test", ns_t_mx, names[i], i < equal ? 5 : (unsigned)(1000 - i)};
                ret_records[MANY + i] = (struct name_record){names[i], ns_t_a, addresses[i], 0};
                ret_records[2 * MANY + k] = (struct name_record){"wide.test", ns_t_a, others[i], 0};
        }
        ret_records[3 * MANY] = (struct name_record){0};
}

static void of_many_exchanges_the_best_are_looked_up_in_whatever_order_they_come(void **state) {
        static struct name_record many[3 * MANY + 1];

        (void)state;
        for (size_t turn = 0; turn < MANY; turn += 33) {
                struct fixture fixture;

                fixture_init(&fixture);
                fixture.server.records = many;
                fill_many(many, turn, 0);
                assert_string_equal(look_up_with(&fixture, "many.test", false),
                        "192.0.2.100 192.0.2.99 192.0.2.98 192.0.2.97 192.0.2.96 192.0.2.95 192.0.2.94 "
                        "192.0.2.93");
                assert_int_equal(fixture.result.addresses[0].preference, 901);
                assert_int_equal(fixture.result.cut_preference, 909);
                fill_many(many, turn, 20);
                assert_string_equal(look_up_with(&fixture, "many.test", false),
                        "192.0.2.1 192.0.2.2 192.0.2.3 192.0.2.4 192.0.2.5 192.0.2.6 192.0.2.7 192.0.2.8");
                assert_int_equal(fixture.result.cut_preference, 5);
                fixture_deinit(&fixture);
        }
}

static void of_many_addresses_the_same_are_taken_in_whatever_order_they_come(void **state) {
        static struct name_record many[3 * MANY + 1];

        (void)state;
        for (size_t turn = 0; turn < MANY; turn += 33) {
                struct fixture fixture;

                fixture_init(&fixture);
                fixture.server.records = many;
                fill_many(many, turn, 0);
                (void)look_up_with(&fixture, "wide.test", false);
                assert_int_equal(fixture.result.n_addresses, DNS_ADDRESSES_MAX);
                for (size_t i = 0; i < DNS_ADDRESSES_MAX; i++)
                        assert_int_equal(fixture.result.addresses[i].address.bytes[3], i + 1);
                assert_int_equal(fixture.result.cut_preference, 0);
                (void)look_up_with(&fixture, "mx00.test", false);
                assert_int_equal(fixture.result.cut_preference, HOST_LOOKUP_NONE_CUT);
                fixture_deinit(&fixture);
        }
}

static void a_domain_without_exchanges_is_its_own_and_brackets_ask_for_none(void **state) {
        struct fixture fixture;

        (void)state;
        fixture_init(&fixture);
        assert_string_equal(look_up(&fixture, "plain.test"), "192.0.2.7");
        assert_string_equal(look_up(&fixture, "[mx2.example.test]"), "192.0.2.25 192.0.2.26");
        assert_int_equal(look_up(&fixture, "[example.test]") != NULL, true);
        assert_int_equal(fixture.result.outcome, HOST_LOOKUP_NONE);
        fixture.server.asked = 0;
        assert_string_equal(look_up(&fixture, "[192.0.2.1]:2525"), "192.0.2.1");
        assert_int_equal(fixture.server.asked, 0);
        fixture_deinit(&fixture);
}

static void a_backup_exchange_passes_mail_on_to_better_ones_only(void **state) {
        static const struct sg_label here[] = {{"instance", "-"}, {"address", "192.0.2.26"}};
        struct fixture fixture;

        (void)state;
        fixture_init(&fixture);
        assert_string_equal(look_up(&fixture, "backup.test"), "192.0.2.25 2001:db8::25");
        assert_false(fixture.result.incomplete);
        assert_string_equal(look_up(&fixture, "equal.test"), "192.0.2.25 2001:db8::25");
        /* Nobody is better: that may be another Postfix. */
        assert_string_equal(look_up(&fixture, "best.test"), "127.0.0.1 192.0.2.25 2001:db8::25");
        assert_string_equal(look_up(&fixture, "[itself.test]"), "127.0.0.1");
        assert_string_equal(
                look_up_with(&fixture, "backup.test:2525", false), "192.0.2.25 127.0.0.1 192.0.2.26");
        /* What itself can be reached at is no way out when the others are not known. */
        fixture.server.silent_for = "mx1.example.test";
        assert_string_equal(
                look_up_with(&fixture, "backup.test", false), "no name server could tell its address");
        assert_int_equal(fixture.result.outcome, HOST_LOOKUP_NO_WORD);
        fixture.server.silent_for = NULL;
        /* The address that others know it by, as main.cf has it. */
        sensor_bench_feed(&fixture.bench, "postfix_proxy_address", here, 2, 1);
        assert_string_equal(look_up_with(&fixture, "example.test", false), "192.0.2.25");
        fixture_deinit(&fixture);
}

static void addresses_no_postfix_sends_to_are_not_asked_for(void **state) {
        static const struct sg_label one[] = {{"instance", "-"}}, other[] = {{"instance", "postfix-out"}};
        struct fixture fixture;

        (void)state;
        fixture_init(&fixture);
        sensor_bench_feed(&fixture.bench, "postfix_sends_ipv6", one, 1, 0);
        assert_string_equal(look_up(&fixture, "example.test"), "192.0.2.25 192.0.2.26");
        sensor_bench_feed(&fixture.bench, "postfix_sends_ipv6", other, 1, 1);
        assert_string_equal(look_up(&fixture, "example.test"), "192.0.2.25 2001:db8::25 192.0.2.26");
        fixture_deinit(&fixture);
}

static void a_name_denied_for_want_of_exchanges_may_have_addresses(void **state) {
        struct fixture fixture;

        (void)state;
        fixture_init(&fixture);
        fixture.server.denies_type = ns_t_mx;
        assert_string_equal(look_up(&fixture, "plain.test"), "192.0.2.7");
        assert_string_equal(look_up(&fixture, "gone.test"), "the name servers say that it does not exist");
        assert_int_equal(fixture.result.outcome, HOST_LOOKUP_NONE);
        fixture_deinit(&fixture);
}

static void no_address_is_told_apart_from_no_word(void **state) {
        static const struct {
                const char *nexthop;
                enum name_server_manner manner;
                enum host_lookup_outcome outcome;
                const char *why;
        } cases[] = {
                {"gone.test", NAME_SERVER_ANSWERS, HOST_LOOKUP_NONE,
                        "the name servers say that it does not exist"},
                {"[gone.test]", NAME_SERVER_ANSWERS, HOST_LOOKUP_NONE,
                        "the name servers say that it has no address"},
                {"nowhere.test", NAME_SERVER_ANSWERS, HOST_LOOKUP_NONE,
                        "the name servers say that it has no address"},
                {"null.test", NAME_SERVER_ANSWERS, HOST_LOOKUP_NONE,
                        "it says that it takes no mail (null MX)"},
                {"example.test", NAME_SERVER_FAILS, HOST_LOOKUP_NO_WORD,
                        "the name servers cannot answer for it"},
                {"[plain.test]", NAME_SERVER_REFUSES, HOST_LOOKUP_NO_WORD,
                        "no name server could tell its address"},
                {"example.test", NAME_SERVER_IS_SILENT, HOST_LOOKUP_NO_WORD, "no name server answers"},
        };
        struct fixture fixture;

        (void)state;
        fixture_init(&fixture);
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                fixture.server.manner = cases[i].manner;
                assert_string_equal(look_up(&fixture, cases[i].nexthop), cases[i].why);
                assert_int_equal(fixture.result.outcome, cases[i].outcome);
        }
        fixture_deinit(&fixture);
}

static void an_exchange_nobody_could_tell_about_makes_the_rest_incomplete(void **state) {
        struct fixture fixture;

        (void)state;
        fixture_init(&fixture);
        /* The third question is that for the A record of the second exchange: MX, A, then this. */
        assert_string_equal(look_up_with(&fixture, "example.test", false), "192.0.2.25 192.0.2.26");
        assert_int_equal(fixture.server.asked, 3);
        fixture.server.silent_for = "mx2.example.test";
        assert_string_equal(look_up_with(&fixture, "example.test", false), "192.0.2.25");
        assert_true(fixture.result.incomplete);
        fixture_deinit(&fixture);
}

static void an_exchange_that_is_no_host_name_is_left_out(void **state) {
        struct fixture fixture;

        (void)state;
        fixture_init(&fixture);
        assert_string_equal(look_up(&fixture, "odd.test"), "192.0.2.25 192.0.2.26");
        fixture_deinit(&fixture);
}

static void the_server_that_answered_is_asked_first_the_next_time(void **state) {
        struct fixture fixture;

        (void)state;
        fixture_init(&fixture);
        scratch_write(&fixture.scratch, "etc/resolv.conf",
                "nameserver 127.0.0.54\nnameserver 127.0.0.53\noptions timeout:1 attempts:1\n");
        assert_true(resolver_refresh(&fixture.resolver));
        assert_int_equal(fixture.resolver.preferred, 0);
        assert_string_equal(look_up(&fixture, "plain.test"), "192.0.2.7");
        assert_int_equal(fixture.resolver.preferred, 1);
        fixture_deinit(&fixture);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_documented_forms_of_a_next_hop_are_understood),
                cmocka_unit_test(several_next_hops_are_understood_when_each_of_them_is),
                cmocka_unit_test(what_is_not_a_next_hop_never_reaches_the_network),
                cmocka_unit_test(exchanges_come_by_preference_and_each_address_once),
                cmocka_unit_test(of_many_exchanges_the_best_are_looked_up_in_whatever_order_they_come),
                cmocka_unit_test(of_many_addresses_the_same_are_taken_in_whatever_order_they_come),
                cmocka_unit_test(a_domain_without_exchanges_is_its_own_and_brackets_ask_for_none),
                cmocka_unit_test(a_backup_exchange_passes_mail_on_to_better_ones_only),
                cmocka_unit_test(addresses_no_postfix_sends_to_are_not_asked_for),
                cmocka_unit_test(a_name_denied_for_want_of_exchanges_may_have_addresses),
                cmocka_unit_test(no_address_is_told_apart_from_no_word),
                cmocka_unit_test(an_exchange_nobody_could_tell_about_makes_the_rest_incomplete),
                cmocka_unit_test(an_exchange_that_is_no_host_name_is_left_out),
                cmocka_unit_test(the_server_that_answered_is_asked_first_the_next_time),
        };

        return cmocka_run_group_tests(tests, net_sandbox_setup, NULL);
}
