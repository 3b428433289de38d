/* SPDX-License-Identifier: MIT */
/*
 * queue_publish - the readings of the sensor `queue`, from a census that came to its end
 *
 * Runs in the watcher.  Which domains and next hops are shown is decided here: the largest ones, and a next hop
 * that has no message left for ten minutes more, so that what became of its mail can be followed to the end.  What
 * is not known is not published as zero: until everything was read once there is no word about domains, and
 * while the spool is away, or has more messages than are tracked, everything that was published is missing.
 *
 * Owns a reference on each name that is shown, so that its counters stay.
 * Limits: QUEUE_NAMES_SHOWN and QUEUE_HOPS_SHOWN; further domains are summed up as "*", further next hops are
 * not shown.
 */
#include <string.h>

#include "postfix/queue_spool.h"

#define KEEP_HOP_USEC UINT64_C(600000000)

const struct sg_reading queue_readings[] = {
        {"queue_messages", {"instance", "queue"}, "Files with a queue ID for a name, complete or not."},
        {"queue_bytes", {"instance", "queue"}, "Sum of their sizes."},
        {"queue_oldest_seconds", {"instance", "queue"},
                "Age of the message that arrived first, by the time that Postfix wrote into it; 0 when there "
                "is none."},
        {"queue_domain_messages", {"instance", "queue", "domain"},
                "Deferred messages with a recipient still to do in that domain, for the 20 largest; \"*\": "
                "the sum of the others. A message to several domains counts once for each."},
        {"queue_reason_messages", {"instance", "reason"},
                "Messages in the deferred queue by why they were deferred last. Of several recipients it is "
                "the "
                "first that was answered at all."},
        {"queue_nexthop_messages", {"instance", "nexthop"},
                "Deferred messages by where Postfix would send them, for the 32 largest. A message to "
                "several counts once for each. Kept for ten minutes at 0."},
        {"queue_nexthop_dead_messages", {"instance", "nexthop"},
                "Messages of that next hop, deferred or active because they are tried again, for whose "
                "recipients nobody answered when they were tried last."},
        {"queue_nexthop_due_messages", {"instance", "nexthop"},
                "Deferred messages of that next hop that may be tried within a minute, or could have been, "
                "and "
                "those that are active because they are tried again."},
        {"queue_nexthop_delivered_total", {"instance", "nexthop"},
                "Messages of that next hop removed from the active queue without a bounce, since it is "
                "watched: delivered, or deleted by an admin while active. A message to several counts for "
                "each left to do when it was read."},
        {"queue_nexthop_deferred_total", {"instance", "nexthop"},
                "Messages of that next hop that came back from the active to the deferred queue."},
        {"queue_retry_delivered_total", {"instance", "nexthop"},
                "The delivered ones among those that postfix.retry was given."},
        {"queue_retry_deferred_total", {"instance", "nexthop"},
                "The deferred ones among those that postfix.retry was given."},
        {"queue_unreadable", {"instance"},
                "Files that say they are complete and are no queue files; they count as messages of no "
                "domain."},
        {"queue_null_sender_ratio", {"instance"}, "Share of the messages that are bounces (empty sender)."},
        {"queue_null_sender_messages", {"instance", "queue"}, "Messages without a sender: bounces, mostly."},
        {"queue_bounce_growth", {"instance"},
                "Messages without a sender in all queues together, more than ten minutes ago; what is put on "
                "hold or released does not change it. Missing in the first minute."},
        {"queue_sender_messages", {"instance", "sender"},
                "Incoming, active and deferred messages by the domain of their sender, for the 20 largest; "
                "\"<>\": no sender; \"-\": one that cannot be told; \"*\": the sum of the others."},
        {"bounce_cliff_messages", {"instance"},
                "Incoming, active and deferred messages that Postfix would give up and bounce within the "
                "option cliff_hours, or is already late to: by the time they were created and "
                "maximal_queue_lifetime, those without a sender by bounce_queue_lifetime."},
        {"mail_arrived_total", {"instance"},
                "Messages completed in the incoming queue (or put on hold from there): mail from outside, "
                "local mail when it is picked up, bounces, and requeued mail."},
        {"mail_delivered_total", {"instance"},
                "Messages removed from the active queue without a bounce: all recipients done, or deleted by "
                "an admin while active."},
        {"mail_deferred_total", {"instance"},
                "Times that a message came back from the active to the deferred queue."},
        {"mail_bounced_total", {"instance"},
                "Messages removed from the active queue after at least one of their recipients failed for "
                "good in that attempt; others may have been delivered."},
        {0},
};

static void say(const struct queue_spool *spool, const char *reading, const char *label, const char *text,
        double value) {
        const struct sg_label labels[] = {{"instance", spool->instance}, {label, text}};

        spool->host->publish(spool->host, reading, labels, text ? 2 : 1, value);
}

static void say_missing(const struct queue_spool *spool, const char *reading, const char *label,
        const char *text, const char *why) {
        const struct sg_label labels[] = {{"instance", spool->instance}, {label, text}};

        spool->host->missing(spool->host, reading, labels, text ? 2 : 1, why);
}

/* A reading that exists for the largest names only. */
struct ranked {
        const char *reading, *label;
        bool is_of_deferred; /* has the label queue */
        uint32_t (*count_of)(const struct queue_name *name);
        const char *(*text_of)(const struct queue_spool *spool, uint32_t number);
};

static size_t label_ranked(const struct queue_spool *spool, const struct ranked *ranked, const char *text,
        struct sg_label labels[static 3]) {
        size_t n = 0;

        labels[n++] = (struct sg_label){"instance", spool->instance};
        if (ranked->is_of_deferred)
                labels[n++] = (struct sg_label){"queue", queue_names_of[QUEUE_DEFERRED]};
        labels[n++] = (struct sg_label){ranked->label, text};
        return n;
}

static void say_ranked(
        const struct queue_spool *spool, const struct ranked *ranked, const char *text, double value) {
        struct sg_label labels[3];
        size_t n = label_ranked(spool, ranked, text, labels);

        if (value > 0)
                spool->host->publish(spool->host, ranked->reading, labels, n, value);
        else
                spool->host->withdraw(spool->host, ranked->reading, labels, n);
}

static void say_ranked_missing(
        const struct queue_spool *spool, const struct ranked *ranked, const char *text, const char *why) {
        struct sg_label labels[3];
        size_t n = label_ranked(spool, ranked, text, labels);

        spool->host->missing(spool->host, ranked->reading, labels, n, why);
}

/* What has no domain is local.  Somebody may call his domain like a label of ours: it is among the others. */
static bool is_label(const char *text) {
        return strcmp(text, "-") == 0 || strcmp(text, "<>") == 0;
}

static const char *domain_text(const struct queue_spool *spool, uint32_t number) {
        return number == QUEUE_NAME_NONE ? "-" : spool->places.domains.rows[number].text;
}

static const char *sender_text(const struct queue_spool *spool, uint32_t number) {
        return number == QUEUE_NAME_NULL ? "<>" : domain_text(spool, number);
}

static const struct ranked ranked_domains = {
        "queue_domain_messages", "domain", true, queue_census_recipients, domain_text};
static const struct ranked ranked_senders = {
        "queue_sender_messages", "sender", false, queue_census_senders, sender_text};

static void publish_queue(const struct queue_spool *spool, enum queue queue) {
        const char *name = queue_names_of[queue];
        uint64_t messages = spool->queues[queue].messages;
        uint32_t oldest = spool->census.oldest[queue];
        double age = (double)(spool->census.now_seconds - (int64_t)oldest);

        if (!spool->queues[queue].exists) {
                for (const struct sg_reading *reading = queue_readings; reading < queue_readings + 3;
                        reading++)
                        say_missing(spool, reading->name, "queue", name, "its directory is not there");
                return;
        }
        if (spool->is_overfull) {
                say(spool, "queue_messages", "queue", name, spool->scan.listed[queue]);
                say_missing(spool, "queue_bytes", "queue", name, "too many messages");
                say_missing(spool, "queue_oldest_seconds", "queue", name, "too many messages");
                return;
        }
        say(spool, "queue_messages", "queue", name, (double)messages);
        if (spool->is_read)
                say(spool, "queue_bytes", "queue", name, (double)spool->queues[queue].bytes);
        else
                say_missing(spool, "queue_bytes", "queue", name, "not read yet");
        if (messages == 0)
                say(spool, "queue_oldest_seconds", "queue", name, 0);
        else if (oldest != 0 && spool->is_read)
                say(spool, "queue_oldest_seconds", "queue", name, age > 0 ? age : 0);
        else
                say_missing(spool, "queue_oldest_seconds", "queue", name, "not read yet");
}

static bool contains(const uint32_t *numbers, size_t n, uint32_t number) {
        for (size_t i = 0; i < n; i++)
                if (numbers[i] == number)
                        return true;
        return false;
}

static void forget_shown(struct queue_names *names, struct queue_shown *shown) {
        while (shown->n > 0)
                queue_names_drop(names, shown->numbers[--shown->n]);
}

/* A name of the census may be gone by now, or be another one's row. */
static void publish_ranked(struct queue_spool *spool, const struct ranked *ranked,
        const struct queue_rank *rank, struct queue_shown *shown) {
        struct queue_names *names = &spool->places.domains;
        struct queue_shown old = *shown;
        uint64_t others = rank->total;

        shown->n = 0;
        for (size_t i = 0; i < rank->n; i++) {
                uint32_t number = rank->numbers[i], count = ranked->count_of(&names->rows[number]);

                if (!names->rows[number].text || is_label(names->rows[number].text) || count == 0)
                        continue;
                queue_names_hold(names, number);
                shown->numbers[shown->n++] = number;
                others -= count < others ? count : others;
                say_ranked(spool, ranked, ranked->text_of(spool, number), count);
        }
        for (size_t i = 0; i < old.n; i++)
                if (!contains(shown->numbers, shown->n, old.numbers[i]))
                        say_ranked(spool, ranked, ranked->text_of(spool, old.numbers[i]), 0);
        forget_shown(names, &old);
        if (others > 0 || shown->others)
                say_ranked(spool, ranked, "*", (double)others);
        shown->others = others > 0;
}

static void publish_ranked_missing(const struct queue_spool *spool, const struct ranked *ranked,
        const struct queue_shown *shown, const char *why) {
        for (size_t i = 0; i < shown->n; i++)
                say_ranked_missing(spool, ranked, ranked->text_of(spool, shown->numbers[i]), why);
        if (shown->others)
                say_ranked_missing(spool, ranked, "*", why);
}

static const char *const hop_readings[] = {"queue_nexthop_messages", "queue_nexthop_dead_messages",
        "queue_nexthop_due_messages", "queue_nexthop_delivered_total", "queue_nexthop_deferred_total",
        "queue_retry_delivered_total", "queue_retry_deferred_total"};
#define HOP_READINGS (sizeof(hop_readings) / sizeof(hop_readings[0]))

static void withdraw_hop(struct queue_spool *spool, size_t i) {
        uint32_t number = spool->shown_hops[i].number;
        const struct sg_label labels[] = {
                {"instance", spool->instance}, {"nexthop", spool->places.hops.rows[number].text}};

        for (size_t j = 0; j < HOP_READINGS; j++)
                spool->host->withdraw(spool->host, hop_readings[j], labels, 2);
        queue_names_drop(&spool->places.hops, number);
        spool->shown_hops[i] = spool->shown_hops[--spool->n_shown_hops];
}

static void show_hop(struct queue_spool *spool, uint32_t number) {
        const struct queue_name *rows = spool->places.hops.rows;
        size_t smallest = 0;

        for (size_t i = 0; i < spool->n_shown_hops; i++) {
                if (spool->shown_hops[i].number == number)
                        return;
                if (rows[spool->shown_hops[i].number].messages <
                        rows[spool->shown_hops[smallest].number].messages)
                        smallest = i;
        }
        if (spool->n_shown_hops == QUEUE_HOPS_SHOWN) {
                if (rows[spool->shown_hops[smallest].number].messages >= rows[number].messages)
                        return;
                withdraw_hop(spool, smallest);
        }
        queue_names_hold(&spool->places.hops, number);
        spool->shown_hops[spool->n_shown_hops++] = (struct queue_shown_hop){.number = number};
}

static void publish_hops(struct queue_spool *spool) {
        uint64_t now_usec = spool->host->now_usec(spool->host);
        struct queue_names *hops = &spool->places.hops;
        const struct queue_rank *rank = &spool->census.hops;

        for (size_t i = 0; i < rank->n; i++)
                if (hops->rows[rank->numbers[i]].text)
                        show_hop(spool, rank->numbers[i]);
        for (size_t i = spool->n_shown_hops; i-- > 0;) {
                struct queue_shown_hop *shown = &spool->shown_hops[i];
                const struct queue_name *hop = &hops->rows[shown->number];
                const double values[HOP_READINGS] = {hop->messages, hop->dead, hop->due,
                        (double)hop->delivered, (double)hop->deferred, (double)hop->retry_delivered,
                        (double)hop->retry_deferred};

                if (hop->messages + hop->due > 0)
                        shown->zero_since_usec = 0;
                else if (shown->zero_since_usec == 0)
                        shown->zero_since_usec = now_usec;
                if (shown->zero_since_usec != 0 && now_usec - shown->zero_since_usec >= KEEP_HOP_USEC) {
                        withdraw_hop(spool, i);
                        continue;
                }
                for (size_t j = 0; j < HOP_READINGS; j++)
                        say(spool, hop_readings[j], "nexthop", hop->text, values[j]);
        }
}

/* Two classes may have one name. */
static void publish_reasons(struct queue_spool *spool) {
        uint32_t messages[REASON_CLASSES];

        memcpy(messages, spool->census.reasons, sizeof(messages));
        messages[REASON_FILTER] += messages[REASON_FILTER_DEAD];
        messages[REASON_FILTER_DEAD] = 0;
        for (int class = 0; class < REASON_CLASSES; class ++) {
                spool->reason_shown[class] |= messages[class] > 0;
                if (spool->reason_shown[class])
                        say(spool, "queue_reason_messages", "reason", reason_name((enum reason_class) class),
                                messages[class]);
        }
}

static void publish_cliff(const struct queue_spool *spool) {
        if (spool->lifetimes_known)
                say(spool, "bounce_cliff_messages", NULL, NULL, spool->census.cliff);
        else
                say_missing(spool, "bounce_cliff_messages", NULL, NULL,
                        "the queue lifetimes of main.cf are not known");
}

static void publish_growth(struct queue_spool *spool) {
        uint64_t now_usec = spool->host->now_usec(spool->host);
        double growth;

        queue_growth_note(&spool->bounces, now_usec, spool->census.null_sender);
        if (queue_growth_of(&spool->bounces, now_usec, spool->census.null_sender, &growth))
                say(spool, "queue_bounce_growth", NULL, NULL, growth);
        else
                say_missing(spool, "queue_bounce_growth", NULL, NULL, "not known for long enough");
}

/* What is known of messages, as against their number. */
static void publish_contents(struct queue_spool *spool) {
        const struct queue_census *census = &spool->census;

        publish_ranked(spool, &ranked_domains, &census->domains, &spool->shown_domains);
        publish_ranked(spool, &ranked_senders, &census->senders, &spool->shown_senders);
        publish_reasons(spool);
        publish_hops(spool);
        say(spool, "queue_unreadable", NULL, NULL, census->unreadable);
        say(spool, "queue_null_sender_ratio", NULL, NULL,
                census->read ? (double)census->null_sender / census->read : 0);
        for (int queue = 0; queue < QUEUES; queue++)
                say(spool, "queue_null_sender_messages", "queue", queue_names_of[queue],
                        census->null_senders[queue]);
        publish_growth(spool);
        publish_cliff(spool);
}

static void publish_contents_missing(struct queue_spool *spool, const char *why) {
        static const char *const of_instance[] = {"queue_unreadable", "queue_null_sender_ratio",
                "queue_bounce_growth", "bounce_cliff_messages"};

        for (size_t i = 0; i < sizeof(of_instance) / sizeof(of_instance[0]); i++)
                say_missing(spool, of_instance[i], NULL, NULL, why);
        spool->bounces = (struct queue_growth){.n = 0};
        for (int queue = 0; queue < QUEUES; queue++)
                say_missing(spool, "queue_null_sender_messages", "queue", queue_names_of[queue], why);
        for (int class = 0; class < REASON_CLASSES; class ++)
                if (spool->reason_shown[class])
                        say_missing(spool, "queue_reason_messages", "reason",
                                reason_name((enum reason_class) class), why);
        for (size_t i = 0; i < spool->n_shown_hops; i++)
                for (size_t j = 0; j < HOP_READINGS; j++)
                        say_missing(spool, hop_readings[j], "nexthop",
                                spool->places.hops.rows[spool->shown_hops[i].number].text, why);
        publish_ranked_missing(spool, &ranked_domains, &spool->shown_domains, why);
        publish_ranked_missing(spool, &ranked_senders, &spool->shown_senders, why);
}

void queue_publish(struct queue_spool *spool) {
        spool->published_usec = spool->host->now_usec(spool->host);
        for (int queue = 0; queue < QUEUES; queue++)
                publish_queue(spool, (enum queue)queue);
        say(spool, "mail_arrived_total", NULL, NULL, (double)spool->totals.arrived);
        say(spool, "mail_delivered_total", NULL, NULL, (double)spool->totals.delivered);
        say(spool, "mail_deferred_total", NULL, NULL, (double)spool->totals.deferred);
        say(spool, "mail_bounced_total", NULL, NULL, (double)spool->totals.bounced);
        if (spool->is_overfull)
                publish_contents_missing(spool, "more messages than are tracked");
        else if (spool->is_read)
                publish_contents(spool);
}

void queue_publish_missing(struct queue_spool *spool, const char *why) {
        for (int queue = 0; queue < QUEUES; queue++)
                for (const struct sg_reading *reading = queue_readings; reading < queue_readings + 3;
                        reading++)
                        say_missing(spool, reading->name, "queue", queue_names_of[queue], why);
        publish_contents_missing(spool, why);
}

void queue_publish_forget(struct queue_spool *spool) {
        while (spool->n_shown_hops > 0)
                queue_names_drop(&spool->places.hops, spool->shown_hops[--spool->n_shown_hops].number);
        forget_shown(&spool->places.domains, &spool->shown_domains);
        forget_shown(&spool->places.domains, &spool->shown_senders);
}
