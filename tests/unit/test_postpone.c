/* SPDX-License-Identifier: MIT */
/* test_postpone - which files get another time, that no other is touched, and that it can be taken back */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>

#include <fcntl.h>
#include <limits.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "postfix/deferred.h"
#include "postfix/postfix.h"
#include "postfix/retry_time.h"
#include "postfix/selection.h"
#include "support/verb_relay.h"

#define LEASE 7
#define OLD_RETRY 1766509200 /* long ago */

static int setup(void **state) {
        struct verb_relay *relay = malloc(sizeof(*relay));

        if (!relay)
                return -1;
        verb_relay_init(relay);
        relay->bench.action.lease = LEASE;
        *state = relay;
        return 0;
}

static int teardown(void **state) {
        struct verb_relay *relay = *state;

        umount2(scratch_path(&relay->scratch, "var"),
                MNT_DETACH); /* of a test that has failed before its own */
        verb_relay_deinit(relay);
        free(*state);
        return 0;
}

static void add(struct verb_relay *relay, size_t n) {
        for (size_t i = 0; i < n; i++)
                verb_relay_add(relay, OLD_RETRY);
        verb_relay_select(relay, relay->n - n, n);
}

static bool is_old(struct verb_relay *relay, size_t i) {
        struct stat status = verb_relay_stat(relay, &relay->files[i]);

        return status.st_mtim.tv_sec == OLD_RETRY && status.st_mtim.tv_nsec == 0;
}

static bool is_marked(struct verb_relay *relay, size_t i, uint64_t lease) {
        return verb_relay_stat(relay, &relay->files[i]).st_mtim.tv_nsec == (long)retry_time_mark(lease);
}

static void marks_of_leases_differ_and_are_never_whole_microseconds(void **state) {
        (void)state;
        for (uint64_t lease = 1; lease < 2000; lease++) {
                uint32_t mark = retry_time_mark(lease);

                assert_in_range(mark, 1, 999999999);
                assert_int_not_equal(mark % 1000, 0);
                for (uint64_t other = lease + 1; other < lease + 50; other++)
                        assert_int_not_equal(mark, retry_time_mark(other));
        }
        assert_in_range(retry_time_mark(UINT64_MAX), 1, 999999999);
        assert_in_range(retry_time_mark(999000000 - 1), 1, 999999999);
}

static void ends_are_spread_over_the_last_minutes_of_a_slice(void **state) {
        unsigned minutes[5] = {0};
        char id[32];

        (void)state;
        for (unsigned i = 0; i < 1000; i++) {
                time_t end;

                snprintf(id, sizeof(id), "%05X%X", i * 271829 % 1000000, 0xA0000 + i);
                end = retry_time_postponed(1000000, id);
                assert_in_range(end, 1000000 + 600 + 1, 1000000 + 900);
                minutes[(end - 1000000 - 601) / 60]++;
                assert_in_range(retry_time_returned(1000000, id, 1000000 + 900), 1000000, 1000000 + 299);
                assert_int_equal(retry_time_returned(1000000, id, 1000000 - 5), 1000000 - 5);
        }
        for (size_t i = 0; i < ELEMENTSOF(minutes); i++)
                assert_in_range(minutes[i], 150, 250);
}

static void selected_messages_wait_and_carry_the_mark(void **state) {
        struct verb_relay *relay = *state;
        time_t before = time(NULL);

        add(relay, 12);
        verb_relay_select(relay, 0, 10);
        assert_int_equal(verb_bench_act(&relay->bench, &postfix_postpone), 0);
        for (size_t i = 0; i < 10; i++) {
                struct stat status = verb_relay_stat(relay, &relay->files[i]);

                assert_true(is_marked(relay, i, LEASE));
                assert_in_range(status.st_mtim.tv_sec, before + 600, time(NULL) + 900);
        }
        assert_true(is_old(relay, 10) && is_old(relay, 11));
        assert_int_equal(relay->bench.outcome.count, 10);
        assert_string_equal(relay->bench.outcome.text, "10 of 10 postponed by up to 15m");
        assert_int_equal(relay->bench.n_tools, 0);
}

/* The kernel tells a change of the modification time alone as IN_MODIFY, for which nobody watches a spool. */
static void who_follows_the_spool_by_inotify_hears_of_it(void **state) {
        struct verb_relay *relay = *state;
        char path[PATH_MAX], buffer[4096] __attribute__((aligned(8)));
        int events = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);

        add(relay, 1);
        snprintf(path, sizeof(path), "%s", spool_path(&relay->spool, "deferred", relay->files[0].id));
        *strrchr(path, '/') = '\0';
        assert_true(inotify_add_watch(events, path, IN_ATTRIB) > 0);
        assert_int_equal(verb_bench_act(&relay->bench, &postfix_postpone), 0);
        assert_true(read(events, buffer, sizeof(buffer)) > 0);
        close(events);
}

static void a_message_that_waits_longer_keeps_its_time(void **state) {
        struct verb_relay *relay = *state;
        uint64_t later = (uint64_t)time(NULL) + 3000;

        verb_relay_add(relay, later);
        verb_relay_add(relay, OLD_RETRY);
        verb_relay_select(relay, 0, 2);
        assert_int_equal(verb_bench_act(&relay->bench, &postfix_postpone), 0);
        assert_int_equal(verb_relay_stat(relay, &relay->files[0]).st_mtim.tv_sec, later);
        assert_int_equal(verb_relay_stat(relay, &relay->files[0]).st_mtim.tv_nsec, 0);
        assert_int_equal(relay->bench.outcome.count, 1);
        assert_string_equal(relay->bench.outcome.text, "1 of 2 postponed by up to 15m, 1 wait longer anyway");
}

static void a_renewal_moves_on_what_ends_soon_and_counts_all_of_the_lease(void **state) {
        struct verb_relay *relay = *state;
        time_t soon = time(NULL) + 100;

        add(relay, 4);
        verb_bench_act(&relay->bench, &postfix_postpone);
        verb_relay_set_time(relay, &relay->files[0], soon, (long)retry_time_mark(LEASE));
        verb_relay_select(relay, 0, 1);
        assert_int_equal(verb_bench_act(&relay->bench, &postfix_postpone), 0);
        assert_true(verb_relay_stat(relay, &relay->files[0]).st_mtim.tv_sec > soon + 400);
        assert_true(is_marked(relay, 0, LEASE));
        assert_int_equal(relay->bench.outcome.count, 4);
}

static void check_says_how_many_and_changes_nothing(void **state) {
        struct verb_relay *relay = *state;

        add(relay, 3);
        spool_remove(&relay->spool, &relay->files[2]);
        relay->bench.action.lease = 0; /* in observe there is none */
        assert_int_equal(verb_bench_check(&relay->bench, &postfix_postpone), SG_VERDICT_GO);
        assert_string_equal(relay->bench.outcome.text,
                "2 of 3 messages for example.test would be postponed by up to 15m, "
                "1 left the deferred queue meanwhile");
        assert_true(is_old(relay, 0) && is_old(relay, 1));
        spool_remove(&relay->spool, &relay->files[0]);
        spool_remove(&relay->spool, &relay->files[1]);
        assert_int_equal(verb_bench_check(&relay->bench, &postfix_postpone), SG_VERDICT_NOTHING);
        assert_int_equal(verb_bench_act(&relay->bench, &postfix_postpone), -EINVAL);
        assert_int_equal(verb_bench_undo(&relay->bench, &postfix_postpone), -EINVAL);
}

/* What may stand below a selected name instead of the message. */
static void swap_for_link(struct verb_relay *relay, const char *path) {
        (void)relay;
        assert_int_equal(unlink(path), 0);
        assert_int_equal(symlink(scratch_path(&relay->scratch, "victim"), path), 0);
}

static void swap_for_relative_link(struct verb_relay *relay, const char *path) {
        char target[SPOOL_ID_MAX + 8];

        snprintf(target, sizeof(target), "../%s", relay->files[1].id); /* another message, in another place */
        assert_int_equal(unlink(path), 0);
        assert_int_equal(symlink(target, path), 0);
}

static void give_second_name(struct verb_relay *relay, const char *path) {
        assert_int_equal(link(path, scratch_path(&relay->scratch, "second-name")), 0);
}

static void swap_for_fifo(struct verb_relay *relay, const char *path) {
        assert_int_equal(unlink(path), 0);
        assert_int_equal(mkfifo(path, 0700), 0);
        verb_relay_own(relay, path);
}

static void swap_for_directory(struct verb_relay *relay, const char *path) {
        assert_int_equal(unlink(path), 0);
        assert_int_equal(mkdir(path, 0700), 0);
        verb_relay_own(relay, path);
}

static void swap_for_another_inode(struct verb_relay *relay, const char *path) {
        const char *other = scratch_path(&relay->scratch, "other");

        scratch_write(&relay->scratch, "other", "a later message with the same ID");
        assert_int_equal(chmod(other, 0700), 0);
        verb_relay_own(relay, other);
        assert_int_equal(rename(other, path), 0);
}

static void make_incomplete(struct verb_relay *relay, const char *path) {
        (void)relay;
        assert_int_equal(chmod(path, 0600), 0);
}

static void make_corrupt(struct verb_relay *relay, const char *path) {
        (void)relay;
        assert_int_equal(chmod(path, 0400), 0);
}

static void ask_to_expire(struct verb_relay *relay, const char *path) {
        (void)relay;
        assert_int_equal(chmod(path, 0710), 0);
}

static void give_away(struct verb_relay *relay, const char *path) {
        if (geteuid() == 0)
                assert_int_equal(chown(path, relay->owner + 1, 0), 0);
        else
                make_corrupt(relay, path);
}

static void what_is_not_the_selected_message_is_left_alone(void **state) {
        static void (*const swaps[])(struct verb_relay *, const char *) = {swap_for_link,
                swap_for_relative_link, give_second_name, swap_for_fifo, swap_for_directory,
                swap_for_another_inode, make_incomplete, make_corrupt, ask_to_expire, give_away};

        for (size_t i = 0; i < ELEMENTSOF(swaps); i++) {
                struct verb_relay *relay = *state;
                const char *victim = scratch_path(&relay->scratch, "victim");
                struct stat before, after, victim_before, victim_after;
                const char *path;

                scratch_write(&relay->scratch, "victim", "root's own");
                assert_int_equal(chmod(victim, 0700), 0);
                assert_int_equal(stat(victim, &victim_before), 0);
                add(relay, 2);
                verb_relay_select(relay, 0, 1);
                path = spool_path(&relay->spool, "deferred", relay->files[0].id);
                swaps[i](relay, path);
                assert_int_equal(lstat(path, &before), 0);

                assert_int_equal(verb_bench_act(&relay->bench, &postfix_postpone), 0);
                assert_string_equal(relay->bench.outcome.text,
                        "0 of 1 postponed by up to 15m, 1 not as they were chosen and left alone");
                assert_int_equal(lstat(path, &after), 0);
                assert_memory_equal(&before.st_mtim, &after.st_mtim, sizeof(after.st_mtim));
                assert_memory_equal(&before.st_ctim, &after.st_ctim, sizeof(after.st_ctim));
                assert_int_equal(stat(victim, &victim_after), 0);
                assert_memory_equal(&victim_before.st_mtim, &victim_after.st_mtim, sizeof(after.st_mtim));
                assert_true(is_old(relay, 1));
                assert_int_equal(verb_bench_check(&relay->bench, &postfix_postpone), SG_VERDICT_NOTHING);
                teardown(state);
                setup(state);
        }
}

static void a_selection_that_names_no_message_by_its_true_inode_moves_nothing(void **state) {
        static void (*const swaps[])(struct verb_relay *, const char *) = {swap_for_fifo, swap_for_directory};

        for (size_t i = 0; i < ELEMENTSOF(swaps); i++) {
                struct verb_relay *relay = *state;
                struct spool_file *file = verb_relay_add(relay, OLD_RETRY);
                struct stat before, after;

                swaps[i](relay, spool_path(&relay->spool, "deferred", file->id));
                before = verb_relay_stat(relay, file);
                file->inode = before.st_ino;
                verb_relay_select(relay, i, 1);
                assert_int_equal(verb_bench_act(&relay->bench, &postfix_postpone), 0);
                assert_int_equal(relay->bench.outcome.count, 0);
                after = verb_relay_stat(relay, file);
                assert_memory_equal(&before.st_mtim, &after.st_mtim, sizeof(after.st_mtim));
        }
}

static void a_hash_directory_that_is_a_link_is_not_followed(void **state) {
        struct verb_relay *relay = *state;
        char hash[256], aside[256], *slash;
        struct spool_file *file;

        add(relay, 1);
        file = &relay->files[0];
        snprintf(hash, sizeof(hash), "%s", spool_path(&relay->spool, "deferred", file->id));
        slash = strrchr(hash, '/');
        *slash = '\0';
        snprintf(aside, sizeof(aside), "%s/hold", relay->spool.path);
        assert_int_equal(rmdir(aside), 0);
        assert_int_equal(rename(hash, aside), 0);
        assert_int_equal(symlink("../hold", hash), 0);
        assert_int_equal(verb_bench_act(&relay->bench, &postfix_postpone), 0);
        assert_int_equal(relay->bench.outcome.count, 0);
        snprintf(file->queue, sizeof(file->queue), "hold");
        assert_true(is_old(relay, 0));
        /* Nor when all marked ones are looked for. */
        verb_relay_set_time(relay, file, time(NULL) + 500, (long)retry_time_mark(LEASE));
        assert_int_equal(verb_bench_undo(&relay->bench, &postfix_postpone), 0);
        assert_int_equal(relay->bench.outcome.count, 0);
        assert_true(is_marked(relay, 0, LEASE));
}

static void messages_delivered_meanwhile_are_counted(void **state) {
        struct verb_relay *relay = *state;

        add(relay, 5);
        spool_remove(&relay->spool, &relay->files[1]);
        spool_move(&relay->spool, &relay->files[3], "active");
        assert_int_equal(verb_bench_act(&relay->bench, &postfix_postpone), 0);
        assert_string_equal(relay->bench.outcome.text,
                "3 of 5 postponed by up to 15m, 2 left the deferred queue meanwhile");
        assert_true(is_old(relay, 3));
}

static struct deferred open_deferred(struct verb_relay *relay) {
        struct deferred deferred;

        assert_int_equal(deferred_open(relay->spool.path, &deferred), 0);
        assert_int_equal(geteuid(), relay->owner);
        return deferred;
}

static void a_message_held_in_between_gets_its_time_back(void **state) {
        struct verb_relay *relay = *state;
        const struct timespec later = {time(NULL) + 500, (long)retry_time_mark(LEASE)};
        struct spool_file *file = verb_relay_add(relay, OLD_RETRY);
        struct deferred deferred = open_deferred(relay);
        struct deferred_message message;

        assert_int_equal(deferred_find(&deferred, file->id, file->inode, &message), 0);
        spool_move(&relay->spool, file, "hold");
        assert_int_equal(deferred_set_time(&deferred, &message, later), DEFERRED_GONE);
        deferred_message_close(&message);
        deferred_close(&deferred);
        assert_true(is_old(relay, 0));
}

static void root_is_root_again_afterwards(void **state) {
        struct verb_relay *relay = *state;

        add(relay, 1);
        assert_int_equal(verb_bench_act(&relay->bench, &postfix_postpone), 0);
        assert_int_equal(geteuid(), getuid());
        assert_int_equal(getegid(), getgid());
        relay->bench.action.selection_fd = -1;
        assert_true(verb_bench_act(&relay->bench, &postfix_postpone) < 0);
        assert_int_equal(verb_bench_undo(&relay->bench, &postfix_postpone), 0);
        assert_int_equal(geteuid(), getuid());
        assert_int_equal(getegid(), getgid());
}

static void a_mark_survives_a_rename_but_not_what_postfix_sets(void **state) {
        struct verb_relay *relay = *state;

        add(relay, 2);
        assert_int_equal(verb_bench_act(&relay->bench, &postfix_postpone), 0);
        spool_move(&relay->spool, &relay->files[0], "hold");
        spool_move(&relay->spool, &relay->files[0], "deferred");
        spool_move(&relay->spool, &relay->files[1], "active");
        spool_set_retry(&relay->spool, &relay->files[1], (uint64_t)time(NULL) + 4000);
        spool_move(&relay->spool, &relay->files[1], "deferred");
        assert_true(is_marked(relay, 0, LEASE));
        assert_int_equal(verb_bench_undo(&relay->bench, &postfix_postpone), 0);
        assert_int_equal(relay->bench.outcome.count, 1);
        assert_true(verb_relay_stat(relay, &relay->files[1]).st_mtim.tv_sec > time(NULL) + 3900);
}

static void undo_returns_its_own_lease_and_nothing_else(void **state) {
        struct verb_relay *relay = *state;
        time_t now = time(NULL);

        add(relay, 6);
        assert_int_equal(verb_bench_act(&relay->bench, &postfix_postpone), 0);
        verb_relay_set_time(relay, &relay->files[1], now + 500, (long)retry_time_mark(LEASE + 1));
        verb_relay_set_time(relay, &relay->files[2], now + 500, 0);
        verb_relay_set_time(relay, &relay->files[3], now - 500, (long)retry_time_mark(LEASE)); /* lapsed */
        spool_move(&relay->spool, &relay->files[4], "hold");
        verb_relay_set_time(relay, &relay->files[5], now + 2, (long)retry_time_mark(LEASE));
        verb_relay_take_selection(relay, -1);

        assert_int_equal(verb_bench_undo(&relay->bench, &postfix_postpone), 0);
        assert_string_equal(relay->bench.outcome.text, "2 messages are retried over the next 5m");
        assert_int_equal(relay->bench.outcome.count, 2);
        assert_in_range(verb_relay_stat(relay, &relay->files[0]).st_mtim.tv_sec, now, now + 305);
        assert_int_equal(verb_relay_stat(relay, &relay->files[0]).st_mtim.tv_nsec, 0);
        assert_in_range(verb_relay_stat(relay, &relay->files[5]).st_mtim.tv_sec, now, now + 2);
        assert_true(is_marked(relay, 1, LEASE + 1));
        assert_int_equal(verb_relay_stat(relay, &relay->files[2]).st_mtim.tv_sec, now + 500);
        assert_int_equal(verb_relay_stat(relay, &relay->files[3]).st_mtim.tv_sec, now - 500);
        assert_true(is_marked(relay, 4, LEASE)); /* an admin's hold is not looked into */

        assert_int_equal(verb_bench_undo(&relay->bench, &postfix_postpone), 0);
        assert_int_equal(relay->bench.outcome.count, 0);
}

static void every_hash_depth_is_found(void **state) {
        for (unsigned depth = 0; depth <= QUEUE_HASH_DEPTH_MAX; depth++) {
                struct verb_relay *relay = *state;

                for (unsigned i = 0; i < 6; i++) { /* two depths in one spool, as while it is changed */
                        relay->spool.hash_depth = i < 3 ? depth : 1;
                        verb_relay_add(relay, OLD_RETRY);
                }
                verb_relay_select(relay, 0, 6);
                assert_int_equal(verb_bench_act(&relay->bench, &postfix_postpone), 0);
                assert_string_equal(relay->bench.outcome.text, "6 of 6 postponed by up to 15m");
                assert_int_equal(relay->bench.outcome.count, 6);
                assert_int_equal(verb_bench_undo(&relay->bench, &postfix_postpone), 0);
                assert_int_equal(relay->bench.outcome.count, 6);
                teardown(state);
                setup(state);
        }
}

static void refused(struct verb_relay *relay, const char *why) {
        assert_int_equal(verb_bench_check(&relay->bench, &postfix_postpone), SG_VERDICT_REFUSED);
        if (!strstr(relay->bench.outcome.text, why))
                fail_msg("\"%s\" does not say \"%s\"", relay->bench.outcome.text, why);
        assert_true(verb_bench_act(&relay->bench, &postfix_postpone) < 0);
}

static void what_does_not_hold_is_refused_with_a_sentence(void **state) {
        struct verb_relay *relay = *state;
        char path[256];

        refused(relay, "there is no selection");
        add(relay, 1);
        relay->args[POSTPONE_ARG_INSTANCE].text = "../etc";
        refused(relay, "no configured spool belongs to a Postfix instance \"../etc\"");
        relay->args[POSTPONE_ARG_INSTANCE].text = "-";
        relay->args[POSTPONE_ARG_NEXTHOP].text = "";
        refused(relay, "never means all");
        relay->args[POSTPONE_ARG_NEXTHOP].text = "example.test";
        verb_relay_select(relay, 0, 0);
        refused(relay, "is empty");
        verb_relay_select(relay, 0, 1);
        snprintf(path, sizeof(path), "%s/deferred", relay->spool.path);
        if (geteuid() == 0) {
                assert_int_equal(chown(path, 0, 0), 0);
                refused(relay, "unprivileged mail owner");
        }
        assert_int_equal(rename(path, scratch_path(&relay->scratch, "elsewhere")), 0);
        refused(relay, "No such file or directory");
        assert_int_equal(symlink(scratch_path(&relay->scratch, "elsewhere"), path), 0);
        refused(relay, "Not a directory");
        assert_true(verb_bench_undo(&relay->bench, &postfix_postpone) < 0);
}

/* Bytes as a hostile watcher could send them. */
static void take_bytes(struct verb_relay *relay, const void *bytes, size_t size, bool sealed) {
        int fd = memfd_create("selection", MFD_CLOEXEC | MFD_ALLOW_SEALING);

        assert_int_equal(write(fd, bytes, size), size);
        if (sealed)
                assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW), 0);
        verb_relay_take_selection(relay, fd);
}

static void a_hostile_selection_is_refused_as_a_whole(void **state) {
        static const char *const ids[] = {
                "../hold/ABC", "../../../etc/passwd", "/etc/passwd", "", ".", "A/B", "ABC\ndef"};
        struct verb_relay *relay = *state;
        struct selection_entry *entry;
        unsigned char bytes[16 + 2 * sizeof(struct selection_entry)];

        add(relay, 2);
        assert_int_equal(pread(relay->bench.action.selection_fd, bytes, sizeof(bytes), 0), sizeof(bytes));
        entry = (struct selection_entry *)(void *)(bytes + 16 + sizeof(*entry));
        for (size_t i = 0; i < ELEMENTSOF(ids); i++) {
                memset(entry->id, 0, sizeof(entry->id));
                memcpy(entry->id, ids[i], strlen(ids[i]));
                take_bytes(relay, bytes, sizeof(bytes), true);
                refused(relay, "malformed");
        }
        memset(entry->id, 'A', sizeof(entry->id));
        take_bytes(relay, bytes, sizeof(bytes), true);
        refused(relay, "malformed");
        take_bytes(relay, bytes, sizeof(bytes) - 1, true);
        refused(relay, "malformed");
        add(relay, 1);
        assert_int_equal(
                pread(relay->bench.action.selection_fd, bytes, sizeof(bytes), 0), 16 + sizeof(*entry));
        take_bytes(relay, bytes, 16 + sizeof(*entry), false);
        refused(relay, "malformed");
        assert_true(is_old(relay, 0) && is_old(relay, 1) && is_old(relay, 2));
}

static void as_many_as_fit_that_are_not_there_do_no_harm(void **state) {
        struct verb_relay *relay = *state;
        int fd = memfd_create("selection", MFD_CLOEXEC | MFD_ALLOW_SEALING);
        struct selection_writer writer;

        add(relay, 1);
        selection_writer_init(&writer, fd);
        for (unsigned i = 0; i < SELECTION_MAX - 1; i++) {
                char id[QUEUE_ID_MAX];

                snprintf(id, sizeof(id), "%05X%X", i, 0x1000000 + i);
                selection_add(&writer, id, 0x1000000 + i);
        }
        selection_add(&writer, relay->files[0].id, relay->files[0].inode);
        assert_int_equal(selection_finish(&writer), SELECTION_MAX);
        assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK), 0);
        verb_relay_take_selection(relay, fd);
        assert_int_equal(verb_bench_act(&relay->bench, &postfix_postpone), 0);
        assert_string_equal(relay->bench.outcome.text,
                "1 of 250,000 postponed by up to 15m, 249,999 left the deferred queue meanwhile");
        assert_true(is_marked(relay, 0, LEASE));
}

/* A small ext4 at the scratch root, with mkfs options; false: not possible here. */
static bool mount_ext4(struct verb_relay *relay, const char *options) {
        char command[512];

        if (geteuid() != 0)
                return false;
        snprintf(command, sizeof(command),
                "d=%s; truncate -s 8M $d/image && mkfs.ext4 -q -F -m 0 %s $d/image 2>/dev/null && mkdir -p "
                "$d/var && "
                "mount -o loop $d/image $d/var",
                relay->scratch.path, options);
        scratch_deinit(&relay->scratch);
        if (mkdir(relay->scratch.path, 0755) < 0)
                return false;
        // NOLINTNEXTLINE(cert-env33-c)
        return system(command) == 0;
}

static void unmount(struct verb_relay *relay) {
        char command[128];

        snprintf(command, sizeof(command), "umount %s/var", relay->scratch.path);
        // NOLINTNEXTLINE(cert-env33-c)
        assert_int_equal(system(command), 0);
}

static void again_below(struct verb_relay *relay) {
        char deferred[256], hold[256];

        spool_init(&relay->spool, relay->scratch.path);
        snprintf(deferred, sizeof(deferred), "%s/deferred", relay->spool.path);
        verb_relay_own(relay, deferred);
        snprintf(hold, sizeof(hold), "%s/hold", relay->spool.path);
        verb_relay_own(relay, hold);
}

static void postponing_and_undo_work_on_a_disk_that_is_full_to_the_last_byte(void **state) {
        struct verb_relay *relay = *state;
        char block[4096] = {1};
        int fd;

        if (!mount_ext4(relay, ""))
                skip();
        again_below(relay);
        add(relay, 20);
        fd = open(scratch_path(&relay->scratch, "var/fill"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        assert_true(fd >= 0);
        while (write(fd, block, sizeof(block)) > 0)
                ;
        assert_int_equal(errno, ENOSPC);
        fsync(fd);
        close(fd);
        assert_int_equal(verb_bench_act(&relay->bench, &postfix_postpone), 0);
        assert_string_equal(relay->bench.outcome.text, "20 of 20 postponed by up to 15m");
        assert_int_equal(relay->bench.outcome.count, 20);
        assert_int_equal(verb_bench_undo(&relay->bench, &postfix_postpone), 0);
        assert_int_equal(relay->bench.outcome.count, 20);
        unmount(relay);
}

static void without_nanoseconds_messages_wait_and_it_is_said_that_they_cannot_be_returned(void **state) {
        struct verb_relay *relay = *state;

        if (!mount_ext4(relay, "-I 128"))
                skip();
        again_below(relay);
        add(relay, 2);
        assert_int_equal(verb_bench_act(&relay->bench, &postfix_postpone), 0);
        assert_string_equal(relay->bench.outcome.text,
                "2 of 2 postponed by up to 15m; this file system keeps no marks, so they lapse but cannot be "
                "returned");
        assert_int_equal(relay->bench.outcome.count, 2);
        assert_true(verb_relay_stat(relay, &relay->files[0]).st_mtim.tv_sec > time(NULL) + 500);
        assert_int_equal(verb_bench_undo(&relay->bench, &postfix_postpone), 0);
        assert_int_equal(relay->bench.outcome.count, 0);
        unmount(relay);
}

static void a_file_system_that_cannot_be_written_fails_the_action(void **state) {
        struct verb_relay *relay = *state;
        char command[128];

        if (!mount_ext4(relay, ""))
                skip();
        again_below(relay);
        add(relay, 2);
        snprintf(command, sizeof(command), "mount -o remount,ro %s/var", relay->scratch.path);
        // NOLINTNEXTLINE(cert-env33-c)
        assert_int_equal(system(command), 0);
        assert_int_equal(verb_bench_act(&relay->bench, &postfix_postpone), -EROFS);
        assert_string_equal(
                relay->bench.outcome.text, "0 of 2 postponed by up to 15m, 2 failed: Read-only file system");
        unmount(relay);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(marks_of_leases_differ_and_are_never_whole_microseconds),
                cmocka_unit_test(ends_are_spread_over_the_last_minutes_of_a_slice),
                cmocka_unit_test_setup_teardown(selected_messages_wait_and_carry_the_mark, setup, teardown),
                cmocka_unit_test_setup_teardown(
                        who_follows_the_spool_by_inotify_hears_of_it, setup, teardown),
                cmocka_unit_test_setup_teardown(a_message_that_waits_longer_keeps_its_time, setup, teardown),
                cmocka_unit_test_setup_teardown(
                        a_renewal_moves_on_what_ends_soon_and_counts_all_of_the_lease, setup, teardown),
                cmocka_unit_test_setup_teardown(check_says_how_many_and_changes_nothing, setup, teardown),
                cmocka_unit_test_setup_teardown(
                        what_is_not_the_selected_message_is_left_alone, setup, teardown),
                cmocka_unit_test_setup_teardown(
                        a_selection_that_names_no_message_by_its_true_inode_moves_nothing, setup, teardown),
                cmocka_unit_test_setup_teardown(
                        a_hash_directory_that_is_a_link_is_not_followed, setup, teardown),
                cmocka_unit_test_setup_teardown(messages_delivered_meanwhile_are_counted, setup, teardown),
                cmocka_unit_test_setup_teardown(
                        a_message_held_in_between_gets_its_time_back, setup, teardown),
                cmocka_unit_test_setup_teardown(root_is_root_again_afterwards, setup, teardown),
                cmocka_unit_test_setup_teardown(
                        a_mark_survives_a_rename_but_not_what_postfix_sets, setup, teardown),
                cmocka_unit_test_setup_teardown(undo_returns_its_own_lease_and_nothing_else, setup, teardown),
                cmocka_unit_test_setup_teardown(every_hash_depth_is_found, setup, teardown),
                cmocka_unit_test_setup_teardown(
                        what_does_not_hold_is_refused_with_a_sentence, setup, teardown),
                cmocka_unit_test_setup_teardown(a_hostile_selection_is_refused_as_a_whole, setup, teardown),
                cmocka_unit_test_setup_teardown(
                        as_many_as_fit_that_are_not_there_do_no_harm, setup, teardown),
                cmocka_unit_test_setup_teardown(
                        postponing_and_undo_work_on_a_disk_that_is_full_to_the_last_byte, setup, teardown),
                cmocka_unit_test_setup_teardown(
                        without_nanoseconds_messages_wait_and_it_is_said_that_they_cannot_be_returned, setup,
                        teardown),
                cmocka_unit_test_setup_teardown(
                        a_file_system_that_cannot_be_written_fails_the_action, setup, teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
