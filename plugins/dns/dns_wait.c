/* SPDX-License-Identifier: MIT */
/*
 * dns_wait - what smtp(8) waits for each lookup because of its name servers
 *
 * Used in the watcher by the sensor dns_servers.  A pure function: it goes through one lookup as the C library does
 * (res_nquery of glibc 2.36, held to it by experiment, see test_dns_wait.c).  The servers are asked in the order of
 * resolv.conf, with `rotate` from one further on each time; the first one has `timeout` seconds, the others
 * timeout << place divided by their number, all of them at least one; after `attempts` rounds the lookup fails.  A
 * socket stays open from round to round, so an answer that comes too late is found when its server has its turn again,
 * unless some server was passed over in between, which closes all.
 *
 * With `use-vc` it connects instead, once, and to a host that is not there for as long as the kernel tries.
 *
 * Owns nothing and cannot fail.  Limits: lost packets are not reckoned with, nor another net.ipv4.tcp_syn_retries than
 * the default.  What a running process has is the file as it was when the process began.
 */
#include "dns/dns_wait.h"

/* Measured: 135 s until a SYN that nobody answers is given up, by default. */
#define STREAM_SECONDS 135

static double own_seconds(const struct resolv_conf *conf, size_t server) {
        unsigned seconds = conf->timeout_seconds << server;

        if (conf->use_vc)
                return STREAM_SECONDS;
        if (server > 0)
                seconds /= (unsigned)conf->n_servers;
        return seconds > 0 ? seconds : 1;
}

static struct dns_wait lookup(
        const struct resolv_conf *conf, const struct dns_wait_server *servers, size_t first) {
        double now = 0, arrives[RESOLV_CONF_SERVERS_MAX];
        bool is_open[RESOLV_CONF_SERVERS_MAX] = {false};
        size_t rounds = conf->use_vc && conf->attempts > 0 ? 1 : conf->attempts;

        for (size_t turn = 0; conf->n_servers > 0 && turn < rounds * conf->n_servers; turn++) {
                size_t server = (first + turn) % conf->n_servers;
                double end = now + own_seconds(conf, server);

                switch (servers[server].manner) {
                case DNS_WAIT_UNKNOWN: return (struct dns_wait){0};
                case DNS_WAIT_PASSES:
                        for (size_t i = 0; i < conf->n_servers; i++)
                                is_open[i] = false;
                        now += servers[server].seconds;
                        continue;
                case DNS_WAIT_ANSWERS:
                        if (!is_open[server])
                                arrives[server] = now + servers[server].seconds;
                        is_open[server] = true;
                        if (arrives[server] > end)
                                break;
                        return (struct dns_wait){.known = true,
                                .answered = true,
                                .seconds = arrives[server] > now ? arrives[server] : now};
                case DNS_WAIT_SILENT: break;
                }
                now = end;
        }
        return (struct dns_wait){.known = true, .seconds = now};
}

struct dns_wait dns_wait(const struct resolv_conf *conf, const struct dns_wait_server *servers) {
        size_t starts = conf->rotate ? conf->n_servers : 1;
        struct dns_wait mean = {.known = conf->n_servers > 0, .answered = true};

        for (size_t first = 0; first < starts; first++) {
                struct dns_wait one = lookup(conf, servers, first);

                mean.known &= one.known;
                mean.answered &= one.answered;
                mean.seconds += one.seconds / (double)starts;
        }
        return mean;
}
