/** Decodes the body of a response as it arrives. */

import { pipeline, Transform, type TransformCallback } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate, createInflateRaw, type Zlib } from 'node:zlib';
import { HttpFailure } from './failure.js';

/** No server has a reason to apply this many codings to one body. */
const MOST_CODINGS = 5;

const DECODERS: Record<string, () => Transform> = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: () => new EitherInflate(),
  br: createBrotliDecompress,
};

/** The standard does not have `none`, but some servers write it. */
const UNCODED = new Set(['identity', 'none']);

/** The events of a decoder. They come at any time after bytes were written to it. */
export interface DecodedBody {
  data(bytes: Buffer): void;
  /** It takes more. */
  drained(): void;
  end(): void;
  failed(failure: HttpFailure): void;
}

/** A chain of decoders. While it is paused, it holds what is written to it; that must be little. */
export class BodyDecoder {
  readonly #first: Transform;
  readonly #last: Transform;
  readonly #stages: Transform[];

  /** @param codings as `codingsOf` returns them, at least one */
  constructor(codings: string[], body: DecodedBody) {
    // The last one applied is the first to be taken off.
    const names = codings.toReversed();
    this.#stages = names.map((name) => (DECODERS[name] as () => Transform)());
    this.#first = this.#stages[0] as Transform;
    this.#last = this.#stages.at(-1) as Transform;
    for (const [i, stage] of this.#stages.entries()) {
      stage.on('error', () => body.failed(new HttpFailure(`the body is not valid ${names[i]}`)));
    }
    // One failure is enough: the stage that had it reports it.
    if (this.#stages.length > 1) pipeline(this.#stages, () => {});
    this.#first.on('drain', () => body.drained());
    this.#last.on('data', (bytes) => body.data(bytes));
    this.#last.on('end', () => body.end());
  }

  /** @returns whether it takes more; if not, `drained` says when it does */
  write(bytes: Uint8Array): boolean {
    return this.#first.write(bytes);
  }

  /** Nothing more is to come. */
  end(): void {
    this.#first.end();
  }

  pause(): void {
    this.#last.pause();
  }

  resume(): void {
    this.#last.resume();
  }

  destroy(): void {
    for (const stage of this.#stages) stage.destroy();
  }
}

/**
 * The codings of a body, in the order in which they were applied.
 *
 * @throws HttpFailure when one is unknown
 */
export function codingsOf(contentEncoding: string): string[] {
  const codings = contentEncoding
    .toLowerCase()
    .split(',')
    .map((coding) => coding.trim())
    .filter((coding) => coding !== '' && !UNCODED.has(coding));
  const unknown = codings.find((coding) => !Object.hasOwn(DECODERS, coding));
  if (unknown !== undefined) throw new HttpFailure(`the body has the encoding "${unknown}", which cannot be decoded`);
  if (codings.length > MOST_CODINGS) throw new HttpFailure(`the body is encoded ${codings.length} times over`);
  return codings;
}

/** `deflate` means the format of zlib, but many servers leave out the header of zlib. */
class EitherInflate extends Transform {
  #inner: (Transform & Zlib) | null = null;

  override _transform(chunk: Buffer, _: BufferEncoding, taken: TransformCallback): void {
    this.#inner ??= this.#open(chunk);
    this.#inner.write(chunk, () => taken());
  }

  override _flush(flushed: TransformCallback): void {
    if (this.#inner === null) {
      flushed();
      return;
    }
    // Bytes behind the end of its stream end a decoder early.
    if (this.#inner.readableEnded) {
      flushed();
      return;
    }
    this.#inner.once('end', () => flushed());
    this.#inner.end();
  }

  override _read(size: number): void {
    this.#inner?.resume();
    super._read(size);
  }

  override _destroy(error: Error | null, destroyed: (error: Error | null) => void): void {
    this.#inner?.destroy();
    destroyed(error);
  }

  #open(chunk: Buffer): Transform & Zlib {
    // The low half of zlib's first byte says "deflate"; without that header it hardly ever has this value.
    const inner = ((chunk[0] ?? 0) & 0x0f) === 8 ? createInflate() : createInflateRaw();
    inner.on('data', (bytes) => {
      if (!this.push(bytes)) inner.pause();
    });
    inner.on('error', (error) => this.destroy(error));
    return inner;
  }
}
