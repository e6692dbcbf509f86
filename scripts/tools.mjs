// What the native parts are built with, and what to say where that is missing.
import { spawnSync } from 'node:child_process';

/** What is missing and how it is installed, a line each; none when all is there. */
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
