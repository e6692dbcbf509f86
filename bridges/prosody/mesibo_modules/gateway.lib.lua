-- The connection to the core: JSON lines over its unix socket, as proto/gateway.proto describes them. It connects by itself, and
-- again when the connection ends.

local json = require "util.json";
local server = require "net.server";

local concat = table.concat;

-- The core waits no longer than this for a Hello, so a Welcome that is not there by then does not come.
local WELCOME_WITHIN = 10;
local FIRST_WAIT, LONGEST_WAIT = 0.1, 5;
-- A line from the core is not longer than this, whatever its max_message.
local LONGEST_LINE = 256 * 1024 * 1024;

local have_unix, unix = pcall(require, "socket.unix");
-- Older versions of lua-socket return the constructor itself.
if have_unix and type(unix) == "function" then unix = { stream = unix }; end
if not have_unix or type(unix) ~= "table" then unix = nil; end

local escapes = { ['"'] = '\\"', ["\\"] = "\\\\", ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t" };
for code = 0, 31 do
	local char = string.char(code);
	escapes[char] = escapes[char] or ("\\u%04x"):format(code);
end

local lib = {};

-- A string as JSON. It must be UTF-8.
function lib.quote(text)
	return '"' .. text:gsub('[%c"\\]', escapes) .. '"';
end

-- Fields, all of them strings, as a JSON object. Much faster than a general encoder, and needed for each message.
function lib.object(fields)
	local parts = {};
	for key, value in pairs(fields) do parts[#parts + 1] = '"' .. key .. '":' .. lib.quote(value); end
	return "{" .. concat(parts, ",") .. "}";
end

-- settings: path, server, instance.
-- told: up(welcome), outcome(outcome), send(send), failure(failure), down(reason), and read() after each piece that was read.
function lib.new(settings, told)
	local gateway = { is_up = false };
	local conn, wait, is_closed, is_limited;
	local held, held_size = {}, 0;
	-- The one that tries again, and the one that waits for a Welcome.
	local retry, greeting;
	local connect;

	-- A core that was connected before is probably restarting. Try again at once, and then less and less often.
	local function try_later()
		wait = is_limited and LONGEST_WAIT or wait and math.min(wait * 2, LONGEST_WAIT) or FIRST_WAIT;
		retry = module:add_timer(wait, connect);
	end

	local function drop(reason)
		if not conn then return; end
		local was = conn;
		conn, held, held_size = nil, {}, 0;
		gateway.is_up = false;
		if greeting then greeting:stop(); end
		was:close();
		told.down(reason);
		if not is_closed then try_later(); end
	end

	local function take(line)
		-- The most common line is read without a parser.
		local id = line:match('^{"outcome":{"id":"(%d+)","verdict":"pass"}}$');
		if id then return told.outcome({ id = id, verdict = "pass" }); end
		-- It throws when the text is nested too deeply.
		local ok, frame, problem = pcall(json.decode, line);
		if not ok or type(frame) ~= "table" then return drop("it sent what is not JSON: " .. tostring(problem or frame)); end
		if type(frame.outcome) == "table" then
			told.outcome(frame.outcome);
		elseif type(frame.send) == "table" then
			told.send(frame.send);
		elseif type(frame.welcome) == "table" then
			gateway.is_up, wait, is_limited = true, nil, false;
			told.up(frame.welcome);
		elseif type(frame.failure) == "table" then
			told.failure(frame.failure);
			if frame.failure.fatal then
				-- The core will say the same again, so there is no hurry.
				is_limited = true;
				drop(("%s: %s"):format(frame.failure.code, frame.failure.message));
			end
		end
	end

	local listeners = {};

	function listeners.onconnect(to)
		to:write(('{"hello":{"version_min":1,"version_max":1,"server":%s,"instance":%s,"takes_sends":true}}\n'):format(
			lib.quote(settings.server), lib.quote(settings.instance)));
	end

	function listeners.onincoming(from, data)
		local at = 1;
		while from == conn do
			local ends = data:find("\n", at, true);
			if not ends then break; end
			local line = data:sub(at, ends - 1);
			at = ends + 1;
			if held_size > 0 then
				held[#held + 1] = line;
				line, held, held_size = concat(held), {}, 0;
			end
			take(line);
		end
		if from ~= conn then return; end
		if at <= #data then
			held[#held + 1] = data:sub(at);
			held_size = held_size + #data - at + 1;
			if held_size > LONGEST_LINE then return drop("it sent a line without an end"); end
		end
		told.read();
	end

	function listeners.ondisconnect(from, problem)
		if from == conn then drop(problem or "it closed the connection"); end
	end

	-- Silence is normal: perhaps nobody has written anything.
	function listeners.onreadtimeout()
		return true;
	end

	function connect()
		if is_closed or conn then return; end
		local socket, ok, problem;
		if not unix then
			ok, problem = nil, "lua-socket is not installed, or is too old for unix sockets";
		else
			socket = unix.stream();
			socket:settimeout(0);
			ok, problem = socket:connect(settings.path);
			if ok then
				conn, problem = server.wrapclient(socket, "unix", 0, listeners, "*a");
				ok = conn;
			end
		end
		if not ok then
			if socket then socket:close(); end
			conn = nil;
			told.down(problem);
			try_later();
			return;
		end
		local this = conn;
		greeting = module:add_timer(WELCOME_WITHIN, function ()
			if conn == this and not gateway.is_up then drop("it does not answer"); end
		end);
	end

	gateway.start = connect;

	-- Sends one frame, a line of JSON without its end. While no core serves, nobody wants it.
	function gateway.write(line)
		if gateway.is_up then conn:write(line .. "\n"); end
	end

	function gateway.close(reason)
		is_closed = true;
		if retry then retry:stop(); end
		drop(reason);
	end

	return gateway;
end

return lib;
