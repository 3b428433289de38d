/* SPDX-License-Identifier: MIT */
/*
 * served_bus - a private dbus-daemon, and a process that serves spoolguard on it from a fake engine
 *
 * The daemon is a real one with a configuration that lets any user in, so that a stranger can be played.  The
 * serving process is forked, has its own loop and hears scenes, one byte each, over a socket pair; it answers
 * with the same byte one turn later.
 */
#include "support/served_bus.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/loop.h"
#include "plugin/plugin.h"
#include "record/record.h"
#include "support/fake_engine.h"
#include "support/fake_queue.h"
#include "watcher/bus/bus.h"

static const char configuration[] =
        "<!DOCTYPE busconfig PUBLIC \"-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN\"\n"
        " \"http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd\">\n"
        "<busconfig><type>session</type><listen>unix:path=%s/socket</listen><auth>EXTERNAL</auth>\n"
        "<policy context=\"default\"><allow user=\"*\"/><allow own=\"*\"/>\n"
        "<allow send_destination=\"*\" eavesdrop=\"true\"/><allow "
        "eavesdrop=\"true\"/></policy></busconfig>\n";

struct server {
        struct loop *loop;
        struct loop_defer *ack;
        struct loop_timer *act;
        struct engine engine;
        struct fake_queue queue;
        bool has_queue;
        struct bus *bus;
        int control;
        unsigned char scene;
};

#define EMIT(...) bus_on_event(server->bus, &(struct engine_event){__VA_ARGS__})

static void play_trip(struct server *server) {
        struct engine *engine = &server->engine;
        struct incident *incident = &engine->incidents[0];

        engine->conditions[0].state = CONDITION_ACTIVE;
        engine->conditions[0].tripped = true;
        engine->conditions[0].value = 0.91;
        engine->state_name = "incident";
        engine->state_text = "disk-space-high on /var/log";
        engine->n_incidents = 1;
        *incident = (struct incident){
                .id = 7,
                .since_usec = UINT64_C(1766620900000000),
                .title = "disk-space-high on /var/log",
                .diagnosis = "/var/log is 91% full, the journal holds 1.2G of it",
                .conditions = {"disk-space-high_/var/log"},
                .n_conditions = 1,
                .actions = {{.action = 1,
                        .started_usec = UINT64_C(1766620901000000),
                        .playbook = "vacuum-journal",
                        .verb = "journal.vacuum",
                        .args = "keep=200M"}},
                .n_actions = 1,
        };
        EMIT(.type = ENGINE_CONDITION_CHANGED, .condition = &engine->conditions[0]);
        EMIT(.type = ENGINE_INCIDENT_ADDED, .incident = incident);
        EMIT(.type = ENGINE_ACTION_STARTED, .incident = incident, .action = &incident->actions[0]);
        EMIT(.type = ENGINE_STATE_CHANGED);
}

static void play_heal(struct server *server) {
        struct engine *engine = &server->engine;
        struct incident *incident = &engine->incidents[0];

        incident->actions[0].finished_usec = UINT64_C(1766620905000000);
        incident->actions[0].freed_bytes = UINT64_C(1) << 30;
        incident->actions[0].status = WIRE_DONE;
        incident->closed_usec = UINT64_C(1766620910000000);
        engine->conditions[0].state = CONDITION_OK;
        engine->conditions[0].tripped = false;
        engine->state_name = "ok";
        engine->state_text = "nothing is wrong";
        EMIT(.type = ENGINE_ACTION_FINISHED, .incident = incident, .action = &incident->actions[0]);
        EMIT(.type = ENGINE_CONDITION_CHANGED, .condition = &engine->conditions[0]);
        EMIT(.type = ENGINE_INCIDENT_CLOSED, .incident = incident);
        EMIT(.type = ENGINE_STATE_CHANGED);
}

static void play_condition_comes(struct server *server) {
        struct engine *engine = &server->engine;

        engine->conditions[1] = engine->conditions[0];
        strcpy(engine->conditions[1].name, "disk-space-high_/srv/a b\"<&>");
        strcpy(engine->conditions[1].labels[0].value, "/srv/a b\"<&>");
        engine->conditions[1].value = NAN;
        engine->n_conditions = 2;
        EMIT(.type = ENGINE_CONDITION_ADDED, .condition = &engine->conditions[1]);
}

static void play_next_hop_down(struct server *server) {
        struct engine *engine = &server->engine;
        struct condition *condition = &engine->conditions[engine->n_conditions++];

        *condition = (struct condition){.name = "next-hop-down_example.test",
                .config = &engine->config.conditions[1],
                .labels = {{"nexthop", "example.test"}},
                .n_labels = 1,
                .state = CONDITION_ACTIVE,
                .tripped = true,
                .value = 0,
                .since_usec = loop_realtime(server->loop) - 5 * USEC_PER_MINUTE};
        EMIT(.type = ENGINE_CONDITION_ADDED, .condition = condition);
}

static void play_run_ends(struct server *server) {
        struct engine *engine = &server->engine;
        struct run *run = &engine->runs[engine->n_runs - 1];

        run->state = RUN_ENDED;
        strcpy(run->result, "cleared");
        EMIT(.type = ENGINE_RUN_CHANGED, .run = run);
        engine->n_runs--;
        EMIT(.type = ENGINE_RUN_REMOVED, .run = run);
}

static void play_run_admitted(struct server *server) {
        struct run *run = &server->engine.runs[server->engine.n_runs - 1];

        run->id = run->serial + 2;
        run->state = RUN_RUNNING;
        EMIT(.type = ENGINE_RUN_CHANGED, .run = run);
}

static void play_lease_comes(struct server *server) {
        struct engine *engine = &server->engine;
        uint64_t now = loop_realtime(server->loop);

        engine->leases[0] = (struct wire_lease){
                .lease = 3,
                .incident = 7,
                .count = 2034,
                .since_usec = now - 3 * USEC_PER_MINUTE,
                .expires_usec = now + 14 * USEC_PER_MINUTE,
                .limit_usec = now + 4 * USEC_PER_DAY,
                .state = WIRE_LEASE_TAKING,
                .verb = "postfix.postpone",
                .args = {{"instance", "-"}, {"nexthop", "example.test"}},
                .n_args = 2,
                .owner = "pause-deferred",
                .until_clear = "next-hop-down_example.test",
                .reason = "no address of example.test answers, and its retries fill /var/log",
        };
        engine->n_leases = 1;
        EMIT(.type = ENGINE_LEASE_ADDED, .lease = &engine->leases[0]);
        engine->leases[0].state = WIRE_LEASE_IN_FORCE;
        EMIT(.type = ENGINE_LEASE_CHANGED, .lease = &engine->leases[0]);
}

static void play_lease_changes(struct server *server, enum wire_lease_state lease_state, uint64_t count) {
        struct wire_lease *lease = &server->engine.leases[0];

        lease->state = lease_state;
        lease->count = count;
        if (lease_state == WIRE_LEASE_IN_FORCE)
                lease->expires_usec += USEC_PER_MINUTE;
        EMIT(.type = ENGINE_LEASE_CHANGED, .lease = lease);
}

static void play_lease_lasts(struct server *server) {
        struct wire_lease *lease = &server->engine.leases[0];

        strcpy(lease->verb, "postfix.hold");
        lease->args[1] = (struct wire_pair){"domain", ""};
        lease->args[2] = (struct wire_pair){"sender", "<>"};
        lease->args[3] = (struct wire_pair){"older_than", "0s"};
        lease->n_args = 4;
        lease->expires_usec = 0;
        EMIT(.type = ENGINE_LEASE_CHANGED, .lease = lease);
}

static void play_lease_goes(struct server *server) {
        struct engine *engine = &server->engine;

        engine->leases[0].state = WIRE_LEASE_ENDED;
        EMIT(.type = ENGINE_LEASE_CHANGED, .lease = &engine->leases[0]);
        engine->n_leases = 0;
        EMIT(.type = ENGINE_LEASE_REMOVED, .lease = &engine->leases[0]);
}

static void play_lower(struct server *server, bool yes) {
        struct engine *engine = &server->engine;
        struct wire_lower_reply reply = {.serial = engine->serial, .ok = yes};
        bool is_return = engine->lower_kind == WIRE_LOWER_RETURN_LEASE;

        strcpy(reply.text,
                is_return && yes    ? "the 2,034 postponed messages are retried over the next 5 minutes"
                        : is_return ? "it is being taken back already"
                        : yes       ? ""
                                    : "spoolguard.lua:3: unknown key 'mod', did you mean 'mode'?");
        if (yes && is_return && engine->n_leases == 1 && engine->leases[0].expires_usec == 0)
                strcpy(engine->leases[0].text, "100 messages would be returned to their senders");
        if (yes && is_return && engine->n_leases == 1 && engine->lower_lease == engine->leases[0].lease)
                play_lease_changes(server, WIRE_LEASE_ENDING, engine->leases[0].count);
        if (yes && engine->lower_kind == WIRE_LOWER_OBSERVE)
                engine->mode = CONFIG_MODE_OBSERVE;
        if (yes && engine->lower_kind == WIRE_LOWER_MAINTENANCE)
                engine->maintenance_until_usec = loop_realtime(server->loop) + engine->lower_usec;
        engine->lower_kind = 0;
        EMIT(.type = ENGINE_STATE_CHANGED);
        EMIT(.type = ENGINE_LOWER_REPLY, .lower_reply = &reply);
}

static const struct {
        const char *name, *labels;
        double value;
} queue_readings[] = {
        {"queue_messages", "instance=-,queue=active", 31},
        {"queue_bytes", "instance=-,queue=active", 1.4e6},
        {"queue_oldest_seconds", "instance=-,queue=active", 4},
        {"queue_messages", "instance=-,queue=corrupt", 0},
        {"queue_bytes", "instance=-,queue=corrupt", 0},
        {"queue_oldest_seconds", "instance=-,queue=corrupt", 0},
        {"queue_messages", "instance=-,queue=deferred", 80444},
        {"queue_bytes", "instance=-,queue=deferred", 1.2e9},
        {"queue_oldest_seconds", "instance=-,queue=deferred", 187345},
        {"queue_messages", "instance=-,queue=hold", 5},
        {"queue_bytes", "instance=-,queue=hold", 20480},
        {"queue_oldest_seconds", "instance=-,queue=hold", 93600.5},
        {"queue_messages", "instance=-,queue=incoming", 2},
        {"queue_bytes", "instance=-,queue=incoming", 9000},
        {"queue_oldest_seconds", "instance=-,queue=incoming", 1},
        {"queue_messages", "instance=-,queue=maildrop", 0},
        {"queue_bytes", "instance=-,queue=maildrop", 0},
        {"queue_oldest_seconds", "instance=-,queue=maildrop", 0},
        {"queue_nexthop_messages", "instance=-,nexthop=mx.partner.example", 312},
        {"queue_nexthop_messages", "instance=-,nexthop=example.test", 2034},
        {"queue_nexthop_messages", "instance=-,nexthop=quiet.example", 12},
        {"queue_nexthop_messages", "instance=-,nexthop=slow.example", NAN},
        {"queue_nexthop_dead_messages", "instance=-,nexthop=example.test", 2034},
        {"queue_nexthop_dead_messages", "instance=-,nexthop=mx.partner.example", 0},
        {"relay_up_ratio", "nexthop=example.test", 0},
        {"relay_up_ratio", "nexthop=mx.partner.example", 0.5},
        {"relay_up_ratio", "nexthop=slow.example", NAN},
        {"queue_reason_messages", "instance=-,reason=greylist", 300},
        {"queue_reason_messages", "instance=-,reason=timeout", 2034},
        {"queue_reason_messages", "instance=-,reason=tls", 0},
        {"queue_unreadable", "instance=-", 3},
};

static void play_queue_missing(struct server *server) {
        struct board *board = &server->engine.board;

        for (size_t i = 0; i < board->n; i++)
                if (strcmp(board->readings[i].labels[1].value, "deferred") == 0) {
                        board->readings[i].missing = true;
                        board->readings[i].value = NAN;
                }
}

/* What requests lead to when nobody directs them; for a run that is one action, and the end. */
static void on_act(struct loop_timer *timer, void *data) {
        struct server *server = data;
        struct incident_action action = {.action = 11,
                .started_usec = UINT64_C(1766620901000000),
                .playbook = "vacuum-journal",
                .verb = "journal.vacuum",
                .args = "keep=200M"};

        loop_timer_arm(timer, loop_now(server->loop) + 20 * USEC_PER_MSEC);
        if (server->engine.lower_kind != 0)
                play_lower(server, true);
        if (server->engine.n_runs == 0)
                return;
        play_run_admitted(server);
        EMIT(.type = ENGINE_ACTION_STARTED, .action = &action);
        action.status = server->engine.runs[0].dry ? WIRE_WOULD_HAVE : WIRE_DONE;
        action.finished_usec = UINT64_C(1766620902000000);
        action.freed_bytes = UINT64_C(3) << 20;
        EMIT(.type = ENGINE_ACTION_FINISHED, .action = &action);
        play_run_ends(server);
}

static void play(struct server *server, enum scene scene) {
        struct engine *engine = &server->engine;

        switch (scene) {
        case SCENE_NOTHING: break;
        case SCENE_FLUTTER:
                for (int i = 0; i < 10; i++) {
                        engine->conditions[0].value = 0.5 + i / 100.0;
                        EMIT(.type = ENGINE_CONDITION_CHANGED, .condition = &engine->conditions[0]);
                }
                break;
        case SCENE_TRIP: play_trip(server); break;
        case SCENE_HEAL: play_heal(server); break;
        case SCENE_ESCALATE:
                engine->incidents[0].escalated = true;
                engine->state_name = "escalated";
                EMIT(.type = ENGINE_ESCALATED, .incident = &engine->incidents[0], .text = "not-cleared");
                break;
        case SCENE_CONDITION_COMES: play_condition_comes(server); break;
        case SCENE_CONDITION_GOES:
                engine->n_conditions = 1;
                EMIT(.type = ENGINE_CONDITION_REMOVED, .condition = &engine->conditions[1]);
                break;
        case SCENE_NOT_UTF8:
                engine->state_text = "broken \xff\xfe text";
                strcpy(engine->conditions[0].labels[0].value, "/var/\xc3");
                EMIT(.type = ENGINE_STATE_CHANGED);
                EMIT(.type = ENGINE_CONDITION_CHANGED, .condition = &engine->conditions[0]);
                break;
        case SCENE_BLIND:
                for (size_t i = 0; i < engine->board.n; i++)
                        engine->board.readings[i].at_usec = 1;
                break;
        case SCENE_RUN_ADMITTED: play_run_admitted(server); break;
        case SCENE_RUN_REFUSED:
                engine->n_runs--;
                strcpy(engine->runs[engine->n_runs].text, "the budget is spent until tomorrow");
                engine->runs[engine->n_runs].state = RUN_ENDED;
                EMIT(.type = ENGINE_RUN_REMOVED, .run = &engine->runs[engine->n_runs]);
                break;
        case SCENE_RUN_ENDS: play_run_ends(server); break;
        case SCENE_ANSWERS_BY_ITSELF: loop_timer_arm(server->act, loop_now(server->loop)); break;
        case SCENE_LOWER_YES: play_lower(server, true); break;
        case SCENE_LOWER_NO: play_lower(server, false); break;
        case SCENE_RUNS_NOT_ALLOWED: engine->refuse_runs = true; break;
        case SCENE_LEASE_COMES: play_lease_comes(server); break;
        case SCENE_LEASE_RENEWED: play_lease_changes(server, WIRE_LEASE_IN_FORCE, 2101); break;
        case SCENE_LEASE_LAPSES: play_lease_changes(server, WIRE_LEASE_LAPSED, 2034); break;
        case SCENE_LEASE_GOES: play_lease_goes(server); break;
        case SCENE_LEASE_LASTS: play_lease_lasts(server); break;
        case SCENE_NEXT_HOP_DOWN: play_next_hop_down(server); break;
        case SCENE_QUEUE:
                for (size_t i = 0; i < sizeof(queue_readings) / sizeof(queue_readings[0]); i++)
                        fake_engine_add_reading(engine, queue_readings[i].name, queue_readings[i].labels,
                                queue_readings[i].value);
                break;
        case SCENE_QUEUE_MISSING: play_queue_missing(server); break;
        case SCENE_SECOND_INSTANCE:
                fake_engine_add_reading(engine, "queue_messages", "instance=out,queue=deferred", 7);
                fake_engine_add_reading(
                        engine, "queue_nexthop_messages", "instance=out,nexthop=a\x1b[2Jb", 7);
                break;
        case SCENE_QUEUE_PLUGIN: server->has_queue = true; break;
        case SCENE_QUEUE_ANSWERS: fake_queue_answer(&server->queue, 0); break;
        case SCENE_QUEUE_STOPS: fake_queue_answer(&server->queue, -ECANCELED); break;
        case SCENE_END: loop_exit(server->loop, 0); break;
        }
}

static void on_control(struct loop_fd *source, int fd, unsigned ready, void *data) {
        struct server *server = data;

        (void)source, (void)ready;
        if (read(fd, &server->scene, 1) != 1) {
                loop_exit(server->loop, 0);
                return;
        }
        play(server, server->scene);
        loop_defer_arm(server->ack);
}

static void on_ack(struct loop_defer *source, void *data) {
        struct server *server = data;

        (void)source;
        if (write(server->control, &server->scene, 1) != 1)
                loop_exit(server->loop, 1);
}

static void on_lost(void *data) {
        struct server *server = data;

        server->bus = bus_free(server->bus);
        loop_exit(server->loop, 9);
}

static int on_queue_shape(
        void *data, const struct sg_queue_shape *shape, sg_queue_shape_done *done, void *done_data) {
        struct server *server = data;

        return server->has_queue ? fake_queue_shape(&server->queue, shape, done, done_data) : -ENODEV;
}

static int on_queue_list(void *data, const struct sg_queue_filter *filter, uint64_t cursor, unsigned max,
        sg_queue_message_each *each, void *each_data, uint64_t *ret_cursor) {
        struct server *server = data;

        return server->has_queue
                ? fake_queue_list(&server->queue, filter, cursor, max, each, each_data, ret_cursor)
                : -ENODEV;
}

static int export_fd(void *data) {
        static const struct record_field intent[] = {{"event", "action-intent"}, {"incident", "7"},
                {"action", "1"}, {"playbook", "vacuum-journal"}, {"verb", "journal.vacuum"}};
        static const struct record_field outcome[] = {{"event", "action-outcome"}, {"action", "1"},
                {"status", "done"}, {"freed", "1073741824"}, {"text", "kept 200M\x1b[31m"}};
        char slot[RECORD_SLOT_SIZE];
        int fd = memfd_create("export", MFD_CLOEXEC);

        (void)data;
        if (record_format(41, UINT64_C(1766620901000000), intent, 5, slot) < 0 ||
                write(fd, slot, sizeof(slot)) != (ssize_t)sizeof(slot) ||
                record_format(42, UINT64_C(1766620905000000), outcome, 5, slot) < 0)
                return -1;
        /* As the watcher does: without the padding. */
        size_t length = sizeof(slot) - 1;

        while (slot[length - 1] == ' ')
                length--;
        slot[length++] = '\n';
        if (write(fd, slot, length) != (ssize_t)length || lseek(fd, 0, SEEK_SET) != 0)
                return -1;
        return fd;
}

static const struct sg_plugin good_plugin = {
        SG_PLUGIN_HEADER, .name = "journal", .version = "0.1.0", .summary = "the systemd journal"};

static struct plugin plugin_rows[] = {
        {.sg = &good_plugin, .name = "journal", .path = "/usr/lib/spoolguard/plugins/journal.so"},
        {.name = "stranger",
                .path = "/usr/lib/spoolguard/plugins/stranger.so",
                .refused = {"stranger.so can be written by others than its owner"}},
};

static const struct plugin_list plugins = {.plugins = plugin_rows, .n = 2};

static int serve(const struct served_bus *served, int control, bool as_session) {
        static const struct bus_ops ops = {.on_lost = on_lost,
                .export_fd = export_fd,
                .queue = {.shape = on_queue_shape, .list = on_queue_list}};
        struct server server = {.control = control};
        struct bus_connection *connection;
        struct problem problem = {""};
        struct loop_fd *source;

        setenv("DBUS_SYSTEM_BUS_ADDRESS", served->address, 1);
        setenv("DBUS_SESSION_BUS_ADDRESS", served->address, 1);
        fake_engine_init(&server.engine);
        if (bus_connect(as_session, &connection, &problem) < 0 || loop_new_sdevent(&server.loop) < 0 ||
                bus_new_consume(
                        server.loop, &server.engine, connection, &ops, &server, &server.bus, &problem) < 0) {
                fprintf(stderr, "%s\n", problem.text);
                loop_free(server.loop);
                return strstr(problem.text, "another process has it") ? 2 : 3;
        }
        bus_set_plugins(server.bus, &plugins);
        if (loop_fd_new(server.loop, "control", control, LOOP_IN, on_control, &server, &source) < 0 ||
                loop_defer_new(server.loop, "ack", on_ack, &server, &server.ack) < 0 ||
                loop_timer_new(server.loop, "act", USEC_NEVER, on_act, &server, &server.act) < 0)
                return 3;
        loop_defer_arm(server.ack); /* ready to be called */
        int r = loop_run(server.loop);

        bus_free(server.bus);
        /* Those who asked are gone, and must not mind. */
        fake_queue_answer(&server.queue, -ECANCELED);
        loop_timer_free(server.act);
        loop_defer_free(server.ack);
        loop_fd_free(source);
        loop_free(server.loop);
        dbus_shutdown();
        return r;
}

int served_bus_serve_again(const struct served_bus *served) {
        return serve(served, served->control, true);
}

int served_bus_setup_empty(struct served_bus *served) {
        int ready[2];
        char path[96], option[128], fd_option[64], byte;

        *served = (struct served_bus){.server = -1, .control = -1};
        strcpy(served->directory, "/tmp/served-bus-XXXXXX");
        if (!mkdtemp(served->directory) || chmod(served->directory, 0755) < 0 || pipe(ready) < 0)
                return -1;
        snprintf(path, sizeof(path), "%s/bus.conf", served->directory);
        snprintf(served->address, sizeof(served->address), "unix:path=%s/socket", served->directory);
        FILE *file = fopen(path, "we");

        fprintf(file, configuration, served->directory);
        fclose(file);
        snprintf(option, sizeof(option), "--config-file=%s", path);
        snprintf(fd_option, sizeof(fd_option), "--print-address=%d", ready[1]);
        served->daemon = fork();
        if (served->daemon == 0) {
                /* It complains that it may not raise limits it does not need. */
                if (!freopen("/dev/null", "we", stderr) || prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
                        _exit(126);
                execlp("dbus-daemon", "dbus-daemon", "--nofork", "--nosyslog", option, fd_option, NULL);
                _exit(127);
        }
        close(ready[1]);
        /* It prints its address once it listens. */
        ssize_t got = read(ready[0], &byte, 1);

        close(ready[0]);
        return got == 1 ? 0 : -1;
}

int served_bus_setup(struct served_bus *served, bool as_session) {
        int pair[2];
        unsigned char scene;

        if (served_bus_setup_empty(served) < 0 || socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0)
                return -1;
        served->server = fork();
        if (served->server == 0) {
                close(pair[0]);
                exit(serve(served, pair[1], as_session));
        }
        close(pair[1]);
        served->control = pair[0];
        return read(served->control, &scene, 1) == 1 ? 0 : -1;
}

void served_bus_play(struct served_bus *served, enum scene scene) {
        unsigned char byte = (unsigned char)scene;

        if (write(served->control, &byte, 1) != 1 || read(served->control, &byte, 1) != 1) {
                fprintf(stderr, "the serving process is gone\n");
                abort();
        }
}

int served_bus_teardown(struct served_bus *served) {
        unsigned char byte = SCENE_END;
        int status = 0;
        char path[96];

        if (served->server > 0) {
                if (write(served->control, &byte, 1) != 1)
                        fprintf(stderr, "the serving process is gone\n");
                close(served->control);
                waitpid(served->server, &status, 0);
                status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        }
        kill(served->daemon, SIGTERM);
        waitpid(served->daemon, NULL, 0);
        snprintf(path, sizeof(path), "%s/bus.conf", served->directory);
        unlink(path);
        snprintf(path, sizeof(path), "%s/socket", served->directory);
        unlink(path);
        rmdir(served->directory);
        return status;
}

DBusConnection *served_bus_connect(const struct served_bus *served) {
        DBusConnection *connection = dbus_connection_open_private(served->address, NULL);

        if (!connection || !dbus_bus_register(connection, NULL))
                return NULL;
        dbus_connection_set_exit_on_disconnect(connection, FALSE);
        return connection;
}
