/* SPDX-License-Identifier: MIT */
/*
 * queue_publish_cliff - the mail that would be returned to its senders before somebody is there to prevent it
 *
 * Runs in the watcher, as part of the sensor `queue`.  Says what the census counted, with a sentence for people: how
 * many, from when on, and for which destinations, since a lifetime is raised for all mail but the outage is one
 * destination's.  How much of it is for one of them is a reading of that next hop (queue_publish_hops.c).
 *
 * Owns nothing.  Cannot fail: without the lifetimes of main.cf nothing can be said, and that is missing.
 * Limits: the first of them is bounced at its first try after it expired, which may be a little later.
 */
#include <stdio.h>

#include "postfix/people.h"
#include "postfix/queue_spool.h"

#define READING "bounce_cliff_messages"
#define DESTINATIONS 3u
#define SENTENCE_MAX (SG_SENTENCE_MAX + 1)

static const char *destination(const struct queue_spool *spool, uint32_t number) {
        const char *text = spool->places.hops.rows[number].text;

        if (number == QUEUE_NAME_OTHERS)
                return "other destinations";
        return text && text[0] != '\0' ? text : "this machine";
}

static void describe(const struct queue_spool *spool, char sentence[static SENTENCE_MAX]) {
        const struct queue_census *census = &spool->census;
        char number[PEOPLE_NUMBER_MAX], until[PEOPLE_TIME_MAX], first[PEOPLE_TIME_MAX];
        struct queue_top hops = census->cliff.hops;

        queue_top_finish(&hops);
        people_number(census->cliff.messages, number);
        people_time(census->cliff.until_seconds, census->now_seconds, until);
        people_time((int64_t)census->cliff.first_seconds, census->now_seconds, first);
        snprintf(sentence, SENTENCE_MAX, "%s messages return to their senders before %s, ", number, until);
        if ((int64_t)census->cliff.first_seconds > census->now_seconds)
                people_add(sentence, SENTENCE_MAX, "the first at %s", first);
        else
                people_add(sentence, SENTENCE_MAX, "the first at its next try");
        for (size_t i = 0; i < hops.n && i < DESTINATIONS; i++) {
                people_number(hops.rows[i].count, number);
                people_add(sentence, SENTENCE_MAX, "%s %s for %.48s", i == 0 ? ":" : ",", number,
                        destination(spool, hops.rows[i].number));
        }
}

void queue_publish_cliff(const struct queue_spool *spool) {
        const struct sg_label label = {"instance", spool->instance};
        char sentence[SENTENCE_MAX];

        if (!spool->lifetimes_known) {
                spool->host->missing(
                        spool->host, READING, &label, 1, "the queue lifetimes of main.cf are not known");
        } else if (spool->census.cliff.messages == 0) {
                spool->host->publish(spool->host, READING, &label, 1, 0);
        } else {
                describe(spool, sentence);
                spool->host->publish_told(
                        spool->host, READING, &label, 1, spool->census.cliff.messages, sentence);
        }
}
