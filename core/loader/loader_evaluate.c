/* SPDX-License-Identifier: MIT */
/*
 * loader_evaluate - from the files of a host to one frozen configuration
 *
 * Runs in the loader: a process of its own, unprivileged, that lives for one evaluation.  Start, reload and
 * preflight all go through here.  The order is the story: defaults, the site's files, the playbooks, the
 * site's settings for playbooks, and at last the reading of our own result as executor and watcher will do it.
 *
 * Two kinds of trouble are kept apart.  A *refusal* makes the whole configuration unusable: a mistake in a
 * configuration file.  A *problem* leaves one thing out and is part of the result: a broken playbook, a plugin
 * that may not be opened, a reading nobody publishes.
 *
 * Owns everything until it returns.  Fails with -EINVAL and the refusals, one a line.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "config/config.h"
#include "config/option.h"
#include "loader/loader_file.h"
#include "loader/loader_job.h"

#define READINGS_MAX 256
#define PROBLEMS_MAX 200u

void loader_job_refuse(struct loader_job *job, const char *line) {
        fprintf(job->refusals, "%s\n", line);
        job->n_refusals++;
}

int loader_job_problem(struct loader_job *job, const char *origin, const char *line) {
        char key[32], clean[sizeof(((struct problem *)0)->text)], clean_origin[CONFIG_ORIGIN_MAX];

        if (job->n_problems == PROBLEMS_MAX)
                return 0;
        text_format(key, sizeof(key), "problem.%03u", ++job->n_problems);
        text_escape(clean, sizeof(clean), line);
        text_escape(clean_origin, sizeof(clean_origin), origin);
        return config_entries_set(&job->entries, key, clean_origin, clean);
}

static int read_prelude(struct loader_job *job) {
        char path[LOADER_PATH_MAX], origin[LOADER_PATH_MAX + 2];
        struct problem problem;
        size_t size;
        int r;

        text_format(path, sizeof(path), "%s/prelude.lua", job->paths->share);
        r = loader_file_read(path, CONFIG_SOURCE_MAX, &job->prelude, &size, &problem);
        if (r == -EINVAL) {
                loader_job_refuse(job, problem.text);
                r = LOADER_FILE_E_NONE;
        }
        if (r == LOADER_FILE_E_NONE) {
                job->prelude = strdup("");
                return job->prelude ? 0 : -ENOMEM;
        }
        text_format(origin, sizeof(origin), "%s:1", path);
        return r < 0 ? r : config_entries_set(&job->entries, "prelude", origin, job->prelude);
}

/* A required option without a value keeps its plugin from working; people want to know before it is needed. */
static int check_plugin_options(struct loader_job *job) {
        for (size_t i = 0; i < job->plugins->n; i++) {
                const struct plugin *plugin = &job->plugins->plugins[i];
                const struct sg_option *row = plugin->sg ? plugin->sg->options : NULL;

                for (; row && row->name; row++) {
                        char key[CONFIG_KEY_MAX], line[sizeof(((struct problem *)0)->text)];
                        int r;

                        text_format(key, sizeof(key), "plugins.%s.%s", plugin->name, row->name);
                        if (config_entries_find(&job->entries, key))
                                continue;
                        text_format(line, sizeof(line),
                                "%s must be given (%s): the plugin cannot work without it", key,
                                option_type_help(row->type));
                        r = loader_job_problem(job, plugin->path, line);
                        if (r < 0)
                                return r;
                }
        }
        return 0;
}

static size_t collect_readings(const struct loader_job *job, const char *names[static READINGS_MAX]) {
        size_t n = 0;

        for (size_t i = 0; i < job->plugins->n; i++) {
                const struct sg_plugin *plugin = job->plugins->plugins[i].sg;

                for (size_t j = 0; plugin && plugin->sensors && plugin->sensors[j]; j++)
                        for (const struct sg_reading *row = plugin->sensors[j]->readings;
                                row && row->name && n < READINGS_MAX; row++)
                                names[n++] = row->name;
        }
        return n;
}

/* A reading may come from elsewhere than from a sensor; but one that looks like a typo of a sensor's is said. */
static int check_readings(struct loader_job *job) {
        const char *names[READINGS_MAX];
        size_t n = collect_readings(job, names), n_entries = job->entries.n;

        for (size_t i = 0; i < n_entries; i++) {
                const struct config_entry *entry = &job->entries.items[i];
                char condition[CONFIG_NAME_MAX], line[sizeof(((struct problem *)0)->text)];
                const char *nearest;
                int end = 0, r;

                if (sscanf(entry->key, "conditions.%63[^.].reading%n", condition, &end) != 1 || end == 0)
                        continue;
                nearest = text_nearest(entry->value, names, n);
                if (!nearest || strcmp(nearest, entry->value) == 0)
                        continue;
                text_format(line, sizeof(line),
                        "%s: no sensor publishes the reading \"%s\"; did you mean \"%s\"?", entry->origin,
                        entry->value, nearest);
                r = loader_job_problem(job, entry->origin, line);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* Executor and watcher read the result with the same function: what they would refuse is refused here. */
static int write_result(struct loader_job *job, char **ret_text, size_t *ret_size) {
        _cleanup_free_ char *text = NULL;
        struct config *config = NULL;
        struct problem problem;
        size_t size;
        int r;

        r = config_text_write(&job->entries, &text, &size);
        if (r == -E2BIG) {
                problem_set(&problem, "the configuration with all playbooks is larger than %u bytes",
                        CONFIG_TEXT_MAX);
                r = -EINVAL;
        } else if (r >= 0)
                r = config_new(text, size, &config, &problem);
        config_free(config);
        if (r == -EINVAL)
                loader_job_refuse(job, problem.text);
        if (r < 0)
                return r;
        *ret_text = take(text);
        *ret_size = size;
        return 0;
}

static int evaluate(struct loader_job *job, char **ret_text, size_t *ret_size) {
        static int (*const steps[])(struct loader_job *) = {
                read_prelude,
                loader_config_defaults,
                loader_config_files,
                loader_playbooks_files,
                loader_playbooks_overrides,
                check_plugin_options,
                check_readings,
        };
        int r = 0;

        for (size_t i = 0; i < ELEMENTSOF(steps) && r >= 0; i++)
                r = steps[i](job);
        if (r < 0)
                return r;
        return job->n_refusals > 0 ? -EINVAL : write_result(job, ret_text, ret_size);
}

int loader_evaluate(const struct loader_paths *paths, uid_t owner, char **ret_text, size_t *ret_size,
        char **ret_problems) {
        struct loader_job job = {.paths = paths};
        _cleanup_free_ char *refusals = NULL;
        size_t refusals_size = 0;
        int r;

        job.refusals = open_memstream(&refusals, &refusals_size);
        if (!job.refusals)
                return -ENOMEM;
        r = plugin_list_new_owned(paths->plugin_dir, owner, &job.plugins);
        if (r >= 0)
                r = evaluate(&job, ret_text, ret_size);
        fclose(job.refusals);

        plugin_list_free(job.plugins);
        config_entries_deinit(&job.entries);
        config_entries_deinit(&job.overrides);
        free(job.prelude);
        if (r < 0)
                *ret_problems = take(refusals);
        return r;
}

static int print(int fd, const char *text, size_t size) {
        FILE *stream = fdopen(fd, "w");
        bool failed;

        if (!stream)
                return -errno;
        failed = fwrite(text, 1, size, stream) != size;
        return fclose(stream) != 0 || failed ? -EIO : 0;
}

int loader_main(const struct loader_paths *paths, int out) {
        _cleanup_free_ char *text = NULL, *problems = NULL;
        size_t size;
        int r;

        r = loader_evaluate(paths, 0, &text, &size, &problems);
        if (r >= 0)
                r = print(out, text, size);
        if (r >= 0)
                return 0;
        if (problems && *problems)
                fputs(problems, stderr);
        else
                fprintf(stderr, "the configuration cannot be evaluated: %s\n", strerror(-r));
        return 1;
}
