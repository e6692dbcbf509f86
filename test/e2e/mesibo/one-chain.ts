/** Scenarios for modules that are behind a bridge, and what can be compared of them. */

import { chainOf, MODULES, modulesOf, type Occurrence, type Scenario, showText } from '../equivalence/scenario.js';
import type { BridgeAbi } from './bridge.js';

/**
 * A core has one chain, so each event goes through the first one. A server of the ABI `table` knows fewer parameters. The status of
 * what a module sent goes to that module alone, so each status is of a message that nobody sent: not in earlier scenarios, either.
 *
 * @param number - of the scenario, among those that the same core has
 */
export function behindBridge(scenario: Scenario, abi: BridgeAbi, number: number): Scenario {
  const chain = scenario.chains[0] ?? [];
  // All modules of the core are called; one without rules does nothing.
  const rules = scenario.rules.map((lines, place) => (chain.includes(place) ? lines : []));
  return { rules, chains: [chain], events: scenario.events.map(adapt) };

  function adapt(event: Occurrence, index: number): Occurrence {
    const isStatus = event.function === 'status';
    const from = isStatus ? Buffer.from(`sender of ${number}-${index}`) : event.from;
    // In a group, a status may name the sender as `to`.
    const to = isStatus && event.to !== null ? Buffer.from(`receiver of ${number}-${index}`) : event.to;
    if (abi !== 'table') return { ...event, from, to };
    const { sid: _sid, device: _device, status, uflags = 0n, ...scalars } = event.scalars;
    const own = isStatus && status !== undefined ? { ...scalars, status } : scalars;
    return { ...event, from, to, scalars: { ...own, uflags: uflags & 1n } };
  }
}

/** All modules, in the order in which a core calls them: those of the chain, and others, which have no rules. */
export function orderOf(scenario: Scenario): number[] {
  const used = modulesOf(scenario);
  return [...used, ...MODULES.map((_, place) => place).filter((place) => !used.includes(place))];
}

/** What came of an event, as far as a server sees it: not who did it. */
export interface Plain {
  end: string;
  /** What was sent, in any order, without its id. */
  sends: string[];
  ids: string[];
}

/** The same for the transcript of a world. */
export function plainly(lines: readonly string[], abi: BridgeAbi): Plain {
  const end = (lines.at(-1) ?? '').replace(/^consumed by \w+:/, 'consumed:');
  const sends = lines.slice(0, -1).flatMap((line) => /^\w+ (sends \[[\s\S]*)$/.exec(line)?.[1] ?? []);
  return {
    end: known(end, abi),
    sends: sends.map((line) => known(line, abi).replace(/ id=\d+/, '')).sort(),
    ids: sends.map((line) => / id=(\d+)/.exec(line)?.[1] ?? ''),
  };
}

/** Whether an event had the same results. A core gives an id to a message that a module sends without one. */
export function isSame(direct: Plain, bridged: Plain): boolean {
  const ids = [...bridged.ids];
  return (
    direct.end === bridged.end &&
    JSON.stringify(direct.sends) === JSON.stringify(bridged.sends) &&
    direct.ids.every((id) => id === '0' || ids.splice(ids.indexOf(id), ids.includes(id) ? 1 : 0).length === 1)
  );
}

/** The parameters that the ABI has. */
function known(line: string, abi: BridgeAbi): string {
  if (abi !== 'table') return line;
  return line.replace(
    /uflags=(\d+) status=\d+ sid=\d+ device=\d+/,
    (_, uflags: string) => `to_online=${BigInt(uflags) & 1n}`,
  );
}

/** The first event with different results; `null`: none. */
export function findOther(direct: readonly Plain[], bridged: readonly Plain[], scenario: Scenario): string | null {
  const at = scenario.events.findIndex((_, i) => !isSame(direct[i] as Plain, bridged[i] as Plain));
  if (at < 0) return null;
  const show = (plain?: Plain) => `\n    ${showText(JSON.stringify(plain, null, 1))}`;
  const chain = chainOf(scenario, scenario.events[at] as Occurrence).map((place) => MODULES[place]?.name);
  return `event ${at + 1} through ${chain.join(', ')} went otherwise:\n  loaded directly:${show(direct[at])}\n  behind the bridge:${show(bridged[at])}`;
}
