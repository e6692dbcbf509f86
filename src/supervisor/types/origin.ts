/** Where an event came from: what modules send because of it goes back there. */
export interface Origin {
  /** The name of the server. */
  readonly server: string;
  /** The event, as that server names it; `null`: it is one that has no id, such as the status of a send. */
  readonly eventId: bigint | null;
  /** How often what modules sent has gone through the chain again to lead to this event; 0: a server's own. */
  readonly hops: number;
}
