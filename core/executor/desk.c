/* SPDX-License-Identifier: MIT */
/*
 * desk - the only place where messages of the watcher are handled
 *
 * Runs in: executor.  Owns what the watcher's requests lead to: admitted runs, actions at work, notify commands.
 * The watcher is treated as a stranger: numbers of incidents and runs are ours, arguments are parsed against the
 * verb's own table, every request is decided anew by admit.c from the ledger, and "no" is an answer like any
 * other.  The handlers are in desk_incident.c, desk_run.c, desk_action.c, desk_lease.c, desk_lease_work.c and
 * desk_orders.c.
 *
 * When a watcher dies its runs end as interrupted, but an action at work goes on and its outcome is recorded and
 * told to the next watcher.
 *
 * Fails: a watcher that speaks before its HELLO, or twice says HELLO, is ended.  Nothing it sends is fatal.
 * Limits: 8 runs of root wait to be begun; the same denial is written once an hour and counted in between.
 */
#include "executor/desk_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"

#define MEND_USEC (10 * USEC_PER_SEC)

static void on_notified(uint64_t incident, const char *status, void *data) {
        struct desk *desk = data;
        struct book_entry entry = book_entry_new("notified");

        log_info("the notify command ended: %s", status);
        book_number(&entry, "incident", incident);
        book_text(&entry, "status", status);
        book_write(desk->book, &entry);
}

static void on_lease_timer(struct loop_timer *timer, void *data) {
        (void)timer;
        desk_look_at_leases(data);
}

static bool is_told(const struct desk *desk) {
        return recorder_place(book_recorder(desk->book)) == desk->told_place &&
                lease_store_place(desk->leases) == desk->told_leases_place;
}

/* While the disk takes nothing it is tried again and again: whoever heals it may not know of us. */
static void look_at_disk(struct desk *desk) {
        book_mend(desk->book);
        lease_store_mend(desk->leases);
        if (!is_told(desk))
                desk_tell_state(desk);
        loop_timer_arm(desk->disk_timer, loop_now(desk->loop) + MEND_USEC);
}

static void on_disk_timer(struct loop_timer *timer, void *data) {
        (void)timer;
        look_at_disk(data);
}

int desk_new(const struct desk_setup *setup, struct desk **ret_desk) {
        struct desk *desk = calloc(1, sizeof(*desk));
        int r;

        if (!desk)
                return -ENOMEM;
        *desk = (struct desk){.loop = setup->loop,
                .book = setup->book,
                .ledger = book_ledger(setup->book),
                .leases = setup->leases,
                .started_usec = loop_realtime(setup->loop),
                .plugins = setup->plugins,
                .root = strdup(setup->root),
                .ops = setup->ops,
                .data = setup->data,
                .told_place = recorder_place(book_recorder(setup->book)),
                .told_leases_place = lease_store_place(setup->leases)};
        r = desk->root ? notify_new(setup->loop, setup->user, on_notified, desk, &desk->notify) : -ENOMEM;
        if (r == 0)
                r = loop_timer_new(
                        setup->loop, "leases", USEC_NEVER, on_lease_timer, desk, &desk->lease_timer);
        if (r == 0)
                r = loop_timer_new(setup->loop, "state on disk", loop_now(setup->loop) + MEND_USEC,
                        on_disk_timer, desk, &desk->disk_timer);
        if (r < 0) {
                desk_free(desk);
                return r;
        }
        *ret_desk = desk;
        return 0;
}

struct desk *desk_free(struct desk *desk) {
        if (!desk)
                return NULL;
        for (size_t i = 0; i < ADMIT_CHILDREN; i++)
                desk_action_free(desk->actions[i]);
        for (size_t i = 0; i < DESK_LEASE_WORKS; i++)
                desk_lease_work_free(desk->lease_works[i]);
        loop_timer_free(desk->lease_timer);
        loop_timer_free(desk->disk_timer);
        notify_free(desk->notify);
        free(desk->root);
        free(desk);
        return NULL;
}

void desk_set_config(struct desk *desk, const struct config *config, uint32_t generation) {
        desk->config = config;
        desk->generation = generation;
        desk_tell_state(desk);
}

void desk_set_trouble(struct desk *desk, const char *text) {
        TEXT_COPY(desk->trouble, text);
        desk_tell_state(desk);
}

void desk_send(struct desk *desk, const struct wire_message *message) {
        if (desk->channel && desk->greeted)
                channel_send(desk->channel, message);
}

static const char *degraded(const struct desk *desk) {
        const char *recorder = recorder_trouble(book_recorder(desk->book));
        const char *leases = lease_store_trouble(desk->leases);

        if (*recorder)
                return recorder;
        return *leases ? leases : desk->trouble;
}

void desk_tell_state(struct desk *desk) {
        struct wire_message message = {.type = WIRE_STATE};

        desk->told_place = recorder_place(book_recorder(desk->book));
        desk->told_leases_place = lease_store_place(desk->leases);
        message.state.mode = desk_mode(desk);
        message.state.maintenance_until_usec =
                desk->ledger->maintenance_until_usec > loop_realtime(desk->loop)
                ? desk->ledger->maintenance_until_usec
                : 0;
        message.state.degraded = *degraded(desk) != '\0';
        TEXT_COPY(message.state.text, degraded(desk));
        desk_send(desk, &message);
        desk_tell_playbook(desk, NULL);
        desk->ops->changed(desk->data);
}

/* What it would be told if it asked for a run now. */
static void tell_rest(const struct desk *desk, const struct config_playbook *playbook,
        const struct ledger_playbook *past, struct wire_playbook_state *state) {
        struct budget_limit limit = desk_limit(playbook), attempts = desk_attempts(playbook);
        bool observe = state->mode != CONFIG_MODE_ENFORCE;
        uint64_t now = loop_realtime(desk->loop);
        uint64_t spent = budget_until(&past->acted, &limit, observe, now);
        uint64_t worn = budget_until(&past->begun, &attempts, observe, now);
        uint64_t cooling = budget_cooldown_until(&past->acted, &limit, observe, now);

        spent = worn > spent ? worn : spent;
        if (spent > now) {
                state->verdict = WIRE_SPENT;
                state->until_usec = spent;
        } else if (cooling > now) {
                state->verdict = WIRE_COOLDOWN;
                state->until_usec = cooling;
        }
}

void desk_tell_playbook(struct desk *desk, const char *name) {
        for (size_t i = 0; desk->config && i < desk->config->n_playbooks; i++) {
                const struct config_playbook *playbook = &desk->config->playbooks[i];
                const struct ledger_playbook *past = ledger_playbook(desk->ledger, playbook->name);
                struct wire_message message = {.type = WIRE_PLAYBOOK_STATE};

                if (name && strcmp(name, playbook->name) != 0)
                        continue;
                TEXT_COPY(message.playbook_state.playbook, playbook->name);
                message.playbook_state.mode = admit_lower_mode(desk_mode(desk), playbook->mode);
                message.playbook_state.verdict = WIRE_GO;
                if (past) {
                        message.playbook_state.quarantined = past->quarantined;
                        message.playbook_state.runs = past->runs;
                        message.playbook_state.would_have_run = past->would_have_run;
                        message.playbook_state.last_run_usec = past->last_run_usec;
                        tell_rest(desk, playbook, past, &message.playbook_state);
                }
                desk_send(desk, &message);
        }
}

void desk_facts(
        const struct desk *desk, const struct config_playbook *playbook, struct admit_rules *ret_rules) {
        const struct ledger_playbook *past = playbook ? ledger_playbook(desk->ledger, playbook->name) : NULL;

        *ret_rules = (struct admit_rules){.host_mode = desk_mode(desk),
                .playbook_mode = playbook ? playbook->mode : CONFIG_MODE_OFF,
                .quarantined = past && past->quarantined,
                .maintenance_until_usec = desk->ledger->maintenance_until_usec,
                .now_usec = loop_realtime(desk->loop)};
}

bool desk_denial_is_news(
        struct desk *desk, const char *who, const char *what, const char *text, uint64_t *ret_repeated) {
        uint32_t key = record_sum(
                record_sum(record_sum(0, who, strlen(who)), what, strlen(what)), text, strlen(text));
        uint64_t now = loop_now(desk->loop);
        size_t oldest = 0, i;

        for (i = 0; i < DESK_DENIALS_MAX && desk->denials[i].key != key; i++)
                if (desk->denials[i].since_usec < desk->denials[oldest].since_usec)
                        oldest = i;
        if (i == DESK_DENIALS_MAX) {
                desk->denials[oldest].key = key;
                desk->denials[oldest].times = 0;
                i = oldest;
        } else if (now - desk->denials[i].since_usec < USEC_PER_HOUR) {
                desk->denials[i].times++;
                return false;
        }
        *ret_repeated = desk->denials[i].times;
        desk->denials[i].since_usec = now;
        desk->denials[i].times = 0;
        return true;
}

void desk_stray(struct desk *desk, const char *what, uint64_t id) {
        if (allowance_take(&desk->strays, 10, 60, loop_now(desk->loop)))
                log_warning("the watcher speaks of %s %llu, which is not there: not heeded", what,
                        (unsigned long long)id);
}

static void tell_incident(struct desk *desk, const struct ledger_incident *incident) {
        struct wire_message message = {.type = WIRE_PAST_INCIDENT};

        message.past_incident.incident = incident->id;
        message.past_incident.since_usec = incident->since_usec;
        message.past_incident.closed_usec = incident->closed_usec;
        message.past_incident.escalated = incident->escalated;
        TEXT_COPY(message.past_incident.title, incident->title);
        TEXT_COPY(message.past_incident.diagnosis, incident->diagnosis);
        TEXT_COPY(message.past_incident.conditions, incident->conditions);
        desk_send(desk, &message);
}

static void tell_past(struct desk *desk) {
        const struct ledger *ledger = desk->ledger;

        for (size_t i = 0; i < ledger->n_past; i++)
                tell_incident(desk, &ledger->past[i]);
        if (ledger->incident.id != 0)
                tell_incident(desk, &ledger->incident);
        for (size_t i = 0; i < ledger->n_actions; i++) {
                struct wire_message message = {.type = WIRE_PAST_ACTION, .past_action = ledger->actions[i]};
                desk_send(desk, &message);
        }
}

static void on_hello(struct desk *desk, const struct wire_message *hello) {
        struct wire_message message = {.type = WIRE_WELCOME};
        const struct ledger_incident *incident = &desk->ledger->incident;

        if (desk->greeted) {
                desk->ops->end_watcher("it said hello twice", desk->data);
                return;
        }
        desk->greeted = true;
        log_info("the watcher is here (%s, pid %u)", hello->hello.version, hello->hello.pid);
        message.welcome.incident = incident->id;
        message.welcome.incident_since_usec = incident->since_usec;
        message.welcome.incident_escalated = incident->escalated;
        TEXT_COPY(message.welcome.incident_title, incident->title);
        message.welcome.config_generation = desk->generation;
        desk_send(desk, &message);
        desk_tell_state(desk);
        tell_past(desk);
        desk_tell_leases(desk);
        message = (struct wire_message){
                .type = WIRE_WELCOME_END, .welcome_end = {.actions_running = desk_actions(desk)}};
        desk_send(desk, &message);
}

static void on_heartbeat(struct desk *desk, const struct wire_message *message) {
        if (strcmp(desk->watcher_status, message->heartbeat.status) != 0) {
                TEXT_COPY(desk->watcher_status, message->heartbeat.status);
                desk->ops->changed(desk->data);
        }
        if (!is_told(desk))
                desk_tell_state(desk);
}

static const struct {
        enum wire_type type;
        void (*handle)(struct desk *desk, const struct wire_message *message);
        void (*handle_consume_fd)(struct desk *desk, const struct wire_message *message, int fd);
} handlers[] = {
        {WIRE_HELLO, .handle = on_hello},
        {WIRE_HEARTBEAT, .handle = on_heartbeat},
        {WIRE_INCIDENT_OPEN, .handle = desk_on_incident_open},
        {WIRE_INCIDENT_NOTE, .handle = desk_on_incident_note},
        {WIRE_INCIDENT_CLOSE, .handle = desk_on_incident_close},
        {WIRE_RUN_BEGIN, .handle = desk_on_run_begin},
        {WIRE_RUN_END, .handle = desk_on_run_end},
        {WIRE_ACTION_REQUEST, .handle_consume_fd = desk_on_action_request_consume_fd},
        {WIRE_ESCALATE, .handle = desk_on_escalate},
        {WIRE_LOWER, .handle = desk_on_lower},
        {WIRE_LEASE_RENEW, .handle_consume_fd = desk_on_lease_renew_consume_fd},
        {WIRE_LEASE_END, .handle = desk_on_lease_end},
};

int64_t desk_watch_clock(struct desk *desk) {
        int64_t by = book_watch_clock(desk->book);

        if (by != 0)
                desk_move_leases(desk, by);
        return by;
}

void desk_receive_consume_fd(struct desk *desk, const struct wire_message *message, int fd_consumed) {
        _cleanup_close_ int fd = fd_consumed;

        if (!desk->greeted && message->type != WIRE_HELLO) {
                desk->ops->end_watcher("it spoke before its hello", desk->data);
                return;
        }
        /* What is told of rests and cool-downs is a matter of the clock. */
        if (desk_watch_clock(desk) != 0)
                desk_tell_state(desk);
        for (size_t i = 0; i < ELEMENTSOF(handlers); i++)
                if (handlers[i].type == message->type) {
                        if (handlers[i].handle_consume_fd)
                                handlers[i].handle_consume_fd(desk, message, take_fd(&fd));
                        else
                                handlers[i].handle(desk, message);
                        return;
                }
        desk->ops->end_watcher("it sent what is not its to send", desk->data);
}

void desk_connect(struct desk *desk, struct channel *channel) {
        desk->channel = channel;
        desk->greeted = false;
}

void desk_disconnect(struct desk *desk) {
        desk->channel = NULL;
        desk->greeted = false;
        desk->watcher_status[0] = '\0';
        for (size_t i = 0; i < ADMIT_CHILDREN; i++)
                if (desk->actions[i])
                        desk->actions[i]->serial = 0;
        for (size_t n = desk->ledger->n_runs; n > 0; n--) {
                struct ledger_run run = desk->ledger->runs[0];
                desk_end_run(desk, &run, "interrupted", "the watcher went");
        }
}

unsigned desk_actions(const struct desk *desk) {
        unsigned n = 0;

        for (size_t i = 0; i < ADMIT_CHILDREN; i++)
                n += desk->actions[i] != NULL;
        return n;
}

unsigned desk_at_work(const struct desk *desk) {
        unsigned n = desk_actions(desk);

        for (size_t i = 0; i < DESK_LEASE_WORKS; i++)
                n += desk->lease_works[i] != NULL;
        return n;
}

void desk_stop_actions(struct desk *desk) {
        for (size_t i = 0; i < ADMIT_CHILDREN; i++)
                if (desk->actions[i])
                        action_child_stop(desk->actions[i]->job.child);
        for (size_t i = 0; i < DESK_LEASE_WORKS; i++)
                if (desk->lease_works[i])
                        action_child_stop(desk->lease_works[i]->job.child);
}

void desk_close(struct desk *desk) {
        desk->closed = true;
}

void desk_status(const struct desk *desk, char *text, size_t size) {
        static const char *const places[] = {
                [STATE_NOWHERE] = "nowhere", [STATE_VOLATILE] = "volatile", [STATE_DURABLE] = "durable"};
        const struct ledger *ledger = desk->ledger;
        char until[TEXT_QUANTITY_MAX] = "none";

        if (ledger->maintenance_until_usec > loop_realtime(desk->loop))
                text_time(ledger->maintenance_until_usec, until);
        text_format(text, size,
                "mode: %s\nmaintenance: %s\nincident: %llu%s%s%s\nactions: %u\nleases: %u\nrecorder: %s, "
                "next number "
                "%llu\n"
                "configuration: generation %u\ndegraded: %s\nwatcher says: %s\n",
                config_mode_name(desk_mode(desk)), until, (unsigned long long)ledger->incident.id,
                ledger->incident.id ? " " : "", ledger->incident.title,
                ledger->incident.escalated ? " (escalated)" : "", desk_actions(desk),
                lease_store_count(desk->leases), places[recorder_place(book_recorder(desk->book))],
                (unsigned long long)ledger->next_number, desk->generation,
                *degraded(desk) ? degraded(desk) : "no",
                *desk->watcher_status ? desk->watcher_status : "nothing");
}
