/** Writes what is made from the commands: `node dist/cli/reference/write.js man FILE`, or `... markdown FILE`. */

import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { createProgram } from '../program.js';
import { manPage } from './man.js';
import { markdownPage } from './markdown.js';
import { readReference } from './reference.js';

const [, , what, file] = process.argv;
const make = what === 'man' ? manPage : what === 'markdown' ? markdownPage : null;
if (make === null || file === undefined) throw new Error('expected man FILE, or markdown FILE');
mkdirSync(dirname(file), { recursive: true });
writeFileSync(file, make(readReference(createProgram())));
