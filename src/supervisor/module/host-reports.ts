/** What the hosts of a replica tell, handed to whom it concerns. */

import type { AbiName } from '../../config/types.js';
import type { Ready } from '../../wire/codec.js';
import type { Shard } from '../calls/shard.js';
import type { Host } from '../host/host.js';
import type { HostEnd, HostListener } from '../host/host-listener.js';
import type { ModuleNews } from '../news/module-news.js';
import type { Offer } from '../trials/trial.js';
import type { ModuleCalls } from './module-calls.js';

/** Who acts on what becomes of hosts. */
export interface HostReader {
  /** @returns the ABI that the host tries */
  offered(host: Host, offer: Offer): AbiName;
  ready(host: Host, said: Ready): void;
  /** It has answered calls. */
  relieved(host: Host, nowMs: number): void;
  signalled(host: Host, signal: NodeJS.Signals, from: number | null): void;
  died(host: Host, end: HostEnd): void;
  /** Where the status of what a host sends goes to; `null`: to any replica. */
  sender(): Shard | null;
}

/** One listener for all hosts of a replica. */
export function hearHosts(replica: HostReader, calls: ModuleCalls, news: ModuleNews): HostListener<Host> {
  return {
    begun: (host) => news.spawned(host),
    offered: (host, offer) => replica.offered(host, offer),
    ready: (host, said) => replica.ready(host, said),
    signalled: (host, signal, from) => replica.signalled(host, signal, from),
    died: (host, end) => replica.died(host, end),
    answered: (_, pending, answer, nowMs) => calls.answered(pending, answer, nowMs),
    relieved: (host, nowMs) => replica.relieved(host, nowMs),
    sent: (host, sent) => news.sent(host, sent, replica.sender()),
    logged: (host, log) => news.logged(host, log),
    printed: (host, stream, line) => news.printed(host, stream, line),
    dropped: (_, kind, count) => news.dropped(kind, count),
    refusedSends: (_, count) => {
      news.stats.totals.sends.refused += count;
    },
    spared: (host, tracer) => news.spared(host, tracer),
    leftBehind: (host, ending) => news.leftBehind(host, ending),
  };
}
