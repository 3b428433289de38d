/* SPDX-License-Identifier: MIT */
/*
 * queue_filters - the content filters of a spool, and the mail that waits before them
 *
 * Runs in the watcher, as part of the sensor `queue`.  That a message goes to a content filter is written in its queue
 * file, whether main.cf, an option in master.cf or an access table sent it there, so no configuration is asked.  Each
 * census counts those that wait, incoming, active or deferred because of the filter, and whom they are for; how fast
 * they leave is in queue_recent.c, and what that means in filter_wait.c.  On a host with a filter some of the mail that
 * passes at once is looked at, too, so that its pace is known before it stops.
 *
 * Owns a reference on the name of each filter that is shown.  Cannot fail.
 * Limits: QUEUE_FILTERS of a spool; a reading has no instance, so of several with the same filter the worst is told,
 * with the numbers of that one alone.  Senders are known by their domains; a client's address is in the mail log.
 */
#include "postfix/queue_filters.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "postfix/filter_wait.h"
#include "postfix/people.h"
#include "postfix/queue_filter.h"
#include "postfix/queue_spool.h"

#define READING "filter_wait_seconds"
#define KEEP_USEC UINT64_C(600000000) /* after the last message */
#define SECOND_USEC UINT64_C(1000000)
#define PACE_LEAST 5u /* messages that tell a pace */

/* NULL: there are too many. */
static struct queue_filter_count *row_of(struct queue_filter_counts *counts, uint32_t number) {
        for (size_t i = 0; i < counts->n; i++)
                if (counts->rows[i].number == number)
                        return &counts->rows[i];
        if (counts->n == QUEUE_FILTERS)
                return NULL;
        counts->rows[counts->n] = (struct queue_filter_count){.number = number};
        return &counts->rows[counts->n++];
}

static bool waits(const struct queue_message *message) {
        return message->queue == QUEUE_INCOMING || message->queue == QUEUE_ACTIVE ||
                (message->queue == QUEUE_DEFERRED &&
                        (message->reason == REASON_FILTER || message->reason == REASON_FILTER_DEAD));
}

bool queue_filters_are_used(const struct queue_spool *spool) {
        return spool->has_filter || spool->shown_filters.n > 0;
}

void queue_filters_count(struct queue_spool *spool, const struct queue_message *message) {
        const struct queue_place *place = &spool->places.rows[message->place];
        uint32_t arrival = queue_filter_arrival(message);
        struct queue_filter_count *row;

        if (!place->is_filter || place->n_hops == 0 || !waits(message))
                return;
        row = row_of(&spool->census.filters, queue_place_hops(place)[0]);
        if (!row)
                return;
        row->waiting[message->queue]++;
        if (arrival != 0 && (row->oldest == 0 || arrival < row->oldest))
                row->oldest = arrival;
        if (place->n_domains > 0)
                queue_top_count(&row->domains, queue_place_domains(place)[0]);
        queue_top_count(&row->senders, message->sender);
}

static struct sg_label label_of(const struct queue_spool *spool, uint32_t number) {
        return (struct sg_label){"nexthop", spool->places.hops.rows[number].text};
}

/* A name of the census that is another one's row by now has a text all the same, or none. */
static void show_new(struct queue_spool *spool) {
        const struct queue_filter_counts *counts = &spool->census.filters;
        struct queue_filters_shown *shown = &spool->shown_filters;

        for (size_t i = 0; i < counts->n && shown->n < QUEUE_FILTERS; i++) {
                uint32_t number = counts->rows[i].number;
                bool is_there = false;

                for (size_t j = 0; j < shown->n; j++)
                        is_there |= shown->rows[j].number == number;
                if (is_there || number == QUEUE_NAME_NONE || number == QUEUE_NAME_OTHERS ||
                        !spool->places.hops.rows[number].text)
                        continue;
                queue_names_hold(&spool->places.hops, number);
                shown->rows[shown->n++] = (struct queue_filter_shown){.number = number};
        }
}

static const struct queue_filter_shown *shown_as(const struct queue_spool *spool, const char *nexthop) {
        for (size_t i = 0; i < spool->shown_filters.n; i++)
                if (strcmp(label_of(spool, spool->shown_filters.rows[i].number).value, nexthop) == 0)
                        return &spool->shown_filters.rows[i];
        return NULL;
}

/* What all instances together know of it. */
static void tell(const struct queue_spool *spool, const struct sg_label *label) {
        const struct queue_filter_shown *worst = NULL;

        for (const struct queue_spool *one = spool->common->spools; one; one = one->next) {
                const struct queue_filter_shown *row = shown_as(one, label->value);

                if (row && (!worst || filter_wait_is_worse(row->seconds, worst->seconds)))
                        worst = row;
        }
        if (!worst)
                spool->host->withdraw(spool->host, READING, label, 1);
        else if (isnan(worst->seconds))
                spool->host->missing(spool->host, READING, label, 1, worst->sentence);
        else if (worst->sentence[0] != '\0')
                spool->host->publish_told(spool->host, READING, label, 1, worst->seconds, worst->sentence);
        else
                spool->host->publish(spool->host, READING, label, 1, worst->seconds);
}

static void forget(struct queue_spool *spool, size_t i) {
        struct queue_filters_shown *shown = &spool->shown_filters;
        uint32_t number = shown->rows[i].number;
        const struct sg_label label = label_of(spool, number);

        shown->rows[i] = shown->rows[--shown->n];
        tell(spool, &label);
        queue_names_drop(&spool->places.hops, number);
}

struct probing {
        const char *nexthop;
        enum filter_probe probe;
};

static void on_probe(const struct sg_label *labels, size_t n_labels, double value, void *data) {
        struct probing *probing = data;

        if (n_labels == 1 && strcmp(labels[0].value, probing->nexthop) == 0 && !isnan(value))
                probing->probe = value > 0 ? FILTER_PROBE_ANSWERED : FILTER_PROBE_FAILED;
}

static enum filter_probe probe_of(const struct queue_spool *spool, const char *nexthop) {
        struct probing probing = {.nexthop = nexthop};

        spool->host->each_reading(spool->host, "relay_up_ratio", on_probe, &probing);
        return probing.probe;
}

/* What it took of late, and how fast it did until it took the last one. */
static void add_pace(const struct hop_recent *recent, uint64_t now_usec, struct filter_wait *wait) {
        const uint64_t window_usec = FILTER_WAIT_WINDOW_SECONDS * SECOND_USEC;
        uint64_t last_usec = recent->last_usec[HOP_DELIVERED];
        double quiet_seconds = (double)(now_usec - last_usec) / SECOND_USEC;
        struct hop_recent_sum sum;

        hop_recent_add_up(recent, now_usec - wait->watched_seconds * SECOND_USEC, now_usec, &sum);
        wait->left = sum.counts[HOP_DELIVERED];
        wait->came_back = sum.total - sum.counts[HOP_DELIVERED];
        if (last_usec == 0)
                return;
        if (quiet_seconds < wait->quiet_seconds)
                wait->quiet_seconds = quiet_seconds;
        hop_recent_add_up(recent, last_usec > window_usec ? last_usec - window_usec : 0, last_usec, &sum);
        if (sum.counts[HOP_DELIVERED] >= PACE_LEAST)
                wait->turn_seconds = (double)sum.since_usec / 1e6 / (double)sum.counts[HOP_DELIVERED];
}

static struct filter_wait gather(const struct queue_spool *spool, const struct queue_filter_shown *shown,
        const struct queue_filter_count *count, uint64_t now_usec) {
        const struct hop_recent *recent = queue_recent_of(spool, shown->number);
        uint64_t waited_seconds = (now_usec - shown->waiting_usec) / SECOND_USEC;
        int64_t age = spool->census.now_seconds - (int64_t)count->oldest;
        struct filter_wait wait = {
                .underway = (uint64_t)count->waiting[QUEUE_INCOMING] + count->waiting[QUEUE_ACTIVE],
                .deferred = count->waiting[QUEUE_DEFERRED],
                .oldest_seconds = count->oldest != 0 && age > 0 ? (uint64_t)age : 0,
                .watched_seconds = waited_seconds < FILTER_WAIT_WINDOW_SECONDS ? waited_seconds
                                                                               : FILTER_WAIT_WINDOW_SECONDS,
                .quiet_seconds = (double)(now_usec - shown->waiting_usec) / SECOND_USEC,
                .probe = probe_of(spool, spool->places.hops.rows[shown->number].text),
        };

        if (recent)
                add_pace(recent, now_usec, &wait);
        return wait;
}

/* Of one that has at least half of what waits. */
static void add_most(const struct queue_spool *spool, struct queue_top *top, uint64_t waiting,
        const char *before, char *sentence) {
        char count[PEOPLE_NUMBER_MAX];
        const char *text;

        queue_top_finish(top);
        if (top->n == 0 || (uint64_t)top->rows[0].count * 2 < waiting)
                return;
        text = spool->places.domains.rows[top->rows[0].number].text;
        people_number(top->rows[0].count, count);
        if (text && text[0] != '\0')
                people_add(sentence, QUEUE_FILTER_SENTENCE_MAX, "%s%s %s %.64s",
                        strchr(sentence, ';') ? ", " : "; ", count, before, text);
}

static void say(const struct queue_spool *spool, struct queue_filter_count *count,
        const struct filter_wait *wait, const char *nexthop,
        char sentence[static QUEUE_FILTER_SENTENCE_MAX]) {
        char number[PEOPLE_NUMBER_MAX];
        uint64_t waiting = wait->underway + wait->deferred;
        bool in_minutes = wait->oldest_seconds >= 120;

        bool is_default = strcmp(spool->instance, "-") == 0;

        people_number(waiting, number);
        people_add(sentence, QUEUE_FILTER_SENTENCE_MAX,
                "%s messages %s%.32s%swait for the filter %.64s, the oldest for %u %s", number,
                is_default ? "" : "of ", is_default ? "" : spool->instance, is_default ? "" : " ", nexthop,
                (unsigned)(wait->oldest_seconds / (in_minutes ? 60 : 1)), in_minutes ? "min" : "s");
        if (wait->probe == FILTER_PROBE_FAILED)
                people_add(sentence, QUEUE_FILTER_SENTENCE_MAX, ", which does not speak SMTP");
        add_most(spool, &count->domains, waiting, "are for", sentence);
        add_most(spool, &count->senders, waiting, "are from", sentence);
        people_number(count->waiting[QUEUE_ACTIVE], number);
        people_add(sentence, QUEUE_FILTER_SENTENCE_MAX, "; active %s", number);
        people_number(count->waiting[QUEUE_INCOMING], number);
        people_add(sentence, QUEUE_FILTER_SENTENCE_MAX, ", incoming %s", number);
        people_number(count->waiting[QUEUE_DEFERRED], number);
        if (count->waiting[QUEUE_DEFERRED] > 0)
                people_add(sentence, QUEUE_FILTER_SENTENCE_MAX, ", deferred %s", number);
}

static struct queue_filter_count *count_of(struct queue_spool *spool, uint32_t number) {
        for (size_t i = 0; i < spool->census.filters.n; i++)
                if (spool->census.filters.rows[i].number == number)
                        return &spool->census.filters.rows[i];
        return NULL;
}

/* False: it is to be forgotten. */
static bool look(struct queue_spool *spool, struct queue_filter_shown *shown, uint64_t now_usec) {
        struct queue_filter_count *count = count_of(spool, shown->number);
        struct filter_wait wait;
        double again;

        shown->seconds = 0;
        shown->sentence[0] = '\0';
        shown->again_usec = 0;
        if (!count) {
                shown->waiting_usec = 0;
                if (shown->empty_usec == 0)
                        shown->empty_usec = now_usec;
                return now_usec - shown->empty_usec < KEEP_USEC;
        }
        shown->empty_usec = 0;
        if (shown->waiting_usec == 0)
                shown->waiting_usec = now_usec;
        wait = gather(spool, shown, count, now_usec);
        shown->seconds = filter_wait_decide(&wait);
        again = filter_wait_again(&wait);
        if (isfinite(again))
                shown->again_usec = now_usec + (uint64_t)(again * SECOND_USEC) + 1;
        if (shown->seconds > 0)
                say(spool, count, &wait, label_of(spool, shown->number).value, shown->sentence);
        return true;
}

void queue_filters_publish(struct queue_spool *spool) {
        uint64_t now_usec = spool->host->now_usec(spool->host);

        show_new(spool);
        for (size_t i = spool->shown_filters.n; i-- > 0;) {
                struct queue_filter_shown *shown = &spool->shown_filters.rows[i];
                const struct sg_label label = label_of(spool, shown->number);

                if (look(spool, shown, now_usec))
                        tell(spool, &label);
                else
                        forget(spool, i);
        }
}

uint64_t queue_filters_again_usec(const struct queue_spool *spool) {
        uint64_t again_usec = UINT64_MAX;

        for (size_t i = 0; i < spool->shown_filters.n; i++) {
                uint64_t own_usec = spool->shown_filters.rows[i].again_usec;

                if (own_usec != 0 && own_usec < again_usec)
                        again_usec = own_usec;
        }
        return again_usec;
}

void queue_filters_publish_missing(struct queue_spool *spool, const char *why) {
        for (size_t i = 0; i < spool->shown_filters.n; i++) {
                struct queue_filter_shown *shown = &spool->shown_filters.rows[i];
                const struct sg_label label = label_of(spool, shown->number);

                shown->seconds = (double)NAN;
                shown->again_usec = 0;
                snprintf(shown->sentence, sizeof(shown->sentence), "%s", why);
                tell(spool, &label);
        }
}

void queue_filters_forget(struct queue_spool *spool) {
        while (spool->shown_filters.n > 0)
                queue_names_drop(
                        &spool->places.hops, spool->shown_filters.rows[--spool->shown_filters.n].number);
}
