/* SPDX-License-Identifier: MIT */
/* test_logs - names of rotated logs, growth, what changed, and which rotated logs may be touched */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <sys/inotify.h>

#include "base/cleanup.h"
#include "logs/logs_sensor.h"

#define SEC UINT64_C(1000000)
#define MIB (UINT64_C(1) << 20)

static void names_say_which_log_was_rotated_away(void **state) {
        static const struct {
                const char *name;
                size_t base; /* 0: no rotated log */
                bool compressed;
        } cases[] = {
                {"mail.log.1", 8, false},
                {"mail.log.0", 8, false},
                {"mail.log.12345", 8, false},
                {"mail.log.123456", 0, false},
                {"mail.log.2.gz", 8, true},
                {"mail.log.2.xz", 8, true},
                {"mail.log.2.zst", 8, true},
                {"mail.log.2.bz2", 8, true},
                {"mail.log-20261224", 8, false},
                {"mail.log-20261224.gz", 8, true},
                {"mail.log-2026122406", 8, false},
                {"mail.log-2026122425", 0, false},
                {"mail.log-20261224-1798070400", 8, false},
                {"maillog.20261224-134500", 7, false},
                {"maillog.20261224-134500.gz", 7, true},
                {"mail.log-20261324", 0, false},
                {"mail.log-12345678", 0, false},
                {"mail.log", 0, false},
                {"mail.log.gz", 0, false},
                {"mail.log.1.1", 0, false},
                {"mail.log.1.gz.1", 0, false},
                {"a.1", 1, false},
                {".1", 0, false},
                {"1", 0, false},
                {"-20261224", 0, false},
                {".gz", 0, false},
                {".hidden.1", 0, false},
                {"", 0, false},
                {"two\nlines.1", 9, false},
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                struct logs_name name = {0};
                bool rotated = logs_name_parse(cases[i].name, &name);

                print_message("%s\n", cases[i].name);
                assert_int_equal(rotated, cases[i].base > 0);
                assert_int_equal(name.base_length, cases[i].base);
                assert_int_equal(name.compressed, cases[i].compressed);
        }
}

static void names_are_shown_in_one_printable_line(void **state) {
        char text[32], tiny[9];

        (void)state;
        assert_string_equal(logs_name_escape("a b", text, sizeof(text)), "a b");
        assert_string_equal(logs_name_escape("a\nb\\\x1b\xff", text, sizeof(text)), "a\\x0ab\\x5c\\x1b\\xff");
        assert_string_equal(logs_name_escape("0123456789", tiny, sizeof(tiny)), "01...");
        assert_string_equal(logs_name_escape("\n\n\n", tiny, sizeof(tiny)), "\\x0a...");
}

static void a_steady_flow_has_its_rate_after_a_minute_and_none_a_minute_later(void **state) {
        struct logs_growth growth = {0};
        uint64_t now = 1000 * SEC;

        (void)state;
        assert_true(logs_growth_rate(&growth, now) == 0);
        for (int i = 0; i < 90; i++, now += SEC)
                logs_growth_add(&growth, now, 1000);
        for (int i = 0; i < 30; i++, now += SEC) {
                logs_growth_add(&growth, now, 1000);
                assert_true(logs_growth_rate(&growth, now) > 980);
                assert_true(logs_growth_rate(&growth, now) < 1020);
        }
        for (int i = 0; i < 59; i++, now += SEC)
                assert_true(logs_growth_rate(&growth, now) > 0);
        assert_true(logs_growth_rate(&growth, now + 7 * SEC) == 0);
        assert_true(logs_growth_rate(&growth, now + 3600 * SEC) == 0);
        logs_growth_add(&growth, now + 3600 * SEC, 6000);
        assert_true(logs_growth_rate(&growth, now + 3600 * SEC) > 99);
        assert_true(logs_growth_rate(&growth, now + 3600 * SEC) < 101);
}

static void a_burst_is_spread_over_the_minute(void **state) {
        struct logs_growth growth = {0};

        (void)state;
        logs_growth_add(&growth, 5 * SEC, 60000);
        assert_true(logs_growth_rate(&growth, 5 * SEC) == 1000);
        assert_true(logs_growth_rate(&growth, 60 * SEC) == 1000);
        /* A clock that went back. */
        logs_growth_add(&growth, 1 * SEC, 60000);
        assert_true(logs_growth_rate(&growth, 1 * SEC) == 2000);
}

static void a_file_is_found_by_inode_birth_and_directory(void **state) {
        struct logs_table table = {0};

        (void)state;
        for (uint64_t i = 1; i <= 5000; i++) {
                struct logs_entry entry = {
                        .identity = {.inode = i * 4096, .birth_usec = i % 7, .root = (uint32_t)(i % 3)},
                        .size = i};

                assert_non_null(logs_table_insert(&table, &entry));
        }
        assert_int_equal(table.n, 5000);
        for (uint64_t i = 1; i <= 5000; i++) {
                struct logs_identity identity = {
                        .inode = i * 4096, .birth_usec = i % 7, .root = (uint32_t)(i % 3)};

                assert_int_equal(logs_table_find(&table, &identity)->size, i);
                identity.birth_usec++;
                assert_null(logs_table_find(&table, &identity));
                identity.birth_usec--;
                identity.root++;
                assert_null(logs_table_find(&table, &identity));
        }
        logs_table_deinit(&table);
}

static void the_table_of_files_has_an_end(void **state) {
        struct logs_table table = {0};
        struct logs_entry entry = {.size = 1};

        (void)state;
        for (uint64_t i = 1; i <= LOGS_FILES_MAX; i++) {
                entry.identity.inode = i;
                assert_non_null(logs_table_insert(&table, &entry));
        }
        entry.identity.inode = LOGS_FILES_MAX + 1;
        assert_null(logs_table_insert(&table, &entry));
        assert_non_null(logs_table_find(&table, &(struct logs_identity){.inode = 1}));
        entry.identity.inode = 0;
        assert_null(logs_table_insert(&table, &entry));
        logs_table_deinit(&table);
}

static size_t put_event(char *bytes, int wd, uint32_t mask, const char *name) {
        struct inotify_event event = {.wd = wd, .mask = mask, .len = name ? 32 : 0};

        memcpy(bytes, &event, sizeof(event));
        memset(bytes + sizeof(event), 0, event.len);
        if (name)
                memcpy(bytes + sizeof(event), name, strlen(name));
        return sizeof(event) + event.len;
}

static void ten_thousand_writes_to_two_logs_are_two_names(void **state) {
        static struct logs_events events;
        char bytes[2 * (sizeof(struct inotify_event) + 32)];
        size_t size = put_event(bytes, 1, IN_MODIFY, "mail.log");

        (void)state;
        size += put_event(bytes + size, 1, IN_MODIFY, "mail.err");
        logs_events_clear(&events);
        for (int i = 0; i < 5000; i++)
                logs_events_parse(&events, bytes, size);
        assert_int_equal(events.n, 2);
        assert_true(events.any);
        assert_false(events.rescan);
        assert_string_equal(events.names + events.changed[1].name, "mail.err");
        assert_int_equal(events.changed[0].times, 5000);
        assert_int_equal(events.changed[1].times, 5000);
        put_event(bytes, 2, IN_MODIFY, "mail.log"); /* the same name elsewhere */
        logs_events_parse(&events, bytes, size);
        assert_int_equal(events.n, 3);
        logs_events_clear(&events);
        assert_int_equal(events.n, 0);
        assert_false(events.any);
}

static void what_a_name_cannot_tell_asks_for_another_walk(void **state) {
        static const struct {
                uint32_t mask;
                const char *name;
                bool any, rescan;
        } cases[] = {
                {IN_CREATE, "new.log", true, false},
                {IN_MOVED_TO, "mail.log.1", true, false},
                {IN_CREATE | IN_ISDIR, "nginx", true, true},
                {IN_DELETE, "old.log", true, true},
                {IN_MOVED_FROM, "mail.log", true, true},
                {IN_DELETE_SELF, NULL, true, true},
                {IN_UNMOUNT, NULL, true, true},
                {IN_Q_OVERFLOW, NULL, true, true},
                {IN_IGNORED, NULL, false, false},
        };
        static struct logs_events events;
        char bytes[sizeof(struct inotify_event) + 32];

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                logs_events_clear(&events);
                logs_events_parse(&events, bytes, put_event(bytes, 1, cases[i].mask, cases[i].name));
                assert_int_equal(events.any, cases[i].any);
                assert_int_equal(events.rescan, cases[i].rescan);
        }
        /* More names than fit; an event that was cut off. */
        logs_events_clear(&events);
        for (int i = 0; i <= LOGS_CHANGED_MAX; i++) {
                char name[32];

                snprintf(name, sizeof(name), "log-%d", i);
                assert_false(events.rescan);
                logs_events_parse(&events, bytes, put_event(bytes, 1, IN_MODIFY, name));
        }
        assert_true(events.rescan);
        logs_events_clear(&events);
        logs_events_parse(&events, bytes, put_event(bytes, 1, IN_MODIFY, "x") - 1);
        assert_false(events.any);
}

/* So many looks with so much in each; returns at which of them it changed its mind, -1: at none. */
static int looks_until(struct logs_pace *pace, bool busy, uint32_t events, uint64_t bytes, bool fits) {
        for (int i = 0; i < 30; i++) {
                pace->events = events;
                pace->bytes = bytes;
                if (logs_pace_next(pace, fits) == busy)
                        return i;
        }
        return -1;
}

static void a_directory_is_busy_at_once_and_calm_after_a_while(void **state) {
        struct logs_pace pace = {.busy = false};

        (void)state;
        assert_int_equal(looks_until(&pace, true, 255, 65535, true), -1);
        assert_int_equal(looks_until(&pace, true, 100000, 1 << 20, false), -1);
        assert_int_equal(looks_until(&pace, true, 256, 0, true), 0);
        /* Nobody counts events now. */
        assert_int_equal(looks_until(&pace, false, 0, 16384, true), -1);
        assert_int_equal(looks_until(&pace, false, 0, 16383, true), 9);
        assert_int_equal(looks_until(&pace, true, 1, 65536, true), 0);
        /* Being calm is forgotten. */
        for (int i = 0; i < 9; i++)
                assert_true(logs_pace_next(&pace, true));
        pace.bytes = 16384;
        assert_true(logs_pace_next(&pace, true));
        assert_int_equal(looks_until(&pace, false, 0, 0, true), 9);
        /* It grew beyond what can be looked at in a turn. */
        assert_int_equal(looks_until(&pace, true, 256, 0, true), 0);
        assert_int_equal(looks_until(&pace, false, 256, 1 << 20, false), 0);
}

static struct logs_file rotated(uint64_t size, uint64_t mtime_usec) {
        return (struct logs_file){.name = "mail.log.1",
                .status = {.st_size = (off_t)size,
                        .st_blocks = (blkcnt_t)(size / 512),
                        .st_nlink = 1,
                        .st_mtim = {.tv_sec = (time_t)(mtime_usec / SEC)}}};
}

static void only_what_lies_still_and_is_alone_is_compressed(void **state) {
        const uint64_t now = 1000 * SEC;
        struct logs_file file = rotated(MIB, 995 * SEC);

        (void)state;
        assert_null(logs_fitness_compress(&file, now));
        assert_string_equal(logs_fitness_compress(&file, now - SEC), "changed a moment ago");
        file.written = true;
        assert_string_equal(logs_fitness_compress(&file, now), "open for writing");
        file = rotated(MIB, 0);
        file.status.st_nlink = 2;
        assert_string_equal(logs_fitness_compress(&file, now), "known by several names");
        file = rotated(MIB, 0);
        file.immutable = true;
        assert_string_equal(logs_fitness_compress(&file, now), "immutable");
        file = rotated(MIB, 0);
        file.compressed = true;
        assert_string_equal(logs_fitness_compress(&file, now), "compressed already");
        file = rotated(MIB, 0);
        file.status.st_blocks = 16;
        assert_string_equal(logs_fitness_compress(&file, now), "sparse");
        file = rotated(4095, 0);
        assert_string_equal(logs_fitness_compress(&file, now), "too small");
        file = rotated(0, 0);
        assert_string_equal(logs_fitness_compress(&file, now), "too small");
}

static void a_copy_has_room_for_a_quarter_or_is_not_begun(void **state) {
        (void)state;
        assert_int_equal(logs_fitness_room(400, 99), 0);
        assert_int_equal(logs_fitness_room(400, 100), 100);
        assert_int_equal(logs_fitness_room(400, 150), 150);
        assert_int_equal(logs_fitness_room(400, 5000), 200);
}

static void the_largest_that_can_be_finished_is_next(void **state) {
        const struct logs_file files[] = {rotated(8 * MIB, 0), rotated(4 * MIB, 0), rotated(2 * MIB, 0)};
        bool tried[3] = {false};

        (void)state;
        assert_int_equal(logs_fitness_pick(files, tried, 3, 1.0, 10 * MIB), 0);
        assert_int_equal(logs_fitness_pick(files, tried, 3, 1.0, 5 * MIB), 1);
        tried[1] = true;
        assert_int_equal(logs_fitness_pick(files, tried, 3, 1.0, 5 * MIB), 2);
        assert_int_equal(logs_fitness_pick(files, tried, 3, 1.0, 0), 3);
        assert_int_equal(logs_fitness_pick(files, tried, 3, 4.0, 2 * MIB), 0);
}

#define FLOOR (1000 * SEC)

/* Five logs of a MiB, the youngest first, of which the last two are older than the floor. */
static struct logs_rotated five(struct logs_file files[static 5], struct logs_place *place) {
        for (uint64_t i = 0; i < 5; i++)
                files[i] = rotated(MIB, FLOOR + (2 - i) * 100 * SEC);
        *place = (struct logs_place){.pressure = SG_PRESSURE_HIGH};
        return (struct logs_rotated){.places = place, .n_places = 1, .files = files, .n_files = 5};
}

static void the_oldest_go_until_the_target_is_reached(void **state) {
        struct logs_file files[5];
        struct logs_place place;
        struct logs_drop_plan plan;
        struct logs_rotated all = five(files, &place);

        (void)state;
        assert_int_equal(logs_fitness_plan_drop(&all, 1, FLOOR, false, &plan), SG_VERDICT_GO);
        assert_int_equal(plan.n_going, 1);
        assert_int_equal(logs_rotated_mtime_usec(&files[0]), 800 * SEC);
        assert_int_equal(logs_fitness_plan_drop(&all, 8 * MIB, FLOOR, false, &plan), SG_VERDICT_GO);
        assert_int_equal(plan.n_going, 2);
        assert_int_equal(plan.going_bytes, 2 * MIB);
        assert_int_equal(plan.n_protected, 3);
        assert_int_equal(logs_rotated_mtime_usec(&files[1]), 900 * SEC);
}

static void what_would_be_lost_in_vain_goes_only_when_critical(void **state) {
        struct logs_file files[5];
        struct logs_place place;
        struct logs_drop_plan plan;
        struct logs_rotated all = five(files, &place);

        (void)state;
        assert_int_equal(logs_fitness_plan_drop(&all, 9 * MIB, FLOOR, false, &plan), SG_VERDICT_REFUSED);
        assert_true(plan.in_vain);
        place.pressure = SG_PRESSURE_CRITICAL;
        assert_int_equal(logs_fitness_plan_drop(&all, 9 * MIB, FLOOR, false, &plan), SG_VERDICT_GO);
        assert_int_equal(plan.n_going, 2);
}

static void the_floor_falls_only_when_critical_and_all_gentler_is_spent(void **state) {
        static const struct {
                bool spent;
                enum sg_pressure pressure;
                enum sg_verdict verdict;
        } cases[] = {
                {false, SG_PRESSURE_CRITICAL, SG_VERDICT_REFUSED},
                {true, SG_PRESSURE_HIGH, SG_VERDICT_REFUSED},
                {true, SG_PRESSURE_CRITICAL, SG_VERDICT_GO},
                {true, SG_PRESSURE_NONE, SG_VERDICT_REFUSED},
                {true, SG_PRESSURE_UNKNOWN, SG_VERDICT_REFUSED},
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                struct logs_file files[5];
                struct logs_place place;
                struct logs_drop_plan plan;
                struct logs_rotated all = five(files, &place);

                place.pressure = cases[i].pressure;
                assert_int_equal(
                        logs_fitness_plan_drop(&all, 100 * MIB, 0, cases[i].spent, &plan), cases[i].verdict);
                assert_int_equal(plan.n_going, cases[i].verdict == SG_VERDICT_GO ? 5 : 0);
        }
}

static void what_is_in_use_immutable_or_linked_is_not_dropped(void **state) {
        struct logs_file files[5];
        struct logs_place place;
        struct logs_drop_plan plan;
        struct logs_rotated all = five(files, &place);

        (void)state;
        for (size_t i = 0; i < 5; i++)
                files[i] = rotated(MIB, 0);
        files[0].written = files[1].immutable = true;
        files[2].status.st_nlink = 2;
        files[3].status.st_blocks = 0;
        assert_int_equal(logs_fitness_plan_drop(&all, 4 * MIB, FLOOR, false, &plan), SG_VERDICT_GO);
        assert_int_equal(plan.n_going, 1);
        assert_int_equal(plan.n_unfit, 4);
        all.n_files = 0;
        assert_int_equal(logs_fitness_plan_drop(&all, 100 * MIB, FLOOR, false, &plan), SG_VERDICT_NOTHING);
}

static void a_target_of_nothing_is_out_of_range(void **state) {
        (void)state;
        assert_string_equal(logs_drop_rotated.args[1].name, "target");
        assert_true(logs_drop_rotated.args[1].min > 0);
        assert_null(logs_drop_rotated.args[1].fallback);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(names_say_which_log_was_rotated_away),
                cmocka_unit_test(names_are_shown_in_one_printable_line),
                cmocka_unit_test(a_steady_flow_has_its_rate_after_a_minute_and_none_a_minute_later),
                cmocka_unit_test(a_burst_is_spread_over_the_minute),
                cmocka_unit_test(a_file_is_found_by_inode_birth_and_directory),
                cmocka_unit_test(the_table_of_files_has_an_end),
                cmocka_unit_test(ten_thousand_writes_to_two_logs_are_two_names),
                cmocka_unit_test(what_a_name_cannot_tell_asks_for_another_walk),
                cmocka_unit_test(a_directory_is_busy_at_once_and_calm_after_a_while),
                cmocka_unit_test(only_what_lies_still_and_is_alone_is_compressed),
                cmocka_unit_test(a_copy_has_room_for_a_quarter_or_is_not_begun),
                cmocka_unit_test(the_largest_that_can_be_finished_is_next),
                cmocka_unit_test(the_oldest_go_until_the_target_is_reached),
                cmocka_unit_test(what_would_be_lost_in_vain_goes_only_when_critical),
                cmocka_unit_test(the_floor_falls_only_when_critical_and_all_gentler_is_spent),
                cmocka_unit_test(what_is_in_use_immutable_or_linked_is_not_dropped),
                cmocka_unit_test(a_target_of_nothing_is_out_of_range),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
