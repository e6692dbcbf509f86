/** What becomes of a Hello: pure. */

import { type ErrorCode, SupervisorError } from '../errors.js';
import { GATEWAY_VERSIONS, type Hello } from '../wire/gateway/frames.js';

const NAME = /^[A-Za-z0-9_.-]{1,64}$/;
const MAX_INSTANCE_BYTES = 64;

/**
 * The version that both speak from now on.
 *
 * @throws SupervisorError `FRAME_INVALID` for an invalid name, `VERSION_UNKNOWN`
 */
export function greet({ versionMin, versionMax, server, instance }: Hello): number {
  if (!NAME.test(server)) {
    const may = 'a server has a name of 1 to 64 of the characters A-Z a-z 0-9 _ . -';
    throw refusal('FRAME_INVALID', `hello.server is ${JSON.stringify(server.slice(0, 100))}; ${may}`);
  }
  if (Buffer.byteLength(instance) > MAX_INSTANCE_BYTES) {
    throw refusal('FRAME_INVALID', `hello.instance has more than ${MAX_INSTANCE_BYTES} bytes`);
  }
  const version = Math.min(versionMax, GATEWAY_VERSIONS.max);
  if (version >= Math.max(versionMin, GATEWAY_VERSIONS.min)) return version;
  const { min, max } = GATEWAY_VERSIONS;
  const own = min === max ? `${min}` : `${min} to ${max}`;
  const given = `the server speaks versions ${versionMin} to ${versionMax} of the protocol, and this core ${own}`;
  throw refusal('VERSION_UNKNOWN', `${given}; install a core and a bridge of the same version`);
}

function refusal(code: ErrorCode, what: string): SupervisorError {
  return new SupervisorError(code, what);
}
