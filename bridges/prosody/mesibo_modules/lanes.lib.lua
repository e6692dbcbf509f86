-- Keeps the order of what one user sends to one address, from all his sessions. While the first message waits for its verdict,
-- later ones to the same address wait behind it. Messages to other addresses do not wait.

local reading = module:require "reading";

local lib = {};

-- The connection of another server or a component has many senders. So it may have this many times more waiting than a client.
local SHARED = 4;
-- One session never has more than this part of all places, or than twice its limit. A session that is slowed down stays below that.
local SHARE, MOST = 0.25, 2;
-- When all sessions together have filled this part, none that brings messages is read from. The rest is for what was read already.
local FULL_AT = 0.75;
-- When reading goes on.
local RESUME_AT = 0.5;

-- A session that has `limit` messages here is not read from. Messages that were already read wait too: no message is refused
-- because it was written together with others. `total` bounds the messages of all sessions together.
function lib.new(limit, total)
	local lanes = { count = 0 };
	-- What waits, by sender and recipient.
	local by_key = {};
	local sessions = setmetatable({}, { __mode = "k" });
	-- Sessions that are not read from.
	local paused = setmetatable({}, { __mode = "k" });
	-- True from the moment when hardly a place is left until half of them are free.
	local is_full = false;

	local function pause(origin)
		paused[origin] = true;
		reading.pause(origin);
	end

	local function resume(origin)
		local session = sessions[origin];
		if not paused[origin] or is_full or session and session.count > session.limit * RESUME_AT then return; end
		paused[origin] = nil;
		reading.resume(origin);
	end

	local function leave(origin, session)
		session.count, lanes.count = session.count - 1, lanes.count - 1;
		if session.count == 0 then sessions[origin] = nil; end
		if is_full and lanes.count <= total * RESUME_AT then
			is_full = false;
			for waiting in pairs(paused) do resume(waiting); end
		else
			resume(origin);
		end
	end

	local function run(key, lane)
		if lane.is_running then return; end
		lane.is_running = true;
		while lane.first <= lane.last and lane[lane.first].go do
			local entry = lane[lane.first];
			lane[lane.first] = nil;
			lane.first = lane.first + 1;
			local ok, problem = xpcall(entry.go, debug.traceback);
			if not ok then module:log("error", "A message could not be put back: %s", problem); end
			leave(entry.origin, entry.session);
		end
		lane.is_running = false;
		if lane.first > lane.last then by_key[key] = nil; end
	end

	-- Whether something waits there.
	function lanes.waits(key)
		return by_key[key] ~= nil;
	end

	-- Takes a place in line; returns nil when there is none. Otherwise returns a function. Call it once, with what to do when
	-- everything before it is done.
	function lanes.join(origin, key)
		local session = sessions[origin];
		if lanes.count >= total or session and session.count >= math.max(total * SHARE, session.limit * MOST) then
			pause(origin);
			return nil;
		end
		if not session then
			session = { count = 0, limit = origin.type == "c2s" and limit or limit * SHARED };
			sessions[origin] = session;
		end
		local lane = by_key[key];
		if not lane then
			lane = { first = 1, last = 0, is_running = false };
			by_key[key] = lane;
		end
		local entry = { origin = origin, session = session };
		lane.last = lane.last + 1;
		lane[lane.last] = entry;
		session.count, lanes.count = session.count + 1, lanes.count + 1;
		if lanes.count >= total * FULL_AT then is_full = true; end
		if is_full or session.count >= session.limit then pause(origin); end
		return function (go)
			entry.go = go;
			run(key, lane);
		end
	end

	return lanes;
end

return lib;
