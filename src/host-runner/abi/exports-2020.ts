import type { AbiLayout } from './layout.js';

/** The latest public header: the functions a module may call are symbols that the loader exports. */
export const exports2020: AbiLayout = {
  name: 'exports-2020',
  initArguments: 3,
  jsonArguments: 4,
  module: {
    size: 192,
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
    onConfig: 96,
    signature: 112,
    sendMessage: null,
    http: null,
    log: null,
  },
  params: {
    size: 136,
    scalars: {
      aid: 0,
      id: 8,
      refid: 16,
      groupid: 24,
      flags: 32,
      type: 40,
      expiry: 48,
      uflags: 56,
      status: 64,
      sid: 72,
      device: 80,
    },
    toOnline: null,
    to: 120,
    from: 128,
    // reserved_1 and reserved_2: a module of 2019 that skips the size check finds its addresses there.
    toAlias: 96,
    fromAlias: 104,
  },
  http: { synchronous: null },
};
