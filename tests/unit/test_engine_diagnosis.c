/* SPDX-License-Identifier: MIT */
/*
 * test_engine_diagnosis - what an incident is about: its leading condition's sentence, live, and the cause of the night
 *
 * Servers are down at 0 and have sentences, as the sensors tell them; the disk has figures only.  The playbooks are C:
 * each says its words a second after its start.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/text.h"
#include "engine/engine.h"
#include "fake_executor.h"

static struct config_condition conditions[] = {
        {.name = "disk-full",
                .reading = "disk_used_ratio",
                .trip = 0.9,
                .clear = 0.8,
                .level = CONFIG_LEVEL_CRITICAL,
                .cause = 50,
                .enabled = true},
        {.name = "hop-down",
                .reading = "relay_up_ratio",
                .below = true,
                .clear = 0.5,
                .level = CONFIG_LEVEL_NOTICE,
                .cause = 50,
                .enabled = true},
        {.name = "queue-large",
                .reading = "queue_messages",
                .trip = 100,
                .clear = 50,
                .level = CONFIG_LEVEL_NOTICE,
                .enabled = true},
        {.name = "server-down",
                .reading = "dns_server_up",
                .below = true,
                .clear = 0.5,
                .level = CONFIG_LEVEL_WARNING,
                .cause = 80,
                .enabled = true},
        {.name = "server-slow",
                .reading = "dns_server_seconds",
                .trip = 1,
                .clear = 0.5,
                .clear_lasting_usec = 30 * USEC_PER_SEC,
                .level = CONFIG_LEVEL_NOTICE,
                .cause = 60,
                .enabled = true},
};
static struct config_playbook playbooks[] = {
        {.name = "hold", .any = {"queue-large"}, .mode = CONFIG_MODE_ENFORCE, .cooldown_usec = USEC_PER_HOUR},
        {.name = "pause", .any = {"hop-down"}, .mode = CONFIG_MODE_ENFORCE, .cooldown_usec = USEC_PER_HOUR},
};
static const struct config config = {.mode = CONFIG_MODE_ENFORCE,
        .conditions = conditions,
        .n_conditions = 5,
        .playbooks = playbooks,
        .n_playbooks = 2};

struct fixture {
        struct loop *loop;
        struct board *board;
        struct engine *engine;
        struct fake_executor fake;
        bool words;       /* the playbooks have something to say */
        unsigned changes; /* of what is shown */
        char shown[WIRE_TEXT_MAX];
        char told[WIRE_LONG_MAX];
};

static int on_start(struct run *run, const struct incident *incident, void *data) {
        struct fixture *fixture = data;
        struct problem problem;

        (void)incident;
        return engine_run_wait_time(fixture->engine, run, USEC_PER_SEC, "a test", &problem);
}

static void on_action_finished(struct run *run, const struct wire_action_finished *finished, void *data) {
        (void)run;
        (void)finished;
        (void)data;
}

static void on_wait_over(struct run *run, bool ok, void *data) {
        struct fixture *fixture = data;
        char words[64];

        (void)ok;
        text_format(words, sizeof(words), "%s has done it", run->playbook->config->name);
        if (fixture->words)
                engine_run_note(fixture->engine, run, "diagnosis", words);
        engine_run_ended(fixture->engine, run, RUN_ANSWER_NONE, NULL);
}

static void on_release(struct run *run, void *data) {
        (void)run;
        (void)data;
}

static const struct engine_script_ops script_ops = {.start = on_start,
        .action_finished = on_action_finished,
        .wait_over = on_wait_over,
        .release = on_release};

static void on_event(const struct engine_event *event, void *data) {
        struct fixture *fixture = ((struct fake_executor *)data)->data;

        if (!event->incident || event->type == ENGINE_INCIDENT_REMOVED ||
                strcmp(fixture->shown, event->incident->diagnosis) == 0)
                return;
        fixture->changes++;
        text_copy(fixture->shown, sizeof(fixture->shown), event->incident->diagnosis);
}

static int send(const struct wire_message *message, void *data) {
        struct fixture *fixture = ((struct fake_executor *)data)->data;

        if (message->type == WIRE_ESCALATE)
                text_copy(fixture->told, sizeof(fixture->told), message->escalate.text);
        return fake_executor_send(message, data);
}

static int begin(struct fixture *fixture) {
        static const struct engine_ops ops = {.send = send, .on_event = on_event};

        if (board_new(fixture->loop, &fixture->board) < 0 ||
                engine_new(fixture->loop, &config, fixture->board, &ops, &fixture->fake, &fixture->engine) <
                        0)
                return -1;
        fixture->fake.engine = fixture->engine;
        engine_set_script(fixture->engine, &script_ops, fixture);
        return 0;
}

static int setup(void **state) {
        struct fixture *fixture = calloc(1, sizeof(*fixture));

        *state = fixture;
        if (!fixture || loop_new_sim(UINT64_C(1766620800000000), &fixture->loop) < 0)
                return -1;
        fake_executor_init(&fixture->fake, fixture->loop);
        fixture->fake.data = fixture;
        return begin(fixture);
}

static void end(struct fixture *fixture) {
        fake_executor_deinit(&fixture->fake);
        engine_free(fixture->engine);
        board_free(fixture->board);
}

static int teardown(void **state) {
        struct fixture *fixture = *state;

        end(fixture);
        loop_free(fixture->loop);
        free(fixture);
        return 0;
}

static void advance(struct fixture *fixture, double seconds) {
        assert_int_equal(loop_sim_advance(fixture->loop, (uint64_t)(seconds * 1e6)), 0);
}

static void welcome(struct fixture *fixture) {
        fake_executor_welcome(&fixture->fake, 0, "", "", false);
        advance(fixture, 0);
}

/* A reading with one label, and what its sensor says; a second goes by. */
static void tell(
        struct fixture *fixture, const char *name, const char *where, double value, const char *sentence) {
        struct reading_label label = {.name = "of"};

        text_copy(label.value, sizeof(label.value), where);
        assert_int_equal(board_set_told(fixture->board, name, &label, 1, value, sentence), 0);
        advance(fixture, 1);
}

static void assert_shown(const struct fixture *fixture, const char *text) {
        const struct incident *incident = engine_incident(fixture->engine, 0);

        assert_non_null(incident);
        assert_string_equal(incident->diagnosis, text);
        assert_string_equal(fixture->shown, text);
}

static size_t notes(const struct fixture *fixture) {
        return fake_executor_count(&fixture->fake, "diagnosis ");
}

static void the_highest_cause_is_what_people_read_whatever_came_first(void **state) {
        struct fixture *fixture = *state;

        welcome(fixture);
        tell(fixture, "queue_messages", "-", 500, NULL);
        assert_shown(fixture, "- holds 500 messages");
        tell(fixture, "relay_up_ratio", "a.test", 0, "a.test does not answer");
        assert_shown(fixture, "a.test does not answer");
        tell(fixture, "dns_server_up", "10.0.0.53", 0, "10.0.0.53 does not answer (0 of 20)");
        tell(fixture, "relay_up_ratio", "b.test", 0, "b.test does not answer");
        assert_shown(fixture, "10.0.0.53 does not answer (0 of 20)");
        assert_string_equal(engine_open_incident(fixture->engine)->title, "queue-large on -");
        assert_non_null(strstr(engine_state_text(fixture->engine), "10.0.0.53 does not answer (0 of 20)"));
        assert_int_equal(notes(fixture), 3);
}

static void of_equal_causes_the_worse_level_leads_and_then_the_first(void **state) {
        struct fixture *fixture = *state;

        welcome(fixture);
        tell(fixture, "relay_up_ratio", "a.test", 0, "a.test does not answer");
        tell(fixture, "relay_up_ratio", "b.test", 0, "b.test does not answer");
        assert_shown(fixture, "a.test does not answer");
        tell(fixture, "disk_used_ratio", "/var", 0.95, NULL);
        assert_shown(fixture, "/var is 95.0 % used");
}

static void a_sentence_that_moves_is_followed_without_a_flood(void **state) {
        struct fixture *fixture = *state;
        char sentence[64];

        welcome(fixture);
        for (int i = 0; i < 600; i++) {
                text_format(sentence, sizeof(sentence), "10.0.0.53 does not answer (0 of %d)", i);
                tell(fixture, "dns_server_up", "10.0.0.53", 0, sentence);
        }
        assert_in_range(fixture->changes, 55, 62);
        assert_int_equal(notes(fixture), 1);
        advance(fixture, 10);
        assert_shown(fixture, "10.0.0.53 does not answer (0 of 599)");
        tell(fixture, "dns_server_up", "10.0.0.53", 1, "10.0.0.53 answers (20 of 20)");
        advance(fixture, 60);
        assert_null(engine_open_incident(fixture->engine));
        assert_shown(fixture, "10.0.0.53 does not answer (0 of 599)");
        assert_int_equal(notes(fixture), 2);
        assert_true(fake_executor_find(&fixture->fake, "diagnosis 10.0.0.53 does not answer (0 of 599)") <
                fake_executor_find(&fixture->fake, "close "));
}

static void the_last_words_stay_though_they_came_too_soon_to_be_shown(void **state) {
        struct fixture *fixture = *state;

        welcome(fixture);
        tell(fixture, "dns_server_up", "10.0.0.53", 0, "10.0.0.53 does not answer (0 of 5)");
        advance(fixture, 12);
        tell(fixture, "dns_server_up", "10.0.0.53", 0, "10.0.0.53 does not answer (0 of 9)");
        tell(fixture, "dns_server_up", "10.0.0.53", 0, "10.0.0.53 does not answer (0 of 10)");
        assert_shown(fixture, "10.0.0.53 does not answer (0 of 9)");
        tell(fixture, "dns_server_up", "10.0.0.53", 1, "10.0.0.53 answers");
        advance(fixture, 10);
        assert_null(engine_open_incident(fixture->engine));
        assert_shown(fixture, "10.0.0.53 does not answer (0 of 10)");
        assert_int_equal(
                fake_executor_count(&fixture->fake, "diagnosis 10.0.0.53 does not answer (0 of 10)"), 1);
}

static void what_clears_gives_way_to_what_still_stands(void **state) {
        struct fixture *fixture = *state;

        welcome(fixture);
        tell(fixture, "dns_server_up", "10.0.0.53", 0, "10.0.0.53 does not answer");
        tell(fixture, "dns_server_up", "10.0.0.54", 0, "10.0.0.54 does not answer");
        tell(fixture, "relay_up_ratio", "a.test", 0, "a.test does not answer");
        advance(fixture, 20);
        tell(fixture, "dns_server_up", "10.0.0.53", 1, NULL);
        assert_shown(fixture, "10.0.0.54 does not answer");
        advance(fixture, 20);
        tell(fixture, "dns_server_up", "10.0.0.54", 1, NULL);
        assert_shown(fixture, "a.test does not answer");
        assert_int_equal(notes(fixture), 3);
}

static void after_all_has_cleared_it_is_the_cause_of_the_night(void **state) {
        struct fixture *fixture = *state;

        welcome(fixture);
        tell(fixture, "dns_server_up", "10.0.0.53", 0, "10.0.0.53 does not answer");
        tell(fixture, "relay_up_ratio", "a.test", 0, "a.test does not answer");
        advance(fixture, 20);
        tell(fixture, "dns_server_up", "10.0.0.53", 1, NULL);
        advance(fixture, 20);
        assert_shown(fixture, "a.test does not answer");
        tell(fixture, "relay_up_ratio", "a.test", 1, NULL);
        advance(fixture, 20);
        assert_null(engine_open_incident(fixture->engine));
        assert_shown(fixture, "10.0.0.53 does not answer");
        /* The record ends with it, too: a watcher that starts later shows what was recorded last. */
        assert_int_equal(notes(fixture), 3);
}

static void a_queue_that_is_still_long_does_not_take_the_place_of_why(void **state) {
        struct fixture *fixture = *state;

        welcome(fixture);
        tell(fixture, "queue_messages", "-", 500, NULL);
        tell(fixture, "dns_server_up", "10.0.0.53", 0, "10.0.0.53 does not answer");
        advance(fixture, 20);
        tell(fixture, "dns_server_up", "10.0.0.53", 1, NULL);
        tell(fixture, "queue_messages", "other", 500, NULL);
        advance(fixture, 20);
        assert_non_null(engine_open_incident(fixture->engine));
        assert_shown(fixture, "10.0.0.53 does not answer");
        assert_int_equal(notes(fixture), 2);
}

static void what_leads_in_turns_is_on_record_once(void **state) {
        struct fixture *fixture = *state;

        welcome(fixture);
        tell(fixture, "relay_up_ratio", "a.test", 0, "a.test does not answer");
        for (int i = 0; i < 100; i++) {
                tell(fixture, "dns_server_up", "10.0.0.53", 0, "10.0.0.53 does not answer");
                advance(fixture, 15);
                tell(fixture, "dns_server_up", "10.0.0.53", 1, NULL);
                advance(fixture, 15);
        }
        assert_int_equal(notes(fixture), 2);
        assert_in_range(fixture->changes, 200, 202);
}

static void what_cannot_be_measured_any_more_keeps_its_last_words(void **state) {
        struct fixture *fixture = *state;
        struct reading_label label = {"of", "10.0.0.53"};

        welcome(fixture);
        tell(fixture, "dns_server_up", "10.0.0.53", 0, "10.0.0.53 does not answer");
        board_missing(fixture->board, "dns_server_up", &label, 1, "no socket");
        advance(fixture, 60);
        assert_shown(fixture, "10.0.0.53 does not answer");
        assert_non_null(engine_open_incident(fixture->engine));
}

static void what_is_said_of_a_server_that_is_well_again_is_no_diagnosis(void **state) {
        struct fixture *fixture = *state;

        welcome(fixture);
        tell(fixture, "dns_server_seconds", "10.0.0.53", 2, "10.0.0.53 takes 2 s");
        tell(fixture, "dns_server_seconds", "10.0.0.53", 0.1, "10.0.0.53 takes 0.1 s");
        advance(fixture, 20);
        assert_shown(fixture, "10.0.0.53 takes 2 s");
        advance(fixture, 20);
        assert_null(engine_open_incident(fixture->engine));
        assert_shown(fixture, "10.0.0.53 takes 2 s");
}

static void an_incident_that_goes_on_keeps_the_cause_it_had(void **state) {
        struct fixture *fixture = *state;

        welcome(fixture);
        tell(fixture, "dns_server_up", "10.0.0.53", 0, "10.0.0.53 does not answer");
        tell(fixture, "dns_server_up", "10.0.0.53", 1, NULL);
        advance(fixture, 10);
        assert_null(engine_open_incident(fixture->engine));
        fixture->fake.next_incident--;
        tell(fixture, "relay_up_ratio", "a.test", 0, "a.test does not answer");
        assert_shown(fixture, "a.test does not answer");
        tell(fixture, "relay_up_ratio", "a.test", 1, NULL);
        advance(fixture, 10);
        assert_null(engine_open_incident(fixture->engine));
        assert_null(engine_incident(fixture->engine, 1));
        assert_shown(fixture, "10.0.0.53 does not answer");
}

static void words_that_a_sensor_takes_back_are_not_repeated_to_people(void **state) {
        struct fixture *fixture = *state;

        welcome(fixture);
        tell(fixture, "dns_server_up", "10.0.0.53", 0, "10.0.0.53 does not answer (0 of 20)");
        tell(fixture, "dns_server_up", "10.0.0.53", 0, NULL);
        advance(fixture, 3600);
        assert_non_null(strstr(fixture->told, "10.0.0.53 does not answer as a name server."));
}

static void figures_say_how_bad_it_was_and_are_not_followed(void **state) {
        struct fixture *fixture = *state;

        welcome(fixture);
        tell(fixture, "disk_used_ratio", "/var", 0.95, NULL);
        tell(fixture, "disk_used_ratio", "/var", 0.85, NULL);
        advance(fixture, 60);
        assert_shown(fixture, "/var is 95.0 % used");
        /* But what no longer holds is no reason to be silent of what does. */
        tell(fixture, "dns_server_up", "10.0.0.53", 0, "10.0.0.53 does not answer");
        assert_shown(fixture, "10.0.0.53 does not answer");
        advance(fixture, 20);
        tell(fixture, "dns_server_up", "10.0.0.53", 1, NULL);
        assert_shown(fixture, "/var is 85.0 % used");
}

static void what_a_playbook_found_out_stands_against_notices_and_its_own_rank(void **state) {
        struct fixture *fixture = *state;

        fixture->words = true;
        welcome(fixture);
        tell(fixture, "relay_up_ratio", "a.test", 0, "a.test does not answer");
        advance(fixture, 5);
        assert_shown(fixture, "pause has done it");
        tell(fixture, "relay_up_ratio", "a.test", 0, "a.test does not answer, still");
        tell(fixture, "disk_used_ratio", "/var", 0.95, NULL);
        tell(fixture, "dns_server_seconds", "10.0.0.53", 2, "10.0.0.53 takes 2 s");
        advance(fixture, 30);
        assert_shown(fixture, "pause has done it");
        tell(fixture, "dns_server_up", "10.0.0.53", 0, "10.0.0.53 does not answer");
        assert_shown(fixture, "10.0.0.53 does not answer");
        advance(fixture, 20);
        tell(fixture, "dns_server_up", "10.0.0.53", 1, NULL);
        assert_shown(fixture, "pause has done it");
}

static void an_old_story_of_a_playbook_gives_way_to_what_comes_after_it(void **state) {
        struct fixture *fixture = *state;

        fixture->words = true;
        welcome(fixture);
        tell(fixture, "relay_up_ratio", "a.test", 0, "a.test does not answer");
        tell(fixture, "dns_server_seconds", "10.0.0.53", 2, "10.0.0.53 takes 2 s");
        advance(fixture, 5);
        assert_shown(fixture, "pause has done it");
        tell(fixture, "relay_up_ratio", "a.test", 0, "a.test does not answer (0 of 9)");
        /* It holds for what was there, though its own condition clears. */
        tell(fixture, "relay_up_ratio", "a.test", 1, NULL);
        advance(fixture, 30);
        assert_shown(fixture, "pause has done it");
        fixture->words = false;
        tell(fixture, "relay_up_ratio", "b.test", 0, "b.test does not answer");
        tell(fixture, "dns_server_seconds", "10.0.0.53", 0, NULL);
        advance(fixture, 60);
        assert_shown(fixture, "b.test does not answer");
        tell(fixture, "relay_up_ratio", "b.test", 1, NULL);
        advance(fixture, 60);
        assert_null(engine_open_incident(fixture->engine));
        assert_shown(fixture, "pause has done it");
}

static void words_that_come_when_all_is_over_are_no_sensors_to_change(void **state) {
        struct fixture *fixture = *state;
        struct reading_label hop = {"of", "a.test"};

        welcome(fixture);
        tell(fixture, "queue_messages", "-", 500, NULL);
        advance(fixture, 5);
        fixture->words = true;
        board_set_told(fixture->board, "relay_up_ratio", &hop, 1, 0, "a.test does not answer");
        advance(fixture, 0.5);
        tell(fixture, "relay_up_ratio", "a.test", 1, NULL);
        assert_shown(fixture, "pause has done it");
        tell(fixture, "relay_up_ratio", "a.test", 0, "a.test does not answer again");
        tell(fixture, "relay_up_ratio", "a.test", 1, NULL);
        assert_shown(fixture, "pause has done it");
        tell(fixture, "queue_messages", "-", 0, NULL);
        advance(fixture, 60);
        assert_null(engine_open_incident(fixture->engine));
        assert_shown(fixture, "pause has done it");
}

static void words_about_less_than_the_cause_are_one_note_of_the_record(void **state) {
        struct fixture *fixture = *state;

        fixture->words = true;
        welcome(fixture);
        tell(fixture, "dns_server_up", "10.0.0.53", 0, "10.0.0.53 does not answer");
        tell(fixture, "relay_up_ratio", "a.test", 0, "a.test does not answer");
        advance(fixture, 5);
        assert_shown(fixture, "10.0.0.53 does not answer");
        assert_int_equal(fake_executor_count(&fixture->fake, "note pause has done it"), 1);
        assert_int_equal(notes(fixture), 1);
}

static void a_playbook_of_no_rank_speaks_over_a_next_hop_that_is_down_as_always_some_is(void **state) {
        struct fixture *fixture = *state;

        welcome(fixture);
        tell(fixture, "relay_up_ratio", "a.test", 0, "a.test does not answer");
        advance(fixture, 5);
        fixture->words = true;
        tell(fixture, "queue_messages", "-", 500, NULL);
        advance(fixture, 5);
        assert_shown(fixture, "hold has done it");
        tell(fixture, "queue_messages", "-", 0, NULL);
        tell(fixture, "relay_up_ratio", "a.test", 1, NULL);
        advance(fixture, 60);
        assert_null(engine_open_incident(fixture->engine));
        assert_shown(fixture, "hold has done it");
}

static void a_person_who_is_called_reads_the_sensors_words(void **state) {
        struct fixture *fixture = *state;

        welcome(fixture);
        tell(fixture, "dns_server_up", "10.0.0.53", 0, "10.0.0.53 does not answer (0 of 20)");
        advance(fixture, 3600);
        assert_non_null(strstr(fixture->told, "10.0.0.53 does not answer (0 of 20)"));
        assert_null(strstr(fixture->told, "In this incident"));
}

static void a_person_who_is_called_for_what_follows_reads_the_cause_too(void **state) {
        struct fixture *fixture = *state;

        welcome(fixture);
        tell(fixture, "dns_server_up", "10.0.0.53", 0, "10.0.0.53 does not answer");
        tell(fixture, "disk_used_ratio", "/var", 0.95, NULL);
        advance(fixture, 5);
        assert_non_null(
                strstr(fixture->told, "/var is 95.0 % used. In this incident: 10.0.0.53 does not answer."));
}

static void a_new_watcher_keeps_the_cause_that_was_recorded(void **state) {
        struct fixture *fixture = *state;

        fixture->fake.diagnosis = "what was recorded";
        fake_executor_welcome(&fixture->fake, 7, "server-down on 10.0.0.53",
                "server-down_10.0.0.53\nhop-down_a.test\n", false);
        advance(fixture, 0);
        struct incident *open = (struct incident *)(uintptr_t)engine_open_incident(fixture->engine);
        assert_non_null(open);
        assert_string_equal(open->diagnosis, "what was recorded");
        tell(fixture, "dns_server_up", "10.0.0.53", 1, NULL);
        tell(fixture, "relay_up_ratio", "a.test", 0, "a.test does not answer");
        assert_shown(fixture, "a.test does not answer");
        tell(fixture, "relay_up_ratio", "a.test", 1, NULL);
        advance(fixture, 60);
        assert_null(engine_open_incident(fixture->engine));
        assert_shown(fixture, "what was recorded");
}

static void nor_does_a_new_watcher_let_a_playbook_of_less_cause_talk_over_it(void **state) {
        struct fixture *fixture = *state;

        fixture->words = true;
        fixture->fake.diagnosis = "10.0.0.53 does not answer";
        fake_executor_welcome(&fixture->fake, 7, "server-down on 10.0.0.53",
                "server-down_10.0.0.53\nhop-down_a.test\n", false);
        advance(fixture, 0);
        tell(fixture, "dns_server_up", "10.0.0.53", 1, NULL);
        tell(fixture, "relay_up_ratio", "a.test", 0, "a.test does not answer");
        advance(fixture, 5);
        assert_shown(fixture, "pause has done it");
        tell(fixture, "relay_up_ratio", "a.test", 1, NULL);
        advance(fixture, 60);
        assert_null(engine_open_incident(fixture->engine));
        assert_shown(fixture, "10.0.0.53 does not answer");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(the_highest_cause_is_what_people_read_whatever_came_first),
                TEST(of_equal_causes_the_worse_level_leads_and_then_the_first),
                TEST(a_sentence_that_moves_is_followed_without_a_flood),
                TEST(the_last_words_stay_though_they_came_too_soon_to_be_shown),
                TEST(what_clears_gives_way_to_what_still_stands),
                TEST(after_all_has_cleared_it_is_the_cause_of_the_night),
                TEST(a_queue_that_is_still_long_does_not_take_the_place_of_why),
                TEST(what_leads_in_turns_is_on_record_once),
                TEST(what_cannot_be_measured_any_more_keeps_its_last_words),
                TEST(what_is_said_of_a_server_that_is_well_again_is_no_diagnosis),
                TEST(an_incident_that_goes_on_keeps_the_cause_it_had),
                TEST(words_that_a_sensor_takes_back_are_not_repeated_to_people),
                TEST(figures_say_how_bad_it_was_and_are_not_followed),
                TEST(what_a_playbook_found_out_stands_against_notices_and_its_own_rank),
                TEST(an_old_story_of_a_playbook_gives_way_to_what_comes_after_it),
                TEST(words_that_come_when_all_is_over_are_no_sensors_to_change),
                TEST(words_about_less_than_the_cause_are_one_note_of_the_record),
                TEST(a_playbook_of_no_rank_speaks_over_a_next_hop_that_is_down_as_always_some_is),
                TEST(a_person_who_is_called_reads_the_sensors_words),
                TEST(a_person_who_is_called_for_what_follows_reads_the_cause_too),
                TEST(a_new_watcher_keeps_the_cause_that_was_recorded),
                TEST(nor_does_a_new_watcher_let_a_playbook_of_less_cause_talk_over_it),
        };

        return cmocka_run_group_tests_name("engine_diagnosis", tests, NULL, NULL);
}
