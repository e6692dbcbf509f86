%%% mod_mesibo_modules: gives the messages of this server to the modules of a mesibo-modules core, and does what they decide.
%%% docs/ejabberd.md says how to set it up, and what each option does.
%%%
%%% The process of the sender's connection asks about a message, and waits for the verdict. So the messages of a sender stay in
%%% order, and a sender who writes faster than modules decide is slowed down. mesibo_modules_core has the connections.
-module(mod_mesibo_modules).

-behaviour(gen_mod).

-export([start/2, stop/1, depends/2, mod_opt_type/1, mod_options/1, mod_doc/0]).
-export([user_send_packet/1, s2s_receive_packet/1, logged_in/3, logged_out/3, deliver/3]).

-include("xmpp.hrl").

%% Before mod_mam (88) and mod_carboncopy (89): a message without a verdict is neither stored nor copied.
-define(PRIORITY, 80).
%% See modules/include/mesibo/module.h.
-define(TO_ONLINE, 1).
-define(DELIVERED, 2).
-define(READ, 3).
-define(FAILED, 16#80).
-define(RECEIPTS, <<"urn:xmpp:receipts">>).
-define(MARKERS, <<"urn:xmpp:chat-markers:0">>).
%% The element of each flag of a message, and that of each status.
-define(FLAGS, [{<<"request">>, ?RECEIPTS, 1}, {<<"markable">>, ?MARKERS, 2}, {<<"no-store">>, ?NS_HINTS, 4}]).
-define(STATUSES, [{<<"received">>, ?RECEIPTS, ?DELIVERED}, {<<"received">>, ?MARKERS, ?DELIVERED},
                   {<<"displayed">>, ?MARKERS, ?READ}, {<<"acknowledged">>, ?MARKERS, ?READ}]).

-define(CORRECTS, <<"urn:xmpp:message-correct:0">>).
-define(ANSWERS, <<"urn:xmpp:reply:0">>).
-define(HTML, <<"http://jabber.org/protocol/xhtml-im">>).
%% These count the characters of the body.
-define(COUNTING, [<<"urn:xmpp:markup:0">>, <<"urn:xmpp:reference:0">>]).
%% The content of these is only for the recipients. The body only says that there is something.
-define(ENCRYPTED, [<<"eu.siacs.conversations.axolotl">>, <<"urn:xmpp:omemo:0">>, <<"urn:xmpp:omemo:1">>, <<"urn:xmpp:omemo:2">>,
                    <<"urn:xmpp:openpgp:0">>, <<"jabber:x:encrypted">>]).

%%% For ejabberd

start(Host, Options) ->
    Named = case Options of #{server := host} -> Options#{server := Host}; _ -> Options end,
    %% It stays as long as ejabberd: a receipt may come after a reload.
    [persistent_term:put({?MODULE, Host}, crypto:strong_rand_bytes(16)) || persistent_term:get({?MODULE, Host}, none) == none],
    [ejabberd_hooks:add(Hook, Host, ?MODULE, Function, ?PRIORITY) || {Hook, Function} <- hooks()],
    gen_mod:start_child(mesibo_modules_core, Host, Named).

stop(Host) ->
    [ejabberd_hooks:delete(Hook, Host, ?MODULE, Function, ?PRIORITY) || {Hook, Function} <- hooks()],
    gen_mod:stop_child(mesibo_modules_core, Host).

hooks() ->
    [{user_send_packet, user_send_packet}, {s2s_receive_packet, s2s_receive_packet},
     {sm_register_connection_hook, logged_in}, {sm_remove_connection_hook, logged_out}].

depends(_, _) -> [].

mod_options(_) ->
    [{core, <<"127.0.0.1:7780">>}, {token, none}, {server, host}, {deadline, 5500}, {unreachable, pass},
     {consumed, drop}, {connections, 8}].

mod_opt_type(core) -> econf:binary("^(unix:/.+|.+:[0-9]+)$");
mod_opt_type(token) -> econf:path();
mod_opt_type(server) -> econf:binary("^[A-Za-z0-9_.-]{1,64}$");
mod_opt_type(deadline) -> econf:timeout(millisecond);
mod_opt_type(unreachable) -> econf:enum([pass, error, drop]);
mod_opt_type(consumed) -> econf:enum([drop, error]);
mod_opt_type(connections) -> econf:pos_int().

mod_doc() -> #{}.

%%% Messages

%% What a user of this host sends.
user_send_packet({#message{from = #jid{lserver = Host}} = Message, State}) -> {decide(Host, Message), State};
user_send_packet(Other) -> Other.

%% What another server sends to a user or a room of this host.
s2s_receive_packet({#message{to = #jid{lserver = To}} = Message, State}) ->
    {decide(ejabberd_router:host_of_route(To), Message), State};
s2s_receive_packet(Other) -> Other.

%% The result for a message: the message itself, another one, or drop.
decide(Host, #message{type = error, id = Id} = Message) ->
    case is_about_send(Host, Id, ?FAILED, Message) of true -> drop; false -> Message end;
decide(Host, #message{body = [_ | _]} = Message) ->
    case [Ns || {_, Ns, _} <- children(Message), lists:member(Ns, ?ENCRYPTED)] of
        [] -> ask(Host, Message);
        _ -> Message
    end;
decide(Host, Message) ->
    Said = [{attribute(<<"id">>, El), Status} || {Name, Ns, El} <- children(Message), {Name_, Ns_, Status} <- ?STATUSES,
                                                 Name == Name_, Ns == Ns_],
    case Said of
        [{Id, Status} | _] when Id /= <<>> -> tell_status(Host, Message, Id, Status);
        _ -> Message
    end.

ask(Host, #message{body = Bodies} = Message) ->
    %% The body that counts: the one without a language, else the first.
    Body = case lists:keyfind(<<>>, #text.lang, Bodies) of false -> hd(Bodies); Found -> Found end,
    Params = params(Message),
    %% They are read now: while the message waits, the module may be stopped.
    {Unreachable, Consumed} = options(Host),
    case mesibo_modules_core:ask(Host, "/v1/messages", Params#{text => Body#text.data, trace => false}) of
        {ok, #{<<"verdict">> := <<"consumed">>}} -> give_up(Consumed, "A filter has refused it", Message);
        {ok, Outcome} ->
            try change(Host, Message, Body, Params, Outcome)
            catch
                _:Why ->
                    mesibo_modules_core:complain(Host, "A verdict of the core cannot be used: ~0P", [Why, 20]),
                    give_up(Unreachable, "It could not be looked at", Message)
            end;
        {undecided, _} -> give_up(Unreachable, "It could not be looked at", Message)
    end.

%% A module that has just been stopped has none.
options(Host) ->
    try {gen_mod:get_module_opt(Host, ?MODULE, unreachable), gen_mod:get_module_opt(Host, ?MODULE, consumed)}
    catch error:_ -> {pass, drop}
    end.

give_up(pass, _, Message) -> Message;
give_up(drop, _, _) -> drop;
give_up(error, Why, #message{lang = Lang} = Message) ->
    ejabberd_router:route_error(Message, xmpp:err_not_acceptable(list_to_binary(Why), Lang)),
    drop.

%% The message as modules left it. What they have not seen is taken out: other bodies, and HTML.
change(Host, #message{sub_els = Els, type = Type, to = To} = Message, #text{data = Text} = Body, #{to := Asked}, Outcome) ->
    New = case Outcome of
        #{<<"messageBase64">> := Bytes} -> clean(base64:decode(Bytes));
        #{<<"message">> := Text} -> Text;
        #{<<"message">> := Other} -> clean(Other)
    end,
    Unwanted = [?HTML | if New == Text -> []; true -> ?COUNTING end],
    Kept = [El || El <- Els, not lists:member(xmpp:get_ns(El), Unwanted)],
    Left = case Outcome of #{<<"params">> := #{<<"to">> := Address}} when is_binary(Address) -> Address; _ -> Asked end,
    Redirected = if Left == Asked; Type == groupchat -> To; true -> address(Left, Host) end,
    Message#message{body = [Body#text{data = New}], sub_els = Kept, to = if Redirected == error -> To; true -> Redirected end}.

%% Up to a NUL, as in C. Bytes that are not UTF-8 become U+FFFD; characters that XML does not allow are left out.
clean(Bytes) -> clean(hd(binary:split(Bytes, <<0>>)), <<>>).

clean(<<Char/utf8, Rest/binary>>, Done) ->
    IsText = (Char >= 32 orelse lists:member(Char, "\t\n\r")) andalso Char /= 16#fffe andalso Char /= 16#ffff,
    clean(Rest, if IsText -> <<Done/binary, Char/utf8>>; true -> Done end);
clean(<<_, Rest/binary>>, Done) -> clean(Rest, <<Done/binary, 16#fffd/utf8>>);
clean(<<>>, Done) -> Done.

%% What modules see of it beside its text.
params(#message{id = Id, type = Type, from = From, to = To} = Message) ->
    #jid{luser = User, lserver = Server} = To,
    Children = children(Message),
    Has = fun(Name, Ns) -> [El || {Name_, Ns_, El} <- Children, Name_ == Name, Ns_ == Ns] end,
    %% In a room, the resource names the occupant.
    IsPrivate = Type /= groupchat andalso (Has(<<"x">>, ?NS_MUC_USER) /= [] orelse
        ejabberd_router:is_my_route(Server) andalso not ejabberd_router:is_my_host(Server)),
    Flags = [Flag || {Name, Ns, Flag} <- ?FLAGS, Has(Name, Ns) /= []],
    Refs = [attribute(<<"id">>, El) || El <- Has(<<"replace">>, ?CORRECTS) ++ Has(<<"reply">>, ?ANSWERS)],
    IsOnline = ejabberd_router:is_my_host(Server) andalso ejabberd_sm:get_user_resources(User, Server) /= [],
    maps:from_list(lists:append([
        [{from, bare(From)}, {to, if IsPrivate -> jid:encode(To); true -> bare(To) end}],
        [{id, number(Id)} || Id /= <<>>],
        [{refid, number(Ref)} || Ref <- lists:sublist(Refs, 1), Ref /= <<>>],
        [{groupid, number(bare(To))} || Type == groupchat],
        [{flags, lists:sum(Flags)} || Flags /= []],
        [{uflags, ?TO_ONLINE} || IsOnline]])).

%% A number above 0 for a text, always the same: the first eight bytes of its SHA-256, without the highest two bits.
number(Text) ->
    <<_:2, Number:62, _/binary>> = crypto:hash(sha256, Text),
    integer_to_binary(Number).

bare(Jid) -> jid:encode(jid:remove_resource(Jid)).

children(#message{sub_els = Els}) ->
    [{Name, attribute(<<"xmlns">>, El), El} || #xmlel{name = Name} = El <- [xmpp:encode(El) || El <- Els]].

attribute(Name, #xmlel{attrs = Attributes}) -> proplists:get_value(Name, Attributes, <<>>).

%%% Statuses and logins

%% A receipt is about a message that went the other way. In a room, it does not say who wrote that message.
tell_status(Host, #message{type = Type, from = From, to = To} = Message, Id, Status) ->
    case is_about_send(Host, Id, Status, Message) of
        true -> drop;
        false ->
            About = if Type == groupchat -> #{groupid => number(bare(To))}; true -> #{from => bare(To)} end,
            Told = About#{to => bare(From), id => number(Id), status => Status, trace => false},
            mesibo_modules_core:tell(Host, "/v1/statuses", Told),
            Message
    end.

%% Only the module that sent it gets the status of a send.
is_about_send(Host, Id, Status, #message{from = From, to = To}) ->
    case string:split(Id, "~", trailing) of
        [SentId, Mark] ->
            IsIt = Mark == mark(Host, SentId, To, From),
            [mesibo_modules_core:tell(Host, ["/v1/sends/", uri_string:quote(SentId), "/status"], #{status => Status}) || IsIt],
            IsIt;
        _ -> false
    end.

logged_in(_, #jid{luser = User, lserver = Host} = Jid, _) ->
    [tell_login(Host, Jid, true) || length(ejabberd_sm:get_user_resources(User, Host)) == 1],
    ok.

logged_out(_, #jid{luser = User, lserver = Host} = Jid, _) ->
    [tell_login(Host, Jid, false) || ejabberd_sm:get_user_resources(User, Host) == []],
    ok.

tell_login(Host, Jid, IsOnline) ->
    mesibo_modules_core:tell(Host, "/v1/logins", #{address => bare(Jid), online => IsOnline, trace => false}).

%%% What modules send

%% Delivers it: ok, or why not.
deliver(Host, SentId, #{<<"params">> := Params} = Send) ->
    #{<<"from">> := Sender, <<"to">> := To, <<"groupid">> := Room, <<"flags">> := Flags} = Params,
    Text = clean(case Send of #{<<"messageBase64">> := Bytes} -> base64:decode(Bytes); #{<<"message">> := Said} -> Said end),
    From = if is_binary(Sender), Sender /= <<>> -> address(Sender, Host); true -> jid:make(Host) end,
    IsOurs = From /= error andalso ejabberd_router:is_my_host(From#jid.lserver),
    if
        Text == <<>> -> {refused, "it has no text"};
        not IsOurs -> {refused, [show(Sender), ", which it is from, is no address of this server"]};
        Room /= <<"0">> -> speak(Host, SentId, From, Room, Text, Flags);
        true -> write(Host, SentId, From, address(To, Host), Text, Flags)
    end.

write(_, _, _, error, _, _) ->
    {refused, "what it is to is no address"};
write(Host, SentId, From, #jid{luser = User, lserver = Server} = To, Text, Flags) ->
    case User == <<>> orelse not ejabberd_router:is_my_host(Server) orelse ejabberd_auth:user_exists(User, Server) of
        true -> route(chat, [SentId, $~, mark(Host, SentId, From, To)], From, To, Text, Flags);
        false -> {refused, ["nobody has the address ", bare(To)]}
    end.

%% Only occupants of a room can speak in it.
speak(Host, SentId, From, Number, Text, Flags) ->
    Rooms = [{Name, Service} || Service <- services(Host), {Name, _, _} <- mod_muc:get_online_rooms(Service),
                                number(jid:encode({Name, Service, <<>>})) == Number],
    case Rooms of
        [] -> {refused, ["there is no room with the groupid ", Number]};
        [{Name, Service} | _] ->
            Full = [jid:decode(Jid) || {Jid, _, _} <- mod_muc_admin:get_room_occupants(Name, Service)],
            case [Jid || Jid <- Full, bare(Jid) == bare(From)] of
                [] -> {refused, [bare(From), " is not in the room ", Name]};
                [Occupant | _] -> route(groupchat, SentId, Occupant, jid:make(Name, Service), Text, Flags)
            end
    end.

services(Host) ->
    case gen_mod:is_loaded(Host, mod_muc) of true -> gen_mod:get_module_opt_hosts(Host, mod_muc); false -> [] end.

route(Type, Id, From, To, Text, Flags) ->
    Wants = [#xmlel{name = Name, attrs = [{<<"xmlns">>, Ns}]} || {Name, Ns, Flag} <- ?FLAGS, Flags band Flag /= 0],
    ejabberd_router:route(#message{type = Type, id = iolist_to_binary(Id), from = From, to = To, body = [#text{data = Text}],
                                   sub_els = Wants}),
    ok.

%% A name without a host is a user of this one. A name with a dot is a host.
address(Written, Host) when is_binary(Written) ->
    IsName = binary:match(Written, [<<"@">>, <<".">>, <<"/">>]) == nomatch andalso not ejabberd_router:is_my_route(Written),
    try if IsName -> jid:make(Written, Host); true -> jid:decode(Written) end catch error:_ -> error end;
address(_, _) -> error.

show(Address) -> io_lib:format("~p", [Address]).

%% Proves that a receipt is about a send, and comes from its recipient.
mark(Host, SentId, From, To) ->
    Words = [SentId, 0, bare(From), 0, bare(To)],
    <<Mark:6/binary, _/binary>> = crypto:mac(hmac, sha256, persistent_term:get({?MODULE, Host}), Words),
    base64:encode(Mark).
