import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parseConfig } from '../../../src/config/load.js';
import { CORE_MANUAL, MATCH_MANUAL, MODULE_MANUAL } from '../../../src/config/manual.js';
import { MATCH_KEYS } from '../../../src/config/match.js';
import { configurationPage } from '../../../src/config/reference.js';
import { CORE_KEYS, MODULE_KEYS } from '../../../src/config/schema.js';
import { PACKAGE_ROOT } from '../../../src/paths.js';
import { findBlocks } from '../../helpers/doc-blocks.js';

const page = configurationPage();
const parse = (text: string) => parseConfig(text, '/etc/mesibo/mesibo.conf', () => false);

it('docs/configuration.md is generated from the schema; if not: npm run docs', () => {
  expect(readFileSync(join(PACKAGE_ROOT, 'docs/configuration.md'), 'utf8')).toBe(page);
});

it('each setting is explained, in the order of the schema', () => {
  expect(Object.keys(MODULE_MANUAL)).toEqual(Object.keys(MODULE_KEYS));
  expect(Object.keys(CORE_MANUAL)).toEqual(Object.keys(CORE_KEYS));
  for (const line of page.split('\n').filter((line) => line.startsWith('- may be:'))) {
    expect(line).toMatch(/^- may be: \S.{3,}$/);
    expect(line).not.toMatch(/Invalid|undefined/);
  }
});

it('each key of match { } is explained, in the order of the schema, and its example can be', () => {
  expect(Object.keys(MATCH_MANUAL)).toEqual(Object.keys(MATCH_KEYS));
  for (const [key, { example }] of Object.entries(MATCH_MANUAL)) {
    const { warnings, modules } = parse(`module m {\nmatch {\n${key} = ${example}\n}\n}`);
    expect(warnings).toEqual([]);
    expect(modules[0]?.match).not.toBeNull();
  }
});

/** What must be set beside a setting. */
const BESIDE: Record<string, string> = {
  webhook: 'webhook_secret = webhook.secret',
  shadow_of: 'module filter {}',
  shadow_http: 'module filter {}',
};
/** What must be set beside one in the same block. */
const IN_BLOCK: Record<string, string> = { shadow_http: 'shadow_of = filter' };

it.each(Object.entries(MODULE_MANUAL))('the example of %s can be', (key, { example }) => {
  const { warnings, modules } = parse(
    `module m {\n${key} = ${example}\n${IN_BLOCK[key] ?? ''}\n}\n${BESIDE[key] ?? ''}`,
  );
  expect({ warnings, modules }).toMatchObject({ warnings: [], modules: [{ config: [] }, ...modules.slice(1)] });
});

it.each(Object.entries(CORE_MANUAL))('the example of %s can be, outside of modules', (key, { example }) => {
  expect(parse(`${key} = ${example}\n${BESIDE[key] ?? ''}`).warnings).toEqual([]);
});

/** The examples that are configurations. */
const examples = findBlocks(page).flatMap(({ language, text }) => (language === '' ? [text] : []));

it('the first example of the page is a whole configuration', () => {
  expect(parse(examples[0] as string)).toMatchObject({
    warnings: [],
    modules: [{ path: '/usr/lib64/mesibo/mesibo_filter.so', config: [['blocked_words', 'darn,heck']] }],
  });
});

it('the second example of the page is read as its comments say', () => {
  const example = examples[1] as string;
  const { maxMessageBytes, modules } = parse(example);
  expect(maxMessageBytes).toBe(256 * 1024);
  expect(modules).toMatchObject([
    { name: 'filter', deadlineMs: 250, config: [['blocked_words', 'darn,heck']] },
    {
      name: 'translate',
      onFailure: 'pass',
      hangMs: 2000,
      config: [
        ['deadline', 'tomorrow'],
        ['greeting', 'Hello; # and { "more" }'],
      ],
    },
    { name: 'autoreply', config: [] },
  ]);
});
