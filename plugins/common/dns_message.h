/* SPDX-License-Identifier: MIT */
/* dns_message - a question to a name server and what its answer says, as plain data */
#ifndef COMMON_DNS_MESSAGE_H
#define COMMON_DNS_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/net_address.h"

#define DNS_NAME_MAX 256
#define DNS_ADDRESSES_MAX 32
#define DNS_EXCHANGES_MAX 32
#define DNS_QUESTION_MAX 300

struct dns_exchange {
        char name[DNS_NAME_MAX]; /* "": the null MX of RFC 7505 */
        unsigned preference;
};

struct dns_answer {
        unsigned code; /* ns_r_noerror, ns_r_nxdomain ... */
        bool truncated;
        struct net_address addresses[DNS_ADDRESSES_MAX];
        size_t n_addresses;
        struct dns_exchange exchanges[DNS_EXCHANGES_MAX];
        size_t n_exchanges;
        /* There are more: of addresses the least were kept, of exchanges the best. */
        bool is_cut;
};

/* By preference, then by name: for qsort(). */
int dns_message_compare_exchanges(const void *a, const void *b);
/* A host name that can be asked for and be shown: letters, digits, '-' and '_' between single dots. */
bool dns_message_name_valid(const char *name);
/* Length of the question, or a negative errno value.  `type`: ns_t_mx and so on. */
int dns_message_ask(const char *name, int type, uint16_t id, uint8_t *ret_question, size_t size);
/* False: this is no answer to that question, or no sound one; `ret_answer` is not set then. */
bool dns_message_read(const uint8_t *message, size_t size, const char *name, int type, uint16_t id,
        struct dns_answer *ret_answer);

#endif
