/* SPDX-License-Identifier: MIT */
/* dns_stream - DNS over TCP: two bytes of length, then the message */
#ifndef COMMON_DNS_STREAM_H
#define COMMON_DNS_STREAM_H

#include <stddef.h>
#include <stdint.h>

#define DNS_STREAM_LENGTH 2
#define DNS_STREAM_BYTES (DNS_STREAM_LENGTH + 65535)

struct dns_stream {
        size_t used;
        uint8_t bytes[DNS_STREAM_BYTES];
};

/* So many bytes, and not one more, may be put behind those that are there; 0: the message is whole. */
size_t dns_stream_room(const struct dns_stream *stream);
/* The message once it is whole; its size may be 0. */
const uint8_t *dns_stream_message(const struct dns_stream *stream, size_t *ret_size);

#endif
