/* SPDX-License-Identifier: MIT */
/*
 * channel - one end of a SOCK_SEQPACKET connection on the loop
 *
 * Runs in the executor (towards the watcher and towards spoolguardctl) and in the watcher.  Owns its fd, its
 * loop sources and the encoded messages that the kernel did not take yet.
 *
 * One packet is read per turn and its callback is the last thing done in that turn, so a callback may free the
 * channel.  Ending is an edge: it is noted where it happens, also deep inside channel_send(), and told from a
 * deferred call, once.
 *
 * A peer that died may have left its last words unread in our queue, and the kernel reports the death
 * (ECONNRESET, EPIPE) before them.  An escalation must not be lost that way: after such an error nothing more is
 * sent, but what was received is delivered before on_closed.
 *
 * Descriptors travel with their message, also while it is queued.  Of what a peer sends, one descriptor with a
 * message of a type that carries one is handed on; all others are closed here, or by the kernel when this end
 * expects none at all.
 *
 * Fails: never because of the peer; a peer that misbehaves ends its channel, with the reason.
 * Limits: fixed one-second windows for the rate, so twice the rate fits in the second around their border; an
 * empty packet counts as the end of the connection.
 */
#include "wire/channel.h"

#include <errno.h>
#include <poll.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"

#define FDS_MAX 253 /* with one packet, by the kernel (SCM_MAX_FD) */

struct packet {
        STAILQ_ENTRY(packet) next;
        int fd; /* goes with it; -1: none */
        size_t size;
        uint8_t bytes[];
};

struct channel {
        struct loop *loop;
        int fd;
        struct loop_fd *source;
        struct loop_defer *edge;
        const struct channel_ops *ops;
        void *data;

        enum wire_from peer;
        unsigned rate, received_in_window;
        uint64_t window_usec;

        STAILQ_HEAD(, packet) queue;
        unsigned n_queued;

        bool mute;   /* nothing can be sent any more; what was received is still to be delivered */
        bool closed; /* nothing can be received either; on_closed is due or was called */
        char reason[WIRE_TEXT_MAX];
};

static void drop_first(struct channel *channel) {
        struct packet *packet = STAILQ_FIRST(&channel->queue);

        STAILQ_REMOVE_HEAD(&channel->queue, next);
        channel->n_queued--;
        if (packet->fd >= 0)
                close(packet->fd);
        free(packet);
}

static void drop_queue(struct channel *channel) {
        while (!STAILQ_EMPTY(&channel->queue))
                drop_first(channel);
}

static void channel_end(struct channel *channel, const char *reason) {
        if (channel->closed)
                return;
        channel->closed = true;
        text_copy(channel->reason, sizeof(channel->reason), reason);
        drop_queue(channel);
        channel->source = loop_fd_free(channel->source);
        /* now, not in channel_free(): the peer should see the end even while the owner takes its time */
        close(take_fd(&channel->fd));
        loop_defer_arm(channel->edge);
}

static void channel_mute(struct channel *channel, int error) {
        if (channel->mute)
                return;
        channel->mute = true;
        if (error == EPIPE || error == ECONNRESET)
                text_copy(channel->reason, sizeof(channel->reason), "closed by peer");
        else
                text_format(channel->reason, sizeof(channel->reason), "cannot send: %s", strerror(error));
        drop_queue(channel);
        loop_fd_set(channel->source, LOOP_IN);
        /* not every such error makes the fd ready: look for the last words anyway */
        loop_defer_arm(channel->edge);
}

/* 0: the packet is gone.  1: the kernel has no room now.  -EPIPE: the channel is mute. */
static int transmit(struct channel *channel, const uint8_t *bytes, size_t size, int fd) {
        alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {0};
        struct iovec vector = {.iov_base = (void *)(uintptr_t)bytes, .iov_len = size};
        struct msghdr header = {.msg_iov = &vector, .msg_iovlen = 1};
        ssize_t n;

        if (fd >= 0) {
                header.msg_control = control;
                header.msg_controllen = sizeof(control);
                *CMSG_FIRSTHDR(&header) = (struct cmsghdr){
                        .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof(int))};
                memcpy(CMSG_DATA(CMSG_FIRSTHDR(&header)), &fd, sizeof(fd));
        }
        do
                n = sendmsg(channel->fd, &header, MSG_DONTWAIT | MSG_NOSIGNAL);
        while (n < 0 && errno == EINTR);
        if (n >= 0)
                return 0;
        if (errno == EAGAIN)
                return 1;
        channel_mute(channel, errno);
        return -EPIPE;
}

/* As transmit(), for all that is queued. */
static int transmit_queue(struct channel *channel) {
        struct packet *packet;

        while ((packet = STAILQ_FIRST(&channel->queue))) {
                int r = transmit(channel, packet->bytes, packet->size, packet->fd);

                if (r != 0)
                        return r;
                drop_first(channel);
        }
        loop_fd_set(channel->source, LOOP_IN);
        return 0;
}

static bool over_rate(struct channel *channel) {
        uint64_t now_usec = loop_now(channel->loop);

        if (channel->rate == 0)
                return false;
        if (now_usec - channel->window_usec >= USEC_PER_SEC) {
                channel->window_usec = now_usec;
                channel->received_in_window = 0;
        }
        return ++channel->received_in_window > channel->rate;
}

/* The first descriptor that came, or -1; the others are closed. */
static int take_first_fd(struct msghdr *header) {
        int first = -1;

        for (struct cmsghdr *part = CMSG_FIRSTHDR(header); part; part = CMSG_NXTHDR(header, part)) {
                if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS)
                        continue;
                for (size_t at = CMSG_LEN(0); at + sizeof(int) <= part->cmsg_len; at += sizeof(int)) {
                        int fd;

                        memcpy(&fd, (const uint8_t *)part + at, sizeof(fd));
                        if (first < 0)
                                first = fd;
                        else
                                close(fd);
                }
        }
        return first;
}

static void deliver(struct channel *channel, const struct wire_message *message, int *fd) {
        if (channel->ops->on_message_consume_fd && wire_carries_fd(message->type))
                channel->ops->on_message_consume_fd(channel, message, take_fd(fd), channel->data);
        else
                channel->ops->on_message(channel, message, channel->data);
}

/* Read one packet and deliver it, or end the channel.  The channel may be gone on return. */
static void receive(struct channel *channel) {
        alignas(struct cmsghdr) char control[CMSG_SPACE(FDS_MAX * sizeof(int))];
        uint8_t bytes[WIRE_PACKET_MAX];
        struct iovec vector = {.iov_base = bytes, .iov_len = sizeof(bytes)};
        struct msghdr header = {.msg_iov = &vector, .msg_iovlen = 1};
        _cleanup_close_ int fd = -1;
        struct wire_message message;
        struct problem problem;
        char reason[WIRE_TEXT_MAX];
        ssize_t n;

        if (channel->ops->on_message_consume_fd) {
                header.msg_control = control;
                header.msg_controllen = sizeof(control);
        }
        n = recvmsg(channel->fd, &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
        if (n >= 0)
                fd = take_first_fd(&header);
        if (n < 0 && errno == EINTR)
                return;
        if (n < 0 && errno == EAGAIN) {
                if (channel->mute)
                        channel_end(channel, channel->reason);
                return;
        }
        if (n < 0 && errno == ECONNRESET && !channel->mute) {
                channel_mute(channel, errno);
                return;
        }
        if (n < 0) {
                text_format(reason, sizeof(reason), "cannot receive: %s", strerror(errno));
                channel_end(channel, reason);
                return;
        }
        if (n == 0) {
                channel_end(channel, channel->mute ? channel->reason : "closed by peer");
                return;
        }
        if (header.msg_flags & MSG_TRUNC) {
                channel_end(channel, "bad message: the packet is too long");
                return;
        }
        if (over_rate(channel)) {
                text_format(
                        reason, sizeof(reason), "flood: more than %u messages in a second", channel->rate);
                channel_end(channel, reason);
                return;
        }
        if (wire_decode(bytes, (size_t)n, channel->peer, &message, &problem) < 0) {
                text_format(reason, sizeof(reason), "bad message: %s", problem.text);
                channel_end(channel, reason);
                return;
        }
        deliver(channel, &message, &fd);
}

static void on_ready(struct loop_fd *source, int fd, unsigned ready, void *data) {
        struct channel *channel = data;

        (void)source;
        (void)fd;
        if (ready & LOOP_OUT)
                (void)transmit_queue(channel);
        if (ready & (LOOP_IN | LOOP_HANGUP))
                receive(channel);
}

static void on_edge(struct loop_defer *edge, void *data) {
        struct channel *channel = data;

        if (channel->closed) {
                channel->ops->on_closed(channel, channel->reason, channel->data);
        } else if (channel->mute) {
                loop_defer_arm(edge);
                receive(channel);
        }
}

int channel_new_consume(struct loop *loop, const char *name, int fd_consumed, enum wire_from peer,
        unsigned rate, const struct channel_ops *ops, void *data, struct channel **ret_channel) {
        _cleanup_close_ int fd = fd_consumed;
        struct channel *channel;
        socklen_t size = sizeof(int);
        int type, r;

        if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) < 0)
                return -errno;
        if (type != SOCK_SEQPACKET)
                return -EPROTOTYPE;

        channel = calloc(1, sizeof(*channel));
        if (!channel)
                return -ENOMEM;
        channel->loop = loop;
        channel->fd = take_fd(&fd);
        channel->ops = ops;
        channel->data = data;
        channel->peer = peer;
        channel->rate = rate;
        channel->window_usec = loop_now(loop);
        STAILQ_INIT(&channel->queue);

        r = loop_defer_new(loop, name, on_edge, channel, &channel->edge);
        if (r >= 0)
                r = loop_fd_new(loop, name, channel->fd, LOOP_IN, on_ready, channel, &channel->source);
        if (r < 0) {
                channel_free(channel);
                return r;
        }
        *ret_channel = channel;
        return 0;
}

struct channel *channel_free(struct channel *channel) {
        if (!channel)
                return NULL;
        drop_queue(channel);
        loop_fd_free(channel->source);
        loop_defer_free(channel->edge);
        if (channel->fd >= 0)
                close(channel->fd);
        free(channel);
        return NULL;
}

const char *channel_reason(const struct channel *channel) {
        return channel->reason;
}

/* Takes *fd when the message has to wait; otherwise it stays the caller's. */
static int send_or_queue(struct channel *channel, const struct wire_message *message, int *fd) {
        uint8_t bytes[WIRE_PACKET_MAX];
        struct packet *packet;
        ssize_t size;

        if (channel->closed || channel->mute)
                return -EPIPE;
        size = wire_encode(message, bytes);
        if (size < 0)
                return (int)size;

        if (STAILQ_EMPTY(&channel->queue)) {
                int r = transmit(channel, bytes, (size_t)size, *fd);

                if (r <= 0)
                        return r;
        }
        if (channel->n_queued >= WIRE_QUEUE_MAX) {
                channel_end(channel, "peer does not read: too many messages wait for it");
                return -EPIPE;
        }
        packet = malloc(sizeof(*packet) + (size_t)size);
        if (!packet) {
                /* a stream of messages with one missing would be worse than none */
                channel_end(channel, "out of memory");
                return -EPIPE;
        }
        packet->fd = take_fd(fd);
        packet->size = (size_t)size;
        memcpy(packet->bytes, bytes, (size_t)size);
        STAILQ_INSERT_TAIL(&channel->queue, packet, next);
        channel->n_queued++;
        loop_fd_set(channel->source, LOOP_IN | LOOP_OUT);
        return 0;
}

int channel_send(struct channel *channel, const struct wire_message *message) {
        int none = -1;

        return send_or_queue(channel, message, &none);
}

int channel_send_consume_fd(struct channel *channel, const struct wire_message *message, int fd_consumed) {
        _cleanup_close_ int fd = fd_consumed;

        return wire_carries_fd(message->type) ? send_or_queue(channel, message, &fd) : -EINVAL;
}

int channel_flush(struct channel *channel, uint64_t usec) {
        uint64_t start_usec = clock_monotonic_usec();

        for (;;) {
                struct pollfd ready = {.fd = channel->fd, .events = POLLOUT};
                uint64_t spent_usec, left_msec;
                int r;

                if (channel->closed || channel->mute)
                        return -EPIPE;
                r = transmit_queue(channel);
                if (r <= 0)
                        return r;
                spent_usec = clock_monotonic_usec() - start_usec;
                if (spent_usec >= usec)
                        return -ETIME;
                left_msec = (usec - spent_usec) / USEC_PER_MSEC + 1;
                r = poll(&ready, 1, left_msec > INT32_MAX ? INT32_MAX : (int)left_msec);
                if (r < 0 && errno != EINTR)
                        return -errno;
        }
}
