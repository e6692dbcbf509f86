/** Where everything is announced: the events that listeners of a supervisor get. */

import type { EventEmitter } from 'node:events';
import type { Callback } from '../../wire/event-kinds.js';
import type { WireParams } from '../../wire/params.js';
import type {
  CrashKeeper,
  DeathEvidence,
  LifecycleEvent,
  LogLine,
  SendKeeper,
  SentMessage,
  SupervisorEvents,
  WatchEvent,
  WentBackEvent,
} from '../types.js';
import type { UndeliveredKind } from './dropped-output.js';
import type { ChainEvents } from './module-news.js';
import type { SentMessages } from './sent-messages.js';

const LEVELS = { error: 0, warn: 1, info: 2 } as const;

/** Emits for one supervisor. */
export class Announcer implements ChainEvents {
  readonly #emitter: EventEmitter<SupervisorEvents>;
  readonly #sentMessages: SentMessages;
  readonly #keeper: SendKeeper | null;
  readonly #crashKeeper: CrashKeeper | null;

  /**
   * @param keeper takes what modules send; `null`: those who listen do
   * @param crashKeeper keeps what is known of deaths; `null`: nobody does
   */
  constructor(
    emitter: EventEmitter<SupervisorEvents>,
    sentMessages: SentMessages,
    keeper: SendKeeper | null,
    crashKeeper: CrashKeeper | null,
  ) {
    this.#emitter = emitter;
    this.#sentMessages = sentMessages;
    this.#keeper = keeper;
    this.#crashKeeper = crashKeeper;
  }

  message(sent: SentMessage, params: WireParams): UndeliveredKind | null {
    this.#sentMessages.remember(sent, params);
    return this.recovered(sent, params);
  }

  /** A message that a killed core left: nobody remembers it. @returns why nobody took it; `null`: somebody did */
  recovered(sent: SentMessage, params: WireParams): UndeliveredKind | null {
    const undelivered = this.#keeper === null ? this.#offer(sent) : this.#keep(this.#keeper, sent, params);
    this.#emit(() => this.#emitter.emit('sent', sent));
    return undelivered;
  }

  lifecycle(event: LifecycleEvent): void {
    this.#emit(() => this.#emitter.emit('lifecycle', event));
  }

  callbacks(callbacks: Callback[]): void {
    this.#emit(() => this.#emitter.emit('callbacks', callbacks));
  }

  log(line: LogLine): void {
    this.#emit(() => this.#emitter.emit('log', line));
  }

  died(evidence: DeathEvidence): void {
    this.#emit(() => this.#crashKeeper?.died(evidence));
  }

  /** A module that is watched was reloaded, or could not be. */
  watched(event: WatchEvent): void {
    this.#emit(() => this.#emitter.emit('watched', event));
  }

  wentBack(event: WentBackEvent): void {
    this.#emit(() => this.#emitter.emit('wentBack', event));
  }

  /** What the core itself has to say of a module. */
  say(module: string, level: 'error' | 'warn' | 'info', text: string): void {
    const line = { time: Date.now(), module, generation: null, source: 'supervisor' } as const;
    this.log({ ...line, level: LEVELS[level], text: `module ${module}: ${text}` });
  }

  /** A warning of the core itself. */
  warn(text: string): void {
    this.log({ time: Date.now(), module: null, generation: null, source: 'supervisor', level: 1, text });
  }

  #keep(keeper: SendKeeper, sent: SentMessage, params: WireParams): UndeliveredKind | null {
    return this.#emit(() => keeper.keep(sent, params)) ? null : 'failed';
  }

  #offer(sent: SentMessage): UndeliveredKind | null {
    if (this.#emitter.listenerCount('message') === 0) return 'unheard';
    return this.#emit(() => this.#emitter.emit('message', sent)) ? null : 'failed';
  }

  /**
   * A listener that throws must not tear a state change apart: its error surfaces on its own.
   *
   * @returns whether none did
   */
  #emit(emit: () => void): boolean {
    try {
      emit();
      return true;
    } catch (error) {
      setImmediate(() => {
        throw error;
      });
      return false;
    }
  }
}
