import { expect, it } from 'vitest';
import { findHierarchies } from '../../../../../../src/supervisor/runner/local/confine/hierarchies.js';

const VERSION_2 = '30 24 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n';

it('finds the only hierarchy of version 2', () => {
  expect(findHierarchies('0::/system.slice/m.service\n', VERSION_2)).toEqual({
    memory: null,
    pids: null,
    unified: { version: 2, directory: '/sys/fs/cgroup/system.slice/m.service', mount: '/sys/fs/cgroup' },
  });
});

it('finds those of version 1, each for itself', () => {
  const groups = '9:name=systemd:/\n8:pids:/\n4:cpu,memory:/box/1\n0::/\n';
  const mounts =
    '31 30 0:27 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,cpu,memory\n' +
    '32 30 0:28 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids\n' +
    '33 30 0:29 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n';
  expect(findHierarchies(groups, mounts)).toEqual({
    memory: { version: 1, directory: '/sys/fs/cgroup/memory/box/1', mount: '/sys/fs/cgroup/memory' },
    pids: { version: 1, directory: '/sys/fs/cgroup/pids', mount: '/sys/fs/cgroup/pids' },
    unified: { version: 2, directory: '/sys/fs/cgroup/unified', mount: '/sys/fs/cgroup/unified' },
  });
});

it('in a container only what is mounted there can be reached', () => {
  const mounts = '30 24 0:26 /docker/1 /sys/fs/cgroup\\040here rw - cgroup2 cgroup rw\n';
  const place = { version: 2, directory: '/sys/fs/cgroup here/sub', mount: '/sys/fs/cgroup here' };
  expect(findHierarchies('0::/docker/1/sub\n', mounts).unified).toEqual(place);
  expect(findHierarchies('0::/elsewhere\n', mounts).unified).toBeNull();
});

it.each(['', 'nonsense\n', '4:memory:\n'])('finds nothing in %j', (groups) => {
  expect(findHierarchies(groups, '')).toEqual({ memory: null, pids: null, unified: null });
});
