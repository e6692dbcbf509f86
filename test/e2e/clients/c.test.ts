import { type ChildProcessWithoutNullStreams, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { beforeAll, expect, it, onTestFinished } from 'vitest';
import { PACKAGE_ROOT } from '../../../src/paths.js';
import { CoreRig } from './rig.js';

const FOLDER = join(PACKAGE_ROOT, 'test/client-c');

beforeAll(() => {
  execFileSync('make', ['-s', '-C', FOLDER, 'example']);
});

/** bridges/c/example.c, and what it prints. */
class Example {
  readonly process: ChildProcessWithoutNullStreams;
  readonly printed: string[] = [];
  readonly complained: string[] = [];
  #more: () => void = () => {};

  constructor(path: string) {
    this.process = spawn(join(FOLDER, 'build/example'), [path]);
    createInterface(this.process.stdout).on('line', (line) => {
      this.printed.push(line);
      this.#more();
    });
    createInterface(this.process.stderr).on('line', (line) => {
      this.complained.push(line);
      this.#more();
    });
    onTestFinished(() => void this.process.kill('SIGKILL'));
  }

  say(line: string): void {
    this.process.stdin.write(`${line}\n`);
  }

  async until(holds: () => boolean): Promise<void> {
    while (!holds()) {
      await new Promise<void>((resolve) => {
        this.#more = resolve;
      });
    }
  }

  async end(): Promise<number | null> {
    this.process.stdin.end();
    if (this.process.exitCode === null) await once(this.process, 'exit');
    return this.process.exitCode;
  }
}

it('the example of the C client: messages are filtered, sends are delivered, and a core that is away is reported', async () => {
  const rig = new CoreRig();
  const example = new Example(rig.path);
  example.say('alice bob what the heck');
  await example.until(() => example.printed.length === 1 && example.complained.length === 1);
  expect(example.printed).toEqual(['alice to bob: what the heck']);
  expect(example.complained[0]).toMatch(
    /^mesibo-modules: 1 event has the default verdict \(pass\): unreachable: no core/,
  );

  await rig.start();
  // The client tries again by itself: within moments a message is filtered.
  while (!example.printed.includes('consumed by filter')) {
    const { length } = example.printed;
    example.say('alice bob what the heck');
    await example.until(() => example.printed.length > length);
  }
  example.printed.length = 0;
  example.say('alice bob fine');
  example.say('alice bob 3');
  await example.until(() => example.printed.length === 5);
  expect(example.printed.filter((line) => !line.startsWith('bob'))).toEqual(['alice to bob: fine', 'alice to bob: 3']);
  expect(example.printed.filter((line) => line.startsWith('bob'))).toEqual([
    'bob to alice: sent 1',
    'bob to alice: sent 2',
    'bob to alice: sent 3',
  ]);
  expect(await example.end()).toBe(0);
  await expect.poll(() => rig.core.status().sends?.waiting, { timeout: 30_000 }).toBe(0);
});

it('the example says what is wrong with its options', async () => {
  const example = new Example('x'.repeat(200));
  expect(await example.end()).toBe(2);
  expect(example.complained).toEqual(['example: options.path has 200 bytes; the system allows 107']);
});
