/** Orders that begin with starts, and change nothing unless all of these go well. */

import { ReloadError, type SupervisorError } from '../../errors.js';

/** @throws ReloadError unless every start went well; with each reason once */
export function refuseUnlessAll(refusals: readonly (SupervisorError | null)[]): void {
  const failures = [...new Set(refusals)].filter((refusal) => refusal !== null);
  if (failures.length > 0) throw new ReloadError(failures);
}
