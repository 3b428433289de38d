/* SPDX-License-Identifier: MIT */
/*
 * loader_playbook - evaluate one playbook file in a process of its own
 *
 * Runs in the loader.  A playbook may have any mistake: it is evaluated in a forked child with limits on
 * memory, processor time and wall time, so that an endless loop, or a pattern match that never comes back and
 * that no Lua hook can interrupt, costs this one file two seconds and the rest nothing.  The child sends the
 * table as raw values (loader_table.h) in the text form of a configuration; the parent judges them by the
 * schema.  The function `run` itself does not travel: its source does.
 *
 * Owns the child for the time of the call.  Fails with -EINVAL and "FILE:LINE: reason".
 * Limits: RAW_MAX bytes from the child; LOADER_PLAYBOOK_USEC.
 */
#include "loader/loader_playbook.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"
#include "config/config_schema.h"
#include "loader/loader_lua.h"
#include "loader/loader_names.h"
#include "loader/loader_pipe.h"
#include "loader/loader_table.h"
#include "loader/loader_value.h"

#define RAW_MAX ((size_t)256 << 10)
#define FAILED_KEY "failed"
#define FAILED_ORIGIN "loader" /* where values have the number of a line */

struct job {
        const char *file, *source, *prelude;
        size_t size;
        struct loader_lines lines;
        struct config_entries raw;
        struct problem problem;
        int result;
};

static int read_result(lua_State *state) {
        struct job *job = lua_touserdata(state, 1);

        loader_names_playbook(state);
        job->result =
                loader_table_read(state, lua_gettop(state), job->file, &job->lines, &job->raw, &job->problem);
        return 0;
}

static int evaluate(struct job *job) {
        struct sandbox *sandbox;
        int r;

        r = sandbox_new(LOADER_LUA_MEMORY_MAX, &sandbox);
        if (r >= 0)
                r = loader_names_push(sandbox, job->prelude, &job->problem);
        if (r >= 0)
                r = loader_lua_chunk(sandbox, job->file, job->source, job->size, &job->problem);
        if (r >= 0)
                r = loader_lua_protect(sandbox, job->file, read_result, 0, job, &job->problem);
        return r >= 0 ? job->result : r;
}

static int write_all(int fd, const char *text, size_t size) {
        while (size > 0) {
                ssize_t n = write(fd, text, size);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n <= 0)
                        return -EIO;
                text += n;
                size -= (size_t)n;
        }
        return 0;
}

static _Noreturn void child_main(struct job *job, int fd) {
        const struct rlimit cpu = {.rlim_cur = LOADER_PLAYBOOK_USEC / USEC_PER_SEC,
                .rlim_max = LOADER_PLAYBOOK_USEC / USEC_PER_SEC};
        const struct rlimit none = {0};
        char *text;
        size_t size;

        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (setrlimit(RLIMIT_CPU, &cpu) < 0 || setrlimit(RLIMIT_CORE, &none) < 0)
                _exit(2);
        if (evaluate(job) < 0) {
                config_entries_deinit(&job->raw);
                config_entries_set(&job->raw, FAILED_KEY, FAILED_ORIGIN, job->problem.text);
        }
        if (config_text_write(&job->raw, &text, &size) < 0 || write_all(fd, text, size) < 0)
                _exit(2);
        _exit(0);
}

/* Forks, evaluates, and leaves what the child found in job->raw. */
static int evaluate_apart(struct job *job, struct problem *problem) {
        struct loader_stream stream = {.max = RAW_MAX};
        const struct config_entry *failed;
        int fds[2], status, r;
        pid_t pid;

        if (pipe2(fds, O_CLOEXEC) < 0)
                return problem_set(problem, "%s:1: cannot be evaluated: %s", job->file, strerror(errno));
        pid = fork();
        if (pid < 0) {
                close(fds[0]);
                close(fds[1]);
                return problem_set(problem, "%s:1: cannot be evaluated: %s", job->file, strerror(errno));
        }
        if (pid == 0)
                child_main(job, fds[1]);
        close(fds[1]);
        stream.fd = fds[0];

        r = loader_pipe_collect(pid, &stream, 1, LOADER_PLAYBOOK_USEC, &status);
        if (r == -ETIME ||
                (WIFSIGNALED(status) && (WTERMSIG(status) == SIGKILL || WTERMSIG(status) == SIGXCPU)))
                r = problem_set(problem,
                        "%s:1: did not finish within 2 seconds: an endless loop or pattern match?",
                        job->file);
        else if (r < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0 || stream.overflow)
                r = problem_set(problem, "%s:1: its evaluation ended without a result", job->file);
        else
                r = config_text_read(stream.text ? stream.text : "", stream.size, &job->raw, problem);
        free(stream.text);
        if (r < 0)
                return r;
        failed = config_entries_find(&job->raw, FAILED_KEY);
        if (failed && strcmp(failed->origin, FAILED_ORIGIN) == 0)
                return problem_set(problem, "%s", failed->value);
        return 0;
}

static bool option_name_valid(const char *name) {
        size_t length = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_");

        return *name >= 'a' && *name <= 'z' && length < 32 && name[length] == '\0';
}

/* One raw value of the table to its entry; what only the loader needs (name, run) is checked and dropped. */
static int judge(const struct config_entry *raw, const char *name, char text[static OPTION_TEXT_MAX],
        struct config_place *place, bool *ret_keep, struct problem *problem) {
        int r = config_place(config_playbook_fields, raw->key, place, problem);

        *ret_keep = false;
        if (r < 0)
                return r;
        if (r == CONFIG_PLACE_TABLE)
                return raw->value[0] == 'e' ? 0 : problem_set(problem, "%s must be a table", raw->key);
        if (place->field->kind == CONFIG_KIND_FUNCTION)
                return raw->value[0] == 'f' ? 0 : problem_set(problem, "%s must be a function", raw->key);
        if (place->field->kind == CONFIG_KIND_PLAYBOOK_OPTIONS) {
                if (!option_name_valid(place->leaf) || !strchr("nsb", raw->value[0]) ||
                        strlen(raw->value) >= OPTION_TEXT_MAX)
                        return problem_set(problem,
                                "%s: an option has a name of small letters, and a number, text or boolean",
                                raw->key);
                text_copy(text, OPTION_TEXT_MAX, raw->value);
                *ret_keep = true;
                return 0;
        }
        r = loader_value(place->field, raw->key, raw->value, text, problem);
        if (r < 0)
                return r;
        if (strcmp(place->key, "name") == 0)
                return strcmp(text, name) == 0
                        ? 0
                        : problem_set(problem, "name = \"%s\" in a file called %s.lua: they must be the same",
                                  text, name);
        *ret_keep = true;
        return 0;
}

static int require(const struct job *job, const char *key, const char *what, struct problem *problem) {
        if (config_entries_find(&job->raw, key))
                return 0;
        return problem_set(problem, "%s:1: the playbook has no \"%s\": %s", job->file, key, what);
}

static int collect(const struct job *job, const char *name, struct config_entries *ret_entries,
        struct problem *problem) {
        int r;

        for (size_t i = 0; i < job->raw.n; i++) {
                const struct config_entry *raw = &job->raw.items[i];
                char text[OPTION_TEXT_MAX], origin[CONFIG_ORIGIN_MAX],
                        key[CONFIG_KEY_MAX + CONFIG_NAME_MAX + 16];
                struct problem reason = {0};
                struct config_place place;
                bool keep;

                r = judge(raw, name, text, &place, &keep, &reason);
                if (r < 0)
                        return problem_set(problem, "%s:%s: %s", job->file, raw->origin, reason.text);
                if (!keep)
                        continue;
                text_format(origin, sizeof(origin), "%s:%s", job->file, raw->origin);
                text_format(key, sizeof(key), "playbooks.%s.%s", name, place.key);
                r = config_entries_set(ret_entries, key, origin, text);
                if (r < 0)
                        return problem_set(problem, "%s: %s: %s", origin, raw->key, strerror(-r));
        }
        r = require(job, "name", "it must be that of the file", problem);
        return r < 0 ? r : require(job, "run", "the function that does the work", problem);
}

static int add(struct config_entries *entries, const char *name, const char *field, const char *file,
        const char *value) {
        char key[CONFIG_KEY_MAX], origin[CONFIG_ORIGIN_MAX];

        text_format(key, sizeof(key), "playbooks.%s.%s", name, field);
        text_format(origin, sizeof(origin), "%s:1", file);
        return config_entries_set(entries, key, origin, value);
}

/* What the file does not say, so that people see all that is in force. */
static int add_defaults(struct config_entries *entries, const char *name) {
        static const char *const fields[] = {"mode", "runs", "per", "cooldown"};
        int r = 0;

        for (size_t i = 0; i < ELEMENTSOF(fields) && r >= 0; i++) {
                char key[CONFIG_KEY_MAX];

                text_format(key, sizeof(key), "playbooks.%s.%s", name, fields[i]);
                if (!config_entries_find(entries, key))
                        r = config_entries_set(entries, key, "built-in",
                                config_field_find(config_playbook_fields, fields[i])->rule.fallback);
        }
        return r;
}

static int merge(struct config_entries *entries, const struct config_entries *more) {
        for (size_t i = 0; i < more->n; i++) {
                int r = config_entries_set(
                        entries, more->items[i].key, more->items[i].origin, more->items[i].value);

                if (r < 0)
                        return r;
        }
        return 0;
}

int loader_playbook(const char *file, const char *name, const char *source, size_t size, const char *prelude,
        struct config_entries *entries, struct problem *problem) {
        struct job job = {.file = file, .source = source, .size = size, .prelude = prelude};
        struct config_entries own = CONFIG_ENTRIES_NULL;
        int r;

        r = loader_lines_init(&job.lines, source, size);
        if (r >= 0)
                r = evaluate_apart(&job, problem);
        if (r >= 0)
                r = collect(&job, name, &own, problem);
        if (r >= 0)
                r = add_defaults(&own, name);
        if (r >= 0)
                r = add(&own, name, "file", file, file);
        if (r >= 0)
                r = add(&own, name, "source", file, source);
        if (r >= 0)
                r = merge(entries, &own);
        loader_lines_deinit(&job.lines);
        config_entries_deinit(&job.raw);
        config_entries_deinit(&own);
        return r;
}
