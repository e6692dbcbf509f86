-- The order of what one session sends to one address. While its first message waits for its verdict, what comes later to the
-- same address waits behind it. What goes to other addresses does not.

local lib = {};

-- How full a session may be before nothing more is read from its connection, and when reading goes on.
local PAUSE_AT, RESUME_AT = 0.75, 0.5;

-- BOSH has no connection of its own.
local function pausable(origin)
	local conn = origin.conn;
	return not origin.bosh_version and type(conn) == "table" and conn.pausefor and conn.resume and conn or nil;
end

local function pause(session, origin)
	local conn = pausable(origin);
	if not conn then return; end
	session.is_paused = true;
	conn:pause();
end

local function resume(session, origin)
	session.is_paused = false;
	local conn = pausable(origin);
	if not conn then return; end
	-- resume() alone would leave what has been read already, but not parsed, until the client sends more.
	conn:resume();
	conn:pausefor(0);
end

-- Each session may have `limit` messages here, and all together `total`.
function lib.new(limit, total)
	local lanes = { count = 0 };
	local sessions = setmetatable({}, { __mode = "k" });

	local function run(origin, session, key, lane)
		if lane.is_running then return; end
		lane.is_running = true;
		while lane.first <= lane.last and lane[lane.first].go do
			local entry = lane[lane.first];
			lane[lane.first] = nil;
			lane.first = lane.first + 1;
			session.count, lanes.count = session.count - 1, lanes.count - 1;
			local ok, problem = xpcall(entry.go, debug.traceback);
			if not ok then module:log("error", "A message could not be put back: %s", problem); end
		end
		lane.is_running = false;
		if lane.first > lane.last then
			session.lanes[key] = nil;
			if session.count == 0 then sessions[origin] = nil; end
		end
		if session.is_paused and session.count <= limit * RESUME_AT then resume(session, origin); end
	end

	-- Whether something waits there.
	function lanes.waits(origin, key)
		local session = sessions[origin];
		return session ~= nil and session.lanes[key] ~= nil;
	end

	-- Takes a place in line; returns nil when there is none. Otherwise returns a function that is given, once, what to do when
	-- all before it is done.
	function lanes.join(origin, key)
		local session = sessions[origin];
		if lanes.count >= total or session and session.count >= limit then return nil; end
		if not session then
			session = { count = 0, lanes = {}, is_paused = false };
			sessions[origin] = session;
		end
		local lane = session.lanes[key];
		if not lane then
			lane = { first = 1, last = 0, is_running = false };
			session.lanes[key] = lane;
		end
		local entry = {};
		lane.last = lane.last + 1;
		lane[lane.last] = entry;
		session.count, lanes.count = session.count + 1, lanes.count + 1;
		if not session.is_paused and session.count >= limit * PAUSE_AT then pause(session, origin); end
		return function (go)
			entry.go = go;
			run(origin, session, key, lane);
		end
	end

	return lanes;
end

return lib;
