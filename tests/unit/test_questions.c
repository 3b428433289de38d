/* SPDX-License-Identifier: MIT */
/*
 * test_questions - questions about a queue find the sensor that answers them
 *
 * The plugin here is a table in this program, with a sensor that cannot be asked, one that does not run, and two that
 * follow an instance each.
 */
#include "sensor_host_support.h"

static char first[] = "first", second[] = "second", silent[] = "silent";
static int answer;    /* of an instance that is known */
static char told[64]; /* by whom */

static int create_first(const struct sg_host *host, const struct sg_value *options, void **ret_sensor) {
        (void)host, (void)options;
        *ret_sensor = first;
        return 0;
}

static int create_second(const struct sg_host *host, const struct sg_value *options, void **ret_sensor) {
        (void)host, (void)options;
        *ret_sensor = second;
        return 0;
}

static int create_silent(const struct sg_host *host, const struct sg_value *options, void **ret_sensor) {
        (void)host, (void)options;
        *ret_sensor = silent;
        return 0;
}

static int create_none(const struct sg_host *host, const struct sg_value *options, void **ret_sensor) {
        (void)host, (void)options, (void)ret_sensor;
        return -ENOTSUP;
}

static void destroy(void *sensor) {
        (void)sensor;
}

/* An instance is called as the sensor that follows it. */
static int know(void *sensor, const char *instance) {
        if (instance && strcmp(instance, sensor) != 0)
                return -ENOENT;
        return answer;
}

static int shape(void *sensor, const struct sg_queue_shape *asked, sg_queue_shape_done *done, void *data) {
        const uint32_t counts[] = {7, 7};
        int r = know(sensor, asked->instance);

        if (r == 0)
                done(0, &(struct sg_queue_shape_row){.domain = sensor, .counts = counts}, 1, data);
        return r;
}

static int list(void *sensor, const struct sg_queue_filter *filter, uint64_t cursor, unsigned max,
        sg_queue_message_each *each, void *data, uint64_t *ret_cursor) {
        int r = know(sensor, filter->instance);

        if (r == 0) {
                each(&(struct sg_queue_message){.instance = sensor}, data);
                *ret_cursor = cursor + max;
        }
        return r;
}

static const struct sg_queue_questions questions = {.shape = shape, .list = list};
static const struct sg_sensor sensor_silent = {.name = "silent", .create = create_silent, .destroy = destroy};
static const struct sg_sensor sensor_away = {
        .name = "away", .create = create_none, .destroy = destroy, .questions = &questions};
static const struct sg_sensor sensor_first = {
        .name = "first", .create = create_first, .destroy = destroy, .questions = &questions};
static const struct sg_sensor sensor_second = {
        .name = "second", .create = create_second, .destroy = destroy, .questions = &questions};
static const struct sg_sensor *const with[] = {
        &sensor_silent, &sensor_away, &sensor_first, &sensor_second, NULL};
static const struct sg_sensor *const without[] = {&sensor_silent, &sensor_away, NULL};
static struct sg_plugin sg = {SG_PLUGIN_HEADER, .name = "test"};
static struct plugin plugin = {.sg = &sg, .name = "test"};
static const struct plugin_list plugins = {.plugins = &plugin, .n = 1};
static const struct config config = {.mode = CONFIG_MODE_ENFORCE};

static int begin_with(void **state, const struct sg_sensor *const *sensors) {
        struct loop *loop;

        answer = 0;
        sg.sensors = sensors;
        return loop_new_sim(1, &loop) < 0 ? -1 : begin(state, loop, &plugins, &config);
}

static int setup(void **state) {
        return begin_with(state, with);
}

static int setup_without(void **state) {
        return begin_with(state, without);
}

static void on_shape(int error, const struct sg_queue_shape_row *rows, size_t n_rows, void *data) {
        (void)data;
        assert_int_equal(error, 0);
        assert_int_equal(n_rows, 1);
        strcat(told, rows[0].domain);
}

static void on_message(const struct sg_queue_message *message, void *data) {
        (void)data;
        strcat(told, message->instance);
}

static const char *const queues[] = {"deferred", NULL};

static int ask_shape(struct fixture *fixture, const char *instance) {
        const struct sg_queue_shape asked = {
                .instance = instance, .queues = queues, .buckets = 1, .bucket_minutes = 5};

        told[0] = '\0';
        return sensor_host_shape(fixture->host, &asked, on_shape, NULL);
}

static int ask_list(struct fixture *fixture, const char *instance, uint64_t *ret_cursor) {
        told[0] = '\0';
        return sensor_host_list(fixture->host, &(struct sg_queue_filter){.instance = instance}, 5, 10,
                on_message, NULL, ret_cursor);
}

static void the_first_sensor_that_can_be_asked_answers(void **state) {
        struct fixture *fixture = *state;
        uint64_t cursor = 0;

        assert_int_equal(ask_shape(fixture, NULL), 0);
        assert_string_equal(told, "first");
        assert_int_equal(ask_list(fixture, NULL, &cursor), 0);
        assert_string_equal(told, "first");
        assert_int_equal(cursor, 15);
}

static void an_instance_is_asked_for_where_it_is_known(void **state) {
        struct fixture *fixture = *state;
        uint64_t cursor = 0;

        assert_int_equal(ask_shape(fixture, "second"), 0);
        assert_string_equal(told, "second");
        assert_int_equal(ask_list(fixture, "second", &cursor), 0);
        assert_string_equal(told, "second");
        assert_int_equal(ask_shape(fixture, "third"), -ENOENT);
        assert_int_equal(ask_list(fixture, "third", &cursor), -ENOENT);
        assert_string_equal(told, "");
}

static void what_one_sensor_refuses_no_other_is_asked(void **state) {
        static const int refusals[] = {-EINVAL, -EAGAIN, -EBUSY};
        struct fixture *fixture = *state;
        uint64_t cursor = 0;

        for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
                answer = refusals[i];
                assert_int_equal(ask_shape(fixture, NULL), refusals[i]);
                assert_int_equal(ask_list(fixture, NULL, &cursor), refusals[i]);
        }
}

static void without_such_a_sensor_there_is_nobody_to_ask(void **state) {
        struct fixture *fixture = *state;
        uint64_t cursor = 0;

        assert_int_equal(ask_shape(fixture, NULL), -ENODEV);
        assert_int_equal(ask_list(fixture, NULL, &cursor), -ENODEV);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(the_first_sensor_that_can_be_asked_answers, setup, teardown),
                cmocka_unit_test_setup_teardown(an_instance_is_asked_for_where_it_is_known, setup, teardown),
                cmocka_unit_test_setup_teardown(what_one_sensor_refuses_no_other_is_asked, setup, teardown),
                cmocka_unit_test_setup_teardown(
                        without_such_a_sensor_there_is_nobody_to_ask, setup_without, teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
