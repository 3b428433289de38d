/* SPDX-License-Identifier: MIT */
/*
 * control_client - ask the executor itself, over the socket that heeds only root
 *
 * Runs in: spoolguardctl.  One connection, one request, one answer: what may not be asked over D-Bus, because it
 * raises authority.  The executor asks the kernel who we are; an answer is decoded as strictly as everything
 * else on the wire, for a socket in a wrong place could be anybody's.
 *
 * Fails: with the reason, see control_client_ask().
 */
#include "ctl/control_client.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/cleanup.h"
#include "base/text.h"

static enum ctl_exit receive(int fd, int timeout_msec, struct problem *problem) {
        struct pollfd ready = {.fd = fd, .events = POLLIN};
        static uint8_t packet[WIRE_PACKET_MAX];
        static struct wire_message answer;

        if (poll(&ready, 1, timeout_msec) <= 0) {
                /* Its order stands: what it waits for, another undo, say, may take minutes. */
                problem_set(problem, "the executor has not answered within %d s, and may still do it",
                        timeout_msec / 1000);
                return CTL_UNREACHABLE;
        }
        ssize_t size = recv(fd, packet, sizeof(packet), MSG_TRUNC);

        if (size <= 0) {
                problem_set(problem, "the executor hung up: only root may ask this");
                return CTL_TROUBLE;
        }
        if ((size_t)size > sizeof(packet) ||
                wire_decode(packet, (size_t)size, WIRE_FROM_EXECUTOR, &answer, problem) < 0 ||
                answer.type != WIRE_CONTROL_REPLY) {
                problem_set(problem, "what answers at the control socket is not spoolguardd");
                return CTL_TROUBLE;
        }
        problem_set(problem, "%s", answer.control_reply.text);
        return answer.control_reply.ok ? CTL_GOOD : CTL_TROUBLE;
}

enum ctl_exit control_client_ask(const struct ctl *ctl, const struct wire_control_request *request,
        int timeout_msec, struct problem *problem) {
        static uint8_t packet[WIRE_PACKET_MAX];
        static struct wire_message message;
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        _cleanup_close_ int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

        text_format(address.sun_path, sizeof(address.sun_path), "%s/control", ctl->run_dir);
        if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
                if (errno == EACCES || errno == EPERM)
                        problem_set(problem, "only root may ask this (%s: %s)", address.sun_path,
                                strerror(errno));
                else
                        problem_set(problem, "spoolguardd is not running (%s: %s)", address.sun_path,
                                strerror(errno));
                return errno == EACCES || errno == EPERM ? CTL_TROUBLE : CTL_UNREACHABLE;
        }
        message.type = WIRE_CONTROL_REQUEST;
        message.control_request = *request;
        ssize_t size = wire_encode(&message, packet);

        if (size < 0 || send(fd, packet, (size_t)size, MSG_NOSIGNAL) != size) {
                problem_set(
                        problem, "the executor cannot be asked: %s", strerror(size < 0 ? (int)-size : errno));
                return CTL_TROUBLE;
        }
        return receive(fd, timeout_msec, problem);
}
