/* SPDX-License-Identifier: MIT */
/* test_queue_pace - what comes first, and what is done over many turns of the loop, seen with a clock that runs away */
#include <errno.h>
#include <sys/mman.h>

#include "queue_followed_support.h"

#include "postfix/queue_select.h"
#include "postfix/selection.h"

#define MANY 2000u
#define CHOSEN 1000u

static const char *const deferred[] = {"deferred", NULL};
static const struct sg_queue_shape shape = {.queues = deferred, .buckets = 10, .bucket_minutes = 5};

/* Every look at it takes longer than a turn may: one piece of work per turn, one clock's worth of messages. */
static uint64_t hurried_now(const struct sg_host *host) {
        static uint64_t now = 1000000;

        (void)host;
        return now += 10000;
}

static void add(struct followed *followed, unsigned i, const char *queue) {
        char recipient[32];
        struct spool_file file;

        snprintf(recipient, sizeof(recipient), "a@d%u.test", i % 3);
        spool_add(&followed->files[0],
                &(struct spool_message){.queue = queue, .recipients = {{.address = recipient}}}, &file);
        if (strcmp(queue, "deferred") == 0)
                spool_defer(&followed->files[0], file.id, &(struct spool_deferral){.recipient = recipient});
}

static void count_reasons(const struct sg_queue_message *message, void *data) {
        unsigned *n = data;

        *n += message->reason != NULL;
}

static int list(struct followed *followed, const char *reason, unsigned *ret_reasons) {
        uint64_t cursor;

        *ret_reasons = 0;
        return queue_questions_list(followed->questions, &(struct sg_queue_filter){.reason = reason}, 0, 1000,
                count_reasons, ret_reasons, &cursor);
}

static void step_until(struct followed *followed, bool (*is_reached)(const struct queue_spool *spool)) {
        for (int i = 0; i < 100000 && !is_reached(followed->spools[0]); i++)
                sensor_bench_run(&followed->bench, 1);
        assert_true(is_reached(followed->spools[0]));
}

static void who_asks_for_whom_there_is_mail_does_not_wait_for_why(void **state) {
        struct followed *followed = *state;
        unsigned reasons;

        for (unsigned i = 0; i < 100; i++)
                add(followed, i, "deferred");
        followed->bench.services.now_usec = hurried_now;
        followed_start(followed, 1);
        assert_int_equal(followed_ask(followed, &shape), 0);
        assert_int_equal(followed->answer.error, -EAGAIN);
        step_until(followed, queue_spool_is_settled);
        assert_in_range(followed->spools[0]->rings[QUEUE_JOB_REASON].n, 90, 100);
        assert_int_equal(followed_ask(followed, &shape), 0);
        assert_int_equal(followed->answer.error, 0);
        assert_int_equal(followed->answer.rows[0].counts[0], 100);
        assert_int_equal(list(followed, NULL, &reasons), 0);
        assert_in_range(reasons, 0, 10);
        assert_int_equal(list(followed, "dns", &reasons), -EAGAIN);
        assert_false(queue_spool_is_explained(followed->spools[0]));
        step_until(followed, queue_spool_is_explained);
        assert_int_equal(list(followed, NULL, &reasons), 0);
        assert_int_equal(reasons, 100);
        assert_int_equal(list(followed, "dns", &reasons), 0);
}

static bool is_reason_known(const struct queue_spool *spool) {
        for (uint32_t i = 0; i < queue_table_end(&spool->table); i++) {
                const struct queue_message *message = queue_table_at(&spool->table, i);

                if (message && message->reason != REASON_NONE)
                        return true;
        }
        return false;
}

static void the_reason_of_what_comes_back_does_not_wait_for_new_mail(void **state) {
        struct followed *followed = *state;

        followed_start(followed, 1);
        followed_settle(followed);
        assert_true(queue_spool_is_explained(followed->spools[0]));
        followed->bench.services.now_usec = hurried_now;
        for (unsigned i = 0; i < 100; i++)
                add(followed, i, "incoming");
        add(followed, 0, "deferred");
        step_until(followed, is_reason_known);
        assert_in_range(followed->spools[0]->rings[QUEUE_JOB_READ].n, 50, 100);
}

struct selected {
        int fd;
        bool is_done;
        ssize_t n;
};

static void on_selected(ssize_t n, void *data) {
        struct selected *selected = data;

        assert_false(selected->is_done);
        selected->is_done = true;
        selected->n = n;
}

static int select_for(struct queue_selects *selects, struct followed *followed, const struct sg_verb *verb,
        struct selected *selected) {
        static const struct sg_value args[] = {[RETRY_ARG_INSTANCE] = {.type = SG_TYPE_TEXT, .text = "-"},
                [RETRY_ARG_NEXTHOP] = {.type = SG_TYPE_TEXT, .text = "d0.test"},
                [RETRY_ARG_HOW] = {.type = SG_TYPE_TEXT, .text = "batch"},
                [RETRY_ARG_MESSAGES] = {.type = SG_TYPE_NUMBER, .number = CHOSEN}};

        *selected = (struct selected){.fd = memfd_create("selection", MFD_CLOEXEC)};
        assert_true(selected->fd >= 0);
        return queue_select(
                selects, followed->spools[0], verb->name, args, selected->fd, on_selected, selected);
}

static unsigned wait_for(struct followed *followed, const struct selected *selected) {
        unsigned before = followed->bench.wakeups;

        for (int i = 0; i < 1000 && !selected->is_done; i++)
                sensor_bench_run(&followed->bench, 1000);
        assert_true(selected->is_done);
        close(selected->fd);
        return followed->bench.wakeups - before;
}

static uint32_t count_asked(const struct queue_spool *spool) {
        uint32_t n = 0;

        for (uint32_t i = 0; i < queue_table_end(&spool->table); i++) {
                const struct queue_message *message = queue_table_at(&spool->table, i);

                n += message && message->asked;
        }
        return n;
}

/* The sensor with many messages that were never in files. */
static struct queue_selects *start_with_many(struct followed *followed) {
        struct queue_selects *selects;

        followed_start(followed, 1);
        followed_settle(followed);
        for (uint32_t i = 0; i < MANY; i++) {
                struct queue_message *message = followed_add_read(followed->spools[0], i, 1);

                /* Far enough away to be brought forward, and soon enough to be put off. */
                message->reason = REASON_TIMEOUT;
                message->retry = (uint32_t)followed_clock + 400;
        }
        followed->bench.services.now_usec = hurried_now;
        assert_int_equal(queue_selects_new(&followed->bench.services, &selects), 0);
        return selects;
}

static void a_large_selection_is_made_over_many_turns_and_one_after_the_other(void **state) {
        struct followed *followed = *state;
        struct queue_selects *selects = start_with_many(followed);
        struct selected postpone, retry;

        assert_int_equal(select_for(selects, followed, &postfix_postpone, &postpone), 0);
        assert_int_equal(select_for(selects, followed, &postfix_retry, &retry), 0);
        assert_false(postpone.is_done);
        /* One that moves on before it is come to is not there. */
        queue_track_forget(followed->spools[0], queue_table_at(&followed->spools[0]->table, MANY - 1));
        assert_in_range(wait_for(followed, &postpone), MANY / 128, 200);
        assert_int_equal(postpone.n, MANY - 1);
        assert_false(retry.is_done);
        assert_in_range(wait_for(followed, &retry), MANY / 128, 200);
        assert_int_equal(retry.n, CHOSEN);
        assert_int_equal(count_asked(followed->spools[0]), CHOSEN);
        queue_selects_free(selects);
}

static void a_selection_fails_when_the_spool_has_to_be_listed_again_meanwhile(void **state) {
        struct followed *followed = *state;
        struct queue_selects *selects = start_with_many(followed);
        struct selected retry;

        assert_int_equal(select_for(selects, followed, &postfix_retry, &retry), 0);
        followed->spools[0]->scan.wanted = true;
        wait_for(followed, &retry);
        assert_int_equal(retry.n, -EAGAIN);
        assert_int_equal(count_asked(followed->spools[0]), 0);
        assert_int_equal(select_for(selects, followed, &postfix_retry, &retry), -EAGAIN);
        close(retry.fd);
        queue_selects_free(selects);
}

static void who_waits_for_a_selection_hears_of_the_end_of_the_sensor(void **state) {
        struct followed *followed = *state;
        struct queue_selects *selects = start_with_many(followed);
        struct selected first, second;

        assert_int_equal(select_for(selects, followed, &postfix_postpone, &first), 0);
        assert_int_equal(select_for(selects, followed, &postfix_postpone, &second), 0);
        queue_selects_free(selects);
        assert_int_equal(first.n, -ECANCELED);
        assert_int_equal(second.n, -ECANCELED);
        close(first.fd);
        close(second.fd);
}

static void more_recipients_than_can_be_said_are_as_many_as_can_be_said(void **state) {
        struct followed *followed = *state;
        struct queue_message *messages[3];
        struct queue_spool *spool;

        followed_start(followed, 1);
        followed_settle(followed);
        spool = followed->spools[0];
        for (uint32_t i = 0; i < 3; i++) {
                /* As many as a million messages to some thousand have together. */
                messages[i] = followed_add_read(spool, i, 1);
                queue_shape_leave(spool, messages[i]);
                queue_place_drop(&spool->places, messages[i]->place);
                queue_place_add(&spool->places, &spool->draft, "many.test", NULL);
                spool->draft.counts[0] = spool->draft.total = 3000000000u;
                messages[i]->place =
                        queue_place_take_consume(&spool->places, &spool->draft) & QUEUE_NUMBER_MASK;
                queue_shape_enter(spool, messages[i]);
        }
        for (int left = 3; left > 0; left--) {
                assert_int_equal(followed_ask(followed, &shape), 0);
                for (int i = 0; i < 500 && followed->answer.n_answers == 0; i++)
                        sensor_bench_run(&followed->bench, 2000);
                assert_int_equal(followed->answer.n, 2);
                for (int row = 0; row < 2; row++)
                        assert_int_equal(
                                followed->answer.rows[row].counts[0], left > 1 ? UINT32_MAX : 3000000000u);
                queue_track_forget(spool, messages[left - 1]);
        }
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, followed_setup, followed_teardown)
        const struct CMUnitTest tests[] = {
                TEST(who_asks_for_whom_there_is_mail_does_not_wait_for_why),
                TEST(the_reason_of_what_comes_back_does_not_wait_for_new_mail),
                TEST(a_large_selection_is_made_over_many_turns_and_one_after_the_other),
                TEST(a_selection_fails_when_the_spool_has_to_be_listed_again_meanwhile),
                TEST(who_waits_for_a_selection_hears_of_the_end_of_the_sensor),
                TEST(more_recipients_than_can_be_said_are_as_many_as_can_be_said),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
