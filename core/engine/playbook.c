/* SPDX-License-Identifier: MIT */
/*
 * playbook - names of states for people, and what a run by hand is about
 *
 * Runs in the watcher and in simulations.  Owns nothing and cannot fail.  The states themselves are kept by
 * run.c, from what the executor says; when a playbook has its turn is decided in schedule.c.
 */
#include "engine/playbook.h"

#include "engine/schedule.h"

const char *playbook_state_name(enum playbook_state state) {
        static const char *const names[] = {
                [PLAYBOOK_IDLE] = "idle",
                [PLAYBOOK_RUNNING] = "running",
                [PLAYBOOK_COOLDOWN] = "cooldown",
                [PLAYBOOK_SPENT] = "spent",
                [PLAYBOOK_QUARANTINED] = "quarantined",
                [PLAYBOOK_OFF] = "off",
        };

        return names[state];
}

const char *run_state_name(enum run_state state) {
        static const char *const names[] = {
                [RUN_ASKING] = "asking",
                [RUN_RUNNING] = "running",
                [RUN_WAITING] = "waiting",
                [RUN_ENDED] = "ended",
        };

        return names[state];
}

const char *playbook_condition(const struct config_playbook *config, const struct condition_list *list) {
        for (size_t i = 0; condition_at(list, i); i++)
                if (condition_at(list, i)->tripped && schedule_is_about(config, condition_at(list, i)->name))
                        return condition_at(list, i)->name;
        if (config->all[0])
                return config->all[0];
        if (config->any[0])
                return config->any[0];
        if (config->cleared[0])
                return config->cleared[0];
        return "";
}
