/* SPDX-License-Identifier: MIT */
/*
 * test_queue_sensor - the ways of a message through the queues, as Postfix goes them, seen by the sensor
 *
 * Real files, real renames, real inotify; the order of the system calls is the one that was traced on Postfix.
 */
#include <time.h>

#include "queue_support.h"

static const char fresh[] = "connect to mx.example.test[192.0.2.1]:25: Connection timed out";

/* One that has long to live. */
static struct spool_file add_new(struct relay *relay, const char *queue, const char *recipient) {
        struct spool_file file;

        spool_add(&relay->spool,
                &(struct spool_message){.queue = queue,
                        .arrival_seconds = (uint64_t)time(NULL),
                        .recipients = {{.address = recipient}}},
                &file);
        return file;
}

static void defer(struct relay *relay, struct spool_file *file, const char *recipient, const char *reason) {
        spool_defer(&relay->spool, file->id,
                &(struct spool_deferral){
                        .recipient = recipient, .offset = file->offsets[0], .reason = reason});
        spool_set_retry(&relay->spool, file, (uint64_t)time(NULL) + 300);
        spool_move(&relay->spool, file, "deferred");
}

static void an_empty_spool_is_all_zeros_and_needs_no_timer(void **state) {
        struct relay *relay = *state;
        unsigned wakeups;

        relay_start(relay);
        relay_expect(relay, "queue_unreadable", "-", 0);
        for (size_t i = 0; i < 6; i++) {
                char label[64];

                snprintf(label, sizeof(label), "-,%s", relay_queues[i]);
                assert_float_equal(relay_value(relay, "queue_messages", label), 0, 0);
                assert_float_equal(relay_value(relay, "queue_oldest_seconds", label), 0, 0);
        }
        relay_settle(relay);
        wakeups = relay->bench.wakeups;
        sensor_bench_run(&relay->bench, 3000000);
        assert_int_equal(relay->bench.wakeups, wakeups);
}

static uint64_t ahead_usec;

static uint64_t now_ahead(const struct sg_host *host) {
        struct timespec now;

        (void)host;
        clock_gettime(CLOCK_MONOTONIC, &now);
        return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000 + ahead_usec;
}

static uint64_t bytes_of_all(struct relay *relay) {
        uint64_t bytes = 0;

        for (size_t i = 0; i < 6; i++)
                bytes += relay_find(relay, relay_queues[i]).bytes;
        return bytes;
}

static void how_many_bytes_came_in_is_known_after_a_minute_and_holding_mail_is_no_growth(void **state) {
        struct relay *relay = *state;
        struct spool_file file;
        uint64_t before;

        ahead_usec = 0;
        file = relay_add(relay, "deferred", "bob@example.test");
        before = bytes_of_all(relay);
        relay_start(relay);
        relay->bench.services.now_usec = now_ahead;
        relay_expect(relay, "queue_messages", "-,deferred", 1);
        relay_expect(relay, "queue_growth_bytes", "-", -1);
        ahead_usec = 90000000;
        relay_add(relay, "incoming", "bob@example.test");
        relay_add(relay, "deferred", "bob@example.test");
        spool_move(&relay->spool, &file, "hold");
        relay_expect(relay, "queue_messages", "-,hold", 1);
        relay_expect(relay, "queue_growth_bytes", "-", (double)(bytes_of_all(relay) - before));
        assert_true(bytes_of_all(relay) > before);
}

static void what_is_there_at_the_start_is_counted_and_read(void **state) {
        struct relay *relay = *state;

        for (size_t i = 0; i < 6; i++)
                relay_add(relay, relay_queues[i], "bob@example.test");
        relay_add(relay, "deferred", "bob@Other.Test.");
        relay_start(relay);
        relay_expect(relay, "queue_domain_messages", "-,deferred,other.test", 1);
        relay_expect(relay, "queue_nexthop_messages", "-,example.test", 1);
        relay_expect_as_found(relay);
        relay_expect(relay, "mail_arrived_total", "-", 0);
        assert_true(relay_value(relay, "queue_oldest_seconds", "-,deferred") > 1000);
}

/* Postfix returns it from its log of deferral: nothing is in bounce/, and all else is as if it had been delivered. */
static void what_leaves_when_it_is_too_old_is_no_sign_that_its_next_hop_takes_mail(void **state) {
        struct relay *relay = *state;
        struct spool_file old, new;

        old = relay_add(relay, "deferred", "bob@example.test");
        new = add_new(relay, "deferred", "bob@example.test");
        relay_start(relay);
        relay_expect(relay, "queue_nexthop_messages", "-,example.test", 2);
        spool_move(&relay->spool, &old, "active");
        spool_remove(&relay->spool, &old);
        relay_expect(relay, "queue_nexthop_messages", "-,example.test", 1);
        relay_expect(relay, "mail_delivered_total", "-", 1);
        relay_expect(relay, "queue_nexthop_delivered_total", "-,example.test", 0);
        spool_move(&relay->spool, &new, "active");
        spool_remove(&relay->spool, &new);
        relay_expect(relay, "mail_delivered_total", "-", 2);
        relay_expect(relay, "queue_nexthop_delivered_total", "-,example.test", 1);
}

static void a_message_is_followed_from_arrival_to_deferral_and_delivery(void **state) {
        struct relay *relay = *state;
        struct spool_file file, other;

        relay_start(relay);
        relay_expect(relay, "queue_unreadable", "-", 0);
        file = add_new(relay, "incoming", "bob@example.test");
        other = add_new(relay, "incoming", "bob@example.test");
        relay_expect(relay, "mail_arrived_total", "-", 2);
        spool_move(&relay->spool, &file, "active");
        spool_move(&relay->spool, &other, "active");
        defer(relay, &file, "bob@example.test", fresh);
        relay_expect(relay, "queue_nexthop_dead_messages", "-,example.test", 1);
        relay_expect(relay, "queue_reason_messages", "-,timeout", 1);
        relay_expect(relay, "mail_deferred_total", "-", 1);
        relay_expect(relay, "queue_nexthop_deferred_total", "-,example.test", 1);
        relay_expect(relay, "queue_nexthop_due_messages", "-,example.test", 0);
        spool_done(&relay->spool, &other, 0);
        spool_remove(&relay->spool, &other);
        relay_expect(relay, "mail_delivered_total", "-", 1);
        relay_expect(relay, "queue_nexthop_delivered_total", "-,example.test", 1);
        relay_expect_as_found(relay);

        /* A retry that fails differently, one that succeeds. */
        spool_move(&relay->spool, &file, "active");
        relay_expect(relay, "queue_nexthop_messages", "-,example.test", 0);
        relay_expect(relay, "queue_nexthop_dead_messages", "-,example.test", 1);
        relay_expect(relay, "queue_nexthop_due_messages", "-,example.test", 1);
        unlink(spool_path(&relay->spool, "defer", file.id));
        defer(relay, &file, "bob@example.test",
                "connect to mx.example.test[192.0.2.1]:25: Connection refused");
        relay_expect(relay, "queue_reason_messages", "-,refused", 1);
        relay_expect(relay, "queue_reason_messages", "-,timeout", 0);
        relay_expect(relay, "queue_nexthop_deferred_total", "-,example.test", 2);
        spool_move(&relay->spool, &file, "active");
        unlink(spool_path(&relay->spool, "defer", file.id));
        spool_remove(&relay->spool, &file);
        relay_expect(relay, "queue_nexthop_delivered_total", "-,example.test", 2);
        relay_expect(relay, "queue_nexthop_messages", "-,example.test", 0);
        relay_expect(relay, "queue_nexthop_dead_messages", "-,example.test", 0);
        relay_expect(relay, "queue_domain_messages", "-,deferred,example.test", -2);
        relay_expect(relay, "mail_arrived_total", "-", 2);
        relay_expect_as_found(relay);
}

static void a_bounce_is_no_delivery(void **state) {
        struct relay *relay = *state;
        struct spool_file file, bounced;
        char path[320];

        file = relay_add(relay, "deferred", "bob@example.test");
        relay_start(relay);
        relay_expect(relay, "queue_nexthop_messages", "-,example.test", 1);
        spool_move(&relay->spool, &file, "active");
        snprintf(path, sizeof(path), "var/spool/postfix/bounce/%s", file.id);
        scratch_write(&relay->scratch, path, "");
        spool_add(&relay->spool,
                &(struct spool_message){
                        .queue = "incoming", .sender = "", .recipients = {{.address = "alice@example.test"}}},
                &bounced);
        unlink(scratch_path(&relay->scratch, path));
        spool_remove(&relay->spool, &file);
        relay_expect(relay, "mail_bounced_total", "-", 1);
        relay_expect(relay, "mail_delivered_total", "-", 0);
        relay_expect(relay, "queue_nexthop_delivered_total", "-,example.test", 0);
        relay_expect(relay, "queue_null_sender_ratio", "-", 1);
        /* What failed for good at an earlier try is no word about this one. */
        file = relay_add(relay, "deferred", "bob@example.test");
        relay_expect(relay, "queue_nexthop_messages", "-,example.test", 1);
        spool_move(&relay->spool, &file, "active");
        snprintf(path, sizeof(path), "var/spool/postfix/bounce/%s", file.id);
        scratch_write(&relay->scratch, path, "");
        unlink(scratch_path(&relay->scratch, path));
        spool_move(&relay->spool, &file, "deferred");
        spool_move(&relay->spool, &file, "active");
        spool_remove(&relay->spool, &file);
        relay_expect(relay, "mail_delivered_total", "-", 1);
        relay_expect(relay, "mail_bounced_total", "-", 1);
}

static void holding_and_releasing_changes_the_queue_only(void **state) {
        struct relay *relay = *state;
        struct spool_file file = relay_add(relay, "deferred", "bob@example.test");

        relay_start(relay);
        relay_expect(relay, "queue_nexthop_messages", "-,example.test", 1);
        spool_move(&relay->spool, &file, "hold");
        relay_expect(relay, "queue_messages", "-,hold", 1);
        relay_expect(relay, "queue_nexthop_messages", "-,example.test", 0);
        spool_move(&relay->spool, &file, "deferred");
        relay_expect(relay, "queue_nexthop_messages", "-,example.test", 1);
        relay_expect(relay, "mail_deferred_total", "-", 0);
        relay_expect(relay, "queue_nexthop_deferred_total", "-,example.test", 0);
        relay_expect_as_found(relay);
}

static void mail_held_on_arrival_is_read_when_it_is_complete(void **state) {
        struct relay *relay = *state;
        struct spool_message message = {.queue = "incoming",
                .unfinished = true,
                .sender = "",
                .recipients = {{.address = "bob@example.test"}}};
        struct spool_file file, whole;
        unsigned char *bytes;
        size_t size;
        int fd;

        relay_start(relay);
        relay_expect(relay, "queue_unreadable", "-", 0);
        spool_add(&relay->spool, &message, &file);
        spool_move(&relay->spool, &file, "hold");
        relay_expect(relay, "queue_messages", "-,hold", 1);
        relay_expect(relay, "mail_arrived_total", "-", 0);
        message.unfinished = false;
        bytes = spool_encode(&message, &size, &whole);
        fd = open(spool_path(&relay->spool, "hold", file.id), O_WRONLY | O_TRUNC);
        assert_int_equal(write(fd, bytes, size), size);
        fchmod(fd, 0700);
        close(fd);
        free(bytes);
        relay_expect(relay, "mail_arrived_total", "-", 1);
        relay_expect(relay, "queue_null_sender_ratio", "-", 1);
        relay_expect_as_found(relay);
}

static void a_requeued_message_comes_back_under_a_new_name(void **state) {
        struct relay *relay = *state;
        struct spool_file file = relay_add(relay, "deferred", "bob@example.test");

        relay_start(relay);
        relay_expect(relay, "queue_nexthop_messages", "-,example.test", 1);
        spool_move(&relay->spool, &file, "maildrop");
        relay_expect(relay, "queue_messages", "-,maildrop", 1);
        relay_add(relay, "incoming", "bob@example.test");
        spool_remove(&relay->spool, &file);
        relay_expect(relay, "mail_arrived_total", "-", 1);
        relay_expect(relay, "mail_delivered_total", "-", 0);
        relay_expect_as_found(relay);
}

static void a_file_that_is_gone_is_not_brought_back_by_late_events(void **state) {
        struct relay *relay = *state;
        struct spool_file file = relay_add(relay, "active", "bob@example.test");
        int fd;

        relay_start(relay);
        relay_expect(relay, "queue_messages", "-,active", 1);
        fd = open(spool_path(&relay->spool, "active", file.id), O_RDWR);
        spool_remove(&relay->spool, &file);
        fchmod(fd, 0600);
        close(fd);
        relay_expect(relay, "queue_messages", "-,active", 0);
        relay_settle(relay);
        relay_expect_as_found(relay);
}

static void a_reload_with_a_thousand_active_loses_none(void **state) {
        struct relay *relay = *state;
        static struct spool_file files[1000];

        for (size_t i = 0; i < 1000; i++)
                files[i] = relay_add(relay, "active", "bob@example.test");
        relay_start(relay);
        relay_expect(relay, "queue_messages", "-,active", 1000);
        for (size_t i = 0; i < 1000; i++) {
                utimensat(AT_FDCWD, spool_path(&relay->spool, "active", files[i].id), NULL, 0);
                spool_move(&relay->spool, &files[i], "incoming");
        }
        sensor_bench_run(&relay->bench, 20000);
        for (size_t i = 0; i < 1000; i++)
                spool_move(&relay->spool, &files[i], "active");
        relay_expect(relay, "queue_messages", "-,active", 1000);
        relay_settle(relay);
        relay_expect_as_found(relay);
        relay_expect(relay, "mail_arrived_total", "-", 0);
        relay_expect(relay, "mail_deferred_total", "-", 0);
}

static void a_hash_directory_that_is_made_and_filled_at_once_is_seen(void **state) {
        struct relay *relay = *state;
        struct spool_file files[40];

        relay->spool.hash_depth = 2;
        relay_start(relay);
        relay_expect(relay, "queue_unreadable", "-", 0);
        /* Nobody reads events meanwhile: what is inside before the watch is there has none. */
        for (size_t i = 0; i < 40; i++) {
                files[i] = relay_add(relay, "active", "bob@example.test");
                defer(relay, &files[i], "bob@example.test", fresh);
        }
        relay_expect(relay, "queue_messages", "-,deferred", 40);
        relay_settle(relay);
        relay_expect_as_found(relay);
        for (size_t i = 0; i < 40; i++)
                spool_move(&relay->spool, &files[i], "hold");
        relay_expect(relay, "queue_messages", "-,hold", 40);
        relay_expect_as_found(relay);
}

static void what_moves_out_of_sight_is_forgotten(void **state) {
        struct relay *relay = *state;
        struct spool_file file = relay_add(relay, "deferred", "bob@example.test");
        char away[256];

        relay_start(relay);
        relay_expect(relay, "queue_messages", "-,deferred", 1);
        snprintf(away, sizeof(away), "%s/elsewhere", relay->scratch.path);
        assert_int_equal(rename(spool_path(&relay->spool, "deferred", file.id), away), 0);
        relay_expect(relay, "queue_messages", "-,deferred", 0);
        relay_expect_as_found(relay);
}

static void names_that_postfix_would_not_give_are_counted_only(void **state) {
        struct relay *relay = *state;

        scratch_write(&relay->scratch, "var/spool/postfix/hold/backup", "not a message");
        scratch_write(&relay->scratch, "var/spool/postfix/hold/12345.6789", "temporary");
        scratch_write(&relay->scratch, "var/spool/postfix/hold/0A1B2C3#FIX", "between");
        scratch_mkdir(&relay->scratch, "var/spool/postfix/hold/lost_and_found");
        assert_int_equal(
                symlink("/etc/passwd", scratch_path(&relay->scratch, "var/spool/postfix/hold/ABCDEF12")), 0);
        assert_int_equal(mkfifo(scratch_path(&relay->scratch, "var/spool/postfix/hold/ABCDEF34"), 0700), 0);
        relay_start(relay);
        relay_expect(relay, "queue_messages", "-,hold", 1);
        scratch_write(&relay->scratch, "var/spool/postfix/hold/copy_of_it", "not a message either");
        assert_int_equal(mkfifo(scratch_path(&relay->scratch, "var/spool/postfix/hold/ABCDEF56"), 0700), 0);
        relay_expect(relay, "queue_messages", "-,hold", 2);
        relay_expect_as_found(relay);
        unlink(scratch_path(&relay->scratch, "var/spool/postfix/hold/backup"));
        relay_expect(relay, "queue_messages", "-,hold", 1);
        relay_settle(relay);
        relay_expect_as_found(relay);
}

static void files_that_lie_are_unreadable_and_at_no_domain(void **state) {
        struct relay *relay = *state;
        struct spool_file file;
        int fd;

        file = relay_add(relay, "deferred", "bob@example.test");
        fd = open(spool_path(&relay->spool, "deferred", file.id), O_WRONLY | O_TRUNC);
        assert_int_equal(write(fd, "\033[2J\0\377\377\377\377\377", 10), 10);
        close(fd);
        file = relay_add(relay, "deferred", "bob@example.test");
        assert_int_equal(truncate(spool_path(&relay->spool, "deferred", file.id), 300), 0);
        relay_add(relay, "deferred", "bob@exa\033mple.test");
        relay_start(relay);
        relay_expect(relay, "queue_unreadable", "-", 2);
        relay_expect(relay, "queue_domain_messages", "-,deferred,exa?mple.test", 1);
        relay_expect(relay, "queue_nexthop_messages", "-,exa?mple.test", -2);
        relay_expect_as_found(relay);
}

static bool refuse_to_parse(const struct sg_host *host, const char *what) {
        (void)host;
        return what == NULL;
}

static void a_file_that_killed_a_watcher_before_is_skipped(void **state) {
        struct relay *relay = *state;

        relay_add(relay, "deferred", "bob@example.test");
        relay_start(relay);
        relay->bench.services.parsing = refuse_to_parse;
        relay_expect(relay, "queue_unreadable", "-", 1);
        relay_expect(relay, "queue_messages", "-,deferred", 1);
        relay_expect(relay, "queue_nexthop_messages", "-,example.test", -2);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, relay_setup, relay_teardown)
        const struct CMUnitTest tests[] = {
                TEST(an_empty_spool_is_all_zeros_and_needs_no_timer),
                TEST(how_many_bytes_came_in_is_known_after_a_minute_and_holding_mail_is_no_growth),
                TEST(what_is_there_at_the_start_is_counted_and_read),
                TEST(a_message_is_followed_from_arrival_to_deferral_and_delivery),
                TEST(what_leaves_when_it_is_too_old_is_no_sign_that_its_next_hop_takes_mail),
                TEST(a_bounce_is_no_delivery),
                TEST(holding_and_releasing_changes_the_queue_only),
                TEST(mail_held_on_arrival_is_read_when_it_is_complete),
                TEST(a_requeued_message_comes_back_under_a_new_name),
                TEST(a_file_that_is_gone_is_not_brought_back_by_late_events),
                TEST(a_reload_with_a_thousand_active_loses_none),
                TEST(a_hash_directory_that_is_made_and_filled_at_once_is_seen),
                TEST(what_moves_out_of_sight_is_forgotten),
                TEST(names_that_postfix_would_not_give_are_counted_only),
                TEST(files_that_lie_are_unreadable_and_at_no_domain),
                TEST(a_file_that_killed_a_watcher_before_is_skipped),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
