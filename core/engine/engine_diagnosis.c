/* SPDX-License-Identifier: MIT */
/*
 * engine_diagnosis - what the open incident is about, while it changes
 *
 * Runs in the watcher and in simulations.  Of the conditions that stand, the one with the highest `cause` leads: its
 * sensor's sentence is the diagnosis, or figures made from its reading where the sensor has none.  A playbook can say
 * something better (diagnosis.c).  When nothing stands any more, or only notices that are no cause of anything, the best
 * of the whole incident is shown again: on Monday people want the cause of the night, and not what cleared last.
 *
 * A sentence is followed while it stands, because counts move and servers come and go; figures are not, what is read
 * afterwards is how bad it was when it tripped.  Clients hear of a moving sentence once in FOLLOW_USEC.  The record
 * is a small ring, so a note is written only when something leads for the first time, when figures are new because
 * something tripped, and at the end when the last words differ from those that were recorded last.
 *
 * Fails: never; what cannot be measured is said to be so.  Limits: after a restart of the watcher the sentence that
 * was recorded counts as one about the highest cause among the conditions that were, whoever said it.
 */
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "engine/engine_private.h"

#define FOLLOW_USEC (10 * USEC_PER_SEC)
#define NONE SIZE_MAX

/* A condition knows its sentence only while it is bad: what its sensor says of a server that is well is no diagnosis. */
static void keep_sentences(struct engine *engine) {
        for (size_t i = 0; i < engine->open->n_conditions; i++) {
                const struct condition *condition =
                        condition_find(engine->conditions, engine->open->conditions[i]);
                const struct reading *reading;

                if (!condition || !condition->tripped || condition_is_good(condition))
                        continue;
                reading = board_find(
                        engine->board, condition->config->reading, condition->labels, condition->n_labels);
                if (!reading || reading->missing)
                        continue;
                text_copy(engine->gathered[i].sentence, sizeof(engine->gathered[i].sentence), reading->text);
                /* The last words count, also those that came too soon to be shown. */
                if (i == engine->words.best && *reading->text)
                        text_copy(engine->open->best.text, sizeof(engine->open->best.text), reading->text);
        }
}

/* Of those that are tripped the one of the highest cause, then of the worst level, then the first. */
static size_t find_leading(const struct engine *engine) {
        const struct config_condition *best = NULL;
        size_t leading = NONE;

        for (size_t i = 0; i < engine->open->n_conditions; i++) {
                const struct condition *condition =
                        condition_find(engine->conditions, engine->open->conditions[i]);

                if (!condition || !condition->tripped)
                        continue;
                if (!best || condition->config->cause > best->cause ||
                        (condition->config->cause == best->cause && condition->config->level > best->level)) {
                        best = condition->config;
                        leading = i;
                }
        }
        return leading;
}

void engine_diagnosis_describe(const struct engine *engine, size_t i, struct diagnosis *ret) {
        const struct condition *condition = condition_find(engine->conditions, engine->open->conditions[i]);
        const char *sentence = engine->gathered[i].sentence;

        *ret = (struct diagnosis){.cause = condition->config->cause, .level = condition->config->level};
        if (*sentence)
                text_copy(ret->text, sizeof(ret->text), sentence);
        else
                incident_diagnose(condition, engine->board, ret->text);
}

static void note(struct engine *engine, const char *text) {
        if (engine->open->id == 0 || strcmp(text, engine->words.noted) == 0)
                return;
        text_copy(engine->words.noted, sizeof(engine->words.noted), text);
        engine_incident_note(engine, "diagnosis", text);
}

/* `leading` is whose words they are; NONE: a playbook's, or those of the whole incident. */
static void show(struct engine *engine, const struct diagnosis *diagnosis, size_t leading) {
        struct incident *incident = engine->open;

        engine->words.leading = leading;
        if (diagnosis != &incident->best && diagnosis_gives_way(&incident->best, diagnosis)) {
                incident->best = *diagnosis;
                engine->words.best = leading;
        }
        if (strcmp(incident->diagnosis, diagnosis->text) == 0)
                return;
        text_copy(incident->diagnosis, sizeof(incident->diagnosis), diagnosis->text);
        engine->words.shown_usec = loop_now(engine->loop);
        engine_incident_changed(engine);
}

/* Figures are made at a trip, and when words that were shown no longer hold. */
static bool keeps_figures(const struct engine *engine, size_t leading, bool tripped) {
        const struct diagnosis_words *words = &engine->words;

        if (tripped || *engine->gathered[leading].sentence)
                return false;
        return words->leading == leading ||
                (words->leading != NONE && !*engine->gathered[words->leading].sentence);
}

/* Until when a sentence has to wait; 0: it need not. */
static uint64_t wait_until(const struct engine *engine, size_t leading, bool tripped) {
        const struct diagnosis_words *words = &engine->words;
        uint64_t until_usec = words->shown_usec + FOLLOW_USEC;

        if (!engine->gathered[leading].led || !*engine->gathered[leading].sentence ||
                (tripped && leading != words->leading) ||
                strcmp(engine->gathered[leading].sentence, engine->open->diagnosis) == 0)
                return 0;
        return loop_now(engine->loop) < until_usec ? until_usec : 0;
}

static void lead(struct engine *engine, size_t leading, bool tripped) {
        struct gathered *gathered = &engine->gathered[leading];
        struct diagnosis diagnosis;
        bool to_note = !gathered->led || (tripped && !*gathered->sentence);

        engine_diagnosis_describe(engine, leading, &diagnosis);
        gathered->led = true;
        show(engine, &diagnosis, leading);
        if (to_note)
                note(engine, diagnosis.text);
}

static const struct config_condition *config_of(const struct engine *engine, size_t i) {
        return condition_find(engine->conditions, engine->open->conditions[i])->config;
}

/* A queue that is long, still or by now, is no news beside what was the cause of it, though that is over. */
static bool is_aftermath(const struct engine *engine, size_t leading) {
        const struct config_condition *config = config_of(engine, leading);

        return config->cause == 0 && config->level == CONFIG_LEVEL_NOTICE && engine->open->best.cause > 0;
}

/*
 * What a playbook said goes on to hold when its condition has cleared, for what was there already: it may just have
 * brought the mail back.  For what comes later it is an old story.
 */
static bool stands(const struct engine *engine, size_t leading) {
        const struct diagnosis_words *words = &engine->words;
        const struct config_condition *config = config_of(engine, leading);
        const struct diagnosis weight = {.cause = config->cause, .level = config->level};
        const struct condition *about = condition_find(engine->conditions, words->about);

        if (!*words->told.text || diagnosis_gives_way(&words->told, &weight))
                return false;
        return (about && about->tripped) || engine->gathered[leading].tripped_edge <= words->told_edge;
}

static uint64_t follow(struct engine *engine, bool tripped) {
        uint64_t until_usec;
        size_t leading;

        keep_sentences(engine);
        leading = find_leading(engine);
        if (leading == NONE || is_aftermath(engine, leading)) {
                if (*engine->open->best.text)
                        show(engine, &engine->open->best, NONE);
                return USEC_NEVER;
        }
        if (stands(engine, leading)) {
                show(engine, &engine->words.told, NONE);
                return USEC_NEVER;
        }
        if (keeps_figures(engine, leading, tripped))
                return USEC_NEVER;
        until_usec = wait_until(engine, leading, tripped);
        if (until_usec > 0)
                return until_usec;
        lead(engine, leading, tripped);
        return USEC_NEVER;
}

void engine_diagnosis_tripped(struct engine *engine) {
        follow(engine, true);
}

uint64_t engine_diagnosis_follow(struct engine *engine) {
        return follow(engine, false);
}

/* The row of the configuration that an object is of, which itself may be gone; NULL: there is none any more. */
static const struct config_condition *row_of(const struct engine *engine, const char *object) {
        const struct config_condition *found = NULL;

        for (size_t i = 0; i < engine->config->n_conditions; i++) {
                const struct config_condition *row = &engine->config->conditions[i];

                if (condition_is_named(object, row->name) &&
                        (!found || strlen(row->name) > strlen(found->name)))
                        found = row;
        }
        return found;
}

static unsigned cause_of(const struct engine *engine, const char *object) {
        const struct config_condition *row = row_of(engine, object);

        return row ? row->cause : 0;
}

bool engine_diagnosis_said(struct engine *engine, const char *condition, const char *sentence) {
        struct diagnosis said = {.cause = cause_of(engine, condition), .by_playbook = true};

        text_copy(said.text, sizeof(said.text), sentence);
        if (!diagnosis_gives_way(&engine->words.told, &said))
                return false;
        engine->words.told = said;
        engine->words.told_edge = engine->edges;
        text_copy(engine->words.about, sizeof(engine->words.about), condition);
        if (diagnosis_gives_way(&engine->open->best, &said)) {
                engine->open->best = said;
                engine->words.best = NONE;
        }
        follow(engine, false);
        if (strcmp(engine->open->diagnosis, said.text) != 0)
                return false;
        text_copy(engine->words.noted, sizeof(engine->words.noted), said.text);
        return true;
}

void engine_diagnosis_opened(struct engine *engine) {
        if (*engine->open->diagnosis)
                note(engine, engine->open->diagnosis);
}

/*
 * What is known of one that an earlier process had: the highest cause, and of its conditions the lowest level, so that
 * an equal cause has the newer words.
 */
static struct diagnosis recorded(const struct engine *engine, const struct incident *incident) {
        struct diagnosis best = {.level = CONFIG_LEVEL_NOTICE};

        text_copy(best.text, sizeof(best.text), incident->diagnosis);
        for (size_t i = 0; i < incident->n_conditions; i++) {
                const struct config_condition *row = row_of(engine, incident->conditions[i]);

                if (!row || row->cause < best.cause)
                        continue;
                if (row->cause > best.cause || row->level < best.level)
                        best.level = row->level;
                best.cause = row->cause;
        }
        return best;
}

void engine_diagnosis_resume(struct engine *engine, const struct incident *same) {
        struct diagnosis best = *same->best.text ? same->best : recorded(engine, same);

        if (*best.text && !diagnosis_gives_way(&best, &engine->open->best)) {
                engine->open->best = best;
                engine->words.best = NONE;
        }
}

void engine_diagnosis_continue(struct engine *engine) {
        engine->open->best = recorded(engine, engine->open);
        text_copy(engine->words.noted, sizeof(engine->words.noted), engine->open->diagnosis);
}

const char *engine_diagnosis_beside(const struct engine *engine, size_t i) {
        const struct incident *incident = engine->open;
        size_t leading = engine->words.leading;
        bool explains;

        if (leading == i)
                return NULL;
        if (leading == NONE)
                explains =
                        *engine->words.told.text && strcmp(engine->words.told.text, incident->diagnosis) == 0;
        else
                explains = cause_of(engine, incident->conditions[leading]) >
                        cause_of(engine, incident->conditions[i]);
        return explains ? incident->diagnosis : NULL;
}

void engine_diagnosis_close(struct engine *engine) {
        if (!*engine->open->best.text)
                return;
        show(engine, &engine->open->best, NONE);
        note(engine, engine->open->diagnosis);
}

void engine_diagnosis_forget(struct engine *engine) {
        engine->words = (struct diagnosis_words){.leading = NONE, .best = NONE};
}
