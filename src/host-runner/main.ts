/**
 * Entry of a host process: one module, one generation. It learns from the environment where to listen for its core,
 * everything else by the handshake. File descriptor 3 ends when the core dies, and tells the core of signals; 4 is the
 * black box.
 */

import { writeSync } from 'node:fs';
import type { AbiName } from '../config/types.js';
import { SupervisorError } from '../errors.js';
import type { Welcome } from '../wire/codec.js';
import { markOfHost } from '../wire/process-mark.js';
import type { ModuleFile } from './module.js';
import { loadShim, type Shim, STACK_GUARD_BYTES } from './shim.js';
import { applySurroundings, restoreTunables, takeSurroundings } from './surroundings.js';

const CORE_PIPE_FD = 3;
const BLACK_BOX_FD = 4;
/** As often as a core looks; a core asks a host whose beats do not come. */
const BEAT_MS = 1000;

const shim = loadShim();
restoreTunables(process.env);
if (shim.followParent(CORE_PIPE_FD) !== 0) shim.exit(0);
// If it cannot be marked, the variable still identifies it.
shim.markProcess(markOfHost(requireEnv('MESIBO_RUN_ID'), requireEnv('MESIBO_TOKEN')));
if (shim.guardStack(STACK_GUARD_BYTES) !== 0) fail('the stack of the module cannot be guarded');
shim.flushLines();
const unmapped = shim.openBox(BLACK_BOX_FD);
if (unmapped !== 0) fail(`the black box cannot be mapped (errno ${-unmapped})`);
shim.takeSignals(CORE_PIPE_FD);
shim.watchExit();
// If it cannot, a crash is still a crash, and its card says less.
shim.watchCrashes();
shim.shareStdio();
void run(shim, requireEnv('MESIBO_LISTEN'), requireEnv('MESIBO_TOKEN'));

async function run(shim: Shim, path: string, token: string): Promise<void> {
  // Loaded only now: the tie to the core's life comes before everything that takes time.
  const { CoreLink } = await import('./core-link.js');
  const link = listen(() => new CoreLink(path, Number(process.env.MESIBO_CORE_PID ?? process.ppid)));
  // The core connects while the rest is loaded.
  const [
    { Server },
    { HttpStarter },
    { inspectModule, loadModule },
    { hideNodeSymbols },
    { hashFile },
    { asChange },
    { decodeCoreFrame, looksLikeBatch, PROTOCOL },
    { VERSION },
  ] = await Promise.all([
    import('./server.js'),
    import('./services/http-starter.js'),
    import('./module.js'),
    import('./node-symbols.js'),
    import('./abi/hash-file.js'),
    import('./file-change.js'),
    import('../wire/codec.js'),
    import('../paths.js'),
  ]);
  let server: InstanceType<typeof Server> | null = null;
  /** Set while the core has not said yet which ABI to try. */
  let undecided: { welcome: Welcome; file: ModuleFile } | null = null;
  /** What the operator should know about the start of the process. */
  let remarks: string[] = [];

  function prepare(welcome: Welcome): void {
    shim.label(welcome.module ?? '', welcome.generation ?? 0);
    try {
      remarks = takeSurroundings(shim, welcome);
      const file = inspectModule(welcome);
      const [abi, another] = file.candidates;
      if (another === undefined) {
        start(welcome, file, abi as AbiName);
      } else {
        link.send({
          candidates: { abis: file.candidates, sha256: welcome.sha256 || hashFile(file.path), reason: file.reason },
        });
        undecided = { welcome, file };
      }
    } catch (error) {
      refuse(error, welcome);
    }
  }

  function attempt(name: string): void {
    const { welcome, file } = undecided ?? {};
    const abi = file?.candidates.find((candidate) => candidate === name);
    if (!welcome || !file || !abi)
      fail(`the core wants the ABI ${JSON.stringify(name)} tried, but this host did not offer it`);
    undecided = null;
    start(welcome, file, abi);
  }

  function start(welcome: Welcome, file: ModuleFile, abi: AbiName): void {
    shim.setMaxMessage(welcome.maxMessage ?? 0);
    shim.setLogRate(welcome.logRate ?? 0);
    if (welcome.refuseHttp) shim.refuseHttp();
    server = prepared.server;
    try {
      const warnings = [...remarks, ...applySurroundings(shim, welcome)];
      const ready = loadModule(prepared, welcome, file, abi);
      prepared.server.drain();
      setInterval(shim.beat, BEAT_MS);
      link.send({ ready: { ...ready, warnings: [...warnings, ...(ready.warnings ?? [])] } });
    } catch (error) {
      prepared.server.drain();
      refuse(error, welcome);
    }
  }

  /** What is the same for every module. */
  function prepareProcess() {
    const http = new HttpStarter(shim);
    const server = new Server(shim, link, http);
    // By now Node has started the threads that it starts.
    shim.spareThreads();
    return { shim, http, server, hiding: hideNodeSymbols(shim) };
  }

  /** Nothing of this module is called again, not even its cleanup. The core's Stop only ends the process. */
  function refuse(reason: unknown, welcome: Welcome): void {
    const error = asChange(welcome) ?? reason;
    if (!(error instanceof SupervisorError)) throw error;
    server?.retire();
    server = null;
    link.send({ refused: { code: error.code, message: error.message } });
  }

  /** Batches are read by the shim, everything else here. */
  function receive(bytes: Buffer): void {
    if (server && looksLikeBatch(bytes) && server.accept(bytes)) return;
    const frame = decodeCoreFrame(bytes);
    if (frame.batch) server?.accept(bytes);
    else if (frame.welcome) prepare(frame.welcome);
    else if (frame.attempt) attempt(frame.attempt.abi ?? '');
    else if (frame.beat) link.send({ beat: {} });
    else if (frame.stop && server) server.stop();
    else if (frame.stop) shim.exit(0);
    else if (frame.rejected) fail(`the core rejected the handshake: ${frame.rejected.reason}`);
  }

  if (!(await link.meet(token))) fail('the process that connected is not the core that started it');
  link.send({ hello: { protocolMin: PROTOCOL.min, protocolMax: PROTOCOL.max, token, version: VERSION } });
  // While the core reads the file; in a spare host, before anybody waits for it.
  const prepared = prepareProcess();
  await link.listen(receive);
}

/** Says on the core's pipe that it may connect. */
function listen<Link>(open: () => Link): Link {
  try {
    const link = open();
    // No signal has this number; signals go the same way.
    writeSync(CORE_PIPE_FD, '\0');
    return link;
  } catch (error) {
    fail(`it cannot listen for its core: ${(error as Error).message}`);
  }
}

function requireEnv(name: string): string {
  const value = process.env[name];
  if (!value) fail(`${name} is not set; module hosts are started by a core of the same version, not by hand`);
  return value;
}

function fail(reason: string): never {
  writeSync(2, `mesibo-modules host: ${reason}\n`);
  process.exit(1);
}
