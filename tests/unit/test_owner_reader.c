/* SPDX-License-Identifier: MIT */
/* test_owner_reader - the reader is the mail owner and nobody else, and what it answers is all that comes of it */
#include "hold_support.h"

#include <signal.h>

#include "postfix/owner_reader.h"

#define SIZE 300000u /* more than a pipe holds */

static int ask(struct hold_relay *hold, owner_reader_fn fn, void *data, void *ret_answer, size_t size) {
        struct mail_dir dir;
        int r;

        assert_int_equal(mail_dir_open(hold->relay.spool.path, "deferred", &dir), 0);
        r = owner_reader_ask(&dir, 0, -1, fn, data, ret_answer, size);
        mail_dir_close(&dir);
        assert_int_equal(geteuid(), getuid());
        return r;
}

static int answer_much(struct owner_reader *reader, void *data, void *ret_answer) {
        (void)reader;
        memset(ret_answer, *(char *)data, SIZE);
        *(char *)data = 'c';
        return 0;
}

static void an_answer_of_any_size_comes_back_and_nothing_else(void **state) {
        char *answer = calloc(1, SIZE), letter = 'b';

        assert_int_equal(ask(*state, answer_much, &letter, answer, SIZE), 0);
        for (size_t i = 0; i < SIZE; i++)
                assert_int_equal(answer[i], 'b');
        assert_int_equal(letter, 'b');
        free(answer);
}

struct who {
        uid_t real, effective, saved;
        bool may_be_root, has_other_fd, is_late;
};

static int say_who(struct owner_reader *reader, void *data, void *ret_answer) {
        struct who who = {.is_late = owner_reader_is_late(reader)};

        getresuid(&who.real, &who.effective, &who.saved);
        who.may_be_root = setresuid((uid_t)-1, 0, (uid_t)-1) == 0;
        who.has_other_fd = fcntl(*(int *)data, F_GETFD) >= 0;
        memcpy(ret_answer, &who, sizeof(who));
        return 0;
}

static void it_is_the_mail_owner_for_good_and_has_nothing_else_open(void **state) {
        struct hold_relay *hold = *state;
        int other = dup(STDERR_FILENO), far = fcntl(STDERR_FILENO, F_DUPFD, 200);
        int *const fds[] = {&other, &far};
        struct who who;

        for (size_t i = 0; i < ELEMENTSOF(fds); i++) {
                assert_int_equal(ask(hold, say_who, fds[i], &who, sizeof(who)), 0);
                assert_int_equal(who.real, hold->relay.owner);
                assert_int_equal(who.effective, hold->relay.owner);
                assert_int_equal(who.saved, hold->relay.owner);
                assert_false(who.may_be_root);
                assert_false(who.has_other_fd);
                assert_true(who.is_late);
                close(*fds[i]);
        }
}

static int refuse(struct owner_reader *reader, void *data, void *ret_answer) {
        (void)reader, (void)data, (void)ret_answer;
        return -ENOTDIR;
}

static int die(struct owner_reader *reader, void *data, void *ret_answer) {
        (void)reader, (void)data, (void)ret_answer;
        raise(SIGKILL);
        return 0;
}

static int leave(struct owner_reader *reader, void *data, void *ret_answer) {
        (void)reader, (void)data, (void)ret_answer;
        _exit(0);
        return 0;
}

static int hang(struct owner_reader *reader, void *data, void *ret_answer) {
        (void)reader, (void)data, (void)ret_answer;
        while (pause() < 0)
                continue;
        return 0;
}

static int hang_silently(struct owner_reader *reader, void *data, void *ret_answer) {
        for (int fd = STDERR_FILENO + 1; fd < 64; fd++)
                close(fd);
        return hang(reader, data, ret_answer);
}

static void without_an_answer_it_says_why(void **state) {
        static const struct {
                owner_reader_fn fn;
                int error;
        } cases[] = {
                {refuse, -ENOTDIR},
                {die, -EIO},
                {leave, -EIO},
                {hang, -ETIME},
                {hang_silently, -EIO},
        };
        char answer[8];

        for (size_t i = 0; i < ELEMENTSOF(cases); i++)
                assert_int_equal(ask(*state, cases[i].fn, NULL, answer, sizeof(answer)), cases[i].error);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                WITH_HOLD(an_answer_of_any_size_comes_back_and_nothing_else),
                WITH_HOLD(it_is_the_mail_owner_for_good_and_has_nothing_else_open),
                WITH_HOLD(without_an_answer_it_says_why),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
