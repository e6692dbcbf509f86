/** What looks for some globs in a text. */
export interface Search {
  /** Whether one of the globs fits the bytes from `from` to `end`. */
  finds(bytes: Buffer, from: number, end: number): boolean;
}
