/**
 * Which ABI the next host of a module tries when the file does not say it. Pure. A trial takes several hosts, one for each
 * candidate, until one serves. It is over when the module is given up for now; the next trial begins from the start.
 */

import { ABI_NAMES, type AbiName } from '../../config/types.js';
import type { Candidates } from '../../wire/codec.js';

/** What a host found out from its file: the ABIs that it may have, the likeliest first, and the reason. */
export interface Offer {
  abis: AbiName[];
  /** Of the file, in hexadecimal. */
  sha256: string;
  reason: string;
}

/** An ABI with which the module did not start. */
export interface FailedTry {
  abi: AbiName;
  /** What became of it, with the last words of the module. */
  text: string;
  /** It was only too slow. The machine may be the cause, so this is not remembered. */
  timedOut: boolean;
}

/** What has been tried of one file. */
export type Trial =
  /** Nothing: no host has asked. */
  | { kind: 'none' }
  /** `abi` worked with the same file before, and is used. */
  | { kind: 'remembered'; offer: Offer; abi: AbiName }
  /** `abi` is being tried, or was tried last. */
  | { kind: 'trying'; offer: Offer; abi: AbiName; failed: FailedTry[] };

/** Before the first host of a file. */
export const NO_TRIAL: Trial = { kind: 'none' };

/** A sha256 as it is written everywhere here. */
export const SHA256 = /^[0-9a-f]{64}$/;

/** Reads what a host says; `null` when no host may say that. */
export function parseOffer({ abis, sha256, reason }: Candidates): Offer | null {
  const names = ABI_NAMES.filter((name) => abis?.includes(name));
  if (names.length < 2 || names.length !== abis?.length || !SHA256.test(sha256 ?? '')) return null;
  return { abis: abis as AbiName[], sha256: sha256 ?? '', reason: reason ?? '' };
}

/**
 * Chooses what the host that made this offer tries.
 *
 * @param remembered - the ABI that worked with this file before, if any
 */
export function chooseAbi(trial: Trial, offer: Offer, remembered: AbiName | null): Exclude<Trial, { kind: 'none' }> {
  if (remembered !== null && offer.abis.includes(remembered)) return { kind: 'remembered', offer, abi: remembered };
  // Another file is there now, so what the old one said does not count.
  const failed = trial.kind === 'trying' && trial.offer.sha256 === offer.sha256 ? trial.failed : [];
  const abi = untried(offer, failed);
  return abi === null
    ? { kind: 'trying', offer, abi: offer.abis[0] as AbiName, failed: [] }
    : { kind: 'trying', offer, abi, failed };
}

/** Notes that the present try failed, and how. */
export function failTry(trial: Trial, text: string, timedOut: boolean): Trial {
  return trial.kind === 'trying' ? { ...trial, failed: [...trial.failed, { abi: trial.abi, text, timedOut }] } : trial;
}

/** Whether what a trial found may be remembered: each ABI before it was refused, or crashed. */
export function isConclusive(trial: Trial): boolean {
  return trial.kind === 'trying' && trial.failed.every(({ timedOut }) => !timedOut);
}

/** The ABI that comes next after failed tries; `null` when none is left, or nothing is being tried. */
export function nextAbi(trial: Trial): AbiName | null {
  return trial.kind === 'trying' ? untried(trial.offer, trial.failed) : null;
}

function untried(offer: Offer, failed: FailedTry[]): AbiName | null {
  return offer.abis.find((abi) => !failed.some((entry) => entry.abi === abi)) ?? null;
}

/** How the ABI was found that a trial ended with, in words. */
export function describeFound(trial: Exclude<Trial, { kind: 'none' }>): string {
  const { offer, abi } = trial;
  const tried = offer.abis.slice(0, offer.abis.indexOf(abi) + 1).join(', ');
  const remembered = trial.kind === 'remembered' ? "; remembered by the file's sha256" : '';
  return `found by a trial of ${tried} (${offer.reason})${remembered}`;
}

/** Why a module has no ABI: each that was tried, how it failed, and the remedy. `null` unless all of them failed. */
export function describeNone(trial: Trial): string | null {
  if (trial.kind !== 'trying' || nextAbi(trial) !== null) return null;
  const { offer, failed } = trial;
  const tries = failed.map(({ abi, text }) => `${abi}: ${text}`).join('; ');
  const remedy = `set "abi = ..." to the one that it was built for, and correct what it reports`;
  return `it starts with none of the ABIs that it may have been built for (${offer.reason}); ${tries}; ${remedy}`;
}
