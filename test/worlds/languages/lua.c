/* Lua in the module: text, numbers, the environment, another program, errors. */
#include "../world.h"

#include <lauxlib.h>
#include <lualib.h>
#include <stdlib.h>

static int lua_say(lua_State *lua)
{
	say("%s", luaL_checkstring(lua, 1));
	return 0;
}

static void show_lua(void)
{
	lua_State *lua = luaL_newstate();
	luaL_openlibs(lua);
	lua_register(lua, "say", lua_say);
	setenv("WORLD_LUA", "set by the module", 1);
	if (luaL_dostring(lua, "say(_VERSION .. ' ' .. string.format('%5.2f %q', math.pi, 'x'))\n"
			       "say(os.getenv('WORLD_LUA'))\n"
			       "say(io.popen('echo $WORLD_LUA'):read('l'))\n"
			       "say(os.date('!%Y-%m-%d', 0))\n"
			       "say(tostring(pcall(error, 'thrown')))\n"
			       "print('printed by Lua') io.stdout:flush()\n"
			       "local t = {} for w in ('b c a'):gmatch('%a') do t[#t+1] = w end table.sort(t) say(table.concat(t))\n"))
		say("failed: %s", lua_tostring(lua, -1));
	if (luaL_dostring(lua, "error('uncaught')"))
		say("%s", lua_tostring(lua, -1));
	lua_close(lua);
}

WORLD({"lua", show_lua})
