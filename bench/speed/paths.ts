/** Where things are: this runs from bench/build. */

import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const PACKAGE = dirname(createRequire(import.meta.url).resolve('mesibo-modules/package.json'));

/** What is no TypeScript stays there. */
export const SOURCES = join(PACKAGE, 'bench/speed');
export const NATIVE = join(PACKAGE, 'bench/build/native');
/** Passes every message; see native/pass.c. */
export const PASS_MODULE = join(NATIVE, 'pass.so');
/** The same with debug information. */
export const NAMED_MODULE = join(NATIVE, 'pass-named.so');
/** Waits two milliseconds for each message; see native/wait.c. */
export const WAIT_MODULE = join(NATIVE, 'wait.so');
/** Answers each message. */
export const AUTOREPLY_MODULE = join(PACKAGE, 'modules/build/module_autoreply.so');
/** For mesibo servers; see bridges/mesibo. */
export const BRIDGE = join(PACKAGE, 'bridges/mesibo/build/exports-2020/module_bridge.so');
export const GO_BUILD = join(PACKAGE, 'bench/build/go');
export const GO_HOST = join(GO_BUILD, 'host');
export const GO_PLUGIN = join(GO_BUILD, 'plugin');
/** The command line of the package. */
export const COMMAND = join(PACKAGE, 'dist/bundles/mesibo-modules.cjs');

/** The path of a compiled program of this folder. */
export function program(name: string): string {
  return fileURLToPath(new URL(`./programs/${name}.js`, import.meta.url));
}
