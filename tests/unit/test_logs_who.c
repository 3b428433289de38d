/* SPDX-License-Identifier: MIT */
/*
 * test_logs_who - which logs grow, who writes them, and how that is said
 *
 * Logs grow between two looks, on a /var/log of their own; the writers are children of the test, seen through the
 * real /proc.
 */
#include "logs_verbs_support.h"

#include <signal.h>
#include <sys/prctl.h>

#include "logs/logs_who.h"

#define FILES 3000
#define PROCESSES 300

static const char *const var_log[] = {"/var/log", NULL};

static void grow(const char *name, size_t bytes) {
        int fd = open(in_log(name), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
        char line[1024];

        assert_true(fd >= 0);
        memset(line, 'x', sizeof(line));
        for (; bytes > 0; bytes -= bytes < sizeof(line) ? bytes : sizeof(line)) {
                size_t part = bytes < sizeof(line) ? bytes : sizeof(line);

                assert_int_equal(write(fd, line, part), part);
        }
        close(fd);
}

static struct logs_who_look *look(const struct fixture *fixture, const char *const *directories) {
        struct logs_who_look *look;

        assert_int_equal(logs_who_look_new(fixture->scratch.path, directories, &look), 0);
        return look;
}

static struct logs_who again_consume(struct logs_who_look *look, size_t top) {
        struct logs_who who;

        assert_int_equal(logs_who_look_again(look, top, &who), 0);
        logs_who_look_free(look);
        return who;
}

static void assert_grown(const struct logs_who *who, size_t i, const char *path, uint64_t bytes) {
        assert_true(i < who->n_files);
        assert_string_equal(who->files[i].path, path);
        assert_int_equal(who->files[i].bytes, bytes);
}

static void what_grew_most_comes_first_and_all_of_it_is_counted(void **state) {
        struct fixture *fixture = *state;
        struct logs_who_look *first;
        struct logs_who who;

        scratch_mkdir(&fixture->scratch, "var/log/a");
        scratch_mkdir(&fixture->scratch, "var/log/a/b");
        grow("a/b/slow.log", 10);
        grow("still.log", 4096);
        first = look(fixture, var_log);
        grow("mail.log", 5000);
        grow("a/b/slow.log", 100);
        grow("a/fast.log", 9000);
        who = again_consume(first, 2);
        assert_int_equal(who.n_growing, 3);
        assert_int_equal(who.bytes, 14100);
        assert_int_equal(who.n_files, 2);
        assert_grown(&who, 0, "/var/log/a/fast.log", 9000);
        assert_grown(&who, 1, "/var/log/mail.log", 5000);
        assert_true(who.usec > 0);
        assert_false(who.cut);

        first = look(fixture, var_log);
        who = again_consume(first, 10);
        assert_int_equal(who.n_growing, 0);
        assert_int_equal(who.n_files, 0);
}

static void more_than_there_is_room_for_are_the_fastest_of_all(void **state) {
        struct fixture *fixture = *state;
        struct logs_who_look *first = look(fixture, var_log);
        struct logs_who who;
        char name[32];

        for (size_t i = 0; i < 40; i++) {
                snprintf(name, sizeof(name), "n%zu.log", i * 7 % 40);
                grow(name, 100 + i * 7 % 40);
        }
        who = again_consume(first, 99);
        assert_int_equal(who.n_growing, 40);
        assert_int_equal(who.n_files, LOGS_WHO_TOP_MAX);
        for (size_t i = 0; i < LOGS_WHO_TOP_MAX; i++) {
                snprintf(name, sizeof(name), "/var/log/n%zu.log", 39 - i);
                assert_grown(&who, i, name, 139 - i);
        }
}

static void a_rotation_in_between_is_no_growth_but_the_new_log_is(void **state) {
        struct fixture *fixture = *state;
        struct logs_who_look *first = look(fixture, var_log);
        char from[LOGS_PATH_MAX], to[LOGS_PATH_MAX];
        struct logs_who who;

        snprintf(from, sizeof(from), "%s", in_log("mail.log"));
        snprintf(to, sizeof(to), "%s", in_log("mail.log.1"));
        assert_int_equal(rename(from, to), 0);
        grow("mail.log", 700);
        who = again_consume(first, 10);
        assert_int_equal(who.n_growing, 1);
        assert_grown(&who, 0, "/var/log/mail.log", 700);
}

static void a_file_that_was_moved_in_or_became_shorter_has_not_grown(void **state) {
        struct fixture *fixture = *state;
        char from[LOGS_PATH_MAX], to[LOGS_PATH_MAX];
        struct timespec tick = {.tv_nsec = 50000000};
        struct logs_who_look *first;
        struct logs_who who;

        grow("../old", 5000);
        snprintf(from, sizeof(from), "%s", in_log("../old"));
        snprintf(to, sizeof(to), "%s", in_log("old.log"));
        /* Times of birth are as coarse as the ticks of the kernel. */
        nanosleep(&tick, NULL);
        first = look(fixture, var_log);
        assert_int_equal(rename(from, to), 0);
        assert_int_equal(truncate(in_log("mail.log"), 5), 0);
        who = again_consume(first, 10);
        assert_int_equal(who.n_growing, 0);
}

static void holes_are_no_growth(void **state) {
        struct fixture *fixture = *state;
        struct logs_who_look *first;
        struct logs_who who;

        grow("lastlog", 100);
        first = look(fixture, var_log);
        assert_int_equal(truncate(in_log("lastlog"), (off_t)1 << 34), 0);
        who = again_consume(first, 10);
        assert_true(who.bytes <= 65536);
}

static void nothing_but_regular_files_below_the_directories_is_looked_at(void **state) {
        struct fixture *fixture = *state;
        struct logs_who_look *first;
        struct logs_who who;

        scratch_mkdir(&fixture->scratch, "elsewhere");
        scratch_mkdir(&fixture->scratch, "var/log/journal");
        scratch_mkdir(&fixture->scratch, "var/log/1");
        scratch_mkdir(&fixture->scratch, "var/log/1/2");
        scratch_mkdir(&fixture->scratch, "var/log/1/2/3");
        scratch_mkdir(&fixture->scratch, "var/log/1/2/3/4");
        grow("../../elsewhere/big", 10);
        grow("journal/system.journal", 10);
        grow("1/2/3/4/deep.log", 10);
        grow("1/2/3/seen.log", 10);
        assert_int_equal(symlink("../../elsewhere", in_log("directory")), 0);
        assert_int_equal(symlink("../../elsewhere/big", in_log("link.log")), 0);
        /* Opening it would last for ever. */
        assert_int_equal(mkfifo(in_log("fifo.log"), 0600), 0);
        first = look(fixture, var_log);
        grow("../../elsewhere/big", 1000);
        grow("journal/system.journal", 1000);
        grow("1/2/3/4/deep.log", 1000);
        grow("1/2/3/seen.log", 5);
        who = again_consume(first, 10);
        assert_int_equal(who.n_growing, 1);
        assert_grown(&who, 0, "/var/log/1/2/3/seen.log", 5);
}

static void a_file_counts_once_whatever_its_names_and_ways_to_it(void **state) {
        static const char *const twice[] = {"/var/log", "/var/log/app", "/var/log", NULL};
        struct fixture *fixture = *state;
        struct logs_who_look *first;
        char second[LOGS_PATH_MAX];
        struct logs_who who;

        scratch_mkdir(&fixture->scratch, "var/log/app");
        grow("app/one.log", 10);
        snprintf(second, sizeof(second), "%s", in_log("app/two.log"));
        assert_int_equal(link(in_log("app/one.log"), second), 0);
        first = look(fixture, twice);
        grow("app/one.log", 300);
        grow("app/new.log", 200);
        who = again_consume(first, 10);
        assert_int_equal(who.n_growing, 2);
        assert_int_equal(who.bytes, 500);
}

static void a_directory_that_is_not_there_is_said_and_without_any_there_is_no_answer(void **state) {
        static const char *const one[] = {"/var/log", "/srv/log", NULL}, *const none[] = {"/srv/log", NULL};
        struct fixture *fixture = *state;
        struct logs_who_look *first = look(fixture, one);
        struct logs_who who = again_consume(first, 10);

        assert_true(who.cut);
        assert_int_equal(logs_who_look_new(fixture->scratch.path, none, &first), -ENOENT);
}

static struct logs_grown grown(const char *path, uint64_t bytes) {
        struct logs_grown file = {.bytes = bytes};

        snprintf(file.path, sizeof(file.path), "%s", path);
        return file;
}

static void add_writer(struct logs_grown *file, const char *comm, const char *unit, pid_t pid, unsigned n) {
        struct logs_writer *writer = &file->writers[file->n_writers++];

        *writer = (struct logs_writer){.pid = pid, .n = n};
        snprintf(writer->owner.comm, sizeof(writer->owner.comm), "%s", comm);
        snprintf(writer->owner.unit, sizeof(writer->owner.unit), "%s", unit);
}

static void assert_says(const struct logs_who *who, const char *expected) {
        char text[SG_TEXT_MAX];

        logs_who_say(who, text, sizeof(text));
        assert_string_equal(text, expected);
}

static void the_sentence_names_files_rates_and_writers(void **state) {
        struct logs_who who = {.top = 3, .usec = 2000000};

        (void)state;
        assert_says(&who, "none has grown within 2.0 s");
        who.n_growing = who.n_files = 1;
        who.bytes = 2 << 20;
        who.files[0] = grown("/var/log/mail.log", 2 << 20);
        assert_says(&who, "/var/log/mail.log grows by 1.0 MiB/s, and nobody has it open now");
        who.hidden = true;
        assert_says(&who, "/var/log/mail.log grows by 1.0 MiB/s, by whom cannot be seen");
        add_writer(&who.files[0], "rsyslogd", "rsyslog.service", 312, 1);
        assert_says(
                &who, "/var/log/mail.log grows by 1.0 MiB/s, written by rsyslogd (rsyslog.service, pid 312)");
        add_writer(&who.files[0], "sh", "", 7, 4);
        who.files[0].n_others = 2;
        assert_says(&who,
                "/var/log/mail.log grows by 1.0 MiB/s, written by rsyslogd (rsyslog.service, pid 312), sh "
                "(pid "
                "7 and 3 more) and 2 others");
        who.files[0].n_others = 0;
        who.files[0].n_writers = 1;
        who.files[1] = grown("/var/log/a", 100);
        who.n_files = 2;
        who.n_growing = 9;
        who.bytes = (2 << 20) + 100 + 8192;
        add_writer(&who.files[1], "app", "app.service", 9, 1);
        assert_says(&who,
                "/var/log/mail.log grows by 1.0 MiB/s, written by rsyslogd (rsyslog.service, pid 312); "
                "/var/log/a by 50 bytes/s, written by app (app.service, pid 9); 7 more by 4.0 KiB/s");
        who.n_growing = who.n_files = 1;
        who.bytes = 2 << 20;
        who.cut = true;
        assert_says(&who,
                "of the logs that could be looked at, /var/log/mail.log grows by 1.0 MiB/s, written by "
                "rsyslogd (rsyslog.service, pid 312)");
}

/* Every file takes most of the room, with a path of any bytes. */
static void long_and_hostile_names_leave_a_whole_sentence(void **state) {
        struct logs_who who = {.top = 3, .usec = 1000000, .n_files = 3, .n_growing = 5, .bytes = 5 << 20};
        char path[600], text[SG_TEXT_MAX];

        (void)state;
        for (unsigned c = 1; c < 256; c++) {
                memset(path, (int)c, sizeof(path) - 1);
                path[0] = '/';
                path[sizeof(path) - 1] = '\0';
                memcpy(path + sizeof(path) - 9, "/end.log", 9);
                for (size_t i = 0; i < 3; i++) {
                        who.files[i] = grown(path, 1 << 20);
                        add_writer(&who.files[i], "a\nb\x1b[2J\xff", "a-unit-with-a-name-of-its-own.service",
                                99999999, 3);
                        add_writer(&who.files[i], path, path, 99999999, 1000);
                        add_writer(&who.files[i], "x", "y", 1, 1);
                }
                logs_who_say(&who, text, sizeof(text));
                for (const char *at = text; *at; at++)
                        assert_in_range(*at, ' ', '~');
                assert_non_null(strstr(text, " grows by 1.0 MiB/s, written by "));
                assert_string_equal(
                        text + strlen(text) - strlen("; 4 more by 4.0 MiB/s"), "; 4 more by 4.0 MiB/s");
        }
        /* What is shown of a long path is its end. */
        memset(path + 1, 'p', sizeof(path) - 10);
        who.files[0] = grown(path, 1 << 20);
        logs_who_say(&who, text, sizeof(text));
        assert_non_null(strstr(text, "ppp/end.log grows by"));
        assert_int_equal(strncmp(text, "...pp", 5), 0);
}

/* Has the log open in that way, under a name of its own, and writes to it until it is stopped. */
static pid_t start(const char *name, const char *comm, int flags) {
        const struct timespec pause = {.tv_nsec = 20000000};
        char path[LOGS_PATH_MAX], byte;
        int ready[2];

        snprintf(path, sizeof(path), "%s", in_log(name));
        assert_int_equal(pipe(ready), 0);
        pid_t pid = fork();

        assert_true(pid >= 0);
        if (pid == 0) {
                int fd = open(path, flags | O_CLOEXEC, 0640);

                prctl(PR_SET_PDEATHSIG, SIGKILL);
                prctl(PR_SET_NAME, comm);
                while ((flags & O_ACCMODE) == O_RDONLY || write(fd, "a line of this log\n", 19) > 0) {
                        if (ready[1] >= 0 && write(ready[1], "r", 1) == 1)
                                close(ready[1]);
                        ready[1] = -1;
                        nanosleep(&pause, NULL);
                }
                _exit(1);
        }
        close(ready[1]);
        assert_int_equal(read(ready[0], &byte, 1), 1);
        close(ready[0]);
        return pid;
}

static void stop(pid_t pid) {
        assert_int_equal(kill(pid, SIGKILL), 0);
        assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void set_top(struct fixture *fixture, double top) {
        fixture->args[0] = (struct sg_value){.type = SG_TYPE_NUMBER, .number = top};
}

static void the_writer_is_named_and_a_reader_is_not(void **state) {
        struct fixture *fixture = *state;
        pid_t writer = start("mail.log", "log-writer", O_WRONLY | O_APPEND);
        pid_t second = start("mail.log", "log-writer", O_WRONLY | O_APPEND);
        pid_t reader = start("mail.log", "log-reader", O_RDONLY);
        pid_t other = start("other.log", "another", O_RDWR | O_CREAT | O_APPEND);
        const char *text = fixture->bench.outcome.text;

        set_top(fixture, 3);
        assert_int_equal(check(fixture, &logs_writers), SG_VERDICT_GO);
        assert_int_equal(act(fixture, &logs_writers), 0);
        stop(writer);
        stop(second);
        stop(reader);
        stop(other);
        assert_int_equal(fixture->bench.outcome.count, 2);
        assert_int_equal(strncmp(text, "/var/log/mail.log grows by ", 27), 0);
        assert_non_null(strstr(text, "written by log-writer ("));
        assert_non_null(strstr(text, " and 1 more)"));
        /* The names of their units are those of this host, and may be too long for both. */
        assert_true(strstr(text, "; /var/log/other.log by ") ? strstr(text, ", written by another (") != NULL
                                                             : strstr(text, "; 1 more by ") != NULL);
        assert_null(strstr(text, "log-reader"));
        assert_int_equal(fixture->bench.outcome.freed_bytes, 0);
}

static void one_that_writes_and_closes_each_time_is_not_known(void **state) {
        struct fixture *fixture = *state;
        pid_t writer = start("mail.log", "log-writer", O_WRONLY | O_APPEND);
        struct logs_who_look *first = look(fixture, var_log);
        struct logs_who who;
        char text[SG_TEXT_MAX];

        grow("short.log", 1 << 20);
        who = again_consume(first, 1);
        stop(writer);
        logs_who_say(&who, text, sizeof(text));
        assert_non_null(strstr(text, "/var/log/short.log grows by "));
        assert_non_null(strstr(text, "nobody has it open now"));
}

static void without_processes_to_be_seen_the_logs_are_told_all_the_same(void **state) {
        struct fixture *fixture = *state;
        pid_t writer = start("mail.log", "log-writer", O_WRONLY | O_APPEND);

        set_top(fixture, 3);
        assert_int_equal(unlink(scratch_path(&fixture->scratch, "proc")), 0);
        assert_int_equal(act(fixture, &logs_writers), 0);
        stop(writer);
        assert_non_null(strstr(fixture->bench.outcome.text, "/var/log/mail.log grows by "));
        assert_non_null(strstr(fixture->bench.outcome.text, "by whom cannot be seen"));
}

static void without_logs_to_be_seen_it_fails(void **state) {
        static const char *const nowhere[] = {"/nowhere", NULL};
        struct fixture *fixture = *state;

        set_top(fixture, 3);
        fixture->options[0].list = nowhere;
        assert_int_equal(act(fixture, &logs_writers), -ENOENT);
        assert_non_null(strstr(fixture->bench.outcome.text, "the logs cannot be looked at"));
}

/* Only printed: how long it takes depends on the machine.  The pause between the looks is 1.5 s of it. */
static void many_files_and_processes_are_looked_through(void **state) {
        static pid_t children[PROCESSES];
        struct fixture *fixture = *state;
        struct timespec before, after;
        char name[48];

        for (unsigned i = 0; i < FILES; i++) {
                snprintf(name, sizeof(name), "file%u.log", i);
                grow(name, 10);
        }
        for (unsigned i = 0; i < PROCESSES; i++)
                children[i] = start(
                        i == 7 ? "mail.log" : "file1.log", "many", i == 7 ? O_WRONLY | O_APPEND : O_RDONLY);
        set_top(fixture, 10);
        clock_gettime(CLOCK_MONOTONIC, &before);
        assert_int_equal(act(fixture, &logs_writers), 0);
        clock_gettime(CLOCK_MONOTONIC, &after);
        printf("%d files, %d processes: %.1f ms besides the pause\n", FILES, PROCESSES,
                (double)(after.tv_sec - before.tv_sec) * 1e3 +
                        (double)(after.tv_nsec - before.tv_nsec) / 1e6 - 1500);
        for (unsigned i = 0; i < PROCESSES; i++)
                stop(children[i]);
        assert_int_equal(fixture->bench.outcome.count, 1);
        assert_non_null(strstr(fixture->bench.outcome.text, "/var/log/mail.log grows by "));
        snprintf(name, sizeof(name), "pid %d)", (int)children[7]);
        assert_non_null(strstr(fixture->bench.outcome.text, name));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                WITH_FIXTURE(what_grew_most_comes_first_and_all_of_it_is_counted),
                WITH_FIXTURE(more_than_there_is_room_for_are_the_fastest_of_all),
                WITH_FIXTURE(a_rotation_in_between_is_no_growth_but_the_new_log_is),
                WITH_FIXTURE(a_file_that_was_moved_in_or_became_shorter_has_not_grown),
                WITH_FIXTURE(holes_are_no_growth),
                WITH_FIXTURE(nothing_but_regular_files_below_the_directories_is_looked_at),
                WITH_FIXTURE(a_file_counts_once_whatever_its_names_and_ways_to_it),
                WITH_FIXTURE(a_directory_that_is_not_there_is_said_and_without_any_there_is_no_answer),
                cmocka_unit_test(the_sentence_names_files_rates_and_writers),
                cmocka_unit_test(long_and_hostile_names_leave_a_whole_sentence),
                WITH_FIXTURE(the_writer_is_named_and_a_reader_is_not),
                WITH_FIXTURE(one_that_writes_and_closes_each_time_is_not_known),
                WITH_FIXTURE(without_processes_to_be_seen_the_logs_are_told_all_the_same),
                WITH_FIXTURE(without_logs_to_be_seen_it_fails),
                WITH_FIXTURE(many_files_and_processes_are_looked_through),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
