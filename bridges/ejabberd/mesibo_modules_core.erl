%%% The connections of one virtual host to the `http` door of a core.
%%%
%%% One connection is kept. While something waits there, the next request opens another one, up to the option `connections`: a slow
%%% verdict delays nobody else. Only when no more may be opened, requests follow each other on one connection; answers come in the
%%% same order. mesibo_modules_lane reads and writes a connection in processes of its own. This one never waits for the core.
%%%
%%% The waiting requests are bounded: a sender waits with one message; statuses and logins are counted, and so are all bytes.
%%%
%%% The breaker: without a connection nobody waits. A connection counts from the first answer of the core on it. When the core
%%% says nothing at all for as long as a message may wait, all connections are given up. When only one connection is silent for
%%% so long, nothing more is written on it. After twice the time it is given up.
-module(mesibo_modules_core).

-behaviour(gen_server).

-export([ask/3, tell/3, complain/3]).
-export([init/1, handle_call/3, handle_cast/2, handle_info/2, terminate/2]).

-include_lib("kernel/include/logger.hrl").

%% Milliseconds: how often to look for the core, and how often to try an idle connection.
-define(FIRST_DELAY, 100).
-define(LAST_DELAY, 5000).
-define(IDLE, 2000).
%% Requests that may wait on one connection. The core takes 64.
-define(WINDOW, 32).
%% Statuses and logins that may wait, and bytes of all that waits.
-define(TELLS, 1000).
-define(BYTES, 16#4000000).

%% A connection: its reader, its writer, the requests that wait for an answer there, in order, and since when the first waits.
-record(lane, {reader, writer, ids = queue:new(), count = 0, since = 0}).

-record(state, {
    host,
    options,
    token = <<>>,
    lanes = [],
    %% The processes of connections that the core has not answered on.
    opening = [],
    %% The core has refused another connection.
    is_full = false,
    %% By request: the process that waits for the answer, or tell, or probe; and its bytes.
    waiting = #{},
    %% How many of these are tells, and the bytes of all.
    tells = 0,
    bytes = 0,
    %% Requests that no connection has room for.
    held = queue:new(),
    %% When the core answered last.
    heard = 0,
    %% The timer until the next look for the core.
    delay = ?FIRST_DELAY,
    %% new, there or away; how many messages were not decided since it went away, and how many statuses and logins not told.
    core = new,
    missed = 0,
    untold = 0,
    %% The process that takes what modules send.
    sends,
    %% When each complaint was logged last.
    said = #{}
}).

%%% For mod_mesibo_modules and mesibo_modules_sends

%% Asks the core, and waits for the answer: {ok, Answer}, or {undecided, Why}.
ask(Host, Path, Document) ->
    try gen_server:call(name(Host), {ask, Path, jiffy:encode(Document)}, infinity) of
        {answer, 200, Body} -> read(Host, Body);
        {answer, Code, Body} ->
            complain(Host, "The core answers a request with ~b: ~s", [Code, mesibo_modules_http:shorten(Body)]),
            {undecided, {said, Code}};
        Why -> {undecided, Why}
    catch
        exit:_ -> {undecided, unreachable};
        _:Why -> unreadable(Host, "A message cannot be written as JSON: ~0P", Why)
    end.

read(Host, Body) ->
    try {ok, jiffy:decode(Body, [return_maps])}
    catch _:Why -> unreadable(Host, "An answer of the core is no JSON: ~0P", Why)
    end.

unreadable(Host, Format, Why) ->
    complain(Host, Format, [Why, 20]),
    {undecided, failure}.

%% Tells the core something. Nobody waits for the answer. It waits for a connection as long as a message may wait for its verdict.
tell(Host, Path, Document) -> gen_server:cast(name(Host), {tell, Path, jiffy:encode(Document)}).

%% A line in the log, at most once a minute for each format.
complain(Host, Format, Words) -> gen_server:cast(name(Host), {complain, Format, Words}).

name(Host) -> gen_mod:get_module_proc(Host, ?MODULE).

%%% The server

init([Host, Options]) ->
    process_flag(trap_exit, true),
    erlang:send_after(?IDLE, self(), idle),
    {ok, open(take_sends(#state{host = Host, options = Options}))}.

handle_call({ask, _, _}, _, #state{lanes = [], missed = Missed} = State) ->
    {reply, unreachable, State#state{missed = Missed + 1}};
handle_call({ask, Path, Body}, From, #state{missed = Missed} = State) ->
    case has_room(Body, State) of
        true -> {noreply, request(From, Path, Body, State)};
        false ->
            complain(State#state.host, "Too much waits: some messages are not decided by modules", []),
            {reply, overload, State#state{missed = Missed + 1}}
    end.

handle_cast({tell, Path, Body}, #state{tells = Tells} = State) ->
    case Tells < ?TELLS andalso has_room(Body, State) of
        true -> {noreply, request(tell, Path, Body, State#state{tells = Tells + 1})};
        false -> {noreply, is_untold("too much waits", State)}
    end;
handle_cast({complain, Format, Words}, #state{host = Host, said = Said} = State) ->
    case now_ms() - maps:get(Format, Said, -60000) of
        Ago when Ago < 60000 -> {noreply, State};
        _ ->
            ?LOG_WARNING("mod_mesibo_modules of ~s: " ++ Format, [Host | Words]),
            {noreply, State#state{said = Said#{Format => now_ms()}}}
    end.

handle_info({answer, Reader, Code, Body}, #state{lanes = Lanes, delay = Delay} = State) ->
    case lists:keyfind(Reader, #lane.reader, Lanes) of
        #lane{ids = Ids, count = Count} = Lane when Count > 0 ->
            {{value, Id}, Rest} = queue:out(Ids),
            Shorter = Lane#lane{ids = Rest, count = Count - 1, since = now_ms()},
            %% New connections read the token again.
            [exit(Each, refused) || Code == 401, #lane{reader = Each} <- Lanes],
            Heard = State#state{lanes = lists:keyreplace(Reader, #lane.reader, Lanes, Shorter), heard = now_ms(),
                                delay = if Code == 200 -> ?FIRST_DELAY; true -> Delay end},
            {noreply, drain(settle(Id, {answer, Code, Body}, Heard))};
        _ ->
            %% Nothing was asked there.
            exit(Reader, garbage),
            {noreply, State}
    end;
handle_info({timeout, Id, Sent}, #state{waiting = Waiting, lanes = Lanes, heard = Heard} = State) when is_map_key(Id, Waiting) ->
    %% Either the core stands still, or it is this one message.
    [exit(Reader, silent) || Heard < Sent, #lane{reader = Reader} <- Lanes],
    {Who, _} = maps:get(Id, Waiting),
    [complain(State#state.host, "A message had no verdict within ~b ms", [now_ms() - Sent]) || not is_atom(Who)],
    {noreply, drain(settle(Id, deadline, State))};
handle_info({up, Reader, Writer, Token}, #state{lanes = Lanes, opening = Opening} = State) ->
    Lane = #lane{reader = Reader, writer = Writer},
    {noreply, drain(is_there(State#state{lanes = Lanes ++ [Lane], opening = Opening -- [Reader], token = Token}))};
handle_info({'EXIT', Pid, Why}, #state{sends = Pid, host = Host} = State) ->
    ?LOG_ERROR("mod_mesibo_modules of ~s: What takes the sends of modules has ended, and begins again: ~0P", [Host, Why, 20]),
    erlang:send_after(?LAST_DELAY, self(), take_sends),
    {noreply, State#state{sends = none}};
handle_info({'EXIT', Pid, Reason}, #state{lanes = Lanes, opening = Opening} = State) ->
    case {lists:keytake(Pid, #lane.reader, Lanes), lists:member(Pid, Opening)} of
        {{value, #lane{ids = Ids}, []}, _} -> {noreply, is_alone(queue:to_list(Ids), State#state{lanes = []})};
        {{value, #lane{ids = Ids}, Left}, _} -> {noreply, drain(give_up(queue:to_list(Ids), State#state{lanes = Left}))};
        {false, true} -> {noreply, is_away(Reason, State#state{opening = Opening -- [Pid]})};
        {false, false} -> {noreply, State}
    end;
handle_info(open, #state{lanes = [], opening = []} = State) ->
    {noreply, open(State)};
handle_info(take_sends, State) ->
    {noreply, take_sends(State)};
handle_info(idle, #state{lanes = Lanes, options = #{deadline := Deadline}} = State) ->
    erlang:send_after(?IDLE, self(), idle),
    [exit(Reader, silent) || #lane{reader = Reader} = Lane <- Lanes, stands(Lane) > 2 * Deadline],
    Idle = [Lane || #lane{count = 0} = Lane <- Lanes],
    {noreply, drain(lists:foldl(fun try_out/2, State#state{is_full = false}, Idle))};
handle_info(_, State) ->
    {noreply, State}.

terminate(_, #state{waiting = Waiting}) ->
    [gen_server:reply(From, unreachable) || {From, _} <- maps:values(Waiting), not is_atom(From)].

%%% Requests

%% A single request may have any size.
has_room(Body, #state{bytes = Bytes}) -> Bytes == 0 orelse Bytes + iolist_size(Body) =< ?BYTES.

%% The deadline begins now, even if the request must wait for room on a connection.
request(Who, Path, Body, #state{options = #{deadline := Deadline, server := Name}} = State) ->
    #state{waiting = Waiting, held = Held, bytes = Bytes} = State,
    Id = erlang:start_timer(Deadline, self(), now_ms()),
    Size = iolist_size(Body),
    drain(State#state{waiting = Waiting#{Id => {Who, Size}}, bytes = Bytes + Size,
                      held = queue:in({Id, {"POST", [Path, "?server=", Name], Body}}, Held)}).

%% Whether the core answers on a connection that is idle.
try_out(Lane, #state{options = #{deadline := Deadline}, waiting = Waiting} = State) ->
    Id = erlang:start_timer(Deadline, self(), now_ms()),
    write(Lane, Id, {"GET", "/healthz", <<>>}, State#state{waiting = Waiting#{Id => {probe, 0}}}).

%% Writes the held requests. The first one also has the first deadline.
drain(#state{held = Held, waiting = Waiting} = State) ->
    case queue:out(Held) of
        {empty, _} -> State;
        {{value, {Id, _}}, Rest} when not is_map_key(Id, Waiting) -> drain(State#state{held = Rest});
        {{value, {Id, Request}}, Rest} ->
            case choose(State) of
                open -> open(State);
                wait -> State;
                Lane -> drain(write(Lane, Id, Request, State#state{held = Rest}))
            end
    end.

%% An idle connection, else a new one, else the one where the fewest requests wait.
choose(#state{lanes = []}) -> wait;
choose(#state{lanes = Lanes, opening = Opening, is_full = IsFull, options = #{connections := Most, deadline := Deadline}}) ->
    MayGrow = length(Lanes) < Most andalso not IsFull,
    case lists:keysort(#lane.count, [Lane || Lane <- Lanes, stands(Lane) =< Deadline]) of
        [#lane{count = 0} = Idle | _] -> Idle;
        _ when MayGrow, Opening == [] -> open;
        [#lane{count = Count} = Lane | _] when Count < ?WINDOW, not MayGrow -> Lane;
        _ -> wait
    end.

%% How long a connection has said nothing while something waited there.
stands(#lane{count = 0}) -> 0;
stands(#lane{since = Since}) -> now_ms() - Since.

write(#lane{writer = Writer, ids = Ids, count = Count, since = Since} = Lane, Id, {Method, Path, Body}, State) ->
    #state{token = Token, lanes = Lanes} = State,
    Writer ! {write, mesibo_modules_http:request(Method, Path, Token, Body)},
    Longer = Lane#lane{ids = queue:in(Id, Ids), count = Count + 1, since = if Count == 0 -> now_ms(); true -> Since end},
    State#state{lanes = lists:keyreplace(Lane#lane.reader, #lane.reader, Lanes, Longer)}.

give_up(Ids, State) -> lists:foldl(fun(Id, Now) -> settle(Id, unreachable, Now) end, State, Ids).

%% Gives an answer to the process that waits for it. When the answer is late, nobody waits.
settle(Id, Answer, #state{waiting = Waiting, bytes = Bytes} = State) ->
    case maps:take(Id, Waiting) of
        error -> State;
        {{Who, Size}, Left} ->
            erlang:cancel_timer(Id),
            settled(Who, Answer, State#state{waiting = Left, bytes = Bytes - Size})
    end.

settled(probe, _, State) -> State;
settled(tell, Answer, #state{tells = Tells} = Before) ->
    State = Before#state{tells = Tells - 1},
    case Answer of
        %% 404: the core no longer has the send.
        {answer, Code, _} when Code == 200; Code == 404 -> State;
        {answer, Code, Body} -> is_untold(["the core answers ", integer_to_list(Code), ": ", mesibo_modules_http:shorten(Body)], State);
        _ -> is_untold("the core does not answer", State)
    end;
settled(From, Answer, #state{missed = Missed} = State) ->
    gen_server:reply(From, Answer),
    State#state{missed = if is_atom(Answer) -> Missed + 1; true -> Missed end}.

is_untold(Why, #state{host = Host, untold = Untold} = State) ->
    complain(Host, "Modules do not hear of a status or a login: ~s", [Why]),
    State#state{untold = Untold + 1}.

%%% Connections

open(#state{options = Options, opening = Opening} = State) ->
    State#state{opening = [mesibo_modules_lane:start(Options) | Opening]}.

open_later(#state{delay = Delay} = State) ->
    erlang:send_after(Delay, self(), open),
    State#state{delay = min(2 * Delay, ?LAST_DELAY)}.

take_sends(#state{host = Host, options = Options} = State) ->
    State#state{sends = spawn_link(fun() -> mesibo_modules_sends:take(Host, Options) end)}.

is_there(#state{host = Host, options = #{core := Core}, core = Before, missed = Missed, untold = Untold} = State) ->
    Tells = [io_lib:format(", and they did not hear of ~b statuses and logins", [Untold]) || Untold > 0],
    case Before of
        there -> ok;
        new -> ?LOG_NOTICE("mod_mesibo_modules of ~s: The core at ~s serves.", [Host, Core]);
        away -> ?LOG_NOTICE("mod_mesibo_modules of ~s: The core at ~s serves again; ~b messages were not decided by modules~s.",
                            [Host, Core, Missed, Tells])
    end,
    State#state{core = there, heard = now_ms(), missed = 0, untold = 0}.

%% The last connection has ended. Messages for a verdict wait no longer; statuses and logins wait for another connection. That one
%% shows whether the core is away. If the last connection brought no answer, the next one is not opened at once.
is_alone(Lost, #state{waiting = Waiting, held = Held, opening = Opening, delay = Delay} = State) ->
    IsTell = fun({Id, _}) -> is_map_key(Id, Waiting) andalso element(1, maps:get(Id, Waiting)) == tell end,
    {Told, Asked} = lists:partition(IsTell, queue:to_list(Held)),
    Alone = give_up(Lost ++ [Id || {Id, _} <- Asked], State#state{held = queue:from_list(Told)}),
    if
        Opening /= [] -> Alone;
        Delay == ?FIRST_DELAY -> open(Alone#state{delay = 2 * Delay});
        true -> open_later(Alone)
    end.

is_away(_, #state{lanes = [_ | _]} = State) ->
    drain(State#state{is_full = true});
is_away(Reason, #state{host = Host, options = #{core := Core, unreachable := Way}, core = Before} = State) ->
    Ways = #{pass => "are delivered unseen by modules", error => "are refused", drop => "are dropped"},
    [?LOG_WARNING("mod_mesibo_modules of ~s: The core at ~s cannot be reached: ~s. Until it can, messages ~s.",
                  [Host, Core, mesibo_modules_http:explain(Reason), maps:get(Way, Ways)]) || Before /= away],
    open_later(State#state{core = away}).

%% Since Erlang was started.
now_ms() -> erlang:convert_time_unit(erlang:monotonic_time() - erlang:system_info(start_time), native, millisecond).
