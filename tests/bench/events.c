/* SPDX-License-Identifier: MIT */
/*
 * events - how many inotify events a queue makes while something is done to it
 *
 * Runs in tests/bench, as root, and is the least that following a queue can cost.  Watches the flat directories of
 * the spool named with the masks of the plugin's queue_watch.c, gathers as long as that, and counts.  It ends when
 * nothing has come for two seconds after something came.
 *
 * Prints the number of events.  Ends with status 1 when the kernel's queue overflowed, since the number is wrong
 * then, and with status 2 when a directory cannot be watched.
 */
#include <err.h>
#include <limits.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#define MOVES (IN_MOVED_FROM | IN_MOVED_TO | IN_CREATE | IN_DELETE | IN_ONLYDIR | IN_EXCL_UNLINK)
#define QUIET_MSEC 2000
#define PATIENCE_MSEC 60000
#define GATHER_USEC 10000

static const struct {
        const char *name;
        uint32_t mask;
} directories[] = {
        {"maildrop", MOVES | IN_ATTRIB | IN_CLOSE_WRITE},
        {"incoming", MOVES | IN_ATTRIB},
        {"active", MOVES | IN_MODIFY},
        {"deferred", MOVES | IN_ATTRIB | IN_CLOSE_WRITE},
        {"hold", MOVES | IN_ATTRIB | IN_CLOSE_WRITE},
        {"corrupt", MOVES | IN_ATTRIB | IN_CLOSE_WRITE},
        {"bounce", IN_CREATE | IN_MOVED_TO | IN_ONLYDIR},
};

int main(int argc, char **argv) {
        char buffer[65536] __attribute__((aligned(__alignof__(struct inotify_event))));
        struct pollfd polled = {.fd = inotify_init1(IN_CLOEXEC), .events = POLLIN};
        unsigned long n_events = 0;

        if (argc != 2)
                errx(2, "usage: events SPOOL");
        for (size_t i = 0; i < sizeof(directories) / sizeof(directories[0]); i++) {
                char path[PATH_MAX];

                snprintf(path, sizeof(path), "%s/%s", argv[1], directories[i].name);
                if (inotify_add_watch(polled.fd, path, directories[i].mask) < 0)
                        err(2, "%s", path);
        }
        while (poll(&polled, 1, n_events ? QUIET_MSEC : PATIENCE_MSEC) > 0) {
                ssize_t n;

                usleep(GATHER_USEC);
                n = read(polled.fd, buffer, sizeof(buffer));
                for (ssize_t at = 0; at < n;) {
                        const struct inotify_event *event = (const void *)(buffer + at);

                        if (event->mask & IN_Q_OVERFLOW)
                                errx(1, "events were lost");
                        n_events++;
                        at += (ssize_t)(sizeof(*event) + event->len);
                }
        }
        printf("events=%lu\n", n_events);
        return 0;
}
