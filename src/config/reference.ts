/** docs/configuration.md, made from the schema: pure. */

import { LIMIT_KEYS, limitSettings, SANDBOX_KEYS, type SectionRule, sandboxSettings } from './confinement.js';
import {
  CORE_MANUAL,
  LIMITS_MANUAL,
  MATCH_MANUAL,
  MODULE_MANUAL,
  SANDBOX_MANUAL,
  type SettingManual,
} from './manual.js';
import { MATCH_KEYS, matchSettings } from './match.js';
import { HEAD, LIMITS_HEAD, MATCH_HEAD, SANDBOX_HEAD } from './page-text.js';
import { CORE_KEYS, coreSettings, describeExpected, type KeyRule, MODULE_KEYS, moduleSettings } from './schema.js';

/** The page. */
export function configurationPage(): string {
  return [
    '<!-- Made by "npm run docs" from src/config; change that. -->',
    HEAD,
    '## Settings of a module',
    '',
    'They stand in the block of the module.',
    '',
    ...settings(MODULE_KEYS, MODULE_MANUAL, moduleSettings.shape, moduleSettings.parse({})),
    '## Which events a module gets',
    '',
    MATCH_HEAD,
    '',
    ...settings(MATCH_KEYS, MATCH_MANUAL, matchSettings.shape, matchSettings.parse({})),
    '## Limits of a module',
    '',
    LIMITS_HEAD,
    '',
    ...settings(LIMIT_KEYS, LIMITS_MANUAL, limitSettings.shape, limitSettings.parse({})),
    '## The sandbox of a module',
    '',
    SANDBOX_HEAD,
    '',
    ...settings(SANDBOX_KEYS, SANDBOX_MANUAL, sandboxSettings.shape, sandboxSettings.parse({})),
    '## Settings of the core',
    '',
    'They stand outside of blocks.',
    '',
    ...settings(CORE_KEYS, CORE_MANUAL, coreSettings.shape, coreSettings.parse({})),
  ].join('\n');
}

function settings<T>(
  keys: Readonly<Record<string, KeyRule<T> | SectionRule<T>>>,
  manual: Readonly<Record<string, SettingManual>>,
  shape: Parameters<typeof describeExpected>[0],
  defaults: T,
): string[] {
  return Object.entries(keys).flatMap(([key, { field, format }]) => {
    const { what, example } = manual[key] as SettingManual;
    const expected = describeExpected(shape, field).replace(/^expected /, '');
    const otherwise = format(defaults);
    return [
      `### ${key}`,
      '',
      what,
      '',
      `- default: ${otherwise === '' ? 'none' : `\`${otherwise}\``}`,
      `- may be: ${expected}`,
      `- example: \`${key} = ${example}\``,
      '',
    ];
  });
}
