/* SPDX-License-Identifier: MIT */
/*
 * api_log - log and diagnose: words for people
 *
 *      log("the journal is not what fills /var/log")
 *      diagnose("rsyslog writes 40M a minute because of a reject loop with 192.0.2.1")
 *
 * log puts a sentence into the record of the incident and into the journal.  diagnose also makes it the one
 * sentence that people read about this incident, in place of the one made from readings.
 *
 * Runs in the watcher.  Limits: sentences are cut at 255 bytes; of one run the first 32 of each are kept, and the
 * number of the others is said when the run ends.
 */
#include <lauxlib.h>

#include "script/script_private.h"

static int note(lua_State *lua, const char *function, const char *kind) {
        struct script_run *run = script_enter(lua, function, false);

        engine_run_note(run->script->engine, run->run, kind, luaL_tolstring(lua, 1, NULL));
        return 0;
}

static int log_note(lua_State *lua) {
        return note(lua, "log", "note");
}

static int diagnose(lua_State *lua) {
        return note(lua, "diagnose", "diagnosis");
}

const luaL_Reg api_log[] = {{"log", log_note}, {"diagnose", diagnose}, {NULL, NULL}};
