/** Writes what is made from the commands, and from the settings: `node dist/cli/reference/write.js man FILE`. */

import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { configurationPage } from '../../src/config/reference.js';
import { createProgram } from '../program.js';
import { manPage } from './man.js';
import { markdownPage } from './markdown.js';
import { metricsPage } from './metrics-page.js';
import { readReference } from './reference.js';

const reference = () => readReference(createProgram());
const MAKERS: Record<string, () => string> = {
  man: () => manPage(reference()),
  markdown: () => markdownPage(reference()),
  configuration: configurationPage,
  metrics: metricsPage,
};

const [, , what, file] = process.argv;
const make = what === undefined ? undefined : MAKERS[what];
if (make === undefined || file === undefined)
  throw new Error('expected man, markdown, configuration or metrics, and a FILE');
mkdirSync(dirname(file), { recursive: true });
writeFileSync(file, make());
