/* SPDX-License-Identifier: MIT */
/* test_set_editor - postfix.set leaves main.cf alone while somebody has it open, and is not kept off by a dead editor */
#include "set_support.h"

#include <sys/wait.h>

/* The head of a swap file as vi and nano write it. */
static void write_swap(struct set_relay *set, const char *name, pid_t pid, const char *host) {
        unsigned char head[1024] = "b0VIM 9.0";
        FILE *stream;

        for (unsigned i = 0; i < 4; i++)
                head[24 + i] = (unsigned char)((unsigned)pid >> (8 * i));
        snprintf((char *)head + 28, 40, "alice");
        snprintf((char *)head + 68, 40, "%s", host);
        stream = fopen(scratch_path(&set->relay.scratch, name), "w");
        assert_non_null(stream);
        assert_int_equal(fwrite(head, 1, sizeof(head), stream), sizeof(head));
        fclose(stream);
}

/* A process that is gone. */
static pid_t dead_process(void) {
        pid_t pid = fork();

        if (pid == 0)
                _exit(0);
        waitpid(pid, NULL, 0);
        return pid;
}

static const char *here(void) {
        static char host[256];

        gethostname(host, sizeof(host) - 1);
        return host;
}

static void expect_left_alone(struct set_relay *set, const char *who) {
        assert_int_equal(verb_bench_check(&set->relay.bench, &postfix_set), SG_VERDICT_REFUSED);
        set_expect_text(set, who);
        assert_int_equal(set_act(set), -EBUSY);
        set_expect(set, MAIN_CF, ordinary);
        assert_false(set_is_there(set, RECORD));
        assert_int_equal(set->relay.bench.n_tools, 0);
}

static void a_living_vi_is_named(void **state) {
        struct set_relay *set = *state;
        char who[160];

        write_swap(set, "etc/postfix/.main.cf.swp", getpid(), here());
        snprintf(
                who, sizeof(who), "alice has it open in an editor (process %d, .main.cf.swp)", (int)getpid());
        expect_left_alone(set, who);
}

static void a_dead_vi_keeps_nobody_off(void **state) {
        struct set_relay *set = *state;

        write_swap(set, "etc/postfix/.main.cf.swp", dead_process(), here());
        assert_int_equal(set_act(set), 0);
        assert_true(set_is_there(set, "etc/postfix/.main.cf.swp"));
}

/* As after a power failure: another process has got the number of the editor since. */
static void nor_one_whose_number_is_anothers_by_now(void **state) {
        static const char *const signs[] = {"etc/postfix/.main.cf.swp", "etc/postfix/.#main.cf"};
        const struct timespec past[] = {{.tv_sec = time(NULL) - DAY}, {.tv_sec = time(NULL) - DAY}};
        struct set_relay *set = *state;
        char target[320];

        write_swap(set, signs[0], getpid(), here());
        snprintf(target, sizeof(target), "alice@%s.%d", here(), (int)getpid());
        assert_return_code(symlink(target, scratch_path(&set->relay.scratch, signs[1])), errno);
        for (size_t i = 0; i < ELEMENTSOF(signs); i++) {
                expect_left_alone(set, "alice has it open");
                assert_return_code(utimensat(AT_FDCWD, scratch_path(&set->relay.scratch, signs[i]), past,
                                           AT_SYMLINK_NOFOLLOW),
                        errno);
        }
        assert_int_equal(set_act(set), 0);
}

static void a_second_vi_counts_when_the_first_one_is_dead(void **state) {
        struct set_relay *set = *state;

        write_swap(set, "etc/postfix/.main.cf.swp", dead_process(), here());
        write_swap(set, "etc/postfix/.main.cf.swo", getpid(), here());
        expect_left_alone(set, ".main.cf.swo");
}

static void a_process_of_another_host_cannot_be_asked(void **state) {
        struct set_relay *set = *state;

        write_swap(set, "etc/postfix/.main.cf.swp", dead_process(), "far-away.example");
        expect_left_alone(set, "alice has it open");
}

static void a_sign_that_is_not_understood_counts(void **state) {
        struct set_relay *set = *state;

        scratch_write(&set->relay.scratch, "etc/postfix/.main.cf.swp", "b0");
        expect_left_alone(set, "an editor has left .main.cf.swp beside it");
}

static void emacs_is_known_by_its_link(void **state) {
        struct set_relay *set = *state;
        char target[320], link[256];

        snprintf(link, sizeof(link), "%s", scratch_path(&set->relay.scratch, "etc/postfix/.#main.cf"));
        snprintf(target, sizeof(target), "bob@%s.%d:1700000000", here(), (int)getpid());
        assert_int_equal(symlink(target, link), 0);
        expect_left_alone(set, "bob has it open in Emacs (process ");
        assert_int_equal(unlink(link), 0);
        snprintf(target, sizeof(target), "bob@%s.%d", here(), (int)dead_process());
        assert_int_equal(symlink(target, link), 0);
        assert_int_equal(set_act(set), 0);
}

static void undo_waits_for_the_editor(void **state) {
        struct set_relay *set = *state;

        assert_int_equal(set_act(set), 0);
        write_swap(set, "etc/postfix/.main.cf.swp", getpid(), here());
        assert_int_equal(set_undo(set), -EBUSY);
        set_expect_text(set, "main.cf is not touched: alice has it open");
        assert_int_equal(unlink(scratch_path(&set->relay.scratch, "etc/postfix/.main.cf.swp")), 0);
        assert_int_equal(set_undo(set), 0);
        set_expect(set, MAIN_CF, ordinary);
}

static void what_postfix_has_not_read_yet_waits_for_who_wrote_it(void **state) {
        struct set_relay *set = *state;

        set->unread = "/etc/postfix/master.cf was written at 14:03 and Postfix has not read it yet";
        assert_int_equal(verb_bench_check(&set->relay.bench, &postfix_set), SG_VERDICT_REFUSED);
        set_expect_text(set, set->unread);
        assert_int_equal(set_act(set), -EPERM);
        set_expect(set, MAIN_CF, ordinary);
        assert_int_equal(set->relay.bench.n_tools, 0);
}

static void nor_is_it_put_in_force_when_the_setting_goes_back(void **state) {
        struct set_relay *set = *state;
        char *ours;

        assert_int_equal(set_act(set), 0);
        ours = set_read(set, MAIN_CF);
        set->unread = "/etc/postfix/master.cf was written at 14:03 and Postfix has not read it yet";
        assert_int_equal(set_undo(set), -EPERM);
        set_expect_text(set, set->unread);
        set_expect(set, MAIN_CF, ours);
        free(ours);
        assert_int_equal(set->n_reloads, 1);
        set->unread = NULL;
        assert_int_equal(set_undo(set), 0);
        set_expect(set, MAIN_CF, ordinary);
}

static void what_is_unread_is_no_matter_where_nothing_would_be_reloaded(void **state) {
        struct set_relay *set = *state;

        assert_int_equal(set_act(set), 0);
        set->unread = "/etc/postfix/main.cf was written at 14:03 and Postfix has not read it yet";
        set_replace(set, "maximal_queue_lifetime = 12d\n");
        assert_int_equal(set_undo(set), 0);
        set_expect_text(set, "maximal_queue_lifetime was changed by somebody else since and stays");
        assert_int_equal(set->n_reloads, 1);
}

static void our_own_file_that_was_never_read_is_taken_back_all_the_same(void **state) {
        struct set_relay *set = *state;

        assert_int_equal(set_act(set), 0);
        assert_int_equal(unlink(scratch_path(&set->relay.scratch, RECORD "/read")), 0);
        set->unread = "/etc/postfix/main.cf was written at 14:03 and Postfix has not read it yet";
        assert_int_equal(set_undo(set), 0);
        set_expect(set, MAIN_CF, ordinary);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                WITH_SET(a_living_vi_is_named),
                WITH_SET(a_dead_vi_keeps_nobody_off),
                WITH_SET(nor_one_whose_number_is_anothers_by_now),
                WITH_SET(a_second_vi_counts_when_the_first_one_is_dead),
                WITH_SET(a_process_of_another_host_cannot_be_asked),
                WITH_SET(a_sign_that_is_not_understood_counts),
                WITH_SET(emacs_is_known_by_its_link),
                WITH_SET(undo_waits_for_the_editor),
                WITH_SET(what_postfix_has_not_read_yet_waits_for_who_wrote_it),
                WITH_SET(nor_is_it_put_in_force_when_the_setting_goes_back),
                WITH_SET(what_is_unread_is_no_matter_where_nothing_would_be_reloaded),
                WITH_SET(our_own_file_that_was_never_read_is_taken_back_all_the_same),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
