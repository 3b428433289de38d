/* SPDX-License-Identifier: MIT */
/*
 * smtp_probe - connect, hear 220, say EHLO, hear 250, say QUIT
 *
 * Runs in the watcher, on its event loop, for the plugin relay.  A server counts when it greets and takes our
 * name; that is what Postfix needs to begin, and a program that merely accepts connections (a dead one whose
 * kernel still does, a proxy without anything behind it) does not come so far.  One that does not know EHLO is
 * asked by HELO, as Postfix does, and one that knows neither by LHLO.  No mail is ever named.
 *
 * Whoever said a reply is told QUIT before the connection is closed, whatever came of it: servers count those who
 * just go.  A server that talks and refuses is told apart from one that is not there.
 *
 * Owns the socket, its watch and its timer.  Fails: all that happens on the network is a result, with the reason
 * in words; want of memory or descriptors says nothing about the server: an error of smtp_probe_new(), or
 * SMTP_PROBE_UNTOLD.
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

#include "common/dns_message.h"
#include "common/smtp_reply.h"

#define QUIT_USEC UINT64_C(2000000)
#define HOST_NAME_BYTES 256
#define COMMAND_BYTES (HOST_NAME_BYTES + 16)

enum step { STEP_CONNECT, STEP_GREETING, STEP_EHLO, STEP_HELO, STEP_LHLO, STEP_QUIT };

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
        char name[HOST_NAME_BYTES]; /* "": that of this host */
        char why[128];
};

static const struct {
        const char *verb, *silence;
} steps[] = {
        [STEP_CONNECT] = {NULL, "connection timed out"},
        [STEP_GREETING] = {"the connection", "accepts connections but does not greet"},
        [STEP_EHLO] = {"EHLO", "does not answer to EHLO"},
        [STEP_HELO] = {"HELO", "does not answer to HELO"},
        [STEP_LHLO] = {"LHLO", "does not answer to LHLO"},
        [STEP_QUIT] = {"QUIT", NULL},
};

/* What an errno of connect() says, at once or later. */
static const struct {
        int error;
        enum smtp_probe_outcome outcome;
        const char *why;
} refusals[] = {
        {ECONNREFUSED, SMTP_PROBE_REFUSED, "connection refused"},
        {ETIMEDOUT, SMTP_PROBE_TIMED_OUT, "connection timed out"},
        {EHOSTUNREACH, SMTP_PROBE_UNREACHABLE, "no route to host"},
        {ENETUNREACH, SMTP_PROBE_UNREACHABLE, "network is unreachable"},
        {EHOSTDOWN, SMTP_PROBE_UNREACHABLE, "host is down"},
        {ENETDOWN, SMTP_PROBE_UNREACHABLE, "network is down"},
        {EAFNOSUPPORT, SMTP_PROBE_NO_ROUTE, "this host has no such addresses"},
        {ENODEV, SMTP_PROBE_NO_ROUTE, "there is no such interface"},
        {ECONNRESET, SMTP_PROBE_CLOSED, "resets the connection"},
};

static void say_quit(const struct smtp_probe *probe) {
        (void)send(probe->fd, "QUIT\r\n", 6, MSG_NOSIGNAL);
}

static void hang_up(struct smtp_probe *probe) {
        probe->watch = probe->host->watch_free(probe->watch);
        probe->timer = probe->host->timer_free(probe->timer);
        if (probe->fd >= 0 && probe->step > STEP_GREETING && probe->step < STEP_QUIT)
                say_quit(probe);
        if (probe->fd >= 0)
                close(probe->fd);
        probe->fd = -1;
}

/* The last thing that is done with a probe, since its owner may free it in there. */
static void finish(struct smtp_probe *probe) {
        hang_up(probe);
        probe->fn(&probe->result, probe->data);
}

static void fail(struct smtp_probe *probe, enum smtp_probe_outcome outcome, const char *why) {
        /* The verdict fell before QUIT. */
        if (probe->step != STEP_QUIT) {
                probe->result.outcome = outcome;
                probe->result.why = why;
        }
        finish(probe);
}

/* The verdict is known, and the server can hear: it is left politely. */
static void leave(struct smtp_probe *probe) {
        say_quit(probe);
        probe->step = STEP_QUIT;
        probe->reply = (struct smtp_reply){0};
        probe->host->timer_arm(probe->timer, QUIT_USEC);
}

/* What is in there goes out as it is. */
static bool is_full_name(const char *name) {
        return strchr(name, '.') &&
                strspn(name,
                        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                        "0123456789.-") == strlen(name);
}

/* As somebody has set it: without a domain if he likes. */
static bool is_sayable(const char *name) {
        return dns_message_name_valid(name) ||
                (name[0] == '[' && strspn(name + 1, "0123456789abcdefABCDEFIPv.:") + 2 == strlen(name) &&
                        name[strlen(name) - 1] == ']');
}

/* A host without a full name says its address instead (RFC 5321, 4.1.4): many a server refuses half a name. */
static void own_name(int fd, char ret_name[static HOST_NAME_BYTES]) {
        struct net_address address;
        char text[NET_ADDRESS_TEXT];

        if (gethostname(ret_name, HOST_NAME_BYTES) < 0)
                ret_name[0] = '\0';
        ret_name[HOST_NAME_BYTES - 1] = '\0';
        if (is_full_name(ret_name))
                return;
        snprintf(ret_name, HOST_NAME_BYTES, "localhost");
        if (!net_address_of_socket(fd, &address))
                return;
        net_address_print(&address, text);
        snprintf(ret_name, HOST_NAME_BYTES, "[%s%s]", address.family == AF_INET6 ? "IPv6:" : "", text);
}

/* A few bytes into an empty socket buffer: what does not go now, never will. */
static void say_hello(struct smtp_probe *probe, enum step step) {
        char name[HOST_NAME_BYTES], command[COMMAND_BYTES];
        int n;

        if (probe->name[0])
                memcpy(name, probe->name, sizeof(name));
        else
                own_name(probe->fd, name);
        n = snprintf(command, sizeof(command), "%s %s\r\n", steps[step].verb, name);
        if (send(probe->fd, command, (size_t)n, MSG_NOSIGNAL) != n) {
                fail(probe, SMTP_PROBE_CLOSED, "closes the connection");
                return;
        }
        probe->step = step;
        probe->reply = (struct smtp_reply){0};
}

static void refuse(struct smtp_probe *probe, int code) {
        if (code < 400) {
                fail(probe, SMTP_PROBE_NOT_SMTP, "does not speak SMTP");
                return;
        }
        snprintf(probe->why, sizeof(probe->why), "answers %d to %s", code, steps[probe->step].verb);
        probe->result.outcome = SMTP_PROBE_REFUSES;
        probe->result.why = probe->why;
        leave(probe);
}

static void on_reply(struct smtp_probe *probe, int code) {
        if (probe->step == STEP_QUIT) {
                finish(probe);
        } else if (probe->step == STEP_GREETING && code == 220) {
                probe->result.greeted = true;
                /* For all of them together: nobody needs that long. */
                probe->host->timer_arm(probe->timer, probe->limits.reply_usec);
                say_hello(probe, STEP_EHLO);
        } else if (probe->step != STEP_GREETING && code == 250) {
                probe->result.outcome = SMTP_PROBE_SPEAKS;
                leave(probe);
        } else if (probe->step == STEP_EHLO && code / 100 == 5) {
                say_hello(probe, STEP_HELO);
        } else if (probe->step == STEP_HELO && (code == 500 || code == 502)) {
                say_hello(probe, STEP_LHLO);
        } else {
                refuse(probe, code);
        }
}

static void on_readable(struct sg_watch *watch, int fd, unsigned ready, void *data) {
        struct smtp_probe *probe = data;
        char bytes[4096];
        ssize_t n = recv(fd, bytes, sizeof(bytes), 0);
        int code;

        (void)watch;
        (void)ready;
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
                return;
        if (n <= 0) {
                fail(probe, SMTP_PROBE_CLOSED, "closes the connection");
                return;
        }
        if (!probe->host->parsing(probe->host, probe->address)) {
                probe->host->parsing(probe->host, NULL);
                fail(probe, SMTP_PROBE_UNTOLD, "its words once ended the process that read them");
                return;
        }
        code = smtp_reply_feed(&probe->reply, bytes, (size_t)n);
        probe->host->parsing(probe->host, NULL);
        if (code < 0)
                fail(probe, SMTP_PROBE_NOT_SMTP,
                        code == -E2BIG ? "gives a reply without end" : "does not speak SMTP");
        else if (code > 0)
                on_reply(probe, code);
}

/* `at_once`: it was the kernel's own word, and no packet went out. */
static void fail_connect(struct smtp_probe *probe, int error, bool at_once) {
        for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
                enum smtp_probe_outcome outcome = refusals[i].outcome;

                if (refusals[i].error != error)
                        continue;
                if (at_once && outcome == SMTP_PROBE_UNREACHABLE)
                        outcome = SMTP_PROBE_NO_ROUTE;
                fail(probe, outcome, refusals[i].why);
                return;
        }
        snprintf(probe->why, sizeof(probe->why), "cannot be tried: %s", strerror(error));
        fail(probe, SMTP_PROBE_UNTOLD, probe->why);
}

static void on_connected(struct sg_watch *watch, int fd, unsigned ready, void *data) {
        struct smtp_probe *probe = data;
        int error = 0;
        socklen_t size = sizeof(error);

        (void)watch;
        (void)ready;
        probe->watch = probe->host->watch_free(probe->watch);
        if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0)
                error = errno;
        if (error == 0 &&
                probe->host->watch_new(
                        probe->host, "relay: probe", fd, SG_READY_IN, on_readable, probe, &probe->watch) < 0)
                error = ENOMEM;
        if (error) {
                fail_connect(probe, error, false);
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
        if (probe->error)
                fail_connect(probe, probe->error, true);
        else
                fail(probe, probe->step == STEP_CONNECT ? SMTP_PROBE_TIMED_OUT : SMTP_PROBE_SILENT,
                        steps[probe->step].silence);
}

/* Trouble of this process, which says nothing about the server. */
static bool is_our_own(int error) {
        return error == EMFILE || error == ENFILE || error == ENOMEM || error == ENOBUFS || error == EPERM;
}

int smtp_probe_new(const struct sg_host *host, const struct smtp_probe_call *call,
        const struct smtp_probe_limits *limits, smtp_probe_fn fn, void *data, struct smtp_probe **ret_probe) {
        struct smtp_probe *probe = calloc(1, sizeof(*probe));
        char text[NET_ADDRESS_TEXT];
        int r;

        if (!probe)
                return -ENOMEM;
        *probe = (struct smtp_probe){
                .host = host, .fn = fn, .data = data, .limits = *limits, .began_usec = host->now_usec(host)};
        if (call->name && is_sayable(call->name))
                snprintf(probe->name, sizeof(probe->name), "%s", call->name);
        net_address_print(&call->to, text);
        snprintf(probe->address, sizeof(probe->address), "SMTP %.50s", text);
        probe->fd = net_address_connect(&call->to, call->port, SOCK_STREAM, call->from);
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
        hang_up(probe);
        free(probe);
        return NULL;
}
