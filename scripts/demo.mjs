// Shows a core with four sample modules on a temporary run directory: real messages, a service that one of them asks, and a
// module that crashes in between. Exits with another code than 0 when something that it shows did not happen.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadConfig, Supervisor } from 'mesibo-modules';

const LIMIT_MS = 30_000;
const samples = join(dirname(fileURLToPath(import.meta.url)), '../modules/build');
const directory = mkdtempSync(join(tmpdir(), 'mesibo-demo-'));
const configFile = join(directory, 'mesibo.conf');
const service = createServer(answerQuery).listen(0, '127.0.0.1');
await once(service, 'listening');
writeFileSync(
  configFile,
  `module filter    { path = ${samples}/module_filter.so
                   blocked_words = darn,heck }
module chatbot   { path = ${samples}/module_chatbot.so
                   address = bot
                   url = http://127.0.0.1:${service.address().port}/query }
module autoreply { path = ${samples}/module_autoreply.so
                   reply = Thank you for your message. }
module crashy    { path = ${samples}/module_crashy.so }
`,
);

const supervisor = new Supervisor(loadConfig(configFile), { runDir: join(directory, 'run') });
const limit = setTimeout(() => giveUp(new Error(`the demo did not end within ${LIMIT_MS / 1000} s`)), LIMIT_MS);
supervisor.on('lifecycle', (event) => {
  if (event.kind === 'ready') {
    say(
      `  ${event.module} is ready: host ${event.generation}, pid ${event.pid}, ${millis(event.startMicros)} after its start`,
    );
  }
  if (event.kind === 'exited' && event.cause !== 'stop') {
    say(`  !! ${event.text}`);
    const gdb = 'gdb -batch -ex run -ex bt --args';
    const again = `mesibo-modules run --in-process --under '${gdb}' ${samples}/module_crashy.so --message crash`;
    say(`     to see where it crashes: ${again}`);
  }
});
supervisor.on('log', (line) => {
  if (line.source === 'module') say(`     ${line.module} logs: ${line.text}`);
});
supervisor.on('message', (sent) => {
  say(`     ${sent.module} sends to ${sent.params.to}: "${sent.payload}"`);
});

let nextId = 1;
try {
  await demonstrate();
} catch (error) {
  await giveUp(error);
}
clearTimeout(limit);
service.close();
rmSync(directory, { recursive: true });

async function demonstrate() {
  say('Four modules, each in a process of its own:\n');
  const { refused } = await supervisor.start();
  assert.deepEqual(refused, [], 'a module was refused');

  say('\nMessages from alice to bob go through the chain filter > chatbot > autoreply > crashy:\n');
  const reply = once(supervisor, 'message');
  expect(await send('good morning'), 'pass', null);
  await reply;
  expect(await send('what the heck'), 'consumed', 'filter');

  say('A message to the bot goes to a REST service on this machine, and its answer comes back:\n');
  const answered = nextMessageOf('chatbot');
  expect(await send('how are you?', 'bot'), 'consumed', 'chatbot');
  assert.equal(String((await answered).payload), 'You said: how are you?');
  say('');

  say('Now crashy gets a message that makes it write to address 0:\n');
  const before = crashy();
  const crashed = await send('crash');
  expect(crashed, 'pass', null);
  assert.equal(crashed.trace.at(-1).default, 'crash', 'the crash is not in the trace');

  say('The others did not notice, and crashy is back:\n');
  const after = await send('and good evening');
  expect(after, 'pass', null);
  assert.ok(
    after.trace.every((entry) => entry.default === null),
    'a verdict was not the module’s own',
  );
  const status = crashy();
  assert.equal(status.crashes.lastSignal, 'SIGSEGV');
  assert.equal(status.generation, before.generation + 1);
  assert.notEqual(status.pid, before.pid);

  const pids = supervisor.status().modules.map((module) => module.pid);
  await supervisor.stop();
  assert.ok(
    pids.every((pid) => !isAlive(pid)),
    'a host outlived its core',
  );
  say('All stopped, nothing left behind.');
}

/** The service that chatbot asks. */
async function answerQuery(request, response) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const { query } = JSON.parse(Buffer.concat(chunks).toString());
  say(`     the service is asked: "${query}"`);
  response.setHeader('content-type', 'application/json').end(JSON.stringify({ reply: `You said: ${query}` }));
}

function nextMessageOf(module) {
  return new Promise((resolve) => {
    supervisor.on('message', function listen(sent) {
      if (sent.module !== module) return;
      supervisor.off('message', listen);
      resolve(sent);
    });
  });
}

async function send(text, to = 'bob') {
  say(`  alice to ${to}: "${text}"`);
  const outcome = await supervisor.onMessage({ from: 'alice', to, id: nextId++ }, Buffer.from(text));
  const micros = outcome.trace.reduce((sum, entry) => sum + entry.micros, 0);
  const by = outcome.by ? ` by ${outcome.by}` : '';
  for (const entry of outcome.trace) {
    const whose = entry.default ? `its default, because of: ${entry.default}` : 'its own verdict';
    say(`     ${entry.module.padEnd(9)} ${entry.verdict.padEnd(8)} ${String(entry.micros).padStart(6)} us  ${whose}`);
  }
  say(`     = ${outcome.verdict}${by}, after ${micros} us\n`);
  return outcome;
}

function expect(outcome, verdict, by) {
  assert.equal(outcome.verdict, verdict);
  assert.equal(outcome.by, by);
}

function crashy() {
  return supervisor.status().modules.find((module) => module.name === 'crashy');
}

function isAlive(pid) {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

function millis(micros) {
  return `${Math.round(micros / 1000)} ms`;
}

function say(line) {
  console.log(line);
}

async function giveUp(error) {
  console.error(`\nThe demo failed: ${error.message}`);
  await supervisor.stop({ now: true }).finally(() => process.exit(1));
}
