/* SPDX-License-Identifier: MIT */
/* test_sandbox - what hostile text cannot do, and that every refusal has a file and a line */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "lua/sandbox.h"

#define MEMORY (4u << 20)
#define INSTRUCTIONS 2000000u

static int run(const char *text, bool with_library, struct problem *problem) {
        struct sandbox *sandbox;

        assert_int_equal(sandbox_new(MEMORY, &sandbox), 0);
        assert_int_equal(sandbox_push_environment(sandbox, with_library), 0);
        int r = sandbox_load(sandbox, "site.lua", text, strlen(text), problem);
        if (r >= 0)
                r = sandbox_call(sandbox, 0, 0, INSTRUCTIONS, problem);
        assert_int_equal(lua_gettop(sandbox_state(sandbox)), 0);
        assert_true(sandbox_memory_used(sandbox) <= MEMORY);
        sandbox_free(sandbox);
        return r;
}

static void every_escape_is_an_error_with_its_line(void **state) {
        static const char *const texts[] = {
                "\nio.open('/etc/shadow')",
                "\nos.execute('true')",
                "\nload('return 1')()",
                "\nloadstring('return 1')()",
                "\ndofile('/etc/passwd')",
                "\nrequire('os')",
                "\ndebug.getregistry()",
                "\ngetmetatable('').__index = nil",
                "\nsetmetatable({}, { __gc = print })",
                "\nrawset(string, 'rep', nil)",
                "\nrawget(string, 'dump')",
                "\ncollectgarbage('stop')",
                "\ncoroutine.create(pairs)",
                "\nprint('x')",
                "\nstring.rep = nil",
                "\nmath.pi = 3",
                "\ntable.insert(string, 1)",
                "\n('x'):dump()",
                "\nstring.dump(function() end)",
                "\n('x').upper = 1",
                "\nlocal f, real = pairs(string) real.rep = 1",
                "\n_G.x = 1",
                "\n_ENV.string.rep = 1",
                "\nnext(string)()",
                "\nerror({})",
                "\nerror(nil)",
                "\nerror('no position', 0)",
                "\nlocal x = nil + 1",
        };
        struct problem problem;

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(texts); i++) {
                if (run(texts[i], true, &problem) != -EINVAL)
                        fail_msg("ran: %s", texts[i]);
                if (strncmp(problem.text, "site.lua:2: ", 12) != 0)
                        fail_msg("%s: %s", texts[i] + 1, problem.text);
        }
}

static void allowed_things_work(void **state) {
        static const char *const texts[] = {
                "assert(('ab'):rep(2) == 'abab' and string.upper('a') == 'A')",
                "local t = {3, 1, 2} table.sort(t) assert(table.concat(t, ',') == '1,2,3')",
                "local n = 0 for k, v in pairs(string) do n = n + 1 end assert(n == 13)",
                "assert(not pcall(error, 'x') and math.floor(2.5) == 2 and #'abc' == 3)",
                "x = 1 assert(x == 1)",
        };
        struct problem problem = {""};

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(texts); i++)
                if (run(texts[i], true, &problem) != 0)
                        fail_msg("%s: %s", texts[i], problem.text);
}

static void empty_environment_is_empty(void **state) {
        struct problem problem;

        (void)state;
        assert_int_equal(run("assert(1)", false, &problem), -EINVAL);
        assert_non_null(strstr(problem.text, "site.lua:1: "));
        assert_int_equal(run("local x = { 'a', b = 2 } return x", false, &problem), 0);
}

static void endless_loop_is_stopped_and_no_pcall_keeps_it_alive(void **state) {
        static const char *const texts[] = {
                "while true do end",
                "while true do pcall(function() while true do end end) end",
                "local function again() pcall(again) return again() end again()",
                "repeat local ok = pcall(pcall, pcall, function() for i = 1, 1e12 do end end) until false",
                "local t = {} for i = 1, 100 do t[i] = i end "
                "while true do pcall(table.sort, t, function() while true do end end) end",
        };
        struct problem problem;

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(texts); i++) {
                assert_int_equal(run(texts[i], true, &problem), -EINVAL);
                if (!strstr(problem.text, "site.lua:1: ") || !strstr(problem.text, "without an end"))
                        fail_msg("%s: %s", texts[i], problem.text);
        }
}

static void memory_hog_gets_an_error_and_the_state_lives_on(void **state) {
        static const char *const texts[] = {
                "local s = ('x'):rep(1 << 30)",
                "local t = {} for i = 1, 1e9 do t[i] = i .. 'xxxxxxxx' end",
                "local s = 'x' while true do s = s .. s end",
        };
        struct problem problem;

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(texts); i++) {
                assert_int_equal(run(texts[i], true, &problem), -EINVAL);
                if (!strstr(problem.text, "site.lua") || !strstr(problem.text, "memory"))
                        fail_msg("%s: %s", texts[i], problem.text);
        }
}

static void full_state_says_so_instead_of_ending_the_process(void **state) {
        const char *fill =
                "local t = {} while true do if not pcall(function() t[#t + 1] = ('x'):rep(9) .. #t end) "
                "then break end end return t";
        struct problem problem;
        struct sandbox *sandbox;

        (void)state;
        assert_int_equal(sandbox_new(256u << 10, &sandbox), 0);
        assert_int_equal(sandbox_push_environment(sandbox, true), 0);
        assert_int_equal(sandbox_load(sandbox, "fill.lua", fill, strlen(fill), &problem), 0);
        assert_int_equal(sandbox_call(sandbox, 0, 1, 100 * INSTRUCTIONS, &problem), 0);
        int r = 0;
        for (int i = 0; i < 2000 && r == 0; i++)
                r = sandbox_push_environment(sandbox, true);
        assert_int_equal(r, -ENOMEM);
        sandbox_free(sandbox);
}

static void state_too_small_to_be_born_is_an_error(void **state) {
        struct sandbox *sandbox;

        (void)state;
        for (size_t max = 0; max < 12000; max += 100)
                if (sandbox_new(max, &sandbox) == 0)
                        sandbox_free(sandbox);
        assert_int_equal(sandbox_new(1000, &sandbox), -ENOMEM);
}

static void bytecode_and_bad_syntax_are_refused(void **state) {
        struct problem problem;

        (void)state;
        assert_int_equal(run("\x1bLuaT", true, &problem), -EINVAL);
        assert_non_null(strstr(problem.text, "site.lua"));
        assert_int_equal(run("return {\n  a = = 1\n}", true, &problem), -EINVAL);
        assert_non_null(strstr(problem.text, "site.lua:2: "));
}

static void deep_recursion_is_an_error_of_the_text(void **state) {
        struct problem problem;

        (void)state;
        assert_int_equal(run("local function f() return 1 + f() end f()", true, &problem), -EINVAL);
        assert_non_null(strstr(problem.text, "site.lua"));
        assert_int_equal(
                run("local s = '' for i = 1, 300 do s = s .. '(' end s:match(s .. 'x')", true, &problem),
                -EINVAL);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(every_escape_is_an_error_with_its_line),
                cmocka_unit_test(allowed_things_work),
                cmocka_unit_test(empty_environment_is_empty),
                cmocka_unit_test(endless_loop_is_stopped_and_no_pcall_keeps_it_alive),
                cmocka_unit_test(memory_hog_gets_an_error_and_the_state_lives_on),
                cmocka_unit_test(full_state_says_so_instead_of_ending_the_process),
                cmocka_unit_test(state_too_small_to_be_born_is_an_error),
                cmocka_unit_test(bytecode_and_bad_syntax_are_refused),
                cmocka_unit_test(deep_recursion_is_an_error_of_the_text),
        };

        return cmocka_run_group_tests_name("sandbox", tests, NULL, NULL);
}
