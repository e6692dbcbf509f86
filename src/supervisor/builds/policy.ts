/**
 * Which build of a module its next host loads: pure.
 *
 * An order accepts the file that is there. Once a host has served with it, that build is the accepted one. After a crash the
 * module starts with the accepted build, even if the file has changed since. This lasts until the next order, or until the
 * module is given up.
 */

import type { Build } from './build.js';

/** What changes which build is accepted. */
export type AcceptanceEvent =
  /** `start`, `restart`, or the start of the core: the next host loads what is there then. */
  | { kind: 'ordered' }
  /** A host serves with this build. */
  | { kind: 'served'; build: Build | null }
  /** The module is `failed`: what comes next is a probe of what is there then. */
  | { kind: 'gave-up' };

/** The accepted build after an event; `null`: none, so the present file is taken. */
export function stepAccepted(event: AcceptanceEvent): Build | null {
  return event.kind === 'served' ? event.build : null;
}

/** What the next host loads: a certain build, or the file that is there. */
export type Choice = { kind: 'present' } | { kind: 'accepted'; build: Build };

/**
 * Chooses for the next host.
 *
 * @param again - the build of a host whose file changed while it was starting; it is tried once more
 */
export function chooseBuild(accepted: Build | null, again: Build | null): Choice {
  const build = again ?? accepted;
  return build === null ? { kind: 'present' } : { kind: 'accepted', build };
}

/** What is known of the places where the bytes of a build may be. */
export interface Places {
  wanted: string;
  /** The sha256 of the original file now; `null`: it is gone, or cannot be read. */
  original: string | null;
  /** The sha256 of the kept copy; `null`: there is none. Looked at only where the original is another file. */
  kept: string | null;
}

/** Where a build is loaded from; `lost`: its bytes are nowhere, and the start fails. */
export function pickSource({ wanted, original, kept }: Places): 'original' | 'kept' | 'lost' {
  if (original === wanted) return 'original';
  return kept === wanted ? 'kept' : 'lost';
}

/** The end of a host. */
export interface EndOfStart {
  /** It never came to serve, and nobody had stopped it. */
  isFailedStart: boolean;
  /** The host itself said that its file is no longer the one that it was to load. */
  refusedChange: boolean;
  /** Its file was written to while it had it loaded. */
  overwritten: boolean;
  build: Build | null;
  /** How often this start has been made again for that reason. */
  repeats: number;
}

/** A file that never comes to rest must not keep a module starting for ever. */
const MAX_REPEATS = 3;

/** The build to start again at once, if the host ended only because its file changed; `null`: the start has failed. */
export function buildToRepeat({ isFailedStart, refusedChange, overwritten, build, repeats }: EndOfStart): Build | null {
  if (!isFailedStart || repeats >= MAX_REPEATS) return null;
  return refusedChange || overwritten ? build : null;
}
