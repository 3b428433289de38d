/* SPDX-License-Identifier: MIT */
/* desk_support - a desk, a plugin of verbs that leave marks, and a scripted watcher at a real socketpair */
#ifndef TESTS_DESK_SUPPORT_H
#define TESTS_DESK_SUPPORT_H

#include "executor_support.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "executor/admit.h"
#include "executor/desk.h"

static char mark[PATH_MAX + 32];

static enum sg_verdict check_go(const struct sg_action *action, struct sg_outcome *ret_outcome) {
        snprintf(ret_outcome->text, sizeof(ret_outcome->text), "gentler=%d floor=%llu", action->gentler_spent,
                (unsigned long long)(action->incident_since_usec - action->floor_usec));
        action->host->manifest(action, "archive A");
        action->host->manifest(action, "archive B");
        return SG_VERDICT_GO;
}

static enum sg_verdict check_nothing(const struct sg_action *action, struct sg_outcome *ret_outcome) {
        (void)action, (void)ret_outcome;
        return SG_VERDICT_NOTHING;
}

static int run_mark(const struct sg_action *action, struct sg_outcome *ret_outcome) {
        int fd = open(mark, O_WRONLY | O_CREAT | O_APPEND, 0600);
        (void)!write(fd, "x", 1);
        close(fd);
        ret_outcome->freed_bytes = action->args ? action->args[0].bytes : 1;
        strcpy(ret_outcome->text, "done");
        return 0;
}

static int run_slow(const struct sg_action *action, struct sg_outcome *ret_outcome) {
        usleep(400000);
        return run_mark(action, ret_outcome);
}

static int run_probe(const struct sg_action *action, struct sg_outcome *ret_outcome) {
        run_mark(action, ret_outcome);
        ret_outcome->freed_bytes = 0;
        ret_outcome->found_bytes = UINT64_C(5) << 30;
        ret_outcome->count = 3;
        return 0;
}

static const struct sg_option vacuum_args[] = {
        {.name = "keep", .type = SG_TYPE_SIZE, .fallback = "200M", .min = 8 << 20, .max = 1e15},
        {.name = NULL}};
static const struct sg_verb vacuum = {.name = "test.vacuum",
        .risk = SG_RISK_LOSSY,
        .args = vacuum_args,
        .budget_count = 3,
        .budget_window_usec = USEC_PER_DAY,
        .check = check_go,
        .run = run_mark};
static const struct sg_verb slow = {
        .name = "test.slow", .risk = SG_RISK_FREEING, .check = check_go, .run = run_slow};
static const struct sg_verb probe = {.name = "test.probe",
        .risk = SG_RISK_PROBE,
        .budget_count = 2,
        .budget_window_usec = USEC_PER_DAY,
        .check = check_go,
        .run = run_probe};
static const struct sg_verb ballast = {
        .name = "disk.free_ballast", .risk = SG_RISK_FREEING, .check = check_nothing, .run = run_mark};
static const struct sg_verb delete_mail = {
        .name = "test.delete", .risk = SG_RISK_DESTRUCTIVE, .check = check_go, .run = run_mark};
/* A reversible change: every run, and every undo, leaves its letter and the number of its lease. */
static void leave(char letter, uint64_t lease) {
        FILE *file = fopen(mark, "ae");
        fprintf(file, "%c%llu ", letter, (unsigned long long)lease);
        fclose(file);
}

static enum sg_verdict check_pause(const struct sg_action *action, struct sg_outcome *ret_outcome) {
        if (strcmp(action->args[1].text, "nothing") == 0)
                return SG_VERDICT_NOTHING;
        if (strcmp(action->args[1].text, "slow-check") == 0)
                usleep(300000);
        if (strcmp(action->args[1].text, "which") == 0) {
                snprintf(ret_outcome->text, sizeof(ret_outcome->text), "there is %llu",
                        (unsigned long long)action->host->next_lease(
                                action, "test.pause", "what", action->args[0].text, 0));
                return SG_VERDICT_REFUSED;
        }
        ret_outcome->count = action->lease;
        return action->lease > 0 ? SG_VERDICT_GO : SG_VERDICT_REFUSED;
}

static int run_pause(const struct sg_action *action, struct sg_outcome *ret_outcome) {
        struct stat st;

        if (strcmp(action->args[1].text, "slow") == 0)
                usleep(300000);
        leave('r', action->lease);
        ret_outcome->count =
                action->selection_fd >= 0 && fstat(action->selection_fd, &st) == 0 ? (uint64_t)st.st_size : 1;
        strcpy(ret_outcome->text, "paused");
        if (strcmp(action->args[1].text, "briefly") == 0)
                ret_outcome->until_usec = clock_realtime_usec() + USEC_PER_SEC / 2;
        if (strcmp(action->args[1].text, "die") == 0)
                raise(SIGKILL);
        return strcmp(action->args[1].text, "fail") == 0 ? -EIO : 0;
}

static int undo_pause(const struct sg_action *action, struct sg_outcome *ret_outcome) {
        char stuck[sizeof(mark) + 8];

        leave('u', action->lease);
        snprintf(stuck, sizeof(stuck), "%s.stuck", mark);
        if (access(stuck, F_OK) == 0 && strcmp(action->args[1].text, "gone") == 0) {
                ret_outcome->is_gone = true;
                strcpy(ret_outcome->text, "nobody is there");
                return -ENOENT;
        }
        if (access(stuck, F_OK) == 0)
                return -EBUSY;
        ret_outcome->count = 5;
        strcpy(ret_outcome->text, action->selection_fd < 0 ? "taken back" : "with a selection");
        return 0;
}

/* It lasts until it is undone; whoever makes `mark`.his has changed it. */
static enum sg_verdict check_keep(const struct sg_action *action, struct sg_outcome *ret_outcome) {
        char his[sizeof(mark) + 8];

        (void)action;
        snprintf(his, sizeof(his), "%s.his", mark);
        if (access(his, F_OK) == 0) {
                strcpy(ret_outcome->text, "it is his now");
                ret_outcome->is_overruled = true;
                return SG_VERDICT_REFUSED;
        }
        return access(mark, F_OK) == 0 ? SG_VERDICT_NOTHING : SG_VERDICT_GO;
}

static const struct sg_option pause_args[] = {{.name = "what", .type = SG_TYPE_TEXT, .fallback = "all"},
        {.name = "how", .type = SG_TYPE_TEXT, .fallback = "well"}, {.name = NULL}};
static const struct sg_verb pause_verb = {.name = "test.pause",
        .risk = SG_RISK_REVERSIBLE,
        .args = pause_args,
        .slice_usec = 15 * USEC_PER_MINUTE,
        .check = check_pause,
        .run = run_pause,
        .undo = undo_pause};
static const struct sg_verb pause_chosen = {.name = "test.pause_chosen",
        .risk = SG_RISK_REVERSIBLE,
        .args = pause_args,
        .slice_usec = 15 * USEC_PER_MINUTE,
        .selector = "queue",
        .check = check_pause,
        .run = run_pause,
        .undo = undo_pause};
static const struct sg_verb keep_verb = {.name = "test.keep",
        .risk = SG_RISK_REVERSIBLE,
        .args = pause_args,
        .check = check_keep,
        .run = run_pause,
        .undo = undo_pause};
static const struct sg_verb pause_shortly = {.name = "test.pause_shortly",
        .risk = SG_RISK_REVERSIBLE,
        .args = pause_args,
        .slice_usec = USEC_PER_SEC / 2,
        .check = check_pause,
        .run = run_pause,
        .undo = undo_pause};
static const struct sg_verb pause_limited = {.name = "test.pause_limited",
        .risk = SG_RISK_REVERSIBLE,
        .args = pause_args,
        .slice_usec = USEC_PER_SEC / 2,
        .lease_max_usec = USEC_PER_SEC * 3 / 4,
        .check = check_pause,
        .run = run_pause,
        .undo = undo_pause};
static const struct sg_verb *const verbs[] = {&vacuum, &slow, &probe, &ballast, &delete_mail, &pause_verb,
        &pause_chosen, &keep_verb, &pause_shortly, &pause_limited, NULL};
static const struct sg_plugin test_plugin = {
        SG_PLUGIN_HEADER, .name = "test", .version = "1", .verbs = verbs};
static struct plugin plugin_entry = {.sg = &test_plugin, .name = "test"};
static const struct plugin_list plugins = {.plugins = &plugin_entry, .n = 1};

#define PLAYBOOK(name, mode, source)                                                                        \
        "playbooks." name ".cooldown\tt\t0s\nplaybooks." name ".file\tt\tx.lua\nplaybooks." name            \
        ".mode\tt\t" mode "\nplaybooks." name ".per\tt\t1d\nplaybooks." name ".runs\tt\t3\nplaybooks." name \
        ".source\tt\t" source "\n"

/* A playbook that names, and so may use, whatever the tests of the desk ask for. */
#define ALL_VERBS                                                                                 \
        "-- test.vacuum test.slow test.probe test.delete test.pause test.pause_chosen test.keep " \
        "test.pause_shortly "                                                                     \
        "test.pause_limited"

struct fixture {
        char path[PATH_MAX];
        struct loop *loop;
        struct book *book;
        struct lease_store *leases;
        struct desk *desk;
        struct config *config;
        struct channel *ours, *theirs;
        struct wire_message got[64];
        size_t n_got;
        struct wire_message heard;
        enum wire_type until;
        char ended[128];
        char tried[320]; /* the last undo: of which lease, and what came of it */
        bool closed;
        unsigned reloads;
};

static void on_reload(const char *who, uint64_t serial, void *data) {
        struct fixture *fixture = data;
        (void)who, (void)serial;
        fixture->reloads++;
}

static void on_end_watcher(const char *reason, void *data) {
        struct fixture *fixture = data;
        strcpy(fixture->ended, reason);
        stop_waiting();
}

static void ignore(void *data) {
        (void)data;
}

static void on_lease_tried(uint64_t lease, bool is_over, const char *text, void *data) {
        struct fixture *fixture = data;
        snprintf(fixture->tried, sizeof(fixture->tried), "%llu%s: %s", (unsigned long long)lease,
                is_over ? "" : " stays", text);
}

static const struct desk_ops desk_ops = {.reload = on_reload,
        .end_watcher = on_end_watcher,
        .changed = ignore,
        .idle = ignore,
        .lease_tried = on_lease_tried};

static void on_request(struct channel *channel, const struct wire_message *message, void *data) {
        struct fixture *fixture = data;
        (void)channel;
        desk_receive_consume_fd(fixture->desk, message, -1);
}

static void on_request_consume_fd(
        struct channel *channel, const struct wire_message *message, int fd, void *data) {
        struct fixture *fixture = data;
        (void)channel;
        desk_receive_consume_fd(fixture->desk, message, fd);
}

static void on_request_closed(struct channel *channel, const char *reason, void *data) {
        struct fixture *fixture = data;
        (void)channel, (void)reason;
        desk_disconnect(fixture->desk);
        fixture->ours = channel_free(fixture->ours);
        fixture->closed = true;
        stop_waiting();
}

static void on_answer(struct channel *channel, const struct wire_message *message, void *data) {
        struct fixture *fixture = data;
        (void)channel;
        memmove(fixture->got + 1, fixture->got, (64 - 1) * sizeof(fixture->got[0]));
        fixture->got[0] = *message;
        fixture->n_got++;
        if (message->type == fixture->until && !test_is_over) {
                fixture->heard = *message;
                stop_waiting();
        }
}

static void on_answer_closed(struct channel *channel, const char *reason, void *data) {
        struct fixture *fixture = data;
        (void)channel, (void)reason;
        fixture->theirs = channel_free(fixture->theirs);
}

static void say(struct fixture *fixture, const struct wire_message *message) {
        assert_int_equal(channel_send(fixture->theirs, message), 0);
}

/* The newest answer of this type, waited for. */
static inline const struct wire_message *hear(struct fixture *fixture, enum wire_type type) {
        fixture->until = type;
        wait_until_stopped(fixture->loop, 20);
        return &fixture->heard;
}

static void connect_watcher(struct fixture *fixture) {
        static const struct channel_ops requests = {.on_message = on_request,
                                                .on_message_consume_fd = on_request_consume_fd,
                                                .on_closed = on_request_closed},
                                        answers = {.on_message = on_answer, .on_closed = on_answer_closed};
        int pair[2];

        fixture->closed = false;
        assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
        assert_int_equal(channel_new_consume(fixture->loop, "executor", pair[0], WIRE_FROM_WATCHER, DESK_RATE,
                                 &requests, fixture, &fixture->ours),
                0);
        assert_int_equal(channel_new_consume(fixture->loop, "watcher", pair[1], WIRE_FROM_EXECUTOR, 0,
                                 &answers, fixture, &fixture->theirs),
                0);
        desk_connect(fixture->desk, fixture->ours);
}

static inline void disconnect_watcher(struct fixture *fixture) {
        fixture->theirs = channel_free(fixture->theirs);
        wait_until_stopped(fixture->loop, 10);
        assert_true(fixture->closed);
}

static void hello(struct fixture *fixture) {
        say(fixture, &(struct wire_message){.type = WIRE_HELLO, .hello = {.pid = 1, .version = "test"}});
        hear(fixture, WIRE_WELCOME_END);
}

static void configure(struct fixture *fixture, const char *lines) {
        struct config *old = fixture->config;
        fixture->config = config_of(lines);
        desk_set_config(fixture->desk, fixture->config, 1);
        config_free(old);
}

__attribute__((unused)) static const char enforce[] =
        "mode\tt\tenforce\n" PLAYBOOK("calm", "observe", "-- nothing")
                PLAYBOOK("first", "enforce", "act disk.free_ballast") PLAYBOOK("off", "off", "-- off")
                        PLAYBOOK("vacuum", "enforce", ALL_VERBS);
__attribute__((unused)) static const char observe[] =
        "mode\tt\tobserve\n" PLAYBOOK("vacuum", "enforce", ALL_VERBS);

static void open_desk(struct fixture *fixture) {
        assert_int_equal(book_new(fixture->loop, fixture->path, fixture->path, NULL, &fixture->book), 0);
        assert_int_equal(lease_store_new(fixture->path, fixture->path, NULL, loop_realtime(fixture->loop),
                                 &fixture->leases),
                0);
        assert_int_equal(desk_new(&(struct desk_setup){.loop = fixture->loop,
                                          .book = fixture->book,
                                          .leases = fixture->leases,
                                          .plugins = &plugins,
                                          .root = "",
                                          .ops = &desk_ops,
                                          .data = fixture},
                                 &fixture->desk),
                0);
}

static inline void close_desk(struct fixture *fixture) {
        desk_free(fixture->desk);
        lease_store_free(fixture->leases);
        book_free(fixture->book);
}

static int set_up(void **state) {
        struct fixture *fixture = calloc(1, sizeof(*fixture));
        scratch_new(fixture->path);
        snprintf(mark, sizeof(mark), "%s/mark", fixture->path);
        fixture->loop = real_loop();
        open_desk(fixture);
        configure(fixture, enforce);
        connect_watcher(fixture);
        *state = fixture;
        return 0;
}

static int tear_down(void **state) {
        struct fixture *fixture = *state;
        channel_free(fixture->theirs);
        channel_free(fixture->ours);
        close_desk(fixture);
        config_free(fixture->config);
        loop_free(fixture->loop);
        scratch_free(fixture->path);
        free(fixture);
        return 0;
}

static uint64_t open_incident(struct fixture *fixture) {
        say(fixture,
                &(struct wire_message){.type = WIRE_INCIDENT_OPEN,
                        .incident_open = {.serial = 1, .title = "disk", .condition = "disk-space-high_x"}});
        return hear(fixture, WIRE_INCIDENT_REPLY)->incident_reply.incident;
}

/* The verdict; *ret_run is the run's number. */
static enum wire_verdict begin_run(
        struct fixture *fixture, const char *playbook, uint64_t incident, bool dry, uint64_t *ret_run) {
        struct wire_message message = {.type = WIRE_RUN_BEGIN,
                .run_begin = {.serial = 2, .incident = incident, .by_hand = incident == 0, .dry = dry}};
        strcpy(message.run_begin.playbook, playbook);
        say(fixture, &message);
        const struct wire_message *reply = hear(fixture, WIRE_RUN_REPLY);
        *ret_run = reply->run_reply.run;
        return (enum wire_verdict)reply->run_reply.verdict;
}

static inline void end_run(struct fixture *fixture, uint64_t run) {
        say(fixture,
                &(struct wire_message){
                        .type = WIRE_RUN_END, .run_end = {.run = run, .acted = true, .result = "done"}});
        hear(fixture, WIRE_PLAYBOOK_STATE);
}

static void ask(struct fixture *fixture, uint64_t run, const char *verb, const char *keep) {
        struct wire_message message = {
                .type = WIRE_ACTION_REQUEST, .action_request = {.serial = 3, .run = run}};
        strcpy(message.action_request.verb, verb);
        if (keep) {
                strcpy(message.action_request.args[0].name, "keep");
                strcpy(message.action_request.args[0].text, keep);
                message.action_request.n_args = 1;
        }
        say(fixture, &message);
}

static inline const struct wire_action_finished *act(
        struct fixture *fixture, uint64_t run, const char *verb, const char *keep) {
        ask(fixture, run, verb, keep);
        return &hear(fixture, WIRE_ACTION_FINISHED)->action_finished;
}

static inline off_t marks(void) {
        struct stat st;
        return stat(mark, &st) == 0 ? st.st_size : 0;
}

struct wanted {
        const char *event;
        size_t n;
        char text[WIRE_TEXT_MAX]; /* of the last one */
};

static int look(const struct record *record, void *data) {
        struct wanted *wanted = data;
        if (strcmp(record_get(record, "event"), wanted->event) == 0) {
                wanted->n++;
                snprintf(wanted->text, sizeof(wanted->text), "%.250s", record_get(record, "text"));
        }
        return 0;
}

static size_t recorded(struct fixture *fixture, const char *event) {
        struct wanted wanted = {.event = event};
        assert_int_equal(recorder_read(book_recorder(fixture->book), look, &wanted, NULL), 0);
        return wanted.n;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif
