/* SPDX-License-Identifier: MIT */
/* reload - evaluate the configuration anew, without waiting for it */
#ifndef EXECUTOR_RELOAD_H
#define EXECUTOR_RELOAD_H

#include "base/loop.h"
#include "config/config.h"
#include "loader/loader.h"

struct reload_result {
        char *text; /* serialised configuration, or NULL when refused */
        size_t size;
        char *problems; /* lines; never NULL when refused */
};
void reload_result_deinit(struct reload_result *result);

struct reload;
/* `result` is the callee's for the time of the call; it may free the reload. */
typedef void (*reload_done_fn)(struct reload *reload, struct reload_result *result, void *data);

int reload_new(struct loop *loop, const struct loader_paths *paths, reload_done_fn done, void *data,
        struct reload **ret_reload);
struct reload *reload_free(struct reload *reload);

/* The same, waited for: at a start and for --check. */
void reload_now(const struct loader_paths *paths, struct reload_result *ret_result);

/*
 * Pure: a configuration from a text, with playbooks that are broken in it taken over from `last` (may be NULL).
 * *ret_raw tells what is broken in the text itself; both are the caller's.
 */
int reload_merge(const struct config *last, const char *text, size_t size, struct config **ret_config,
        char **ret_text, size_t *ret_size, struct config **ret_raw, struct problem *problem);
/* Pure: the two configurations are the same to the last byte. */
bool reload_is_same(const char *a, size_t a_size, const char *b, size_t b_size);

#endif
