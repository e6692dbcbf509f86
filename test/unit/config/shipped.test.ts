import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../../src/config/load.js';
import { makeConfig } from '../../../src/config/make.js';
import { CORE_KEYS, MODULE_KEYS } from '../../../src/config/schema.js';
import { PACKAGE_ROOT } from '../../../src/paths.js';

const file = join(PACKAGE_ROOT, 'etc/mesibo.conf');
const shipped = readFileSync(file, 'utf8');
// The file after an operator has removed the # from every setting.
const spelledOut = shipped.replace(/^([ \t]*)#(?=\w+ = )/gm, '$1');

describe('etc/mesibo.conf', () => {
  it.each([
    ['as shipped', shipped],
    ['with every default spelled out', spelledOut],
  ])('%s is the defaults and one module', (_, text) => {
    const read = parseConfig(text, file, () => false);
    const path = join(PACKAGE_ROOT, 'modules/build/module_filter.so');
    const { modules, ...core } = makeConfig({ modules: [{ name: 'filter', path }] });
    expect(read).toEqual({
      ...core,
      file,
      modules: modules.map((module) => ({
        ...module,
        config: [['blocked_words', 'darn,heck,drat']],
        origins: read.modules[0]?.origins,
        configOrigins: read.modules[0]?.configOrigins,
        position: read.modules[0]?.position,
      })),
    });
  });

  it('shows every setting exactly once', () => {
    const shown = [...spelledOut.matchAll(/^[ \t]*(\w+) = /gm)].map(([, key]) => key);
    expect(shown).toEqual(
      expect.arrayContaining([...Object.keys(CORE_KEYS), ...Object.keys(MODULE_KEYS), 'blocked_words']),
    );
    expect(shown).toHaveLength(new Set(shown).size);
  });
});
