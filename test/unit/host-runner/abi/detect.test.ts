import { describe, expect, it } from 'vitest';
import { ABI_NAMES } from '../../../../src/config/types.js';
import { ModuleLoadError } from '../../../../src/errors.js';
import { findCandidates } from '../../../../src/host-runner/abi/detect.js';
import type { ElfFacts } from '../../../../src/host-runner/abi/elf.js';
import type { AbiMark } from '../../../../src/host-runner/abi/elf-notes.js';

const PATH = '/opt/modules/word.so';

function facts(part: Partial<ElfFacts>): ElfFacts {
  return {
    path: PATH,
    machine: 'x86-64',
    imports: [],
    exports: [],
    needed: [],
    weakImports: [],
    notes: { marks: [], damage: null },
    ...part,
  };
}

function refusal(action: () => unknown): ModuleLoadError {
  try {
    action();
  } catch (error) {
    if (error instanceof ModuleLoadError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('findCandidates', () => {
  const find = (...imports: string[]) => findCandidates(facts({ imports: ['strlen', ...imports] }), null);

  it.each([
    ['mesibo_util_http'],
    ['mesibo_util_fcgi'],
    ['mesibo_util_socket_connect'],
    ['mesibo_util_socket_close'],
    ['mesibo_util_usec'],
    ['mesibo_vlog'],
  ])('takes an import of %s for exports-2020 without doubt', (name) => {
    expect(find('mesibo_log', name)).toMatchObject({
      candidates: ['exports-2020'],
      source: 'symbols',
      reason: `it imports ${name}`,
    });
  });

  it('takes an import of mesibo_http for exports-2019 without doubt', () => {
    expect(find('mesibo_log', 'mesibo_http')).toMatchObject({
      candidates: ['exports-2019'],
      reason: 'it imports mesibo_http',
    });
  });

  it.each([
    'mesibo_log',
    'mesibo_message',
    'mesibo_util_getconfig',
    'mesibo_util_json_extract',
    'mesibo_util_create_thread',
    'mesibo_of_the_future',
  ])('leaves the two newer ABIs to one that imports %s only', (name) => {
    expect(find(name)).toMatchObject({
      candidates: ['exports-2020', 'exports-2019'],
      reason: `it imports ${name}, which both have`,
    });
  });

  it('leaves all three ABIs to a file without mesibo_* imports, whatever contains the word', () => {
    const { candidates, reason } = find('my_mesibo_http', 'mesibolog');
    expect(candidates).toEqual(['table', 'exports-2020', 'exports-2019']);
    expect(reason).toBe('it imports no mesibo_* function');
  });

  it.each(ABI_NAMES)('lets the configuration decide for %s', (abi) => {
    expect(findCandidates(facts({}), abi)).toEqual({
      candidates: [abi],
      source: 'configuration',
      reason: 'set by "abi" in the configuration',
      isDefault: false,
      doubts: [],
    });
  });

  it.each([
    [['mesibo_log', 'mesibo_http'], 'exports-2020', 'it imports mesibo_http, which only exports-2019 has'],
    [['mesibo_log', 'mesibo_vlog'], 'exports-2019', 'it imports mesibo_vlog, which only exports-2020 has'],
    [['strlen', 'mesibo_log'], 'table', 'it imports mesibo_log, which table does not have'],
  ] as const)('says that %j contradict "abi = %s"', (imports, abi, why) => {
    const { candidates, doubts } = findCandidates(facts({ imports: [...imports] }), abi);
    expect(candidates).toEqual([abi]);
    expect(doubts).toEqual([`${PATH}: "abi = ${abi}" is set, but ${why}; remove "abi", unless you are sure of it`]);
  });
});

describe('a file with notes', () => {
  const mark = (part: Partial<AbiMark>): AbiMark => ({
    ...{ abi: 'exports-2020', number: 2020, version: 1, isChosen: true },
    ...part,
  });
  const chosen = { 2020: mark({}), 2019: mark({ abi: 'exports-2019', number: 2019 }) };
  const byDefault = mark({ abi: 'table', number: 1, isChosen: false });
  const marked = (marks: AbiMark[], imports: string[] = []) => facts({ imports, notes: { marks, damage: null } });

  it('has the ABI that its note says', () => {
    expect(findCandidates(marked([chosen[2019]], ['mesibo_log']), null)).toEqual({
      candidates: ['exports-2019'],
      source: 'note',
      reason: 'the note in the file says so',
      isDefault: false,
      doubts: [],
    });
  });

  it('says that nobody chose it', () => {
    const { candidates, reason, isDefault } = findCandidates(marked([byDefault]), null);
    expect([candidates, isDefault]).toEqual([['table'], true]);
    expect(reason).toBe('the note in the file says so; its sources choose none, and this is the default');
    const both = findCandidates(marked([byDefault, mark({ abi: 'table', number: 1 })]), null);
    expect(both.reason).toBe('the note in the file says so');
  });

  it('follows the note when its imports contradict it, with a warning', () => {
    const { candidates, doubts } = findCandidates(marked([chosen[2019]], ['mesibo_vlog']), null);
    expect(candidates).toEqual(['exports-2019']);
    expect(doubts).toEqual([
      `${PATH}: the note in the file says exports-2019, but it imports mesibo_vlog, which only exports-2020 has; ` +
        'build all of it with one MESIBO_MODULE_ABI',
    ]);
  });

  it('is refused when its sources were built for different ABIs, unless "abi" is set, which contradicts one of them', () => {
    const mixed = marked([byDefault, chosen[2020]]);
    expect(refusal(() => findCandidates(mixed, null))).toMatchObject({
      code: 'MODULE_ABI_MIXED',
      message:
        `${PATH}: its sources were built for different ABIs: table (the default of the header) and exports-2020; define the ` +
        'same MESIBO_MODULE_ABI for all of them, as with cc -DMESIBO_MODULE_ABI=MESIBO_ABI_EXPORTS_2020, and build them all again',
    });
    const { candidates, doubts } = findCandidates(mixed, 'exports-2020');
    expect(candidates).toEqual(['exports-2020']);
    expect(doubts).toEqual([
      expect.stringContaining('"abi = exports-2020" is set, but the note in the file says table;'),
    ]);
  });

  it('is refused when it is of a later ABI', () => {
    const later = marked([mark({ abi: null, number: 2031, version: 7 })]);
    expect(refusal(() => findCandidates(later, null))).toMatchObject({
      code: 'MODULE_ABI_UNKNOWN',
      message: expect.stringContaining(
        'for the ABI 2031, which this version does not know (its header has the version 7);',
      ),
    });
    expect(findCandidates(later, 'table').candidates).toEqual(['table']);
  });

  it('is recognised by its symbols when the note is damaged, with a warning', () => {
    const damaged = facts({ imports: ['mesibo_http'], notes: { marks: [], damage: 'its note is too short' } });
    const { candidates, source, doubts } = findCandidates(damaged, null);
    expect([candidates, source]).toEqual([['exports-2019'], 'symbols']);
    expect(doubts).toEqual([
      `${PATH}: the note that says its ABI is damaged: its note is too short; build the module again, or set "abi" to the ` +
        'one that it was built for',
    ]);
  });
});
