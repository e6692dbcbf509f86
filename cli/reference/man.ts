/** The manual page: pure. */

import { ENVIRONMENT, type Entry, EXAMPLES, EXIT_CODES, FILES, SIGNALS } from './manual.js';
import { flagsOf, type Reference, type ReferenceOption, synopsisOf } from './reference.js';

/** The page in the language of man(7). */
export function manPage({ name, summary, version, options, verbs }: Reference): string {
  const lower = summary.charAt(0).toLowerCase() + summary.slice(1).replace(/\.$/, '');
  return [
    `.TH ${name.toUpperCase()} 1 "" "${name} ${version}" "User Commands"`,
    '.SH NAME',
    `${roff(name)} \\- ${roff(lower)}`,
    '.SH SYNOPSIS',
    ...verbs.flatMap((verb) => ['.PP', `.B ${roff(name)}`, roff(synopsisOf(verb))]),
    '.SH OPTIONS OF EVERY COMMAND',
    ...options.flatMap(optionLines),
    '.SH COMMANDS',
    ...verbs.flatMap((verb) => [
      `.SS ${roff(synopsisOf(verb))}`,
      `${sentence(verb.summary)}`,
      ...verb.arguments.flatMap(({ shown, description }) => ['.TP', `.I ${roff(shown)}`, sentence(description)]),
      ...verb.options.filter(({ long }) => long !== '--help').flatMap(optionLines),
    ]),
    ...section('EXIT STATUS', EXIT_CODES),
    ...section('ENVIRONMENT', ENVIRONMENT),
    ...section('SIGNALS', SIGNALS),
    ...section('FILES', FILES),
    ...section('EXAMPLES', EXAMPLES),
    '.SH SEE ALSO',
    'docs/configuration and docs/operating in the package;',
    '.BR systemd.service (5),',
    '.BR dlopen (3)',
    '',
  ].join('\n');
}

function section(title: string, entries: Entry[]): string[] {
  return [`.SH ${title}`, ...entries.flatMap(([what, meaning]) => ['.TP', `.B ${roff(what)}`, roff(meaning)])];
}

function optionLines(option: ReferenceOption): string[] {
  const otherwise = option.default === null ? '' : ` Default: ${roff(option.default)}.`;
  return ['.TP', `.B ${roff(flagsOf(option))}`, sentence(option.description) + otherwise];
}

function sentence(text: string): string {
  const said = text.charAt(0).toUpperCase() + text.slice(1);
  return roff(/[.!?]$/.test(said) ? said : `${said}.`);
}

/** Escapes what roff would obey: backslashes, hyphens that are minus signs, a dot or quote at the start of a line. */
function roff(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/^(?=[.'])/, '\\&')
    .replaceAll('"', '\\(dq');
}
