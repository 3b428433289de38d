/* SPDX-License-Identifier: MIT */
/*
 * test_bus_control - who may call Control, and how its calls are answered
 *
 * As on a session bus the test's own uid counts as root; for strangers the same is served as on a system bus,
 * and the client becomes `nobody` first where the tests run as root.
 */
#include "bus_support.h"

#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "watcher/bus/bus_caller.h"

#define NOBODY 65534

static DBusPendingCall *begin_run(struct fixture *fixture, const char *playbook) {
        dbus_bool_t dry = FALSE;
        DBusPendingCall *pending = bus_client_begin(&fixture->client, ROOT, CONTROL, "RunPlaybook",
                DBUS_TYPE_STRING, &playbook, DBUS_TYPE_BOOLEAN, &dry, DBUS_TYPE_INVALID);

        reach_engine(fixture);
        return pending;
}

static DBusPendingCall *begin_lower(struct fixture *fixture, const char *member, uint64_t usec) {
        DBusPendingCall *pending = strcmp(member, "Maintenance") == 0
                ? bus_client_begin(
                          &fixture->client, ROOT, CONTROL, member, DBUS_TYPE_UINT64, &usec, DBUS_TYPE_INVALID)
                : bus_client_begin(&fixture->client, ROOT, CONTROL, member, DBUS_TYPE_INVALID);

        reach_engine(fixture);
        return pending;
}

static void root_and_admins_may_and_others_may_not(void **state) {
        static const uint32_t gids[] = {100, 4, 990}, none[] = {UINT32_MAX};
        static const struct {
                struct bus_caller caller;
                gid_t admin_gid;
                uid_t trusted;
                bool allowed;
        } cases[] = {
                {{.uid = 0}, 990, 0, true},
                {{.uid = 0}, (gid_t)-1, 0, true},
                {{.uid = 1000, .gids = gids, .n_gids = 3}, 990, 0, true},
                {{.uid = 1000, .gids = gids, .n_gids = 3}, 991, 0, false},
                {{.uid = 1000, .gids = gids, .n_gids = 2}, 990, 0, false},
                {{.uid = 1000}, 990, 0, false},
                /* No such group: an overflowed gid in the list must not match it. */
                {{.uid = 1000, .gids = none, .n_gids = 1}, (gid_t)-1, 0, false},
                {{.uid = 1000}, 990, 1000, true},
                {{.uid = 1001}, 990, 1000, false},
        };

        (void)state;
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
                assert_int_equal(bus_caller_allowed(&cases[i].caller, cases[i].admin_gid, cases[i].trusted),
                        cases[i].allowed);
}

static void observe_is_answered_when_the_executor_has_agreed(void **state) {
        struct fixture *fixture = *state;
        DBusPendingCall *pending = begin_lower(fixture, "Observe", 0);
        char mode[512];

        assert_false(dbus_pending_call_get_completed(pending));
        served_bus_play(&fixture->served, SCENE_LOWER_YES);
        DBusMessage *reply = bus_client_end(&fixture->client, pending);

        assert_int_equal(dbus_message_get_type(reply), DBUS_MESSAGE_TYPE_METHOD_RETURN);
        dbus_message_unref(reply);
        bus_client_get_text(&fixture->client, ROOT, "org.spoolguard1.Manager", "Mode", mode);
        assert_string_equal(mode, "observe");
}

static void an_answer_goes_to_the_caller_who_asked(void **state) {
        struct fixture *fixture = *state;
        DBusPendingCall *first = begin_lower(fixture, "Observe", 0);
        DBusPendingCall *second = begin_lower(fixture, "Reload", 0);

        served_bus_play(&fixture->served, SCENE_LOWER_NO); /* to the last request */
        assert_error(bus_client_end(&fixture->client, second), ERROR("Refused"), "did you mean 'mode'?");
        assert_false(dbus_pending_call_get_completed(first));
        dbus_pending_call_cancel(first);
        dbus_pending_call_unref(first);
}

static void a_refused_reload_says_why(void **state) {
        struct fixture *fixture = *state;
        DBusPendingCall *pending = begin_lower(fixture, "Reload", 0);

        served_bus_play(&fixture->served, SCENE_LOWER_NO);
        assert_error(bus_client_end(&fixture->client, pending), ERROR("Refused"), "did you mean 'mode'?");
}

static void maintenance_is_passed_on_with_its_duration(void **state) {
        struct fixture *fixture = *state;
        DBusPendingCall *pending = begin_lower(fixture, "Maintenance", UINT64_C(3600000000));
        DBusMessageIter value;
        uint64_t until = 0;

        served_bus_play(&fixture->served, SCENE_LOWER_YES);
        dbus_message_unref(bus_client_end(&fixture->client, pending));
        DBusMessage *reply = bus_client_get(
                &fixture->client, ROOT, "org.spoolguard1.Manager", "MaintenanceUntilUSec", &value);

        dbus_message_iter_get_basic(&value, &until);
        assert_true(until > UINT64_C(1700000000000000));
        dbus_message_unref(reply);
}

static void a_maintenance_without_end_is_refused(void **state) {
        struct fixture *fixture = *state;
        uint64_t usec = UINT64_MAX;

        assert_error(bus_client_call(&fixture->client, ROOT, CONTROL, "Maintenance", DBUS_TYPE_UINT64, &usec,
                             DBUS_TYPE_INVALID),
                ERROR("InvalidArgument"), "30 days");
}

static void a_run_by_hand_is_answered_with_its_path_and_tells_its_end(void **state) {
        struct fixture *fixture = *state;
        const char *path = "", *result = "", *text = "";

        DBusPendingCall *pending = begin_run(fixture, "vacuum-journal");

        assert_false(dbus_pending_call_get_completed(pending));
        served_bus_play(&fixture->served, SCENE_RUN_ADMITTED);
        DBusMessage *reply = bus_client_end(&fixture->client, pending);

        assert_true(dbus_message_get_args(reply, NULL, DBUS_TYPE_OBJECT_PATH, &path, DBUS_TYPE_INVALID));
        assert_string_equal(path, ROOT "/run/3");
        dbus_message_unref(reply);

        served_bus_play(&fixture->served, SCENE_RUN_ENDS);
        DBusMessage *ended = bus_client_signal(&fixture->client, "RunEnded", ROOT);

        assert_non_null(ended);
        assert_true(dbus_message_get_args(ended, NULL, DBUS_TYPE_OBJECT_PATH, &path, DBUS_TYPE_STRING,
                &result, DBUS_TYPE_STRING, &text, DBUS_TYPE_INVALID));
        assert_string_equal(path, ROOT "/run/3");
        assert_string_equal(result, "cleared");
        assert_non_null(bus_client_signal(&fixture->client, "InterfacesRemoved", ROOT));
        assert_int_equal(bus_client_count(&fixture->client, "RunEnded", NULL), 1);
}

static void a_run_that_the_executor_refuses_is_refused_with_its_reason(void **state) {
        struct fixture *fixture = *state;
        DBusPendingCall *pending = begin_run(fixture, "vacuum-journal");

        served_bus_play(&fixture->served, SCENE_RUN_REFUSED);
        assert_error(bus_client_end(&fixture->client, pending), ERROR("Refused"), "spent until tomorrow");
}

static void a_run_that_the_engine_refuses_is_refused_at_once(void **state) {
        struct fixture *fixture = *state;

        served_bus_play(&fixture->served, SCENE_RUNS_NOT_ALLOWED);
        assert_error(bus_client_end(&fixture->client, begin_run(fixture, "vacuum-journal")), ERROR("Refused"),
                "it is running already");
}

static void an_unknown_playbook_has_its_own_error(void **state) {
        struct fixture *fixture = *state;

        assert_error(bus_client_end(&fixture->client, begin_run(fixture, "vacuum\x1b-jurnal")),
                ERROR("NoSuchPlaybook"), "vacuum\\x1b-jurnal");
}

static void callers_beyond_the_bound_are_turned_away(void **state) {
        struct fixture *fixture = *state;
        DBusPendingCall *pending[40];
        size_t turned_away = 0;

        for (size_t i = 0; i < 40; i++)
                pending[i] = begin_lower(fixture, "Observe", 0);
        for (size_t i = 32; i < 40; i++) {
                DBusMessage *reply = bus_client_end(&fixture->client, pending[i]);

                turned_away += dbus_message_is_error(reply, DBUS_ERROR_LIMITS_EXCEEDED);
                dbus_message_unref(reply);
        }
        assert_int_equal(turned_away, 8);
        for (size_t i = 0; i < 32; i++) {
                dbus_pending_call_cancel(pending[i]);
                dbus_pending_call_unref(pending[i]);
        }
}

static int call_as_nobody(const struct served_bus *served) {
        static const char *const members[] = {"Observe", "Reload"};
        const char *path = ROOT "/lease/3";
        struct bus_client client = {.connection = NULL};
        int denied = 0;

        if (geteuid() == 0 && (setgid(NOBODY) < 0 || setuid(NOBODY) < 0))
                return 100;
        client.connection = served_bus_connect(served);
        if (!client.connection)
                return 101;
        for (size_t i = 0; i < 2; i++) {
                DBusMessage *reply = bus_client_call(&client, ROOT, CONTROL, members[i], DBUS_TYPE_INVALID);

                denied += dbus_message_is_error(reply, ERROR("AccessDenied")) ? 1 : 0;
                dbus_message_unref(reply);
        }
        DBusMessage *reply = bus_client_call(
                &client, ROOT, CONTROL, "ReturnLease", DBUS_TYPE_OBJECT_PATH, &path, DBUS_TYPE_INVALID);

        denied += dbus_message_is_error(reply, ERROR("AccessDenied")) ? 1 : 0;
        dbus_message_unref(reply);
        reply = bus_client_call(&client, ROOT, MANAGER, "GetReadings", DBUS_TYPE_INVALID);
        denied += dbus_message_get_type(reply) == DBUS_MESSAGE_TYPE_METHOD_RETURN ? 10 : 0;
        dbus_message_unref(reply);
        dbus_connection_close(client.connection);
        dbus_connection_unref(client.connection);
        dbus_shutdown();
        return denied;
}

static void a_stranger_may_look_and_not_touch(void **state) {
        struct served_bus served;
        int status;

        (void)state;
        assert_return_code(served_bus_setup(&served, false), 0);
        served_bus_play(&served, SCENE_LEASE_COMES);
        pid_t pid = fork();

        if (pid == 0)
                exit(call_as_nobody(&served));
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 13);
        assert_int_equal(served_bus_teardown(&served), 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(root_and_admins_may_and_others_may_not),
                TEST(observe_is_answered_when_the_executor_has_agreed),
                TEST(an_answer_goes_to_the_caller_who_asked),
                TEST(a_refused_reload_says_why),
                TEST(maintenance_is_passed_on_with_its_duration),
                TEST(a_maintenance_without_end_is_refused),
                TEST(a_run_by_hand_is_answered_with_its_path_and_tells_its_end),
                TEST(a_run_that_the_executor_refuses_is_refused_with_its_reason),
                TEST(a_run_that_the_engine_refuses_is_refused_at_once),
                TEST(an_unknown_playbook_has_its_own_error),
                TEST(callers_beyond_the_bound_are_turned_away),
                cmocka_unit_test(a_stranger_may_look_and_not_touch),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
