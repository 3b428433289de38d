/* SPDX-License-Identifier: MIT */
/*
 * loader_pipe - read what a child writes, bounded in size and time, and see it end
 *
 * Runs in the executor (the loader is its child) and in the loader (a playbook's evaluation is its child).
 * The child may be stuck in anybody's Lua, so it is killed without asking when the time is up, and it is
 * always reaped here, by its number, whatever else the caller has for children.
 *
 * Owns the file descriptors of the streams from the call on.  Fails with -ETIME, or what poll(), read() or
 * waitpid() say.  Limits: STREAMS_MAX streams; blocks its caller, by design: start and reload wait for it.
 */
#include "loader/loader_pipe.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"

#define STREAMS_MAX 2
#define CHUNK 65536

static int grow(struct loader_stream *stream, const char *chunk, size_t size) {
        char *text;

        if (size > stream->max - stream->size) {
                stream->overflow = true;
                size = stream->max - stream->size;
        }
        text = realloc(stream->text, stream->size + size + 1);
        if (!text)
                return -ENOMEM;
        memcpy(text + stream->size, chunk, size);
        stream->text = text;
        stream->size += size;
        stream->text[stream->size] = '\0';
        return 0;
}

static int read_some(struct loader_stream *stream) {
        char chunk[CHUNK];
        ssize_t n = read(stream->fd, chunk, sizeof(chunk));

        if (n < 0)
                return errno == EINTR ? 0 : -errno;
        if (n > 0)
                return grow(stream, chunk, (size_t)n);
        close(stream->fd);
        stream->fd = -1;
        return 0;
}

static int collect(struct loader_stream streams[], size_t n, uint64_t until_usec) {
        for (;;) {
                struct pollfd polled[STREAMS_MAX];
                uint64_t now_usec = clock_monotonic_usec();
                bool open = false;

                for (size_t i = 0; i < n; i++) {
                        polled[i] = (struct pollfd){.fd = streams[i].fd, .events = POLLIN};
                        open |= streams[i].fd >= 0;
                }
                if (!open)
                        return 0;
                if (now_usec >= until_usec)
                        return -ETIME;
                if (poll(polled, n, (int)((until_usec - now_usec) / USEC_PER_MSEC) + 1) < 0 && errno != EINTR)
                        return -errno;
                for (size_t i = 0; i < n; i++)
                        if (streams[i].fd >= 0 && polled[i].revents) {
                                int r = read_some(&streams[i]);

                                if (r < 0)
                                        return r;
                        }
        }
}

/* A child that closed its pipes and lives on is as late as one that writes for ever. */
static int reap(pid_t pid, uint64_t until_usec, int *ret_status) {
        for (;;) {
                pid_t done = waitpid(pid, ret_status, WNOHANG);

                if (done == pid)
                        return 0;
                if (done < 0 && errno != EINTR)
                        return -errno;
                if (clock_monotonic_usec() >= until_usec)
                        return -ETIME;
                poll(NULL, 0, 1);
        }
}

int loader_pipe_collect(pid_t pid, struct loader_stream streams[], size_t n, uint64_t usec, int *ret_status) {
        uint64_t until_usec = clock_monotonic_usec() + usec;
        int r, status = 0;

        if (n > STREAMS_MAX)
                return -EINVAL;
        r = collect(streams, n, until_usec);
        if (r >= 0)
                r = reap(pid, until_usec, &status);
        if (r < 0) {
                kill(pid, SIGKILL);
                while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
                }
        }
        for (size_t i = 0; i < n; i++)
                if (streams[i].fd >= 0) {
                        close(streams[i].fd);
                        streams[i].fd = -1;
                }
        *ret_status = status;
        return r;
}
