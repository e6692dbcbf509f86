/** What every process inherits from this one and what may change while both run. */

import { getPriority } from 'node:os';
import { readOrEmpty } from '../../../../or-empty.js';
import type { Launch } from './launch-profile.js';

/** Who it is and what it may: lines of /proc/self/status. */
const LINES = /^(?:Umask|Uid|Gid|Groups|Cap\w+|NoNewPrivs|Seccomp\w*|Cpus_allowed|Mems_allowed|SigIgn):.*$/gm;
const FILES = ['/proc/self/limits', '/proc/self/cgroup', '/proc/self/oom_score_adj', '/proc/self/coredump_filter'];
const PRELOADS = '/etc/ld.so.preload';

/** All of it as a text that changes when any part changes; and whether the system loads a library into every process. */
export function readInherited(): Pick<Launch, 'inherited' | 'preloads'> {
  const status = readOrEmpty('/proc/self/status').match(LINES) ?? [];
  const libraries = readOrEmpty(PRELOADS);
  const inherited = [...status, getPriority(), ...FILES.map(readOrEmpty), libraries].join('\n');
  return { inherited, preloads: libraries.trim() !== '' };
}
