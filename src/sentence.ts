/** A sentence for a person, with the commands in it as data, so that the code that prints it can treat commands specially. */

/** This program, as everything that is stored names it. */
export const PROGRAM = 'mesibo-modules';

/**
 * A command to give. `core`: one of ours, for the core in question; the words are those after `mesibo-modules`, and the code
 * that prints it adds the options that lead to that core. `shell`: any other, with the program as its first word.
 */
export interface ToldCommand {
  kind: 'core' | 'shell';
  /** None of them quoted. */
  words: readonly string[];
}

/** Words for a person, in one or several lines. */
export class Sentence {
  readonly parts: readonly (string | ToldCommand)[];

  constructor(parts: readonly (string | ToldCommand)[]) {
    this.parts = parts;
  }

  /** As plain text, each command as a shell takes it. */
  toString(): string {
    return this.parts
      .map((part) => (typeof part === 'string' ? part : wordsOf(part).map(quoteWord).join(' ')))
      .join('');
  }

  /** With each text and each word of a command changed, as for a terminal. */
  map(change: (text: string) => string): Sentence {
    return new Sentence(
      this.parts.map((part) => (typeof part === 'string' ? change(part) : { ...part, words: part.words.map(change) })),
    );
  }

  /**
   * With options in the commands that are for a core, so that they reach the right one.
   *
   * @param program - how this program is typed, in all commands of ours
   */
  withOptions(options: readonly string[], program: readonly string[] = [PROGRAM]): Sentence {
    const add = (part: string | ToldCommand): string | ToldCommand => {
      if (typeof part === 'string') return part;
      const { kind, words } = part;
      if (kind === 'core') return shellCommand(...program, ...options, ...words);
      return words[0] === PROGRAM ? shellCommand(...program, ...words.slice(1)) : part;
    };
    return new Sentence(this.parts.map(add));
  }

  /** Its lines, each of its own. */
  lines(): Sentence[] {
    const lines: (string | ToldCommand)[][] = [[]];
    for (const part of this.parts) {
      if (typeof part !== 'string') {
        lines.at(-1)?.push(part);
        continue;
      }
      const [first = '', ...others] = part.split('\n');
      lines.at(-1)?.push(first);
      lines.push(...others.map((text) => [text]));
    }
    return lines.map((parts) => new Sentence(parts));
  }
}

/** A sentence as it is written; what is put into it keeps its commands. */
export function sentence(
  texts: TemplateStringsArray,
  ...values: readonly (string | number | ToldCommand | Sentence)[]
): Sentence {
  const parts = texts.flatMap((text, at) => [text, ...(at < values.length ? partsOf(values[at] ?? '') : [])]);
  return new Sentence(parts.filter((part) => part !== ''));
}

/** Several in a row, with a text in between. */
export function joinSentences(sentences: readonly (string | Sentence)[], between: string): Sentence {
  return new Sentence(sentences.flatMap((one, at) => [...(at === 0 ? [] : [between]), ...partsOf(one)]));
}

/** The sentence from parts of another version; `null`: this version does not know a kind of part in it. */
export function readSentence(parts: unknown): Sentence | null {
  return Array.isArray(parts) && parts.every(isPart) ? new Sentence(parts) : null;
}

function isPart(part: unknown): part is string | ToldCommand {
  if (typeof part === 'string') return true;
  const { kind, words } = (part ?? {}) as Partial<ToldCommand>;
  if (kind !== 'core' && kind !== 'shell') return false;
  return Array.isArray(words) && words.every((word) => typeof word === 'string');
}

/** A command of ours for the core that is spoken of, as `coreCommand('logs', name)`. */
export function coreCommand(...words: string[]): ToldCommand {
  return { kind: 'core', words };
}

/** A command of ours that needs no core, as `ownCommand('try', file)`. */
export function ownCommand(...words: string[]): ToldCommand {
  return shellCommand(PROGRAM, ...words);
}

/** Any other command, as `shellCommand('kill', '-KILL', '7')`. */
export function shellCommand(...words: string[]): ToldCommand {
  return { kind: 'shell', words };
}

/** All words of a command, with the program. */
export function wordsOf({ kind, words }: ToldCommand): readonly string[] {
  return kind === 'core' ? [PROGRAM, ...words] : words;
}

/** A word as a shell takes it. */
export function quoteWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

function partsOf(value: string | number | ToldCommand | Sentence): readonly (string | ToldCommand)[] {
  if (value instanceof Sentence) return value.parts;
  return [typeof value === 'number' ? String(value) : value];
}
