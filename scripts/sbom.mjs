// Writes dist/sbom.cdx.json: the packages that run with a core, as CycloneDX has them. The same installation gives the same file.
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** What differs from run to run, or between machines. */
const OF_THE_RUN = ['serialNumber'];
const OF_THE_RUN_METADATA = ['timestamp', 'tools'];

/** @param file - where it goes */
export function writeSbom(file) {
  const args = ['sbom', '--sbom-format', 'cyclonedx', '--omit', 'dev', '--sbom-type', 'application'];
  const { status, stdout, stderr, error } = spawnSync('npm', args, { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
  if (status !== 0) throw new Error(`npm sbom failed: ${error?.message ?? stderr.trim()}`);
  const sbom = JSON.parse(stdout);
  for (const key of OF_THE_RUN) delete sbom[key];
  for (const key of OF_THE_RUN_METADATA) delete sbom.metadata[key];
  // npm takes the name of the folder.
  sbom.metadata.component.name = JSON.parse(readFileSync('package.json', 'utf8')).name;
  writeFileSync(file, `${JSON.stringify(sbom, null, 2)}\n`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeSbom('dist/sbom.cdx.json');
