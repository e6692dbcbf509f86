/** Reads the crash cards of a state directory, whether a core writes there just now or not. */

import { closeSync, constants, fstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { findNearKey } from '../config/near-miss.js';
import { showText } from '../config/text.js';
import { SupervisorError } from '../errors.js';
import { listSome } from '../list-some.js';
import { openFile } from '../own-files.js';
import { coreCommand, type Sentence, sentence } from '../sentence.js';
import { CARDS_DIRECTORY, type CrashCard, type KeptCall } from './card.js';
import { CARD_ID, compareIds, moduleOfId } from './card-ids.js';
import { CardError, parseCard, parseKeptCall } from './parse-card.js';

/** Larger files were not written by a core. */
const MAX_CARD_BYTES = 16 * 1024 * 1024;
const MAX_CALLS_BYTES = 256 * 1024 * 1024;
/** Stands for the newest card. */
export const LAST = 'last';

/** All cards that can be read. */
export interface CardsRead {
  /** Oldest first. */
  cards: CrashCard[];
  /** Files that are no cards, with the reason, a line each. */
  problems: string[];
}

/**
 * The ids of all cards, oldest first. Other files are left out.
 *
 * @throws SupervisorError `CRASH_UNREADABLE` where the directory cannot be read; one that is missing has no cards
 */
export function listCardIds(stateDir: string): string[] {
  const directory = join(stateDir, CARDS_DIRECTORY);
  try {
    const ids = readdirSync(directory).flatMap((name) => {
      const id = name.endsWith('.json') ? name.slice(0, -'.json'.length) : '';
      return CARD_ID.test(id) ? [id] : [];
    });
    return ids.sort(compareIds);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return [];
    const remedy = 'be the user who started the core, or check --state-dir';
    throw new SupervisorError('CRASH_UNREADABLE', `${directory} cannot be read (${code})`, { remedy });
  }
}

/**
 * Reads every card.
 *
 * @param module of this module alone; `null`: of all
 * @throws SupervisorError `CRASH_UNREADABLE` where the directory cannot be read
 */
export function readCards(stateDir: string, module: string | null = null): CardsRead {
  const read: CardsRead = { cards: [], problems: [] };
  for (const id of listCardIds(stateDir)) {
    if (module !== null && moduleOfId(id) !== module) continue;
    try {
      const card = tryReadCard(stateDir, id);
      // The core has removed it meanwhile, because there were too many.
      if (card !== null) read.cards.push(card);
    } catch (error) {
      read.problems.push(`${join(stateDir, CARDS_DIRECTORY, id)}.json: ${(error as Error).message}`);
    }
  }
  return read;
}

/**
 * Finds the card that somebody means.
 *
 * @param given an id, the beginning of one, the name of a module for its last card, or `last`
 * @throws SupervisorError `CRASH_UNKNOWN`, `CRASH_UNREADABLE`
 */
export function findCard(stateDir: string, given: string): CrashCard {
  const id = chooseId(listCardIds(stateDir), given);
  try {
    const card = tryReadCard(stateDir, id);
    if (card !== null) return card;
  } catch (error) {
    const what = `the crash card ${id} cannot be read: ${(error as Error).message}`;
    throw new SupervisorError('CRASH_UNREADABLE', what, { remedy: sentence`${TO_LIST}` });
  }
  throw unknown(given, []);
}

const TO_LIST: Sentence = sentence`to see the others: ${coreCommand('crashes', 'list')}`;

/**
 * The id that somebody means. Pure.
 *
 * @param ids oldest first
 * @throws SupervisorError `CRASH_UNKNOWN`
 */
export function chooseId(ids: readonly string[], given: string): string {
  if (ids.includes(given)) return given;
  const ofModule = ids.filter((id) => given === LAST || moduleOfId(id) === given);
  const beginning = given === '' ? [] : ids.filter((id) => id.startsWith(given));
  const [meant] = ofModule.length > 0 ? ofModule.slice(-1) : beginning.length === 1 ? beginning : [];
  if (meant !== undefined) return meant;
  if (beginning.length === 0) throw unknown(given, ids);
  const what = `${showText(given)} is the beginning of ${beginning.length} ids: ${listSome(beginning.toReversed(), 3)}`;
  throw new SupervisorError('CRASH_UNKNOWN', what, { remedy: 'give more of it' });
}

function unknown(given: string, ids: readonly string[]): SupervisorError {
  const what = given === LAST ? 'there is no crash card' : `no crash card has the id ${showText(given)}`;
  if (ids.length === 0) {
    const remedy = 'no crash was recorded in this state directory; if the core has another, give --state-dir';
    return new SupervisorError('CRASH_UNKNOWN', what, { remedy });
  }
  const near = findNearId(given, ids);
  const remedy = near === null ? TO_LIST : sentence`did you mean ${near}?`;
  return new SupervisorError('CRASH_UNKNOWN', what, { remedy });
}

/** An id with a slip in it, or the last one of a module whose name has a slip in it. */
function findNearId(given: string, ids: readonly string[]): string | null {
  // The rule for keys compares without capitals, and takes a minus for an underscore.
  const plain = (id: string) => id.toLowerCase().replaceAll('-', '_');
  const near = findNearKey(given, ids.map(plain));
  if (near !== null) return ids.find((id) => plain(id) === near) ?? null;
  const names = [...new Set(ids.map(moduleOfId))];
  const name = findNearKey(given, names);
  return name === null ? null : (ids.findLast((id) => moduleOfId(id) === name) ?? null);
}

/**
 * The calls whose bodies were kept, oldest first.
 *
 * @returns none where nothing was kept
 * @throws SupervisorError `CRASH_UNREADABLE`
 */
export function readKeptCalls(stateDir: string, id: string): KeptCall[] {
  const file = join(stateDir, CARDS_DIRECTORY, `${requireId(id)}.calls`);
  try {
    const text = readSmallFile(file, MAX_CALLS_BYTES);
    return (text ?? '').split('\n').flatMap((line) => parseKeptCall(line) ?? []);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const remedy = 'be the user who started the core';
    throw new SupervisorError('CRASH_UNREADABLE', `${file} cannot be read (${code ?? message})`, { remedy });
  }
}

/** @returns `null`: there is none; @throws Error with the reason */
function tryReadCard(stateDir: string, id: string): CrashCard | null {
  let text: string | null;
  try {
    text = readSmallFile(join(stateDir, CARDS_DIRECTORY, `${requireId(id)}.json`), MAX_CARD_BYTES);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw error instanceof CardError ? error : new Error(code ?? message);
  }
  return text === null ? null : parseCard(text, id);
}

function readSmallFile(file: string, maxBytes: number): string | null {
  let fd: number;
  try {
    fd = openFile(file, constants.O_RDONLY | constants.O_NOFOLLOW);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  try {
    if (fstatSync(fd).size > maxBytes) throw new CardError('it is too large to be written by a core');
    return readFileSync(fd, 'utf8');
  } finally {
    closeSync(fd);
  }
}

/** No other text is ever made into a path. */
function requireId(id: string): string {
  if (CARD_ID.test(id)) return id;
  throw unknown(id, []);
}
