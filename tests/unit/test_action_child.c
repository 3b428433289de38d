/* SPDX-License-Identifier: MIT */
/* test_action_child - one action in one real child: goes, is refused, hangs, crashes, talks too much */
#include "executor_support.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "executor/action_child.h"
#include "executor/action_tool.h"

/* Every verb of this test leaves its mark here when run() was called. */
static char mark[PATH_MAX + 32];

static void leave_mark(void) {
        close(open(mark, O_WRONLY | O_CREAT, 0600));
}

static bool is_marked(void) {
        return access(mark, F_OK) == 0;
}

static enum sg_verdict check_go(const struct sg_action *action, struct sg_outcome *ret_outcome) {
        strcpy(ret_outcome->text, "would do it");
        action->host->manifest(action, "line %d", 1);
        return SG_VERDICT_GO;
}

static enum sg_verdict check_refused(const struct sg_action *action, struct sg_outcome *ret_outcome) {
        (void)action;
        strcpy(ret_outcome->text, "not needed");
        return SG_VERDICT_REFUSED;
}

static enum sg_verdict check_nothing(const struct sg_action *action, struct sg_outcome *ret_outcome) {
        (void)action, (void)ret_outcome;
        return SG_VERDICT_NOTHING;
}

static enum sg_verdict check_huge_manifest(const struct sg_action *action, struct sg_outcome *ret_outcome) {
        (void)ret_outcome;
        for (int i = 0; i < 5000; i++)
                action->host->manifest(action, "%0500d", i);
        return SG_VERDICT_GO;
}

static enum sg_verdict check_tool(const struct sg_action *action, struct sg_outcome *ret_outcome) {
        const char *const argv[] = {"/bin/touch", mark, NULL};
        char output[16];
        (void)ret_outcome;
        return action->host->tool(action, argv, output, sizeof(output)) == -EPERM ? SG_VERDICT_NOTHING
                                                                                  : SG_VERDICT_GO;
}

static enum sg_verdict check_fds(const struct sg_action *action, struct sg_outcome *ret_outcome) {
        int open_fds = 0;
        (void)action;
        for (int fd = 3; fd < 256; fd++)
                open_fds += fcntl(fd, F_GETFD) >= 0;
        snprintf(ret_outcome->text, sizeof(ret_outcome->text), "%d", open_fds);
        return SG_VERDICT_REFUSED;
}

static enum sg_verdict check_title(const struct sg_action *action, struct sg_outcome *ret_outcome) {
        FILE *file = fopen("/proc/self/cmdline", "re");
        (void)action;
        if (!fgets(ret_outcome->text, SG_TEXT_MAX, file))
                ret_outcome->text[0] = '\0';
        fclose(file);
        return SG_VERDICT_REFUSED;
}

static int run_well(const struct sg_action *action, struct sg_outcome *ret_outcome) {
        leave_mark();
        action->host->manifest(action, "too late");
        ret_outcome->freed_bytes = 4096;
        ret_outcome->count = 3;
        strcpy(ret_outcome->text, "did it");
        return 0;
}

static int run_badly(const struct sg_action *action, struct sg_outcome *ret_outcome) {
        (void)action, (void)ret_outcome;
        return -EBUSY;
}

static int run_crash(const struct sg_action *action, struct sg_outcome *ret_outcome) {
        (void)action, (void)ret_outcome;
        signal(SIGSEGV, SIG_DFL);
        raise(SIGSEGV);
        return 0;
}

static int run_hang(const struct sg_action *action, struct sg_outcome *ret_outcome) {
        (void)action, (void)ret_outcome;
        while (pause() < 0)
                ;
        return 0;
}

static int run_tool_that_hangs(const struct sg_action *action, struct sg_outcome *ret_outcome) {
        /* Heeds SIGTERM, with a mark as its last act. */
        char script[PATH_MAX + 128];
        const char *const argv[] = {"/bin/sh", "-c", script, NULL};
        char output[64];
        int r;

        snprintf(script, sizeof(script),
                "trap 'touch %s; exit 0' TERM; echo begun; while :; do sleep 0.05; done", mark);
        r = action->host->tool(action, argv, output, sizeof(output));
        snprintf(ret_outcome->text, sizeof(ret_outcome->text), "%d %s", r, output);
        return r;
}

struct seen {
        struct loop *loop;
        bool allow, ended, went, asked;
        char denial[SG_TEXT_MAX];
        size_t manifest;
        char last_line[SG_TEXT_MAX];
        enum wire_status status;
        struct sg_outcome outcome;
};

static bool on_go(struct action_child *child, const struct action_manifest *manifest,
        const struct sg_outcome *outcome, char denial[static SG_TEXT_MAX], void *data) {
        struct seen *seen = data;
        (void)child, (void)outcome;
        seen->asked = true;
        seen->manifest = manifest->n;
        if (manifest->n > 0)
                strcpy(seen->last_line, manifest->lines[manifest->n - 1]);
        strcpy(denial, seen->denial);
        return seen->allow;
}

static void on_end(struct action_child *child, bool went, enum wire_status status,
        const struct sg_outcome *outcome, void *data) {
        struct seen *seen = data;
        seen->ended = true;
        seen->went = went;
        seen->status = status;
        seen->outcome = *outcome;
        action_child_free(child);
        stop_waiting();
}

static const struct action_child_ops ops = {.on_go = on_go, .on_end = on_end};

static struct seen act(struct sg_verb verb, bool check_only, bool allow, const char *denial) {
        struct seen seen = {.loop = real_loop(), .allow = allow};
        struct action_plan plan = {.verb = &verb,
                .root = "",
                .selection_fd = -1,
                .levels = {.high = 0.85, .critical = 0.95},
                .check_only = check_only};
        struct action_child *child;

        if (!verb.name)
                verb.name = "test.verb";
        strcpy(seen.denial, denial);
        unlink(mark);
        assert_int_equal(action_child_new(seen.loop, &plan, &ops, &seen, &child), 0);
        wait_until_stopped(seen.loop, 30);
        loop_free(seen.loop);
        assert_true(seen.ended);
        return seen;
}

static void an_action_that_may_go_goes_and_tells(void **state) {
        struct seen seen = act((struct sg_verb){.check = check_go, .run = run_well}, false, true, "");
        (void)state;
        assert_true(seen.went);
        assert_int_equal(seen.status, WIRE_DONE);
        assert_int_equal(seen.outcome.freed_bytes, 4096);
        assert_int_equal(seen.outcome.count, 3);
        assert_string_equal(seen.outcome.text, "did it");
        assert_int_equal(seen.manifest, 1);
        assert_string_equal(seen.last_line, "line 1");
        assert_true(is_marked());
}

static void a_refused_check_never_asks_to_go(void **state) {
        struct seen seen = act((struct sg_verb){.check = check_refused, .run = run_well}, false, true, "");
        (void)state;
        assert_false(seen.asked);
        assert_int_equal(seen.status, WIRE_DENIED);
        assert_string_equal(seen.outcome.text, "not needed");
        assert_false(is_marked());
        seen = act((struct sg_verb){.check = check_nothing, .run = run_well}, false, true, "");
        assert_int_equal(seen.status, WIRE_NOTHING);
        assert_false(seen.asked);
}

static void an_action_denied_at_the_last_moment_does_not_run(void **state) {
        struct seen seen =
                act((struct sg_verb){.check = check_go, .run = run_well}, false, false, "maintenance");
        (void)state;
        assert_int_equal(seen.status, WIRE_DENIED);
        assert_string_equal(seen.outcome.text, "maintenance");
        assert_false(seen.went);
        assert_false(is_marked());
}

static void in_observe_only_the_check_runs(void **state) {
        struct seen seen = act((struct sg_verb){.check = check_go, .run = run_well}, true, false, "");
        (void)state;
        assert_true(seen.asked);
        assert_int_equal(seen.status, WIRE_WOULD_HAVE);
        assert_string_equal(seen.outcome.text, "would do it");
        assert_false(is_marked());
        /* Even told to go, a child made for a check has no way on. */
        act((struct sg_verb){.check = check_go, .run = run_well}, true, true, "");
        assert_false(is_marked());
}

static void a_check_cannot_start_a_tool(void **state) {
        struct seen seen = act((struct sg_verb){.check = check_tool, .run = run_well}, false, false, "x");
        (void)state;
        assert_int_equal(seen.status, WIRE_NOTHING);
        assert_false(is_marked());
}

static void a_failure_without_words_is_explained_by_its_error(void **state) {
        struct seen seen = act((struct sg_verb){.check = check_go, .run = run_badly}, false, true, "");
        (void)state;
        assert_int_equal(seen.status, WIRE_FAILED);
        assert_string_equal(seen.outcome.text, strerror(EBUSY));
}

static void a_crash_is_a_failure_that_names_the_signal(void **state) {
        struct seen seen = act((struct sg_verb){.check = check_go, .run = run_crash}, false, true, "");
        (void)state;
        assert_true(seen.went);
        assert_int_equal(seen.status, WIRE_FAILED);
        assert_non_null(strstr(seen.outcome.text, "signal 11"));
}

static void a_hang_ends_at_its_deadline(void **state) {
        uint64_t before = clock_monotonic_usec();
        struct seen seen = act(
                (struct sg_verb){.check = check_go, .run = run_hang, .deadline_usec = 200 * USEC_PER_MSEC},
                false, true, "");
        (void)state;
        assert_int_equal(seen.status, WIRE_TIMED_OUT);
        assert_in_range(clock_monotonic_usec() - before, 200 * USEC_PER_MSEC, 5 * USEC_PER_SEC);
}

static void a_tool_past_the_deadline_is_asked_to_end_and_can_tidy_up(void **state) {
        struct seen seen = act(
                (struct sg_verb){
                        .check = check_go, .run = run_tool_that_hangs, .deadline_usec = 2 * USEC_PER_SEC},
                false, true, "");
        (void)state;
        assert_int_equal(seen.status, WIRE_TIMED_OUT);
        assert_non_null(strstr(seen.outcome.text, "begun"));
        assert_true(is_marked());
}

static void a_huge_manifest_is_bounded_and_summed_up(void **state) {
        struct seen seen =
                act((struct sg_verb){.check = check_huge_manifest, .run = run_well}, false, true, "");
        (void)state;
        assert_int_equal(seen.status, WIRE_DONE);
        assert_int_equal(seen.manifest, 513);
        assert_string_equal(seen.last_line, "and 4488 more");
}

static void the_child_has_no_descriptor_but_its_own(void **state) {
        struct seen seen;
        int leak = open("/dev/null", O_RDONLY);
        (void)state;
        seen = act((struct sg_verb){.check = check_fds}, false, true, "");
        assert_string_equal(seen.outcome.text, "1");
        close(leak);
}

static void the_child_says_in_ps_what_it_does(void **state) {
        struct seen seen =
                act((struct sg_verb){.check = check_title, .name = "journal.vacuum"}, false, true, "");
        (void)state;
        assert_string_equal(seen.outcome.text, "spoolguard: action journal.vacuum");
}

static void a_verb_that_needs_space_where_there_is_none_is_refused(void **state) {
        const struct pressure_levels levels = {.high = 0.85, .critical = 0.95};
        (void)state;
        assert_int_equal(pressure_of(&levels, 1000, 500, 450), SG_PRESSURE_NONE);
        assert_int_equal(pressure_of(&levels, 1000, 140, 90), SG_PRESSURE_HIGH);
        assert_int_equal(pressure_of(&levels, 1000, 90, 40), SG_PRESSURE_CRITICAL);
        /* What is kept for root is not available. */
        assert_int_equal(pressure_of(&levels, 1000, 50, 0), SG_PRESSURE_CRITICAL);
        assert_int_equal(pressure_of(&levels, 0, 0, 0), SG_PRESSURE_UNKNOWN);
        assert_int_equal(pressure_measure(&levels, "", "/no/such/path"), SG_PRESSURE_UNKNOWN);
        assert_int_not_equal(pressure_measure(&levels, "", "/"), SG_PRESSURE_UNKNOWN);
        assert_int_equal(pressure_measure(&(struct pressure_levels){.high = 0, .critical = 0}, "", "/"),
                SG_PRESSURE_CRITICAL);
}

static int run_tool(const char *const argv[], char *output, size_t size) {
        const struct action_tool tool = {.argv = argv,
                .in_fd = -1,
                .out_fd = -1,
                .deadline_usec = clock_monotonic_usec() + 20 * USEC_PER_SEC};
        return action_tool_run(&tool, output, size);
}

static void a_tool_is_run_with_a_clean_environment_and_bounded_output(void **state) {
        const char *const env[] = {"/usr/bin/env", NULL},
                          *const exit_seven[] = {"/bin/sh", "-c", "exit 7", NULL},
                          *const much[] = {"/bin/sh", "-c", "yes | head -c 1000000; echo >&2 end", NULL},
                          *const relative[] = {"sh", NULL}, *const missing[] = {"/no/such/tool", NULL};
        char output[256];
        (void)state;

        setenv("SECRET", "x", 1);
        assert_int_equal(run_tool(env, output, sizeof(output)), 0);
        assert_string_equal(output, "PATH=/usr/sbin:/usr/bin:/sbin:/bin\nLC_ALL=C.UTF-8\n");
        assert_int_equal(run_tool(exit_seven, output, sizeof(output)), 7);
        assert_int_equal(run_tool(much, output, sizeof(output)), 0);
        assert_int_equal(strlen(output), sizeof(output) - 1);
        assert_int_equal(run_tool(relative, output, sizeof(output)), -EINVAL);
        assert_int_equal(run_tool(missing, output, sizeof(output)), 127);
}

static int open_text(const char *name, const char *text) {
        char path[PATH_MAX + 64];
        int fd;

        snprintf(path, sizeof(path), "%s.%s", mark, name);
        fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        assert_true(fd >= 0);
        assert_int_equal(write(fd, text, strlen(text)), strlen(text));
        assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
        return fd;
}

static void a_filter_reads_and_writes_the_files_it_is_given(void **state) {
        const char *const argv[] = {"/bin/sh", "-c", "tr a-z A-Z; echo trouble >&2; exit 3", NULL};
        int in = open_text("in", "mail queue"), out = open_text("out", "");
        const struct action_tool tool = {.argv = argv,
                .in_fd = in,
                .out_fd = out,
                .deadline_usec = clock_monotonic_usec() + 20 * USEC_PER_SEC};
        char output[64], text[64] = "";
        (void)state;

        assert_int_equal(action_tool_run(&tool, output, sizeof(output)), 3);
        assert_string_equal(output, "trouble\n");
        assert_int_equal(pread(out, text, sizeof(text) - 1, 0), strlen("MAIL QUEUE"));
        assert_string_equal(text, "MAIL QUEUE");
        close(in);
        close(out);
}

static int run_filter(const struct sg_action *action, struct sg_outcome *ret_outcome) {
        const char *const argv[] = {"/bin/cat", NULL};
        int out = open_text("out", "");
        char output[64], text[64] = "";
        int r = action->host->filter(action, argv, action->selection_fd, out, output, sizeof(output));

        (void)!pread(out, text, sizeof(text) - 1, 0);
        close(out);
        snprintf(ret_outcome->text, sizeof(ret_outcome->text), "%d %s lease %llu", r, text,
                (unsigned long long)action->lease);
        ret_outcome->count = (uint64_t)action->selection_fd;
        return action->host->filter(action, argv, -1, out, output, sizeof(output)) == -EBADF ? 0 : -EIO;
}

static int undo_well(const struct sg_action *action, struct sg_outcome *ret_outcome) {
        leave_mark();
        snprintf(ret_outcome->text, sizeof(ret_outcome->text), "undid %llu, %d",
                (unsigned long long)action->lease, action->selection_fd);
        return 0;
}

static enum sg_verdict check_filter(const struct sg_action *action, struct sg_outcome *ret_outcome) {
        const char *const argv[] = {"/bin/cat", NULL};
        char output[16];
        (void)ret_outcome;
        return action->host->filter(action, argv, 0, 1, output, sizeof(output)) == -EPERM
                ? SG_VERDICT_GO
                : SG_VERDICT_REFUSED;
}

static struct seen act_with(struct action_plan *plan) {
        struct seen seen = {.loop = real_loop(), .allow = true};
        struct action_child *child;

        if (!plan->root)
                plan->root = "";
        unlink(mark);
        assert_int_equal(action_child_new(seen.loop, plan, &ops, &seen, &child), 0);
        wait_until_stopped(seen.loop, 30);
        loop_free(seen.loop);
        return seen;
}

static void the_child_finds_its_selection_wherever_ours_is(void **state) {
        const struct sg_verb verb = {.name = "test.verb", .check = check_filter, .run = run_filter};
        (void)state;

        for (int place = 3; place < 12; place++) {
                struct action_plan plan = {.verb = &verb, .lease = 77};
                int from = open_text("in", "selected");
                struct seen seen;

                plan.selection_fd = fcntl(from, F_DUPFD_CLOEXEC, place);
                close(from);
                seen = act_with(&plan);
                close(plan.selection_fd);
                assert_int_equal(seen.status, WIRE_DONE);
                assert_string_equal(seen.outcome.text, "0 selected lease 77");
                assert_int_equal(seen.outcome.count, 4);
        }
}

static void to_undo_nothing_is_checked(void **state) {
        const struct sg_verb verb = {.name = "test.verb",
                .check = check_refused,
                .run = run_badly,
                .undo = undo_well,
                .needs_space_on = "/",
                .deadline_usec = USEC_PER_SEC};
        struct action_plan plan = {.verb = &verb, .lease = 78, .selection_fd = -1, .undo = true};
        uint64_t now = clock_monotonic_usec();
        struct seen seen;
        (void)state;

        seen = act_with(&plan);
        assert_int_equal(seen.status, WIRE_DONE);
        assert_string_equal(seen.outcome.text, "undid 78, -1");
        assert_true(is_marked());
        /* Bringing much back may take its time. */
        assert_true(plan.deadline_usec >= now + ACTION_UNDO_DEADLINE - USEC_PER_SEC);
}

static enum sg_verdict check_leases(const struct sg_action *action, struct sg_outcome *ret_outcome) {
        snprintf(ret_outcome->text, sizeof(ret_outcome->text), "%llu",
                (unsigned long long)action->host->next_lease(action, "postfix.hold", "instance", "-", 0));
        return SG_VERDICT_REFUSED;
}

static void a_verb_is_told_of_the_leases_that_the_executor_knows(void **state) {
        const struct sg_verb verb = {.name = "test.verb", .check = check_leases};
        const struct lease fresh = {.action = 3,
                .state = WIRE_LEASE_IN_FORCE,
                .verb = "postfix.hold",
                .args = "instance=-\nsender=<>"};
        struct action_plan plan = {.verb = &verb, .selection_fd = -1};
        char directory[PATH_MAX];
        struct lease_store *store;
        (void)state;

        assert_string_equal(act_with(&plan).outcome.text, "0");
        scratch_new(directory);
        assert_int_equal(lease_store_new(directory, directory, NULL, 0, &store), 0);
        plan.leases = store;
        assert_string_equal(act_with(&plan).outcome.text, "0");
        assert_non_null(lease_store_add(store, &fresh, 0));
        assert_string_equal(act_with(&plan).outcome.text, "1");
        lease_store_free(store);
        scratch_free(directory);
}

static enum sg_verdict check_program(const struct sg_action *action, struct sg_outcome *ret_outcome) {
        return action->host->program(action, "/bin/page-me", ret_outcome->text, 48) < 0 ? SG_VERDICT_REFUSED
                                                                                        : SG_VERDICT_NOTHING;
}

static void a_verb_is_told_whether_a_program_is_roots_alone(void **state) {
        const struct sg_verb verb = {.name = "test.verb", .check = check_program};
        char directory[PATH_MAX], path[PATH_MAX + 32];
        struct action_plan plan = {.verb = &verb, .selection_fd = -1, .root = directory};
        (void)state;

        scratch_new(directory);
        snprintf(path, sizeof(path), "%s/bin", directory);
        assert_int_equal(mkdir(path, 0700), 0);
        assert_string_equal(act_with(&plan).outcome.text, "/bin/page-me: No such file or directory");
        snprintf(path, sizeof(path), "%s/bin/page-me", directory);
        close(open(path, O_WRONLY | O_CREAT, 0700));
        assert_int_equal(act_with(&plan).status, WIRE_NOTHING);
        assert_int_equal(chmod(path, 0777), 0);
        assert_string_equal(act_with(&plan).outcome.text, "others than root can write /bin/page-me");
        assert_int_equal(chmod(directory, 0777), 0);
        assert_string_equal(act_with(&plan).outcome.text, "others than root can replace /bin/page-me: ...");
        scratch_free(directory);
}

int main(void) {
        char directory[PATH_MAX];
        int failed;
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(an_action_that_may_go_goes_and_tells),
                cmocka_unit_test(a_refused_check_never_asks_to_go),
                cmocka_unit_test(an_action_denied_at_the_last_moment_does_not_run),
                cmocka_unit_test(in_observe_only_the_check_runs),
                cmocka_unit_test(a_check_cannot_start_a_tool),
                cmocka_unit_test(a_failure_without_words_is_explained_by_its_error),
                cmocka_unit_test(a_crash_is_a_failure_that_names_the_signal),
                cmocka_unit_test(a_hang_ends_at_its_deadline),
                cmocka_unit_test(a_tool_past_the_deadline_is_asked_to_end_and_can_tidy_up),
                cmocka_unit_test(a_huge_manifest_is_bounded_and_summed_up),
                cmocka_unit_test(the_child_has_no_descriptor_but_its_own),
                cmocka_unit_test(the_child_says_in_ps_what_it_does),
                cmocka_unit_test(a_verb_that_needs_space_where_there_is_none_is_refused),
                cmocka_unit_test(a_filter_reads_and_writes_the_files_it_is_given),
                cmocka_unit_test(the_child_finds_its_selection_wherever_ours_is),
                cmocka_unit_test(to_undo_nothing_is_checked),
                cmocka_unit_test(a_verb_is_told_of_the_leases_that_the_executor_knows),
                cmocka_unit_test(a_verb_is_told_whether_a_program_is_roots_alone),
                cmocka_unit_test(a_tool_is_run_with_a_clean_environment_and_bounded_output),
        };
        scratch_new(directory);
        snprintf(mark, sizeof(mark), "%s/mark", directory);
        failed = cmocka_run_group_tests(tests, NULL, NULL);
        scratch_free(directory);
        return failed;
}
