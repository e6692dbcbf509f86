// The tools that build the native parts, and the message when one is missing.
import { spawnSync } from 'node:child_process';

/** The missing tools and how to install them, a line each; empty when nothing is missing. */
export function findMissingTools() {
  // As make runs it: CC may hold more than one word.
  const isThere = (tool) => spawnSync('sh', ['-c', `${tool} --version`], { stdio: 'ignore' }).status === 0;
  const missing = [process.env.CC || 'cc', 'make'].filter((tool) => !isThere(tool));
  if (missing.length === 0) return [];
  return [
    `building needs a C compiler and make, and ${missing.join(' and ')} cannot be run`,
    'on Debian or Ubuntu: apt-get install gcc libc6-dev make; on Fedora: dnf install gcc make',
  ];
}
