/** The crash cards that a scene leaves, and what each must name. */

import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, vi } from 'vitest';
import { blamedFrame, CARDS_DIRECTORY, type CrashCard } from '../../src/crashes/card.js';
import { CardKeeper } from '../../src/crashes/keeper.js';
import { parseCard } from '../../src/crashes/parse-card.js';
import { Symbolizer } from '../../src/stacks/symbolizer.js';
import { makeTempDir } from '../e2e/core.js';
import type { CardNames, Exit } from './table.js';

const SOURCES = fileURLToPath(new URL('.', import.meta.url));

/** One for all scenes of a file, as a core has one for all its modules: it asks once for what it knows already. */
const symbolizer = new Symbolizer();

/** What keeps the cards of a scene, in a directory of its own. */
export class SceneCards {
  readonly keeper: CardKeeper;
  readonly #stateDir = makeTempDir();
  /** What the keeper has said. */
  readonly lines: string[] = [];

  constructor() {
    this.keeper = new CardKeeper({
      stateDir: this.#stateDir,
      say: (_, text) => void this.lines.push(text),
      symbolizer,
    });
  }

  /** Asserts that each end which nobody had ordered has one card, and what it names. */
  async expectCards(exits: Exit[], byDefault: CardNames): Promise<void> {
    const expected = exits.flatMap((exit) => (exit.card === null ? [] : [exit]));
    await vi.waitUntil(() => this.#finished().length >= expected.length, { timeout: 60_000, interval: 50 });
    const cards = this.#finished();
    expect(cards.map(({ generation, cause }) => `${generation}: ${cause}`)).toHaveLength(expected.length);
    cards.forEach((card, i) => {
      const exit = expected[i] as Exit;
      expectCard(card, exit.or?.cause === card.cause ? exit.or : exit, exit.card ?? byDefault);
      // Right before its fault the module said so.
      if (!exit.card) expect(card.log.map(({ text }) => text)).toContain('last words in the log');
    });
  }

  async close(): Promise<void> {
    await this.keeper.close();
    rmSync(this.#stateDir, { recursive: true });
  }

  /** The cards that nothing is added to any more, by generation. */
  #finished(): CrashCard[] {
    const directory = join(this.#stateDir, CARDS_DIRECTORY);
    if (!existsSync(directory)) return [];
    return readdirSync(directory)
      .filter((name) => name.endsWith('.json'))
      .map((name) => parseCard(readFileSync(join(directory, name), 'utf8'), basename(name, '.json')))
      .filter(({ symbols }) => !symbols.isPending)
      .sort((a, b) => a.generation - b.generation);
  }
}

function expectCard(card: CrashCard, { cause, signal, exitCode, says }: Exit, names: CardNames): void {
  const { callback, message } = names;
  expect(card).toMatchObject({ module: 'faulty', cause, signal, exitCode, callback });
  expect(card.summary).toMatch(says);
  expect(card.message?.id ?? null).toBe(message);
  if (names.function === null) {
    // It says why.
    expect(card.noFrames ?? card.frames.length, JSON.stringify(card)).not.toBe(0);
    return;
  }
  const blamed = blamedFrame(card.frames);
  const stack = card.frames.map((frame) => `${frame.function} at ${frame.source}:${frame.line} in ${frame.object}`);
  const told = `${card.noFrames}, ${card.symbols.remark}:\n${stack.join('\n')}`;
  expect(blamed?.function ?? '', told).toMatch(wordIn(names.function));
  expect(markedLines(names.mark), told).toContainEqual([basename(blamed?.source ?? ''), blamed?.line]);
}

/** Matches a name with whatever a language puts around it: namespaces, arguments. */
function wordIn(name: string): RegExp {
  return new RegExp(`(?<!\\w)${name.replace(/[<>]/g, '\\$&')}(?!\\w)`);
}

/** Where the sources of the faults have this mark. */
export function markedLines(mark: string): [file: string, line: number][] {
  const files = readdirSync(SOURCES).filter((name) => /\.(c|cpp|rs)$/.test(name));
  const found = files.flatMap((file) =>
    readFileSync(join(SOURCES, file), 'utf8')
      .split('\n')
      .flatMap((text, i): [string, number][] => (isMarked(text, mark) ? [[file, i + 1]] : [])),
  );
  if (found.length === 0) throw new Error(`no line has the mark "dies: ${mark}"`);
  return found;
}

function isMarked(text: string, mark: string): boolean {
  return text.split('dies: ').some((part, i) => i > 0 && part.split(/\s/, 1)[0] === mark);
}
