/* SPDX-License-Identifier: MIT */
/*
 * relay_sensor - which next hops are probed
 *
 * Runs in the watcher.  Looks at what the plugin postfix counts as deferred because the next hop takes no mail at
 * all, and keeps a target (relay_target.c) for each of those with the most messages.  A healthy relay has none, so
 * nobody is probed without a reason.  A target stays while any such mail waits, and for a while after it, so that
 * the end of a trouble is told as well; a number that is missing is no evidence that the mail is gone.
 *
 * Owns everything below struct relay.  Fails at creation only for want of memory.
 * Limits: RELAY_TARGETS_MAX next hops; one more has to wait until a place is free, or until another one is not
 * among the largest any more and has no such mail left.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/next_hop_list.h"
#include "relay/relay_target.h"

#define LOOK_USEC UINT64_C(10000000)
#define IDLE_USEC UINT64_C(60000000)
#define FORGET_USEC UINT64_C(300000000)
/* The queue may have to be read first. */
#define START_USEC UINT64_C(120000000)

struct place {
        struct relay_target *target; /* NULL: free */
        uint64_t needed_usec;
};

struct relay {
        struct relay_common common;
        double min_messages;
        uint64_t start_usec;
        struct place places[RELAY_TARGETS_MAX];
        struct sg_timer *timer;
};

static struct place *find(struct relay *relay, const char *nexthop) {
        for (size_t i = 0; i < RELAY_TARGETS_MAX; i++)
                if (relay->places[i].target &&
                        strcmp(relay_target_nexthop(relay->places[i].target), nexthop) == 0)
                        return &relay->places[i];
        return NULL;
}

/* A free place, or that of a target that nobody needs now. */
static struct place *make_room(struct relay *relay, uint64_t now_usec) {
        struct place *room = NULL;

        for (size_t i = 0; i < RELAY_TARGETS_MAX; i++) {
                if (!relay->places[i].target)
                        return &relay->places[i];
                if (relay->places[i].needed_usec < now_usec)
                        room = &relay->places[i];
        }
        if (room)
                room->target = relay_target_free(room->target, true);
        return room;
}

static void add(struct relay *relay, const char *nexthop, uint64_t now_usec) {
        struct place *place = make_room(relay, now_usec);

        if (place && relay_target_new(&relay->common, nexthop, &place->target) == 0)
                place->needed_usec = now_usec;
}

static void choose(struct relay *relay, const struct next_hop_list *list, uint64_t now_usec) {
        for (size_t i = 0; i < RELAY_TARGETS_MAX; i++) {
                struct place *place = &relay->places[i];
                const struct next_hop_count *row =
                        place->target ? next_hop_list_find(list, relay_target_nexthop(place->target)) : NULL;

                if (row && (row->messages > 0 || row->unknown))
                        place->needed_usec = now_usec;
                if (place->target && now_usec - place->needed_usec >= FORGET_USEC)
                        place->target = relay_target_free(place->target, true);
        }
        for (size_t i = 0; i < list->n && i < RELAY_TARGETS_MAX; i++)
                if (list->rows[i].messages >= relay->min_messages && !find(relay, list->rows[i].text))
                        add(relay, list->rows[i].text, now_usec);
}

static void on_timer(struct sg_timer *timer, void *data) {
        struct relay *relay = data;
        const struct sg_host *host = relay->common.host;
        uint64_t now_usec = host->now_usec(host);
        struct next_hop_list list;

        /* With half a list it would look as if mail were gone. */
        if (next_hop_list_init(&list, host, "queue_nexthop_dead_messages") == 0)
                choose(relay, &list, now_usec);
        host->timer_arm(
                timer, list.n > 0 || now_usec - relay->start_usec < START_USEC ? LOOK_USEC : IDLE_USEC);
        next_hop_list_deinit(&list);
}

static void relay_destroy(void *sensor) {
        struct relay *relay = sensor;

        if (!relay)
                return;
        for (size_t i = 0; i < RELAY_TARGETS_MAX; i++)
                relay_target_free(relay->places[i].target, false);
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
        relay->start_usec = host->now_usec(host);
        resolver_init(&relay->common.resolver, host);
        r = host->timer_new(host, "relay: next look at the next hops", 0, on_timer, relay, &relay->timer);
        if (r < 0) {
                free(relay);
                return r;
        }
        *ret_sensor = relay;
        return 0;
}

const struct sg_sensor relay_sensor = {
        .name = "relay",
        .summary = "Whether next hops with deferred mail speak SMTP",
        .readings = relay_readings,
        .reads = (const char *const[]){RESOLVER_READS, NULL},
        .create = relay_create,
        .destroy = relay_destroy,
};
