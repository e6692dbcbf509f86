/** Medians, ranges and ratios of what the rounds measured. Pure. */

/** What a row's program measured in one round, by name; `null` when it failed. */
export type Sample = Readonly<Record<string, number>>;

/** The samples of each row, by round. */
export type Samples = ReadonlyMap<string, readonly (Sample | null)[]>;

/** A figure of several rounds. */
export interface Figure {
  median: number;
  least: number;
  most: number;
  /** How many rounds have it. */
  rounds: number;
}

/** The middle of a list, or the mean of the two in the middle; NaN of an empty one. */
export function median(list: readonly number[]): number {
  const sorted = [...list].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** Of what was measured in each round; `null` when no round has a number. */
export function summarize(perRound: readonly (number | null)[]): Figure | null {
  const list = perRound.filter((value): value is number => value !== null && Number.isFinite(value));
  if (list.length === 0) return null;
  return { median: median(list), least: Math.min(...list), most: Math.max(...list), rounds: list.length };
}

/** What a row measured under one name, by round; empty for a row that did not run. */
export function column(samples: Samples, row: string, key: string): (number | null)[] {
  return (samples.get(row) ?? []).map((sample) => sample?.[key] ?? null);
}

/**
 * Combines two columns round by round. Only figures of the same round are compared, because the speed of the machine changes
 * between rounds.
 */
export function pair(
  left: readonly (number | null)[],
  right: readonly (number | null)[],
  combine: (left: number, right: number) => number,
): (number | null)[] {
  return left.map((value, round) => {
    const other = right[round] ?? null;
    return value === null || other === null ? null : combine(value, other);
  });
}

/** How many times as much as the other. */
export function divide(left: number, right: number): number {
  return left / right;
}
