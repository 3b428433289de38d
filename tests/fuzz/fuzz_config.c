/* SPDX-License-Identifier: MIT */
/*
 * fuzz_config - any bytes, read as a frozen configuration
 *
 * What is accepted must be written again as the very same bytes; what is refused has a reason.
 */
#include <stdlib.h>
#include <string.h>

#include "config/config.h"
#include "config/config_text.h"
#include "fuzz.h"

static void insist(bool holds) {
        if (!holds)
                abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        struct config_entries entries;
        struct problem problem = {0};
        struct config *config;
        size_t again_size;
        char *again;

        if (config_new((const char *)data, size, &config, &problem) < 0) {
                insist(problem.text[0] != '\0');
                return 0;
        }
        for (size_t i = 0; i < config->n_playbooks; i++)
                insist(config->playbooks[i].failed || config->playbooks[i].source);
        /* Whatever day it is: a moment that is still to come, or none. */
        uint64_t now_usec = UINT64_C(1798196400000000), next_usec = back_by_next(&config->back_by, now_usec);
        insist(next_usec == 0 || next_usec > now_usec);
        insist(!config->back_by.weekly || next_usec > 0);
        config_free(config);

        insist(config_text_read((const char *)data, size, &entries, &problem) == 0);
        insist(config_text_write(&entries, &again, &again_size) == 0);
        insist(again_size == size && memcmp(again, data, size) == 0);
        config_entries_deinit(&entries);
        free(again);
        return 0;
}
