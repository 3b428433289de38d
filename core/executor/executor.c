/* SPDX-License-Identifier: MIT */
/*
 * executor - the process with power, from its start to its end
 *
 * Runs in: executor, as root.  Owns the parts and connects them: recorder and ledger (book.c), the answers to
 * the watcher (desk.c), the watcher's process (watcher_supervise.c), root's socket (control.c), the
 * configuration (in_force.c).  It reads nothing that a stranger wrote: files are evaluated by the loader, mail and
 * logs are read by the watcher.
 *
 * systemd is told READY when requests are answered, and WATCHDOG from a timer of our own loop that the watcher
 * has no part in.  SIGTERM: no new action, the watcher ends, actions at work have STOP_PATIENCE to end; we end
 * after both.  A reload that changes nothing starts nobody anew.
 *
 * Fails: only without memory, loop or control socket; exit status 1.
 */
#include "executor/executor.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "executor/book.h"
#include "executor/control.h"
#include "executor/desk.h"
#include "executor/in_force.h"
#include "executor/reload.h"
#include "executor/watcher_supervise.h"
#include "version.h"

#define STOP_PATIENCE (25 * USEC_PER_SEC)

struct executor {
        const struct executor_options *options;
        struct loop *loop;
        struct plugin_list *plugins;
        struct book *book;
        struct lease_store *leases;
        struct desk *desk;
        struct control *control;
        struct watcher *watcher;
        struct in_force in_force;
        uint32_t watcher_generation; /* of the configuration that the watcher has */

        struct reload *reload;
        uint64_t reload_serial; /* of the wire_lower that asked */
        bool reload_by_root, stopping;

        struct loop_signal *signals[3];
        struct loop_timer *watchdog, *patience;
        uint64_t watchdog_usec;
};

/* With the newest configuration, as soon as no action is at work that its successor would not know. */
static void renew_watcher(struct executor *executor) {
        const struct in_force *in_force = &executor->in_force;
        int r;

        if (executor->watcher_generation == in_force->generation || desk_actions(executor->desk) > 0 ||
                executor->stopping)
                return;
        r = watcher_start(executor->watcher, in_force->text, in_force->text_size);
        if (r < 0)
                log_error("the watcher cannot be started: %s", strerror(-r));
        executor->watcher_generation = in_force->generation;
}

static void on_reloaded(struct reload *reload, struct reload_result *result, void *data) {
        struct executor *executor = data;
        struct problem problem = {.text = ""};
        int taken = result->text ? in_force_take(&executor->in_force, result->text, result->size, &problem)
                                 : -EBADMSG;
        const char *text = taken > 0 ? "nothing has changed" : "the new configuration is in force";
        bool ok = taken >= 0;

        if (!ok) {
                text = result->problems ? result->problems : problem.text;
                in_force_tell_refused(&executor->in_force, text);
        } else if (executor->reload_by_root)
                desk_clear_override(executor->desk, "reload");
        desk_set_trouble(
                executor->desk, ok ? "" : "the configuration was refused: the old one stays in force");
        desk_reload_done(executor->desk, executor->reload_serial, ok, text);
        control_reload_done(executor->control, ok, text);
        reload_result_deinit(result);
        executor->reload = reload_free(reload);
        renew_watcher(executor);
        sd_notify(0, "READY=1");
}

static int begin_reload(struct executor *executor, uint64_t serial, bool by_root) {
        int r;

        if (executor->reload || executor->stopping)
                return -EBUSY;
        sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%llu", (unsigned long long)clock_monotonic_usec());
        executor->reload_serial = serial;
        executor->reload_by_root = by_root;
        r = reload_new(executor->loop, &executor->options->paths, on_reloaded, executor, &executor->reload);
        if (r < 0) {
                log_error("the reload cannot be started: %s", strerror(-r));
                sd_notify(0, "READY=1");
        }
        return r;
}

static void finish(struct executor *executor) {
        struct book_entry entry = book_entry_new("stopped");

        book_text(&entry, "reason", "asked to end");
        book_write(executor->book, &entry);
        loop_exit(executor->loop, 0);
}

/* The desk's wishes. */

static void on_desk_reload(const char *who, uint64_t serial, void *data) {
        struct executor *executor = data;

        log_notice("a reload is asked for over the bus by %s", who);
        if (begin_reload(executor, serial, false) < 0)
                desk_reload_done(executor->desk, serial, false, "a reload is under way already");
}

static void on_desk_end_watcher(const char *reason, void *data) {
        struct executor *executor = data;
        watcher_end(executor->watcher, reason);
}

static void on_desk_changed(void *data) {
        struct executor *executor = data;
        const struct ledger *ledger = book_ledger(executor->book);
        const char *escalated = ledger->incident.escalated ? ", a person is needed" : "";

        if (!executor->desk)
                return;
        if (ledger->incident.id != 0)
                sd_notifyf(0, "STATUS=%s; incident %llu: %s%s", config_mode_name(desk_mode(executor->desk)),
                        (unsigned long long)ledger->incident.id, ledger->incident.title, escalated);
        else
                sd_notifyf(0, "STATUS=%s; no incident", config_mode_name(desk_mode(executor->desk)));
}

static void on_desk_idle(void *data) {
        struct executor *executor = data;

        if (!executor->stopping)
                renew_watcher(executor);
        else if (desk_at_work(executor->desk) == 0)
                finish(executor);
}

static void on_desk_lease_tried(uint64_t lease, bool is_over, const char *text, void *data) {
        struct executor *executor = data;

        if (executor->control)
                control_lease_tried(executor->control, lease, is_over, text);
}

static const struct desk_ops desk_ops = {.reload = on_desk_reload,
        .end_watcher = on_desk_end_watcher,
        .changed = on_desk_changed,
        .idle = on_desk_idle,
        .lease_tried = on_desk_lease_tried};

/* The watcher's life. */

static void on_watcher_up(struct channel *channel, void *data) {
        struct executor *executor = data;
        desk_connect(executor->desk, channel);
}

static void on_watcher_message(const struct wire_message *message, int fd, void *data) {
        struct executor *executor = data;
        desk_receive_consume_fd(executor->desk, message, fd);
}

static void on_watcher_down(void *data) {
        struct executor *executor = data;
        desk_disconnect(executor->desk);
}

static void on_watcher_died(const char *reason, const char *activity, const char *what, void *data) {
        struct executor *executor = data;
        desk_watcher_died(executor->desk, reason, activity, what);
}

static const struct watcher_ops watcher_ops = {.on_up = on_watcher_up,
        .on_message_consume_fd = on_watcher_message,
        .on_down = on_watcher_down,
        .on_died = on_watcher_died};

/* Root at the control socket. */

static int on_control_reload(struct problem *problem, void *data) {
        if (begin_reload(data, 0, true) < 0)
                return problem_set(problem, "a reload is under way already");
        return 0;
}

static void on_control_status(char *text, size_t size, void *data) {
        struct executor *executor = data;
        size_t used;

        text_format(text, size, "version: %s\nexecutor: pid %d\nwatcher: pid %d\n", SPOOLGUARD_VERSION,
                (int)getpid(), (int)watcher_pid(executor->watcher));
        used = strlen(text);
        desk_status(executor->desk, text + used, size - used);
}

static const struct control_ops control_ops = {.reload = on_control_reload, .status = on_control_status};

/* Signals and systemd. */

static void on_patience(struct loop_timer *timer, void *data) {
        struct executor *executor = data;
        (void)timer;

        log_error("%u actions are still at work and are left behind; their outcome will be unknown",
                desk_at_work(executor->desk));
        desk_stop_actions(executor->desk);
        finish(executor);
}

static void on_stop(struct loop_signal *source, int signo, void *data) {
        struct executor *executor = data;
        (void)source, (void)signo;

        if (executor->stopping)
                return;
        executor->stopping = true;
        sd_notify(0, "STOPPING=1");
        desk_close(executor->desk);
        watcher_stop(executor->watcher);
        if (desk_at_work(executor->desk) == 0)
                finish(executor);
        else
                loop_timer_arm(executor->patience, loop_now(executor->loop) + STOP_PATIENCE);
}

static void on_hangup(struct loop_signal *source, int signo, void *data) {
        (void)source, (void)signo;
        if (begin_reload(data, 0, true) == -EBUSY)
                log_notice("a reload is under way already");
}

static void on_watchdog(struct loop_timer *timer, void *data) {
        struct executor *executor = data;

        sd_notify(0, "WATCHDOG=1");
        loop_timer_arm(timer, loop_now(executor->loop) + executor->watchdog_usec / 3);
}

static int listen_to_system(struct executor *executor) {
        static const struct {
                int signo;
                loop_signal_fn fn;
        } signals[] = {{SIGTERM, on_stop}, {SIGINT, on_stop}, {SIGHUP, on_hangup}};
        uint64_t at = USEC_NEVER;
        int r = 0;

        for (size_t i = 0; i < ELEMENTSOF(signals) && r == 0; i++)
                r = loop_signal_new(executor->loop, "signal", signals[i].signo, signals[i].fn, executor,
                        &executor->signals[i]);
        if (sd_watchdog_enabled(0, &executor->watchdog_usec) > 0)
                at = loop_now(executor->loop);
        if (r == 0)
                r = loop_timer_new(
                        executor->loop, "watchdog", at, on_watchdog, executor, &executor->watchdog);
        if (r == 0)
                r = loop_timer_new(executor->loop, "patience with actions", USEC_NEVER, on_patience, executor,
                        &executor->patience);
        return r;
}

static int set_up(struct executor *executor) {
        const struct executor_options *options = executor->options;
        const char *user = options->unprivileged ? NULL : options->user;
        int r;

        mkdir(options->state_dir, 0750);
        mkdir(options->run_dir, 0755);
        r = loop_new_sdevent(&executor->loop);
        if (r == 0)
                r = options->unprivileged
                        ? plugin_list_new_owned(options->paths.plugin_dir, geteuid(), &executor->plugins)
                        : plugin_list_new(options->paths.plugin_dir, &executor->plugins);
        if (r == 0)
                r = book_new(executor->loop, options->state_dir, options->run_dir, user, &executor->book);
        if (r == 0)
                r = lease_store_new(options->state_dir, options->run_dir, user, loop_realtime(executor->loop),
                        &executor->leases);
        if (r == 0)
                r = desk_new(&(struct desk_setup){.loop = executor->loop,
                                     .book = executor->book,
                                     .leases = executor->leases,
                                     .plugins = executor->plugins,
                                     .root = options->root,
                                     .user = user,
                                     .ops = &desk_ops,
                                     .data = executor},
                        &executor->desk);
        if (r == 0)
                r = watcher_new(&(struct watcher_setup){.loop = executor->loop,
                                        .plugin_dir = options->paths.plugin_dir,
                                        .state_dir = options->state_dir,
                                        .run_dir = options->run_dir,
                                        .root = options->root,
                                        .user = user,
                                        .bus_is_session = options->bus_is_session,
                                        .unprivileged = options->unprivileged,
                                        .rate = DESK_RATE,
                                        .ops = &watcher_ops,
                                        .data = executor},
                        &executor->watcher);
        if (r == 0)
                r = listen_to_system(executor);
        if (r == 0)
                r = control_new(executor->loop, options->run_dir, options->unprivileged ? geteuid() : 0,
                        executor->desk, &control_ops, executor, &executor->control);
        return r;
}

static void tear_down(struct executor *executor) {
        control_free(executor->control);
        reload_free(executor->reload);
        for (size_t i = 0; i < ELEMENTSOF(executor->signals); i++)
                loop_signal_free(executor->signals[i]);
        loop_timer_free(executor->watchdog);
        loop_timer_free(executor->patience);
        watcher_free(executor->watcher);
        desk_free(executor->desk);
        lease_store_free(executor->leases);
        book_free(executor->book);
        plugin_list_free(executor->plugins);
        in_force_deinit(&executor->in_force);
        loop_free(executor->loop);
}

static void tell_refused_plugins(const struct executor *executor) {
        for (size_t i = 0; i < executor->plugins->n; i++)
                if (!executor->plugins->plugins[i].sg)
                        log_error("%s", executor->plugins->plugins[i].refused.text);
}

int executor_main(const struct executor_options *options) {
        struct executor executor = {.options = options};
        struct book_entry entry = book_entry_new("started");
        sigset_t blocked;
        int r;

        /* A signal that comes early waits for the loop. */
        sigemptyset(&blocked);
        sigaddset(&blocked, SIGTERM);
        sigaddset(&blocked, SIGINT);
        sigaddset(&blocked, SIGHUP);
        sigprocmask(SIG_BLOCK, &blocked, NULL);
        signal(SIGPIPE, SIG_IGN);

        r = set_up(&executor);
        if (r == 0) {
                book_text(&entry, "version", SPOOLGUARD_VERSION);
                book_write(executor.book, &entry);
                tell_refused_plugins(&executor);
                executor.in_force = (struct in_force){.paths = &options->paths,
                        .state_dir = options->state_dir,
                        .plugins = executor.plugins,
                        .book = executor.book,
                        .desk = executor.desk};
                r = in_force_begin(&executor.in_force);
        }
        if (r == 0) {
                desk_recover(executor.desk);
                renew_watcher(&executor);
                sd_notify(0, "READY=1");
                on_desk_changed(&executor);
                r = loop_run(executor.loop);
        }
        if (r < 0)
                log_crit("the executor cannot go on: %s", strerror(-r));
        tear_down(&executor);
        return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
