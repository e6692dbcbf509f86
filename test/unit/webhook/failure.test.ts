import { expect, it } from 'vitest';
import { explain } from '../../../src/webhook/failure.js';

const coded = (code: string, message = 'x') => Object.assign(new Error(message), { code });

it.each([
  [coded('ECONNREFUSED'), 'nothing listens there'],
  [new AggregateError([coded('ECONNREFUSED'), coded('ENETUNREACH')]), 'nothing listens there'],
  [coded('ENOTFOUND'), 'its name is not known'],
  [coded('UND_ERR_SOCKET', 'other side closed'), 'it ended the connection before it answered'],
  [coded('UND_ERR_HEADERS_OVERFLOW'), 'the header of its answer is too large'],
  [coded('HPE_INVALID_CONSTANT'), 'its answer is not HTTP'],
  [Object.assign(new Error('x'), { name: 'HTTPParserError' }), 'its answer is not HTTP'],
  [coded('CERT_HAS_EXPIRED', 'certificate has expired'), 'the connection failed: certificate has expired'],
  ['odd', 'the connection failed: odd'],
])('%o', (error, words) => {
  expect(explain(error)).toBe(words);
});

it('is one short line, whatever names the other side has chosen', () => {
  const said = explain(coded('ERR_TLS_CERT_ALTNAME_INVALID', `a\nb\u001b[2J${'c'.repeat(10_000)}`));
  expect(said).toMatch(/^the connection failed: a\?b\?\[2Jc+$/);
  expect(said.length).toBeLessThan(300);
});
