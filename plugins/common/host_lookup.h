/* SPDX-License-Identifier: MIT */
/* host_lookup - the addresses of a next hop, as Postfix would find them */
#ifndef COMMON_HOST_LOOKUP_H
#define COMMON_HOST_LOOKUP_H

#include <limits.h>

#include "common/next_hop.h"
#include "common/resolver.h"

enum host_lookup_outcome {
        HOST_LOOKUP_FOUND,
        HOST_LOOKUP_NONE,    /* the name servers say that there is no address */
        HOST_LOOKUP_NO_WORD, /* no name server could tell */
};

#define HOST_LOOKUP_NONE_CUT UINT_MAX

struct host_lookup_address {
        struct net_address address;
        unsigned preference;     /* of its exchange; 0: there are none */
        char name[DNS_NAME_MAX]; /* the host it belongs to; "" for an address in brackets */
};

struct host_lookup_result {
        enum host_lookup_outcome outcome;
        const char *why; /* for people; NULL when found */
        /* In the order of preference, then of addresses: the same however name servers turn them round. */
        struct host_lookup_address addresses[DNS_ADDRESSES_MAX];
        size_t n_addresses;
        /* Some mail exchange could not be looked up: there may be more addresses. */
        bool incomplete;
        /* There are more than can be told: the best preference among these; HOST_LOOKUP_NONE_CUT: there are not. */
        unsigned cut_preference;
};

struct host_lookup;

/* Called once; it may free the lookup. */
typedef void (*host_lookup_fn)(const struct host_lookup_result *result, void *data);

/* `resolver` has to outlive the lookup.  `six`: ask for IPv6 addresses too. */
int host_lookup_new(struct resolver *resolver, const struct next_hop *hop, bool six, host_lookup_fn fn,
        void *data, struct host_lookup **ret_lookup);
/* Without a result: `fn` is not called any more.  NULL is fine; returns NULL. */
struct host_lookup *host_lookup_free(struct host_lookup *lookup);

#endif
