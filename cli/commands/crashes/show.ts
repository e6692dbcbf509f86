import { findCard, readKeptCalls } from '../../../src/crashes/read-cards.js';
import { readBlamedLines } from '../../../src/crashes/source-lines.js';
import type { Directories } from '../../../src/directories.js';
import { renderReport } from '../../render/crashes/report.js';
import { printData, viewOf } from '../../terminal/io.js';
import type { CrashesOptions } from './options.js';

/** `crashes show`: the card as a report. */
export function showCrash({ stateDir }: Directories, given: string, { body, json }: CrashesOptions): void {
  const card = findCard(stateDir, given);
  const bodies = body ? readKeptCalls(stateDir, card.id) : null;
  if (json) {
    printData(JSON.stringify(bodies === null ? card : { ...card, bodies }));
    return;
  }
  const source = readBlamedLines(card);
  printData(renderReport(card, { source, bodies, isStored: true }, viewOf(process.stdout)));
}
