/* SPDX-License-Identifier: MIT */
/*
 * smtp_probe - connect, hear 220, say EHLO, hear 250, say QUIT
 *
 * Runs in the watcher, on its event loop, for the plugin relay.  A server counts when it greets and takes our
 * name; that is what Postfix needs to begin, and a program that merely accepts connections (a dead one whose
 * kernel still does, a proxy without anything behind it) does not come so far.  One that does not know EHLO is
 * asked by HELO, as Postfix does.  No mail is ever named.
 *
 * Owns the socket, its watch and its timer.  Fails: all that happens on the network is a result, with the reason
 * in words; want of memory or descriptors says nothing about the server and is an error of smtp_probe_new().
 * Limits: each step has a deadline, however busily the server talks, a reply is bounded by smtp_reply.c, and not
 * more than one buffer is read in a turn of the loop.  No TLS.
 */
#include "common/smtp_probe.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/smtp_reply.h"

#define QUIT_USEC UINT64_C(2000000)
#define HOST_NAME_BYTES 256
#define COMMAND_BYTES (HOST_NAME_BYTES + 16)

enum step { STEP_CONNECT, STEP_GREETING, STEP_EHLO, STEP_HELO, STEP_QUIT };

struct smtp_probe {
        const struct sg_host *host;
        smtp_probe_fn fn;
        void *data;
        struct smtp_probe_limits limits;

        int fd, error; /* errno of a connect() that failed at once */
        struct sg_watch *watch;
        struct sg_timer *timer;
        enum step step;
        uint64_t began_usec;
        struct smtp_reply reply;
        struct smtp_probe_result result;
        char address[NET_ADDRESS_TEXT];
        char why[128];
};

static const char *const silence[] = {
        [STEP_CONNECT] = "no connection in time",
        [STEP_GREETING] = "it accepts connections but does not greet in time",
        [STEP_EHLO] = "it does not answer to EHLO in time",
        [STEP_HELO] = "it does not answer to HELO in time",
};

/* The last thing that is done with a probe, since its owner may free it in there. */
static void finish(struct smtp_probe *probe, const char *why) {
        probe->watch = probe->host->watch_free(probe->watch);
        probe->timer = probe->host->timer_free(probe->timer);
        if (probe->fd >= 0)
                close(probe->fd);
        probe->fd = -1;
        probe->result.why = probe->result.speaks ? NULL : why;
        probe->fn(&probe->result, probe->data);
}

/* A host name, or something that looks like one: what is in there goes out as it is. */
static void own_name(char ret_name[static HOST_NAME_BYTES]) {
        if (gethostname(ret_name, HOST_NAME_BYTES) < 0)
                ret_name[0] = '\0';
        ret_name[HOST_NAME_BYTES - 1] = '\0';
        if (!ret_name[0] ||
                strspn(ret_name,
                        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                        "0123456789.-") != strlen(ret_name))
                memcpy(ret_name, "localhost", sizeof("localhost"));
}

/* A few bytes into an empty socket buffer: what does not go now, never will. */
static void say(struct smtp_probe *probe, enum step next, const char *verb, uint64_t usec) {
        char name[HOST_NAME_BYTES], command[COMMAND_BYTES];
        int n;

        own_name(name);
        n = next == STEP_QUIT ? snprintf(command, sizeof(command), "%s\r\n", verb)
                              : snprintf(command, sizeof(command), "%s %s\r\n", verb, name);
        if (send(probe->fd, command, (size_t)n, MSG_NOSIGNAL) != n) {
                finish(probe, "it breaks the connection");
                return;
        }
        probe->step = next;
        probe->reply = (struct smtp_reply){0};
        probe->host->timer_arm(probe->timer, usec);
}

static void refuse(struct smtp_probe *probe, int code) {
        snprintf(probe->why, sizeof(probe->why), "it answers %d to %s", code,
                probe->step == STEP_GREETING       ? "the connection"
                        : probe->step == STEP_EHLO ? "EHLO"
                                                   : "HELO");
        finish(probe, probe->why);
}

static void on_reply(struct smtp_probe *probe, int code) {
        if (probe->step == STEP_QUIT) {
                finish(probe, NULL);
        } else if (probe->step == STEP_GREETING && code == 220) {
                say(probe, STEP_EHLO, "EHLO", probe->limits.reply_usec);
        } else if (probe->step != STEP_GREETING && code == 250) {
                probe->result.speaks = true;
                say(probe, STEP_QUIT, "QUIT", QUIT_USEC);
        } else if (probe->step == STEP_EHLO && code / 100 == 5) {
                say(probe, STEP_HELO, "HELO", probe->limits.reply_usec);
        } else {
                refuse(probe, code);
        }
}

static void on_readable(struct sg_watch *watch, int fd, unsigned ready, void *data) {
        struct smtp_probe *probe = data;
        char bytes[1024];
        ssize_t n = recv(fd, bytes, sizeof(bytes), 0);
        int code = -EPERM;

        (void)watch;
        (void)ready;
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
                return;
        if (n <= 0) {
                finish(probe, "it breaks the connection");
                return;
        }
        /* False: its words ended this process once. */
        if (probe->host->parsing(probe->host, probe->address))
                code = smtp_reply_feed(&probe->reply, bytes, (size_t)n);
        probe->host->parsing(probe->host, NULL);
        if (code < 0)
                finish(probe, code == -E2BIG ? "its reply has no end" : "what it says is not SMTP");
        else if (code > 0)
                on_reply(probe, code);
}

static void on_connected(struct sg_watch *watch, int fd, unsigned ready, void *data) {
        struct smtp_probe *probe = data;
        socklen_t size = sizeof(probe->error);

        (void)watch;
        (void)ready;
        probe->watch = probe->host->watch_free(probe->watch);
        if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &probe->error, &size) < 0)
                probe->error = errno;
        if (probe->error == 0 &&
                probe->host->watch_new(
                        probe->host, "relay: probe", fd, SG_READY_IN, on_readable, probe, &probe->watch) < 0)
                probe->error = ENOMEM;
        if (probe->error) {
                finish(probe, strerror(probe->error));
                return;
        }
        probe->result.connected = true;
        probe->result.connect_usec = probe->host->now_usec(probe->host) - probe->began_usec;
        probe->step = STEP_GREETING;
        probe->host->timer_arm(probe->timer, probe->limits.reply_usec);
}

static void on_timer(struct sg_timer *timer, void *data) {
        struct smtp_probe *probe = data;

        (void)timer;
        finish(probe, probe->error ? strerror(probe->error) : silence[probe->step]);
}

/* Trouble of this process, which says nothing about the server. */
static bool is_our_own(int error) {
        return error == EMFILE || error == ENFILE || error == ENOMEM || error == ENOBUFS || error == EPERM;
}

int smtp_probe_new(const struct sg_host *host, const struct net_address *address, uint16_t port,
        const struct smtp_probe_limits *limits, smtp_probe_fn fn, void *data, struct smtp_probe **ret_probe) {
        struct smtp_probe *probe = calloc(1, sizeof(*probe));
        char text[NET_ADDRESS_TEXT];
        int r;

        if (!probe)
                return -ENOMEM;
        *probe = (struct smtp_probe){
                .host = host, .fn = fn, .data = data, .limits = *limits, .began_usec = host->now_usec(host)};
        net_address_print(address, text);
        snprintf(probe->address, sizeof(probe->address), "SMTP %.50s", text);
        probe->fd = net_address_connect(address, port, SOCK_STREAM);
        /* No way there, or refused at once: said from the loop, so that `fn` is never called from in here. */
        if (probe->fd < 0)
                probe->error = -probe->fd;
        if (is_our_own(probe->error)) {
                r = -probe->error;
                free(probe);
                return r;
        }
        r = host->timer_new(host, "relay: probe's deadline", probe->error ? 0 : limits->connect_usec,
                on_timer, probe, &probe->timer);
        if (r >= 0 && !probe->error)
                r = host->watch_new(
                        host, "relay: probe", probe->fd, SG_READY_OUT, on_connected, probe, &probe->watch);
        if (r < 0) {
                smtp_probe_free(probe);
                return r;
        }
        *ret_probe = probe;
        return 0;
}

struct smtp_probe *smtp_probe_free(struct smtp_probe *probe) {
        if (!probe)
                return NULL;
        probe->host->watch_free(probe->watch);
        probe->host->timer_free(probe->timer);
        if (probe->fd >= 0)
                close(probe->fd);
        free(probe);
        return NULL;
}
