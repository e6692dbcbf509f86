/** A stream of grpc-js in both directions, on a Unix socket. */

import { join } from 'node:path';
import {
  type ClientDuplexStream,
  credentials,
  makeGenericClientConstructor,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServiceDefinition,
} from '@grpc/grpc-js';
import Long from 'long';
import { load as loadProto, type Type } from 'protobufjs';
import { SOURCES } from '../../paths.js';
import { makePayload, PARAMS } from '../message.js';
import { runPeer } from './peer.js';
import { Window } from './window.js';

interface Call {
  slot: Long;
  params: Record<string, Long | Buffer>;
  payload: Buffer;
}
interface Verdict {
  slot: Long;
  value: number;
}
type Client = { run(): ClientDuplexStream<Call, Verdict> };

const root = await loadProto(join(SOURCES, 'peer.proto'));
const service: ServiceDefinition = {
  run: {
    path: '/peer.Module/Run',
    requestStream: true,
    responseStream: true,
    ...half('request', root.lookupType('peer.Call')),
    ...half('response', root.lookupType('peer.Verdict')),
  } as ServiceDefinition[string],
};
const LIMITS = { 'grpc.max_receive_message_length': -1 };

await runPeer(
  import.meta.url,
  (path) => {
    const server = new Server(LIMITS);
    server.addService(service, {
      run(stream: ServerDuplexStream<Call, Verdict>) {
        stream.on('data', ({ slot }: Call) => stream.write({ slot, value: 0 }));
        stream.on('end', () => stream.end());
      },
    });
    return new Promise((resolve, reject) => {
      const bound = (error: Error | null) => (error ? reject(error) : resolve());
      server.bindAsync(`unix://${path}`, ServerCredentials.createInsecure(), bound);
    });
  },
  (load, answerer, path) => {
    const payload = makePayload(load.bytes);
    const GenericClient = makeGenericClientConstructor(service, 'Module');
    const client = new GenericClient(`unix://${path}`, credentials.createInsecure(), LIMITS) as unknown as Client;
    const stream = client.run();
    const window = new Window(load, [process.pid, answerer.pid], (slot) => {
      stream.write({ slot: Long.fromNumber(slot, true), params: wireParams(), payload });
    });
    stream.on('data', ({ slot }: Verdict) => window.answered(slot.toNumber()));
    // It ends with the process that answers.
    stream.on('error', () => {});
    return window.run();
  },
);

/** For each message, as ours does: a server has the ids as plain numbers. */
function wireParams(): Record<string, Long | Buffer> {
  const wire: Record<string, Long | Buffer> = {};
  for (const [name, value] of Object.entries(PARAMS)) {
    if (typeof value === 'string') wire[name] = Buffer.from(value);
    else wire[name] = typeof value === 'bigint' ? Long.fromBigInt(value, true) : Long.fromNumber(value, true);
  }
  return wire;
}

function half(side: string, type: Type): object {
  return {
    [`${side}Serialize`]: (message: object) => type.encode(message).finish(),
    [`${side}Deserialize`]: (bytes: Buffer) => type.decode(bytes),
  };
}
