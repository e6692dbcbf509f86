/** Loads one shared object and runs its init; it is never unloaded, the process ends instead. */

import type { AbiName } from '../config/types.js';
import { type ErrorCode, ModuleLoadError } from '../errors.js';
import type { Ready, Welcome } from '../wire/codec.js';
import { type Candidates, findCandidates, findInit, type InitSymbol } from './abi/detect.js';
import { readElf } from './abi/elf.js';
import { LAYOUTS } from './abi/index.js';
import { encodeLayout } from './abi/layout.js';
import { asChange } from './file-change.js';
import { loadForGood } from './library.js';
import type { HttpStarter } from './services/http-starter.js';
import { PHASE, type Shim } from './shim.js';

const HTTP_FUNCTIONS = ['mesibo_http', 'mesibo_util_http'];
/** Callbacks in the order of the shim's bits. */
const CALLBACKS = ['on_message', 'on_message_status', 'on_login', 'on_call', 'on_call_status', 'cleanup'];

/** A module file as far as it can be known without loading it. */
export interface ModuleFile extends Candidates, InitSymbol {
  path: string;
  /** Whether it imports a function that asks over http. */
  importsHttp: boolean;
}

/**
 * Reads the module file that the core asked for.
 *
 * @throws {ModuleLoadError} with cause and remedy, when the file cannot be a module
 */
export function inspectModule(welcome: Welcome): ModuleFile {
  const path = welcome.path ?? '';
  const facts = readElf(path);
  const candidates = findCandidates(facts, (welcome.abi ?? null) as AbiName | null);
  const importsHttp = facts.imports.some((name) => HTTP_FUNCTIONS.includes(name));
  return { path, importsHttp, ...candidates, ...findInit(facts, welcome.module ?? '') };
}

/**
 * Loads a module and runs its init as `abi` has it.
 *
 * @returns what the core is told of it
 * @throws {ModuleLoadError} with cause and remedy, when the file cannot be loaded or init refuses
 */
export function loadModule(shim: Shim, http: HttpStarter, welcome: Welcome, file: ModuleFile, abi: AbiName): Ready {
  const { path, symbol, warning } = file;
  const layout = encodeLayout(LAYOUTS[abi]);
  if (shim.setAbi(layout, layout.length) !== 0) throw new Error('shim and host-runner are of different builds');
  setConfig(shim, welcome.settings ?? []);
  // A request of 2019 may block this thread, from init on, until it is answered; it may be made by a library that the
  // module needs. Other modules ask so that it can wait: where the file itself does not, the first request starts the
  // worker, which costs memory.
  if (file.importsHttp || abi === 'exports-2019') http.start();
  shim.setPhase(PHASE.loading);
  const init = openLibrary(path).symbol(symbol) as bigint;
  const change = asChange(welcome);
  if (change !== null) throw change;
  const returned = shim.init(init, welcome.module ?? '');
  if (returned !== 0) {
    throw new ModuleLoadError('MODULE_INIT_REFUSED', `${path}: ${symbol} returned ${returned}, which refuses to start`);
  }
  shim.setPhase(PHASE.serving);
  const bits = shim.callbacks();
  const callbacks = CALLBACKS.filter((_, bit) => bits & (1 << bit));
  const warnings = warning ? [warning] : [];
  const isIdle = callbacks.every((name) => name === 'cleanup');
  // Whoever sets "abi" knows it: a module may also live by threads of its own.
  if (isIdle && !welcome.abi) warnings.push(withoutCallbacks(abi));
  return {
    abi,
    abiReason: file.reason,
    description: readDescription(shim),
    callbacks,
    warnings,
  };
}

/** Who writes a first module easily takes the layout that the header has by default. */
function withoutCallbacks(abi: AbiName): string {
  return (
    'its init has set no callback, so that nothing reaches it; if it means to, it was built for another ABI than ' +
    `${abi}: define MESIBO_MODULE_ABI before its #include <mesibo/module.h>, or set "abi" to the one that it was built for`
  );
}

function openLibrary(path: string) {
  try {
    // Node exports OpenSSL, zlib and libuv; with deep binding a module's own libraries come before those. It cannot be
    // had under AddressSanitizer, whose interceptors it would bypass.
    return loadForGood(path, { deep: !process.env.ASAN_OPTIONS });
  } catch (cause) {
    throw linkerError(path, cause instanceof Error ? cause.message : String(cause));
  }
}

/** What the dynamic linker says, as cause and remedy. */
export function linkerError(path: string, message: string): ModuleLoadError {
  const said = message.replace(/^Failed to load shared library: /, '').replace(`${path}: `, '');
  const symbol = /undefined symbol: ([^\s,]+)/.exec(said)?.[1];
  if (symbol) {
    const remedy = symbol.startsWith('mesibo_')
      ? 'the module wants a function that no ABI of this version has'
      : 'link the module with the library that defines it (see "ldd -r" on the file)';
    return failure('MODULE_UNRESOLVED_SYMBOL', `${path}: nothing provides the symbol ${symbol}; ${remedy}`);
  }
  const library = /^([^:]+): cannot open shared object file/.exec(said)?.[1];
  if (library) {
    return failure(
      'MODULE_LOAD_FAILED',
      `${path}: it needs ${library}, which is not found; install it (see "ldd" on the file)`,
    );
  }
  return failure('MODULE_LOAD_FAILED', `${path}: the dynamic linker refused it: ${said}`);
}

function failure(code: ErrorCode, message: string): ModuleLoadError {
  return new ModuleLoadError(code, message);
}

function setConfig(shim: Shim, settings: NonNullable<Welcome['settings']>): void {
  const packed = Buffer.from(settings.map(({ key, value }) => `${key ?? ''}\0${value ?? ''}\0`).join(''), 'utf8');
  if (shim.setConfig(packed, packed.length, settings.length) !== 0) throw new Error('no memory for the configuration');
}

function readDescription(shim: Shim): string {
  const out = Buffer.alloc(256);
  return out.subarray(0, shim.description(out, out.length)).toString('utf8');
}
