/** What `--json` prints, verb by verb: the documents that programs may rely on. Loaded by documentation and tests alone. */

import { z } from 'zod';
import { ABI_NAMES } from '../../src/config/types.js';

const time = z.iso.datetime();
const count = z.int().nonnegative();
const u64 = z.string().regex(/^\d+$/);
const verdict = z.enum(['pass', 'consumed']);
const abi = z.enum(ABI_NAMES).nullable().describe('what its file is built for; null before that is known');
const address = z.string().nullable();

const toldCommand = z.strictObject({
  kind: z.enum(['core', 'shell']),
  words: z.array(z.string()),
});

const host = z.strictObject({
  pid: z.int(),
  generation: count.describe('counts the processes of the module'),
  state: z.enum(['starting', 'ready', 'draining', 'stopping', 'exited']),
  startedAt: time,
  memoryBytes: count.nullable().describe('what it has in memory (RSS)'),
  cpuSeconds: z.number().nonnegative().nullable().describe('CPU time that it has used'),
  openRequests: count.describe('http requests of the module that are open'),
});

const moduleFields = {
  name: z.string(),
  state: z.enum(['stopped', 'starting', 'serving', 'replacing', 'backoff', 'failed']),
  desired: z.enum(['up', 'down']).describe('down: an operator has stopped it'),
  pid: z.int().nullable().describe('pid of the process that serves'),
  generation: count.describe('generation of that process, or of the last one'),
  abi,
  abiSource: z.enum(['configuration', 'note', 'symbols', 'trial']).nullable().describe('how the ABI was found'),
  abiReason: z.string().nullable().describe('how it was found, in words'),
  warnings: z.array(z.string()).describe('what an operator should know, although it runs'),
  path: z.string().nullable().describe('path of its file; null when no file is found'),
  build: z
    .strictObject({
      sha256: z.string().regex(/^[0-9a-f]{64}$/),
      path: z.string().describe('what its process has loaded'),
      kept: z.boolean().describe('path is the copy that the core keeps, because the file has changed'),
      problem: z.string().nullable().describe('why a crash may not be able to start it again'),
      problemParts: z
        .array(z.union([z.string(), toldCommand]))
        .optional()
        .describe(
          'the problem in pieces, where it has commands: text, or `{ kind, words }`, where `core` means the words after `mesibo-modules`',
        ),
    })
    .nullable()
    .describe('the build that runs, or ran last; null before that is known'),
  fileChanged: z.boolean().describe('its file has changed since its process loaded it, or is missing'),
  fileMissing: z.boolean().describe('there is no file where the configuration has it'),
  description: z.string().nullable().describe('what the module says about itself'),
  callbacks: z.array(z.string()).describe('the callbacks that it has set'),
  hosts: z.array(host).describe('every process, also one that takes over or finishes'),
  onFailure: z.enum(['pass', 'consume']).describe('what its messages get when it gives no verdict'),
  restarts: count.describe('starts after it had served'),
  failedStarts: count.describe('starts that did not become ready'),
  crashes: z.strictObject({
    total: count,
    byCause: z.strictObject({
      crash: count,
      exit: count,
      hang: count,
      unreachable: count,
      memory: count,
      limit: count,
    }),
    lastSignal: z.string().nullable(),
    lastAt: time.nullable(),
  }),
  lastError: z.string().nullable(),
  lastErrorSignal: z.string().nullable().describe('by which the process ended then'),
  lastCrash: z
    .strictObject({
      id: z.string().nullable().describe('of its crash card; null: the card could not be written'),
      function: z.string().nullable(),
      source: z.string().nullable(),
      line: count.nullable(),
    })
    .nullable()
    .describe('the last crash in this run of the core, and the function that its crash card blames'),
  nextStartAt: time.nullable().describe('when it waits for its next start'),
  messages: z.strictObject({
    total: count,
    pass: count,
    consumed: count,
    default: count.describe('verdicts given in its place'),
    defaultConsumed: count.describe('how many of these consumed: the message was dropped'),
    defaultByReason: z
      .strictObject({ crash: count, hang: count, deadline: count, down: count, overload: count, quarantine: count })
      .describe('the same, by reason'),
    late: count.describe('verdicts that came after the default one'),
  }),
  sends: z.strictObject({
    total: count,
    undelivered: count.describe('nobody took them'),
    refused: count.describe(
      'send_message returned -1, because its black box was full or too many waited; not in total',
    ),
    waiting: count.describe('they wait for a server, or for its acknowledgement'),
    delivered: count.describe('servers have acknowledged them'),
    refusedByServer: count.describe('servers have refused them'),
    expired: count.describe('they waited longer than send_ttl'),
    consumed: count.describe('chain_sends: modules have consumed them'),
  }),
  dropped: z.strictObject({ logLines: count, outputBytes: count }),
  inFlight: count.describe('calls that its processes hold'),
  queued: count.describe('calls that wait'),
  quarantined: count.describe('messages that its build does not get, because they killed it'),
  latencyMicros: z.strictObject({ p50: count.nullable(), p99: count.nullable() }),
};

const core = z.strictObject({
  pid: z.int(),
  version: z.string(),
  uptimeSeconds: count,
  config: z.string().nullable().describe('its configuration file'),
  problems: z.array(z.string()).describe('what is wrong with the core itself'),
  recoveredSends: count.describe('messages that a killed core had left and this core handed on'),
  embedded: z.boolean().describe('the core is part of a program, which continues when the core stops'),
  gateway: z.string().nullable().describe('the socket where chat servers connect; null: there is none'),
  gatewayGroup: z.string().nullable().describe('the group whose members may connect there; null: none'),
  http: z.string().nullable().describe('where it answers over HTTP: HOST:PORT, [V6]:PORT or unix:PATH; null: nowhere'),
  webhook: z.string().nullable().describe('where messages of modules are posted, without the path; null: nowhere'),
});

const server = z.strictObject({
  name: z.string(),
  connections: count.describe('connections of servers with that name'),
  takesSends: z.boolean().describe('one of them takes what modules send'),
  inProgress: count.describe('its events that have no outcome yet'),
  unacknowledged: count.describe('messages of modules that it has not acknowledged yet'),
});

const sends = z
  .strictObject({
    waiting: count.describe('messages of modules that wait for a server, or for its acknowledgement'),
    away: z
      .array(
        z.strictObject({
          server: z.string().describe('its name'),
          waiting: count.describe('messages that wait for it alone'),
        }),
      )
      .describe(
        'servers that take nothing now although messages wait for them; at most the ten with the most messages',
      ),
    bytes: count.describe('payloads and addresses of all that wait'),
    delivered: count.describe('servers have acknowledged them'),
    refused: count.describe('servers have refused them'),
    expired: count.describe('they waited longer than send_ttl'),
    consumed: count.describe('chain_sends: modules have consumed them'),
  })
  .nullable()
  .describe('since the core began; null: the core keeps no messages of modules');

const setting = z.strictObject({
  key: z.string(),
  value: z.string().describe('(hidden) in the place of what is secret, unless --reveal was given'),
  hidden: z.boolean().describe('all of the value, or a part, is not shown'),
  origin: z.string().describe('default, program, or file:line:column'),
});

const params = z
  .strictObject({
    aid: u64,
    id: u64,
    refid: u64,
    groupid: u64,
    flags: count,
    type: count,
    expiry: count,
    uflags: count,
    status: count,
    sid: u64,
    device: count,
    to: address,
    from: address,
  })
  .describe('ids are decimal strings: they have 64 bits');

const message = {
  message: z.string().nullable().describe('null when it is not UTF-8'),
  messageBase64: z.string().optional().describe('its bytes, when message is null'),
};

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

const outcome = z.strictObject({
  verdict,
  by: z.string().nullable().describe('the module that consumed'),
  ...message,
  params: params.describe('as the modules left them'),
  trace: z.array(
    z.strictObject({
      module: z.string(),
      verdict,
      default: z
        .enum(['crash', 'hang', 'deadline', 'down', 'overload', 'quarantine'])
        .nullable()
        .describe('why the verdict is a default one'),
      micros: count,
    }),
  ),
});

const sent = z.strictObject({
  sent: z.strictObject({
    module: z.string(),
    sentId: z.string().describe('names it for statuses'),
    params,
    ...message,
  }),
});

const names = z.array(z.string());

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

const cardFields = {
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

/** By verb: what its document is, or each of its lines may be. */
export const DOCUMENTS = {
  status: [
    z.strictObject({
      core,
      modules: z.array(z.strictObject(moduleFields)),
      servers: z.array(server).describe('chat servers that are connected'),
      sends,
    }),
  ],
  list: [
    z.array(
      z.strictObject({
        name: z.string(),
        state: moduleFields.state,
        desired: moduleFields.desired,
        abi,
        abiSource: moduleFields.abiSource,
        path: moduleFields.path,
        description: moduleFields.description,
        waiting: count.describe('messages that it sent and that wait for a server'),
      }),
    ),
  ],
  describe: [
    z.strictObject({
      ...moduleFields,
      settings: z.array(setting).describe('our settings for the module, as they are now'),
      env: z.array(setting).describe('the variables that env { } sets'),
      config: z.array(setting).describe("the module's own"),
    }),
  ],
  quarantine: [
    z.array(z.strictObject(quarantinedFields)).describe('quarantine list'),
    z.strictObject(quarantinedFields).describe('quarantine show'),
  ],
  reload: [
    z.strictObject({
      replaced: names.describe('modules with a new process'),
      added: names,
      removed: names,
      configured: names.describe('only settings that need no new process'),
      unchanged: names,
      left: names.describe('changed, but the reload was for others'),
      stopped: names.describe('those that an operator has stopped, so the reload did not start them'),
      settings: names.describe('global settings that changed and are now in use'),
      needRestart: names.describe('global settings that need a restart of the core'),
      secrets: names.describe('global settings whose file has a new secret, now in use'),
      warnings: z.array(z.string()),
    }),
  ],
  check: [
    z.strictObject({
      module: z.string(),
      ok: z.boolean(),
      abi: z.string().nullable().describe('and how it was found'),
      advice: z.string().nullable(),
      warnings: z.array(z.string()).describe('what a start would warn of'),
      problems: z.array(z.string()),
      debug: toldCommand.nullable().describe('the command that shows where it crashed'),
    }),
    z.strictObject({ warning: z.string().describe('of the configuration') }),
  ],
  logs: [
    z.strictObject({
      level: z.int().describe('10 trace, 20 debug, 30 info, 40 warn, 50 error, 60 fatal'),
      time: count.describe('milliseconds since 1970'),
      module: z.string().nullable().describe('null: the core'),
      generation: count.nullable(),
      source: z.enum(['module', 'stdout', 'stderr', 'supervisor']),
      msg: z.string(),
    }),
  ],
  send: [outcome, sent],
  try: [
    outcome,
    sent,
    z.strictObject({
      log: z.strictObject({
        source: z.enum(['module', 'stdout', 'stderr', 'supervisor']),
        level: z.int().describe('of module: as it gave it; of supervisor: 0 error, 1 warning, 2 info'),
        text: z.string(),
      }),
    }),
    z.strictObject({
      died: z.strictObject({
        cause: z.enum(['crash', 'exit', 'hang', 'unreachable', 'memory', 'limit']),
        signal: z.string().nullable(),
        exitCode: z.int().nullable(),
        text: z.string(),
      }),
    }),
    z.strictObject({ card: z.strictObject(cardFields).describe('what is known of a death, as crashes show has it') }),
  ],
  crashes: [
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
  ],
} as const satisfies Record<string, readonly z.ZodType[]>;

/** Verbs that print several documents, a line each. */
export const BY_LINE: ReadonlySet<string> = new Set(['check', 'logs', 'send', 'try']);
