/* SPDX-License-Identifier: MIT */
/* test_ctl_preflight_postfix - what preflight says about settings of Postfix and the resolver, from plain text */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "ctl/preflight.h"

#define DAY UINT64_C(86400)

static const struct preflight_absence weekend = {.seconds = 3 * DAY, .until = "a weekend"};

static struct preflight_finding judge(preflight_judge_fn fn, const struct postconf *postconf) {
        struct preflight_finding finding = {.level = PREFLIGHT_OK};

        fn(postconf, &weekend, &finding);
        assert_true(finding.text[0] != '\0');
        return finding;
}

static void assert_finding(
        const struct preflight_finding *finding, enum preflight_level level, const char *part) {
        if (finding->level != level || !strstr(finding->text, part))
                fail_msg("%d: \"%s\", not %d: \"%s\"", finding->level, finding->text, level, part);
}

static void instances_that_are_enabled_are_found(void **state) {
        struct postconf_instance rows[POSTCONF_INSTANCES_MAX];

        (void)state;
        assert_int_equal(
                postconf_parse_instances("-               -               y         /etc/postfix\n"
                                         "postfix-out     mta             y         /etc/postfix-out\n"
                                         "postfix-old     -               n         /etc/postfix-old\n"
                                         "postmulti: warning: something\n",
                        rows),
                2);
        assert_string_equal(rows[0].name, "-");
        assert_string_equal(rows[0].config, "/etc/postfix");
        assert_string_equal(rows[1].config, "/etc/postfix-out");
        assert_int_equal(postconf_parse_instances("", rows), 0);
        /* One without a name of its own is not the default one. */
        assert_int_equal(postconf_parse_instances("- - n /etc/postfix\n- - y /etc/postfix-out\n", rows), 1);
        assert_string_equal(rows[0].name, "postfix-out");
}

static void a_setting_is_that_of_the_service_or_main_cf_or_the_default(void **state) {
        static const struct postconf postconf = {
                .config = "/etc/postfix",
                .values = "maximal_queue_lifetime_x = 9d\nmaximal_queue_lifetime = 5d\nbounce_queue_lifetime "
                          "= \n",
                .set = "postconf: warning: /etc/postfix/main.cf: unused parameter: "
                       "x=y\nbounce_queue_lifetime =\n",
                .overrides = "smtp/unix/maximal_queue_lifetime = 1d\nqmgr/unix/queue_run_delay = 60s\n",
        };
        struct postconf_setting setting;

        (void)state;
        assert_true(postconf_setting(&postconf, "qmgr", "maximal_queue_lifetime", &setting));
        assert_string_equal(setting.value, "5d");
        assert_false(setting.is_set);
        assert_true(postconf_setting(&postconf, "qmgr", "bounce_queue_lifetime", &setting));
        assert_string_equal(setting.value, "");
        assert_true(setting.is_set);
        assert_true(postconf_setting(&postconf, "qmgr", "queue_run_delay", &setting));
        assert_string_equal(setting.value, "60s");
        assert_string_equal(setting.file, "/etc/postfix/master.cf, service qmgr");
        assert_false(postconf_setting(&postconf, "qmgr", "minimal_backoff_time", &setting));
}

static void times_have_postfixs_units(void **state) {
        static const struct {
                const char *text;
                char unit;
                bool good;
                uint64_t seconds;
        } cases[] = {
                {"5d", 'd', true, 5 * DAY},
                {"5", 'd', true, 5 * DAY},
                {"300s", 's', true, 300},
                {"4000", 's', true, 4000},
                {"2w", 's', true, 14 * DAY},
                {"90m", 'h', true, 5400},
                {"0h", 'h', true, 0},
                {"", 'd', false, 0},
                {"soon", 'd', false, 0},
                {"-1d", 'd', false, 0},
                {"5dd", 'd', false, 0},
                {"5y", 'd', false, 0},
                {"99999999999", 's', false, 0},
        };

        (void)state;
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                uint64_t seconds = 0;

                assert_int_equal(postconf_time(cases[i].text, cases[i].unit, &seconds), cases[i].good);
                assert_int_equal(seconds, cases[i].seconds);
        }
}

static void a_domain_that_is_both_local_and_relayed_is_named(void **state) {
        static const struct {
                struct postconf postconf;
                enum preflight_level level;
                const char *says;
        } cases[] = {
                {{.config = "/etc/postfix", .values = "mydestination = a.example\nrelay_domains = \n"},
                        PREFLIGHT_OK, "no relay_domains"},
                /* Older Postfix relays for its own domains without being told to. */
                {{.config = "/etc/postfix",
                         .values = "mydestination = a.example\nrelay_domains = a.example\n"},
                        PREFLIGHT_OK, "no relay_domains"},
                {{.config = "/etc/postfix",
                         .values = "mydestination = a.example, localhost\nvirtual_alias_domains = \n"
                                   "virtual_mailbox_domains = \nrelay_domains = b.example\n",
                         .set = "relay_domains = b.example\n"},
                        PREFLIGHT_OK, "no domain is both local and in relay_domains"},
                {{.config = "/etc/postfix",
                         .values =
                                 "mydestination = a.example, B.Example\nvirtual_alias_domains = \n"
                                 "virtual_mailbox_domains = b.example\nrelay_domains = b.example c.example\n",
                         .set = "relay_domains = b.example c.example\n"},
                        PREFLIGHT_WARN,
                        "/etc/postfix/main.cf: B.Example in mydestination and in relay_domains"},
                {{.config = "/etc/postfix",
                         .values = "mydestination = a.example\nvirtual_mailbox_domains = sub.b.example\n"
                                   "relay_domains = b.example\n",
                         .set = "relay_domains = b.example\n"},
                        PREFLIGHT_OK, "no domain"},
                {{.config = "/etc/postfix",
                         .values = "mydestination = a.example\nrelay_domains = a.example, b.example\n",
                         .set = "relay_domains = $mydestination, b.example\n"},
                        PREFLIGHT_OK, "no domain"},
                {{.config = "/etc/postfix",
                         .values = "mydestination = a.example\n"
                                   "virtual_alias_domains = inline:{ {x.example = any thing}, c.example=1 }\n"
                                   "relay_domains = inline:{c.example=OK, d.example=OK}\n",
                         .set = "relay_domains = inline:{c.example=OK, d.example=OK}\n"},
                        PREFLIGHT_WARN, "c.example in virtual_alias_domains and in relay_domains"},
                {{.config = "/etc/postfix",
                         .values = "mydestination = a.example, b.example, c.example, d.example, e.example\n"
                                   "relay_domains = b.example c.example d.example e.example\n",
                         .set = "relay_domains = b.example c.example d.example e.example\n"},
                        PREFLIGHT_WARN, "b.example, c.example, d.example and others in mydestination"},
        };

        (void)state;
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                struct preflight_finding finding = judge(preflight_judge_domains, &cases[i].postconf);

                assert_finding(&finding, cases[i].level, cases[i].says);
        }
}

static void a_table_that_was_not_looked_into_is_not_taken_for_good(void **state) {
        static const struct postconf relayed = {.config = "/etc/postfix",
                .values =
                        "mydestination = a.example\nrelay_domains = ldap:/etc/postfix/relay.cf, b.example\n",
                .set = "relay_domains = ldap:/etc/postfix/relay.cf, b.example\n"};
        static const struct postconf local = {.config = "/etc/postfix",
                .values = "mydestination = a.example /etc/postfix/domains\nrelay_domains = b.example\n",
                .set = "relay_domains = b.example\n"};
        struct preflight_finding finding = judge(preflight_judge_domains, &relayed);

        (void)state;
        assert_finding(
                &finding, PREFLIGHT_WARN, "cannot be told, not looked into: ldap:/etc/postfix/relay.cf");
        finding = judge(preflight_judge_domains, &local);
        assert_finding(&finding, PREFLIGHT_WARN, "not looked into: /etc/postfix/domains");
}

static void tables_that_were_read_are_looked_into(void **state) {
        static const struct postconf postconf = {.config = "/etc/postfix",
                .values = "mydestination = a.example\nvirtual_alias_domains = hash:/etc/postfix/virtual\n"
                          "relay_domains = proxy:hash:/etc/postfix/relay\n",
                .set = "relay_domains = proxy:hash:/etc/postfix/relay\n",
                .tables = "hash:/etc/postfix/virtual\n x.example\n y.example\n"
                          "hash:/etc/postfix/empty\nproxy:hash:/etc/postfix/relay\n b.example\n Y.example\n"};
        static const struct postconf apart = {.config = "/etc/postfix",
                .values = "mydestination = a.example\nvirtual_alias_domains = hash:/etc/postfix/empty\n"
                          "relay_domains = hash:/etc/postfix/relay\n",
                .set = "relay_domains = hash:/etc/postfix/relay\n",
                .tables = "hash:/etc/postfix/empty\nhash:/etc/postfix/relay\n b.example\n"};
        struct preflight_finding finding = judge(preflight_judge_domains, &postconf);

        (void)state;
        assert_finding(&finding, PREFLIGHT_WARN, "y.example in virtual_alias_domains and in relay_domains");
        assert_null(strstr(finding.text, "not looked into"));
        finding = judge(preflight_judge_domains, &apart);
        assert_finding(&finding, PREFLIGHT_OK, "no domain is both local and in relay_domains");
}

static void a_delay_warning_is_bad_on_a_backup_mx_only(void **state) {
        static const struct postconf backup = {.config = "/etc/postfix",
                .values = "delay_warning_time = 4h\nrelay_domains = b.example\n",
                .set = "delay_warning_time = 4h\nrelay_domains = b.example\n"};
        static const struct postconf overridden = {.config = "/etc/postfix",
                .values = "delay_warning_time = 0h\nrelay_domains = b.example\n",
                .set = "relay_domains = b.example\n",
                .overrides = "cleanup/unix/delay_warning_time = 2h\n"};
        static const struct postconf submission = {.config = "/etc/postfix",
                .values = "delay_warning_time = 4h\nrelay_domains = \n",
                .set = "delay_warning_time = 4h\n"};
        static const struct postconf quiet = {.config = "/etc/postfix",
                .values = "delay_warning_time = 0h\nrelay_domains = b.example\n",
                .set = "relay_domains = b.example\n"};
        struct preflight_finding finding = judge(preflight_judge_delay_warning, &backup);

        (void)state;
        assert_finding(&finding, PREFLIGHT_WARN,
                "/etc/postfix/main.cf: delay_warning_time = 4h: this is a backup MX (relay_domains = "
                "b.example)");
        finding = judge(preflight_judge_delay_warning, &overridden);
        assert_finding(
                &finding, PREFLIGHT_WARN, "/etc/postfix/master.cf, service cleanup: delay_warning_time = 2h");
        finding = judge(preflight_judge_delay_warning, &submission);
        assert_finding(&finding, PREFLIGHT_OK, "no backup MX");
        finding = judge(preflight_judge_delay_warning, &quiet);
        assert_finding(&finding, PREFLIGHT_OK, "delay_warning_time = 0h (the default)");
}

static void a_lifetime_shorter_than_the_absence_is_warned_of(void **state) {
        static const struct postconf both = {.config = "/etc/postfix",
                .values = "maximal_queue_lifetime = 5d\nbounce_queue_lifetime = 3\n"};
        static const struct postconf mail = {.config = "/etc/postfix",
                .values = "maximal_queue_lifetime = 1d\nbounce_queue_lifetime = 5d\n",
                .set = "maximal_queue_lifetime = 1d\n"};
        static const struct postconf bounces = {.config = "/etc/postfix",
                .values = "maximal_queue_lifetime = 5d\nbounce_queue_lifetime = 12h\n",
                .set = "bounce_queue_lifetime = 12h\n"};
        static const struct postconf broken = {.config = "/etc/postfix",
                .values = "maximal_queue_lifetime = abc\nbounce_queue_lifetime = 5d\n"};
        static const struct postconf silent = {.config = "/etc/postfix"};
        struct preflight_finding finding = judge(preflight_judge_lifetime, &both);

        (void)state;
        assert_finding(&finding, PREFLIGHT_OK,
                "maximal_queue_lifetime = 5d (the default), longer than 3d (a weekend)");
        finding = judge(preflight_judge_lifetime, &mail);
        assert_finding(&finding, PREFLIGHT_WARN,
                "/etc/postfix/main.cf: maximal_queue_lifetime = 1d: mail that gets stuck is returned to its "
                "senders before people are back, which may take 3d (a weekend); better at least 5d");
        assert_null(strstr(finding.text, "bounce_queue_lifetime"));
        finding = judge(preflight_judge_lifetime, &bounces);
        assert_finding(
                &finding, PREFLIGHT_WARN, "bounce_queue_lifetime = 12h: a bounce that gets stuck is dropped");
        finding = judge(preflight_judge_lifetime, &broken);
        assert_finding(
                &finding, PREFLIGHT_WARN, "maximal_queue_lifetime = abc (the default): this is no time");
        finding = judge(preflight_judge_lifetime, &silent);
        assert_finding(&finding, PREFLIGHT_WARN, "postconf does not tell maximal_queue_lifetime");
}

static void tries_that_do_not_fit_each_other_are_warned_of(void **state) {
        static const struct {
                const char *values, *says;
                enum preflight_level level;
        } cases[] = {
                {"minimal_backoff_time = 300s\nmaximal_backoff_time = 4000s\nqueue_run_delay = 300s\n"
                 "maximal_queue_lifetime = 5d\n",
                        "300s to 4000s between tries", PREFLIGHT_OK},
                {"minimal_backoff_time = 300s\nmaximal_backoff_time = 4000s\nqueue_run_delay = 1h\n"
                 "maximal_queue_lifetime = 5d\n",
                        "queue_run_delay = 1h (the default) is more than minimal_backoff_time",
                        PREFLIGHT_WARN},
                {"minimal_backoff_time = 2h\nmaximal_backoff_time = 1h\nqueue_run_delay = 300s\n"
                 "maximal_queue_lifetime = 5d\n",
                        "maximal_backoff_time = 1h (the default) is less than minimal_backoff_time",
                        PREFLIGHT_WARN},
                {"minimal_backoff_time = 300s\nmaximal_backoff_time = 1d\nqueue_run_delay = 300s\n"
                 "maximal_queue_lifetime = 5d\n",
                        "mail waits so long after an outage is over", PREFLIGHT_WARN},
                {"minimal_backoff_time = 300s\nmaximal_backoff_time = 1d\nqueue_run_delay = 300s\n"
                 "maximal_queue_lifetime = 1d\n",
                        "is not less than maximal_queue_lifetime", PREFLIGHT_WARN},
        };

        (void)state;
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                struct postconf postconf = {.config = "/etc/postfix"};

                strcpy(postconf.values, cases[i].values);
                struct preflight_finding finding = judge(preflight_judge_retries, &postconf);

                assert_finding(&finding, cases[i].level, cases[i].says);
        }
}

static void a_main_cf_that_we_cannot_use_is_warned_of(void **state) {
        static const struct {
                const char *real; /* NULL: it is no link */
                mode_t mode;
                uid_t uid;
                off_t bytes;
                bool is_mount, has_nul;
                enum preflight_level level;
                const char *says;
        } cases[] = {
                {NULL, S_IFREG | 0644, 0, 0, false, false, PREFLIGHT_OK, "only root can write"},
                {NULL, S_IFREG | 0600, 0, 0, false, false, PREFLIGHT_OK, "only root can write"},
                {NULL, S_IFREG | 0664, 0, 0, false, false, PREFLIGHT_WARN, "mode 0664"},
                {NULL, S_IFREG | 0646, 0, 0, false, false, PREFLIGHT_WARN, "mode 0646"},
                {NULL, S_IFREG | 0644, 1000, 0, false, false, PREFLIGHT_WARN, "belongs to uid 1000"},
                {"/srv/relay.cf", S_IFREG | 0644, 0, 0, false, false, PREFLIGHT_WARN, "is a symbolic link"},
                {NULL, S_IFREG | 0644, 0, 0, true, false, PREFLIGHT_WARN, "is a mount of its own"},
                {NULL, S_IFDIR | 0755, 0, 0, false, false, PREFLIGHT_FAIL, "is not a file"},
                {"/srv/relay.cf", S_IFREG | 0644, 1000, 0, false, false, PREFLIGHT_WARN,
                        "belongs to uid 1000"},
                {"/root/relay.cf", S_IFREG | 0644, 0, 0, false, false, PREFLIGHT_WARN,
                        "leads to /root/relay.cf, which spoolguard.service cannot see"},
                {"/home/anna/main.cf", S_IFREG | 0644, 0, 0, false, false, PREFLIGHT_WARN, "cannot see"},
                {"/var/tmp/main.cf", S_IFREG | 0644, 0, 0, false, false, PREFLIGHT_WARN, "cannot see"},
                {NULL, S_IFREG | 0644, 0, 262144, false, false, PREFLIGHT_OK, "only root can write"},
                {NULL, S_IFREG | 0644, 0, 262145, false, false, PREFLIGHT_WARN, "more than 256 KiB"},
                {NULL, S_IFREG | 0644, 0, 0, false, true, PREFLIGHT_WARN, "has a NUL byte"},
        };

        (void)state;
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                const struct preflight_main_cf file = {
                        .path = "/etc/postfix/main.cf",
                        .real = cases[i].real ? cases[i].real : "/etc/postfix/main.cf",
                        .is_link = cases[i].real != NULL,
                        .is_mount = cases[i].is_mount,
                        .has_nul = cases[i].has_nul,
                        .status = {.st_mode = cases[i].mode,
                                .st_uid = cases[i].uid,
                                .st_size = cases[i].bytes},
                };
                struct preflight_finding finding = {.level = PREFLIGHT_OK};

                preflight_judge_main_cf(&file, &finding);
                assert_finding(&finding, cases[i].level, cases[i].says);
                assert_finding(&finding, cases[i].level, "/etc/postfix/main.cf");
        }
}

static void name_servers_are_counted_as_the_c_library_does(void **state) {
        static const struct {
                const char *text;
                enum preflight_level level;
                const char *says;
        } cases[] = {
                {"nameserver 192.0.2.1\nnameserver 192.0.2.2\n", PREFLIGHT_OK,
                        "2 name servers, 5s for an answer"},
                {"nameserver 192.0.2.1\n nameserver 192.0.2.2\n#nameserver 192.0.2.3\n", PREFLIGHT_WARN,
                        "a single name server"},
                {"nameserver 127.0.0.53\noptions edns0 trust-ad\n", PREFLIGHT_OK, "1 name server"},
                {"nameserver 1\nnameserver 2\nnameserver 3\nnameserver 4", PREFLIGHT_WARN, "4 name servers"},
                {"search example.test\n", PREFLIGHT_WARN, "names no name server"},
                {"", PREFLIGHT_WARN, "names no name server"},
                {"nameserver 192.0.2.1\nnameserver 192.0.2.2\noptions rotate timeout:20\n", PREFLIGHT_WARN,
                        "options timeout:20"},
                {"nameserver 192.0.2.1\nnameserver 192.0.2.2\noptions timeout:2\n", PREFLIGHT_OK,
                        "2s for an answer"},
        };

        (void)state;
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                struct preflight_finding finding = {.level = PREFLIGHT_OK};

                preflight_judge_name_servers(cases[i].text, &finding);
                assert_finding(&finding, cases[i].level, cases[i].says);
        }
}

static void a_service_in_a_chroot_is_seen_by_its_column(void **state) {
        static const struct {
                const char *level, *services;
                bool chrooted;
        } cases[] = {
                {"3.6", "smtp       inet  n       -       y       -       -       smtpd\n", true},
                {"3.6", "smtp       inet  n       -       -       -       -       smtpd\n", false},
                {"0", "smtp       inet  n       -       -       -       -       smtpd\n", true},
                {"0", "smtp       inet  n       -       n       -       -       smtpd\n", false},
                {"3.6", "qmgr unix n - n 300 1 qmgr\nsmtp unix - - y - - smtp\n", true},
                {"3.6", "", false},
        };

        (void)state;
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                struct postconf postconf = {.values = "compatibility_level = "};

                strcat(strcat(postconf.values, cases[i].level), "\n");
                strcpy(postconf.services, cases[i].services);
                assert_int_equal(postconf_is_chrooted(&postconf), cases[i].chrooted);
        }
}

static void of_several_findings_the_worst_are_kept(void **state) {
        struct preflight_finding finding = {.level = PREFLIGHT_OK};

        (void)state;
        preflight_also(&finding, PREFLIGHT_OK, "good");
        preflight_also(&finding, PREFLIGHT_OK, "fine");
        assert_string_equal(finding.text, "good; fine");
        preflight_also(&finding, PREFLIGHT_WARN, "bad %d", 1);
        preflight_also(&finding, PREFLIGHT_OK, "fine");
        preflight_also(&finding, PREFLIGHT_WARN, "bad %d", 2);
        assert_string_equal(finding.text, "bad 1; bad 2");
        assert_int_equal(finding.level, PREFLIGHT_WARN);
        for (int i = 0; i < 200; i++)
                preflight_also(&finding, PREFLIGHT_WARN, "and one more");
        assert_true(strlen(finding.text) < sizeof(finding.text));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(instances_that_are_enabled_are_found),
                cmocka_unit_test(a_setting_is_that_of_the_service_or_main_cf_or_the_default),
                cmocka_unit_test(times_have_postfixs_units),
                cmocka_unit_test(a_domain_that_is_both_local_and_relayed_is_named),
                cmocka_unit_test(a_table_that_was_not_looked_into_is_not_taken_for_good),
                cmocka_unit_test(tables_that_were_read_are_looked_into),
                cmocka_unit_test(a_delay_warning_is_bad_on_a_backup_mx_only),
                cmocka_unit_test(a_lifetime_shorter_than_the_absence_is_warned_of),
                cmocka_unit_test(tries_that_do_not_fit_each_other_are_warned_of),
                cmocka_unit_test(a_main_cf_that_we_cannot_use_is_warned_of),
                cmocka_unit_test(name_servers_are_counted_as_the_c_library_does),
                cmocka_unit_test(a_service_in_a_chroot_is_seen_by_its_column),
                cmocka_unit_test(of_several_findings_the_worst_are_kept),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
