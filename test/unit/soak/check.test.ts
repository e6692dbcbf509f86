import { describe, expect, it } from 'vitest';
import { check } from '../../../bench/soak/check.js';
import { checkAnswers } from '../../../bench/soak/check-answers.js';
import { stepsOf } from '../../../bench/soak/check-call.js';
import type { Answer, Evidence } from '../../../bench/soak/evidence.js';
import type { JournalRecord } from '../../../bench/soak/journal.js';
import { passThrough, senderOf } from '../../../bench/soak/message.js';
import { consumes, find, honestEvidence, killLast, passes, removeDelivery, sends } from './honest.js';

/** The kinds of what is found when an honest run is falsified. */
function findIn(falsify: (evidence: Evidence) => void): string[] {
  const evidence = honestEvidence();
  falsify(evidence);
  return check(evidence).map(({ kind }) => kind);
}

const first = (evidence: Evidence): Answer => evidence.answers[0] as Answer;

describe('what may happen', () => {
  it('an honest run, in which modules pass, consume and send', () => {
    const evidence = honestEvidence();
    expect(check(evidence)).toEqual([]);
    for (const wanted of [passes, consumes, sends]) expect(() => find(evidence, 0, wanted)).not.toThrow();
  });

  it.each([0, 1, 2, 3, 4])('a module killed after %i of its steps, with the default in its place', (kept) => {
    expect(findIn((evidence) => killLast(evidence, 'crash', kept))).toEqual([]);
  });

  it('a default without the module', () => {
    expect(findIn((evidence) => killLast(evidence, 'down', 0))).toEqual([]);
  });

  it('an intent of a module that died before it could send', () => {
    expect(
      findIn((evidence) => {
        const { answer } = find(evidence, 2, sends);
        killLast(evidence, 'crash', 2);
        removeDelivery(evidence, 'journal_2', answer.number);
      }),
    ).toEqual([]);
  });

  it('a refused send that is not delivered', () => {
    expect(
      findIn((evidence) => {
        const { answer } = refuse(evidence);
        removeDelivery(evidence, 'journal_0', answer.number);
      }),
    ).toEqual([]);
  });
});

/** Has the first module told that a send was refused. */
function refuse(evidence: Evidence) {
  const found = find(evidence, 0, sends);
  (found.call[2] as JournalRecord).value = -1;
  return found;
}

describe('lost and doubled', () => {
  it.each<[string, string[], (evidence: Evidence) => void]>([
    ['a message without an answer', ['lost'], (evidence) => void evidence.answers.shift()],
    ['two answers to one message', ['doubled', 'disorder'], (evidence) => void evidence.answers.push(first(evidence))],
    [
      'a message that a module was given again after it had decided',
      ['doubled'],
      (evidence) => {
        const { call } = find(evidence, 0, passes);
        call.push(...call);
      },
    ],
    [
      'a message that a module was given again after it had been killed',
      ['doubled'],
      (evidence) => {
        const { call } = find(evidence, 0, passes);
        call.unshift(call[0] as JournalRecord);
      },
    ],
  ])('%s', (_, kinds, falsify) => expect(findIn(falsify)).toEqual(kinds));
});

describe('answers that contradict the journal', () => {
  it.each<[string, string[], (evidence: Evidence) => void]>([
    [
      'a verdict that the module did not give',
      ['journal'],
      (evidence) => {
        const { answer, entry } = find(evidence, 2, passes);
        entry.verdict = 'consumed';
        Object.assign(answer.outcome, { verdict: 'consumed', by: entry.module });
      },
    ],
    [
      'a verdict of its own that is not in the journal',
      ['journal'],
      (evidence) => void find(evidence, 0, passes).call.pop(),
    ],
    [
      'a verdict of its own of a module that never saw the message',
      ['journal'],
      (evidence) => {
        find(evidence, 0, passes).call.length = 0;
      },
    ],
    ['a module that is said to have been down, and worked', ['journal'], (evidence) => killLast(evidence, 'down', 1)],
    [
      'a module that worked after the chain had ended',
      ['journal', 'disorder'],
      (evidence) => {
        const { answer } = find(evidence, 0, consumes);
        evidence.members[1]?.journal.set(answer.number, find(evidence, 1, passes).call);
      },
    ],
    [
      'a module that was given another payload than the one before it left',
      ['journal'],
      (evidence) => {
        (find(evidence, 1, passes).call[0] as JournalRecord).hash ^= 1;
      },
    ],
    [
      'a module that was given another refid than the one before it left',
      ['journal'],
      (evidence) => {
        (find(evidence, 1, passes).call[0] as JournalRecord).refid ^= 1n;
      },
    ],
    [
      'a module that left another payload than is its to leave',
      ['journal'],
      (evidence) => {
        (find(evidence, 1, passes).call[1] as JournalRecord).hash ^= 1;
      },
    ],
    [
      'one call in two processes',
      ['journal'],
      (evidence) => {
        (find(evidence, 1, passes).call[1] as JournalRecord).pid += 1;
      },
    ],
    [
      'an outcome with another payload',
      ['message'],
      (evidence) => {
        first(evidence).outcome.payload[3] = 0xff;
      },
    ],
    [
      'an outcome with another refid',
      ['message'],
      (evidence) => {
        first(evidence).outcome.params.refid ^= 1n;
      },
    ],
    [
      'changes of a call that has the default verdict',
      ['message', 'message'],
      (evidence) => {
        const { answer } = find(evidence, 2, sends);
        const { payload, params } = answer.outcome;
        const { refid } = params;
        killLast(evidence, 'crash', 4);
        Object.assign(answer.outcome, { payload, params: { ...params, refid } });
      },
    ],
  ])('%s', (_, kinds, falsify) => expect(findIn(falsify)).toEqual(kinds));
});

describe('answers that contradict themselves', () => {
  it.each<[string, (evidence: Evidence) => void]>([
    ['no trace', (evidence) => void find(evidence, 0, consumes).answer.outcome.trace.pop()],
    ['a trace that ends too early', (evidence) => void find(evidence, 2, passes).answer.outcome.trace.pop()],
    ['modules in another order', (evidence) => void first(evidence).outcome.trace.reverse()],
    [
      'a chain that goes on after a consumption',
      (evidence) => {
        find(evidence, 1, passes).entry.verdict = 'consumed';
      },
    ],
    [
      'a default verdict that is not the configured one',
      (evidence) => Object.assign(find(evidence, 1, passes).entry, { default: 'crash' }),
    ],
    [
      'a verdict that is not that of the trace',
      (evidence) => {
        find(evidence, 2, passes).answer.outcome.verdict = 'consumed';
      },
    ],
    [
      'the wrong module as the one that consumed',
      (evidence) => {
        find(evidence, 1, consumes).answer.outcome.by = 'journal_0';
      },
    ],
  ])('%s', (_, falsify) => expect(findIn(falsify)).toEqual(['trace']));
});

describe('times', () => {
  it('a verdict may come 100 ms after its deadline, and not later', () => {
    const take = (micros: number) => findIn((evidence) => Object.assign(find(evidence, 0, passes).entry, { micros }));
    expect(take(1_100_000)).toEqual([]);
    expect(take(1_100_001)).toEqual(['late']);
  });

  it.each([consumes, passes])('a whole answer has the limit of the chain, as earlier ones may hold it up', (wanted) => {
    const take = (ms: number) =>
      findIn((evidence) => {
        // The last, so that nobody is overtaken.
        const { answer } = find(evidence, wanted === consumes ? 0 : 2, wanted);
        answer.answeredMs = answer.offeredMs + ms;
      });
    expect(take(2600)).toEqual([]);
    expect(take(2601)).toEqual(['late']);
  });
});

describe('the order of a conversation', () => {
  const swapped = <T>(list: T[], a: number, b: number) => {
    [list[a], list[b]] = [list[b] as T, list[a] as T];
  };

  it('is that of the answers, and other conversations do not matter', () => {
    expect(findIn(({ answers }) => swapped(answers, 20, 21))).toEqual([]);
    expect(findIn(({ answers }) => swapped(answers, 20, 27))).toEqual(['disorder']);
  });

  it.each([0, 1, 2])('is that in which the module in slot %i began', (slot) => {
    const swapIn = (isOther: (one: number, other: number) => boolean) =>
      findIn(({ members }) => {
        const member = members[slot] as Evidence['members'][number];
        const calls = [...member.journal];
        const at = calls.findIndex(([number], i) => i > 0 && isOther(calls[0]?.[0] ?? 0, number));
        swapped(calls, 0, at);
        member.journal = new Map(calls);
      });
    expect(swapIn((one, other) => other === one + 1)).toEqual([]);
    expect(swapIn((one, other) => senderOf(one) === senderOf(other))).toContain('disorder');
  });
});

describe('a module that was removed', () => {
  const absence = { module: 'journal_0', fromMs: 0, toMs: 1000 };
  const remove = (evidence: Evidence) => {
    const { answer } = find(evidence, 2, passes);
    const { number, outcome } = answer;
    outcome.trace.shift();
    evidence.members[0]?.journal.delete(number);
    let message = evidence.original(number);
    for (const slot of [1, 2]) {
      evidence.members[slot]?.journal.set(
        number,
        stepsOf(message, slot).map((step) => ({ ...step, pid: 1, number })),
      );
      message = passThrough(message, slot);
    }
    Object.assign(outcome, { payload: message.payload });
    outcome.params.refid = message.refid;
    removeDelivery(evidence, 'journal_0', number);
  };

  it('may be missing only in the trace of a message that was in progress then', () => {
    const kindsWith = (absences: Evidence['absences']) => {
      const evidence = honestEvidence();
      remove(evidence);
      evidence.absences = absences;
      return [...new Set(checkAnswers(evidence).map(({ kind }) => kind))];
    };
    expect(kindsWith([absence])).toEqual([]);
    expect(kindsWith([{ ...absence, toMs: null }])).toEqual([]);
    expect(kindsWith([])).toEqual(['trace']);
    expect(kindsWith([{ ...absence, module: 'journal_1' }])).toEqual(['trace']);
    expect(kindsWith([{ ...absence, fromMs: 900 }])).toEqual(['trace']);
    expect(kindsWith([{ ...absence, toMs: 0 }])).toEqual(['trace']);
  });
});

describe('sends', () => {
  it.each<[string, string[], (evidence: Evidence) => void]>([
    ['a success that was not delivered', ['send-lost'], (evidence) => void evidence.deliveries.shift()],
    [
      'a success of a module that died, and was not delivered',
      ['send-lost'],
      (evidence) => {
        const { answer } = find(evidence, 2, sends);
        killLast(evidence, 'crash', 3);
        removeDelivery(evidence, 'journal_2', answer.number);
      },
    ],
    [
      'a delivery twice',
      ['send-doubled'],
      (evidence) => void evidence.deliveries.push(...evidence.deliveries.slice(0, 1)),
    ],
    [
      'a delivery that nobody had intended',
      ['send-false'],
      (evidence) => {
        const { answer } = find(evidence, 0, passes);
        evidence.deliveries.push({ module: 'journal_0', number: answer.number, hash: 1, refid: 1n });
      },
    ],
    [
      'a delivery of a module that does not exist',
      ['send-false'],
      (evidence) => void evidence.deliveries.push({ module: 'other', number: 1, hash: 1, refid: 1n }),
    ],
    [
      'another payload than was sent',
      ['send-false'],
      (evidence) => {
        (evidence.deliveries[0] as { hash: number }).hash ^= 1;
      },
    ],
    [
      'another refid than was sent',
      ['send-false'],
      (evidence) => {
        (evidence.deliveries[0] as { refid: bigint }).refid ^= 1n;
      },
    ],
    ['a delivery of what was refused', ['send-false'], (evidence) => void refuse(evidence)],
  ])('%s', (_, kinds, falsify) => expect(findIn(falsify)).toEqual(kinds));
});

describe('the share of default verdicts', () => {
  it('is at most one in a hundred', () => {
    const evidence = honestEvidence();
    const verdicts = evidence.answers.reduce((sum, { outcome }) => sum + outcome.trace.length, 0);
    for (let i = 0; i < Math.floor(verdicts / 100); i++) killLast(evidence, 'crash', 0);
    expect(check(evidence)).toEqual([]);
    killLast(evidence, 'crash', 0);
    expect(check(evidence).map(({ kind }) => kind)).toEqual(['defaults']);
  });
});
