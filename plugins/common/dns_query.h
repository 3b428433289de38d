/* SPDX-License-Identifier: MIT */
/* dns_query - ask name servers one question, one after the other, until one answers */
#ifndef COMMON_DNS_QUERY_H
#define COMMON_DNS_QUERY_H

#include <spoolguard/host.h>

#include "common/dns_message.h"

#define DNS_QUERY_SERVERS_MAX 3

struct dns_question {
        const char *name; /* "." or one that dns_message_name_valid() lets pass */
        int type;
        const struct net_address *servers;
        size_t n_servers, first; /* index of the server that is asked first */
        unsigned rounds;         /* how often each one is asked */
        uint64_t timeout_usec;   /* of one try */
        bool stream;             /* over TCP from the beginning */
        /*
         * Whatever a server says will do, also an error or a truncated answer; and so will an error of the kernel,
         * which ends the query at once.
         */
        bool any;
};

struct dns_reply {
        /*
         * NULL: nobody answered.  An answer that the name exists or does not is preferred; another code is
         * handed over when no server of a round had better.
         */
        const struct dns_answer *answer;
        size_t server; /* who gave it */
        uint64_t took_usec;
        /* Of the last try: a negative errno value that the kernel gave, or 0. */
        int error;
        bool unsent; /* with that, the question did not leave this host: it says nothing about the server */
};

struct dns_query;

/* Called once; it may free the query, and `reply` with it. */
typedef void (*dns_query_fn)(const struct dns_reply *reply, void *data);

/* Everything in `question` is copied.  -EINVAL: not a name, or no servers. */
int dns_query_new(const struct sg_host *host, const struct dns_question *question, dns_query_fn fn,
        void *data, struct dns_query **ret_query);
/* Without an answer: `fn` is not called any more.  NULL is fine; returns NULL. */
struct dns_query *dns_query_free(struct dns_query *query);

/* The server spoke about the name itself: it exists, with or without such records, or it does not. */
bool dns_query_is_about_name(const struct dns_answer *answer);

#endif
