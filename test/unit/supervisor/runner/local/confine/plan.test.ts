import { describe, expect, it } from 'vitest';
import { limitSettings, sandboxSettings } from '../../../../../../src/config/confinement.js';
import {
  type Means,
  type Needs,
  type Plan,
  planConfinement,
  UNUSED_DATA_BYTES,
} from '../../../../../../src/supervisor/runner/local/confine/plan.js';

const MIB = 1024 ** 2;
const NOBODY = { name: 'nobody', uid: 65534, gid: 65534, home: '/nonexistent', shell: '/bin/false' };
const ROOT: Means = {
  uid: 0,
  programs: {
    sh: '/bin/sh',
    prlimit: '/bin/prlimit',
    unshare: '/bin/unshare',
    bwrap: '/bin/bwrap',
    setpriv: '/bin/setpriv',
  },
  groups: { memory: true, pids: true },
  account: null,
};
const USER: Means = { ...ROOT, uid: 1000, groups: { memory: 'it is not delegated', pids: 'it is not delegated' } };
const NEEDS: Needs = {
  directory: '/var/lib/m',
  socketFolder: '/dev/shm/s',
  readable: ['/opt/m', '/tmp/build'],
  runDir: null,
};

function ask(
  settings: {
    limits?: Parameters<typeof limitSettings.parse>[0];
    sandbox?: Parameters<typeof sandboxSettings.parse>[0];
  },
  means: Means,
) {
  const { limits = {}, sandbox = {} } = settings;
  return planConfinement(
    { limits: limitSettings.parse(limits), sandbox: sandboxSettings.parse(sandbox) },
    means,
    NEEDS,
  );
}

function plan(...args: Parameters<typeof ask>): Plan {
  const planned = ask(...args);
  if ('problems' in planned) throw new Error(planned.problems.join('; '));
  return planned.plan;
}

function planned(needs: Needs): Plan {
  const settings = { limits: limitSettings.parse({}), sandbox: sandboxSettings.parse({ filesystem: 'read-only' }) };
  const made = planConfinement(settings, ROOT, needs);
  if ('problems' in made) throw new Error(made.problems.join('; '));
  return made.plan;
}

function problems(...args: Parameters<typeof ask>): string[] {
  const planned = ask(...args);
  return 'problems' in planned ? planned.problems : [];
}

describe('limits', () => {
  it('of memory and processes come from a control group where there is one', () => {
    expect(plan({ limits: { memoryBytes: 64 * MIB, nproc: 64 } }, ROOT)).toEqual({
      wrappers: [],
      forks: false,
      group: { memoryBytes: 64 * MIB, nproc: 64 },
      watchedBytes: null,
      dataBytes: null,
      userTasks: null,
      account: null,
    });
  });

  it('elsewhere from the system and a watch, and never from RLIMIT_AS, which V8 cannot live with', () => {
    const dataBytes = 64 * MIB + UNUSED_DATA_BYTES;
    expect(plan({ limits: { memoryBytes: 64 * MIB, nproc: 64, nofile: 100, coreBytes: 0 } }, USER)).toMatchObject({
      wrappers: ['/bin/prlimit', '--nofile=100:100', '--core=0:0', `--data=${dataBytes}:${dataBytes}`, '--nproc=64:64'],
      group: null,
      watchedBytes: 64 * MIB,
      dataBytes,
      userTasks: 64,
    });
  });

  it('of processes do not hold for root without a control group', () => {
    const bare = { ...ROOT, groups: USER.groups };
    expect(problems({ limits: { nproc: 64 } }, bare)).toEqual([
      expect.stringMatching(/nproc = 64 \} does not hold for root \(it is not delegated\); give the module a user/),
    ]);
    const asNobody = { ...bare, account: NOBODY };
    expect(plan({ limits: { nproc: 64 }, sandbox: { user: 'nobody' } }, asNobody)).toMatchObject({ userTasks: 64 });
  });
});

describe('the sandbox', () => {
  it('gives a module a user, whose rights it has alone', () => {
    const means = { ...ROOT, account: NOBODY };
    expect(plan({ sandbox: { user: 'nobody', noNewPrivs: true } }, means)).toMatchObject({
      wrappers: [
        '/bin/setpriv',
        '--reuid=65534',
        '--regid=65534',
        '--init-groups',
        '--inh-caps=-all',
        '--no-new-privs',
      ],
      forks: false,
      account: NOBODY,
    });
  });

  it('which only root can, unless it is the user of the core', () => {
    expect(problems({ sandbox: { user: 'nobody' } }, { ...USER, account: NOBODY })).toEqual([
      'sandbox { user = nobody } needs a core that runs as root; this one runs as user 1000',
    ]);
    const self = { ...NOBODY, uid: 1000 };
    expect(plan({ sandbox: { user: '1000' } }, { ...USER, account: self }).wrappers).toEqual([]);
    expect(problems({ sandbox: { user: 'none' } }, ROOT)).toEqual([
      expect.stringMatching(/the system has no such user/),
    ]);
  });

  it('takes the network away, without root in a user namespace', () => {
    // Root keeps no capability: one of them is to enter the network of the core.
    const asRoot = ['/bin/unshare', '--net', '/bin/setpriv', '--bounding-set=-all', '--inh-caps=-all'];
    expect(plan({ sandbox: { network: 'none' } }, ROOT).wrappers).toEqual(asRoot);
    const asUser = ['/bin/unshare', '--user', '--map-current-user', '--net'];
    expect(plan({ sandbox: { network: 'none' } }, USER).wrappers).toEqual(asUser);
  });

  it.each(['read-only', 'private'] as const)(
    'makes a %s view of the files, in which the module has its directory',
    (filesystem) => {
      const { wrappers, forks } = plan({ sandbox: { filesystem, network: 'none', noNewPrivs: true } }, ROOT);
      const line = wrappers.join(' ');
      expect(forks).toBe(true);
      expect(line).toMatch(
        /^\/bin\/bwrap --new-session --die-with-parent --info-fd 5 --unshare-user --cap-drop ALL --unshare-net /,
      );
      expect(line).toContain('--bind /var/lib/m /var/lib/m');
      expect(line).toContain('--bind /dev/shm/s /dev/shm/s --chdir /var/lib/m --');
      // What it puts in the place of /tmp must not cover the file of the module.
      expect(line.indexOf('--tmpfs /tmp')).toBeLessThan(line.indexOf('--ro-bind-try /tmp/build /tmp/build'));
      expect(line.includes('--ro-bind / /')).toBe(filesystem === 'read-only');
      expect(line).not.toContain('shadow');
    },
  );

  it('hides the sockets of the core, and shows what the module needs of the folder that they are in', () => {
    const line = planned({ ...NEEDS, runDir: '/run/m', readable: ['/run/m/builds', '/run/more'] }).wrappers.join(' ');
    expect(line).toMatch(/ --tmpfs \/run\/m .*--dir \/run\/m --ro-bind-try \/run\/m\/builds \/run\/m\/builds /);
    expect(line).not.toContain('/run/more');
  });

  it('leaves root the capability to become the user of the module, and no other user has any to lose', () => {
    const asNobody = plan({ sandbox: { filesystem: 'private', user: 'nobody' } }, { ...ROOT, account: NOBODY });
    expect(asNobody.wrappers).not.toContain('--cap-drop');
    expect(plan({ sandbox: { filesystem: 'private' } }, USER).wrappers).not.toContain('--cap-drop');
  });

  it('does not show everything because the module lies in the root folder', () => {
    const planned = planConfinement(
      { limits: limitSettings.parse({}), sandbox: sandboxSettings.parse({ filesystem: 'private' }) },
      ROOT,
      { ...NEEDS, directory: '/' },
    );
    expect(planned).toMatchObject({ problems: [expect.stringMatching(/which would show everything/)] });
  });
});

it('says all that is missing at once, with the packages', () => {
  const programs = { sh: null, prlimit: null, unshare: null, bwrap: null, setpriv: null };
  const bare = { ...ROOT, programs, account: NOBODY };
  const everything = {
    limits: { memoryBytes: 64 * MIB, nofile: 100 },
    sandbox: { user: 'nobody', filesystem: 'private' },
  } as const;
  expect(problems(everything, bare)).toEqual([
    'limits { nofile } needs the program prlimit, which is not installed (the package util-linux)',
    'sandbox { filesystem = private } needs the program bwrap, which is not installed (the package bubblewrap)',
    'sandbox { user } needs the program setpriv, which is not installed (the package util-linux, or setpriv)',
    'limits { memory } needs the program sh, which is not installed (any shell)',
  ]);
});
