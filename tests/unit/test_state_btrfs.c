/* SPDX-License-Identifier: MIT */
/*
 * test_state_btrfs - recorder and leases on a real btrfs that is full to the last byte
 *
 * Needs root, a loop device and mkfs.btrfs; without one of them it is skipped.
 */
#include "executor_support.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "executor/lease_store.h"
#include "executor/recorder.h"

struct fixture {
        char path[PATH_MAX], disk[PATH_MAX], state[PATH_MAX], run[PATH_MAX];
        bool mounted;
};

static int shell(const char *format, const char *path) {
        char line[2 * PATH_MAX];
        int status = -1;

        snprintf(line, sizeof(line), format, path);
        pid_t pid = fork();
        if (pid == 0) {
                execl("/bin/sh", "sh", "-c", line, NULL);
                _exit(127);
        }
        waitpid(pid, &status, 0);
        return status;
}

static int set_up(void **state) {
        struct fixture *fixture = calloc(1, sizeof(*fixture));

        scratch_new(fixture->path);
        snprintf(fixture->disk, sizeof(fixture->disk), "%.4000s/disk", fixture->path);
        snprintf(fixture->state, sizeof(fixture->state), "%.4000s/disk/state", fixture->path);
        snprintf(fixture->run, sizeof(fixture->run), "%.4000s/run", fixture->path);
        mkdir(fixture->run, 0755);
        mkdir(fixture->disk, 0755);
        fixture->mounted = geteuid() == 0 &&
                shell("cd %s && truncate -s 256M image && mkfs.btrfs -q image >mkfs 2>&1 && "
                      "mount -o loop image disk 2>mount && btrfs -q subvolume create disk/state >made 2>&1",
                        fixture->path) == 0;
        *state = fixture;
        return 0;
}

static int tear_down(void **state) {
        struct fixture *fixture = *state;

        shell("umount %s 2>/dev/null", fixture->disk);
        scratch_free(fixture->path);
        free(fixture);
        return 0;
}

/* To the last byte, in ever smaller pieces. */
static void fill(const struct fixture *fixture) {
        static char bytes[1 << 20];
        char path[PATH_MAX + 32];

        for (size_t i = 0; i < sizeof(bytes); i++)
                bytes[i] = (char)random();
        snprintf(path, sizeof(path), "%s/filler", fixture->disk);
        int fd = open(path, O_WRONLY | O_CREAT, 0600);
        for (size_t size = sizeof(bytes); size >= 512; size /= 2)
                while (write(fd, bytes, size) > 0)
                        ;
        fsync(fd);
        close(fd);
        sync();
}

static void append_all(struct recorder *recorder, uint64_t from, uint64_t to) {
        const struct record_field fields[] = {{"event", "started"}};
        char slot[RECORD_SLOT_SIZE];

        for (uint64_t i = from; i <= to; i++) {
                assert_int_equal(record_format(i, i, fields, 1, slot), 0);
                assert_int_equal(recorder_append(recorder, i, slot, true), 0);
        }
}

static int look(const struct record *record, void *data) {
        uint64_t *last = data;

        assert_int_equal(record->number, *last + 1);
        *last = record->number;
        return 0;
}

static void assert_last(const struct recorder *recorder, uint64_t last) {
        uint64_t seen = 0;

        assert_int_equal(recorder_read(recorder, look, &seen, NULL), 0);
        assert_int_equal(seen, last);
}

static void overwritten_in_place_it_needs_no_room(void **state) {
        struct fixture *fixture = *state;
        struct recorder *recorder;
        struct lease_store *leases;
        const struct lease lease = {.state = WIRE_LEASE_IN_FORCE, .verb = "postfix.postpone", .owner = "p"};

        if (!fixture->mounted)
                skip();
        assert_int_equal(recorder_new(fixture->state, fixture->run, NULL, &recorder), 0);
        assert_int_equal(lease_store_new(fixture->state, fixture->run, NULL, 1, &leases), 0);
        append_all(recorder, 1, 100);
        fill(fixture);
        append_all(recorder, 101, 200);
        assert_int_equal(lease_store_write(leases, lease_store_add(leases, &lease, 0), 1), 0);
        assert_int_equal(recorder_place(recorder), STATE_DURABLE);
        assert_int_equal(lease_store_place(leases), STATE_DURABLE);
        assert_last(recorder, 200);
        recorder_free(recorder);
        lease_store_free(leases);
}

static void what_a_snapshot_holds_is_copied_and_then_the_mirror_takes_it(void **state) {
        struct fixture *fixture = *state;
        struct recorder *recorder;
        struct lease_store *leases;
        const struct lease lease = {.state = WIRE_LEASE_IN_FORCE, .verb = "postfix.postpone", .owner = "p"};

        if (!fixture->mounted)
                skip();
        assert_int_equal(recorder_new(fixture->state, fixture->run, NULL, &recorder), 0);
        assert_int_equal(lease_store_new(fixture->state, fixture->run, NULL, 1, &leases), 0);
        append_all(recorder, 1, 100);
        assert_int_equal(
                shell("cd %s && btrfs -q subvolume snapshot state snapshot >../made 2>&1", fixture->disk), 0);
        fill(fixture);
        append_all(recorder, 101, 200);
        assert_int_equal(lease_store_write(leases, lease_store_add(leases, &lease, 0), 1), 0);
        assert_int_equal(recorder_place(recorder), STATE_VOLATILE);
        assert_int_equal(lease_store_place(leases), STATE_VOLATILE);
        assert_last(recorder, 200);
        recorder_free(recorder);
        lease_store_free(leases);

        assert_int_equal(recorder_new(fixture->state, fixture->run, NULL, &recorder), 0);
        assert_int_equal(lease_store_new(fixture->state, fixture->run, NULL, 1, &leases), 0);
        assert_int_equal(recorder_place(recorder), STATE_VOLATILE);
        assert_last(recorder, 200);
        append_all(recorder, 201, 210);
        assert_int_equal(shell("rm %s/filler && sync", fixture->disk), 0);
        assert_true(recorder_mend(recorder));
        assert_true(lease_store_mend(leases));
        append_all(recorder, 211, 220);
        recorder_free(recorder);
        lease_store_free(leases);

        /* After a reboot there is only what is on disk. */
        assert_int_equal(shell("rm %s/recorder", fixture->run), 0);
        assert_int_equal(shell("rm %s/leases", fixture->run), 0);
        assert_int_equal(recorder_new(fixture->state, fixture->run, NULL, &recorder), 0);
        assert_int_equal(lease_store_new(fixture->state, fixture->run, NULL, 1, &leases), 0);
        assert_int_equal(recorder_place(recorder), STATE_DURABLE);
        assert_last(recorder, 220);
        assert_int_equal(lease_store_count(leases), 1);
        recorder_free(recorder);
        lease_store_free(leases);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(overwritten_in_place_it_needs_no_room),
                TEST(what_a_snapshot_holds_is_copied_and_then_the_mirror_takes_it),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
