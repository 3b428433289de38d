/* SPDX-License-Identifier: MIT */
/*
 * test_ctl_qshape - the printed table, byte by byte
 *
 * The expected texts follow from the rules of qshape(1) and were compared with what it prints for the same mail; only
 * rows that are equal in number and length stand in the order of their names here.
 */
#include "ctl_support.h"

#include "base/clock.h"

#include "ctl/qshape.h"

/* Rows as "DOMAIN 1 2 3", the counts without their total; TOTAL is added up. */
static json_t *table(unsigned buckets, const char *const rows[]) {
        json_t *list = json_array(), *sums = json_array();

        for (unsigned i = 0; i <= buckets; i++)
                json_array_append_new(sums, json_integer(0));
        json_array_append_new(list, json_pack("[s,O]", "TOTAL", sums));
        for (; *rows; rows++) {
                json_t *counts = json_array();
                json_int_t total = 0;
                char *at;

                for (at = strchr(*rows, ' '); *at;) {
                        json_int_t number = strtoll(at, &at, 10);

                        total += number;
                        json_array_append_new(counts, json_integer(number));
                }
                json_array_insert_new(counts, 0, json_integer(total));
                assert_int_equal(json_array_size(counts), buckets + 1);
                for (unsigned i = 0; i <= buckets; i++)
                        json_integer_set(json_array_get(sums, i),
                                json_integer_value(json_array_get(sums, i)) +
                                        json_integer_value(json_array_get(counts, i)));
                json_array_append_new(
                        list, json_pack("[s%,o]", *rows, (size_t)(strchr(*rows, ' ') - *rows), counts));
        }
        json_decref(sums);
        return list;
}

struct look {
        unsigned buckets, minutes;
        bool linear;
        size_t min_below; /* 0: without parents */
        size_t width, top;
};

static void assert_prints(const struct look *look, const char *const rows[], const char *expected) {
        json_t *list = table(look->buckets, rows);
        struct qshape shape;
        char *text = NULL;
        size_t size;
        FILE *out = open_memstream(&text, &size);

        assert_int_equal(qshape_init(&shape, list, look->buckets, look->minutes, look->linear), 0);
        json_decref(list);
        if (look->min_below > 0)
                assert_int_equal(qshape_add_parents(&shape, look->min_below), 0);
        qshape_sort(&shape);
        qshape_print(&shape, look->width, look->top, out);
        fclose(out);
        assert_string_equal(text, expected);
        free(text);
        qshape_deinit(&shape);
}

static void the_usual_table_ends_at_column_80(void **state) {
        (void)state;
        assert_prints(&(struct look){.buckets = 10, .minutes = 5, .width = 80},
                (const char *const[]){"example.com 0 0 0 1 0 0 0 0 0 0", "a.de 1 0 0 0 0 0 0 0 0 419",
                        "example.org 0 1 0 0 0 0 0 0 0 0", NULL},
                "                                         T  5 10 20 40 80 160 320 640 1280 1280+\n"
                "                                 TOTAL 422  1  1  0  1  0   0   0   0    0   419\n"
                "                                  a.de 420  1  0  0  0  0   0   0   0    0   419\n"
                "                           example.com   1  0  0  0  1  0   0   0   0    0     0\n"
                "                           example.org   1  0  1  0  0  0   0   0   0    0     0\n");
}

static void a_column_is_as_wide_as_its_total_or_head_and_a_blank(void **state) {
        (void)state;
        assert_prints(&(struct look){.buckets = 3, .minutes = 1, .linear = true, .width = 40},
                (const char *const[]){"f 1000000 99 0", "g 0 0 12345", NULL},
                "                         T       1  2    2+\n"
                "             TOTAL 1012444 1000000 99 12345\n"
                "                 f 1000099 1000000 99     0\n"
                "                 g   12345       0  0 12345\n");
}

static void linear_buckets_are_multiples_of_the_first(void **state) {
        (void)state;
        assert_prints(&(struct look){.buckets = 4, .minutes = 7, .linear = true, .width = 40},
                (const char *const[]){"a 1 0 0 0", NULL},
                "                          T  7 14 21 21+\n"
                "                   TOTAL  1  1  0  0   0\n"
                "                       a  1  1  0  0   0\n");
}

static void one_bucket_has_everything(void **state) {
        (void)state;
        assert_prints(&(struct look){.buckets = 1, .minutes = 5, .width = 80},
                (const char *const[]){"a 6", NULL},
                "                                                                            T 0+\n"
                "                                                                     TOTAL  6  6\n"
                "                                                                         a  6  6\n");
}

static void heads_beyond_64_bits_have_fifteen_digits(void **state) {
        json_t *list = json_array(), *counts = json_array();
        struct qshape shape;
        char *text = NULL;
        size_t size;
        FILE *out = open_memstream(&text, &size);

        (void)state;
        for (unsigned i = 0; i <= 64; i++)
                json_array_append_new(counts, json_integer(0));
        json_array_append_new(list, json_pack("[s,o]", "TOTAL", counts));
        assert_int_equal(qshape_init(&shape, list, 64, 7, false), 0);
        qshape_print(&shape, 80, 0, out);
        fclose(out);
        assert_non_null(strstr(text, " 16140901064495857664 3.22818021289917e+19 3.22818021289917e+19+\n"));
        free(text);
        qshape_deinit(&shape);
        json_decref(list);
}

static void long_names_lose_their_beginning(void **state) {
        (void)state;
        /* 18 columns at least, also where the terminal has fewer. */
        assert_prints(&(struct look){.buckets = 2, .minutes = 5, .width = 10, .min_below = 1},
                (const char *const[]){"x.abcdefghijkl.example.net 1 0", "abcdefghij.example 0 1",
                        "abcdefghijk.example 0 1", NULL},
                "                    T  5 5+\n"
                "             TOTAL  3  1  2\n"
                "      .example.net  1  1  0\n"
                "abcdefghij.example  1  0  1\n"
                "+cdefghijk.example  1  0  1\n"
                ".+ijkl.example.net  1  1  0\n"
                "+hijkl.example.net  1  1  0\n");
}

static void parents_are_summed_where_enough_subdomains_stand(void **state) {
        static const char *const rows[] = {"a.example.com 1 1", "b.example.com 1 0", "c.example.com 0 1",
                "example.com 0 1", "x.y.example.com 0 1", "p.y.example.com 0 1", "q.com 0 1", "z.y.k.org 0 1",
                NULL};

        (void)state;
        /* a, b, c and .y are four below .example.com; x and p two below .y; q is below a top level domain. */
        assert_prints(&(struct look){.buckets = 2, .minutes = 5, .width = 30, .min_below = 4}, rows,
                "                       T  5 5+\n"
                "                TOTAL  9  2  7\n"
                "         .example.com  6  2  4\n"
                "        a.example.com  2  1  1\n"
                "                q.com  1  0  1\n"
                "            z.y.k.org  1  0  1\n"
                "          example.com  1  0  1\n"
                "        b.example.com  1  1  0\n"
                "        c.example.com  1  0  1\n"
                "      p.y.example.com  1  0  1\n"
                "      x.y.example.com  1  0  1\n");
        assert_prints(&(struct look){.buckets = 2, .minutes = 5, .width = 30, .min_below = 5},
                (const char *const[]){"a.example.com 1 1", "b.example.com 1 0", "c.example.com 0 1",
                        "p.y.example.com 0 1", "x.y.example.com 0 1", NULL},
                "                       T  5 5+\n"
                "                TOTAL  6  2  4\n"
                "        a.example.com  2  1  1\n"
                "        b.example.com  1  1  0\n"
                "        c.example.com  1  0  1\n"
                "      p.y.example.com  1  0  1\n"
                "      x.y.example.com  1  0  1\n");
}

static void odd_names_have_the_parents_that_qshape_gives_them(void **state) {
        (void)state;
        assert_prints(&(struct look){.buckets = 1, .minutes = 5, .width = 30, .min_below = 1},
                (const char *const[]){"MAILER-DAEMON 2", "[192.0.2.1] 1", "com 1", "a..b 1", "local 1", NULL},
                "                          T 0+\n"
                "                   TOTAL  6  6\n"
                "           MAILER-DAEMON  2  2\n"
                "                     ..b  1  1\n"
                "                     com  1  1\n"
                "                    a..b  1  1\n"
                "                   .2.1]  1  1\n"
                "                   local  1  1\n"
                "                 .0.2.1]  1  1\n"
                "             [192.0.2.1]  1  1\n");
}

static void what_is_left_over_stands_last_and_has_no_parent(void **state) {
        (void)state;
        assert_prints(&(struct look){.buckets = 1, .minutes = 5, .width = 30, .min_below = 1},
                (const char *const[]){"* 900", "a.b.example 1", NULL},
                "                         T  0+\n"
                "                 TOTAL 901 901\n"
                "            .b.example   1   1\n"
                "           a.b.example   1   1\n"
                "                     * 900 900\n");
}

static void the_top_are_counted_without_the_total(void **state) {
        (void)state;
        assert_prints(&(struct look){.buckets = 1, .minutes = 5, .width = 30, .top = 2},
                (const char *const[]){"a 1", "b 3", "c 2", NULL},
                "                          T 0+\n"
                "                   TOTAL  6  6\n"
                "                       b  3  3\n"
                "                       c  2  2\n");
}

static void a_table_of_another_shape_is_refused(void **state) {
        static const char *const texts[] = {"[]", "[1]", "[[\"TOTAL\"]]", "[[\"TOTAL\",[1,1]]]",
                "[[1,[1,1,1]]]", "[[\"TOTAL\",[1,1,0]],[\"a\",[1]]]"};
        struct qshape shape;

        (void)state;
        for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
                json_t *list = json_loads(texts[i], 0, NULL);

                assert_non_null(list);
                assert_int_equal(qshape_init(&shape, list, 2, 5, false), -EINVAL);
                qshape_deinit(&shape);
                json_decref(list);
        }
}

static void the_command_prints_the_table_of_the_daemon(void **state) {
        (void)state;
        /* A table is never narrower than 80 columns. */
        assert_int_equal(CTL("qshape", "-w", "30", "-b", "3", "-t1", "-pm5", "deferred"), 0);
        assert_string_equal(output,
                "                                                                      T  1  2 2+\n"
                "                                                               TOTAL  6  1  2  3\n"
                "                                                        .example.com 30  5 10 15\n"
                "                                                               local  6  1  2  3\n"
                "                                                         example.org  6  1  2  3\n"
                "                                                       a.example.com  6  1  2  3\n"
                "                                                       b.example.com  6  1  2  3\n"
                "                                                       c.example.com  6  1  2  3\n"
                "                                                       d.example.com  6  1  2  3\n"
                "                                                    mx.e.example.com  6  1  2  3\n"
                "                  a-name-that-is-too-long-for-its-column.example.net  6  1  2  3\n");
}

static void options_reach_the_daemon(void **state) {
        (void)state;
        assert_int_equal(CTL("qshape", "-w", "1000", "echo"), 0);
        assert_says(" echo of all, recipients, doubling, 10 buckets of 5, limit 0 ");
        assert_int_equal(CTL("qshape", "-w", "1000", "-s", "-l", "-b64", "-t", "9", "-N", "500", "-n", "3",
                                 "-c", "/etc/postfix-out/", "echo", "hold"),
                0);
        assert_says(" echo hold of postfix-out, senders, linear, 64 buckets of 9, limit 0 ");
        /* Letters in one word, the last number counts, and queues may stand in front. */
        assert_int_equal(
                CTL("qshape", "echo", "-slpb3", "-m", "1000000", "deferred", "-b1", "-w1000", "-slw1000"), 0);
        assert_says(" echo deferred of all, senders, linear, 1 buckets of 5, limit 0 ");
        assert_int_equal(CTL("qshape", "-w", "1000", "-c", "/etc/postfix", "echo"), 0);
        assert_says(" echo of -, ");
        assert_int_equal(CTL("qshape", "-w", "1000", "--instance", "mx", "echo"), 0);
        assert_says(" echo of mx, ");
        assert_silent_about("since");
}

static void newer_than_is_a_moment_for_the_daemon(void **state) {
        uint64_t before_usec = clock_realtime_usec(), since_usec;
        const char *since;
        (void)state;

        assert_int_equal(CTL("qshape", "-w", "1000", "-s", "--newer-than", "2h", "echo"), 0);
        since = strstr(output, ", since ");
        assert_non_null(since);
        since_usec = strtoull(since + strlen(", since "), NULL, 10);
        assert_true(since_usec + 2 * USEC_PER_HOUR >= before_usec);
        assert_true(since_usec + 2 * USEC_PER_HOUR <= clock_realtime_usec());
        /* Longer ago than there is time. */
        assert_int_equal(CTL("qshape", "-w", "1000", "--newer-than", "36500d", "echo"), 0);
        assert_says(", since 1000000 ");
        assert_int_equal(CTL("qshape", "--newer-than", "0", "echo"), 2);
        assert_says("--newer-than needs more than 0");
        assert_int_equal(CTL("qshape", "--newer-than", "yesterday", "echo"), 2);
        assert_says("yesterday");
}

static void an_instance_is_called_as_its_main_cf_says(void **state) {
        static const char postconf[] =
                "#!/bin/sh\ntest \"$*\" = '-c /etc/two -h multi_instance_name' && echo out2\n";
        struct fixture *fixture = *state;
        const char *found = getenv("PATH");
        char path[512], *old = strdup(found ? found : "/usr/bin:/bin");

        write_file(fixture, "postconf", 0755, postconf, strlen(postconf));
        snprintf(path, sizeof(path), "%s:%s", fixture->scratch, old);
        setenv("PATH", path, 1);
        assert_int_equal(CTL("qshape", "-w", "1000", "-c", "/etc/two", "echo"), 0);
        assert_says(" echo of out2, ");
        assert_int_equal(CTL("qshape", "-w", "1000", "-c", "/etc/three", "echo"), 0);
        assert_says(" echo of three, ");
        setenv("PATH", old, 1);
        free(old);
}

static void the_table_as_json_has_its_limits(void **state) {
        json_t *json, *first;

        (void)state;
        assert_int_equal(CTL("qshape", "-b", "3", "-s", "--json"), 0);
        json = json_loads(output, 0, NULL);
        assert_non_null(json);
        char *limits = json_dumps(json_object_get(json, "limits_minutes"), JSON_COMPACT);
        char *queues = json_dumps(json_object_get(json, "queues"), JSON_COMPACT);

        assert_string_equal(limits, "[5,10]");
        assert_string_equal(queues, "[\"incoming\",\"active\"]");
        assert_string_equal(json_string_value(json_object_get(json, "by")), "sender");
        assert_true(json_is_null(json_object_get(json, "instance")));
        assert_int_equal(json_integer_value(json_object_get(json_object_get(json, "total"), "total")), 6);
        assert_int_equal(json_array_size(json_object_get(json, "domains")), 8);
        first = json_array_get(json_object_get(json, "domains"), 0);
        assert_string_equal(json_string_value(json_object_get(first, "domain")), "local");
        assert_int_equal(json_integer_value(json_array_get(json_object_get(first, "counts"), 2)), 3);
        free(limits);
        free(queues);
        json_decref(json);
}

static void wrong_usage_is_explained(void **state) {
        static const struct {
                const char *option, *value, *says;
        } cases[] = {
                {"-b", "0", "-b takes a number from 1 to 64, not '0'"},
                {"-b", "65", "-b takes a number from 1 to 64"},
                {"-t", "-5", "-t takes a number"},
                {"-w", "x", "-w takes a number"},
                {"-m", "", "-m takes a number"},
                {"-n", "1e3", "-n takes a number from 0 to 10000"},
                {"-z", "1", "unknown option '-z'"},
                {"-sz", "x", "unknown option '-sz'"},
                {"-zs", "x", "unknown option '-zs'"},
                {"--instance=x", "-zs", "unknown option '-zs'"},
                {"--instanse", "x", "unknown option '--instanse'"},
                {"-m", "99999999999999999999", "-m takes a number from 1 to 1000000"},
                {"-b", "3x", "-b takes a number from 1 to 64, not '3x'"},
                {"-w", "\xe2\x80\xae\x1b[2J", "not '\\xe2\\x80\\xae\\x1b[2J'"},
                {"-c", "/", "'/' is no configuration directory"},
                {"a\xff", "x", "is no queue"},
        };

        (void)state;
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                assert_int_equal(CTL("qshape", cases[i].option, cases[i].value), 2);
                assert_says(cases[i].says);
        }
        assert_int_equal(CTL("qshape", "-b"), 2);
        assert_says("-b needs a value");
}

static void a_queue_that_cannot_be_told_is_trouble(void **state) {
        (void)state;
        assert_int_equal(CTL("qshape", "nosuch"), 1);
        assert_says("'nosuch': there is no such queue, only maildrop, incoming, active, deferred, hold and "
                    "corrupt");
        assert_int_equal(CTL("qshape", "unread"), 1);
        assert_says("not everything was read yet");
        assert_int_equal(CTL("qshape", "--instance", "nosuch"), 1);
        assert_says("'nosuch': there is no such instance");
}

/* Printable ASCII and whole lines; so is JSON as it is written here. */
static void assert_is_plain(void) {
        for (const char *at = output; *at; at++)
                if (*at != '\n' && (*at < ' ' || *at > '~'))
                        fail_msg("byte 0x%02x at %td of:\n%s", (unsigned char)*at, at - output, output);
        assert_int_equal(output[strlen(output) - 1], '\n');
}

static void hostile_names_cannot_move_a_cursor(void **state) {
        json_t *json, *domains;

        (void)state;
        assert_int_equal(CTL("qshape", "-w", "1000", "hostile"), 0);
        assert_says(" a\\x1b[2Jb.example ");
        assert_says(" \\xff\\xfe ");
        assert_says(" moc.\\xe2\\x80\\xaeelpmaxe ");
        assert_says(" \\xc2\\x9b31m ");
        assert_says(" quote\".back\\slash ");
        assert_is_plain();
        assert_int_equal(CTL("qshape", "hostile"), 0);
        assert_is_plain();
        assert_int_equal(CTL("qshape", "--json", "hostile"), 0);
        assert_is_plain();
        json = json_loads(output, JSON_REJECT_DUPLICATES, NULL);
        domains = json_object_get(json, "domains");
        assert_int_equal(json_array_size(domains), 7);
        for (size_t i = 0; i < json_array_size(domains); i++)
                assert_int_equal(json_array_size(json_object_get(json_array_get(domains, i), "counts")), 10);
        json_decref(json);
}

static void a_long_name_is_not_cut_within_a_character(void **state) {
        (void)state;
        assert_prints(&(struct look){.buckets = 2, .minutes = 5, .width = 10},
                (const char *const[]){"x.b\xc3\xbc"
                                      "cher-123.example 0 1",
                        NULL},
                "                    T  5 5+\n"
                "             TOTAL  1  0  1\n"
                " +cher-123.example  1  0  1\n");
}

static void without_a_daemon_it_is_unreachable(void **state) {
        (void)state;
        assert_int_equal(CTL("qshape"), 3);
}

int main(void) {
#define TEST_QUEUE(name) cmocka_unit_test_setup_teardown(name, setup_queue, teardown)
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_usual_table_ends_at_column_80),
                cmocka_unit_test(a_column_is_as_wide_as_its_total_or_head_and_a_blank),
                cmocka_unit_test(linear_buckets_are_multiples_of_the_first),
                cmocka_unit_test(one_bucket_has_everything),
                cmocka_unit_test(heads_beyond_64_bits_have_fifteen_digits),
                cmocka_unit_test(long_names_lose_their_beginning),
                cmocka_unit_test(a_long_name_is_not_cut_within_a_character),
                cmocka_unit_test(parents_are_summed_where_enough_subdomains_stand),
                cmocka_unit_test(odd_names_have_the_parents_that_qshape_gives_them),
                cmocka_unit_test(what_is_left_over_stands_last_and_has_no_parent),
                cmocka_unit_test(the_top_are_counted_without_the_total),
                cmocka_unit_test(a_table_of_another_shape_is_refused),
                TEST_QUEUE(the_command_prints_the_table_of_the_daemon),
                TEST_QUEUE(options_reach_the_daemon),
                TEST_QUEUE(newer_than_is_a_moment_for_the_daemon),
                TEST_QUEUE(an_instance_is_called_as_its_main_cf_says),
                TEST_QUEUE(the_table_as_json_has_its_limits),
                TEST_QUEUE(wrong_usage_is_explained),
                TEST_QUEUE(a_queue_that_cannot_be_told_is_trouble),
                TEST_QUEUE(hostile_names_cannot_move_a_cursor),
                TEST_EMPTY(without_a_daemon_it_is_unreachable),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
