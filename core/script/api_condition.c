/* SPDX-License-Identifier: MIT */
/*
 * api_condition - tripped(name): which conditions of a name are tripped
 *
 *      for _, condition in ipairs(tripped("next-hop-down")) do
 *        log(condition.name .. ": " .. condition.labels.nexthop)
 *      end
 *
 * A list of { name = "next-hop-down_example.test", labels = { nexthop = "example.test" }, value = number }.  A plain
 * name stands for all its label sets.  One whose reading is missing at the moment is still tripped; it has no
 * value then.  A name that no condition has is an error of the playbook.
 *
 * Runs in the watcher.  Looks at the conditions and at nothing else.
 */
#include <lauxlib.h>
#include <math.h>

#include "script/script_private.h"

static int tripped(lua_State *lua) {
        struct script_run *run = script_enter(lua, "tripped", false);
        const struct engine *engine = run->script->engine;
        const char *name = luaL_checkstring(lua, 1);
        struct problem problem;
        lua_Integer n = 0;

        if (engine_check_condition(engine, name, &problem) < 0)
                return luaL_error(lua, "tripped: %s", problem.text);
        lua_newtable(lua);
        for (size_t i = 0; engine_condition(engine, i); i++) {
                const struct condition *condition = engine_condition(engine, i);

                if (!condition->tripped || !condition_is_named(condition->name, name))
                        continue;
                lua_createtable(lua, 0, 3);
                lua_pushstring(lua, condition->name);
                lua_setfield(lua, -2, "name");
                script_push_labels(lua, condition->labels, condition->n_labels);
                lua_setfield(lua, -2, "labels");
                if (!isnan(condition->value)) {
                        lua_pushnumber(lua, condition->value);
                        lua_setfield(lua, -2, "value");
                }
                lua_seti(lua, -2, ++n);
        }
        return 1;
}

const luaL_Reg api_condition[] = {{"tripped", tripped}, {NULL, NULL}};
