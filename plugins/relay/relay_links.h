/* SPDX-License-Identifier: MIT */
/* relay_links - the links to name servers and next hops, as this host has them now */
#ifndef RELAY_RELAY_LINKS_H
#define RELAY_RELAY_LINKS_H

#include "relay/relay_blame.h"

/* What a sensor with links has to declare as read: where its own network namespace says its routes. */
#define RELAY_LINKS_READS "/proc/self/net"

struct relay_links {
        const struct sg_host *host;
        relay_link_state_fn state;
        int files[2]; /* of routes, IPv4 and IPv6; -1: none */
        int asking;   /* the socket that the kernel is asked by; -1: none */
        bool is_shut; /* said once */
        struct relay_routes routes;
        uint64_t read_usec;
        struct relay_blame blame;
        struct relay_link shown[RELAY_LINKS_MAX];
        size_t n_shown;
};

/* `state` NULL: the kernel is asked. */
void relay_links_init(struct relay_links *links, const struct sg_host *host, relay_link_state_fn state);
void relay_links_deinit(struct relay_links *links);
/* Look and publish network_link_up; for `goals` and `is_unresolved` see relay_blame.h. */
void relay_links_look(
        struct relay_links *links, const struct relay_goal *goals, size_t n, bool is_unresolved);
/* The link that is down at this moment on the way there, or NULL; valid until the next call. */
const char *relay_links_down_to(struct relay_links *links, const struct net_address *to);

#endif
