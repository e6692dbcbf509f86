import { expect, it } from 'vitest';
import { figuresOf } from '../../../bench/soak/figures.js';
import { formatResult } from '../../../bench/soak/report.js';
import type { SoakResult } from '../../../bench/soak/soak.js';
import { honestEvidence } from './honest.js';

const result: SoakResult = {
  ...figuresOf(honestEvidence(200)),
  violations: [],
  seconds: 2,
  kills: { SIGSEGV: 2, SIGKILL: 1, SIGSTOP: 0, hang: 1 },
  orders: null,
  restarts: 4,
  deaths: { crash: 3, hang: 1, exit: 0 },
  directory: null,
};

it('says all figures, and only what there is', () => {
  const lines = formatResult(result);
  expect(lines[0]).toMatch(/^messages {4}200 answered in 2\.0 s \(100\/s\), \d+ consumed$/);
  expect(lines).toContain('kills       4: 2 SIGSEGV, 1 SIGKILL, 1 hang');
  expect(lines).toContain('restarts    4 after 3 crash, 1 hang');
  expect(lines.at(-1)).toBe('violations  0');
  const orders = { reload: 3, restart: 2, stop: 0, remove: 1 };
  expect(formatResult({ ...result, orders })).toContain('orders      6: 3 reload, 2 restart, 1 remove');
});

it('shows violations, not too many, and where the journals are', () => {
  const violations = Array.from({ length: 22 }, (_, i) => ({ kind: 'lost' as const, text: `message ${i}` }));
  const lines = formatResult({ ...result, violations, directory: '/tmp/x' });
  expect(lines).toContain('violations  22: 22 lost');
  expect(lines).toContain('  lost: message 19');
  expect(lines.slice(-2)).toEqual(['  and 2 more', '  the journals are in /tmp/x']);
});
