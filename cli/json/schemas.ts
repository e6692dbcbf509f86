/** What `--json` prints, verb by verb: the documents that programs may rely on. Loaded by documentation and tests alone. */

import { z } from 'zod';
import { ABI_NAMES } from '../../src/config/types.js';
import { address, count, time, u64, verdict } from './basics.js';
import { CRASHES_DOCUMENTS, cardFields } from './crashes.js';
import { QUARANTINE_DOCUMENTS } from './quarantine.js';
import { PROMOTE_DOCUMENTS, SHADOW_DOCUMENTS } from './shadow.js';

const abi = z.enum(ABI_NAMES).nullable().describe('what its file is built for; null before that is known');

const toldCommand = z.strictObject({
  kind: z.enum(['core', 'shell']),
  words: z.array(z.string()),
});

const host = z.strictObject({
  replica: count.describe('the replica that it belongs to, counted from 0'),
  pid: z.int(),
  generation: count.describe('counts the processes of the module'),
  state: z.enum(['starting', 'ready', 'draining', 'stopping', 'exited']),
  role: z
    .enum(['serving', 'preparing', 'retiring', 'kept'])
    .describe(
      'what it is there for: it serves, is about to take over, finishes what it holds, or is kept for the time of a probation, to take over again',
    ),
  startedAt: time,
  memoryBytes: count.nullable().describe('what it has in memory (RSS)'),
  cpuSeconds: z.number().nonnegative().nullable().describe('CPU time that it has used'),
  openRequests: count.describe('http requests of the module that are open'),
  inFlight: count.describe('calls that it holds'),
});

const replica = z.strictObject({
  replica: count.describe('counted from 0'),
  state: z.enum(['stopped', 'starting', 'serving', 'replacing', 'backoff', 'failed']),
  isServing: z.boolean(),
  inFlight: count.describe('calls that its processes hold'),
  queued: count.describe('calls that wait for it'),
  restarts: count.describe('starts after it had served'),
  lastError: z.string().nullable(),
  nextStartAt: time.nullable().describe('`null`: it waits for none'),
});

const moduleFields = {
  name: z.string(),
  shadowOf: z
    .string()
    .nullable()
    .describe('the module whose events it sees without a part in the chain; null: it is in the chain'),
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
  replicas: z
    .strictObject({
      wanted: count.describe('the setting `replicas`'),
      serving: count.describe('how many have a process that serves'),
      each: z.array(replica),
    })
    .describe('processes that share the work'),
  hosts: z.array(host).describe('every process, also one that takes over or finishes'),
  onFailure: z.enum(['pass', 'consume']).describe('what its messages get when it gives no verdict'),
  restarts: count.describe('starts after it had served'),
  failedStarts: count.describe('starts that did not become ready'),
  recycled: z
    .strictObject({ messages: count, age: count, memory: count })
    .describe('processes that others took over from, because of `max_messages`, `max_age` or `max_rss`'),
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
  probationUntil: time
    .nullable()
    .describe('until when the process before the present one is kept, to take over again; null: none is'),
  takenBack: z
    .string()
    .nullable()
    .describe('why the last reload of the module was taken back: it runs as before that reload; null: it was not'),
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
    filtered: count.describe('messages that its match left out; not in total'),
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
  quarantine: QUARANTINE_DOCUMENTS,
  shadow: SHADOW_DOCUMENTS,
  promote: PROMOTE_DOCUMENTS,
  reload: [
    z.strictObject({
      replaced: names.describe('modules with a new process'),
      added: names,
      removed: names,
      configured: names.describe('only settings that need no new process'),
      unchanged: names,
      left: names.describe('changed, but the reload was for others, or they failed on probation meanwhile'),
      stopped: names.describe('those that an operator has stopped, so the reload did not start them'),
      settings: names.describe('global settings that changed and are now in use'),
      needRestart: names.describe('global settings that need a restart of the core'),
      changes: z
        .array(
          z.strictObject({
            module: z.string(),
            settings: names.describe(
              'settings that differ, by their keys: `deadline`, `limits.memory`, `env.NAME`, `config.KEY`',
            ),
            file: z
              .boolean()
              .describe(
                'the file at its path is another one than its process has loaded; false when the path has changed',
              ),
          }),
        )
        .describe('what differs in modules that are replaced, configured or left'),
      probation: names.describe('modules whose old processes are kept for now, to take over again'),
      wentBack: z
        .array(z.strictObject({ module: z.string(), reason: z.string() }))
        .describe('modules that failed on probation: they are as before the reload'),
      cutShort: z
        .array(
          z.strictObject({
            module: z.string(),
            afterMs: count.describe('how long the probation lasted'),
            reason: z.string(),
          }),
        )
        .describe(
          'modules whose probation ended before its time, as they were stopped, restarted, reloaded or removed',
        ),
      dryRun: z.boolean().describe('with --dry-run: all of this is what a reload would do; nothing was changed'),
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
  crashes: CRASHES_DOCUMENTS,
} as const satisfies Record<string, readonly z.ZodType[]>;

/** Verbs that print several documents, a line each. */
export const BY_LINE: ReadonlySet<string> = new Set(['check', 'logs', 'send', 'try']);
