/**
 * Hides Node's symbols in this process as a host does, and tells what came of it, as JSON. Run by hiding.test.ts under each
 * Node.js. Its argument is JSON as well: { require, koffi, shim, names, libraries }.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Worker } from 'node:worker_threads';

const given = JSON.parse(readFileSync(0, 'utf8'));
const require = createRequire(given.require);
const koffi = require(given.koffi);
const zeromq = require('zeromq');
const shim = koffi.load(given.shim, { global: true });
const hide = shim.func('str mm_hide_node(uint32_t *, uint8_t *)');
const everything = koffi.load(null);

const privateKb = () => Number(/^Private_Dirty:\s+(\d+)/m.exec(readFileSync('/proc/self/smaps_rollup', 'utf8'))?.[1]);
const isFound = (name) => {
  try {
    return everything.symbol(name) !== null;
  } catch {
    return false;
  }
};

const counts = new Uint32Array(8);
privateKb();
const before = privateKb();
const start = process.hrtime.bigint();
const shared = Buffer.alloc(512);
const reason = hide(counts, shared);
const micros = Number(process.hrtime.bigint() - start) / 1000;
const kilobytes = privateKb() - before;
const [defined, hidden, copies, libraries, addons, lazy, madeLocal, bound] = counts;

const found = given.names.filter(isFound);
const answers = given.libraries.map((path) => koffi.load(path).func('str answer()')());

// What calls libuv, V8 and OpenSSL goes on doing so.
const socket = new zeromq.Dealer();
socket.connect('tcp://127.0.0.1:1');
socket.close();
const worker = new Worker(
  `const koffi = require(${JSON.stringify(given.koffi)});
   const pid = koffi.load('libc.so.6').func('int getpid()')();
   const hash = require('node:crypto').createHash('sha256').update('x').digest('hex');
   require('node:zlib').gunzipSync(require('node:zlib').gzipSync('x'));
   require('node:worker_threads').parentPort.postMessage({ pid: pid === process.pid, hash });`,
  { eval: true },
);
const fromWorker = await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
await worker.terminate();

const kept = { copies, libraries, addons, lazy };
process.stdout.write(
  `\n${JSON.stringify({ version: process.version, arch: process.arch, reason, shared: shared.toString('latin1', 0, shared.indexOf(0)), defined, hidden, kept, madeLocal, bound, micros, kilobytes, found, answers, fromWorker })}\n`,
);
process.exit(0);
