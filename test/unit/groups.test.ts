import { expect, it } from 'vitest';
import { findGroupProblem } from '../../src/config/group-problem.js';
import { makeConfig } from '../../src/config/make.js';
import { findGroup } from '../../src/groups.js';
import { parse } from './config/helpers.js';

it('a group is found by its name, a number is taken as it is, and an unknown name gives no group', () => {
  expect(findGroup('root')).toBe(0);
  expect(findGroup('4294967294')).toBe(4294967294);
  expect(findGroup('no-such-group')).toBeNull();
});

it('this user may give to its own group, and an unknown group is a problem', () => {
  expect(findGroupProblem(`${process.getgid?.()}`)).toBeNull();
  expect(findGroupProblem('no-such-group')).toMatchObject({ kind: 'unknown' });
});

it.each([
  ['none', null],
  ['www-data', 'www-data'],
  ['33', '33'],
  ['domain\\chat', 'domain\\chat'],
])('gateway_group = %s is taken', (written, meant) => {
  expect(parse(`gateway_group = ${written}`).gatewayGroup).toBe(meant);
});

it.each(['4294967295', 'a b', 'a:b', '-1', '/run'])('gateway_group = %s is a mistake', (written) => {
  expect(() => parse(`gateway_group = ${written}`)).toThrow('expected the name or the number of a group, or none');
  expect(() => makeConfig({ gatewayGroup: written })).toThrow('expected the name or the number of a group, or none');
});
