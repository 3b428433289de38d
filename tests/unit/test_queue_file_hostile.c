/* SPDX-License-Identifier: MIT */
/* test_queue_file_hostile - records that lie, turn in circles or carry hostile bytes do no harm and come to an end */
#include "queue_file_support.h"

static void every_single_byte_may_be_anything(void **state) {
        size_t size;
        unsigned char *bytes =
                spool_encode(&(struct spool_message){.recipients = {{.address = "bob@example.test"}},
                                     .milter_sender = "new@example.test",
                                     .milter_recipient = "archive@example.test",
                                     .body_bytes = 1},
                        &size, NULL);

        (void)state;
        for (size_t at = 0; at < size; at++) {
                unsigned char byte = bytes[at];

                for (unsigned value = 0; value < 256; value += 15) {
                        bytes[at] = (unsigned char)value;
                        assert_in_range(
                                read_bytes(bytes, size, false, 4096), QUEUE_FILE_DONE, QUEUE_FILE_BAD);
                }
                bytes[at] = byte;
        }
        free(bytes);
}

static void a_record_where_it_does_not_belong_is_bad(void **state) {
        static const char types[] = {'\0', 'X', 'E', 'N', 'C', 'Z', '\xff', ' '};
        static struct hand hand;

        (void)state;
        for (size_t i = 0; i < sizeof(types); i++) {
                hand_start(&hand);
                hand_add(&hand, types[i], "1");
                hand_end(&hand);
                assert_int_equal(hand_read(&hand), QUEUE_FILE_BAD);
                assert_non_null(reader.file.bad);
        }
        /* The sizes come first, but in maildrop. */
        hand.size = 0;
        hand_add(&hand, 'T', "1766509200 1");
        hand_end(&hand);
        assert_int_equal(hand_read(&hand), QUEUE_FILE_BAD);
        assert_int_equal(read_bytes(hand.bytes, hand.size, true, 4096), QUEUE_FILE_DONE);
        /* Content that does not end where it should. */
        hand_start(&hand);
        hand_add(&hand, 'M', "");
        hand_add(&hand, 'N', "a line");
        hand_add(&hand, 'X', "");
        hand_add(&hand, 'E', "");
        assert_int_equal(hand_read(&hand), QUEUE_FILE_BAD);
        assert_int_equal(read_bytes("From: an ordinary text file", 27, false, 4096), QUEUE_FILE_BAD);
}

static void lengths_that_lie_are_refused(void **state) {
        static const unsigned char five[] = {'S', 0x81, 0x80, 0x80, 0x80, 0x00, 'x'};
        static const unsigned char beyond[] = {'S', 0xff, 0xff, 0xff, 0x7f};
        static struct hand hand;
        size_t start;

        (void)state;
        hand_start(&hand);
        start = hand.size;
        memcpy(hand.bytes + start, five, sizeof(five));
        hand.size = start + sizeof(five);
        hand_end(&hand);
        assert_int_equal(hand_read(&hand), QUEUE_FILE_BAD);

        memcpy(hand.bytes + start, beyond, sizeof(beyond));
        hand.size = start + sizeof(beyond);
        hand_end(&hand);
        assert_int_equal(hand_read(&hand), QUEUE_FILE_UNFINISHED);
        assert_false(reader.file.has_sender);

        hand.size = 0;
        hand_add_sizes(&hand, 1L << 40);
        hand_add(&hand, 'T', "1766509200 1");
        hand_end(&hand);
        assert_int_equal(hand_read(&hand), QUEUE_FILE_BAD);
}

static void an_address_of_many_kilobytes_is_bad(void **state) {
        static struct hand hand;
        static char long_text[QUEUE_FILE_BUFFER + 2];

        (void)state;
        memset(long_text, 'a', sizeof(long_text) - 1);
        hand_start(&hand);
        hand_add(&hand, 'R', long_text);
        hand_end(&hand);
        assert_int_equal(hand_read(&hand), QUEUE_FILE_BAD);
        /* As long as the buffer is. */
        long_text[QUEUE_FILE_BUFFER] = '\0';
        memcpy(long_text + QUEUE_FILE_BUFFER - 2, "@x", 2);
        hand_start(&hand);
        hand_add(&hand, 'R', long_text);
        hand_end(&hand);
        assert_int_equal(hand_read(&hand), QUEUE_FILE_DONE);
        assert_int_equal(strlen(heard.addresses[0]), QUEUE_FILE_ADDRESS_MAX - 1);
        assert_string_equal(heard.addresses[0] + QUEUE_FILE_ADDRESS_MAX - 3, "@x");
}

static void numbers_that_are_none_are_bad(void **state) {
        static const char *const times[] = {
                "", "0 0", "-1 0", "x", "99999999999999999999999 0", "8796093022208 0"};
        static const char *const sizes[] = {"x", "1 2 -3", "99999999999999999999999", "1 2 3x"};
        static struct hand hand;

        (void)state;
        for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
                hand.size = 0;
                hand_add_sizes(&hand, 0);
                hand_add(&hand, 'T', times[i]);
                hand_end(&hand);
                assert_int_equal(hand_read(&hand), QUEUE_FILE_BAD);
        }
        for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
                hand.size = 0;
                hand_add(&hand, 'C', sizes[i]);
                hand_add(&hand, 'T', "1766509200 1");
                hand_end(&hand);
                assert_int_equal(hand_read(&hand), QUEUE_FILE_BAD);
        }
        hand.size = 0;
        hand_add_sizes(&hand, 0);
        hand_end(&hand);
        assert_int_equal(hand_read(&hand), QUEUE_FILE_BAD);
        assert_string_equal(reader.file.bad, "no arrival time");
}

static void pointers_that_lie_are_bad(void **state) {
        static struct hand hand;
        size_t start;

        (void)state;
        /* To itself, to the start, behind the end, and no number at all. */
        for (unsigned i = 0; i < 5; i++) {
                hand_start(&hand);
                start = hand.size;
                if (i < 3)
                        hand_add_pointer(&hand, (const size_t[]){start, 97, 1u << 20}[i]);
                else
                        hand_add(&hand, 'p', i == 3 ? "" : "-1");
                hand_end(&hand);
                assert_int_equal(hand_read(&hand), QUEUE_FILE_BAD);
        }
        assert_int_equal(reader.jumps, 0);
        /* Two that lead to each other; the file is read in steps that end. */
        hand_start(&hand);
        start = hand.size;
        hand_add_pointer(&hand, start + 17);
        hand_add_pointer(&hand, start);
        hand_end(&hand);
        assert_int_equal(hand_read(&hand), QUEUE_FILE_BAD);
        assert_int_equal(reader.jumps, QUEUE_FILE_JUMPS_MAX + 1);
        assert_in_range(reader.bytes_read, 1, QUEUE_FILE_BUFFER);
}

/* A circle that is larger than the buffer, so that each turn is read from disk. */
static void a_large_circle_ends_by_the_bytes_read(void **state) {
        static struct hand hand;
        static char filler[2000];
        size_t start;

        (void)state;
        memset(filler, 'x', sizeof(filler) - 1);
        hand_start(&hand);
        start = hand.size;
        for (unsigned i = 0; i < 10; i++)
                hand_add(&hand, 'F', filler);
        hand_add(&hand, 'R', "a@x");
        hand_add_pointer(&hand, start);
        hand_end(&hand);
        assert_int_equal(hand_read(&hand), QUEUE_FILE_BAD);
        assert_in_range(reader.bytes_read, 1, QUEUE_FILE_READ_MAX + QUEUE_FILE_BUFFER);
}

static void hostile_bytes_stay_in_the_file(void **state) {
        static const char evil[] = "a\033[2J\r\nb@x.test\0@y.test";
        static struct hand hand;

        (void)state;
        hand_start(&hand);
        hand.size += spool_encode_record(hand.bytes + hand.size, 'S', evil, sizeof(evil) - 1);
        hand.size += spool_encode_record(hand.bytes + hand.size, 'R', evil, sizeof(evil) - 1);
        hand.size += spool_encode_record(hand.bytes + hand.size, 'R', "\0x@y", 4);
        hand_end(&hand);
        assert_int_equal(hand_read(&hand), QUEUE_FILE_DONE);
        assert_string_equal(reader.file.sender, "a?[2J??b@x.test");
        assert_string_equal(heard.addresses[0], "a?[2J??b@x.test");
        assert_string_equal(heard.addresses[1], "");
        assert_int_equal(reader.file.recipients_left, 2);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(every_single_byte_may_be_anything),
                cmocka_unit_test(a_record_where_it_does_not_belong_is_bad),
                cmocka_unit_test(lengths_that_lie_are_refused),
                cmocka_unit_test(an_address_of_many_kilobytes_is_bad),
                cmocka_unit_test(numbers_that_are_none_are_bad),
                cmocka_unit_test(pointers_that_lie_are_bad),
                cmocka_unit_test(a_large_circle_ends_by_the_bytes_read),
                cmocka_unit_test(hostile_bytes_stay_in_the_file),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
