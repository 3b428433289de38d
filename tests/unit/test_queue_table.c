/* SPDX-License-Identifier: MIT */
/* test_queue_table - the index of messages, and the tables of names and places it refers to */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "postfix/queue_places.h"
#include "postfix/queue_status.h"
#include "postfix/queue_table.h"
#include "support/anonymous.h"

#define MANY 80000u

static struct queue_id id_of(uint32_t i) {
        return (struct queue_id){.inode = 1000 + i / 3, .stamp = (uint64_t)(i % 3) << 20 | i % 7};
}

static void every_message_is_found_while_others_come_and_go(void **state) {
        struct queue_table table;
        uint32_t number, left = 0;

        (void)state;
        assert_int_equal(queue_table_init(&table, QUEUE_MESSAGES_MAX), 0);
        for (uint32_t i = 0; i < MANY; i++) {
                struct queue_id id = id_of(i);
                struct queue_message *message = queue_table_add(&table, &id, &number);

                assert_non_null(message);
                assert_ptr_equal(queue_table_at(&table, number), message);
                message->retry = i;
        }
        for (uint32_t i = 0; i < MANY; i++)
                if (i % 5 != 0) {
                        struct queue_id id = id_of(i);

                        queue_table_remove(&table, queue_table_find(&table, &id));
                }
        for (uint32_t i = 0; i < MANY; i++) {
                struct queue_id id = id_of(i);
                struct queue_message *message = queue_table_find(&table, &id);

                assert_int_equal(message != NULL, i % 5 == 0);
                if (!message)
                        continue;
                assert_int_equal(message->retry, i);
                assert_ptr_equal(queue_table_at(&table, queue_table_number(&table, message)), message);
        }
        for (uint32_t i = 0; i < queue_table_end(&table); i++)
                left += queue_table_at(&table, i) != NULL;
        assert_int_equal(left, table.n);
        queue_table_deinit(&table);
}

/* With a sanitizer, what is freed stays for a while, and the index grows by being copied. */
#ifdef __SANITIZE_ADDRESS__
#define BYTES_MAX 160
#define BYTES_LEFT 112
#else
#define BYTES_MAX 64
#define BYTES_LEFT 2
#endif

static void a_message_costs_at_most_64_bytes_and_gives_them_back(void **state) {
        size_t before = anonymous_bytes(), full;
        struct queue_table table;
        uint32_t number;

        (void)state;
        assert_int_equal(queue_table_init(&table, QUEUE_MESSAGES_MAX), 0);
        for (uint32_t i = 0; i < MANY; i++) {
                struct queue_id id = id_of(i);

                assert_non_null(queue_table_add(&table, &id, &number));
        }
        full = anonymous_bytes();
        printf("%zu bytes for %u messages\n", full - before, MANY);
        assert_in_range(full - before, 48 * (size_t)MANY, BYTES_MAX * (size_t)MANY);
        for (uint32_t i = 0; i < queue_table_end(&table); i++) {
                struct queue_message *message = queue_table_at(&table, i);

                if (message)
                        queue_table_remove(&table, message);
        }
        assert_true(anonymous_bytes() < before + BYTES_LEFT * (size_t)MANY);
        queue_table_deinit(&table);
}

static void an_inode_is_kept_also_when_the_id_says_another(void **state) {
        struct queue_table table;
        uint32_t number;

        (void)state;
        assert_int_equal(queue_table_init(&table, QUEUE_MESSAGES_MAX), 0);
        for (uint32_t i = 0; i < 3000; i++) {
                struct queue_id id = id_of(i);
                struct queue_message *message = queue_table_add(&table, &id, &number);

                assert_non_null(message);
                assert_int_equal(queue_table_inode(&table, message), 0);
                if (i % 4 != 0)
                        assert_int_equal(
                                queue_table_set_inode(&table, message, i % 4 == 1 ? id.inode : i + 7), 0);
        }
        for (uint32_t i = 0; i < 3000; i++) {
                struct queue_id id = id_of(i);
                const uint64_t inodes[] = {0, id.inode, i + 7, i + 7};

                assert_int_equal(queue_table_inode(&table, queue_table_find(&table, &id)), inodes[i % 4]);
        }
        queue_table_deinit(&table);
}

static void a_status_is_three_numbers_or_none(void **state) {
        static const char *const good[] = {"4.4.1", "5.0.0", "2.1.5", "4.999.999"};
        static const char *const bad[] = {"", "4", "4.4", "4.4.", "4..1", "3.4.1", "44.1", "4.4.1000",
                "4.4.1 ", "4.4.x", "4.-1.0", "4,4,1"};
        struct queue_message message = {0};
        char text[QUEUE_STATUS_TEXT_MAX];

        (void)state;
        assert_false(queue_status_format(&message, text));
        for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
                queue_status_set(&message, good[i]);
                assert_true(queue_status_format(&message, text));
                assert_string_equal(text, good[i]);
        }
        for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
                queue_status_set(&message, bad[i]);
                assert_false(queue_status_format(&message, text));
        }
}

static void a_full_table_takes_no_more_until_one_leaves(void **state) {
        struct queue_id first = id_of(0), second = id_of(1);
        struct queue_table table;
        uint32_t number;

        (void)state;
        assert_int_equal(queue_table_init(&table, 1), 0);
        assert_non_null(queue_table_add(&table, &first, &number));
        assert_null(queue_table_add(&table, &second, &number));
        assert_null(queue_table_find(&table, &second));
        queue_table_remove(&table, queue_table_find(&table, &first));
        assert_non_null(queue_table_add(&table, &second, &number));
        queue_table_deinit(&table);
}

static void a_place_that_is_free_is_taken_before_there_are_more(void **state) {
        struct queue_id first = id_of(0), next = id_of(4096);
        struct queue_table table;
        uint32_t number, end;

        (void)state;
        assert_int_equal(queue_table_init(&table, QUEUE_MESSAGES_MAX), 0);
        for (uint32_t i = 0; i < 4096; i++) {
                struct queue_id id = id_of(i);

                assert_non_null(queue_table_add(&table, &id, &number));
        }
        end = number;
        queue_table_remove(&table, queue_table_find(&table, &first));
        assert_non_null(queue_table_add(&table, &next, &number));
        assert_true(number < end);
        queue_table_deinit(&table);
}

static void a_name_lives_as_long_as_somebody_holds_it(void **state) {
        struct queue_names names;
        uint32_t one, two;

        (void)state;
        assert_int_equal(queue_names_init(&names), 0);
        one = queue_names_take(&names, "one.test");
        two = queue_names_take(&names, "two.test");
        assert_int_equal(queue_names_take(&names, "one.test"), one);
        assert_int_not_equal(one, two);
        queue_names_drop(&names, one);
        assert_int_equal(queue_names_find(&names, "one.test"), one);
        queue_names_drop(&names, one);
        assert_int_equal(queue_names_find(&names, "one.test"), QUEUE_NAME_NONE);
        assert_int_equal(queue_names_find(&names, "two.test"), two);
        queue_names_deinit(&names);
}

static void names_without_room_are_all_others(void **state) {
        struct queue_names names;
        char text[32];

        (void)state;
        assert_int_equal(queue_names_init(&names), 0);
        for (uint32_t i = 0; i < QUEUE_NAMES_MAX - 3; i++) {
                snprintf(text, sizeof(text), "d%u.test", i);
                assert_true(queue_names_take(&names, text) > QUEUE_NAME_OTHERS);
        }
        assert_int_equal(queue_names_take(&names, "more.test"), QUEUE_NAME_OTHERS);
        queue_names_drop(&names, queue_names_find(&names, "d7.test"));
        assert_true(queue_names_take(&names, "more.test") > QUEUE_NAME_OTHERS);
        queue_names_deinit(&names);
}

static uint32_t take(struct queue_places *places, const char *first, const char *second) {
        struct queue_place_draft draft = {0};

        queue_place_add(places, &draft, first, "hub.test");
        if (second)
                queue_place_add(places, &draft, second, "hub.test");
        return queue_place_take_consume(places, &draft);
}

static void equal_sets_are_one_place_with_each_name_once(void **state) {
        struct queue_places places;
        uint32_t one, both;

        (void)state;
        assert_int_equal(queue_places_init(&places), 0);
        one = take(&places, "a.test", "a.test");
        both = take(&places, "a.test", "b.test");
        assert_int_equal(take(&places, "a.test", NULL), one);
        assert_int_not_equal(both, one);
        assert_int_equal(places.rows[both].n_domains, 2);
        assert_int_equal(places.rows[both].n_hops, 1);
        queue_place_drop(&places, both);
        assert_int_equal(queue_names_find(&places.domains, "b.test"), QUEUE_NAME_NONE);
        assert_int_not_equal(queue_names_find(&places.domains, "a.test"), QUEUE_NAME_NONE);
        queue_place_drop(&places, one);
        queue_place_drop(&places, one);
        assert_int_equal(queue_names_find(&places.hops, "hub.test"), QUEUE_NAME_NONE);
        queue_places_deinit(&places);
}

static void recipients_are_counted_by_domain_when_there_are_several(void **state) {
        struct queue_place_draft draft = {0};
        struct queue_places places;
        char text[32];
        uint32_t place, other;

        (void)state;
        assert_int_equal(queue_places_init(&places), 0);
        for (unsigned i = 0; i < 1000; i++)
                for (unsigned j = 0; j <= i % 3; j++) {
                        snprintf(text, sizeof(text), "d%u.test", i);
                        queue_place_add(&places, &draft, text, "hub.test");
                }
        assert_int_equal(draft.total, 1999);
        place = queue_place_take_consume(&places, &draft);
        assert_false(places.rows[place].is_cut);
        assert_int_equal(places.rows[place].n_domains, 1000);
        for (uint16_t i = 0; i < 1000; i++)
                assert_int_equal(queue_place_count(&places.rows[place], i, 1999), 1 + i % 3);
        assert_int_equal(queue_place_others(&places.rows[place]), 0);
        /* The same domains, but one recipient more at one of them. */
        queue_place_add(&places, &draft, "a.test", "hub.test");
        queue_place_add(&places, &draft, "b.test", "hub.test");
        place = queue_place_take_consume(&places, &draft);
        queue_place_add(&places, &draft, "a.test", "hub.test");
        queue_place_add(&places, &draft, "b.test", "hub.test");
        queue_place_add(&places, &draft, "a.test", "hub.test");
        other = queue_place_take_consume(&places, &draft);
        assert_int_not_equal(place, other);
        assert_int_equal(queue_place_count(&places.rows[other], 0, 3), 2);
        /* Of a single domain it is the message that knows, as long as it can. */
        for (unsigned i = 0; i <= QUEUE_LEFT_MAX; i++)
                queue_place_add(&places, &draft, "a.test", "hub.test");
        place = queue_place_take_consume(&places, &draft);
        assert_int_equal(queue_place_count(&places.rows[place], 0, QUEUE_LEFT_MAX), QUEUE_LEFT_MAX + 1);
        queue_place_add(&places, &draft, "a.test", "hub.test");
        other = queue_place_take_consume(&places, &draft);
        assert_int_not_equal(place, other);
        assert_int_equal(queue_place_count(&places.rows[other], 0, 17), 17);
        queue_places_deinit(&places);
}

static void too_many_domains_of_one_message_are_cut_and_marked(void **state) {
        struct queue_place_draft draft = {0};
        struct queue_places places;
        char text[32];
        uint32_t place, other;

        (void)state;
        assert_int_equal(queue_places_init(&places), 0);
        for (unsigned i = 0; i < 2 * QUEUE_PLACE_NAMES; i++) {
                snprintf(text, sizeof(text), "d%u.test", i);
                queue_place_add(&places, &draft, text, text);
        }
        place = queue_place_take_consume(&places, &draft);
        /* The same ones are kept of another, of which fewer are not. */
        for (unsigned i = 0; i <= QUEUE_PLACE_NAMES; i++) {
                snprintf(text, sizeof(text), "d%u.test", i);
                queue_place_add(&places, &draft, text, text);
        }
        other = queue_place_take_consume(&places, &draft);
        assert_int_not_equal(other, place);
        assert_int_equal(queue_place_others(&places.rows[other]), 1);
        queue_place_drop(&places, other);
        assert_true(places.rows[place].is_cut);
        assert_int_equal(places.rows[place].n_domains, QUEUE_PLACE_NAMES);
        assert_int_equal(queue_place_others(&places.rows[place]), QUEUE_PLACE_NAMES);
        queue_place_drop(&places, place);
        assert_int_equal(queue_names_find(&places.domains, "d0.test"), QUEUE_NAME_NONE);
        queue_places_deinit(&places);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(every_message_is_found_while_others_come_and_go),
                cmocka_unit_test(a_message_costs_at_most_64_bytes_and_gives_them_back),
                cmocka_unit_test(an_inode_is_kept_also_when_the_id_says_another),
                cmocka_unit_test(a_status_is_three_numbers_or_none),
                cmocka_unit_test(a_full_table_takes_no_more_until_one_leaves),
                cmocka_unit_test(a_place_that_is_free_is_taken_before_there_are_more),
                cmocka_unit_test(a_name_lives_as_long_as_somebody_holds_it),
                cmocka_unit_test(names_without_room_are_all_others),
                cmocka_unit_test(equal_sets_are_one_place_with_each_name_once),
                cmocka_unit_test(recipients_are_counted_by_domain_when_there_are_several),
                cmocka_unit_test(too_many_domains_of_one_message_are_cut_and_marked),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
