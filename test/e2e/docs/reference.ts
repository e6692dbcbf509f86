/** The pages to look things up in; where all blocks of one are of a kind, they have one step. */

import { expect } from 'vitest';
import { createProgram } from '../../../cli/program.js';
import { confined } from './confined.js';
import { file, picture, type Step, sh } from './steps.js';

const CLI = createProgram();

/** How a verb is called, as its own help says it. */
const synopsis: Step = ({ text }) => {
  const verb = CLI.commands.find((command) => command.name() === text.split(' ')[1]);
  expect(verb?.helpInformation()).toContain(`Usage: ${text}`);
};

export const REFERENCE: Record<string, Step | Step[]> = {
  'docs/surroundings.md': file('mesibo.conf', {
    after: 'npx mesibo-modules check --strict --config mesibo.conf',
    status: 1,
    prints: [/^module translate: no file found.*\n$/],
  }),
  'docs/architecture.md': picture,
  'docs/cli.md': synopsis,
  'docs/configuration.md': [
    // What the settings of the first two come to: test/unit/config/reference.test.ts.
    file('mesibo.conf', { change: [['/usr/lib64/mesibo/mesibo_filter.so', './modules/build/module_filter.so']] }),
    sh({ prints: [/^module filter: ok, /] }),
    file('mesibo.conf', {
      after: 'npx mesibo-modules check --strict --config mesibo.conf',
      status: 1,
      prints: [
        /^module filter: .*no such file.*\nmodule translate: no file found.*\nmodule autoreply: no file found.*\n0 of 3 modules are good; .*\n$/,
      ],
    }),
    file('mesibo.conf', {
      before: 'mkdir conf.d',
      after: `for name in filter autoreply; do echo "module $name { path = ../modules/build/module_$name.so }"; done > conf.d/a.conf
        npx mesibo-modules check --strict mesibo.conf`,
      prints: [/^module filter: ok, .*\nmodule autoreply: ok, /],
    }),
    file('mesibo.conf', {
      change: [
        ['/usr/lib64/mesibo/mesibo_translate.so', './modules/build/module_filter.so'],
        ['module translate', 'module filter'],
        ['@/etc/mesibo/translate.key', '@./translate.key'],
      ],
      // Each of the three is read: without one of them the check fails.
      after: `umask 077
        if TRANSLATE_HOST=h npx mesibo-modules check mesibo.conf 2>said; then exit 1; fi; grep -o 'the file .* of api_key cannot' said
        echo hush > translate.key
        if npx mesibo-modules check mesibo.conf 2>said; then exit 1; fi; grep -o 'has no variable TRANSLATE_HOST' said
        TRANSLATE_HOST=h npx mesibo-modules check --strict mesibo.conf`,
      prints: ['translate.key of api_key cannot', 'has no variable TRANSLATE_HOST', /^module filter: ok, /m],
    }),
    file('mesibo.conf', {
      change: [['module helpdesk {', 'module filter {\n    path = ./modules/build/module_filter.so']],
      after: 'npx mesibo-modules check --strict mesibo.conf',
      prints: [/^module filter: ok, /],
    }),
    confined,
    confined,
  ],
};
