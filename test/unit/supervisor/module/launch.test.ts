import { beforeEach, describe, expect, it } from 'vitest';
import { makeConfig } from '../../../../src/config/make.js';
import type { ModuleSpec } from '../../../../src/config/types.js';
import type { Build } from '../../../../src/supervisor/builds/build.js';
import type { DeathFacts } from '../../../../src/supervisor/host/death.js';
import type { Host } from '../../../../src/supervisor/host/host.js';
import type { HostEnd } from '../../../../src/supervisor/host/host-listener.js';
import { Launch } from '../../../../src/supervisor/module/launch.js';
import { AbiMemory } from '../../../../src/supervisor/trials/abi-memory.js';
import type { Offer } from '../../../../src/supervisor/trials/trial.js';
import { endOf, makeFacts } from '../../../helpers/death-facts.js';

const [spec] = makeConfig({ modules: [{ name: 'm', path: '/m.so' }] }).modules as [ModuleSpec];
const sha256 = 'a1'.repeat(32);
const build: Build = { sha256, original: '/m.so', home: '/', fileId: '1:2:3:4' };
const offer: Offer = { abis: ['exports-2020', 'exports-2019'], sha256, reason: 'it imports nothing' };

/** A death in init, unless told otherwise. */
function death(changes: Partial<DeathFacts> = {}, hasTried = false): HostEnd {
  const inInit = { generation: 1, from: { kind: 'starting' }, phase: 'init', served: false, hangMs: null } as const;
  return endOf(makeFacts({ ...inInit, signal: 'SIGSEGV', ...changes }), hasTried);
}

describe('one start of a module', () => {
  let memory: AbiMemory;
  let launch: Launch;
  /** How the file of each of its hosts was chosen. */
  let chosenBy: (Build | null)[];
  const start = () => launch.next();
  beforeEach(() => {
    memory = new AbiMemory(null);
    chosenBy = [];
    launch = new Launch({
      spec,
      abis: memory,
      choose: (_, repeats) => {
        chosenBy.push(repeats.build);
        return { path: '/m.so', loadable: { build } } as Host['file'];
      },
      spawn: (_, file) => ({ file, tries: true }) as Host,
    });
  });

  it('is over with the first death that is not part of a trial', () => {
    const step = launch.died(start(), death(), true);
    expect(step).toMatchObject({ kind: 'over', error: { code: 'MODULE_START_CRASHED', module: 'm', generation: 1 } });
  });

  it('goes on with the next ABI, remembers the one that works, and says how it was found', () => {
    const first = start();
    expect(launch.choose(offer)).toBe('exports-2020');
    const reason = 'it was ended by SIGSEGV in its init; exports-2019 is tried now';
    expect(launch.died(first, death({}, true), true)).toEqual({ kind: 'next-try', reason });
    const second = start();
    expect(launch.choose(offer)).toBe('exports-2019');
    const { ready, abiSource } = launch.ready(second, { abi: 'exports-2019' });
    expect([ready.abi, abiSource, memory.find(sha256)]).toEqual(['exports-2019', 'trial', 'exports-2019']);
    expect(ready.abiReason).toContain('found by a trial of exports-2020, exports-2019');
  });

  it('is over when no ABI is left, with the reason of each failure', () => {
    for (const signal of ['SIGSEGV', 'SIGBUS']) {
      const host = start();
      launch.choose(offer);
      const step = launch.died(host, death({ signal }, true), true);
      if (signal === 'SIGBUS') {
        const message = expect.stringMatching(/exports-2020: .*SIGSEGV.*exports-2019: .*SIGBUS/);
        expect(step).toMatchObject({ kind: 'over', error: { code: 'MODULE_NO_ABI', message } });
      }
    }
  });

  it('is made again with the same build when the file was changed meanwhile, but not for ever', () => {
    const overwritten = death({ overwritten: true, phase: 'loading' });
    const kinds = Array.from({ length: 4 }, () => launch.died(start(), overwritten, true).kind);
    expect(kinds).toEqual(['next-try', 'next-try', 'next-try', 'over']);
    expect(chosenBy).toEqual([null, build, build, build]);
  });

  it.each([
    ['a spare that ends before it has begun with the module', { phase: 'booting' }, 'next-try'],
    [
      'a spare that stands still',
      { phase: 'booting', from: { kind: 'stopping', stage: 'killed', cause: 'start-timeout' } },
      'next-try',
    ],
    ['a spare that refuses', { phase: 'booting', refusal: { code: 'MODULE_LOAD_FAILED', message: 'no' } }, 'over'],
    ['a spare that has begun with the module', { phase: 'loading' }, 'over'],
    ['a process that was started for the module', { phase: 'booting', spare: false }, 'over'],
  ] as [string, Partial<DeathFacts>, string][])('after the death of %s is %j: %s', (_, changes, kind) => {
    expect(launch.died(start(), death({ spare: true, signal: 'SIGKILL', ...changes }), true).kind).toBe(kind);
  });

  it('is over with any death once it is not wanted any more', () => {
    const host = start();
    launch.choose(offer);
    expect(launch.died(host, death({ overwritten: true }, true), false).kind).toBe('over');
  });
});
