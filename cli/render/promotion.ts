/** What a promotion did, for a person: pure. */

import { escapeControl } from '../../src/escape-control.js';
import { coreCommand, sentence } from '../../src/sentence.js';
import type { PromotionReport } from '../../src/supervisor/types.js';
import { wrap } from '../text/wrap.js';
import type { View } from './view.js';

/**
 * What runs now, and which lines of the configuration say something else.
 *
 * @param config - the main file of the core; `null`: it has none
 */
export function renderPromotion(report: PromotionReport, view: View, config: string | null): string {
  const { module, shadow, toChange } = report;
  const paragraph = (text: Parameters<typeof wrap>[0]) => wrap(text, view.width);
  const done = `promoted: module ${module} runs what ${shadow} ran, and ${shadow} shadows it with what ${module} ran`;
  if (toChange.length === 0) return paragraph(done).join('\n');
  const back = sentence`to exchange them back: ${coreCommand('promote', shadow)}`;
  return [
    ...paragraph(done),
    '',
    ...paragraph(`${config ?? 'the configuration'} does not say so yet. In module ${module} { } change:`),
    ...toChange.map(({ key, value }) => `  ${lineOf(key, value, shadow)}`),
    ...paragraph(
      `Then remove module ${shadow} { }, or give it what it is to be next. Until then a reload or a start of the core goes back.`,
    ),
    '',
    ...paragraph(back.withOptions(view.options, view.program)),
  ].join('\n');
}

function lineOf(key: string, value: string | null, shadow: string): string {
  const [section, inner] = key.split('.');
  if (value !== null && inner !== undefined) return `${section} { ${inner} = ${escapeControl(value)} }`;
  if (value !== null) return `${key} = ${escapeControl(value)}`;
  if (key === 'config') return `its own settings, as module ${shadow} { } has them`;
  return key === 'env' ? `env { }, as module ${shadow} { } has it` : `${key}, as module ${shadow} { } has it`;
}
