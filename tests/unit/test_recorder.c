/* SPDX-License-Identifier: MIT */
/* test_recorder - the file survives what a bad night does to it */
#include "executor_support.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "executor/book.h"
#include "executor/recorder.h"

#define FILE_SIZE ((off_t)RECORD_SLOTS * RECORD_SLOT_SIZE)

struct fixture {
        char path[PATH_MAX], state[PATH_MAX], run[PATH_MAX];
};

static int set_up(void **state) {
        struct fixture *fixture = calloc(1, sizeof(*fixture));
        scratch_new(fixture->path);
        snprintf(fixture->state, sizeof(fixture->state), "%.4000s/state", fixture->path);
        snprintf(fixture->run, sizeof(fixture->run), "%.4000s/run", fixture->path);
        mkdir(fixture->state, 0750);
        mkdir(fixture->run, 0755);
        *state = fixture;
        return 0;
}

static int tear_down(void **state) {
        struct fixture *fixture = *state;
        scratch_free(fixture->path);
        free(fixture);
        return 0;
}

static void write_one(struct recorder *recorder, uint64_t number, const char *event) {
        const struct record_field fields[] = {{"event", event}};
        char slot[RECORD_SLOT_SIZE];
        assert_int_equal(record_format(number, 1, fields, 1, slot), 0);
        assert_int_equal(recorder_append(recorder, number, slot, false), 0);
}

static int count(const struct record *record, void *data) {
        (void)record;
        (*(size_t *)data)++;
        return 0;
}

static size_t records(const struct recorder *recorder, size_t *ret_bad) {
        size_t n = 0;
        assert_int_equal(recorder_read(recorder, count, &n, ret_bad), 0);
        return n;
}

static bool exists(const char *directory, const char *name, struct stat *ret_st) {
        char path[PATH_MAX + 32];
        struct stat st;
        snprintf(path, sizeof(path), "%s/%s", directory, name);
        return lstat(path, ret_st ? ret_st : &st) == 0;
}

static void a_new_file_is_allocated_in_full_and_private(void **state) {
        struct fixture *fixture = *state;
        struct recorder *recorder;
        struct stat st;

        assert_int_equal(recorder_new(fixture->state, fixture->run, NULL, &recorder), 0);
        assert_int_equal(recorder_place(recorder), STATE_DURABLE);
        assert_string_equal(recorder_trouble(recorder), "");
        assert_true(exists(fixture->state, "recorder", &st));
        assert_int_equal(st.st_size, FILE_SIZE);
        assert_true(st.st_blocks * 512 >= FILE_SIZE);
        assert_int_equal(st.st_mode & 07777, 0640);
        assert_false(exists(fixture->state, "recorder.new", NULL));
        recorder_free(recorder);
}

static void it_never_grows(void **state) {
        struct fixture *fixture = *state;
        struct recorder *recorder;
        struct stat st;
        size_t bad;

        assert_int_equal(recorder_new(fixture->state, fixture->run, NULL, &recorder), 0);
        for (uint64_t i = 1; i <= RECORD_SLOTS + 100; i++)
                write_one(recorder, i, "started");
        assert_true(exists(fixture->state, "recorder", &st));
        assert_int_equal(st.st_size, FILE_SIZE);
        assert_int_equal(records(recorder, &bad), RECORD_SLOTS);
        assert_int_equal(bad, 0);
        recorder_free(recorder);
}

static void put_file(const char *directory, const char *name, const char *text, off_t size) {
        char path[PATH_MAX + 32];
        snprintf(path, sizeof(path), "%s/%s", directory, name);
        int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
        assert_true(fd >= 0);
        assert_true(write(fd, text, strlen(text)) >= 0);
        assert_int_equal(ftruncate(fd, size), 0);
        close(fd);
}

static void a_foreign_file_is_kept_aside_once(void **state) {
        struct fixture *fixture = *state;
        struct recorder *recorder;
        struct stat st;

        for (off_t size = 100; size <= FILE_SIZE; size += FILE_SIZE - 100) {
                put_file(fixture->state, "recorder", "somebody else's diary\n", size);
                assert_int_equal(recorder_new(fixture->state, fixture->run, NULL, &recorder), 0);
                assert_int_equal(recorder_place(recorder), STATE_DURABLE);
                assert_int_equal(records(recorder, NULL), 0);
                assert_true(exists(fixture->state, "recorder.bad", &st));
                assert_int_equal(st.st_size, size);
                recorder_free(recorder);
        }
}

static void a_symbolic_link_is_not_followed(void **state) {
        struct fixture *fixture = *state;
        struct recorder *recorder;
        struct stat st;
        char path[PATH_MAX + 32];

        put_file(fixture->path, "victim", "precious", 8);
        snprintf(path, sizeof(path), "%s/recorder", fixture->state);
        assert_int_equal(symlink("../victim", path), 0);
        assert_int_equal(recorder_new(fixture->state, fixture->run, NULL, &recorder), 0);
        write_one(recorder, 1, "started");
        recorder_free(recorder);
        assert_true(exists(fixture->path, "victim", &st));
        assert_int_equal(st.st_size, 8);
        assert_true(exists(fixture->state, "recorder", &st));
        assert_true(S_ISREG(st.st_mode));
}

static void torn_slots_cost_only_themselves(void **state) {
        struct fixture *fixture = *state;
        struct recorder *recorder;
        char path[PATH_MAX + 32];
        size_t bad;

        assert_int_equal(recorder_new(fixture->state, fixture->run, NULL, &recorder), 0);
        for (uint64_t i = 1; i <= 10; i++)
                write_one(recorder, i, "started");
        recorder_free(recorder);
        snprintf(path, sizeof(path), "%s/recorder", fixture->state);
        int fd = open(path, O_WRONLY);
        assert_int_equal(pwrite(fd, "torn", 4, 3 * RECORD_SLOT_SIZE + 30), 4);
        close(fd);
        assert_int_equal(recorder_new(fixture->state, fixture->run, NULL, &recorder), 0);
        assert_int_equal(records(recorder, &bad), 9);
        assert_int_equal(bad, 1);
        assert_false(exists(fixture->state, "recorder.bad", NULL));
        recorder_free(recorder);
}

static void without_a_disk_it_is_volatile_and_carried_over_later(void **state) {
        struct fixture *fixture = *state;
        struct recorder *recorder;
        char elsewhere[PATH_MAX + 32];

        assert_int_equal(recorder_new(fixture->state, fixture->run, NULL, &recorder), 0);
        write_one(recorder, 1, "started");
        recorder_free(recorder);
        snprintf(elsewhere, sizeof(elsewhere), "%s/away", fixture->path);
        assert_int_equal(rename(fixture->state, elsewhere), 0);

        assert_int_equal(recorder_new(fixture->state, fixture->run, NULL, &recorder), 0);
        assert_int_equal(recorder_place(recorder), STATE_VOLATILE);
        assert_non_null(strstr(recorder_trouble(recorder), "reboot"));
        write_one(recorder, 2, "stopped");
        recorder_free(recorder);

        assert_int_equal(rename(elsewhere, fixture->state), 0);
        assert_int_equal(recorder_new(fixture->state, fixture->run, NULL, &recorder), 0);
        assert_int_equal(recorder_place(recorder), STATE_DURABLE);
        assert_int_equal(records(recorder, NULL), 2);
        assert_false(exists(fixture->run, "recorder", NULL));
        recorder_free(recorder);
}

static void with_no_place_at_all_appending_fails(void **state) {
        struct fixture *fixture = *state;
        const struct record_field fields[] = {{"event", "started"}};
        char slot[RECORD_SLOT_SIZE];
        struct recorder *recorder;

        scratch_free(fixture->path);
        assert_int_equal(recorder_new(fixture->state, fixture->run, NULL, &recorder), 0);
        assert_int_equal(recorder_place(recorder), STATE_NOWHERE);
        assert_int_equal(record_format(1, 1, fields, 1, slot), 0);
        assert_true(recorder_append(recorder, 1, slot, true) < 0);
        recorder_free(recorder);
}

/* A writer of intents and outcomes that says what it has on disk, until it is killed. */
static void write_for_ever(const struct fixture *fixture, int tell) {
        struct loop *loop;
        struct book *book;

        if (loop_new_sim(1766620800 * USEC_PER_SEC, &loop) < 0 ||
                book_new(loop, fixture->state, fixture->run, NULL, &book) < 0)
                _exit(1);
        for (;;) {
                uint64_t id = book_ledger(book)->next_action;
                struct book_entry intent = book_entry_new("action-intent");
                struct book_entry outcome = book_entry_new("action-outcome");

                if (book_ledger(book)->n_intents == 0) {
                        book_number(&intent, "action", id);
                        book_text(&intent, "verb", "journal.vacuum");
                        book_text(&intent, "playbook", "vacuum-journal");
                        if (book_write(book, &intent) != 0)
                                _exit(1);
                } else
                        id = book_ledger(book)->intents[0].action;
                if (write(tell, &id, sizeof(id)) != sizeof(id))
                        _exit(1);
                book_number(&outcome, "action", id);
                book_text(&outcome, "verb", "journal.vacuum");
                book_text(&outcome, "status", "done");
                if (book_write(book, &outcome) != 0)
                        _exit(1);
        }
}

static void killed_at_any_moment_it_is_readable_and_no_begun_action_is_lost(void **state) {
        struct fixture *fixture = *state;
        uint64_t told = 0, before = 0;
        struct loop *loop;
        unsigned open_intents = 0;

        close(open("/dev/null", O_RDONLY));
        assert_int_equal(loop_new_sim(1766620800 * USEC_PER_SEC, &loop), 0);
        for (int i = 0; i < 40; i++) {
                int fds[2];
                struct book *book;
                pid_t pid;

                assert_int_equal(pipe(fds), 0);
                pid = fork();
                if (pid == 0) {
                        /* What the journal would get is of no interest here. */
                        freopen("/dev/null", "w", stderr);
                        close(fds[0]);
                        write_for_ever(fixture, fds[1]);
                }
                close(fds[1]);
                assert_int_equal(read(fds[0], &told, sizeof(told)), sizeof(told));
                usleep((useconds_t)(random() % 8000));
                kill(pid, SIGKILL);
                while (read(fds[0], &told, sizeof(told)) == sizeof(told))
                        ;
                close(fds[0]);
                waitpid(pid, NULL, 0);

                assert_int_equal(book_new(loop, fixture->state, fixture->run, NULL, &book), 0);
                const struct ledger *ledger = book_ledger(book);
                size_t bad;
                records(book_recorder(book), &bad);
                assert_true(bad <= (size_t)i + 1);
                assert_true(ledger->n_intents <= 1);
                open_intents += ledger->n_intents == 1;
                /* The last action that was said to have begun is there: ended, or open. */
                assert_true(ledger->next_action > told);
                if (ledger->n_intents == 1)
                        assert_int_equal(ledger->intents[0].action, ledger->next_action - 1);
                /* The same, when it was killed before it ended what another had begun. */
                assert_true(ledger->next_number >= before);
                before = ledger->next_number;
                book_free(book);
        }
        assert_true(open_intents > 0 && before > 40);
        loop_free(loop);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(
                        a_new_file_is_allocated_in_full_and_private, set_up, tear_down),
                cmocka_unit_test_setup_teardown(it_never_grows, set_up, tear_down),
                cmocka_unit_test_setup_teardown(a_foreign_file_is_kept_aside_once, set_up, tear_down),
                cmocka_unit_test_setup_teardown(a_symbolic_link_is_not_followed, set_up, tear_down),
                cmocka_unit_test_setup_teardown(torn_slots_cost_only_themselves, set_up, tear_down),
                cmocka_unit_test_setup_teardown(
                        without_a_disk_it_is_volatile_and_carried_over_later, set_up, tear_down),
                cmocka_unit_test_setup_teardown(with_no_place_at_all_appending_fails, set_up, tear_down),
                cmocka_unit_test_setup_teardown(
                        killed_at_any_moment_it_is_readable_and_no_begun_action_is_lost, set_up, tear_down),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
