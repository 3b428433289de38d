/* SPDX-License-Identifier: MIT */
/* loader_job - what one evaluation of everything gathers */
#ifndef LOADER_LOADER_JOB_H
#define LOADER_LOADER_JOB_H

#include <stdio.h>

#include "config/config_text.h"
#include "loader/loader.h"
#include "plugin/plugin.h"

#define LOADER_PATH_MAX 448 /* of a file, with NUL: FILE:LINE must be an origin */

struct loader_job {
        const struct loader_paths *paths;
        struct plugin_list *plugins;
        struct config_entries entries;
        struct config_entries overrides; /* playbooks.NAME.*; options as raw values, see loader_table.h */
        char *prelude;

        FILE *refusals; /* one line for every reason not to use the configuration at all */
        unsigned n_refusals, n_problems;
};

/* The configuration as a whole is refused. */
void loader_job_refuse(struct loader_job *job, const char *line);
/* Something was left out, the rest works: problem.N. */
int loader_job_problem(struct loader_job *job, const char *origin, const char *line);

int loader_config_defaults(struct loader_job *job);
int loader_config_files(struct loader_job *job);

int loader_playbooks_files(struct loader_job *job);
/* After loader_playbooks_files(): the site's settings for playbooks that exist. */
int loader_playbooks_overrides(struct loader_job *job);

#endif
