/* SPDX-License-Identifier: MIT */
/*
 * executor_check - spoolguardd --check: would this configuration be taken?
 *
 * Runs in: a process of its own that nothing is asked of, with the loader as at a start.  Owns nothing.
 *
 * Fails: a configuration that is refused, with its problems on stderr; exit status 1.
 */
#include <stdio.h>
#include <stdlib.h>

#include "executor/executor.h"
#include "executor/reload.h"

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
                for (size_t i = 0; config->problems && config->problems[i]; i++)
                        printf("%s\n", config->problems[i]);
                printf("The configuration is good: mode %s, %zu conditions, %zu playbooks.\n",
                        config_mode_name(config->mode), config->n_conditions, config->n_playbooks);
                status = EXIT_SUCCESS;
        }
        config_free(config);
        reload_result_deinit(&result);
        return status;
}
