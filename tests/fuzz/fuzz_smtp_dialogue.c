/* SPDX-License-Identifier: MIT */
/*
 * fuzz_smtp_dialogue - a server that says anything, in any pieces, and then hangs up or is silent
 *
 * The probe as it is, over a socket pair in the place of the network, on a loop with one timer and one descriptor.
 * Input: what happens at the end (a byte), then pieces, each with its length before it.  Whatever the server does,
 * there is one verdict, only whole commands are sent, and a server that said a reply is told QUIT.
 */
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/smtp_probe.h"
#include "fuzz.h"

struct sg_timer {
        sg_timer_fn fn;
        void *data;
        bool is_armed;
};

struct sg_watch {
        sg_watch_fn fn;
        void *data;
        int fd;
        unsigned ready;
};

static struct sg_timer timer;
static struct sg_watch watch;
static int server; /* the other end; -1: it has hung up */
static unsigned verdicts, quits, greetings_answered;
static struct smtp_probe_result verdict;

static void demand(bool what) {
        if (!what)
                abort();
}

static uint64_t now_usec(const struct sg_host *host) {
        (void)host;
        return 1;
}

static void timer_arm(struct sg_timer *one, uint64_t delay_usec) {
        (void)delay_usec;
        one->is_armed = true;
}

static int timer_new(const struct sg_host *host, const char *name, uint64_t delay_usec, sg_timer_fn fn,
        void *data, struct sg_timer **ret_timer) {
        (void)host;
        (void)name;
        (void)delay_usec;
        timer = (struct sg_timer){.fn = fn, .data = data, .is_armed = true};
        *ret_timer = &timer;
        return 0;
}

static struct sg_timer *timer_free(struct sg_timer *one) {
        if (one)
                *one = (struct sg_timer){.is_armed = false};
        return NULL;
}

static int watch_new(const struct sg_host *host, const char *name, int fd, unsigned ready, sg_watch_fn fn,
        void *data, struct sg_watch **ret_watch) {
        (void)host;
        (void)name;
        demand(!watch.fn);
        watch = (struct sg_watch){.fn = fn, .data = data, .fd = fd, .ready = ready};
        *ret_watch = &watch;
        return 0;
}

static struct sg_watch *watch_free(struct sg_watch *one) {
        if (one)
                *one = (struct sg_watch){.fn = NULL};
        return NULL;
}

static bool parsing(const struct sg_host *host, const char *what) {
        (void)host;
        (void)what;
        return true;
}

static const struct sg_host host = {
        .size = sizeof(struct sg_host),
        .root = "",
        .now_usec = now_usec,
        .timer_new = timer_new,
        .timer_arm = timer_arm,
        .timer_free = timer_free,
        .watch_new = watch_new,
        .watch_free = watch_free,
        .parsing = parsing,
};

int __wrap_net_address_connect(
        const struct net_address *to, uint16_t port, int type, const struct net_address *from);

int __wrap_net_address_connect(
        const struct net_address *to, uint16_t port, int type, const struct net_address *from) {
        int pair[2];

        (void)to;
        (void)port;
        (void)from;
        demand(socketpair(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) == 0);
        server = pair[1];
        return pair[0];
}

static void on_verdict(const struct smtp_probe_result *result, void *data) {
        (void)data;
        verdicts++;
        verdict = *result;
        demand(result->outcome < SMTP_PROBE_OUTCOMES);
        demand((result->outcome == SMTP_PROBE_SPEAKS) == !result->why);
        for (const char *c = result->why; c && *c; c++)
                demand(isprint((unsigned char)*c));
}

/* What it was told, which is never more than one command at a time. */
static void hear(void) {
        static const char *const verbs[] = {"EHLO ", "HELO ", "LHLO ", "QUIT\r\n"};
        char heard[2048];
        ssize_t n = server < 0 ? -1 : recv(server, heard, sizeof(heard) - 1, 0);
        bool is_known = false;

        if (n <= 0)
                return;
        heard[n] = '\0';
        for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
                is_known |= strncmp(heard, verbs[i], strlen(verbs[i])) == 0;
        demand(is_known && n > 2 && strcmp(heard + n - 2, "\r\n") == 0);
        quits += strstr(heard, "QUIT\r\n") != NULL;
        greetings_answered += heard[0] != 'Q';
}

static void turn(void) {
        if (watch.fn)
                watch.fn(&watch, watch.fd, watch.ready, watch.data);
        hear();
}

static void end(bool hangs_up) {
        if (hangs_up && server >= 0) {
                close(server);
                server = -1;
                turn();
        }
        for (int i = 0; i < 4 && verdicts == 0 && timer.is_armed; i++) {
                timer.is_armed = false;
                timer.fn(&timer, timer.data);
                hear();
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        const struct smtp_probe_limits limits = {.connect_usec = 1, .reply_usec = 1};
        const struct smtp_probe_call call = {.to = {.family = AF_INET}, .port = 25};
        struct smtp_probe *probe = NULL;

        if (size == 0)
                return 0;
        verdicts = quits = greetings_answered = 0;
        demand(smtp_probe_new(&host, &call, &limits, on_verdict, NULL, &probe) == 0);
        turn();
        for (size_t at = 1; at < size && verdicts == 0;) {
                size_t length = data[at++];

                /* The long ones make a flood possible. */
                length = length >= 128 ? (length - 127) * 64 : length;
                if (length > size - at)
                        length = size - at;
                if (length > 0 && send(server, data + at, length, MSG_NOSIGNAL) != (ssize_t)length)
                        break;
                at += length;
                turn();
        }
        end(data[0] & 1);
        demand(verdicts == 1 && !watch.fn && !timer.is_armed);
        demand(quits <= 1 && greetings_answered <= 3);
        demand(verdict.outcome != SMTP_PROBE_SPEAKS || (verdict.greeted && greetings_answered > 0));
        demand(server < 0 || greetings_answered == 0 || quits == 1);
        probe = smtp_probe_free(probe);
        if (server >= 0)
                close(server);
        server = -1;
        return 0;
}
