#!/usr/bin/env node
// Runs a bundled program: NAME.cjs runs NAME.program.cjs, or a smaller program that does the same. With NAME.cache beside it, V8
// need not compile the program again. Nothing else depends on that cache: without one, or with one that does not fit, the
// program runs in the same way.
'use strict';
const { existsSync, readFileSync, statSync } = require('node:fs');
const { basename, join } = require('node:path');
const { Script } = require('node:vm');

/** The build writes here which verbs have a smaller program of their own: `{ name, verbs }`. */
const SMALLER = null;

const base = join(__dirname, chooseProgram());
const filename = `${base}.program.cjs`;
// A bundle is plain ASCII.
const source = readFileSync(filename, 'latin1');
const cache = readCache(`${base}.cache`);
const script = new Script(source, { filename, cachedData: cache?.code });
const isUsed = cache !== null && script.cachedDataRejected === false;
const load = (url) => import(url);
script.runInThisContext()(require, module, __filename, __dirname, isUsed ? findAddons(cache.addons) : {}, load);

/** The verb is the first word that is not an option. If this is not clear, the program with all verbs runs. */
function chooseProgram() {
  let at = 2;
  while (/^--(run|state)-dir(=|$)/.test(process.argv[at])) at += process.argv[at].includes('=') ? 1 : 2;
  const isThere =
    SMALLER?.verbs.includes(process.argv[at]) && existsSync(join(__dirname, `${SMALLER.name}.program.cjs`));
  return isThere ? SMALLER.name : basename(__filename, '.cjs');
}

/**
 * V8 checks its own version and flags, and the lengths of the source and of the cache. It trusts the rest, and crashes if that
 * is wrong. So the cache says which build of the program it belongs to, and which Node.js has made it. It also holds its bytes
 * twice: comparing them takes less time than loading the code for a checksum.
 */
function readCache(path) {
  try {
    const bytes = readFileSync(path);
    const end = bytes.indexOf('\n');
    const { build, node, length, addons } = JSON.parse(bytes.latin1Slice(0, end));
    if (node !== describeNode()) return null;
    const code = bytes.subarray(end + 1, end + 1 + length);
    const isWhole = code.length === length && code.equals(bytes.subarray(end + 1 + length));
    return isWhole && source.startsWith(`/* build ${build} */`) ? { code, addons } : null;
  } catch {
    return null;
  }
}

/** Identifies this executable: V8 also accepts caches of some other releases of Node.js. */
function describeNode() {
  const { size, mtimeMs } = statSync(process.execPath);
  return `${process.version} ${process.arch} ${size} ${mtimeMs}`;
}

/** Where native addons were found when the cache was made, if they are still the same files. Most starts need none. */
function findAddons(addons) {
  const find = (name) => {
    const { file, size, mtimeMs } = addons[name];
    const path = join(__dirname, file);
    const stats = statSync(path, { throwIfNoEntry: false });
    return stats?.size === size && stats.mtimeMs === mtimeMs ? path : undefined;
  };
  return new Proxy(addons, { get: (_, name) => (Object.hasOwn(addons, name) ? find(name) : undefined) });
}
