/* SPDX-License-Identifier: MIT */
/* test_record - a slot says what was put into it, and nothing that is not whole is believed */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <sys/mman.h>

#include "base/cleanup.h"
#include "record/record.h"

static const struct record_field plain[] = {{"event", "action-intent"}, {"action", "7"},
        {"verb", "journal.vacuum"}, {"text", "two\nlines \"x\" \\"}};

static void what_is_written_is_read_back(void **state) {
        char slot[RECORD_SLOT_SIZE];
        struct record record;
        (void)state;

        assert_int_equal(record_format(42, 1766620867123456, plain, ELEMENTSOF(plain), slot), 0);
        assert_int_equal(record_parse(slot, &record), 0);
        assert_int_equal(record.number, 42);
        assert_int_equal(record.time_usec, 1766620867123456);
        assert_int_equal(record.n_fields, 4);
        assert_string_equal(record_get(&record, "event"), "action-intent");
        assert_int_equal(record_get_number(&record, "action"), 7);
        assert_string_equal(record_get(&record, "text"), plain[3].value);
        assert_string_equal(record_get(&record, "absent"), "");
        assert_int_equal(record_get_number(&record, "verb"), 0);
}

static void the_written_form_is_the_documented_one(void **state) {
        char slot[RECORD_SLOT_SIZE];
        (void)state;

        assert_int_equal(record_format(42, 5, plain, 2, slot), 0);
        assert_memory_equal(slot, "SG1 00000000000000000042 ", 25);
        assert_memory_equal(slot + 33, " time=5 event=action-intent action=\"7\" ", 39);
        assert_int_equal(slot[RECORD_SLOT_SIZE - 1], '\n');
        assert_int_equal(slot[RECORD_SLOT_SIZE - 2], ' ');
        assert_null(memchr(slot, '\0', sizeof(slot)));
}

static void the_sum_is_the_usual_crc(void **state) {
        (void)state;
        assert_int_equal(record_sum(0, "123456789", 9), 0xcbf43926);
        assert_int_equal(record_sum(record_sum(0, "1234", 4), "56789", 5), 0xcbf43926);
}

static void a_slot_that_is_changed_anywhere_is_refused(void **state) {
        char slot[RECORD_SLOT_SIZE], torn[RECORD_SLOT_SIZE];
        struct record record;
        (void)state;

        assert_int_equal(record_format(42, 5, plain, ELEMENTSOF(plain), slot), 0);
        for (size_t i = 0; i < sizeof(slot); i++) {
                memcpy(torn, slot, sizeof(slot));
                torn[i] = (char)(torn[i] ^ 1);
                assert_int_equal(record_parse(torn, &record), -EBADMSG);
        }
}

static void a_slot_torn_at_any_byte_is_refused(void **state) {
        char old[RECORD_SLOT_SIZE], new[RECORD_SLOT_SIZE], torn[RECORD_SLOT_SIZE];
        struct record record;
        const struct record_field longer[] = {
                {"event", "incident-note"}, {"text", "a much longer sentence than that"}};
        (void)state;

        assert_int_equal(record_format(1, 5, longer, 2, old), 0);
        assert_int_equal(record_format(1 + RECORD_SLOTS, 6, plain, ELEMENTSOF(plain), new), 0);
        for (size_t i = 0; i < RECORD_SLOT_SIZE; i++) {
                memcpy(torn, new, i);
                memcpy(torn + i, old + i, sizeof(torn) - i);
                if (memcmp(torn, old, sizeof(torn)) != 0 && memcmp(torn, new, sizeof(torn)) != 0)
                        assert_int_equal(record_parse(torn, &record), -EBADMSG);
        }
}

static void long_text_is_cut_and_numbers_behind_it_are_not(void **state) {
        char slot[RECORD_SLOT_SIZE], text[4000];
        struct record record;
        (void)state;

        memset(text, 'x', sizeof(text) - 1);
        text[sizeof(text) - 1] = '\0';
        const struct record_field fields[] = {
                {"event", "action-outcome"}, {"text", text}, {"freed", "18446744073709551615"}};
        assert_int_equal(record_format(1, 1, fields, 3, slot), 0);
        assert_int_equal(record_parse(slot, &record), 0);
        assert_int_equal(record_get_number(&record, "freed"), UINT64_MAX);
        assert_in_range(strlen(record_get(&record, "text")), 800, RECORD_SLOT_SIZE);
}

static void a_cut_leaves_no_half_character(void **state) {
        char slot[RECORD_SLOT_SIZE], text[3001];
        struct record record;
        const char *value;
        (void)state;

        for (size_t i = 0; i < 1000; i++)
                memcpy(text + 3 * i, "\xe2\x82\xac", 3);
        text[3000] = '\0';
        const struct record_field fields[] = {{"event", "e"}, {"text", text}};
        assert_int_equal(record_format(1, 1, fields, 2, slot), 0);
        assert_int_equal(record_parse(slot, &record), 0);
        value = record_get(&record, "text");
        assert_int_equal(strlen(value) % 3, 0);
}

static void what_has_no_room_at_all_is_an_error(void **state) {
        char slot[RECORD_SLOT_SIZE], number[999];
        struct record_field fields[2] = {{"event", "e"}, {"n", number}};
        (void)state;

        memset(number, '1', sizeof(number) - 1);
        number[sizeof(number) - 1] = '\0';
        assert_int_equal(record_format(1, 1, fields, 2, slot), -EMSGSIZE);
        fields[0].name = "text";
        assert_int_equal(record_format(1, 1, fields, 1, slot), -EINVAL);
        fields[0] = (struct record_field){"event", "e"};
        fields[1] = (struct record_field){"bad name", "x"};
        assert_int_equal(record_format(1, 1, fields, 2, slot), -EINVAL);
}

struct seen {
        uint64_t numbers[8];
        size_t n;
};

static int see(const struct record *record, void *data) {
        struct seen *seen = data;
        seen->numbers[seen->n++] = record->number;
        return 0;
}

static void put(int fd, uint64_t number, uint64_t place) {
        char slot[RECORD_SLOT_SIZE];
        assert_int_equal(record_format(number, 1, plain, ELEMENTSOF(plain), slot), 0);
        assert_int_equal(pwrite(fd, slot, sizeof(slot), (off_t)(place * RECORD_SLOT_SIZE)), RECORD_SLOT_SIZE);
}

static void a_ring_is_read_in_the_order_of_its_numbers(void **state) {
        int fd = memfd_create("ring", 0);
        struct seen seen = {.n = 0};
        size_t bad = 99;
        (void)state;

        assert_int_equal(ftruncate(fd, (off_t)RECORD_SLOTS * RECORD_SLOT_SIZE), 0);
        put(fd, RECORD_SLOTS - 1, RECORD_SLOTS - 2);
        put(fd, RECORD_SLOTS, RECORD_SLOTS - 1);
        put(fd, RECORD_SLOTS + 1, 0);
        put(fd, RECORD_SLOTS + 2, 1);
        assert_int_equal(record_read(fd, see, &seen, &bad), 0);
        assert_int_equal(bad, 0);
        assert_int_equal(seen.n, 4);
        for (size_t i = 0; i < seen.n; i++)
                assert_int_equal(seen.numbers[i], RECORD_SLOTS - 1 + i);
        close(fd);
}

static void slots_torn_or_in_anothers_place_are_counted(void **state) {
        int fd = memfd_create("ring", 0);
        struct seen seen = {.n = 0};
        size_t bad = 0;
        (void)state;

        put(fd, 1, 0);
        put(fd, 1, 1); /* a copy */
        put(fd, 3, 2);
        assert_int_equal(pwrite(fd, "half", 4, 2 * RECORD_SLOT_SIZE + 100), 4);
        put(fd, 4, 3);
        assert_int_equal(record_read(fd, see, &seen, &bad), 0);
        assert_int_equal(bad, 2);
        assert_int_equal(seen.n, 2);
        assert_int_equal(seen.numbers[1], 4);
        close(fd);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(what_is_written_is_read_back),
                cmocka_unit_test(the_written_form_is_the_documented_one),
                cmocka_unit_test(the_sum_is_the_usual_crc),
                cmocka_unit_test(a_slot_that_is_changed_anywhere_is_refused),
                cmocka_unit_test(a_slot_torn_at_any_byte_is_refused),
                cmocka_unit_test(long_text_is_cut_and_numbers_behind_it_are_not),
                cmocka_unit_test(a_cut_leaves_no_half_character),
                cmocka_unit_test(what_has_no_room_at_all_is_an_error),
                cmocka_unit_test(a_ring_is_read_in_the_order_of_its_numbers),
                cmocka_unit_test(slots_torn_or_in_anothers_place_are_counted),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
