import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { EventProgram } from '../../src/core/events/event-program.js';

it('a daemon that keeps the output of its program open holds up nothing, and the written output is read', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'event-'));
  const path = join(directory, 'program');
  const script = `#!/bin/sh\nsetsid sleep 60 &\necho $! > ${directory}/pid\nprintf begun\n`;
  writeFileSync(path, script, { mode: 0o755 });
  const said: string[] = [];
  const options = { path, runDir: directory, stateDir: directory };
  const program = new EventProgram({ ...options, say: (_level, text) => said.push(text) });
  const event = {
    event: 'failed',
    module: 'm',
    generation: 1,
    replica: null,
    cause: null,
    signal: null,
    crash: null,
    reason: 'why',
    time: 0,
  } as const;
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

it('is run once at a time, in order, with the time and the number of each event', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'event-'));
  const path = join(directory, 'program');
  const script = `#!/bin/sh
[ -e ${directory}/runs ] && echo two at a time
touch ${directory}/runs
echo "$MESIBO_SEQ $MESIBO_TIME $MESIBO_EVENT $MESIBO_MODULE $MESIBO_SKIPPED"
read line < ${directory}/go
rm ${directory}/runs
`;
  writeFileSync(path, script, { mode: 0o755 });
  execFileSync('mkfifo', [join(directory, 'go')]);
  const said: string[] = [];
  const options = { path, runDir: directory, stateDir: directory };
  const program = new EventProgram({ ...options, say: (_level, text) => said.push(text) });
  const tell = (event: 'crash' | 'failed' | 'recovered', module: string, time: number) =>
    program.tell({
      event,
      module,
      generation: 1,
      replica: null,
      cause: null,
      signal: null,
      crash: null,
      reason: '',
      time,
    });
  tell('crash', 'a', 1000);
  tell('crash', 'b', 2000);
  tell('failed', 'a', 3000);
  tell('recovered', 'a', 4000);
  for (let run = 1; run <= 3; run++) {
    await expect.poll(() => said.length, { timeout: 30_000 }).toBe(run);
    writeFileSync(join(directory, 'go'), 'on\n');
  }
  await program.close();
  expect(said).toEqual([
    'on_event: 1 1970-01-01T00:00:01.000Z crash a 0',
    'on_event: 2 1970-01-01T00:00:02.000Z crash b 0',
    'on_event: 3 1970-01-01T00:00:04.000Z recovered a 1',
  ]);
  rmSync(directory, { recursive: true });
});
