import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of the package, found from this file, which runs both from `src/` and from `dist/src/`. */
export const PACKAGE_ROOT: string = findRoot(dirname(fileURLToPath(import.meta.url)));

/** The entry of a host process, bundled. */
export const HOST_RUNNER: string = join(PACKAGE_ROOT, 'dist/bundles/host-runner.cjs');

/** The entry of a host's http worker, bundled. */
export const HTTP_WORKER: string = join(PACKAGE_ROOT, 'dist/bundles/http-worker.cjs');

/** The native shim that a host loads before its module. */
export const SHIM_LIBRARY: string = join(PACKAGE_ROOT, 'dist/native/libmesibo-shim.so');

/** The program that loads modules into one process, for authors and for comparison. */
export const REFERENCE_LOADER: string = join(PACKAGE_ROOT, 'dist/native/mesibo-reference');

/** The version of the package. */
export const VERSION: string = JSON.parse(readFileSync(join(PACKAGE_ROOT, 'package.json'), 'utf8')).version;

function findRoot(from: string): string {
  for (let dir = from; ; dir = dirname(dir)) {
    if (existsSync(join(dir, 'package.json'))) return dir;
    if (dir === dirname(dir)) throw new Error(`no package.json above ${from}`);
  }
}
