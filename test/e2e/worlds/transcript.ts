/** What a module did in one place, in lines that are the same in every place. */

/** What one run of a fixture came to. */
export interface Transcript {
  /** What it logged, sent and answered, in its order. */
  deeds: string[];
  /** The lines that it printed to standard output and error, sorted: the two are read apart from each other. */
  printed: string[];
}

/** The lines of a control program, which writes them as they are wanted. */
export function readControl(told: string, printed: string): Transcript {
  return { deeds: linesOf(told), printed: linesOf(printed).sort() };
}

/** The documents of `run --in-process --json`. */
export function readReference(stdout: string, printed: string): Transcript {
  const deeds = documentsOf(stdout).flatMap((told) => {
    // A complaint is the loader's own word on the file.
    if (told.event === 'loaded' || told.event === 'complaint') return [];
    if (told.event === 'log') return [`log ${told.level} ${told.text}`];
    if (told.event === 'send') return [`send ${told.params.to} ${told.message}`];
    if (told.event === 'outcome') return [`answer ${told.verdict} ${told.message}`];
    return [`${told.event} ${JSON.stringify(told)}`];
  });
  return { deeds, printed: linesOf(printed).sort() };
}

/** The documents of `try --json`; what it says on standard error is no part of them. */
export function readHost(stdout: string, stderr: string): Transcript {
  const printed: string[] = [];
  const deeds = documentsOf(stdout).flatMap((told) => {
    if (told.sent) return [`send ${told.sent.params.to} ${told.sent.message}`];
    if (told.died) return [`died ${told.died.text}`];
    if (told.verdict) return [answerOf(told)];
    const { source, level, text } = told.log;
    if (source === 'stdout' || source === 'stderr') printed.push(text);
    // What the supervisor says is its own word on the file.
    return source === 'module' ? [`log ${level} ${text}`] : [];
  });
  return { deeds: [...deeds, ...linesOf(stderr)], printed: printed.sort() };
}

function answerOf({ verdict, message, trace }: Told): string {
  const given = trace[0]?.default;
  return `answer ${verdict} ${message}${given === null ? '' : ` by default: ${given}`}`;
}

// biome-ignore lint/suspicious/noExplicitAny: the comparison shows anything unexpected
type Told = any;

function documentsOf(text: string): Told[] {
  return linesOf(text).map((line) => JSON.parse(line));
}

function linesOf(text: string): string[] {
  return text.split('\n').filter((line) => line !== '');
}
