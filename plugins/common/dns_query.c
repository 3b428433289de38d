/* SPDX-License-Identifier: MIT */
/*
 * dns_query - one question, its tries, its deadline
 *
 * Runs in the watcher, on its event loop, for the plugins dns and relay.  Each try is a fresh UDP socket,
 * connected to its server, with a fresh random identity, so an answer counts only from that address and port, to
 * that port, with that identity and question; all else is read and dropped.  A truncated answer is asked for
 * again over TCP within the same try.  Tries go through the servers in turn; a server that cannot be reached at
 * all (the kernel says so) makes room for the next at once, but is not asked again before its time is over.
 *
 * Owns the socket, its watch and the timer of the present try.  Fails: silence, refusal and nonsense all end as a
 * try without an answer; only the lack of memory or descriptors at the start is an error of dns_query_new().
 * Limits: one try at a time, DNS_QUERY_SERVERS_MAX servers, TCP answers up to NS_MAXMSG bytes.  An answer that comes
 * after its try was given up is lost.
 */
#include "common/dns_query.h"

#include <arpa/nameser.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/dns_stream.h"

#define DNS_PORT 53
/* Datagrams read in one turn of the loop: a flood of forgeries must not hold up the others. */
#define DATAGRAMS_PER_TURN 16
/* A plain question allows 512 bytes; servers that send more are let, within reason. */
#define DATAGRAM_BYTES 4096

struct dns_query {
        const struct sg_host *host;
        dns_query_fn fn;
        void *data;

        char name[DNS_NAME_MAX];
        int type;
        struct net_address servers[DNS_QUERY_SERVERS_MAX];
        size_t n_servers, first;
        unsigned tries, tries_max;
        uint64_t timeout_usec;
        bool by_stream, any;

        /* The present try. */
        int fd;
        struct sg_watch *watch;
        struct sg_timer *timer;
        size_t server;
        uint16_t id;
        uint64_t sent_usec;
        uint8_t question[DNS_STREAM_LENGTH + DNS_QUESTION_MAX]; /* with the length that TCP wants in front */
        size_t question_size;
        struct dns_stream *stream; /* what came over TCP, or NULL */
        int error;
        bool unsent;

        /* The best answer so far that says nothing about the name. */
        struct dns_answer spare;
        struct dns_reply spare_reply;
};

static void next_try(struct dns_query *query);

bool dns_query_is_about_name(const struct dns_answer *answer) {
        return answer->code == ns_r_noerror || answer->code == ns_r_nxdomain;
}

static void end_try(struct dns_query *query) {
        query->watch = query->host->watch_free(query->watch);
        if (query->fd >= 0)
                close(query->fd);
        query->fd = -1;
        free(query->stream);
        query->stream = NULL;
}

/* The last thing that is done with a query, since its owner may free it in there. */
static void finish(struct dns_query *query, const struct dns_reply *reply) {
        end_try(query);
        query->timer = query->host->timer_free(query->timer);
        query->fn(reply, query->data);
}

static void take_answer(struct dns_query *query, const struct dns_answer *answer) {
        struct dns_reply reply = {.answer = answer,
                .server = query->server,
                .took_usec = query->host->now_usec(query->host) - query->sent_usec};

        if (query->any || dns_query_is_about_name(answer)) {
                finish(query, &reply);
                return;
        }
        if (!query->spare_reply.answer) {
                query->spare = *answer;
                query->spare_reply = reply;
                query->spare_reply.answer = &query->spare;
        }
        next_try(query);
}

/* Says what is going to be parsed; false: that ended this process once, leave it alone. */
static bool read_message(
        struct dns_query *query, const uint8_t *message, size_t size, struct dns_answer *ret_answer) {
        char server[NET_ADDRESS_TEXT], what[NET_ADDRESS_TEXT + DNS_NAME_MAX + 16];
        bool sound;

        net_address_print(&query->servers[query->server], server);
        snprintf(what, sizeof(what), "DNS %s %d %s", server, query->type, query->name);
        sound = query->host->parsing(query->host, what) &&
                dns_message_read(message, size, query->name, query->type, query->id, ret_answer);
        query->host->parsing(query->host, NULL);
        return sound;
}

/* The kernel says that nobody listens there, or there is no way: others may be asked at once. */
static void give_way(struct dns_query *query) {
        end_try(query);
        if (query->any || query->tries % query->n_servers != 0)
                next_try(query);
}

static void on_stream(struct sg_watch *watch, int fd, unsigned ready, void *data) {
        struct dns_query *query = data;
        struct dns_stream *stream = query->stream;
        struct dns_answer answer;
        const uint8_t *message;
        size_t size;
        ssize_t n = recv(fd, stream->bytes + stream->used, dns_stream_room(stream), 0);

        (void)watch;
        (void)ready;
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
                return;
        if (n <= 0) {
                query->error = n < 0 ? -errno : -ECONNRESET;
                give_way(query);
                return;
        }
        stream->used += (size_t)n;
        if (dns_stream_room(stream) > 0)
                return;
        message = dns_stream_message(stream, &size);
        if (!read_message(query, message, size, &answer) || (answer.truncated && !query->any)) {
                next_try(query);
                return;
        }
        take_answer(query, &answer);
}

static void on_stream_connected(struct sg_watch *watch, int fd, unsigned ready, void *data) {
        struct dns_query *query = data;
        size_t size = DNS_STREAM_LENGTH + query->question_size;

        (void)watch;
        (void)ready;
        query->watch = query->host->watch_free(query->watch);
        /* An error of the connection is told here as well. */
        if (send(fd, query->question, size, MSG_NOSIGNAL) != (ssize_t)size) {
                query->error = -errno;
                give_way(query);
        } else if (query->host->watch_new(query->host, "dns: answer", fd, SG_READY_IN, on_stream, query,
                           &query->watch) < 0) {
                next_try(query);
        }
}

/* Returns negative errno when TCP cannot even begin. */
static int ask_by_stream(struct dns_query *query) {
        end_try(query);
        query->stream = malloc(sizeof(*query->stream));
        if (!query->stream)
                return -ENOMEM;
        query->stream->used = 0;
        query->fd = net_address_connect(&query->servers[query->server], DNS_PORT, SOCK_STREAM, NULL);
        if (query->fd < 0)
                return query->fd;
        query->host->timer_arm(query->timer, query->timeout_usec);
        return query->host->watch_new(query->host, "dns: connection", query->fd, SG_READY_OUT,
                on_stream_connected, query, &query->watch);
}

static void on_datagram(struct sg_watch *watch, int fd, unsigned ready, void *data) {
        struct dns_query *query = data;

        (void)watch;
        (void)ready;
        for (unsigned i = 0; i < DATAGRAMS_PER_TURN; i++) {
                uint8_t message[DATAGRAM_BYTES];
                struct dns_answer answer;
                ssize_t n = recv(fd, message, sizeof(message), MSG_TRUNC);

                if (n < 0 && errno != EAGAIN && errno != EINTR) {
                        query->error = -errno;
                        give_way(query);
                }
                if (n < 0)
                        return;
                if ((size_t)n > sizeof(message) || !read_message(query, message, (size_t)n, &answer))
                        continue;
                if (!answer.truncated || query->any)
                        take_answer(query, &answer);
                else if (ask_by_stream(query) < 0)
                        next_try(query);
                return;
        }
}

/* Returns negative errno: this server cannot be asked now. */
static int ask(struct dns_query *query) {
        int n;

        if (getrandom(&query->id, sizeof(query->id), GRND_NONBLOCK) != sizeof(query->id))
                return -EAGAIN;
        n = dns_message_ask(query->name, query->type, query->id, query->question + DNS_STREAM_LENGTH,
                sizeof(query->question) - DNS_STREAM_LENGTH);
        if (n < 0)
                return n;
        query->question_size = (size_t)n;
        ns_put16((unsigned)n, query->question);
        query->sent_usec = query->host->now_usec(query->host);
        if (query->by_stream)
                return ask_by_stream(query);
        query->fd = net_address_connect(&query->servers[query->server], DNS_PORT, SOCK_DGRAM, NULL);
        if (query->fd < 0)
                return query->fd;
        if (send(query->fd, query->question + DNS_STREAM_LENGTH, query->question_size, MSG_NOSIGNAL) < 0)
                return -errno;
        return query->host->watch_new(
                query->host, "dns: answer", query->fd, SG_READY_IN, on_datagram, query, &query->watch);
}

static void next_try(struct dns_query *query) {
        bool round_over = query->tries > 0 && query->tries % query->n_servers == 0;

        end_try(query);
        if (query->tries >= query->tries_max || (round_over && query->spare_reply.answer) ||
                (query->any && query->error)) {
                query->spare_reply.error = query->error;
                query->spare_reply.unsent = query->unsent;
                finish(query, &query->spare_reply);
                return;
        }
        query->error = 0;
        query->unsent = false;
        query->server = (query->first + query->tries) % query->n_servers;
        query->tries++;
        query->host->timer_arm(query->timer, query->timeout_usec);
        query->error = ask(query);
        /* A closed port of this host is told by connect() itself. */
        query->unsent = query->error < 0 && query->error != -ECONNREFUSED;
        if (query->error < 0)
                give_way(query);
}

static void on_timer(struct sg_timer *timer, void *data) {
        (void)timer;
        next_try(data);
}

int dns_query_new(const struct sg_host *host, const struct dns_question *question, dns_query_fn fn,
        void *data, struct dns_query **ret_query) {
        struct dns_query *query;
        int r;

        if (question->n_servers == 0 || question->n_servers > DNS_QUERY_SERVERS_MAX ||
                (strcmp(question->name, ".") != 0 && !dns_message_name_valid(question->name)))
                return -EINVAL;
        query = calloc(1, sizeof(*query));
        if (!query)
                return -ENOMEM;
        query->host = host;
        query->fn = fn;
        query->data = data;
        query->fd = -1;
        snprintf(query->name, sizeof(query->name), "%s", question->name);
        query->type = question->type;
        memcpy(query->servers, question->servers, question->n_servers * sizeof(query->servers[0]));
        query->n_servers = question->n_servers;
        query->first = question->first;
        query->tries_max = question->rounds * (unsigned)question->n_servers;
        query->timeout_usec = question->timeout_usec;
        query->by_stream = question->stream;
        query->any = question->any;
        /* The first try is made from the loop, so that `fn` is never called from in here. */
        r = host->timer_new(host, "dns: next try", 0, on_timer, query, &query->timer);
        if (r < 0) {
                free(query);
                return r;
        }
        *ret_query = query;
        return 0;
}

struct dns_query *dns_query_free(struct dns_query *query) {
        if (!query)
                return NULL;
        end_try(query);
        query->host->timer_free(query->timer);
        free(query);
        return NULL;
}
