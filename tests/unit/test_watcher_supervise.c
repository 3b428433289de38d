/* SPDX-License-Identifier: MIT */
/*
 * test_watcher_supervise - this very program, started again as a watcher that behaves as the test wants
 *
 * The supervisor execs /proc/self/exe with --role=watcher; main() below then plays the part that stands in its
 * configuration.
 */
#include "executor_support.h"

#include <fcntl.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>

#include "executor/watcher_supervise.h"
#include "role.h"

static struct wire_message heartbeat = {.type = WIRE_HEARTBEAT};

static int say(const struct wire_message *message) {
        uint8_t packet[WIRE_PACKET_MAX];
        ssize_t n = wire_encode(message, packet);
        return n > 0 && write(ROLE_FD_CHANNEL, packet, (size_t)n) == n ? 0 : 1;
}

/* The end of a process may be noticed before what it said last is read. */
static void wait_until_heard(void) {
        int unread = 1;

        while (ioctl(ROLE_FD_CHANNEL, SIOCOUTQ, &unread) == 0 && unread > 0)
                usleep(1000);
}

static int play(void) {
        char part[64] = "", byte;
        struct breadcrumb *breadcrumb;
        struct wire_message hello = {.type = WIRE_HELLO, .hello = {.pid = (uint32_t)getpid()}};

        if (read(ROLE_FD_CONFIG, part, sizeof(part) - 1) < 0 ||
                breadcrumb_map(ROLE_FD_BREADCRUMB, &breadcrumb) < 0)
                return 1;
        /* Sealed, and nothing else is open. */
        if (write(ROLE_FD_CONFIG, "x", 1) >= 0 || fcntl(ROLE_FD_MAX, F_GETFD) >= 0)
                return 9;
        strcpy(hello.hello.version, breadcrumb->skip[0][0] ? "skips" : "skips-nothing");
        if (say(&hello) != 0)
                return 2;
        if (strcmp(part, "crash-in-lua") == 0 || strstr(part, "by-lua"))
                breadcrumb_set(breadcrumb, BREADCRUMB_LUA, "evil");
        else if (strcmp(part, "crash-in-parser") == 0 || strcmp(part, "garbage") == 0)
                breadcrumb_set(breadcrumb, BREADCRUMB_PARSING, "deferred/4/4A1B2C");
        if (strncmp(part, "crash", 5) == 0) {
                wait_until_heard();
                signal(SIGABRT, SIG_DFL);
                abort();
        }
        if (strncmp(part, "garbage", 7) == 0)
                (void)!write(ROLE_FD_CHANNEL, "garbage", 7);
        if (strncmp(part, "exit", 4) == 0)
                return 7;
        if (strncmp(part, "wish", 4) == 0)
                return 0;
        say(&heartbeat);
        while (strcmp(part, "stubborn") == 0)
                pause();
        while (read(ROLE_FD_CHANNEL, &byte, 1) > 0)
                ;
        return 0;
}

struct fixture {
        struct loop *loop;
        struct watcher *watcher;
        unsigned ups, downs, deaths, hellos, beats, want_deaths;
        char version[WIRE_NAME_MAX];
        char reason[192], activity[16], what[256];
};

static void on_up(struct channel *channel, void *data) {
        struct fixture *fixture = data;
        (void)channel;
        fixture->ups++;
}

static void on_message_consume_fd(const struct wire_message *message, int fd, void *data) {
        struct fixture *fixture = data;
        assert_int_equal(fd, -1);
        if (message->type == WIRE_HELLO) {
                fixture->hellos++;
                strcpy(fixture->version, message->hello.version);
        }
        if (message->type == WIRE_HEARTBEAT) {
                fixture->beats++;
                stop_waiting();
        }
}

static void on_down(void *data) {
        struct fixture *fixture = data;
        fixture->downs++;
}

static void on_died(const char *reason, const char *activity, const char *what, void *data) {
        struct fixture *fixture = data;
        fixture->deaths++;
        strcpy(fixture->reason, reason);
        strcpy(fixture->activity, activity);
        strcpy(fixture->what, what);
        if (fixture->deaths >= fixture->want_deaths)
                stop_waiting();
}

static const struct watcher_ops ops = {.on_up = on_up,
        .on_message_consume_fd = on_message_consume_fd,
        .on_down = on_down,
        .on_died = on_died};

static int new_watcher(struct fixture *fixture) {
        return watcher_new(&(struct watcher_setup){.loop = fixture->loop,
                                   .plugin_dir = "/none",
                                   .state_dir = "/none",
                                   .run_dir = "/none",
                                   .root = "",
                                   .unprivileged = true,
                                   .rate = 100,
                                   .ops = &ops,
                                   .data = fixture},
                &fixture->watcher);
}

static int set_up(void **state) {
        struct fixture *fixture = calloc(1, sizeof(*fixture));
        fixture->loop = real_loop();
        assert_int_equal(new_watcher(fixture), 0);
        *state = fixture;
        return 0;
}

static int tear_down(void **state) {
        struct fixture *fixture = *state;
        watcher_free(fixture->watcher);
        loop_free(fixture->loop);
        free(fixture);
        return 0;
}

static void start(struct fixture *fixture, const char *part) {
        assert_int_equal(watcher_start(fixture->watcher, part, strlen(part)), 0);
        wait_until_stopped(fixture->loop, 20);
}

static void a_watcher_finds_its_descriptors_and_is_heard(void **state) {
        struct fixture *fixture = *state;
        start(fixture, "live");
        assert_int_equal(fixture->ups, 1);
        assert_int_equal(fixture->hellos, 1);
        assert_true(watcher_pid(fixture->watcher) > 0);
}

static void one_that_is_killed_from_outside_is_started_again_and_nobody_is_blamed(void **state) {
        struct fixture *fixture = *state;
        pid_t first;

        start(fixture, "live");
        first = watcher_pid(fixture->watcher);
        kill(first, SIGKILL);
        wait_until_stopped(fixture->loop, 10);
        assert_int_equal(fixture->deaths, 1);
        assert_string_equal(fixture->activity, "none");
        wait_until_stopped(fixture->loop, 10);
        assert_int_equal(fixture->beats, 2);
        assert_int_not_equal(watcher_pid(fixture->watcher), first);
        assert_int_equal(fixture->downs, 1);
}

static void a_crash_in_lua_is_the_playbooks(void **state) {
        struct fixture *fixture = *state;
        start(fixture, "crash-in-lua");
        assert_string_equal(fixture->activity, "lua");
        assert_string_equal(fixture->what, "evil");
        assert_non_null(strstr(fixture->reason, "signal 6"));
}

static void a_crash_in_a_parser_makes_the_next_one_skip_that_file(void **state) {
        struct fixture *fixture = *state;
        fixture->want_deaths = 2;
        start(fixture, "crash-in-parser");
        assert_string_equal(fixture->activity, "parsing");
        assert_string_equal(fixture->what, "deferred/4/4A1B2C");
        assert_string_equal(fixture->version, "skips");
}

static void garbage_on_the_channel_ends_it(void **state) {
        struct fixture *fixture = *state;
        start(fixture, "garbage");
        assert_non_null(strstr(fixture->reason, "channel"));
        /* Killed by us for what it said, not for what it did: no file is to blame. */
        assert_string_equal(fixture->activity, "none");
}

static void an_exit_or_a_bad_message_out_of_lua_is_the_playbooks(void **state) {
        static const char *const parts[] = {"garbage-by-lua", "exit-by-lua"};
        struct fixture *fixture = *state;

        for (size_t i = 0; i < 2; i++) {
                start(fixture, parts[i]);
                assert_string_equal(fixture->activity, "lua");
                assert_string_equal(fixture->what, "evil");
        }
}

static void a_new_configuration_does_not_shorten_the_waits(void **state) {
        struct fixture *fixture = *state;
        uint64_t before;

        fixture->want_deaths = 3;
        start(fixture, "exit"); /* after 0, 0.2 and 0.4 s; 0.8 s would be next */
        fixture->want_deaths = 5;
        before = clock_monotonic_usec();
        start(fixture, "exit otherwise"); /* at once, and after 1.6 s */
        assert_in_range(clock_monotonic_usec() - before, 1500 * USEC_PER_MSEC, 10 * USEC_PER_SEC);
}

static void freeing_it_leaves_no_process_behind(void **state) {
        static const char *const parts[] = {"live", "stubborn"};
        struct fixture *fixture = *state;
        uint64_t before;
        pid_t pid;

        for (size_t i = 0; i < 2; i++) {
                start(fixture, parts[i]);
                pid = watcher_pid(fixture->watcher);
                before = clock_monotonic_usec();
                fixture->watcher = watcher_free(fixture->watcher);
                assert_int_equal(kill(pid, 0), -1); /* reaped, not only dead */
                assert_in_range(clock_monotonic_usec() - before, i * WATCHER_PARTING,
                        i * WATCHER_PARTING + USEC_PER_SEC);
                assert_int_equal(new_watcher(fixture), 0);
        }
}

static void restarts_come_at_growing_distances(void **state) {
        struct fixture *fixture = *state;
        uint64_t before = clock_monotonic_usec();

        fixture->want_deaths = 4; /* after 0, 0.2, 0.4 and 0.8 s */
        start(fixture, "exit");
        assert_in_range(clock_monotonic_usec() - before, 1400 * USEC_PER_MSEC, 10 * USEC_PER_SEC);
        assert_string_equal(fixture->reason, "it ended with status 7");
        assert_int_equal(watcher_backoff(0, 0), WATCHER_BACKOFF_MIN);
        assert_int_equal(watcher_backoff(20 * USEC_PER_SEC, 0), WATCHER_BACKOFF_MAX);
        assert_int_equal(watcher_backoff(WATCHER_BACKOFF_MAX, WATCHER_HEALTHY), WATCHER_BACKOFF_MIN);
}

static void an_end_in_good_order_is_a_wish_and_no_death(void **state) {
        struct fixture *fixture = *state;

        fixture->want_deaths = 3;
        start(fixture, "wish");
        assert_int_equal(fixture->deaths, 3);
        assert_string_equal(fixture->activity, "restarting");
        assert_non_null(strstr(fixture->reason, "a file that it reads was replaced"));
        assert_int_equal(fixture->ups, 3);
}

static void wishes_without_end_are_deaths_and_come_at_growing_distances(void **state) {
        struct fixture *fixture = *state;
        uint64_t before = clock_monotonic_usec();

        fixture->want_deaths = 4;
        start(fixture, "wish"); /* after 0, 0.2, 0.4 and 0.8 s */
        assert_in_range(clock_monotonic_usec() - before, 1400 * USEC_PER_MSEC, 10 * USEC_PER_SEC);
        assert_string_equal(fixture->activity, "none");
        assert_string_equal(fixture->reason, "it ended with status 0");
}

static void a_new_configuration_starts_a_new_one_without_blame(void **state) {
        struct fixture *fixture = *state;
        pid_t first;

        start(fixture, "live");
        first = watcher_pid(fixture->watcher);
        start(fixture, "live again");
        assert_int_not_equal(watcher_pid(fixture->watcher), first);
        assert_int_equal(fixture->deaths, 0);
        assert_int_equal(fixture->beats, 2);
}

static void one_that_is_stopped_stays_so(void **state) {
        struct fixture *fixture = *state;

        start(fixture, "live");
        watcher_stop(fixture->watcher);
        run_for(fixture->loop, 700 * USEC_PER_MSEC);
        assert_int_equal(watcher_pid(fixture->watcher), 0);
        assert_int_equal(fixture->beats, 1);
}

static void silence_for_ten_seconds_is_death(void **state) {
        struct fixture *fixture = *state;
        uint64_t before = clock_monotonic_usec();

        start(fixture, "live"); /* one heartbeat, then nothing more */
        wait_until_stopped(fixture->loop, 20);
        assert_int_equal(fixture->deaths, 1);
        assert_non_null(strstr(fixture->reason, "no sign of life"));
        assert_in_range(clock_monotonic_usec() - before, 9 * USEC_PER_SEC, 15 * USEC_PER_SEC);
}

static void a_death_is_blamed_on_what_brought_it_about(void **state) {
        static const struct {
                enum breadcrumb_activity activity;
                struct watcher_death death;
                const char *blamed;
        } cases[] = {
                {BREADCRUMB_LUA, {.silent = true, .ended = true, .status = SIGKILL}, "lua"},
                {BREADCRUMB_LUA, {.ended = true, .status = SIGKILL}, "lua"},
                {BREADCRUMB_LUA, {.exited = true, .status = 1}, "lua"},
                {BREADCRUMB_LUA, {.status = SIGSEGV}, "lua"},
                {BREADCRUMB_LUA, {.status = SIGKILL}, "none"},
                {BREADCRUMB_LUA, {.status = SIGTERM}, "none"},
                {BREADCRUMB_PARSING, {.silent = true, .ended = true, .status = SIGKILL}, "parsing"},
                {BREADCRUMB_PARSING, {.status = SIGSEGV}, "parsing"},
                {BREADCRUMB_PARSING, {.ended = true, .status = SIGKILL}, "none"},
                {BREADCRUMB_PARSING, {.exited = true, .status = 1}, "none"},
                {BREADCRUMB_NONE, {.status = SIGSEGV}, "none"},
                {BREADCRUMB_NONE, {.exited = true, .status = 0}, "restarting"},
                {BREADCRUMB_NONE, {.exited = true, .status = 1}, "none"},
                {BREADCRUMB_NONE, {.ended = true, .exited = true, .status = 0}, "none"},
                {BREADCRUMB_PARSING, {.exited = true, .status = 0}, "none"},
                {BREADCRUMB_LUA, {.exited = true, .status = 0}, "lua"},
        };
        (void)state;

        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
                assert_string_equal(
                        watcher_blame(&(struct breadcrumb){.activity = cases[i].activity}, &cases[i].death),
                        cases[i].blamed);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(int argc, char *argv[]) {
        const struct CMUnitTest tests[] = {
                TEST(a_watcher_finds_its_descriptors_and_is_heard),
                TEST(one_that_is_killed_from_outside_is_started_again_and_nobody_is_blamed),
                TEST(a_crash_in_lua_is_the_playbooks),
                TEST(a_crash_in_a_parser_makes_the_next_one_skip_that_file),
                TEST(garbage_on_the_channel_ends_it),
                TEST(restarts_come_at_growing_distances),
                TEST(an_end_in_good_order_is_a_wish_and_no_death),
                TEST(wishes_without_end_are_deaths_and_come_at_growing_distances),
                TEST(a_new_configuration_starts_a_new_one_without_blame),
                TEST(one_that_is_stopped_stays_so),
                TEST(silence_for_ten_seconds_is_death),
                TEST(a_death_is_blamed_on_what_brought_it_about),
                TEST(an_exit_or_a_bad_message_out_of_lua_is_the_playbooks),
                TEST(a_new_configuration_does_not_shorten_the_waits),
                TEST(freeing_it_leaves_no_process_behind),
        };
        if (argc > 1 && strcmp(argv[1], "--role=watcher") == 0)
                return play();
        return cmocka_run_group_tests(tests, NULL, NULL);
}
