/** The webhook of a core from one configuration to the next, with a real server. */

import { expect, it, onTestFinished } from 'vitest';
import { WebhookDoor } from '../../../src/core/webhook-door.js';
import { startRestServer } from '../../helpers/rest-server.js';
import { TakingServer } from '../../helpers/taking-server.js';
import { KEY, WebhookScene } from './scene.js';

async function scene() {
  const server = await startRestServer((_, response) => void response.writeHead(204).end());
  onTestFinished(() => server.close());
  const scene = new WebhookScene();
  await scene.sends.open(null);
  const door = new WebhookDoor({ sends: scene.sends, say: (level, text) => scene.said.push(`${level}: ${text}`) });
  onTestFinished(() => door.close());
  const settings = (path = '/') => ({ url: new URL(path, server.url), key: KEY, timeoutMs: 20_000 });
  return { server, scene, door, settings };
}

it('uses the newest settings, whatever came before them', async () => {
  const { server, scene: at, door, settings } = await scene();
  void door.configure(settings('/first'));
  void door.configure(null);
  await door.configure(settings('/last'));
  at.keep('hello');
  await server.reached(1);
  expect(server.asked.map(({ path }) => path)).toEqual(['/last']);
  expect([door.origin, door.servers().length, door.problems()]).toEqual([server.url, 1, []]);
});

it('says nothing when nothing has changed, and goes on', async () => {
  const { scene: at, door, settings } = await scene();
  await door.configure(settings());
  await door.configure(settings());
  expect(at.said).toEqual([`info: the webhook posts to ${door.origin}`]);
});

it('says that its name is taken, tries again, and posts when the name is free', async () => {
  const { server, scene: at, settings } = await scene();
  const other = new TakingServer(at.sends, 'webhook');
  const say = (level: string, text: string) => at.said.push(`${level}: ${text}`);
  const door = new WebhookDoor({ sends: at.sends, say, retryMs: 5 });
  onTestFinished(() => door.close());
  const problem = expect.stringMatching(
    /^the webhook posts nothing: somebody else takes the sends for the server webhook; .*; the core tries again/,
  );
  expect(await door.configure(settings())).toEqual({ hasOtherKey: false, problem });
  expect(door.problems()).toEqual([problem]);
  // A reload that changes nothing tells it again.
  expect(await door.configure(settings())).toEqual({ hasOtherKey: false, problem });
  at.keep('hello');
  other.attachment.detach();
  await server.reached(1);
  expect(door.problems()).toEqual([]);
  expect(at.said.slice(2)).toEqual([`info: the webhook posts to ${server.url}`]);
  expect(await door.configure(null)).toEqual({ hasOtherKey: false, problem: null });
});

it('says whether it signs with another key', async () => {
  const { door, settings } = await scene();
  const other = { ...settings(), key: Buffer.from('another key of the test') };
  expect(await door.configure(settings())).toMatchObject({ hasOtherKey: false });
  expect(await door.configure(settings('/other'))).toMatchObject({ hasOtherKey: false });
  expect(await door.configure(other)).toMatchObject({ hasOtherKey: true });
  expect(await door.configure(other)).toMatchObject({ hasOtherKey: false });
});

it('says that its name is taken, and posts after another reload', async () => {
  const { server, scene: at, door, settings } = await scene();
  const other = new TakingServer(at.sends, 'webhook');
  await door.configure(settings());
  const problem =
    /^the webhook posts nothing: somebody else takes the sends for the server webhook; .*; the core tries again until it works$/;
  expect(door.problems()).toEqual([expect.stringMatching(problem)]);
  expect(door.servers()).toEqual([]);
  other.attachment.detach();
  await door.configure(settings());
  at.keep('hello');
  await server.reached(1);
  expect(door.problems()).toEqual([]);
});

it.each(['close', 'end'] as const)('posts nothing any more after %s, also when it was about to begin', async (how) => {
  const { server, scene: at, door, settings } = await scene();
  const configured = door.configure(settings());
  const ended = door[how]();
  await Promise.all([configured, ended]);
  at.keep('hello');
  await door.configure(settings('/again'));
  expect([door.servers(), at.said, at.sends.counters().waiting, server.asked]).toEqual([[], [], 1, []]);
});
