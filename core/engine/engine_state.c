/* SPDX-License-Identifier: MIT */
/*
 * engine_state - what there is to see: the getters, and the state of the whole in one word and one sentence
 *
 * Runs in the watcher and in simulations.  Reads the engine; changes only the list of troubles and the sentence
 * that was told last, so that the observer hears of a state when it is another one.
 *
 * The word is the worst that a person has to act on: escalated, then incident, then degraded, then ok.
 * Limits: ENGINE_TROUBLES_MAX troubles are kept; a further one is logged and not shown.
 */
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "engine/engine_private.h"

const struct condition *engine_condition(const struct engine *engine, size_t i) {
        return condition_at(engine->conditions, i);
}

const struct playbook *engine_playbook(const struct engine *engine, size_t i) {
        return i < engine->config->n_playbooks ? &engine->playbooks[i].playbook : NULL;
}

const struct run *engine_run(const struct engine *engine, size_t i) {
        for (const struct run_life *life = engine->runs; life; life = life->next)
                if (life->run.id != 0 && i-- == 0)
                        return &life->run;
        return NULL;
}

const struct wire_lease *engine_lease(const struct engine *engine, size_t i) {
        return i < engine->n_leases ? &engine->leases[i]->lease : NULL;
}

const struct incident *engine_incident(const struct engine *engine, size_t i) {
        return i < engine->n_incidents ? engine->incidents[i] : NULL;
}

const struct incident *engine_open_incident(const struct engine *engine) {
        return engine->open && engine->open->id != 0 ? engine->open : NULL;
}

const struct board *engine_board(const struct engine *engine) {
        return engine->board;
}

const struct config *engine_config(const struct engine *engine) {
        return engine->config;
}

enum config_mode engine_mode(const struct engine *engine) {
        return (enum config_mode)engine->mode;
}

uint64_t engine_maintenance_until_usec(const struct engine *engine) {
        return engine->maintenance_until_usec;
}

const char *engine_state_name(const struct engine *engine) {
        if (engine->open && engine->open->escalated)
                return "escalated";
        if (engine->open)
                return "incident";
        return engine->degraded || engine->n_troubles > 0 ? "degraded" : "ok";
}

const char *engine_state_text(const struct engine *engine) {
        return engine->state_text;
}

static void append(struct engine *engine, const char *before, const char *text) {
        size_t used = strlen(engine->state_text);

        text_format(engine->state_text + used, sizeof(engine->state_text) - used, "%s%s",
                used > 0 ? before : "", text);
}

static const char *nothing_is_wrong(const struct engine *engine) {
        const struct condition *condition;

        if (!engine->ready)
                return "starting: waiting for the executor";
        for (size_t i = 0; (condition = condition_at(engine->conditions, i)); i++)
                if (condition->state != CONDITION_UNKNOWN)
                        return "nothing is wrong";
        return "no condition has a reading";
}

void engine_state_describe(struct engine *engine) {
        engine->state_text[0] = '\0';
        if (engine->open) {
                append(engine, "", engine->open->title);
                if (*engine->open->diagnosis)
                        append(engine, ": ", engine->open->diagnosis);
        }
        if (engine->degraded)
                append(engine, "; ",
                        *engine->degraded_text ? engine->degraded_text : "the executor is degraded");
        for (size_t i = 0; i < engine->n_troubles; i++)
                append(engine, "; ", engine->troubles[i].text);
        if (!engine->state_text[0])
                append(engine, "", nothing_is_wrong(engine));
}

void engine_state_changed(struct engine *engine) {
        const char *name = engine_state_name(engine);

        engine_state_describe(engine);
        if (engine->shown_name == name && strcmp(engine->state_text, engine->shown_text) == 0)
                return;
        engine->shown_name = name;
        text_copy(engine->shown_text, sizeof(engine->shown_text), engine->state_text);
        engine_event_queue(engine, (struct engine_event){.type = ENGINE_STATE_CHANGED}, NULL);
}

uint64_t engine_state_back_by(struct engine *engine) {
        const struct back_by *back_by = &engine->config->back_by;
        const struct config_entry *written = config_find(engine->config, "back_by");
        bool passed;
        char text[WIRE_TEXT_MAX];

        if (back_by->weekly || !written)
                return USEC_NEVER;
        if (loop_now(engine->loop) < engine->back_by_again_usec)
                return engine->back_by_again_usec;
        /* Often enough for a clock that somebody sets, too. */
        engine->back_by_again_usec = loop_now(engine->loop) + USEC_PER_HOUR;
        passed = back_by_next(back_by, loop_realtime(engine->loop)) == 0;
        if (passed != engine->back_by_passed) {
                engine->back_by_passed = passed;
                text_format(text, sizeof(text),
                        "back_by = \"%s\" (%s) has passed: nobody knows when people are next back",
                        written->value, written->origin);
                engine_set_trouble(engine, "back_by", passed ? text : NULL);
        }
        return engine->back_by_again_usec;
}

void engine_set_trouble(struct engine *engine, const char *key, const char *text) {
        struct trouble *trouble = engine->troubles, *end = engine->troubles + engine->n_troubles;

        while (trouble < end && strncmp(trouble->key, key, sizeof(trouble->key) - 1) != 0)
                trouble++;
        if (!text) {
                if (trouble == end)
                        return;
                memmove(trouble, trouble + 1, (size_t)(end - trouble - 1) * sizeof(*trouble));
                engine->n_troubles--;
        } else {
                if (trouble == end && engine->n_troubles == ENGINE_TROUBLES_MAX) {
                        log_warning("%s: %s (and more troubles than can be shown)", key, text);
                        return;
                }
                if (trouble == end)
                        engine->n_troubles++;
                text_copy(trouble->key, sizeof(trouble->key), key);
                text_copy(trouble->text, sizeof(trouble->text), text);
        }
        engine_touch(engine);
}
