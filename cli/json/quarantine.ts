/** What is printed of messages in quarantine. */

import { z } from 'zod';
import { address, count, time, u64 } from './basics.js';

const quarantinedFields = {
  id: z.string().describe('names it'),
  module: z.string(),
  state: z
    .enum(['withheld', 'counted', 'lifted'])
    .describe('counted: it has not killed often enough. lifted: the module runs another build'),
  build: z.string().describe('SHA-256 of the file that it killed'),
  messageId: u64.describe('0: the message has no id'),
  from: address.describe('cut after 200 characters'),
  to: address,
  type: u64,
  bytes: count.describe('of its payload'),
  hash: z.string().describe('SHA-256 of sender, receiver, type and payload'),
  crashes: count.describe('how often it killed that build'),
  withheld: count.describe('how often it was withheld'),
  firstAt: time,
  lastAt: time,
  until: time.describe('when it is no longer withheld'),
  signal: z.string().nullable(),
  exitCode: z.int().nullable().describe('of exit(), where there is no signal'),
  cardId: z.string().nullable().describe('the crash card of the last time'),
};

/** What `quarantine --json` prints: a list, a message. */
export const QUARANTINE_DOCUMENTS = [
  z.array(z.strictObject(quarantinedFields)).describe('quarantine list'),
  z.strictObject(quarantinedFields).describe('quarantine show'),
] as const;
