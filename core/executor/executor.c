/* SPDX-License-Identifier: MIT */
/*
 * executor - the process with power, from its start to its end
 *
 * Runs in: executor, as root.  Owns the parts and connects them: recorder and ledger (book.c), the answers to
 * the watcher (desk.c), the watcher's process (watcher_supervise.c), root's socket (control.c), the
 * configuration.  It reads nothing that a stranger wrote: files are evaluated by the loader, mail and logs are
 * read by the watcher.
 *
 * A configuration that is refused never stops it: at a reload the old one stays, at a start the last good one is
 * taken, and without one it observes with none, which guards nothing but says so on every channel there is.
 *
 * systemd is told READY when requests are answered, and WATCHDOG from a timer of our own loop that the watcher
 * has no part in.  SIGTERM: no new action, the watcher ends, actions at work have STOP_PATIENCE to end; we end
 * after both.  A reload that changes nothing starts nobody anew.
 *
 * Fails: only without memory, loop or control socket; exit status 1.
 */
#include "executor/executor.h"

#include <signal.h>
#include <stdio.h>
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
#include "executor/last_good.h"
#include "executor/reload.h"
#include "executor/watcher_supervise.h"
#include "version.h"

#define STOP_PATIENCE (25 * USEC_PER_SEC)

static const char no_config[] =
        "spoolguard-config 1\nmode\tbuilt-in\tobserve\nnotify.deadline\tbuilt-in\t30s\nend\n";

struct executor {
        const struct executor_options *options;
        struct loop *loop;
        struct plugin_list *plugins;
        struct book *book;
        struct lease_store *leases;
        struct desk *desk;
        struct control *control;
        struct watcher *watcher;
        struct config *config;
        uint32_t generation;
        char *text; /* the configuration in force, serialised */
        size_t text_size;
        bool watcher_is_old; /* it has another one than that */

        struct reload *reload;
        uint64_t reload_serial; /* of the wire_lower that asked */
        bool reload_by_root, stopping;

        struct loop_signal *signals[3];
        struct loop_timer *watchdog, *patience;
        uint64_t watchdog_usec;
};

/* The loader looks at the same plugins, and what is wrong with ours was said at the start. */
static bool is_refused_plugin(const struct executor *executor, const char *problem) {
        for (size_t i = 0; i < executor->plugins->n; i++)
                if (strcmp(problem, executor->plugins->plugins[i].refused.text) == 0)
                        return true;
        return false;
}

/* What is wrong with the files, one record for each playbook and a line for everything. */
static void tell_problems(struct executor *executor, const struct config *raw) {
        for (size_t i = 0; raw->problems && raw->problems[i]; i++)
                if (!is_refused_plugin(executor, raw->problems[i]))
                        log_error("configuration: %s", raw->problems[i]);
        for (size_t i = 0; i < raw->n_playbooks; i++)
                if (raw->playbooks[i].failed) {
                        struct book_entry entry = book_entry_new("playbook-broken");
                        book_text(&entry, "playbook", raw->playbooks[i].name);
                        book_text(&entry, "text", raw->playbooks[i].failed);
                        book_write(executor->book, &entry);
                }
}

static void tell_refused(struct executor *executor, const char *problems) {
        struct book_entry entry = book_entry_new("config-refused");

        book_text(&entry, "text", problems);
        book_write(executor->book, &entry);
}

/* With the newest configuration, as soon as no action is at work that its successor would not know. */
static void renew_watcher(struct executor *executor) {
        int r;

        if (!executor->watcher_is_old || desk_actions(executor->desk) > 0 || executor->stopping)
                return;
        r = watcher_start(executor->watcher, executor->text, executor->text_size);
        if (r < 0)
                log_error("the watcher cannot be started: %s", strerror(-r));
        executor->watcher_is_old = false;
}

static void put_in_force(struct executor *executor, struct config *config) {
        struct book_entry entry = book_entry_new("config-loaded");
        struct config *before = executor->config;

        executor->config = config;
        executor->generation++;
        book_number(&entry, "generation", executor->generation);
        book_write(executor->book, &entry);
        desk_set_config(executor->desk, config, executor->generation);
        config_free(before);
        desk_review_quarantine(executor->desk);
        executor->watcher_is_old = true;
}

/*
 * From here on `text` is the configuration; the one before may lend playbooks that are broken in it.  1: it is
 * what is in force already, so nobody is started anew for it.
 */
static int take_config(struct executor *executor, const char *text, size_t size, struct problem *problem) {
        struct config *config, *raw;
        _cleanup_free_ char *merged = NULL;
        size_t merged_size;
        bool same;
        int r = reload_merge(executor->config, text, size, &config, &merged, &merged_size, &raw, problem);

        if (r < 0)
                return r;
        tell_problems(executor, raw);
        config_free(raw);
        same = executor->text && reload_is_same(executor->text, executor->text_size, merged, merged_size);
        if (same)
                config_free(config);
        else
                put_in_force(executor, config);
        r = last_good_store(executor->options->state_dir, merged, merged_size);
        if (r < 0)
                log_warning(
                        "the configuration in force cannot be stored for the next start: %s", strerror(-r));
        free(executor->text);
        executor->text = take(merged);
        executor->text_size = merged_size;
        return same;
}

static void first_config(struct executor *executor) {
        struct reload_result result;
        struct problem problem = {.text = "out of memory"};
        char *good = NULL;
        size_t size;

        reload_now(&executor->options->paths, &result);
        if (result.text && take_config(executor, result.text, result.size, &problem) >= 0) {
                reload_result_deinit(&result);
                return;
        }
        tell_refused(executor, result.problems ? result.problems : problem.text);
        if (last_good_read(executor->options->state_dir, &good, &size) == 0 &&
                take_config(executor, good, size, &problem) >= 0)
                desk_set_trouble(
                        executor->desk, "the configuration was refused: the last good one is in force");
        else if (take_config(executor, no_config, sizeof(no_config) - 1, &problem) >= 0)
                desk_set_trouble(executor->desk,
                        "the configuration was refused and there is no last good one: nothing is guarded");
        free(good);
        reload_result_deinit(&result);
}

static void on_reloaded(struct reload *reload, struct reload_result *result, void *data) {
        struct executor *executor = data;
        struct problem problem = {.text = ""};
        int taken = result->text ? take_config(executor, result->text, result->size, &problem) : -EBADMSG;
        const char *text = taken > 0 ? "nothing has changed" : "the new configuration is in force";
        bool ok = taken >= 0;

        if (!ok) {
                text = result->problems ? result->problems : problem.text;
                tell_refused(executor, text);
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
        config_free(executor->config);
        free(executor->text);
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
                first_config(&executor);
                r = executor.config ? 0 : -ENOMEM;
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

int executor_check(const struct executor_options *options) {
        struct reload_result result;
        struct problem problem = {.text = ""};
        struct config *config = NULL;
        int status = EXIT_FAILURE;

        reload_now(&options->paths, &result);
        if (!result.text)
                fprintf(stderr, "%s\n", result.problems);
        else if (config_new(result.text, result.size, &config, &problem) < 0)
                fprintf(stderr, "%s\n", problem.text);
        else {
                for (size_t i = 0; config->problems && config->problems[i]; i++)
                        printf("%s\n", config->problems[i]);
                printf("The configuration is good: mode %s, %zu conditions, %zu playbooks.\n",
                        config_mode_name(config->mode), config->n_conditions, config->n_playbooks);
                status = EXIT_SUCCESS;
        }
        config_free(config);
        reload_result_deinit(&result);
        return status;
}
