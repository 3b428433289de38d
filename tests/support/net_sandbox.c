/* SPDX-License-Identifier: MIT */
/*
 * net_sandbox - put the test into a network namespace of its own
 *
 * Runs in tests, before any thread or socket.  The ports of name servers and mail servers are fixed (53, 25), so a
 * test with real sockets needs a network where it may take them: a new namespace with nothing but its loopback
 * interface.  Root makes it directly, others within a user namespace.
 *
 * Fails: the group of tests fails; it is not skipped.  Limits: IPv4 sockets only.
 */
#include "support/net_sandbox.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

int net_sandbox_setup(void **state) {
        struct ifreq up = {.ifr_name = "lo", .ifr_flags = IFF_UP};
        int fd, r;

        (void)state;
        if (unshare(CLONE_NEWNET) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0) {
                perror("unshare");
                return -1;
        }
        fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        r = ioctl(fd, SIOCSIFFLAGS, &up);
        close(fd);
        return r;
}

int net_sandbox_listen(const char *address, uint16_t port, int type) {
        struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons(port)};
        struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
        bool is_six = strchr(address, ':') != NULL;
        int fd = socket(is_six ? AF_INET6 : AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1;
        int r;

        assert_true(fd >= 0);
        if (is_six)
                assert_int_equal(inet_pton(AF_INET6, address, &six.sin6_addr), 1);
        else
                assert_int_equal(inet_pton(AF_INET, address, &four.sin_addr), 1);
        assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)), 0);
        r = is_six ? bind(fd, (const struct sockaddr *)&six, sizeof(six))
                   : bind(fd, (const struct sockaddr *)&four, sizeof(four));
        assert_int_equal(r, 0);
        if (type == SOCK_STREAM)
                assert_int_equal(listen(fd, 8), 0);
        return fd;
}
