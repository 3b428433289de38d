/* SPDX-License-Identifier: MIT */
/*
 * host_lookup - mail exchanges by preference, then the addresses of each
 *
 * Runs in the watcher for the plugins dns and relay.  A chain of questions, one at a time: MX unless the next hop is
 * in brackets, then A and AAAA of each exchange, or of the domain itself when it has none.  A null MX is the word
 * that there is no address.  Like Postfix it looks nowhere but in the DNS, and asks for addresses also when it was told
 * that there is no such name: some servers say so for want of an MX record.
 *
 * A relay that is a mail exchange of the domain itself, as a backup MX is, passes mail on to better ones only: itself,
 * its equals and the worse ones do not count (RFC 5321, 5.1), or it would always seem that mail has somewhere to go.
 * Only when there is no better one they are kept, because another Postfix may listen at an address of this host.
 *
 * What the name servers said and what they could not say are kept apart: only an answer about the name is evidence
 * that there is no address.  An exchange that has some addresses is complete even if one of its two questions
 * failed, because many servers are bad at AAAA and Postfix sends to what it has.  Where no Postfix of this host sends
 * over IPv6, as the plugin postfix knows, nobody is asked for such addresses.
 *
 * Owns its present query and a timer.  Fails: HOST_LOOKUP_NO_WORD after LOOKUP_USEC at the latest, or with what was
 * found until then, marked as incomplete.
 * Limits: EXCHANGES_MAX exchanges, DNS_ADDRESSES_MAX addresses, and what is left out is told by its preference; no search
 * list.  Addresses that this host has behind another one are known from the plugin postfix (proxy_interfaces), as far as
 * they are no names there.
 */
#include "common/host_lookup.h"

#include <arpa/nameser.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXCHANGES_MAX 8
#define LOOKUP_USEC UINT64_C(30000000)

struct host_lookup {
        struct resolver *resolver;
        host_lookup_fn fn;
        void *data;
        bool six;

        struct dns_query *query;
        struct sg_timer *timer;
        char hosts[EXCHANGES_MAX][DNS_NAME_MAX];
        unsigned preferences[EXCHANGES_MAX];
        size_t n_hosts, host;
        size_t before; /* addresses that were known before the present host */
        /* The same before the first exchange of its preference. */
        size_t better;
        bool is_better_incomplete;
        bool drops_itself; /* it is asked for what a mail exchange passes mail on to */
        int type;          /* of the present question */
        bool is_denied;    /* there is no such name, as was said of its exchanges */
        bool failed;       /* a question about the present host was not answered */
        struct host_lookup_result result;
};

static void next_question(struct host_lookup *lookup);

static int by_place(const void *a, const void *b) {
        const struct host_lookup_address *x = a, *y = b;

        if (x->preference != y->preference)
                return x->preference > y->preference ? 1 : -1;
        return net_address_compare(&x->address, &y->address);
}

/* The last thing that is done with a lookup, since its owner may free it in there. */
static void finish(struct host_lookup *lookup, const char *why) {
        struct host_lookup_result *result = &lookup->result;

        lookup->query = dns_query_free(lookup->query);
        lookup->timer = lookup->resolver->host->timer_free(lookup->timer);
        if (result->n_addresses > 0) {
                qsort(result->addresses, result->n_addresses, sizeof(result->addresses[0]), by_place);
                result->outcome = HOST_LOOKUP_FOUND;
        } else {
                result->outcome = result->incomplete ? HOST_LOOKUP_NO_WORD : HOST_LOOKUP_NONE;
                result->why = why;
        }
        lookup->fn(result, lookup->data);
}

static void note_cut(struct host_lookup *lookup, unsigned preference) {
        if (preference < lookup->result.cut_preference)
                lookup->result.cut_preference = preference;
}

static void add_address(struct host_lookup *lookup, const struct net_address *address) {
        struct host_lookup_result *result = &lookup->result;
        struct host_lookup_address *added;

        for (size_t i = 0; i < result->n_addresses; i++)
                if (net_address_compare(&result->addresses[i].address, address) == 0)
                        return;
        if (result->n_addresses == DNS_ADDRESSES_MAX) {
                note_cut(lookup, lookup->preferences[lookup->host]);
                return;
        }
        added = &result->addresses[result->n_addresses++];
        added->address = *address;
        added->preference = lookup->preferences[lookup->host];
        memcpy(added->name, lookup->hosts[lookup->host], sizeof(added->name));
}

struct own {
        const struct net_address *address;
        bool is_own;
};

static void see_own(const struct sg_label *labels, size_t n_labels, double value, void *data) {
        struct own *own = data;
        struct net_address address;

        for (size_t i = 0; i < n_labels; i++)
                own->is_own |= value > 0 && strcmp(labels[i].name, "address") == 0 &&
                        net_address_parse(labels[i].value, &address) &&
                        net_address_compare(&address, own->address) == 0;
}

struct protocols {
        bool is_known, is_used;
};

static void see_six(const struct sg_label *labels, size_t n_labels, double value, void *data) {
        struct protocols *protocols = data;

        (void)labels;
        (void)n_labels;
        protocols->is_known = true;
        protocols->is_used |= !(value <= 0);
}

/* Does some Postfix of this host send to IPv6 addresses, or may it. */
static bool is_six_used(const struct sg_host *host) {
        struct protocols six = {.is_used = false};

        host->each_reading(host, "postfix_sends_ipv6", see_six, &six);
        return six.is_used || !six.is_known;
}

static bool is_own(const struct host_lookup *lookup, const struct net_address *address) {
        const struct sg_host *host = lookup->resolver->host;
        struct own own = {.address = address, .is_own = net_address_is_here(address)};

        if (!own.is_own)
                host->each_reading(host, "postfix_proxy_address", see_own, &own);
        return own.is_own;
}

/* Among the addresses of the present exchange is one of this host, and there are better exchanges. */
static bool is_reached(const struct host_lookup *lookup) {
        const struct host_lookup_result *result = &lookup->result;

        if (!lookup->drops_itself || (lookup->better == 0 && !lookup->is_better_incomplete))
                return false;
        for (size_t i = lookup->before; i < result->n_addresses; i++)
                if (is_own(lookup, &result->addresses[i].address))
                        return true;
        return false;
}

static void ask(struct host_lookup *lookup, int type, dns_query_fn fn) {
        int r;

        lookup->type = type;
        lookup->query = dns_query_free(lookup->query);
        r = resolver_ask(lookup->resolver, lookup->hosts[lookup->host], type, fn, lookup, &lookup->query);
        if (r < 0) {
                lookup->result.incomplete = true;
                finish(lookup, r == -ENOENT ? "no name server is known" : strerror(-r));
        }
}

/* What is known now is better than what follows, if that is of another preference than the last one. */
static void begin_preference(struct host_lookup *lookup) {
        if (lookup->host >= lookup->n_hosts || lookup->host == 0 ||
                lookup->preferences[lookup->host] == lookup->preferences[lookup->host - 1])
                return;
        lookup->better = lookup->result.n_addresses;
        lookup->is_better_incomplete = lookup->result.incomplete;
}

static void end_host(struct host_lookup *lookup) {
        if (lookup->failed && lookup->result.n_addresses == lookup->before)
                lookup->result.incomplete = true;
        lookup->failed = false;
        if (is_reached(lookup)) {
                lookup->result.n_addresses = lookup->better;
                lookup->result.incomplete = lookup->is_better_incomplete;
                if (lookup->result.cut_preference >= lookup->preferences[lookup->host])
                        lookup->result.cut_preference = HOST_LOOKUP_NONE_CUT;
                lookup->n_hosts = lookup->host;
                return;
        }
        lookup->before = lookup->result.n_addresses;
        lookup->host++;
        begin_preference(lookup);
}

static void on_address(const struct dns_reply *reply, void *data) {
        struct host_lookup *lookup = data;

        bool answered = reply->answer && dns_query_is_about_name(reply->answer);

        resolver_learn(lookup->resolver, reply);
        for (size_t i = 0; answered && i < reply->answer->n_addresses; i++)
                add_address(lookup, &reply->answer->addresses[i]);
        if (answered && reply->answer->is_cut)
                note_cut(lookup, lookup->preferences[lookup->host]);
        lookup->failed = lookup->failed || !answered;
        next_question(lookup);
}

/* After each address question: the other type of the same host, the next host, or the end. */
static void next_question(struct host_lookup *lookup) {
        if (lookup->type == ns_t_a && lookup->six) {
                ask(lookup, ns_t_aaaa, on_address);
                return;
        }
        if (lookup->type != ns_t_mx)
                end_host(lookup);
        if (lookup->host < lookup->n_hosts) {
                ask(lookup, ns_t_a, on_address);
                return;
        }
        if (lookup->result.incomplete)
                finish(lookup, "no name server could tell its address");
        else
                finish(lookup,
                        lookup->is_denied ? "the name servers say that it does not exist"
                                          : "the name servers say that it has no address");
}

static void on_exchanges(const struct dns_reply *reply, void *data) {
        struct host_lookup *lookup = data;
        struct dns_answer answer;

        resolver_learn(lookup->resolver, reply);
        if (!reply->answer || !dns_query_is_about_name(reply->answer)) {
                lookup->result.incomplete = true;
                finish(lookup,
                        reply->answer ? "the name servers cannot answer for it" : "no name server answers");
                return;
        }
        lookup->is_denied = reply->answer->code == ns_r_nxdomain;
        answer = *reply->answer;
        qsort(answer.exchanges, answer.n_exchanges, sizeof(answer.exchanges[0]),
                dns_message_compare_exchanges);
        if (answer.n_exchanges == 1 && answer.exchanges[0].name[0] == '\0') {
                finish(lookup, "it says that it takes no mail (null MX)");
                return;
        }
        for (size_t i = 0, n = 0; i < answer.n_exchanges; i++) {
                if (!answer.exchanges[i].name[0])
                        continue;
                if (n == EXCHANGES_MAX) {
                        note_cut(lookup, answer.exchanges[i].preference);
                        break;
                }
                lookup->preferences[n] = answer.exchanges[i].preference;
                memcpy(lookup->hosts[n++], answer.exchanges[i].name, DNS_NAME_MAX);
                lookup->n_hosts = n;
        }
        next_question(lookup);
}

static void on_timer(struct sg_timer *timer, void *data) {
        struct host_lookup *lookup = data;

        (void)timer;
        if (lookup->host < lookup->n_hosts)
                lookup->result.incomplete = true;
        finish(lookup, lookup->query ? "no name server answers in time" : "no name server is known");
}

int host_lookup_new(struct resolver *resolver, const struct next_hop *hop, bool six, host_lookup_fn fn,
        void *data, struct host_lookup **ret_lookup) {
        const struct sg_host *host = resolver->host;
        struct host_lookup *lookup = calloc(1, sizeof(*lookup));
        int r;

        if (!lookup)
                return -ENOMEM;
        *lookup = (struct host_lookup){.resolver = resolver,
                .fn = fn,
                .data = data,
                .six = six && is_six_used(host),
                /* As Postfix has it: at another port there is another program. */
                .drops_itself = hop->mx && hop->port == NEXT_HOP_PORT_SMTP,
                .result = {.cut_preference = HOST_LOOKUP_NONE_CUT}};
        if (hop->literal) {
                add_address(lookup, &hop->address);
        } else {
                snprintf(lookup->hosts[0], sizeof(lookup->hosts[0]), "%s", hop->host);
                lookup->n_hosts = 1;
                lookup->type = hop->mx ? ns_t_mx : ns_t_a;
                r = resolver_ask(resolver, hop->host, lookup->type, hop->mx ? on_exchanges : on_address,
                        lookup, &lookup->query);
                if (r < 0 && r != -ENOENT) {
                        free(lookup);
                        return r;
                }
        }
        /* Without a question there is nothing to wait for. */
        r = host->timer_new(
                host, "dns: whole lookup", lookup->query ? LOOKUP_USEC : 0, on_timer, lookup, &lookup->timer);
        if (r < 0) {
                dns_query_free(lookup->query);
                free(lookup);
                return r;
        }
        *ret_lookup = lookup;
        return 0;
}

struct host_lookup *host_lookup_free(struct host_lookup *lookup) {
        if (!lookup)
                return NULL;
        dns_query_free(lookup->query);
        lookup->resolver->host->timer_free(lookup->timer);
        free(lookup);
        return NULL;
}
