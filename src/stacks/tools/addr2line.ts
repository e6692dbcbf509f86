/** What `addr2line` is asked, and what it answers. Pure. */

/** A function at an address, and where in the source that is. */
export interface Place {
  /** `null`: it is not known. */
  function: string | null;
  source: string | null;
  line: number | null;
}

/** GNU's comes first, as it writes the names of Rust as people do. */
export const ADDR2LINE = ['addr2line', 'eu-addr2line'] as const;

/** More functions were never put into one place. */
const MAX_INLINED = 32;

/** Addresses follow on standard input. */
export function addr2lineArgs(file: string): string[] {
  return ['-a', '-f', '-i', '-C', '-e', file];
}

/**
 * Reads the answers. Each begins with its address. Pairs of lines follow, a function and its place, innermost first.
 *
 * @returns by address; one that nothing is known of is missing
 */
export function parseAddr2line(lines: readonly string[]): Map<bigint, Place[]> {
  const found = new Map<bigint, Place[]>();
  let places: Place[] = [];
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i] as string;
    if (/^0x[0-9a-f]{16}$/.test(line)) {
      places = [];
      found.set(BigInt(line), places);
    } else if (i + 1 < lines.length) {
      i++;
      if (places.length < MAX_INLINED) places.push(placeOf(line, lines[i] as string));
    }
  }
  for (const [address, all] of found) if (!all.some(isKnown)) found.delete(address);
  return found;
}

function isKnown(place: Place): boolean {
  return place.function !== null || place.source !== null;
}

function placeOf(name: string, where: string): Place {
  // The one of elfutils adds where an inlined function was called from, which the next pair says as well.
  const plain = name.replace(/ inlined at .*$/s, '');
  // The column, and which of several branches of a line it is, are left out.
  const [, file, number] = /^(.*?):(\d+|\?)(?::\d+)?(?: \(discriminator \d+\))?$/s.exec(where) ?? [];
  const line = Number(number);
  const isKnownLine = file !== undefined && file !== '??' && file !== '' && Number.isSafeInteger(line) && line > 0;
  return {
    function: plain === '??' || plain === '' ? null : plain,
    source: isKnownLine ? file : null,
    line: isKnownLine ? line : null,
  };
}
