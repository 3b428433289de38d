/* SPDX-License-Identifier: MIT */
/* relay_blame - which link is the reason that something cannot be reached */
#ifndef RELAY_RELAY_BLAME_H
#define RELAY_RELAY_BLAME_H

#include <spoolguard/host.h>

#include "relay/relay_routes.h"

#define RELAY_GOALS_MAX 160
#define RELAY_LINKS_MAX 8

enum relay_link_state {
        RELAY_LINK_UNTOLD,
        RELAY_LINK_UP,
        RELAY_LINK_LOOPBACK,
        RELAY_LINK_NO_CARRIER,
        RELAY_LINK_OFF, /* switched off by somebody */
        RELAY_LINK_GONE,
};

/* Of SIOCGIFFLAGS: 0 or its errno, and the flags. */
enum relay_link_state relay_blame_state(int error, unsigned flags);
/* Asked for a link by its name. */
typedef enum relay_link_state (*relay_link_state_fn)(const char *link, void *data);

/* Something that has to be reached, and the link it was last reached by. */
struct relay_goal {
        struct net_address to;
        bool is_server; /* a name server; else a next hop */
        char home[RELAY_LINK_NAME];
};

/* What is remembered from look to look; all zero at first. */
struct relay_blame {
        struct relay_goal goals[RELAY_GOALS_MAX];
        size_t n;
        char home_four[RELAY_LINK_NAME], home_six[RELAY_LINK_NAME]; /* of the default routes */
};

struct relay_link {
        char name[RELAY_LINK_NAME];
        enum relay_link_state state;
        size_t servers, hops; /* that cannot be reached because of it */
};

struct relay_blame_look {
        struct relay_link links[RELAY_LINKS_MAX]; /* those that something is, or was, reached by */
        size_t n, servers, hops;                  /* in all, without those on this host */
};

/*
 * `goals` take the place of those of before; their homes need not be set.  `is_unresolved`: there are others besides,
 * whose addresses are not known.
 */
void relay_blame_look(struct relay_blame *blame, const struct relay_goal *goals, size_t n, bool is_unresolved,
        const struct relay_routes *routes, relay_link_state_fn state, void *data,
        struct relay_blame_look *ret_look);
/* The link that is down on the way there, or NULL. */
const char *relay_blame_link(const struct relay_blame *blame, const struct net_address *to,
        const struct relay_routes *routes, relay_link_state_fn state, void *data);

/* "the link eth0 is down (no carrier): no next hop and no name server can be reached" */
void relay_blame_sentence(const struct relay_blame_look *look, const struct relay_link *link,
        char ret_text[static SG_SENTENCE_MAX + 1]);

#endif
