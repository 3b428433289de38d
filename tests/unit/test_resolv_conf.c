/* SPDX-License-Identifier: MIT */
/* test_resolv_conf - the file is read as the C library reads it, and read again when it changed */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "common/resolver.h"
#include "support/scratch.h"
#include "support/sensor_bench.h"

static struct resolv_conf parse(const char *text) {
        struct resolv_conf conf;

        resolv_conf_parse(text, strlen(text), &conf);
        return conf;
}

static const char *server(const struct resolv_conf *conf, size_t i) {
        static char text[NET_ADDRESS_TEXT];

        assert_true(i < conf->n_servers);
        net_address_print(&conf->servers[i], text);
        return text;
}

static void servers_and_options_are_found_among_other_lines(void **state) {
        struct resolv_conf conf = parse("# made by hand\n; or not\n"
                                        "domain example.test\nsearch a b c\nsortlist 1.2.3.4\n"
                                        "nameserver\t192.0.2.1  # trailing\n"
                                        "nameserver 2001:db8::53\r\n"
                                        "nameserver fe80::1%eth0\n"
                                        "options timeout:3 attempts:4 rotate edns0 ndots:2 use-vc");

        (void)state;
        assert_int_equal(conf.n_servers, 3);
        assert_string_equal(server(&conf, 0), "192.0.2.1");
        assert_string_equal(server(&conf, 1), "2001:db8::53");
        assert_string_equal(server(&conf, 2), "fe80::1%eth0");
        assert_int_equal(conf.timeout_seconds, 3);
        assert_int_equal(conf.attempts, 4);
        assert_int_equal(conf.ndots, 2);
        assert_true(conf.rotate);
        assert_true(conf.use_vc);
}

static void addresses_are_written_as_the_c_library_takes_them(void **state) {
        struct resolv_conf conf = parse("nameserver 127.1\nnameserver 192.0.2.9;x\nnameserver 0x7f000035#y");

        (void)state;
        assert_int_equal(conf.n_listed, 3);
        assert_string_equal(server(&conf, 0), "127.0.0.1");
        assert_string_equal(server(&conf, 1), "192.0.2.9");
        assert_string_equal(server(&conf, 2), "127.0.0.53");
}

static void a_server_that_is_listed_twice_is_there_twice(void **state) {
        struct resolv_conf conf = parse("nameserver 192.0.2.1\nnameserver 192.0.2.1\nnameserver 192.0.2.2");

        (void)state;
        assert_int_equal(conf.n_servers, 3);
        assert_string_equal(server(&conf, 1), "192.0.2.1");
}

static void nothing_useful_means_the_name_server_of_this_host(void **state) {
        static const char *const texts[] = {"", "\n\n\n", "nameserver", "nameserver \n",
                "nameserver example.test", "nameserver 192.0.2.256", " nameserver 192.0.2.1",
                "nameserver192.0.2.1", "options", "nameserver ::1%",
                "nameserver ::1%a-name-that-is-too-long-for-an-interface", "NAMESERVER 192.0.2.1"};

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(texts); i++) {
                struct resolv_conf conf = parse(texts[i]);

                assert_int_equal(conf.n_servers, 1);
                assert_int_equal(conf.n_listed, 0);
                assert_string_equal(server(&conf, 0), "127.0.0.1");
                assert_int_equal(conf.timeout_seconds, 5);
                assert_int_equal(conf.attempts, 2);
                assert_int_equal(conf.ndots, 1);
                assert_false(conf.rotate);
        }
}

static void of_fifty_servers_the_first_three_count(void **state) {
        struct resolv_conf conf;
        char text[4096] = "";

        (void)state;
        for (int i = 1; i <= 50; i++)
                snprintf(text + strlen(text), sizeof(text) - strlen(text), "nameserver 192.0.2.%d\n", i);
        conf = parse(text);
        assert_int_equal(conf.n_servers, 3);
        assert_int_equal(conf.n_listed, 50);
        assert_string_equal(server(&conf, 2), "192.0.2.3");
}

static void numbers_are_cut_to_the_limits_of_the_c_library(void **state) {
        struct resolv_conf conf = parse("options timeout:0 attempts:99999999999999999999 ndots:16 timeout:x "
                                        "attempts: ndots:-1\noptions timeout:400\n");

        (void)state;
        assert_int_equal(conf.timeout_seconds, 30);
        assert_int_equal(conf.attempts, 5);
        assert_int_equal(conf.ndots, 15);
        /* Which asks nobody at all, as was measured. */
        assert_int_equal(parse("options attempts:0").attempts, 0);
}

static void bytes_of_any_kind_and_lines_without_end_are_passed_over(void **state) {
        static const char nul[] = "nameserver 192.0.2.1\0 x\n\0nameserver 192.0.2.2\nnameserver 192.0.2.3";
        char *text = malloc(200000);
        struct resolv_conf conf;

        (void)state;
        resolv_conf_parse(nul, sizeof(nul) - 1, &conf);
        assert_int_equal(conf.n_servers, 2);
        assert_string_equal(server(&conf, 1), "192.0.2.3");
        memset(text, 'x', 200000);
        for (size_t i = 0; i < 22; i++) {
                text[1000 + i] = "\nnameserver 192.0.2.7\n"[i];
                text[150000 + i] = "\nnameserver 192.0.2.8\n"[i];
        }
        resolv_conf_parse(text, 200000, &conf);
        assert_int_equal(conf.n_servers, 1);
        assert_string_equal(server(&conf, 0), "192.0.2.7");
        free(text);
}

static unsigned logged;

static __attribute__((format(printf, 3, 4))) void count_log(
        const struct sg_host *host, enum sg_level level, const char *format, ...) {
        (void)host;
        (void)format;
        assert_int_equal(level, SG_LEVEL_WARNING);
        logged++;
}

struct fixture {
        struct scratch scratch;
        struct sensor_bench bench;
        struct resolver resolver;
};

static int setup(void **state) {
        struct fixture *fixture = malloc(sizeof(*fixture));

        if (!fixture)
                return -1;
        scratch_init(&fixture->scratch);
        scratch_mkdir(&fixture->scratch, "etc");
        sensor_bench_init(&fixture->bench, fixture->scratch.path);
        fixture->bench.services.log = count_log;
        logged = 0;
        resolver_init(&fixture->resolver, &fixture->bench.services);
        *state = fixture;
        return 0;
}

static int teardown(void **state) {
        struct fixture *fixture = *state;

        sensor_bench_deinit(&fixture->bench);
        scratch_deinit(&fixture->scratch);
        free(fixture);
        return 0;
}

static void a_changed_file_is_read_again_and_an_unchanged_one_is_not(void **state) {
        struct fixture *fixture = *state;

        scratch_write(&fixture->scratch, "etc/resolv.conf", "nameserver 192.0.2.1\n");
        assert_true(resolver_refresh(&fixture->resolver));
        assert_false(resolver_refresh(&fixture->resolver));
        fixture->resolver.conf.n_servers = 0;
        assert_false(resolver_refresh(&fixture->resolver));
        assert_int_equal(fixture->resolver.conf.n_servers, 0);

        scratch_write(
                &fixture->scratch, "etc/resolv.conf.new", "nameserver 192.0.2.2\nnameserver 192.0.2.3\n");
        assert_int_equal(rename(scratch_path(&fixture->scratch, "etc/resolv.conf.new"),
                                 scratch_path(&fixture->scratch, "etc/resolv.conf")),
                0);
        assert_true(resolver_refresh(&fixture->resolver));
        assert_int_equal(fixture->resolver.conf.n_servers, 2);

        /* Written anew with the same servers: no change to act on. */
        scratch_write(
                &fixture->scratch, "etc/resolv.conf", "# new\nnameserver 192.0.2.2\nnameserver 192.0.2.3\n");
        assert_false(resolver_refresh(&fixture->resolver));
}

static void a_missing_file_is_the_default_and_comes_back(void **state) {
        struct fixture *fixture = *state;

        assert_true(resolver_refresh(&fixture->resolver));
        assert_string_equal(server(&fixture->resolver.conf, 0), "127.0.0.1");
        assert_false(resolver_refresh(&fixture->resolver));
        scratch_write(&fixture->scratch, "etc/resolv.conf", "nameserver 192.0.2.1\n");
        assert_true(resolver_refresh(&fixture->resolver));
        assert_string_equal(server(&fixture->resolver.conf, 0), "192.0.2.1");
}

static void links_are_followed_and_one_that_leads_nowhere_is_no_file(void **state) {
        struct fixture *fixture = *state;

        assert_int_equal(
                symlink("../run/resolve/stub.conf", scratch_path(&fixture->scratch, "etc/resolv.conf")), 0);
        assert_true(resolver_refresh(&fixture->resolver));
        assert_string_equal(server(&fixture->resolver.conf, 0), "127.0.0.1");
        assert_int_equal(fixture->resolver.conf.n_listed, 0);
        scratch_write(&fixture->scratch, "run/resolve/stub.conf", "nameserver 127.0.0.53\n");
        assert_true(resolver_refresh(&fixture->resolver));
        assert_string_equal(server(&fixture->resolver.conf, 0), "127.0.0.53");

        /* One that leads back to itself is no file either. */
        assert_int_equal(unlink(scratch_path(&fixture->scratch, "etc/resolv.conf")), 0);
        assert_int_equal(symlink("resolv.conf", scratch_path(&fixture->scratch, "etc/resolv.conf")), 0);
        (void)resolver_refresh(&fixture->resolver);
        assert_true(resolver_refresh(&fixture->resolver));
        assert_string_equal(server(&fixture->resolver.conf, 0), "127.0.0.1");
}

static void a_file_that_is_empty_for_a_moment_changes_nothing(void **state) {
        struct fixture *fixture = *state;

        scratch_write(&fixture->scratch, "etc/resolv.conf", "nameserver 192.0.2.1\n");
        assert_true(resolver_refresh(&fixture->resolver));
        scratch_write(&fixture->scratch, "etc/resolv.conf", "# half of it");
        assert_false(resolver_refresh(&fixture->resolver));
        assert_string_equal(server(&fixture->resolver.conf, 0), "192.0.2.1");
        scratch_write(&fixture->scratch, "etc/resolv.conf", "# the whole\nnameserver 192.0.2.1\n");
        assert_false(resolver_refresh(&fixture->resolver));
        assert_string_equal(server(&fixture->resolver.conf, 0), "192.0.2.1");
        /* But one that stays empty is what the C library has. */
        scratch_write(&fixture->scratch, "etc/resolv.conf", "");
        assert_false(resolver_refresh(&fixture->resolver));
        assert_true(resolver_refresh(&fixture->resolver));
        assert_string_equal(server(&fixture->resolver.conf, 0), "127.0.0.1");
}

static void what_cannot_be_read_leaves_the_old_servers_and_is_logged_once(void **state) {
        struct fixture *fixture = *state;

        scratch_write(&fixture->scratch, "etc/resolv.conf", "nameserver 192.0.2.1\n");
        assert_true(resolver_refresh(&fixture->resolver));
        assert_int_equal(unlink(scratch_path(&fixture->scratch, "etc/resolv.conf")), 0);
        /* A FIFO stands for a file that Landlock refuses: present, and not to be read; it must not block either. */
        assert_int_equal(mkfifo(scratch_path(&fixture->scratch, "etc/resolv.conf"), 0644), 0);
        logged = 0;
        for (int i = 0; i < 3; i++)
                assert_false(resolver_refresh(&fixture->resolver));
        assert_int_equal(logged, 1);
        assert_string_equal(server(&fixture->resolver.conf, 0), "192.0.2.1");
}

#define FILE_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(servers_and_options_are_found_among_other_lines),
                cmocka_unit_test(addresses_are_written_as_the_c_library_takes_them),
                cmocka_unit_test(a_server_that_is_listed_twice_is_there_twice),
                cmocka_unit_test(nothing_useful_means_the_name_server_of_this_host),
                cmocka_unit_test(of_fifty_servers_the_first_three_count),
                cmocka_unit_test(numbers_are_cut_to_the_limits_of_the_c_library),
                cmocka_unit_test(bytes_of_any_kind_and_lines_without_end_are_passed_over),
                FILE_TEST(a_changed_file_is_read_again_and_an_unchanged_one_is_not),
                FILE_TEST(a_missing_file_is_the_default_and_comes_back),
                FILE_TEST(links_are_followed_and_one_that_leads_nowhere_is_no_file),
                FILE_TEST(a_file_that_is_empty_for_a_moment_changes_nothing),
                FILE_TEST(what_cannot_be_read_leaves_the_old_servers_and_is_logged_once),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
