/** A client, and a scripted core for it. */

import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { type ClientOptions, GatewayClient } from '../../../src/client/index.js';
import { ProtobufGateway } from '../../helpers/protobuf-gateway.js';
import { makeTempDir } from '../../helpers/temp-dir.js';

export const PARAMS = { id: 7n, from: 'alice', to: 'bob' };
export const text = (value: string) => Buffer.from(value);

/** A path at which nobody listens. */
export function somePath(): string {
  return join(makeTempDir(), 'gateway.sock');
}

/** A core that listens, and a client of it that is closed with the test. */
export async function startRig(options: Partial<ClientOptions> = {}, deadline?: 'of the core') {
  const gateway = new ProtobufGateway(somePath());
  await gateway.listen();
  return { gateway, ...startClient(gateway.path, options, deadline) };
}

export function startClient(path: string, options: Partial<ClientOptions> = {}, deadline?: 'of the core') {
  const usual = deadline ? {} : { deadlineMs: 60_000 };
  const client = new GatewayClient({ path, server: 'test', maxRetryMs: 10, ...usual, ...options });
  const warnings: string[] = [];
  client.on('warning', (line) => warnings.push(line));
  onTestFinished(() => {
    // What has no outcome gets none: the core of the test is gone.
    void client.close();
  });
  return { client, warnings };
}
