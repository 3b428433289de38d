/* SPDX-License-Identifier: MIT */
/* test_dns_servers - name servers on loopback asked one by one: dead, slow, lossy, useless, behind a stub, listed anew */
#include <math.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "dns_support.h"

#define FIRST "127.0.0.53"
#define SECOND "127.0.0.54"

static const struct bench_reading *find(
        const struct fixture *fixture, const char *reading, const char *server) {
        return sensor_bench_find(&fixture->bench, reading, server);
}

static void expect_missing(struct fixture *fixture, const char *reading, const char *server) {
        for (int i = 0; i < 1000; i++) {
                const struct bench_reading *found = find(fixture, reading, server);

                if (found && found->missing)
                        return;
                sensor_bench_run(&fixture->bench, 10 * MS);
        }
        fail_msg("%s of %s does not become missing", reading, server);
}

static void expect_words(
        struct fixture *fixture, const char *reading, const char *server, const char *words) {
        const struct bench_reading *found = NULL;

        for (int i = 0; i < 1000; i++) {
                found = find(fixture, reading, server);
                if (found && strstr(found->sentence, words))
                        return;
                sensor_bench_run(&fixture->bench, 10 * MS);
        }
        fail_msg("%s of %s does not say \"%s\" but \"%s\"", reading, server, words,
                found ? found->sentence : "nothing");
}

static void list(struct fixture *fixture, const char *text) {
        scratch_write(&fixture->scratch, "etc/resolv.conf", text);
}

static void each_server_is_told_by_itself_with_its_figures(void **state) {
        struct fixture fixture;
        struct name_server second;

        (void)state;
        fixture_init(&fixture, &dns_servers, 50 * MS);
        feed_mail(&fixture, "example.test", 5);
        name_server_init(&second, &fixture.bench, SECOND, records);
        list(&fixture, "nameserver " FIRST "\nnameserver " SECOND "\nnameserver " FIRST "\n");
        expect(&fixture, "dns_server_up", FIRST, 1);
        expect(&fixture, "dns_server_up", SECOND, 1);
        expect(&fixture, "dns_server_tcp_up", SECOND, 1);
        expect(&fixture, "dns_server_loss_ratio", SECOND, 0);
        assert_true(value(&fixture, "dns_server_seconds", SECOND) > 0);
        assert_true(value(&fixture, "resolver_wait_seconds", "") < 1);
        assert_string_equal(find(&fixture, "dns_server_up", FIRST)->sentence, "");
        assert_string_equal(log_lines, "");

        fixture.server.manner = NAME_SERVER_IS_SILENT;
        expect(&fixture, "dns_server_up", FIRST, 0);
        /* It is in the file twice: once with 5 s, and last, where nobody comes to. */
        expect_words(&fixture, "dns_server_up", FIRST, "), " SECOND " does; smtp waits 5 s per lookup");
        assert_non_null(strstr(find(&fixture, "dns_server_up", FIRST)->sentence,
                "name server " FIRST " does not answer (0 of "));
        assert_null(strstr(find(&fixture, "dns_server_up", FIRST)->sentence, "over TCP"));
        expect_words(&fixture, "resolver_wait_seconds", "", "name server " FIRST " does not answer (0 of ");
        expect_words(&fixture, "resolver_wait_seconds", "", "smtp waits 5 s per lookup");
        assert_true(value(&fixture, "dns_server_up", SECOND) == 1);
        assert_true(find(&fixture, "dns_server_seconds", FIRST)->missing);
        expect(&fixture, "dns_server_loss_ratio", FIRST, 1);

        fixture.server.manner = NAME_SERVER_TRUNCATES_TWICE;
        expect(&fixture, "dns_server_up", FIRST, 1);
        assert_string_equal(find(&fixture, "dns_server_up", FIRST)->sentence, "");
        assert_int_equal(strncmp(log_lines, "name server " FIRST " does not answer (0 of ", 45), 0);
        assert_non_null(strstr(log_lines, "\nname server " FIRST " answers again\n"));
        name_server_deinit(&second);
        fixture_deinit(&fixture, &dns_servers);
}

static void one_that_only_lost_its_datagrams_is_down_and_told_so(void **state) {
        struct fixture fixture;

        (void)state;
        fixture_init(&fixture, &dns_servers, 50 * MS);
        feed_mail(&fixture, "example.test", 5);
        expect(&fixture, "dns_server_tcp_up", FIRST, 1);
        fixture.server.manner = NAME_SERVER_HEARS_TCP;
        expect(&fixture, "dns_server_up", FIRST, 0);
        expect_words(
                &fixture, "dns_server_up", FIRST, ", over TCP it does), and there is no other; all mail");
        assert_true(value(&fixture, "dns_server_tcp_up", FIRST) == 1);
        fixture_deinit(&fixture, &dns_servers);
}

static void when_no_server_answers_all_mail_waits(void **state) {
        struct fixture fixture;

        (void)state;
        fixture_init(&fixture, &dns_servers, 50 * MS);
        feed_mail(&fixture, "example.test", 5);
        list(&fixture, "nameserver " FIRST "\nnameserver " SECOND "\n");
        fixture.server.manner = NAME_SERVER_IS_SILENT;
        expect(&fixture, "dns_server_up", FIRST, 0);
        /* Nobody listens there at all. */
        expect(&fixture, "dns_server_up", SECOND, 0);
        expect_words(
                &fixture, "dns_server_up", SECOND, ", its port is closed), nor does " FIRST "; all mail");
        expect(&fixture, "resolver_wait_seconds", "", (double)INFINITY);
        expect_words(&fixture, "resolver_wait_seconds", "", "name server " FIRST " does not answer (0 of ");
        /* Mail that needs no name does not wait, but smtpd still asks for its clients: 5 s and nothing, twice. */
        feed_mail(&fixture, "example.test", 0);
        expect(&fixture, "resolver_wait_seconds", "", 10);
        assert_true(value(&fixture, "dns_server_up", SECOND) == 0);
        fixture_deinit(&fixture, &dns_servers);
}

static void a_dead_server_that_is_asked_last_costs_nothing(void **state) {
        struct fixture fixture;
        struct name_server second;

        (void)state;
        fixture_init(&fixture, &dns_servers, 50 * MS);
        feed_mail(&fixture, "example.test", 5);
        name_server_init(&second, &fixture.bench, SECOND, records);
        second.manner = NAME_SERVER_IS_SILENT;
        list(&fixture, "nameserver " FIRST "\nnameserver " SECOND "\n");
        expect(&fixture, "dns_server_up", SECOND, 0);
        expect_words(&fixture, "dns_server_up", SECOND, "), " FIRST " does; smtp does not wait for it");
        assert_true(value(&fixture, "resolver_wait_seconds", "") < 0.25);
        assert_string_equal(find(&fixture, "resolver_wait_seconds", "")->sentence, "");
        name_server_deinit(&second);
        fixture_deinit(&fixture, &dns_servers);
}

static void of_two_dead_servers_the_one_that_costs_more_is_told_as_what_is_waited_for(void **state) {
        struct fixture fixture;
        struct name_server second, third;

        (void)state;
        fixture_init(&fixture, &dns_servers, 50 * MS);
        feed_mail(&fixture, "example.test", 5);
        name_server_init(&second, &fixture.bench, SECOND, records);
        name_server_init(&third, &fixture.bench, "127.0.0.55", records);
        list(&fixture, "nameserver " FIRST "\nnameserver " SECOND "\nnameserver 127.0.0.55\n");
        fixture.server.manner = second.manner = NAME_SERVER_IS_SILENT;
        expect(&fixture, "dns_server_up", "127.0.0.55", 1);
        expect(&fixture, "dns_server_up", FIRST, 0);
        expect(&fixture, "dns_server_up", SECOND, 0);
        expect_words(&fixture, "resolver_wait_seconds", "", "; smtp waits 8 s per lookup");
        expect_words(&fixture, "resolver_wait_seconds", "", "name server " FIRST " does not answer (0 of ");
        name_server_deinit(&third);
        name_server_deinit(&second);
        fixture_deinit(&fixture, &dns_servers);
}

static void expect_withdrawn(struct fixture *fixture, const char *reading, const char *server) {
        for (int i = 0; i < 1000; i++) {
                const struct bench_reading *found = find(fixture, reading, server);

                if (found && found->withdrawn)
                        return;
                sensor_bench_run(&fixture->bench, 10 * MS);
        }
        fail_msg("%s of %s is not withdrawn", reading, server);
}

static void a_host_without_name_servers_is_told_of_when_mail_needs_one_and_not_before(void **state) {
        const struct bench_reading *up;
        struct fixture fixture;

        (void)state;
        fixture_init(&fixture, &dns_servers, 50 * MS);
        list(&fixture, "# there are none\n");
        feed_mail(&fixture, "[192.0.2.1]", 9);
        feed_mail(&fixture, "unix:private/dovecot-lmtp", 9);
        expect(&fixture, "resolver_wait_seconds", "", 0);
        sensor_bench_run(&fixture.bench, 500 * MS);
        up = find(&fixture, "dns_server_up", "127.0.0.1");
        assert_true(!up || up->withdrawn);
        assert_true(value(&fixture, "resolver_wait_seconds", "") < 0.25);
        assert_string_equal(log_lines, "");

        feed_mail(&fixture, "example.test", 1);
        expect(&fixture, "dns_server_up", "127.0.0.1", 0);
        expect(&fixture, "resolver_wait_seconds", "", (double)INFINITY);
        expect_words(
                &fixture, "resolver_wait_seconds", "", "its port is closed), and there is no other; all");

        feed_mail(&fixture, "example.test", 0);
        expect_withdrawn(&fixture, "dns_server_up", "127.0.0.1");
        assert_true(value(&fixture, "resolver_wait_seconds", "") < 0.25);
        fixture_deinit(&fixture, &dns_servers);
}

static void one_of_this_host_that_answered_before_is_told_whatever_mail_needs(void **state) {
        struct fixture fixture;

        (void)state;
        fixture_init(&fixture, &dns_servers, 50 * MS);
        feed_mail(&fixture, "[192.0.2.1]", 9);
        expect(&fixture, "dns_server_up", FIRST, 1);
        name_server_deinit(&fixture.server);
        expect(&fixture, "dns_server_up", FIRST, 0);
        sensor_bench_run(&fixture.bench, 500 * MS);
        assert_true(value(&fixture, "dns_server_up", FIRST) == 0);
        name_server_init(&fixture.server, &fixture.bench, FIRST, records);
        expect(&fixture, "dns_server_up", FIRST, 1);
        fixture_deinit(&fixture, &dns_servers);
}

static void a_slow_server_is_slow_and_not_down(void **state) {
        struct fixture fixture;

        (void)state;
        fixture_init_with(&fixture, &dns_servers, 200 * MS, 5 * SEC);
        feed_mail(&fixture, "example.test", 5);
        fixture.server.manner = NAME_SERVER_IS_LATE;
        fixture.server.late_usec = 700 * MS;
        expect_words(&fixture, "dns_server_seconds", FIRST, "name server " FIRST " takes 0.");
        assert_true(value(&fixture, "dns_server_seconds", FIRST) >= 0.7);
        assert_non_null(strstr(find(&fixture, "dns_server_seconds", FIRST)->sentence, "; smtp waits 0."));
        sensor_bench_run(&fixture.bench, 1000 * MS);
        assert_true(value(&fixture, "dns_server_up", FIRST) == 1);
        assert_true(value(&fixture, "dns_server_loss_ratio", FIRST) == 0);
        assert_string_equal(log_lines, "");
        fixture_deinit(&fixture, &dns_servers);
}

static void packets_lost_now_and_then_do_not_take_a_server_down(void **state) {
        struct fixture fixture;

        (void)state;
        fixture_init_with(&fixture, &dns_servers, 60 * MS, 300 * MS);
        feed_mail(&fixture, "example.test", 5);
        expect(&fixture, "dns_server_up", FIRST, 1);
        for (int i = 0; i < 10; i++) {
                unsigned asked = fixture.server.asked;

                fixture.server.deaf_to = 2;
                /* However long a busy machine takes for it. */
                while (fixture.server.asked < asked + 5)
                        sensor_bench_run(&fixture.bench, 10 * MS);
                assert_true(value(&fixture, "dns_server_up", FIRST) == 1);
        }
        assert_true(value(&fixture, "dns_server_loss_ratio", FIRST) > 0);
        assert_true(value(&fixture, "dns_server_loss_ratio", FIRST) < 0.9);
        assert_string_equal(log_lines, "");
        fixture_deinit(&fixture, &dns_servers);
}

static void what_is_no_answer_is_silence_and_twice_the_same_is_once(void **state) {
        static const enum name_server_manner manners[] = {NAME_SERVER_WRONG_ID, NAME_SERVER_WRONG_QUESTION,
                NAME_SERVER_ECHOES, NAME_SERVER_OTHER_PORT, NAME_SERVER_SENDS_NOISE};
        struct fixture fixture;

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(manners); i++) {
                fixture_init(&fixture, &dns_servers, 50 * MS);
                feed_mail(&fixture, "example.test", 5);
                fixture.server.manner = NAME_SERVER_SENDS_TWICE;
                expect(&fixture, "dns_server_up", FIRST, 1);
                sensor_bench_run(&fixture.bench, 200 * MS);
                assert_true(value(&fixture, "dns_server_loss_ratio", FIRST) == 0);
                fixture.server.manner = manners[i];
                expect(&fixture, "dns_server_up", FIRST, 0);
                fixture_deinit(&fixture, &dns_servers);
        }
}

static void a_server_that_fails_for_all_that_mail_needs_is_of_no_use(void **state) {
        struct fixture fixture;

        (void)state;
        fixture_init(&fixture, &dns_servers, 50 * MS);
        feed_mail(&fixture, "example.test", 5);
        feed_mail(&fixture, "[mx.example.test]:587", 3);
        feed_mail(&fixture, "[192.0.2.1]", 9);
        expect(&fixture, "dns_server_up", FIRST, 1);
        fixture.server.manner = NAME_SERVER_FAILS;
        expect(&fixture, "dns_server_up", FIRST, 0);
        expect_words(&fixture, "dns_server_up", FIRST,
                "answers with nothing but errors (SERVFAIL, also for 2 names that mail needs)");
        assert_true(value(&fixture, "dns_server_loss_ratio", FIRST) == 0);
        fixture.server.manner = NAME_SERVER_ANSWERS;
        expect(&fixture, "dns_server_up", FIRST, 1);
        fixture_deinit(&fixture, &dns_servers);
}

static void one_that_refuses_the_root_all_its_life_is_let_be(void **state) {
        struct fixture fixture;

        (void)state;
        fixture_init(&fixture, &dns_servers, 50 * MS);
        feed_mail(&fixture, "example.test", 5);
        fixture.server.manner = NAME_SERVER_REFUSES;
        expect(&fixture, "dns_server_up", FIRST, 1);
        sensor_bench_run(&fixture.bench, 1000 * MS);
        assert_true(value(&fixture, "dns_server_up", FIRST) == 1);
        fixture_deinit(&fixture, &dns_servers);
}

/* A second address of the loopback interface; without it there is no way to any such address. */
static void set_far_network(bool up) {
        struct ifreq request = {.ifr_name = "lo:1"};
        struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(0xc0000201)}};
        int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

        memcpy(&request.ifr_addr, &address, sizeof(address));
        assert_int_equal(ioctl(fd, up ? SIOCSIFADDR : SIOCSIFFLAGS, &request), 0);
        close(fd);
}

static void when_our_questions_cannot_leave_nobody_is_blamed(void **state) {
        static const char far[] = "192.0.2.1";
        struct fixture fixture;
        struct name_server server;

        (void)state;
        fixture_init(&fixture, &dns_servers, 50 * MS);
        feed_mail(&fixture, "example.test", 5);
        list(&fixture, "nameserver 192.0.2.1\n");
        expect_missing(&fixture, "dns_server_up", far);
        assert_true(find(&fixture, "dns_server_seconds", far)->missing);
        assert_true(find(&fixture, "dns_server_loss_ratio", far)->missing);
        sensor_bench_run(&fixture.bench, 500 * MS);
        assert_true(find(&fixture, "dns_server_up", far)->missing);
        set_far_network(true);
        name_server_init(&server, &fixture.bench, far, records);
        expect(&fixture, "dns_server_up", far, 1);
        set_far_network(false);
        expect_missing(&fixture, "dns_server_up", far);
        assert_string_equal(log_lines, "");
        name_server_deinit(&server);
        fixture_deinit(&fixture, &dns_servers);
}

/* A host without IPv6 whose resolv.conf lists a server there. */
static void one_that_there_is_no_way_to_is_no_excuse_and_no_culprit_for_another(void **state) {
        static const char far[] = "192.0.2.1";
        struct fixture fixture;
        struct name_server server;

        (void)state;
        fixture_init_with(&fixture, &dns_servers, 200 * MS, 1 * SEC);
        feed_mail(&fixture, "example.test", 5);
        set_far_network(true);
        name_server_init(&server, &fixture.bench, far, records);
        list(&fixture, "nameserver 2001:db8::53\nnameserver 192.0.2.1\n");
        expect(&fixture, "dns_server_up", far, 1);
        expect_missing(&fixture, "dns_server_up", "2001:db8::53");
        server.manner = NAME_SERVER_IS_LATE;
        server.late_usec = 700 * MS;
        expect_words(&fixture, "resolver_wait_seconds", "", "name server 192.0.2.1 takes 0.");

        server.manner = NAME_SERVER_IS_SILENT;
        expect(&fixture, "dns_server_up", far, 0);
        expect(&fixture, "resolver_wait_seconds", "", (double)INFINITY);
        expect_words(&fixture, "resolver_wait_seconds", "", "name server 192.0.2.1 does not answer (0 of ");
        name_server_deinit(&server);
        set_far_network(false);
        fixture_deinit(&fixture, &dns_servers);
}

static void a_link_that_is_down_explains_the_silence_of_all_beyond_it(void **state) {
        const struct sg_label interface = {"interface", "eth0"};
        struct fixture fixture;
        struct name_server near, far;

        (void)state;
        fixture_init(&fixture, &dns_servers, 50 * MS);
        feed_mail(&fixture, "example.test", 5);
        set_far_network(true);
        name_server_init(&far, &fixture.bench, "192.0.2.1", records);
        name_server_init(&near, &fixture.bench, SECOND, records);
        list(&fixture, "nameserver 192.0.2.1\nnameserver " SECOND "\nnameserver 127.0.0.99\n");
        expect(&fixture, "dns_server_up", "192.0.2.1", 1);
        sensor_bench_feed(&fixture.bench, "network_link_up", &interface, 1, 0);
        far.manner = near.manner = NAME_SERVER_IS_SILENT;
        expect_missing(&fixture, "dns_server_up", "192.0.2.1");
        expect(&fixture, "dns_server_up", SECOND, 0);
        sensor_bench_run(&fixture.bench, 500 * MS);
        assert_true(find(&fixture, "dns_server_up", "192.0.2.1")->missing);

        /* With the link back it is the server's own silence. */
        sensor_bench_feed(&fixture.bench, "network_link_up", &interface, 1, 1);
        expect(&fixture, "dns_server_up", "192.0.2.1", 0);
        far.manner = NAME_SERVER_ANSWERS;
        expect(&fixture, "dns_server_up", "192.0.2.1", 1);
        name_server_deinit(&near);
        name_server_deinit(&far);
        set_far_network(false);
        fixture_deinit(&fixture, &dns_servers);
}

static void a_link_that_is_down_is_no_excuse_while_another_server_answers(void **state) {
        const struct sg_label interface = {"interface", "eth1"};
        struct fixture fixture;
        struct name_server far;

        (void)state;
        fixture_init(&fixture, &dns_servers, 50 * MS);
        feed_mail(&fixture, "example.test", 5);
        set_far_network(true);
        name_server_init(&far, &fixture.bench, "192.0.2.1", records);
        list(&fixture, "nameserver 192.0.2.1\nnameserver 192.0.2.2\n");
        sensor_bench_feed(&fixture.bench, "network_link_up", &interface, 1, 0);
        expect(&fixture, "dns_server_up", "192.0.2.1", 1);
        expect(&fixture, "dns_server_up", "192.0.2.2", 0);
        name_server_deinit(&far);
        set_far_network(false);
        fixture_deinit(&fixture, &dns_servers);
}

static void a_change_of_the_list_keeps_what_is_known_of_those_that_stay(void **state) {
        struct fixture fixture;
        unsigned times;

        (void)state;
        fixture_init(&fixture, &dns_servers, 50 * MS);
        feed_mail(&fixture, "example.test", 5);
        list(&fixture, "nameserver 127.0.0.99\nnameserver " FIRST "\n");
        fixture.server.manner = NAME_SERVER_IS_SILENT;
        expect(&fixture, "dns_server_up", "127.0.0.99", 0);
        expect(&fixture, "dns_server_up", FIRST, 0);
        times = find(&fixture, "dns_server_up", FIRST)->times;
        list(&fixture, "nameserver " FIRST "\nnameserver 127.0.0.98\n");
        expect(&fixture, "dns_server_up", "127.0.0.98", 0);
        assert_true(find(&fixture, "dns_server_up", "127.0.0.99")->withdrawn);
        assert_true(find(&fixture, "dns_server_seconds", "127.0.0.99")->withdrawn);
        assert_true(find(&fixture, "dns_server_up", FIRST)->times > times);
        assert_false(find(&fixture, "dns_server_up", FIRST)->withdrawn);
        fixture_deinit(&fixture, &dns_servers);
}

static void of_fifty_servers_three_are_asked_and_that_is_said_once(void **state) {
        struct fixture fixture;
        char text[2048] = "nameserver " FIRST "\n";

        (void)state;
        for (int i = 2; i <= 50; i++)
                snprintf(text + strlen(text), sizeof(text) - strlen(text), "nameserver 127.0.1.%d\n", i);
        fixture_init(&fixture, &dns_servers, 50 * MS);
        list(&fixture, text);
        expect(&fixture, "dns_server_up", FIRST, 1);
        expect(&fixture, "dns_server_up", "127.0.1.3", 0);
        assert_null(find(&fixture, "dns_server_up", "127.0.1.4"));
        assert_int_equal(
                strncmp(log_lines, "resolv.conf lists 50 name servers: all but the first 3 are never asked\n",
                        70),
                0);
        assert_null(strstr(log_lines + 10, "resolv.conf lists"));
        fixture_deinit(&fixture, &dns_servers);
}

static void the_servers_behind_the_stub_of_resolved_are_asked_too(void **state) {
        struct fixture fixture;
        struct name_server behind;

        (void)state;
        fixture_init(&fixture, &dns_servers, 50 * MS);
        feed_mail(&fixture, "example.test", 5);
        name_server_init(&behind, &fixture.bench, "127.0.0.77", records);
        scratch_write(&fixture.scratch, "run/systemd/resolve/resolv.conf", "nameserver 127.0.0.77\n");
        list(&fixture, "nameserver " FIRST "\noptions edns0 trust-ad\n# again\n");
        expect(&fixture, "dns_server_up", FIRST, 1);
        expect(&fixture, "dns_server_up", "127.0.0.77", 1);
        behind.manner = NAME_SERVER_IS_SILENT;
        expect(&fixture, "dns_server_up", "127.0.0.77", 0);
        expect_words(&fixture, "dns_server_up", "127.0.0.77", "; systemd-resolved asks it for smtp");
        /* Smtp itself sees the stub only. */
        assert_true(value(&fixture, "resolver_wait_seconds", "") < 1);
        name_server_deinit(&behind);
        fixture_deinit(&fixture, &dns_servers);
}

static void an_idle_relay_asks_seldom_and_the_first_mail_asks_at_once(void **state) {
        struct fixture fixture;
        unsigned idle;

        (void)state;
        fixture_init(&fixture, &dns_servers, 100 * MS);
        sensor_bench_run(&fixture.bench, 900 * MS);
        idle = fixture.server.asked;
        assert_in_range(idle, 1, 3); /* one over TCP */
        feed_mail(&fixture, "example.test", 1);
        sensor_bench_run(&fixture.bench, 150 * MS);
        assert_true(fixture.server.asked > idle);
        sensor_bench_run(&fixture.bench, 800 * MS);
        assert_true(fixture.server.asked >= idle + 5);
        /* Over TCP not again so soon. */
        assert_int_equal(fixture.server.asked_by_stream, 1);
        fixture_deinit(&fixture, &dns_servers);
}

static void mail_that_passes_without_waiting_is_mail(void **state) {
        const struct sg_label instance = {"instance", "-"};
        struct fixture fixture;
        unsigned idle;

        (void)state;
        fixture_init(&fixture, &dns_servers, 100 * MS);
        sensor_bench_feed(&fixture.bench, "mail_arrived_total", &instance, 1, 0);
        sensor_bench_run(&fixture.bench, 500 * MS);
        idle = fixture.server.asked;
        sensor_bench_feed(&fixture.bench, "mail_arrived_total", &instance, 1, 7);
        sensor_bench_run(&fixture.bench, 900 * MS);
        assert_true(fixture.server.asked >= idle + 4);
        fixture_deinit(&fixture, &dns_servers);
}

static void with_use_vc_the_servers_are_asked_over_tcp(void **state) {
        struct fixture fixture;

        (void)state;
        fixture_init(&fixture, &dns_servers, 50 * MS);
        feed_mail(&fixture, "example.test", 5);
        list(&fixture, "options use-vc\nnameserver " FIRST "\nnameserver 127.0.0.99\n");
        expect(&fixture, "dns_server_up", "127.0.0.99", 0);
        expect(&fixture, "dns_server_up", FIRST, 1);
        assert_true(fixture.server.asked_by_stream > 3);
        fixture.server.manner = NAME_SERVER_HANGS_OVER_TCP;
        expect(&fixture, "dns_server_up", FIRST, 0);
        fixture_deinit(&fixture, &dns_servers);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(each_server_is_told_by_itself_with_its_figures),
                cmocka_unit_test(one_that_only_lost_its_datagrams_is_down_and_told_so),
                cmocka_unit_test(when_no_server_answers_all_mail_waits),
                cmocka_unit_test(a_dead_server_that_is_asked_last_costs_nothing),
                cmocka_unit_test(of_two_dead_servers_the_one_that_costs_more_is_told_as_what_is_waited_for),
                cmocka_unit_test(a_host_without_name_servers_is_told_of_when_mail_needs_one_and_not_before),
                cmocka_unit_test(one_of_this_host_that_answered_before_is_told_whatever_mail_needs),
                cmocka_unit_test(a_slow_server_is_slow_and_not_down),
                cmocka_unit_test(packets_lost_now_and_then_do_not_take_a_server_down),
                cmocka_unit_test(what_is_no_answer_is_silence_and_twice_the_same_is_once),
                cmocka_unit_test(a_server_that_fails_for_all_that_mail_needs_is_of_no_use),
                cmocka_unit_test(one_that_refuses_the_root_all_its_life_is_let_be),
                cmocka_unit_test(when_our_questions_cannot_leave_nobody_is_blamed),
                cmocka_unit_test(one_that_there_is_no_way_to_is_no_excuse_and_no_culprit_for_another),
                cmocka_unit_test(a_link_that_is_down_explains_the_silence_of_all_beyond_it),
                cmocka_unit_test(a_link_that_is_down_is_no_excuse_while_another_server_answers),
                cmocka_unit_test(a_change_of_the_list_keeps_what_is_known_of_those_that_stay),
                cmocka_unit_test(of_fifty_servers_three_are_asked_and_that_is_said_once),
                cmocka_unit_test(the_servers_behind_the_stub_of_resolved_are_asked_too),
                cmocka_unit_test(an_idle_relay_asks_seldom_and_the_first_mail_asks_at_once),
                cmocka_unit_test(mail_that_passes_without_waiting_is_mail),
                cmocka_unit_test(with_use_vc_the_servers_are_asked_over_tcp),
        };

        return cmocka_run_group_tests(tests, net_sandbox_setup, NULL);
}
