-- mod_mesibo_modules: gives the messages of this server to the modules of a mesibo-modules core, and does what these decide.
-- docs/prosody.md says how to set it up, and what each option does.
--
-- A message is taken out of Prosody before Prosody stores or copies it, and put back when it has its verdict. The folder
-- mesibo_modules beside this file has the parts: the connection (gateway), the open questions (desk), the order (lanes), what
-- modules see of a stanza (stanzas), and what they send (sends).

module:set_global();

local base64 = require "util.encodings".base64;
local jid = require "util.jid";
local pposix = require "util.pposix";
local st = require "util.stanza";

if not math.type then
	module:log_status("error", "mod_mesibo_modules needs a Prosody that runs with Lua 5.3 or later");
	return;
end

local gateway_lib = module:require "gateway";
local desk_lib = module:require "desk";
local lanes_lib = module:require "lanes";
local stanzas = module:require "stanzas";
local sends_lib = module:require "sends";

local hosts = prosody.hosts;
local quote, object = gateway_lib.quote, gateway_lib.object;

-- How many milliseconds an outcome may take from the core to here.
local MARGIN = 500;
-- Behind mod_blocklist (100), before mod_mam (0) and mod_carbons (-0.5): messages that their recipient blocks are not asked about,
-- and messages without a verdict are not stored.
local PRIORITY = 10;
-- Behind the room's check of who may speak (50), before its subject (20).
local ROOM_PRIORITY = 40;

---- Options

local function choice(name, default, ...)
	local value = module:get_option_string(name, default);
	for _, known in ipairs({ default, ... }) do
		if value == known then return value; end
	end
	module:log("error", "%s = %q is none of %s; %q counts", name, value, table.concat({ default, ... }, ", "), default);
	return default;
end

local function positive(name, default)
	local value = module:get_option_number(name, default);
	if value == nil and default == nil or value and value > 0 then return value; end
	module:log("error", "%s = %s is no number above 0; %s counts", name, tostring(value), tostring(default or "what the core says"));
	return default;
end

local path = module:get_option_string("mesibo_modules_socket", "/run/mesibo-modules/gateway.sock");
local name = module:get_option_string("mesibo_modules_server", "prosody");
local deadline = positive("mesibo_modules_deadline");
local on_unreachable = choice("mesibo_modules_unreachable", "pass", "error", "drop");
local on_consumed = choice("mesibo_modules_consumed", "drop", "error");
local on_overload = choice("mesibo_modules_overload", "error", "pass");
local queue = positive("mesibo_modules_queue", 256);
local queue_total = positive("mesibo_modules_queue_total", 16384);
local keep_unseen = module:get_option_boolean("mesibo_modules_keep_unseen", false);
local address = module:get_option_string("mesibo_modules_address");
local default_host = module:get_option_string("mesibo_modules_host");
local peers = module:get_option_set("mesibo_modules_peers", {});

if not name:match("^[%w_.-]+$") or #name > 64 then
	module:log("error", "mesibo_modules_server = %q is not 1 to 64 of A-Z a-z 0-9 _ . -; \"prosody\" counts", name);
	name = "prosody";
end

---- What is counted, and told in the log

local counters = module:shared("counters");
local COUNTED = {
	"asked", "consumed", "changed", "unreachable", "deadline", "failure", "overload", "oversize",
	"late", "strange", "sent", "repeated",
};
for _, counted in ipairs(COUNTED) do counters[counted] = counters[counted] or 0; end

local function count(what)
	counters[what] = counters[what] + 1;
end

local gauges = {};
for _, counted in ipairs(COUNTED) do gauges[counted] = module:measure(counted, "amount"); end
module:hook("stats-update", function ()
	for counted, gauge in pairs(gauges) do gauge(counters[counted]); end
end);

-- Each kind of complaint is in the log at most once a minute.
local complaints = {};
local function complain(what, format, ...)
	local now = os.time();
	local last = complaints[what];
	if last and now - last.at < 60 then
		last.count = last.count + 1;
		return;
	end
	complaints[what] = { at = now, count = 0 };
	module:log("warn", format .. (last and last.count > 0 and (" (and %d like it)"):format(last.count) or ""), ...);
end

local function undecided()
	return counters.unreachable + counters.deadline + counters.failure;
end

local ways = { pass = "are delivered unseen by modules", error = "are refused", drop = "are dropped" };
local away_since, undecided_before;

local function told_away(reason)
	if away_since then return; end
	away_since, undecided_before = os.time(), undecided();
	module:log_status("warn", "The core at %s cannot be reached: %s. Until it can, messages %s.", path, reason, ways[on_unreachable]);
end

local function told_there(what)
	if away_since == nil then return; end
	module:log_status("info", "%s; %d messages were not decided by modules in %d seconds.", what, undecided() - undecided_before,
		os.time() - away_since);
	away_since = nil;
end

---- The core

-- What the core told in its Welcome.
local wanted, largest = {}, 0;
local desk, sends;
local is_greeted, is_closing = false, false;

-- Names this process: the same after a reload, another one after a restart, even if the pid is the same.
local function find_instance()
	local file = io.open("/proc/self/stat");
	local fields = file and file:read("a"):match("^.*%)(.*)$") or "";
	if file then file:close(); end
	-- When it was started, in ticks: the 20th behind the name.
	return ("%d-%s"):format(pposix.getpid(), fields:match("^ " .. ("%S+ "):rep(19) .. "(%d+)") or "0");
end

local gateway = gateway_lib.new({
	path = path;
	server = name;
	instance = find_instance();
}, {
	up = function (welcome)
		wanted, largest = {}, tonumber(welcome.max_message) or 0;
		for _, callback in ipairs(welcome.callbacks or {}) do wanted[callback] = true; end
		local longest = deadline or (tonumber(welcome.chain_deadline_ms) or 5000) + MARGIN;
		desk.open(tonumber(welcome.window) or 1, longest / 1000);
		if away_since then
			told_there(("The core %s at %s serves again"):format(welcome.core_version or "", path));
		elseif not is_greeted then
			module:log_status("info", "The core %s at %s serves.", welcome.core_version or "", path);
		end
		is_greeted = true;
	end;
	outcome = function (outcome) desk.take(outcome); end;
	send = function (send) sends.take(send); end;
	failure = function (failure)
		complain("failure " .. tostring(failure.code), "The core says %s: %s", failure.code, failure.message);
		if failure.event_id then desk.take({ id = failure.event_id, failure = failure }); end
	end;
	down = function (reason)
		is_greeted = false;
		if not is_closing then told_away(reason); end
		sends.reset();
		desk.close();
	end;
	read = function ()
		desk.heard();
		sends.flush();
	end;
});

desk = desk_lib.new(gateway.write, counters);
function desk.on_silence() told_away("it does not answer"); end
function desk.on_return() told_there("The core at " .. path .. " answers again"); end

---- Stanzas that are taken out and put back

local lanes = lanes_lib.new(queue, queue_total);
-- Stanzas that are not asked about: they were already, or never are.
local passed = setmetatable({}, { __mode = "k" });
-- Who was in a room when he wrote, by the stanza.
local speakers = setmetatable({}, { __mode = "k" });
-- The session whose stanza is being put back: other modules may have replaced that stanza by a copy.
local posting;

-- The host of addresses that name none.
local function find_host()
	if default_host then return default_host; end
	local first;
	for host, session in pairs(hosts) do
		if session.type == "local" and (not first or host < first) then first = host; end
	end
	return first;
end

-- Whether a host belongs to another server at this core.
local function is_peer(host)
	return peers:contains(host) and not hosts[host];
end

sends = sends_lib.new({
	address = function () return address or find_host(); end;
	host = find_host;
	is_peer = is_peer;
}, gateway.write, counters, complain, function (stanza) passed[stanza] = true; end);

-- The user of a session when it wrote: sessions forget it when they end.
local function owner_of(origin)
	return {
		type = origin.type, username = origin.username, host = origin.host, resource = origin.resource,
		full_jid = origin.full_jid, from_host = origin.from_host, to_host = origin.to_host, hosts = origin.hosts,
		log = origin.log or module._log;
	};
end

-- The session, or a substitute for one that has ended: errors go where the stanza came from, if anybody is there.
local function alive(origin, owner)
	if not origin.destroyed and origin.type == owner.type then return origin; end
	function owner.send(stanza)
		if st.is_stanza(stanza) and stanza.attr.to then prosody.core_route_stanza(nil, stanza); end
		return true;
	end
	owner.rawsend = owner.send;
	return owner;
end

local function put_back(origin, stanza, post)
	passed[stanza] = true;
	local before = posting;
	posting = origin;
	local ok, problem = xpcall(post, debug.traceback, origin, stanza);
	posting = before;
	if not ok then error(problem, 0); end
end

local function refuse(origin, stanza, kind, condition, text)
	if stanza.attr.type == "error" then return; end
	origin.send(st.error_reply(stanza, kind, condition, text));
end

-- Handles a message that no module could decide on. Returns true when it is to be delivered.
local function deliver_undecided(origin, stanza, reason)
	count(reason);
	if on_unreachable == "error" then
		refuse(origin, stanza, "wait", "internal-server-error", "Messages cannot be checked at the moment");
	end
	return on_unreachable == "pass";
end

-- Does what modules decided. Returns true when the message is to be delivered.
local function obey(outcome, origin, stanza, body, to)
	if outcome.verdict == "consumed" then
		count("consumed");
		if on_consumed == "error" then refuse(origin, stanza, "modify", "not-acceptable", "The message was not accepted"); end
		return false;
	end
	local text = outcome.text or outcome.payload and base64.decode(outcome.payload);
	if type(text) == "string" then
		count("changed");
		stanzas.change_text(stanza, body, stanzas.clean(text));
	elseif not keep_unseen then
		stanzas.drop_unseen(stanza, body);
	end
	local params = outcome.params;
	if stanza.attr.type ~= "groupchat" and type(params) == "table" and params.to and params.to ~= to then
		local other = sends.address_of(params.to);
		if other then stanza.attr.to = other; end
	end
	return true;
end

-- Whether a stanza has been put back: there is nothing more to do about it.
local function is_back(event)
	return passed[event.stanza] or posting == event.origin;
end

-- Takes a stanza out. Leaves it when there is no question and nothing waits before it. Returns true when it took the stanza.
-- post(origin, stanza): puts it back.
local function handle(event, from, to, more, post)
	local origin, stanza = event.origin, event.stanza;
	local key = jid.bare(from) .. "\0" .. jid.bare(to);
	local text, body = stanzas.body_of(stanza);
	local is_asked = text and stanza.attr.type ~= "error" and not stanzas.is_encrypted(stanza);
	local waits = lanes.waits(key);

	if is_asked and desk.is_there() and not wanted.on_message then is_asked = false; end
	local reason = is_asked and (not desk.is_there() and "unreachable" or #text > largest and "oversize") or nil;
	if not waits and not is_asked then return; end
	if not waits and reason then
		if deliver_undecided(origin, stanza, reason) then return; end
		return true;
	end

	-- Make this before taking a place: a failure must not hold that place for ever.
	local content = is_asked and not reason
		and ('"message":{"params":%s,"text":%s}}}'):format(object(stanzas.params_of(stanza, from, to, more)), quote(text));
	local go = lanes.join(origin, key);
	if not go then
		count("overload");
		if on_overload == "pass" then return; end
		refuse(origin, stanza, "wait", "resource-constraint", "Too many of your messages are waiting");
		return true;
	end
	local owner = owner_of(origin);
	local function finish(decide)
		go(function ()
			local current = alive(origin, owner);
			local ok, delivers = xpcall(decide, debug.traceback, current);
			if not ok then
				module:log("error", "What the core decided cannot be done: %s", delivers);
				delivers = deliver_undecided(current, stanza, "failure");
			end
			if delivers then put_back(current, stanza, post); end
		end);
	end
	if not is_asked then
		finish(function () return true; end);
	elseif reason then
		finish(function (current) return deliver_undecided(current, stanza, reason); end);
	else
		count("asked");
		desk.ask(content, function (outcome, problem)
			finish(function (current)
				if not outcome then return deliver_undecided(current, stanza, problem); end
				return obey(outcome, current, stanza, body, to);
			end);
		end);
	end
	return true;
end

---- Stanzas that are not messages, but that modules hear of

local function tell_status(stanza, groupid)
	if not wanted.on_message_status or not desk.is_there() then return; end
	-- An error may have a copy of the receipt that it is about.
	if stanza.attr.type == "error" or stanza:get_child("body") then return; end
	local id, status = stanzas.receipt_of(stanza);
	if not id then return; end
	-- It is about a message that went the other way. Of a room's message it does not say who wrote it.
	local params = { to = jid.bare(stanza.attr.from), status = tostring(status), groupid = groupid };
	if not groupid then params.from = jid.bare(stanza.attr.to); end
	params.id = tostring(stanzas.number_of(id));
	desk.ask(('"status":%s}}'):format(object(params)));
end

local function tell_login(session, online)
	if not wanted.on_login or not desk.is_there() then return; end
	local login = { address = session.username .. "@" .. session.host, online = online };
	desk.ask(('"login":%s}}'):format(object(login)));
end

---- Which stanzas are taken

local function is_covered_room(host)
	local modules = hosts[host] and hosts[host].modules;
	return modules and modules.muc and modules.mesibo_modules and true or false;
end

-- Whether this host's own users, modules and rooms have nothing to do with a stanza.
local function is_foreign(origin)
	if origin.type == "s2sin" or origin.type == "s2sout" then return true; end
	if origin.type == "component" then return hosts[origin.host] ~= origin; end
	-- Its host has no mesibo_modules of its own.
	return origin.type == "c2s" and not (hosts[origin.host] and hosts[origin.host].modules.mesibo_modules);
end

-- The address that modules see: the full one for an occupant of a room, the bare one for others.
local function shown(address_, is_private)
	return is_private and address_ or jid.bare(address_);
end

local function about_one(stanza, to)
	local more = {};
	if prosody.bare_sessions[jid.bare(to)] then more.uflags = "1"; end
	if stanza.attr.type == "groupchat" then more.groupid = sends.note_room(jid.bare(to)); end
	return more;
end

local function post_outgoing(origin, stanza)
	prosody.core_post_stanza(origin, stanza, true);
end

local function post_incoming(origin, stanza)
	prosody.core_post_stanza(origin, stanza, false);
end

-- What a user of this host writes, to anybody.
local function on_outgoing(event)
	if is_back(event) then return; end
	local stanza = event.stanza;
	local to = stanza.attr.to or jid.bare(stanza.attr.from);
	local host = jid.host(to);
	if sends.concerns(event) then return true; end
	-- Rooms here look at it themselves, once they know that he may speak.
	if stanza.attr.type == "groupchat" and is_covered_room(host) then return; end
	local more = about_one(stanza, to);
	tell_status(stanza, more.groupid);
	local is_private = hosts[host] and hosts[host].modules.muc or stanza:get_child("x", "http://jabber.org/protocol/muc#user");
	return handle(event, jid.bare(stanza.attr.from), shown(to, is_private), more, post_outgoing);
end

-- What somebody from elsewhere writes to a user of this host.
local function on_incoming(event)
	if is_back(event) then return; end
	local stanza = event.stanza;
	if sends.concerns(event) then return true; end
	if not is_foreign(event.origin) or stanza.attr.type == "groupchat" or not stanza.attr.to then return; end
	if is_peer(jid.host(stanza.attr.from)) then return; end
	tell_status(stanza);
	local is_private = stanza:get_child("x", "http://jabber.org/protocol/muc#user");
	return handle(event, shown(stanza.attr.from, is_private), jid.bare(stanza.attr.to), about_one(stanza, stanza.attr.to),
		post_incoming);
end

-- Stanzas that matter only if they are about a send.
local function on_answer(event)
	if not is_back(event) and sends.concerns(event) then return true; end
end

-- What an occupant says in a room of this host.
local function on_groupchat(event)
	local stanza, room = event.stanza, event.room;
	local host = jid.host(room.jid);
	local more = { groupid = sends.note_room(room.jid) };
	if is_back(event) or is_peer(jid.host(stanza.attr.from)) then return; end
	speakers[stanza] = event.occupant;
	tell_status(stanza, more.groupid);
	return handle(event, jid.bare(stanza.attr.from), room.jid, more, function (current, message)
		local muc = hosts[host] and hosts[host].modules.muc;
		local now = muc and muc.get_room_from_jid(room.jid);
		if now then return now:handle_groupchat_to_room(current, message); end
		refuse(current, message, "cancel", "item-not-found", "The room has been closed");
	end);
end

-- A user who left while his message waited still said it while he was there.
local function bring_speaker(event)
	local speaker = speakers[event.stanza];
	if not speaker or not passed[event.stanza] or event.occupant then return; end
	if event.room:get_affiliation(speaker.bare_jid) ~= "outcast" then event.occupant = speaker; end
end

function module.add_host(module) -- luacheck: ignore 431/module
	if module:get_host_type() == "component" then
		-- To occupants of its rooms, from elsewhere.
		module:hook("message/full", on_incoming, PRIORITY);
		for _, kind in ipairs({ "bare", "host" }) do module:hook("message/" .. kind, on_answer, PRIORITY); end
		module:hook("muc-occupant-groupchat", bring_speaker, 1000);
		module:hook("muc-occupant-groupchat", on_groupchat, ROOM_PRIORITY);
		return;
	end
	for _, kind in ipairs({ "bare", "full", "host" }) do module:hook("pre-message/" .. kind, on_outgoing, PRIORITY); end
	module:hook("message/bare", on_incoming, PRIORITY);
	module:hook("message/full", on_incoming, PRIORITY);
	module:hook("message/host", on_answer, PRIORITY);
	-- A user logs in with the first of his clients, and out with the last.
	module:hook("resource-bind", function (event)
		local session = event.session;
		local sessions = hosts[session.host].sessions[session.username].sessions;
		if next(sessions, next(sessions)) == nil then tell_login(session, "1"); end
	end);
	module:hook("resource-unbind", function (event)
		local session = event.session;
		if not hosts[session.host].sessions[session.username] then tell_login(session, "0"); end
	end);
end

---- Its own life

local function close()
	is_closing = true;
	sends.flush();
	gateway.close("mod_mesibo_modules is unloaded");
end

function module.save()
	return { sends = sends.save() };
end

function module.restore(saved)
	sends.restore(saved.sends or {});
end

function module.unload()
	close();
end

-- Before the sessions are closed, so that waiting messages can still be delivered.
module:hook("server-stopping", close, 100);

gateway.start();
