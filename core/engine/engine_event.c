/* SPDX-License-Identifier: MIT */
/*
 * engine_event - tell the observer what changed, in order and never from inside the change
 *
 * Runs in the watcher and in simulations.  Owns a queue of events and what they own: a copy of the action, or the
 * run or incident that is gone, which lives until the observer heard so.  The queue is emptied in a deferred call,
 * in which the observer may call every getter and ask for runs.
 *
 * Conditions are removed right after their last event, so their events are not queued but delivered at once:
 * those come from a deferred call already.
 *
 * Fails quietly but for a line in the log when there is no memory for an event: the observer then shows an old
 * state until the next change.
 */
#include <stdlib.h>

#include "base/log.h"
#include "engine/engine_private.h"

struct queued_event {
        struct queued_event *next;
        struct engine_event event;
        void *owned;
};

static void tell(struct engine *engine, const struct engine_event *event) {
        if (engine->ops->on_event)
                engine->ops->on_event(event, engine->data);
}

static struct queued_event *dequeue(struct engine *engine) {
        struct queued_event *first = engine->events;

        if (first) {
                engine->events = first->next;
                if (!engine->events)
                        engine->events_end = &engine->events;
        }
        return first;
}

static void deliver_all(struct engine *engine) {
        struct queued_event *queued;

        while ((queued = dequeue(engine))) {
                tell(engine, &queued->event);
                free(queued->owned);
                free(queued);
        }
}

static void on_deliver(struct loop_defer *defer, void *data) {
        (void)defer;
        deliver_all(data);
}

int engine_event_init(struct engine *engine) {
        engine->events_end = &engine->events;
        return loop_defer_new(engine->loop, "engine events", on_deliver, engine, &engine->deliver);
}

void engine_event_deinit(struct engine *engine) {
        struct queued_event *queued;

        loop_defer_free(engine->deliver);
        while ((queued = dequeue(engine))) {
                free(queued->owned);
                free(queued);
        }
}

void engine_event_queue(struct engine *engine, struct engine_event event, void *owned) {
        struct queued_event *queued = malloc(sizeof(*queued));

        if (!queued) {
                /* `owned` stays allocated: events before this one may still point into it. */
                log_error("no memory to tell of a change");
                return;
        }
        *queued = (struct queued_event){.event = event, .owned = owned};
        *engine->events_end = queued;
        engine->events_end = &queued->next;
        loop_defer_arm(engine->deliver);
}

void engine_event_now(struct engine *engine, struct engine_event event) {
        deliver_all(engine);
        tell(engine, &event);
}
