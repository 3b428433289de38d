/* SPDX-License-Identifier: MIT */
/* test_postpone_hostile - what stands in a message's place, and what a selection may claim, moves no other file */
#include <fcntl.h>
#include <sys/mman.h>

#include "postfix/selection.h"
#include "postpone_support.h"

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

int main(void) {
        const struct CMUnitTest tests[] = {
                WITH_RELAY(what_is_not_the_selected_message_is_left_alone),
                WITH_RELAY(a_selection_that_names_no_message_by_its_true_inode_moves_nothing),
                WITH_RELAY(a_hash_directory_that_is_a_link_is_not_followed),
                WITH_RELAY(what_does_not_hold_is_refused_with_a_sentence),
                WITH_RELAY(a_hostile_selection_is_refused_as_a_whole),
                WITH_RELAY(as_many_as_fit_that_are_not_there_do_no_harm),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
