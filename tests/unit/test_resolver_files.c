/* SPDX-License-Identifier: MIT */
/* test_resolver_files - which copies in a chroot drifted, and which resolv.conf could be anybody's present one */
#include <errno.h>
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

#include "postfix/resolver_files.h"
#include "support/scratch.h"

static int setup(void **state) {
        struct scratch *scratch = calloc(1, sizeof(*scratch));

        if (!scratch)
                return -1;
        scratch_init(scratch);
        scratch_mkdir(scratch, "var/spool/postfix/etc");
        *state = scratch;
        return 0;
}

static int teardown(void **state) {
        scratch_deinit(*state);
        free(*state);
        return 0;
}

static enum resolver_copy compare(struct scratch *scratch, enum resolver_file_id id) {
        char spool[256];

        snprintf(spool, sizeof(spool), "%s/var/spool/postfix", scratch->path);
        return resolver_files_compare(scratch->path, spool, id);
}

static void set_time(struct scratch *scratch, const char *path, time_t seconds) {
        struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = seconds}};

        assert_int_equal(utimensat(AT_FDCWD, scratch_path(scratch, path), times, 0), 0);
}

static void comments_blank_lines_and_blanks_at_the_end_make_no_difference(void **state) {
        struct scratch *scratch = *state;

        scratch_write(scratch, "etc/resolv.conf", "# made at 14:31\nnameserver 192.0.2.1 \n\n; by hand\n");
        scratch_write(
                scratch, "var/spool/postfix/etc/resolv.conf", "# made at 09:00\nnameserver 192.0.2.1\n");
        assert_int_equal(compare(scratch, RESOLVER_RESOLV_CONF), RESOLVER_COPY_SAME);
        scratch_write(scratch, "etc/resolv.conf", "nameserver 192.0.2.1\nnameserver 192.0.2.2\n");
        assert_int_equal(compare(scratch, RESOLVER_RESOLV_CONF), RESOLVER_COPY_DRIFTED);
        /* No text: each byte counts. */
        scratch_write(scratch, "etc/localtime", "# a\n");
        scratch_write(scratch, "var/spool/postfix/etc/localtime", "# b\n");
        assert_int_equal(compare(scratch, RESOLVER_LOCALTIME), RESOLVER_COPY_DRIFTED);
}

static void a_copy_that_was_written_after_the_hosts_file_is_somebodys_own(void **state) {
        struct scratch *scratch = *state;

        scratch_write(scratch, "etc/resolv.conf", "nameserver 192.0.2.1\n");
        scratch_write(scratch, "var/spool/postfix/etc/resolv.conf", "nameserver 127.0.0.1\n");
        set_time(scratch, "var/spool/postfix/etc/resolv.conf", time(NULL) + 60);
        assert_int_equal(compare(scratch, RESOLVER_RESOLV_CONF), RESOLVER_COPY_OWN);
        assert_false(resolver_copy_is_stale(RESOLVER_COPY_OWN));
        set_time(scratch, "var/spool/postfix/etc/resolv.conf", time(NULL) - 60);
        assert_int_equal(compare(scratch, RESOLVER_RESOLV_CONF), RESOLVER_COPY_DRIFTED);
        assert_true(resolver_copy_is_stale(RESOLVER_COPY_DRIFTED));
}

/* The file may be older than the copy, and still have got its name after it. */
static void a_file_that_is_moved_or_linked_into_place_counts_from_then(void **state) {
        struct scratch *scratch = *state;

        scratch_write(scratch, "var/spool/postfix/etc/resolv.conf", "nameserver 127.0.0.1\n");
        set_time(scratch, "var/spool/postfix/etc/resolv.conf", time(NULL) - 100);
        scratch_write(scratch, "run/stub.conf", "nameserver 192.0.2.1\n");
        set_time(scratch, "run/stub.conf", time(NULL) - 1000);
        scratch_mkdir(scratch, "etc");
        assert_int_equal(symlink("../run/stub.conf", scratch_path(scratch, "etc/resolv.conf")), 0);
        assert_int_equal(compare(scratch, RESOLVER_RESOLV_CONF), RESOLVER_COPY_DRIFTED);
}

static void what_is_missing_or_cannot_be_read_is_told_apart(void **state) {
        struct scratch *scratch = *state;

        assert_int_equal(compare(scratch, RESOLVER_NSS_MDNS), RESOLVER_COPY_SAME);
        scratch_write(scratch, "etc/hosts", "127.0.0.1 localhost\n");
        assert_int_equal(compare(scratch, RESOLVER_HOSTS), RESOLVER_COPY_MISSING);
        assert_int_equal(mkfifo(scratch_path(scratch, "var/spool/postfix/etc/hosts"), 0600), 0);
        assert_int_equal(compare(scratch, RESOLVER_HOSTS), RESOLVER_COPY_UNKNOWN);
        scratch_mkdir(scratch, "etc/services");
        assert_int_equal(compare(scratch, RESOLVER_SERVICES), RESOLVER_COPY_UNKNOWN);
}

static void a_file_that_is_too_long_is_unknown_and_not_cut(void **state) {
        struct scratch *scratch = *state;
        struct resolver_file file;

        scratch_write(scratch, "etc/hosts", "127.0.0.1 localhost\n");
        assert_int_equal(truncate(scratch_path(scratch, "etc/hosts"), RESOLVER_FILE_MAX), 0);
        resolver_file_look(scratch_path(scratch, "etc/hosts"), true, &file);
        assert_int_equal(file.error, -EFBIG);
        assert_int_equal(truncate(scratch_path(scratch, "etc/hosts"), RESOLVER_FILE_MAX - 1), 0);
        resolver_file_look(scratch_path(scratch, "etc/hosts"), true, &file);
        assert_int_equal(file.error, 0);
}

static void a_resolv_conf_without_a_server_is_nobodys_present_one(void **state) {
        static const struct {
                const char *text;
                const char *why; /* NULL: it is usable */
        } cases[] = {
                {"", "it is empty"},
                {"# nothing yet\n", "it names no name server"},
                {"search example.test\noptions rotate\n", "it names no name server"},
                {"nameserver 192.0.2.1\n", NULL},
                {"nameserver 192.0.2.1", NULL},
                {"nameserver\t2001:db8::1\r\n", NULL},
                {"nameserver fe80::1%eth0\n", NULL},
                {" nameserver 192.0.2.1\n", "it names no name server"},
                {"nameserver192.0.2.1\n", "it names no name server"},
                /* The C library takes these: three numbers, a comment right behind it. */
                {"nameserver 127.1\n", NULL},
                {"nameserver 192.0.2\n", NULL},
                {"nameserver 192.0.2.1#53\n", NULL},
                {"nameserver 192.0.2.1;was .2\n", NULL},
                {"nameserver #192.0.2.1\n", "line 1: \"nameserver #192.0.2.1\" is no address"},
                {"\nnameserver 192.0.2.\n", "line 2: \"nameserver 192.0.2.\" is no address"},
                {"nameserver\n", "it names no name server"},
                {"nameserver \n", "line 1: \"nameserver \" is no address"},
                {"nameserver dns.\x1b[31m\n", "line 1: \"nameserver dns.?[31m\" is no address"},
                {"nameserver nonsense\nnameserver 192.0.2.1\n", NULL},
        };
        char why[RESOLVER_WHY_MAX];

        (void)state;
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                bool usable = resolver_conf_is_usable(cases[i].text, strlen(cases[i].text), why);

                assert_int_equal(usable, cases[i].why == NULL);
                if (cases[i].why)
                        assert_string_equal(why, cases[i].why);
        }
        assert_false(resolver_conf_is_usable("nameserver\0\0\n", 13, why));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(
                        comments_blank_lines_and_blanks_at_the_end_make_no_difference, setup, teardown),
                cmocka_unit_test_setup_teardown(
                        a_copy_that_was_written_after_the_hosts_file_is_somebodys_own, setup, teardown),
                cmocka_unit_test_setup_teardown(
                        a_file_that_is_moved_or_linked_into_place_counts_from_then, setup, teardown),
                cmocka_unit_test_setup_teardown(
                        what_is_missing_or_cannot_be_read_is_told_apart, setup, teardown),
                cmocka_unit_test_setup_teardown(
                        a_file_that_is_too_long_is_unknown_and_not_cut, setup, teardown),
                cmocka_unit_test(a_resolv_conf_without_a_server_is_nobodys_present_one),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
