/* SPDX-License-Identifier: MIT */
/*
 * relay_sensor - which next hops are probed, and which links are watched
 *
 * Runs in the watcher.  Every few seconds it looks at what the plugin postfix counts per next hop, and keeps a target
 * (relay_target.c) for those whose mail calls for it (relay_need.c): at once when mail came back because nobody
 * answered, a crowd does not move or one message is overtaken by others; after a while when mail just waits.  A healthy
 * relay has none, so nobody is probed without a reason.  A target stays while such mail waits, and for a while after
 * it, so that the end of a trouble is told as well; a number that is missing is no evidence that the mail is gone.
 * Addresses of targets and of name servers are what links have to lead to (relay_links.c).
 *
 * Owns everything below struct relay.  Fails at creation only for want of memory.
 * Limits: RELAY_TARGETS_MAX next hops; one more has to wait until a place is free, or until another one has no such
 * mail left.  PLACES_MAX are followed.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "relay/relay_mail.h"
#include "relay/relay_target.h"

#define LOOK_USEC UINT64_C(2500000)
#define IDLE_USEC UINT64_C(5000000)
#define CALM_USEC UINT64_C(10000000) /* mail that is gone by then was a burst */
#define FORGET_USEC UINT64_C(300000000)
#define PLACES_MAX 48

/* A next hop that mail waits for. */
struct place {
        char nexthop[NEXT_HOP_TEXT]; /* "": free */
        struct relay_need need;
        struct relay_target *target; /* NULL: not probed */
        uint64_t since_usec, needed_usec;
};

struct relay {
        struct relay_common common;
        double min_messages;
        struct place places[PLACES_MAX];
        struct sg_timer *timer;
};

static struct place *find(struct relay *relay, const char *nexthop) {
        for (size_t i = 0; i < PLACES_MAX; i++)
                if (strcmp(relay->places[i].nexthop, nexthop) == 0)
                        return &relay->places[i];
        return NULL;
}

static void forget(struct place *place) {
        place->target = relay_target_free(place->target, true);
        *place = (struct place){.target = NULL};
}

static bool is_worth_following(const struct relay *relay, const struct relay_mail *mail) {
        return mail->deferred + mail->underway >= relay->min_messages || mail->late > 0;
}

/* It tells of some dead addresses as long as there is mail for the others. */
static bool is_used_in_part(const struct place *place, uint64_t now_usec) {
        return place->target && place->target->pace.mood == RELAY_MOOD_PART && place->need.moved_usec != 0 &&
                now_usec - place->need.moved_usec < FORGET_USEC;
}

static void look(
        struct relay *relay, struct place *place, const struct relay_mails *mails, uint64_t now_usec) {
        struct relay_mail mail = relay_mails_of(mails, place->nexthop);

        relay_need_look(&place->need, &mail, relay->min_messages, now_usec);
        if (place->need.level != RELAY_NEED_NONE || mail.is_unknown || is_used_in_part(place, now_usec))
                place->needed_usec = now_usec;
        if (place->target)
                relay_target_look(place->target, &place->need, relay_mails_is_filter(mails, place->nexthop),
                        mail.deferred + mail.underway);
        else if (!is_worth_following(relay, &mail))
                forget(place);
        if (place->target && now_usec - place->needed_usec >= FORGET_USEC)
                forget(place);
}

/* Those of the list for which enough waits to be followed. */
static void follow(struct relay *relay, const struct next_hop_list *list, const struct relay_mails *mails,
        uint64_t now_usec) {
        for (size_t i = 0; i < list->n; i++) {
                const char *nexthop = list->rows[i].text;
                struct relay_mail mail = relay_mails_of(mails, nexthop);
                struct place *place = find(relay, "");

                if (!place)
                        return;
                if (!is_worth_following(relay, &mail) || find(relay, nexthop))
                        continue;
                *place = (struct place){.since_usec = now_usec};
                memcpy(place->nexthop, nexthop, sizeof(place->nexthop));
                look(relay, place, mails, now_usec);
        }
}

/* One that hurries takes the place of one that does not. */
static bool make_room(struct relay *relay, enum relay_need_level level, uint64_t now_usec) {
        struct place *idle = NULL;
        size_t n = 0;

        for (size_t i = 0; i < PLACES_MAX; i++) {
                struct place *place = &relay->places[i];

                if (!place->target)
                        continue;
                n++;
                if (place->needed_usec < now_usec || place->need.level < level)
                        idle = place;
        }
        if (n == RELAY_TARGETS_MAX && idle)
                forget(idle);
        return n < RELAY_TARGETS_MAX || idle;
}

/* The largest of those that call for it at that level. */
static struct place *choose(struct relay *relay, enum relay_need_level level, const struct relay_mails *mails,
        uint64_t now_usec) {
        struct place *largest = NULL;
        double most = -1;

        for (size_t i = 0; i < PLACES_MAX; i++) {
                struct place *place = &relay->places[i];
                struct relay_mail mail;

                if (!place->nexthop[0] || place->target || place->need.level != level ||
                        (level == RELAY_NEED_CALM && !place->need.is_overtaken &&
                                now_usec - place->since_usec < CALM_USEC))
                        continue;
                mail = relay_mails_of(mails, place->nexthop);
                if (mail.deferred + mail.underway > most) {
                        most = mail.deferred + mail.underway;
                        largest = place;
                }
        }
        return largest;
}

static void probe_some(struct relay *relay, const struct relay_mails *mails, uint64_t now_usec) {
        for (int level = RELAY_NEED_URGENT; level > RELAY_NEED_NONE; level--) {
                struct place *place = choose(relay, (enum relay_need_level)level, mails, now_usec);

                while (place && make_room(relay, place->need.level, now_usec) &&
                        relay_target_new(&relay->common, place->nexthop, &place->target) == 0) {
                        struct relay_mail mail = relay_mails_of(mails, place->nexthop);

                        relay_target_look(place->target, &place->need,
                                relay_mails_is_filter(mails, place->nexthop), mail.deferred + mail.underway);
                        place = choose(relay, (enum relay_need_level)level, mails, now_usec);
                }
        }
}

static void watch_links(struct relay *relay) {
        const struct resolv_conf *conf = &relay->common.resolver.conf;
        struct relay_goal goals[RELAY_GOALS_MAX];
        bool is_unresolved = false;
        size_t n = 0;

        (void)resolver_refresh(&relay->common.resolver);
        for (size_t i = 0; i < conf->n_servers && n < RELAY_GOALS_MAX; i++)
                goals[n++] = (struct relay_goal){.to = conf->servers[i], .is_server = true};
        for (size_t i = 0; i < PLACES_MAX; i++) {
                const struct relay_target *target = relay->places[i].target;

                is_unresolved |= target && target->is_unresolved;
                for (size_t k = 0; target && k < target->n && n < RELAY_GOALS_MAX; k++)
                        goals[n++] = (struct relay_goal){.to = target->addresses[k].address};
        }
        relay_links_look(&relay->common.links, goals, n, is_unresolved);
}

static bool is_idle(const struct relay *relay) {
        for (size_t i = 0; i < PLACES_MAX; i++)
                if (relay->places[i].nexthop[0])
                        return false;
        return true;
}

static void on_timer(struct sg_timer *timer, void *data) {
        struct relay *relay = data;
        const struct sg_host *host = relay->common.host;
        uint64_t now_usec = host->now_usec(host);
        struct relay_mails mails;

        /* With half a list it would look as if mail were gone. */
        if (relay_mails_init(&mails, host) == 0) {
                for (size_t i = 0; i < PLACES_MAX; i++)
                        if (relay->places[i].nexthop[0])
                                look(relay, &relay->places[i], &mails, now_usec);
                follow(relay, &mails.deferred, &mails, now_usec);
                probe_some(relay, &mails, now_usec);
        }
        relay_mails_deinit(&mails);
        watch_links(relay);
        host->timer_arm(timer, is_idle(relay) ? IDLE_USEC : LOOK_USEC);
}

static void relay_destroy(void *sensor) {
        struct relay *relay = sensor;

        if (!relay)
                return;
        for (size_t i = 0; i < PLACES_MAX; i++)
                relay_target_free(relay->places[i].target, false);
        relay_links_deinit(&relay->common.links);
        relay->common.host->timer_free(relay->timer);
        free(relay);
}

static int relay_create(const struct sg_host *host, const struct sg_value *options, void **ret_sensor) {
        struct relay *relay = calloc(1, sizeof(*relay));
        int r;

        if (!relay)
                return -ENOMEM;
        relay->common = (struct relay_common){.host = host,
                .interval_usec = options[RELAY_OPTION_INTERVAL].usec,
                .limits = {.connect_usec = options[RELAY_OPTION_CONNECT_TIMEOUT].usec,
                        .reply_usec = options[RELAY_OPTION_REPLY_TIMEOUT].usec},
                .six = options[RELAY_OPTION_IPV6].boolean};
        relay->min_messages = options[RELAY_OPTION_MIN_MESSAGES].number;
        resolver_init(&relay->common.resolver, host);
        relay_links_init(&relay->common.links, host, NULL);
        r = host->timer_new(host, "relay: next look at the next hops", 0, on_timer, relay, &relay->timer);
        if (r < 0) {
                relay_destroy(relay);
                return r;
        }
        *ret_sensor = relay;
        return 0;
}

const struct sg_sensor relay_sensor = {
        .name = "relay",
        .summary = "Whether next hops that mail waits for speak SMTP, and the links to them are up",
        .readings = relay_readings,
        .reads = (const char *const[]){RESOLVER_READS, RELAY_LINKS_READS, NULL},
        .create = relay_create,
        .destroy = relay_destroy,
};
