/**
 * Our settings: what each may be and its default. This is the only place that knows them; the file's keys and the
 * options of a program that embeds us are both checked here.
 */

import { availableParallelism } from 'node:os';
import { z } from 'zod';
import { limitSettings, sandboxSettings } from './confinement.js';
import { findPairProblem, formatUmask, isPassable, parsePassEnv, parseUmask } from './environment.js';
import { isGateway, readGateway } from './gateway-path.js';
import { isGroup } from './group.js';
import { isHttp, readHttp } from './http-address.js';
import { matchSetting } from './match.js';
import { ABI_NAMES, BROADCASTS, CORE_FILES, CRASH_BODIES } from './types.js';
import {
  formatDuration,
  formatDurationRange,
  formatRate,
  formatSize,
  offOr,
  orOff,
  parseCount,
  parseDuration,
  parseDurationRange,
  parseRate,
  parseSize,
} from './units.js';
import { isWebhook, readWebhook, showWebhook } from './webhook-url.js';

const KIB = 1024;
const MIB = 1024 * KIB;
const SECOND = 1000;
// Node's timers take at most 2^31-1 ms (24.8 days); beyond it they fire at once.
const LONGEST_TIME = 24 * 60 * 60 * SECOND;

const time = millis(`expected a duration from 1ms to ${formatDuration(LONGEST_TIME)}`);
// No timer waits for it.
const LONGEST_TTL = 366 * LONGEST_TIME;
const backoff = 'expected two durations, such as 100ms to 30s';
const rate = 'expected a number in a duration, such as 5 in 60s';
const names = 'expected names of environment variables, each alone or with * at its end';
const gateway = 'expected the path of a socket, with a "/" or a "." in it, auto, or off';
const group = 'expected the name or the number of a group, or none';
const http = 'expected HOST:PORT, [V6]:PORT, unix:PATH, or off';
const webhook = 'expected an http or https URL without a user, a password and a fragment, or off';
const secretFile = 'expected the path of a file, or none';
const sha256 = 'expected 64 hexadecimal digits, as sha256sum prints them, or any';
const MAX_REPLICAS = 64;
const replicas = `expected a whole number from 1 to ${MAX_REPLICAS}, or auto`;
const broadcast = 'expected login, call, both with a comma between them, or none';
const maxRss = 'expected a size from 64MiB to 1024GiB, or off';
// A command waits for its end.
const LONGEST_PROBATION = 300 * SECOND;
const probation = `expected a duration from 1ms to ${formatDuration(LONGEST_PROBATION)}, or off`;
const umask = 'expected three octal digits, such as 027, or inherit';
const shadowOf = 'expected the name of a module, or none';

/** What may be set for a module, by the names of `ModuleSpec`. */
export const moduleSettings = z.object({
  path: z
    .string('expected the path of a shared object')
    .min(1, 'expected the path of a shared object')
    .nullable()
    .default(null),
  abi: z.enum(ABI_NAMES, 'expected auto, table, exports-2019 or exports-2020').nullable().default(null),
  onFailure: z.enum(['pass', 'consume'], 'expected pass or consume').default('pass'),
  deadlineMs: time.default(1 * SECOND),
  hangMs: millis(`expected a duration from 1ms to ${formatDuration(LONGEST_TIME)}, or off`)
    .nullable()
    .default(5 * SECOND),
  startTimeoutMs: time.default(5 * SECOND),
  window: whole(1, 65_536, 'expected a whole number from 1 to 65536').default(256),
  queue: whole(0, 1_000_000, 'expected a whole number from 0 to 1000000').default(8192),
  overload: z.enum(['default', 'wait'], 'expected default or wait').default('default'),
  backoff: z
    .object({ minMs: time, maxMs: time }, backoff)
    .refine(({ minMs, maxMs }) => minMs <= maxMs, `${backoff}, the shorter one first`)
    .default({ minMs: 100, maxMs: 30 * SECOND }),
  maxCrashes: z
    .object({ count: whole(1, 1_000_000, `${rate}, the number being 1 or more`), periodMs: time }, `${rate}, or off`)
    .nullable()
    .default({ count: 5, periodMs: 60 * SECOND }),
  quarantine: whole(1, 1_000_000, 'expected a whole number from 1 to 1000000, or off').nullable().default(1),
  quarantineTtlMs: whole(1, LONGEST_TTL, `expected a duration from 1ms to ${formatDuration(LONGEST_TTL)}`).default(
    LONGEST_TIME,
  ),
  stopTimeoutMs: time.default(5 * SECOND),
  logRate: whole(1, 1_000_000, 'expected a whole number from 1 to 1000000, or off').nullable().default(1000),
  directory: z
    .string('expected the path of a directory, or own')
    .min(1, 'expected the path of a directory, or own')
    .nullable()
    .default(null),
  passEnv: z.array(z.string(names).refine(isPassable, names), names).default([]),
  umask: whole(0, 0o777, umask).nullable().default(null),
  coreFiles: z.enum(CORE_FILES, 'expected inherit, on or off').default('inherit'),
  crashBody: z.enum(CRASH_BODIES, 'expected last, all or no').default('last'),
  // glibc has 512 bytes by itself, and jemalloc alone wants 2.6 KiB. From 32 KiB on Node cannot make its threads.
  staticTlsBytes: whole(0, 16 * KIB, 'expected a size up to 16KiB').default(4 * KIB),
  sha256: z
    .string(sha256)
    .regex(/^[0-9a-fA-F]{64}$/, sha256)
    .toLowerCase()
    .nullable()
    .default(null),
  // A process of a module has some 50 MiB by itself.
  maxRssBytes: whole(64 * MIB, 1024 ** 4, maxRss)
    .nullable()
    .default(null),
  limits: limitSettings.prefault({}),
  sandbox: sandboxSettings.prefault({}),
  match: matchSetting,
  chainSends: z.boolean('expected yes or no').default(false),
  shadowOf: z.string(shadowOf).refine(isName, shadowOf).nullable().default(null),
  shadowHttp: z.boolean('expected yes or no').default(false),
  watch: z.boolean('expected yes or no').default(false),
  probationMs: whole(1, LONGEST_PROBATION, probation).nullable().default(null),
  replicas: whole(1, MAX_REPLICAS, replicas).default(1),
  sticky: z.boolean('expected yes or no').default(true),
  broadcast: z.array(z.enum(BROADCASTS, broadcast), broadcast).default([]),
  maxMessages: whole(1, 1_000_000_000_000, 'expected a whole number from 1 to 1000000000000, or off')
    .nullable()
    .default(null),
  maxAgeMs: whole(SECOND, LONGEST_TTL, `expected a duration from 1s to ${formatDuration(LONGEST_TTL)}, or off`)
    .nullable()
    .default(null),
});

/** A text for C. A NUL would cut it short, and half of a surrogate pair would become U+FFFD. */
export function cText() {
  return z
    .string('expected a string')
    .refine((value) => !value.includes('\0'), 'expected no NUL character')
    .refine((value) => value.isWellFormed(), 'expected no half of a surrogate pair, which is no character');
}

/** One variable of a module's environment. */
export const variable = z.tuple([z.string('expected a name'), cText()]).superRefine(([name, value], context) => {
  const problem = findPairProblem(name, value);
  if (problem) context.addIssue({ code: 'custom', message: problem });
});

/** What may be set for the whole core, by the names of `CoreConfig`. */
export const coreSettings = z.object({
  moduleDir: z
    .array(z.string().min(1, 'expected no empty directory name'), 'expected a list of directories')
    .min(1, 'expected at least one directory')
    .default(['/usr/lib64/mesibo', '/etc/mesibo']),
  maxMessageBytes: whole(1, 64 * MIB, 'expected a size from 1 byte to 64MiB').default(MIB),
  // The least holds the crash area, two of the longest addresses and some records beside them.
  blackBoxBytes: whole(2 * MIB, 1024 * MIB, 'expected a size from 2MiB to 1GiB').default(8 * MIB),
  chainDeadlineMs: time.default(5 * SECOND),
  queueBytes: whole(0, 1024 ** 4, 'expected a size up to 1024GiB').default(64 * MIB),
  heartbeatMs: time.default(1 * SECOND),
  onEvent: z
    .string('expected the path of a program, or off')
    .min(1, 'expected the path of a program, or off')
    .nullable()
    .default(null),
  gateway: z.string(gateway).transform(readGateway).refine(isGateway, gateway).default('auto'),
  gatewayGroup: z.string(group).refine(isGroup, group).nullable().default(null),
  http: z.string(http).transform(readHttp).refine(isHttp, http).default('off'),
  httpToken: z.string(secretFile).min(1, secretFile).nullable().default(null),
  webhook: z.string(webhook).transform(readWebhook).refine(isWebhook, webhook).default('off'),
  webhookSecret: z.string(secretFile).min(1, secretFile).nullable().default(null),
  webhookTimeoutMs: time.default(10 * SECOND),
  sendQueue: whole(1, 10_000_000, 'expected a whole number from 1 to 10000000').default(100_000),
  sendBytes: whole(MIB, 1024 ** 4, 'expected a size from 1MiB to 1024GiB').default(64 * MIB),
  sendTtlMs: time.default(60 * 60 * SECOND),
  logSizeBytes: whole(64 * KIB, 1024 ** 4, 'expected a size from 64KiB to 1024GiB').default(50 * MIB),
  logKeep: whole(0, 1000, 'expected a whole number from 0 to 1000').default(5),
  spareHosts: whole(0, 16, 'expected a whole number from 0 to 16').default(1),
});

/** A module's settings, checked and complete. */
export type ModuleSettings = z.output<typeof moduleSettings>;

/** The core's settings, checked and complete. */
export type CoreSettings = z.output<typeof coreSettings>;

/** How a key of the file becomes a setting, and back. */
export interface KeyRule<Settings, Field extends keyof Settings = keyof Settings> {
  field: Field;
  /** Reads the value as written; throws `UnitError`. The schema says whether the setting can take it. */
  parse: (text: string) => unknown;
  /** Writes the setting as a file would have it. {@link parse} makes the same setting of that again. */
  format: (settings: Settings) => string;
  /** Shows what was written in an error, without what is secret in it; unless given, all is shown. */
  show?: (text: string) => string;
}

const asWritten = (text: string): string => text;
const orNone = (text: string): string | null => (text === 'none' ? null : text);
const noneOr = (value: string | null): string => value ?? 'none';
/** The schema refuses everything else. */
const parseYesNo = (text: string): unknown => (text === 'yes' ? true : text === 'no' ? false : text);
const MODULE_SCHEMA = moduleSettings.shape;
const CORE_SCHEMA = coreSettings.shape;

function moduleKey<F extends keyof typeof MODULE_SCHEMA>(
  field: F,
  parse: (text: string) => unknown,
  format: (value: ModuleSettings[F]) => string = String,
): KeyRule<ModuleSettings> {
  return { field, parse, format: (settings) => format(settings[field]) };
}

function coreKey<F extends keyof typeof CORE_SCHEMA>(
  field: F,
  parse: (text: string) => unknown,
  format: (value: CoreSettings[F]) => string = String,
): KeyRule<CoreSettings> {
  return { field, parse, format: (settings) => format(settings[field]) };
}

/** Our keys within a module block, in the order in which they are documented. */
export const MODULE_KEYS: Readonly<Record<string, KeyRule<ModuleSettings>>> = {
  path: moduleKey('path', asWritten, (path) => path ?? ''),
  abi: moduleKey(
    'abi',
    (text) => (text === 'auto' ? null : text),
    (abi) => abi ?? 'auto',
  ),
  on_failure: moduleKey('onFailure', asWritten),
  deadline: moduleKey('deadlineMs', parseDuration, formatDuration),
  hang: moduleKey('hangMs', orOff(parseDuration), offOr(formatDuration)),
  start_timeout: moduleKey('startTimeoutMs', parseDuration, formatDuration),
  window: moduleKey('window', parseCount),
  queue: moduleKey('queue', parseCount),
  overload: moduleKey('overload', asWritten),
  backoff: moduleKey('backoff', parseDurationRange, formatDurationRange),
  max_crashes: moduleKey('maxCrashes', orOff(parseRate), offOr(formatRate)),
  quarantine: moduleKey('quarantine', orOff(parseCount), offOr(String)),
  quarantine_ttl: moduleKey('quarantineTtlMs', parseDuration, formatDuration),
  stop_timeout: moduleKey('stopTimeoutMs', parseDuration, formatDuration),
  log_rate: moduleKey('logRate', orOff(parseCount), offOr(String)),
  directory: moduleKey(
    'directory',
    (text) => (text === 'own' ? null : text),
    (path) => path ?? 'own',
  ),
  pass_env: moduleKey('passEnv', parsePassEnv, (names) => names.join(', ') || 'none'),
  umask: moduleKey('umask', parseUmask, formatUmask),
  core_files: moduleKey('coreFiles', asWritten),
  crash_body: moduleKey('crashBody', asWritten),
  static_tls: moduleKey('staticTlsBytes', parseSize, formatSize),
  sha256: moduleKey(
    'sha256',
    (text) => (text === 'any' ? null : text),
    (digest) => digest ?? 'any',
  ),
  max_rss: moduleKey('maxRssBytes', orOff(parseSize), offOr(formatSize)),
  chain_sends: moduleKey('chainSends', parseYesNo, (yes) => (yes ? 'yes' : 'no')),
  shadow_of: moduleKey('shadowOf', orNone, noneOr),
  shadow_http: moduleKey('shadowHttp', parseYesNo, (yes) => (yes ? 'yes' : 'no')),
  watch: moduleKey('watch', parseYesNo, (yes) => (yes ? 'yes' : 'no')),
  probation: moduleKey('probationMs', orOff(parseDuration), offOr(formatDuration)),
  replicas: moduleKey('replicas', (text) =>
    text === 'auto' ? Math.min(MAX_REPLICAS, availableParallelism()) : parseCount(text),
  ),
  sticky: moduleKey('sticky', parseYesNo, (yes) => (yes ? 'yes' : 'no')),
  broadcast: moduleKey(
    'broadcast',
    (text) => (text === 'none' ? [] : text.split(',').map((name) => name.trim())),
    (kinds) => kinds.join(', ') || 'none',
  ),
  max_messages: moduleKey('maxMessages', orOff(parseCount), offOr(String)),
  max_age: moduleKey('maxAgeMs', orOff(parseDuration), offOr(formatDuration)),
};

/** Our keys outside of every block, in the order in which they are documented. */
export const CORE_KEYS: Readonly<Record<string, KeyRule<CoreSettings>>> = {
  module_dir: coreKey(
    'moduleDir',
    (text) => text.split(':'),
    (dirs) => dirs.join(':'),
  ),
  max_message: coreKey('maxMessageBytes', parseSize, formatSize),
  black_box: coreKey('blackBoxBytes', parseSize, formatSize),
  queue_memory: coreKey('queueBytes', parseSize, formatSize),
  heartbeat: coreKey('heartbeatMs', parseDuration, formatDuration),
  chain_deadline: coreKey('chainDeadlineMs', parseDuration, formatDuration),
  on_event: coreKey('onEvent', orOff(asWritten), offOr(asWritten)),
  gateway: coreKey('gateway', asWritten),
  gateway_group: coreKey('gatewayGroup', orNone, noneOr),
  http: coreKey('http', asWritten),
  http_token: coreKey('httpToken', orNone, noneOr),
  webhook: { ...coreKey('webhook', asWritten), show: showWebhook },
  webhook_secret: coreKey('webhookSecret', orNone, noneOr),
  webhook_timeout: coreKey('webhookTimeoutMs', parseDuration, formatDuration),
  send_queue: coreKey('sendQueue', parseCount),
  send_memory: coreKey('sendBytes', parseSize, formatSize),
  send_ttl: coreKey('sendTtlMs', parseDuration, formatDuration),
  log_size: coreKey('logSizeBytes', parseSize, formatSize),
  log_keep: coreKey('logKeep', parseCount),
  spare_hosts: coreKey('spareHosts', parseCount),
};

/** How many messages of the largest size a black box must have room for. */
const MESSAGES_IN_BLACK_BOX = 3;

/** Says what is wrong with the size of the black box for the largest message, and what to set; `null` when it fits. */
export function findBlackBoxProblem({ blackBoxBytes, maxMessageBytes }: CoreSettings): string | null {
  const needed = MESSAGES_IN_BLACK_BOX * maxMessageBytes;
  if (blackBoxBytes >= needed) return null;
  return (
    `found black_box = ${formatSize(blackBoxBytes)} with max_message = ${formatSize(maxMessageBytes)}, expected a black ` +
    `box of at least three times the largest message: set black_box = ${formatSize(needed)} or more, or lower max_message`
  );
}

/** Says what is missing for the webhook; `null` when nothing is. */
export function findWebhookProblem({ webhook, webhookSecret }: CoreSettings): string | null {
  if (webhook === 'off' || webhookSecret !== null) return null;
  return (
    'found webhook without webhook_secret, expected both: what is posted is signed, so that its receiver knows who sent it. ' +
    'Make a secret with "openssl rand -base64 32", in a file of mode 0600, and set webhook_secret to its path'
  );
}

/** Says what is wrong with the name of a module; `null` when it is good. */
export function findNameProblem(name: string): string | null {
  if (isName(name)) return null;
  const expected = 'expected 1 to 64 of the characters A-Z a-z 0-9 _';
  return `${expected} (the module must export mesibo_module_NAME_init, so its name is part of a C name)`;
}

function isName(name: string): boolean {
  return /^[A-Za-z0-9_]{1,64}$/.test(name);
}

/** No setting can be this. */
const NO_VALUE = Symbol('none of what a setting may be');

/** What a setting may be, in the words of its schema: `expected ...`. */
export function describeExpected(shape: z.ZodObject['shape'], field: PropertyKey): string {
  return shape[field as string]?.safeParse(NO_VALUE).error?.issues[0]?.message ?? '';
}

function whole(min: number, max: number, error: string) {
  return z.int(error).min(min, error).max(max, error);
}

function millis(error: string) {
  return whole(1, LONGEST_TIME, error);
}
