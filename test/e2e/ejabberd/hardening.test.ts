/** A core that misbehaves, and a send that cannot be handled: nobody else notices. */

import { describe, expect, it } from 'vitest';
import { numberOf } from '../prosody/scene.js';
import { User, xml } from '../prosody/user.js';
import { type Ejabberd, MISSING, startEjabberd } from './ejabberd.js';
import { answer, chunk, type Request, ScriptedCore, STREAM, sendEvent, verdict } from './scripted-core.js';

if (MISSING) console.warn(`skipped: ${MISSING}`);

const ROOM = 'room@rooms.localhost';
const SERVER = 'whereis(gen_mod:get_module_proc(<<"localhost">>, mesibo_modules_core))';
/** Garbage of each kind; most of it answers a message. */
const GARBAGE: Record<string, string | Buffer> = {
  'no HTTP': 'what?\r\n\r\n',
  'half a head': 'HTTP/1.1 200 OK\r\nContent-Le',
  'a length that is no number': 'HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n',
  'a length below 0': 'HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n',
  'a length that nobody has memory for': 'HTTP/1.1 200 OK\r\nContent-Length: 99999999999999\r\n\r\n',
  'half a body': 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"verdict":',
  'no JSON': answer('{"verdict": pass'),
  'JSON of another form': answer('[1, 2]'),
  'no verdict': answer('{"verdict":"pass"}'),
  'no text': answer(verdict(null)),
  'half a surrogate': answer('{"verdict":"pass","message":"\\ud800"}'),
  'two answers': Buffer.concat([answer(verdict('first')), answer(verdict('second'))]),
  401: answer('{"error":{}}', 401),
  503: answer('{"error":{}}', 503),
  'a long complaint': answer(Buffer.alloc(5_000_000, 'x\n'), 500),
};

async function makeScene(options: Record<string, string> = {}) {
  const core = await ScriptedCore.start();
  const ejabberd = await startEjabberd({ core: core.address, options: { deadline: '2 s', ...options } });
  await ejabberd.logged(/The core at .* serves\./);
  const [alice, bob] = [await User.login(ejabberd, 'alice'), await User.login(ejabberd, 'bob')];
  return { core, ejabberd, alice, bob };
}

/** The process that everybody asks; another one when it has crashed. */
const server = (ejabberd: Ejabberd) => ejabberd.evaluate(SERVER);
const isMessage = ({ path }: Request) => path.startsWith('/v1/messages');
const isStream = ({ path }: Request) => path.startsWith('/v1/sends?');

describe.skipIf(MISSING)('a send that cannot be handled', { timeout: 180_000 }, () => {
  it('is refused, and affects neither waiting messages nor the sends after it', async () => {
    const { core, ejabberd, alice, bob } = await makeScene({ deadline: '60 s' });
    await alice.join('room');
    const before = await server(ejabberd);
    // The room is in the list, but has just gone.
    await ejabberd.evaluate(
      `[mnesia:dirty_write(setelement(3, R, spawn(fun() -> ok end))) || R <- ets:tab2list(muc_online_room)]`,
    );
    const held: Request[] = [];
    core.onRequest = (request) => isMessage(request) && held.push(request) > 0;
    await alice.say(bob.bare, 'waits');
    await core.until(() => held.length === 1);
    const { socket } = await core.asked(/^\/v1\/sends\?/);
    socket.write(chunk(sendEvent('ghost', { from: alice.bare, groupid: numberOf(ROOM) }, 'poison')));
    socket.write(chunk(Buffer.from('id: odd\ndata: {"module": "scripted"}\n\n')));
    socket.write(chunk(Buffer.from('id: broken\ndata: {{{\n\n')));
    socket.write(chunk(sendEvent('good', { from: alice.bare, to: bob.bare }, 'behind it')));
    await bob.got('behind it');
    for (const id of ['ghost', 'odd', 'broken', 'good']) {
      const { body } = await core.asked(new RegExp(`^/v1/sends/${id}/ack`));
      expect([id, JSON.parse(body)]).toEqual([id, { refused: id !== 'good' }]);
    }
    held[0]?.socket.write(answer(verdict('decided')));
    await bob.got('decided');
    expect(await server(ejabberd)).toBe(before);
    expect(core.requests.filter(isStream)).toHaveLength(1);
    await ejabberd.logged(/The message broken, which a module sends, is refused: /);
  });

  it('may even end the process that takes sends: another one takes over', async () => {
    const { core, ejabberd, alice, bob } = await makeScene();
    const before = await server(ejabberd);
    await core.asked(/^\/v1\/sends\?/);
    await ejabberd.evaluate(
      `[exit(P, kill) || P <- element(2, process_info(${SERVER}, links)), is_pid(P), {current_stacktrace, S} <- [process_info(P, current_stacktrace)], lists:any(fun({M, F, _, _}) -> {M, F} == {mesibo_modules_sends, read_events} orelse {M, F} == {mesibo_modules_core, read_events} end, S)]`,
    );
    await core.until(() => core.requests.filter(isStream).length === 2);
    core.requests.filter(isStream)[1]?.socket.write(chunk(sendEvent('s', { from: bob.bare, to: alice.bare }, 'again')));
    await alice.got('again');
    expect(await server(ejabberd)).toBe(before);
  });

  it('comes whole, wherever the stream is cut', async () => {
    const { core, ejabberd, alice, bob } = await makeScene();
    const { socket } = await core.asked(/^\/v1\/sends\?/);
    const text = 'ä€😀 "\\" \u2028 end';
    const event = sendEvent('cut', { from: bob.bare, to: alice.bare }, text);
    // Each byte is a chunk of its own, and each byte of the chunks comes alone.
    socket.setNoDelay(true);
    for (const byte of event)
      for (const part of chunk(Buffer.of(byte)))
        await new Promise<void>((done) => socket.write(Buffer.of(part), () => done()));
    await alice.got(text);
    const large = 'ü'.repeat(500_000);
    const more = sendEvent('large', { from: bob.bare, to: alice.bare }, large);
    for (let at = 0; at < more.length; at += 65_537) socket.write(chunk(more.subarray(at, at + 65_537)));
    await alice.got(large);
    // What is remembered of them is the id alone, and not what came with it.
    await core.asked(/^\/v1\/sends\/large\/ack/);
    const kept = await ejabberd.evaluate(
      `lists:max([0 | [binary:referenced_byte_size(Id) || P <- processes(), {dictionary, D} <- [process_info(P, dictionary)], {known, K} <- D, {Id, _} <- K]])`,
    );
    expect(Number(kept)).toBeLessThan(100);
  });

  it('that comes again on another stream is delivered once', async () => {
    const { core, alice, bob } = await makeScene();
    const event = chunk(sendEvent('twice', { from: bob.bare, to: alice.bare }, 'once'));
    let acks = 0;
    core.onRequest = ({ path, socket }) => {
      if (path.startsWith('/v1/sends?')) return socket.write(Buffer.concat([Buffer.from(STREAM), event]));
      // The first acknowledgements get lost, each in another way.
      if (!path.includes('/ack') || ++acks > 3) return false;
      if (acks === 1) socket.destroy();
      else socket.write(acks === 2 ? answer('{}', 503) : answer('no JSON'));
      return true;
    };
    (await core.asked(/^\/v1\/sends\?/)).socket.destroy();
    await core.until(() => acks === 4);
    await bob.say(alice.bare, 'end');
    await alice.got('END');
    expect(alice.texts).toEqual(['once', 'END']);
  });
});

describe.skipIf(MISSING)('a core that misbehaves', { timeout: 180_000 }, () => {
  it('affects nothing else, whatever it answers: the message counts as undecided', async () => {
    const { core, ejabberd, alice, bob } = await makeScene({ unreachable: 'error' });
    const before = await server(ejabberd);
    for (const [name, bytes] of Object.entries(GARBAGE)) {
      // There is a connection that answers.
      await expect
        .poll(() => ejabberd.evaluate('element(1, mesibo_modules_core:ask(<<"localhost">>, "/v1/logins", #{}))'), {
          timeout: 60_000,
        })
        .toBe('ok');
      core.onRequest = (request) => isMessage(request) && (request.socket.write(bytes) || true);
      const id = await alice.say(bob.bare, name);
      if (name === 'two answers') await bob.got('first');
      else await alice.until(() => alice.messages.some(({ attrs }) => attrs.id === id && attrs.type === 'error'));
      core.onRequest = () => false;
    }
    expect(await server(ejabberd)).toBe(before);
    expect(bob.texts).toEqual(['first']);
    expect(Math.max(...ejabberd.log.map((line) => line.length))).toBeLessThan(3000);
  });

  it('and never ends an answer is disconnected, and found again', async () => {
    const core = await ScriptedCore.start();
    core.onRequest = ({ path, socket }) => path.includes('openapi') && socket.write('HTTP/1.1 200 OK\r\nContent-');
    const ejabberd = await startEjabberd({ core: core.address });
    await ejabberd.logged(/cannot be reached: it does not answer/);
    core.onRequest = () => false;
    await ejabberd.logged(/serves again/);
  });

  it('and answers on only some connections is asked on these', async () => {
    const { core, ejabberd, alice, bob } = await makeScene({ connections: '2', unreachable: 'error' });
    let dead: unknown;
    core.onRequest = ({ path, body, socket }) => {
      if (path.startsWith('/v1/messages') && JSON.parse(body).text === 'dies') dead = socket;
      return socket === dead;
    };
    const id = await alice.say(bob.bare, 'dies');
    await core.until(() => dead !== undefined);
    // The other one is busy all the time.
    const ask = 'mesibo_modules_core:ask(<<"localhost">>, "/v1/messages", #{text => <<"a">>})';
    await ejabberd.evaluate(
      `register(busy, spawn(fun() -> F = fun F() -> ${ask}, timer:sleep(20), F() end, [spawn_link(F) || _ <- lists:seq(1, 4)], timer:sleep(infinity) end))`,
    );
    await alice.until(() => alice.messages.some(({ attrs }) => attrs.id === id && attrs.type === 'error'));
    const came = () => core.requests.some(({ socket, path }) => socket === dead && path.startsWith('/v1/messages'));
    expect(came()).toBe(true);
    await new Promise<void>((done) => (dead as Request['socket']).on('close', done));
    await ejabberd.evaluate('exit(whereis(busy), kill)');
    await alice.say(bob.bare, 'lives');
    await bob.got('LIVES');
  });

  it('and reads nothing holds up nobody: each sender gets an answer at the deadline', async () => {
    const { core, ejabberd } = await makeScene({ connections: '1' });
    let stopped = false;
    core.onRequest = ({ path, socket }) => {
      if (!path.startsWith('/v1/messages')) return stopped && !path.startsWith('/v1/sends?');
      stopped = true;
      socket.pause();
      return true;
    };
    // They are many, but share their bytes, so that this needs no memory.
    const words = await ejabberd.evaluate(
      `Body = binary:copy(<<"x">>, 16#1000000), Me = self(), Name = gen_mod:get_module_proc(<<"localhost">>, mesibo_modules_core), Ask = fun(B) -> spawn(fun() -> Me ! {said, timer:tc(fun() -> gen_server:call(Name, {ask, "/v1/messages", B}, infinity) end)} end) end, Ask(<<"{}">>), timer:sleep(500), [Ask(Body) || _ <- lists:seq(1, 25)], timer:sleep(500), Ask(<<"{}">>), Times = [receive {said, {Micros, Said}} -> true = is_atom(Said), Micros div 1000 after 30000 -> blocked end || _ <- lists:seq(1, 27)], lists:max(Times)`,
    );
    expect(words).toMatch(/^\d+$/);
    expect(Number(words)).toBeLessThan(20_000);
  });

  it('and hangs while a thousand messages wait keeps little of them, and later ones do not wait', async () => {
    const { core, ejabberd } = await makeScene();
    core.onRequest = (request) => !isStream(request);
    const words = await ejabberd.evaluate(
      `Me = self(), Ask = fun() -> mesibo_modules_core:ask(<<"localhost">>, "/v1/messages", #{text => <<"a">>}) end, [spawn(fun() -> Me ! {said, Ask()} end) || _ <- lists:seq(1, 1000)], [mesibo_modules_core:tell(<<"localhost">>, "/v1/logins", #{address => <<"a">>, online => true}) || _ <- lists:seq(1, 5000)], timer:sleep(500), {_, Queue} = process_info(${SERVER}, message_queue_len), All = [receive {said, {undecided, _}} -> ok after 30000 -> blocked end || _ <- lists:seq(1, 1000)], {Micros, {undecided, _}} = timer:tc(Ask), garbage_collect(${SERVER}), {_, Memory} = process_info(${SERVER}, memory), {lists:usort(All), Queue, Micros div 1000, Memory}`,
    );
    const [, queue, micros, memory] = /^\{\[ok\],(\d+),(\d+),(\d+)\}$/.exec(words) ?? [];
    expect(words).toMatch(/^\{\[ok\]/);
    expect(Number(queue)).toBeLessThan(100);
    expect(Number(micros)).toBeLessThan(1000);
    expect(Number(memory)).toBeLessThan(5_000_000);
    await ejabberd.logged(/Modules do not hear of a status or a login: too much waits/);
    core.onRequest = () => false;
    await ejabberd.logged(
      /serves again; .* messages were not decided by modules, and they did not hear of \d+ statuses and logins/,
    );
  });

  it('and closes each connection when it is asked is tried again only after a pause', async () => {
    const { core, ejabberd } = await makeScene();
    let opened = 0;
    core.onRequest = ({ path, socket }) => {
      if (path.includes('openapi')) opened++;
      if (path.startsWith('/v1/sends?')) return false;
      socket.end(answer('{}'));
      return true;
    };
    for (const { socket } of core.requests.filter(({ path }) => path.includes('openapi'))) socket.destroy();
    await ejabberd.evaluate('timer:sleep(3000)');
    expect(opened).toBeGreaterThan(1);
    expect(opened).toBeLessThan(20);
  });
});

describe.skipIf(MISSING)('the statuses and logins for modules', { timeout: 180_000 }, () => {
  it('wait for a connection for a while', async () => {
    const { core, ejabberd, alice, bob } = await makeScene({ deadline: '60 s' });
    await core.stop();
    await ejabberd.logged(/cannot be reached/);
    await alice.say(bob.bare, null, { extra: [xml('received', { xmlns: 'urn:xmpp:receipts', id: 'x' })] });
    await bob.until(() => bob.messages.some((message) => message.getChild('received')));
    await core.listen();
    await core.asked(/^\/v1\/statuses/);
  });

  it('are counted when they cannot be delivered', async () => {
    const { core, ejabberd, alice, bob } = await makeScene({ deadline: '1 s' });
    await core.stop();
    await ejabberd.logged(/cannot be reached/);
    await alice.say(bob.bare, null, { extra: [xml('received', { xmlns: 'urn:xmpp:receipts', id: 'x' })] });
    await ejabberd.logged(/Modules do not hear of a status or a login: the core does not answer/);
    await core.listen();
    await ejabberd.logged(/serves again; 0 messages were not decided by modules, and they did not hear of 1 statuses/);
  });
});

describe.skipIf(MISSING)('while a message waits', { timeout: 180_000 }, () => {
  it('the module may be reloaded, and the message is treated as the options say', async () => {
    const { core, ejabberd, alice, bob } = await makeScene({ deadline: '60 s', unreachable: 'error' });
    core.onRequest = isMessage;
    const id = await alice.say(bob.bare, 'waits');
    await core.until(() => core.requests.some(isMessage));
    const from = ejabberd.log.length;
    await ejabberd.reload({ deadline: '50 s', unreachable: 'error' });
    await alice.until(() => alice.messages.some(({ attrs }) => attrs.id === id && attrs.type === 'error'));
    core.onRequest = () => false;
    await ejabberd.logged(/The core at .* serves\./, from);
    await alice.say(bob.bare, 'after');
    await bob.got('AFTER');
    expect(ejabberd.log.filter((line) => /crashed|CRASH/.test(line))).toEqual([]);
  });

  it('the module may be stopped for good', async () => {
    const { core, ejabberd, alice, bob } = await makeScene({ deadline: '60 s', unreachable: 'error' });
    core.onRequest = isMessage;
    const id = await alice.say(bob.bare, 'waits');
    await core.until(() => core.requests.some(isMessage));
    await ejabberd.evaluate('gen_mod:stop_module(<<"localhost">>, mod_mesibo_modules)');
    await alice.until(() => alice.messages.some(({ attrs }) => attrs.id === id && attrs.type === 'error'));
    await alice.say(bob.bare, 'after');
    await bob.got('after');
    expect(bob.texts).toEqual(['after']);
  });

  it('its sender may go: it is delivered all the same, once', async () => {
    const { core, alice, bob } = await makeScene({ deadline: '60 s' });
    const held: Request[] = [];
    core.onRequest = (request) => isMessage(request) && held.push(request) > 0;
    await alice.say(bob.bare, 'last words');
    await core.until(() => held.length === 1);
    alice.cut();
    held[0]?.socket.write(answer(verdict('decided')));
    await bob.got('decided');
    core.onRequest = () => false;
    await bob.say(bob.bare, 'end');
    await bob.got('END');
    expect(bob.texts).toEqual(['decided', 'END']);
  });
});
