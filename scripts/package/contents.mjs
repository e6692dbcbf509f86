// Compares the files that the tarball should have, as the repository says, with those that it has.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { posix } from 'node:path';

/** Tracked files that go into the package as they are; a folder ends with a slash. */
const AS_THEY_ARE = [
  'LICENSE',
  'README.md',
  'CHANGELOG.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  'package.json',
  'docs/',
  'etc/',
  'proto/',
  // The bridges, by which servers connect.
  'bridges/',
  // The headers and samples that an author builds with and from.
  'modules/',
  'scripts/demo.mjs',
  // The scripts that make the caches of the bundles, which depend on the machine.
  'scripts/caches.mjs',
  'scripts/record-cache.cjs',
  // The sources of the native parts, for machines where the prebuilt ones do not fit.
  'scripts/install.mjs',
  'scripts/tools.mjs',
  'src/host-runner/native/',
  'src/in-process/native/',
];

const PREBUILT = [
  'dist/native/libmesibo-shim.so',
  'dist/native/mesibo-reference',
  'dist/man/mesibo-modules.1',
  // Made by `prepack`.
  'dist/sbom.cdx.json',
];
const BUNDLES = ['mesibo-modules', 'host-runner', 'http-worker']
  .flatMap((name) => [`dist/bundles/${name}.cjs`, `dist/bundles/${name}.program.cjs`])
  .concat('dist/bundles/mesibo-client.program.cjs', 'dist/bundles/LICENSES');
const CODECS = ['module', 'control', 'gateway'].map((name) => `src/wire/generated/${name}`);

/** The files that belong into the tarball. */
export function expectedFiles() {
  const tracked = execFileSync('git', ['ls-files', '-z'], { encoding: 'utf8' }).split('\0').filter(Boolean);
  const plain = tracked.filter((file) => AS_THEY_ARE.some((entry) => file === entry || isBelow(file, entry)));
  const compiled = tracked
    .filter((file) => /^(src|cli)\/.*\.ts$/.test(file))
    .map((file) => file.replace(/\.ts$/, ''))
    .concat(CODECS)
    .flatMap((file) => [`dist/${file}.js`, `dist/${file}.d.ts`]);
  const samples = tracked.flatMap((file) => {
    const name = /^modules\/(\w+)\/\1\.(?:c|cpp)$/.exec(file)?.[1];
    return name ? [`modules/build/module_${name}.so`] : [];
  });
  return [...plain, ...compiled, ...samples, ...BUNDLES, ...PREBUILT].sort();
}

/** What is wrong with a list of files, a line each. */
export function compareFiles(actual, expected) {
  const missing = expected.filter((file) => !actual.includes(file)).map((file) => `${file} is not in the package`);
  const extra = actual
    .filter((file) => !expected.includes(file))
    .map(
      (file) =>
        `${file} is in the package, and should not be; if it is left over from a build, remove dist; if it is new, add it to git`,
    );
  return [...missing, ...extra];
}

/** Links of pages in the package to files that are not in it, a line each. */
export function findDeadLinks(files) {
  const isThere = (path) => files.some((file) => file === path || isBelow(file, `${path.replace(/\/$/, '')}/`));
  return files
    .filter((file) => file.endsWith('.md'))
    .flatMap((page) =>
      [...readFileSync(page, 'utf8').matchAll(/\]\(([^)#\s]+)/g)]
        .filter(([, link]) => !/^\w+:/.test(link))
        .map(([, link]) => ({ page, link, path: posix.join(posix.dirname(page), link) })),
    )
    .filter(({ path }) => !isThere(path))
    .map(({ page, link }) => `${page} links to ${link}, which is not in the package`);
}

function isBelow(file, folder) {
  return folder.endsWith('/') && file.startsWith(folder);
}
