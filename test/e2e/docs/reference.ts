/** The pages to look things up in; where all blocks of one are of a kind, they have one step. */

import { expect } from 'vitest';
import { createProgram } from '../../../cli/program.js';
import { file, picture, type Step } from './steps.js';

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
    // What its settings come to: test/unit/config/reference.test.ts.
    file('mesibo.conf', {
      after: 'npx mesibo-modules check --strict --config mesibo.conf',
      status: 1,
      prints: [
        /^module filter: .*no such file.*\nmodule translate: no file found.*\nmodule autoreply: no file found.*\n$/,
      ],
    }),
  ],
};
