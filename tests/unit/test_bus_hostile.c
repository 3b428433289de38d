/* SPDX-License-Identifier: MIT */
/*
 * test_bus_hostile - messages that nobody in his right mind sends
 *
 * Thousands of random calls with random arguments, messages of ten megabytes, floods, passed descriptors, and
 * a bus that goes away: the serving process answers to the end, or ends in the way it is meant to.  The seed
 * is fixed, so a failure comes again.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "support/bus_client.h"
#include "support/served_bus.h"

#define ROOT "/org/spoolguard1"
#define CONTROL "org.spoolguard1.Control"
#define MANAGER "org.spoolguard1.Manager"

struct fixture {
        struct served_bus served;
        struct bus_client client;
        unsigned seed;
};

static int setup(void **state) {
        static struct fixture fixture;

        memset(&fixture, 0, sizeof(fixture));
        fixture.seed = 20261224;
        *state = &fixture;
        if (served_bus_setup(&fixture.served, true) < 0)
                return -1;
        fixture.client.connection = served_bus_connect(&fixture.served);
        return fixture.client.connection ? 0 : -1;
}

static int teardown(void **state) {
        struct fixture *fixture = *state;

        dbus_connection_close(fixture->client.connection);
        dbus_connection_unref(fixture->client.connection);
        int status = served_bus_teardown(&fixture->served);

        dbus_shutdown();
        return status;
}

static size_t pick(struct fixture *fixture, size_t n) {
        return (size_t)rand_r(&fixture->seed) % n;
}

static void assert_alive(struct fixture *fixture) {
        char mode[512];

        bus_client_get_text(&fixture->client, ROOT, MANAGER, "Mode", mode);
        assert_string_equal(mode, "enforce");
}

static void append_random(struct fixture *fixture, DBusMessageIter *iter, const char *long_text) {
        static const char *const texts[] = {
                "", "vacuum-journal", MANAGER, "Mode", "%s%n%s", "\x01\x1b[31m", "ä€😀", "../../etc"};
        const char *text = pick(fixture, 9) == 0 ? long_text : texts[pick(fixture, 8)];
        const char *path = pick(fixture, 2) ? ROOT : "/a/b";
        uint64_t number = pick(fixture, 2) ? UINT64_MAX : 0;
        uint32_t narrow = pick(fixture, 2) ? UINT32_MAX : 0;
        dbus_bool_t truth = TRUE;
        double real = -1e308;
        DBusMessageIter inner;

        switch (pick(fixture, 8)) {
        case 0:
        case 1: dbus_message_iter_append_basic(iter, DBUS_TYPE_STRING, &text); break;
        case 2: dbus_message_iter_append_basic(iter, DBUS_TYPE_OBJECT_PATH, &path); break;
        case 3: dbus_message_iter_append_basic(iter, DBUS_TYPE_UINT64, &number); break;
        case 4: dbus_message_iter_append_basic(iter, DBUS_TYPE_UINT32, &narrow); break;
        case 5: dbus_message_iter_append_basic(iter, DBUS_TYPE_BOOLEAN, &truth); break;
        case 6: dbus_message_iter_append_basic(iter, DBUS_TYPE_DOUBLE, &real); break;
        default:
                dbus_message_iter_open_container(iter, DBUS_TYPE_VARIANT, "as", &inner);
                DBusMessageIter array;

                dbus_message_iter_open_container(&inner, DBUS_TYPE_ARRAY, "s", &array);
                dbus_message_iter_append_basic(&array, DBUS_TYPE_STRING, &text);
                dbus_message_iter_close_container(&inner, &array);
                dbus_message_iter_close_container(iter, &inner);
        }
}

static void random_calls_leave_it_standing(void **state) {
        static const char *const paths[] = {ROOT, ROOT, ROOT, "/", ROOT "/condition", ROOT "/incident/0",
                ROOT "/condition/disk_2dspace_2dhigh_5f_2fvar_2flog", ROOT "/run/99999999999999999999",
                ROOT "/playbook/_", ROOT "/lease/0", "/org/spoolguard1x", "/org/spoolguard"};
        static const char *const interfaces[] = {NULL, MANAGER, CONTROL, "org.spoolguard1.Condition",
                DBUS_INTERFACE_PROPERTIES, DBUS_INTERFACE_INTROSPECTABLE, DBUS_INTERFACE_PEER,
                "org.freedesktop.DBus.ObjectManager", "org.example.Nothing"};
        static const char *const members[] = {"Observe", "Maintenance", "RunPlaybook", "ReturnLease",
                "Reload", "GetReadings", "QueueShape", "QueueMessages", "Export", "GetConfig", "Get",
                "GetAll", "Set", "Introspect", "Ping", "GetManagedObjects", "PropertiesChanged",
                "Disconnected"};
        struct fixture *fixture = *state;
        char *long_text = malloc(100001);

        memset(long_text, 'x', 100000);
        long_text[100000] = '\0';
        for (int i = 0; i < 4000; i++) {
                DBusMessage *message = dbus_message_new_method_call("org.spoolguard1",
                        paths[pick(fixture, 12)], interfaces[pick(fixture, 9)], members[pick(fixture, 18)]);
                DBusMessageIter iter;

                dbus_message_iter_init_append(message, &iter);
                for (size_t n = pick(fixture, 4); n > 0; n--)
                        append_random(fixture, &iter, long_text);
                dbus_message_set_no_reply(message, pick(fixture, 2) == 0);
                dbus_connection_send(fixture->client.connection, message, NULL);
                dbus_message_unref(message);
                if (i % 100 == 0) {
                        dbus_connection_flush(fixture->client.connection);
                        assert_alive(fixture);
                }
        }
        free(long_text);
        assert_alive(fixture);
}

static void random_signals_and_replies_are_not_ours_to_answer(void **state) {
        struct fixture *fixture = *state;

        for (unsigned i = 0; i < 500; i++) {
                DBusMessage *message = i % 2 ? dbus_message_new_signal("/", DBUS_INTERFACE_DBUS, "NameLost")
                                             : dbus_message_new(DBUS_MESSAGE_TYPE_METHOD_RETURN);
                const char *name = "org.spoolguard1";

                dbus_message_set_destination(message, "org.spoolguard1");
                if (i % 2 == 0)
                        dbus_message_set_reply_serial(message, i + 1);
                dbus_message_append_args(message, DBUS_TYPE_STRING, &name, DBUS_TYPE_INVALID);
                dbus_connection_send(fixture->client.connection, message, NULL);
                dbus_message_unref(message);
        }
        assert_alive(fixture);
}

static void ten_megabytes_in_one_message_are_refused_like_any_wrong_call(void **state) {
        struct fixture *fixture = *state;
        size_t size = 10u << 20;
        char *text = malloc(size + 1);

        memset(text, 'x', size);
        text[size] = '\0';
        for (int i = 0; i < 3; i++) {
                DBusMessage *reply = bus_client_call(&fixture->client, ROOT, MANAGER, "GetReadings",
                        DBUS_TYPE_STRING, &text, DBUS_TYPE_INVALID);

                assert_true(dbus_message_is_error(reply, DBUS_ERROR_INVALID_ARGS));
                dbus_message_unref(reply);
        }
        free(text);
        assert_alive(fixture);
}

static void passed_descriptors_do_not_pile_up(void **state) {
        struct fixture *fixture = *state;
        char path[64];
        int pipe_fd[2];

        assert_return_code(pipe(pipe_fd), 0);
        for (int i = 0; i < 300; i++)
                dbus_message_unref(bus_client_call(&fixture->client, ROOT, MANAGER, "GetReadings",
                        DBUS_TYPE_UNIX_FD, &pipe_fd[0], DBUS_TYPE_UNIX_FD, &pipe_fd[1], DBUS_TYPE_INVALID));
        close(pipe_fd[0]);
        close(pipe_fd[1]);
        assert_alive(fixture);
        /* Far below the 600 that were sent. */
        snprintf(path, sizeof(path), "/proc/%d/fd/100", fixture->served.server);
        assert_int_equal(access(path, F_OK), -1);
}

static void a_flood_does_not_keep_the_loop_from_its_work(void **state) {
        struct fixture *fixture = *state;

        for (int i = 0; i < 20000; i++) {
                DBusMessage *message =
                        dbus_message_new_method_call("org.spoolguard1", ROOT, MANAGER, "GetReadings");

                dbus_message_set_no_reply(message, TRUE);
                dbus_connection_send(fixture->client.connection, message, NULL);
                dbus_message_unref(message);
                if (i % 5000 == 0)
                        served_bus_play(&fixture->served, SCENE_NOTHING);
        }
        dbus_connection_flush(fixture->client.connection);
        served_bus_play(&fixture->served, SCENE_NOTHING);
        assert_alive(fixture);
}

#ifndef __SANITIZE_ADDRESS__ /* it keeps what was freed */
static long resident_kib(pid_t pid) {
        char path[64], line[256];
        long kib = 0;

        snprintf(path, sizeof(path), "/proc/%d/status", pid);
        FILE *status = fopen(path, "re");

        assert_non_null(status);
        while (kib == 0 && fgets(line, sizeof(line), status))
                if (strncmp(line, "VmRSS:", 6) == 0)
                        kib = strtol(line + 6, NULL, 10);
        fclose(status);
        assert_true(kib > 0);
        return kib;
}

/* 200 messages, some 50 KiB. */
static void ask_for_page(DBusConnection *connection) {
        DBusMessage *call = dbus_message_new_method_call("org.spoolguard1", ROOT, MANAGER, "QueueMessages");
        const char *key = "queue", *many = "many";
        dbus_uint64_t cursor = 0;
        dbus_uint32_t max = 1000;
        DBusMessageIter iter, dict, entry, value;

        dbus_message_append_args(call, DBUS_TYPE_UINT64, &cursor, DBUS_TYPE_UINT32, &max, DBUS_TYPE_INVALID);
        dbus_message_iter_init_append(call, &iter);
        dbus_message_iter_open_container(&iter, DBUS_TYPE_ARRAY, "{sv}", &dict);
        dbus_message_iter_open_container(&dict, DBUS_TYPE_DICT_ENTRY, NULL, &entry);
        dbus_message_iter_append_basic(&entry, DBUS_TYPE_STRING, &key);
        dbus_message_iter_open_container(&entry, DBUS_TYPE_VARIANT, "s", &value);
        dbus_message_iter_append_basic(&value, DBUS_TYPE_STRING, &many);
        dbus_message_iter_close_container(&entry, &value);
        dbus_message_iter_close_container(&dict, &entry);
        dbus_message_iter_close_container(&iter, &dict);
        dbus_connection_send(connection, call, NULL);
        dbus_message_unref(call);
}

#define UNHEARD_KIB_MAX (6L << 10) /* of what there are 10 MiB of, when nothing stops it */

/* As many at a time as the bus lets one connection wait for. */
static void answers_that_the_bus_does_not_take_do_not_fill_the_memory(void **state) {
        DBusConnection *strangers[10];
        struct fixture *fixture = *state;
        long before, after;

        served_bus_play(&fixture->served, SCENE_QUEUE_PLUGIN);
        before = resident_kib(fixture->served.server);
        kill(fixture->served.server, SIGSTOP);
        for (size_t i = 0; i < ELEMENTSOF(strangers); i++) {
                strangers[i] = served_bus_connect(&fixture->served);
                assert_non_null(strangers[i]);
                for (int n = 0; n < 120; n++)
                        ask_for_page(strangers[i]);
                dbus_connection_flush(strangers[i]);
        }
        usleep(200000);
        kill(fixture->served.daemon, SIGSTOP);
        kill(fixture->served.server, SIGCONT);
        usleep(1500000);
        /* The loop has gone on meanwhile. */
        served_bus_play(&fixture->served, SCENE_NOTHING);
        after = resident_kib(fixture->served.server);
        kill(fixture->served.daemon, SIGCONT);
        assert_in_range(after, 0, before + UNHEARD_KIB_MAX);
        for (size_t i = 0; i < ELEMENTSOF(strangers); i++) {
                dbus_connection_close(strangers[i]);
                dbus_connection_unref(strangers[i]);
        }
        assert_alive(fixture);
}
#endif

/* The bus would look for a service of the caller's name whenever he has left. */
static void an_answer_starts_nobody(void **state) {
        struct fixture *fixture = *state;
        DBusMessage *reply =
                bus_client_call(&fixture->client, ROOT, MANAGER, "GetReadings", DBUS_TYPE_INVALID);

        assert_int_equal(dbus_message_get_type(reply), DBUS_MESSAGE_TYPE_METHOD_RETURN);
        assert_false(dbus_message_get_auto_start(reply));
        dbus_message_unref(reply);
        reply = bus_client_call(&fixture->client, ROOT, MANAGER, "NoSuch", DBUS_TYPE_INVALID);
        assert_int_equal(dbus_message_get_type(reply), DBUS_MESSAGE_TYPE_ERROR);
        assert_false(dbus_message_get_auto_start(reply));
        dbus_message_unref(reply);
}

static void a_bus_that_goes_away_is_reported_once(void **state) {
        struct served_bus served;
        int status;

        (void)state;
        assert_return_code(served_bus_setup(&served, true), 0);
        kill(served.daemon, SIGKILL);
        /* on_lost of the serving process frees the bus from inside and exits with 9. */
        assert_int_equal(waitpid(served.server, &status, 0), served.server);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 9);
        served.server = 0;
        close(served.control);
        served_bus_teardown(&served);
}

static void a_taken_name_is_a_clear_error(void **state) {
        struct fixture *fixture = *state;
        int status;
        pid_t pid = fork();

        if (pid == 0)
                _exit(served_bus_serve_again(&fixture->served));
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 2);
        assert_alive(fixture);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        const struct CMUnitTest tests[] = {
                TEST(random_calls_leave_it_standing),
                TEST(random_signals_and_replies_are_not_ours_to_answer),
                TEST(ten_megabytes_in_one_message_are_refused_like_any_wrong_call),
                TEST(passed_descriptors_do_not_pile_up),
                TEST(a_flood_does_not_keep_the_loop_from_its_work),
#ifndef __SANITIZE_ADDRESS__
                TEST(answers_that_the_bus_does_not_take_do_not_fill_the_memory),
#endif
                TEST(an_answer_starts_nobody),
                cmocka_unit_test(a_bus_that_goes_away_is_reported_once),
                TEST(a_taken_name_is_a_clear_error),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
