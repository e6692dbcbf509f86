%%% One connection of mesibo_modules_core: a process opens and reads it, another one writes. Both end with the connection.
-module(mesibo_modules_lane).

-export([start/1]).

%% Milliseconds that the core may take for its first answer.
-define(OPENING, 2000).

%% Opens one. The caller gets {up, Pid, Writer, Token} when the core has answered on it, {answer, Pid, Code, Body} for each answer
%% after that, and the end of Pid. It gives the writer {write, Request}.
start(Options) ->
    Server = self(),
    spawn_link(fun() -> open(Server, Options) end).

open(Server, Options) ->
    {Socket, Token} = mesibo_modules_http:connect(Options),
    %% A core that does not take the token says so.
    _ = gen_tcp:send(Socket, mesibo_modules_http:request("GET", "/v1/openapi.json", Token, <<>>)),
    case mesibo_modules_http:read_answer(Socket, mesibo_modules_http:until(?OPENING)) of
        {200, _} -> Server ! {up, self(), spawn_link(fun() -> write(Socket) end), Token};
        {Code, Body} -> exit({said, Code, Body})
    end,
    read(Server, Socket).

read(Server, Socket) ->
    {Code, Body} = mesibo_modules_http:read_answer(Socket, infinity),
    Server ! {answer, self(), Code, Body},
    read(Server, Socket).

%% It waits here when the core does not read. When it cannot write, the connection has ended, and the reader reports it.
write(Socket) ->
    receive
        {write, Request} -> case gen_tcp:send(Socket, Request) of ok -> write(Socket); _ -> ok end
    end.
