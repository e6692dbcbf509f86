/** Finds which key someone meant who wrote another. */

/**
 * Returns the known key that somebody most likely meant by `written`, or `null`.
 *
 * A letter too many, missing, wrong or swapped with its neighbour is one slip. Capitals and `-` for `_` together are one
 * slip. A key of six letters or more forgives two slips, a shorter one forgives one: with two, half of all words would be
 * near `path`.
 */
export function findNearKey(written: string, known: readonly string[]): string | null {
  const plain = written.length > 40 ? written : written.toLowerCase().replaceAll('-', '_');
  let best: string | null = null;
  let least = Number.POSITIVE_INFINITY;
  for (const key of known) {
    const distance = editDistance(plain, key);
    const allowed = key.length < 6 ? 1 : 2;
    if (distance <= allowed && distance < least) [best, least] = [key, distance];
  }
  return best;
}

/** The optimal string alignment distance; infinite where the lengths alone put it past 2. */
function editDistance(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > 2) return Number.POSITIVE_INFINITY;
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      let least = Math.min(at(previous, j) + 1, at(row, j - 1) + 1, at(previous, j - 1) + cost);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        least = Math.min(least, at(beforePrevious, j - 2) + 1);
      }
      row.push(least);
    }
    beforePrevious = previous;
    previous = row;
  }
  return at(previous, b.length);
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Number.POSITIVE_INFINITY;
}
