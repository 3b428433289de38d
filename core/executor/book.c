/* SPDX-License-Identifier: MIT */
/*
 * book - the one way in which the executor's state changes
 *
 * Runs in: executor.  Owns recorder and ledger.  An event is formatted as a slot, parsed back, written to the
 * recorder, applied to the ledger and told to the journal, in this order: the ledger never holds what a restart
 * would not find, except for events over the hourly limit of their kind (event.c), which the ledger needs and
 * the ring can do without.
 *
 * The ring forgets after RECORD_SLOTS records.  So after every quarter of it a checkpoint writes again what must not be
 * forgotten: the open incident, mode, maintenance, steps of the clock, and what each playbook and verb has used up.
 *
 * Times in records are of the realtime clock, which is set now and then.  That is noticed by its distance from
 * the time since boot and becomes a record itself.  At a start only a clock that went back is noticed: forward,
 * it cannot be told from a pause.
 *
 * Fails: book_write() is negative when no recorder takes the record.
 * Limits: a checkpoint keeps the newest CHECKPOINT_USES uses of each playbook and verb, to the second.
 */
#include "executor/book.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "executor/allowance.h"
#include "executor/event.h"

#define CHECKPOINT_EVERY (RECORD_SLOTS / 4)
#define CHECKPOINT_USES 48u

struct book {
        struct loop *loop;
        struct recorder *recorder;
        struct ledger ledger;
        uint64_t clock_distance_usec; /* realtime from time since boot */
        struct allowance allowances[EVENT_KINDS_MAX];
        bool in_checkpoint;
};

struct book_entry book_entry_new(const char *event) {
        struct book_entry entry = {.n = 0};
        book_text(&entry, "event", event);
        return entry;
}

void book_text(struct book_entry *entry, const char *name, const char *value) {
        assert(entry->n < RECORD_FIELDS_MAX);
        entry->fields[entry->n++] = (struct record_field){.name = name, .value = value};
}

void book_number(struct book_entry *entry, const char *name, uint64_t value) {
        snprintf(entry->numbers[entry->n], sizeof(entry->numbers[0]), "%" PRIu64, value);
        book_text(entry, name, NULL);
}

void book_flag(struct book_entry *entry, const char *name, bool value) {
        book_text(entry, name, value ? "yes" : "no");
}

static uint64_t clock_distance(const struct book *book) {
        return loop_realtime(book->loop) - loop_now(book->loop) - clock_asleep_usec();
}

static void write_step(struct book *book, bool forward, uint64_t by_usec, bool at_start) {
        struct book_entry entry = book_entry_new("clock-stepped");
        char duration[TEXT_QUANTITY_MAX];

        log_warning(
                "the clock was set %s by %s", forward ? "forward" : "back", text_duration(by_usec, duration));
        book_text(&entry, "direction", forward ? "forward" : "back");
        book_number(&entry, "by", by_usec);
        book_flag(&entry, "at_start", at_start);
        book_write(book, &entry);
}

int64_t book_watch_clock(struct book *book) {
        uint64_t distance = clock_distance(book), ahead = distance - book->clock_distance_usec;
        bool forward = (int64_t)ahead >= 0;
        uint64_t by = forward ? ahead : -ahead;

        if (by <= BOOK_STEP_MIN)
                return 0;
        book->clock_distance_usec = distance;
        write_step(book, forward, by, false);
        return (int64_t)ahead;
}

static int apply_one(const struct record *record, void *data) {
        ledger_apply(data, record);
        return 0;
}

/*
 * What begins on tmpfs cannot know which numbers the disk has given: it counts from the seconds of the clock, beyond
 * what any disk got to, so that both can be one history later.
 */
static void begin_apart(struct ledger *ledger, uint64_t number) {
        ledger->next_number = ledger->next_incident = ledger->next_run = ledger->next_action = number;
}

int book_new(struct loop *loop, const char *state_dir, const char *run_dir, const char *group,
        struct book **ret_book) {
        struct book *book = calloc(1, sizeof(*book));
        uint64_t latest;
        int r;

        if (!book)
                return -ENOMEM;
        book->loop = loop;
        ledger_init(&book->ledger);
        r = recorder_new(state_dir, run_dir, group, &book->recorder);
        if (r < 0) {
                book_free(book);
                return r;
        }
        r = recorder_read(book->recorder, apply_one, &book->ledger, NULL);
        if (r < 0)
                log_error("recorder: cannot be read, its history is not known: %s", strerror(-r));
        if (recorder_place(book->recorder) != STATE_DURABLE && book->ledger.next_number == 1)
                begin_apart(&book->ledger, loop_realtime(loop) / USEC_PER_SEC);
        /* What root raised by hand does not outlive us: the configuration decides at a start. */
        if (book->ledger.mode_override == CONFIG_MODE_ENFORCE)
                book->ledger.mode_override = CONFIG_MODE_OFF;
        book->clock_distance_usec = clock_distance(book);
        latest = ledger_latest_usec(&book->ledger);
        if (latest > loop_realtime(loop) + BOOK_STEP_MIN)
                write_step(book, false, latest - loop_realtime(loop), true);
        *ret_book = book;
        return 0;
}

struct book *book_free(struct book *book) {
        if (book)
                recorder_free(book->recorder);
        free(book);
        return NULL;
}

struct ledger *book_ledger(struct book *book) {
        return &book->ledger;
}

const struct recorder *book_recorder(const struct book *book) {
        return book->recorder;
}

bool book_mend(struct book *book) {
        return recorder_mend(book->recorder);
}

static bool within_allowance(struct book *book, const struct event_kind *kind, unsigned index) {
        struct allowance *allowance = &book->allowances[index];

        if (kind->per_hour == 0 || book->in_checkpoint ||
                allowance_take(allowance, kind->burst, kind->per_hour, loop_now(book->loop)))
                return true;
        if (!allowance->told)
                log_warning("too many records of the kind %s: some are left out, at most %u an hour are kept",
                        kind->event, kind->per_hour);
        allowance->told = true;
        return false;
}

static void checkpoint(struct book *book);

int book_write(struct book *book, struct book_entry *entry) {
        unsigned index;
        const struct event_kind *kind = event_kind(entry->fields[0].value, &index);
        uint64_t number = book->ledger.next_number;
        struct record record;
        char slot[RECORD_SLOT_SIZE];
        bool kept;
        int r;

        assert(kind);
        for (size_t i = 0; i < entry->n; i++)
                if (!entry->fields[i].value)
                        entry->fields[i].value = entry->numbers[i];
        r = record_format(number, loop_realtime(book->loop), entry->fields, entry->n, slot);
        if (r == 0)
                r = record_parse(slot, &record);
        if (r < 0)
                return r;

        kept = within_allowance(book, kind, index);
        if (kept)
                r = recorder_append(book->recorder, number, slot, kind->durable);
        else
                record.number = 0;
        ledger_apply(&book->ledger, &record);
        if (kept && !book->in_checkpoint)
                event_send(kind, &record);
        if (kept && number % CHECKPOINT_EVERY == 0 && !book->in_checkpoint)
                checkpoint(book);
        return r < 0 ? r : !kept;
}

static void write_uses(const struct budget_uses *uses, char *text, size_t size) {
        size_t first = uses->n > CHECKPOINT_USES ? uses->n - CHECKPOINT_USES : 0, used = 0;

        text[0] = '\0';
        for (size_t i = first; i < uses->n && used < size; i++)
                used += (size_t)snprintf(text + used, size - used, "%s%s%" PRIu64, i > first ? " " : "",
                        uses->uses[i].observed ? "o" : "", uses->uses[i].at_usec / USEC_PER_SEC);
}

static void tally_playbook(struct book *book, const struct ledger_playbook *playbook) {
        struct book_entry entry = book_entry_new("tally");
        char name[WIRE_NAME_MAX], uses[CHECKPOINT_USES * 24];

        strcpy(name, playbook->name);
        write_uses(&playbook->acted, uses, sizeof(uses));
        book_text(&entry, "kind", "playbook");
        book_text(&entry, "name", name);
        book_number(&entry, "runs", playbook->runs);
        book_number(&entry, "would_have", playbook->would_have_run);
        book_number(&entry, "last", playbook->last_run_usec);
        book_number(&entry, "crashes", playbook->crashes);
        book_flag(&entry, "quarantined", playbook->quarantined);
        book_number(&entry, "source", playbook->quarantined_source);
        book_text(&entry, "uses", uses);
        book_write(book, &entry);
}

static void tally_verb(struct book *book, const struct ledger_verb *verb) {
        struct book_entry entry = book_entry_new("tally");
        char name[WIRE_NAME_MAX], uses[CHECKPOINT_USES * 24];

        strcpy(name, verb->name);
        write_uses(&verb->uses, uses, sizeof(uses));
        book_text(&entry, "kind", "verb");
        book_text(&entry, "name", name);
        book_text(&entry, "uses", uses);
        book_write(book, &entry);
}

static void checkpoint(struct book *book) {
        const struct ledger *ledger = &book->ledger;

        book->in_checkpoint = true;
        if (ledger->incident.id != 0) {
                struct book_entry entry = book_entry_new("incident-opened");
                struct ledger_incident incident = ledger->incident;
                book_number(&entry, "incident", incident.id);
                book_number(&entry, "since", incident.since_usec);
                book_flag(&entry, "escalated", incident.escalated);
                book_text(&entry, "title", incident.title);
                book_text(&entry, "condition", incident.conditions);
                book_write(book, &entry);
        }
        if (ledger->mode_override != CONFIG_MODE_OFF) {
                struct book_entry entry = book_entry_new("mode");
                book_text(&entry, "mode", config_mode_name(ledger->mode_override));
                book_text(&entry, "who", "checkpoint");
                book_write(book, &entry);
        }
        if (ledger->maintenance_until_usec > loop_realtime(book->loop)) {
                struct book_entry entry = book_entry_new("maintenance");
                book_number(&entry, "until", ledger->maintenance_until_usec);
                book_text(&entry, "who", "checkpoint");
                book_write(book, &entry);
        }
        for (size_t i = 0; i < ledger->n_steps; i++) {
                struct book_entry entry = book_entry_new("clock-stepped");
                book_text(&entry, "direction", "forward");
                book_number(&entry, "by", ledger->steps[i].by_usec);
                book_number(&entry, "at", ledger->steps[i].at_usec);
                book_write(book, &entry);
        }
        /* By index: writing a tally leaves the lists as they are. */
        for (size_t i = 0; i < ledger->n_playbooks; i++)
                tally_playbook(book, &ledger->playbooks[i]);
        for (size_t i = 0; i < ledger->n_verbs; i++)
                tally_verb(book, &ledger->verbs[i]);
        book->in_checkpoint = false;
}
