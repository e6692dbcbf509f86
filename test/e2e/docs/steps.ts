/** What may be done with a block of a page. A block has one step, and a step has one block. */

import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect } from 'vitest';
import { PACKAGE_ROOT } from '../../../src/paths.js';
import type { Block } from '../../helpers/doc-blocks.js';
import type { Clone } from './clone.js';

/** Does something with a block, in the clone in which its page is followed; throws when the result is wrong. */
export type Step = (block: Block, clone: Clone) => void;

/** How a block is run, where it is not run exactly as it is written. */
export interface How {
  /** Placeholders of the page for something of the reader's, and their values here; each must be in the block. */
  change?: [from: string, to: string][];
  /** Lines that are not run: what they begin with, and why; each must be there once. */
  except?: [line: string, reason: string][];
  /** Lines that are run where this script succeeds, and what more is printed then. */
  where?: { line: string; can: string; prints: string }[];
  /** A script that makes what the page assumes to exist. */
  before?: string;
  /** A script that uses what the block has made. */
  after?: string;
  /** What is typed. */
  input?: string;
  /** The exit code, if it is not 0. */
  status?: number;
  /** What it prints, in this order. */
  prints?: (string | RegExp)[];
  /** All that it writes to stderr, where that matters. */
  says?: RegExp;
}

/** Shell commands, which work. */
export function sh(how: How = {}): Step {
  return (block, clone) => {
    expect(block.language).toBe('sh');
    const { where = [], except = [], prints = [] } = how;
    const possible = where.filter(({ can }) => clone.sh(can).status === 0);
    const left = where.filter((line) => !possible.includes(line));
    const whole = {
      ...how,
      except: [...except, ...left.map(({ line, can }): [string, string] => [line, `this fails here: ${can}`])],
      prints: [...prints, ...possible.map((line) => line.prints)],
    };
    run(clone, prepare(block, whole), whole);
  };
}

/** A file of this name, for what comes after it. */
export function file(name: string, how: How = {}): Step {
  return (block, clone) => {
    expect(block.language).toBe(LANGUAGES[name.split('.')[1] ?? 'sh']);
    clone.write(name, prepare(block, how));
    run(clone, '', how);
  };
}
const LANGUAGES: Record<string, string> = { c: 'c', cpp: 'cpp', mjs: 'js', conf: '', sh: 'sh', py: 'py', go: 'go' };

/** What the block before has printed, but for its times. */
export const printed: Step = ({ language, text }, clone) => {
  expect(language).toBe('');
  const timeless = (said: string) => said.replaceAll(/[\d.]+ ms/g, 'N ms');
  expect(timeless(clone.printed)).toBe(timeless(text));
};

/** A picture: it cannot be run, but the source files and folders that it names are there. */
export const picture: Step = ({ language, text }) => {
  expect(language).toBe('');
  expect(text).toMatch(/[─▶]/);
  for (const [name] of text.matchAll(/[\w/-]+\.ts|(src|cli)\/[\w/-]*/g)) expect(SOURCES).toContain(name);
};
const SOURCES = ['src', 'cli'].flatMap((folder) => {
  const paths = readdirSync(join(PACKAGE_ROOT, folder), { recursive: true, encoding: 'utf8' });
  return [`${folder}/`, ...paths.flatMap((path) => [basename(path), `${folder}/${path}`, `${folder}/${path}/`])];
});

/** A block that cannot be run here, for this reason. */
export function exempt(beginning: string, reason: string): Step {
  return ({ text }) => expect(text.slice(0, beginning.length), reason).toBe(beginning);
}

function prepare({ text }: Block, { change = [], except = [] }: How): string {
  for (const [from] of change) expect(text).toContain(from);
  let lines = text.split('\n');
  for (const [beginning, reason] of except) {
    const kept = lines.filter((line) => !line.startsWith(beginning));
    expect(lines.length - kept.length, `"${beginning}" is not run: ${reason}`).toBe(1);
    lines = kept;
  }
  return change.reduce((script, [from, to]) => script.replaceAll(from, () => to), lines.join('\n'));
}

function run(clone: Clone, script: string, how: How): void {
  const { before = '', after = '', status = 0, prints = [], says = /(?:)/ } = how;
  const said = clone.sh([before, script, after].join('\n'), how.input);
  expect({ script, ...said }).toMatchObject({ script, status, stderr: expect.stringMatching(says) });
  let rest = said.stdout;
  for (const words of prints) {
    expect(rest).toMatch(words);
    const at = typeof words === 'string' ? rest.indexOf(words) : rest.search(words);
    rest = rest.slice(at + 1);
  }
}
