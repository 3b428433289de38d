/* SPDX-License-Identifier: MIT */
/* test_relay_links - which link is to blame, by routes as the kernel prints them and states that the test sets */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <limits.h>
#include <net/if.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "relay/relay_links.h"
#include "support/scratch.h"
#include "support/sensor_bench.h"

#define HEAD "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"
#define DEFAULT_ETH0 "eth0\t00000000\t010200C0\t0003\t0\t0\t100\t00000000\t0\t0\t0\n"
#define NET_ETH0 "eth0\t000200C0\t00000000\t0001\t0\t0\t100\t00FFFFFF\t0\t0\t0\n" /* 192.0.2.0/24 */
#define DEFAULT_ETH1 "eth1\t00000000\t010233C6\t0003\t0\t0\t200\t00000000\t0\t0\t0\n"
#define NET_ETH1 "eth1\t006433C6\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n"  /* 198.51.100.0/24 */
#define REJECT_NET "*\t007100CB\t00000000\t0201\t0\t0\t0\t00FFFFFF\t0\t0\t0\n"   /* 203.0.113.0/24 */
#define HOST_TUN0 "tun0\t096433C6\t00000000\t0005\t0\t0\t0\tFFFFFFFF\t0\t0\t0\n" /* 198.51.100.9 */
#define SIX_NET                                                                    \
        "20010db8000100000000000000000000 30 00000000000000000000000000000000 00 " \
        "00000000000000000000000000000000 00000100 00000001 00000000 00000001     eth0\n"
#define SIX_DEFAULT                                                                \
        "00000000000000000000000000000000 00 00000000000000000000000000000000 00 " \
        "20010db8000100000000000000000001 00000400 00000001 00000000 00000003     eth0\n"
#define SIX_NONE                                                                   \
        "00000000000000000000000000000000 00 00000000000000000000000000000000 00 " \
        "00000000000000000000000000000000 ffffffff 00000001 00000000 00200200       lo\n"
#define SIX_OWN                                                                    \
        "20010db8000100000000000000000005 80 00000000000000000000000000000000 00 " \
        "00000000000000000000000000000000 00000000 00000002 00000000 80200001     eth0\n"

struct fixture {
        struct scratch scratch;
        struct sensor_bench bench;
        struct relay_links links;
};

/* Of "eth0" and "eth1"; all others are as they should be. */
static enum relay_link_state eth0, eth1;

static enum relay_link_state state_of(const char *link, void *data) {
        (void)data;
        return strcmp(link, "eth0") == 0    ? eth0
                : strcmp(link, "eth1") == 0 ? eth1
                : strcmp(link, "lo") == 0   ? RELAY_LINK_LOOPBACK
                                            : RELAY_LINK_UP;
}

static void fixture_init(struct fixture *fixture, const char *routes) {
        eth0 = eth1 = RELAY_LINK_UP;
        scratch_init(&fixture->scratch);
        scratch_write(&fixture->scratch, "proc/self/net/route", routes);
        scratch_write(&fixture->scratch, "proc/self/net/ipv6_route", SIX_NET SIX_NONE SIX_OWN);
        sensor_bench_init(&fixture->bench, fixture->scratch.path);
        relay_links_init(&fixture->links, &fixture->bench.services, state_of);
}

static void fixture_deinit(struct fixture *fixture) {
        relay_links_deinit(&fixture->links);
        sensor_bench_deinit(&fixture->bench);
        scratch_deinit(&fixture->scratch);
}

/* As the kernel does: the same file says something else. */
static void set_file(struct fixture *fixture, const char *name, const char *routes) {
        char path[PATH_MAX];
        FILE *file;

        snprintf(path, sizeof(path), "%s/proc/self/net/%s", fixture->scratch.path, name);
        file = fopen(path, "we");
        assert_non_null(file);
        assert_true(fputs(routes, file) >= 0);
        fclose(file);
}

static void set_routes(struct fixture *fixture, const char *routes) {
        set_file(fixture, "route", routes);
}

static void set_routes_six(struct fixture *fixture, const char *routes) {
        set_file(fixture, "ipv6_route", routes);
}

static struct net_address address_of(const char *text) {
        struct net_address address;

        assert_true(net_address_parse(text, &address));
        return address;
}

/* One name server and one address of a next hop; "" is none. */
static void look(struct fixture *fixture, const char *server, const char *hop, bool is_unresolved) {
        struct relay_goal goals[2];
        size_t n = 0;

        if (server[0])
                goals[n++] = (struct relay_goal){.to = address_of(server), .is_server = true};
        if (hop[0])
                goals[n++] = (struct relay_goal){.to = address_of(hop)};
        fixture->links.read_usec = 0; /* as if time had gone by */
        relay_links_look(&fixture->links, goals, n, is_unresolved);
}

static const struct bench_reading *link_up(const struct fixture *fixture, const char *link) {
        return sensor_bench_find(&fixture->bench, "network_link_up", link);
}

static void assert_up(const struct fixture *fixture, const char *link) {
        const struct bench_reading *reading = link_up(fixture, link);

        assert_true(reading && !reading->missing && !reading->withdrawn && reading->value > 0);
}

static void assert_down(const struct fixture *fixture, const char *link, const char *sentence) {
        const struct bench_reading *reading = link_up(fixture, link);

        assert_true(reading && !reading->missing && !reading->withdrawn && reading->value <= 0);
        assert_string_equal(reading->sentence, sentence);
}

static void assert_not_told(const struct fixture *fixture, const char *link) {
        const struct bench_reading *reading = link_up(fixture, link);

        assert_true(!reading || reading->withdrawn);
}

static const char *way(const struct relay_routes *routes, const char *to) {
        const struct net_address address = address_of(to);
        const struct relay_route *route = relay_routes_find(routes, &address);

        return route ? route->link : "-";
}

static void the_longest_prefix_then_the_smallest_metric_decides(void **state) {
        static const char four[] = HEAD DEFAULT_ETH1 DEFAULT_ETH0 NET_ETH1 REJECT_NET HOST_TUN0;
        static const char six[] = SIX_NET SIX_NONE SIX_OWN;
        struct relay_routes routes = {.n = 0};

        (void)state;
        assert_int_equal(relay_routes_add_four(&routes, four, strlen(four)), 0);
        assert_int_equal(relay_routes_add_six(&routes, six, strlen(six)), 0);
        assert_int_equal(routes.n, 8);
        assert_string_equal(way(&routes, "192.0.2.7"), "eth0");
        assert_string_equal(way(&routes, "198.51.100.7"), "eth1");
        assert_string_equal(way(&routes, "198.51.100.9"), "tun0");
        assert_string_equal(way(&routes, "203.0.113.1"), "-");
        assert_string_equal(way(&routes, "2001:db8:1::7"), "eth0");
        assert_string_equal(way(&routes, "2001:db8:1::5"), "lo"); /* our own */
        assert_string_equal(way(&routes, "2001:db8:2::7"), "-");
        assert_string_equal(relay_routes_find_default(&routes, AF_INET)->link, "eth0");
        assert_null(relay_routes_find_default(&routes, AF_INET6));
        relay_routes_deinit(&routes);
}

static void odd_lines_are_passed_over(void **state) {
        static const char odd[] = HEAD "\n\n\teth0\n"
                                       "eth0\t00000000\n"
                                       "eth0\t00000000\t0\t0000\t0\t0\t0\t00000000\t0\t0\t0\n" /* not up */
                                       "eth0\t00000000\t0\t0003\t0\t0\t0\t00FF00FF\t0\t0\t0\n" /* no prefix */
                                       "zz\x01\xff\tzzzzzzzz\n" DEFAULT_ETH1 "eth0\t0000";
        struct relay_routes routes = {.n = 0};
        char longer[600];

        (void)state;
        assert_int_equal(relay_routes_add_four(&routes, odd, strlen(odd)), 0);
        assert_int_equal(routes.n, 1);
        memset(longer, 'e', sizeof(longer));
        assert_int_equal(relay_routes_add_four(&routes, longer, sizeof(longer)), 0);
        assert_int_equal(relay_routes_add_six(&routes, longer, sizeof(longer)), 0);
        assert_int_equal(relay_routes_add_six(&routes, odd, strlen(odd)), 0);
        assert_int_equal(routes.n, 1);
        relay_routes_deinit(&routes);
}

static void with_more_routes_than_are_kept_nothing_is_told(void **state) {
        struct relay_routes routes = {.n = 0};

        (void)state;
        for (int i = 0; i <= RELAY_ROUTES_MAX; i++)
                assert_int_equal(relay_routes_add_four(&routes, DEFAULT_ETH0, strlen(DEFAULT_ETH0)), 0);
        assert_true(routes.is_cut);
        assert_string_equal(way(&routes, "192.0.2.7"), "-");
        relay_routes_deinit(&routes);
}

static void the_flags_of_a_link_say_its_state(void **state) {
        (void)state;
        assert_int_equal(relay_blame_state(0, IFF_UP | IFF_RUNNING), RELAY_LINK_UP);
        assert_int_equal(relay_blame_state(0, IFF_UP | IFF_RUNNING | IFF_POINTOPOINT), RELAY_LINK_UP);
        assert_int_equal(relay_blame_state(0, IFF_UP), RELAY_LINK_NO_CARRIER);
        assert_int_equal(relay_blame_state(0, IFF_RUNNING), RELAY_LINK_OFF);
        assert_int_equal(relay_blame_state(0, IFF_UP | IFF_RUNNING | IFF_LOOPBACK), RELAY_LINK_LOOPBACK);
        assert_int_equal(relay_blame_state(ENODEV, 0), RELAY_LINK_GONE);
        assert_int_equal(relay_blame_state(EPERM, 0), RELAY_LINK_UNTOLD);
}

static void a_cable_that_is_pulled_out_is_told_though_the_routes_stay(void **state) {
        struct fixture fixture;

        (void)state;
        fixture_init(&fixture, HEAD DEFAULT_ETH0 NET_ETH0);
        look(&fixture, "192.0.2.53", "203.0.113.25", false);
        assert_up(&fixture, "eth0");
        eth0 = RELAY_LINK_NO_CARRIER;
        look(&fixture, "192.0.2.53", "203.0.113.25", false);
        assert_down(&fixture, "eth0",
                "the link eth0 is down (no carrier): no next hop and no name server can be reached");
        eth0 = RELAY_LINK_UP;
        look(&fixture, "192.0.2.53", "203.0.113.25", false);
        assert_up(&fixture, "eth0");
        fixture_deinit(&fixture);
}

static void a_link_that_is_switched_off_is_told_though_its_routes_are_gone(void **state) {
        const struct net_address old = address_of("203.0.113.25"), never = address_of("203.0.113.26");
        struct fixture fixture;

        (void)state;
        fixture_init(&fixture, HEAD DEFAULT_ETH0 NET_ETH0);
        look(&fixture, "192.0.2.53", "203.0.113.25", false);
        eth0 = RELAY_LINK_OFF;
        set_routes(&fixture, HEAD);
        look(&fixture, "192.0.2.53", "203.0.113.25", false);
        assert_down(&fixture, "eth0",
                "the link eth0 is down (switched off): no next hop and no name server can be reached");
        assert_string_equal(relay_links_down_to(&fixture.links, &old), "eth0");
        /* One that was looked up since. */
        assert_string_equal(relay_links_down_to(&fixture.links, &never), "eth0");
        fixture_deinit(&fixture);
}

static void a_link_that_vanished_is_told(void **state) {
        struct fixture fixture;

        (void)state;
        fixture_init(&fixture, HEAD NET_ETH0);
        look(&fixture, "192.0.2.53", "", false);
        eth0 = RELAY_LINK_GONE;
        set_routes(&fixture, HEAD);
        look(&fixture, "192.0.2.53", "", false);
        assert_down(&fixture, "eth0",
                "the link eth0 is down (there is no such link any more): no next hop and no name server can "
                "be reached");
        fixture_deinit(&fixture);
}

static void a_link_that_nothing_is_reached_by_is_nobodys_business(void **state) {
        struct fixture fixture;

        (void)state;
        fixture_init(&fixture, HEAD DEFAULT_ETH0 NET_ETH1);
        eth1 = RELAY_LINK_NO_CARRIER;
        look(&fixture, "192.0.2.53", "203.0.113.25", false);
        assert_up(&fixture, "eth0");
        assert_not_told(&fixture, "eth1");
        fixture_deinit(&fixture);
}

static void what_found_another_way_is_no_loss(void **state) {
        struct fixture fixture;

        (void)state;
        fixture_init(&fixture, HEAD DEFAULT_ETH0 DEFAULT_ETH1);
        look(&fixture, "192.0.2.53", "203.0.113.25", false);
        assert_up(&fixture, "eth0");
        eth0 = RELAY_LINK_OFF;
        set_routes(&fixture, HEAD DEFAULT_ETH1);
        look(&fixture, "192.0.2.53", "203.0.113.25", false);
        assert_not_told(&fixture, "eth0");
        assert_up(&fixture, "eth1");
        fixture_deinit(&fixture);
}

static void what_is_lost_in_part_is_counted(void **state) {
        struct fixture fixture;

        (void)state;
        fixture_init(&fixture, HEAD DEFAULT_ETH0 NET_ETH1);
        eth1 = RELAY_LINK_NO_CARRIER;
        look(&fixture, "192.0.2.53", "198.51.100.25", false);
        assert_up(&fixture, "eth0");
        assert_down(&fixture, "eth1",
                "the link eth1 is down (no carrier): 0 of 1 name servers and 1 of 1 addresses of next hops "
                "cannot be reached");
        fixture_deinit(&fixture);
}

static void on_a_host_that_talks_to_itself_nothing_is_told(void **state) {
        struct fixture fixture;

        (void)state;
        fixture_init(&fixture, HEAD);
        look(&fixture, "127.0.0.53", "127.0.0.25", true);
        look(&fixture, "::1", "2001:db8:1::5", false);
        assert_int_equal(fixture.bench.n, 0);
        fixture_deinit(&fixture);
}

static void without_any_address_the_default_route_counts(void **state) {
        struct fixture fixture;

        (void)state;
        fixture_init(&fixture, HEAD DEFAULT_ETH0);
        look(&fixture, "127.0.0.53", "", false);
        assert_up(&fixture, "eth0");
        eth0 = RELAY_LINK_OFF;
        set_routes(&fixture, HEAD);
        look(&fixture, "127.0.0.53", "", true);
        assert_true(link_up(&fixture, "eth0")->value <= 0);
        fixture_deinit(&fixture);
}

static void on_a_host_without_ipv4_that_is_the_one_of_ipv6(void **state) {
        struct fixture fixture;

        (void)state;
        fixture_init(&fixture, HEAD);
        set_routes_six(&fixture, SIX_NET SIX_DEFAULT SIX_NONE SIX_OWN);
        look(&fixture, "::1", "", true);
        assert_up(&fixture, "eth0");
        eth0 = RELAY_LINK_NO_CARRIER;
        look(&fixture, "::1", "", true);
        assert_down(&fixture, "eth0",
                "the link eth0 is down (no carrier): no next hop and no name server can be reached");
        eth0 = RELAY_LINK_OFF;
        set_routes_six(&fixture, SIX_NONE);
        look(&fixture, "::1", "", true);
        assert_down(&fixture, "eth0",
                "the link eth0 is down (switched off): no next hop and no name server can be reached");
        fixture_deinit(&fixture);
}

static void routes_that_cannot_be_read_are_no_evidence(void **state) {
        const struct net_address hop = address_of("203.0.113.25");
        struct fixture fixture;
        char *flood = calloc(1, 200000);

        (void)state;
        assert_non_null(flood);
        memset(flood, 'x', 199999);
        fixture_init(&fixture, HEAD DEFAULT_ETH0);
        look(&fixture, "192.0.2.53", "203.0.113.25", false);
        eth0 = RELAY_LINK_OFF;
        set_routes(&fixture, flood);
        look(&fixture, "192.0.2.53", "203.0.113.25", false);
        assert_true(link_up(&fixture, "eth0")->missing);
        assert_null(relay_links_down_to(&fixture.links, &hop));
        fixture_deinit(&fixture);
        free(flood);
}

/* Whatever this machine has: its own files and its own kernel, without a fake. */
static void the_kernel_is_asked(void **state) {
        struct sensor_bench bench;
        struct relay_links links;

        (void)state;
        sensor_bench_init(&bench, "");
        relay_links_init(&links, &bench.services, NULL);
        assert_int_equal(links.state("lo", &links), RELAY_LINK_LOOPBACK);
        assert_int_equal(links.state("no-such-link", &links), RELAY_LINK_GONE);
        relay_links_look(&links, NULL, 0, false);
        assert_true(links.read_usec != 0);
        relay_links_deinit(&links);
        sensor_bench_deinit(&bench);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_longest_prefix_then_the_smallest_metric_decides),
                cmocka_unit_test(odd_lines_are_passed_over),
                cmocka_unit_test(with_more_routes_than_are_kept_nothing_is_told),
                cmocka_unit_test(the_flags_of_a_link_say_its_state),
                cmocka_unit_test(a_cable_that_is_pulled_out_is_told_though_the_routes_stay),
                cmocka_unit_test(a_link_that_is_switched_off_is_told_though_its_routes_are_gone),
                cmocka_unit_test(a_link_that_vanished_is_told),
                cmocka_unit_test(a_link_that_nothing_is_reached_by_is_nobodys_business),
                cmocka_unit_test(what_found_another_way_is_no_loss),
                cmocka_unit_test(what_is_lost_in_part_is_counted),
                cmocka_unit_test(on_a_host_that_talks_to_itself_nothing_is_told),
                cmocka_unit_test(without_any_address_the_default_route_counts),
                cmocka_unit_test(on_a_host_without_ipv4_that_is_the_one_of_ipv6),
                cmocka_unit_test(routes_that_cannot_be_read_are_no_evidence),
                cmocka_unit_test(the_kernel_is_asked),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
