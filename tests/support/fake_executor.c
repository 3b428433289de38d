/* SPDX-License-Identifier: MIT */
/*
 * fake_executor - answers like the executor, but from a table and in simulated time
 *
 * Runs in tests.  Owns the replies that are under way, each with its timer.  It admits everything and every
 * action is done at once unless the test's functions say otherwise; it keeps no budget.
 */
#include "fake_executor.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"

#define ANSWER_USEC (2 * USEC_PER_MSEC)

struct fake_reply {
        struct fake_reply *next;
        struct fake_executor *fake;
        struct loop_timer *timer;
        struct wire_message message;
};

static void on_reply(struct loop_timer *timer, void *data) {
        struct fake_reply *reply = data;
        struct fake_executor *fake = reply->fake;
        struct fake_reply **link = &fake->replies;

        while (*link != reply)
                link = &(*link)->next;
        *link = reply->next;
        loop_timer_free(timer);
        engine_receive(fake->engine, &reply->message);
        free(reply);
}

static struct wire_message *answer(struct fake_executor *fake, enum wire_type type, uint64_t after_usec) {
        struct fake_reply *reply = calloc(1, sizeof(*reply));

        if (!reply ||
                loop_timer_new(fake->loop, "reply", loop_now(fake->loop) + after_usec, on_reply, reply,
                        &reply->timer) < 0)
                abort();
        reply->fake = fake;
        reply->message.type = type;
        reply->next = fake->replies;
        fake->replies = reply;
        return &reply->message;
}

void fake_executor_init(struct fake_executor *fake, struct loop *loop) {
        memset(fake, 0, sizeof(*fake));
        fake->loop = loop;
        fake->next_incident = fake->next_run = fake->next_action = 1;
        fake->action_usec = 100 * USEC_PER_MSEC;
}

void fake_executor_deinit(struct fake_executor *fake) {
        while (fake->replies) {
                struct fake_reply *reply = fake->replies;

                fake->replies = reply->next;
                loop_timer_free(reply->timer);
                free(reply);
        }
}

static char *trace(struct fake_executor *fake) {
        if (fake->n_trace == FAKE_TRACE_MAX)
                abort();
        return fake->trace[fake->n_trace++];
}

static void on_open(struct fake_executor *fake, const struct wire_message *message) {
        struct wire_message *reply = answer(fake, WIRE_INCIDENT_REPLY, ANSWER_USEC);

        text_format(trace(fake), 512, "open %s", message->incident_open.condition);
        reply->incident_reply.serial = message->incident_open.serial;
        reply->incident_reply.incident = fake->next_incident++;
        reply->incident_reply.since_usec = loop_realtime(fake->loop);
}

static void on_note(struct fake_executor *fake, const struct wire_message *message) {
        text_format(trace(fake), 512, "%s %s", message->incident_note.kind, message->incident_note.text);
}

static void on_close(struct fake_executor *fake, const struct wire_message *message) {
        text_format(trace(fake), 512, "close %s", message->incident_close.text);
}

static void on_begin(struct fake_executor *fake, const struct wire_message *message) {
        const struct wire_run_begin *begin = &message->run_begin;
        struct wire_message *reply = answer(fake, WIRE_RUN_REPLY, ANSWER_USEC);
        struct wire_run_reply *run = &reply->run_reply;

        text_format(trace(fake), 512, "run %s%s", begin->playbook, begin->by_hand ? " by hand" : "");
        *run = (struct wire_run_reply){.serial = begin->serial, .verdict = WIRE_GO, .observe = fake->observe};
        if (fake->admit)
                fake->admit(fake, begin, run);
        if (run->verdict != WIRE_GO)
                return;
        run->run = fake->next_run++;
        text_copy(fake->playbook_of[run->run % 64], WIRE_NAME_MAX, begin->playbook);
        fake->incident_of[run->run % 64] = begin->incident;
}

static void on_request(struct fake_executor *fake, const struct wire_message *message) {
        const struct wire_action_request *request = &message->action_request;
        struct wire_action_finished end = {
                .serial = request->serial,
                .run = request->run,
                .action = fake->next_action++,
                .incident = fake->incident_of[request->run % 64],
                .finished_usec = loop_realtime(fake->loop) + fake->action_usec,
                .status = fake->observe ? WIRE_WOULD_HAVE : WIRE_DONE,
        };
        char *line = trace(fake);

        text_format(line, 512, "act %s", request->verb);
        for (size_t i = 0; i < request->n_args; i++)
                text_format(line + strlen(line), 512 - strlen(line), " %s=%s", request->args[i].name,
                        request->args[i].text);
        if (fake->act)
                fake->act(fake, request, &end);
        if (end.action != 0) {
                struct wire_action_started *started =
                        &answer(fake, WIRE_ACTION_STARTED, ANSWER_USEC)->action_started;

                started->serial = end.serial;
                started->run = end.run;
                started->action = end.action;
                started->incident = end.incident;
                started->started_usec = loop_realtime(fake->loop);
                text_copy(started->playbook, WIRE_NAME_MAX, fake->playbook_of[end.run % 64]);
                text_copy(started->verb, WIRE_NAME_MAX, request->verb);
        }
        answer(fake, WIRE_ACTION_FINISHED, fake->action_usec)->action_finished = end;
}

static void on_end(struct fake_executor *fake, const struct wire_message *message) {
        text_format(trace(fake), 512, "end %s %s", fake->playbook_of[message->run_end.run % 64],
                message->run_end.result);
}

static void on_escalate(struct fake_executor *fake, const struct wire_message *message) {
        text_format(trace(fake), 512, "escalate %s %s", message->escalate.reason, message->escalate.text);
}

static void on_lower(struct fake_executor *fake, const struct wire_message *message) {
        struct wire_message *reply = answer(fake, WIRE_LOWER_REPLY, ANSWER_USEC);

        text_format(trace(fake), 512, "lower %u by %s", message->lower.kind, message->lower.who);
        reply->lower_reply.serial = message->lower.serial;
        reply->lower_reply.ok = true;
}

int fake_executor_send(const struct wire_message *message, void *data) {
        static const struct {
                enum wire_type type;
                void (*handle)(struct fake_executor *fake, const struct wire_message *message);
        } handlers[] = {
                {WIRE_INCIDENT_OPEN, on_open},
                {WIRE_INCIDENT_NOTE, on_note},
                {WIRE_INCIDENT_CLOSE, on_close},
                {WIRE_RUN_BEGIN, on_begin},
                {WIRE_ACTION_REQUEST, on_request},
                {WIRE_RUN_END, on_end},
                {WIRE_ESCALATE, on_escalate},
                {WIRE_LOWER, on_lower},
        };
        struct fake_executor *fake = data;

        fake->last = *message;
        for (size_t i = 0; i < ELEMENTSOF(handlers) && !fake->silent; i++)
                if (handlers[i].type == message->type)
                        handlers[i].handle(fake, message);
        return 0;
}

void fake_executor_welcome(struct fake_executor *fake, uint64_t incident, const char *title,
        const char *conditions, bool escalated) {
        struct wire_message welcome = {.type = WIRE_WELCOME}, state = {.type = WIRE_STATE};
        struct wire_message past = {.type = WIRE_PAST_INCIDENT}, end = {.type = WIRE_WELCOME_END};

        if (incident != 0) {
                welcome.welcome.incident = past.past_incident.incident = incident;
                welcome.welcome.incident_since_usec = past.past_incident.since_usec =
                        loop_realtime(fake->loop);
                welcome.welcome.incident_escalated = past.past_incident.escalated = escalated;
                text_copy(welcome.welcome.incident_title, WIRE_TEXT_MAX, title);
                text_copy(past.past_incident.title, WIRE_TEXT_MAX, title);
                text_copy(past.past_incident.conditions, WIRE_LONG_MAX, conditions);
        }
        state.state.mode = fake->observe ? CONFIG_MODE_OBSERVE : CONFIG_MODE_ENFORCE;
        engine_receive(fake->engine, &welcome);
        engine_receive(fake->engine, &state);
        if (incident != 0)
                engine_receive(fake->engine, &past);
        engine_receive(fake->engine, &end);
}

size_t fake_executor_count(const struct fake_executor *fake, const char *prefix) {
        size_t n = 0;

        for (size_t i = 0; i < fake->n_trace; i++)
                n += strncmp(fake->trace[i], prefix, strlen(prefix)) == 0;
        return n;
}

int fake_executor_find(const struct fake_executor *fake, const char *prefix) {
        for (size_t i = 0; i < fake->n_trace; i++)
                if (strncmp(fake->trace[i], prefix, strlen(prefix)) == 0)
                        return (int)i;
        return -1;
}
