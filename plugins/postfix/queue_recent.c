/* SPDX-License-Identifier: MIT */
/*
 * queue_recent - the next hops of a spool of which something became known within the last minutes
 *
 * Runs in the watcher, as part of the sensor `queue`.  A next hop that answers each message with "try later" is not
 * dead: its probe is happy, and Postfix goes on trying.  So what became of messages is counted as they leave the active
 * queue, a few minutes back, and the share is told that the server itself put off.  Greylisting and full mailboxes are
 * ordinary, and say nothing; a message that Postfix put off untried, because the server had just refused to talk to
 * it, was refused as well.  A message to several next hops says nothing about which of them it was, and what a content
 * filter answers is the filter's (queue_filters.c).
 *
 * Mail that passes at once is not read, so that following it costs nothing, and nobody knows where it went.  From the
 * first refusal on it is, for ten minutes, and only what became of mail since then is counted; of what is still missed
 * the same part is taken to go to a next hop as of what was seen, with one more that it is given.  What is missed are
 * the fastest, so that of a few slow ones elsewhere nothing follows for it: far more must be seen to go elsewhere than
 * is missed, on this machine or to others, before what is missed counts for little.
 *
 * Owns a reference on each name it has a row for, and the rows.  Cannot fail: without memory nothing is counted.
 * Limits: QUEUE_RECENT_HOPS; of more, the one that nothing was heard of for the longest time is forgotten.
 */
#include "postfix/queue_recent.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "postfix/people.h"
#include "postfix/queue_spool.h"

#define READING "nexthop_refused_ratio"
#define SECOND_USEC UINT64_C(1000000)
#define MINUTE_USEC UINT64_C(60000000)
#define SENTENCE_MAX (SG_SENTENCE_MAX + 1)

/*
 * What is happening now goes before what was: a relay that turned away everything a minute ago and takes it now is well,
 * and the other way round.  Of a few outcomes nobody can tell a share.
 */
static const struct {
        uint64_t usec;
        unsigned least;
} windows[] = {
        {20 * SECOND_USEC, 10},
        {60 * SECOND_USEC, 10},
        {HOP_RECENT_WINDOW_USEC, 5},
};
#define WINDOWS (sizeof(windows) / sizeof(windows[0]))

static uint64_t last_usec(const struct queue_recent_hop *hop) {
        uint64_t last = 0;

        for (int outcome = 0; outcome < HOP_OUTCOMES; outcome++)
                if (hop->recent.last_usec[outcome] > last)
                        last = hop->recent.last_usec[outcome];
        return last;
}

/* Valid as long as the row is there. */
static void label(const struct queue_spool *spool, uint32_t number, struct sg_label ret_labels[static 2]) {
        ret_labels[0] = (struct sg_label){"instance", spool->instance};
        ret_labels[1] = (struct sg_label){"nexthop", spool->places.hops.rows[number].text};
}

static void forget(struct queue_spool *spool, size_t i) {
        struct queue_recent *recent = &spool->recent;
        struct sg_label labels[2];

        label(spool, recent->rows[i].number, labels);
        if (recent->rows[i].is_shown)
                spool->host->withdraw(spool->host, READING, labels, 2);
        queue_names_drop(&spool->places.hops, recent->rows[i].number);
        recent->rows[i] = recent->rows[--recent->n];
}

static struct queue_recent_hop *find(const struct queue_spool *spool, uint32_t number) {
        for (size_t i = 0; i < spool->recent.n; i++)
                if (spool->recent.rows[i].number == number)
                        return &spool->recent.rows[i];
        return NULL;
}

static struct queue_recent_hop *find_or_add(struct queue_spool *spool, uint32_t number) {
        struct queue_recent *recent = &spool->recent;
        struct queue_recent_hop *hop = find(spool, number);
        size_t quietest = 0;

        if (hop)
                return hop;
        if (!recent->rows)
                recent->rows = calloc(QUEUE_RECENT_HOPS, sizeof(*recent->rows));
        if (!recent->rows)
                return NULL;
        for (size_t i = 1; i < recent->n; i++)
                if (last_usec(&recent->rows[i]) < last_usec(&recent->rows[quietest]))
                        quietest = i;
        if (recent->n == QUEUE_RECENT_HOPS)
                forget(spool, quietest);
        hop = &recent->rows[recent->n++];
        *hop = (struct queue_recent_hop){.number = number};
        queue_names_hold(&spool->places.hops, number);
        return hop;
}

/* NULL: the message says nothing about one next hop. */
static struct queue_recent_hop *hop_of(struct queue_spool *spool, const struct queue_message *message) {
        const struct queue_place *place = &spool->places.rows[message->place];
        uint32_t number;

        if (message->state != QUEUE_MESSAGE_READ || place->n_hops != 1)
                return NULL;
        number = queue_place_hops(place)[0];
        return number == QUEUE_NAME_NONE || number == QUEUE_NAME_OTHERS ? NULL : find_or_add(spool, number);
}

static bool is_for_here(const struct queue_spool *spool, const struct queue_message *message) {
        const struct queue_place *place = &spool->places.rows[message->place];

        return place->n_hops == 1 && queue_place_hops(place)[0] == QUEUE_NAME_NONE;
}

void queue_recent_left(struct queue_spool *spool, const struct queue_message *message) {
        bool is_known = !message->bounced && !queue_track_is_overdue(spool, message, spool->wall_seconds());
        enum hop_outcome outcome = is_known ? HOP_DELIVERED : HOP_OTHER;
        uint64_t now_usec = spool->host->now_usec(spool->host);
        struct queue_recent_hop *hop = hop_of(spool, message);

        if (hop)
                hop_recent_note(&hop->recent, outcome, now_usec);
        else if (message->state != QUEUE_MESSAGE_READ)
                hop_recent_note(&spool->recent.unread, outcome, now_usec);
        else if (is_for_here(spool, message))
                hop_recent_note(&spool->recent.here, outcome, now_usec);
}

/* What was delivered a moment ago is no part of what is counted now. */
static void begin_alert(struct queue_recent *recent, uint64_t now_usec) {
        recent->alert_usec = now_usec;
        hop_recent_forget(&recent->unread, now_usec);
        hop_recent_forget(&recent->here, now_usec);
        for (size_t i = 0; i < recent->n; i++)
                hop_recent_forget(&recent->rows[i].recent, now_usec);
}

void queue_recent_deferred(struct queue_spool *spool, const struct queue_message *message, const char *said) {
        bool is_refused = message->reason == REASON_REMOTE || message->reason == REASON_POLICY;
        uint64_t now_usec = spool->host->now_usec(spool->host);
        struct queue_recent_hop *hop = hop_of(spool, message);

        if (!hop)
                return;
        if (is_refused && spool->recent.alert_usec == 0)
                begin_alert(&spool->recent, now_usec);
        hop_recent_note(&hop->recent, is_refused ? HOP_REFUSED : HOP_OTHER, now_usec);
        if (is_refused && said[0] != '\0')
                people_words(said, hop->said, sizeof(hop->said));
}

const struct hop_recent *queue_recent_of(const struct queue_spool *spool, uint32_t number) {
        const struct queue_recent_hop *hop = find(spool, number);

        return hop ? &hop->recent : NULL;
}

/* What is known of a next hop in one window. */
struct share {
        uint64_t refused, total;
        uint64_t since_usec;
};

static void say(struct queue_spool *spool, struct queue_recent_hop *hop, const struct share *share) {
        char sentence[SENTENCE_MAX] = "", refused[PEOPLE_NUMBER_MAX], total[PEOPLE_NUMBER_MAX];
        struct sg_label labels[2];

        label(spool, hop->number, labels);
        hop->is_shown = true;
        if (share->refused == 0) {
                spool->host->publish(spool->host, READING, labels, 2, 0);
                return;
        }
        people_number(share->refused, refused);
        people_number(share->total, total);
        people_add(sentence, sizeof(sentence), "%.80s answers, but refuses: %s of %s messages in ",
                labels[1].value, refused, total);
        if (share->since_usec < 2 * MINUTE_USEC)
                people_add(sentence, sizeof(sentence), "%u s",
                        (unsigned)((share->since_usec + SECOND_USEC - 1) / SECOND_USEC));
        else
                people_add(sentence, sizeof(sentence), "%u min", (unsigned)(share->since_usec / MINUTE_USEC));
        if (hop->said[0] != '\0')
                people_add(sentence, sizeof(sentence), ", '%s'", hop->said);
        spool->host->publish_told(
                spool->host, READING, labels, 2, (double)share->refused / (double)share->total, sentence);
}

/* What all next hops have in common in one window. */
struct view {
        uint64_t from_usec;
        uint64_t seen, unread; /* deliveries */
};

/* False: nobody refuses anything, and there is nothing to be told. */
static bool view_all(
        const struct queue_recent *recent, uint64_t now_usec, struct view views[static WINDOWS]) {
        struct hop_recent_sum sum;

        for (size_t i = 0; i < WINDOWS && recent->alert_usec != 0; i++) {
                uint64_t from_usec = now_usec > windows[i].usec ? now_usec - windows[i].usec : 0;

                if (from_usec < recent->alert_usec)
                        from_usec = recent->alert_usec;
                hop_recent_add_up(&recent->unread, from_usec, now_usec, &sum);
                views[i] = (struct view){.from_usec = from_usec, .unread = sum.counts[HOP_DELIVERED]};
                hop_recent_add_up(&recent->here, from_usec, now_usec, &sum);
                views[i].seen = sum.counts[HOP_DELIVERED];
                for (size_t j = 0; j < recent->n; j++) {
                        hop_recent_add_up(&recent->rows[j].recent, from_usec, now_usec, &sum);
                        views[i].seen += sum.counts[HOP_DELIVERED];
                }
        }
        return recent->alert_usec != 0;
}

/* The last few, if they are enough; true: `ret_share` can be told. */
static bool find_share(const struct view views[static WINDOWS], const struct queue_recent_hop *hop,
        uint64_t now_usec, struct share *ret_share) {
        for (size_t i = 0; i < WINDOWS; i++) {
                struct hop_recent_sum own;
                uint64_t unread;

                hop_recent_add_up(&hop->recent, views[i].from_usec, now_usec, &own);
                unread = views[i].unread * (own.counts[HOP_DELIVERED] + 1) / (views[i].seen + 1);
                *ret_share = (struct share){.refused = own.counts[HOP_REFUSED],
                        .total = own.total + unread,
                        .since_usec = own.since_usec};
                if (own.total >= windows[i].least)
                        return true;
        }
        return false;
}

/* `views` NULL: nobody refuses anything. */
static void publish_hop(struct queue_spool *spool, size_t i, const struct view *views, uint64_t now_usec) {
        struct queue_recent_hop *hop = &spool->recent.rows[i];
        bool has_mail = spool->places.hops.rows[hop->number].messages > 0;
        struct sg_label labels[2];
        struct share share;

        label(spool, hop->number, labels);
        if (views && find_share(views, hop, now_usec, &share)) {
                if (hop->is_shown || share.refused > 0)
                        say(spool, hop, &share);
        } else if (!has_mail && now_usec - last_usec(hop) >= HOP_RECENT_WINDOW_USEC) {
                forget(spool, i);
        } else if (hop->is_shown && !views &&
                hop->recent.last_usec[HOP_DELIVERED] > hop->recent.last_usec[HOP_REFUSED]) {
                /* It took mail since, and refused none for ten minutes: as if it never had. */
                hop->is_shown = false;
                spool->host->withdraw(spool->host, READING, labels, 2);
        } else if (hop->is_shown) {
                /* It is tried rarely by now, and may refuse as before. */
                spool->host->missing(spool->host, READING, labels, 2, "too few attempts of late");
        }
}

void queue_recent_publish(struct queue_spool *spool) {
        uint64_t now_usec = spool->host->now_usec(spool->host), refused_usec = 0;
        struct queue_recent *recent = &spool->recent;
        struct view views[WINDOWS];
        bool is_viewed;

        for (size_t i = 0; i < recent->n; i++)
                if (recent->rows[i].recent.last_usec[HOP_REFUSED] > refused_usec)
                        refused_usec = recent->rows[i].recent.last_usec[HOP_REFUSED];
        if (refused_usec + HOP_RECENT_WINDOW_USEC < now_usec)
                recent->alert_usec = 0;
        is_viewed = view_all(recent, now_usec, views);
        for (size_t i = recent->n; i-- > 0;)
                publish_hop(spool, i, is_viewed ? views : NULL, now_usec);
}

void queue_recent_publish_missing(const struct queue_spool *spool, const char *why) {
        struct sg_label labels[2];

        for (size_t i = 0; i < spool->recent.n; i++) {
                label(spool, spool->recent.rows[i].number, labels);
                if (spool->recent.rows[i].is_shown)
                        spool->host->missing(spool->host, READING, labels, 2, why);
        }
}

void queue_recent_forget(struct queue_spool *spool) {
        while (spool->recent.n > 0)
                queue_names_drop(&spool->places.hops, spool->recent.rows[--spool->recent.n].number);
        free(spool->recent.rows);
        spool->recent.rows = NULL;
}
