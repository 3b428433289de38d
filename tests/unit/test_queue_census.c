/* SPDX-License-Identifier: MIT */
/* test_queue_census - what is added up over all messages: senders, bounces, lifetimes, reasons, in small pieces */
#include <time.h>

#include "postfix/queue_spool.h"
#include "queue_support.h"

#define HOUR UINT64_C(3600)
#define DAY (24 * HOUR)
#define REFUSED "connect to mx.example.test[192.0.2.1]:25: Connection refused"

static struct spool_file add(struct relay *relay, const char *queue, const char *sender) {
        struct spool_file file;

        spool_add(&relay->spool,
                &(struct spool_message){
                        .queue = queue, .sender = sender, .recipients = {{.address = "bob@example.test"}}},
                &file);
        return file;
}

static void add_created(struct relay *relay, const char *queue, const char *sender, uint64_t age_seconds) {
        spool_add(&relay->spool,
                &(struct spool_message){.queue = queue,
                        .sender = sender,
                        .create_seconds = (uint64_t)time(NULL) - age_seconds,
                        .recipients = {{.address = "bob@example.test"}}},
                NULL);
}

static void add_to(struct relay *relay, const char *queue, const char *recipient, uint64_t age_seconds) {
        spool_add(&relay->spool,
                &(struct spool_message){.queue = queue,
                        .arrival_seconds = (uint64_t)time(NULL) - age_seconds,
                        .recipients = {{.address = recipient}}},
                NULL);
}

static void senders_are_counted_on_their_way_only(void **state) {
        struct relay *relay = *state;

        add(relay, "deferred", "a@Flood.Test");
        add(relay, "active", "b@flood.test");
        add(relay, "incoming", "c@flood.test");
        add(relay, "hold", "d@flood.test");
        add(relay, "deferred", "");
        relay_start(relay);
        relay_expect(relay, "queue_sender_messages", "-,flood.test", 3);
        relay_expect(relay, "queue_sender_messages", "-,<>", 1);
        relay_expect(relay, "queue_sender_messages", "-,*", -2);
}

static void more_senders_than_are_shown_are_summed_up(void **state) {
        struct relay *relay = *state;
        struct spool_file largest[3];
        char sender[32];

        for (int i = 0; i < 25; i++) {
                snprintf(sender, sizeof(sender), "a@s%02d.test", i);
                add(relay, "deferred", sender);
        }
        for (int i = 0; i < 3; i++)
                largest[i] = add(relay, "deferred", "a@s24.test");
        relay_start(relay);
        relay_expect(relay, "queue_sender_messages", "-,s24.test", 4);
        relay_expect(relay, "queue_sender_messages", "-,*", 5);
        for (int i = 0; i < 3; i++)
                spool_remove(&relay->spool, &largest[i]);
        relay_expect(relay, "queue_sender_messages", "-,*", 5);
        relay_settle(relay);
        assert_true(relay_value(relay, "queue_sender_messages", "-,s24.test") == 1 ||
                relay_value(relay, "queue_sender_messages", "-,s24.test") == -2);
}

static void bounces_are_counted_in_each_queue(void **state) {
        struct relay *relay = *state;

        for (size_t i = 0; i < 6; i++)
                add(relay, relay_queues[i], "");
        add(relay, "deferred", "a@example.test");
        add(relay, "deferred", "");
        relay_start(relay);
        relay_expect(relay, "queue_null_sender_messages", "-,deferred", 2);
        for (size_t i = 0; i < 6; i++) {
                char label[32];

                snprintf(label, sizeof(label), "-,%s", relay_queues[i]);
                assert_float_equal(relay_value(relay, "queue_null_sender_messages", label),
                        strcmp(relay_queues[i], "deferred") == 0 ? 2 : 1, 0);
        }
        assert_float_equal(relay_value(relay, "queue_null_sender_ratio", "-"), 7.0 / 8, 0.001);
}

/* It is read at the next census, and mail makes that one come soon. */
static void change_main_cf(struct relay *relay, const char *text) {
        scratch_write(&relay->scratch, "etc/postfix/main.cf", text);
        add(relay, "hold", "a@example.test");
}

static void what_would_expire_soon_is_the_cliff(void **state) {
        struct relay *relay = *state;

        add_created(relay, "deferred", "a@example.test", 4 * DAY - HOUR);
        add_created(relay, "deferred", "a@example.test", 4 * DAY + HOUR);
        add_created(relay, "active", "a@example.test", 6 * DAY);
        add_created(relay, "hold", "a@example.test", 6 * DAY);
        add_created(relay, "deferred", "", 3 * HOUR);
        relay_start(relay);
        relay_expect(relay, "bounce_cliff_messages", "-", 2);
        relay_stop(relay);

        relay->options[POSTFIX_OPTION_CLIFF_HOURS].number = 26;
        relay_start(relay);
        relay_expect(relay, "bounce_cliff_messages", "-", 3);
        relay_stop(relay);

        scratch_write(&relay->scratch, "etc/postfix/main.cf",
                "bounce_queue_lifetime = 1d\nmaximal_queue_lifetime = 7\n");
        relay_start(relay);
        relay_expect(relay, "bounce_cliff_messages", "-", 2);
        /* Bounces live no longer than other mail. */
        change_main_cf(relay, "maximal_queue_lifetime = 1d\n");
        relay_expect(relay, "bounce_cliff_messages", "-", 4);
        change_main_cf(relay, "maximal_queue_lifetime = soon\n");
        relay_expect(relay, "bounce_cliff_messages", "-", -1);
}

static void until_people_are_back_is_what_counts_when_it_is_known(void **state) {
        struct relay *relay = *state;
        const struct bench_reading *cliff;
        time_t now = time(NULL);

        for (int i = 0; i < 3; i++)
                add_created(relay, "deferred", "a@example.test", 4 * DAY - 10 * HOUR);
        spool_add(&relay->spool,
                &(struct spool_message){.create_seconds = (uint64_t)now - 3 * DAY,
                        .recipients = {{.address = "bob@primary.test"}}},
                NULL);
        sensor_bench_init(&relay->bench, relay->scratch.path);
        relay->bench.back_by_usec = ((uint64_t)now + 40 * HOUR) * UINT64_C(1000000);
        assert_int_equal(postfix_queue.create(&relay->bench.services, relay->options, &relay->sensor), 0);
        relay_expect(relay, "bounce_cliff_messages", "-", 3);
        cliff = sensor_bench_find(&relay->bench, "bounce_cliff_messages", "-");
        assert_non_null(strstr(cliff->sentence, "3 messages return to their senders before "));
        assert_non_null(strstr(cliff->sentence, ", the first at "));
        assert_non_null(strstr(cliff->sentence, ": 3 for example.test"));
        /* They come later, and more mail will not wait for them. */
        relay->bench.back_by_usec = ((uint64_t)now + 60 * HOUR) * UINT64_C(1000000);
        add(relay, "hold", "a@example.test");
        relay_expect(relay, "bounce_cliff_messages", "-", 4);
        assert_non_null(strstr(cliff->sentence, ": 3 for example.test, 1 for primary.test"));
        /* The time is over, and nobody said when it is the next time. */
        relay->bench.back_by_usec = (uint64_t)now * UINT64_C(1000000) - 1;
        add(relay, "hold", "a@example.test");
        relay_expect(relay, "bounce_cliff_messages", "-", 0);
        assert_string_equal(cliff->sentence, "");
        change_main_cf(relay, "maximal_queue_lifetime = 1d\n");
        relay_expect(relay, "bounce_cliff_messages", "-", 4);
        assert_non_null(strstr(cliff->sentence, ", the first at its next try: "));
}

static void each_next_hop_has_its_own_part_of_the_cliff(void **state) {
        struct relay *relay = *state;
        uint64_t old = (uint64_t)time(NULL) - 6 * DAY;

        for (int i = 0; i < 3; i++)
                add_created(relay, "deferred", "a@example.test", 6 * DAY);
        add_created(relay, "deferred", "a@example.test", HOUR);
        add_created(relay, "hold", "a@example.test", 6 * DAY);
        spool_add(&relay->spool,
                &(struct spool_message){.queue = "active",
                        .create_seconds = old,
                        .recipients = {{.address = "bob@primary.test"}, {.address = "bob@example.test"}}},
                NULL);
        spool_add(&relay->spool,
                &(struct spool_message){
                        .create_seconds = old + 6 * DAY, .recipients = {{.address = "bob@young.test"}}},
                NULL);
        relay_start(relay);
        relay_expect(relay, "bounce_cliff_messages", "-", 4);
        relay_expect(relay, "queue_nexthop_cliff_messages", "-,example.test", 4);
        relay_expect(relay, "queue_nexthop_cliff_messages", "-,young.test", 0);
        change_main_cf(relay, "maximal_queue_lifetime = soon\n");
        relay_expect(relay, "queue_nexthop_cliff_messages", "-,example.test", -1);
        assert_float_equal(relay_value(relay, "queue_nexthop_messages", "-,example.test"), 4, 0);
        change_main_cf(relay, "maximal_queue_lifetime = 30d\n");
        relay_expect(relay, "queue_nexthop_cliff_messages", "-,example.test", 0);
}

static void defer(struct relay *relay, const char *id, const char *reason) {
        spool_defer(&relay->spool, id,
                &(struct spool_deferral){.recipient = "bob@example.test", .reason = reason});
}

static void count_message(const struct sg_queue_message *message, void *data) {
        assert_string_equal(message->reason, "filter");
        (*(unsigned *)data)++;
}

static void mail_that_its_content_filter_did_not_take_is_the_filters(void **state) {
        const struct sg_queue_filter filter = {.reason = "filter"};
        struct relay *relay = *state;
        struct spool_file file;
        uint64_t cursor;
        unsigned n = 0;

        for (int i = 0; i < 2; i++) {
                spool_add(&relay->spool,
                        &(struct spool_message){.filter = "smtp-amavis:[127.0.0.1]:10024",
                                .recipients = {{.address = "bob@example.test"}}},
                        &file);
                defer(relay, file.id,
                        i == 0 ? "connect to 127.0.0.1[127.0.0.1]:10024: Connection refused"
                               : "host 127.0.0.1[127.0.0.1] said: 451 4.5.0 no scanner (in reply "
                                 "to end of DATA command)");
        }
        file = add(relay, "deferred", "a@example.test");
        defer(relay, file.id, REFUSED);
        relay_start(relay);
        relay_expect(relay, "queue_reason_messages", "-,filter", 2);
        relay_expect(relay, "queue_reason_messages", "-,refused", 1);
        relay_expect(relay, "queue_nexthop_dead_messages", "-,[127.0.0.1]:10024", 1);
        relay_expect(relay, "queue_nexthop_dead_messages", "-,example.test", 1);
        assert_int_equal(
                postfix_queue.questions->list(relay->sensor, &filter, 0, 10, count_message, &n, &cursor), 0);
        assert_int_equal(n, 2);
}

static void what_is_on_its_way_has_its_next_hop_shown_when_it_is_a_crowd_or_late(void **state) {
        struct relay *relay = *state;

        for (int i = 0; i < 6; i++)
                add_to(relay, i % 2 == 0 ? "incoming" : "active", "bob@crowd.test", 0);
        /* However slow this machine is. */
        add_to(relay, "active", "bob@few.test", -HOUR);
        add_to(relay, "active", "bob@late.test", 60);
        relay_start(relay);
        relay_expect(relay, "queue_nexthop_underway_messages", "-,crowd.test", 6);
        relay_expect(relay, "queue_nexthop_late_messages", "-,late.test", 1);
        relay_expect(relay, "queue_nexthop_underway_messages", "-,late.test", 1);
        assert_float_equal(relay_value(relay, "queue_nexthop_messages", "-,late.test"), 0, 0);
        assert_float_equal(relay_value(relay, "queue_nexthop_messages", "-,few.test"), -2, 0);
        /* Five seconds later each of them is. */
        relay_expect(relay, "queue_nexthop_late_messages", "-,crowd.test", 6);
}

static void recipient_domains_of_a_crowd_on_its_way_are_shown_by_queue(void **state) {
        struct relay *relay = *state;
        struct spool_file crowd[6];

        for (int i = 0; i < 6; i++)
                spool_add(&relay->spool,
                        &(struct spool_message){
                                .queue = "incoming", .recipients = {{.address = "bob@crowd.test"}}},
                        &crowd[i]);
        add_to(relay, "active", "bob@few.test", 0);
        add_to(relay, "deferred", "bob@crowd.test", 0);
        relay_start(relay);
        relay_expect(relay, "queue_domain_messages", "-,incoming,crowd.test", 6);
        relay_expect(relay, "queue_domain_messages", "-,active,crowd.test", -2);
        for (int i = 0; i < 5; i++)
                spool_move(&relay->spool, &crowd[i], "active");
        relay_expect(relay, "queue_domain_messages", "-,active,crowd.test", 5);
        relay_expect(relay, "queue_domain_messages", "-,incoming,crowd.test", -2);
        relay_expect(relay, "queue_domain_messages", "-,deferred,crowd.test", 1);
        relay_expect(relay, "queue_domain_messages", "-,active,few.test", -2);
        relay_expect(relay, "queue_domain_messages", "-,active,*", -2);
        spool_remove(&relay->spool, &crowd[0]);
        relay_expect(relay, "queue_domain_messages", "-,active,crowd.test", -2);
}

static void a_site_says_what_a_text_means(void **state) {
        static const char *const texts[] = {"archive is closed", NULL};
        struct relay *relay = *state;
        struct spool_file file = add(relay, "deferred", "a@example.test");

        defer(relay, file.id, "archive is closed until Monday");
        for (size_t i = 0; i < REASON_SITE_CLASSES; i++)
                if (reason_site_classes[i] == REASON_POLICY)
                        relay->options[POSTFIX_OPTION_REASONS + i].list = texts;
        relay_start(relay);
        relay_expect(relay, "queue_reason_messages", "-,policy", 1);
}

/* As postsuper does at the start of Postfix when a spool was restored: each file is called after its new inode. */
static void messages_with_new_names_leave_nothing_of_the_old_ones(void **state) {
        struct relay *relay = *state;
        struct spool_file files[32];
        static struct sg_value args[4];
        char ids[2048], old[512], new[512], directory[512];

        for (int i = 0; i < 32; i++)
                files[i] = add(relay, "deferred", "a@example.test");
        relay_start(relay);
        relay_expect(relay, "queue_nexthop_messages", "-,example.test", 32);
        for (int i = 0; i < 32; i++) {
                char id[32];

                snprintf(id, sizeof(id), "%X%s", i % 10, files[i].id + 1);
                snprintf(id + strlen(id), sizeof(id) - strlen(id), "%X", i / 10);
                snprintf(old, sizeof(old), "%s", spool_path(&relay->spool, "deferred", files[i].id));
                snprintf(new, sizeof(new), "%s", spool_path(&relay->spool, "deferred", id));
                snprintf(directory, sizeof(directory), "%.*s", (int)(strrchr(new, '/') - new), new);
                mkdir(directory, 0700);
                assert_int_equal(rename(old, new), 0);
        }
        relay_settle(relay);
        relay_expect_as_found(relay);
        relay_expect(relay, "queue_nexthop_messages", "-,example.test", 32);
        relay_expect(relay, "queue_sender_messages", "-,example.test", 32);
        args[POSTPONE_ARG_INSTANCE] = (struct sg_value){.type = SG_TYPE_TEXT, .text = "-"};
        args[POSTPONE_ARG_NEXTHOP] = (struct sg_value){.type = SG_TYPE_TEXT, .text = "example.test"};
        assert_int_equal(relay_select(relay, &postfix_postpone, args, ids, sizeof(ids)), 32);
        strcat(ids, " ");
        for (int i = 0; i < 32; i++) {
                snprintf(old, sizeof(old), "%.64s ", files[i].id);
                assert_null(strstr(ids, old));
        }
}

static void sets_of_domains_without_room_are_others(void **state) {
        static struct queue_place_draft draft;
        struct queue_places places;
        uint32_t before, number;

        (void)state;
        assert_int_equal(queue_places_init(&places), 0);
        before = places.n_numbers;
        for (int attempt = 0; attempt < 2; attempt++) {
                places.n_numbers = attempt == 0 ? QUEUE_PLACE_NUMBERS_MAX : before;
                queue_place_add(&places, &draft, "a.test", "a.test");
                queue_place_add(&places, &draft, "b.test", "b.test");
                number = queue_place_take_consume(&places, &draft);
                assert_int_equal(number == QUEUE_PLACE_OTHERS, attempt == 0);
                queue_place_drop(&places, number);
                assert_int_equal(places.n_numbers, attempt == 0 ? QUEUE_PLACE_NUMBERS_MAX : before);
        }
        queue_places_deinit(&places);
}

/* Every place and every name that there can be, made by hand: no spool of this size is needed for that. */
static void fill_to_the_caps(struct queue_spool *spool) {
        struct queue_place_draft *draft = calloc(1, sizeof(*draft));
        char domain[32];

        assert_non_null(draft);
        for (uint32_t i = 0; i < QUEUE_PLACES_MAX + 16; i++) {
                snprintf(domain, sizeof(domain), "d%u.test", i % (QUEUE_NAMES_MAX - 16));
                queue_place_add(&spool->places, draft, domain, domain);
                snprintf(domain, sizeof(domain), "d%u.test", (i * 7 + i / QUEUE_NAMES_MAX) % 100000);
                queue_place_add(&spool->places, draft, domain, domain);
                queue_place_take_consume(&spool->places, draft);
        }
        free(draft);
        assert_int_equal(spool->places.n_rows, QUEUE_PLACES_MAX);
        assert_int_equal(spool->places.domains.n_rows, QUEUE_NAMES_MAX);
        /* Ascending is the worst order for a list of the largest. */
        for (uint32_t i = 0; i < spool->places.domains.n_rows; i++)
                spool->places.domains.rows[i].messages = i;
}

/* In one piece it is some dozen milliseconds, in which nothing else on the loop would have its turn. */
static void a_census_at_the_caps_is_made_in_small_pieces(void **state) {
        struct relay *relay = *state;
        const struct postfix_instance instance = {
                .name = "-", .config = "/etc/postfix", .spool = "/var/spool/postfix"};
        struct queue_common common = {.messages_max = QUEUE_MESSAGES_MAX, .cliff_seconds = DAY};
        struct queue_spool *spool;
        uint32_t rows;
        unsigned steps = 1;

        sensor_bench_init(&relay->bench, relay->scratch.path);
        assert_int_equal(queue_spool_new(&relay->bench.services, &instance, &common, &spool), 0);
        relay_expect(relay, "queue_unreadable", "-", 0);
        fill_to_the_caps(spool);
        for (uint32_t i = 0; i < spool->places.n_rows; i++)
                spool->places.rows[i].messages = 1;
        spool->census.wanted = true;
        while (queue_census_step(spool))
                steps++;
        rows = spool->places.n_rows + spool->places.domains.n_rows + spool->places.hops.n_rows;
        printf("census of %u rows: %u steps\n", rows, steps);
        assert_true(rows / steps < 512);
        queue_spool_free(spool);
        sensor_bench_deinit(&relay->bench);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, relay_setup, relay_teardown)
        const struct CMUnitTest tests[] = {
                TEST(senders_are_counted_on_their_way_only),
                TEST(more_senders_than_are_shown_are_summed_up),
                TEST(bounces_are_counted_in_each_queue),
                TEST(what_would_expire_soon_is_the_cliff),
                TEST(each_next_hop_has_its_own_part_of_the_cliff),
                TEST(until_people_are_back_is_what_counts_when_it_is_known),
                TEST(mail_that_its_content_filter_did_not_take_is_the_filters),
                TEST(what_is_on_its_way_has_its_next_hop_shown_when_it_is_a_crowd_or_late),
                TEST(recipient_domains_of_a_crowd_on_its_way_are_shown_by_queue),
                TEST(a_site_says_what_a_text_means),
                TEST(messages_with_new_names_leave_nothing_of_the_old_ones),
                TEST(sets_of_domains_without_room_are_others),
                TEST(a_census_at_the_caps_is_made_in_small_pieces),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
