import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isRunning, readRunId, sample } from '../core.js';
import { EmbeddingProgram } from './program.js';

const FILTER = `module filter { path = ${sample('filter')} ; blocked_words = heck }`;
const CRASHY = `module crashy { path = ${sample('crashy')} }`;

let program: EmbeddingProgram;
beforeEach(() => {
  program = new EmbeddingProgram();
});
afterEach(async () => {
  await program.close();
});

describe('a program with a core in it', () => {
  it('is reached by every command, and goes on when one of them has stopped its core', async () => {
    const cli = program.cli();
    expect(await program.start(`${FILTER}\n${CRASHY}`)).toEqual({ refused: [], stopped: [] });
    expect(await program.do('send', { name: 'run', text: 'what the heck' })).toEqual({
      verdict: 'consumed',
      by: 'filter',
    });

    const status = await cli.run('status');
    expect(status).toMatchObject({ code: 0, stderr: '' });
    expect(status.stdout).toContain(`pid ${program.pid}`);
    expect(status.stdout).toMatch(/filter +serving/);
    expect((await cli.run('send', '--from', 'a', '--to', 'b', 'oh heck')).stdout).toContain('consumed by filter');
    expect((await cli.run('describe', 'filter')).stdout).toMatch(/messages +2: 0 passed, 2 consumed/);
    expect((await cli.run('list')).stdout).toMatch(/crashy +serving/);
    expect(await cli.run('restart', 'filter')).toMatchObject({ code: 0 });
    expect(await cli.run('stop', 'crashy')).toMatchObject({ code: 0 });
    expect(await cli.run('start', 'crashy')).toMatchObject({ code: 0 });
    expect(await cli.run('reset', 'crashy')).toMatchObject({ code: 0 });
    const logs = await cli.run('--state-dir', join(program.directory, 'run-state'), 'logs', '-n', '1000');
    expect(logs.stdout).toContain(`serves ${program.runDir} with pid ${program.pid}: 2 of 2 modules are ready`);
    expect(logs.stdout).toContain('blocked a message from alice');
    // The same lines are announced.
    await program.says('log', { module: 'filter', text: 'blocked a message from alice: it contains "heck"' } as object);

    const stopped = await cli.run('stop');
    expect(stopped).toMatchObject({ code: 0, stdout: '' });
    expect(stopped.stderr).toBe(`mesibo-modules: the core with pid ${program.pid} has stopped; its program goes on\n`);
    expect(await program.says('ended')).toMatchObject({ why: 'asked to over the control socket', failure: null });
    expect(program.hosts.filter(isRunning)).toEqual([]);
    expect(await cli.run('status')).toMatchObject({ code: 3 });
    await expect(program.do('send', { name: 'run', text: 'x' })).rejects.toMatchObject({ code: 'ILLEGAL_STATE' });
    // It may have another one there at once.
    await program.make('again', join(program.directory, 'mesibo.conf'), { runDir: program.runDir });
    await program.do('start', { name: 'again' });
    expect(await cli.run('status')).toMatchObject({ code: 0 });
    await program.do('stop', { name: 'again' });
    expect(program.stderr).toBe('');
  });

  it('is not changed by it: no handlers, no subreaper, no warnings, and umask, directory, environment and exit code as they were', async () => {
    await program.start(FILTER);
    await program.do('send', { name: 'run', text: 'hello' });
    const running = await program.do<{ before: object; now: object }>('facts');
    expect(running.now).toEqual(running.before);
    expect(running.before).toMatchObject({ isSubreaper: false, exitCode: null, env: { NOTIFY_SOCKET: '@none' } });
    await program.do('stop', { name: 'run' });
    const stopped = await program.do<{ before: object; now: object }>('facts');
    expect(stopped.now).toEqual(stopped.before);
    expect(program.told.filter(({ kind }) => kind === 'warning')).toEqual([]);
    expect(program.stderr).toBe('');
  });

  it('becomes the subreaper when it asks for that', async () => {
    await program.start(FILTER, { subreaper: true });
    expect(await program.do('facts')).toMatchObject({ before: { isSubreaper: false }, now: { isSubreaper: true } });
    await program.do('stop', { name: 'run' });
    expect(await program.do('facts')).toMatchObject({ now: { isSubreaper: false } });
  });

  it('finds nothing left when its stop returns: no lock, no socket, no process, and the whole log', async () => {
    await program.start(FILTER);
    await program.do('stop', { name: 'run', why: 'it is evening' });
    expect(program.hosts.filter(isRunning)).toEqual([]);
    expect(existsSync(join(program.runDir, 'control.sock'))).toBe(false);
    expect(readFileSync(join(program.runDir, 'lock'), 'utf8')).toBe('');
    expect(readFileSync(join(program.directory, 'run-state/logs/core.log'), 'utf8')).toContain(
      'stopping: it is evening',
    );
    expect(await program.says('ended')).toMatchObject({ why: 'it is evening', failure: null });
    // Again, and at once: that changes nothing.
    await program.do('stop', { name: 'run', now: true });
  });

  it('may have two cores, in directories of their own', async () => {
    const file = program.write(FILTER);
    for (const name of ['one', 'two']) await program.make(name, file);
    await Promise.all(['one', 'two'].map((name) => program.do('start', { name })));
    for (const name of ['one', 'two']) {
      expect((await program.cli(name).run('send', '--from', 'a', '--to', 'b', 'heck')).stdout).toContain(
        'consumed by filter',
      );
    }
    await program.make('three', file, { runDir: join(program.directory, 'one') });
    await expect(program.do('start', { name: 'three' })).rejects.toMatchObject({ code: 'RUN_DIR_BUSY' });
    expect(await program.says('ended', { core: 'three' })).toMatchObject({
      failure: expect.stringContaining('is held by'),
    });
    expect(existsSync(join(program.directory, 'three-state/logs/core.log'))).toBe(false);
    expect(await program.cli('one').run('stop')).toMatchObject({ code: 0 });
    expect((await program.cli('two').run('status')).stdout).toMatch(/filter +serving/);
    await program.do('stop', { name: 'two' });
  });

  it('gets an error in a worker thread: a core needs the main thread', async () => {
    const options = { runDir: program.runDir, stateDir: program.runDir };
    expect(await program.do('work', { options })).toEqual({
      code: 'ILLEGAL_STATE',
      message:
        'a core runs only in the main thread, and this is a worker thread; make it in the main thread, and let workers send their messages there',
    });
    expect(existsSync(program.runDir)).toBe(false);
  });

  it('may be killed: its hosts end with it, and the next core cleans up', async () => {
    await program.start(FILTER);
    const runId = readRunId(program.runDir);
    await program.kill();
    await expect.poll(() => program.hosts.filter(isRunning), { timeout: 20_000 }).toEqual([]);
    const next = new EmbeddingProgram();
    await next.make('run', program.write(FILTER), {
      runDir: program.runDir,
      stateDir: join(program.directory, 'run-state'),
    });
    expect(await next.do('start', { name: 'run' })).toEqual({ refused: [], stopped: [] });
    expect(readRunId(program.runDir)).not.toBe(runId);
    await next.do('stop', { name: 'run' });
    await next.close();
  });

  it('may stop its core in the middle of the start, which then says so', async () => {
    await program.make('run', program.write(FILTER));
    const starting = program.do('start', { name: 'run' });
    const stopping = program.do('stop', { name: 'run' });
    await expect(starting).rejects.toMatchObject({
      code: 'ILLEGAL_STATE',
      message: 'start: the core was stopped meanwhile (asked to by its program)',
    });
    await stopping;
    await expect(program.do('start', { name: 'run' })).rejects.toMatchObject({
      message: 'start: the core is ended, and must be new',
    });
  });

  it('with "strict" gets no core when a module is refused, and nothing is left of it', async () => {
    const starting = program.start(`${FILTER}\nmodule missing { path = /nowhere.so }`, { strict: true });
    await expect(starting).rejects.toMatchObject({ code: 'MODULE_FILE_MISSING' });
    expect(program.hosts.filter(isRunning)).toEqual([]);
    expect(await program.cli().run('status')).toMatchObject({ code: 3 });
  });
});

describe('mesibo-modules reload, for a core in a program,', () => {
  it('is refused with the reason when the program gives no configuration', async () => {
    await program.start(FILTER);
    const { code, stderr } = await program.cli().run('reload');
    expect(code).toBe(1);
    expect(stderr).toBe(
      `mesibo-modules: the core with pid ${program.pid} is part of a program, which has its configuration; let the program call reload with another one, or give "reload" to its Core\n`,
    );
    // That is no trouble of the core.
    expect(await program.cli().run('status')).toMatchObject({ code: 0 });
    await program.do('stop', { name: 'run' });
  });

  it('takes what the function of the program gives, for all modules or some', async () => {
    await program.start(FILTER, { reload: 'file' });
    program.write(FILTER.replace('= heck', '= drat'));
    expect((await program.cli().run('reload')).stderr).toContain('reloaded: new processes for filter');
    expect(await program.do('send', { name: 'run', text: 'drat' })).toMatchObject({ verdict: 'consumed' });
    expect(await program.says('reloaded')).toMatchObject({ failure: null });
    expect((await program.cli().run('reload', 'filter')).stderr).toContain('reloaded: new processes for filter');
    // The program itself may ask for the same, or bring its own.
    expect(await program.do('reload', { name: 'run' })).toMatchObject({ unchanged: ['filter'] });
    const file = program.write(`${FILTER}\n${CRASHY}`, 'other.conf');
    expect(await program.do('reload', { name: 'run', file })).toMatchObject({
      replaced: ['filter'],
      added: ['crashy'],
    });
    await program.do('stop', { name: 'run' });
  });

  it.each([
    ['fails', 'the program could not give a configuration: the database of settings is away'],
    [
      'nonsense',
      'reload was given something that is not a configuration; make one with loadConfig, parseConfig or makeConfig',
    ],
  ])('changes nothing when that function %s, and says why', async (reload, why) => {
    await program.start(FILTER, { reload });
    expect(await program.cli().run('reload')).toMatchObject({ code: 1, stderr: `mesibo-modules: ${why}\n` });
    expect(await program.says('reloaded')).toMatchObject({ failure: why });
    const status = await program.cli().run('status');
    expect(status.code).toBe(1);
    expect(status.stdout).toContain(why);
    expect(await program.do('send', { name: 'run', text: 'heck' })).toMatchObject({ verdict: 'consumed' });
    await program.do('stop', { name: 'run' });
  });
});

describe('on_event, in a core in a program,', () => {
  it('is run for a crash', async () => {
    const pipe = join(program.directory, 'told');
    execFileSync('mkfifo', [pipe]);
    const script = program.write(
      `#!/bin/sh\necho "$MESIBO_EVENT $MESIBO_MODULE $MESIBO_RUN_DIR" > ${pipe}\n`,
      'tell.sh',
    );
    chmodSync(script, 0o755);
    await program.start(`on_event = ${script}\n${CRASHY}`);
    void program.do('send', { name: 'run', text: 'crash' });
    expect(await readFile(pipe, 'utf8')).toBe(`crash crashy ${program.runDir}\n`);
    await program.do('stop', { name: 'run' });
  });
});

describe('a supervisor without a core around it', () => {
  it('is named as what it is by every command', async () => {
    await program.start(FILTER, { bare: true });
    const says = `mesibo-modules: the core with pid ${program.pid} that holds ${program.runDir} is a Supervisor in a program: it has no control socket and no log files, so no command reaches it; ask that program, or let it use Core in place of Supervisor\n`;
    const verbs = [
      ['status'],
      ['list'],
      ['describe', 'filter'],
      ['send', '--from', 'a', '--to', 'b', 'x'],
      ['reload'],
      ['restart', 'filter'],
      ['start', 'filter'],
      ['stop', 'filter'],
      ['reset', 'filter'],
      ['logs'],
      ['stop'],
    ];
    for (const verb of verbs) expect(await program.cli().run(...verb)).toEqual({ code: 1, stdout: '', stderr: says });
    await program.do('stop', { name: 'run' });
    expect(await program.cli().run('status')).toMatchObject({ code: 3 });
  });
});
