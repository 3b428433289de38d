/* SPDX-License-Identifier: MIT */
/*
 * queue_publish - the readings of the sensor `queue`, from a census that came to its end
 *
 * Runs in the watcher.  What is not known is not published as zero: until everything was read once there is no word
 * about domains, and while the spool is away, or has more messages than are tracked, everything that was published is
 * missing.  Which domains and senders are shown is decided in queue_publish_names.c, and in queue_publish_hops.c which
 * next hops; of these, queue_recent.c tells which refuse mail, and queue_filters.c of the content filters.
 *
 * Owns nothing of its own.  Cannot fail: it is the host that has room for a reading or has not.
 */
#include <string.h>

#include "postfix/queue_spool.h"

const struct sg_reading queue_readings[] = {
        {"queue_messages", {"instance", "queue"}, "Files with a queue ID for a name, complete or not."},
        {"queue_bytes", {"instance", "queue"}, "Sum of their sizes."},
        {"queue_oldest_seconds", {"instance", "queue"},
                "Age of the message that arrived first, by the time that Postfix wrote into it; 0 when there "
                "is none."},
        {"queue_domain_messages", {"instance", "queue", "domain"},
                "Messages in deferred, active or incoming with a recipient still to do in that domain, for "
                "the 20 "
                "largest of each; \"*\": the sum of the others. A message to several domains counts once for "
                "each. In active and incoming only domains with 5 or more are shown."},
        {"queue_reason_messages", {"instance", "reason"},
                "Messages in the deferred queue by why they were deferred last. Of several recipients it is "
                "the "
                "first that was answered at all."},
        {"queue_nexthop_messages", {"instance", "nexthop"},
                "Deferred messages by where Postfix would send them, for the 32 for which most wait, "
                "deferred or as a crowd on their way. A message to several counts once for each. Kept for "
                "ten "
                "minutes at 0."},
        {"queue_nexthop_dead_messages", {"instance", "nexthop"},
                "Messages of that next hop, deferred or active because they are tried again, for whose "
                "recipients nobody answered when they were tried last."},
        {"queue_nexthop_due_messages", {"instance", "nexthop"},
                "Deferred messages of that next hop that may be tried within a minute, or could have been, "
                "and "
                "those that are active because they are tried again."},
        {"queue_nexthop_underway_messages", {"instance", "nexthop"},
                "Incoming and active messages of that next hop: being tried, for the first time or again, or "
                "about to be."},
        {"queue_nexthop_late_messages", {"instance", "nexthop"},
                "Of these, the ones that are tried for the first time and came more than five seconds ago."},
        {"queue_nexthop_stranded_messages", {"instance", "nexthop"},
                "Deferred messages of that next hop that nobody postponed, that are not tried within five "
                "minutes, and that wait for nothing but the end of an outage: by the last try a name could "
                "not be looked up, or nobody answered, or the connection was lost."},
        {"queue_nexthop_cliff_messages", {"instance", "nexthop"},
                "Of bounce_cliff_messages, the ones for that next hop; a message to several counts for "
                "each."},
        {"queue_nexthop_delivered_total", {"instance", "nexthop"},
                "Messages of that next hop removed from the active queue without a bounce, since it is "
                "watched: delivered, or deleted by an admin while active. A message to several counts for "
                "each left to do when it was read. What was older than mail lives here is not counted: most "
                "of "
                "it was returned."},
        {"queue_nexthop_deferred_total", {"instance", "nexthop"},
                "Messages of that next hop that came back from the active to the deferred queue."},
        {"queue_retry_delivered_total", {"instance", "nexthop"},
                "The delivered ones among those that postfix.retry was given."},
        {"queue_retry_deferred_total", {"instance", "nexthop"},
                "The deferred ones among those that postfix.retry was given."},
        {"queue_retry_put_off_total", {"instance", "nexthop"},
                "Of these, the ones for a reason that says nothing against the next hop: greylisting, or a "
                "full mailbox."},
        {"queue_retry_bounced_total", {"instance", "nexthop"},
                "The bounced ones among those that postfix.retry was given."},
        {"queue_unreadable", {"instance"},
                "Files that say they are complete and are no queue files; they count as messages of no "
                "domain."},
        {"queue_null_sender_ratio", {"instance"}, "Share of the messages that are bounces (empty sender)."},
        {"queue_null_sender_messages", {"instance", "queue"}, "Messages without a sender: bounces, mostly."},
        {"queue_bounce_growth", {"instance"},
                "Messages without a sender in all queues together, more than ten minutes ago; what is put on "
                "hold or released does not change it. Missing in the first minute."},
        {"queue_growth_bytes", {"instance"},
                "Size of all queues together, more than ten minutes ago. Missing in the first minute."},
        {"queue_sender_messages", {"instance", "sender"},
                "Incoming, active and deferred messages by the domain of their sender, for the 20 largest; "
                "\"<>\": no sender; \"-\": one that cannot be told; \"*\": the sum of the others."},
        {"bounce_cliff_messages", {"instance"},
                "Incoming, active and deferred messages that Postfix would give up and bounce before people "
                "are "
                "back (back_by; within the option cliff_hours while they are there), or is already late to: "
                "by "
                "the time they were created and maximal_queue_lifetime, those without a sender by "
                "bounce_queue_lifetime."},
        {"nexthop_refused_ratio", {"instance", "nexthop"},
                "Share of the messages tried there of late that the server itself put off, which is neither "
                "greylisting nor a full mailbox: of the last twenty seconds, of the last minute or of the "
                "last "
                "ten, whichever are enough to tell. Only for next hops that did so."},
        {"filter_wait_seconds", {"nexthop"},
                "Age of the oldest message that waits before this content filter, incoming, active or "
                "deferred "
                "because of it, when the filter does not keep up: when at the pace of the last five minutes "
                "the "
                "rest would take longer than an hour. 300 more when it does not speak SMTP at all. 0: it "
                "keeps "
                "up, or one or two messages wait. The worst of several instances with the same filter; "
                "missing when one of them cannot tell, unless it is 300 or more for another one."},
        {"postfix_sends_ipv6", {"instance"},
                "1: Postfix may send mail over IPv6; 0: inet_protocols leaves it out, and IPv6 addresses of "
                "next hops count for nothing."},
        {"postfix_proxy_address", {"instance", "address"},
                "1: an address of proxy_interfaces, which Postfix takes for its own."},
        {"postfix_native_lookup", {"instance"},
                "1: Postfix does not ask name servers itself for the addresses of next hops, but the C "
                "library, "
                "which looks into /etc/hosts first (smtp_host_lookup, smtp_dns_support_level); 0: it does."},
        {"postfix_helo_name", {"instance", "name"},
                "1: Postfix says this name to the servers that it sends to (smtp_helo_name, or myhostname), "
                "as "
                "main.cf says and not the name of the host."},
        {"postfix_bind_address", {"instance", "address"},
                "1: Postfix sends from this address (smtp_bind_address, smtp_bind_address6, or the only one "
                "in "
                "inet_interfaces)."},
        {"mail_arrived_total", {"instance"},
                "Messages completed in the incoming queue (or put on hold from there): mail from outside, "
                "local mail when it is picked up, bounces, and requeued mail."},
        {"mail_delivered_total", {"instance"},
                "Messages removed from the active queue without a bounce: all recipients done, returned for "
                "their "
                "age, or deleted by an admin while active."},
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

/* Over all queues: what is put on hold, or let go again, is no growth. */
static void publish_growth(
        const struct queue_spool *spool, struct growth *growth, const char *reading, uint64_t value) {
        uint64_t now_usec = spool->host->now_usec(spool->host);
        double grown;

        growth_note(growth, now_usec, value);
        if (growth_of(growth, now_usec, value, &grown))
                say(spool, reading, NULL, NULL, grown);
        else
                say_missing(spool, reading, NULL, NULL, "not known for long enough");
}

static uint64_t bytes_of_all(const struct queue_spool *spool) {
        uint64_t bytes = 0;

        for (int queue = 0; queue < QUEUES; queue++)
                bytes += spool->queues[queue].bytes;
        return bytes;
}

/* What is known of messages, as against their number. */
static void publish_contents(struct queue_spool *spool) {
        const struct queue_census *census = &spool->census;

        queue_publish_names(spool);
        if (spool->is_explained) {
                publish_reasons(spool);
                queue_publish_hops(spool);
                queue_recent_publish(spool);
                queue_filters_publish(spool);
        }
        say(spool, "queue_unreadable", NULL, NULL, census->unreadable);
        say(spool, "queue_null_sender_ratio", NULL, NULL,
                census->read ? (double)census->null_sender / census->read : 0);
        for (int queue = 0; queue < QUEUES; queue++)
                say(spool, "queue_null_sender_messages", "queue", queue_names_of[queue],
                        census->null_senders[queue]);
        publish_growth(spool, &spool->bounces, "queue_bounce_growth", census->null_sender);
        publish_growth(spool, &spool->bytes, "queue_growth_bytes", bytes_of_all(spool));
        queue_publish_cliff(spool);
}

static void publish_contents_missing(struct queue_spool *spool, const char *why) {
        static const char *const of_instance[] = {"queue_unreadable", "queue_null_sender_ratio",
                "queue_bounce_growth", "queue_growth_bytes", "bounce_cliff_messages"};

        for (size_t i = 0; i < sizeof(of_instance) / sizeof(of_instance[0]); i++)
                say_missing(spool, of_instance[i], NULL, NULL, why);
        spool->bounces = spool->bytes = (struct growth){.n = 0};
        for (int queue = 0; queue < QUEUES; queue++)
                say_missing(spool, "queue_null_sender_messages", "queue", queue_names_of[queue], why);
        for (int class = 0; class < REASON_CLASSES; class ++)
                if (spool->reason_shown[class])
                        say_missing(spool, "queue_reason_messages", "reason",
                                reason_name((enum reason_class) class), why);
        queue_publish_hops_missing(spool, why);
        queue_recent_publish_missing(spool, why);
        queue_filters_publish_missing(spool, why);
        queue_publish_names_missing(spool, why);
}

void queue_publish(struct queue_spool *spool) {
        spool->published_usec = spool->host->now_usec(spool->host);
        for (int queue = 0; queue < QUEUES; queue++)
                publish_queue(spool, (enum queue)queue);
        queue_outside_publish(spool);
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
        queue_publish_hops_forget(spool);
        queue_recent_forget(spool);
        queue_filters_forget(spool);
        queue_publish_names_forget(spool);
}
