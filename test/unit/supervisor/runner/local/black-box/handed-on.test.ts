import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { HandedOnNotes } from '../../../../../../src/supervisor/runner/local/black-box/handed-on.js';
import { formatHeader, readHeader } from '../../../../../../src/wire/black-box.js';
import { makeTempDir } from '../../../../../helpers/temp-dir.js';

let path: string;
let fd: number;
beforeEach(() => {
  path = join(makeTempDir(), 'box');
  fd = openSync(path, 'w+');
  writeSync(fd, formatHeader(1, 65536));
});
afterEach(() => closeSync(fd));

const noted = () => readHeader(fd)?.handedOn;

it('notes each message behind the position where it began', () => {
  const notes = new HandedOnNotes(fd);
  notes.begin(2 ** 40);
  notes.handedOn();
  expect(noted()).toEqual({ position: 2 ** 40, sends: 1 });
  notes.handedOn();
  expect(noted()).toEqual({ position: 2 ** 40, sends: 2 });
  notes.begin(2 ** 40 + 8);
  // Still true, and not worth a write.
  expect(noted()).toEqual({ position: 2 ** 40, sends: 2 });
  notes.handedOn();
  expect(noted()).toEqual({ position: 2 ** 40 + 8, sends: 1 });
});

it('goes on from the position of another core, and touches nothing else', () => {
  const before = readFileSync(path);
  const notes = new HandedOnNotes(fd);
  notes.begin(64, 5);
  notes.handedOn();
  expect(noted()).toEqual({ position: 64, sends: 6 });
  const after = readFileSync(path);
  after.fill(0, 96, 112);
  expect(after.equals(before)).toBe(true);
});
