/* SPDX-License-Identifier: MIT */
/* test_selection - what was selected is what is read, and a selection that lies is refused whole */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "postfix/selection.h"

#define SEALS (F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW)
#define HEADER 16

static int make_memfd(void) {
        int fd = memfd_create("selection", MFD_CLOEXEC | MFD_ALLOW_SEALING);

        assert_true(fd >= 0);
        return fd;
}

/* `n` entries, not sealed yet. */
static int make_selection(size_t n) {
        struct selection_writer writer;
        int fd = make_memfd();

        selection_writer_init(&writer, fd);
        for (size_t i = 0; i < n; i++) {
                char id[QUEUE_ID_MAX];

                snprintf(id, sizeof(id), "D3028%zX", i + 1);
                selection_add(&writer, id, i + 1);
        }
        assert_int_equal(selection_finish(&writer), n);
        return fd;
}

/* Seals and opens it; closes it when it was refused. */
static int open_sealed(int fd, struct selection *ret_selection) {
        int r;

        assert_int_equal(fcntl(fd, F_ADD_SEALS, SEALS), 0);
        r = selection_open(fd, ret_selection);
        close(fd);
        return r;
}

static void what_was_added_is_read(void **state) {
        static const size_t sizes[] = {1, 63, 64, 65, 1000};

        (void)state;
        for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
                struct selection selection;

                assert_int_equal(open_sealed(make_selection(sizes[i]), &selection), 0);
                assert_int_equal(selection.n, sizes[i]);
                for (size_t entry = 0; entry < selection.n; entry++) {
                        char id[QUEUE_ID_MAX];

                        snprintf(id, sizeof(id), "D3028%zX", entry + 1);
                        assert_string_equal(selection.entries[entry].id, id);
                        assert_int_equal(selection.entries[entry].inode, entry + 1);
                }
                selection_close(&selection);
                assert_null(selection.map);
        }
}

static void an_empty_selection_says_so(void **state) {
        struct selection selection;

        (void)state;
        assert_int_equal(open_sealed(make_selection(0), &selection), -ENODATA);
}

static void names_that_fit_no_entry_are_not_selected(void **state) {
        struct selection_writer writer;
        struct selection selection;
        int fd = make_memfd();

        (void)state;
        selection_writer_init(&writer, fd);
        selection_add(&writer, "D3028A8", 1);
        selection_add(&writer, "../../etc/passwd", 2);
        selection_add(&writer, "", 3);
        selection_add(&writer, "A123456789012345678901234567890123456789", 4);
        selection_add(&writer, "A12345678901234567890123456789012345678", 5);
        assert_int_equal(selection_finish(&writer), 2);
        assert_int_equal(open_sealed(fd, &selection), 0);
        assert_int_equal(selection.n, 2);
        assert_int_equal(selection.entries[1].inode, 5);
        selection_close(&selection);
}

static void an_unfinished_one_is_refused(void **state) {
        struct selection_writer writer;
        struct selection selection;
        int fd = make_memfd();

        (void)state;
        selection_writer_init(&writer, fd);
        for (unsigned i = 0; i < 64; i++)
                selection_add(&writer, "D3028A8", i);
        assert_int_equal(open_sealed(fd, &selection), -EBADMSG);
}

static void one_that_can_still_change_is_refused(void **state) {
        static const int seals[] = {0, F_SEAL_WRITE, F_SEAL_SHRINK};
        struct selection selection;
        FILE *file = tmpfile();

        (void)state;
        for (size_t i = 0; i < sizeof(seals) / sizeof(seals[0]); i++) {
                int fd = make_selection(1);

                assert_int_equal(fcntl(fd, F_ADD_SEALS, seals[i]), 0);
                assert_int_equal(selection_open(fd, &selection), -EBADMSG);
                close(fd);
        }
        assert_non_null(file);
        assert_int_equal(selection_open(fileno(file), &selection), -EBADMSG);
        fclose(file);
        assert_int_equal(selection_open(-1, &selection), -EBADMSG);
}

static void every_wrong_size_is_refused(void **state) {
        const off_t whole = HEADER + 2 * (off_t)sizeof(struct selection_entry);

        (void)state;
        for (off_t size = 0; size < whole + (off_t)sizeof(struct selection_entry) + 1; size++) {
                struct selection selection;
                int fd = make_selection(2);

                if (size == whole) {
                        close(fd);
                        continue;
                }
                assert_int_equal(ftruncate(fd, size), 0);
                assert_int_equal(open_sealed(fd, &selection), -EBADMSG);
        }
}

static void a_count_that_would_overflow_is_refused(void **state) {
        static const uint64_t counts[] = {
                UINT64_MAX, UINT64_MAX / sizeof(struct selection_entry) + 2, 0, 1, 3};

        (void)state;
        for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
                struct selection selection;
                int fd = make_selection(2);

                assert_int_equal(pwrite(fd, &counts[i], 8, 8), 8);
                assert_int_equal(open_sealed(fd, &selection), -EBADMSG);
        }
}

static void one_bad_name_refuses_the_whole(void **state) {
        char ids[][QUEUE_ID_MAX + 1] = {"", "../D3028A8", "D3028/A8", "D3028 A8", "D3028\n",
                "0123456789012345678901234567890123456789"};

        (void)state;
        for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
                struct selection selection;
                int fd = make_selection(3);
                off_t last = HEADER + 2 * (off_t)sizeof(struct selection_entry);

                assert_int_equal(
                        pwrite(fd, ids[i], QUEUE_ID_MAX, last + (off_t)offsetof(struct selection_entry, id)),
                        QUEUE_ID_MAX);
                assert_int_equal(open_sealed(fd, &selection), -EBADMSG);
        }
}

static void a_file_that_takes_no_more_fails_the_selection(void **state) {
        struct selection_writer writer;
        int fd = make_memfd();

        (void)state;
        assert_int_equal(ftruncate(fd, 100), 0);
        assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_GROW), 0);
        selection_writer_init(&writer, fd);
        for (unsigned i = 0; i < 200; i++)
                selection_add(&writer, "D3028A8", i);
        assert_int_equal(selection_finish(&writer), -EPERM);
        close(fd);
}

static void more_than_the_most_fails_the_selection(void **state) {
        struct selection_writer writer;
        int fd = make_memfd();

        (void)state;
        selection_writer_init(&writer, fd);
        for (unsigned i = 0; i < SELECTION_MAX + 1; i++)
                selection_add(&writer, "D3028A8", i);
        assert_int_equal(selection_finish(&writer), -E2BIG);
        close(fd);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(what_was_added_is_read),
                cmocka_unit_test(an_empty_selection_says_so),
                cmocka_unit_test(names_that_fit_no_entry_are_not_selected),
                cmocka_unit_test(an_unfinished_one_is_refused),
                cmocka_unit_test(one_that_can_still_change_is_refused),
                cmocka_unit_test(every_wrong_size_is_refused),
                cmocka_unit_test(a_count_that_would_overflow_is_refused),
                cmocka_unit_test(one_bad_name_refuses_the_whole),
                cmocka_unit_test(a_file_that_takes_no_more_fails_the_selection),
                cmocka_unit_test(more_than_the_most_fails_the_selection),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
