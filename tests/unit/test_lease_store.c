/* SPDX-License-Identifier: MIT */
/* test_lease_store - leases survive torn writes, broken disks and restarts, and no number comes twice */
#include "executor_support.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "executor/lease_store.h"
#include "record/record.h"

#define T0 (UINT64_C(1766620800) * USEC_PER_SEC)
#define FILE_SIZE ((off_t)LEASE_MAX * 2 * RECORD_SLOT_SIZE)

struct fixture {
        char path[PATH_MAX], state[PATH_MAX], run[PATH_MAX], file[PATH_MAX];
        struct lease_store *store;
};

static void open_store(struct fixture *fixture) {
        fixture->store = lease_store_free(fixture->store);
        assert_int_equal(lease_store_new(fixture->state, fixture->run, NULL, T0, &fixture->store), 0);
}

static int set_up(void **state) {
        struct fixture *fixture = calloc(1, sizeof(*fixture));
        scratch_new(fixture->path);
        snprintf(fixture->state, sizeof(fixture->state), "%.4000s/state", fixture->path);
        snprintf(fixture->run, sizeof(fixture->run), "%.4000s/run", fixture->path);
        snprintf(fixture->file, sizeof(fixture->file), "%.4000s/state/leases", fixture->path);
        mkdir(fixture->state, 0750);
        mkdir(fixture->run, 0755);
        open_store(fixture);
        *state = fixture;
        return 0;
}

static int tear_down(void **state) {
        struct fixture *fixture = *state;
        lease_store_free(fixture->store);
        scratch_free(fixture->path);
        free(fixture);
        return 0;
}

static struct lease *add(struct fixture *fixture) {
        const struct lease fresh = {.state = WIRE_LEASE_IN_FORCE,
                .incident = 3,
                .action = 9,
                .count = 1893,
                .since_usec = T0,
                .expires_usec = T0 + 900 * USEC_PER_SEC,
                .limit_usec = T0 + USEC_PER_DAY,
                .slice_usec = 900 * USEC_PER_SEC,
                .why = "",
                .verb = "postfix.postpone",
                .owner = "pause-deferred",
                .args = "instance=-\nnexthop=[\"quoted\"]:25",
                .until_clear = "next-hop-down_example.test",
                .reason = "it does not answer",
                .text = "1893 wait"};
        return lease_store_add(fixture->store, &fresh, 3);
}

static struct lease *keep(struct fixture *fixture) {
        struct lease *lease = add(fixture);
        assert_non_null(lease);
        assert_int_equal(lease_store_write(fixture->store, lease, T0), 0);
        return lease;
}

static void end(struct fixture *fixture, struct lease *lease) {
        lease->state = WIRE_LEASE_ENDED;
        assert_int_equal(lease_store_write(fixture->store, lease, T0), 0);
}

/* Overwrites half a slot, as a crash in the middle of a write would. */
static void tear(struct fixture *fixture, unsigned slot) {
        int fd = open(fixture->file, O_WRONLY);
        char junk[512];
        memset(junk, '#', sizeof(junk));
        assert_true(fd >= 0);
        assert_int_equal(pwrite(fd, junk, sizeof(junk), (off_t)slot * RECORD_SLOT_SIZE + 100), sizeof(junk));
        close(fd);
}

static void a_lease_is_known_again_in_full(void **state) {
        struct fixture *fixture = *state;
        struct lease before = *keep(fixture);
        struct stat st;
        const struct lease *after;

        assert_int_equal(before.id, 1);
        open_store(fixture);
        after = lease_store_find(fixture->store, 1);
        assert_non_null(after);
        assert_memory_equal(after, &before, sizeof(before));
        assert_int_equal(stat(fixture->file, &st), 0);
        assert_int_equal(st.st_size, FILE_SIZE);
        assert_true(st.st_blocks * 512 >= FILE_SIZE);
        assert_int_equal(st.st_mode & 07777, 0640);
}

static void a_torn_write_leaves_what_was_before(void **state) {
        struct fixture *fixture = *state;

        for (unsigned i = 1; i <= 4; i++) {
                struct lease *lease = i == 1 ? keep(fixture) : lease_store_at(fixture->store, 0);

                lease->count = i;
                assert_int_equal(lease_store_write(fixture->store, lease, T0), 0);
        }
        /* The fifth write of all was the last one; it is in the first slot. */
        tear(fixture, 0);
        open_store(fixture);
        assert_int_equal(lease_store_find(fixture->store, 1)->count, 3);
        /* The next write goes to the torn one, so that the good one stays. */
        lease_store_at(fixture->store, 0)->count = 7;
        assert_int_equal(lease_store_write(fixture->store, lease_store_at(fixture->store, 0), T0), 0);
        tear(fixture, 0);
        open_store(fixture);
        assert_int_equal(lease_store_find(fixture->store, 1)->count, 3);
}

static void no_number_comes_twice(void **state) {
        struct fixture *fixture = *state;
        uint64_t last = 0;

        for (unsigned i = 0; i < 3 * LEASE_MAX; i++) {
                struct lease *lease = keep(fixture);

                assert_true(lease->id > last);
                last = lease->id;
                end(fixture, lease);
                if (i % 5 == 0)
                        open_store(fixture);
        }
        assert_int_equal(last, 3 * LEASE_MAX);
        /* One that was never written was never told to anybody. */
        lease_store_drop(add(fixture));
        assert_int_equal(lease_store_count(fixture->store), 0);
        open_store(fixture);
        assert_int_equal(lease_store_next(fixture->store), last + 1);
}

static uint64_t after(struct fixture *fixture, uint64_t number) {
        return lease_store_after(fixture->store, number, "postfix.postpone", "instance", "-");
}

static void those_that_are_not_over_come_by_ascending_numbers(void **state) {
        struct fixture *fixture = *state;

        assert_int_equal(after(fixture, 0), 0);
        for (unsigned i = 0; i < LEASE_MAX; i++)
                keep(fixture);
        end(fixture, lease_store_find(fixture->store, 1));
        end(fixture, lease_store_find(fixture->store, 3));
        /* It takes the place of the first. */
        keep(fixture);
        assert_int_equal(lease_store_at(fixture->store, 0)->id, LEASE_MAX + 1);
        lease_store_find(fixture->store, 4)->state = WIRE_LEASE_ENDING;
        strcpy(lease_store_find(fixture->store, 5)->args, "instance=x");
        assert_int_equal(after(fixture, 0), 2);
        assert_int_equal(after(fixture, 2), 4);
        assert_int_equal(after(fixture, 4), 6);
        assert_int_equal(after(fixture, LEASE_MAX), LEASE_MAX + 1);
        assert_int_equal(after(fixture, LEASE_MAX + 1), 0);
        assert_int_equal(after(fixture, UINT64_MAX), 0);
}

static void sixty_four_is_the_limit(void **state) {
        struct fixture *fixture = *state;

        for (unsigned i = 0; i < LEASE_MAX; i++)
                keep(fixture);
        assert_int_equal(lease_store_count(fixture->store), LEASE_MAX);
        assert_null(add(fixture));
        end(fixture, lease_store_find(fixture->store, 17));
        assert_null(lease_store_find(fixture->store, 17));
        assert_int_equal(keep(fixture)->id, LEASE_MAX + 1);
        assert_null(add(fixture));
        open_store(fixture);
        assert_int_equal(lease_store_count(fixture->store), LEASE_MAX);
}

static void what_was_returned_in_the_open_incident_is_the_last_to_make_way(void **state) {
        struct fixture *fixture = *state;
        struct lease *lease = keep(fixture);

        strcpy(lease->why, "returned");
        end(fixture, lease);
        for (unsigned i = 1; i < LEASE_MAX; i++)
                keep(fixture);
        assert_true(lease_is_returned(lease_store_at(fixture->store, 0), 3));
        assert_int_equal(keep(fixture)->id, LEASE_MAX + 1);
        assert_false(lease_is_returned(lease_store_at(fixture->store, 0), 3));
}

static void what_cannot_be_undone_from_the_file_is_refused(void **state) {
        struct fixture *fixture = *state;
        struct lease *lease = add(fixture);

        /* Quotes take two bytes each in the file. */
        memset(lease->args, '"', sizeof(lease->args) - 1);
        memset(lease->until_clear, '"', sizeof(lease->until_clear) - 1);
        assert_int_equal(lease_store_write(fixture->store, lease, T0), -EMSGSIZE);
        lease_store_drop(lease);
        lease = add(fixture);
        memset(lease->args, 'a', 300);
        memset(lease->reason, '"', sizeof(lease->reason) - 1);
        memset(lease->text, 'x', sizeof(lease->text) - 1);
        memset(lease->until_clear, 'u', 200);
        assert_int_equal(lease_store_write(fixture->store, lease, T0), 0);
        open_store(fixture);
        lease = lease_store_find(fixture->store, 2);
        assert_int_equal(strspn(lease->args, "a"), 300);
        assert_int_equal(strspn(lease->until_clear, "u"), 200);
        assert_int_equal(lease->limit_usec, T0 + USEC_PER_DAY);
}

static void without_a_disk_it_is_volatile_and_carried_over_later(void **state) {
        struct fixture *fixture = *state;
        char aside[PATH_MAX + 8];
        uint64_t number;

        keep(fixture);
        end(fixture, keep(fixture));
        snprintf(aside, sizeof(aside), "%s.away", fixture->state);
        assert_int_equal(rename(fixture->state, aside), 0);
        open_store(fixture);
        assert_int_equal(lease_store_place(fixture->store), STATE_VOLATILE);
        assert_non_null(strstr(lease_store_trouble(fixture->store), "reboot"));
        assert_int_equal(lease_store_count(fixture->store), 0);
        number = keep(fixture)->id;
        /* Far from what a disk that cannot be seen may hold. */
        assert_int_equal(number, T0 / USEC_PER_SEC);
        assert_int_equal(rename(aside, fixture->state), 0);
        open_store(fixture);
        assert_int_equal(lease_store_place(fixture->store), STATE_DURABLE);
        assert_int_equal(lease_store_count(fixture->store), 2);
        assert_non_null(lease_store_find(fixture->store, 1));
        assert_non_null(lease_store_find(fixture->store, number));
        assert_int_equal(keep(fixture)->id, number + 1);
}

static int *fd_of(const char *path) {
        static int fd;
        char link[64], target[PATH_MAX];

        for (fd = 3; fd < 64; fd++) {
                ssize_t n;
                snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
                n = readlink(link, target, sizeof(target) - 1);
                if (n > 0 && (target[n] = '\0', strcmp(target, path) == 0))
                        return &fd;
        }
        return NULL;
}

static void a_disk_that_breaks_takes_nothing_with_it(void **state) {
        struct fixture *fixture = *state;
        struct lease *first = keep(fixture), *second = keep(fixture);
        int full = open("/dev/full", O_RDWR | O_CLOEXEC);

        end(fixture, keep(fixture));
        assert_true(full >= 0);
        assert_true(dup3(full, *fd_of(fixture->file), O_CLOEXEC) >= 0);
        close(full);
        second->state = WIRE_LEASE_ENDED;
        assert_int_equal(lease_store_write(fixture->store, second, T0), 0);
        assert_int_equal(lease_store_place(fixture->store), STATE_VOLATILE);
        first->count = 5;
        assert_int_equal(lease_store_write(fixture->store, first, T0), 0);
        /* The disk still has the second one in force; what is in memory knows better. */
        open_store(fixture);
        assert_int_equal(lease_store_place(fixture->store), STATE_DURABLE);
        assert_int_equal(lease_store_count(fixture->store), 1);
        assert_int_equal(lease_store_find(fixture->store, 1)->count, 5);
        assert_int_equal(keep(fixture)->id, 4);
        open_store(fixture);
        assert_int_equal(lease_store_count(fixture->store), 2);
}

static void a_foreign_file_is_kept_aside(void **state) {
        struct fixture *fixture = *state;
        char aside[PATH_MAX + 8];
        int fd = open(fixture->file, O_WRONLY);

        assert_int_equal(write(fd, "a diary\n", 8), 8);
        close(fd);
        open_store(fixture);
        snprintf(aside, sizeof(aside), "%s.bad", fixture->file);
        assert_int_equal(access(aside, F_OK), 0);
        assert_int_equal(lease_store_place(fixture->store), STATE_DURABLE);
        assert_int_equal(keep(fixture)->id, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(a_lease_is_known_again_in_full),
                TEST(a_torn_write_leaves_what_was_before),
                TEST(no_number_comes_twice),
                TEST(those_that_are_not_over_come_by_ascending_numbers),
                TEST(sixty_four_is_the_limit),
                TEST(what_was_returned_in_the_open_incident_is_the_last_to_make_way),
                TEST(what_cannot_be_undone_from_the_file_is_refused),
                TEST(without_a_disk_it_is_volatile_and_carried_over_later),
                TEST(a_disk_that_breaks_takes_nothing_with_it),
                TEST(a_foreign_file_is_kept_aside),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
