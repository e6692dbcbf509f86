/** docs/ejabberd.md, followed with a real ejabberd that has its files and its port in the clone. */

import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { PACKAGE_ROOT } from '../../../src/paths.js';
import { EVALUATE, LIBRARIES, MISSING } from '../ejabberd/ejabberd.js';
import { CHAT, FREE_PORT } from './prosody.js';
import { exempt, file, type Step, sh } from './steps.js';

const INSTALLED = '/usr/lib/node_modules/mesibo-modules';

/** What the package of ejabberd has brought, but with files and a port of the clone's own; it ends where modules begin. */
const baseConfig = `
hosts: [localhost]
auth_method: internal
listen:
  - { port: C2S_PORT, ip: "127.0.0.1", module: ejabberd_c2s, starttls: false }
`;

/** The end of ejabberd's configuration; the core has the port that was free. */
const configures: Step = ({ language, text }, clone) => {
  expect(language).toBe('yaml');
  const { core } = JSON.parse(clone.sh('mesibo-modules status --json').stdout);
  expect(text).toContain('127.0.0.1:7780');
  const here = text.replace('127.0.0.1:7780', core.http).replace('/etc/ejabberd/', join(clone.root, 'ejabberd/'));
  clone.write('ejabberd/ejabberd.yml.in', `${baseConfig}${here}`);
  // The real one asks a node by its name, of which the machine has one list for all.
  clone.command(
    'ejabberdctl',
    `at=$(($(wc -l < ejabberd/log) + 1))
words=$(printf ', "%s"' "$@")
echo "ejabberd_ctl:process([\${words#, }])." > ejabberd/in
[ "$(tail -n +$at -f ejabberd/log | grep -m1 '^=>')" = '=> 0' ]`,
  );
};

/** Starts ejabberd on a port that nobody has; another one may be faster, so it is tried again. */
const START = `
mkfifo ejabberd/in
. default/ejabberd
export HOME=$PWD/ejabberd ERL_LIBS=${LIBRARIES} ERL_CRASH_DUMP_BYTES=0
export EJABBERD_CONFIG_PATH=$PWD/ejabberd/ejabberd.yml EJABBERD_LOG_PATH=$PWD/ejabberd/file.log
for try in 1 2 3 4 5; do
  ${FREE_PORT} > port
  sed "s/C2S_PORT/$(cat port)/" ejabberd/ejabberd.yml.in > ejabberd/ejabberd.yml
  erl -noshell $ERL_OPTIONS -mnesia dir "\\"$PWD/ejabberd/data\\"" -s ejabberd -eval '${EVALUATE}' <> ejabberd/in > ejabberd/log 2>&1 &
  echo $! > ejabberd/started
  said=$(tail --pid=$! -n +1 -f ejabberd/log | grep -m1 -E "Start accepting TCP connections|Failed to open socket")
  case $said in *Failed*) kill $(cat ejabberd/started) ;; *) break ;; esac
done
tail --pid=$(cat ejabberd/started) -n +1 -f ejabberd/log | grep -m1 'serves'`;

const restarts: Step = (block, clone) => {
  onTestFinished(() => {
    const { stdout } = clone.sh('cat ejabberd/started');
    process.kill(Number(stdout), 'SIGKILL');
  });
  sh({
    except: [['systemctl', 'it asks the systemd of a machine']],
    before: START,
    prints: [/The core at 127.0.0.1:\d+ serves\./],
  })(block, clone);
};

const steps: Step[] = [
  exempt('apt-get install', 'a test installs no packages'),
  file('mesibo.conf', {
    change: [
      [`${INSTALLED}/`, ''],
      ['127.0.0.1:7780', '127.0.0.1:0'],
      ['/etc/mesibo/', ''],
    ],
  }),
  sh({
    before: 'mkdir -p ejabberd',
    change: [
      ['install -d -o mesibo-modules', 'install -d'],
      ['install -o mesibo-modules', 'install'],
      ['install -o ejabberd', 'install'],
      ['runuser -u mesibo-modules -- ', ''],
      ['/etc/mesibo/', ''],
      ['/etc/ejabberd/', 'ejabberd/'],
      ['/run/mesibo-modules', 'run'],
      ['/var/lib/mesibo-modules', 'state'],
    ],
    except: [['useradd', 'a test makes no users']],
    prints: [/filter +serving/],
  }),
  sh({
    before: 'mkdir default && echo \'ERL_OPTIONS=""\' > default/ejabberd',
    change: [
      [INSTALLED, PACKAGE_ROOT],
      ['/usr/local/lib/ejabberd', 'ejabberd/beams'],
      ['/etc/default/', 'default/'],
    ],
    after: 'ls ejabberd/beams',
    prints: ['mod_mesibo_modules.beam'],
    says: /^$/,
  }),
  configures,
  restarts,
  (block, clone) => {
    clone.write('chat.mjs', CHAT);
    sh({
      before: 'export MESIBO_STATE_DIR=state\nnode chat.mjs $(cat port)',
      prints: ['bob got hello, goodbye', 'blocked a message from alice@localhost'],
    })(block, clone);
  },
];

/** Without ejabberd nothing of it can be run. */
export const EJABBERD: Step | Step[] = MISSING ? exempt('', MISSING) : steps;
