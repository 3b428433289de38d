/* SPDX-License-Identifier: MIT */
/* address_set - the addresses of a name, compared and put into words */
#ifndef DNS_ADDRESS_SET_H
#define DNS_ADDRESS_SET_H

#include "common/host_lookup.h"

struct address_set {
        struct host_lookup_address members[DNS_ADDRESSES_MAX]; /* sorted */
        size_t n;
};

void address_set_from(struct address_set *set, const struct host_lookup_result *result);
bool address_set_equal(const struct address_set *a, const struct address_set *b);

#define ADDRESS_CHANGE_TEXT 768
/* "the address of example.test changed from 192.0.2.66 to 192.0.2.25 (mx.example.test)" */
void address_set_tell_change(const char *name, const struct address_set *from, const struct address_set *to,
        char ret_text[static ADDRESS_CHANGE_TEXT]);

/*
 * "the name servers give 192.0.2.66 (mx.example.test) for example.test, where nothing has answered since 14:03:12";
 * times are wall clock, seconds.
 */
void address_set_tell_dead(const char *name, const struct address_set *set, int64_t since, int64_t now,
        char ret_text[static ADDRESS_CHANGE_TEXT]);

#endif
