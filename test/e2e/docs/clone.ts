/** What looks like the clone that the pages speak of: built, and written to by nobody else. */

import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { PACKAGE_ROOT } from '../../../src/paths.js';
import { copyModules } from '../../helpers/samples.js';
import { makeTempDir } from '../../helpers/temp-dir.js';

const MAIN = join(PACKAGE_ROOT, 'dist/bundles/mesibo-modules.cjs');
/** Far more than any block takes. */
const LIMIT_MS = 60_000;

/** How a script ended. */
export interface Said {
  status: number | null;
  stdout: string;
  stderr: string;
}

/** A folder in which a page is followed from top to bottom. */
export class Clone {
  readonly root = makeTempDir();
  /** What the last script printed. */
  printed = '';

  constructor() {
    copyModules(join(this.root, 'modules'));
    for (const name of ['scripts', 'package.json', 'biome.json'])
      cpSync(join(PACKAGE_ROOT, name), join(this.root, name), { recursive: true });
    for (const name of ['dist', 'node_modules']) symlinkSync(join(PACKAGE_ROOT, name), join(this.root, name));
    const run = `exec '${process.execPath}' '${MAIN}' "$@"`;
    this.command('mesibo-modules', run);
    // The real one looks for the command in the network when it finds none here.
    this.command('npx', `[ "$1" = mesibo-modules ] || exit 127\nshift\n${run}`);
  }

  get env(): NodeJS.ProcessEnv {
    const { MESIBO_DEBUG: _, ...env } = process.env;
    const path = `${join(this.root, 'bin')}:${env.PATH}`;
    return { ...env, PATH: path, MESIBO_RUN_DIR: join(this.root, 'run'), NO_COLOR: '1' };
  }

  /** Puts a command in front of the machine's own. */
  command(name: string, script: string): void {
    this.write(`bin/${name}`, `#!/bin/sh\n${script}\n`, 0o755);
  }

  write(name: string, text: string, mode = 0o644): void {
    const path = join(this.root, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text, { mode });
  }

  /** Runs a script, which ends with the first command that fails. */
  sh(script: string, input = ''): Said {
    const how = { cwd: this.root, env: this.env, input, encoding: 'utf8', timeout: LIMIT_MS } as const;
    const { status, stdout, stderr, error } = spawnSync('sh', ['-ec', script], how);
    if (error) throw error;
    this.printed = stdout;
    return { status, stdout, stderr };
  }

  /** Ends the core that a page has left. */
  close(): void {
    if (existsSync(join(this.root, 'run'))) this.sh('mesibo-modules stop || true');
  }
}
