/** Which module shadows which: pure. */

import { findNearKey } from './near-miss.js';
import type { ModuleSpec } from './types.js';

/** What is looked at of each module. */
export type ShadowFacts = Pick<ModuleSpec, 'name' | 'shadowOf' | 'directory'>;

/** What is wrong, and with which module. */
export interface ShadowProblem {
  /** The name of the shadow. */
  module: string;
  /** `found ..., expected ...` */
  message: string;
}

/** Each shadow of a module takes a turn of the core for each of its messages. */
export const MAX_SHADOWS = 8;

/** The first thing that is wrong with the shadows of a configuration; `null`: nothing is. */
export function findShadowProblem(modules: readonly ShadowFacts[]): ShadowProblem | null {
  const byName = new Map(modules.map((module) => [module.name, module]));
  const counts = new Map<string, number>();
  for (const shadow of modules) {
    const { name, shadowOf } = shadow;
    if (shadowOf === null) continue;
    const count = (counts.get(shadowOf) ?? 0) + 1;
    counts.set(shadowOf, count);
    const message = findProblem(shadow, shadowOf, byName, count) ?? findSameDirectory(shadow, shadowOf, modules);
    if (message !== null) return { module: name, message };
  }
  return null;
}

function findProblem(
  { name }: ShadowFacts,
  shadowOf: string,
  byName: ReadonlyMap<string, ShadowFacts>,
  count: number,
): string | null {
  const found = `found shadow_of = ${shadowOf}`;
  if (shadowOf === name) return `${found}, expected the name of another module`;
  const primary = byName.get(shadowOf);
  if (primary === undefined) return `${found}, ${describeUnknown(shadowOf, name, byName)}`;
  if (primary.shadowOf !== null) {
    return `${found}, which is a shadow itself, expected a module of the chain${suggestOneOf(primary.shadowOf, name, byName)}`;
  }
  if (count > MAX_SHADOWS)
    return `${found} for the ${count}th time, expected at most ${MAX_SHADOWS} shadows of a module`;
  return null;
}

/** @param preferred - what is shadowed by the shadow that was named; it may be no module of the chain either */
function suggestOneOf(preferred: string, name: string, byName: ReadonlyMap<string, ShadowFacts>): string {
  const names = chainWithout(name, byName);
  const suggested = names.includes(preferred) ? preferred : names[0];
  return suggested === undefined ? '' : `, such as ${suggested}`;
}

function findSameDirectory(
  { name, directory }: ShadowFacts,
  shadowOf: string,
  modules: readonly ShadowFacts[],
): string | null {
  const isRelated = (other: ShadowFacts) => other.name === shadowOf || other.shadowOf === shadowOf;
  const same = modules.find((other) => other.name !== name && isRelated(other) && other.directory === directory);
  if (directory === null || same === undefined) return null;
  return `found shadow_of = ${shadowOf} with the directory of ${same.name}, expected another directory for a shadow: two versions would write the same files`;
}

function describeUnknown(shadowOf: string, name: string, byName: ReadonlyMap<string, ShadowFacts>): string {
  const names = chainWithout(name, byName);
  const near = findNearKey(shadowOf, names);
  if (near !== null) return `which is not configured; did you mean ${near}?`;
  if (names.length === 0) return 'which is not configured, and there is no other module that could be shadowed';
  const some = names.slice(0, 10).join(', ');
  return `which is not configured, expected one of ${some}${names.length > 10 ? ', ...' : ''}`;
}

function chainWithout(name: string, byName: ReadonlyMap<string, ShadowFacts>): string[] {
  const others = [...byName.values()].filter((module) => module.shadowOf === null && module.name !== name);
  return others.map((module) => module.name);
}

/** A setting that is as nobody would set it without a purpose, and that does nothing. */
export interface ShadowDoubt {
  /** Of the setting. */
  key: 'shadow_http' | 'overload' | 'on_failure' | 'chain_sends';
  message: string;
}

/** Which settings have no effect, because the module is a shadow, or because it is none. They may be left over, so they are warnings. */
export function findShadowDoubts(
  spec: Pick<ModuleSpec, 'shadowOf' | 'shadowHttp' | 'overload' | 'onFailure' | 'chainSends'>,
): ShadowDoubt[] {
  if (spec.shadowOf === null) {
    if (!spec.shadowHttp) return [];
    const message = 'shadow_http = yes has no effect, because the module is no shadow; set shadow_of, or remove it';
    return [{ key: 'shadow_http', message }];
  }
  const because = 'has no effect in a shadow, because';
  const doubts: (ShadowDoubt | false)[] = [
    spec.overload === 'wait' && {
      key: 'overload',
      message: `overload = wait ${because} nobody waits for a shadow; remove it`,
    },
    spec.onFailure === 'consume' && {
      key: 'on_failure',
      message: `on_failure = consume ${because} a shadow decides on no message; remove it`,
    },
    spec.chainSends && {
      key: 'chain_sends',
      message: `chain_sends = yes ${because} what a shadow sends goes nowhere; remove it`,
    },
  ];
  return doubts.filter((doubt) => doubt !== false);
}
