/* SPDX-License-Identifier: MIT */
/*
 * view_lease - leases as people read them: what is held, why, until when, and what ends it
 *
 * Runs in: spoolguardctl.  A table of all, one line for each where they are only mentioned, and everything about
 * one.  A lease that nobody renews lapses by itself if it has a time for that, and one that is renewed still ends
 * at its limit: both times are said wherever there is room.  An argument that is "-" ("the default instance"),
 * empty or no time at all says nothing and is left out.
 *
 * Limits: texts are cut at the width of their buffers.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "ctl/client.h"
#include "ctl/print.h"
#include "ctl/view.h"

#define LABEL 12 /* where the text behind "  state     " begins */

static const struct {
        const char *state, *meaning, *next;
        const char *next_lasting; /* of one without a time at which it lapses; NULL: the same */
} states[] = {
        {.state = "taking", .meaning = "being taken", .next = "It is being taken."},
        {.state = "in-force",
                .meaning = "in force",
                .next = "It is renewed while the evidence stands.  Were spoolguard gone, it would lapse by "
                        "itself.",
                .next_lasting =
                        "It does not lapse by itself.  Were spoolguard gone, what it changed would stay so."},
        {.state = "lapsed",
                .meaning = "lapsed",
                .next = "Nobody renewed it in time, so it is without effect.  A renewal brings it back; "
                        "without one it ends."},
        {.state = "overruled",
                .meaning = "overruled by somebody else",
                .next = "Somebody else has changed what it had changed, and that stays so, also when it "
                        "ends.  Set it again, and the lease is in force again; or return the lease."},
        {.state = "ending", .meaning = "being taken back", .next = "What it changed is being taken back."},
};

const char *view_lease_state(const char *state) {
        for (size_t i = 0; i < ELEMENTSOF(states); i++)
                if (strcmp(states[i].state, state) == 0)
                        return states[i].meaning;
        return state;
}

static void append(char *text, size_t size, const char *before, const char *more) {
        size_t used = strlen(text);

        text_format(text + used, size - used, "%s%s", used ? before : "", more);
}

static bool says_nothing(const char *value) {
        return value[0] == '\0' || strcmp(value, "-") == 0 || strcmp(value, "0s") == 0;
}

static void arguments(const json_t *lease, char *text, size_t size) {
        const char *name;
        json_t *value;

        text[0] = '\0';
        json_object_foreach(json_object_get(lease, "Arguments"), name, value) {
                char pair[600];

                if (says_nothing(json_string_value(value)))
                        continue;
                text_format(pair, sizeof(pair), "%s=%s", name, json_string_value(value));
                append(text, size, " ", pair);
        }
}

/* Then nothing is to be said any more of what would have ended it. */
static bool is_ending(const json_t *lease) {
        return strcmp(client_text(lease, "State"), "ending") == 0;
}

/* What a lease has so many of, by the beginning of its verb; the first that fits. */
static const struct {
        const char *verb, *one, *many;
} amounts[] = {
        {"postfix.set", " setting", " settings"},
        {"postfix.", " message", " messages"},
        {"", "", ""},
};

/* "2,034 messages" */
static const char *amount(const json_t *lease, char text[static PRINT_VALUE_MAX]) {
        uint64_t count = client_u64(lease, "Count");
        char number[PRINT_VALUE_MAX];
        size_t i = 0;

        while (strncmp(client_text(lease, "Verb"), amounts[i].verb, strlen(amounts[i].verb)) != 0)
                i++;
        text_format(text, PRINT_VALUE_MAX, "%s%s", print_count(count, number),
                count == 1 ? amounts[i].one : amounts[i].many);
        return text;
}

/* "until next-hop-down_example.test clears, at the latest 2026-12-28 23:15:00" */
static void end(const json_t *lease, char *text, size_t size) {
        const char *condition = client_text(lease, "UntilClear");
        uint64_t limit = client_u64(lease, "LimitUSec");
        char time[PRINT_VALUE_MAX];

        text[0] = '\0';
        if (is_ending(lease))
                return;
        if (condition[0])
                text_format(text, size, "until %s clears", condition);
        if (limit) {
                append(text, size, ", ", "at the latest ");
                append(text, size, "", print_time(limit, time));
        }
}

void view_lease_line(const json_t *lease, char *text, size_t size) {
        const char *condition = is_ending(lease) ? "" : client_text(lease, "UntilClear");
        char args[1024], number[PRINT_VALUE_MAX];

        arguments(lease, args, sizeof(args));
        text_format(text, size, "%s%s%s, %s%s%s%s", client_text(lease, "Verb"), args[0] ? " " : "", args,
                amount(lease, number), condition[0] ? ", until " : "", condition,
                condition[0] ? " clears" : "");
        if (strcmp(client_text(lease, "State"), "in-force") != 0) {
                append(text, size, ", ", "now ");
                append(text, size, "", view_lease_state(client_text(lease, "State")));
        }
}

static void row(struct print_table *table, const json_t *lease) {
        char id[32], count[PRINT_VALUE_MAX], since[PRINT_VALUE_MAX], lapses[PRINT_VALUE_MAX];
        char what[2048], ends[512], by[600];
        const char *cells[] = {
                id,
                client_text(lease, "State"),
                client_text(lease, "Verb"),
                print_count(client_u64(lease, "Count"), count),
                print_distance(client_u64(lease, "SinceUSec"), since),
                print_distance(is_ending(lease) ? 0 : client_u64(lease, "ExpiresUSec"), lapses),
                what,
        };

        text_format(id, sizeof(id), "%" PRIu64, client_u64(lease, "Id"));
        arguments(lease, what, sizeof(what));
        end(lease, ends, sizeof(ends));
        if (ends[0])
                append(what, sizeof(what), ", ", ends);
        text_format(by, sizeof(by), "by %s: %s", client_text(lease, "Owner"), client_text(lease, "Reason"));
        append(what, sizeof(what), "; ", by);
        /* What is in the way of taking it back, or what somebody else has made of it. */
        if ((is_ending(lease) || strcmp(client_text(lease, "State"), "overruled") == 0) &&
                client_text(lease, "Text")[0])
                append(what, sizeof(what), "; ", client_text(lease, "Text"));
        print_table_row(table, cells);
}

void view_leases(const struct ctl *ctl, const json_t *leases) {
        static const char *const headers[] = {
                ">ID", "STATE", "VERB", ">COUNT", "SINCE", "LAPSES", "WHAT", NULL};
        struct print_table *table = print_table_new(headers);
        const json_t *lease;
        size_t i;

        json_array_foreach((json_t *)leases, i, lease) {
                row(table, lease);
        }
        print_table_consume(ctl, table);
}

static void line(const char *label, const char *text) {
        printf("  %-*s", LABEL - 2, label);
        print_wrapped(LABEL, LABEL, text);
}

/* "23:15:00 (in 12m)" */
static void moment(uint64_t usec, char *text, size_t size) {
        char time[PRINT_VALUE_MAX], distance[PRINT_VALUE_MAX];

        text_format(text, size, "%s (%s)", print_time(usec, time), print_distance(usec, distance));
}

static void view_terms(const json_t *lease) {
        uint64_t expires = client_u64(lease, "ExpiresUSec"), limit = client_u64(lease, "LimitUSec");
        char text[512];

        if (expires) {
                moment(expires, text, sizeof(text));
                append(text, sizeof(text), " ", "unless it is renewed");
                line("lapses", text);
        }
        text_format(text, sizeof(text), "when %s has cleared", client_text(lease, "UntilClear"));
        if (client_text(lease, "UntilClear")[0])
                line("ends", text);
        if (limit) {
                moment(limit, text, sizeof(text));
                line("at latest", text);
        }
}

void view_lease(const struct ctl *ctl, const json_t *lease) {
        bool lasts = client_u64(lease, "ExpiresUSec") == 0;
        char text[1024], number[PRINT_VALUE_MAX];

        arguments(lease, text, sizeof(text));
        print_text("\nlease %" PRIu64 ": %s%s%s\n", client_u64(lease, "Id"), client_text(lease, "Verb"),
                text[0] ? " " : "", text);
        printf("  ");
        print_wrapped(2, 2, client_text(lease, "Reason"));
        printf("\n  %-*s", LABEL - 2, "state");
        print_state(ctl, client_text(lease, "State"));
        moment(client_u64(lease, "SinceUSec"), text, sizeof(text));
        print_text(", taken %s\n", text);
        line("holds", amount(lease, number));
        if (!is_ending(lease))
                view_terms(lease);
        text_format(number, sizeof(number), ", in incident %" PRIu64, client_u64(lease, "Incident"));
        text_format(text, sizeof(text), "playbook %s%s", client_text(lease, "Owner"),
                client_u64(lease, "Incident") ? number : "");
        line("taken by", text);
        if (client_text(lease, "Text")[0])
                line("last said", client_text(lease, "Text"));
        for (size_t i = 0; i < ELEMENTSOF(states); i++)
                if (strcmp(states[i].state, client_text(lease, "State")) == 0) {
                        printf("\n  ");
                        print_wrapped(2, 2,
                                lasts && states[i].next_lasting ? states[i].next_lasting : states[i].next);
                }
}
