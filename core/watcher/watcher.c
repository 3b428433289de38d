/* SPDX-License-Identifier: MIT */
/*
 * watcher - role entry of the process that reads: sensors, engine, Lua and D-Bus, without power
 *
 * Started by the executor with its descriptors in place (role.h), as user spoolguard with CAP_DAC_READ_SEARCH.
 * The order of watcher_main() is the point of this file: everything that needs a power (opening plugins, the bus
 * connection, descriptors) comes before the confinement, everything that meets a stranger's bytes after it.
 *
 * Owns: loop, board, engine, script, sensors, bus, and its end of the channel.
 * Fails: by exiting; the executor restarts it with back-off and hands it the open incident again.  Without
 * D-Bus it works on, degraded, and exits in a quiet minute to try the bus again, because it cannot open a new
 * connection itself.  It does the same when something that its sensors read was replaced (shut_out.c), or when they
 * have more to read than before, a further instance of Postfix, say; but for these it does not wait for ever
 * (fresh_start.c).
 */
#include "watcher/watcher.h"

#include <fcntl.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "engine/engine.h"
#include "plugin/plugin.h"
#include "role.h"
#include "script/script.h"
#include "version.h"
#include "watcher/bus/bus.h"
#include "watcher/export.h"
#include "watcher/fresh_start.h"
#include "watcher/selector.h"
#include "watcher/sensor_host.h"
#include "watcher/shut_out.h"
#include "wire/channel.h"

/* The executor is trusted, but a burst of past incidents after HELLO is real. */
#define EXECUTOR_RATE 100000u
#define BUS_RETRY_USEC \
        (5 * USEC_PER_MINUTE) /* no more often than the executor believes wishes to start anew */
#define GROWTH_BEATS 5u       /* heartbeats from one look for more to read to the next: 15 s */

struct watcher {
        const struct watcher_options *options;
        struct loop *loop;
        struct config *config;
        struct plugin_list *plugins;
        struct board *board;
        struct engine *engine;
        struct script *script;
        struct sensor_host *sensors;
        struct breadcrumb *breadcrumb;
        struct shut_out *shut_out; /* NULL: not confined */
        bool reads_grew, grown;    /* at the last look; at the last two */
        struct fresh_start fresh_start;
        struct channel *channel;
        struct bus_connection *connection;
        struct bus *bus;
        struct loop_timer *heartbeat, *bus_retry;
        uint64_t beats;
};

static int read_config(struct config **ret_config, struct problem *problem) {
        struct stat status;
        if (fstat(ROLE_FD_CONFIG, &status) < 0)
                return problem_set(problem, "no configuration descriptor: %s", strerror(errno));
        if (status.st_size <= 0 || status.st_size > (off_t)CONFIG_TEXT_MAX)
                return problem_set(problem, "configuration of an impossible size");
        size_t size = (size_t)status.st_size;
        void *text = mmap(NULL, size, PROT_READ, MAP_PRIVATE, ROLE_FD_CONFIG, 0);
        if (text == MAP_FAILED)
                return problem_set(problem, "cannot map the configuration: %s", strerror(errno));
        int r = config_new(text, size, ret_config, problem);
        munmap(text, size);
        close(ROLE_FD_CONFIG);
        return r;
}

/* Whether a sensor has named a path that was not opened to this process, at this look and the last one. */
static bool reads_have_grown(struct watcher *watcher) {
        bool grew = false, before = watcher->reads_grew;
        char **paths;
        size_t n;

        if (sensor_host_reads(watcher->options->root, watcher->plugins, watcher->config, &paths, &n) < 0)
                return false;
        for (size_t i = 0; i < n && !grew; i++)
                grew = !shut_out_knows(watcher->shut_out, paths[i]);
        sensor_host_reads_free(paths, n);
        watcher->reads_grew = grew;
        return grew && before;
}

/* On the heartbeat, which costs no wake-up more. */
static void look_for_replaced(struct watcher *watcher) {
        enum fresh_start_answer answer;
        const char *path;

        if (!watcher->shut_out)
                return;
        path = shut_out_look(watcher->shut_out);
        if (watcher->beats % GROWTH_BEATS == 0)
                watcher->grown = reads_have_grown(watcher);
        answer = fresh_start_decide(&watcher->fresh_start, path || watcher->grown,
                engine_is_quiet(watcher->engine), loop_now(watcher->loop));
        if (answer == FRESH_START_NO)
                return;
        if (answer == FRESH_START_OVERDUE)
                log_warning("there was no quiet moment to start anew in: what is under way ends here");
        if (path)
                log_info("%s was replaced and is shut to this process: restarting to read it", path);
        else
                log_info("there is more to read than this process was started for: restarting to read it");
        loop_exit(watcher->loop, 0);
}

static void on_heartbeat(struct loop_timer *timer, void *data) {
        struct watcher *watcher = data;
        struct wire_message message = {.type = WIRE_HEARTBEAT, .heartbeat = {.turns = ++watcher->beats}};
        text_copy(message.heartbeat.status, sizeof message.heartbeat.status,
                engine_state_text(watcher->engine));
        (void)channel_send(watcher->channel, &message);
        look_for_replaced(watcher);
        loop_timer_arm(timer, loop_now(watcher->loop) + WIRE_HEARTBEAT_USEC);
}

static void on_message(struct channel *channel, const struct wire_message *message, void *data) {
        (void)channel;
        struct watcher *watcher = data;
        engine_receive(watcher->engine, message);
}

static void on_closed(struct channel *channel, const char *reason, void *data) {
        (void)channel;
        struct watcher *watcher = data;
        log_info("executor: %s", reason);
        loop_exit(watcher->loop, 0);
}

static int send_to_executor(const struct wire_message *message, void *data) {
        struct watcher *watcher = data;
        return channel_send(watcher->channel, message);
}

/* A message that waits for what is sent with it. */
struct sending {
        struct watcher *watcher;
        struct wire_message message;
        ssize_t n;
        bool is_done, is_late;
};

static int send_with(struct watcher *watcher, const struct wire_message *message, int fd_consumed) {
        if (fd_consumed < 0)
                return channel_send(watcher->channel, message);
        return channel_send_consume_fd(watcher->channel, message, fd_consumed);
}

static void on_selected(ssize_t n, int fd_consumed, void *data) {
        struct sending *sending = data;
        struct watcher *watcher = sending->watcher;
        _cleanup_close_ int fd = fd_consumed;

        if (n > 0 && (!sending->is_late || engine_awaits_selection(watcher->engine, &sending->message))) {
                int r = send_with(watcher, &sending->message, take_fd(&fd));
                if (r < 0)
                        n = r;
        }
        sending->n = n;
        sending->is_done = true;
        if (!sending->is_late)
                return;
        engine_selected(watcher->engine, &sending->message, n);
        free(sending);
}

static ssize_t send_selected(const struct wire_message *message, const char *verb,
        const struct wire_pair *args, size_t n_args, void *data) {
        struct watcher *watcher = data;
        struct sending *sending = calloc(1, sizeof *sending);

        if (!sending)
                return -ENOMEM;
        *sending = (struct sending){.watcher = watcher, .message = *message};
        ssize_t n =
                selector_run(watcher->sensors, watcher->plugins, verb, args, n_args, on_selected, sending);
        if (n == 0 && !sending->is_done) {
                sending->is_late = true;
                return -EINPROGRESS;
        }
        if (n == 0)
                n = sending->n;
        free(sending);
        return n;
}

static void on_event(const struct engine_event *event, void *data) {
        struct watcher *watcher = data;
        if (watcher->bus)
                bus_on_event(watcher->bus, event);
}

static void on_bus_lost(void *data) {
        struct watcher *watcher = data;
        log_warning("lost the system bus: restarting to connect again");
        loop_exit(watcher->loop, 0);
}

static int on_export(void *data) {
        struct watcher *watcher = data;
        return export_recorder(watcher->options->state_dir, watcher->options->run_dir);
}

static int on_queue_shape(
        void *data, const struct sg_queue_shape *shape, sg_queue_shape_done *done, void *done_data) {
        struct watcher *watcher = data;
        return watcher->sensors ? sensor_host_shape(watcher->sensors, shape, done, done_data) : -ENODEV;
}

static int on_queue_list(void *data, const struct sg_queue_filter *filter, uint64_t cursor, unsigned max,
        sg_queue_message_each *each, void *each_data, uint64_t *ret_cursor) {
        struct watcher *watcher = data;
        return watcher->sensors
                ? sensor_host_list(watcher->sensors, filter, cursor, max, each, each_data, ret_cursor)
                : -ENODEV;
}

/* Without a bus: come back when nothing would be interrupted. */
static void on_bus_retry(struct loop_timer *timer, void *data) {
        struct watcher *watcher = data;
        if (engine_is_quiet(watcher->engine)) {
                loop_exit(watcher->loop, 0);
                return;
        }
        loop_timer_arm(timer, loop_now(watcher->loop) + BUS_RETRY_USEC);
}

/* What core itself reads besides the sensors' declarations. */
static int confine(struct watcher *watcher, struct problem *ret_degraded) {
        char recorder[256], mirror[256];
        text_format(recorder, sizeof recorder, "%s/recorder", watcher->options->state_dir);
        text_format(mirror, sizeof mirror, "%s/recorder", watcher->options->run_dir);
        const char *own[] = {recorder, mirror, "/etc/localtime", "/usr/share/zoneinfo"};
        char **paths;
        size_t n;
        int r = sensor_host_reads(watcher->options->root, watcher->plugins, watcher->config, &paths, &n);
        if (r < 0)
                return r;
        const char **readable = calloc(n + ELEMENTSOF(own), sizeof *readable);
        if (!readable) {
                sensor_host_reads_free(paths, n);
                return -ENOMEM;
        }
        for (size_t i = 0; i < n; i++)
                readable[i] = paths[i];
        memcpy(readable + n, own, sizeof own);
        r = role_confine_watcher(readable, n + ELEMENTSOF(own), ret_degraded);
        free(readable);
        if (r == 0)
                return shut_out_new_consume(paths, n, &watcher->shut_out);
        sensor_host_reads_free(paths, n);
        return r;
}

static int start_engine(struct watcher *watcher) {
        static const struct engine_ops ops = {
                .send = send_to_executor, .send_selected = send_selected, .on_event = on_event};
        static const struct channel_ops channel_ops = {.on_message = on_message, .on_closed = on_closed};
        int r = loop_new_sdevent(&watcher->loop);
        if (r == 0)
                r = channel_new_consume(watcher->loop, "executor", ROLE_FD_CHANNEL, WIRE_FROM_EXECUTOR,
                        EXECUTOR_RATE, &channel_ops, watcher, &watcher->channel);
        if (r == 0)
                r = board_new(watcher->loop, &watcher->board);
        if (r == 0)
                r = engine_new(
                        watcher->loop, watcher->config, watcher->board, &ops, watcher, &watcher->engine);
        if (r == 0)
                r = script_new(watcher->loop, watcher->engine, watcher->breadcrumb, &watcher->script);
        if (r == 0)
                script_set_plugins(watcher->script, watcher->plugins);
        return r;
}

static void start_bus(struct watcher *watcher, const struct problem *connect_problem) {
        static const struct bus_ops ops = {.on_lost = on_bus_lost,
                .export_fd = on_export,
                .queue = {.shape = on_queue_shape, .list = on_queue_list}};
        struct problem problem = *connect_problem;
        int r = -ENOTCONN;
        if (watcher->connection)
                r = bus_new_consume(watcher->loop, watcher->engine, take(watcher->connection), &ops, watcher,
                        &watcher->bus, &problem);
        if (r == 0) {
                bus_set_plugins(watcher->bus, watcher->plugins);
                return;
        }
        log_error("no D-Bus: %s", problem.text);
        engine_set_trouble(watcher->engine, "bus", problem.text);
        (void)loop_timer_new(watcher->loop, "try the bus again", loop_now(watcher->loop) + BUS_RETRY_USEC,
                on_bus_retry, watcher, &watcher->bus_retry);
}

static void say_hello(struct watcher *watcher) {
        struct wire_message message = {.type = WIRE_HELLO, .hello = {.pid = (uint32_t)getpid()}};
        text_copy(message.hello.version, sizeof message.hello.version, SPOOLGUARD_VERSION);
        (void)channel_send(watcher->channel, &message);
        (void)loop_timer_new(watcher->loop, "heartbeat", loop_now(watcher->loop), on_heartbeat, watcher,
                &watcher->heartbeat);
}

static void watcher_deinit(struct watcher *watcher) {
        loop_timer_free(watcher->heartbeat);
        loop_timer_free(watcher->bus_retry);
        sensor_host_free(watcher->sensors);
        bus_free(watcher->bus);
        bus_disconnect(watcher->connection);
        script_free(watcher->script);
        engine_free(watcher->engine);
        board_free(watcher->board);
        channel_free(watcher->channel);
        loop_free(watcher->loop);
        plugin_list_free(watcher->plugins);
        config_free(watcher->config);
        breadcrumb_unmap(watcher->breadcrumb);
        shut_out_free(watcher->shut_out);
}

int watcher_main(const struct watcher_options *options) {
        struct watcher watcher = {.options = options};

        /*
         * Any user may send us the largest message that the bus allows.  A fixed threshold keeps such a buffer out
         * of the heap, so that its memory goes back when the message is answered.
         */
        (void)mallopt(M_MMAP_THRESHOLD, 128 * 1024);
        struct problem problem = {""}, no_bus = {""}, degraded = {""};
        int r = breadcrumb_map(ROLE_FD_BREADCRUMB, &watcher.breadcrumb);
        if (r == 0)
                r = read_config(&watcher.config, &problem);
        if (r == 0)
                r = plugin_list_new(options->plugin_dir, &watcher.plugins);
        if (r == 0 && bus_connect(options->bus_is_session, &watcher.connection, &no_bus) < 0)
                watcher.connection = NULL;
        if (r == 0 && !options->unprivileged)
                r = confine(&watcher, &degraded);

        /* From here on strangers may be met. */
        if (r == 0)
                r = start_engine(&watcher);
        if (r == 0) {
                if (degraded.text[0])
                        engine_set_trouble(watcher.engine, "confinement", degraded.text);
                start_bus(&watcher, &no_bus);
                r = sensor_host_new(watcher.loop, options->root, watcher.plugins, watcher.config,
                        watcher.engine, watcher.board, watcher.breadcrumb, &watcher.sensors);
        }
        if (r == 0) {
                watcher.fresh_start.born_usec = loop_now(watcher.loop);
                say_hello(&watcher);
                r = loop_run(watcher.loop);
        } else
                log_error("cannot start: %s", problem.text[0] ? problem.text : strerror(-r));
        watcher_deinit(&watcher);
        return r == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
