/** What is printed of shadows. */

import { z } from 'zod';
import { address, count, time, u64, verdict } from './basics.js';

const cutText = z
  .strictObject({
    text: z.string().nullable().describe('its first 200 bytes; null: they are not UTF-8'),
    bytes: count.describe('of the whole'),
  })
  .nullable();

const side = z.strictObject({
  verdict,
  params: z.record(z.string(), z.string()).describe('fields that are other than on the other side'),
  payload: cutText.describe('what it made of the payload; null: it did not change it, or bodies are not kept'),
});

const latency = z.strictObject({ p50: count.nullable(), p99: count.nullable() });

/** What `shadow --json` prints. */
export const SHADOW_DOCUMENTS = [
  z.strictObject({
    name: z.string(),
    shadowOf: z.string(),
    since: time.describe('counted from then on'),
    totals: z.strictObject({
      agreed: count.describe('both gave a verdict of their own, and left the same message'),
      otherVerdict: count,
      otherChanges: count.describe('the same verdict, and other changes of the message'),
      defaulted: z
        .strictObject({ crash: count, hang: count, deadline: count, quarantine: count })
        .describe('the shadow was offered it and gave no verdict'),
      skipped: z
        .strictObject({ overload: count, down: count })
        .describe('the shadow was not offered it: its queue was full, or it was down'),
      primaryDefaulted: count.describe('the shadow gave a verdict, and the other module none'),
      others: count.describe('statuses, logins and calls, which are not compared'),
      sends: count.describe('messages that the shadow sent, which went nowhere'),
      refusedHttp: count.describe('http requests of the shadow that were refused'),
    }),
    compared: count.describe('messages that both gave a verdict of their own on'),
    primarySends: count.describe('messages that the other module sent meanwhile'),
    latencyMicros: z.strictObject({ primary: latency, shadow: latency }),
    examples: z
      .array(
        z.strictObject({
          at: time,
          id: u64,
          from: address.describe('cut after 100 characters'),
          to: address,
          groupid: u64,
          type: u64,
          differs: z.array(z.enum(['verdict', 'params', 'payload'])),
          primary: side,
          shadow: side,
          payload: cutText.describe('null: bodies are not kept'),
        }),
      )
      .describe('the last messages on which they disagree, oldest first, at most 20'),
    sends: z
      .array(z.strictObject({ at: time, from: address, to: address, payload: cutText }))
      .describe('the last messages that the shadow sent, oldest first, at most 20'),
    keepsBodies: z.boolean().describe('false: crash_body = no'),
  }),
] as const;

/** What `promote --json` prints. */
export const PROMOTE_DOCUMENTS = [
  z.strictObject({
    module: z.string().describe('runs what the shadow ran'),
    shadow: z.string().describe('runs what the module ran'),
    toChange: z
      .array(
        z.strictObject({
          key: z.string().describe('in the block of the module; env and config stand for a whole section'),
          value: z.string().nullable().describe('null: as the block of the shadow has it'),
        }),
      )
      .describe('what the configuration has to say, so that it agrees with what runs'),
    warnings: z.array(z.string()),
  }),
] as const;
