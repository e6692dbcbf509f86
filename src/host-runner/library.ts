/** Libraries that stay loaded. */

import koffi from 'koffi';

/** An open library. */
export type Library = ReturnType<typeof koffi.load>;

/** koffi unloads a library when its handle is garbage-collected, however much C code still runs in it. */
const loaded: Library[] = [];

/**
 * Loads a shared object for the life of the process.
 *
 * @param path - `null`: the program itself, with all that everything in the process finds
 * @throws Error with the words of the dynamic linker
 */
export function loadForGood(path: string | null, options: NonNullable<Parameters<typeof koffi.load>[1]>): Library {
  const library = koffi.load(path, options);
  loaded.push(library);
  return library;
}

/** Whether a library, or one that it needs, has a symbol of that name. */
export function hasSymbol(library: Library, name: string): boolean {
  try {
    library.symbol(name);
    return true;
  } catch {
    return false;
  }
}
