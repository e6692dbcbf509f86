/** The environment of a host: what the host itself reads from it, and what its module finds. Pure. */

import { isPassed } from '../../../config/environment.js';
import type { ModuleSpec } from '../../../config/types.js';
import type { Account } from '../../../users.js';

/** What a host learns by its environment; the rest it learns by the handshake. */
export interface HostMarks {
  /** Where the host listens for its core. */
  path: string;
  token: string;
  /** Carried by everything that this core starts, so that leftovers can be told from strangers. */
  runId: string;
  /** The process of the core, where it is not the parent of the host. */
  corePid?: number;
}

/** The settings that shape the environment. */
export type EnvironmentSettings = Pick<ModuleSpec, 'env' | 'passEnv' | 'staticTlsBytes'>;

/**
 * What every module sees of the core's environment: user and place, language and time zone, and the settings of the C library,
 * the sanitizers and OpenSSL. None of these variables holds a secret.
 */
export const ALWAYS_PASSED: readonly string[] = [
  'PATH',
  'HOME',
  'USER',
  'LOGNAME',
  'SHELL',
  'LANG',
  'LANGUAGE',
  'LC_*',
  'TZ',
  'TZDIR',
  'TMPDIR',
  'LD_LIBRARY_PATH',
  'GLIBC_TUNABLES',
  'MALLOC_*',
  'ASAN_OPTIONS',
  'UBSAN_OPTIONS',
  'LSAN_OPTIONS',
  'TSAN_OPTIONS',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
];

const STATIC_TLS = 'glibc.rtld.optional_static_tls';

/**
 * Composes the environment that a module finds, but for the marks.
 *
 * @param core - the core's own
 */
export function moduleEnvironment(
  settings: Omit<EnvironmentSettings, 'staticTlsBytes'>,
  core: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const passed = [...ALWAYS_PASSED, ...settings.passEnv];
  const env: Record<string, string> = {};
  for (const [name, value] of Object.entries(core)) {
    if (value !== undefined && isPassed(name, passed)) env[name] = value;
  }
  for (const [name, value] of settings.env) env[name] = value;
  // Read when a module asks an https server for something; under its own name it would slow down every start.
  const certificates = core.NODE_EXTRA_CA_CERTS;
  if (certificates !== undefined) env.MESIBO_EXTRA_CA_CERTS = certificates;
  return env;
}

/**
 * The environment of {@link moduleEnvironment} as a process is started with it. It has room for thread-local storage, which the
 * dynamic linker reads at the start of the process; the host gives the module back what stood there before.
 */
export function startEnvironment(
  env: Readonly<Record<string, string>>,
  staticTlsBytes: number,
): Readonly<Record<string, string>> {
  const given = env.GLIBC_TUNABLES ?? '';
  // Somebody who has set it by hand knows what he wants.
  if (staticTlsBytes === 0 || given.includes(`${STATIC_TLS}=`)) return env;
  const tunables = [given, `${STATIC_TLS}=${staticTlsBytes}`].filter(Boolean).join(':');
  return { ...env, MESIBO_GIVEN_TUNABLES: given, GLIBC_TUNABLES: tunables };
}

/** The same for a module that has a user of its own: what tells of the user is of that one. */
export function environmentOf(
  core: Readonly<Record<string, string | undefined>>,
  account: Pick<Account, 'name' | 'home' | 'shell'> | null,
): Readonly<Record<string, string | undefined>> {
  if (account === null) return core;
  const { HOME: _, USER: __, LOGNAME: ___, SHELL: ____, ...rest } = core;
  const { name, home, shell } = account;
  return {
    ...rest,
    ...(home === null ? {} : { HOME: home }),
    ...(name === null ? {} : { USER: name, LOGNAME: name }),
    ...(shell === null ? {} : { SHELL: shell }),
  };
}

/** What the environment of every host has last. */
export function marksOf({ path, token, runId, corePid }: HostMarks): Record<string, string> {
  const marks = { MESIBO_LISTEN: path, MESIBO_TOKEN: token, MESIBO_RUN_ID: runId };
  return corePid === undefined ? marks : { ...marks, MESIBO_CORE_PID: `${corePid}` };
}
