-- What modules send, as stanzas; and what becomes of it.

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

-- settings: address (the sender where a module names none), host (of addresses that name none).
-- write: sends one frame. complain(what, ...): a line in the log, not too often. pass(stanza): the stanza is not asked about.
function lib.new(settings, write, counters, complain, pass)
	local sends = {};
	local known = cache.new(REMEMBERED);
	-- Room addresses by their number.
	local rooms = cache.new(REMEMBERED);
	local searched_at;
	local taken, refused = {}, {};

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

	-- Gives a message to a room. Returns what is wrong with it.
	local function to_room(id, number, from, text, flags)
		local address = find_room(number);
		local muc = address and is_room_host(jid.host(address));
		local room = muc and muc.get_room_from_jid(address);
		if not room then return "there is no room with the groupid " .. number; end
		local nick;
		for _, occupant in room:each_occupant() do
			if from and occupant.bare_jid == jid.bare(from) then nick = occupant.nick; end
		end
		-- Who is not in the room speaks as the room itself.
		room:broadcast_message(stanzas.make(id, "groupchat", nick or room.jid, room.jid, text, flags));
	end

	-- Gives a message to one address. Returns what is wrong with it.
	local function to_one(id, written, from, text, flags)
		local to = address_of(written);
		if not to then return ("%q is no address"):format(tostring(written)); end
		local problem;
		local origin = setmetatable({
			send = function (reply)
				local kind, condition = reply:get_error();
				if kind then problem = ("%s cannot have it: %s"):format(to, condition); end
				return true;
			end;
		}, { __index = prosody.hosts[jid.host(from)] });
		local stanza = stanzas.make(id, "chat", from, to, text, flags);
		pass(stanza);
		prosody.core_post_stanza(origin, stanza, false);
		return problem;
	end

	local function deliver(send)
		local params = type(send.params) == "table" and send.params or {};
		local text = type(send.text) == "string" and send.text or encodings.base64.decode(send.payload or "") or "";
		text = stanzas.clean(text);
		if text == "" then return "it has no text"; end
		local from = params.from and address_of(params.from) or not params.from and settings.address();
		if not from or not prosody.hosts[jid.host(from)] then
			return ("%q, which it is from, is no address of this server"):format(tostring(params.from));
		end
		local flags = math.tointeger(tonumber(params.flags)) or 0;
		local number = tostring(params.groupid or "0");
		if number ~= "0" then return to_room(send.sent_id, number, from, text, flags); end
		return to_one(send.sent_id, params.to, from, text, flags);
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
			local ok, problem = xpcall(deliver, debug.traceback, send);
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

	-- Acknowledges what was taken since the last time.
	function sends.flush()
		taken = acknowledge(taken, "");
		refused = acknowledge(refused, ',"refused":true');
	end

	local function tell(id, send, status)
		write(json.encode({ send_status = { sent_id = id, status = status, params = send.params } }));
	end

	-- Whether a stanza is about a send, a receipt or an error. If it is, the module is told, and nobody else.
	function sends.concerns(stanza)
		local id, status;
		if stanza.attr.type == "error" then
			id, status = stanza.attr.id, STATUS_FAIL;
		elseif not stanza:get_child("body") then
			id, status = stanzas.receipt_of(stanza);
		end
		local send = id and known:get(id);
		if not send or send.is_refused then return false; end
		if send.is_new then
			if status == STATUS_FAIL then
				local _, condition = stanza:get_error();
				send.problem = ("%s cannot have it: %s"):format(stanza.attr.from, condition);
			end
			return true;
		end
		local params = send.params or {};
		local is_to_room = (params.groupid or "0") ~= "0";
		-- Only who got it can say so.
		if not is_to_room and jid.bare(stanza.attr.from) ~= jid.bare(address_of(params.to)) then return false; end
		tell(id, send, status);
		-- A room wants to know which of its occupants cannot be reached.
		return not (is_to_room and status == STATUS_FAIL);
	end

	-- What a reload keeps.
	function sends.save()
		local kept = {};
		for id, send in known:items() do table.insert(kept, 1, { id, send }); end
		return kept;
	end

	function sends.restore(kept)
		for _, pair in ipairs(kept) do known:set(pair[1], pair[2]); end
	end

	-- Forgets what was not acknowledged, as the connection has ended: the core sends it again.
	function sends.reset()
		taken, refused = {}, {};
	end

	return sends;
end

return lib;
