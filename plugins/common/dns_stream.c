/* SPDX-License-Identifier: MIT */
/*
 * dns_stream - where a DNS message over TCP begins and ends
 *
 * Used in the watcher by dns_query.c, for the plugins dns and relay.  Pure functions over a buffer that holds the
 * longest message there can be, so a server may announce what it likes and talk for as long as it likes: reading
 * stops at what it announced first, and only the first message is ever read.
 *
 * Owns nothing.  Cannot fail: what is in the message is judged by dns_message.c, how long it may take by
 * dns_query.c.
 */
#include "common/dns_stream.h"

#include <arpa/nameser.h>

size_t dns_stream_room(const struct dns_stream *stream) {
        if (stream->used < DNS_STREAM_LENGTH)
                return DNS_STREAM_LENGTH - stream->used;
        return DNS_STREAM_LENGTH + (size_t)ns_get16(stream->bytes) - stream->used;
}

const uint8_t *dns_stream_message(const struct dns_stream *stream, size_t *ret_size) {
        *ret_size = ns_get16(stream->bytes);
        return stream->bytes + DNS_STREAM_LENGTH;
}
