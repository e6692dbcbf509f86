import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { ConfigError, ERROR_CODES, SupervisorError } from '../../src/errors.js';
import { coreCommand, sentence } from '../../src/sentence.js';

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
