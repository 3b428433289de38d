/* SPDX-License-Identifier: MIT */
/*
 * log - lines for the journal on stderr
 *
 * Runs in every process.  Owns three facts, set once by log_open(): who we are, whether a person sits
 * at the other end, and whether debug lines are wanted; and a count.  Lines written before that go out without a role.
 *
 * A line leaves in one send() or write(), so lines of two processes on one stderr never mix.  A line that cannot be
 * written is lost: there is nobody left to tell.  errno survives, so "%m" and a log line before a return both
 * work as one expects.
 *
 * Nobody waits for a stderr that is full, as it is when journald hangs: the line is lost and counted, and the next
 * one that gets through is followed by the count.  O_NONBLOCK would be shared with everybody who has the same
 * stderr, so a socket is sent to with MSG_DONTWAIT, and anything else is asked first.
 *
 * Limits: 1 KiB a line, cut at a character; no rate limit, which belongs to whoever decides to speak; a pipe that
 * somebody else fills between question and write() blocks after all.
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

#include "base/text.h"

#define LOG_LINE_MAX 1024

static struct {
        const char *role;
        bool terminal, debug;
        unsigned lost;
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

static void put_lost(void) {
        char line[80];

        text_format(line, sizeof(line), "%s%u lines before were lost\n", log_state.terminal ? "" : "<4>",
                log_state.lost);
        if (put(line, strlen(line)))
                log_state.lost = 0;
}

void log_vline(enum log_level level, const char *format, va_list arguments) {
        char raw[LOG_LINE_MAX], line[LOG_LINE_MAX];
        int saved_errno = errno;
        size_t length;

        if (level == LOG_LEVEL_DEBUG && !log_state.debug)
                return;
        if (vsnprintf(raw, sizeof(raw), format, arguments) < 0)
                text_copy(raw, sizeof(raw), format);

        if (!log_state.terminal)
                text_format(line, sizeof(line), "<%d>", (int)level);
        else
                text_format(line, sizeof(line), "%s%s", log_state.role ?: "", log_state.role ? ": " : "");
        length = strlen(line);
        text_escape(line + length, sizeof(line) - length, raw);
        /* in the place of the NUL: write() wants none */
        length = strlen(line);
        line[length++] = '\n';

        if (!put(line, length))
                log_state.lost++;
        else if (log_state.lost > 0)
                put_lost();
        errno = saved_errno;
}

void log_line(enum log_level level, const char *format, ...) {
        va_list arguments;

        va_start(arguments, format);
        log_vline(level, format, arguments);
        va_end(arguments);
}
