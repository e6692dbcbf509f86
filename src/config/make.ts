/** Configurations that a program makes, without a file. */

import { resolve } from 'node:path';
import { z } from 'zod';
import { ConfigError } from '../errors.js';
import { LIMIT_KEYS, SANDBOX_KEYS } from './confinement.js';
import { resolveGateway } from './gateway-path.js';
import { findTokenProblem, resolveHttp } from './http-address.js';
import { findMatchDoubt, MATCH_KEYS } from './match.js';
import { findProbationDoubt } from './probation.js';
import { isFile, resolveModule } from './resolve.js';
import {
  coreSettings,
  cText,
  findBlackBoxProblem,
  findNameProblem,
  findWebhookProblem,
  MODULE_KEYS,
  moduleSettings,
  variable,
} from './schema.js';
import { findShadowDoubts, findShadowProblem } from './shadows.js';
import { showText } from './text.js';
import type { ConfigWarning, CoreConfig, ModuleSpec, Position } from './types.js';

// C strings end at a NUL: a NUL within a value would silently cut it for the module.
const text = cText();
const key = text.refine((value) => value !== '', 'expected a key');

const config = z.union(
  [z.array(z.tuple([key, text])), z.record(key, text).transform((record) => Object.entries(record))],
  'expected an object of strings, or a list of [key, value] pairs, without NUL characters and halves of surrogate pairs',
);
const env = z.union(
  [
    z.array(variable),
    z
      .record(z.string(), z.string())
      .transform((record) => Object.entries(record))
      .pipe(z.array(variable)),
  ],
  'expected an object of strings, or a list of [name, value] pairs; a name has the characters A-Z a-z 0-9 _ and is not one that the core sets',
);
const own = { name: z.string('expected a name'), env: env.default([]), config: config.default([]) };
const moduleOptions = moduleSettings.extend(own).strict();
const modules = z.array(moduleOptions, 'expected a list of modules').default([]);
const configOptions = coreSettings.extend({ modules }).strict();

/** One module of {@link ConfigOptions}: a `name`, and what differs from the defaults. */
export type ModuleOptions = z.input<typeof moduleOptions>;

/** What a program may set: the fields of `CoreConfig` and of `ModuleSpec`, each optional but for the names. */
export type ConfigOptions = z.input<typeof configOptions>;

/** Stands for the place in a file, where there is none. */
const NOWHERE: Position = { file: 'configuration', line: 0, column: 0 };

/**
 * Makes a configuration for a program that embeds the supervisor, with the defaults and limits of the file.
 *
 * @param options - A module's `path` and `directory`, like `moduleDir`, may be relative to the working directory.
 * @param exists - Tells whether a path names a file; asked for modules without a `path` only.
 * @throws ConfigError `CONFIG_VALUE` at the first option that cannot be.
 */
export function makeConfig(options: ConfigOptions, exists: (path: string) => boolean = isFile): CoreConfig {
  const result = configOptions.safeParse(options);
  if (!result.success) return failIssue(result.error.issues[0] as z.core.$ZodIssue, options);
  const { modules, ...settings } = result.data;
  const problem = findBlackBoxProblem(settings) ?? findTokenProblem(settings) ?? findWebhookProblem(settings);
  if (problem) fail(problem);
  const moduleDir = settings.moduleDir.map((dir) => resolve(dir));
  const names = new Set<string>();
  const specs = modules.map(({ name, path, directory, ...rest }, i): ModuleSpec => {
    const nameProblem = findNameProblem(name);
    if (nameProblem) fail(`found the module name ${showText(name)}, ${nameProblem}`);
    if (names.has(name)) fail(`found a second module ${name}, expected each name once`);
    names.add(name);
    const given = options.modules?.[i] ?? {};
    return {
      name,
      ...resolveModule({ name, path }, moduleDir, process.cwd(), exists),
      ...rest,
      directory: directory === null ? null : resolve(directory),
      envOrigins: rest.env.map(() => NOWHERE),
      origins: Object.fromEntries(originsOf(given).map((key) => [key, NOWHERE])),
      configOrigins: rest.config.map(() => NOWHERE),
      position: NOWHERE,
    };
  });
  const shadow = findShadowProblem(specs);
  if (shadow) fail(`module ${shadow.module}: ${shadow.message}`);
  const onEvent = settings.onEvent === null ? null : resolve(settings.onEvent);
  const gateway = resolveGateway(settings.gateway, process.cwd());
  const http = resolveHttp(settings.http, process.cwd());
  const httpToken = settings.httpToken === null ? null : resolve(settings.httpToken);
  const webhookSecret = settings.webhookSecret === null ? null : resolve(settings.webhookSecret);
  const resolved = { moduleDir, onEvent, gateway, http, httpToken, webhookSecret };
  return { file: null, ...settings, ...resolved, modules: specs, warnings: specs.flatMap(findWarnings) };
}

function findWarnings(spec: ModuleSpec): ConfigWarning[] {
  const never = findMatchDoubt(spec.match);
  const useless = findShadowDoubts(spec).map(({ message }) => message);
  const doubts = [never && `match: ${never}`, findProbationDoubt(spec), ...useless].filter((doubt) => doubt !== null);
  return doubts.map((doubt) => ({ position: NOWHERE, message: `module ${spec.name}: ${doubt}` }));
}

function originsOf(given: Partial<ModuleOptions>): string[] {
  return [
    ...keysOf(MODULE_KEYS, given),
    ...keysOf(LIMIT_KEYS, given.limits ?? {}).map((key) => `limits.${key}`),
    ...keysOf(SANDBOX_KEYS, given.sandbox ?? {}).map((key) => `sandbox.${key}`),
    ...keysOf(MATCH_KEYS, given.match ?? {}).map((key) => `match.${key}`),
  ];
}

/** The keys of the file that stand for what was given. */
function keysOf(keys: Readonly<Record<string, { field: string }>>, given: object): string[] {
  return Object.keys(keys).filter((key) => Object.hasOwn(given, keys[key]?.field ?? ''));
}

function failIssue(issue: z.core.$ZodIssue, options: ConfigOptions): never {
  const [field, index, ...inner] = issue.path;
  const module = field === 'modules' && typeof index === 'number' ? options.modules?.[index]?.name : undefined;
  const where = typeof module === 'string' ? [`module ${showText(module)}`, ...inner] : issue.path;
  const what = issue.code === 'unrecognized_keys' ? `found the unknown option ${issue.keys.join(', ')}` : issue.message;
  fail([...where, what].map(String).join(': '));
}

function fail(message: string): never {
  throw new ConfigError('CONFIG_VALUE', message, { file: NOWHERE.file });
}
