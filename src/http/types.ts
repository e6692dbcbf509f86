/** What HTTP needs of a core. */

/** Whether a core serves, in words. */
export interface Readiness {
  /** Why it does not; empty: it does. */
  reasons: string[];
  /** What does not keep it from serving, and somebody may want to know. */
  notes: string[];
}

/** Gives the metrics of a core at this moment. */
export type MetricsText = () => Promise<{ contentType: string; text: string }>;
