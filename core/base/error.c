/* SPDX-License-Identifier: MIT */
/*
 * error - put what is wrong with somebody's input into one line
 *
 * Runs in every process.  Owns nothing.  Cannot fail: what does not fit is cut at a character, and control
 * characters are shown as \xNN, because half of a problem's text is usually the very input that was refused
 * and it ends up in a journal, on a bus or on a terminal.
 *
 * The text is built aside and copied last, so a caller may put a prefix in front of a problem by naming its own
 * text as an argument: problem_set(p, "%s: %s", file, p->text).
 *
 * Limits: one problem, one line, 511 bytes.
 */
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/text.h"

int problem_set(struct problem *problem, const char *format, ...) {
        char raw[2 * sizeof(problem->text)];
        va_list arguments;

        if (!problem)
                return -EINVAL;

        va_start(arguments, format);
        if (vsnprintf(raw, sizeof(raw), format, arguments) < 0)
                raw[0] = '\0';
        va_end(arguments);

        text_escape(problem->text, sizeof(problem->text), raw);
        return -EINVAL;
}
