/* SPDX-License-Identifier: MIT */
/* test_channel_fds - descriptors come and go with their messages, and none is ever left open */
#include "channel_support.h"

#include <dirent.h>
#include <sys/mman.h>
#include <sys/stat.h>

static void on_message_consume_fd(
        struct channel *channel, const struct wire_message *message, int fd, void *data) {
        struct world *world = data;
        struct stat st;

        if (fd >= 0) {
                assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
                assert_int_equal(fstat(fd, &st), 0);
                world->last_inode = st.st_ino;
                world->n_fds++;
                close(fd);
        }
        on_message(channel, message, data);
}

static const struct channel_ops ops_with_fds = {
        .on_message = on_message, .on_message_consume_fd = on_message_consume_fd, .on_closed = on_closed};

static int setup_with_fds(void **state) {
        return setup_with(state, &ops_with_fds);
}

#define WITH_FDS(test) cmocka_unit_test_setup_teardown(test, setup_with_fds, teardown)

static unsigned count_fds(void) {
        DIR *directory = opendir("/proc/self/fd");
        unsigned n = 0;

        assert_non_null(directory);
        while (readdir(directory))
                n++;
        closedir(directory);
        return n;
}

static ino_t inode_of(int fd) {
        struct stat st;

        assert_int_equal(fstat(fd, &st), 0);
        return st.st_ino;
}

/* Copies of one descriptor with a packet, as many as wanted. */
static void peer_sends_fds(struct world *world, const void *bytes, size_t size, int fd, unsigned n) {
        _Alignas(struct cmsghdr) char control[CMSG_SPACE(200 * sizeof(int))] = {0};
        struct iovec vector = {.iov_base = (void *)(uintptr_t)bytes, .iov_len = size};
        struct msghdr header = {.msg_iov = &vector,
                .msg_iovlen = 1,
                .msg_control = control,
                .msg_controllen = CMSG_SPACE(n * sizeof(int))};

        *CMSG_FIRSTHDR(&header) = (struct cmsghdr){
                .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(n * sizeof(int))};
        for (unsigned i = 0; i < n; i++)
                memcpy(CMSG_DATA(CMSG_FIRSTHDR(&header)) + i * sizeof(int), &fd, sizeof(fd));
        assert_int_equal(sendmsg(world->peer, &header, MSG_NOSIGNAL), size);
}

static void peer_sends_message_with_fds(struct world *world, enum wire_type type, int fd, unsigned n) {
        uint8_t packet[WIRE_PACKET_MAX];
        ssize_t size = wire_encode(wire_sample(type), packet);

        assert_true(size > 0);
        peer_sends_fds(world, packet, (size_t)size, fd, n);
}

static void fds_sent_by_the_peer_are_not_kept(void **state) {
        struct world *world = *state;
        unsigned before = count_fds();

        peer_sends_message_with_fds(world, WIRE_LEASE_RENEW, world->peer, 2);
        peer_sends_message_with_fds(world, WIRE_HEARTBEAT, world->peer, 200);
        world->exit_after = 2;
        assert_int_equal(loop_run(world->loop), DONE);
        assert_int_equal(count_fds(), before);
}

static void a_descriptor_comes_with_its_message(void **state) {
        struct world *world = *state;
        int fd = memfd_create("test", MFD_CLOEXEC);
        unsigned before = count_fds();

        peer_sends_message_with_fds(world, WIRE_ACTION_REQUEST, fd, 1);
        world->exit_after = 1;
        assert_int_equal(loop_run(world->loop), DONE);
        assert_int_equal(world->n_fds, 1);
        assert_int_equal(world->last_inode, inode_of(fd));
        assert_int_equal(count_fds(), before);
        close(fd);
}

static void a_message_that_carries_one_may_come_without(void **state) {
        struct world *world = *state;

        peer_sends(world, wire_sample(WIRE_LEASE_RENEW));
        world->exit_after = 1;
        assert_int_equal(loop_run(world->loop), DONE);
        assert_int_equal(world->n_fds, 0);
}

static void uninvited_descriptors_are_closed_and_end_nothing(void **state) {
        static const struct {
                enum wire_type type;
                unsigned fds, taken;
        } cases[] = {{WIRE_HEARTBEAT, 1, 0}, {WIRE_ESCALATE, 200, 0}, {WIRE_LEASE_RENEW, 200, 1}};
        struct world *world = *state;
        unsigned before = count_fds(), taken = 0;

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                peer_sends_message_with_fds(world, cases[i].type, world->peer, cases[i].fds);
                taken += cases[i].taken;
        }
        world->exit_after = ELEMENTSOF(cases);
        assert_int_equal(loop_run(world->loop), DONE);
        assert_int_equal(world->n_fds, taken);
        assert_int_equal(world->n_closed, 0);
        assert_int_equal(count_fds(), before);
}

static void descriptors_of_packets_that_end_the_channel_are_closed(void **state) {
        struct world *world = *state;
        unsigned before = count_fds();

        peer_sends_fds(world, "garbage", 7, world->peer, 3);
        expect_end(world, "bad message: unknown message type 24935");
        assert_int_equal(world->n_fds, 0);
        assert_int_equal(count_fds(), before - 1); /* the channel's own */
}

static int receive_fd(int from) {
        _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))];
        uint8_t packet[WIRE_PACKET_MAX];
        struct iovec vector = {.iov_base = packet, .iov_len = sizeof(packet)};
        struct msghdr header = {.msg_iov = &vector,
                .msg_iovlen = 1,
                .msg_control = control,
                .msg_controllen = sizeof(control)};
        int fd = -1;

        assert_true(recvmsg(from, &header, MSG_CMSG_CLOEXEC) > 0);
        if (CMSG_FIRSTHDR(&header))
                memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&header)), sizeof(fd));
        return fd;
}

static void queued_descriptors_stay_with_their_messages(void **state) {
        enum { N = 600 };
        struct world *world = *state;
        unsigned before = count_fds();
        static ino_t inodes[N];
        int fd;

        /* More than the kernel takes at once: every second one has a descriptor of its own. */
        for (unsigned i = 0; i < N; i++) {
                fd = i % 2 ? memfd_create("test", MFD_CLOEXEC) : -1;
                inodes[i] = fd >= 0 ? inode_of(fd) : 0;
                assert_int_equal(
                        channel_send_consume_fd(world->channel, wire_sample(WIRE_LEASE_RENEW), fd), 0);
        }
        assert_true(count_fds() > before);
        for (unsigned i = 0; i < N; i++) {
                fd = receive_fd(world->peer);
                assert_int_equal(fd >= 0, i % 2);
                if (fd >= 0) {
                        assert_int_equal(inode_of(fd), inodes[i]);
                        close(fd);
                }
                (void)channel_flush(world->channel, 0);
        }
        assert_int_equal(count_fds(), before);
}

static void a_descriptor_that_cannot_be_sent_is_closed(void **state) {
        struct world *world = *state;
        unsigned before = count_fds();

        assert_int_equal(channel_send_consume_fd(
                                 world->channel, wire_sample(WIRE_STATE), memfd_create("test", MFD_CLOEXEC)),
                -EINVAL);
        for (unsigned i = 0; i < 600; i++)
                assert_int_equal(channel_send_consume_fd(world->channel, wire_sample(WIRE_ACTION_REQUEST),
                                         memfd_create("test", MFD_CLOEXEC)),
                        0);
        peer_dies(world);
        world->free_on_closed = true;
        expect_end(world, "closed by peer");
        assert_int_equal(count_fds(), before - 2);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                WITH_CHANNEL(fds_sent_by_the_peer_are_not_kept),
                WITH_FDS(a_descriptor_comes_with_its_message),
                WITH_FDS(a_message_that_carries_one_may_come_without),
                WITH_FDS(uninvited_descriptors_are_closed_and_end_nothing),
                WITH_FDS(descriptors_of_packets_that_end_the_channel_are_closed),
                WITH_FDS(queued_descriptors_stay_with_their_messages),
                WITH_FDS(a_descriptor_that_cannot_be_sent_is_closed),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
