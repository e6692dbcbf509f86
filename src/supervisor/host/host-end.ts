/** Puts together what is known of a host at its end. */

import { performance } from 'node:perf_hooks';
import type { ModuleSpec } from '../../config/types.js';
import type { BoxHeader } from '../../wire/black-box.js';
import type { RunEnd } from '../runner/runner.js';
import type { Beginning, Served } from './beginning.js';
import { makeCardId } from './card-id.js';
import { type Death, type DeathFacts, judgeDeath, judgeTry } from './death.js';
import type { HostEnd } from './host-listener.js';

/** What the host itself knows, with the last header of its black box; `null`: that is no longer a header. */
export interface KnownOfHost
  extends Pick<
    DeathFacts,
    | 'module'
    | 'path'
    | 'generation'
    | 'pid'
    | 'replica'
    | 'spare'
    | 'from'
    | 'refusal'
    | 'unreachable'
    | 'executing'
    | 'note'
    | 'overwritten'
  > {
  header: BoxHeader | null;
}

/** The end, apart from the calls that it concerns. */
export function makeEnd(
  { header, ...known }: KnownOfHost,
  { exitCode, signal, halted, outOfMemory, limit }: RunEnd,
  stage: Beginning | Served,
  { startTimeoutMs, hangMs, position }: Pick<ModuleSpec, 'startTimeoutMs' | 'hangMs' | 'position'>,
  callbackMs: number | null,
  configFile: string | null,
): Omit<HostEnd, 'call' | 'lost' | 'unseen' | 'stack' | 'scene'> {
  const facts: DeathFacts = {
    ...known,
    exitCode,
    signal,
    halted,
    phase: header?.phase ?? 'serving',
    served: stage.kind === 'served',
    exitCalled: header?.exitCode ?? null,
    oomStruck: outOfMemory,
    limit,
    lastWords: stage.kind === 'beginning' ? stage.lastWords.all() : [],
    startTimeoutMs,
    hangMs,
    callbackMs,
    // Not the file that the module stands in: that one may be included, and then lacks the settings of the others.
    ...(position.line > 0 && configFile !== null ? { configFile } : {}),
  };
  const servedMs = stage.kind === 'served' ? performance.now() - stage.readyMs : 0;
  const diedAt = new Date();
  const death = judgeDeath(facts);
  const cardId = isWorthACard(death, facts) ? makeCardId(facts.module, diedAt, facts.generation) : null;
  return {
    ...death,
    facts,
    hasTried: stage.tries && judgeTry(facts) !== null,
    servedMs,
    diedAt,
    cardId,
    isQuarantined: false,
  };
}

/** A host that ended as ordered, or that said why it cannot start and then exited, leaves nothing to find out. */
function isWorthACard({ what, cause }: Pick<Death, 'what' | 'cause'>, { note, signal }: DeathFacts): boolean {
  if (cause === 'stop') return false;
  return what.kind !== 'refused' || typeof note !== 'string' || (signal !== null && signal !== 'SIGKILL');
}
