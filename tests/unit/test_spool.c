/* SPDX-License-Identifier: MIT */
/* test_spool - the generator of tests/support keeps its own promise to the tests of the sensor and the verbs */
#include <fcntl.h>
#include <sys/stat.h>

#include "postfix/queue_id.h"
#include "queue_file_support.h"
#include "support/scratch.h"

static void the_generator_makes_a_spool_as_postfix_has_it(void **state) {
        struct scratch scratch;
        struct spool spool;
        struct spool_file file, dropped;
        struct stat status;
        const char *path;
        int fd;

        (void)state;
        scratch_init(&scratch);
        spool_init(&spool, scratch.path);
        spool_add(&spool,
                &(struct spool_message){
                        .recipients = {{.address = "bob@example.test"}, {.address = "carol@example.test"}},
                        .next_retry_seconds = 1766512800},
                &file);
        spool_add(&spool, &(struct spool_message){.queue = "maildrop", .recipients = {{.address = "b@x"}}},
                &dropped);
        path = spool_path(&spool, "deferred", file.id);
        assert_int_equal(stat(path, &status), 0);
        assert_int_equal(status.st_mode & 07777, 0700);
        assert_int_equal(status.st_mtim.tv_sec, 1766512800);
        assert_int_equal(status.st_mtim.tv_nsec, 0);
        assert_int_equal(status.st_ino, file.inode);
        spool_done(&spool, &file, 0);
        fd = open(path, O_RDONLY | O_CLOEXEC);
        assert_int_equal(read_fd(fd, (uint64_t)status.st_size, false, 4096), QUEUE_FILE_DONE);
        close(fd);
        assert_int_equal(reader.file.recipients_done, 1);
        assert_string_equal(heard.addresses[0], "carol@example.test");
        spool_move(&spool, &file, "hold");
        assert_int_equal(stat(path, &status), -1);
        assert_int_equal(stat(spool_path(&spool, "hold", file.id), &status), 0);
        assert_int_equal(stat(spool_path(&spool, "maildrop", dropped.id), &status), 0);
        assert_int_equal(status.st_mode & 07777, 0744);
        spool_remove(&spool, &file);
        assert_int_equal(stat(spool_path(&spool, "hold", file.id), &status), -1);
        scratch_deinit(&scratch);
}

static void a_long_id_says_when_and_which_inode(void **state) {
        struct scratch scratch;
        struct spool_file file;
        struct spool spool;
        struct queue_id id;

        (void)state;
        scratch_init(&scratch);
        spool_init(&spool, scratch.path);
        spool_add(&spool,
                &(struct spool_message){.long_id = true, .recipients = {{.address = "bob@example.test"}}},
                &file);
        assert_true(queue_id_parse(file.id, &id));
        assert_int_equal(id.inode, file.inode);
        assert_int_equal((id.stamp & ~(UINT64_C(1) << 63)) >> 20, SPOOL_ARRIVAL);
        assert_true(strchr(file.id, 'z'));
        scratch_deinit(&scratch);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_generator_makes_a_spool_as_postfix_has_it),
                cmocka_unit_test(a_long_id_says_when_and_which_inode),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
