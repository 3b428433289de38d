/* SPDX-License-Identifier: MIT */
/*
 * dns_server - the questions to one name server: when, which, and what became of each
 *
 * Runs in the watcher, one for each name server that the sensor dns_servers knows.  It is asked for the name servers of
 * the root, which every server can say something about, by a datagram; each question stays open for the whole patience,
 * however many follow, so a late answer is a slow one and no loss.  Over TCP it is asked rarely, and after an answer
 * that did not fit in a datagram.  What mail needs is asked for only while there are nothing but errors for the root,
 * or when there was never a word about it (dns_health.c).
 *
 * When a question does not even leave this host, that is the news: what was asked before does not count any more, and
 * nothing is said of the server until it answers or is found dead anew.
 *
 * Owns its questions and a timer.  Fails at creation only for want of memory.
 * Limits: OPEN_MAX datagrams under way, one question over TCP; a change of address is a new server.
 */
#include "dns/dns_server.h"

#include <arpa/nameser.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OPEN_MAX 16   /* eight for the root, eight for names */
#define ROOT_EVERY 12 /* names, one that says nothing about the root is asked for it again */
#define STREAM_USEC UINT64_C(600000000)
#define STREAM_IDLE_USEC UINT64_C(3600000000)
#define STREAM_AGAIN_USEC UINT64_C(30000000) /* after one that failed */
#define STREAM_SOON_USEC UINT64_C(60000000)  /* since the last one, after a truncated datagram */
#define STREAM_FAILED_MAX 2

/* Among names that mail needs: those may be of broken domains, or there may be none. */
static const struct dns_mail_name usual_name = {"a.root-servers.net", ns_t_a};

struct question {
        struct dns_server *server; /* NULL: a free place */
        struct dns_query *query;
        struct dns_window *window;
        unsigned number;
        uint64_t asked_usec;
};

struct dns_server {
        const struct dns_servers_common *common;
        struct net_address address;
        char label[NET_ADDRESS_TEXT];

        struct dns_health health;
        struct dns_window root, mail;
        struct question questions[OPEN_MAX];
        struct sg_timer *timer;
        char unsent[64]; /* "": they get out */
        bool fails_at_once;

        bool is_suspect; /* then it is asked for what mail needs as well */

        struct dns_query *stream;
        enum dns_streams streams;
        unsigned streams_failed; /* in a row */
        uint64_t stream_usec;    /* when it was asked last over TCP; 0: never */
        uint64_t streamed_usec;  /* when it answered last */
        bool is_stream_wanted;
};

static uint64_t now_usec(const struct dns_server *server) {
        return server->common->host->now_usec(server->common->host);
}

static bool is_undecided(const struct dns_server *server) {
        return server->is_suspect && server->health.state == DNS_HEALTH_UP && server->common->n_names > 0;
}

/* The questions that show whether it lives. */
static const struct dns_window *lead(const struct dns_server *server) {
        return dns_health_lead(&server->root, &server->mail, &server->common->pace, now_usec(server));
}

/* Wakes up for the next question, and before it to see whether the last one is in doubt. */
static void plan(struct dns_server *server, uint64_t least_usec) {
        const struct dns_servers_common *common = server->common;
        const struct dns_window *leading = lead(server);
        uint64_t wait_usec =
                dns_health_wait_usec(&server->health, leading, &common->pace, common->idle, now_usec(server));
        uint64_t doubt_usec = dns_health_doubt_usec(leading, &common->pace);
        bool is_open = false;

        for (size_t i = 0; i < OPEN_MAX; i++)
                is_open |= server->questions[i].server && server->questions[i].window == leading;
        if ((is_open || is_undecided(server)) && doubt_usec < wait_usec)
                wait_usec = doubt_usec;
        common->host->timer_arm(server->timer, wait_usec > least_usec ? wait_usec : least_usec);
}

static void judge(struct dns_server *server) {
        dns_health_judge(
                &server->health, &server->root, &server->mail, &server->common->pace, now_usec(server));
        server->common->changed(server->common->data);
}

/* The links of this host are somebody else's business: begin anew when they are well. */
void dns_server_excuse(struct dns_server *server, const char *why) {
        dns_window_forget(&server->root);
        dns_window_forget(&server->mail);
        server->health.state = DNS_HEALTH_UNKNOWN;
        snprintf(server->unsent, sizeof(server->unsent), "%s", why);
}

static enum dns_outcome outcome_of(const struct dns_reply *reply) {
        if (reply->answer)
                return dns_query_is_about_name(reply->answer) ? DNS_TOLD : DNS_ERROR;
        if (reply->unsent)
                return DNS_UNSENT;
        return reply->error == -ECONNREFUSED ? DNS_CLOSED : DNS_SILENT;
}

static void on_reply(const struct dns_reply *reply, void *data) {
        struct question *question = data;
        struct dns_server *server = question->server;
        const struct dns_sample end = {.asked_usec = question->asked_usec,
                .took_usec = now_usec(server) - question->asked_usec,
                .outcome = outcome_of(reply),
                .code = reply->answer ? reply->answer->code : 0};

        dns_window_end(question->window, question->number, &end);
        server->fails_at_once = end.outcome == DNS_UNSENT;
        if (server->fails_at_once)
                dns_server_excuse(server, strerror(-reply->error));
        else if (reply->answer)
                server->unsent[0] = '\0';
        if (reply->answer && reply->answer->truncated)
                server->is_stream_wanted = true;
        dns_query_free(question->query);
        *question = (struct question){0};
        judge(server);
        plan(server, 0);
}

static void ask(struct dns_server *server, struct dns_window *window, const char *name, int type) {
        const struct dns_servers_common *common = server->common;
        const struct dns_question asked = {.name = name,
                .type = type,
                .servers = &server->address,
                .n_servers = 1,
                .rounds = 1,
                .timeout_usec = common->pace.patience_usec,
                .stream = common->streams_only,
                .any = true};
        struct question *question = server->questions;

        while (question < server->questions + OPEN_MAX && question->server)
                question++;
        if (question == server->questions + OPEN_MAX)
                return;
        *question = (struct question){.server = server, .window = window, .asked_usec = now_usec(server)};
        if (dns_query_new(common->host, &asked, on_reply, question, &question->query) < 0) {
                question->server = NULL;
                return;
        }
        question->number = dns_window_ask(window, question->asked_usec);
}

static void on_stream_reply(const struct dns_reply *reply, void *data) {
        struct dns_server *server = data;

        if (reply->answer) {
                server->streams = DNS_STREAMS_ANSWERED;
                server->streamed_usec = now_usec(server);
                server->streams_failed = 0;
        } else if (!reply->unsent && ++server->streams_failed >= STREAM_FAILED_MAX) {
                server->streams = DNS_STREAMS_SILENT;
        }
        server->stream = dns_query_free(server->stream);
        server->common->changed(server->common->data);
}

static bool is_stream_due(const struct dns_server *server, uint64_t at_usec) {
        uint64_t gap_usec = server->common->idle ? STREAM_IDLE_USEC : STREAM_USEC;

        if (server->stream)
                return false;
        /* A server that has just gone may only have lost its datagrams: a firewall does that. */
        if (server->stream_usec == 0 ||
                (server->health.state == DNS_HEALTH_DOWN && server->stream_usec < server->health.since_usec))
                return true;
        if (server->is_stream_wanted && server->streams != DNS_STREAMS_ANSWERED)
                gap_usec = STREAM_SOON_USEC;
        if (server->streams_failed > 0 && server->streams_failed < STREAM_FAILED_MAX)
                gap_usec = STREAM_AGAIN_USEC;
        return at_usec - server->stream_usec >= gap_usec;
}

/* `with_usual`: the usual one has its turn among those that mail needs, or there must be some of these. */
static const struct dns_mail_name *next_name(const struct dns_server *server, bool with_usual) {
        const struct dns_servers_common *common = server->common;
        size_t at = server->mail.asked % (common->n_names + with_usual);

        return at < common->n_names ? &common->names[at] : &usual_name;
}

static void ask_by_stream(struct dns_server *server, uint64_t at_usec) {
        const struct dns_mail_name *name = lead(server) == &server->mail ? next_name(server, true) : NULL;
        const struct dns_question asked = {.name = name ? name->name : ".",
                .type = name ? name->type : ns_t_ns,
                .servers = &server->address,
                .n_servers = 1,
                .rounds = 1,
                .timeout_usec = server->common->pace.patience_usec,
                .stream = true,
                .any = true};

        server->stream_usec = at_usec;
        server->is_stream_wanted = false;
        (void)dns_query_new(server->common->host, &asked, on_stream_reply, server, &server->stream);
}

static void ask_for_name(struct dns_server *server, bool with_usual) {
        const struct dns_mail_name *name = next_name(server, with_usual);

        ask(server, &server->mail, name->name, name->type);
}

static void ask_what_is_due(struct dns_server *server, uint64_t at_usec) {
        bool is_led_by_names = lead(server) == &server->mail;
        bool with_names =
                is_led_by_names || dns_health_is_wordless(&server->root, &server->common->pace, at_usec);

        if (!is_led_by_names || server->mail.asked % ROOT_EVERY == 0)
                ask(server, &server->root, ".", ns_t_ns);
        if (with_names)
                ask_for_name(server, true);
        if (is_stream_due(server, at_usec))
                ask_by_stream(server, at_usec);
}

static void on_timer(struct sg_timer *timer, void *data) {
        struct dns_server *server = data;
        const struct dns_servers_common *common = server->common;
        uint64_t at_usec = now_usec(server);
        bool is_due;

        (void)timer;
        is_due = dns_health_wait_usec(&server->health, lead(server), &common->pace, common->idle, at_usec) ==
                0;
        if (is_due)
                ask_what_is_due(server, at_usec);
        if (server->is_suspect && common->n_names > 0 && (is_due || is_undecided(server)))
                ask_for_name(server, false);
        judge(server);
        /* A question that could not even be made is not made again in the same turn. */
        plan(server, dns_health_doubt_usec(lead(server), &common->pace) / 2);
}

void dns_server_suspect(struct dns_server *server, bool others_tell) {
        bool is_suspect = dns_health_is_suspect(&server->health, &server->root, others_tell);

        /* What was said in another trouble is no evidence in this one. */
        if (is_suspect && !server->is_suspect)
                dns_window_forget(&server->mail);
        server->is_suspect = is_suspect;
}

void dns_server_hurry(struct dns_server *server, uint64_t delay_usec) {
        server->common->host->timer_arm(server->timer, delay_usec);
}

void dns_server_facts(const struct dns_server *server, struct dns_facts *ret_facts) {
        const struct dns_window *leading = lead(server);
        struct dns_facts facts = {.health = server->health,
                .asked = dns_window_count(leading),
                .row = dns_health_row(leading, &server->common->pace, now_usec(server)),
                .took_usec = dns_window_took_usec(leading),
                .streams = server->streams,
                .streamed_usec = server->streamed_usec,
                .unsent = server->unsent[0] ? server->unsent : NULL,
                .fails_at_once = server->fails_at_once,
                .has_answered = server->root.answered_usec > 0 || server->mail.answered_usec > 0 ||
                        server->streamed_usec > 0};

        (void)dns_window_only_errors(&server->root, 1, &facts.code);
        *ret_facts = facts;
}

const struct net_address *dns_server_address(const struct dns_server *server) {
        return &server->address;
}

const char *dns_server_label(const struct dns_server *server) {
        return server->label;
}

int dns_server_new(const struct dns_servers_common *common, const struct net_address *address,
        uint64_t delay_usec, struct dns_server **ret_server) {
        struct dns_server *server = calloc(1, sizeof(*server));
        int r;

        if (!server)
                return -ENOMEM;
        server->common = common;
        server->address = *address;
        net_address_print(address, server->label);
        r = common->host->timer_new(common->host, "dns: next question to a name server", delay_usec, on_timer,
                server, &server->timer);
        if (r < 0) {
                free(server);
                return r;
        }
        *ret_server = server;
        return 0;
}

struct dns_server *dns_server_free(struct dns_server *server) {
        if (!server)
                return NULL;
        for (size_t i = 0; i < OPEN_MAX; i++)
                dns_query_free(server->questions[i].query);
        dns_query_free(server->stream);
        server->common->host->timer_free(server->timer);
        free(server);
        return NULL;
}
