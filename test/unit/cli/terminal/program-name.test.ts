import { expect, it } from 'vitest';
import { typedProgram } from '../../../../cli/terminal/program-name.js';

const bin = '/clone/node_modules/.bin/mesibo-modules';

it.each<[string, string | undefined, NodeJS.ProcessEnv, string]>([
  ['by npx', bin, { npm_command: 'exec', PATH: '/clone/node_modules/.bin:/bin' }, 'npx mesibo-modules'],
  ['by its path in a clone', bin, { PATH: '/bin' }, 'npx mesibo-modules'],
  ['in a clone whose commands are on the PATH', bin, { PATH: '/bin:/clone/node_modules/.bin' }, 'mesibo-modules'],
  ['from a global install', '/usr/local/bin/mesibo-modules', { PATH: '/usr/local/bin' }, 'mesibo-modules'],
  ['by a program that npx started', '/clone/dist/bundles/m.cjs', { npm_command: 'exec' }, 'mesibo-modules'],
  ['by nobody', undefined, {}, 'mesibo-modules'],
])('started %s', (_, file, env, words) => {
  expect(typedProgram(file, env).join(' ')).toBe(words);
});
