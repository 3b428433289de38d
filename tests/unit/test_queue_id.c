/* SPDX-License-Identifier: MIT */
/* test_queue_id - which names are Postfix's, that no two have one value, and which directory they hash to */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "postfix/postfix.h"
#include "postfix/queue_id.h"

#define IS_LONG (UINT64_C(1) << 63)

static void a_long_id_says_when_and_where(void **state) {
        struct queue_id id;
        char name[QUEUE_ID_MAX];

        (void)state;
        assert_true(queue_id_parse("4jX3Hh67d4z1c3R4", &id));
        assert_int_equal(id.inode, 11019013);
        assert_int_equal(id.stamp, IS_LONG | UINT64_C(1795291872) << 20 | 864296);
        queue_id_format(&id, name);
        assert_string_equal(name, "4jX3Hh67d4z1c3R4");
}

static void a_short_id_says_microseconds_and_inode(void **state) {
        struct queue_id id;
        char name[QUEUE_ID_MAX];

        (void)state;
        assert_true(queue_id_parse("D3028A82305", &id));
        assert_int_equal(id.stamp, 0xD3028);
        assert_int_equal(id.inode, 0xA82305);
        queue_id_format(&id, name);
        assert_string_equal(name, "D3028A82305");
}

static void every_value_comes_back_from_its_name(void **state) {
        static const uint64_t inodes[] = {0, 1, 50, 51, 0xfffff, UINT32_MAX, UINT64_MAX};
        static const uint64_t usecs[] = {0, 1, 999999};
        static const uint64_t seconds[] = {0, 1, 1795291872, (UINT64_C(1) << 43) - 1};

        (void)state;
        for (size_t i = 0; i < 7; i++)
                for (size_t u = 0; u < 3; u++)
                        for (size_t s = 0; s < 5; s++) {
                                uint64_t when = s < 4 ? IS_LONG | seconds[s] << 20 : 0;
                                struct queue_id id = {.inode = inodes[i], .stamp = when | usecs[u]}, back;
                                char name[QUEUE_ID_MAX];

                                queue_id_format(&id, name);
                                assert_true(queue_id_is_legal(name));
                                assert_true(queue_id_parse(name, &back));
                                assert_int_equal(back.inode, id.inode);
                                assert_int_equal(back.stamp, id.stamp);
                        }
}

static void names_that_postfix_does_not_make_have_no_value(void **state) {
        static const char *const names[] = {"", "A", "D3028", "D302801", "d3028A8", "D3028a8", "F4240A1",
                "FFFFFA1", "D3028G", "D3028FFFFFFFFFFFFFFFFF", "04jX3Hh67d4z1c3R4", "4jX3Hh67d4z01c3R4",
                "4jX3Hh67d4z", "4jX3HhzzzYz1", "4AX3Hh67d4z1c3R4", "z1c3R4", "4jX3Hh67d4z1c3R41c3R41c3R4",
                "4jX3Hh67d4zzzz1", "D3028_1", "D3028.1234",
                "000000000000000000000000000000000000000000000000000000000000000000000000000000"};
        struct queue_id id;

        (void)state;
        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
                if (queue_id_parse(names[i], &id))
                        fail_msg("%s was taken", names[i]);
}

static void legal_is_what_postfix_takes_for_a_name(void **state) {
        char name[258];

        (void)state;
        assert_true(queue_id_is_legal("A"));
        assert_true(queue_id_is_legal("a_b_0"));
        assert_false(queue_id_is_legal(""));
        assert_false(queue_id_is_legal("864296.1234"));
        assert_false(queue_id_is_legal("D3028A8#FIX"));
        assert_false(queue_id_is_legal("../D3028A8"));
        assert_false(queue_id_is_legal("D3028A8\n"));
        assert_false(queue_id_is_legal("D3028\303\2448"));
        memset(name, 'A', sizeof(name));
        name[255] = '\0';
        assert_true(queue_id_is_legal(name));
        name[255] = 'A';
        name[256] = '\0';
        assert_false(queue_id_is_legal(name));
}

static void files_are_hashed_as_postfix_does(void **state) {
        static const struct {
                const char *name;
                unsigned depth;
                const char *path;
        } cases[] = {
                {"4jX3Hh67d4z1c3R4", 1, "D/"},
                {"4jX3Hh67d4z1c3R4", 2, "D/3/"},
                {"4jX3Hh67d4z1c3R4", 4, "D/3/0/2/"},
                {"D3028A82305", 1, "D/"},
                {"D3028A82305", 0, ""},
                {"D3028A82305", 4, "D/3/0/2/"},
                {"D3028A82305", 99, "D/3/0/2/"},
                /* Microseconds below 16^4 are padded. */
                {"4jX3Hh0000z1", 3, "0/0/0/"},
                /* Too short for the depth. */
                {"A", 3, "A/_/_/"},
                /* The z is too far in front, so this is none of the long ones. */
                {"123456789zABC", 2, "1/2/"},
                {"1234567890zABC", 1, "F/"},
                {"_x", 2, "_/x/"},
                /* A vowel is no digit. */
                {"4jX3Hh67A4z1c3R4", 2, "0/0/"},
        };
        char path[2 * QUEUE_HASH_DEPTH_MAX + 1];

        (void)state;
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                queue_id_hash_path(cases[i].name, cases[i].depth, path);
                assert_string_equal(path, cases[i].path);
        }
}

static void an_instance_is_called_as_its_spool(void **state) {
        static const struct {
                const char *spool, *instance;
        } cases[] = {
                {"/var/spool/postfix", "-"},
                {"/var/spool/postfix/", "-"},
                {"/var/spool/postfix-out", "postfix-out"},
                {"/srv/postfix", "postfix"},
                {"/x", "x"},
                {"", NULL},
                {"/", NULL},
                {"var/spool/postfix", NULL},
                {"/var/spool/../etc", NULL},
                {"/var/spool/.hidden", NULL},
                {"/var//spool", NULL},
                {"/var/spool//", NULL},
                {"/var/spool/-", NULL},
                {"/var/spool/a b", NULL},
                {"/var/spool/a\nb", NULL},
                {"/0123456789012345678901234567890123456789012345678901234567890123", NULL},
        };
        char instance[POSTFIX_INSTANCE_MAX];

        (void)state;
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                assert_int_equal(postfix_instance_of(cases[i].spool, instance), cases[i].instance != NULL);
                if (cases[i].instance)
                        assert_string_equal(instance, cases[i].instance);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_long_id_says_when_and_where),
                cmocka_unit_test(a_short_id_says_microseconds_and_inode),
                cmocka_unit_test(every_value_comes_back_from_its_name),
                cmocka_unit_test(names_that_postfix_does_not_make_have_no_value),
                cmocka_unit_test(legal_is_what_postfix_takes_for_a_name),
                cmocka_unit_test(files_are_hashed_as_postfix_does),
                cmocka_unit_test(an_instance_is_called_as_its_spool),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
