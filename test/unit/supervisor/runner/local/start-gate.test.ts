import { beforeEach, describe, expect, it, vi } from 'vitest';
import { StartGate, type Urgency } from '../../../../../src/supervisor/runner/local/start-gate.js';

describe('a gate for two at a time', () => {
  let gate: StartGate;
  let begun: string[];
  let leave: Record<string, () => void>;
  beforeEach(() => {
    gate = new StartGate(2);
    begun = [];
    leave = {};
  });
  const enter = (name: string, urgency: Urgency = 'first') => {
    leave[name] = gate.enter(urgency, () => begun.push(name));
  };

  it('lets in two at once, and the others in their order as these leave', () => {
    for (const name of ['a', 'b', 'c', 'd']) enter(name);
    expect(begun).toEqual(['a', 'b']);
    leave.b?.();
    expect(begun).toEqual(['a', 'b', 'c']);
    leave.a?.();
    expect(begun).toEqual(['a', 'b', 'c', 'd']);
  });

  it('lets in the next host of a module before first hosts, and spares last', () => {
    for (const name of ['a', 'b']) enter(name);
    enter('spare', 'spare');
    enter('first');
    enter('next', 'next');
    for (const name of ['a', 'b', 'next', 'first']) leave[name]?.();
    expect(begun).toEqual(['a', 'b', 'next', 'first', 'spare']);
  });

  it('never begins a start that has left before its turn, and counts each once', () => {
    for (const name of ['a', 'b', 'c', 'd', 'e']) enter(name);
    leave.c?.();
    leave.a?.();
    leave.a?.();
    expect(begun).toEqual(['a', 'b', 'd']);
  });

  it('is not held up by a host that never comes up', () => {
    vi.useFakeTimers();
    try {
      for (const name of ['a', 'b', 'c']) enter(name);
      vi.advanceTimersByTime(9_999);
      expect(begun).toEqual(['a', 'b']);
      vi.advanceTimersByTime(1);
      expect(begun).toEqual(['a', 'b', 'c']);
      leave.a?.();
      expect(vi.getTimerCount()).toBe(1);
    } finally {
      vi.useRealTimers();
    }
  });

  it('gives back the place of a start that could not begin', () => {
    const failing = () => {
      throw new Error('no');
    };
    for (let i = 0; i < 5; i++) expect(() => gate.enter('first', failing)).toThrow('no');
    for (const name of ['a', 'b']) enter(name);
    expect(begun).toEqual(['a', 'b']);
  });
});
