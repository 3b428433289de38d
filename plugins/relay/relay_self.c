/* SPDX-License-Identifier: MIT */
/*
 * relay_self - the name and the addresses that a next hop knows Postfix by, and whether it goes by the DNS
 *
 * Used in the watcher by relay_target.c, at the beginning of each round.  A server may let in one address of this host
 * only, or one name; whoever probes it as somebody else learns how strangers fare, and calls a relay dead that takes
 * Postfix's mail.  What main.cf says of it is published by the plugin postfix (queue_outside.c), per instance.
 *
 * Owns nothing and cannot fail: what is not known is left to the kernel and to the name of the host.
 * Limits: of several instances that have mail for a next hop, one counts; not what master.cf says for one transport.
 */
#include "relay/relay_self.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

struct seeing {
        const char *nexthop;
        char instance[DNS_NAME_MAX]; /* that has most mail for it */
        double most;
        struct relay_self *self;
};

static const char *value_of(const struct sg_label *labels, size_t n_labels, const char *name) {
        for (size_t i = 0; i < n_labels; i++)
                if (strcmp(labels[i].name, name) == 0)
                        return labels[i].value;
        return NULL;
}

static void see_mail(const struct sg_label *labels, size_t n_labels, double value, void *data) {
        const char *instance = value_of(labels, n_labels, "instance");
        const char *nexthop = value_of(labels, n_labels, "nexthop");
        struct seeing *seeing = data;

        /* A missing number is not more than another one. */
        if (!instance || !nexthop || strcmp(nexthop, seeing->nexthop) != 0 || !(value > seeing->most))
                return;
        seeing->most = value;
        snprintf(seeing->instance, sizeof(seeing->instance), "%s", instance);
}

static const char *value_for(
        const struct seeing *seeing, const struct sg_label *labels, size_t n_labels, const char *name) {
        const char *instance = value_of(labels, n_labels, "instance");

        return instance && strcmp(instance, seeing->instance) == 0 ? value_of(labels, n_labels, name) : NULL;
}

static void see_name(const struct sg_label *labels, size_t n_labels, double value, void *data) {
        struct seeing *seeing = data;
        const char *name = value_for(seeing, labels, n_labels, "name");

        if (name && value > 0)
                snprintf(seeing->self->name, sizeof(seeing->self->name), "%s", name);
}

static void see_address(const struct sg_label *labels, size_t n_labels, double value, void *data) {
        struct seeing *seeing = data;
        const char *text = value_for(seeing, labels, n_labels, "address");
        struct net_address address;

        if (text && value > 0 && net_address_parse(text, &address))
                *(address.family == AF_INET ? &seeing->self->four : &seeing->self->six) = address;
}

static void see_native(const struct sg_label *labels, size_t n_labels, double value, void *data) {
        struct seeing *seeing = data;

        if (value > 0 && value_for(seeing, labels, n_labels, "instance"))
                seeing->self->is_native = true;
}

void relay_self_see(const struct sg_host *host, const char *nexthop, struct relay_self *ret_self) {
        struct seeing seeing = {.nexthop = nexthop, .instance = "-", .self = ret_self};

        *ret_self = (struct relay_self){.name = ""};
        host->each_reading(host, "queue_nexthop_messages", see_mail, &seeing);
        host->each_reading(host, "postfix_helo_name", see_name, &seeing);
        host->each_reading(host, "postfix_bind_address", see_address, &seeing);
        host->each_reading(host, "postfix_native_lookup", see_native, &seeing);
}
