/* SPDX-License-Identifier: MIT */
/*
 * conditions - the conditions that exist without any configuration
 *
 * Runs in the loader.  A const table in the written form that a site would use, so that the built-in
 * conditions go through the same checks as everybody's own and every level can be overridden one by one.
 * Fields that are not given here have the defaults of config_schema.c.
 *
 * The levels of space and inodes are those of a postmaster who wants an hour's notice on a relay: acting at 85 %
 * leaves room for the action itself, and the gap of five points to the clear level is wider than what a rotated log
 * or one archived journal file moves.  A file system that has shut itself to writers is as bad as one that is full,
 * and no playbook can help; the five seconds are for the admin who remounts it on purpose.  A next hop that is down,
 * or a loud log, is told in one sentence and no reason to call anybody: every relay has a destination that is dead.
 * So is a queue that is large or old: by itself it harms nobody, a newsletter is no flood, and playbooks ask for harm
 * beside it.  Mail that is about to be returned, however, is lost to its recipients, and that is a warning.
 *
 * `cause` says what explains what: without a link no name server answers, without those no next hop is found, and a
 * next hop that is down makes its mail wait.  So a name server is never blamed on the relays behind it.  One that
 * answers for itself and for nothing beyond it comes after one that does not answer, and is a notice, because three
 * domains may share a name server of their own.  What mail waits for is the resolver, whose sentence names the server
 * that is to blame.  A server that is dead or slow by itself is a notice and the cause of nothing: the second and the
 * third of the file cost nobody anything while the first one answers, and one that takes a second or two delays mail by
 * as much, which nobody is called for at night.  A dead one costs five seconds a lookup, or half of that with one of
 * two and `options rotate`: so that is the level.  Space has the rank of a dead next hop, because the one is often the
 * reason for the other and as often not: of the two the worse level is what it is about, until a playbook has looked.
 * None of these outages is critical, not even a link that is down: nothing is lost while mail waits, and critical would
 * let younger log data be destroyed for it.  Slow, degraded and refusing are notices; they pass by themselves, and
 * Postfix knows what to do meanwhile.  All of these trip within seconds, because their sensors ask more than once
 * before they call anything down; a next hop that is degraded takes a little longer than one that is down, which it is
 * then, too.  A filter that is stuck trips at once, since its reading is a time in itself: its sensor has seen it do
 * nothing for long.  A server that turns away everybody has the lowest rank of them, because it is seen at once, and
 * what became of mail says it better as soon as there is some.  A flood and a storm come after all outages, but before
 * what may have been wrong for weeks and harms nobody.
 *
 * Fails with -ENOMEM only.
 */
#include "config/conditions.h"

#include "base/cleanup.h"
#include "base/text.h"

static const struct {
        const char *condition, *field, *value;
} builtin[] = {
        {"disk-space-high", "summary", "A file system is nearly full"},
        {"disk-space-high", "reading", "disk_used_ratio"},
        {"disk-space-high", "trip", "0.85"},
        {"disk-space-high", "clear", "0.8"},
        {"disk-space-high", "lasting", "2s"},
        {"disk-space-high", "level", "warning"},
        {"disk-space-high", "cause", "50"},

        {"disk-space-critical", "summary", "A file system is about to be full"},
        {"disk-space-critical", "reading", "disk_used_ratio"},
        {"disk-space-critical", "trip", "0.95"},
        {"disk-space-critical", "clear", "0.9"},
        {"disk-space-critical", "lasting", "0s"},
        {"disk-space-critical", "level", "critical"},
        {"disk-space-critical", "cause", "50"},

        {"disk-full-soon", "summary", "A file system will be full within two hours if it goes on like this"},
        {"disk-full-soon", "reading", "disk_full_seconds"},
        {"disk-full-soon", "when", "below"},
        {"disk-full-soon", "trip", "7200"},
        {"disk-full-soon", "clear", "21600"},
        {"disk-full-soon", "lasting", "30s"},
        {"disk-full-soon", "clear_lasting", "30s"},
        {"disk-full-soon", "level", "warning"},
        {"disk-full-soon", "cause", "50"},

        {"disk-read-only", "summary",
                "A file system can only be read: nothing is delivered and nothing is logged there"},
        {"disk-read-only", "reading", "disk_read_only"},
        {"disk-read-only", "trip", "1"},
        {"disk-read-only", "clear", "0.5"},
        {"disk-read-only", "lasting", "5s"},
        {"disk-read-only", "clear_lasting", "5s"},
        {"disk-read-only", "level", "critical"},
        {"disk-read-only", "cause", "50"},

        {"disk-inodes-high", "summary", "A file system has nearly no inodes left"},
        {"disk-inodes-high", "reading", "disk_inodes_used_ratio"},
        {"disk-inodes-high", "trip", "0.85"},
        {"disk-inodes-high", "clear", "0.8"},
        {"disk-inodes-high", "lasting", "2s"},
        {"disk-inodes-high", "level", "warning"},
        {"disk-inodes-high", "cause", "50"},

        {"disk-inodes-critical", "summary", "A file system is about to run out of inodes"},
        {"disk-inodes-critical", "reading", "disk_inodes_used_ratio"},
        {"disk-inodes-critical", "trip", "0.95"},
        {"disk-inodes-critical", "clear", "0.9"},
        {"disk-inodes-critical", "lasting", "0s"},
        {"disk-inodes-critical", "level", "critical"},
        {"disk-inodes-critical", "cause", "50"},

        {"log-volume-high", "summary", "Something writes an unusual amount of log"},
        {"log-volume-high", "reading", "log_growth_bytes_per_second"},
        {"log-volume-high", "labels.path", "/var/log"},
        {"log-volume-high", "trip", "524288"},
        {"log-volume-high", "clear", "131072"},
        {"log-volume-high", "lasting", "1m"},
        {"log-volume-high", "clear_lasting", "1m"},
        {"log-volume-high", "level", "notice"},

        {"deleted-open-large", "summary",
                "Logs were deleted that somebody still writes to: their space is not free"},
        {"deleted-open-large", "reading", "deleted_open_bytes"},
        {"deleted-open-large", "trip", "104857600"},
        {"deleted-open-large", "clear", "10485760"},
        {"deleted-open-large", "lasting", "5s"},
        {"deleted-open-large", "level", "warning"},
        {"deleted-open-large", "cause", "50"},

        {"queue-large", "summary", "A queue of Postfix has become large"},
        {"queue-large", "reading", "queue_messages"},
        {"queue-large", "trip", "5000"},
        {"queue-large", "clear", "2500"},
        {"queue-large", "lasting", "2m"},
        {"queue-large", "clear_lasting", "1m"},
        {"queue-large", "level", "notice"},

        {"queue-old", "summary", "Mail has waited for three days, two before Postfix gives it up"},
        {"queue-old", "reading", "queue_oldest_seconds"},
        {"queue-old", "labels.queue", "deferred"},
        {"queue-old", "trip", "259200"},
        {"queue-old", "clear", "172800"},
        {"queue-old", "lasting", "1m"},
        {"queue-old", "clear_lasting", "1m"},
        {"queue-old", "level", "notice"},

        {"bounce-cliff", "summary", "Much mail is about to be returned because it has waited too long"},
        {"bounce-cliff", "reading", "bounce_cliff_messages"},
        {"bounce-cliff", "trip", "100"},
        {"bounce-cliff", "clear", "50"},
        {"bounce-cliff", "lasting", "5m"},
        {"bounce-cliff", "clear_lasting", "1m"},
        {"bounce-cliff", "level", "warning"},

        {"next-hop-cliff", "summary", "Much mail for one next hop is about to be returned"},
        {"next-hop-cliff", "reading", "queue_nexthop_cliff_messages"},
        {"next-hop-cliff", "trip", "50"},
        {"next-hop-cliff", "clear", "25"},
        {"next-hop-cliff", "lasting", "5m"},
        {"next-hop-cliff", "clear_lasting", "1m"},
        {"next-hop-cliff", "level", "notice"},

        {"bounce-storm", "summary", "Bounces pile up"},
        {"bounce-storm", "reading", "queue_bounce_growth"},
        {"bounce-storm", "trip", "200"},
        {"bounce-storm", "clear", "20"},
        {"bounce-storm", "lasting", "1m"},
        {"bounce-storm", "clear_lasting", "5m"},
        {"bounce-storm", "level", "notice"},
        {"bounce-storm", "cause", "10"},

        {"mail-flood", "summary", "Mail from one domain crowds the queues"},
        {"mail-flood", "reading", "queue_sender_messages"},
        {"mail-flood", "trip", "5000"},
        {"mail-flood", "clear", "2500"},
        {"mail-flood", "lasting", "10m"},
        {"mail-flood", "clear_lasting", "1m"},
        {"mail-flood", "level", "notice"},
        {"mail-flood", "cause", "10"},

        {"link-down", "summary", "A network interface that mail leaves by has no link"},
        {"link-down", "reading", "network_link_up"},
        {"link-down", "when", "below"},
        {"link-down", "trip", "0"},
        {"link-down", "clear", "0.5"},
        {"link-down", "lasting", "2s"},
        {"link-down", "level", "warning"},
        {"link-down", "cause", "90"},

        {"resolver-slow", "summary",
                "Each lookup of smtp waits for a name server, or none gets an answer at all"},
        {"resolver-slow", "reading", "resolver_wait_seconds"},
        {"resolver-slow", "trip", "2.4"},
        {"resolver-slow", "clear", "2.2"},
        {"resolver-slow", "lasting", "3s"},
        {"resolver-slow", "clear_lasting", "10s"},
        {"resolver-slow", "level", "warning"},
        {"resolver-slow", "cause", "80"},

        {"name-server-down", "summary", "A name server of resolv.conf does not answer"},
        {"name-server-down", "reading", "dns_server_up"},
        {"name-server-down", "when", "below"},
        {"name-server-down", "trip", "0"},
        {"name-server-down", "clear", "0.5"},
        {"name-server-down", "lasting", "3s"},
        {"name-server-down", "clear_lasting", "10s"},
        {"name-server-down", "level", "notice"},

        {"resolver-stale", "summary",
                "Postfix asks other name servers than resolv.conf names now, and does so until it is "
                "reloaded"},
        {"resolver-stale", "reading", "resolver_stale"},
        {"resolver-stale", "trip", "1"},
        {"resolver-stale", "clear", "0.5"},
        {"resolver-stale", "lasting", "10s"},
        {"resolver-stale", "level", "warning"},
        {"resolver-stale", "cause", "70"},

        {"resolver-cut-off", "summary",
                "The name servers answer, but not any more for the next hops that they knew"},
        {"resolver-cut-off", "reading", "dns_answers_lost_ratio"},
        {"resolver-cut-off", "trip", "1"},
        {"resolver-cut-off", "clear", "0.5"},
        {"resolver-cut-off", "lasting", "15s"},
        {"resolver-cut-off", "clear_lasting", "10s"},
        {"resolver-cut-off", "level", "notice"},
        {"resolver-cut-off", "cause", "75"},

        {"name-server-slow", "summary", "A name server of resolv.conf answers, but takes a second or longer"},
        {"name-server-slow", "reading", "dns_server_seconds"},
        {"name-server-slow", "trip", "1"},
        {"name-server-slow", "clear", "0.5"},
        {"name-server-slow", "lasting", "5s"},
        {"name-server-slow", "clear_lasting", "10s"},
        {"name-server-slow", "level", "notice"},

        {"filter-stuck", "summary",
                "Mail waits before a content filter, which takes none of it or too little"},
        {"filter-stuck", "reading", "filter_wait_seconds"},
        {"filter-stuck", "trip", "300"},
        {"filter-stuck", "clear", "60"},
        {"filter-stuck", "lasting", "0s"},
        {"filter-stuck", "level", "warning"},
        {"filter-stuck", "cause", "55"},

        {"next-hop-down", "summary", "No address of a next hop speaks SMTP, and mail waits for it"},
        {"next-hop-down", "reading", "relay_up_ratio"},
        {"next-hop-down", "when", "below"},
        {"next-hop-down", "trip", "0"},
        {"next-hop-down", "clear", "0.01"},
        {"next-hop-down", "lasting", "2s"},
        {"next-hop-down", "clear_lasting", "5s"},
        {"next-hop-down", "level", "notice"},
        {"next-hop-down", "cause", "50"},

        {"next-hop-refuses", "summary", "A next hop speaks SMTP, and puts off nearly all mail it is offered"},
        {"next-hop-refuses", "reading", "nexthop_refused_ratio"},
        {"next-hop-refuses", "trip", "0.9"},
        {"next-hop-refuses", "clear", "0.5"},
        {"next-hop-refuses", "lasting", "5s"},
        {"next-hop-refuses", "level", "notice"},
        {"next-hop-refuses", "cause", "40"},

        {"relay-refuses", "summary",
                "A server takes no mail at all: it answers 4xx or 5xx to whoever connects"},
        {"relay-refuses", "reading", "relay_refusing"},
        {"relay-refuses", "trip", "1"},
        {"relay-refuses", "clear", "0.5"},
        {"relay-refuses", "lasting", "5s"},
        {"relay-refuses", "clear_lasting", "10s"},
        {"relay-refuses", "level", "notice"},
        {"relay-refuses", "cause", "20"},

        {"next-hop-degraded", "summary", "Some addresses of a next hop do not speak SMTP"},
        {"next-hop-degraded", "reading", "relay_up_ratio"},
        {"next-hop-degraded", "when", "below"},
        {"next-hop-degraded", "trip", "0.99"},
        {"next-hop-degraded", "clear", "0.99"},
        {"next-hop-degraded", "lasting", "4s"},
        {"next-hop-degraded", "clear_lasting", "10s"},
        {"next-hop-degraded", "level", "notice"},
        {"next-hop-degraded", "cause", "30"},
};

int conditions_builtin(struct config_entries *entries) {
        for (size_t i = 0; i < ELEMENTSOF(builtin); i++) {
                char key[CONFIG_KEY_MAX];
                int r;

                text_format(key, sizeof(key), "conditions.%s.%s", builtin[i].condition, builtin[i].field);
                r = config_entries_set(entries, key, "built-in", builtin[i].value);
                if (r < 0)
                        return r;
        }
        return 0;
}

const char *conditions_nearest(const char *name) {
        const char *names[ELEMENTSOF(builtin)];

        for (size_t i = 0; i < ELEMENTSOF(builtin); i++)
                names[i] = builtin[i].condition;
        return text_nearest(name, names, ELEMENTSOF(builtin));
}
