/* SPDX-License-Identifier: MIT */
/* test_queue_instances - several instances of Postfix side by side, and the limit that they share */
#include "postfix/order.h"
#include "queue_support.h"

#define OUT RELAY_OUT

static const struct sg_value *postpone(const char *instance, const char *nexthop) {
        static struct sg_value args[4];

        args[POSTPONE_ARG_INSTANCE] = (struct sg_value){.type = SG_TYPE_TEXT, .text = instance};
        args[POSTPONE_ARG_NEXTHOP] = (struct sg_value){.type = SG_TYPE_TEXT, .text = nexthop};
        return args;
}

static struct spool_file add(struct spool *spool, const char *recipient) {
        struct spool_file file;

        spool_add(spool, &(struct spool_message){.recipients = {{.address = recipient}}}, &file);
        return file;
}

static void each_has_its_own_numbers(void **state) {
        struct relay *relay = *state;
        struct spool out;
        struct spool_file file;

        relay_add_instance(relay, &out, "relayhost = hub.test\n");
        add(&relay->spool, "a@one.test");
        file = add(&out, "a@two.test");
        add(&out, "b@two.test");
        relay_start(relay);
        relay_expect(relay, "queue_domain_messages", "-,deferred,one.test", 1);
        relay_expect(relay, "queue_domain_messages", OUT ",deferred,two.test", 2);
        relay_expect(relay, "queue_nexthop_messages", OUT ",hub.test", 2);
        assert_float_equal(relay_value(relay, "queue_domain_messages", "-,deferred,two.test"), -2, 0);
        spool_move(&out, &file, "hold");
        relay_expect(relay, "queue_messages", OUT ",hold", 1);
        assert_float_equal(relay_value(relay, "queue_messages", "-,hold"), 0, 0);
        relay_expect(relay, "queue_messages", OUT ",deferred", 1);
        assert_int_equal(relay->bench.n_troubles, 0);
}

static void a_verb_gets_the_messages_of_its_instance(void **state) {
        struct relay *relay = *state;
        struct spool out;
        struct sg_action_host host = {.root = relay->scratch.path};
        struct sg_action action = {.host = &host, .options = relay->options};
        struct sg_outcome outcome = {.count = 0};
        char ids[256], path[ORDER_PATH_MAX];

        relay_add_instance(relay, &out, "");
        add(&relay->spool, "a@dead.test");
        add(&out, "a@dead.test");
        add(&out, "a@other.test");
        relay_start(relay);
        relay_expect(relay, "queue_messages", OUT ",deferred", 2);
        relay_expect(relay, "queue_nexthop_messages", OUT ",dead.test", 1);
        relay_expect(relay, "queue_nexthop_messages", "-,dead.test", 1);
        assert_int_equal(
                relay_select(relay, &postfix_postpone, postpone(OUT, "other.test"), ids, sizeof(ids)), 1);
        assert_int_equal(
                relay_select(relay, &postfix_postpone, postpone("-", "other.test"), ids, sizeof(ids)), 0);
        assert_true(relay_select(relay, &postfix_postpone, postpone("postfix-in", "dead.test"), ids,
                            sizeof(ids)) < 0);

        assert_int_equal(order_spool(&action, OUT, path, &outcome), 0);
        assert_string_equal(path, out.path);
        order_config(&action, OUT, path);
        assert_string_equal(path, "/etc/" OUT);
        assert_int_equal(order_spool(&action, "-", path, &outcome), 0);
        assert_string_equal(path, relay->spool.path);
        assert_int_equal(order_spool(&action, "../" OUT, path, &outcome), -ENOENT);
}

static void a_broken_main_cf_of_one_harms_no_other(void **state) {
        struct relay *relay = *state;
        struct spool out;

        relay_add_instance(relay, &out, "queue_directory =\n");
        add(&relay->spool, "a@one.test");
        relay_start(relay);
        relay_expect(relay, "queue_nexthop_messages", "-,one.test", 1);
        assert_non_null(sensor_bench_trouble(&relay->bench, OUT));
        assert_float_equal(relay_value(relay, "queue_messages", OUT ",deferred"), -2, 0);
}

static void an_unreadable_transport_table_of_one_leaves_the_hops_of_the_other(void **state) {
        struct relay *relay = *state;
        struct spool out;

        relay_add_instance(relay, &out, "transport_maps = ldap:/etc/" OUT "/ldap.cf\n");
        add(&relay->spool, "a@one.test");
        add(&out, "a@one.test");
        relay_start(relay);
        relay_expect(relay, "queue_nexthop_messages", "-,one.test", 1);
        relay_expect(relay, "queue_domain_messages", OUT ",deferred,one.test", 1);
        assert_float_equal(relay_value(relay, "queue_nexthop_messages", OUT ",one.test"), -2, 0);
        assert_non_null(sensor_bench_trouble(&relay->bench, OUT ": next hops"));
        scratch_write(&relay->scratch, "etc/" OUT "/main.cf",
                "multi_instance_enable = yes\nqueue_directory = /srv/out/" SPOOL_DIRECTORY "\n");
        relay_expect(relay, "queue_nexthop_messages", OUT ",one.test", 1);
        assert_null(sensor_bench_trouble(&relay->bench, OUT ": next hops"));
}

struct told {
        char paths[16][128];
        size_t n;
};

static int on_path(const char *path, void *data) {
        struct told *told = data;

        assert_true(told->n < 16);
        snprintf(told->paths[told->n++], sizeof(told->paths[0]), "%s", path);
        return 0;
}

static bool is_told(const struct told *told, const char *path) {
        for (size_t i = 0; i < told->n; i++)
                if (strcmp(told->paths[i], path) == 0)
                        return true;
        return false;
}

static void what_each_of_them_reads_is_told_before_the_confinement(void **state) {
        struct relay *relay = *state;
        struct told told = {.n = 0};
        struct spool out;

        relay_add_instance(relay, &out, "transport_maps = hash:/etc/" OUT "/routes\n");
        scratch_write(&relay->scratch, "etc/" OUT "/routes", "x smtp:y\n");
        assert_int_equal(postfix_queue.reads_more(relay->scratch.path, relay->options, on_path, &told), 0);
        assert_true(is_told(&told, "/etc/postfix/main.cf"));
        assert_true(is_told(&told, "/etc/postfix/master.cf"));
        assert_true(is_told(&told, "/var/spool/postfix"));
        assert_true(is_told(&told, "/etc/" OUT "/main.cf"));
        assert_true(is_told(&told, "/etc/" OUT "/master.cf"));
        assert_true(is_told(&told, "/etc/" OUT "/routes"));
        assert_true(is_told(&told, "/srv/out/" SPOOL_DIRECTORY));
        assert_int_equal(told.n, 7);
}

static void a_directory_in_place_of_a_table_is_not_opened_with_all_that_is_in_it(void **state) {
        struct relay *relay = *state;
        struct told told = {.n = 0};
        struct spool out;

        relay_add_instance(relay, &out, "transport_maps = hash:/etc\n");
        assert_int_equal(postfix_queue.reads_more(relay->scratch.path, relay->options, on_path, &told), 0);
        assert_false(is_told(&told, "/etc"));
        assert_int_equal(told.n, 6);
}

/* A queue that is exchanged makes the sensor list all of them, now and not within a minute. */
static void have_it_listed(struct relay *relay) {
        char hold[256], away[256];

        snprintf(hold, sizeof(hold), "%s/hold", relay->spool.path);
        snprintf(away, sizeof(away), "%s/away", relay->spool.path);
        assert_int_equal(rename(hold, away), 0);
        assert_int_equal(rename(away, hold), 0);
}

static void more_messages_than_are_tracked_are_counted_and_the_rest_is_missing(void **state) {
        struct relay *relay = *state;
        struct spool_file files[40];
        char ids[2048];

        relay->options[POSTFIX_OPTION_MESSAGES_MAX].number = 32;
        for (int i = 0; i < 20; i++)
                files[i] = add(&relay->spool, "a@dead.test");
        relay_start(relay);
        relay_expect(relay, "queue_nexthop_messages", "-,dead.test", 20);
        for (int i = 20; i < 40; i++)
                files[i] = add(&relay->spool, "a@dead.test");
        relay_expect(relay, "queue_nexthop_messages", "-,dead.test", -1);
        relay_expect(relay, "queue_domain_messages", "-,deferred,dead.test", -1);
        relay_expect(relay, "queue_bytes", "-,deferred", -1);
        relay_expect(relay, "bounce_cliff_messages", "-", -1);
        assert_non_null(sensor_bench_trouble(&relay->bench, "-: too many messages"));
        assert_int_equal(relay_select(relay, &postfix_postpone, postpone("-", "dead.test"), ids, sizeof(ids)),
                -EAGAIN);

        relay_stop(relay);
        relay_start(relay);
        relay_expect(relay, "queue_messages", "-,deferred", 40);
        assert_non_null(sensor_bench_trouble(&relay->bench, "-: too many messages"));
        for (int i = 0; i < 30; i++)
                spool_remove(&relay->spool, &files[i]);
        have_it_listed(relay);
        relay_expect(relay, "queue_nexthop_messages", "-,dead.test", 10);
        assert_null(sensor_bench_trouble(&relay->bench, "-: too many messages"));
}

static void the_limit_is_one_for_all_of_them(void **state) {
        struct relay *relay = *state;
        struct spool out;

        relay_add_instance(relay, &out, "");
        relay->options[POSTFIX_OPTION_MESSAGES_MAX].number = 32;
        for (int i = 0; i < 20; i++) {
                add(&relay->spool, "a@one.test");
                add(&out, "a@two.test");
        }
        relay_start(relay);
        relay_expect(relay, "queue_messages", "-,deferred", 20);
        relay_expect(relay, "queue_messages", OUT ",deferred", 20);
        assert_true(sensor_bench_trouble(&relay->bench, "-: too many messages") ||
                sensor_bench_trouble(&relay->bench, OUT ": too many messages"));
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, relay_setup, relay_teardown)
        const struct CMUnitTest tests[] = {
                TEST(each_has_its_own_numbers),
                TEST(a_verb_gets_the_messages_of_its_instance),
                TEST(a_broken_main_cf_of_one_harms_no_other),
                TEST(an_unreadable_transport_table_of_one_leaves_the_hops_of_the_other),
                TEST(what_each_of_them_reads_is_told_before_the_confinement),
                TEST(a_directory_in_place_of_a_table_is_not_opened_with_all_that_is_in_it),
                TEST(more_messages_than_are_tracked_are_counted_and_the_rest_is_missing),
                TEST(the_limit_is_one_for_all_of_them),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
