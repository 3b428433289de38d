/* SPDX-License-Identifier: MIT */
/*
 * event - one table that says what becomes of each kind of record besides its slot in the ring
 *
 * Runs in: executor.  An event reaches people as a journal entry with a MESSAGE_ID (explained by the catalog),
 * SPOOLGUARD_* fields for searches, and a sentence.  Where there is no journal (a test, a container) the
 * sentence goes to stderr.
 *
 * The limits per hour are for events that the watcher can cause at will: a flood of them must not wash the ring
 * clean of what was done.  Actions are not limited here, their budgets are.
 *
 * Fails: an entry that the journal does not take is lost to the journal only, the record has it.
 * Limits: sd_journal_sendv(3) waits for a journald that hangs; systemd's watchdog then restarts us.
 */
#include "executor/event.h"

#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "executor/message_ids.h"

static const struct event_kind kinds[] = {
        {.event = "started"},
        {.event = "stopped"},
        {.event = "config-loaded"},
        {.event = "config-refused",
                .message_id = SG_MESSAGE_CONFIG_REFUSED,
                .level = LOG_LEVEL_ERROR,
                .sentence = "the configuration was refused: {text}"},
        {.event = "playbook-broken",
                .message_id = SG_MESSAGE_PLAYBOOK_BROKEN,
                .level = LOG_LEVEL_ERROR,
                .burst = 64,
                .per_hour = 60,
                .sentence = "playbook {playbook} is broken: {text}"},
        {.event = "incident-opened",
                .message_id = SG_MESSAGE_INCIDENT_OPENED,
                .level = LOG_LEVEL_WARNING,
                .burst = 20,
                .per_hour = 30,
                .sentence = "incident {incident} opened: {title}"},
        {.event = "incident-note", .burst = 60, .per_hour = 120},
        {.event = "incident-closed",
                .message_id = SG_MESSAGE_INCIDENT_CLOSED,
                .level = LOG_LEVEL_NOTICE,
                .durable = true,
                .burst = 20,
                .per_hour = 30,
                .sentence = "incident {incident} closed: {text}"},
        {.event = "run-begun"},
        {.event = "run-refused", .burst = 20, .per_hour = 60},
        {.event = "run-ended"},
        {.event = "action-intent",
                .message_id = SG_MESSAGE_ACTION_STARTED,
                .level = LOG_LEVEL_NOTICE,
                .durable = true,
                .sentence = "action {action} begins: {verb} {args} for playbook {playbook}"},
        {.event = "manifest"},
        {.event = "action-outcome",
                .message_id = SG_MESSAGE_ACTION_FINISHED,
                .level = LOG_LEVEL_NOTICE,
                .durable = true,
                .sentence = "action {action} ended: {verb}: {status}: {text}"},
        {.event = "action-would-have",
                .message_id = SG_MESSAGE_ACTION_WOULD_HAVE_RUN,
                .level = LOG_LEVEL_NOTICE,
                .burst = 40,
                .per_hour = 120,
                .sentence = "observed: {verb} {args} would have been run for playbook {playbook}: {text}"},
        {.event = "action-denied", .burst = 20, .per_hour = 60},
        {.event = "action-unknown",
                .message_id = SG_MESSAGE_ACTION_UNKNOWN,
                .level = LOG_LEVEL_CRIT,
                .durable = true,
                .sentence = "action {action} was begun and its outcome is unknown: {verb} of playbook "
                            "{playbook}"},
        {.event = "escalated",
                .message_id = SG_MESSAGE_ESCALATED,
                .level = LOG_LEVEL_CRIT,
                .durable = true,
                .sentence = "a person is needed ({reason}): {text}"},
        {.event = "notified"},
        {.event = "mode",
                .message_id = SG_MESSAGE_MODE_CHANGED,
                .level = LOG_LEVEL_WARNING,
                .durable = true,
                .burst = 20,
                .per_hour = 60,
                .sentence = "mode is {mode} now, asked for by {who}"},
        {.event = "maintenance",
                .message_id = SG_MESSAGE_MAINTENANCE_CHANGED,
                .level = LOG_LEVEL_WARNING,
                .durable = true,
                .burst = 20,
                .per_hour = 60,
                .sentence = "maintenance: {reason}, asked for by {who}"},
        {.event = "watcher-restarted",
                .message_id = SG_MESSAGE_WATCHER_RESTARTED,
                .level = LOG_LEVEL_ERROR,
                .burst = 30,
                .per_hour = 120,
                .sentence = "the watcher is restarted: {reason}"},
        {.event = "quarantined",
                .message_id = SG_MESSAGE_PLAYBOOK_QUARANTINED,
                .level = LOG_LEVEL_CRIT,
                .durable = true,
                .sentence = "playbook {playbook} is switched off: {text}"},
        {.event = "unquarantined", .durable = true},
        {.event = "tally"},
};
_Static_assert(ELEMENTSOF(kinds) <= EVENT_KINDS_MAX, "book.c keeps one allowance a kind");

static const struct {
        const char *field, *journal;
} journal_fields[] = {
        {"incident", "SPOOLGUARD_INCIDENT"},
        {"condition", "SPOOLGUARD_CONDITION"},
        {"playbook", "SPOOLGUARD_PLAYBOOK"},
        {"run", "SPOOLGUARD_RUN"},
        {"verb", "SPOOLGUARD_VERB"},
        {"args", "SPOOLGUARD_ARGS"},
        {"action", "SPOOLGUARD_ACTION"},
        {"status", "SPOOLGUARD_STATUS"},
        {"freed", "SPOOLGUARD_FREED_BYTES"},
        {"reason", "SPOOLGUARD_REASON"},
        {"mode", "SPOOLGUARD_MODE"},
};

const struct event_kind *event_kind(const char *event, unsigned *ret_index) {
        for (unsigned i = 0; i < ELEMENTSOF(kinds); i++)
                if (strcmp(kinds[i].event, event) == 0) {
                        if (ret_index)
                                *ret_index = i;
                        return &kinds[i];
                }
        return NULL;
}

void event_sentence(const struct event_kind *kind, const struct record *record, char *text, size_t size) {
        size_t used = 0;

        for (const char *at = kind->sentence; *at && used + 1 < size;) {
                const char *end = *at == '{' ? strchr(at, '}') : NULL, *value;
                char name[32];

                if (!end || (size_t)(end - at) > sizeof(name)) {
                        text[used++] = *at++;
                        continue;
                }
                memcpy(name, at + 1, (size_t)(end - at - 1));
                name[end - at - 1] = '\0';
                for (value = record_get(record, name); *value && used + 1 < size; value++)
                        text[used++] = *value == '\n' ? ' ' : *value;
                at = end + 1;
        }
        text[used] = '\0';
}

void event_send(const struct event_kind *kind, const struct record *record) {
        char lines[ELEMENTSOF(journal_fields) + 4][RECORD_SLOT_SIZE + 64];
        struct iovec iov[ELEMENTSOF(lines)];
        const char *reason = record_get(record, "reason");
        char sentence[RECORD_SLOT_SIZE];
        size_t n = 0;

        if (!kind->message_id)
                return;
        event_sentence(kind, record, sentence, sizeof(sentence));
        if (access("/run/systemd/journal/socket", W_OK) < 0) {
                log_line(kind->level, "%s", sentence);
                return;
        }
        snprintf(lines[n++], sizeof(lines[0]), "MESSAGE=%s", sentence);
        snprintf(lines[n++], sizeof(lines[0]), "MESSAGE_ID=%s", kind->message_id);
        snprintf(lines[n++], sizeof(lines[0]), "PRIORITY=%d", (int)kind->level);
        for (size_t i = 0; i < ELEMENTSOF(journal_fields); i++) {
                const char *value = record_get(record, journal_fields[i].field);
                if (*value)
                        snprintf(lines[n++], sizeof(lines[0]), "%s=%s", journal_fields[i].journal, value);
        }
        if (!*reason && *record_get(record, "text"))
                snprintf(lines[n++], sizeof(lines[0]), "SPOOLGUARD_REASON=%s", record_get(record, "text"));
        for (size_t i = 0; i < n; i++)
                iov[i] = (struct iovec){.iov_base = lines[i], .iov_len = strlen(lines[i])};
        if (sd_journal_sendv(iov, (int)n) < 0)
                log_line(kind->level, "%s", sentence);
}
