/* SPDX-License-Identifier: MIT */
/* test_program - a program is root's alone only when nothing on the way to it is anybody else's */
#include "executor_support.h"

#include <sys/stat.h>

#include "base/program.h"

#define PROGRAM "/opt/filter/sbin/flush"

struct fixture {
        char root[PATH_MAX];
        struct problem problem;
};

static char *in(const struct fixture *fixture, const char *path) {
        static char full[2 * PATH_MAX];

        snprintf(full, sizeof(full), "%s%s", fixture->root, path);
        return full;
}

static void make_directory(const struct fixture *fixture, const char *path, mode_t mode) {
        assert_int_equal(mkdir(in(fixture, path), 0700), 0);
        assert_int_equal(chmod(in(fixture, path), mode), 0);
}

static void make_link(const struct fixture *fixture, const char *target, const char *path) {
        assert_int_equal(symlink(target, in(fixture, path)), 0);
}

static int set_up(void **state) {
        struct fixture *fixture = calloc(1, sizeof(*fixture));
        FILE *file;

        scratch_new(fixture->root);
        make_directory(fixture, "/opt", 0755);
        make_directory(fixture, "/opt/filter", 0755);
        make_directory(fixture, "/opt/filter/sbin", 0755);
        file = fopen(in(fixture, PROGRAM), "w");
        assert_non_null(file);
        fclose(file);
        assert_int_equal(chmod(in(fixture, PROGRAM), 0755), 0);
        *state = fixture;
        return 0;
}

static int tear_down(void **state) {
        struct fixture *fixture = *state;

        scratch_free(fixture->root);
        free(fixture);
        return 0;
}

static int check(struct fixture *fixture, const char *program) {
        fixture->problem.text[0] = '\0';
        return program_check(fixture->root, program, geteuid(), &fixture->problem);
}

static void assert_refused(struct fixture *fixture, const char *program, const char *text) {
        assert_int_equal(check(fixture, program), -EINVAL);
        assert_string_equal(fixture->problem.text, text);
}

static void a_program_on_a_way_of_our_own_is_good(void **state) {
        assert_int_equal(check(*state, PROGRAM), 0);
        assert_int_equal(check(*state, "//opt//filter/sbin/../sbin/flush"), 0);
}

static void what_others_can_write_is_theirs(void **state) {
        struct fixture *fixture = *state;
        static const mode_t modes[] = {0775, 0757, 0777};

        for (size_t i = 0; i < 3; i++) {
                assert_int_equal(chmod(in(fixture, PROGRAM), modes[i]), 0);
                assert_refused(fixture, PROGRAM, "others than root can write " PROGRAM);
        }
}

static void every_directory_on_the_way_counts(void **state) {
        static const char *const directories[] = {"/opt", "/opt/filter", "/opt/filter/sbin"};
        struct fixture *fixture = *state;
        char text[256];

        for (size_t i = 0; i < 3; i++) {
                assert_int_equal(chmod(in(fixture, directories[i]), 0775), 0);
                snprintf(text, sizeof(text), "others than root can replace " PROGRAM ": they can write %s",
                        directories[i]);
                assert_refused(fixture, PROGRAM, text);
                assert_int_equal(chmod(in(fixture, directories[i]), 0755), 0);
        }
        assert_int_equal(chmod(in(fixture, ""), 0777), 0);
        assert_refused(fixture, PROGRAM, "others than root can replace " PROGRAM ": they can write /");
        assert_int_equal(chmod(in(fixture, ""), 0700), 0);
        assert_int_equal(check(fixture, PROGRAM), 0);
}

static void nobody_renames_what_is_ours_in_a_sticky_directory(void **state) {
        struct fixture *fixture = *state;

        assert_int_equal(chmod(in(fixture, "/opt"), 01777), 0);
        assert_int_equal(check(fixture, PROGRAM), 0);
}

static void what_belongs_to_somebody_else_is_refused(void **state) {
        struct fixture *fixture = *state;

        if (geteuid() != 0)
                skip();
        assert_int_equal(chown(in(fixture, PROGRAM), 65534, 0), 0);
        assert_refused(fixture, PROGRAM, "others than root can write " PROGRAM);
        assert_int_equal(chown(in(fixture, PROGRAM), 0, 0), 0);
        assert_int_equal(chown(in(fixture, "/opt/filter"), 65534, 0), 0);
        assert_refused(
                fixture, PROGRAM, "others than root can replace " PROGRAM ": they can write /opt/filter");
        assert_int_equal(chown(in(fixture, "/opt/filter"), 0, 0), 0);
        make_link(fixture, "opt", "/link");
        assert_int_equal(lchown(in(fixture, "/link"), 65534, 0), 0);
        assert_refused(fixture, "/link/filter/sbin/flush",
                "others than root can replace /link/filter/sbin/flush: /link is a link of theirs");
}

static void links_on_the_way_are_followed_and_where_they_lead_counts(void **state) {
        struct fixture *fixture = *state;

        make_link(fixture, "opt/filter", "/relative");
        make_link(fixture, "/relative/sbin", "/absolute");
        make_link(fixture, "../opt/./filter/sbin", "/opt/dotted");
        assert_int_equal(check(fixture, "/relative/sbin/flush"), 0);
        assert_int_equal(check(fixture, "/absolute/flush"), 0);
        assert_int_equal(check(fixture, "/opt/dotted/flush"), 0);
        /* The way from link to link is one that somebody else can turn. */
        make_directory(fixture, "/public", 0777);
        make_link(fixture, "/opt/filter/sbin", "/public/sbin");
        make_link(fixture, "/public/sbin", "/detour");
        assert_refused(fixture, "/detour/flush",
                "others than root can replace /detour/flush: they can write /public");
}

static void a_circle_of_links_ends(void **state) {
        struct fixture *fixture = *state;

        make_link(fixture, "/b", "/a");
        make_link(fixture, "a", "/b");
        assert_int_equal(check(fixture, "/a/flush"), -EINVAL);
        make_link(fixture, "self/self", "/self");
        assert_int_equal(check(fixture, "/self/flush"), -EINVAL);
}

static void only_a_regular_executable_file_is_a_program(void **state) {
        struct fixture *fixture = *state;
        char longest[PATH_MAX + 64];

        make_link(fixture, "flush", "/opt/filter/sbin/link");
        assert_refused(fixture, "/opt/filter/sbin/link", "/opt/filter/sbin/link is no regular file");
        assert_refused(fixture, "/opt/filter/sbin", "/opt/filter/sbin is no regular file");
        assert_refused(fixture, "/opt/filter/sbin/none", "/opt/filter/sbin/none: No such file or directory");
        assert_refused(fixture, PROGRAM "/x", PROGRAM "/x: " PROGRAM " is no directory");
        assert_refused(fixture, "flush", "flush is no absolute path");
        assert_refused(fixture, "", " is no absolute path");
        assert_int_equal(check(fixture, PROGRAM "/"), -EINVAL);
        assert_int_equal(check(fixture, "/"), -EINVAL);
        memset(longest, 'x', sizeof(longest) - 1);
        longest[0] = '/';
        longest[sizeof(longest) - 1] = '\0';
        assert_int_equal(check(fixture, longest), -EINVAL);
        assert_int_equal(chmod(in(fixture, PROGRAM), 0644), 0);
        assert_refused(fixture, PROGRAM, PROGRAM " is not executable");
}

static void a_verb_is_told_as_much_of_the_reason_as_it_has_room_for(void **state) {
        struct fixture *fixture = *state;
        char why[64] = "x";

        assert_int_equal(program_check_told(fixture->root, PROGRAM, geteuid(), why, sizeof(why)), 0);
        assert_string_equal(why, "");
        assert_int_equal(chmod(in(fixture, PROGRAM), 0775), 0);
        assert_int_equal(program_check_told(fixture->root, PROGRAM, geteuid(), why, sizeof(why)), -EINVAL);
        assert_string_equal(why, "others than root can write " PROGRAM);
        assert_int_equal(program_check_told(fixture->root, PROGRAM, geteuid(), why, 24), -EINVAL);
        assert_string_equal(why, "others than root ...");
        assert_int_equal(program_check_told(fixture->root, PROGRAM, geteuid(), NULL, 0), -EINVAL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(a_program_on_a_way_of_our_own_is_good),
                TEST(what_others_can_write_is_theirs),
                TEST(every_directory_on_the_way_counts),
                TEST(nobody_renames_what_is_ours_in_a_sticky_directory),
                TEST(what_belongs_to_somebody_else_is_refused),
                TEST(links_on_the_way_are_followed_and_where_they_lead_counts),
                TEST(a_circle_of_links_ends),
                TEST(only_a_regular_executable_file_is_a_program),
                TEST(a_verb_is_told_as_much_of_the_reason_as_it_has_room_for),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
