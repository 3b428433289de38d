/* SPDX-License-Identifier: MIT */
/* test_logs_sensor_hostile - a log directory in which somebody put what is no log, or puts it there while we look */
#include "logs_sensor_support.h"

#include <errno.h>
#include <limits.h>
#include <linux/magic.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <sys/un.h>

static long pretended_magic; /* 0: what it is */

int __real_fstatfs(int fd, struct statfs *ret);
int __wrap_fstatfs(int fd, struct statfs *ret);

int __wrap_fstatfs(int fd, struct statfs *ret) {
        int r = __real_fstatfs(fd, ret);

        if (pretended_magic)
                ret->f_type = pretended_magic;
        return r;
}

static bool holds_only_its_logs(struct fixture *fixture) {
        double bytes = value(fixture, "log_bytes", "/var/log");

        return bytes >= 2.0 * (double)MIB && bytes < 2.1 * (double)MIB;
}

static void links_lead_nowhere_when_they_are_named_either(void **state) {
        struct fixture *fixture = *state;
        const struct scratch *scratch = &fixture->scratch;

        scratch_fill(scratch, "outside/secret.log", 4 * MIB);
        start(fixture);
        assert_int_equal(symlink("../../outside", scratch_path(scratch, "var/log/dir")), 0);
        assert_int_equal(symlink("../../outside/secret.log", scratch_path(scratch, "var/log/file")), 0);
        assert_int_equal(symlink("/nowhere", scratch_path(scratch, "var/log/dangling")), 0);
        assert_int_equal(symlink("loop", scratch_path(scratch, "var/log/loop")), 0);
        sensor_bench_run(&fixture->bench, 2 * LOOKED);
        append(fixture, "outside/secret.log", MIB);
        append(fixture, "var/log/mail.log", 100);
        sensor_bench_run(&fixture->bench, 2 * LOOKED);
        assert_true(holds_only_its_logs(fixture));
        assert_true(growth(fixture, "/var/log") < 1024);
        assert_true(growth(fixture, "/var/log/file") == -1);
}

static void what_is_no_regular_file_is_neither_opened_nor_counted(void **state) {
        struct fixture *fixture = *state;
        const struct scratch *scratch = &fixture->scratch;
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        int fifo, listening = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

        snprintf(address.sun_path, sizeof(address.sun_path), "%s", scratch_path(scratch, "var/log/socket"));
        assert_int_equal(bind(listening, (const struct sockaddr *)&address, sizeof(address)), 0);
        assert_int_equal(mkfifo(scratch_path(scratch, "var/log/fifo.log"), 0600), 0);
        if (geteuid() == 0) {
                assert_int_equal(
                        mknod(scratch_path(scratch, "var/log/zero"), S_IFCHR | 0600, makedev(1, 5)), 0);
                assert_int_equal(
                        mknod(scratch_path(scratch, "var/log/disk"), S_IFBLK | 0600, makedev(7, 0)), 0);
        }
        start(fixture);
        /* Writes into it are events of that name. */
        fifo = open(scratch_path(scratch, "var/log/fifo.log"), O_RDWR | O_CLOEXEC);
        for (int i = 0; i < 100; i++)
                assert_int_equal(write(fifo, "line\n", 5), 5);
        sensor_bench_run(&fixture->bench, 2 * LOOKED);
        assert_true(holds_only_its_logs(fixture));
        assert_true(growth(fixture, "/var/log") == 0);
        assert_true(growth(fixture, "/var/log/fifo.log") == -1);
        close(fifo);
        close(listening);
}

static void a_directory_on_a_network_is_missing_and_not_looked_at(void **state) {
        static const long magics[] = {NFS_SUPER_MAGIC, SMB2_SUPER_MAGIC, 0x65735546 /* FUSE */};
        struct fixture *fixture = *state;

        for (size_t i = 0; i < ELEMENTSOF(magics); i++) {
                pretended_magic = magics[i];
                start(fixture);
                pretended_magic = 0;
                assert_true(sensor_bench_find(&fixture->bench, "log_bytes", "/var/log")->missing);
                assert_true(sensor_bench_find(&fixture->bench, "deleted_open_bytes", "")->missing);
                logs_sensor.destroy(fixture->sensor);
        }
        start(fixture);
        assert_true(holds_only_its_logs(fixture));
        assert_true(deleted(fixture) == 0);
}

static void a_sparse_log_has_the_size_of_its_blocks(void **state) {
        struct fixture *fixture = *state;
        const struct scratch *scratch = &fixture->scratch;
        int fd;

        append(fixture, "var/log/sparse.log", 0);
        append(fixture, "var/log/empty.log", 0);
        assert_int_equal(truncate(scratch_path(scratch, "var/log/sparse.log"), (off_t)1 << 40), 0);
        start(fixture);
        assert_true(holds_only_its_logs(fixture));
        assert_true(value(fixture, "log_bytes", "/var/log/empty.log") == -1);
        /* One byte at the far end, and one each in two more holes. */
        fd = open(scratch_path(scratch, "var/log/sparse.log"), O_WRONLY | O_CLOEXEC);
        for (off_t at = 1; at < 4; at++)
                assert_int_equal(pwrite(fd, "x", 1, (off_t)1 << (37 + at)), 1);
        assert_int_equal(fsync(fd), 0);
        close(fd);
        append(fixture, "var/log/empty.log", 6000);
        sensor_bench_run(&fixture->bench, LOOKED);
        assert_true(growth(fixture, "/var/log/empty.log") == 100);
        assert_true(growth(fixture, "/var/log") >= 100 && growth(fixture, "/var/log") < 10000);
        assert_true(holds_only_its_logs(fixture));
}

static void a_name_of_any_bytes_is_one_line_of_the_log(void **state) {
        static const char name[] = "var/log/\xff\xc3(\nspoolguard: all is well\n\x1b[2J\\.log";
        struct fixture *fixture = *state;
        char path[128];
        int fd;

        append(fixture, name, 1);
        start(fixture);
        append(fixture, name, 6000);
        sensor_bench_run(&fixture->bench, LOOKED);
        snprintf(path, sizeof(path), "/%s", name);
        assert_true(growth(fixture, path) == 100); /* the host escapes labels */
        fd = open(scratch_path(&fixture->scratch, name), O_WRONLY | O_APPEND | O_CLOEXEC);
        assert_int_equal(unlink(scratch_path(&fixture->scratch, name)), 0);
        sensor_bench_run(&fixture->bench, 2 * LOOKED);
        assert_int_equal(fixture->n_lines, 1);
        assert_non_null(strstr(
                fixture->line, "/var/log/\\xff\\xc3(\\x0aspoolguard: all is well\\x0a\\x1b[2J\\x5c.log "));
        close(fd);
}

static void a_name_as_long_as_names_can_be_is_counted_and_not_shown(void **state) {
        struct fixture *fixture = *state;
        char name[LOGS_NAME_MAX + 16] = "var/log/";
        int fd;

        memset(name + strlen("var/log/"), 'x', NAME_MAX);
        append(fixture, name, 1);
        start(fixture);
        append(fixture, name, 6000);
        sensor_bench_run(&fixture->bench, LOOKED);
        assert_true(growth(fixture, "/var/log") == 100);
        fd = open(scratch_path(&fixture->scratch, name), O_WRONLY | O_APPEND | O_CLOEXEC);
        assert_int_equal(unlink(scratch_path(&fixture->scratch, name)), 0);
        sensor_bench_run(&fixture->bench, 2 * LOOKED);
        assert_true(growth(fixture, "/var/log") == 100);
        close(fd);
}

#define SWAPPED 8

/* For logs_walk_turn(): when the first of the directories is read, the others become links to another one. */
struct swapper {
        struct fixture *fixture;
        unsigned n_logs, n_secrets;
};

static void on_file(size_t directory, int fd, const char *name, const struct statx *status, void *data) {
        struct swapper *swapper = data;
        const struct scratch *scratch = &swapper->fixture->scratch;
        char this[64], path[64], aside[64];

        (void)directory;
        (void)fd;
        (void)status;
        swapper->n_secrets += strcmp(name, "secret.log") == 0;
        if (strncmp(name, "log", 3) != 0 || swapper->n_logs++ > 0)
                return;
        snprintf(this, sizeof(this), "var/log/dir%s", name + 3);
        for (unsigned i = 0; i < SWAPPED; i++) {
                snprintf(path, sizeof(path), "var/log/dir%u", i);
                snprintf(aside, sizeof(aside), "aside%u", i);
                if (strcmp(path, this) == 0)
                        continue;
                assert_int_equal(rename(scratch_path(scratch, path), scratch_path(scratch, aside)), 0);
                assert_int_equal(symlink("../../outside", scratch_path(scratch, path)), 0);
        }
}

static void a_directory_that_becomes_a_link_while_we_walk_is_passed_over(void **state) {
        struct fixture *fixture = *state;
        struct swapper swapper = {.fixture = fixture};
        struct logs_root root = {.label = "/var/log"};
        int inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
        struct logs_walk walk;
        char name[64];

        scratch_write(&fixture->scratch, "outside/secret.log", "x\n");
        for (unsigned i = 0; i < SWAPPED; i++) {
                snprintf(name, sizeof(name), "var/log/dir%u/log%u", i, i);
                scratch_write(&fixture->scratch, name, "x\n");
        }
        snprintf(root.path, sizeof(root.path), "%s/var/log", fixture->scratch.path);
        assert_int_equal(logs_walk_begin(&walk, &root, 1), 0);
        while (logs_walk_turn(&walk, inotify, &root, on_file, &swapper))
                ;
        assert_int_equal(swapper.n_logs, 1);
        assert_int_equal(swapper.n_secrets, 0);
        assert_true(walk.incomplete);
        logs_walk_deinit(&walk);
        close(inotify);
}

static void a_directory_that_became_a_link_is_not_measured_through(void **state) {
        struct fixture *fixture = *state;
        const struct scratch *scratch = &fixture->scratch;

        scratch_fill(scratch, "outside/b/deep.log", 8 * MIB);
        start(fixture);
        append(fixture, "var/log/nginx/a/b/deep.log", 60 * KIB);
        /* The name was said of the old directory, and is asked of the new one. */
        assert_int_equal(rename(scratch_path(scratch, "var/log/nginx/a"), scratch_path(scratch, "moved")), 0);
        assert_int_equal(symlink("../../../outside", scratch_path(scratch, "var/log/nginx/a")), 0);
        sensor_bench_run(&fixture->bench, 2 * LOOKED);
        assert_true(value(fixture, "log_bytes", "/var/log") < 1.1 * (double)MIB);
        assert_true(growth(fixture, "/var/log") == 0);
}

static void a_configured_directory_that_is_another_one_is_not_measured_before_it_is_walked(void **state) {
        struct fixture *fixture = *state;
        const struct scratch *scratch = &fixture->scratch;
        struct logs_root root = {.label = "/var/log"};
        struct logs_walk walk;
        int fd;

        snprintf(root.path, sizeof(root.path), "%s/var/log", scratch->path);
        scratch_mkdir(scratch, "outside");
        assert_int_equal(logs_walk_begin(&walk, &root, 1), 0);
        fd = logs_walk_open(&root, "nginx");
        assert_true(fd >= 0);
        close(fd);
        assert_int_equal(rename(scratch_path(scratch, "var/log"), scratch_path(scratch, "var/moved")), 0);
        assert_int_equal(symlink("../outside", scratch_path(scratch, "var/log")), 0);
        assert_int_equal(logs_walk_open(&root, ""), -ESTALE);
        logs_walk_deinit(&walk);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                WITH_FIXTURE(links_lead_nowhere_when_they_are_named_either),
                WITH_FIXTURE(what_is_no_regular_file_is_neither_opened_nor_counted),
                WITH_FIXTURE(a_directory_on_a_network_is_missing_and_not_looked_at),
                WITH_FIXTURE(a_sparse_log_has_the_size_of_its_blocks),
                WITH_FIXTURE(a_name_of_any_bytes_is_one_line_of_the_log),
                WITH_FIXTURE(a_name_as_long_as_names_can_be_is_counted_and_not_shown),
                WITH_FIXTURE(a_directory_that_becomes_a_link_while_we_walk_is_passed_over),
                WITH_FIXTURE(a_directory_that_became_a_link_is_not_measured_through),
                WITH_FIXTURE(a_configured_directory_that_is_another_one_is_not_measured_before_it_is_walked),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
