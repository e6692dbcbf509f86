/** The page of HTTP: each of its commands, with curl. */

import { expect } from 'vitest';
import type { Block } from '../../helpers/doc-blocks.js';
import type { Clone } from './clone.js';
import { file, type How, type Step, sh } from './steps.js';

/** The page has one port; here the system chooses it. */
const PORT: [string, string] = ['127.0.0.1:7780', '127.0.0.1:0'];
const ADDRESS: [string, string] = ['127.0.0.1:7780', '$(cat address)'];
const FIND = `npx mesibo-modules status --json | '${process.execPath}' -e '
  let text = ""; process.stdin.on("data", (chunk) => { text += chunk; })
    .on("end", () => console.log(JSON.parse(text).core.http));' > address`;

const asks = (how: How = {}): Step => sh({ ...how, change: [ADDRESS] });

/** Starts the core before the first question, as only then its address is known. */
const begins: Step = (block: Block, clone: Clone) => {
  const [start = '', question = ''] = block.text.split('\ncurl ');
  sh({ after: FIND })({ ...block, text: start }, clone);
  asks()({ ...block, text: `curl ${question}` }, clone);
};

/** What the block before has printed, but for times and ids. */
const answered: Step = ({ language, text }, clone) => {
  expect(language).toBe('');
  const timeless = (said: string) =>
    said
      .replaceAll(/"micros":\d+/g, '"micros":N')
      .replaceAll(/[0-9a-f]+-autoreply-\d+-[0-9a-z]+/g, 'ID')
      .replaceAll(/"id":"\d{10,19}"/g, '"id":"N"')
      .trim();
  expect(timeless(clone.printed.replaceAll('}{', '}\n{'))).toBe(timeless(text));
};

/** A step for each of its blocks. */
export const HTTP: Step[] = [
  file('mesibo.conf', { change: [PORT] }),
  begins,
  answered,
  asks(),
  answered,
  asks(),
  answered,
  asks({ prints: ['"by":null'] }),
  // It ends itself, when its time is up.
  asks(),
  answered,
  asks({ prints: ['{"sentId":"', '{"sentId":"'] }),
  asks(),
  answered,
  asks(),
  answered,
];
