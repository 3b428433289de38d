/* SPDX-License-Identifier: MIT */
/* test_dns_words - the sentences about name servers: the culprit, the count, who answers instead, what it costs */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include <arpa/nameser.h>

#include "base/cleanup.h"
#include "dns/address_set.h"
#include "dns/dead_addresses.h"
#include "dns/dns_words.h"

#define NOON 1798286400 /* Sat Dec 26 12:00:00 2026 */
#define DEAD(address) \
        { .label = (address), .state = DNS_HEALTH_DOWN, .row = {.n = 20}, .since = NOON - 60, .now = NOON }
#define WELL(address) \
        { .label = (address), .state = DNS_HEALTH_UP, .seconds = 0.002 }

static const struct dns_waits five = {{true, true, 5.001}, {true, true, 0.001}};
static const struct dns_waits none = {{true, true, 0.002}, {true, true, 0.001}};
static const struct dns_waits unknown;
static const struct dns_waits vain = {{true, false, 20}, {true, true, 0.001}};

static void a_dead_server_is_named_with_what_is_known(void **state) {
        static const struct {
                struct dns_view views[3];
                size_t n, which;
                const struct dns_waits *waits;
                const char *expected;
        } cases[] = {
                {{DEAD("10.255.255.53"), WELL("127.0.0.1")}, 2, 0, &five,
                        "name server 10.255.255.53 does not answer (0 of 20 since 11:59:00), 127.0.0.1 does; "
                        "smtp waits 5 s per lookup"},
                {{WELL("192.0.2.1"), WELL("192.0.2.2"), DEAD("192.0.2.3")}, 3, 2, &none,
                        "name server 192.0.2.3 does not answer (0 of 20 since 11:59:00), 192.0.2.1 and "
                        "192.0.2.2 do; smtp does not wait for it"},
                {{DEAD("192.0.2.1"), DEAD("192.0.2.2")}, 2, 0, &vain,
                        "name server 192.0.2.1 does not answer (0 of 20 since 11:59:00), nor does 192.0.2.2; "
                        "all mail that needs a lookup waits"},
                {{DEAD("192.0.2.1"), DEAD("192.0.2.2"), DEAD("::1")}, 3, 1, &vain,
                        "name server 192.0.2.2 does not answer (0 of 20 since 11:59:00), nor do 192.0.2.1 "
                        "and "
                        "::1; all mail that needs a lookup waits"},
                {{DEAD("192.0.2.1")}, 1, 0, &vain,
                        "name server 192.0.2.1 does not answer (0 of 20 since 11:59:00), and there is no "
                        "other; all mail that needs a lookup waits"},
                {{DEAD("192.0.2.1"), {.label = "192.0.2.2"}}, 2, 0, &unknown,
                        "name server 192.0.2.1 does not answer (0 of 20 since 11:59:00)"},
                {{{.label = "::1",
                          .state = DNS_HEALTH_DOWN,
                          .row = {.n = 7, .n_closed = 7},
                          .since = NOON - 3 * 86400,
                          .now = NOON},
                         WELL("127.0.0.1")},
                        2, 0, &none,
                        "name server ::1 does not answer (0 of 7 since Wed Dec 23 12:00, its port is "
                        "closed), "
                        "127.0.0.1 does; smtp does not wait for it"},
                {{WELL("127.0.0.53"),
                         {.label = "192.0.2.1",
                                 .is_behind = true,
                                 .state = DNS_HEALTH_DOWN,
                                 .row = {.n = 5},
                                 .answers_streams = true,
                                 .since = NOON,
                                 .now = NOON}},
                        2, 1, &none,
                        "name server 192.0.2.1 does not answer (0 of 5 since 12:00:00, over TCP it does), "
                        "and "
                        "there is no other; systemd-resolved asks it for smtp"},
        };
        char text[DNS_WORDS];

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                dns_words_down(cases[i].views, cases[i].n, cases[i].which, cases[i].waits, text);
                assert_string_equal(text, cases[i].expected);
        }
}

static void a_slow_one_is_compared_with_its_neighbours(void **state) {
        const struct dns_view views[] = {
                {.label = "192.0.2.56", .state = DNS_HEALTH_UP, .seconds = 2.04}, WELL("192.0.2.54")};
        const struct dns_waits waits = {{true, true, 2.04}, {true, true, 0.001}};
        char text[DNS_WORDS];

        (void)state;
        dns_words_slow(views, 2, 0, &waits, text);
        assert_string_equal(text,
                "name server 192.0.2.56 takes 2 s to answer, 192.0.2.54 2 ms; smtp waits 2 s per lookup");
}

static void one_with_nothing_but_errors_is_told_so(void **state) {
        const struct dns_view views[] = {
                {.label = "192.0.2.1", .state = DNS_HEALTH_USELESS, .code = ns_r_servfail, .names = 3},
                WELL("192.0.2.2")};
        char text[DNS_WORDS];

        (void)state;
        dns_words_useless(views, 2, 0, &none, text);
        assert_string_equal(text,
                "name server 192.0.2.1 answers with nothing but errors (SERVFAIL, also for 3 names that mail "
                "needs), asked instead: 192.0.2.2; smtp does not wait for it");
        dns_words_useless(views, 1, 0, &vain, text);
        assert_string_equal(text,
                "name server 192.0.2.1 answers with nothing but errors (SERVFAIL, also for 3 names that mail "
                "needs), and no other one is known to do better; all mail that needs a lookup waits");
}

static void the_longest_sentence_is_cut_within_its_bounds(void **state) {
        static const char label[] = "fe80:1111:2222:3333:4444:5555:6666:7777%an-interface-14";
        const struct dns_view views[] = {DEAD(label), WELL(label), WELL(label), WELL(label)};
        char text[DNS_WORDS + 1];

        (void)state;
        memset(text, 'x', sizeof(text));
        dns_words_down(views, 4, 0, &five, text);
        assert_true(strlen(text) < DNS_WORDS);
        dns_words_slow(views, 4, 0, &five, text);
        assert_true(strlen(text) < DNS_WORDS);
        assert_int_equal(text[DNS_WORDS], 'x');
}

static struct net_address address(const char *text) {
        struct net_address parsed;

        assert_true(net_address_parse(text, &parsed));
        return parsed;
}

static void an_answer_of_dead_addresses_only_is_known_for_what_it_is(void **state) {
        struct net_address old = address("192.0.2.66"), other = address("192.0.2.67"),
                           new = address("192.0.2.25");
        struct address_set set = {.members = {{.address = old, .name = "mx.example.test"}}, .n = 1};
        struct dead_addresses dead = {0};
        char text[ADDRESS_CHANGE_TEXT];
        int64_t since;

        (void)state;
        assert_false(dead_addresses_has_all(&dead, &set, &since));
        dead_addresses_note(&dead, &new, true, NOON);
        dead_addresses_note(&dead, &old, false, NOON);
        dead_addresses_note(&dead, &old, false, NOON + 60);
        assert_true(dead_addresses_has_all(&dead, &set, &since));
        assert_int_equal(since, NOON);
        address_set_tell_dead("example.test", &set, since, NOON + 90, text);
        assert_string_equal(text,
                "the name servers give 192.0.2.66 (mx.example.test) for example.test, where nothing has "
                "answered since 12:00:00");

        set.members[set.n++].address = other;
        assert_false(dead_addresses_has_all(&dead, &set, &since));
        dead_addresses_note(&dead, &other, false, NOON + 30);
        assert_true(dead_addresses_has_all(&dead, &set, &since));
        assert_int_equal(since, NOON + 30);
        dead_addresses_note(&dead, &old, true, NOON + 120);
        assert_false(dead_addresses_has_all(&dead, &set, &since));
        set.n = 0;
        assert_false(dead_addresses_has_all(&dead, &set, &since));
}

static void of_many_dead_addresses_the_oldest_is_forgotten(void **state) {
        struct address_set set = {.members = {{.address = address("192.0.2.200")}}, .n = 1};
        struct net_address one = address("192.0.2.200");
        struct dead_addresses dead = {0};
        int64_t since;

        (void)state;
        dead_addresses_note(&dead, &one, false, NOON);
        for (uint8_t i = 1; i < DEAD_ADDRESSES_MAX; i++) {
                one.bytes[3] = i;
                dead_addresses_note(&dead, &one, false, NOON + i);
        }
        assert_true(dead_addresses_has_all(&dead, &set, &since));
        one.bytes[3] = 100;
        dead_addresses_note(&dead, &one, false, NOON + 100);
        assert_int_equal(dead.n, DEAD_ADDRESSES_MAX);
        assert_false(dead_addresses_has_all(&dead, &set, &since));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_dead_server_is_named_with_what_is_known),
                cmocka_unit_test(a_slow_one_is_compared_with_its_neighbours),
                cmocka_unit_test(one_with_nothing_but_errors_is_told_so),
                cmocka_unit_test(the_longest_sentence_is_cut_within_its_bounds),
                cmocka_unit_test(an_answer_of_dead_addresses_only_is_known_for_what_it_is),
                cmocka_unit_test(of_many_dead_addresses_the_oldest_is_forgotten),
        };

        setenv("TZ", "UTC", 1);
        tzset();
        return cmocka_run_group_tests(tests, NULL, NULL);
}
