/* SPDX-License-Identifier: MIT */
/*
 * resolver_sensor - the sensor `resolver`: whether Postfix asks name servers by the present configuration
 *
 * Runs in the watcher.  Looks at resolv.conf and at the copies in the chroots, and when one of them is not what it was,
 * at the processes of Postfix (resolver_state.c); as long as everything is settled it is a few stat() every ten
 * seconds.  What a change is, is decided by content that stayed the same for some seconds and names a server: a
 * program that writes the file in two steps, or anew as it was, has changed nothing.
 *
 * A watcher that was just started has seen no change.  It guesses by the times of the files, since not to notice is
 * mail that waits for a person: at worst that is one reload too many, after somebody wrote a resolv.conf anew with the
 * same servers, on a host where no service of Postfix is in the chroot.
 *
 * Owns what it remembers of each file.  Fails with -ENOTSUP where no Postfix is configured; what cannot be read or seen
 * is missing.
 * Limits: the instances that there were when it was created.  It may read all of /proc, which shows the names of
 * the processes to it, but nothing that belongs to them.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/resolver.h"
#include "postfix/instance_reads.h"
#include "postfix/main_cf.h"
#include "postfix/postfix.h"
#include "postfix/resolver_state.h"
#include "postfix/text_file.h"

#define SECOND_USEC UINT64_C(1000000)
#define LOOK_USEC (10 * SECOND_USEC)
#define SOON_USEC (4 * SECOND_USEC)   /* while something is not settled */
#define STABLE_USEC (3 * SECOND_USEC) /* that a content stays before it counts */
#define SETTLED_SECONDS 90            /* after a change nothing comes of it any more */
#define PATH_SIZE (2 * PATH_MAX)

/* One resolv.conf over time. */
struct memory {
        bool is_known;
        uint64_t hash;           /* of the content that counts */
        int64_t changed_seconds; /* when it became so, CLOCK_REALTIME; 0: before it was known */
        bool is_changing;
        uint64_t next_hash, next_usec;
};

struct watched {
        char instance[POSTFIX_INSTANCE_MAX], spool[PATH_SIZE], config[PATH_SIZE];
        const char *shown; /* the spool without the root */
        struct memory copy;
        /* What was guessed at first, which later times of the files are no part of. */
        bool has_guessed;
        int64_t guess_seconds[RESOLVER_SIDES];
        uint64_t stamp; /* of all files that matter, as they were when it was settled; 0: it is not */
};

struct resolver_sensor {
        const struct sg_host *host;
        struct sg_timer *timer;
        struct memory conf;
        struct watched rows[POSTFIX_INSTANCES_MAX];
        size_t n;
};

static const struct sg_reading readings[] = {
        {"resolver_stale", {"instance"},
                "1: Postfix asks name servers by a configuration that is not the present one: a process is "
                "older "
                "than "
                "the change of resolv.conf and Postfix was not reloaded since, or the copy in its chroot is "
                "another "
                "one."},
        {0},
};

static int64_t wall_seconds(void) {
        struct timespec now;

        clock_gettime(CLOCK_REALTIME, &now);
        return now.tv_sec;
}

/* True: its content is that which counts. */
static bool note(struct memory *memory, const struct resolver_file *file, uint64_t now_usec) {
        if (memory->is_known && memory->hash == file->hash) {
                memory->is_changing = false;
                return true;
        }
        if (!memory->is_changing || memory->next_hash != file->hash) {
                memory->is_changing = true;
                memory->next_hash = file->hash;
                memory->next_usec = now_usec;
        }
        /* One that was replaced is often older than the watcher that can read it. */
        if (now_usec - memory->next_usec < STABLE_USEC &&
                wall_seconds() - file->changed_seconds <= (int64_t)(STABLE_USEC / SECOND_USEC))
                return false;
        memory->changed_seconds = memory->is_known ? file->changed_seconds : 0;
        memory->hash = file->hash;
        memory->is_known = true;
        memory->is_changing = false;
        return true;
}

static void say_missing(struct resolver_sensor *sensor, struct watched *watched, const char *why) {
        const struct sg_label label = {"instance", watched->instance};

        watched->stamp = 0;
        sensor->host->missing(sensor->host, readings[0].name, &label, 1, why);
}

/* Whether there is a configuration that could be the present one; else why not. */
static bool is_usable(const char *path, char ret_why[static RESOLVER_WHY_MAX + 32]) {
        char why[RESOLVER_WHY_MAX], *text;
        int r = text_file_read(path, RESOLV_CONF_BYTES_MAX, false, &text);
        bool usable;

        if (r < 0) {
                snprintf(ret_why, RESOLVER_WHY_MAX + 32, "resolv.conf cannot be read: %s", strerror(-r));
                return false;
        }
        usable = resolver_conf_is_usable(text, strlen(text), why);
        free(text);
        snprintf(ret_why, RESOLVER_WHY_MAX + 32, "resolv.conf: %s", why);
        return usable;
}

static uint64_t stamp_of(uint64_t stamp, const char *directory, const char *name) {
        char path[PATH_SIZE + 32];
        struct stat status;

        snprintf(path, sizeof(path), "%s/%.30s", directory, name);
        if (stat(path, &status) < 0)
                status = (struct stat){.st_ino = 0};
        stamp = stamp * UINT64_C(0x9e3779b97f4a7c15) + (uint64_t)status.st_ino + (uint64_t)status.st_size;
        return stamp * 1000000007u + (uint64_t)status.st_mtim.tv_sec * 1000000000u +
                (uint64_t)status.st_mtim.tv_nsec + (uint64_t)status.st_ctim.tv_nsec;
}

static uint64_t stamp_all(const struct resolver_sensor *sensor, const struct watched *watched) {
        char here[PATH_SIZE], there[PATH_SIZE + 8];
        uint64_t stamp = 1;

        snprintf(here, sizeof(here), "%s/etc", sensor->host->root);
        snprintf(there, sizeof(there), "%s/etc", watched->spool);
        for (int id = 0; id < RESOLVER_FILES; id++) {
                if (resolver_file_rows[id].use == RESOLVER_USE_NEVER)
                        continue;
                stamp = stamp_of(stamp, here, resolver_file_rows[id].name);
                stamp = stamp_of(stamp, there, resolver_file_rows[id].name);
        }
        stamp = stamp_of(stamp_of(stamp, watched->config, "main.cf"), watched->config, "master.cf");
        return stamp | 1;
}

/* What was seen to change takes the place of a guess. */
static void remember(
        const struct memory *memory, const struct watched *watched, int side, struct resolver_facts *facts) {
        bool was_seen = memory->is_known && memory->changed_seconds != 0;

        facts->changed_seconds[side] = was_seen ? memory->changed_seconds : watched->guess_seconds[side];
        facts->is_guess[side] = !was_seen;
}

static void publish(struct resolver_sensor *sensor, struct watched *watched,
        const struct resolver_verdict *verdict, int64_t now_seconds) {
        const struct sg_label label = {"instance", watched->instance};
        char sentence[RESOLVER_SENTENCE_MAX];

        if (verdict->state == RESOLVER_STALE) {
                resolver_state_say(verdict, watched->shown, now_seconds, sentence);
                sensor->host->publish_told(sensor->host, readings[0].name, &label, 1, 1, sentence);
        } else {
                sensor->host->publish(sensor->host, readings[0].name, &label, 1, 0);
        }
}

/* Of both sides: what comes of a change has come of it. */
static bool is_over(const struct resolver_facts *facts) {
        for (int side = 0; side < RESOLVER_SIDES; side++)
                if (facts->now_seconds < facts->changed_seconds[side] + SETTLED_SECONDS)
                        return false;
        return true;
}

static void look_at(struct resolver_sensor *sensor, struct watched *watched, uint64_t now_usec) {
        const char *root = sensor->host->root;
        uint64_t stamp = stamp_all(sensor, watched);
        struct resolver_verdict verdict;
        struct resolver_facts facts;
        struct resolver_file copy;
        char path[PATH_SIZE + 32];
        int r;

        if (stamp == watched->stamp)
                return;
        watched->stamp = 0;
        r = resolver_state_look(root, watched->spool, watched->config, wall_seconds(), &facts);
        if (r < 0) {
                say_missing(sensor, watched,
                        r == -ENOENT ? "the configuration or the processes of Postfix cannot be found"
                                     : strerror(-r));
                return;
        }
        snprintf(path, sizeof(path), "%s/etc/resolv.conf", watched->spool);
        resolver_file_look(path, true, &copy);
        if (copy.error == 0 && !note(&watched->copy, &copy, now_usec))
                return; /* somebody is at it */
        if (!watched->has_guessed) {
                resolver_state_guess(root, watched->spool, &facts);
                memcpy(watched->guess_seconds, facts.changed_seconds, sizeof(watched->guess_seconds));
                watched->has_guessed = true;
        }
        remember(&sensor->conf, watched, RESOLVER_OUTSIDE, &facts);
        remember(&watched->copy, watched, RESOLVER_INSIDE, &facts);
        resolver_state_judge(&facts, &verdict);
        if (verdict.state == RESOLVER_UNKNOWN) {
                say_missing(sensor, watched, verdict.why);
                return;
        }
        publish(sensor, watched, &verdict, facts.now_seconds);
        if (verdict.state == RESOLVER_CURRENT && is_over(&facts))
                watched->stamp = stamp;
}

static void on_look(struct sg_timer *timer, void *data) {
        struct resolver_sensor *sensor = data;
        uint64_t now_usec = sensor->host->now_usec(sensor->host);
        char path[PATH_SIZE], why[RESOLVER_WHY_MAX + 32];
        struct resolver_file conf;
        bool is_settled = true;

        snprintf(path, sizeof(path), "%s/etc/resolv.conf", sensor->host->root);
        resolver_file_look(path, true, &conf);
        if (conf.error < 0 || !is_usable(path, why)) {
                if (conf.error < 0)
                        snprintf(why, sizeof(why), "resolv.conf cannot be read: %s", strerror(-conf.error));
                sensor->conf.is_changing = false;
                is_settled = false;
                for (size_t i = 0; i < sensor->n; i++)
                        say_missing(sensor, &sensor->rows[i], why);
        } else if (note(&sensor->conf, &conf, now_usec)) {
                for (size_t i = 0; i < sensor->n; i++) {
                        look_at(sensor, &sensor->rows[i], now_usec);
                        is_settled &= sensor->rows[i].stamp != 0;
                }
        } else {
                is_settled = false;
        }
        sensor->host->timer_arm(timer, is_settled ? LOOK_USEC : SOON_USEC);
}

static void add(struct resolver_sensor *sensor, const struct postfix_instance *instance) {
        const char *root = sensor->host->root;
        struct watched *watched = &sensor->rows[sensor->n];

        if (instance->spool[0] == '\0' || instance->config[0] == '\0')
                return;
        snprintf(watched->instance, sizeof(watched->instance), "%s", instance->name);
        snprintf(watched->spool, sizeof(watched->spool), "%s%s", root, instance->spool);
        snprintf(watched->config, sizeof(watched->config), "%s%s", root, instance->config);
        watched->shown = watched->spool + strlen(root);
        sensor->n += access(watched->config, F_OK) == 0;
}

static void resolver_destroy(void *data) {
        struct resolver_sensor *sensor = data;

        if (sensor)
                sensor->host->timer_free(sensor->timer);
        free(sensor);
}

static int resolver_create(const struct sg_host *host, const struct sg_value *options, void **ret_sensor) {
        struct resolver_sensor *sensor = calloc(1, sizeof(*sensor));
        struct postfix_instances found;
        int r;

        if (!sensor)
                return -ENOMEM;
        sensor->host = host;
        postfix_instances_find(host->root, options[POSTFIX_OPTION_SPOOLS].list, &found);
        for (size_t i = 0; i < found.n; i++)
                add(sensor, &found.rows[i]);
        r = sensor->n > 0 ? host->timer_new(host, "resolver: next look", 0, on_look, sensor, &sensor->timer)
                          : -ENOTSUP;
        if (r < 0) {
                resolver_destroy(sensor);
                return r;
        }
        *ret_sensor = sensor;
        return 0;
}

/* Files of the C library matter only to a Postfix that looks names up by it. */
static int add_native(
        const char *root, const struct postfix_instance *instance, sg_reads_fn add_path, void *data) {
        char path[PATH_SIZE], value[MAIN_CF_VALUE_MAX], *main_cf;
        int r = 0;

        snprintf(path, sizeof(path), "%s%s/main.cf", root, instance->config);
        if (text_file_read(path, MAIN_CF_MAX, true, &main_cf) < 0)
                return 0;
        main_cf_expanded(main_cf, "smtp_host_lookup", "dns", value, sizeof(value));
        free(main_cf);
        for (int id = 0; id < RESOLVER_FILES && r >= 0 && strstr(value, "native"); id++) {
                if (resolver_file_rows[id].use != RESOLVER_USE_NATIVE)
                        continue;
                snprintf(path, sizeof(path), "/etc/%s", resolver_file_rows[id].name);
                r = instance_reads_file(root, path, add_path, data);
        }
        return r;
}

static int resolver_reads_more(
        const char *root, const struct sg_value *options, sg_reads_fn add_path, void *data) {
        struct postfix_instances found;
        int r = 0;

        postfix_instances_find(root, options[POSTFIX_OPTION_SPOOLS].list, &found);
        for (size_t i = 0; i < found.n && r >= 0; i++) {
                r = instance_reads_config(root, &found.rows[i], "main.cf", add_path, data);
                if (r >= 0)
                        r = instance_reads_config(root, &found.rows[i], "master.cf", add_path, data);
                if (r >= 0)
                        r = instance_reads_spool(&found.rows[i], add_path, data);
                if (r >= 0)
                        r = add_native(root, &found.rows[i], add_path, data);
        }
        return r;
}

const struct sg_sensor postfix_resolver = {
        .name = "resolver",
        .summary = "Whether Postfix asks name servers by the present resolv.conf",
        .readings = readings,
        .reads = (const char *const[]){RESOLVER_READS, "/etc/postfix/main.cf", "/etc/postfix/master.cf",
                "/proc", NULL},
        .reads_more = resolver_reads_more,
        .create = resolver_create,
        .destroy = resolver_destroy,
};
