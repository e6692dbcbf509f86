/** Why a host is replaced although nothing is wrong with it. */

/** The setting that a host has reached. */
export type RecycleCause = Wear['cause'];

/** How far a host has come, and the setting that it has reached. */
export type Wear =
  | { cause: 'messages'; messages: number; maxMessages: number }
  | { cause: 'age'; ageMs: number; maxAgeMs: number }
  | { cause: 'memory'; memoryBytes: number; maxRssBytes: number };
