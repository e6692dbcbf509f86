/** How a process is confined, from what is asked for and what the machine has: pure. */

import { dirname } from 'node:path';
import type { Limits, Sandbox } from '../../../../config/confinement.js';
import { formatSize } from '../../../../config/units.js';
import type { Account } from '../../../../users.js';
import type { ProgramName } from './means.js';

/** What the machine has. */
export interface Means {
  /** Of the core. */
  uid: number;
  programs: Readonly<Record<ProgramName, string | null>>;
  /** Whether a control group of its own can limit a host; otherwise why not, in words. */
  groups: { memory: true | string; pids: true | string };
  /** Of the user that is asked for; `null`: the system does not know it. */
  account: Account | null;
}

/** What a process must reach. */
export interface Needs {
  /** It works in it, and may write there. */
  directory: string;
  /** It makes its socket there. */
  socketFolder: string;
  /** It reads what is below these. */
  readable: readonly string[];
  /** It must not reach the sockets of the core in it; `null`: there is no such folder yet. */
  runDir: string | null;
}

/** Everything that confines one process. */
export interface Plan {
  /** What stands before the command of the host, without the step into a control group. */
  wrappers: string[];
  /** Whether one of them forks: then the host is another process than the one that is started. */
  forks: boolean;
  /** What a control group of its own limits; `null`: there is none. */
  group: { memoryBytes: number | null; nproc: number | null } | null;
  /** The memory in use, in bytes, at which the core ends the process; `null`: a control group does, or nothing. */
  watchedBytes: number | null;
  /** The private memory at which an allocation fails; `null`: it is not limited. */
  dataBytes: number | null;
  /** Processes of the user, of which the system lets it have no more; `null`: that is not limited so. */
  userTasks: number | null;
  /** Who the process runs as; `null`: the user of the core. */
  account: Account | null;
}

/**
 * Private memory that the host has mapped and does not use: the stacks of its threads, above all. `RLIMIT_DATA` counts it.
 * A host has 86 MiB of it, and the thread for http requests brings some more.
 */
export const UNUSED_DATA_BYTES = 160 * 1024 * 1024;

/** Files and folders of the system that a program needs to run. None of them holds a secret. */
const SYSTEM = [
  '/usr',
  '/bin',
  '/sbin',
  '/lib',
  '/lib32',
  '/lib64',
  '/libx32',
  '/opt',
  '/nix/store',
  '/etc/alternatives',
  '/etc/ca-certificates',
  '/etc/crypto-policies',
  '/etc/gai.conf',
  '/etc/group',
  '/etc/host.conf',
  '/etc/hosts',
  '/etc/ld.so.cache',
  '/etc/ld.so.conf',
  '/etc/ld.so.conf.d',
  '/etc/ld.so.preload',
  '/etc/localtime',
  '/etc/mime.types',
  '/etc/nsswitch.conf',
  '/etc/passwd',
  '/etc/pki/tls/certs',
  '/etc/pki/ca-trust',
  '/etc/protocols',
  '/etc/resolv.conf',
  '/etc/services',
  '/etc/ssl/certs',
  '/etc/ssl/openssl.cnf',
  '/etc/timezone',
  '/run/systemd/resolve',
];

/** Plans the confinement of a process, or says what cannot be had here, a sentence each. */
export function planConfinement(
  { limits, sandbox }: { limits: Limits; sandbox: Sandbox },
  means: Means,
  needs: Needs,
): { plan: Plan } | { problems: string[] } {
  const problems: string[] = [];
  const need = (name: ProgramName, setting: string): string => {
    const found = means.programs[name];
    if (found === null)
      problems.push(`${setting} needs the program ${name}, which is not installed (${PACKAGES[name]})`);
    return found ?? name;
  };
  const account = planUser(sandbox, means, problems);
  const memory = planMemory(limits, means);
  const tasks = planTasks(limits, means, account, problems);
  const wrappers = [
    ...prlimit(limits, memory.dataBytes, tasks.userTasks, need),
    ...box(sandbox, means, needs, need, problems),
    ...setpriv(sandbox, means, account, need),
  ];
  const group =
    memory.inGroup || tasks.inGroup
      ? {
          memoryBytes: memory.inGroup ? limits.memoryBytes : null,
          nproc: tasks.inGroup ? limits.nproc : null,
        }
      : null;
  if (group !== null) need('sh', memory.inGroup ? 'limits { memory }' : 'limits { nproc }');
  if (problems.length > 0) return { problems };
  const { watchedBytes, dataBytes } = memory;
  const forks = sandbox.filesystem !== 'inherit';
  return { plan: { wrappers, forks, group, watchedBytes, dataBytes, userTasks: tasks.userTasks, account } };
}

const PACKAGES: Record<ProgramName, string> = {
  sh: 'any shell',
  prlimit: 'the package util-linux',
  unshare: 'the package util-linux',
  setpriv: 'the package util-linux, or setpriv',
  bwrap: 'the package bubblewrap',
};

function planUser({ user }: Sandbox, { uid, account }: Means, problems: string[]): Account | null {
  if (user === null) return null;
  if (account === null) {
    problems.push(
      `sandbox { user = ${user} }: the system has no such user; make it, for example with useradd --system`,
    );
    return null;
  }
  if (account.uid === uid) return null;
  if (uid !== 0) {
    problems.push(`sandbox { user = ${user} } needs a core that runs as root; this one runs as user ${uid}`);
  }
  return account;
}

function planMemory({ memoryBytes }: Limits, { groups }: Means) {
  if (memoryBytes === null) return { inGroup: false, dataBytes: null, watchedBytes: null };
  if (groups.memory === true) return { inGroup: true, dataBytes: null, watchedBytes: null };
  return { inGroup: false, dataBytes: memoryBytes + UNUSED_DATA_BYTES, watchedBytes: memoryBytes };
}

function planTasks({ nproc }: Limits, { groups, uid }: Means, account: Account | null, problems: string[]) {
  if (nproc === null) return { inGroup: false, userTasks: null };
  if (groups.pids === true) return { inGroup: true, userTasks: null };
  if ((account?.uid ?? uid) === 0) {
    const remedy =
      'give the module a user with sandbox { user }, or the core a control group (Delegate=yes of systemd)';
    problems.push(`limits { nproc = ${nproc} } does not hold for root (${groups.pids}); ${remedy}`);
  }
  return { inGroup: false, userTasks: nproc };
}

type Need = (name: ProgramName, setting: string) => string;

function prlimit({ nofile, coreBytes }: Limits, dataBytes: number | null, tasks: number | null, need: Need): string[] {
  const options = [
    ...(nofile === null ? [] : [`--nofile=${nofile}:${nofile}`]),
    ...(coreBytes === null ? [] : [`--core=${coreBytes}:${coreBytes}`]),
    ...(dataBytes === null ? [] : [`--data=${dataBytes}:${dataBytes}`]),
    ...(tasks === null ? [] : [`--nproc=${tasks}:${tasks}`]),
  ];
  if (options.length === 0) return [];
  const setting = nofile !== null ? 'nofile' : coreBytes !== null ? 'core' : dataBytes !== null ? 'memory' : 'nproc';
  return [need('prlimit', `limits { ${setting} }`), ...options];
}

/** Network and file system. Without root both need a user namespace, in which the user stays the same. */
function box(
  { network, filesystem }: Sandbox,
  { uid, account }: Means,
  needs: Needs,
  need: Need,
  problems: string[],
): string[] {
  const setting = `sandbox { filesystem = ${filesystem} }`;
  const isApart = network === 'none';
  if (filesystem === 'inherit') {
    if (!isApart) return [];
    const options = uid === 0 ? ['--net'] : ['--user', '--map-current-user', '--net'];
    return [need('unshare', 'sandbox { network = none }'), ...options];
  }
  const tooWide = [needs.directory, ...needs.readable].find((path) => path === '/');
  if (filesystem === 'private' && tooWide !== undefined) {
    problems.push(`${setting}: the folder of the module, or its working directory, is /, which would show everything`);
  }
  const isPrivate = filesystem === 'private';
  const staysRoot = (account?.uid ?? uid) === 0;
  const hidden = isPrivate ? null : needs.runDir;
  const isCovered = (path: string) => isReplaced(path) || (hidden !== null && `${path}/`.startsWith(`${hidden}/`));
  // Without it, the folders on the way to a closed one would be closed as well.
  const wayTo = (path: string) => (isPrivate || isCovered(path) ? ['--dir', dirname(path)] : []);
  const seen = needs.readable.filter((path) => isPrivate || isCovered(path));
  return [
    need('bwrap', setting),
    // As the host leads its own session without it.
    '--new-session',
    '--die-with-parent',
    '--info-fd',
    `${INFO_FD}`,
    // With the capabilities of root it could mount anew what is read-only. Without them it could still see the files of other
    // processes of root through /proc/PID/root; bwrap itself is one of these. A user namespace keeps it from that.
    ...(staysRoot ? ['--unshare-user', '--cap-drop', 'ALL'] : []),
    ...(isApart ? ['--unshare-net'] : []),
    ...(isPrivate ? PRIVATE_VIEW : ['--ro-bind', '/', '/']),
    ...['--dev', '/dev', '--perms', '1777', '--tmpfs', '/dev/shm', '--perms', '1777', '--tmpfs', '/tmp'],
    ...(hidden === null ? [] : ['--perms', '0755', '--tmpfs', hidden]),
    // Behind the others: these may be within them.
    ...seen.flatMap((path) => [...wayTo(path), '--ro-bind-try', path, path]),
    ...[needs.directory, needs.socketFolder].flatMap((path) => [...wayTo(path), '--bind', path, path]),
    ...['--chdir', needs.directory],
    '--',
  ];
}

/** Whether the sandbox puts something of its own over it. */
function isReplaced(path: string): boolean {
  return /^\/(?:tmp|dev)(?:\/|$)/.test(path);
}

/** A link is bound as what it leads to: on most systems /bin is one into /usr. */
const PRIVATE_VIEW = [
  ...SYSTEM.flatMap((path) => ['--dir', dirname(path), '--ro-bind-try', path, path]),
  ...['--ro-bind', '/proc', '/proc'],
  // The C library counts processors there.
  ...['--ro-bind-try', '/sys/devices/system/cpu', '/sys/devices/system/cpu'],
];

function setpriv(
  { noNewPrivs, network, filesystem }: Sandbox,
  { uid }: Means,
  account: Account | null,
  need: Need,
): string[] {
  const options: string[] = [];
  let setting = 'sandbox { no_new_privs }';
  if (account !== null) {
    const groups = account.name === null ? '--clear-groups' : '--init-groups';
    options.push(`--reuid=${account.uid}`, `--regid=${account.gid}`, groups, '--inh-caps=-all');
    setting = 'sandbox { user }';
  } else if (uid === 0 && network === 'none' && filesystem === 'inherit') {
    // With the capabilities of root it could enter the network of the core. bwrap drops them by itself.
    options.push('--bounding-set=-all', '--inh-caps=-all');
    setting = 'sandbox { network = none }';
  }
  // bwrap sets it for all that it starts.
  if (noNewPrivs && filesystem === 'inherit') options.push('--no-new-privs');
  return options.length === 0 ? [] : [need('setpriv', setting), ...options];
}

/** Where bwrap writes which process it has made. */
export const INFO_FD = 5;

/** A limit as the configuration has it. */
export function showLimit(name: 'memory' | 'nofile' | 'nproc', { memoryBytes, nofile, nproc }: Limits): string {
  const value = { memory: formatSize(memoryBytes ?? 0), nofile: `${nofile}`, nproc: `${nproc}` }[name];
  return `${name} = ${value}`;
}
