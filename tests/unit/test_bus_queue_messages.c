/* SPDX-License-Identifier: MIT */
/* test_bus_queue_messages - pages of QueueMessages as a client of a real bus sees them */
#include "bus_queue_support.h"

#define FULL                                                                                               \
        "Instance s -, Queue s deferred, Id s 3F2A91C04D, ArrivalUSec t 1766620800000000, "                \
        "CreatedUSec t 1766617200000000, RetryUSec t 1766624400000000, SizeBytes t 4321, Recipients u 3, " \
        "Sender s <>, Domains as a.example.com b.example.com, NextHops as [mx.example.com]:25, "           \
        "Reason s timeout, Status s 4.4.1, Complete b 1, Postponed b 1, DuplicateRisk b 1"

static void a_message_has_what_is_known_of_it_and_nothing_else(void **state) {
        struct fixture *fixture = *state;
        char text[4096];

        assert_int_equal(read_messages(messages(fixture, 0, 1000, ""), text, sizeof(text)), 0);
        assert_string_equal(text,
                FULL "\n"
                     "Instance s -, Queue s incoming, Id s 4abcDEFghiJz, SizeBytes t 0, "
                     "Complete b 0, Postponed b 0, DuplicateRisk b 0\n");
}

static void the_filter_reaches_the_sensor(void **state) {
        struct fixture *fixture = *state;
        char text[1024];

        read_messages(messages(fixture, 0, 1000, "queue=secho"), text, sizeof(text));
        assert_non_null(
                strstr(text, "Id s of all, to all, from all, for all reasons, by all, older than 0,"));
        read_messages(messages(fixture, 0, 1000,
                              "queue=secho instance=sout domain=sd.example sender=s<> reason=stls "
                              "nexthop=s[h]:25 older_than_usec=t18446744073709551615"),
                text, sizeof(text));
        assert_non_null(strstr(text,
                "Id s of out, to d.example, from <>, tls, by [h]:25, older than 18446744073709551615,"));
}

static void hostile_texts_of_messages_arrive_escaped(void **state) {
        struct fixture *fixture = *state;
        char text[1024];

        read_messages(messages(fixture, 0, 10, "queue=shostile"), text, sizeof(text));
        assert_non_null(
                strstr(text, "Sender s new\\x0aline\"\\, Domains as a\\x1b[2J \\xff \\xe2\\x80\\xaez, "));
}

static void pages_follow_each_other_to_the_end(void **state) {
        static char page[1 << 20];
        struct fixture *fixture = *state;
        uint64_t cursor = 0;
        size_t seen = 0;

        do {
                cursor = read_messages(messages(fixture, cursor, 7 + (uint32_t)(seen % 994), "queue=smany"),
                        page, sizeof(page));
                for (const char *at = page; (at = strstr(at, "Id s M")); at += 6)
                        assert_int_equal(strtoul(at + 6, NULL, 10), seen++);
        } while (cursor != 0);
        assert_int_equal(seen, 2500);
        read_messages(messages(fixture, 0, 7, "queue=smany"), page, sizeof(page));
        assert_null(strstr(page, "M0007"));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST_QUEUE(a_message_has_what_is_known_of_it_and_nothing_else),
                TEST_QUEUE(the_filter_reaches_the_sensor),
                TEST_QUEUE(hostile_texts_of_messages_arrive_escaped),
                TEST_QUEUE(pages_follow_each_other_to_the_end),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
