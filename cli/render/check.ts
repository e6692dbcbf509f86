/** What a check came to, in one line: pure. */

/** One module that was checked. */
interface Checked {
  module: string;
  isGood: boolean;
}

/** @returns `null`: of one module its own line says it */
export function describeChecked(checked: readonly Checked[]): string | null {
  if (checked.length < 2) return null;
  const bad = checked.filter(({ isGood }) => !isGood).map(({ module }) => module);
  if (bad.length === 0) return `all ${checked.length} modules are good`;
  const good = checked.length - bad.length;
  const verb = bad.length === 1 ? 'is' : 'are';
  return `${good} of ${checked.length} modules ${good === 1 ? 'is' : 'are'} good; ${bad.join(', ')} ${verb} not`;
}
