/* SPDX-License-Identifier: MIT */
/*
 * dns_publish - what is known of the name servers, as readings and sentences
 *
 * Used in the watcher by the sensor dns_servers, after each answer and each look.  A server counts as up as long as it
 * is of use to mail: one that answers with errors only is told as down, in other words.  One whose questions do not
 * leave this host is missing, with the reason: the link is not the name server's fault.  Each sentence needs all
 * servers, since who answers instead is half of the evidence, so everything is said anew each time; it is little.
 *
 * What mail waits for all of them together is a reading of its own, with the sentence of the one server that costs
 * most: a dead server that is asked after one that answers costs nothing.
 *
 * A host may have no name server at all and need none: all its mail goes to an address, or stays.  The C library then
 * asks at 127.0.0.1, where nobody ever answered, and is turned away at once.  Of such a server nothing is said until
 * mail waits whose next hop is a name.  One that is silent is another matter, since smtpd(8) asks for each client.
 *
 * Owns nothing.  Cannot fail.  Limits: nothing is said of a server before it is known to be up or down.  A name server
 * of this host that has been gone since before the watcher was started, is told when mail needs it and not before.
 */
#include "dns/dns_publish.h"

#include <math.h>
#include <time.h>

#include "dns/dns_words.h"

#define SEC UINT64_C(1000000)
/* Worth a sentence. */
#define SLOW_SECONDS 0.5

const struct sg_reading dns_publish_readings[] = {
        {"dns_server_up", {"server"},
                "1: this name server of resolv.conf answers; 0: it does not, or with errors only, which is "
                "of no more "
                "use to mail."},
        {"dns_server_seconds", {"server"}, "Time it takes to answer: the median of the last three answers."},
        {"dns_server_loss_ratio", {"server"}, "Share of the last twenty questions that got no answer."},
        {"dns_server_tcp_up", {"server"},
                "1: it answers over TCP, which long answers need; 0: twice in a row it did not."},
        {"resolver_wait_seconds", {NULL},
                "What a lookup of smtp(8) takes with the name servers as they are and the options of "
                "resolv.conf; +Inf: none gets an answer, and mail waits that needs one."},
        {0},
};

/* All that one sentence may need. */
struct scene {
        const struct sg_host *host;
        const struct resolv_conf *conf;
        const struct dns_need *need;
        struct dns_listed *listed;
        size_t n;
        struct dns_facts facts[DNS_LISTED_MAX];
        struct dns_view views[DNS_LISTED_MAX];
};

size_t dns_listed_find(const struct dns_listed *listed, size_t n, const struct net_address *address) {
        size_t i = 0;

        while (i < n && net_address_compare(dns_server_address(listed[i].server), address) != 0)
                i++;
        return i;
}

static enum dns_wait_manner manner_of(const struct dns_facts *facts) {
        switch (facts->health.state) {
        case DNS_HEALTH_UP: return DNS_WAIT_ANSWERS;
        case DNS_HEALTH_DOWN: return facts->row.n_closed == facts->row.n ? DNS_WAIT_PASSES : DNS_WAIT_SILENT;
        case DNS_HEALTH_USELESS: return DNS_WAIT_PASSES;
        case DNS_HEALTH_UNKNOWN: break;
        }
        return facts->fails_at_once ? DNS_WAIT_PASSES : DNS_WAIT_UNKNOWN;
}

/* As it is, and as if server `well` were well; DNS_LISTED_MAX: none. */
static struct dns_wait wait_if(const struct scene *scene, size_t well) {
        const struct resolv_conf *conf = scene->conf;
        struct dns_wait_server each[RESOLV_CONF_SERVERS_MAX] = {0};

        for (size_t i = 0; i < conf->n_servers; i++) {
                size_t entry = dns_listed_find(scene->listed, scene->n, &conf->servers[i]);

                if (entry == well)
                        each[i].manner = DNS_WAIT_ANSWERS;
                else if (entry < scene->n)
                        each[i] = (struct dns_wait_server){
                                manner_of(&scene->facts[entry]), (double)scene->facts[entry].took_usec / 1e6};
        }
        return dns_wait(conf, each);
}

static void view_all(struct scene *scene) {
        uint64_t now_usec = scene->host->now_usec(scene->host);
        struct timespec now;

        clock_gettime(CLOCK_REALTIME, &now);
        for (size_t i = 0; i < scene->n; i++) {
                struct dns_facts *facts = &scene->facts[i];
                struct dns_listed *listed = &scene->listed[i];

                dns_server_facts(listed->server, facts);
                if (facts->health.state != DNS_HEALTH_DOWN)
                        listed->down_since = 0;
                else if (listed->down_since == 0)
                        listed->down_since =
                                now.tv_sec - (int64_t)((now_usec - facts->health.since_usec) / SEC);
                scene->views[i] = (struct dns_view){.label = dns_server_label(listed->server),
                        .is_behind = listed->is_behind,
                        .state = facts->health.state,
                        .row = facts->row,
                        .since = listed->down_since,
                        .now = now.tv_sec,
                        .code = facts->code,
                        .names = scene->need->n_names,
                        .seconds = (double)facts->took_usec / 1e6,
                        .answers_streams = facts->streamed_usec > facts->health.since_usec};
        }
}

/* What there is to say of a server that does its work badly, or not at all. */
static void say(
        const struct scene *scene, size_t i, const struct dns_waits *waits, char text[static DNS_WORDS]) {
        if (scene->views[i].state == DNS_HEALTH_DOWN)
                dns_words_down(scene->views, scene->n, i, waits, text);
        else if (scene->views[i].state == DNS_HEALTH_USELESS)
                dns_words_useless(scene->views, scene->n, i, waits, text);
        else
                dns_words_slow(scene->views, scene->n, i, waits, text);
}

static void publish_up(struct scene *scene, size_t i, const struct dns_waits *waits) {
        const struct sg_host *host = scene->host;
        const struct sg_label label = {"server", scene->views[i].label};
        struct dns_listed *listed = &scene->listed[i];
        char text[DNS_WORDS];

        if (scene->views[i].state == DNS_HEALTH_UP) {
                host->publish(host, "dns_server_up", &label, 1, 1);
                if (listed->was_down)
                        host->log(host, SG_LEVEL_INFO, "name server %s answers again", scene->views[i].label);
                listed->was_down = false;
                return;
        }
        say(scene, i, waits, text);
        host->publish_told(host, "dns_server_up", &label, 1, 0, text);
        if (!listed->was_down)
                host->log(host, SG_LEVEL_INFO, "%s", text);
        listed->was_down = true;
}

static void publish_seconds(const struct scene *scene, size_t i, const struct dns_waits *waits) {
        const struct sg_host *host = scene->host;
        const struct sg_label label = {"server", scene->views[i].label};
        char text[DNS_WORDS];

        if (scene->views[i].state == DNS_HEALTH_DOWN) {
                host->missing(host, "dns_server_seconds", &label, 1, "it does not answer");
        } else if (scene->views[i].seconds >= SLOW_SECONDS) {
                dns_words_slow(scene->views, scene->n, i, waits, text);
                host->publish_told(host, "dns_server_seconds", &label, 1, scene->views[i].seconds, text);
        } else {
                host->publish(host, "dns_server_seconds", &label, 1, scene->views[i].seconds);
        }
}

static void publish_server(struct scene *scene, size_t i) {
        const struct sg_host *host = scene->host;
        const struct sg_label label = {"server", scene->views[i].label};
        const struct dns_waits waits = {wait_if(scene, DNS_LISTED_MAX), wait_if(scene, i)};

        if (scene->facts[i].streams != DNS_STREAMS_UNKNOWN)
                host->publish(host, "dns_server_tcp_up", &label, 1,
                        scene->facts[i].streams == DNS_STREAMS_ANSWERED);
        if (scene->views[i].state == DNS_HEALTH_UNKNOWN && scene->facts[i].unsent) {
                for (size_t k = 0; k < 3; k++)
                        host->missing(host, dns_publish_readings[k].name, &label, 1, scene->facts[i].unsent);
                return;
        }
        if (scene->facts[i].asked.ended > 0)
                host->publish(host, "dns_server_loss_ratio", &label, 1,
                        1 - (double)scene->facts[i].asked.answered / (double)scene->facts[i].asked.ended);
        if (scene->views[i].state == DNS_HEALTH_UNKNOWN)
                return;
        publish_up(scene, i, &waits);
        publish_seconds(scene, i, &waits);
}

static bool is_better(const struct dns_wait *a, const struct dns_wait *b) {
        return a->answered != b->answered ? a->answered : a->seconds < b->seconds;
}

/*
 * The server of resolv.conf without whose fault a lookup would wait least; scene->n: none of them makes it wait.  One
 * that questions cannot even be sent to is passed over at once: the wait is not its fault.
 */
static size_t find_culprit(const struct scene *scene, struct dns_waits *ret_waits) {
        struct dns_wait least = wait_if(scene, DNS_LISTED_MAX);
        size_t culprit = scene->n;

        *ret_waits = (struct dns_waits){least, least};
        for (size_t i = 0; i < scene->n; i++) {
                struct dns_wait without = wait_if(scene, i);

                if (scene->views[i].state == DNS_HEALTH_UNKNOWN || !is_better(&without, &least))
                        continue;
                least = ret_waits->without = without;
                culprit = i;
        }
        return culprit;
}

/*
 * Why the way out explains that no lookup gets an answer; NULL: it does not.  A host without IPv6 may list a server that
 * it has no way to.  That is no excuse for another one beyond this host, which is asked and does its work badly.
 */
static const char *find_unsent(const struct scene *scene) {
        const char *unsent = NULL;

        for (size_t i = 0; i < scene->n; i++) {
                if (scene->views[i].state == DNS_HEALTH_UNKNOWN) {
                        if (!unsent)
                                unsent = scene->facts[i].unsent;
                } else if (!net_address_is_loopback(dns_server_address(scene->listed[i].server))) {
                        return NULL;
                }
        }
        return unsent;
}

static void publish_wait(const struct scene *scene) {
        const struct sg_host *host = scene->host;
        struct dns_waits waits;
        size_t culprit = find_culprit(scene, &waits);
        const char *unsent = waits.now.answered ? NULL : find_unsent(scene);
        double seconds = !waits.now.answered && scene->need->is_needed ? (double)INFINITY : waits.now.seconds;
        char text[DNS_WORDS] = "resolv.conf says attempts:0: no lookup of smtp gets an answer";

        if (culprit < scene->n)
                say(scene, culprit, &waits, text);
        if (!waits.now.known || unsent)
                host->missing(host, "resolver_wait_seconds", NULL, 0,
                        unsent ? unsent : "not every name server is known yet");
        else if (seconds >= SLOW_SECONDS)
                host->publish_told(host, "resolver_wait_seconds", NULL, 0, seconds, text);
        else
                host->publish(host, "resolver_wait_seconds", NULL, 0, seconds);
}

/* Nobody runs a name server here, and nobody named another one. */
static bool has_none(const struct scene *scene) {
        for (size_t i = 0; i < scene->n; i++)
                if (scene->facts[i].has_answered || scene->views[i].state != DNS_HEALTH_DOWN ||
                        scene->facts[i].row.n_closed < scene->facts[i].row.n ||
                        !net_address_is_loopback(dns_server_address(scene->listed[i].server)))
                        return false;
        return scene->n > 0;
}

void dns_publish(const struct sg_host *host, const struct resolv_conf *conf, struct dns_listed *listed,
        size_t n, const struct dns_need *need) {
        struct scene scene = {.host = host, .conf = conf, .need = need, .listed = listed, .n = n};
        bool is_quiet;

        view_all(&scene);
        is_quiet = !need->is_needed && has_none(&scene);
        for (size_t i = 0; i < n; i++) {
                if (is_quiet)
                        dns_publish_withdraw(host, scene.views[i].label);
                else
                        publish_server(&scene, i);
        }
        publish_wait(&scene);
}

void dns_publish_withdraw(const struct sg_host *host, const char *label) {
        const struct sg_label labels[] = {{"server", label}};

        for (const struct sg_reading *reading = dns_publish_readings; reading->labels[0]; reading++)
                host->withdraw(host, reading->name, labels, 1);
}
