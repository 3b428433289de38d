/* SPDX-License-Identifier: MIT */
/* test_logs_select - which live log is to be trimmed, counted to the line, in turns */
#include "trim_support.h"

static void the_log_with_the_most_to_give_is_chosen_and_counted(void **state) {
        struct fixture *fixture = *state;
        unsigned n = make_log(fixture, "mail.log", 20 * MIB);
        char line[128];
        struct logs_cut cut;
        struct stat status;

        make_log(fixture, "small.log", 2 * MIB);
        make_log(fixture, "middle.log", 16 * MIB);
        make_log(fixture, "mail.log.1", 24 * MIB);
        make_log(fixture, "twice", 24 * MIB);
        assert_int_equal(link(in_log(fixture, "twice"), in_log(fixture, "names")), 0);
        assert_int_equal(truncate(in_log(fixture, "small.log"), (off_t)(64 * MIB)), 0); /* sparse */
        assert_int_equal(choose(fixture), 1);
        cut = chosen(fixture);
        assert_string_equal(cut.path, "/var/log/mail.log");
        assert_int_equal(stat(in_log(fixture, "mail.log"), &status), 0);
        assert_int_equal(cut.inode, status.st_ino);
        assert_int_equal(cut.size, status.st_size);
        assert_null(logs_cut_refuse(&cut, &status, MIB, MIB));
        assert_int_equal(cut.is_estimate, 0);
        assert_true(cut.lines > n / 2 && cut.lines < n);
        /* Nine of ten are deferred; the range need not begin with the first of ten. */
        assert_int_equal(sscanf(cut.text, "status: sent %127[0-9]", line), 1);
        assert_true(strtoul(line, NULL, 10) >= cut.lines / 10);
        assert_true(strtoul(line, NULL, 10) <= cut.lines / 10 + 1);
        assert_non_null(strstr(cut.text, "relays: mx"));
        assert_non_null(strstr(cut.text, "recipients' domains: d"));
        assert_memory_equal(cut.first, "Dec 24 ", 7);
        assert_memory_equal(cut.last, "Dec 24 ", 7);
        /* It went in turns. */
        assert_true(fixture->sensors.wakeups > 3);
}

static void one_that_is_asked_for_is_taken_even_if_others_are_larger(void **state) {
        struct fixture *fixture = *state;

        scratch_mkdir(&fixture->scratch, "var/log/nginx");
        make_log(fixture, "nginx/access.log", 12 * MIB);
        make_log(fixture, "mail.log", 20 * MIB);
        fixture->args[LOGS_TRIM_ARG_PATH].text = "/var/log/nginx/access.log";
        assert_int_equal(choose(fixture), 1);
        assert_string_equal(chosen(fixture).path, "/var/log/nginx/access.log");
}

static void what_cannot_be_trimmed_is_told_and_never_waited_for(void **state) {
        struct fixture *fixture = *state;
        const struct {
                const char *path;
                ssize_t result;
        } rows[] = {
                {"/var/log/small.log", 0},
                {"/var/log/fifo", -ENOTSUP},
                {"/var/log/link", -ELOOP},
                {"/var/log/none", -ENOENT},
                {"/var/log/records", -ENOTSUP},
                {"/var/log/one-line", -ENOTSUP},
                {"/etc/group", -EPERM},
                {"/var/logs", -EPERM},
                {"/var/log/../log/mail.log", -EPERM},
                {"/var/log", -EPERM},
                {"/var/log/", -EPERM},
                {"mail.log", -EPERM},
                {"/var/log/to/mail.log", -ENOTDIR},
        };

        make_log(fixture, "mail.log", 8 * MIB);
        make_log(fixture, "small.log", 4 * MIB);
        scratch_fill(&fixture->scratch, "var/log/records", 8 * MIB);
        make_log(fixture, "one-line", 8 * MIB);
        {
                int fd = open(in_log(fixture, "one-line"), O_WRONLY | O_CLOEXEC);
                char *line = malloc(MIB);

                memset(line, 'a', MIB);
                for (size_t i = 0; i < 8; i++)
                        assert_int_equal(pwrite(fd, line, MIB, (off_t)(i * MIB)), MIB);
                free(line);
                close(fd);
        }
        assert_int_equal(mkfifo(in_log(fixture, "fifo"), 0600), 0);
        assert_int_equal(symlink("mail.log", in_log(fixture, "link")), 0);
        assert_int_equal(symlink(".", in_log(fixture, "to")), 0);
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                ssize_t n;

                fixture->args[LOGS_TRIM_ARG_PATH].text = rows[i].path;
                n = choose(fixture);
                if (n != rows[i].result)
                        fail_msg("%s: %zd", rows[i].path, n);
        }
}

static void the_next_one_has_its_turn_when_the_largest_is_no_log_of_lines(void **state) {
        struct fixture *fixture = *state;

        for (unsigned i = 0; i < 5; i++) {
                char name[32];

                snprintf(name, sizeof(name), "var/log/records%u", i);
                scratch_fill(&fixture->scratch, name, (10 + i) * MIB);
        }
        assert_int_equal(choose(fixture), 0);
        make_log(fixture, "other.log", 7 * MIB);
        make_log(fixture, "mail.log", 8 * MIB);
        assert_int_equal(choose(fixture), 1);
        assert_string_equal(chosen(fixture).path, "/var/log/mail.log");
        fixture->args[LOGS_TRIM_ARG_PATH].text = "/var/log/records4";
        assert_int_equal(choose(fixture), -ENOTSUP);
}

static void nothing_to_trim_is_no_failure(void **state) {
        struct fixture *fixture = *state;

        assert_int_equal(choose(fixture), 0);
        make_log(fixture, "mail.log", 4 * MIB);
        assert_int_equal(choose(fixture), 0);
}

static void one_at_a_time_and_it_ends_with_the_sensor(void **state) {
        struct fixture *fixture = *state;
        ssize_t second = NOT_YET;

        make_log(fixture, "mail.log", 20 * MIB);
        assert_int_equal(begin_selecting(fixture), 0);
        assert_int_equal(logs_sensor.select(fixture->sensor, "logs.trim", fixture->args, fixture->selection,
                                 on_selected, &second),
                -EBUSY);
        end_sensor(fixture);
        assert_int_equal(fixture->selected, -ECANCELED);
        assert_int_equal(second, NOT_YET);
        assert_int_equal(choose(fixture), 1); /* a new one chooses again */
}

static void ranges_leave_what_was_asked_for_and_are_aligned(void **state) {
        struct logs_cut cut;

        (void)state;
        for (uint64_t size = MIB; size < 40 * MIB; size += 77777)
                for (uint64_t head = MIB; head < 8 * MIB; head += 333333) {
                        if (!logs_cut_range(size, head, 2 * head, &cut)) {
                                assert_true(size < 3 * head + LOGS_CUT_LEAST + 2 * LOGS_CUT_ALIGN +
                                                2 * LOGS_CUT_SEAM_MAX);
                                continue;
                        }
                        assert_int_equal(cut.cut_begin % LOGS_CUT_ALIGN, 0);
                        assert_int_equal(cut.cut_end % LOGS_CUT_ALIGN, 0);
                        assert_true(cut.cut_begin >= head + LOGS_CUT_SEAM_MAX);
                        assert_true(cut.cut_end + LOGS_CUT_SEAM_MAX + 2 * head <= size);
                }
        assert_false(logs_cut_range(UINT64_MAX, MIB, MIB, &cut));
        assert_false(logs_cut_range(100 * MIB, UINT64_MAX, MIB, &cut));
        assert_false(logs_cut_range(100 * MIB, MIB, UINT64_MAX, &cut));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                WITH_FIXTURE(the_log_with_the_most_to_give_is_chosen_and_counted),
                WITH_FIXTURE(one_that_is_asked_for_is_taken_even_if_others_are_larger),
                WITH_FIXTURE(what_cannot_be_trimmed_is_told_and_never_waited_for),
                WITH_FIXTURE(the_next_one_has_its_turn_when_the_largest_is_no_log_of_lines),
                WITH_FIXTURE(nothing_to_trim_is_no_failure),
                WITH_FIXTURE(one_at_a_time_and_it_ends_with_the_sensor),
                cmocka_unit_test(ranges_leave_what_was_asked_for_and_are_aligned),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
