/* SPDX-License-Identifier: MIT */
/* test_requeue - what is taken in once more, and that nothing else is */
#include "hold_support.h"

static int requeue(struct hold_relay *hold) {
        return verb_bench_act(&hold->relay.bench, &postfix_requeue);
}

static void deferred_messages_go_to_maildrop(void **state) {
        struct hold_relay *hold = *state;

        add(hold, 4);
        verb_relay_select(&hold->relay, 0, 3);
        assert_int_equal(verb_bench_check(&hold->relay.bench, &postfix_requeue), SG_VERDICT_GO);
        expect_text(hold, "3 of 3 messages without a sender would be requeued");
        assert_int_equal(requeue(hold), 0);
        expect_text(hold, "3 of 3 requeued");
        assert_string_equal(hold->commands[0], "/usr/sbin/postsuper -c /etc/postfix -r - deferred");
        assert_true(is_in(hold, 0, "maildrop") && is_in(hold, 2, "maildrop") && is_as_it_was(hold, 3));
}

static void an_empty_filter_is_never_everything(void **state) {
        struct hold_relay *hold = *state;

        add(hold, 2);
        hold_arg(hold, FILTER_ARG_SENDER, "");
        assert_int_equal(verb_bench_check(&hold->relay.bench, &postfix_requeue), SG_VERDICT_REFUSED);
        assert_int_equal(requeue(hold), -EINVAL);
        assert_int_equal(hold->n_calls, 0);
        hold->args[FILTER_ARG_OLDER_THAN].usec = 1;
        assert_int_equal(verb_bench_check(&hold->relay.bench, &postfix_requeue), SG_VERDICT_GO);
}

/* One is taken up, one delivered, one picked up from maildrop at once. */
static void meanwhile(struct hold_relay *hold) {
        hold_move(hold, &hold->relay.files[0], "deferred", "active");
        spool_remove(&hold->relay.spool, &hold->relay.files[1]);
}

static void what_is_tried_or_gone_meanwhile_is_told_exactly(void **state) {
        struct hold_relay *hold = *state;

        add(hold, 5);
        hold->meanwhile = meanwhile;
        hold->moves_at_most = 2;
        assert_int_equal(requeue(hold), 0);
        expect_text(hold,
                "2 of 5 requeued, 1 being tried at this moment, 1 gone: delivered, bounced or deleted, 1 not "
                "moved");
        assert_true(is_in(hold, 0, "active") && is_as_it_was(hold, 4));
}

static void what_an_admin_holds_is_never_requeued(void **state) {
        struct hold_relay *hold = *state;

        add(hold, 3);
        verb_relay_select(&hold->relay, 0, 1);
        assert_int_equal(verb_bench_act(&hold->relay.bench, &postfix_hold), 0);
        hold_move(hold, &hold->relay.files[1], "deferred", "hold");
        verb_relay_select(&hold->relay, 0, 3);
        /* From hold/ only by the number of a lease, and then only what that holds. */
        hold_lease(hold, 1, LEASE + 1, "-");
        hold->args[REQUEUE_ARG_LEASE].number = LEASE + 1;
        assert_int_equal(verb_bench_check(&hold->relay.bench, &postfix_requeue), SG_VERDICT_NOTHING);
        hold->args[REQUEUE_ARG_LEASE].number = LEASE;
        hold->n_asked = hold->n_calls = 0;
        assert_int_equal(requeue(hold), 0);
        assert_string_equal(hold->commands[0], "/usr/sbin/postsuper -c /etc/postfix -r - hold");
        assert_int_equal(hold->n_asked, 1);
        assert_true(is_in(hold, 0, "maildrop") && is_in(hold, 1, "hold") && is_as_it_was(hold, 2));
        assert_int_equal(hold->relay.bench.outcome.count, 1);
        /* And deferred mail by none. */
        hold->args[REQUEUE_ARG_LEASE].number = 0;
        verb_relay_select(&hold->relay, 1, 1);
        assert_int_equal(verb_bench_check(&hold->relay.bench, &postfix_requeue), SG_VERDICT_NOTHING);
}

static void what_an_admin_has_held_again_is_not_requeued_with_its_lease(void **state) {
        struct hold_relay *hold = *state;

        add(hold, 2);
        assert_int_equal(verb_bench_act(&hold->relay.bench, &postfix_hold), 0);
        /* Of one the mark is older than the last change, as after a release and another hold. */
        verb_relay_set_time(
                &hold->relay, &hold->relay.files[0], time(NULL) - 100, (long)retry_time_mark(LEASE));
        hold->args[REQUEUE_ARG_LEASE].number = LEASE;
        hold->n_asked = 0;
        assert_int_equal(requeue(hold), 0);
        assert_int_equal(hold->n_asked, 1);
        assert_true(is_in(hold, 0, "hold") && is_in(hold, 1, "maildrop"));
}

static void a_number_that_fits_an_admins_message_requeues_nothing(void **state) {
        struct hold_relay *hold = *state;
        struct verb_relay *relay = &hold->relay;

        add(hold, 1);
        hold_move(hold, &relay->files[0], "deferred", "hold");
        verb_relay_set_time(relay, &relay->files[0], time(NULL), (long)retry_time_mark(60488966));
        hold->args[REQUEUE_ARG_LEASE].number = 60488966;
        assert_int_equal(verb_bench_check(&relay->bench, &postfix_requeue), SG_VERDICT_REFUSED);
        assert_int_equal(requeue(hold), -EPERM);
        expect_text(hold,
                "60488966 is no lease of postfix.hold for instance - that holds anything: "
                "there is 7 (spoolguardctl leases)");
        assert_int_equal(hold->n_calls, 0);
        assert_true(is_in(hold, 0, "hold"));
        hold_lease(hold, 1, 60488966, "-");
        assert_int_equal(requeue(hold), 0);
        expect_text(hold, "1 of 1 requeued");
}

static void when_nothing_is_moved_it_has_failed(void **state) {
        struct hold_relay *hold = *state;

        add(hold, 2);
        hold->moves_at_most = 0;
        hold->status = 1;
        hold->complaint = "postsuper: fatal: maildrop: Read-only file system\n";
        assert_int_equal(requeue(hold), -EIO);
        expect_text(hold, "0 of 2 requeued, 2 not moved; postsuper: fatal: maildrop: Read-only file system");
        assert_true(is_as_it_was(hold, 0));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                WITH_HOLD(deferred_messages_go_to_maildrop),
                WITH_HOLD(an_empty_filter_is_never_everything),
                WITH_HOLD(what_is_tried_or_gone_meanwhile_is_told_exactly),
                WITH_HOLD(what_an_admin_holds_is_never_requeued),
                WITH_HOLD(what_an_admin_has_held_again_is_not_requeued_with_its_lease),
                WITH_HOLD(a_number_that_fits_an_admins_message_requeues_nothing),
                WITH_HOLD(when_nothing_is_moved_it_has_failed),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
