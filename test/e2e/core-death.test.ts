import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { fixture, isRunning, sample, TestCore } from './core.js';

const root = new URL('../..', import.meta.url);

/** A core in a process of its own, to be killed: prints the pids of its hosts, then sends itself what comes on stdin. */
const program = `
import { createInterface } from 'node:readline';
import { makeConfig, Supervisor } from 'mesibo-modules';
const [runDir, modules] = process.argv.slice(1);
const supervisor = new Supervisor(makeConfig({ modules: JSON.parse(modules) }), { runDir });
supervisor.on('log', (line) => { if (line.source === 'stdout') console.log('stdout ' + line.text); });
supervisor.on('lifecycle', (event) => { if (event.kind === 'spawned') console.log('pid ' + event.pid); });
await supervisor.start();
console.log('started');
for await (const text of createInterface(process.stdin)) {
  supervisor.onMessage({ from: 'a', to: 'b' }, Buffer.from(text)).then(() => console.log('done ' + text));
}
`;

class ChildCore {
  readonly child: ChildProcess;
  readonly pids: number[] = [];
  readonly #lines: AsyncIterator<string>;

  constructor(runDir: string, modules: object[]) {
    const args = ['--input-type=module', '-e', program, runDir, JSON.stringify(modules)];
    this.child = spawn(process.execPath, args, { cwd: root, stdio: ['pipe', 'pipe', 'inherit'] });
    this.#lines = createInterface(this.child.stdout as NodeJS.ReadableStream)[Symbol.asyncIterator]();
  }

  /** Reads on until a line begins with `wanted`. */
  async line(wanted: string): Promise<void> {
    for (;;) {
      const { value, done } = await this.#lines.next();
      if (done) throw new Error(`the core ended before it said "${wanted}"`);
      const pid = /^pid (\d+)$/.exec(value)?.[1];
      if (pid) this.pids.push(Number(pid));
      if (value.startsWith(wanted)) return;
    }
  }

  async kill(): Promise<void> {
    const exit = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await exit;
  }
}

let next: TestCore;
afterEach(() => next.close());

const crashy = { name: 'crashy', path: sample('crashy'), hangMs: null };

describe('a core that is killed', () => {
  it.each([
    ['while its modules idle', false],
    ['while a module hangs in C', true],
  ])('%s: no host is left, and the next start works and says what it found', async (_, hangs) => {
    next = new TestCore({ modules: [crashy] });
    const logged: string[] = [];
    next.supervisor.on('log', (line) => logged.push(line.text));
    const hanging = { name: 'prints_then_hangs', path: fixture('prints-then-hangs') };
    const forgetting = { name: 'forgets_its_core', path: fixture('forgets-its-core') };
    const core = new ChildCore(next.runDir, [crashy, hanging, forgetting]);
    await core.line('started');
    expect(core.pids).toHaveLength(3);
    expect(core.pids.every(isRunning)).toBe(true);
    if (hangs) {
      core.child.stdin?.write('hello\n');
      await core.line('stdout hanging');
    }
    await core.kill();
    await expect.poll(() => core.pids.filter(isRunning), { timeout: 10_000 }).toEqual([]);

    await next.start();
    // A spare that was just starting may have left its socket.
    const told = new RegExp(
      `^the core with pid ${core.child.pid} did not end cleanly; it had left .* in ${next.runDir}$`,
    );
    expect(logged).toContainEqual(expect.stringMatching(told));
    expect((await next.send('hello')).trace).toMatchObject([{ default: null }]);
  });

  it('at any moment of its start leaves no host either', async () => {
    next = new TestCore({ modules: [crashy] });
    for (let i = 0; i < 8; i++) {
      const core = new ChildCore(next.runDir, [crashy, { name: 'hangs', path: fixture('init-hangs') }]);
      await core.line('pid');
      // A little later each time: before, during and after the first steps of the host.
      await setTimeout(i * 25);
      await core.kill();
      await expect.poll(() => core.pids.filter(isRunning), { timeout: 10_000 }).toEqual([]);
    }
    await next.start();
    expect((await next.send('hello')).trace).toMatchObject([{ default: null }]);
  });
});
