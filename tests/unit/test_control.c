/* SPDX-License-Identifier: MIT */
/* test_control - root at the socket, and others who are not */
#include "executor_support.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "executor/control.h"

struct fixture {
        char path[PATH_MAX];
        struct loop *loop;
        struct book *book;
        struct lease_store *leases;
        struct desk *desk;
        struct config *config;
        struct control *control;
        struct channel *client;
        struct wire_control_reply reply;
        char closed[256];
        unsigned reloads;
};

static void on_reload(const char *who, uint64_t serial, void *data) {
        (void)who, (void)serial, (void)data;
}

static void on_end_watcher(const char *reason, void *data) {
        (void)reason, (void)data;
}

static void ignore(void *data) {
        (void)data;
}

static void on_lease_tried(uint64_t lease, bool is_over, const char *text, void *data) {
        struct fixture *fixture = data;
        control_lease_tried(fixture->control, lease, is_over, text);
}

static const struct desk_ops desk_ops = {.reload = on_reload,
        .end_watcher = on_end_watcher,
        .changed = ignore,
        .idle = ignore,
        .lease_tried = on_lease_tried};

static int on_control_reload(struct problem *problem, void *data) {
        struct fixture *fixture = data;
        if (fixture->reloads++ > 0)
                return problem_set(problem, "a reload is under way already");
        return 0;
}

static void on_status(char *text, size_t size, void *data) {
        struct fixture *fixture = data;
        desk_status(fixture->desk, text, size);
}

static const struct control_ops control_ops = {.reload = on_control_reload, .status = on_status};
static const struct plugin_list no_plugins;

static void listen_for(struct fixture *fixture, uid_t uid) {
        control_free(fixture->control);
        assert_int_equal(control_new(fixture->loop, fixture->path, uid, fixture->desk, &control_ops, fixture,
                                 &fixture->control),
                0);
}

static int set_up(void **state) {
        struct fixture *fixture = calloc(1, sizeof(*fixture));
        scratch_new(fixture->path);
        fixture->loop = real_loop();
        assert_int_equal(book_new(fixture->loop, fixture->path, fixture->path, NULL, &fixture->book), 0);
        assert_int_equal(lease_store_new(fixture->path, fixture->path, NULL, loop_realtime(fixture->loop),
                                 &fixture->leases),
                0);
        assert_int_equal(desk_new(&(struct desk_setup){.loop = fixture->loop,
                                          .book = fixture->book,
                                          .leases = fixture->leases,
                                          .plugins = &no_plugins,
                                          .root = "",
                                          .ops = &desk_ops,
                                          .data = fixture},
                                 &fixture->desk),
                0);
        fixture->config = config_of("mode\tt\tobserve\n");
        desk_set_config(fixture->desk, fixture->config, 3);
        listen_for(fixture, geteuid());
        *state = fixture;
        return 0;
}

static int tear_down(void **state) {
        struct fixture *fixture = *state;
        channel_free(fixture->client);
        control_free(fixture->control);
        desk_free(fixture->desk);
        lease_store_free(fixture->leases);
        book_free(fixture->book);
        config_free(fixture->config);
        loop_free(fixture->loop);
        scratch_free(fixture->path);
        free(fixture);
        return 0;
}

static void on_message(struct channel *channel, const struct wire_message *message, void *data) {
        struct fixture *fixture = data;
        (void)channel;
        fixture->reply = message->control_reply;
        stop_waiting();
}

static void on_closed(struct channel *channel, const char *reason, void *data) {
        struct fixture *fixture = data;
        (void)channel;
        snprintf(fixture->closed, sizeof(fixture->closed), "%s", reason);
        fixture->client = channel_free(fixture->client);
        stop_waiting();
}

static int raw_connect(const char *path) {
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
        snprintf(address.sun_path, sizeof(address.sun_path), "%.80s/control", path);
        if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
                close(fd);
                return -1;
        }
        return fd;
}

static void connect_client(struct fixture *fixture) {
        static const struct channel_ops ops = {.on_message = on_message, .on_closed = on_closed};
        int fd = raw_connect(fixture->path);
        assert_true(fd >= 0);
        assert_int_equal(channel_new_consume(fixture->loop, "client", fd, WIRE_FROM_EXECUTOR, 0, &ops,
                                 fixture, &fixture->client),
                0);
}

static bool order(struct fixture *fixture, const char *command, const char *name, const char *text) {
        struct wire_message message = {.type = WIRE_CONTROL_REQUEST};

        strcpy(message.control_request.command, command);
        if (name) {
                strcpy(message.control_request.args[0].name, name);
                strcpy(message.control_request.args[0].text, text);
                message.control_request.n_args = 1;
        }
        assert_int_equal(channel_send(fixture->client, &message), 0);
        wait_until_stopped(fixture->loop, 10);
        return fixture->reply.ok;
}

static void root_raises_and_lowers_the_mode(void **state) {
        struct fixture *fixture = *state;

        connect_client(fixture);
        assert_true(order(fixture, "mode", "mode", "enforce"));
        assert_int_equal(desk_mode(fixture->desk), CONFIG_MODE_ENFORCE);
        assert_true(order(fixture, "mode", "mode", "observe"));
        assert_int_equal(desk_mode(fixture->desk), CONFIG_MODE_OBSERVE);
        assert_false(order(fixture, "mode", "mode", "destroy"));
        assert_false(order(fixture, "mode", NULL, NULL));
        assert_false(order(fixture, "mode", "mode", "off"));
}

static void root_begins_and_ends_maintenance(void **state) {
        struct fixture *fixture = *state;
        const struct ledger *ledger = book_ledger(fixture->book);

        connect_client(fixture);
        assert_true(order(fixture, "maintenance", "usec", "3600000000"));
        assert_true(ledger->maintenance_until_usec > loop_realtime(fixture->loop));
        assert_true(order(fixture, "maintenance", "usec", "0"));
        assert_int_equal(ledger->maintenance_until_usec, 0);
        assert_false(order(fixture, "maintenance", "usec", "-1"));
        assert_false(order(fixture, "maintenance", "usec", "1h"));
        assert_false(order(fixture, "maintenance", "usec", "99999999999999999999"));
        assert_false(order(fixture, "maintenance", NULL, NULL));
}

static void status_shows_what_is_in_force(void **state) {
        struct fixture *fixture = *state;

        connect_client(fixture);
        assert_true(order(fixture, "status", NULL, NULL));
        assert_non_null(strstr(fixture->reply.text, "mode: observe\n"));
        assert_non_null(strstr(fixture->reply.text, "generation 3"));
        assert_non_null(strstr(fixture->reply.text, "recorder: durable"));
}

static void what_cannot_be_done_is_said(void **state) {
        struct fixture *fixture = *state;

        connect_client(fixture);
        assert_false(order(fixture, "dance", NULL, NULL));
        assert_non_null(strstr(fixture->reply.text, "dance"));
        assert_false(order(fixture, "run", "playbook", "no-such"));
        assert_false(order(fixture, "unquarantine", "playbook", "no-such"));
}

static void root_returns_a_lease(void **state) {
        const struct lease fresh = {.state = WIRE_LEASE_IN_FORCE, .verb = "gone.verb", .action = 1};
        struct fixture *fixture = *state;

        connect_client(fixture);
        assert_false(order(fixture, "return", "lease", "1"));
        assert_string_equal(fixture->reply.text, "there is no lease 1");
        assert_false(order(fixture, "return", "lease", "1x"));
        assert_false(order(fixture, "return", NULL, NULL));
        assert_non_null(lease_store_add(fixture->leases, &fresh, 0));
        assert_true(order(fixture, "return", "lease", "1"));
        assert_int_equal(lease_store_find(fixture->leases, 1)->state, WIRE_LEASE_ENDING);
        assert_string_equal(lease_store_find(fixture->leases, 1)->why, "returned");
}

static void root_has_a_lease_forgotten_and_hears_how_that_went(void **state) {
        const struct lease fresh = {.state = WIRE_LEASE_IN_FORCE, .verb = "gone.verb", .action = 1};
        struct fixture *fixture = *state;
        struct wire_message anyway = {.type = WIRE_CONTROL_REQUEST,
                .control_request = {.command = "forget",
                        .args = {{.name = "lease", .text = "1"}, {.name = "anyway", .text = "yes"}},
                        .n_args = 2}};

        connect_client(fixture);
        assert_false(order(fixture, "forget", "lease", "1"));
        assert_string_equal(fixture->reply.text, "there is no lease 1");
        assert_false(order(fixture, "forget", "lease", "1x"));
        assert_false(order(fixture, "forget", NULL, NULL));
        assert_non_null(lease_store_add(fixture->leases, &fresh, 0));
        assert_false(order(fixture, "forget", "lease", "1"));
        assert_string_equal(fixture->reply.text, "the verb gone.verb is not there any more");
        assert_non_null(lease_store_find(fixture->leases, 1));
        assert_int_equal(channel_send(fixture->client, &anyway), 0);
        wait_until_stopped(fixture->loop, 10);
        assert_true(fixture->reply.ok);
        assert_non_null(strstr(fixture->reply.text, "forgotten by root"));
        assert_null(lease_store_find(fixture->leases, 1));
        /* One answer to each question: this one is not that of the one before. */
        assert_true(order(fixture, "status", NULL, NULL));
        assert_non_null(strstr(fixture->reply.text, "recorder"));
}

static void a_reload_is_answered_when_it_is_done(void **state) {
        struct fixture *fixture = *state;
        struct wire_message message = {
                .type = WIRE_CONTROL_REQUEST, .control_request = {.command = "reload"}};

        connect_client(fixture);
        fixture->reply.text[0] = 'x';
        assert_int_equal(channel_send(fixture->client, &message), 0);
        run_for(fixture->loop, 50 * USEC_PER_MSEC);
        assert_int_equal(fixture->reloads, 1);
        assert_int_equal(fixture->reply.text[0], 'x');
        control_reload_done(fixture->control, false, "spoolguard.lua:3: unknown key");
        wait_until_stopped(fixture->loop, 10);
        assert_false(fixture->reply.ok);
        assert_string_equal(fixture->reply.text, "spoolguard.lua:3: unknown key");
        assert_false(order(fixture, "reload", NULL, NULL));
}

static void garbage_ends_only_its_own_connection(void **state) {
        struct fixture *fixture = *state;
        static char garbage[300000];
        int fd, size = 1 << 20;

        memset(garbage, 0xa5, sizeof(garbage));
        for (size_t i = 0; i < 4; i++) {
                static const size_t sizes[] = {1, 7, 16384, sizeof(garbage)};
                char byte;

                fd = raw_connect(fixture->path);
                assert_true(fd >= 0);
                setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
                run_for(fixture->loop, 20 * USEC_PER_MSEC);
                if (send(fd, garbage, sizes[i], MSG_NOSIGNAL) < 0)
                        assert_int_equal(errno, EMSGSIZE);
                else {
                        run_for(fixture->loop, 20 * USEC_PER_MSEC);
                        assert_true(recv(fd, &byte, 1, MSG_DONTWAIT) <= 0);
                        assert_int_not_equal(errno, EAGAIN);
                }
                close(fd);
        }
        connect_client(fixture);
        assert_true(order(fixture, "status", NULL, NULL));
}

static void a_flood_ends_only_its_own_connection(void **state) {
        struct fixture *fixture = *state;
        struct wire_message message = {
                .type = WIRE_CONTROL_REQUEST, .control_request = {.command = "status"}};

        connect_client(fixture);
        for (int i = 0; i < 500 && fixture->client; i++) {
                channel_send(fixture->client, &message);
                if (i % 20 == 0)
                        run_for(fixture->loop, USEC_PER_MSEC);
        }
        for (int i = 0; i < 100 && fixture->client; i++)
                run_for(fixture->loop, 20 * USEC_PER_MSEC);
        assert_null(fixture->client);
        connect_client(fixture);
        assert_true(order(fixture, "status", NULL, NULL));
}

static void only_eight_are_heard_at_once(void **state) {
        struct fixture *fixture = *state;
        int fds[CONTROL_CLIENTS_MAX + 1];
        char byte;

        for (size_t i = 0; i <= CONTROL_CLIENTS_MAX; i++) {
                fds[i] = raw_connect(fixture->path);
                assert_true(fds[i] >= 0);
                run_for(fixture->loop, 10 * USEC_PER_MSEC);
        }
        assert_int_equal(recv(fds[CONTROL_CLIENTS_MAX], &byte, 1, MSG_DONTWAIT), 0);
        assert_int_equal(recv(fds[0], &byte, 1, MSG_DONTWAIT), -1);
        assert_int_equal(errno, EAGAIN);
        for (size_t i = 0; i <= CONTROL_CLIENTS_MAX; i++)
                close(fds[i]);
        run_for(fixture->loop, 30 * USEC_PER_MSEC);
        connect_client(fixture);
        assert_true(order(fixture, "status", NULL, NULL));
}

static void the_socket_is_nobody_elses(void **state) {
        struct fixture *fixture = *state;
        char path[PATH_MAX + 16];
        struct stat st;

        snprintf(path, sizeof(path), "%s/control", fixture->path);
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_mode & 07777, 0600);
}

/* Needs root: a child with another uid connects although the mode would let it. */
static void another_uid_is_hung_up_on(void **state) {
        struct fixture *fixture = *state;
        char path[PATH_MAX + 16];
        int status;
        pid_t pid;

        if (geteuid() != 0)
                skip();
        snprintf(path, sizeof(path), "%s/control", fixture->path);
        assert_int_equal(chmod(path, 0666), 0);
        assert_int_equal(chmod(fixture->path, 0755), 0);
        listen_for(fixture, 0);
        assert_int_equal(chmod(path, 0666), 0);
        pid = fork();
        if (pid == 0) {
                char byte;
                int fd;
                if (setresuid(65534, 65534, 65534) < 0)
                        _exit(2);
                fd = raw_connect(fixture->path);
                _exit(fd >= 0 && recv(fd, &byte, 1, 0) == 0 ? 0 : 1);
        }
        for (int i = 0; i < 500 && waitpid(pid, &status, WNOHANG) == 0; i++)
                run_for(fixture->loop, 10 * USEC_PER_MSEC);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(root_raises_and_lowers_the_mode),
                TEST(root_begins_and_ends_maintenance),
                TEST(status_shows_what_is_in_force),
                TEST(what_cannot_be_done_is_said),
                TEST(root_returns_a_lease),
                TEST(root_has_a_lease_forgotten_and_hears_how_that_went),
                TEST(a_reload_is_answered_when_it_is_done),
                TEST(garbage_ends_only_its_own_connection),
                TEST(a_flood_ends_only_its_own_connection),
                TEST(only_eight_are_heard_at_once),
                TEST(the_socket_is_nobody_elses),
                TEST(another_uid_is_hung_up_on),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
