%%% Takes the messages that modules send from a core, and has them delivered. Each virtual host has a process with a connection.
-module(mesibo_modules_sends).

-export([take/2]).

-include_lib("kernel/include/logger.hrl").

%% Milliseconds: how often to try the stream; how long its head may take; how long it may be silent, as it has a comment each 15 s.
-define(FIRST_DELAY, 100).
-define(LAST_DELAY, 5000).
-define(OPENING, 2000).
-define(QUIET, 45000).
%% The last sends are remembered: one of them that comes again is not delivered again.
-define(REMEMBERED, 1000).
%% Bytes: larger than any event.
-define(LARGEST, 16#4000000).

%% Runs for ever.
take(Host, Options) -> take(Host, Options, ?FIRST_DELAY).

take(Host, Options, Delay) ->
    Began = erlang:monotonic_time(millisecond),
    %% The other connections report why there is none.
    try mesibo_modules_http:connect(Options) of
        {Socket, Token} ->
            try read(Host, Options, Socket, Token)
            catch
                exit:_ -> ok;
                Class:Why:Stack -> log(Host, "The stream of sends is opened again", Class, Why, Stack)
            after
                gen_tcp:close(Socket)
            end
    catch
        exit:_ -> ok
    end,
    Served = erlang:monotonic_time(millisecond) - Began,
    Next = if Served > ?LAST_DELAY -> ?FIRST_DELAY; true -> min(2 * Delay, ?LAST_DELAY) end,
    timer:sleep(Next),
    take(Host, Options, Next).

read(Host, #{server := Name}, Socket, Token) ->
    Instance = integer_to_list(erlang:phash2({node(), os:getpid()})),
    Path = ["/v1/sends?server=", Name, "&instance=", Instance],
    _ = gen_tcp:send(Socket, mesibo_modules_http:request("GET", Path, Token, <<>>)),
    Until = mesibo_modules_http:until(?OPENING),
    case mesibo_modules_http:read_head(Socket, Until) of
        {200, _} -> read_events(Host, Socket, <<>>);
        {Code, Length} ->
            Said = mesibo_modules_http:read_body(Socket, Length, Until),
            mesibo_modules_core:complain(Host, "The core does not give what modules send: ~b ~s",
                                         [Code, mesibo_modules_http:shorten(Said)]),
            exit(refused)
    end.

read_events(Host, Socket, Before) when byte_size(Before) =< ?LARGEST ->
    Chunk = mesibo_modules_http:read_chunk(Socket, mesibo_modules_http:until(?QUIET)),
    Parts = binary:split(<<Before/binary, Chunk/binary>>, <<"\n\n">>, [global]),
    [take_event(Host, maps:from_list([{Name, Value} || Line <- binary:split(Event, <<"\n">>, [global]),
                                                       [Name, Value] <- [binary:split(Line, <<": ">>)]]))
     || Event <- lists:droplast(Parts)],
    %% A copy: a part of the binary would keep all of it in memory.
    read_events(Host, Socket, binary:copy(lists:last(Parts))).

%% A send that is not acknowledged comes again on the next connection, and is acknowledged then.
take_event(Host, #{<<"id">> := Read, <<"data">> := Data}) ->
    Id = binary:copy(Read),
    Known = case get(known) of undefined -> []; Before -> Before end,
    IsRefused = case lists:keyfind(Id, 1, Known) of {Id, Said} -> Said; false -> is_refused(Host, Id, Data) end,
    put(known, [{Id, IsRefused} | lists:sublist(lists:keydelete(Id, 1, Known), ?REMEMBERED)]),
    case mesibo_modules_core:ask(Host, ["/v1/sends/", uri_string:quote(Id), "/ack"], #{refused => IsRefused}) of
        {ok, _} -> ok;
        %% The core no longer has it.
        {undecided, {said, 404}} -> ok;
        {undecided, Why} -> exit(Why)
    end;
take_event(_, _) ->
    ok.

%% A send that cannot be handled is refused. Otherwise it would come again, and hold up those behind it for ever.
is_refused(Host, Id, Data) ->
    try
        #{<<"module">> := Module} = Send = jiffy:decode(Data, [return_maps]),
        case mod_mesibo_modules:deliver(Host, Id, Send) of
            ok -> false;
            {refused, Why} ->
                mesibo_modules_core:complain(Host, "A message of module ~s is refused: ~s", [Module, Why]),
                true
        end
    catch
        Class:Error:Stack ->
            log(Host, ["The message ", Id, ", which a module sends, is refused"], Class, Error, Stack),
            true
    end.

log(Host, What, Class, Why, Stack) ->
    ?LOG_ERROR("mod_mesibo_modules of ~s: ~s: ~0P", [Host, What, {Class, Why, Stack}, 40]).
