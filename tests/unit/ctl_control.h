/* SPDX-License-Identifier: MIT */
/* ctl_control - one answer at a control socket, as the executor gives it */
#ifndef TESTS_CTL_CONTROL_H
#define TESTS_CTL_CONTROL_H

#include <sys/socket.h>
#include <sys/un.h>

#include "ctl_support.h"
#include "wire/wire.h"

/* The `words` are said when the request is the expected one, by its last argument; not `sane`: garbage instead. */
static inline pid_t answer_once(const struct fixture *fixture, bool sane, const char *command,
        const char *argument, const char *words) {
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

        snprintf(address.sun_path, sizeof(address.sun_path), "%s/control", fixture->scratch);
        unlink(address.sun_path);
        assert_return_code(bind(fd, (struct sockaddr *)&address, sizeof(address)), errno);
        assert_return_code(listen(fd, 1), errno);
        pid_t pid = fork();

        if (pid != 0) {
                close(fd);
                return pid;
        }
        static uint8_t packet[WIRE_PACKET_MAX];
        static struct wire_message message;
        struct problem problem;
        int peer = accept(fd, NULL, NULL);
        ssize_t size = recv(peer, packet, sizeof(packet), 0);
        bool good = size > 0 &&
                wire_decode(packet, (size_t)size, WIRE_FROM_CONTROL, &message, &problem) == 0 &&
                message.type == WIRE_CONTROL_REQUEST &&
                strcmp(message.control_request.command, command) == 0 && message.control_request.n_args > 0 &&
                strcmp(message.control_request.args[message.control_request.n_args - 1].text, argument) == 0;

        message = (struct wire_message){.type = WIRE_CONTROL_REPLY, .control_reply.ok = good};
        strcpy(message.control_reply.text, good ? words : "what was that?");
        size = wire_encode(&message, packet);
        if (!sane)
                memset(packet, 0x5a, (size_t)size);
        send(peer, packet, (size_t)size, MSG_NOSIGNAL);
        _exit(0);
}

#endif
