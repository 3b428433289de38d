/* SPDX-License-Identifier: MIT */
/*
 * condition - turn readings into stable states: trip level, separate clear level, time it must be lasting
 *
 * Runs in: watcher and simulation.  Knows nothing of playbooks.  condition_step() is the pure decision; struct
 * condition_list applies it to every label set of the board.  A missing reading makes the state `unknown`: the
 * condition keeps whether it was tripped (`tripped`), no edge is reported, and the next value decides.
 */
#ifndef ENGINE_CONDITION_H
#define ENGINE_CONDITION_H

#include "config/config.h"
#include "engine/reading.h"

enum condition_state {
        CONDITION_OK,
        CONDITION_PENDING,
        CONDITION_ACTIVE,
        CONDITION_CLEARING,
        CONDITION_UNKNOWN
};
enum condition_edge { CONDITION_EDGE_NONE, CONDITION_EDGE_TRIPPED, CONDITION_EDGE_CLEARED };

#define CONDITION_NAME_MAX 400

struct condition {
        char name[CONDITION_NAME_MAX]; /* "disk-space-high" or "disk-space-high_/var/log" */
        const struct config_condition *config;
        struct reading_label labels[READING_LABELS_MAX];
        size_t n_labels;
        enum condition_state state;
        bool tripped;        /* active, clearing, or one of them before it became unknown */
        double value;        /* NaN when missing */
        uint64_t since_usec; /* CLOCK_REALTIME of the last change of state */
        uint64_t
                crossed_at_usec; /* monotonic: when the level was crossed that pending or clearing waits for */
};

const char *condition_state_name(enum condition_state state); /* "ok", "pending", ... */

/* Its value is known and on the good side of `clear`, whatever its state says. */
bool condition_is_good(const struct condition *condition);
/* Whether the object `object` ("disk-space-high_/var") is called by `name`: its own, or the plain one. */
bool condition_is_named(const char *object, const char *name);
/* Whether one of these names, ended by NULL, is one that it is called by. */
bool condition_is_listed(const char *object, const char *const *names);

/*
 * Pure: the state after `value` (NaN: missing) at `now_usec` (monotonic).  Writes state, tripped, value and
 * crossed_at_usec of `condition`; returns the edge.  *ret_again_usec: when to call again if nothing new comes
 * in (USEC_NEVER: not needed).
 */
enum condition_edge condition_step(
        struct condition *condition, double value, uint64_t now_usec, uint64_t *ret_again_usec);

struct condition_list;
struct condition_ops {
        /* Delivered from a deferred call, never from inside board_set(). */
        void (*on_edge)(const struct condition *condition, enum condition_edge edge, void *data);
        void (*on_changed)(const struct condition *condition, bool added, bool removed, void *data);
};
int condition_list_new(struct loop *loop, const struct config *config, struct board *board,
        const struct condition_ops *ops, void *data, struct condition_list **ret_list);
struct condition_list *condition_list_free(struct condition_list *list);
const struct condition *condition_at(const struct condition_list *list, size_t i); /* until NULL */
const struct condition *condition_find(const struct condition_list *list, const char *name);

#endif
