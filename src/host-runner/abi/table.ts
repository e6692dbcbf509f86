import type { AbiLayout } from './layout.js';

/** The first ABI: the functions a module may call are pointers inside `mesibo_module_t`. */
export const table: AbiLayout = {
  name: 'table',
  initArguments: 2,
  jsonArguments: 0,
  module: {
    size: 96,
    version: 0,
    name: 16,
    config: null,
    description: null,
    cleanup: 24,
    onMessage: 32,
    onMessageStatus: 40,
    onCall: 48,
    onCallStatus: 56,
    onLogin: null,
    onConfig: null,
    signature: 64,
    sendMessage: 72,
    http: 80,
    log: 88,
  },
  params: {
    size: 80,
    scalars: { aid: 0, id: 8, refid: 16, groupid: 24, flags: 32, type: 40, expiry: 48 },
    toOnline: 56,
    to: 64,
    from: 72,
    toAlias: null,
    fromAlias: null,
  },
  http: { synchronous: null },
};
