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
 * The entries are sent by ourselves, in the native protocol of the journal, because sd_journal_sendv(3) waits for
 * a journald that hangs, and that is among the things we are here for.  The socket is kept, unconnected.
 *
 * Fails: an entry that the journal does not take is lost to the journal only, the record has it.
 */
#include "executor/event.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "executor/message_ids.h"

static const struct event_kind kinds[] = {
        {.event = "started"},
        {.event = "stopped"},
        {.event = "config-loaded", .burst = 20, .per_hour = 30},
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
        {.event = "lease-taken",
                .message_id = SG_MESSAGE_LEASE_TAKEN,
                .level = LOG_LEVEL_NOTICE,
                .durable = true,
                .sentence =
                        "lease {lease} is in force: {verb} {args} for playbook {playbook} ({count}), until "
                        "{until_clear} is clear: {reason}"},
        {.event = "lease-renewed", .burst = 64, .per_hour = 256},
        {.event = "lease-lapsed", .burst = 64, .per_hour = 256},
        {.event = "lease-overruled", .burst = 64, .per_hour = 256},
        {.event = "lease-ended",
                .message_id = SG_MESSAGE_LEASE_ENDED,
                .level = LOG_LEVEL_NOTICE,
                .durable = true,
                .sentence = "lease {lease} is over ({reason}): {verb} {args} was taken back: {text}"},
        {.event = "lease-undo-failed", .burst = 64, .per_hour = 256},
        {.event = "lease-forgotten",
                .message_id = SG_MESSAGE_LEASE_FORGOTTEN,
                .level = LOG_LEVEL_WARNING,
                .durable = true,
                .sentence = "lease {lease} is over: {verb} {args} was {text}"},
        {.event = "escalated",
                .message_id = SG_MESSAGE_ESCALATED,
                .level = LOG_LEVEL_CRIT,
                .durable = true,
                .burst = 20,
                .per_hour = 30,
                .sentence = "a person is needed ({reason}): {text}"},
        {.event = "notified", .burst = 20, .per_hour = 30},
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
        {.event = "clock-stepped", .durable = true},
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
        {"lease", "SPOOLGUARD_LEASE"},
        {"count", "SPOOLGUARD_COUNT"},
        {"until_clear", "SPOOLGUARD_CONDITION"},
        {"freed", "SPOOLGUARD_FREED_BYTES"},
        {"found", "SPOOLGUARD_FOUND_BYTES"},
        {"reason", "SPOOLGUARD_REASON"},
        {"mode", "SPOOLGUARD_MODE"},
};

/* A record is in it twice at most: in its fields and in its sentence. */
struct datagram {
        char bytes[4 * RECORD_SLOT_SIZE];
        size_t used;
};

static struct {
        int fd;
        unsigned lost; /* since the last entry that was taken */
} journal = {.fd = -1};

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

/* NAME=value, or the form with a length for a value of several lines; a field that has no room is left out. */
static void add_field(struct datagram *datagram, const char *name, const char *value) {
        size_t name_length = strlen(name), length = strlen(value), at = datagram->used;
        bool lines = strchr(value, '\n') != NULL;

        if (at + name_length + length + 2 + (lines ? sizeof(uint64_t) : 0) > sizeof(datagram->bytes))
                return;
        memcpy(datagram->bytes + at, name, name_length);
        at += name_length;
        datagram->bytes[at++] = lines ? '\n' : '=';
        for (size_t i = 0; lines && i < sizeof(uint64_t); i++)
                datagram->bytes[at++] = (char)((uint64_t)length >> (8 * i) & 0xff);
        memcpy(datagram->bytes + at, value, length);
        at += length;
        datagram->bytes[at++] = '\n';
        datagram->used = at;
}

static int send_datagram(const char *path, const struct datagram *datagram) {
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        struct iovec iov = {.iov_base = (char *)datagram->bytes, .iov_len = datagram->used};
        struct msghdr message = {
                .msg_name = &address, .msg_namelen = sizeof(address), .msg_iov = &iov, .msg_iovlen = 1};

        if (!text_copy(address.sun_path, sizeof(address.sun_path), path))
                return -ENAMETOOLONG;
        if (journal.fd < 0)
                journal.fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (journal.fd < 0 || sendmsg(journal.fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
                return -errno;
        return 0;
}

void event_send_to(const char *path, const struct event_kind *kind, const struct record *record) {
        struct datagram datagram = {.used = 0};
        const char *reason = record_get(record, "reason");
        char sentence[RECORD_SLOT_SIZE + 64], number[24];
        int r;

        if (!kind->message_id)
                return;
        event_sentence(kind, record, sentence, RECORD_SLOT_SIZE);
        snprintf(number, sizeof(number), "%d", (int)kind->level);
        add_field(&datagram, "PRIORITY", number);
        add_field(&datagram, "SYSLOG_IDENTIFIER", program_invocation_short_name);
        add_field(&datagram, "MESSAGE_ID", kind->message_id);
        for (size_t i = 0; i < ELEMENTSOF(journal_fields); i++) {
                const char *value = record_get(record, journal_fields[i].field);
                if (*value)
                        add_field(&datagram, journal_fields[i].journal, value);
        }
        if (!*reason && *record_get(record, "text"))
                add_field(&datagram, "SPOOLGUARD_REASON", record_get(record, "text"));
        if (journal.lost > 0) {
                size_t used = strlen(sentence);
                snprintf(sentence + used, sizeof(sentence) - used, " (%u entries before it were lost)",
                        journal.lost);
                snprintf(number, sizeof(number), "%u", journal.lost);
                add_field(&datagram, "SPOOLGUARD_LOST", number);
        }
        add_field(&datagram, "MESSAGE", sentence);
        r = send_datagram(path, &datagram);
        if (r == -EAGAIN || r == -ENOBUFS)
                journal.lost++;
        else if (r < 0)
                log_line(kind->level, "%s", sentence);
        else
                journal.lost = 0;
}

void event_send(const struct event_kind *kind, const struct record *record) {
        event_send_to("/run/systemd/journal/socket", kind, record);
}
