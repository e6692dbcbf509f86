import { describe, expect, it, test } from 'vitest';
import { renderQuarantine } from '../../../../cli/render/quarantine/list.js';
import { renderQuarantined } from '../../../../cli/render/quarantine/show.js';
import { findTroubles } from '../../../../cli/render/troubles.js';
import { countColumns } from '../../../../cli/text/columns.js';
import { quarantined } from '../../../helpers/quarantine.js';
import { serving, statusOf } from '../../../helpers/statuses.js';
import { withoutColour } from '../../../helpers/without-colour.js';

const nowMs = Date.parse('2026-11-30T14:30:00.000Z');
const plain = { nowMs, width: Number.POSITIVE_INFINITY, colour: false, options: ['--run-dir', '/r'] };

describe('the list', () => {
  test('has a line for each message, and says how to go on', () => {
    const exit = quarantined({
      id: 'filter-ffffffffffff',
      signal: null,
      exitCode: 7,
      messageId: '0',
      from: null,
      state: 'counted',
    });
    expect(renderQuarantine([quarantined(), exit], plain).split('\n')).toEqual(
      [
        '       LAST  MODULE  MESSAGE  FROM   TO   SIZE  BY       CRASHES  WITHHELD  STATE     ID',
        '2h 30m ago  filter     4711  alice  bob  12 B  SIGSEGV        1         2  withheld  filter-0123456789ab',
        '2h 30m ago  filter        -  -      bob  12 B  exit 7         1         2  counted   filter-ffffffffffff',
        '',
        'to see one: mesibo-modules --run-dir /r quarantine show ID',
        'to give one to its module again: mesibo-modules --run-dir /r quarantine release ID',
      ].map((line, at) => (at === 0 ? line.slice(1) : line)),
    );
  });

  test.each([100, 80, 60])('fits into %d columns, and keeps what names a message', (width) => {
    const long = quarantined({ from: 'x'.repeat(200), to: 'ä'.repeat(200), messageId: `${2n ** 64n - 1n}` });
    const lines = renderQuarantine([long], { ...plain, options: [], width, colour: true })
      .split('\n')
      .map(withoutColour);
    expect(Math.max(...lines.map(countColumns))).toBeLessThanOrEqual(width);
    expect(lines[1]).toContain('filter-0123456789ab');
  });

  test('shows no control character of a message', () => {
    const evil = quarantined({ from: '\u001b]0;x\u0007', to: '\u202e', id: 'filter-\u001b', module: '\u009b1m' });
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
    expect(renderQuarantine([evil], plain)).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: as above.
    expect(renderQuarantined(evil, plain)).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
  });
});

describe('one message', () => {
  it('is told with what it was, what it did and what to do', () => {
    expect(renderQuarantined(quarantined(), plain).split('\n')).toEqual([
      'filter-0123456789ab: this build of module filter does not get the message. That ends in 21h 30m. It was withheld 2 times.',
      '',
      'The message',
      '  id    4711',
      '  from  alice',
      '  to    bob',
      '  type  1',
      '  size  12 bytes',
      '  hash  cccccccccccc',
      '',
      'The crashes',
      '  ended by   SIGSEGV',
      '  how often  1',
      '  when       2h 30m ago',
      '  build      sha256 aaaaaaaaaaaa',
      '  card       mesibo-modules --run-dir /r crashes show filter-20261130T120000Z-4',
      '',
      'What to try',
      '  - see whether it kills the module again, and where: mesibo-modules --run-dir /r quarantine replay filter-0123456789ab',
      '  - correct the module, put the new file in its place, and load it: mesibo-modules --run-dir /r reload filter; the new build gets the message',
      '  - give the message to this build again: mesibo-modules --run-dir /r quarantine release filter-0123456789ab',
    ]);
  });

  it.each([
    ['lifted', /module filter runs another build now, which gets the message\./],
    ['counted', /module filter still gets the message, which has not killed it often enough\./],
  ] as const)('that is %s says so', (state, says) => {
    expect(renderQuarantined(quarantined({ state, withheld: 0, cardId: null }), plain)).toMatch(says);
  });
});

describe('the status', () => {
  it('says how many messages are in quarantine, and nothing when there is none', () => {
    const troubles = (count: number) => findTroubles(statusOf({ ...serving, quarantined: count }), nowMs);
    expect(troubles(0)).toEqual([]);
    expect(troubles(1).map(({ what }) => `${what}`)).toEqual([
      '1 message is in quarantine: this build does not get it again, because it ended its process',
    ]);
    expect(troubles(3).map(({ what, remedy }) => `${what}; ${remedy}`)).toEqual([
      '3 messages are in quarantine: this build does not get them again, because they ended its process; mesibo-modules quarantine list --module filter',
    ]);
  });

  it('of a core that does not know of the quarantine is shown as before', () => {
    const { quarantined: _, ...older } = serving;
    expect(findTroubles(statusOf(older as typeof serving), nowMs)).toEqual([]);
  });
});

test('what is lifted needs no new build, and what is counted is not withheld', () => {
  const advice = (state: 'withheld' | 'lifted' | 'counted') =>
    renderQuarantined(quarantined({ state }), plain).split('What to try\n')[1];
  expect(advice('withheld')).toMatch(/correct the module.*\n.*give the message to this build again/);
  expect(advice('lifted')).not.toMatch(/correct the module|give the message to this build/);
  expect(advice('lifted')).toContain('if the build before comes back, it does not get the message');
  expect(advice('counted')).toContain('forget these crashes');
});
