/**
 * Names in a row, for a message: `a, b and 3 more`.
 *
 * @param most - how many are named
 */
export function listSome(names: readonly string[], most: number): string {
  const more = names.length > most ? ` and ${names.length - most} more` : '';
  return names.slice(0, most).join(', ') + more;
}
