/* SPDX-License-Identifier: MIT */
/* test_dns_servers - name servers on loopback asked one by one: dead, slow, lossy, useless, behind a stub, listed anew */
#include <math.h>

#include "dns_support.h"

#define FIRST "127.0.0.53"
#define SECOND "127.0.0.54"

static void list(struct fixture *fixture, const char *text) {
        scratch_write(&fixture->scratch, "etc/resolv.conf", text);
}

static void each_server_is_told_by_itself_with_its_figures(void **state) {
        struct fixture *fixture = *state;

        feed_mail(fixture, "example.test", 5);
        add_server(fixture, SECOND);
        list(fixture, "nameserver " FIRST "\nnameserver " SECOND "\nnameserver " FIRST "\n");
        bench_expect(&fixture->bench, "dns_server_up", FIRST, 1);
        bench_expect(&fixture->bench, "dns_server_up", SECOND, 1);
        bench_expect(&fixture->bench, "dns_server_tcp_up", SECOND, 1);
        bench_expect(&fixture->bench, "dns_server_loss_ratio", SECOND, 0);
        assert_true(bench_value(&fixture->bench, "dns_server_seconds", SECOND) > 0);
        assert_true(bench_value(&fixture->bench, "resolver_wait_seconds", "") < 1);
        assert_string_equal(bench_sentence(&fixture->bench, "dns_server_up", FIRST), "");
        assert_string_equal(log_lines, "");

        fixture->server.manner = NAME_SERVER_IS_SILENT;
        bench_expect(&fixture->bench, "dns_server_up", FIRST, 0);
        /* It is in the file twice: once with 5 s, and last, where nobody comes to. */
        bench_expect_words(
                &fixture->bench, "dns_server_up", FIRST, "), " SECOND " does; smtp waits 5 s per lookup");
        assert_non_null(strstr(bench_sentence(&fixture->bench, "dns_server_up", FIRST),
                "name server " FIRST " does not answer (0 of "));
        assert_null(strstr(bench_sentence(&fixture->bench, "dns_server_up", FIRST), "over TCP"));
        bench_expect_words(
                &fixture->bench, "resolver_wait_seconds", "", "name server " FIRST " does not answer (0 of ");
        bench_expect_words(&fixture->bench, "resolver_wait_seconds", "", "smtp waits 5 s per lookup");
        assert_true(bench_value(&fixture->bench, "dns_server_up", SECOND) == 1);
        assert_true(bench_is_missing(&fixture->bench, "dns_server_seconds", FIRST));
        bench_expect(&fixture->bench, "dns_server_loss_ratio", FIRST, 1);

        fixture->server.manner = NAME_SERVER_TRUNCATES_TWICE;
        bench_expect(&fixture->bench, "dns_server_up", FIRST, 1);
        assert_string_equal(bench_sentence(&fixture->bench, "dns_server_up", FIRST), "");
        assert_int_equal(strncmp(log_lines, "name server " FIRST " does not answer (0 of ", 45), 0);
        assert_non_null(strstr(log_lines, "\nname server " FIRST " answers again\n"));
}

static void one_that_only_lost_its_datagrams_is_down_and_told_so(void **state) {
        struct fixture *fixture = *state;

        feed_mail(fixture, "example.test", 5);
        bench_expect(&fixture->bench, "dns_server_tcp_up", FIRST, 1);
        fixture->server.manner = NAME_SERVER_HEARS_TCP;
        bench_expect(&fixture->bench, "dns_server_up", FIRST, 0);
        bench_expect_words(&fixture->bench, "dns_server_up", FIRST,
                ", over TCP it does), and there is no other; all mail");
        assert_true(bench_value(&fixture->bench, "dns_server_tcp_up", FIRST) == 1);
}

static void when_no_server_answers_all_mail_waits(void **state) {
        struct fixture *fixture = *state;

        feed_mail(fixture, "example.test", 5);
        list(fixture, "nameserver " FIRST "\nnameserver " SECOND "\n");
        fixture->server.manner = NAME_SERVER_IS_SILENT;
        bench_expect(&fixture->bench, "dns_server_up", FIRST, 0);
        /* Nobody listens there at all. */
        bench_expect(&fixture->bench, "dns_server_up", SECOND, 0);
        bench_expect_words(&fixture->bench, "dns_server_up", SECOND,
                ", its port is closed), nor does " FIRST "; all mail");
        bench_expect(&fixture->bench, "resolver_wait_seconds", "", (double)INFINITY);
        bench_expect_words(
                &fixture->bench, "resolver_wait_seconds", "", "name server " FIRST " does not answer (0 of ");
        /* Mail that needs no name does not wait, but smtpd still asks for its clients: 5 s and nothing, twice. */
        feed_mail(fixture, "example.test", 0);
        bench_expect(&fixture->bench, "resolver_wait_seconds", "", 10);
        assert_true(bench_value(&fixture->bench, "dns_server_up", SECOND) == 0);
}

static void a_dead_server_that_is_asked_last_costs_nothing(void **state) {
        struct fixture *fixture = *state;
        struct name_server *second;

        feed_mail(fixture, "example.test", 5);
        second = add_server(fixture, SECOND);
        second->manner = NAME_SERVER_IS_SILENT;
        list(fixture, "nameserver " FIRST "\nnameserver " SECOND "\n");
        bench_expect(&fixture->bench, "dns_server_up", SECOND, 0);
        bench_expect_words(
                &fixture->bench, "dns_server_up", SECOND, "), " FIRST " does; smtp does not wait for it");
        assert_true(bench_value(&fixture->bench, "resolver_wait_seconds", "") < 0.25);
        assert_string_equal(bench_sentence(&fixture->bench, "resolver_wait_seconds", ""), "");
}

static void of_two_dead_servers_the_one_that_costs_more_is_told_as_what_is_waited_for(void **state) {
        struct fixture *fixture = *state;
        struct name_server *second;

        feed_mail(fixture, "example.test", 5);
        second = add_server(fixture, SECOND);
        add_server(fixture, "127.0.0.55");
        list(fixture, "nameserver " FIRST "\nnameserver " SECOND "\nnameserver 127.0.0.55\n");
        fixture->server.manner = second->manner = NAME_SERVER_IS_SILENT;
        bench_expect(&fixture->bench, "dns_server_up", "127.0.0.55", 1);
        bench_expect(&fixture->bench, "dns_server_up", FIRST, 0);
        bench_expect(&fixture->bench, "dns_server_up", SECOND, 0);
        bench_expect_words(&fixture->bench, "resolver_wait_seconds", "", "; smtp waits 8 s per lookup");
        bench_expect_words(
                &fixture->bench, "resolver_wait_seconds", "", "name server " FIRST " does not answer (0 of ");
}

static void feed_lookup(struct fixture *fixture, const char *instance, double is_native) {
        const struct sg_label label = {"instance", instance};

        sensor_bench_feed(&fixture->bench, "postfix_native_lookup", &label, 1, is_native);
}

static void a_host_without_name_servers_is_told_of_when_mail_needs_one_and_not_before(void **state) {
        const struct bench_reading *up;
        struct fixture *fixture = *state;

        list(fixture, "# there are none\n");
        feed_mail(fixture, "[192.0.2.1]", 9);
        feed_mail(fixture, "unix:private/dovecot-lmtp", 9);
        bench_expect(&fixture->bench, "resolver_wait_seconds", "", 0);
        sensor_bench_run(&fixture->bench, 500 * MS);
        up = sensor_bench_find(&fixture->bench, "dns_server_up", "127.0.0.1");
        assert_true(!up || up->withdrawn);
        assert_true(bench_value(&fixture->bench, "resolver_wait_seconds", "") < 0.25);
        assert_string_equal(log_lines, "");

        feed_mail(fixture, "example.test", 1);
        bench_expect(&fixture->bench, "dns_server_up", "127.0.0.1", 0);
        bench_expect(&fixture->bench, "resolver_wait_seconds", "", (double)INFINITY);
        bench_expect_words(&fixture->bench, "resolver_wait_seconds", "",
                "its port is closed), and there is no other; all");

        feed_mail(fixture, "example.test", 0);
        bench_expect_withdrawn(&fixture->bench, "dns_server_up", "127.0.0.1");
        assert_true(bench_value(&fixture->bench, "resolver_wait_seconds", "") < 0.25);

        /* All next hops are in /etc/hosts. */
        feed_lookup(fixture, "-", 1);
        feed_lookup(fixture, "postfix-out", 0);
        feed_mail(fixture, "example.test", 1);
        bench_expect(&fixture->bench, "dns_server_up", "127.0.0.1", 0);
        feed_lookup(fixture, "postfix-out", 1);
        bench_expect_withdrawn(&fixture->bench, "dns_server_up", "127.0.0.1");
        bench_expect(&fixture->bench, "resolver_wait_seconds", "", 0);
}

static void one_of_this_host_that_answered_before_is_told_whatever_mail_needs(void **state) {
        struct fixture *fixture = *state;

        feed_mail(fixture, "[192.0.2.1]", 9);
        bench_expect(&fixture->bench, "dns_server_up", FIRST, 1);
        name_server_deinit(&fixture->server);
        bench_expect(&fixture->bench, "dns_server_up", FIRST, 0);
        sensor_bench_run(&fixture->bench, 500 * MS);
        assert_true(bench_value(&fixture->bench, "dns_server_up", FIRST) == 0);
        name_server_init(&fixture->server, &fixture->bench, FIRST, records);
        bench_expect(&fixture->bench, "dns_server_up", FIRST, 1);
}

static void a_slow_server_is_slow_and_not_down(void **state) {
        struct fixture *fixture = *state;

        feed_mail(fixture, "example.test", 5);
        fixture->server.manner = NAME_SERVER_IS_LATE;
        fixture->server.late_usec = 700 * MS;
        bench_expect_words(&fixture->bench, "dns_server_seconds", FIRST, "name server " FIRST " takes 0.");
        assert_true(bench_value(&fixture->bench, "dns_server_seconds", FIRST) >= 0.7);
        assert_non_null(
                strstr(bench_sentence(&fixture->bench, "dns_server_seconds", FIRST), "; smtp waits 0."));
        sensor_bench_run(&fixture->bench, 1000 * MS);
        assert_true(bench_value(&fixture->bench, "dns_server_up", FIRST) == 1);
        assert_true(bench_value(&fixture->bench, "dns_server_loss_ratio", FIRST) == 0);
        assert_string_equal(log_lines, "");
}

static void packets_lost_now_and_then_do_not_take_a_server_down(void **state) {
        struct fixture *fixture = *state;

        feed_mail(fixture, "example.test", 5);
        bench_expect(&fixture->bench, "dns_server_up", FIRST, 1);
        for (int i = 0; i < 10; i++) {
                unsigned asked = fixture->server.asked;

                fixture->server.deaf_to = 2;
                /* However long a busy machine takes for it. */
                while (fixture->server.asked < asked + 5)
                        sensor_bench_run(&fixture->bench, 10 * MS);
                assert_true(bench_value(&fixture->bench, "dns_server_up", FIRST) == 1);
        }
        assert_true(bench_value(&fixture->bench, "dns_server_loss_ratio", FIRST) > 0);
        assert_true(bench_value(&fixture->bench, "dns_server_loss_ratio", FIRST) < 0.9);
        assert_string_equal(log_lines, "");
}

static void what_is_no_answer_is_silence_and_twice_the_same_is_once(void **state) {
        static const enum name_server_manner manners[] = {NAME_SERVER_WRONG_ID, NAME_SERVER_WRONG_QUESTION,
                NAME_SERVER_ECHOES, NAME_SERVER_OTHER_PORT, NAME_SERVER_SENDS_NOISE};
        struct fixture *fixture = *state;

        feed_mail(fixture, "example.test", 5);
        fixture->server.manner = NAME_SERVER_SENDS_TWICE;
        bench_expect(&fixture->bench, "dns_server_up", FIRST, 1);
        sensor_bench_run(&fixture->bench, 200 * MS);
        assert_true(bench_value(&fixture->bench, "dns_server_loss_ratio", FIRST) == 0);
        for (size_t i = 0; i < ELEMENTSOF(manners); i++) {
                fixture->server.manner = manners[i];
                bench_expect(&fixture->bench, "dns_server_up", FIRST, 0);
                fixture->server.manner = NAME_SERVER_ANSWERS;
                bench_expect(&fixture->bench, "dns_server_up", FIRST, 1);
        }
}

static void a_server_that_fails_for_all_that_mail_needs_is_of_no_use(void **state) {
        struct fixture *fixture = *state;

        feed_mail(fixture, "example.test", 5);
        feed_mail(fixture, "[mx.example.test]:587", 3);
        feed_mail(fixture, "[192.0.2.1]", 9);
        bench_expect(&fixture->bench, "dns_server_up", FIRST, 1);
        fixture->server.manner = NAME_SERVER_FAILS;
        bench_expect(&fixture->bench, "dns_server_up", FIRST, 0);
        bench_expect_words(&fixture->bench, "dns_server_up", FIRST,
                "answers with nothing but errors (SERVFAIL, also for 2 names that mail needs)");
        assert_true(bench_value(&fixture->bench, "dns_server_loss_ratio", FIRST) == 0);
        fixture->server.manner = NAME_SERVER_ANSWERS;
        bench_expect(&fixture->bench, "dns_server_up", FIRST, 1);
}

static void one_that_refuses_the_root_all_its_life_is_let_be(void **state) {
        struct fixture *fixture = *state;

        feed_mail(fixture, "example.test", 5);
        fixture->server.manner = NAME_SERVER_REFUSES;
        bench_expect(&fixture->bench, "dns_server_up", FIRST, 1);
        sensor_bench_run(&fixture->bench, 1000 * MS);
        assert_true(bench_value(&fixture->bench, "dns_server_up", FIRST) == 1);
}

/* As filters and routers do. */
static void one_that_only_drops_questions_for_the_root_is_up_while_it_answers_for_names(void **state) {
        struct fixture *fixture = *state;

        fixture->server.silent_for = "";
        feed_mail(fixture, "example.test", 5);
        bench_expect(&fixture->bench, "dns_server_up", FIRST, 1);
        bench_expect(&fixture->bench, "dns_server_loss_ratio", FIRST, 0);
        assert_string_equal(log_lines, "");
        assert_true(bench_value(&fixture->bench, "resolver_wait_seconds", "") < 1);

        fixture->server.manner = NAME_SERVER_IS_SILENT;
        bench_expect(&fixture->bench, "dns_server_up", FIRST, 0);
        bench_expect_words(
                &fixture->bench, "dns_server_up", FIRST, "name server " FIRST " does not answer (0 of ");
        fixture->server.manner = NAME_SERVER_ANSWERS;
        bench_expect(&fixture->bench, "dns_server_up", FIRST, 1);
}

static void such_a_one_is_up_on_a_relay_without_mail_and_among_broken_domains_too(void **state) {
        struct fixture *fixture = *state;

        fixture->server.silent_for = "";
        fixture->server.records =
                (const struct name_record[]){{"a.root-servers.net", ns_t_a, "192.0.2.4", 0}, {0}};
        bench_expect(&fixture->bench, "dns_server_up", FIRST, 1);
        assert_string_equal(log_lines, "");
}

/* One that passes questions on and is cut off: what it remembers is not what mail will need next. */
static void one_that_spoke_of_the_root_before_is_not_up_for_the_names_it_remembers(void **state) {
        struct fixture *fixture = *state;

        feed_mail(fixture, "example.test", 5);
        bench_expect(&fixture->bench, "dns_server_up", FIRST, 1);
        fixture->server.silent_for = "";
        bench_expect(&fixture->bench, "dns_server_up", FIRST, 0);
}

static void when_our_questions_cannot_leave_nobody_is_blamed(void **state) {
        static const char far[] = "192.0.2.1";
        struct fixture *fixture = *state;

        feed_mail(fixture, "example.test", 5);
        list(fixture, "nameserver 192.0.2.1\n");
        bench_expect_missing(&fixture->bench, "dns_server_up", far);
        assert_true(bench_is_missing(&fixture->bench, "dns_server_seconds", far));
        assert_true(bench_is_missing(&fixture->bench, "dns_server_loss_ratio", far));
        sensor_bench_run(&fixture->bench, 500 * MS);
        assert_true(bench_is_missing(&fixture->bench, "dns_server_up", far));
        set_far_network(fixture, true);
        add_server(fixture, far);
        bench_expect(&fixture->bench, "dns_server_up", far, 1);
        set_far_network(fixture, false);
        bench_expect_missing(&fixture->bench, "dns_server_up", far);
        assert_string_equal(log_lines, "");
}

/* A host without IPv6 whose resolv.conf lists a server there. */
static void one_that_there_is_no_way_to_is_no_excuse_and_no_culprit_for_another(void **state) {
        static const char far[] = "192.0.2.1";
        struct fixture *fixture = *state;
        struct name_server *server;

        feed_mail(fixture, "example.test", 5);
        set_far_network(fixture, true);
        server = add_server(fixture, far);
        list(fixture, "nameserver 2001:db8::53\nnameserver 192.0.2.1\n");
        bench_expect(&fixture->bench, "dns_server_up", far, 1);
        bench_expect_missing(&fixture->bench, "dns_server_up", "2001:db8::53");
        server->manner = NAME_SERVER_IS_LATE;
        server->late_usec = 700 * MS;
        bench_expect_words(&fixture->bench, "resolver_wait_seconds", "", "name server 192.0.2.1 takes 0.");

        server->manner = NAME_SERVER_IS_SILENT;
        bench_expect(&fixture->bench, "dns_server_up", far, 0);
        bench_expect(&fixture->bench, "resolver_wait_seconds", "", (double)INFINITY);
        bench_expect_words(
                &fixture->bench, "resolver_wait_seconds", "", "name server 192.0.2.1 does not answer (0 of ");
}

static void a_link_that_is_down_explains_the_silence_of_all_beyond_it(void **state) {
        const struct sg_label interface = {"interface", "eth0"};
        struct fixture *fixture = *state;
        struct name_server *near, *far;

        feed_mail(fixture, "example.test", 5);
        set_far_network(fixture, true);
        far = add_server(fixture, "192.0.2.1");
        near = add_server(fixture, SECOND);
        list(fixture, "nameserver 192.0.2.1\nnameserver " SECOND "\nnameserver 127.0.0.99\n");
        bench_expect(&fixture->bench, "dns_server_up", "192.0.2.1", 1);
        sensor_bench_feed(&fixture->bench, "network_link_up", &interface, 1, 0);
        far->manner = near->manner = NAME_SERVER_IS_SILENT;
        bench_expect_missing(&fixture->bench, "dns_server_up", "192.0.2.1");
        bench_expect(&fixture->bench, "dns_server_up", SECOND, 0);
        sensor_bench_run(&fixture->bench, 500 * MS);
        assert_true(bench_is_missing(&fixture->bench, "dns_server_up", "192.0.2.1"));

        /* With the link back it is the server's own silence. */
        sensor_bench_feed(&fixture->bench, "network_link_up", &interface, 1, 1);
        bench_expect(&fixture->bench, "dns_server_up", "192.0.2.1", 0);
        far->manner = NAME_SERVER_ANSWERS;
        bench_expect(&fixture->bench, "dns_server_up", "192.0.2.1", 1);
}

static void a_link_that_is_down_is_no_excuse_while_another_server_answers(void **state) {
        const struct sg_label interface = {"interface", "eth1"};
        struct fixture *fixture = *state;

        feed_mail(fixture, "example.test", 5);
        set_far_network(fixture, true);
        add_server(fixture, "192.0.2.1");
        list(fixture, "nameserver 192.0.2.1\nnameserver 192.0.2.2\n");
        sensor_bench_feed(&fixture->bench, "network_link_up", &interface, 1, 0);
        bench_expect(&fixture->bench, "dns_server_up", "192.0.2.1", 1);
        bench_expect(&fixture->bench, "dns_server_up", "192.0.2.2", 0);
}

static void a_change_of_the_list_keeps_what_is_known_of_those_that_stay(void **state) {
        struct fixture *fixture = *state;
        unsigned times;

        feed_mail(fixture, "example.test", 5);
        list(fixture, "nameserver 127.0.0.99\nnameserver " FIRST "\n");
        fixture->server.manner = NAME_SERVER_IS_SILENT;
        bench_expect(&fixture->bench, "dns_server_up", "127.0.0.99", 0);
        bench_expect(&fixture->bench, "dns_server_up", FIRST, 0);
        times = sensor_bench_find(&fixture->bench, "dns_server_up", FIRST)->times;
        list(fixture, "nameserver " FIRST "\nnameserver 127.0.0.98\n");
        bench_expect(&fixture->bench, "dns_server_up", "127.0.0.98", 0);
        assert_true(sensor_bench_find(&fixture->bench, "dns_server_up", "127.0.0.99")->withdrawn);
        assert_true(sensor_bench_find(&fixture->bench, "dns_server_seconds", "127.0.0.99")->withdrawn);
        assert_true(sensor_bench_find(&fixture->bench, "dns_server_up", FIRST)->times > times);
        assert_false(sensor_bench_find(&fixture->bench, "dns_server_up", FIRST)->withdrawn);
}

static void of_fifty_servers_three_are_asked_and_that_is_said_once(void **state) {
        struct fixture *fixture = *state;
        char text[2048] = "nameserver " FIRST "\n";

        for (int i = 2; i <= 50; i++)
                snprintf(text + strlen(text), sizeof(text) - strlen(text), "nameserver 127.0.1.%d\n", i);
        list(fixture, text);
        bench_expect(&fixture->bench, "dns_server_up", FIRST, 1);
        bench_expect(&fixture->bench, "dns_server_up", "127.0.1.3", 0);
        assert_null(sensor_bench_find(&fixture->bench, "dns_server_up", "127.0.1.4"));
        assert_int_equal(
                strncmp(log_lines, "resolv.conf lists 50 name servers: all but the first 3 are never asked\n",
                        70),
                0);
        assert_null(strstr(log_lines + 10, "resolv.conf lists"));
}

static void the_servers_behind_the_stub_of_resolved_are_asked_too(void **state) {
        struct fixture *fixture = *state;
        struct name_server *behind;

        feed_mail(fixture, "example.test", 5);
        behind = add_server(fixture, "127.0.0.77");
        scratch_write(&fixture->scratch, "run/systemd/resolve/resolv.conf", "nameserver 127.0.0.77\n");
        list(fixture, "nameserver " FIRST "\noptions edns0 trust-ad\n# again\n");
        bench_expect(&fixture->bench, "dns_server_up", FIRST, 1);
        bench_expect(&fixture->bench, "dns_server_up", "127.0.0.77", 1);
        behind->manner = NAME_SERVER_IS_SILENT;
        bench_expect(&fixture->bench, "dns_server_up", "127.0.0.77", 0);
        bench_expect_words(
                &fixture->bench, "dns_server_up", "127.0.0.77", "; systemd-resolved asks it for smtp");
        /* Smtp itself sees the stub only. */
        assert_true(bench_value(&fixture->bench, "resolver_wait_seconds", "") < 1);
}

/* So many more, at the pace of a relay with mail: an idle one asks once or twice in the ten seconds there are. */
static void expect_questions(struct fixture *fixture, unsigned more) {
        unsigned before = fixture->server.asked;

        for (int i = 0; i < 1000 && fixture->server.asked < before + more; i++)
                sensor_bench_run(&fixture->bench, 10 * MS);
        assert_true(fixture->server.asked >= before + more);
}

static void an_idle_relay_asks_seldom_and_the_first_mail_asks_at_once(void **state) {
        struct fixture *fixture = *state;
        unsigned idle;

        sensor_bench_run(&fixture->bench, 900 * MS);
        idle = fixture->server.asked;
        assert_in_range(idle, 1, 3); /* one over TCP */
        feed_mail(fixture, "example.test", 1);
        expect_questions(fixture, 6);
        /* Over TCP not again so soon. */
        assert_int_equal(fixture->server.asked_by_stream, 1);
}

static void mail_that_passes_without_waiting_is_mail(void **state) {
        const struct sg_label instance = {"instance", "-"};
        struct fixture *fixture = *state;

        sensor_bench_feed(&fixture->bench, "mail_arrived_total", &instance, 1, 0);
        sensor_bench_run(&fixture->bench, 500 * MS);
        sensor_bench_feed(&fixture->bench, "mail_arrived_total", &instance, 1, 7);
        expect_questions(fixture, 5);
}

static void with_use_vc_the_servers_are_asked_over_tcp(void **state) {
        struct fixture *fixture = *state;

        feed_mail(fixture, "example.test", 5);
        list(fixture, "options use-vc\nnameserver " FIRST "\nnameserver 127.0.0.99\n");
        bench_expect(&fixture->bench, "dns_server_up", "127.0.0.99", 0);
        bench_expect(&fixture->bench, "dns_server_up", FIRST, 1);
        assert_true(fixture->server.asked_by_stream > 3);
        fixture->server.manner = NAME_SERVER_HANGS_OVER_TCP;
        bench_expect(&fixture->bench, "dns_server_up", FIRST, 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                DNS_TEST(each_server_is_told_by_itself_with_its_figures, &dns_servers, 50 * MS, 60 * MS),
                DNS_TEST(
                        one_that_only_lost_its_datagrams_is_down_and_told_so, &dns_servers, 50 * MS, 60 * MS),
                DNS_TEST(when_no_server_answers_all_mail_waits, &dns_servers, 50 * MS, 60 * MS),
                DNS_TEST(a_dead_server_that_is_asked_last_costs_nothing, &dns_servers, 50 * MS, 60 * MS),
                DNS_TEST(of_two_dead_servers_the_one_that_costs_more_is_told_as_what_is_waited_for,
                        &dns_servers, 50 * MS, 60 * MS),
                DNS_TEST(a_host_without_name_servers_is_told_of_when_mail_needs_one_and_not_before,
                        &dns_servers, 50 * MS, 60 * MS),
                DNS_TEST(one_of_this_host_that_answered_before_is_told_whatever_mail_needs, &dns_servers,
                        50 * MS, 60 * MS),
                DNS_TEST(a_slow_server_is_slow_and_not_down, &dns_servers, 200 * MS, 5 * SEC),
                DNS_TEST(
                        packets_lost_now_and_then_do_not_take_a_server_down, &dns_servers, 60 * MS, 300 * MS),
                DNS_TEST(what_is_no_answer_is_silence_and_twice_the_same_is_once, &dns_servers, 50 * MS,
                        60 * MS),
                DNS_TEST(a_server_that_fails_for_all_that_mail_needs_is_of_no_use, &dns_servers, 50 * MS,
                        60 * MS),
                DNS_TEST(one_that_refuses_the_root_all_its_life_is_let_be, &dns_servers, 50 * MS, 60 * MS),
                DNS_TEST(one_that_only_drops_questions_for_the_root_is_up_while_it_answers_for_names,
                        &dns_servers, 50 * MS, 60 * MS),
                DNS_TEST(such_a_one_is_up_on_a_relay_without_mail_and_among_broken_domains_too, &dns_servers,
                        50 * MS, 60 * MS),
                DNS_TEST(one_that_spoke_of_the_root_before_is_not_up_for_the_names_it_remembers, &dns_servers,
                        50 * MS, 60 * MS),
                DNS_TEST(when_our_questions_cannot_leave_nobody_is_blamed, &dns_servers, 50 * MS, 60 * MS),
                DNS_TEST(one_that_there_is_no_way_to_is_no_excuse_and_no_culprit_for_another, &dns_servers,
                        200 * MS, 1 * SEC),
                DNS_TEST(a_link_that_is_down_explains_the_silence_of_all_beyond_it, &dns_servers, 50 * MS,
                        60 * MS),
                DNS_TEST(a_link_that_is_down_is_no_excuse_while_another_server_answers, &dns_servers, 50 * MS,
                        60 * MS),
                DNS_TEST(a_change_of_the_list_keeps_what_is_known_of_those_that_stay, &dns_servers, 50 * MS,
                        60 * MS),
                DNS_TEST(of_fifty_servers_three_are_asked_and_that_is_said_once, &dns_servers, 50 * MS,
                        60 * MS),
                DNS_TEST(the_servers_behind_the_stub_of_resolved_are_asked_too, &dns_servers, 50 * MS,
                        60 * MS),
                DNS_TEST(an_idle_relay_asks_seldom_and_the_first_mail_asks_at_once, &dns_servers, 100 * MS,
                        60 * MS),
                DNS_TEST(mail_that_passes_without_waiting_is_mail, &dns_servers, 100 * MS, 60 * MS),
                DNS_TEST(with_use_vc_the_servers_are_asked_over_tcp, &dns_servers, 50 * MS, 60 * MS),
        };

        return cmocka_run_group_tests(tests, net_sandbox_setup, NULL);
}
