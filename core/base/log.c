/* SPDX-License-Identifier: MIT */
/*
 * log - lines for the journal on stderr
 *
 * Runs in every process.  Owns three facts, set once by log_open(): who we are, whether a person sits
 * at the other end, and whether debug lines are wanted; and counts.  Lines written before that go out without a role.
 *
 * A line leaves in one send() or write(), so lines of two processes on one stderr never mix.  A line that cannot be
 * written is lost: there is nobody left to tell.  errno survives, so "%m" and a log line before a return both
 * work as one expects.
 *
 * Nobody waits for a stderr that is full, as it is when journald hangs: the line is lost and counted, and the next
 * one that gets through is followed by the count.  O_NONBLOCK would be shared with everybody who has the same
 * stderr, so a socket is sent to with MSG_DONTWAIT, and anything else is asked first.
 *
 * A line that comes again and again must not fill the journal that we guard.  Each format has an allowance: so many
 * lines at once, and then one every few seconds.  What is over is left out and counted, the first one that is left
 * out is announced, and the next one that is not comes with the count.  The allowance hangs on the format and not
 * on the text, because the text may have a stranger's bytes in it, of which there are always new ones.  Formats that
 * share a place in the table share its allowance, so there is an end to all of them together.  Debug lines
 * and a terminal have no limit: somebody asked for them.
 *
 * Limits: 1 KiB a line, cut at a character; a pipe that somebody else fills between question and write() blocks
 * after all.
 */
#include "base/log.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"

#define LOG_LINE_MAX 1024
#define KINDS 128u
#define BURST 100u
#define AGAIN_USEC (5 * USEC_PER_SEC)
#define LEFT_OUT "too many lines like this one, most are left out: "

struct kind {
        uint64_t paid_usec; /* monotonic: until when its lines are paid for, AGAIN_USEC each */
        unsigned left_out;
        bool announced;
};

static struct {
        const char *role;
        bool terminal, debug;
        unsigned lost;
        struct kind kinds[KINDS];
} log_state;

void log_open(const char *role) {
        const char *debug = getenv("SPOOLGUARD_DEBUG");

        log_state.role = role;
        log_state.terminal = isatty(STDERR_FILENO) == 1;
        log_state.debug = debug && strcmp(debug, "1") == 0;
}

static bool put(const char *line, size_t length) {
        struct pollfd ready = {.fd = STDERR_FILENO, .events = POLLOUT};
        ssize_t n;

        do
                n = send(STDERR_FILENO, line, length, MSG_DONTWAIT | MSG_NOSIGNAL);
        while (n < 0 && errno == EINTR);
        if (n >= 0)
                return true;
        /* No socket, or a process that may not send to one. */
        if (errno == EAGAIN || errno == ENOBUFS || poll(&ready, 1, 0) != 1 || !(ready.revents & POLLOUT))
                return false;
        do
                n = write(STDERR_FILENO, line, length);
        while (n < 0 && errno == EINTR);
        return n >= 0;
}

static bool put_count(unsigned count, const char *what) {
        char line[80];

        text_format(line, sizeof(line), "%s%u %s\n", log_state.terminal ? "" : "<4>", count, what);
        return put(line, strlen(line));
}

/* By level, too: one format may be all lines of all plugins, and chatter must not take an error's place. */
static struct kind *kind_of(enum log_level level, const char *format) {
        uint32_t hash = (2166136261u ^ (uint32_t)level) * 16777619u;

        for (const char *c = format; *c; c++)
                hash = (hash ^ (unsigned char)*c) * 16777619u;
        return &log_state.kinds[hash % KINDS];
}

/* False: over the allowance.  *ret_first: the first of its kind, for a while, that is. */
static bool take_allowance(struct kind *kind, bool *ret_first) {
        uint64_t now = clock_monotonic_usec();

        *ret_first = false;
        if (kind->paid_usec < now) {
                kind->paid_usec = now;
                kind->announced = false;
        }
        if (kind->paid_usec - now <= (BURST - 1) * AGAIN_USEC) {
                kind->paid_usec += AGAIN_USEC;
                return true;
        }
        *ret_first = !kind->announced;
        kind->announced = true;
        kind->left_out++;
        return false;
}

void log_vline(enum log_level level, const char *format, va_list arguments) {
        char raw[LOG_LINE_MAX], line[LOG_LINE_MAX];
        struct kind *kind = kind_of(level, format);
        int saved_errno = errno;
        bool last = false;
        size_t length;

        if (level == LOG_LEVEL_DEBUG && !log_state.debug)
                return;
        if (level != LOG_LEVEL_DEBUG && !log_state.terminal && !take_allowance(kind, &last) && !last) {
                errno = saved_errno;
                return;
        }
        errno = saved_errno;
        if (vsnprintf(raw, sizeof(raw), format, arguments) < 0)
                text_copy(raw, sizeof(raw), format);

        if (!log_state.terminal)
                text_format(line, sizeof(line), "<%d>%s", (int)level, last ? LEFT_OUT : "");
        else
                text_format(line, sizeof(line), "%s%s", log_state.role ?: "", log_state.role ? ": " : "");
        length = strlen(line);
        text_escape(line + length, sizeof(line) - length, raw);
        /* in the place of the NUL: write() wants none */
        length = strlen(line);
        line[length++] = '\n';

        if (!put(line, length))
                log_state.lost++;
        else if (log_state.lost > 0 && put_count(log_state.lost, "lines before were lost"))
                log_state.lost = 0;
        if (kind->left_out > 0 && !last && level != LOG_LEVEL_DEBUG &&
                put_count(kind->left_out, "lines like the last one were left out before it"))
                kind->left_out = 0;
        errno = saved_errno;
}

void log_line(enum log_level level, const char *format, ...) {
        va_list arguments;

        va_start(arguments, format);
        log_vline(level, format, arguments);
        va_end(arguments);
}
