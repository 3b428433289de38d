/* SPDX-License-Identifier: MIT */
/*
 * config_keep - at a reload, the playbooks that failed are kept as they last were
 *
 * Runs in the executor, which holds the configuration in force when the loader hands it the next one.  Pure.
 * A mistake in one file on a Friday must not take away the playbook that would have worked on Saturday: what
 * was usable stays, with all its entries, and the problem that the loader found stays beside it.
 *
 * Owns nothing between calls; the text it returns belongs to the caller.
 *
 * Fails with -EINVAL and a problem when the next configuration is none at all, -E2BIG when the two together
 * are over the limits of config_text.c, or -ENOMEM.
 */
#include "config/config.h"

#include <string.h>

#include "base/text.h"
#include "config/config_text.h"

int config_keep_good_playbooks(const struct config *last, const char *next, size_t size, char **ret_text,
        size_t *ret_size, struct problem *problem) {
        struct config_entries entries = CONFIG_ENTRIES_NULL;
        struct config *config = NULL;
        int r;

        r = config_new(next, size, &config, problem);
        if (r >= 0)
                r = config_text_read(next, size, &entries, problem);
        for (size_t i = 0; r >= 0 && i < config->n_playbooks; i++) {
                const struct config_playbook *failed = &config->playbooks[i];
                const struct config_playbook *good = config_playbook(last, failed->name);
                char prefix[CONFIG_KEY_MAX];

                if (!failed->failed || !good || good->failed)
                        continue;
                text_format(prefix, sizeof(prefix), "playbooks.%s.", failed->name);
                config_entries_remove(&entries, prefix);
                for (size_t j = 0; r >= 0 && j < last->n_entries; j++)
                        if (strncmp(last->entries[j].key, prefix, strlen(prefix)) == 0)
                                r = config_entries_set(&entries, last->entries[j].key,
                                        last->entries[j].origin, last->entries[j].value);
        }
        if (r >= 0)
                r = config_text_write(&entries, ret_text, ret_size);
        config_entries_deinit(&entries);
        config_free(config);
        return r;
}
