/** What a host executes: the one table of the kinds of events, for chain, calls, host, black box and shim. */

/** Which queue an event waits in: messages do not wait for notifications, nor these for messages. */
export type Lane = 'message' | 'notification';

/** One kind of event that a module is called for. */
export interface EventKind {
  /** The callback of a module, as a host names it in Ready.callbacks. */
  callback: Callback;
  lane: Lane;
  /** The number of the field in the message Call of proto/module.proto. Its name is that of the kind. */
  field: number;
  /** The number in the black box: an `enum mm_event` of shim.h. */
  boxNumber: number;
}

/** The callbacks that events are for. */
export type Callback = 'on_message' | 'on_message_status' | 'on_login' | 'on_call' | 'on_call_status';

/** The kinds of events that travel through the chain, by the names of their fields in Call. */
export type CallKind = 'message' | 'status' | 'login' | 'call' | 'callStatus';

/** By kind, in the order of their numbers. */
export const EVENT_KINDS: Readonly<Record<CallKind, EventKind>> = {
  message: { callback: 'on_message', lane: 'message', field: 3, boxNumber: 1 },
  status: { callback: 'on_message_status', lane: 'notification', field: 4, boxNumber: 2 },
  login: { callback: 'on_login', lane: 'notification', field: 5, boxNumber: 3 },
  call: { callback: 'on_call', lane: 'notification', field: 6, boxNumber: 4 },
  callStatus: { callback: 'on_call_status', lane: 'notification', field: 7, boxNumber: 5 },
};

/** Every kind that travels through the chain, in the order of their numbers. */
export const CALL_KINDS = Object.keys(EVENT_KINDS) as readonly CallKind[];

/** What a host may be executing: an event, or a callback of an http request. The callback is not a call of the core. */
export type ExecutedKind = CallKind | 'http';

/** The number in the black box of a callback of an http request: `MM_HTTP` of shim.h. */
export const HTTP_BOX_NUMBER = 6;

/** What a number in the black box means; `null`: nothing is executed, for 0, or the number was overwritten. */
export const EXECUTED_KINDS: readonly (ExecutedKind | null)[] = [null, ...CALL_KINDS, 'http'];

/** Both lanes, in the order in which they are served. */
export const LANES: readonly Lane[] = ['message', 'notification'];
