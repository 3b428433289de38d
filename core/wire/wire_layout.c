/* SPDX-License-Identifier: MIT */
/*
 * wire_layout - the one table that says what may be said, by whom, and in which bytes
 *
 * Runs wherever wire.c runs; constant data and one lookup, nothing can fail.  A message is a row of `layouts`:
 * its name, the one side that may send it, and its fields in the order of the wire.  A field's kind follows
 * from its C type by _Generic, so a row cannot disagree with the struct: it would not compile.  What a table
 * may still forget is a field; the round trip in test_wire.c, of samples with every field set, finds it.
 *
 * Limits: one side per message; enumerations must be contiguous.
 */
#include "wire/wire_layout.h"

#include "base/cleanup.h"
#include "config/config.h"

#define MEMBER(message, member) ((struct wire_##message *)NULL)->member

/* clang-format off */
#define FIELD(message, member)                                                                          \
        {                                                                                               \
                .name = #member,                                                                        \
                .offset = offsetof(struct wire_##message, member),                                      \
                .size = sizeof(MEMBER(message, member)),                                                \
                .kind = _Generic(MEMBER(message, member),                                               \
                        bool: WIRE_FIELD_BOOL,                                                          \
                        uint32_t: WIRE_FIELD_U32,                                                       \
                        uint64_t: WIRE_FIELD_U64,                                                       \
                        char *: WIRE_FIELD_TEXT),                                                       \
        }
#define CHOICE(message, member, lowest, highest)                                                        \
        {                                                                                               \
                .name = #member,                                                                        \
                .offset = offsetof(struct wire_##message, member),                                      \
                .kind = _Generic(MEMBER(message, member), uint32_t: WIRE_FIELD_U32),                    \
                .first = (uint32_t)(lowest),                                                            \
                .last = (uint32_t)(highest),                                                            \
        }
#define PAIRS(message, member, count)                                                                   \
        {                                                                                               \
                .name = #member,                                                                        \
                .offset = offsetof(struct wire_##message, member),                                      \
                .kind = _Generic(MEMBER(message, member), struct wire_pair *: WIRE_FIELD_PAIRS),        \
                .count_offset = _Generic(MEMBER(message, count),                                        \
                        uint8_t: offsetof(struct wire_##message, count)),                               \
        }
/* clang-format on */

static const struct wire_field hello_fields[] = {
        FIELD(hello, pid),
        FIELD(hello, version),
};
static const struct wire_field heartbeat_fields[] = {
        FIELD(heartbeat, turns),
        FIELD(heartbeat, status),
};
static const struct wire_field incident_open_fields[] = {
        FIELD(incident_open, serial),
        FIELD(incident_open, title),
        FIELD(incident_open, condition),
};
static const struct wire_field incident_note_fields[] = {
        FIELD(incident_note, incident),
        FIELD(incident_note, kind),
        FIELD(incident_note, text),
};
static const struct wire_field incident_close_fields[] = {
        FIELD(incident_close, incident),
        FIELD(incident_close, text),
};
static const struct wire_field run_begin_fields[] = {
        FIELD(run_begin, serial),
        FIELD(run_begin, incident),
        FIELD(run_begin, dry),
        FIELD(run_begin, by_hand),
        FIELD(run_begin, playbook),
};
static const struct wire_field run_end_fields[] = {
        FIELD(run_end, run),
        FIELD(run_end, acted),
        FIELD(run_end, crashed),
        FIELD(run_end, result),
        FIELD(run_end, text),
};
static const struct wire_field action_request_fields[] = {
        FIELD(action_request, serial),
        FIELD(action_request, run),
        FIELD(action_request, verb),
        FIELD(action_request, until_clear),
        FIELD(action_request, reason),
        PAIRS(action_request, args, n_args),
};
static const struct wire_field escalate_fields[] = {
        FIELD(escalate, incident),
        FIELD(escalate, condition),
        FIELD(escalate, reason),
        FIELD(escalate, text),
};
static const struct wire_field lower_fields[] = {
        FIELD(lower, serial),
        FIELD(lower, usec),
        FIELD(lower, lease),
        CHOICE(lower, kind, WIRE_LOWER_OBSERVE, WIRE_LOWER_RETURN_LEASE),
        FIELD(lower, who),
};
static const struct wire_field lease_renew_fields[] = {
        FIELD(lease_renew, lease),
};
static const struct wire_field lease_end_fields[] = {
        FIELD(lease_end, lease),
        FIELD(lease_end, text),
};
static const struct wire_field welcome_fields[] = {
        FIELD(welcome, incident),
        FIELD(welcome, incident_since_usec),
        FIELD(welcome, incident_escalated),
        FIELD(welcome, incident_title),
        FIELD(welcome, config_generation),
};
static const struct wire_field state_fields[] = {
        CHOICE(state, mode, CONFIG_MODE_OFF, CONFIG_MODE_ENFORCE),
        FIELD(state, maintenance_until_usec),
        FIELD(state, degraded),
        FIELD(state, text),
};
static const struct wire_field playbook_state_fields[] = {
        FIELD(playbook_state, playbook),
        CHOICE(playbook_state, mode, CONFIG_MODE_OFF, CONFIG_MODE_ENFORCE),
        FIELD(playbook_state, quarantined),
        FIELD(playbook_state, runs),
        FIELD(playbook_state, would_have_run),
        FIELD(playbook_state, last_run_usec),
        CHOICE(playbook_state, verdict, WIRE_GO, WIRE_REFUSED),
        FIELD(playbook_state, until_usec),
};
static const struct wire_field past_incident_fields[] = {
        FIELD(past_incident, incident),
        FIELD(past_incident, since_usec),
        FIELD(past_incident, closed_usec),
        FIELD(past_incident, escalated),
        FIELD(past_incident, title),
        FIELD(past_incident, diagnosis),
        FIELD(past_incident, conditions),
};
static const struct wire_field past_action_fields[] = {
        FIELD(past_action, incident),
        FIELD(past_action, action),
        FIELD(past_action, started_usec),
        FIELD(past_action, finished_usec),
        FIELD(past_action, freed_bytes),
        FIELD(past_action, found_bytes),
        FIELD(past_action, count),
        CHOICE(past_action, status, WIRE_DONE, WIRE_UNKNOWN),
        FIELD(past_action, playbook),
        FIELD(past_action, verb),
        FIELD(past_action, args),
        FIELD(past_action, text),
};
static const struct wire_field welcome_end_fields[] = {
        FIELD(welcome_end, actions_running),
};
static const struct wire_field incident_reply_fields[] = {
        FIELD(incident_reply, serial),
        FIELD(incident_reply, incident),
        FIELD(incident_reply, since_usec),
};
static const struct wire_field run_reply_fields[] = {
        FIELD(run_reply, serial),
        FIELD(run_reply, run),
        FIELD(run_reply, until_usec),
        CHOICE(run_reply, verdict, WIRE_GO, WIRE_REFUSED),
        FIELD(run_reply, observe),
        FIELD(run_reply, text),
};
static const struct wire_field action_started_fields[] = {
        FIELD(action_started, serial),
        FIELD(action_started, run),
        FIELD(action_started, action),
        FIELD(action_started, incident),
        FIELD(action_started, started_usec),
        FIELD(action_started, observe),
        FIELD(action_started, playbook),
        FIELD(action_started, verb),
        FIELD(action_started, args),
};
static const struct wire_field action_finished_fields[] = {
        FIELD(action_finished, serial),
        FIELD(action_finished, run),
        FIELD(action_finished, action),
        FIELD(action_finished, incident),
        FIELD(action_finished, finished_usec),
        FIELD(action_finished, freed_bytes),
        FIELD(action_finished, found_bytes),
        FIELD(action_finished, count),
        CHOICE(action_finished, status, WIRE_DONE, WIRE_UNKNOWN),
        FIELD(action_finished, text),
};
static const struct wire_field lower_reply_fields[] = {
        FIELD(lower_reply, serial),
        FIELD(lower_reply, ok),
        FIELD(lower_reply, text),
};
static const struct wire_field run_playbook_fields[] = {
        FIELD(run_playbook, serial),
        FIELD(run_playbook, dry),
        FIELD(run_playbook, playbook),
};
static const struct wire_field lease_fields[] = {
        FIELD(lease, lease),
        FIELD(lease, incident),
        FIELD(lease, count),
        FIELD(lease, since_usec),
        FIELD(lease, expires_usec),
        FIELD(lease, limit_usec),
        CHOICE(lease, state, WIRE_LEASE_TAKING, WIRE_LEASE_ENDED),
        FIELD(lease, verb),
        PAIRS(lease, args, n_args),
        FIELD(lease, owner),
        FIELD(lease, until_clear),
        FIELD(lease, reason),
        FIELD(lease, text),
};
static const struct wire_field control_request_fields[] = {
        FIELD(control_request, command),
        PAIRS(control_request, args, n_args),
};
static const struct wire_field control_reply_fields[] = {
        FIELD(control_reply, ok),
        FIELD(control_reply, text),
};

#define LAYOUT(title, message, side)                                         \
        {                                                                    \
                .name = (title), .from = (side), .fields = message##_fields, \
                .n_fields = ELEMENTSOF(message##_fields)                     \
        }

static const struct wire_layout layouts[WIRE_TYPE_MAX] = {
        [WIRE_HELLO] = LAYOUT("hello", hello, WIRE_FROM_WATCHER),
        [WIRE_HEARTBEAT] = LAYOUT("heartbeat", heartbeat, WIRE_FROM_WATCHER),
        [WIRE_INCIDENT_OPEN] = LAYOUT("incident-open", incident_open, WIRE_FROM_WATCHER),
        [WIRE_INCIDENT_NOTE] = LAYOUT("incident-note", incident_note, WIRE_FROM_WATCHER),
        [WIRE_INCIDENT_CLOSE] = LAYOUT("incident-close", incident_close, WIRE_FROM_WATCHER),
        [WIRE_RUN_BEGIN] = LAYOUT("run-begin", run_begin, WIRE_FROM_WATCHER),
        [WIRE_RUN_END] = LAYOUT("run-end", run_end, WIRE_FROM_WATCHER),
        [WIRE_ACTION_REQUEST] = LAYOUT("action-request", action_request, WIRE_FROM_WATCHER),
        [WIRE_ESCALATE] = LAYOUT("escalate", escalate, WIRE_FROM_WATCHER),
        [WIRE_LOWER] = LAYOUT("lower", lower, WIRE_FROM_WATCHER),
        [WIRE_LEASE_RENEW] = LAYOUT("lease-renew", lease_renew, WIRE_FROM_WATCHER),
        [WIRE_LEASE_END] = LAYOUT("lease-end", lease_end, WIRE_FROM_WATCHER),

        [WIRE_WELCOME] = LAYOUT("welcome", welcome, WIRE_FROM_EXECUTOR),
        [WIRE_STATE] = LAYOUT("state", state, WIRE_FROM_EXECUTOR),
        [WIRE_PLAYBOOK_STATE] = LAYOUT("playbook-state", playbook_state, WIRE_FROM_EXECUTOR),
        [WIRE_PAST_INCIDENT] = LAYOUT("past-incident", past_incident, WIRE_FROM_EXECUTOR),
        [WIRE_PAST_ACTION] = LAYOUT("past-action", past_action, WIRE_FROM_EXECUTOR),
        [WIRE_WELCOME_END] = LAYOUT("welcome-end", welcome_end, WIRE_FROM_EXECUTOR),
        [WIRE_INCIDENT_REPLY] = LAYOUT("incident-reply", incident_reply, WIRE_FROM_EXECUTOR),
        [WIRE_RUN_REPLY] = LAYOUT("run-reply", run_reply, WIRE_FROM_EXECUTOR),
        [WIRE_ACTION_STARTED] = LAYOUT("action-started", action_started, WIRE_FROM_EXECUTOR),
        [WIRE_ACTION_FINISHED] = LAYOUT("action-finished", action_finished, WIRE_FROM_EXECUTOR),
        [WIRE_LOWER_REPLY] = LAYOUT("lower-reply", lower_reply, WIRE_FROM_EXECUTOR),
        [WIRE_RUN_PLAYBOOK] = LAYOUT("run-playbook", run_playbook, WIRE_FROM_EXECUTOR),
        [WIRE_LEASE] = LAYOUT("lease", lease, WIRE_FROM_EXECUTOR),

        [WIRE_CONTROL_REQUEST] = LAYOUT("control-request", control_request, WIRE_FROM_CONTROL),
        [WIRE_CONTROL_REPLY] = LAYOUT("control-reply", control_reply, WIRE_FROM_EXECUTOR),
};

const struct wire_layout *wire_layout_of(uint32_t type) {
        return type < ELEMENTSOF(layouts) && layouts[type].name ? &layouts[type] : NULL;
}
