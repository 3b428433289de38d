/* SPDX-License-Identifier: MIT */
/*
 * desk_orders - mode, maintenance, quarantine, and what the last executor left open
 *
 * Runs in: executor.  Authority: the mode in force is what the configuration says, unless somebody ordered
 * another.  The watcher, which speaks for D-Bus, may only lower: observe, and a maintenance that begins or is
 * made longer.  Root at the control socket may do either.  An ordered observe outlives restarts and reloads that
 * the bus asked for; a reload by root (SIGHUP, control socket) ends it.  An ordered enforce ends with us.
 *
 * After a start, an intent without outcome is *unknown*: people are called, unless it was a probe or the change has a
 * lease that it is known and taken back by, then it is recorded as such, in this order, so that a crash in between
 * calls them again rather than never.
 *
 * Limits: a maintenance is at most WIRE_MAINTENANCE_MAX_USEC long; the bus may ask for RELOADS_BURST reloads, then
 * RELOADS_PER_HOUR.
 */
#include "executor/desk_parts.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "executor/watcher_supervise.h"

#define RELOADS_BURST 6u
#define RELOADS_PER_HOUR 12u

enum config_mode desk_mode(const struct desk *desk) {
        enum config_mode configured = desk->config ? desk->config->mode : CONFIG_MODE_OBSERVE;

        switch (desk->ledger->mode_override) {
        case CONFIG_MODE_OBSERVE: return admit_lower_mode(configured, CONFIG_MODE_OBSERVE);
        case CONFIG_MODE_ENFORCE: return CONFIG_MODE_ENFORCE;
        case CONFIG_MODE_OFF: break;
        }
        return configured;
}

static void record_mode(struct desk *desk, const char *mode, const char *who) {
        struct book_entry entry = book_entry_new("mode");

        book_text(&entry, "mode", mode);
        book_text(&entry, "who", who);
        book_write(desk->book, &entry);
        desk_tell_state(desk);
}

void desk_set_mode(struct desk *desk, enum config_mode mode, const char *who) {
        /* An observe is noted even where it changes nothing now: the configuration may be changed later. */
        if (desk_mode(desk) != mode || (mode == CONFIG_MODE_OBSERVE && desk->ledger->mode_override != mode))
                record_mode(desk, config_mode_name(mode), who);
}

void desk_clear_override(struct desk *desk, const char *who) {
        if (desk->ledger->mode_override != CONFIG_MODE_OFF)
                record_mode(desk, "as configured", who);
}

int desk_set_maintenance(
        struct desk *desk, uint64_t usec, const char *who, bool may_shorten, struct problem *problem) {
        struct book_entry entry = book_entry_new("maintenance");
        uint64_t now = loop_realtime(desk->loop), until;
        char duration[TEXT_QUANTITY_MAX], reason[64];

        if (usec > WIRE_MAINTENANCE_MAX_USEC)
                return problem_set(problem, "a maintenance is at most %s long",
                        text_duration(WIRE_MAINTENANCE_MAX_USEC, duration));
        until = usec == 0 ? 0 : now + usec;
        if (!may_shorten && until < desk->ledger->maintenance_until_usec &&
                desk->ledger->maintenance_until_usec > now)
                return problem_set(
                        problem, "over the bus a maintenance can only be begun or made longer; root ends it");
        if (usec == 0 && desk->ledger->maintenance_until_usec <= now)
                return 0;
        if (usec == 0)
                TEXT_COPY(reason, "over");
        else
                text_format(reason, sizeof(reason), "for %s", text_duration(usec, duration));
        book_number(&entry, "until", until);
        book_text(&entry, "who", who);
        book_text(&entry, "reason", reason);
        book_write(desk->book, &entry);
        desk_tell_state(desk);
        return 0;
}

static int order_reload(struct desk *desk, const struct wire_lower *lower, struct problem *problem) {
        char duration[TEXT_QUANTITY_MAX];

        if (!allowance_take(&desk->reloads, RELOADS_BURST, RELOADS_PER_HOUR, loop_now(desk->loop)))
                return problem_set(problem,
                        "too many reloads, try again in %s; root need not wait: systemctl reload spoolguard",
                        text_duration(allowance_wait(&desk->reloads, RELOADS_PER_HOUR), duration));
        desk->ops->reload(lower->who, lower->serial, desk->data);
        return 0;
}

void desk_on_lower(struct desk *desk, const struct wire_message *message) {
        const struct wire_lower *lower = &message->lower;
        struct wire_message reply = {.type = WIRE_LOWER_REPLY, .lower_reply.serial = lower->serial};
        struct problem problem = {.text = ""};

        switch (lower->kind) {
        case WIRE_LOWER_OBSERVE: desk_set_mode(desk, CONFIG_MODE_OBSERVE, lower->who); break;
        case WIRE_LOWER_MAINTENANCE:
                desk_set_maintenance(desk, lower->usec, lower->who, false, &problem);
                break;
        case WIRE_LOWER_RELOAD:
                if (order_reload(desk, lower, &problem) == 0)
                        return; /* answered by desk_reload_done() */
                break;
        case WIRE_LOWER_RETURN_LEASE: desk_return_lease(desk, lower->lease, lower->who, &problem); break;
        default: problem_set(&problem, "there is no such order"); break;
        }
        reply.lower_reply.ok = !problem.text[0];
        TEXT_COPY(reply.lower_reply.text, problem.text);
        desk_send(desk, &reply);
}

void desk_reload_done(struct desk *desk, uint64_t serial, bool ok, const char *text) {
        struct wire_message reply = {.type = WIRE_LOWER_REPLY, .lower_reply = {.serial = serial, .ok = ok}};

        TEXT_COPY(reply.lower_reply.text, text);
        if (serial != 0)
                desk_send(desk, &reply);
}

static uint32_t source_sum(const struct config_playbook *playbook) {
        return playbook->source ? record_sum(0, playbook->source, strlen(playbook->source)) : 0;
}

static void quarantine(struct desk *desk, const struct config_playbook *playbook, const char *reason) {
        struct book_entry entry = book_entry_new("quarantined");
        char text[WIRE_TEXT_MAX];

        text_format(text, sizeof(text), "the watcher died in its Lua %u times, last: %s", DESK_CRASHES_MAX,
                reason);
        book_text(&entry, "playbook", playbook->name);
        book_number(&entry, "source", source_sum(playbook));
        book_text(&entry, "text", text);
        book_write(desk->book, &entry);
        desk_tell_playbook(desk, playbook->name);
}

static void unquarantine(struct desk *desk, const char *playbook, const char *who) {
        struct book_entry entry = book_entry_new("unquarantined");

        log_notice("playbook %s is out of quarantine: %s", playbook, who);
        book_text(&entry, "playbook", playbook);
        book_text(&entry, "who", who);
        book_write(desk->book, &entry);
        desk_tell_playbook(desk, playbook);
}

int desk_unquarantine(struct desk *desk, const char *playbook, const char *who, struct problem *problem) {
        const struct ledger_playbook *past = ledger_playbook(desk->ledger, playbook);

        if (past && past->quarantined) {
                unquarantine(desk, playbook, who);
                return 0;
        }
        if (!config_playbook(desk->config, playbook))
                return config_no_playbook(desk->config, playbook, problem);
        return problem_set(problem, "playbook %s is not in quarantine", playbook);
}

void desk_review_quarantine(struct desk *desk) {
        for (size_t i = 0; i < desk->config->n_playbooks; i++) {
                const struct config_playbook *playbook = &desk->config->playbooks[i];
                const struct ledger_playbook *past = ledger_playbook(desk->ledger, playbook->name);

                if (past && past->quarantined && !playbook->failed &&
                        past->quarantined_source != source_sum(playbook))
                        unquarantine(desk, playbook->name, "its file changed");
        }
}

/* A watcher that dies again and again calls nobody itself. */
static void count_death(struct desk *desk, const char *reason) {
        uint64_t now = loop_now(desk->loop), first;
        char text[WIRE_TEXT_MAX];

        memmove(desk->deaths + 1, desk->deaths, sizeof(desk->deaths) - sizeof(desk->deaths[0]));
        desk->deaths[0] = now;
        first = desk->deaths[DESK_DEATHS_MAX - 1];
        if (first == 0 || now - first > DESK_DEATHS_WINDOW || desk_called_lately(desk, "watcher-fails", ""))
                return;
        text_format(text, sizeof(text),
                "The watcher died %u times within 10 minutes, last: %s.\n"
                "Until it lives, nothing is watched or repaired.",
                DESK_DEATHS_MAX, reason);
        desk_escalate(desk, desk->ledger->incident.id, "watcher-fails", "", text);
        memset(desk->deaths, 0, sizeof(desk->deaths));
}

void desk_watcher_died(struct desk *desk, const char *reason, const char *activity, const char *what) {
        const struct config_playbook *playbook =
                strcmp(activity, "lua") == 0 ? config_playbook(desk->config, what) : NULL;
        const struct ledger_playbook *past;
        struct book_entry entry = book_entry_new("watcher-restarted");

        /* What it was doing is its own word: it can at most name a playbook that there is. */
        if (strcmp(activity, "lua") == 0 && !playbook)
                activity = "none";
        book_text(&entry, "reason", reason);
        book_text(&entry, "activity", activity);
        book_text(&entry, "what", what);
        book_write(desk->book, &entry);
        past = playbook ? ledger_playbook(desk->ledger, playbook->name) : NULL;
        if (past && past->crashes >= DESK_CRASHES_MAX && !past->quarantined)
                quarantine(desk, playbook, reason);
        /* Where its wishes end is the supervisor's to say: it calls them deaths then. */
        if (strcmp(activity, WATCHER_RESTARTING) != 0)
                count_death(desk, reason);
}

static void recover_action(struct desk *desk) {
        const struct wire_past_action intent = desk->ledger->intents[0];
        const uint64_t run = desk->ledger->intent_runs[0];
        const struct sg_verb *verb = plugin_verb(desk->plugins, intent.verb, NULL);
        struct book_entry entry = book_entry_new("action-unknown");
        char text[512];

        text_format(text, sizeof(text),
                "It is not known whether action %llu (%s %s, for playbook %s) took effect: it had begun when "
                "spoolguard or the host ended.\n"
                "It is not repeated unasked.",
                (unsigned long long)intent.action, intent.verb, intent.args, intent.playbook);
        /* A probe changed nothing, and what its lease knows can be taken back by whoever renews or ends it. */
        if (!(verb && verb->risk == SG_RISK_PROBE) && !desk_lease_covers(desk, intent.action, intent.verb))
                desk_escalate(desk, intent.incident == desk->ledger->incident.id ? intent.incident : 0,
                        "unknown-outcome", "", text);
        book_number(&entry, "action", intent.action);
        book_number(&entry, "run", run);
        book_number(&entry, "incident", intent.incident);
        book_text(&entry, "verb", intent.verb);
        book_text(&entry, "playbook", intent.playbook);
        book_text(&entry, "args", intent.args);
        book_write(desk->book, &entry);
}

void desk_recover(struct desk *desk) {
        /* Counted, not until none is left: a record that cannot be made must not keep us here for ever. */
        for (size_t n = desk->ledger->n_intents; n > 0; n--)
                recover_action(desk);
        for (size_t n = desk->ledger->n_runs; n > 0; n--) {
                struct ledger_run run = desk->ledger->runs[0];
                desk_end_run(desk, &run, "interrupted", "the executor ended");
        }
        desk_recover_leases(desk);
}
