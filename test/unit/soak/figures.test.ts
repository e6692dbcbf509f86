import { expect, it } from 'vitest';
import { figuresOf } from '../../../bench/soak/figures.js';
import { find, honestEvidence, killLast, passes } from './honest.js';

it('counts verdicts, consumptions, sends and times', () => {
  const evidence = honestEvidence(200);
  const verdicts = evidence.answers.reduce((sum, { outcome }) => sum + outcome.trace.length, 0);
  killLast(evidence, 'crash', 2);
  killLast(evidence, 'crash', 0);
  killLast(evidence, 'hang', 0);
  evidence.answers.forEach((answer, i) => {
    answer.answeredMs = answer.offeredMs + i + 1;
  });
  expect(figuresOf(evidence)).toMatchObject({
    answers: 200,
    consumed: evidence.answers.filter(({ outcome }) => outcome.by !== null).length,
    verdicts: { own: verdicts - 3, defaults: { crash: 2, hang: 1 } },
    recovered: 0,
    hangs: 0,
    sends: { intended: evidence.deliveries.length, delivered: evidence.deliveries.length },
    latencyMs: { p50: 100, p99: 198, max: 200 },
    slowestVerdictMs: 1,
  });
});

it('counts a verdict as recovered when another host had been there first', () => {
  const evidence = honestEvidence(200);
  const { answer, call } = find(evidence, 2, passes);
  const pid = call[0]?.pid as number;
  const module = 'journal_2';
  // The chain comes to the last module 1 ms before the answer.
  const reachedMs = answer.answeredMs - 1;
  const replaced = (readyMs: number) => [
    { kind: 'ready' as const, module, pid: 1, atMs: 0 },
    { kind: 'exited' as const, module, pid: 1, atMs: readyMs - 0.1 },
    { kind: 'ready' as const, module, pid, atMs: readyMs },
  ];
  evidence.answers = [answer];
  evidence.changes = replaced(reachedMs + 0.5);
  expect(figuresOf(evidence).recovered).toBe(1);
  evidence.changes = replaced(reachedMs - 0.5);
  expect(figuresOf(evidence).recovered).toBe(0);
});
