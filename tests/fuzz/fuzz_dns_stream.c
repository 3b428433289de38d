/* SPDX-License-Identifier: MIT */
/*
 * fuzz_dns_stream - any bytes, taken in pieces as they may come over TCP, and the message in them read
 *
 * The first byte chooses how large the pieces are.  Never more is asked for than there is room for, the message is what
 * was announced, and it is the same however it was cut.
 */
#include <arpa/nameser.h>
#include <stdlib.h>
#include <string.h>

#include "common/dns_message.h"
#include "common/dns_stream.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        static struct dns_stream stream;
        size_t piece, used = 0, length;
        struct dns_answer answer;
        const uint8_t *message;

        if (size == 0)
                return 0;
        piece = data[0] + 1u;
        data++;
        size--;
        stream.used = 0;
        while (used < size && dns_stream_room(&stream) > 0) {
                size_t room = dns_stream_room(&stream), n = size - used < piece ? size - used : piece;

                if (room > DNS_STREAM_BYTES - stream.used)
                        abort();
                n = n < room ? n : room;
                memcpy(stream.bytes + stream.used, data + used, n);
                stream.used += n;
                used += n;
        }
        if (stream.used < DNS_STREAM_LENGTH || dns_stream_room(&stream) > 0)
                return 0;
        message = dns_stream_message(&stream, &length);
        if (length != ((size_t)data[0] << 8 | data[1]) ||
                memcmp(message, data + DNS_STREAM_LENGTH, length) != 0)
                abort();
        (void)dns_message_read(message, length, "example.test", ns_t_mx, 0x1234, &answer);
        return 0;
}
