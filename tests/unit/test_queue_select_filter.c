/* SPDX-License-Identifier: MIT */
/* test_queue_select_filter - which messages postfix.hold and postfix.requeue are given by their filters */
#include <time.h>

#include "postfix/filter_args.h"
#include "queue_support.h"

/* With one row set; the others choose nothing. */
static const struct sg_value *args_of(int row, const char *text) {
        static struct sg_value args[FILTER_ARGS + 1];

        for (int i = 0; i < FILTER_ARGS; i++)
                args[i] = (struct sg_value){.type = SG_TYPE_TEXT, .text = ""};
        args[FILTER_ARG_INSTANCE].text = "-";
        args[FILTER_ARG_OLDER_THAN] = (struct sg_value){.type = SG_TYPE_DURATION};
        args[REQUEUE_ARG_LEASE] = (struct sg_value){.type = SG_TYPE_NUMBER};
        if (row != FILTER_ARG_INSTANCE)
                args[row].text = text;
        return args;
}

static struct spool_file add(struct relay *relay, const char *queue, const char *sender,
        const char *recipient, const char *another) {
        struct spool_file file;

        spool_add(&relay->spool,
                &(struct spool_message){.queue = queue,
                        .sender = sender,
                        .arrival_seconds = (uint64_t)time(NULL) - 7200,
                        .recipients = {{.address = recipient}, {.address = another}}},
                &file);
        return file;
}

static void settle(struct relay *relay) {
        relay_start(relay);
        relay_expect(relay, "queue_unreadable", "-", 0);
        relay_settle(relay);
}

static void expect(struct relay *relay, const struct sg_verb *verb, const struct sg_value *args,
        const struct spool_file *file) {
        char ids[256];

        assert_int_equal(relay_select(relay, verb, args, ids, sizeof(ids)), file ? 1 : 0);
        assert_string_equal(ids, file ? file->id : "");
}

static void hold_gets_deferred_messages_of_the_sender_and_no_others(void **state) {
        struct relay *relay = *state;
        struct spool_file bounce = add(relay, NULL, "", "a@x.test", NULL);
        struct spool_file flood = add(relay, NULL, "m@flood.test", "a@x.test", "b@y.test");
        struct spool_file broken = add(relay, NULL, "", "a@x.test", NULL);

        add(relay, "active", "", "a@x.test", NULL);
        add(relay, "incoming", "", "a@x.test", NULL);
        add(relay, "hold", "", "a@x.test", NULL);
        chmod(spool_path(&relay->spool, "deferred", broken.id), 0600);
        settle(relay);
        expect(relay, &postfix_hold, args_of(FILTER_ARG_SENDER, "<>"), &bounce);
        expect(relay, &postfix_hold, args_of(FILTER_ARG_SENDER, "flood.test"), &flood);
        expect(relay, &postfix_hold, args_of(FILTER_ARG_SENDER, "nobody.test"), NULL);
}

static void an_empty_filter_chooses_nothing(void **state) {
        struct relay *relay = *state;

        add(relay, NULL, "", "a@x.test", NULL);
        settle(relay);
        expect(relay, &postfix_hold, args_of(FILTER_ARG_INSTANCE, ""), NULL);
        expect(relay, &postfix_requeue, args_of(FILTER_ARG_INSTANCE, ""), NULL);
}

static void mail_that_also_goes_elsewhere_is_not_held_for_one_domains_sake(void **state) {
        struct relay *relay = *state;
        struct spool_file only = add(relay, NULL, NULL, "a@x.test", "b@x.test");

        add(relay, NULL, NULL, "a@x.test", "b@here.test");
        settle(relay);
        expect(relay, &postfix_hold, args_of(FILTER_ARG_DOMAIN, "x.test"), &only);
}

static void requeue_leaves_alone_what_may_have_been_delivered(void **state) {
        struct relay *relay = *state;
        struct spool_file good = add(relay, NULL, NULL, "a@x.test", NULL);
        struct spool_file risky = add(relay, NULL, NULL, "b@x.test", NULL);

        spool_defer(&relay->spool, risky.id,
                &(struct spool_deferral){.recipient = "b@x.test",
                        .status = "4.4.2",
                        .reason = "conversation with mx.x.test[192.0.2.1] timed out while sending end of "
                                  "data -- "
                                  "message may be sent more than once"});
        settle(relay);
        expect(relay, &postfix_requeue, args_of(FILTER_ARG_DOMAIN, "x.test"), &good);
}

static void requeue_gets_held_messages_only_for_a_lease(void **state) {
        struct relay *relay = *state;
        struct spool_file deferred = add(relay, NULL, "", "a@x.test", NULL);
        struct spool_file held = add(relay, "hold", "", "a@x.test", NULL);
        struct sg_value args[FILTER_ARGS + 1];

        settle(relay);
        memcpy(args, args_of(FILTER_ARG_SENDER, "<>"), sizeof(args));
        expect(relay, &postfix_requeue, args, &deferred);
        args[REQUEUE_ARG_LEASE].number = 7;
        expect(relay, &postfix_requeue, args, &held);
}

static void older_than_counts_from_the_arrival(void **state) {
        struct relay *relay = *state;
        struct spool_file file = add(relay, NULL, NULL, "a@x.test", NULL);
        struct sg_value args[FILTER_ARGS + 1];

        settle(relay);
        memcpy(args, args_of(FILTER_ARG_INSTANCE, ""), sizeof(args));
        args[FILTER_ARG_OLDER_THAN].usec = UINT64_C(7000) * 1000000;
        expect(relay, &postfix_requeue, args, &file);
        args[FILTER_ARG_OLDER_THAN].usec = UINT64_C(9000) * 1000000;
        expect(relay, &postfix_requeue, args, NULL);
}

#define WITH_RELAY(test) cmocka_unit_test_setup_teardown(test, relay_setup_leaping, relay_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                WITH_RELAY(hold_gets_deferred_messages_of_the_sender_and_no_others),
                WITH_RELAY(an_empty_filter_chooses_nothing),
                WITH_RELAY(mail_that_also_goes_elsewhere_is_not_held_for_one_domains_sake),
                WITH_RELAY(requeue_leaves_alone_what_may_have_been_delivered),
                WITH_RELAY(requeue_gets_held_messages_only_for_a_lease),
                WITH_RELAY(older_than_counts_from_the_arrival),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
