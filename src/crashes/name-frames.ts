/** The functions, files and lines of a card, once somebody has looked for them. */

import { rawFramesOf } from '../stacks/raw-frame.js';
import type { Symbolizer } from '../stacks/symbolizer.js';
import type { TakenStack } from '../stacks/take-stack.js';
import type { DeathEvidence } from '../supervisor/types.js';
import type { CrashCard } from './card.js';

/** Whether there is anything to look for. */
export function hasFrames({ note, stack }: Pick<DeathEvidence, 'note' | 'stack'>): boolean {
  return typeof note !== 'string' || stack !== null;
}

/** The card with what was found. Never rejects. */
export async function nameFrames(
  card: CrashCard,
  { note, stack, files }: Pick<DeathEvidence, 'note' | 'stack' | 'files'>,
  symbolizer: Pick<Symbolizer, 'symbolize'>,
): Promise<CrashCard> {
  if (typeof note === 'string') return withStack(card, await stack);
  const { frames, by, remark } = await symbolizer.symbolize(rawFramesOf(note), { files });
  return { ...card, frames, symbols: { by, isPending: false, remark } };
}

/** The card of a host that hung. Pure. */
export function withStack(card: CrashCard, stack: TakenStack | null): CrashCard {
  const thread = stack?.threads[0] ?? null;
  if (stack === null || thread === null) {
    return { ...card, symbols: { ...card.symbols, isPending: false }, noFrames: UNSEEN };
  }
  const { id, name, isMain, frames } = thread;
  const noFrames = frames.length === 0 ? `${stack.by} saw no frames of its main thread` : null;
  const symbols = { by: stack.by, isPending: false, remark: stack.remark };
  return { ...card, thread: { id, name, isMain }, frames, noFrames, symbols };
}

const UNSEEN = 'its stack could not be read from outside before it was killed';
