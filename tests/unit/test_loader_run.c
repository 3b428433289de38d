/* SPDX-License-Identifier: MIT */
/*
 * test_loader_run - the loader as a process: this very program, executed again, plays its part
 *
 * What the second start does is chosen by the path that is given for the site's directory.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include "config/config.h"
#include "loader/loader.h"
#include "support/scratch.h"

struct result {
        char *text, *problems;
        size_t size;
        int r;
};

static struct result run(const char *etc) {
        const struct loader_paths paths = {.etc = etc, .share = "/nonexistent", .plugin_dir = "/nonexistent"};
        struct result result = {0};

        result.r = loader_run(&paths, &result.text, &result.size, &result.problems);
        return result;
}

static void release(struct result *result) {
        free(result->text);
        free(result->problems);
}

static void refused_with(const char *etc, const char *reason) {
        struct result result = run(etc);

        assert_int_equal(result.r, -EINVAL);
        if (!strstr(result.problems, reason))
                fail_msg("\"%s\" is not in \"%s\"", reason, result.problems);
        release(&result);
}

static void the_result_of_the_process_can_be_read(void **state) {
        struct scratch scratch;
        struct result result;
        struct config *config;
        struct problem problem;

        (void)state;
        scratch_init(&scratch);
        scratch_write(&scratch, "spoolguard.lua", "return { mode = 'observe' }");
        result = run(scratch.path);
        assert_int_equal(result.r, 0);
        assert_int_equal(config_new(result.text, result.size, &config, &problem), 0);
        assert_int_equal(config->mode, CONFIG_MODE_OBSERVE);
        config_free(config);
        release(&result);
        scratch_deinit(&scratch);
}

static void refusals_come_back_as_lines(void **state) {
        struct scratch scratch;

        (void)state;
        scratch_init(&scratch);
        scratch_write(&scratch, "spoolguard.lua", "return { mood = 1 }");
        refused_with(scratch.path, "spoolguard.lua:1: unknown key mood; did you mean \"mode\"?");
        scratch_deinit(&scratch);
}

static void the_process_has_no_environment_no_descriptors_and_limits(void **state) {
        struct result result;
        int fd = open("/dev/null", O_RDONLY); /* without O_CLOEXEC: it would be inherited */

        (void)state;
        setenv("SECRET", "1", 1);
        result = run("/bare");
        assert_int_equal(result.r, 0);
        assert_string_equal(result.text, "bare");
        release(&result);
        close(fd);
}

static void whatever_goes_wrong_there_is_said(void **state) {
        (void)state;
        refused_with("/crash", "was stopped by signal");
        refused_with("/silent", "ended with status 3 and no reason");
        refused_with("/flood", "is larger than 4194304 bytes");
}

static void many_words_of_refusal_are_cut(void **state) {
        struct result result = run("/talkative");

        (void)state;
        assert_int_equal(result.r, -EINVAL);
        assert_int_equal(strlen(result.problems), 16384);
        release(&result);
}

static int count_descriptors(void) {
        int n = 0;

        for (int fd = 3; fd < 256; fd++)
                n += fcntl(fd, F_GETFD) >= 0;
        return n;
}

/* The other start. */
static int play(const struct loader_paths *paths) {
        static char block[65536];
        struct rlimit files;

        if (strcmp(paths->etc, "/bare") == 0) {
                getrlimit(RLIMIT_FSIZE, &files);
                printf(getenv("SECRET") || count_descriptors() > 0 || files.rlim_cur != 0 ? "not bare"
                                                                                          : "bare");
                return 0;
        }
        if (strcmp(paths->etc, "/crash") == 0) {
                raise(SIGKILL);
        }
        if (strcmp(paths->etc, "/silent") == 0)
                return 3;
        memset(block, 'x', sizeof(block));
        if (strcmp(paths->etc, "/flood") == 0) {
                for (int i = 0; i < 65; i++)
                        fwrite(block, 1, sizeof(block), stdout);
                return 0;
        }
        if (strcmp(paths->etc, "/talkative") == 0) {
                fwrite(block, 1, sizeof(block), stderr);
                return 1;
        }
        return loader_main(paths, STDOUT_FILENO);
}

int main(int argc, char *argv[]) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_result_of_the_process_can_be_read),
                cmocka_unit_test(refusals_come_back_as_lines),
                cmocka_unit_test(the_process_has_no_environment_no_descriptors_and_limits),
                cmocka_unit_test(whatever_goes_wrong_there_is_said),
                cmocka_unit_test(many_words_of_refusal_are_cut),
        };

        if (argc == 10 && strcmp(argv[1], "--role=loader") == 0) {
                const struct loader_paths paths = {.etc = argv[3], .share = argv[5], .plugin_dir = argv[7]};

                return play(&paths);
        }
        return cmocka_run_group_tests(tests, NULL, NULL);
}
