/* SPDX-License-Identifier: MIT */
/* net_sandbox - a network of our own, where every port of 127.0.0.0/8 is free and nothing leaves the host */
#ifndef SUPPORT_NET_SANDBOX_H
#define SUPPORT_NET_SANDBOX_H

#include <stdint.h>

/* For cmocka_run_group_tests(); fails the group when the kernel does not allow it. */
int net_sandbox_setup(void **state);
/* A non-blocking socket bound to an address; of SOCK_STREAM: it listens. */
int net_sandbox_listen(const char *address, uint16_t port, int type);

#endif
