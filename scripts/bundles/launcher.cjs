#!/usr/bin/env node
// Runs a bundled program: NAME.cjs runs NAME.program.cjs, or a smaller one that does the same. With NAME.cache beside it V8
// need not compile what it has compiled before. Nothing else depends on that cache: where there is none, or it does not fit,
// the program runs the same.
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

/** The verb is the first word that is no option. What is not understood here is left to the program with all verbs. */
function chooseProgram() {
  let at = 2;
  while (/^--(run|state)-dir(=|$)/.test(process.argv[at])) at += process.argv[at].includes('=') ? 1 : 2;
  const isThere =
    SMALLER?.verbs.includes(process.argv[at]) && existsSync(join(__dirname, `${SMALLER.name}.program.cjs`));
  return isThere ? SMALLER.name : basename(__filename, '.cjs');
}

/**
 * V8 looks at its own version and flags, at the length of the source and at that of the cache, and trusts the rest with its
 * life. So the cache says which build of the program it is of and which Node.js has made it, and holds its bytes twice: to
 * compare them takes less time than to load what could check a sum.
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

/** This executable. V8 takes the caches of some other releases of Node.js for its own. */
function describeNode() {
  const { size, mtimeMs } = statSync(process.execPath);
  return `${process.version} ${process.arch} ${size} ${mtimeMs}`;
}

/** Where native addons were found when the cache was made: those that are still the same files. Most starts need none. */
function findAddons(addons) {
  const find = (name) => {
    const { file, size, mtimeMs } = addons[name];
    const path = join(__dirname, file);
    const stats = statSync(path, { throwIfNoEntry: false });
    return stats?.size === size && stats.mtimeMs === mtimeMs ? path : undefined;
  };
  return new Proxy(addons, { get: (_, name) => (Object.hasOwn(addons, name) ? find(name) : undefined) });
}
