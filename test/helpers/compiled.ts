/** Sources that a test compiles, each in a folder of its own. */

import { execFileSync, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { PACKAGE_ROOT } from '../../src/paths.js';
import { makeTempDir } from './temp-dir.js';

const HEADERS = join(PACKAGE_ROOT, 'modules/include');

/** A compiled source. */
export interface Compiled {
  /** The shared object. */
  path: string;
  source: string;
  /** The number of the line that has this text. */
  lineOf: (text: string) => number;
}

/** @param file - its ending tells the language */
export function compile(file: string, text: string, flags: readonly string[] = ['-g', '-O0']): Compiled {
  const folder = makeTempDir();
  const source = join(folder, file);
  const path = source.replace(/\.\w+$/, '.so');
  writeFileSync(source, text);
  const compiler = file.endsWith('.c') ? 'gcc' : 'g++';
  execFileSync(compiler, ['-shared', '-fPIC', '-pthread', `-I${HEADERS}`, ...flags, '-o', path, source]);
  const lineOf = (part: string) => {
    const index = text.split('\n').findIndex((line) => line.includes(part));
    if (index < 0) throw new Error(`${part} is not in ${file}`);
    return index + 1;
  };
  return { path, source, lineOf };
}

/** A program's output; throws with its complaints when it fails. */
export function run(program: string, ...args: string[]): string {
  return execFileSync(program, args, { encoding: 'utf8' });
}

/** Whether a program can be run here. */
export function has(program: string): boolean {
  return spawnSync(program, ['--version']).error === undefined;
}

/** A folder that has nothing but links to these programs, for the variable PATH. */
export function pathOf(...programs: string[]): string {
  const folder = makeTempDir();
  for (const program of programs) run('ln', '-s', run('which', program).trim(), join(folder, program));
  return folder;
}

/** The address that a file has for one of its functions. */
export function addressOf(path: string, name: string): bigint {
  const line = run('nm', path)
    .split('\n')
    .find((one) => one.endsWith(` ${name}`));
  if (line === undefined) throw new Error(`${name} is not in ${path}`);
  return BigInt(`0x${line.split(' ', 1)[0]}`);
}

export function folderOf(path: string): string {
  return dirname(path);
}
