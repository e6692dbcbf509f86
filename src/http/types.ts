/** What HTTP needs of a core. */

/** Whether a core serves, in words. */
export interface ReadinessWords {
  /** Why it does not; empty: it does. */
  reasons: string[];
  /** What is worth knowing although the core serves. */
  notes: string[];
}

/** The same, with the names of modules and what happened to them. */
export interface Readiness extends ReadinessWords {
  /** For those who may not know these. */
  outline: ReadinessWords;
}

/** Gives the metrics of a core at this moment. */
export type MetricsText = () => Promise<{ contentType: string; text: string }>;
