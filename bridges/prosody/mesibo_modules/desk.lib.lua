-- The open questions to the core. Each question gets one answer: an outcome, or a reason why there is none.
-- Reasons: unreachable (no connection), deadline (no outcome in time), failure (the core could not take it).

local monotonic = require "util.time".monotonic;

local lib = {};

-- write: sends one frame. counters: counts `late` outcomes.
function lib.new(write, counters)
	local desk = {};
	-- Questions by id, until they are answered.
	local asked = {};
	-- The same in the order in which they came, which is that of their deadlines: order[first] to order[last]. Those from
	-- order[unsent] on wait for room in the core's window.
	local order, first, last, unsent = {}, 1, 0, 1;
	-- Ids whose outcome the core still owes, though it came too late for one of them; `owed_count` of them.
	local owed, owed_count = {}, 0;
	local window, deadline = 0, 0;
	local is_open, is_silent = false, false;
	local heard_at = 0;
	-- One timer for all questions: it runs for the first deadline.
	local timer;
	-- Different in each run of Prosody: a later send of a module names the id of the event that caused it.
	local next_id = os.time() * 0x100000;

	local function settle(entry, outcome, reason)
		if entry.is_settled then return; end
		entry.is_settled = true;
		asked[entry.id] = nil;
		local answer = entry.answer;
		-- The question may stay in line for a while, but what it refers to must not.
		entry.frame, entry.answer = nil, nil;
		if answer then answer(outcome, reason); end
	end

	local function send_waiting()
		while is_open and unsent <= last and owed_count < window do
			local entry = order[unsent];
			unsent = unsent + 1;
			if not entry.is_settled then
				owed[entry.id], owed_count = true, owed_count + 1;
				local frame = entry.frame;
				entry.frame, entry.asked_at = nil, monotonic();
				write(frame);
			end
		end
	end

	local function drop_settled()
		while first <= last and order[first].is_settled do
			order[first] = nil;
			first = first + 1;
		end
		if unsent < first then unsent = first; end
	end

	-- Answers all open questions. An answer may ask a new one: that one stays open.
	local function answer_all(reason)
		local from, to, all = first, last, order;
		order, first, last, unsent = {}, 1, 0, 1;
		for at = from, to do settle(all[at], nil, reason); end
	end

	local function watch()
		local now = monotonic();
		drop_settled();
		while first <= last and order[first].ends_at <= now do
			local entry = order[first];
			-- The core has sent nothing since this was asked: it stands still, and no other message waits for it.
			if entry.asked_at and heard_at < entry.asked_at and not is_silent then
				is_silent = true;
				desk.on_silence();
				answer_all("deadline");
				break;
			end
			settle(entry, nil, "deadline");
			drop_settled();
		end
		if first <= last then return math.max(order[first].ends_at - now, 0.001); end
		timer = nil;
	end

	-- Called when a connected core stands still, and when it sends something again.
	function desk.on_silence() end
	function desk.on_return() end

	-- Asks one question. `content` is the JSON of its event, from behind the id on. `answer(outcome, reason)` is called once,
	-- later or at once; without it nobody waits for the outcome.
	function desk.ask(content, answer)
		if not is_open or is_silent then
			if answer then answer(nil, "unreachable"); end
			return;
		end
		next_id = next_id + 1;
		local id = ("%d"):format(next_id);
		local entry = { id = id, frame = '{"event":{"id":"' .. id .. '",' .. content, answer = answer, ends_at = monotonic() + deadline };
		asked[id] = entry;
		last = last + 1;
		order[last] = entry;
		send_waiting();
		timer = timer or module:add_timer(deadline, watch);
	end

	-- The core has sent an outcome.
	function desk.take(outcome)
		local id = outcome.id;
		if not owed[id] then
			counters.strange = counters.strange + 1;
			return;
		end
		owed[id], owed_count = nil, owed_count - 1;
		local entry = asked[id];
		if not entry then
			counters.late = counters.late + 1;
		elseif outcome.failure then
			settle(entry, nil, "failure");
		else
			settle(entry, outcome);
		end
		drop_settled();
		send_waiting();
	end

	-- Anything has come from the core.
	function desk.heard()
		heard_at = monotonic();
		if is_silent then
			is_silent = false;
			desk.on_return();
		end
	end

	-- The core serves: that many questions at a time, each for so many seconds at most.
	function desk.open(new_window, new_deadline)
		is_open, window, deadline = true, new_window, new_deadline;
		send_waiting();
	end

	function desk.close()
		is_open, is_silent = false, false;
		owed, owed_count = {}, 0;
		if timer then timer:stop(); end
		timer = nil;
		answer_all("unreachable");
	end

	-- Whether there is a core that answers.
	function desk.is_there()
		return is_open and not is_silent;
	end

	return desk;
end

return lib;
