/* SPDX-License-Identifier: MIT */
/*
 * address_set - what a name resolved to, as a set
 *
 * Used in the watcher by dns_answers.c.  Pure functions.  Name servers turn the order of records round, so answers
 * are sorted before they are compared; which host an address belongs to is kept for people, and is not compared.
 * The sentence about a change names the addresses on both sides, because the one that is gone is what a postmaster
 * looks for in his logs on Monday.
 *
 * Owns nothing and cannot fail.  Limits: the sentence names TOLD_MAX addresses of each side and counts the rest; the
 * names in it went through dns_message_name_valid(), so there is nothing in them to escape.
 */
#include "dns/address_set.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dns/dns_words.h"

#define TOLD_MAX 4

static int by_address(const void *a, const void *b) {
        const struct host_lookup_address *x = a, *y = b;

        return net_address_compare(&x->address, &y->address);
}

void address_set_from(struct address_set *set, const struct host_lookup_result *result) {
        memcpy(set->members, result->addresses, sizeof(set->members));
        set->n = result->n_addresses;
        qsort(set->members, set->n, sizeof(set->members[0]), by_address);
}

bool address_set_equal(const struct address_set *a, const struct address_set *b) {
        if (a->n != b->n)
                return false;
        for (size_t i = 0; i < a->n; i++)
                if (net_address_compare(&a->members[i].address, &b->members[i].address) != 0)
                        return false;
        return true;
}

static void tell(const struct address_set *set, char *text, size_t size) {
        size_t used = (size_t)snprintf(text, size, "%s", set->n ? "" : "nothing");

        for (size_t i = 0; i < set->n && i < TOLD_MAX && used < size; i++) {
                char address[NET_ADDRESS_TEXT];

                net_address_print(&set->members[i].address, address);
                used += (size_t)snprintf(text + used, size - used, "%s%s", i ? ", " : "", address);
        }
        if (set->n > TOLD_MAX && used < size)
                snprintf(text + used, size - used, " and %zu more", set->n - TOLD_MAX);
}

void address_set_tell_change(const char *name, const struct address_set *from, const struct address_set *to,
        char ret_text[static ADDRESS_CHANGE_TEXT]) {
        const char *host = to->n ? to->members[0].name : "";
        char before[160], after[160];

        tell(from, before, sizeof(before));
        tell(to, after, sizeof(after));
        snprintf(ret_text, ADDRESS_CHANGE_TEXT, "the address of %s changed from %s to %s%s%s%s", name, before,
                after, host[0] ? " (" : "", host, host[0] ? ")" : "");
}

void address_set_tell_dead(const char *name, const struct address_set *set, int64_t since, int64_t now,
        char ret_text[static ADDRESS_CHANGE_TEXT]) {
        const char *host = set->n ? set->members[0].name : "";
        char addresses[160], time[DNS_WORDS_TIME];

        tell(set, addresses, sizeof(addresses));
        dns_words_time(since, now, time);
        snprintf(ret_text, ADDRESS_CHANGE_TEXT,
                "the name servers give %s%s%s%s for %s, where nothing has answered since %s", addresses,
                host[0] ? " (" : "", host, host[0] ? ")" : "", name, time);
}
