/* SPDX-License-Identifier: MIT */
/*
 * dns_message - build a DNS question, read an answer
 *
 * Used in the watcher by the plugins dns and relay.  Pure functions over bytes; packing and unpacking is done by
 * the C library (res_nmkquery, ns_initparse, ns_parserr, dn_expand), here is decided what is believed: only an
 * answer that repeats identity and question, only records of the name asked for or of the end of its chain of
 * aliases, only addresses of the right length, only exchanges whose name is a host name.
 *
 * Fails: a message that does not fit the question, or that the C library cannot take apart to its last byte, is
 * as if it had not come.
 * Limits: RECORDS_MAX records are looked at and ALIASES_MAX aliases followed; what is over DNS_ADDRESSES_MAX and
 * DNS_EXCHANGES_MAX is left out, and the same in whatever order the records come, since name servers turn them round.
 * Nothing of a truncated answer is read but that it is truncated.
 */
#include "common/dns_message.h"

#include <arpa/nameser.h>
#include <errno.h>
#include <netinet/in.h>
#include <resolv.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define RECORDS_MAX 512
#define ALIASES_MAX 8

/* Where the flags are, RFC 1035 section 4.1.1. */
enum { HEADER_ID = 0, HEADER_FLAGS = 2, HEADER_QUESTIONS = 4 };
#define FLAG_RESPONSE 0x8000u
#define FLAG_OPCODE 0x7800u
#define FLAG_TRUNCATED 0x0200u
#define FLAG_CODE 0x000fu

bool dns_message_name_valid(const char *name) {
        size_t label = 0, all = 0;

        for (; name[all]; all++) {
                char c = name[all];

                if (c == '.' ? label == 0 : ++label > NS_MAXLABEL)
                        return false;
                if (c == '.')
                        label = 0;
                else if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') &&
                        c != '-' && c != '_')
                        return false;
        }
        return label > 0 && all <= 253;
}

int dns_message_ask(const char *name, int type, uint16_t id, uint8_t *ret_question, size_t size) {
        struct __res_state state = {.options = RES_RECURSE};
        int n = res_nmkquery(&state, ns_o_query, name, ns_c_in, type, NULL, 0, NULL, ret_question, (int)size);

        if (n < NS_HFIXEDSZ)
                return -EINVAL;
        /* The C library's own identity is drawn from the clock. */
        ns_put16(id, ret_question + HEADER_ID);
        return n;
}

static bool same_name(const char *a, const char *b) {
        return strcasecmp(strcmp(a, ".") == 0 ? "" : a, strcmp(b, ".") == 0 ? "" : b) == 0;
}

static bool repeats_question(const uint8_t *message, size_t size, const char *name, int type) {
        char asked[NS_MAXDNAME];
        const uint8_t *end = message + size;
        int n;

        if (ns_get16(message + HEADER_QUESTIONS) != 1)
                return false;
        n = dn_expand(message, end, message + NS_HFIXEDSZ, asked, sizeof(asked));
        if (n < 0 || end - message - NS_HFIXEDSZ - n < NS_QFIXEDSZ)
                return false;
        message += NS_HFIXEDSZ + n;
        return same_name(asked, name) && ns_get16(message) == (unsigned)type &&
                ns_get16(message + NS_INT16SZ) == ns_c_in;
}

static bool read_alias(ns_msg *message, const ns_rr *record, char *ret_name, size_t size) {
        return dn_expand(ns_msg_base(*message), ns_msg_end(*message), ns_rr_rdata(*record), ret_name,
                       (int)size) >= 0;
}

static void take_address(const ns_rr *record, struct dns_answer *answer) {
        bool is_six = ns_rr_type(*record) == ns_t_aaaa;
        size_t size = is_six ? NS_IN6ADDRSZ : NS_INADDRSZ;
        struct net_address address = {.family = is_six ? AF_INET6 : AF_INET};
        size_t at = answer->n_addresses;

        if (ns_rr_rdlen(*record) != size)
                return;
        memcpy(address.bytes, ns_rr_rdata(*record), size);
        if (at < DNS_ADDRESSES_MAX) {
                answer->n_addresses++;
        } else {
                answer->is_cut = true;
                at = 0;
                for (size_t i = 1; i < DNS_ADDRESSES_MAX; i++)
                        if (net_address_compare(&answer->addresses[i], &answer->addresses[at]) > 0)
                                at = i;
                if (net_address_compare(&address, &answer->addresses[at]) > 0)
                        return;
        }
        answer->addresses[at] = address;
}

int dns_message_compare_exchanges(const void *a, const void *b) {
        const struct dns_exchange *x = a, *y = b;

        if (x->preference != y->preference)
                return x->preference > y->preference ? 1 : -1;
        return strcasecmp(x->name, y->name);
}

static void take_exchange(ns_msg *message, const ns_rr *record, struct dns_answer *answer) {
        struct dns_exchange exchange = {.name = ""};
        size_t at = answer->n_exchanges;
        char name[NS_MAXDNAME];

        if (ns_rr_rdlen(*record) <= NS_INT16SZ ||
                dn_expand(ns_msg_base(*message), ns_msg_end(*message), ns_rr_rdata(*record) + NS_INT16SZ,
                        name, sizeof(name)) < 0)
                return;
        if (same_name(name, "."))
                name[0] = '\0';
        else if (!dns_message_name_valid(name))
                return;
        exchange.preference = ns_get16(ns_rr_rdata(*record));
        memcpy(exchange.name, name, strlen(name) + 1);
        if (at < DNS_EXCHANGES_MAX) {
                answer->n_exchanges++;
        } else {
                answer->is_cut = true;
                at = 0;
                for (size_t i = 1; i < DNS_EXCHANGES_MAX; i++)
                        if (dns_message_compare_exchanges(&answer->exchanges[i], &answer->exchanges[at]) > 0)
                                at = i;
                if (dns_message_compare_exchanges(&exchange, &answer->exchanges[at]) > 0)
                        return;
        }
        answer->exchanges[at] = exchange;
}

/*
 * One pass over the records of `name`.  Returns a negative errno value for a message that is not sound, 1 and the
 * next name when there is an alias instead.
 */
static int read_records(ns_msg *message, const char *name, int type, struct dns_answer *answer,
        char *ret_alias, size_t size) {
        int n = ns_msg_count(*message, ns_s_an), aliased = 0;

        answer->is_cut |= n > RECORDS_MAX;
        for (int i = 0; i < n && i < RECORDS_MAX; i++) {
                ns_rr record;

                if (ns_parserr(message, ns_s_an, i, &record) < 0)
                        return -EBADMSG;
                if (ns_rr_class(record) != ns_c_in || !same_name(ns_rr_name(record), name))
                        continue;
                if (ns_rr_type(record) == ns_t_cname)
                        aliased = read_alias(message, &record, ret_alias, size);
                else if (ns_rr_type(record) != (ns_type)type)
                        continue;
                else if (type == ns_t_mx)
                        take_exchange(message, &record, answer);
                else if (type == ns_t_a || type == ns_t_aaaa)
                        take_address(&record, answer);
        }
        return aliased && answer->n_addresses == 0 && answer->n_exchanges == 0;
}

bool dns_message_read(const uint8_t *message, size_t size, const char *name, int type, uint16_t id,
        struct dns_answer *ret_answer) {
        struct dns_answer answer = {0};
        char current[NS_MAXDNAME], next[NS_MAXDNAME];
        unsigned flags;
        ns_msg parsed;
        int r;

        if (size < NS_HFIXEDSZ || size > NS_MAXMSG || ns_get16(message + HEADER_ID) != id)
                return false;
        flags = ns_get16(message + HEADER_FLAGS);
        if (!(flags & FLAG_RESPONSE) || (flags & FLAG_OPCODE) || !repeats_question(message, size, name, type))
                return false;
        answer.code = flags & FLAG_CODE;
        answer.truncated = flags & FLAG_TRUNCATED;
        if (!answer.truncated) {
                if (ns_initparse(message, (int)size, &parsed) < 0)
                        return false;
                snprintf(current, sizeof(current), "%s", name);
                for (int hop = 0; hop <= ALIASES_MAX; hop++) {
                        r = read_records(&parsed, current, type, &answer, next, sizeof(next));
                        if (r < 0)
                                return false;
                        if (r == 0)
                                break;
                        memcpy(current, next, sizeof(current));
                }
        }
        *ret_answer = answer;
        return true;
}
