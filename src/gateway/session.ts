/** One connection of a server: what it says, and what it gets. */

import type { Socket } from 'node:net';
import { IllegalStateError, SupervisorError } from '../errors.js';
import type { SendSource } from '../sends/types.js';
import { describeNotTaken } from '../servers/describe-closed.js';
import type { Gate, Gates } from '../servers/gate.js';
import { NameClaim } from '../servers/name-claim.js';
import type { Names, Taker } from '../servers/names.js';
import type { DoorOutcome, Origin, OutcomeTaker } from '../supervisor/types.js';
import type { CallEvent } from '../wire/call-event.js';
import type { FrameError } from '../wire/gateway/frame-error.js';
import {
  type Ack,
  type Failure,
  failureOf,
  type Hello,
  type SendStatus,
  type ServerEvent,
  type ServerFrame,
} from '../wire/gateway/frames.js';
import { inputOf } from '../wire/params.js';
import { Connection } from './connection.js';
import { EventIds } from './event-ids.js';
import { greet } from './greeting.js';
import type { GatewayLimits } from './limits.js';
import type { Load, Share } from './load.js';
import { outcomeFrame, refusedFrame } from './outcomes.js';
import { OutgoingSends } from './outgoing-sends.js';
import { Peer } from './peer.js';
import { statusFailure } from './send-status.js';
import type { GatewayClient, GatewayCore } from './types.js';

/** What all sessions share. */
export interface Surroundings {
  core: GatewayCore;
  sends: SendSource;
  limits: GatewayLimits;
  load: Load;
  gates: Gates;
  names: Names;
  /** What a Welcome says beside the version. */
  welcome(): { coreVersion: string; maxMessage: number; chainDeadlineMs: number; callbacks: string[] };
  /** The core takes no events any more. */
  isStopping(): boolean;
  /** It makes the core hold more than a little. */
  swollen(): void;
  /** It has ended. */
  closed(session: Session): void;
}

/** What an event of a small message takes beside its bytes. */
const EVENT_BYTES = 256;
/** How many unknown ids are repeated in the answer. */
const SHOWN_IDS = 100;
/** A status that is in progress counts like an event. */
const STATUS_BYTES = 256;

/** Why something of a server was not taken. */
function owes(server: string): string {
  return `${describeNotTaken(server)}; acknowledge what came, and read what comes`;
}

/** From the first byte of a connection to its end. */
export class Session implements Share, Taker {
  readonly #surroundings: Surroundings;
  readonly #connection: Connection;
  readonly #peer: Peer;
  readonly #connectedAt = new Date().toISOString();
  readonly #ids = new EventIds();
  readonly #helloTimer: NodeJS.Timeout;
  #hello: Hello | null = null;
  #version = 0;
  #sends: OutgoingSends | null = null;
  /** That of its name, once it is welcome. */
  #gate: Gate | null = null;
  /** How much of {@link events} waits there. */
  #held = 0;
  readonly #claim: NameClaim;
  /** The server sends nothing any more. */
  #isFinished = false;
  /** Nothing more is done for it. */
  #isOver = false;
  events = 0;
  bytes = 0;

  constructor(socket: Socket, surroundings: Surroundings) {
    this.#surroundings = surroundings;
    const { limits, load, names } = surroundings;
    this.#claim = new NameClaim(names, this, (name) => surroundings.sends.remember(name));
    // Now, as its process may end soon.
    this.#peer = new Peer(socket);
    this.#connection = new Connection(socket, limits, {
      frame: (frame) => this.#take(frame),
      invalid: (error) => this.#refuse(error),
      garbled: ({ code, message }) => this.end(failureOf(code, message)),
      // What waits at the gate goes on only when acknowledgements are read.
      mayRead: () => !this.#claim.isPending && (load.hasRoom(this) || this.#isAllHeld),
      drained: () => this.#sends?.write(),
      finished: () => this.#finished(),
      swollen: () => surroundings.swollen(),
      closed: () => this.#close(),
    });
    load.enter(this);
    this.#helloTimer = setTimeout(() => {
      this.end(failureOf('FRAME_INVALID', `no hello came within ${limits.helloMs / 1000} seconds`));
    }, limits.helloMs);
  }

  get #isAllHeld(): boolean {
    return this.#held > 0 && this.#held === this.events;
  }

  /** Its name; empty before its Hello. */
  get server(): string {
    return this.#hello?.server ?? '';
  }

  get instance(): string {
    return this.#hello?.instance ?? '';
  }

  /** What it makes the core hold beside events, in bytes. */
  get heldBytes(): number {
    return this.#connection.heldBytes;
  }

  /** What it does not read, in bytes. */
  get unreadBytes(): number {
    return this.#connection.unreadBytes;
  }

  /** For how long it has not read anything, though there is something. */
  stalledMs(nowMs: number): number {
    return this.#connection.stalledMs(nowMs);
  }

  /** For how long it has not gone on with a frame that it has begun. */
  unfinishedMs(nowMs: number): number {
    return this.#connection.unfinishedMs(nowMs);
  }

  /** As a status shows it. */
  describe(): GatewayClient {
    return {
      server: this.server,
      encoding: this.#connection.encoding,
      takesSends: this.#sends !== null,
      connectedAt: this.#connectedAt,
      inProgress: this.events,
      unacknowledged: this.#sends?.unacknowledged ?? 0,
    };
  }

  /** Tells it how things are now, once it is welcome. */
  welcome(): void {
    if (this.#version === 0) return;
    const window = this.#surroundings.limits.window;
    this.#connection.put({ kind: 'welcome', version: this.#version, window, ...this.#surroundings.welcome() });
  }

  /** Tells it of something that has no answer. Who has not said hello may not even have said which encoding it has. */
  tell(failure: Failure): void {
    if (this.#version !== 0) this.#connection.put(failure);
  }

  yieldSends(): void {
    this.#sends?.detach();
    this.#sends = null;
  }

  resumeSends(): void {
    if (this.#hello === null || this.#isOver) return;
    this.#prepareSends(this.#hello);
    this.#sends?.attachTo(this.#surroundings.sends);
  }

  get isOrphaned(): boolean {
    return this.#peer.hasEnded;
  }

  giveUp(): void {
    const what = `the process that connected has ended, and another one now takes the sends for ${this.server}`;
    this.end(failureOf('SERVER_NAME_TAKEN', what));
  }

  probe(): void {
    this.welcome();
  }

  roomAgain(): void {
    this.#connection.readOn();
  }

  /** Ends it. @param failure - the last words */
  end(failure: Failure | null): void {
    if (this.#isOver) return;
    this.#connection.end(failure && { ...failure, fatal: true });
    this.#leave();
  }

  /** Ends it at once. */
  destroy(): void {
    this.#leave();
    this.#connection.destroy();
  }

  #take(frame: ServerFrame): void {
    if (this.#hello === null && frame.kind !== 'hello') {
      this.end(failureOf('FRAME_INVALID', `the first frame is of kind ${frame.kind}; it must be a hello`));
      return;
    }
    switch (frame.kind) {
      case 'hello':
        this.#greet(frame);
        break;
      case 'event':
        this.#begin(frame);
        break;
      case 'ack':
        this.#acknowledge(frame);
        break;
      case 'send_status':
        this.#forward(frame);
        break;
    }
  }

  #greet(hello: Hello): void {
    if (this.#hello !== null) {
      this.tell(failureOf('FRAME_INVALID', 'a second hello came; a connection may send only one'));
      return;
    }
    clearTimeout(this.#helloTimer);
    try {
      const version = greet(hello);
      this.#hello = hello;
      const later = (isWon: boolean) => this.#claimed(hello, version, isWon);
      if (!hello.takesSends || this.#claim.make(hello.server, later)) this.#welcomeAs(hello, version);
    } catch (error) {
      this.#failed(error);
    }
  }

  /** A moment later; nothing was read from it meanwhile. */
  #claimed(hello: Hello, version: number, isWon: boolean): void {
    if (isWon) {
      try {
        this.#welcomeAs(hello, version);
        this.#connection.goOn();
      } catch (error) {
        this.#failed(error);
      }
      return;
    }
    const remedy = 'end that one, give this one another name, or connect without takes_sends';
    const what = `another process already takes the sends for ${hello.server}`;
    this.end(failureOf('SERVER_NAME_TAKEN', `${what}; ${remedy}`));
  }

  /** @throws what no server can be told */
  #failed(error: unknown): void {
    if (!(error instanceof SupervisorError)) throw error;
    this.end(failureOf(error.code, error.message));
  }

  #welcomeAs(hello: Hello, version: number): void {
    if (hello.takesSends) this.#prepareSends(hello);
    this.#gate = this.#surroundings.gates.enter(hello.server);
    this.#version = version;
    this.welcome();
    this.#sends?.attachTo(this.#surroundings.sends);
  }

  #prepareSends({ server, window }: Hello): void {
    const { limits } = this.#surroundings;
    const own = window === 0 ? limits.usualSendWindow : Math.min(window, limits.sendWindow);
    const connection = this.#connection;
    this.#sends = new OutgoingSends(server, own, {
      get hasRoom() {
        return connection.hasRoom;
      },
      put: (frame) => connection.put(frame),
    });
  }

  #begin({ id, trace, event }: ServerEvent): void {
    if (this.#ids.has(id)) {
      const what = `an event of the id ${id} has no outcome yet; the new one was refused, and the first one continues`;
      this.tell(failureOf('EVENT_ID_TAKEN', what, { eventId: id }));
      return;
    }
    const way = this.#wayIn();
    if (way === 'none') {
      this.#connection.put(refusedFrame(id, 'SENDS_UNACKNOWLEDGED', owes(this.server)));
      return;
    }
    const bytes = EVENT_BYTES + event.heldBytes;
    this.#ids.add(id);
    this.#surroundings.load.begin(this, bytes);
    if (way === 'open') this.#submit(id, trace, event, bytes);
    else {
      const begin = () => this.#submit(id, trace, event, bytes);
      this.#hold(begin, () => {
        this.#endEvent(id, bytes);
        this.#connection.put(refusedFrame(id, 'SENDS_UNACKNOWLEDGED', owes(this.server)));
        if (!this.#isOver) this.#ended();
      });
    }
  }

  /** Whether an event or status that modules may answer with sends can begin or wait at the gate. `open` counts it there. */
  #wayIn(): 'open' | 'gate' | 'none' {
    if (this.#gate === null || this.#gate.begin()) return 'open';
    return this.#surroundings.load.hasRoom(this) ? 'gate' : 'none';
  }

  /** Lets it wait at the gate. */
  #hold(begin: () => void, refuse: () => void): void {
    this.#held += 1;
    const waitsNoMore = (then: () => void) => () => {
      this.#held -= 1;
      then();
    };
    this.#gate?.hold({ owner: this, begin: waitsNoMore(begin), refuse: waitsNoMore(refuse) });
  }

  /** The gate has let it in. */
  #submit(id: bigint, trace: boolean, event: CallEvent, bytes: number): void {
    try {
      const { core, isStopping } = this.#surroundings;
      if (isStopping()) {
        throw new IllegalStateError('CORE_STOPPING', 'the core is stopping, and takes no events any more');
      }
      const inProgress = new EventInProgress(this, id, trace, bytes);
      core.submit(event, inProgress, inProgress);
    } catch (error) {
      this.#endEvent(id, bytes);
      this.#gate?.end();
      if (!(error instanceof SupervisorError)) throw error;
      this.#connection.put(refusedFrame(id, error.code, error.message));
    }
  }

  /** An event has its outcome. */
  decided(id: bigint, trace: boolean, bytes: number, outcome: DoorOutcome): void {
    this.#endEvent(id, bytes);
    this.#gate?.end();
    if (this.#isOver) return;
    this.#connection.put(outcomeFrame(id, trace, outcome), this.events);
    this.#ended();
  }

  #endEvent(id: bigint, bytes: number): void {
    this.#ids.delete(id);
    this.#surroundings.load.end(this, bytes);
  }

  /** Something has come to its end, so that another frame may be read. */
  #ended(): void {
    if (this.#isFinished && this.events === 0) this.end(null);
    else this.#connection.goOn();
  }

  #acknowledge({ sentIds, refused }: Ack): void {
    const unknown = sentIds.filter((sentId) => !this.#sends?.acknowledge(sentId, refused));
    // Only a send that it has read can be acknowledged.
    if (unknown.length < sentIds.length) this.#connection.tookSomething();
    if (unknown.length === 0) return;
    const which = unknown.length === 1 ? 'one id' : `${unknown.length} ids`;
    const first = unknown.length > SHOWN_IDS ? `; the first ${SHOWN_IDS} are in sent_ids` : '';
    const what = `the ack has ${which} without an unacknowledged send on this connection; the core skipped them`;
    this.tell(failureOf('SEND_UNKNOWN', `${what}${first}`, { sentIds: unknown.slice(0, SHOWN_IDS) }));
  }

  #forward({ sentId, status, params }: SendStatus): void {
    const { sends, load } = this.#surroundings;
    const refused = () => failureOf('SENDS_UNACKNOWLEDGED', owes(this.server), { sentIds: [sentId] });
    const way = this.#wayIn();
    if (way === 'none') {
      this.tell(refused());
      return;
    }
    load.begin(this, STATUS_BYTES);
    const over = (failure: Failure | null) => {
      load.end(this, STATUS_BYTES);
      if (this.#isOver) return;
      if (failure) this.tell(failure);
      this.#ended();
    };
    const begin = async () => {
      const given = { sentId, status, params: inputOf(params), server: this.server };
      const failure = await sends.status(given).then(
        () => null,
        (error: Error) => statusFailure(sentId, error),
      );
      this.#gate?.end();
      over(failure);
    };
    // What its module sends because of it is for this server, as with an event.
    if (way === 'open') void begin();
    else this.#hold(begin, () => over(refused()));
  }

  #refuse({ code, message, eventId }: FrameError): void {
    if (this.#hello === null) this.end(failureOf(code, message));
    // With the id of another event, it would look like the outcome of that event.
    else if (eventId === null || this.#ids.has(eventId)) this.tell(failureOf(code, message, { eventId }));
    else this.#connection.put(refusedFrame(eventId, code, message));
  }

  #finished(): void {
    this.#isFinished = true;
    this.#release();
    if (this.events === 0) this.end(null);
  }

  #close(): void {
    this.#leave();
    this.#surroundings.closed(this);
  }

  #leave(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#helloTimer);
    this.#release();
    this.#gate?.leave(this);
    this.#surroundings.load.leave(this);
  }

  /** What modules send goes to somebody else from now on. */
  #release(): void {
    // First, as a source has one taker of each name at a time.
    this.yieldSends();
    this.#claim.release(this.server);
  }
}

/**
 * One event of a session, until its outcome is told. It stays longer as an origin: it says where messages go that modules send
 * because of the event.
 */
class EventInProgress implements OutcomeTaker, Origin {
  readonly server: string;
  readonly eventId: bigint;
  readonly hops = 0;
  #session: Session | null;
  readonly #trace: boolean;
  readonly #bytes: number;

  constructor(session: Session, id: bigint, trace: boolean, bytes: number) {
    this.server = session.server;
    this.eventId = id;
    this.#session = session;
    this.#trace = trace;
    this.#bytes = bytes;
  }

  told(outcome: DoorOutcome): void {
    const session = this.#session;
    // It may be kept long after the connection has gone.
    this.#session = null;
    session?.decided(this.eventId, this.#trace, this.#bytes, outcome);
  }
}
