// Runs a bundled program once, as the launcher does. At its end, writes the code that V8 has compiled:
// record-cache.cjs PROGRAM OUT ADDONS ARGUMENTS...
'use strict';
const { readFileSync, writeFileSync } = require('node:fs');
const { dirname, join } = require('node:path');
const { Script } = require('node:vm');

const [program, out, addons] = process.argv.splice(2, 3);
const folder = dirname(program);
const paths = Object.entries(JSON.parse(addons)).map(([name, { file }]) => [name, join(folder, file)]);
const script = new Script(readFileSync(program, 'latin1'), { filename: program });
process.on('exit', () => writeFileSync(out, script.createCachedData()));
script.runInThisContext()(require, module, program, folder, Object.fromEntries(paths), (url) => import(url));
