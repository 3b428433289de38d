/* SPDX-License-Identifier: MIT */
/* test_queue_file - what Postfix wrote is read as it reads it, and no file that is cut, lies or turns in circles is */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "postfix/queue_file.h"
#include "support/scratch.h"
#include "support/spool.h"

#define KEPT 8

struct heard {
        size_t n;
        uint64_t offsets[KEPT];
        char addresses[KEPT][QUEUE_FILE_ADDRESS_MAX];
};

static void hear(const char *address, uint64_t offset, void *data) {
        struct heard *heard = data;

        if (heard->n < KEPT) {
                heard->offsets[heard->n] = offset;
                snprintf(heard->addresses[heard->n], sizeof(heard->addresses[0]), "%s", address);
        }
        heard->n++;
}

static struct heard heard;
static struct queue_file_reader reader;

/* To the end, `step` bytes at a time. */
static int read_fd(int fd, uint64_t size, bool maildrop, uint32_t step) {
        int state;

        heard.n = 0;
        queue_file_reader_init(&reader, fd, size, maildrop, hear, &heard);
        for (unsigned i = 0; (state = queue_file_reader_step(&reader, step)) == QUEUE_FILE_MORE; i++)
                assert_true(i < QUEUE_FILE_RECORDS_MAX);
        /* What was said once stays said. */
        if (state > 0)
                assert_int_equal(queue_file_reader_step(&reader, step), state);
        return state;
}

static int read_bytes(const void *bytes, size_t size, bool maildrop, uint32_t step) {
        int fd = memfd_create("queue-file", MFD_CLOEXEC), state;

        assert_true(fd >= 0);
        assert_int_equal(write(fd, bytes, size), size);
        state = read_fd(fd, size, maildrop, step);
        close(fd);
        return state;
}

static bool is_maildrop(const struct spool_message *message) {
        return message->queue && strcmp(message->queue, "maildrop") == 0;
}

static int read_message(const struct spool_message *message, struct spool_file *ret_file) {
        size_t size;
        unsigned char *bytes = spool_encode(message, &size, ret_file);
        int state = read_bytes(bytes, size, is_maildrop(message), 4096);

        free(bytes);
        return state;
}

/* A file made by hand: records one behind the other. */
struct hand {
        unsigned char bytes[64 << 10];
        size_t size;
};

static void add(struct hand *hand, char type, const char *text) {
        hand->size += spool_encode_record(hand->bytes + hand->size, type, text, strlen(text));
}

static void add_sizes(struct hand *hand, long data_size) {
        char text[96];

        snprintf(text, sizeof(text), "%15ld %15d %15d %15d %15d %15d", data_size, 1, 1, 0, 1, 0);
        add(hand, 'C', text);
}

static void add_pointer(struct hand *hand, size_t target) {
        char text[24];

        snprintf(text, sizeof(text), "%15zu", target);
        add(hand, 'p', text);
}

static void add_start(struct hand *hand) {
        hand->size = 0;
        add_sizes(hand, 0);
        add(hand, 'T', "1766509200 1");
}

static void add_end(struct hand *hand) {
        add(hand, 'M', "");
        add(hand, 'X', "");
        add(hand, 'E', "");
}

static int read_hand(const struct hand *hand) {
        return read_bytes(hand->bytes, hand->size, false, 4096);
}

static void an_ordinary_message_is_read(void **state) {
        const struct spool_message message = {
                .arrival_seconds = 1766509200,
                .create_seconds = 1766509300,
                .sender = "alice@example.test",
                .recipients = {{"bob@example.test"}, {"carol@example.test", .done = true},
                        {"dave@Example.TEST", .original = "d@example.test"}},
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
        assert_int_equal(reader.file.recipients_todo, 2);
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
                                              .recipients = {{"bob@example.test"}}},
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
        assert_int_equal(
                read_message(&(struct spool_message){.recipients = {{"b@x"}}, .body_bytes = 5u << 20}, &file),
                QUEUE_FILE_DONE);
        assert_true(file.size_bytes > 5u << 20);
        assert_int_equal(reader.file.size_bytes, file.size_bytes);
        assert_in_range(reader.bytes_read, 1, 2 * QUEUE_FILE_BUFFER);
}

static void mail_in_maildrop_is_walked(void **state) {
        const struct spool_message message = {
                .queue = "maildrop", .recipients = {{"bob@example.test"}}, .body_bytes = 100000};
        struct spool_file file;

        (void)state;
        assert_int_equal(read_message(&message, &file), QUEUE_FILE_DONE);
        assert_int_equal(reader.file.size_bytes, reader.file_size);
        assert_int_equal(reader.file.arrival_seconds, SPOOL_ARRIVAL);
        assert_int_equal(reader.file.create_seconds, SPOOL_ARRIVAL);
        assert_int_equal(reader.file.recipients_todo, 1);
        assert_true(reader.bytes_read > 100000);
}

/* `postsuper -r` puts files of cleanup there, sizes, done recipients, pointers and all. */
static void a_requeued_message_is_read_in_maildrop(void **state) {
        const struct spool_message message = {
                .milter_sender = "new@example.test",
                .recipients = {{"bob@example.test", .done = true}, {"carol@example.test"}},
        };
        size_t size;
        unsigned char *bytes = spool_encode(&message, &size, NULL);

        (void)state;
        assert_int_equal(read_bytes(bytes, size, true, 4096), QUEUE_FILE_DONE);
        free(bytes);
        assert_string_equal(reader.file.sender, "new@example.test");
        assert_int_equal(reader.file.size_bytes, size);
        assert_int_equal(reader.file.recipients_todo, 1);
        assert_int_equal(reader.file.recipients_done, 1);
}

static void what_a_milter_changed_counts(void **state) {
        static const char *const senders[] = {"", "a@x", "alice@a-long-name.example.test"};

        (void)state;
        for (size_t i = 0; i < sizeof(senders) / sizeof(senders[0]); i++) {
                struct spool_file file;

                assert_int_equal(read_message(&(struct spool_message){.sender = senders[i],
                                                      .recipients = {{"bob@example.test"}},
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

static void a_message_that_is_being_written_is_unfinished(void **state) {
        (void)state;
        assert_int_equal(
                read_message(&(struct spool_message){.recipients = {{"b@x"}}, .unfinished = true}, NULL),
                QUEUE_FILE_UNFINISHED);
        assert_int_equal(read_bytes("", 0, false, 4096), QUEUE_FILE_UNFINISHED);
        assert_int_equal(read_bytes("", 0, true, 4096), QUEUE_FILE_UNFINISHED);
}

static void a_file_cut_at_any_byte_is_never_done(void **state) {
        static const struct spool_message messages[] = {
                {.recipients = {{"bob@example.test"}, {"carol@example.test", .done = true}}},
                {.recipients = {{"bob@example.test"}},
                        .milter_sender = "new@example.test",
                        .milter_recipient = "archive@example.test"},
                {.queue = "maildrop", .recipients = {{"bob@example.test"}}},
        };

        (void)state;
        for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++) {
                size_t size;
                unsigned char *bytes = spool_encode(&messages[i], &size, NULL);

                for (size_t cut = 0; cut < size; cut++) {
                        int done;

                        /* A block of this size, by a file of it and by a size that is no longer true. */
                        done = read_bytes(bytes, cut, is_maildrop(&messages[i]), 4096);
                        assert_true(done == QUEUE_FILE_UNFINISHED || done == QUEUE_FILE_BAD);
                }
                free(bytes);
        }
}

static void a_file_that_became_shorter_is_unfinished(void **state) {
        size_t size;
        unsigned char *bytes = spool_encode(
                &(struct spool_message){.recipients = {{"b@x"}}, .body_bytes = 20000}, &size, NULL);

        (void)state;
        for (size_t cut = 0; cut < size; cut += 97) {
                int fd = memfd_create("queue-file", MFD_CLOEXEC);

                assert_int_equal(write(fd, bytes, cut), cut);
                assert_int_equal(read_fd(fd, size, false, 4096), QUEUE_FILE_UNFINISHED);
                close(fd);
        }
        free(bytes);
}

/* What is in the buffer from the file before, or not at all, is no part of the address. */
static void a_recipient_that_was_cut_off_is_not_heard(void **state) {
        struct spool_file file;
        size_t size;
        unsigned char *bytes =
                spool_encode(&(struct spool_message){.recipients = {{"bob@example.test"}}}, &size, &file);
        int fd = memfd_create("queue-file", MFD_CLOEXEC);

        (void)state;
        assert_int_equal(write(fd, bytes, file.offsets[0] + 10), file.offsets[0] + 10);
        assert_int_equal(read_fd(fd, size, false, 4096), QUEUE_FILE_UNFINISHED);
        assert_int_equal(heard.n, 0);
        close(fd);
        free(bytes);
}

static void every_single_byte_may_be_anything(void **state) {
        size_t size;
        unsigned char *bytes = spool_encode(&(struct spool_message){.recipients = {{"bob@example.test"}},
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

static void the_first_of_two_senders_and_times_counts(void **state) {
        static struct hand hand;

        (void)state;
        add_start(&hand);
        add(&hand, 'T', "1 1");
        add(&hand, 'A', "create_time=5");
        add(&hand, 'A', "create_time=6");
        add(&hand, 'S', "first@x");
        add(&hand, 'S', "second@x");
        add(&hand, 'L', "smtp:one");
        add(&hand, 'L', "smtp:two");
        add_end(&hand);
        assert_int_equal(read_hand(&hand), QUEUE_FILE_DONE);
        assert_int_equal(reader.file.arrival_seconds, 1766509200);
        assert_int_equal(reader.file.create_seconds, 5);
        assert_string_equal(reader.file.sender, "first@x");
        assert_string_equal(reader.file.filter, "smtp:two");
}

static void recipients_behind_the_content_count(void **state) {
        static struct hand hand;

        (void)state;
        add_start(&hand);
        add(&hand, 'R', "a@x");
        add(&hand, 'M', "");
        add(&hand, 'X', "");
        add(&hand, 'O', "b@x");
        add(&hand, 'R', "b@x");
        add(&hand, '/', "c@x");
        add(&hand, 'E', "");
        assert_int_equal(read_hand(&hand), QUEUE_FILE_DONE);
        assert_int_equal(heard.n, 2);
        assert_int_equal(reader.file.recipients_done, 1);
        assert_false(reader.file.has_sender);
}

/* In maildrop a line that is continued has the letter of a filter. */
static void content_is_no_envelope(void **state) {
        static struct hand hand;

        (void)state;
        hand.size = 0;
        add(&hand, 'T', "1766509200 1");
        add(&hand, 'S', "a@x");
        add(&hand, 'M', "");
        add(&hand, 'L', "a long line");
        add(&hand, 'N', "and its end");
        add(&hand, 'X', "");
        add(&hand, 'E', "");
        assert_int_equal(read_bytes(hand.bytes, hand.size, true, 4096), QUEUE_FILE_DONE);
        assert_false(reader.file.has_filter);
}

static void a_record_where_it_does_not_belong_is_bad(void **state) {
        static const char types[] = {'\0', 'X', 'E', 'N', 'C', 'Z', '\xff', ' '};
        static struct hand hand;

        (void)state;
        for (size_t i = 0; i < sizeof(types); i++) {
                add_start(&hand);
                add(&hand, types[i], "1");
                add_end(&hand);
                assert_int_equal(read_hand(&hand), QUEUE_FILE_BAD);
                assert_non_null(reader.file.bad);
        }
        /* The sizes come first, but in maildrop. */
        hand.size = 0;
        add(&hand, 'T', "1766509200 1");
        add_end(&hand);
        assert_int_equal(read_hand(&hand), QUEUE_FILE_BAD);
        assert_int_equal(read_bytes(hand.bytes, hand.size, true, 4096), QUEUE_FILE_DONE);
        /* Content that does not end where it should. */
        add_start(&hand);
        add(&hand, 'M', "");
        add(&hand, 'N', "a line");
        add(&hand, 'X', "");
        add(&hand, 'E', "");
        assert_int_equal(read_hand(&hand), QUEUE_FILE_BAD);
        assert_int_equal(read_bytes("From: an ordinary text file", 27, false, 4096), QUEUE_FILE_BAD);
}

static void lengths_that_lie_are_refused(void **state) {
        static const unsigned char five[] = {'S', 0x81, 0x80, 0x80, 0x80, 0x00, 'x'};
        static const unsigned char beyond[] = {'S', 0xff, 0xff, 0xff, 0x7f};
        static struct hand hand;
        size_t start;

        (void)state;
        add_start(&hand);
        start = hand.size;
        memcpy(hand.bytes + start, five, sizeof(five));
        hand.size = start + sizeof(five);
        add_end(&hand);
        assert_int_equal(read_hand(&hand), QUEUE_FILE_BAD);

        memcpy(hand.bytes + start, beyond, sizeof(beyond));
        hand.size = start + sizeof(beyond);
        add_end(&hand);
        assert_int_equal(read_hand(&hand), QUEUE_FILE_UNFINISHED);
        assert_false(reader.file.has_sender);

        hand.size = 0;
        add_sizes(&hand, 1L << 40);
        add(&hand, 'T', "1766509200 1");
        add_end(&hand);
        assert_int_equal(read_hand(&hand), QUEUE_FILE_BAD);
}

static void an_address_of_many_kilobytes_is_bad(void **state) {
        static struct hand hand;
        static char long_text[QUEUE_FILE_BUFFER + 2];

        (void)state;
        memset(long_text, 'a', sizeof(long_text) - 1);
        add_start(&hand);
        add(&hand, 'R', long_text);
        add_end(&hand);
        assert_int_equal(read_hand(&hand), QUEUE_FILE_BAD);
        /* As long as the buffer is. */
        long_text[QUEUE_FILE_BUFFER] = '\0';
        memcpy(long_text + QUEUE_FILE_BUFFER - 2, "@x", 2);
        add_start(&hand);
        add(&hand, 'R', long_text);
        add_end(&hand);
        assert_int_equal(read_hand(&hand), QUEUE_FILE_DONE);
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
                add_sizes(&hand, 0);
                add(&hand, 'T', times[i]);
                add_end(&hand);
                assert_int_equal(read_hand(&hand), QUEUE_FILE_BAD);
        }
        for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
                hand.size = 0;
                add(&hand, 'C', sizes[i]);
                add(&hand, 'T', "1766509200 1");
                add_end(&hand);
                assert_int_equal(read_hand(&hand), QUEUE_FILE_BAD);
        }
        hand.size = 0;
        add_sizes(&hand, 0);
        add_end(&hand);
        assert_int_equal(read_hand(&hand), QUEUE_FILE_BAD);
        assert_string_equal(reader.file.bad, "no arrival time");
}

static void pointers_that_lie_are_bad(void **state) {
        static struct hand hand;
        size_t start;

        (void)state;
        /* To itself, to the start, behind the end, and no number at all. */
        for (unsigned i = 0; i < 5; i++) {
                add_start(&hand);
                start = hand.size;
                if (i < 3)
                        add_pointer(&hand, (const size_t[]){start, 97, 1u << 20}[i]);
                else
                        add(&hand, 'p', i == 3 ? "" : "-1");
                add_end(&hand);
                assert_int_equal(read_hand(&hand), QUEUE_FILE_BAD);
        }
        assert_int_equal(reader.jumps, 0);
        /* Two that lead to each other; the file is read in steps that end. */
        add_start(&hand);
        start = hand.size;
        add_pointer(&hand, start + 17);
        add_pointer(&hand, start);
        add_end(&hand);
        assert_int_equal(read_hand(&hand), QUEUE_FILE_BAD);
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
        add_start(&hand);
        start = hand.size;
        for (unsigned i = 0; i < 10; i++)
                add(&hand, 'F', filler);
        add(&hand, 'R', "a@x");
        add_pointer(&hand, start);
        add_end(&hand);
        assert_int_equal(read_hand(&hand), QUEUE_FILE_BAD);
        assert_in_range(reader.bytes_read, 1, QUEUE_FILE_READ_MAX + QUEUE_FILE_BUFFER);
}

static void a_pointer_of_zero_is_room_for_one(void **state) {
        static struct hand hand;

        (void)state;
        add_start(&hand);
        add_pointer(&hand, 0);
        add(&hand, 'R', "a@x");
        add_end(&hand);
        assert_int_equal(read_hand(&hand), QUEUE_FILE_DONE);
        assert_int_equal(reader.file.recipients_todo, 1);
        assert_int_equal(reader.jumps, 0);
}

static void hostile_bytes_stay_in_the_file(void **state) {
        static const char evil[] = "a\033[2J\r\nb@x.test\0@y.test";
        static struct hand hand;

        (void)state;
        add_start(&hand);
        hand.size += spool_encode_record(hand.bytes + hand.size, 'S', evil, sizeof(evil) - 1);
        hand.size += spool_encode_record(hand.bytes + hand.size, 'R', evil, sizeof(evil) - 1);
        hand.size += spool_encode_record(hand.bytes + hand.size, 'R', "\0x@y", 4);
        add_end(&hand);
        assert_int_equal(read_hand(&hand), QUEUE_FILE_DONE);
        assert_string_equal(reader.file.sender, "a?[2J??b@x.test");
        assert_string_equal(heard.addresses[0], "a?[2J??b@x.test");
        assert_string_equal(heard.addresses[1], "");
        assert_int_equal(reader.file.recipients_todo, 2);
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
        assert_int_equal(reader.file.recipients_todo, 120000);
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
                assert_int_equal(reader.file.recipients_todo, 500);
                assert_string_equal(reader.file.sender, "new@example.test");
        }
        free(bytes);
}

static void a_disk_that_fails_is_told(void **state) {
        (void)state;
        assert_int_equal(read_fd(-1, 1000, false, 4096), -EBADF);
}

static void domains_are_as_qshape_has_them(void **state) {
        static const struct {
                const char *address, *domain;
        } cases[] = {
                {"bob@example.test", "example.test"},
                {"bob@EXAMPLE.Test", "example.test"},
                {"bob@example.test.", "example.test"},
                {"bob@.example..test..", "example.test"},
                {"a@b@c", "c"},
                {"\"a@b\"@c.test", "c.test"},
                {"bob@[192.0.2.1]", "[192.0.2.1]"},
                {"bob", ""},
                {"bob@", ""},
                {"bob@...", ""},
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

/* The generator's own promise to the tests of the sensor and the verbs. */
static void the_generator_makes_a_spool_as_postfix_has_it(void **state) {
        struct scratch scratch;
        struct spool spool;
        struct spool_file file, dropped;
        struct stat status;
        const char *path;
        int fd;

        (void)state;
        scratch_init(&scratch);
        spool_init(&spool, scratch.path);
        spool_add(&spool,
                &(struct spool_message){.recipients = {{"bob@example.test"}, {"carol@example.test"}},
                        .next_retry_seconds = 1766512800},
                &file);
        spool_add(&spool, &(struct spool_message){.queue = "maildrop", .recipients = {{"b@x"}}}, &dropped);
        path = spool_path(&spool, "deferred", file.id);
        assert_int_equal(stat(path, &status), 0);
        assert_int_equal(status.st_mode & 07777, 0700);
        assert_int_equal(status.st_mtim.tv_sec, 1766512800);
        assert_int_equal(status.st_mtim.tv_nsec, 0);
        assert_int_equal(status.st_ino, file.inode);
        spool_done(&spool, &file, 0);
        fd = open(path, O_RDONLY | O_CLOEXEC);
        assert_int_equal(read_fd(fd, (uint64_t)status.st_size, false, 4096), QUEUE_FILE_DONE);
        close(fd);
        assert_int_equal(reader.file.recipients_done, 1);
        assert_string_equal(heard.addresses[0], "carol@example.test");
        spool_move(&spool, &file, "hold");
        assert_int_equal(stat(path, &status), -1);
        assert_int_equal(stat(spool_path(&spool, "hold", file.id), &status), 0);
        assert_int_equal(stat(spool_path(&spool, "maildrop", dropped.id), &status), 0);
        assert_int_equal(status.st_mode & 07777, 0744);
        spool_remove(&spool, &file);
        assert_int_equal(stat(spool_path(&spool, "hold", file.id), &status), -1);
        scratch_deinit(&scratch);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(an_ordinary_message_is_read),
                cmocka_unit_test(a_bounce_and_a_filter_are_told),
                cmocka_unit_test(large_content_is_jumped_over),
                cmocka_unit_test(mail_in_maildrop_is_walked),
                cmocka_unit_test(a_requeued_message_is_read_in_maildrop),
                cmocka_unit_test(what_a_milter_changed_counts),
                cmocka_unit_test(a_message_that_is_being_written_is_unfinished),
                cmocka_unit_test(a_file_cut_at_any_byte_is_never_done),
                cmocka_unit_test(a_file_that_became_shorter_is_unfinished),
                cmocka_unit_test(a_recipient_that_was_cut_off_is_not_heard),
                cmocka_unit_test(every_single_byte_may_be_anything),
                cmocka_unit_test(the_first_of_two_senders_and_times_counts),
                cmocka_unit_test(recipients_behind_the_content_count),
                cmocka_unit_test(content_is_no_envelope),
                cmocka_unit_test(a_record_where_it_does_not_belong_is_bad),
                cmocka_unit_test(lengths_that_lie_are_refused),
                cmocka_unit_test(an_address_of_many_kilobytes_is_bad),
                cmocka_unit_test(numbers_that_are_none_are_bad),
                cmocka_unit_test(pointers_that_lie_are_bad),
                cmocka_unit_test(a_large_circle_ends_by_the_bytes_read),
                cmocka_unit_test(a_pointer_of_zero_is_room_for_one),
                cmocka_unit_test(hostile_bytes_stay_in_the_file),
                cmocka_unit_test(many_recipients_are_read_in_bounded_steps),
                cmocka_unit_test(the_size_of_the_steps_changes_nothing),
                cmocka_unit_test(a_disk_that_fails_is_told),
                cmocka_unit_test(domains_are_as_qshape_has_them),
                cmocka_unit_test(the_generator_makes_a_spool_as_postfix_has_it),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
