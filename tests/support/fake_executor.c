/* SPDX-License-Identifier: MIT */
/*
 * fake_executor - answers like the executor, but from a table and in simulated time
 *
 * Runs in tests.  Owns the replies that are under way and the leases, each with its timer.  It admits everything and
 * every action is done at once unless the test's functions say otherwise; it keeps no budget.
 */
#include "fake_executor.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"

#define ANSWER_USEC (2 * USEC_PER_MSEC)
#define UNDO_USEC (2 * USEC_PER_SEC)

struct fake_reply {
        struct fake_reply *next;
        struct fake_executor *fake;
        struct loop_timer *timer;
        struct wire_message message;
        uint64_t lease; /* in force with the end of this action; 0: none */
};

static void on_reply(struct loop_timer *timer, void *data) {
        struct fake_reply *reply = data;
        struct fake_executor *fake = reply->fake;
        struct fake_reply **link = &fake->replies;

        while (*link != reply)
                link = &(*link)->next;
        *link = reply->next;
        loop_timer_free(timer);
        if (reply->message.type == WIRE_ACTION_FINISHED) {
                if (fake->done)
                        fake->done(fake, &reply->message.action_finished);
                if (reply->lease != 0)
                        fake_executor_lease(fake, reply->lease, WIRE_LEASE_IN_FORCE);
        }
        engine_receive(fake->engine, &reply->message);
        free(reply);
}

static struct fake_reply *reply_new(struct fake_executor *fake, enum wire_type type, uint64_t after_usec) {
        struct fake_reply *reply = calloc(1, sizeof(*reply));

        if (!reply ||
                loop_timer_new(fake->loop, "reply", loop_now(fake->loop) + after_usec, on_reply, reply,
                        &reply->timer) < 0)
                abort();
        reply->fake = fake;
        reply->message.type = type;
        reply->next = fake->replies;
        fake->replies = reply;
        return reply;
}

static struct wire_message *answer(struct fake_executor *fake, enum wire_type type, uint64_t after_usec) {
        return &reply_new(fake, type, after_usec)->message;
}

void fake_executor_init(struct fake_executor *fake, struct loop *loop) {
        memset(fake, 0, sizeof(*fake));
        fake->loop = loop;
        fake->next_incident = fake->next_run = fake->next_action = 1;
        fake->action_usec = 100 * USEC_PER_MSEC;
        fake->slice_usec = 15 * USEC_PER_MINUTE;
}

void fake_executor_deinit(struct fake_executor *fake) {
        for (size_t i = 0; i < FAKE_LEASES_MAX; i++)
                fake->leases[i].timer = loop_timer_free(fake->leases[i].timer);
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

struct wire_lease *fake_executor_find_lease(struct fake_executor *fake, uint64_t number) {
        for (size_t i = 0; number != 0 && i < FAKE_LEASES_MAX; i++)
                if (fake->leases[i].lease.lease == number)
                        return &fake->leases[i].lease;
        return NULL;
}

static void on_lease_timer(struct loop_timer *timer, void *data) {
        struct fake_lease *held = data;
        enum wire_lease_state state = (enum wire_lease_state)held->lease.state;

        (void)timer;
        fake_executor_lease(held->fake, held->lease.lease,
                state == WIRE_LEASE_IN_FORCE         ? WIRE_LEASE_LAPSED
                        : state == WIRE_LEASE_LAPSED ? WIRE_LEASE_ENDING
                                                     : WIRE_LEASE_ENDED);
}

/* When a lease that is held now lapses; 0: never, it lasts until it is undone. */
static uint64_t expires_usec(const struct fake_executor *fake) {
        return fake->slice_usec ? loop_realtime(fake->loop) + fake->slice_usec : 0;
}

void fake_executor_lease(struct fake_executor *fake, uint64_t number, enum wire_lease_state state) {
        struct fake_lease *held = (struct fake_lease *)fake_executor_find_lease(fake, number);
        struct wire_message message = {.type = WIRE_LEASE};
        uint64_t next_usec = state == WIRE_LEASE_ENDING ? UNDO_USEC : fake->slice_usec;

        if (!held)
                abort();
        held->lease.state = state;
        if (state == WIRE_LEASE_IN_FORCE)
                held->lease.expires_usec = expires_usec(fake);
        if (!held->timer &&
                loop_timer_new(fake->loop, "lease", USEC_NEVER, on_lease_timer, held, &held->timer) < 0)
                abort();
        loop_timer_arm(held->timer,
                state == WIRE_LEASE_TAKING || state == WIRE_LEASE_ENDED || next_usec == 0
                        ? USEC_NEVER
                        : loop_now(fake->loop) + next_usec);
        message.lease = held->lease;
        if (state == WIRE_LEASE_ENDED)
                held->lease.lease = 0;
        text_format(
                trace(fake), 512, "lease %llu %s", (unsigned long long)number, wire_lease_state_name(state));
        engine_receive(fake->engine, &message);
}

static const char *arg_of(const struct wire_pair *args, size_t n_args, const char *name) {
        for (size_t i = 0; i < n_args; i++)
                if (strcmp(args[i].name, name) == 0)
                        return args[i].text;
        return "";
}

/* Asked for again, with its arguments in whatever order. */
static bool is_same_change(const struct wire_lease *lease, const struct wire_action_request *request) {
        if (lease->lease == 0 || strcmp(lease->verb, request->verb) != 0 || lease->n_args != request->n_args)
                return false;
        for (size_t i = 0; i < request->n_args; i++)
                if (strcmp(arg_of(lease->args, lease->n_args, request->args[i].name),
                            request->args[i].text) != 0)
                        return false;
        return true;
}

/* The lease that an action takes, known to the executor from its beginning; the same action again renews it. */
static uint64_t take_lease(
        struct fake_executor *fake, const struct wire_action_request *request, uint64_t count) {
        for (size_t i = 0; i < FAKE_LEASES_MAX; i++)
                if (is_same_change(&fake->leases[i].lease, request)) {
                        fake->leases[i].lease.count = count;
                        return fake->leases[i].lease.lease;
                }
        for (size_t i = 0; i < FAKE_LEASES_MAX; i++) {
                struct wire_lease *lease = &fake->leases[i].lease;

                if (lease->lease != 0)
                        continue;
                fake->leases[i].fake = fake;
                *lease = (struct wire_lease){
                        .lease = ++fake->last_lease,
                        .incident = fake->incident_of[request->run % 64],
                        .count = count,
                        .since_usec = loop_realtime(fake->loop),
                        .expires_usec = expires_usec(fake),
                        .state = WIRE_LEASE_TAKING,
                        .n_args = request->n_args,
                };
                memcpy(lease->args, request->args, sizeof(lease->args));
                text_copy(lease->verb, sizeof(lease->verb), request->verb);
                text_copy(lease->owner, sizeof(lease->owner), fake->playbook_of[request->run % 64]);
                text_copy(lease->until_clear, sizeof(lease->until_clear), request->until_clear);
                text_copy(lease->reason, sizeof(lease->reason), request->reason);
                return lease->lease;
        }
        abort();
}

static void on_renew(struct fake_executor *fake, const struct wire_message *message) {
        uint64_t number = message->lease_renew.lease;

        text_format(trace(fake), 512, "renew %llu", (unsigned long long)number);
        if (fake_executor_find_lease(fake, number))
                fake_executor_lease(fake, number, WIRE_LEASE_IN_FORCE);
}

static void on_lease_end(struct fake_executor *fake, const struct wire_message *message) {
        uint64_t number = message->lease_end.lease;

        text_format(
                trace(fake), 512, "lease-end %llu %s", (unsigned long long)number, message->lease_end.text);
        if (fake_executor_find_lease(fake, number))
                fake_executor_lease(fake, number, WIRE_LEASE_ENDING);
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
        struct fake_reply *reply = reply_new(fake, WIRE_ACTION_FINISHED, fake->action_usec);
        reply->message.action_finished = end;
        if (*request->until_clear && end.status == WIRE_DONE)
                reply->lease = take_lease(fake, request, end.count);
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
                {WIRE_LEASE_RENEW, on_renew},
                {WIRE_LEASE_END, on_lease_end},
        };
        struct fake_executor *fake = data;

        fake->last = *message;
        for (size_t i = 0; i < ELEMENTSOF(handlers) && !fake->silent; i++)
                if (handlers[i].type == message->type)
                        handlers[i].handle(fake, message);
        return 0;
}

ssize_t fake_executor_send_selected(const struct wire_message *message, const char *verb,
        const struct wire_pair *args, size_t n_args, void *data) {
        struct fake_executor *fake = data;
        ssize_t n = fake->select ? fake->select(fake, message, verb, args, n_args) : 1;

        if (n > 0)
                fake_executor_send(message, data);
        return n;
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
                text_copy(
                        past.past_incident.diagnosis, WIRE_TEXT_MAX, fake->diagnosis ? fake->diagnosis : "");
                text_copy(past.past_incident.conditions, WIRE_LONG_MAX, conditions);
        }
        state.state.mode = fake->observe ? CONFIG_MODE_OBSERVE : CONFIG_MODE_ENFORCE;
        engine_receive(fake->engine, &welcome);
        engine_receive(fake->engine, &state);
        if (incident != 0)
                engine_receive(fake->engine, &past);
        for (size_t i = 0; i < FAKE_LEASES_MAX; i++) {
                struct wire_message lease = {.type = WIRE_LEASE, .lease = fake->leases[i].lease};

                if (lease.lease.lease != 0)
                        engine_receive(fake->engine, &lease);
        }
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
