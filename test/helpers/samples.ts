/** The samples of the project, without files that somebody has put beside them. */

import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PACKAGE_ROOT } from '../../src/paths.js';

const { files } = JSON.parse(readFileSync(join(PACKAGE_ROOT, 'package.json'), 'utf8')) as { files: string[] };

/** Their names, as the package lists them. */
export const SAMPLES = files.flatMap((file) => /^modules\/build\/module_(\w+)\.so$/.exec(file)?.[1] ?? []);

/** Copies the folder of modules as a fresh clone has it once it is built. */
export function copyModules(to: string): void {
  for (const part of ['Makefile', 'include', ...SAMPLES, ...SAMPLES.map((name) => `build/module_${name}.so`)])
    cpSync(join(PACKAGE_ROOT, 'modules', part), join(to, part), { recursive: true });
}
