/** Many messages in one write, while no verdict comes: the writer is slowed down, and nothing is refused, lost or out of order. */

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it, type TestContext } from 'vitest';
import { makeTempDir } from '../../helpers/temp-dir.js';
import { makeComponentScene, SMS } from './component.js';
import { findFreePort, HOST, MISSING, type Prosody } from './prosody.js';
import { RawClient, type Way } from './raw-client.js';
import { makeScene, type Scene } from './scene.js';
import { type User, xml } from './user.js';

if (MISSING) console.warn(`skipped: ${MISSING}`);

const BACKENDS = { epoll: 'epoll', event: 'libevent', select: 'select' };
type Backend = keyof typeof BACKENDS;

const TEXTS = Array.from({ length: 2000 }, (_, at) => `${at}`);
// As short as can be: a read carries many of them.
const messageTo = (to: string, more = '') =>
  TEXTS.map((text) => `<message to="${to}"${more} xmlns="jabber:client"><body>${text}</body></message>`);

// An archive on a disk is most of what a message costs, and no part of this.
const NO_ARCHIVE = 'modules_disabled = { "mam"; "s2s"; "tls"; "http" }\n';

const ERROR = /type=["']error["']/;

/** No answer comes before it is opened; all that Prosody has read is asked about. */
async function holdAnswers({ gateway, prosody }: Scene): Promise<() => void> {
  gateway.welcome.window = 10_000;
  gateway.cut();
  await prosody.logged(/serves again/);
  const held: (() => void)[] = [];
  let isOpen = false;
  gateway.answer = () =>
    new Promise((done) => {
      const go = () => done({ verdict: 'pass' });
      if (isOpen) go();
      else held.push(go);
    });
  return () => {
    isOpen = true;
    for (const go of held) go();
  };
}

/** Resolves when Prosody has looked at its connections several times. */
async function isIdle(user: User): Promise<void> {
  const ping = () => xml('iq', { type: 'get', to: HOST }, xml('ping', { xmlns: 'urn:xmpp:ping' }));
  for (let at = 0; at < 20; at++) await user.client.iqCaller.request(ping());
}

async function expectBackend(backend: Backend, prosody: Prosody, { skip }: TestContext): Promise<void> {
  const said = await prosody.logged(/is using the .* backend for connection handling/);
  if (backend === 'event' && said.includes('the epoll backend')) skip('lua-event is not installed');
  expect(said).toContain(`is using the ${BACKENDS[backend]}`);
}

/** What a Prosody needs so that somebody can come in that way, and its port. */
async function makeWay(way: Way): Promise<{ globals: string; port: number | null; modules: string[] }> {
  const plain = `allow_unencrypted_plain_auth = true\n${NO_ARCHIVE}`;
  if (way === 'tcp') return { globals: plain, port: null, modules: [] };
  const port = await findFreePort();
  if (way === 'websocket') {
    const more = `http_ports = { ${port} }\nhttp_interfaces = { "127.0.0.1" }\nmodules_disabled = { "mam"; "s2s"; "tls" }`;
    return { globals: `${plain}${more}\nconsider_websocket_secure = true`, port, modules: ['websocket'] };
  }
  const dir = makeTempDir();
  const [key, certificate] = [join(dir, 'key.pem'), join(dir, 'certificate.pem')];
  const what = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', `/CN=${HOST}`];
  expect(spawnSync('openssl', [...what, '-keyout', key, '-out', certificate]).status).toBe(0);
  const ssl = `c2s_direct_tls_ssl = { key = "${key}"; certificate = "${certificate}" }`;
  const more = `c2s_direct_tls_ports = { ${port} }\nc2s_direct_tls_interfaces = { "127.0.0.1" }\n${ssl}`;
  return { globals: `${NO_ARCHIVE}${more}`, port, modules: [] };
}

describe.skipIf(MISSING)('a burst of one client', () => {
  const cases = Object.keys(BACKENDS).flatMap((backend) =>
    (['tcp', 'tls', 'websocket'] as const).map((way) => [backend as Backend, way] as const),
  );

  it.for(cases)('waits in the socket: network backend %s, over %s', async ([backend, way], context) => {
    const { globals, port, modules } = await makeWay(way);
    const scene = await makeScene({ globals: `network_backend = "${backend}"\n${globals}`, modules });
    const { gateway, prosody, bob } = scene;
    await expectBackend(backend, prosody, context);
    const open = await holdAnswers(scene);
    const alice = await RawClient.login(way, port ?? prosody.port, 'alice');
    alice.write(messageTo(bob.bare));
    await gateway.until(() => gateway.asked.length >= 128);
    await isIdle(bob);
    // Prosody has not read the rest.
    expect(gateway.asked.length).toBeLessThan(400);
    open();
    await Promise.race([bob.got('1999'), alice.reads(ERROR)]);
    expect(alice.text).not.toMatch(ERROR);
    expect(bob.texts).toEqual(TEXTS);
  });
});

describe.skipIf(MISSING)('a burst of one address of a component', () => {
  it.for(Object.keys(BACKENDS) as Backend[])('waits in the socket: network backend %s', async (backend, context) => {
    const scene = await makeComponentScene({ globals: `${NO_ARCHIVE}network_backend = "${backend}"` });
    const { gateway, prosody, bob, component } = scene;
    await expectBackend(backend, prosody, context);
    const open = await holdAnswers(scene);
    component.write(messageTo(bob.bare, ` from="47@${SMS}"`).join('').replaceAll(' xmlns="jabber:client"', ''));
    await gateway.until(() => gateway.asked.length >= 128);
    await isIdle(bob);
    expect(gateway.asked.length).toBeLessThan(1200);
    open();
    await Promise.race([bob.got('1999'), component.reads(ERROR)]);
    expect(component.text).not.toMatch(ERROR);
    expect(bob.texts).toEqual(TEXTS);
  });
});
