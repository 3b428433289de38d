/* SPDX-License-Identifier: MIT */
/* test_refresh_resolver - the copies in the chroot become what the host has, Postfix is reloaded once, or nothing is */
#include <signal.h>
#include <sys/resource.h>

#include "refresh_resolver_support.h"

static void a_copy_that_drifted_is_replaced_and_postfix_is_reloaded_once(void **state) {
        struct verb_relay *relay = *state;
        struct stat before, after;

        assert_return_code(chmod(scratch_path(&relay->scratch, COPIES "resolv.conf"), 0640), errno);
        if (geteuid() == 0)
                assert_return_code(
                        chown(scratch_path(&relay->scratch, COPIES "resolv.conf"), 0, 4321), errno);
        before = stat_of(relay, COPIES "resolv.conf");
        relay->bench.tool = reloads;
        assert_int_equal(verb_bench_check(&relay->bench, &postfix_refresh_resolver), SG_VERDICT_GO);
        assert_string_equal(relay->bench.outcome.text,
                "resolv.conf in /var/spool/postfix/etc would be refreshed and Postfix instance - would be "
                "reloaded");
        assert_file(relay, COPIES "resolv.conf", OLD_SERVERS);
        assert_int_equal(verb_bench_act(&relay->bench, &postfix_refresh_resolver), 0);
        assert_string_equal(relay->bench.outcome.text,
                "resolv.conf in /var/spool/postfix/etc refreshed; Postfix instance - was reloaded, its new "
                "queue "
                "manager lives");
        assert_int_equal(relay->bench.outcome.count, 2);
        assert_int_equal(relay->bench.n_tools, 1);
        assert_string_equal(relay->bench.command, "/usr/bin/systemctl reload postfix@-.service");
        assert_file(relay, COPIES "resolv.conf", NEW_SERVERS);
        assert_file(relay, "etc/resolv.conf", NEW_SERVERS);
        after = stat_of(relay, COPIES "resolv.conf");
        assert_int_not_equal(after.st_ino, before.st_ino);
        assert_int_equal(after.st_mode, before.st_mode);
        assert_int_equal(after.st_uid, before.st_uid);
        assert_int_equal(after.st_gid, before.st_gid);
        assert_false(is_there(relay, COPIES ".resolv.conf.spoolguard"));
}

static void done_once_more_there_is_nothing_left_to_do(void **state) {
        struct verb_relay *relay = *state;

        relay->bench.tool = reloads;
        assert_int_equal(verb_bench_act(&relay->bench, &postfix_refresh_resolver), 0);
        assert_int_equal(verb_bench_check(&relay->bench, &postfix_refresh_resolver), SG_VERDICT_NOTHING);
        assert_string_equal(relay->bench.outcome.text, "Postfix instance - looks names up as the host does");
        assert_int_equal(verb_bench_act(&relay->bench, &postfix_refresh_resolver), 0);
        assert_int_equal(relay->bench.outcome.count, 0);
        assert_int_equal(relay->bench.n_tools, 1);
}

static void copies_that_are_right_or_somebodys_own_are_not_touched(void **state) {
        struct verb_relay *relay = *state;
        struct stat hosts;

        /* The admin wants another one in the chroot, and wrote it after the host's. */
        write_aged(relay, "etc/nsswitch.conf", "hosts: files dns\n", 90);
        write_aged(relay, COPIES "nsswitch.conf", "hosts: dns\n", -5);
        hosts = stat_of(relay, COPIES "hosts");
        relay->bench.tool = reloads;
        assert_int_equal(verb_bench_act(&relay->bench, &postfix_refresh_resolver), 0);
        assert_file(relay, COPIES "nsswitch.conf", "hosts: dns\n");
        assert_int_equal(stat_of(relay, COPIES "hosts").st_ino, hosts.st_ino);
        assert_file(relay, COPIES "resolv.conf", NEW_SERVERS);
}

static void all_that_drifted_goes_along_and_what_nobody_needs_there_is_not_made(void **state) {
        struct verb_relay *relay = *state;

        write_aged(relay, "etc/hosts", "127.0.0.1 localhost\n192.0.2.25 relay.example\n", 20);
        write_aged(relay, "etc/services", "smtp 25/tcp\n", 20);
        relay->bench.tool = reloads;
        assert_int_equal(verb_bench_act(&relay->bench, &postfix_refresh_resolver), 0);
        assert_says(relay, "resolv.conf, hosts in /var/spool/postfix/etc refreshed; ");
        assert_int_equal(relay->bench.outcome.count, 3);
        assert_file(relay, COPIES "hosts", "127.0.0.1 localhost\n192.0.2.25 relay.example\n");
        assert_false(is_there(relay, COPIES "services"));
}

static void a_resolv_conf_that_the_chroot_lacks_is_made(void **state) {
        struct verb_relay *relay = *state;

        unlink(scratch_path(&relay->scratch, COPIES "resolv.conf"));
        relay->bench.tool = reloads;
        assert_int_equal(verb_bench_act(&relay->bench, &postfix_refresh_resolver), 0);
        assert_file(relay, COPIES "resolv.conf", NEW_SERVERS);
        assert_int_equal(stat_of(relay, COPIES "resolv.conf").st_mode & 07777, 0644);
}

static void without_a_chroot_it_is_the_reload_alone(void **state) {
        struct verb_relay *relay = *state;

        use_chroot(relay, false);
        relay->bench.tool = reloads;
        assert_int_equal(verb_bench_check(&relay->bench, &postfix_refresh_resolver), SG_VERDICT_GO);
        assert_string_equal(relay->bench.outcome.text, "Postfix instance - would be reloaded");
        assert_int_equal(verb_bench_act(&relay->bench, &postfix_refresh_resolver), 0);
        assert_string_equal(
                relay->bench.outcome.text, "Postfix instance - was reloaded, its new queue manager lives");
        assert_int_equal(relay->bench.n_tools, 1);
        assert_file(relay, COPIES "resolv.conf", OLD_SERVERS);
}

static void a_copy_that_nobody_uses_says_nothing_about_the_processes(void **state) {
        struct verb_relay *relay = *state;

        /* Another program copied the file and did not reload. */
        use_chroot(relay, false);
        write_aged(relay, COPIES "resolv.conf", NEW_SERVERS, 30);
        assert_int_equal(verb_bench_check(&relay->bench, &postfix_refresh_resolver), SG_VERDICT_GO);
        assert_string_equal(relay->bench.outcome.text, "Postfix instance - would be reloaded");
}

static void processes_that_are_younger_than_the_change_are_not_disturbed(void **state) {
        struct verb_relay *relay = *state;

        use_chroot(relay, false);
        run_postfix(relay, QMGR, 10);
        assert_int_equal(verb_bench_check(&relay->bench, &postfix_refresh_resolver), SG_VERDICT_NOTHING);
        assert_int_equal(verb_bench_act(&relay->bench, &postfix_refresh_resolver), 0);
        assert_int_equal(relay->bench.n_tools, 0);
}

static void an_own_resolv_conf_in_the_chroot_is_told_and_left_alone(void **state) {
        struct verb_relay *relay = *state;

        write_aged(relay, COPIES "resolv.conf", "nameserver 192.0.2.53\n", -5);
        assert_int_equal(verb_bench_check(&relay->bench, &postfix_refresh_resolver), SG_VERDICT_NOTHING);
        assert_says(relay, "was written after the host's and is left alone");
}

static void a_resolv_conf_that_names_no_server_is_not_passed_on(void **state) {
        static const struct {
                const char *text, *says;
        } cases[] = {
                {"", "/etc/resolv.conf: it is empty"},
                {"# nothing yet\nsearch example.test\n", "/etc/resolv.conf: it names no name server"},
                {"search example.test\nnameserver tomorrow\n",
                        "/etc/resolv.conf: line 2: \"nameserver tomorrow\" is no address"},
                {"nameserver \x1b[31m\n", "/etc/resolv.conf: line 1: "},
                {NULL, "/etc/resolv.conf cannot be read: No such file or directory"},
        };
        struct verb_relay *relay = *state;

        for (int chroot = 0; chroot < 2; chroot++)
                for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                        use_chroot(relay, chroot);
                        unlink(scratch_path(&relay->scratch, "etc/resolv.conf"));
                        if (cases[i].text)
                                write_aged(relay, "etc/resolv.conf", cases[i].text, 30);
                        /* Something else is stale, too. */
                        write_aged(relay, "etc/hosts", "127.0.0.1 localhost\n192.0.2.25 relay.example\n", 20);
                        write_aged(relay, "etc/postfix/main.cf", "smtp_host_lookup = dns, native\n", 60);
                        /* Without a chroot and without a file nothing is known to have changed. */
                        if (!chroot && !cases[i].text) {
                                assert_int_equal(verb_bench_check(&relay->bench, &postfix_refresh_resolver),
                                        SG_VERDICT_NOTHING);
                                continue;
                        }
                        assert_int_equal(verb_bench_check(&relay->bench, &postfix_refresh_resolver),
                                SG_VERDICT_REFUSED);
                        assert_says(relay, cases[i].says);
                        assert_true(verb_bench_act(&relay->bench, &postfix_refresh_resolver) < 0);
                        assert_int_equal(relay->bench.n_tools, 0);
                        assert_file(relay, COPIES "resolv.conf", OLD_SERVERS);
                        assert_file(relay, COPIES "hosts", "127.0.0.1 localhost\n");
                }
}

static void a_place_that_others_could_have_made_is_not_written_to(void **state) {
        struct verb_relay *relay = *state;

        assert_return_code(chmod(scratch_path(&relay->scratch, SPOOL_DIRECTORY "/etc"), 0775), errno);
        assert_int_equal(verb_bench_check(&relay->bench, &postfix_refresh_resolver), SG_VERDICT_REFUSED);
        assert_says(relay, "can be written by others than root");
        assert_int_equal(verb_bench_act(&relay->bench, &postfix_refresh_resolver), -EPERM);

        assert_return_code(chmod(scratch_path(&relay->scratch, SPOOL_DIRECTORY "/etc"), 0755), errno);
        assert_return_code(rename(scratch_path(&relay->scratch, SPOOL_DIRECTORY "/etc"),
                                   scratch_path(&relay->scratch, "elsewhere")),
                errno);
        assert_return_code(symlink(scratch_path(&relay->scratch, "elsewhere"),
                                   scratch_path(&relay->scratch, SPOOL_DIRECTORY "/etc")),
                errno);
        assert_int_equal(verb_bench_act(&relay->bench, &postfix_refresh_resolver), -EPERM);
        assert_says(relay, "is no directory of its own");
        assert_file(relay, "elsewhere/resolv.conf", OLD_SERVERS);
        assert_int_equal(relay->bench.n_tools, 0);
}

static void a_copy_that_is_a_link_is_left_alone(void **state) {
        struct verb_relay *relay = *state;

        write_aged(relay, "elsewhere", OLD_SERVERS, 60);
        unlink(scratch_path(&relay->scratch, COPIES "resolv.conf"));
        assert_return_code(symlink(scratch_path(&relay->scratch, "elsewhere"),
                                   scratch_path(&relay->scratch, COPIES "resolv.conf")),
                errno);
        set_age(relay, COPIES "resolv.conf", 60);
        assert_int_equal(verb_bench_check(&relay->bench, &postfix_refresh_resolver), SG_VERDICT_REFUSED);
        assert_int_equal(verb_bench_act(&relay->bench, &postfix_refresh_resolver), -EPERM);
        assert_string_equal(
                relay->bench.outcome.text, "the copy of resolv.conf is no file and is left alone");
        assert_file(relay, "elsewhere", OLD_SERVERS);
        assert_int_equal(relay->bench.n_tools, 0);
}

static void on_a_full_disk_everything_stays_as_it_was(void **state) {
        const struct rlimit none = {4, 4 << 20};
        const struct rlimit enough = {4 << 20, 4 << 20};
        struct verb_relay *relay = *state;

        write_aged(relay, "etc/hosts", "127.0.0.1 localhost\n192.0.2.25 relay.example\n", 20);
        relay->bench.pressure = SG_PRESSURE_CRITICAL;
        assert_int_equal(verb_bench_check(&relay->bench, &postfix_refresh_resolver), SG_VERDICT_REFUSED);
        assert_says(relay, "critically full");

        /* It fills in the very moment. */
        relay->bench.pressure = SG_PRESSURE_NONE;
        signal(SIGXFSZ, SIG_IGN);
        assert_return_code(setrlimit(RLIMIT_FSIZE, &none), errno);
        int r = verb_bench_act(&relay->bench, &postfix_refresh_resolver);

        assert_return_code(setrlimit(RLIMIT_FSIZE, &enough), errno);
        assert_int_equal(r, -EFBIG);
        assert_says(
                relay, "the new copy of resolv.conf cannot be written: File too large; nothing was changed");
        assert_int_equal(relay->bench.n_tools, 0);
        assert_file(relay, COPIES "resolv.conf", OLD_SERVERS);
        assert_file(relay, COPIES "hosts", "127.0.0.1 localhost\n");
        assert_false(is_there(relay, COPIES ".resolv.conf.spoolguard"));
        assert_false(is_there(relay, COPIES ".hosts.spoolguard"));
}

static void a_reload_needs_no_room(void **state) {
        struct verb_relay *relay = *state;

        use_chroot(relay, false);
        relay->bench.pressure = SG_PRESSURE_CRITICAL;
        assert_int_equal(verb_bench_check(&relay->bench, &postfix_refresh_resolver), SG_VERDICT_GO);
}

static void when_only_the_reload_fails_that_is_all_that_is_left_to_do(void **state) {
        struct verb_relay *relay = *state;

        relay->bench.tool = fails;
        assert_int_equal(verb_bench_act(&relay->bench, &postfix_refresh_resolver), -EIO);
        assert_string_equal(relay->bench.outcome.text,
                "resolv.conf in /var/spool/postfix/etc refreshed, but: systemctl reload postfix@-.service "
                "failed "
                "(5): Failed to reload postfix@-.service: Unit not found.");
        assert_int_equal(relay->bench.outcome.count, 1);
        assert_file(relay, COPIES "resolv.conf", NEW_SERVERS);

        set_age(relay, COPIES "resolv.conf", 10);
        relay->bench.tool = reloads;
        assert_int_equal(verb_bench_check(&relay->bench, &postfix_refresh_resolver), SG_VERDICT_GO);
        assert_string_equal(relay->bench.outcome.text, "Postfix instance - would be reloaded");
        assert_int_equal(verb_bench_act(&relay->bench, &postfix_refresh_resolver), 0);
        assert_int_equal(relay->bench.outcome.count, 1);
}

static void a_postfix_that_is_down_gets_nothing_new(void **state) {
        struct verb_relay *relay = *state;

        unlink(scratch_path(&relay->scratch, SPOOL_DIRECTORY "/pid/master.pid"));
        assert_int_equal(verb_bench_check(&relay->bench, &postfix_refresh_resolver), SG_VERDICT_REFUSED);
        assert_string_equal(relay->bench.outcome.text, "Postfix is not running");
        relay->args[REFRESH_RESOLVER_ARG_INSTANCE].text = "other";
        assert_int_equal(verb_bench_check(&relay->bench, &postfix_refresh_resolver), SG_VERDICT_REFUSED);
        assert_says(relay, "no configured spool");
        assert_file(relay, COPIES "resolv.conf", OLD_SERVERS);
}

static void one_that_cannot_be_taken_is_named_and_the_others_are_refreshed(void **state) {
        struct verb_relay *relay = *state;

        write_aged(relay, "etc/hosts", "", 20);
        relay->bench.tool = reloads;
        assert_int_equal(verb_bench_act(&relay->bench, &postfix_refresh_resolver), 0);
        assert_says(relay, "; left alone: /etc/hosts is empty");
        assert_file(relay, COPIES "hosts", "127.0.0.1 localhost\n");
        assert_file(relay, COPIES "resolv.conf", NEW_SERVERS);
}

static void one_that_must_not_be_replaced_is_named_and_the_others_are_refreshed(void **state) {
        struct verb_relay *relay = *state;

        write_aged(relay, "etc/hosts", "127.0.0.1 localhost\n192.0.2.25 relay.example\n", 20);
        write_aged(relay, "elsewhere", "127.0.0.1 localhost\n", 60);
        unlink(scratch_path(&relay->scratch, COPIES "hosts"));
        assert_return_code(symlink(scratch_path(&relay->scratch, "elsewhere"),
                                   scratch_path(&relay->scratch, COPIES "hosts")),
                errno);
        set_age(relay, COPIES "hosts", 60);
        relay->bench.tool = reloads;
        assert_int_equal(verb_bench_act(&relay->bench, &postfix_refresh_resolver), 0);
        assert_says(relay, "; left alone: the copy of hosts is no file");
        assert_file(relay, "elsewhere", "127.0.0.1 localhost\n");
        assert_file(relay, COPIES "resolv.conf", NEW_SERVERS);
}

static void a_reload_that_would_change_nothing_is_not_made(void **state) {
        struct verb_relay *relay = *state;

        /* Nothing is stale but what cannot be taken. */
        write_aged(relay, COPIES "resolv.conf", NEW_SERVERS, 60);
        write_aged(
                relay, "etc/postfix/main.cf", "compatibility_level = 3.6\nsmtp_host_lookup = native\n", 60);
        write_aged(relay, "etc/hosts", "", 20);
        assert_int_equal(verb_bench_check(&relay->bench, &postfix_refresh_resolver), SG_VERDICT_REFUSED);
        assert_says(relay, "/etc/hosts is empty");
        assert_true(verb_bench_act(&relay->bench, &postfix_refresh_resolver) < 0);
        assert_int_equal(relay->bench.n_tools, 0);
}

static void while_main_cf_waits_to_be_read_nothing_is_refreshed(void **state) {
        struct verb_relay *relay = *state;

        relay->bench.tool = reloads;
        set_age(relay, "etc/postfix/main.cf", 20);
        assert_int_equal(verb_bench_check(&relay->bench, &postfix_refresh_resolver), SG_VERDICT_REFUSED);
        assert_says(relay, "/etc/postfix/main.cf was written at ");
        assert_says(relay, "; then: spoolguardctl run refresh-resolver");
        assert_int_equal(verb_bench_act(&relay->bench, &postfix_refresh_resolver), -EPERM);
        assert_int_equal(relay->bench.n_tools, 0);
        assert_file(relay, COPIES "resolv.conf", OLD_SERVERS);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(a_copy_that_drifted_is_replaced_and_postfix_is_reloaded_once),
                TEST(done_once_more_there_is_nothing_left_to_do),
                TEST(copies_that_are_right_or_somebodys_own_are_not_touched),
                TEST(all_that_drifted_goes_along_and_what_nobody_needs_there_is_not_made),
                TEST(a_resolv_conf_that_the_chroot_lacks_is_made),
                TEST(without_a_chroot_it_is_the_reload_alone),
                TEST(a_copy_that_nobody_uses_says_nothing_about_the_processes),
                TEST(processes_that_are_younger_than_the_change_are_not_disturbed),
                TEST(an_own_resolv_conf_in_the_chroot_is_told_and_left_alone),
                TEST(a_resolv_conf_that_names_no_server_is_not_passed_on),
                TEST(a_place_that_others_could_have_made_is_not_written_to),
                TEST(a_copy_that_is_a_link_is_left_alone),
                TEST(on_a_full_disk_everything_stays_as_it_was),
                TEST(a_reload_needs_no_room),
                TEST(when_only_the_reload_fails_that_is_all_that_is_left_to_do),
                TEST(a_postfix_that_is_down_gets_nothing_new),
                TEST(one_that_cannot_be_taken_is_named_and_the_others_are_refreshed),
                TEST(one_that_must_not_be_replaced_is_named_and_the_others_are_refreshed),
                TEST(a_reload_that_would_change_nothing_is_not_made),
                TEST(while_main_cf_waits_to_be_read_nothing_is_refreshed),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
