/** Names the crash card of a death. */

/**
 * The name; `crashes/` in the state directory has the file.
 *
 * @param generation - tells the deaths of one second apart
 */
export function makeCardId(module: string, at: Date, generation: number): string {
  const time = at.toISOString().replace(/[-:]|\.\d+/g, '');
  return `${module}-${time}-${generation}`;
}
