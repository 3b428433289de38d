/* SPDX-License-Identifier: MIT */
/*
 * dns_answers - what the name servers say about the next hops of the mail in the queue
 *
 * Runs in the watcher.  Once per interval, the next hops with the most messages waiting are looked up as Postfix would,
 * those that mail only passes to more rarely; how many addresses each has is published, a change of them is counted and
 * told in one line, which is how a wrong record, and its correction, get into the report.  Where no mail was seen for
 * some minutes, nothing is asked.
 *
 * What the plugin relay finds out about their addresses is remembered for each name, also for addresses that are gone
 * from the answer, so that an answer that names only dead ones can be told: that is what a forgotten record looks like.
 *
 * No answer is not an empty one: as long as no name server has a word, or not on every mail exchange, the number is
 * missing (or that of before), and nothing counts as changed.
 *
 * When they have no word any more on next hops that they could tell about before, those are counted (lost_names.c).
 *
 * Owns everything below struct answers.  Fails at creation only for want of memory.
 * Limits: NAMES_MAX names, LOOKUPS_MAX lookups at once, none for a list of next hops; names whose addresses turn round
 * all the time are told at most TOLD_MAX times an hour, but counted on.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/next_hop_list.h"
#include "dns/address_set.h"
#include "dns/dead_addresses.h"
#include "dns/dns.h"
#include "dns/lost_names.h"

#define NAMES_MAX 32
#define LOOKUPS_MAX 8
#define TOLD_MAX 6
#define PASSING_EVERY 10 /* so much more rarely is asked for a next hop whose mail does not wait */
#define HOUR_USEC UINT64_C(3600000000)
#define FORGET_USEC UINT64_C(600000000)
#define AGAIN_USEC UINT64_C(10000000) /* until a name is asked for again because another one was lost */

struct answers;

struct name {
        struct answers *all;
        char text[NEXT_HOP_TEXT]; /* "": a free place */
        struct next_hop hop;
        struct host_lookup *lookup;
        bool due, known, is_lost; /* there was a word on it once, and the last time none */
        unsigned passed;          /* times that it had no mail waiting */
        struct address_set addresses;
        struct dead_addresses dead;
        double changes;
        unsigned told; /* since told_usec */
        uint64_t told_usec, needed_usec, asked_usec;
};

struct answers {
        const struct sg_host *host;
        struct resolver resolver;
        uint64_t interval_usec;
        bool six;
        struct name names[NAMES_MAX];
        unsigned running;
        bool is_shown; /* the share of names that are lost */
        struct sg_timer *timer;
};

static const struct sg_reading readings[] = {
        {"dns_answer_addresses", {"name"},
                "Addresses that mail for this next hop can be sent to, as the name servers say: of the eight "
                "best mail exchanges, and 32 at most."},
        {"dns_answer_changes_total", {"name"}, "How often these addresses changed since the first look."},
        {"dns_answer_failed_before", {"name"},
                "1: at none of these addresses anything answered when it was last tried; 0: some are not "
                "known so."},
        {"dns_answers_lost_ratio", {NULL},
                "Share of the next hops that the name servers could tell about before and have no word on "
                "now. Only "
                "with three such next hops or more."},
        {0},
};

static void start_lookups(struct answers *answers);

static void publish(const struct name *name, const char *reading, double value) {
        const struct sg_label label = {"name", name->text};

        name->all->host->publish(name->all->host, reading, &label, 1, value);
}

static int64_t wall_seconds(void) {
        struct timespec now;

        clock_gettime(CLOCK_REALTIME, &now);
        return now.tv_sec;
}

static void publish_failed(const struct name *name) {
        const struct sg_host *host = name->all->host;
        const struct sg_label label = {"name", name->text};
        char text[ADDRESS_CHANGE_TEXT];
        int64_t since;

        if (!dead_addresses_has_all(&name->dead, &name->addresses, &since)) {
                publish(name, "dns_answer_failed_before", 0);
                return;
        }
        address_set_tell_dead(name->text, &name->addresses, since, wall_seconds(), text);
        host->publish_told(host, "dns_answer_failed_before", &label, 1, 1, text);
}

static void publish_lost(struct answers *answers) {
        const struct sg_host *host = answers->host;
        struct lost_names lost = {.known = 0};
        char text[SG_SENTENCE_MAX + 1];
        double ratio;

        for (size_t i = 0; i < NAMES_MAX; i++)
                if (answers->names[i].known)
                        lost_names_note(&lost, answers->names[i].text, answers->names[i].is_lost);
        if (!lost_names_ratio(&lost, &ratio)) {
                if (answers->is_shown)
                        host->withdraw(host, "dns_answers_lost_ratio", NULL, 0);
                answers->is_shown = false;
                return;
        }
        answers->is_shown = true;
        if (lost.lost == 0) {
                host->publish(host, "dns_answers_lost_ratio", NULL, 0, ratio);
                return;
        }
        lost_names_sentence(&lost, &answers->resolver.conf, text);
        host->publish_told(host, "dns_answers_lost_ratio", NULL, 0, ratio, text);
}

/* One is lost: what is with the others is to be known now, and not in ten minutes. */
static void ask_for_others(struct answers *answers) {
        uint64_t now_usec = answers->host->now_usec(answers->host);

        for (size_t i = 0; i < NAMES_MAX; i++) {
                struct name *name = &answers->names[i];

                name->due |= name->known && !name->is_lost && !name->lookup &&
                        now_usec - name->asked_usec >= AGAIN_USEC;
        }
}

static void forget(struct name *name) {
        const struct sg_host *host = name->all->host;
        const struct sg_label label = {"name", name->text};

        for (const struct sg_reading *reading = readings; reading->labels[0]; reading++)
                host->withdraw(host, reading->name, &label, 1);
        *name = (struct name){.all = name->all};
}

static void note_change(struct name *name, const struct address_set *now) {
        const struct sg_host *host = name->all->host;
        uint64_t now_usec = host->now_usec(host);
        char text[ADDRESS_CHANGE_TEXT];

        name->changes++;
        if (name->told == 0 || now_usec - name->told_usec >= HOUR_USEC) {
                name->told = 0;
                name->told_usec = now_usec;
        }
        if (name->told == TOLD_MAX)
                return;
        name->told++;
        address_set_tell_change(name->text, &name->addresses, now, text);
        host->log(host, SG_LEVEL_INFO, "%s", text);
}

static void take_result(struct name *name, const struct host_lookup_result *result) {
        const struct sg_label label = {"name", name->text};
        struct address_set now;

        if (result->outcome == HOST_LOOKUP_NO_WORD) {
                if (name->known && !name->is_lost)
                        ask_for_others(name->all);
                name->is_lost = name->known;
                name->all->host->missing(name->all->host, "dns_answer_addresses", &label, 1, result->why);
                name->all->host->missing(name->all->host, "dns_answer_failed_before", &label, 1, result->why);
                return;
        }
        name->is_lost = false;
        if (result->incomplete)
                return;
        address_set_from(&now, result);
        if (name->known && !address_set_equal(&now, &name->addresses))
                note_change(name, &now);
        name->known = true;
        name->addresses = now;
        publish(name, "dns_answer_addresses", (double)now.n);
        publish(name, "dns_answer_changes_total", name->changes);
        publish_failed(name);
}

static void on_result(const struct host_lookup_result *result, void *data) {
        struct name *name = data;

        take_result(name, result);
        name->lookup = host_lookup_free(name->lookup);
        name->all->running--;
        publish_lost(name->all);
        start_lookups(name->all);
}

static void start_lookups(struct answers *answers) {
        for (size_t i = 0; i < NAMES_MAX && answers->running < LOOKUPS_MAX; i++) {
                struct name *name = &answers->names[i];

                if (!name->due || name->lookup)
                        continue;
                name->due = false;
                name->asked_usec = answers->host->now_usec(answers->host);
                if (host_lookup_new(&answers->resolver, &name->hop, answers->six, on_result, name,
                            &name->lookup) == 0)
                        answers->running++;
        }
}

static struct name *find(struct answers *answers, const char *text) {
        for (size_t i = 0; i < NAMES_MAX; i++)
                if (strcmp(answers->names[i].text, text) == 0)
                        return &answers->names[i];
        return NULL;
}

/* Next hops that need a name server and that mail goes to; others are kept for a while. */
static void choose_names(struct answers *answers) {
        uint64_t now_usec = answers->host->now_usec(answers->host);
        struct next_hop_list list;
        unsigned n = 0;

        (void)next_hop_list_init(&list, answers->host, "queue_nexthop_messages");
        for (size_t i = 0; i < list.n && n < NAMES_MAX; i++) {
                const struct next_hop_count *row = &list.rows[i];
                struct next_hop hop;
                struct name *name;

                if (!next_hop_parse(row->text, &hop) || hop.literal)
                        continue;
                n++;
                name = find(answers, row->text);
                if (!name) {
                        name = find(answers, "");
                        if (!name)
                                continue;
                        snprintf(name->text, sizeof(name->text), "%s", row->text);
                        name->hop = hop;
                }
                name->due |= row->messages > 0 || row->unknown || name->passed++ % PASSING_EVERY == 0;
                name->needed_usec = now_usec;
        }
        next_hop_list_deinit(&list);
        for (size_t i = 0; i < NAMES_MAX; i++)
                if (answers->names[i].text[0] && !answers->names[i].lookup && !answers->names[i].due &&
                        now_usec - answers->names[i].needed_usec >= FORGET_USEC)
                        forget(&answers->names[i]);
        publish_lost(answers);
}

/* What the plugin relay found at an address of a next hop. */
static void learn(const struct sg_label *labels, size_t n_labels, double value, void *data) {
        struct answers *answers = data;
        struct net_address address;
        struct name *name;

        if (n_labels != 2 || isnan(value) || !net_address_parse(labels[1].value, &address))
                return;
        name = find(answers, labels[0].value);
        if (name && name->text[0])
                dead_addresses_note(&name->dead, &address, value > 0, wall_seconds());
}

static void on_timer(struct sg_timer *timer, void *data) {
        struct answers *answers = data;

        answers->host->timer_arm(timer, answers->interval_usec);
        (void)resolver_refresh(&answers->resolver);
        choose_names(answers);
        answers->host->each_reading(answers->host, "relay_up", learn, answers);
        start_lookups(answers);
}

static void answers_destroy(void *sensor) {
        struct answers *answers = sensor;

        if (!answers)
                return;
        for (size_t i = 0; i < NAMES_MAX; i++)
                host_lookup_free(answers->names[i].lookup);
        answers->host->timer_free(answers->timer);
        free(answers);
}

static int answers_create(const struct sg_host *host, const struct sg_value *options, void **ret_sensor) {
        struct answers *answers = calloc(1, sizeof(*answers));
        int r;

        if (!answers)
                return -ENOMEM;
        answers->host = host;
        answers->interval_usec = options[DNS_OPTION_NAMES_INTERVAL].usec;
        answers->six = options[DNS_OPTION_IPV6].boolean;
        for (size_t i = 0; i < NAMES_MAX; i++)
                answers->names[i].all = answers;
        resolver_init(&answers->resolver, host);
        r = host->timer_new(host, "dns: next look at the next hops", 0, on_timer, answers, &answers->timer);
        if (r < 0) {
                free(answers);
                return r;
        }
        *ret_sensor = answers;
        return 0;
}

const struct sg_sensor dns_answers = {
        .name = "dns_answers",
        .summary = "Addresses of the next hops of the mail in the queue",
        .readings = readings,
        .reads = (const char *const[]){RESOLVER_READS, NULL},
        .create = answers_create,
        .destroy = answers_destroy,
};
