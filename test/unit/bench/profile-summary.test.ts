import { expect, it } from 'vitest';
import { summarizeProfile } from '../../../bench/speed/figures/profile-summary.js';

const node = (id: number, functionName: string, url = '', lineNumber = 0) => ({
  id,
  callFrame: { functionName, url, lineNumber },
});

it('adds up what each function took itself, the longest first', () => {
  const profile = {
    nodes: [
      node(1, '(idle)'),
      node(2, 'send', 'file:///x/dist/src/a.js', 9),
      node(3, '', 'file:///x/node_modules/p/b.js', 0),
      // Called from somewhere else.
      node(4, 'send', 'file:///x/dist/src/a.js', 9),
      node(5, '(garbage collector)'),
    ],
    samples: [1, 2, 3, 4, 5],
    timeDeltas: [5000, 2000, 1000, 1500, 500],
  };
  expect(summarizeProfile(profile, 2)).toEqual([
    'busy for 5 ms, 50% of the time',
    '  send dist/src/a.js:10              70.0%',
    '  (anonymous) node_modules/p/b.js:1  20.0%',
  ]);
});

it('an empty profile says so', () => {
  expect(summarizeProfile({ nodes: [], samples: [], timeDeltas: [] }, 5)).toEqual(['busy for 0 ms, 0% of the time']);
});
