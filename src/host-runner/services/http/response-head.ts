/**
 * Rewrites the head of a response for the strict parser behind it. Pure. Servers write heads by hand: with LF alone, with long
 * cookies, with a field over several lines. A head that has only one meaning is written anew. Every other head is refused: two
 * programs that read the same bytes could find different bodies in them.
 */

/** Fields that are read. All others are left out. */
const READ = new Set([
  'connection',
  'content-encoding',
  'content-length',
  'content-type',
  'keep-alive',
  'location',
  'transfer-encoding',
]);
const STATUS_LINE = /^HTTP\/(1\.[01])[ \t]+([1-9]\d\d)(?:[ \t].*)?$/i;
/** The names of all other fields may be anything, even empty. */
const FIELD = /^(|[^: \t][^:]*):(.*)$/s;
/** For some programs a lone CR ends a line, and a NUL ends a text. */
const NO_LINE = /[\r\0]/;
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** A head, written anew. */
export interface PlainHead {
  status: number;
  /** With the empty line behind it, a character for each byte. */
  text: string;
}

/** Why a head is refused. */
export class HeadRefusal {
  readonly why: string;

  constructor(why: string) {
    this.why = why;
  }
}

/** @param lines - without their ends, a character for each byte */
export function plainHeadOf(lines: readonly string[]): PlainHead | HeadRefusal {
  const [first = '', ...others] = lines;
  const [, version, digits] = STATUS_LINE.exec(first) ?? [];
  if (version === undefined) return new HeadRefusal('the status line is not like "HTTP/1.1 200 OK"');
  const status = Number(digits);
  if (status === 101) return new HeadRefusal('the status 101 changes to another protocol, which nobody asked for');
  const fields = readFields(others);
  if (fields instanceof HeadRefusal) return fields;
  const refusal = settleLength(fields) ?? settleCoding(fields);
  if (refusal) return refusal;
  const written = [...fields].flatMap(([name, values]) => values.map((value) => `${name}: ${value}\r\n`));
  return { status, text: `HTTP/${version} ${status} \r\n${written.join('')}\r\n` };
}

type Fields = Map<string, string[]>;

/** The values of each field that somebody reads. */
function readFields(lines: readonly string[]): Fields | HeadRefusal {
  const fields: Fields = new Map();
  for (const line of unfolded(lines)) {
    if (NO_LINE.test(line)) return new HeadRefusal('the header has a CR without LF, or a NUL');
    const [, name, value] = FIELD.exec(line) ?? [];
    if (name === undefined || value === undefined)
      return new HeadRefusal('a line of the header has no name with a colon');
    const read = name.trim().toLowerCase();
    if (!READ.has(read)) continue;
    // Some programs read "Content-Length : 5" as a length, others do not.
    if (read.length !== name.length) return new HeadRefusal(`there is a space between ${name.trim()} and its colon`);
    if (!VALUE.test(value)) return new HeadRefusal(`${name} has control characters`);
    fields.set(read, [...(fields.get(read) ?? []), value.trim()]);
  }
  return fields;
}

/** A line that begins with a space goes on with the one before. */
function unfolded(lines: readonly string[]): string[] {
  const whole: string[] = [];
  for (const line of lines) {
    if (/^[ \t]/.test(line) && whole.length > 0) whole.push(`${whole.pop()} ${line.trim()}`);
    else whole.push(line);
  }
  return whole;
}

/** Several equal lengths count as one, also in one field with commas. */
function settleLength(fields: Fields): HeadRefusal | null {
  const lengths = fields.get('content-length');
  if (!lengths) return null;
  const said = new Set(lengths.flatMap(membersOf));
  const [length] = said;
  if (said.size > 1) return new HeadRefusal('Content-Length is there with different values');
  if (length === undefined || !/^\d{1,15}$/.test(length)) return new HeadRefusal('Content-Length is not a number');
  fields.set('content-length', [length]);
  return null;
}

/** The body is chunked or plain: the request has asked for nothing else. */
function settleCoding(fields: Fields): HeadRefusal | null {
  const said = fields.get('transfer-encoding');
  if (!said) return null;
  fields.delete('transfer-encoding');
  // Two fields that say the same are the mistake of a proxy. One that says it twice speaks of chunks inside chunks.
  if (said.some((value) => membersOf(value).filter((coding) => coding.toLowerCase() === 'chunked').length > 1))
    return new HeadRefusal('Transfer-Encoding says chunked twice, and the body can be in chunks only once');
  const codings = said.flatMap(membersOf).map((coding) => coding.toLowerCase());
  const other = codings.find((coding) => coding !== 'chunked' && coding !== 'identity');
  if (other !== undefined) return new HeadRefusal(`Transfer-Encoding is "${other}", and only chunked is possible`);
  if (!codings.includes('chunked')) return null;
  if (fields.has('content-length'))
    return new HeadRefusal('Content-Length and Transfer-Encoding contradict each other');
  fields.set('transfer-encoding', ['chunked']);
  return null;
}

function membersOf(value: string): string[] {
  return value.split(',').map((member) => member.trim());
}
