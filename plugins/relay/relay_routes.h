/* SPDX-License-Identifier: MIT */
/* relay_routes - the kernel's routes, and which link a packet takes */
#ifndef RELAY_RELAY_ROUTES_H
#define RELAY_RELAY_ROUTES_H

#include <stddef.h>

#include "common/net_address.h"

#define RELAY_LINK_NAME 16 /* IF_NAMESIZE */
#define RELAY_ROUTES_MAX 1024

struct relay_route {
        int family;
        uint8_t to[16];
        unsigned bits;
        uint32_t metric;
        bool is_reject;
        char link[RELAY_LINK_NAME];
};

/* All zero is empty. */
struct relay_routes {
        struct relay_route *rows;
        size_t n, room;
        bool is_cut; /* there are more: nothing can be told */
};

void relay_routes_deinit(struct relay_routes *routes);
/* What /proc/net/route says, and /proc/net/ipv6_route, is added.  0 or -ENOMEM. */
int relay_routes_add_four(struct relay_routes *routes, const char *text, size_t size);
int relay_routes_add_six(struct relay_routes *routes, const char *text, size_t size);
/* NULL: there is no way, or it cannot be told. */
const struct relay_route *relay_routes_find(
        const struct relay_routes *routes, const struct net_address *address);
/* The one for all that no other route is for. */
const struct relay_route *relay_routes_find_default(const struct relay_routes *routes, int family);

#endif
