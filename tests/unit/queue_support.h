/* SPDX-License-Identifier: MIT */
/* queue_support - the sensor `queue` on a spool of its own, for the tests of its parts together */
#ifndef UNIT_QUEUE_SUPPORT_H
#define UNIT_QUEUE_SUPPORT_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "postfix/postfix.h"
#include "postfix/selection.h"
#include "support/postfix_options.h"
#include "support/scratch.h"
#include "support/sensor_bench.h"
#include "support/spool.h"

struct relay {
        struct scratch scratch;
        struct sg_value options[POSTFIX_OPTIONS]; /* of the next start */
        struct spool spool;
        struct sensor_bench bench;
        bool leaps; /* of the next start, see sensor_bench.h */
        void *sensor;
};

static inline void relay_start(struct relay *relay) {
        sensor_bench_init(&relay->bench, relay->scratch.path);
        relay->bench.leaps = relay->leaps;
        assert_int_equal(postfix_queue.create(&relay->bench.services, relay->options, &relay->sensor), 0);
}

static inline void relay_stop(struct relay *relay) {
        postfix_queue.destroy(relay->sensor);
        sensor_bench_deinit(&relay->bench);
        relay->sensor = NULL;
}

static inline int relay_setup(void **state) {
        static const char *const spools[] = {NULL};
        struct relay *relay = calloc(1, sizeof(*relay));

        if (!relay)
                return -1;
        postfix_options_init(relay->options, spools);
        scratch_init(&relay->scratch);
        spool_init(&relay->spool, relay->scratch.path);
        scratch_write(&relay->scratch, "etc/postfix/main.cf", "mydestination = localhost, here.test\n");
        scratch_mkdir(&relay->scratch, "var/spool/postfix/bounce");
        *state = relay;
        return 0;
}

/* For tests of what files say, where no reading is one of minutes or of a clock beside the sensor's. */
static inline int relay_setup_leaping(void **state) {
        int r = relay_setup(state);

        if (r == 0)
                ((struct relay *)*state)->leaps = true;
        return r;
}

#define RELAY_OUT "postfix-out"

/* A second spool below the same root, and the main.cf of its instance with some more in it. */
static inline void relay_add_instance(struct relay *relay, struct spool *spool, const char *more) {
        char text[512];

        scratch_mkdir(&relay->scratch, "srv/out");
        spool_init(spool, scratch_path(&relay->scratch, "srv/out"));
        scratch_write(&relay->scratch, "etc/postfix/main.cf",
                "mydestination = localhost\nmulti_instance_directories = /etc/" RELAY_OUT "\n");
        snprintf(text, sizeof(text),
                "multi_instance_enable = yes\nqueue_directory = /srv/out/" SPOOL_DIRECTORY "\n"
                "mydestination = localhost\n%s",
                more);
        scratch_write(&relay->scratch, "etc/" RELAY_OUT "/main.cf", text);
}

static inline int relay_teardown(void **state) {
        struct relay *relay = *state;

        if (relay->sensor)
                relay_stop(relay);
        scratch_deinit(&relay->scratch);
        free(relay);
        return 0;
}

/* A message of nobody in particular. */
static inline struct spool_file relay_add(struct relay *relay, const char *queue, const char *recipient) {
        struct spool_file file;

        spool_add(&relay->spool,
                &(struct spool_message){.queue = queue, .recipients = {{.address = recipient}}}, &file);
        return file;
}

/* What was published last; a missing one is -1, one that is not there -2. */
static inline double relay_value(const struct relay *relay, const char *reading, const char *label) {
        const struct bench_reading *found = sensor_bench_find(&relay->bench, reading, label);

        if (!found || found->withdrawn)
                return -2;
        return found->missing ? -1 : found->value;
}

/* Lets time go by until the reading has the value, ten seconds at most. */
static inline void relay_expect(struct relay *relay, const char *reading, const char *label, double value) {
        for (int i = 0; i < 1000 && relay_value(relay, reading, label) != value; i++)
                sensor_bench_run(&relay->bench, 10000);
        if (relay_value(relay, reading, label) != value)
                printf("%s{%s}: not %g\n", reading, label, value);
        assert_float_equal(relay_value(relay, reading, label), value, 0.001);
}

/* One census more than there was, so that nothing older is looked at. */
static inline void relay_settle(struct relay *relay) {
        sensor_bench_run(&relay->bench, 2300000);
}

static const char *const relay_queues[] = {"maildrop", "incoming", "active", "deferred", "hold", "corrupt"};

struct found {
        uint64_t files, bytes;
};

static struct found relay_found;

static inline int relay_on_found(const char *path, const struct stat *status, int type, struct FTW *where) {
        const char *name = path + where->base;

        if (type == FTW_F && S_ISREG(status->st_mode) && !strpbrk(name, ".#")) {
                relay_found.files++;
                relay_found.bytes += (uint64_t)status->st_size;
        }
        return 0;
}

/* As `find DIR -type f` of the stopped spool has it. */
static inline struct found relay_find(const struct relay *relay, const char *queue) {
        char path[256];

        snprintf(path, sizeof(path), "%s/%s", relay->spool.path, queue);
        relay_found = (struct found){0};
        nftw(path, relay_on_found, 16, FTW_PHYS);
        return relay_found;
}

static inline void relay_expect_as_found(struct relay *relay) {
        for (size_t i = 0; i < sizeof(relay_queues) / sizeof(relay_queues[0]); i++) {
                struct found found = relay_find(relay, relay_queues[i]);
                char label[64];

                snprintf(label, sizeof(label), "-,%s", relay_queues[i]);
                relay_expect(relay, "queue_messages", label, (double)found.files);
                relay_expect(relay, "queue_bytes", label, (double)found.bytes);
        }
}

struct relay_selected {
        bool is_done;
        ssize_t n;
};

static inline void relay_on_selected(ssize_t n, void *data) {
        struct relay_selected *selected = data;

        assert_false(selected->is_done);
        *selected = (struct relay_selected){.is_done = true, .n = n};
}

/* What the selector says at once, or within ten seconds. */
static inline ssize_t relay_choose(
        struct relay *relay, const struct sg_verb *verb, const struct sg_value *args, int fd) {
        struct relay_selected selected = {.is_done = false};
        int r = postfix_queue.select(relay->sensor, verb->name, args, fd, relay_on_selected, &selected);

        for (int i = 0; r == 0 && i < 1000 && !selected.is_done; i++)
                sensor_bench_run(&relay->bench, 10000);
        assert_int_equal(selected.is_done, r == 0);
        return r < 0 ? r : selected.n;
}

/* IDs that the selector chose, in its order, with blanks between; its answer. */
static inline ssize_t relay_select(struct relay *relay, const struct sg_verb *verb,
        const struct sg_value *args, char *ids, size_t size) {
        int fd = memfd_create("selection", MFD_CLOEXEC | MFD_ALLOW_SEALING);
        struct selection selection;
        ssize_t n;

        ids[0] = '\0';
        assert_true(fd >= 0);
        n = relay_choose(relay, verb, args, fd);
        if (n > 0) {
                assert_int_equal(
                        fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL), 0);
                assert_int_equal(selection_open(fd, &selection), 0);
                assert_int_equal(selection.n, n);
                for (size_t i = 0; i < selection.n; i++)
                        snprintf(ids + strlen(ids), size - strlen(ids), "%s%s", i ? " " : "",
                                selection.entries[i].id);
                selection_close(&selection);
        }
        close(fd);
        return n;
}

#endif
