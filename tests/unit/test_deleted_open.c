/* SPDX-License-Identifier: MIT */
/* test_deleted_open - the probe that finds deleted files which still take space */
#include "holder_support.h"

#include <sys/resource.h>

#include "common/deleted_files.h"
#include "disk/disk.h"
#include "support/verb_bench.h"

struct fixture {
        struct scratch scratch;
        struct verb_bench bench;
        struct sg_value options[2], args[2];
};

static int setup(void **state) {
        static const char *const paths[] = {"/var/log", "/var/log/none", NULL};
        struct fixture *fixture = calloc(1, sizeof(*fixture));

        holder_scratch_init(&fixture->scratch);
        fixture->options[DISK_OPTION_PATHS] = (struct sg_value){.type = SG_TYPE_LIST, .list = paths};
        fixture->options[DISK_OPTION_BALLAST] = (struct sg_value){.type = SG_TYPE_SIZE};
        fixture->args[0] = (struct sg_value){.type = SG_TYPE_TEXT, .text = ""};
        fixture->args[1] = (struct sg_value){.type = SG_TYPE_SIZE, .bytes = MIB};
        verb_bench_init(&fixture->bench, fixture->scratch.path, fixture->args, fixture->options);
        *state = fixture;
        return 0;
}

static int teardown(void **state) {
        struct fixture *fixture = *state;

        scratch_deinit(&fixture->scratch);
        free(fixture);
        return 0;
}

static int probe(struct fixture *fixture) {
        assert_int_equal(verb_bench_check(&fixture->bench, &disk_deleted_open), SG_VERDICT_GO);
        assert_int_equal(fixture->bench.n_manifest, 0);
        return verb_bench_act(&fixture->bench, &disk_deleted_open);
}

static void nothing_found_is_an_answer(void **state) {
        struct fixture *fixture = *state;

        assert_int_equal(probe(fixture), 0);
        assert_int_equal(fixture->bench.outcome.count, 0);
        assert_int_equal(fixture->bench.outcome.found_bytes, 0);
        assert_string_equal(fixture->bench.outcome.text, "no deleted file is still open");
        scratch_write(&fixture->scratch, "proc/2/fd", "no directory");
        assert_int_equal(probe(fixture), 0);
        assert_string_equal(fixture->bench.outcome.text,
                "no deleted file is still open, but not all processes let us look");
}

static void the_largest_come_first_with_size_and_holder(void **state) {
        struct fixture *fixture = *state;
        struct holder small = hold_deleted(&fixture->scratch, "var/log/b", 2 * MIB, "tail", "/user.slice");
        struct holder large = hold_deleted(
                &fixture->scratch, "var/log/mail.info", 5 * MIB, "rsyslogd", "/system.slice/rsyslog.service");
        struct holder tiny = hold_deleted(&fixture->scratch, "var/log/c", MIB / 4, "tail", "/user.slice");
        const struct sg_outcome *outcome = &fixture->bench.outcome;
        char expected[512];

        assert_int_equal(probe(fixture), 0);
        assert_int_equal(outcome->count, 2);
        assert_true(outcome->found_bytes >= 7 * MIB && outcome->found_bytes < 8 * MIB);
        assert_int_equal(outcome->freed_bytes, 0);
        snprintf(expected, sizeof(expected),
                "2 deleted files are still open, 7.0 MiB: 5.0 MiB %s/var/log/mail.info by rsyslogd "
                "(rsyslog.service, pid %d), 2.0 MiB %s/var/log/b by tail (pid %d)",
                fixture->scratch.path, (int)large.pid, fixture->scratch.path, (int)small.pid);
        assert_string_equal(outcome->text, expected);
        holder_free(&small);
        holder_free(&large);
        holder_free(&tiny);
}

static void one_inode_counts_once_however_many_hold_it(void **state) {
        struct fixture *fixture = *state;
        struct holder first, second;

        scratch_fill(&fixture->scratch, "var/log/x", 4 * MIB);
        first = holder_new(scratch_path(&fixture->scratch, "var/log/x"), O_WRONLY);
        second = holder_new(scratch_path(&fixture->scratch, "var/log/x"), O_RDONLY);
        assert_int_equal(unlink(scratch_path(&fixture->scratch, "var/log/x")), 0);
        holder_show(&fixture->scratch, &first, "one", "/");
        holder_show(&fixture->scratch, &second, "two", "/");
        assert_int_equal(probe(fixture), 0);
        assert_int_equal(fixture->bench.outcome.count, 1);
        assert_true(fixture->bench.outcome.found_bytes < 5 * MIB);
        assert_non_null(strstr(fixture->bench.outcome.text, ") and 1 more"));
        holder_free(&first);
        holder_free(&second);
}

static void many_readers_hide_no_writer(void **state) {
        struct fixture *fixture = *state;
        struct holder holders[DELETED_HOLDERS_MAX + 2];
        struct deleted_files files;
        bool found = false;
        const struct deleted_files_query query = {.root = fixture->scratch.path};

        scratch_fill(&fixture->scratch, "var/log/x", 4 * MIB);
        for (size_t i = 0; i < DELETED_HOLDERS_MAX + 2; i++)
                holders[i] = holder_new(scratch_path(&fixture->scratch, "var/log/x"),
                        i == DELETED_HOLDERS_MAX + 1 ? O_WRONLY : O_RDONLY);
        assert_int_equal(unlink(scratch_path(&fixture->scratch, "var/log/x")), 0);
        for (size_t i = 0; i < DELETED_HOLDERS_MAX + 2; i++)
                holder_show(&fixture->scratch, &holders[i], "x", "/");
        assert_int_equal(deleted_files_find(&query, &files), 0);
        assert_int_equal(files.n, 1);
        assert_int_equal(files.files[0].n_holders, DELETED_HOLDERS_MAX);
        assert_int_equal(files.files[0].n_processes, DELETED_HOLDERS_MAX + 2);
        for (size_t i = 0; i < DELETED_HOLDERS_MAX; i++)
                found |= files.files[0].holders[i].pid == holders[DELETED_HOLDERS_MAX + 1].pid;
        assert_true(found);
        deleted_files_deinit(&files);
        for (size_t i = 0; i < DELETED_HOLDERS_MAX + 2; i++)
                holder_free(&holders[i]);
}

static void a_long_or_hostile_name_keeps_its_place(void **state) {
        struct fixture *fixture = *state;
        char name[230] = "var/log/\033[2J\n";
        struct holder holder;

        memset(name + strlen(name), 'x', sizeof(name) - 1 - strlen(name));
        holder = hold_deleted(&fixture->scratch, name, 2 * MIB, "a\nb", "/");
        assert_int_equal(probe(fixture), 0);
        for (const char *p = fixture->bench.outcome.text; *p; p++)
                assert_true(*p >= ' ' && *p < 127);
        assert_int_equal(fixture->bench.outcome.count, 1);
        assert_non_null(
                strstr(fixture->bench.outcome.text, "1 deleted file is still open, 2.0 MiB: 2.0 MiB "));
        holder_free(&holder);
}

static void many_small_files_hide_no_large_one(void **state) {
        struct fixture *fixture = *state;
        const struct holder ourselves = {.pid = getpid()};
        struct rlimit limit;
        int fds[1030];

        assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
        limit.rlim_cur = 2048;
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
        for (size_t i = 0; i < 1030; i++) {
                const char *path = scratch_path(&fixture->scratch, "var/log/x");

                scratch_fill(&fixture->scratch, "var/log/x", i == 1029 ? 3 * MIB : 4096);
                fds[i] = open(path, O_RDONLY | O_CLOEXEC);
                assert_true(fds[i] >= 0);
                assert_int_equal(unlink(path), 0);
        }
        holder_show(&fixture->scratch, &ourselves, "many", "/");
        fixture->args[1].bytes = 0;
        assert_int_equal(probe(fixture), 0);
        assert_int_equal(fixture->bench.outcome.count, 1024);
        assert_true(fixture->bench.outcome.found_bytes >= 3 * MIB + (size_t)1023 * 4096);
        assert_non_null(strstr(
                fixture->bench.outcome.text, "1024 or more deleted files are still open, 7.0 MiB: 3.0 MiB "));
        for (size_t i = 0; i < 1030; i++)
                close(fds[i]);
}

static void only_file_systems_that_are_watched_are_looked_at(void **state) {
        struct fixture *fixture = *state;
        static const char *const elsewhere[] = {"/none", NULL};
        struct holder holder = hold_deleted(&fixture->scratch, "home", 2 * MIB, "sh", "/");

        fixture->args[0].text = "/var";
        assert_int_equal(probe(fixture), 0);
        assert_int_equal(fixture->bench.outcome.count, 1);
        for (unsigned i = 0; i < 3; i++) {
                static const char *const paths[] = {"/proc/1/none", "relative", "/gone"};

                fixture->args[0].text = paths[i];
                assert_int_equal(verb_bench_check(&fixture->bench, &disk_deleted_open), SG_VERDICT_REFUSED);
                assert_true(verb_bench_act(&fixture->bench, &disk_deleted_open) < 0);
        }
        fixture->args[0].text = "";
        fixture->options[DISK_OPTION_PATHS].list = elsewhere;
        assert_int_equal(verb_bench_check(&fixture->bench, &disk_deleted_open), SG_VERDICT_REFUSED);
        holder_free(&holder);
}

static void a_proc_that_shows_nothing_is_no_answer(void **state) {
        struct fixture *fixture = *state;

        assert_int_equal(rmdir(scratch_path(&fixture->scratch, "proc/1/fd")), 0);
        assert_int_equal(rmdir(scratch_path(&fixture->scratch, "proc/1")), 0);
        assert_int_equal(probe(fixture), -ENOENT);
        assert_non_null(strstr(fixture->bench.outcome.text, "cannot be looked through"));
}

#define WITH_FIXTURE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                WITH_FIXTURE(nothing_found_is_an_answer),
                WITH_FIXTURE(the_largest_come_first_with_size_and_holder),
                WITH_FIXTURE(one_inode_counts_once_however_many_hold_it),
                WITH_FIXTURE(many_readers_hide_no_writer),
                WITH_FIXTURE(a_long_or_hostile_name_keeps_its_place),
                WITH_FIXTURE(many_small_files_hide_no_large_one),
                WITH_FIXTURE(only_file_systems_that_are_watched_are_looked_at),
                WITH_FIXTURE(a_proc_that_shows_nothing_is_no_answer),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
