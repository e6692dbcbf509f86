/** What is printed of crashes. */

import { z } from 'zod';
import { address, count, time, u64, verdict } from './basics.js';

const cause = z
  .string()
  .describe('crash, exit, hang, unreachable, memory, limit, start (it died in its start) or trial (it tried an ABI)');
const hexadecimal = z.string().regex(/^-?0x[0-9a-f]+$/);

const frame = z.strictObject({
  address: z.string().describe('in the process; hexadecimal'),
  object: z.string().nullable().describe('the file that the code came from'),
  buildId: z.string().nullable().describe('of that file'),
  offset: hexadecimal.nullable().describe('the address within that file'),
  isOfModule: z.boolean().describe('the file belongs to the module'),
  function: z.string().nullable(),
  functionOffset: z.int().nullable().describe('how far behind the begin of the function'),
  source: z.string().nullable().describe('the source file'),
  line: z.int().nullable(),
  isInlined: z.boolean().describe('the compiler put it into the next one'),
});
const frames = z.array(frame).describe('innermost first');

const kind = z.enum(['message', 'status', 'login', 'call', 'callStatus', 'http']);
const cardCall = z.strictObject({
  seq: count.describe('its number with this process'),
  kind,
  id: z.string(),
  from: address,
  to: address,
  type: z.string(),
  bytes: count.describe('of the payload'),
  verdict: verdict.nullable().describe('null: none'),
  isKept: z.boolean().describe('its body was kept'),
});

/** A crash card. */
export const cardFields = {
  version: z.literal(1),
  id: z.string(),
  time,
  module: z.string(),
  file: z.string(),
  sha256: z.string().nullable(),
  buildId: z.string().nullable(),
  abi: z.string().nullable(),
  generation: count,
  pid: z.int(),
  uptimeMs: z.number().nonnegative(),
  cause,
  summary: z.string().describe('the line that the log has'),
  signal: z.string().nullable(),
  signalCode: z.string().nullable().describe('what the system said of the signal, such as SEGV_MAPERR'),
  sender: z.int().nullable().describe('the process that sent the signal'),
  exitCode: z.int().nullable(),
  address: z.string().nullable().describe('the memory that could not be used'),
  isOverflow: z.boolean().describe('the stack of the thread was used up'),
  thread: z
    .strictObject({
      id: z.int(),
      name: z.string(),
      isMain: z.boolean().describe('it is the one that calls the module'),
    })
    .nullable()
    .describe('the one that died or hung'),
  phase: z.string().describe('how far the process had come'),
  callback: z.string().nullable().describe('what it was executing; null: nothing'),
  message: cardCall.nullable().describe('the call that it was executing, or that led to it'),
  isQuarantined: z.boolean().describe('the message is in quarantine because of this'),
  frames,
  isCut: z.boolean().describe('there were more frames'),
  noFrames: z.string().nullable().describe('why there are no frames, or not all'),
  symbols: z.strictObject({
    by: z.string().nullable().describe('what found the names of functions'),
    isPending: z.boolean().describe('it is still at work'),
    remark: z.string().nullable().describe('why there are not more names'),
  }),
  log: z
    .array(
      z.strictObject({
        time: count.describe('milliseconds since 1970'),
        source: z.enum(['module', 'stdout', 'stderr', 'supervisor']),
        level: z.int(),
        text: z.string(),
      }),
    )
    .describe('the last lines, at most 50'),
  calls: z.array(cardCall).describe('the last calls, at most 16'),
  memoryBytes: count.nullable(),
  descriptors: count.nullable(),
  limit: z.string().nullable().describe('the limit that it ran into'),
};

const keptCall = z.strictObject({
  seq: count,
  kind,
  scalars: z.record(z.string(), u64).describe('by their C names; those that are 0 may be missing'),
  from: address.describe('in base64'),
  to: address.describe('in base64'),
  payload: z.string().describe('in base64'),
});

/** What `crashes --json` prints: a list, a report, a replay. */
export const CRASHES_DOCUMENTS = [
  z
    .array(
      z.strictObject({
        id: z.string().describe('of the newest of them'),
        module: z.string(),
        count: count.describe('how many crashes were the same'),
        since: time.describe('when the first of them was'),
        time: time.describe('when the newest was'),
        cause,
        signal: z.string().nullable(),
        exitCode: z.int().nullable(),
        callback: z.string().nullable(),
        function: z.string().nullable().describe('the innermost function of the module'),
        source: z.string().nullable(),
        line: z.int().nullable(),
        summary: z.string(),
        isQuarantined: z.boolean(),
        ids: z.array(z.string()).describe('of all of them, the newest first'),
      }),
    )
    .describe('crashes list'),
  z
    .strictObject({ ...cardFields, bodies: z.array(keptCall).optional().describe('with --body: what was kept') })
    .describe('crashes show'),
  z
    .strictObject({
      id: z.string(),
      result: z.enum(['same', 'elsewhere', 'survived']).describe('it died at the same place, otherwise, or not'),
      file: z.string().describe('what was loaded'),
      build: z
        .enum(['same', 'copy', 'other', 'unknown'])
        .describe('the file that crashed, the copy that the core has of it, another, or the card does not say'),
      config: z.string().nullable().describe('where the settings of the module came from'),
      calls: count.describe('how many calls were made again'),
      missing: z
        .array(z.strictObject({ seq: count, kind, id: z.string() }))
        .describe('calls whose bodies were not kept'),
      died: z
        .strictObject({
          cause,
          signal: z.string().nullable(),
          exitCode: z.int().nullable(),
          callback: z.string().nullable(),
          function: z.string().nullable(),
          source: z.string().nullable(),
          line: z.int().nullable(),
          frames,
        })
        .nullable(),
      output: z.string().nullable().describe('with --gdb: what gdb printed'),
    })
    .describe('crashes replay'),
] as const;
