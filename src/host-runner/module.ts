/** Loads one shared object and runs its init; it is never unloaded, the process ends instead. */

import { ABI_UNCHOSEN } from '../abi-unchosen.js';
import type { AbiName } from '../config/types.js';
import { type ErrorCode, ModuleLoadError } from '../errors.js';
import { describeMissingSymbol, warnOfMissing } from '../missing-symbol.js';
import type { Ready, Welcome } from '../wire/codec.js';
import { readElf } from './abi/elf.js';
import { LAYOUTS } from './abi/index.js';
import { type InspectedFile, inspect } from './abi/inspect.js';
import { encodeLayout } from './abi/layout.js';
import { asChange } from './file-change.js';
import { hasSymbol, type Library, loadForGood } from './library.js';
import { describeFallback, describeShared, type Hiding } from './node-symbols.js';
import { PinnedFile } from './pinned-file.js';
import type { HttpStarter } from './services/http-starter.js';
import { PHASE, type Shim } from './shim.js';

const HTTP_FUNCTIONS = ['mesibo_http', 'mesibo_util_http'];
/** Callbacks in the order of the shim's bits. */
const CALLBACKS = ['on_message', 'on_message_status', 'on_login', 'on_call', 'on_call_status', 'cleanup'];

/** What is known about a module file without loading it. */
export interface ModuleFile extends InspectedFile {
  /** Whether it imports a function that asks over http. */
  importsHttp: boolean;
}

/** What a module is loaded into. */
export interface ModuleProcess {
  shim: Shim;
  http: HttpStarter;
  /** How close it is to a plain process. */
  hiding: Hiding;
}

/**
 * Reads the module file that the core asked for.
 *
 * @throws {ModuleLoadError} with cause and remedy, when the file cannot be a module
 */
export function inspectModule(welcome: Welcome): ModuleFile {
  const facts = readElf(welcome.path ?? '');
  const importsHttp = facts.imports.some((name) => HTTP_FUNCTIONS.includes(name));
  const { module = '', abi = null, shadowOf = null } = welcome;
  return { importsHttp, ...inspect(facts, module ?? '', abi as AbiName | null, shadowOf) };
}

/**
 * Loads a module and runs its init as `abi` has it.
 *
 * @returns what the core is told of it
 * @throws {ModuleLoadError} with cause and remedy, when the file cannot be loaded or init refuses
 */
export function loadModule(
  { shim, http, hiding }: ModuleProcess,
  welcome: Welcome,
  file: ModuleFile,
  abi: AbiName,
): Ready {
  const { path, symbol } = file;
  const layout = encodeLayout(LAYOUTS[abi]);
  if (shim.setAbi(layout, layout.length) !== 0) throw new Error('shim and host-runner are of different builds');
  setConfig(shim, welcome.settings ?? []);
  // A request of 2019 may block this thread until it is answered, even in init, and a library that the module needs may make
  // it. Requests of other modules can wait. If the file itself makes no requests, the first request starts the worker, because
  // a worker costs memory.
  if (!welcome.refuseHttp && (file.importsHttp || abi === 'exports-2019')) http.start();
  shim.setPhase(PHASE.loading);
  const warnings = [...file.warnings];
  const pinned = PinnedFile.open(welcome);
  const init = openLibrary(hiding, file, warnings).symbol(symbol) as bigint;
  pinned?.confirm();
  shim.coverThreads();
  const change = asChange(welcome);
  if (change !== null) throw change;
  if (file.isDefault) shim.setPhase(PHASE.initByDefault);
  const returned = shim.init(init, welcome.module ?? '');
  // An init may open libraries of its own.
  shim.coverThreads();
  if (returned !== 0) {
    const hints = [
      ...(file.isDefault ? [ABI_UNCHOSEN] : []),
      ...file.warnings.map((text) => text.replace(`${path}: `, '')),
    ];
    const what = `${symbol} returned ${returned}, which refuses to start`;
    throw new ModuleLoadError('MODULE_INIT_REFUSED', `${path}: ${[what, ...hints].join('; ')}`);
  }
  shim.setPhase(PHASE.serving);
  const bits = shim.callbacks();
  const callbacks = CALLBACKS.filter((_, bit) => bits & (1 << bit));
  const isIdle = callbacks.every((name) => name === 'cleanup');
  // With "abi" set, no callback is intended: a module may also work only with its own threads.
  if (isIdle && !welcome.abi) warnings.push(withoutCallbacks(abi));
  return {
    abi,
    abiReason: file.reason,
    abiSource: file.source,
    description: readDescription(shim),
    callbacks,
    warnings,
  };
}

/** A new author easily takes the default layout of the header. */
function withoutCallbacks(abi: AbiName): string {
  return (
    'its init has set no callback, so no message reaches it; if it should have, it was built for another ABI than ' +
    `${abi}: define MESIBO_MODULE_ABI before its #include <mesibo/module.h>, or set "abi" to the one that it was built for`
  );
}

/** Adds what the operator should know to `warnings`. */
function openLibrary({ reason, shared }: Hiding, file: ModuleFile, warnings: string[]) {
  const { path } = file;
  if (reason !== null) warnings.push(describeFallback(reason));
  else if (shared !== '') warnings.push(describeShared(shared));
  // Without hiding, a module's own libraries must come before what Node exports: OpenSSL, zlib, libuv.
  const deep = reason !== null;
  try {
    return loadForGood(path, { deep });
  } catch (cause) {
    const error = linkerError(path, messageOf(cause));
    if (error.code !== 'MODULE_UNRESOLVED_SYMBOL') throw error;
    return openLazily(file, deep, error, warnings);
  }
}

/** As with a plain dlopen(), calling a function that nothing provides ends the process. */
function openLazily({ path, wanted }: ModuleFile, deep: boolean, { message }: ModuleLoadError, warnings: string[]) {
  try {
    const library = loadForGood(path, { deep, lazy: true });
    const missing = warnOfMissing(path, wanted.filter(isMissing(library)));
    // It may be a library of the module that wants it.
    warnings.push(...(missing.length > 0 ? missing : [`${message}; calling it ends the process`]));
    return library;
  } catch (cause) {
    throw linkerError(path, messageOf(cause));
  }
}

/** Whether nothing provides a symbol, neither the libraries of the module nor the process. */
function isMissing(library: Library): (symbol: string) => boolean {
  const everything = loadForGood(null, {});
  return (symbol) => !hasSymbol(library, symbol) && !hasSymbol(everything, symbol);
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

/** What the dynamic linker says, as cause and remedy. */
export function linkerError(path: string, message: string): ModuleLoadError {
  const said = message.replace(/^Failed to load shared library: /, '').replace(`${path}: `, '');
  const symbol = /undefined symbol: ([^\s,]+)/.exec(said)?.[1];
  if (symbol) return failure('MODULE_UNRESOLVED_SYMBOL', `${path}: ${describeMissingSymbol(symbol)}`);
  const library = /^([^:]+): cannot open shared object file/.exec(said)?.[1];
  if (library) {
    return failure(
      'MODULE_LOAD_FAILED',
      `${path}: it needs ${library}, which is not found; install it (see "ldd" on the file)`,
    );
  }
  const remedy = said.includes('static TLS block') ? '; make room with "static_tls" in its block, up to 16KiB' : '';
  return failure('MODULE_LOAD_FAILED', `${path}: the dynamic linker refused it: ${said}${remedy}`);
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
