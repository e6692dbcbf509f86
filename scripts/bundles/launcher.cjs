#!/usr/bin/env node
// Runs a bundled program: NAME.cjs runs NAME.program.cjs. With NAME.cache beside it V8 need not compile what it has
// compiled before. Nothing else depends on that cache: where there is none, or it does not fit, the program runs the same.
'use strict';
const { readFileSync, statSync } = require('node:fs');
const { join } = require('node:path');
const { Script } = require('node:vm');

const base = __filename.slice(0, -'.cjs'.length);
const filename = `${base}.program.cjs`;
// A bundle is plain ASCII.
const source = readFileSync(filename, 'latin1');
const cache = readCache(`${base}.cache`);
const script = new Script(source, { filename, cachedData: cache?.code });
const isUsed = cache !== null && script.cachedDataRejected === false;
const load = (url) => import(url);
script.runInThisContext()(require, module, __filename, __dirname, isUsed ? findAddons(cache.addons) : {}, load);

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

/** This executable. Of V8's version, V8 itself looks at less than tells two releases of Node.js apart. */
function describeNode() {
  const { size, mtimeMs } = statSync(process.execPath);
  return `${process.version} ${process.arch} ${size} ${mtimeMs}`;
}

/** Where native addons were found when the cache was made: those that are still the same files. */
function findAddons(addons) {
  const found = {};
  for (const [name, { file, size, mtimeMs }] of Object.entries(addons)) {
    const path = join(__dirname, file);
    const stats = statSync(path, { throwIfNoEntry: false });
    if (stats?.size === size && stats.mtimeMs === mtimeMs) found[name] = path;
  }
  return found;
}
