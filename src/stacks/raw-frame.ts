/** Stacks as they were noted: addresses, and the files that they are in. Pure. */

import { type CrashNote, type CrashObject, findObject } from '../wire/crash-note.js';
import type { StackFrame } from './frame.js';
import { dropHost } from './host-frames.js';

/** An address on a stack. */
export interface RawFrame {
  address: bigint;
  /** The file that it is in; `null`: in none. */
  object: CrashObject | null;
  /** Whether it is where a call returns to. The call itself stands before it. */
  isReturn: boolean;
}

/** More of them tell nothing. */
export const MAX_FRAMES = 256;

/**
 * The stack of a note, innermost first. It ends where the host called the module: the frames of Node.js below that are left out.
 */
export function rawFramesOf(note: CrashNote): RawFrame[] {
  const frames = addressesOf(note).map((address, i) => ({
    address,
    object: findObject(note, address),
    // The first is where it was executing.
    isReturn: i > 0,
  }));
  return dropHost(frames.slice(0, MAX_FRAMES));
}

function addressesOf({ signal, pc, frames, returnAddress, objects }: CrashNote): bigint[] {
  // exit() has no place of its own: all that was noted are callers.
  if (signal === null && pc === 0n) return frames;
  // What stands before the place of the fault belongs to the handler.
  const at = frames.indexOf(pc);
  const own = at < 0 ? [pc, ...frames] : frames.slice(at);
  if (findObject({ objects }, pc) !== null) return own;
  // It jumped to where there is no code. Nothing can be unwound from there, but the call left its return address.
  const caller = findObject({ objects }, returnAddress) === null ? -1 : own.indexOf(returnAddress);
  if (caller > 0 || findObject({ objects }, returnAddress) === null) return own;
  return [pc, returnAddress, ...own.slice(1)];
}

/** The address within its file; `null`: it is in none. */
export function offsetOf({ address, object }: RawFrame): bigint | null {
  return object === null ? null : address - object.base;
}

/** A frame before anything was looked up. */
export function plainFrame(frame: RawFrame, isOfModule: boolean): StackFrame {
  const offset = offsetOf(frame);
  return {
    address: hex(frame.address),
    object: frame.object?.path ?? null,
    buildId: frame.object?.buildId ?? null,
    offset: offset === null ? null : hex(offset),
    isOfModule,
    function: null,
    functionOffset: null,
    source: null,
    line: null,
    isInlined: false,
  };
}

/** An address as stacks and cards have it. */
export function hex(value: bigint): string {
  return value < 0n ? `-0x${(-value).toString(16)}` : `0x${value.toString(16)}`;
}
