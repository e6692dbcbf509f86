import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { ConfigError, ERROR_CODES, ModuleLoadError, ReloadError, SupervisorError } from '../../src/errors.js';
import { coreCommand, sentence, shellCommand } from '../../src/sentence.js';

it('docs/errors.md lists every code, in order, with its meaning', () => {
  const page = readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8');
  const rows = [...page.matchAll(/^\| `(\w+)` \| (.+?) \| (.+?) \|$/gm)].map(([, code, meaning]) => [code, meaning]);
  expect(rows).toEqual(Object.entries(ERROR_CODES));
});

it('an error has its remedy in the message, and as data', () => {
  const remedy = sentence`see: ${coreCommand('logs', 'm')}`;
  const error = new SupervisorError('HOST_CRASHED', 'module m died', { module: 'm', remedy });
  expect(error).toMatchObject({ message: 'module m died; see: mesibo-modules logs m', what: 'module m died', remedy });
  expect(error.sentence.parts).toEqual(['module m died', '; ', 'see: ', coreCommand('logs', 'm')]);
  const wrong = new ConfigError('CONFIG_VALUE', 'no', { file: 'f', line: 1 }, { remedy: 'say yes' });
  expect([wrong.message, wrong.what, `${wrong.remedy}`]).toEqual(['f:1:1: no; say yes', 'f:1:1: no', 'say yes']);
  const plain = new SupervisorError('HOST_CRASHED', 'module m died');
  expect([plain.message, plain.what, plain.remedy, `${plain.sentence}`]).toEqual([
    'module m died',
    'module m died',
    null,
    'module m died',
  ]);
});

it('an error that names a module keeps its remedy and its details', () => {
  const remedy = sentence`see: ${coreCommand('logs')}`;
  const error = new SupervisorError('HOST_START_FAILED', 'no room', { generation: 3, exitCode: 1, remedy });
  const told = error.ofModule('m');
  expect(told).toBeInstanceOf(ModuleLoadError);
  const { message, what, code, module, generation, exitCode, cause } = told;
  expect({ message, what, code, module, generation, exitCode, cause, remedy: told.remedy }).toEqual({
    message: 'module m: no room; see: mesibo-modules logs',
    what: 'module m: no room',
    code: 'HOST_START_FAILED',
    module: 'm',
    generation: 3,
    exitCode: 1,
    cause: error,
    remedy,
  });
  expect(told.sentence.parts).toContainEqual(coreCommand('logs'));
});

it('an error of several errors keeps the commands of all', () => {
  const failures = ['a', 'b'].map((name) =>
    new SupervisorError('MODULE_FILE_MISSING', 'gone', {
      remedy: sentence`run: ${shellCommand('make', name)}`,
    }).ofModule(name),
  );
  const error = new ReloadError(failures);
  expect(error.message).toBe(
    'module a: gone; run: make a\nmodule b: gone; run: make b\nnothing was changed; everything runs as before',
  );
  expect(error.what).toBe(error.message);
  expect(error.sentence.parts.filter((part) => typeof part !== 'string')).toEqual([
    shellCommand('make', 'a'),
    shellCommand('make', 'b'),
  ]);
});
