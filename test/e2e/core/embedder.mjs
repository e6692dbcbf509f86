// A program that embeds cores, and does what it is told by lines of JSON; what it has to say comes back as lines of JSON.
import { writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { Worker } from 'node:worker_threads';
import koffi from 'koffi';

const prctl = koffi.load('libc.so.6').func('int prctl(int option, _Out_ int *a, ulong b, ulong c, ulong d)');
const PR_GET_CHILD_SUBREAPER = 37;

/** What a core must leave as it is. */
function facts() {
  const subreaper = [0];
  prctl(PR_GET_CHILD_SUBREAPER, subreaper, 0, 0, 0);
  const names = process.eventNames().map(String).sort();
  return {
    listeners: Object.fromEntries(names.map((name) => [name, process.listenerCount(name)])),
    umask: process.umask(),
    cwd: process.cwd(),
    env: { ...process.env },
    exitCode: process.exitCode ?? null,
    isSubreaper: subreaper[0] !== 0,
    title: process.title,
  };
}

const tell = (told) =>
  writeSync(1, `${JSON.stringify(told, (_, value) => (typeof value === 'bigint' ? `${value}` : value))}\n`);
process.on('warning', ({ message }) => tell({ kind: 'warning', message }));
const before = facts();
const { Core, loadConfig, Supervisor } = await import('mesibo-modules');

const cores = new Map();
/** What takes sends of each core, and what each send that is held waits for. */
const takings = new Map();
const held = new Map();
const commands = {
  make({ name, file, bare = false, reload, ...options }) {
    const config = loadConfig(file);
    const reloads = {
      file: () => loadConfig(file),
      fails: () => {
        throw new Error('the database of settings is away');
      },
      nonsense: async () => ({ modules: 'none' }),
    };
    const how = reload === undefined ? {} : { reload: reloads[reload] };
    const core = bare ? new Supervisor(config, options) : new Core(config, { ...options, ...how });
    core.on('log', ({ module, text }) => tell({ kind: 'log', core: name, module, text }));
    core.on('lifecycle', (event) => tell({ kind: 'lifecycle', core: name, event }));
    if (!bare) {
      core.on('stopping', (why) => tell({ kind: 'stopping', core: name, why }));
      core.on('reloaded', (failure) => tell({ kind: 'reloaded', core: name, failure: failure?.message ?? null }));
      core.ended.then(({ why, failure }) =>
        tell({ kind: 'ended', core: name, why, failure: failure?.message ?? null }),
      );
    }
    cores.set(name, core);
  },
  start: ({ name }) => cores.get(name).start(),
  stop: ({ name, ...options }) => cores.get(name).stop(options),
  send: async ({ name, text, id = 0 }) => {
    const params = { from: 'alice', to: 'bob', id };
    const { verdict, by } = await cores.get(name).onMessage(params, Buffer.from(text));
    return { verdict, by };
  },
  login: ({ name }) => cores.get(name).onLogin({ address: 'alice' }),
  call: ({ name }) => cores.get(name).onCall(),
  callStatus: ({ name }) => cores.get(name).onCallStatus(),
  messageStatus: ({ name }) => cores.get(name).onMessageStatus({ from: 'alice', to: 'bob', id: 7 }, 3),
  take({ name, how, window }) {
    const handle = {
      accept: () => undefined,
      read: async () => 3,
      reject: async () => {
        throw new Error('bob has moved');
      },
      throw: () => {
        throw new Error('bob has moved');
      },
      odd: () => 2 ** 60 + 0.5,
      hold: ({ params }) => new Promise((resolve) => held.set(`${params.id}`, resolve)),
    }[how];
    const end = cores.get(name).takeSends(
      (send) => {
        const { sentId, module, params, payload, cause } = send;
        tell({ kind: 'sent', core: name, sentId, module, id: params.id, text: payload.toString(), cause });
        return handle(send);
      },
      { window },
    );
    takings.set(name, end);
  },
  untake: ({ name }) => takings.get(name)(),
  release: ({ id, status }) => held.get(id)(status),
  describe: ({ name, module }) => cores.get(name).describeModule(module),
  reload: ({ name, file, modules }) => cores.get(name).reload(file && loadConfig(file), { modules }),
  status: ({ name }) => cores.get(name).status(),
  facts: () => ({ before, now: facts() }),
  work: ({ options }) => {
    const program = `import('${import.meta.resolve('mesibo-modules')}').then(({ Core, makeConfig }) => {
      try {
        new Core(makeConfig({ modules: [] }), ${JSON.stringify(options)});
      } catch (error) {
        require('node:worker_threads').parentPort.postMessage({ code: error.code, message: error.message });
      }
    })`;
    return new Promise((resolve, reject) => {
      new Worker(program, { eval: true }).once('message', resolve).once('error', reject);
    });
  },
};

tell({ kind: 'up' });
for await (const line of createInterface(process.stdin)) {
  const { request, command, ...options } = JSON.parse(line);
  Promise.resolve()
    .then(() => commands[command](options))
    .then(
      (result = null) => tell({ kind: 'done', request, result }),
      ({ code, message }) => tell({ kind: 'failed', request, code, message }),
    );
}
await Promise.all([...cores.values()].map((core) => core.stop({ now: true })));
