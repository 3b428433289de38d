/* SPDX-License-Identifier: MIT */
/*
 * control - root's orders, the only way to raise authority while running
 *
 * Runs in: executor.  Owns the listening socket RUN/control (SOCK_SEQPACKET, 0600) and at most
 * CONTROL_CLIENTS_MAX connections.  Who is at the other end is asked of the kernel (SO_PEERCRED) when it
 * connects; whoever is not root is hung up on.
 *
 * Commands and their arguments:
 *   status                      what is in force, as lines
 *   mode mode=enforce|observe   until the next reload by root; observe also over restarts
 *   maintenance usec=N          from now for so long; 0 ends it
 *   reload                      answered when it is done, with the problems if it was refused
 *   run playbook=NAME dry=yes|no   handed to the watcher; passes the cool-down, not the budget
 *   unquarantine playbook=NAME
 *   return lease=NUMBER         it ends and is undone, and is not taken again in this incident
 *   forget lease=NUMBER anyway=yes|no   the same; when it cannot be undone as what it changed is gone, or anyway, it is
 *                               over all the same; answered when that was tried
 *
 * Fails: garbage, half a message, too long a one or a flood ends that connection, with at most one line a second
 * in the log, and nothing else.
 */
#include "executor/control.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"

struct client {
        struct control *control;
        struct channel *channel; /* NULL: free place */
        bool awaits_reload;
        uint64_t awaits_lease; /* 0: none */
};

struct control {
        struct loop *loop;
        struct desk *desk;
        const struct control_ops *ops;
        void *data;
        uid_t uid;
        int fd;
        struct loop_fd *io;
        struct sockaddr_un address;
        struct client clients[CONTROL_CLIENTS_MAX];
        uint64_t said_usec;
        unsigned unsaid;
};

static const char *argument(const struct wire_control_request *request, const char *name) {
        for (size_t i = 0; i < request->n_args && i < WIRE_PAIRS_MAX; i++)
                if (strcmp(request->args[i].name, name) == 0)
                        return request->args[i].text;
        return "";
}

static bool number_argument(const struct wire_control_request *request, const char *name, uint64_t *ret) {
        const char *number = argument(request, name);
        char *end;

        *ret = strtoull(number, &end, 10);
        return number[0] >= '0' && number[0] <= '9' && !*end;
}

static void complain(struct control *control, const char *what) {
        uint64_t now = loop_now(control->loop);

        if (control->said_usec != 0 && now - control->said_usec < USEC_PER_SEC) {
                control->unsaid++;
                return;
        }
        log_warning("control socket: %s (%u lines like this left out)", what, control->unsaid);
        control->said_usec = now;
        control->unsaid = 0;
}

static int order_status(struct client *client, const struct wire_control_request *request, char *text,
        struct problem *problem) {
        (void)request, (void)problem;
        client->control->ops->status(text, WIRE_LONG_MAX, client->control->data);
        return 0;
}

static int order_mode(struct client *client, const struct wire_control_request *request, char *text,
        struct problem *problem) {
        const char *name = argument(request, "mode");
        enum config_mode mode = config_mode_of(name);

        if (mode == CONFIG_MODE_OFF)
                return problem_set(problem, "mode is enforce or observe, not \"%s\"", name);
        desk_set_mode(client->control->desk, mode, "root");
        text_format(text, WIRE_LONG_MAX, "mode is %s", config_mode_name(desk_mode(client->control->desk)));
        return 0;
}

static int order_maintenance(struct client *client, const struct wire_control_request *request, char *text,
        struct problem *problem) {
        uint64_t usec;

        if (!number_argument(request, "usec", &usec))
                return problem_set(
                        problem, "usec is a number of microseconds, not \"%s\"", argument(request, "usec"));
        text_copy(text, WIRE_LONG_MAX, usec ? "maintenance has begun" : "maintenance is over");
        return desk_set_maintenance(client->control->desk, usec, "root", true, problem);
}

static int order_reload(struct client *client, const struct wire_control_request *request, char *text,
        struct problem *problem) {
        (void)request, (void)text;
        client->awaits_reload = true;
        return client->control->ops->reload(problem, client->control->data) < 0 ? -EINVAL : 1;
}

static int order_run(struct client *client, const struct wire_control_request *request, char *text,
        struct problem *problem) {
        text_copy(text, WIRE_LONG_MAX, "the watcher was told to run it");
        return desk_run_by_root(client->control->desk, argument(request, "playbook"),
                strcmp(argument(request, "dry"), "yes") == 0, problem);
}

static int order_unquarantine(struct client *client, const struct wire_control_request *request, char *text,
        struct problem *problem) {
        text_copy(text, WIRE_LONG_MAX, "it is out of quarantine");
        return desk_unquarantine(client->control->desk, argument(request, "playbook"), "root", problem);
}

static int order_return(struct client *client, const struct wire_control_request *request, char *text,
        struct problem *problem) {
        uint64_t lease;

        if (!number_argument(request, "lease", &lease))
                return problem_set(
                        problem, "lease is the number of a lease, not \"%s\"", argument(request, "lease"));
        text_copy(text, WIRE_LONG_MAX, "it is being taken back");
        return desk_return_lease(client->control->desk, lease, "root", problem);
}

static int order_forget(struct client *client, const struct wire_control_request *request, char *text,
        struct problem *problem) {
        uint64_t lease;
        (void)text;

        if (!number_argument(request, "lease", &lease))
                return problem_set(
                        problem, "lease is the number of a lease, not \"%s\"", argument(request, "lease"));
        client->awaits_lease = lease;
        return desk_forget_lease(client->control->desk, lease,
                       strcmp(argument(request, "anyway"), "yes") == 0, "root", problem) < 0
                ? -EINVAL
                : 1;
}

static const struct {
        const char *command;
        /* 0: `text` is the answer; 1: it comes later, or was given in here. */
        int (*handle)(struct client *client, const struct wire_control_request *request, char *text,
                struct problem *problem);
} orders[] = {
        {"status", order_status},
        {"mode", order_mode},
        {"maintenance", order_maintenance},
        {"reload", order_reload},
        {"run", order_run},
        {"unquarantine", order_unquarantine},
        {"return", order_return},
        {"forget", order_forget},
};

static void reply(struct client *client, bool ok, const char *text) {
        struct wire_message message = {.type = WIRE_CONTROL_REPLY, .control_reply.ok = ok};

        text_copy(message.control_reply.text, sizeof(message.control_reply.text), text);
        channel_send(client->channel, &message);
}

static void on_message(struct channel *channel, const struct wire_message *message, void *data) {
        struct client *client = data;
        const struct wire_control_request *request = &message->control_request;
        char text[WIRE_LONG_MAX] = "";
        struct problem problem;
        size_t i = 0;
        int r;
        (void)channel;

        while (i < ELEMENTSOF(orders) && strcmp(orders[i].command, request->command) != 0)
                i++;
        r = i < ELEMENTSOF(orders) ? orders[i].handle(client, request, text, &problem)
                                   : problem_set(&problem, "there is no command \"%s\"", request->command);
        if (r < 0) {
                client->awaits_reload = false;
                client->awaits_lease = 0;
                reply(client, false, problem.text);
        } else if (r == 0)
                reply(client, true, text);
}

static void on_closed(struct channel *channel, const char *reason, void *data) {
        struct client *client = data;
        char text[256];
        (void)channel;

        if (strcmp(reason, "closed by peer") != 0) {
                text_format(text, sizeof(text), "a connection was ended: %s", reason);
                complain(client->control, text);
        }
        client->channel = channel_free(client->channel);
        client->awaits_reload = false;
        client->awaits_lease = 0;
}

static void on_connection(struct loop_fd *source, int listening, unsigned ready, void *data) {
        static const struct channel_ops ops = {.on_message = on_message, .on_closed = on_closed};
        struct control *control = data;
        _cleanup_close_ int fd = accept4(listening, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        struct ucred peer = {.uid = (uid_t)-1};
        socklen_t size = sizeof(peer);
        size_t i = 0;
        char text[128];
        (void)source, (void)ready;

        if (fd < 0)
                return;
        if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0 ||
                (peer.uid != 0 && peer.uid != control->uid)) {
                text_format(text, sizeof(text), "uid %u is not heeded", peer.uid);
                complain(control, text);
                return;
        }
        while (i < CONTROL_CLIENTS_MAX && control->clients[i].channel)
                i++;
        if (i == CONTROL_CLIENTS_MAX) {
                complain(control, "too many connections");
                return;
        }
        control->clients[i] = (struct client){.control = control};
        if (channel_new_consume(control->loop, "control", take_fd(&fd), WIRE_FROM_CONTROL, CONTROL_RATE, &ops,
                    &control->clients[i], &control->clients[i].channel) < 0)
                control->clients[i].channel = NULL;
}

static int listen_at(struct control *control, const char *run_dir) {
        mode_t before;
        int r;

        control->address.sun_family = AF_UNIX;
        if (snprintf(control->address.sun_path, sizeof(control->address.sun_path), "%s/control", run_dir) >=
                (int)sizeof(control->address.sun_path))
                return -ENAMETOOLONG;
        control->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (control->fd < 0)
                return -errno;
        if (unlink(control->address.sun_path) < 0 && errno != ENOENT)
                return -errno;
        before = umask(0177);
        r = bind(control->fd, (struct sockaddr *)&control->address, sizeof(control->address)) < 0 ? -errno
                                                                                                  : 0;
        umask(before);
        if (r == 0 && listen(control->fd, (int)CONTROL_CLIENTS_MAX) < 0)
                r = -errno;
        return r;
}

int control_new(struct loop *loop, const char *run_dir, uid_t uid, struct desk *desk,
        const struct control_ops *ops, void *data, struct control **ret_control) {
        struct control *control = calloc(1, sizeof(*control));
        int r;

        if (!control)
                return -ENOMEM;
        *control =
                (struct control){.loop = loop, .desk = desk, .ops = ops, .data = data, .uid = uid, .fd = -1};
        r = listen_at(control, run_dir);
        if (r == 0)
                r = loop_fd_new(
                        loop, "control socket", control->fd, LOOP_IN, on_connection, control, &control->io);
        if (r < 0) {
                control_free(control);
                return r;
        }
        *ret_control = control;
        return 0;
}

struct control *control_free(struct control *control) {
        if (!control)
                return NULL;
        for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++)
                channel_free(control->clients[i].channel);
        loop_fd_free(control->io);
        if (control->fd >= 0)
                close(control->fd);
        free(control);
        return NULL;
}

void control_reload_done(struct control *control, bool ok, const char *text) {
        for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++)
                if (control->clients[i].channel && control->clients[i].awaits_reload) {
                        control->clients[i].awaits_reload = false;
                        reply(&control->clients[i], ok, text);
                }
}

void control_lease_tried(struct control *control, uint64_t lease, bool is_over, const char *text) {
        for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++)
                if (control->clients[i].channel && control->clients[i].awaits_lease == lease) {
                        control->clients[i].awaits_lease = 0;
                        reply(&control->clients[i], is_over, text);
                }
}
