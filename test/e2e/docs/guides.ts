/** The pages that are followed from top to bottom, each with a step for each of its blocks. */

import { join } from 'node:path';
import { expect } from 'vitest';
import { PACKAGE_ROOT } from '../../../src/paths.js';
import { C_CLIENT, CLIENTS } from './clients.js';
import { confined } from './confined.js';
import { DEBUGGING, SERVES_AGAIN, waitForLog } from './debugging.js';
import { byHand, GATEWAY } from './gateway.js';
import { HTTP } from './http.js';
import { MESIBO } from './mesibo.js';
import { METRICS } from './metrics.js';
import { SERVERS } from './servers.js';
import { exempt, file, picture, printed, type Step, sh } from './steps.js';
import { WEBHOOK } from './webhook.js';

const BUILT: [string, string] = ['npm install', 'it takes packages from a registry; the clone is built'];
const CONFIG = 'mesibo.conf';
const START = `npx mesibo-modules start --config ${CONFIG} --daemon`;

const SHOW_LAST = 'npx mesibo-modules crashes show last';

const readme: Step[] = [
  sh({
    change: [['npm install && ', '']],
    except: [['npm install && npm test', 'it is what runs this']],
    prints: ['!! module crashy: host 1', 'All stopped, nothing left behind.'],
  }),
  picture,
  sh({ prints: ['it contains "heck"', '= consumed'] }),
  file(CONFIG),
  sh({ prints: ['module filter: ok'] }),
  sh({ prints: ['consumed by filter', /filter +serving/, 'blocked a message from alice'] }),
  byHand({ prints: ['"verdict":"consumed","by":"filter"'] }),
  sh({
    change: [[SHOW_LAST, `${waitForLog('crashed in crashy_on_message at crashy.c:[0-9]*')}\n${SHOW_LAST}`]],
    prints: [
      'by default: crash',
      'crashed in crashy_on_message at crashy.c:',
      'What to try',
      'died again at the same place',
      'WITHHELD',
    ],
  }),
  exempt('mkdir mesibo', 'it takes packages from a registry; npm run package:check does it with the tarball'),
];

const promises: Step[] = [
  exempt('npm run soak', 'each line takes from minutes to hours; test/unit/soak has the parts and the options'),
];

const contributing: Step[] = [
  sh({
    before: 'mkdir src && echo "export  const  ugly  =  1" > src/ugly.ts',
    except: [BUILT, ['npm test', 'it is what runs this']],
    after: 'cat src/ugly.ts',
    prints: ['export const ugly = 1;\n'],
  }),
];

const gettingStarted: Step[] = [
  exempt(...BUILT),
  sh({ says: /^$/ }),
  printed,
  sh({ prints: ['module hello is ready', '= pass'] }),
  file(CONFIG),
  sh({
    prints: [
      'module filter: ok',
      'module hello: ok',
      'consumed by filter',
      /filter +serving/,
      'blocked a message from',
    ],
  }),
  sh({
    before: `sed -i s/darn,heck/drat/ ${CONFIG}`,
    after: 'npx mesibo-modules send --from alice --to bob "oh drat"',
    prints: ['consumed by filter'],
  }),
  sh({ after: 'npx mesibo-modules status || test $? = 3' }),
  sh({ change: [['/tmp/mesibo-test', '"$PWD/own"']], after: 'ls own/state', prints: [/^pass/m, 'logs'] }),
];

const BUILD_NOSPAM = 'cc -g -fPIC -shared -I modules/include -o module_nospam.so nospam.c';

const IN_PROCESS = 'npx mesibo-modules run --in-process --under';
/** A debugger that is not there, or may trace no more than its children, cannot be attached. */
const MAY_ATTACH = `gdb --version
sleep 60 > /dev/null &
'${join(PACKAGE_ROOT, 'test/faults/build/trace')}' $! < /dev/null || { kill $!; exit 1; }
kill $!`;

const writingModules: Step[] = [
  file('nospam.c'),
  sh({
    prints: ['alice wrote 12 bytes', '= pass', 'alice wrote 10 bytes', '= consumed'],
    says: /^$/,
  }),
  file('greet.cpp'),
  sh({ prints: ['logs: 7 bytes of C++', '= consumed'], says: /^$/ }),
  file(CONFIG),
  sh({ prints: ['module nospam: ok', 'module greet: ok', /^pass/m, 'alice wrote 12 bytes', '12 bytes of C++'] }),
  file('test.mjs', {
    change: [
      ['/path/to', '.'],
      ['/tmp/nospam-test', 'run-of-test'],
    ],
    // It can fail, too.
    after: `node test.mjs
sed 's/spam, spam/a letter/' test.mjs > failing.mjs
node failing.mjs 2>&1 || test $? = 1`,
    prints: ["AssertionError [ERR_ASSERTION]: 'pass' == 'consumed'"],
  }),
  sh({
    where: [
      { line: `${IN_PROCESS} "gdb`, can: 'gdb --version', prints: 'exited normally' },
      { line: `${IN_PROCESS} "valgrind`, can: 'valgrind --version', prints: '= pass' },
    ],
  }),
  sh({ prints: ['alice wrote 12 bytes', '= pass'], says: /^$/ }),
  sh({
    before: `${BUILD_NOSPAM} && ${START}`,
    change: [['-p PID', `-p $(npx mesibo-modules status | awk '$1 == "nospam" { print $4 }')`]],
    input: 'break on_message\n',
    prints: [/NAME.*PID/],
    where: [{ line: 'gdb -p', can: MAY_ATTACH, prints: 'Breakpoint 1 at' }],
  }),
];

const embedding: Step[] = [
  file('server.mjs', {
    change: [
      ['/run/my-server', 'run'],
      ['/var/lib/my-server', 'state'],
    ],
    after: `cat > ${CONFIG} <<'END'
module filter { path = modules/build/module_filter.so ; blocked_words = heck }
module = missing
END
node server.mjs
sed 's/heck/darn/' ${CONFIG} > other.conf
sed 's/${CONFIG}/other.conf/' server.mjs > other.mjs
node other.mjs 2> /dev/null`,
    prints: ['consumed by filter\n', /to bob: what the heck\n$/],
    says: /^module missing: no file found; looked for .*\n$/,
  }),
  file('ended.mjs', {
    // The same program, which does not stop its core, and waits for the command that does.
    after: `sed '/core.stop/d' server.mjs > waiting.mjs
cat ended.mjs >> waiting.mjs
echo 'console.log("still here");' >> waiting.mjs
mkfifo said
node waiting.mjs > said 2> /dev/null &
{ read -r line; echo "$line"; mesibo-modules --run-dir run status || test $? = 1; mesibo-modules --run-dir run stop 2>&1; cat; } < said
wait`,
    prints: [
      'consumed by filter',
      'in a program',
      'has stopped; its program goes on',
      'the core has ended: asked to over the control socket',
      'still here',
    ],
  }),
  file('bare.mjs', {
    change: [
      ['/run/my-server', 'bare'],
      ['/etc/mesibo/module_filter.so', 'modules/build/module_filter.so'],
    ],
    after: 'node bare.mjs',
    prints: ['filter: blocked a message from alice', 'consumed'],
    says: /^$/,
  }),
];

const performance: Step[] = [
  exempt(
    'npm run bench',
    'its lines take from a minute to fifteen, and want the machine for themselves; test/unit/bench has the parts',
  ),
  exempt('apt-get install', 'a test installs no packages'),
  exempt('ours, 64 in flight: core', 'it is what a profile prints, which differs each time'),
];

const operating: Step[] = [
  sh({
    before: `cat > ${CONFIG} <<'END'
module crashy { path = modules/build/module_crashy.so }
END
mesibo-modules start --config ${CONFIG} --daemon
mesibo-modules send --from alice --to bob crash
${SERVES_AGAIN}`,
    after: 'mesibo-modules stop',
    prints: [
      /^crashy +(?:serving|starting|backoff) /m,
      /warn|error +module crashy: host 1 .* SIGSEGV/,
      'about to write to address 0',
    ],
  }),
  exempt('systemctl', 'it asks the systemd of a machine; test/unit/etc/systemd.test.ts verifies the unit'),
  exempt('[Service]', 'it is for the systemd of a machine'),
  confined,
  file(CONFIG),
  sh({
    before: `cp ${CONFIG} next.conf
echo "module filter { path = ./modules/build/module_filter.so }" > ${CONFIG}
mesibo-modules start --config ${CONFIG} --daemon
cp next.conf ${CONFIG}`,
    after: 'mesibo-modules stop',
    prints: [
      'consumed by filter',
      /\bpass/,
      /\bpass/,
      /left out +2 messages, by match/,
      /match\.from += !\*@staff\.example /,
    ],
  }),
  sh({
    before: `cat > ${CONFIG} <<'END'
module filter { path = modules/build/module_filter.so }
module autoreply { path = modules/build/module_autoreply.so }
module translate { path = modules/build/module_translate.so }
END
mesibo-modules start --config ${CONFIG} --daemon > /dev/null 2>&1
cat > ${CONFIG} <<'END'
module filter {
  path = modules/build/module_filter.so
  blocked_words = darn
}
module autoreply {
  path = modules/build/module_autoreply.so
  deadline = 2s
}
module translate { path = modules/build/module_translate.so }
END
# What it says is no output for other programs.
exec 2>&1`,
    after: 'mesibo-modules stop > /dev/null 2>&1',
  }),
  printed,
  sh({
    before: `mkdir installed new
cp modules/build/module_filter.so installed
cp modules/build/module_filter.so new
cat > ${CONFIG} <<'END'
module filter { path = installed/module_filter.so }
END
mesibo-modules start --config ${CONFIG} --daemon`,
    change: [['/etc/mesibo/', 'installed/']],
    after: 'mesibo-modules stop',
    prints: [/build +sha256 [0-9a-f]{12}, loaded from its file/, 'generation 2'],
  }),
  file('mesibo.conf', {
    change: [['module filter {', 'module filter {\n    path = modules/build/module_filter.so']],
    after: 'npx mesibo-modules check --config mesibo.conf 2>&1',
    prints: ['module filter: ok'],
  }),
  sh({
    before: `cat > ${CONFIG} <<'END'
module crashy { path = modules/build/module_crashy.so }
END
mesibo-modules start --config ${CONFIG} --daemon
mesibo-modules send --from alice --to bob crash
${waitForLog('crashed in crashy_on_message')}
ID=$(mesibo-modules quarantine --json | grep -o -m1 'crashy-[0-9a-f]\\{12\\}' | head -n 1)`,
    change: [
      ['show ID', 'show "$ID"'],
      ['replay ID', 'replay "$ID"'],
      ['release ID', 'release "$ID"'],
    ],
    after: 'mesibo-modules stop',
    prints: ['WITHHELD', 'died again at the same place'],
  }),
  file('tell-operator.sh', {
    // Nobody has the page's service. What each event tells goes through a pipe of its own, so that reading it waits for it.
    after: `chmod +x tell-operator.sh
for event in crash reload-failed; do mkfifo told-$event; done
printf '#!/bin/sh\\nfor to; do :; done\\n{ echo "to $to"; cat; } > "%s/told-$MESIBO_EVENT"\\n' "$PWD" > bin/curl
chmod +x bin/curl
cat > ${CONFIG} <<'END'
on_event = tell-operator.sh
module crashy { path = modules/build/module_crashy.so }
END
mesibo-modules start --config ${CONFIG} --daemon
mesibo-modules send --from alice --to bob crash
cat told-crash
MESIBO_EVENT=reload-failed MESIBO_REASON='it is broken' MESIBO_SKIPPED=2 MESIBO_RUN_DIR=run ./tell-operator.sh &
cat told-reload-failed`,
    prints: [
      /to https:\/\/alerts.example.org\/mesibo-modules\nmodule crashy: crash\n.*SIGSEGV.*\ncore .*\n\nNAME[\s\S]*?crashy/,
      'module of none: reload-failed\nit is broken\n2 more like this were not told.\ncore ',
    ],
  }),
];

const replicas: Step[] = [
  file(CONFIG, {
    before: 'set -e',
    after: `mesibo-modules start --config ${CONFIG} --daemon
mesibo-modules status
mesibo-modules describe filter
mesibo-modules stop`,
    prints: [/filter +serving 4\/4/, /replica 3 +serving, 0 calls in its process, 0 waiting; 0 restarts/],
  }),
];

const shadow: Step[] = [
  file(CONFIG, {
    change: [
      ['/usr/lib64/mesibo/filter.so', 'modules/build/module_filter.so'],
      ['/usr/lib64/mesibo/filter-new.so', 'modules/build/module_filter.so'],
    ],
    after: `mesibo-modules start --config ${CONFIG} --daemon
mesibo-modules send --from alice --to bob 'a beta version'
until mesibo-modules shadow filter2 | grep -q 'from alice to bob'; do sleep 0.1; done
mesibo-modules shadow filter2
mesibo-modules promote filter2
mesibo-modules stop`,
    prints: [/compared +1 message/, '"a beta version"', 'filter: pass', 'filter2: consumed'],
  }),
  ({ text }) =>
    expect(text, 'the figures are those of another core').toContain('shadow        filter2, of module filter'),
  exempt('rate(mesibo_modules_shadow_messages_total', 'it is for the Prometheus of a site'),
];

export const GUIDES: Record<string, Step[]> = {
  'bridges/c/README.md': C_CLIENT,
  'docs/clients.md': CLIENTS,
  'README.md': readme,
  'docs/promises.md': promises,
  'CONTRIBUTING.md': contributing,
  'docs/getting-started.md': gettingStarted,
  'docs/writing-modules.md': writingModules,
  'docs/debugging-modules.md': DEBUGGING,
  'docs/embedding.md': embedding,
  'docs/gateway.md': GATEWAY,
  'docs/http.md': HTTP,
  'docs/servers.md': SERVERS,
  'docs/webhook.md': WEBHOOK,
  'docs/metrics.md': METRICS,
  'docs/mesibo.md': MESIBO,
  'docs/operating.md': operating,
  'docs/replicas.md': replicas,
  'docs/shadow.md': shadow,
  'docs/performance.md': performance,
};
