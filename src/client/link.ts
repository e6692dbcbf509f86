/** The connection to a core: made, lost and made again. It knows frames, and nothing of what they are about. */

import { connect, type Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import { type ErrorCode, SupervisorError } from '../errors.js';
import { FrameReader } from '../wire/framing.js';
import {
  type CoreFrame,
  type Failure,
  GATEWAY_VERSIONS,
  maxFrameBytes,
  type ServerFrame,
  type Welcome,
} from '../wire/gateway/frames.js';
import { FrameOut } from '../wire/gateway/protobuf/frame-out.js';
import { readCoreFrame } from '../wire/gateway/protobuf/read-core-frame.js';
import { readShortOutcome, type ShortOutcome } from '../wire/gateway/protobuf/read-short-outcome.js';
import { writeServerFrame } from '../wire/gateway/protobuf/write-server-frame.js';
import { retryDelayMs } from './retry.js';

/** With more unwritten than this nothing is added, except answers. */
const UNWRITTEN_BYTES = 1024 * 1024;
/** So many frames are worth a write of their own while more are to come. */
const WRITE_FRAMES = 64;
const END_LIMIT_MS = 1_000;
/** After a shorter connection the next attempt waits as after a failed one, because a core may only hang up. */
const STEADY_MS = 1_000;
/** A core that takes longer to welcome counts as not responding. */
const WELCOME_MS = 5_000;

/** `connecting` until the core has welcomed it; `waiting` after an attempt that failed. */
export type LinkState = 'connecting' | 'up' | 'waiting' | 'closed';

/** The user of a link. It may write in these callbacks; that leaves at the end of the turn. */
export interface LinkUser {
  hello(): ServerFrame;
  welcomed(welcome: Welcome, isFirst: boolean): void;
  /** Something came; the next call says what. */
  heard(): void;
  /** The welcome does not come; the connection stays. */
  silent(): void;
  /** Most outcomes. */
  decided(outcome: ShortOutcome): void;
  /** Every other frame. */
  received(frame: Exclude<CoreFrame, Welcome>): void;
  /** The connection is gone, or was never there. */
  ended(error: SupervisorError, wasUp: boolean): void;
  /** There is room to write again. */
  drained(): void;
  /** What it has to add to what leaves now. */
  beforeWrite(): void;
}

/** One connection at a time. */
export class Link {
  readonly #path: string;
  readonly #maxRetryMs: number;
  readonly #user: LinkUser;
  readonly out = new FrameOut();
  #state: LinkState = 'closed';
  #socket: Socket | null = null;
  #reader = new FrameReader(0);
  #failures = 0;
  #upSinceMs = 0;
  #retry: NodeJS.Timeout | null = null;
  #welcomeLimit: NodeJS.Timeout | null = null;
  #failure: Failure | null = null;
  #leaves = false;
  /** Frames that were put and not written. */
  #unwritten = 0;
  readonly #flush = () => {
    this.#leaves = false;
    this.#write();
  };

  constructor(path: string, maxRetryMs: number, user: LinkUser) {
    this.#path = path;
    this.#maxRetryMs = maxRetryMs;
    this.#user = user;
  }

  get state(): LinkState {
    return this.#state;
  }

  /** Whether the core takes what is written. */
  get hasRoom(): boolean {
    return this.#socket !== null && this.#socket.writableLength + this.out.length < UNWRITTEN_BYTES;
  }

  /** Tries to connect, now and whenever that is needed. */
  open(): void {
    this.#state = 'connecting';
    this.#retry = null;
    this.#failure = null;
    this.#reader = new FrameReader(maxFrameBytes(0));
    const socket = connect({ path: this.#path });
    this.#socket = socket;
    this.#welcomeLimit = setTimeout(() => this.#user.silent(), WELCOME_MS);
    let error: Error | null = null;
    socket.on('error', (cause) => {
      error = cause;
    });
    socket.once('connect', () => {
      writeServerFrame(this.out, this.#user.hello());
      this.#write();
    });
    socket.on('data', (chunk) => this.#read(chunk));
    socket.on('drain', () => this.#user.drained());
    socket.once('close', () => this.#ended(socket, error));
  }

  /**
   * A frame was put into {@link out}: it leaves at the end of this turn. When there are many, some leave sooner, so that core and
   * client work at the same time.
   *
   * @param inFlight how many events the core has or will have
   */
  flushSoon(inFlight = 0): void {
    this.#unwritten += 1;
    if (this.#unwritten >= Math.max(WRITE_FRAMES, (3 * inFlight) >> 3)) this.#write();
    if (this.#leaves) return;
    this.#leaves = true;
    process.nextTick(this.#flush);
  }

  /** Writes what is there, and ends the connection. Resolves when it has ended. */
  async close(): Promise<void> {
    if (this.#state === 'closed') return;
    if (this.#state === 'up') this.#write();
    this.#state = 'closed';
    if (this.#retry) clearTimeout(this.#retry);
    this.#stopLimit();
    const socket = this.#socket;
    if (!socket || socket.destroyed) return;
    await new Promise<void>((resolve) => {
      const limit = setTimeout(() => socket.destroy(), END_LIMIT_MS);
      socket.once('close', () => {
        clearTimeout(limit);
        resolve();
      });
      // The core closes its end then; one that does not is not waited for.
      if (socket.connecting) socket.destroy();
      else socket.end();
    });
  }

  #write(): void {
    this.#unwritten = 0;
    const socket = this.#socket;
    if (!socket || socket.connecting || socket.destroyed) return;
    if (this.#state === 'up') this.#user.beforeWrite();
    if (this.out.length > 0) socket.write(this.out.take());
  }

  #read(chunk: Buffer): void {
    const socket = this.#socket;
    this.#user.heard();
    this.#reader.push(chunk);
    // What a frame makes its user do may end the connection.
    while (this.#socket === socket && this.#state !== 'closed') {
      let frame: ShortOutcome | CoreFrame | null;
      try {
        frame = this.#next();
      } catch (cause) {
        socket?.destroy(strange(this.#path, cause));
        return;
      }
      if (frame === null) return;
      if (!('kind' in frame)) this.#user.decided(frame);
      else if (frame.kind === 'welcome') this.#welcomed(frame);
      else if (frame.kind === 'failure' && frame.fatal) this.#failure = frame;
      else this.#user.received(frame);
    }
  }

  /** @throws an error when what came is no frame that may come now */
  #next(): ShortOutcome | CoreFrame | null {
    const reader = this.#reader;
    while (reader.step()) {
      const isUp = this.#state === 'up';
      const short = isUp ? readShortOutcome(reader.bytes, reader.from, reader.to) : null;
      const frame = short ?? readCoreFrame(reader.message);
      // One of a kind that only a newer core knows is skipped.
      if (!frame) continue;
      if ('kind' in frame && frame.kind === 'welcome') requireVersion(frame.version);
      if (!isUp && 'kind' in frame && frame.kind !== 'welcome' && frame.kind !== 'failure') {
        throw new Error(`a frame "${frame.kind}" came before the welcome`);
      }
      return frame;
    }
    return null;
  }

  #welcomed(welcome: Welcome): void {
    const isFirst = this.#state === 'connecting';
    this.#reader.allow(maxFrameBytes(welcome.maxMessage));
    if (isFirst) {
      this.#stopLimit();
      this.#state = 'up';
      this.#upSinceMs = performance.now();
    }
    this.#user.welcomed(welcome, isFirst);
  }

  #ended(socket: Socket, error: Error | null): void {
    if (this.#socket !== socket) return;
    this.#socket = null;
    this.#stopLimit();
    this.out.take();
    if (this.#state === 'closed') return;
    const wasUp = this.#state === 'up';
    const cause = this.#describe(error);
    if (wasUp && performance.now() - this.#upSinceMs >= STEADY_MS) {
      this.#failures = 0;
      this.#state = 'connecting';
      this.#user.ended(cause, true);
      // The listener may have closed it.
      if (this.#isOpen()) this.open();
      return;
    }
    this.#failures += 1;
    this.#state = 'waiting';
    const delay = retryDelayMs(this.#failures, this.#maxRetryMs, Math.random());
    this.#retry = setTimeout(() => this.open(), delay);
    this.#user.ended(cause, wasUp);
  }

  #stopLimit(): void {
    if (this.#welcomeLimit) clearTimeout(this.#welcomeLimit);
    this.#welcomeLimit = null;
  }

  #isOpen(): boolean {
    return this.#state !== 'closed';
  }

  #describe(error: Error | null): SupervisorError {
    if (error instanceof SupervisorError) return error;
    if (this.#failure)
      return new SupervisorError(this.#failure.code as ErrorCode, `the core says: ${this.#failure.message}`);
    const { code } = (error ?? {}) as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ECONNREFUSED') {
      return new SupervisorError('CORE_NOT_RUNNING', `no core listens at ${this.#path}`, {
        remedy: 'is it running?',
        cause: error,
      });
    }
    const what = error ? `: ${error.message}` : '';
    return new SupervisorError('CORE_SILENT', `the core at ${this.#path} ended the connection${what}`, {
      cause: error,
    });
  }
}

function requireVersion(version: number): void {
  if (version >= GATEWAY_VERSIONS.min && version <= GATEWAY_VERSIONS.max) return;
  throw new Error(`its welcome has the unknown protocol version ${version}`);
}

function strange(path: string, cause: unknown): SupervisorError {
  return new SupervisorError(
    'CORE_INCOMPATIBLE',
    `the process that listens at ${path} sent something that is not a frame of the gateway`,
    {
      remedy: 'is it a core?',
      cause,
    },
  );
}
