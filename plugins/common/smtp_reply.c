/* SPDX-License-Identifier: MIT */
/*
 * smtp_reply - read "220-text", "220 text" byte by byte
 *
 * Used in the watcher by the plugin relay.  A pure state machine over what a stranger's server sends; it keeps no
 * text, only where it is in the line and the code, so nothing can overflow.
 *
 * Fails: -EBADMSG as soon as a line does not begin with a code, changes the code within a reply, or holds a NUL;
 * -E2BIG beyond SMTP_REPLY_BYTES_MAX, which also ends a reply of ever more lines.
 * Limits: lines may end by a bare newline, as Postfix accepts them.  Time limits are the caller's.
 */
#include "common/smtp_reply.h"

#include <errno.h>

#define CODE_DIGITS 3

/* A line is over.  The code of the reply when it was its last one, else 0. */
static int end_line(struct smtp_reply *reply) {
        char after = reply->after_code;

        if (reply->column < CODE_DIGITS)
                return -EBADMSG;
        if (reply->code == 0)
                reply->code = reply->line_code;
        if (reply->code != reply->line_code || reply->code < 200 || reply->code > 599)
                return -EBADMSG;
        reply->column = 0;
        reply->line_code = 0;
        reply->after_code = '\0';
        return after == '-' ? 0 : reply->code;
}

static int feed_byte(struct smtp_reply *reply, char c) {
        if (c == '\0')
                return -EBADMSG;
        if (c == '\n')
                return end_line(reply);
        if (reply->column < CODE_DIGITS) {
                if (c < '0' || c > '9')
                        return -EBADMSG;
                reply->line_code = reply->line_code * 10 + (c - '0');
        } else if (reply->column == CODE_DIGITS) {
                if (c != ' ' && c != '-' && c != '\r')
                        return -EBADMSG;
                reply->after_code = c;
        }
        reply->column++;
        return 0;
}

int smtp_reply_feed(struct smtp_reply *reply, const char *bytes, size_t n) {
        for (size_t i = 0; i < n; i++) {
                int r;

                if (++reply->bytes > SMTP_REPLY_BYTES_MAX)
                        return -E2BIG;
                r = feed_byte(reply, bytes[i]);
                if (r != 0)
                        return r;
        }
        return 0;
}
