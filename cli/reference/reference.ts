/** The command line as data, read from the commands themselves. Its documentation and completion are made from it. */

import type { Argument, Command, Option } from 'commander';

/** What a word may be completed to. */
export type Completes =
  | { kind: 'nothing' }
  | { kind: 'file' }
  | { kind: 'shared-object' }
  | { kind: 'directory' }
  /** The name of a module of a running core. */
  | { kind: 'module' }
  /** The id of a crash card. */
  | { kind: 'crash' }
  | { kind: 'words'; words: string[] };

/** One option. */
export interface ReferenceOption {
  long: string;
  short: string | null;
  /** As in its help: `<file>`; `null` for one that takes nothing. */
  value: string | null;
  optional: boolean;
  description: string;
  /** In words; `null`: none. */
  default: string | null;
  completes: Completes;
}

/** One argument. */
export interface ReferenceArgument {
  /** As in its help: `[text...]`. */
  shown: string;
  description: string;
  variadic: boolean;
  completes: Completes;
}

/** One verb. */
export interface ReferenceVerb {
  name: string;
  summary: string;
  arguments: ReferenceArgument[];
  options: ReferenceOption[];
}

/** All of it. */
export interface Reference {
  name: string;
  summary: string;
  version: string;
  options: ReferenceOption[];
  verbs: ReferenceVerb[];
}

const HELP: ReferenceOption = {
  long: '--help',
  short: '-h',
  value: null,
  optional: false,
  description: 'display help for the command',
  default: null,
  completes: { kind: 'nothing' },
};

/** Reads a program; what is hidden from its help is left out. */
export function readReference(program: Command): Reference {
  return {
    name: program.name(),
    summary: program.description(),
    version: program.version() ?? '',
    options: [...program.options.filter(({ hidden }) => !hidden).map(readOption), HELP],
    verbs: visibleVerbs(program).map((verb) => ({
      name: verb.name(),
      summary: verb.description(),
      arguments: verb.registeredArguments.map((argument) => readArgument(argument)),
      options: [...verb.options.filter(({ hidden }) => !hidden).map(readOption), HELP],
    })),
  };
}

/** All verbs except `help`. */
function visibleVerbs(program: Command): readonly Command[] {
  const visible = program.createHelp().visibleCommands(program);
  return program.commands.filter((verb) => visible.includes(verb) && verb.name() !== 'help');
}

function readArgument(argument: Argument): ReferenceArgument {
  const name = argument.name();
  const dots = argument.variadic ? '...' : '';
  return {
    shown: argument.required ? `<${name}${dots}>` : `[${name}${dots}]`,
    description: argument.description,
    variadic: argument.variadic,
    completes: argument.argChoices ? words(argument.argChoices) : completesOf(name),
  };
}

function readOption(option: Option): ReferenceOption {
  const [, value = null] = /([<[][^>\]]+[>\]])/.exec(option.flags) ?? [];
  const isPlain = typeof option.defaultValue === 'string' || typeof option.defaultValue === 'number';
  return {
    long: option.long ?? '',
    short: option.short ?? null,
    value,
    optional: option.optional,
    description: option.description,
    default: value !== null && isPlain ? String(option.defaultValue) : null,
    completes: option.argChoices ? words(option.argChoices) : completesOf(value?.replace(/[<>[\]]/g, '') ?? ''),
  };
}

function words(words: readonly string[]): Completes {
  return { kind: 'words', words: [...words] };
}

/** By the name that the help shows: one word means the same everywhere. */
function completesOf(name: string): Completes {
  if (name === 'name' || name === 'names') return { kind: 'module' };
  if (name === 'crash') return { kind: 'crash' };
  if (name === 'so' || name === 'so-file' || name === 'files') return { kind: 'shared-object' };
  if (name === 'file') return { kind: 'file' };
  return name === 'dir' ? { kind: 'directory' } : { kind: 'nothing' };
}

/** `mesibo-modules VERB ...` as in a synopsis. */
export function synopsisOf({ name, arguments: args }: ReferenceVerb, options = '[options]'): string {
  return [name, options, ...args.map(({ shown }) => shown)].join(' ');
}

/** An option as it is shown: `-f, --follow`, `--config <file>`. */
export function flagsOf({ short, long, value }: ReferenceOption): string {
  return [short ? `${short}, ${long}` : long, value].filter((part) => part !== null).join(' ');
}
