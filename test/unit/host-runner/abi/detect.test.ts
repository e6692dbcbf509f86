import { describe, expect, it } from 'vitest';
import { ABI_NAMES } from '../../../../src/config/types.js';
import { ModuleLoadError } from '../../../../src/errors.js';
import { findCandidates, findInit } from '../../../../src/host-runner/abi/detect.js';
import type { ElfFacts } from '../../../../src/host-runner/abi/elf.js';

const PATH = '/opt/modules/word.so';

function facts(part: Partial<ElfFacts>): ElfFacts {
  return { path: PATH, machine: 'x86-64', imports: [], exports: [], needed: [], ...part };
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
    expect(find('mesibo_log', name)).toEqual({ candidates: ['exports-2020'], reason: `it imports ${name}` });
  });

  it('takes an import of mesibo_http for exports-2019 without doubt', () => {
    expect(find('mesibo_log', 'mesibo_http')).toEqual({
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
    expect(find(name)).toEqual({
      candidates: ['exports-2020', 'exports-2019'],
      reason: `it imports ${name}, as both have it`,
    });
  });

  it('leaves all three to one without mesibo_* imports, whatever contains the word', () => {
    const { candidates, reason } = find('my_mesibo_http', 'mesibolog');
    expect(candidates).toEqual(['table', 'exports-2020', 'exports-2019']);
    expect(reason).toBe('it imports no mesibo_* function');
  });

  it.each(ABI_NAMES)('lets the configuration decide for %s', (abi) => {
    const found = findCandidates(facts({ imports: ['mesibo_http', 'mesibo_vlog'] }), abi);
    expect(found).toEqual({ candidates: [abi], reason: 'set by "abi" in the configuration' });
  });
});

describe('findInit', () => {
  it('takes the exact name, silently, among others', () => {
    const exports = ['mesibo_module_a_init', 'mesibo_module_word_init', '_Z23mesibo_module_word_initv'];
    expect(findInit(facts({ exports }), 'word')).toEqual({ symbol: 'mesibo_module_word_init', warning: null });
  });

  it('takes the only init of another name, and says what to call the module', () => {
    const found = findInit(facts({ exports: ['helper', 'mesibo_module_other_name_init'] }), 'word');
    expect(found.symbol).toBe('mesibo_module_other_name_init');
    expect(found.warning).toContain('instead of mesibo_module_word_init');
    expect(found.warning).toContain('call the module "other_name"');
  });

  it('takes a mangled init, and says extern "C"', () => {
    const mangled = '_Z23mesibo_module_word_initlP15mesibo_module_sl';
    const found = findInit(facts({ exports: ['_init', mangled] }), 'word');
    expect(found.symbol).toBe(mangled);
    expect(found.warning).toContain(mangled);
    expect(found.warning).toContain('extern "C"');
  });

  it('does not take a mangled name that only begins alike', () => {
    const exports = ['_Z24mesibo_module_word_initsv'];
    const error = refusal(() => findInit(facts({ exports }), 'word'));
    expect(error.code).toBe('MODULE_NO_INIT');
    expect(error.message).toContain('_Z24mesibo_module_word_initsv');
  });

  it('names what it looked for and what there is when several inits have other names', () => {
    const exports = ['mesibo_module_a_init', 'mesibo_module_b_init'];
    const error = refusal(() => findInit(facts({ exports }), 'word'));
    expect(error.code).toBe('MODULE_NO_INIT');
    expect(error.message).toBe(
      `${PATH}: it exports no mesibo_module_word_init, but mesibo_module_a_init, mesibo_module_b_init; ` +
        'call the module by one of these names in the configuration',
    );
  });

  it('lists similar names, and no others', () => {
    const exports = ['_init', '_fini', 'helper', 'word_init', 'mesibo_module_word_initialize'];
    const error = refusal(() => findInit(facts({ exports }), 'word'));
    expect(error.message).toContain(', but word_init, mesibo_module_word_initialize; define that function');
  });

  it('lists five names at most', () => {
    const exports = Array.from({ length: 8 }, (_, i) => `mesibo_module_${i}_init`);
    const error = refusal(() => findInit(facts({ exports }), 'word'));
    expect(error.message).toContain('mesibo_module_4_init and 3 more;');
    expect(error.message).not.toContain('mesibo_module_5_init');
  });

  it('says what to define when nothing is similar', () => {
    const error = refusal(() => findInit(facts({ exports: ['_init', 'helper'] }), 'word'));
    expect(error.message).toBe(
      `${PATH}: it exports no mesibo_module_word_init; define that function with MESIBO_EXPORT and build the module again`,
    );
  });
});
