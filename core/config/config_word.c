/* SPDX-License-Identifier: MIT */
/*
 * config_word - the words for modes and levels, in both directions
 *
 * Runs in every role.  Pure, owns nothing, cannot fail: a word that is none counts as the mode that does least, and
 * as the level that is worst.
 */
#include "config/config_word.h"

#include <stddef.h>
#include <string.h>

#include "base/cleanup.h"

static const char *const mode_names[] = {
        [CONFIG_MODE_OFF] = "off",
        [CONFIG_MODE_OBSERVE] = "observe",
        [CONFIG_MODE_ENFORCE] = "enforce",
};

const char *config_mode_name(enum config_mode mode) {
        return (size_t)mode < ELEMENTSOF(mode_names) ? mode_names[mode] : "unknown";
}

enum config_mode config_mode_of(const char *name) {
        enum config_mode mode = CONFIG_MODE_ENFORCE;

        while (mode > CONFIG_MODE_OFF && strcmp(config_mode_name(mode), name) != 0)
                mode--;
        return mode;
}

const char *config_level_name(enum config_level level) {
        if (level == CONFIG_LEVEL_WARNING)
                return "warning";
        return level == CONFIG_LEVEL_CRITICAL ? "critical" : "notice";
}

enum config_level config_level_of(const char *name) {
        enum config_level level = CONFIG_LEVEL_NOTICE;

        while (level < CONFIG_LEVEL_CRITICAL && strcmp(config_level_name(level), name) != 0)
                level++;
        return level;
}
