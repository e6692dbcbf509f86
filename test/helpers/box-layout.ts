/** What `mm_layout()` must say for core and shim to agree. */

import { BOX } from '../../src/wire/black-box.js';
import { CRASH, CRASH_OBJECT } from '../../src/wire/crash-note.js';
import { RECORD } from '../../src/wire/records.js';

/** The layouts of header, record and crash area, in the order of box.c. */
export const EXPECTED_LAYOUT: readonly number[] = [
  ...[BOX.version, BOX.ringOffset, BOX.generation, BOX.ringSize, BOX.head, BOX.tail],
  ...[BOX.droppedLogs, BOX.refusedSends, BOX.phase, BOX.currentSeq, BOX.currentStart, BOX.currentEvent],
  ...[BOX.exitCalled, BOX.exitCode, BOX.taken, BOX.takenSends, BOX.causeEvent, BOX.causeId],
  ...[BOX.endAsked, BOX.signalFrom, BOX.beats, BOX.sendsClosed, BOX.openRequests],
  ...[BOX.refusedHttp, BOX.headerBytes],
  RECORD.headerBytes,
  ...[CRASH.offset, CRASH.state, CRASH.signal, CRASH.code, CRASH.sender, CRASH.address, CRASH.pc, CRASH.sp],
  ...[CRASH.returnAddress, CRASH.thread, CRASH.flags, CRASH.threadName, CRASH.frameCount, CRASH.objectCount],
  ...[CRASH.frames, CRASH.maxFrames, CRASH.objects, CRASH.maxObjects, CRASH.objectBytes, CRASH.bytes],
  ...[CRASH_OBJECT.start, CRASH_OBJECT.end, CRASH_OBJECT.base, CRASH_OBJECT.buildIdLength, CRASH_OBJECT.buildId],
  ...[CRASH_OBJECT.maxBuildId, CRASH_OBJECT.path, CRASH_OBJECT.maxPath, CRASH_OBJECT.flags],
];
