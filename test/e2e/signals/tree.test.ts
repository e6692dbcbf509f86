import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { CommandLine, type Run } from '../../helpers/command.js';
import { listMarked } from '../../helpers/processes.js';
import { boxesOf, fixture, isRunning, makeTempDir, readRunId } from '../core.js';

const PATIENCE = { timeout: 30_000 };
const NAMES = ['one', 'two'];

let command: CommandLine;
let core: ReturnType<CommandLine['begin']>;
let ended: Promise<Run>;
let logged: string;
let hosts: number[];
let runId: string;

const path = (name: string) => join(command.directory, name);
const logs = () =>
  logged
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line).msg as string);
const until = (holds: () => boolean) => expect.poll(holds, PATIENCE).toBe(true);

beforeEach(async () => {
  command = new CommandLine(makeTempDir());
  const modules = NAMES.map((name) => {
    const settings = ['abi = table', 'deadline = 60s', 'hang = off', 'stop_timeout = 60s'];
    return `module ${name} {\npath = ${fixture('meets-signals')}\n${settings.join('\n')}\n}\n`;
  });
  writeFileSync(path('told'), `#!/bin/sh\necho "$MESIBO_EVENT $MESIBO_REASON" >> ${path('told.log')}\n`, {
    mode: 0o755,
  });
  writeFileSync(path('mesibo.conf'), `on_event = told\nchain_deadline = 60s\n${modules.join('')}`);
  core = command.begin('start', '--config', path('mesibo.conf'));
  logged = '';
  core.stdout.setEncoding('utf8').on('data', (text) => {
    logged += text;
  });
  ended = command.finish(core);
  await until(() => /serves .* 2 of 2 modules are ready/.test(logged));
  const status = JSON.parse((await command.run('status', '--json')).stdout);
  hosts = status.modules.map(({ pid }: { pid: number }) => pid);
  runId = readRunId(path('run'));
});
afterEach(async () => {
  if (isRunning(core.pid as number)) core.kill('SIGKILL');
  await ended;
  rmSync(command.directory, { recursive: true });
});

/** A message that the first module holds until there is the file `go`. */
async function hold(): Promise<Promise<Run>[]> {
  const sent = [command.run('send', '--from', 'a', '--to', 'b', '--json', '--wait', '0', `hold ${path('go')}`)];
  await until(() => existsSync(path('go.begun')));
  return sent;
}

const toCore = (signal: NodeJS.Signals) => core.kill(signal);
const toHosts = (signal: NodeJS.Signals) => {
  for (const pid of hosts) process.kill(pid, signal);
};
const coreKnows = () => until(() => logs().some((line) => line.startsWith('stopping: ')));
const hostsKnow = () => until(() => logs().filter((line) => / got SIG/.test(line)).length === hosts.length);

it.each<[how: string, signal: () => Promise<void>]>([
  [
    'all processes at once',
    async () => {
      for (const pid of [...hosts, core.pid as number]) process.kill(pid, 'SIGTERM');
    },
  ],
  [
    'the core, and at once its hosts',
    async () => {
      for (const pid of [core.pid as number, ...hosts]) process.kill(pid, 'SIGTERM');
    },
  ],
  [
    'the core, which has begun to stop when its hosts are signalled',
    async () => {
      toCore('SIGTERM');
      await coreKnows();
      toHosts('SIGTERM');
    },
  ],
  [
    'the hosts, which have told the core when that is signalled',
    async () => {
      toHosts('SIGTERM');
      await hostsKnow();
      toCore('SIGTERM');
    },
  ],
  [
    'a core that is kept from running until its hosts have the signal',
    async () => {
      toCore('SIGSTOP');
      toHosts('SIGTERM');
      toCore('SIGTERM');
      toCore('SIGCONT');
    },
  ],
  [
    'a core that finds its own SIGTERM and what hosts tell of their SIGHUP at the same time',
    async () => {
      toCore('SIGSTOP');
      toHosts('SIGHUP');
      toHosts('SIGTERM');
      toCore('SIGTERM');
      toCore('SIGCONT');
    },
  ],
  [
    'all by SIGINT, as from a terminal',
    async () => {
      toHosts('SIGINT');
      toCore('SIGINT');
    },
  ],
  [
    'all by SIGTERM and SIGHUP, as systemd with SendSIGHUP does',
    async () => {
      for (const signal of ['SIGTERM', 'SIGHUP'] as const) {
        toCore(signal);
        toHosts(signal);
      }
    },
  ],
])('a stop like any other: %s', async (_, signal) => {
  const sent = await hold();
  await signal();
  await coreKnows();
  // Whatever came in whatever order: the module is still at work.
  expect(hosts.filter(isRunning)).toEqual(hosts);
  writeFileSync(path('go'), '');
  const outcomes = (await Promise.all(sent)).map(({ stdout }) => JSON.parse(stdout));
  expect(outcomes).toMatchObject([{ verdict: 'consumed', by: 'one', trace: [{ default: null }] }]);
  expect((await ended).code).toBe(0);
  const said = logs();
  expect(said.filter((line) => line === 'cleaned up')).toHaveLength(NAMES.length);
  expect(said.filter((line) => /^ready in /.test(line))).toHaveLength(NAMES.length);
  expect(said.filter((line) => /was stopped$/.test(line))).toHaveLength(NAMES.length);
  expect(said.filter((line) => /was ended by|reload|failed|started again/.test(line))).toEqual([]);
  expect(existsSync(path('told.log'))).toBe(false);
  expect(hosts.filter(isRunning)).toEqual([]);
  expect([listMarked('MESIBO_RUN_ID', runId), boxesOf(runId)]).toEqual([[], []]);
});
