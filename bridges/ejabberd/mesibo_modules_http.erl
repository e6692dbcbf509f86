%%% HTTP with a core, over one connection. The calling process opens and reads it. The connection ends with that process.
-module(mesibo_modules_http).

-export([connect/1, request/4, read_answer/2, read_head/2, read_body/3, read_chunk/2, until/1, explain/1, shorten/1]).

%% Milliseconds that a new connection may take.
-define(OPENING, 2000).
%% Bytes: larger than any answer or part of a stream. Erlang reads no more at once.
-define(LARGEST, 16#3fffff0).

%% The connection and the token. Exits when there is none: with inet's reason, or {token, File, Why}.
connect(#{core := Core, token := File}) ->
    Token = read_token(File),
    {Address, Port, More} = address(Core),
    case gen_tcp:connect(Address, Port, [binary, {active, false}, {packet, http_bin} | More], ?OPENING) of
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

%% The bytes of a request.
request(Method, Path, Token, Body) ->
    [Method, $\s, Path, " HTTP/1.1\r\nHost: core\r\n", [["Authorization: Bearer ", Token, "\r\n"] || Token /= <<>>],
     [["Content-Type: application/json\r\nContent-Length: ", integer_to_list(iolist_size(Body)), "\r\n"] || Method == "POST"],
     "\r\n", Body].

%% The functions that read exit when nothing comes until then, and exit with `garbage` when the bytes make no sense.
read_answer(Socket, Until) ->
    {Code, Length} = read_head(Socket, Until),
    Body = read_body(Socket, Length, Until),
    inet:setopts(Socket, [{packet, http_bin}]),
    {Code, Body}.

%% The code of an answer, and the length of its body.
read_head(Socket, Until) ->
    case take(gen_tcp:recv(Socket, 0, left(Until))) of
        {http_response, _, Code, _} ->
            Length = read_length(Socket, Until, 0),
            inet:setopts(Socket, [{packet, raw}]),
            {Code, Length};
        _ -> exit(garbage)
    end.

read_length(Socket, Until, Length) ->
    case take(gen_tcp:recv(Socket, 0, left(Until))) of
        {http_header, _, 'Content-Length', _, Value} -> read_length(Socket, Until, number(Value, 10));
        {http_header, _, _, _, _} -> read_length(Socket, Until, Length);
        http_eoh -> Length;
        _ -> exit(garbage)
    end.

%% A part of a body that comes in chunks, each with its length in front.
read_chunk(Socket, Until) ->
    inet:setopts(Socket, [{packet, line}]),
    Line = take(gen_tcp:recv(Socket, 0, left(Until))),
    inet:setopts(Socket, [{packet, raw}]),
    case number(string:trim(Line), 16) of
        0 -> exit(closed);
        Length ->
            case read_body(Socket, Length + 2, Until) of
                <<Chunk:Length/binary, "\r\n">> -> Chunk;
                _ -> exit(garbage)
            end
    end.

read_body(_, 0, _) -> <<>>;
read_body(Socket, Length, Until) -> take(gen_tcp:recv(Socket, Length, left(Until))).

number(Digits, Base) ->
    case catch binary_to_integer(Digits, Base) of
        Number when is_integer(Number), Number >= 0, Number =< ?LARGEST -> Number;
        _ -> exit(garbage)
    end.

take({ok, What}) -> What;
take({error, Why}) -> exit(Why).

%% So many milliseconds from now, for the functions that read.
until(Milliseconds) -> erlang:monotonic_time(millisecond) + Milliseconds.

left(infinity) -> infinity;
left(Until) -> max(0, Until - erlang:monotonic_time(millisecond)).

%% Why there is no connection, in words.
explain({said, Code, Body}) -> io_lib:format("it answers ~b: ~s", [Code, shorten(Body)]);
explain({token, File, Why}) -> io_lib:format("~s: ~s", [File, file:format_error(Why)]);
explain(closed) -> "it has closed the connection";
explain(garbage) -> "its answer cannot be read";
explain(Why) when Why == silent; Why == timeout -> "it does not answer";
explain(Why) when is_atom(Why) -> inet:format_error(Why);
explain(Why) -> shorten(iolist_to_binary(io_lib:format("~0p", [Why]))).

%% A text that fits in a line of a log.
shorten(Text) -> [Char || <<Char>> <= binary:part(Text, 0, min(400, byte_size(Text))), Char >= 32].
