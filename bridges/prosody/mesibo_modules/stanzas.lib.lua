-- Makes of a stanza what modules see, and puts their changes back into it.

local hashes = require "util.hashes";
local st = require "util.stanza";

local lib = {};

local xmlns_receipts = "urn:xmpp:receipts";
local xmlns_markers = "urn:xmpp:chat-markers:0";

-- See modules/include/mesibo/module.h.
local FLAG_DELIVERY_RECEIPT, FLAG_READ_RECEIPT, FLAG_TRANSIENT = 1, 2, 4;
local STATUS_DELIVERED, STATUS_READ = 2, 3;

-- A number above 0 for a text, always the same: its SHA-256, of which the first eight bytes count, without the highest two bits.
function lib.number_of(text)
	return string.unpack(">i8", hashes.sha256(text)) & 0x3fffffffffffffff;
end

-- The body that counts: the one without a language, else the first. Returns its text and the element.
function lib.body_of(stanza)
	local found;
	for body in stanza:childtags("body") do
		if not body.attr["xml:lang"] then
			found = body;
			break;
		end
		found = found or body;
	end
	local text = found and found:get_text();
	if text and text ~= "" then return text, found; end
end

-- The content of these is only for the recipients. The body only says that there is something.
local encrypted = {
	["eu.siacs.conversations.axolotl"] = "encrypted";
	["urn:xmpp:omemo:0"] = "encrypted";
	["urn:xmpp:omemo:1"] = "encrypted";
	["urn:xmpp:omemo:2"] = "encrypted";
	["urn:xmpp:openpgp:0"] = "openpgp";
	["jabber:x:encrypted"] = "x";
};

function lib.is_encrypted(stanza)
	for _, child in ipairs(stanza.tags) do
		if encrypted[child.attr.xmlns] == child.name then return true; end
	end
	return false;
end

-- The status of an earlier message, in a stanza without a body. Returns the id of that message and its status.
function lib.receipt_of(stanza)
	local received = stanza:get_child("received", xmlns_receipts) or stanza:get_child("received", xmlns_markers);
	if received then return received.attr.id, STATUS_DELIVERED; end
	local read = stanza:get_child("displayed", xmlns_markers) or stanza:get_child("acknowledged", xmlns_markers);
	if read then return read.attr.id, STATUS_READ; end
end

local function flags_of(stanza)
	return (stanza:get_child("request", xmlns_receipts) and FLAG_DELIVERY_RECEIPT or 0)
		+ (stanza:get_child("markable", xmlns_markers) and FLAG_READ_RECEIPT or 0)
		+ (stanza:get_child("no-store", "urn:xmpp:hints") and FLAG_TRANSIENT or 0);
end

-- The message that this one replaces or answers.
local function ref_of(stanza)
	local ref = stanza:get_child("replace", "urn:xmpp:message-correct:0") or stanza:get_child("reply", "urn:xmpp:reply:0");
	return ref and ref.attr.id;
end

-- The parameters of a message, for JSON: 64-bit numbers are strings.
function lib.params_of(stanza, from, to, more)
	local params = { from = from, to = to };
	local id, ref, flags = stanza.attr.id, ref_of(stanza), flags_of(stanza);
	if id then params.id = tostring(lib.number_of(id)); end
	if ref then params.refid = tostring(lib.number_of(ref)); end
	if flags > 0 then params.flags = tostring(flags); end
	for name, value in pairs(more) do params[name] = value; end
	return params;
end

-- Makes a text of any bytes that a module wrote: up to a NUL, as in C, and only what XML allows.
function lib.clean(text)
	text = text:match("^[^%z]*"):gsub("[\1-\8\11\12\14-\31]", "");
	local parts, at = {}, 1;
	while true do
		local _, bad = utf8.len(text, at);
		if not bad then break; end
		parts[#parts + 1] = text:sub(at, bad - 1);
		parts[#parts + 1] = "\u{FFFD}";
		at = bad + 1;
	end
	parts[#parts + 1] = text:sub(at);
	return (table.concat(parts):gsub("\u{FFFE}", "\u{FFFD}"):gsub("\u{FFFF}", "\u{FFFD}"));
end

-- Each of these repeats the body in another form, or counts its characters.
local beside = {
	["http://jabber.org/protocol/xhtml-im"] = "html";
	["urn:xmpp:markup:0"] = "markup";
	["urn:xmpp:reference:0"] = "reference";
};
local html_only = { ["http://jabber.org/protocol/xhtml-im"] = "html" };

local function keep_only(stanza, body, unwanted)
	stanza:maptags(function (child)
		if child.name == "body" and not child.attr.xmlns and child ~= body then return nil; end
		if unwanted[child.attr.xmlns] == child.name then return nil; end
		return child;
	end);
end

-- Takes out the texts that modules have not seen: other bodies, and HTML.
function lib.drop_unseen(stanza, body)
	keep_only(stanza, body, html_only);
end

-- Puts another text in the place of a body.
function lib.change_text(stanza, body, text)
	keep_only(stanza, body, beside);
	stanza:maptags(function (child)
		if child ~= body then return child; end
		return st.stanza("body", body.attr):text(text);
	end);
end

-- A message of a module as a stanza.
function lib.make(id, kind, from, to, text, flags)
	local stanza = st.message({ id = id, type = kind, from = from, to = to }, text);
	if flags & FLAG_DELIVERY_RECEIPT ~= 0 then stanza:tag("request", { xmlns = xmlns_receipts }):up(); end
	if flags & FLAG_READ_RECEIPT ~= 0 then stanza:tag("markable", { xmlns = xmlns_markers }):up(); end
	if flags & FLAG_TRANSIENT ~= 0 then stanza:tag("no-store", { xmlns = "urn:xmpp:hints" }):up(); end
	return stanza;
end

return lib;
