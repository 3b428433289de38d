/* SPDX-License-Identifier: MIT */
/*
 * test_sensor_host - what a sensor publishes, as it comes to the board: declared, escaped, bounded, with its sentence
 *
 * The plugin is a table in this program; its sensor does nothing but hand its host to the test.
 */
#include "sensor_host_support.h"

#include <math.h>
#include <stdint.h>
#include <time.h>

#include "base/clock.h"

static const struct sg_host *lent;

static int create(const struct sg_host *host, const struct sg_value *options, void **ret_sensor) {
        (void)options;
        lent = host;
        *ret_sensor = &lent;
        return 0;
}

static void destroy(void *sensor) {
        (void)sensor;
}

static const struct sg_reading readings[] = {
        {.name = "server_up", .labels = {"server"}, .doc = "1 when it answers"}, {0}};
static const struct sg_sensor sensor = {
        .name = "test", .readings = readings, .create = create, .destroy = destroy};
static const struct sg_sensor *const sensors[] = {&sensor, NULL};
static const struct sg_plugin sg = {SG_PLUGIN_HEADER, .name = "test", .sensors = sensors};
static struct plugin plugin = {.sg = &sg, .name = "test"};
static const struct plugin_list plugins = {.plugins = &plugin, .n = 1};
static struct config config = {.mode = CONFIG_MODE_ENFORCE};

static int setup(void **state) {
        struct loop *loop;

        config.back_by = (struct back_by){0};
        return loop_new_sim(UINT64_C(1766620800000000), &loop) < 0 ? -1
                                                                   : begin(state, loop, &plugins, &config);
}

static const struct sg_label server = {"server", "10.0.0.53"};

static const struct reading *published(const struct fixture *fixture) {
        return board_find(fixture->board, "server_up", &(struct reading_label){"server", "10.0.0.53"}, 1);
}

static void a_sentence_stays_with_its_value_until_the_next_word(void **state) {
        struct fixture *fixture = *state;

        assert_int_equal(
                lent->publish_told(lent, "server_up", &server, 1, 0, "it does not answer (0 of 20)"), 0);
        assert_true(published(fixture)->value == 0);
        assert_string_equal(published(fixture)->text, "it does not answer (0 of 20)");
        assert_int_equal(lent->publish(lent, "server_up", &server, 1, 0), 0);
        assert_string_equal(published(fixture)->text, "");
        assert_int_equal(lent->publish_told(lent, "server_up", &server, 1, 0, "again"), 0);
        assert_int_equal(lent->missing(lent, "server_up", &server, 1, "no \x1bsocket"), 0);
        assert_string_equal(published(fixture)->text, "no \\x1bsocket");
        assert_true(published(fixture)->missing);
}

static void a_sentence_of_strangers_is_escaped_and_cut_between_words(void **state) {
        struct fixture *fixture = *state;
        char longest[2000] = "a\x1b[2Jb \xff ";

        while (strlen(longest) < sizeof(longest) - 10)
                strcat(longest, "x\xc3\xa4x ");
        assert_int_equal(lent->publish_told(lent, "server_up", &server, 1, 0, longest), 0);
        assert_non_null(strstr(published(fixture)->text, "a\\x1b[2Jb \\xff "));
        assert_true(strlen(published(fixture)->text) <= SG_SENTENCE_MAX);
        assert_string_equal(
                published(fixture)->text + strlen(published(fixture)->text) - strlen("x\xc3\xa4x ..."),
                "x\xc3\xa4x ...");
}

static void a_sentence_without_a_value_or_of_nobody_is_refused(void **state) {
        struct fixture *fixture = *state;
        const struct sg_label other = {"path", "/var"};

        assert_int_equal(lent->publish_told(lent, "server_up", &server, 1, NAN, "x"), -EINVAL);
        assert_int_equal(lent->publish_told(lent, "server_up", &server, 1, 0, NULL), -EINVAL);
        assert_int_equal(lent->publish_told(lent, "server_down", &server, 1, 0, "x"), -ENOENT);
        assert_int_equal(lent->publish_told(lent, "server_up", &other, 1, 0, "x"), -ENOENT);
        assert_null(board_at(fixture->board, 0));
}

static void a_sensor_hears_when_people_are_back(void **state) {
        struct problem problem;

        (void)state;
        setenv("TZ", "UTC", 1);
        tzset();
        assert_int_equal(lent->back_by_usec(lent), 0);
        /* The simulated night is Thursday, 2025-12-25. */
        assert_int_equal(back_by_parse("", "Mon 08:00", &config.back_by, &problem), 0);
        assert_int_equal(lent->back_by_usec(lent), 0);
        assert_int_equal(back_by_parse("", "Sat 08:00", &config.back_by, &problem), 0);
        assert_int_equal(
                lent->back_by_usec(lent), UINT64_C(1766620800000000) + 2 * USEC_PER_DAY + 8 * USEC_PER_HOUR);
        assert_int_equal(back_by_parse("", "2025-12-24 08:00", &config.back_by, &problem), 0);
        assert_int_equal(lent->back_by_usec(lent), 0);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(a_sentence_stays_with_its_value_until_the_next_word),
                TEST(a_sentence_of_strangers_is_escaped_and_cut_between_words),
                TEST(a_sentence_without_a_value_or_of_nobody_is_refused),
                TEST(a_sensor_hears_when_people_are_back),
        };

        return cmocka_run_group_tests_name("sensor_host", tests, NULL, NULL);
}
