/* SPDX-License-Identifier: MIT */
/* test_resolver_copies - who may have written what is copied into a chroot, and what happens at the same moment */
#include "postfix/resolver_copies.h"
#include "refresh_resolver_support.h"

#define RESOLVED "run/systemd/resolve/"
#define SYSTEM_USER 991

static struct resolver_copies open_copies(const struct verb_relay *relay) {
        struct resolver_copies copies;
        char why[RESOLVER_COPIES_WHY_MAX] = "";

        assert_int_equal(resolver_copies_open(relay->scratch.path, relay->spool.path, &copies, why), 0);
        return copies;
}

static void assert_refused(const struct verb_relay *relay, int error, const char *says) {
        char why[RESOLVER_COPIES_WHY_MAX] = "";

        assert_int_equal(resolver_copies_judge(relay->scratch.path, NULL, RESOLVER_RESOLV_CONF, why), error);
        if (!strstr(why, says))
                fail_msg("\"%s\" does not say \"%s\"", why, says);
}

static void assert_taken(const struct verb_relay *relay) {
        char why[RESOLVER_COPIES_WHY_MAX] = "";

        if (resolver_copies_judge(relay->scratch.path, NULL, RESOLVER_RESOLV_CONF, why) < 0)
                fail_msg("refused: %s", why);
}

static void link_resolv_conf(const struct verb_relay *relay, const char *target) {
        unlink(scratch_path(&relay->scratch, "etc/resolv.conf"));
        assert_return_code(symlink(target, scratch_path(&relay->scratch, "etc/resolv.conf")), errno);
}

static void own(const struct verb_relay *relay, const char *name, uid_t uid) {
        assert_return_code(lchown(scratch_path(&relay->scratch, name), uid, (gid_t)-1), errno);
}

static void a_source_is_followed_through_links(void **state) {
        const struct verb_relay *relay = *state;

        scratch_write(&relay->scratch, "run/resolvconf/resolv.conf", NEW_SERVERS);
        link_resolv_conf(relay, "../run/resolvconf/resolv.conf");
        assert_taken(relay);
        link_resolv_conf(relay, "../run/nobody/resolv.conf");
        assert_refused(relay, -ENOENT, "/etc/resolv.conf cannot be read: No such file");
        link_resolv_conf(relay, "resolv.conf");
        assert_refused(relay, -ELOOP, "cannot be read");
}

static void a_source_that_others_could_have_written_is_not_believed(void **state) {
        const struct verb_relay *relay = *state;

        assert_return_code(chmod(scratch_path(&relay->scratch, "etc/resolv.conf"), 0666), errno);
        assert_refused(relay, -EPERM, "can be written by others than root");
        if (geteuid() != 0)
                return;
        assert_return_code(chmod(scratch_path(&relay->scratch, "etc/resolv.conf"), 0644), errno);
        own(relay, "etc/resolv.conf", SYSTEM_USER);
        assert_refused(relay, -EPERM, "can be written by others than root");
}

static void the_file_of_systemd_resolved_is_believed_where_it_keeps_it(void **state) {
        const struct verb_relay *relay = *state;

        if (geteuid() != 0)
                skip();
        scratch_write(&relay->scratch, RESOLVED "stub-resolv.conf", NEW_SERVERS);
        own(relay, "run/systemd/resolve", SYSTEM_USER);
        own(relay, RESOLVED "stub-resolv.conf", SYSTEM_USER);
        link_resolv_conf(relay, "../" RESOLVED "stub-resolv.conf");
        assert_taken(relay);
        own(relay, RESOLVED "stub-resolv.conf", SYSTEM_USER + 1);
        assert_refused(relay, -EPERM, "can be written by others");
        own(relay, RESOLVED "stub-resolv.conf", SYSTEM_USER);
        assert_return_code(chmod(scratch_path(&relay->scratch, RESOLVED "stub-resolv.conf"), 0664), errno);
        assert_refused(relay, -EPERM, "can be written by others");
}

static void what_not_everybody_may_read_is_not_told_to_the_chroot(void **state) {
        const struct verb_relay *relay = *state;

        /* As a service that is not root could make us do, by a link to a file of root's. */
        scratch_write(&relay->scratch, "etc/shadow", "nameserver 192.0.2.1\nroot:secret\n");
        assert_return_code(chmod(scratch_path(&relay->scratch, "etc/shadow"), 0640), errno);
        scratch_mkdir(&relay->scratch, "run/systemd/resolve");
        assert_return_code(
                symlink("../../../etc/shadow", scratch_path(&relay->scratch, RESOLVED "resolv.conf")), errno);
        link_resolv_conf(relay, "../" RESOLVED "resolv.conf");
        assert_refused(relay, -EPERM, "/etc/resolv.conf is not for everybody to read");
}

static void what_is_no_file_or_too_long_is_not_read(void **state) {
        const struct verb_relay *relay = *state;

        unlink(scratch_path(&relay->scratch, "etc/resolv.conf"));
        assert_return_code(mkfifo(scratch_path(&relay->scratch, "etc/resolv.conf"), 0644), errno);
        assert_refused(relay, -EINVAL, "/etc/resolv.conf is no file");
        unlink(scratch_path(&relay->scratch, "etc/resolv.conf"));
        scratch_fill(&relay->scratch, "etc/resolv.conf", RESOLVER_FILE_MAX);
        assert_refused(relay, -EFBIG, "/etc/resolv.conf is too long");
}

static void a_source_that_changes_meanwhile_is_not_passed_on(void **state) {
        const struct verb_relay *relay = *state;
        struct resolver_copies copies = open_copies(relay);
        char why[RESOLVER_COPIES_WHY_MAX];

        assert_int_equal(resolver_copies_prepare(&copies, RESOLVER_RESOLV_CONF, why), 0);
        assert_true(is_there(relay, COPIES ".resolv.conf.spoolguard"));
        scratch_write(&relay->scratch, "etc/resolv.conf", "nameserver 127.0.0.2\n");
        assert_int_equal(resolver_copies_commit(&copies, RESOLVER_RESOLV_CONF, why), -EAGAIN);
        assert_string_equal(why, "/etc/resolv.conf was changed at the same moment");
        resolver_copies_close(&copies);
        assert_file(relay, COPIES "resolv.conf", OLD_SERVERS);
        assert_false(is_there(relay, COPIES ".resolv.conf.spoolguard"));
}

static void a_copy_that_somebody_else_writes_meanwhile_stays_his(void **state) {
        const struct verb_relay *relay = *state;

        for (int had_copy = 0; had_copy < 2; had_copy++) {
                char why[RESOLVER_COPIES_WHY_MAX];

                unlink(scratch_path(&relay->scratch, COPIES "resolv.conf"));
                if (had_copy)
                        scratch_write(&relay->scratch, COPIES "resolv.conf", OLD_SERVERS);
                struct resolver_copies copies = open_copies(relay);

                assert_int_equal(resolver_copies_prepare(&copies, RESOLVER_RESOLV_CONF, why), 0);
                scratch_write(&relay->scratch, COPIES "resolv.conf", "nameserver 127.0.0.3\n");
                assert_int_equal(resolver_copies_commit(&copies, RESOLVER_RESOLV_CONF, why), -EAGAIN);
                assert_string_equal(
                        why, "the copy of resolv.conf was changed by somebody else at the same moment");
                resolver_copies_close(&copies);
                assert_file(relay, COPIES "resolv.conf", "nameserver 127.0.0.3\n");
        }
}

static void what_a_crash_left_is_in_nobodys_way(void **state) {
        const struct verb_relay *relay = *state;
        struct resolver_copies copies = open_copies(relay);
        char why[RESOLVER_COPIES_WHY_MAX];

        scratch_write(&relay->scratch, "elsewhere", "untouched");
        assert_return_code(symlink(scratch_path(&relay->scratch, "elsewhere"),
                                   scratch_path(&relay->scratch, COPIES ".resolv.conf.spoolguard")),
                errno);
        assert_int_equal(resolver_copies_prepare(&copies, RESOLVER_RESOLV_CONF, why), 0);
        assert_int_equal(resolver_copies_commit(&copies, RESOLVER_RESOLV_CONF, why), 0);
        resolver_copies_close(&copies);
        assert_file(relay, COPIES "resolv.conf", NEW_SERVERS);
        assert_file(relay, "elsewhere", "untouched");
        assert_false(is_there(relay, COPIES ".resolv.conf.spoolguard"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(a_source_is_followed_through_links),
                TEST(a_source_that_others_could_have_written_is_not_believed),
                TEST(the_file_of_systemd_resolved_is_believed_where_it_keeps_it),
                TEST(what_not_everybody_may_read_is_not_told_to_the_chroot),
                TEST(what_is_no_file_or_too_long_is_not_read),
                TEST(a_source_that_changes_meanwhile_is_not_passed_on),
                TEST(a_copy_that_somebody_else_writes_meanwhile_stays_his),
                TEST(what_a_crash_left_is_in_nobodys_way),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
