/** What the metrics of a core are made of, from its parts. */

import type { CoreConfig } from '../config/types.js';
import type { MetricsSource } from '../metrics/types.js';
import { VERSION } from '../paths.js';
import type { Sends } from '../sends/sends.js';
import type { Supervisor } from '../supervisor/supervisor.js';
import type { ServerStatus } from '../supervisor/types.js';

/** The parts. */
export interface FiguresParts {
  supervisor: Supervisor;
  /** `null`: nothing is kept. */
  sends: Sends | null;
  /** The configuration now. */
  inForce(): CoreConfig;
  /** Beside those of the supervisor. */
  problems(): string[];
  servers(): ServerStatus[];
}

/** Of a core that begins now. */
export function figuresOf({ supervisor, sends, inForce, problems, servers }: FiguresParts): MetricsSource {
  const startedAtSeconds = Date.now() / 1000;
  return {
    core: () => ({
      version: VERSION,
      startedAtSeconds,
      problems: supervisor.problems().length + problems().length,
      recoveredSends: supervisor.recoveredSends,
    }),
    modules: () => supervisor.figures(),
    sends: () =>
      sends && {
        counters: sends.counters(),
        maxMessages: inForce().sendQueue,
        maxBytes: inForce().sendBytes,
        away: sends.away(),
        ofModule: (module) => sends.ofModule(module),
      },
    servers,
  };
}
