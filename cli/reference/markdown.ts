/** docs/cli.md: pure. */

import { describeJson } from '../json/describe.js';
import { ENVIRONMENT, type Entry, EXAMPLES, EXIT_CODES, SIGNALS } from './manual.js';
import { flagsOf, type Reference, type ReferenceOption, synopsisOf } from './reference.js';

/** The page. */
export function markdownPage({ name, options, verbs }: Reference): string {
  return [
    '<!-- Made by "npm run docs" from the commands themselves; change those. -->',
    '# The command line',
    '',
    `\`${name} help VERB\` shows the same. Results go to stdout, messages for people to stderr; \`--json\` is for programs.`,
    '',
    '## Exit codes',
    '',
    ...table(['code', ''], EXIT_CODES),
    '',
    '## Examples',
    '',
    ...table(['', ''], EXAMPLES),
    '',
    '## Options of every command',
    '',
    ...optionTable(options),
    ...verbs.flatMap((verb) => [
      '',
      `## ${verb.name}`,
      '',
      '```',
      `${name} ${synopsisOf(verb)}`,
      '```',
      '',
      `${sentence(verb.summary)}`,
      ...(verb.arguments.length === 0
        ? []
        : [
            '',
            ...table(
              ['argument', ''],
              verb.arguments.map(({ shown, description }): Entry => [shown, description]),
            ),
          ]),
      ...(verb.options.length <= 1 ? [] : ['', ...optionTable(verb.options.filter(({ long }) => long !== '--help'))]),
    ]),
    '',
    '## Environment',
    '',
    ...table(['variable', ''], ENVIRONMENT),
    '',
    '## Signals',
    '',
    ...table(['signal', ''], SIGNALS),
    '',
    '## JSON',
    '',
    'Fields may be added; those that are there keep their names and meanings.',
    '',
    describeJson(),
    '',
    '## Completion and manual',
    '',
    '`mesibo-modules completion bash`, `zsh` or `fish` prints a script whose first lines say where it belongs. Names of modules',
    'are those of the running core. The manual page is `man mesibo-modules` after a global install, and',
    '`dist/man/mesibo-modules.1` in the package.',
    '',
  ].join('\n');
}

function optionTable(options: readonly ReferenceOption[]): string[] {
  return table(
    ['option', 'default', ''],
    options.map((option) => [flagsOf(option), option.default ?? '', option.description]),
  );
}

function table(headings: string[], rows: readonly string[][]): string[] {
  const code = (text: string) => (text === '' ? '' : `\`${text.replaceAll('|', '\\|')}\``);
  const line = (cells: string[]) => `| ${cells.join(' | ')} |`.replaceAll(/ {2,}/g, ' ');
  const cells = (row: readonly string[]) =>
    row.map((cell, i) => (i < row.length - 1 ? code(cell) : cell.replaceAll('|', '\\|')));
  return [line(headings), line(headings.map(() => '---')), ...rows.map((row) => line(cells(row)))];
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
