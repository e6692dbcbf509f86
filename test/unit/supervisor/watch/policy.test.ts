import { describe, expect, it } from 'vitest';
import {
  type Content,
  GAP_MS,
  MOST_WAIT_MS,
  PATIENCE_MS,
  QUIET_MS,
  UNREADABLE_MS,
  WatchPolicy,
} from '../../../../src/supervisor/watch/policy.js';

const RUNS = 'sha of what runs';

/** Looks at a file as one watch does, at times that the test sets. */
class Scene {
  readonly policy = new WatchPolicy();
  nowMs = 1_000;
  /** As `device:inode:rest`. */
  file: string | null = '1:1:a';
  loaded: string | null = '1:1:a';
  running = RUNS;

  look() {
    return this.policy.look(this.file, this.file === this.loaded && this.file !== null, this.nowMs);
  }

  /** Looks now, and as often as it is asked to, until something else follows. */
  settle() {
    for (let looks = 0; looks < 50; looks++) {
      const step = this.look();
      if (step.kind !== 'again') return step;
      expect(step.inMs).toBeGreaterThan(0);
      this.nowMs += step.inMs;
    }
    throw new Error('it looks for ever');
  }

  /** It is found to be whole. */
  examine(sha256: string, failed: string | null = null) {
    return this.#examine({ kind: 'whole', sha256 }, failed);
  }

  examineHalf(missing: string) {
    return this.#examine({ kind: 'incomplete', missing });
  }

  examineUnreadable() {
    return this.#examine({ kind: 'unreadable' });
  }

  #examine(content: Content, failed: string | null = null) {
    expect(this.settle()).toEqual({ kind: 'examine' });
    return this.policy.examined(this.file as string, content, { running: this.running, failed }, this.nowMs);
  }

  /** The new file runs. */
  taken(sha256: string) {
    this.running = sha256;
    this.loaded = this.file;
    this.policy.reloaded(null, this.nowMs);
  }
}

describe('a file that changes once', () => {
  it('is examined when it has been at rest, and then taken', () => {
    const scene = new Scene();
    expect(scene.look()).toEqual({ kind: 'rest' });
    scene.file = '1:2:b';
    expect(scene.look()).toEqual({ kind: 'again', inMs: QUIET_MS });
    scene.nowMs += QUIET_MS - 1;
    expect(scene.look()).toEqual({ kind: 'again', inMs: 1 });
    expect(scene.examine('new')).toBe(true);
    scene.taken('new');
    expect(scene.look()).toEqual({ kind: 'rest' });
  });

  it('is not taken when it has the same bytes, and is not read again', () => {
    const scene = new Scene();
    scene.file = '1:1:touched';
    expect(scene.examine(RUNS)).toBe(false);
    expect(scene.look()).toEqual({ kind: 'rest' });
  });

  it('is nothing new when it is back before it was read', () => {
    const scene = new Scene();
    scene.file = '1:2:b';
    scene.look();
    scene.file = '1:1:a';
    expect(scene.settle()).toEqual({ kind: 'rest' });
  });
});

describe('a file that was refused', () => {
  const refused = () => {
    const scene = new Scene();
    scene.file = '1:2:b';
    expect(scene.examine('bad')).toBe(true);
    scene.policy.reloaded('bad', scene.nowMs);
    return scene;
  };

  it('is not tried again, whatever its date or name is', () => {
    const scene = refused();
    expect(scene.settle()).toEqual({ kind: 'rest' });
    for (const file of ['1:2:touched', '1:3:copied']) {
      scene.file = file;
      scene.nowMs += 60_000;
      expect(scene.examine('bad')).toBe(false);
    }
  });

  it('is tried again after other bytes have run', () => {
    const scene = refused();
    scene.file = '1:3:c';
    expect(scene.examine('good')).toBe(true);
    scene.taken('good');
    scene.file = '1:4:d';
    expect(scene.examine('bad')).toBe(true);
  });

  it('by a probation that the watch has not begun is not tried, and is tried again when other bytes have taken over', () => {
    const scene = new Scene();
    scene.file = '1:2:b';
    expect(scene.examine('failed', 'failed')).toBe(false);
    expect(scene.settle()).toEqual({ kind: 'rest' });
    scene.file = '1:3:c';
    expect(scene.examine('good', 'failed')).toBe(true);
    scene.taken('good');
    scene.file = '1:4:d';
    expect(scene.examine('failed')).toBe(true);
  });

  it('makes way for another one', () => {
    const scene = refused();
    scene.file = '1:3:c';
    expect(scene.examine('good')).toBe(true);
  });
});

describe('a file that is being written', () => {
  it('is not read before it rests, however long that takes', () => {
    const scene = new Scene();
    for (let i = 0; i < 1000; i++) {
      scene.file = `1:1:${i}`;
      expect(scene.look()).toEqual({ kind: 'again', inMs: QUIET_MS });
      scene.nowMs += QUIET_MS / 2;
    }
    expect(scene.examine('new')).toBe(true);
  });

  it('is told of once when it stays incomplete, and taken when it is whole', () => {
    const scene = new Scene();
    scene.file = '1:1:half';
    expect(scene.examineHalf('its end is missing')).toBe(false);
    const sinceMs = scene.nowMs;
    expect(scene.settle()).toEqual({ kind: 'incomplete', why: 'its end is missing' });
    expect(scene.nowMs).toBe(sinceMs + PATIENCE_MS);
    expect(scene.settle()).toEqual({ kind: 'rest' });
    scene.file = '1:1:more';
    expect(scene.examineHalf('its end is missing')).toBe(false);
    expect(scene.settle()).toEqual({ kind: 'rest' });
    scene.file = '1:1:whole';
    expect(scene.examine('new')).toBe(true);
  });

  it('is not told of when it is whole in time', () => {
    const scene = new Scene();
    scene.file = '1:1:half';
    expect(scene.examineHalf('its end is missing')).toBe(false);
    scene.file = '1:1:whole';
    expect(scene.examine('new')).toBe(true);
    scene.taken('new');
    scene.nowMs += 10 * PATIENCE_MS;
    expect(scene.settle()).toEqual({ kind: 'rest' });
  });
});

describe('a file that cannot be read', () => {
  it('is tried again although it does not change, and is taken when it can', () => {
    const scene = new Scene();
    scene.file = '1:2:b';
    expect(scene.examineUnreadable()).toBe(false);
    const failedMs = scene.nowMs;
    expect(scene.examine('new')).toBe(true);
    expect(scene.nowMs).toBe(failedMs + UNREADABLE_MS + QUIET_MS);
    // Before the operator would be told.
    expect(scene.nowMs).toBeLessThan(failedMs + PATIENCE_MS);
    scene.taken('new');
    expect(scene.settle()).toEqual({ kind: 'rest' });
  });

  it('is told of once, and still tried', () => {
    const scene = new Scene();
    scene.file = '1:2:b';
    expect(scene.examineUnreadable()).toBe(false);
    const sinceMs = scene.nowMs;
    let told = 0;
    for (let tries = 0; tries < 10; ) {
      const step = scene.settle();
      if (step.kind === 'examine') {
        scene.policy.examined(scene.file, { kind: 'unreadable' }, { running: RUNS, failed: null }, scene.nowMs);
        tries += 1;
      } else {
        expect(step).toEqual({ kind: 'incomplete', why: 'it cannot be read' });
        expect(scene.nowMs - sinceMs).toBeLessThanOrEqual(PATIENCE_MS + QUIET_MS);
        told += 1;
      }
    }
    expect(told).toBe(1);
    expect(scene.examine('new')).toBe(true);
  });

  it('does not hold up another one', () => {
    const scene = new Scene();
    scene.file = '1:2:b';
    expect(scene.examineUnreadable()).toBe(false);
    const failedMs = scene.nowMs;
    scene.file = '1:3:c';
    expect(scene.examine('new')).toBe(true);
    expect(scene.nowMs).toBe(failedMs + QUIET_MS);
  });
});

describe('a file that others replace all the time', () => {
  it('is read now and then, and reloads keep their distance', () => {
    const scene = new Scene();
    const reloadsMs: number[] = [];
    for (let i = 0; scene.nowMs < 121_000; i++) {
      scene.file = `1:${i + 2}:x`;
      if (scene.look().kind === 'examine') {
        const identity = scene.file;
        const known = { running: scene.running, failed: null };
        expect(scene.policy.examined(identity, { kind: 'whole', sha256: `${i}` }, known, scene.nowMs)).toBe(true);
        scene.taken(`${i}`);
        reloadsMs.push(scene.nowMs);
      }
      scene.nowMs += 100;
    }
    const gaps = reloadsMs.slice(1).map((ms, i) => ms - (reloadsMs[i] as number));
    expect(reloadsMs.length).toBeGreaterThan(120_000 / (MOST_WAIT_MS + GAP_MS) - 1);
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(GAP_MS);
  });

  it('waits for the rest of the gap after a reload', () => {
    const scene = new Scene();
    scene.file = '1:2:b';
    expect(scene.examine('b')).toBe(true);
    scene.taken('b');
    const takenMs = scene.nowMs;
    scene.file = '1:3:c';
    expect(scene.settle()).toEqual({ kind: 'examine' });
    expect(scene.nowMs).toBe(takenMs + GAP_MS);
  });
});

describe('a file that is gone', () => {
  it('is told of once, and not at all when another one comes in time', () => {
    const scene = new Scene();
    scene.file = null;
    expect(scene.look()).toEqual({ kind: 'again', inMs: PATIENCE_MS });
    scene.file = '1:1:a';
    expect(scene.look()).toEqual({ kind: 'rest' });
    scene.file = null;
    expect(scene.settle()).toEqual({ kind: 'gone' });
    scene.nowMs += 60_000;
    expect(scene.settle()).toEqual({ kind: 'rest' });
    scene.file = '1:2:b';
    expect(scene.examine('new')).toBe(true);
  });
});
