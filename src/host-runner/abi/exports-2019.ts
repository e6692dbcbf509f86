import type { AbiLayout } from './layout.js';

/** The first public header: like the latest one, but with fewer functions and shorter parameters. */
export const exports2019: AbiLayout = {
  name: 'exports-2019',
  initArguments: 3,
  module: {
    size: 176,
    version: 0,
    name: 16,
    description: 24,
    config: 40,
    cleanup: 48,
    onMessage: 56,
    onMessageStatus: 64,
    onCall: 72,
    onCallStatus: 80,
    onLogin: 88,
    onConfig: null,
    signature: 96,
    sendMessage: null,
    http: null,
    log: null,
  },
  params: {
    size: 112,
    scalars: { aid: 0, id: 8, refid: 16, groupid: 24, flags: 32, type: 40, expiry: 48 },
    toOnline: 56,
    to: 96,
    from: 104,
    toAlias: null,
    fromAlias: null,
  },
  http: { synchronous: 144 },
  jsonArguments: 3,
};
