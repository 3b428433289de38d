/* SPDX-License-Identifier: MIT */
/* test_lease_mirror - no lease is lost or comes back to life on a disk that is full now and then */
#include "state_mirror_support.h"

#include "executor/lease_store.h"

#define T0 (UINT64_C(1766620800) * USEC_PER_SEC)

static struct lease_store *begin(const struct fixture *fixture, struct lease_store *before) {
        struct lease_store *store;

        lease_store_free(before);
        assert_int_equal(lease_store_new(fixture->state, fixture->run, NULL, T0, &store), 0);
        put_on_disk(fixture, "leases");
        return store;
}

static struct lease *keep(struct lease_store *store) {
        const struct lease fresh = {.state = WIRE_LEASE_IN_FORCE,
                .incident = 3,
                .since_usec = T0,
                .expires_usec = T0 + 900 * USEC_PER_SEC,
                .limit_usec = T0 + USEC_PER_DAY,
                .slice_usec = 900 * USEC_PER_SEC,
                .verb = "postfix.postpone",
                .owner = "pause-deferred",
                .args = "instance=-"};
        struct lease *lease = lease_store_add(store, &fresh, 3);

        assert_non_null(lease);
        assert_int_equal(lease_store_write(store, lease, T0), 0);
        return lease;
}

static void set(struct lease_store *store, uint64_t id, uint64_t count, enum wire_lease_state lease_state) {
        struct lease *lease = lease_store_find(store, id);

        assert_non_null(lease);
        lease->count = count;
        lease->state = lease_state;
        assert_int_equal(lease_store_write(store, lease, T0), 0);
}

/* 1 has five, 2 is over, 3 was taken last. */
static void assert_leases(struct lease_store *store) {
        assert_int_equal(lease_store_count(store), 2);
        assert_int_equal(lease_store_find(store, 1)->count, 5);
        assert_null(lease_store_find(store, 2));
        assert_non_null(lease_store_find(store, 3));
        assert_int_equal(lease_store_next(store), 4);
}

static void check(const struct fixture *fixture, bool copies, bool restarts, bool mends) {
        struct lease_store *store;

        memset(disk, 0, sizeof(*disk));
        disk->copies = copies;
        store = begin(fixture, NULL);
        keep(store);
        keep(store);
        assert_int_equal(is_there(fixture->run, "leases"), copies);
        disk->full = true;
        set(store, 2, 0, WIRE_LEASE_ENDED);
        assert_int_equal(lease_store_place(store), STATE_VOLATILE);
        keep(store);
        set(store, 1, 5, WIRE_LEASE_IN_FORCE);
        assert_leases(store);
        if (restarts) {
                store = begin(fixture, store);
                assert_int_equal(lease_store_place(store), STATE_VOLATILE);
                assert_leases(store);
                assert_false(lease_store_mend(store));
        }
        disk->full = false;
        if (mends)
                assert_true(lease_store_mend(store));
        else
                store = begin(fixture, store);
        assert_int_equal(lease_store_place(store), STATE_DURABLE);
        assert_string_equal(lease_store_trouble(store), "");
        assert_leases(store);
        /* The disk alone knows it all. */
        forget(fixture->run, "leases");
        store = begin(fixture, store);
        assert_leases(store);
        set(store, 3, 9, WIRE_LEASE_IN_FORCE);
        store = begin(fixture, store);
        assert_int_equal(lease_store_find(store, 3)->count, 9);
        lease_store_free(store);
        forget(fixture->state, "leases");
        forget(fixture->run, "leases");
}

static void what_changed_on_a_full_disk_is_known_in_every_state_after_it(void **state) {
        for (unsigned i = 0; i < 8; i++)
                check(*state, i & 1, i & 2, i & 4);
}

/* One write is torn, as when the power fails in the middle of it; and so it does. */
static void healed_by_half_the_disk_has_each_lease_as_it_was_or_as_it_is(void **state) {
        struct fixture *fixture = *state;

        for (unsigned takes = 1; takes < 12; takes++) {
                struct lease_store *store;

                memset(disk, 0, sizeof(*disk));
                disk->copies = true;
                store = begin(fixture, NULL);
                for (unsigned i = 0; i < 4; i++)
                        keep(store);
                disk->full = true;
                for (unsigned i = 1; i <= 4; i++)
                        set(store, i, 40 + i, WIRE_LEASE_IN_FORCE);
                for (unsigned i = 1; i <= 4; i++)
                        set(store, i, 50 + i, WIRE_LEASE_IN_FORCE);
                disk->full = false;
                disk->tears = true;
                disk->takes = takes;
                lease_store_mend(store);
                disk->full = disk->tears = false;
                disk->takes = 0;
                forget(fixture->run, "leases");
                store = begin(fixture, store);
                assert_int_equal(lease_store_count(store), 4);
                for (unsigned i = 1; i <= 4; i++) {
                        uint64_t count = lease_store_find(store, i)->count;

                        assert_true(count == 0 || count == 40 + i || count == 50 + i);
                }
                lease_store_free(store);
                forget(fixture->state, "leases");
                forget(fixture->run, "leases");
        }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(what_changed_on_a_full_disk_is_known_in_every_state_after_it),
                TEST(healed_by_half_the_disk_has_each_lease_as_it_was_or_as_it_is),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
