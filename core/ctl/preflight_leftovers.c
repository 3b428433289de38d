/* SPDX-License-Identifier: MIT */
/*
 * preflight_leftovers - checks what postfix.set has left beside a main.cf, of leases that nobody knows any more
 *
 * Runs in: spoolguardctl.  As long as a lease of postfix.set is in force, main.cf.spoolguard-LEASE beside the file
 * says what it was before.  One whose lease is over for us, since our state was purged or root had it forgotten, stays
 * there: it may be all that is left to tell what a setting was, so it is for a person to remove.  Until then a new
 * lease of that number is refused.
 *
 * After a purge numbers begin at 1 again.  So a lease of that number is not enough: it must be one of that instance.
 * In the directory of an instance that is not enabled, or not there any more, one of such an instance is.
 *
 * Fails: warns when a directory cannot be read, and when the daemon cannot be asked which leases there are.
 * Limits: LEASES_MAX leases; beside an instance that is not enabled only what is in a directory of /etc.
 */
#include <dirent.h>
#include <errno.h>
#include <glob.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "ctl/client.h"
#include "ctl/preflight.h"

#define LEASES_MAX 256
#define NAMED_MAX 3 /* paths in one finding */

static const char infix[] = ".spoolguard-";

/* What is known while looking. */
struct search {
        const struct postconf_instance *instances;
        size_t n_instances;
        const struct preflight_lease *leases; /* NULL: they are not known */
        size_t n_leases;
        char **beside; /* an instance's main.cf, links followed; NULL: there is none */
        unsigned found;
        struct preflight_finding *finding;
};

/* "7": 7; 0: it is something else. */
static uint64_t parse(const char *number) {
        char *end;

        errno = 0;
        uint64_t lease = strtoull(number, &end, 10);

        return number[0] < '1' || number[0] > '9' || *end || errno ? 0 : lease;
}

/* "main.cf.spoolguard-7" beside "main.cf": 7; 0: it is something else. */
static uint64_t lease_of(const char *name, const char *main_cf) {
        const size_t length = strlen(main_cf);

        if (strncmp(name, main_cf, length) != 0 || strncmp(name + length, infix, strlen(infix)) != 0)
                return 0;
        return parse(name + length + strlen(infix));
}

static bool is_enabled(const struct search *search, const char *instance) {
        for (size_t i = 0; i < search->n_instances; i++)
                if (strcmp(search->instances[i].name, instance) == 0)
                        return true;
        return false;
}

/* NULL for what is not beside the main.cf of an instance that is enabled. */
static bool is_in_use(const struct search *search, const char *instance, uint64_t lease) {
        for (size_t i = 0; i < search->n_leases; i++) {
                const struct preflight_lease *known = &search->leases[i];

                if (known->id == lease &&
                        (instance ? strcmp(known->instance, instance) == 0
                                  : !is_enabled(search, known->instance)))
                        return true;
        }
        return false;
}

static void look_at(struct search *search, const char *path, const char *instance, uint64_t lease) {
        if (lease == 0 || (search->leases && is_in_use(search, instance, lease)) ||
                ++search->found > NAMED_MAX)
                return;
        if (search->leases)
                preflight_also(search->finding, PREFLIGHT_WARN,
                        "%.255s is left of a lease that is not there any more: see how-to-undo in it, then "
                        "remove it; it is not touched, nor made again by a lease of that number",
                        path);
        else
                preflight_also(search->finding, PREFLIGHT_WARN,
                        "%.255s: whether it is in use is not known, as the daemon cannot be asked", path);
}

/* Beside the main.cf of an instance, wherever a link leads to. */
static void look_beside(struct search *search, size_t i) {
        const struct postconf_instance *instance = &search->instances[i];
        char *slash = search->beside[i] ? strrchr(search->beside[i], '/') : NULL;
        char path[PATH_MAX];
        DIR *directory = NULL;

        if (slash) {
                text_format(
                        path, sizeof(path), "%.*s", (int)(slash - search->beside[i] + 1), search->beside[i]);
                directory = opendir(path);
        }
        if (!directory) {
                preflight_also(search->finding, PREFLIGHT_WARN, "not looked at: beside %s/main.cf: %s",
                        instance->config, strerror(errno));
                return;
        }
        for (struct dirent *entry; (entry = readdir(directory));) {
                uint64_t lease = lease_of(entry->d_name, slash + 1);

                text_format(path, sizeof(path), "%.*s/%s", (int)(slash - search->beside[i]),
                        search->beside[i], entry->d_name);
                look_at(search, path, instance->name, lease);
        }
        closedir(directory);
}

/* The file without what postfix.set appends to its name. */
static bool was_looked_at(const struct search *search, const char *file) {
        for (size_t i = 0; i < search->n_instances; i++)
                if (search->beside[i] && strcmp(search->beside[i], file) == 0)
                        return true;
        return false;
}

/* Where instances were that are not enabled any more. */
static void look_elsewhere(struct search *search, const char *etc) {
        char pattern[PATH_MAX];
        glob_t paths;

        text_format(pattern, sizeof(pattern), "%s/*/*%s[1-9]*", etc, infix);
        if (glob(pattern, GLOB_NOSORT, NULL, &paths) != 0)
                return;
        for (size_t i = 0; i < paths.gl_pathc; i++) {
                const char *number = strstr(strrchr(paths.gl_pathv[i], '/'), infix) + strlen(infix);
                _cleanup_free_ char *real = realpath(paths.gl_pathv[i], NULL);
                char *end = real ? strstr(strrchr(real, '/'), infix) : NULL;

                if (!end)
                        continue;
                *end = '\0';
                if (!was_looked_at(search, real))
                        look_at(search, paths.gl_pathv[i], NULL, parse(number));
        }
        globfree(&paths);
}

void preflight_judge_leftovers(const char *etc, const struct postconf_instance *instances, size_t n_instances,
        const struct preflight_lease *leases, size_t n_leases, struct preflight_finding *finding) {
        char *beside[POSTCONF_INSTANCES_MAX], path[POSTCONF_PATH_MAX + 16];
        struct search search = {.instances = instances,
                .n_instances = n_instances,
                .leases = leases,
                .n_leases = n_leases,
                .beside = beside,
                .finding = finding};

        for (size_t i = 0; i < n_instances; i++) {
                text_format(path, sizeof(path), "%s/main.cf", instances[i].config);
                beside[i] = realpath(path, NULL);
                look_beside(&search, i);
        }
        look_elsewhere(&search, etc);
        for (size_t i = 0; i < n_instances; i++)
                free(beside[i]);
        if (search.found > NAMED_MAX)
                preflight_also(finding, PREFLIGHT_WARN, "%u more", search.found - NAMED_MAX);
        preflight_also(finding, PREFLIGHT_OK, "none beside the main.cf of any instance");
}

/* Their number, or -1: the daemon cannot be asked. */
static ssize_t ask(struct preflight_lease rows[static LEASES_MAX]) {
        struct problem problem = {""};
        struct client *client = NULL;
        json_t *leases = NULL, *lease;
        enum ctl_exit exit = client_new(&client, &problem);
        ssize_t n = -1;
        size_t i;

        if (exit == CTL_GOOD)
                exit = client_objects(client, "lease", &leases, &problem);
        if (exit == CTL_GOOD && json_array_size(leases) <= LEASES_MAX) {
                n = 0;
                json_array_foreach(leases, i, lease) {
                        if (strcmp(client_text(lease, "Verb"), "postfix.set") != 0)
                                continue;
                        rows[n].id = client_u64(lease, "Id");
                        text_copy(rows[n].instance, sizeof(rows[n].instance),
                                client_text(json_object_get(lease, "Arguments"), "instance"));
                        n++;
                }
        }
        json_decref(leases);
        client_free(client);
        return n;
}

void preflight_leftovers(const struct ctl *ctl, struct preflight_finding *finding) {
        struct postconf_instance rows[POSTCONF_INSTANCES_MAX];
        struct preflight_lease leases[LEASES_MAX];
        char why[256] = "";
        int n = postconf_instances(rows, why, sizeof(why));
        ssize_t n_leases = ask(leases);

        (void)ctl;
        if (n < 0)
                preflight_say(finding, PREFLIGHT_WARN, "not looked at: %s", why);
        else
                preflight_judge_leftovers("/etc", rows, (size_t)n, n_leases < 0 ? NULL : leases,
                        n_leases < 0 ? 0 : (size_t)n_leases, finding);
}
