/** The file on the disk that an object of a stack was loaded from, with the file of its debug information. */

import { basename } from 'node:path';
import type { CrashObject } from '../wire/crash-note.js';
import { findDebugFile } from './elf/debug-file.js';
import { Elf } from './elf/elf.js';
import { type ModuleFiles, placesOf } from './module-files.js';

/** Both are open until {@link Binary.close}. */
export class Binary {
  readonly elf: Elf;
  readonly debug: Elf | null;
  /** What is wrong with its debug information; `null`: it is there. */
  readonly remark: string | null;

  private constructor(elf: Elf, debug: Elf | null, remark: string | null) {
    this.elf = elf;
    this.debug = debug;
    this.remark = remark;
  }

  /**
   * Looks for the file with the build id that was loaded.
   *
   * @returns why it cannot be had, or the file
   */
  static async find(object: CrashObject, files: ModuleFiles | null, debugFolder?: string): Promise<Binary | string> {
    let other = false;
    for (const place of placesOf(object.path, files)) {
      const elf = await Elf.open(place);
      if (elf !== null && isLoaded(elf, object, files)) return Binary.#complete(elf, debugFolder);
      other ||= elf !== null;
      await elf?.close();
    }
    return other ? `${object.path} is not the file that was loaded: it was replaced` : `${object.path} cannot be read`;
  }

  static async #complete(elf: Elf, debugFolder: string | undefined): Promise<Binary> {
    if (elf.hasLines) return new Binary(elf, null, null);
    const { elf: debug, wrong } = await findDebugFile(elf, debugFolder);
    if (debug?.hasLines === true) return new Binary(elf, debug, null);
    const none = `${basename(elf.path)} has no debug information: build it with -g to see file and line`;
    return new Binary(elf, debug, wrong === null ? none : `${none}; ${wrong} belongs to another build`);
  }

  /** The file that says which line an address belongs to; `null`: none does. */
  get withLines(): string | null {
    if (this.elf.hasLines) return this.elf.path;
    return this.debug?.hasLines === true ? this.debug.path : null;
  }

  async close(): Promise<void> {
    await Promise.all([this.elf.close(), this.debug?.close()]);
  }
}

/** Without build ids only the file that is still the same at the same place is it. */
function isLoaded({ buildId, path, reader }: Elf, object: CrashObject, files: ModuleFiles | null): boolean {
  if (buildId !== object.buildId) return false;
  if (buildId !== null) return true;
  const isSame = files?.identity === undefined || files.identity === null || files.identity === reader.identity;
  return path === object.path && !object.isDeleted && (path !== files?.path || isSame);
}
