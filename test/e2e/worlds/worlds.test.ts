import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeTempDir } from '../core.js';
import { FIXTURES, type Fixture, missingFor } from './fixtures.js';
import { nodes } from './nodes.js';
import { runControl, runHost, runReference, runSpare } from './places.js';
import type { Transcript } from './transcript.js';

const FULL = process.env.MESIBO_TEST_FULL === '1';
/** Each runs several processes, of which one may hang until its own bound. */
const limits = { timeout: 600_000 };

let directory: string;
let runs = 0;
const controls = new Map<string, Promise<Transcript>>();

beforeAll(() => {
  directory = makeTempDir();
});
afterAll(() => rmSync(directory, { recursive: true }));

/** A folder of its own for each process. */
function folder(): string {
  const path = join(directory, `${++runs}`);
  mkdirSync(path);
  return path;
}

/** What the fixture does in a plain program in C; all other places are compared with that. */
function inPlainProgram(fixture: Fixture): Promise<Transcript> {
  const known = controls.get(fixture.name) ?? runControl('c', fixture, folder());
  controls.set(fixture.name, known);
  return known;
}

/** Runs the test for each fixture; those that could not be built say what they need. */
function forEach(test: (fixture: Fixture) => Promise<void>): void {
  for (const fixture of FIXTURES) {
    const missing = missingFor(fixture);
    if (missing === null) it.concurrent(`${fixture.name} (${fixture.language})`, limits, () => test(fixture));
    else it.skip(`${fixture.name} (${fixture.language}): not installed: ${missing}`);
  }
}

describe('in a plain program in C', () => {
  forEach(async (fixture) => {
    const { deeds } = await inPlainProgram(fixture);
    const answered = deeds.filter((line) => line.startsWith('answer ')).map((line) => line.split(' ')[2]);
    expect(answered, deeds.join('\n')).toEqual(fixture.texts);
    expect(deeds.at(-1)).toMatch(/^answer /);
  });
});

describe('a plain program in C++ has the same of', () => {
  const missing = missingFor({ name: 'control-cpp' });
  if (missing !== null) return it.skip(`all: not installed: ${missing}`);
  forEach(async (fixture) => {
    expect(await runControl('cpp', fixture, folder())).toEqual(await inPlainProgram(fixture));
  });
});

describe('the reference loader has the same of', () => {
  forEach(async (fixture) => {
    expect(await runReference(fixture, folder())).toEqual(await inPlainProgram(fixture));
  });
});

describe('a host that was a spare has the same of', () => {
  forEach(async (fixture) => {
    expect(await runSpare(fixture, folder())).toEqual(await inPlainProgram(fixture));
  });
});

for (const { name, fetch } of nodes(FULL)) {
  describe(`a host under ${name} has the same of`, () => {
    let node: string;
    beforeAll(async () => {
      node = await fetch(directory);
    }, limits.timeout);
    forEach(async (fixture) => {
      expect(await runHost(node, fixture, folder())).toEqual(await inPlainProgram(fixture));
    });
  });
}
