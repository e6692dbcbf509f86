/** The sections `limits { }` and `sandbox { }` of a module: what each setting may be, and how it is written. */

import { z } from 'zod';
import { formatSize, parseCount, parseSize, UnitError } from './units.js';

const KIB = 1024;
const MIB = 1024 * KIB;
/** What a process of a module needs by itself, with some room. */
const LEAST = { memoryBytes: 64 * MIB, nofile: 64, nproc: 32 };

/** The networks that a module may see. */
export const NETWORKS = ['inherit', 'none'] as const;
/** The files that a module may see, and write. */
export const FILESYSTEMS = ['inherit', 'read-only', 'private'] as const;

const memory = 'expected a size from 64MiB to 1024GiB, or inherit';
const nofile = 'expected a whole number from 64 to 1048576, or inherit';
const nproc = 'expected a whole number from 32 to 4194304, or inherit';
const core = 'expected a size up to 1024GiB, or inherit';
const user = 'expected the name or the number of a user, or inherit';

/** What the hosts of a module may use at most; `null`: as much as the core may. */
export const limitSettings = z.strictObject({
  /** Memory in bytes. */
  memoryBytes: whole(LEAST.memoryBytes, 1024 ** 4, memory),
  /** Open file descriptors. */
  nofile: whole(LEAST.nofile, 1_048_576, nofile),
  /** Processes and threads. */
  nproc: whole(LEAST.nproc, 4_194_304, nproc),
  /** A core file in bytes; 0: none is written. */
  coreBytes: whole(0, 1024 ** 4, core),
});

/** What the hosts of a module may see and do. */
export const sandboxSettings = z.strictObject({
  /** Who they run as, by name or number; `null`: the user of the core. */
  user: z
    .string(user)
    .regex(/^[A-Za-z0-9_.][A-Za-z0-9_.-]{0,255}$/, user)
    .nullable()
    .default(null),
  /** Whether no program that they start gains rights. */
  noNewPrivs: z.boolean('expected yes or no').default(false),
  network: z.enum(NETWORKS, 'expected inherit or none').default('inherit'),
  filesystem: z.enum(FILESYSTEMS, 'expected inherit, read-only or private').default('inherit'),
});

/** See {@link limitSettings}. */
export type Limits = z.output<typeof limitSettings>;
/** See {@link sandboxSettings}. */
export type Sandbox = z.output<typeof sandboxSettings>;

/** How a key of a section becomes a setting, and back. */
export interface SectionRule<Settings> {
  field: keyof Settings;
  parse: (text: string) => unknown;
  format: (settings: Settings) => string;
}

const INHERIT = 'inherit';
const asWritten = (text: string): string => text;
const formatOr = <T>(value: T | null, format: (value: T) => string): string =>
  value === null ? INHERIT : format(value);
const parseYesNo = (text: string): unknown => (text === 'yes' ? true : text === 'no' ? false : text);

/** The keys of `limits { }`, in the order in which they are documented. */
export const LIMIT_KEYS: Readonly<Record<string, SectionRule<Limits>>> = {
  memory: {
    field: 'memoryBytes',
    parse: orInherit(parseSize),
    format: ({ memoryBytes }) => formatOr(memoryBytes, formatSize),
  },
  nofile: { field: 'nofile', parse: orInherit(parseCount), format: ({ nofile }) => formatOr(nofile, String) },
  nproc: { field: 'nproc', parse: orInherit(parseCount), format: ({ nproc }) => formatOr(nproc, String) },
  core: { field: 'coreBytes', parse: orInherit(parseSize), format: ({ coreBytes }) => formatOr(coreBytes, formatSize) },
};

/** The keys of `sandbox { }`, in the order in which they are documented. */
export const SANDBOX_KEYS: Readonly<Record<string, SectionRule<Sandbox>>> = {
  user: {
    field: 'user',
    parse: (text) => (text === INHERIT ? null : text),
    format: ({ user }) => formatOr(user, asWritten),
  },
  no_new_privs: {
    field: 'noNewPrivs',
    parse: parseYesNo,
    format: ({ noNewPrivs }) => (noNewPrivs ? 'yes' : 'no'),
  },
  network: { field: 'network', parse: asWritten, format: ({ network }) => network },
  filesystem: { field: 'filesystem', parse: asWritten, format: ({ filesystem }) => filesystem },
};

/** Whether a process with these settings is started in any other way than one without. */
export function isConfined({ limits, sandbox }: { limits: Limits; sandbox: Sandbox }): boolean {
  const { user, noNewPrivs, network, filesystem } = sandbox;
  const isBoxed = user !== null || noNewPrivs || network !== 'inherit' || filesystem !== 'inherit';
  return isBoxed || Object.values(limits).some((limit) => limit !== null);
}

function whole(min: number, max: number, error: string) {
  return z.int(error).min(min, error).max(max, error).nullable().default(null);
}

function orInherit<T>(parse: (text: string) => T): (text: string) => T | null {
  return (text) => {
    if (text === INHERIT) return null;
    try {
      return parse(text);
    } catch (error) {
      if (error instanceof UnitError) throw new UnitError(`${error.message}, or inherit`);
      throw error;
    }
  };
}
