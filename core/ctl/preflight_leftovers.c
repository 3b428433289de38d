/* SPDX-License-Identifier: MIT */
/*
 * preflight_leftovers - checks what postfix.set has left beside a main.cf, of leases that nobody knows any more
 *
 * Runs in: spoolguardctl.  As long as a lease of postfix.set is in force, main.cf.spoolguard-LEASE beside the file
 * says what it was before.  One whose lease is over for us, since our state was purged or root had it forgotten, stays
 * there: it may be all that is left to tell what a setting was, so it is for a person to remove.  Until then a new
 * lease of that number is refused.
 *
 * Fails: warns when a directory cannot be read, and when the daemon cannot be asked which leases there are.
 * Limits: instances that are enabled; LEASES_MAX leases.
 */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "ctl/client.h"
#include "ctl/preflight.h"

#define LEASES_MAX 256
#define NAMED_MAX 3 /* paths in one finding */

struct known {
        bool is_asked;
        uint64_t leases[LEASES_MAX];
        size_t n;
};

/* "main.cf.spoolguard-7" beside "main.cf": 7; 0: it is something else. */
static uint64_t lease_of(const char *name, const char *main_cf) {
        static const char infix[] = ".spoolguard-";
        const size_t length = strlen(main_cf);
        const char *number = name + length + strlen(infix);
        char *end;

        if (strncmp(name, main_cf, length) != 0 || strncmp(name + length, infix, strlen(infix)) != 0)
                return 0;
        errno = 0;
        uint64_t lease = strtoull(number, &end, 10);

        return number[0] < '1' || number[0] > '9' || *end || errno ? 0 : lease;
}

static bool is_among(uint64_t lease, const uint64_t *leases, size_t n) {
        for (size_t i = 0; i < n; i++)
                if (leases[i] == lease)
                        return true;
        return false;
}

static void look_beside(DIR *directory, const char *path, const char *name, const uint64_t *leases, size_t n,
        struct preflight_finding *finding) {
        unsigned found = 0;

        for (struct dirent *entry; (entry = readdir(directory));) {
                uint64_t lease = lease_of(entry->d_name, name);

                if (lease == 0 || (leases && is_among(lease, leases, n)) || ++found > NAMED_MAX)
                        continue;
                if (leases)
                        preflight_also(finding, PREFLIGHT_WARN,
                                "%s/%.80s is left of a lease that is not there any more: see how-to-undo in "
                                "it, "
                                "then remove it; it is not touched, nor made again by a lease of that number",
                                path, entry->d_name);
                else
                        preflight_also(finding, PREFLIGHT_WARN,
                                "%s/%.80s: whether it is in use is not known, as the daemon cannot be asked",
                                path, entry->d_name);
        }
        if (found > NAMED_MAX)
                preflight_also(finding, PREFLIGHT_WARN, "%u more in %s", found - NAMED_MAX, path);
        if (found == 0)
                preflight_also(finding, PREFLIGHT_OK, "none in %s", path);
}

void preflight_judge_leftovers(
        const char *main_cf, const uint64_t *leases, size_t n_leases, struct preflight_finding *finding) {
        _cleanup_free_ char *path = realpath(main_cf, NULL);
        char *slash = path ? strrchr(path, '/') : NULL;
        DIR *directory = NULL;

        if (slash) {
                *slash = '\0';
                directory = opendir(slash == path ? "/" : path);
        }
        if (!directory) {
                preflight_also(
                        finding, PREFLIGHT_WARN, "not looked at: beside %s: %s", main_cf, strerror(errno));
                return;
        }
        look_beside(directory, path, slash + 1, leases, n_leases, finding);
        closedir(directory);
}

static void ask(struct known *known) {
        struct problem problem = {""};
        struct client *client = NULL;
        json_t *leases = NULL, *lease;
        enum ctl_exit exit = client_new(&client, &problem);
        size_t i;

        if (exit == CTL_GOOD)
                exit = client_objects(client, "lease", &leases, &problem);
        known->is_asked = exit == CTL_GOOD && json_array_size(leases) <= LEASES_MAX;
        if (known->is_asked)
                json_array_foreach(leases, i, lease) {
                        if (strcmp(client_text(lease, "Verb"), "postfix.set") == 0)
                                known->leases[known->n++] = client_u64(lease, "Id");
                }
        json_decref(leases);
        client_free(client);
}

void preflight_leftovers(const struct ctl *ctl, struct preflight_finding *finding) {
        struct postconf_instance rows[POSTCONF_INSTANCES_MAX];
        struct known known = {.n = 0};
        char why[256] = "";
        int n = postconf_instances(rows, why, sizeof(why));

        (void)ctl;
        ask(&known);
        if (n < 0)
                preflight_say(finding, PREFLIGHT_WARN, "not looked at: %s", why);
        for (int i = 0; i < n; i++) {
                char main_cf[POSTCONF_PATH_MAX + 16];

                text_format(main_cf, sizeof(main_cf), "%s/main.cf", rows[i].config);
                preflight_judge_leftovers(main_cf, known.is_asked ? known.leases : NULL, known.n, finding);
        }
}
