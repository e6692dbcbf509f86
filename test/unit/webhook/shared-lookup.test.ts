import { expect, it } from 'vitest';
import { sharedLookup } from '../../../src/webhook/shared-lookup.js';

it('one look-up of a name is in progress at a time, and all callers get its result', () => {
  const begun: { name: string; told: (error: null, address: string) => void }[] = [];
  const lookup = sharedLookup((name, _, told) => begun.push({ name, told }));
  const heard: unknown[] = [];
  const ask = (name: string) => lookup(name, { all: true }, (error, address) => heard.push([name, error, address]));
  for (const name of ['a', 'a', 'b', 'a']) ask(name);
  expect(begun.map(({ name }) => name)).toEqual(['a', 'b']);
  begun[0]?.told(null, '::1');
  expect(heard).toEqual([1, 2, 3].map(() => ['a', null, '::1']));
  ask('a');
  expect(begun.map(({ name }) => name)).toEqual(['a', 'b', 'a']);
});

it('all callers get a failure, and the next look-up begins anew', () => {
  let begun = 0;
  const lookup = sharedLookup((_, __, told) => {
    begun += 1;
    told(Object.assign(new Error('none'), { code: 'ENOTFOUND' }), '');
  });
  const heard: unknown[] = [];
  for (let i = 0; i < 2; i++) lookup('a', {}, (error) => heard.push(error?.code));
  expect([heard, begun]).toEqual([['ENOTFOUND', 'ENOTFOUND'], 2]);
});
