/** docs/mesibo.md: the bridge is built and tried as the page says. The server itself is a program that we do not have. */

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { PACKAGE_ROOT } from '../../../src/paths.js';
import { exempt, file, type Step, sh } from './steps.js';

const LOADER = 'node_modules/.bin/../../dist/native/mesibo-reference';
const SOCKET: [string, string] = ['socket=/run/mesibo-modules/gateway.sock', 'socket="$PWD"/run/gateway.sock'];
const HECK = Buffer.from('what the heck').toString('hex');

/** A container that a test cannot run. It has all mounts and ports that the document of the module API has, and one more. */
const docker: Step = (block, clone) => {
  exempt('sudo docker run', 'the image of the server is not public')(block, clone);
  const words = block.text.replaceAll('\\\n', ' ').split(/\s+/).filter(Boolean);
  expect(words.join(' ')).toContain('-v /run/mesibo-modules:/run/mesibo-modules');
  const document = process.env.MESIBO_FOUNDING_DOCUMENT;
  if (document === undefined || !existsSync(document)) return;
  const [, shown = ''] = /```\s*\n(sudo docker run[\s\S]*?)```/.exec(readFileSync(document, 'utf8')) ?? [];
  const given = shown.replaceAll('\\\n', ' ').split(/\s+/).filter(Boolean);
  expect(given.length).toBeGreaterThan(10);
  expect(words).toEqual(expect.arrayContaining(given));
};

/** Settings in a file, for a server of the ABI table. */
const settings: Step = (block, clone) => {
  file('bridge.conf', {
    change: [
      ['/run/mesibo-modules/gateway.sock', join(clone.root, 'run/gateway.sock')],
      ['50ms', '60s'],
    ],
  })(block, clone);
  const bridge = '--module bridge built/table/module_bridge.so mesibo_module_bridge_init table';
  const said = clone.sh(`make -s -C bridges/mesibo OUT="$PWD/built"
echo 'message payload=${HECK}' | MESIBO_BRIDGE_CONFIG=bridge.conf ${LOADER} ${bridge}`);
  expect(said).toMatchObject({
    status: 0,
    stdout: expect.stringContaining('"module":"bridge","number":1,"trace":[["bridge",1]]'),
  });
};

export const MESIBO: Step[] = [
  sh({
    before: `mkdir -p bridges && cp -r '${join(PACKAGE_ROOT, 'bridges/c')}' '${join(PACKAGE_ROOT, 'bridges/mesibo')}' bridges
rm -rf bridges/mesibo/build`,
    change: [
      ['cd "$(npm root --global)/mesibo-modules"', ''],
      ['/usr/lib64/mesibo', '"$PWD/lib"'],
    ],
    after: 'ls lib',
    prints: ['module_bridge.so'],
  }),
  file('core.conf'),
  sh({
    change: [
      ['/etc/mesibo/', ''],
      SOCKET,

      ['/usr/lib64/mesibo/', 'lib/'],
      ['--conf socket', '--conf deadline=60s --conf socket'],
    ],
    prints: [/consumed/, /pass/],
  }),
  exempt('module= bridge', 'it is a line for a server that we do not have'),
  docker,
  settings,
  exempt('120034 events', 'a line of a log; test/bridge-mesibo looks at one'),
];
