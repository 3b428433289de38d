/* SPDX-License-Identifier: MIT */
/*
 * net_address - addresses from text to sockets and back
 *
 * Used in the watcher by the plugins dns, relay and postfix.  All but those that take a socket or make one,
 * net_address_connect() and the two after it, are pure functions.  The scope of a link-local address stays text until a
 * socket is made, because an interface may come later than the line that names it; it is looked up with an ioctl on
 * that very socket, since the helpers of the C library would open one of a family that the watcher may not have.
 *
 * Owns nothing: the caller closes the socket.  Fails: negative errno of socket(), of the scope or of connect(),
 * among them the answers of the local routing table, which come at once.
 * Limits: no other families, no host names.  Of a loopback address only the one that the kernel sends
 * from counts as being of this host.
 */
#include "common/net_address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define PORT_DISCARD 9

_Static_assert(NET_ADDRESS_SCOPE == IF_NAMESIZE, "a scope holds the name of an interface");

bool net_address_parse(const char *text, struct net_address *ret_address) {
        struct net_address address = {.family = AF_INET};
        const char *percent = strchr(text, '%');
        char plain[INET6_ADDRSTRLEN];
        size_t size = percent ? (size_t)(percent - text) : strlen(text);

        if (size >= sizeof(plain))
                return false;
        memcpy(plain, text, size);
        plain[size] = '\0';
        if (!percent && inet_pton(AF_INET, plain, address.bytes) == 1) {
                *ret_address = address;
                return true;
        }
        address.family = AF_INET6;
        if (inet_pton(AF_INET6, plain, address.bytes) != 1)
                return false;
        if (percent) {
                size = strlen(percent + 1);
                if (size == 0 || size >= sizeof(address.scope))
                        return false;
                memcpy(address.scope, percent + 1, size + 1);
        }
        *ret_address = address;
        return true;
}

void net_address_print(const struct net_address *address, char ret_text[static NET_ADDRESS_TEXT]) {
        char plain[INET6_ADDRSTRLEN] = "?";

        (void)inet_ntop(address->family, address->bytes, plain, sizeof(plain));
        snprintf(ret_text, NET_ADDRESS_TEXT, "%s%s%s", plain, address->scope[0] ? "%" : "", address->scope);
}

int net_address_compare(const struct net_address *a, const struct net_address *b) {
        int order;

        if (a->family != b->family)
                return a->family < b->family ? -1 : 1;
        order = memcmp(a->bytes, b->bytes, sizeof(a->bytes));
        return order ? order : strcmp(a->scope, b->scope);
}

bool net_address_is_loopback(const struct net_address *address) {
        static const uint8_t six[16] = {[15] = 1};

        if (address->family == AF_INET)
                return address->bytes[0] == 127;
        return memcmp(address->bytes, six, sizeof(six)) == 0;
}

/* Negative errno: no such interface. */
static int scope_number(int fd, const char *scope, uint32_t *ret_number) {
        struct ifreq request = {0};
        char *end;
        unsigned long number = strtoul(scope, &end, 10);

        *ret_number = (uint32_t)number;
        if (*end == '\0')
                return 0;
        memcpy(request.ifr_name, scope, strlen(scope));
        if (ioctl(fd, SIOCGIFINDEX, &request) < 0)
                return -errno;
        *ret_number = (uint32_t)request.ifr_ifindex;
        return 0;
}

union socket_name {
        struct sockaddr any;
        struct sockaddr_in four;
        struct sockaddr_in6 six;
};

/* Its size, or a negative errno: no such interface. */
static int name_socket(
        int fd, const struct net_address *address, uint16_t port, union socket_name *ret_name) {
        *ret_name = (union socket_name){.six = {.sin6_port = 0}};
        if (address->family == AF_INET) {
                ret_name->four.sin_family = AF_INET;
                ret_name->four.sin_port = htons(port);
                memcpy(&ret_name->four.sin_addr, address->bytes, sizeof(ret_name->four.sin_addr));
                return sizeof(ret_name->four);
        }
        ret_name->six.sin6_family = AF_INET6;
        ret_name->six.sin6_port = htons(port);
        memcpy(&ret_name->six.sin6_addr, address->bytes, sizeof(ret_name->six.sin6_addr));
        if (address->scope[0]) {
                int r = scope_number(fd, address->scope, &ret_name->six.sin6_scope_id);

                if (r < 0)
                        return r;
        }
        return sizeof(ret_name->six);
}

/* An address that this host does not have any more is passed over, as Postfix does. */
static void come_from(int fd, const struct net_address *from) {
        union socket_name name;
        int size = name_socket(fd, from, 0, &name), on = 1;

        /* The port is chosen with regard to where the connection goes, or there are fewer of them. */
        (void)setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
        if (size > 0)
                (void)bind(fd, &name.any, (socklen_t)size);
}

int net_address_connect(
        const struct net_address *to, uint16_t port, int type, const struct net_address *from) {
        union socket_name name;
        int fd, r;

        fd = socket(to->family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (fd < 0)
                return -errno;
        if (from && from->family == to->family)
                come_from(fd, from);
        r = name_socket(fd, to, port, &name);
        if (r >= 0)
                r = connect(fd, &name.any, (socklen_t)r) < 0 && errno != EINPROGRESS ? -errno : 0;
        if (r < 0) {
                close(fd);
                return r;
        }
        return fd;
}

bool net_address_of_socket(int fd, struct net_address *ret_address) {
        struct sockaddr_storage name = {0};
        socklen_t size = sizeof(name);
        struct net_address address = {0};

        if (getsockname(fd, (struct sockaddr *)&name, &size) < 0)
                return false;
        address.family = name.ss_family;
        if (address.family == AF_INET)
                memcpy(address.bytes, &((const struct sockaddr_in *)&name)->sin_addr, 4);
        else if (address.family == AF_INET6)
                memcpy(address.bytes, &((const struct sockaddr_in6 *)&name)->sin6_addr, 16);
        else
                return false;
        *ret_address = address;
        return true;
}

/* The kernel sends to itself from the address it sends to.  A datagram socket sends nothing to be connected. */
bool net_address_is_here(const struct net_address *address) {
        struct net_address own;
        int fd = net_address_connect(address, PORT_DISCARD, SOCK_DGRAM, NULL);
        bool is_here;

        if (fd < 0)
                return false;
        is_here = net_address_of_socket(fd, &own) && own.family == address->family &&
                memcmp(own.bytes, address->bytes, sizeof(own.bytes)) == 0;
        close(fd);
        return is_here;
}
