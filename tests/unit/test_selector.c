/* SPDX-License-Identifier: MIT */
/*
 * test_selector - a real sensor chooses, a sealed memory file carries it through a real socket
 *
 * The plugin here is a table in this program: its sensor "things" writes one line for each thing, and builds on
 * readings that another sensor publishes.
 */
#include "sensor_host_support.h"

#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "role.h"
#include "watcher/selector.h"
#include "wire/channel.h"

static struct things {
        const struct sg_host *host;
        ssize_t answer;
        int refusal;  /* instead of an answer */
        off_t size;   /* of the file, when it is not what was written */
        bool is_slow; /* it answers in another turn of the loop */
        struct sg_timer *timer;
        const struct sg_value *args;
        int fd;
        sg_selected_fn *done;
        void *data;
        char seen[256];
} things;

static int things_create(const struct sg_host *host, const struct sg_value *options, void **ret_sensor) {
        (void)options;
        things.host = host;
        *ret_sensor = &things;
        return 0;
}

static int fail_create(const struct sg_host *host, const struct sg_value *options, void **ret_sensor) {
        (void)host;
        (void)options;
        (void)ret_sensor;
        return -ENOTSUP;
}

static void things_destroy(void *sensor) {
        (void)sensor;
        if (things.timer)
                things.timer = things.host->timer_free(things.timer);
}

static void choose(const struct sg_value *args, int fd, sg_selected_fn *done, void *data) {
        if (things.answer > 0) {
                assert_true(dprintf(fd, "%s %.0f\n", args[0].text, args[1].number) > 0);
                if (things.size > 0)
                        assert_int_equal(ftruncate(fd, things.size), 0);
        }
        done(things.answer, data);
}

static void on_later(struct sg_timer *timer, void *data) {
        (void)timer;
        (void)data;
        choose(things.args, things.fd, things.done, things.data);
}

static int things_select(void *sensor, const char *verb, const struct sg_value *args, int fd,
        sg_selected_fn *done, void *data) {
        assert_ptr_equal(sensor, &things);
        assert_string_equal(verb, "test.hold");
        if (things.refusal < 0)
                return things.refusal;
        if (!things.is_slow) {
                choose(args, fd, done, data);
                return 0;
        }
        things.args = args;
        things.fd = fd;
        things.done = done;
        things.data = data;
        return things.host->timer_new(things.host, "things", 1000, on_later, NULL, &things.timer);
}

static const struct sg_reading readings[] = {
        {.name = "thing_up", .labels = {"name"}, .doc = "x"}, {.name = NULL}};
static const struct sg_sensor sensor = {.name = "things",
        .readings = readings,
        .create = things_create,
        .destroy = things_destroy,
        .select = things_select};
static const struct sg_sensor absent = {
        .name = "absent", .create = fail_create, .destroy = things_destroy, .select = things_select};
static const struct sg_sensor *const sensors[] = {&sensor, &absent, NULL};
static const struct sg_option args[] = {{.name = "who", .type = SG_TYPE_TEXT, .doc = "x"},
        {.name = "n", .type = SG_TYPE_NUMBER, .fallback = "7", .doc = "x"}, {.name = NULL}};
static const struct sg_verb hold = {.name = "test.hold", .args = args, .selector = "things"};
static const struct sg_verb away = {.name = "test.away", .args = args, .selector = "absent"};
static const struct sg_verb plain = {.name = "test.plain"};
static const struct sg_verb *const verbs[] = {&hold, &away, &plain, NULL};
static const struct sg_plugin sg = {SG_PLUGIN_HEADER, .name = "test", .sensors = sensors, .verbs = verbs};
static struct plugin plugin = {.sg = &sg, .name = "test"};
static const struct plugin_list plugins = {.plugins = &plugin, .n = 1};
static const struct config config = {.mode = CONFIG_MODE_ENFORCE};

static int setup(void **state) {
        struct loop *loop;

        things = (struct things){.answer = 3};
        return loop_new_sdevent(&loop) < 0 ? -1 : begin(state, loop, &plugins, &config);
}

static const struct wire_pair who = {"who", "example.test"};

struct selected {
        ssize_t n;
        int fd;
        struct loop *loop; /* NULL: it is not waited for */
        bool is_done;
};

static void on_selected(ssize_t n, int fd_consumed, void *data) {
        struct selected *selected = data;

        assert_false(selected->is_done);
        selected->n = n;
        selected->fd = fd_consumed;
        selected->is_done = true;
        if (selected->loop)
                loop_exit(selected->loop, 0);
}

/* What comes of it at once; a refusal is the same as a selection that failed. */
static ssize_t select_now(struct fixture *fixture, const char *verb, const struct wire_pair *pairs,
        size_t n_pairs, int *ret_fd) {
        struct selected selected = {.fd = -1};
        int r = selector_run(fixture->host, &plugins, verb, pairs, n_pairs, on_selected, &selected);

        assert_int_equal(selected.is_done, r == 0);
        *ret_fd = selected.fd;
        return r < 0 ? r : selected.n;
}

static void selection_is_whole_and_sealed(void **state) {
        struct fixture *fixture = *state;
        char text[64] = "";
        int fd;

        assert_int_equal(select_now(fixture, "test.hold", &who, 1, &fd), 3);
        assert_true(fd >= 0);
        assert_int_equal(fcntl(fd, F_GET_SEALS), F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);
        assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
        assert_int_equal(read(fd, text, sizeof(text) - 1), strlen("example.test 7\n"));
        assert_string_equal(text, "example.test 7\n");
        assert_int_equal(write(fd, "x", 1), -1);
        assert_int_equal(ftruncate(fd, 0), -1);
        close(fd);
}

static void selection_that_takes_a_while_is_whole_and_sealed_as_well(void **state) {
        struct fixture *fixture = *state;
        struct selected selected = {.fd = -1, .loop = fixture->loop};
        struct wire_pair pair = who;
        char text[64] = "";

        things.is_slow = true;
        assert_int_equal(
                selector_run(fixture->host, &plugins, "test.hold", &pair, 1, on_selected, &selected), 0);
        assert_false(selected.is_done);
        memset(&pair, 'x', sizeof(pair));
        assert_int_equal(loop_run(fixture->loop), 0);
        assert_int_equal(selected.n, 3);
        assert_int_equal(
                fcntl(selected.fd, F_GET_SEALS), F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);
        assert_int_equal(read(selected.fd, text, sizeof(text) - 1), strlen("example.test 7\n"));
        assert_string_equal(text, "example.test 7\n");
        close(selected.fd);
}

static void on_message(struct channel *channel, const struct wire_message *message, int fd, void *data) {
        int *received = data;

        (void)channel;
        assert_int_equal(message->type, WIRE_LEASE_RENEW);
        assert_int_equal(message->lease_renew.lease, 12);
        *received = fd;
}

static void on_plain_message(struct channel *channel, const struct wire_message *message, void *data) {
        (void)channel;
        (void)data;
        fail_msg("%s came without its descriptor", wire_type_name(message->type));
}

static void on_closed(struct channel *channel, const char *reason, void *data) {
        (void)channel;
        (void)data;
        fail_msg("%s", reason);
}

static void on_late(struct loop_timer *timer, void *data) {
        (void)timer;
        loop_exit(data, 0);
}

static void sealed_selection_arrives_with_its_message(void **state) {
        static const struct channel_ops ops = {
                .on_message = on_plain_message, .on_message_consume_fd = on_message, .on_closed = on_closed};
        const struct wire_message message = {.type = WIRE_LEASE_RENEW, .lease_renew = {.lease = 12}};
        struct fixture *fixture = *state;
        struct channel *watcher, *executor;
        struct loop_timer *timer;
        int ends[2], fd, received = -1;
        char text[64] = "";

        assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), 0);
        assert_int_equal(channel_new_consume(fixture->loop, "executor", ends[0], WIRE_FROM_EXECUTOR, 0, &ops,
                                 &received, &watcher),
                0);
        assert_int_equal(channel_new_consume(fixture->loop, "watcher", ends[1], WIRE_FROM_WATCHER, 0, &ops,
                                 &received, &executor),
                0);
        assert_int_equal(select_now(fixture, "test.hold", &who, 1, &fd), 3);
        assert_int_equal(channel_send_consume_fd(watcher, &message, fd), 0);
        assert_int_equal(loop_timer_new(fixture->loop, "end", loop_now(fixture->loop) + 100 * USEC_PER_MSEC,
                                 on_late, fixture->loop, &timer),
                0);
        assert_int_equal(loop_run(fixture->loop), 0);
        assert_true(received >= 0);
        assert_int_equal(pread(received, text, sizeof(text) - 1, 0), strlen("example.test 7\n"));
        close(received);
        loop_timer_free(timer);
        channel_free(watcher);
        channel_free(executor);
}

/* In a process that gave up everything a watcher gives up. */
static int confined_selection(struct fixture *fixture) {
        struct problem problem = {""};
        char text[64] = "";
        int fd;

        if (role_confine_watcher(NULL, 0, &problem) < 0)
                return 2;
        if (select_now(fixture, "test.hold", &who, 1, &fd) != 3)
                return 3;
        return read(fd, text, sizeof(text) - 1) == (ssize_t)strlen("example.test 7\n") ? 0 : 4;
}

static void selection_needs_nothing_that_the_confinement_takes(void **state) {
        int status;

        const pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0)
                _exit(confined_selection(*state));
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 0);
}

static int count_descriptors(void) {
        int n = 0;

        for (int fd = 0; fd < 256; fd++)
                n += fcntl(fd, F_GETFD) >= 0;
        return n;
}

static void what_is_no_selection_leaves_no_file_behind(void **state) {
        static const struct wire_pair wrong = {"whom", "x"};
        struct fixture *fixture = *state;
        int before = count_descriptors(), fd;

        things.answer = 0;
        assert_int_equal(select_now(fixture, "test.hold", &who, 1, &fd), 0);
        assert_int_equal(fd, -1);
        things.answer = -EAGAIN;
        assert_int_equal(select_now(fixture, "test.hold", &who, 1, &fd), -EAGAIN);
        things.refusal = -EBUSY;
        assert_int_equal(select_now(fixture, "test.hold", &who, 1, &fd), -EBUSY);
        things.refusal = 0;
        things.answer = 1;
        things.size = (off_t)SG_SELECTION_MAX + 1;
        assert_int_equal(select_now(fixture, "test.hold", &who, 1, &fd), -EFBIG);
        assert_int_equal(select_now(fixture, "test.hold", &wrong, 1, &fd), -EINVAL);
        assert_int_equal(select_now(fixture, "test.hold", NULL, 0, &fd), -EINVAL);
        assert_int_equal(select_now(fixture, "test.away", &who, 1, &fd), -ENODEV);
        assert_int_equal(select_now(fixture, "test.none", &who, 1, &fd), -ENOENT);
        assert_int_equal(fd, -1);
        assert_int_equal(count_descriptors(), before);
}

static void verb_without_a_selector_has_nothing_to_select(void **state) {
        struct fixture *fixture = *state;
        int fd;

        assert_int_equal(select_now(fixture, "test.plain", NULL, 0, &fd), 1);
        assert_int_equal(fd, -1);
}

static void see(const struct sg_label *labels, size_t n_labels, double value, void *data) {
        char *seen = data;
        size_t used = strlen(seen);

        (void)snprintf(seen + used, 256 - used, "%s=%s%s%s:%.0f ", labels[0].name, labels[0].value,
                n_labels > 1 ? "," : "", n_labels > 1 ? labels[1].value : "", isnan(value) ? -1.0 : value);
}

static void sensor_sees_the_readings_of_others_and_missing_ones_as_nan(void **state) {
        const struct reading_label a[] = {{"instance", "-"}, {"nexthop", "a"}};
        const struct reading_label b[] = {{"instance", "-"}, {"nexthop", "b"}};
        const struct sg_label own = {.name = "name", .value = "x"};
        struct fixture *fixture = *state;

        assert_int_equal(board_set(fixture->board, "dead_messages", a, 2, 12), 0);
        assert_int_equal(board_missing(fixture->board, "dead_messages", b, 2, "unknown"), 0);
        assert_int_equal(board_set(fixture->board, "dead_messages_total", a, 2, 99), 0);
        assert_int_equal(things.host->publish(things.host, "thing_up", &own, 1, 1), 0);
        things.host->each_reading(things.host, "dead_messages", see, things.seen);
        assert_string_equal(things.seen, "instance=-,a:12 instance=-,b:-1 ");
        things.seen[0] = '\0';
        things.host->each_reading(things.host, "thing_up", see, things.seen);
        things.host->each_reading(things.host, "no_such", see, things.seen);
        assert_string_equal(things.seen, "name=x:1 ");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(selection_is_whole_and_sealed),
                TEST(selection_that_takes_a_while_is_whole_and_sealed_as_well),
                TEST(sealed_selection_arrives_with_its_message),
                TEST(selection_needs_nothing_that_the_confinement_takes),
                TEST(what_is_no_selection_leaves_no_file_behind),
                TEST(verb_without_a_selector_has_nothing_to_select),
                TEST(sensor_sees_the_readings_of_others_and_missing_ones_as_nan),
        };

        return cmocka_run_group_tests_name("selector", tests, NULL, NULL);
}
