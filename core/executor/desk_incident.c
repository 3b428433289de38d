/* SPDX-License-Identifier: MIT */
/*
 * desk_incident - incidents open, are noted upon, close; and people are called
 *
 * Runs in: executor.  At most one incident is open.  Its number and the time it began are ours: the time
 * decides how young a log must be to be spared, so it must not come from the process that reads hostile bytes.
 *
 * People are called once per incident, and without one at most once per reason and hour; the reasons that the
 * watcher may give are a list, so it cannot make up new ones to call more often.
 *
 * Fails: a notify command that is refused is said in log and record; the journal entry is there before it.
 */
#include "executor/desk_parts.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"

void desk_on_incident_open(struct desk *desk, const struct wire_message *message) {
        const struct wire_incident_open *open = &message->incident_open;
        struct wire_message reply = {.type = WIRE_INCIDENT_REPLY, .incident_reply.serial = open->serial};

        if (desk->ledger->incident.id == 0) {
                struct book_entry entry = book_entry_new("incident-opened");
                book_number(&entry, "incident", desk->ledger->next_incident);
                book_text(&entry, "title", open->title);
                book_text(&entry, "condition", open->condition);
                book_write(desk->book, &entry);
                desk->ops->changed(desk->data);
        } else
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

void desk_escalate(struct desk *desk, uint64_t incident, const char *reason, const char *text) {
        struct book_entry entry = book_entry_new("escalated");
        struct notify_message message = {
                .incident = incident, .reason = reason, .title = "spoolguard needs a person", .text = text};
        struct ledger_incident open = desk->ledger->incident;
        uint64_t last, now = loop_realtime(desk->loop);
        struct problem problem;
        bool configured = desk->config->notify_command && desk->config->notify_command[0];

        if (incident != 0) {
                if (incident != open.id || open.escalated)
                        return;
                message.title = open.title;
        } else {
                last = ledger_escalated_usec(desk->ledger, reason);
                if (last != 0 && last <= now && now - last < USEC_PER_HOUR)
                        return;
        }
        book_number(&entry, "incident", incident);
        open.conditions[strcspn(open.conditions, "\n")] = '\0';
        book_text(&entry, "condition", incident ? open.conditions : "");
        book_text(&entry, "reason", reason);
        book_text(&entry, "notify", configured ? "begun" : "none");
        book_text(&entry, "text", text);
        book_write(desk->book, &entry);
        desk->ops->changed(desk->data);

        if (notify_send(desk->notify, desk->config, &message, &problem) < 0) {
                struct book_entry refused = book_entry_new("notified");
                log_error("%s", problem.text);
                book_number(&refused, "incident", incident);
                book_text(&refused, "status", "refused");
                book_text(&refused, "text", problem.text);
                book_write(desk->book, &refused);
        }
}

void desk_on_escalate(struct desk *desk, const struct wire_message *message) {
        static const char *const reasons[] = {
                "not-cleared", "spent", "no-playbook", "refused", "unknown-outcome", "error"};
        const char *reason = "error";

        for (size_t i = 0; i < ELEMENTSOF(reasons); i++)
                if (strcmp(message->escalate.reason, reasons[i]) == 0)
                        reason = reasons[i];
        if (message->escalate.incident != 0 && message->escalate.incident != desk->ledger->incident.id)
                desk_stray(desk, "incident", message->escalate.incident);
        else
                desk_escalate(desk, message->escalate.incident, reason, message->escalate.text);
}
