import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../../src/config/load.js';
import { makeConfig } from '../../../src/config/make.js';
import { findShadowProblem, MAX_SHADOWS } from '../../../src/config/shadows.js';

const module = (name: string, shadowOf: string | null = null, directory: string | null = null) => ({
  name,
  shadowOf,
  directory,
});

describe('a shadow', () => {
  it('may stand before or behind its primary, and there may be eight of them', () => {
    const shadows = Array.from({ length: MAX_SHADOWS }, (_, i) => module(`s${i}`, 'a'));
    expect(findShadowProblem([...shadows, module('a'), module('b')])).toBeNull();
    expect(findShadowProblem([])).toBeNull();
  });

  it.each([
    ['is not its own', [module('a', 'a')], 'a', 'expected the name of another module'],
    ['has a primary', [module('filter'), module('b', 'fliter')], 'b', 'did you mean filter?'],
    ['has one of these', [module('one'), module('two'), module('b', 'x')], 'b', 'expected one of one, two'],
    ['needs another module', [module('b', 'x')], 'b', 'there is no other module that could be shadowed'],
    ['shadows no shadow', [module('a'), module('b', 'a'), module('c', 'b')], 'c', 'which is a shadow itself, expected'],
    [
      'shadows none that shadows it',
      [module('a', 'b'), module('b', 'a'), module('real')],
      'a',
      'found shadow_of = b, which is a shadow itself, expected a module of the chain, such as real',
    ],
    ['is one of eight', [module('a'), ...Array.from({ length: 9 }, (_, i) => module(`s${i}`, 'a'))], 's8', 'at most 8'],
    [
      'has its own directory',
      [module('a', null, '/d'), module('b', 'a', '/d')],
      'b',
      'the directory of a, expected another',
    ],
    ['shares none', [module('a'), module('b', 'a', '/d'), module('c', 'a', '/d')], 'b', 'the directory of c, expected'],
  ])('%s', (_, modules, name, words) => {
    const problem = findShadowProblem(modules);
    expect(problem?.module).toBe(name);
    expect(problem?.message).toContain(words);
  });

  it('that shadows its own shadow is not told to shadow itself', () => {
    const problem = findShadowProblem([module('a', 'b'), module('b', 'a')]);
    expect(problem?.message).toBe('found shadow_of = b, which is a shadow itself, expected a module of the chain');
  });

  it('warns of settings that have no effect, at their place', () => {
    const warningsOf = (text: string) => parseConfig(text, '/x/mesibo.conf', () => false).warnings;
    const found = warningsOf(
      'module a { shadow_http = yes }\nmodule b { shadow_of = a\n overload = wait\n on_failure = consume\n chain_sends = yes\n}',
    );
    expect(found.map(({ position: { line }, message }) => [line, message])).toEqual([
      [1, expect.stringMatching(/^module a: shadow_http = yes has no effect, because the module is no shadow/)],
      [3, expect.stringMatching(/^module b: overload = wait has no effect in a shadow/)],
      [4, expect.stringMatching(/^module b: on_failure = consume has no effect in a shadow/)],
      [5, expect.stringMatching(/^module b: chain_sends = yes has no effect in a shadow/)],
    ]);
    const settings = 'overload = wait ; on_failure = consume ; chain_sends = yes';
    expect(warningsOf(`module a { ${settings} }\nmodule b { shadow_of = a ; shadow_http = yes }`)).toEqual([]);
    expect(warningsOf('module a { shadow_http = no }\nmodule b { shadow_of = a ; on_failure = pass }')).toEqual([]);
  });

  it('is read from a file, and a mistake is found at its place', () => {
    const read = (text: string) => parseConfig(text, '/x/mesibo.conf', () => false);
    const { modules } = read(
      'module a {}\nmodule b { shadow_of = a ; shadow_http = yes }\nmodule c { shadow_of = none }',
    );
    expect(modules.map(({ shadowOf, shadowHttp }) => [shadowOf, shadowHttp])).toEqual([
      [null, false],
      ['a', true],
      [null, false],
    ]);
    expect(() => read('module abc {}\nmodule b {\n shadow_of = abd }')).toThrow(
      expect.objectContaining({
        code: 'CONFIG_VALUE',
        message: expect.stringMatching(/:3:2: module b: found shadow_of/),
      }),
    );
    expect(() => read('module a {}\nmodule b { shadow_of = "a b" }')).toThrow('expected the name of a module, or none');
    expect(() => read('module a {}\nmodule b { shadow_of = a ; shadow_http = maybe }')).toThrow('expected yes or no');
  });

  it('of a program is checked in the same way', () => {
    expect(() => makeConfig({ modules: [{ name: 'a' }, { name: 'b', shadowOf: 'c' }] })).toThrow(
      'module b: found shadow_of',
    );
    const made = makeConfig({ modules: [{ name: 'a' }, { name: 'b', shadowOf: 'a', onFailure: 'consume' }] });
    expect(made.modules[1]?.shadowOf).toBe('a');
    expect(made.warnings).toEqual([
      expect.objectContaining({ message: expect.stringMatching(/^module b: on_failure = consume has no effect/) }),
    ]);
  });
});
