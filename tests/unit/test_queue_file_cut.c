/* SPDX-License-Identifier: MIT */
/* test_queue_file_cut - a file that is being written, was cut or cannot be read is never taken for a whole one */
#include <errno.h>

#include "queue_file_support.h"

static void a_message_that_is_being_written_is_unfinished(void **state) {
        (void)state;
        assert_int_equal(
                read_message(&(struct spool_message){.recipients = {{.address = "b@x"}}, .unfinished = true},
                        NULL),
                QUEUE_FILE_UNFINISHED);
        assert_int_equal(read_bytes("", 0, false, 4096), QUEUE_FILE_UNFINISHED);
        assert_int_equal(read_bytes("", 0, true, 4096), QUEUE_FILE_UNFINISHED);
}

static void a_file_cut_at_any_byte_is_never_done(void **state) {
        static const struct spool_message messages[] = {
                {.recipients = {{.address = "bob@example.test"},
                         {.address = "carol@example.test", .done = true}}},
                {.recipients = {{.address = "bob@example.test"}},
                        .milter_sender = "new@example.test",
                        .milter_recipient = "archive@example.test"},
                {.queue = "maildrop", .recipients = {{.address = "bob@example.test"}}},
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
        unsigned char *bytes =
                spool_encode(&(struct spool_message){.recipients = {{.address = "b@x"}}, .body_bytes = 20000},
                        &size, NULL);

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
        unsigned char *bytes = spool_encode(
                &(struct spool_message){.recipients = {{.address = "bob@example.test"}}}, &size, &file);
        int fd = memfd_create("queue-file", MFD_CLOEXEC);

        (void)state;
        assert_int_equal(write(fd, bytes, file.offsets[0] + 10), file.offsets[0] + 10);
        assert_int_equal(read_fd(fd, size, false, 4096), QUEUE_FILE_UNFINISHED);
        assert_int_equal(heard.n, 0);
        close(fd);
        free(bytes);
}

static void a_disk_that_fails_is_told(void **state) {
        (void)state;
        assert_int_equal(read_fd(-1, 1000, false, 4096), -EBADF);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_message_that_is_being_written_is_unfinished),
                cmocka_unit_test(a_file_cut_at_any_byte_is_never_done),
                cmocka_unit_test(a_file_that_became_shorter_is_unfinished),
                cmocka_unit_test(a_recipient_that_was_cut_off_is_not_heard),
                cmocka_unit_test(a_disk_that_fails_is_told),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
