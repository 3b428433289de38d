/* SPDX-License-Identifier: MIT */
/*
 * executor_check - spoolguardd --check: would this configuration be taken?
 *
 * Runs in: a process of its own that nothing is asked of, with the loader as at a start.  Owns nothing.
 *
 * Fails: a configuration that is refused, with its problems on stderr; exit status 1.  A playbook that cannot be
 * used is named and is no failure: a reload takes the rest, and the unit asks here first.
 */
#include <stdio.h>
#include <stdlib.h>

#include "executor/executor.h"
#include "executor/reload.h"

static void say_verdict(const struct config *config) {
        size_t n_usable = 0;

        for (size_t i = 0; config->problems && config->problems[i]; i++)
                printf("%s\n", config->problems[i]);
        for (size_t i = 0; i < config->n_playbooks; i++)
                n_usable += !config->playbooks[i].failed;
        printf("The configuration %s: mode %s, %zu conditions, %zu playbooks.\n",
                config->problems && config->problems[0] ? "can be used, but for what is named above"
                                                        : "is good",
                config_mode_name(config->mode), config->n_conditions, n_usable);
}

int executor_check(const struct executor_options *options) {
        struct reload_result result;
        struct problem problem = {.text = ""};
        struct config *config = NULL;
        int status = EXIT_FAILURE;

        reload_now(&options->paths, &result);
        if (!result.text)
                fprintf(stderr, "%s\n", result.problems);
        else if (config_new(result.text, result.size, &config, &problem) < 0)
                fprintf(stderr, "%s\n", problem.text);
        else {
                say_verdict(config);
                status = EXIT_SUCCESS;
        }
        config_free(config);
        reload_result_deinit(&result);
        return status;
}
