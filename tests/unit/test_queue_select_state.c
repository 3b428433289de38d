/* SPDX-License-Identifier: MIT */
/* test_queue_select_state - no verb is given a message that is not fully known, nor a list that may not be whole */
#include <sys/mman.h>

#include "postfix/filter_args.h"
#include "postfix/queue_select.h"
#include "queue_followed_support.h"

#define HOP "d0.test" /* of followed_add_read() */

static void as_it_is(struct queue_spool *spool, struct queue_message *message) {
        (void)spool;
        (void)message;
}

static void under_way(struct queue_spool *spool, struct queue_message *message) {
        (void)spool;
        message->moving = true;
}

static void not_complete(struct queue_spool *spool, struct queue_message *message) {
        (void)spool;
        message->complete = false;
}

static void not_read(struct queue_spool *spool, struct queue_message *message) {
        (void)spool;
        message->state = QUEUE_MESSAGE_UNREAD;
}

static void without_a_recipient(struct queue_spool *spool, struct queue_message *message) {
        (void)spool;
        message->left = 0;
}

/* At more domains than are kept, of which those that are known have one next hop. */
static void cut(struct queue_spool *spool, struct queue_message *message) {
        struct queue_place_draft *draft = &spool->draft;
        char domain[32];

        queue_shape_leave(spool, message);
        for (unsigned i = 0; i <= QUEUE_PLACE_NAMES; i++) {
                snprintf(domain, sizeof(domain), "d%u.test", i);
                queue_place_add(&spool->places, draft, domain, HOP);
        }
        queue_place_drop(&spool->places, message->place);
        message->place = queue_place_take_consume(&spool->places, draft) & QUEUE_NUMBER_MASK;
        queue_shape_enter(spool, message);
}

static const struct {
        const char *what;
        void (*change)(struct queue_spool *spool, struct queue_message *message);
        bool to_a_hop, of_a_sender; /* by verbs that choose by that */
} cases[] = {
        {"as it is", as_it_is, true, true},
        {"under way", under_way, false, false},
        {"not complete", not_complete, false, false},
        {"not read", not_read, false, false},
        {"without a recipient", without_a_recipient, false, true},
        {"cut", cut, false, true},
};

static void on_selected(ssize_t n, void *data) {
        *(ssize_t *)data = n;
}

static ssize_t choose_to(struct followed *followed, struct queue_selects *selects, const struct sg_verb *verb,
        int fd, bool is_missed) {
        const struct sg_value hop_args[] = {[POSTPONE_ARG_INSTANCE] = {.type = SG_TYPE_TEXT, .text = "-"},
                [POSTPONE_ARG_NEXTHOP] = {.type = SG_TYPE_TEXT, .text = HOP},
                [RETRY_ARG_HOW] = {.type = SG_TYPE_TEXT, .text = "batch"},
                [RETRY_ARG_MESSAGES] = {.type = SG_TYPE_NUMBER, .number = 10}};
        struct sg_value filter_args[FILTER_ARGS + 1] = {[REQUEUE_ARG_LEASE] = {.type = SG_TYPE_NUMBER}};
        bool is_by_hop = verb == &postfix_postpone || verb == &postfix_retry;
        ssize_t n = -EINPROGRESS;

        for (int i = 0; i < FILTER_ARG_OLDER_THAN; i++)
                filter_args[i] = (struct sg_value){.type = SG_TYPE_TEXT, .text = ""};
        filter_args[FILTER_ARG_SENDER].text = "sender.test";
        assert_int_equal(queue_select(selects, followed->spools[0], verb->name,
                                 is_by_hop ? hop_args : filter_args, fd, on_selected, &n),
                0);
        followed->spools[0]->scan.wanted = is_missed;
        for (int i = 0; i < 100 && n == -EINPROGRESS; i++)
                sensor_bench_run(&followed->bench, 1000);
        return n;
}

static ssize_t choose(struct followed *followed, struct queue_selects *selects, const struct sg_verb *verb) {
        int fd = memfd_create("selection", MFD_CLOEXEC);
        ssize_t n = choose_to(followed, selects, verb, fd, false);

        close(fd);
        return n;
}

static void what_is_not_fully_known_is_given_to_no_verb(void **state) {
        static const struct sg_verb *const verbs[] = {
                &postfix_postpone, &postfix_retry, &postfix_hold, &postfix_requeue};
        struct followed *followed = *state;
        struct queue_selects *selects;

        followed_start(followed, 1);
        followed_settle(followed);
        assert_int_equal(queue_selects_new(&followed->bench.services, &selects), 0);
        for (uint32_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
                for (size_t j = 0; j < sizeof(verbs) / sizeof(verbs[0]); j++) {
                        struct queue_spool *spool = followed->spools[0];
                        struct queue_message *message = followed_add_read(spool, i, 1);

                        message->postponed = true;
                        print_message("%s, %s\n", verbs[j]->name, cases[i].what);
                        cases[i].change(spool, message);
                        assert_int_equal(choose(followed, selects, verbs[j]),
                                (j < 2 ? cases[i].to_a_hop : cases[i].of_a_sender) ? 1 : 0);
                        queue_track_forget(spool, message);
                }
        queue_selects_free(selects);
}

static void what_was_chosen_in_vain_is_not_taken_for_tried(void **state) {
        struct followed *followed = *state;
        struct queue_selects *selects;
        struct queue_message *message;

        followed_start(followed, 1);
        followed_settle(followed);
        message = followed_add_read(followed->spools[0], 0, 1);
        message->postponed = true;
        assert_int_equal(queue_selects_new(&followed->bench.services, &selects), 0);
        assert_int_equal(choose_to(followed, selects, &postfix_retry, -1, false), -EBADF);
        assert_false(message->asked);
        assert_int_equal(choose(followed, selects, &postfix_retry), 1);
        assert_true(message->asked);
        queue_selects_free(selects);
}

static void what_is_missed_on_the_way_ends_it(void **state) {
        struct followed *followed = *state;
        struct queue_selects *selects;
        int fd = memfd_create("selection", MFD_CLOEXEC);

        followed_start(followed, 1);
        followed_settle(followed);
        followed_add_read(followed->spools[0], 0, 1);
        assert_int_equal(queue_selects_new(&followed->bench.services, &selects), 0);
        assert_int_equal(choose_to(followed, selects, &postfix_hold, fd, true), -EAGAIN);
        queue_selects_free(selects);
        close(fd);
}

#define WITH_FOLLOWED(test) cmocka_unit_test_setup_teardown(test, followed_setup, followed_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                WITH_FOLLOWED(what_is_not_fully_known_is_given_to_no_verb),
                WITH_FOLLOWED(what_was_chosen_in_vain_is_not_taken_for_tried),
                WITH_FOLLOWED(what_is_missed_on_the_way_ends_it),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
