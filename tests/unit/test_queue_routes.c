/* SPDX-License-Identifier: MIT */
/* test_queue_routes - domains and next hops of the mail in a spool, and main.cf when it changes */
#include "base/cleanup.h"
#include "queue_support.h"

static void a_message_to_several_domains_counts_once_for_each(void **state) {
        struct relay *relay = *state;

        spool_add(&relay->spool,
                &(struct spool_message){.recipients = {{.address = "a@one.test"}, {.address = "b@one.test"},
                                                {.address = "c@two.test"}, {.address = "d@here.test"},
                                                {.address = "e@three.test", .done = true}}},
                NULL);
        relay_start(relay);
        relay_expect(relay, "queue_nexthop_messages", "-,one.test", 1);
        relay_expect(relay, "queue_nexthop_messages", "-,two.test", 1);
        relay_expect(relay, "queue_nexthop_messages", "-,here.test", -2);
        relay_expect(relay, "queue_nexthop_messages", "-,three.test", -2);
        relay_expect(relay, "queue_domain_messages", "-,deferred,here.test", 1);
}

static void more_domains_than_are_shown_are_summed_up(void **state) {
        struct relay *relay = *state;
        char address[64];

        for (int i = 0; i < 25; i++)
                for (int j = 0; j <= i; j++) {
                        snprintf(address, sizeof(address), "bob@d%d.test", i);
                        relay_add(relay, "deferred", address);
                }
        relay_start(relay);
        relay_expect(relay, "queue_domain_messages", "-,deferred,d24.test", 25);
        relay_expect(relay, "queue_domain_messages", "-,deferred,d5.test", 6);
        relay_expect(relay, "queue_domain_messages", "-,deferred,d4.test", -2);
        relay_expect(relay, "queue_domain_messages", "-,deferred,*", 15);
}

static void a_new_relayhost_changes_the_next_hops(void **state) {
        struct relay *relay = *state;

        relay_add(relay, "deferred", "bob@example.test");
        relay_start(relay);
        relay_expect(relay, "queue_nexthop_messages", "-,example.test", 1);
        scratch_write(&relay->scratch, "etc/postfix/main.cf", "relayhost = [Smart.Test]:587\n");
        relay_add(relay, "deferred", "bob@other.test");
        relay_expect(relay, "queue_nexthop_messages", "-,[smart.test]:587", 2);
        relay_expect(relay, "queue_nexthop_messages", "-,example.test", 0);
        relay_expect(relay, "queue_domain_messages", "-,deferred,example.test", 1);
}

static void a_new_master_cf_changes_the_next_hops(void **state) {
        static const char smtp[] = "slow unix - - y - - smtp\n",
                          pipe[] = "slow unix - n n - - pipe argv=/x\n";
        struct relay *relay = *state;

        scratch_write(&relay->scratch, "etc/postfix/main.cf",
                "default_transport = slow\nsmtp_fallback_relay = [192.0.2.9]\n");
        scratch_write(&relay->scratch, "etc/postfix/master.cf", smtp);
        relay_add(relay, "deferred", "bob@example.test");
        relay_start(relay);
        relay_expect(relay, "queue_nexthop_messages", "-,example.test,[192.0.2.9]", 1);
        scratch_write(&relay->scratch, "etc/postfix/master.cf", pipe);
        relay_add(relay, "deferred", "bob@other.test");
        relay_expect(relay, "queue_nexthop_messages", "-,example.test,[192.0.2.9]", 0);
        relay_expect(relay, "queue_domain_messages", "-,deferred,other.test", 1);
}

static void what_others_have_to_know_of_the_way_out_is_told(void **state) {
        struct relay *relay = *state;
        const struct bench_reading *gone;

        scratch_write(&relay->scratch, "etc/postfix/main.cf",
                "inet_protocols = ipv4\nproxy_interfaces = 192.0.2.1, [2001:db8::1] relay.test\n");
        relay_start(relay);
        relay_expect(relay, "postfix_sends_ipv6", "-", 0);
        relay_expect(relay, "postfix_proxy_address", "-,192.0.2.1", 1);
        relay_expect(relay, "postfix_proxy_address", "-,2001:db8::1", 1);
        assert_null(sensor_bench_find(&relay->bench, "postfix_proxy_address", "-,relay.test"));
        scratch_write(&relay->scratch, "etc/postfix/main.cf",
                "inet_protocols = ipv4, ipv6\nproxy_interfaces = 192.0.2.2\n");
        relay_add(relay, "deferred", "bob@example.test");
        relay_expect(relay, "postfix_sends_ipv6", "-", 1);
        relay_expect(relay, "postfix_proxy_address", "-,192.0.2.2", 1);
        gone = sensor_bench_find(&relay->bench, "postfix_proxy_address", "-,192.0.2.1");
        assert_true(gone->withdrawn);
        /* A host without any address when Postfix was installed. */
        scratch_write(&relay->scratch, "etc/postfix/main.cf", "inet_protocols =\n");
        relay_add(relay, "deferred", "bob@example.test");
        relay_expect(relay, "postfix_sends_ipv6", "-", 1);
        scratch_write(&relay->scratch, "etc/postfix/main.cf", "inet_protocols = $mine ipv4\n");
        relay_add(relay, "deferred", "bob@example.test");
        relay_expect(relay, "postfix_sends_ipv6", "-", 0);
}

static size_t shown(const struct relay *relay, const char *reading) {
        size_t n = 0;

        for (unsigned i = 0; i < relay->bench.n; i++)
                n += strcmp(relay->bench.readings[i].name, reading) == 0 &&
                        !relay->bench.readings[i].withdrawn;
        return n;
}

/* Postfix's manual: with one address to listen at, that is where mail comes from too. */
static void as_what_postfix_comes_to_a_next_hop_is_told(void **state) {
        static const struct {
                const char *main_cf, *name, *four, *six; /* NULL: nothing is said */
        } cases[] = {
                {"smtp_helo_name = out.test\nsmtp_bind_address = 192.0.2.1\nsmtp_bind_address6 = "
                 "2001:db8::1\n",
                        "out.test", "192.0.2.1", "2001:db8::1"},
                {"mydomain = relay.test\nmyhostname = mail.$mydomain\ninet_interfaces = 192.0.2.2, "
                 "127.0.0.1\n",
                        "mail.relay.test", NULL, NULL},
                {"myhostname = mail.relay.test\nsmtp_helo_name = $myhostname\ninet_interfaces = 192.0.2.3 "
                 "[2001:db8::3]\n",
                        "mail.relay.test", "192.0.2.3", "2001:db8::3"},
                {"smtp_helo_name = [192.0.2.1]\nsmtp_bind_address = relay.test\ninet_interfaces = "
                 "192.0.2.4\n",
                        "[192.0.2.1]", NULL, NULL},
                {"smtp_helo_name = ${other?x} y\ninet_interfaces = 127.0.0.1, [::1]\n", NULL, NULL, NULL},
                {"smtp_bind_address = 2001:db8::1\ninet_interfaces = relay.test, 192.0.2.5\n", NULL, NULL,
                        NULL},
                {"inet_interfaces = all\n", NULL, NULL, NULL},
        };
        struct relay *relay = *state;

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                const struct {
                        const char *reading, *text;
                } said[] = {{"postfix_helo_name", cases[i].name}, {"postfix_bind_address", cases[i].four},
                        {"postfix_bind_address", cases[i].six}};
                size_t n[] = {0, 0};
                char main_cf[512], labels[64];

                /* By the last word one knows that this file has been read. */
                snprintf(main_cf, sizeof(main_cf), "%sproxy_interfaces = 198.51.100.%zu\n", cases[i].main_cf,
                        i + 1);
                scratch_write(&relay->scratch, "etc/postfix/main.cf", main_cf);
                if (i == 0)
                        relay_start(relay);
                relay_add(relay, "deferred", "bob@example.test");
                snprintf(labels, sizeof(labels), "-,198.51.100.%zu", i + 1);
                relay_expect(relay, "postfix_proxy_address", labels, 1);
                for (size_t k = 0; k < ELEMENTSOF(said); k++) {
                        if (!said[k].text)
                                continue;
                        snprintf(labels, sizeof(labels), "-,%s", said[k].text);
                        relay_expect(relay, said[k].reading, labels, 1);
                        n[k > 0]++;
                }
                assert_int_equal(shown(relay, "postfix_helo_name"), n[0]);
                assert_int_equal(shown(relay, "postfix_bind_address"), n[1]);
        }
}

static void whether_postfix_asks_name_servers_itself_is_told(void **state) {
        static const struct {
                const char *main_cf;
                double is_native;
        } cases[] = {
                {"", 0},
                {"smtp_host_lookup = native\n", 1},
                {"smtp_host_lookup = dns\n", 0},
                {"smtp_host_lookup = native\nsmtp_host_lookup = native, dns\n", 0},
                {"smtp_dns_support_level = disabled\n", 1},
                {"smtp_dns_support_level = dnssec\ndisable_dns_lookups = yes\n", 0},
                {"disable_dns_lookups = yes\n", 1},
        };
        struct relay *relay = *state;

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                scratch_write(&relay->scratch, "etc/postfix/main.cf", cases[i].main_cf);
                if (i == 0)
                        relay_start(relay);
                relay_add(relay, "deferred", "bob@example.test");
                relay_expect(relay, "postfix_native_lookup", "-", cases[i].is_native);
        }
}

/* A directory cannot be read like a file, by root neither. */
static void routes_that_cannot_be_read_any_more_stay_what_they_were(void **state) {
        struct relay *relay = *state;

        scratch_write(&relay->scratch, "etc/postfix/main.cf", "relayhost = [smart.test]\n");
        relay_add(relay, "deferred", "bob@example.test");
        relay_start(relay);
        assert_int_equal(unlink(scratch_path(&relay->scratch, "etc/postfix/main.cf")), 0);
        scratch_mkdir(&relay->scratch, "etc/postfix/main.cf");
        relay_add(relay, "deferred", "bob@other.test");
        relay_expect(relay, "queue_nexthop_messages", "-,[smart.test]", 2);
}

static void without_the_transport_table_that_main_cf_names_nothing_has_a_next_hop(void **state) {
        struct relay *relay = *state;

        scratch_write(
                &relay->scratch, "etc/postfix/main.cf", "transport_maps = hash:/etc/postfix/transport\n");
        relay_add(relay, "deferred", "bob@example.test");
        relay_start(relay);
        relay_expect(relay, "queue_domain_messages", "-,deferred,example.test", 1);
        relay_expect(relay, "queue_nexthop_messages", "-,example.test", -2);
        scratch_write(&relay->scratch, "etc/postfix/transport", "example.test smtp:[inside.test]\n");
        relay_add(relay, "deferred", "bob@example.test");
        relay_expect(relay, "queue_nexthop_messages", "-,[inside.test]", 2);
}

static void what_main_cf_sends_by_sender_has_no_next_hop_any_more(void **state) {
        struct relay *relay = *state;

        scratch_write(&relay->scratch, "etc/postfix/main.cf", "relayhost = [smart.test]\n");
        relay_add(relay, "deferred", "bob@example.test");
        relay_start(relay);
        relay_expect(relay, "queue_nexthop_messages", "-,[smart.test]", 1);
        scratch_write(&relay->scratch, "etc/postfix/main.cf",
                "relayhost = [smart.test]\nsender_dependent_relayhost_maps = hash:/etc/postfix/by_sender\n");
        relay_expect(relay, "queue_nexthop_messages", "-,[smart.test]", 0);
        assert_non_null(sensor_bench_trouble(&relay->bench, "-: next hops"));
        scratch_write(&relay->scratch, "etc/postfix/main.cf", "relayhost = [smart.test]\n");
        relay_expect(relay, "queue_nexthop_messages", "-,[smart.test]", 1);
        assert_null(sensor_bench_trouble(&relay->bench, "-: next hops"));
}

static void a_content_filter_is_the_next_hop(void **state) {
        struct relay *relay = *state;

        spool_add(&relay->spool,
                &(struct spool_message){
                        .filter = "smtp:[127.0.0.1]:10024", .recipients = {{.address = "bob@example.test"}}},
                NULL);
        relay_start(relay);
        relay_expect(relay, "queue_nexthop_messages", "-,[127.0.0.1]:10024", 1);
        relay_expect(relay, "queue_nexthop_messages", "-,example.test", -2);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, relay_setup, relay_teardown)
        const struct CMUnitTest tests[] = {
                TEST(a_message_to_several_domains_counts_once_for_each),
                TEST(more_domains_than_are_shown_are_summed_up),
                TEST(a_new_relayhost_changes_the_next_hops),
                TEST(a_new_master_cf_changes_the_next_hops),
                TEST(what_others_have_to_know_of_the_way_out_is_told),
                TEST(as_what_postfix_comes_to_a_next_hop_is_told),
                TEST(whether_postfix_asks_name_servers_itself_is_told),
                TEST(routes_that_cannot_be_read_any_more_stay_what_they_were),
                TEST(without_the_transport_table_that_main_cf_names_nothing_has_a_next_hop),
                TEST(what_main_cf_sends_by_sender_has_no_next_hop_any_more),
                TEST(a_content_filter_is_the_next_hop),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
