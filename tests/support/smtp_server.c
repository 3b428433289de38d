/* SPDX-License-Identifier: MIT */
/*
 * smtp_server - greets, answers or misbehaves as its manner is
 *
 * Runs in tests, on the poll() loop of the sensor_bench that the code under test runs on, with real sockets.
 *
 * Owns its sockets, watches and timers.  Fails: the test.  Limits: SMTP_SERVER_CONNECTIONS_MAX at once, commands that
 * come in one piece.
 */
#include "support/smtp_server.h"

#include <netdb.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "support/net_sandbox.h"

#define DRIP_USEC 20000
#define ONE_LINE_BYTES (UINT64_C(10) << 20)

static const char *const greetings[] = {
        [SMTP_SERVER_SPEAKS] = "220-mx.example.test\r\n220 ESMTP\r\n",
        [SMTP_SERVER_IS_OLD] = "220 ready\r\n",
        [SMTP_SERVER_IS_LMTP] = "220 LMTP ready\r\n",
        [SMTP_SERVER_IS_BUSY] = "421 4.3.2 not now\r\n",
        [SMTP_SERVER_WANTS_NO_MAIL] = "554 no mail here\r\n",
        [SMTP_SERVER_REFUSES_NAME] = "220 ready\r\n",
        [SMTP_SERVER_IS_FULL] = "220 ready\r\n",
        [SMTP_SERVER_STOPS_AFTER_GREETING] = "220 ready\r\n",
        [SMTP_SERVER_IS_A_WEB_SERVER] = "HTTP/1.1 400 Bad Request\r\n\r\n",
        [SMTP_SERVER_DRIPS] = NULL,
};

static void end(struct smtp_connection *connection) {
        const struct sg_host *host = &connection->server->bench->services;

        if (connection->fd < 0)
                return;
        connection->in = host->watch_free(connection->in);
        connection->out = host->watch_free(connection->out);
        connection->timer = host->timer_free(connection->timer);
        close(connection->fd);
        connection->fd = -1;
        connection->server->now--;
}

static void say(const struct smtp_connection *connection, const char *text) {
        send(connection->fd, text, strlen(text), MSG_NOSIGNAL);
}

static void on_command(struct sg_watch *watch, int fd, unsigned ready, void *data) {
        struct smtp_connection *connection = data;
        struct smtp_server *server = connection->server;
        enum smtp_server_manner manner = server->manner;
        ssize_t n = recv(fd, server->heard, sizeof(server->heard) - 1, 0);
        const char *heard = server->heard;

        (void)watch;
        (void)ready;
        server->heard[n > 0 ? n : 0] = '\0';
        if (n <= 0) {
                end(connection);
        } else if (strncmp(heard, "QUIT\r\n", 6) == 0) {
                server->quits++;
                say(connection, "221 bye\r\n");
                end(connection);
        } else if (manner == SMTP_SERVER_REFUSES_NAME) {
                say(connection, "550 go away\r\n");
        } else if (manner == SMTP_SERVER_IS_FULL) {
                say(connection, "421 4.3.2 full\r\n");
                end(connection);
        } else if (manner == SMTP_SERVER_IS_LMTP) {
                say(connection, strncmp(heard, "LHLO ", 5) == 0 ? "250 hello\r\n" : "502 what\r\n");
        } else if (strncmp(heard, "HELO ", 5) == 0) {
                say(connection, "250 hello\r\n");
        } else if (manner == SMTP_SERVER_IS_OLD) {
                say(connection, "502 what\r\n");
        } else if ((manner == SMTP_SERVER_SPEAKS || manner == SMTP_SERVER_IS_LONG ||
                           manner == SMTP_SERVER_IS_SLOW) &&
                strncmp(heard, "EHLO ", 5) == 0) {
                say(connection, "250-mx.example.test\r\n250-PIPELINING\r\n250 8BITMIME\r\n");
        }
}

/* Never stops by itself, but for the one line of ten megabytes. */
static void on_room(struct sg_watch *watch, int fd, unsigned ready, void *data) {
        struct smtp_connection *connection = data;
        enum smtp_server_manner manner = connection->server->manner;
        char block[8192];
        ssize_t n;

        (void)watch;
        (void)ready;
        memset(block, manner == SMTP_SERVER_SENDS_NULS ? '\0' : 'x', sizeof(block));
        for (size_t i = 0; manner == SMTP_SERVER_SENDS_LINES && i < sizeof(block); i++)
                block[i] = "220-on\r\n"[i % 8];
        for (size_t i = 0; connection->sent == 0 && manner == SMTP_SERVER_SENDS_ONE_LINE && i < 4; i++)
                block[i] = "220 "[i];
        n = send(fd, block, sizeof(block), MSG_NOSIGNAL);
        if (n < 0 || (manner == SMTP_SERVER_SENDS_ONE_LINE && connection->sent >= ONE_LINE_BYTES)) {
                end(connection);
                return;
        }
        connection->sent += (uint64_t)n;
        connection->server->sent += (uint64_t)n;
}

static void on_drip(struct sg_timer *timer, void *data) {
        struct smtp_connection *connection = data;
        static const char slow[] = "220-";

        say(connection, (const char[]){connection->sent < 4 ? slow[connection->sent] : 'x', '\0'});
        connection->sent++;
        connection->server->bench->services.timer_arm(timer, DRIP_USEC);
}

static void on_late_greeting(struct sg_timer *timer, void *data) {
        (void)timer;
        say(data, greetings[SMTP_SERVER_SPEAKS]);
}

static void say_page(const struct smtp_connection *connection) {
        int room = 1 << 18;

        setsockopt(connection->fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
        for (int i = 0; i < 1000; i++)
                say(connection, "220-Mail is read by nobody at all here.\r\n");
        say(connection, "220 ready\r\n");
}

static void on_connection(struct sg_watch *watch, int fd, unsigned ready, void *data) {
        struct smtp_server *server = data;
        const struct sg_host *host = &server->bench->services;
        enum smtp_server_manner manner = server->manner;
        struct smtp_connection *connection = server->connections;
        struct sockaddr_storage peer;
        socklen_t size = sizeof(peer);

        (void)watch;
        (void)ready;
        while (connection->fd >= 0)
                assert_true(++connection < server->connections + SMTP_SERVER_CONNECTIONS_MAX);
        connection->fd = accept4(fd, (struct sockaddr *)&peer, &size, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (connection->fd < 0)
                return;
        assert_int_equal(getnameinfo((const struct sockaddr *)&peer, size, server->peer, sizeof(server->peer),
                                 NULL, 0, NI_NUMERICHOST),
                0);
        connection->sent = 0;
        server->accepted++;
        if (++server->now > server->most)
                server->most = server->now;
        if (manner == SMTP_SERVER_HANGS_UP) {
                end(connection);
                return;
        }
        if (manner == SMTP_SERVER_SENDS_ONE_LINE || manner == SMTP_SERVER_SENDS_LINES ||
                manner == SMTP_SERVER_SENDS_NULS)
                host->watch_new(
                        host, "room", connection->fd, SG_READY_OUT, on_room, connection, &connection->out);
        else
                host->watch_new(host, "command", connection->fd, SG_READY_IN, on_command, connection,
                        &connection->in);
        if (manner == SMTP_SERVER_DRIPS)
                host->timer_new(host, "drip", 0, on_drip, connection, &connection->timer);
        else if (manner == SMTP_SERVER_IS_SLOW)
                host->timer_new(host, "late greeting", server->greeting_usec, on_late_greeting, connection,
                        &connection->timer);
        else if (manner == SMTP_SERVER_IS_LONG)
                say_page(connection);
        else if (greetings[manner])
                say(connection, greetings[manner]);
}

void smtp_server_init(
        struct smtp_server *server, struct sensor_bench *bench, const char *address, uint16_t port) {
        const struct sg_host *host = &bench->services;

        *server = (struct smtp_server){.bench = bench};
        for (size_t i = 0; i < SMTP_SERVER_CONNECTIONS_MAX; i++)
                server->connections[i] = (struct smtp_connection){.server = server, .fd = -1};
        server->fd = net_sandbox_listen(address, port, SOCK_STREAM);
        assert_int_equal(
                host->watch_new(host, "smtp", server->fd, SG_READY_IN, on_connection, server, &server->watch),
                0);
}

void smtp_server_deinit(struct smtp_server *server) {
        for (size_t i = 0; i < SMTP_SERVER_CONNECTIONS_MAX; i++)
                end(&server->connections[i]);
        server->bench->services.watch_free(server->watch);
        close(server->fd);
}
