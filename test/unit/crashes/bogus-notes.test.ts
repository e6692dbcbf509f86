import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { expect, it } from 'vitest';
import { buildCard } from '../../../src/crashes/build-card.js';
import { parseCard } from '../../../src/crashes/parse-card.js';
import { readCrashNote } from '../../../src/wire/crash-note.js';
import { areaMaker, makeEvidence } from '../../helpers/death-evidence.js';
import { seeded } from '../../helpers/random.js';
import { makeTempDir } from '../../helpers/temp-dir.js';

it('is small, valid and soon made whatever 10,000 crash areas have in them', { timeout: 120_000 }, () => {
  const makeArea = areaMaker(seeded(19));
  const file = join(makeTempDir(), 'area');
  const fd = openSync(file, 'w+');
  const beganMs = performance.now();
  for (let i = 0; i < 10_000; i++) {
    writeSync(fd, makeArea(), 0, undefined, 0);
    const note = readCrashNote(fd, 0);
    const card = buildCard(makeEvidence({ note }));
    const text = JSON.stringify(card);
    expect(text.length).toBeLessThan(1 << 20);
    if (i % 100 === 0) expect(parseCard(text, card.id)).toBeTruthy();
  }
  closeSync(fd);
  // Some 0.3 ms each. This is to fail when one takes as long as a message may.
  expect((performance.now() - beganMs) / 10_000).toBeLessThan(10);
});
