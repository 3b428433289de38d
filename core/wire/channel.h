/* SPDX-License-Identifier: MIT */
/*
 * channel - one end of a SOCK_SEQPACKET connection on the loop: whole messages in, queued messages out
 *
 * A packet that is too long, does not decode, or comes too often (more than `rate` messages in a second) ends
 * the channel: its callback on_closed gets the reason, once, and no message is delivered after that.  Sending
 * never blocks; a peer that does not read (queue over WIRE_QUEUE_MAX messages) ends the channel too.
 */
#ifndef WIRE_CHANNEL_H
#define WIRE_CHANNEL_H

#include "base/loop.h"
#include "wire/wire.h"

#define WIRE_QUEUE_MAX 1024u

struct channel;

struct channel_ops {
        void (*on_message)(struct channel *channel, const struct wire_message *message, void *data);
        /*
         * In place of on_message for types that carry a descriptor (wire_carries_fd()): takes `fd`, which is -1
         * when none came.  NULL: such a descriptor is closed and on_message is called.
         */
        void (*on_message_consume_fd)(
                struct channel *channel, const struct wire_message *message, int fd, void *data);
        /* The channel may be freed in here. `reason` is for people: "closed by peer", "flood: ...", ... */
        void (*on_closed)(struct channel *channel, const char *reason, void *data);
};

/*
 * Takes the fd, also on failure.  `peer`: whose messages are expected.  `rate`: messages per second, 0: no limit
 * (towards a peer that is trusted).
 */
int channel_new_consume(struct loop *loop, const char *name, int fd, enum wire_from peer, unsigned rate,
        const struct channel_ops *ops, void *data, struct channel **ret_channel);
struct channel *channel_free(struct channel *channel);
/* Why it is closed, also before on_closed() had its turn; "" while it is not. */
const char *channel_reason(const struct channel *channel);
/* 0, or -EPIPE once the peer is gone (on_closed follows, after what it had sent), or what wire_encode() refuses. */
int channel_send(struct channel *channel, const struct wire_message *message);
/* The same with a descriptor (-1: without), which is taken, also on failure.  -EINVAL: this type carries none. */
int channel_send_consume_fd(struct channel *channel, const struct wire_message *message, int fd);
/*
 * Wait, blocking, until all queued messages are written (0), the time is over (-ETIME) or the peer is gone (-EPIPE).
 * For the last words before an exit.
 */
int channel_flush(struct channel *channel, uint64_t usec);

#endif
