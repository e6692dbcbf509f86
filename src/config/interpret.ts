/** Turns what a file says into what it means: settings checked, modules found, remarks collected. */

import { dirname, resolve } from 'node:path';
import type { z } from 'zod';
import { ConfigError } from '../errors.js';
import { LIMIT_KEYS, limitSettings, SANDBOX_KEYS, type SectionRule, sandboxSettings } from './confinement.js';
import { findPairProblem } from './environment.js';
import { resolveGateway } from './gateway-path.js';
import type { GroupProblem } from './group-problem.js';
import { findTokenProblem, resolveHttp } from './http-address.js';
import { findMatchDoubt, MATCH_KEYS, matchSettings, orNoMatch } from './match.js';
import { findNearKey } from './near-miss.js';
import { type ConfigTree, INCLUDE, type ModuleBlock, type Pair } from './parser.js';
import { findProbationDoubt } from './probation.js';
import { resolveModule } from './resolve.js';
import {
  CORE_KEYS,
  coreSettings,
  describeExpected,
  findBlackBoxProblem,
  findNameProblem,
  findWebhookProblem,
  type KeyRule,
  MODULE_KEYS,
  moduleSettings,
} from './schema.js';
import { findShadowDoubts, findShadowProblem } from './shadows.js';
import { placeOf, showKey, showText } from './text.js';
import type { ConfigWarning, CoreConfig, ModuleSpec, Origin, Position } from './types.js';
import { UnitError } from './units.js';
import { hideSecrets } from './values/hide.js';

/** Names of sections. To pass one of these to the module as its own setting is dangerous without a warning. */
const GUARDED = new Set(['match', 'limits', 'sandbox', 'remote', 'env']);

/**
 * Interprets a parsed file.
 *
 * @param file - Its path. Relative paths are relative to the folder of the file that has them, as their positions say.
 * @param exists - Tells whether a path names a file; asked for modules without a `path` only.
 * @param findProblem - Says why a program cannot be run; `null` when nothing speaks against it.
 * @param findGroupProblem - Says what is wrong with a group; `null` when nothing speaks against it.
 * @param findSecretProblem - Says why a secret cannot be used; `null` when nothing speaks against it.
 * @throws ConfigError `CONFIG_VALUE` at the first setting or name that cannot be.
 */
export function interpretTree(
  tree: ConfigTree,
  file: string,
  exists: (path: string) => boolean,
  findProblem: (program: string) => string | null,
  findGroupProblem: (group: string) => GroupProblem | null,
  findSecretProblem: (file: string, setting: 'http_token' | 'webhook_secret') => string | null,
): CoreConfig {
  const warnings: ConfigWarning[] = [];
  const absolute = resolve(file);
  const { settings, origins } = readCore(tree, warnings);
  // The folder of the file that has the setting, which may be an included one.
  const baseOf = (key: string) => folderOf(origins[key]?.file ?? file);
  const resolveOf = (key: string, path: string | null) => (path === null ? null : resolve(baseOf(key), path));
  const moduleDir = settings.moduleDir.map((dir) => resolve(baseOf('module_dir'), dir));
  const onEvent = resolveOf('on_event', settings.onEvent);
  const problem = onEvent && findProblem(onEvent);
  if (problem) {
    const message = `on_event: ${onEvent} cannot be run, ${problem}; until it can, nobody is told of events`;
    warnings.push({ position: origins.on_event as Position, message });
  }
  const warning = findGroupWarning(settings.gatewayGroup, origins.gateway_group as Position, findGroupProblem);
  if (warning) warnings.push(warning);
  const httpToken = resolveOf('http_token', settings.httpToken);
  const secret = httpToken && settings.http !== 'off' && findSecretProblem(httpToken, 'http_token');
  if (secret) warnings.push({ position: origins.http_token as Position, message: secret });
  const webhookSecret = resolveOf('webhook_secret', settings.webhookSecret);
  const unsigned = webhookSecret && settings.webhook !== 'off' && findSecretProblem(webhookSecret, 'webhook_secret');
  if (unsigned) warnings.push({ position: origins.webhook_secret as Position, message: unsigned });
  const search = { moduleDir, exists };
  const seen = new Map<string, Position>();
  const modules = tree.modules.map((block) => {
    const first = seen.get(block.name);
    if (first) failTwice(block, first);
    seen.set(block.name, block.position);
    return readModule(block, search, warnings);
  });
  checkShadows(modules);
  const gateway = resolveGateway(settings.gateway, baseOf('gateway'));
  const http = resolveHttp(settings.http, baseOf('http'));
  const resolved = { moduleDir, onEvent, gateway, http, httpToken, webhookSecret };
  return { file: absolute, ...settings, ...resolved, modules, warnings };
}

/** @throws ConfigError `CONFIG_VALUE` for a group that the system does not have */
function findGroupWarning(
  group: string | null,
  position: Position,
  findProblem: (group: string) => GroupProblem | null,
): ConfigWarning | null {
  const problem = group === null ? null : findProblem(group);
  if (problem === null) return null;
  const what = `gateway_group: found ${showText(group as string)}, ${problem.text}`;
  if (problem.kind === 'foreign') {
    return { position, message: `${what}; the core starts only as a member of it, or as root` };
  }
  throw new ConfigError('CONFIG_VALUE', `${what}; make it, for example with groupadd, or name another group`, position);
}

/** @throws ConfigError `CONFIG_VALUE` for a shadow of nothing */
function checkShadows(modules: readonly ModuleSpec[]): void {
  const problem = findShadowProblem(modules);
  if (problem === null) return;
  const { origins, position } = modules.find(({ name }) => name === problem.module) as ModuleSpec;
  throw new ConfigError('CONFIG_VALUE', `module ${problem.module}: ${problem.message}`, origins.shadow_of ?? position);
}

function readCore({ pairs }: ConfigTree, warnings: ConfigWarning[]) {
  const own: Pair[] = [];
  for (const pair of pairs) {
    if (Object.hasOwn(CORE_KEYS, pair.key)) own.push(pair);
    else warnings.push({ position: pair.position, message: describeUnknown(pair.key) });
  }
  const { settings, origins } = readSettings(coreSettings, CORE_KEYS, own, '', warnings);
  const problem = findBlackBoxProblem(settings);
  if (problem) {
    const culprit = own.findLast(({ key }) => key === 'black_box' || key === 'max_message') as Pair;
    throw new ConfigError('CONFIG_VALUE', problem, culprit.position);
  }
  const noToken = findTokenProblem(settings);
  if (noToken) throw new ConfigError('CONFIG_VALUE', noToken, origins.http as Position);
  const unsigned = findWebhookProblem(settings);
  if (unsigned) throw new ConfigError('CONFIG_VALUE', unsigned, origins.webhook as Position);
  return { settings, origins };
}

function folderOf(file: string): string {
  return dirname(resolve(file));
}

/** Where a pair stands, and whether its value may be shown. */
function originOf({ position, isHidden }: Pair): Origin {
  return isHidden ? { ...position, isHidden } : position;
}

function readModule(
  block: ModuleBlock,
  search: { moduleDir: string[]; exists: (path: string) => boolean },
  warnings: ConfigWarning[],
): ModuleSpec {
  const { name, position } = block;
  const problem = findNameProblem(name);
  if (problem) throw new ConfigError('CONFIG_VALUE', `found the module name ${showText(name)}, ${problem}`, position);
  const who = `module ${name}: `;
  const own: Pair[] = [];
  const given: Pair[] = [];
  const variables: Pair[] = [];
  const limits: Pair[] = [];
  const sandbox: Pair[] = [];
  const match: Pair[] = [];
  const sections: Partial<Record<string, Pair[]>> = { config: given, env: variables, limits, sandbox, match };
  for (const entry of block.entries) {
    if (entry.kind === 'section') {
      const pairs = sections[entry.name] ?? failSection(entry.name, who, entry.position);
      for (const pair of entry.pairs) pairs.push(pair);
    } else if (Object.hasOwn(MODULE_KEYS, entry.key)) {
      own.push(entry);
    } else {
      const doubt = describeDoubt(entry);
      if (doubt) warnings.push({ position: entry.position, message: who + doubt });
      given.push(entry);
    }
  }
  const read = readSettings(moduleSettings, MODULE_KEYS, own, who, warnings);
  const bounds = readSection('limits', limitSettings, LIMIT_KEYS, limits, who, warnings);
  const box = readSection('sandbox', sandboxSettings, SANDBOX_KEYS, sandbox, who, warnings);
  const asked = readSection('match', matchSettings, MATCH_KEYS, match, who, warnings);
  const never = findMatchDoubt(asked.settings);
  if (never) warnings.push({ position: match[0]?.position ?? position, message: `${who}match: ${never}` });
  const tooShort = findProbationDoubt(read.settings);
  if (tooShort) warnings.push({ position: read.origins.probation ?? position, message: who + tooShort });
  for (const { key, message } of findShadowDoubts(read.settings)) {
    warnings.push({ position: read.origins[key] ?? position, message: who + message });
  }
  checkVariables(variables, who, warnings);
  warnOfTwice(given, who, warnings);
  for (const pair of [...own, ...limits, ...sandbox, ...match, ...variables, ...given]) {
    const doubt = describeValueDoubt(pair);
    if (doubt) warnings.push({ position: pair.position, message: who + doubt });
  }
  const { path, directory, ...settings } = read.settings;
  // A block does not go over the end of its file.
  const base = folderOf(position.file);
  const found = resolveModule({ name, path }, search.moduleDir, base, search.exists);
  return {
    name,
    ...found,
    ...settings,
    limits: bounds.settings,
    sandbox: box.settings,
    match: orNoMatch(asked.settings),
    directory: directory === null ? null : resolve(base, directory),
    env: variables.map(({ key, value }) => [key, value]),
    envOrigins: variables.map(originOf),
    config: given.map(({ key, value }) => [key, value]),
    origins: { ...read.origins, ...bounds.origins, ...box.origins, ...asked.origins },
    configOrigins: given.map(originOf),
    position,
  };
}

/**
 * Reads the settings of a section of ours. A setting that it does not have is an error: without it the module would run with
 * less around it than was asked for.
 */
function readSection<S extends z.ZodObject>(
  section: string,
  schema: S,
  keys: Readonly<Record<string, SectionRule<z.output<S>>>>,
  pairs: Pair[],
  who: string,
  warnings: ConfigWarning[],
): { settings: z.output<S>; origins: Record<string, Origin> } {
  const known = Object.keys(keys);
  for (const { key, position } of pairs) {
    if (Object.hasOwn(keys, key)) continue;
    const near = findNearKey(key, known);
    const expected = near ? `did you mean ${near}?` : `expected ${known.join(', ')}`;
    throw new ConfigError('CONFIG_VALUE', `${who}found ${showText(key)} in ${section} { }, ${expected}`, position);
  }
  const { settings, origins } = readSettings(schema, keys, pairs, `${who}${section}: `, warnings);
  const placed = Object.entries(origins).map(([key, origin]) => [`${section}.${key}`, origin]);
  return { settings, origins: Object.fromEntries(placed) };
}

/** @throws ConfigError `CONFIG_VALUE` for a name that cannot be, or a value that is too long. */
function checkVariables(variables: Pair[], who: string, warnings: ConfigWarning[]): void {
  const seen = new Map<string, Position>();
  for (const { key, value, position } of variables) {
    const problem = findPairProblem(key, value);
    if (problem) throw new ConfigError('CONFIG_VALUE', `${who}found ${showText(key)} in env { }, ${problem}`, position);
    const earlier = seen.get(key);
    if (earlier) {
      const message = `${who}env sets ${key} twice; this one holds, not the one at ${placeOf(earlier, position.file)}`;
      warnings.push({ position, message });
    }
    seen.set(key, position);
  }
}

/** The module gets both: the first is what most of them use. */
function warnOfTwice(given: readonly Pair[], who: string, warnings: ConfigWarning[]): void {
  const seen = new Map<string, Position>();
  for (const { key, position } of given) {
    const earlier = seen.get(key);
    if (!earlier) seen.set(key, position);
    else {
      const first = placeOf(earlier, position.file);
      const message = `${who}${showKey(key)} is set twice; the module gets both, and most modules take the first, at ${first}`;
      warnings.push({ position, message });
    }
  }
}

/** Says why the value of a pair may not be what was meant; `null` when nothing speaks against it. */
function describeValueDoubt({ key, value, quoted, literal, valueFile }: Pair): string | null {
  if (valueFile) return valueFile.value === '' ? `the file ${valueFile.path} of ${showKey(key)} is empty` : null;
  const written = literal ?? value;
  if (quoted || !written.startsWith('@') || !written.includes('/')) return null;
  return `${showKey(key)} is text that begins with @; for the content of a file write @/path or @./path, for text use quotes`;
}

/** Reads our own keys. When a key is there twice, the last one holds, with a warning. */
function readSettings<S extends z.ZodObject>(
  schema: S,
  keys: Readonly<Record<string, KeyRule<z.output<S>>>>,
  pairs: Pair[],
  who: string,
  warnings: ConfigWarning[],
): { settings: z.output<S>; origins: Record<string, Origin> } {
  const values: Record<string, unknown> = {};
  const sources = new Map<PropertyKey, Pair>();
  for (const pair of pairs) {
    const rule = keys[pair.key] as KeyRule<z.output<S>>;
    const earlier = sources.get(rule.field);
    if (earlier) {
      const first = placeOf(earlier.position, pair.position.file);
      const message = `${who}${pair.key} is set twice; this one holds, not the one at ${first}`;
      warnings.push({ position: pair.position, message });
    }
    sources.set(rule.field, pair);
    values[rule.field as string] = readValue(schema, rule, pair, who);
  }
  const result = schema.safeParse(values);
  if (result.success) {
    const origins = Object.fromEntries([...sources.values()].map((pair) => [pair.key, originOf(pair)]));
    return { settings: result.data, origins };
  }
  const issue = result.error.issues[0] as z.core.$ZodIssue;
  const culprit = sources.get(issue.path[0] as PropertyKey) as Pair;
  return failValue(culprit, who, issue.message, keys[culprit.key]?.show);
}

function readValue<Field extends PropertyKey>(
  schema: z.ZodObject,
  rule: { field: Field; parse: (text: string) => unknown },
  pair: Pair,
  who: string,
): unknown {
  try {
    return rule.parse(pair.value);
  } catch (error) {
    if (!(error instanceof UnitError)) throw error;
    // The message of a unit may quote the value.
    return failValue(pair, who, pair.isHidden ? describeExpected(schema.shape, rule.field) : error.message);
  }
}

function failValue(pair: Pair, who: string, expected: string, show = (text: string) => text): never {
  const { key, value, position, isHidden, valueFile } = pair;
  if (isHidden) {
    const source = valueFile ? `the file ${valueFile.path}` : 'the environment';
    const message = `${who}found a wrong value for ${key} in ${source}, ${expected}`;
    throw new ConfigError('CONFIG_VALUE', message, position);
  }
  const found = value === '' ? 'nothing' : showText(hideSecrets('', show(value)).value);
  const hint = /[;}]/.test(value) ? ' (";" and "}" end a value only after white space)' : '';
  throw new ConfigError('CONFIG_VALUE', `${who}found ${found} for ${key}, ${expected}${hint}`, position);
}

function failTwice({ name, position }: ModuleBlock, first: Position): never {
  const message = `found a second module ${showText(name)}, expected each name once: the first is at`;
  throw new ConfigError('CONFIG_VALUE', `${message} ${placeOf(first)}`, position);
}

function failSection(section: string, who: string, position: Position): never {
  const message =
    `${who}found the section ${section}, which is not supported by this version, expected settings, match { }, limits { }, sandbox { }, env { } or config { } ` +
    `(remove it: the module would run without what it asks for)`;
  throw new ConfigError('CONFIG_VALUE', message, position);
}

function describeUnknown(key: string): string {
  const known = [...Object.keys(CORE_KEYS), INCLUDE];
  const near = findNearKey(key, known);
  if (near) return `unknown setting ${showText(key)}, which has no effect; did you mean ${near}?`;
  if (Object.hasOwn(MODULE_KEYS, key)) return `${key} has no effect here; it belongs in the block of a module`;
  return `unknown setting ${showText(key)}, which has no effect here; ours are ${known.join(', ')}`;
}

/** Says why a key that goes to the module may not have been meant for it; `null` when nothing speaks against it. */
function describeDoubt({ key, quoted }: Pair): string | null {
  const remedy = `if it is meant for the module, put it into config { }`;
  if (key === INCLUDE && !quoted) {
    return `${INCLUDE} is passed to the module, and includes nothing; did you mean it outside of the block? ${remedy}`;
  }
  if (Object.hasOwn(CORE_KEYS, key))
    return `${key} has no effect in a module; it belongs outside of the block, or ${remedy}`;
  if (GUARDED.has(key)) return `${key} is passed to the module; the section is written ${key} { }, or ${remedy}`;
  const near = findNearKey(key, Object.keys(MODULE_KEYS));
  return near && `${showText(key)} is passed to the module; did you mean ${near}? ${remedy}`;
}
