import { describe, expect, it } from 'vitest';
import { ModuleLoadError } from '../../../../src/errors.js';
import type { ElfFacts } from '../../../../src/host-runner/abi/elf.js';
import { findInit, nameOf } from '../../../../src/host-runner/abi/init-symbol.js';

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

describe('findInit', () => {
  it('takes the exact name, silently, among others', () => {
    const exports = ['mesibo_module_a_init', 'mesibo_module_word_init', '_Z23mesibo_module_word_initv'];
    expect(findInit(facts({ exports }), 'word')).toEqual({ symbol: 'mesibo_module_word_init', warning: null });
  });

  it('may have the name of the module that it shadows, without a warning', () => {
    const other = 'mesibo_module_primary_init';
    expect(findInit(facts({ exports: [other] }), 'word', 'primary')).toEqual({ symbol: other, warning: null });
    const both = facts({ exports: [other, 'mesibo_module_word_init'] });
    expect(findInit(both, 'word', 'primary')).toEqual({ symbol: 'mesibo_module_word_init', warning: null });
    expect(findInit(facts({ exports: ['mesibo_module_third_init'] }), 'word', 'primary').warning).toContain(
      'word_init',
    );
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

  it('does not take a mangled name that only begins in the same way', () => {
    const exports = ['_Z24mesibo_module_word_initsv'];
    const error = refusal(() => findInit(facts({ exports }), 'word'));
    expect(error.code).toBe('MODULE_NO_INIT');
    expect(error.message).toContain('_Z24mesibo_module_word_initsv');
  });

  it('names the wanted and the existing inits when several have other names', () => {
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

  it.each([
    ['_Z23mesibo_module_word_initP15mesibo_module_sm', 'the ABI table'],
    ['_ZN4mine23mesibo_module_word_initElP15mesibo_module_sl', 'a namespace'],
    ['_ZN12_GLOBAL__N_123mesibo_module_word_initEv', 'a namespace without a name'],
  ])('takes %s, of %s', (mangled) => {
    expect(findInit(facts({ exports: [mangled] }), 'word').symbol).toBe(mangled);
    expect(nameOf(facts({ exports: [mangled] }))).toBe('word');
  });

  it('takes the only init of another name even when it is mangled, and warns of both', () => {
    const mangled = '_Z24mesibo_module_other_initP15mesibo_module_sm';
    expect(findInit(facts({ exports: [mangled] }), 'word')).toEqual({
      symbol: mangled,
      warning:
        `${PATH}: it exports mesibo_module_other_init under its C++ name ${mangled} instead of mesibo_module_word_init, which is ` +
        'used; call the module "other" in the configuration, or rename the function; declare it with MESIBO_EXPORT, or extern "C"',
    });
  });

  it('prefers a mangled init of the right name to a plain one of another', () => {
    const mangled = '_Z23mesibo_module_word_initv';
    expect(findInit(facts({ exports: ['mesibo_module_other_init', mangled] }), 'word').symbol).toBe(mangled);
  });

  it.each(['_Z', '_ZN', '_Z99999mesibo_module_word_init', '_Z23', '_ZN4mine', '_ZN99999999999999999999x'])(
    'does not take %s as an init',
    (symbol) => {
      expect(refusal(() => findInit(facts({ exports: [symbol] }), 'word')).code).toBe('MODULE_NO_INIT');
    },
  );
});

describe('nameOf', () => {
  it('reads as many characters as a mangled name says, whatever comes behind them', () => {
    const exports = ['_Z31mesibo_module_mangled_init_initP15mesibo_module_sm'];
    expect(nameOf(facts({ exports }))).toBe('mangled_init');
  });

  it('asks for a name when there are several', () => {
    const exports = ['mesibo_module_a_init', '_Z20mesibo_module_b_initv'];
    expect(refusal(() => nameOf(facts({ exports }))).message).toBe(
      `${PATH}: it exports the init of several modules (a, b); name one of them, with --name or in a configuration`,
    );
  });

  it('says what to define when there is none', () => {
    expect(refusal(() => nameOf(facts({ exports: ['helper'] }))).message).toBe(
      `${PATH}: it exports no mesibo_module_<name>_init; define that function with MESIBO_EXPORT and build the module again`,
    );
  });
});
