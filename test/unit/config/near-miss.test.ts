import { describe, expect, it } from 'vitest';
import { findNearKey } from '../../../src/config/near-miss.js';
import { MODULE_KEYS } from '../../../src/config/schema.js';

describe('findNearKey', () => {
  it.each([
    ['dedline', 'deadline'],
    ['daedline', 'deadline'],
    ['deadlines', 'deadline'],
    ['Deadline', 'deadline'],
    ['on-failure', 'on_failure'],
    ['ON_FAILURE', 'on_failure'],
    ['onfailure', 'on_failure'],
    ['startTimeout', 'start_timeout'],
    ['stop-timeout', 'stop_timeout'],
    ['max_crash', 'max_crashes'],
    ['replica', 'replicas'],
    ['pth', 'path'],
    ['paht', 'path'],
    ['windw', 'window'],
  ])('takes %s for %s', (written, key) => expect(findNearKey(written, Object.keys(MODULE_KEYS))).toBe(key));

  // Keys of public modules, and words that are two letters from a short key of ours.
  it.each([
    ...[
      'project',
      'endpoint',
      'access_token',
      'language',
      'address',
      'responseField',
      'log',
      'host',
      'port',
      'keepalive',
    ],
    ...['root', 'script', 'source', 'target', 'name', 'description', 'count', 'blocked_words', 'auth', 'pass', 'quote'],
    ...['timeout', 'x', '', 'constructor', '__proto__', 'd'.repeat(10_000_000)],
  ])('finds no key for %.20s', (written) => expect(findNearKey(written, Object.keys(MODULE_KEYS))).toBeNull());
});
