-- Stops reading from the connection of a session, and goes on, with each network backend of Prosody 0.12.

local server = require "net.server";

local lib = {};

-- Seconds.
local AT_ONCE = 0.001;

local function connection_of(session)
	local conn = session.conn;
	-- BOSH has no connection of its own.
	if session.bosh_version or type(conn) ~= "table" or not conn.pause or not conn.resume then return nil; end
	-- With `event` and `select`, mod_limits keeps the bytes over its rate, pauses, and goes on by itself. Bytes that are read meanwhile
	-- would overtake them. So leave it alone: its rate slows this session down.
	if session.throttle then return nil; end
	return conn;
end

-- `event` looks only at the socket: bytes that were read but not parsed would stay until the client sends more.
local function read_rest(conn)
	local socket = conn:socket();
	if not conn.readcallback or conn.noreading or not socket or not socket:dirty() then return; end
	local event = conn.eventread;
	-- It forgets its event where it shall read no more, as it is meant to be called by that event.
	if conn.readcallback() == -1 and event then event:close(); end
	return AT_ONCE;
end

-- Pausing a paused session is right: others may have let it go on.
function lib.pause(session)
	local conn = connection_of(session);
	if conn then conn:pause(); end
end

function lib.resume(session)
	local conn = connection_of(session);
	-- With `epoll` it may be paused for a while by mod_limits too, and goes on after that.
	if not conn or conn._pausefor then return; end
	conn:resume();
	if conn.pausefor then
		-- `epoll` looks only then at what it has read and not parsed.
		conn:pausefor(0);
	elseif conn.readcallback then
		-- Not a timer of the module: it would end with the module, and the bytes that were read would stay.
		server.add_task(AT_ONCE, function () return read_rest(conn); end);
	end
	-- `select` looks at that by itself.
end

return lib;
