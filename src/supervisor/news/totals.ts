/** The counters of a module: pure. */

import type { DefaultReason, ModuleTotals } from '../types.js';

type Counters = { [name: string]: number | Counters };

/** Nothing was counted. */
export function noTotals(): ModuleTotals {
  return {
    own: { pass: 0, consumed: 0 },
    defaults: { pass: noReasons(), consumed: noReasons() },
    late: 0,
    filtered: 0,
    restarts: 0,
    failedStarts: 0,
    recycled: { messages: 0, age: 0, memory: 0 },
    relocated: 0,
    takenBack: 0,
    crashes: { crash: 0, exit: 0, hang: 0, unreachable: 0, memory: 0, limit: 0 },
    sends: { total: 0, undelivered: 0, refused: 0 },
    dropped: { logLines: 0, outputBytes: 0 },
    endedCpuSeconds: 0,
  };
}

/** The same, which stays as it is. */
export function copyTotals(totals: ModuleTotals): ModuleTotals {
  const { own, defaults, recycled, crashes, sends, dropped } = totals;
  return {
    ...totals,
    own: { ...own },
    defaults: { pass: { ...defaults.pass }, consumed: { ...defaults.consumed } },
    recycled: { ...recycled },
    crashes: { ...crashes },
    sends: { ...sends },
    dropped: { ...dropped },
  };
}

/** What was counted since. */
export function since<T extends Counters>(before: T, now: T): T {
  const counted = Object.entries(now).map(([name, count]) => {
    const old = before[name] as typeof count;
    return [name, typeof count === 'number' ? count - (old as number) : since(old as Counters, count)];
  });
  return Object.fromEntries(counted) as T;
}

function noReasons(): Record<DefaultReason, number> {
  return { crash: 0, hang: 0, deadline: 0, down: 0, overload: 0, quarantine: 0 };
}
