/* SPDX-License-Identifier: MIT */
/* test_reopen - deleted logs, whom to ask for them, and what comes back */
#include "holder_support.h"

#include "logs/logs_reopen.h"
#include "support/verb_bench.h"

#define RSYSLOG "/system.slice/rsyslog.service"
#define LISTENS "Name:\tx\nSigIgn:\t0000000000000000\nSigCgt:\t0000000000000001\n"
#define DEAF "Name:\tx\nSigIgn:\t0000000000000000\nSigCgt:\tfffffffffffffffe\n"

static const char *const units[] = {"rsyslog.service", "syslog-ng.service", NULL};

struct fixture {
        struct scratch scratch;
        struct verb_bench bench;
        struct sg_value options[LOGS_OPTION_REOPEN_UNITS + 1], args[1];
        const struct holder *letting_go; /* when asked */
        const char *main_pid;
        int result;
        char commands[1024];
};

static int systemctl(struct verb_bench *bench, char *output, size_t size) {
        struct fixture *fixture = (struct fixture *)(uintptr_t)bench->tool_data;
        size_t used = strlen(fixture->commands);

        snprintf(fixture->commands + used, sizeof(fixture->commands) - used, "%s\n", bench->command);
        if (strstr(bench->command, " show ")) {
                snprintf(output, size, "%s\n", fixture->main_pid);
                return 0;
        }
        if (fixture->result != 0)
                snprintf(output, size, "Failed: it is masked.\nand more\n");
        else if (fixture->letting_go)
                holder_let_go(fixture->letting_go);
        return fixture->result;
}

static int setup(void **state) {
        static const char *const directories[] = {"/var/log", "/var/none", NULL};
        struct fixture *fixture = calloc(1, sizeof(*fixture));

        holder_scratch_init(&fixture->scratch);
        proc_write(&fixture->scratch, 4711, "status", LISTENS);
        fixture->main_pid = "4711";
        fixture->options[LOGS_OPTION_DIRECTORIES] =
                (struct sg_value){.type = SG_TYPE_LIST, .list = directories};
        fixture->options[LOGS_OPTION_REOPEN_UNITS] = (struct sg_value){.type = SG_TYPE_LIST, .list = units};
        fixture->args[0] = (struct sg_value){.type = SG_TYPE_TEXT, .text = ""};
        verb_bench_init(&fixture->bench, fixture->scratch.path, fixture->args, fixture->options);
        fixture->bench.tool = systemctl;
        fixture->bench.tool_data = fixture;
        *state = fixture;
        return 0;
}

static int teardown(void **state) {
        struct fixture *fixture = *state;

        scratch_deinit(&fixture->scratch);
        free(fixture);
        return 0;
}

static enum sg_verdict check(struct fixture *fixture) {
        return verb_bench_check(&fixture->bench, &logs_reopen);
}

static int act(struct fixture *fixture) {
        return verb_bench_act(&fixture->bench, &logs_reopen);
}

static bool says(const struct fixture *fixture, const char *what) {
        if (strstr(fixture->bench.outcome.text, what))
                return true;
        print_message("it says: %s\n", fixture->bench.outcome.text);
        return false;
}

static void the_way_depends_on_the_unit_and_never_on_a_name_alone(void **state) {
        static const struct {
                const char *comm, *unit;
                bool writes;
                enum logs_reopen_way way;
        } cases[] = {
                {"rsyslogd", "rsyslog.service", true, LOGS_REOPEN_HUP},
                {"in:imfile", "rsyslog.service", false, LOGS_REOPEN_HUP},
                {"rsyslogd", "", true, LOGS_REOPEN_UNKNOWN},
                {"rsyslogd", "user@1000.service", true, LOGS_REOPEN_UNKNOWN},
                {"rsyslogd", "xrsyslog.service", true, LOGS_REOPEN_UNKNOWN},
                {"nginx", "nginx.service", true, LOGS_REOPEN_UNKNOWN},
                {"postlogd", "postfix@-.service", true, LOGS_REOPEN_RELOAD},
                {"postlogd", "postfix.service", true, LOGS_REOPEN_RELOAD},
                {"postlogd", "postfix@-.service", false, LOGS_REOPEN_UNKNOWN},
                {"postlogd", "postfixer.service", true, LOGS_REOPEN_UNKNOWN},
                {"postlogd", "cron.service", true, LOGS_REOPEN_UNKNOWN},
                {"sh", "postfix@-.service", true, LOGS_REOPEN_UNKNOWN},
        };

        (void)state;
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                struct deleted_holder holder = {.writes = cases[i].writes};

                snprintf(holder.owner.comm, sizeof(holder.owner.comm), "%s", cases[i].comm);
                snprintf(holder.owner.unit, sizeof(holder.owner.unit), "%s", cases[i].unit);
                assert_int_equal(logs_reopen_way(units, &holder), cases[i].way);
        }
}

static void each_unit_is_asked_once_for_all_its_files(void **state) {
        struct deleted_file files[4] = {{.held_bytes = 400,
                                                .n_holders = 2,
                                                .holders = {{.owner = {.unit = "nginx.service"}},
                                                        {.owner = {.unit = "rsyslog.service"}}}},
                {.held_bytes = 300, .n_holders = 1, .holders = {{.owner = {.unit = "rsyslog.service"}}}},
                {.held_bytes = 200, .n_holders = 1, .holders = {{.owner = {.unit = "cron.service"}}}},
                {.held_bytes = 100, .n_holders = 0}};
        struct deleted_files deleted = {.files = files, .n = 4};
        struct logs_reopen_plan plan;

        (void)state;
        logs_reopen_make_plan(units, &deleted, &plan);
        assert_int_equal(plan.n_units, 1);
        assert_string_equal(plan.units[0].name, "rsyslog.service");
        assert_int_equal(plan.n_files, 2);
        assert_int_equal(plan.held_bytes, 700);
        assert_ptr_equal(plan.foreign, &files[0]);
        assert_string_equal(plan.foreign_holder->owner.unit, "nginx.service");
        assert_ptr_equal(plan.largest, &files[0]);
}

static void the_end_names_only_who_was_asked_and_who_holds_on(void **state) {
        struct deleted_file file = {.held_bytes = 3 << 20,
                .path = "/var/log/b",
                .n_holders = 1,
                .n_processes = 2,
                .holders = {{.pid = 7, .owner = {.comm = "syslog-ng", .unit = "syslog-ng.service"}}}};
        struct logs_reopen_plan plan = {.n_units = 2,
                .units = {{.name = "rsyslog.service", .asked = true}, {.name = "syslog-ng.service"}}};
        struct logs_reopen_plan still = {.largest = &file};
        struct logs_reopen_end end = {.plan = &plan,
                .still = &still,
                .n_files = 2,
                .n_gone = 1,
                .gone_bytes = UINT64_C(5) << 30,
                .gained = {.bytes = UINT64_C(5) << 30, .for_others = UINT64_C(9) << 29}};
        char text[256];

        (void)state;
        logs_reopen_say_end(&end, text, sizeof(text));
        assert_string_equal(text,
                "rsyslog.service reopened: 1 of 2 deleted logs let go, 5.0 GiB; free space grew by 5.0 GiB, "
                "for other "
                "users than root by 4.5 GiB; still open: 3.0 MiB /var/log/b by syslog-ng (syslog-ng.service, "
                "pid 7) "
                "and 1 more");
}

static void without_deleted_logs_there_is_nothing_to_do(void **state) {
        struct fixture *fixture = *state;
        struct holder holder = hold_deleted(&fixture->scratch, "elsewhere", 2 * MIB, "rsyslogd", RSYSLOG);
        struct holder beside = hold_deleted(&fixture->scratch, "var/logs", 2 * MIB, "rsyslogd", RSYSLOG);
        struct holder kept;

        assert_int_equal(check(fixture), SG_VERDICT_NOTHING);
        assert_string_equal(fixture->bench.outcome.text, "no deleted log is still open");
        scratch_fill(&fixture->scratch, "var/log/mail.log", MIB);
        kept = holder_new(scratch_path(&fixture->scratch, "var/log/mail.log"), O_WRONLY);
        holder_show(&fixture->scratch, &kept, "rsyslogd", RSYSLOG);
        assert_int_equal(check(fixture), SG_VERDICT_NOTHING);
        assert_int_equal(act(fixture), 0);
        assert_int_equal(fixture->bench.n_tools, 0);
        holder_free(&holder);
        holder_free(&beside);
        holder_free(&kept);
}

static void the_daemon_is_asked_through_its_unit_and_the_space_is_back(void **state) {
        struct fixture *fixture = *state;
        struct holder holder =
                hold_deleted(&fixture->scratch, "var/log/mail.info", 8 * MIB, "rsyslogd", RSYSLOG);

        fixture->letting_go = &holder;
        assert_int_equal(check(fixture), SG_VERDICT_GO);
        assert_true(says(fixture, "rsyslog.service would be asked to reopen: 1 deleted log, 8.0 MiB"));
        assert_int_equal(act(fixture), 0);
        assert_string_equal(fixture->commands,
                "/usr/bin/systemctl show --property=MainPID --value rsyslog.service\n"
                "/usr/bin/systemctl kill --kill-who=main --signal=HUP rsyslog.service\n");
        assert_int_equal(fixture->bench.outcome.count, 1);
        /* Others write to this file system, too, so that the gain is not held against the size. */
        assert_true(says(fixture, "rsyslog.service reopened: 1 of 1 deleted log let go, 8.0 MiB; "));
        assert_true(says(fixture, "; free space grew by "));
        assert_int_equal(check(fixture), SG_VERDICT_NOTHING);
        holder_free(&holder);
}

static void whoever_is_not_known_is_named_and_not_touched(void **state) {
        struct fixture *fixture = *state;
        struct holder nginx = hold_deleted(
                &fixture->scratch, "var/log/access.log", 4 * MIB, "nginx", "/system.slice/nginx.service");
        struct holder rsyslog;

        assert_int_equal(check(fixture), SG_VERDICT_REFUSED);
        assert_true(says(fixture, "nginx.service (nginx, pid "));
        assert_true(says(fixture, ") holds 4.0 MiB of "));
        assert_true(says(fixture, "/var/log/access.log: its own way to reopen is not known"));
        assert_int_equal(act(fixture), 0);
        assert_int_equal(fixture->bench.n_tools, 0);

        rsyslog = hold_deleted(&fixture->scratch, "var/log/mail.info", MIB, "rsyslogd", RSYSLOG);
        fixture->letting_go = &rsyslog;
        assert_int_equal(act(fixture), 0);
        assert_null(strstr(fixture->commands, "nginx"));
        assert_true(says(fixture, "1 of 2 deleted logs let go, 1.0 MiB"));
        assert_true(says(fixture, "; nginx.service (nginx, pid "));
        assert_int_equal(kill(nginx.pid, 0), 0);
        holder_free(&nginx);
        holder_free(&rsyslog);
}

static void postfix_is_reloaded_for_its_own_log(void **state) {
        struct fixture *fixture = *state;
        struct holder holder = hold_deleted(&fixture->scratch, "var/log/postfix.log", 2 * MIB, "postlogd",
                "/system.slice/system-postfix.slice/postfix@-.service");

        fixture->letting_go = &holder;
        assert_int_equal(check(fixture), SG_VERDICT_GO);
        assert_int_equal(act(fixture), 0);
        assert_string_equal(fixture->commands, "/usr/bin/systemctl reload postfix@-.service\n");
        holder_free(&holder);
}

static void who_would_die_of_a_hup_gets_none(void **state) {
        static const char *const mains[] = {"4711", "0", "", "4712", "1"};
        struct fixture *fixture = *state;
        struct holder holder =
                hold_deleted(&fixture->scratch, "var/log/mail.info", 2 * MIB, "rsyslogd", RSYSLOG);

        proc_write(&fixture->scratch, 4711, "status", DEAF);
        proc_write(&fixture->scratch, 1, "status", LISTENS);
        for (size_t i = 0; i < sizeof(mains) / sizeof(mains[0]); i++) {
                fixture->main_pid = mains[i];
                assert_true(act(fixture) < 0);
                assert_true(says(fixture, "the main process of rsyslog.service does not listen to HUP"));
        }
        assert_null(strstr(fixture->commands, "kill"));
        holder_free(&holder);
}

static void what_systemctl_says_against_it_is_passed_on(void **state) {
        struct fixture *fixture = *state;
        struct holder holder =
                hold_deleted(&fixture->scratch, "var/log/mail.info", 2 * MIB, "rsyslogd", RSYSLOG);

        fixture->result = 1;
        assert_int_equal(act(fixture), -EIO);
        assert_string_equal(fixture->bench.outcome.text,
                "systemctl kill rsyslog.service failed (1): Failed: it is masked.");
        fixture->result = -ETIME;
        assert_int_equal(act(fixture), -ETIME);
        holder_free(&holder);
}

static void who_does_not_let_go_in_time_is_named(void **state) {
        struct fixture *fixture = *state;
        struct holder holder =
                hold_deleted(&fixture->scratch, "var/log/mail.info", 2 * MIB, "rsyslogd", RSYSLOG);

        assert_int_equal(act(fixture), -EBUSY);
        assert_int_equal(fixture->bench.outcome.count, 0);
        assert_true(says(fixture,
                "rsyslog.service was asked to reopen, but no deleted log was let go in time; still open: 2.0 "
                "MiB "));
        holder_free(&holder);
}

static void only_what_was_asked_for_counts_and_only_below_the_directories(void **state) {
        static const char *const elsewhere[] = {"/etc", "/var/logs", "/var", "/var/log/../x", "relative"};
        struct fixture *fixture = *state;
        struct holder holder;

        scratch_mkdir(&fixture->scratch, "var/log/sub");
        holder = hold_deleted(&fixture->scratch, "var/log/sub/a", 2 * MIB, "rsyslogd", RSYSLOG);
        for (size_t i = 0; i < sizeof(elsewhere) / sizeof(elsewhere[0]); i++) {
                fixture->args[0].text = elsewhere[i];
                assert_int_equal(check(fixture), SG_VERDICT_REFUSED);
                assert_true(act(fixture) < 0);
        }
        fixture->args[0].text = "/var/log/other";
        assert_int_equal(check(fixture), SG_VERDICT_NOTHING);
        fixture->args[0].text = "/var/log/sub";
        assert_int_equal(check(fixture), SG_VERDICT_GO);
        fixture->args[0].text = "/var/log/sub/a";
        assert_int_equal(check(fixture), SG_VERDICT_GO);
        fixture->args[0].text = "/var/log/sub/a/b";
        assert_int_equal(check(fixture), SG_VERDICT_NOTHING);
        assert_int_equal(fixture->bench.n_tools, 0);
        holder_free(&holder);
}

static void a_directory_behind_a_link_is_known_by_where_it_is(void **state) {
        static const char *const linked[] = {"/log", NULL};
        struct fixture *fixture = *state;
        struct holder holder =
                hold_deleted(&fixture->scratch, "var/log/mail.info", 2 * MIB, "rsyslogd", RSYSLOG);

        assert_int_equal(symlink("var/log", scratch_path(&fixture->scratch, "log")), 0);
        fixture->options[LOGS_OPTION_DIRECTORIES].list = linked;
        assert_int_equal(check(fixture), SG_VERDICT_GO);
        holder_free(&holder);
}

static void without_a_proc_nothing_is_asked_of_anybody(void **state) {
        struct fixture *fixture = *state;

        assert_int_equal(
                rename(scratch_path(&fixture->scratch, "proc"), scratch_path(&fixture->scratch, "p")), 0);
        assert_int_equal(check(fixture), SG_VERDICT_REFUSED);
        assert_true(act(fixture) < 0);
        assert_int_equal(fixture->bench.n_tools, 0);
}

#define WITH_FIXTURE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_way_depends_on_the_unit_and_never_on_a_name_alone),
                cmocka_unit_test(each_unit_is_asked_once_for_all_its_files),
                cmocka_unit_test(the_end_names_only_who_was_asked_and_who_holds_on),
                WITH_FIXTURE(without_deleted_logs_there_is_nothing_to_do),
                WITH_FIXTURE(the_daemon_is_asked_through_its_unit_and_the_space_is_back),
                WITH_FIXTURE(whoever_is_not_known_is_named_and_not_touched),
                WITH_FIXTURE(postfix_is_reloaded_for_its_own_log),
                WITH_FIXTURE(who_would_die_of_a_hup_gets_none),
                WITH_FIXTURE(what_systemctl_says_against_it_is_passed_on),
                WITH_FIXTURE(who_does_not_let_go_in_time_is_named),
                WITH_FIXTURE(only_what_was_asked_for_counts_and_only_below_the_directories),
                WITH_FIXTURE(a_directory_behind_a_link_is_known_by_where_it_is),
                WITH_FIXTURE(without_a_proc_nothing_is_asked_of_anybody),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
