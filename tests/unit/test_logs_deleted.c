/* SPDX-License-Identifier: MIT */
/* test_logs_deleted - logs that are deleted while somebody has them open, and what looks like it and is not */
#include "logs_sensor_support.h"

#include <errno.h>
#include <sys/inotify.h>

#define CLOSED (6 * SEC) /* nobody says so: it is looked for every five seconds */

static bool no_watches;

int __real_inotify_add_watch(int fd, const char *path, uint32_t mask);
int __wrap_inotify_add_watch(int fd, const char *path, uint32_t mask);

int __wrap_inotify_add_watch(int fd, const char *path, uint32_t mask) {
        if (!no_watches || !(mask & IN_ATTRIB))
                return __real_inotify_add_watch(fd, path, mask);
        errno = ENOSPC;
        return -1;
}

static bool can_use_handles(const struct fixture *fixture) {
        union {
                struct file_handle head;
                unsigned char bytes[sizeof(struct file_handle) + 128];
        } handle = {.head = {.handle_bytes = 128}};
        int mount, directory = open(fixture->scratch.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), fd = -1;

        if (name_to_handle_at(directory, "", &handle.head, &mount, AT_EMPTY_PATH) == 0)
                fd = open_by_handle_at(directory, &handle.head, O_PATH | O_CLOEXEC);
        close(directory);
        if (fd >= 0)
                close(fd);
        return fd >= 0;
}

static void write_bytes(int fd, size_t bytes) {
        static const char zeros[MIB] = {1};

        assert_int_equal(write(fd, zeros, bytes), bytes);
        assert_int_equal(fsync(fd), 0);
}

static double blocks_of(int fd) {
        struct stat status;

        assert_int_equal(fstat(fd, &status), 0);
        return (double)status.st_blocks * 512;
}

/* Opens the log and writes to it, so that the sensor follows it; a new one is seen without growing at first. */
static int open_and_grow(struct fixture *fixture, const char *name) {
        int fd = open(scratch_path(&fixture->scratch, name), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);

        assert_true(fd >= 0);
        if (blocks_of(fd) == 0)
                sensor_bench_run(&fixture->bench, LOOKED);
        write_bytes(fd, 60 * KIB);
        sensor_bench_run(&fixture->bench, LOOKED);
        return fd;
}

static void remove_log(const struct fixture *fixture, const char *name) {
        assert_int_equal(unlink(scratch_path(&fixture->scratch, name)), 0);
}

static void rename_log(const struct fixture *fixture, const char *from, const char *to) {
        assert_int_equal(
                rename(scratch_path(&fixture->scratch, from), scratch_path(&fixture->scratch, to)), 0);
}

static void a_log_deleted_under_its_writer_counts_until_it_is_closed(void **state) {
        struct fixture *fixture = *state;
        int fd;

        start(fixture);
        assert_true(deleted(fixture) == 0);
        fd = open_and_grow(fixture, "var/log/mail.log");
        remove_log(fixture, "var/log/mail.log");
        sensor_bench_run(&fixture->bench, 2 * LOOKED);
        assert_true(deleted(fixture) == blocks_of(fd));
        assert_true(deleted(fixture) >= (double)MIB);
        assert_int_equal(fixture->n_lines, 1);
        assert_non_null(strstr(fixture->line, "/var/log/mail.log "));
        assert_true(growth(fixture, "/var/log/mail.log") == -1);
        close(fd);
        sensor_bench_run(&fixture->bench, CLOSED);
        assert_true(deleted(fixture) == 0);
        assert_int_equal(fixture->n_lines, 1);
}

static void its_space_is_free_before_we_look_again(void **state) {
        union {
                struct file_handle head;
                unsigned char bytes[sizeof(struct file_handle) + 128];
        } handle = {.head = {.handle_bytes = 128}};
        struct fixture *fixture = *state;
        int fd, directory, mount;

        if (!can_use_handles(fixture))
                skip();
        start(fixture);
        fd = open_and_grow(fixture, "var/log/mail.log");
        directory = open(fixture->scratch.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        assert_int_equal(name_to_handle_at(fd, "", &handle.head, &mount, AT_EMPTY_PATH), 0);
        remove_log(fixture, "var/log/mail.log");
        sensor_bench_run(&fixture->bench, 2 * LOOKED);
        assert_true(deleted(fixture) > 0);
        close(fd);
        assert_int_equal(open_by_handle_at(directory, &handle.head, O_PATH | O_CLOEXEC), -1);
        assert_int_equal(errno, ESTALE);
        close(directory);
}

static void rotation_of_an_open_log_is_no_deletion(void **state) {
        struct fixture *fixture = *state;
        int fd, next;

        start(fixture);
        fd = open_and_grow(fixture, "var/log/mail.log");
        rename_log(fixture, "var/log/mail.log", "var/log/mail.log.1");
        next = open_and_grow(fixture, "var/log/mail.log");
        assert_int_equal(fchmod(fd, 0600), 0);
        sensor_bench_run(&fixture->bench, 2 * LOOKED);
        assert_true(deleted(fixture) == 0);
        assert_int_equal(fixture->n_lines, 0);
        /* But the rotated one has a writer still. */
        remove_log(fixture, "var/log/mail.log.1");
        sensor_bench_run(&fixture->bench, 2 * LOOKED);
        assert_true(deleted(fixture) >= (double)MIB);
        assert_non_null(strstr(fixture->line, "/var/log/mail.log.1 "));
        close(fd);
        close(next);
}

static void what_nobody_has_open_is_gone_and_not_deleted(void **state) {
        struct fixture *fixture = *state;

        start(fixture);
        close(open_and_grow(fixture, "var/log/mail.log"));
        close(open_and_grow(fixture, "var/log/app.log"));
        rename_log(fixture, "var/log/app.log", "var/log/app.log.1");
        remove_log(fixture, "var/log/mail.log");
        remove_log(fixture, "var/log/app.log.1");
        sensor_bench_run(&fixture->bench, 2 * LOOKED);
        assert_true(deleted(fixture) == 0);
        assert_int_equal(fixture->n_lines, 0);
}

static void a_log_with_another_name_is_not_deleted(void **state) {
        struct fixture *fixture = *state;
        int fd;

        scratch_mkdir(&fixture->scratch, "elsewhere");
        start(fixture);
        assert_int_equal(link(scratch_path(&fixture->scratch, "var/log/mail.log"),
                                 scratch_path(&fixture->scratch, "elsewhere/mail.log")),
                0);
        fd = open_and_grow(fixture, "var/log/mail.log");
        remove_log(fixture, "var/log/mail.log");
        sensor_bench_run(&fixture->bench, 2 * LOOKED);
        assert_true(deleted(fixture) == 0);
        close(fd);
        /* Nor is one that was moved to where we do not look. */
        fd = open_and_grow(fixture, "var/log/app.log");
        rename_log(fixture, "var/log/app.log", "elsewhere/app.log");
        assert_int_equal(fchmod(fd, 0600), 0);
        sensor_bench_run(&fixture->bench, 2 * LOOKED);
        assert_true(deleted(fixture) == 0);
        assert_int_equal(fixture->n_lines, 0);
        close(fd);
}

static void a_log_that_another_file_replaced_is_deleted(void **state) {
        struct fixture *fixture = *state;
        int fd;

        start(fixture);
        fd = open_and_grow(fixture, "var/log/mail.log");
        append(fixture, "var/log/new", 100);
        rename_log(fixture, "var/log/new", "var/log/mail.log");
        sensor_bench_run(&fixture->bench, 2 * LOOKED);
        assert_true(deleted(fixture) == blocks_of(fd));
        close(fd);
}

static void many_more_logs_than_are_followed_grow_and_go(void **state) {
        struct fixture *fixture = *state;
        int files[2 * LOGS_GROWERS_MAX];
        char name[64];
        double bytes;

        start(fixture);
        for (unsigned i = 0; i < ELEMENTSOF(files); i++) {
                snprintf(name, sizeof(name), "var/log/app%u.log", i);
                files[i] = open(scratch_path(&fixture->scratch, name),
                        O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
        }
        sensor_bench_run(&fixture->bench, LOOKED);
        for (unsigned i = 0; i < ELEMENTSOF(files); i++)
                write_bytes(files[i], 8192);
        sensor_bench_run(&fixture->bench, 2 * LOOKED);
        for (unsigned i = 0; i < ELEMENTSOF(files); i++) {
                snprintf(name, sizeof(name), "var/log/app%u.log", i);
                remove_log(fixture, name);
        }
        sensor_bench_run(&fixture->bench, 2 * LOOKED);
        bytes = deleted(fixture);
        assert_int_equal(fixture->n_lines, LOGS_GROWERS_MAX);
        assert_true(bytes == LOGS_GROWERS_MAX * blocks_of(files[0]));
        for (unsigned i = 0; i < ELEMENTSOF(files); i++)
                close(files[i]);
        sensor_bench_run(&fixture->bench, CLOSED);
        assert_true(deleted(fixture) == 0);
        /* And there is room for others. */
        files[0] = open_and_grow(fixture, "var/log/mail.log");
        remove_log(fixture, "var/log/mail.log");
        sensor_bench_run(&fixture->bench, 2 * LOOKED);
        assert_true(deleted(fixture) == blocks_of(files[0]));
        close(files[0]);
}

static void without_watches_nobody_knows(void **state) {
        struct fixture *fixture = *state;
        int fd;

        start(fixture);
        no_watches = true;
        fd = open_and_grow(fixture, "var/log/mail.log");
        no_watches = false;
        assert_true(sensor_bench_find(&fixture->bench, "deleted_open_bytes", "")->missing);
        write_bytes(fd, 1);
        sensor_bench_run(&fixture->bench, LOOKED);
        assert_true(deleted(fixture) == 0);
        close(fd);
}

static void without_a_log_directory_it_is_missing(void **state) {
        struct fixture *fixture = *state;

        rename_log(fixture, "var/log", "var/gone");
        start(fixture);
        assert_true(sensor_bench_find(&fixture->bench, "deleted_open_bytes", "")->missing);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                WITH_FIXTURE(a_log_deleted_under_its_writer_counts_until_it_is_closed),
                WITH_FIXTURE(its_space_is_free_before_we_look_again),
                WITH_FIXTURE(rotation_of_an_open_log_is_no_deletion),
                WITH_FIXTURE(what_nobody_has_open_is_gone_and_not_deleted),
                WITH_FIXTURE(a_log_with_another_name_is_not_deleted),
                WITH_FIXTURE(a_log_that_another_file_replaced_is_deleted),
                WITH_FIXTURE(many_more_logs_than_are_followed_grow_and_go),
                WITH_FIXTURE(without_watches_nobody_knows),
                WITH_FIXTURE(without_a_log_directory_it_is_missing),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
