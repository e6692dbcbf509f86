/** Where an event came from: what modules send because of it goes back there. */
export interface Origin {
  /** The name of the server. */
  readonly server: string;
  /** The event, as that server names it. */
  readonly eventId: bigint;
  /** How often what modules sent has gone through the chain again to lead to this event; 0: a server's own. */
  readonly hops: number;
}
