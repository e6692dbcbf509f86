/** Folders that are removed with the test that asked for them. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** Makes a folder of this test's own, and removes it with all its content when the test has ended. */
export function makeTempDir(): string {
  const directory = mkdtempSync(join(tmpdir(), 'mm-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}
