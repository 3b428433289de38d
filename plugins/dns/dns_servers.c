/* SPDX-License-Identifier: MIT */
/*
 * dns_servers - each name server of resolv.conf by itself, and what mail waits because of them
 *
 * Runs in the watcher.  The C library hides a dead name server behind the next one, at the price of seconds for
 * every lookup of every process; here each one is asked alone (dns_server.c), judged (dns_health.c), and the price is
 * reckoned up (dns_wait.c).  Where resolv.conf names the stub of systemd-resolved, the servers behind it are asked as
 * well, since the stub is as good as they are.
 *
 * A server counts as up as long as it is of use to mail: one that answers with errors only is told as down, in other
 * words.  When our questions do not leave this host, the readings are missing and say why: the link is not the name
 * server's fault.
 *
 * Owns everything below struct servers.  Fails at creation only for want of memory; a host without resolv.conf has
 * the server 127.0.0.1, one whose resolv.conf cannot be read has none, and nothing is published.
 * Limits: three servers, as in the C library, and three behind them; a change of resolv.conf is seen within LOOK_USEC.
 */
#include <arpa/nameser.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/next_hop.h"
#include "common/next_hop_list.h"
#include "common/resolver.h"
#include "dns/dns.h"
#include "dns/dns_publish.h"

#define SEC UINT64_C(1000000)
#define LOOK_USEC (5 * SEC)
#define STAGGER_USEC UINT64_C(250000)
#define PASSING_USEC (60 * SEC) /* mail was seen to come or go so lately: more is to be expected */
/* Longer than that the resolver may wait, but a dead server is to be known before. */
#define PATIENCE_MOST_USEC (10 * SEC)
#define USUAL_TIMEOUT_SECONDS 5
#define RESOLVED_CONF "/run/systemd/resolve/resolv.conf"

struct servers {
        const struct sg_host *host;
        struct resolver resolver, behind;
        struct dns_servers_common common;
        bool is_needed;         /* mail waits whose next hop is a name */
        uint64_t patience_usec; /* as configured */
        struct dns_listed listed[DNS_LISTED_MAX];
        size_t n;
        struct sg_timer *timer;
        double passed; /* messages that came and went, at the last look */
        uint64_t passing_usec;
};

/* A server that knows nothing is one to wonder at when its neighbours know. */
static void suspect(const struct servers *servers) {
        struct dns_facts facts;
        size_t knowing[DNS_LISTED_MAX] = {0}, all = 0;

        for (size_t i = 0; i < servers->n; i++) {
                dns_server_facts(servers->listed[i].server, &facts);
                knowing[i] = facts.health.state == DNS_HEALTH_UP && facts.health.told_root;
                all += knowing[i];
        }
        for (size_t i = 0; i < servers->n; i++)
                dns_server_suspect(servers->listed[i].server, all > knowing[i]);
}

struct down_link {
        char why[64];
};

static void see_link(const struct sg_label *labels, size_t n_labels, double value, void *data) {
        struct down_link *link = data;

        if (n_labels == 1 && value == 0)
                snprintf(link->why, sizeof(link->why), "the link %s is down", labels[0].value);
}

/*
 * The kernel takes datagrams for a link without a carrier, and says nothing.  When no server beyond this host answers
 * and a link is down, the link explains it; one that answers shows that the others could.
 */
static void excuse(const struct servers *servers) {
        struct down_link link = {""};
        size_t silent = 0;

        servers->host->each_reading(servers->host, "network_link_up", see_link, &link);
        for (size_t i = 0; i < servers->n && link.why[0]; i++) {
                struct dns_facts facts;

                dns_server_facts(servers->listed[i].server, &facts);
                if (net_address_is_loopback(dns_server_address(servers->listed[i].server)))
                        continue;
                if (facts.health.state == DNS_HEALTH_UP || facts.health.state == DNS_HEALTH_USELESS)
                        return;
                silent += facts.health.state == DNS_HEALTH_DOWN;
        }
        for (size_t i = 0; i < servers->n && link.why[0] && silent > 0; i++)
                if (!net_address_is_loopback(dns_server_address(servers->listed[i].server)))
                        dns_server_excuse(servers->listed[i].server, link.why);
}

static void on_change(void *data) {
        struct servers *servers = data;

        excuse(servers);
        suspect(servers);
        dns_publish(servers->host, &servers->resolver.conf, servers->listed, servers->n,
                &(struct dns_need){servers->common.n_names, servers->is_needed});
}

static void see_waiting(const struct sg_label *labels, size_t n_labels, double value, void *data) {
        bool *is_waiting = data;

        (void)labels;
        (void)n_labels;
        /* What is missing may be mail. */
        *is_waiting |= isnan(value) || value > 0;
}

static void sum(const struct sg_label *labels, size_t n_labels, double value, void *data) {
        double *total = data;

        (void)labels;
        (void)n_labels;
        *total += isnan(value) ? 0 : value;
}

static bool is_idle(struct servers *servers) {
        const struct sg_host *host = servers->host;
        uint64_t now_usec = host->now_usec(host);
        bool is_waiting = false;
        double passed = 0;

        host->each_reading(host, "queue_nexthop_messages", see_waiting, &is_waiting);
        host->each_reading(host, "mail_arrived_total", sum, &passed);
        host->each_reading(host, "mail_delivered_total", sum, &passed);
        if (passed != servers->passed)
                servers->passing_usec = now_usec;
        servers->passed = passed;
        return !is_waiting &&
                (servers->passing_usec == 0 || now_usec - servers->passing_usec >= PASSING_USEC);
}

static void choose_name(struct servers *servers, const struct next_hop *hop) {
        struct dns_servers_common *common = &servers->common;
        struct dns_mail_name *name = &common->names[common->n_names];

        if (common->n_names == DNS_MAIL_NAMES_MAX)
                return;
        memcpy(name->name, hop->host, sizeof(name->name));
        name->type = hop->mx ? ns_t_mx : ns_t_a;
        common->n_names++;
}

struct lookups {
        bool is_known, asks;
};

static void see_native(const struct sg_label *labels, size_t n_labels, double value, void *data) {
        struct lookups *lookups = data;

        (void)labels;
        (void)n_labels;
        lookups->is_known = true;
        lookups->asks |= !(value > 0);
}

/* No Postfix of this host asks for a next hop itself: /etc/hosts may know them all. */
static bool is_native(const struct sg_host *host) {
        struct lookups lookups = {.asks = false};

        host->each_reading(host, "postfix_native_lookup", see_native, &lookups);
        return lookups.is_known && !lookups.asks;
}

/* What the next hops with the most mail need first, then those that mail only passes to. */
static void choose_names(struct servers *servers) {
        struct next_hop hops[NEXT_HOPS_MAX];
        struct next_hop_list list;

        servers->is_needed = next_hop_list_init(&list, servers->host, "queue_nexthop_messages") < 0;
        servers->common.n_names = 0;
        for (size_t i = 0; i < list.n; i++) {
                size_t n = next_hop_parse_list(list.rows[i].text, hops);
                bool matters = list.rows[i].messages > 0 || list.rows[i].unknown;

                /* What cannot be understood may be a name, but for a socket of this host. */
                servers->is_needed |= matters && n == 0 && strncmp(list.rows[i].text, "unix:", 5) != 0;
                for (size_t k = 0; k < n; k++)
                        if (!hops[k].literal) {
                                servers->is_needed |= matters;
                                choose_name(servers, &hops[k]);
                        }
        }
        next_hop_list_deinit(&list);
        servers->is_needed = servers->is_needed && !is_native(servers->host);
}

/* One that was there before keeps what is known of it. */
static void take(struct servers *servers, struct dns_listed before[DNS_LISTED_MAX], size_t n_before,
        const struct net_address *address, bool is_behind) {
        struct dns_listed *listed = &servers->listed[servers->n];

        if (dns_listed_find(servers->listed, servers->n, address) < servers->n)
                return;
        *listed = (struct dns_listed){.is_behind = is_behind};
        for (size_t i = 0; i < n_before && !listed->server; i++)
                if (before[i].server &&
                        net_address_compare(dns_server_address(before[i].server), address) == 0) {
                        *listed = before[i];
                        listed->is_behind = is_behind;
                        before[i].server = NULL;
                }
        if (listed->server ||
                dns_server_new(&servers->common, address, servers->n * STAGGER_USEC, &listed->server) == 0)
                servers->n++;
}

static void warn(const struct servers *servers) {
        const struct resolv_conf *conf = &servers->resolver.conf;
        const struct sg_host *host = servers->host;

        if (conf->n_listed > conf->n_servers)
                host->log(host, SG_LEVEL_WARNING,
                        "resolv.conf lists %zu name servers: all but the first %zu are never asked",
                        conf->n_listed, conf->n_servers);
        if (conf->attempts == 0)
                host->log(host, SG_LEVEL_WARNING,
                        "resolv.conf says attempts:0: the resolver asks no name server at all");
}

static void adopt(struct servers *servers, bool with_behind) {
        const struct resolv_conf *conf = &servers->resolver.conf, *behind = &servers->behind.conf;
        struct dns_listed before[DNS_LISTED_MAX];
        size_t n_before = servers->n;

        memcpy(before, servers->listed, sizeof(before));
        servers->n = 0;
        for (size_t i = 0; i < conf->n_servers; i++)
                take(servers, before, n_before, &conf->servers[i], false);
        for (size_t i = 0; with_behind && behind->n_listed > 0 && i < behind->n_servers; i++)
                take(servers, before, n_before, &behind->servers[i], true);
        for (size_t i = 0; i < n_before; i++)
                if (before[i].server) {
                        dns_publish_withdraw(servers->host, dns_server_label(before[i].server));
                        dns_server_free(before[i].server);
                }
}

static bool names_stub(const struct resolv_conf *conf) {
        static const char *const stubs[] = {"127.0.0.53", "127.0.0.54"};
        struct net_address stub;

        for (size_t i = 0; i < conf->n_servers; i++)
                for (size_t k = 0; k < sizeof(stubs) / sizeof(stubs[0]); k++)
                        if (net_address_parse(stubs[k], &stub) &&
                                net_address_compare(&stub, &conf->servers[i]) == 0)
                                return true;
        return false;
}

static void refresh(struct servers *servers) {
        const struct resolv_conf *conf = &servers->resolver.conf;
        bool changed = resolver_refresh(&servers->resolver), stub = names_stub(conf);
        uint64_t timeout_usec = conf->timeout_seconds * SEC;

        if (changed)
                warn(servers);
        if (stub)
                changed |= resolver_refresh(&servers->behind);
        if (changed)
                adopt(servers, stub);
        servers->common.streams_only = conf->use_vc;
        servers->common.pace.patience_usec = servers->patience_usec;
        if (conf->timeout_seconds > USUAL_TIMEOUT_SECONDS && timeout_usec > servers->patience_usec)
                servers->common.pace.patience_usec =
                        timeout_usec < PATIENCE_MOST_USEC ? timeout_usec : PATIENCE_MOST_USEC;
}

static void on_look(struct sg_timer *timer, void *data) {
        struct servers *servers = data;
        bool was_idle = servers->common.idle, was_needed = servers->is_needed;

        refresh(servers);
        servers->common.idle = is_idle(servers);
        choose_names(servers);
        if (servers->is_needed != was_needed)
                on_change(servers);
        /* The first mail after a quiet time does not wait for what was planned in it. */
        if (was_idle && !servers->common.idle)
                for (size_t i = 0; i < servers->n; i++)
                        dns_server_hurry(servers->listed[i].server, i * STAGGER_USEC);
        servers->host->timer_arm(timer,
                servers->common.pace.interval_usec < LOOK_USEC ? servers->common.pace.interval_usec
                                                               : LOOK_USEC);
}

static void servers_destroy(void *sensor) {
        struct servers *servers = sensor;

        if (!servers)
                return;
        for (size_t i = 0; i < servers->n; i++)
                dns_server_free(servers->listed[i].server);
        servers->host->timer_free(servers->timer);
        free(servers);
}

static int servers_create(const struct sg_host *host, const struct sg_value *options, void **ret_sensor) {
        struct servers *servers = calloc(1, sizeof(*servers));
        int r;

        if (!servers)
                return -ENOMEM;
        servers->host = host;
        servers->patience_usec = options[DNS_OPTION_TIMEOUT].usec;
        servers->common = (struct dns_servers_common){.host = host,
                .pace = {.interval_usec = options[DNS_OPTION_INTERVAL].usec,
                        .patience_usec = options[DNS_OPTION_TIMEOUT].usec},
                .changed = on_change,
                .data = servers};
        resolver_init(&servers->resolver, host);
        resolver_init_at(&servers->behind, host, RESOLVED_CONF);
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
        .readings = dns_publish_readings,
        .reads = (const char *const[]){RESOLVER_READS, NULL},
        .create = servers_create,
        .destroy = servers_destroy,
};
