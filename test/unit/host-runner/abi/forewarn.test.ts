import { expect, it } from 'vitest';
import { forewarn } from '../../../../src/host-runner/abi/forewarn.js';

const facts = (...imports: string[]) => ({
  ...{
    path: '/m.so',
    machine: 'x86-64',
    imports,
    exports: [],
    needed: [],
    weakImports: [],
    notes: { marks: [], damage: null },
  },
});

it('says which functions for sockets and FastCGI will fail, a line for each kind', () => {
  const imports = ['mesibo_util_socket_write', 'mesibo_util_fcgi', 'strlen', 'mesibo_util_socket_connect'];
  expect(forewarn(facts(...imports))).toEqual([
    '/m.so: it wants sockets, which this version does not offer to modules: mesibo_util_socket_connect, ' +
      'mesibo_util_socket_write will fail; let the module open its own with socket() and a thread, or ask over http',
    '/m.so: it wants FastCGI, which this version does not offer to modules: mesibo_util_fcgi will fail; let the module ask ' +
      'over http, or speak FastCGI itself',
  ]);
});

it('says nothing about functions that are offered', () => {
  expect(forewarn(facts('mesibo_util_http', 'mesibo_log', 'socket'))).toEqual([]);
});
