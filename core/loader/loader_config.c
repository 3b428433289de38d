/* SPDX-License-Identifier: MIT */
/*
 * loader_config - the defaults, and the site's files on top of them, key by key
 *
 * Runs in the loader.  Defaults are the rows of the schema, the built-in conditions and the option tables of
 * the plugins.  Then spoolguard.lua and conf.d/ *.lua in byte order: each is `return { ... }`, evaluated in an
 * empty environment, so that it can compute but not do anything.  A later value replaces an earlier one of the
 * same key; a list replaces a list.
 *
 * A file that does not exist is fine.  A file with a mistake refuses the configuration as a whole, because
 * half of what an admin wrote is not what he wants; all mistakes are reported, not only the first.
 *
 * Owns nothing; everything lands in the job.  Fails only for want of memory; mistakes are refusals of the job.
 * Limits: FILE_MAX bytes for a file.
 */
#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "config/conditions.h"
#include "config/config_schema.h"
#include "loader/loader_file.h"
#include "loader/loader_job.h"
#include "loader/loader_lua.h"
#include "loader/loader_table.h"
#include "loader/loader_value.h"

#define FILE_MAX ((size_t)256 << 10)
#define PLUGINS_MAX 64

struct file {
        const char *path;
        char *text;
        size_t size;
        struct loader_lines lines;
        struct config_entries raw;
        struct problem problem;
        int result;
};

static int default_value(struct loader_job *job, const char *key, const char *value) {
        return value ? config_entries_set(&job->entries, key, "built-in", value) : 0;
}

/* All fields that a condition has and nobody set; conditions of the site get theirs after its files. */
static int default_fields(struct loader_job *job, const char *condition) {
        for (const struct config_field *field = config_condition_fields; field->rule.name; field++) {
                char key[CONFIG_KEY_MAX];
                int r;

                text_format(key, sizeof(key), "conditions.%s.%s", condition, field->rule.name);
                if (config_entries_find(&job->entries, key))
                        continue;
                r = default_value(job, key, field->rule.fallback);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int default_plugin_options(struct loader_job *job) {
        for (size_t i = 0; i < job->plugins->n; i++) {
                const struct plugin *plugin = &job->plugins->plugins[i];
                int r = 0;

                if (!plugin->sg)
                        r = loader_job_problem(job, plugin->path, plugin->refused.text);
                for (const struct sg_option *row = plugin->sg ? plugin->sg->options : NULL;
                        row && row->name && r >= 0; row++) {
                        char key[CONFIG_KEY_MAX];

                        text_format(key, sizeof(key), "plugins.%s.%s", plugin->name, row->name);
                        r = default_value(job, key, row->fallback);
                }
                if (r < 0)
                        return r;
        }
        return 0;
}

int loader_config_defaults(struct loader_job *job) {
        static const char *const keys[] = {"mode", "back_by", "notify.command", "notify.deadline"};
        struct config_place place;
        int r = 0;

        for (size_t i = 0; i < ELEMENTSOF(keys) && r >= 0; i++) {
                r = config_place(config_schema, keys[i], &place, NULL);
                if (r >= 0)
                        r = default_value(job, keys[i], place.field->rule.fallback);
        }
        if (r >= 0)
                r = conditions_builtin(&job->entries);
        return r < 0 ? r : default_plugin_options(job);
}

static int read_result(lua_State *state) {
        struct file *file = lua_touserdata(state, 2);

        if (!lua_istable(state, 1))
                return luaL_error(state, "must end with one table: return { ... }");
        file->result = loader_table_read(state, 1, file->path, &file->lines, &file->raw, &file->problem);
        return 0;
}

static int evaluate(struct file *file) {
        struct sandbox *sandbox;
        int r;

        r = sandbox_new(LOADER_LUA_MEMORY_MAX, &sandbox);
        if (r < 0)
                return r;
        r = sandbox_push_environment(sandbox, false);
        if (r >= 0)
                r = loader_lua_chunk(sandbox, file->path, file->text, file->size, &file->problem);
        if (r >= 0)
                r = loader_lua_protect(sandbox, file->path, read_result, 1, file, &file->problem);
        sandbox_free(sandbox);
        return r >= 0 ? file->result : r;
}

/* The option table row for plugins.NAME.OPTION as a field; false: refused, or the plugin is and has its line. */
static bool plugin_field(struct loader_job *job, const struct config_place *place,
        struct config_field *ret_field, struct problem *problem) {
        const char *names[PLUGINS_MAX], *nearest;
        const struct sg_option *options;
        ptrdiff_t row;
        size_t n = 0;

        for (size_t i = 0; i < job->plugins->n; i++) {
                const struct plugin *plugin = &job->plugins->plugins[i];

                if (strcmp(plugin->name, place->name) != 0) {
                        if (n < PLUGINS_MAX)
                                names[n++] = plugin->name;
                        continue;
                }
                if (!plugin->sg)
                        return false;
                options = plugin->sg->options;
                row = option_find(options, place->leaf);
                if (row >= 0) {
                        *ret_field = (struct config_field){.rule = options[row]};
                        return true;
                }
                n = 0;
                for (; options && options->name && n < PLUGINS_MAX; options++)
                        names[n++] = options->name;
                nearest = text_nearest(place->leaf, names, n);
                problem_set(problem, "the plugin %s has no option \"%s\"%s%s%s", place->name, place->leaf,
                        nearest ? "; did you mean \"" : "", nearest ? nearest : "", nearest ? "\"?" : "");
                return false;
        }
        nearest = text_nearest(place->name, names, n);
        problem_set(problem, "there is no plugin \"%s\"%s%s%s", place->name,
                nearest ? "; did you mean \"" : "", nearest ? nearest : "", nearest ? "\"?" : "");
        return false;
}

/* 1: `text` is the value of place->key.  0: nothing to store.  -EINVAL: refused. */
static int judge(struct loader_job *job, const struct config_entry *raw, struct config_place *place,
        char text[static OPTION_TEXT_MAX], struct problem *problem) {
        static const struct config_field label = {.rule = {.name = "label", .type = SG_TYPE_TEXT}};
        struct config_field field;
        int r = config_place(config_schema, raw->key, place, problem);

        if (r < 0)
                return r;
        if (r == CONFIG_PLACE_TABLE)
                return raw->value[0] == 'e' ? 0 : problem_set(problem, "%s must be a table", raw->key);
        field = *place->field;
        if (field.kind == CONFIG_KIND_PLAYBOOK_OPTIONS) {
                if (!strchr("nsb", raw->value[0]) || strlen(raw->value) >= OPTION_TEXT_MAX)
                        return problem_set(problem, "%s must be a number, text or boolean", raw->key);
                text_copy(text, OPTION_TEXT_MAX, raw->value);
                return 1;
        }
        if (field.kind == CONFIG_KIND_LABELS)
                field = label;
        if (field.kind == CONFIG_KIND_PLUGINS && !plugin_field(job, place, &field, problem))
                return problem->text[0] ? -EINVAL : 0;
        r = loader_value(&field, raw->key, raw->value, text, problem);
        return r < 0 ? r : 1;
}

static int merge(struct loader_job *job, const struct file *file) {
        for (size_t i = 0; i < file->raw.n; i++) {
                const struct config_entry *raw = &file->raw.items[i];
                char text[OPTION_TEXT_MAX], origin[CONFIG_ORIGIN_MAX];
                struct problem problem = {0}, refusal;
                struct config_place place;
                bool override;
                int r;

                text_format(origin, sizeof(origin), "%s:%s", file->path, raw->origin);
                r = judge(job, raw, &place, text, &problem);
                if (r < 0) {
                        problem_set(&refusal, "%s: %s", origin, problem.text);
                        loader_job_refuse(job, refusal.text);
                }
                if (r <= 0)
                        continue;
                override = strncmp(place.key, "playbooks.", strlen("playbooks.")) == 0;
                r = config_entries_set(override ? &job->overrides : &job->entries, place.key, origin, text);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int read_file(struct loader_job *job, const char *path) {
        struct file file = {.path = path};
        int r;

        r = loader_file_read(path, FILE_MAX, &file.text, &file.size, &file.problem);
        if (r == LOADER_FILE_E_NONE)
                return 0;
        if (r >= 0)
                r = loader_lines_init(&file.lines, file.text, file.size);
        if (r >= 0 && !file.lines.blank) {
                r = evaluate(&file);
                if (r >= 0)
                        r = merge(job, &file);
        }
        if (r == -EINVAL) {
                loader_job_refuse(job, file.problem.text);
                r = 0;
        }
        loader_lines_deinit(&file.lines);
        config_entries_deinit(&file.raw);
        free(file.text);
        return r;
}

/* Every name that has a conditions.NAME.* entry by now. */
static int complete_conditions(struct loader_job *job) {
        size_t n = job->entries.n;

        for (size_t i = 0; i < n; i++) {
                char name[CONFIG_NAME_MAX];
                int r;

                if (sscanf(job->entries.items[i].key, "conditions.%63[^.].", name) != 1)
                        continue;
                r = default_fields(job, name);
                if (r < 0)
                        return r;
        }
        return 0;
}

int loader_config_files(struct loader_job *job) {
        char directory[LOADER_PATH_MAX], path[LOADER_PATH_MAX];
        struct problem problem;
        char **names = NULL;
        size_t n = 0;
        int r;

        text_format(path, sizeof(path), "%s/spoolguard.lua", job->paths->etc);
        r = read_file(job, path);
        if (r < 0)
                return r;
        text_format(directory, sizeof(directory), "%s/conf.d", job->paths->etc);
        r = loader_file_list(directory, &names, &n, &problem);
        if (r == -EINVAL) {
                loader_job_refuse(job, problem.text);
                r = 0;
        }
        for (size_t i = 0; i < n && r >= 0; i++) {
                text_format(path, sizeof(path), "%s/conf.d/%s", job->paths->etc, names[i]);
                r = read_file(job, path);
        }
        loader_file_list_free(names, n);
        return r < 0 ? r : complete_conditions(job);
}
