/* SPDX-License-Identifier: MIT */
/*
 * log - lines for the journal on stderr
 *
 * Runs in every process.  Owns the three facts below, set once by log_open(): who we are, whether a person
 * sits at the other end, and whether debug lines are wanted.  Lines written before that go out without a role.
 *
 * A line leaves in one write(), so lines of two processes on one stderr never mix.  A line that cannot be
 * written is lost: there is nobody left to tell.  errno survives, so "%m" and a log line before a return both
 * work as one expects.
 *
 * Limits: 1 KiB a line, cut at a character; no rate limit, which belongs to whoever decides to speak; a stderr
 * that is full blocks the caller (the journal drains its socket, so only a stuck journald can do that).
 */
#include "base/log.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"

#define LOG_LINE_MAX 1024

static struct {
        const char *role;
        bool terminal, debug;
} log_state;

void log_open(const char *role) {
        const char *debug = getenv("SPOOLGUARD_DEBUG");

        log_state.role = role;
        log_state.terminal = isatty(STDERR_FILENO) == 1;
        log_state.debug = debug && strcmp(debug, "1") == 0;
}

void log_vline(enum log_level level, const char *format, va_list arguments) {
        char raw[LOG_LINE_MAX], line[LOG_LINE_MAX];
        int saved_errno = errno;
        size_t length;
        ssize_t n;

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

        do
                n = write(STDERR_FILENO, line, length);
        while (n < 0 && errno == EINTR);
        errno = saved_errno;
}

void log_line(enum log_level level, const char *format, ...) {
        va_list arguments;

        va_start(arguments, format);
        log_vline(level, format, arguments);
        va_end(arguments);
}
