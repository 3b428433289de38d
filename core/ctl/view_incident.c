/* SPDX-License-Identifier: MIT */
/*
 * view_incident - one incident as a person wants it at night: what is wrong, what was done, what happens next
 *
 * Runs in: spoolguardctl.  The daemon's title is that of the beginning, its diagnosis the best it knows; how things
 * stand now is read from the conditions that the incident gathered, and what comes next from its leases, its runs and
 * from those playbooks of these conditions that wait for a time.  Nothing is called next that may as well never happen.
 *
 * Limits: a list of names is cut at the width of its buffer.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "ctl/client.h"
#include "ctl/print.h"
#include "ctl/view.h"

#define LABEL 12     /* where the text behind "  opened    " begins */
#define FOLDED_MIN 4 /* more of the same step in a row: of those alike only the ends are shown */

static bool has_text(const json_t *texts, const char *text) {
        const json_t *item;
        size_t i;

        json_array_foreach((json_t *)texts, i, item) {
                if (strcmp(json_string_value(item), text) == 0)
                        return true;
        }
        return false;
}

static void line(const char *label, const char *text) {
        printf("  %-*s", LABEL - 2, label);
        print_wrapped(LABEL, LABEL, text);
}

static void view_now(const json_t *incident, const json_t *conditions) {
        const json_t *condition;
        const char *label = "now";
        size_t i;

        json_array_foreach((json_t *)conditions, i, condition) {
                const char *reading = client_text(condition, "Reading");
                const char *way = client_bool(condition, "TripsBelow") ? "above" : "below";
                char value[PRINT_VALUE_MAX], clear[PRINT_VALUE_MAX], text[512];

                if (!has_text(json_object_get(incident, "Conditions"), client_text(condition, "Name")))
                        continue;
                text_format(text, sizeof(text), "%s is %s: %s, clear at or %s %s",
                        client_text(condition, "Name"), client_text(condition, "State"),
                        print_value(reading, client_double(condition, "Value"), value), way,
                        print_value(reading, client_double(condition, "ClearLevel"), clear));
                line(label, text);
                label = "";
        }
}

/* The first of several lines has the label. */
static void next_line(const char **label, const char *text) {
        line(*label, text);
        *label = "";
}

/* A lease of this incident waits for the condition to clear. */
static bool is_waited_for(const json_t *incident, const json_t *leases, const json_t *condition) {
        const json_t *lease;
        size_t i;

        json_array_foreach((json_t *)leases, i, lease) {
                const char *until = client_text(lease, "UntilClear");

                if (client_u64(lease, "Incident") == client_u64(incident, "Id") &&
                        (strcmp(until, client_text(condition, "Name")) == 0 ||
                                strcmp(until, client_text(condition, "ConfigName")) == 0))
                        return true;
        }
        return false;
}

/* Its condition stands, or has cleared and there is something to be brought back. */
static bool has_reason(const json_t *incident, const struct view_around *around, const json_t *playbook) {
        const char *name = client_text(playbook, "Name");
        const json_t *condition;
        size_t i;

        json_array_foreach((json_t *)around->conditions, i, condition) {
                if (!has_text(json_object_get(incident, "Conditions"), client_text(condition, "Name")))
                        continue;
                if (client_bool(condition, "Tripped")
                                ? has_text(json_object_get(condition, "Playbooks"), name)
                                : has_text(json_object_get(playbook, "ClearedConditions"),
                                          client_text(condition, "ConfigName")) &&
                                        is_waited_for(incident, around->leases, condition))
                        return true;
        }
        return false;
}

/* Only those that wait for a time: what is idle had its turn, or has nothing to do yet. */
static void view_playbooks_waiting(
        const json_t *incident, const struct view_around *around, const char **label) {
        const json_t *playbook;
        size_t i;

        json_array_foreach((json_t *)around->playbooks, i, playbook) {
                const char *state = client_text(playbook, "State");
                bool is_spent = strcmp(state, "spent") == 0;
                uint64_t until = client_u64(playbook, "UntilUSec");
                char time[PRINT_VALUE_MAX], distance[PRINT_VALUE_MAX], text[512];

                if (until == 0 || (!is_spent && strcmp(state, "cooldown") != 0) ||
                        !has_reason(incident, around, playbook))
                        continue;
                text_format(text, sizeof(text), "playbook %s may run again at %s (%s)%s",
                        client_text(playbook, "Name"), print_time(until, time),
                        print_distance(until, distance), is_spent ? ": its budget is spent" : "");
                next_line(label, text);
        }
}

static void view_nothing(const json_t *incident, const json_t *conditions, const char **label) {
        bool stands = false, has_playbook = false, calls = false;
        const json_t *condition;
        char text[512];
        size_t i;

        json_array_foreach((json_t *)conditions, i, condition) {
                if (!client_bool(condition, "Tripped") ||
                        !has_text(json_object_get(incident, "Conditions"), client_text(condition, "Name")))
                        continue;
                stands = true;
                has_playbook |= json_array_size(json_object_get(condition, "Playbooks")) > 0;
                calls |= strcmp(client_text(condition, "Level"), "notice") != 0;
        }
        text_format(text, sizeof(text), "nothing: %s; it closes %s%s",
                !stands                ? "none of its conditions stands any more"
                        : has_playbook ? "no playbook has anything to do now"
                                       : "no playbook is for it",
                stands ? "when its conditions are clear" : "when all of them are known to be clear",
                calls ? ", or a person is called" : "");
        next_line(label, text);
}

static void view_leases_left(const json_t *incident, const json_t *leases, const char **label) {
        const json_t *lease;
        size_t i;

        json_array_foreach((json_t *)leases, i, lease) {
                const char *state = client_text(lease, "State");
                const char *condition = strcmp(state, "ending") == 0 ? "" : client_text(lease, "UntilClear");
                char text[1024];

                if (client_u64(lease, "Incident") != client_u64(incident, "Id"))
                        continue;
                text_format(text, sizeof(text), "lease %" PRIu64 " is %s%s%s%s", client_u64(lease, "Id"),
                        view_lease_state(state), condition[0] ? "; it ends when " : "", condition,
                        condition[0] ? " clears" : "");
                next_line(label, text);
        }
}

static void view_next(const json_t *incident, const struct view_around *around) {
        const char *label = "next";
        const json_t *run;
        bool any = client_bool(incident, "Escalated");
        size_t i;

        if (any)
                next_line(&label, "a person has to look: nothing more can be tried here");
        view_leases_left(incident, around->leases, &label);
        json_array_foreach((json_t *)around->runs, i, run) {
                const char *waiting = client_text(run, "WaitingFor");
                char time[PRINT_VALUE_MAX], text[512];

                if (client_u64(run, "Incident") != client_u64(incident, "Id") ||
                        strcmp(client_text(run, "State"), "ended") == 0)
                        continue;
                if (waiting[0])
                        text_format(text, sizeof(text),
                                "playbook %s waits for: %s; %s at the latest it goes on",
                                client_text(run, "Playbook"), waiting,
                                print_time(client_u64(run, "DeadlineUSec"), time));
                else
                        text_format(text, sizeof(text), "playbook %s is %s", client_text(run, "Playbook"),
                                client_text(run, "State"));
                next_line(&label, text);
                any = true;
        }
        if (any)
                return;
        view_playbooks_waiting(incident, around, &label);
        if (label[0])
                view_nothing(incident, around->conditions, &label);
}

static void view_action(const struct ctl *ctl, const json_t *action, const char *label) {
        const char *args = client_text(action, "args"), *status = client_text(action, "status");
        uint64_t freed = client_u64(action, "freed_bytes"), at = client_u64(action, "started_usec");
        char time[PRINT_VALUE_MAX], size[TEXT_QUANTITY_MAX], text[2048];

        print_time(at ? at : client_u64(action, "finished_usec"), time);
        printf("  %-*s%s  ", LABEL - 2, label, time);
        print_state(ctl, status);
        text_format(text, sizeof(text), " %s%s%s, action %" PRIu64 " of %s%s%s%s%s",
                client_text(action, "verb"), args[0] ? " " : "", args, client_u64(action, "action"),
                client_text(action, "playbook"), freed ? ", freed " : "", freed ? text_size(freed, size) : "",
                client_text(action, "text")[0] ? ": " : "", client_text(action, "text"));
        print_wrapped(LABEL + strlen(time) + 2 + strlen(status), LABEL + strlen(time) + 2, text);
}

static bool is_same_step(const json_t *one, const json_t *other) {
        return strcmp(client_text(one, "verb"), client_text(other, "verb")) == 0 &&
                strcmp(client_text(one, "playbook"), client_text(other, "playbook")) == 0 &&
                strcmp(client_text(one, "status"), client_text(other, "status")) == 0;
}

/* "messages=20 how=batch": values that are numbers, and nothing else, may differ. */
static bool has_same_args(const char *one, const char *other) {
        static const char digits[] = "0123456789";

        for (bool begins = false;; begins = *one == '=', one++, other++) {
                size_t in_one = begins ? strspn(one, digits) : 0,
                       in_other = begins ? strspn(other, digits) : 0;

                if (in_one > 0 && in_other > 0 && strchr(" ", one[in_one]) && strchr(" ", other[in_other])) {
                        one += in_one;
                        other += in_other;
                }
                if (*one != *other)
                        return false;
                if (!*one)
                        return true;
        }
}

/* The same step with the same end for the same thing, with other figures at most. */
static bool is_alike(const json_t *one, const json_t *other) {
        return is_same_step(one, other) &&
                has_same_args(client_text(one, "args"), client_text(other, "args"));
}

/* Whether one of the steps from `first` to before `end` is like that one. */
static bool is_among(const json_t *actions, const json_t *action, size_t first, size_t end) {
        for (size_t i = first; i < end; i++)
                if (is_alike(action, json_array_get(actions, i)))
                        return true;
        return false;
}

/*
 * A queue is brought back in a hundred steps, of several next hops in turn: of those alike the first and the last are
 * shown, so that nothing is left out but figures.
 */
static void view_actions(const struct ctl *ctl, const json_t *incident) {
        const json_t *actions = json_object_get(incident, "Actions");
        size_t n = json_array_size(actions), end;
        uint64_t earlier = client_u64(incident, "EarlierActions");
        char text[128];

        if (earlier > 0) {
                text_format(text, sizeof(text),
                        "%" PRIu64 " earlier ones, see spoolguardctl log --incident %" PRIu64, earlier,
                        client_u64(incident, "Id"));
                line("actions", text);
        } else if (n == 0) {
                line("actions", "nothing was done");
        }
        for (size_t first = 0; first < n; first = end) {
                size_t left_out = 0;

                end = first + 1;
                while (end < n && is_same_step(json_array_get(actions, first), json_array_get(actions, end)))
                        end++;
                for (size_t i = first; i < end; i++) {
                        const json_t *action = json_array_get(actions, i);

                        if (end - first > FOLDED_MIN && is_among(actions, action, first, i) &&
                                is_among(actions, action, i + 1, end)) {
                                left_out++;
                                continue;
                        }
                        if (left_out > 0) {
                                text_format(text, sizeof(text),
                                        "and %zu more alike, see spoolguardctl log --incident %" PRIu64,
                                        left_out, client_u64(incident, "Id"));
                                line("", text);
                                left_out = 0;
                        }
                        view_action(ctl, action, i == 0 && earlier == 0 ? "actions" : "");
                }
        }
}

void view_incident(const struct ctl *ctl, const json_t *incident, const struct view_around *around) {
        uint64_t since = client_u64(incident, "SinceUSec"), closed = client_u64(incident, "ClosedUSec");
        char time[PRINT_VALUE_MAX], distance[PRINT_VALUE_MAX], names[4096], text[PRINT_VALUE_MAX * 3];

        text_format(names, sizeof(names), "Incident %" PRIu64 ": %s%s", client_u64(incident, "Id"),
                client_text(incident, "Title"),
                client_bool(incident, "Escalated") ? " (a person was called)" : "");
        print_heading(ctl, names);
        text_format(text, sizeof(text), "%s (%s)", print_time(since, time), print_distance(since, distance));
        line("opened", text);
        if (client_text(incident, "Diagnosis")[0])
                line("diagnosis", client_text(incident, "Diagnosis"));
        if (closed) {
                text_format(text, sizeof(text), "%s, after %s", print_time(closed, time),
                        text_duration(closed > since ? closed - since : 0, distance));
                line("closed", text);
                view_join(json_object_get(incident, "Conditions"), names, sizeof(names));
                line("involved", names);
        } else {
                view_now(incident, around->conditions);
                view_next(incident, around);
        }
        view_actions(ctl, incident);
}
