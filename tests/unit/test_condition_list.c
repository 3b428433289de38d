/* SPDX-License-Identifier: MIT */
/* test_condition_list - label sets become objects; edges come from the loop; time alone can trip */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/text.h"
#include "engine/condition.h"

static struct config_condition conditions[] = {
        {.name = "high",
                .reading = "used",
                .trip = 0.85,
                .clear = 0.8,
                .lasting_usec = 2 * USEC_PER_SEC,
                .enabled = true},
        {.name = "log-only",
                .reading = "used",
                .labels = {{"path", "/var/log"}},
                .trip = 0.5,
                .clear = 0.4,
                .enabled = true},
        {.name = "disabled", .reading = "used", .trip = 0, .clear = 0},
};
static const struct config config = {.conditions = conditions, .n_conditions = 3};

struct fixture {
        struct loop *loop;
        struct board *board;
        struct condition_list *list;
        unsigned tripped, cleared, added, removed, changed;
        bool inside; /* inside board_set() */
        char last[CONDITION_NAME_MAX];
};

static void on_edge(const struct condition *condition, enum condition_edge edge, void *data) {
        struct fixture *fixture = data;

        assert_false(fixture->inside);
        fixture->tripped += edge == CONDITION_EDGE_TRIPPED;
        fixture->cleared += edge == CONDITION_EDGE_CLEARED;
        text_copy(fixture->last, sizeof(fixture->last), condition->name);
}

static void on_changed(const struct condition *condition, bool added, bool removed, void *data) {
        struct fixture *fixture = data;

        assert_false(fixture->inside);
        assert_non_null(condition->config);
        fixture->added += added;
        fixture->removed += removed;
        fixture->changed++;
}

static int setup(void **state) {
        static const struct condition_ops ops = {.on_edge = on_edge, .on_changed = on_changed};
        static struct fixture fixture;

        memset(&fixture, 0, sizeof(fixture));
        *state = &fixture;
        return loop_new_sim(1000, &fixture.loop) < 0 || board_new(fixture.loop, &fixture.board) < 0 ||
                condition_list_new(fixture.loop, &config, fixture.board, &ops, &fixture, &fixture.list) < 0;
}

static int teardown(void **state) {
        struct fixture *fixture = *state;

        condition_list_free(fixture->list);
        board_free(fixture->board);
        loop_free(fixture->loop);
        return 0;
}

static void publish(struct fixture *fixture, const char *where, double value, uint64_t then_usec) {
        struct reading_label label = {.name = "path"};

        text_copy(label.value, sizeof(label.value), where);
        fixture->inside = true;
        if (isnan(value))
                board_missing(fixture->board, "used", &label, 1, "gone");
        else
                board_set(fixture->board, "used", &label, 1, value);
        fixture->inside = false;
        loop_sim_advance(fixture->loop, then_usec);
}

static void every_label_set_is_an_object_of_its_own(void **state) {
        struct fixture *fixture = *state;

        publish(fixture, "/var", 0.1, 0);
        publish(fixture, "/var/log", 0.1, 0);
        assert_string_equal(condition_at(fixture->list, 0)->name, "high_/var");
        assert_string_equal(condition_at(fixture->list, 1)->name, "high_/var/log");
        assert_string_equal(condition_at(fixture->list, 2)->name, "log-only_/var/log");
        assert_null(condition_at(fixture->list, 3));
        assert_int_equal(fixture->added, 3);
        assert_ptr_equal(condition_find(fixture->list, "high_/var"), condition_at(fixture->list, 0));
        assert_null(condition_find(fixture->list, "high"));
}

static void time_alone_trips_what_is_pending(void **state) {
        struct fixture *fixture = *state;

        publish(fixture, "/var", 0.9, 1999999);
        assert_int_equal(fixture->tripped, 0);
        loop_sim_advance(fixture->loop, 1);
        assert_int_equal(fixture->tripped, 1);
        assert_string_equal(fixture->last, "high_/var");
}

static void values_of_one_turn_are_judged_by_the_last(void **state) {
        struct fixture *fixture = *state;

        publish(fixture, "/var/log", 0.1, 0);
        fixture->changed = 0;
        struct reading_label label = {.name = "path", .value = "/var/log"};
        board_set(fixture->board, "used", &label, 1, 0.6);
        board_set(fixture->board, "used", &label, 1, 0.1);
        loop_sim_advance(fixture->loop, 0);
        assert_int_equal(fixture->tripped, 0);
        assert_int_equal(fixture->changed, 0);
}

static void other_words_of_the_same_value_are_news(void **state) {
        struct fixture *fixture = *state;
        struct reading_label label = {.name = "path", .value = "/var"};

        publish(fixture, "/var", 0.1, 0);
        for (int i = 0; i < 3; i++) {
                fixture->changed = 0;
                board_set_told(fixture->board, "used", &label, 1, 0.1, i < 2 ? "a tenth" : "still a tenth");
                loop_sim_advance(fixture->loop, 0);
                assert_int_equal(fixture->changed, i == 1 ? 0 : 1);
        }
}

static void withdrawn_label_set_takes_its_conditions_along_without_a_clear_edge(void **state) {
        struct fixture *fixture = *state;
        struct reading_label label = {.name = "path", .value = "/var/log"};

        publish(fixture, "/var/log", 0.9, 5 * USEC_PER_SEC);
        assert_int_equal(fixture->tripped, 2);
        board_remove(fixture->board, "used", &label, 1);
        loop_sim_advance(fixture->loop, USEC_PER_DAY);
        assert_int_equal(fixture->removed, 2);
        assert_int_equal(fixture->cleared, 0);
        assert_null(condition_at(fixture->list, 0));
}

static void label_set_that_returns_in_the_same_turn_stays(void **state) {
        struct fixture *fixture = *state;
        struct reading_label label = {.name = "path", .value = "/var/log"};

        publish(fixture, "/var/log", 0.9, 5 * USEC_PER_SEC);
        board_remove(fixture->board, "used", &label, 1);
        publish(fixture, "/var/log", 0.9, 0);
        assert_int_equal(fixture->removed, 0);
        assert_true(condition_find(fixture->list, "high_/var/log")->tripped);
}

static void missing_is_unknown_and_keeps_what_was_tripped(void **state) {
        struct fixture *fixture = *state;

        publish(fixture, "/var", 0.9, 5 * USEC_PER_SEC);
        publish(fixture, "/var", NAN, USEC_PER_DAY);
        assert_int_equal(condition_at(fixture->list, 0)->state, CONDITION_UNKNOWN);
        assert_true(condition_at(fixture->list, 0)->tripped);
        assert_int_equal(fixture->cleared, 0);
        publish(fixture, "/var", 0.1, 0);
        assert_int_equal(fixture->cleared, 1);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(every_label_set_is_an_object_of_its_own, setup, teardown),
                cmocka_unit_test_setup_teardown(time_alone_trips_what_is_pending, setup, teardown),
                cmocka_unit_test_setup_teardown(other_words_of_the_same_value_are_news, setup, teardown),
                cmocka_unit_test_setup_teardown(values_of_one_turn_are_judged_by_the_last, setup, teardown),
                cmocka_unit_test_setup_teardown(
                        withdrawn_label_set_takes_its_conditions_along_without_a_clear_edge, setup, teardown),
                cmocka_unit_test_setup_teardown(
                        label_set_that_returns_in_the_same_turn_stays, setup, teardown),
                cmocka_unit_test_setup_teardown(
                        missing_is_unknown_and_keeps_what_was_tripped, setup, teardown),
        };

        return cmocka_run_group_tests_name("condition_list", tests, NULL, NULL);
}
