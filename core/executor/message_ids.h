/* SPDX-License-Identifier: MIT */
/*
 * message_ids - the MESSAGE_ID of every kind of journal entry that people search for
 *
 * A number, once given, never changes its meaning and is never given again: saved
 * queries and alarms of other people depend on it.  packaging/spoolguard.catalog
 * explains each one and must hold exactly these; a new kind of event gets its number
 * from `journalctl --new-id128`, a line here and an entry there.
 *
 * Fields that entries may carry, and that the catalog's texts use: SPOOLGUARD_INCIDENT,
 * _CONDITION, _PLAYBOOK, _VERB, _ACTION, _STATUS, _FREED_BYTES, _REASON, _MODE, _LEASE,
 * _COUNT.
 */
#ifndef SPOOLGUARD_EXECUTOR_MESSAGE_IDS_H
#define SPOOLGUARD_EXECUTOR_MESSAGE_IDS_H

/* A condition became active and no incident was open. */
#define SG_MESSAGE_INCIDENT_OPENED "741a2ecb0556415b8bb6215a3fb9c025"
/* All conditions of an incident are clear and its leases are over. */
#define SG_MESSAGE_INCIDENT_CLOSED "b5523e177f814584a83fa1eeb75bc2f9"
/* An action was recorded as intended and is about to be run. */
#define SG_MESSAGE_ACTION_STARTED "bd68f4049ffe46c8ab00fb4079a47296"
/* An action ended, well or not; status and freed bytes are fields. */
#define SG_MESSAGE_ACTION_FINISHED "9dfa4e48c63d4b328b1c164017d31c09"
/* In observe mode: what would have been done, and was not. */
#define SG_MESSAGE_ACTION_WOULD_HAVE_RUN "5a123f88d89d4afdadcaed0671b54daf"
/* After a crash: an intent without an outcome was found in the record. */
#define SG_MESSAGE_ACTION_UNKNOWN "7a35c8f1f806481fbd51df019f3eae95"
/* spoolguard cannot help itself; a person is needed. */
#define SG_MESSAGE_ESCALATED "442415d6bb7945bc880361d96014f1f5"
/* Observe or enforce, by configuration, bus or control socket. */
#define SG_MESSAGE_MODE_CHANGED "5fa8f68aebbf4519ba80a36b1dc7ece2"
/* Maintenance began, was extended, or ended. */
#define SG_MESSAGE_MAINTENANCE_CHANGED "48bb9260bb944c758f3f0ddeac9da25a"
/* The configuration has an error; the old or last good one is in force. */
#define SG_MESSAGE_CONFIG_REFUSED "d579e38d18984b7d98922338e92df031"
/* A playbook cannot be loaded or its run failed; the others go on. */
#define SG_MESSAGE_PLAYBOOK_BROKEN "e71e426882054ab3bcbe9f3b3984f755"
/* A playbook hung or crashed the watcher twice and is switched off. */
#define SG_MESSAGE_PLAYBOOK_QUARANTINED "698ec3167bc244d9a2847cd0afbe4b78"
/* The watcher ended or went silent and was started again. */
#define SG_MESSAGE_WATCHER_RESTARTED "7ddc01476c11445383407dbac210715c"
/* A reversible change was made and is in force until its lease ends. */
#define SG_MESSAGE_LEASE_TAKEN "4753e4fad97640639390ab6c0799ff6f"
/* A lease is over and its change was taken back. */
#define SG_MESSAGE_LEASE_ENDED "94be4f13843547b2a66a8862f24e9245"
/* A lease is over by root's word although its change was not taken back. */
#define SG_MESSAGE_LEASE_FORGOTTEN "bb901f2b69964553a77f5781e5f4b7e5"

#endif
