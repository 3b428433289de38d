/* SPDX-License-Identifier: MIT */
/* test_reading - the board: values, missing ones, removal, bounds */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/text.h"
#include "engine/reading.h"

struct fixture {
        struct loop *loop;
        struct board *board;
        unsigned heard, gone;
};

static void on_reading(const struct reading *reading, bool gone, void *data) {
        struct fixture *fixture = data;

        assert_non_null(reading);
        fixture->heard++;
        fixture->gone += gone;
}

static int setup(void **state) {
        static struct fixture fixture;

        memset(&fixture, 0, sizeof(fixture));
        if (loop_new_sim(1000, &fixture.loop) < 0 || board_new(fixture.loop, &fixture.board) < 0)
                return -1;
        board_listen(fixture.board, on_reading, &fixture);
        *state = &fixture;
        return 0;
}

static int teardown(void **state) {
        struct fixture *fixture = *state;

        board_free(fixture->board);
        loop_free(fixture->loop);
        return 0;
}

static struct reading_label path(const char *value) {
        struct reading_label label = {.name = "path"};

        text_copy(label.value, sizeof(label.value), value);
        return label;
}

static void rows_are_kept_in_order_of_name_and_labels(void **state) {
        struct fixture *fixture = *state;
        struct reading_label var = path("/var"), log = path("/var/log");

        assert_int_equal(board_set(fixture->board, "used", &log, 1, 0.5), 0);
        assert_int_equal(board_set(fixture->board, "used", &var, 1, 0.25), 0);
        assert_int_equal(board_set(fixture->board, "journal", NULL, 0, 7), 0);
        assert_string_equal(board_at(fixture->board, 0)->name, "journal");
        assert_string_equal(board_at(fixture->board, 1)->labels[0].value, "/var");
        assert_string_equal(board_at(fixture->board, 2)->labels[0].value, "/var/log");
        assert_null(board_at(fixture->board, 3));
        assert_true(board_find(fixture->board, "used", &log, 1)->value == 0.5);
        assert_null(board_find(fixture->board, "used", NULL, 0));
}

static void missing_has_no_value_but_a_reason_until_the_next_value(void **state) {
        struct fixture *fixture = *state;

        board_set(fixture->board, "used", NULL, 0, 0.5);
        assert_int_equal(board_missing(fixture->board, "used", NULL, 0, "statvfs: No such file"), 0);
        const struct reading *row = board_find(fixture->board, "used", NULL, 0);
        assert_true(row->missing && isnan(row->value));
        assert_string_equal(row->text, "statvfs: No such file");
        board_set(fixture->board, "used", NULL, 0, 0.4);
        assert_false(row->missing);
        assert_string_equal(row->text, "");
}

static void a_sentence_belongs_to_its_value_and_a_new_one_is_another_edition(void **state) {
        struct fixture *fixture = *state;

        assert_int_equal(board_set_told(fixture->board, "up", NULL, 0, 0, "no answer (0 of 1)"), 0);
        const struct reading *row = board_find(fixture->board, "up", NULL, 0);
        uint32_t first = row->edition;
        assert_string_equal(row->text, "no answer (0 of 1)");
        board_set_told(fixture->board, "up", NULL, 0, 0.5, "no answer (0 of 1)");
        assert_int_equal(row->edition, first);
        board_set_told(fixture->board, "up", NULL, 0, 0.5, "no answer (0 of 2)");
        assert_int_not_equal(row->edition, first);
        board_set(fixture->board, "up", NULL, 0, 0);
        assert_string_equal(row->text, "");
        assert_int_equal(board_set_told(fixture->board, "up", NULL, 0, NAN, "x"), -EINVAL);
        assert_int_equal(fixture->heard, 4);
}

static void not_a_number_is_refused(void **state) {
        struct fixture *fixture = *state;

        assert_int_equal(board_set(fixture->board, "used", NULL, 0, NAN), -EINVAL);
        assert_null(board_at(fixture->board, 0));
}

static void removal_is_heard_before_the_row_is_gone(void **state) {
        struct fixture *fixture = *state;

        board_set(fixture->board, "used", NULL, 0, 1);
        assert_int_equal(board_remove(fixture->board, "used", NULL, 0), 0);
        assert_int_equal(fixture->heard, 2);
        assert_int_equal(fixture->gone, 1);
        assert_int_equal(board_remove(fixture->board, "used", NULL, 0), -ENOENT);
}

static void one_name_cannot_have_more_label_sets_than_allowed(void **state) {
        struct fixture *fixture = *state;
        struct reading_label label;
        char value[32];

        for (int i = 0; i < READING_SETS_MAX; i++) {
                text_format(value, sizeof(value), "d%d.example", i);
                label = path(value);
                assert_int_equal(board_set(fixture->board, "used", &label, 1, i), 0);
        }
        label = path("one.more");
        assert_int_equal(board_set(fixture->board, "used", &label, 1, 1), -E2BIG);
        label = path("d7.example");
        assert_int_equal(board_set(fixture->board, "used", &label, 1, 1), 0);
        assert_int_equal(board_set(fixture->board, "other", NULL, 0, 1), 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(rows_are_kept_in_order_of_name_and_labels, setup, teardown),
                cmocka_unit_test_setup_teardown(
                        missing_has_no_value_but_a_reason_until_the_next_value, setup, teardown),
                cmocka_unit_test_setup_teardown(
                        a_sentence_belongs_to_its_value_and_a_new_one_is_another_edition, setup, teardown),
                cmocka_unit_test_setup_teardown(not_a_number_is_refused, setup, teardown),
                cmocka_unit_test_setup_teardown(removal_is_heard_before_the_row_is_gone, setup, teardown),
                cmocka_unit_test_setup_teardown(
                        one_name_cannot_have_more_label_sets_than_allowed, setup, teardown),
        };

        return cmocka_run_group_tests_name("reading", tests, NULL, NULL);
}
