/* SPDX-License-Identifier: MIT */
/* test_resolver_sensor - what is seen to change while Postfix runs, and what only looks like a change */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "postfix/postfix.h"
#include "process_support.h"
#include "support/postfix_options.h"
#include "support/scratch.h"
#include "support/sensor_bench.h"

#define CONF "etc/resolv.conf"
#define COPY "var/spool/postfix/etc/resolv.conf"
#define OLD "nameserver 192.0.2.53\nnameserver 127.0.0.1\n"
#define NEW "nameserver 127.0.0.1\n"
#define SECOND UINT64_C(1000000)

struct host {
        struct scratch scratch;
        struct sensor_bench bench;
        struct sg_value options[POSTFIX_OPTIONS];
        void *sensor;
};

static void set_age(struct host *host, const char *path, time_t seconds) {
        struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}};

        clock_gettime(CLOCK_REALTIME, &times[1]);
        times[1].tv_sec -= seconds;
        assert_int_equal(utimensat(AT_FDCWD, scratch_path(&host->scratch, path), times, 0), 0);
}

static void write_now(struct host *host, const char *path, const char *text) {
        scratch_write(&host->scratch, path, text);
        set_age(host, path, 0);
}

/* Postfix runs for an hour, with an smtp of twenty minutes; the files are two hours old. */
static void start(struct host *host, char chroot) {
        char master_cf[128];

        snprintf(master_cf, sizeof(master_cf), "smtp unix - - %c - - smtp\nqmgr unix n - n 300 1 qmgr\n",
                chroot);
        scratch_write(&host->scratch, "etc/postfix/main.cf", "compatibility_level = 3.6\n");
        scratch_write(&host->scratch, "etc/postfix/master.cf", master_cf);
        scratch_write(&host->scratch, "var/spool/postfix/pid/master.pid", "500\n");
        process_write(&host->scratch, 1, "systemd", 0, 90000);
        process_write(&host->scratch, 500, "master", 1, 3600);
        process_write(&host->scratch, 501, "qmgr", 500, 3600);
        process_write(&host->scratch, 502, "smtp", 500, 1200);
        scratch_write(&host->scratch, "proc/500/task/500/children", "501 502 ");
        scratch_write(&host->scratch, CONF, OLD);
        set_age(host, CONF, 7200);
        if (chroot == 'y') {
                scratch_write(&host->scratch, COPY, OLD);
                set_age(host, COPY, 3600);
        }
        sensor_bench_init(&host->bench, host->scratch.path);
        host->bench.leaps = true;
        process_leapt_usec = &host->bench.leapt_usec;
        assert_int_equal(postfix_resolver.create(&host->bench.services, host->options, &host->sensor), 0);
}

static int setup(void **state) {
        static const char *const spools[] = {NULL};
        struct host *host = calloc(1, sizeof(*host));

        if (!host)
                return -1;
        scratch_init(&host->scratch);
        postfix_options_init(host->options, spools);
        *state = host;
        return 0;
}

static int teardown(void **state) {
        struct host *host = *state;

        process_leapt_usec = NULL;
        postfix_resolver.destroy(host->sensor);
        sensor_bench_deinit(&host->bench);
        scratch_deinit(&host->scratch);
        free(host);
        return 0;
}

/* -1: missing; -2: nothing was said. */
static double value(const struct host *host) {
        const struct bench_reading *found = sensor_bench_find(&host->bench, "resolver_stale", "-");

        if (!found)
                return -2;
        return found->missing ? -1 : found->value;
}

static void expect(struct host *host, double wanted) {
        for (int i = 0; i < 600 && value(host) != wanted; i++)
                sensor_bench_run(&host->bench, SECOND);
        assert_float_equal(value(host), wanted, 0);
}

/* Looks go on, longer than an agent would have to outlive a change that nobody saw, and find nothing else. */
static void expect_still(struct host *host, double wanted) {
        for (int i = 0; i < 40; i++) {
                sensor_bench_run(&host->bench, SECOND);
                assert_float_equal(value(host), wanted, 0);
        }
}

static const char *sentence(const struct host *host) {
        return sensor_bench_find(&host->bench, "resolver_stale", "-")->sentence;
}

static void a_change_that_was_seen_makes_older_agents_stale_until_a_reload(void **state) {
        struct host *host = *state;

        start(host, 'n');
        expect(host, 0);
        write_now(host, CONF, NEW);
        expect(host, 1);
        assert_non_null(strstr(sentence(host), "smtp (pid 502, since "));
        assert_non_null(strstr(sentence(host), ") still uses the name servers of before "));
        /* The delivery of the old one goes on for a while. */
        process_write(&host->scratch, 503, "qmgr", 500, 0);
        scratch_write(&host->scratch, "proc/500/task/500/children", "503 502 ");
        expect(host, 0);
        expect_still(host, 0);
}

static void a_file_written_anew_with_the_same_content_is_no_change(void **state) {
        struct host *host = *state;

        start(host, 'n');
        expect(host, 0);
        write_now(host, CONF, "# at 14:31\n" OLD);
        expect_still(host, 0);
}

static void an_empty_file_in_between_is_not_known_and_no_change(void **state) {
        struct host *host = *state;

        start(host, 'n');
        expect(host, 0);
        write_now(host, CONF, "");
        expect(host, -1);
        write_now(host, CONF, OLD);
        expect(host, 0);
        expect_still(host, 0);
        unlink(scratch_path(&host->scratch, CONF));
        expect(host, -1);
}

static void a_copy_in_the_chroot_that_drifted_is_stale_and_a_fresh_one_needs_a_reload(void **state) {
        struct host *host = *state;

        start(host, 'y');
        expect(host, 0);
        write_now(host, CONF, NEW);
        expect(host, 1);
        assert_string_equal(sentence(host),
                "the copy of resolv.conf in /var/spool/postfix/etc, which the services in the chroot use, "
                "differs");
        write_now(host, COPY, NEW);
        sensor_bench_run(&host->bench, 20 * SECOND);
        expect(host, 1);
        assert_non_null(strstr(sentence(host), "smtp (pid 502, since "));
        process_write(&host->scratch, 503, "qmgr", 500, 0);
        scratch_write(&host->scratch, "proc/500/task/500/children", "503 ");
        expect(host, 0);
}

static void a_change_before_the_start_is_known_by_the_time_of_the_file(void **state) {
        struct host *host = *state;

        start(host, 'n');
        set_age(host, CONF, 300);
        expect(host, 1);
}

static void a_touch_after_the_start_changes_nothing(void **state) {
        struct host *host = *state;

        start(host, 'n');
        expect(host, 0);
        set_age(host, CONF, 100);
        expect_still(host, 0);
}

static void without_sight_of_processes_or_of_a_configuration_it_is_missing(void **state) {
        struct host *host = *state;

        start(host, 'n');
        unlink(scratch_path(&host->scratch, "proc/1/stat"));
        expect(host, -1);
        process_write(&host->scratch, 1, "systemd", 0, 90000);
        expect(host, 0);
        unlink(scratch_path(&host->scratch, "etc/postfix/master.cf"));
        expect(host, -1);
}

static int count_path(const char *path, void *data) {
        unsigned *n = data;

        n[0] += strcmp(path, "/etc/postfix/master.cf") == 0;
        n[1] += strcmp(path, "/etc/hosts") == 0;
        return 0;
}

static void files_of_the_c_library_are_read_only_where_it_looks_names_up(void **state) {
        static const char *const spools[] = {NULL};
        struct sg_value options[POSTFIX_OPTIONS];
        struct scratch scratch;

        (void)state;
        postfix_options_init(options, spools);
        scratch_init(&scratch);
        for (unsigned native = 0; native < 2; native++) {
                unsigned n[2] = {0, 0};

                scratch_write(&scratch, "etc/postfix/main.cf",
                        native ? "smtp_host_lookup = dns, native\n" : "smtp_host_lookup = dns\n");
                scratch_write(&scratch, "etc/postfix/master.cf", "");
                chmod(scratch_path(&scratch, "etc/postfix/main.cf"), 0644);
                assert_int_equal(postfix_resolver.reads_more(scratch.path, options, count_path, n), 0);
                assert_int_equal(n[0], 1);
                assert_int_equal(n[1], native);
        }
        scratch_deinit(&scratch);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

/* It could not read the file before: the wait for it to settle is over. */
static void what_settled_before_the_watcher_began_counts_at_once(void **state) {
        struct host *host = *state;

        start(host, 'y');
        expect(host, 0);
        postfix_resolver.destroy(host->sensor);
        write_now(host, CONF, NEW);
        sensor_bench_run(&host->bench, 10 * SECOND);
        assert_float_equal(value(host), 0, 0);
        assert_int_equal(postfix_resolver.create(&host->bench.services, host->options, &host->sensor), 0);
        sensor_bench_run(&host->bench, SECOND);
        assert_float_equal(value(host), 1, 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(a_change_that_was_seen_makes_older_agents_stale_until_a_reload),
                TEST(a_file_written_anew_with_the_same_content_is_no_change),
                TEST(an_empty_file_in_between_is_not_known_and_no_change),
                TEST(a_copy_in_the_chroot_that_drifted_is_stale_and_a_fresh_one_needs_a_reload),
                TEST(a_change_before_the_start_is_known_by_the_time_of_the_file),
                TEST(a_touch_after_the_start_changes_nothing),
                TEST(without_sight_of_processes_or_of_a_configuration_it_is_missing),
                TEST(what_settled_before_the_watcher_began_counts_at_once),
                cmocka_unit_test(files_of_the_c_library_are_read_only_where_it_looks_names_up),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
