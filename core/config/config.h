/* SPDX-License-Identifier: MIT */
/*
 * config - the frozen configuration: plain data, the same in every process
 *
 * A configuration is a sorted list of entries (key, value text, origin).  The loader (core/loader, a
 * short-lived unprivileged process) makes it from the built-in defaults, the shipped and the site's playbooks
 * and the site's files; it travels as one text in a sealed memfd, is stored as the last good one in the state
 * directory, and is parsed back, bounded and checked again, by executor and watcher.  Text form: one entry per
 * line, `key \t origin \t value`, with \\ \n \t escaped; first line "spoolguard-config 1", last line "end".
 *
 * Keys:
 *   mode                                   enforce | observe
 *   back_by                                "Mon 08:00" or "2026-12-28 08:00", local time
 *   notify.command                         list: absolute program and arguments
 *   notify.deadline                        duration
 *   conditions.NAME.FIELD                  reading, when, trip, clear, lasting, clear_lasting, level, summary, enabled,
 *                                          cause
 *   conditions.NAME.labels.LABEL           the value that the label must have
 *   plugins.NAME.OPTION                    by the plugin's option table
 *   playbooks.NAME.FIELD                   summary, source, file, any, all, cleared, after, runs, per, cooldown, mode,
 *                                          failed (why the file could not be used: then nothing else but `file`)
 *   playbooks.NAME.options.OPTION          "n:0.5", "s:200M", "b:true": Lua type and text
 *   prelude                                Lua text that every playbook sees
 *   problem.N                              a file that was left out, with file, line and reason
 *
 * Origins: "built-in", or "FILE:LINE".
 */
#ifndef CONFIG_CONFIG_H
#define CONFIG_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/back_by.h"
#include "base/error.h"
#include "config/config_word.h"

#define CONFIG_TEXT_MAX (4u << 20)    /* of the whole serialised form */
#define CONFIG_SOURCE_MAX (64u << 10) /* of one playbook */
#define CONFIG_NAME_MAX 64            /* of a condition, playbook or plugin, with NUL: [a-z0-9-_]+ */
#define CONFIG_PLAYBOOKS_MAX 64
#define CONFIG_CONDITIONS_MAX 64
#define CONFIG_LIST_MAX 16

struct config_entry {
        const char *key, *origin, *value;
};

struct config_label {
        const char *name, *value;
};

struct config_condition {
        const char *name, *summary, *reading;
        struct config_label labels[4]; /* only label sets that have these; NULL name ends */
        bool below;                    /* trips at or below `trip` instead of at or above */
        double trip, clear;
        uint64_t lasting_usec, clear_lasting_usec;
        enum config_level level;
        unsigned cause; /* 0 to 100: of several that stand, the highest is what it is about */
        bool enabled;
};

struct config_option {
        const char *name, *value; /* value with its Lua type: see above */
};

struct config_playbook {
        const char *name, *summary, *file, *source;
        const char *failed; /* NULL: usable */
        const char *any[CONFIG_LIST_MAX + 1], *all[CONFIG_LIST_MAX + 1], *cleared[CONFIG_LIST_MAX + 1];
        const char *after[CONFIG_LIST_MAX + 1];
        struct config_option *options;
        size_t n_options;
        unsigned runs; /* budget; 0: none given, unlimited is not possible: default 4 per day */
        uint64_t per_usec;
        uint64_t cooldown_usec;
        enum config_mode mode;
};

struct config {
        struct config_entry *entries; /* sorted by key */
        size_t n_entries;

        enum config_mode mode;
        const char *const *notify_command; /* NULL-terminated, maybe empty */
        uint64_t notify_deadline_usec;
        struct back_by back_by;
        struct config_condition *conditions;
        size_t n_conditions;
        struct config_playbook *playbooks;
        size_t n_playbooks;
        const char *prelude;
        const char *const *problems; /* NULL-terminated */
};

/* Serialised form -> structure; -EINVAL with the reason.  The text is copied. */
int config_new(const char *text, size_t size, struct config **ret_config, struct problem *problem);
struct config *config_free(struct config *config);

const struct config_entry *config_find(const struct config *config, const char *key); /* NULL: none */
const struct config_condition *config_condition(const struct config *config, const char *name);
const struct config_playbook *config_playbook(const struct config *config, const char *name);
/* -EINVAL with a problem that says so, and names the nearest one. */
int config_no_playbook(const struct config *config, const char *name, struct problem *problem);

/*
 * At a reload: playbooks that failed in `next` (serialised text) but were usable in `last` are taken over
 * from `last`, their problem kept.  Returns a new text.
 */
int config_keep_good_playbooks(const struct config *last, const char *next, size_t size, char **ret_text,
        size_t *ret_size, struct problem *problem);

#endif
