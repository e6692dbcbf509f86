/** A card that is not stored: of a module that was tried, or run in one process. */

import type { CrashCard } from '../../../src/crashes/card.js';
import { readBlamedLines } from '../../../src/crashes/source-lines.js';
import { renderReport } from '../../render/crashes/report.js';
import { viewOf } from '../../terminal/io.js';

/** The report, for a person. */
export function renderUnstored(card: CrashCard): string {
  return renderReport(card, { source: readBlamedLines(card), bodies: null, isStored: false }, viewOf(process.stdout));
}
