/* SPDX-License-Identifier: MIT */
/*
 * dead_addresses - remember the addresses of a next hop at which nothing answered
 *
 * Used in the watcher by dns_answers.c.  Pure functions.  The plugin relay only looks at the addresses of the present
 * answer; what it found out about those of an earlier one is kept here, so that a record that goes back to the old
 * address, or never left it, is known for what it is.  One word that an address answers takes it off the list.
 *
 * Owns nothing and cannot fail.  Limits: DEAD_ADDRESSES_MAX addresses, the oldest makes room; nothing outlives the
 * process.
 */
#include "dns/dead_addresses.h"

#include <string.h>

static size_t find(const struct dead_addresses *dead, const struct net_address *address) {
        size_t i = 0;

        while (i < dead->n && net_address_compare(&dead->rows[i].address, address) != 0)
                i++;
        return i;
}

static void take_out(struct dead_addresses *dead, size_t i) {
        dead->n--;
        memmove(&dead->rows[i], &dead->rows[i + 1], (dead->n - i) * sizeof(dead->rows[0]));
}

void dead_addresses_note(
        struct dead_addresses *dead, const struct net_address *address, bool up, int64_t now) {
        size_t i = find(dead, address);

        if (up && i < dead->n)
                take_out(dead, i);
        if (up || i < dead->n)
                return;
        if (dead->n == DEAD_ADDRESSES_MAX)
                take_out(dead, 0);
        dead->rows[dead->n].address = *address;
        dead->rows[dead->n++].since = now;
}

bool dead_addresses_has_all(
        const struct dead_addresses *dead, const struct address_set *set, int64_t *ret_since) {
        int64_t since = 0;

        for (size_t k = 0; k < set->n; k++) {
                size_t i = find(dead, &set->members[k].address);

                if (i == dead->n)
                        return false;
                if (dead->rows[i].since > since)
                        since = dead->rows[i].since;
        }
        *ret_since = since;
        return set->n > 0;
}
