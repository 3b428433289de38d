/* SPDX-License-Identifier: MIT */
/* dns_server - one name server, asked by itself, again and again */
#ifndef DNS_DNS_SERVER_H
#define DNS_DNS_SERVER_H

#include <spoolguard/host.h>

#include "common/dns_query.h"
#include "dns/dns_health.h"

/* Names of next hops, most mail first, for a server that may know nothing, or never had a word about the root. */
#define DNS_MAIL_NAMES_MAX 4
struct dns_mail_name {
        char name[DNS_NAME_MAX];
        int type;
};

enum dns_streams { DNS_STREAMS_UNKNOWN, DNS_STREAMS_ANSWERED, DNS_STREAMS_SILENT };

/* What all servers have in common; it outlives them. */
struct dns_servers_common {
        const struct sg_host *host;
        struct dns_health_pace pace;
        bool idle, streams_only;
        struct dns_mail_name names[DNS_MAIL_NAMES_MAX];
        size_t n_names;
        /* Something is known that was not known before; it must not free the server. */
        void (*changed)(void *data);
        void *data;
};

struct dns_server;

struct dns_facts {
        struct dns_health health;
        struct dns_row row;
        struct dns_count asked; /* of the last questions */
        unsigned code;          /* of its last error */
        uint64_t took_usec;     /* 0: unknown */
        enum dns_streams streams;
        uint64_t streamed_usec; /* when it answered last over TCP; 0: never */
        const char *unsent;     /* why nothing is said of it while its health is not known; NULL: it is new */
        bool fails_at_once;     /* the kernel does not even take a question to it */
        bool has_answered;      /* ever since it is asked */
};

/* It is asked the first time after `delay_usec`. */
int dns_server_new(const struct dns_servers_common *common, const struct net_address *address,
        uint64_t delay_usec, struct dns_server **ret_server);
/* NULL is fine; returns NULL. */
struct dns_server *dns_server_free(struct dns_server *server);

const struct net_address *dns_server_address(const struct dns_server *server);
const char *dns_server_label(const struct dns_server *server);
void dns_server_facts(const struct dns_server *server, struct dns_facts *ret_facts);
/* `others_tell`: another server knows the root. */
void dns_server_suspect(struct dns_server *server, bool others_tell);
/* Its silence is explained by something else, `why`: what was asked until now does not count. */
void dns_server_excuse(struct dns_server *server, const char *why);
/* The pace is another one now: ask after so long at the latest. */
void dns_server_hurry(struct dns_server *server, uint64_t delay_usec);

#endif
