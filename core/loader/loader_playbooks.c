/* SPDX-License-Identifier: MIT */
/*
 * loader_playbooks - the playbooks that are shipped, those of the site, and the site's settings for them
 *
 * Runs in the loader.  The files of share/playbooks come first, then those of etc/playbooks: the same name
 * replaces.  A file that cannot be used is left out, with its file, line and reason as an entry of its own and
 * as a problem; everything else goes on.  A setting for a playbook or option that does not exist, however, is
 * a mistake in the configuration and refuses it.
 *
 * Owns nothing; everything lands in the job.  Fails only for want of memory.
 * Limits: CONFIG_PLAYBOOKS_MAX files; TOTAL_USEC for all of them, so that a directory full of endless loops
 * does not keep the rest waiting.
 */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"
#include "config/config_schema.h"
#include "config/option.h"
#include "loader/loader_file.h"
#include "loader/loader_job.h"
#include "loader/loader_playbook.h"
#include "loader/loader_value.h"

#define TOTAL_USEC (20 * USEC_PER_SEC)
#define CANDIDATES_MAX 128

struct found {
        char name[CONFIG_NAME_MAX], path[LOADER_PATH_MAX];
};

struct found_list {
        struct found items[CONFIG_PLAYBOOKS_MAX];
        size_t n;
};

static int note_file(
        struct loader_job *job, struct found_list *found, const char *directory, const char *file) {
        size_t length = strlen(file) - strlen(".lua");
        char path[LOADER_PATH_MAX], name[CONFIG_NAME_MAX] = "", line[LOADER_PATH_MAX + 96];
        size_t i = 0;

        if (!text_is_clean(file) || strlen(directory) + strlen(file) + 2 > sizeof(path))
                return loader_job_problem(job, directory, "a playbook file has no usable name");
        text_format(path, sizeof(path), "%s/%s", directory, file);
        if (length < sizeof(name))
                text_format(name, sizeof(name), "%.*s", (int)length, file);
        if (!config_name_valid(name)) {
                text_format(line, sizeof(line),
                        "%s:1: a playbook file is named in small letters, digits, '-' and '_'", path);
                return loader_job_problem(job, path, line);
        }
        while (i < found->n && strcmp(found->items[i].name, name) != 0)
                i++;
        if (i == ELEMENTSOF(found->items)) {
                text_format(line, sizeof(line), "%s:1: left out: more than %d playbooks", path,
                        CONFIG_PLAYBOOKS_MAX);
                return loader_job_problem(job, path, line);
        }
        text_copy(found->items[i].name, sizeof(found->items[i].name), name);
        text_copy(found->items[i].path, sizeof(found->items[i].path), path);
        found->n = i == found->n ? i + 1 : found->n;
        return 0;
}

static int note_directory(struct loader_job *job, struct found_list *found, const char *parent) {
        char directory[LOADER_PATH_MAX];
        struct problem problem;
        char **names = NULL;
        size_t n = 0;
        int r;

        text_format(directory, sizeof(directory), "%s/playbooks", parent);
        r = loader_file_list(directory, &names, &n, &problem);
        if (r == -EINVAL)
                r = loader_job_problem(job, directory, problem.text);
        for (size_t i = 0; i < n && r >= 0; i++)
                r = note_file(job, found, directory, names[i]);
        loader_file_list_free(names, n);
        return r;
}

static int set_field(
        struct loader_job *job, const char *name, const char *field, const char *origin, const char *value) {
        char key[CONFIG_KEY_MAX];

        text_format(key, sizeof(key), "playbooks.%s.%s", name, field);
        return config_entries_set(&job->entries, key, origin, value);
}

static const struct config_entry *find_field(
        const struct loader_job *job, const char *name, const char *field) {
        char key[CONFIG_KEY_MAX];

        text_format(key, sizeof(key), "playbooks.%s.%s", name, field);
        return config_entries_find(&job->entries, key);
}

static int leave_out(struct loader_job *job, const struct found *found, const char *reason) {
        char prefix[CONFIG_KEY_MAX];
        int r;

        text_format(prefix, sizeof(prefix), "playbooks.%s.", found->name);
        config_entries_remove(&job->entries, prefix);
        r = set_field(job, found->name, "file", found->path, found->path);
        if (r >= 0)
                r = set_field(job, found->name, "failed", found->path, reason);
        return r < 0 ? r : loader_job_problem(job, found->path, reason);
}

static int evaluate(struct loader_job *job, const struct found *found, bool in_time) {
        _cleanup_free_ char *source = NULL;
        struct problem problem = {0};
        size_t size = 0;
        int r;

        if (!in_time)
                r = problem_set(
                        &problem, "%s:1: not evaluated: other playbooks took all the time", found->path);
        else
                r = loader_file_read(found->path, CONFIG_SOURCE_MAX, &source, &size, &problem);
        if (r == LOADER_FILE_E_NONE)
                r = problem_set(&problem, "%s:1: leads to no file", found->path);
        if (r >= 0)
                r = loader_playbook(
                        found->path, found->name, source, size, job->prelude, &job->entries, &problem);
        return r == -EINVAL ? leave_out(job, found, problem.text) : r;
}

/* The names of conditions, options or playbooks, to tell which one was meant. */
struct names {
        char texts[CANDIDATES_MAX][CONFIG_NAME_MAX];
        const char *list[CANDIDATES_MAX];
        size_t n;
};

/* All X of the keys "<prefix>X" or "<prefix>X.<rest>", each once. */
static void names_collect(struct names *names, const struct loader_job *job, const char *prefix) {
        names->n = 0;
        for (size_t i = 0; i < job->entries.n && names->n < CANDIDATES_MAX; i++) {
                const char *key = job->entries.items[i].key;
                char *text = names->texts[names->n];
                bool known = false;

                if (strncmp(key, prefix, strlen(prefix)) != 0)
                        continue;
                key += strlen(prefix);
                text_format(text, CONFIG_NAME_MAX, "%.*s", (int)strcspn(key, "."), key);
                for (size_t j = 0; j < names->n; j++)
                        known |= strcmp(names->list[j], text) == 0;
                if (!known)
                        names->list[names->n++] = text;
        }
}

static bool names_has(const struct names *names, const char *name) {
        for (size_t i = 0; i < names->n; i++)
                if (strcmp(names->list[i], name) == 0)
                        return true;
        return false;
}

/* "origin: what \"name\" does not exist; did you mean ...?" */
static void names_problem(const struct names *names, const char *origin, const char *what, const char *name,
        struct problem *problem) {
        const char *nearest = text_nearest(name, names->list, names->n);

        problem_set(problem, "%s: %s \"%s\" does not exist%s%s%s", origin, what, name,
                nearest ? "; did you mean \"" : "", nearest ? nearest : "", nearest ? "\"?" : "");
}

/* -EINVAL: `field` names a condition that there is not. */
static int check_conditions(const struct loader_job *job, const struct found *found, const char *field,
        const struct names *conditions, struct problem *problem) {
        static const struct sg_option list = {.name = "list", .type = SG_TYPE_LIST};
        const struct config_entry *entry = find_field(job, found->name, field);
        struct sg_value value;
        char what[64];
        int r = 0;

        if (!entry || option_parse(&list, entry->value, &value, NULL) < 0)
                return 0;
        text_format(what, sizeof(what), "on.%s: the condition", field);
        for (size_t i = 0; value.list[i] && r >= 0; i++)
                if (!names_has(conditions, value.list[i])) {
                        names_problem(conditions, entry->origin, what, value.list[i], problem);
                        r = -EINVAL;
                }
        option_value_deinit(&value);
        return r;
}

static int check_references(struct loader_job *job, const struct found_list *found) {
        static const char *const fields[] = {"any", "all", "cleared"};
        struct names *conditions = malloc(sizeof(*conditions));
        int r = 0;

        if (!conditions)
                return -ENOMEM;
        names_collect(conditions, job, "conditions.");
        for (size_t i = 0; i < found->n && r >= 0; i++)
                for (size_t j = 0; j < ELEMENTSOF(fields) && r >= 0; j++) {
                        struct problem problem;

                        r = check_conditions(job, &found->items[i], fields[j], conditions, &problem);
                        if (r == -EINVAL)
                                r = leave_out(job, &found->items[i], problem.text);
                }
        free(conditions);
        return r;
}

int loader_playbooks_files(struct loader_job *job) {
        uint64_t until_usec = clock_monotonic_usec() + TOTAL_USEC;
        struct found_list *found = calloc(1, sizeof(*found));
        int r;

        if (!found)
                return -ENOMEM;
        r = note_directory(job, found, job->paths->share);
        if (r >= 0)
                r = note_directory(job, found, job->paths->etc);
        for (size_t i = 0; i < found->n && r >= 0; i++)
                r = evaluate(job, &found->items[i], clock_monotonic_usec() < until_usec);
        if (r >= 0)
                r = check_references(job, found);
        free(found);
        return r;
}

/* An option must exist in the playbook, and have its Lua type there. */
static int check_option(const struct loader_job *job, const struct config_entry *override,
        const char *playbook, const char *option, struct names *names, struct problem *problem) {
        const struct config_entry *own = config_entries_find(&job->entries, override->key);
        char prefix[CONFIG_KEY_MAX], described[96];

        if (!own) {
                text_format(prefix, sizeof(prefix), "playbooks.%s.options.", playbook);
                names_collect(names, job, prefix);
                text_format(prefix, sizeof(prefix), "the playbook %s: the option", playbook);
                names_problem(names, override->origin, prefix, option, problem);
                return -EINVAL;
        }
        if (own->value[0] == override->value[0])
                return 0;
        loader_value_describe(own->value, described, sizeof(described));
        return problem_set(problem,
                "%s: playbooks.%s.options.%s must be of the same type as the playbook's own, %s",
                override->origin, playbook, option, described);
}

static int check_override(const struct loader_job *job, const struct config_entry *override,
        struct names *names, bool *ret_apply, struct problem *problem) {
        char playbook[CONFIG_NAME_MAX], option[CONFIG_NAME_MAX];
        int parts = sscanf(override->key, "playbooks.%63[^.].options.%63s", playbook, option);

        *ret_apply = false;
        if (parts < 1 || !find_field(job, playbook, "file")) {
                names_collect(names, job, "playbooks.");
                names_problem(names, override->origin, "the playbook", playbook, problem);
                return -EINVAL;
        }
        if (find_field(job, playbook, "failed"))
                return 0;
        *ret_apply = true;
        return parts == 2 ? check_option(job, override, playbook, option, names, problem) : 0;
}

int loader_playbooks_overrides(struct loader_job *job) {
        struct names *names = malloc(sizeof(*names));
        int r = 0;

        if (!names)
                return -ENOMEM;
        for (size_t i = 0; i < job->overrides.n && r >= 0; i++) {
                const struct config_entry *override = &job->overrides.items[i];
                struct problem problem;
                bool apply;

                r = check_override(job, override, names, &apply, &problem);
                if (r == -EINVAL) {
                        loader_job_refuse(job, problem.text);
                        r = 0;
                } else if (apply)
                        r = config_entries_set(
                                &job->entries, override->key, override->origin, override->value);
        }
        free(names);
        return r;
}
