/* SPDX-License-Identifier: MIT */
/*
 * log - lines for the journal on stderr, with the priority prefix of sd-daemon(3)
 *
 * On a terminal the prefix is left out and the role is shown.  One line per event, no newline in the format;
 * control characters in arguments are shown as \xNN, a line is cut at 1 KiB.  Lines
 * that repeat too often are left out and counted, by their format.  Structured events with a
 * MESSAGE_ID are the executor's alone (executor/event.h).
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdarg.h>

enum log_level {
        LOG_LEVEL_CRIT = 2,
        LOG_LEVEL_ERROR,
        LOG_LEVEL_WARNING,
        LOG_LEVEL_NOTICE,
        LOG_LEVEL_INFO,
        LOG_LEVEL_DEBUG
};

/* `role` must outlive the process ("executor"). Debug lines only with SPOOLGUARD_DEBUG=1 in the environment. */
void log_open(const char *role);
void log_line(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));
void log_vline(enum log_level level, const char *format, va_list arguments)
        __attribute__((format(printf, 2, 0)));

#define log_crit(...) log_line(LOG_LEVEL_CRIT, __VA_ARGS__)
#define log_error(...) log_line(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_line(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_notice(...) log_line(LOG_LEVEL_NOTICE, __VA_ARGS__)
#define log_info(...) log_line(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_line(LOG_LEVEL_DEBUG, __VA_ARGS__)

#endif
