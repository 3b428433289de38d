/* SPDX-License-Identifier: MIT */
/* test_service - a service is restarted when it is allowed, stuck or failed, and must stay up afterwards */
#include "site_verb_support.h"

#include <time.h>
#include <unistd.h>

#include "service/service.h"
#include "service/service_file.h"
#include "service/service_rules.h"
#include "service/service_state.h"

#define RESTART "/usr/bin/systemctl restart --job-mode=fail --no-ask-password -- amavis.service"

_Static_assert((int)SERVICE_OPTION_UNITS == SITE_ALLOWS && (int)SERVICE_OPTION_SETTLE == SITE_TIME &&
                (int)SERVICE_OPTIONS == SITE_OPTIONS,
        "the order of the options");

static const char *const units[] = {
        "amavis.service", "clamav-daemon.service", "postfix@-.service", "amavis", "masked.service", NULL};

/* The unit as systemd has it: what `show` says, and what a restart makes of it. */
struct fixture {
        struct site_verb site;                           /* first: the tools get a pointer to it */
        const char *load, *active, *sub, *result, *more; /* `more`: further lines */
        int invocation;
        int restart_status; /* what systemctl restart ends with */
        unsigned restarts, looks;
        bool comes_up;              /* a restart makes another invocation of it */
        unsigned flaps_at, dies_at; /* the look at which it does, after the restart; 0: never */
};

int __wrap_nanosleep(const struct timespec *pause, struct timespec *left);

static uint64_t slept_usec;

int __wrap_nanosleep(const struct timespec *pause, struct timespec *left) {
        (void)left;
        slept_usec += (uint64_t)pause->tv_sec * SECOND + (uint64_t)pause->tv_nsec / 1000;
        return 0;
}

static int restart(struct fixture *fixture, char *output, size_t size) {
        fixture->restarts++;
        fixture->looks = 0;
        if (fixture->restart_status != 0) {
                snprintf(output, size, "Job for amavis.service failed.\nSee \"systemctl status\".\n");
                return fixture->restart_status;
        }
        if (fixture->comes_up) {
                fixture->active = "active";
                fixture->sub = "running";
                fixture->result = "success";
                fixture->invocation++;
        }
        return 0;
}

static int tool(struct verb_bench *bench, char *output, size_t size) {
        struct fixture *fixture = (struct fixture *)bench;

        if (strstr(bench->command, "systemctl restart"))
                return restart(fixture, output, size);
        assert_non_null(strstr(bench->command, "systemctl show"));
        fixture->looks++;
        if (fixture->restarts > 0 && fixture->looks == fixture->flaps_at)
                fixture->invocation++;
        if (fixture->restarts > 0 && fixture->looks == fixture->dies_at) {
                fixture->active = "failed";
                fixture->sub = "failed";
                fixture->result = "exit-code";
        }
        snprintf(output, size,
                "Result=%s\nId=amavis.service\nLoadState=%s\nActiveState=%s\nSubState=%s\nInvocationID=%"
                "032d\n%s",
                fixture->result, fixture->load, fixture->active, fixture->sub, fixture->invocation,
                fixture->more);
        return 0;
}

static int set_up(void **state) {
        struct fixture *fixture = calloc(1, sizeof(*fixture));

        site_verb_init(&fixture->site, &service_restart, "amavis.service", units, 5 * SECOND);
        scratch_write(&fixture->site.scratch, "usr/lib/systemd/system/amavis.service", "[Unit]\n");
        scratch_write(&fixture->site.scratch, "usr/lib/systemd/system/masked.service", "[Unit]\n");
        scratch_mkdir(&fixture->site.scratch, "etc/systemd/system");
        assert_int_equal(symlink("/dev/null",
                                 scratch_path(&fixture->site.scratch, "etc/systemd/system/masked.service")),
                0);
        fixture->site.bench.tool = tool;
        fixture->load = "loaded";
        fixture->active = "active";
        fixture->sub = "running";
        fixture->result = "success";
        fixture->more = "RequiredBy=\nBoundBy=\nConsistsOf=\n";
        fixture->comes_up = true;
        slept_usec = 0;
        *state = fixture;
        return 0;
}

static void assert_not_restarted(struct fixture *fixture, int returns, const char *text) {
        assert_int_equal(site_act(&fixture->site), returns);
        assert_string_equal(site_text(&fixture->site), text);
        assert_int_equal(fixture->restarts, 0);
}

static void a_service_that_is_up_is_restarted_and_watched_for_a_while(void **state) {
        struct fixture *fixture = *state;

        assert_int_equal(site_check(&fixture->site), SG_VERDICT_GO);
        assert_string_equal(site_text(&fixture->site), "amavis.service would be restarted");
        assert_int_equal(fixture->site.bench.n_tools, 0);
        assert_int_equal(site_act(&fixture->site), 0);
        assert_string_equal(site_text(&fixture->site),
                "amavis.service, which was active (running), was restarted and has been up for 5 s");
        assert_int_equal(fixture->site.bench.outcome.count, 1);
        assert_int_equal(fixture->restarts, 1);
        assert_true(slept_usec == 5 * SECOND);
}

static void one_that_failed_is_started_again(void **state) {
        struct fixture *fixture = *state;

        fixture->active = "failed";
        fixture->sub = "failed";
        fixture->result = "oom-kill";
        assert_int_equal(site_act(&fixture->site), 0);
        assert_string_equal(site_text(&fixture->site),
                "amavis.service, which was failed (failed), was restarted and has been up for 5 s");
}

static void one_that_somebody_stopped_or_is_busy_with_is_left_alone(void **state) {
        static const struct {
                const char *active, *text;
        } cases[] = {
                {"inactive", "amavis.service is stopped, and whoever stopped it has his reasons"},
                {"activating", "amavis.service is being started already"},
                {"deactivating", "amavis.service is being stopped already"},
                {"maintenance", "amavis.service is in maintenance"},
                {"hovering", "amavis.service is in a state that nobody knows"},
        };
        struct fixture *fixture = *state;

        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                fixture->active = cases[i].active;
                assert_not_restarted(fixture, -EPERM, cases[i].text);
        }
        fixture->active = "active";
        fixture->more = "Job=1812\n";
        assert_not_restarted(
                fixture, -EPERM, "amavis.service has a job waiting in systemd: somebody is at it");
        fixture->more = "Job=0\n";
        assert_int_equal(site_act(&fixture->site), 0);
}

static void what_systemd_does_not_know_is_not_restarted(void **state) {
        struct fixture *fixture = *state;

        fixture->load = "not-found";
        assert_not_restarted(
                fixture, -EPERM, "amavis.service is not there to be restarted: systemd calls it not-found");
        fixture->load = "masked";
        assert_not_restarted(
                fixture, -EPERM, "amavis.service is not there to be restarted: systemd calls it masked");
        fixture->load = "";
        assert_int_equal(site_act(&fixture->site), -EIO);
        assert_int_equal(fixture->restarts, 0);
}

static void only_units_of_the_list_are_allowed_and_only_services(void **state) {
        struct fixture *fixture = *state;

        assert_refused(&fixture->site, "amavisd.service",
                "\"amavisd.service\" is not in plugins.service.units, but: amavis.service, "
                "clamav-daemon.service, "
                "postfix@-.service, amavis, masked.service");
        assert_refused(&fixture->site, "amavis",
                "\"amavis\" is not the whole name of a service, which ends with .service");
        assert_refused(&fixture->site, "masked.service",
                "masked.service is masked: somebody does not want it to run");
        assert_refused(&fixture->site, "clamav-daemon.service",
                "clamav-daemon.service is not there: systemd has no file for it");
        fixture->site.options[SITE_ALLOWS].list = (const char *const[]){NULL};
        assert_refused(
                &fixture->site, "amavis.service", "\"amavis.service\" is not in plugins.service.units");
}

static void some_are_never_restarted_whatever_is_configured(void **state) {
        static const char *const names[] = {"spoolguard.service", "postfix.service", "postfix@-.service",
                "postfix@out.service", "dbus.service", "dbus-broker.service", "systemd-journald.service",
                "systemd-networkd.service", "user@1000.service", "rescue.service"};
        static const char *const others[] = {"postfix-policyd.service", "postfixadmin.service",
                "dbusd.service", "amavis@dbus.service", "spoolguard-exporter.service"};
        static const char *const no_services[] = {"-.mount", "multi-user.target", ".service",
                "--help.service", "a b.service", "../x.service", "dbus.socket", "amavis.service\n"};
        char why[256];

        (void)state;
        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
                assert_false(service_rules_allow(
                        (const char *const[]){names[i], NULL}, names[i], why, sizeof(why)));
        for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
                assert_true(service_rules_allow(
                        (const char *const[]){others[i], NULL}, others[i], why, sizeof(why)));
        for (size_t i = 0; i < sizeof(no_services) / sizeof(no_services[0]); i++)
                assert_false(service_rules_allow(
                        (const char *const[]){no_services[i], NULL}, no_services[i], why, sizeof(why)));
}

static void an_alias_and_what_hangs_on_a_unit_count_as_well(void **state) {
        struct fixture *fixture = *state;
        char more[2048] = "BoundBy=";

        fixture->more = "Id=postfix@-.service\n";
        assert_not_restarted(fixture, -EPERM,
                "amavis.service is postfix@-.service, which is never restarted by spoolguard");
        fixture->more = "RequiredBy=other.service\nConsistsOf=x.service postfix.service\n";
        assert_not_restarted(
                fixture, -EPERM, "a restart of amavis.service would take postfix.service with it");
        fixture->more = "PropagatesStopTo=systemd-logind.service\n";
        assert_not_restarted(
                fixture, -EPERM, "a restart of amavis.service would take systemd-logind.service with it");
        for (int i = 0; i < 150; i++)
                strcat(more, "a.service ");
        fixture->more = more;
        assert_not_restarted(
                fixture, -EPERM, "so many units hang on amavis.service that not all can be looked at");
        fixture->more = "RequiredBy=other.service\nConsistsOf=x.service postfix-policyd.service\n";
        assert_int_equal(site_act(&fixture->site), 0);
}

static void what_systemctl_says_is_told(void **state) {
        struct fixture *fixture = *state;

        fixture->restart_status = 1;
        assert_int_equal(site_act(&fixture->site), -EIO);
        assert_string_equal(site_text(&fixture->site),
                "systemctl restart amavis.service failed (1): Job for amavis.service failed.");
        assert_string_equal(fixture->site.bench.command, RESTART);
        fixture->restart_status = -ETIME;
        assert_int_equal(site_act(&fixture->site), -ETIME);
        assert_string_equal(site_text(&fixture->site),
                "amavis.service is not up yet, and systemd goes on with it: systemctl status amavis.service");
}

static void one_that_dies_or_comes_up_again_and_again_does_not_count(void **state) {
        struct fixture *fixture = *state;

        fixture->dies_at = 4;
        assert_int_equal(site_act(&fixture->site), -EIO);
        assert_string_equal(site_text(&fixture->site),
                "amavis.service does not stay up: 1.5 s after its restart it is failed (failed, exit-code)");
        assert_int_equal(fixture->site.bench.outcome.count, 0);
        fixture->dies_at = 0;
        fixture->flaps_at = 3;
        assert_int_equal(site_act(&fixture->site), -EIO);
        assert_string_equal(site_text(&fixture->site),
                "amavis.service does not stay up: it was started once more within 1.0 s of its restart");
}

static void one_that_is_still_the_same_was_not_restarted(void **state) {
        struct fixture *fixture = *state;

        fixture->comes_up = false;
        assert_int_equal(site_act(&fixture->site), -EIO);
        assert_string_equal(site_text(&fixture->site),
                "systemctl was content, but amavis.service is the same as before: it was not restarted");
}

static void an_instance_has_the_file_of_its_template(void **state) {
        struct fixture *fixture = *state;
        char why[256];

        scratch_write(&fixture->site.scratch, "etc/systemd/system/filter@.service", "[Unit]\n");
        scratch_write(&fixture->site.scratch, "run/systemd/generator.late/old.service", "[Unit]\n");
        scratch_write(&fixture->site.scratch, "etc/systemd/system/empty.service", "");
        assert_true(service_file_find(fixture->site.scratch.path, "filter@1.service", why, sizeof(why)));
        assert_true(service_file_find(fixture->site.scratch.path, "old.service", why, sizeof(why)));
        assert_false(service_file_find(fixture->site.scratch.path, "filter.service", why, sizeof(why)));
        assert_false(service_file_find(fixture->site.scratch.path, "other@1.service", why, sizeof(why)));
        assert_false(service_file_find(fixture->site.scratch.path, "empty.service", why, sizeof(why)));
        assert_string_equal(why, "empty.service is masked: somebody does not want it to run");
}

static void lines_of_any_length_are_read_and_what_is_missing_stays_empty(void **state) {
        struct service_state read;
        char text[4096];

        (void)state;
        assert_false(service_state_parse("", &read));
        assert_false(service_state_parse("LoadState=loaded", &read));
        assert_false(service_state_parse("=\n==\nActiveState\nLoadState\n\n", &read));
        assert_true(service_state_parse("ActiveState=active\nLoadState=loaded", &read));
        assert_string_equal(read.active, "active");
        assert_string_equal(read.id, "");
        snprintf(text, sizeof(text), "ActiveState=%0200d\nLoadState=loaded\n", 0);
        assert_false(service_state_parse(text, &read));
        snprintf(text, sizeof(text), "ActiveState=active\nLoadState=loaded\nBoundBy=%02000d\n", 0);
        assert_true(service_state_parse(text, &read));
        assert_true(read.along_cut);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(a_service_that_is_up_is_restarted_and_watched_for_a_while),
                TEST(one_that_failed_is_started_again),
                TEST(one_that_somebody_stopped_or_is_busy_with_is_left_alone),
                TEST(what_systemd_does_not_know_is_not_restarted),
                TEST(only_units_of_the_list_are_allowed_and_only_services),
                TEST(some_are_never_restarted_whatever_is_configured),
                TEST(an_alias_and_what_hangs_on_a_unit_count_as_well),
                TEST(what_systemctl_says_is_told),
                TEST(one_that_dies_or_comes_up_again_and_again_does_not_count),
                TEST(one_that_is_still_the_same_was_not_restarted),
                TEST(an_instance_has_the_file_of_its_template),
                TEST(lines_of_any_length_are_read_and_what_is_missing_stays_empty),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
