/* SPDX-License-Identifier: MIT */
/*
 * desk_incident - incidents open, are noted upon, close; and people are called
 *
 * Runs in: executor.  At most one incident is open.  Its number and the time it began are ours: the time
 * decides how young a log must be to be spared, so it must not come from the process that reads hostile bytes.
 * One that opens with the condition of one closed less than REOPEN_USEC ago is that one again, with its number
 * and its beginning: a condition that flaps is one trouble, not many.
 *
 * People are called once for an incident and condition, at most once an hour for a reason and condition, and
 * within PAGES_BURST and PAGES_PER_HOUR in all, which is counted from the record, so that no restart refills
 * it.  A call that is held back is counted, and the next one that is made says so; it is not made later, for
 * who was called a moment ago looks at the host already.  The watcher picks reasons from a list and makes up
 * nothing but condition names, which the limit over all of them holds.
 *
 * Fails: a notify command that is refused is said in log and record; the journal entry is there before it.
 */
#include "executor/desk_parts.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"

#define REOPEN_USEC (10 * USEC_PER_MINUTE)
#define PAGES_BURST 3u
#define PAGES_PER_HOUR 4u

static bool opened_with(const struct ledger_incident *incident, const char *condition) {
        size_t length = strcspn(incident->conditions, "\n");
        return length > 0 && strlen(condition) == length &&
                memcmp(incident->conditions, condition, length) == 0;
}

/* The past incident that a new one with this condition is the rest of. */
static const struct ledger_incident *just_closed(const struct desk *desk, const char *condition) {
        const struct ledger *ledger = desk->ledger;
        uint64_t now = loop_realtime(desk->loop);

        for (size_t i = ledger->n_past; i-- > 0;)
                if (ledger->past[i].closed_usec <= now && now - ledger->past[i].closed_usec < REOPEN_USEC &&
                        opened_with(&ledger->past[i], condition))
                        return &ledger->past[i];
        return NULL;
}

static void open_incident(struct desk *desk, const struct wire_incident_open *open) {
        const struct ledger_incident *before = just_closed(desk, open->condition);
        struct book_entry entry = book_entry_new("incident-opened");

        book_number(&entry, "incident", before ? before->id : desk->ledger->next_incident);
        if (before) {
                book_number(&entry, "since", before->since_usec);
                book_flag(&entry, "escalated", before->escalated);
                book_flag(&entry, "reopened", true);
        }
        book_text(&entry, "title", open->title);
        book_text(&entry, "condition", open->condition);
        book_write(desk->book, &entry);
        desk->ops->changed(desk->data);
}

void desk_on_incident_open(struct desk *desk, const struct wire_message *message) {
        const struct wire_incident_open *open = &message->incident_open;
        struct wire_message reply = {.type = WIRE_INCIDENT_REPLY, .incident_reply.serial = open->serial};

        if (desk->ledger->incident.id == 0)
                open_incident(desk, open);
        else
                log_debug("an incident is open already: the watcher joins it");
        reply.incident_reply.incident = desk->ledger->incident.id;
        reply.incident_reply.since_usec = desk->ledger->incident.since_usec;
        desk_send(desk, &reply);
}

void desk_on_incident_note(struct desk *desk, const struct wire_message *message) {
        const struct wire_incident_note *note = &message->incident_note;
        struct book_entry entry = book_entry_new("incident-note");

        if (note->incident == 0 || note->incident != desk->ledger->incident.id) {
                desk_stray(desk, "incident", note->incident);
                return;
        }
        book_number(&entry, "incident", note->incident);
        book_text(&entry, "kind", note->kind);
        book_text(&entry, "text", note->text);
        book_write(desk->book, &entry);
}

void desk_on_incident_close(struct desk *desk, const struct wire_message *message) {
        const struct wire_incident_close *close = &message->incident_close;
        struct book_entry entry = book_entry_new("incident-closed");

        if (close->incident == 0 || close->incident != desk->ledger->incident.id) {
                desk_stray(desk, "incident", close->incident);
                return;
        }
        book_number(&entry, "incident", close->incident);
        book_text(&entry, "text", close->text);
        book_write(desk->book, &entry);
        desk->ops->changed(desk->data);
}

static bool is_called_for(const struct ledger *ledger, uint64_t incident, const char *condition) {
        for (size_t i = 0; i < ledger->n_escalations; i++)
                if (ledger->escalations[i].incident == incident &&
                        strcmp(ledger->escalations[i].condition, condition) == 0)
                        return true;
        return false;
}

/* A token bucket, reckoned anew from the calls on record; those of a clock since set back do not count. */
static bool page_to_spare(const struct ledger *ledger, uint64_t now_usec) {
        double tokens = PAGES_BURST;
        uint64_t last = 0;

        for (size_t i = 0; i <= ledger->n_escalations; i++) {
                uint64_t at = i < ledger->n_escalations ? ledger->escalations[i].at_usec : now_usec;
                if (at > now_usec)
                        continue;
                if (at > last) {
                        tokens += (double)(at - last) * PAGES_PER_HOUR / (double)USEC_PER_HOUR;
                        last = at;
                }
                if (tokens > PAGES_BURST)
                        tokens = PAGES_BURST;
                if (i < ledger->n_escalations)
                        tokens = tokens > 1 ? tokens - 1 : 0;
        }
        return tokens >= 1;
}

bool desk_called_lately(const struct desk *desk, const char *reason, const char *condition) {
        uint64_t last = ledger_escalated_usec(desk->ledger, reason, condition);
        uint64_t now = loop_realtime(desk->loop);

        return last != 0 && last <= now && now - last < USEC_PER_HOUR;
}

/* Why nobody is called now; NULL: somebody is. */
static const char *held_back(
        const struct desk *desk, uint64_t incident, const char *reason, const char *condition) {
        if (incident != 0 && *condition && is_called_for(desk->ledger, incident, condition))
                return "it was called for in this incident";
        if (desk_called_lately(desk, reason, condition))
                return "it was called for within the hour";
        return page_to_spare(desk->ledger, loop_realtime(desk->loop)) ? NULL : "there were too many calls";
}

static void hold_back(struct desk *desk, const char *reason, const char *why) {
        if (desk->held++ > 0)
                return;
        desk->held_since_usec = loop_realtime(desk->loop);
        log_notice("a call for people (%s) is held back: %s; the next one that is made counts them", reason,
                why);
}

static void record_refused_notify(struct desk *desk, uint64_t incident, const char *text) {
        struct book_entry entry = book_entry_new("notified");

        log_error("%s", text);
        book_number(&entry, "incident", incident);
        book_text(&entry, "status", "refused");
        book_text(&entry, "text", text);
        book_write(desk->book, &entry);
}

void desk_escalate(
        struct desk *desk, uint64_t incident, const char *reason, const char *condition, const char *text) {
        struct book_entry entry = book_entry_new("escalated");
        struct notify_message message = {
                .incident = incident, .reason = reason, .title = "spoolguard needs a person"};
        char title[WIRE_TEXT_MAX], full[WIRE_LONG_MAX + 128], line[sizeof(full)], since[TEXT_QUANTITY_MAX];
        const char *why = held_back(desk, incident, reason, condition);
        struct problem problem;
        bool configured = desk->config->notify_command && desk->config->notify_command[0];

        if (why) {
                hold_back(desk, reason, why);
                return;
        }
        if (incident != 0 && incident == desk->ledger->incident.id) {
                text_copy(title, sizeof(title), desk->ledger->incident.title);
                message.title = title;
        }
        text_copy(full, sizeof(full), text);
        if (desk->held > 0)
                text_format(full + strlen(full), sizeof(full) - strlen(full),
                        "\nCalls held back since %s: %llu.", text_time(desk->held_since_usec, since),
                        (unsigned long long)desk->held);
        message.text = full;
        text_copy(line, sizeof(line), full);
        text_one_line(line);
        book_number(&entry, "incident", incident);
        book_text(&entry, "condition", condition);
        book_text(&entry, "reason", reason);
        book_text(&entry, "notify", configured ? "begun" : "none");
        book_number(&entry, "held", desk->held);
        book_text(&entry, "text", line);
        book_write(desk->book, &entry);
        desk->held = 0;
        desk->ops->changed(desk->data);

        if (notify_send(desk->notify, desk->config, &message, &problem) < 0)
                record_refused_notify(desk, incident, problem.text);
}

void desk_on_escalate(struct desk *desk, const struct wire_message *message) {
        static const char *const reasons[] = {
                "not-cleared", "spent", "no-playbook", "refused", "unknown-outcome", "error"};
        const struct wire_escalate *escalate = &message->escalate;
        char condition[WIRE_TEXT_MAX];
        const char *reason = "error";

        for (size_t i = 0; i < ELEMENTSOF(reasons); i++)
                if (strcmp(escalate->reason, reasons[i]) == 0)
                        reason = reasons[i];
        if (escalate->incident != 0 && escalate->incident != desk->ledger->incident.id) {
                desk_stray(desk, "incident", escalate->incident);
                return;
        }
        text_copy(condition, sizeof(condition), escalate->condition);
        /* An incident is about something: what opened it, when nothing else is said. */
        if (!*condition && escalate->incident != 0) {
                text_copy(condition, sizeof(condition), desk->ledger->incident.conditions);
                condition[strcspn(condition, "\n")] = '\0';
        }
        desk_escalate(desk, escalate->incident, reason, condition, escalate->text);
}
