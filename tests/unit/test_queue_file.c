/* SPDX-License-Identifier: MIT */
/* test_queue_file - what Postfix wrote is read as it reads it, in steps of any size */
#include "queue_file_support.h"

static void an_ordinary_message_is_read(void **state) {
        const struct spool_message message = {
                .arrival_seconds = 1766509200,
                .create_seconds = 1766509300,
                .sender = "alice@example.test",
                .recipients = {{.address = "bob@example.test"},
                        {.address = "carol@example.test", .done = true},
                        {.address = "dave@Example.TEST", .original = "d@example.test"}},
        };
        struct spool_file file;

        (void)state;
        assert_int_equal(read_message(&message, &file), QUEUE_FILE_DONE);
        assert_int_equal(reader.file.arrival_seconds, 1766509200);
        assert_int_equal(reader.file.create_seconds, 1766509300);
        assert_int_equal(reader.file.size_bytes, file.size_bytes);
        assert_true(reader.file.has_sender);
        assert_false(reader.file.null_sender);
        assert_string_equal(reader.file.sender, "alice@example.test");
        assert_false(reader.file.has_filter);
        assert_int_equal(reader.file.recipients_left, 2);
        assert_int_equal(reader.file.recipients_done, 1);
        assert_int_equal(heard.n, 2);
        assert_string_equal(heard.addresses[0], "bob@example.test");
        assert_int_equal(heard.offsets[0], file.offsets[0]);
        assert_string_equal(heard.addresses[1], "dave@Example.TEST");
        assert_int_equal(heard.offsets[1], file.offsets[2]);
        /* One read was enough. */
        assert_in_range(reader.bytes_read, 1, QUEUE_FILE_BUFFER);
}

static void a_bounce_and_a_filter_are_told(void **state) {
        (void)state;
        assert_int_equal(read_message(&(struct spool_message){.sender = "",
                                              .filter = "smtp:[127.0.0.1]:10024",
                                              .recipients = {{.address = "bob@example.test"}}},
                                 NULL),
                QUEUE_FILE_DONE);
        assert_true(reader.file.has_sender);
        assert_true(reader.file.null_sender);
        assert_true(reader.file.has_filter);
        assert_string_equal(reader.file.filter, "smtp:[127.0.0.1]:10024");
}

static void large_content_is_jumped_over(void **state) {
        struct spool_file file;

        (void)state;
        assert_int_equal(read_message(&(struct spool_message){.recipients = {{.address = "b@x"}},
                                              .body_bytes = 5u << 20},
                                 &file),
                QUEUE_FILE_DONE);
        assert_true(file.size_bytes > 5u << 20);
        assert_int_equal(reader.file.size_bytes, file.size_bytes);
        assert_in_range(reader.bytes_read, 1, 2 * QUEUE_FILE_BUFFER);
}

static void mail_in_maildrop_is_walked(void **state) {
        const struct spool_message message = {
                .queue = "maildrop", .recipients = {{.address = "bob@example.test"}}, .body_bytes = 100000};
        struct spool_file file;

        (void)state;
        assert_int_equal(read_message(&message, &file), QUEUE_FILE_DONE);
        assert_int_equal(reader.file.size_bytes, reader.file_size);
        assert_int_equal(reader.file.arrival_seconds, SPOOL_ARRIVAL);
        assert_int_equal(reader.file.create_seconds, SPOOL_ARRIVAL);
        assert_int_equal(reader.file.recipients_left, 1);
        assert_true(reader.bytes_read > 100000);
}

/* `postsuper -r` puts files of cleanup there, sizes, done recipients, pointers and all. */
static void a_requeued_message_is_read_in_maildrop(void **state) {
        const struct spool_message message = {
                .milter_sender = "new@example.test",
                .recipients = {{.address = "bob@example.test", .done = true},
                        {.address = "carol@example.test"}},
        };
        size_t size;
        unsigned char *bytes = spool_encode(&message, &size, NULL);

        (void)state;
        assert_int_equal(read_bytes(bytes, size, true, 4096), QUEUE_FILE_DONE);
        free(bytes);
        assert_string_equal(reader.file.sender, "new@example.test");
        assert_int_equal(reader.file.size_bytes, size);
        assert_int_equal(reader.file.recipients_left, 1);
        assert_int_equal(reader.file.recipients_done, 1);
}

static void what_a_milter_changed_counts(void **state) {
        static const char *const senders[] = {"", "a@x", "alice@a-long-name.example.test"};

        (void)state;
        for (size_t i = 0; i < sizeof(senders) / sizeof(senders[0]); i++) {
                struct spool_file file;

                assert_int_equal(read_message(&(struct spool_message){.sender = senders[i],
                                                      .recipients = {{.address = "bob@example.test"}},
                                                      .milter_sender = "new@example.test",
                                                      .milter_recipient = "archive@example.test"},
                                         &file),
                        QUEUE_FILE_DONE);
                assert_string_equal(reader.file.sender, "new@example.test");
                assert_int_equal(heard.n, 2);
                assert_string_equal(heard.addresses[1], "archive@example.test");
                assert_int_equal(heard.offsets[1], file.milter_offset);
                assert_int_equal(reader.jumps, 4);
        }
}

static void the_first_of_two_senders_and_times_counts(void **state) {
        static struct hand hand;

        (void)state;
        hand_start(&hand);
        hand_add(&hand, 'T', "1 1");
        hand_add(&hand, 'A', "create_time=5");
        hand_add(&hand, 'A', "create_time=6");
        hand_add(&hand, 'S', "first@x");
        hand_add(&hand, 'S', "second@x");
        hand_add(&hand, 'L', "smtp:one");
        hand_add(&hand, 'L', "smtp:two");
        hand_end(&hand);
        assert_int_equal(hand_read(&hand), QUEUE_FILE_DONE);
        assert_int_equal(reader.file.arrival_seconds, 1766509200);
        assert_int_equal(reader.file.create_seconds, 5);
        assert_string_equal(reader.file.sender, "first@x");
        assert_string_equal(reader.file.filter, "smtp:two");
}

static void recipients_behind_the_content_count(void **state) {
        static struct hand hand;

        (void)state;
        hand_start(&hand);
        hand_add(&hand, 'R', "a@x");
        hand_add(&hand, 'M', "");
        hand_add(&hand, 'X', "");
        hand_add(&hand, 'O', "b@x");
        hand_add(&hand, 'R', "b@x");
        hand_add(&hand, '/', "c@x");
        hand_add(&hand, 'E', "");
        assert_int_equal(hand_read(&hand), QUEUE_FILE_DONE);
        assert_int_equal(heard.n, 2);
        assert_int_equal(reader.file.recipients_done, 1);
        assert_false(reader.file.has_sender);
}

/* In maildrop a line that is continued has the letter of a filter. */
static void content_is_no_envelope(void **state) {
        static struct hand hand;

        (void)state;
        hand.size = 0;
        hand_add(&hand, 'T', "1766509200 1");
        hand_add(&hand, 'S', "a@x");
        hand_add(&hand, 'M', "");
        hand_add(&hand, 'L', "a long line");
        hand_add(&hand, 'N', "and its end");
        hand_add(&hand, 'X', "");
        hand_add(&hand, 'E', "");
        assert_int_equal(read_bytes(hand.bytes, hand.size, true, 4096), QUEUE_FILE_DONE);
        assert_false(reader.file.has_filter);
}

static void a_pointer_of_zero_is_room_for_one(void **state) {
        static struct hand hand;

        (void)state;
        hand_start(&hand);
        hand_add_pointer(&hand, 0);
        hand_add(&hand, 'R', "a@x");
        hand_end(&hand);
        assert_int_equal(hand_read(&hand), QUEUE_FILE_DONE);
        assert_int_equal(reader.file.recipients_left, 1);
        assert_int_equal(reader.jumps, 0);
}

static void many_recipients_are_read_in_bounded_steps(void **state) {
        const struct spool_message message = {.more_recipients = 120000};
        unsigned steps = 0;
        uint64_t before = 0;
        size_t size;
        unsigned char *bytes = spool_encode(&message, &size, NULL);
        int fd = memfd_create("queue-file", MFD_CLOEXEC), r;

        (void)state;
        assert_int_equal(write(fd, bytes, size), size);
        free(bytes);
        heard.n = 0;
        queue_file_reader_init(&reader, fd, size, false, hear, &heard);
        while ((r = queue_file_reader_step(&reader, 65536)) == QUEUE_FILE_MORE) {
                assert_true(reader.bytes_read - before < 65536 + QUEUE_FILE_BUFFER);
                before = reader.bytes_read;
                steps++;
        }
        close(fd);
        assert_int_equal(r, QUEUE_FILE_DONE);
        assert_int_equal(reader.file.recipients_left, 120000);
        assert_int_equal(heard.n, 120000);
        assert_true(steps >= size / (65536 + QUEUE_FILE_BUFFER));
}

static void the_size_of_the_steps_changes_nothing(void **state) {
        static const uint32_t steps[] = {0, 1, 2, 100, 4095, 4096, 4097, UINT32_MAX};
        const struct spool_message message = {.more_recipients = 500, .milter_sender = "new@example.test"};
        size_t size;
        unsigned char *bytes = spool_encode(&message, &size, NULL);

        (void)state;
        for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
                assert_int_equal(read_bytes(bytes, size, false, steps[i]), QUEUE_FILE_DONE);
                assert_int_equal(reader.file.recipients_left, 500);
                assert_string_equal(reader.file.sender, "new@example.test");
        }
        free(bytes);
}

static void domains_are_as_qshape_has_them(void **state) {
        static const struct {
                const char *address, *domain;
        } cases[] = {
                {"bob@example.test", "example.test"},
                {"bob@EXAMPLE.Test", "example.test"},
                {"bob@example.test.", "example.test"},
                {"bob@.example..test..", "example.test"},
                {"bob@..example...test", "example..test"},
                {"bob@...example....test...", ".example..test."},
                {"a@b@c", "c"},
                {"\"a@b\"@c.test", "c.test"},
                {"bob@[192.0.2.1]", "[192.0.2.1]"},
                {"Bob", "bob"},
                {"bob.", "bob"},
                {"bob@", ""},
                {"bob@.", "."},
                {"bob@...", "."},
                {"bob@........", ".."},
                {"", ""},
                {"bob@b\303\274cher.test", "b\303\274cher.test"},
        };
        char domain[QUEUE_DOMAIN_MAX], long_address[QUEUE_FILE_ADDRESS_MAX];

        (void)state;
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                queue_file_domain(cases[i].address, domain);
                assert_string_equal(domain, cases[i].domain);
        }
        memset(long_address, 'x', sizeof(long_address));
        long_address[0] = '@';
        long_address[sizeof(long_address) - 1] = '\0';
        queue_file_domain(long_address, domain);
        assert_int_equal(strlen(domain), QUEUE_DOMAIN_MAX - 1);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(an_ordinary_message_is_read),
                cmocka_unit_test(a_bounce_and_a_filter_are_told),
                cmocka_unit_test(large_content_is_jumped_over),
                cmocka_unit_test(mail_in_maildrop_is_walked),
                cmocka_unit_test(a_requeued_message_is_read_in_maildrop),
                cmocka_unit_test(what_a_milter_changed_counts),
                cmocka_unit_test(the_first_of_two_senders_and_times_counts),
                cmocka_unit_test(recipients_behind_the_content_count),
                cmocka_unit_test(content_is_no_envelope),
                cmocka_unit_test(a_pointer_of_zero_is_room_for_one),
                cmocka_unit_test(many_recipients_are_read_in_bounded_steps),
                cmocka_unit_test(the_size_of_the_steps_changes_nothing),
                cmocka_unit_test(domains_are_as_qshape_has_them),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
