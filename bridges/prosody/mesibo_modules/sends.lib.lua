-- Delivers what modules send as stanzas, and reports its status.

local cache = require "util.cache";
local encodings = require "util.encodings";
local json = require "util.json";
local jid = require "util.jid";
local monotonic = require "util.time".monotonic;

local stanzas = module:require "stanzas";

-- How many sends are remembered, and for how long: a send that comes again is not delivered again, and receipts find it.
local REMEMBERED, REMEMBERED_FOR = 10000, 3600;
-- Seconds between two looks at all rooms that there are.
local SEARCH_EVERY = 10;
-- See modules/include/mesibo/module.h.
local STATUS_FAIL = 0x80;

local lib = {};

local function is_room_host(host)
	local found = prosody.hosts[host];
	return found and found.modules.muc;
end

-- settings: address (the sender where a module names none), host (of addresses that name none), is_peer (whether a host belongs to
-- another server at this core).
-- write: sends one frame. complain(what, ...): a line in the log, not too often. pass(stanza): the stanza is not asked about.
function lib.new(settings, write, counters, complain, pass)
	local sends = {};
	local known = cache.new(REMEMBERED);
	-- Room addresses by their number.
	local rooms = cache.new(REMEMBERED);
	local searched_at;
	local taken, refused = {}, {};
	-- Stanzas whose module has been told, and that go on. They come here again at the host of their recipient, perhaps as
	-- copies.
	local seen = setmetatable({}, { __mode = "k" });
	-- What became of sends that are not acknowledged yet.
	local early = {};

	-- The full address for what a module wrote, or nil.
	local function address_of(written)
		if type(written) ~= "string" or written == "" then return nil; end
		if not written:find("[@/.]") and not prosody.hosts[written] then written = written .. "@" .. settings.host(); end
		return jid.prep(written);
	end
	sends.address_of = address_of;

	-- Remembers a room by the number that modules know it by.
	function sends.note_room(address)
		local number = tostring(stanzas.number_of(address));
		rooms:set(number, address);
		return number;
	end

	-- Rooms that nobody has written to since the start are found in the storage, which takes a while.
	local function read_rooms()
		if searched_at and monotonic() - searched_at < SEARCH_EVERY then return; end
		searched_at = monotonic();
		for host in pairs(prosody.hosts) do
			local muc = is_room_host(host);
			if muc then
				for room in muc.all_rooms() do sends.note_room(room.jid); end
			end
		end
	end

	local function find_room(number)
		if not rooms:get(number) then read_rooms(); end
		return rooms:get(number);
	end

	local function room_at(address)
		local muc = address and is_room_host(jid.host(address));
		return muc and muc.get_room_from_jid(address);
	end

	-- Gives a message to a room. Returns what is wrong with it.
	local function to_room(known_as, id, number, from, text, flags)
		local room = room_at(find_room(number));
		if not room then return "there is no room with the groupid " .. number; end
		known_as.room = room.jid;
		local nick;
		for _, occupant in room:each_occupant() do
			if from and occupant.bare_jid == jid.bare(from) then nick = occupant.nick; end
		end
		-- A sender who is not in the room speaks as the room itself.
		room:broadcast_message(stanzas.make(id, "groupchat", nick or room.jid, room.jid, text, flags));
	end

	-- Gives a message to one address. Returns what is wrong with it.
	local function to_one(known_as, id, written, from, text, flags)
		local to = address_of(written);
		if not to then return ("%q is no address"):format(tostring(written)); end
		local host = prosody.hosts[jid.host(from)] or prosody.hosts[jid.host(to)];
		if not host then return ("it is from %s, and only the server of that address can send it to %s"):format(from, to); end
		known_as.from, known_as.to = jid.bare(from), jid.bare(to);
		local problem;
		local origin = setmetatable({
			send = function (reply)
				local kind, condition = reply:get_error();
				if kind then problem = ("%s cannot have it: %s"):format(to, condition); end
				return true;
			end;
		}, { __index = host });
		local stanza = stanzas.make(id, "chat", from, to, text, flags);
		pass(stanza);
		prosody.core_post_stanza(origin, stanza, false);
		return problem;
	end

	local function deliver(known_as, send)
		local params = type(send.params) == "table" and send.params or {};
		local text = type(send.text) == "string" and send.text or encodings.base64.decode(send.payload or "") or "";
		text = stanzas.clean(text);
		if text == "" then return "it has no text"; end
		local from = params.from and address_of(params.from) or not params.from and settings.address();
		local host = from and jid.host(from);
		if not host or not prosody.hosts[host] and not settings.is_peer(host) then
			return ("%q, which it is from, is no address of this server"):format(tostring(params.from));
		end
		local flags = math.tointeger(tonumber(params.flags)) or 0;
		local number = tostring(params.groupid or "0");
		if number ~= "0" then return to_room(known_as, send.sent_id, number, from, text, flags); end
		return to_one(known_as, send.sent_id, params.to, from, text, flags);
	end

	-- Takes one send of the core.
	function sends.take(send)
		local id = send.sent_id;
		if type(id) ~= "string" then
			counters.strange = counters.strange + 1;
			return;
		end
		local before = known:get(id);
		if before and monotonic() - before.at < REMEMBERED_FOR then
			counters.repeated = counters.repeated + 1;
		else
			before = { at = monotonic(), params = send.params, is_new = true };
			known:set(id, before);
			local ok, problem = xpcall(deliver, debug.traceback, before, send);
			-- It may have come back already.
			problem = problem or before.problem;
			before.is_new, before.problem, before.is_refused = nil, nil, problem ~= nil;
			if problem then
				complain("send " .. tostring(send.module), "A message of module %s is refused: %s", send.module, problem);
			elseif ok then
				counters.sent = counters.sent + 1;
			end
		end
		local list = before.is_refused and refused or taken;
		list[#list + 1] = id;
	end

	local function acknowledge(list, more)
		if #list == 0 then return list; end
		write(('{"ack":{"sent_ids":%s%s}}'):format(json.encode(list), more));
		return {};
	end

	local function tell(id, send, status)
		write(json.encode({ send_status = { sent_id = id, status = status, params = send.params } }));
	end

	-- Acknowledges what was taken since the last time.
	function sends.flush()
		taken = acknowledge(taken, "");
		refused = acknowledge(refused, ',"refused":true');
		local told = early;
		early = {};
		for _, one in ipairs(told) do
			if not one.send.is_refused then tell(one.id, one.send, one.status); end
		end
	end

	-- Whether a stanza comes from the recipient of a send, and goes to its sender. Others may know the id too.
	local function is_answer(send, stanza)
		local from, to = stanza.attr.from, jid.bare(stanza.attr.to or stanza.attr.from);
		if not send.room then return jid.bare(from) == send.to and to == send.from; end
		if to ~= send.room then return false; end
		local room = room_at(send.room);
		return room ~= nil and room ~= false and room:get_occupant_by_real_jid(from) ~= nil;
	end

	-- Takes a stanza with the status of a send: a receipt or an error. Tells the module. Returns true when nobody else
	-- is to get it.
	function sends.concerns(event)
		if seen[event] then return false; end
		local stanza = event.stanza;
		local id, status;
		if stanza.attr.type == "error" then
			id, status = stanza.attr.id, STATUS_FAIL;
		elseif not stanza:get_child("body") then
			id, status = stanzas.receipt_of(stanza);
		end
		local send = id and known:get(id);
		if not send or send.is_refused or not is_answer(send, stanza) then return false; end
		if not send.is_new then
			tell(id, send, status);
		elseif status == STATUS_FAIL and not send.room then
			local _, condition = stanza:get_error();
			send.problem = ("%s cannot have it: %s"):format(stanza.attr.from, condition);
		else
			-- It comes while the send is being delivered: the others in the room still get it.
			early[#early + 1] = { id = id, send = send, status = status };
		end
		-- A room wants to know which of its occupants cannot be reached.
		if not send.room or status ~= STATUS_FAIL then return true; end
		seen[event] = true;
		return false;
	end

	-- What a reload keeps.
	function sends.save()
		local kept = {};
		-- The latest comes first.
		for id, send in known:items() do kept[#kept + 1] = { id, send }; end
		return kept;
	end

	function sends.restore(kept)
		for at = #kept, 1, -1 do known:set(kept[at][1], kept[at][2]); end
	end

	-- Forgets what was not acknowledged, as the connection has ended: the core sends it again.
	function sends.reset()
		taken, refused, early = {}, {}, {};
	end

	return sends;
end

return lib;
