/* SPDX-License-Identifier: MIT */
/* test_ctl_messages - `queue --messages`: lines, filters, pages, and what is no filter */
#include "ctl_support.h"

#include <signal.h>
#include <sys/socket.h>

#include "ctl/client.h"

static void a_message_is_a_line_with_all_members(void **state) {
        (void)state;
        assert_int_equal(CTL("queue", "--messages"), 0);
        assert_string_equal(output,
                "{\"instance\":\"-\",\"queue\":\"deferred\",\"id\":\"3F2A91C04D\","
                "\"arrival_usec\":1766620800000000,\"created_usec\":1766617200000000,"
                "\"retry_usec\":1766624400000000,\"size_bytes\":4321,\"recipients\":3,\"sender\":\"<>\","
                "\"domains\":[\"a.example.com\",\"b.example.com\"],\"nexthops\":[\"[mx.example.com]:25\"],"
                "\"reason\":\"timeout\",\"status\":\"4.4.1\",\"complete\":true,\"postponed\":true,"
                "\"duplicate_risk\":true}\n"
                "{\"instance\":\"-\",\"queue\":\"incoming\",\"id\":\"4abcDEFghiJz\",\"arrival_usec\":null,"
                "\"created_usec\":null,\"retry_usec\":null,\"size_bytes\":0,\"recipients\":null,"
                "\"sender\":null,\"domains\":null,\"nexthops\":null,\"reason\":null,\"status\":null,"
                "\"complete\":false,\"postponed\":false,\"duplicate_risk\":false}\n");
}

static void filters_reach_the_daemon(void **state) {
        (void)state;
        assert_int_equal(CTL("queue", "--messages", "--queue", "echo"), 0);
        assert_says("\"id\":\"of all, to all, from all, for all reasons, by all, older than 0\"");
        assert_int_equal(CTL("queue", "--messages", "--queue=echo", "--instance", "-", "--domain",
                                 "Example.ORG", "--sender", "<>", "--reason", "tls", "--nexthop",
                                 "[mx.example.com]:25", "--older-than", "15m"),
                0);
        assert_says("\"id\":\"of -, to example.org, from <>, tls, by [mx.example.com]:25, older than "
                    "900000000\"");
        assert_int_equal(CTL("queue", "--messages", "--queue", "echo", "--sender", "MAILER-DAEMON"), 0);
        assert_says("from <>,");
}

static void all_pages_are_printed_once(void **state) {
        size_t n = 0;

        (void)state;
        assert_int_equal(CTL("queue", "--messages", "--queue", "many"), 0);
        for (const char *at = output; (at = strstr(at, "\"id\":\"M")); at += 7)
                assert_int_equal(strtoul(at + 7, NULL, 10), n++);
        assert_int_equal(n, 2500);
}

/* As after a reload: another process has the name. */
static void replace_daemon(struct served_bus *served) {
        unsigned char byte;
        int pair[2];

        kill(served->server, SIGKILL);
        waitpid(served->server, NULL, 0);
        close(served->control);
        assert_return_code(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), errno);
        served->server = fork();
        served->control = pair[served->server == 0 ? 1 : 0];
        close(pair[served->server == 0 ? 0 : 1]);
        if (served->server == 0)
                exit(served_bus_serve_again(served));
        assert_int_equal(read(served->control, &byte, 1), 1);
}

static void answers_of_two_daemons_are_told_apart(void **state) {
        static const struct client_option options[] = {{0}};
        struct fixture *fixture = *state;
        struct problem problem = {""};
        struct client *client = NULL;
        dbus_uint64_t cursor = 0;
        dbus_uint32_t max = 1;

        /* libdbus remembers what it found when it was used first, and the second daemon is forked from here. */
        setenv("DBUS_SESSION_BUS_ADDRESS", fixture->served.address, 1);
        assert_int_equal(client_new(&client, &problem), CTL_GOOD);
        for (int i = 0; i < 4; i++) {
                if (i == 2) {
                        replace_daemon(&fixture->served);
                        served_bus_play(&fixture->served, SCENE_QUEUE_PLUGIN);
                }
                assert_int_equal(
                        client_ask(client, "QueueMessages", TIMEOUT_MSEC, options, NULL, &problem,
                                DBUS_TYPE_UINT64, &cursor, DBUS_TYPE_UINT32, &max, DBUS_TYPE_INVALID),
                        CTL_GOOD);
                assert_int_equal(client_was_replaced(client), i >= 2);
        }
        client_free(client);
        dbus_shutdown();
}

static void what_is_no_filter_is_wrong_usage(void **state) {
        static const struct {
                const char *option, *value, *says;
        } cases[] = {
                {"--domain", "", "'' is nothing to look for"},
                {"--reason", "\xff", "is nothing to look for"},
                {"--domain", "user@example.org", "not 'user@example.org' but 'example.org'"},
                {"--older-than", "yesterday", "--older-than"},
                {"--older-than", "0s", "--older-than needs more than 0"},
                {"--size", "5", "unknown option '--size'"},
                {"-xy", "5", "unknown option '-xy'"},
                {"--domain=\x1b[2J@", "--json", "not '\\x1b[2J@' but ''"},
                {"deferred", "--json", "unexpected argument 'deferred'"},
        };

        (void)state;
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                assert_int_equal(CTL("queue", "--messages", cases[i].option, cases[i].value), 2);
                assert_says(cases[i].says);
        }
        assert_int_equal(CTL("queue", "--messages", "--queue"), 2);
        assert_says("--queue needs a value");
        assert_int_equal(CTL("queue", "--queue", "deferred"), 2);
        assert_says("--queue goes with --messages");
}

static void what_cannot_be_told_is_trouble(void **state) {
        (void)state;
        assert_int_equal(CTL("queue", "--messages", "--queue", "unread"), 1);
        assert_says("not everything was read yet");
        assert_int_equal(CTL("queue", "--messages", "--queue", "nosuch"), 1);
        assert_says("'nosuch': there is no such queue, only maildrop, incoming");
        assert_int_equal(CTL("queue", "--messages", "--reason", "nosuch"), 1);
        assert_says("'nosuch': there is no such reason; ");
}

static void hostile_texts_cannot_move_a_cursor_or_make_a_line(void **state) {
        (void)state;
        assert_int_equal(CTL("queue", "--messages", "--queue", "hostile"), 0);
        assert_ptr_equal(strchr(output, '\n'), output + strlen(output) - 1);
        for (const char *at = output; *at; at++)
                assert_true(*at == '\n' || (*at >= ' ' && *at <= '~'));
        json_t *json = json_loads(output, JSON_REJECT_DUPLICATES, NULL);

        assert_string_equal(json_string_value(json_object_get(json, "sender")), "new\\x0aline\"\\");
        assert_string_equal(
                json_string_value(json_array_get(json_object_get(json, "domains"), 2)), "\\xe2\\x80\\xaez");
        json_decref(json);
}

static void without_a_plugin_it_is_trouble(void **state) {
        (void)state;
        assert_int_equal(CTL("queue", "--messages"), 1);
        assert_says("no plugin follows a mail queue");
}

static void without_a_daemon_it_is_unreachable(void **state) {
        (void)state;
        assert_int_equal(CTL("queue", "--messages"), 3);
}

int main(void) {
#define TEST_QUEUE(name) cmocka_unit_test_setup_teardown(name, setup_queue, teardown)
        const struct CMUnitTest tests[] = {
                TEST_QUEUE(a_message_is_a_line_with_all_members),
                TEST_QUEUE(filters_reach_the_daemon),
                TEST_QUEUE(all_pages_are_printed_once),
                TEST_QUEUE(answers_of_two_daemons_are_told_apart),
                TEST_QUEUE(what_is_no_filter_is_wrong_usage),
                TEST_QUEUE(what_cannot_be_told_is_trouble),
                TEST_QUEUE(hostile_texts_cannot_move_a_cursor_or_make_a_line),
                TEST(without_a_plugin_it_is_trouble),
                TEST_EMPTY(without_a_daemon_it_is_unreachable),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
