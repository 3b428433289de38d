/* SPDX-License-Identifier: MIT */
/*
 * relay_links - the links to name servers and next hops, as this host has them now
 *
 * Runs in the watcher, as part of the sensor `relay`.  Reads the routes, asks the kernel for the state of the links
 * that are in question, and publishes what relay_blame.c makes of both.  The files are opened once, while that is
 * surely allowed, and read again at each look; the state comes by an ioctl on a socket that may be had, because
 * netlink may not, and /sys/class/net leads all over /sys/devices.
 *
 * Owns the descriptors, the routes and what is remembered of goals.  Fails softly: without routes nothing is known of
 * links, which is logged once, and what was published is missing.
 * Limits: looks every few seconds, so that a link that was down for a moment is not seen; ROUTES_BYTES_MAX of routes.
 */
#include "relay/relay_links.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define ROUTES_BYTES_MAX 131072u
/* Several next hops that fail together ask for the same. */
#define FRESH_USEC UINT64_C(500000)

static enum relay_link_state ask_kernel(const char *link, void *data) {
        const struct relay_links *links = data;
        struct ifreq request = {0};
        int error = 0;

        snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", link);
        if (ioctl(links->asking, SIOCGIFFLAGS, &request) < 0)
                error = errno;
        return relay_blame_state(error, (unsigned short)request.ifr_flags);
}

void relay_links_init(struct relay_links *links, const struct sg_host *host, relay_link_state_fn state) {
        static const char *const files[] = {"route", "ipv6_route"};
        char path[256];

        *links = (struct relay_links){.host = host, .state = state ? state : ask_kernel};
        for (size_t i = 0; i < 2; i++) {
                snprintf(path, sizeof(path), "%.200s/proc/self/net/%s", host->root, files[i]);
                links->files[i] = open(path, O_RDONLY | O_CLOEXEC);
        }
        links->asking = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
}

void relay_links_deinit(struct relay_links *links) {
        for (size_t i = 0; i < 2; i++)
                if (links->files[i] >= 0)
                        close(links->files[i]);
        if (links->asking >= 0)
                close(links->asking);
        relay_routes_deinit(&links->routes);
}

/* The file from its start; negative errno: it is not to be had, or too long. */
static ssize_t read_all(int fd, char *text) {
        size_t size = 0;

        while (size < ROUTES_BYTES_MAX) {
                ssize_t n = pread(fd, text + size, ROUTES_BYTES_MAX - size, (off_t)size);

                if (n < 0)
                        return -errno;
                if (n == 0)
                        return (ssize_t)size;
                size += (size_t)n;
        }
        return -EFBIG;
}

static int read_routes(struct relay_links *links) {
        int (*const add[])(struct relay_routes *, const char *, size_t) = {
                relay_routes_add_four, relay_routes_add_six};
        char *text;
        int r = 0;

        /* A kernel without IPv6 has one file only. */
        if (links->files[0] < 0 || links->asking < 0)
                return -ENOENT;
        text = malloc(ROUTES_BYTES_MAX);
        if (!text)
                return -ENOMEM;
        links->routes.n = 0;
        links->routes.is_cut = false;
        for (size_t i = 0; i < 2 && r >= 0; i++) {
                ssize_t size = links->files[i] < 0 ? 0 : read_all(links->files[i], text);

                r = size < 0 ? (int)size : add[i](&links->routes, text, (size_t)size);
        }
        free(text);
        return links->routes.is_cut ? -EFBIG : r;
}

/* False: nothing is known of routes now. */
static bool refresh(struct relay_links *links) {
        uint64_t now_usec = links->host->now_usec(links->host);
        int r;

        if (links->read_usec != 0 && now_usec - links->read_usec < FRESH_USEC)
                return true;
        r = read_routes(links);
        if (r < 0) {
                links->read_usec = 0;
                if (!links->is_shut)
                        links->host->log(links->host, SG_LEVEL_INFO,
                                "the routes of this host cannot be read (%s): links are not watched",
                                strerror(-r));
                links->is_shut = true;
                return false;
        }
        links->read_usec = now_usec;
        links->is_shut = false;
        return true;
}

static void publish(
        const struct relay_links *links, const struct relay_blame_look *look, const struct relay_link *link) {
        const struct sg_host *host = links->host;
        const struct sg_label label = {"interface", link->name};
        char sentence[SG_SENTENCE_MAX + 1];

        if (link->state == RELAY_LINK_UP) {
                host->publish(host, "network_link_up", &label, 1, 1);
        } else if (link->state == RELAY_LINK_UNTOLD) {
                host->missing(host, "network_link_up", &label, 1, "the kernel does not tell its state");
        } else {
                relay_blame_sentence(look, link, sentence);
                host->publish_told(host, "network_link_up", &label, 1, 0, sentence);
        }
}

static bool is_among(const struct relay_link *links, size_t n, const char *name) {
        for (size_t i = 0; i < n; i++)
                if (strcmp(links[i].name, name) == 0)
                        return true;
        return false;
}

static void show(struct relay_links *links, const struct relay_blame_look *look) {
        const struct sg_host *host = links->host;

        for (size_t i = 0; i < links->n_shown; i++) {
                const struct sg_label label = {"interface", links->shown[i].name};

                if (!is_among(look->links, look->n, links->shown[i].name))
                        host->withdraw(host, "network_link_up", &label, 1);
        }
        for (size_t i = 0; i < look->n; i++)
                publish(links, look, &look->links[i]);
        memcpy(links->shown, look->links, sizeof(links->shown));
        links->n_shown = look->n;
}

void relay_links_look(
        struct relay_links *links, const struct relay_goal *goals, size_t n, bool is_unresolved) {
        struct relay_blame_look look;

        if (refresh(links)) {
                relay_blame_look(
                        &links->blame, goals, n, is_unresolved, &links->routes, links->state, links, &look);
                show(links, &look);
                return;
        }
        for (size_t i = 0; i < links->n_shown; i++) {
                const struct sg_label label = {"interface", links->shown[i].name};

                links->host->missing(
                        links->host, "network_link_up", &label, 1, "the routes of this host cannot be read");
        }
}

const char *relay_links_down_to(struct relay_links *links, const struct net_address *to) {
        return refresh(links) ? relay_blame_link(&links->blame, to, &links->routes, links->state, links)
                              : NULL;
}
