/** Libraries that stay loaded. */

import koffi from 'koffi';

/** koffi unloads a library when its handle is garbage-collected, however much C code still runs in it. */
const loaded: ReturnType<typeof koffi.load>[] = [];

/**
 * Loads a shared object for the life of the process.
 *
 * @throws Error with the words of the dynamic linker
 */
export function loadForGood(path: string, options: NonNullable<Parameters<typeof koffi.load>[1]>) {
  const library = koffi.load(path, options);
  loaded.push(library);
  return library;
}
