/* SPDX-License-Identifier: MIT */
/* config_word - the words for modes and levels */
#ifndef CONFIG_CONFIG_WORD_H
#define CONFIG_CONFIG_WORD_H

enum config_mode { CONFIG_MODE_OFF = 0, CONFIG_MODE_OBSERVE, CONFIG_MODE_ENFORCE };
const char *config_mode_name(enum config_mode mode); /* "off", "observe", "enforce" */
enum config_mode config_mode_of(const char *name);   /* what is no mode at all is off */

/* How bad a condition is, in this order.  A notice is worth a sentence and a playbook, but calls nobody. */
enum config_level { CONFIG_LEVEL_NOTICE = -1, CONFIG_LEVEL_WARNING = 0, CONFIG_LEVEL_CRITICAL = 1 };
const char *config_level_name(enum config_level level); /* "notice", "warning", "critical" */
enum config_level config_level_of(const char *name);    /* what is no level at all is critical */

#endif
