/** The reference loader by itself, and under AddressSanitizer. */

import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import type { LoaderEvent } from '../../src/in-process/events.js';
import { type Fed, runInProcess } from '../../src/in-process/loader.js';
import { type PlannedModule, planFiles } from '../../src/in-process/plan.js';
import { type RestServer, startRestServer } from '../helpers/rest-server.js';
import { fixture, fixtureOf } from './core.js';
import { scenarios } from './equivalence/arbitraries.js';
import { OneProcess } from './equivalence/one-process.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const sanitized = join(root, 'src/in-process/native/build/mesibo-reference-asan');

let server: RestServer | undefined;
let directory: string | undefined;

afterEach(async () => {
  await server?.close();
  if (directory !== undefined) rmSync(directory, { recursive: true });
  server = directory = undefined;
});

const MAX_MESSAGE = 64 * 1024;

/** Hands messages to modules; resolves with what was told, when the process has ended well. */
async function play(modules: PlannedModule[], messages: Iterable<Fed>, under: string | null = null) {
  const events: LoaderEvent[] = [];
  const end = await runInProcess({
    modules,
    maxMessageBytes: MAX_MESSAGE,
    messages: (async function* () {
      yield* messages;
    })(),
    under,
    quietStdout: true,
    interactive: false,
    onEvent: (event) => events.push(event),
  });
  expect(end).toMatchObject({ exitCode: 0, signal: null });
  expect(events.at(-1)).toEqual({ kind: 'end' });
  return events;
}

/** What a module logged, but for the tries of an ABI. */
function linesOf(events: LoaderEvent[], name: string): string[] {
  return events.flatMap((event) => {
    return event.kind === 'log' && event.module === name && event.trial === null ? [event.text] : [];
  });
}

const message = (text: string, to = 'bob'): Fed => ({ numbers: {}, from: 'alice', to, payload: Buffer.from(text) });

describe('one process', () => {
  it('tells apart modules of two ABIs that call one function with different arguments, also from threads', async () => {
    const files = ['echo-params', 'extracts-json-in-thread', 'extracts-json'].map(fixture);
    const events = await play(planFiles(files, []), [message('{"a":"1","b":"2"}')]);
    expect(linesOf(events, 'extracts_json_in_thread')).toEqual(['a is 1, and what follows is known', 'b is 2']);
    expect(linesOf(events, 'extracts_json')).toEqual(['a is 1', 'b is 2', 'c is not there']);
  });

  it('takes what a thread logs and sends while on_message waits for it', async () => {
    const events = await play(planFiles([fixture('thread-logs-and-sends')], []), [message('hello')]);
    expect(linesOf(events, 'thread_logs_and_sends')).toEqual(['from the thread']);
    expect(events.flatMap((event) => (event.kind === 'send' ? [event.payload.toString()] : []))).toEqual([
      'sent by the thread',
    ]);
  });
});

describe.each(['table', '2019', '2020'] as const)('what a host refuses to send (%s)', (abi) => {
  it('is refused here as well, in the same words', async () => {
    const { path, abi: known = null } = fixtureOf(abi, 'bad-sends');
    const events = await play(planFiles([path as string], [], known), [message(String(MAX_MESSAGE + 1))]);
    const refused = events.flatMap((event) => {
      return event.kind === 'complaint' && event.text.startsWith('send') ? [event.text] : [];
    });
    expect(refused).toEqual([
      'send_message refused: params is NULL',
      'send_message refused: neither to nor groupid is set',
      'send_message refused: 65537 bytes are more than max_message (65536)',
      'send_message refused: 18446744073709551615 bytes are more than max_message (65536)',
      'send_message refused: message is NULL, but its length is 1',
      'send_message refused: an address is longer than 65536 bytes',
    ]);
    expect(events.filter(({ kind }) => kind === 'send')).toHaveLength(1);
  });
});

describe('under AddressSanitizer', () => {
  const MESSAGES = 10_000;
  const under = `sh -c 'shift; exec "$0" "$@"' '${sanitized}'`;

  it('modules that overwrite their name leak nothing of ours', async () => {
    execFileSync('make', ['-s', '-C', join(root, 'src/in-process/native'), 'asan']);
    const files = ['table', '2019', '2020'].map((abi) => fixture(`all-callbacks-${abi}`));
    const events = await play(planFiles(files, []), [message('hello')], under);
    for (const abi of ['table', '2019', '2020'])
      expect(linesOf(events, `all_callbacks_${abi}`)).toContain('on_message id=0 from=alice to=bob text=hello');
  });

  /** The samples, with the sanitizers in them. */
  function buildSamples(): string[] {
    const flags = ['-std=c11', '-g', '-O1', '-fPIC', '-pthread', '-shared', '-fsanitize=address,undefined'];
    directory = mkdtempSync(join(tmpdir(), 'mm-'));
    return ['filter', 'autoreply', 'chatbot', 'crashy', 'translate', 'skeleton'].map((name) => {
      const file = join(directory as string, `module_${name}.so`);
      const source = join(root, `modules/${name}/${name}.c`);
      execFileSync(process.env.CC ?? 'cc', [...flags, `-I${join(root, 'modules/include')}`, '-o', file, source]);
      return file;
    });
  }

  function* traffic(): Generator<Fed> {
    for (let i = 0; i < MESSAGES; i++) {
      if (i % 10 === 0) yield message(`what is ${i}?`, 'bot');
      else if (i % 10 === 1) yield message(`good "morning" ${i}`);
      else yield message(`what the HECK ${i}`);
    }
  }

  it('all samples do 10,000 messages without an error or a leak, whatever their services answer', async () => {
    execFileSync('make', ['-s', '-C', join(root, 'src/in-process/native'), 'asan']);
    let count = 0;
    server = await startRestServer((_, response) => {
      count += 1;
      if (count % 5 === 0) response.destroy();
      else if (count % 5 === 1) response.end('<html>no JSON</html>');
      else response.end('{"reply":"so it is","data":{"translations":[{"translatedText":"guten Morgen"}]}}');
    });
    const settings: [string, string][] = [
      ['blocked_words', 'heck'],
      ['address', 'bot'],
      ['url', server.url],
      ['target', 'de'],
    ];
    const events = await play(planFiles(buildSamples(), settings), traffic(), under);
    const outcomes = events.flatMap((event) => (event.kind === 'outcome' ? [event.by] : []));
    const consumed = (name: string) => outcomes.filter((by) => by === name).length;
    expect(outcomes).toHaveLength(MESSAGES);
    expect([consumed('filter'), consumed('chatbot'), consumed('translate')]).toEqual([8000, 1000, 1000]);
    const sends = events.flatMap((event) => (event.kind === 'send' ? [event.module] : []));
    expect(sends.filter((name) => name === 'chatbot')).toHaveLength(1000);
    expect(sends.filter((name) => name === 'translate')).toHaveLength(1000);
  });

  it('random scenarios find no error of the loader', async () => {
    execFileSync('make', ['-s', '-C', join(root, 'src/in-process/native'), 'asan']);
    const world = new OneProcess(sanitized);
    for (const scenario of fc.sample(scenarios(100), { numRuns: 20 })) await world.play(scenario);
    expect(await world.close()).toBe(0);
  });
});
