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
    return `${found}, which is a shadow itself, expected a module of the chain, such as ${primary.shadowOf}`;
  }
  if (count > MAX_SHADOWS)
    return `${found} for the ${count}th time, expected at most ${MAX_SHADOWS} shadows of a module`;
  return null;
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
  const others = [...byName.values()].filter((module) => module.shadowOf === null && module.name !== name);
  const names = others.map((module) => module.name);
  const near = findNearKey(shadowOf, names);
  if (near !== null) return `which is not configured; did you mean ${near}?`;
  if (names.length === 0) return 'which is not configured, and there is no other module that could be shadowed';
  const some = names.slice(0, 10).join(', ');
  return `which is not configured, expected one of ${some}${names.length > 10 ? ', ...' : ''}`;
}
