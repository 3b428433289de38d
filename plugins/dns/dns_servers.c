/* SPDX-License-Identifier: MIT */
/*
 * dns_servers - each name server of resolv.conf, asked by itself
 *
 * Runs in the watcher.  The C library hides a dead name server behind the next one, at the price of seconds for
 * every lookup of every process; here each one is asked alone, for the name servers of the root, which every
 * server can say something about.  Any sound answer will do, a refusal or an error too: the question is whether
 * somebody is there.  Servers are asked at different times, and by a timer each, which follows the health of the
 * server (dns_health.c) and whether there is mail at all.
 *
 * Owns everything below struct servers.  Fails at creation only for want of memory; a host without resolv.conf has
 * the server 127.0.0.1, one whose resolv.conf cannot be read has none, and nothing is published.
 * Limits: three servers, as in the C library; a change of resolv.conf is seen within LOOK_USEC.
 */
#include <arpa/nameser.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/next_hop_list.h"
#include "common/resolver.h"
#include "dns/dns.h"

#define LOOK_USEC UINT64_C(30000000)
#define STAGGER_USEC UINT64_C(250000)
#define TRIES 3

struct servers;

struct server {
        struct servers *all;
        struct net_address address;
        char label[NET_ADDRESS_TEXT];
        struct dns_health health;
        struct dns_query *query;
        struct sg_timer *timer;
};

struct servers {
        const struct sg_host *host;
        struct resolver resolver;
        struct dns_health_pace pace;
        struct server servers[RESOLV_CONF_SERVERS_MAX];
        size_t n;
        struct sg_timer *timer; /* for a change of resolv.conf and the first mail after a quiet time */
        bool idle;
};

static const struct sg_reading readings[] = {
        {"dns_server_up", {"server"}, "1: this name server of resolv.conf answers; 0: it does not."},
        {"dns_server_seconds", {"server"}, "Time it took for its last answer."},
        {0},
};

static void publish_health(const struct server *server, uint64_t took_usec) {
        const struct sg_host *host = server->all->host;
        const struct sg_label label = {"server", server->label};

        if (server->health.state == DNS_HEALTH_UNKNOWN)
                return;
        host->publish(host, "dns_server_up", &label, 1, server->health.state == DNS_HEALTH_UP);
        if (server->health.unanswered == 0)
                host->publish(host, "dns_server_seconds", &label, 1, (double)took_usec / 1e6);
        else
                host->missing(host, "dns_server_seconds", &label, 1, "it did not answer");
}

static void arm(const struct server *server) {
        const struct servers *all = server->all;

        all->host->timer_arm(server->timer, dns_health_wait_usec(&server->health, &all->pace, all->idle));
}

static void on_answer(const struct dns_reply *reply, void *data) {
        struct server *server = data;
        enum dns_health_state before = server->health.state;
        const struct sg_host *host = server->all->host;

        dns_health_note(&server->health, reply->answer);
        publish_health(server, reply->took_usec);
        if (server->health.state == DNS_HEALTH_DOWN && before != DNS_HEALTH_DOWN)
                host->log(host, SG_LEVEL_INFO, "name server %s does not answer any more", server->label);
        if (server->health.state == DNS_HEALTH_UP && before == DNS_HEALTH_DOWN)
                host->log(host, SG_LEVEL_INFO, "name server %s answers again", server->label);
        server->query = dns_query_free(server->query);
        arm(server);
}

static void on_check(struct sg_timer *timer, void *data) {
        struct server *server = data;
        const struct dns_question question = {.name = ".",
                .type = ns_t_ns,
                .servers = &server->address,
                .n_servers = 1,
                .rounds = TRIES,
                .timeout_usec = server->all->pace.timeout_usec,
                .any = true};

        (void)timer;
        server->query = dns_query_free(server->query);
        if (dns_query_new(server->all->host, &question, on_answer, server, &server->query) < 0)
                arm(server);
}

static bool has_mail(const struct sg_host *host) {
        struct next_hop_list list;
        bool some = false;

        /* What is missing or does not fit may be mail. */
        if (next_hop_list_init(&list, host, "queue_nexthop_messages") < 0)
                some = true;
        for (size_t i = 0; i < list.n; i++)
                some |= list.rows[i].messages > 0 || list.rows[i].unknown;
        next_hop_list_deinit(&list);
        return some;
}

static bool knows(const struct servers *servers, const struct net_address *address) {
        for (size_t i = 0; i < servers->n; i++)
                if (net_address_compare(&servers->servers[i].address, address) == 0)
                        return true;
        return false;
}

static void forget(struct servers *servers, bool withdraw) {
        const struct sg_host *host = servers->host;

        for (size_t i = 0; i < servers->n; i++) {
                struct server *server = &servers->servers[i];
                const struct sg_label label = {"server", server->label};

                dns_query_free(server->query);
                host->timer_free(server->timer);
                for (const struct sg_reading *reading = readings; withdraw && reading->name; reading++)
                        host->withdraw(host, reading->name, &label, 1);
        }
        servers->n = 0;
}

/* A server that was listed before starts anew as well: at most three, and it is a rare event. */
static void adopt(struct servers *servers) {
        const struct resolv_conf *conf = &servers->resolver.conf;

        forget(servers, true);
        for (size_t i = 0; i < conf->n_servers; i++) {
                struct server *server = &servers->servers[servers->n];

                if (knows(servers, &conf->servers[i]))
                        continue;
                *server = (struct server){.all = servers, .address = conf->servers[i]};
                net_address_print(&server->address, server->label);
                if (servers->host->timer_new(servers->host, "dns: next check of a name server",
                            servers->n * STAGGER_USEC, on_check, server, &server->timer) == 0)
                        servers->n++;
        }
}

static void on_look(struct sg_timer *timer, void *data) {
        struct servers *servers = data;
        bool idle = !has_mail(servers->host);

        if (resolver_refresh(&servers->resolver))
                adopt(servers);
        /* The first mail after a quiet time does not wait for what was planned in it. */
        if (servers->idle && !idle)
                for (size_t i = 0; i < servers->n; i++)
                        if (!servers->servers[i].query)
                                servers->host->timer_arm(servers->servers[i].timer, i * STAGGER_USEC);
        servers->idle = idle;
        servers->host->timer_arm(
                timer, servers->pace.interval_usec < LOOK_USEC ? servers->pace.interval_usec : LOOK_USEC);
}

static void servers_destroy(void *sensor) {
        struct servers *servers = sensor;

        if (!servers)
                return;
        forget(servers, false);
        servers->host->timer_free(servers->timer);
        free(servers);
}

static int servers_create(const struct sg_host *host, const struct sg_value *options, void **ret_sensor) {
        struct servers *servers = calloc(1, sizeof(*servers));
        int r;

        if (!servers)
                return -ENOMEM;
        servers->host = host;
        servers->pace = (struct dns_health_pace){
                .interval_usec = options[DNS_OPTION_INTERVAL].usec,
                .timeout_usec = options[DNS_OPTION_TIMEOUT].usec,
        };
        resolver_init(&servers->resolver, host);
        r = host->timer_new(host, "dns: name servers in use", 0, on_look, servers, &servers->timer);
        if (r < 0) {
                free(servers);
                return r;
        }
        *ret_sensor = servers;
        return 0;
}

const struct sg_sensor dns_servers = {
        .name = "dns_servers",
        .summary = "Name servers of resolv.conf, one by one",
        .readings = readings,
        .reads = (const char *const[]){RESOLVER_READS, NULL},
        .create = servers_create,
        .destroy = servers_destroy,
};
