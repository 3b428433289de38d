/* SPDX-License-Identifier: MIT */
/*
 * name_server - answers as its manner is, over UDP and TCP
 *
 * Runs in tests, on the poll() loop of the sensor_bench that the code under test runs on, with real sockets; so a
 * test changes its manner or its records between two turns, and nothing is left to chance.
 *
 * Owns its sockets and watches.  Fails: the test.  Limits: one TCP connection at a time, questions of one datagram.
 */
#include "support/name_server.h"

#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <resolv.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "support/net_sandbox.h"

#define MESSAGE_BYTES 65535

struct message {
        uint8_t bytes[MESSAGE_BYTES + 2];
        size_t size;
};

static void put16(struct message *message, unsigned value) {
        ns_put16(value, message->bytes + message->size);
        message->size += 2;
}

static void put_name(struct message *message, const char *name) {
        int n = dn_comp(name, message->bytes + message->size, 256, NULL, NULL);

        assert_true(n > 0);
        message->size += (size_t)n;
}

static void set16(struct message *message, size_t at, unsigned value) {
        ns_put16(value, message->bytes + at);
}

static void put_record(struct message *message, const struct name_record *record) {
        size_t length_at, begin;

        put_name(message, record->name);
        put16(message, (unsigned)record->type);
        put16(message, ns_c_in);
        put16(message, 0);
        put16(message, 60);
        length_at = message->size;
        put16(message, 0);
        begin = message->size;
        if (record->type == ns_t_mx)
                put16(message, record->preference);
        if (record->type == ns_t_mx || record->type == ns_t_cname) {
                put_name(message, record->value);
        } else {
                assert_int_equal(inet_pton(record->type == ns_t_a ? AF_INET : AF_INET6, record->value,
                                         message->bytes + message->size),
                        1);
                message->size += record->type == ns_t_a ? 4 : 16;
        }
        set16(message, length_at, (unsigned)(message->size - begin));
}

/* Records of the name, its aliases followed; false: there is no such name. */
static bool put_answers(
        struct message *message, const struct name_server *server, const char *name, int type) {
        bool exists = false;
        unsigned n = ns_get16(message->bytes + 6);

        for (const struct name_record *record = server->records; record && record->name; record++) {
                if (strcasecmp(record->name, name) != 0)
                        continue;
                exists = true;
                if (record->type == type || record->type == ns_t_cname) {
                        put_record(message, record);
                        set16(message, 6, ++n);
                }
                if (record->type == ns_t_cname) {
                        (void)put_answers(message, server, record->value, type);
                        n = ns_get16(message->bytes + 6);
                }
        }
        return exists;
}

static void put_many(struct message *message, const char *name) {
        for (unsigned i = 0; i < 1000; i++) {
                char address[32];

                snprintf(address, sizeof(address), "10.0.%u.%u", i / 250, i % 250 + 1);
                put_record(message, &(struct name_record){name, ns_t_a, address, 0});
        }
        set16(message, 6, 1000);
}

/* A record whose name is a pointer to itself. */
static void put_loop(struct message *message) {
        put16(message, 0xc000u | (unsigned)message->size);
        for (int i = 0; i < 5; i++)
                put16(message, 1);
        set16(message, 6, 1);
}

static bool is_silent_for(const struct name_server *server, const uint8_t *question, size_t n) {
        char name[256];

        return server->silent_for &&
                dn_expand(question, question + n, question + 12, name, sizeof(name)) > 0 &&
                strcasecmp(name, server->silent_for) == 0;
}

static bool truncates(enum name_server_manner manner) {
        return manner == NAME_SERVER_TRUNCATES || manner == NAME_SERVER_LIES_OVER_TCP ||
                manner == NAME_SERVER_HANGS_OVER_TCP || manner == NAME_SERVER_TALKS_OVER_TCP ||
                manner == NAME_SERVER_SPELLS_OVER_TCP || manner == NAME_SERVER_1000_RECORDS;
}

static void build(struct message *answer, const struct name_server *server, const uint8_t *question, size_t n,
        bool tcp) {
        enum name_server_manner manner = server->manner;
        unsigned flags = 0x8180u;
        char name[256];
        int used = dn_expand(question, question + n, question + 12, name, sizeof(name)), type;

        assert_true(used > 0);
        type = (int)ns_get16(question + 12 + used);
        memcpy(answer->bytes, question, n);
        answer->size = n;

        if (manner == NAME_SERVER_LOOPS)
                put_loop(answer);
        else if (manner == NAME_SERVER_1000_RECORDS && tcp && type == ns_t_a)
                put_many(answer, name);
        else if (server->denies_type == type ||
                (manner != NAME_SERVER_REFUSES && manner != NAME_SERVER_FAILS &&
                        !put_answers(answer, server, name, type) && name[0]))
                flags |= ns_r_nxdomain;

        if (manner == NAME_SERVER_REFUSES)
                flags |= ns_r_refused;
        if (manner == NAME_SERVER_FAILS)
                flags |= ns_r_servfail;
        if (manner == NAME_SERVER_TRUNCATES_TWICE || (!tcp && truncates(manner))) {
                flags |= 0x0200u;
                answer->size = n;
                set16(answer, 6, 0);
        }
        if (manner != NAME_SERVER_ECHOES)
                set16(answer, 2, flags);
        if (manner == NAME_SERVER_WRONG_ID)
                set16(answer, 0, (unsigned)ns_get16(question) ^ 0x5a5au);
        if (manner == NAME_SERVER_WRONG_QUESTION)
                answer->bytes[13] ^= 0x01u;
        if (manner == NAME_SERVER_LIES_COUNT)
                set16(answer, 6, 60000);
        if (manner == NAME_SERVER_LIES_LENGTH && answer->size > n)
                set16(answer, answer->size - 6, 60000);
        if (manner == NAME_SERVER_STOPS_SHORT)
                answer->size -= 3;
        if (manner == NAME_SERVER_SENDS_NOISE)
                memset(answer->bytes + 2, 0xff, answer->size - 2);
}

static bool hears(struct name_server *server) {
        server->asked++;
        if (server->deaf_to == 0)
                return server->manner != NAME_SERVER_IS_SILENT;
        server->deaf_to--;
        return false;
}

static void on_late(struct sg_timer *timer, void *data) {
        struct name_server_late *late = data;

        (void)timer;
        sendto(late->server->udp, late->answer, late->size, MSG_NOSIGNAL,
                (const struct sockaddr *)&late->peer, sizeof(struct sockaddr_in));
        late->size = 0;
}

static void send_late(
        struct name_server *server, const struct message *answer, const struct sockaddr_storage *peer) {
        struct name_server_late *late = server->late;

        while (late->size > 0) {
                late++;
                assert_true(late < server->late + NAME_SERVER_LATE_MAX);
        }
        assert_true(answer->size <= sizeof(late->answer));
        memcpy(late->answer, answer->bytes, answer->size);
        late->size = answer->size;
        late->peer = *peer;
        server->bench->services.timer_arm(late->timer, server->late_usec);
}

static void on_datagram(struct sg_watch *watch, int fd, unsigned ready, void *data) {
        struct name_server *server = data;
        static struct message answer;
        struct sockaddr_storage peer;
        socklen_t size = sizeof(peer);
        uint8_t question[512];
        int other = -1;
        ssize_t n = recvfrom(fd, question, sizeof(question), 0, (struct sockaddr *)&peer, &size);

        (void)watch;
        (void)ready;
        assert_true(n > 12);
        if (!hears(server) || server->manner == NAME_SERVER_HEARS_TCP ||
                is_silent_for(server, question, (size_t)n))
                return;
        build(&answer, server, question, (size_t)n, false);
        if (server->manner == NAME_SERVER_IS_LATE) {
                send_late(server, &answer, &peer);
                return;
        }
        if (server->manner == NAME_SERVER_OTHER_PORT || server->manner == NAME_SERVER_OTHER_ADDRESS)
                fd = other = server->manner == NAME_SERVER_OTHER_PORT
                        ? net_sandbox_listen(server->address, 5353, SOCK_DGRAM)
                        : net_sandbox_listen("127.0.0.1", 53, SOCK_DGRAM);
        for (int i = 0; i < (server->manner == NAME_SERVER_SENDS_TWICE ? 2 : 1); i++)
                sendto(fd, answer.bytes, answer.size, MSG_NOSIGNAL, (const struct sockaddr *)&peer, size);
        if (other >= 0)
                close(other);
}

static void hang_up(struct name_server *server) {
        server->connection_watch = server->bench->services.watch_free(server->connection_watch);
        if (server->connection >= 0)
                close(server->connection);
        server->connection = -1;
        server->spelled_to = server->spelled_size = 0;
}

static void on_speller(struct sg_timer *timer, void *data) {
        struct name_server *server = data;

        if (server->spelled_to == server->spelled_size)
                return;
        send(server->connection, server->spelled + server->spelled_to++, 1, MSG_NOSIGNAL);
        server->bench->services.timer_arm(timer, server->late_usec);
}

static void answer_stream(struct name_server *server, const uint8_t *question, size_t size) {
        static const uint8_t nothing[60000];
        static struct message answer;
        uint8_t length[2];

        build(&answer, server, question, size, true);
        ns_put16((unsigned)answer.size + (server->manner == NAME_SERVER_LIES_OVER_TCP ? 500 : 0), length);
        if (server->manner == NAME_SERVER_SPELLS_OVER_TCP) {
                assert_true(answer.size + 2 <= sizeof(server->spelled));
                memcpy(server->spelled, length, 2);
                memcpy(server->spelled + 2, answer.bytes, answer.size);
                server->spelled_size = answer.size + 2;
                server->bench->services.timer_arm(server->speller, server->late_usec);
                return;
        }
        send(server->connection, length, sizeof(length), MSG_NOSIGNAL);
        send(server->connection, answer.bytes, answer.size, MSG_NOSIGNAL);
        if (server->manner == NAME_SERVER_TALKS_OVER_TCP)
                send(server->connection, nothing, sizeof(nothing), MSG_NOSIGNAL);
}

static void on_stream(struct sg_watch *watch, int fd, unsigned ready, void *data) {
        struct name_server *server = data;
        uint8_t question[514];
        ssize_t n = recv(fd, question, sizeof(question), 0);

        (void)watch;
        (void)ready;
        if (n > 14 && hears(server)) {
                server->asked_by_stream++;
                if (server->manner != NAME_SERVER_HANGS_OVER_TCP)
                        answer_stream(server, question + 2, (size_t)n - 2);
                if (server->manner == NAME_SERVER_HANGS_OVER_TCP ||
                        server->manner == NAME_SERVER_SPELLS_OVER_TCP)
                        return;
        }
        hang_up(server);
}

static void on_connection(struct sg_watch *watch, int fd, unsigned ready, void *data) {
        struct name_server *server = data;

        (void)watch;
        (void)ready;
        hang_up(server);
        server->connection = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        assert_int_equal(
                server->bench->services.watch_new(&server->bench->services, "connection", server->connection,
                        SG_READY_IN, on_stream, server, &server->connection_watch),
                0);
}

void name_server_init(struct name_server *server, struct sensor_bench *bench, const char *address,
        const struct name_record *records) {
        const struct sg_host *host = &bench->services;

        *server = (struct name_server){.bench = bench,
                .address = address,
                .connection = -1,
                .records = records,
                .late_usec = NAME_SERVER_LATE_USEC};
        server->udp = net_sandbox_listen(address, 53, SOCK_DGRAM);
        server->tcp = net_sandbox_listen(address, 53, SOCK_STREAM);
        assert_int_equal(
                host->timer_new(host, "speller", UINT32_MAX, on_speller, server, &server->speller), 0);
        for (size_t i = 0; i < NAME_SERVER_LATE_MAX; i++) {
                server->late[i].server = server;
                assert_int_equal(host->timer_new(host, "late", UINT32_MAX, on_late, &server->late[i],
                                         &server->late[i].timer),
                        0);
        }
        assert_int_equal(host->watch_new(host, "udp", server->udp, SG_READY_IN, on_datagram, server,
                                 &server->udp_watch),
                0);
        assert_int_equal(host->watch_new(host, "tcp", server->tcp, SG_READY_IN, on_connection, server,
                                 &server->tcp_watch),
                0);
}

void name_server_deinit(struct name_server *server) {
        const struct sg_host *host;

        if (!server->bench)
                return;
        host = &server->bench->services;
        hang_up(server);
        for (size_t i = 0; i < NAME_SERVER_LATE_MAX; i++)
                host->timer_free(server->late[i].timer);
        host->timer_free(server->speller);
        host->watch_free(server->udp_watch);
        host->watch_free(server->tcp_watch);
        close(server->udp);
        close(server->tcp);
        server->bench = NULL;
}
