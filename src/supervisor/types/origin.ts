/** Where an event came from. What modules send because of it goes back there. */
export interface Origin {
  /** The name of the server. */
  readonly server: string;
  /** The event, as that server names it; `null`: it is one that has no id, such as the status of a send. */
  readonly eventId: bigint | null;
  /** How often messages of modules went through the chain again before this event; 0: the event came from a server. */
  readonly hops: number;
}
