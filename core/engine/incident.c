/* SPDX-License-Identifier: MIT */
/*
 * incident - what an incident gathered, and the sentences about it
 *
 * Runs in the watcher and in simulations.  Plain data and text; who opens, joins and closes is engine_incident.c.
 * Sentences are made from the readings themselves: a few readings have a phrase of their own, all others are
 * described by the unit that their name ends in, so that a site's own sensor gets figures, too.
 *
 * Cannot fail.  Limits: an incident remembers its newest INCIDENT_ACTIONS_MAX actions and its first
 * INCIDENT_CONDITIONS_MAX conditions; the recorder has the rest.  A queue that is brought back takes more actions than
 * that: of the earlier ones only the sums are kept, and a new watcher does not know these.
 */
#include "engine/incident.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"
#include "engine/filler.h"

ptrdiff_t incident_gather(struct incident *incident, const char *condition) {
        for (size_t i = 0; i < incident->n_conditions; i++)
                if (strcmp(incident->conditions[i], condition) == 0)
                        return (ptrdiff_t)i;
        if (incident->n_conditions == INCIDENT_CONDITIONS_MAX)
                return -1;
        text_copy(incident->conditions[incident->n_conditions], CONDITION_NAME_MAX, condition);
        return (ptrdiff_t)incident->n_conditions++;
}

static void add_up(struct incident_earlier *sums, const struct incident_action *action) {
        sums->n++;
        sums->done += action->status == WIRE_DONE;
        sums->would += action->status == WIRE_WOULD_HAVE;
        sums->freed_bytes += action->freed_bytes;
}

struct incident_action *incident_add_action(struct incident *incident) {
        if (incident->n_actions == INCIDENT_ACTIONS_MAX) {
                add_up(&incident->earlier, &incident->actions[0]);
                incident->n_actions--;
                memmove(incident->actions, incident->actions + 1,
                        incident->n_actions * sizeof(incident->actions[0]));
        }
        struct incident_action *action = &incident->actions[incident->n_actions++];
        *action = (struct incident_action){0};
        return action;
}

struct incident_action *incident_find_action(struct incident *incident, uint64_t action) {
        for (size_t i = incident->n_actions; i > 0; i--)
                if (incident->actions[i - 1].action == action)
                        return &incident->actions[i - 1];
        return NULL;
}

/* "/var/log", "- deferred", or "" for a reading without labels. */
static void label_values(const struct condition *condition, char text[static WIRE_TEXT_MAX]) {
        text[0] = '\0';
        for (size_t i = 0; i < condition->n_labels; i++) {
                size_t used = strlen(text);
                text_format(text + used, WIRE_TEXT_MAX - used, "%s%s", used > 0 ? " " : "",
                        condition->labels[i].value);
        }
}

void incident_title(const struct condition *condition, char title[static WIRE_TEXT_MAX]) {
        char about[WIRE_TEXT_MAX];

        label_values(condition, about);
        text_format(title, WIRE_TEXT_MAX, "%s%s%s", condition->config->name, *about ? " on " : "", about);
}

void incident_summary(
        const struct incident *incident, uint64_t realtime_usec, char text[static WIRE_TEXT_MAX]) {
        char duration[TEXT_QUANTITY_MAX], size[TEXT_QUANTITY_MAX];
        struct incident_earlier all = incident->earlier;

        for (size_t i = 0; i < incident->n_actions; i++)
                add_up(&all, &incident->actions[i]);
        uint64_t lasted_usec =
                realtime_usec > incident->since_usec ? realtime_usec - incident->since_usec : 0;
        text_duration(lasted_usec, duration);
        if (all.done > 0)
                text_format(text, WIRE_TEXT_MAX, "over after %s: %" PRIu64 " action%s%s%s", duration,
                        all.done, all.done == 1 ? "" : "s", all.freed_bytes > 0 ? " freed " : "",
                        all.freed_bytes > 0 ? text_size(all.freed_bytes, size) : "");
        else if (all.would > 0)
                text_format(text, WIRE_TEXT_MAX,
                        "over after %s: only observed, %" PRIu64 " action%s would have run", duration,
                        all.would, all.would == 1 ? "" : "s");
        else
                text_format(text, WIRE_TEXT_MAX, "over after %s without an action", duration);
}

enum unit { UNIT_NUMBER, UNIT_RATIO, UNIT_BYTES, UNIT_SECONDS };

static const struct phrase {
        const char *reading;
        const char *verb; /* between what it is about and the figure; NULL: no figure, the noun says it all */
        const char *noun; /* behind the figure */
        const char *with; /* another reading that has these labels at least, summed up */
        const char *with_noun;
        const char *at_zero; /* says it without a figure */
} phrases[] = {
        {"disk_used_ratio", "is", "used", "disk_available_bytes", "available", NULL},
        {"disk_inodes_used_ratio", "has", "of its inodes used", NULL, NULL, NULL},
        {"disk_full_seconds", "will be full in", NULL, "disk_available_bytes", "available", "is full"},
        {"disk_read_only", NULL, "can only be read", NULL, NULL, "can be written"},
        {"log_bytes", "holds", NULL, "log_growth_bytes_per_second", "more a second", NULL},
        {"log_growth_bytes_per_second", "grows by", "a second", "log_bytes", "by now", NULL},
        {"journal_bytes", "holds", "of journal", NULL, NULL, NULL},
        {"relay_up_ratio", "has", "of its addresses answering", "queue_nexthop_messages",
                "messages are deferred", "speaks SMTP at none of its addresses"},
        {"network_link_up", NULL, "has a link", NULL, NULL, "has no link"},
        {"dns_server_seconds", "takes", "to answer as a name server", NULL, NULL, NULL},
        {"resolver_stale", NULL, "asks other name servers than resolv.conf names now", NULL, NULL,
                "asks the name servers that resolv.conf names"},
        {"filter_wait_seconds", "keeps mail waiting for", NULL, NULL, NULL, "keeps no mail waiting"},
        {"relay_refusing", NULL, "takes no mail", NULL, NULL, "takes mail"},
        {"nexthop_refused_ratio", "puts off", "of the mail it is offered", NULL, NULL, NULL},
        {"dns_server_up", "is", "as a name server", NULL, NULL, "does not answer as a name server"},
        {"queue_messages", "holds", "messages", "queue_oldest_seconds", "for the oldest", NULL},
        {"queue_oldest_seconds", "has mail that is", "old", "queue_messages", "messages", NULL},
};

static enum unit unit_of(const char *reading) {
        static const struct {
                const char *suffix;
                enum unit unit;
        } units[] = {
                {"_ratio", UNIT_RATIO},
                {"_bytes", UNIT_BYTES},
                {"_bytes_per_second", UNIT_BYTES},
                {"_seconds", UNIT_SECONDS},
        };
        size_t length = strlen(reading);

        for (size_t i = 0; i < ELEMENTSOF(units); i++) {
                size_t suffix = strlen(units[i].suffix);
                if (length > suffix && strcmp(reading + length - suffix, units[i].suffix) == 0)
                        return units[i].unit;
        }
        return UNIT_NUMBER;
}

static void figure(const char *reading, double value, char text[static 64]) {
        char quantity[TEXT_QUANTITY_MAX];
        enum unit unit = unit_of(reading);
        /* Beyond this a double is no uint64_t, and no such quantity means anything to a person. */
        bool countable = value >= 0 && value < 1e18;

        if (unit == UNIT_RATIO)
                text_format(text, 64, "%.1f %%", value * 100);
        else if (unit == UNIT_BYTES && countable)
                text_format(text, 64, "%s", text_size((uint64_t)value, quantity));
        else if (unit == UNIT_SECONDS && value >= 0 && value < 1e12)
                text_format(text, 64, "%s", text_duration((uint64_t)(value * 1e6), quantity));
        else
                text_format(text, 64, "%.6g", value);
}

static bool has_label(const struct reading *reading, const struct reading_label *label) {
        for (size_t i = 0; i < reading->n_labels; i++)
                if (strcmp(reading->labels[i].name, label->name) == 0 &&
                        strcmp(reading->labels[i].value, label->value) == 0)
                        return true;
        return false;
}

/* Of all rows with the labels of the condition; false: there is none, or one is missing. */
static bool sum_up(
        const struct board *board, const char *name, const struct condition *condition, double *ret_sum) {
        bool any = false;

        *ret_sum = 0;
        for (size_t i = 0; board_at(board, i); i++) {
                const struct reading *reading = board_at(board, i);
                bool fits = strcmp(reading->name, name) == 0;

                for (size_t k = 0; fits && k < condition->n_labels; k++)
                        fits = has_label(reading, &condition->labels[k]);
                if (fits && reading->missing)
                        return false;
                any |= fits;
                *ret_sum += fits ? reading->value : 0;
        }
        return any;
}

/* Of space that runs out: who takes it. */
static void add_filler(
        const struct condition *condition, const struct board *board, char text[static WIRE_TEXT_MAX]) {
        const char *name = condition->config->reading;
        char more[WIRE_TEXT_MAX], whole[2 * WIRE_TEXT_MAX];
        struct filler filler;

        if ((strcmp(name, "disk_used_ratio") != 0 && strcmp(name, "disk_full_seconds") != 0) ||
                condition->n_labels != 1)
                return;
        filler_measure(board, condition->labels[0].value, &filler);
        filler_say(&filler, more, sizeof(more));
        if (!*more)
                return;
        text_format(whole, sizeof(whole), "%s; %s", text, more);
        text_abridge(text, WIRE_TEXT_MAX, whole);
}

void incident_diagnose(
        const struct condition *condition, const struct board *board, char text[static WIRE_TEXT_MAX]) {
        const char *name = condition->config->reading;
        char about[WIRE_TEXT_MAX], value[64], more[64], level[64];
        double sum;

        label_values(condition, about);
        if (isnan(condition->value)) {
                text_format(text, WIRE_TEXT_MAX, "%s%s%s could not be measured", name, *about ? " of " : "",
                        about);
                return;
        }
        figure(name, condition->value, value);

        for (size_t i = 0; i < ELEMENTSOF(phrases); i++) {
                const struct phrase *phrase = &phrases[i];

                if (strcmp(phrase->reading, name) != 0)
                        continue;
                if (phrase->at_zero && condition->value <= 0)
                        text_format(text, WIRE_TEXT_MAX, "%s %s", about, phrase->at_zero);
                else if (!phrase->verb)
                        text_format(text, WIRE_TEXT_MAX, "%s %s", about, phrase->noun);
                else
                        text_format(text, WIRE_TEXT_MAX, "%s %s %s%s%s", about, phrase->verb, value,
                                phrase->noun ? " " : "", phrase->noun ? phrase->noun : "");
                if (board && phrase->with && sum_up(board, phrase->with, condition, &sum)) {
                        size_t used = strlen(text);

                        figure(phrase->with, sum, more);
                        text_format(text + used, WIRE_TEXT_MAX - used, ", %s %s", more, phrase->with_noun);
                }
                if (board)
                        add_filler(condition, board, text);
                return;
        }
        figure(name, condition->config->trip, level);
        text_format(text, WIRE_TEXT_MAX, "%s%s%s is %s, the level is %s", name, *about ? " of " : "", about,
                value, level);
}
