/* SPDX-License-Identifier: MIT */
/*
 * bus_queue - QueueShape and QueueMessages of org.spoolguard1.Manager
 *
 * Runs in: watcher.  The questions go to whoever answers them (bus_ops.queue), after every argument was checked:
 * anybody on this host may ask.  The shape of a queue may take a sensor some turns of the loop, so the call is kept
 * until then, and nothing is begun before the bus has said who asks and that he has not hung up.  Messages are told
 * page by page, a bounded number in one turn.  Answers have IDs and domains, no addresses; domains were written by
 * strangers, so they are escaped.
 *
 * Owns: a reference to each call that waits and its timer.  The places themselves outlive the bus as long as a
 * sensor owes an answer to one of them, since a question cannot be taken back.
 * Fails: InvalidArgs; NotAvailable when nobody can answer, or not yet; Timeout after ANSWER_USEC; LimitsExceeded.
 *
 * Limits: ASKS_MAX shapes at a time, OWED_MAX of them with a sensor, CALLER_MAX of one connection, USER_MAX with a
 * sensor of one user other than root; a question that is not answered keeps its place.
 */
#include "watcher/bus/bus_queue.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"
#include "watcher/bus/bus_internal.h"
#include "watcher/bus/bus_option.h"
#include "watcher/bus/bus_sender.h"
#include "watcher/bus/bus_value.h"

#define ASKS_MAX 48
#define OWED_MAX 16
#define CALLER_MAX 4
#define USER_MAX 8
#define ANSWER_USEC (20 * USEC_PER_SEC)
#define NAMES_MAX 16
#define NAMES_TEXT_MAX 512
#define MINUTES_MAX 1000000u
#define TEXT_MAX 512
#define PAGE_MAX 1000u
/* More would take too much of one turn. */
#define TURN_MAX 200u

struct ask {
        struct bus_queue *queue;
        bool is_owed;      /* by the sensor */
        DBusMessage *call; /* NULL: nobody waits for it any more */
        struct loop_timer *timer;
        struct bus_sender *sender; /* NULL: it was told who asks */
        uint32_t uid;
        size_t n_counts; /* of each row */
};

struct bus_queue {
        struct bus *bus; /* NULL: it is gone */
        struct ask asks[ASKS_MAX];
};

struct shape_options {
        const char *instance;
        bool by_sender, linear;
        uint32_t buckets, minutes;
        uint64_t arrived_since_usec;
};

static const struct bus_option shape_table[] = {
        {"sender", DBUS_TYPE_BOOLEAN, 0, 0, offsetof(struct shape_options, by_sender)},
        {"linear", DBUS_TYPE_BOOLEAN, 0, 0, offsetof(struct shape_options, linear)},
        {"buckets", DBUS_TYPE_UINT32, 1, SG_QUEUE_BUCKETS_MAX, offsetof(struct shape_options, buckets)},
        {"minutes", DBUS_TYPE_UINT32, 1, MINUTES_MAX, offsetof(struct shape_options, minutes)},
        {"instance", DBUS_TYPE_STRING, 1, TEXT_MAX, offsetof(struct shape_options, instance)},
        {"arrived_since_usec", DBUS_TYPE_UINT64, USEC_PER_SEC, UINT64_MAX,
                offsetof(struct shape_options, arrived_since_usec)},
        {0},
};

static const struct bus_option filter_table[] = {
        {"instance", DBUS_TYPE_STRING, 1, TEXT_MAX, offsetof(struct sg_queue_filter, instance)},
        {"queue", DBUS_TYPE_STRING, 1, TEXT_MAX, offsetof(struct sg_queue_filter, queue)},
        {"domain", DBUS_TYPE_STRING, 1, TEXT_MAX, offsetof(struct sg_queue_filter, domain)},
        {"sender", DBUS_TYPE_STRING, 1, TEXT_MAX, offsetof(struct sg_queue_filter, sender)},
        {"reason", DBUS_TYPE_STRING, 1, TEXT_MAX, offsetof(struct sg_queue_filter, reason)},
        {"nexthop", DBUS_TYPE_STRING, 1, TEXT_MAX, offsetof(struct sg_queue_filter, nexthop)},
        {"older_than_usec", DBUS_TYPE_UINT64, 1, UINT64_MAX,
                offsetof(struct sg_queue_filter, older_than_usec)},
        {0},
};

/* Which argument an error is about. */
enum about { ABOUT_NONE, ABOUT_QUEUE, ABOUT_INSTANCE, ABOUT_REASON, ABOUTS };

static const struct {
        int error;
        enum about about;
        const char *name, *text;
} refusals[] = {
        {-ENODEV, ABOUT_NONE, BUS_ERROR("NotAvailable"), "no plugin follows a mail queue"},
        {-EAGAIN, ABOUT_NONE, BUS_ERROR("NotAvailable"), "not everything was read yet"},
        {-ECANCELED, ABOUT_NONE, BUS_ERROR("NotAvailable"), "the plugin that was asked has been stopped"},
        {-EBUSY, ABOUT_NONE, DBUS_ERROR_LIMITS_EXCEEDED, "too many questions at once, try again"},
        {-EINVAL, ABOUT_QUEUE, DBUS_ERROR_INVALID_ARGS,
                "there is no such queue, only maildrop, incoming, active, deferred, hold and corrupt"},
        {-ENOENT, ABOUT_INSTANCE, DBUS_ERROR_INVALID_ARGS,
                "there is no such instance; spoolguardctl queue shows them"},
        {-EDOM, ABOUT_REASON, DBUS_ERROR_INVALID_ARGS,
                "there is no such reason; spoolguardctl queue --help names them"},
};

/* `asked`: the arguments that an error can be about; NULL: they are not known any more. */
static DBusMessage *refusal(DBusMessage *call, int error, const char *const *asked) {
        for (size_t i = 0; i < ELEMENTSOF(refusals); i++) {
                const char *about = asked ? asked[refusals[i].about] : NULL;

                if (refusals[i].error == error)
                        return bus_error(call, refusals[i].name, "%s%.128s%s%s", about ? "'" : "",
                                about ? about : "", about ? "': " : "", refusals[i].text);
        }
        return bus_error(call, BUS_ERROR("NotAvailable"), "the queue cannot be told: %s", strerror(-error));
}

int bus_queue_new(struct bus *bus, struct bus_queue **ret_queue) {
        struct bus_queue *queue = calloc(1, sizeof(*queue));

        if (!queue)
                return -ENOMEM;
        queue->bus = bus;
        for (size_t i = 0; i < ASKS_MAX; i++)
                queue->asks[i].queue = queue;
        *ret_queue = queue;
        return 0;
}

static void stop_waiting(struct ask *ask) {
        ask->timer = loop_timer_free(ask->timer);
        ask->sender = bus_sender_free(ask->sender);
        if (ask->call)
                dbus_message_unref(ask->call);
        ask->call = NULL;
}

static void free_unless_owed(struct bus_queue *queue) {
        for (size_t i = 0; i < ASKS_MAX; i++)
                if (queue->asks[i].is_owed)
                        return;
        free(queue);
}

struct bus_queue *bus_queue_free(struct bus_queue *queue) {
        if (!queue)
                return NULL;
        for (size_t i = 0; i < ASKS_MAX; i++)
                stop_waiting(&queue->asks[i]);
        queue->bus = NULL;
        free_unless_owed(queue);
        return NULL;
}

static struct ask *find_room(struct bus_queue *queue, const char *sender) {
        struct ask *free_place = NULL;
        size_t n = 0;

        for (size_t i = 0; i < ASKS_MAX; i++) {
                struct ask *ask = &queue->asks[i];

                if (!ask->is_owed && !ask->call)
                        free_place = ask;
                else if (ask->call && sender && dbus_message_has_sender(ask->call, sender))
                        n++;
        }
        return n < CALLER_MAX ? free_place : NULL;
}

static bool has_share(const struct bus_queue *queue, uint32_t uid) {
        uid_t trusted = bus_connection_is_session(queue->bus->connection) ? geteuid() : 0;
        size_t n = 0, n_user = 0;

        for (size_t i = 0; i < ASKS_MAX; i++) {
                n += queue->asks[i].is_owed;
                n_user += queue->asks[i].is_owed && queue->asks[i].uid == uid;
        }
        return n < OWED_MAX && (uid == 0 || uid == trusted || n_user < USER_MAX);
}

static DBusMessage *table_of(
        DBusMessage *call, const struct sg_queue_shape_row *rows, size_t n_rows, size_t n_counts) {
        DBusMessage *reply = bus_value_need(dbus_message_new_method_return(call));
        DBusMessageIter iter, array, row, counts;

        dbus_message_iter_init_append(reply, &iter);
        bus_value_open(&iter, DBUS_TYPE_ARRAY, "(sau)", &array);
        for (size_t i = 0; i < n_rows; i++) {
                bus_value_open(&array, DBUS_TYPE_STRUCT, NULL, &row);
                bus_value_word(&row, rows[i].domain);
                bus_value_open(&row, DBUS_TYPE_ARRAY, "u", &counts);
                bus_value_done(dbus_message_iter_append_fixed_array(
                        &counts, DBUS_TYPE_UINT32, &rows[i].counts, (int)n_counts));
                bus_value_close(&row, &counts);
                bus_value_close(&array, &row);
        }
        bus_value_close(&iter, &array);
        return reply;
}

static void on_shape(int error, const struct sg_queue_shape_row *rows, size_t n_rows, void *data) {
        struct ask *ask = data;
        struct bus_queue *queue = ask->queue;

        if (ask->call)
                bus_reply_consume(queue->bus, ask->call,
                        error < 0 ? refusal(ask->call, error, NULL)
                                  : table_of(ask->call, rows, n_rows, ask->n_counts));
        stop_waiting(ask);
        ask->is_owed = false;
        if (!queue->bus)
                free_unless_owed(queue);
}

static void on_timeout(struct loop_timer *timer, void *data) {
        struct ask *ask = data;

        (void)timer;
        bus_reply_consume(ask->queue->bus, ask->call,
                bus_error(ask->call, BUS_ERROR("Timeout"), "the queue was not told in time"));
        stop_waiting(ask);
}

/* Splits `text` in place; false: too many. */
static bool split(char *text, const char *names[static NAMES_MAX + 1]) {
        char *rest = NULL;
        size_t n = 0;

        for (char *name = strtok_r(text, " ,\t\n", &rest); name; name = strtok_r(NULL, " ,\t\n", &rest)) {
                if (n == NAMES_MAX)
                        return false;
                names[n++] = name;
        }
        names[n] = NULL;
        return true;
}

struct shape_question {
        struct shape_options options;
        const char *text, *names[NAMES_MAX + 1];
        char buffer[NAMES_TEXT_MAX];
        uint32_t limit;
};

/* What it returns in `ret_question` points into that and into the call. */
static DBusMessage *parse_shape(DBusMessage *call, struct shape_question *ret_question) {
        struct shape_question *question = ret_question;
        DBusMessageIter iter;

        *question = (struct shape_question){.options = {.buckets = 10, .minutes = 5}};
        dbus_message_iter_init(call, &iter);
        dbus_message_iter_get_basic(&iter, &question->text);
        dbus_message_iter_next(&iter);
        dbus_message_iter_get_basic(&iter, &question->limit);
        dbus_message_iter_next(&iter);
        const char *text =
                question->text[strspn(question->text, " ,\t\n")] ? question->text : "incoming active";

        if (question->limit > SG_QUEUE_ROWS_MAX)
                return bus_error(call, DBUS_ERROR_INVALID_ARGS, "'limit' must be at most %u; 0 is that, too",
                        SG_QUEUE_ROWS_MAX);
        if (!text_copy(question->buffer, sizeof(question->buffer), text) ||
                !split(question->buffer, question->names))
                return bus_error(call, DBUS_ERROR_INVALID_ARGS,
                        "'queue' must be at most %d names of queues, apart by blanks or commas", NAMES_MAX);
        return bus_option_parse(call, &iter, shape_table, &question->options);
}

/* Returns the error to answer with; NULL: the sensor answers, or has. */
static DBusMessage *ask_sensor(struct ask *ask) {
        struct bus *bus = ask->queue->bus;
        DBusMessage *call = ask->call;
        struct shape_question question;
        DBusMessage *error = parse_shape(call, &question);

        if (error)
                return error;
        const char *const asked[ABOUTS] = {
                [ABOUT_QUEUE] = question.text, [ABOUT_INSTANCE] = question.options.instance};
        const struct sg_queue_shape shape = {.instance = question.options.instance,
                .queues = question.names,
                .by_sender = question.options.by_sender,
                .linear = question.options.linear,
                .buckets = question.options.buckets,
                .bucket_minutes = question.options.minutes,
                .limit = question.limit,
                .arrived_since_usec = question.options.arrived_since_usec};

        /* Before it is asked: it may answer from within. */
        ask->is_owed = true;
        ask->n_counts = 1 + (size_t)shape.buckets;
        int r = bus->ops.queue.shape ? bus->ops.queue.shape(bus->data, &shape, on_shape, ask) : -ENODEV;

        if (r >= 0)
                return NULL;
        ask->is_owed = false;
        return refusal(call, r, asked);
}

static void on_sender(bool is_here, uint32_t uid, void *data) {
        struct ask *ask = data;
        struct bus *bus = ask->queue->bus;

        ask->sender = bus_sender_free(ask->sender);
        if (!is_here) {
                stop_waiting(ask);
                return;
        }
        bool has_room = has_share(ask->queue, uid);

        ask->uid = uid;
        DBusMessage *error = has_room ? ask_sensor(ask) : refusal(ask->call, -EBUSY, NULL);

        if (error) {
                bus_reply_consume(bus, ask->call, error);
                stop_waiting(ask);
        }
}

DBusMessage *bus_queue_shape(struct bus *bus, const struct bus_target *target, DBusMessage *call) {
        /* First: in a flood nothing else is done for a call. */
        struct ask *ask = find_room(bus->queue, dbus_message_get_sender(call));
        struct shape_question question;

        (void)target;
        if (!ask)
                return refusal(call, -EBUSY, NULL);
        DBusMessage *error = parse_shape(call, &question);

        if (error)
                return error;
        ask->call = dbus_message_ref(call);
        bus_value_done(loop_timer_new(bus->loop, "answer of the queue's sensor",
                               loop_now(bus->loop) + ANSWER_USEC, on_timeout, ask, &ask->timer) >= 0);
        int r = bus_sender_ask(bus, call, on_sender, ask, &ask->sender);

        if (r >= 0)
                return NULL;
        stop_waiting(ask);
        return refusal(call, r, NULL);
}

static void entry_word(DBusMessageIter *dict, const char *key, const char *word) {
        if (word)
                bus_value_entry_word(dict, key, word);
}

static void entry_time(DBusMessageIter *dict, const char *key, uint64_t seconds) {
        if (seconds != 0)
                bus_value_entry_u64(dict, key, seconds * USEC_PER_SEC);
}

static void append_envelope(DBusMessageIter *dict, const struct sg_queue_message *message) {
        /* Nothing of it was read: no recipients are not "all done". */
        if (!message->sender && message->recipients == 0)
                return;
        bus_value_entry_u32(dict, "Recipients", message->recipients);
        entry_word(dict, "Sender", message->sender);
        if (message->domains)
                bus_value_entry_words(dict, "Domains", message->domains);
        if (message->nexthops)
                bus_value_entry_words(dict, "NextHops", message->nexthops);
}

static void append_message(const struct sg_queue_message *message, void *data) {
        DBusMessageIter *array = data, dict;

        bus_value_open(array, DBUS_TYPE_ARRAY, "{sv}", &dict);
        entry_word(&dict, "Instance", message->instance);
        entry_word(&dict, "Queue", message->queue);
        entry_word(&dict, "Id", message->id);
        entry_time(&dict, "ArrivalUSec", message->arrival);
        entry_time(&dict, "CreatedUSec", message->created);
        entry_time(&dict, "RetryUSec", message->retry);
        bus_value_entry_u64(&dict, "SizeBytes", message->size_bytes);
        append_envelope(&dict, message);
        entry_word(&dict, "Reason", message->reason);
        entry_word(&dict, "Status", message->status);
        bus_value_entry_bool(&dict, "Complete", message->complete);
        bus_value_entry_bool(&dict, "Postponed", message->postponed);
        bus_value_entry_bool(&dict, "DuplicateRisk", message->duplicate_risk);
        bus_value_close(array, &dict);
}

DBusMessage *bus_queue_messages(struct bus *bus, const struct bus_target *target, DBusMessage *call) {
        struct sg_queue_filter filter = {0};
        DBusMessageIter iter, list, array;
        uint64_t cursor, next = 0;
        uint32_t max;

        (void)target;
        dbus_message_iter_init(call, &iter);
        dbus_message_iter_get_basic(&iter, &cursor);
        dbus_message_iter_next(&iter);
        dbus_message_iter_get_basic(&iter, &max);
        dbus_message_iter_next(&iter);
        if (max == 0 || max > PAGE_MAX)
                return bus_error(call, DBUS_ERROR_INVALID_ARGS, "'max' must be 1 to %u", PAGE_MAX);
        DBusMessage *error = bus_option_parse(call, &iter, filter_table, &filter);

        if (error)
                return error;
        if (!bus->ops.queue.list)
                return refusal(call, -ENODEV, NULL);
        /* The new cursor stands in front of the messages, and is known behind them: so they are written twice. */
        DBusMessage *page = bus_value_need(dbus_message_new_method_return(call)), *reply;

        dbus_message_iter_init_append(page, &list);
        bus_value_open(&list, DBUS_TYPE_ARRAY, "a{sv}", &array);
        int r = bus->ops.queue.list(
                bus->data, &filter, cursor, max < TURN_MAX ? max : TURN_MAX, append_message, &array, &next);

        bus_value_close(&list, &array);
        if (r < 0) {
                reply = refusal(call, r,
                        (const char *const[ABOUTS]){[ABOUT_QUEUE] = filter.queue,
                                [ABOUT_INSTANCE] = filter.instance,
                                [ABOUT_REASON] = filter.reason});
        } else {
                reply = bus_value_need(dbus_message_new_method_return(call));
                dbus_message_iter_init_append(reply, &iter);
                bus_value_u64(&iter, next);
                dbus_message_iter_init(page, &list);
                bus_value_copy(&iter, &list);
        }
        dbus_message_unref(page);
        return reply;
}
