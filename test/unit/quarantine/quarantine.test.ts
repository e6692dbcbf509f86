import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { SupervisorError } from '../../../src/errors.js';
import { readQuarantine } from '../../../src/quarantine/offline.js';
import { Quarantine } from '../../../src/quarantine/quarantine.js';
import { BUILD, killBy, message, ONCE, OTHER_BUILD } from '../../helpers/quarantine.js';
import { makeTempDir } from '../../helpers/temp-dir.js';

const warnings: string[] = [];

/** The quarantine of a core that has one module, which runs {@link BUILD}. */
function open(stateDir: string | null, build = BUILD) {
  warnings.length = 0;
  const quarantine = new Quarantine({ stateDir, buildOf: () => build, warn: (text) => warnings.push(text) });
  return { quarantine, table: quarantine.of('filter', ONCE) };
}

/** A state directory with one message in quarantine. */
function killed(): { stateDir: string; id: string; file: string } {
  const stateDir = makeTempDir();
  const { table } = open(stateDir);
  const added = table.add(killBy(message('boom', { id: 4711 })));
  table.save();
  return { stateDir, id: added?.id ?? '', file: join(stateDir, 'quarantine', 'filter.json') };
}

const failureOf = (work: () => unknown): string => {
  try {
    return `${work()}`;
  } catch (error) {
    return `${(error as SupervisorError).code}: ${(error as Error).message}`;
  }
};

describe('a core', () => {
  it('knows what an earlier one knew, and only its owner may read it', () => {
    const { stateDir, file } = killed();
    const { table } = open(stateDir);
    expect(table.withholds(message('boom'), BUILD)).toBe(true);
    expect(warnings).toEqual([]);
    expect([statSync(file).mode & 0o777, statSync(join(stateDir, 'quarantine')).mode & 0o777]).toEqual([0o600, 0o700]);
    expect(readFileSync(file, 'utf8')).not.toContain('boom');
  });

  it('makes no folder before a message kills a module', () => {
    const stateDir = makeTempDir();
    const { quarantine, table } = open(stateDir);
    expect(table.withholds(message('boom'), BUILD)).toBe(false);
    quarantine.close();
    expect(readdirSync(stateDir)).toEqual([]);
  });

  it('counts over its end how often a message was withheld', () => {
    const { stateDir } = killed();
    const { quarantine, table } = open(stateDir);
    for (let times = 0; times < 3; times++) table.withholds(message('boom'), BUILD);
    quarantine.close();
    expect(open(stateDir).quarantine.answer({ kind: 'list', module: null })).toMatchObject([{ withheld: 3 }]);
  });

  it('without a state directory remembers as long as it lives', () => {
    const { quarantine, table } = open(null);
    table.add(killBy(message('boom')));
    table.save();
    expect(table.withholds(message('boom'), BUILD)).toBe(true);
    expect(quarantine.problems).toEqual([]);
  });

  it.each([
    ['half of it', (text: string) => text.slice(0, text.length / 2)],
    ['nothing', () => ''],
    ['another version', (text: string) => text.replace('"version": 1', '"version": 2')],
    ['a hash that is none', (text: string) => text.replace(/"hash": "[0-9a-f]{8}/, '"hash": "../../x!')],
    ['a type that is no number', (text: string) => text.replace('"type": "0"', '"type": "one"')],
    ['a time before 1970', (text: string) => text.replace(/"lastAt": /, '"lastAt": -')],
    ['bytes that are no text', () => Buffer.from([0xff, 0xfe, 0x00])],
  ])('whose file has %s begins empty, keeps that file, and says so', (_, damage) => {
    const { stateDir, file } = killed();
    const before = damage(readFileSync(file, 'utf8'));
    writeFileSync(file, before);
    const { table, quarantine } = open(stateDir);
    expect(table.isEmpty).toBe(true);
    expect(warnings).toEqual([
      `module filter: its quarantine cannot be read (it is damaged, or of another version), so it begins empty: the module gets messages again that killed it; it is kept as ${file}.damaged`,
    ]);
    expect(readFileSync(`${file}.damaged`)).toEqual(Buffer.from(before));
    table.add(killBy(message('boom')));
    table.save();
    expect(quarantine.problems).toEqual([]);
    expect(open(stateDir).table.withholds(message('boom'), BUILD)).toBe(true);
  });

  it('goes on in memory where the file cannot be written, and says so until it can', () => {
    const stateDir = makeTempDir();
    writeFileSync(join(stateDir, 'quarantine'), 'a file in the place of the folder');
    const { quarantine, table } = open(stateDir);
    table.add(killBy(message('boom')));
    table.save();
    expect(table.withholds(message('boom'), BUILD)).toBe(true);
    expect(quarantine.problems).toEqual([
      expect.stringMatching(
        /^the next start of the core will give modules messages that killed them: .*filter\.json cannot be written \(ENOTDIR/,
      ),
    ]);
  });

  it('takes a file with numbers that no clock has, and shows them', () => {
    const { stateDir, file } = killed();
    writeFileSync(file, readFileSync(file, 'utf8').replace(/"lastAt": \d+/, `"lastAt": ${Number.MAX_SAFE_INTEGER}`));
    const { quarantine, table } = open(stateDir);
    expect(quarantine.answer({ kind: 'list', module: null })).toMatchObject([
      { lastAt: '+275760-09-13T00:00:00.000Z' },
    ]);
    expect(table.withholds(message('boom'), BUILD)).toBe(true);
  });
});

describe('what is asked', () => {
  it('is found by its id, by the beginning of it, and by digits without the module', () => {
    const { stateDir, id } = killed();
    const { quarantine } = open(stateDir);
    for (const given of [id, id.slice(0, -3), id.slice('filter-'.length), id.slice('filter-'.length, -8)]) {
      expect(quarantine.answer({ kind: 'show', id: given })).toMatchObject([{ id, messageId: '4711' }]);
    }
  });

  it('is refused with what helps', () => {
    const { stateDir, id } = killed();
    const { quarantine, table } = open(stateDir);
    table.add(killBy(message('more')));
    const show = (given: string) => failureOf(() => quarantine.answer({ kind: 'show', id: given }));
    expect(show(`${id.slice(0, -1)}x`)).toBe(
      `QUARANTINE_UNKNOWN: no message in quarantine has the id "${id.slice(0, -1)}x"; did you mean ${id}?`,
    );
    expect(show('../../x')).toBe(
      'QUARANTINE_UNKNOWN: no message in quarantine has the id "../../x"; to see which there are: mesibo-modules quarantine list',
    );
    expect(show('')).toContain('QUARANTINE_UNKNOWN');
    expect(show('filter-')).toMatch(
      /^INVALID_ARGUMENT: several messages begin with "filter-"; give more of the id: filter-/,
    );
    const list = () => quarantine.answer({ kind: 'list', module: 'filtre' });
    expect(failureOf(list)).toBe('MODULE_UNKNOWN: no module is named "filtre"; did you mean filter?');
  });

  it('is released one by one, by module, and all at once', () => {
    const { stateDir, id } = killed();
    const { quarantine, table } = open(stateDir);
    const other = quarantine.of('other', ONCE);
    for (const text of ['b', 'c']) table.add(killBy(message(text)));
    other.add(killBy(message('boom'), { module: 'other' }));
    expect(quarantine.answer({ kind: 'release', id })).toMatchObject([{ id }]);
    expect(table.withholds(message('boom'), BUILD)).toBe(false);
    expect(quarantine.answer({ kind: 'release-all', module: 'filter' })).toHaveLength(2);
    expect([table.isEmpty, other.isEmpty]).toEqual([true, false]);
    expect(quarantine.answer({ kind: 'release-all', module: null })).toMatchObject([{ module: 'other' }]);
    expect(quarantine.answer({ kind: 'list', module: null })).toEqual([]);
    expect(open(stateDir).table.isEmpty).toBe(true);
  });

  it('shows what another build has left as lifted', () => {
    const { stateDir } = killed();
    const { quarantine } = open(stateDir, OTHER_BUILD);
    expect(quarantine.answer({ kind: 'list', module: 'filter' })).toMatchObject([{ state: 'lifted', build: BUILD }]);
  });
});

describe('without a core', () => {
  it('the files are read, and what is released is written', () => {
    const { stateDir, id } = killed();
    const { quarantine, problems } = readQuarantine(stateDir);
    expect(problems).toEqual([]);
    expect(quarantine.answer({ kind: 'list', module: null })).toMatchObject([
      { id, state: 'withheld', signal: 'SIGSEGV' },
    ]);
    quarantine.answer({ kind: 'release', id });
    expect(open(stateDir).table.withholds(message('boom'), BUILD)).toBe(false);
  });

  it('a damaged file is told of and stays as it is; other files in the folder are none of ours', () => {
    const { stateDir, file } = killed();
    writeFileSync(join(stateDir, 'quarantine', 'other.json'), '{');
    writeFileSync(join(stateDir, 'quarantine', 'filter.json.damaged'), '{');
    writeFileSync(join(stateDir, 'quarantine', '..json'), '{');
    const { quarantine, problems } = readQuarantine(stateDir);
    expect(problems).toEqual([
      'the quarantine of module other cannot be read (it is damaged, or of another version); the core puts a damaged file aside when it starts',
    ]);
    expect(quarantine.answer({ kind: 'list', module: null })).toHaveLength(1);
    expect([existsSync(file), existsSync(join(stateDir, 'quarantine', 'other.json'))]).toEqual([true, true]);
  });

  it('an absent directory has nothing in quarantine, and is not made', () => {
    const stateDir = join(makeTempDir(), 'none');
    expect(readQuarantine(stateDir).quarantine.answer({ kind: 'list', module: null })).toEqual([]);
    expect(existsSync(stateDir)).toBe(false);
  });

  it.skipIf(process.getuid?.() === 0)('a directory that may not be read is told of', () => {
    const stateDir = makeTempDir();
    mkdirSync(join(stateDir, 'quarantine'));
    chmodSync(join(stateDir, 'quarantine'), 0);
    expect(readQuarantine(stateDir).problems).toEqual([`the quarantine in ${stateDir} cannot be read (EACCES)`]);
  });
});
