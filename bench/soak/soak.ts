/** The soak: messages through three modules that journal what they do, while their hosts are killed. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import type { SentMessage, Supervisor } from 'mesibo-modules';
import { check } from './check.js';
import { ATTACK_LIMITS, CHAIN, LIMITS, type Limits, makeChain, makeCore, startAll } from './core.js';
import type { Evidence, Violation } from './evidence.js';
import { type Figures, figuresOf } from './figures.js';
import { readJournal } from './journal.js';
import { Killer } from './killer.js';
import { runLoad } from './load.js';
import { hashOf, makeMessage, senderOf } from './message.js';
import { Orderer, type OrderKind } from './orderer.js';
import { type Kill, type KillKind, planKills } from './plan.js';

/** How much, and from which seed. */
export interface SoakOptions {
  messages: number;
  kills: number;
  /** Of each module; kills hit one of them. */
  replicas?: number;
  seed: number;
  /** Whether modules are reloaded, restarted, stopped, started, removed and brought back between the kills. */
  attack?: boolean;
  limits?: Limits;
}

/** The result of a soak. */
export interface SoakResult extends Figures {
  violations: Violation[];
  seconds: number;
  /** Kills that ended a host. */
  kills: Record<KillKind, number>;
  /** Orders that were carried out; `null`: none were given. */
  orders: Record<OrderKind, number> | null;
  restarts: number;
  /** As the core counts them. */
  deaths: Record<string, number>;
  /** Journals of a run with violations; they are left there. */
  directory: string | null;
}

const CONCURRENCY = 64;
/** An answer that is this late, after its last possible moment, is lost. */
const LOST_AFTER_MS = 30_000;

/**
 * Runs a soak.
 *
 * @throws {Error} when the core cannot be started, or refuses a message
 */
export async function runSoak(options: SoakOptions): Promise<SoakResult> {
  const { messages, kills, seed, replicas = 1, attack = false } = options;
  const limits = { ...(options.limits ?? (attack ? ATTACK_LIMITS : LIMITS)), replicas };
  const directory = mkdtempSync(join(tmpdir(), 'mm-soak-'));
  const journalOf = (slot: number): string => join(directory, `${slot}.journal`);
  const core = makeCore(directory, journalOf, limits);
  const plan = planKills(seed, messages, kills);
  const evidence = beginEvidence(seed, messages, plan, limits);
  watch(core, evidence);
  const killer = new Killer(core, plan);
  const orderer = new Orderer(core, (without) => makeChain(journalOf, limits, without), seed);
  let seconds: number;
  let counted: Pick<SoakResult, 'restarts' | 'deaths'>;
  try {
    await startAll(core);
    const beganMs = performance.now();
    const patienceMs = limits.chainDeadlineMs + LOST_AFTER_MS;
    const offer = (number: number): Promise<void> => {
      const answered = offerOne(core, evidence, number);
      killer.offered(number);
      orderer.offered(number);
      return answered;
    };
    if (attack) orderer.start();
    await runLoad({ first: 1, last: messages, concurrency: CONCURRENCY, patienceMs, offer });
    seconds = (performance.now() - beganMs) / 1000;
    await orderer.stop();
    counted = countDeaths(core);
  } finally {
    await killer.stop();
    await orderer.stop();
    await core.stop();
  }
  // Read the journals only now: until a host has ended, it may go on with calls that the core has given up.
  for (const [slot, member] of evidence.members.entries()) member.journal = readJournal(journalOf(slot));
  evidence.absences = orderer.absences;
  const violations = check(evidence);
  if (violations.length === 0) rmSync(directory, { recursive: true });
  const figures = figuresOf(evidence);
  const killed = { ...signals(killer), hang: figures.hangs };
  return {
    ...figures,
    ...counted,
    violations,
    seconds,
    kills: killed,
    orders: attack ? ordersOf(orderer) : null,
    directory: violations.length === 0 ? null : directory,
  };
}

function beginEvidence(seed: number, messages: number, plan: Kill[], limits: Limits): Evidence {
  const hangs = new Map(plan.filter(({ kind }) => kind === 'hang').map(({ number, slot }) => [number, slot]));
  return {
    messages,
    original: (number) => makeMessage(seed, number, hangs.get(number) ?? null),
    members: CHAIN.map((member) => ({ ...member, journal: new Map() })),
    answers: [],
    deliveries: [],
    changes: [],
    absences: [],
    limits,
  };
}

function watch(core: Supervisor, { changes, deliveries }: Evidence): void {
  core.on('lifecycle', (event) => {
    if (event.kind !== 'ready' && event.kind !== 'exited') return;
    changes.push({ atMs: performance.now(), module: event.module, pid: event.pid, kind: event.kind });
  });
  core.on('message', ({ module, params, payload }: SentMessage) => {
    deliveries.push({ module, number: Number(params.id), hash: hashOf(payload), refid: params.refid });
  });
}

async function offerOne(core: Supervisor, evidence: Evidence, number: number): Promise<void> {
  const { payload, refid } = evidence.original(number);
  const offeredMs = performance.now();
  const answer = core.onMessage({ id: number, refid, from: senderOf(number), to: 'somebody' }, payload);
  const outcome = await answer;
  evidence.answers.push({ number, offeredMs, answeredMs: performance.now(), outcome });
}

function countDeaths(core: Supervisor): Pick<SoakResult, 'restarts' | 'deaths'> {
  let restarts = 0;
  const deaths: Record<string, number> = {};
  for (const module of core.status().modules) {
    restarts += module.restarts;
    for (const [cause, count] of Object.entries(module.crashes.byCause)) deaths[cause] = (deaths[cause] ?? 0) + count;
  }
  return { restarts, deaths };
}

function ordersOf({ done }: Orderer): Record<OrderKind, number> {
  const count = (kind: OrderKind): number => done.get(kind) ?? 0;
  return { reload: count('reload'), restart: count('restart'), stop: count('stop'), remove: count('remove') };
}

function signals({ done }: Killer): Omit<Record<KillKind, number>, 'hang'> {
  const count = (kind: KillKind): number => done.get(kind) ?? 0;
  return { SIGSEGV: count('SIGSEGV'), SIGKILL: count('SIGKILL'), SIGSTOP: count('SIGSTOP') };
}
