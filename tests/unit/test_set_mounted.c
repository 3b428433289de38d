/* SPDX-License-Identifier: MIT */
/* test_set_mounted - a main.cf that is a mount of its own keeps its place, and people are told why */
#include "mount_support.h"
#include "set_support.h"

/* As `docker run -v ./main.cf:/etc/postfix/main.cf` does. */
static void mount_main_cf(const struct set_relay *set, const char *text) {
        char source[256];

        scratch_write(&set->relay.scratch, "main.cf", text);
        snprintf(source, sizeof(source), "%s", scratch_path(&set->relay.scratch, "main.cf"));
        assert_return_code(
                mount(source, scratch_path(&set->relay.scratch, MAIN_CF), NULL, MS_BIND, NULL), errno);
}

static void unmount_main_cf(const struct set_relay *set) {
        assert_return_code(umount2(scratch_path(&set->relay.scratch, MAIN_CF), MNT_DETACH), errno);
}

static void one_that_is_mounted_is_refused_with_what_would_be_allowed(void **state) {
        struct set_relay *set = *state;

        mount_main_cf(set, ordinary);
        assert_int_equal(verb_bench_check(&set->relay.bench, &postfix_set), SG_VERDICT_REFUSED);
        set_expect_text(set, "main.cf is a mount of its own");
        assert_int_equal(set_act(set), -EXDEV);
        set_expect_text(set, "main.cf is a mount of its own");
        assert_int_equal(set->relay.bench.n_tools, 0);
        set_expect(set, MAIN_CF, ordinary);
        assert_false(set_is_there(set, RECORD));
        unmount_main_cf(set);
}

static void one_that_was_mounted_since_is_not_taken_for_somebody_at_work(void **state) {
        struct set_relay *set = *state;
        char *changed;

        assert_int_equal(set_act(set), 0);
        changed = set_read(set, MAIN_CF);
        assert_non_null(changed);
        mount_main_cf(set, changed);
        assert_int_equal(set_undo(set), -EXDEV);
        set_expect_text(set, "main.cf is a mount of its own");
        set_expect(set, MAIN_CF, changed);
        unmount_main_cf(set);
        assert_int_equal(set_undo(set), 0);
        set_expect(set, MAIN_CF, ordinary);
        free(changed);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                WITH_SET(one_that_is_mounted_is_refused_with_what_would_be_allowed),
                WITH_SET(one_that_was_mounted_since_is_not_taken_for_somebody_at_work),
        };

        return cmocka_run_group_tests(tests, mount_setup, NULL);
}
