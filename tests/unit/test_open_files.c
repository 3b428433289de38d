/* SPDX-License-Identifier: MIT */
/* test_open_files - who has which file open */
#include "holder_support.h"

#include <pthread.h>
#include <sys/prctl.h>

#include "common/open_files.h"

struct seen {
        struct open_file files[16];
        char paths[16][512];
        size_t n, asked;
        pid_t pid; /* only this process */
        int answer;
};

static int on_file(const struct open_file *file, void *data) {
        struct seen *seen = data;

        if (file->pid != seen->pid)
                return 0;
        assert_true(seen->n < 16);
        snprintf(seen->paths[seen->n], sizeof(seen->paths[0]), "%s", file->path);
        seen->files[seen->n++] = *file;
        return seen->answer;
}

static int setup(void **state) {
        struct scratch *scratch = calloc(1, sizeof(*scratch));

        scratch_init(scratch);
        scratch_fill(scratch, "mail.log", 1 << 16);
        scratch_fill(scratch, "other.log", 4096);
        *state = scratch;
        return 0;
}

static int teardown(void **state) {
        scratch_deinit(*state);
        free(*state);
        return 0;
}

static struct open_files_id id_of(const struct scratch *scratch, const char *name) {
        struct stat status;

        assert_int_equal(stat(scratch_path(scratch, name), &status), 0);
        return (struct open_files_id){.device = status.st_dev, .inode = status.st_ino};
}

static void a_descriptor_is_told_with_what_the_kernel_knows_of_it(void **state) {
        const struct scratch *scratch = *state;
        struct open_files_id id = id_of(scratch, "mail.log");
        struct open_files_filter filter = {.root = "", .ids = &id, .n_ids = 1};
        struct seen seen = {.pid = getpid()};
        struct open_files_seen totals;
        int fds[3];

        fds[0] = open(scratch_path(scratch, "mail.log"), O_WRONLY | O_APPEND | O_CLOEXEC);
        fds[1] = open(scratch_path(scratch, "mail.log"), O_RDONLY | O_CLOEXEC);
        fds[2] = open(scratch_path(scratch, "other.log"), O_RDWR | O_CLOEXEC);
        assert_int_equal(open_files_walk(&filter, on_file, &seen, &totals), 0);
        assert_int_equal(seen.n, 2);
        for (size_t i = 0; i < 2; i++) {
                const struct open_file *file = &seen.files[i];

                assert_int_equal(file->fd, fds[i]);
                assert_int_equal(file->id.inode, id.inode);
                assert_int_equal(file->id.device, id.device);
                assert_int_equal(file->links, 1);
                assert_int_equal(file->size, 1 << 16);
                assert_true(file->held_bytes >= 1 << 16);
                assert_true(file->flags_known);
                assert_false(file->deleted);
                assert_string_equal(seen.paths[i], scratch_path(scratch, "mail.log"));
                assert_int_equal(open_files_writes(file), i == 0);
        }
        assert_true(seen.files[0].flags & O_APPEND);
        assert_true(totals.processes > 0);
        for (size_t i = 0; i < 3; i++)
                close(fds[i]);
}

static void who_cannot_be_seen_to_only_read_is_a_writer(void **state) {
        struct open_file file = {.flags = O_RDONLY, .flags_known = true};

        (void)state;
        assert_false(open_files_writes(&file));
        file.flags_known = false;
        assert_true(open_files_writes(&file));
}

static void deleted_is_what_has_no_name_left_and_nothing_else(void **state) {
        const struct scratch *scratch = *state;
        struct open_files_filter filter = {.root = "", .deleted = true};
        struct seen seen = {.pid = getpid()};
        int fds[4];

        scratch_write(scratch, "linked", "x");
        scratch_write(scratch, "named (deleted)", "x");
        fds[0] = open(scratch_path(scratch, "mail.log"), O_WRONLY | O_CLOEXEC);
        fds[1] = open(scratch_path(scratch, "linked"), O_WRONLY | O_CLOEXEC);
        fds[2] = open(scratch_path(scratch, "named (deleted)"), O_WRONLY | O_CLOEXEC);
        fds[3] = open(scratch_path(scratch, "other.log"), O_WRONLY | O_CLOEXEC);
        assert_int_equal(link(scratch_path(scratch, "linked"), scratch_path(scratch, "name")), 0);
        assert_int_equal(unlink(scratch_path(scratch, "linked")), 0);
        assert_int_equal(unlink(scratch_path(scratch, "mail.log")), 0);
        assert_int_equal(open_files_walk(&filter, on_file, &seen, NULL), 0);
        assert_int_equal(seen.n, 1);
        assert_int_equal(seen.files[0].fd, fds[0]);
        assert_true(seen.files[0].deleted);
        assert_int_equal(seen.files[0].links, 0);
        assert_true(seen.files[0].held_bytes >= 1 << 16);
        assert_string_equal(seen.paths[0], scratch_path(scratch, "mail.log"));

        filter.deleted = false;
        seen.n = 0;
        filter.ids = (struct open_files_id[]){id_of(scratch, "named (deleted)")};
        filter.n_ids = 1;
        assert_int_equal(open_files_walk(&filter, on_file, &seen, NULL), 0);
        assert_int_equal(seen.n, 1);
        assert_string_equal(seen.paths[0], scratch_path(scratch, "named (deleted)"));
        for (size_t i = 0; i < 4; i++)
                close(fds[i]);
}

static void a_pipe_with_a_name_is_no_file(void **state) {
        const struct scratch *scratch = *state;
        struct open_files_filter filter = {.root = ""};
        struct seen seen = {.pid = getpid()};
        struct open_files_id id;
        int fd;

        assert_int_equal(mkfifo(scratch_path(scratch, "fifo"), 0600), 0);
        id = id_of(scratch, "fifo");
        filter.ids = &id;
        filter.n_ids = 1;
        fd = open(scratch_path(scratch, "fifo"), O_RDWR | O_CLOEXEC);
        assert_true(fd >= 0);
        assert_int_equal(open_files_walk(&filter, on_file, &seen, NULL), 0);
        assert_int_equal(seen.n, 0);
        close(fd);
}

static bool wants_other(const char *path, void *data) {
        struct seen *seen = data;

        seen->asked++;
        return strstr(path, "/other.log");
}

static void a_filter_leaves_out_other_files_and_file_systems(void **state) {
        const struct scratch *scratch = *state;
        dev_t devices[2] = {0, id_of(scratch, "mail.log").device};
        struct open_files_filter filter = {
                .root = "", .devices = devices, .n_devices = 1, .wants = wants_other};
        struct seen seen = {.pid = getpid()};
        int first = open(scratch_path(scratch, "mail.log"), O_RDONLY | O_CLOEXEC);
        int second = open(scratch_path(scratch, "other.log"), O_RDONLY | O_CLOEXEC);

        assert_int_equal(open_files_walk(&filter, on_file, &seen, NULL), 0);
        assert_int_equal(seen.n, 0);
        assert_true(seen.asked >= 2);
        filter.n_devices = 2;
        assert_int_equal(open_files_walk(&filter, on_file, &seen, NULL), 0);
        assert_int_equal(seen.n, 1);
        assert_int_equal(seen.files[0].fd, second);
        close(first);
        close(second);
}

static void many_files_are_told_apart(void **state) {
        const struct scratch *scratch = *state;
        struct open_files_id ids[64];
        struct open_files_filter filter = {.root = "", .ids = ids, .n_ids = 64};
        struct seen seen = {.pid = getpid()};
        char name[32];
        int fd;

        for (size_t i = 0; i < 64; i++) {
                snprintf(name, sizeof(name), "log.%zu", (i * 37) % 64);
                scratch_write(scratch, name, "x");
                ids[i] = id_of(scratch, name);
        }
        fd = open(scratch_path(scratch, "log.50"), O_RDONLY | O_CLOEXEC);
        assert_int_equal(open_files_walk(&filter, on_file, &seen, NULL), 0);
        assert_int_equal(seen.n, 1);
        assert_int_equal(seen.files[0].id.inode, id_of(scratch, "log.50").inode);
        /* The same number on another file system is another file. */
        for (size_t i = 0; i < 64; i++)
                ids[i].device++;
        assert_int_equal(open_files_walk(&filter, on_file, &seen, NULL), 0);
        assert_int_equal(seen.n, 1);
        close(fd);
}

static void the_walk_ends_when_it_is_told_to(void **state) {
        const struct scratch *scratch = *state;
        struct open_files_id id = id_of(scratch, "mail.log");
        struct open_files_filter filter = {.root = "", .ids = &id, .n_ids = 1};
        struct seen seen = {.pid = getpid(), .answer = -EINTR};
        int first = open(scratch_path(scratch, "mail.log"), O_RDONLY | O_CLOEXEC);
        int second = open(scratch_path(scratch, "mail.log"), O_RDONLY | O_CLOEXEC);

        assert_int_equal(open_files_walk(&filter, on_file, &seen, NULL), -EINTR);
        assert_int_equal(seen.n, 1);
        close(first);
        close(second);
}

static void *stay(void *data) {
        (void)data;
        pause();
        return NULL;
}

static void a_process_whose_first_thread_has_ended_is_seen(void **state) {
        const struct scratch *scratch = *state;
        struct open_files_id id = id_of(scratch, "mail.log");
        struct open_files_filter filter = {.root = "", .ids = &id, .n_ids = 1};
        struct seen seen = {.pid = fork()};
        char path[64], text[512];

        if (seen.pid == 0) {
                pthread_t thread;

                if (open(scratch_path(scratch, "mail.log"), O_WRONLY | O_CLOEXEC) < 0 ||
                        pthread_create(&thread, NULL, stay, NULL) != 0)
                        _exit(1);
                pthread_exit(NULL);
        }
        snprintf(path, sizeof(path), "/proc/%d/stat", (int)seen.pid);
        do {
                int fd = open(path, O_RDONLY | O_CLOEXEC);
                ssize_t n = read(fd, text, sizeof(text) - 1);

                assert_true(n > 0);
                text[n] = '\0';
                close(fd);
                usleep(1000);
        } while (!strstr(text, ") Z "));
        assert_int_equal(open_files_walk(&filter, on_file, &seen, NULL), 0);
        kill(seen.pid, SIGKILL);
        waitpid(seen.pid, NULL, 0);
        assert_int_equal(seen.n, 1);
        assert_true(open_files_writes(&seen.files[0]));
}

static void who_does_not_let_us_look_is_counted_and_an_empty_proc_says_nothing(void **state) {
        const struct scratch *scratch = *state;
        struct open_files_filter filter = {.root = scratch->path};
        struct holder holder = holder_new(scratch_path(scratch, "mail.log"), O_RDONLY);
        struct open_files_seen totals;
        struct seen seen = {.pid = holder.pid};

        assert_int_equal(open_files_walk(&filter, on_file, &seen, &totals), -ENOENT);
        scratch_mkdir(scratch, "proc");
        assert_int_equal(open_files_walk(&filter, on_file, &seen, &totals), -ENOENT);
        scratch_write(scratch, "proc/77/fd", "no directory");
        assert_int_equal(open_files_walk(&filter, on_file, &seen, &totals), -ENOENT);
        assert_int_equal(totals.hidden, 1);
        holder_show(scratch, &holder, "rsyslogd", "/system.slice/rsyslog.service");
        assert_int_equal(open_files_walk(&filter, on_file, &seen, &totals), 0);
        assert_int_equal(totals.hidden, 1);
        assert_int_equal(totals.processes, 1);
        assert_true(seen.n >= 1);
        holder_free(&holder);
}

static void the_unit_is_the_systems_own_and_nobody_elses(void **state) {
        static const struct {
                const char *cgroup, *unit;
        } cases[] = {
                {"0::/system.slice/rsyslog.service\n", "rsyslog.service"},
                {"0::/system.slice/system-postfix.slice/postfix@-.service\n", "postfix@-.service"},
                {"0::/init.scope\n", "init.scope"},
                /* What a container or a user calls so is not the host's. */
                {"0::/machine.slice/machine-a.scope/payload/system.slice/rsyslog.service\n",
                        "machine-a.scope"},
                {"0::/user.slice/user-7.slice/user@7.service/app.slice/rsyslog.service\n", "user@7.service"},
                {"0::/system.slice/docker.service/rsyslog.service\n", "docker.service"},
                {"0::/../rsyslog.service\n", ""},
                {"0::/payload/rsyslog.service\n", ""},
                {"0::/system.slice\n", ""},
                {"0::/\n", ""},
                {"", ""},
                {"rsyslog.service", ""},
                {"0::/system.slice/a b.service\n", ""},
                {"0::/system.slice/.service\n", ""},
                {"0::/.slice/rsyslog.service\n", ""},
                /* Older hosts have both. */
                {"9:pids:/system.slice/a.service\n1:name=systemd:/system.slice/b.service\n0::/\n",
                        "b.service"},
                {"9:pids:/system.slice/a.service\n0::/system.slice/c.service\n", "c.service"},
                {"0::/user.slice/x:name=systemd:/system.slice/rsyslog.service\n", ""},
        };
        char unit[64];

        (void)state;
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                open_files_unit(cases[i].cgroup, unit, sizeof(unit));
                assert_string_equal(unit, cases[i].unit);
        }
        open_files_unit("0::/system.slice/rsyslog.service\n", unit, sizeof("rsyslog.service"));
        assert_string_equal(unit, "rsyslog.service");
        open_files_unit("0::/system.slice/rsyslog.service\n", unit, sizeof("rsyslog.service") - 1);
        assert_string_equal(unit, "");
}

static void a_process_is_known_by_name_and_unit(void **state) {
        const struct scratch *scratch = *state;
        struct open_files_owner owner;

        proc_write(scratch, 7, "comm", "evil\033[2J\xff name\n");
        assert_true(open_files_owner(scratch->path, 7, &owner));
        assert_string_equal(owner.comm, "evil?[2J? name");
        assert_string_equal(owner.unit, "");
        proc_write(scratch, 7, "cgroup", "0::/system.slice/rsyslog.service\n");
        assert_true(open_files_owner(scratch->path, 7, &owner));
        assert_string_equal(owner.unit, "rsyslog.service");
        assert_false(open_files_owner(scratch->path, 8, &owner));
        assert_int_equal(prctl(PR_SET_NAME, "it is me"), 0);
        assert_true(open_files_owner("", getpid(), &owner));
        assert_string_equal(owner.comm, "it is me");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(
                        a_descriptor_is_told_with_what_the_kernel_knows_of_it, setup, teardown),
                cmocka_unit_test(who_cannot_be_seen_to_only_read_is_a_writer),
                cmocka_unit_test_setup_teardown(
                        deleted_is_what_has_no_name_left_and_nothing_else, setup, teardown),
                cmocka_unit_test_setup_teardown(
                        a_filter_leaves_out_other_files_and_file_systems, setup, teardown),
                cmocka_unit_test_setup_teardown(a_pipe_with_a_name_is_no_file, setup, teardown),
                cmocka_unit_test_setup_teardown(many_files_are_told_apart, setup, teardown),
                cmocka_unit_test_setup_teardown(the_walk_ends_when_it_is_told_to, setup, teardown),
                cmocka_unit_test_setup_teardown(
                        a_process_whose_first_thread_has_ended_is_seen, setup, teardown),
                cmocka_unit_test_setup_teardown(
                        who_does_not_let_us_look_is_counted_and_an_empty_proc_says_nothing, setup, teardown),
                cmocka_unit_test(the_unit_is_the_systems_own_and_nobody_elses),
                cmocka_unit_test_setup_teardown(a_process_is_known_by_name_and_unit, setup, teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
