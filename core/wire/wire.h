/* SPDX-License-Identifier: MIT */
/*
 * wire - every message that processes of spoolguard may exchange, on one page
 *
 * Transport: SOCK_SEQPACKET, one message per packet, at most WIRE_PACKET_MAX bytes (channel.h).  Between
 * executor and watcher over a socketpair; between spoolguardctl (root) and the executor over the control socket.
 *
 * Encoding: u16 type, u16 protocol version, then the fields of the message in the order of its table in
 * wire.c: u8 bool, u32, u64, all little endian; text as u16 length + bytes (UTF-8, no control characters but \n
 * in WIRE_LONG); pairs as u8 count + texts.  A decoder takes nothing for granted:
 * every length is checked against the packet and the field, and the last byte must be used.
 *
 * All structs hold their text in place: nothing is allocated, nothing outlives the message.
 */
#ifndef WIRE_WIRE_H
#define WIRE_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/clock.h"
#include "base/error.h"

#define WIRE_VERSION 1u
#define WIRE_PACKET_MAX 16384u
#define WIRE_NAME_MAX 64u   /* with NUL */
#define WIRE_TEXT_MAX 256u  /* with NUL */
#define WIRE_LONG_MAX 4096u /* with NUL */
#define WIRE_PAIRS_MAX 16u

/* What both processes hold to: the watcher so that it can say so in good time, the executor because it must. */
#define WIRE_ACTIONS_PER_RUN 1000u /* a flush grows from few messages to many, for many next hops */
/* A maintenance that nobody remembers would leave the relay alone for good. */
#define WIRE_MAINTENANCE_MAX_USEC (30 * USEC_PER_DAY)
#define WIRE_HEARTBEAT_USEC 3000000u /* an idle relay is woken as seldom as that */

enum wire_type {
        /* watcher -> executor */
        WIRE_HELLO = 1,
        WIRE_HEARTBEAT,
        WIRE_INCIDENT_OPEN,
        WIRE_INCIDENT_NOTE,
        WIRE_INCIDENT_CLOSE,
        WIRE_RUN_BEGIN,
        WIRE_RUN_END,
        WIRE_ACTION_REQUEST,
        WIRE_ESCALATE,
        WIRE_LOWER,
        WIRE_LEASE_RENEW,
        WIRE_LEASE_END,

        /* executor -> watcher */
        WIRE_WELCOME,
        WIRE_STATE,
        WIRE_PLAYBOOK_STATE,
        WIRE_PAST_INCIDENT,
        WIRE_PAST_ACTION,
        WIRE_WELCOME_END,
        WIRE_INCIDENT_REPLY,
        WIRE_RUN_REPLY,
        WIRE_ACTION_STARTED,
        WIRE_ACTION_FINISHED,
        WIRE_LOWER_REPLY,
        WIRE_RUN_PLAYBOOK,
        WIRE_LEASE,

        /* spoolguardctl -> executor, and back */
        WIRE_CONTROL_REQUEST,
        WIRE_CONTROL_REPLY,

        WIRE_TYPE_MAX,
};

enum wire_verdict {
        WIRE_GO = 1,
        WIRE_COOLDOWN,    /* not before until_usec */
        WIRE_SPENT,       /* budget used up until until_usec */
        WIRE_MAINTENANCE, /* until until_usec */
        WIRE_QUARANTINED,
        WIRE_OFF,
        WIRE_REFUSED, /* with the reason in text */
};

enum wire_status {
        WIRE_DONE = 1,
        WIRE_WOULD_HAVE, /* observe: checked, recorded, nothing touched */
        WIRE_NOTHING,    /* nothing there to act on */
        WIRE_DENIED,     /* refused, with the reason; nothing touched */
        WIRE_FAILED,
        WIRE_TIMED_OUT,
        WIRE_UNKNOWN, /* an intent without an outcome, found after a crash */
};

enum wire_lower_kind {
        WIRE_LOWER_OBSERVE = 1,
        WIRE_LOWER_MAINTENANCE,
        WIRE_LOWER_RELOAD,
        WIRE_LOWER_RETURN_LEASE,
};

enum wire_lease_state {
        WIRE_LEASE_TAKING = 1, /* its action is at work */
        WIRE_LEASE_IN_FORCE,
        WIRE_LEASE_LAPSED,    /* its slice passed without a renewal; the next renewal brings it back */
        WIRE_LEASE_OVERRULED, /* somebody else has changed what it had changed, and his word stays */
        WIRE_LEASE_ENDING,    /* being undone */
        WIRE_LEASE_ENDED,
};

struct wire_pair {
        char name[32];
        char text[512];
};

/* The first message of a watcher; anything before it ends the channel. */
struct wire_hello {
        uint32_t pid;
        char version[WIRE_NAME_MAX];
};
/* Every WIRE_HEARTBEAT_USEC; the executor ends a watcher that is silent for too long (watcher_supervise.h). */
struct wire_heartbeat {
        uint64_t turns;
        char status[WIRE_TEXT_MAX];
};
struct wire_incident_open {
        uint64_t serial;
        char title[WIRE_TEXT_MAX];
        char condition[WIRE_TEXT_MAX]; /* object name of the first condition */
};
/* A sentence for the record: a condition that joined or cleared, a diagnosis. kind: "condition", "diagnosis", "note". */
struct wire_incident_note {
        uint64_t incident;
        char kind[WIRE_NAME_MAX];
        char text[WIRE_TEXT_MAX];
};
struct wire_incident_close {
        uint64_t incident;
        char text[WIRE_TEXT_MAX];
};
/* Ask for a run of a playbook; incident 0: by hand. */
struct wire_run_begin {
        uint64_t serial, incident;
        bool dry, by_hand;
        char playbook[WIRE_NAME_MAX];
};
struct wire_run_end {
        uint64_t run;
        bool acted, crashed;        /* crashed: an error in Lua */
        char result[WIRE_NAME_MAX]; /* "cleared", "done", "not-cleared", "refused", "failed", "observed" */
        char text[WIRE_TEXT_MAX];
};
/*
 * With it comes the selection as a sealed memfd when the verb has a selector.  A reversible verb takes a lease that
 * ends when the condition object `until_clear` has cleared; `reason` is one sentence for people.
 */
struct wire_action_request {
        uint64_t serial, run;
        char verb[WIRE_NAME_MAX];
        char until_clear[WIRE_TEXT_MAX], reason[WIRE_TEXT_MAX];
        struct wire_pair args[WIRE_PAIRS_MAX];
        uint8_t n_args;
};
struct wire_escalate {
        uint64_t incident;
        char condition
                [WIRE_TEXT_MAX]; /* object name of the condition it is about; "" when it is about none */
        char reason
                [WIRE_NAME_MAX]; /* "not-cleared", "spent", "no-playbook", "refused", "unknown-outcome", "error" */
        char text[WIRE_LONG_MAX];
};
/* From D-Bus Control: authority can only be lowered this way.  usec: duration of the maintenance (0 ends it). */
struct wire_lower {
        uint64_t serial, usec, lease;
        uint32_t kind; /* enum wire_lower_kind */
        char who[WIRE_NAME_MAX];
};
/* The evidence for a lease stands; with it comes a new selection when the verb has a selector. */
struct wire_lease_renew {
        uint64_t lease;
};
/* The condition that it waits for has cleared, and nobody brings back by other means what it holds. */
struct wire_lease_end {
        uint64_t lease;
        char text[WIRE_TEXT_MAX];
};

/* Sent after HELLO: state, playbooks, past incidents and actions (oldest first), leases, then WELCOME_END. */
struct wire_welcome {
        uint64_t incident, incident_since_usec; /* the open one, or 0; CLOCK_REALTIME */
        bool incident_escalated;
        char incident_title[WIRE_TEXT_MAX];
        uint32_t config_generation;
};
struct wire_state {
        uint32_t mode;                   /* enum config_mode */
        uint64_t maintenance_until_usec; /* CLOCK_REALTIME; 0: none */
        bool degraded;
        char text[WIRE_TEXT_MAX]; /* what is degraded */
};
struct wire_playbook_state {
        char playbook[WIRE_NAME_MAX];
        uint32_t mode; /* effective: the lower of the host's and its own */
        bool quarantined;
        uint64_t runs, would_have_run, last_run_usec; /* CLOCK_REALTIME */
        uint32_t verdict; /* enum wire_verdict, were it asked for now: WIRE_GO, WIRE_COOLDOWN or WIRE_SPENT */
        uint64_t until_usec; /* CLOCK_REALTIME: end of cool-down or spent budget */
};
struct wire_past_incident {
        uint64_t incident, since_usec, closed_usec; /* closed 0: open */
        bool escalated;
        char title[WIRE_TEXT_MAX];
        char diagnosis[WIRE_TEXT_MAX];
        char conditions[WIRE_LONG_MAX]; /* one per line */
};
struct wire_past_action {
        uint64_t incident, action, started_usec, finished_usec, freed_bytes, found_bytes, count;
        uint32_t status; /* enum wire_status */
        char playbook[WIRE_NAME_MAX], verb[WIRE_NAME_MAX];
        char args[WIRE_TEXT_MAX]; /* "keep=200M" */
        char text[WIRE_TEXT_MAX];
};
struct wire_welcome_end {
        uint64_t actions_running; /* still in a child of the executor: their ACTION_FINISHED will follow */
};

struct wire_incident_reply {
        uint64_t serial, incident, since_usec;
};
struct wire_run_reply {
        uint64_t serial, run, until_usec; /* until: CLOCK_REALTIME */
        uint32_t verdict;                 /* enum wire_verdict */
        bool observe;                     /* actions of this run will only be recorded */
        char text[WIRE_TEXT_MAX];
};
struct wire_action_started {
        uint64_t serial, run, action, incident, started_usec;
        bool observe;
        char playbook[WIRE_NAME_MAX], verb[WIRE_NAME_MAX];
        char args[WIRE_TEXT_MAX];
};
struct wire_action_finished {
        uint64_t serial, run, action, incident, finished_usec, freed_bytes, found_bytes, count;
        uint32_t status; /* enum wire_status; a request denied at once has action 0 and no STARTED */
        char text[WIRE_TEXT_MAX];
};
struct wire_lower_reply {
        uint64_t serial;
        bool ok;
        char text[WIRE_LONG_MAX];
};
/* Root asked over the control socket: run it as if by hand. */
struct wire_run_playbook {
        uint64_t serial;
        bool dry;
        char playbook[WIRE_NAME_MAX];
};

/* One lease: all of them at the welcome, and whenever something of it changes. */
struct wire_lease {
        uint64_t lease, incident, count, since_usec;
        uint64_t expires_usec; /* when it lapses unless it is renewed; CLOCK_REALTIME, 0: never */
        uint64_t limit_usec;   /* when it ends, renewed or not */
        uint32_t state;        /* enum wire_lease_state */
        char verb[WIRE_NAME_MAX];
        struct wire_pair args[WIRE_PAIRS_MAX];
        uint8_t n_args;
        char owner[WIRE_NAME_MAX]; /* the playbook */
        char until_clear[WIRE_TEXT_MAX], reason[WIRE_TEXT_MAX];
        char text[WIRE_TEXT_MAX]; /* what the last run or undo said */
};

/* command: "mode", "maintenance", "reload", "status", "run", "return", "forget"; see executor/control.c for their arguments. */
struct wire_control_request {
        char command[WIRE_NAME_MAX];
        struct wire_pair args[WIRE_PAIRS_MAX];
        uint8_t n_args;
};
struct wire_control_reply {
        bool ok;
        char text[WIRE_LONG_MAX];
};

struct wire_message {
        enum wire_type type;
        union {
                struct wire_hello hello;
                struct wire_heartbeat heartbeat;
                struct wire_incident_open incident_open;
                struct wire_incident_note incident_note;
                struct wire_incident_close incident_close;
                struct wire_run_begin run_begin;
                struct wire_run_end run_end;
                struct wire_action_request action_request;
                struct wire_escalate escalate;
                struct wire_lower lower;
                struct wire_lease_renew lease_renew;
                struct wire_lease_end lease_end;
                struct wire_welcome welcome;
                struct wire_state state;
                struct wire_playbook_state playbook_state;
                struct wire_past_incident past_incident;
                struct wire_past_action past_action;
                struct wire_welcome_end welcome_end;
                struct wire_incident_reply incident_reply;
                struct wire_run_reply run_reply;
                struct wire_action_started action_started;
                struct wire_action_finished action_finished;
                struct wire_lower_reply lower_reply;
                struct wire_run_playbook run_playbook;
                struct wire_lease lease;
                struct wire_control_request control_request;
                struct wire_control_reply control_reply;
        };
};

enum wire_from { WIRE_FROM_WATCHER = 1, WIRE_FROM_EXECUTOR, WIRE_FROM_CONTROL };

/* Whether a descriptor may come with messages of this type; it belongs to whoever receives it. */
bool wire_carries_fd(enum wire_type type);
const char *wire_lease_state_name(enum wire_lease_state state); /* "taking", "in-force", "lapsed", ... */

/*
 * Bytes used, or -EMSGSIZE, or -EINVAL for a type, an enumeration or a number of pairs that does not exist.  Text
 * is made clean (control characters become '?') rather than refused.
 */
ssize_t wire_encode(const struct wire_message *message, uint8_t packet[static WIRE_PACKET_MAX]);
/* -EBADMSG with the reason.  `from`: only the types that this side may send are decoded at all. */
int wire_decode(const uint8_t *packet, size_t size, enum wire_from from, struct wire_message *ret_message,
        struct problem *problem);
const char *wire_type_name(enum wire_type type);
const char *wire_status_name(enum wire_status status);    /* "done", "would-have", "nothing", ... */
const char *wire_verdict_name(enum wire_verdict verdict); /* "go", "cooldown", ... */

#endif
