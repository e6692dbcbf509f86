import { describe, expect, it } from 'vitest';
import { formatLock, parseLock } from '../../src/lock-file.js';

const [a, b] = ['0123456789abcdef', 'fedcba9876543210'] as const;

describe('the text of a lock file', () => {
  it.each([
    ['', null, []],
    ['4711\n', 4711, []],
    ['4711', 4711, []],
    [`4711\n${a}\n`, 4711, [a]],
    [`4711\n${a}\n${b}\n`, 4711, [a, b]],
    // What a writer that was killed may have left of a longer text behind its own.
    [`4711\n${a}\n${b.slice(5)}\n`, 4711, [a]],
    [`4711\n${a}\n${a}\n`, 4711, [a]],
    ['0\n', null, []],
    ['-1\n', null, []],
    ['12345678901\n', null, []],
    ['4711 4712\n', null, []],
    [`${a}\n`, null, []],
    [`\n${a}\n`, null, [a]],
    ['\0\0\0\0', null, []],
    [`4711\n${a.toUpperCase()}\n../../etc\n`, 4711, []],
  ])('%j names the core %s and the runs %j', (text, pid, runIds) => {
    expect(parseLock(text)).toEqual({ pid, kind: 'daemon', runIds, stateDir: null });
  });

  it('is read as it was written', () => {
    expect(parseLock(formatLock(4711, [a, b]))).toEqual({ pid: 4711, kind: 'daemon', runIds: [a, b], stateDir: null });
    expect(formatLock(1, [])).toBe('1\n');
    for (const kind of ['daemon', 'embedded', 'bare'] as const)
      for (const runIds of [[], [a], [a, b]])
        for (const stateDir of [null, '/var/lib/mesibo modules', `/tmp/${a}`, '/tmp/größe'])
          expect(parseLock(formatLock(4711, runIds, { kind, stateDir }))).toEqual({
            pid: 4711,
            kind,
            runIds,
            stateDir,
          });
    expect(parseLock(formatLock(4711, [a], { stateDir: `/tmp/\n${b}` }))).toMatchObject({
      runIds: [a],
      stateDir: null,
    });
  });
});
