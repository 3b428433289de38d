/* SPDX-License-Identifier: MIT */
/*
 * script - the engine's calls for a run, turned into a coroutine's life
 *
 * Runs in the watcher and in simulations.  Owns one struct script_run for each run that is under way, with a
 * sandbox and a deferred call; the engine keeps the pointer in run->script and says when to release it.  A run is
 * never resumed from inside the engine's call to start it: its first slice is the loop's next turn, so a run
 * cannot end before the engine knows that it began.
 *
 * Fails: a playbook that cannot be loaded ends its run as failed, with file and line.  An answer that a run does
 * not wait for is a line in the debug log.
 */
#include "script/script.h"

#include <stdlib.h>

#include "base/log.h"
#include "script/script_private.h"

static struct script_run *run_free(struct script_run *run) {
        loop_defer_free(run->defer);
        sandbox_free(run->sandbox);
        free(run);
        return NULL;
}

static void on_turn(struct loop_defer *defer, void *data) {
        struct script_run *run = data;

        (void)defer;
        if (run->state == SCRIPT_READY)
                script_resume(run);
}

static int on_start(struct run *engine_run, const struct incident *incident, void *data) {
        struct script *script = data;
        struct script_run *run = calloc(1, sizeof(*run));
        struct problem problem;
        int r;

        if (!run)
                return -ENOMEM;
        run->script = script;
        run->run = engine_run;
        r = loop_defer_new(script->loop, engine_run->playbook->config->name, on_turn, run, &run->defer);
        if (r < 0) {
                run_free(run);
                return r;
        }
        engine_run->script = run;
        if (script_load(run, incident, &problem) < 0) {
                engine_run_ended(script->engine, engine_run, RUN_ANSWER_NONE, problem.text);
                return 0;
        }
        run->state = SCRIPT_READY;
        loop_defer_arm(run->defer);
        return 0;
}

static void answer(struct script_run *run, enum script_awaits awaits) {
        if (run->state != SCRIPT_PARKED || run->awaits != awaits) {
                log_debug("%s: an answer it does not wait for", run->run->playbook->config->name);
                return;
        }
        script_resume(run);
}

static void on_action_finished(
        struct run *engine_run, const struct wire_action_finished *finished, void *data) {
        struct script_run *run = engine_run->script;

        (void)data;
        run->finished = *finished;
        answer(run, SCRIPT_AWAITS_ACTION);
}

static void on_wait_over(struct run *engine_run, bool ok, void *data) {
        struct script_run *run = engine_run->script;

        (void)data;
        run->wait_ok = ok;
        answer(run, SCRIPT_AWAITS_WAIT);
}

static void on_release(struct run *engine_run, void *data) {
        (void)data;
        engine_run->script = run_free(engine_run->script);
}

int script_new(
        struct loop *loop, struct engine *engine, struct breadcrumb *breadcrumb, struct script **ret_script) {
        static const struct engine_script_ops ops = {
                .start = on_start,
                .action_finished = on_action_finished,
                .wait_over = on_wait_over,
                .release = on_release,
        };
        struct script *script = calloc(1, sizeof(*script));

        if (!script)
                return -ENOMEM;
        *script = (struct script){.loop = loop, .engine = engine, .breadcrumb = breadcrumb};
        engine_set_script(engine, &ops, script);
        *ret_script = script;
        return 0;
}

void script_set_plugins(struct script *script, const struct plugin_list *plugins) {
        script->plugins = plugins;
}

struct script *script_free(struct script *script) {
        if (!script)
                return NULL;
        engine_set_script(script->engine, NULL, NULL);
        free(script);
        return NULL;
}
