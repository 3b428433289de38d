/* SPDX-License-Identifier: MIT */
/*
 * queue_status - the DSN status of a deferral, as the bits of a message that hold it
 *
 * Runs in the watcher, as part of the sensor `queue`.  A status is three numbers (RFC 3463): a class, and a subject
 * and a detail of up to three digits.  The remote server chooses it, so any of a million may come: they are kept in
 * the message and not in a table that could be filled.
 *
 * Owns nothing, cannot fail.  Limits: a status of another form is not kept.
 */
#include "postfix/queue_status.h"

#include <stdio.h>

static const char digits[] = {[QUEUE_STATUS_2] = '2', [QUEUE_STATUS_4] = '4', [QUEUE_STATUS_5] = '5'};

/* One to three digits; NULL: something else. */
static const char *parse(const char *at, uint32_t *ret_number) {
        const char *start = at;

        for (*ret_number = 0; *at >= '0' && *at <= '9' && at - start < 3; at++)
                *ret_number = *ret_number * 10 + (uint32_t)(*at - '0');
        return at > start ? at : NULL;
}

void queue_status_set(struct queue_message *message, const char *text) {
        const char *at = text[0] && text[1] == '.' ? text + 2 : NULL;
        unsigned class = QUEUE_STATUS_2;
        uint32_t subject = 0, detail = 0;

        while (class < sizeof(digits) && digits[class] != text[0])
                class ++;
        if (at)
                at = parse(at, &subject);
        if (at && *at == '.')
                at = parse(at + 1, &detail);
        else
                at = NULL;
        if (!at || *at != '\0' || class == sizeof(digits))
                class = QUEUE_STATUS_NONE;
        message->status_class = class & 3u;
        message->status_subject = subject & 1023u;
        message->status_detail = detail & 1023u;
}

bool queue_status_format(const struct queue_message *message, char ret_text[static QUEUE_STATUS_TEXT_MAX]) {
        if (message->status_class == QUEUE_STATUS_NONE)
                return false;
        snprintf(ret_text, QUEUE_STATUS_TEXT_MAX, "%c.%u.%u", digits[message->status_class],
                message->status_subject % 1000u, message->status_detail % 1000u);
        return true;
}
