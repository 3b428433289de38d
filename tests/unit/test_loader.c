/* SPDX-License-Identifier: MIT */
/* test_loader - real files of a site, evaluated as the loader does, with the real plugins */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "config/config.h"
#include "loader/loader.h"
#include "support/scratch.h"

#define PLAYBOOK(name, more)                                                                            \
        "return playbook {\n"                                                                           \
        "  name = \"" name "\",\n"                                                                      \
        "  options = { keep = \"200M\", ratio = 0.5, loud = true },\n" more                             \
        "  run = function(incident, options)\n    act(\"journal.vacuum\", { keep = options.keep })\n  " \
        "end,\n"                                                                                        \
        "}\n"

struct fixture {
        struct scratch scratch;
        char etc[128], share[128], *text, *problems;
        size_t size;
        struct config *config;
};

static int setup(void **state) {
        struct fixture *fixture = calloc(1, sizeof(*fixture));

        scratch_init(&fixture->scratch);
        snprintf(fixture->etc, sizeof(fixture->etc), "%s", scratch_path(&fixture->scratch, "etc"));
        snprintf(fixture->share, sizeof(fixture->share), "%s", scratch_path(&fixture->scratch, "share"));
        *state = fixture;
        return 0;
}

static int teardown(void **state) {
        struct fixture *fixture = *state;

        config_free(fixture->config);
        free(fixture->text);
        free(fixture->problems);
        scratch_deinit(&fixture->scratch);
        free(fixture);
        return 0;
}

static int evaluate(struct fixture *fixture) {
        const struct loader_paths paths = {
                .etc = fixture->etc, .share = fixture->share, .plugin_dir = PLUGIN_DIR};

        return loader_evaluate(&paths, geteuid(), &fixture->text, &fixture->size, &fixture->problems);
}

static const struct config *load(struct fixture *fixture) {
        struct problem problem = {0};

        if (evaluate(fixture) < 0)
                fail_msg("refused: %s", fixture->problems);
        if (config_new(fixture->text, fixture->size, &fixture->config, &problem) < 0)
                fail_msg("%s", problem.text);
        return fixture->config;
}

/* The refusal must be in the words given, "@" standing for the directory of the site. */
static void refuse(struct fixture *fixture, const char *line) {
        char expected[512];

        snprintf(expected, sizeof(expected), "%s%s", *line == '@' ? fixture->etc : "", line + (*line == '@'));
        assert_int_equal(evaluate(fixture), -EINVAL);
        if (!strstr(fixture->problems, expected))
                fail_msg("\"%s\" is not in:\n%s", expected, fixture->problems);
        free(fixture->problems);
        fixture->problems = NULL;
}

static void expect_entry(
        const struct fixture *fixture, const char *key, const char *value, const char *origin) {
        const struct config_entry *entry = config_find(fixture->config, key);
        char expected[512];

        assert_non_null(entry);
        snprintf(expected, sizeof(expected), "%s%s", *origin == '@' ? fixture->etc : "",
                origin + (*origin == '@'));
        assert_string_equal(entry->value, value);
        assert_string_equal(entry->origin, expected);
}

static void it_works_without_any_file(void **state) {
        struct fixture *fixture = *state;
        const struct config *config = load(fixture);

        expect_entry(fixture, "mode", "enforce", "built-in");
        expect_entry(fixture, "conditions.disk-space-high.trip", "0.85", "built-in");
        expect_entry(fixture, "plugins.disk.ballast", "16M", "built-in");
        assert_true(config->n_conditions >= 4);
        assert_int_equal(config->n_playbooks, 0);
        assert_null(config->problems[0]);
}

static void one_overridden_default_leaves_the_others(void **state) {
        struct fixture *fixture = *state;

        scratch_write(&fixture->scratch, "etc/spoolguard.lua",
                "return {\n  conditions = {\n    [\"disk-space-high\"] = { trip = 0.9 },\n  },\n}\n");
        load(fixture);
        expect_entry(fixture, "conditions.disk-space-high.trip", "0.9", "@/spoolguard.lua:3");
        expect_entry(fixture, "conditions.disk-space-high.clear", "0.8", "built-in");
        expect_entry(fixture, "conditions.disk-space-high.reading", "disk_used_ratio", "built-in");
}

static void files_are_merged_key_by_key_in_byte_order(void **state) {
        struct fixture *fixture = *state;

        scratch_write(&fixture->scratch, "etc/spoolguard.lua",
                "return { mode = 'observe', notify = { command = { '/bin/a', 'b', 'c' }, deadline = '10s' } "
                "}");
        scratch_write(
                &fixture->scratch, "etc/conf.d/20-b.lua", "return { notify = { command = { '/bin/z' } } }");
        scratch_write(&fixture->scratch, "etc/conf.d/10-a.lua", "return { notify = { command = '/bin/y' } }");
        scratch_write(&fixture->scratch, "etc/conf.d/30-c.lua", "-- nothing but a comment\n");
        scratch_write(&fixture->scratch, "etc/conf.d/.hidden.lua", "broken");
        scratch_write(&fixture->scratch, "etc/conf.d/x.lua~", "broken");
        load(fixture);
        expect_entry(fixture, "mode", "observe", "@/spoolguard.lua:1");
        expect_entry(fixture, "notify.command", "/bin/z", "@/conf.d/20-b.lua:1");
        expect_entry(fixture, "notify.deadline", "10s", "@/spoolguard.lua:1");
}

static void an_empty_list_replaces_a_list(void **state) {
        struct fixture *fixture = *state;

        scratch_write(&fixture->scratch, "etc/spoolguard.lua", "return { notify = { command = '/bin/a' } }");
        scratch_write(&fixture->scratch, "etc/conf.d/a.lua",
                "return { notify = { command = {} }, playbooks = {} }");
        load(fixture);
        assert_null(fixture->config->notify_command[0]);
}

static void sites_have_conditions_of_their_own(void **state) {
        struct fixture *fixture = *state;
        const struct config_condition *mine;

        scratch_write(&fixture->scratch, "etc/spoolguard.lua",
                "local GiB = 1024 ^ 3\n"
                "return { conditions = { mine = { reading = 'disk_available_bytes', when = 'below', trip = 2 "
                "* GiB,\n"
                "  clear = 3 * GiB, labels = { path = '/srv' }, lasting = '1m' } } }");
        mine = config_condition(load(fixture), "mine");
        assert_non_null(mine);
        assert_true(mine->trip == 2147483648.0 && mine->below);
        assert_string_equal(mine->labels[0].value, "/srv");
        expect_entry(fixture, "conditions.mine.level", "warning", "built-in");
}

static void mistakes_name_file_line_and_what_is_right(void **state) {
        static const struct {
                const char *text, *refusal;
        } cases[] = {
                {"return {\n\n  mood = 1 }", "@/spoolguard.lua:3: unknown key mood; did you mean \"mode\"?"},
                {"return {\n mode = 'enfroce' }",
                        "@/spoolguard.lua:2: mode = \"enfroce\": allowed are \"enforce\", \"observe\""},
                {"return {\n back_by = 'Monday' }",
                        "@/spoolguard.lua:2: back_by = \"Monday\": allowed are a day of the week"},
                {"return {\n\n back_by = 'Mon 25:00' }",
                        "@/spoolguard.lua:3: back_by = \"Mon 25:00\": there is no 25:00"},
                {"return { back_by = '2026-02-29 08:00' }",
                        "@/spoolguard.lua:1: back_by = \"2026-02-29 08:00\": there is no such day"},
                {"return { back_by = 8 }", "@/spoolguard.lua:1: back_by must be a text"},
                {"return { conditions = { ['queue-old'] = {\n cause = 200 } } }",
                        "@/spoolguard.lua:2: conditions.queue-old.cause = 200 is out of range: from 0 to "
                        "100"},
                {"return {\n mode = true }", "@/spoolguard.lua:2: mode must be a text"},
                {"return { conditions = {\n ['disk-space-high'] = {\n trip = '85%' } } }",
                        "@/spoolguard.lua:3: conditions.disk-space-high.trip must be a number (a number such "
                        "as 12 or "
                        "0.5), not the text \"85%\""},
                {"return { conditions = { ['disk-space-high'] = { trip = 0.7 } } }",
                        "conditions.disk-space-high.clear = 0.8 is on the wrong side of trip = 0.7"},
                {"return { conditions = { ['disk-space-high'] = {\n trip = 0/0 } } }",
                        "@/spoolguard.lua:2: conditions.disk-space-high.trip must be a finite number"},
                {"return { conditions = { mine = {\n trip = 1 } } }", "needs both \"reading\" and \"trip\""},
                {"return { conditions = { [\"disk-space-hig\"] = {\n trip = 0.5 } } }",
                        ":2: there is no condition \"disk-space-hig\"; did you mean \"disk-space-high\""},
                {"return { notify = { deadline = 5 } }",
                        "@/spoolguard.lua:1: notify.deadline = \"5\" is not a duration: write 90s, 15m, 24h, "
                        "7d or "
                        "1h30m"},
                {"return { notify = { deadline = '1h' } }", "out of range: from 1 to 300 seconds"},
                {"return { notify =\n{ command = 'mail' } }",
                        "@/spoolguard.lua:2: notify.command must begin with an absolute path, not \"mail\""},
                {"return { notify = 'x' }", "@/spoolguard.lua:1: notify must be a table"},
                {"return { mode = { x = 1 } }", "@/spoolguard.lua:1: mode.x: \"mode\" is not a table"},
                {"return { notify = { command = { 1, 2 } } }", "must be a list of texts"},
                {"return { notify = { command = { 'a', x = 1 } } }", "must be a list without gaps"},
                {"return { [1] = 'a', mode = 'observe' }",
                        "@/spoolguard.lua:1: the table has a key that is not a word"},
                {"return { [true] = 1 }", "has a key that is not a word"},
                {"return { ['a b'] = 1 }", "has a key that is not a word"},
                {"return {\n mode = function() end }", "@/spoolguard.lua:2: mode must be a text"},
                {"return { plugins = {\n dsik = { paths = {} } } }",
                        "@/spoolguard.lua:2: there is no plugin \"dsik\"; did you mean \"disk\"?"},
                {"return { plugins = { disk = {\n path = {} } } }",
                        "@/spoolguard.lua:2: the plugin disk has no option \"path\"; did you mean "
                        "\"paths\"?"},
                {"return { plugins = { disk = { ballast = '16X' } } }",
                        "plugins.disk.ballast = \"16X\" is not a size"},
                {"return { plugins = { disk = { ballast = '2G' } } }",
                        "plugins.disk.ballast = 2G is out of range"},
                {"return { playbooks = {\n none = { mode = 'off' } } }",
                        "@/spoolguard.lua:2: the playbook \"none\" does not exist"},
                {"return {\n mode = = 1 }", "@/spoolguard.lua:2: unexpected symbol near '='"},
                {"return {\n mode = os.getenv('HOME') }",
                        "@/spoolguard.lua:2: attempt to index a nil value (global 'os')"},
                {"mode = 'observe'", "@/spoolguard.lua:1: must end with one table: return { ... }"},
                {"return 'x'", "@/spoolguard.lua:1: must end with one table: return { ... }"},
                {"local t = {}\nt.t = t\nreturn t", "is nested too deeply"},
                {"\n\nwhile true do end", "@/spoolguard.lua:3:"},
                {"local s = 'x'\nwhile true do s = s .. s end", "not enough memory"},
                {"\x1bLua", "@/spoolguard.lua:1:"},
        };
        struct fixture *fixture = *state;

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                scratch_write(&fixture->scratch, "etc/spoolguard.lua", cases[i].text);
                refuse(fixture, cases[i].refusal);
        }
}

static void all_mistakes_are_reported_at_once(void **state) {
        struct fixture *fixture = *state;

        scratch_write(&fixture->scratch, "etc/spoolguard.lua", "return { mood = 1,\nnotfy = 2 }");
        scratch_write(&fixture->scratch, "etc/conf.d/a.lua", "return {");
        assert_int_equal(evaluate(fixture), -EINVAL);
        assert_non_null(strstr(fixture->problems, "unknown key mood"));
        assert_non_null(strstr(fixture->problems, "unknown key notfy"));
        assert_non_null(strstr(fixture->problems, "conf.d/a.lua:1:"));
}

static void what_is_no_file_of_text_is_refused(void **state) {
        struct fixture *fixture = *state;
        char *giant = malloc((256 << 10) + 2);

        scratch_mkdir(&fixture->scratch, "etc/spoolguard.lua");
        refuse(fixture, "@/spoolguard.lua:1: is not a regular file");
        rmdir(scratch_path(&fixture->scratch, "etc/spoolguard.lua"));
        assert_int_equal(mkfifo(scratch_path(&fixture->scratch, "etc/spoolguard.lua"), 0644), 0);
        refuse(fixture, "@/spoolguard.lua:1: is not a regular file");
        unlink(scratch_path(&fixture->scratch, "etc/spoolguard.lua"));
        memset(giant, ' ', (256 << 10) + 1);
        giant[(256 << 10) + 1] = '\0';
        scratch_write(&fixture->scratch, "etc/spoolguard.lua", giant);
        refuse(fixture, "@/spoolguard.lua:1: is larger than 262144 bytes");
        free(giant);
}

static void playbooks_of_the_site_replace_shipped_ones(void **state) {
        struct fixture *fixture = *state;
        const struct config_playbook *one;

        scratch_write(&fixture->scratch, "share/prelude.lua", "function helper() return act('x') end\n");
        scratch_write(
                &fixture->scratch, "share/playbooks/one.lua", PLAYBOOK("one", "summary = 'shipped',\n"));
        scratch_write(&fixture->scratch, "share/playbooks/two.lua",
                PLAYBOOK("two",
                        "on = { any = 'disk-space-high', cleared = { 'disk-inodes-high' } }, after = 'one',\n"
                        "budget = { runs = 2, per = '1h' }, cooldown = '15m', mode = 'observe',\n"));
        scratch_write(&fixture->scratch, "etc/playbooks/one.lua", PLAYBOOK("one", "summary = 'ours',\n"));
        scratch_write(&fixture->scratch, "etc/spoolguard.lua",
                "return { playbooks = { two = { mode = 'enforce', options = { keep = '1G' },\n"
                "  budget = { runs = 9 } } } }");
        one = config_playbook(load(fixture), "one");
        assert_string_equal(one->summary, "ours");
        assert_string_equal(one->file, scratch_path(&fixture->scratch, "etc/playbooks/one.lua"));
        assert_non_null(strstr(one->source, "act(\"journal.vacuum\""));
        assert_int_equal(one->mode, CONFIG_MODE_ENFORCE);
        expect_entry(fixture, "playbooks.two.any", "disk-space-high",
                scratch_path(&fixture->scratch, "share/playbooks/two.lua:4"));
        expect_entry(fixture, "playbooks.two.runs", "9", "@/spoolguard.lua:2");
        expect_entry(fixture, "playbooks.two.per", "1h",
                scratch_path(&fixture->scratch, "share/playbooks/two.lua:5"));
        expect_entry(fixture, "playbooks.two.mode", "enforce", "@/spoolguard.lua:1");
        expect_entry(fixture, "playbooks.one.cooldown", "5m", "built-in");
        expect_entry(fixture, "playbooks.two.options.keep", "s:1G", "@/spoolguard.lua:1");
        expect_entry(fixture, "playbooks.two.options.ratio", "n:0.5",
                scratch_path(&fixture->scratch, "share/playbooks/two.lua:3"));
        expect_entry(fixture, "playbooks.two.options.loud", "b:true",
                scratch_path(&fixture->scratch, "share/playbooks/two.lua:3"));
        assert_string_equal(fixture->config->prelude, "function helper() return act('x') end\n");
}

static void settings_for_playbooks_must_fit_them(void **state) {
        static const struct {
                const char *text, *refusal;
        } cases[] = {
                {"return { playbooks = {\n oen = { mode = 'off' } } }",
                        "@/spoolguard.lua:2: the playbook \"oen\" does not exist; did you mean \"one\"?"},
                {"return { playbooks = { one = { options = {\n kepe = '1M' } } } }",
                        "@/spoolguard.lua:2: the playbook one: the option \"kepe\" does not exist; did you "
                        "mean \"keep\"?"},
                {"return { playbooks = { one = { options = { keep = 1 } } } }",
                        "playbooks.one.options.keep must be of the same type as the playbook's own, the text "
                        "\"200M\""},
                {"return { playbooks = { one = { options = { loud = 'yes' } } } }",
                        "the playbook's own, true"},
                {"return { playbooks = { one = { run = 1 } } }", "unknown key playbooks.one.run"},
                {"return { playbooks = { one = { mode = 'loud' } } }", "\"enforce\", \"observe\", \"off\""},
        };
        struct fixture *fixture = *state;

        scratch_write(&fixture->scratch, "share/playbooks/one.lua", PLAYBOOK("one", ""));
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                scratch_write(&fixture->scratch, "etc/spoolguard.lua", cases[i].text);
                refuse(fixture, cases[i].refusal);
        }
}

static void a_broken_playbook_is_left_out_by_name_and_the_rest_works(void **state) {
        static const struct {
                const char *text, *reason;
        } cases[] = {
                {"return playbook {\n  name = \n", ":3: unexpected symbol near <eof>"},
                {"x = nil + 1", ":1: attempt to perform arithmetic"},
                {"error({ code = 1 })", ":1: "},
                {"error()", ":1: "},
                {"error('plain', 0)", "plain"},
                {"return {}", ":1: a playbook file must end with: return playbook { ... }"},
                {"playbook { name = 'bad' } return playbook { name = 'bad' }", "playbook is called twice"},
                {PLAYBOOK("other", ""),
                        ":2: name = \"other\" in a file called bad.lua: they must be the same"},
                {"return playbook { name = 'bad' }", ":1: the playbook has no \"run\""},
                {"return playbook { run = function() end }", ":1: the playbook has no \"name\""},
                {PLAYBOOK("bad", "colldown = '1m',\n"),
                        ":4: unknown key colldown; did you mean \"cooldown\"?"},
                {PLAYBOOK("bad", "cooldown = 5,\n"), ":4: cooldown = \"5\" is not a duration"},
                {PLAYBOOK("bad", "budget = { runs = 0 },\n"), ":4: budget.runs = 0 is out of range"},
                {PLAYBOOK("bad", "budget = { runs = 1.5 },\n"),
                        ":4: budget.runs = 1.5 must be a whole number"},
                {PLAYBOOK("bad", "on = 'disk-space-high',\n"), ":4: on must be a table"},
                {PLAYBOOK("bad", "on = { any = 'disc-space-high' },\n"),
                        ":4: on.any: the condition \"disc-space-high\" does not exist; did you mean "
                        "\"disk-space-high\"?"},
                {PLAYBOOK("bad", "on = { all = { 'disk-space-high', 'x' } },\n"),
                        "the condition \"x\" does not exist"},
                {PLAYBOOK("bad", "summary = sumary,\n"),
                        ":4: summary refers to \"sumary\", which is not defined"},
                {PLAYBOOK("bad", "summary = act('x'),\n"),
                        ":4: \"act\" is not defined, or can only be called inside of run"},
                {PLAYBOOK("bad", "summary = os.execute('true'),\n"), ":4: \"os.execute\" is not defined"},
                {"return playbook { name = 'bad', run = 5 }", ":1: run must be a function"},
                {"return playbook { name = 'bad', run = function() end,\n options = { a = {} } }",
                        ":2: options.a"},
                {"while true do end", "runs without an end"},
                {"while true do pcall(function() while true do end end) end", "without an end"},
                {"local t = {} for i = 1, 1e9 do t[i] = ('x'):rep(1e6) .. i end", "not enough memory"},
                {"return string.rep('x', 1e10)", ":1: "},
                {"playbook(setmetatable({}, {}))", "\"setmetatable\" is not defined"},
        };
        struct fixture *fixture = *state;

        scratch_write(&fixture->scratch, "share/playbooks/good.lua", PLAYBOOK("good", ""));
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                const struct config *config;
                const struct config_playbook *bad;
                bool is_late;

                scratch_write(&fixture->scratch, "etc/playbooks/bad.lua", cases[i].text);
                config = load(fixture);
                bad = config_playbook(config, "bad");
                assert_non_null(bad);
                /* A busy machine may not come to the end of the count of steps within the two seconds. */
                is_late = strstr(cases[i].text, "while true") && bad->failed &&
                        strstr(bad->failed, "did not finish within 2 seconds");
                if (!bad->failed || !strstr(bad->failed, "bad.lua:") ||
                        (!is_late && !strstr(bad->failed, cases[i].reason)))
                        fail_msg("\"%s\" is not in \"%s\"", cases[i].reason,
                                bad->failed ? bad->failed : "no failure");
                assert_string_equal(config->problems[0], bad->failed);
                assert_null(config->problems[1]);
                assert_null(config_playbook(config, "good")->failed);
                fixture->config = config_free(fixture->config);
                free(fixture->text);
                fixture->text = NULL;
        }
}

static void a_pattern_match_without_end_costs_two_seconds_and_one_file(void **state) {
        struct fixture *fixture = *state;
        uint64_t began_usec = clock_monotonic_usec();
        const struct config *config;

        scratch_write(&fixture->scratch, "share/playbooks/good.lua", PLAYBOOK("good", ""));
        scratch_write(&fixture->scratch, "share/playbooks/hangs.lua",
                "return string.find(string.rep('a', 5000), '.-.-.-.-.-.-.-.-b')");
        config = load(fixture);
        assert_true(clock_monotonic_usec() - began_usec < 8 * USEC_PER_SEC);
        assert_non_null(strstr(
                config_playbook(config, "hangs")->failed, "hangs.lua:1: did not finish within 2 seconds"));
        assert_null(config_playbook(config, "good")->failed);
}

static void playbook_files_need_usable_names(void **state) {
        struct fixture *fixture = *state;
        const struct config *config;

        scratch_write(&fixture->scratch, "etc/playbooks/Big Name.lua", PLAYBOOK("x", ""));
        assert_int_equal(
                symlink("/nowhere", scratch_path(&fixture->scratch, "etc/playbooks/dangling.lua")), 0);
        config = load(fixture);
        assert_int_equal(config->n_playbooks, 1);
        assert_non_null(strstr(config->problems[0], "Big Name.lua:1: a playbook file is named"));
        assert_non_null(strstr(config_playbook(config, "dangling")->failed, "leads to no file"));
}

static void a_reading_that_looks_misspelt_is_a_problem_but_no_refusal(void **state) {
        struct fixture *fixture = *state;

        scratch_write(&fixture->scratch, "etc/spoolguard.lua",
                "return { conditions = {\n a = { reading = 'disk_used_ration', trip = 1 },\n"
                " b = { reading = 'site_made_this_up', trip = 1 } } }");
        load(fixture);
        assert_non_null(strstr(fixture->config->problems[0],
                "spoolguard.lua:2: no sensor publishes the reading \"disk_used_ration\"; did you mean "
                "\"disk_used_ratio\"?"));
        assert_null(fixture->config->problems[1]);
}

static void refused_plugins_are_problems_and_their_options_no_mistakes(void **state) {
        struct fixture *fixture = *state;
        const struct loader_paths paths = {
                .etc = fixture->etc, .share = fixture->share, .plugin_dir = BAD_PLUGIN_DIR};
        struct problem problem;
        bool abi = false, must = false;

        scratch_write(
                &fixture->scratch, "etc/spoolguard.lua", "return { plugins = { wrong_abi = { any = 1 } } }");
        assert_int_equal(
                loader_evaluate(&paths, geteuid(), &fixture->text, &fixture->size, &fixture->problems), 0);
        assert_int_equal(config_new(fixture->text, fixture->size, &fixture->config, &problem), 0);
        for (const char *const *line = fixture->config->problems; *line; line++) {
                abi |= strstr(*line, "wrong_abi.so refused: built for ABI 7, this spoolguard has ABI 6") !=
                        NULL;
                must |= strstr(*line, "plugins.demanding.server must be given") != NULL;
        }
        assert_true(abi);
        assert_true(must);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(it_works_without_any_file, setup, teardown),
                cmocka_unit_test_setup_teardown(one_overridden_default_leaves_the_others, setup, teardown),
                cmocka_unit_test_setup_teardown(files_are_merged_key_by_key_in_byte_order, setup, teardown),
                cmocka_unit_test_setup_teardown(an_empty_list_replaces_a_list, setup, teardown),
                cmocka_unit_test_setup_teardown(sites_have_conditions_of_their_own, setup, teardown),
                cmocka_unit_test_setup_teardown(mistakes_name_file_line_and_what_is_right, setup, teardown),
                cmocka_unit_test_setup_teardown(all_mistakes_are_reported_at_once, setup, teardown),
                cmocka_unit_test_setup_teardown(what_is_no_file_of_text_is_refused, setup, teardown),
                cmocka_unit_test_setup_teardown(playbooks_of_the_site_replace_shipped_ones, setup, teardown),
                cmocka_unit_test_setup_teardown(settings_for_playbooks_must_fit_them, setup, teardown),
                cmocka_unit_test_setup_teardown(
                        a_broken_playbook_is_left_out_by_name_and_the_rest_works, setup, teardown),
                cmocka_unit_test_setup_teardown(
                        a_pattern_match_without_end_costs_two_seconds_and_one_file, setup, teardown),
                cmocka_unit_test_setup_teardown(playbook_files_need_usable_names, setup, teardown),
                cmocka_unit_test_setup_teardown(
                        a_reading_that_looks_misspelt_is_a_problem_but_no_refusal, setup, teardown),
                cmocka_unit_test_setup_teardown(
                        refused_plugins_are_problems_and_their_options_no_mistakes, setup, teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
