import { blamedFrame } from '../../../src/crashes/card.js';
import { findCard, readKeptCalls } from '../../../src/crashes/read-cards.js';
import { readSourceLines } from '../../../src/crashes/source-lines.js';
import type { Directories } from '../../../src/directories.js';
import { renderReport } from '../../render/crashes/report.js';
import { printData, viewOf } from '../../terminal/io.js';
import type { CrashesOptions } from './options.js';

/** `crashes show`: the card as a report. */
export function showCrash({ stateDir }: Directories, given: string, { body, json }: CrashesOptions): void {
  const card = findCard(stateDir, given);
  const bodies = body ? readKeptCalls(stateDir, card.id) : null;
  if (json) return printData(JSON.stringify(bodies === null ? card : { ...card, bodies }));
  const frame = blamedFrame(card.frames);
  const source =
    frame?.source && frame.line !== null ? readSourceLines(frame.source, frame.line, Date.parse(card.time)) : null;
  printData(renderReport(card, { source, bodies, isStored: true }, viewOf(process.stdout)));
}
