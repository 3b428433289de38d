/* SPDX-License-Identifier: MIT */
/*
 * test_ctl_queue - the queue command: from readings to rows, and rows as people and tools get them
 *
 * What cannot be seen must never look like an empty queue: that is tried at every place where a value may lack.
 */
#include "ctl_support.h"

#include "base/clock.h"
#include "ctl/queue_json.h"
#include "ctl/senders.h"

/* As `queue --json` has it, in one line. */
static void assert_rows(const char *readings, const char *leases, const char *list, const char *expected) {
        json_t *rows = json_loads(readings, 0, NULL), *held = json_loads(leases, 0, NULL);
        json_t *queue = queue_json(rows, held);
        char *text = json_dumps(json_object_get(queue, list), JSON_COMPACT);

        assert_non_null(rows);
        assert_string_equal(text, expected);
        free(text);
        json_decref(queue);
        json_decref(held);
        json_decref(rows);
}

static void a_row_is_there_with_its_first_reading_and_the_rest_is_null(void **state) {
        (void)state;
        assert_rows("[[\"queue_bytes\",{\"instance\":\"-\",\"queue\":\"hold\"},12.0,1]]", "[]", "queues",
                "[{\"instance\":\"-\",\"queue\":\"hold\",\"messages\":null,\"bytes\":12,"
                "\"oldest_seconds\":null}]");
        assert_rows("[[\"queue_messages\",{\"instance\":\"-\",\"queue\":\"hold\"},null,1]]", "[]", "queues",
                "[{\"instance\":\"-\",\"queue\":\"hold\",\"messages\":null,\"bytes\":null,"
                "\"oldest_seconds\":null}]");
        assert_rows("[]", "[]", "queues", "[]");
        assert_rows("[[\"queue_messages\",{},1,1]]", "[]", "reasons", "[]");
}

static void queues_stand_in_the_order_of_mail_and_reasons_by_size(void **state) {
        (void)state;
        assert_rows("[[\"queue_messages\",{\"instance\":\"b\",\"queue\":\"maildrop\"},1,1],"
                    "[\"queue_messages\",{\"instance\":\"-\",\"queue\":\"corrupt\"},1,1],"
                    "[\"queue_messages\",{\"instance\":\"-\",\"queue\":\"incoming\"},1,1]]",
                "[]", "queues",
                "[{\"instance\":\"-\",\"queue\":\"incoming\",\"messages\":1,\"bytes\":null,"
                "\"oldest_seconds\":null},"
                "{\"instance\":\"-\",\"queue\":\"corrupt\",\"messages\":1,\"bytes\":null,"
                "\"oldest_seconds\":null},"
                "{\"instance\":\"b\",\"queue\":\"maildrop\",\"messages\":1,\"bytes\":null,"
                "\"oldest_seconds\":null}]");
        assert_rows("[[\"queue_reason_messages\",{\"instance\":\"-\",\"reason\":\"a\"},null,1],"
                    "[\"queue_reason_messages\",{\"instance\":\"-\",\"reason\":\"b\"},1,1],"
                    "[\"queue_reason_messages\",{\"instance\":\"-\",\"reason\":\"c\"},2,1]]",
                "[]", "reasons",
                "[{\"instance\":\"-\",\"reason\":\"c\",\"messages\":2},"
                "{\"instance\":\"-\",\"reason\":\"b\",\"messages\":1},"
                "{\"instance\":\"-\",\"reason\":\"a\",\"messages\":null}]");
}

static void a_relay_is_known_tried_or_neither(void **state) {
        static const struct {
                const char *ratio, *relay;
        } cases[] = {
                {"[\"relay_up_ratio\",{\"nexthop\":\"x\"},0,1]", "\"relay\":\"down\",\"relay_up_ratio\":0,"},
                {"[\"relay_up_ratio\",{\"nexthop\":\"x\"},1,1]", "\"relay\":\"up\",\"relay_up_ratio\":1,"},
                {"[\"relay_up_ratio\",{\"nexthop\":\"x\"},0.5,1]",
                        "\"relay\":\"partly\",\"relay_up_ratio\":0.5,"},
                {"[\"relay_up_ratio\",{\"nexthop\":\"x\"},null,1]",
                        "\"relay\":\"unknown\",\"relay_up_ratio\":null,"},
                {"[\"relay_up_ratio\",{\"nexthop\":\"x\"},null,1],"
                 "[\"relay_refusing\",{\"nexthop\":\"x\",\"address\":\"y\"},1,1]",
                        "\"relay\":\"refuses\",\"relay_up_ratio\":null,"},
                {"[\"relay_up_ratio\",{\"nexthop\":\"y\"},0,1]", "\"relay\":null,\"relay_up_ratio\":null,"},
        };
        char readings[512], expected[512];

        (void)state;
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                snprintf(readings, sizeof(readings),
                        "[[\"queue_nexthop_messages\",{\"instance\":\"-\",\"nexthop\":\"x\"},5,1],%s]",
                        cases[i].ratio);
                snprintf(expected, sizeof(expected),
                        "[{\"instance\":\"-\",\"nexthop\":\"x\",\"messages\":5,\"dead_messages\":null,%s"
                        "\"lease\":null}]",
                        cases[i].relay);
                assert_rows(readings, "[]", "nexthops", expected);
        }
}

static void a_lease_belongs_to_its_next_hop_and_instance(void **state) {
        static const char leases[] =
                "[{\"Id\":1,\"Verb\":\"postfix.set\",\"Arguments\":{\"instance\":\"-\",\"nexthop\":\"x\"}},"
                "{\"Id\":2,\"Verb\":\"postfix.postpone\",\"Arguments\":{\"instance\":\"b\",\"nexthop\":"
                "\"x\"}},"
                "{\"Id\":3,\"Verb\":\"postfix.postpone\",\"Arguments\":{\"instance\":\"-\",\"nexthop\":"
                "\"x\"},"
                "\"State\":\"in-force\",\"ExpiresUSec\":9}]";

        (void)state;
        assert_rows("[[\"queue_nexthop_messages\",{\"instance\":\"-\",\"nexthop\":\"x\"},5,1]]", leases,
                "nexthops",
                "[{\"instance\":\"-\",\"nexthop\":\"x\",\"messages\":5,\"dead_messages\":null,\"relay\":null,"
                "\"relay_up_ratio\":null,\"lease\":{\"id\":3,\"state\":\"in-force\",\"expires\":9}}]");
}

static void queue_shows_queues_next_hops_and_reasons(void **state) {
        struct fixture *fixture = *state;

        served_bus_play(&fixture->served, SCENE_QUEUE);
        served_bus_play(&fixture->served, SCENE_LEASE_COMES);
        assert_int_equal(CTL("queue"), 0);
        assert_says("  deferred    80,444  1.1G   2d 4h\n");
        assert_says("  corrupt          0    0B       -\n");
        assert_says("  example.test           2,034  2,034  down    until ");
        assert_says(", lease 3\n");
        assert_says("  mx.partner.example       312      0  50% up\n");
        assert_says("  slow.example               ?      ?  ?\n");
        assert_says("  timeout      2,034\n  greylist       300\n");
        assert_says("3 queue files cannot be read");
        assert_silent_about("Instance");
        /* Nothing waits for that reason any more. */
        assert_silent_about("tls");
}

static void queue_as_json_has_the_names_of_the_contract(void **state) {
        struct fixture *fixture = *state;
        json_t *json, *queue;

        served_bus_play(&fixture->served, SCENE_QUEUE);
        assert_int_equal(CTL("queue", "--json"), 0);
        json = json_loads(output, 0, NULL);
        assert_int_equal(json_array_size(json_object_get(json, "queues")), 6);
        queue = json_array_get(json_object_get(json, "queues"), 3);
        assert_string_equal(json_string_value(json_object_get(queue, "instance")), "-");
        assert_string_equal(json_string_value(json_object_get(queue, "queue")), "deferred");
        assert_int_equal(json_integer_value(json_object_get(queue, "messages")), 80444);
        assert_int_equal(json_integer_value(json_object_get(queue, "bytes")), 1200000000);
        assert_int_equal(json_integer_value(json_object_get(queue, "oldest_seconds")), 187345);
        assert_int_equal(json_array_size(json_object_get(json, "nexthops")), 4);
        assert_int_equal(json_array_size(json_object_get(json, "reasons")), 3);
        assert_true(json_is_false(json_object_get(json, "stale")));
        json_decref(json);
}

static void what_is_missing_is_never_zero(void **state) {
        struct fixture *fixture = *state;
        json_t *json, *queue;

        served_bus_play(&fixture->served, SCENE_QUEUE);
        served_bus_play(&fixture->served, SCENE_QUEUE_MISSING);
        assert_int_equal(CTL("queue"), 0);
        assert_says("  deferred         ?     ?       ?\n");
        assert_int_equal(CTL("queue", "--json"), 0);
        json = json_loads(output, 0, NULL);
        queue = json_array_get(json_object_get(json, "queues"), 3);
        assert_true(json_is_null(json_object_get(queue, "messages")));
        assert_true(json_is_null(json_object_get(queue, "bytes")));
        assert_true(json_is_null(json_object_get(queue, "oldest_seconds")));
        json_decref(json);
}

static void instances_are_shown_apart_and_names_cannot_move_a_cursor(void **state) {
        struct fixture *fixture = *state;

        served_bus_play(&fixture->served, SCENE_QUEUE);
        served_bus_play(&fixture->served, SCENE_SECOND_INSTANCE);
        assert_int_equal(CTL("queue"), 0);
        assert_says("Instance -\n");
        assert_says("Instance out\n");
        assert_says("a\\x1b[2Jb");
        assert_silent_about("\x1b");
        assert_int_equal(CTL("queue", "--json"), 0);
        assert_silent_about("\x1b");
}

static void senders_of_the_night_are_shown_while_an_incident_is_open(void **state) {
        struct fixture *fixture = *state;
        json_t *json, *since;

        served_bus_play(&fixture->served, SCENE_QUEUE);
        served_bus_play(&fixture->served, SCENE_QUEUE_PLUGIN);
        assert_int_equal(CTL("queue"), 0);
        assert_silent_about("Who sent");
        assert_int_equal(CTL("queue", "--json"), 0);
        assert_says("\"since_incident\": null");

        served_bus_play(&fixture->served, SCENE_TRIP);
        assert_int_equal(CTL("queue"), 0);
        assert_says("Who sent what came in since ");
        assert_says("when incident 7 began, and is still here\n");
        assert_says("  example.org           1\n");
        /* Five of the eight that the daemon tells of. */
        assert_says("d.example.com");
        assert_silent_about("mx.e.example.com");
        assert_int_equal(CTL("explain", "incident/7"), 0);
        assert_says("when incident 7 began, and is still here\n");
        assert_int_equal(CTL("queue", "--json"), 0);
        json = json_loads(output, 0, NULL);
        since = json_object_get(json, "since_incident");
        assert_int_equal(json_integer_value(json_object_get(since, "incident")), 7);
        assert_true(json_integer_value(json_object_get(since, "since_usec")) > 0);
        assert_int_equal(json_integer_value(json_object_get(since, "messages")), 1);
        assert_int_equal(json_array_size(json_object_get(since, "senders")), 5);
        json_decref(json);

        served_bus_play(&fixture->served, SCENE_HEAL);
        assert_int_equal(CTL("queue"), 0);
        assert_silent_about("Who sent");
        assert_int_equal(CTL("explain", "incident/7"), 0);
        assert_silent_about("Who sent");
}

static void rows_that_are_no_table_are_no_senders(void **state) {
        static const struct {
                const char *rows, *expected;
        } cases[] = {
                {"[[\"TOTAL\",[9,9]],[\"a.test\",[4,4]],[\"MAILER-DAEMON\",[3,3]]]",
                        "{\"incident\":7,\"since_usec\":5,\"messages\":9,\"senders\":[{\"sender\":"
                        "\"a.test\",\"messages\":4},{\"sender\":\"MAILER-DAEMON\",\"messages\":3}]}"},
                {"[[\"TOTAL\",[0,0]]]", "{\"incident\":7,\"since_usec\":5,\"messages\":0,\"senders\":[]}"},
                {"[]", NULL},
                {"[[\"TOTAL\",[]]]", NULL},
                {"[[\"TOTAL\",\"9\"]]", NULL},
                {"{}", NULL},
        };
        json_t *incident = json_pack("{s:i, s:i}", "Id", 7, "SinceUSec", 5);

        (void)state;
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                json_t *rows = json_loads(cases[i].rows, 0, NULL), *senders = senders_json(incident, rows);
                char *text = senders ? json_dumps(senders, JSON_COMPACT) : NULL;

                if (cases[i].expected)
                        assert_string_equal(text, cases[i].expected);
                else
                        assert_null(senders);
                free(text);
                json_decref(senders);
                json_decref(rows);
        }
        json_decref(incident);
}

static void without_a_queue_sensor_it_is_trouble(void **state) {
        (void)state;
        assert_int_equal(CTL("queue"), 1);
        assert_says("no mail queue is known: the daemon has just begun to look, or no plugin follows one");
        assert_int_equal(CTL("queue", "--json"), 1);
        assert_says("\"queues\": []");
}

static void old_readings_are_shown_and_called_old(void **state) {
        struct fixture *fixture = *state;

        served_bus_play(&fixture->served, SCENE_QUEUE);
        served_bus_play(&fixture->served, SCENE_BLIND);
        int status = CTL("queue");

        /* On a host that has been up for less than that, nothing can be old. */
        assert_int_equal(status, clock_monotonic_usec() > 5 * USEC_PER_MINUTE ? 3 : 0);
        assert_says("80,444");
        if (status == 3)
                assert_says("this is old: no reading is younger than");
}

static void the_tables_fit_a_terminal(void **state) {
        struct fixture *fixture = *state;

        served_bus_play(&fixture->served, SCENE_QUEUE);
        served_bus_play(&fixture->served, SCENE_LEASE_COMES);
        setenv("COLUMNS", "80", 1);
        assert_int_equal(CTL("queue"), 0);
        unsetenv("COLUMNS");
        for (char *at = NULL, *line = strtok_r(output, "\n", &at); line; line = strtok_r(NULL, "\n", &at))
                if (strlen(line) > 80)
                        fail_msg("%zu columns: %s", strlen(line), line);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_row_is_there_with_its_first_reading_and_the_rest_is_null),
                cmocka_unit_test(queues_stand_in_the_order_of_mail_and_reasons_by_size),
                cmocka_unit_test(a_relay_is_known_tried_or_neither),
                cmocka_unit_test(a_lease_belongs_to_its_next_hop_and_instance),
                TEST(queue_shows_queues_next_hops_and_reasons),
                TEST(queue_as_json_has_the_names_of_the_contract),
                TEST(what_is_missing_is_never_zero),
                TEST(instances_are_shown_apart_and_names_cannot_move_a_cursor),
                TEST(senders_of_the_night_are_shown_while_an_incident_is_open),
                cmocka_unit_test(rows_that_are_no_table_are_no_senders),
                TEST(without_a_queue_sensor_it_is_trouble),
                TEST(old_readings_are_shown_and_called_old),
                TEST(the_tables_fit_a_terminal),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
