%%% The connections of one virtual host to the `http` door of a core.
%%%
%%% One connection is kept. While something waits there, the next request opens another one, up to the option `connections`: a slow
%%% verdict delays nobody else. Only when no more may be opened, requests follow each other on one connection; answers come in the
%%% same order. Each connection has a process that reads it. This one writes, and never waits for the core.
%%%
%%% The breaker: without a connection nobody waits. A connection counts from the moment at which the core has answered on it. When
%%% the core says nothing at all for as long as a message may wait, all connections are given up.
-module(mesibo_modules_core).

-behaviour(gen_server).

-export([ask/3, tell/3]).
-export([init/1, handle_call/3, handle_cast/2, handle_info/2, terminate/2]).

-include_lib("kernel/include/logger.hrl").

%% Milliseconds: a new connection may take so long; the core is looked for so often; an idle connection is tried so often.
-define(OPENING, 2000).
-define(FIRST_DELAY, 100).
-define(LAST_DELAY, 5000).
-define(IDLE, 2000).
%% Requests that may wait on one connection. The core takes 64.
-define(WINDOW, 32).
%% Bytes that Erlang keeps of what the core does not read: more than so many requests have, so that writing does not wait.
-define(UNREAD, 16#10000000).
%% The stream of sends has a comment each 15 seconds.
-define(QUIET, 45000).
%% A send that comes again within so many others is not delivered again.
-define(REMEMBERED, 1000).

%% A connection: who reads it, and the requests that wait for an answer there, in their order.
-record(lane, {reader, socket, ids = queue:new(), count = 0}).

-record(state, {
    host,
    options,
    token = <<>>,
    lanes = [],
    %% The processes of connections that the core has not answered on.
    opening = [],
    %% The core has let no more of them in.
    is_full = false,
    %% Who waits for an answer, by request.
    waiting = #{},
    %% Requests that no connection has room for.
    held = queue:new(),
    %% When the core answered last.
    heard = 0,
    %% Until it is looked for again.
    delay = ?FIRST_DELAY,
    %% new, there or away; and how many messages were not decided since it went.
    core = new,
    missed = 0,
    %% When each complaint was logged last.
    said = #{}
}).

%%% For mod_mesibo_modules

%% Asks the core, and waits for the answer: {ok, Answer}, or {undecided, Why}.
ask(Host, Path, Document) ->
    try gen_server:call(name(Host), {ask, Path, jiffy:encode(Document)}, infinity) of
        {answer, 200, Body} -> {ok, jiffy:decode(Body, [return_maps])};
        {answer, Code, Body} ->
            complain(Host, "The core answers a request with ~b: ~s", [Code, Body]),
            {undecided, failure};
        Why -> {undecided, Why}
    catch
        exit:_ -> {undecided, unreachable}
    end.

%% Tells the core something. Nobody waits for the answer.
tell(Host, Path, Document) -> gen_server:cast(name(Host), {tell, Path, jiffy:encode(Document)}).

%% A line in the log, at most once a minute for each format.
complain(Host, Format, Words) -> gen_server:cast(name(Host), {complain, Format, Words}).

name(Host) -> gen_mod:get_module_proc(Host, ?MODULE).

%%% The server

init([Host, Options]) ->
    process_flag(trap_exit, true),
    erlang:send_after(?IDLE, self(), idle),
    spawn_link(fun() -> take_sends(Host, Options, ?FIRST_DELAY) end),
    {ok, open(#state{host = Host, options = Options})}.

handle_call({ask, _, _}, _, #state{lanes = [], missed = Missed} = State) ->
    {reply, unreachable, State#state{missed = Missed + 1}};
handle_call({ask, Path, Body}, From, State) ->
    {noreply, request(From, Path, Body, State)}.

handle_cast({tell, _, _}, #state{lanes = []} = State) ->
    {noreply, State};
handle_cast({tell, Path, Body}, State) ->
    {noreply, request(nobody, Path, Body, State)};
handle_cast({complain, Format, Words}, #state{host = Host, said = Said} = State) ->
    case now_ms() - maps:get(Format, Said, -60000) of
        Ago when Ago < 60000 -> {noreply, State};
        _ ->
            ?LOG_WARNING("mod_mesibo_modules of ~s: " ++ Format, [Host | Words]),
            {noreply, State#state{said = Said#{Format => now_ms()}}}
    end.

handle_info({answer, Reader, Code, Body}, #state{lanes = Lanes} = State) ->
    #lane{ids = Ids, count = Count} = Lane = lists:keyfind(Reader, #lane.reader, Lanes),
    {{value, Id}, Rest} = queue:out(Ids),
    erlang:cancel_timer(Id),
    Shorter = lists:keyreplace(Reader, #lane.reader, Lanes, Lane#lane{ids = Rest, count = Count - 1}),
    %% New connections read the token again.
    [exit(Each, refused) || Code == 401, #lane{reader = Each} <- Lanes],
    {noreply, drain(settle(Id, {answer, Code, Body}, State#state{lanes = Shorter, heard = now_ms()}))};
handle_info({timeout, Id, Sent}, #state{waiting = Waiting, lanes = Lanes, heard = Heard} = State) when is_map_key(Id, Waiting) ->
    %% Either the core stands still, or it is this one message.
    [exit(Reader, silent) || Heard < Sent, #lane{reader = Reader} <- Lanes],
    [complain(State#state.host, "A message had no verdict within ~b ms", [now_ms() - Sent]) || maps:get(Id, Waiting) /= nobody],
    {noreply, settle(Id, deadline, State)};
handle_info({up, Reader, Socket, Token}, #state{lanes = Lanes, opening = Opening} = State) ->
    Lane = #lane{reader = Reader, socket = Socket},
    {noreply, drain(is_there(State#state{lanes = Lanes ++ [Lane], opening = Opening -- [Reader], token = Token}))};
handle_info({'EXIT', Pid, Reason}, #state{lanes = Lanes, opening = Opening, held = Held} = State) ->
    case {lists:keytake(Pid, #lane.reader, Lanes), lists:member(Pid, Opening)} of
        {{value, #lane{ids = Ids}, []}, _} ->
            %% Whether the core is away, the next connection tells.
            Lost = queue:to_list(Ids) ++ [Id || {Id, _} <- queue:to_list(Held)],
            Closed = give_up(Lost, State#state{lanes = [], held = queue:new()}),
            {noreply, if Opening == [] -> open(Closed); true -> Closed end};
        {{value, #lane{ids = Ids}, Left}, _} ->
            {noreply, drain(give_up(queue:to_list(Ids), State#state{lanes = Left}))};
        {false, true} ->
            {noreply, is_away(Reason, State#state{opening = Opening -- [Pid]})};
        {false, false} ->
            {stop, Reason, State}
    end;
handle_info(open, #state{lanes = [], opening = []} = State) ->
    {noreply, open(State)};
handle_info(idle, #state{lanes = Lanes} = State) ->
    erlang:send_after(?IDLE, self(), idle),
    Idle = [Lane || #lane{count = 0} = Lane <- Lanes],
    {noreply, lists:foldl(fun try_out/2, State#state{is_full = false}, Idle)};
handle_info(_, State) ->
    {noreply, State}.

terminate(_, #state{waiting = Waiting}) ->
    [gen_server:reply(From, unreachable) || From <- maps:values(Waiting), From /= nobody].

%% Whether the core answers on a connection that is idle.
try_out(Lane, #state{options = #{deadline := Deadline}, waiting = Waiting} = State) ->
    Id = erlang:start_timer(Deadline, self(), now_ms()),
    write(Lane, Id, {"GET", "/healthz", <<>>}, State#state{waiting = Waiting#{Id => nobody}}).

%% The deadline begins now, also for what has to be held until there is room on a connection.
request(From, Path, Body, #state{options = #{deadline := Deadline, server := Name}, waiting = Waiting, held = Held} = State) ->
    Id = erlang:start_timer(Deadline, self(), now_ms()),
    Head = {"POST", [Path, "?server=", Name], Body},
    drain(State#state{waiting = Waiting#{Id => From}, held = queue:in({Id, Head}, Held)}).

%% Writes what is held on connections that are idle, or where least waits.
drain(#state{lanes = Lanes, held = Held, waiting = Waiting, opening = Opening} = State) ->
    MayGrow = length(Lanes) < maps:get(connections, State#state.options) andalso not State#state.is_full,
    case {lists:keysort(#lane.count, Lanes), queue:out(Held)} of
        {_, {{value, {Id, _}}, Rest}} when not is_map_key(Id, Waiting) -> drain(State#state{held = Rest});
        {[#lane{count = Count} | _], {{value, _}, _}} when Count > 0, MayGrow, Opening == [] -> open(State);
        {[#lane{count = Count} = Lane | _], {{value, {Id, Request}}, Rest}} when Count == 0; Count < ?WINDOW, not MayGrow ->
            drain(write(Lane, Id, Request, State#state{held = Rest}));
        _ -> State
    end.

write(#lane{socket = Socket, ids = Ids, count = Count} = Lane, Id, {Method, Path, Body}, State) ->
    #state{token = Token, lanes = Lanes} = State,
    %% When it cannot be written, the connection has ended: its reader says so.
    _ = gen_tcp:send(Socket, head(Method, Path, Token, Body)),
    Longer = Lane#lane{ids = queue:in(Id, Ids), count = Count + 1},
    State#state{lanes = lists:keyreplace(Lane#lane.reader, #lane.reader, Lanes, Longer)}.

give_up(Ids, State) -> lists:foldl(fun(Id, Now) -> settle(Id, unreachable, Now) end, State, Ids).

%% Gives an answer to who waits for it. Nobody does when it is late.
settle(Id, Answer, #state{waiting = Waiting, missed = Missed} = State) ->
    case maps:take(Id, Waiting) of
        error -> State;
        {nobody, Left} -> State#state{waiting = Left};
        {From, Left} ->
            gen_server:reply(From, Answer),
            State#state{waiting = Left, missed = if is_atom(Answer) -> Missed + 1; true -> Missed end}
    end.

open(#state{options = Options, opening = Opening} = State) ->
    Server = self(),
    Reader = spawn_link(fun() -> connection(Server, Options) end),
    State#state{opening = [Reader | Opening]}.

is_there(#state{host = Host, options = #{core := Core}, core = Before, missed = Missed} = State) ->
    case Before of
        there -> ok;
        new -> ?LOG_NOTICE("mod_mesibo_modules of ~s: The core at ~s serves.", [Host, Core]);
        away -> ?LOG_NOTICE("mod_mesibo_modules of ~s: The core at ~s serves again; ~b messages were not decided by modules.",
                            [Host, Core, Missed])
    end,
    State#state{core = there, heard = now_ms(), missed = 0, delay = ?FIRST_DELAY}.

is_away(_, #state{lanes = [_ | _]} = State) ->
    drain(State#state{is_full = true});
is_away(Reason, #state{host = Host, options = Options, core = Before, delay = Delay} = State) ->
    erlang:send_after(Delay, self(), open),
    #{core := Core, unreachable := Way} = Options,
    Ways = #{pass => "are delivered unseen by modules", error => "are refused", drop => "are dropped"},
    [?LOG_WARNING("mod_mesibo_modules of ~s: The core at ~s cannot be reached: ~s. Until it can, messages ~s.",
                  [Host, Core, explain(Reason), maps:get(Way, Ways)]) || Before /= away],
    State#state{core = away, delay = min(2 * Delay, ?LAST_DELAY)}.

explain({said, Code, Body}) -> io_lib:format("it answers ~b: ~s", [Code, Body]);
explain({token, File, Why}) -> io_lib:format("~s: ~s", [File, file:format_error(Why)]);
explain(closed) -> "it has closed the connection";
explain(Why) when Why == silent; Why == timeout -> "it does not answer";
explain(Why) when is_atom(Why) -> inet:format_error(Why);
explain(Why) -> io_lib:format("~p", [Why]).

%% Since Erlang was started.
now_ms() -> erlang:convert_time_unit(erlang:monotonic_time() - erlang:system_info(start_time), native, millisecond).

%%% Connections, each in a process of its own

%% Connects, and reads answers until the connection ends.
connection(Server, Options) ->
    {Socket, Token} = connect(Options),
    %% A core that does not take the token says so.
    ok = gen_tcp:send(Socket, head("GET", "/v1/openapi.json", Token, <<>>)),
    case read_answer(Socket, ?OPENING) of
        {200, _} -> Server ! {up, self(), Socket, Token};
        {Code, Body} -> exit({said, Code, Body})
    end,
    read_answers(Server, Socket).

connect(#{core := Core, token := File}) ->
    Token = read_token(File),
    {Address, Port, More} = address(Core),
    Settings = [binary, {active, false}, {packet, http_bin}, {high_watermark, ?UNREAD} | More],
    case gen_tcp:connect(Address, Port, Settings, ?OPENING) of
        {ok, Socket} -> {Socket, Token};
        {error, Why} -> exit(Why)
    end.

%% unix:PATH, HOST:PORT or [V6]:PORT, as the core has it.
address(<<"unix:", Path/binary>>) -> {{local, Path}, 0, []};
address(Core) ->
    {match, [Name, Port]} = re:run(Core, <<"^\\[?(.*?)\\]?:(\\d+)$">>, [{capture, all_but_first, list}]),
    Address = case inet:parse_address(Name) of {ok, Parsed} -> Parsed; _ -> Name end,
    {Address, list_to_integer(Port), [{nodelay, true}, {keepalive, true}]}.

read_token(none) -> <<>>;
read_token(File) ->
    case file:read_file(File) of
        {ok, Text} -> string:trim(hd(binary:split(Text, <<"\n">>)));
        {error, Why} -> exit({token, File, Why})
    end.

head(Method, Path, Token, Body) ->
    [Method, $\s, Path, " HTTP/1.1\r\nHost: core\r\n", [["Authorization: Bearer ", Token, "\r\n"] || Token /= <<>>],
     [["Content-Type: application/json\r\nContent-Length: ", integer_to_list(iolist_size(Body)), "\r\n"] || Method == "POST"],
     "\r\n", Body].

read_answers(Server, Socket) ->
    {Code, Body} = read_answer(Socket, infinity),
    Server ! {answer, self(), Code, Body},
    read_answers(Server, Socket).

read_answer(Socket, Timeout) ->
    {Code, Length} = read_head(Socket, Timeout),
    Body = if Length > 0 -> take(gen_tcp:recv(Socket, Length)); true -> <<>> end,
    inet:setopts(Socket, [{packet, http_bin}]),
    {Code, Body}.

read_head(Socket, Timeout) ->
    {http_response, _, Code, _} = take(gen_tcp:recv(Socket, 0, Timeout)),
    Length = read_length(Socket, 0),
    inet:setopts(Socket, [{packet, raw}]),
    {Code, Length}.

read_length(Socket, Length) ->
    case take(gen_tcp:recv(Socket, 0)) of
        {http_header, _, 'Content-Length', _, Value} -> read_length(Socket, binary_to_integer(Value));
        {http_header, _, _, _, _} -> read_length(Socket, Length);
        http_eoh -> Length
    end.

take({ok, What}) -> What;
take({error, Why}) -> exit(Why).

%%% What modules send, on a connection of its own

take_sends(Host, #{server := Name} = Options, Delay) ->
    Began = now_ms(),
    %% The other connections tell why there is none.
    try connect(Options) of
        {Socket, Token} ->
            Instance = integer_to_list(erlang:phash2({node(), os:getpid()})),
            _ = gen_tcp:send(Socket, head("GET", ["/v1/sends?server=", Name, "&instance=", Instance], Token, <<>>)),
            try read_sends(Host, Socket) catch exit:_ -> gen_tcp:close(Socket) end
    catch
        exit:_ -> ok
    end,
    Next = case now_ms() - Began of Served when Served > ?LAST_DELAY -> ?FIRST_DELAY; _ -> min(2 * Delay, ?LAST_DELAY) end,
    timer:sleep(Next),
    take_sends(Host, Options, Next).

read_sends(Host, Socket) ->
    case read_head(Socket, ?OPENING) of
        {200, _} -> read_events(Host, Socket, <<>>);
        {Code, Length} ->
            Said = take(gen_tcp:recv(Socket, Length)),
            complain(Host, "The core does not give what modules send: ~b ~s", [Code, Said]),
            exit(refused)
    end.

read_events(Host, Socket, Before) ->
    Parts = binary:split(<<Before/binary, (read_chunk(Socket))/binary>>, <<"\n\n">>, [global]),
    [take_event(Host, maps:from_list([{Name, Value} || Line <- binary:split(Event, <<"\n">>, [global]),
                                                       [Name, Value] <- [binary:split(Line, <<": ">>)]]))
     || Event <- lists:droplast(Parts)],
    read_events(Host, Socket, lists:last(Parts)).

%% The body comes in chunks, each with its length in front.
read_chunk(Socket) ->
    inet:setopts(Socket, [{packet, line}]),
    Line = take(gen_tcp:recv(Socket, 0, ?QUIET)),
    inet:setopts(Socket, [{packet, raw}]),
    case binary_to_integer(string:trim(Line), 16) of
        0 -> exit(closed);
        Length ->
            <<Chunk:Length/binary, "\r\n">> = take(gen_tcp:recv(Socket, Length + 2)),
            Chunk
    end.

%% What is not acknowledged comes again on the next connection, and is acknowledged then.
take_event(Host, #{<<"id">> := Id, <<"data">> := Data}) ->
    Known = case get(known) of undefined -> []; Before -> Before end,
    IsRefused = case lists:keyfind(Id, 1, Known) of {Id, Said} -> Said; false -> is_refused(Host, Id, Data) end,
    put(known, [{Id, IsRefused} | lists:sublist(lists:keydelete(Id, 1, Known), ?REMEMBERED)]),
    case ask(Host, ["/v1/sends/", uri_string:quote(Id), "/ack"], #{refused => IsRefused}) of
        {undecided, Why} when Why /= failure -> exit(Why);
        _ -> ok
    end;
take_event(_, _) ->
    ok.

is_refused(Host, Id, Data) ->
    #{<<"module">> := Module} = Send = jiffy:decode(Data, [return_maps]),
    case mod_mesibo_modules:deliver(Host, Id, Send) of
        ok -> false;
        {refused, Why} ->
            complain(Host, "A message of module ~s is refused: ~s", [Module, Why]),
            true
    end.
