/* SPDX-License-Identifier: MIT */
/* dead_addresses - at which addresses of a name nothing answered */
#ifndef DNS_DEAD_ADDRESSES_H
#define DNS_DEAD_ADDRESSES_H

#include "dns/address_set.h"

#define DEAD_ADDRESSES_MAX 16

struct dead_addresses {
        struct {
                struct net_address address;
                int64_t since;      /* wall clock, seconds */
        } rows[DEAD_ADDRESSES_MAX]; /* the one that has been so for the longest time first */
        size_t n;
};

/* A word on one address. */
void dead_addresses_note(
        struct dead_addresses *dead, const struct net_address *address, bool up, int64_t now);
/* Nothing answered at any of them, when there was a word last; `ret_since`: since when not at the latest one. */
bool dead_addresses_has_all(
        const struct dead_addresses *dead, const struct address_set *set, int64_t *ret_since);

#endif
