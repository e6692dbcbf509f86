/** Which replicas have a new process after a restart that ended at one of them: pure. */

import { ModuleLoadError, type SupervisorError } from '../../errors.js';
import { sentence } from '../../sentence.js';

/** The indexes of the replicas, by what has become of each. */
export interface RestartedReplicas {
  renewed: readonly number[];
  /** The one that did not start. */
  failed: number;
  /** Those that the restart did not come to. */
  left: readonly number[];
}

/** The reason why one did not start, and in another line what has become of each. Of a single replica there is no more to say. */
export function describeRestarted(refusal: SupervisorError, replicas: RestartedReplicas): SupervisorError {
  const { renewed, failed, left } = replicas;
  const { code, module, generation, signal, exitCode } = refusal;
  // An order has stopped it.
  if (code === 'ILLEGAL_STATE' || renewed.length + left.length === 0) return refusal;
  const parts = [
    `the restart ended at replica ${failed}, which does not serve`,
    renewed.length === 0 ? 'no replica has a new process' : `with a new process: ${nameReplicas(renewed)}`,
    ...(left.length === 0 ? [] : [`as before: ${nameReplicas(left)}`]),
  ];
  return new ModuleLoadError(code, sentence`${refusal.sentence}\n${parts.join('; ')}`, {
    ...(module === undefined ? {} : { module }),
    ...(generation === undefined ? {} : { generation }),
    ...(signal === undefined ? {} : { signal }),
    ...(exitCode === undefined ? {} : { exitCode }),
    cause: refusal,
  });
}

function nameReplicas(indexes: readonly number[]): string {
  return `${indexes.length === 1 ? 'replica' : 'replicas'} ${indexes.join(', ')}`;
}
