/* SPDX-License-Identifier: MIT */
/*
 * loop_sim - the loop on simulated time: a weekend passes in milliseconds, the same way every time
 *
 * Runs in replays and tests.  Owns two queues: timers sorted by due time, deferred calls in order of arming.
 * All deferred calls run before the clock moves, then the earliest timer; timers due at one moment run in the
 * order in which they were armed.  A timer armed for the past is due now.  Nothing here asks the real clock.
 *
 * Fails: -ENOTSUP for an fd, a signal or a child, because such a thing happens in real time only; -EBUSY for
 * running a loop from inside its own callback.
 *
 * Limits: arming a timer walks the queue from its end, so tens of thousands of them would be slow.
 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/loop_source.h"

TAILQ_HEAD(source_queue, loop_source);

struct loop_sim {
        struct loop loop;
        uint64_t now_usec, realtime_offset_usec;
        struct source_queue timers, defers;
        bool running, exiting;
        int exit_code;
};

static_assert(offsetof(struct loop_sim, loop) == 0, "a loop is cast to its backend");

static uint64_t due_usec(const struct loop_source *source) {
        return ((const struct loop_timer *)source)->at_usec;
}

static struct source_queue *queue_of(struct loop_source *source) {
        struct loop_sim *sim = (struct loop_sim *)source->loop;

        return source->kind == LOOP_KIND_TIMER ? &sim->timers : &sim->defers;
}

static void sim_remove(struct loop_source *source) {
        if (!source->queued)
                return;
        TAILQ_REMOVE(queue_of(source), source, queue);
        source->queued = false;
}

static void enqueue_timer(struct loop_source *source) {
        struct source_queue *timers = queue_of(source);
        struct loop_source *before;

        TAILQ_FOREACH_REVERSE(before, timers, source_queue, queue)
        if (due_usec(before) <= due_usec(source))
                break;
        if (before)
                TAILQ_INSERT_AFTER(timers, before, source, queue);
        else
                TAILQ_INSERT_HEAD(timers, source, queue);
        source->queued = true;
}

static void sim_update(struct loop_source *source) {
        if (source->kind == LOOP_KIND_TIMER) {
                sim_remove(source);
                if (due_usec(source) != USEC_NEVER)
                        enqueue_timer(source);
        } else if (!source->queued) {
                TAILQ_INSERT_TAIL(queue_of(source), source, queue);
                source->queued = true;
        }
}

static int sim_add(struct loop_source *source) {
        if (source->kind != LOOP_KIND_TIMER && source->kind != LOOP_KIND_DEFER)
                return -ENOTSUP;
        sim_update(source);
        return 0;
}

/* Run what is due up to `until_usec`, moving the clock from one timer to the next. */
static int run_until(struct loop_sim *sim, uint64_t until_usec) {
        if (sim->running)
                return -EBUSY;
        sim->running = true;
        while (!sim->exiting) {
                struct loop_source *source = TAILQ_FIRST(&sim->defers);

                if (source) {
                        sim_remove(source);
                        loop_source_defer((struct loop_defer *)source);
                        continue;
                }
                source = TAILQ_FIRST(&sim->timers);
                if (!source || due_usec(source) > until_usec)
                        break;
                if (sim->now_usec < due_usec(source))
                        sim->now_usec = due_usec(source);
                sim_remove(source);
                loop_source_timer((struct loop_timer *)source);
        }
        sim->running = false;
        return 0;
}

static int sim_run(struct loop *loop) {
        struct loop_sim *sim = (struct loop_sim *)loop;
        int r = run_until(sim, USEC_NEVER);

        return r < 0 ? r : sim->exit_code;
}

static int sim_advance(struct loop *loop, uint64_t usec) {
        struct loop_sim *sim = (struct loop_sim *)loop;
        uint64_t until_usec = usec >= USEC_NEVER - sim->now_usec ? USEC_NEVER - 1 : sim->now_usec + usec;
        int r = run_until(sim, until_usec);

        if (r >= 0 && !sim->exiting)
                sim->now_usec = until_usec;
        return r;
}

static void sim_exit(struct loop *loop, int code) {
        struct loop_sim *sim = (struct loop_sim *)loop;

        sim->exiting = true;
        sim->exit_code = code;
}

static uint64_t sim_now(const struct loop *loop) {
        return ((const struct loop_sim *)loop)->now_usec;
}

static uint64_t sim_realtime(const struct loop *loop) {
        const struct loop_sim *sim = (const struct loop_sim *)loop;

        return sim->now_usec + sim->realtime_offset_usec;
}

static void sim_free(struct loop *loop) {
        free(loop);
}

static const struct loop_ops sim_ops = {
        .run = sim_run,
        .exit = sim_exit,
        .advance = sim_advance,
        .now = sim_now,
        .realtime = sim_realtime,
        .clock = sim_now,
        .free = sim_free,
        .add = sim_add,
        .update = sim_update,
        .remove = sim_remove,
};

int loop_new_sim(uint64_t realtime_usec, struct loop **ret_loop) {
        struct loop_sim *sim = calloc(1, sizeof(*sim));

        if (!sim)
                return -ENOMEM;
        sim->loop.ops = &sim_ops;
        LIST_INIT(&sim->loop.sources);
        TAILQ_INIT(&sim->timers);
        TAILQ_INIT(&sim->defers);
        /* not 0, so that code which takes 0 for "never" is caught */
        sim->now_usec = USEC_PER_HOUR;
        /* wraps below one hour after 1970, and wraps back in sim_realtime() */
        sim->realtime_offset_usec = realtime_usec - sim->now_usec;
        *ret_loop = &sim->loop;
        return 0;
}

void loop_sim_set_realtime(struct loop *loop, uint64_t realtime_usec) {
        struct loop_sim *sim = (struct loop_sim *)loop;

        assert(loop->ops == &sim_ops);
        sim->realtime_offset_usec = realtime_usec - sim->now_usec;
}
