/* SPDX-License-Identifier: MIT */
/*
 * relay_blame - which link is the reason that something cannot be reached
 *
 * Used in the watcher by relay_links.c.  Pure functions over routes, the states of links, and what was seen before.
 * A link counts only when something has to be reached by it: a name server, an address of a next hop, or, as long as
 * no address is known, whatever the default route leads to.  So a second network card without a cable, or a bridge
 * without anything on it, is nobody's business.
 *
 * When somebody switches a link off, its routes go with it; then the link counts that the same thing was reached by
 * before, or the default route.  What has found another way since is no loss.  A link whose state is not told (none of
 * the kernel's own, as with most ppp) is up.
 *
 * Owns nothing and cannot fail.  Limits: of a link that was off when we started nothing is known, because no route
 * names it; RELAY_GOALS_MAX goals and RELAY_LINKS_MAX links, further ones are not looked at.
 */
#include "relay/relay_blame.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

static const char *const causes[] = {
        [RELAY_LINK_NO_CARRIER] = "no carrier",
        [RELAY_LINK_OFF] = "switched off",
        [RELAY_LINK_GONE] = "there is no such link any more",
};

enum relay_link_state relay_blame_state(int error, unsigned flags) {
        if (error != 0)
                return error == ENODEV || error == ENXIO ? RELAY_LINK_GONE : RELAY_LINK_UNTOLD;
        if (flags & IFF_LOOPBACK)
                return RELAY_LINK_LOOPBACK;
        if (!(flags & IFF_UP))
                return RELAY_LINK_OFF;
        /* The kernel sets it also when the driver does not tell. */
        return flags & IFF_RUNNING ? RELAY_LINK_UP : RELAY_LINK_NO_CARRIER;
}

static bool is_down(enum relay_link_state state) {
        return state == RELAY_LINK_NO_CARRIER || state == RELAY_LINK_OFF || state == RELAY_LINK_GONE;
}

static bool is_on_this_host(const struct net_address *address) {
        static const uint8_t one[16] = {[15] = 1};

        return address->family == AF_INET ? address->bytes[0] == 127
                                          : memcmp(address->bytes, one, sizeof(one)) == 0;
}

static void copy(char ret_name[static RELAY_LINK_NAME], const char *name) {
        snprintf(ret_name, RELAY_LINK_NAME, "%s", name);
}

/* The link of the route, or of former times when there is none; "" when that is not known. */
static const char *way_to(const struct relay_blame *blame, const struct net_address *to, const char *home,
        const struct relay_routes *routes) {
        const struct relay_route *route = relay_routes_find(routes, to);

        if (routes->is_cut)
                return "";
        /* By number it is not known to us. */
        if (to->scope[0])
                return to->scope[0] >= '0' && to->scope[0] <= '9' ? "" : to->scope;
        if (route)
                return route->link;
        if (home[0])
                return home;
        return to->family == AF_INET ? blame->home_four : blame->home_six;
}

/* To wherever that may be; many a host has only IPv4, and some have only IPv6. */
static const char *way_out(const struct relay_blame *blame, const struct relay_routes *routes) {
        const struct net_address four = {.family = AF_INET}, six = {.family = AF_INET6};
        const char *link = way_to(blame, &four, "", routes);

        return link[0] ? link : way_to(blame, &six, "", routes);
}

static void note_default(char home[static RELAY_LINK_NAME], const struct relay_route *route,
        relay_link_state_fn state, void *data) {
        if (route && state(route->link, data) == RELAY_LINK_UP)
                copy(home, route->link);
}

/* NULL: it does not count, or there is no room. */
static struct relay_link *note_link(
        struct relay_blame_look *look, const char *name, relay_link_state_fn state, void *data) {
        struct relay_link link = {.state = RELAY_LINK_LOOPBACK};

        for (size_t i = 0; i < look->n; i++)
                if (strcmp(look->links[i].name, name) == 0)
                        return &look->links[i];
        if (name[0])
                link.state = state(name, data);
        if (link.state == RELAY_LINK_LOOPBACK || look->n == RELAY_LINKS_MAX)
                return NULL;
        copy(link.name, name);
        look->links[look->n] = link;
        return &look->links[look->n++];
}

static void take_goals(struct relay_blame *blame, const struct relay_goal *goals, size_t n) {
        struct relay_goal before[RELAY_GOALS_MAX];
        size_t n_before = blame->n;

        memcpy(before, blame->goals, n_before * sizeof(before[0]));
        blame->n = 0;
        for (size_t i = 0; i < n && blame->n < RELAY_GOALS_MAX; i++) {
                struct relay_goal *goal = &blame->goals[blame->n];

                if (is_on_this_host(&goals[i].to))
                        continue;
                *goal = goals[i];
                goal->home[0] = '\0';
                for (size_t k = 0; k < n_before; k++)
                        if (net_address_compare(&before[k].to, &goal->to) == 0)
                                copy(goal->home, before[k].home);
                blame->n++;
        }
}

void relay_blame_look(struct relay_blame *blame, const struct relay_goal *goals, size_t n, bool is_unresolved,
        const struct relay_routes *routes, relay_link_state_fn state, void *data,
        struct relay_blame_look *ret_look) {
        struct relay_blame_look *look = ret_look;

        *look = (struct relay_blame_look){.n = 0};
        take_goals(blame, goals, n);
        note_default(blame->home_four, relay_routes_find_default(routes, AF_INET), state, data);
        note_default(blame->home_six, relay_routes_find_default(routes, AF_INET6), state, data);
        for (size_t i = 0; i < blame->n; i++) {
                struct relay_goal *goal = &blame->goals[i];
                struct relay_link *link =
                        note_link(look, way_to(blame, &goal->to, goal->home, routes), state, data);

                look->servers += goal->is_server;
                look->hops += !goal->is_server;
                if (link && link->state == RELAY_LINK_UP)
                        copy(goal->home, link->name);
                if (link && is_down(link->state)) {
                        link->servers += goal->is_server;
                        link->hops += !goal->is_server;
                }
        }
        if (blame->n == 0 || is_unresolved) {
                struct relay_link *link = note_link(look, way_out(blame, routes), state, data);

                look->hops++;
                if (link && is_down(link->state))
                        link->hops++;
        }
}

const char *relay_blame_link(const struct relay_blame *blame, const struct net_address *to,
        const struct relay_routes *routes, relay_link_state_fn state, void *data) {
        const char *home = "", *name;

        if (is_on_this_host(to))
                return NULL;
        for (size_t i = 0; i < blame->n; i++)
                if (net_address_compare(&blame->goals[i].to, to) == 0)
                        home = blame->goals[i].home;
        name = way_to(blame, to, home, routes);
        return name[0] && is_down(state(name, data)) ? name : NULL;
}

void relay_blame_sentence(const struct relay_blame_look *look, const struct relay_link *link,
        char ret_text[static SG_SENTENCE_MAX + 1]) {
        int n = snprintf(
                ret_text, SG_SENTENCE_MAX + 1, "the link %s is down (%s): ", link->name, causes[link->state]);

        if (link->servers == look->servers && link->hops == look->hops)
                snprintf(ret_text + n, (size_t)(SG_SENTENCE_MAX + 1 - n),
                        "no next hop and no name server can be reached");
        else
                snprintf(ret_text + n, (size_t)(SG_SENTENCE_MAX + 1 - n),
                        "%zu of %zu name servers and %zu of %zu addresses of next hops cannot be reached",
                        link->servers, look->servers, link->hops, look->hops);
}
