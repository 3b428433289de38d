/* SPDX-License-Identifier: MIT */
/* test_recorder_mirror - the record is whole and without a gap, whatever a full disk and a restart do between */
#include "state_mirror_support.h"

#include <sys/wait.h>

#include "base/cleanup.h"
#include "executor/book.h"
#include "executor/recorder.h"

static int append(struct recorder *recorder, uint64_t number) {
        const struct record_field fields[] = {{"event", "started"}};
        char slot[RECORD_SLOT_SIZE];

        assert_int_equal(record_format(number, number * 1000, fields, 1, slot), 0);
        return recorder_append(recorder, number, slot, number % 2 == 0);
}

static void append_all(struct recorder *recorder, uint64_t from, uint64_t to) {
        for (uint64_t i = from; i <= to; i++)
                assert_int_equal(append(recorder, i), 0);
}

struct range {
        uint64_t first, last;
        bool gap;
};

static int look(const struct record *record, void *data) {
        struct range *range = data;

        if (range->first == 0)
                range->first = record->number;
        else
                range->gap |= record->number != range->last + 1;
        range->last = record->number;
        return 0;
}

static void assert_range(const struct range *range, uint64_t first, uint64_t last) {
        assert_false(range->gap);
        assert_int_equal(range->first, first);
        assert_int_equal(range->last, last);
}

static void assert_record(const struct recorder *recorder, uint64_t first, uint64_t last) {
        struct range range = {0};
        size_t bad = 0;

        assert_int_equal(recorder_read(recorder, look, &range, &bad), 0);
        assert_int_equal(bad, 0);
        assert_range(&range, first, last);
}

/* What is in the file itself, whatever the recorder makes of it. */
static void assert_file(const char *directory, uint64_t first, uint64_t last) {
        char path[PATH_MAX + 32];
        struct range range = {0};

        snprintf(path, sizeof(path), "%s/recorder", directory);
        _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
        assert_true(fd >= 0);
        assert_int_equal(record_read(fd, look, &range, NULL), 0);
        assert_range(&range, first, last);
}

static struct recorder *begin(const struct fixture *fixture) {
        struct recorder *recorder;

        assert_int_equal(recorder_new(fixture->state, fixture->run, NULL, &recorder), 0);
        put_on_disk(fixture, "recorder");
        return recorder;
}

static struct recorder *restart(const struct fixture *fixture, struct recorder *recorder) {
        recorder_free(recorder);
        return begin(fixture);
}

static void where_writes_are_copied_there_is_a_mirror_from_the_start(void **state) {
        struct fixture *fixture = *state;
        struct recorder *recorder = begin(fixture);

        append_all(recorder, 1, 5);
        assert_false(is_there(fixture->run, "recorder"));
        disk->copies = true;
        recorder = restart(fixture, recorder);
        assert_int_equal(recorder_place(recorder), STATE_DURABLE);
        assert_file(fixture->run, 1, 5);
        append_all(recorder, 6, 9);
        assert_file(fixture->run, 1, 9);
        assert_file(fixture->state, 1, 9);
        assert_string_equal(recorder_trouble(recorder), "");
        recorder_free(recorder);
}

static void fill_and_heal(struct fixture *fixture, bool copies, uint64_t before) {
        struct recorder *recorder;

        disk->copies = copies;
        disk->full = false;
        recorder = begin(fixture);
        append_all(recorder, 1, before);
        disk->full = true;
        append_all(recorder, before + 1, before + 4);
        assert_int_equal(recorder_place(recorder), STATE_VOLATILE);
        assert_non_null(strstr(recorder_trouble(recorder), "No space left"));
        uint64_t first = before + 4 > RECORD_SLOTS ? before + 5 - RECORD_SLOTS : 1;
        assert_record(recorder, first, before + 4);
        assert_file(fixture->run, first, before + 4);
        assert_file(fixture->state, before > RECORD_SLOTS ? before + 1 - RECORD_SLOTS : 1, before);

        assert_false(recorder_mend(recorder));
        append_all(recorder, before + 5, before + 6);
        disk->full = false;
        /* Room alone is not noticed; somebody has to ask. */
        assert_int_equal(recorder_place(recorder), STATE_VOLATILE);
        assert_true(recorder_mend(recorder));
        assert_false(recorder_mend(recorder));
        assert_int_equal(recorder_place(recorder), STATE_DURABLE);
        assert_string_equal(recorder_trouble(recorder), "");
        first = before + 6 > RECORD_SLOTS ? before + 7 - RECORD_SLOTS : 1;
        assert_file(fixture->state, first, before + 6);
        assert_int_equal(is_there(fixture->run, "recorder"), copies);
        append_all(recorder, before + 7, before + 8);
        assert_record(recorder, first == 1 ? 1 : first + 2, before + 8);
        recorder_free(recorder);
        forget(fixture->state, "recorder");
        forget(fixture->run, "recorder");
}

static void what_a_full_disk_does_not_take_comes_back_to_it_in_order(void **state) {
        for (int copies = 0; copies < 2; copies++) {
                fill_and_heal(*state, copies != 0, 5);
                fill_and_heal(*state, copies != 0, RECORD_SLOTS + 900);
        }
}

static void a_restart_in_any_state_finds_all_of_it(void **state) {
        struct fixture *fixture = *state;

        for (int copies = 0; copies < 2; copies++) {
                struct recorder *recorder;

                disk->copies = copies != 0;
                recorder = begin(fixture);
                append_all(recorder, 1, 5);
                disk->full = true;
                append_all(recorder, 6, 9);
                /* Still full. */
                recorder = restart(fixture, recorder);
                assert_int_equal(recorder_place(recorder), STATE_VOLATILE);
                assert_non_null(strstr(recorder_trouble(recorder), "No space left"));
                assert_record(recorder, 1, 9);
                append_all(recorder, 10, 12);
                recorder = restart(fixture, recorder);
                assert_record(recorder, 1, 12);
                /* Healed while nobody was there. */
                disk->full = false;
                recorder = restart(fixture, recorder);
                assert_int_equal(recorder_place(recorder), STATE_DURABLE);
                assert_record(recorder, 1, 12);
                assert_file(fixture->state, 1, 12);
                assert_int_equal(is_there(fixture->run, "recorder"), copies);
                append_all(recorder, 13, 14);
                recorder = restart(fixture, recorder);
                assert_record(recorder, 1, 14);
                /* Healed while it ran. */
                disk->full = true;
                append_all(recorder, 15, 16);
                recorder = restart(fixture, recorder);
                disk->full = false;
                assert_true(recorder_mend(recorder));
                append_all(recorder, 17, 17);
                recorder = restart(fixture, recorder);
                assert_record(recorder, 1, 17);
                recorder_free(recorder);
                forget(fixture->state, "recorder");
                forget(fixture->run, "recorder");
        }
}

static void a_reboot_while_it_is_full_leaves_a_beginning_without_a_gap(void **state) {
        struct fixture *fixture = *state;
        struct recorder *recorder;

        disk->copies = true;
        recorder = begin(fixture);
        append_all(recorder, 1, 5);
        disk->full = true;
        append_all(recorder, 6, 20);
        /* There is room for the slot it is tried with and for some of what was missed. */
        disk->full = false;
        disk->takes = 4;
        assert_false(recorder_mend(recorder));
        assert_int_equal(recorder_place(recorder), STATE_VOLATILE);
        assert_file(fixture->state, 1, 8);
        append_all(recorder, 21, 21);
        recorder_free(recorder);

        forget(fixture->run, "recorder");
        recorder = begin(fixture);
        assert_int_equal(recorder_place(recorder), STATE_DURABLE);
        assert_record(recorder, 1, 8);
        recorder_free(recorder);
}

static void a_torn_slot_is_repaired_from_the_mirror(void **state) {
        struct fixture *fixture = *state;
        char path[PATH_MAX + 32];
        struct recorder *recorder;

        disk->copies = true;
        recorder = begin(fixture);
        append_all(recorder, 1, 9);
        recorder_free(recorder);
        snprintf(path, sizeof(path), "%s/recorder", fixture->state);
        _cleanup_close_ int fd = open(path, O_WRONLY | O_CLOEXEC);
        assert_int_equal(pwrite(fd, "torn", 4, 3 * RECORD_SLOT_SIZE + 30), 4);
        recorder = begin(fixture);
        assert_record(recorder, 1, 9);
        assert_file(fixture->state, 1, 9);
        recorder_free(recorder);
}

static void without_a_second_place_a_full_disk_is_nowhere_until_it_heals(void **state) {
        struct fixture *fixture = *state;
        struct recorder *recorder;

        disk->copies = true;
        assert_int_equal(recorder_new(fixture->state, fixture->state, NULL, &recorder), 0);
        put_on_disk(fixture, "recorder");
        append_all(recorder, 1, 5);
        disk->full = true;
        assert_true(append(recorder, 6) < 0);
        assert_int_equal(recorder_place(recorder), STATE_NOWHERE);
        assert_false(recorder_mend(recorder));
        disk->full = false;
        assert_true(recorder_mend(recorder));
        append_all(recorder, 6, 7);
        assert_record(recorder, 1, 7);
        recorder_free(recorder);
}

static void what_begins_without_a_disk_has_numbers_that_none_has(void **state) {
        struct fixture *fixture = *state;
        struct book_entry entry = book_entry_new("started");
        char aside[PATH_MAX + 8];
        uint64_t began = 1766620800;
        struct loop *loop;
        struct book *book;

        assert_int_equal(loop_new_sim(began * USEC_PER_SEC, &loop), 0);
        struct recorder *recorder = begin(fixture);
        append_all(recorder, 1, 3);
        recorder_free(recorder);
        snprintf(aside, sizeof(aside), "%s.away", fixture->state);
        assert_int_equal(rename(fixture->state, aside), 0);
        assert_int_equal(book_new(loop, fixture->state, fixture->run, NULL, &book), 0);
        assert_int_equal(book_ledger(book)->next_action, began);
        assert_int_equal(book_write(book, &entry), 0);
        book_free(book);
        assert_int_equal(rename(aside, fixture->state), 0);
        assert_int_equal(book_new(loop, fixture->state, fixture->run, NULL, &book), 0);
        struct range range = {0};
        assert_int_equal(recorder_read(book_recorder(book), look, &range, NULL), 0);
        assert_int_equal(range.first, 1);
        assert_int_equal(range.last, began);
        assert_int_equal(book_ledger(book)->next_number, began + 1);
        book_free(book);
        loop_free(loop);
}

/* Appends for ever, mends now and then, and tells each number when it is written. */
static void write_for_ever(const struct fixture *fixture, uint64_t from, int tell) {
        struct recorder *recorder;

        if (recorder_new(fixture->state, fixture->run, NULL, &recorder) < 0)
                _exit(1);
        for (uint64_t i = from;; i++) {
                if (append(recorder, i) != 0 || write(tell, &i, sizeof(i)) != sizeof(i))
                        _exit(1);
                if (i % 7 == 0)
                        recorder_mend(recorder);
        }
}

static void killed_at_any_moment_on_a_disk_that_is_full_now_and_then_it_has_no_gap(void **state) {
        struct fixture *fixture = *state;
        struct recorder *recorder;
        uint64_t last = 0;

        disk->copies = true;
        recorder_free(begin(fixture));
        for (int i = 0; i < 30; i++) {
                struct range range = {0};
                uint64_t told = last;
                int fds[2];
                pid_t pid;

                assert_int_equal(pipe(fds), 0);
                pid = fork();
                if (pid == 0) {
                        freopen("/dev/null", "w", stderr);
                        close(fds[0]);
                        write_for_ever(fixture, last + 1, fds[1]);
                }
                close(fds[1]);
                for (int j = 0; j < 40 && read(fds[0], &told, sizeof(told)) == sizeof(told); j++)
                        if (j % 10 == i % 10)
                                disk->full = !disk->full;
                kill(pid, SIGKILL);
                while (read(fds[0], &told, sizeof(told)) == sizeof(told))
                        ;
                close(fds[0]);
                waitpid(pid, NULL, 0);

                assert_true(told > last);
                recorder = begin(fixture);
                assert_int_equal(recorder_read(recorder, look, &range, NULL), 0);
                assert_false(range.gap);
                /* One more may have been written and not told. */
                assert_true(range.last == told || range.last == told + 1);
                last = range.last;
                recorder_free(recorder);
        }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(where_writes_are_copied_there_is_a_mirror_from_the_start),
                TEST(what_a_full_disk_does_not_take_comes_back_to_it_in_order),
                TEST(a_restart_in_any_state_finds_all_of_it),
                TEST(a_reboot_while_it_is_full_leaves_a_beginning_without_a_gap),
                TEST(a_torn_slot_is_repaired_from_the_mirror),
                TEST(without_a_second_place_a_full_disk_is_nowhere_until_it_heals),
                TEST(what_begins_without_a_disk_has_numbers_that_none_has),
                TEST(killed_at_any_moment_on_a_disk_that_is_full_now_and_then_it_has_no_gap),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
