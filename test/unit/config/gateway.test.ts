import { expect, it } from 'vitest';
import { parseConfig } from '../../../src/config/load.js';
import { makeConfig } from '../../../src/config/make.js';

const read = (gateway: string) => parseConfig(`gateway = ${gateway}`, '/etc/m/mesibo.conf').gateway;

it.each([
  ['OFF', 'off'],
  ['Auto', 'auto'],
  ['g.sock', '/etc/m/g.sock'],
  ['./OFF', '/etc/m/OFF'],
  ['/run/gateway', '/run/gateway'],
])('gateway = %s means %s', (written, meant) => {
  expect(read(written)).toBe(meant);
});

it.each(['none', 'no', 'NO', 'socket'])('gateway = %s is a mistake, and no socket of that name', (written) => {
  expect(() => read(written)).toThrow(`found "${written}" for gateway, expected the path of a socket`);
  expect(() => makeConfig({ gateway: written })).toThrow('expected the path of a socket');
});

it('a program may write off in any case too', () => {
  expect(makeConfig({ gateway: 'Off' }).gateway).toBe('off');
});
