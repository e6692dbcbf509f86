import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { EventProgram } from '../../src/daemon/events/event-program.js';

it('a daemon that a program leaves with its output holds none of ours, and what was written is taken', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'event-'));
  const path = join(directory, 'program');
  const script = `#!/bin/sh\nsetsid sleep 60 &\necho $! > ${directory}/pid\nprintf begun\n`;
  writeFileSync(path, script, { mode: 0o755 });
  const said: string[] = [];
  const options = { path, runDir: directory, stateDir: directory };
  const program = new EventProgram({ ...options, say: (_level, text) => said.push(text) });
  const event = { event: 'failed', module: 'm', generation: 1, cause: null, signal: null, reason: 'why' } as const;
  const countPipes = () => readdirSync('/proc/self/fd').length;
  const before = countPipes();
  program.tell(event);
  await program.close();
  expect(countPipes()).toBeLessThanOrEqual(before);
  expect(said).toEqual(['on_event: begun']);
  const daemon = Number(readFileSync(join(directory, 'pid'), 'utf8'));
  process.kill(daemon, 'SIGKILL');
  rmSync(directory, { recursive: true });
});
