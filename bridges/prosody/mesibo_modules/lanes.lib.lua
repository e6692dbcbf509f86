-- The order of what one session sends to one address. While its first message waits for its verdict, what comes later to the
-- same address waits behind it. What goes to other addresses does not.

local lib = {};

-- How full it may be before nothing more is read, and when reading goes on.
local PAUSE_AT, RESUME_AT = 0.75, 0.5;

-- BOSH has no connection of its own.
local function pausable(origin)
	local conn = origin.conn;
	return not origin.bosh_version and type(conn) == "table" and conn.pausefor and conn.resume and conn or nil;
end

-- Each sender of a session may have `limit` messages here, and all together `total`. A client is the only sender of its session. It
-- is not read from while it has much here. A connection of another server or a component has many senders, so it is read from unless
-- all is full.
function lib.new(limit, total)
	local lanes = { count = 0 };
	local sessions = setmetatable({}, { __mode = "k" });
	-- Sessions that are not read from.
	local paused = setmetatable({}, { __mode = "k" });
	-- From the moment when no place is left until half of them are free.
	local is_full = false;

	local function pause(origin)
		local conn = pausable(origin);
		if not conn or paused[origin] then return; end
		paused[origin] = true;
		conn:pause();
	end

	local function resume(origin)
		local session = sessions[origin];
		if not paused[origin] or is_full or session and session.is_client and session.count > limit * RESUME_AT then return; end
		paused[origin] = nil;
		local conn = pausable(origin);
		if not conn then return; end
		-- resume() alone would leave what has been read already, but not parsed, until the client sends more.
		conn:resume();
		conn:pausefor(0);
	end

	local function leave(session, sender)
		local left = session.senders[sender] - 1;
		session.senders[sender] = left > 0 and left or nil;
		session.count, lanes.count = session.count - 1, lanes.count - 1;
	end

	local function run(origin, session, key, lane)
		if lane.is_running then return; end
		lane.is_running = true;
		while lane.first <= lane.last and lane[lane.first].go do
			local entry = lane[lane.first];
			lane[lane.first] = nil;
			lane.first = lane.first + 1;
			leave(session, entry.sender);
			local ok, problem = xpcall(entry.go, debug.traceback);
			if not ok then module:log("error", "A message could not be put back: %s", problem); end
		end
		lane.is_running = false;
		if lane.first > lane.last then
			session.lanes[key] = nil;
			if session.count == 0 then sessions[origin] = nil; end
		end
		if is_full and lanes.count <= total * RESUME_AT then
			is_full = false;
			for waiting in pairs(paused) do resume(waiting); end
		else
			resume(origin);
		end
	end

	-- Whether something waits there.
	function lanes.waits(origin, key)
		local session = sessions[origin];
		return session ~= nil and session.lanes[key] ~= nil;
	end

	-- Takes a place in line; returns nil when there is none. Otherwise returns a function that is given, once, what to do when
	-- all before it is done.
	function lanes.join(origin, key, sender)
		local session = sessions[origin];
		if lanes.count >= total then
			is_full = true;
			pause(origin);
			return nil;
		end
		if session and (session.senders[sender] or 0) >= limit then return nil; end
		if not session then
			session = { count = 0, lanes = {}, senders = {}, is_client = origin.type == "c2s" };
			sessions[origin] = session;
		end
		local lane = session.lanes[key];
		if not lane then
			lane = { first = 1, last = 0, is_running = false };
			session.lanes[key] = lane;
		end
		local entry = { sender = sender };
		lane.last = lane.last + 1;
		lane[lane.last] = entry;
		session.senders[sender] = (session.senders[sender] or 0) + 1;
		session.count, lanes.count = session.count + 1, lanes.count + 1;
		if lanes.count >= total then is_full = true; end
		if is_full or session.is_client and session.count >= limit * PAUSE_AT then pause(origin); end
		return function (go)
			entry.go = go;
			run(origin, session, key, lane);
		end
	end

	return lanes;
end

return lib;
