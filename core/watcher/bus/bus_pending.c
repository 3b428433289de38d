/* SPDX-License-Identifier: MIT */
/*
 * bus_pending - calls of Control whose answer is the executor's
 *
 * Runs in: watcher.  Keeps the messages of callers until the engine reports the answer with the same serial:
 * Observe, Maintenance and Reload end with the executor's yes or no, ReturnLease with what it says will happen,
 * RunPlaybook with the number of the run, which is its object path, or with the reason why there is none.
 *
 * Owns: a reference to each call and one timer each.  Fails: org.spoolguard1.Error.Timeout after ANSWER_USEC,
 * which is longer than the executor gives a loader of configurations, so that Reload is not cut short.
 *
 * Limits: WAITING_MAX calls at a time.
 */
#include "watcher/bus/bus_pending.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"
#include "watcher/bus/bus_internal.h"
#include "watcher/bus/bus_value.h"

#define WAITING_MAX 32
#define ANSWER_USEC (35 * USEC_PER_SEC)

struct pending {
        struct bus *bus;
        DBusMessage *call; /* NULL: free place */
        struct loop_timer *timer;
        uint64_t serial;
        bool is_run, with_text;
};

struct bus_pending_list {
        struct pending pending[WAITING_MAX];
};

int bus_pending_list_new(struct bus_pending_list **ret_list) {
        *ret_list = calloc(1, sizeof(**ret_list));
        return *ret_list ? 0 : -ENOMEM;
}

static void pending_end(struct pending *pending) {
        loop_timer_free(pending->timer);
        dbus_message_unref(pending->call);
        *pending = (struct pending){0};
}

struct bus_pending_list *bus_pending_list_free(struct bus_pending_list *list) {
        for (size_t i = 0; list && i < WAITING_MAX; i++)
                if (list->pending[i].call)
                        pending_end(&list->pending[i]);
        free(list);
        return NULL;
}

bool bus_pending_has_room(const struct bus_pending_list *list) {
        for (size_t i = 0; i < WAITING_MAX; i++)
                if (!list->pending[i].call)
                        return true;
        return false;
}

static struct pending *find(struct bus_pending_list *list, bool is_run, uint64_t serial) {
        for (size_t i = 0; i < WAITING_MAX; i++)
                if (list->pending[i].call && list->pending[i].is_run == is_run &&
                        list->pending[i].serial == serial)
                        return &list->pending[i];
        return NULL;
}

static void answer_consume(struct pending *pending, DBusMessage *reply) {
        bus_reply_consume(pending->bus, pending->call, reply);
        pending_end(pending);
}

static void on_timeout(struct loop_timer *timer, void *data) {
        struct pending *pending = data;

        (void)timer;
        answer_consume(pending,
                bus_error(pending->call, BUS_ERROR("Timeout"), "the executor did not answer in time"));
}

static void add(struct bus *bus, DBusMessage *call, const struct pending *terms) {
        struct pending *pending = bus->pending->pending;

        while (pending->call)
                pending++;
        *pending = *terms;
        pending->bus = bus;
        pending->call = dbus_message_ref(call);
        bus_value_done(loop_timer_new(bus->loop, "answer of the executor", loop_now(bus->loop) + ANSWER_USEC,
                               on_timeout, pending, &pending->timer) >= 0);
}

void bus_pending_lower(struct bus *bus, DBusMessage *call, uint64_t serial, bool with_text) {
        add(bus, call, &(struct pending){.serial = serial, .with_text = with_text});
}

void bus_pending_run(struct bus *bus, DBusMessage *call, uint64_t serial) {
        add(bus, call, &(struct pending){.serial = serial, .is_run = true});
}

static DBusMessage *consent(const struct pending *pending, const char *text) {
        DBusMessage *reply = bus_value_need(dbus_message_new_method_return(pending->call));
        DBusMessageIter iter;

        dbus_message_iter_init_append(reply, &iter);
        if (pending->with_text)
                bus_value_text(&iter, text);
        return reply;
}

void bus_pending_on_lower_reply(struct bus *bus, const struct wire_lower_reply *reply) {
        struct pending *pending = find(bus->pending, false, reply->serial);

        if (!pending)
                return;
        answer_consume(pending,
                reply->ok ? consent(pending, reply->text)
                          : bus_error_lines(pending->call, BUS_ERROR("Refused"),
                                    reply->text[0] ? reply->text : "the executor refused"));
}

void bus_pending_on_run(struct bus *bus, const struct run *run, bool removed) {
        struct pending *pending = find(bus->pending, true, run->serial);

        if (!pending)
                return;
        if (run->id != 0) {
                DBusMessage *reply = bus_value_need(dbus_message_new_method_return(pending->call));
                char leaf[BUS_LEAF_MAX], path[BUS_PATH_MAX];
                DBusMessageIter iter;

                bus_kind_run.leaf(run, leaf);
                bus_path_make(bus_kind_run.folder, leaf, path);
                dbus_message_iter_init_append(reply, &iter);
                bus_value_path(&iter, path);
                answer_consume(pending, reply);
        } else if (removed || run->state == RUN_ENDED) {
                answer_consume(pending,
                        bus_error(pending->call, BUS_ERROR("Refused"), "%s",
                                run->text[0] ? run->text : "the executor refused the run"));
        }
}
