/* SPDX-License-Identifier: MIT */
/*
 * in_force - one configuration is in force at any time
 *
 * Runs in: executor.  Owns the configuration and its text; the desk decides by it, and is told of each new one.  One
 * that is refused never stops us: at a reload the old one stays, at a start the last good one is taken, and without
 * one it is observed with none, which guards nothing but says so on every channel there is.
 *
 * Fails: only without memory.  That it cannot be stored for the next start is said, and it is in force all the same.
 */
#include "executor/in_force.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "executor/last_good.h"
#include "executor/reload.h"

static const char no_config[] =
        "spoolguard-config 1\nmode\tbuilt-in\tobserve\nnotify.deadline\tbuilt-in\t30s\nend\n";

/* The loader looks at the same plugins, and what is wrong with ours was said at the start. */
static bool is_refused_plugin(const struct in_force *in_force, const char *problem) {
        for (size_t i = 0; i < in_force->plugins->n; i++)
                if (strcmp(problem, in_force->plugins->plugins[i].refused.text) == 0)
                        return true;
        return false;
}

/* What is wrong with the files, one record for each playbook and a line for everything. */
static void tell_problems(struct in_force *in_force, const struct config *raw) {
        for (size_t i = 0; raw->problems && raw->problems[i]; i++)
                if (!is_refused_plugin(in_force, raw->problems[i]))
                        log_error("configuration: %s", raw->problems[i]);
        for (size_t i = 0; i < raw->n_playbooks; i++)
                if (raw->playbooks[i].failed) {
                        struct book_entry entry = book_entry_new("playbook-broken");
                        book_text(&entry, "playbook", raw->playbooks[i].name);
                        book_text(&entry, "text", raw->playbooks[i].failed);
                        book_write(in_force->book, &entry);
                }
}

void in_force_tell_refused(const struct in_force *in_force, const char *problems) {
        struct book_entry entry = book_entry_new("config-refused");

        book_text(&entry, "text", problems);
        book_write(in_force->book, &entry);
}

static void put_in_force(struct in_force *in_force, struct config *config) {
        struct book_entry entry = book_entry_new("config-loaded");
        struct config *before = in_force->config;

        in_force->config = config;
        in_force->generation++;
        book_number(&entry, "generation", in_force->generation);
        book_write(in_force->book, &entry);
        desk_set_config(in_force->desk, config, in_force->generation);
        config_free(before);
        desk_review_quarantine(in_force->desk);
}

int in_force_take(struct in_force *in_force, const char *text, size_t size, struct problem *problem) {
        struct config *config, *raw;
        _cleanup_free_ char *merged = NULL;
        size_t merged_size;
        bool same;
        int r = reload_merge(in_force->config, text, size, &config, &merged, &merged_size, &raw, problem);

        if (r < 0)
                return r;
        tell_problems(in_force, raw);
        config_free(raw);
        same = in_force->text && reload_is_same(in_force->text, in_force->text_size, merged, merged_size);
        if (same)
                config_free(config);
        else
                put_in_force(in_force, config);
        r = last_good_store(in_force->state_dir, merged, merged_size);
        if (r < 0)
                log_warning(
                        "the configuration in force cannot be stored for the next start: %s", strerror(-r));
        free(in_force->text);
        in_force->text = take(merged);
        in_force->text_size = merged_size;
        return same;
}

int in_force_begin(struct in_force *in_force) {
        struct reload_result result;
        struct problem problem = {.text = "out of memory"};
        char *good = NULL;
        size_t size;

        reload_now(in_force->paths, &result);
        if (result.text && in_force_take(in_force, result.text, result.size, &problem) >= 0) {
                reload_result_deinit(&result);
                return 0;
        }
        in_force_tell_refused(in_force, result.problems ? result.problems : problem.text);
        if (last_good_read(in_force->state_dir, &good, &size) == 0 &&
                in_force_take(in_force, good, size, &problem) >= 0)
                desk_set_trouble(
                        in_force->desk, "the configuration was refused: the last good one is in force");
        else if (in_force_take(in_force, no_config, sizeof(no_config) - 1, &problem) >= 0)
                desk_set_trouble(in_force->desk,
                        "the configuration was refused and there is no last good one: nothing is guarded");
        free(good);
        reload_result_deinit(&result);
        return in_force->config ? 0 : -ENOMEM;
}

void in_force_deinit(struct in_force *in_force) {
        config_free(in_force->config);
        free(in_force->text);
}
